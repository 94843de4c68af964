"""Rows of text to rows of values, once the checks have passed."""

from collections.abc import Mapping
from typing import Any

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Sheet
from metaan.workbook.read import Row
from metaan.workbook.values import parse_number

Values = Mapping[str, Any]


def typed(row: Row, sheet: Sheet, decimal_mark: str = "point") -> dict[str, Any]:
    """Return a row as values: numbers as int or float, words as text, anything not answered as None.

    Every column of the sheet is a key. Text that is not a number in a number column gives None; `metaan.checks` has
    told the reviewer before.
    """
    values: dict[str, Any] = {}
    for column in sheet.columns:
        text = row[column.name]
        if text in ("", NOT_REPORTED, NOT_APPLICABLE):
            values[column.name] = None
        elif column.kind in ("integer", "number"):
            number = parse_number(text, decimal_mark)
            if number is None:
                values[column.name] = None
            else:
                values[column.name] = int(number.value) if column.kind == "integer" else number.value
        else:
            values[column.name] = text
    return values
