"""The inverse-variance core: every synthesis is a batch of rows, one row a set of studies.

Arrays are `y, v` of shape ``(..., k)``. A study left out of a row has infinite variance, hence weight zero: no formula
needs to know of masks. Rows are centred on their first study, so that equal effects differ by exactly zero.

Where a piece has more rows than studies it lies in memory study by study (Fortran order): a sum over the studies then
runs along whole columns, several times as fast as along many short rows. NumPy keeps that order in whatever is computed
from such arrays, so only `arrange` and `pick` know of it.
"""

import math
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.terms.given import SHOWN, named, numbers, positions

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
T = TypeVar("T")

CHUNK = 1 << 18  #: numbers worked on at once: bounds memory
ITERATIONS = 200
TOLERANCE = 1e-12  #: relative; the step that meets it is still taken, so that the error is its square
QUADRATIC = 1e-7  #: relative size below which steps are taken to shrink quadratically if they have begun to


class Rows(NamedTuple):
    """Studies arranged for the kernel."""

    y: Floats  #: shape (n, k), minus the row's centre, zero where left out
    v: Floats  #: shape (n, k), infinite where left out
    centre: Floats  #: shape (n,)
    k: NDArray[np.int64]  #: shape (n,), studies in the row

    def some(self, rows: NDArray[Any]) -> "Rows":
        """Return some rows, given by number or by True and False."""
        return Rows(pick(self.y, rows), pick(self.v, rows), self.centre[rows], self.k[rows])


