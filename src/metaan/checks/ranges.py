"""A printed number as the range of values that round to it, and arithmetic on ranges.

Whatever is computed from ranges holds every value that the unrounded numbers could give, so that a check which compares
two ranges never fires on rounding alone.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from metaan.workbook.values import parse_number, plain_signs

_SLACK = 1e-9  #: relative; more than the arithmetic of floating point loses


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `low` to `high`; arithmetic assumes that the two sides vary on their own."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The value halfway."""
        return (self.low + self.high) / 2.0

    def meets(self, other: "Range") -> bool:
        """Whether the two have a value in common."""
        slack = _SLACK * max(
            1e-300, *(abs(v) for v in (self.low, self.high, other.low, other.high) if math.isfinite(v))
        )
        return self.low <= other.high + slack and other.low <= self.high + slack

    def widened(self, share: float, least: float = 0.0) -> "Range":
        """Return the range with a share of each end's size, and at least `least`, added on both sides."""
        return Range(self.low - abs(self.low) * share - least, self.high + abs(self.high) * share + least)

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        return Range(self.low - other.high, self.high - other.low)

    def __neg__(self) -> "Range":
        return Range(-self.high, -self.low)

    def __abs__(self) -> "Range":
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Range(0.0, max(-self.low, self.high))

    def __mul__(self, other: "Range") -> "Range":
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(min(ends), max(ends))

    def __truediv__(self, other: "Range") -> "Range":
        """Divide by a range above zero."""
        ends = [_quotient(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(min(ends), max(ends))

    def times(self, factor: float) -> "Range":
        """Return the range times a number without error."""
        return self * Range(factor, factor)


def _quotient(a: float, b: float) -> float:
    if b > 0:
        return a / b
    return math.copysign(math.inf, a) if a else 0.0


def exactly(value: float) -> Range:
    """Return a number that was not rounded, such as a count."""
    return Range(value, value)


def log(x: Range) -> Range:
    """Natural logarithm of what of the range is above zero."""
    return Range(
        math.log(x.low) if x.low > 0 else -math.inf,
        math.log(x.high) if x.high > 0 else -math.inf,
    )


def exp(x: Range) -> Range:
    """Exponential."""
    return Range(math.exp(min(x.low, 700.0)), math.exp(min(x.high, 700.0)))


def sqrt(x: Range) -> Range:
    """Square root of what of the range is not below zero."""
    return Range(math.sqrt(max(x.low, 0.0)), math.sqrt(max(x.high, 0.0)))


def square(x: Range) -> Range:
    """Square; of a range around zero it begins at zero."""
    size = abs(x)
    return Range(size.low**2, size.high**2)


def hull(ranges: Iterable[Range]) -> Range:
    """Return the range from the smallest to the largest value of several."""
    found = tuple(ranges)
    return Range(min(r.low for r in found), max(r.high for r in found))


def decimals(text: str, decimal_mark: str = "point") -> int:
    """Return the decimals a number was typed with; below zero for 1e5."""
    number = parse_number(text, decimal_mark)
    if number is None:
        return 0
    mantissa, _, exponent = plain_signs(text).lower().partition("e")
    if not exponent:
        return number.decimals
    return len(re.split(r"[.,·]", f"{mantissa.strip()}.")[1]) - int(exponent)


def printed(text: str, decimal_mark: str = "point", beside: Sequence[str] = ()) -> Range | None:
    """Return the values that round to a printed number; None where the text is no number.

    Both ends belong to it, as programs round halves up or to even.

    Parameters
    ----------
    text : str
        The number as typed; half a unit of its last decimal lies on either side.
    beside : sequence of str
        Numbers printed with it, such as the limits of its interval. A number that is not larger than one of these and
        has fewer decimals lost zeros at its end: 3 beside 3.6 is 3.0, while 12 beside 1.5 may be two digits of each.
        One that was typed with a zero at its end lost none: 2.0 beside 4.45 is 2.0.
    """
    number = _read(text, decimal_mark)
    if number is None:
        return None
    value, digits, magnitude = number
    kept = digits > 0 and text.rstrip().endswith("0")
    for other in () if kept else beside:
        neighbour = _read(other, decimal_mark)
        if neighbour is not None and neighbour[2] >= magnitude:
            digits = max(digits, neighbour[1])
    half = 0.5 * 10.0**-digits
    return Range(value - half, value + half)


@lru_cache(maxsize=4096)
def _read(text: str, decimal_mark: str) -> tuple[float, int, int] | None:
    """Return value, decimals and place of the first digit of a number as typed."""
    number = parse_number(text, decimal_mark)
    return None if number is None else (number.value, decimals(text, decimal_mark), _magnitude(number.value))


def _magnitude(value: float) -> int:
    """Return the place of the first digit: 2 for 345, 0 for 3.45, -1 for 0.345."""
    return math.floor(math.log10(abs(value))) if value else -99
