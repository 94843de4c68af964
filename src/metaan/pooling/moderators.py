"""Mixed-effects meta-regression of a batch of rows: the kernel under regression, small-study tests and permutation.

Arrays are `y, v` of shape ``(n, k)``; a study left out of a row has infinite variance.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.least_squares import At, Prepared, at, dot, prepare, trace

INTERVALS = ("mKH", "HK", "Wald", "t")
_SCAN = 12  #: places at which each likelihood is looked at before a maximum is refined, as in `tau2.reml`


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
    step = max(1, kernel.CHUNK // max(k, 1))
    parts = []
    for start in range(0, max(n, 1), step):
        i = slice(start, start + step)
        rows = prepare(effects[i], variances[i], design if design.ndim == 2 else design[i])
        estimator = tau2 if isinstance(tau2, str) else ""
        found, converged = ESTIMATORS[estimator](rows) if known is None else (known[i], np.ones(len(rows.u), bool))
        parts.append(_finish(rows, found, converged, estimator, None if own is None else own[i]))
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
    limits, _ = _generalised_q_root(rows.take(np.tile(np.arange(len(df)), 2)), targets)
    low, high = np.split(np.where(np.isnan(targets), np.nan, limits), 2)
    return low, high


def log_likelihood(rows: Prepared, t: Floats, *, restricted: bool) -> Floats:
    """Log-likelihood of each row at tau2 = `t`, constants included; the restricted one with log|X'X| / 2."""
    fitted = at(rows, t)
    logs = np.log(fitted.w, out=np.zeros_like(fitted.w), where=fitted.w > 0).sum(axis=1)
    count = rows.df if restricted else rows.k
    total = logs - fitted.q - count * np.log(2.0 * np.pi)
    return 0.5 * (total - np.log(fitted.d).sum(axis=0)) if restricted else 0.5 * total


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
        places = [tuple(int(i) for i in place) for place in np.argwhere(bad)]
        named = ", ".join(f"{place} ({values[place]:g})" for place in places[:10])
        more = "" if len(places) <= 10 else f" and {len(places) - 10} more"
        raise ValueError(f"{rule}: at position {named}{more}")


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
        some = rows.take(np.flatnonzero(several))
        se[several] = standard_error(some, tau2[several], estimator)
    final = fitted if own is None else at(rows, tau2, weights=own, coefficients=True)
    whole = final.r @ np.where(rows.rank_ok[:, None, None], rows.r, np.eye(p))
    inverse = np.linalg.inv(whole)
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


def standard_error(rows: Prepared, tau2: Floats, estimator: str) -> Floats:
    """Return the standard error of tau2; rows with k > p only."""
    fitted = at(rows, tau2)
    if estimator == "ML":
        return np.sqrt(2.0 / dot(fitted.w, fitted.w))
    if estimator == "REML":
        return np.sqrt(2.0 / fitted.trace_of_squares())
    if estimator in ("PM", "PMM", "EB"):
        return np.sqrt(2.0 / rows.df) * rows.k / fitted.w.sum(axis=1)
    quadratic, divisor = _moment(rows, estimator)
    variance = np.where(np.isfinite(rows.v), rows.v + tau2[:, None], 0.0)
    return np.sqrt(2.0 * quadratic.trace_of_squares(variance)) / divisor


def _moment(rows: Prepared, estimator: str) -> tuple[At, Floats]:
    """Return the quadratic form of a moment estimator and what its excess is divided by."""
    zero, counted = np.zeros(len(rows.u)), np.isfinite(rows.v).astype(float)
    if estimator == "HE":
        return at(rows, zero, weights=counted), rows.df
    if estimator == "SJ":
        start = _start(rows)
        return at(rows, start), rows.df / np.where(start > 0, start, np.nan)
    fixed = at(rows, zero)
    if estimator == "DL":
        return fixed, trace(rows, fixed, zero)
    share = rows.df / rows.k if estimator == "HSk" else 1.0
    return fixed, fixed.w.sum(axis=1) * share


def _start(rows: Prepared) -> Floats:
    """Return the variance of the effects themselves (divisor k), from which Sidik and Jonkman start."""
    counted = np.isfinite(rows.v)
    effects = rows.u + np.einsum(
        "np,pnk->nk", rows.g, np.broadcast_to(rows.basis, (rows.basis.shape[0], *rows.u.shape))
    )
    centre = np.where(counted, effects, 0.0).sum(axis=1) / rows.k
    return np.where(counted, (effects - centre[:, None]) ** 2, 0.0).sum(axis=1) / rows.k


def _always(n: int) -> Booleans:
    return np.ones(n, dtype=bool)


def _equal_effects(rows: Prepared) -> tuple[Floats, Booleans]:
    return np.zeros(len(rows.u)), _always(len(rows.u))


def _by_moments(estimator: str) -> Callable[[Prepared], tuple[Floats, Booleans]]:
    def estimate(rows: Prepared) -> tuple[Floats, Booleans]:
        tau2 = np.zeros(len(rows.u))
        some = np.flatnonzero((rows.df > 0) & rows.rank_ok & (rows.u != 0).any(axis=1))
        if some.size:
            part = rows.take(some)
            form, divisor = _moment(part, estimator)
            if estimator == "SJ":
                tau2[some] = form.q / divisor
            else:
                counted = np.isfinite(part.v)
                expected = part.df
                if estimator == "HE":
                    expected = form.trace(np.where(counted, part.v, 0.0))
                elif estimator == "HS":
                    expected = part.k.astype(float)
                tau2[some] = np.maximum(0.0, (form.q - expected) / divisor)
        return tau2, _always(len(tau2))

    return estimate


