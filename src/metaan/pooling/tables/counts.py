"""Counts arranged for pooling: the same rows of a batch as in `kernel`, but of cells instead of effects."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.zeros import TREATMENT_ARM, added
from metaan.pooling.kernel import CHUNK, Booleans, Floats
from metaan.terms.given import numbers, positions


class Counts(NamedTuple):
    """Validated input of one call; columns are the four cells of a table, or events and person-time of two groups."""

    columns: tuple[Floats, ...]  #: each of shape (n, k), a view where the caller gave fewer axes
    mask: Booleans | None  #: shape (n, k)
    axes: tuple[int, ...]  #: batch axes of the input

    def chunks(self) -> Iterator[tuple[tuple[Floats, ...], Booleans]]:
        """Yield columns and mask in pieces of bounded size; what takes no part is zero."""
        n, k = self.columns[0].shape
        step = max(1, CHUNK // max(k, 1))
        for start in range(0, n, step):
            piece = slice(start, start + step)
            if self.mask is None:
                shape = self.columns[0][piece].shape
                yield tuple(np.array(column[piece]) for column in self.columns), np.ones(shape, dtype=bool)
            else:
                mask = self.mask[piece]
                yield tuple(np.where(mask, column[piece], 0.0) for column in self.columns), mask


def read_tables(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, mask: ArrayLike | None = None) -> Counts:
    """Check 2x2 tables and flatten their batch axes.

    Parameters
    ----------
    a, b, c, d : array_like, shape (..., k)
        Group 1 with and without the event, group 2 with and without it; leading axes are broadcast.
    mask : array_like of bool, shape (..., k), optional
        True where a table takes part. Cells that take no part may hold anything.

    Raises
    ------
    ValueError
        No tables, shapes that do not fit, missing, negative or infinite counts, or a group of nobody; positions are
        named, counted from 0.
    """
    names = ("a", "b", "c", "d")
    columns, m = _arrays(names, (a, b, c, d), mask)
    _refuse_bad(names, columns, m, "counts must be finite and not negative")
    for group, first, second in ((1, columns[0], columns[1]), (2, columns[2], columns[3])):
        _refuse(first + second, first + second == 0, m, f"group {group} must not be empty; its total is 0")
    return _flat(columns, m)


def read_rates(x1: ArrayLike, t1: ArrayLike, x2: ArrayLike, t2: ArrayLike, mask: ArrayLike | None = None) -> Counts:
    """Check events and person-time of two groups and flatten their batch axes; errors as in `read_tables`."""
    names = ("x1", "t1", "x2", "t2")
    columns, m = _arrays(names, (x1, t1, x2, t2), mask)
    _refuse_bad(names, columns, m, "events and person-time must be finite and not negative")
    for name, time in ((names[1], columns[1]), (names[3], columns[3])):
        _refuse(time, time == 0, m, f"person-time {name} must be positive")
    return _flat(columns, m)


def read_groups(x: ArrayLike, size: ArrayLike, mask: ArrayLike | None = None, *, people: bool) -> Counts:
    """Check events of one group and its people, or its person-time; errors as in `read_tables`."""
    names = ("x", "n" if people else "t")
    columns, m = _arrays(names, (x, size), mask)
    _refuse_bad(names, columns, m, "counts must be finite and not negative")
    _refuse(columns[1], columns[1] == 0, m, f"{names[1]} must be positive")
    if people:
        _refuse(columns[0], columns[0] > columns[1], m, "events x must not be more than the people n")
    return _flat(columns, m)


def corrected(counts: tuple[Floats, ...], mask: Booleans, add: float | str, to: str) -> tuple[Floats, ...]:
    """Add to the counts of the studies that `to` names.

    Parameters
    ----------
    counts : tuple of ndarray, shape (n, k)
        Group 1 first: the cells a, b, c, d, or the events of two groups.
    mask : ndarray of bool, shape (n, k)
        Studies that take part; the others stay as they are.
    add : float or "TACC"
        Amount; or, for tables, the group's own share of the people [1]_.
    to : {"none", "only0", "if0all", "all"}
        See `effects.zeros.added`.

    References
    ----------
    .. [1] Sweeting MJ, Sutton AJ, Lambert PC. Stat Med 2004;23:1351-1375.
    """
    if to == "none":
        return counts
    taking = tuple(np.where(mask, count, np.nan) for count in counts)
    if add == TREATMENT_ARM:
        a, b, c, d = counts
        share = np.divide(a + b, a + b + c + d, out=np.zeros_like(a), where=mask)
        where = mask * added(taking, 1.0, to)
        return a + where * share, b + where * share, c + where * (1.0 - share), d + where * (1.0 - share)
    amount = mask * added(taking, float(add), to)
    return tuple(count + amount for count in counts)


def choice(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse an option that is not known."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def in_chunks(
    counts: Counts, function: Callable[[tuple[Floats, ...], Booleans], dict[str, NDArray[Any]]]
) -> dict[str, Any]:
    """Apply a function to each piece of a batch; give floats and tuples for a single synthesis, else arrays."""
    parts = [function(columns, mask) for columns, mask in counts.chunks()]
    if not parts:  # a batch axis of length zero
        empty = tuple(np.zeros((0, counts.columns[0].shape[1])) for _ in counts.columns)
        parts = [function(empty, np.zeros(empty[0].shape, dtype=bool))]
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if counts.axes:
        return {name: values.reshape(*counts.axes, *values.shape[1:]) for name, values in fields.items()}
    return {name: tuple(values[0].tolist()) if values.ndim > 1 else values[0].item() for name, values in fields.items()}


def _arrays(
    names: Sequence[str], given: Sequence[ArrayLike], mask: ArrayLike | None
) -> tuple[list[Floats], Booleans | None]:
    columns = [numbers(name, column) for name, column in zip(names, given, strict=True)]
    m = None if mask is None else np.asarray(mask)
    if m is not None and m.dtype != np.bool_:
        raise ValueError("mask must hold True and False")
    lengths = {
        name: (part.shape[-1] if part.ndim else 0)
        for name, part in zip((*names, "mask"), (*columns, m), strict=True)
        if part is not None
    }
    if 0 in lengths.values() or len(set(lengths.values())) > 1:
        held = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"all columns must hold the same studies, at least one; they hold: {held}")
    return columns, m


def _refuse_bad(names: Sequence[str], columns: list[Floats], mask: Booleans | None, rule: str) -> None:
    for name, column in zip(names, columns, strict=True):
        _refuse(column, ~(np.isfinite(column) & (column >= 0)), mask, f"{rule}: {name}")


def _refuse(values: Floats, bad: Booleans, mask: Booleans | None, rule: str) -> None:
    if not bad.any():
        return
    if mask is not None:
        bad = np.asarray(bad & mask)
    if not bad.any():
        return
    raise ValueError(f"{rule}, at position {positions(np.broadcast_to(values, bad.shape), bad)}")


def _flat(columns: list[Floats], mask: Booleans | None) -> Counts:
    shape = np.broadcast_shapes(*(part.shape for part in (*columns, mask) if part is not None))
    flat = (math.prod(shape[:-1]), shape[-1])

    def rows(part: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(part, flat) if part.ndim == 1 else np.broadcast_to(part, shape).reshape(flat)

    return Counts(tuple(rows(column) for column in columns), None if mask is None else rows(mask), shape[:-1])
