"""Cluster-robust variances: tests that hold although the covariances within clusters are only a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel import model as mv
from metaan.pooling.multilevel.blocks import Blocks, arrange_blocks, factorise
from metaan.pooling.multilevel.mixed import Multilevel, model_of, tested_coefficients, two_sided, wald
from metaan.pooling.multilevel.terms import number, pattern
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Result
from metaan.terms.special import special

KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2")
_TOO_UNLIKE = (
    "the working variances differ so much that a cluster stands for all others: no degrees of freedom can be computed; "
    "look for variances that are too small"
)
_CANCELS = 1e3  #: times that a moment is exceeded by a part of it from which pairs are summed one by one
_PAIRED = 5_000  #: clusters up to which that is done
_RANK = 1e-10  #: share of a direction's variance that residuals must keep to count


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Robust(Result):
    """Fixed effects with cluster-robust standard errors, on the measure's working scale."""

    k: int  #: effects
    clusters: int
    coefficients: tuple[str, ...]  #: names, length p
    estimate: tuple[float, ...]
    se: tuple[float, ...]
    statistic: tuple[float, ...]  #: estimate / se
    df: tuple[float, ...]  #: of the t reference; CR2: Satterthwaite, others: clusters minus p
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]  #: robust covariance matrix of the estimates
    f: float  #: Wald test of all coefficients but the intercept; CR2: Hotelling's T2 approximated (HTZ)
    f_df: float  #: coefficients tested
    f_df2: float  #: denominator degrees of freedom
    f_p: float  #: NaN where `f_df2` is not positive: too few clusters for a joint test
    method: dict[str, Any]  #: kind, level


class Sandwich(NamedTuple):
    """Estimates, their robust covariance matrix, and what its degrees of freedom need; columns orthonormal."""

    beta: Floats  #: shape (p,)
    vcov: Floats  #: shape (p, p)
    bread: Floats  #: (X'W X)^-1
    phi: list[Floats]  #: stacks of the working covariance matrix
    f: list[Floats]  #: stacks of A W X, shape (m, n, p)
    x: list[Floats]
    wx: list[Floats]
    back: Floats  #: coefficients of the columns as given = back @ beta


def robust(
    fit: Multilevel, cluster: ArrayLike, *, kind: str = "CR2", level: float = 0.95, test: Sequence[int] | None = None
) -> Robust:
    """Cluster-robust tests of a multilevel fit.

    Parameters
    ----------
    fit : Multilevel
        Its covariance matrix is the working model.
    cluster : array_like, shape (k,)
        Labels of independent clusters; effects that the model correlates must share a cluster.
    kind, level, test
        As in `cluster_robust`.

    Returns
    -------
    Robust

    Raises
    ------
    ValueError
        As `cluster_robust`; effects of two clusters correlated in the model; or a fit that does not hold its data.
    """
    model = model_of(fit)
    codes, _ = number(cluster, model.y.size, "cluster")
    _, first = np.unique(model.blocks.label, return_index=True)
    split = np.flatnonzero(codes != codes[first[model.blocks.label]])
    if split.size:
        i, j = int(first[model.blocks.label[split[0]]]), int(split[0])
        raise ValueError(
            f"the effects at positions {i} and {j} are correlated in the model and stand in two clusters; "
            "cluster by the outermost grouping"
        )
    blocks = arrange_blocks(codes)
    flat = mv.flat_sampling(model.sampling, blocks)
    for term, g in zip(model.terms, model.random_part(), strict=True):
        entry, code = pattern(term, blocks)
        flat[entry] += g.ravel()[code]
    return _result(sandwich(model.y, model.x, blocks, flat, None, _kind(kind)), model.x, model.names, kind, level, test)


