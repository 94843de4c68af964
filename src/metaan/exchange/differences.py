"""What differs between two extractions, row by row by name, and cell by cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from metaan.workbook.columns import Layout, Sheet
from metaan.workbook.read import Extraction

COLUMNS = ("kind", "sheet", "row", "column", "old", "new", "cell_a", "cell_b")
KINDS = {
    "sheet_added": "sheet only in B",
    "sheet_removed": "sheet only in A",
    "column_added": "column only in B",
    "column_removed": "column only in A",
    "row_added": "row only in B",
    "row_removed": "row only in A",
    "row_renamed": "row renamed",
    "cell": "cell changed",
}


class Line(NamedTuple):
    """One row: its cells, and where they stand."""

    cells: Mapping[str, str]
    places: Mapping[str, str]  #: column -> place, for those that are known
    place: str  #: of the row

    def at(self, column: str) -> str:
        """Return where a cell stands."""
        return self.places.get(column, self.place)


@dataclass(frozen=True, slots=True)
class Book:
    """One side of a comparison: sheets with their columns and rows, wherever they were read from."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, tuple[Line, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs."""

    kind: str  #: of `KINDS`
    sheet: str
    row: str = ""  #: name of the row; in the words of its first columns where the sheet has no names
    column: str = ""
    old: str = ""
    new: str = ""
    cell_a: str = ""
    cell_b: str = ""

    def record(self) -> dict[str, str]:
        """Return plain data; keys are `COLUMNS`."""
        return {name: getattr(self, name) for name in COLUMNS}


def book_of_extraction(extraction: Extraction, kept: Iterable[tuple[str, str, str, str]] = ()) -> Book:
    """Return a workbook as one side of a comparison, with the cells its layout has no place for."""
    others = tuple(
        Line({"sheet": sheet, "row": row, "column": column, "text": text}, {}, "")
        for sheet, row, column, text in kept
        if sheet != "Review"  # its rows are read whatever their key
    )
    book = _book_of_rows(extraction)
    if not others:
        return book
    return Book(book.name, {**book.columns, "Kept": ("sheet", "row", "column", "text")}, {**book.rows, "Kept": others})


def _book_of_rows(extraction: Extraction) -> Book:
    return Book(
        name=extraction.workbook,
        columns={sheet: tuple(letters) for sheet, letters in extraction.columns.items()},
        rows={
            sheet: tuple(
                Line(dict(row.values), {name: row.cell(name) for name in row.values}, f"row {row.number}")
                for row in rows
            )
            for sheet, rows in extraction.rows.items()
        },
    )


def book_of_tables(name: str, tables: Mapping[str, tuple[list[str], list[tuple[int, dict[str, str]]]]]) -> Book:
    """Return a folder of CSV files, read by `csv_text.read` and named by sheet, as one side of a comparison."""
    return Book(
        name=name,
        columns={sheet: tuple(header) for sheet, (header, _) in tables.items()},
        rows={
            sheet: tuple(Line({c: t for c, t in cells.items() if t}, {}, f"line {number}") for number, cells in rows)
            for sheet, (_, rows) in tables.items()
        },
    )


def differences(a: Book, b: Book, layout: Layout) -> tuple[Change, ...]:
    """Return what differs between two extractions, in the order of the layout; the order of rows does not count.

    A row is known by the key of its sheet, or where the sheet has none by the columns that say what a row is. A row
    only in A and one only in B with the same other cells are one row renamed.
    """
    changes: list[Change] = []
    order = [sheet.name for sheet in layout.sheets]
    names = [*order, *sorted((set(a.rows) | set(b.rows)) - set(order))]
    known = {sheet.name: sheet for sheet in layout.sheets}
    for name in names:
        if name not in a.rows and name not in b.rows:
            continue
        if name != "Kept" and (name not in b.rows or name not in a.rows):
            kind = "sheet_removed" if name in a.rows else "sheet_added"
            changes.append(Change(kind=kind, sheet=name))
        changes += _columns(name, a, b)
        changes += _rows(name, _identity(known.get(name), a, b, name), a, b)
    return tuple(changes)


