"""Distribution of the weighted sum of squares about a weighted mean, and the interval of tau2 that follows from it.

For independent normal effects of variance s the form y'Ay, A = diag(a) - a a' / S, is a positive combination of
chi-squares. Its moment generating function needs no eigenvalue: with d = a s and shares p = a / S,

    M(z) = prod (1 - 2 z d)^(-1/2) * (sum p / (1 - 2 z d))^(-1/2).

The distribution function is the integral of M(z) exp(-z q) / z along a line left of zero. Bent into a parabola through
the saddle point, along which the integrand falls like a normal density, the trapezoidal rule gives it to about 14
digits.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import estimators, kernel
from metaan.pooling.kernel import Booleans, Floats, Rows
from metaan.terms.special import special

_STEP = 1.0 / 6.0  #: of the trapezoidal rule, in standard deviations of the saddle: its error is exp(-2 pi 6)
_NODES = 56  #: evaluated at once
_SIZE = 1 << 16  #: complex numbers worked on at once


def chi_square_mixture(q: ArrayLike, weights: ArrayLike) -> Floats:
    """Probability that a positive linear combination of chi-squares on one degree of freedom is at most q.

    Parameters
    ----------
    q : array_like, shape (...)
    weights : array_like, shape (..., n)
        Positive, finite; broadcast against `q`.

    Returns
    -------
    ndarray, shape (...)
        Accurate to about 1e-13, small probabilities relatively so.

    Raises
    ------
    ValueError
        A weight that is not positive and finite, or a q that is not a number.

    References
    ----------
    .. [1] Imhof JP. Biometrika 1961;48:419-426 (the integral).
    .. [2] Trefethen LN, Weideman JAC. SIAM Review 2014;56:385-458 (the trapezoidal rule on a contour).
    """
    value, d = np.asarray(q, dtype=float), np.asarray(weights, dtype=float)
    if d.ndim == 0 or not d.shape[-1] or not (np.isfinite(d) & (d > 0)).all():
        raise ValueError("the weights of a mixture of chi-squares must be positive, finite numbers, at least one")
    if np.isnan(value).any():
        raise ValueError("a mixture of chi-squares is asked for a quantile that is not a number")
    shape = np.broadcast_shapes(value.shape, d.shape[:-1])
    flat = np.broadcast_to(value, shape).reshape(-1)
    rows = np.broadcast_to(d, (*shape, d.shape[-1])).reshape(flat.size, d.shape[-1])
    found = np.where(flat > 0, 1.0, 0.0)
    inside = np.flatnonzero((flat > 0) & np.isfinite(flat))
    step = max(1, _SIZE // (_NODES * d.shape[-1]))
    for start in range(0, inside.size, step):
        i = inside[start : start + step]
        found[i] = _distribution(flat[i], rows[i], None, None)[0]
    return found.reshape(shape)


def generalised_q(rows: Rows, weights: Floats, level: float) -> tuple[Floats, Floats, Booleans]:
    """Confidence interval of tau2 from the exact distribution of the weighted sum of squares.

    Each limit is the tau2 at which the observed y'Ay is a quantile of its distribution, zero where it is so already at
    tau2 = 0. Weights 1 / v give the interval of Biggerstaff and Jackson [1]_, weights 1 / sqrt(v) that of Jackson [2]_.

    Parameters
    ----------
    rows : Rows
    weights : ndarray, shape (n, k)
        Positive, zero where a study is left out; they may not depend on tau2.
    level : float

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN in rows of fewer than two studies.
    converged : ndarray of bool, shape (n,)

    References
    ----------
    .. [1] Biggerstaff BJ, Jackson D. Stat Med 2008;27:6093-6110.
    .. [2] Jackson D. Res Synth Methods 2013;4:220-229.
    """
    n, k = rows.y.shape
    low, high, converged = np.full(n, np.nan), np.full(n, np.nan), np.ones(n, dtype=bool)
    q = estimators.form(rows, weights)
    low[rows.k > 1] = high[rows.k > 1] = 0.0
    some = np.flatnonzero((rows.k > 1) & (q > 0))
    step = max(1, _SIZE // (2 * _NODES * k))
    for start in range(0, some.size, step):
        i = some[start : start + step]
        low[i], high[i], converged[i] = _invert(rows.v[i], weights[i], q[i], (rows.k[i] - 1).astype(float), level)
    return low, high, converged


def _invert(v: Floats, a: Floats, q: Floats, df: Floats, level: float) -> tuple[Floats, Floats, Booleans]:
    n = len(q)
    takes = a > 0
    v = np.where(takes, v, 0.0)
    share = a / a.sum(axis=1, keepdims=True)
    target = np.repeat([0.5 + level / 2.0, 0.5 - level / 2.0], n)
    found, converged = np.zeros(2 * n), np.ones(2 * n, dtype=bool)
    at_zero = _distribution(q, a * v, share, None)[0]
    some = np.flatnonzero(np.concatenate([at_zero, at_zero]) > target)
    if some.size:
        i = some % n
        chi2 = special.chdtri(df[i], 1.0 - target[some])
        # The form is at least min(a (v + tau2)) times a chi-square, on average tr(A (V + tau2)) / df times.
        reach = np.divide((q[i] / chi2)[:, None], a[i], out=np.zeros((len(i), a.shape[1])), where=takes[i]) - v[i]
        high = reach.max(axis=1, where=takes[i], initial=0.0) * (1.0 + 1e-9)
        start = (q[i] * df[i] / chi2 - estimators.trace(a[i], v[i])) / estimators.trace(a[i])
        goal, vi, ai, pi, qi = special.ndtri(target[some]), v[i], a[i], share[i], q[i]

        def function(j: np.ndarray, t: Floats) -> tuple[Floats, Floats]:
            p, slope = _distribution(qi[j], ai[j] * (vi[j] + t[:, None]), pi[j], ai[j])
            z = special.ndtri(p)
            return z - goal[j], slope * math.sqrt(2.0 * math.pi) * np.exp(0.5 * z * z)

        scale = np.where(takes, v, np.inf).min(axis=1)[i]
        start = np.minimum(np.maximum(start, 0.0), high)
        found[some], converged[some] = kernel.root(function, np.zeros(some.size), high, scale, start)
    return found[:n], found[n:], converged[:n] & converged[n:]


def _distribution(q: Floats, d: Floats, share: Floats | None, rate: Floats | None) -> tuple[Floats, Floats]:
    """Return P(form <= q), and its derivative where d grows at `rate`; q positive, shape (n,), the others (n, k)."""
    c = _saddle(q, d, share)
    k0, _, k2, k3 = _cumulants(c, d, share)
    sigma = 1.0 / np.sqrt(k2 + 1.0 / (c * c))
    bend = np.maximum(k3 / (6.0 * k2), 1e-3 / np.abs(c)) * sigma**2
    height = k0 - c * q
    total, slope = np.zeros(len(q)), np.zeros(len(q))
    nodes = max(8, min(_NODES, 8 * _SIZE // max(1, d.size)))
    for first in range(0, 100 * nodes, nodes):
        x = _STEP * np.arange(first, first + nodes)
        z = c[:, None] + 1j * sigma[:, None] * x + bend[:, None] * (x * x)
        along = 1j * sigma[:, None] + 2.0 * bend[:, None] * x
        e = 1.0 / (1.0 - 2.0 * z[:, :, None] * d[:, None, :])
        log = 0.5 * np.log(e).sum(axis=2)
        if share is not None:
            pe = share[:, None, :] * e
            g = pe.sum(axis=2)
            log -= 0.5 * np.log(g)
        part = np.exp(log - z * q[:, None] - height[:, None]) * along / z
        if first == 0:
            part[:, 0] *= 0.5
        total -= part.imag.sum(axis=1)
        if rate is not None:
            grows = (rate[:, None, :] * e).sum(axis=2)
            if share is not None:
                grows -= (pe * e * rate[:, None, :]).sum(axis=2) / g
            slope -= (part * z * grows).imag.sum(axis=1)
        last = np.abs(part[:, -1])
        if (last <= 1e-15 * np.abs(total)).all():
            break
    with np.errstate(under="ignore"):
        front = np.exp(height) * _STEP / math.pi
    return np.minimum(front * total, 1.0), front * slope


def _saddle(q: Floats, d: Floats, share: Floats | None) -> Floats:
    """Return where the integrand is least on the negative axis: the root of K'(z) = q + 1 / z."""
    log = -np.log(q)  # z = -exp(log)
    for _ in range(30):
        u = np.exp(log)
        de = d / (1.0 + 2.0 * u[:, None] * d)
        k1, k2 = de.sum(axis=1), 2.0 * np.einsum("nk,nk->n", de, de)
        if share is not None:
            pe = share / (1.0 + 2.0 * u[:, None] * d)
            g = pe.sum(axis=1)
            m1, m2 = np.einsum("nk,nk->n", pe, de) / g, np.einsum("nk,nk,nk->n", pe, de, de) / g
            k1, k2 = k1 - m1, k2 - 4.0 * m2 + 2.0 * m1 * m1
        step = (log + np.log(q) - np.log1p(u * k1)) / (1.0 - u * (k1 - u * k2) / (1.0 + u * k1))
        log = log - step
        if (np.abs(step) < 0.03).all():  # any place near the saddle will do
            break
    return -np.exp(log)


def _cumulants(z: Floats, d: Floats, share: Floats | None) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the cumulant generating function and three derivatives at real z below zero, each shape (n,)."""
    e = 1.0 / (1.0 - 2.0 * z[:, None] * d)
    de = d * e
    k0 = 0.5 * np.log(e).sum(axis=1)
    k1, k2, k3 = de.sum(axis=1), 2.0 * (de * de).sum(axis=1), 8.0 * (de**3).sum(axis=1)
    if share is not None:
        pe = share * e
        g = pe.sum(axis=1)
        m1, m2, m3 = ((pe * de**i).sum(axis=1) / g for i in (1, 2, 3))
        k0, k1 = k0 - 0.5 * np.log(g), k1 - m1
        k2, k3 = k2 - 4.0 * m2 + 2.0 * m1 * m1, k3 - 24.0 * m3 + 24.0 * m1 * m2 - 8.0 * m1**3
    return k0, k1, k2, k3
