"""Mixed-effects meta-regression of a batch of rows: the kernel under regression, small-study tests and permutation.

Arrays are `y, v` of shape ``(n, k)``; a study left out of a row has infinite variance.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.regression.least_squares import Prepared, at, dot, prepare, trace
from metaan.pooling.regression.residual_tau2 import CHUNK, generalised_q_root
from metaan.pooling.regression.residual_tau2 import ESTIMATORS as ESTIMATORS
from metaan.pooling.regression.residual_tau2 import log_likelihood as log_likelihood
from metaan.pooling.regression.residual_tau2 import standard_error as standard_error
from metaan.terms.given import positions
from metaan.terms.special import special

INTERVALS = ("mKH", "HK", "Wald", "t")


class ModeratorFit(NamedTuple):
    """Meta-regression of each row; NaN where `rank_ok` is false."""

    beta: Floats  #: coefficients, shape (n, p)
    covariance: Floats  #: (X'WX)^-1 at the fitted tau2, shape (n, p, p); of the sandwich form under own weights
    tau2: Floats  #: residual variance between studies, shape (n,)
    se_tau2: Floats  #: shape (n,), NaN under "EE", for known tau2, and where k = p
    q: Floats  #: test statistic of residual heterogeneity, chi-square on k - p, shape (n,)
    q_tau2: Floats  #: the same sum at the fitted tau2: over k - p it is the Hartung-Knapp factor, shape (n,)
    typical: Floats  #: typical sampling variance (k - p) / tr(P), for I2; shape (n,), NaN where k = p
    k: NDArray[np.int64]  #: studies in the row, shape (n,)
    p: int  #: columns of the design
    converged: Booleans  #: shape (n,)
    rank_ok: Booleans  #: whether the row's studies tell all coefficients apart, shape (n,)


def fit(
    y: ArrayLike, v: ArrayLike, x: ArrayLike, *, tau2: str | ArrayLike = "REML", weights: ArrayLike | None = None
) -> ModeratorFit:
    """Fit ``y = x beta + u + e``, var(u) = tau2, var(e) = v, to each row.

    Parameters
    ----------
    y, v : array_like, shape (n, k)
        Effects on the working scale and sampling variances. A study left out of a row has infinite variance and may
        have any finite effect. ``(k,)`` is broadcast.
    x : array_like, shape (k, p) or (n, k, p)
        Design, as a rule with a first column of ones; rows of studies left out are ignored.
    tau2 : {"REML", "EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "EB", "PM", "PMM"} or array_like, shape (n,)
        Estimator of the residual variance between studies [1]_, truncated at zero; or its known values. "PM" solves
        Q(tau2) = k - p, "EB" is the same figure, "PMM" solves Q(tau2) = median of chi-square on k - p.
    weights : array_like, shape (n, k) or (k,), optional
        Weights of the coefficients in place of 1 / (v + tau2); tau2, `q` and `q_tau2` do not depend on their choice,
        but for the coefficients `q_tau2` is taken about.

    Returns
    -------
    ModeratorFit

    Raises
    ------
    ValueError
        Unknown estimator, shapes that do not fit, values that are not finite, variances that are not positive.

    References
    ----------
    .. [1] Viechtbauer W et al. Psychol Methods 2015;20:360-374.
    """
    effects, variances, design = _read(y, v, x)
    known = None
    if isinstance(tau2, str):
        if tau2 not in ESTIMATORS:
            raise ValueError(f"tau2 must be one of {', '.join(ESTIMATORS)}, not {tau2!r}")
    else:
        known = np.broadcast_to(np.asarray(tau2, dtype=float), len(effects))
        if not (np.isfinite(known) & (known >= 0)).all():
            raise ValueError("known values of tau2 must be finite and not negative")
    own = None if weights is None else np.broadcast_to(np.asarray(weights, dtype=float), effects.shape)
    if own is not None and not (np.isfinite(own) & (own > 0))[np.isfinite(variances)].all():
        raise ValueError("weights must be positive, finite numbers")
    n, k = effects.shape
    places = kernel.pieces(n, k, CHUNK)
    order: Any = "F" if min(n, places[0].stop) > k else "C"  # of memory: see `kernel`
    estimator = tau2 if isinstance(tau2, str) else ""

    def one(i: slice) -> ModeratorFit:
        rows = prepare(
            np.asarray(effects[i], order=order),
            np.asarray(variances[i], order=order),
            design if design.ndim == 2 else design[i],
        )
        found, converged = ESTIMATORS[estimator](rows) if known is None else (known[i], np.ones(len(rows.u), bool))
        return _finish(rows, found, converged, estimator, None if own is None else own[i])

    parts = kernel.each(places, one)
    if len(parts) == 1:
        return parts[0]
    whole = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ModeratorFit._fields if name != "p"
    }
    return ModeratorFit(**whole, p=design.shape[-1])


def covariance(fitted: ModeratorFit, interval: str) -> tuple[Floats, Floats, Floats]:
    """Covariance of coefficients for an interval or test.

    Parameters
    ----------
    fitted : ModeratorFit
    interval : {"mKH", "HK", "Wald", "t"}
        As in `intervals.confidence`, with k - p degrees of freedom [1]_.

    Returns
    -------
    covariance : ndarray, shape (n, p, p)
    scale : ndarray, shape (n,)
        The Hartung-Knapp factor in it: `q_tau2` / (k - p) under "HK", at least 1 under "mKH", else 1.
    df : ndarray, shape (n,)
        Of the t reference; infinite under "Wald", NaN where k <= p.

    References
    ----------
    .. [1] Knapp G, Hartung J. Stat Med 2003;22:2693-2710.
    """
    if interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}, not {interval!r}")
    scale, df = np.ones(len(fitted.tau2)), np.full(len(fitted.tau2), np.inf)
    if interval != "Wald":
        df = np.where(fitted.k > fitted.p, (fitted.k - fitted.p).astype(float), np.nan)
    if interval in ("HK", "mKH"):
        scale = fitted.q_tau2 / df
        if interval == "mKH":
            scale = np.maximum(scale, 1.0)
    return fitted.covariance * scale[:, None, None], scale, df


def q_profile(y: ArrayLike, v: ArrayLike, x: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Q-profile confidence interval of the residual tau2 of each row; NaN where k <= p.

    Parameters
    ----------
    y, v, x
        As in `fit`.
    level : float

    References
    ----------
    .. [1] Viechtbauer W. Stat Med 2007;26:37-52.
    """
    effects, variances, design = _read(y, v, x)
    rows = prepare(effects, variances, design)
    df = np.where((rows.df > 0) & rows.rank_ok, rows.df, np.nan)
    tail = (1.0 - level) / 2.0
    targets = np.concatenate([special.chdtri(df, tail), special.chdtri(df, 1.0 - tail)])
    limits, _ = generalised_q_root(rows.take(np.tile(np.arange(len(df)), 2)), targets)
    low, high = np.split(np.where(np.isnan(targets), np.nan, limits), 2)
    return low, high


def _read(y: ArrayLike, v: ArrayLike, x: ArrayLike) -> tuple[Floats, Floats, Floats]:
    effects, variances = np.broadcast_arrays(np.atleast_2d(np.asarray(y, float)), np.atleast_2d(np.asarray(v, float)))
    design = np.asarray(x, dtype=float)
    n, k = effects.shape
    if design.ndim not in (2, 3) or design.shape[-2] != k or (design.ndim == 3 and len(design) not in (1, n)):
        raise ValueError(f"x must have shape ({k}, p) or ({n}, {k}, p) for these effects, not {design.shape}")
    if not design.shape[-1]:
        raise ValueError("x must have at least one column; a mean alone is a column of ones")
    if design.ndim == 3 and len(design) == 1:
        design = design[0]
    _refuse(variances, ~(variances > 0), "variances must be positive numbers, infinite where a study is left out")
    some = np.isfinite(variances)
    _refuse(effects, some & ~np.isfinite(effects), "effects must be finite numbers")
    used = some.any(axis=0)[:, None] if design.ndim == 2 else some[:, :, None]
    _refuse(design, used & ~np.isfinite(design), "moderators must be finite numbers")
    return effects, variances, design


def _refuse(values: Floats, bad: Booleans, rule: str) -> None:
    if bad.any():
        raise ValueError(f"{rule}: at position {positions(values, bad)}")


def _inverse(r: Floats) -> Floats:
    """Return the inverse of upper triangular matrices, shape (n, p, p), entry by entry: p is small, n may be large."""
    inverse = np.zeros_like(r)
    for j in range(r.shape[-1]):
        inverse[:, j, j] = 1.0 / r[:, j, j]
        for i in range(j - 1, -1, -1):
            share = np.einsum("nl,nl->n", r[:, i, i + 1 : j + 1], inverse[:, i + 1 : j + 1, j])
            inverse[:, i, j] = -share / r[:, i, i]
    return inverse


def _finish(rows: Prepared, tau2: Floats, converged: Booleans, estimator: str, own: Floats | None) -> ModeratorFit:
    n, p = len(rows.u), rows.r.shape[-1]
    zero = np.zeros(n)
    fixed = at(rows, zero)
    fitted = at(rows, tau2, coefficients=True)
    lacking = np.where(rows.rank_ok, 0.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = np.where(rows.df > 0, rows.df / trace(rows, fixed, zero), np.nan)
    several = (rows.df > 0) & rows.rank_ok
    se = np.full(n, np.nan)
    if estimator not in ("EE", ""):
        if several.all():
            se = standard_error(rows, tau2, estimator, fitted)
        else:
            se[several] = standard_error(rows.take(np.flatnonzero(several)), tau2[several], estimator)
    final = fitted if own is None else at(rows, tau2, weights=own, coefficients=True)
    whole = final.r @ np.where(rows.rank_ok[:, None, None], rows.r, np.eye(p))
    inverse = _inverse(whole)
    beta = np.einsum("nij,nj->ni", inverse, np.einsum("nij,nj->ni", final.r, rows.g) + final.h)
    q_tau2 = fitted.q
    if own is None:
        covariance = (inverse / final.d.T[:, None, :]) @ inverse.transpose(0, 2, 1)
    else:
        variance = np.where(np.isfinite(rows.v), rows.v + tau2[:, None], 0.0)
        scaled = np.stack([c / d[:, None] for c, d in zip(final.weighted, final.d, strict=True)], axis=1)
        middle = np.einsum("nik,nk,njk->nij", scaled, variance, scaled)
        covariance = inverse @ middle @ inverse.transpose(0, 2, 1)
        residuals = np.divide(final.wr, final.w, out=np.zeros_like(final.w), where=final.w > 0)
        q_tau2 = dot(fitted.w * residuals, residuals)
    return ModeratorFit(
        beta=beta + lacking[:, None],
        covariance=covariance + lacking[:, None, None],
        tau2=tau2 + lacking,
        se_tau2=se,
        q=fixed.q + lacking,
        q_tau2=q_tau2 + lacking,
        typical=typical + lacking,
        k=rows.k,
        p=p,
        converged=converged & rows.rank_ok,
        rank_ok=rows.rank_ok,
    )
