"""Share of true effects beyond a threshold without a shape for them: calibrated estimates and their bootstrap."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Floats
from metaan.pooling.pool import summarise
from metaan.robustness.refit import estimator, studies
from metaan.terms.given import fraction
from metaan.terms.records import Interval
from metaan.terms.special import special

SAMPLES = 2000
SEED = 0


class CalibratedShare(NamedTuple):
    """Share of calibrated estimates beyond a threshold."""

    number: int  #: studies whose calibrated estimate lies beyond it
    share: float  #: number / k
    ci: Interval | None  #: bootstrap, bias-corrected and accelerated; None where all or no samples lie below the share
    mean: float  #: of the shares in the bootstrap samples: far from `share`, the share is biased


def calibrated(y: Floats, v: Floats, mean: Floats | float, tau2: Floats | float) -> Floats:
    """Study effects drawn towards the mean until they vary as the true effects are estimated to vary.

    Parameters
    ----------
    y, v : ndarray, shape (..., k)
        Effects on the working scale and their sampling variances.
    mean, tau2 : float or ndarray, shape (...)
        Mean and variance of the true effects.

    Returns
    -------
    ndarray, shape (..., k)
        mean + sqrt(tau2 / (tau2 + v)) (y - mean).

    References
    ----------
    .. [1] Wang CC, Lee WC. Res Synth Methods 2019;10:255-266.
    """
    middle, between = np.asarray(mean)[..., None], np.asarray(tau2)[..., None]
    return np.asarray(middle + np.sqrt(between / (between + v)) * (y - middle))


def calibrated_shares(
    y: Floats,
    v: Floats,
    thresholds: tuple[tuple[float, bool], ...],
    *,
    tau2: str = "DL",
    level: float = 0.95,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> tuple[CalibratedShare, ...]:
    """Share of calibrated estimates beyond each of some thresholds, with bootstrap intervals.

    Studies are drawn with replacement; mean, tau2 and calibrated estimates are computed anew in each sample, all of
    them in one batch.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        At least three studies.
    thresholds : tuple of (float, bool)
        Threshold on the working scale, and whether effects above it count (True) or below.
    tau2 : str
        Estimator, as in `pool`. The sources use ``"DL"``.
    level : float
        Of the intervals.
    samples, seed : int
        Of the bootstrap; the same samples serve all thresholds.

    Returns
    -------
    tuple of CalibratedShare
        One a threshold. The interval is BCa as R's ``boot.ci`` computes it: samples strictly below the share give the
        bias correction, a regression of the shares on how often each study was drawn gives the acceleration.

    Raises
    ------
    ValueError
        Fewer than three studies, an estimator without variance between studies, or a level outside 0 to 1.

    References
    ----------
    .. [1] Wang CC, Lee WC. Res Synth Methods 2019;10:255-266.
    .. [2] Mathur MB, VanderWeele TJ. Epidemiology 2020;31:356-358.
    .. [3] Efron B. J Am Stat Assoc 1987;82:171-185.
    .. [4] Davison AC, Hinkley DV. Bootstrap Methods and their Application. Cambridge University Press, 1997, ch. 5.
    """
    y, v, _ = studies(y, v, None, 3)
    if estimator(tau2) in ("EE", "FE"):
        raise ValueError(f"true effects do not differ under {tau2}: there is no share of them to estimate")
    fraction("level", level)
    if samples < 100:
        raise ValueError(f"samples must be at least 100, not {samples!r}")
    k = y.size
    chosen = np.random.default_rng(seed).integers(0, k, (samples, k))
    whole = calibrated(y, v, *_fitted(y, v, tau2))
    drawn = calibrated(y[chosen], v[chosen], *_fitted(y[chosen], v[chosen], tau2))
    times = np.zeros((samples, k))
    np.add.at(times, (np.arange(samples)[:, None], chosen), 1.0)
    found = []
    for q, above in thresholds:
        number = int(((whole > q) if above else (whole < q)).sum())
        shares = ((drawn > q) if above else (drawn < q)).mean(axis=1)
        ci = _bca(number / k, shares, times, level)
        found.append(CalibratedShare(number, number / k, ci, float(shares.mean())))
    return tuple(found)


def _fitted(y: Floats, v: Floats, tau2: str) -> tuple[Floats, Floats]:
    fit = summarise(y, v, tau2=tau2)
    return fit["estimate"], fit["tau2"]


def _bca(value: float, drawn: Floats, times: Floats, level: float) -> Interval | None:
    """Return the bias-corrected and accelerated interval of `value` from its bootstrap values."""
    below = float((drawn < value - 1e-9).mean())  # shares are whole numbers over k: anything nearer is a tie
    if not 0.0 < below < 1.0:
        return None
    pull = _influence(drawn, times)
    squares = float((pull**2).sum())
    acceleration = float((pull**3).sum()) / (6.0 * squares**1.5) if squares > 0 else 0.0
    shift = float(special.ndtri(below))
    z = shift + special.ndtri(np.array([0.5 - level / 2.0, 0.5 + level / 2.0]))
    tails: NDArray[np.float64] = special.ndtr(shift + z / (1.0 - acceleration * z))
    low, high = np.quantile(drawn, tails, method="weibull")
    return Interval(float(low), float(high))


def _influence(drawn: Floats, times: Floats) -> Floats:
    """Return the empirical influence of each study: slopes of a regression on the shares of draws, their mean zero."""
    n, k = times.shape
    design = np.column_stack([np.ones(n), times[:, 1:] / k])
    slopes = np.linalg.solve(design.T @ design, design.T @ drawn)
    pull = np.concatenate([[0.0], slopes[1:]])
    return np.asarray(pull - pull.mean())
