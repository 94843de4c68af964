"""One cell at a time: is it filled where it must be, is it of the right kind, is the word in the list."""

import difflib
import re
from collections.abc import Iterator

from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import ID_PATTERN, NOT_APPLICABLE, NOT_REPORTED, Column, Layout, Sheet, When
from metaan.workbook.read import Row
from metaan.workbook.values import parse_number

_RANGE = re.compile(r"\d\s*[-–—]\s*\d")


def check_cells(row: Row, sheet: Sheet, layout: Layout, decimal_mark: str) -> Iterator[Finding]:
    """Yield what is wrong with single cells of a row."""
    for column in sheet.columns:
        text = row[column.name]
        if not text:
            if _needed(column, row):
                yield _missing(row, sheet, column, layout)
        elif text == NOT_APPLICABLE:
            if _needed(column, row) and not column.na:
                to_fix = "this cell applies to every row; fill it" + (
                    "; NR if the source does not say" if column.nr else ""
                )
                yield finding("REQUIRED", row, sheet, column, "NA", _expected(column, layout), to_fix)
        elif text == NOT_REPORTED:
            if not column.nr:
                yield finding(
                    "REQUIRED",
                    row,
                    sheet,
                    column,
                    "NR",
                    _expected(column, layout),
                    "this cell has an answer in every paper; fill it",
                )
        else:
            yield from _filled(row, sheet, column, layout, decimal_mark, text)


def finding(
    check: str,
    row: Row,
    sheet: Sheet,
    column: Column | str,
    found: str,
    expected: str,
    to_fix: str,
    level: Level | None = None,
) -> Finding:
    """Return a finding about one cell, its subject in the words of the layout; its level that of the check."""
    if isinstance(column, str):
        column = sheet.column(column)
    whose = row[sheet.key] if sheet.key else row["design_id"] or row["key"]
    subject = f"{column.meaning}; {whose}" if whose else column.meaning
    return Finding(
        id=check,
        level=level or CHECKS[check].levels[0],
        origin=row.origin(column.name),
        subject=subject,
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _needed(column: Column, row: Row) -> bool:
    if isinstance(column.required, When):
        return column.required.holds(row[column.required.column])
    return column.required


def _missing(row: Row, sheet: Sheet, column: Column, layout: Layout) -> Finding:
    because = f" when {column.required}" if isinstance(column.required, When) else ""
    answer = "; NR if the source does not say" if column.nr else ""
    return finding(
        "REQUIRED",
        row,
        sheet,
        column,
        "a blank cell",
        _expected(column, layout) + because,
        f"fill {column.name}{answer}",
    )


def _expected(column: Column, layout: Layout) -> str:
    if column.kind == "word":
        return "one of " + ", ".join(layout.lists.get(column.words, {}))
    if column.kind == "integer":
        return "a whole number"
    if column.kind == "number":
        return "a number" + (f" ({column.unit})" if column.unit else "")
    if column.kind == "date":
        return "a date as YYYY-MM-DD or YYYY-MM"
    if column.kind == "ref":
        return f'a name from the sheet "{column.refers_to}"'
    if column.kind == "id":
        return "a name of 3 to 40 letters, digits, - and _ that starts with a letter"
    return column.meaning


def _filled(row: Row, sheet: Sheet, column: Column, layout: Layout, decimal_mark: str, text: str) -> Iterator[Finding]:
    if column.kind == "word":
        words = list(layout.lists.get(column.words, {}))
        if text not in words:
            near = difflib.get_close_matches(text, words, 1, 0.5)
            hint = f'did you mean "{near[0]}"?' if near else "choose one of these; NR if the source does not say"
            yield finding("WORD", row, sheet, column, f'"{text}"', _expected(column, layout), hint)
    elif column.kind in ("integer", "number"):
        yield from _number(row, sheet, column, decimal_mark, text, _expected(column, layout))
    elif column.kind == "id" and not re.fullmatch(ID_PATTERN, text):
        yield finding("ID", row, sheet, column, f'"{text}"', _expected(column, layout), f"for example {column.example}")
    elif column.pattern and not re.fullmatch(column.pattern, text):
        expected = _expected(column, layout) if column.kind == "date" else f"{column.meaning}, like {column.example}"
        yield finding("PATTERN", row, sheet, column, f'"{text}"', expected, "compare with the source")


def _number(row: Row, sheet: Sheet, column: Column, decimal_mark: str, text: str, expected: str) -> Iterator[Finding]:
    number = parse_number(text, decimal_mark)
    if number is None:
        yield finding("W01", row, sheet, column, f'"{text}"', expected, _hint(text, decimal_mark))
        return
    if column.kind == "integer" and not number.value.is_integer():
        yield finding("W01", row, sheet, column, f'"{text}"', expected, "compare with the paper")
    low, high = column.low, column.high
    if (low is not None and number.value < low) or (high is not None and number.value > high):
        limits = (
            f"at least {low:g}" if high is None else f"{low:g} to {high:g}" if low is not None else f"at most {high:g}"
        )
        yield finding("RANGE", row, sheet, column, f'"{text}"', f"{expected}, {limits}", "compare with the paper")


def _hint(text: str, decimal_mark: str) -> str:
    if "±" in text or "(" in text:
        return "one number in one cell: put the mean, the spread and the count into their own columns"
    if "%" in text:
        return "type the number without the percent sign"
    if text.startswith(("<", ">", "≤", "≥")):
        return "type the number here and the sign into p_cmp"
    if _RANGE.search(text):
        return "one number in one cell: put the two ends into their own columns (min and max, or the limits)"
    if "," in text and decimal_mark == "point":
        return "use a point, or set decimal_mark to comma on the sheet Review"
    if "." in text and decimal_mark == "comma":
        return "this review uses the comma as decimal mark (sheet Review, decimal_mark)"
    return "type only the number, or NR if the source does not give it"
