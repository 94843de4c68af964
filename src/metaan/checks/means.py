"""Means and medians with their spreads: what can be, and what seldom is (M00, M04, M06, M08 to M10)."""

import math
import re
from collections.abc import Iterator
from itertools import pairwise, product

from metaan.checks.groups import SPREADS, groups_of, standard_deviation
from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.ranges import Range
from metaan.checks.reported_tests import size_of_smd
from metaan.checks.skewness import skewed
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import ratio as ratio_text

_ORDERED = (
    ("min1", "q1_1", "med1", "q3_1", "max1"),
    ("min2", "q1_2", "med2", "q3_2", "max2"),
    ("min1", "m1", "max1"),
    ("min2", "m2", "max2"),
    ("class_low", "class_high"),
    ("scale_min", "scale_max"),
)
_SD_FACTOR = 2.0  #: between the SDs of two groups
_BY_CHANCE = 2.58  #: standard errors of the logarithm of their quotient that chance explains (1 in 100)
_ALIKE = 0.10  #: two SDs within a tenth of each other are alike
_SIZES_APART = 1.8  #: group sizes that make the pattern of standard errors visible
_HUGE, _LARGE = 3.0, 1.5  #: standardised mean differences
_NOT_NEGATIVE = re.compile(r"(pct|percent|per|count|number|million)(_|$)")


def check_means(cells: Printed) -> Iterator[Finding]:
    """Yield what is wrong with means, medians and their spreads."""
    for name in ("sd1", "sd2"):
        if cells[name] == 0:
            yield cells.finding(
                "M00", name, "a spread of 0", "a spread above 0", "compare with the paper; NR if it is not given"
            )
    yield from _order(cells)
    yield from _scale(cells)
    for which in ("1", "2"):
        yield from _bounds(cells, which)
    yield from _standard_error(cells)
    yield from _size(cells)
    yield from _skew(cells)
    yield from _change(cells)


def _order(cells: Printed) -> Iterator[Finding]:
    """Yield values that stand in the wrong order: smallest, quartiles, median or mean, largest."""
    for names in _ORDERED:
        for left, right in pairwise(name for name in names if cells.has(name)):
            if cells.above(left, right):
                fix = f"compare with the paper; perhaps {cells.cell(left)} and {cells.cell(right)} were swapped"
                expected = f"a value of at least {cells.text(left)} (in {cells.cell(left)})"
                yield cells.finding("M04", right, f'"{cells.text(right)}"', expected, fix)


def _span(cells: Printed) -> tuple[float, float]:
    """Return the smallest and the largest possible value; of changes, the span of the scale both ways."""
    low = cells["scale_min"] if cells.has("scale_min") else -math.inf
    high = cells["scale_max"] if cells.has("scale_max") else math.inf
    return (low - high, high - low) if cells["value_kind"] == "change" else (low, high)


_ON_SCALE = tuple(f"{name}{which}" for which in "12" for name in ("m", "med", "q1_", "q3_", "min", "max"))


def _scale(cells: Printed) -> Iterator[Finding]:
    low, high = _span(cells)
    if low == -math.inf and high == math.inf:
        return
    for name in _ON_SCALE:
        if cells.has(name) and not cells.range(name).meets(Range(low, high)):
            said = " to ".join(f"{end:g}" for end in (low, high) if math.isfinite(end))
            where = " and ".join(cells.cell(each) for each in ("scale_min", "scale_max") if cells.has(each))
            yield cells.finding(
                "M04",
                name,
                f'"{cells.text(name)}", outside the scale',
                f"a value on the scale, {said} ({where})",
                "compare with the paper: a decimal shift, a sum typed as a mean, or changes (value_kind)",
            )


