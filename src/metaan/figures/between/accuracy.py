"""Card of the marker as a test: sensitivity, specificity, and the risk of the outcome after the test."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metaan.figures import style, text
from metaan.figures.between.card import LABELS, RESULTS, WIDTH, Card, CardRow
from metaan.figures.layout import Layout
from metaan.figures.repeated import Strokes
from metaan.robustness.between.accuracy import POOLED
from metaan.robustness.between.cutoff_tables import CutOffAccuracy, CutOffTable, Predicted
from metaan.robustness.between.cutoffs import AtCutOff
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Interval

TITLE = "The marker as a test of the outcome to come"
HOW = (
    "Dots are shares of people with their intervals; the dotted line is the risk before the test, which a useful test "
    "moves up when it is high and down when it is low."
)

SHOWN = 3  #: studies with a row of their own beside the pooled one; more are counted
CUTOFFS = 3  #: cut-offs of the model, and risks, that are drawn
GATES = 2  #: case-control studies that are drawn
X0, X1 = LABELS + 8.0, WIDTH - RESULTS - 18.0
ROW, DETAIL, PITCH = 20.0, 11.0, 13.0
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class _Share(NamedTuple):
    """A share of people on the card."""

    label: str
    value: float
    ci: Interval
    detail: str = ""
    pooled: bool = False


def lay_out(found: CutOffAccuracy, analysis: Analysis) -> Layout:
    """Return the card: accuracy of prospective studies, risk after the test, case-control studies apart."""
    card = Card("accuracy", analysis, TITLE)
    card.words("outcome", f"Outcome: {found.outcome}", style.SMALL, colour=style.GREY)
    _panel(card, "Sensitivity, high tests among those with the outcome", _side(found, "sensitivity"))
    _panel(card, "Specificity, low tests among those without it", _side(found, "specificity"))
    if found.without:
        lacking = wording.count(len(found.without), "prospective study gives", "prospective studies give")
        card.words("lacking", f"{lacking} no counts at a cut-off: {_names(found.without)}.", colour=style.GREY)
    if found.model:
        seen = _spread(found.at)
        rows = [_Share(f"Cut-off {wording.number(at.cutoff)}", at.sensitivity, at.sensitivity_ci) for at in seen]
        _panel(card, "Sensitivity by the model over all cut-offs", rows)
        rows = [_Share(f"Cut-off {wording.number(at.cutoff)}", at.specificity, at.specificity_ci) for at in seen]
        _panel(card, "Specificity by the same model", rows)
    for each in found.predicted[:CUTOFFS]:
        _predicted(card, found, each, several=len({p.label for p in found.predicted}) > 1)
    if len(found.predicted) > CUTOFFS:
        more = wording.count(len(found.predicted) - CUTOFFS, "more study or risk", "more studies or risks")
        card.words("more", f"{more} not drawn.", style.TINY)
    if found.two_gate:
        _two_gate(card, found)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: CutOffAccuracy, analysis: Analysis) -> str:
    """Return what a high and a low test say, in one sentence."""
    first = found.predicted[0]
    high, low = _of_100(first.after_high, first.after_high_ci), _of_100(first.after_low, first.after_low_ci)
    who = (
        f"in {first.label}"
        if first.label != POOLED
        else f"over {wording.count(len(found.studies), 'study', 'studies')}"
    )
    at = f" at the cut-off {first.cutoff}" if first.cutoff else ""
    before = f"{wording.out_of(first.before, 100)} of 100 {found.people} with the outcome ({first.source})"
    said = (
        f"{who}{at}, starting from {before}, {high} of 100 {found.people} with a high test have it, and {low} of 100 "
        f"with a low one"
    )
    if found.penalty:
        said += f"; case-control studies stand apart, as such designs overstated other tests ({found.penalty.label})"
    return wording.sentence(said)


def _side(found: CutOffAccuracy, name: str) -> list[_Share]:
    """Return sensitivity or specificity of every study, or of the largest ones and the pooled one."""
    ranked = sorted(found.studies, key=lambda each: -(each.tp + each.fn + each.fp + each.tn))
    kept = found.studies if not found.pooled else () if found.model else tuple(ranked[:SHOWN])
    rows = [_share(each, name) for each in kept]
    if found.pooled:
        detail = wording.count(found.pooled.k, "study", "studies")
        if len({each.cutoff for each in found.studies}) > 1:
            detail += " at their own cut-offs"
        if 0 < len(kept) < len(found.studies):
            detail += f"; the {SHOWN} largest shown"
        value, ci = getattr(found.pooled, name), getattr(found.pooled, f"{name}_ci")
        rows.append(_Share("Pooled", value, ci, detail, pooled=True))
    return rows


def _share(study: CutOffTable, name: str) -> _Share:
    right, wrong = (study.tp, study.fn) if name == "sensitivity" else (study.tn, study.fp)
    detail = f"{right} of {right + wrong}" + (f", cut-off {study.cutoff}" if study.cutoff else "")
    return _Share(study.label, getattr(study, name), getattr(study, f"{name}_ci"), detail)


def _predicted(card: Card, found: CutOffAccuracy, each: Predicted, *, several: bool) -> None:
    rows = [
        _Share("After a high test", each.after_high, each.after_high_ci, pooled=True),
        _Share("After a low test", each.after_low, each.after_low_ci, pooled=True),
    ]
    whose = f", {each.label}" if several else ""
    _panel(card, f"Of 100 {found.people}, how many have the outcome{whose}", rows, before=each)


def _panel(card: Card, heading: str, rows: Sequence[_Share], before: Predicted | None = None) -> None:
    """Draw shares on an axis from 0 to 100."""
    card.y += 7
    card.words("heading", heading, style.SMALL, bold=True)
    card.y += 2
    top, behind = card.y, len(card.canvas.items)
    for row in rows:
        _row(card, row, as_people=before is not None)
    end = len(card.canvas.items)
    _lines(card, "grid", top, card.y, style.GRID, 0.8)
    if before:
        x = _at(before.before)
        card.canvas.line("before", (x, top), (x, card.y), style.INK, 0.9, dotted=True)
    card.canvas.items[behind:] = [*card.canvas.items[end:], *card.canvas.items[behind:end]]
    y = card.y + 2
    card.canvas.line("axis", (X0, y), (X1, y), style.AXIS)
    _lines(card, "tick", y, y + 4, style.AXIS, 1.0)
    for tick in TICKS:
        label = wording.out_of(tick, 100) if before else wording.percent(100 * tick)
        card.canvas.text("tick", _at(tick), y + 14, label, style.TINY, colour=style.GREY, anchor="middle")
    card.y = y + 18
    if before:
        card.words(
            "before", f"Dotted: {wording.out_of(before.before, 100)} before the test; {before.source}.", style.TINY
        )


def _row(card: Card, row: _Share, *, as_people: bool) -> None:
    labels = text.wrap(row.label, style.SMALL, LABELS - 6)
    details = text.wrap(row.detail, style.TINY, LABELS - 6) if row.detail else ()
    said = _of_100(row.value, row.ci) if as_people else _percent(row.value, row.ci)
    results = (said,) if text.width(said, style.SMALL) <= RESULTS else tuple(said.replace(" (", "\n(").split("\n"))
    high = ROW - PITCH + max(PITCH * len(labels) + DETAIL * len(details), PITCH * len(results))
    middle = card.y + high / 2
    first = middle - (PITCH * len(labels) + DETAIL * len(details)) / 2 + 9.6
    after = card.canvas.lines("label", 0, first, labels, style.SMALL, PITCH)
    card.canvas.lines("detail", 0, after - 1.5, details, style.TINY, DETAIL, colour=style.GREY)
    card.canvas.lines("result", WIDTH, middle - 6.5 * len(results) + 9.6, results, style.SMALL, PITCH, anchor="end")
    stratum = STRATA["prospective"]
    card.canvas.stratum = stratum.name
    low, up = _at(row.ci.low), _at(row.ci.high)
    card.canvas.line("interval", (low, middle), (up, middle), stratum.colour, 2.2 if row.pooled else 1.2)
    card.canvas.mark("point", _at(row.value), middle, 9.0 if row.pooled else 7.0, stratum.marker, stratum.colour)
    card.canvas.stratum = ""
    card.y += high


def _two_gate(card: Card, found: CutOffAccuracy) -> None:
    """Draw diagnostic odds ratios of case-control studies, as found and with the published excess taken off."""
    card.y += 7
    card.words("heading", "Case-control studies apart, odds ratio of the test", style.SMALL, bold=True)
    rows = []
    for study in found.two_gate[:GATES]:
        detail = f"high: {study.tp} of {study.tp + study.fn} with it, {study.fp} of {study.fp + study.tn} without"
        rows.append(_odds(study.label, detail, study.log_dor, study.log_dor_ci))
        if study.penalised is not None and study.penalised_ci is not None and found.penalty:
            label = f"divided by {wording.ratio(found.penalty.ratio, 1)}"
            rows.append(_odds(label, found.penalty.label, study.penalised, study.penalised_ci))
    card.effects("OR", rows, directions=("", ""))
    left = len(found.two_gate) - GATES
    if left > 0:
        card.words("more", f"{wording.count(left, 'more study', 'more studies')} not drawn.", style.TINY)


def _odds(label: str, detail: str, value: float, ci: Interval) -> CardRow:
    return CardRow(label=label, estimate=value, ci=ci, detail=detail, stratum="case_control", pooled=False)


def _lines(card: Card, role: str, top: float, bottom: float, colour: str, thickness: float) -> None:
    """Draw a line at every tick."""
    places = tuple(((_at(tick), top), (_at(tick), bottom)) for tick in TICKS)
    keys = tuple(map(str, TICKS))
    card.canvas.items.append(Strokes(role=role, colour=colour, thickness=thickness, lines=places, keys=keys))


def _at(share: float) -> float:
    return X0 + share * (X1 - X0)


def _percent(value: float, ci: Interval) -> str:
    return f"{wording.percent(100 * value)} ({wording.fixed(100 * ci.low, 0)} to {wording.fixed(100 * ci.high, 0)})"


def _of_100(value: float, ci: Interval) -> str:
    return f"{wording.out_of(value, 100)} ({wording.out_of(ci.low, 100)} to {wording.out_of(ci.high, 100)})"


def _names(labels: Iterable[str]) -> str:
    return wording.listed(tuple(labels))


def _spread(items: Sequence[AtCutOff]) -> list[AtCutOff]:
    """Return at most `CUTOFFS` cut-offs, the first and the last among them."""
    if len(items) <= CUTOFFS:
        return list(items)
    return [items[round(i * (len(items) - 1) / (CUTOFFS - 1))] for i in range(CUTOFFS)]
