"""Bivariate normal model of logits: y_i ~ N(mu, diag(v_i) + Psi), fitted by maximum likelihood.

With W_i = (diag(v_i) + Psi)^-1, A = sum W_i, mu = A^-1 sum W_i y_i and r_i = y_i - mu the log-likelihood is

    ML    -k log(2 pi) - 1/2 sum log|W_i^-1| - 1/2 sum r_i' W_i r_i
    REML  the same, plus log(2 pi) - 1/2 log|A|

(the restricted likelihood as mada prints it: without the constant 1/2 log|X'X|, which is
log k here). With P = W - W X A^-1 X' W its derivatives in the directions D_a, D_b of Psi are

    slope      1/2 (y'P D_a P y - tr(S D_a)),                    S = W for ML and P for REML,
    curvature  1/2 tr(S D_a S D_b) - y'P D_a P D_b P y

(Harville DA. J Am Stat Assoc 1977;72:320-338). Newton's method works on the Cholesky factor of Psi, so that matrices on
the boundary (a variance of 0, a correlation of -1 or 1) are ordinary stationary points.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from metaan.pooling.kernel import Booleans, Floats

STEPS = 200
LOG_2PI = math.log(2.0 * math.pi)
_AT_ONCE = 1 << 15  #: studies times syntheses worked on at once
_BASIS = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])


class Logits(NamedTuple):
    """Two outcomes of each study, for a batch of n syntheses."""

    y: Floats  #: shape (n, k, 2)
    v: Floats  #: sampling variances, shape (n, k, 2)
    takes: Booleans  #: True where a study takes part, shape (n, k)

    def rows(self, which: Any) -> "Logits":
        """Return some syntheses."""
        return Logits(*(each[which] for each in self))


class Normal(NamedTuple):
    """Fits of a batch of n syntheses."""

    mean: Floats  #: shape (n, 2)
    covariance: Floats  #: of the mean, shape (n, 2, 2)
    psi: Floats  #: covariance matrix between studies, shape (n, 2, 2)
    log_likelihood: Floats  #: shape (n,)
    converged: Booleans  #: shape (n,)


class _At(NamedTuple):
    """Generalised least squares at one Psi a synthesis."""

    w: Floats  #: shape (n, k, 2, 2), 0 where a study takes no part
    mean: Floats
    covariance: Floats
    weighted: Floats  #: W r, shape (n, k, 2)
    value: Floats  #: log-likelihood, shape (n,)


def fit(logits: Logits, method: str) -> Normal:
    """Fit by ``"REML"``, ``"ML"`` or without variation between studies (``"fixed"``).

    Syntheses with one study are fitted without variation between studies.
    """
    n, k, _ = logits.y.shape
    step = max(1, _AT_ONCE // max(1, 4 * k))
    parts = [_fit(logits.rows(np.arange(i, min(i + step, n))), method) for i in range(0, n, step)]
    return parts[0] if len(parts) == 1 else Normal(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def at(logits: Logits, psi: Floats, reml: bool) -> Normal:
    """Return mean, covariance and log-likelihood at given matrices between studies, shape (n, 2, 2)."""
    found = _evaluate(logits, _factor(psi), reml)
    return Normal(found.mean, found.covariance, psi, found.value, np.ones(len(psi), dtype=bool))


def _fit(logits: Logits, method: str) -> Normal:
    n = len(logits.y)
    reml = method == "REML"
    centre, unit = _units(logits)
    scaled = Logits((logits.y - centre[:, None, :]) / unit[:, None, :], logits.v / unit[:, None, :] ** 2, logits.takes)
    theta, converged = np.zeros((n, 3)), np.ones(n, dtype=bool)
    several = np.flatnonzero(logits.takes.sum(axis=1) > 1)
    if method != "fixed" and several.size:
        theta[several], converged[several] = _maximise(scaled.rows(several), reml)
    found = _evaluate(scaled, theta, reml)
    spread = unit[:, :, None] * unit[:, None, :]
    count = logits.takes.sum(axis=1) - float(reml)
    value = found.value - count * np.log(unit).sum(axis=1)
    return Normal(centre + unit * found.mean, spread * found.covariance, spread * _matrix(theta), value, converged)


def _units(logits: Logits) -> tuple[Floats, Floats]:
    """Return a centre and a typical distance from it of each outcome, shape (n, 2)."""
    y, v = (np.where(logits.takes[:, :, None], each, np.nan) for each in (logits.y, logits.v))
    centre = np.nanmean(y, axis=1)
    return centre, np.sqrt(np.nanmedian(v, axis=1) + np.nanvar(y, axis=1))


def _matrix(theta: Floats) -> Floats:
    """Return Psi = L L' from the entries (1, 1), (2, 1), (2, 2) of L."""
    a, b, c = theta.T
    return np.stack([np.stack([a * a, a * b], -1), np.stack([a * b, b * b + c * c], -1)], -2)


