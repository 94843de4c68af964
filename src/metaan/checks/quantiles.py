"""Quantiles and tails of the normal and of t, as ranges."""

import math
from functools import cache
from statistics import NormalDist

from metaan.checks import student
from metaan.checks.ranges import Range

NORMAL = NormalDist()

#: levels a paper may have used instead of the one typed
LEVELS = (90.0, 95.0, 99.0)


@cache
def quantile(level: float) -> Range:
    """Return z of a central interval of `level` percent, from its two-digit form to its exact one: 1.96 and 1.95996."""
    z = NORMAL.inv_cdf(0.5 + level / 200.0)
    short = (math.floor(z * 100.0) / 100.0, math.ceil(z * 100.0) / 100.0) if level == 90.0 else (round(z, 2),)
    return Range(min(z, *short), max(z, *short))


def normal_p(z: Range) -> Range:
    """Return the two-sided p of sizes of z."""
    return Range(math.erfc(z.high / math.sqrt(2.0)), math.erfc(z.low / math.sqrt(2.0)))


def t_p(t: Range, df: Range) -> Range:
    """Return the two-sided p of sizes of t on a range of degrees of freedom."""
    ends = [student.two_sided(size, d) for size in (t.low, t.high) for d in (df.low, df.high)]
    return Range(min(ends), max(ends))


def size_of_z(p: Range) -> Range:
    """Return the sizes of z that have a two-sided p in the range."""
    return Range(_size(p.high), _size(p.low))


def _size(p: float) -> float:
    if p >= 1.0:
        return 0.0
    return -NORMAL.inv_cdf(max(p, 1e-300) / 2.0)
