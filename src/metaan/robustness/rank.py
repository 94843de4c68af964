"""Rank correlation between effects and their variances (Begg and Mazumdar)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling import kernel
from metaan.pooling.kernel import Floats
from metaan.terms.records import Result
from metaan.terms.special import special

EXACT = 500  #: studies up to which the distribution of the score is counted out
_PAIRS = 1 << 18  #: pairs compared at once
_MANY = 128  #: studies beyond which pairs are counted by sorting


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RankTest(Result):
    """Rank correlation test of funnel plot asymmetry; arrays where the input had batch axes."""

    k: int
    tau: float  #: Kendall's tau-b between standardised effects and variances
    score: float  #: concordant minus discordant pairs
    score_se: float  #: its standard error if there were no asymmetry, corrected for ties
    statistic: float  #: score / score_se
    p: float  #: exact where `exact`, else from the normal distribution without continuity correction
    p_normal: float
    exact: bool
    refused: str  #: why there is no test; empty where there is one


class Kendall(NamedTuple):
    """Kendall's statistics of each row."""

    score: Floats  #: shape (n,)
    se: Floats  #: corrected for ties
    plain_se: Floats  #: not corrected
    tau: Floats  #: tau-b; NaN where one side is constant
    tied: NDArray[np.bool_]


def rank_test(
    yi: ArrayLike, vi: ArrayLike | None = None, *, exact: bool | None = None, mask: ArrayLike | None = None
) -> RankTest:
    """Test funnel plot asymmetry by the rank correlation of standardised effects and variances.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances.
    exact : bool, optional
        Whether p is counted out over all orders [2]_. By default it is where no values are tied and k <= 500; with
        ties, or beyond, the normal distribution stands in, without continuity correction, its variance corrected for
        ties [2]_.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part.

    Returns
    -------
    RankTest
        NaN with the reason in `refused` where there are fewer than two studies, or effects or variances are all equal.

    Raises
    ------
    ValueError
        As in `pool`; or an exact p asked for where values are tied or k > 500.

    Notes
    -----
    Effects are standardised by the root of v - 1 / sum(1 / v), about the equal-effects mean [1]_.

    References
    ----------
    .. [1] Begg CB, Mazumdar M. Biometrics 1994;50:1088-1101.
    .. [2] Kendall M, Gibbons JD. Rank Correlation Methods, 5th ed. London: Edward Arnold, 1990.
    """
    batch = kernel.read(yi, vi, mask)
    parts = [_test(rows, exact) for rows in batch.chunks()]
    fields: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if batch.axes:
        return RankTest(**{name: values.reshape(batch.axes) for name, values in fields.items()})
    return RankTest(**{name: values[0].item() for name, values in fields.items()})


def standardised(rows: kernel.Rows) -> Floats:
    """Return (y - mean) / sqrt(v - 1 / sum(1 / v)) of each study; zero where left out or alone.

    The heaviest study, whose distance from the mean and rest of variance would be differences of nearly equal
    numbers, is made the origin, and what the other studies weigh is summed without it.
    """
    w = 1.0 / rows.v
    row = np.arange(len(w))
    heaviest = w.argmax(axis=1)
    some = np.isfinite(rows.v)
    y = np.where(some, rows.y - rows.y[row, heaviest][:, None], 0.0)
    total = w.sum(axis=1, keepdims=True)
    without = w.copy()
    without[row, heaviest] = 0.0
    others = np.where(w == w[row, heaviest][:, None], without.sum(axis=1, keepdims=True), total - w)
    total = np.where(total > 0, total, 1.0)
    centre = np.einsum("nk,nk->n", w, y)[:, None] / total
    usable = some & (others > 0)
    v = np.where(usable, rows.v, 1.0)
    return np.where(usable, (y - centre) / np.sqrt(v * np.where(usable, others / total, 1.0)), 0.0)


