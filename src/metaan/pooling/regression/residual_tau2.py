"""Estimators of the residual variance between studies of a meta-regression, on rows prepared by `least_squares`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from metaan.pooling import kernel
from metaan.pooling.highest import Parts, highest, reach
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.regression.least_squares import At, Prepared, at, dot, trace
from metaan.terms.special import special

CHUNK = 1 << 16  #: numbers worked on at once: there are several such arrays a coefficient
_SCAN = 12  #: places at which the likelihood is looked at before a maximum is refined


def log_likelihood(rows: Prepared, t: Floats, *, restricted: bool) -> Floats:
    """Log-likelihood of each row at tau2 = `t`, constants included; the restricted one with log|X'X| / 2."""
    fitted = at(rows, t)
    logs = np.log(fitted.w, out=np.zeros_like(fitted.w), where=fitted.w > 0).sum(axis=1)
    count = rows.df if restricted else rows.k
    total = logs - fitted.q - count * np.log(2.0 * np.pi)
    return 0.5 * (total - np.log(fitted.d).sum(axis=0)) if restricted else 0.5 * total


def standard_error(rows: Prepared, tau2: Floats, estimator: str, fitted: At | None = None) -> Floats:
    """Return the standard error of tau2; rows with k > p only. `fitted` is the fit at `tau2`, where it is known."""
    fitted = at(rows, tau2) if fitted is None else fitted
    if estimator == "ML":
        return np.sqrt(2.0 / dot(fitted.w, fitted.w))
    if estimator == "REML":
        return np.sqrt(2.0 / fitted.trace_of_squares())
    if estimator in ("PM", "PMM", "EB"):
        return np.sqrt(2.0 / rows.df) * rows.k / fitted.w.sum(axis=1)
    quadratic, divisor = _moment(rows, estimator)
    variance = np.where(np.isfinite(rows.v), rows.v + tau2[:, None], 0.0)
    return np.sqrt(2.0 * quadratic.trace_of_squares(variance)) / divisor


def _moment(rows: Prepared, estimator: str) -> tuple[At, Floats]:
    """Return the quadratic form of a moment estimator and what its excess is divided by."""
    zero, counted = np.zeros(len(rows.u)), np.isfinite(rows.v).astype(float)
    if estimator == "HE":
        return at(rows, zero, weights=counted), rows.df
    if estimator == "SJ":
        start = _start(rows)
        return at(rows, start), rows.df / np.where(start > 0, start, np.nan)
    fixed = at(rows, zero)
    if estimator == "DL":
        return fixed, trace(rows, fixed, zero)
    share = rows.df / rows.k if estimator == "HSk" else 1.0
    return fixed, fixed.w.sum(axis=1) * share


def _start(rows: Prepared) -> Floats:
    """Return the variance of the effects themselves (divisor k), from which Sidik and Jonkman start."""
    counted = np.isfinite(rows.v)
    effects = rows.u + np.einsum(
        "np,pnk->nk", rows.g, np.broadcast_to(rows.basis, (rows.basis.shape[0], *rows.u.shape))
    )
    centre = np.where(counted, effects, 0.0).sum(axis=1) / rows.k
    return np.where(counted, (effects - centre[:, None]) ** 2, 0.0).sum(axis=1) / rows.k


def _always(n: int) -> Booleans:
    return np.ones(n, dtype=bool)


def _equal_effects(rows: Prepared) -> tuple[Floats, Booleans]:
    return np.zeros(len(rows.u)), _always(len(rows.u))


def _by_moments(estimator: str) -> Callable[[Prepared], tuple[Floats, Booleans]]:
    def estimate(rows: Prepared) -> tuple[Floats, Booleans]:
        tau2 = np.zeros(len(rows.u))
        some = np.flatnonzero((rows.df > 0) & rows.rank_ok & (rows.u != 0).any(axis=1))
        if some.size:
            part = rows.take(some)
            form, divisor = _moment(part, estimator)
            if estimator == "SJ":
                tau2[some] = form.q / divisor
            else:
                counted = np.isfinite(part.v)
                expected = part.df
                if estimator == "HE":
                    expected = form.trace(np.where(counted, part.v, 0.0))
                elif estimator == "HS":
                    expected = part.k.astype(float)
                tau2[some] = np.maximum(0.0, (form.q - expected) / divisor)
        return tau2, _always(len(tau2))

    return estimate


def _paule_mandel(rows: Prepared) -> tuple[Floats, Booleans]:
    return generalised_q_root(rows, np.where(rows.df > 0, rows.df, np.nan))


def _median_unbiased(rows: Prepared) -> tuple[Floats, Booleans]:
    return generalised_q_root(rows, special.chdtri(np.where(rows.df > 0, rows.df, np.nan), 0.5))


