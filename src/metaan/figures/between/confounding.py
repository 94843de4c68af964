"""Confounding: strata as they stand, how strong a confounder would have to be, and what it would leave that matters."""

import math

from metaan.figures import forest_marks as marks
from metaan.figures import style
from metaan.figures.axis import Axis, build
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import DOT, LABELS, RESULTS, WIDTH, Card, CardRow
from metaan.figures.layout import Layout
from metaan.figures.repeated import Strokes
from metaan.robustness.between.confounding import CAUTION, Bias, Confounding, Curve, StratumConfounding
from metaan.robustness.between.e_values import AS_IT_IS
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval

TITLE = "How strong confounding would have to be"
HOW = (
    "A mark stands at the risk ratio that an unmeasured confounder would need with both factor and outcome to explain "
    "the estimate, the bar before it at what explains the limit of its interval nearest no effect (E-values); "
    "the three biases are confounding, selection and misclassification, acting together; the curve falls as "
    "confounding leaves fewer settings with an effect that matters."
)
HIGH, EACH = 64.0, 48.0  #: of the curves: at least, and for each
ROW = 27.0
X0, X1 = LABELS + 4, WIDTH - RESULTS - 6


def lay_out(found: Confounding, analysis: Analysis) -> Layout:
    """Draw the unadjusted strata, the E-values, and the share of effects that matter against confounding."""
    card = Card("confounding", analysis, TITLE)
    for measure in dict.fromkeys(s.measure for s in found.strata):
        rows = [row for s in found.strata if s.measure == measure for row in _bounded(s)]
        as_they_stand.add(card, analysis, measure, rows)
    if found.biases:
        card.words("biases", _biases(found.biases), style.TINY, colour=style.GREY)
    card.y += 4
    card.words("heading", "Confounder that could explain the effect", style.SMALL, bold=True)
    axis = _axis(found)
    top, first = card.y, len(card.canvas.items)
    for stratum in found.strata:
        _e_value(card, axis, stratum)
    _behind(card, axis, top, first)
    curves = [(s.stratum, s.measure, s.curve) for s in found.strata if s.curve is not None and s.curve.share > 0.005]
    if curves:
        _heading(card, curves)
        top, first = card.y, len(card.canvas.items)
        _curves(card, axis, curves)
        _behind(card, axis, top, first)
    card.y = marks.foot(card.canvas, axis, card.y + 4, ("", ""), (0.0, WIDTH), style.SMALL)
    card.words("axis-title", "risk ratio with factor and with outcome", style.TINY, colour=style.GREY, x=X0)
    card.y += 5
    for note in _notes(found):
        card.words("conversion", wording.sentence(note), style.TINY, colour=style.GREY)
    card.words("caution", wording.sentence(f"A large E-value {CAUTION}"), style.SMALL)
    return card.layout(reading(found, analysis), found.assumption)


def _behind(card: Card, axis: Axis, top: float, first: int) -> None:
    """Draw grid and no effect from `top` down to here, behind what was drawn from item `first` on."""
    end = len(card.canvas.items)
    marks.grid(card.canvas, axis, top, card.y)
    marks.references(card.canvas, axis, top, card.y, None)
    items = card.canvas.items
    items[first:] = [*items[end:], *items[first:end]]


def _axis(found: Confounding) -> Axis:
    values = [s.e.e_value for s in found.strata]
    values += [s.curve.needed.strength**1.15 for s in found.strata if s.curve is not None]
    return build("RR", [], [], [], [Interval(0.0, max(math.log(1.2), *map(math.log, values)))], X0, X1, style.SMALL)


def _bounded(stratum: StratumConfounding) -> list[CardRow]:
    left = stratum.bounded
    if left is None:
        return []
    side = "at least" if stratum.e.ratio > 1 else "at most"
    return [
        CardRow(
            label=f"{STRATA[stratum.stratum].label}, if biased by {wording.ratio(left.factor)}",
            detail="" if left.ci is None else side,
            estimate=left.estimate,
            ci=left.ci,
            stratum=stratum.stratum,
            pooled=False,
            said="could be bias alone" if left.ci is None else "",
        )
    ]


def _biases(biases: tuple[Bias, ...]) -> str:
    """Return what was typed: "Confounding 2 and 1.5 (smoking in two surveys); ..."."""
    said = (f"{b.kind} {wording.listed([wording.number(f) for f in b.factor])} ({b.source})" for b in biases)
    return wording.sentence("; ".join(said))


