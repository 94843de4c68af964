"""Likelihood of generalised linear mixed models of studies: adaptive quadrature, and Newton's method on it.

A study gives one or two parts (groups), each with a linear predictor

    offset + sum_f x_f beta_f + own a_i + sum_r c_r sigma_r z_ir,    z_ir standard normal,

where beta and sigma are shared by all studies and a_i is the study's own. Predictors are linear in all parameters, also
in sigma, so that derivatives of the integral are posterior moments of those of the integrand.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from metaan.pooling.glmm.families import Family
from metaan.pooling.kernel import Booleans, Floats

ITERATIONS = 200
EXACT = 20  #: from this number of nodes on, derivatives are taken under the integral
_GUIDE = 10  #: nodes with which the neighbourhood of the maximum of a coarse quadrature is found
GAIN = 1e-13  #: a step that promises less, relative to the log-likelihood, is the last
_AT_ONCE = 1 << 20  #: numbers worked on at once
_STENCIL = 0.03  #: step of differences, in units of a parameter's curvature


class Part(NamedTuple):
    """One group of every study."""

    family: Family
    offset: Floats  #: shape (k,)
    fixed: tuple[float, ...]  #: x, one item a shared coefficient
    random: tuple[float, ...]  #: c, one item a random effect
    own: float = 0.0  #: coefficient of the study's own parameter


class Model(NamedTuple):
    """Parts of one model; parameters stand in the order beta, sigma."""

    parts: tuple[Part, ...]
    nodes: int  #: of the quadrature, in each random effect; 1 is Laplace's approximation

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.parts[0].offset)

    @property
    def n_fixed(self) -> int:
        """Number of shared coefficients."""
        return len(self.parts[0].fixed)

    @property
    def n_random(self) -> int:
        """Number of random effects."""
        return len(self.parts[0].random)

    @property
    def owned(self) -> bool:
        """Whether studies have parameters of their own."""
        return any(part.own != 0.0 for part in self.parts)


class Terms(NamedTuple):
    """Log-likelihood of each study with derivatives in beta, sigma and, last, the study's own parameter."""

    height: Floats  #: shape (k,)
    slope: Floats  #: shape (k, p)
    curvature: Floats  #: shape (k, p, p)


class Fit(NamedTuple):
    """Maximum of a likelihood."""

    shared: Floats  #: beta, sigma; sigma not negative
    own: Floats  #: shape (k,)
    log_likelihood: float
    information: Floats  #: observed, of beta and sigma, the studies' own parameters eliminated
    terms: Terms
    converged: bool
    nodes: int


def modes(model: Model, shared: Floats, own: Floats) -> Floats:
    """Most likely standardised random effects of each study, shape (k, r)."""
    return _modes(model, shared, own, slice(0, model.k))


def heights(model: Model, shared: Floats, own: Floats, near: Floats | None = None) -> Floats:
    """Log-likelihood of each study, shape (k,); `near` is where the modes are sought first."""
    return np.concatenate([_terms(model, shared, own, rows, False, near).height for rows in _slices(model)])


def terms(model: Model, shared: Floats, own: Floats) -> Terms:
    """Log-likelihood of each study and its derivatives, as posterior moments of those of the integrand [1]_.

    References
    ----------
    .. [1] Louis TA. J R Stat Soc B 1982;44:226-233.
    """
    found = [_terms(model, shared, own, rows, True) for rows in _slices(model)]
    return Terms(*(np.concatenate(column) for column in zip(*found, strict=True)))


