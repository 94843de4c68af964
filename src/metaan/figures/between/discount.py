"""Card of the power prior: the pooled effect as the weaker studies are trusted more and more."""

import math
from collections.abc import Callable

from metaan.figures import forest_marks as marks
from metaan.figures import style, text
from metaan.figures.axis import Axis
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import LABELS, RESULTS, WIDTH, Card, CardRow
from metaan.figures.layout import Layout
from metaan.figures.repeated import Strokes
from metaan.robustness.between.discount import Curve, Discount, tipping
from metaan.robustness.between.given import plural
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Interval

TITLE = "How far the weaker studies must be trusted"
HOW = (
    "The band is the pooled interval, from no trust in the weaker studies at the top to full trust at the bottom, dark "
    "where it leaves out no effect."
)

KEY = "Band: pooled interval; dark where it leaves out no effect"

HEIGHT = 130.0  #: of the band
MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)  #: levels of trust with a label
CLEAR = 13.0  #: room that a line of text takes
Edge = tuple[float, float, float]  #: trust and both limits
INSIDE, OUTSIDE = "#dfe3e7", "#8fa3b8"  #: band that holds no effect, and that leaves it out; 2.0 : 1 apart


def lay_out(found: Discount, analysis: Analysis) -> Layout:
    """Return the card: the strata as they are, the result by grade, and the band of the pooled interval over trust."""
    card = Card("discount", analysis, TITLE)
    for curve in found.curves:
        _curve(card, analysis, curve, several=len(found.curves) > 1)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Discount, analysis: Analysis) -> str:
    """Return from which trust on the interval leaves out no effect, for every pair of designs."""
    return wording.sentence("; ".join(_says(analysis, curve) for curve in found.curves))


def _says(analysis: Analysis, curve: Curve) -> str:
    if curve.stronger:
        ends = [
            wording.effect(curve.measure, curve.estimates[i], Interval(curve.low[i], curve.high[i])) for i in (0, -1)
        ]
        return (
            f"with {plural(curve.stronger)} at full weight, {tipping(curve)} (from {ends[0]} without them to {ends[1]})"
        )
    whole = wording.full_effect(
        curve.measure, curve.estimates[-1], Interval(curve.low[-1], curve.high[-1]), analysis.level
    )
    few = ", Wald interval" if curve.interval == "Wald" and curve.k_weaker > 1 else ""
    number = wording.count(curve.k_weaker, "study", "studies")
    return f"on their own, {tipping(curve)} ({whole} at full trust, {number}{few})"


def _curve(card: Card, analysis: Analysis, curve: Curve, *, several: bool) -> None:
    weaker = next(synthesis for synthesis in analysis.strata if synthesis.stratum == curve.weaker)
    asked = [stratum for stratum in (curve.stronger, curve.weaker) if stratum]
    rows = [row for row in as_they_stand.rows(analysis, curve.measure) if row.stratum in asked]
    if several:
        names = [STRATA[stratum].label.lower() for stratum in asked]
        card.words("heading", " and ".join([names[0].capitalize(), *names[1:]]), style.SMALL, bold=True)
    if curve.by_grade:
        grades = wording.listed([f"{grade} {_percent(trust)}" for grade, trust in curve.by_grade.grades.items()])
        rows.append(
            CardRow(
                label="Trusted by grade",
                detail=f"{STRATA[curve.weaker].label.lower()}: grade {grades} (arbitrary)",
                estimate=curve.by_grade.estimate,
                ci=curve.by_grade.ci,
                pooled=False,
            )
        )
    card.measure(curve.measure)
    axis = card.effects(curve.measure, rows, small=weaker.small)
    card.words("lead", f"Trust in the {plural(curve.weaker)}", style.SMALL, bold=True)
    card.words("key", KEY, style.TINY, colour=style.GREY)
    card.y += 4
    _band(card, axis, curve, weaker.small)
    words = {**analysis.words, **weaker.words}
    ends = words.get("low", ""), words.get("high", "")
    card.y = marks.foot(card.canvas, axis, card.y + 4, ends, (0.0, WIDTH), style.SMALL) + 6


def _band(card: Card, axis: Axis, curve: Curve, small: Interval | None) -> None:
    canvas, top = card.canvas, card.y + 8

    def at(trust: float) -> float:
        return top + trust * HEIGHT

    marks.grid(canvas, axis, top, at(1.0))
    edges = [(curve.trust[i], curve.low[i], curve.high[i]) for i in range(len(curve.trust))]
    _ribbon(card, axis, edges, at, INSIDE)
    for part in curve.ranges:
        ends = [_between(edges, part.low)] + [edge for edge in edges if part.low < edge[0] < part.high]
        _ribbon(card, axis, [*ends, _between(edges, part.high)], at, OUTSIDE)
    marks.references(canvas, axis, top, at(1.0), small)
    line = tuple((axis.at(y), at(trust)) for trust, y in zip(curve.trust, curve.estimates, strict=True))
    canvas.items.append(
        Strokes(role="curve", colour=STRATA[curve.weaker].colour, thickness=1.6, lines=(line,), keys=("estimate",))
    )
    tips = sorted({end for part in curve.ranges for end in (part.low, part.high) if curve.trust[0] < end < 1.0})
    for tip in tips:
        canvas.line("tip", (LABELS - 8, at(tip)), (axis.x1, at(tip)), style.INK, 0.9, dotted=True)
    taken: list[float] = []
    for trust in (*tips, *MARKS):
        y = at(trust)
        if any(abs(y - other) < CLEAR for other in taken):
            continue
        taken.append(y)
        tip = trust in tips
        words = wording.percent(100 * trust, 1 if tip else 0)
        canvas.text("trust", LABELS - 12, y + 3.6, words, style.SMALL, anchor="end", bold=tip)
        if not tip and trust >= curve.trust[0]:
            _, low, high = _between(edges, trust)
            if math.isfinite(high - low):
                said = text.wrap(wording.interval(curve.measure, Interval(low, high)), style.SMALL, RESULTS)
                first = y + 3.6 - 0.5 * CLEAR * (len(said) - 1)
                canvas.lines("limits", WIDTH, first, said, style.SMALL, CLEAR, anchor="end")
    card.y = at(1.0) + 6


def _ribbon(card: Card, axis: Axis, edges: list[Edge], at: Callable[[float], float], colour: str) -> None:
    left = [(axis.at(low), at(trust)) for trust, low, _ in edges]
    right = [(axis.at(high), at(trust)) for trust, _, high in edges]
    card.canvas.polygon("band", [*left, *reversed(right)], colour)


def _between(edges: list[Edge], trust: float) -> Edge:
    """Limits at a trust between two points of the curve."""
    after = next((i for i, edge in enumerate(edges) if edge[0] >= trust - 1e-9), len(edges) - 1)
    one, other = edges[max(after - 1, 0)], edges[after]
    if other[0] - one[0] < 1e-12 or abs(other[0] - trust) < 1e-9:
        return other
    share = (trust - one[0]) / (other[0] - one[0])
    return trust, one[1] + share * (other[1] - one[1]), one[2] + share * (other[2] - one[2])


def _percent(trust: float) -> str:
    return wording.percent(100 * trust)
