"""Highest maximum of a restricted likelihood of tau2, found and proved to be the only one or the highest.

With P = W - W X (X'WX)^-1 X'W, X the design and W the diagonal of weights 1 / (v + t), the score of the restricted
likelihood is (A - B) / 2, where A = y'PPy and B = tr P [1]_. On an orthonormal basis of contrasts A = sum(z^2 / (m +
t)^2) and B = sum(1 / (m + t)), with m > 0 and z free of t. Hence A, B and their negative slopes 2 y'PPPy and tr PP all
fall with t; 1 / sqrt(A) and 1 / B, power means of the m + t up to constants, are concave in t; and 1 / sqrt(A) rises at
least as fast as t / sqrt(S), S being the residual sum of squares of unweighted least squares. Concave functions lie
above their chords and below their tangents: two looks at the score tell its sign on the whole range between them, or
ask for a third.

References
----------
.. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Booleans, Floats, root

_ROUNDS = 60  #: halvings of a range before it is taken to hold no further maximum
_NARROW = 1e-9  #: relative width at which a range is no longer halved
_MANY = 200  #: ranges a row at which a search is given up
_FEW = 0.6  #: share of rows still sought below which they are copied together
_LOOK = 0.25  #: where a bound is looked into, as a share of the way to where it is worst
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


class Score(Protocol):
    """Rows whose restricted likelihood can be looked at."""

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return some rows."""

    def parts(self, t: Floats) -> Parts:
        """Return the parts of the score at one tau2 a row, shape (n,)."""

    def log_likelihood(self, t: Floats) -> Floats:
        """Return the restricted log-likelihood at one tau2 a row, shape (n,), up to a constant."""


class Range(NamedTuple):
    """What is known of where the maximum of each row lies, shape (n,)."""

    smallest: Floats  #: sampling variance
    farthest: Floats  #: the score is not positive from here on; above zero
    squares: Floats  #: S, rounded up
    steep: Floats  #: (k - p) / S
    shift: Floats  #: far from zero, B / A tends to `steep` * (t + `shift`); need not be exact

    def at(self, rows: NDArray[np.int64]) -> "Range":
        """Return some rows."""
        return Range(*(part[rows] for part in self))


def reach(smallest: Floats, farthest: Floats, squares: Floats, df: Floats, pull: Floats, average: Floats) -> Range:
    """Return the range of each row.

    `squares` are those of the residuals of unweighted least squares, `pull` the same weighted with the variances,
    `average` is the mean variance.
    """
    return Range(smallest, farthest, squares * (1.0 + _ROUNDING), df / squares, 2.0 * pull / squares - average)


def highest(held: Score, within: Range) -> tuple[Floats, Booleans]:
    """Return the tau2 of the highest maximum in each row, zero included, and whether it was found to full precision.

    Warnings of divisions by zero must be off: over a range that has shrunk to nothing a bound may be a quotient of
    zeros, and then proves nothing.
    """
    n = within.smallest.size
    found, settled = np.zeros(n), np.ones(n, dtype=bool)
    zero = held.parts(found)
    rising = zero.a > zero.b
    up = np.flatnonzero(rising)
    here, before = zero, np.zeros(n, dtype=bool)
    if up.size:
        every = up.size == n
        at, start, inside = (held, zero, within) if every else (held.take(up), zero.at(up), within.at(up))
        peak, settled[up] = root(
            _excess(at, up.size), np.zeros(up.size), inside.farthest, inside.smallest, first(start, inside)
        )
        found[up] = peak
        there = at.parts(peak)
        before[up] = ~rises(start, there, peak)
        here = there if every else zero.placed(up, there)
    late = np.flatnonzero(~falls_for_good(here, within.squares, rising))
    if late.size or before.any():
        ranges = _ranges(held, zero, here, found, within, before, late)
        if ranges is not None:
            _search(held, ranges, within.smallest, found, settled)
    return found, settled


def first(zero: Parts, within: Range) -> Floats:
    """Return a first guess of the root of the excess, from its value and slope at zero and its line far from there.

    Between the two the excess is taken to be that line plus a / (t + b); the guess is exact for equal variances.
    """
    value, slope = zero.excess
    far = within.farthest
    newton = np.minimum(np.where(slope < 0, -value / slope, far), far)
    constant = 1.0 - within.steep * within.shift
    b = (value - constant) / (-within.steep - slope)
    half = 0.5 * (constant / within.steep - b)
    guess = half + np.sqrt(half * half + value * b / within.steep)
    return np.where((b > 0) & (guess > 0) & (guess < far), guess, newton)


