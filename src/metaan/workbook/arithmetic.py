"""What plain sums and quotients of a formula give: + - * / and SUM over numbers and cells of the same sheet.

Nothing else is ever reckoned; a formula that needs more gives None.
"""

import math
import re
from collections.abc import Callable

from metaan.workbook.grid import area
from metaan.workbook.parts import Unreadable

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)|(?P<cell>\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?)"
    r"|(?P<sum>SUM\s*\()|(?P<sign>[-+*/(),]))"
)
_LONGEST = 300
_MOST_CELLS = 2_000

Value = Callable[[int, int], float | None]


def reckon(formula: str, value: Value) -> float | None:
    """Return the result of a formula, None where it is not plain arithmetic.

    Parameters
    ----------
    formula : str
        Without the equals sign.
    value : callable
        Gives the number in a column and row, 0 for a blank cell, None where it holds anything else.
    """
    if not formula or len(formula) > _LONGEST:
        return None
    try:
        reader = _Formula(formula, value)
        result = reader.expression()
        return result if not reader.rest() and math.isfinite(result) else None
    except (_NotPlain, ZeroDivisionError, OverflowError, Unreadable, RecursionError):
        return None


class _NotPlain(Exception):  # noqa: N818
    """More than plain arithmetic."""


class _Formula:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, value: Value) -> None:
        self.value = value
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise _NotPlain
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at = 0

    def rest(self) -> bool:
        """Whether there is more to read."""
        return self.at < len(self.tokens)

    def _is(self, *signs: str) -> str:
        if self.rest() and self.tokens[self.at] in [("sign", sign) for sign in signs]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def expression(self) -> float:
        """Return a sum."""
        total = self._product()
        while sign := self._is("+", "-"):
            total += self._product() if sign == "+" else -self._product()
        return total

    def _product(self) -> float:
        total = self._factor()
        while sign := self._is("*", "/"):
            factor = self._factor()
            total = total * factor if sign == "*" else total / factor
        return total

    def _factor(self) -> float:
        if sign := self._is("-", "+"):
            return -self._factor() if sign == "-" else self._factor()
        if self._is("("):
            return self._closed(self.expression())
        if not self.rest():
            raise _NotPlain
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(text)
        if kind == "cell" and ":" not in text:
            return self._cells(text)[0]
        if kind == "sum":
            total = self._summed()
            while self._is(","):
                total += self._summed()
            return self._closed(total)
        raise _NotPlain

    def _summed(self) -> float:
        if self.rest() and self.tokens[self.at][0] == "cell" and ":" in self.tokens[self.at][1]:
            self.at += 1
            return math.fsum(self._cells(self.tokens[self.at - 1][1]))
        return self.expression()

    def _closed(self, total: float) -> float:
        if not self._is(")"):
            raise _NotPlain
        return total

    def _cells(self, reference: str) -> list[float]:
        box = area(reference)
        if (box.right - box.left + 1) * (box.bottom - box.top + 1) > _MOST_CELLS:
            raise _NotPlain
        found = []
        for row in range(box.top, box.bottom + 1):
            for column in range(box.left, box.right + 1):
                number = self.value(column, row)
                if number is None:
                    raise _NotPlain
                found.append(number)
        return found
