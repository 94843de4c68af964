"""Required information: how much of what one question needs a stratum holds, and whether chance alone would do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

from metaan.pooling.kernel import Floats
from metaan.robustness.between.given import Given, arrays
from metaan.robustness.information import diversity, heterogeneity_adjusted, standardised_difference, two_risks
from metaan.terms import wording
from metaan.terms.measures import MEASURES
from metaan.terms.record import Interval, Record
from metaan.terms.records import Synthesis

ALPHA, POWER = 0.05, 0.9  #: two-sided error and power where the protocol gives none
ASSUMED = (0.0, 0.25, 0.5)  #: D2 shown beside that of the studies, which is unsure where they are few
LEAST = 0.01  #: information a look must add, as a share of that required; less joins the next look
UNKNOWN = "year not reported"

ASSUMPTION = (
    "boundaries control chance, not bias: the studies of a stratum estimate one mean without bias, the spread between "
    "them is as estimated, and a boundary crossed by studies open to confounding or selection proves nothing"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Record):
    """The studies of a stratum up to a year."""

    year: str
    k: int  #: studies so far
    share: float  #: information so far, percent of that required
    z: float  #: mean divided by its standard error, tau2 of all studies; its sign is that of the mean
    boundary: float | None  #: absolute Z needed; None once the information was complete, infinite where far too little
    crossed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached(Record):
    """What one stratum holds of the information its question needs."""

    stratum: str
    measure: str
    k: int
    effect: float  #: to be found, working scale; as much the other way
    effect_source: str
    required: float  #: 1 / variance that a mean without heterogeneity needs
    d2: float
    d2_source: str
    accrued: float  #: sum of 1 / v
    share: float  #: percent: accrued (1 - D2) / required
    share_ci: Interval | None  #: at the limits of tau2; None where D2 is given or tau2 has no interval
    if_d2: dict[str, float]  #: D2 assumed -> percent reached
    people: int | None  #: in the stratum
    people_needed: int | None  #: in all, D2 included
    people_basis: str
    further: int  #: fewest further studies, however large each, that complete the information
    further_like: int  #: the same, each as precise as the median study here
    looks: tuple[Look, ...]
    next_boundary: float | None  #: absolute Z needed if the next look completes the information; None once it is
    crossed_in: str  #: year of the first look beyond its boundary; empty where none is
    complete_in: str  #: year by which the information was complete; empty where it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Information(Record):
    """Required information and monitoring boundaries, stratum by stratum."""

    strata: tuple[Reached, ...]  #: strongest design first
    left_out: dict[str, str]  #: stratum -> why it has no figures
    alpha: float
    power: float
    source: str  #: where alpha, power and effect come from, as the protocol says
    assumption: str
    settings: dict[str, float | str]


def required_information(effect: float, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Return the statistical information (1 / variance of the mean) that finds an effect.

    ``((z(alpha/2) + z(beta)) / effect)^2``, on any working scale: a quarter of the people that a standardised
    difference of the same size takes in two equal groups.

    Parameters
    ----------
    effect : float
        Working scale, not 0.
    alpha, power : float
        Two-sided error, and chance to find the effect.

    Raises
    ------
    ValueError
        An effect of 0; alpha or power not between 0 and 1.

    References
    ----------
    .. [1] Wetterslev J, Jakobsen JC, Gluud C. BMC Med Res Methodol 2017;17:39.
    """
    return standardised_difference(effect, alpha=alpha, power=power).total / 4.0


