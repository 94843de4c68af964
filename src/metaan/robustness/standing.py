"""Where an interval lies, seen from no effect and from the smallest effect that matters."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.terms.records import Interval

ENOUGH = 3  #: studies below which no interval is trusted, hence no conclusion can change

OPEN, INSIDE, SOME, BEYOND = 0, 1, 2, 3  #: SOME and BEYOND are negative below the null


def standing(low: ArrayLike, high: ArrayLike, small: Interval | None) -> NDArray[np.int64]:
    """Return what intervals leave out, on the working scale of a measure whose null is 0.

    Parameters
    ----------
    low, high : array_like, shape (...)
    small : Interval or None
        Limits within which an effect is small.

    Returns
    -------
    ndarray of int, shape (...)
        0 open, 1 wholly inside the small effects, 2 leaves out the null, 3 wholly beyond the small effects; the last
        two negative below the null.
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    side = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    if small is None:
        return side * SOME
    beyond = (low > small.high) | (high < small.low)
    inside = (low > small.low) & (high < small.high)
    return np.where(inside, INSIDE, side * np.where(beyond, BEYOND, SOME))


def in_words(code: int) -> str:
    """Return a standing in words."""
    return {
        OPEN: "includes no effect",
        INSIDE: "lies inside the effects too small to matter",
        SOME: "lies above no effect",
        -SOME: "lies below no effect",
        BEYOND: "lies wholly above the smallest effect that matters",
        -BEYOND: "lies wholly below the smallest effect that matters",
    }[int(code)]
