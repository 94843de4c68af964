"""Copas selection model: how the summary changes with the share of small studies that stayed unseen."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import summarise
from metaan.robustness.copas_likelihood import Selected, log_likelihood, select
from metaan.robustness.selection_maximum import inverse_diagonal, maximise, with_log_tau2
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

RHO_BOUND = 0.9999
SEEN_SMALL = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3)
SEEN_LARGE = 0.99
SIDES = ("auto", "left", "right", "both")
#: starts: size of rho, and shifts of the mean against the sign of rho in typical standard errors
_STARTS = ((0.1, (0.0,)), (0.5, (0.0,)), (0.95, (0.0, 0.7, 1.5)), (0.999, (0.0, 1.0, 2.0)))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CopasModel(Result):
    """Copas selection model at several strengths of selection; tuples have one item a strength."""

    k: int
    gamma0: tuple[float, ...]  #: constant of the selection model; inf where every study is seen
    gamma1: tuple[float, ...]  #: its coefficient of 1 / standard error, working scale
    seen_small: tuple[float, ...]  #: probability that a study with the largest standard error is seen
    seen_large: tuple[float, ...]  #: the same with the smallest standard error
    unseen: tuple[float, ...]  #: expected number of studies not seen
    estimate: tuple[float, ...]  #: corrected summary effect, working scale
    se: tuple[float, ...]  #: from the observed information, conditional on parameters that lie on a bound
    tau2: tuple[float, ...]  #: squared working scale
    rho: tuple[float, ...]  #: correlation of effect and selection; 0 where every study is seen
    log_likelihood: tuple[float, ...]
    p_residual: tuple[float, ...]  #: likelihood-ratio test of the asymmetry that remains, chi-square on 1 df
    side: str  #: where small studies are taken to be missing: "left" or "right" of the funnel, or "both"
    chosen: (
        int | None
    )  #: first strength, counted from 0, with p_residual above `method["alpha"]`; None if there is none
    adjusted: float  #: estimate there; NaN if there is none
    adjusted_se: float
    adjusted_ci: Interval | None
    adjusted_p: float
    method: dict[str, Any]  #: alpha, level, rho_bound
    converged: tuple[bool, ...]


class _Fit(NamedTuple):
    theta: Floats  #: beta, tau2, rho; shape (n, p + 2)
    value: Floats
    converged: Booleans


def copas(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    seen_small: ArrayLike = SEEN_SMALL,
    seen_large: ArrayLike = SEEN_LARGE,
    gamma0: ArrayLike | None = None,
    gamma1: ArrayLike | None = None,
    side: str = "auto",
    rho_bound: float = RHO_BOUND,
    alpha: float = 0.10,
    level: float = 0.95,
) -> CopasModel:
    """Fit the Copas selection model over a range of selection.

    A study with standard error s is seen where gamma0 + gamma1 / s + delta > 0; rho is the correlation of delta with
    the study's error. The data cannot tell gamma0 and gamma1, so the model is a sensitivity analysis: it is fitted by
    maximum likelihood for given ones, and the least selection is looked for that leaves no asymmetry to be explained
    [1]_ [2]_.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    seen_small, seen_large : array_like, shape (n,) or scalars
        Strengths of selection, as the probabilities that a study is seen with the largest and the smallest standard
        error, in the order in which they are to be tried. 1 in `seen_small` stands for no selection.
    gamma0, gamma1 : array_like, shape (n,), optional
        The strengths of selection themselves, in place of the two probabilities; ``gamma0=inf`` is no selection.
    side : {"auto", "left", "right", "both"}
        Where small studies are missing: rho is sought from 0 to `rho_bound` (left), to -`rho_bound` (right), or on both
        sides. ``"auto"`` follows the sign of Egger's regression.
    rho_bound : float
        Largest absolute correlation, below 1.
    alpha : float
        Level of the test of remaining asymmetry.
    level : float
        Of the interval, 0 < level < 1.

    Returns
    -------
    CopasModel

    Raises
    ------
    ValueError
        Fewer than 4 studies, equal standard errors, probabilities outside 0 to 1 or not larger for large studies,
        effects that are not finite, or variances that are not positive and finite; positions are named.

    Notes
    -----
    Remaining asymmetry is tested by adding beta times the standard error to the mean [1]_. The likelihood has several
    maxima; the highest that a grid of starts leads to is returned.

    References
    ----------
    .. [1] Copas J, Shi JQ. Biostatistics 2000;1:247-262.
    .. [2] Copas JB, Shi JQ. Stat Methods Med Res 2001;10:251-265.
    """
    batch = kernel.read(yi, vi)
    if batch.axes:
        raise ValueError("copas takes one synthesis: effects of one dimension")
    y, se = batch.y[0], np.sqrt(batch.v[0])
    if len(y) < 4:
        raise ValueError(f"the Copas model needs at least 4 studies, found {len(y)}")
    if se.max() <= se.min() * (1.0 + 1e-9):
        raise ValueError("the Copas model needs studies of different standard error; all are equal")
    if side not in SIDES:
        raise ValueError(f"side must be one of {', '.join(SIDES)}, not {side!r}")
    for name, value in (("level", level), ("alpha", alpha), ("rho_bound", rho_bound)):
        fraction(name, value)
    g0, g1 = _strengths(se, seen_small, seen_large, gamma0, gamma1)

    unit = 1.0 / math.sqrt((1.0 / se**2).mean())
    ys, ss = (y - y[0]) / unit, se / unit
    ones = np.ones((len(y), 1))
    if side == "auto":
        side = "left" if _egger(ys, ss) > 0 else "right"
    plain = select(ys, ss, ones, g0, g1 / unit)
    skewed = plain._replace(x=np.concatenate([ones, ss[:, None]], axis=1))
    low, high = -rho_bound * (side != "left"), rho_bound * (side != "right")
    first, second = _fit(plain, low, high), _fit(skewed, low, high)
    p_residual = special.chdtrc(1, np.maximum(0.0, 2.0 * (second.value - first.value)))
    errors = _standard_errors(plain, first, rho_bound) * unit

    u = plain.u
    seen, odds = special.ndtr(u), np.exp(special.log_ndtr(-u) - special.log_ndtr(u))
    estimate = first.theta[:, 0] * unit + y[0]
    enough = np.flatnonzero(p_residual > alpha)
    chosen = int(enough[0]) if enough.size else None
    adjusted, adjusted_se = (estimate[chosen].item(), errors[chosen].item()) if enough.size else (math.nan, math.nan)
    reach = -special.ndtri((1.0 - level) / 2.0) * adjusted_se
    none = _unselected(plain)

    def listed(values: Any) -> Any:
        return tuple(values.tolist())

    return CopasModel(
        k=len(y),
        gamma0=listed(np.where(none, np.inf, g0)),
        gamma1=listed(g1),
        seen_small=listed(seen[:, se.argmax()]),
        seen_large=listed(seen[:, se.argmin()]),
        unseen=listed(np.where(none, 0.0, odds.sum(axis=1))),
        estimate=listed(estimate),
        se=listed(errors),
        tau2=listed(first.theta[:, 1] * unit**2),
        rho=listed(first.theta[:, 2]),
        log_likelihood=listed(first.value - len(y) * math.log(unit)),
        p_residual=listed(p_residual),
        side=side,
        chosen=chosen,
        adjusted=adjusted,
        adjusted_se=adjusted_se,
        adjusted_ci=None if chosen is None else Interval(adjusted - reach, adjusted + reach),
        adjusted_p=float(2.0 * special.ndtr(-abs(adjusted / adjusted_se))),
        method={"alpha": alpha, "level": level, "rho_bound": rho_bound},
        converged=listed(first.converged & second.converged),
    )


def _strengths(
    se: Floats, seen_small: ArrayLike, seen_large: ArrayLike, gamma0: ArrayLike | None, gamma1: ArrayLike | None
) -> tuple[Floats, Floats]:
    """Return gamma0 and gamma1 of each strength of selection."""
    if (gamma0 is None) != (gamma1 is None):
        raise ValueError("gamma0 and gamma1 must be given together")
    if gamma0 is not None and gamma1 is not None:
        g0, g1 = (np.atleast_1d(np.array(a, dtype=float)) for a in np.broadcast_arrays(gamma0, gamma1))
        if g0.ndim != 1 or np.isnan(g0).any() or np.isneginf(g0).any() or not np.isfinite(g1).all():
            raise ValueError("gamma0 and gamma1 must be lists of numbers; only gamma0 may be infinite, and not below")
        return g0, g1
    small, large = (np.atleast_1d(np.array(a, dtype=float)) for a in np.broadcast_arrays(seen_small, seen_large))
    if small.ndim != 1 or not ((small > 0) & (small <= 1) & (large > 0) & (large < 1)).all():
        raise ValueError("seen_small must lie above 0 and not above 1, seen_large between 0 and 1")
    all_seen = small == 1.0
    if (small[~all_seen] > large[~all_seen]).any():
        raise ValueError("small studies must not be seen more often than large ones: seen_small above seen_large")
    low, high = special.ndtri(np.where(all_seen, 0.5, small)), special.ndtri(large)
    g1 = np.where(all_seen, 0.0, (high - low) / (1.0 / se.min() - 1.0 / se.max()))
    return np.where(all_seen, np.inf, low - g1 / se.max()), g1


def _egger(y: Floats, se: Floats) -> float:
    """Slope of the weighted regression of effect on standard error."""
    w = 1.0 / se**2
    x = se - (w * se).sum() / w.sum()
    return float((w * x * y).sum())


def _unselected(data: Selected) -> Booleans:
    """Tell at which strengths every study is seen, so that rho has no meaning."""
    return np.asarray((data.log_seen > -1e-14).all(axis=1))


def _fit(data: Selected, low: float, high: float) -> _Fit:
    """Return the highest maximum of each strength, rho within limits."""
    n, p = len(data.u), data.x.shape[1]
    between = float(summarise(data.y, data.se**2, tau2="DL")["tau2"])
    rows, starts = [], []
    for tau2 in (0.0, between) if between > 0 else (0.0, 0.3):
        xw = data.x / (data.se**2 + tau2)[:, None]
        beta = np.linalg.solve(xw.T @ data.x, xw.T @ data.y)
        for sign in (-1.0, 1.0):
            for size, shifts in _STARTS:
                for shift in shifts if low <= sign * size <= high else ():
                    rows.append(np.arange(n))
                    moved = [beta[0] - sign * shift, *beta[1:]]
                    starts.append(np.tile([*moved, math.log1p(tau2), sign * size], (n, 1)))
    row, start = np.concatenate(rows), np.concatenate(starts)
    none = _unselected(data)[row]
    start[none, p + 1] = 0.0
    lowest, highest = np.full(start.shape, -np.inf), np.full(start.shape, np.inf)
    lowest[:, p], lowest[:, p + 1], highest[:, p + 1] = 0.0, np.where(none, 0.0, low), np.where(none, 0.0, high)
    scale = np.ones(start.shape)
    scale[:, p + 1] = 0.5

    def function(i: np.ndarray, at: Floats, order: int) -> tuple[Floats, Floats, Floats]:
        return log_likelihood(data.take(row[i]), at, order)

    found = maximise(with_log_tau2(function, p), start, lowest, highest, scale)
    order = np.lexsort((found.value, row))
    last = order[np.searchsorted(row[order], np.arange(n), side="right") - 1]
    theta = found.at[last]
    theta[:, p] = np.expm1(theta[:, p])
    return _Fit(theta, found.value[last], found.converged[last])


def _standard_errors(data: Selected, fit: _Fit, rho_bound: float) -> Floats:
    """Standard error of the mean, conditional on tau2 = 0 and on rho at its bound; NaN at a ridge."""
    held = np.zeros(fit.theta.shape, dtype=bool)
    held[:, 1] = fit.theta[:, 1] <= 0
    held[:, 2] = (np.abs(fit.theta[:, 2]) >= rho_bound) | _unselected(data)
    information = -log_likelihood(data, fit.theta)[2]
    information = np.where(held[:, :, None] | held[:, None, :], np.eye(3), information)
    return np.sqrt(inverse_diagonal(information)[:, 0])
