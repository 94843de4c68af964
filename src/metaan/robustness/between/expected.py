"""What one more study may be expected to do: unit normal loss, and the mean before the study is done."""

import math

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Floats
from metaan.terms.special import special

MANY = 1000  #: further studies beyond which none are counted


def unit_normal_loss(x: ArrayLike) -> Floats:
    """Return the expected excess of a standard normal variable over `x`: ``phi(x) - x (1 - Phi(x))``.

    References
    ----------
    .. [1] Raiffa H, Schlaifer R. Applied Statistical Decision Theory. 1961.

    Examples
    --------
    >>> unit_normal_loss([0.0, 1.0]).round(5).tolist()
    [0.39894, 0.08332]
    """
    x = np.asarray(x, dtype=float)
    return np.asarray(np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) - x * special.ndtr(-x))


def perfect_information(mean: ArrayLike, se: ArrayLike, threshold: ArrayLike) -> Floats:
    """Return the expected loss of deciding now: what knowing the true mean would be worth (EVPI).

    One acts if the mean lies beyond the threshold and does not if it falls short; whoever decides wrongly loses the
    distance of the true mean from the threshold. Then the loss is ``se L(|mean - threshold| / se)``, with the unit
    normal loss L [1]_, in units of the effect and for one decision.

    Parameters
    ----------
    mean, se : array_like
        Of the true mean as known now, normal, working scale.
    threshold : array_like
        Where the decision changes, working scale.

    References
    ----------
    .. [1] Wilson ECF. Pharmacoeconomics 2015;33:105-121.
    """
    mean, se, threshold = (np.asarray(value, dtype=float) for value in (mean, se, threshold))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(se > 0, se * unit_normal_loss(np.abs(mean - threshold) / se), 0.0)


def se_after(se: ArrayLike, tau2: ArrayLike, v: ArrayLike, studies: ArrayLike = 1) -> Floats:
    """Return the standard error of the mean after further studies: precisions add, ``1 / (tau2 + v)`` each.

    Parameters
    ----------
    se : array_like
        Now.
    tau2 : array_like
        Variance between studies, taken as known.
    v : array_like
        Sampling variance of each new study; 0 for one as large as can be.
    studies : array_like
        How many.
    """
    se, tau2, v, studies = (np.asarray(value, dtype=float) for value in (se, tau2, v, studies))
    own = (tau2 + v) / studies
    total = se * se + own
    return np.sqrt(np.divide(se * se * own, total, out=np.zeros(total.shape), where=total > 0))


def sample_information(
    mean: ArrayLike, se: ArrayLike, tau2: ArrayLike, v: ArrayLike, threshold: ArrayLike, studies: ArrayLike = 1
) -> Floats:
    """Return how much of the expected loss further studies take away (EVSI); never more than `perfect_information`.

    The mean after them is, before they are done, normal about the present one, with the variance by which they lessen
    its uncertainty; the rest is as in `perfect_information`.

    References
    ----------
    .. [1] Wilson ECF. Pharmacoeconomics 2015;33:105-121.
    """
    return perfect_information(mean, _gained(se, se_after(se, tau2, v, studies)), threshold)


def chance_to_settle(
    mean: ArrayLike,
    se: ArrayLike,
    tau2: ArrayLike,
    v: ArrayLike,
    threshold: ArrayLike,
    critical: ArrayLike,
    studies: ArrayLike = 1,
) -> Floats:
    """Return the chance that the interval after further studies leaves out the threshold, on either side of it.

    A new study's estimate is normal about the present mean with variance ``se^2 + tau2 + v``, so the mean after it is
    normal with variance ``se^2 - se_after^2``.

    Parameters
    ----------
    mean, se, tau2, v, threshold, studies
        As in `sample_information`.
    critical : array_like
        Quantile from which the interval after the studies is built.
    """
    mean, threshold, critical = (np.asarray(value, dtype=float) for value in (mean, threshold, critical))
    after = se_after(se, tau2, v, studies)
    gained = _gained(se, after)
    away, half = mean - threshold, critical * after
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = special.ndtr((away - half) / gained) + special.ndtr((-away - half) / gained)
    return np.where(gained > 0, chance, (np.abs(away) > half).astype(float))


def smallest_variance(
    mean: float, se: float, tau2: float, threshold: float, critical: float, chance: float
) -> float | None:
    """Return the largest sampling variance with which one more study settles the question with a chance.

    Parameters
    ----------
    mean, se, tau2, threshold, critical
        As in `chance_to_settle`.
    chance : float
        Between 0 and 1.

    Returns
    -------
    float or None
        None where no study can, however large: the spread between studies bounds what one adds.
    """

    def reached(v: float) -> bool:
        return bool(chance_to_settle(mean, se, tau2, v, threshold, critical) >= chance)

    if not reached(0.0):
        return None
    low, high = 1e-12 * se * se, 1e6 * (se * se + tau2)
    if not reached(low):
        return None  # one without end only
    if reached(high):
        return math.inf
    for _ in range(80):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if reached(middle) else (low, middle)
    return low


def studies_to_settle(
    mean: float, se: float, tau2: float, v: float, threshold: float, k: int, level: float, chance: float, t: bool
) -> int | None:
    """Return how many further studies settle the question with a chance, or None where 1,000 do not.

    Parameters
    ----------
    mean, se, tau2, v, threshold, chance
        As in `chance_to_settle`; `v` is 0 for studies as large as can be.
    k : int
        Studies now.
    level : float
        Of the interval.
    t : bool
        Whether it stands on t with one degree of freedom fewer than studies, or on the normal.
    """
    number = np.arange(1, MANY + 1)
    enough = chance_to_settle(mean, se, tau2, v, threshold, critical(k + number, level, t), number) >= chance
    return int(number[enough.argmax()]) if enough.any() else None


def critical(k: ArrayLike, level: float, t: bool) -> Floats:
    """Return the quantiles of the intervals of `k` studies: t on k - 1, or normal."""
    k = np.asarray(k, dtype=float)
    return quantile(level, k - 1.0 if t else np.full(k.shape, math.inf))


def _gained(se: ArrayLike, after: Floats) -> Floats:
    """Return the standard deviation of the mean that is to come."""
    return np.sqrt(np.maximum(np.asarray(se, dtype=float) ** 2 - after * after, 0.0))
