"""Global maximum of the restricted likelihood of tau2, found and proved to be the only one or the highest.

With P = W - W 1 1' W / sum(W) and W the diagonal of weights 1 / (v + t), the score of the restricted likelihood is
(A - B) / 2, where A = y'PPy and B = tr P [1]_. On an orthonormal basis of contrasts A = sum(z^2 / (m + t)^2) and
B = sum(1 / (m + t)), with m > 0 and z free of t. Hence A, B and their negative slopes 2 y'PPPy and tr PP all fall with
t; 1 / sqrt(A) and 1 / B, power means of the m + t up to constants, are concave in t; and 1 / sqrt(A) rises at least as
fast as t / sqrt(S), S being the sum of squares of y about its unweighted mean. Concave functions lie above their chords
and below their tangents: two looks at the score tell its sign on the whole range between them, or ask for a third.

References
----------
.. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Booleans, Floats, Rows, root

_ROUNDS = 60  #: halvings of a range before it is taken to hold no further maximum
_NARROW = 1e-9  #: relative width at which a range is no longer halved
_MANY = 200  #: ranges a row at which a search is given up
_SMALL = 1e-60  #: smallest variance, and inverse of the largest, in whose units effects are left
_FEW = 0.6  #: share of rows still sought below which they are copied together
_ROUNDING = 1e-12  #: relative error of a bound on the score


class Parts(NamedTuple):
    """Parts of the score at one value of tau2 in each row."""

    a: Floats  #: y'PPy
    b: Floats  #: tr P
    a2: Floats  #: y'PPPy: a falls by 2 a2
    b2: Floats  #: tr PP: b falls by b2

    def at(self, rows: NDArray[np.int64]) -> "Parts":
        """Return the parts of some rows."""
        return Parts(*(part[rows] for part in self))

    def placed(self, rows: NDArray[np.int64], others: "Parts") -> "Parts":
        """Return the parts with those of some rows replaced."""
        held = Parts(*(part.copy() for part in self))
        for part, new in zip(held, others, strict=True):
            part[rows] = new
        return held

    def joined(self, others: "Parts") -> "Parts":
        """Return the parts followed by others."""
        return Parts(*map(np.concatenate, zip(self, others, strict=True)))

    @property
    def psi(self) -> Floats:
        """1 / sqrt(A), concave in t; infinite where the effects are equal."""
        return 1.0 / np.sqrt(self.a)

    @property
    def psi_slope(self) -> Floats:
        """Slope of `psi`."""
        return self.a2 / (self.a * np.sqrt(self.a))

    @property
    def h(self) -> Floats:
        """1 / B, concave in t."""
        return 1.0 / self.b

    @property
    def h_slope(self) -> Floats:
        """Slope of `h`."""
        return self.b2 / self.b**2

    @property
    def excess(self) -> tuple[Floats, Floats]:
        """1 - B / A and its slope: it has the sign of the score and is linear in t where all variances are equal."""
        ratio = self.b / self.a
        return 1.0 - ratio, (self.b2 - 2.0 * ratio * self.a2) / self.a


class Core:
    """Rows about their most precise study, which is kept apart: its weight may dwarf the sum of all others.

    Many short rows are laid out with the studies along the first axis, few long rows along the last: sums then run
    over whole arrays either way.
    """

    __slots__ = ("_room", "axis", "first", "v", "y")

    def __init__(self, y: Floats, v: Floats, first: Floats, axis: int, room: Floats | None = None) -> None:
        self.y = y  #: distance from the most precise study, shape (k, n) where axis is 0, (n, k) where it is 1
        self.v = v  #: infinite for studies left out and for the most precise study
        self.first = first  #: shape (n,), variance of the most precise study
        self.axis = axis  #: that of the studies
        size = 3 * v.size  # working memory, shared with the rows taken from these
        self._room = room if room is not None and room.size >= size else np.empty(size)

    def take(self, rows: NDArray[np.int64]) -> "Core":
        """Return some rows."""
        if self.axis == 0:
            return Core(self.y.take(rows, axis=1), self.v.take(rows, axis=1), self.first[rows], 0, self._room)
        return Core(self.y[rows], self.v[rows], self.first[rows], 1, self._room)

    def along(self, values: Floats) -> Floats:
        """Give one value a row the axis of the studies."""
        return values if self.axis == 0 else values[:, None]

    def sum(self, values: Floats) -> Floats:
        """Sum over studies."""
        return np.add.reduce(values, axis=self.axis)

    def parts(self, t: Floats) -> Parts:
        """Return the parts of the score at one tau2 a row, shape (n,)."""
        w, r, buffer = self._room[: 3 * self.v.size].reshape(3, *self.v.shape)
        np.add(self.v, self.along(t), out=w)
        np.divide(1.0, w, out=w)
        u = 1.0 / (self.first + t)  # weight of the study set apart; its residual is -mu
        others = self.sum(w)
        total = others + u
        np.multiply(w, self.y, out=buffer)
        mu = self.sum(buffer) / total
        np.subtract(self.y, self.along(mu), out=r)
        r *= w
        pull = u * mu
        np.multiply(w, r, out=buffer)
        g = self.sum(buffer)
        buffer *= r
        share, rest = u / total, others / total
        a2 = self.sum(buffer) + pull * pull * u * rest - (g - 2.0 * u * pull) * g / total
        r *= r
        a = self.sum(r) + pull * pull
        np.multiply(w, w, out=buffer)
        s2 = self.sum(buffer)
        buffer *= w
        s3 = self.sum(buffer)
        p2 = s2 / total
        b = others * (1.0 + share) - p2
        b2 = s2 - 2.0 * s3 / total + p2 * p2 + 2.0 * s2 * share**2 + (share * others) ** 2
        return Parts(a, b, a2, b2)

    def log_likelihood(self, t: Floats) -> Floats:
        """Return the restricted log-likelihood at one tau2 a row, shape (n,), up to a constant."""
        w, u = 1.0 / (self.v + self.along(t)), 1.0 / (self.first + t)
        total = self.sum(w) + u
        mu = self.sum(w * self.y) / total
        r = self.y - self.along(mu)
        q = self.sum(w * r * r) + u * mu**2
        logs = self.sum(np.log(w, out=np.zeros_like(w), where=w > 0)) + np.log(u)
        return 0.5 * (logs - np.log(total) - q)

    def excess(self) -> Callable[[NDArray[np.int64], Floats], tuple[Floats, Floats]]:
        """Return the function `root` asks for; rows are copied only when many have been left out."""
        held, of, last = self, np.arange(self.first.size), None
        places: NDArray[np.int64] | None = None
        values = np.zeros(of.size)

        def function(rows: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
            nonlocal held, of, last, places, values
            if rows is not last:
                last, places = rows, None
                if rows.size < _FEW * of.size:
                    held, of, values = (
                        held.take(rows if of.size == self.first.size else np.searchsorted(of, rows)),
                        rows,
                        t,
                    )
                elif rows.size < of.size:
                    places = np.searchsorted(of, rows)
            if places is None:
                values = t
                return held.parts(t).excess
            values = values.copy()
            values[places] = t
            return held.parts(values).at(places).excess

        return function


def core(rows: Rows) -> Core:
    """Set the most precise study of each row apart."""
    n, k = rows.y.shape
    every, place = np.arange(n), rows.v.argmin(axis=1)
    axis = 0 if n > k else 1
    first, middle = rows.v[every, place], rows.y[every, place]
    if axis:
        v = rows.v.copy()
        v[every, place] = np.inf
        return Core(rows.y - middle[:, None], v, first, axis)
    v = rows.v.T.copy()
    v[place, every] = np.inf
    return Core(np.ascontiguousarray(rows.y.T) - middle, v, first, axis)


def maximise(rows: Rows) -> tuple[Floats, Booleans]:
    """Return the tau2 of the highest restricted likelihood in each row, and whether it was found to full precision."""
    # Over a range that has shrunk to nothing a bound may be a quotient of zeros: it then proves nothing.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        least = rows.v.min(axis=1, initial=np.inf)
        extreme = np.isfinite(least) & ((least < _SMALL) | (least > 1.0 / _SMALL))
        if not extreme.any():
            return _maximise(rows)
        unit = np.where(extreme, least, 1.0)  # cubes of weights would leave the range of numbers
        scaled = Rows(rows.y / np.sqrt(unit)[:, None], rows.v / unit[:, None], rows.centre, rows.k)
        tau2, converged = _maximise(scaled)
        return tau2 * unit, converged


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
    held = core(rows)
    found, settled = np.zeros(some.size), np.ones(some.size, dtype=bool)
    zero = held.parts(found)
    rising = zero.a > zero.b
    up = np.flatnonzero(rising)
    here, before = zero, np.zeros(some.size, dtype=bool)
    if up.size:
        at, start = (held, zero) if up.size == some.size else (held.take(up), zero.at(up))
        value, slope = start.excess
        far = farthest[up]
        first = np.minimum(np.divide(-value, slope, out=far.copy(), where=slope < 0), far)
        peak, settled[up] = root(at.excess(), np.zeros(up.size), far, smallest[up], first)
        found[up] = peak
        there = at.parts(peak)
        before[up] = ~_rises(start, there, peak)
        here = there if up.size == some.size else zero.placed(up, there)
    squares = np.sqrt(_squares(rows))
    late = np.flatnonzero(~_falls_for_good(here, squares, rising))
    if late.size or before.any():
        ranges = _ranges(held, zero, here, found, smallest, farthest, before, late, squares)
        if ranges is not None:
            _search(held, ranges, smallest, found, settled)
    tau2[some], converged[some] = found, settled
    return tau2, converged


def _squares(rows: Rows) -> Floats:
    """Return the sum of squares about the unweighted mean, of rows whose studies left out have effect zero."""
    inside = np.isfinite(rows.v)
    r = np.where(inside, rows.y - (rows.y.sum(axis=1) / rows.k)[:, None], 0.0)
    return np.vecdot(r, r)


class Ranges(NamedTuple):
    """Ranges of tau2 between two looks at the score."""

    row: NDArray[np.int64]
    low: Floats
    high: Floats
    left: Parts
    right: Parts
    up: Booleans  #: score positive at `low`
    still_up: Booleans  #: score positive at `high`

    def at(self, places: NDArray[np.int64]) -> "Ranges":
        """Return some ranges."""
        return Ranges(
            self.row[places],
            self.low[places],
            self.high[places],
            self.left.at(places),
            self.right.at(places),
            self.up[places],
            self.still_up[places],
        )


def _falls_for_good(here: Parts, root_of_squares: Floats, at_root: Booleans) -> Booleans:
    """Prove that the score is nowhere positive from here on."""
    # psi >= psi(0) + t / sqrt(S) and h <= h(0) + t h'(0); the score is not positive while psi^2 >= h.
    psi = here.psi
    linear = 2.0 * psi / root_of_squares - here.h_slope
    constant = np.where(at_root, 0.0, psi**2 - here.h)
    return (linear >= 0) | (linear**2 <= 4.0 * constant / root_of_squares**2)


def _rises(left: Parts, right: Parts, width: Floats) -> Booleans:
    """Prove that the score is positive between two values of tau2 at which it is not negative."""
    # psi lies below both tangents, h above its chord; the square of a line less a line is largest at an end.
    psi, slope, slope_right = left.psi, left.psi_slope, right.psi_slope
    meet = np.divide(
        right.psi - psi - slope_right * width,
        slope - slope_right,
        out=0.5 * width,
        where=slope - slope_right > 1e-6 * slope,
    )
    meet = np.minimum(np.maximum(meet, 0.0), width)
    return (psi + slope * meet) ** 2 <= (left.h + (right.h - left.h) * (meet / width)) * (1.0 + _ROUNDING)


def _falls(left: Parts, right: Parts, width: Floats) -> Booleans:
    """Prove that the score is negative between two values of tau2 at which it is not positive."""
    # psi lies above its chord, h below both tangents: on either side of where these meet, a parabola less a line.
    psi, chord = left.psi, (right.psi - left.psi) / width
    slope, slope_right = left.h_slope, right.h_slope
    meet = np.divide(
        right.h - left.h - slope_right * width,
        slope - slope_right,
        out=0.5 * width,
        where=slope - slope_right > 1e-6 * slope,
    )
    meet = np.minimum(np.maximum(meet, 0.0), width)
    proved = np.ones(width.shape, dtype=bool)
    for start, line, low, high in (
        (left.h, slope, np.zeros_like(width), meet),
        (right.h - slope_right * width, slope_right, meet, width),
    ):
        lowest = np.minimum(np.maximum((0.5 * line / chord - psi) / chord, low), high)
        proved &= (psi + chord * lowest) ** 2 >= (start + line * lowest) * (1.0 - _ROUNDING)
    return proved


def _ranges(
    held: Core,
    zero: Parts,
    here: Parts,
    found: Floats,
    smallest: Floats,
    farthest: Floats,
    before: Booleans,
    late: NDArray[np.int64],
    squares: Floats,
) -> Ranges | None:
    """Return the ranges still to be searched: from zero to the maximum found, and from it to where none can lie.

    Rows `late` are looked at once more beyond their maximum, which mostly settles them.
    """
    early = np.flatnonzero(before)
    low, least = found[late], smallest[late]
    high = np.maximum(farthest[late], low)
    middle = np.sqrt((low + least) * (high + least)) - least
    some = held.take(late)
    peak, there = here.at(late), some.parts(middle)
    up = there.a > there.b
    near = np.flatnonzero(up | ~_falls(peak, there, np.maximum(middle - low, np.finfo(float).tiny)))
    far = np.flatnonzero(up | ~_falls_for_good(there, squares[late], up))
    if not early.size + near.size + far.size:
        return None
    end = some.take(far).parts(high[far])
    none = np.zeros(early.size, dtype=bool)
    return Ranges(
        np.concatenate([early, late[near], late[far]]),
        np.concatenate([none.astype(float), low[near], middle[far]]),
        np.concatenate([found[early], middle[near], high[far]]),
        zero.at(early).joined(peak.at(near)).joined(there.at(far)),
        here.at(early).joined(there.at(near)).joined(end),
        np.concatenate([~none, np.zeros(near.size, dtype=bool), up[far]]),
        np.concatenate([~none, up[near], np.zeros(far.size, dtype=bool)]),
    )


def _search(held: Core, ranges: Ranges, smallest: Floats, found: Floats, settled: Booleans) -> None:
    """Halve ranges of tau2 until each is proved to hold no maximum or one; write the highest into `found`."""
    peaks: list[tuple[NDArray[np.int64], Floats, Floats]] = []
    allowed = _MANY * np.unique(ranges.row).size
    for _ in range(_ROUNDS):
        if not ranges.row.size:
            break
        if ranges.row.size > allowed:
            settled[ranges.row] = False
            break
        row, low, high, left, right, up, still_up = ranges
        least = smallest[row]
        middle = np.sqrt((low + least) * (high + least)) - least
        between = held.take(row).parts(middle)
        rising = between.a > between.b
        row, low, high = np.concatenate([row, row]), np.concatenate([low, middle]), np.concatenate([middle, high])
        left, right = left.joined(between), between.joined(right)
        up, still_up = np.concatenate([up, rising]), np.concatenate([rising, still_up])
        width = high - low
        one = (left.b2 < 2.0 * right.a2) | (width <= _NARROW * (low + smallest[row]))  # the score has a falling slope
        if (holds := one & up & ~still_up).any():
            peaks.append((row[holds], low[holds], high[holds]))
        none = one | (right.b2 > 2.0 * left.a2) | (up & still_up & _rises(left, right, width))
        none |= ~up & ~still_up & _falls(left, right, width)
        ranges = Ranges(row, low, high, left, right, up, still_up).at(np.flatnonzero(~none))
    if not peaks:
        return
    row, low, high = (np.concatenate(part) for part in zip(*peaks, strict=True))
    at = held.take(row)
    peak, sure = root(at.excess(), low, high, smallest[row])
    tops, top = at.log_likelihood(peak), np.full(found.size, -np.inf)
    rivals = np.unique(row)
    top[rivals] = held.take(rivals).log_likelihood(found[rivals])
    for i in np.argsort(tops, kind="stable"):  # the highest of a row is written last
        if tops[i] > top[row[i]]:
            found[row[i]], settled[row[i]] = peak[i], sure[i]
