"""Variance between studies: estimators and the Q-profile interval, on rows arranged by `kernel`."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import (
    ITERATIONS,
    QUADRATIC,
    TOLERANCE,
    Booleans,
    Floats,
    Mean,
    Rows,
    dot,
    mean,
    pick,
    pieces,
    unweighted,
)
from metaan.pooling.kernel import total as sum_of
from metaan.pooling.restricted import maximise
from metaan.terms.special import special

_BLOCK = 1 << 15  #: numbers whose roots are sought at once: so few that they stay near the processor


def equal_effects(rows: Rows) -> tuple[Floats, Booleans]:
    """No variance between studies (equal-effects model)."""
    return np.zeros(len(rows.y)), np.ones(len(rows.y), dtype=bool)


def dersimonian_laird(rows: Rows, fixed: Mean | None = None) -> tuple[Floats, Booleans]:
    """Moment estimator of DerSimonian and Laird, zero when negative.

    `fixed` are the weighted means at tau2 = 0, where they are known already.

    References
    ----------
    .. [1] DerSimonian R, Laird N. Controlled Clinical Trials 1986;7:177-188.
    """
    n = len(rows.y)
    fixed = mean(rows.y, rows.v, np.zeros(n)) if fixed is None else fixed
    excess = fixed.q - (rows.k - 1.0)
    some = rows.k > 1
    if some.all():
        return np.maximum(0.0, excess / spread(fixed.w, fixed.weight)), np.ones(n, dtype=bool)
    tau2 = np.divide(excess, spread(fixed.w, fixed.weight), out=np.zeros(n), where=some)
    return np.maximum(0.0, tau2, out=tau2, where=some), np.ones(n, dtype=bool)


def paule_mandel(rows: Rows, fixed: Mean | None = None) -> tuple[Floats, Booleans]:
    """Moment estimator of Paule and Mandel: the tau2 at which the generalised Q equals k - 1, zero when there is none.

    References
    ----------
    .. [1] Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385.
    """
    return generalised_q_root(rows, (rows.k - 1).astype(float), None if fixed is None else fixed.q)


def reml(rows: Rows) -> tuple[Floats, Booleans]:
    """Restricted maximum likelihood estimator: the global maximum, zero included.

    The restricted likelihood may have more than one maximum, also one away from zero although it falls at zero. One
    maximum is found by Newton's steps; that there is no other is then proved from bounds on the score (`restricted`).
    Rows for which the simple proof fails are searched range by range.

    References
    ----------
    .. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
    """
    return maximise(rows)


ESTIMATORS: dict[str, Callable[[Rows], tuple[Floats, Booleans]]] = {
    "REML": reml,
    "PM": paule_mandel,
    "DL": dersimonian_laird,
    "EE": equal_effects,
}


#: estimators that take the weighted means at tau2 = 0 where they are known already
SHARING: dict[str, Callable[[Rows, Mean], tuple[Floats, Booleans]]] = {
    "PM": paule_mandel,
    "DL": dersimonian_laird,
}


def q_profile(rows: Rows, level: float, at_zero: Floats | None = None) -> tuple[Floats, Floats]:
    """Q-profile confidence interval of tau2; NaN in rows of fewer than two studies.

    Each limit is the tau2 at which the generalised Q equals a quantile of chi-square on k - 1 degrees of freedom, zero
    where Q is below that quantile already at tau2 = 0. `at_zero` is Q at tau2 = 0, where it is known already.

    References
    ----------
    .. [1] Viechtbauer W. Stat Med 2007;26:37-52.
    """
    if at_zero is None:
        at_zero = mean(rows.y, rows.v, np.zeros(len(rows.y))).q
    tail = (1.0 - level) / 2.0
    if len(rows.y) == 1 and rows.k[0] > 1:
        y, v = rows.y[0], rows.v[0]
        if rows.k[0] < v.size:
            y, v = y[v < np.inf], v[v < np.inf]
        smallest, average, r = v.min(), np.add.reduce(v) / v.size, y - np.add.reduce(y) / y.size
        squares = r.dot(r)
        found = []
        for upper in (tail, 1.0 - tail):
            goal = _chi_square_quantile(int(rows.k[0]), upper)
            start = max(squares / goal - average, 0.0)
            found.append(_q_root_of_one(y, v, goal, smallest, start)[0] if at_zero[0] > goal else 0.0)
        return np.array(found[:1]), np.array(found[1:])
    target = np.concatenate([chi_square_quantile(rows.k, tail), chi_square_quantile(rows.k, 1.0 - tail)])
    limits, _ = generalised_q_root(rows, target, np.concatenate([at_zero, at_zero]))
    low, high = np.split(np.where(np.isnan(target), np.nan, limits), 2)
    return low, high


def chi_square_quantile(k: NDArray[np.int64], tail: float) -> Floats:
    """Return the quantile of chi-square on k - 1 degrees of freedom with a probability `tail` above it; NaN for k < 2.

    Each number of studies is looked up once.
    """
    if k.size and (k == k[0]).all():
        return np.full(k.shape, _chi_square_quantile(int(k[0]), tail))
    numbers, place = np.unique(k, return_inverse=True)
    return np.array([_chi_square_quantile(number, tail) for number in numbers.tolist()])[place]


@lru_cache(maxsize=1024)
def _chi_square_quantile(k: int, tail: float) -> float:
    return float(special.chdtri(k - 1.0, tail)) if k > 1 else math.nan


def generalised_q_root(rows: Rows, target: Floats, at_zero: Floats | None = None) -> tuple[Floats, Booleans]:
    """Return the tau2 at which Q(tau2) = `target`, zero where Q(0), which may be given as `at_zero`, is not above it.

    1/Q is concave in tau2: it is the least variance c'(V + tau2)c of all contrasts c with c'y = 1, and each of these is
    linear in tau2. After the first of Newton's steps on 1/target - 1/Q, wherever it starts, the others therefore rise
    to the root and never pass it. The first value is a guess which is exact for equal variances. Several targets a row
    stand one after the other: the rows begin anew.
    """
    n = len(rows.y)
    if at_zero is None:
        at_zero = mean(rows.y, rows.v, np.zeros(n)).q
    tau2, converged = np.zeros(target.size), np.ones(target.size, dtype=bool)
    row = np.arange(target.size) % max(n, 1)
    some = np.flatnonzero((rows.k[row] > 1) & (at_zero > target))
    if not some.size:
        return tau2, converged
    least = rows.v.min(axis=1)
    squares, _, average = unweighted(rows)
    row, goal = row[some], target[some]
    start, smallest = np.maximum(squares[row] / goal - average[row], 0.0), least[row]
    for block in pieces(some.size, rows.y.shape[1], _BLOCK):
        y, v = pick(rows.y, row[block]), pick(rows.v, row[block])
        tau2[some[block]], converged[some[block]] = _q_roots(y, v, goal[block], smallest[block], start[block])
    return tau2, converged


def _q_roots(y: Floats, v: Floats, goal: Floats, smallest: Floats, t: Floats) -> tuple[Floats, Booleans]:
    """Make Newton's steps on 1/goal - 1/Q from `t`, in rows whose Q is above `goal` at zero."""
    found, row = np.empty(len(t)), np.arange(len(t))
    last, done = np.full(len(t), np.inf), np.zeros(len(t), dtype=bool)
    w, r = np.empty_like(v), np.empty_like(v)
    for _ in range(ITERATIONS):
        np.add(v, t[:, None], out=w)
        np.divide(1.0, w, out=w)
        np.subtract(y, (dot(w, y) / sum_of(w))[:, None], out=r)
        w *= r
        q = dot(w, r)
        step = q * (q / goal - 1.0) / dot(w, w)
        t = np.maximum(t + step, 0.0)
        size, step = t + smallest, np.abs(step)
        done |= (step <= TOLERANCE * size) | (
            (step <= QUADRATIC * size) & (step * step <= 1e-2 * TOLERANCE * size * last)
        )
        last = step
        count = np.count_nonzero(done)
        if count == done.size:
            break
        if count > 0.2 * done.size:  # copying the others costs as much as one step of a fifth of the rows
            found[row[done]] = t[done]
            go = np.flatnonzero(~done)
            row, goal, smallest, t, last = row[go], goal[go], smallest[go], t[go], last[go]
            y, v, done = pick(y, go), pick(v, go), done[go]
            w, r = np.empty_like(v), np.empty_like(v)
    found[row] = t
    converged = np.ones(len(found), dtype=bool)
    converged[row] = done
    return found, converged


