"""Ratios of means, of standard deviations and of coefficients of variation, of one group measured twice or of pairs."""

import numpy as np
from numpy.typing import ArrayLike

from metaan.effects import Effects
from metaan.effects.mean_ratios import same_sign
from metaan.effects.paired import change_variance, moments
from metaan.effects.recipe import Inputs, Recipe, estimable


def log_ratio_of_paired_means(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    correct: bool = True,
) -> Effects:
    """Logarithm of m1 / m2 with variance (CV1^2 + CV2^2 - 2 r CV1 CV2) / n, CV = sd/m.

    Parameters
    ----------
    m1, m2, sd1, sd2, n, r : array_like, shape (..., k)
        As for `paired.mean_change`.
    correct : bool
        Add (CV1^2 - CV2^2) / (2n), the bias of second order.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the means have not the same sign.

    Raises
    ------
    ValueError
        As for `paired.mean_change`.

    References
    ----------
    .. [1] Lajeunesse MJ. Ecology 2011;92:2049-2055.
    """
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    m1, m2 = same_sign(m1, m2)
    cv1, cv2 = sd1 / m1, sd2 / m2
    return estimable(np.log(m1 / m2) + (cv1**2 - cv2**2) / (2.0 * n) * bool(correct), change_variance(cv1, cv2, r) / n)


def log_paired_variability_ratio(sd1: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike) -> Effects:
    """Logarithm of sd1 / sd2 with variance (1 - r^2) / (n - 1).

    NaN where a standard deviation is zero, or there is one person. Errors as for `paired.mean_change`.

    References
    ----------
    .. [1] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    """
    _, _, sd1, sd2, n, r = moments(0.0, 0.0, sd1, sd2, n, r)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(sd1 / sd2), (1.0 - r**2) / np.where(n > 1, n - 1.0, np.nan))


def log_paired_cv_ratio(
    m1: ArrayLike, m2: ArrayLike, sd1: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike
) -> Effects:
    """Logarithm of (sd1/m1) / (sd2/m2), freed of the bias that the means bring.

    The variance is that of `log_paired_variability_ratio` and of `log_ratio_of_paired_means` together. NaN where a mean
    or a standard deviation is not above 0, or there is one person. Errors as for `paired.mean_change`.

    References
    ----------
    .. [1] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    """
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    m1, m2 = (np.where(m > 0, m, np.nan) for m in (m1, m2))
    spread, centre = log_paired_variability_ratio(sd1, sd2, n, r), log_ratio_of_paired_means(m1, m2, sd1, sd2, n, r)
    return estimable(spread.y - centre.y, spread.v + centre.v)


_PAIRS = ("m1i", "m2i", "sd1i", "sd2i", "ni", "ri")
_POSITIVE = "the logarithm needs means and standard deviations above 0, and two people"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="ROMC",
        inputs=(Inputs(_PAIRS, log_ratio_of_paired_means),),
        options=("correct",),
        undefined="a ratio needs two means of the same sign, none of them 0",
    ),
    Recipe(
        name="VRC",
        inputs=(Inputs(("sd1i", "sd2i", "ni", "ri"), log_paired_variability_ratio),),
        undefined=_POSITIVE,
    ),
    Recipe(name="CVRC", inputs=(Inputs(_PAIRS, log_paired_cv_ratio),), undefined=_POSITIVE),
)
