"""Variance between studies: estimators and the Q-profile interval, on rows arranged by `kernel`."""

from collections.abc import Callable

import numpy as np
from scipy import special

from metaan.pooling.kernel import Booleans, Floats, Rows, mean, root

_SCAN = 12  #: places at which each restricted likelihood is looked at before a maximum is refined


def equal_effects(rows: Rows) -> tuple[Floats, Booleans]:
    """No variance between studies (equal-effects model)."""
    return np.zeros(len(rows.y)), np.ones(len(rows.y), dtype=bool)


def dersimonian_laird(rows: Rows) -> tuple[Floats, Booleans]:
    """Moment estimator of DerSimonian and Laird, zero when negative.

    References
    ----------
    .. [1] DerSimonian R, Laird N. Controlled Clinical Trials 1986;7:177-188.
    """
    zero = np.zeros(len(rows.y))
    tau2 = zero.copy()
    some = rows.k > 1
    fixed = mean(rows.y[some], rows.v[some], zero[some])
    tau2[some] = np.maximum(0.0, (fixed.q - (rows.k[some] - 1)) / _spread(fixed.w, fixed.weight))
    return tau2, np.ones(len(rows.y), dtype=bool)


def paule_mandel(rows: Rows) -> tuple[Floats, Booleans]:
    """Moment estimator of Paule and Mandel: the tau2 at which the generalised Q equals k - 1, zero when there is none.

    References
    ----------
    .. [1] Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385.
    """
    return _generalised_q_root(rows, (rows.k - 1).astype(float))


def reml(rows: Rows) -> tuple[Floats, Booleans]:
    """Restricted maximum likelihood estimator.

    The restricted likelihood may have more than one maximum, also one away from zero although it falls at zero. Each
    row is therefore first looked at over the whole range in which a maximum can lie; every maximum seen is refined, and
    the highest is returned, zero included.

    Notes
    -----
    With weights w = 1 / (v + t), residuals r about the weighted mean and shares p = w / sum(w), the score is half of
    sum(w^2 r^2) - sum(w (1 - p)). As r lies within (1 - p) D of zero, where D is the distance between the smallest and
    the largest effect, the score is nowhere positive beyond t = D^2 - min(v): no maximum lies there.

    References
    ----------
    .. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
    """
    n = len(rows.y)
    tau2, converged = np.zeros(n), np.ones(n, dtype=bool)
    smallest = rows.v.min(axis=1)
    farthest = np.ptp(rows.y, axis=1) ** 2 - smallest
    some = np.flatnonzero((farthest > 0) & (rows.k > 1))
    if not some.size:
        return tau2, converged
    y, v, smallest, farthest = rows.y[some], rows.v[some], smallest[some], farthest[some]

    nearest = 0.25 * np.minimum(smallest, farthest)
    scan = nearest[:, None] * (farthest / nearest)[:, None] ** np.linspace(0.0, 1.0, _SCAN)
    scan[:, -1] = farthest
    scan = np.concatenate([np.zeros((len(some), 1)), scan], axis=1)
    rising = _score(y[:, None, :], v[:, None, :], scan) > 0
    rising[:, -1] = False
    row, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    if not row.size:
        return tau2, converged

    peak, settled = root(
        lambda i, t: _score_and_slope(y[row[i]], v[row[i]], t), scan[row, left], scan[row, left + 1], smallest[row]
    )
    at_zero = ~rising[:, 0]
    rivals = np.bincount(row, minlength=len(some)) + at_zero > 1
    height, floor = np.zeros(len(row)), np.full(len(some), -np.inf)
    contested = rivals[row]
    height[contested] = _log_likelihood(y[row[contested]], v[row[contested]], peak[contested])
    flat = np.flatnonzero(rivals & at_zero)
    floor[flat] = _log_likelihood(y[flat], v[flat], np.zeros(len(flat)))
    better = np.flatnonzero(height > floor[row])
    better = better[np.argsort(height[better], kind="stable")]  # the highest of a row is written last
    tau2[some[row[better]]] = peak[better]
    converged[some[row[better]]] = settled[better]
    return tau2, converged