def maximise(
    model: Model, starts: Sequence[Floats], own: Floats | None = None, free: Sequence[bool] | None = None
) -> Fit:
    """Maximise the likelihood: Newton's method with the observed information, made positive where it is not.

    Parameters
    ----------
    model : Model
    starts : sequence of ndarray, shape (p,)
        Starts of beta and sigma; the highest of the maxima that are reached counts.
    own : ndarray, shape (k,), optional
        Start of the studies' own parameters.
    free : sequence of bool, shape (p,), optional
        False holds a shared parameter at its start.
    """
    first = np.zeros(model.k) if own is None else np.asarray(own, dtype=float)
    moving = np.ones(len(starts[0]), dtype=bool) if free is None else np.asarray(free, dtype=bool)
    coarse = model.n_random > 0 and model.nodes < EXACT
    guide = model._replace(nodes=_GUIDE) if coarse else model
    tops = [_climb(guide, np.array(start, dtype=float), first.copy(), moving) for start in starts]
    theta, a, at, converged = max(tops, key=lambda top: (round(float(top[2].height.sum()), 9), top[3]))
    theta[model.n_fixed :] = np.abs(theta[model.n_fixed :])
    if coarse:
        theta, a, at, settled = _refine(model, theta, a, at, moving)
        converged = converged and settled
    else:
        at = terms(model, theta, a)
    return Fit(theta, a, float(at.height.sum()), reduced(model, at)[1], at, converged, model.nodes)


def _climb(model: Model, theta: Floats, a: Floats, moving: Booleans) -> tuple[Floats, Floats, Terms, bool]:
    at = terms(model, theta, a)
    for _ in range(ITERATIONS):
        step, own_step, gain = _newton(model, at, moving)
        total = at.height.sum()
        small = gain <= GAIN * max(1.0, abs(total))
        slack = 1e-12 * max(1.0, abs(total)) if small else 0.0
        length = 1.0
        while length > 1e-8:
            new, new_own = theta + length * step, a + length * own_step
            trial = terms(model, new, new_own)
            if trial.height.sum() >= total - slack:
                theta, a, at = new, new_own, trial
                break
            length *= 0.5
        if small or length <= 1e-8:
            return theta, a, at, bool(gain <= 1e4 * GAIN * max(1.0, abs(total)))
    return theta, a, at, False


def _refine(
    model: Model, theta: Floats, a: Floats, near: Terms, moving: Booleans
) -> tuple[Floats, Floats, Terms, bool]:
    """Go from the exact maximum to that of a coarse quadrature: its slopes, the exact curvature."""
    steps, settled, last = _steps(model, near), False, np.inf
    for _ in range(ITERATIONS):
        centre, slope, _ = _slopes(model, theta, a, steps)
        step, own_step, gain = _newton(model, Terms(centre, slope, near.curvature), moving)
        if gain <= GAIN * max(1.0, abs(float(centre.sum()))) or gain > 0.5 * last:  # the latter: rounding is reached
            settled = gain <= 1e-9
            break
        theta, a, last = theta + step, a + own_step, gain
    theta[model.n_fixed :] = np.abs(theta[model.n_fixed :])
    return theta, a, _differences(model, theta, a, steps), settled


def reduced(model: Model, at: Terms) -> tuple[Floats, Floats]:
    """Slope and observed information of beta and sigma, the studies' own parameters eliminated."""
    p = model.n_fixed + model.n_random
    slope, information = at.slope[:, :p].sum(axis=0), -at.curvature[:, :p, :p].sum(axis=0)
    if not model.owned:
        return slope, information
    cross, own = at.curvature[:, :p, p], -at.curvature[:, p, p]
    share = np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)
    slope = slope + np.einsum("kp,k,k->p", cross, share, at.slope[:, p])
    return slope, information - np.einsum("kp,k,kq->pq", cross, share, cross)


def _newton(model: Model, at: Terms, moving: Booleans) -> tuple[Floats, Floats, float]:
    """Step of the shared and of the own parameters, and the gain that a quadratic form promises, twice."""
    p = model.n_fixed + model.n_random
    slope, information = reduced(model, at)
    step = np.zeros(p)
    gain = 0.0
    if moving.any():
        values, vectors = np.linalg.eigh(information[np.ix_(moving, moving)])
        floor = 1e-10 * max(np.abs(values).max(initial=0.0), 1e-300)
        values = np.maximum(np.abs(values), floor)
        along = vectors.T @ slope[moving]
        part = vectors @ (along / values)
        gain = float(np.sum(along**2 / values))
        largest = np.abs(part).max(initial=0.0)
        step[moving] = part * min(1.0, 2.0 / largest) if largest > 0 else part
    if not model.owned:
        return step, np.zeros(model.k), gain
    cross, own = at.curvature[:, :p, p], -at.curvature[:, p, p]
    share = np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)
    own_step = share * (at.slope[:, p] + cross @ step)
    return step, np.clip(own_step, -3.0, 3.0), gain + float(np.sum(share * at.slope[:, p] ** 2))


