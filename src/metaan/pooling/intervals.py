"""Confidence and prediction intervals of a summary effect, and the share of variance between studies."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling import estimators
from metaan.pooling.kernel import Floats, Mean, Rows, mean
from metaan.terms.special import special

INTERVALS = ("mKH", "HK", "HK-ci", "Wald", "t", "HK-IQWiG6", "KR")
#: keys of `predict` and what meta or metafor call the same interval where their word is another
PREDICTIONS = ("same", "V", "HTS", "normal", "own", "riley", "simple", "HK", "HK-PR", "KR", "KR-PR", "S")

_OVERFLOW = 350.0  #: logarithm of the largest quantile; with few degrees of freedom log t is about log(1 / (2 p)) / df


class Confidence(NamedTuple):
    """Standard error, reference distribution and limits of each row."""

    se: Floats
    df: Floats  #: infinite: normal
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats


def quantile(level: float, df: Floats) -> Floats:
    """Two-sided quantile of t, of the normal where `df` is infinite; NaN where `df` is not positive."""
    upper = 0.5 + level / 2.0
    first = df.flat[0] if df.size else math.inf
    if df.size < 2 or (df == first).all():  # one quantile serves a whole batch
        return np.full(df.shape, _quantile(upper, float(first)))
    usable = (df > 0) & np.isfinite(df)
    values = np.where(df == np.inf, special.ndtri(upper), np.nan)
    values[usable] = special.stdtrit(df[usable], upper)
    values[usable & (df < math.log(0.5 / (1.0 - upper)) / _OVERFLOW)] = np.inf
    return values


@lru_cache(maxsize=256)
def _quantile(upper: float, df: float) -> float:
    if not df > 0:
        return math.nan
    if df == math.inf:
        return float(special.ndtri(upper))
    return math.inf if df < math.log(0.5 / (1.0 - upper)) / _OVERFLOW else float(special.stdtrit(df, upper))


def wald(at: Mean, k: NDArray[np.int64]) -> Floats:
    """Standard error of the inverse-variance mean; NaN in rows without a study."""
    return 1.0 / np.sqrt(np.where(k > 0, at.weight, np.nan))


def weighted_se(a: Floats, v: Floats, tau2: Floats) -> Floats:
    """Standard error of a mean with given weights, zero where a study is left out; arrays of shape (n, k)."""
    total = a.sum(axis=1)
    spread = np.sqrt((a * a * np.where(a > 0, v + tau2[:, None], 0.0)).sum(axis=1))
    return np.divide(spread, total, out=np.full(len(a), np.nan), where=total > 0)


def hartung_knapp(at: Mean, k: NDArray[np.int64]) -> Floats:
    """Factor q = sum(w r^2) / (k - 1) on the variance of the mean; 1 for a single study."""
    return np.divide(at.q, k - 1.0, out=np.ones_like(at.q), where=k > 1)


def kenward_roger(at: Mean, k: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Kenward-Roger standard error of the mean and its degrees of freedom, from the expected REML information.

    Returns
    -------
    se, df : ndarray, shape (n,)
        A single study has its own standard error and infinite degrees of freedom.

    Notes
    -----
    With W the inverse information on tau2, the variance 1 / sum(w) grows by 2 W times the weighted variance of the
    weights over sum(w); the degrees of freedom are 2 / (W (variance * sum(w^2))^2), with that variance, as meta
    computes them.

    References
    ----------
    .. [1] Kenward MG, Roger JH. Biometrics 1997;53:983-997.
    .. [2] Partlett C, Riley RD. Stat Med 2017;36:301-317.
    """
    several = k > 1
    w, total = at.w, np.where(k > 0, at.weight, np.nan)
    uncertainty = np.divide(2.0, estimators.trace_of_square(w), out=np.zeros_like(total), where=several)
    share = w / total[:, None]
    squares = (share * w).sum(axis=1)
    variance = (1.0 + 2.0 * uncertainty * (share * (w - squares[:, None]) ** 2).sum(axis=1)) / total
    a = uncertainty * (variance * total * squares) ** 2
    return np.sqrt(variance), np.divide(2.0, a, out=np.full_like(total, np.inf), where=several)


