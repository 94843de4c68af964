"""Fixed weights with a variance that admits heterogeneity: the IVhet and the quality effects model."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.pool import pool
from metaan.terms.records import Pooled


def ivhet(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | ArrayLike = "DL",
    level: float = 0.95,
    mask: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> Pooled:
    """Pool by the inverse variance heterogeneity (IVhet) model.

    Studies have the weights p of the common-effect model, 1 / v; the variance of the mean is sum(p^2 (v + tau2)), so
    that it admits heterogeneity although the weights do not.

    Parameters
    ----------
    yi, vi, level, mask, labels
        As in `pool`.
    tau2 : str or array_like
        Estimator or value of tau2; the publication takes DerSimonian and Laird's, package meta that of the
        random-effects model (``"REML"`` unless said otherwise).

    Returns
    -------
    Pooled
        With the Wald interval and no prediction interval. ``method["weights"]`` is "IVhet".

    References
    ----------
    .. [1] Doi SAR et al. Contemp Clin Trials 2015;45:130-138.
    """
    return quality_effects(yi, vi, None, tau2=tau2, level=level, mask=mask, labels=labels)


def quality_effects(
    yi: ArrayLike,
    vi: ArrayLike | None,
    quality: ArrayLike | None,
    *,
    tau2: str | ArrayLike = "DL",
    level: float = 0.95,
    mask: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> Pooled:
    """Pool by the quality effects model: weight that studies of low quality lose is spread over all by quality.

    Parameters
    ----------
    yi, vi, level, mask, labels
        As in `pool`; `vi` may be None where `yi` is a table.
    quality : array_like, shape (..., k), or None
        Score of each study, zero or above, on any scale: only its ratio to the best study of the synthesis counts.
        None is the same quality everywhere, which is the IVhet model.
    tau2 : str or array_like
        Estimator or value of tau2 in the variance.

    Returns
    -------
    Pooled
        With the Wald interval and no prediction interval. ``method["weights"]`` is "quality effects".

    Raises
    ------
    ValueError
        As `pool`; scores that are negative, not finite, or zero for every study of a synthesis.

    Notes
    -----
    With w = 1 / v and q the score over the largest, a study keeps q w of its weight. What all of them lose,
    sum(w (1 - q)), is given back in the proportions q / sum(q): the weight is q (w + sum(w (1 - q)) / sum(q)), and the
    sum of the weights stays sum(w). The variance of the mean is sum(p^2 (v + tau2)), p the shares.

    References
    ----------
    .. [1] Doi SAR, Thalib L. Epidemiology 2008;19:94-100.
    .. [2] Doi SAR et al. Contemp Clin Trials 2015;45:123-129.
    """
    y, v, names = kernel.tidy(yi, vi, labels)
    batch = kernel.read(y, v, mask, names)
    shape = (*batch.axes, batch.y.shape[1])
    takes = np.ones(batch.y.shape, dtype=bool) if batch.mask is None else batch.mask
    w = np.divide(1.0, batch.v, out=np.zeros(batch.y.shape), where=takes)
    label = "IVhet"
    if quality is not None:
        label = "quality effects"
        w = _redistribute(w, _scores(quality, shape, takes))
    found = pool(
        y,
        v,
        tau2=tau2,
        interval="Wald",
        prediction=None,
        level=level,
        mask=takes.reshape(shape),
        weights=np.where(takes, w, 0.0).reshape(shape),
        labels=names,
    )
    method: dict[str, Any] = found.method | {"weights": label}
    return replace(found, method=method)


def _scores(quality: ArrayLike, shape: tuple[int, ...], takes: Any) -> Any:
    scores = np.asarray(quality, dtype=float)
    try:
        scores = np.broadcast_to(scores, shape).reshape(takes.shape)
    except ValueError:
        raise ValueError(f"quality must hold one score a study: shape {shape}, not {scores.shape}") from None
    bad = takes & ~(np.isfinite(scores) & (scores >= 0))
    if bad.any():
        places = ", ".join(str(int(place)) for place in np.flatnonzero(bad.any(axis=0))[:10])
        raise ValueError(f"quality scores must be finite and not negative: at position {places}")
    best = np.where(takes, scores, 0.0).max(axis=1, keepdims=True)
    if (takes.any(axis=1) & (best[:, 0] == 0)).any():
        raise ValueError("quality scores are zero for every study: one at least must be above zero")
    return np.divide(np.where(takes, scores, 0.0), best, out=np.zeros(takes.shape), where=best > 0)


def _redistribute(w: Any, q: Any) -> Any:
    lost = (w * (1.0 - q)).sum(axis=1, keepdims=True)
    total = q.sum(axis=1, keepdims=True)
    return q * (w + np.divide(lost, total, out=np.zeros_like(lost), where=total > 0))
