"""Ratios of means, of standard deviations and of coefficients of variation, of two groups."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable
from metaan.effects.standardised import average, groups, one_of, pooled_variance

Floats = NDArray[np.float64]


def log_ratio_of_means(
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
    """Logarithm of the ratio m1 / m2 of two means.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)
    vtype : {"LS", "HO", "AV"}
        Variance CV1^2/n1 + CV2^2/n2 with CV = sd/m; with the pooled standard deviation in place of both; with mean CVs
        in place of each study's own (means over the last axis, weighted by the sizes, one for each group).
    correct : bool
        Add (CV1^2/n1 - CV2^2/n2) / 2, the bias of second order. metafor does from version 5 on, the R package meta
        does not.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the means have not the same sign.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Hedges LV, Gurevitch J, Curtis PS. Ecology 1999;80:1150-1156.
    .. [2] Lajeunesse MJ. Ecology 2015;96:2056-2063 (bias).
    .. [3] Doncaster CP, Spake R. Methods Ecol Evol 2018;9:634-644 (mean CVs).
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    one_of("vtype", vtype, ("LS", "HO", "AV"))
    m1, m2 = same_sign(m1, m2)
    first, second = (sd1 / m1) ** 2 / n1, (sd2 / m2) ** 2 / n2
    y = np.log(m1 / m2) + (first - second) / 2.0 * bool(correct)
    if vtype == "LS":
        return estimable(y, first + second)
    if vtype == "HO":
        return estimable(y, pooled_variance(n1, sd1, n2, sd2) * (1.0 / (n1 * m1**2) + 1.0 / (n2 * m2**2)))
    cv1, cv2 = average(sd1 / m1, n1), average(sd2 / m2, n2)
    return estimable(np.where(np.isfinite(first + second), y, np.nan), cv1**2 / n1 + cv2**2 / n2)


def log_variability_ratio(n1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, sd2: ArrayLike) -> Effects:
    """Logarithm of the ratio sd1 / sd2, freed of bias, with variance 1/(2(n1-1)) + 1/(2(n2-1)).

    Parameters
    ----------
    n1, sd1, n2, sd2 : array_like, shape (..., k)

    Returns
    -------
    Effects
        Shape (..., k); NaN where a standard deviation is zero or a group has one person.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    """
    n1, _, sd1, n2, _, sd2 = groups(n1, 0.0, sd1, n2, 0.0, sd2)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = 0.5 / (n1 - 1.0), 0.5 / (n2 - 1.0)
        return estimable(np.log(sd1 / sd2) + first - second, first + second)


def log_cv_ratio(n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike) -> Effects:
    """Logarithm of the ratio of two coefficients of variation, freed of bias.

    The logarithm is that of (sd1/m1) / (sd2/m2) plus 1/(2(n1-1)) - 1/(2(n2-1)) for the standard deviations and
    (CV2^2/n2 - CV1^2/n1) / 2 for the means; the variance 1/(2(n1-1)) + 1/(2(n2-1)) + CV1^2/n1 + CV2^2/n2, as in normal
    samples, where means and standard deviations are independent.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)

    Returns
    -------
    Effects
        Shape (..., k); NaN where a mean or a standard deviation is not above 0, or a group has one person.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    .. [2] Senior AM, Viechtbauer W, Nakagawa S. Res Synth Methods 2020;11:553-567.
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    ratio = log_variability_ratio(n1, sd1, n2, sd2)
    m1, m2 = (np.where(m > 0, m, np.nan) for m in (m1, m2))
    first, second = (sd1 / m1) ** 2 / n1, (sd2 / m2) ** 2 / n2
    return estimable(ratio.y - np.log(m1 / m2) + (second - first) / 2.0, ratio.v + first + second)


def same_sign(m1: Floats, m2: Floats) -> tuple[Floats, Floats]:
    """Return means, NaN where they have not the same sign."""
    same = (np.sign(m1) == np.sign(m2)) & (m1 != 0)
    return np.where(same, m1, np.nan), np.where(same, m2, np.nan)


_GROUPS = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
_SAME_SIGN = "a ratio needs two means of the same sign, none of them 0"
_POSITIVE = "the logarithm needs means and standard deviations above 0, and two people a group"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="ROM", inputs=(Inputs(_GROUPS, log_ratio_of_means),), options=("vtype", "correct"), undefined=_SAME_SIGN
    ),
    Recipe(name="VR", inputs=(Inputs(("n1i", "sd1i", "n2i", "sd2i"), log_variability_ratio),), undefined=_POSITIVE),
    Recipe(name="CVR", inputs=(Inputs(_GROUPS, log_cv_ratio),), undefined=_POSITIVE),
)
