"""Effects from events and person-time: of two groups, and of one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.zeros import added

Floats = NDArray[np.float64]


def log_rate_ratio(
    x1: ArrayLike,
    t1: ArrayLike,
    x2: ArrayLike,
    t2: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log ratio of the incidence rates x1/t1 and x2/t2 with variance 1/x1 + 1/x2.

    Parameters
    ----------
    x1, t1, x2, t2 : array_like, shape (..., k)
        Events and person-time of each group; person-time is above 0 and in one unit within a study.
    add : float
        Added to the events of the studies that `to` names; person-time stays.
    to : {"only0", "all", "if0all", "none"}
        Studies with no event in a group; all; all if any of the last axis has none; none.
    drop00 : bool
        Give NaN for studies without an event in either group.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a number is missing or the ratio cannot be computed.

    Raises
    ------
    ValueError
        Negative events, person-time that is not above 0, or an unknown `to`.

    References
    ----------
    .. [1] Bagos PG, Nikolopoulos GK. Int J Biostat 2009;5(1):21.
    """
    x1, t1, x2, t2 = _groups(x1, t1, x2, t2, add, to, drop00)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2)


def rate_difference(
    x1: ArrayLike,
    t1: ArrayLike,
    x2: ArrayLike,
    t2: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = False,
) -> Effects:
    """Difference x1/t1 - x2/t2 of two incidence rates with variance x1/t1^2 + x2/t2^2.

    Parameters and errors as for `log_rate_ratio`; events per unit of person-time. `add` moves the estimate too.
    """
    x1, t1, x2, t2 = _groups(x1, t1, x2, t2, add, to, drop00)
    return estimable(x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2)


def root_rate_difference(
    x1: ArrayLike,
    t1: ArrayLike,
    x2: ArrayLike,
    t2: ArrayLike,
    *,
    add: float = 0.0,
    to: str = "only0",
    drop00: bool = False,
) -> Effects:
    """Difference sqrt(x1/t1) - sqrt(x2/t2), whose variance 1/(4 t1) + 1/(4 t2) does not depend on the events.

    Parameters and errors as for `log_rate_ratio`; nothing is added by default.
    """
    x1, t1, x2, t2 = _groups(x1, t1, x2, t2, add, to, drop00)
    return estimable(np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 0.25 / t1 + 0.25 / t2)


def rate(x: ArrayLike, t: ArrayLike, *, add: float = 0.5, to: str = "only0") -> Effects:
    """Incidence rate x/t of one group with variance x/t^2.

    Parameters
    ----------
    x, t : array_like, shape (..., k)
        Events and person-time, or observed and expected events.
    add, to
        As for `log_rate_ratio`.

    Raises
    ------
    ValueError
        Negative events, person-time that is not above 0, or an unknown `to`.
    """
    x, t = _group(x, t, add, to)
    return estimable(x / t, x / t**2)


def log_rate(x: ArrayLike, t: ArrayLike, *, add: float = 0.5, to: str = "only0") -> Effects:
    """Logarithm of an incidence rate with variance 1/x; parameters and errors as for `rate`."""
    x, t = _group(x, t, add, to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(x / t), 1 / x)


def root_rate(x: ArrayLike, t: ArrayLike, *, add: float = 0.0, to: str = "only0") -> Effects:
    """Square root of an incidence rate with variance 1/(4t); parameters and errors as for `rate`."""
    x, t = _group(x, t, add, to)
    return estimable(np.sqrt(x / t), 0.25 / t)


def freeman_tukey_rate(x: ArrayLike, t: ArrayLike, *, add: float = 0.0, to: str = "only0") -> Effects:
    """Mean of sqrt(x/t) and sqrt((x+1)/t) with variance 1/(4t); parameters and errors as for `rate`.

    References
    ----------
    .. [1] Freeman MF, Tukey JW. Ann Math Stat 1950;21:607-611.
    """
    x, t = _group(x, t, add, to)
    return estimable((np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 0.25 / t)


def _groups(
    x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, add: float, to: str, drop00: bool
) -> tuple[Floats, ...]:
    x1, t1, x2, t2 = floats(x1, t1, x2, t2)
    refuse((x1 < 0) | (x2 < 0), "events must not be negative", x1i=x1, x2i=x2)
    refuse((t1 <= 0) | (t2 <= 0), "person-time must be above 0", t1i=t1, t2i=t2)
    unusable = ~np.isfinite(x1 + t1 + x2 + t2)
    if drop00:
        unusable = unusable | ((x1 == 0) & (x2 == 0))
    x1, x2 = np.where(unusable, np.nan, x1), np.where(unusable, np.nan, x2)
    more = added((x1, x2), add, to)
    return x1 + more, t1, x2 + more, t2


def _group(x: ArrayLike, t: ArrayLike, add: float, to: str) -> tuple[Floats, Floats]:
    x, t = floats(x, t)
    refuse(x < 0, "events must not be negative", xi=x)
    refuse(t <= 0, "person-time must be above 0", ti=t)
    x = np.where(np.isfinite(x + t), x, np.nan)
    return x + added((x,), add, to), t


_TWO, _ONE = ("x1i", "t1i", "x2i", "t2i"), ("xi", "ti")
_ZEROS = ("add", "to", "drop00")
_SILENT = "no event in either group (or in one, with nothing added to the zero)"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="IRR", inputs=(Inputs(_TWO, log_rate_ratio),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="IRD", inputs=(Inputs(_TWO, rate_difference),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="IRSD", inputs=(Inputs(_TWO, root_rate_difference),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="IR", inputs=(Inputs(_ONE, rate),), options=("add", "to")),
    Recipe(name="IRLN", inputs=(Inputs(_ONE, log_rate),), options=("add", "to"), undefined="no event"),
    Recipe(name="IRS", inputs=(Inputs(_ONE, root_rate),), options=("add", "to")),
    Recipe(name="IRFT", inputs=(Inputs(_ONE, freeman_tukey_rate),), options=("add", "to")),
)
