"""Standard deviations and standard errors from what is printed in their place."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.terms.special import special

Floats = NDArray[np.float64]


def two_sided_quantile(level: float, df: ArrayLike = np.inf) -> Floats:
    """Quantile of t on `df` degrees of freedom (normal if infinite) that bounds a central interval."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    df = np.asarray(df, dtype=float)
    t = special.stdtrit(np.where(np.isinf(df), 1.0, df), 0.5 + level / 2.0)
    return np.where(np.isinf(df), NormalDist().inv_cdf(0.5 + level / 2.0), t)


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Floats:
    """Standard deviation se * sqrt(n) of n people whose mean has standard error `se`.

    Raises
    ------
    ValueError
        Negative standard errors.
    """
    se, n = np.asarray(se, dtype=float), np.asarray(n, dtype=float)
    if (se < 0).any():
        raise ValueError("standard errors must not be negative")
    return se * np.sqrt(n)


def sd_from_ci(low: ArrayLike, high: ArrayLike, n: ArrayLike, level: float = 0.95) -> Floats:
    """Standard deviation of n people from the interval of their mean, t on n - 1 (Cochrane Handbook 6.5.2.2)."""
    n = np.asarray(n, dtype=float)
    return sd_from_se(se_from_ci(low, high, level, n - 1.0), n)


def se_from_ci(low: ArrayLike, high: ArrayLike, level: float = 0.95, df: ArrayLike = np.inf) -> Floats:
    """Standard error from an interval of estimate -+ quantile * se; for ratios give the logarithms of the limits.

    Raises
    ------
    ValueError
        A lower limit above the upper.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if (low > high).any():
        raise ValueError("the lower limit lies above the upper limit")
    return (high - low) / (2.0 * two_sided_quantile(level, df))


def se_from_statistic(estimate: ArrayLike, statistic: ArrayLike) -> Floats:
    """Standard error from an estimate and its t or z; NaN where the statistic is zero."""
    estimate, statistic = np.asarray(estimate, dtype=float), np.asarray(statistic, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(statistic == 0, np.nan, np.abs(estimate / statistic))


def se_from_p(estimate: ArrayLike, p: ArrayLike, df: ArrayLike = np.inf) -> Floats:
    """Standard error from an estimate and its two-sided p-value against zero; NaN where p is 1 or the estimate 0."""
    se = se_from_statistic(estimate, statistic_from_p(p, df))
    return np.where(se > 0, se, np.nan)


def statistic_from_p(p: ArrayLike, df: ArrayLike = np.inf) -> Floats:
    """Absolute t (z if `df` is infinite) that has the two-sided p-value `p`.

    Raises
    ------
    ValueError
        p outside 0 < p <= 1.
    """
    p, df = np.asarray(p, dtype=float), np.asarray(df, dtype=float)
    if ((p <= 0) | (p > 1)).any():
        raise ValueError("a p-value lies above 0 and is at most 1")
    t = special.stdtrit(np.where(np.isinf(df), 1.0, df), p / 2.0)
    return np.abs(np.where(np.isinf(df), special.ndtri(p / 2.0), t))
