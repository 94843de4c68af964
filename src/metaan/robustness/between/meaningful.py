"""How many settings have a true effect that matters: share of true effects beyond a threshold."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from metaan.robustness.between.calibrated import SAMPLES, SEED, calibrated_shares
from metaan.robustness.between.given import Given, arrays
from metaan.terms import wording
from metaan.terms.given import fraction
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Record, Synthesis
from metaan.terms.special import special

LEAST = 3  #: studies below which a share of true effects cannot be estimated
RELIABLE = 10  #: studies from which on the methods were found to perform well (Mathur and VanderWeele 2020)
#: a share nearer 0 or 1 has too narrow an interval by the delta method; the authors' package MetaUtility takes a
#: bootstrap in its place below 0.15 and above 0.85
EDGE = 0.15
ALIKE = "the studies do not show that effects differ, so there is no share of them to tell"
ROUGH = f"fewer than {RELIABLE} studies: shares are rough"
NARROW = f"shares below {100 * EDGE:.0f} or above {100 * (1 - EDGE):.0f} of 100 are less sure than their interval says"
ASSUMPTION = (
    "the studies are a fair sample of settings, their own biases left aside, and true effects vary about their mean as "
    "a normal distribution does (the count of calibrated studies needs no such shape)"
)


class ShareBeyond(NamedTuple):
    """Share of true effects beyond a threshold."""

    share: float  #: 0 to 1
    se: float | None  #: None where tau2 or the share's own variance allows none
    ci: Interval | None  #: limits within 0 and 1


def share_beyond(
    mu: float,
    se: float,
    tau2: float,
    se_tau2: float | None,
    q: float,
    *,
    above: bool | None = None,
    level: float = 0.95,
) -> ShareBeyond:
    """Share of true effects beyond a threshold, if they are normally distributed; from summary numbers.

    Parameters
    ----------
    mu, se : float
        Mean of the true effects on the working scale, and its standard error.
    tau2, se_tau2 : float
        Variance of the true effects and its standard error; None where there is none: then there is no interval.
    q : float
        Threshold on the working scale.
    above : bool, optional
        Count effects above `q` (True) or below (False). Unless given: above a threshold above zero, below one below
        zero, and for a threshold of zero the side on which `mu` lies.
    level : float
        Of the interval.

    Returns
    -------
    ShareBeyond
        With z = (mu - q) / tau, turned round for effects below: the share Phi(z), by the delta method its standard
        error phi(z) sqrt(se^2 / tau2 + se_tau2^2 (mu - q)^2 / (4 tau2^3)), where mean and variance are taken to be
        independent, and the Wald interval, cut at 0 and 1 and too narrow within `EDGE` of them. At tau2 = 0 all effects
        are `mu`: the share is 0 or 1, without standard error or interval.

    Raises
    ------
    ValueError
        Numbers that are not finite, a variance or standard error below zero, a level outside 0 to 1.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. Stat Med 2019;38:1336-1342.

    Examples
    --------
    >>> found = share_beyond(-0.1931, 0.0882, 0.0973, 0.0506, math.log(0.9))
    >>> round(found.share, 4), round(found.se, 4)
    (0.6108, 0.112)
    """
    fraction("level", level)
    if not all(map(math.isfinite, (mu, q))):
        raise ValueError(f"mean and threshold must be finite, not {mu!r} and {q!r}")
    for name, value in (("se", se), ("tau2", tau2), ("se_tau2", 0.0 if se_tau2 is None else se_tau2)):
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} must be finite and not negative, not {value!r}")
    if above is None:
        above = q > 0.0 or (q == 0.0 and mu > 0.0)
    distance = mu - q if above else q - mu
    if tau2 == 0.0:
        return ShareBeyond(1.0 if distance > 0.0 else 0.0, None, None)
    z = distance / math.sqrt(tau2)
    share = float(special.ndtr(z))
    if se_tau2 is None:
        return ShareBeyond(share, None, None)
    slope = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    own = slope * math.hypot(se / math.sqrt(tau2), se_tau2 * z / (2.0 * tau2))
    half = float(special.ndtri(0.5 + 0.5 * level)) * own
    return ShareBeyond(share, own, Interval(max(0.0, share - half), min(1.0, share + half)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningfulStratum(Record):
    """How many true effects of one stratum matter."""

    stratum: str
    measure: str
    k: int
    estimate: float  #: mean of the true effects, working scale
    ci: Interval
    prediction: Interval  #: where the true effect in a new setting may lie
    tau2: float
    above: bool  #: meaningful effects lie above the threshold, on the side of the mean
    threshold: float  #: working scale
    opposite: float  #: threshold on the other side of no effect
    share: float | None  #: of true effects beyond `threshold`, 0 to 1, normal true effects; None where tau2 is 0
    se: float | None
    share_ci: Interval | None
    other_share: float | None  #: beyond `opposite`
    other_ci: Interval | None
    count: int | None  #: studies whose calibrated estimate lies beyond `threshold`; None where tau2 is 0
    count_ci: Interval | None  #: bootstrap interval of count / k, from ten studies on; None where there is none
    other_count: int | None
    other_count_ci: Interval | None
    remark: str  #: what must be said beside the figures; empty where nothing must


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaningful(Record):
    """How many settings have a true effect that matters, by stratum."""

    strata: tuple[MeaningfulStratum, ...]
    not_done: dict[str, str]  #: stratum -> why nothing can be said
    assumption: str
    settings: dict[str, float | str]


def of(given: Given) -> Meaningful | str:
    """Return the share of meaningful true effects in each stratum of an analysis.

    The threshold is the protocol's smallest effect that matters, or `beyond` of the settings on its side of no effect
    (on the side of the mean for none), mirrored on the other.

    Parameters
    ----------
    given : Given

    Returns
    -------
    Meaningful or str
        Why no stratum has a share, in words.
    """
    found, not_done = [], {}
    for synthesis in given.strata:
        one = _stratum(given, synthesis)
        if isinstance(one, str):
            not_done[synthesis.stratum] = one
        else:
            found.append(one)
    if not found:
        return "; ".join(dict.fromkeys(not_done.values())) or "no study is pooled"
    beyond = given.settings("meaningful").get("beyond")
    settings: dict[str, float | str] = {"samples": float(SAMPLES), "seed": float(SEED), "level": given.protocol.level}
    return Meaningful(
        strata=tuple(found),
        not_done=not_done,
        assumption=ASSUMPTION,
        settings={**settings, "beyond": "threshold of the protocol" if beyond is None else float(beyond)},
    )


def _stratum(given: Given, synthesis: Synthesis) -> MeaningfulStratum | str:
    pooled = synthesis.pooled
    if synthesis.k < LEAST or pooled is None:
        return "fewer than three studies: how much true effects differ cannot be estimated"
    if pooled.prediction is None:
        return "the model takes one true effect for all studies"
    size = threshold(given, synthesis, pooled.estimate)
    if isinstance(size, str):
        return size
    above = size > 0.0 or (size == 0.0 and pooled.estimate > 0.0)
    level = given.protocol.level
    share = other = ShareBeyond(math.nan, None, None)
    counts = None
    if pooled.tau2 > 0.0:
        se_tau2 = pooled.se_tau2 if math.isfinite(pooled.se_tau2) else None
        numbers = pooled.estimate, pooled.se, pooled.tau2, se_tau2
        share = share_beyond(*numbers, size, above=above, level=level)
        other = share_beyond(*numbers, -size, above=not above, level=level)
        sides = ((size, above), (-size, not above))
        counts = calibrated_shares(*arrays(synthesis), sides, tau2=str(pooled.method["tau2"]), level=level)
    differ = pooled.tau2 > 0.0
    return MeaningfulStratum(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        estimate=pooled.estimate,
        ci=pooled.ci,
        prediction=pooled.prediction,
        tau2=pooled.tau2,
        above=above,
        threshold=size,
        opposite=-size,
        share=share.share if differ else None,
        se=share.se,
        share_ci=share.ci,
        other_share=other.share if differ else None,
        other_ci=other.ci,
        count=counts[0].number if counts else None,
        count_ci=counts[0].ci if counts and synthesis.k >= RELIABLE else None,
        other_count=counts[1].number if counts else None,
        other_count_ci=counts[1].ci if counts and synthesis.k >= RELIABLE else None,
        remark=_remark(synthesis.k, share) if differ else ALIKE,
    )


def _remark(k: int, share: ShareBeyond) -> str:
    """Return what makes a share less sure than it looks."""
    at_edge = share.ci is not None and not EDGE <= share.share <= 1.0 - EDGE
    return "; ".join([ROUGH] * (k < RELIABLE) + [NARROW] * at_edge)


def threshold(given: Given, synthesis: Synthesis, estimate: float) -> float | str:
    """Return the threshold on the working scale, on its side of no effect; or why there is none."""
    measure = MEASURES[synthesis.measure]
    beyond = given.settings("meaningful").get("beyond")
    if beyond is None:
        if synthesis.small is None:
            return f"the protocol has no threshold of a small {measure.label}"
        return synthesis.small.high if estimate >= 0.0 else synthesis.small.low
    if measure.scale == "log" and beyond <= 0:
        return f"the threshold of the protocol is {wording.number(beyond)}, which no {measure.label} can be"
    return measure.working(float(beyond))


def in_words(found: MeaningfulStratum) -> str:
    """Return share and prediction interval of a stratum in one clause.

    "in about 81 of 100 similar settings the true risk ratio is below 0.80; a new setting may lie anywhere from 0.15 to
    1.55"
    """
    new = f"a new setting may lie anywhere from {wording.interval(found.measure, found.prediction)}"
    if found.share is None:
        return f"{ALIKE}; {new}"
    side = f"{'above' if found.above else 'below'} {wording.printed(found.measure, found.threshold)}"
    label = MEASURES[found.measure].label
    return f"in {_of_100(found.share)} of 100 similar settings the true {label} is {side}; {new}"


def _of_100(share: float) -> str:
    if share < 0.005:
        return "fewer than 1"
    return "more than 99" if share > 0.995 else f"about {wording.fixed(100.0 * share, 0)}"
