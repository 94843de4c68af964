"""Limit meta-analysis: the effect of a study without sampling error (Rücker and others)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.pool import summarise
from metaan.pooling.regression.moderators import fit
from metaan.terms.given import fraction, known_tau2
from metaan.terms.records import Interval, Result
from metaan.terms.special import special


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LimitMetaAnalysis(Result):
    """Summary effect adjusted for small-study effects."""

    k: int
    estimate: float  #: expected effect of a study of infinite precision, slope + tau * bias
    se: float
    ci: Interval  #: normal
    p: float
    bias: float  #: intercept of the generalised radial plot: expected shift in standard errors
    slope: float  #: of the generalised radial plot
    tau2: float  #: of the random-effects model without bias
    q: float  #: heterogeneity, k - 1 degrees of freedom
    q_small: float  #: part explained by small-study effects, 1 degree of freedom
    q_small_p: float
    q_rest: float  #: part beyond small-study effects, k - 2 degrees of freedom
    q_rest_p: float
    g2: float  #: share of heterogeneity that small-study effects do not explain, 0 to 1
    shrunken: tuple[float, ...]  #: effects of the studies if each had infinite precision
    level: float

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] != "shrunken"]


def limit_meta_analysis(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str | float = "DL", level: float = 0.95
) -> LimitMetaAnalysis:
    """Adjust a random-effects meta-analysis for small-study effects.

    The model is y = beta + sqrt(v + tau2) (alpha + e): effects shift by alpha standard errors. The adjusted effect
    beta + tau alpha is that of a study with v = 0 (adjustment "beta0" of the publication) [1]_.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), k >= 3
        Effects on the working scale and their sampling variances; variances not all equal.
    tau2 : str or float
        Estimator of the variance between studies in the model without bias, or its known value.
    level : float

    Returns
    -------
    LimitMetaAnalysis

    Raises
    ------
    ValueError
        Fewer than three studies, variances all equal, or values that cannot be used.

    References
    ----------
    .. [1] Rücker G, Schwarzer G, Carpenter JR, Binder H, Schumacher M. Biostatistics 2011;12:122-142.
    """
    fraction("level", level)
    batch = kernel.read(yi, vi)
    if batch.axes or batch.y.shape[1] < 3:
        raise ValueError(f"the method needs one synthesis of at least three studies, not shape {np.shape(yi)}")
    y, v = batch.y[0], batch.v[0]
    t = float(summarise(y, v, tau2=tau2)["tau2"]) if isinstance(tau2, str) else known_tau2(tau2)
    tau, total = math.sqrt(t), np.sqrt(v + t)
    line = np.stack([np.ones(len(y)), total], axis=1)
    bias = fit(y, v, line, tau2=np.array([t]))
    fixed = fit(y, v, np.stack([np.ones(len(y)), np.sqrt(v)], axis=1), tau2="EE")
    if not (bias.rank_ok[0] and fixed.rank_ok[0]):
        raise ValueError("variances are all equal: no study is smaller than another, and nothing can be adjusted")
    beta, alpha = bias.beta[0]
    at_limit = np.array([1.0, tau])
    estimate = float(beta + tau * alpha)
    se = math.sqrt(at_limit @ bias.covariance[0] @ at_limit)
    half = float(special.ndtri(0.5 + level / 2.0)) * se
    q = float(kernel.mean(y - y[0], v, np.array(0.0)).q)
    q_rest = float(fixed.q[0])
    q_small = max(0.0, q - q_rest)
    shrunken = beta + np.sqrt(t / (v + t)) * (y - beta)
    return LimitMetaAnalysis(
        k=len(y),
        estimate=estimate,
        se=se,
        ci=Interval(estimate - half, estimate + half),
        p=float(2.0 * special.ndtr(-abs(estimate) / se)),
        bias=float(alpha),
        slope=float(beta),
        tau2=t,
        q=q,
        q_small=q_small,
        q_small_p=float(special.chdtrc(1, q_small)),
        q_rest=q_rest,
        q_rest_p=float(special.chdtrc(len(y) - 2, q_rest)),
        g2=_g2(shrunken, v) if t > 0 else 0.0,
        shrunken=tuple(shrunken.tolist()),
        level=level,
    )


def _g2(shrunken: np.ndarray, v: np.ndarray) -> float:
    """Return one minus the squared correlation of standardised shrunken effects and precisions."""
    x, z = 1.0 / np.sqrt(v), shrunken / np.sqrt(v)
    x, z = x - x.mean(), z - z.mean()
    spread = float(z @ z)
    if spread == 0.0:
        return 0.0
    rest = z - x * float(x @ z) / float(x @ x)
    return float(rest @ rest) / spread