def _bounds(cells: Printed, which: str) -> Iterator[Finding]:
    """Yield a standard deviation beyond what mean, extremes and n allow.

    At most sqrt((max - mean)(mean - min) n / (n - 1)) [1]_; at least (max - min) / sqrt(2 (n - 1)), because both
    extremes were observed [2]_.

    References
    ----------
    .. [1] Bhatia R, Davis C. Am Math Mon 2000;107:353-357.
    .. [2] von Szokefalvi Nagy J. Jahresber Dtsch Math-Ver 1918;27:37-43.
    """
    n, name = cells[f"n{which}"], f"sd{which}"
    sd = standard_deviation(cells, int(which))
    if sd is None or not n or n < 2:
        return
    bottom, top = f"min{which}", f"max{which}"
    scale_low, scale_high = _span(cells)
    low = cells.range(bottom).low if cells.has(bottom) else scale_low
    high = cells.range(top).high if cells.has(top) else scale_high
    kind = "SD" if cells["spread_type"] == "sd" else "SD (SE × √n)"
    if cells.has(f"m{which}") and math.isfinite(low) and math.isfinite(high):
        mean = cells.range(f"m{which}")
        # the product is largest halfway between the extremes
        middle = min(max((low + high) / 2.0, mean.low), mean.high)
        largest = math.sqrt(max((high - middle) * (middle - low), 0.0) * n / (n - 1.0))
        if sd.low > largest * (1.0 + 1e-9):
            yield cells.finding(
                "M04",
                name,
                f"{kind} {ratio_text(sd.middle)} with a mean of {cells.text(f'm{which}')} between {low:g} and {high:g}",
                f"at most {ratio_text(largest)}: no {n} values between those ends spread further",
                "compare with the paper: a variance, another unit, a decimal shift, or a standard error named SD",
            )
            return
    if cells.has(bottom, top):
        span = cells.range(top) - cells.range(bottom)
        smallest = max(span.low, 0.0) / math.sqrt(2.0 * (n - 1.0))
        if sd.high < smallest * (1.0 - 1e-9):
            as_se = sd.times(math.sqrt(n))
            hint = "a standard error typed as SD" if as_se.high >= smallest else "a decimal shift"
            yield cells.finding(
                "M04",
                name,
                f"{kind} {ratio_text(sd.middle)} of {n} values from {cells.text(bottom)} to {cells.text(top)}",
                f"at least {ratio_text(smallest)}: both ends were observed",
                f"compare with the paper: {hint}, or extremes of another group",
            )


def _standard_error(cells: Printed) -> Iterator[Finding]:
    """Yield spreads of the two groups that look like standard errors (M06)."""
    if not cells.has("sd1", "sd2") or cells["spread_type"] not in (*SPREADS, "unclear"):
        return
    if min(cells["sd1"], cells["sd2"]) <= 0:
        return
    one, two = standard_deviation(cells, 1), standard_deviation(cells, 2)
    if cells["spread_type"] == "unclear":
        one, two = cells.range("sd1", "sd1", "sd2"), cells.range("sd2", "sd1", "sd2")
    if one is None or two is None:
        return
    n1, n2 = cells["n1"], cells["n2"]
    small, sd, other, n = ("sd1", one, two, n1) if one.middle < two.middle else ("sd2", two, one, n2)
    if cells["spread_type"] == "sd" and n1 and n2 and max(n1, n2) >= _SIZES_APART * min(n1, n2):
        roots = one.times(math.sqrt(n1)), two.times(math.sqrt(n2))
        if roots[0].meets(roots[1].widened(_ALIKE)) and not (one.meets(two.widened(_ALIKE)) or _as_the_means(cells)):
            yield cells.finding(
                "M06",
                "sd1",
                f"SDs {cells.text('sd1')} (n {n1}) and {cells.text('sd2')} (n {n2}) that differ as the root of n does: "
                f"times √n they are {ratio_text(roots[0].middle, 1)} and {ratio_text(roots[1].middle, 1)}",
                "standard deviations, which do not depend on the size of a group",
                f"they may be standard errors: if the paper says so, set {cells.cell('spread_type')} to se; {CONFIRM}",
            )
            return
    if sd.low > 0 and (other / sd).low > _by_chance(n1, n2) and not _as_the_means(cells):
        hint = "look whether one of them is a standard error"
        if n and sd.times(math.sqrt(n)).meets(other.widened(0.35)):
            hint = (
                f"times √{n} it would be {ratio_text(sd.times(math.sqrt(n)).middle, 1)}: a standard error typed as SD?"
            )
        kind = "SDs" if cells["spread_type"] != "unclear" else "spreads"
        yield cells.finding(
            "M06",
            small,
            f"{kind} of {ratio_text(one.middle)} and {ratio_text(two.middle)}, more than a factor of two apart",
            "spreads of the same kind and of like size",
            f"{hint}; {CONFIRM}",
        )


def _by_chance(n1: int | None, n2: int | None) -> float:
    """Return the quotient of two SDs from which it is told; ln SD has a variance of about 1 / (2 (n - 1))."""
    if not n1 or not n2 or min(n1, n2) < 2:
        return _SD_FACTOR
    return max(_SD_FACTOR, math.exp(_BY_CHANCE * math.sqrt(0.5 / (n1 - 1) + 0.5 / (n2 - 1))))


def _as_the_means(cells: Printed) -> bool:
    """Whether the spreads differ as the means do, which is common in quantities that are never negative."""
    if not cells.has("m1", "m2") or min(cells["m1"], cells["m2"]) <= 0:
        return False
    shares = [cells.range(f"sd{which}") / cells.range(f"m{which}") for which in ("1", "2")]
    return shares[0].meets(shares[1].widened(_ALIKE))


