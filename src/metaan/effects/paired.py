"""Changes within one group, and differences of matched pairs, from means, standard deviations and their correlation.

Measurement 1 minus measurement 2: give the later one as 1 for a change, and the same order in every study.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.recover import statistic_from_p
from metaan.effects.standardised import correction

Floats = NDArray[np.float64]


def mean_change(m1: ArrayLike, m2: ArrayLike, sd1: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike) -> Effects:
    """Mean change m1 - m2 with variance (sd1^2 + sd2^2 - 2 r sd1 sd2) / n.

    Parameters
    ----------
    m1, m2, sd1, sd2 : array_like, shape (..., k)
        Means and standard deviations of both measurements.
    n : array_like, shape (..., k)
        People measured twice, or pairs.
    r : array_like, shape (..., k)
        Correlation of the two measurements.

    Returns
    -------
    Effects
        Shape (..., k).

    Raises
    ------
    ValueError
        Negative standard deviations, fewer than one person, or correlations beyond -1 to 1.
    """
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    return estimable(m1 - m2, change_variance(sd1, sd2, r) / n)


def mean_of_differences(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Mean change as it is printed, with the standard deviation of the differences: variance sd^2 / n.

    Parameters
    ----------
    mean, sd, n : array_like, shape (..., k)

    Raises
    ------
    ValueError
        Negative standard deviations, or fewer than one person.
    """
    mean, _, sd, _, n, _ = moments(mean, 0.0, sd, 0.0, n, 0.0)
    return estimable(mean, sd**2 / n)


