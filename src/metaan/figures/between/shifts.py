"""Card of shifts: what a fact that cases and controls share unequally does on its own, and what is left without it."""

from metaan.figures import style
from metaan.figures.between import panels
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.given import plural
from metaan.robustness.between.shifts import Reason, ShiftedStratum, Shifts
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

TITLE = "What the choice of people alone would do"
HOW = (
    "On top the studies as they stand; the black line is what the choice of people would give on its own if there were "
    "no other difference, and below it is what the studies would show without that."
)
MOST = 12  #: rows


def lay_out(found: Shifts, analysis: Analysis) -> Layout:
    """Draw each fact alone, and what each stratum would show without it."""
    card = Card("shifts", analysis, TITLE)
    several = len({each.stratum for reason in found.reasons for each in reason.strata}) > 1
    rows = [(each.measure, reason, each) for reason in found.reasons for each in reason.strata]
    brief = 3 * len(rows) + len(analysis.strata) > MOST
    panels.draw(card, analysis, [(measure, _rows(reason, each, several, brief)) for measure, reason, each in rows])
    for note in dict.fromkeys(note for _, reason, each in rows for note in _notes(reason, each, analysis, several)):
        card.words("note", note, style.SMALL, colour=style.GREY)
    for label, why in found.not_done.items():
        card.words("note", wording.sentence(f"{label}: not done, {why}"), style.SMALL, colour=style.GREY)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Shifts, analysis: Analysis) -> str:
    """Say what each fact alone would give, and what is left without it."""
    told = [_in_words(reason, each, analysis) for reason in found.reasons for each in reason.strata]
    return wording.sentence("; ".join(told))


def _in_words(reason: Reason, each: ShiftedStratum, analysis: Analysis) -> str:
    measure = each.measure
    alone = wording.effect(measure, each.alone, each.alone_ci)
    start = f"{reason.label} alone would give {alone}"
    if analysis.no_bottom_line:
        return start
    give = "gives" if each.k == 1 else "give"
    who = plural(each.stratum) if each.k > 1 else f"the one {STRATA[each.stratum].label.lower()} study"
    left = wording.effect(measure, each.left.estimate, each.left.ci)
    said = f"{start} where {who} {give} {wording.printed(measure, each.estimate)}, and without it {left} would be left"
    if each.left_if_none is None:
        return said
    other = wording.effect(measure, each.left_if_none.estimate, each.left_if_none.ci)
    return f"{said}, or {other} if no control had it where that is not reported"


def _rows(reason: Reason, each: ShiftedStratum, several: bool, brief: bool) -> list[CardRow]:
    name = f"{reason.label}, alone"
    if several:
        name = f"{STRATA[each.stratum].label}: {name}"
    at_most = "at most " if each.left_if_none is not None and each.controls == 1 else ""
    rows = [
        CardRow(
            label=wording.sentence(name).rstrip("."),
            detail=f"{_percent(each.cases)} of cases, {at_most}{_percent(each.controls)} of controls",
            estimate=each.alone,
            ci=each.alone_ci,
            pooled=False,
        ),
        CardRow(
            label="Left without it",
            detail="" if each.left_if_none is None else f"if {_percent(each.controls)} of controls",
            estimate=each.left.estimate,
            ci=each.left.ci,
            stratum=each.stratum,
            pooled=False,
        ),
    ]
    if each.left_if_none is not None and not brief:
        rows.append(
            CardRow(
                label="Left without it",
                detail=f"if {_percent(each.left_if_none.controls)} where not reported",
                estimate=each.left_if_none.estimate,
                ci=each.left_if_none.ci,
                stratum=each.stratum,
                pooled=False,
            )
        )
    return rows


def _notes(reason: Reason, each: ShiftedStratum, analysis: Analysis, several: bool) -> list[str]:
    counted = [
        (len(each.open_in), "open"),
        (len(each.not_known_in), "not reported"),
        (len(each.dealt_with_in), "dealt with and not shifted"),
    ]
    states = wording.listed([f"{state} in {wording.count(n, 'comparison')}" for n, state in counted if n])
    start = f"{STRATA[each.stratum].label}: " if several else ""
    if each.needed is None:
        nothing = "no share of the controls would leave nothing of the effect"
    else:
        nothing = f"with {_percent(each.needed)} of the controls nothing of the effect would be left"
    people = analysis.words.get("people", "people")
    who = reason.study if reason.people is None else f"{reason.study}, {wording.whole(reason.people)} {people}"
    notes = [
        wording.sentence(f"{reason.label}: difference from {who}; shares: {reason.source}"),
        wording.sentence(f"{start}{states}; {nothing}"),
    ]
    if each.unlike:
        notes.append(wording.sentence(f"not measured alike: {wording.listed(each.unlike)}"))
    return notes


def _percent(share: float) -> str:
    return wording.percent(100 * share)
