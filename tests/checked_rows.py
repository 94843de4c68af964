"""Check rows as if they had been read from a workbook, without writing one."""

from collections.abc import Mapping
from copy import deepcopy

import review
from metaan.checks.check import check
from metaan.terms.finding import Finding
from metaan.workbook.grid import letters
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

Sheets = Mapping[str, list[dict[str, str]]]


def extraction(sheets: Sheets, protocol: Protocol | None = None) -> Extraction:
    """Return rows as the reader would: the first of each sheet in row 2."""
    layout = (protocol or review.protocol()).layout
    columns = {sheet.name: {c.name: letters(1 + i) for i, c in enumerate(sheet.columns)} for sheet in layout.sheets}
    rows = {
        name: tuple(
            Row("tea.xlsx", name, number, {column: text for column, text in row.items() if text}, columns[name])
            for number, row in enumerate(rows, 2)
        )
        for name, rows in sheets.items()
    }
    return Extraction("tea.xlsx", {name: rows.get(name, ()) for name in columns}, columns)


def findings(sheets: Sheets, protocol: Protocol | None = None) -> tuple[Finding, ...]:
    """Return what the checks find."""
    used = protocol or review.protocol()
    return check(extraction(sheets, used), used)


def changed(**sheets: Mapping[str, Mapping[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Return the clean review with cells changed: sheet -> name of the row -> column -> text; new names add rows."""
    rows = deepcopy(review.rows())
    keys = {sheet.name: sheet.key for sheet in review.protocol().layout.sheets}
    for sheet, changes in sheets.items():
        known = rows.setdefault(sheet, [])
        for name, cells in changes.items():
            row = next((row for row in known if row.get(keys[sheet]) == name), None)
            if row is None:
                row = dict(next((r for r in known if r[keys[sheet]] == cells.get("like")), {}))
                row[keys[sheet]] = name
                known.append(row)
            row |= {column: text for column, text in cells.items() if column != "like"}
    return rows


def ids(sheets: Sheets) -> list[tuple[str, str]]:
    """Return id and level of everything found."""
    return [(finding.id, finding.level.value) for finding in findings(sheets)]
