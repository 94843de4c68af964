"""From one scale to another; every conversion is an assumption and has to be declared by the review."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.continuous import standardised

Floats = NDArray[np.float64]

LOGISTIC = math.pi / math.sqrt(3.0)  #: standard deviation of the standard logistic distribution


def log_or_to_smd(y: ArrayLike, v: ArrayLike) -> Effects:
    """Standardised mean difference ln(OR) sqrt(3) / pi, of a logistic variable cut in two.

    References
    ----------
    .. [1] Hasselblad V, Hedges LV. Psychol Bull 1995;117:167-178.
    """
    return Effects(np.asarray(y, dtype=float) / LOGISTIC, np.asarray(v, dtype=float) / LOGISTIC**2)


def smd_to_log_or(y: ArrayLike, v: ArrayLike) -> Effects:
    """Log odds ratio SMD pi / sqrt(3); the inverse of `log_or_to_smd`."""
    return Effects(np.asarray(y, dtype=float) * LOGISTIC, np.asarray(v, dtype=float) * LOGISTIC**2)


def t_to_g(t: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Effects:
    """Hedges' g from the t of a two-sample test with equal variances: d = t sqrt(1/n1 + 1/n2).

    Raises
    ------
    ValueError
        Groups of less than one.
    """
    t, n1, n2 = (np.asarray(value, dtype=float) for value in (t, n1, n2))
    if (n1 < 1).any() or (n2 < 1).any():
        raise ValueError("each group must hold at least one person")
    return standardised(t * np.sqrt(1.0 / n1 + 1.0 / n2), n1, n2)


def log_rr_to_log_or(log_rr: ArrayLike, baseline_risk: float) -> Floats:
    """Log odds ratio that a log risk ratio means where the unexposed have `baseline_risk`.

    Monotone: use it for the estimate and for each limit of its interval.

    Parameters
    ----------
    log_rr : array_like
    baseline_risk : float
        Risk without the factor, 0 < risk < 1; with its source in the protocol.

    Raises
    ------
    ValueError
        A risk outside 0 to 1, or a risk ratio that would take the exposed to a risk of 1 or more.
    """
    _risk(baseline_risk)
    rr = np.exp(np.asarray(log_rr, dtype=float))
    exposed = rr * baseline_risk
    if (exposed >= 1).any():
        raise ValueError(
            f"a risk ratio of {float(rr.max()):g} and a risk of {baseline_risk:g} give the exposed a risk above 1"
        )
    return np.log(rr) + np.log1p(-baseline_risk) - np.log1p(-exposed)


def log_or_to_log_rr(log_or: ArrayLike, baseline_risk: float) -> Floats:
    """Log risk ratio that a log odds ratio means where the unexposed have `baseline_risk`; inverse of the above."""
    _risk(baseline_risk)
    log_or = np.asarray(log_or, dtype=float)
    return log_or - np.log1p(baseline_risk * np.expm1(log_or))


def _risk(risk: float) -> None:
    if not 0.0 < risk < 1.0:
        raise ValueError(f"a baseline risk lies between 0 and 1, not {risk!r}")
