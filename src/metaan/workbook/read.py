"""The only reader of Excel: cells with their text, their place, and what is odd about them.

The archive is looked at before anything in it (`archive`), its XML is read as a stream (`parts`, `styles`, `grid`), and
each filled cell of a known column becomes text (`cell_text`). Every check of meaning comes later, in `metaan.checks`;
what is found here is about the file, the sheets, the headers and the kind of cell.
"""

import difflib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook import hazards
from metaan.workbook.archive import Archive, damaged, notices, open_archive
from metaan.workbook.cell_text import CellReader
from metaan.workbook.columns import Layout, Sheet, When
from metaan.workbook.forms import FORMS
from metaan.workbook.grid import MAX_CELLS, Grid, read_grid
from metaan.workbook.header import missing_columns, read_header
from metaan.workbook.parts import Book, Unreadable, program, read_book, read_strings
from metaan.workbook.places import Place
from metaan.workbook.sheets import GENERATED_SHEETS, SHEETS_REQUIRED
from metaan.workbook.styles import Style, read_styles
from metaan.workbook.values import STATISTICS, decimals

_MOST_ZEROS = 2  #: given back to a number; that three or more last digits were all zeros is not likely


@dataclass(frozen=True, slots=True)
class Row:
    """One filled row of a sheet; `values` holds only the cells that are not blank."""

    workbook: str
    sheet: str
    number: int
    values: Mapping[str, str]
    letters: Mapping[str, str] = field(repr=False)  #: column name -> letter

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell, empty when blank."""
        return self.values.get(column, "")

    def answer(self, column: str) -> str:
        """Return the text of a cell; empty when blank, not reported or not applicable."""
        text = self.values.get(column, "")
        return "" if text in ("NR", "NA") else text

    def cell(self, column: str) -> str:
        """Return the name of a cell: "E7"; of the row when the column is not in the sheet."""
        letter = self.letters.get(column)
        return f"{letter}{self.number}" if letter else f"A{self.number}"

    def origin(self, column: str) -> Origin:
        """Return where a cell stands."""
        return Origin(self.workbook, self.sheet, self.cell(column))


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything read from one workbook."""

    workbook: str  #: as the user named it
    rows: Mapping[str, tuple[Row, ...]]  #: sheet -> rows
    columns: Mapping[str, Mapping[str, str]]  #: sheet -> column -> letter
    findings: tuple[Finding, ...] = ()  #: about the file, the sheets and the kinds of cells
    program: str = ""  #: which program says it saved the file

    def sheet(self, name: str) -> tuple[Row, ...]:
        """Return the rows of a sheet; none when the sheet is not there."""
        return self.rows.get(name, ())

    def review(self) -> dict[str, str]:
        """Return the Review sheet as key -> value."""
        return {row["key"]: row["value"] for row in self.sheet("Review")}

    @property
    def decimal_mark(self) -> str:
        """The decimal mark the review declares."""
        marks = (row["value"] for row in self.sheet("Review") if row["key"] == "decimal_mark")
        return next(marks, "") or "point"

    def by_key(self, sheet: str, key: str) -> dict[str, Row]:
        """Return the rows of a sheet by their key."""
        return {row[key]: row for row in self.sheet(sheet) if row[key]}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "workbook": self.workbook,
            "program": self.program,
            "columns": {sheet: dict(letters) for sheet, letters in self.columns.items()},
            "rows": {sheet: [[row.number, dict(row.values)] for row in rows] for sheet, rows in self.rows.items()},
            "findings": [finding.record() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Extraction":
        """Rebuild from `to_dict`."""
        name, columns = data["workbook"], data["columns"]
        return cls(
            workbook=name,
            program=data["program"],
            columns=columns,
            rows={
                sheet: tuple(Row(name, sheet, number, values, columns[sheet]) for number, values in rows)
                for sheet, rows in data["rows"].items()
            },
            findings=tuple(Finding.from_record(record) for record in data["findings"]),
        )


def read_workbook(path: str | Path, layout: Layout) -> Extraction:
    """Read a workbook; the file is only ever read.

    Raises
    ------
    BadInput
        The file is missing, is no workbook, is damaged, or is larger than a workbook of text can be.
    """
    name = str(path)
    archive = open_archive(Path(path), name)
    with archive.zip:
        try:
            return _read(archive, layout)
        except BadInput:
            raise
        except Unreadable as error:
            raise damaged(name, str(error)) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
            raise damaged(name) from None


def _read(archive: Archive, layout: Layout) -> Extraction:
    name = archive.workbook
    book = read_book(archive)
    strings = read_strings(archive, book.shared_strings)
    styles = read_styles(archive, book.styles)
    findings = [*notices(archive), *_book_findings(book, layout, name)]
    parts = {sheet.name: sheet for sheet in reversed(book.sheets) if sheet.part}
    rows: dict[str, tuple[Row, ...]] = {}
    columns: dict[str, dict[str, str]] = {}
    mark, budget = "point", MAX_CELLS
    for sheet in sorted(layout.sheets, key=lambda sheet: sheet.name != "Review"):  # it declares the decimal mark
        if sheet.name not in parts:
            continue
        grid = read_grid(archive, parts[sheet.name].part, strings, budget)
        budget -= sum(map(len, grid.rows.values()))
        read = _read_sheet(name, sheet, grid, styles, book.date1904, mark)
        columns[sheet.name], rows[sheet.name] = read.columns, read.rows
        if sheet.name == "Review":
            mark = next((row["value"] for row in read.rows if row["key"] == "decimal_mark"), "") or "point"
        findings += read.findings
        if parts[sheet.name].hidden and read.rows:
            findings.append(_hidden_sheet(name, sheet))
    order = [sheet.name for sheet in layout.sheets if sheet.name in rows]
    return Extraction(
        name, {s: rows[s] for s in order}, {s: columns[s] for s in order}, tuple(findings), program(archive)
    )


def _book_findings(book: Book, layout: Layout, workbook: str) -> Iterator[Finding]:
    if book.date1904:
        yield Place(workbook).finding(
            "W09",
            "",
            "dates",
            "the date system that starts in 1904",
            "the date system that starts in 1900",
            "look at the dates once; in Excel: Options, Advanced, Use 1904 date system, off",
        )
    known = [sheet.name for sheet in layout.sheets]
    names = [sheet.name for sheet in book.sheets]
    readable = [sheet.name for sheet in book.sheets if sheet.part]
    unknown = [name for name in names if name not in known and name not in GENERATED_SHEETS]
    for wanted in SHEETS_REQUIRED:
        if wanted in readable or wanted not in known:
            continue
        near = difflib.get_close_matches(wanted.lower(), [name.strip().lower() for name in unknown], 1, 0.6)
        like = next((name for name in unknown if near and name.strip().lower() == near[0]), "")
        yield Place(workbook, wanted).finding(
            "SHEET",
            "",
            layout.sheet(wanted).meaning,
            f'no such sheet, but one named "{like}"' if like else "no such sheet; there are " + hazards.several(names),
            f'a sheet named "{wanted}"',
            f'rename "{like}" to "{wanted}"' if like else "copy the sheet from a new template",
        )
    for name in unknown:
        yield Place(workbook, name).finding(
            "SHEET",
            "",
            "",
            "a sheet that is not part of the layout; it is not read",
            "the sheets of the template",
            "nothing, if it holds your own notes",
            Level.NOTE,
        )


def _hidden_sheet(workbook: str, sheet: Sheet) -> Finding:
    return Place(workbook, sheet.name).finding(
        "W04",
        "",
        sheet.meaning,
        "the sheet is hidden and holds data",
        "every sheet with data in view; hidden ones are read all the same",
        "show the sheet",
    )


@dataclass(frozen=True, slots=True)
class _SheetRead:
    rows: tuple[Row, ...]
    columns: dict[str, str]
    findings: list[Finding]


def _read_sheet(
    workbook: str, sheet: Sheet, grid: Grid, styles: Sequence[Style], date1904: bool, mark: str
) -> _SheetRead:
    place = Place(workbook, sheet.name)
    header = read_header(grid, sheet, place)
    reader = CellReader(grid, styles, date1904, mark, place)
    by_name = {column.name: column for column in sheet.columns}
    wanted = {at: by_name[name] for at, name in header.names.items()}
    numeric = {name: [] for name, c in by_name.items() if c.kind in ("integer", "number")}  # type: dict[str, list[Any]]
    lengthened: dict[str, list[tuple[str, str]]] = {}
    rows: list[Row] = []
    filled: list[int] = []
    left_out: dict[int, str] = {}
    for number in sorted(grid.rows):
        if number <= header.row or not header.letters:
            continue
        cells = grid.rows[number]
        filled.append(number)
        kind = hazards.no_data(cells, header, sheet)
        if kind:
            left_out[number] = kind
            continue
        values: dict[str, str] = {}
        true_numbers: set[str] = set()
        for at in sorted(cells):
            column = wanted.get(at)
            if column is None:
                continue
            text = reader.text(cells[at], column)
            if text:
                values[column.name] = text
                if column.name in numeric:
                    numeric[column.name].append((cells[at].name, text, cells[at].kind == "n"))
                    if cells[at].kind == "n":
                        true_numbers.add(column.name)
        if true_numbers:
            for name, text in _lengthen(values, true_numbers, mark):
                values[name] = text
                lengthened.setdefault(name, []).append((f"{header.letters[name]}{number}", text))
        if values:
            rows.append(Row(workbook, sheet.name, number, values, header.letters))
    findings = [
        *header.findings,
        *missing_columns(header, place, _needed(sheet, rows)),
        *hazards.merged(grid, header, place),
        *reader.findings,
        *hazards.hidden(grid, header, place),
        *hazards.gaps(filled, header, place),
        *hazards.not_data(left_out, header, place),
        *(f for name, values in numeric.items() for f in hazards.serials(by_name[name], values, mark, place)),
        *hazards.lengthened_cells(sheet, lengthened, place),
        *hazards.cleaned_cells(sheet, reader.cleaned, place),
    ]
    return _SheetRead(tuple(rows), header.letters, findings)


def _lengthen(values: Mapping[str, str], true_numbers: set[str], mark: str) -> Iterator[tuple[str, str]]:
    """Yield true numbers with the last zeros that their statistic shows they had: 3 beside 1.6 and 0.8 was 3.0."""
    point = "," if mark == "comma" else "."
    for statistic in STATISTICS:
        names = [name for name in statistic if name in values]
        for name in names if len(names) > 1 else ():
            if name in true_numbers and "e" not in values[name]:
                whole, _, part = values[name].partition(point)
                lost = decimals((values[other] for other in names), mark) - len(part)
                if 0 < lost <= _MOST_ZEROS:
                    yield name, f"{whole}{point}{part}{'0' * lost}"


def _needed(sheet: Sheet, rows: Iterable[Row]) -> set[str]:
    """Return the columns that the layout, a condition or the form chosen needs in some row."""
    needed = {column.name for column in sheet.columns if column.required is True}
    conditions = [(c.name, c.required) for c in sheet.columns if isinstance(c.required, When)]
    for row in rows:
        needed.update(name for name, when in conditions if name not in needed and when.holds(row[when.column]))
        if sheet.name == "Effects" and row["form"] in FORMS:
            needed.update(FORMS[row["form"]].required)
    return needed
