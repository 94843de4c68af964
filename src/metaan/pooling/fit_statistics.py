"""Log-likelihood and information criteria of a synthesis."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.estimators import ESTIMATORS
from metaan.pooling.kernel import Floats, Rows
from metaan.pooling.likelihood import log_likelihood
from metaan.pooling.pool import estimator_of, tau2_values
from metaan.terms.records import Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FitStatistics(Result):
    """Log-likelihoods and information criteria of one model; arrays where there were batch axes."""

    k: int
    tau2: float
    log_likelihood: float
    deviance: float  #: against the saturated model
    aic: float
    bic: float
    aicc: float
    restricted_log_likelihood: float
    restricted_deviance: float  #: minus twice the restricted log-likelihood
    restricted_aic: float
    restricted_bic: float
    restricted_aicc: float


def fit_statistics(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str | ArrayLike = "REML", mask: ArrayLike | None = None
) -> FitStatistics:
    """Log-likelihood, deviance, AIC, BIC and AICc of a synthesis, by maximum and by restricted likelihood.

    Parameters
    ----------
    yi, vi, mask
        As in `pool`.
    tau2 : str or array_like
        Estimator, or the value itself. Parameters counted: the mean, and tau2 unless the model is ``"EE"`` or ``"FE"``.

    Returns
    -------
    FitStatistics
        Floats for one-dimensional input, otherwise arrays with the batch axes. AICc uses at least two observations more
        than parameters, as metafor does. NaN in rows without a study.

    Raises
    ------
    ValueError
        As `pool`.
    """
    batch = kernel.read(yi, vi, mask)
    given = tau2_values(tau2, batch.axes)
    estimator = estimator_of(tau2, tuple(ESTIMATORS))
    parts, start = [], 0
    for rows in batch.chunks():
        t = ESTIMATORS[estimator](rows)[0] if given is None else given[start : start + len(rows.y)]
        parts.append(_statistics(rows, t, 1 if estimator in ("EE", "FE") else 2))
        start += len(rows.y)
    fields: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    shaped = {name: a.reshape(batch.axes) if batch.axes else a[0].item() for name, a in fields.items()}
    return FitStatistics(**shaped)


def _statistics(rows: Rows, tau2: Floats, parameters: int) -> dict[str, Floats]:
    k = np.where(rows.k > 0, rows.k, np.nan)
    constant = 0.5 * np.log(2.0 * np.pi)
    y, v = np.where(np.isfinite(rows.v), rows.y, 0.0), rows.v
    with np.errstate(divide="ignore", invalid="ignore"):
        ml = log_likelihood(y, v, tau2, False) - k * constant
        reml = log_likelihood(y, v, tau2, True) + 0.5 * np.log(k) - (k - 1.0) * constant
        saturated = -0.5 * np.log(np.where(np.isfinite(v), v, 1.0)).sum(axis=1) - k * constant
        found = {"k": rows.k, "tau2": np.where(rows.k > 0, tau2, np.nan)}
        for prefix, value, n, deviance in (
            ("", ml, k, 2.0 * (saturated - ml)),
            ("restricted_", reml, k - 1.0, -2.0 * reml),
        ):
            enough = np.maximum(n, parameters + 2.0)
            found[f"{prefix}log_likelihood"] = value
            found[f"{prefix}deviance"] = deviance
            found[f"{prefix}aic"] = 2.0 * (parameters - value)
            found[f"{prefix}bic"] = parameters * np.log(n) - 2.0 * value
            found[f"{prefix}aicc"] = 2.0 * parameters * enough / (enough - parameters - 1.0) - 2.0 * value
    return found