def _factor(psi: Floats) -> Floats:
    a = np.sqrt(np.maximum(psi[:, 0, 0], 0.0))
    b = np.divide(psi[:, 0, 1], a, out=np.zeros_like(a), where=a > 0)
    return np.stack([a, b, np.sqrt(np.maximum(psi[:, 1, 1] - b * b, 0.0))], axis=1)


def _evaluate(logits: Logits, theta: Floats, reml: bool) -> _At:
    (y, v, takes), psi = logits, _matrix(theta)
    v1, v2 = v[..., 0], v[..., 1]
    p11, p12, p22 = psi[:, 0, 0, None], psi[:, 0, 1, None], psi[:, 1, 1, None]
    det = v1 * v2 + v1 * p22 + v2 * p11 + ((theta[:, 0] * theta[:, 2]) ** 2)[:, None]
    share = takes / det
    w = np.empty((*det.shape, 2, 2))
    w[..., 0, 0], w[..., 1, 1] = (v2 + p22) * share, (v1 + p11) * share
    w[..., 0, 1] = w[..., 1, 0] = -p12 * share
    total = w.sum(axis=1)
    log_total = np.linalg.slogdet(total)[1]
    covariance = np.linalg.inv(total)
    mean = np.einsum("nij,nkjl,nkl->ni", covariance, w, y)
    r = y - mean[:, None, :]
    weighted = np.einsum("nkij,nkj->nki", w, r)
    height = np.where(takes, np.log(det), 0.0).sum(axis=1) + np.einsum("nki,nki->n", r, weighted)
    value = -0.5 * height - takes.sum(axis=1) * LOG_2PI
    if reml:
        value = value + LOG_2PI - 0.5 * log_total
    return _At(w, mean, covariance, weighted, value)


def _derivatives(found: _At, theta: Floats, reml: bool) -> tuple[Floats, Floats]:
    """Return slope (n, 3) and curvature (n, 3, 3) in the entries of the Cholesky factor."""
    w, a, c = found.w, found.weighted, found.covariance
    wd = np.einsum("nkij,ajl->nkail", w, _BASIS)
    slope = np.einsum("nki,aij,nkj->na", a, _BASIS, a) - np.einsum("nkaii->na", wd)
    trace = np.einsum("nkaij,nkbji->nab", wd, wd)
    da = np.einsum("aij,nkj->nkai", _BASIS, a)
    wda = np.einsum("nkij,nkaj->nkai", w, da)
    sums = wda.sum(axis=1)
    middle = np.einsum("nkai,nkbi->nab", da, wda) - np.einsum("nai,nij,nbj->nab", sums, c, sums)
    if reml:
        wdw = np.einsum("nkaij,nkjl->nkail", wd, w)
        total = wdw.sum(axis=1)
        slope = slope + np.einsum("nij,naji->na", c, total)
        cross = np.einsum("nij,nkajl,nkbli->nab", c, wdw, np.swapaxes(wd, -1, -2), optimize=True)
        ct = np.einsum("nij,najl->nail", c, total)
        trace = trace - (cross + np.swapaxes(cross, 1, 2)) + np.einsum("naij,nbji->nab", ct, ct)
    slope, curvature = 0.5 * slope, 0.5 * trace - middle
    l11, l21, l22 = theta.T
    zero = np.zeros_like(l11)
    jacobian = np.stack(
        [np.stack([2 * l11, l21, zero], 1), np.stack([zero, l11, 2 * l21], 1), np.stack([zero, zero, 2 * l22], 1)], 1
    )
    bend = np.einsum("nia,nab,njb->nij", jacobian, curvature, jacobian)
    bend[:, 0, 0] += 2 * slope[:, 0]
    bend[:, 1, 1] += 2 * slope[:, 2]
    bend[:, 2, 2] += 2 * slope[:, 2]
    bend[:, 0, 1] += slope[:, 1]
    bend[:, 1, 0] += slope[:, 1]
    return np.einsum("nia,na->ni", jacobian, slope), bend


