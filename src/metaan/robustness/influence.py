"""What single studies do to a synthesis: leave-one-out, residuals and influence diagnostics."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import pool
from metaan.robustness.refit import estimator, fits, studies, without_one
from metaan.terms.records import Result
from metaan.terms.special import special


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeaveOneOut(Result):
    """The synthesis without each study in turn, working scale."""

    left_out: tuple[str, ...]  #: label of the study left out
    k: tuple[int, ...]  #: studies that remain
    estimate: tuple[float, ...]
    se: tuple[float, ...]  #: the one the limits were built from
    statistic: tuple[float, ...]
    df: tuple[float, ...]  #: of the t reference; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    tau2: tuple[float, ...]
    i2: tuple[float, ...]  #: percent
    h2: tuple[float, ...]
    q: tuple[float, ...]
    q_p: tuple[float, ...]
    converged: tuple[bool, ...]
    method: dict[str, Any]  #: tau2, interval, level


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Residuals(Result):
    """Residuals of the studies about the summary effect, working scale."""

    label: tuple[str, ...]
    residual: tuple[float, ...]  #: effect minus summary effect
    se: tuple[float, ...]  #: standard error of `residual`; 0 for a study alone
    standardised: tuple[float, ...]  #: residual / se
    deleted: tuple[float, ...]  #: effect minus the summary effect of the other studies
    deleted_se: tuple[float, ...]
    studentised: tuple[float, ...]  #: deleted / deleted_se
    tau2: float
    method: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Influence(Result):
    """Influence of each study on a synthesis (random-effects model, one coefficient)."""

    label: tuple[str, ...]
    studentised: tuple[float, ...]  #: studentised deleted residual
    dffits: tuple[float, ...]  #: change of the fitted value, in standard errors
    cook: tuple[float, ...]  #: squared change of the estimate, in variances of the estimate
    cov_ratio: tuple[float, ...]  #: variance of the estimate without the study / with it
    tau2_deleted: tuple[float, ...]
    q_deleted: tuple[float, ...]
    hat: tuple[float, ...]  #: share of the weight
    weight: tuple[float, ...]  #: the same, percent
    dfbetas: tuple[float, ...]  #: change of the estimate, in its standard errors at `tau2_deleted`
    influential: tuple[bool, ...]  #: one of `rules` is met
    rules: dict[str, float]  #: limits: |dffits|, chi-square distribution of cook, hat, |dfbetas|
    converged: bool
    method: dict[str, Any]


class Deleted(NamedTuple):
    """Diagnostics of each study, arrays of shape (k,)."""

    residual: Floats
    residual_se: Floats
    deleted: Floats
    deleted_se: Floats
    dffits: Floats
    cook: Floats
    cov_ratio: Floats
    hat: Floats
    dfbetas: Floats


def leave_one_out(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    labels: ArrayLike | None = None,
) -> LeaveOneOut:
    """Pool the studies without each of them in turn.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns; k is at least 2.
    tau2, interval, level, labels
        As in `pool`; tau2 is estimated anew each time.

    Returns
    -------
    LeaveOneOut
        With k = 2 each fit is the other study alone, under its own Wald interval.

    Raises
    ------
    ValueError
        As `pool`, and for fewer than two studies.
    """
    y, v, names = studies(yi, vi, labels, 2)
    found = fits(y, v, y.size, without_one(y.size), tau2=estimator(tau2), interval=interval, level=level)
    found.pop("q_df")
    columns: dict[str, Any] = {name: tuple(values.tolist()) for name, values in found.items()}
    return LeaveOneOut(left_out=names, method={"tau2": tau2, "interval": interval, "level": level}, **columns)


def diagnostics(y: Floats, v: Floats, tau2: float, tau2_deleted: Floats) -> Deleted:
    """Compute residuals and influence from given tau2.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
    tau2 : float
        Of all studies.
    tau2_deleted : ndarray, shape (k,)
        Without each study.

    Notes
    -----
    With weights w = 1 / (v + tau2) and hat values h = w / sum(w) the standardised residual has standard error
    sqrt((v + tau2) (1 - h)); the deleted residual sqrt(v + tau2_deleted + variance of the deleted estimate) [1]_.
    Without study i the sums over the others are taken by themselves, so that a study which holds nearly all the weight
    costs no digits.

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L. Res Synth Methods 2010;1:112-125.
    """
    k = y.size
    y = y - y[v.argmin()]
    w = 1.0 / (v + tau2)
    total = w.sum()
    hat = w / total
    mean = hat @ y
    rest, deleted_mean, deleted_weight, full_weight = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    step = max(1, (1 << 20) // k)
    for start in range(0, k, step):
        rows = np.arange(start, min(start + step, k))
        own = np.arange(k) == rows[:, None]
        others = np.where(own, 0.0, w)
        rest[rows] = others.sum(axis=1)
        d = 1.0 / (v + tau2_deleted[rows, None])
        full_weight[rows] = d.sum(axis=1)
        d[own] = 0.0
        deleted_weight[rows] = d.sum(axis=1)
        deleted_mean[rows] = d @ y / deleted_weight[rows]
    change = mean - deleted_mean
    spread = v + tau2_deleted
    return Deleted(
        residual=y - mean,
        residual_se=np.sqrt((v + tau2) * (rest / total)),
        deleted=y - deleted_mean,
        deleted_se=np.sqrt(spread + 1.0 / deleted_weight),
        dffits=change / np.sqrt(hat * spread),
        cook=change**2 * total,
        cov_ratio=total / deleted_weight,
        hat=hat,
        dfbetas=change * np.sqrt(full_weight),
    )


def residuals(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str = "REML", labels: ArrayLike | None = None
) -> Residuals:
    """Residuals of the studies: plain, standardised, and studentised with the study deleted.

    Parameters
    ----------
    yi, vi, tau2, labels
        As in `leave_one_out`.

    Returns
    -------
    Residuals

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L. Res Synth Methods 2010;1:112-125.
    """
    y, v, names = studies(yi, vi, labels, 2)
    full = _tau2(y, v, tau2)
    deleted = fits(y, v, y.size, without_one(y.size), tau2=estimator(tau2), interval="Wald")
    at = diagnostics(y, v, full[0], deleted["tau2"])
    return Residuals(
        label=names,
        residual=_tuple(at.residual),
        se=_tuple(at.residual_se),
        standardised=_tuple(at.residual / at.residual_se),
        deleted=_tuple(at.deleted),
        deleted_se=_tuple(at.deleted_se),
        studentised=_tuple(at.deleted / at.deleted_se),
        tau2=full[0],
        method={"tau2": tau2},
    )


def influence(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str = "REML", labels: ArrayLike | None = None
) -> Influence:
    """Influence diagnostics of each study.

    Parameters
    ----------
    yi, vi, tau2, labels
        As in `leave_one_out`.

    Returns
    -------
    Influence
        A study is called influential where at least one of these holds (p = 1 coefficient): |dffits| > 3 sqrt(p /
        (k - p)); Cook's distance beyond the median of chi-square on p degrees of freedom; hat > 3 p / k; |dfbetas| > 1.

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L. Res Synth Methods 2010;1:112-125.
    """
    y, v, names = studies(yi, vi, labels, 2)
    full = _tau2(y, v, tau2)
    left = fits(y, v, y.size, without_one(y.size), tau2=estimator(tau2), interval="Wald")
    at = diagnostics(y, v, full[0], left["tau2"])
    return Influence(
        label=names,
        studentised=_tuple(at.deleted / at.deleted_se),
        dffits=_tuple(at.dffits),
        cook=_tuple(at.cook),
        cov_ratio=_tuple(at.cov_ratio),
        tau2_deleted=_tuple(left["tau2"]),
        q_deleted=_tuple(left["q"]),
        hat=_tuple(at.hat),
        weight=_tuple(100.0 * at.hat),
        dfbetas=_tuple(at.dfbetas),
        influential=tuple(influential(at).tolist()),
        rules=limits(y.size),
        converged=full[1] and bool(left["converged"].all()),
        method={"tau2": tau2},
    )


def limits(k: int) -> dict[str, float]:
    """Limits beyond which a study is called influential."""
    return {
        "dffits": 3.0 / np.sqrt(k - 1.0).item(),
        "cook": special.chdtri(1.0, 0.5).item(),
        "hat": 3.0 / k,
        "dfbetas": 1.0,
    }


def influential(at: Deleted) -> Booleans:
    """Tell which studies are beyond one of the `limits`."""
    limit = limits(at.hat.size)
    return (
        (np.abs(at.dffits) > limit["dffits"])
        | (at.cook > limit["cook"])
        | (at.hat > limit["hat"])
        | (np.abs(at.dfbetas) > limit["dfbetas"])
    )


def _tau2(y: Floats, v: Floats, tau2: str) -> tuple[float, bool]:
    full = pool(y, v, tau2=estimator(tau2), interval="Wald", prediction=None, tau2_interval=None)
    return full.tau2, full.converged


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())
