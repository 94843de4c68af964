"""Heterogeneity between studies: Q, H, I2, Rb and tau2, each with its interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.pool import pool
from metaan.terms.records import Interval, Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Heterogeneity(Result):
    """Heterogeneity of one synthesis; arrays where there were batch axes."""

    k: int
    q: float  #: Cochran's
    q_df: float
    q_p: float
    tau2: float  #: squared working scale
    tau2_se: float
    tau2_ci: Interval | None
    tau: float  #: working scale
    tau_ci: Interval | None
    i2: float  #: percent
    i2_ci: Interval | None
    h: float  #: root of H2
    h_ci: Interval | None
    rb: float  #: percent: share of the variance of the mean that lies between studies
    method: dict[str, Any]
    converged: bool = True


def heterogeneity(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | ArrayLike = "REML",
    tau2_interval: str | None = "QP",
    i2: str = "tau2",
    level: float = 0.95,
    mask: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> Heterogeneity:
    """Return every measure of heterogeneity of a synthesis.

    Parameters
    ----------
    yi, vi, tau2, tau2_interval, i2, level, mask, weights, labels
        As in `pool`.

    Returns
    -------
    Heterogeneity
        Floats for one-dimensional input, otherwise arrays with the batch axes. Rb [1]_ is tau2 over k times the
        variance of the inverse-variance mean.

    Raises
    ------
    ValueError
        As `pool`.

    References
    ----------
    .. [1] Crippa A, Khudyakov P, Wang M, Orsini N, Spiegelman D. Stat Med 2016;35:3661-3675.
    """
    pooled = pool(
        yi,
        vi,
        tau2=tau2,
        interval="Wald",
        prediction=None,
        tau2_interval=tau2_interval,
        i2=i2,
        level=level,
        mask=mask,
        weights=weights,
        labels=labels,
    )
    value: Any = np.asarray(pooled.tau2)
    if weights is None:
        variance = np.asarray(pooled.se) ** 2
    else:
        again = pool(yi, vi, tau2=value, interval="Wald", prediction=None, tau2_interval=None, mask=mask, labels=labels)
        variance = np.asarray(again.se) ** 2
    rb = 100.0 * value / (np.asarray(pooled.k) * variance)

    def plain(a: Any) -> Any:
        return a if np.ndim(a) else float(a)

    def root(interval: Interval | None) -> Interval | None:
        return None if interval is None else Interval(plain(np.sqrt(interval.low)), plain(np.sqrt(interval.high)))

    return Heterogeneity(
        k=pooled.k,
        q=pooled.q,
        q_df=pooled.q_df,
        q_p=pooled.q_p,
        tau2=pooled.tau2,
        tau2_se=pooled.se_tau2,
        tau2_ci=pooled.tau2_ci,
        tau=plain(np.sqrt(value)),
        tau_ci=root(pooled.tau2_ci),
        i2=pooled.i2,
        i2_ci=pooled.i2_ci,
        h=plain(np.sqrt(pooled.h2)),
        h_ci=root(pooled.h2_ci),
        rb=plain(rb),
        method={name: pooled.method[name] for name in ("tau2", "tau2_interval", "i2", "level")},
        converged=pooled.converged,
    )
