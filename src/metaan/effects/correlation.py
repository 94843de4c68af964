"""Correlations: of two variables, and of two with others held constant."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.recover import statistic_from_p
from metaan.effects.standardised import average, one_of
from metaan.terms.special import special

Floats = NDArray[np.float64]

_FEWEST = 4  #: people for a correlation to have a sampling variance
_SERIES_FROM, _TERMS = 50.0, 30  #: of the hypergeometric series: the last term is below 1e-20


def correlation(r: ArrayLike, n: ArrayLike, *, vtype: str = "LS") -> Effects:
    """Correlation with variance (1 - r^2)^2 / (n - 1).

    Parameters
    ----------
    r, n : array_like, shape (..., k)
        Correlation and number of people.
    vtype : {"LS", "AV"}
        Each study's own r in the variance, or the mean over the last axis weighted by n.

    Returns
    -------
    Effects
        Shape (..., k); NaN where there are fewer than four people.

    Raises
    ------
    ValueError
        Correlations beyond -1 to 1, fewer than one person, or an unknown `vtype`.
    """
    r, n = _given(r, n)
    one_of("vtype", vtype, ("LS", "AV"))
    centre = r if vtype == "LS" else average(r, n)
    return estimable(np.where(n >= _FEWEST, r, np.nan), (1.0 - centre**2) ** 2 / np.maximum(n - 1.0, 1.0))


def unbiased_correlation(r: ArrayLike, n: ArrayLike, *, vtype: str = "LS") -> Effects:
    """Correlation freed of small-sample bias: r F(1/2, 1/2; (n - 2)/2; 1 - r^2), F the hypergeometric function.

    Parameters
    ----------
    r, n : array_like, shape (..., k)
    vtype : {"LS", "UB", "AV"}
        Variance (1 - y^2)^2 / (n - 1); unbiased, y^2 - 1 + (1 - r^2) F(1, 1; n/2; 1 - r^2) (n - 3) / (n - 2); the first
        with the mean of y over the last axis, weighted by n.

    Returns
    -------
    Effects
        Shape (..., k); NaN where there are fewer than five people.

    Raises
    ------
    ValueError
        As for `correlation`.

    References
    ----------
    .. [1] Olkin I, Pratt JW. Ann Math Stat 1958;29:201-211.
    """
    r, n = _given(r, n)
    one_of("vtype", vtype, ("LS", "UB", "AV"))
    enough = n > _FEWEST
    m = np.where(enough, n, 5.0)
    y = np.where(enough, r * _hypergeometric(0.5, (m - 2.0) / 2.0, 1.0 - r**2), np.nan)
    if vtype == "UB":
        square = (1.0 - r**2) * _hypergeometric(1.0, m / 2.0, 1.0 - r**2)
        return estimable(y, y**2 - 1.0 + square * (m - 3.0) / (m - 2.0))
    centre = y if vtype == "LS" else average(y, n)
    return estimable(y, (1.0 - centre**2) ** 2 / (m - 1.0))


def fisher_z(r: ArrayLike, n: ArrayLike) -> Effects:
    """Fisher's z = atanh(r) with variance 1 / (n - 3).

    Parameters
    ----------
    r, n : array_like, shape (..., k)

    Returns
    -------
    Effects
        Shape (..., k); NaN where r is -1 or 1, or there are fewer than four people.

    Raises
    ------
    ValueError
        As for `correlation`.

    References
    ----------
    .. [1] Fisher RA. Metron 1921;1:3-32.
    """
    r, n = _given(r, n)
    return _z(r, n - 3.0)


def correlation_from_t(t: ArrayLike, n: ArrayLike) -> Floats:
    """Correlation t / sqrt(t^2 + n - 2) of n people, from the t of its test; NaN for fewer than three."""
    t, n = floats(t, n)
    return _from_t(t, n - 2.0)


def correlation_from_p(p: ArrayLike, n: ArrayLike) -> Floats:
    """Correlation of n people from the exact two-sided p-value of its t test, given with the sign of the correlation.

    Raises
    ------
    ValueError
        p of 0 or beyond 1.
    """
    p, n = floats(p, n)
    refuse((p == 0) | (np.abs(p) > 1), "a p-value lies above 0 and is at most 1, its sign apart", pi=p)
    usable = np.isfinite(p) & (n > 2)
    t = statistic_from_p(np.where(usable, np.abs(p), 1.0), np.where(usable, n - 2.0, 1.0))
    return _from_t(np.where(usable, np.sign(p) * t, np.nan), np.where(usable, n - 2.0, np.nan))


def partial_correlation(r: ArrayLike, predictors: ArrayLike, n: ArrayLike) -> Effects:
    """Partial correlation with variance (1 - r^2)^2 / (n - m).

    Parameters
    ----------
    r : array_like, shape (..., k)
        Correlation of outcome and variable with the other predictors held constant: t / sqrt(t^2 + n - m - 1), t that
        of the variable's coefficient in a regression.
    predictors : array_like, shape (..., k)
        m, predictors in the regression, the variable of interest included.
    n : array_like, shape (..., k)
        People.

    Returns
    -------
    Effects
        Shape (..., k); NaN where n - m - 1 is not above 0.

    Raises
    ------
    ValueError
        Correlations beyond -1 to 1, or no predictor.

    References
    ----------
    .. [1] Aloe AM, Thompson CG. J Soc Social Work Res 2013;4:390-404.
    """
    r, m, n = _adjusted(r, predictors, n)
    return estimable(r, (1.0 - r**2) ** 2 / np.where(n - m > 1, n - m, np.nan))


def partial_fisher_z(r: ArrayLike, predictors: ArrayLike, n: ArrayLike) -> Effects:
    """Fisher's z of a partial correlation, with variance 1 / (n - m - 2); arguments as for `partial_correlation`.

    That is Fisher's 1 / (n - 3) with n lowered by the m - 1 variables held constant.

    References
    ----------
    .. [1] Fisher RA. Metron 1924;3:329-332.
    """
    r, m, n = _adjusted(r, predictors, n)
    return _z(r, n - m - 2.0)


def semipartial_correlation(r: ArrayLike, predictors: ArrayLike, n: ArrayLike, r2: ArrayLike) -> Effects:
    """Semi-partial correlation: of the outcome with what the other predictors leave of the variable.

    The variance is (R2^2 - 2 R2 + R + 1 - R^2) / n, where R = R2 - r^2 is the part of the outcome's variance that the
    other predictors explain.

    Parameters
    ----------
    r : array_like, shape (..., k)
        t sqrt(1 - R2) / sqrt(n - m - 1), t that of the variable's coefficient.
    predictors, n : array_like, shape (..., k)
        As for `partial_correlation`.
    r2 : array_like, shape (..., k)
        R2, the part of the outcome's variance that all predictors explain.

    Returns
    -------
    Effects
        Shape (..., k); NaN where n - m - 1 is not above 0.

    Raises
    ------
    ValueError
        Correlations beyond -1 to 1, R2 outside 0 to 1 or below r^2, or no predictor.

    References
    ----------
    .. [1] Aloe AM, Becker BJ. J Educ Behav Stat 2012;37:278-297.
    """
    r, m, n, r2 = _semi(r, predictors, n, r2)
    others = r2 - r**2
    return estimable(r, np.where(n - m > 1, (1.0 - r2) ** 2 + others * (1.0 - others), np.nan) / n)


def semipartial_fisher_z(r: ArrayLike, predictors: ArrayLike, n: ArrayLike, r2: ArrayLike) -> Effects:
    """Fisher's z of a semi-partial correlation, with the variance of the latter over (1 - r^2)^2 (delta method)."""
    y, v = semipartial_correlation(r, predictors, n, r2)
    inside = np.where(np.abs(y) < 1, y, np.nan)
    return estimable(np.arctanh(inside), v / (1.0 - inside**2) ** 2)


