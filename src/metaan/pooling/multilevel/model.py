"""A multilevel model fitted to data: what results, diagnostics and robust variances are read from."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.multilevel.blocks import Blocks, Factor, Integers, arrange_blocks, connect, factorise
from metaan.pooling.multilevel.likelihood import (
    Least,
    Maximum,
    Problem,
    least_squares,
    log_likelihood,
    maximise,
    promising,
)
from metaan.pooling.multilevel.terms import Term, pattern
from metaan.terms.given import LARGEST, numbers, positions


class Sampling(NamedTuple):
    """Known sampling variances and covariances: the entries that are not zero."""

    diagonal: Floats  #: shape (k,)
    row: Integers
    column: Integers
    value: Floats  #: off the diagonal, both triangles

    def dense(self) -> Floats:
        """Return the matrix."""
        v = np.diag(self.diagonal)
        v[self.row, self.column] = self.value
        return v


class Model(NamedTuple):
    """Data, design and fitted parameters."""

    y: Floats  #: shape (k,)
    x: Floats  #: shape (k, p)
    names: tuple[str, ...]  #: length p
    sampling: Sampling
    terms: tuple[Term, ...]
    reml: bool
    blocks: Blocks
    parameters: Floats  #: of the terms' structures, in the unit of y
    converged: bool

    def random_part(self) -> list[Floats]:
        """Return the covariance matrix G of each term."""
        at = 0
        found = []
        for term in self.terms:
            count = len(term.structure.low(term.n))
            found.append(np.asarray(term.structure.matrix(self.parameters[at : at + count], term.n)))
            at += count
        return found

    def covariance(self) -> Floats:
        """Return the flat blocks of the marginal covariance matrix."""
        m = flat_sampling(self.sampling, self.blocks)
        for term, g in zip(self.terms, self.random_part(), strict=True):
            entry, code = pattern(term, self.blocks)
            m[entry] += g.ravel()[code]
        return m

    def least(self) -> "Fitted":
        """Return the generalised least squares fit at the fitted parameters."""
        return fitted(self.y, self.x, self.blocks, self.covariance())


class Fitted(NamedTuple):
    """Fixed effects at one covariance matrix, for the columns as given."""

    beta: Floats  #: shape (p,)
    vcov: Floats  #: (X'W X)^-1, shape (p, p)
    least: Least

    def log_likelihood(self, reml: bool) -> float:
        """Return the log-likelihood, restricted or not."""
        return log_likelihood(self.least, reml)


def read_effects(yi: ArrayLike) -> Floats:
    """Check effects; shape (k,).

    Raises
    ------
    ValueError
        None, not one-dimensional, or not finite; positions are named, counted from 0.
    """
    y = numbers("effects", yi)
    if y.ndim != 1 or not y.size:
        raise ValueError(f"effects must stand in one row of at least one; their shape is {y.shape}")
    _refuse(y, ~np.isfinite(y), "effects must be finite numbers")
    _refuse(y, ~(np.abs(y) <= LARGEST), "effects must be of a size up to 1e50")
    return y


def read_sampling(v: ArrayLike | Sequence[ArrayLike], k: int) -> Sampling:
    """Check sampling variances, a covariance matrix, or a list of its blocks in the order of the effects.

    Raises
    ------
    ValueError
        Shape that does not fit, variances that are not positive and finite, covariances that are not symmetric, or a
        pair of effects correlated by more than 1; positions are named, counted from 0.
    """
    if isinstance(v, (list, tuple)) and v and all(np.ndim(block) == 2 for block in v):
        return _from_blocks([numbers("variances", block) for block in v], k)
    given = numbers("variances", v)
    if given.shape == (k,):
        _variances(given)
        none = np.zeros(0, dtype=np.int64)
        return Sampling(given.copy(), none, none, np.zeros(0))
    if given.shape != (k, k):
        raise ValueError(f"v must hold {k} variances or a {k} x {k} covariance matrix; its shape is {given.shape}")
    return _from_blocks([given], k)


def _from_blocks(blocks: list[Floats], k: int) -> Sampling:
    sizes = [len(block) for block in blocks]
    if any(block.shape != (n, n) for block, n in zip(blocks, sizes, strict=True)) or sum(sizes) != k:
        raise ValueError(f"the blocks of v must be square and hold {k} effects in all; they hold {sum(sizes)}")
    diagonal = np.concatenate([np.diagonal(block) for block in blocks])
    _variances(diagonal)
    rows, columns, values = [], [], []
    at = 0
    for block, n in zip(blocks, sizes, strict=True):
        off = (block != 0) & ~np.eye(n, dtype=bool)
        i, j = np.nonzero(off)
        rows.append(i + at)
        columns.append(j + at)
        values.append(block[i, j])
        bound = np.sqrt(np.outer(np.diagonal(block), np.diagonal(block)))
        bad = ~(np.abs(block - block.T) <= 1e-8 * bound) | ~(np.abs(block) <= bound * (1 + 1e-8))
        if bad.any():
            i0, j0 = (int(p) for p in np.argwhere(bad)[0])
            raise ValueError(
                "v must be symmetric, finite, with no correlation beyond 1: at position "
                f"{(i0 + at, j0 + at)} ({block[i0, j0]:g}), opposite {block[j0, i0]:g}"
            )
        at += n
    return Sampling(diagonal, np.concatenate(rows), np.concatenate(columns), np.concatenate(values))


def _variances(diagonal: Floats) -> None:
    _refuse(diagonal, ~(np.isfinite(diagonal) & (diagonal > 0)), "variances must be positive, finite numbers")
    fine = (diagonal >= LARGEST**-2) & (diagonal <= LARGEST**2)
    _refuse(diagonal, ~fine, "variances must lie within 1e-100 to 1e100")


def _refuse(values: Floats, bad: Booleans, rule: str) -> None:
    if bad.any():
        raise ValueError(f"{rule}: at position {positions(values, bad)}")


def read_design(moderators: ArrayLike | None, names: Sequence[str] | None, k: int) -> tuple[Floats, tuple[str, ...]]:
    """Check the design matrix; a column of ones where there are no moderators.

    Raises
    ------
    ValueError
        Shape that does not fit, values that are not finite, columns that depend on one another, or more columns than
        effects.
    """
    if moderators is None:
        return np.ones((k, 1)), ("intercept",)
    x = np.asarray(moderators, dtype=float)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or len(x) != k or not x.shape[1]:
        raise ValueError(f"moderators must be a design matrix of {k} rows; their shape is {x.shape}")
    bad = ~np.isfinite(x)
    if bad.any():
        i, j = (int(p) for p in np.argwhere(bad)[0])
        raise ValueError(f"moderators must be finite numbers: at position {(i, j)} ({x[i, j]:g})")
    p = x.shape[1]
    labels = tuple(names) if names is not None else tuple(_name(x[:, j], j) for j in range(p))
    if len(labels) != p:
        raise ValueError(f"names must hold one name for each of the {p} columns of moderators, not {len(labels)}")
    length = np.sqrt((x**2).sum(axis=0))
    if k < p or (length == 0).any() or np.linalg.matrix_rank(x / length) < p:
        raise ValueError(f"the {p} columns of moderators depend on one another in these {k} effects; drop some")
    return x, labels


def _name(column: Floats, j: int) -> str:
    return "intercept" if (column == 1).all() else f"x{j}"


def flat_sampling(sampling: Sampling, blocks: Blocks) -> Floats:
    """Lay the sampling covariance matrix out in blocks."""
    flat = blocks.empty()
    every = np.arange(blocks.k)
    flat[blocks.flat(every, every)] = sampling.diagonal
    flat[blocks.flat(sampling.row, sampling.column)] = sampling.value
    return flat


def build(y: Floats, x: Floats, names: tuple[str, ...], v: Sampling, terms: tuple[Term, ...], reml: bool) -> Model:
    """Return a model that is not fitted yet."""
    label = connect(y.size, [term.outer for term in terms], [(v.row, v.column)])
    count = sum(len(term.structure.low(term.n)) for term in terms)
    return Model(y, x, names, v, terms, reml, arrange_blocks(label), np.full(count, np.nan), False)


class Scaled(NamedTuple):
    """A problem in units of its own, and the way back."""

    problem: Problem
    unit: float
    powers: Floats

    def outward(self, t: Floats) -> Floats:
        """Return parameters in the unit of y."""
        return t * self.unit**self.powers

    def inward(self, t: Floats) -> Floats:
        """Return parameters in the unit of the problem."""
        return t / self.unit**self.powers


def scaled(model: Model) -> Scaled:
    """Bring a model to units in which the median sampling variance is 1, and its columns to orthonormal ones."""
    unit = 2.0 ** round(math.log2(float(np.median(model.sampling.diagonal))) / 2.0)
    q, _ = np.linalg.qr(model.x / np.abs(model.x).max(axis=0))
    y = model.y / unit
    y = y - q @ (q.T @ y)
    sampling = model.sampling._replace(diagonal=model.sampling.diagonal / unit**2, value=model.sampling.value / unit**2)
    flat = flat_sampling(sampling, model.blocks)
    patterns = tuple(pattern(term, model.blocks) for term in model.terms)
    problem = Problem(y, q, flat, model.blocks, model.terms, patterns, model.reml)
    return Scaled(problem, unit, problem.powers())


def estimate(model: Model, start: Floats | None = None) -> Model:
    """Maximise the likelihood, from a given start or from several."""
    work = scaled(model)
    starts = promising(work.problem) if start is None else [work.inward(start)]
    best: Maximum = maximise(work.problem, starts)
    if not math.isfinite(best.value):
        raise ValueError("the covariance matrix of the effects is not positive definite; check the covariances in v")
    return model._replace(parameters=work.outward(best.t), converged=best.converged)


def fitted(y: Floats, x: Floats, blocks: Blocks, m: Floats) -> Fitted:
    """Fit the fixed effects for one covariance matrix.

    Raises
    ------
    ValueError
        The matrix is not positive definite.
    """
    size = np.abs(x).max(axis=0)
    q, r = np.linalg.qr(x / size)
    least = least_squares(y, q, blocks, m)
    if least is None:
        raise ValueError("the covariance matrix of the effects is not positive definite; check v")
    back = np.linalg.solve(r, np.eye(len(size))) / size[:, None]  # columns of x from the orthonormal ones
    inner = np.linalg.solve(least.root, np.eye(len(size)))
    vcov = back @ inner @ inner.T @ back.T
    return Fitted(back @ least.beta, 0.5 * (vcov + vcov.T), least)


def without_random(model: Model) -> Fitted | None:
    """Fit with sampling covariances only; None where they are not positive definite."""
    label = connect(model.y.size, [], [(model.sampling.row, model.sampling.column)])
    blocks = arrange_blocks(label)
    flat = flat_sampling(model.sampling, blocks)
    factor = factorise(blocks, flat)
    if factor is None or not _regular(factor, flat):
        return None
    return fitted(model.y, model.x, blocks, flat)


def _regular(factor: Factor, flat: Floats) -> bool:
    """Tell whether a covariance matrix is more than rounding away from a singular one."""
    for root, view in zip(factor.roots, factor.blocks.views(flat), strict=True):
        share = 1.0 / (np.einsum("mii->mi", root) ** 2 * np.einsum("mii->mi", view))  # of variance not explained
        if (share < 1e-12).any():
            return False
    return True


def subset(model: Model, kept: Booleans) -> Model:
    """Return the model for some of its effects, not fitted, its terms renumbered."""
    rows = np.flatnonzero(kept)
    position = np.full(model.y.size, -1)
    position[rows] = np.arange(rows.size)
    v = model.sampling
    both = kept[v.row] & kept[v.column]
    sampling = Sampling(v.diagonal[rows], position[v.row[both]], position[v.column[both]], v.value[both])
    terms = []
    for term in model.terms:
        used, outer = np.unique(term.outer[rows], return_inverse=True)
        labels = tuple(term.outer_levels[i] for i in used.tolist())
        terms.append(term._replace(outer=outer.astype(np.int64), inner=term.inner[rows], outer_levels=labels))
    return build(model.y[rows], model.x[rows], model.names, sampling, tuple(terms), model.reml)


def likelihoods(model: Model, fit: Fitted) -> dict[str, Any]:
    """Return log-likelihoods, deviance and information criteria of a fit, under ML and REML."""
    k, p = model.x.shape
    parameters = p + model.parameters.size
    alone = without_random(model)
    found: dict[str, Any] = {}
    for name, n in (("ML", k), ("REML", k - p)):
        value = fit.log_likelihood(name == "REML")
        if name == "REML":
            deviance = -2.0 * value
        elif alone is None:
            deviance = math.inf
        else:
            deviance = fit.least.factor.logdet + fit.least.q - alone.least.factor.logdet
        enough = max(n, parameters + 2)
        found[name] = {
            "log_likelihood": value,
            "deviance": deviance,
            "aic": 2.0 * (parameters - value),
            "bic": math.log(n) * parameters - 2.0 * value if n > 0 else math.nan,
            "aicc": 2.0 * parameters * enough / (enough - parameters - 1) - 2.0 * value,
        }
    return found
