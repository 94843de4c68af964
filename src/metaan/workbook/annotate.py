"""A copy of what was read from a workbook, with every finding listed and marked at its cell.

The copy is built anew from the layout and the values; the user's file is neither opened nor saved. Cells therefore
stand where the template puts them: columns in the order of the layout, rows without gaps.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaan.terms.checks import CHECKS
from metaan.terms.finding import NAMES, Finding, Level
from metaan.workbook.columns import Sheet
from metaan.workbook.grid import letters
from metaan.workbook.named import name_at, row_names
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction
from metaan.workbook.sheets import REVIEW_KEYS
from metaan.workbook.template import new_book, write_sheets

SHEET = "Problems"
_COPY = "metaan_copy"  #: property of the file that says it is such a copy

_FONT = {"font_name": "Calibri", "font_size": 11, "num_format": "@", "valign": "top"}
#: border and ground of a marked cell; a thick, a middle and a thin border are told apart without colour
_MARKS = {
    Level.ERROR: {"border": 5, "border_color": "#A8201A", "bg_color": "#FBE3E1"},
    Level.WARNING: {"border": 2, "border_color": "#8A4B00", "bg_color": "#FFF3D6"},
    Level.NOTE: {"border": 1, "border_color": "#59636E"},
}
_HEADS = (
    ("level", 9),
    ("check", 10),
    ("about", 22),
    ("sheet", 11),
    ("cell here", 8),
    ("cell in your file", 9),
    ("row", 18),
    ("what it holds", 24),
    ("found", 34),
    ("expected", 30),
    ("to fix", 42),
)
_ABOUT = (
    "A copy of {workbook} to look at. Mend your own file, save it, and run metaan check again.",
    "A cell may have another name here than in your file: columns stand in the order of the template, rows without "
    "gaps.",
    "Not in this copy: columns and sheets that are no part of the layout, and cells that could not be read.",
)
_HEAD_ROW = 5
_NOTE_WIDTH = 340  #: pixels
_NOTE_LINE = 46  #: characters on a line of a note of that width


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the copy; rows and columns count from 0."""

    sheet: str
    row: int
    column: int

    @property
    def name(self) -> str:
        """Name of the cell, "E7"."""
        return f"{letters(self.column + 1)}{self.row + 1}"


def annotated_bytes(protocol: Protocol, extraction: Extraction, findings: Iterable[Finding]) -> bytes:
    """Return the copy as an .xlsx file: a sheet Problems, and a border and a note at every cell it names.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
        The layout, and the rows as they were read.
    findings : iterable of Finding
        Listed in this order within each level.
    """
    found = sorted(findings, key=lambda finding: tuple(Level).index(finding.level))
    places = {finding.origin: _place(finding, protocol, extraction) for finding in found}
    target = io.BytesIO()
    with new_book(target, protocol) as book:
        book.set_custom_property(_COPY, True, "bool")
        problems = book.add_worksheet(SHEET)
        write_sheets(
            book, protocol, {sheet: [dict(row.values) for row in rows] for sheet, rows in extraction.rows.items()}
        )
        _list(book, problems, found, places, extraction, protocol)
        at_cell: dict[Place, list[Finding]] = defaultdict(list)
        for finding in found:
            place = places[finding.origin]
            if place is not None:
                at_cell[place].append(finding)
        marks = _Marks(book)
        for place, here in at_cell.items():
            marks.set(place, here, protocol.layout.sheet(place.sheet), extraction)
        problems.activate()
        problems.set_first_sheet()
    return target.getvalue()


