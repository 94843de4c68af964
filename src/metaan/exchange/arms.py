"""The two groups of a row of the Effects sheet, as other programs name them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from metaan.workbook.read import Row
from metaan.workbook.values import MINUS_SIGNS, parse_number

Values = Mapping[str, Any]

_TABLE = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
_BY_FACTOR = ("events_high", "total_high", "events_low", "total_low")
_BY_OUTCOME = ("high_event", "n_event", "high_none", "n_none")


class Counts(NamedTuple):
    """A 2x2 table: first the factor present, high or treated, then absent; with the event, then without."""

    a: int
    b: int
    c: int
    d: int


def counts(values: Values) -> Counts | None:
    """Return the 2x2 table of a typed row, whichever way round it was typed; None where it has none."""
    if values.get("form") not in ("two_by_two", "events_totals"):
        return None
    for names in (_TABLE, _BY_FACTOR, _BY_OUTCOME):
        found = [values.get(name) for name in names]
        if any(value is None for value in found):
            continue
        first, second, third, fourth = (int(value) for value in found if value is not None)
        if names is _TABLE:
            return Counts(first, second, third, fourth)
        if names is _BY_FACTOR:
            return Counts(first, second - first, third, fourth - third)
        return Counts(first, third, second - first, fourth - third)
    return None


def plain(row: Row, column: str, mark: str) -> str:
    """Return a number as typed, with a decimal point and an ASCII minus; empty where there is none."""
    text = row.answer(column)
    if parse_number(text, mark) is None:
        return ""
    text = text.translate(MINUS_SIGNS)
    return text.replace(",", ".") if mark == "comma" else text


def exact(value: float) -> str:
    """Return the shortest text that gives back the very number."""
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def arm_labels(row: Row, values: Values, outcome: str) -> tuple[str, str]:
    """Return what the two groups of a row are: treated and not, high and low, or with and without the outcome."""
    if values.get("form") in ("means", "medians", "difference", "t_stat") and row["factor_kind"] != "treatment":
        return f"with {outcome}", f"without {outcome}"
    if row.answer("intervention"):
        return row["intervention"], row.answer("comparator") or "comparator"
    if row["factor_kind"] == "marker":
        return "high", "low"
    return ("exposed", "not exposed") if row["factor_kind"] == "exposure" else ("treated", "not treated")
