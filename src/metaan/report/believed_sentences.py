"""The answer to whether weaker designs can be believed: at most six sentences, counted from what each method found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from metaan.report.material import Material
from metaan.robustness.between.discount import tipping
from metaan.robustness.between.gather import BetweenDesigns
from metaan.robustness.between.given import STRONGER, WEAKER, plural
from metaan.robustness.between.ladder import Step
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval, Synthesis

MOST = 6
CEILING = 0.1  #: at which results are counted where there are several: at most 90 % certainty from one study

Found = Sequence["Questioned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioned:
    """One analysis with a weaker design, and what the methods found."""

    analysis: Analysis
    between: BetweenDesigns

    @property
    def title(self) -> str:
        """Title of the analysis."""
        return self.analysis.title

    def strata(self, names: frozenset[str]) -> tuple[Synthesis, ...]:
        """Return the strata of these designs that hold a study."""
        return tuple(s for s in self.analysis.strata if s.k and s.stratum in names)


def sentences(m: Material) -> tuple[str, ...]:
    """Return the answer.

    What the designs say against each other comes first. What is left out where there would be more than six is said on
    the page, by figure.
    """
    found = [Questioned(analysis=a, between=m.between[a.id]) for a in m.analyses if a.id in m.between]
    found = [each for each in found if each.strata(WEAKER)]
    said: dict[Callable[[Found, Material], str], str] = {}
    for topic in _TOPICS:
        told = topic(found, m) if found else ""
        if told and len(said) < MOST:
            said[topic] = wording.sentence(told)
    return tuple(said[topic] for topic in sorted(said, key=_ORDER.index))


def _named(found: Found, each: Questioned, said: str) -> str:
    """Return what is said of one analysis, with its title where there are several."""
    return said if len(found) == 1 else f"{each.title}: {said}"


def _joined(found: Found, told: Sequence[tuple[Questioned, str]], start: str = "") -> str:
    if not told:
        return ""
    if len(found) == 1:
        return "; ".join(said for _, said in told)
    return start + "; ".join(f"{each.title}, {said}" for each, said in told)


def _contrast(found: Found, m: Material) -> str:
    told = [
        (each, _against(step, each.analysis))
        for each in found
        if not each.analysis.no_bottom_line
        for step in _steps(each)
        if step.ways
    ]
    return _joined(found, told, "Where designs can be set against each other as numbers: ")


def _steps(each: Questioned) -> tuple[Step, ...]:
    return each.between.ladder.steps if each.between.ladder else ()


def _against(step: Step, analysis: Analysis) -> str:
    measure, way = MEASURES[step.measure], step.ways[0]
    level = wording.percent(100 * analysis.level)
    limits = f"{level} CI {wording.interval(measure, way.ci)}"
    effects = measure.ratio_of.removeprefix("ratio of ").removeprefix("difference between ") or f"{measure.label}s"
    weaker, stronger = plural(step.weaker), plural(step.stronger)
    small = next((s.small for s in analysis.strata if s.stratum == step.weaker), None)
    if measure.scale == "log":
        size = (
            f"{effects} of {weaker} are {wording.printed(measure, way.estimate)} times those of {stronger} ({limits})"
        )
    else:
        more = "higher" if way.estimate >= 0 else "lower"
        distance = wording.printed(measure, abs(way.estimate))
        size = f"{effects} of {weaker} are {distance} {more} than those of {stronger} (difference {limits})"
    return f"{size}, {_verdict(way.estimate, way.ci, small)}"


def _verdict(estimate: float, ci: Interval, small: Interval | None) -> str:
    """Return what a contrast of designs comes to."""
    if ci.low > 0 or ci.high < 0:
        return "which is more than chance explains"
    if small is not None and small.low <= ci.low and ci.high <= small.high:
        return "so the designs agree"
    if small is not None and small.low <= estimate <= small.high:
        return "so the designs agree as far as this interval can tell"
    return "which neither shows nor rules out that the designs differ"


def _not_comparable(found: Found, m: Material) -> str:
    """Say of which analyses the designs cannot be set against each other, and why."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        if any(step.ways for step in _steps(each)):
            continue
        reasons.setdefault(_why_not(each, m), []).append(each.title)
    if not reasons:
        return ""
    told = [
        f"where {reason} ({'; '.join(titles)})" if len(found) > 1 else f"where {reason}"
        for reason, titles in reasons.items()
    ]
    return f"No stronger design can test the weaker one {wording.listed(told)}"


def _why_not(each: Questioned, m: Material) -> str:
    if not each.strata(STRONGER):
        treatment = each.analysis.factor_kind == "treatment"
        return "there is no randomised trial" if treatment else "nobody was measured before the outcome"
    reasons = [step.reason.partition(": ")[0] for step in _steps(each) if step.reason]
    if any(reason.startswith("same ") for reason in reasons):
        return f"the same {m.people} stand in both designs"
    return reasons[0] if reasons else "the two cannot be compared as numbers"


