"""What the methods found of one analysis, in words: one sentence a figure, and clauses for the answer of the review."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from metaan.figures.between.cards import FIGURES, NAMES
from metaan.robustness.between.discount import tipping
from metaan.robustness.between.gather import METHODS, BetweenDesigns
from metaan.robustness.between.given import STRONGER, WEAKER, plural
from metaan.robustness.between.ladder import Step
from metaan.terms import phrases, wording
from metaan.terms.believed import Believed, Capped, MethodSaid
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval, Record


def told(found: BetweenDesigns, analysis: Analysis) -> Believed:
    """Return what report and page say of one analysis.

    Nothing is drawn from pooled figures of which the protocol says that no sentence may be; figures of single methods
    stand on the page with that reason over them.
    """
    meant = not analysis.no_bottom_line
    held = {synthesis.stratum for synthesis in analysis.strata if synthesis.k}
    against = tuple(_against(step, analysis) for step in _steps(found) if step.ways) if meant else ()
    ceilings = found.ceilings.strata if found.ceilings and meant else ()
    return Believed(
        analysis_id=found.analysis_id,
        weaker=bool(held & WEAKER),
        against=against,
        not_tested="" if any(step.ways for step in _steps(found)) else _why_not(found, analysis, held),
        trust=tuple(_trust(found)) if meant else (),
        capped=tuple(Capped(stratum=one.stratum, tipping=one.tipping) for one in ceilings),
        confounded=tuple(_confounded(found)) if meant else (),
        controls=tuple(_controls(found)) if meant else (),
        multiverse=tuple(_multiverse(found, analysis)) if meant else (),
        information=tuple(_information(found)),
        methods=tuple(_said(name, found, analysis) for name in METHODS),
    )


def _said(name: str, found: BetweenDesigns, analysis: Analysis) -> MethodSaid:
    figure, result = FIGURES[name], found.done().get(name)
    return MethodSaid(
        method=name,
        name=NAMES[name],
        title=figure.TITLE,
        reading="" if result is None else wording.sentence(figure.reading(result, analysis)),
        how=wording.sentence(figure.HOW),
        assumption="" if result is None else wording.sentence(result.assumption),
        reason=found.not_done.get(name, ""),
        rows=() if result is None else tuple(dict.fromkeys(_rows(result))),
    )


def _rows(held: Any) -> Iterator[str]:
    """Yield every row of Effects that a record or one inside it names."""
    if isinstance(held, tuple):
        for item in held:
            yield from _rows(item)
    elif isinstance(held, Record):
        for each in fields(held):  # type: ignore[arg-type]
            value = getattr(held, each.name)
            if each.name == "effect_id":
                yield value
            else:
                yield from _rows(value)


def _steps(found: BetweenDesigns) -> tuple[Step, ...]:
    return found.ladder.steps if found.ladder else ()


def _against(step: Step, analysis: Analysis) -> str:
    measure, way = MEASURES[step.measure], step.ways[0]
    level = wording.percent(100 * analysis.level)
    limits = f"{level} CI {wording.interval(measure, way.ci)}"
    effects = measure.ratio_of.removeprefix("ratio of ").removeprefix("difference between ") or f"{measure.label}s"
    weaker, stronger = plural(step.weaker), plural(step.stronger)
    small = next((s.small for s in analysis.strata if s.stratum == step.weaker), None)
    if measure.scale == "log":
        ratio = wording.printed(measure, way.estimate)
        size = f"{effects} of {weaker} are {ratio} times those of {stronger} ({limits})"
    else:
        more = "higher" if way.estimate >= 0 else "lower"
        distance = wording.printed(measure, abs(way.estimate))
        size = f"{effects} of {weaker} are {distance} {more} than those of {stronger} (difference {limits})"
    opposite = ", and the two point in opposite directions" if _opposite(step, analysis) else ""
    return f"{size}, {_verdict(way.estimate, way.ci, small)}{opposite}"


def _opposite(step: Step, analysis: Analysis) -> bool:
    """Tell whether the intervals of two designs lie on opposite sides of no effect."""
    held = {s.stratum: s.pooled.ci for s in analysis.strata if s.pooled is not None}
    one, other = held[step.stronger], held[step.weaker]
    return max(one.low, other.low) > 0 > min(one.high, other.high)


def _verdict(estimate: float, ci: Interval, small: Interval | None) -> str:
    """Return what a contrast of designs comes to.

    Designs are said to agree only where the interval rules out large differences: one of twice the smallest effect that
    matters.
    """
    if ci.low > 0 or ci.high < 0:
        return "which is more than chance explains"
    if small is not None and small.low <= ci.low and ci.high <= small.high:
        return "so the designs agree"
    if small is None or not small.low <= estimate <= small.high or ci.low < 2 * small.low or ci.high > 2 * small.high:
        return "which neither shows nor rules out that the designs differ"
    return "so the designs agree as far as this interval can tell"


def _why_not(found: BetweenDesigns, analysis: Analysis, held: set[str]) -> str:
    if not held & STRONGER:
        treatment = analysis.factor_kind == "treatment"
        return "there is no randomised trial" if treatment else "nobody was measured before the outcome"
    reasons = [step.reason.partition(": ")[0] for step in _steps(found) if step.reason]
    same = next((reason for reason in reasons if reason.startswith("same ")), "")
    if same:
        return f"the {same} stand in both designs"
    if any(reason.startswith("fewer ") for reason in reasons):
        return "one of the two has fewer than three studies"
    return reasons[0] if reasons else "the two cannot be compared as numbers"


def _trust(found: BetweenDesigns) -> Iterator[str]:
    for curve in found.discount.curves if found.discount else ():
        if curve.stronger:
            yield f"together with the {plural(curve.stronger)}, {tipping(curve)}"


def _confounded(found: BetweenDesigns) -> Iterator[str]:
    for stratum in found.confounding.strata if found.confounding else ():
        if stratum.stratum in WEAKER and stratum.e.e_limit > 1:
            yield (
                f"to explain the {phrases.result_of(stratum.stratum)}, an unmeasured confounder would have to go with "
                f"both factor and outcome by a risk ratio of at least {wording.ratio(stratum.e.e_value)}, and to bring "
                f"its interval to no effect by one of at least {wording.ratio(stratum.e.e_limit)}"
            )


def _controls(found: BetweenDesigns) -> Iterator[str]:
    for reason in found.shifts.reasons if found.shifts else ():
        for one in reason.strata:
            alone, was = (
                wording.effect(one.measure, one.alone, one.alone_ci),
                wording.printed(one.measure, one.estimate),
            )
            label = MEASURES[one.measure].label
            yield f"{reason.label} alone would give a {label} of {alone} where {was} was found"


def _multiverse(found: BetweenDesigns, analysis: Analysis) -> Iterator[str]:
    for one in found.multiverse.strata if found.multiverse else ():
        missing = [known.label for known in analysis.beside if known.stratum == one.stratum]
        left = f" (none with {wording.listed(missing)}, which cannot be pooled)" if missing else ""
        share, n = wording.percent(100 * one.leaves_out), wording.whole(one.specifications)
        yield f"{share} of {n} analyses of the {plural(one.stratum)}{left}"


def _information(found: BetweenDesigns) -> Iterator[str]:
    for one in found.information.strata if found.information else ():
        if one.stratum in STRONGER:
            share = "all" if one.share >= 100 else wording.percent(one.share)
            yield f"{plural(one.stratum)} hold {share}"