def partial_from_t(t: ArrayLike, predictors: ArrayLike, n: ArrayLike) -> Floats:
    """Partial correlation t / sqrt(t^2 + n - m - 1), from the t of a coefficient; m, n as in `partial_correlation`."""
    t, m, n = floats(t, predictors, n)
    return _from_t(t, n - m - 1.0)


def semipartial_from_t(t: ArrayLike, predictors: ArrayLike, n: ArrayLike, r2: ArrayLike) -> Floats:
    """Semi-partial correlation t sqrt(1 - R2) / sqrt(n - m - 1), from the t of a coefficient.

    Raises
    ------
    ValueError
        R2 outside 0 to 1.
    """
    t, m, n, r2 = floats(t, predictors, n, r2)
    refuse((r2 < 0) | (r2 > 1), "R2 lies between 0 and 1", r2i=r2)
    df = n - m - 1.0
    return t * np.sqrt(1.0 - r2) / np.sqrt(np.where(df > 0, df, np.nan))


def explained(r2: ArrayLike, n: ArrayLike) -> Effects:
    """Coefficient of determination R2 with variance 4 R2 (1 - R2)^2 / n.

    Parameters
    ----------
    r2, n : array_like, shape (..., k)
        Part of the variance explained, and people.

    Raises
    ------
    ValueError
        R2 outside 0 to 1, or fewer than one person.
    """
    r2, n = _share(r2, n)
    return estimable(r2, 4.0 * r2 * (1.0 - r2) ** 2 / n)


def explained_z(r2: ArrayLike, n: ArrayLike) -> Effects:
    """Fisher's z of a coefficient of determination: atanh(sqrt(R2)) with variance 1/n; NaN where R2 is 1.

    Errors as for `explained`.
    """
    r2, n = _share(r2, n)
    return estimable(np.arctanh(np.sqrt(np.where(r2 < 1, r2, np.nan))), 1.0 / n)


