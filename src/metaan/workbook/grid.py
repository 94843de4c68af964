"""One sheet as the file holds it: filled cells, and what is hidden, filtered or merged.

The sheet is read in one pass, as a stream; of blank cells, however many are formatted, nothing is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from metaan.workbook.archive import Archive, refused
from metaan.workbook.parts import MAIN, Text, TextReader, Unreadable, parse, unescape

MAX_CELLS = 400_000  #: filled cells of all sheets; ten times a review of 1,000 comparisons
MAX_ELEMENTS = 4_000_000  #: of one sheet's XML, blank cells included
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_FILTERS = {"filters", "customFilters", "top10", "dynamicFilter", "colorFilter", "iconFilter"}
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


class Cell(NamedTuple):
    """A filled cell; a tuple, because there are tens of thousands of them."""

    row: int
    column: int
    kind: str  #: n number, s text, b truth value, e error value, d date
    text: str  #: as it stands in the file; the stored result of a formula
    formula: str | None  #: without =; empty where it is shared with another cell
    style: int
    struck: bool = False  #: part of the text is struck through

    @property
    def name(self) -> str:
        """Name of the cell: "E7"."""
        return f"{letters(self.column)}{self.row}"


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells."""

    left: int
    top: int
    right: int
    bottom: int

    def __str__(self) -> str:
        """Return its corners: "B5:B8"."""
        return f"{letters(self.left)}{self.top}:{letters(self.right)}{self.bottom}"


@dataclass(slots=True)
class Grid:
    """What one sheet holds."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)  #: row -> column -> filled cell
    hidden_rows: set[int] = field(default_factory=set)  #: of the filled ones
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  #: first, last; folded outlines do not count
    merged: list[Area] = field(default_factory=list)
    filtered: bool = False


def letters(column: int) -> str:
    """Return the letters of a column: 1 is A."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def place(reference: str) -> tuple[int, int]:
    """Return column and row of "E7".

    Raises
    ------
    Unreadable
        It is no place in a sheet.
    """
    match = _REFERENCE.fullmatch(reference)
    if match:
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - 64
        row = int(match[2])
        if 1 <= row <= _LAST_ROW and column <= _LAST_COLUMN:
            return column, row
    raise Unreadable(f'"{reference[:20]}" is no place in a sheet')


def area(reference: str) -> Area:
    """Return the rectangle of "B5:B8"."""
    first, _, last = reference.partition(":")
    left, top = place(first)
    right, bottom = place(last or first)
    return Area(min(left, right), min(top, bottom), max(left, right), max(top, bottom))


def read_grid(archive: Archive, part: str, strings: list[Text], budget: int = MAX_CELLS) -> Grid:
    """Read the cells of one sheet.

    Parameters
    ----------
    strings : list of Text
        The strings cells refer to by number.
    budget : int
        How many filled cells there may be.

    Raises
    ------
    BadInput
        The sheet holds more than a review can.
    Unreadable
        It is damaged.
    """
    scan = _Scan(strings, budget, archive.workbook)

    def counted() -> Iterator[bytes]:
        for piece in archive.chunks(part):
            yield piece
            if scan.elements > MAX_ELEMENTS:
                raise scan.too_much(f"{MAX_ELEMENTS:,} cells, filled or formatted")

    parse(counted(), scan.start, scan.end, scan.characters)
    return scan.grid


_CELL, _VALUE, _FORMULA, _ROW, _INLINE = (f"{MAIN} {tag}" for tag in ("c", "v", "f", "row", "is"))