def _slices(model: Model) -> list[slice]:
    points = model.nodes**model.n_random * 8
    step = max(1, _AT_ONCE // points)
    return [slice(start, min(start + step, model.k)) for start in range(0, max(1, model.k), step)]


def _predictors(model: Model, part: Part, shared: Floats, own: Floats, rows: slice, z: Floats) -> Floats:
    """Predictors of shape (k, n) at standardised random effects `z` of shape (k, n, r)."""
    beta, sigma = shared[: model.n_fixed], shared[model.n_fixed :]
    level = part.offset[rows] + float(np.dot(part.fixed, beta)) + part.own * own[rows]
    return level[:, None] + z @ (np.array(part.random) * sigma)


def _modes(model: Model, shared: Floats, own: Floats, rows: slice, near: Floats | None = None) -> Floats:
    sigma = shared[model.n_fixed :]
    z = np.zeros((rows.stop - rows.start, model.n_random)) if near is None else near[rows]
    if not model.n_random:
        return z
    loads = [np.array(part.random) * sigma for part in model.parts]
    for _ in range(ITERATIONS):
        slope, curvature = -z, np.broadcast_to(np.eye(model.n_random), (len(z), model.n_random, model.n_random)).copy()
        for part, load in zip(model.parts, loads, strict=True):
            _, r, w = part.family(_predictors(model, part, shared, own, rows, z[:, None, :]), rows)
            slope = slope + r * load
            curvature += w[:, :, None] * np.outer(load, load)
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        size = np.max([np.abs(step @ load) for load in loads], axis=0)
        step *= np.minimum(1.0, 1.5 / np.maximum(size, 1e-300))[:, None]  # in the predictor: beyond, Newton may circle
        z = z + step
        if (np.abs(step) <= 1e-9).all():
            break
    return z


def _curvature(model: Model, shared: Floats, own: Floats, rows: slice, z: Floats) -> Floats:
    sigma = shared[model.n_fixed :]
    found = np.broadcast_to(np.eye(model.n_random), (len(z), model.n_random, model.n_random)).copy()
    for part in model.parts:
        load = np.array(part.random) * sigma
        _, _, w = part.family(_predictors(model, part, shared, own, rows, z[:, None, :]), rows)
        found += w[:, :, None] * np.outer(load, load)
    return found


@lru_cache(maxsize=32)
def _grid(nodes: int, r: int) -> tuple[Floats, Floats]:
    """Nodes (n, r) and logarithms of their weights times exp(x^2) (n,) of Gauss-Hermite quadrature."""
    x, w = np.polynomial.hermite.hermgauss(nodes)
    logs = np.log(w) + x**2
    if r == 1:
        return x[:, None], logs
    grid = np.stack(np.meshgrid(*[x] * r, indexing="ij"), axis=-1).reshape(-1, r)
    return grid, np.stack(np.meshgrid(*[logs] * r, indexing="ij"), axis=-1).reshape(-1, r).sum(axis=1)


def _terms(
    model: Model, shared: Floats, own: Floats, rows: slice, derivatives: bool, near: Floats | None = None
) -> Terms:
    k, r, f = rows.stop - rows.start, model.n_random, model.n_fixed
    if r:
        centre = _modes(model, shared, own, rows, near)
        root = np.linalg.cholesky(np.linalg.inv(_curvature(model, shared, own, rows, centre)))
        x, logs = _grid(model.nodes, r)
        z = centre[:, None, :] + np.sqrt(2.0) * np.einsum("krs,ns->knr", root, x)
        diagonal = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        joint = logs + diagonal[:, None] - 0.5 * np.einsum("knr,knr->kn", z, z) - 0.5 * r * np.log(np.pi)
    else:
        z, joint = np.zeros((k, 1, 0)), np.zeros((k, 1))
    evaluated = []
    for part in model.parts:
        height, slope, curvature = part.family(_predictors(model, part, shared, own, rows, z), rows)
        joint = joint + height
        evaluated.append((part, slope, curvature))
    top = joint.max(axis=1, keepdims=True)
    p = np.exp(joint - top)
    total = p.sum(axis=1, keepdims=True)
    height = (top + np.log(total))[:, 0]
    if not derivatives:
        return Terms(height, np.zeros((k, 0)), np.zeros((k, 0, 0)))
    p /= total
    size = f + r + model.owned
    score, second = np.zeros((*p.shape, size)), np.zeros((k, size, size))
    for part, slope, curvature in evaluated:
        design = np.empty((*p.shape, size))
        design[..., :f] = part.fixed
        design[..., f : f + r] = z * np.array(part.random)
        if model.owned:
            design[..., -1] = part.own
        score += slope[..., None] * design
        second -= np.einsum("kn,knp,knq->kpq", p * curvature, design, design, optimize=True)
    first = np.einsum("kn,knp->kp", p, score)
    score -= first[:, None, :]
    return Terms(height, first, second + np.einsum("kn,knp,knq->kpq", p, score, score, optimize=True))


_FIRST = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}  #: antisymmetric weights of a sixth-order first derivative
_SECOND = {0: -49 / 18, 1: 3 / 2, 2: -3 / 20, 3: 1 / 90}  #: symmetric weights of a sixth-order second derivative


