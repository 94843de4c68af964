"""Best linear unbiased predictions: the true effect of each study, drawn towards the summary effect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Floats
from metaan.pooling.pool import pool
from metaan.robustness.refit import studies
from metaan.terms.records import Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Predictions(Result):
    """Predicted effect of each study, working scale."""

    label: tuple[str, ...]
    estimate: tuple[float, ...]
    se: tuple[float, ...]  #: of the prediction error
    low: tuple[float, ...]  #: limits at `method["level"]`
    high: tuple[float, ...]
    shrinkage: tuple[float, ...]  #: tau2 / (tau2 + v): 1 leaves the study where it is, 0 puts it on the summary effect
    tau2: float
    method: dict[str, Any]  #: tau2, interval, level


def blups(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | float = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    labels: ArrayLike | None = None,
) -> Predictions:
    """Predict the true effect of each study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns.
    tau2, interval, level, labels
        As in `pool`: standard error of the summary effect and reference distribution are those of the interval.

    Returns
    -------
    Predictions
        With shrinkage s = tau2 / (tau2 + v): mean + s (y - mean), and the variance s v + (1 - s)^2 var(mean).

    References
    ----------
    .. [1] Raudenbush SW, Bryk AS. J Educ Stat 1985;10:75-98.
    """
    return _predict(yi, vi, tau2, interval, level, labels, whole=True)


def ranef(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | float = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    labels: ArrayLike | None = None,
) -> Predictions:
    """Predict the random effect of each study: its true effect minus the mean.

    Parameters
    ----------
    yi, vi, tau2, interval, level, labels
        As in `blups`.

    Returns
    -------
    Predictions
        s (y - mean), and the variance s v + s^2 var(mean); zero with variance zero where tau2 is zero.
    """
    return _predict(yi, vi, tau2, interval, level, labels, whole=False)


def _predict(yi: Any, vi: Any, tau2: str | float, interval: str, level: float, labels: Any, whole: bool) -> Predictions:
    y, v, names = studies(yi, vi, labels, 1)
    fit = pool(y, v, tau2=tau2, interval=interval, level=level, prediction=None, tau2_interval=None)
    share = fit.tau2 / (fit.tau2 + v)
    kept = 1.0 - share if whole else share
    shift = share * (y - fit.estimate)
    estimate = fit.estimate + shift if whole else shift
    se = np.sqrt(share * v + kept**2 * fit.se**2)
    half = quantile(level, np.array([fit.df])) * se
    method = {"tau2": fit.method["tau2"], "interval": interval, "level": level}
    return Predictions(
        label=names,
        estimate=_tuple(estimate),
        se=_tuple(se),
        low=_tuple(estimate - half),
        high=_tuple(estimate + half),
        shrinkage=_tuple(share),
        tau2=fit.tau2,
        method=method,
    )


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())
