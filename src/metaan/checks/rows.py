"""Everything that is checked within a row: what each sheet's rows are asked, in the order of weight."""

from collections.abc import Iterator, Mapping
from typing import Any

from metaan.checks.counts import check_counts
from metaan.checks.designs import check_dependence, check_people_at_risk, check_placed, check_years
from metaan.checks.directions import check_direction
from metaan.checks.forms import check_form
from metaan.checks.means import check_means
from metaan.checks.printed import Printed
from metaan.checks.ratios import check_ratios
from metaan.checks.reported_tests import check_tests
from metaan.checks.whole_numbers import check_whole_numbers
from metaan.terms.finding import Finding
from metaan.workbook.columns import Sheet
from metaan.workbook.forms import FORMS
from metaan.workbook.read import Row


def check_effect(
    row: Row, sheet: Sheet, values: Mapping[str, Any], mark: str = "point", design: Row | None = None
) -> Iterator[Finding]:
    """Yield what is wrong within a row of the Effects sheet.

    Parameters
    ----------
    values : mapping
        The typed row.
    mark : {"point", "comma"}
        Decimal mark of the review; how many decimals a number was printed with decides what rounding may explain.
    design : Row, optional
        The row of the Design sheet it belongs to, for what follows from choosing people by outcome.
    """
    if row["form"] not in FORMS:
        return  # checks.cells has said so
    cells = Printed(row, sheet, values, mark)
    yield from check_form(cells)
    yield from check_counts(cells, design)
    yield from check_ratios(cells)
    yield from check_tests(cells)
    yield from check_means(cells)
    yield from check_whole_numbers(cells)
    yield from check_direction(cells)
    yield from check_dependence(cells)


def check_design(
    row: Row, sheet: Sheet, values: Mapping[str, Any], mark: str = "point", treatment: bool = False
) -> Iterator[Finding]:
    """Yield what is wrong within a row of the Design sheet; a treatment is placed without asking for the order."""
    cells = Printed(row, sheet, values, mark)
    yield from check_people_at_risk(cells)
    if not treatment:
        yield from check_placed(cells)


def check_study(row: Row, sheet: Sheet, values: Mapping[str, Any], mark: str = "point") -> Iterator[Finding]:
    """Yield what is wrong within a row of the Studies sheet."""
    yield from check_years(Printed(row, sheet, values, mark))
