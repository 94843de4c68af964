"""The cells of an older workbook, put where the present layout has them; what has no place is listed, never dropped.

A cell is carried as it stands, not as the reader understands it: a date stays a date in words, 45% stays 45%. So what
was a finding stays one.
"""

import difflib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metaan.workbook.archive import Archive, damaged, open_archive
from metaan.workbook.cell_text import number_text, shown_number
from metaan.workbook.columns import Layout, Sheet
from metaan.workbook.dates import moment, shown
from metaan.workbook.grid import Cell, Grid, letters, read_grid
from metaan.workbook.header import read_header
from metaan.workbook.notes import read_notes
from metaan.workbook.parts import Unreadable, read_book, read_strings
from metaan.workbook.places import Place
from metaan.workbook.sheets import GENERATED_SHEETS, REVIEW_KEYS
from metaan.workbook.styles import GENERAL, Style, read_styles

Kept = tuple[str, str, str, str]  #: sheet, row, column, text

KEPT_SHEET = "Kept"


@dataclass(slots=True)
class Carried:
    """What a new workbook is made of."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    found: int = 0  #: filled cells of the old workbook, without those that metaan writes
    hints: list[str] = field(default_factory=list)  #: columns and sheets that are no part of the layout

    @property
    def placed(self) -> int:
        """Cells that stand where the layout has them."""
        return sum(1 if name == "Review" else len(row) for name, rows in self.rows.items() for row in rows)


def carry(path: str | Path, layout: Layout) -> Carried:
    """Return the cells of a workbook in the places of a layout; the file is only read.

    Raises
    ------
    BadInput
        The file cannot be read.
    """
    archive = open_archive(Path(path), str(path))
    with archive.zip:
        try:
            return _carry(archive, layout)
        except Unreadable as error:
            raise damaged(str(path), str(error)) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
            raise damaged(str(path)) from None


def _carry(archive: Archive, layout: Layout) -> Carried:
    book = read_book(archive)
    strings = read_strings(archive, book.shared_strings)
    cells = _Cells(read_styles(archive, book.styles), book.date1904)
    known = {sheet.name: sheet for sheet in layout.sheets}
    carried = Carried()
    again: list[Kept] = []
    for part in book.sheets:
        if not part.part or (part.name in GENERATED_SHEETS and part.name != KEPT_SHEET):
            continue
        grid = read_grid(archive, part.part, strings)
        if part.name == KEPT_SHEET:
            again = [(a, b, c, d) for a, b, c, d in _lines(grid, cells)]
        elif part.name == "Review":
            _review(grid, cells, known[part.name], carried)
        elif part.name in known and part.name not in carried.rows:
            _sheet(grid, cells, known[part.name], carried)
        else:
            _unknown_sheet(part.name, grid, cells, list(known), carried)
        for place, text in read_notes(archive, part.part):
            carried.kept.append((part.name, place, "note", text))
            carried.found += 1
    carried.found += len(again)
    carried.kept = [*_restored(again, layout, carried.rows), *carried.kept]
    return carried


@dataclass(frozen=True, slots=True)
class _Cells:
    """Reads cells as they stand."""

    styles: Sequence[Style]
    date1904: bool

    def text(self, cell: Cell) -> str:
        if cell.formula is not None and not cell.text.strip():
            return f"={cell.formula}"
        if cell.kind == "b":
            return "FALSE" if cell.text.strip() in ("0", "false") else "TRUE"
        if cell.kind != "n":
            return cell.text
        style = self.styles[cell.style] if cell.style < len(self.styles) else GENERAL
        try:
            value = float(cell.text)
        except ValueError:
            return cell.text
        if style.date:
            when = moment(value, self.date1904)
            return cell.text if when is None else shown(when).partition(" ")[2].partition(" ")[2]
        seen = shown_number(value, style.code)
        return seen if seen.endswith("%") else number_text(value, style.code)


def _sheet(grid: Grid, cells: _Cells, sheet: Sheet, carried: Carried) -> None:
    header = read_header(grid, sheet, Place(""))
    if not header.letters:
        header.row = 0
    names = {at: cells.text(cell).strip() for at, cell in grid.rows.get(header.row, {}).items()}
    unknown: Counter[str] = Counter()
    rows = carried.rows.setdefault(sheet.name, [])
    for number in sorted(grid.rows):
        if number == header.row:
            continue
        texts = {at: text for at, cell in sorted(grid.rows[number].items()) if (text := cells.text(cell)).strip()}
        carried.found += len(texts)
        placed = {header.names[at]: text for at, text in texts.items() if at in header.names and number > header.row}
        row = placed.get(sheet.key, "") or f"row {number}"
        for at, text in texts.items():
            if at not in header.names or number < header.row:
                column = names.get(at) or f"column {letters(at)}"
                carried.kept.append((sheet.name, row, column, text))
                unknown[column] += number > header.row
        if placed:
            rows.append({c.name: placed[c.name] for c in sheet.columns if c.name in placed})
    missing = [column.name for column in header.missing]
    carried.hints += [_hint(sheet.name, name, count, missing) for name, count in unknown.items() if count]


def _hint(sheet: str, name: str, count: int, missing: Iterable[str]) -> str:
    folded = name.casefold().replace(" ", "_")
    near = difflib.get_close_matches(folded, list(missing), 1, 0.6)
    hint = f'; if it is meant to be "{near[0]}", rename its header in the old workbook and update again' if near else ""
    return f'sheet "{sheet}", column "{name}": {count} filled{hint}'


def _review(grid: Grid, cells: _Cells, sheet: Sheet, carried: Carried) -> None:
    """Carry the values people typed; those of the protocol are written anew."""
    header = read_header(grid, sheet, Place(""))
    at = {name: column for column, name in header.names.items()}
    rows = carried.rows.setdefault(sheet.name, [])
    for number in sorted(grid.rows):
        if number <= header.row:
            continue
        row = {name: cells.text(grid.rows[number][i]).strip() for name, i in at.items() if i in grid.rows[number]}
        key, value = row.get("key", ""), row.get("value", "")
        if not value or (key in REVIEW_KEYS and REVIEW_KEYS[key][1]):
            continue
        carried.found += 1
        if key in REVIEW_KEYS:
            rows.append({"key": key, "value": value})
        else:
            carried.kept.append((sheet.name, key or f"row {number}", "value", value))
            carried.hints.append(f'sheet "{sheet.name}", key "{key}": 1 filled')


def _unknown_sheet(name: str, grid: Grid, cells: _Cells, known: list[str], carried: Carried) -> None:
    count = 0
    for number in sorted(grid.rows):
        for at, cell in sorted(grid.rows[number].items()):
            text = cells.text(cell)
            if text.strip():
                carried.kept.append((name, f"row {number}", f"column {letters(at)}", text))
                count += 1
    carried.found += count
    if count:
        near = difflib.get_close_matches(name.lower(), [each.lower() for each in known], 1, 0.75)
        like = next((each for each in known if near and each.lower() == near[0]), "")
        hint = f'; if it is meant to be "{like}", rename it in the old workbook and update again' if like else ""
        carried.hints.append(f'sheet "{name}": {count} filled{hint}')


def _lines(grid: Grid, cells: _Cells) -> Iterator[tuple[str, str, str, str]]:
    """Yield the lines of a sheet Kept, below its header."""
    for number in sorted(grid.rows):
        row = grid.rows[number]
        if number > 1:
            a, b, c, d = (cells.text(row[at]) if at in row else "" for at in range(1, 5))
            yield a, b, c, d


def _restored(kept: Iterable[Kept], layout: Layout, rows: Mapping[str, list[dict[str, str]]]) -> Iterator[Kept]:
    """Put cells kept earlier back where their row and column exist and are blank; yield the others."""
    columns = {(sheet.name, column.name): sheet.key for sheet in layout.sheets for column in sheet.columns}
    for sheet, row, column, text in kept:
        key = columns.get((sheet, column), "")
        target = [each for each in rows.get(sheet, ()) if key and each.get(key) == row]
        if sheet != "Review" and len(target) == 1 and column not in target[0]:
            target[0][column] = text
        else:
            yield sheet, row, column, text
