"""Likelihood of selection models with its first and second derivatives, on a batch of rows.

A study's density is ``w(p) N(y; mu, v + tau2) / A`` with ``A = integral of w(p(x)) N(x; mu, v + tau2) dx`` [1]_. As a
normal density obeys the heat equation, derivatives of A by tau2 are halves of derivatives by mu of twice the order; so
four derivatives by mu give everything. A is a sum over cells (`selection_weights.Cells`), kept as logarithms.

References
----------
.. [1] Hedges LV, Vevea JL. J Educ Behav Stat 1996;21:299-332.
"""

import math
from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.robustness.selection_weights import Cells, weight
from metaan.terms.special import special

_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)
_AT_ONCE = 1 << 16  #: numbers of one array worked on at once


class Data(NamedTuple):
    """Studies of a batch of rows, turned so that selection favours positive effects."""

    y: Floats  #: shape (n, k)
    v: Floats  #: shape (n, k), any positive number where left out
    on: Floats  #: 1, or 0 for a study left out, shape (n, k)
    x: Floats  #: design, shape (n, k, p)
    p: Floats  #: p-values of the studies, shape (n, k)
    kind: str
    steps: tuple[float, ...]
    two_sided: bool
    cells: Cells

    def take(self, rows: np.ndarray) -> "Data":
        """Return some of the rows."""
        return self._replace(y=self.y[rows], v=self.v[rows], on=self.on[rows], x=self.x[rows], p=self.p[rows])


class Value(NamedTuple):
    """Log-likelihood of each row, with derivatives by (beta, tau2, eta)."""

    log: Floats  #: shape (n,)
    first: Floats  #: shape (n, q)
    second: Floats  #: shape (n, q, q)