def change_in_change_units(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Mean change in units of the standard deviation of the changes, with variance 1/n + y^2 / (2n).

    Parameters
    ----------
    m1, m2, sd1, sd2, n, r : array_like, shape (..., k)
        As for `mean_change`.
    correct : bool or "approximate"
        Correction for small samples with n - 1 degrees of freedom, as for `standardised.standardised`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the changes do not vary, or there is one person.

    Raises
    ------
    ValueError
        As for `mean_change`.

    References
    ----------
    .. [1] Gibbons RD, Hedeker DR, Davis JM. J Educ Stat 1993;18:271-279.
    """
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    return _in_change_units((m1 - m2) / _root(change_variance(sd1, sd2, r)), n, correct)


def change_from_t(t: ArrayLike, n: ArrayLike, *, correct: bool | str = True) -> Effects:
    """Mean change in units of the standard deviation of the changes, from the t of a paired test: d = t / sqrt(n).

    Parameters
    ----------
    t, n : array_like, shape (..., k)
    correct
        As for `change_in_change_units`.

    Raises
    ------
    ValueError
        Fewer than one person.
    """
    t, n = floats(t, n)
    refuse(n < 1, "a group must hold at least one person", ni=n)
    return _in_change_units(t / np.sqrt(n), n, correct)


def change_from_p(p: ArrayLike, n: ArrayLike, *, correct: bool | str = True) -> Effects:
    """Mean change in units of the standard deviation of the changes, from the exact two-sided p of a paired t test.

    Parameters
    ----------
    p, n : array_like, shape (..., k)
        p with the sign of the change.
    correct
        As for `change_in_change_units`.

    Raises
    ------
    ValueError
        p of 0 or beyond 1, or fewer than one person.
    """
    p, n = floats(p, n)
    refuse((p == 0) | (np.abs(p) > 1), "a p-value lies above 0 and is at most 1, its sign apart", pi=p)
    usable = np.isfinite(p) & (n > 1)
    t = statistic_from_p(np.where(usable, np.abs(p), 1.0), np.where(usable, n - 1.0, 1.0))
    return change_from_t(np.where(usable, np.sign(p) * t, np.nan), n, correct=correct)


def change_in_raw_units(
    m1: ArrayLike, m2: ArrayLike, sd1: ArrayLike, n: ArrayLike, r: ArrayLike, *, correct: bool | str = True
) -> Effects:
    """Mean change in units of the standard deviation of measurement 1, with variance 2(1 - r)/n + y^2 / (2n).

    Parameters
    ----------
    m1, m2, sd1, n, r : array_like, shape (..., k)
        As for `mean_change`; the variance takes both standard deviations as equal.
    correct
        As for `change_in_change_units`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the standard deviation is zero, or there is one person.

    Raises
    ------
    ValueError
        As for `mean_change`.

    References
    ----------
    .. [1] Becker BJ. Br J Math Stat Psychol 1988;41:257-278.
    """
    m1, m2, sd1, _, n, r = moments(m1, m2, sd1, 0.0, n, r)
    y = correction(n - 1.0, correct) * (m1 - m2) / _root(sd1**2)
    return estimable(y, 2.0 * (1.0 - r) / n + y**2 / (2.0 * n))


def change_in_raw_units_separate(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Mean change in units of the standard deviation of measurement 1, without taking both as equal.

    The variance is (sd1^2 + sd2^2 - 2 r sd1 sd2) / (sd1^2 (n - 1)) + y^2 / (2 (n - 1)); else as `change_in_raw_units`.

    References
    ----------
    .. [1] Bonett DG. Psychol Methods 2008;13:99-109.
    """
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    y = correction(n - 1.0, correct) * (m1 - m2) / _root(sd1**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return estimable(y, (change_variance(sd1, sd2, r) / sd1**2 + y**2 / 2.0) / (n - 1.0))


def change_in_mean_units(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Mean change in units of sqrt((sd1^2 + sd2^2) / 2), with variance 2(1 - r)/n + y^2 (1 + r^2) / (4n).

    Parameters
    ----------
    m1, m2, sd1, sd2, n, r : array_like, shape (..., k)
        As for `mean_change`; the variance takes both standard deviations as equal.
    correct
        As for `change_in_change_units`, with 2(n - 1) / (1 + r^2) degrees of freedom: the variance of the mean of two
        correlated sample variances is sigma^4 (1 + r^2) / (n - 1), matched to a chi-square (Satterthwaite).

    Returns
    -------
    Effects
        Shape (..., k); NaN where both standard deviations are zero, or there is one person.

    Raises
    ------
    ValueError
        As for `mean_change`.
    """
    y, *_, n, r = _in_mean_units(m1, m2, sd1, sd2, n, r, correct)
    return estimable(y, 2.0 * (1.0 - r) / n + y**2 * (1.0 + r**2) / (4.0 * n))


def change_in_mean_units_separate(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Mean change in units of s = sqrt((sd1^2 + sd2^2) / 2), without taking both standard deviations as equal.

    The variance is y^2 (sd1^4 + sd2^4 + 2 r^2 sd1^2 sd2^2) / (8 s^4 (n - 1)) + (sd1^2 + sd2^2 - 2 r sd1 sd2) /
    (s^2 (n - 1)); else as `change_in_mean_units`.

    References
    ----------
    .. [1] Bonett DG. Psychol Methods 2008;13:99-109.
    """
    y, sd1, sd2, n, r = _in_mean_units(m1, m2, sd1, sd2, n, r, correct)
    with np.errstate(invalid="ignore", divide="ignore"):
        square = (sd1**2 + sd2**2) / 2.0
        spread = (sd1**4 + sd2**4 + 2.0 * (r * sd1 * sd2) ** 2) / (8.0 * square**2)
        return estimable(y, (y**2 * spread + change_variance(sd1, sd2, r) / square) / (n - 1.0))


def sd_of_change(sd1: ArrayLike, sd2: ArrayLike, r: ArrayLike) -> Floats:
    """Standard deviation of the changes, sqrt(sd1^2 + sd2^2 - 2 r sd1 sd2).

    Raises
    ------
    ValueError
        Negative standard deviations, or correlations beyond -1 to 1.
    """
    _, _, sd1, sd2, _, r = moments(0.0, 0.0, sd1, sd2, 1.0, r)
    return np.sqrt(change_variance(sd1, sd2, r))


def correlation_from_changes(sd1: ArrayLike, sd2: ArrayLike, sd_change: ArrayLike) -> Floats:
    """Correlation of two measurements from their standard deviations and that of the changes.

    r = (sd1^2 + sd2^2 - sd_change^2) / (2 sd1 sd2) (Cochrane Handbook 6.5.2.8).

    Raises
    ------
    ValueError
        Standard deviations that are not above 0, or that no correlation can give.
    """
    sd1, sd2, change = floats(sd1, sd2, sd_change)
    refuse(
        (sd1 <= 0) | (sd2 <= 0) | (change < 0), "standard deviations must be above 0", sd1=sd1, sd2=sd2, change=change
    )
    r = (sd1**2 + sd2**2 - change**2) / (2.0 * sd1 * sd2)
    refuse(
        np.abs(r) > 1.0 + 1e-12,
        "no correlation gives these three standard deviations; is one of them a standard error?",
        sd1=sd1,
        sd2=sd2,
        change=change,
    )
    return np.clip(r, -1.0, 1.0)


def _in_change_units(d: Floats, n: Floats, correct: bool | str) -> Effects:
    y = correction(n - 1.0, correct) * d
    return estimable(y, (1.0 + y**2 / 2.0) / n)


def _in_mean_units(
    m1: ArrayLike,
    m2: ArrayLike,
    sd1: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    correct: bool | str,
) -> tuple[Floats, ...]:
    m1, m2, sd1, sd2, n, r = moments(m1, m2, sd1, sd2, n, r)
    y = correction(2.0 * (n - 1.0) / (1.0 + r**2), correct) * (m1 - m2) / _root((sd1**2 + sd2**2) / 2.0)
    return np.where(n > 1, y, np.nan), sd1, sd2, n, r


def change_variance(one: Floats, two: Floats, r: Floats) -> Floats:
    """Return one^2 + two^2 - 2 r one two without loss of digits where r is near 1."""
    return (one - two) ** 2 + 2.0 * (1.0 - r) * one * two


def _root(square: Floats) -> Floats:
    return np.sqrt(np.where(square > 0, square, np.nan))


def moments(
    m1: ArrayLike, m2: ArrayLike, sd1: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike
) -> tuple[Floats, ...]:
    """Return pairs as arrays of one shape; refuse what cannot be."""
    m1, m2, sd1, sd2, n, r = floats(m1, m2, sd1, sd2, n, r)
    refuse(n < 1, "a group must hold at least one person", ni=n)
    refuse((sd1 < 0) | (sd2 < 0), "standard deviations must not be negative", sd1i=sd1, sd2i=sd2)
    refuse(np.abs(r) > 1, "correlations lie between -1 and 1", ri=r)
    return m1, m2, sd1, sd2, n, r


_PAIRS = ("m1i", "m2i", "sd1i", "sd2i", "ni", "ri")
_CORRECT = ("correct",)
_NO_SPREAD = "the standard deviation it is divided by is zero, or there is one person"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="MC", inputs=(Inputs(_PAIRS, mean_change), Inputs(("mdi", "sddi", "ni"), mean_of_differences))),
    Recipe(
        name="SMCC",
        inputs=(
            Inputs(_PAIRS, change_in_change_units),
            Inputs(("ti", "ni"), change_from_t),
            Inputs(("pi", "ni"), change_from_p),
        ),
        options=_CORRECT,
        undefined=_NO_SPREAD,
    ),
    Recipe(
        name="SMCR",
        inputs=(Inputs(("m1i", "m2i", "sd1i", "ni", "ri"), change_in_raw_units),),
        options=_CORRECT,
        undefined=_NO_SPREAD,
    ),
    Recipe(
        name="SMCRH",
        inputs=(Inputs(_PAIRS, change_in_raw_units_separate),),
        options=_CORRECT,
        undefined=_NO_SPREAD,
    ),
    Recipe(name="SMCRP", inputs=(Inputs(_PAIRS, change_in_mean_units),), options=_CORRECT, undefined=_NO_SPREAD),
    Recipe(
        name="SMCRPH",
        inputs=(Inputs(_PAIRS, change_in_mean_units_separate),),
        options=_CORRECT,
        undefined=_NO_SPREAD,
    ),
)
