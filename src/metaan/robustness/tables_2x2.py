"""Ingredients of small-study tests that are made from 2x2 tables rather than from effects and their variances."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.kernel import Booleans, Floats
from metaan.terms.given import numbers
from metaan.terms.special import special


class Tables(NamedTuple):
    """Counts of each study, shape (n, k)."""

    a: Floats  #: events, group 1
    b: Floats  #: no events, group 1
    c: Floats  #: events, group 2
    d: Floats  #: no events, group 2

    @property
    def n1(self) -> Floats:
        """People in group 1."""
        return self.a + self.b

    @property
    def n2(self) -> Floats:
        """People in group 2."""
        return self.c + self.d

    @property
    def n(self) -> Floats:
        """People."""
        return self.n1 + self.n2

    @property
    def events(self) -> Floats:
        """People with the event."""
        return self.a + self.c

    @property
    def informative(self) -> Booleans:
        """Whether a table has people in both groups, some with and some without the event."""
        return (self.n1 > 0) & (self.n2 > 0) & (self.events > 0) & (self.events < self.n)


def read(tables: ArrayLike) -> tuple[Tables, tuple[int, ...]]:
    """Check tables and flatten their batch axes.

    Parameters
    ----------
    tables : array_like, shape (4, ..., k)
        Events and no events in group 1, events and no events in group 2.

    Returns
    -------
    Tables, batch axes

    Raises
    ------
    ValueError
        Not four rows of counts, or counts that are negative or not finite; positions are named.
    """
    counts = numbers("counts", tables)
    if counts.ndim < 2 or len(counts) != 4 or not counts.shape[-1]:
        raise ValueError(f"tables must hold four rows of counts (a, b, c, d), not an array of shape {counts.shape}")
    bad = ~(np.isfinite(counts) & (counts >= 0))
    if bad.any():
        places = ", ".join(
            f"{'abcd'[place[0]]} of {place[1:] if len(place) > 2 else place[1]} ({counts[tuple(place)]:g})"
            for place in np.argwhere(bad)[:10].tolist()
        )
        raise ValueError(f"counts must be finite numbers from zero on: {places}")
    shape = counts.shape[1:]
    return Tables(*counts.reshape(4, -1, shape[-1])), shape[:-1]


def log_odds_ratio(tables: Tables) -> tuple[Floats, Floats]:
    """Log odds ratio and its variance, half added to all cells of a table with a zero; arrays of shape ``(n, k)``."""
    a, b, c, d = _corrected(tables)
    return np.log(a * d / (b * c)), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d


def score(tables: Tables, measure: str) -> tuple[Floats, Floats]:
    """Efficient score and Fisher's information of no effect; information zero where a table says nothing.

    For the odds ratio the information is the hypergeometric variance of the events in group 1 [1]_. For the risk ratio
    with common risk p it is p / (1 - p) n1 n2 / n, and the score (a - n1 p) / (1 - p), from the binomial likelihood.

    References
    ----------
    .. [1] Harbord RM, Egger M, Sterne JAC. Stat Med 2006;25:3443-3457.
    """
    some = tables.informative
    n, events = np.where(some, tables.n, 2.0), np.where(some, tables.events, 1.0)
    excess = np.where(some, tables.a - tables.n1 * events / n, 0.0)
    groups = np.where(some, tables.n1 * tables.n2, 0.0)
    if measure == "RR":
        return excess * n / (n - events), groups * events / (n * (n - events))
    return excess, groups * events * (n - events) / (n**2 * (n - 1.0))


def cell_z(tables: Tables) -> tuple[Floats, Floats, Booleans]:
    """Standardised number of events in group 1 and one over its variance, all tables sharing one odds ratio.

    Mean and variance are those of the noncentral hypergeometric distribution at the Mantel-Haenszel odds ratio (half
    added to all cells of a table with a zero) [1]_.

    Returns
    -------
    z, inverse variance, usable : ndarray, shape (n, k)

    References
    ----------
    .. [1] Schwarzer G, Antes G, Schumacher M. Stat Med 2007;26:721-733.
    """
    some = tables.informative
    a, b, c, d = _corrected(tables)
    n = a + b + c + d
    ratio = np.where(some, a * d / n, 0.0).sum(axis=1) / np.where(some, b * c / n, 0.0).sum(axis=1, initial=1e-300)
    z, inverse = np.zeros(n.shape), np.zeros(n.shape)
    usable = some.copy()
    for row, study in np.argwhere(some):
        counts = [float(part[row, study]) for part in tables]
        mean, variance = _hypergeometric(*counts, log_ratio=float(np.log(ratio[row])))
        usable[row, study] = variance > 0
        if variance > 0:
            z[row, study], inverse[row, study] = (counts[0] - mean) / np.sqrt(variance), 1.0 / variance
    return z, inverse, usable


def _corrected(tables: Tables) -> tuple[Floats, Floats, Floats, Floats]:
    zero: NDArray[np.bool_] = (np.stack(tables) == 0).any(axis=0)
    add = np.where(zero, 0.5, 0.0)
    return tables.a + add, tables.b + add, tables.c + add, tables.d + add


def _hypergeometric(a: float, b: float, c: float, d: float, *, log_ratio: float) -> tuple[float, float]:
    """Mean and variance of the first cell given the margins, at an odds ratio."""
    n1, n2, events = a + b, c + d, a + c
    x = np.arange(max(0.0, events - n2), min(n1, events) + 0.5)
    logs = x * log_ratio - (
        special.gammaln(x + 1) + special.gammaln(n1 - x + 1) + special.gammaln(events - x + 1)
        + special.gammaln(n2 - events + x + 1)
    )  # fmt: skip
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    mean = float(weights @ x)
    return mean, float(weights @ (x - mean) ** 2)