class Batch(NamedTuple):
    """Validated input of one call."""

    y: Floats  #: shape (n, k), a view where the caller gave fewer axes
    v: Floats  #: shape (n, k)
    mask: Booleans | None  #: shape (n, k)
    axes: tuple[int, ...]  #: batch axes of the input

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows in pieces of bounded size."""
        for piece in self._pieces():
            yield self._arranged(piece)

    def each(self, function: Callable[[Rows, slice], T]) -> list[T]:
        """Apply a function to the rows in pieces of bounded size, a large batch on all processors.

        The function takes the rows of a piece and its place in the batch. Pieces do not depend on the number of
        processors, so neither do the results.
        """
        return each(self._pieces(), lambda piece: function(self._arranged(piece), piece))

    def _pieces(self) -> list[slice]:
        return pieces(*self.y.shape)

    def _arranged(self, piece: slice) -> Rows:
        return arrange(self.y[piece], self.v[piece], None if self.mask is None else self.mask[piece])


def pieces(n: int, k: int, size: int | None = None) -> list[slice]:
    """Cut `n` rows of `k` numbers into pieces of at most `size` numbers, all about equal: none is waited for."""
    most = max(1, (CHUNK if size is None else size) // max(k, 1))
    count = max(1, -(-n // most))
    step = max(1, -(-n // count))
    return [slice(start, start + step) for start in range(0, max(n, 1), step)]


def each(places: list[slice], function: Callable[[slice], T]) -> list[T]:
    """Apply a function to pieces of a batch, four or more on all processors, and return what it gives in order."""
    workers = min(len(places) // 2, processors())
    if workers < 2:
        return [function(place) for place in places]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:  # numpy lets go of the interpreter's lock while it computes
        return list(pool.map(function, places))


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read(
    yi: ArrayLike, vi: ArrayLike | None = None, mask: ArrayLike | None = None, labels: list[str] | None = None
) -> Batch:
    """Check the input and flatten its batch axes.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances; leading axes are broadcast. Or a table, see `tidy`.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part. Values that take no part may be anything, not-a-number included.
    labels : list of str, length k, optional
        Names of the studies, used in messages.

    Raises
    ------
    ValueError
        No studies, shapes that do not fit, or an effect or variance that takes part and cannot be used; its positions
        are named, counted from 0.
    """
    yi, vi, labels = tidy(yi, vi, labels)
    y, v = numbers("effects", yi), numbers("variances", vi)
    m = None if mask is None else np.asarray(mask)
    if m is not None and m.dtype != np.bool_:
        raise ValueError("mask must hold True and False")
    given = [y, v] if m is None else [y, v, m]
    lengths = [a.shape[-1] if a.ndim else 0 for a in given]
    if lengths[0] == 0 or len(set(lengths)) > 1:
        raise ValueError(f"effects, variances and mask must hold the same studies, at least one; they hold {lengths}")
    if not (fine := np.isfinite(y)).all():
        _refuse(y, ~fine, m, labels, "effects must be finite numbers")
    if not (fine := np.isfinite(v) & (v > 0)).all():
        _refuse(v, ~fine, m, labels, "variances must be positive, finite numbers")
    if m is None and y.ndim == v.ndim == 1:
        return Batch(y[None], v[None], None, ())
    shape = np.broadcast_shapes(*(a.shape for a in given))
    flat = (math.prod(shape[:-1]), shape[-1])

    def rows(a: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(a, flat) if a.ndim == 1 else np.broadcast_to(a, shape).reshape(flat)

    return Batch(rows(y), rows(v), None if m is None else rows(m), shape[:-1])


def tidy(yi: Any, vi: Any, labels: Any) -> tuple[Any, Any, list[str] | None]:
    """Return effects, variances and names of rows from arrays or from a table with columns yi and vi."""
    columns = getattr(yi, "columns", None)
    if columns is not None:
        if vi is not None:
            raise ValueError("where effects come as a table its columns yi and vi are used: leave out the variances")
        if missing := [name for name in ("yi", "vi") if name not in columns]:
            raise ValueError(f"the table has no column {' and '.join(missing)}; effect_sizes() appends both")
        if labels is None:
            named = next((name for name in ("study", "slab") if name in columns), None)
            labels = None if named is None else yi[named]
        yi, vi = (yi[name].to_numpy(dtype=float, na_value=np.nan) for name in ("yi", "vi"))
    elif vi is None:
        raise ValueError("variances are missing: give yi and vi, or a table with both columns")
    if labels is not None and (isinstance(labels, str) or not np.iterable(labels)):
        raise ValueError(f"labels must name every study, one text each, not {labels!r}")
    names = None if labels is None else [str(label) for label in labels]
    if names is not None and len(names) != np.shape(yi)[-1]:
        raise ValueError(f"labels must name every study: {np.shape(yi)[-1]}, not {len(names)}")
    return yi, vi, names


def _refuse(values: Floats, bad: Booleans, mask: Booleans | None, labels: list[str] | None, rule: str) -> None:
    if mask is not None:
        bad = np.asarray(bad & mask)
        if not bad.any():
            return
        values = np.broadcast_to(values, bad.shape)
    if labels is not None:
        places = [tuple(int(i) for i in place) for place in np.argwhere(bad)[:SHOWN]]
        studies = named([f'"{labels[place[-1]]}" ({values[place]:g})' for place in places], int(bad.sum()))
        raise ValueError(f"{rule}: study {studies}; correct these rows or leave them out")
    raise ValueError(f"{rule}: at position {positions(values, bad)}")


def arrange(y: Floats, v: Floats, mask: Booleans | None = None) -> Rows:
    """Centre rows and give studies left out an infinite variance; arrays of shape ``(n, k)``."""
    n, k = y.shape
    columns = n > k
    if mask is None:
        centre = y[:, 0].copy()
        if columns:
            distance = np.subtract(y.T, centre, out=np.empty((k, n)))
            return Rows(distance.T, v.T.copy(order="C").T, centre, np.full(n, k))
        return Rows(np.subtract(y, y[:, :1], order="C"), np.array(v, order="C"), centre, np.full(n, k))
    centre = np.take_along_axis(y, mask.argmax(axis=1)[:, None], axis=1)[:, 0]
    number = np.add.reduce(mask, axis=1, dtype=np.int64)
    if not number.all():
        centre[number == 0] = np.nan
    if columns:
        inside = np.ascontiguousarray(mask.T)
        distance = np.subtract(y.T, centre, out=np.empty((k, n)))
        return Rows(np.where(inside, distance, 0.0).T, np.where(inside, v.T, np.inf).T, centre, number)
    mask = np.ascontiguousarray(mask)
    distance = np.subtract(y, centre[:, None], order="C")
    return Rows(np.where(mask, distance, 0.0), np.where(mask, np.ascontiguousarray(v), np.inf), centre, number)


def pick(values: Floats, rows: NDArray[Any]) -> Floats:
    """Return some rows, by number or by True and False, of an array of shape ``(n, k)``; its order of memory stays."""
    if values.flags.c_contiguous:
        return values[rows]
    return values.T.take(np.flatnonzero(rows) if rows.dtype == np.bool_ else rows, axis=1).T


def total(values: Floats) -> Floats:
    """Return the sum over the studies."""
    return np.add.reduce(values, axis=-1)


def dot(a: Floats, b: Floats, *others: Floats) -> Floats:
    """Return the sum over the studies of a product, without the product being stored."""
    if others:
        return np.einsum("...k,...k,...k->...", a, b, *others)
    return np.einsum("...k,...k->...", a, b)


def unweighted(rows: Rows) -> tuple[Floats, Floats, Floats]:
    """Return, about the unweighted mean, the sum of squares, the same weighted with the variances; the mean variance.

    NaN in rows without a study.
    """
    y, v = rows.y, rows.v
    k = np.where(rows.k > 0, rows.k, np.nan)
    r = y - (total(y) / k)[:, None]
    if np.isinf(v.max(axis=1, initial=0.0)).any():
        inside = np.isfinite(v)
        r, v = np.where(inside, r, 0.0), np.where(inside, v, 0.0)
    return dot(r, r), dot(r, r, v), total(v) / k


class Mean(NamedTuple):
    """Weighted mean of each row."""

    mean: Floats  #: about the row's centre
    weight: Floats  #: sum of the weights
    q: Floats  #: weighted sum of squared distances from the mean
    w: Floats  #: weights, shape (..., k)


def mean(y: Floats, v: Floats, tau2: Floats) -> Mean:
    """Inverse-variance mean with weights ``1 / (v + tau2)``; NaN in rows without a study."""
    w = v + tau2[..., None]
    np.divide(1.0, w, out=w)
    weight = total(w)
    known = weight > 0
    if known.all():
        mu = dot(w, y) / weight
    else:
        mu = np.divide(dot(w, y), weight, out=np.full(weight.shape, np.nan), where=known)
    r = y - mu[..., None]
    return Mean(mu, weight, dot(w, r, r), w)


def root(
    function: Callable[[NDArray[np.int64], Floats], tuple[Floats, Floats]],
    low: Floats,
    high: Floats,
    scale: Floats,
    start: Floats | None = None,
) -> tuple[Floats, Booleans]:
    """Find where a function of tau2 ceases to be positive, in each row: Newton's steps, kept in a bracket.

    Parameters
    ----------
    function : callable
        Takes row numbers and values, returns the function and its slope there.
    low, high : ndarray, shape (n,)
        Bracket: the function is positive at `low` (0 <= low) and not positive at `high`.
    scale : ndarray, shape (n,)
        Smallest sampling variance of the row: tau2 + scale, not tau2 alone, is what is known to a relative precision.
    start : ndarray, shape (n,), optional
        First value in the bracket; `low` if not given.

    Returns
    -------
    root : ndarray, shape (n,)
    converged : ndarray of bool, shape (n,)

    Notes
    -----
    A row is done when its step, or the step that would follow it, is below the tolerance: where Newton's steps shrink
    quadratically the one after `step` is step * (step / last)^2.
    """
    found, converged = np.zeros_like(low), np.zeros(low.shape, dtype=bool)
    rows, lo, hi = np.arange(low.size), low, high
    t, last = low if start is None else start, high - low  # mostly convex: from the left Newton does not overshoot
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(ITERATIONS):
            value, slope = function(rows, t)
            above = value > 0
            lo, hi = np.where(above, t, lo), np.where(above, hi, t)
            size = t + scale
            tolerance = TOLERANCE * size
            new = np.where(value == 0, t, t - value / slope)
            step = np.abs(new - t)
            settled = (step <= tolerance) | (
                (step <= QUADRATIC * size) & (step * (step / last) ** 2 <= 0.01 * tolerance)
            )
            newton = (new > lo) & (new < hi) & (step <= 0.9 * last) | settled
            if not newton.all():
                new = np.where(newton, new, _middle(lo, hi))
            done = settled | ((hi - lo <= tolerance) & np.isfinite(value))
            if done.any():
                found[rows[done]] = np.minimum(np.maximum(new, lo), hi)[done]
                converged[rows[done]] = True
                go = np.flatnonzero(~done)
                if not go.size:
                    return found, converged
                rows, t, last, scale, lo, hi = rows[go], new[go], np.abs(new - t)[go], scale[go], lo[go], hi[go]
            else:
                t, last = new, np.abs(new - t)
    found[rows] = t
    return found, converged


def root_of_one(
    function: Callable[[float], tuple[float, float]], low: float, high: float, scale: float, start: float
) -> tuple[float, bool]:
    """Do what `root` does for a single row, on numbers: several times as fast as on arrays of one item."""
    t, last = start, high - low
    for _ in range(ITERATIONS):
        value, slope = function(t)
        if value > 0:
            low = t
        else:
            high = t
        size = t + scale
        tolerance = TOLERANCE * size
        new = t if value == 0 else t - value / slope
        step = abs(new - t)
        settled = step <= tolerance or (step <= QUADRATIC * size and step * (step / last) ** 2 <= 0.01 * tolerance)
        if not (settled or (low < new < high and step <= 0.9 * last)):
            new = math.sqrt(low * high) if low > 0 and high > 4 * low else 0.5 * (low + high)
        if settled or (high - low <= tolerance and math.isfinite(value)):
            return min(max(new, low), high), True
        t, last = new, abs(new - t)
    return t, False


def _middle(low: Floats, high: Floats) -> Floats:
    """Geometric middle of a wide bracket, arithmetic middle of a narrow one."""
    return np.where((low > 0) & (high > 4 * low), np.sqrt(low * high), 0.5 * (low + high))