def _paule_mandel(rows: Prepared) -> tuple[Floats, Booleans]:
    return _generalised_q_root(rows, np.where(rows.df > 0, rows.df, np.nan))


def _median_unbiased(rows: Prepared) -> tuple[Floats, Booleans]:
    return _generalised_q_root(rows, special.chdtri(np.where(rows.df > 0, rows.df, np.nan), 0.5))


def _generalised_q_root(rows: Prepared, target: Floats) -> tuple[Floats, Booleans]:
    """Return the tau2 at which Q(tau2) = `target`, zero where Q(0) is not above it; see `tau2._generalised_q_root`."""
    n = len(rows.u)
    tau2, converged = np.zeros(n), _always(n)
    some = np.flatnonzero(rows.rank_ok & (at(rows, tau2).q > target))
    if not some.size:
        return tau2, converged
    part, goal = rows.take(some), target[some]
    smallest = part.least
    high = dot(part.u, part.u) / goal - smallest  # Q(t) is at most the sum of squares over t + min(v)

    def function(i: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
        fitted = at(part.take(i), t)
        return 1.0 / goal[i] - 1.0 / fitted.q, -dot(fitted.wr, fitted.wr) / fitted.q**2

    tau2[some], converged[some] = kernel.root(function, np.zeros(len(some)), high, smallest)
    return tau2, converged


def _by_likelihood(restricted: bool) -> Callable[[Prepared], tuple[Floats, Booleans]]:
    """Return the estimator by the highest maximum of the (restricted) likelihood, zero included; see `tau2.reml`.

    With s = t + min(v), R the sum of squared residuals of least squares and D = max(v) - min(v), y'PPy is at most
    R / s^2, and tr(P) at least the larger of the largest eigenvalue of P and (k - p) / (s + D): the score is nowhere
    positive beyond s = R, nor beyond the root of (k - p) s^2 = R (s + D).
    """

    def score(fitted: At) -> Floats:
        return dot(fitted.wr, fitted.wr) - (fitted.trace() if restricted else fitted.w.sum(axis=1))

    def estimate(rows: Prepared) -> tuple[Floats, Booleans]:
        n = len(rows.u)
        tau2, converged = np.zeros(n), _always(n)
        smallest, widest = rows.least, rows.most - rows.least
        squares, df = dot(rows.u, rows.u), np.maximum(rows.df, 1.0)
        with np.errstate(invalid="ignore"):
            root = (squares + np.sqrt(squares * (squares + 4.0 * df * widest))) / (2.0 * df)
        farthest = np.minimum(squares, root) - smallest
        some = np.flatnonzero((farthest > 0) & (rows.df > 0) & rows.rank_ok)
        if not some.size:
            return tau2, converged
        part, smallest, farthest = rows.take(some), smallest[some], farthest[some]
        nearest = 0.25 * np.minimum(smallest, farthest)
        scan = nearest[:, None] * (farthest / nearest)[:, None] ** np.linspace(0.0, 1.0, _SCAN)
        scan = np.concatenate([np.zeros((len(some), 1)), scan], axis=1)
        rising = np.zeros(scan.shape, dtype=bool)  # beyond the last place nothing rises
        if part.u.size * _SCAN <= kernel.CHUNK:
            repeated = part.take(np.repeat(np.arange(len(some)), _SCAN))
            rising[:, :-1] = (score(at(repeated, scan[:, :-1].ravel())) > 0).reshape(-1, _SCAN)
        else:
            for j in range(_SCAN):
                rising[:, j] = score(at(part, scan[:, j])) > 0
        row, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
        if not row.size:
            return tau2, converged
        peaks = part if len(row) == len(some) else part.take(row)

        def function(i: NDArray[np.int64], t: Floats) -> tuple[Floats, Floats]:
            fitted = at(peaks.take(i), t)
            squares = fitted.trace_of_squares() if restricted else dot(fitted.w, fitted.w)
            return 0.5 * score(fitted), 0.5 * squares - fitted.slope()

        peak, settled = kernel.root(function, scan[row, left], scan[row, left + 1], smallest[row])
        at_zero = ~rising[:, 0]
        rivals = np.bincount(row, minlength=len(some)) + at_zero > 1
        height, floor = np.zeros(len(row)), np.full(len(some), -np.inf)
        contested = np.flatnonzero(rivals[row])
        height[contested] = log_likelihood(part.take(row[contested]), peak[contested], restricted=restricted)
        flat = np.flatnonzero(rivals & at_zero)
        floor[flat] = log_likelihood(part.take(flat), np.zeros(len(flat)), restricted=restricted)
        better = np.flatnonzero(height > floor[row])
        better = better[np.argsort(height[better], kind="stable")]  # the highest of a row is written last
        tau2[some[row[better]]] = peak[better]
        converged[some[row[better]]] = settled[better]
        return tau2, converged

    return estimate


ESTIMATORS: dict[str, Callable[[Prepared], tuple[Floats, Booleans]]] = {
    "REML": _by_likelihood(True),
    "ML": _by_likelihood(False),
    "PM": _paule_mandel,
    "EB": _paule_mandel,
    "PMM": _median_unbiased,
    "DL": _by_moments("DL"),
    "HE": _by_moments("HE"),
    "HS": _by_moments("HS"),
    "HSk": _by_moments("HSk"),
    "SJ": _by_moments("SJ"),
    "EE": _equal_effects,
}
