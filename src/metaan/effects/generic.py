"""Effects as they are printed, with a variance, standard error, confidence interval, test statistic or p-value."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.recover import two_sided_quantile
from metaan.terms.special import special

Floats = NDArray[np.float64]


def with_variance(y: ArrayLike, v: ArrayLike, *, ratio: bool = False) -> Effects:
    """Effect with the sampling variance that is printed beside it.

    Parameters
    ----------
    y : array_like, shape (..., k)
        Effect as printed.
    v : array_like, shape (..., k)
        Sampling variance; of the logarithm, if `ratio`.
    ratio : bool
        The effect is a ratio: its logarithm is returned.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a number is missing.

    Raises
    ------
    ValueError
        Negative variances, or ratios that are not above 0.
    """
    y, v = floats(y, v)
    refuse(v < 0, "variances must not be negative", vi=v)
    return estimable(_working(y, ratio), v)


def with_se(y: ArrayLike, se: ArrayLike, *, ratio: bool = False) -> Effects:
    """Effect with its standard error, which for a ratio is that of the logarithm; else as `with_variance`.

    Raises
    ------
    ValueError
        Negative standard errors, or ratios that are not above 0.
    """
    y, se = floats(y, se)
    refuse(se < 0, "standard errors must not be negative", sei=se)
    return estimable(_working(y, ratio), se**2)


def with_interval(
    y: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    df: ArrayLike | None = None,
    *,
    level: float = 0.95,
    ratio: bool = False,
) -> Effects:
    """Effect with its Wald interval: the standard error is the width over twice the quantile.

    Parameters
    ----------
    y, low, high : array_like, shape (..., k)
        Effect and limits as printed; if `ratio` no logarithms, and the width is that of the logarithms.
    df : array_like, shape (..., k), optional
        Degrees of freedom where the interval is based on t (n - 1 for a mean); NaN means normal.
    level : float
        Of the interval, 0 < level < 1.
    ratio : bool

    Returns
    -------
    Effects
        Shape (..., k).

    Raises
    ------
    ValueError
        An effect outside its own interval, ratios or limits that are not above 0, or degrees of freedom that are not.

    Notes
    -----
    Limits printed with two digits carry an error into the standard error, most of all those of a ratio near 0: its
    relative size is about half a unit of the last digit over the width on the log scale.
    """
    y, low, high, degrees = _beside(y, low, high, df=df)
    refuse((low > high) | (y < low) | (y > high), "an effect lies outside its own interval", yi=y, low=low, high=high)
    width = _working(high, ratio) - _working(low, ratio)
    return estimable(_working(y, ratio), (width / (2.0 * two_sided_quantile(level, degrees))) ** 2)


def with_p(y: ArrayLike, p: ArrayLike, df: ArrayLike | None = None, *, ratio: bool = False) -> Effects:
    """Effect with its exact two-sided p-value of no effect, taken as that of a Wald test.

    Parameters
    ----------
    y, p : array_like, shape (..., k)
        Effect as printed, and p. The sign of p does not matter.
    df : array_like, shape (..., k), optional
        Degrees of freedom where the test was a t test; NaN means normal.
    ratio : bool

    Returns
    -------
    Effects
        Shape (..., k); NaN where p is 1 or there is no effect: any standard error would do.

    Raises
    ------
    ValueError
        p of 0 or beyond 1, ratios that are not above 0, or degrees of freedom that are not.
    """
    y, p, degrees = _beside(y, p, df=df)
    refuse((p == 0) | (np.abs(p) > 1), "a p-value lies above 0 and is at most 1", pi=p)
    tail = np.abs(p) / 2.0
    infinite = np.isinf(degrees)
    z = np.where(infinite, special.ndtri(tail), special.stdtrit(np.where(infinite, 1.0, degrees), tail))
    return _by_statistic(_working(y, ratio), z)


def with_statistic(y: ArrayLike, statistic: ArrayLike, *, ratio: bool = False) -> Effects:
    """Effect with its Wald statistic z or t = y / SE; of the logarithm, if `ratio`.

    Parameters
    ----------
    y, statistic : array_like, shape (..., k)

    Returns
    -------
    Effects
        Shape (..., k); NaN where either is 0.

    Raises
    ------
    ValueError
        A statistic that has not the sign of the effect, or ratios that are not above 0.
    """
    y, statistic = floats(y, statistic)
    effect = _working(y, ratio)
    refuse(effect * statistic < 0, "a test statistic must have the sign of its effect", yi=y, statistic=statistic)
    return _by_statistic(effect, statistic)


def with_f(y: ArrayLike, f: ArrayLike, *, ratio: bool = False) -> Effects:
    """Effect with the F of its test on one numerator degree of freedom: t is sqrt(F) with the sign of the effect.

    Raises
    ------
    ValueError
        A negative F, or ratios that are not above 0.
    """
    y, f = floats(y, f)
    refuse(f < 0, "F must not be negative", fi=f)
    return _by_statistic(_working(y, ratio), np.sqrt(f))


def hazard_ratio_from_logrank(observed_minus_expected: ArrayLike, variance: ArrayLike) -> Effects:
    """Log hazard ratio (O - E) / V with variance 1 / V, from a log-rank test.

    Parameters
    ----------
    observed_minus_expected : array_like, shape (..., k)
        Events in group 1 minus those expected there if the groups did not differ.
    variance : array_like, shape (..., k)
        Hypergeometric variance of O - E, above 0.

    Returns
    -------
    Effects
        Shape (..., k).

    Raises
    ------
    ValueError
        A variance that is not above 0.

    References
    ----------
    .. [1] Yusuf S et al. Prog Cardiovasc Dis 1985;27:335-371.
    .. [2] Tierney JF et al. Trials 2007;8:16.
    """
    difference, v = floats(observed_minus_expected, variance)
    refuse(v <= 0, "the variance of observed minus expected events must be above 0", voei=v)
    return estimable(difference / v, 1.0 / v)


def hazard_ratio_from_p(p: ArrayLike, events: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Effects:
    """Log hazard ratio from the p-value of a log-rank test, all events and the sizes of the groups.

    V is taken as events n1 n2 / (n1 + n2)^2, which holds while the groups keep their proportion; then the log hazard
    ratio is z / sqrt(V) and its variance 1 / V.

    Parameters
    ----------
    p : array_like, shape (..., k)
        Exact and two-sided, with the sign of the log hazard ratio: -0.03 where group 1 has fewer events.
    events, n1, n2 : array_like, shape (..., k)
        Events in both groups together, and people at the start.

    Raises
    ------
    ValueError
        p of 0 or beyond 1, no events, or an empty group.

    References
    ----------
    .. [1] Parmar MKB, Torri V, Stewart L. Stat Med 1998;17:2815-2834.
    .. [2] Tierney JF et al. Trials 2007;8:16.
    """
    p, events, n1, n2 = floats(p, events, n1, n2)
    refuse((p == 0) | (np.abs(p) > 1), "a p-value lies above 0 and is at most 1, its sign apart", pi=p)
    refuse((n1 <= 0) | (n2 <= 0), "a group must not be empty", n1i=n1, n2i=n2)
    refuse(events <= 0, "there must be events", events=events)
    v = events * n1 * n2 / (n1 + n2) ** 2
    return estimable(-np.sign(p) * special.ndtri(np.abs(p) / 2.0) / np.sqrt(v), 1.0 / v)


def _by_statistic(y: Floats, statistic: Floats) -> Effects:
    known = (y != 0) & (statistic != 0)
    return estimable(y, (y / np.where(known, statistic, np.nan)) ** 2)


def _working(y: Floats, ratio: bool) -> Floats:
    if not ratio:
        return y
    refuse(y <= 0, "ratios and their limits must be above 0", found=y)
    return np.log(y)


def _beside(*values: ArrayLike, df: ArrayLike | None) -> tuple[Floats, ...]:
    *arrays, degrees = floats(*values, np.inf if df is None else df)
    degrees = np.where(np.isnan(degrees), np.inf, degrees)
    refuse(degrees <= 0, "degrees of freedom must be above 0", dfi=degrees)
    return *arrays, degrees


def _level_unused(function: Callable[..., Effects], ratio: bool | None = None) -> Callable[..., Effects]:
    """Return the function as a recipe calls it: with every option of the measure."""

    def effects(*columns: ArrayLike, level: float = 0.95, **options: Any) -> Effects:
        if function is with_interval:
            options["level"] = level
        return function(*columns, **options, **({} if ratio is None else {"ratio": ratio}))

    return effects


def _inputs(y: str, ratio: bool | None = None) -> tuple[Inputs, ...]:
    return (
        Inputs((y, "vi"), _level_unused(with_variance, ratio)),
        Inputs((y, "sei"), _level_unused(with_se, ratio)),
        Inputs((y, "lowi", "highi"), _level_unused(with_interval, ratio), ("dfi",)),
        Inputs((y, "zi"), _level_unused(with_statistic, ratio)),
        Inputs((y, "ti"), _level_unused(with_statistic, ratio)),
        Inputs((y, "fi"), _level_unused(with_f, ratio)),
        Inputs((y, "pi"), _level_unused(with_p, ratio), ("dfi",)),
    )


_NO_SE = "the effect is 0 or its p-value 1, which any standard error would give"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="GEN", inputs=_inputs("yi"), options=("level", "ratio"), undefined=_NO_SE),
    Recipe(
        name="HR",
        inputs=(
            *_inputs("hri", ratio=True),
            Inputs(("oei", "voei"), _level_unused(hazard_ratio_from_logrank)),
            Inputs(("pi", "eventsi", "n1i", "n2i"), _level_unused(hazard_ratio_from_p)),
        ),
        options=("level",),
        undefined=_NO_SE,
    ),
)
