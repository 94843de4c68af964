"""Weighted least squares of a batch of rows, at any number of tau2.

Each design is made orthonormal first, and orthogonal again under the weights of each tau2 in turn (modified
Gram-Schmidt on design and effects together): no normal equations, so that neither a moderator far from zero nor very
unequal variances cost digits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Booleans, Floats, pick

RANK = 1e-9  #: a column shorter than this, relative to its length before the others were taken out, is redundant
_STIFF = 1e6  #: ratio of weights from which orthogonality is restored by a second pass
_LEVERAGE = 0.9  #: leverage from which 1 - leverage is worked out without the study itself


class Prepared(NamedTuple):
    """Rows without their least-squares part: residuals about an orthonormal basis of the design."""

    u: Floats  #: residuals of least squares, shape (n, k), zero where left out
    v: Floats  #: shape (n, k), infinite where left out
    basis: Floats  #: shape (p, n, k), or (p, 1, k) where rows share a design and all studies
    r: Floats  #: upper triangular, design = basis r; shape (n, p, p)
    g: Floats  #: coefficients of y on the basis, shape (n, p)
    k: NDArray[np.int64]  #: shape (n,)
    df: Floats  #: k - p, shape (n,)
    rank_ok: Booleans  #: shape (n,)
    least: Floats  #: smallest variance, infinite without a study, shape (n,)
    most: Floats  #: largest finite variance, shape (n,)

    @property
    def columns(self) -> list[Floats]:
        """Return the basis column by column: (k,) where rows share it, else (n, k)."""
        return list(self.basis[:, 0] if self.basis.shape[1] == 1 else self.basis)

    def take(self, i: NDArray[np.int64]) -> "Prepared":
        """Return some of the rows."""
        basis = self.basis if self.basis.shape[1] == 1 else self.basis[:, i]
        part = self._replace(basis=basis)
        part = part._replace(u=pick(self.u, i), v=pick(self.v, i))
        return part._replace(
            **{name: getattr(self, name)[i] for name in self._fields if name not in ("basis", "u", "v")}
        )


class At(NamedTuple):
    """Weighted least squares of each row at one tau2."""

    w: Floats  #: weights, shape (n, k)
    wr: Floats  #: weighted residuals, shape (n, k)
    q: Floats  #: weighted sum of squared residuals, shape (n,)
    columns: list[Floats]  #: p columns orthogonal under w, each (n, k) or (k,)
    weighted: list[Floats]  #: w times each column, each (n, k)
    d: Floats  #: their squared lengths under w, shape (p, n)
    r: Floats  #: unit upper triangular, basis = columns r; shape (n, p, p); empty unless asked for
    h: Floats  #: coefficients of u on the columns, shape (n, p); empty unless asked for

    def trace(self, s: Floats | None = None) -> Floats:
        """Return tr(P S), where P = W - W X (X'WX)^-1 X'W, for a diagonal S of shape (n, k), else I."""
        total = self.w.sum(axis=1) if s is None else dot(self.w, s)
        for c, d in zip(self.weighted, self.d, strict=True):
            total -= dot(c if s is None else c * s, c) / d
        return total

    def trace_of_squares(self, s: Floats | None = None) -> Floats:
        """Return tr(P S P S) for a diagonal S of shape (n, k); the identity by default."""
        w, columns = self.w, self.weighted
        if s is not None:
            w, columns = s * w, [np.sqrt(s) * c for c in columns]
        total = dot(w, w)
        for i, c in enumerate(columns):
            total -= 2.0 * dot(w * c, c) / self.d[i]
            for j in range(i + 1):
                total += (1.0 if i == j else 2.0) * dot(c, columns[j]) ** 2 / (self.d[i] * self.d[j])
        return total

    def slope(self) -> Floats:
        """Return y'PPPy, minus half the derivative of y'PPy with respect to tau2."""
        total = dot(self.w * self.wr, self.wr)
        for c, d in zip(self.weighted, self.d, strict=True):
            total -= dot(c, self.wr) ** 2 / d
        return total


def prepare(y: Floats, v: Floats, x: Floats) -> Prepared:
    """Take the least-squares part out of rows; `y`, `v` shape ``(n, k)``, `x` ``(k, p)`` or ``(n, k, p)``."""
    n, p = len(y), x.shape[-1]
    some = np.isfinite(v)
    k = some.sum(axis=1)
    if x.ndim == 2 and (some.all() or n == 0):
        design, w = np.moveaxis(x, -1, 0)[:, None, :], np.ones((1, y.shape[1]))
    else:
        y = np.where(some, y, 0.0)
        design = np.moveaxis(np.broadcast_to(x, (n, *x.shape[-2:])), -1, 0)
        design, w = np.where(some, design, 0.0), some.astype(float)
    size = np.abs(design).max(axis=2, initial=0.0, keepdims=True)
    size[size == 0.0] = 1.0
    design = design / size
    columns, _, d, r, _, _ = orthogonal(w, list(design), None, 2)
    good = d > RANK**2 * np.einsum("pnk,pnk->pn", design, design)
    length = np.sqrt(np.where(good, d, 1.0))
    basis = np.where(good[..., None], np.stack(columns) / length[..., None], 0.0)
    r = np.broadcast_to(r * length.T[:, :, None] * size[:, :, 0].T[:, None, :], (n, p, p))
    u, g = y, np.zeros((n, p))
    for _ in range(2):
        for j, c in enumerate(basis):
            share = dot(u, c[0] if len(c) == 1 else c)
            g[:, j] += share
            u = u - share[:, None] * c
    # effects are known to a relative precision: what is left below it is a perfect fit
    noise = 16.0 * np.finfo(float).eps * np.abs(y).max(axis=1, initial=0.0)
    exact = (np.abs(u).max(axis=1, initial=0.0) <= noise) | (k <= p)
    if exact.any():
        u = np.where(exact[:, None], 0.0, u)
    least = v.min(axis=1, initial=np.inf)
    most = np.where(some, v, 0.0).max(axis=1, initial=0.0)
    return Prepared(u, v, basis, r, g, k, (k - p).astype(float), np.broadcast_to(good.all(axis=0), n), least, most)


def at(rows: Prepared, t: Floats, *, weights: Floats | None = None, coefficients: bool = False) -> At:
    """Weighted least squares at tau2 = `t`, shape (n,), or with given weights, shape (n, k)."""
    if weights is None:
        w = 1.0 / (rows.v + t[:, None])
        passes = 2 if (rows.most + t > _STIFF * (rows.least + t)).any() else 1
    else:
        w, passes = np.where(np.isfinite(rows.v), weights, 0.0), 2
    columns, weighted, d, r, u, h = orthogonal(w, rows.columns, rows.u, passes, coefficients)
    assert u is not None
    wr = w * u
    if not (d > 0).all():
        d = np.where(d > 0, d, 1.0)
    return At(w, wr, dot(wr, u), columns, weighted, d, r, h)


def trace(rows: Prepared, fitted: At, t: Floats) -> Floats:
    """Return tr(P) = sum of w (1 - leverage), also where one study has nearly all the weight of a column.

    There 1 - leverage = 1 / (1 + w g), with g the study's squared distance under the weights of the others.
    """
    leverage = np.zeros_like(fitted.w)
    for c, wc, d in zip(fitted.columns, fitted.weighted, fitted.d, strict=True):
        leverage += wc * c / d[:, None]
    rest = 1.0 - leverage
    row, study = np.nonzero(leverage > _LEVERAGE)
    if row.size:
        others = rows.take(row)
        at_study = (np.arange(len(row)), study)
        w = 1.0 / (others.v + t[row][:, None])
        w[at_study] = 0.0
        columns, _, d, _, _, _ = orthogonal(w, others.columns, None, 2, False)
        columns = [np.broadcast_to(c, w.shape) for c in columns]
        with np.errstate(divide="ignore", invalid="ignore"):
            near = [np.where(d[j] > 0, c[at_study] ** 2 / d[j], np.inf) for j, c in enumerate(columns)]
        rest[row, study] = 1.0 / (1.0 + fitted.w[row, study] * sum(near))
    return dot(fitted.w, rest)


def dot(a: Floats, b: Floats) -> Floats:
    """Return the scalar product of rows; `b` of shape (n, k), or (k,) where rows share it."""
    result: Floats = np.einsum("nk,k->n" if b.ndim == 1 else "nk,nk->n", a, b)
    return result


def orthogonal(
    w: Floats, columns: list[Floats], u: Floats | None, passes: int, coefficients: bool = True
) -> tuple[list[Floats], list[Floats], Floats, Floats, Floats | None, Floats]:
    """Make columns orthogonal under weights, and `u` orthogonal to them: modified Gram-Schmidt.

    Parameters
    ----------
    w : ndarray, shape (n, k)
    columns : list of ndarray, each (n, k), or (k,) where all rows share it
    u : ndarray, shape (n, k), optional
    passes : int
        Two where weights are very unequal.
    coefficients : bool
        Whether the factor and the coefficients of `u` are wanted.

    Returns
    -------
    columns, columns times weights, squared lengths (p, n), unit upper triangular factor (n, p, p), rest of `u`,
    coefficients of `u` (n, p)

    References
    ----------
    .. [1] Björck Å. BIT 1967;7:1-21 (modified Gram-Schmidt on the augmented matrix is backward stable).
    """
    n, p = len(w), len(columns)
    columns, weighted = list(columns), list(columns)
    factor, h = (np.broadcast_to(np.eye(p), (n, p, p)), np.zeros((n, p))) if coefficients else _NONE
    d = np.empty((p, n))
    for _ in range(passes):
        step, new = (np.broadcast_to(np.eye(p), (n, p, p)).copy(), np.zeros((n, p))) if coefficients else _NONE
        for j, c in enumerate(columns):
            weighted[j] = wc = w * c
            d[j] = dot(wc, c)
            length = d[j] if (d[j] > 0).all() else np.where(d[j] > 0, d[j], 1.0)
            for i in range(j + 1, p):
                share = dot(wc, columns[i]) / length
                columns[i] = columns[i] - share[:, None] * c
                if coefficients:
                    step[:, j, i] = share
            if u is not None:
                share = dot(wc, u) / length
                u = u - share[:, None] * c
                if coefficients:
                    new[:, j] = share
        if coefficients:  # columns of the last pass = columns of this one step
            h = np.einsum("nij,nj->ni", step, h) + new
            factor = step @ factor
    return columns, weighted, d, factor, u, h


_NONE = (np.empty((0, 0, 0)), np.empty((0, 0)))
