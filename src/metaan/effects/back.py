"""The mean of what studies would print, from a mean and a variance on the working scale."""

import math

import numpy as np

from metaan.terms.measures import MEASURES, Measure

_REACH, _STEP = 10.0, 1.0 / 16.0  #: standard deviations; the trapezoidal sum of a smooth function over them is exact


def mean_printed(measure: str | Measure, working: float, tau2: float, size: float | None = None) -> float:
    """Mean, over true effects that are normal on the working scale, of the effects on the printed scale.

    The back-transformed mean is the median of the printed effects; this is their mean, as of proportions pooled as
    logits.

    Parameters
    ----------
    measure : str or Measure
    working : float
        Mean of the true effects, working scale.
    tau2 : float
        Their variance, squared working scale.
    size : float, optional
        As for `Measure.printed`.

    Raises
    ------
    ValueError
        A variance that is negative or not finite, or a scale that needs `size`, without it.
    """
    m = MEASURES[measure] if isinstance(measure, str) else measure
    if not (math.isfinite(tau2) and tau2 >= 0):
        raise ValueError(f"tau2 must be zero or more, not {tau2!r}")
    if tau2 == 0 or m.scale == "linear":
        return m.printed(working, size)
    if m.scale == "log":
        return math.exp(working + tau2 / 2)
    z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    weights = np.exp(-(z**2) / 2)
    values = np.array([m.printed(working + math.sqrt(tau2) * float(each), size) for each in z])
    return float(weights @ values / weights.sum())
