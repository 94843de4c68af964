"""The two groups of a row of means, and what follows from them: t, F, p, difference and its interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from metaan.checks import student
from metaan.checks.printed import Printed
from metaan.checks.quantiles import quantile, t_p
from metaan.checks.ranges import Range, exactly, sqrt, square

SPREADS = ("sd", "se")  #: kinds of spread that give a standard deviation


@dataclass(frozen=True, slots=True)
class Groups:
    """Sizes, means and standard deviations of the groups with (1) and without (2) the outcome."""

    n1: int
    n2: int
    m1: Range
    m2: Range
    sd1: Range
    sd2: Range

    @property
    def difference(self) -> Range:
        """Mean with minus mean without the outcome."""
        return self.m1 - self.m2

    @property
    def pooled_sd(self) -> Range:
        """Pooled standard deviation."""
        of_one, of_two = square(self.sd1).times(self.n1 - 1.0), square(self.sd2).times(self.n2 - 1.0)
        return sqrt((of_one + of_two).times(1.0 / (self.n1 + self.n2 - 2)))

    def standard_errors(self) -> Mapping[str, tuple[Range, Range]]:
        """Return test -> standard error of the difference and its degrees of freedom."""
        one, two = square(self.sd1).times(1.0 / self.n1), square(self.sd2).times(1.0 / self.n2)
        student = self.pooled_sd.times(math.sqrt(1.0 / self.n1 + 1.0 / self.n2))
        return {
            "Student": (student, exactly(self.n1 + self.n2 - 2.0)),
            "Welch": (sqrt(one + two), _welch(one, two, self.n1, self.n2)),
        }

    def t(self) -> Mapping[str, tuple[Range, Range]]:
        """Return test -> size of t and its degrees of freedom."""
        return {name: (abs(self.difference) / se, df) for name, (se, df) in self.standard_errors().items()}

    def p(self) -> Mapping[str, Range]:
        """Return test -> two-sided p."""
        return {name: t_p(size, df) for name, (size, df) in self.t().items()}

    def limits(self, level: float) -> Mapping[str, tuple[Range, Range]]:
        """Return test -> limits of the difference; both tests with t and with z."""
        found = {}
        for name, (se, df) in self.standard_errors().items():
            ends = [student.quantile(level, df.low), student.quantile(level, df.high)]
            for words, q in ((name, Range(min(ends), max(ends))), (f"{name}, z", quantile(level))):
                found[words] = (self.difference - se * q, self.difference + se * q)
        return found


def _welch(one: Range, two: Range, n1: int, n2: int) -> Range:
    """Return Welch's degrees of freedom: a function of the share of the first variance, largest in between."""
    low = one.low / (one.low + two.high) if one.low + two.high > 0 else 0.5
    high = one.high / (one.high + two.low) if one.high + two.low > 0 else 0.5

    def df(share: float) -> float:
        return 1.0 / (share**2 / (n1 - 1) + (1.0 - share) ** 2 / (n2 - 1))

    best = (n1 - 1) / (n1 + n2 - 2)
    ends = [df(low), df(high)]
    return Range(min(ends), max(*ends, df(min(max(best, low), high))))


def groups_of(cells: Printed) -> Groups | None:
    """Return the groups of a row that gives sizes, means and SDs (or SEs); None otherwise, or where they cannot be."""
    if not cells.has("n1", "m1", "sd1", "n2", "m2", "sd2") or cells["spread_type"] not in SPREADS:
        return None
    n1, n2 = cells["n1"], cells["n2"]
    if min(n1, n2) < 2 or min(cells["sd1"], cells["sd2"]) <= 0:
        return None
    means, (sd1, sd2) = [cells.range(name, "m1", "m2") for name in ("m1", "m2")], spreads(cells)
    found = Groups(n1, n2, means[0], means[1], sd1, sd2)
    if cells["spread_type"] == "se":
        found = replace(found, sd1=found.sd1.times(math.sqrt(n1)), sd2=found.sd2.times(math.sqrt(n2)))
    return found


def spreads(cells: Printed) -> tuple[Range, Range]:
    """Return both spreads as printed, none below zero."""
    one, two = (cells.range(name, "sd1", "sd2") for name in ("sd1", "sd2"))
    return Range(max(one.low, 0.0), one.high), Range(max(two.low, 0.0), two.high)


def standard_deviation(cells: Printed, which: int) -> Range | None:
    """Return the standard deviation of one group; None where the row gives none."""
    n, name = f"n{which}", f"sd{which}"
    if not cells.has(name) or cells["spread_type"] not in SPREADS or cells[name] <= 0:
        return None
    own = cells.range(name, "sd1", "sd2")
    own = Range(max(own.low, 0.0), own.high)
    if cells["spread_type"] == "sd":
        return own
    return own.times(math.sqrt(cells[n])) if cells[n] else None
