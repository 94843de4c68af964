"""Bivariate binomial-normal model: counts are binomial given logits, and the logits of a study are N(mu, Psi).

With Psi = L L' and logits mu + L z, z standard normal in two dimensions, a study's likelihood is an integral over z. It
is taken by Laplace's approximation (one node) or adaptive Gauss-Hermite quadrature centred at the mode and scaled by
the curvature there (Pinheiro JC, Bates DM. J Comput Graph Stat 1995;4:12-35). Parameters stand in the order mu_1, mu_2,
L_11, L_21, L_22.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.terms.special import special

STEPS = 200
LEAST = 10  #: nodes from which on derivatives may be taken under the integral
_OF_MEAN = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])  #: d logit / d mu
_INTO = np.array([[0, 0], [0, 0], [1, 0], [0, 1], [0, 1]])  #: the logit that each entry of L moves
_ENTRIES = ([0, 2], [1, 3, 4])  #: parameters of each logit
_BY = np.array([0, 0, 0, 0, 1])  #: the item of z that multiplies it


class Counts(NamedTuple):
    """Events and people of both groups."""

    events: Floats  #: shape (k, 2)
    people: Floats  #: shape (k, 2)


class Binomial(NamedTuple):
    """Maximum of the likelihood."""

    mean: Floats  #: logits, shape (2,)
    covariance: Floats  #: of the mean, from the observed information of all five parameters, shape (2, 2)
    psi: Floats  #: shape (2, 2)
    log_likelihood: float  #: with the binomial coefficients
    converged: bool


def fit(counts: Counts, start: tuple[Floats, Floats], nodes: int) -> Binomial:
    """Maximise the likelihood with one node (Laplace) or at least `LEAST` nodes a dimension.

    Parameters
    ----------
    counts : Counts
    start : tuple of ndarray
        Mean (2,) and Psi (2, 2) to start from.
    nodes : int
    """
    mean, psi = start
    s1, s2 = np.sqrt(np.maximum(np.diag(psi), 0.05))
    own = np.clip(psi[0, 1] / (s1 * s2), -0.95, 0.95)
    starts = [np.array([*mean, s1, s2 * rho, s2 * np.sqrt(1 - rho**2)]) for rho in (own, 0.0)]
    tops = [_climb(counts, each, LEAST, enough=1e-6) for each in starts]
    theta = max(tops, key=lambda top: (round(top[1], 9), top[2]))[0]
    theta, value, settled = _climb(counts, theta, nodes)
    if not theta[2] >= 0:
        theta[2:4] *= -1.0
    theta[4] = abs(theta[4])
    root = np.array([[theta[2], 0.0], [theta[3], theta[4]]])
    constant = float(_coefficients(counts).sum())
    return Binomial(theta[:2], _covariance(counts, theta, nodes), root @ root.T, value + constant, settled)


def at(counts: Counts, mean: Floats, psi: Floats, nodes: int) -> Binomial:
    """Return covariance and log-likelihood at given parameters."""
    a = np.sqrt(psi[0, 0])
    b = psi[0, 1] / a if a > 0 else 0.0
    theta = np.array([*mean, a, b, np.sqrt(max(psi[1, 1] - b * b, 0.0))])
    value = float(_value(counts, theta, nodes).sum() + _coefficients(counts).sum())
    return Binomial(mean, _covariance(counts, theta, nodes), psi, value, True)


def _covariance(counts: Counts, theta: Floats, nodes: int) -> Floats:
    """Return the covariance matrix of the mean from the observed information, directions without any left out."""
    information = -_derivatives(counts, theta, nodes)[1]
    inverse: Any = np.linalg.pinv(information, rcond=1e-12, hermitian=True)
    return np.asarray(inverse[:2, :2], dtype=float)


def _coefficients(counts: Counts) -> Floats:
    y, n = counts
    return special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)


def _joint(counts: Counts, theta: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return log of the integrand without constants, logits, and probabilities at z of shape (k, m, 2)."""
    logits = _logits(theta, z)
    y, n = counts.events[:, None, :], counts.people[:, None, :]
    height = (y * logits - n * np.logaddexp(0.0, logits)).sum(axis=-1) - 0.5 * (z**2).sum(axis=-1)
    return height, logits, special.expit(logits)


def _logits(theta: Floats, z: Floats) -> Floats:
    return np.stack([theta[0] + theta[2] * z[..., 0], theta[1] + theta[3] * z[..., 0] + theta[4] * z[..., 1]], axis=-1)


