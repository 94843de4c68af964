"""E-values: how strong an unmeasured confounder would have to be to explain an effect, on the scale of risk ratios."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.robustness.between.published import NORMAL
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

COMMON = 0.15  #: risk above which an outcome is common: odds and hazard ratios no longer stand for risk ratios
RATIOS = frozenset(["RR", "IRR", "MPRR"])
ODDS = frozenset(["OR", "PETO", "MPOR", "MPORC", "MPPETO"])
STANDARDISED = frozenset(["SMD", "SMDH", "SMD1", "SMD1H"])
SMD_SLOPE, SMD_HALF = 0.91, 1.78  #: exp(0.91 d), limits exp(0.91 d +- 1.78 se); 1.78 stands for 0.91 times 1.96
LN2 = math.log(2.0)
AS_IT_IS = "taken as it is"


class ToRiskRatio(NamedTuple):
    """The way from an effect on its working scale to the log risk ratio."""

    words: str  #: the conversion, in words
    slope: float | None  #: log risk ratio per unit; None for the hazard ratio of a common outcome
    half: float = 1.0  #: what half the width of an interval is multiplied by beyond `slope`

    def log(self, working: ArrayLike) -> NDArray[np.float64]:
        """Return the log risk ratio."""
        y = np.asarray(working, dtype=float)
        if self.slope is not None:
            return np.asarray(self.slope * y)
        up, down = np.exp(y / 2.0), np.exp(-y / 2.0)
        return np.asarray(np.log(np.expm1(-LN2 * up) / np.expm1(-LN2 * down)))

    def rate(self, working: float) -> float:
        """Return by how much the log risk ratio grows with the effect."""
        if self.slope is not None:
            return self.slope
        up, down = math.exp(working / 2.0), math.exp(-working / 2.0)
        return LN2 / 2.0 * (up / math.expm1(LN2 * up) + down / math.expm1(LN2 * down))

    def back(self, log_ratio: float) -> float:
        """Return the effect that has a log risk ratio."""
        if self.slope is not None:
            return log_ratio / self.slope
        y = log_ratio / LN2
        for _ in range(50):  # convex on either side of 0, so that Newton's steps close in from one side
            step = (float(self.log(y)) - log_ratio) / self.rate(y)
            y -= step
            if abs(step) <= 1e-13 * max(1.0, abs(y)):
                break
        return y


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EValue(Result):
    """E-values of an estimate and of the limit of its interval nearest no effect."""

    ratio: float  #: risk ratio that the estimate stands for
    limit: float  #: risk ratio of the limit nearest the value that is to be reached; NaN where no limit was given
    e_value: float
    e_limit: float  #: 1 where the interval includes the value to be reached; NaN where no limit was given
    conversion: str  #: how the effect became a risk ratio, in words


def conversion(measure: str, common: bool) -> ToRiskRatio | None:
    """Return how an effect becomes a risk ratio; None where no way is known.

    Parameters
    ----------
    measure : str
        Key of `terms.measures.MEASURES`.
    common : bool
        Whether more than 15 % of people have the outcome, at the end of the follow-up.

    References
    ----------
    .. [1] VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274, table 2.
    """
    if measure in RATIOS:
        return ToRiskRatio(AS_IT_IS, 1.0)
    if measure in ODDS:
        rare = ToRiskRatio("odds ratio of a rare outcome, taken as a risk ratio", 1.0)
        return ToRiskRatio("square root of the odds ratio of a common outcome", 0.5) if common else rare
    if measure == "HR":
        rare = ToRiskRatio("hazard ratio of a rare outcome, taken as a risk ratio", 1.0)
        words = "hazard ratio of a common outcome, (1 − 0.5^√HR) ÷ (1 − 0.5^√(1/HR))"
        return ToRiskRatio(words, None) if common else rare
    if measure in STANDARDISED:
        words = "standardised mean difference d, exp(0.91 d)"
        return ToRiskRatio(words, SMD_SLOPE, SMD_HALF / (SMD_SLOPE * NORMAL))
    return None


def e_value(ratio: ArrayLike, *, true: float = 1.0) -> NDArray[np.float64]:
    """E-value of a risk ratio.

    The smallest risk ratio that an unmeasured confounder must have with the factor and with the outcome alike, beyond
    what was adjusted for, to make a true risk ratio of `true` look like `ratio`: E = R + sqrt(R (R - 1)) with R the
    larger of their quotients [1]_. A weaker confounder cannot; a stronger one could, not must.

    Parameters
    ----------
    ratio : array_like
        Risk ratios above 0.
    true : float
        Risk ratio to be reached; no effect unless given.

    Returns
    -------
    ndarray
        1 or above, the shape of `ratio`.

    Raises
    ------
    ValueError
        A ratio that is not above 0.

    References
    ----------
    .. [1] VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274.

    Examples
    --------
    >>> round(float(e_value(1.5)), 2)
    2.37
    """
    r = numbers("risk ratios", ratio)
    if not (r[~np.isnan(r)] > 0).all() or not true > 0:
        raise ValueError("a risk ratio must be above 0")
    away = np.maximum(r / true, true / r)
    return np.asarray(away + np.sqrt(away * (away - 1.0)))


def bias_factor(strength: ArrayLike) -> NDArray[np.float64]:
    """Most that a confounder with one risk ratio for factor and outcome can do: g^2 / (2 g - 1); undoes `e_value`."""
    g = np.asarray(strength, dtype=float)
    return np.asarray(g * g / (2.0 * g - 1.0))


def converted(measure: str, estimate: float, ci: Interval | None, *, common: bool, true: float = 0.0) -> EValue | None:
    """E-values of an effect and its interval on the working scale of a measure; None where it has no risk ratio.

    Limits of a standardised mean difference are exp(0.91 d +- 1.78 se) for a Wald interval of 95 %; other intervals are
    stretched alike.

    Parameters
    ----------
    measure : str
        Key of `terms.measures.MEASURES`.
    estimate : float
        Working scale.
    ci : Interval or None
        Its limits, working scale.
    common : bool
        Whether more than 15 % of people have the outcome.
    true : float
        Effect to be reached, working scale.
    """
    to = conversion(measure, common)
    if to is None:
        return None
    aim = math.exp(float(to.log(true)))
    ratio = math.exp(float(to.log(estimate)))
    found = float(e_value(ratio, true=aim))
    near = math.inf if ci is None else (ci.low if estimate > true else ci.high)
    if ci is None or math.isinf(near):
        return EValue(ratio=ratio, limit=math.nan, e_value=found, e_limit=math.nan, conversion=to.words)
    limit = math.exp(float(to.log(estimate + (near - estimate) * to.half)))
    open_ = ci.low <= true <= ci.high or (limit - aim) * (ratio - aim) <= 0
    e_limit = 1.0 if open_ else float(e_value(limit, true=aim))
    return EValue(ratio=ratio, limit=limit, e_value=found, e_limit=e_limit, conversion=to.words)


def e_values(
    estimate: float,
    low: float | None = None,
    high: float | None = None,
    *,
    measure: str = "RR",
    common: bool = False,
    se: float | None = None,
    true: float | None = None,
) -> EValue:
    """E-values of an effect as it is printed, and of the limit of its interval nearest no effect.

    Parameters
    ----------
    estimate, low, high : float
        Ratios as printed (not their logarithms), or a standardised mean difference; one limit may be missing.
    measure : str
        ``"RR"``, ``"IRR"``, ``"OR"``, ``"HR"``, ``"SMD"`` or another whose way to a risk ratio is known.
    common : bool
        Whether more than 15 % of people have the outcome: then odds and hazard ratios are converted.
    se : float, optional
        Standard error of a standardised mean difference, in place of limits: exp(0.91 d +- 1.78 se).
    true : float, optional
        Effect to be reached, as printed; no effect unless given.

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        A measure without a way to the risk ratio, a ratio not above 0, or an estimate outside its limits.

    References
    ----------
    .. [1] VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274.

    Examples
    --------
    >>> found = e_values(3.9, 1.8, 8.7)
    >>> round(found.e_value, 2), round(found.e_limit, 2)
    (7.26, 3.0)
    """
    if conversion(measure, common) is None:
        raise ValueError(f"an effect of measure {measure!r} has no way to a risk ratio")
    if se is not None and (measure not in STANDARDISED or low is not None or high is not None):
        raise ValueError("a standard error goes with a standardised mean difference, in place of limits")
    if measure in STANDARDISED:
        if se is not None:
            low, high = estimate - NORMAL * se, estimate + NORMAL * se
        y, aim, bottom, top = estimate, true or 0.0, low, high
    else:
        if not all(value is None or value > 0 for value in (estimate, low, high, true)):
            raise ValueError("a ratio must be above 0")
        y, aim = math.log(estimate), math.log(true or 1.0)
        bottom, top = (None if limit is None else math.log(limit) for limit in (low, high))
    ci = None
    if bottom is not None or top is not None:
        ci = Interval(-math.inf if bottom is None else bottom, math.inf if top is None else top)
        if not ci.low <= y <= ci.high:
            raise ValueError(f"the estimate {estimate:g} lies outside its limits")
    found = converted(measure, y, ci, common=common, true=aim)
    assert found is not None
    return found


def e_values_of_counts(a: int, b: int, c: int, d: int, *, level: float = 0.95) -> EValue:
    """E-values of the risk difference of one 2x2 table.

    No bias factor below the observed risk ratio can bring the difference to 0. For the limit, the factor at which the
    lower limit of the difference, standardised to all people and corrected by that factor, reaches 0 [1]_.

    Parameters
    ----------
    a, b, c, d : int
        Events and no events with the factor, events and no events without.
    level : float

    Returns
    -------
    EValue

    Raises
    ------
    ValueError
        Negative counts, an empty group, or a group without events.

    References
    ----------
    .. [1] Ding P, VanderWeele TJ. Epidemiology 2016;27:368-377.
    """
    fraction("level", level)
    if min(a, b, c, d) < 0 or not (a and c):
        raise ValueError("counts must not be negative, and each group needs an event")
    if a * (c + d) < c * (a + b):  # a factor that lowers the risk: its absence raises it
        a, b, c, d = c, d, a, b
    n1, n0 = a + b, c + d
    p1, p0, f = a / n1, c / n0, n1 / (n1 + n0)
    v1, v0, vf = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0, f * (1 - f) / (n1 + n0)
    z = float(special.ndtri(0.5 + 0.5 * level))

    def lower(factor: float) -> float:
        spread = f + (1 - f) / factor
        excess = p1 - p0 * factor
        se = math.sqrt((v1 + v0 * factor**2) * spread**2 + excess**2 * (1 - 1 / factor) ** 2 * vf)
        return excess * spread - z * se

    ratio = p1 / p0
    limit = _root(lower, 1.0, ratio) if lower(1.0) > 0 else 1.0
    found, e_limit = (float(e_value(r)) for r in (ratio, limit))
    words = "risk difference, by the risk ratio of its counts"
    return EValue(ratio=ratio, limit=limit, e_value=found, e_limit=e_limit, conversion=words)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return 0.5 * (low + high)
