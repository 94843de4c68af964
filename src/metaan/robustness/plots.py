"""Coordinates of the Baujat and the radial plot; drawing is left to `figures`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.pool import pool
from metaan.robustness.influence import diagnostics
from metaan.robustness.refit import estimator, fits, studies, without_one
from metaan.terms.records import Interval, Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Baujat(Result):
    """What each study adds to heterogeneity, and what it does to the estimate."""

    label: tuple[str, ...]
    heterogeneity: tuple[float, ...]  #: squared residual / (v + tau2); under "EE" these add up to Q
    influence: tuple[float, ...]  #: squared change of the estimate, in variances of the estimate without the study
    tau2: float
    method: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Radial(Result):
    """Radial (Galbraith) plot: the slope from the origin to a point is the study's effect."""

    label: tuple[str, ...]
    x: tuple[float, ...]  #: 1 / sqrt(v + tau2)
    y: tuple[float, ...]  #: effect / sqrt(v + tau2); minus that of the summary effect where centred
    slope: float  #: summary effect; 0 where centred
    ci: Interval  #: of `slope`
    band: float  #: half-height of the band about the line in which the share `level` of the points is expected
    tau2: float
    method: dict[str, Any]


def baujat(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str = "REML", labels: ArrayLike | None = None
) -> Baujat:
    """Coordinates of the Baujat plot.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns; k is at least 2.
    tau2, labels
        As in `pool`; ``"EE"`` gives the plot of the publication, other estimators its random-effects form.

    References
    ----------
    .. [1] Baujat B et al. Stat Med 2002;21:2641-2652.
    """
    y, v, names = studies(yi, vi, labels, 2)
    whole = pool(y, v, tau2=estimator(tau2), interval="Wald", prediction=None, tau2_interval=None).tau2
    left = fits(y, v, y.size, without_one(y.size), tau2=tau2, interval="Wald")
    x, height = baujat_points(y, v, whole, left["tau2"])
    return Baujat(
        label=names,
        heterogeneity=tuple(x.tolist()),
        influence=tuple(height.tolist()),
        tau2=whole,
        method={"tau2": tau2},
    )


def baujat_points(y: np.ndarray, v: np.ndarray, tau2: float, tau2_deleted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates from given tau2, with all studies and without each; arrays of shape (k,)."""
    at = diagnostics(y, v, tau2, tau2_deleted)
    return at.residual**2 / (v + tau2), at.cook / at.cov_ratio


def radial(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | float = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    centre: bool = False,
    labels: ArrayLike | None = None,
) -> Radial:
    """Coordinates of the radial plot.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns.
    tau2, interval, level, labels
        As in `pool`.
    centre : bool
        Measure effects from the summary effect.

    References
    ----------
    .. [1] Galbraith RF. Stat Med 1988;7:889-894.
    """
    y, v, names = studies(yi, vi, labels, 1)
    fit = pool(y, v, tau2=tau2, interval=interval, level=level, prediction=None, tau2_interval=None)
    middle = fit.estimate if centre else 0.0
    x = 1.0 / np.sqrt(v + fit.tau2)
    return Radial(
        label=names,
        x=tuple(x.tolist()),
        y=tuple((x * (y - middle)).tolist()),
        slope=fit.estimate - middle,
        ci=Interval(fit.ci.low - middle, fit.ci.high - middle),
        band=quantile(level, np.array([np.inf]))[0].item(),
        tau2=fit.tau2,
        method={"tau2": fit.method["tau2"], "interval": interval, "level": level},
    )