def is_copy(path: Path) -> bool:
    """Whether a file is such a copy, which may be made anew, and no workbook that people typed."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = archive.getinfo("docProps/custom.xml")
            return part.file_size < 2**20 and f'name="{_COPY}"'.encode() in archive.read(part)
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _place(finding: Finding, protocol: Protocol, extraction: Extraction) -> Place | None:
    """Return the cell of the copy a finding leads to: the header where it is no data, none for what is not copied."""
    origin = finding.origin
    sheet = next((sheet for sheet in protocol.layout.sheets if sheet.name == origin.sheet), None)
    if sheet is None:
        return None
    letter = origin.cell.rstrip("0123456789")
    here = {own: name for name, own in extraction.columns.get(sheet.name, {}).items()}.get(letter, "")
    names = [column.name for column in sheet.columns]
    column = names.index(here) if here in names else 0
    for i, row in enumerate(extraction.sheet(sheet.name), 1):
        if row.number == origin.row:
            if sheet.name == "Review":
                return (
                    Place(sheet.name, list(REVIEW_KEYS).index(row["key"]) + 1, 1) if row["key"] in REVIEW_KEYS else None
                )
            return Place(sheet.name, i, column)
    return Place(sheet.name, 0, column)


def _list(
    book: Any,
    page: Any,
    findings: Iterable[Finding],
    places: Mapping[Any, Place | None],
    extraction: Extraction,
    protocol: Protocol,
) -> None:
    """Write the sheet Problems."""
    names = row_names(extraction, protocol.layout)
    title = book.add_format({**_FONT, "bold": True, "font_size": 16})
    said = book.add_format({**_FONT})
    head = book.add_format({**_FONT, "bold": True, "font_color": "#FFFFFF", "bg_color": "#004C80", "text_wrap": True})
    line = {"bottom": 1, "bottom_color": "#D9DDE2"}
    plain = book.add_format({**_FONT, **line, "text_wrap": True})
    linked = book.add_format({**_FONT, **line, "font_color": "#0B4F8A", "underline": 1})
    levels = {
        level: book.add_format({**_FONT, **line, "bold": True, "bg_color": mark.get("bg_color", "#FFFFFF")})
        for level, mark in _MARKS.items()
    }
    page.hide_gridlines(2)
    page.set_row(0, 26)
    page.write_string(0, 0, "Problems", title)
    for i, text in enumerate(_ABOUT, 1):
        page.write_string(i, 0, text.format(workbook=extraction.workbook), said)
    page.set_row(_HEAD_ROW, 32)
    for i, (name, width) in enumerate(_HEADS):
        page.set_column(i, i, width)
        page.write_string(_HEAD_ROW, i, name, head)
    r = _HEAD_ROW
    for r, finding in enumerate(findings, _HEAD_ROW + 1):
        origin, place = finding.origin, places[finding.origin]
        row = name_at(origin, names)
        texts = (
            NAMES[finding.level][0],
            finding.id,
            CHECKS[finding.id].title,
            origin.sheet or "the file",
            "",
            origin.cell,
            row,
            finding.subject.removesuffix(f"; {row}") if row else finding.subject,
            finding.found,
            finding.expected,
            finding.to_fix,
        )
        for i, text in enumerate(texts):
            page.write_string(r, i, text, levels[finding.level] if i == 0 else plain)
        if place is not None:
            page.write_url(r, 4, f"internal:'{place.sheet}'!{place.name}", linked, place.name)
        lines = max(-(-len(text) // max(width - 2, 1)) for text, (_, width) in zip(texts, _HEADS, strict=True))
        page.set_row(r, 15.0 * max(lines, 1) + 2)
    if r == _HEAD_ROW:
        page.write_string(r + 1, 0, "The checks found nothing.", said)
    else:
        page.autofilter(_HEAD_ROW, 0, r, len(_HEADS) - 1)
    page.freeze_panes(_HEAD_ROW + 1, 2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(_HEAD_ROW)


class _Marks:
    """Marks cells of a workbook that is being written."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self._formats: dict[tuple[Level, bool], Any] = {}

    def set(self, place: Place, findings: list[Finding], sheet: Sheet, extraction: Extraction) -> None:
        """Draw a border round a cell and put what was found into its note; a header keeps its look."""
        page = self.book.get_worksheet_by_name(place.sheet)
        if place.row > 0 and sheet.name != "Review":
            column = sheet.columns[place.column]
            text = extraction.sheet(sheet.name)[place.row - 1][column.name]
            style = self._format(findings[0].level, wrapped=len(text) > column.width)
            if text:
                page.write_string(place.row, place.column, text, style)
            else:
                page.write_blank(place.row, place.column, None, style)
        said = "\n\n".join(_note(finding) for finding in findings)
        lines = sum(-(-len(line) // _NOTE_LINE) or 1 for line in said.split("\n"))
        shape = {"author": "metaan", "width": _NOTE_WIDTH, "height": 18 * lines + 12, "font_size": 9}
        page.write_comment(place.row, place.column, said, shape)

    def _format(self, level: Level, *, wrapped: bool) -> Any:
        if (level, wrapped) not in self._formats:
            look = {**_FONT, **_MARKS[level], "locked": False, "text_wrap": wrapped}
            self._formats[level, wrapped] = self.book.add_format(look)
        return self._formats[level, wrapped]


def _note(finding: Finding) -> str:
    return (
        f"{NAMES[finding.level][0].upper()} {finding.id}: {CHECKS[finding.id].title}\n"
        f"found: {finding.found}\nexpected: {finding.expected}\nto fix: {finding.to_fix}"
    )
