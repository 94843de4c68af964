"""The numbers of one row as its source prints them, and the words its findings share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metaan.checks.cells import finding
from metaan.checks.ranges import Range, decimals, exactly, printed
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import Sheet
from metaan.workbook.read import Row

#: how a number that is right, and looks wrong, is settled; `checks.overrides` adds how it is confirmed
CONFIRM = "compare with the paper"


@dataclass(frozen=True, slots=True)
class Printed:
    """One row of a sheet, its cells as text, as values and as ranges."""

    row: Row
    sheet: Sheet
    values: Mapping[str, Any]
    mark: str = "point"

    def has(self, *names: str) -> bool:
        """Whether each of these cells holds a number or word that could be read."""
        return None not in map(self.values.get, names)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a cell; None where it is not answered."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return a cell as typed."""
        return self.row[name]

    def cell(self, name: str) -> str:
        """Return the name of a cell."""
        return self.row.cell(name)

    def range(self, name: str, *beside: str) -> Range:
        """Return what rounds to the number in a cell; `beside` names the others of its statistic."""
        found = printed(self.row[name], self.mark, [self.row[other] for other in beside if other != name])
        return found if found is not None else exactly(float(self.values[name]))

    def above(self, left: str, right: str) -> bool:
        """Whether one number is larger than another, and did not become so by rounding to fewer decimals."""
        if self.values[left] <= self.values[right]:
            return False
        alike = decimals(self.row[left], self.mark) == decimals(self.row[right], self.mark)
        return alike or not self.range(left).meets(self.range(right))

    def finding(
        self, check: str, column: str, found: str, expected: str, to_fix: str, level: Level | None = None
    ) -> Finding:
        """Return a finding about a cell of this row."""
        return finding(check, self.row, self.sheet, column, found, expected, to_fix, level)
