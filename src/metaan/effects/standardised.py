"""Standardised mean differences from group sizes and d, t, F or p, and their small-sample correction."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import estimable, floats, refuse
from metaan.effects.recover import statistic_from_p
from metaan.terms.special import special

Floats = NDArray[np.float64]

LOGISTIC = math.pi / math.sqrt(3.0)  #: standard deviation of the standard logistic distribution
COX = 1.65  #: the factor of Cox, for normal outcomes

_SERIES_FROM = 100.0  #: degrees of freedom
_SERIES = (1.0, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)


def standardised(
    d: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool | str = True
) -> Effects:
    """Hedges' g and its variance from Cohen's d and the group sizes.

    Parameters
    ----------
    d, n1, n2 : array_like, shape (..., k)
    vtype : {"LS", "LS2", "UB", "AV", "RevMan"}
        1/n1 + 1/n2 plus: g^2 / (2N), N = n1 + n2; the same of d, all times the squared correction; the term that makes
        the variance unbiased; gbar^2 / (2N), where gbar is the mean of the last axis weighted by N; or
        g^2 / (2 (N - 3.94)), as Review Manager has it.
    correct : bool or "approximate"
        Multiply d by the exact correction, not at all (Cohen's d), or by 1 - 3 / (4 (N - 2) - 1).

    Returns
    -------
    Effects
        Shape (..., k).

    Raises
    ------
    ValueError
        Groups of less than one, or an unknown option.
    """
    d, n1, n2 = _sizes(d, n1, n2)
    one_of("vtype", vtype, ("LS", "LS2", "UB", "AV", "RevMan"))
    n, df = n1 + n2, n1 + n2 - 2.0
    j, inverse = correction(df, correct), 1.0 / n1 + 1.0 / n2
    g = j * d
    with np.errstate(invalid="ignore", divide="ignore"):
        if vtype == "LS":
            v = inverse + g**2 / (2.0 * n)
        elif vtype == "LS2":
            v = j**2 * (inverse + d**2 / (2.0 * n))
        elif vtype == "UB":
            v = inverse + (1.0 - (df - 2.0) / (df * small_sample_correction(df) ** 2)) * g**2
        elif vtype == "AV":
            v = inverse + average(g, n) ** 2 / (2.0 * n)
        else:
            v = inverse + g**2 / (2.0 * np.where(n > 3.94, n - 3.94, np.nan))
    return estimable(g, v)


def t_to_g(t: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool | str = True) -> Effects:
    """Hedges' g from the t of a two-sample test with equal variances: d = t sqrt(1/n1 + 1/n2).

    Parameters
    ----------
    t : array_like, shape (..., k)
        Positive where group 1 has more.
    n1, n2, vtype, correct
        As for `standardised`.

    Raises
    ------
    ValueError
        Groups of less than one, or an unknown option.
    """
    t, n1, n2 = _sizes(t, n1, n2)
    return standardised(t * np.sqrt(1.0 / n1 + 1.0 / n2), n1, n2, vtype=vtype, correct=correct)


def f_to_g(
    f: ArrayLike, sign: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool | str = True
) -> Effects:
    """Hedges' g from the F of two groups (one numerator degree of freedom): t = sqrt(F) with the sign that is given.

    Parameters
    ----------
    f : array_like, shape (..., k)
    sign : array_like, shape (..., k)
        Above 0 where group 1 has more, below 0 where group 2 has.
    n1, n2, vtype, correct
        As for `standardised`.

    Raises
    ------
    ValueError
        A negative F, a sign of 0, groups of less than one, or an unknown option.
    """
    f, sign, n1, n2 = floats(f, sign, n1, n2)
    refuse(f < 0, "F must not be negative", fi=f)
    refuse(sign == 0, "the sign says which group has more: it must lie above or below 0")
    return t_to_g(np.sign(sign) * np.sqrt(f), n1, n2, vtype=vtype, correct=correct)


def p_to_g(p: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool | str = True) -> Effects:
    """Hedges' g from the exact two-sided p-value of a two-sample t test with equal variances.

    Parameters
    ----------
    p : array_like, shape (..., k)
        With the sign of the difference: 0.03 where group 1 has more, -0.03 where group 2 has.
    n1, n2, vtype, correct
        As for `standardised`.

    Raises
    ------
    ValueError
        p of 0 or beyond 1, groups of less than one, or an unknown option.
    """
    p, n1, n2 = _sizes(p, n1, n2)
    refuse((p == 0) | (np.abs(p) > 1), "a p-value lies above 0 and is at most 1, its sign apart", pi=p)
    df = n1 + n2 - 2.0
    usable = np.isfinite(p) & (df > 0)
    t = statistic_from_p(np.where(usable, np.abs(p), 1.0), np.where(usable, df, 1.0))
    return t_to_g(np.where(usable, np.sign(p) * t, np.nan), n1, n2, vtype=vtype, correct=correct)


def small_sample_correction(df: ArrayLike) -> Floats:
    """Exact factor gamma(df/2) / (sqrt(df/2) gamma((df-1)/2)) that takes d to g (Hedges 1981); NaN for df <= 1.

    From 100 degrees of freedom on by the asymptotic series of a ratio of gamma functions, which keeps all digits.
    """
    df = np.asarray(df, dtype=float)
    half = np.where(df > 1, df, np.nan) / 2.0
    few = np.minimum(half, _SERIES_FROM)
    exact = np.exp(special.gammaln(few) - special.gammaln(few - 0.5)) / np.sqrt(few)
    z = np.where(half > 1.0, half - 0.5, 1.0)
    series = np.sqrt(z / np.where(half > 0, half, 1.0)) * np.polynomial.polynomial.polyval(1.0 / z, _SERIES)
    return np.where(df > _SERIES_FROM, series, exact)


def correction(df: Floats, correct: bool | str) -> Floats:
    """Return the factor from d to g: exact, 1, or approximate."""
    if correct is True:
        return small_sample_correction(df)
    if correct is False:
        return np.where(df > 0, 1.0, np.nan)
    one_of("correct", correct, ("approximate",))
    return np.where(df > 1, 1.0 - 3.0 / (4.0 * np.where(df > 1, df, 2.0) - 1.0), np.nan)


def average(value: Floats, weight: Floats) -> Floats:
    """Weighted mean over the last axis, kept as an axis of length 1, of the rows that have a value."""
    known = np.isfinite(value) & np.isfinite(weight)
    weight = np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.sum(weight * np.where(known, value, 0.0), axis=-1, keepdims=value.ndim > 0)
        return np.asarray(mean / np.sum(weight, axis=-1, keepdims=value.ndim > 0))


def one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse an option that is not known."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def _sizes(value: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> tuple[Floats, ...]:
    value, n1, n2 = floats(value, n1, n2)
    refuse((n1 < 1) | (n2 < 1), "each group must hold at least one person", n1i=n1, n2i=n2)
    return value, n1, n2


def groups(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> tuple[Floats, ...]:
    """Return two groups as arrays of one shape; refuse negative standard deviations and groups of less than one."""
    n1, m1, sd1, n2, m2, sd2 = floats(n1, m1, sd1, n2, m2, sd2)
    refuse((n1 < 1) | (n2 < 1), "each group must hold at least one person", n1i=n1, n2i=n2)
    refuse((sd1 < 0) | (sd2 < 0), "standard deviations must not be negative", sd1i=sd1, sd2i=sd2)
    return n1, m1, sd1, n2, m2, sd2


def pooled_variance(n1: Floats, sd1: Floats, n2: Floats, sd2: Floats) -> Floats:
    """Return the variance pooled over two groups; NaN where there are not more than two people."""
    df = n1 + n2 - 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(df > 0, ((n1 - 1.0) * sd1**2 + (n2 - 1.0) * sd2**2) / df, np.nan)