def _modes(counts: Counts, theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return modes (k, 2), negative curvature (k, 2, 2), heights (k,) and probabilities (k, 2) there."""
    root = np.array([[theta[2], 0.0], [theta[3], theta[4]]])
    z = np.zeros((len(counts.events), 2))
    height, _, p = (each[:, 0] for each in _joint(counts, theta, z[:, None, :]))
    for _ in range(STEPS):
        w = counts.people * p * (1 - p)
        slope = (counts.events - counts.people * p) @ root - z
        curvature = np.einsum("ai,ka,aj->kij", root, w, root) + np.eye(2)
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        gain = np.einsum("ki,ki->k", slope, step)
        length = np.ones(len(z))
        for _ in range(30):
            new = z + length[:, None] * step
            there, _, chance = (each[:, 0] for each in _joint(counts, theta, new[:, None, :]))
            low = there < height + 1e-4 * length * gain - 1e-13 * (1.0 + np.abs(height))
            if not low.any():
                break
            length[low] *= 0.5
        z, height, p = new, there, chance
        if (np.abs(step) <= 1e-11 * (1.0 + np.abs(z))).all():
            break
    w = counts.people * p * (1 - p)
    return z, np.einsum("ai,ka,aj->kij", root, w, root) + np.eye(2), height, p


def _value(counts: Counts, theta: Floats, nodes: int) -> Floats:
    """Return the log-likelihood of each study without the binomial coefficients."""
    return _terms(counts, theta, nodes, slopes=False)[0]


def _slope(counts: Counts, theta: Floats, nodes: int) -> Floats:
    return _terms(counts, theta, nodes, slopes=True)[1].sum(axis=0)


def _terms(counts: Counts, theta: Floats, nodes: int, slopes: bool) -> tuple[Floats, Floats]:
    z, curvature, height, p = _modes(counts, theta)
    if nodes > 1:
        return _quadrature(counts, theta, nodes, z, curvature, slopes)[:2]
    value = height - 0.5 * np.linalg.slogdet(curvature)[1]
    return value, _laplace_slope(counts, theta, z, curvature, p) if slopes else np.zeros((0, 5))


def _partial(z: Floats) -> Floats:
    """Return the derivatives of the logits in the parameters at fixed z, shape (..., 5, 2)."""
    return _OF_MEAN + z[..., _BY, None] * _INTO


def _laplace_slope(counts: Counts, theta: Floats, z: Floats, curvature: Floats, p: Floats) -> Floats:
    """Slope of height - 1/2 log|H|; the mode moves with the parameters and takes H along."""
    root = np.array([[theta[2], 0.0], [theta[3], theta[4]]])
    d_root = np.zeros((5, 2, 2))
    d_root[2, 0, 0] = d_root[3, 1, 0] = d_root[4, 1, 1] = 1.0
    w = counts.people * p * (1 - p)
    s = counts.events - counts.people * p
    inverse = np.linalg.inv(curvature)
    partial = _partial(z)
    mixed = np.einsum("pai,ka->kpi", d_root, s) - np.einsum("ai,ka,kpa->kpi", root, w, partial)
    d_z = np.einsum("kij,kpj->kpi", inverse, mixed)
    d_logit = partial + d_z @ root.T
    d_w = (w * (1 - 2 * p))[:, None, :] * d_logit
    turned = np.einsum("pai,ka,aj->kpij", d_root, w, root)
    d_h = turned + np.swapaxes(turned, -1, -2) + np.einsum("ai,kpa,aj->kpij", root, d_w, root)
    return np.einsum("ka,kpa->kp", s, partial) - 0.5 * np.einsum("kij,kpji->kp", inverse, d_h)


def _quadrature(
    counts: Counts, theta: Floats, nodes: int, mode: Floats, curvature: Floats, slopes: bool, bend: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Adaptive Gauss-Hermite quadrature; derivatives are posterior moments of those of the integrand [1]_.

    References
    ----------
    .. [1] Louis TA. J R Stat Soc B 1982;44:226-233.
    """
    grid, logs = _grid(nodes)
    factor = np.linalg.cholesky(np.linalg.inv(curvature))
    z = mode[:, None, :] + np.sqrt(2.0) * np.einsum("kij,mj->kmi", factor, grid)
    height, _, p = _joint(counts, theta, z)
    joint = height + logs
    top = joint.max(axis=1, keepdims=True)
    share = np.exp(joint - top)
    total = share.sum(axis=1, keepdims=True)
    value = (top + np.log(total))[:, 0] - 0.5 * np.linalg.slogdet(curvature)[1] - np.log(np.pi)
    if not slopes:
        return value, np.zeros((0, 5)), np.zeros((5, 5))
    share /= total
    n = counts.people[:, None, :]
    s = counts.events[:, None, :] - n * p
    designs = [np.stack([np.ones_like(z[..., 0]), z[..., 0]], axis=-1), np.insert(z, 0, 1.0, axis=-1)]
    score = np.empty((*share.shape, 5))
    for a, (design, entries) in enumerate(zip(designs, _ENTRIES, strict=True)):
        score[..., entries] = s[..., a, None] * design
    first = np.einsum("km,kmp->kp", share, score)
    if not bend:
        return value, first, np.zeros((5, 5))
    flat = (score - first[:, None, :]).reshape(-1, 5)
    hessian = (share.reshape(-1, 1) * flat).T @ flat
    weight = share[:, :, None] * n * p * (1 - p)
    for a, (design, entries) in enumerate(zip(designs, _ENTRIES, strict=True)):
        columns = design.reshape(-1, design.shape[-1])
        hessian[np.ix_(entries, entries)] -= (weight[..., a].reshape(-1, 1) * columns).T @ columns
    return value, first, hessian


@lru_cache(maxsize=16)
def _grid(nodes: int) -> tuple[Any, Any]:
    """Nodes (m, 2) and logarithms of their weights times exp(|x|^2) (m,)."""
    x, weight = np.polynomial.hermite.hermgauss(nodes)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid, (np.log(weight)[:, None] + np.log(weight)[None, :]).reshape(-1) + (grid**2).sum(axis=1)


def _derivatives(counts: Counts, theta: Floats, nodes: int) -> tuple[Floats, Floats]:
    """Return slope (5,) and Hessian (5, 5) of the log-likelihood."""
    if nodes > 1:
        z, curvature, _, _ = _modes(counts, theta)
        _, slopes, hessian = _quadrature(counts, theta, nodes, z, curvature, slopes=True, bend=True)
        return slopes.sum(axis=0), hessian
    return _slope(counts, theta, nodes), _curvature(counts, theta, nodes)


def _curvature(counts: Counts, theta: Floats, nodes: int) -> Floats:
    """Return the Hessian by fourth-order differences of the slope."""
    hessian = np.empty((5, 5))
    for i in range(5):
        h = np.zeros(5)
        h[i] = 1e-3 * max(1.0, abs(theta[i]))
        near = _slope(counts, theta + h, nodes) - _slope(counts, theta - h, nodes)
        far = _slope(counts, theta + 2 * h, nodes) - _slope(counts, theta - 2 * h, nodes)
        hessian[i] = (8 * near - far) / (12 * h[i])
    return 0.5 * (hessian + hessian.T)


def _climb(counts: Counts, theta: Floats, nodes: int, enough: float = 1e-15) -> tuple[Floats, float, bool]:
    """Newton's method, upwards whatever the curvature, until a step promises less than `enough` of the value."""
    value = float(_value(counts, theta, nodes).sum())
    last = np.inf
    for _ in range(STEPS):
        slope, hessian = _derivatives(counts, theta, nodes)
        values, vectors = np.linalg.eigh(-hessian)
        size = np.abs(values)
        size = np.maximum(size, 1e-9 * max(float(size.max()), 1e-300))
        along = vectors.T @ slope
        gain = float((along**2 / size).sum())
        step = vectors @ (along / size)
        length = min(1.0, 1.5 / max(float(np.abs(step).max()), 1e-300))
        if gain <= 1e-7:  # too near the top to tell by height: trust Newton as long as it gets nearer
            if gain > 0.5 * last:
                return theta, value, gain <= 1e-10
            theta, last = theta + length * step, gain
            value = float(_value(counts, theta, nodes).sum())
        else:
            while length > 1e-10:
                new = theta + length * step
                there = float(_value(counts, new, nodes).sum())
                if there >= value + 1e-4 * length * gain:
                    break
                length *= 0.5
            else:
                return theta, value, False
            theta, value = new, there
        if gain <= enough * (1.0 + abs(value)):
            return theta, value, True
    return theta, value, False