def cluster_robust(
    yi: ArrayLike,
    v: ArrayLike | Sequence[ArrayLike],
    cluster: ArrayLike,
    *,
    moderators: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    kind: str = "CR2",
    level: float = 0.95,
    test: Sequence[int] | None = None,
) -> Robust:
    """Weighted regression with cluster-robust tests.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects on the working scale.
    v : array_like, shape (k,) or (k, k), or a list of square blocks
        Working variances or covariances of the effects, the variance between studies included: `vi + tau2` for a
        random-effects synthesis or meta-regression.
    cluster : array_like, shape (k,)
        Labels of independent clusters.
    moderators : array_like, shape (k, p), optional
        Design matrix, the intercept's column of ones included; without it an intercept only.
    names : sequence of str, optional
    weights : array_like, shape (k,), optional
        Weights of the regression; the inverse of `v` where not given.
    kind : {"CR2", "CR0", "CR1", "CR1p", "CR1S"}
        ``"CR2"``: bias-reduced linearisation, with Satterthwaite's degrees of freedom [1]_ [2]_, the only one to be
        trusted with few clusters. ``"CR0"``: residuals as they are. With m clusters, k effects and p coefficients
        CR0 times m / (m - 1) is ``"CR1"``, m / (m - p) ``"CR1p"``, m (k - 1) / ((m - 1) (k - p)) ``"CR1S"``; these
        use t on m - p.
    level : float
    test : sequence of int, optional
        Positions of the coefficients tested together; all but the intercept where not given.

    Returns
    -------
    Robust

    Raises
    ------
    ValueError
        Input that cannot be used, with positions; effects of two clusters that are correlated; or not more clusters
        than coefficients.

    References
    ----------
    .. [1] Tipton E. Psychol Methods 2015;20:375-393.
    .. [2] Pustejovsky JE, Tipton E. J Bus Econ Stat 2018;36:672-683.
    .. [3] Tipton E, Pustejovsky JE. J Educ Behav Stat 2015;40:604-634 (test of several coefficients, HTZ).

    Examples
    --------
    >>> cluster_robust([0.1, 0.3, 0.8, 0.9, -0.1], [0.1] * 5, ["a", "a", "b", "b", "c"]).clusters
    3
    """
    y = mv.read_effects(yi)
    sampling = mv.read_sampling(v, y.size)
    x, labels = mv.read_design(moderators, names, y.size)
    codes, _ = number(cluster, y.size, "cluster")
    apart = np.flatnonzero(codes[sampling.row] != codes[sampling.column])
    if apart.size:
        i, j = int(sampling.row[apart[0]]), int(sampling.column[apart[0]])
        raise ValueError(f"v correlates the effects at positions {i} and {j}, which stand in two clusters")
    given = None if weights is None else numbers("weights", weights)
    if given is not None and (given.shape != y.shape or not (np.isfinite(given) & (given > 0)).all()):
        raise ValueError(f"weights must be {y.size} positive, finite numbers")
    blocks = arrange_blocks(codes)
    parts = sandwich(y, x, blocks, mv.flat_sampling(sampling, blocks), given, _kind(kind))
    return _result(parts, x, labels, kind, level, test)


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return kind


def sandwich(y: Floats, x: Floats, blocks: Blocks, flat: Floats, weights: Floats | None, kind: str) -> Sandwich:
    """Return the robust covariance matrix.

    Parameters
    ----------
    y : ndarray, shape (k,)
    x : ndarray, shape (k, p)
    blocks : Blocks
        One block a cluster.
    flat : ndarray
        Working covariance matrix, laid out in `blocks`.
    weights : ndarray, shape (k,), or None
        None: the inverse of the working covariance matrix.
    kind : str
    """
    k, p = x.shape
    m = sum(len(rows) for rows in blocks.stacks)
    if m <= p:
        raise ValueError(f"{m} clusters cannot carry {p} coefficients; there must be more clusters than coefficients")
    for view, rows in zip(blocks.views(flat), blocks.stacks, strict=True):  # padding in the unit of its block
        i, j = np.nonzero(rows == blocks.k)
        view[i, j, j] = view[i, 0, 0]
    factor = factorise(blocks, flat)
    if factor is None:
        raise ValueError("the working covariance matrix is not positive definite; check v")
    size = np.abs(x).max(axis=0)
    q, r = np.linalg.qr(x / size)
    back = np.linalg.solve(r, np.eye(p)) / size[:, None]
    if weights is None:
        orthogonal, root = np.linalg.qr(factor.whiten(q))
        beta = np.linalg.solve(root, orthogonal.T @ factor.whiten(y[:, None])[:, 0])
        wq = factor.solve(q)
    else:
        s = np.sqrt(weights)
        orthogonal, root = np.linalg.qr(q * s[:, None])
        beta = np.linalg.solve(root, orthogonal.T @ (y * s))
        wq = q * weights[:, None]
    inner = np.linalg.solve(root, np.eye(p))
    bread = inner @ inner.T
    e = y - q @ beta
    if np.abs(e).max() <= 64.0 * np.finfo(float).eps * np.abs(y).max():
        raise ValueError("the effects do not differ from the fitted values, so a robust variance cannot be had")
    meat = np.zeros((p, p))
    phi, f, xs, wx = blocks.views(flat), [], [], []
    middle = None if weights is None else bread @ _middle(blocks.take(wq), phi) @ bread
    for x_, w_, e_, v in zip(blocks.take(q), blocks.take(wq), blocks.take(e), phi, strict=True):
        xs.append(x_)
        wx.append(w_)
        f.append(_adjusted(x_, w_, v, bread, middle) if kind == "CR2" else w_)
        u = np.einsum("mip,mi->mp", f[-1], e_)
        meat += u.T @ u
    meat *= {"CR1": m / (m - 1), "CR1p": m / (m - p), "CR1S": m * (k - 1) / ((m - 1) * (k - p))}.get(kind, 1.0)
    return Sandwich(beta, bread @ meat @ bread, bread, phi, f, xs, wx, back)


