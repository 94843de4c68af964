"""Text of a cell to a value, and nothing guessed on the way."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

LARGEST = 1e15  #: beyond it a double no longer holds every whole number; no count or measurement is that large
SMALLEST = 1e-100  #: nearer to 0 than any p-value is printed

_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {
    ord("\N{FULLWIDTH FULL STOP}"): ".",
    ord("\N{FULLWIDTH COMMA}"): ",",
    ord("\N{FULLWIDTH PLUS SIGN}"): "+",
    ord("\N{FULLWIDTH HYPHEN-MINUS}"): "-",
    ord("\N{FULLWIDTH PERCENT SIGN}"): "%",
    ord("\N{FULLWIDTH LESS-THAN SIGN}"): "<",
}
MINUS_SIGNS = {ord("\N{MINUS SIGN}"): "-", **_FULL_WIDTH}
_INVISIBLE = {
    **dict.fromkeys((0x00A0, 0x2007, 0x2009, 0x202F), " "),  # no-break, figure, thin and narrow no-break space
    **dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF)),  # nothing that can be seen
    **dict.fromkeys(i for i in range(0x20) if i not in (0x09, 0x0A)),
}
_MIDDLE_DOT = "\N{MIDDLE DOT}"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

#: columns of one statistic, which a paper prints with the same number of decimals
STATISTICS: tuple[tuple[str, ...], ...] = (
    ("est", "ci_low", "ci_high"),
    ("crude_est", "crude_low", "crude_high"),
    ("diff", "diff_low", "diff_high"),
    ("auc", "auc_low", "auc_high"),
    ("m1", "m2"),
    ("sd1", "sd2"),
    ("med1", "q1_1", "q3_1", "med2", "q1_2", "q3_2"),
    ("min1", "max1", "min2", "max2"),
    ("pct_1", "pct_2"),
    ("sens", "spec"),
    ("value", "ci_low", "ci_high"),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number and the decimals it was typed with."""

    value: float
    decimals: int


def clean(text: str) -> str:
    """Return the text without blanks at its ends and without characters nobody can see."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE).strip()


def plain_signs(text: str) -> str:
    """Return the text with full-width digits and unicode minus signs as they stand on a keyboard."""
    return text if text.isascii() else text.translate(MINUS_SIGNS)


@lru_cache(maxsize=1 << 15)
def parse_number(text: str, decimal_mark: str = "point") -> Number | None:
    """Return the number typed, or None where the text is not exactly one number that a paper could print.

    A comma is a decimal mark only in a review that declares it, and then a point is not; a middle dot always is.
    """
    plain = plain_signs(clean(text))
    if decimal_mark == "comma":
        if "." in plain:
            return None
        plain = plain.replace(",", ".")
    plain = plain.replace(_MIDDLE_DOT, ".")
    if not _NUMBER.fullmatch(plain):
        return None
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if exponent:
        decimals = min(max(decimals - int(exponent[:6]), 0), 120)
    value = float(plain)
    if not math.isfinite(value) or abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        return None
    return Number(value, decimals)


def decimals(texts: Iterable[str], decimal_mark: str = "point") -> int:
    """Return the largest number of decimals among the texts of one statistic (`STATISTICS`).

    A spreadsheet, and many a typist, drops the last zeros: 3 beside 1.6 and 0.8 means 3.0. Texts that are no numbers
    do not count.
    """
    numbers = (parse_number(text, decimal_mark) for text in texts)
    return max((number.decimals for number in numbers if number is not None), default=0)
