"""A digest of what was typed: the same for a copy that was only saved again."""

from collections.abc import Iterable

from metaan.files import digest
from metaan.workbook.read import Extraction


def rows_digest(extraction: Extraction, sheets: Iterable[str] = ()) -> str:
    """Return the SHA-256 of all rows, wherever their columns stand; of all sheets unless some are named."""
    chosen = tuple(sheets) or extraction.rows
    return digest({sheet: [dict(row.values) for row in extraction.sheet(sheet)] for sheet in chosen}, 64)
