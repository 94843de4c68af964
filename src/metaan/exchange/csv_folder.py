"""A workbook as a folder of CSV files, one a sheet, and back: what git shows of an extraction."""

import difflib
from collections.abc import Iterable, Mapping

from metaan.exchange import csv_text
from metaan.exchange.intake import Imported, Rows
from metaan.files import csv_lines, guard, unguard
from metaan.terms.finding import bad_file
from metaan.workbook.columns import Layout, Sheet
from metaan.workbook.read import Extraction
from metaan.workbook.sheets import REVIEW_KEYS

MAX_CELL = 32_767


Kept = tuple[str, str, str, str]  #: sheet, row, column, text of a cell the layout has no place for

KEPT_FILE = "Kept.csv"
_KEPT_COLUMNS = ("sheet", "row", "column", "text")


def to_files(extraction: Extraction, layout: Layout, kept: Iterable[Kept] = ()) -> dict[str, str]:
    """Return file name -> CSV text: columns in the order of the layout, rows in the order of the workbook.

    Every sheet of the layout gives a file, so that a sheet that is emptied shows as a change of its file. Cells the
    layout has no place for, columns of one's own among them, stand in a file of their own.
    """
    files = {f"{sheet.name}.csv": _file(sheet, extraction, layout) for sheet in layout.sheets}
    others = [[guard(text) for text in cell] for cell in kept if cell[0] != "Review"]
    return files | ({KEPT_FILE: csv_lines(_KEPT_COLUMNS, others)} if others else {})


def _file(sheet: Sheet, extraction: Extraction, layout: Layout) -> str:
    header = [column.name for column in sheet.columns]
    words = [layout.lists.get(column.words, ()) if column.kind == "word" else () for column in sheet.columns]
    rows = [
        [guard(row[name], allowed) for name, allowed in zip(header, words, strict=True)]
        for row in extraction.sheet(sheet.name)
    ]
    return csv_lines(header, rows)


def from_files(files: Mapping[str, bytes | str], layout: Layout, folder: str) -> Imported:
    """Return the rows of a folder of CSV files.

    Raises
    ------
    BadInput
        No file is a sheet of the layout, a column is none of its sheet, or a text is longer than a cell can be.
    """
    rows: Rows = {}
    read = 0
    for sheet in layout.sheets:
        name = f"{sheet.name}.csv"
        if name not in files:
            continue
        place = f"{folder}/{name}"
        header, found = csv_text.read(files[name], place)
        _check_columns(header, sheet, place)
        rows[sheet.name] = []
        for line, cells in found:
            read += 1
            row = {column: unguard(text) for column, text in cells.items() if text}
            _check_lengths(row, place, line)
            rows[sheet.name].append(row)
    if not rows:
        expected = ", ".join(f"{sheet.name}.csv" for sheet in layout.sheets)
        raise bad_file(folder, "no file of a sheet", expected, "name the folder that metaan export csv wrote")
    kept = [*_own_keys(rows), *_kept(files, folder)]
    known = {KEPT_FILE, *(f"{sheet.name}.csv" for sheet in layout.sheets)}
    others = sorted(f"file {name}" for name in files if name not in known)
    return Imported(
        rows=rows,
        kind="row",
        read=read,
        written=read,
        kept=tuple(kept),
        unmapped=tuple(others),
    )


def _own_keys(rows: Rows) -> list[Kept]:
    """Take the rows of Review whose keys the layout does not know out of it."""
    own = [row for row in rows.get("Review", ()) if row.get("key") not in REVIEW_KEYS]
    if own:
        rows["Review"] = [row for row in rows["Review"] if row.get("key") in REVIEW_KEYS]
    return [("Review", row.get("key", ""), "value", row.get("value", "")) for row in own]


def _kept(files: Mapping[str, bytes | str], folder: str) -> list[Kept]:
    if KEPT_FILE not in files:
        return []
    _, found = csv_text.read(files[KEPT_FILE], f"{folder}/{KEPT_FILE}")
    texts = [{column: unguard(text) for column, text in cells.items()} for _, cells in found]
    return [tuple(cell.get(name, "") for name in _KEPT_COLUMNS) for cell in texts]  # type: ignore[misc]


def _check_columns(header: list[str], sheet: Sheet, place: str) -> None:
    known = [column.name for column in sheet.columns]
    for column in header:
        if column in known:
            continue
        near = difflib.get_close_matches(column, known, 1, 0.6)
        to_fix = f'rename it to "{near[0]}"' if near else "delete it, or add it to `columns` in protocol.yaml"
        raise bad_file(place, f'a column "{column}"', f"columns of the sheet {sheet.name}", to_fix, subject="header")


def _check_lengths(row: Mapping[str, str], place: str, line: int) -> None:
    for column, text in row.items():
        if len(text) > MAX_CELL:
            found = f"{len(text)} characters in column {column}, line {line}"
            raise bad_file(place, found, f"at most {MAX_CELL}, the most a cell can hold", "shorten the text")
