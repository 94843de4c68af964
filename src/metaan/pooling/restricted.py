"""Restricted likelihood of tau2 for a single mean: its highest maximum, by the bounds of `highest`.

Here P = W - W 1 1' W / sum(W).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.highest import Parts, ahead, falls, falls_for_good, first, highest, reach, rises
from metaan.pooling.kernel import Booleans, Floats, Rows, dot, pick, root_of_one, unweighted

_SMALL = 1e-60  #: smallest variance, and inverse of the largest, in whose units effects are left
_BLOCK = 1 << 16  #: numbers the score is worked out from at once
_TINY: Any = np.finfo(float).tiny
_ZERO: Any = np.float64(0.0)


class Core:
    """Rows about their most precise study, which is kept apart: its weight may dwarf the sum of all others.

    Studies stand along the first axis, so that values of one a row need no axis of their own; many short rows lie in
    memory study by study, few long rows row by row, as `kernel.arrange` left them. A single row may have no second
    axis: all but the studies are then numbers, which NumPy works on much faster than on arrays of one item.
    """

    __slots__ = ("_room", "first", "v", "y")

    def __init__(self, y: Floats, v: Floats, first: Floats, room: Floats | None = None) -> None:
        self.y = y  #: distance from the most precise study, shape (k, n) or (k,)
        self.v = v  #: infinite for studies left out and for the most precise study
        self.first = first  #: shape (n,), variance of the most precise study
        size = 2 * min(v.size, max(_BLOCK, len(v)))  # working memory, shared with the rows taken from these
        self._room = room if room is not None and room.size >= size else np.empty(size)

    def take(self, rows: NDArray[np.int64]) -> "Core":
        """Return some rows."""
        return Core(pick(self.y.T, rows).T, pick(self.v.T, rows).T, self.first[rows], self._room)

    def parts(self, t: Floats) -> Parts:
        """Return the parts of the score at one tau2 a row, shape (n,)."""
        step = _BLOCK // len(self.v) or 1
        if self.v.ndim == 1 or self.first.size <= step:
            return self._parts(self.y, self.v, self.first, t)
        found = np.empty((4, self.first.size))  # in blocks small enough to stay near the processor
        for start in range(0, self.first.size, step):
            i = slice(start, start + step)
            found[:, i] = self._parts(self.y[:, i], self.v[:, i], self.first[i], t[i])
        return Parts(*found)

    def _parts(self, y: Floats, v: Floats, first: Floats, t: Floats) -> Parts:
        rooms = self._room[: v.size], self._room[v.size : 2 * v.size]
        by_row = v.ndim == 2 and v.strides[0] < v.strides[1]
        w, r = (room.reshape(v.T.shape).T if by_row else room.reshape(v.shape) for room in rooms)
        np.add(v, t, out=w)
        np.divide(1.0, w, out=w)
        u = 1.0 / (first + t)  # weight of the study set apart; its residual is -mu
        others = np.add.reduce(w, axis=0)
        total = others + u
        mu = _dot(w, y) / total
        np.subtract(y, mu, out=r)
        r *= w
        pull, share, rest = u * mu, u / total, others / total
        g = _dot(w, r)
        a2 = _dot(w, r, r) + pull * pull * u * rest - (g - 2.0 * u * pull) * g / total
        a = _dot(r, r) + pull * pull
        s2, s3 = _dot(w, w), _dot(w, w, w)
        p2 = s2 / total
        b = others * (1.0 + share) - p2
        b2 = s2 - 2.0 * s3 / total + p2 * p2 + 2.0 * s2 * share**2 + (share * others) ** 2
        return Parts(a, b, a2, b2)

    def log_likelihood(self, t: Floats) -> Floats:
        """Return the restricted log-likelihood at one tau2 a row, shape (n,), up to a constant."""
        w, u = 1.0 / (self.v + t), 1.0 / (self.first + t)
        total = w.sum(axis=0) + u
        r = self.y - (w * self.y).sum(axis=0) / total
        q = (w * r * r).sum(axis=0) + u * (_dot(w, self.y) / total) ** 2
        logs = np.log(w, out=np.zeros_like(w), where=w > 0).sum(axis=0) + np.log(u)
        return 0.5 * (logs - np.log(total) - q)


def _dot(a: Floats, b: Floats, *others: Floats) -> Floats:
    """Return the sum over the studies of a product."""
    if a.ndim == 1:
        return a.dot(b) if not others else (a * b).dot(others[0])
    return dot(a.T, b.T, *(c.T for c in others))


def core(rows: Rows) -> Core:
    """Set the most precise study of each row apart."""
    every, place = np.arange(len(rows.y)), rows.v.argmin(axis=1)
    first, middle = rows.v[every, place], rows.y[every, place]
    v = rows.v.copy(order="K")
    v[every, place] = np.inf
    return Core(rows.y.T - middle, v.T, first)


def maximise(rows: Rows) -> tuple[Floats, Booleans]:
    """Return the tau2 of the highest restricted likelihood in each row, and whether it was found to full precision."""
    # Over a range that has shrunk to nothing a bound may be a quotient of zeros: it then proves nothing.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        least = rows.v.min(axis=1, initial=np.inf)
        extreme = np.isfinite(least) & ((least < _SMALL) | (least > 1.0 / _SMALL))
        if not extreme.any():
            return _single(rows) if len(rows.y) == 1 else _maximise(rows)
        unit = np.where(extreme, least, 1.0)  # cubes of weights would leave the range of numbers
        scaled = Rows(rows.y / np.sqrt(unit)[:, None], rows.v / unit[:, None], rows.centre, rows.k)
        tau2, converged = _maximise(scaled)
        return tau2 * unit, converged


def _single(rows: Rows) -> tuple[Floats, Booleans]:
    """Do what `_maximise` does for one row, on numbers; it is left to `_maximise` where the simple proof fails."""
    y, v = rows.y[0], rows.v[0].copy()
    place = v.argmin()
    smallest: Any = v[place]
    farthest: Any = np.ptp(y) ** 2 - smallest
    if not (farthest > 0 and rows.k[0] > 1):
        return np.zeros(1), np.ones(1, dtype=bool)
    squares, pull, average = (part[0] for part in unweighted(rows))
    within = reach(smallest, farthest, squares, rows.k[0] - 1.0, pull, average)
    v[place] = np.inf
    held = Core(y - y[place], v, smallest)
    peak: Any = _ZERO
    here, settled = held.parts(_ZERO), True
    rising = here.a > here.b
    if rising:
        zero = here

        def excess(t: Any) -> Any:
            return held.parts(t).excess

        start: Any = first(zero, within)[()]
        peak, settled = root_of_one(excess, _ZERO, farthest, smallest, start)
        here = held.parts(peak)
        if not rises(zero, here, peak):
            return _maximise(rows)
    if not falls_for_good(here, within.squares, rising):
        further: Any = max(ahead(here, peak, within.squares, max(farthest, peak), rising), peak)
        there = held.parts(further)
        none: Any = np.False_
        proved = there.a <= there.b and falls_for_good(there, within.squares, none)
        if not (proved and falls(here, there, max(further - peak, _TINY))):
            return _maximise(rows)
    return np.array([peak]), np.array([settled])


def _maximise(rows: Rows) -> tuple[Floats, Booleans]:
    tau2, converged = np.zeros(len(rows.y)), np.ones(len(rows.y), dtype=bool)
    smallest = rows.v.min(axis=1)
    # Residuals lie within (1 - p) D of zero, D the largest distance between effects, p shares of the weight: hence the
    # score is nowhere positive beyond D^2 - min(v).
    farthest = np.ptp(rows.y, axis=1) ** 2 - smallest
    some = np.flatnonzero((farthest > 0) & (rows.k > 1))
    if not some.size:
        return tau2, converged
    if some.size < len(rows.y):
        rows, smallest, farthest = rows.some(some), smallest[some], farthest[some]
    squares, pull, average = unweighted(rows)
    within = reach(smallest, farthest, squares, (rows.k - 1).astype(float), pull, average)
    tau2[some], converged[some] = highest(core(rows), within)
    return tau2, converged
