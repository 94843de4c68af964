"""Correlations of an outcome with membership of a group, from means and standard deviations or from d."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.standardised import groups, one_of, pooled_variance
from metaan.terms.special import special

Floats = NDArray[np.float64]


def point_biserial(
    n1: ArrayLike,
    m1: ArrayLike,
    sd1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    vtype: str = "ST",
) -> Effects:
    """Point-biserial correlation: of an outcome with membership of group 1, which is a real dichotomy.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)
        As for `continuous.mean_difference`.
    vtype : {"ST", "CS"}
        As for `point_biserial_of_d`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the pooled standard deviation is zero or there are not more than two people.

    Raises
    ------
    ValueError
        As for `continuous.mean_difference`.
    """
    return point_biserial_of_d(*_d(n1, m1, sd1, n2, m2, sd2), vtype=vtype)


def point_biserial_of_d(d: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "ST") -> Effects:
    """Point-biserial correlation r = d / sqrt(d^2 + h), h = (N - 2)(1/n1 + 1/n2), from Cohen's d.

    Parameters
    ----------
    d, n1, n2 : array_like, shape (..., k)
    vtype : {"ST", "CS"}
        Variance for stratified samples, in which n1 and n2 were fixed: h^2 / (h + d^2)^3 times that of d; or for cross-
        sectional ones, in which only N was: (1 - r^2)^2 (1 - 1.5 r^2 + r^2 / (4 p q)) / N, p = n1/N.

    Raises
    ------
    ValueError
        Groups of less than one, or an unknown `vtype`.

    References
    ----------
    .. [1] Tate RF. Ann Math Stat 1954;25:603-607 (cross-sectional).
    """
    one_of("vtype", vtype, ("ST", "CS"))
    d, n1, n2 = _of_d(d, n1, n2)
    n = n1 + n2
    h = np.where(n > 2, (n - 2.0) * (1.0 / n1 + 1.0 / n2), np.nan)
    r = d / np.sqrt(d**2 + h)
    if vtype == "ST":
        return estimable(r, h**2 / (h + d**2) ** 3 * (1.0 / n1 + 1.0 / n2 + d**2 / (2.0 * n)))
    return estimable(r, (1.0 - r**2) ** 2 * (1.0 - 1.5 * r**2 + r**2 * n**2 / (4.0 * n1 * n2)) / n)


def biserial(n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike) -> Effects:
    """Biserial correlation: of an outcome with a normal variable that was cut in two to make the groups.

    Arguments, missing values and errors are those of `point_biserial`; formulas those of `biserial_of_d`.
    """
    return biserial_of_d(*_d(n1, m1, sd1, n2, m2, sd2))


def biserial_of_d(d: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Effects:
    """Biserial correlation sqrt(p q) / f times the point-biserial, from Cohen's d.

    f is the normal density at the cut z that leaves p = n1/N above it, q = 1 - p. The variance is
    (p q / f^2 - (1.5 + (1 - p z/f)(1 + q z/f)) r^2 + r^4) / (N - 1).

    Parameters
    ----------
    d, n1, n2 : array_like, shape (..., k)

    Returns
    -------
    Effects
        Shape (..., k); beyond -1 to 1 where the outcome is far from normal: the variance is then that at 1, which is
        above zero at every split of the sample.

    Raises
    ------
    ValueError
        Groups of less than one.

    References
    ----------
    .. [1] Soper HE. Biometrika 1914;10:384-390.
    """
    d, n1, n2 = _of_d(d, n1, n2)
    n = n1 + n2
    p, q = n1 / n, n2 / n
    z = special.ndtri(q)
    f = np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)
    r = np.sqrt(p * q) / f * point_biserial_of_d(d, n1, n2).y
    size = np.minimum(np.abs(r), 1.0)
    spread = p * q / f**2 - (1.5 + (1.0 - p * z / f) * (1.0 + q * z / f)) * size**2 + size**4
    return estimable(r, spread / (n - 1.0))


def _of_d(d: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> tuple[Floats, ...]:
    d, n1, n2 = floats(d, n1, n2)
    refuse((n1 < 1) | (n2 < 1), "each group must hold at least one person", n1i=n1, n2i=n2)
    return d, n1, n2


def _d(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    square = pooled_variance(n1, sd1, n2, sd2)
    return (m1 - m2) / np.sqrt(np.where(square > 0, square, np.nan)), n1, n2


_GROUPS, _D = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"), ("di", "n1i", "n2i")
_NO_SPREAD = "the pooled standard deviation is zero, or there are not more than two people"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="RPB",
        inputs=(Inputs(_GROUPS, point_biserial), Inputs(_D, point_biserial_of_d)),
        options=("vtype",),
        undefined=_NO_SPREAD,
    ),
    Recipe(
        name="RBIS",
        inputs=(Inputs(_GROUPS, biserial), Inputs(_D, biserial_of_d)),
        undefined=_NO_SPREAD,
    ),
)