ESTIMATORS: dict[str, Callable[[Rows], tuple[Floats, Booleans]]] = {
    "REML": reml,
    "PM": paule_mandel,
    "DL": dersimonian_laird,
    "EE": equal_effects,
}


def q_profile(rows: Rows, level: float) -> tuple[Floats, Floats]:
    """Q-profile confidence interval of tau2; NaN in rows of fewer than two studies.

    Each limit is the tau2 at which the generalised Q equals a quantile of chi-square on k - 1 degrees of freedom, zero
    where Q is below that quantile already at tau2 = 0.

    References
    ----------
    .. [1] Viechtbauer W. Stat Med 2007;26:37-52.
    """
    df = np.where(rows.k > 1, rows.k - 1.0, np.nan)
    tail = (1.0 - level) / 2.0
    target = np.concatenate([special.chdtri(df, tail), special.chdtri(df, 1.0 - tail)])
    limits, _ = _generalised_q_root(Rows(*(np.concatenate([part, part]) for part in rows)), target)
    low, high = np.split(np.where(np.isnan(target), np.nan, limits), 2)
    return low, high


def _generalised_q_root(rows: Rows, target: Floats) -> tuple[Floats, Booleans]:
    """Return the tau2 at which Q(tau2) = `target`, zero where Q(0) is not above it.

    Newton steps on 1/target - 1/Q, which is nearly linear in tau2 where Q is not (Q falls like 1/tau2).
    """
    n = len(rows.y)
    tau2, converged = np.zeros(n), np.ones(n, dtype=bool)
    some = np.flatnonzero((rows.k > 1) & (mean(rows.y, rows.v, tau2).q > target))
    if not some.size:
        return tau2, converged
    y, v, goal = rows.y[some], rows.v[some], target[some]
    smallest = v.min(axis=1)
    # Q(t) is at most the sum of squares about any point divided by t + min(v); the unweighted mean gives the least.
    counted = np.isfinite(v)
    plain = y.sum(axis=1, keepdims=True) / counted.sum(axis=1, keepdims=True)
    squares = np.einsum("nk,nk,nk->n", y - plain, y - plain, counted.astype(float))
    high = squares / goal - smallest

    def function(i: np.ndarray, t: Floats) -> tuple[Floats, Floats]:
        at = mean(y[i], v[i], t)
        wr = at.w * (y[i] - at.mean[:, None])
        return 1.0 / goal[i] - 1.0 / at.q, -np.einsum("nk,nk->n", wr, wr) / at.q**2

    tau2[some], converged[some] = root(function, np.zeros(len(some)), high, smallest)
    return tau2, converged


def _spread(w: Floats, total: Floats) -> Floats:
    """Return sum(w) - sum(w^2) / sum(w)."""
    return total - np.einsum("...k,...k->...", w, w) / total


def _score(y: Floats, v: Floats, t: Floats) -> Floats:
    """Return the derivative of the restricted log-likelihood with respect to tau2."""
    at = mean(y, v, t)
    wr = at.w * (y - at.mean[..., None])
    return 0.5 * (np.einsum("...k,...k->...", wr, wr) - _spread(at.w, at.weight))


def _score_and_slope(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the first and second derivative of the restricted log-likelihood; arrays of shape ``(n, k)``."""
    at = mean(y, v, t)
    w, total = at.w, at.weight
    w2, wr = w * w, w * (y - at.mean[:, None])
    w2r = w * wr
    ratio = w2.sum(axis=1) / total
    first = 0.5 * (np.einsum("nk,nk->n", wr, wr) - total + ratio)
    trace = total * ratio - 2.0 * np.einsum("nk,nk->n", w2, w) / total + ratio**2
    return first, 0.5 * trace - np.einsum("nk,nk->n", w2r, wr) + w2r.sum(axis=1) ** 2 / total


def _log_likelihood(y: Floats, v: Floats, t: Floats) -> Floats:
    """Return the restricted log-likelihood up to a constant."""
    at = mean(y, v, t)
    logs = np.log(at.w, out=np.zeros_like(at.w), where=at.w > 0).sum(axis=-1)
    return 0.5 * (logs - np.log(at.weight) - at.q)
