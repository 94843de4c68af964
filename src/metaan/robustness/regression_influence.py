"""What each study does to a meta-regression: the regression without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.regression import moderators as model
from metaan.pooling.regression.meta_regression import arrange
from metaan.terms.records import Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegressionInfluence(Result):
    """Diagnostics of each study in use; NaN where the others cannot tell the coefficients apart."""

    rows: tuple[int, ...]  #: positions of the studies, counted from 0
    rstudent: tuple[float, ...]  #: residual from the regression without the study, in its standard errors
    dffits: tuple[float, ...]  #: change of the study's fitted effect, in standard errors
    cook: tuple[float, ...]  #: squared distance of the coefficients, in units of their covariance
    cov_ratio: tuple[float, ...]  #: determinant of the covariance without the study over that with it
    tau2: tuple[float, ...]  #: without the study
    qe: tuple[float, ...]  #: without the study
    hat: tuple[float, ...]  #: leverage
    weight: tuple[float, ...]  #: percent of the sum of 1 / (v + tau2)
    names: tuple[str, ...]
    estimates: tuple[tuple[float, ...], ...]  #: coefficients without each study
    dfbetas: tuple[tuple[float, ...], ...]  #: change of each coefficient, in standard errors
    dropped: tuple[str, ...]  #: studies left out for want of a moderator

    def _cells(self) -> list[tuple[str, Any]]:
        columns = "rows rstudent dffits cook cov_ratio tau2 qe hat weight"
        return [(name, getattr(self, name)) for name in columns.split()]


def regression_influence(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    moderators: Any = None,
    *,
    formula: str | None = None,
    tau2: str = "REML",
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    labels: Sequence[str] | None = None,
) -> RegressionInfluence:
    """Fit a regression without each study in turn, tau2 anew each time.

    Parameters
    ----------
    yi, vi, moderators, formula, tau2, reference, factors, labels
        As in `meta_regression`; ``formula="1"`` is the mean alone.

    Returns
    -------
    RegressionInfluence

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L. Res Synth Methods 2010;1:112-125.
    """
    data = arrange(yi, vi, moderators, formula=formula, reference=reference, factors=factors, labels=labels)
    y, v, x = data.y, data.v, data.x
    k = len(y)
    whole = model.fit(y[None], v[None], x, tau2=tau2)
    without = model.fit(y, np.where(np.eye(k, dtype=bool), np.inf, v), x, tau2=tau2)
    beta, covariance = whole.beta[0], whole.covariance[0]
    w = 1.0 / (v + whole.tau2[0])
    left = np.einsum("kp,kp->k", x, without.beta)
    own = v + without.tau2
    deleted = np.sqrt(own + np.einsum("ki,kij,kj->k", x, without.covariance, x))
    hat = w * np.einsum("ki,ij,kj->k", x, covariance, x)
    change = beta - without.beta
    sd = np.sqrt(np.diag(covariance))
    scaled = np.linalg.inv(covariance / np.outer(sd, sd))
    cook = np.einsum("ki,ij,kj->k", change / sd, scaled, change / sd)
    ok, unit = without.rank_ok, np.outer(sd, sd)
    logs = np.full(k, np.nan)
    logs[ok] = np.linalg.slogdet(without.covariance[ok] / unit)[1] - np.linalg.slogdet(covariance / unit)[1]
    # standard errors of all studies at the tau2 of the others
    at_others = model.fit(y, np.broadcast_to(v, (k, k)), x, tau2=np.where(ok, without.tau2, 0.0))
    dfbetas = change / np.sqrt(np.einsum("kii->ki", at_others.covariance))

    def column(values: Any) -> tuple[float, ...]:
        return tuple(np.asarray(values, dtype=float).tolist())

    return RegressionInfluence(
        rows=tuple(int(i) for i in data.rows),
        rstudent=column((y - left) / deleted),
        dffits=column((x @ beta - left) / np.sqrt(hat * own)),
        cook=column(cook),
        cov_ratio=column(np.exp(logs)),
        tau2=column(without.tau2),
        qe=column(without.q),
        hat=column(hat),
        weight=column(100.0 * w / w.sum()),
        names=data.design.names,
        estimates=tuple(column(row) for row in without.beta),
        dfbetas=tuple(column(row) for row in dfbetas),
        dropped=data.dropped,
    )
