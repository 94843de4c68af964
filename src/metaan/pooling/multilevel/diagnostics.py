"""What a multilevel fit says of single effects: predictions, random effects, deletion diagnostics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel import model as mv
from metaan.pooling.multilevel.blocks import same_group
from metaan.pooling.multilevel.mixed import Multilevel, degrees, model_of
from metaan.pooling.multilevel.terms import Term, number
from metaan.terms.records import Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Predicted(Result):
    """Mean effects and where true effects may lie, on the measure's working scale; one item a row of the design."""

    estimate: tuple[float, ...]
    se: tuple[float, ...]
    df: tuple[float, ...]  #: smallest of the coefficients that take part; inf means normal
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    prediction_low: tuple[float, ...]
    prediction_high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RandomEffects(Result):
    """Predicted random effects (BLUPs) of one term, on the measure's working scale."""

    term: str
    outer: tuple[str, ...]  #: level of each effect
    inner: tuple[str, ...]  #: its inner level; empty texts without an inner variable
    estimate: tuple[float, ...]
    se: tuple[float, ...]  #: of the prediction error, that of the fixed effects included
    low: tuple[float, ...]  #: prediction limits, normal
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Deletion(Result):
    """What changes when one effect, or all of one level, is left out and the model fitted anew."""

    left_out: tuple[str, ...]  #: label, or position of the effect counted from 0
    cook: tuple[float, ...]  #: squared distance the estimates move, in their covariance matrix
    estimate: tuple[tuple[float, ...], ...]  #: coefficients without it
    se: tuple[tuple[float, ...], ...]
    components: tuple[tuple[float, ...], ...]  #: variances without it, all terms in a row
    rstudent: tuple[float, ...]  #: externally standardised residual; NaN where several effects are left out
    converged: tuple[bool, ...]


def predict_multilevel(
    fit: Multilevel, design: ArrayLike | None = None, *, inner: ArrayLike | None = None, level: float = 0.95
) -> Predicted:
    """Predict mean effects, and true effects of new studies.

    Parameters
    ----------
    fit : Multilevel
    design : array_like, shape (n, p), optional
        Rows of the design matrix; without it, those of an intercept-only model.
    inner : array_like, shape (n,), optional
        Inner level of each row, asked for where variances differ by inner level.
    level : float

    Returns
    -------
    Predicted
        Prediction intervals add the variances of all terms and the squared standard error; their quantile is that of
        the confidence interval.

    Raises
    ------
    ValueError
        A design that does not fit, or inner levels that are lacking or unknown.
    """
    model = model_of(fit)
    p = model.x.shape[1]
    if design is None:
        if p > 1 or not (model.x == 1).all():
            raise ValueError(f"design must give the {p} columns {', '.join(model.names)}")
        design = np.ones((1, 1))
    x = np.atleast_2d(np.asarray(design, dtype=float))
    if x.shape[1] != p or not np.isfinite(x).all():
        raise ValueError(f"design must hold finite numbers in {p} columns; its shape is {x.shape}")
    at = model.least()
    df = degrees(model, fit.method["interval"])
    used = np.where(x != 0, df, np.inf).min(axis=1)
    variance = np.zeros(len(x))
    for term, g in zip(model.terms, model.random_part(), strict=True):
        own = np.diag(g)
        if term.structure.label in ("ID", "CS", "AR"):
            variance += own[0]
            continue
        if inner is None:
            raise ValueError(f"{term.name} has a variance for each inner level: inner must name one for each row")
        names = [str(each) for each in np.atleast_1d(np.asarray(inner)).tolist()]
        if len(names) != len(x) or any(name not in term.inner_levels for name in names):
            raise ValueError(f"inner must hold {len(x)} of the levels {', '.join(term.inner_levels)}, not {names}")
        variance += own[[term.inner_levels.index(name) for name in names]]
    estimate = x @ at.beta
    se = np.sqrt(np.einsum("np,pq,nq->n", x, at.vcov, x))
    width = quantile(level, used)
    wide = width * np.sqrt(variance + se**2)
    columns = (estimate, se, used, estimate - width * se, estimate + width * se, estimate - wide, estimate + wide)
    return Predicted(
        **{name: tuple(c.tolist()) for name, c in zip(Predicted.__dataclass_fields__, columns, strict=True)}
    )


