"""Optimal information size: how many people one trial or study of the question would need, to hold a body against."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from metaan.terms.records import Record

ALPHA, POWER = 0.05, 0.8  #: two-sided error and power where nothing else is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationSize(Record):
    """People needed in all, and what it was computed from."""

    total: float  #: people in all, not rounded
    formula: str
    inputs: dict[str, float] = field(default_factory=dict)

    @property
    def people(self) -> int:
        """People in all."""
        return math.ceil(self.total)

    @property
    def per_group(self) -> int:
        """People in each of two groups of one size."""
        return math.ceil(self.total / 2)

    def adjusted(self, heterogeneity: float) -> float:
        """Return the total divided by 1 - `heterogeneity`; see `heterogeneity_adjusted`."""
        return heterogeneity_adjusted(self.total, heterogeneity)


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha and power must lie between 0 and 1, not {alpha} and {power}")
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)


def two_risks(
    risk_1: float, risk_2: float, *, alpha: float = ALPHA, power: float = POWER, average: bool = False
) -> InformationSize:
    """Return the people needed to tell two risks apart, both groups of one size.

    Parameters
    ----------
    risk_1, risk_2 : float
        Risks to be told apart, between 0 and 1; for people chosen by outcome the shares that had the factor.
    alpha, power : float
        Two-sided error, and chance to find the difference.
    average : bool
        Use the variance at the mean risk for both hypotheses, as trial sequential analysis does [2]_, in place of the
        variance under no difference for alpha and that of the two risks for the power [1]_.

    Raises
    ------
    ValueError
        Risks that are equal, or not between 0 and 1.

    References
    ----------
    .. [1] Fleiss JL, Levin B, Paik MC. Statistical Methods for Rates and Proportions, 3rd ed. 2003, section 4.2,
       without continuity correction.
    .. [2] Wetterslev J, Thorlund K, Brok J, Gluud C. J Clin Epidemiol 2008;61:64-75.
    """
    if not (0 < risk_1 < 1 and 0 < risk_2 < 1) or risk_1 == risk_2:
        raise ValueError(f"two different risks between 0 and 1 are needed, not {risk_1} and {risk_2}")
    a, b = _quantiles(alpha, power)
    mean, gap = (risk_1 + risk_2) / 2, abs(risk_1 - risk_2)
    null = math.sqrt(2 * mean * (1 - mean))
    apart = null if average else math.sqrt(risk_1 * (1 - risk_1) + risk_2 * (1 - risk_2))
    group = ((a * null + b * apart) / gap) ** 2
    return InformationSize(
        total=2 * group,
        formula="2 [z(α/2) √(2 p(1−p)) + z(β) √(p1 q1 + p2 q2)]² / (p1 − p2)²"
        if not average
        else "4 [z(α/2) + z(β)]² p(1−p) / (p1 − p2)²",
        inputs={"p1": risk_1, "p2": risk_2, "alpha": alpha, "power": power},
    )


def standardised_difference(delta: float, *, alpha: float = ALPHA, power: float = POWER) -> InformationSize:
    """Return the people needed to find a standardised mean difference, both groups of one size.

    ``4 (z(alpha/2) + z(beta))^2 / delta^2`` in all, normal approximation.

    Raises
    ------
    ValueError
        A difference of zero.
    """
    if delta == 0:
        raise ValueError("a difference of zero cannot be found")
    a, b = _quantiles(alpha, power)
    total = 4 * ((a + b) / delta) ** 2
    return InformationSize(
        total=total,
        formula="4 [z(α/2) + z(β)]² / δ²",
        inputs={"delta": abs(delta), "alpha": alpha, "power": power},
    )


def correlation(r: float, *, alpha: float = ALPHA, power: float = POWER) -> InformationSize:
    """Return the people needed to find a correlation: ``((z(alpha/2) + z(beta)) / atanh(r))^2 + 3``.

    Raises
    ------
    ValueError
        A correlation of 0, 1 or beyond.
    """
    if not 0 < abs(r) < 1:
        raise ValueError(f"a correlation between 0 and 1 is needed, not {r}")
    a, b = _quantiles(alpha, power)
    total = ((a + b) / math.atanh(abs(r))) ** 2 + 3
    return InformationSize(
        total=total,
        formula="[(z(α/2) + z(β)) / atanh(r)]² + 3",
        inputs={"r": abs(r), "alpha": alpha, "power": power},
    )


def heterogeneity_adjusted(total: float, heterogeneity: float) -> float:
    """Return a size divided by 1 - `heterogeneity`: what studies that differ must hold together.

    Parameters
    ----------
    total : float
        People in all for one study.
    heterogeneity : float
        I2 or D2 as a proportion, 0 <= heterogeneity < 1; see `diversity`.

    References
    ----------
    .. [1] Wetterslev J, Thorlund K, Brok J, Gluud C. BMC Med Res Methodol 2009;9:86.
    """
    if not 0 <= heterogeneity < 1:
        raise ValueError(f"heterogeneity must be a proportion below 1, not {heterogeneity}")
    return total / (1 - heterogeneity)


def diversity(v: Sequence[float], tau2: float) -> float:
    """Return D2, the share by which heterogeneity shrinks the precision of the mean: 1 - var(fixed) / var(random).

    Parameters
    ----------
    v : sequence of float
        Sampling variances.
    tau2 : float
        Variance between studies.

    References
    ----------
    .. [1] Wetterslev J, Thorlund K, Brok J, Gluud C. BMC Med Res Methodol 2009;9:86.
    """
    return 1 - sum(1 / (value + tau2) for value in v) / sum(1 / value for value in v)