def _capped(found: Found, m: Material) -> str:
    """Say which weaker results stand if no single study may be too sure."""
    told = [(each, stratum) for each in found if each.between.ceilings for stratum in each.between.ceilings.strata]
    certain = wording.percent(100 * (1 - CEILING))
    if len(told) == 1:
        stratum = told[0][1]
        start = f"the {_result(stratum.stratum)}"
        if stratum.tipping is None:
            return f"{start} does not leave out no effect even with every study taken at its word"
        most = wording.percent(100 * (1 - stratum.tipping))
        return (
            f"{start} leaves out no effect as long as single studies may give up to {most} certainty of a direction, "
            "and no longer if each may give less"
        )
    if not told:
        return ""
    leaves = [pair for pair in told if pair[1].tipping is not None]
    still = [pair for pair in leaves if (pair[1].tipping or 0.0) >= CEILING]
    names = "; ".join(dict.fromkeys(each.title for each, _ in still))
    if not still:
        ending = "none of them still does"
    else:
        ending = f"{wording.whole(len(still))} still {'does' if len(still) == 1 else 'do'} ({names})"
    return (
        f"of {wording.count(len(told), 'result')} of weaker designs with three studies or more "
        f"{wording.whole(len(leaves))} "
        f"{'leaves' if len(leaves) == 1 else 'leave'} out no effect, and if no single study may give more than "
        f"{certain} certainty of a direction, {ending}"
    )


def _result(stratum: str) -> str:
    label = STRATA[stratum].label.lower()
    return f"result of the {label}" if label.endswith("s") else f"{label} result"


def _shifted(found: Found, m: Material) -> str:
    told = []
    for each in found:
        for reason in each.between.shifts.reasons if each.between.shifts else ():
            for one in reason.strata:
                alone = wording.effect(one.measure, one.alone, one.alone_ci)
                was = wording.printed(one.measure, one.estimate)
                told.append((each, f"{reason.label} alone would give {alone} where {was} was found"))
    return _joined(found, told, "What the choice of controls does by itself: ")


def _multiverse(found: Found, m: Material) -> str:
    """Say how many of all reasonable analyses of each design leave out no effect."""
    told = []
    for each in found:
        if each.between.multiverse is None or each.analysis.no_bottom_line:
            continue
        parts = [
            (wording.percent(100 * one.leaves_out), wording.whole(one.specifications), _without(each, one.stratum))
            for one in each.between.multiverse.strata
        ]
        told.append((each, wording.listed([f"{share} of {n} of the {studies}" for share, n, studies in parts])))
    if not told:
        return ""
    return f"The interval leaves out no effect in these shares of all reasonable analyses: {_joined(found, told)}"


def _without(each: Questioned, stratum: str) -> str:
    """Return what the studies of a stratum are called, with the known ones that no analysis of it can hold."""
    missing = [known.label for known in each.analysis.beside if known.stratum == stratum]
    left = f" (none with {wording.listed(missing)}, which cannot be pooled)" if missing else ""
    return f"{plural(stratum)}{left}"


def _settle(found: Found, m: Material) -> str:
    """Say how much of the information needed the stronger designs hold."""
    told = []
    for each in found:
        held = each.between.information
        for one in held.strata if held else ():
            if one.stratum in STRONGER:
                share = "all" if one.share >= 100 else wording.percent(one.share)
                told.append((each, f"{share} in {plural(one.stratum)}"))
    if not told:
        return ""
    ending = "further studies of weaker designs add nothing to it"
    if len(found) == 1:
        shares = wording.listed([said for _, said in told])
        return f"of the information needed to find the smallest effect that matters, {shares} is there; {ending}"
    return (
        "Of the information needed to find the smallest effect that matters, stronger designs hold "
        f"{'; '.join(f'{said} ({each.title})' for each, said in told)}; {ending}"
    )


def _trust(found: Found, m: Material) -> str:
    told = [
        (each, f"together with the {plural(curve.stronger)}, {tipping(curve)}")
        for each in found
        if each.between.discount and not each.analysis.no_bottom_line
        for curve in each.between.discount.curves
        if curve.stronger
    ]
    return _joined(found, told)


def _confounded(found: Found, m: Material) -> str:
    return "; ".join(_named(found, each, said) for each in found for said in _explained(each))


def _explained(each: Questioned) -> Iterator[str]:
    found = each.between.confounding
    for stratum in found.strata if found else ():
        if stratum.stratum in WEAKER and stratum.e.e_limit > 1:
            yield (
                f"to explain the {_result(stratum.stratum)}, an unmeasured confounder would have to go with both "
                f"factor and outcome by a risk ratio of {wording.ratio(stratum.e.e_value)}, to bring its interval to "
                f"no effect of {wording.ratio(stratum.e.e_limit)}"
            )


#: what is said, the most telling first
_TOPICS: tuple[Callable[[Found, Material], str], ...] = (
    _contrast,
    _not_comparable,
    _capped,
    _shifted,
    _multiverse,
    _settle,
    _trust,
    _confounded,
)
#: the order in which it is read
_ORDER = (_contrast, _not_comparable, _trust, _capped, _confounded, _shifted, _multiverse, _settle)
