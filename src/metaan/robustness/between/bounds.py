"""Bounds on several biases at once: confounding, selection, misclassification."""

import math
from collections.abc import Sequence

from metaan.terms import wording
from metaan.terms.believed import BOUNDED_BY


def bounding_factor(first: float, second: float) -> float:
    """Most by which two risk ratios, of a factor with each side of an association, can move a risk ratio.

    ``first * second / (first + second - 1)``, both 1 or above [1]_.

    References
    ----------
    .. [1] Ding P, VanderWeele TJ. Epidemiology 2016;27:368-377.
    """
    return first * second / (first + second - 1.0)


def bias_bound(
    *,
    confounding: Sequence[float] = (),
    selection: Sequence[float] = (),
    misclassification: Sequence[float] = (),
) -> float:
    """Most by which several biases together can move a risk ratio.

    Parameters
    ----------
    confounding : sequence of float
        Risk ratios of the unmeasured confounder with the factor and with the outcome.
    selection : sequence of float
        Two risk ratios, of the cause of selection with the outcome and with selection, where selection goes with a
        higher risk (or where the answer is wanted for those selected only); four where it may go either way: the two
        among people with the factor, then the two among people without.
    misclassification : sequence of float
        The ratio by which outcome (or factor) is told wrongly more often in one group than in the other.

    Returns
    -------
    float
        The product of the bounds of each bias, 1 or above [1]_, [2]_.

    Raises
    ------
    ValueError
        A number of risk ratios that does not fit, or one below 1.

    References
    ----------
    .. [1] Smith LH, VanderWeele TJ. Epidemiology 2019;30:509-516 (selection).
    .. [2] Smith LH, Mathur MB, VanderWeele TJ. Epidemiology 2021;32:625-634 (several biases).

    Examples
    --------
    >>> round(bias_bound(confounding=(2.3, 2.5), selection=(3, 2)), 6)
    2.269737
    """
    found = 1.0
    given = {"confounding": confounding, "selection": selection, "misclassification": misclassification}
    for kind, factors in given.items():
        if not len(factors):
            continue
        if reason := wrong(kind, factors):
            raise ValueError(reason)
        if kind == "misclassification":
            found *= factors[0]
            continue
        for pair in range(0, len(factors), 2):
            found *= bounding_factor(factors[pair], factors[pair + 1])
    return found


def wrong(kind: str, factors: Sequence[float]) -> str:
    """Return why risk ratios cannot bound a bias; empty where they can."""
    needed = BOUNDED_BY[kind]
    if len(factors) not in needed:
        few = wording.listed([str(n) for n in needed], "or")
        return f"{kind} is bounded by {few} risk ratio{'s' * (needed != (1,))}, not by {len(factors)}"
    if not all(math.isfinite(factor) and factor >= 1.0 for factor in factors):
        return f"a risk ratio that bounds {kind} must be 1 or above"
    return ""


def multi_bias_e_value(ratio: float, *, confounding: int = 2, selection: int = 2, misclassification: int = 1) -> float:
    """Size that every parameter of several biases must have at once to explain a risk ratio.

    Parameters
    ----------
    ratio : float
        Risk ratio above 0.
    confounding : {0, 2}
        Parameters of confounding; 0 leaves it out.
    selection : {0, 2, 4}
        Parameters of selection; see `bias_bound`.
    misclassification : {0, 1, 2}
        1 where its parameter is a risk ratio, 2 where it is an odds ratio of which the square root is one (a factor
        that is common) [1]_.

    Returns
    -------
    float
        The root x >= 1 of x^n / (2 x - 1)^d = R, with n parameters, d pairs of them, and R the ratio or its inverse,
        whichever is above 1; with confounding alone the E-value.

    Raises
    ------
    ValueError
        No bias at all, a number of parameters that does not exist, a ratio not above 0.

    References
    ----------
    .. [1] Smith LH, Mathur MB, VanderWeele TJ. Epidemiology 2021;32:625-634.

    Examples
    --------
    >>> round(multi_bias_e_value(6.75, misclassification=0), 4)
    4.6357
    """
    allowed = {"confounding": (0, 2), "selection": (0, 2, 4), "misclassification": (0, 1, 2)}
    asked = {"confounding": confounding, "selection": selection, "misclassification": misclassification}
    for kind, parameters in asked.items():
        if parameters not in allowed[kind]:
            choice = wording.listed([str(n) for n in allowed[kind]], "or")
            raise ValueError(f"{kind} has {choice} parameters, not {parameters}")
    if not (math.isfinite(ratio) and ratio > 0):
        raise ValueError(f"a risk ratio must be above 0, not {ratio!r}")
    pairs = (confounding + selection) // 2
    every = confounding + selection + misclassification
    if not every:
        raise ValueError("no bias is left in")
    aim = abs(math.log(ratio))
    low, high = 0.0, aim + math.log(2.0)  # of log x: x^2 / (2 x - 1) > x / 2, so that x < 2 R whatever the biases
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        reached = every * middle - pairs * math.log(2.0 * math.exp(middle) - 1.0)
        low, high = (middle, high) if reached < aim else (low, middle)
    return math.exp(0.5 * (low + high)) if aim else 1.0
