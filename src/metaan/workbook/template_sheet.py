"""A sheet of XlsxWriter that unlocks every column to the right of the last one, and writes many rules fast."""

from typing import Any

from xlsxwriter.worksheet import Worksheet

_LAST_COLUMN = 16384


class EntrySheet(Worksheet):
    """A sheet whose last formatted column stands for all that follow it.

    A row of a protected sheet can be deleted only where all its 16,384 cells are unlocked. `set_column` over all of
    them would make every row as wide as that to the writer, so only the line about columns is stretched. Where a
    later XlsxWriter names these methods otherwise, rows cannot be deleted under protection; nothing else changes.
    """

    def _write_col_info(self, col_min: int, col_max: int, col_info: Any) -> None:
        last = max(self.col_info)
        super()._write_col_info(col_min, _LAST_COLUMN - 1 if col_max >= last else col_max, col_info)

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """Return a rule as it is: none uses a function that needs a prefix."""
        return formula.removeprefix("=")
