"""From one scale to another; every conversion is an assumption and has to be declared by the review."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import estimable, floats, refuse
from metaan.effects.standardised import LOGISTIC
from metaan.terms.special import special

Floats = NDArray[np.float64]

_STEP = 1e-3  #: of a numerical slope, relative to the standard error
_PART = 0.03  #: of an effect that takes the place of a smaller standard error
_HALVINGS = 4


class WithLimits(NamedTuple):
    """Estimates with the limits of their intervals."""

    estimate: Floats
    low: Floats
    high: Floats


def log_or_to_smd(y: ArrayLike, v: ArrayLike, *, factor: float = LOGISTIC) -> Effects:
    """Standardised mean difference ln(OR) sqrt(3) / pi, of a logistic variable cut in two.

    Parameters
    ----------
    y, v : array_like, shape (..., k)
    factor : float
        What the log odds ratio is divided by: `standardised.LOGISTIC`, or `standardised.COX` (1.65) for a normal
        variable.

    References
    ----------
    .. [1] Hasselblad V, Hedges LV. Psychol Bull 1995;117:167-178.
    """
    return Effects(np.asarray(y, dtype=float) / factor, np.asarray(v, dtype=float) / factor**2)


def smd_to_log_or(y: ArrayLike, v: ArrayLike, *, factor: float = LOGISTIC) -> Effects:
    """Log odds ratio SMD pi / sqrt(3); the inverse of `log_or_to_smd`."""
    return Effects(np.asarray(y, dtype=float) * factor, np.asarray(v, dtype=float) * factor**2)


def smd_to_correlation(
    y: ArrayLike,
    v: ArrayLike,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    sense: str = "point-biserial",
) -> Effects:
    """Correlation of the outcome with the groups (point-biserial) or with a normal variable behind them (biserial).

    Parameters
    ----------
    y, v : array_like, shape (..., k)
        Standardised mean difference and variance.
    n1, n2 : array_like, shape (..., k), optional
        Group sizes; without them large groups of equal size are assumed.
    sense : {"point-biserial", "biserial"}
        Point-biserial: r = d / sqrt(d^2 + h), h = (n1 + n2 - 2)(1/n1 + 1/n2), or 4 without sizes; the groups are a real
        dichotomy. Biserial: that times sqrt(p q) / f, f the normal density at the cut that makes groups of shares p and
        q; the groups were made by cutting. The two must not be pooled with each other.

    Returns
    -------
    Effects
        Variances by the delta method.

    Raises
    ------
    ValueError
        Groups of less than one, or an unknown sense.

    References
    ----------
    .. [1] Jacobs P, Viechtbauer W. Res Synth Methods 2017;8:161-180.
    """
    y, v = floats(y, v)
    h, scale = _group_shape(n1, n2, sense)
    return estimable(scale * y / np.sqrt(y**2 + h), v * (scale * h) ** 2 / (y**2 + h) ** 3)


def correlation_to_smd(
    y: ArrayLike,
    v: ArrayLike,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    sense: str = "point-biserial",
) -> Effects:
    """Standardised mean difference from a correlation with groups; the inverse of `smd_to_correlation`.

    Returns
    -------
    Effects
        NaN where a correlation leaves none: beyond -1 to 1 as a point-biserial.

    Raises
    ------
    ValueError
        As for `smd_to_correlation`.
    """
    y, v = floats(y, v)
    h, scale = _group_shape(n1, n2, sense)
    r = y / scale
    rest = np.where(np.abs(r) < 1, 1.0 - r**2, np.nan)
    return estimable(r * np.sqrt(h / rest), v / scale**2 * h / rest**3)


def log_or_to_correlation(
    y: ArrayLike,
    v: ArrayLike,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    sense: str = "point-biserial",
) -> Effects:
    """Correlation from a log odds ratio, by way of the standardised mean difference (`log_or_to_smd`)."""
    return smd_to_correlation(*log_or_to_smd(y, v), n1, n2, sense=sense)


def correlation_to_log_or(
    y: ArrayLike,
    v: ArrayLike,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    *,
    sense: str = "point-biserial",
) -> Effects:
    """Log odds ratio from a correlation, by way of the standardised mean difference (`smd_to_log_or`)."""
    return smd_to_log_or(*correlation_to_smd(y, v, n1, n2, sense=sense))


def log_rr_to_log_or(log_rr: ArrayLike, baseline_risk: ArrayLike) -> Floats:
    """Log odds ratio that a log risk ratio means where the unexposed have `baseline_risk`.

    Monotone: use it for the estimate and for each limit of its interval.

    Parameters
    ----------
    log_rr : array_like
    baseline_risk : float or array_like
        Risk without the factor, 0 < risk < 1; with its source in the protocol.

    Raises
    ------
    ValueError
        A risk outside 0 to 1, or a risk ratio that would take the exposed to a risk of 1 or more.
    """
    log_rr, risk = floats(log_rr, baseline_risk)
    _risk(risk)
    rr = np.exp(log_rr)
    exposed = rr * risk
    if (exposed >= 1).any():
        worst = np.unravel_index(np.nanargmax(exposed), exposed.shape)
        raise ValueError(
            f"a risk ratio of {float(rr[worst]):g} and a risk of {float(risk[worst]):g} give the exposed a risk above 1"
        )
    return np.asarray(log_rr + np.log1p(-risk) - np.log1p(-exposed))


def log_or_to_log_rr(log_or: ArrayLike, baseline_risk: ArrayLike) -> Floats:
    """Log risk ratio that a log odds ratio means where the unexposed have `baseline_risk`; inverse of the above."""
    log_or, risk = floats(log_or, baseline_risk)
    _risk(risk)
    return np.asarray(log_or - np.log1p(risk * np.expm1(log_or)))


def rr_to_or(estimate: ArrayLike, low: ArrayLike, high: ArrayLike, baseline_risk: ArrayLike) -> WithLimits:
    """Odds ratio and interval that a risk ratio and its interval mean at a baseline risk.

    Each limit is converted as the estimate is; the risk is taken as known without error, so that the interval tells
    nothing of the doubt about it.

    Parameters
    ----------
    estimate, low, high : array_like
        Ratios as printed, above 0.
    baseline_risk : float or array_like
        Risk without the factor.

    Raises
    ------
    ValueError
        Ratios that are not above 0, and as for `log_rr_to_log_or`.
    """
    return _limits(log_rr_to_log_or, estimate, low, high, baseline_risk)


def or_to_rr(estimate: ArrayLike, low: ArrayLike, high: ArrayLike, baseline_risk: ArrayLike) -> WithLimits:
    """Risk ratio and interval that an odds ratio and its interval mean at a baseline risk; as `rr_to_or`."""
    return _limits(log_or_to_log_rr, estimate, low, high, baseline_risk)


def rr_effects_to_or(y: ArrayLike, v: ArrayLike, baseline_risk: ArrayLike) -> Effects:
    """Log odds ratios with variances from log risk ratios: the slope is 1 / (1 - RR risk) (delta method).

    Raises
    ------
    ValueError
        As for `log_rr_to_log_or`.
    """
    y, v, risk = floats(y, v, baseline_risk)
    return estimable(log_rr_to_log_or(y, risk), v / (1.0 - np.exp(y) * risk) ** 2)


def or_effects_to_rr(y: ArrayLike, v: ArrayLike, baseline_risk: ArrayLike) -> Effects:
    """Log risk ratios with variances from log odds ratios; the inverse of `rr_effects_to_or`."""
    y, v, risk = floats(y, v, baseline_risk)
    rr = log_or_to_log_rr(y, risk)
    return estimable(rr, v * (1.0 - np.exp(rr) * risk) ** 2)


def smd_to_mean_difference(y: ArrayLike, v: ArrayLike, sd: ArrayLike) -> Effects:
    """Mean difference on a scale on which people have standard deviation `sd`, taken as known.

    Raises
    ------
    ValueError
        A standard deviation that is not above 0.
    """
    y, v, sd = floats(y, v, sd)
    refuse(sd <= 0, "standard deviations must be above 0", sd=sd)
    return estimable(y * sd, v * sd**2)


def superiority(d: ArrayLike) -> Floats:
    """Probability that a person of group 1 has more than one of group 2: Phi(d / sqrt(2)), for normal outcomes.

    References
    ----------
    .. [1] McGraw KO, Wong SP. Psychol Bull 1992;111:361-365.
    """
    return np.asarray(special.ndtr(np.asarray(d, dtype=float) / np.sqrt(2.0)))


def below_mean_of_other(d: ArrayLike) -> Floats:
    """Part of group 2 that lies below the mean of group 1 (Cohen's U3): Phi(d), for normal outcomes."""
    return np.asarray(special.ndtr(np.asarray(d, dtype=float)))


def overlap(d: ArrayLike) -> Floats:
    """Area common to the distributions of both groups: 2 Phi(-|d| / 2), for normal outcomes of equal variance."""
    return np.asarray(2.0 * special.ndtr(-np.abs(np.asarray(d, dtype=float)) / 2.0))


def delta_method(
    y: ArrayLike,
    v: ArrayLike,
    function: Callable[[Floats], ArrayLike],
    slope: Callable[[Floats], ArrayLike] | None = None,
) -> Effects:
    """Transformed effects with variances by the delta method: v times the squared slope.

    Parameters
    ----------
    y, v : array_like, shape (..., k)
    function : callable
        Takes an array of effects and returns as many; `numpy.tanh`.
    slope : callable, optional
        Its derivative. Without it the slope is found from differences, to about ten digits.

    Returns
    -------
    Effects
        Shape (..., k); NaN where an effect is missing.

    Raises
    ------
    ValueError
        Negative variances, or effects that the function, or a point beside them, has no value for.

    Examples
    --------
    >>> delta_method([0.5], [0.02], np.arctanh).v.round(6)
    array([0.035556])
    """
    y, v = floats(y, v)
    refuse(v < 0, "variances must not be negative", vi=v)
    known = np.isfinite(y) & np.isfinite(v)
    inside = np.where(known, y, y[known].flat[0] if known.any() else np.nan)
    with np.errstate(all="ignore"):
        moved = np.asarray(function(inside), dtype=float)
        steep = _slope(function, inside, v) if slope is None else np.asarray(slope(inside), dtype=float)
    refuse(known & ~np.isfinite(moved), "the function has no value for these effects", yi=y)
    refuse(known & ~np.isfinite(steep), "no slope was found beside these effects; give `slope`", yi=y)
    return estimable(np.where(known, moved, np.nan), v * steep**2)


def _slope(function: Callable[[Floats], ArrayLike], y: Floats, v: Floats) -> Floats:
    """Return the derivative by central differences, extrapolated to a step of zero (Richardson)."""
    unit = np.maximum(np.sqrt(v), _PART * np.abs(y))
    unit = np.where(unit > 0, unit, 1.0)
    steps = [_STEP * unit / 2**i for i in range(_HALVINGS)]
    table = [
        (np.asarray(function(y + h), dtype=float) - np.asarray(function(y - h), dtype=float)) / ((y + h) - (y - h))
        for h in steps
    ]
    for order in range(1, _HALVINGS):
        weight = 4.0**order
        table = [(weight * finer - coarse) / (weight - 1.0) for coarse, finer in pairwise(table)]
    return table[0]


def _limits(
    function: Callable[[ArrayLike, ArrayLike], Floats],
    estimate: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    risk: ArrayLike,
) -> WithLimits:
    values = floats(estimate, low, high)
    for value in values:
        refuse(value <= 0, "ratios and their limits must be above 0", found=value)
    refuse(
        (values[0] < values[1]) | (values[0] > values[2]),
        "an estimate lies outside its own interval",
        estimate=values[0],
        low=values[1],
        high=values[2],
    )
    return WithLimits(*(np.exp(function(np.log(value), risk)) for value in values))


def _group_shape(n1: ArrayLike | None, n2: ArrayLike | None, sense: str) -> tuple[Floats, Floats]:
    """Return h, and the factor from a point-biserial correlation to the one that is asked for."""
    if sense not in ("point-biserial", "biserial"):
        raise ValueError(f"sense must be point-biserial or biserial, not {sense!r}")
    if (n1 is None) != (n2 is None):
        raise ValueError("give the sizes of both groups, or of none")
    if n1 is None or n2 is None:
        h, p = np.asarray(4.0), np.asarray(0.5)
    else:
        n1, n2 = floats(n1, n2)
        refuse((n1 < 1) | (n2 < 1), "each group must hold at least one person", n1=n1, n2=n2)
        refuse(n1 + n2 <= 2, "a standardised difference needs more than two people", n1=n1, n2=n2)
        h, p = (n1 + n2 - 2.0) * (1.0 / n1 + 1.0 / n2), n1 / (n1 + n2)
    if sense == "point-biserial":
        return h, np.ones_like(p)
    density = np.exp(-(special.ndtri(p) ** 2) / 2.0) / np.sqrt(2.0 * np.pi)
    return h, np.sqrt(p * (1.0 - p)) / density


def _risk(risk: Floats) -> None:
    refuse((risk <= 0) | (risk >= 1), "a baseline risk lies between 0 and 1", risk=risk)