def _e_value(card: Card, axis: Axis, stratum: StratumConfounding) -> None:
    design = STRATA[stratum.stratum]
    card.canvas.stratum = stratum.stratum
    y = card.y + ROW / 2
    e = stratum.e
    card.canvas.text("label", 0, y - 1.5, design.label, style.SMALL)
    card.canvas.text(
        "detail", 0, y + 9, f"by three biases: {wording.ratio(stratum.joint)} each", style.TINY, colour=style.GREY
    )
    near, far = axis.at(math.log(e.e_limit)), axis.at(math.log(e.e_value))
    card.canvas.line("interval", (near, y), (far, y), design.colour, 1.2)
    card.canvas.line("cap", (near, y - 4), (near, y + 4), design.colour, 1.2)
    card.canvas.mark("study", far, y, DOT, design.marker, design.colour)
    card.canvas.text("result", WIDTH, y - 1.5, wording.ratio(e.e_value), style.SMALL, anchor="end")
    limit = f"limit {wording.ratio(e.e_limit)}" if e.e_limit > 1 else "limit: none needed"
    card.canvas.text("result", WIDTH, y + 9, limit, style.TINY, colour=style.GREY, anchor="end")
    card.canvas.stratum = ""
    card.y += ROW


def _heading(card: Card, curves: list[tuple[str, str, Curve]]) -> None:
    card.y += 6
    _, measure, curve = curves[0]
    matters = f"{'above' if curve.above else 'below'} {wording.printed(measure, curve.beyond)}"
    one = len({(m, c.beyond) for _, m, c in curves}) == 1
    what = f"a true {MEASURES[measure].label} {matters}" if one else "an effect that matters"
    card.words("heading", f"Settings that would be left with {what}", style.SMALL, bold=True)
    card.y += 6


def _curves(card: Card, axis: Axis, curves: list[tuple[str, str, Curve]]) -> None:
    high = max(HIGH, EACH * len(curves))
    top, bottom = card.y, card.y + high

    def at(share: float) -> float:
        return bottom - share * high

    for share in (0.0, 0.5, 1.0):
        card.canvas.line("grid", (axis.x0, at(share)), (axis.x1, at(share)), style.GRID, 0.8)
        card.canvas.text(
            "scale",
            axis.x0 - 6,
            at(share) + 3,
            wording.percent(100 * share),
            style.TINY,
            colour=style.GREY,
            anchor="end",
        )
    aim = curves[0][2].aim
    card.canvas.line("aim", (axis.x0, at(aim)), (axis.x1, at(aim)), style.AXIS, 0.9, dotted=True)
    y = top + 8
    for name, _, curve in curves:
        colour = STRATA[name].colour
        places = _line(curve, axis.high)
        line = tuple((axis.at(math.log(g)), at(share)) for g, share in places)
        strokes = Strokes(role="curve", colour=colour, stratum=name, thickness=1.6, lines=(line,), keys=(name,))
        card.canvas.items.append(strokes)
        card.canvas.stratum = name
        strength = curve.needed.strength
        if strength > 1:
            card.canvas.mark("needed", axis.at(math.log(strength)), at(aim), 5.0, STRATA[name].marker, colour)
        said = [STRATA[name].label.lower()] if len(curves) > 1 else []
        said += [f"under {wording.percent(100 * aim)} of them", _from(curve)]
        if curve.needed.strength_ci is not None:
            ci = curve.needed.strength_ci
            said.append(f"({wording.ratio(ci.low)} to {wording.ratio(ci.high)})")
        y = card.canvas.lines("needed", WIDTH, y, said, style.TINY, 11.0, anchor="end") + 5
        card.canvas.stratum = ""
    card.y = max(bottom, y - 12) + 2


def _from(curve: Curve) -> str:
    return f"from {wording.ratio(curve.needed.strength)} on" if curve.needed.strength > 1 else "as it is"


def _line(curve: Curve, high: float) -> list[tuple[float, float]]:
    """Return the curve as far as the axis goes."""
    return [
        (strength, share)
        for strength, share in zip(curve.strengths, curve.shares, strict=True)
        if math.log(strength) <= high
    ]


def _way(conversion: str) -> str:
    return conversion if "risk ratio" in conversion else f"{conversion} taken as a risk ratio"


def _notes(found: Confounding) -> list[str]:
    """Return how effects became risk ratios, and what could not be asked."""
    ways = dict.fromkeys(_way(s.e.conversion) for s in found.strata if s.e.conversion != AS_IT_IS)
    said = [*ways, *([found.outcome] if found.outcome else [])]
    names = {stratum: STRATA[stratum].label for stratum in found.not_given if stratum in STRATA}
    return [
        *(["; ".join(said)] if said else []),
        *(
            f"{names[name]}: not asked, {why}" if name in names else f"Biases typed: not used, {why}"
            for name, why in found.not_given.items()
        ),
    ]


def reading(found: Confounding, analysis: Analysis) -> str:
    """Return how strong a confounder would have to be, in one sentence."""
    return wording.sentence(
        "to explain the effect, an unmeasured confounder would have to go with both factor and outcome by a risk "
        f"ratio of at least {wording.listed(list(map(_says, found.strata)))}; a large E-value {CAUTION}"
    )


def _says(stratum: StratumConfounding) -> str:
    design = STRATA[stratum.stratum].label.lower()
    e = stratum.e
    limit = (
        f"{wording.ratio(e.e_limit)} for the interval" if e.e_limit > 1 else "the interval includes no effect as it is"
    )
    return f"{wording.ratio(e.e_value)} ({design}; {limit})"