def confidence(
    estimate: Floats,
    at: Mean,
    k: NDArray[np.int64],
    interval: str,
    level: float,
    *,
    se: Floats | None = None,
    dl_se: Floats | None = None,
) -> Confidence:
    """Confidence interval of the summary effect of each row.

    Parameters
    ----------
    estimate : ndarray, shape (n,)
        Summary effects, not centred.
    at : Mean
        Weighted means at the fitted tau2.
    k : ndarray of int, shape (n,)
    interval : str
        ``"Wald"``: normal; ``"t"``: t on k - 1, same standard error; ``"HK"``: Hartung-Knapp [1]_ [2]_, standard error
        times the root of q = sum(w r^2) / (k - 1), t on k - 1; ``"mKH"``: the same with q floored at 1 [3]_ (metafor's
        ``test="adhoc"``, meta's ``adhoc.hakn.ci="se"``); ``"HK-ci"``: HK or Wald, whichever is wider [4]_ (meta's
        ``adhoc.hakn.ci="ci"``); ``"HK-IQWiG6"``: q floored at 1 where HK is narrower than the Wald interval of
        DerSimonian and Laird, HK otherwise (meta's ``adhoc.hakn.ci="IQWiG6"``); ``"KR"``: see `kenward_roger`.
    level : float
    se : ndarray, shape (n,), optional
        Standard error in place of that of the inverse-variance mean; ``"Wald"`` and ``"t"`` only.
    dl_se : ndarray, shape (n,), optional
        Standard error at the tau2 of DerSimonian and Laird; for ``"HK-IQWiG6"``.

    Returns
    -------
    Confidence
        A row of one study has its own Wald interval whatever was asked. Under plain HK equal effects give a standard
        error of zero, which says nothing of precision: limits and p are then NaN.

    References
    ----------
    .. [1] Hartung J, Knapp G. Stat Med 2001;20:3875-3889.
    .. [2] IntHout J et al. BMC Med Res Methodol 2014;14:25.
    .. [3] Röver C, Knapp G, Friede T. BMC Med Res Methodol 2015;15:99.
    .. [4] Jackson D et al. Stat Med 2017;36:3923-3934.
    """
    plain = wald(at, k) if se is None else se
    normal = np.full(estimate.shape, np.inf)
    if interval == "Wald":
        return _with_limits(estimate, plain, normal, level)
    if interval == "KR":
        return _with_limits(estimate, *kenward_roger(at, k), level)
    df = np.where(k > 1, k - 1.0, np.inf)
    if interval == "t":
        return _with_limits(estimate, plain, df, level)
    factor = hartung_knapp(at, k)
    if interval == "mKH":
        factor = np.maximum(1.0, factor)
    own = plain * np.sqrt(factor)
    if interval == "HK-ci":
        narrower = own * quantile(level, df) < plain * quantile(level, normal)
        own, df = np.where(narrower, plain, own), np.where(narrower, np.inf, df)
    elif interval == "HK-IQWiG6":
        assert dl_se is not None
        narrower = own * quantile(level, df) < dl_se * quantile(level, normal)
        own = np.where(narrower, np.maximum(own, plain), own)
    return _with_limits(estimate, own, df, level)


def _with_limits(estimate: Floats, se: Floats, df: Floats, level: float) -> Confidence:
    se_or_nan = np.where(se > 0, se, np.nan)
    half = quantile(level, df) * se_or_nan
    statistic = estimate / se_or_nan
    tail = -np.abs(statistic)
    normal = np.isinf(df)
    if normal.all():
        p = 2.0 * special.ndtr(tail)
    elif normal.any():
        p = np.where(normal, 2.0 * special.ndtr(tail), 2.0 * special.stdtr(np.where(normal, 1.0, df), tail))
    else:
        p = 2.0 * special.stdtr(df, tail)
    return Confidence(se, df, estimate - half, estimate + half, statistic, p)


