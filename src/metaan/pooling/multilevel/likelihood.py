"""Likelihood of the multilevel model y = X b + Z u + e and its maximum.

With M the covariance matrix of y (known sampling part V plus the random effects), W = M^-1 and r the residuals about
the generalised least squares fit, the log-likelihood is

    ML    -k/2 log(2 pi) - 1/2 log|M| - 1/2 r'W r
    REML  -(k - p)/2 log(2 pi) + 1/2 log|X'X| - 1/2 log|M| - 1/2 log|X'W X| - 1/2 r'W r

and its slope in the direction D of M is 1/2 (a'D a - tr(S D)), a = W r, where S is W for ML and
W - W X (X'W X)^-1 X'W for REML (Harville DA. J Am Stat Assoc 1977;72:320-338).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.multilevel.blocks import Blocks, Factor, factorise
from metaan.pooling.multilevel.terms import Pattern, Term, start_values

STEPS = 100
SETTLED = 1e-9  #: relative step at which Newton's last step is taken without further checks
LOG_2PI = math.log(2.0 * math.pi)


class Problem(NamedTuple):
    """One model and its data, in units in which a typical sampling variance is 1."""

    y: Floats  #: shape (k,)
    x: Floats  #: shape (k, p), orthonormal columns
    v: Floats  #: flat blocks of the sampling covariance matrix
    blocks: Blocks
    terms: tuple[Term, ...]
    patterns: tuple[Pattern, ...]
    reml: bool

    def covariance(self, t: Floats) -> Floats:
        """Return the flat blocks of M."""
        m = self.v.copy()
        for term, pattern, part in zip(self.terms, self.patterns, self.split(t), strict=True):
            m[pattern.entry] += term.structure.matrix(part, term.n).ravel()[pattern.code]
        return m

    def split(self, t: Floats) -> list[Floats]:
        """Return the parameters of each term."""
        ends = np.cumsum([len(term.structure.low(term.n)) for term in self.terms])
        return np.split(t, ends[:-1])

    def bounds(self) -> tuple[Floats, Floats]:
        """Return the bounds of the parameters."""
        low = [value for term in self.terms for value in term.structure.low(term.n)]
        high = [value for term in self.terms for value in term.structure.high(term.n)]
        return np.array(low), np.array(high)

    def powers(self) -> Floats:
        """Return the power of the unit of y in each parameter."""
        return np.array([power for term in self.terms for power in term.structure.power(term.n)])


class Least(NamedTuple):
    """Generalised least squares at one covariance matrix."""

    factor: Factor
    beta: Floats  #: of the columns of x, shape (p,)
    root: Floats  #: R with X'W X = R'R
    residual: Floats  #: y - x beta
    weighted: Floats  #: W (y - x beta)
    q: float  #: residual sum of squares, r'W r


class At(NamedTuple):
    """Log-likelihood and what its slope needs."""

    value: float
    fit: Least


class Maximum(NamedTuple):
    """Where a likelihood has its maximum."""

    t: Floats
    value: float
    converged: bool


def least_squares(y: Floats, x: Floats, blocks: Blocks, m: Floats) -> Least | None:
    """Fit by generalised least squares; None where the covariance matrix is not positive definite."""
    factor = factorise(blocks, m)
    if factor is None:
        return None
    q, root = np.linalg.qr(factor.whiten(x))
    white = factor.whiten(y[:, None])[:, 0]
    beta = np.linalg.solve(root, q.T @ white)
    residual = y - x @ beta
    weighted = factor.solve(residual[:, None])[:, 0]
    white = factor.whiten(residual[:, None])[:, 0]
    return Least(factor, beta, root, residual, weighted, float(white @ white))


def log_likelihood(fit: Least, reml: bool) -> float:
    """Return the log-likelihood at a generalised least squares fit on orthonormal columns, for which log|X'X| = 0."""
    k, p = fit.residual.size, fit.beta.size
    value = -0.5 * (k * LOG_2PI + fit.factor.logdet + fit.q)
    if reml:
        value += 0.5 * p * LOG_2PI - float(np.log(np.abs(np.diag(fit.root))).sum())
    return value


def evaluate(problem: Problem, t: Floats) -> At | None:
    """Return the log-likelihood; None where M is not positive definite."""
    fit = least_squares(problem.y, problem.x, problem.blocks, problem.covariance(t))
    return None if fit is None else At(log_likelihood(fit, problem.reml), fit)


def slope(problem: Problem, t: Floats, at: At) -> Floats:
    """Return the derivative of the log-likelihood with respect to the parameters."""
    a = at.fit.weighted
    u = np.linalg.solve(at.fit.root.T, at.fit.factor.solve(problem.x).T).T
    flat = np.empty(problem.blocks.size)
    views, inverses = problem.blocks.views(flat), at.fit.factor.inverse()
    sides = problem.blocks.take(np.column_stack([a, u]) if problem.reml else a[:, None])
    for view, w, side in zip(views, inverses, sides, strict=True):
        np.subtract(side @ np.swapaxes(side, 1, 2), w, out=view)
    slopes = []
    for term, pattern, part in zip(problem.terms, problem.patterns, problem.split(t), strict=True):
        sums = np.bincount(pattern.code, weights=flat[pattern.entry], minlength=term.n**2)
        d = np.asarray(sums, dtype=np.float64).reshape(term.n, term.n)
        slopes.append(term.structure.pull(part, term.n, 0.25 * (d + d.T)))
    return np.concatenate(slopes)


def maximise(problem: Problem, starts: Sequence[Floats], fixed: Booleans | None = None) -> Maximum:
    """Return the highest of the maxima reached from several starts; -inf where M is positive definite at none."""
    found = [_climb(problem, start, fixed) for start in starts]
    return max(found, key=lambda each: each.value)


