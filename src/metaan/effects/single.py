"""Proportions and means of one group."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.zeros import added
from metaan.terms.special import special

Floats = NDArray[np.float64]


def proportion(x: ArrayLike, n: ArrayLike, *, add: float = 0.5, to: str = "only0") -> Effects:
    """Proportion x/n with variance p (1 - p) / n.

    Parameters
    ----------
    x, n : array_like, shape (..., k)
        People with the event and people in all.
    add : float
        Added to those with and to those without the event in the studies that `to` names: the total grows by twice as
        much.
    to : {"only0", "all", "if0all", "none"}
        Studies in which nobody, or everybody, had the event; all; all if any of the last axis is such; none.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a count is missing or nothing can be computed.

    Raises
    ------
    ValueError
        Events outside 0 to the total, an empty group, or an unknown `to`.
    """
    x, m = _counts(x, n, add, to)
    total = x + m
    return estimable(x / total, x * m / total**3)


def log_proportion(
    x: ArrayLike, n: ArrayLike, *, add: float = 0.5, to: str = "only0", total_adds: str = "twice"
) -> Effects:
    """Logarithm of a proportion with variance 1/x - 1/n; parameters and errors as for `proportion`.

    Parameters
    ----------
    total_adds : {"twice", "once"}
        By how many `add` the total grows: twice, as those without the event grow too (metafor), or once (the R package
        meta, which then leaves x as it is in the variance where everybody had the event).
    """
    if total_adds not in ("once", "twice"):
        raise ValueError(f"total_adds must be once or twice, not {total_adds!r}")
    raw, others = _counts(x, n, 0.0, "none")
    x, m = _counts(x, n, add, to)
    with np.errstate(divide="ignore", invalid="ignore"):
        if total_adds == "twice":
            return estimable(np.log(x / (x + m)), m / (x * (x + m)))
        total = x + others
        return estimable(np.log(x / total), 1 / np.where(others == 0, raw, x) - 1 / total)


def logit_proportion(x: ArrayLike, n: ArrayLike, *, add: float = 0.5, to: str = "only0") -> Effects:
    """Log odds ln(x / (n - x)) with variance 1/x + 1/(n - x); parameters and errors as for `proportion`."""
    x, m = _counts(x, n, add, to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(x / m), 1 / x + 1 / m)


def arcsine_proportion(x: ArrayLike, n: ArrayLike, *, add: float = 0.0, to: str = "only0") -> Effects:
    """Angle asin(sqrt(x/n)) with variance 1/(4n); parameters and errors as for `proportion`, nothing added."""
    x, m = _counts(x, n, add, to)
    return estimable(_angle(x, m), 0.25 / (x + m))


def double_arcsine_proportion(x: ArrayLike, n: ArrayLike, *, add: float = 0.0, to: str = "only0") -> Effects:
    """Mean of asin(sqrt(x/(n+1))) and asin(sqrt((x+1)/(n+1))) with variance 1/(4n + 2).

    Parameters and errors as for `proportion`, nothing added. Back by ``MEASURES["PFT"].printed(y, size)``, where `size`
    is n, or the harmonic mean of the n of several studies.

    References
    ----------
    .. [1] Freeman MF, Tukey JW. Ann Math Stat 1950;21:607-611.
    .. [2] Miller JJ. Am Stat 1978;32:138.
    """
    x, m = _counts(x, n, add, to)
    return estimable((_angle(x, m + 1) + _angle(x + 1, m)) / 2, 1 / (4 * (x + m) + 2))


def exact_interval(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Limits of a proportion by Clopper and Pearson: never less than `level` in the long run.

    Parameters
    ----------
    x, n : array_like, shape (..., k)
        People with the event and people in all; x need not be whole.
    level : float

    Returns
    -------
    low, high : ndarray, shape (..., k)
        Proportions; NaN where a count is missing.

    Raises
    ------
    ValueError
        Events outside 0 to the total, an empty group, or a level outside 0 to 1.

    References
    ----------
    .. [1] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    x, m = _counts(x, n, 0.0, "none")
    tail = (1.0 - level) / 2.0
    with np.errstate(invalid="ignore"):
        low = np.where(x == 0, 0.0, special.betaincinv(x, m + 1, tail))
        high = np.where(m == 0, 1.0, special.betaincinv(x + 1, m, 1.0 - tail))
    return low, high


def mean(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Mean of one group with variance sd^2/n.

    Parameters
    ----------
    m, sd, n : array_like, shape (..., k)
        Mean, standard deviation and size.

    Raises
    ------
    ValueError
        A negative standard deviation, or less than one person.
    """
    m, sd, n = _moments(m, sd, n)
    return estimable(m, sd**2 / n)