def predict(
    estimate: Floats,
    at: Mean,
    ci: Confidence,
    tau2: Floats,
    k: NDArray[np.int64],
    prediction: str,
    level: float,
    *,
    se: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Interval in which the true effect of a new study may lie: estimate -+ quantile * sqrt(tau2 + se^2).

    Parameters
    ----------
    prediction : str
        Standard error of the chosen confidence interval: ``"same"``, t on k - 1; ``"own"``, the distribution of that
        interval (metafor's default); ``"riley"``, t on k - 2 [2]_. Wald standard error: ``"V"``, t on k - 1 (meta's
        default since version 8); ``"HTS"``, t on k - 2 [1]_; ``"normal"``, normal (meta's ``"S"``, also accepted).
        Standard error of Hartung and Knapp: ``"HK"``, t on k - 1; ``"HK-PR"``, t on k - 2 [2]_. Of Kenward and Roger:
        ``"KR"``, its degrees of freedom; ``"KR-PR"``, one less [2]_. ``"simple"``: normal, no standard error (the mean
        taken as known).
    se : ndarray, shape (n,), optional
        Standard error in place of the Wald one.

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN in rows of fewer than three studies, and where the degrees of freedom are not positive.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG, Spiegelhalter DJ. J R Stat Soc A 2009;172:137-159.
    .. [2] Partlett C, Riley RD. Stat Med 2017;36:301-317.
    """
    enough = k >= 3
    error: Floats
    if prediction in ("same", "own", "riley"):
        error = ci.se
        df = ci.df if prediction == "own" else k - (1.0 if prediction == "same" else 2.0)
    elif prediction in ("KR", "KR-PR"):
        error, df = kenward_roger(at, k)
        df = df - 1.0 if prediction == "KR-PR" else df
    else:
        error = wald(at, k) if se is None else se
        if prediction in ("HK", "HK-PR"):
            error = error * np.sqrt(hartung_knapp(at, k))
        normal = np.full(k.shape, np.inf)
        by_name = {"V": k - 1.0, "HTS": k - 2.0, "HK": k - 1.0, "HK-PR": k - 2.0}
        df = by_name.get(prediction, normal)
    known = enough & (error > 0)
    variance = tau2 if prediction == "simple" else tau2 + error**2
    half = np.where(known, quantile(level, np.where(known, df, np.nan)) * np.sqrt(variance), np.nan)
    return estimate - half, estimate + half


def typical_variance(rows: Rows, fixed: Mean | None = None) -> Floats:
    """Typical sampling variance of each row (Higgins and Thompson 2002, Stat Med 21:1539-1558); NaN for one study.

    `fixed` are the weighted means at tau2 = 0, where they are known already.
    """
    w = (mean(rows.y, rows.v, np.zeros(len(rows.y))) if fixed is None else fixed).w
    return np.divide(rows.k - 1.0, estimators.trace(w), out=np.full(len(rows.y), np.nan), where=rows.k > 1)


def i2(tau2: Floats, typical: Floats) -> Floats:
    """Share of the variance of effects that lies between studies, percent."""
    return 100.0 * tau2 / (tau2 + typical)


def h2_from_test(q: Floats, k: NDArray[np.int64], level: float) -> tuple[Floats, Floats]:
    """Test-based interval of H2 = Q / (k - 1): log H is taken as normal, with the standard error its Q implies.

    Parameters
    ----------
    q : ndarray, shape (n,)
    k : ndarray of int, shape (n,)
    level : float

    Returns
    -------
    low, high : ndarray, shape (n,)
        At least 1. NaN for fewer than two studies, and for two whose Q is not above 2, where no standard error exists.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG. Stat Med 2002;21:1539-1558.
    """
    df = np.where(k > 1, k - 1.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        large = 0.5 * (np.log(q) - np.log(df)) / (np.sqrt(2.0 * q) - np.sqrt(2.0 * df - 1.0))
        small = np.sqrt((1.0 - 1.0 / (3.0 * (df - 1.0) ** 2)) / (2.0 * (df - 1.0)))
        se = np.where(q > k, large, np.where(df > 1.0, small, np.nan))
        log_h = 0.5 * np.log(np.maximum(1.0, q / df))
        half = special.ndtri(0.5 + level / 2.0) * se
        return np.maximum(1.0, np.exp(2.0 * (log_h - half))), np.maximum(1.0, np.exp(2.0 * (log_h + half)))


def share(h2: Floats) -> Floats:
    """Return I2 in percent: 1 - 1 / H2, zero where that is negative."""
    return 100.0 * np.maximum(0.0, 1.0 - 1.0 / h2)