def promising(problem: Problem) -> list[Floats]:
    """Return starts spread over sizes, shares and correlations: the most likely of each family, the best first."""
    n = len(problem.terms)
    every = np.arange(problem.blocks.k)
    sampling = problem.v[problem.blocks.flat(every, every)]
    excess = problem.y**2 - sampling  # its mean is a moment estimate of the variance of true effects
    total = max(float(excess.mean()), 0.1)
    shares = [np.full(n, 1.0 / n)]
    if n > 1:
        shares += [np.where(every[:n] == main, 0.9, 0.1 / (n - 1)) for main in range(n)]
    equal = [np.ones(term.n) for term in problem.terms]
    shapes = [equal]
    if any(term.n > 1 for term in problem.terms):
        unequal = []
        for term in problem.terms:
            own = np.bincount(term.inner, excess, term.n) / np.bincount(term.inner, minlength=term.n)
            unequal.append(np.maximum(own / total, 0.05))
        shapes.append(unequal)
    correlated = any(len(term.structure.power(term.n)) > 1 and term.structure.label != "DIAG" for term in problem.terms)
    correlations = (-0.4, 0.0, 0.5, 0.95) if correlated else (0.0,)
    sizes = (0.01, 0.05, 0.2, 0.5, 1.0, 2.5) if n == 1 else (0.05, 0.4, 1.0, 2.5)
    families: list[list[tuple[float, int, Floats]]] = []
    count = 0
    for rho in correlations:
        for shape in shapes:
            for share in shares:
                family = []
                for size in sizes:
                    variances = [size * total * part * each for part, each in zip(share, shape, strict=True)]
                    start = start_values(problem.terms, variances, rho)
                    at = evaluate(problem, start)
                    count += 1
                    family.append((-math.inf if at is None else at.value, -count, start))
                families.append(sorted(family, key=lambda each: each[:2], reverse=True))
    chosen = families[0] if len(families) == 1 else [family[0] for family in families]
    chosen.sort(key=lambda each: each[:2], reverse=True)
    return [start for _, _, start in chosen[: 3 if n == 1 and not correlated else 4]]


def _climb(problem: Problem, start: Floats, fixed: Booleans | None) -> Maximum:
    """Newton's method in a box, the Hessian from differences of the exact slope."""
    low, high = problem.bounds()
    held = np.zeros(start.size, dtype=bool) if fixed is None else fixed
    t = np.where(held, start, np.clip(start, low, high))
    at = evaluate(problem, t)
    if at is None:
        return Maximum(t, -math.inf, False)
    g = slope(problem, t, at)
    for _ in range(STEPS):
        free = ~held & ~((t <= low) & (g <= 0)) & ~((t >= high) & (g >= 0))
        if not free.any():
            return Maximum(t, at.value, True)
        size = np.abs(t) + 1e-3
        step = _newton(problem, t, g, np.flatnonzero(free), low, high)
        new = np.clip(t + step, low, high)
        relative = float(np.max(np.abs(new - t) / size))
        if relative <= SETTLED:
            last = evaluate(problem, new)
            return Maximum(t, at.value, True) if last is None else Maximum(new, last.value, True)
        better = _search(problem, t, at.value, g, step, low, high)
        if better is None:
            steepest = np.where(free, g * size**2, 0.0)
            steepest *= 0.1 / max(float(np.max(np.abs(steepest) / size)), 1e-300)
            better = _search(problem, t, at.value, g, steepest, low, high)
        if better is None:  # the likelihood is flat to its last digits here
            return Maximum(t, at.value, relative <= 1e-5)
        t, at = better
        g = slope(problem, t, at)
    return Maximum(t, at.value, False)


def _newton(problem: Problem, t: Floats, g: Floats, free: np.ndarray, low: Floats, high: Floats) -> Floats:
    """Return Newton's step for the free parameters, upwards whatever the curvature."""
    scale = np.abs(t[free]) + 0.1
    hessian = np.empty((free.size, free.size))
    for row, j in enumerate(free):
        h = 1e-6 * scale[row]
        there = t.copy()
        there[j] += h if t[j] + h <= high[j] else -h
        at = evaluate(problem, there)
        if at is None or there[j] < low[j]:
            there[j] = 2.0 * t[j] - there[j]
            at = evaluate(problem, there)
        if at is None:
            hessian[row] = np.where(free == j, -1.0 / scale[row] ** 2, 0.0)
            continue
        hessian[row] = (slope(problem, there, at) - g)[free] / (there[j] - t[j])
    scaled = 0.5 * (hessian + hessian.T) * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(-scaled)
    values = np.maximum(np.abs(values), 1e-9 * max(float(np.max(np.abs(values))), 1e-12))
    move = scale * (vectors @ ((vectors.T @ (scale * g[free])) / values))
    limit = 3.0 * (np.abs(t[free]) + 1.0)
    step = np.zeros_like(t)
    step[free] = move * min(1.0, float(np.min(limit / np.maximum(np.abs(move), 1e-300))))
    return step


def _search(
    problem: Problem, t: Floats, value: float, g: Floats, step: Floats, low: Floats, high: Floats
) -> tuple[Floats, At] | None:
    length = 1.0
    for _ in range(40):
        new = np.clip(t + length * step, low, high)
        gain = float(g @ (new - t))
        at = evaluate(problem, new) if (new != t).any() else None
        if at is not None and gain > 0 and at.value >= value + 1e-4 * gain:
            return new, at
        if at is not None and abs(gain) <= 1e-10 and abs(at.value - value) <= 1e-11 * (1.0 + abs(value)):
            return new, at  # too near the top to tell by height: trust Newton
        length *= 0.5
    return None
