"""The rows of a workbook joined once, for every check that sets rows against each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from metaan.checks.cells import finding
from metaan.checks.printed import Printed
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.columns import Layout
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the Effects sheet with its numbers and the rows it belongs to."""

    cells: Printed
    design: Row | None  #: None where the name stands nowhere
    study: Row | None

    @property
    def row(self) -> Row:
        """The row as text."""
        return self.cells.row

    @property
    def values(self) -> Mapping[str, Any]:
        """The row, typed."""
        return self.cells.values

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell; empty when blank, not reported or not applicable."""
        return self.row.answer(column)

    @property
    def study_id(self) -> str:
        """Name of the study; empty where the design or the study stands nowhere."""
        return self.study["study_id"] if self.study else ""

    @property
    def counted(self) -> bool:
        """Whether the row may give an effect: a form that can, and not taken out by the reviewers."""
        form = FORMS.get(self.row["form"])
        return form is not None and form.computable and self.row["flag"] != "exclude"

    def numbers(self, *columns: str) -> tuple[Any, ...] | None:
        """Return the values of all these columns; None where one of them is missing."""
        found = tuple(map(self.cells.values.get, columns))
        return None if None in found else found


@dataclass(frozen=True)
class Book:
    """A workbook with its protocol, and the joins that several checks need."""

    extraction: Extraction
    protocol: Protocol
    layout: Layout = field(repr=False)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every row of the Effects sheet."""
        sheet, mark = self.layout.sheet("Effects"), self.extraction.decimal_mark
        designs, studies = self.extraction.by_key("Design", "design_id"), self.studies
        found = []
        for row in self.extraction.sheet("Effects"):
            design = designs.get(row["design_id"])
            study = studies.get(design["study_id"]) if design else None
            found.append(Line(Printed(row, sheet, typed(row, sheet, mark), mark), design, study))
        return tuple(found)

    @cached_property
    def studies(self) -> dict[str, Row]:
        """The rows of the Studies sheet by name."""
        return self.extraction.by_key("Studies", "study_id")

    @cached_property
    def cohorts(self) -> dict[str, str]:
        """Study -> first study of the chain of `same_cohort_as` it belongs to; itself where it names none."""
        first = {name: name for name in self.studies}

        def root(name: str) -> str:
            while first[name] != name:
                name = first[name]
            return name

        for name, row in self.studies.items():
            other = row.answer("same_cohort_as")
            if other in first:
                first[root(name)] = root(other)
        return {name: root(name) for name in first}

    def same_cohort(self, one: str, other: str) -> bool:
        """Whether the reviewers said that two studies hold the same people."""
        return self.cohorts.get(one, one) == self.cohorts.get(other, other)

    def of_column(
        self, check: str, rows: Sequence[Row], column: str, found: str, expected: str, to_fix: str
    ) -> Finding:
        """Return a note about the cells of a column in several rows: at its header, or at the cell if it is one."""
        sheet = self.layout.sheet(rows[0].sheet)
        if len(rows) == 1:
            return finding(check, rows[0], sheet, column, found, expected, to_fix, Level.NOTE)
        letter = self.extraction.columns[sheet.name][column]
        return Finding(
            id=check,
            level=Level.NOTE,
            origin=Origin(self.extraction.workbook, sheet.name, f"{letter}1"),
            subject=sheet.column(column).meaning,
            found=found,
            expected=expected,
            to_fix=to_fix,
        )

    def has(self, sheet: str, *columns: str) -> bool:
        """Whether a sheet is there with these columns."""
        return all(column in self.extraction.columns.get(sheet, {}) for column in columns)


def grouped(lines: Iterable[Line], key: Callable[[Line], Any]) -> Iterator[list[Line]]:
    """Yield lines that share a key, in the order of the first of each; lines whose key is None belong nowhere."""
    groups: dict[Any, list[Line]] = {}
    for line in lines:
        name = key(line)
        if name is not None:
            groups.setdefault(name, []).append(line)
    yield from groups.values()