def _excess(held: Score, n: int) -> Callable[[NDArray[np.int64], Floats], tuple[Floats, Floats]]:
    """Return the function `root` asks for; rows are copied only when many have been left out."""
    whole, of, last = held, np.arange(n), None
    places: NDArray[np.int64] | None = None
    values = np.zeros(n)

    def function(rows: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
        nonlocal held, of, last, places, values
        if rows is not last:
            last, places = rows, None
            if rows.size < _FEW * of.size:
                held = held.take(rows if held is whole else np.searchsorted(of, rows))
                of, values = rows, t
            elif rows.size < of.size:
                places = np.searchsorted(of, rows)
        if places is None:
            values = t
            return held.parts(t).excess
        values = values.copy()
        values[places] = t
        return held.parts(values).at(places).excess

    return function


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


def falls_for_good(here: Parts, squares: Floats, at_root: Booleans) -> Booleans:
    """Prove that the score is nowhere positive from here on."""
    # psi >= psi(0) + t / sqrt(S) and h <= h(0) + t h'(0); the score is not positive while psi^2 >= h.
    linear, constant = _parabola(here, squares, at_root)
    return (linear >= 0) | (linear**2 <= 4.0 * constant / squares)


def ahead(here: Parts, t: Floats, squares: Floats, high: Floats, at_root: Booleans) -> Floats:
    """Return where to look at the score once more, if it is not proved to fall for good from `t` on."""
    return np.minimum(t - 0.5 * _LOOK * _parabola(here, squares, at_root)[0] * squares, high)


def _parabola(here: Parts, squares: Floats, at_root: Booleans) -> tuple[Floats, Floats]:
    """Return two coefficients of a parabola below psi^2 - h from here on; the third is 1 / `squares`."""
    psi = here.psi
    return 2.0 * psi / np.sqrt(squares) - here.h_slope, np.where(at_root, 0.0, psi**2 - here.h)


def rises(left: Parts, right: Parts, width: Floats) -> Booleans:
    """Prove that the score is positive between two values of tau2 at which it is not negative."""
    # psi lies below both tangents, h above its chord; the square of a line less a line is largest at an end.
    psi, slope, slope_right = left.psi, left.psi_slope, right.psi_slope
    bend = slope - slope_right
    meet = np.where(bend > 1e-6 * slope, (right.psi - psi - slope_right * width) / bend, 0.5 * width)
    meet = np.minimum(np.maximum(meet, 0.0), width)
    return (psi + slope * meet) ** 2 <= (left.h + (right.h - left.h) * (meet / width)) * (1.0 + _ROUNDING)


def falls(left: Parts, right: Parts, width: Floats) -> Booleans:
    """Prove that the score is negative between two values of tau2 at which it is not positive."""
    # psi lies above its chord, h below both tangents: on either side of where these meet, a parabola less a line.
    psi, chord = left.psi, (right.psi - left.psi) / width
    slope, slope_right = left.h_slope, right.h_slope
    bend = slope - slope_right
    meet = np.where(bend > 1e-6 * slope, (right.h - left.h - slope_right * width) / bend, 0.5 * width)
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
    held: Score,
    zero: Parts,
    here: Parts,
    found: Floats,
    within: Range,
    before: Booleans,
    late: NDArray[np.int64],
) -> Ranges | None:
    """Return the ranges still to be searched: from zero to the maximum found, and from it to where none can lie.

    Rows `late` are looked at once more beyond their maximum, which mostly settles them.
    """
    early = np.flatnonzero(before)
    low, squares = found[late], within.squares[late]
    high = np.maximum(within.farthest[late], low)
    peak = here.at(late)
    middle = ahead(peak, low, squares, high, zero.a[late] > zero.b[late])
    some = held.take(late)
    peak, there = here.at(late), some.parts(middle)
    up = there.a > there.b
    near = np.flatnonzero(up | ~falls(peak, there, np.maximum(middle - low, np.finfo(float).tiny)))
    far = np.flatnonzero(up | ~falls_for_good(there, squares, up))
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


def _search(held: Score, ranges: Ranges, smallest: Floats, found: Floats, settled: Booleans) -> None:
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
        none = one | (right.b2 > 2.0 * left.a2) | (up & still_up & rises(left, right, width))
        none |= ~up & ~still_up & falls(left, right, width)
        ranges = Ranges(row, low, high, left, right, up, still_up).at(np.flatnonzero(~none))
    if not peaks:
        return
    row, low, high = (np.concatenate(part) for part in zip(*peaks, strict=True))
    at = held.take(row)
    peak, sure = root(_excess(at, row.size), low, high, smallest[row])
    tops, top = at.log_likelihood(peak), np.full(found.size, -np.inf)
    rivals = np.unique(row)
    top[rivals] = held.take(rivals).log_likelihood(found[rivals])
    for i in np.argsort(tops, kind="stable"):  # the highest of a row is written last
        if tops[i] > top[row[i]]:
            found[row[i]], settled[row[i]] = peak[i], sure[i]
