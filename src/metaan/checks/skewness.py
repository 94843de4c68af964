"""The test of skewness of one group in plain numbers; `metaan.effects.medians` has it for arrays, and its sources."""

import math

Ends = tuple[float, float] | None
_SMALLEST = 5  #: people; below, there is nothing to test


def skewed(n: int, median: float, quartiles: Ends, extremes: Ends) -> bool:
    """Whether a group is significantly skewed at the 5 % level, by the test of Shi et al. 2023."""
    if n < _SMALLEST:
        return False
    near, far = _asymmetry(quartiles, median), _asymmetry(extremes, median)
    root = math.sqrt(n)
    if quartiles and extremes:
        return max(2.65 * math.log(0.6 * n) / root * far, near) > 3.0 / root - 40.0 / n**3
    if extremes:
        return far > 1.0 / math.log(n + 9.0) + 2.5 / (n + 1.0)
    return near > 2.65 / root - 6.0 / n**2


def _asymmetry(ends: Ends, median: float) -> float:
    if ends is None or ends[1] <= ends[0]:
        return 0.0
    low, high = ends
    return abs(low + high - 2.0 * median) / (high - low)