def log_likelihood(data: Data, beta: Floats, tau2: Floats, eta: Floats, order: int = 2) -> Value:
    """Evaluate the log-likelihood of each row at parameters of its own.

    Parameters
    ----------
    data : Data
    beta : ndarray, shape (n, p)
    tau2 : ndarray, shape (n,)
    eta : ndarray, shape (n, m)
        Selection parameters on the scale of `selection_weights`.
    order : {0, 2}
        0: no derivatives (arrays of zeros).
    """
    n, k = data.y.shape
    piece = max(1, _AT_ONCE // (k * len(data.cells.p)))
    parts = [
        _piece(
            data.take(np.arange(i, min(i + piece, n))),
            beta[i : i + piece],
            tau2[i : i + piece],
            eta[i : i + piece],
            order,
        )
        for i in range(0, n, piece)
    ]
    return Value(*(np.concatenate([part[j] for part in parts]) for j in range(3)))


def _piece(data: Data, beta: Floats, tau2: Floats, eta: Floats, order: int) -> Value:
    p, m = beta.shape[1], eta.shape[1]
    mu = np.einsum("nkp,np->nk", data.x, beta)
    total = data.v + tau2[:, None]
    r = data.y - mu
    own = weight(data.kind, eta, data.p, data.steps)
    cell = weight(data.kind, eta, data.cells.p, data.steps)
    masses, top = _masses(data, mu, np.sqrt(total), cell.log, order)
    a = masses[0].sum(axis=-1)
    normal = -_LOG_ROOT - 0.5 * np.log(total) - 0.5 * r * r / total
    seen = np.where(data.on > 0, own.log, 0.0)
    value = (data.on * (normal + seen - top - np.log(a))).sum(axis=-1)
    q = p + 1 + m
    first, second = np.zeros((len(mu), q)), np.zeros((len(mu), q, q))
    if order == 0:
        return Value(value, first, second)

    # cell by cell, the weight's relative derivatives: 1, by eta, and by eta twice
    by = np.concatenate([np.ones((*cell.log.shape, 1)), cell.first], axis=-1)
    outer = cell.first[..., :, None] * cell.first[..., None, :] + cell.second
    twice = outer.reshape(*cell.log.shape, m * m)
    s0 = masses[0] @ np.concatenate([by, twice], axis=-1) / a[..., None]
    b0, c0 = s0[..., 1 : m + 1], s0[..., m + 1 :].reshape(*a.shape, m, m)
    s1, s2 = (part @ by / a[..., None] for part in masses[1:3])
    a1, a2, b1, b2 = s1[..., 0], s2[..., 0], s1[..., 1:], s2[..., 1:]
    a3, a4 = (part.sum(axis=-1) / a for part in masses[3:])

    by_mu = data.on * (r / total - a1)
    by_tau2 = data.on * (0.5 * (r * r / total - 1.0) / total - 0.5 * a2)
    by_eta = data.on[..., None] * (own.first - b0)
    mu_mu = data.on * (-1.0 / total - (a2 - a1 * a1))
    mu_tau2 = data.on * (-r / total**2 - 0.5 * (a3 - a1 * a2))
    tau2_tau2 = data.on * (0.5 / total**2 - r * r / total**3 - 0.25 * (a4 - a2 * a2))
    mu_eta = -data.on[..., None] * (b1 - a1[..., None] * b0)
    tau2_eta = -0.5 * data.on[..., None] * (b2 - a2[..., None] * b0)
    eta_eta = data.on[..., None, None] * (own.second - c0 + b0[..., :, None] * b0[..., None, :])

    first[:, :p] = np.einsum("nk,nkp->np", by_mu, data.x)
    first[:, p] = by_tau2.sum(axis=1)
    first[:, p + 1 :] = by_eta.sum(axis=1)
    second[:, :p, :p] = np.einsum("nk,nkp,nkr->npr", mu_mu, data.x, data.x)
    second[:, :p, p] = second[:, p, :p] = np.einsum("nk,nkp->np", mu_tau2, data.x)
    second[:, p, p] = tau2_tau2.sum(axis=1)
    cross = np.einsum("nkm,nkp->npm", mu_eta, data.x)
    second[:, :p, p + 1 :], second[:, p + 1 :, :p] = cross, cross.transpose(0, 2, 1)
    second[:, p, p + 1 :] = second[:, p + 1 :, p] = tau2_eta.sum(axis=1)
    second[:, p + 1 :, p + 1 :] = eta_eta.sum(axis=1)
    return Value(value, first, second)


def _masses(data: Data, mu: Floats, sd: Floats, log_w: Floats, order: int) -> tuple[list[Floats], Floats]:
    """Return ``w times mass`` of each cell and its derivatives by mu, each over exp(top); shapes (n, k, c), (n, k)."""
    cells, se = data.cells, np.sqrt(data.v)
    c = len(cells.low)
    low, high = (_standard(ends, se, mu, sd) for ends in (cells.low, cells.high))
    log = [_log_interval(low, high)]
    t = ((se[..., None] * cells.z) - mu[..., None]) / sd[..., None]
    if len(cells.z):
        log.append(np.log(cells.rule) + np.log(se / sd)[..., None] - _LOG_ROOT - 0.5 * t * t)
    logs = np.concatenate(log, axis=-1) + log_w[:, None, :]
    top = logs.max(axis=-1)
    mass = np.exp(logs - top[..., None])
    if order == 0:
        return [mass], top
    weights = log_w[:, None, :c] - top[..., None] - _LOG_ROOT
    at_low, at_high = np.exp(weights - 0.5 * low * low), np.exp(weights - 0.5 * high * high)
    low, high = (np.where(np.isinf(ends), 0.0, ends) for ends in (low, high))
    masses, points = [mass], mass[..., c:]
    scale = np.ones_like(sd)[..., None]
    previous, current = _hermite(low, high, t)
    for j in range(1, 5):
        scale = scale / sd[..., None]
        between = at_low * previous[0] - at_high * previous[1]
        masses.append(scale * np.concatenate([between, points * current[2]], axis=-1))
        after = tuple(x * now - j * before for x, now, before in zip((low, high, t), current, previous, strict=True))
        previous, current = current, after
    return masses, top


def _hermite(*arguments: Floats) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Return the first two Hermite polynomials, 1 and x."""
    return tuple(np.ones_like(x) for x in arguments), arguments


def _standard(ends: Floats, se: Floats, mu: Floats, sd: Floats) -> Floats:
    return (se[..., None] * ends - mu[..., None]) / sd[..., None]


def _log_interval(low: Floats, high: Floats) -> Floats:
    """Return the logarithm of the normal mass between two limits, accurate in both tails."""
    right = low > 0
    a, b = np.where(right, -high, low), np.where(right, -low, high)
    above = special.log_ndtr(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return above + np.log(-np.expm1(np.where(np.isneginf(a), -np.inf, special.log_ndtr(a)) - above))
