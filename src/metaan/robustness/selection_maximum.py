"""Maximum of a smooth function within bounds, for many rows at once: Newton's method with an active set."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Booleans, Floats

ITERATIONS = 300
SETTLED = 1e-18  #: gain that a whole Newton step still promises, in units of the function
_NEAR = 1e-9  #: promised gain below which a search that finds nothing better has arrived
_TOUCHING = 1e-13  #: distance from a bound, in units of `scale`, that is none
_CURVED = 1e-8  #: least curvature, in units of the scaled Hessian


class Maximum(NamedTuple):
    """Highest point found from each start."""

    at: Floats  #: shape (n, q)
    value: Floats  #: shape (n,)
    converged: Booleans  #: shape (n,)


Function = Callable[[np.ndarray, Floats, int], tuple[Floats, Floats, Floats]]


def with_log_tau2(function: Function, column: int) -> Function:
    """Return the function of a parameter log(1 + tau2) in the place of tau2."""

    def changed(rows: np.ndarray, at: Floats, order: int) -> tuple[Floats, Floats, Floats]:
        point, rate = at.copy(), np.exp(at[:, column])
        point[:, column] = np.expm1(at[:, column])
        value, first, second = function(rows, point, order)
        if order:
            bend = first[:, column] * rate
            first[:, column] = bend
            second[:, column, :] *= rate[:, None]
            second[:, :, column] *= rate[:, None]
            second[:, column, column] += bend
        return value, first, second

    return changed


def maximise(
    function: Function, start: Floats, low: Floats, high: Floats, scale: Floats, settled: float = SETTLED
) -> Maximum:
    """Climb from each start to a maximum.

    Parameters
    ----------
    function : callable
        Takes row numbers, points, and 0 or 2; returns value, gradient and Hessian (zeros for 0).
    start : ndarray, shape (n, q)
    low, high : ndarray, shape (n, q)
        Bounds; infinite where there are none, equal where a parameter is given.
    scale : ndarray, shape (n, q)
        Typical size of a change in each parameter; no step is longer than three of them.
    settled : float
        Relative gain promised by a whole Newton step, at which a climb ends.

    Notes
    -----
    Parameters at a bound that would leave it are held. The Hessian of the others is made negative definite by the
    absolute values of its eigenvalues; steps are halved until the value rises.
    """
    n, q = start.shape
    at = np.clip(start, low, high)
    rows = np.arange(n)
    value, gradient, hessian = function(rows, at, 2)
    out, best, converged = at.copy(), value.copy(), np.zeros(n, dtype=bool)
    for _ in range(ITERATIONS):
        touching = _TOUCHING * scale
        at_low, at_high = (at <= low + touching) & (gradient <= 0), (at >= high - touching) & (gradient >= 0)
        at = np.where(at_low, low, np.where(at_high, high, at))  # moves by less than derivatives can tell
        held = at_low | at_high | (low == high)
        free = ~held
        g = np.where(free, gradient * scale, 0.0)
        h = -hessian * scale[:, :, None] * scale[:, None, :]
        h = np.where(free[:, :, None] & free[:, None, :], h, np.eye(q))
        good = np.isfinite(g).all(axis=1) & np.isfinite(h).all(axis=(1, 2)) & np.isfinite(value)
        h = np.where(good[:, None, None], h, np.eye(q))
        roots, vectors = np.linalg.eigh(h)
        size = np.abs(roots)
        curved = np.maximum(size, np.maximum(_CURVED * size.max(axis=1, keepdims=True), 1e-12))
        inside = np.einsum("nij,ni->nj", vectors, np.where(good[:, None], g, 0.0))
        step = np.einsum("nij,nj->ni", vectors, inside / curved)
        promise = 0.5 * (inside**2 / curved).sum(axis=1)
        longest = np.abs(step).max(axis=1)
        step = step * np.minimum(1.0, 3.0 / np.maximum(longest, 1e-300))[:, None] * scale

        arrived = (promise <= settled * (1.0 + np.abs(value))) & (roots >= -1e-10).all(axis=1)
        length = np.ones(len(rows))
        new, risen = at.copy(), value.copy()
        todo = np.flatnonzero(good & ~arrived)
        for _ in range(30):
            if not todo.size:
                break
            trial = np.clip(at[todo] + length[todo, None] * step[todo], low[todo], high[todo])
            reached = function(rows[todo], trial, 0)[0]
            gain = ((trial - at[todo]) * gradient[todo]).sum(axis=1)
            better = np.isfinite(reached) & (reached > value[todo] + 1e-4 * np.minimum(gain, promise[todo]))
            new[todo[better]], risen[todo[better]] = trial[better], reached[better]
            todo = todo[~better]
            length[todo] *= 0.4
        stuck = np.zeros(len(rows), dtype=bool)
        stuck[todo] = True
        done = arrived | ~good | stuck
        if done.any():
            near = promise <= _NEAR * (1.0 + np.abs(value))
            # the value cannot tell a better point any more, the gradient still can
            last = np.clip(at + step, low, high)
            polished = stuck & near & (np.abs(step) <= 1e-3 * scale).all(axis=1)
            ended = np.where(polished[:, None], last, at)
            i = rows[done]
            out[i], best[i] = ended[done], value[done]
            converged[i] = (good & (arrived | (stuck & near)))[done]
            go = ~done
            rows, new, low, high, scale = rows[go], new[go], low[go], high[go], scale[go]
            if not rows.size:
                return Maximum(out, best, converged)
        at = new
        value, gradient, hessian = function(rows, at, 2)
    out[rows], best[rows] = at, value
    return Maximum(out, best, converged)


def inverse_diagonal(information: Floats) -> Floats:
    """Return the diagonal of the inverse of each matrix, NaN where it is not positive definite."""
    size = np.sqrt(np.abs(np.einsum("nii->ni", information)))
    size = np.where(size > 0, size, 1.0)
    roots, vectors = np.linalg.eigh(information / (size[:, :, None] * size[:, None, :]))
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = np.einsum("nij,nj->ni", vectors**2, 1.0 / roots) / size**2
    return np.where(roots.min(axis=1, keepdims=True) > 1e-13, diagonal, np.nan)
