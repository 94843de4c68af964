"""Names that look alike: keys, labels and words of free text that differ in capitals, blanks or punctuation."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import listed
from metaan.workbook.columns import Sheet
from metaan.workbook.read import Row

#: free text that filters and joins compare letter by letter
_COMPARED = (
    ("Studies", "label"),
    ("Studies", "centre"),
    ("Studies", "country"),
    ("Effects", "intervention"),
    ("Effects", "comparator"),
    ("Effects", "dependency_group"),
    ("Effects", "arm_1_id"),
    ("Effects", "arm_2_id"),
    ("Effects", "timepoint"),
    ("Effects", "subgroup"),
)
_MARKS = re.compile(r"[\s_.,;:'\"’`´\-‐–—]+")
_BLANKS = re.compile(r"[\s_.,;'\"’`´]+")


def check_spellings(book: Book) -> Iterator[Finding]:
    """Yield names that differ only in capitals, blanks or punctuation (W04)."""
    for sheet in book.layout.sheets:
        if sheet.key and sheet.name != "Review":
            yield from _keys(book.extraction.sheet(sheet.name), sheet)
    for name, column in _COMPARED:
        if book.has(name, column):
            yield from _spellings(book.extraction.sheet(name), book.layout.sheet(name), column)


def _keys(rows: Sequence[Row], sheet: Sheet) -> Iterator[Finding]:
    first: dict[str, Row] = {}
    for row in rows:
        key = row[sheet.key]
        plain = _MARKS.sub("", key).casefold()
        if not plain:
            continue
        earlier = first.setdefault(plain, row)
        if earlier is not row and earlier[sheet.key].casefold() != key.casefold():
            yield finding(
                "W04",
                row,
                sheet,
                sheet.key,
                f'"{key}", which differs from "{earlier[sheet.key]}" ({earlier.cell(sheet.key)}) only in punctuation',
                "names that nobody takes for one another",
                "rename one of them if they are two; delete one if they are the same",
                Level.WARNING,
            )


def _spellings(rows: Sequence[Row], sheet: Sheet, column: str) -> Iterator[Finding]:
    kinds: dict[str, Counter[str]] = {}
    unique = column == "label"
    marks = _BLANKS if column in ("timepoint", "subgroup") else _MARKS  # there + and - carry meaning
    for row in rows:
        if text := row.answer(column):
            kinds.setdefault(marks.sub("", text).casefold(), Counter())[text] += 1
    for row in rows:
        text = row.answer(column)
        spelled = kinds.get(marks.sub("", text).casefold()) if text else None
        if spelled is None or (len(spelled) < 2 and not (unique and spelled[text] > 1)):
            continue
        usual = spelled.most_common(1)[0][0]
        if text == usual and not (unique and _earlier(rows, column, row, text)):
            continue
        others = listed([f'"{other}"' for other in spelled if other != text] or [f'"{text}"'], "or")
        yield finding(
            "W04",
            row,
            sheet,
            column,
            f'"{text}", elsewhere {others}' if len(spelled) > 1 else f'"{text}" for two studies',
            "a name of its own for each study" if unique else "one spelling: cells are compared letter by letter",
            "tell the two apart: 2001a, 2001b" if unique else f'type "{usual}" if the same is meant',
            Level.WARNING,
        )


def _earlier(rows: Sequence[Row], column: str, row: Row, text: str) -> bool:
    return any(other.number < row.number and other[column] == text for other in rows)
