"""Rows by the names people gave them, for messages that must lead back to a row."""

from metaan.workbook.columns import Layout
from metaan.workbook.read import Extraction


def row_names(extraction: Extraction | None, layout: Layout | None) -> dict[tuple[str, int], str]:
    """Return sheet and row number -> name in the key column; nothing for a row without one, or where none was read."""
    if extraction is None or layout is None:
        return {}
    return {
        (sheet.name, row.number): row[sheet.key]
        for sheet in layout.sheets
        if sheet.key
        for row in extraction.sheet(sheet.name)
        if row[sheet.key]
    }