def random_effects(fit: Multilevel, *, level: float = 0.95) -> tuple[RandomEffects, ...]:
    """Predict the random effects of each term (best linear unbiased predictions).

    Parameters
    ----------
    fit : Multilevel
    level : float

    Returns
    -------
    tuple of RandomEffects
        One a term; with W = M^-1, r the residuals and G Z' the covariances of the effects with y, the estimate is
        G Z'W r and the variance of its error G - G Z'P Z G, P = W - W X (X'W X)^-1 X'W.
    """
    model = model_of(fit)
    at = model.least()
    factor = at.least.factor
    wr, wx = at.least.weighted, factor.solve(model.x)
    w = np.empty(model.blocks.size)  # of the padding nothing is read
    for view, inverse in zip(model.blocks.views(w), factor.inverse(), strict=True):
        view[...] = inverse
    z = float(quantile(level, np.array([np.inf]))[0])
    found = []
    for term, g in zip(model.terms, model.random_part(), strict=True):
        m = len(term.outer_levels)
        i, j = same_group(term.outer)
        w_ij = w[model.blocks.flat(i, j)]
        estimate, variance = np.empty((m, term.n)), np.empty((m, term.n))
        for own in range(term.n):
            c = g[own, term.inner] if term.structured else np.full(model.y.size, g[0, 0])
            estimate[:, own] = np.bincount(term.outer, c * wr, m)
            cwx = np.stack([np.bincount(term.outer, c * column, m) for column in wx.T], axis=1)
            explained = np.bincount(term.outer[i], c[i] * c[j] * w_ij, m)
            variance[:, own] = g[own, own] - explained + np.einsum("mp,pq,mq->m", cwx, at.vcov, cwx)
        cells = np.unique(term.outer * term.n + term.inner)
        u, se = estimate.ravel()[cells], np.sqrt(np.maximum(variance.ravel()[cells], 0.0))
        found.append(
            RandomEffects(
                term=term.name,
                outer=tuple(term.outer_levels[cell // term.n] for cell in cells.tolist()),
                inner=tuple(term.inner_levels[cell % term.n] for cell in cells.tolist()),
                estimate=tuple(u.tolist()),
                se=tuple(se.tolist()),
                low=tuple((u - z * se).tolist()),
                high=tuple((u + z * se).tolist()),
            )
        )
    return tuple(found)


def leverages(fit: Multilevel) -> Floats:
    """Return the diagonal of the hat matrix X (X'W X)^-1 X'W; shape (k,)."""
    model = model_of(fit)
    at = model.least()
    return np.einsum("ip,pq,iq->i", model.x, at.vcov, at.least.factor.solve(model.x))


def leave_out(fit: Multilevel, by: ArrayLike | None = None) -> Deletion:
    """Leave out each effect, or each level of a grouping, and fit the model anew.

    Parameters
    ----------
    fit : Multilevel
    by : array_like, shape (k,), optional
        Labels; all effects of one label are left out together. Without it each effect by itself.

    Returns
    -------
    Deletion
        NaN where the remaining effects cannot carry the coefficients. Each fit is climbed from the full one.
    """
    model = model_of(fit)
    k, p = model.x.shape
    codes, labels = (np.arange(k), tuple(str(i) for i in range(k))) if by is None else number(by, k, "by")
    full = model.least()
    beta, se = np.full((len(labels), p), np.nan), np.full((len(labels), p), np.nan)
    count = sum(len(g) if t.structure.label not in ("ID", "CS", "AR") else 1 for t, g in _parts(model))
    variances = np.full((len(labels), count), np.nan)
    residual, converged = np.full(len(labels), np.nan), np.zeros(len(labels), dtype=bool)
    for n in range(len(labels)):
        kept = codes != n
        x = model.x[kept]
        if kept.sum() <= p or np.linalg.matrix_rank(x / np.abs(model.x).max(axis=0)) < p:
            continue
        less = mv.estimate(mv.subset(model, kept), model.parameters)
        at = less.least()
        beta[n], se[n], converged[n] = at.beta, np.sqrt(np.diag(at.vcov)), less.converged
        variances[n] = np.concatenate([_variances(t.structure.label, g) for t, g in _parts(less)])
        rows = np.flatnonzero(~kept)
        if rows.size == 1:
            i = int(rows[0])
            own = model.sampling.diagonal[i] + sum(
                g[t.inner[i], t.inner[i]] for t, g in zip(model.terms, less.random_part(), strict=True)
            )
            gap = model.x[i]
            residual[n] = (model.y[i] - gap @ at.beta) / np.sqrt(own + gap @ at.vcov @ gap)
    moved = full.beta - beta
    cook = np.einsum("np,pq,nq->n", moved, np.linalg.inv(full.vcov), moved)
    return Deletion(
        left_out=labels,
        cook=tuple(cook.tolist()),
        estimate=tuple(tuple(row) for row in beta.tolist()),
        se=tuple(tuple(row) for row in se.tolist()),
        components=tuple(tuple(row) for row in variances.tolist()),
        rstudent=tuple(residual.tolist()),
        converged=tuple(converged.tolist()),
    )


def _parts(model: mv.Model) -> list[tuple[Term, Floats]]:
    return list(zip(model.terms, model.random_part(), strict=True))


def _variances(label: str, g: Floats) -> Floats:
    return np.diag(g)[:1] if label in ("ID", "CS", "AR") else np.diag(g)
