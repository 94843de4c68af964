"""Rows by the names people gave them, for messages that must lead back to a row."""

from collections.abc import Mapping
from typing import TypeAlias

from metaan.terms.origin import Origin
from metaan.workbook.columns import Layout
from metaan.workbook.read import Extraction

Names: TypeAlias = Mapping[tuple[str, int], str]  #: sheet and row number -> name of the row


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


def name_at(origin: Origin, names: Names) -> str:
    """Return the name of the row a cell stands in; empty where there is none."""
    return "" if origin.row is None else names.get((origin.sheet, origin.row), "")