def _starts(logits: Logits) -> Floats:
    """Return starts of shape (n, s, 3): moment estimates of the variances, several correlations."""
    y, v, takes = logits
    kept = takes[:, :, None]
    k = takes.sum(axis=1)[:, None]
    mean = np.where(kept, y, 0.0).sum(axis=1) / k
    r = np.where(kept, y - mean[:, None, :], 0.0)
    spread = (r**2).sum(axis=1) / (k - 1)
    tau2 = np.maximum(spread - np.where(kept, v, 0.0).sum(axis=1) / k, 0.05 * spread + 0.01)
    product = (r[..., 0] * r[..., 1]).sum(axis=1) / (k[:, 0] - 1)
    rho = np.clip(product / np.sqrt(np.maximum(tau2.prod(axis=1), 1e-300)), -0.9, 0.9)
    choices = [(rho, 1.0), (0.0 * rho, 0.2), (0.0 * rho + 0.95, 0.5), (0.0 * rho - 0.95, 0.5)]
    tau = np.sqrt(tau2)
    starts = []
    for correlation, size in choices:
        s1, s2 = tau[:, 0] * math.sqrt(size), tau[:, 1] * math.sqrt(size)
        starts.append(np.stack([s1, s2 * correlation, s2 * np.sqrt(1 - correlation**2)], axis=1))
    return np.stack(starts, axis=1)


def _maximise(logits: Logits, reml: bool) -> tuple[Floats, Booleans]:
    """Return the Cholesky factors (n, 3) of the highest maxima reached."""
    starts = _starts(logits)
    n, s, _ = starts.shape
    every = np.repeat(np.arange(n), s)
    theta, value, settled = _climb(logits.rows(every), starts.reshape(-1, 3), reml)
    value, settled = value.reshape(n, s), settled.reshape(n, s)
    near = value >= value.max(axis=1, keepdims=True) - 1e-9 * (1.0 + np.abs(value).max(axis=1, keepdims=True))
    best = np.argmax(np.where(near, 1.0 + settled, 0.0), axis=1)
    rows = np.arange(n)
    return theta.reshape(n, s, 3)[rows, best], settled[rows, best]


def _climb(logits: Logits, theta: Floats, reml: bool) -> tuple[Floats, Floats, Booleans]:
    """Newton's method, every synthesis at its own pace."""
    theta = theta.copy()
    settled = np.zeros(len(theta), dtype=bool)
    value = np.empty(len(theta))
    live = np.arange(len(theta))
    rows = logits
    found = _evaluate(rows, theta, reml)
    value[:] = found.value
    for _ in range(STEPS):
        step, gain = _newton(*_derivatives(found, theta[live], reml))
        last = gain <= 1e-16 * (1.0 + np.abs(found.value))
        new, there, moved = _search(rows, theta[live], found, step, gain, reml)
        theta[live], value[live] = new, there.value
        settled[live[last]] = True
        stuck = ~moved & ~last
        settled[live[stuck]] = gain[stuck] <= 1e-11 * (1.0 + np.abs(found.value[stuck]))
        going = ~(last | stuck)
        if not going.any():
            break
        live, rows = live[going], rows.rows(going)
        found = _At(*(each[going] for each in there))
    return theta, value, settled


def _newton(slope: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """Return upward steps (n, 3) and the gain that a quadratic form promises, twice."""
    values, vectors = np.linalg.eigh(-curvature)
    size = np.abs(values)
    size = np.maximum(size, 1e-10 * np.maximum(size.max(axis=1, keepdims=True), 1e-300))
    along = np.einsum("nij,ni->nj", vectors, slope)
    return np.einsum("nij,nj->ni", vectors, along / size), (along**2 / size).sum(axis=1)


def _search(
    rows: Logits, theta: Floats, found: _At, step: Floats, gain: Floats, reml: bool
) -> tuple[Floats, _At, Booleans]:
    """Halve steps until the likelihood rises; near the top trust Newton within rounding."""
    limit = 2.0 * (1.0 + np.abs(theta).max(axis=1))
    length = np.minimum(1.0, limit / np.maximum(np.abs(step).max(axis=1), 1e-300))
    slack = 4e-14 * (1.0 + np.abs(found.value))
    new, parts = theta.copy(), [each.copy() for each in found]
    open_ = np.arange(len(theta))
    moved = np.zeros(len(theta), dtype=bool)
    for _ in range(40):
        trial = theta[open_] + length[open_, None] * step[open_]
        there = _evaluate(rows.rows(open_), trial, reml)
        rises = there.value >= found.value[open_] + 1e-4 * length[open_] * gain[open_]
        good = rises | ((gain[open_] <= 1e-9) & (there.value >= found.value[open_] - slack[open_]))
        which = open_[good]
        new[which], moved[which] = trial[good], True
        for kept, fresh in zip(parts, there, strict=True):
            kept[which] = fresh[good]
        open_ = open_[~good]
        if not open_.size:
            break
        length[open_] *= 0.5
    return new, _At(*parts), moved
