"""Cronbach's alpha of a questionnaire, from its value, the number of items and of people."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse

Floats = NDArray[np.float64]


def alpha(a: ArrayLike, items: ArrayLike, n: ArrayLike) -> Effects:
    """Cronbach's alpha with variance 2 m (1 - a)^2 / ((m - 1)(n - 2)).

    Parameters
    ----------
    a : array_like, shape (..., k)
        Alpha, at most 1; it may be negative.
    items, n : array_like, shape (..., k)
        Items m of the questionnaire, at least 2, and people.

    Returns
    -------
    Effects
        Shape (..., k); NaN where there are fewer than three people.

    Raises
    ------
    ValueError
        Alpha above 1, fewer than two items, or fewer than one person.

    References
    ----------
    .. [1] Bonett DG. Psychol Methods 2010;15:368-385.
    """
    a, m, n = _given(a, items, n)
    return estimable(a, (1.0 - a) ** 2 * _spread(m, n))


def log_complement_of_alpha(a: ArrayLike, items: ArrayLike, n: ArrayLike) -> Effects:
    """-ln(1 - alpha) with variance 2 m / ((m - 1)(n - 2)); NaN where alpha is 1. Else as for `alpha`.

    References
    ----------
    .. [1] Bonett DG. J Educ Behav Stat 2002;27:335-340.
    """
    a, m, n = _given(a, items, n)
    return estimable(-np.log1p(-np.where(a < 1, a, np.nan)), _spread(m, n))


def cube_root_of_alpha(a: ArrayLike, items: ArrayLike, n: ArrayLike) -> Effects:
    """1 - (1 - alpha)^(1/3) with variance 18 m (n - 1) (1 - alpha)^(2/3) / ((m - 1)(9n - 11)^2); else as for `alpha`.

    The root makes the distribution nearly normal; a difference from 1 keeps the order of alpha.

    References
    ----------
    .. [1] Hakstian AR, Whalen TE. Psychometrika 1976;41:219-231.
    """
    a, m, n = _given(a, items, n)
    root = np.cbrt(1.0 - a)
    return estimable(
        1.0 - root, np.where(n > 2, 18.0 * m * (n - 1.0) / ((m - 1.0) * (9.0 * n - 11.0) ** 2), np.nan) * root**2
    )


def _spread(m: Floats, n: Floats) -> Floats:
    return 2.0 * m / ((m - 1.0) * np.where(n > 2, n - 2.0, np.nan))


def _given(a: ArrayLike, items: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    a, m, n = floats(a, items, n)
    refuse(a > 1, "Cronbach's alpha is at most 1", ai=a)
    refuse(m < 2, "alpha needs at least two items", mi=m)
    refuse(n < 1, "a study must hold at least one person", ni=n)
    return a, m, n


_ROLES = ("ai", "mi", "ni")
_FEW = "there are fewer than three people, or alpha is 1"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="ARAW", inputs=(Inputs(_ROLES, alpha),), undefined=_FEW),
    Recipe(name="ABT", inputs=(Inputs(_ROLES, log_complement_of_alpha),), undefined=_FEW),
    Recipe(name="AHW", inputs=(Inputs(_ROLES, cube_root_of_alpha),), undefined=_FEW),
)