def _steps(model: Model, guide: Terms) -> list[Floats]:
    """Steps of the differences: shared parameters by the curvature of the sum, own ones by that of their study."""
    p = model.n_fixed + model.n_random
    total = np.abs(np.einsum("kpp->p", guide.curvature))[:p]
    steps = [np.full(model.k, _STENCIL * s) for s in np.minimum(0.3, 4.0 / np.sqrt(np.maximum(total, 1e-12)))]
    if model.owned:
        steps.append(_STENCIL * np.minimum(1.0, 1.0 / np.sqrt(np.maximum(np.abs(guide.curvature[:, p, p]), 1e-12))))
    return steps


def _moved(
    model: Model, shared: Floats, own: Floats, near: Floats, steps: list[Floats], moves: dict[int, int]
) -> Floats:
    theta, a = shared.copy(), own
    for i, times in moves.items():
        if i < theta.size:
            theta[i] += times * steps[i][0]
        else:
            a = a + times * steps[i]
    return heights(model, theta, a, near)


def _slopes(
    model: Model, shared: Floats, own: Floats, steps: list[Floats]
) -> tuple[Floats, Floats, list[dict[int, Floats]]]:
    near = modes(model, shared, own)
    lines = [
        {j: _moved(model, shared, own, near, steps, {i: j}) for j in (-3, -2, -1, 1, 2, 3)} for i in range(len(steps))
    ]
    slope = [
        np.sum([w * (line[j] - line[-j]) for j, w in _FIRST.items()], axis=0) / step
        for line, step in zip(lines, steps, strict=True)
    ]
    return heights(model, shared, own, near), np.stack(slope, axis=1), lines


def _differences(model: Model, shared: Floats, own: Floats, steps: list[Floats]) -> Terms:
    """Derivatives of a coarse quadrature, whose nodes move the value: differences of sixth order."""
    centre, slope, lines = _slopes(model, shared, own, steps)
    near = modes(model, shared, own)
    size = len(steps)

    def bend(line: dict[int, Floats]) -> Floats:
        around = [_SECOND[j] * (line[j] + line[-j]) for j in (1, 2, 3)]
        return _SECOND[0] * centre + np.sum(around, axis=0)

    straight = [bend(line) for line in lines]
    curvature = np.zeros((model.k, size, size))
    for i in range(size):
        curvature[:, i, i] = straight[i] / steps[i] ** 2
        for j in range(i):
            across = {m: _moved(model, shared, own, near, steps, {i: m, j: m}) for m in (-3, -2, -1, 1, 2, 3)}
            mixed = 0.5 * (bend(across) - straight[i] - straight[j])
            curvature[:, i, j] = curvature[:, j, i] = mixed / (steps[i] * steps[j])
    return Terms(centre, slope, curvature)
