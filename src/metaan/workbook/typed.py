"""Rows of text to rows of values, once the checks have passed."""

from collections.abc import Mapping
from typing import Any

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Column, Sheet
from metaan.workbook.read import Row
from metaan.workbook.values import parse_number

Values = Mapping[str, Any]


def typed(row: Row, sheet: Sheet, decimal_mark: str = "point") -> dict[str, Any]:
    """Return a row as values: numbers as int or float, words as text, anything not answered as None.

    Every column of the sheet is a key. Text that is not a number in a number column gives None, and so does a number
    outside the limits of its column; `metaan.checks` has told the reviewer before.
    """
    values: dict[str, Any] = dict.fromkeys(column.name for column in sheet.columns)
    for column in sheet.columns:
        text = row.values.get(column.name, "")
        if text in ("", NOT_REPORTED, NOT_APPLICABLE):
            continue
        if column.kind in ("integer", "number"):
            number = parse_number(text, decimal_mark)
            if number is not None and _within(number.value, column):
                values[column.name] = int(number.value) if column.kind == "integer" else number.value
        else:
            values[column.name] = text
    return values


def _within(value: float, column: Column) -> bool:
    return (column.low is None or value >= column.low) and (column.high is None or value <= column.high)