def generalised_q_root(rows: Prepared, target: Floats) -> tuple[Floats, Booleans]:
    """Return the tau2 at which Q(tau2) = `target`, zero where Q(0) is not above it; see `tau2.generalised_q_root`."""
    n = len(rows.u)
    tau2, converged = np.zeros(n), _always(n)
    some = np.flatnonzero(rows.rank_ok & (at(rows, tau2).q > target))
    if not some.size:
        return tau2, converged
    part, goal = rows.take(some), target[some]
    smallest = part.least
    high = dot(part.u, part.u) / goal - smallest  # Q(t) is at most the sum of squares over t + min(v)

    def function(i: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
        fitted = at(part.take(i), t)
        return 1.0 / goal[i] - 1.0 / fitted.q, -dot(fitted.wr, fitted.wr) / fitted.q**2

    tau2[some], converged[some] = kernel.root(function, np.zeros(len(some)), high, smallest)
    return tau2, converged


def _farthest(rows: Prepared) -> tuple[Floats, Floats]:
    """Return the sum of squared residuals of least squares, and tau2 from which on neither score is positive.

    With s = t + min(v), R the sum of squared residuals of least squares and D = max(v) - min(v), y'PPy is at most
    R / s^2, and tr(P) at least the larger of the largest eigenvalue of P and (k - p) / (s + D): the score is nowhere
    positive beyond s = R, nor beyond the root of (k - p) s^2 = R (s + D).
    """
    widest, squares, df = rows.most - rows.least, dot(rows.u, rows.u), np.maximum(rows.df, 1.0)
    with np.errstate(invalid="ignore"):
        root = (squares + np.sqrt(squares * (squares + 4.0 * df * widest))) / (2.0 * df)
    return squares, np.minimum(squares, root) - rows.least


class _Restricted:
    """Restricted likelihood of rows, as `highest` looks at it."""

    def __init__(self, rows: Prepared) -> None:
        self.rows = rows

    def take(self, rows: NDArray[np.int64]) -> "_Restricted":
        return _Restricted(self.rows.take(rows))

    def parts(self, t: Floats) -> Parts:
        fitted = at(self.rows, t)
        return Parts(dot(fitted.wr, fitted.wr), fitted.trace(), fitted.slope(), fitted.trace_of_squares())

    def log_likelihood(self, t: Floats) -> Floats:
        return log_likelihood(self.rows, t, restricted=True)


def _restricted_maximum_likelihood(rows: Prepared) -> tuple[Floats, Booleans]:
    """Return the tau2 of the highest restricted likelihood; see `highest`."""
    tau2, converged = np.zeros(len(rows.u)), _always(len(rows.u))
    squares, farthest = _farthest(rows)
    some = np.flatnonzero((farthest > 0) & (rows.df > 0) & rows.rank_ok)
    if some.size:
        part, squares = (rows, squares) if some.size == len(tau2) else (rows.take(some), squares[some])
        v = np.where(np.isfinite(part.v), part.v, 0.0)
        pull, average = kernel.dot(part.u, part.u, v), v.sum(axis=1) / part.k
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            within = reach(part.least, farthest[some], squares, part.df, pull, average)
            tau2[some], converged[some] = highest(_Restricted(part), within)
    return tau2, converged


def _maximum_likelihood(rows: Prepared) -> tuple[Floats, Booleans]:
    """Return the tau2 of the highest maximum of the likelihood that a scan has seen, zero included."""
    n = len(rows.u)
    tau2, converged = np.zeros(n), _always(n)
    farthest = _farthest(rows)[1]
    some = np.flatnonzero((farthest > 0) & (rows.df > 0) & rows.rank_ok)
    if not some.size:
        return tau2, converged
    part, smallest, farthest = rows.take(some), rows.least[some], farthest[some]
    nearest = 0.25 * np.minimum(smallest, farthest)
    scan = nearest[:, None] * (farthest / nearest)[:, None] ** np.linspace(0.0, 1.0, _SCAN)
    scan = np.concatenate([np.zeros((len(some), 1)), scan], axis=1)
    rising = np.zeros(scan.shape, dtype=bool)  # beyond the last place nothing rises
    if part.u.size * _SCAN <= CHUNK:
        repeated = part.take(np.repeat(np.arange(len(some)), _SCAN))
        rising[:, :-1] = (_score(at(repeated, scan[:, :-1].ravel())) > 0).reshape(-1, _SCAN)
    else:
        for j in range(_SCAN):
            rising[:, j] = _score(at(part, scan[:, j])) > 0
    row, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    if not row.size:
        return tau2, converged
    peaks = part if len(row) == len(some) else part.take(row)

    def function(i: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
        fitted = at(peaks if i.size == len(row) else peaks.take(i), t)
        return 0.5 * _score(fitted), 0.5 * dot(fitted.w, fitted.w) - fitted.slope()

    peak, settled = kernel.root(function, scan[row, left], scan[row, left + 1], smallest[row])
    at_zero = ~rising[:, 0]
    rivals = np.bincount(row, minlength=len(some)) + at_zero > 1
    height, floor = np.zeros(len(row)), np.full(len(some), -np.inf)
    contested = np.flatnonzero(rivals[row])
    height[contested] = log_likelihood(part.take(row[contested]), peak[contested], restricted=False)
    flat = np.flatnonzero(rivals & at_zero)
    floor[flat] = log_likelihood(part.take(flat), np.zeros(len(flat)), restricted=False)
    better = np.flatnonzero(height > floor[row])
    better = better[np.argsort(height[better], kind="stable")]  # the highest of a row is written last
    tau2[some[row[better]]] = peak[better]
    converged[some[row[better]]] = settled[better]
    return tau2, converged


def _score(fitted: At) -> Floats:
    """Return twice the derivative of the log-likelihood with respect to tau2."""
    return dot(fitted.wr, fitted.wr) - fitted.w.sum(axis=1)


ESTIMATORS: dict[str, Callable[[Prepared], tuple[Floats, Booleans]]] = {
    "REML": _restricted_maximum_likelihood,
    "ML": _maximum_likelihood,
    "PM": _paule_mandel,
    "EB": _paule_mandel,
    "PMM": _median_unbiased,
    "DL": _by_moments("DL"),
    "HE": _by_moments("HE"),
    "HS": _by_moments("HS"),
    "HSk": _by_moments("HSk"),
    "SJ": _by_moments("SJ"),
    "EE": _equal_effects,
}