def further_studies(
    effect: float, tau2: float, *, have: float = 0.0, v: float = 0.0, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return the fewest further studies of equal size with which a random-effects mean can find an effect.

    However large, a study adds no more than ``1 / tau2`` to the precision of the mean, so where studies differ their
    number bounds the power, and not their people [1]_: more than ``tau2 (required - have)`` are needed.

    Parameters
    ----------
    effect : float
        Working scale, not 0.
    tau2 : float
        Variance between studies.
    have : float
        Precision of the present random-effects mean, ``sum(1 / (v + tau2))``; 0 where studies are still to be planned.
    v : float
        Sampling variance of each further study; 0 asks for the fewest, however large.
    alpha, power : float
        As in `required_information`.

    Returns
    -------
    int
        0 where the present studies suffice; at least 1 otherwise.

    References
    ----------
    .. [1] Kulinskaya E, Wood J. Res Synth Methods 2014;5:212-220.
    """
    lacking = required_information(effect, alpha=alpha, power=power) - have
    if lacking <= 0:
        return 0
    if v > 0:
        return math.ceil(lacking * (tau2 + v) - 1e-9)
    return math.floor(lacking * tau2) + 1  # an exact multiple would take infinitely large studies


def spread_for(v: Sequence[float], d2: float) -> float:
    """Return the variance between studies at which their diversity is `d2`.

    Parameters
    ----------
    v : sequence of float
        Sampling variances.
    d2 : float
        0 <= d2 < 1.

    Raises
    ------
    ValueError
        A diversity that is no proportion below 1.
    """
    heterogeneity_adjusted(1.0, d2)  # refuses what is no proportion
    low, high = 0.0, max(v) * d2 / (1 - d2)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if diversity(v, middle) < d2 else (low, middle)
    return (low + high) / 2


def looks(
    years: Sequence[str], y: Floats, v: Floats, tau2: float, required: float, alpha: float
) -> tuple[tuple[Look, ...], float | None]:
    """Return the cumulative Z of a stratum after each year, and the boundary it is held against.

    Parameters
    ----------
    years : sequence of str, length k
        Years of the studies; those that are no numbers come last.
    y, v : ndarray, shape (k,)
        Effects and sampling variances.
    tau2 : float
        Variance between studies, the same at every look, so that the increments are independent.
    required : float
        Information required of the random-effects mean.
    alpha : float
        Two-sided error over all looks.

    Returns
    -------
    tuple of Look
        One a year that adds at least 1 % of the information required (as the TSA software does), and the last. Studies
        of one year enter together, so that no order within it is made up.
    float or None
        Boundary of a next look with all the information required; None where these looks hold it.
    """
    import numpy as np

    from metaan.robustness.between.boundaries import boundaries

    number = np.array([int(year) if year.isdigit() else 9999 for year in years])
    order = np.argsort(number, kind="stable")
    weight = 1.0 / (v[order] + tau2)
    information, score = np.cumsum(weight), np.cumsum(weight * y[order])
    ends: list[int] = []
    last = len(number) - 1
    for i in range(last + 1):
        of_a_year = i == last or number[order[i]] != number[order[i + 1]]
        if of_a_year and information[i] - (information[ends[-1]] if ends else 0.0) >= LEAST * required:
            ends.append(i)
    if not ends or ends[-1] != last:
        ends = [*ends[:-1], last]  # the last studies join the look before them
    shares = information[ends] / required
    z = score[ends] / np.sqrt(information[ends])
    tested = min(int((shares < 1).sum()) + 1, len(ends))
    complete = bool(shares[-1] >= 1)
    limits = boundaries(shares[:tested] if complete else [*shares, 1.0], alpha)
    found = tuple(
        Look(
            year=str(number[order[end]]) if number[order[end]] < 9999 else UNKNOWN,
            k=end + 1,
            share=100.0 * float(shares[i]),
            z=float(z[i]),
            boundary=float(limits[i]) if i < tested else None,
            crossed=bool(i < tested and abs(z[i]) >= limits[i]),
        )
        for i, end in enumerate(ends)
    )
    return found, None if complete else float(limits[-1])


def of(given: Given) -> Information | str:
    """Return what each stratum holds of the information required, or why none can be said.

    Boundaries are Lan and DeMets' of the O'Brien-Fleming type (`boundaries.boundaries`). The information is that of the
    effect's own scale, valid for every measure; people are a further figure. D2 is that of the studies unless the
    protocol gives it; the power is, as in trial sequential analysis, that of one look at the end. A boundary for
    futility is left out; `boundaries` says why.

    References
    ----------
    .. [1] Wetterslev J, Jakobsen JC, Gluud C. BMC Med Res Methodol 2017;17:39.
    .. [2] Wetterslev J, Thorlund K, Brok J, Gluud C. J Clin Epidemiol 2008;61:64-75.
    """
    settings = given.settings("information")
    alpha, power = float(settings.get("alpha", ALPHA)), float(settings.get("power", POWER))
    strata, left_out = [], {}
    for synthesis in given.strata:
        effect, source = _effect(given, synthesis, settings)
        if not effect:
            left_out[synthesis.stratum] = source
        else:
            strata.append(_reached(given, synthesis, settings, effect, source, alpha, power))
    if not strata:
        return "; ".join(dict.fromkeys(left_out.values())) or "no study in the main pool"
    return Information(
        strata=tuple(strata),
        left_out=left_out,
        alpha=alpha,
        power=power,
        source=str(settings.get("source", "")),
        assumption=ASSUMPTION,
        settings={"alpha": alpha, "power": power}
        | {name: settings[name] for name in ("effect", "control_risk", "diversity", "source") if name in settings},
    )


def _effect(given: Given, synthesis: Synthesis, settings: Mapping[str, Any]) -> tuple[float, str]:
    """Return the effect to be found on the side of the estimate, and where it comes from; 0 and why there is none."""
    measure = MEASURES[synthesis.measure]
    if "effect" in settings and synthesis.measure == given.strata[0].measure:
        printed = float(settings["effect"])
        if printed == measure.null or (measure.scale == "log" and printed <= 0):
            return 0.0, f"{measure.label} {wording.number(printed)} cannot be an effect to be found"
        return measure.working(printed), "given in the protocol"
    if synthesis.small is None:
        return 0.0, "the protocol gives no smallest effect that matters"
    mean = synthesis.pooled.estimate if synthesis.pooled else synthesis.estimates[0].effect.y
    return (synthesis.small.high if mean >= 0 else synthesis.small.low), "smallest effect that matters"


def _reached(
    given: Given,
    synthesis: Synthesis,
    settings: Mapping[str, Any],
    effect: float,
    effect_source: str,
    alpha: float,
    power: float,
) -> Reached:
    y, v = arrays(synthesis)
    listed = v.tolist()
    pooled = synthesis.pooled
    required = required_information(effect, alpha=alpha, power=power)
    accrued = sum(1 / value for value in listed)
    if "diversity" in settings:
        d2, d2_source = float(settings["diversity"]), "given in the protocol"
        tau2 = spread_for(listed, d2)
    else:
        tau2 = pooled.tau2 if pooled else 0.0
        d2 = max(diversity(listed, tau2), 0.0)
        d2_source = (
            f"of the {synthesis.k} studies, tau² {wording.tau2(tau2)} ({pooled.method['tau2']})"
            if pooled
            else "none: one study shows no spread"
        )
    full = 100.0 * accrued / required
    share_ci = None
    if "diversity" not in settings and pooled is not None and pooled.tau2_ci is not None:
        ends = (pooled.tau2_ci.high, pooled.tau2_ci.low)
        share_ci = Interval(*(full * (1 - diversity(listed, end)) for end in ends))
    share = full * (1 - d2)
    needed, basis = _people(synthesis, settings, effect, alpha, power, d2, share)
    found, following = looks([estimate.year for estimate in synthesis.estimates], y, v, tau2, required, alpha)
    have = accrued * (1 - d2)
    return Reached(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        effect=effect,
        effect_source=effect_source,
        required=required,
        d2=d2,
        d2_source=d2_source,
        accrued=accrued,
        share=share,
        share_ci=share_ci,
        if_d2={f"{assumed:g}": full * (1 - assumed) for assumed in ASSUMED},
        people=synthesis.people,
        people_needed=needed,
        people_basis=basis,
        further=further_studies(effect, tau2, have=have, alpha=alpha, power=power),
        further_like=further_studies(effect, tau2, have=have, v=median_low(listed), alpha=alpha, power=power),
        looks=found,
        next_boundary=following,
        crossed_in=next((look.year for look in found if look.crossed), ""),
        complete_in=next((look.year for look in found if look.share >= 100), ""),
    )


def _people(
    synthesis: Synthesis,
    settings: Mapping[str, Any],
    effect: float,
    alpha: float,
    power: float,
    d2: float,
    share: float,
) -> tuple[int | None, str]:
    """Return people needed in all, and what they are reckoned from; None and why they are not known."""
    if "control_risk" in settings and synthesis.measure in ("RR", "OR", "RD"):
        risk = float(settings["control_risk"])
        other = _other_risk(synthesis.measure, effect, risk)
        if 0 < other < 1:
            size = two_risks(risk, other, alpha=alpha, power=power, average=True)
            text = f"risk of {wording.percent(100 * risk, 1)} in the comparison group, given in the protocol"
            return math.ceil(size.adjusted(d2)), text
    if synthesis.people:
        return math.ceil(100 * synthesis.people / share), "the variance of the effect for each person of these studies"
    if synthesis.measure == "SMD":
        size = standardised_difference(effect, alpha=alpha, power=power)
        return math.ceil(size.adjusted(d2)), "two groups of one size"
    return None, "people are not counted in every study"


def _other_risk(measure: str, effect: float, risk: float) -> float:
    if measure == "RD":
        return risk + effect
    from metaan.effects.convert import log_or_to_log_rr

    return risk * math.exp(float(log_or_to_log_rr(effect, risk)) if measure == "OR" else effect)
