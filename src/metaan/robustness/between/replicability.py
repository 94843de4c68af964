"""Replicability by design: how many studies of each stratum bear its result."""

from dataclasses import dataclass

from metaan.robustness.between.given import Given, arrays
from metaan.robustness.between.leave_u_out import (
    SAMPLES,
    SEED,
    TRUNCATION,
    AllSubsets,
    all_subsets,
    combined_replicability,
    leave_u_out,
)
from metaan.robustness.standing import OPEN, standing
from metaan.terms.records import Interval, Record, Synthesis

ASSUMPTION = (
    "the studies are independent and each study’s own result is unbiased: a bias that studies share counts as agreement"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetShares(Record):
    """Where the subsets of at least two studies lead."""

    subsets: int  #: pooled
    complete: bool  #: all there are, or a sample of them
    changed: float  #: share, 0 to 1, whose interval leads to another conclusion than that of all studies
    opposite: float  #: share whose interval lies on the other side of no effect
    direction: float  #: share whose estimate lies on the other side of no effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicabilityStratum(Record):
    """How many studies bear the result of one stratum."""

    stratum: str
    measure: str
    k: int
    estimate: float  #: of all studies, working scale
    ci: Interval
    above: bool  #: direction counted: that of the estimate
    open: bool  #: the interval of all studies includes no effect
    r: tuple[float, ...]  #: r(u), u = 1, 2, ..., by the analysis' model, as far as was tried
    supported: int  #: at least so many studies support the direction
    exact: bool  #: one more is not supported; False: it was not tried whether more are
    at_most: int  #: more than so many are not supported in any case; k where none is known
    combined: tuple[float, ...]  #: r(u), u = 1 to k, without any model of the true effects
    combined_supported: int
    against: int  #: studies that support the other direction, without any model
    fewest: int | None  #: least number of studies whose removal changes the conclusion; None: unknown, or none does
    tried: int  #: all removals of up to so many studies were tried
    enough: tuple[str, ...]  #: labels of studies whose removal changes it; empty where none was found
    subsets: SubsetShares | None  #: None for fewer than three studies


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicability(Record):
    """How many studies bear the result, by stratum and in each."""

    strata: tuple[ReplicabilityStratum, ...]
    in_each: (
        int | None
    )  #: at least so many studies support one direction in each design; None: one design, or their directions differ
    assumption: str
    settings: dict[str, float | str]


def of(given: Given) -> Replicability | str:
    """Return how many studies bear the result of each stratum of an analysis.

    Parameters
    ----------
    given : Given

    Returns
    -------
    Replicability or str
        Why there is nothing to replicate, in words.
    """
    if not any(synthesis.k > 1 for synthesis in given.strata):
        return "no design has two studies: nothing can be left out"
    level = given.protocol.level
    alpha = float(given.settings("replicability").get("alpha", round(1.0 - level, 12)))
    strata = tuple(_stratum(given, synthesis, alpha) for synthesis in given.strata)
    one_way = len(strata) > 1 and len({stratum.above for stratum in strata}) == 1 and _same_words(given)
    return Replicability(
        strata=strata,
        in_each=min(stratum.supported for stratum in strata) if one_way else None,
        assumption=ASSUMPTION,
        settings={
            "alpha": alpha,
            "level": level,
            "tau2": str(given.plan.model["tau2"]),
            "interval": str(given.plan.model["interval"]),
            "truncation": TRUNCATION,
            "samples": float(SAMPLES),
            "seed": float(SEED),
        },
    )


def _same_words(given: Given) -> bool:
    """Tell whether above no effect means the same in all strata, which may have measures of their own."""
    words = [{**given.analysis.words, **synthesis.words} for synthesis in given.strata]
    return len({(of_one.get("low", ""), of_one.get("high", "")) for of_one in words}) == 1


def _stratum(given: Given, synthesis: Synthesis, alpha: float) -> ReplicabilityStratum:
    y, v = arrays(synthesis)
    level = given.protocol.level
    tau2, interval = str(given.plan.model["tau2"]), str(given.plan.model["interval"])
    left = leave_u_out(y, v, tau2=tau2, interval=interval, level=level, alpha=alpha)
    pooled, only = synthesis.pooled, synthesis.estimates[0]
    estimate, ci = (pooled.estimate, pooled.ci) if pooled else (only.effect.y, only.ci)
    above = estimate >= 0.0
    free = combined_replicability(y, v)
    sides = (free.above, free.below) if above else (free.below, free.above)
    supported, against = (int((2.0 * side <= alpha).sum()) for side in sides)
    shares = None
    if synthesis.k > 2:
        shares = _shares(all_subsets(y, v, tau2=tau2, interval=interval, level=level))
    return ReplicabilityStratum(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        estimate=estimate,
        ci=ci,
        above=above,
        open=int(standing(ci.low, ci.high, None)) == OPEN,
        r=left.r,
        supported=left.supported,
        exact=left.complete,
        at_most=left.at_most,
        combined=tuple(free.r.tolist()),
        combined_supported=supported,
        against=against,
        fewest=left.fewest,
        tried=left.tried,
        enough=tuple(synthesis.estimates[place].label for place in left.enough),
        subsets=shares,
    )


def _shares(found: AllSubsets) -> SubsetShares:
    return SubsetShares(**found._asdict())
