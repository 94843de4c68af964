"""Likelihood of the Copas selection model with its derivatives, on a batch of points (gamma0, gamma1).

With u = gamma0 + gamma1 / s, lambda = phi(u) / Phi(u), c2 = lambda (u + lambda), a study that was selected has standard
error s where all studies like it have sigma = s / sqrt(1 - c2 rho^2) [1]_ [2]_. With T = tau2 + sigma^2, a = sigma rho
and r = y - mu, its log-likelihood is that of N(r; 0, T) plus log Phi(v) - log Phi(u), where
v = (u T + a r) / sqrt(T (T - a^2)).

References
----------
.. [1] Copas J, Shi JQ. Biostatistics 2000;1:247-262.
.. [2] Copas JB, Shi JQ. Stat Methods Med Res 2001;10:251-265.
"""

import math
from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.terms.special import special

_CERTAIN = 40.0  #: u at which selection is certain to double precision
_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)


class Selected(NamedTuple):
    """Studies as seen from each point (gamma0, gamma1)."""

    y: Floats  #: shape (k,)
    se: Floats  #: shape (k,)
    x: Floats  #: design, shape (k, p)
    u: Floats  #: shape (n, k)
    c2: Floats  #: share of variance that full correlation would hide, shape (n, k)
    log_seen: Floats  #: logarithm of the probability of selection, shape (n, k)

    def take(self, rows: np.ndarray) -> "Selected":
        """Return some of the points."""
        return self._replace(u=self.u[rows], c2=self.c2[rows], log_seen=self.log_seen[rows])


def select(y: Floats, se: Floats, x: Floats, gamma0: Floats, gamma1: Floats) -> Selected:
    """Prepare the studies for points of shape (n,)."""
    u = np.minimum(gamma0[:, None] + gamma1[:, None] / se, _CERTAIN)
    log_seen = special.log_ndtr(u)
    ratio = np.exp(-0.5 * u * u - _LOG_ROOT - log_seen)
    return Selected(y, se, x, u, np.clip(ratio * (u + ratio), 0.0, 1.0), log_seen)


def log_likelihood(data: Selected, theta: Floats, order: int = 2) -> tuple[Floats, Floats, Floats]:
    """Return value, gradient and Hessian by (beta, tau2, rho); `theta` has shape (n, p + 2)."""
    p = data.x.shape[1]
    n, q = theta.shape
    beta, tau2, rho = theta[:, :p], theta[:, p, None], theta[:, p + 1, None]
    u, s, left = data.u, data.se, 1.0 - data.c2 * rho * rho
    r = data.y - beta @ data.x.T
    total, a = tau2 + s * s / left, s * rho / np.sqrt(left)
    top, below = u * total + a * r, total * (total - a * a)
    root = 1.0 / np.sqrt(below)
    v = top * root
    log_phi = special.log_ndtr(v)
    value = (-_LOG_ROOT - 0.5 * np.log(total) - 0.5 * r * r / total + log_phi - data.log_seen).sum(axis=1)
    first, second = np.zeros((n, q)), np.zeros((n, q, q))
    if order == 0:
        return value, first, second

    # by (T, a, r), then by the parameters they are functions of
    h = np.exp(-0.5 * v * v - _LOG_ROOT - log_phi)
    bent = -h * (v + h)
    zero, one = np.zeros_like(v), np.ones_like(v)
    top1 = (u, r, a * one)
    top2 = ((zero, zero, zero), (zero, zero, one), (zero, one, zero))
    below1 = (2.0 * total - a * a, -2.0 * a * total, zero)
    below2 = ((2.0 * one, -2.0 * a, zero), (-2.0 * a, -2.0 * total, zero), (zero, zero, zero))
    v1 = [root * (top1[i] - 0.5 * top * below1[i] / below) for i in range(3)]
    plain1 = (0.5 * (r * r / total - 1.0) / total, zero, -r / total)
    plain2 = {
        (0, 0): 0.5 / total**2 - r * r / total**3,
        (0, 2): r / total**2,
        (2, 2): -1.0 / total,
    }
    f1 = [plain1[i] + h * v1[i] for i in range(3)]
    f2 = np.empty((3, 3, *v.shape))
    for i in range(3):
        for j in range(i, 3):
            mixed = top1[i] * below1[j] + top1[j] * below1[i] + top * below2[i][j]
            v2 = root * (top2[i][j] - 0.5 * mixed / below + 0.75 * top * below1[i] * below1[j] / below**2)
            f2[i, j] = f2[j, i] = plain2.get((i, j), zero) + bent * v1[i] * v1[j] + h * v2

    t_rho = 2.0 * s * s * data.c2 * rho / left**2
    t_rho2 = 2.0 * s * s * data.c2 / left**2 + 8.0 * (s * data.c2 * rho) ** 2 / left**3
    a_rho, a_rho2 = s * left**-1.5, 3.0 * s * data.c2 * rho * left**-2.5
    first[:, :p] = -f1[2] @ data.x
    first[:, p] = f1[0].sum(axis=1)
    first[:, p + 1] = (f1[0] * t_rho + f1[1] * a_rho).sum(axis=1)
    second[:, :p, :p] = np.einsum("nk,kp,kr->npr", f2[2, 2], data.x, data.x)
    second[:, :p, p] = second[:, p, :p] = -f2[0, 2] @ data.x
    cross = -(f2[0, 2] * t_rho + f2[1, 2] * a_rho) @ data.x
    second[:, :p, p + 1] = second[:, p + 1, :p] = cross
    second[:, p, p] = f2[0, 0].sum(axis=1)
    second[:, p, p + 1] = second[:, p + 1, p] = (f2[0, 0] * t_rho + f2[0, 1] * a_rho).sum(axis=1)
    by_rho = f2[0, 0] * t_rho**2 + 2.0 * f2[0, 1] * t_rho * a_rho + f2[1, 1] * a_rho**2
    second[:, p + 1, p + 1] = (by_rho + f1[0] * t_rho2 + f1[1] * a_rho2).sum(axis=1)
    return value, first, second
