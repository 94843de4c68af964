"""What is added to counts where there are zeros."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TO = ("only0", "all", "if0all", "none")  #: studies with a zero; all; all of a set that has a zero; none
TREATMENT_ARM = "TACC"  #: `add` of the treatment-arm continuity correction


def added(counts: tuple[Floats, ...], add: float, to: str) -> Floats:
    """Return what is added to each count of each study.

    Parameters
    ----------
    counts : tuple of ndarray, shape (..., k)
        Counts of each study; one that is missing is no zero.
    add : float
        Amount, not negative.
    to : {"only0", "all", "if0all", "none"}
        Studies that have a zero; all studies; all of a set, which is the last axis, if any has a zero; none.

    Returns
    -------
    ndarray, shape (..., k)

    Raises
    ------
    ValueError
        Unknown `to`, or an amount that is negative or no number.
    """
    if to not in TO:
        raise ValueError(f"to must be one of {', '.join(TO)}, not {to!r}")
    if isinstance(add, str) or not (math.isfinite(add) and add >= 0):
        raise ValueError(f"add must be a number, zero or more, not {add!r}")
    zero = np.zeros(counts[0].shape, dtype=bool)
    for count in counts:
        zero |= count == 0
    if to == "if0all" and zero.ndim:
        zero = np.broadcast_to(zero.any(axis=-1, keepdims=True), zero.shape)
    elif to == "all":
        zero = np.ones_like(zero)
    return add * zero if to != "none" else np.zeros(zero.shape)