def _columns(sheet: str, a: Book, b: Book) -> Iterable[Change]:
    first, second = a.columns.get(sheet), b.columns.get(sheet)
    if first is None or second is None:
        return
    for column in first:
        if column not in second:
            yield Change(kind="column_removed", sheet=sheet, column=column)
    for column in second:
        if column not in first:
            yield Change(kind="column_added", sheet=sheet, column=column)


def _identity(sheet: Sheet | None, a: Book, b: Book, name: str) -> tuple[str, ...]:
    """Return the columns a row is known by."""
    if name == "Kept":
        return ("sheet", "row", "column")
    if sheet is None:
        columns = a.columns.get(name) or b.columns.get(name) or ()
        return tuple(columns[:1])
    if sheet.key:
        return (sheet.key,)
    if name == "PRISMA":
        return ("key", "reason")
    if name == "Log":
        return tuple(column.name for column in sheet.columns)
    return tuple(column.name for column in sheet.columns if column.group == "identity")


def _rows(sheet: str, identity: tuple[str, ...], a: Book, b: Book) -> list[Change]:
    first, second = _by_name(a.rows.get(sheet, ()), identity), _by_name(b.rows.get(sheet, ()), identity)
    gone = {name: line for name, line in first.items() if name not in second}
    new = {name: line for name, line in second.items() if name not in first}
    renamed = _renamed(gone, new, identity)
    changes: list[Change] = []
    for name, line in first.items():
        if name in renamed:
            other = new[renamed[name]]
            changes.append(
                Change(
                    kind="row_renamed",
                    sheet=sheet,
                    row=_said(name),
                    old=_said(name),
                    new=_said(renamed[name]),
                    cell_a=line.at(identity[0]),
                    cell_b=other.at(identity[0]),
                )
            )
        elif name in gone:
            changes.append(Change(kind="row_removed", sheet=sheet, row=_said(name), cell_a=line.at(identity[0])))
        else:
            changes += _cells(sheet, name, line, second[name])
    for name in new:
        if name not in renamed.values():
            changes.append(Change(kind="row_added", sheet=sheet, row=_said(name), cell_b=new[name].at(identity[0])))
    return changes


Name = tuple[str, ...]


def _by_name(lines: Iterable[Line], identity: tuple[str, ...]) -> dict[Name, Line]:
    """Return rows by what they are known by; one that comes again is known by its number as well."""
    found: dict[Name, Line] = {}
    for line in lines:
        name: Name = tuple(line.cells.get(column, "") for column in identity)
        number, unique = 1, name
        while unique in found:
            number += 1
            unique = (*name, f"#{number}")
        found[unique] = line
    return found


def _renamed(gone: Mapping[Name, Line], new: Mapping[Name, Line], identity: tuple[str, ...]) -> dict[Name, Name]:
    """Return old name -> new name of rows that have the same cells otherwise, in the order they stand."""

    def rest(line: Line) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((column, text) for column, text in line.cells.items() if column not in identity))

    waiting: dict[tuple[tuple[str, str], ...], list[Name]] = {}
    for name, line in new.items():
        if rest(line):
            waiting.setdefault(rest(line), []).append(name)
    found = {}
    for name, line in gone.items():
        if waiting.get(rest(line)):
            found[name] = waiting[rest(line)].pop(0)
    return found


def _cells(sheet: str, name: Name, a: Line, b: Line) -> Iterable[Change]:
    for column in dict.fromkeys([*a.cells, *b.cells]):
        old, new = a.cells.get(column, ""), b.cells.get(column, "")
        if old != new:
            yield Change(
                kind="cell",
                sheet=sheet,
                row=_said(name),
                column=column,
                old=old,
                new=new,
                cell_a=a.at(column),
                cell_b=b.at(column),
            )


def _said(name: Name) -> str:
    return " / ".join(part for part in name if part) or "(no name)"
