"""Student's t in plain numbers: the checks of a workbook need neither numpy nor scipy for a tail and a quantile.

References
----------
.. [1] Press WH et al. Numerical Recipes, 3rd ed., section 6.4 (incomplete beta function by continued fraction).
.. [2] Abramowitz M, Stegun IA. Handbook of Mathematical Functions, 26.7.5 (first guess of the quantile).
"""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY, _PRECISE, _MOST = 1e-300, 1e-15, 10_000


@lru_cache(maxsize=4096)
def two_sided(t: float, df: float) -> float:
    """Return the probability of a size of t of at least this."""
    if math.isinf(t):
        return 0.0
    x, rest = df / (df + t * t), t * t / (df + t * t)
    if rest == 0:
        return 1.0
    a, b = df / 2.0, 0.5
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    found = d
    for m in range(1, _MOST):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _away(1.0 + step * d)
            c = _away(1.0 + step / c)
            found *= c * d
        if abs(c * d - 1.0) < _PRECISE:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


@lru_cache(maxsize=4096)
def quantile(level: float, df: float) -> float:
    """Return t of a central interval of `level` percent."""
    tail = 1.0 - level / 100.0
    z = NormalDist().inv_cdf(1.0 - tail / 2.0)
    t = z + (z**3 + z) / (4.0 * df) + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * df**2)
    constant = math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0) - 0.5 * math.log(df * math.pi)
    for _ in range(_MOST):
        density = math.exp(constant - (df + 1.0) / 2.0 * math.log1p(t * t / df))
        p = two_sided(t, df)
        step = p * math.log(p / tail) / (2.0 * density)  # Newton's, on the logarithm of the tail
        t += step
        if abs(step) <= 1e-10 * t:
            break
    return t
