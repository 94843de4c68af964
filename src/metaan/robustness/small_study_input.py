"""What tests of small-study effects are made from: effects, sample sizes and 2x2 tables of the same studies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.robustness import tables_2x2
from metaan.robustness.tables_2x2 import Tables
from metaan.terms.given import numbers


class Studies(NamedTuple):
    """Validated input of one call, batch axes flattened; arrays of shape (n, k)."""

    y: Floats
    v: Floats
    mask: Booleans
    people: Floats | None
    groups: tuple[Floats, Floats] | None
    tables: Tables | None
    axes: tuple[int, ...]


def read(
    yi: ArrayLike | None,
    vi: ArrayLike | None,
    n: ArrayLike | None,
    groups: ArrayLike | None,
    tables: ArrayLike | None,
    mask: ArrayLike | None,
) -> Studies:
    """Check the arguments of `small_study_test`; log odds ratios stand in where only tables are given.

    Raises
    ------
    ValueError
        Neither effects nor tables, shapes that do not fit, or values that cannot be used; positions are named.
    """
    if hasattr(yi, "columns"):
        yi, vi, _ = kernel.tidy(yi, vi, None)
    if (yi is None) != (vi is None) or (yi is None and tables is None):
        raise ValueError("give effects and variances (yi and vi), or tables")
    counts, axes = (None, ()) if tables is None else tables_2x2.read(tables)
    if yi is not None and vi is not None:
        batch = kernel.read(yi, vi, mask)
        y, v, axes = batch.y, batch.v, batch.axes
        some = np.ones(y.shape, dtype=bool) if batch.mask is None else batch.mask
        if counts is not None:
            counts = Tables(*(_fitted(part, y.shape, "tables") for part in counts))
    else:
        assert counts is not None
        some = _mask(mask, counts.a.shape, axes) & counts.informative
        y, v = tables_2x2.log_odds_ratio(counts)
        y, v = np.where(some, y, 0.0), np.where(some, v, 1.0)
    pair = None if counts is None else (counts.n1, counts.n2)
    if groups is not None:
        sizes = numbers("groups", groups)
        if sizes.ndim < 2 or len(sizes) != 2:
            raise ValueError(f"groups must hold two rows of sizes, not an array of shape {sizes.shape}")
        pair = (_positive(sizes[0], some, "groups"), _positive(sizes[1], some, "groups"))
    people = None if pair is None else pair[0] + pair[1]
    if n is not None:
        people = _positive(numbers("n", n), some, "n")
    return Studies(y, v, some, people, pair, counts, axes)


def _mask(mask: ArrayLike | None, shape: tuple[int, ...], axes: tuple[int, ...]) -> Booleans:
    if mask is None:
        return np.ones(shape, dtype=bool)
    given = np.asarray(mask)
    if given.dtype != np.bool_:
        raise ValueError("mask must hold True and False")
    try:
        return np.broadcast_to(given, (*axes, shape[1])).reshape(shape)
    except ValueError:
        raise ValueError(f"mask must have the shape of the studies, {(*axes, shape[1])}, not {given.shape}") from None


def _fitted(values: Floats, shape: tuple[int, ...], name: str) -> Floats:
    flat = np.atleast_2d(values)
    flat = flat.reshape(-1, flat.shape[-1])
    if flat.shape[1] != shape[1] or len(flat) not in (1, shape[0]):
        raise ValueError(f"{name} must hold the {shape[1]} studies of the effects, not shape {values.shape}")
    return np.broadcast_to(flat, shape)


def _positive(values: Floats, mask: Booleans, name: str) -> Floats:
    flat = _fitted(values, mask.shape, name)
    bad = mask & ~(np.isfinite(flat) & (flat > 0))
    if bad.any():
        places = ", ".join(f"{int(at[1])} ({flat[tuple(at)]:g})" for at in np.argwhere(bad)[:10])
        raise ValueError(f"{name} must be positive, finite numbers: at position {places}")
    return flat
