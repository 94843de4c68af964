"""Variance between studies: estimators and the Q-profile interval, on rows arranged by `kernel`."""

from collections.abc import Callable

import numpy as np
from scipy import special

from metaan.pooling.kernel import ITERATIONS, QUADRATIC, TOLERANCE, Booleans, Floats, Rows, mean
from metaan.pooling.restricted import maximise


def equal_effects(rows: Rows) -> tuple[Floats, Booleans]:
    """No variance between studies (equal-effects model)."""
    return np.zeros(len(rows.y)), np.ones(len(rows.y), dtype=bool)


def dersimonian_laird(rows: Rows) -> tuple[Floats, Booleans]:
    """Moment estimator of DerSimonian and Laird, zero when negative.

    References
    ----------
    .. [1] DerSimonian R, Laird N. Controlled Clinical Trials 1986;7:177-188.
    """
    n = len(rows.y)
    tau2 = np.zeros(n)
    some = rows.k > 1
    if not some.all():
        rows = rows.some(some)
    if len(rows.y):
        fixed = mean(rows.y, rows.v, np.zeros(len(rows.y)))
        tau2[some] = np.maximum(0.0, (fixed.q - (rows.k - 1)) / _exact_spread(fixed.w, fixed.weight))
    return tau2, np.ones(n, dtype=bool)


def paule_mandel(rows: Rows) -> tuple[Floats, Booleans]:
    """Moment estimator of Paule and Mandel: the tau2 at which the generalised Q equals k - 1, zero when there is none.

    References
    ----------
    .. [1] Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385.
    """
    return _generalised_q_root(rows, (rows.k - 1).astype(float))


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


def q_profile(rows: Rows, level: float, at_zero: Floats | None = None) -> tuple[Floats, Floats]:
    """Q-profile confidence interval of tau2; NaN in rows of fewer than two studies.

    Each limit is the tau2 at which the generalised Q equals a quantile of chi-square on k - 1 degrees of freedom, zero
    where Q is below that quantile already at tau2 = 0. `at_zero` is Q at tau2 = 0, where it is known already.

    References
    ----------
    .. [1] Viechtbauer W. Stat Med 2007;26:37-52.
    """
    df = np.where(rows.k > 1, rows.k - 1.0, np.nan)
    tail = (1.0 - level) / 2.0
    target = np.concatenate([special.chdtri(df, tail), special.chdtri(df, 1.0 - tail)])
    if at_zero is not None:
        at_zero = np.concatenate([at_zero, at_zero])
    limits, _ = _generalised_q_root(Rows(*(np.concatenate([part, part]) for part in rows)), target, at_zero)
    low, high = np.split(np.where(np.isnan(target), np.nan, limits), 2)
    return low, high


def _generalised_q_root(rows: Rows, target: Floats, at_zero: Floats | None = None) -> tuple[Floats, Booleans]:
    """Return the tau2 at which Q(tau2) = `target`, zero where Q(0), which may be given as `at_zero`, is not above it.

    1/Q is concave in tau2: it is the least variance c'(V + tau2)c of all contrasts c with c'y = 1, and each of these is
    linear in tau2. After the first of Newton's steps on 1/target - 1/Q, wherever it starts, the others therefore rise
    to the root and never pass it. The first value is a guess which is exact for equal variances.
    """
    n = len(rows.y)
    tau2, converged = np.zeros(n), np.ones(n, dtype=bool)
    if at_zero is None:
        at_zero = mean(rows.y, rows.v, tau2).q
    some = np.flatnonzero((rows.k > 1) & (at_zero > target))
    if not some.size:
        return tau2, converged
    y, v, goal = rows.y[some], rows.v[some], target[some]
    smallest = v.min(axis=1)
    if np.isinf(v).any():
        counted = np.isfinite(v)
        number = counted.sum(axis=1)
        r = np.where(counted, y - (y.sum(axis=1) / number)[:, None], 0.0)
        t = np.einsum("nk,nk->n", r, r) / goal - np.where(counted, v, 0.0).sum(axis=1) / number
    else:
        r = y - y.mean(axis=1, keepdims=True)
        t = np.einsum("nk,nk->n", r, r) / goal - v.mean(axis=1)
    t = np.maximum(t, 0.0)
    last = np.full(len(some), np.inf)
    for _ in range(ITERATIONS):
        w = 1.0 / (v + t[:, None])
        r = y - (np.einsum("nk,nk->n", w, y) / w.sum(axis=1))[:, None]
        wr = w * r
        q = np.einsum("nk,nk->n", wr, r)
        step = q * (q / goal - 1.0) / np.einsum("nk,nk->n", wr, wr)
        t = np.maximum(t + step, 0.0)
        size, step = t + smallest, np.abs(step)
        done = (step <= TOLERANCE * size) | (
            (step <= QUADRATIC * size) & (step * step <= 1e-2 * TOLERANCE * size * last)
        )
        last = step
        if done.all():
            tau2[some] = t
            return tau2, converged
        if done.any() and done.size > 2:
            tau2[some[done]] = t[done]
            go = np.flatnonzero(~done)
            some, y, v, goal, smallest, t, last = some[go], y[go], v[go], goal[go], smallest[go], t[go], last[go]
    tau2[some], converged[some] = t, False
    return tau2, converged


def _spread(w: Floats, total: Floats) -> Floats:
    """Return sum(w) - sum(w^2) / sum(w)."""
    return total - np.einsum("...k,...k->...", w, w) / total


def _exact_spread(w: Floats, total: Floats) -> Floats:
    """Return sum(w) - sum(w^2) / sum(w) of each row, without the cancellation where one weight dwarfs the others.

    Spoils `w`: the largest weight of each row is set to zero.
    """
    n = np.arange(len(w))
    place = w.argmax(axis=1)
    largest = w[n, place]
    w[n, place] = 0.0
    others = w.sum(axis=1)
    return others * (1.0 + largest / total) - np.einsum("nk,nk->n", w, w) / total
