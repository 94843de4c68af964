"""What the weaker studies let one expect of the stronger ones, how far they met it, and what both say together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from metaan.robustness.between.given import Given, arrays, plural
from metaan.terms import wording
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Record, Synthesis

VAGUE = 0.5  #: weight of the vague part of the prior unless the protocol gives it
FEWEST = 2  #: weaker studies; of one, the assumed spread alone would say how far the next may lie from it
PER_TAU = 4.0  #: standard deviation of one unit of information over the scale of the prior of tau

#: standard deviation of what one unit tells on the working scale: one event for ratios (variance 4 / events), one
#: person for differences (variance 4 p (1 - p) / people at most 1, and 4 / people for the SMD)
UNIT: Mapping[str, float] = {"RD": 1.0, "SMD": 2.0}
UNIT_RATIO = 2.0

ASSUMPTION = (
    "with a chance of {chance} the mean of the stronger design is as near to the weaker studies as these are to each "
    "other; otherwise they say nothing about it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorPair(Record):
    """What a weaker stratum predicts for the mean of a stronger one, and what comes of both; working scale."""

    stronger: str
    weaker: str
    measure: str
    k_stronger: int
    k_weaker: int
    tau_scale: float  #: of the half-normal prior of the standard deviation between weaker studies
    vague_sd: float  #: of the vague part, which is centred at no effect
    predicted: float  #: median of the prediction
    prediction: Interval  #: central
    found: float  #: the stronger stratum as it is drawn
    found_ci: Interval
    found_se: float  #: of the normal distribution with that interval
    p: float  #: of an estimate as far off as the one found, had the weaker studies predicted it; two-sided
    posterior: float  #: median
    posterior_ci: Interval  #: central
    weight_before: float  #: of the weaker studies' part of the prior, 0 to 1
    weight_after: float
    worth_studies: float  #: effective size of the robust prior, in stronger studies of the mean information here
    worth_people: float | None  #: in people of the stronger studies; None where their numbers are not reported


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustPrior(Record):
    """Weaker studies as a robust prior for the stronger ones."""

    pairs: tuple[PriorPair, ...]
    not_done: tuple[str, ...]  #: pairs left out, and why
    assumption: str
    settings: dict[str, float]  #: vague, tau (only if the protocol gives it)


def of(given: Given) -> RobustPrior | str:
    """Take the studies of each weaker stratum as a prior for each stronger stratum they can be set against.

    The parameter is the mean effect of the stronger design. It is given the meta-analytic-predictive prior of the
    weaker studies, which treats the stronger design as one more study of theirs, with a vague part. The stronger
    stratum enters as one estimate with a normal error, namely the normal distribution that has the interval it is drawn
    with: so few studies (t on few degrees of freedom) count as little here as there.
    """
    pairs = list(given.pairs())
    if not pairs:
        return given.why_no_pair()
    settings = given.settings("prior")
    vague = float(settings.get("vague", VAGUE))
    done: list[PriorPair] = []
    not_done: list[str] = []
    for stronger, weaker in pairs:
        found = _pair(given, stronger, weaker, vague, settings)
        if isinstance(found, str):
            not_done.append(found)
        else:
            done.append(found)
    if not done:
        return "; ".join(dict.fromkeys(not_done))
    assumption = ASSUMPTION.format(chance=wording.percent(100 * (1.0 - vague)))
    used = {"vague": vague} | ({"tau": float(settings["tau"])} if "tau" in settings else {})
    return RobustPrior(pairs=tuple(done), not_done=tuple(not_done), assumption=assumption, settings=used)


def unit_sd(measure: str, stronger: Synthesis, weaker: Synthesis) -> float | None:
    """Return the standard deviation of what one unit of information tells on the working scale.

    Two for log ratios (one event), two for standardised mean differences and one for risk differences (one person); of
    a mean difference it is that of one person of the studies whose numbers are reported; None where there are none.
    """
    if MEASURES[measure].scale == "log":
        return UNIT_RATIO
    if measure in UNIT:
        return UNIT[measure]
    known = [(e.people, e.effect.v) for e in (*stronger.estimates, *weaker.estimates) if e.people]
    return math.sqrt(_per_person(known)) if known else None


def _per_person(known: list[tuple[int, float]]) -> float:
    """Variance of an estimate from one person, by the information of all."""
    return sum(people for people, _ in known) / sum(1.0 / v for _, v in known)


def _pair(
    given: Given, stronger: Synthesis, weaker: Synthesis, vague: float, settings: Mapping[str, Any]
) -> PriorPair | str:
    from metaan.robustness.between.conflict import conflict
    from metaan.robustness.between.map_prior import information, map_prior, robust, update

    if weaker.k < FEWEST:
        return f"one of the {plural(weaker.stratum)} only: how far the next may lie from it is not known"
    unit = unit_sd(weaker.measure, stronger, weaker)
    if unit is None and "tau" in settings:
        unit = PER_TAU * float(settings["tau"])
    if unit is None:
        return "numbers of people not reported: the scale of a vague prior is not known"
    tau = float(settings.get("tau", unit / PER_TAU))
    only = stronger.estimates[0]
    found, ci = (stronger.pooled.estimate, stronger.pooled.ci) if stronger.pooled else (only.effect.y, only.ci)
    level = given.protocol.level
    se = (ci.high - ci.low) / 2.0 / NormalDist().inv_cdf(0.5 + level / 2.0)
    if not (math.isfinite(se) and se > 0.0):
        return f"the {plural(stronger.stratum)} give no finite interval"
    predicted = map_prior(*arrays(weaker), tau)
    prior = robust(predicted, vague, 0.0, unit)
    posterior = update(prior, found, se)
    told = information(prior)
    people = [(e.people, e.effect.v) for e in stronger.estimates if e.people]
    return PriorPair(
        stronger=stronger.stratum,
        weaker=weaker.stratum,
        measure=weaker.measure,
        k_stronger=stronger.k,
        k_weaker=weaker.k,
        tau_scale=tau,
        vague_sd=unit,
        predicted=float(predicted.quantile(0.5)),
        prediction=predicted.central(level),
        found=found,
        found_ci=ci,
        found_se=se,
        p=conflict(predicted, found, se),
        posterior=float(posterior.quantile(0.5)),
        posterior_ci=posterior.central(level),
        weight_before=1.0 - vague,
        weight_after=1.0 - posterior.weights[-1],
        worth_studies=told * stronger.k / sum(1.0 / e.effect.v for e in stronger.estimates),
        worth_people=told * _per_person(people) if len(people) == stronger.k else None,
    )