def log_mean(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Logarithm of a mean with variance sd^2 / (n m^2); NaN where the mean is not above 0. Else as for `mean`."""
    m, sd, n = _moments(m, sd, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(m), (sd / m) ** 2 / n)


def log_sd(sd: ArrayLike, n: ArrayLike) -> Effects:
    """Logarithm of a standard deviation plus 1/(2(n-1)), which frees it of bias, with variance 1/(2(n-1)).

    NaN where the standard deviation is 0 or there is one person. Errors as for `mean`.

    References
    ----------
    .. [1] Raudenbush SW, Bryk AS. J Educ Stat 1987;12:241-269.
    .. [2] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    """
    _, sd, n = _moments(0.0, sd, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = 0.5 / (n - 1)
        return estimable(np.log(sd) + bias, bias)


def log_cv(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Logarithm of a coefficient of variation, ln(sd/m) + 1/(2(n-1)), with variance 1/(2(n-1)) + sd^2 / (n m^2).

    Mean and standard deviation are taken as independent, as in normal samples. NaN where either is not above 0 or there
    is one person. Errors as for `mean`.

    References
    ----------
    .. [1] Nakagawa S et al. Methods Ecol Evol 2015;6:143-152.
    """
    m, sd, n = _moments(m, sd, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = 0.5 / (n - 1)
        return estimable(np.log(sd / m) + bias, bias + (sd / m) ** 2 / n)


def _counts(x: ArrayLike, n: ArrayLike, add: float, to: str) -> tuple[Floats, Floats]:
    """Return those with and those without the event, corrected."""
    x, n = floats(x, n)
    refuse(n <= 0, "a group must not be empty", ni=n)
    refuse((x < 0) | (x > n), "events must lie between 0 and the total", xi=x, ni=n)
    x, m = np.where(np.isnan(n), np.nan, x), n - x
    more = added((x, m), add, to)
    return x + more, m + more


def _moments(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> tuple[Floats, ...]:
    m, sd, n = floats(m, sd, n)
    refuse(n < 1, "each group must hold at least one person", ni=n)
    refuse(sd < 0, "standard deviations must not be negative", sdi=sd)
    return m, sd, n


def _angle(x: Floats, y: Floats) -> Floats:
    """Return asin(sqrt(x / (x + y)))."""
    return np.arctan2(np.sqrt(x), np.sqrt(y))


def _inputs(function: Callable[..., Effects]) -> tuple[Inputs, ...]:
    def of_parts(x: ArrayLike, m: ArrayLike, **options: Any) -> Effects:
        x, m = floats(x, m)
        refuse((x < 0) | (m < 0), "counts must not be negative", xi=x, mi=m)
        return function(x, x + m, **options)

    return (Inputs(("xi", "ni"), function), Inputs(("xi", "mi"), of_parts))


_ZEROS, _MEAN = ("add", "to"), ("mi", "sdi", "ni")
_EXTREME = "nobody, or everybody, had the event"
_POSITIVE = "the logarithm needs a mean and a standard deviation above 0, and two people"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="PR", inputs=_inputs(proportion), options=_ZEROS),
    Recipe(name="PLN", inputs=_inputs(log_proportion), options=(*_ZEROS, "total_adds"), undefined=_EXTREME),
    Recipe(name="PLO", inputs=_inputs(logit_proportion), options=_ZEROS, undefined=_EXTREME),
    Recipe(name="PAS", inputs=_inputs(arcsine_proportion), options=_ZEROS),
    Recipe(name="PFT", inputs=_inputs(double_arcsine_proportion), options=_ZEROS),
    Recipe(name="MN", inputs=(Inputs(_MEAN, mean),)),
    Recipe(name="MNLN", inputs=(Inputs(_MEAN, log_mean),), undefined=_POSITIVE),
    Recipe(name="SDLN", inputs=(Inputs(("sdi", "ni"), log_sd),), undefined=_POSITIVE),
    Recipe(name="CVLN", inputs=(Inputs(_MEAN, log_cv),), undefined=_POSITIVE),
)
