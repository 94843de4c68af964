"""Log ratios from ratios as printed, with an interval, a standard error or a p-value."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recover import se_from_ci, se_from_p

Floats = NDArray[np.float64]


def ratio_with_interval(estimate: ArrayLike, low: ArrayLike, high: ArrayLike, level: float = 0.95) -> Effects:
    """Log of a ratio; variance from the width of its interval on the log scale.

    Parameters
    ----------
    estimate, low, high : array_like, shape (k,)
        Ratio and limits as printed (not logarithms), all positive.
    level : float
        Level of the interval.

    Raises
    ------
    ValueError
        Values that are not positive, or an estimate outside its own interval.
    """
    y, lower, upper = _logs(estimate), _logs(low), _logs(high)
    if ((y < lower) | (y > upper)).any():
        raise ValueError("a ratio lies outside its own confidence interval")
    return Effects(y, se_from_ci(lower, upper, level) ** 2)


def ratio_with_se(estimate: ArrayLike, se_log: ArrayLike) -> Effects:
    """Log of a ratio whose logarithm has standard error `se_log`."""
    se = np.asarray(se_log, dtype=float)
    if (se < 0).any():
        raise ValueError("standard errors must not be negative")
    return Effects(_logs(estimate), se**2)


def ratio_with_p(estimate: ArrayLike, p: ArrayLike) -> Effects:
    """Log of a ratio; variance from its exact two-sided p-value, taken as that of a Wald test.

    NaN in `v` where the ratio or p is 1.
    """
    y = _logs(estimate)
    return Effects(y, se_from_p(y, p) ** 2)


def _logs(values: ArrayLike) -> Floats:
    values = np.asarray(values, dtype=float)
    if (values <= 0).any():
        raise ValueError("ratios and their limits must be positive")
    return np.log(values)