def _hypergeometric(a: float, c: Floats, x: Floats) -> Floats:
    """Return F(a, a; c; x) for 0 <= x <= 1; scipy's has no value from c of about 170 on."""
    many = np.maximum(c, _SERIES_FROM)
    total, term = np.ones_like(x), np.ones_like(x)
    for i in range(_TERMS):
        term = term * (a + i) ** 2 / ((many + i) * (i + 1.0)) * x
        total = total + term
    return np.where(c > _SERIES_FROM, total, special.hyp2f1(a, a, np.minimum(c, _SERIES_FROM), x))


def _given(r: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    r, n = floats(r, n)
    refuse(np.abs(r) > 1, "correlations lie between -1 and 1", ri=r)
    refuse(n < 1, "a study must hold at least one person", ni=n)
    return r, n


def _adjusted(r: ArrayLike, m: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    r, m, n = floats(r, m, n)
    refuse(np.abs(r) > 1, "correlations lie between -1 and 1", ri=r)
    refuse(m < 1, "the variable of interest is a predictor: there must be at least one", mi=m)
    refuse(n < 1, "a study must hold at least one person", ni=n)
    return r, m, n


def _semi(r: ArrayLike, m: ArrayLike, n: ArrayLike, r2: ArrayLike) -> tuple[Floats, ...]:
    r, m, n, r2 = floats(r, m, n, r2)
    _adjusted(r, m, n)
    refuse((r2 < 0) | (r2 > 1), "R2 lies between 0 and 1", r2i=r2)
    refuse(
        r**2 > r2 * (1.0 + 1e-9) + 1e-12, "all predictors together explain less than one of them alone", ri=r, r2i=r2
    )
    return r, m, n, r2


def _share(r2: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    r2, n = floats(r2, n)
    refuse((r2 < 0) | (r2 > 1), "R2 lies between 0 and 1", r2i=r2)
    refuse(n < 1, "a study must hold at least one person", ni=n)
    return r2, n


def _z(r: Floats, df: Floats) -> Effects:
    return estimable(np.arctanh(np.where(np.abs(r) < 1, r, np.nan)), 1.0 / np.where(df > 0, df, np.nan))


def _from_t(t: Floats, df: Floats) -> Floats:
    return t / np.sqrt(t**2 + np.where(df > 0, df, np.nan))


def _of_t(function: Callable[..., Effects]) -> Callable[..., Effects]:
    def effects(t: ArrayLike, n: ArrayLike, **options: Any) -> Effects:
        return function(correlation_from_t(t, n), n, **options)

    return effects


def _of_p(function: Callable[..., Effects]) -> Callable[..., Effects]:
    def effects(p: ArrayLike, n: ArrayLike, **options: Any) -> Effects:
        return function(correlation_from_p(p, n), n, **options)

    return effects


def _partial_of_t(function: Callable[..., Effects]) -> Callable[..., Effects]:
    def effects(t: ArrayLike, m: ArrayLike, n: ArrayLike) -> Effects:
        return function(partial_from_t(t, m, n), m, n)

    return effects


def _semi_of_t(function: Callable[..., Effects]) -> Callable[..., Effects]:
    def effects(t: ArrayLike, m: ArrayLike, n: ArrayLike, r2: ArrayLike) -> Effects:
        return function(semipartial_from_t(t, m, n, r2), m, n, r2)

    return effects


def _two(function: Callable[..., Effects]) -> tuple[Inputs, ...]:
    return (
        Inputs(("ri", "ni"), function),
        Inputs(("ti", "ni"), _of_t(function)),
        Inputs(("pi", "ni"), _of_p(function)),
    )


def _partial(function: Callable[..., Effects]) -> tuple[Inputs, ...]:
    return Inputs(("ri", "mi", "ni"), function), Inputs(("ti", "mi", "ni"), _partial_of_t(function))


def _semipartial(function: Callable[..., Effects]) -> tuple[Inputs, ...]:
    return Inputs(("ri", "mi", "ni", "r2i"), function), Inputs(("ti", "mi", "ni", "r2i"), _semi_of_t(function))


_FEW = "there are too few people"
_FEW_OR_FULL = "there are too few people, or the correlation is -1 or 1"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="COR", inputs=_two(correlation), options=("vtype",), undefined=_FEW),
    Recipe(name="UCOR", inputs=_two(unbiased_correlation), options=("vtype",), undefined=_FEW),
    Recipe(name="ZCOR", inputs=_two(fisher_z), undefined=_FEW_OR_FULL),
    Recipe(name="PCOR", inputs=_partial(partial_correlation), undefined=_FEW),
    Recipe(name="ZPCOR", inputs=_partial(partial_fisher_z), undefined=_FEW_OR_FULL),
    Recipe(name="SPCOR", inputs=_semipartial(semipartial_correlation), undefined=_FEW),
    Recipe(name="ZSPCOR", inputs=_semipartial(semipartial_fisher_z), undefined=_FEW_OR_FULL),
    Recipe(name="R2", inputs=(Inputs(("r2i", "ni"), explained),)),
    Recipe(name="ZR2", inputs=(Inputs(("r2i", "ni"), explained_z),), undefined="R2 is 1"),
)