class _Scan:
    """Handlers of one sheet's XML; what happens once a cell is written out in `start` and `end`, for speed."""

    def __init__(self, strings: list[Text], budget: int, workbook: str) -> None:
        self.grid = Grid()
        self.strings = strings
        self.budget = budget
        self.workbook = workbook
        self.elements = 0
        self.row = 0
        self.row_text = "0"
        self.column = 0
        self.row_hidden = False
        self.all_hidden = False
        self.cell: dict[str, str] = {}  #: attributes of the cell being read
        self.value = ""
        self.formula: str | None = None
        self.text = ""
        self.taking = False
        self.inline: TextReader | None = None
        self.known: dict[str, int] = {}  #: letters of a column -> column
        self.seldom: Mapping[str, Callable[[dict[str, str]], None]] = {
            f"{MAIN} {tag}": handler
            for tag, handler in (
                ("col", self._col),
                ("sheetFormatPr", self._default),
                ("mergeCell", self._merge),
                *((tag, self._filter) for tag in _FILTERS),
            )
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.inline is not None:
            self.inline.start(name, attributes)
        elif name == _CELL:
            self.cell, self.value, self.formula = attributes, "", None
            self.column += 1
        elif name in (_VALUE, _FORMULA):
            self.text, self.taking = "", True
        elif name == _ROW:
            self._row(attributes)
        elif name == _INLINE:
            self.inline = TextReader()
        elif name in self.seldom:
            self.seldom[name](attributes)

    def end(self, name: str) -> None:
        if name == _CELL:
            if self.value or self.formula is not None or self.inline is not None:
                self._finish()
            elif "r" in self.cell:
                self.column = self._place(self.cell["r"])
        elif self.inline is not None:
            self.inline.end(name)
        elif name == _VALUE:
            self.value, self.taking = self.text, False
        elif name == _FORMULA:
            self.formula, self.taking = self.text.strip(), False

    def characters(self, data: str) -> None:
        if self.taking:
            self.text += data
        elif self.inline is not None:
            self.inline.add(data)

    def too_much(self, expected: str) -> Exception:
        fix = "copy the rows of the review, and nothing else, into a new workbook"
        return refused(self.workbook, "more cells than a review has", fix, f"at most {expected}")

    def _default(self, attributes: dict[str, str]) -> None:
        self.all_hidden = _true(attributes.get("zeroHeight"))

    def _col(self, attributes: dict[str, str]) -> None:
        if _true(attributes.get("hidden")) and not _true(attributes.get("outlineLevel")):
            first = _bounded(attributes.get("min"), _LAST_COLUMN)
            self.grid.hidden_columns.append((first, _bounded(attributes.get("max", str(first)), _LAST_COLUMN)))

    def _row(self, attributes: dict[str, str]) -> None:
        given = attributes.get("r")
        self.row = _bounded(given, _LAST_ROW) if given else self.row + 1
        self.row_text = str(self.row)
        self.column = 0
        hidden = attributes.get("hidden")
        self.row_hidden = _true(hidden) if hidden is not None else self.all_hidden

    def _merge(self, attributes: dict[str, str]) -> None:
        self.grid.merged.append(area(attributes.get("ref", "")))

    def _filter(self, _: dict[str, str]) -> None:
        self.grid.filtered = True

    def _place(self, reference: str) -> int:
        """Return the column of a reference into the row being read."""
        head = reference[: -len(self.row_text)]
        column = self.known.get(head)
        if column is None or not reference.endswith(self.row_text):
            column, row = place(reference)
            if row != self.row:
                raise Unreadable(f"cell {reference[:20]} stands in row {self.row}")
            self.known[head] = column
        return column

    def _finish(self) -> None:
        attributes, text, struck = self.cell, self.value, False
        kind = attributes.get("t", "n")
        reference = attributes.get("r")
        if reference is not None:
            self.column = self._place(reference)
        if self.inline is not None:
            found = self.inline.finish()
            self.inline = None
            kind, text, struck = "s", found.text, found.struck
        elif kind == "s":
            text, struck = self._shared(text)
        elif kind in ("str", "inlineStr"):
            kind, text = "s", unescape(text)
        if not text.strip() and self.formula is None:
            return
        if self.column > _LAST_COLUMN or not 1 <= self.row <= _LAST_ROW:
            raise Unreadable("cells beyond the edge of a sheet")
        self.budget -= 1
        if self.budget < 0:
            raise self.too_much(f"{MAX_CELLS:,} filled cells in all sheets")
        style = attributes.get("s")
        cell = Cell(self.row, self.column, kind, text, self.formula, _bounded(style, 10**6, 0) if style else 0, struck)
        row = self.grid.rows.get(self.row)
        if row is None:
            row = self.grid.rows[self.row] = {}
            if self.row_hidden:
                self.grid.hidden_rows.add(self.row)
        row[self.column] = cell

    def _shared(self, text: str) -> tuple[str, bool]:
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text) < len(self.strings):
            found = self.strings[int(text)]
            return found.text, found.struck
        if not text:
            return "", False
        raise Unreadable(f"cell {letters(self.column)}{self.row} names a string that is not there")


def _true(text: str | None) -> bool:
    return text is not None and text.lower() not in ("0", "false", "off", "")


def _bounded(text: str | None, high: int, low: int = 1) -> int:
    if text is not None and text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    raise Unreadable(f'"{(text or "")[:20]}" is no place in a sheet')
