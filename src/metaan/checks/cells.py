"""One cell at a time: is it filled where it must be, is it of the right kind, is the word in the list."""

import datetime
import difflib
import re
from collections.abc import Iterator
from functools import lru_cache

from metaan.checks.hints import hint
from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import DATE_PATTERN, ID_PATTERN, NOT_APPLICABLE, NOT_REPORTED, Column, Layout, Sheet, When
from metaan.workbook.read import Row
from metaan.workbook.values import parse_number

_LONGEST = 120  #: characters of a cell quoted in a message


def check_cells(row: Row, sheet: Sheet, layout: Layout, decimal_mark: str) -> Iterator[Finding]:
    """Yield what is wrong with single cells of a row."""
    for column in sheet.columns:
        text = row.values.get(column.name, "")
        if not text:
            if column.required and _needed(column, row):
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


@lru_cache(maxsize=4096)
def nearest(text: str, words: tuple[str, ...], least: float = 0.5) -> str:
    """Return the word most like the text, capitals or not; nothing where none is at least that much like it."""
    folded = {word.casefold(): word for word in reversed(words)}
    near = difflib.get_close_matches(text[:60].casefold().replace(" ", "_"), list(folded), 1, least)
    return folded[near[0]] if near else ""


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}" and so on, {len(text):,} characters'


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
            near = nearest(text, tuple(words))
            to_fix = f'did you mean "{near}"?' if near else "choose one of these; NR if the source does not say"
            yield finding("WORD", row, sheet, column, _quoted(text), _expected(column, layout), to_fix)
    elif column.kind in ("integer", "number"):
        yield from _number(row, sheet, column, decimal_mark, text, _expected(column, layout))
    elif column.kind == "id" and not re.fullmatch(ID_PATTERN, text):
        yield finding(
            "ID", row, sheet, column, _quoted(text), _expected(column, layout), f"for example {column.example}"
        )
    elif column.kind == "date" and not _is_day(column, text):
        to_fix = "type the year first, then month and day, with - between them"
        yield finding("PATTERN", row, sheet, column, _quoted(text), _expected(column, layout), to_fix)
    elif column.pattern and not re.fullmatch(column.pattern, text):
        part = re.search(column.pattern, text[:500])
        to_fix = f'did you mean "{part[0]}"?' if part and column.kind == "text" else "compare with the source"
        expected = f"{column.meaning}, like {column.example}" if column.example else column.meaning
        yield finding("PATTERN", row, sheet, column, _quoted(text), expected, to_fix)


def _is_day(column: Column, text: str) -> bool:
    if not re.fullmatch(column.pattern or DATE_PATTERN, text):
        return False
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:  # 2026-02-30
        return False
    return True


def _number(row: Row, sheet: Sheet, column: Column, decimal_mark: str, text: str, expected: str) -> Iterator[Finding]:
    number = parse_number(text, decimal_mark)
    if number is None:
        yield finding("W01", row, sheet, column, _quoted(text), expected, hint(text, column, decimal_mark))
        return
    if column.kind == "integer" and not number.value.is_integer():
        yield finding("W01", row, sheet, column, _quoted(text), expected, "compare with the paper")
    low, high = column.low, column.high
    if (low is not None and number.value < low) or (high is not None and number.value > high):
        yield finding(
            "RANGE", row, sheet, column, _quoted(text), f"{expected}, {column.limits}", "compare with the paper"
        )