def _middle(wq: list[Floats], phi: list[Floats]) -> Floats:
    """Return X'W Phi W X."""
    return np.asarray(sum(np.einsum("mip,miq->pq", w, v @ w) for w, v in zip(wq, phi, strict=True)))


def _adjusted(x: Floats, wx: Floats, phi: Floats, bread: Floats, middle: Floats | None) -> Floats:
    """Return A W X for the clusters of one stack: A = D' (D S D')^(-1/2) D.

    D is the upper Cholesky root of the working covariance matrix Phi and S that of the residuals, so that A S A' = Phi
    (Pustejovsky and Tipton 2018, eq. 11); where S is singular the root is that of the pseudo-inverse.
    """
    if middle is None:
        s = phi - x @ bread @ np.swapaxes(x, 1, 2)
    else:
        h = x @ bread @ np.swapaxes(phi @ wx, 1, 2)
        s = phi - h - np.swapaxes(h, 1, 2) + x @ middle @ np.swapaxes(x, 1, 2)
    lower = np.linalg.cholesky(phi)
    d = np.swapaxes(lower, 1, 2)
    # the rank is counted in units of Phi, where eigenvalues are shares of variance, whatever the variances
    share = np.linalg.eigvalsh(_symmetric(np.linalg.solve(lower, np.swapaxes(np.linalg.solve(lower, s), 1, 2))))
    lost = (share < _RANK).sum(axis=1)
    values, vectors = np.linalg.eigh(_symmetric(d @ s @ lower))
    kept = np.arange(values.shape[1]) >= lost[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.where(kept & (values > 0), 1.0 / np.sqrt(values), 0.0)
    a = np.swapaxes(d, 1, 2) @ (vectors * roots[:, None, :]) @ np.swapaxes(vectors, 1, 2) @ d
    return np.asarray(a @ wx)


def _symmetric(a: Floats) -> Floats:
    return np.asarray(0.5 * (a + np.swapaxes(a, 1, 2)))


class _Moments(NamedTuple):
    """Mean of the robust covariance matrix of contrasts under the working model, and its items' variances."""

    mean: Floats  #: shape (q, q)
    variance: Floats  #: shape (q, q)


def _moments(parts: Sandwich, contrasts: Floats) -> _Moments:
    """Return the moments of C V C', contrasts of shape (q, p), of the orthonormal columns.

    With a_s the weights of cluster i in contrast s, every p_ij,st = a_is' Cov(e_i, e_j) a_jt is a diagonal part plus a
    product of short vectors, so that sums over pairs of clusters need no pairs.
    """
    c = parts.bread
    p = len(c)
    t, z = [], []
    s = np.zeros((p, p))
    for f, x, wx, phi in zip(parts.f, parts.x, parts.wx, parts.phi, strict=True):
        a = np.einsum("mip,pq,sq->msi", f, c, contrasts, optimize=True)
        pa = a @ phi
        t.append(np.einsum("msi,mti->mst", a, pa))
        z.append(np.concatenate([np.einsum("msi,mip->msp", a, x), np.einsum("msi,mip->msp", pa, wx)], axis=2))
        s += np.einsum("mip,miq->pq", wx, phi @ wx)
    tt, zz = np.concatenate(t), np.concatenate(z)
    kernel = np.block([[c @ s @ c, -c], [-c, np.zeros((p, p))]])
    own = np.einsum("msp,pq,mtq->mst", zz, kernel, zz, optimize=True)
    mean = (tt + own).sum(axis=0)
    if np.trace(tt.sum(axis=0)) > _CANCELS * abs(np.trace(mean)) and len(tt) <= _PAIRED:
        return _Moments(mean, _by_pairs(tt, zz, kernel))
    k_st = np.einsum("msp,mtq->stpq", zz, zz, optimize=True)
    kk = kernel @ k_st
    first = np.einsum("mss,mtt->st", tt, tt) + np.einsum("mss,mtt->st", tt, own) + np.einsum("mss,mtt->st", own, tt)
    first += np.einsum("stpq,stqp->st", kk, kernel @ np.swapaxes(k_st, 2, 3))
    second = np.einsum("mst,mst->st", tt, tt) + 2.0 * np.einsum("mst,mst->st", tt, own)
    second += np.einsum("stpq,stqp->st", kk, kk)
    return _Moments(mean, first + second)


def _by_pairs(tt: Floats, zz: Floats, kernel: Floats) -> Floats:
    """Return the second moments summed pair by pair: what cancels within a p_ij is not squared first."""
    total = np.zeros(tt.shape[1:])
    right = np.einsum("pq,mtq->mtp", kernel, zz)
    for i, left in enumerate(zz):
        pairs = np.einsum("sp,mtp->mst", left, right)
        pairs[i] += tt[i]
        own = np.einsum("mss->ms", pairs)
        total += own.T @ own + np.einsum("mst,mts->st", pairs, pairs)
    return total


def satterthwaite(parts: Sandwich) -> Floats:
    """Return the degrees of freedom of each coefficient as given."""
    found = []
    for row in parts.back:
        at = _moments(parts, row[None, :])
        if not (at.mean[0, 0] > 0 and at.variance[0, 0] > 0):
            raise ValueError(_TOO_UNLIKE)
        found.append(2.0 * at.mean[0, 0] ** 2 / at.variance[0, 0])
    return np.array(found)


def hotelling(parts: Sandwich, contrasts: Floats) -> float:
    """Return the degrees of freedom eta of the Wishart matrix that the robust covariance of contrasts resembles."""
    mean = _moments(parts, contrasts).mean
    values, vectors = np.linalg.eigh(mean)
    if values[0] <= 0:
        raise ValueError(_TOO_UNLIKE)
    root = (vectors / np.sqrt(values)) @ vectors.T
    q = len(contrasts)
    return float(q * (q + 1) / _moments(parts, root @ contrasts).variance.sum())


def _result(
    parts: Sandwich, x: Floats, names: tuple[str, ...], kind: str, level: float, test: Sequence[int] | None
) -> Robust:
    fraction("level", level)
    k, p = x.shape
    m = sum(len(rows) for rows in parts.phi)
    beta = parts.back @ parts.beta
    vcov = parts.back @ parts.vcov @ parts.back.T
    se = np.sqrt(np.diag(vcov))
    df = satterthwaite(parts) if kind == "CR2" else np.full(p, float(m - p))
    statistic = beta / se
    half = quantile(level, df) * se
    chosen = tested_coefficients(x) if test is None else np.asarray(test, dtype=np.int64)
    if not chosen.size or chosen.min() < 0 or chosen.max() >= p:
        raise ValueError(f"test must name coefficients by their positions, 0 to {p - 1}, not {list(chosen)}")
    q = len(chosen)
    f = wald(beta[chosen], vcov[np.ix_(chosen, chosen)]) / q
    df2 = float(m - p)
    if kind == "CR2":
        eta = hotelling(parts, parts.back[chosen])
        df2 = eta - q + 1.0
        f *= df2 / eta
    return Robust(
        k=k,
        clusters=m,
        coefficients=names,
        estimate=tuple(beta.tolist()),
        se=tuple(se.tolist()),
        statistic=tuple(statistic.tolist()),
        df=tuple(df.tolist()),
        p=tuple(two_sided(statistic, df).tolist()),
        ci_low=tuple((beta - half).tolist()),
        ci_high=tuple((beta + half).tolist()),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        f=f,
        f_df=float(q),
        f_df2=df2,
        f_p=float(special.fdtrc(q, df2, max(f, 0.0))) if df2 > 0 else float("nan"),
        method={"kind": kind, "level": level},
    )
