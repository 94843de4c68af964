"""Findings that the reviewers looked at: warnings they confirmed, confirmations that confirm nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level
from metaan.workbook.named import row_names
from metaan.workbook.read import Row

_LATER = ("quality", "fit")  #: layers whose findings are made after those of the workbook

Name = tuple[str, str, str]  #: id of the finding, sheet, row


def confirmed(found: Iterable[Finding], book: Book) -> tuple[Finding, ...]:
    """Return the findings with what the sheet Overrides says of them.

    A warning that stands there becomes a note with the reason; any other warning says how it can be confirmed. A row of
    Overrides that meets no finding, or an error, is a finding itself.
    """
    typed = _rows(book)
    names = row_names(book.extraction, book.layout)
    met: dict[Name, Level] = {}
    result = []
    for item in found:
        key = _folded(name_of(item, book, names))
        if key in typed:
            met[key] = Level.ERROR if Level.ERROR in (item.level, met.get(key)) else item.level
        result.append(_settled(item, book, typed, names))
    return (*result, *_idle(book, typed, met))


def confirmed_later(found: Iterable[Finding], book: Book) -> tuple[Finding, ...]:
    """Return findings made after those of the workbook, such as those of an analysis, as `confirmed` does.

    Confirmations that meet none of them are not looked at: `confirmed` has done so.
    """
    typed, names = _rows(book), row_names(book.extraction, book.layout)
    return tuple(_settled(item, book, typed, names) for item in found)


def _rows(book: Book) -> dict[Name, Row]:
    return {_typed(row): row for row in book.extraction.sheet("Overrides")}


def _settled(item: Finding, book: Book, typed: dict[Name, Row], names: dict[tuple[str, int], str]) -> Finding:
    name = name_of(item, book, names)
    row = typed.get(_folded(name))
    if row is not None and item.level is not Level.ERROR:
        return replace(item, level=Level.NOTE, to_fix=f"confirmed by {row['initials']}: {row['reason']}")
    reason_beside_it = "override_reason" in item.to_fix  # one place for a reason is enough
    if item.level is Level.WARNING and not reason_beside_it and _confirmable(item, book):
        return replace(item, to_fix=f"{item.to_fix}; if it stands, confirm it on Overrides: {', '.join(name)}")
    return item


def name_of(item: Finding, book: Book, names: dict[tuple[str, int], str]) -> Name:
    """Return what a row of Overrides must say to confirm a finding.

    The row is named by its key, on a sheet without keys by its number; a finding about a header by the column, one
    about a whole sheet or the file by the word sheet or file, one about the protocol by its entry.
    """
    sheet, number = item.origin.sheet, item.origin.row
    if item.id == "PROTOCOL":
        return item.id, "protocol", item.subject
    if not sheet:
        return item.id, "file", "file"
    if number is None:
        return item.id, sheet, "sheet"
    if key := names.get((sheet, number)):
        return item.id, sheet, key
    if any(row.number == number for row in book.extraction.sheet(sheet)):
        return item.id, sheet, str(number)
    letter = item.origin.cell.rstrip("0123456789")
    columns = book.extraction.columns.get(sheet, {})
    return item.id, sheet, next((column for column, own in columns.items() if own == letter), item.origin.cell)


def _confirmable(item: Finding, book: Book) -> bool:
    in_workbook = item.origin.workbook == book.extraction.workbook and item.id != "OVERRIDE"
    return in_workbook or item.id == "PROTOCOL"


def _typed(row: Row) -> Name:
    return _folded((row["finding_id"], row["sheet"], row["row_id"]))


def _folded(name: Name) -> Name:
    check, sheet, row = (part.strip().casefold() for part in name)
    return check, sheet, row


def _idle(book: Book, typed: dict[Name, Row], met: dict[Name, Level]) -> Iterator[Finding]:
    """Yield rows of Overrides that change nothing."""
    sheet = book.layout.sheet("Overrides")
    for name, row in typed.items():
        check = CHECKS.get(row["finding_id"].strip().upper())
        if not all(name):
            continue  # checks.cells has said so
        if check is None:
            yield finding(
                "OVERRIDE",
                row,
                sheet,
                "finding_id",
                f'"{row["finding_id"]}", which is the id of no check',
                "the id printed with the finding, like C02",
                "copy the three names from the finding, or delete the row",
            )
        elif met.get(name) is Level.ERROR:
            yield finding(
                "OVERRIDE",
                row,
                sheet,
                "finding_id",
                f"{check.id} of {row['row_id']} is an error",
                "warnings only: an error is mended, it cannot be confirmed",
                "mend the cell the finding names, then delete this row",
            )
        elif name not in met and check.layer not in _LATER and check.id != "PROTOCOL":
            yield finding(
                "OVERRIDE",
                row,
                sheet,
                "finding_id",
                f"no finding {check.id} for {row['row_id']} on {row['sheet']}: nothing to confirm",
                "a finding that is there",
                "delete the row if the cell was mended; compare id, sheet and row with the finding if not",
                Level.NOTE,
            )
