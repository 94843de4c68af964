"""Where a value stands in a workbook, so that any later stage can name the cell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The cell a value was read from."""

    workbook: str  #: file as the user named it
    sheet: str
    cell: str = ""  #: "E7"; empty when the finding is about the sheet, or about the file if `sheet` is empty too

    def __str__(self) -> str:
        """Return the place in words, widest first."""
        parts = [self.workbook]
        if self.sheet:
            parts.append(f'sheet "{self.sheet}"')
        if self.cell:
            parts.append(f"cell {self.cell}")
        return " > ".join(parts)

    @property
    def row(self) -> int | None:
        """Number of the row the cell stands in."""
        digits = self.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return int(digits) if digits.isascii() and digits.isdigit() else None