def _size(cells: Printed) -> Iterator[Finding]:
    """Yield a standardised mean difference of a size that is seldom real (M08)."""
    smd = size_of_smd(cells)
    if smd is None or smd.low <= _LARGE:
        return
    column = "m1" if groups_of(cells) is not None else ("t" if cells.has("t") else "f1")
    huge = smd.low > _HUGE
    to_fix = "look whether the spreads are standard errors typed as SDs, and whether n is that of people"
    yield cells.finding(
        "M08",
        column,
        f"a standardised mean difference of about {ratio_text(smd.middle)}, and at least {ratio_text(smd.low)}",
        f"seldom more than {_HUGE if huge else _LARGE:g} in real data",
        f"{to_fix}; {CONFIRM}" if huge else to_fix,
        Level.WARNING if huge else Level.NOTE,
    )


def _skew(cells: Printed) -> Iterator[Finding]:
    """Yield signs of a skewed quantity (M09)."""
    if cells.has("m1", "med1", "m2", "med2") and all(
        cells[f"m{g}"] == cells[f"med{g}"] and "." in cells.text(f"m{g}").replace(",", ".") for g in "12"
    ):
        yield cells.finding(
            "M09",
            "m1",
            f"means {cells.text('m1')} and {cells.text('m2')} that equal the medians beside them",
            "means and medians of a sample, which seldom agree in both groups",
            f"the same number may have been typed twice: medians belong to the form medians; {CONFIRM}",
            Level.WARNING,
        )
    floor = _smallest_value(cells)
    yes_no = cells["items"] == 1 and (cells["scale_min"], cells["scale_max"]) == (0, 1)
    if floor is not None and not yes_no:
        below = [
            which
            for which in ("1", "2")
            if cells.has(f"m{which}")
            and (sd := standard_deviation(cells, int(which))) is not None
            and cells.range(f"m{which}").high - floor < 2.0 * sd.low
        ]
        if below:
            column = f"m{below[0]}"
            groups = "both groups" if len(below) == 2 else f"group {below[0]}"
            yield cells.finding(
                "M09",
                column,
                f"{groups}: a mean less than two standard deviations above {floor:g}, where no value can lie",
                "a mean at least two standard deviations above the smallest possible value, if values are symmetric",
                "the values are skewed: look whether the paper gives medians, or means of logarithms",
            )
    if cells["form"] == "medians":
        yield from _skewed_medians(cells)


def _smallest_value(cells: Printed) -> float | None:
    """Return the smallest possible value of what was measured; None where it may be negative."""
    if cells["value_kind"] == "change":
        return None
    if cells.has("scale_min"):
        return float(cells["scale_min"])
    if cells["factor_kind"] == "marker" and _NOT_NEGATIVE.match(cells["unit"] or ""):
        return 0.0
    return None


def _skewed_medians(cells: Printed) -> Iterator[Finding]:
    for which in ("1", "2"):
        n, median = cells[f"n{which}"], f"med{which}"
        pairs = [
            (low, high)
            for low, high in ((f"q1_{which}", f"q3_{which}"), (f"min{which}", f"max{which}"))
            if cells.has(low, high)
        ]
        if not n or not cells.has(median) or not pairs:
            continue
        names = [median, *(name for pair in pairs for name in pair)]
        if any(cells.range(low).high > cells.range(high).low for low, high in pairs) or not _skewed(cells, n, names):
            continue
        yield cells.finding(
            "M09",
            median,
            f"group {which}: a median that lies so far from the middle of its "
            f"{'quartiles' if names[1].startswith('q') else 'range'} that the values are skewed",
            "quartiles and range about as far below the median as above it",
            "nothing, if typed as printed: means are not made from it in the main analysis, only in sensitivity",
        )


def _skewed(cells: Printed, n: int, names: list[str]) -> bool:
    """Whether the group fails the test of skewness for every set of values that rounds to the printed ones."""
    ends = [(cells.range(name).low, cells.range(name).high) for name in names]
    for median, *rest in product(*ends):
        pairs = list(zip(rest[::2], rest[1::2], strict=True))
        near = pairs[0] if names[1].startswith("q") else None
        far = pairs[-1] if names[-1].startswith("max") else None
        if not skewed(n, median, near, far):
            return False
    return True


def _change(cells: Printed) -> Iterator[Finding]:
    """Yield changes without the correlation that their conversion needs (M10)."""
    if cells["value_kind"] == "change" and not cells.text("paired_r") and cells.has("m1", "m2"):
        yield cells.finding(
            "M10",
            "paired_r",
            "changes from the start, and no correlation of before and after",
            "the correlation, or NR",
            "type it if the paper gives it, or NR; without it a change cannot be set on the scale of final values",
        )
