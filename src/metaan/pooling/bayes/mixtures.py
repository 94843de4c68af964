"""Mixtures of normal distributions: posteriors of an effect, a new study's effect, a prior from other studies."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.terms.records import Interval, Result
from metaan.terms.special import special

Floats = NDArray[np.float64]
_ROUNDS = 200


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NormalMixture(Result):
    """Mixture of normal distributions."""

    weights: tuple[float, ...]  #: sum to 1
    means: tuple[float, ...]
    sds: tuple[float, ...]

    def pdf(self, x: ArrayLike) -> Floats:
        """Density at `x`, same shape."""
        w, m, s = self._parts()
        z = (np.asarray(x, dtype=float)[..., None] - m) / s
        return np.exp(-0.5 * z * z) @ (w / s) / math.sqrt(2.0 * math.pi)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of a value up to `x`, same shape."""
        w, m, s = self._parts()
        return special.ndtr((np.asarray(x, dtype=float)[..., None] - m) / s) @ w

    def mean(self) -> float:
        """Expected value."""
        w, m, _ = self._parts()
        return float(w @ m)

    def sd(self) -> float:
        """Standard deviation."""
        w, m, s = self._parts()
        return math.sqrt(float(w @ (s * s + (m - w @ m) ** 2)))

    def quantile(self, p: ArrayLike) -> Floats:
        """Values up to which the probability is `p`, same shape.

        Raises
        ------
        ValueError
            Probabilities not between 0 and 1.
        """
        wanted = np.asarray(p, dtype=float)
        if not ((wanted > 0) & (wanted < 1)).all():
            raise ValueError("a quantile is asked for at a probability between 0 and 1")
        _, m, s = self._parts()
        z = special.ndtri(wanted)
        low, high = (m + z[..., None] * s).min(axis=-1), (m + z[..., None] * s).max(axis=-1)
        # every part has its quantile in between, so the mixture has
        return rising_root(lambda x: (self.cdf(x) - wanted, self.pdf(x)), low, high)

    def mode(self) -> float:
        """Place of the highest density."""
        _, m, s = self._parts()
        grid = np.unique(np.concatenate([m[:: max(1, len(m) // 64)], np.linspace((m - s).min(), (m + s).max(), 257)]))
        top = int(np.argmax(self.pdf(grid)))
        low, high = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
        if not self._slope(low) > 0 > self._slope(high):  # as narrow as digits go
            return float(grid[top])
        from scipy import optimize

        return float(optimize.brentq(self._slope, low, high, xtol=1e-300, rtol=4 * np.finfo(float).eps))

    def central(self, level: float) -> Interval:
        """Interval with the same probability left out on each side."""
        low, high = self.quantile([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        return Interval(float(low), float(high))

    def shortest(self, level: float) -> Interval:
        """Shortest interval of probability `level`; for a density with one top it has the same height at both ends."""
        from scipy import optimize

        left_out = 1.0 - level
        shares = left_out * np.linspace(1e-6, 1.0 - 1e-6, 31)
        ends = self.quantile(np.array([shares, shares + level]))
        best = int(np.argmin(ends[1] - ends[0]))
        low, high = float(shares[max(best - 1, 0)]), float(shares[min(best + 1, len(shares) - 1)])

        def slope(share: float) -> float:  # of the length with respect to the share left out below
            below, above = self.pdf(self.quantile(np.array([share, share + level])))
            return float(1.0 / above - 1.0 / below)

        share = float(shares[best])
        if slope(low) < 0 < slope(high):
            share = float(optimize.brentq(slope, low, high, xtol=1e-15))
        found = self.quantile(np.array([share, share + level]))
        return Interval(float(found[0]), float(found[1]))

    def _slope(self, x: Floats) -> Floats:
        w, m, s = self._parts()
        z = (np.asarray(x)[..., None] - m) / s
        return -(z * np.exp(-0.5 * z * z)) @ (w / s**2)

    def _parts(self) -> tuple[Floats, Floats, Floats]:
        return np.asarray(self.weights), np.asarray(self.means), np.asarray(self.sds)


def rising_root(function: Callable[[Floats], tuple[Floats, Floats]], low: Floats, high: Floats) -> Floats:
    """Return where a rising function passes zero, to the last digits: Newton's steps, kept in a bracket.

    Parameters
    ----------
    function : callable
        Gives the function and its slope at an array of places.
    low, high : ndarray, same shape
        The function is not positive at `low` and not negative at `high`.
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    x = 0.5 * (low + high)
    finest = 1e-15 * (high - low)
    for _ in range(_ROUNDS):
        value, slope = function(x)
        below = value < 0
        low, high = np.where(below, x, low), np.where(below, high, x)
        step = np.divide(value, slope, out=np.full_like(x, np.inf), where=slope > 0)
        new = x - step
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        near = 2e-15 * np.abs(x) + finest
        done = (np.abs(new - x) <= near) | (value == 0) | (high - low <= near)
        x = np.where(value == 0, x, new)
        if done.all():
            break
    return x
