"""Fisher's noncentral hypergeometric distribution: one cell of a 2x2 table whose margins are fixed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Floats
from metaan.pooling.tables.table_tests import expected_cell

_WHOLE = 80  #: supports up to this length are summed whole
_DEVIATIONS, _STEPS = 14.0, 30.0  #: of longer ones so many standard deviations, and steps, beyond the means
_AT_ONCE = 1 << 20  #: numbers worked on at once
_FARTHEST = 500.0  #: log odds ratios beyond this are taken as this


class Moments(NamedTuple):
    """Log probability of the observed cell, and mean and variance of the cell."""

    log_probability: Floats
    mean: Floats
    variance: Floats


class NoncentralHypergeometric:
    """Distribution of cell a of each table, given its margins, as a function of the log odds ratio.

    Probabilities are ratios to that of the observed cell, reached by products of the ratios of neighbours: nothing
    overflows, and no large logarithms are subtracted from each other.

    Parameters
    ----------
    a, n1, n2, m1 : ndarray, shape (k,)
        Whole numbers: observed cell, totals of the two groups, people with the event.
    """

    def __init__(self, a: Floats, n1: Floats, n2: Floats, m1: Floats) -> None:
        self.a, self.n1, self.n2, self.m1 = a, n1, n2, m1
        self.low, self.high = np.maximum(0.0, m1 - n2), np.minimum(n1, m1)
        lengths = (self.high - self.low).astype(np.int64) + 1
        self.start = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self.log_weight = np.concatenate(
            [self._log_weights(i) for i in range(len(a))] or [np.zeros(0)]
        )  #: of every value of every support, relative to the observed one

    def _log_weights(self, i: int) -> Floats:
        y = np.arange(self.low[i], self.high[i])
        up = (self.n1[i] - y) * (self.m1[i] - y)
        ratios = np.log(up / ((y + 1.0) * (self.n2[i] - self.m1[i] + y + 1.0)))
        at = int(self.a[i] - self.low[i])
        above, below = np.cumsum(ratios[at:]), -np.cumsum(ratios[:at][::-1])[::-1]
        return np.concatenate([below, [0.0], above])

    def moments(self, log_odds_ratio: Floats, rows: slice = slice(None)) -> Moments:
        """Evaluate the tables `rows` at log odds ratios of shape ``(k, n)``: each table at n of them."""
        eta, i = np.clip(log_odds_ratio, -_FARTHEST, _FARTHEST), np.arange(len(self.a))[rows]
        first, last = self._window(eta, i)
        longest = (last - first).max(initial=0.0) + 1.0
        step = max(1, int(_AT_ONCE / (longest * eta.shape[1])))
        pieces = [slice(start, start + step) for start in range(0, max(1, len(i)), step)]
        found = [self._piece(eta[piece], i[piece], first[piece], last[piece]) for piece in pieces]
        return Moments(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _window(self, eta: Floats, i: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Values that bear all of the probability at all of the odds ratios."""
        low, high = self.low[i], self.high[i]
        if (high - low).max(initial=0.0) <= _WHOLE:
            return low, high
        n1, n2, m1 = self.n1[i], self.n2[i], self.m1[i]

        def reach(at: Floats, sign: float) -> Floats:
            mean = expected_cell(n1, n2, m1, np.exp(at))
            with np.errstate(divide="ignore"):
                variance = 1.0 / (1.0 / mean + 1.0 / (n1 - mean) + 1.0 / (m1 - mean) + 1.0 / (n2 - m1 + mean))
            return mean + sign * (_DEVIATIONS * np.sqrt(np.maximum(variance, 0.0)) + _STEPS)

        first = np.maximum(low, np.floor(reach(eta.min(axis=1), -1.0)))
        return first, np.minimum(high, np.ceil(reach(eta.max(axis=1), 1.0)))

    def _piece(self, eta: Floats, i: NDArray[np.int64], first: Floats, last: Floats) -> Moments:
        y = first[:, None] + np.arange(int((last - first).max(initial=0.0)) + 1)
        inside = y <= last[:, None]
        place = self.start[i][:, None] + np.where(inside, y - self.low[i][:, None], 0.0).astype(np.int64)
        steps = np.where(inside, y - self.a[i][:, None], 0.0)
        logs = np.where(inside, self.log_weight[place], -np.inf)[:, None, :] + eta[:, :, None] * steps[:, None, :]
        top = logs.max(axis=2, keepdims=True)
        p = np.exp(logs - top)
        total = p.sum(axis=2, keepdims=True)
        p /= total
        mean = np.einsum("knw,kw->kn", p, steps)
        variance = np.einsum("knw,knw->kn", p, (steps[:, None, :] - mean[:, :, None]) ** 2)
        return Moments(-(top + np.log(total))[:, :, 0], self.a[i][:, None] + mean, variance)


def conditional_estimates(tables: NoncentralHypergeometric) -> tuple[Floats, Floats, Floats]:
    """Conditional maximum likelihood estimate of the log odds ratio of each table.

    Returns
    -------
    estimate, information, log_likelihood : ndarray, shape (k,)
        Where the observed cell is the smallest or largest possible the estimate is infinite, the information 0 and the
        log-likelihood 0: its supremum.
    """
    inner = (tables.a > tables.low) & (tables.a < tables.high)
    k = len(inner)
    estimate = np.where(tables.a == tables.low, -np.inf, np.inf)
    estimate[tables.low == tables.high] = 0.0
    information, height = np.zeros(k), np.zeros(k)
    if not inner.any():
        return estimate, information, height
    some = NoncentralHypergeometric(*(part[inner] for part in (tables.a, tables.n1, tables.n2, tables.m1)))
    a, b, c = some.a, some.n1 - some.a, some.m1 - some.a
    eta = (np.log(a) + np.log(some.n2 - c) - np.log(b) - np.log(c))[:, None]
    for _ in range(100):
        at = some.moments(eta)
        step = np.clip((a[:, None] - at.mean) / at.variance, -1.0, 1.0)
        eta = eta + step
        if (np.abs(step) <= 1e-12 * (1.0 + np.abs(eta))).all():
            break
    at = some.moments(eta)
    estimate[inner], information[inner], height[inner] = eta[:, 0], at.variance[:, 0], at.log_probability[:, 0]
    return estimate, information, height