def kendall(x: Floats, y: Floats, some: NDArray[np.bool_]) -> Kendall:
    """Kendall's score of each row, its standard errors, and tau-b; arrays of shape ``(n, k)``."""
    n, k = x.shape
    if k > _MANY:
        score = np.array([_score(x[i][some[i]], y[i][some[i]]) for i in range(n)])
    else:
        score = np.zeros(n)
        step = max(1, _PAIRS // max(1, k * k))
        for start in range(0, n, step):
            i = slice(start, start + step)
            pairs = np.sign(x[i, :, None] - x[i, None, :]) * np.sign(y[i, :, None] - y[i, None, :])
            counted = some[i].astype(float)
            score[i] = np.einsum("nab,na,nb->n", pairs, counted, counted) / 2.0
    m = some.sum(axis=1).astype(float)
    tx, ty = _ties(x, some), _ties(y, some)
    pairs = m * (m - 1.0)
    plain = pairs * (2.0 * m + 5.0) / 18.0
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (
            plain
            - (tx[2] + ty[2]) / 18.0
            + np.where(m > 1, tx[0] * ty[0] / (2.0 * pairs), 0.0)
            + np.where(m > 2, tx[1] * ty[1] / (9.0 * pairs * (m - 2.0)), 0.0)
        )
        untied = np.sqrt((pairs - tx[0]) * (pairs - ty[0]))
        tau = np.where(untied > 0, 2.0 * score / untied, np.nan)
    return Kendall(score, np.sqrt(np.maximum(variance, 0.0)), np.sqrt(plain), tau, (tx[0] > 0) | (ty[0] > 0))


def _score(x: Floats, y: Floats) -> float:
    """Concordant minus discordant pairs: all pairs, less the tied ones, less twice the inversions of y in order of x.

    References
    ----------
    .. [1] Knight WR. J Am Stat Assoc 1966;61:436-439.
    """

    def tied(values: NDArray[np.int64]) -> int:
        t = np.bincount(values)
        return int((t * (t - 1) // 2).sum())

    k = len(x)
    a, b = np.unique(x, return_inverse=True)[1], np.unique(y, return_inverse=True)[1]
    both = np.unique(a * (k + 1) + b, return_inverse=True)[1]
    inversions = _inversions(b[np.lexsort((b, a))])
    return float(k * (k - 1) // 2 - tied(a) - tied(b) + tied(both) - 2 * inversions)


def _inversions(values: NDArray[np.int64]) -> int:
    """Count pairs that stand in the wrong order, by merging sorted blocks of doubling size."""
    k, top, size, count = len(values), int(values.max(initial=0)) + 1, 1, 0
    place = np.arange(k)
    while size < k:
        block, left = place // (2 * size), (place // size) % 2 == 0
        key = block * top + values  # sorted within each half block, and blocks stand in order
        before = np.cumsum(np.bincount(block[left]))[block[~left]]
        count += int((before - np.searchsorted(key[left], key[~left], side="right")).sum())
        values = np.sort(key) - block * top
        size *= 2
    return count


def _ties(x: Floats, some: NDArray[np.bool_]) -> Floats:
    """Return sums over groups of t tied values: t(t-1), t(t-1)(t-2), t(t-1)(2t+5); shape (3, n)."""
    sums = np.zeros((3, len(x)))
    ordered = np.sort(np.where(some, x, np.nan), axis=1)
    for i in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1)):
        t = np.unique(x[i][some[i]], return_counts=True)[1].astype(float)
        sums[:, i] = (t * (t - 1.0)).sum(), (t * (t - 1.0) * (t - 2.0)).sum(), (t * (t - 1.0) * (2.0 * t + 5.0)).sum()
    return sums


def exact_p(score: float, k: int) -> float:
    """Two-sided p of a score among k values without ties: twice the smaller tail, at most 1.

    The score is k(k-1)/2 minus twice the number of inversions; the number of orders with a given number of inversions
    has the generating function prod (1 + q + ... + q^(i-1)), i = 1 ... k.
    """
    inversions = round((k * (k - 1) / 2 - abs(score)) / 2)
    return min(1.0, 2.0 * _at_most(inversions, k))


@lru_cache(maxsize=4096)
def _at_most(inversions: int, k: int) -> float:
    """Share of the orders of k values with at most so many inversions; at most half of all possible ones."""
    share = np.zeros(inversions + 1)
    share[0] = 1.0
    for i in range(2, k + 1):
        total = np.cumsum(share)
        total[i:] -= total[:-i].copy() if len(total) > i else 0.0
        share = total / i
    return float(share.sum())


def _test(rows: kernel.Rows, exact: bool | None) -> dict[str, Any]:
    some = np.isfinite(rows.v)
    found = kendall(standardised(rows), np.where(some, rows.v, 0.0), some)
    usable = (rows.k > 1) & ~np.isnan(found.tau)
    lacking = np.where(usable, 0.0, np.nan)
    statistic = np.divide(found.score, found.se, out=np.full(len(usable), np.nan), where=usable & (found.se > 0))
    p_normal = 2.0 * special.ndtr(-np.abs(statistic))
    counted = usable & ~found.tied & (rows.k <= EXACT)
    if exact and (usable & ~counted).any():
        raise ValueError(f"an exact p needs values without ties, and at most {EXACT} studies; use exact=None")
    if exact is False:
        counted[:] = False
    p = p_normal.copy()
    for i in np.flatnonzero(counted):
        p[i] = exact_p(found.score[i], int(rows.k[i]))
    few = np.where(rows.k < 2, "fewer than two studies", "effects or variances are all equal")
    return {
        "k": rows.k,
        "tau": found.tau + lacking,
        "score": found.score + lacking,
        "score_se": found.se + lacking,
        "statistic": statistic,
        "p": p,
        "p_normal": p_normal,
        "exact": counted,
        "refused": np.where(usable, "", few),
    }
