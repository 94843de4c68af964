"""The header row of a sheet: where it stands, and which column is which."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import Column, Sheet
from metaan.workbook.grid import Grid, letters
from metaan.workbook.places import Place
from metaan.workbook.values import clean

_SEARCHED = 20  #: rows looked at for the header
_MOST_NAMED = 20  #: unknown columns named one by one


@dataclass(slots=True)
class Header:
    """Where each column stands."""

    row: int = 1
    names: dict[int, str] = field(default_factory=dict)  #: column -> its name in the layout
    letters: dict[str, str] = field(default_factory=dict)  #: name -> letters
    unknown: dict[str, str] = field(default_factory=dict)  #: names outside the layout -> cell
    missing: tuple[Column, ...] = ()
    findings: list[Finding] = field(default_factory=list)


def read_header(grid: Grid, sheet: Sheet, place: Place) -> Header:
    """Find the header in the first 20 rows and the columns in it."""
    known = {column.name for column in sheet.columns}
    header = Header()
    texts = {
        number: {at: clean(cell.text)[:200] for at, cell in sorted(grid.rows[number].items())}
        for number in sorted(grid.rows)
        if number <= _SEARCHED
    }
    hits = {number: len(known.intersection(cells.values())) for number, cells in texts.items()}
    header.row = max(hits, key=lambda number: (hits[number], -number), default=1)
    if not hits.get(header.row):
        header.row = 1
        header.findings.append(
            place.finding(
                "HEADER",
                "A1",
                "header",
                f"no header: none of the names of the columns stands in the first {_SEARCHED} rows",
                f'"{sheet.columns[0].name}", "{sheet.columns[1].name}" and so on in row 1',
                "copy the header row from a new template",
            )
        )
        return header
    if header.row > 1:
        header.findings.append(
            place.finding(
                "HEADER",
                f"A{header.row}",
                "header",
                f"the header stands in row {header.row}; the rows above it are not read",
                "the header in row 1",
                "delete the rows above it",
                Level.WARNING,
            )
        )
    for at, text in texts[header.row].items():
        if text in header.letters:
            header.findings.append(
                place.finding(
                    "HEADER",
                    f"{letters(at)}{header.row}",
                    "header",
                    f'a second column "{text}" (the first is column {header.letters[text]})',
                    "each column once",
                    "delete the column that is not meant",
                )
            )
        elif text in known:
            header.letters[text] = letters(at)
            header.names[at] = text
        elif text:
            header.unknown[text] = f"{letters(at)}{header.row}"
    header.missing = tuple(column for column in sheet.columns if column.name not in header.letters)
    return header


def missing_columns(header: Header, place: Place, needed: Iterable[str]) -> Iterator[Finding]:
    """Yield columns that are not there, each that a row needs by itself, and columns nobody knows."""
    unknown = dict(header.unknown)
    needs = set(needed)
    absent: list[str] = []
    for column in header.missing if header.letters else ():
        required = column.name in needs
        near = _like(column.name, unknown, 0.6 if required else 0.8)
        cell = unknown.pop(near) if near else f"A{header.row}"
        if not required and not near:
            absent.append(column.name)
            continue
        yield place.finding(
            "HEADER",
            cell,
            f'column "{column.name}": {column.meaning}',
            f'no column "{column.name}"' + (f', but one named "{near}"' if near else ""),
            f'"{column.name}" in row {header.row}; the headers are fixed, the columns may stand in any order',
            f'rename "{near}" to "{column.name}"' if near else "add the column, or copy it from a new template",
            None if required else Level.WARNING,
        )
    if absent:
        some = ", ".join(absent[:12]) + (f" and {len(absent) - 12} more" if len(absent) > 12 else "")
        yield place.finding(
            "HEADER",
            "",
            "header",
            f"columns that are not in this workbook: {some}; they are read as blank",
            "all columns of the layout",
            "bring them back if they were deleted; metaan template --update writes a new workbook that has them",
            Level.WARNING,
        )
    yield from _unknown(unknown, place)


def _unknown(unknown: Mapping[str, str], place: Place) -> Iterator[Finding]:
    for i, (text, cell) in enumerate(unknown.items()):
        if i == _MOST_NAMED:
            found = f"{len(unknown) - i} more columns that are not part of the layout; they are not read"
        else:
            found = f'a column "{text}" that is not part of the layout; it is not read'
        yield place.finding(
            "HEADER",
            cell,
            "header",
            found,
            "the columns of the Codebook",
            "nothing, if it holds your own notes",
            Level.NOTE,
        )
        if i == _MOST_NAMED:
            return


def _like(name: str, unknown: Mapping[str, str], cutoff: float) -> str:
    folded = {text.casefold().replace(" ", "_"): text for text in reversed(list(unknown)) if len(text) <= 60}
    near = difflib.get_close_matches(name.casefold(), list(folded)[:200], 1, cutoff)
    return folded[near[0]] if near else ""