def _q_root_of_one(y: Floats, v: Floats, goal: float, smallest: float, t: float) -> tuple[float, bool]:
    """Do what `_q_roots` does for a single row, on numbers: several times as fast as on arrays of one item."""
    last = math.inf
    for _ in range(ITERATIONS):
        w = 1.0 / (v + t)
        r = y - w.dot(y) / np.add.reduce(w)
        w *= r
        q = w.dot(r)
        step = q * (q / goal - 1.0) / w.dot(w)
        t = max(t + step, 0.0)
        size, step = t + smallest, abs(step)
        if step <= TOLERANCE * size or (step <= QUADRATIC * size and step * step <= 1e-2 * TOLERANCE * size * last):
            return t, True
        last = step
    return t, False


def spread(w: Floats, weight: Floats) -> Floats:
    """Return sum(w) - sum(w^2) / sum(w) of each row, without the cancellation where one weight dwarfs the others."""
    result = weight - dot(w, w) / weight if (some := weight > 0).all() else np.zeros(len(w))
    if not some.all():
        np.divide(dot(w, w), weight, out=result, where=some)
        result = weight - result
    unequal = np.flatnonzero(w.max(axis=1) > 0.5 * weight)
    if unequal.size:
        few = pick(w, unequal).copy()
        n, place, total = np.arange(len(few)), few.argmax(axis=1), weight[unequal]
        largest = few[n, place]
        few[n, place] = 0.0
        result[unequal] = sum_of(few) * (1.0 + largest / total) - dot(few, few) / total
    return result
