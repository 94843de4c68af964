"""Robust variance estimation with the two working models of Hedges, Tipton and Johnson, without known covariances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel import model as mv
from metaan.pooling.multilevel.blocks import Integers
from metaan.pooling.multilevel.robust import Robust, cluster_robust
from metaan.pooling.multilevel.terms import number


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RobustMeta(Robust):
    """Synthesis or meta-regression by robust variance estimation, on the measure's working scale."""

    model: str  #: "correlated" or "hierarchical"
    tau2: float  #: variance between studies
    omega2: float  #: variance between effects of a study; NaN under "correlated"
    rho: float  #: correlation assumed between sampling errors of a study; NaN under "hierarchical"
    i2: float  #: percent, from Q and its expectation without heterogeneity; NaN under "hierarchical"
    weights: tuple[float, ...]  #: percent, in the order of the input


class _Sums(NamedTuple):
    """Sums over studies for one set of weights."""

    x: Floats  #: orthonormal columns
    q: Floats  #: (X'W X)^-1
    residual: Floats
    sx: Floats  #: sum of x over each study
    swx: Floats  #: sum of w x over each study


def robust_meta(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    *,
    model: str = "correlated",
    rho: float = 0.8,
    moderators: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> RobustMeta:
    """Robust variance estimation for several effects a study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    study : array_like, shape (k,)
        Labels of the studies.
    model : {"correlated", "hierarchical"}
        ``"correlated"``: effects of one study share people; each has the weight 1 / (n (mean(vi) + tau2)) with n
        effects in the study, tau2 by moments for an assumed correlation `rho`. ``"hierarchical"``: effects of one
        study are of different people; weights 1 / (vi + tau2 + omega2), both by moments.
    rho : float
        0 to 1; read under ``"correlated"`` only. The result hardly depends on it; try others.
    moderators, names, level
        As in `robust.cluster_robust`.

    Returns
    -------
    RobustMeta
        Standard errors and tests are CR2 with Satterthwaite's degrees of freedom, the working model being independent
        effects with the inverse weights as variances.

    Raises
    ------
    ValueError
        As `robust.cluster_robust`; unknown model; `rho` outside 0 to 1; or, under ``"hierarchical"``, no study with
        more than one effect.

    Notes
    -----
    Moment estimators set Q (and, under ``"hierarchical"``, the sum over studies of squared sums of residuals) equal to
    their expectations; negative values become zero, omega2 first.

    References
    ----------
    .. [1] Hedges LV, Tipton E, Johnson MC. Res Synth Methods 2010;1:39-65.
    .. [2] Tipton E. Psychol Methods 2015;20:375-393.
    """
    if model not in ("correlated", "hierarchical"):
        raise ValueError(f"model must be correlated or hierarchical, not {model!r}")
    if not 0.0 <= rho <= 1.0:
        raise ValueError(f"rho must lie between 0 and 1, not {rho!r}")
    y = mv.read_effects(yi)
    sampling = mv.read_sampling(vi, y.size)
    if sampling.value.size:
        raise ValueError("vi must hold variances only; with known covariances use pool_multilevel and robust")
    x, labels = mv.read_design(moderators, names, y.size)
    codes, levels = number(study, y.size, "study")
    if len(levels) <= x.shape[1]:
        raise ValueError(f"{len(levels)} studies cannot carry {x.shape[1]} coefficients")
    v = sampling.diagonal
    omega2 = i2 = float("nan")
    if model == "correlated":
        tau2, i2, mean_v = _correlated(y, v, x, codes, rho)
        variance = np.bincount(codes)[codes] * (mean_v + tau2)
    else:
        tau2, omega2 = _hierarchical(y, v, x, codes)
        variance = v + tau2 + omega2
    fit = cluster_robust(y, variance, codes, moderators=x, names=labels, level=level)
    weight = 1.0 / variance
    return RobustMeta(
        **{name: getattr(fit, name) for name in Robust.__dataclass_fields__},
        model=model,
        tau2=tau2,
        omega2=omega2,
        rho=rho if model == "correlated" else float("nan"),
        i2=i2,
        weights=tuple((100.0 * weight / weight.sum()).tolist()),
    )


def _sums(y: Floats, x: Floats, w: Floats, codes: Integers) -> _Sums:
    basis, _ = np.linalg.qr(x / np.abs(x).max(axis=0))
    q = np.linalg.inv(basis.T @ (w[:, None] * basis))
    m = int(codes.max()) + 1
    sx, swx = np.zeros((m, x.shape[1])), np.zeros((m, x.shape[1]))
    np.add.at(sx, codes, basis)
    np.add.at(swx, codes, w[:, None] * basis)
    return _Sums(basis, q, y - basis @ (q @ (basis.T @ (w * y))), sx, swx)


def _correlated(y: Floats, v: Floats, x: Floats, codes: Integers, rho: float) -> tuple[float, float, Floats]:
    """Return tau2, I2 and each effect's mean variance of its study (Hedges, Tipton and Johnson 2010, eq. 15)."""
    n = np.bincount(codes)
    mean_v = np.bincount(codes, v) / n
    ws = 1.0 / (n * mean_v)
    w = ws[codes]
    at = _sums(y, x, w, codes)
    alone = float(np.sum(at.q * (at.x.T @ ((w / n[codes])[:, None] * at.x))))
    together = float(np.sum(at.q * (at.sx.T @ ((ws / n)[:, None] * at.sx))))
    expected = n.size - alone - rho * (together - alone)
    q = float(np.sum(w * at.residual**2))
    slope = float(np.sum(n * ws)) - float(np.sum(at.q * (at.sx.T @ (ws[:, None] ** 2 * at.sx))))
    tau2 = max(0.0, (q - expected) / slope)
    return tau2, 100.0 * max(0.0, 1.0 - expected / q) if q > 0 else 0.0, mean_v[codes]


def _hierarchical(y: Floats, v: Floats, x: Floats, codes: Integers) -> tuple[float, float]:
    """Return tau2 and omega2: two quadratic forms of the residuals are linear in them on average."""
    n = np.bincount(codes)
    if (n == 1).all():
        raise ValueError("every study has one effect, so the two variances cannot be told apart; use pool")
    unit = float(np.median(v))  # so that the two equations weigh alike
    v, y = v / unit, y / unit**0.5
    w = 1.0 / v
    at = _sums(y, x, w, codes)
    k, p = x.shape
    xx, ww, wx = at.sx.T @ at.sx, at.swx.T @ at.swx, at.swx.T @ at.sx
    w2 = at.x.T @ ((w**2)[:, None] * at.x)
    own = np.einsum("jp,pq,jq->j", at.sx, at.q, at.swx)
    forms = np.array(
        [
            [
                float(np.sum(n**2) - 2.0 * np.sum(n * own) + np.trace(at.q @ xx @ at.q @ ww)),
                float(k - 2.0 * np.trace(at.q @ wx) + np.trace(at.q @ xx @ at.q @ w2)),
            ],
            [float(w.sum() - np.trace(at.q @ ww)), float(w.sum() - np.trace(at.q @ w2))],
        ]
    )
    none = np.array([float(v.sum() - np.trace(at.q @ xx)), float(k - p)])
    sums = np.bincount(codes, at.residual)
    found = np.array([float(sums @ sums), float(np.sum(w * at.residual**2))])
    omega2 = max(0.0, float(np.linalg.solve(forms, found - none)[1]))
    tau2 = max(0.0, float((found[1] - none[1] - forms[1, 1] * omega2) / forms[1, 0]))
    return tau2 * unit, omega2 * unit
