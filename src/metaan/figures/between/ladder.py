"""Card of the design ladder: strata apart, and the ratio between designs beside what others found."""

import math
from collections.abc import Sequence

from metaan.figures import style
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.given import plural
from metaan.robustness.between.ladder import SEPARATE, DesignContrast, Ladder, Rung, Step
from metaan.robustness.between.published import PublishedRatio
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval

TITLE = "Designs apart, and the gap between them"
HOW = (
    "Above, each design on its own; below, the weaker design against the stronger one in several ways (the "
    "spread is tau², that of true effects between studies), and in grey averages that others found over other topics."
)

_ESTIMATORS = {"DL": "DerSimonian-Laird"}
_INTERVALS = {"HK": "Hartung-Knapp", "mKH": "modified Hartung-Knapp", "t": "t"}


def lay_out(found: Ladder, analysis: Analysis) -> Layout:
    """Return the card: a row a design, then the contrasts of each pair of designs."""
    card = Card("ladder", analysis, TITLE)
    for number, measure in enumerate(dict.fromkeys(rung.measure for rung in found.rungs)):
        card.y += 8 if number else 0
        _panel(card, analysis, measure, [rung for rung in found.rungs if rung.measure == measure])
    for stratum, count in found.never_pooled.items():
        said = f"{STRATA[stratum].label}: {wording.count(count, 'comparison')}, shown in the report and never pooled."
        card.words("apart", said, style.SMALL, colour=style.GREY)
    tested = sum(bool(step.ways) for step in found.steps)
    for step in found.steps:
        card.y += 8
        card.words("heading", _heading(step), style.SMALL, bold=True)
        if step.reason:
            card.words("reason", wording.sentence(step.reason), style.SMALL, colour=style.GREY)
        ways = step.ways if tested < 2 else step.ways[:1] + step.ways[-1:]
        rows = [_way(way) for way in ways] + [_expected(each) for each in step.expected[: 3 if tested < 2 else 1]]
        if rows:
            card.y += 2
            ends = [end for way in ways for end in (way.ci.low, way.ci.high)]
            card.effects(step.measure, rows, directions=_directions(step), points=ends)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Ladder, analysis: Analysis) -> str:
    """Return how much weaker designs differ from stronger ones, in one sentence."""
    if not found.steps:
        return wording.sentence("no weaker design stands beside a stronger one, so there is no ratio between designs")
    k = {rung.stratum: rung.k for rung in found.rungs}
    return wording.sentence("; ".join(_says(step, k, found.level) for step in found.steps))


def _says(step: Step, k: dict[str, int], level: float) -> str:
    if not step.ways:
        return f"{plural(step.weaker)} cannot be set against {plural(step.stronger)}: {step.reason.replace(': ', ', ')}"
    measure, first = MEASURES[step.measure], step.ways[0]
    percent = wording.percent(100 * level)
    effects = measure.ratio_of.removeprefix("ratio of ").removeprefix("difference between ")
    sizes = f"{wording.count(k[step.weaker], 'study', 'studies')} against {k[step.stronger]}"
    limits = f"{percent} CI {wording.interval(measure, first.ci)}"
    widest = Interval(min(way.ci.low for way in step.ways), max(way.ci.high for way in step.ways))
    whole = f"{wording.interval(measure, widest)} over all ways to estimate it"
    if measure.scale == "log":
        said = (
            f"{effects} of {plural(step.weaker)} are on average {wording.printed(measure, first.estimate)} times those "
            f"of {plural(step.stronger)} ({limits}; {sizes}; {whole})"
        )
    else:
        more = "higher" if first.estimate >= 0 else "lower"
        said = (
            f"{effects} of {plural(step.weaker)} are on average {wording.printed(measure, abs(first.estimate))} {more} "
            f"than those of {plural(step.stronger)} (difference {limits}; {sizes}; {whole})"
        )
    if not step.expected:
        return said
    known = step.expected[0]
    return (
        f"{said}; over other topics the ratio was {wording.effect(measure, known.estimate, known.ci)} ({known.label})"
    )


def _heading(step: Step) -> str:
    sign = "÷" if MEASURES[step.measure].scale == "log" else "minus"
    named = f"{STRATA[step.weaker].label} {sign} {STRATA[step.stronger].label.lower()}"
    return f"{named}, {MEASURES[step.measure].ratio_of}" if step.ways or step.expected else named


def _directions(step: Step) -> tuple[str, str]:
    """Return what lies left and right of no difference between two designs."""
    weaker = STRATA[step.weaker].label.lower()
    return f"{weaker} lower", f"{weaker} higher"


def _panel(card: Card, analysis: Analysis, measure: str, rungs: Sequence[Rung]) -> None:
    """Draw the strata of one measure on one axis, with its words under it where they are the same for all."""
    held = [each for each in analysis.strata if each.stratum in {rung.stratum for rung in rungs}]
    found = [{**analysis.words, **each.words} for each in held]
    words = {(each.get("low", ""), each.get("high", "")) for each in found}
    card.measure(measure)
    directions = words.pop() if len(words) == 1 else ("", "")
    card.effects(measure, [_rung(rung) for rung in rungs], small=held[0].small, directions=directions)


def _rung(rung: Rung) -> CardRow:
    detail = wording.count(rung.k, "study", "studies")
    if rung.prediction is not None:
        detail += f"; in a new study {wording.interval(rung.measure, rung.prediction)}"
    return CardRow(
        label=STRATA[rung.stratum].label,
        estimate=rung.estimate,
        ci=rung.ci,
        stratum=rung.stratum,
        detail=detail,
        pooled=rung.k > 1,
    )


def _way(way: DesignContrast) -> CardRow:
    shared = "Spread of each design" if way.variance == SEPARATE else "One spread for both"
    detail = _ESTIMATORS.get(way.estimator, way.estimator)
    if way.interval in _INTERVALS:
        detail += f", {_INTERVALS[way.interval]}"
    return CardRow(label=shared, estimate=way.estimate, ci=way.ci, detail=detail, pooled=False)


def _expected(known: PublishedRatio) -> CardRow:
    topics = "" if known.topics is None else f"{wording.count(known.topics, 'topic')}, "
    return CardRow(
        label=known.label,
        estimate=math.log(known.ratio),
        ci=known.ci,
        detail=f"{topics}{known.what}".removesuffix(", "),
        pooled=False,
        colour=style.GREY,
    )
