"""Means and standard deviations from medians, quartiles and ranges, and a test of whether they may be used."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.terms.special import special

Floats = NDArray[np.float64]

SMALLEST_TESTED = 5  #: people; below, five order statistics are the whole sample and the critical values mean nothing


class Summary(NamedTuple):
    """Mean and standard deviation of each group."""

    mean: Floats
    sd: Floats
    method: str


def from_range(n: ArrayLike, minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike) -> Summary:
    """Mean (Luo 2018) and SD (Wan 2014) from minimum, median and maximum of n people.

    Parameters
    ----------
    n, minimum, median, maximum : array_like, shape (k,)

    Raises
    ------
    ValueError
        Values out of order, or fewer than two people.

    References
    ----------
    .. [1] Luo D et al. Stat Methods Med Res 2018;27:1785-1805, equation 7.
    .. [2] Wan X et al. BMC Med Res Methodol 2014;14:135, equation 9.
    """
    n, low, med, high = _ordered(n, minimum, median, maximum)
    w = 4.0 / (4.0 + n**0.75)
    return Summary(w * (low + high) / 2.0 + (1.0 - w) * med, sd_from_range(n, low, high), "Luo 2018, Wan 2014")


def sd_from_range(n: ArrayLike, minimum: ArrayLike, maximum: ArrayLike) -> Floats:
    """SD (max - min) / (2 z((n - 0.375) / (n + 0.25))) of n people (Wan 2014, equation 9); normality is assumed."""
    n, low, high = _ordered(n, minimum, maximum)
    return (high - low) / (2.0 * special.ndtri((n - 0.375) / (n + 0.25)))


def from_quartiles(n: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike) -> Summary:
    """Mean (Luo 2018, equation 11) and SD (Wan 2014, equation 16) from the three quartiles; errors as `from_range`."""
    n, low, med, high = _ordered(n, q1, median, q3)
    w = 0.7 + 0.39 / n
    sd = (high - low) / (2.0 * special.ndtri((0.75 * n - 0.125) / (n + 0.25)))
    return Summary(w * (low + high) / 2.0 + (1.0 - w) * med, sd, "Luo 2018, Wan 2014")


def from_five_numbers(
    n: ArrayLike, minimum: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike, maximum: ArrayLike
) -> Summary:
    """Mean (Luo 2018, equation 15) and SD (Shi 2020) from all five numbers; errors as `from_range`.

    References
    ----------
    .. [1] Shi J et al. Res Synth Methods 2020;11:641-654.
    """
    n, low, first, med, third, high = _ordered(n, minimum, q1, median, q3, maximum)
    w1 = 2.2 / (2.2 + n**0.75)
    w2 = 0.7 - 0.72 / n**0.55
    mean = w1 * (low + high) / 2.0 + w2 * (first + third) / 2.0 + (1.0 - w1 - w2) * med
    theta1 = (2.0 + 0.14 * n**0.6) * special.ndtri((n - 0.375) / (n + 0.25))
    theta2 = (2.0 + 2.0 / (0.07 * n**0.6)) * special.ndtri((0.75 * n - 0.125) / (n + 0.25))
    return Summary(mean, (high - low) / theta1 + (third - first) / theta2, "Luo 2018, Shi 2020")


def sd_of_wan(n: ArrayLike, minimum: ArrayLike, q1: ArrayLike, q3: ArrayLike, maximum: ArrayLike) -> Floats:
    """SD from five numbers as the mean of those from the range and from the quartiles (Wan 2014, equation 13)."""
    n, low, first, third, high = _ordered(n, minimum, q1, q3, maximum)
    of_range = (high - low) / (2.0 * special.ndtri((n - 0.375) / (n + 0.25)))
    return (of_range + (third - first) / (2.0 * special.ndtri((0.75 * n - 0.125) / (n + 0.25)))) / 2.0


def by_hozo(n: ArrayLike, minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike) -> Summary:
    """Mean (min + 2 med + max) / 4 and the SD for small, middle and large groups of Hozo 2005; errors as `from_range`.

    The SD is sqrt(((min - 2 med + max)^2 / 4 + (max - min)^2) / 12) up to 15 people, a quarter of the range up to 70, a
    sixth of it beyond. Kept for comparison with published reviews; `from_range` is better.

    References
    ----------
    .. [1] Hozo SP, Djulbegovic B, Hozo I. BMC Med Res Methodol 2005;5:13.
    """
    n, low, med, high = _ordered(n, minimum, median, maximum)
    few = np.sqrt(((low - 2.0 * med + high) ** 2 / 4.0 + (high - low) ** 2) / 12.0)
    sd = np.where(n <= 15, few, (high - low) / np.where(n <= 70, 4.0, 6.0))
    return Summary((low + 2.0 * med + high) / 4.0, sd, "Hozo 2005")


def by_wan(
    n: ArrayLike,
    median: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> Summary:
    """Mean and SD of Wan 2014, whose means Luo 2018 improved; give quartiles, extremes or all four.

    Means: (min + 2 med + max) / 4, (q1 + med + q3) / 3, (min + 2 q1 + 2 med + 2 q3 + max) / 8. Errors as `from_range`.

    References
    ----------
    .. [1] Wan X et al. BMC Med Res Methodol 2014;14:135.
    """
    if q1 is not None and q3 is not None and minimum is not None and maximum is not None:
        n, low, first, med, third, high = _ordered(n, minimum, q1, median, q3, maximum)
        mean = (low + 2.0 * (first + med + third) + high) / 8.0
        return Summary(mean, sd_of_wan(n, low, first, third, high), "Wan 2014")
    if q1 is not None and q3 is not None:
        n, low, med, high = _ordered(n, q1, median, q3)
        return Summary((low + med + high) / 3.0, from_quartiles(n, low, med, high).sd, "Wan 2014")
    if minimum is not None and maximum is not None:
        n, low, med, high = _ordered(n, minimum, median, maximum)
        return Summary((low + 2.0 * med + high) / 4.0, sd_from_range(n, low, high), "Wan 2014")
    raise ValueError("a spread needs both quartiles, both extremes, or all four")


def by_bland(
    n: ArrayLike, minimum: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike, maximum: ArrayLike
) -> Summary:
    """Mean and SD of Bland 2015 from five numbers; the SD grows with n, so that `from_five_numbers` is better.

    References
    ----------
    .. [1] Bland M. Estimating mean and standard deviation from the sample size, three quartiles, minimum, and maximum.
       Int J Stat Med Res 2015;4:57-64.
    """
    n, low, first, med, third, high = _ordered(n, minimum, q1, median, q3, maximum)
    mean = (low + 2.0 * (first + med + third) + high) / 8.0
    squares = (low**2 + 2.0 * (first**2 + med**2 + third**2) + high**2) / 16.0
    products = (low * first + first * med + med * third + third * high) / 8.0
    return Summary(mean, np.sqrt(np.maximum(squares + products - mean**2, 0.0)), "Bland 2015")


def by_walter(n: ArrayLike, minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike) -> Summary:
    """The median as mean, and the SD from the range over its expectation in a normal sample; errors as `from_range`.

    The expected range of n standard normal values is integrated exactly (3.7350 for n = 20).

    References
    ----------
    .. [1] Walter SD, Yao X. J Clin Epidemiol 2007;60:849-852.
    """
    n, low, med, high = _ordered(n, minimum, median, maximum)
    return Summary(np.array(med), (high - low) / expected_range(n), "Walter 2007")


def expected_range(n: ArrayLike) -> Floats:
    """Expected range of n standard normal values: the integral of 1 - Phi(x)^n - (1 - Phi(x))^n."""
    n = np.asarray(n, dtype=float)
    x = np.linspace(-12.0, 12.0, 961)
    log_p = special.log_ndtr(x)
    inside = -np.expm1(n[..., None] * log_p) - np.exp(n[..., None] * special.log_ndtr(-x))
    return np.asarray(inside.sum(axis=-1) * (x[1] - x[0]))


def skewed(
    n: ArrayLike,
    median: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Tell which groups are significantly skewed at the 5 % level, by the test of Shi et al. 2023.

    Parameters
    ----------
    n, median : array_like, shape (k,)
    q1, q3, minimum, maximum : array_like, optional
        The quartiles, the extremes, or all four.

    Returns
    -------
    ndarray of bool
        False where there is nothing to test: fewer than five people, or no distance between the two limits.

    Notes
    -----
    Statistics: the sizes of (min + max - 2 med) / (max - min) and of (q1 + q3 - 2 med) / (q3 - q1); with five numbers
    the larger of the second and 2.65 ln(0.6 n) / sqrt(n) times the first. Critical values: 1/ln(n + 9) + 2.5/(n + 1),
    2.65/sqrt(n) - 6/n^2 and 3/sqrt(n) - 40/n^3. Some programs use 1.01 and 2.43, 2.66 and 5.92, 2.97 and 39.1 instead,
    which differ by less than 0.01 from n = 10 on; both keep the 5 % level in normal samples (see the tests).

    References
    ----------
    .. [1] Shi J et al. Stat Methods Med Res 2023;32:1338-1360.
    """
    n, med = np.asarray(n, dtype=float), np.asarray(median, dtype=float)
    far = None if minimum is None or maximum is None else _asymmetry(minimum, med, maximum)
    near = None if q1 is None or q3 is None else _asymmetry(q1, med, q3)
    if far is None and near is None:
        raise ValueError("the test needs both quartiles, both extremes, or all four")
    if far is not None and near is not None:
        statistic = np.maximum(2.65 * np.log(0.6 * n) / np.sqrt(n) * far, near)
        critical = 3.0 / np.sqrt(n) - 40.0 / n**3
    elif far is not None:
        statistic, critical = far, 1.0 / np.log(n + 9.0) + 2.5 / (n + 1.0)
    else:
        assert near is not None
        statistic, critical = near, 2.65 / np.sqrt(n) - 6.0 / n**2
    return (statistic > critical) & (n >= SMALLEST_TESTED)


def _asymmetry(low: ArrayLike, median: Floats, high: ArrayLike) -> Floats:
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    width = high - low
    return np.divide(np.abs(low + high - 2.0 * median), width, out=np.zeros_like(width), where=width > 0)


def _ordered(n: ArrayLike, *values: ArrayLike) -> tuple[Floats, ...]:
    n, arrays = np.asarray(n, dtype=float), [np.asarray(value, dtype=float) for value in values]
    if (n < 2).any():
        raise ValueError("a spread needs at least two people")
    if any((left > right).any() for left, right in pairwise(arrays)):
        raise ValueError("minimum, quartiles, median and maximum must be in ascending order")
    return n, *arrays
