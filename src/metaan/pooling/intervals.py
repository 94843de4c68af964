"""Confidence and prediction intervals of a summary effect, and the share of variance between studies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from metaan.pooling.kernel import Floats, Mean, Rows, mean

INTERVALS = ("mKH", "HK", "HK-ci", "Wald", "t")
PREDICTIONS = ("same", "HTS", "normal", "V")


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
    normal = np.isinf(df)
    values = np.full(df.shape, np.nan)
    usable = (df > 0) & ~normal
    values[usable] = special.stdtrit(df[usable], upper)
    values[normal] = special.ndtri(upper)
    return values


def confidence(estimate: Floats, at: Mean, k: NDArray[np.int64], interval: str, level: float) -> Confidence:
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
        ``test="adhoc"``); ``"HK-ci"``: HK or Wald, whichever is wider (meta's ``adhoc.hakn.ci="ci"``).
    level : float

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
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        wald = 1.0 / np.sqrt(at.weight)
    wald = np.where(k > 0, wald, np.nan)
    normal = np.full(estimate.shape, np.inf)
    se, df = wald, normal
    if interval != "Wald":
        several = k > 1
        df = np.where(several, k - 1.0, np.inf)
        if interval != "t":
            factor = np.divide(at.q, k - 1.0, out=np.ones_like(at.q), where=several)
            if interval == "mKH":
                factor = np.maximum(1.0, factor)
            se = wald * np.sqrt(factor)
        if interval == "HK-ci":
            narrower = se * quantile(level, df) < wald * quantile(level, normal)
            se, df = np.where(narrower, wald, se), np.where(narrower, np.inf, df)
    return _with_limits(estimate, se, df, level)


def _with_limits(estimate: Floats, se: Floats, df: Floats, level: float) -> Confidence:
    se_or_nan = np.where(se > 0, se, np.nan)
    half = quantile(level, df) * se_or_nan
    statistic = estimate / se_or_nan
    normal = np.isinf(df)
    p = np.where(
        normal, 2.0 * special.ndtr(-np.abs(statistic)), 2.0 * special.stdtr(np.where(normal, 1.0, df), -abs(statistic))
    )
    return Confidence(se, df, estimate - half, estimate + half, statistic, p)


def predict(
    estimate: Floats, at: Mean, ci: Confidence, tau2: Floats, k: NDArray[np.int64], prediction: str, level: float
) -> tuple[Floats, Floats]:
    """Interval in which the true effect of a new study may lie: estimate -+ quantile * sqrt(tau2 + se^2).

    Parameters
    ----------
    prediction : str
        ``"same"``: t on k - 1, standard error of the chosen confidence interval; ``"V"``: t on k - 1, Wald standard
        error (meta's default since version 8); ``"HTS"``: t on k - 2, Wald standard error [1]_; ``"normal"``: normal,
        Wald standard error.

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN in rows of fewer than three studies.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG, Spiegelhalter DJ. J R Stat Soc A 2009;172:137-159.
    """
    enough = k >= 3
    variance = ci.se**2 if prediction == "same" else 1.0 / np.where(enough, at.weight, np.nan)
    df = {"same": k - 1.0, "V": k - 1.0, "HTS": k - 2.0, "normal": np.full(k.shape, np.inf)}[prediction]
    half = np.where(enough, quantile(level, df) * np.sqrt(tau2 + variance), np.nan)
    return estimate - half, estimate + half


def typical_variance(rows: Rows) -> Floats:
    """Typical sampling variance of each row (Higgins and Thompson 2002, Stat Med 21:1539-1558); NaN for one study."""
    fixed = mean(rows.y, rows.v, np.zeros(len(rows.y)))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = fixed.weight - np.einsum("nk,nk->n", fixed.w, fixed.w) / fixed.weight
        return np.where(rows.k > 1, (rows.k - 1) / spread, np.nan)


def i2(tau2: Floats, typical: Floats) -> Floats:
    """Share of the variance of effects that lies between studies, percent."""
    return 100.0 * tau2 / (tau2 + typical)
