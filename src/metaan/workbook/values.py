"""Text of a cell to a value, and nothing guessed on the way."""

import math
import re
from dataclasses import dataclass

MINUS_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{FULLWIDTH HYPHEN-MINUS}": "-", "\N{MIDDLE DOT}": "."})
_INVISIBLE = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{ZERO WIDTH SPACE}": None,
        "\N{ZERO WIDTH NO-BREAK SPACE}": None,
        "\N{ZERO WIDTH JOINER}": None,
        "\N{ZERO WIDTH NON-JOINER}": None,
    }
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number and the decimals it was typed with."""

    value: float
    decimals: int


def clean(text: str) -> str:
    """Return the text without blanks at its ends and without characters nobody can see."""
    return text.translate(_INVISIBLE).strip()


def parse_number(text: str, decimal_mark: str = "point") -> Number | None:
    """Return the number typed, or None where the text is not exactly one number.

    A comma is a decimal mark only in a review that declares it, and then a point is not.
    """
    plain = clean(text).translate(MINUS_SIGNS)
    if decimal_mark == "comma":
        if "." in plain or plain.count(",") > 1:
            return None
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        return None
    mantissa = re.split("[eE]", plain)[0]
    decimals = len(mantissa.split(".")[1]) if "." in mantissa else 0
    value = float(plain)
    return Number(value, decimals) if math.isfinite(value) else None
