"""Effects from means and standard deviations: mean difference, standardised mean difference."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from metaan.effects import Effects

Floats = NDArray[np.float64]


def mean_difference(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> Effects:
    """Difference m1 - m2 of two means with variance sd1^2/n1 + sd2^2/n2 (variances not assumed equal).

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (k,)
        Sizes, means and standard deviations; group 1 has the outcome, so that positive means more of the factor goes
        with it.

    Raises
    ------
    ValueError
        Negative standard deviations, or groups of less than one.
    """
    n1, m1, sd1, n2, m2, sd2 = _groups(n1, m1, sd1, n2, m2, sd2)
    return Effects(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


def standardised_mean_difference(
    n1: ArrayLike,
    m1: ArrayLike,
    sd1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    vtype: str = "LS",
    correct: bool = True,
) -> Effects:
    """Hedges' g: the mean difference in units of the pooled standard deviation, freed of small-sample bias.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (k,)
        As for `mean_difference`.
    vtype : {"LS", "LS2", "UB"}
        Large-sample variance 1/n1 + 1/n2 + g^2 / (2 (n1 + n2)); the same of d times the squared correction; unbiased.
        Names as in metafor.
    correct : bool
        Apply the exact correction; without it the result is Cohen's d.

    Returns
    -------
    Effects
        NaN where the pooled standard deviation is zero or there are not more than two people.

    References
    ----------
    .. [1] Hedges LV. J Educ Stat 1981;6:107-128.
    """
    n1, m1, sd1, n2, m2, sd2 = _groups(n1, m1, sd1, n2, m2, sd2)
    df = n1 + n2 - 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.sqrt(((n1 - 1.0) * sd1**2 + (n2 - 1.0) * sd2**2) / df)
        d = np.where((pooled > 0) & (df > 0), (m1 - m2) / pooled, np.nan)
    return standardised(d, n1, n2, vtype=vtype, correct=correct)


def standardised(d: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool = True) -> Effects:
    """Hedges' g and its variance from Cohen's d and the group sizes; options as above."""
    d, n1, n2 = (np.asarray(value, dtype=float) for value in (d, n1, n2))
    df = n1 + n2 - 2.0
    j = small_sample_correction(df) if correct else np.ones_like(df)
    g = j * d
    inverse = 1.0 / n1 + 1.0 / n2
    with np.errstate(invalid="ignore", divide="ignore"):
        if vtype == "LS":
            v = inverse + g**2 / (2.0 * (n1 + n2))
        elif vtype == "LS2":
            v = j**2 * (inverse + d**2 / (2.0 * (n1 + n2)))
        elif vtype == "UB":
            v = inverse + (1.0 - (df - 2.0) / (df * small_sample_correction(df) ** 2)) * g**2
        else:
            raise ValueError(f"vtype must be one of LS, LS2, UB, not {vtype!r}")
    return Effects(g, np.where(np.isnan(g), np.nan, v))


def small_sample_correction(df: ArrayLike) -> Floats:
    """Exact factor gamma(df/2) / (sqrt(df/2) gamma((df-1)/2)) that takes d to g (Hedges 1981); NaN for df <= 1."""
    df = np.asarray(df, dtype=float)
    half = np.where(df > 1, df, np.nan) / 2.0
    return np.exp(special.gammaln(half) - special.gammaln(half - 0.5)) / np.sqrt(half)


def _groups(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> tuple[Floats, ...]:
    values = tuple(np.asarray(value, dtype=float) for value in (n1, m1, sd1, n2, m2, sd2))
    if (values[0] < 1).any() or (values[3] < 1).any():
        raise ValueError("each group must hold at least one person")
    if (values[2] < 0).any() or (values[5] < 0).any():
        raise ValueError("standard deviations must not be negative")
    return values
