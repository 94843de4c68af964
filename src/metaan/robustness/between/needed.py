"""Confounding in a whole meta-analysis: what it leaves of the effects that matter, and how strong it must be."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.robustness.between.e_values import conversion, e_value
from metaan.robustness.between.meaningful import ShareBeyond, share_beyond
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

SHARE = 0.1  #: share of meaningful effects that confounding must bring them under


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConfoundingNeeded(Result):
    """Confounding that leaves no more than a share of true effects beyond a threshold."""

    bias_factor: float  #: by which confounding must shift every risk ratio; 1 where the share is that small as it is
    bias_factor_se: float | None
    bias_factor_ci: Interval | None
    strength: float  #: risk ratio of the confounder with factor and with outcome that can do so
    strength_se: float | None
    strength_ci: Interval | None


def confounded_share(
    mu: float,
    se: float,
    tau2: float,
    se_tau2: float | None,
    q: float,
    *,
    bias: float = 1.0,
    bias_sd: float = 0.0,
    above: bool | None = None,
    level: float = 0.95,
) -> ShareBeyond:
    """Share of true effects beyond a threshold after confounding; log risk ratios throughout.

    Parameters
    ----------
    mu, se, tau2, se_tau2, q, above, level
        See `share_beyond`.
    bias : float
        Factor by which confounding moved the risk ratios away from no effect, on average.
    bias_sd : float
        Standard deviation of its logarithm between studies; its square must stay below tau2.

    Raises
    ------
    ValueError
        A factor below 1, or bias more spread than the effects.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. J Am Stat Assoc 2020;115:163-172.

    Examples
    --------
    >>> found = confounded_share(-0.1931, 0.0882, 0.0973, 0.0505, math.log(0.9), bias=1.3, bias_sd=0.2)
    >>> round(found.share, 2)
    0.23
    """
    if not bias >= 1.0:
        raise ValueError(f"a bias factor must be 1 or above, not {bias!r}")
    true = mu - math.copysign(math.log(bias), mu)
    return share_beyond(true, se, _left(tau2, bias_sd), se_tau2, q, above=above, level=level)


def _left(tau2: float, bias_sd: float) -> float:
    """Return the variance of the true effects where part of that between studies is bias."""
    if bias_sd and not 0.0 < bias_sd**2 < tau2:
        raise ValueError("bias must vary less between studies than their effects: bias_sd squared below tau2")
    return tau2 - bias_sd**2


def confounding_needed(
    mu: float,
    se: float,
    tau2: float,
    se_tau2: float | None,
    q: float,
    *,
    share: float = SHARE,
    bias_sd: float = 0.0,
    above: bool | None = None,
    measure: str = "RR",
    common: bool = False,
    level: float = 0.95,
) -> ConfoundingNeeded:
    """Confounding that brings the share of true effects beyond a threshold under a bound.

    Parameters
    ----------
    mu, se : float
        Mean of the effects on the working scale of `measure`, and its standard error.
    tau2, se_tau2 : float
        Their variance and its standard error; None where there is none.
    q : float
        Effect that matters, working scale.
    share : float
        The bound r, 0 to 1.
    bias_sd : float
        Standard deviation of the bias between studies on the working scale; 0: confounding is alike in all.
    above : bool, optional
        Count effects above `q` or below it; as for `share_beyond` unless given.
    measure, common : str, bool
        Key of `terms.measures.MEASURES`; whether the outcome is common: see `e_values.conversion`.
    level : float
        Of the Wald intervals, cut at 1.

    Returns
    -------
    ConfoundingNeeded
        Of effects above q that are log risk ratios: T = exp(mu + z(1 - r) tau - q), where the square of `bias_sd` is
        taken from tau2, with standard error T sqrt(se^2 + se_tau2^2 z^2 / (4 tau2)), and the strength
        G = T + sqrt(T (T - 1)), with standard error that of T times 1 + (2 T - 1) / (2 sqrt(T (T - 1))) [1]_. Other
        measures are converted at both ends of that distance.
        No interval where T is 1, or tau2 or its standard error is missing.

    Raises
    ------
    ValueError
        A measure without a way to the risk ratio, or numbers that `share_beyond` refuses.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. J Am Stat Assoc 2020;115:163-172.

    Examples
    --------
    >>> found = confounding_needed(-0.1931, 0.0882, 0.0973, 0.0505, math.log(0.9))
    >>> round(found.bias_factor, 2), round(found.strength, 2)
    (1.63, 2.64)
    """
    fraction("share", share)
    tau2 = _left(tau2, bias_sd)
    share_beyond(mu, se, tau2, se_tau2, q, level=level)  # refuses what cannot be
    to = conversion(measure, common)
    if to is None:
        raise ValueError(f"an effect of measure {measure!r} has no way to a risk ratio")
    up = counts_above(mu, q) if above is None else above
    side, z = (1.0 if up else -1.0), float(special.ndtri(1.0 - share))
    last = mu + side * z * math.sqrt(tau2)  # the effect that has to be brought to q
    factor = math.exp(max(0.0, side * float(to.log(last) - to.log(q))))
    strength = float(e_value(factor))
    if factor == 1.0 or tau2 == 0.0 or se_tau2 is None:
        return ConfoundingNeeded(
            bias_factor=factor,
            bias_factor_se=None,
            bias_factor_ci=None,
            strength=strength,
            strength_se=None,
            strength_ci=None,
        )
    own = factor * to.rate(last) * math.hypot(se, 0.5 * se_tau2 * z / math.sqrt(tau2))
    of_strength = own * (1.0 + (2.0 * factor - 1.0) / (2.0 * math.sqrt(factor * (factor - 1.0))))
    half = float(special.ndtri(0.5 + 0.5 * level))
    return ConfoundingNeeded(
        bias_factor=factor,
        bias_factor_se=own,
        bias_factor_ci=Interval(max(1.0, factor - half * own), factor + half * own),
        strength=strength,
        strength_se=of_strength,
        strength_ci=Interval(max(1.0, strength - half * of_strength), strength + half * of_strength),
    )


def counts_above(mu: float, q: float) -> bool:
    """Tell whether effects above a threshold count, those below it otherwise, as `share_beyond` takes it."""
    return q > 0.0 or (q == 0.0 and mu > 0.0)


def counted_strength(
    effects: ArrayLike,
    q: float,
    *,
    share: float = SHARE,
    above: bool | None = None,
    measure: str = "RR",
    common: bool = False,
) -> float:
    """Strength of confounding, alike in all studies, that leaves no more than a share of effects beyond a threshold.

    Parameters
    ----------
    effects : array_like, shape (k,)
        Calibrated effects of the studies, working scale; see `calibrated`.
    q, share, above, measure, common
        See `confounding_needed`.

    Returns
    -------
    float
        Risk ratio of the confounder with factor and outcome, 1 where the share is that small as it is. All but
        `share` times k effects, rounded down, are brought to the threshold.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. Epidemiology 2020;31:356-358.
    """
    fraction("share", share)
    y = np.sort(numbers("effects", effects))
    to = conversion(measure, common)
    if to is None:
        raise ValueError(f"an effect of measure {measure!r} has no way to a risk ratio")
    up = counts_above(float(np.median(y)), q) if above is None else above
    stays = math.floor(share * len(y) + 1e-9)
    last = float(y[len(y) - 1 - stays] if up else y[stays])
    side = 1.0 if up else -1.0
    return float(e_value(math.exp(max(0.0, side * float(to.log(last) - to.log(q))))))
