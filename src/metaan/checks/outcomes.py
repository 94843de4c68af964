"""Rows of one outcome that measure it in ways that do not go together (M10, T02)."""

from collections import Counter
from collections.abc import Iterator

from metaan.checks.book import Book, Line, grouped
from metaan.checks.printed import CONFIRM
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import count, listed

_RATIOS = ("ratio",)
_VALUES = ("means", "medians", "difference")


def check_kinds(book: Book) -> Iterator[Finding]:
    """Yield outcomes with final values in some rows and changes in others (M10)."""
    for lines in grouped(book.lines, lambda line: _same(line, _VALUES)):
        odd, said = _minority([line for line in lines if line["value_kind"]], "value_kind")
        if odd is not None:
            yield odd.cells.finding(
                "M10",
                "value_kind",
                f"changes and final values in one outcome: {said}",
                "one kind of value, where differences are standardised",
                "standardised differences of changes and of final values do not mix; give the final values where the "
                f"paper prints them; {CONFIRM}",
            )


def check_exposure_units(book: Book) -> Iterator[Finding]:
    """Yield outcomes whose ratios are per different units of the exposure (T02)."""
    for lines in grouped(book.lines, lambda line: _same(line, _RATIOS)):
        odd, said = _minority([line for line in lines if line["per_unit"]], "per_unit")
        if odd is not None:
            yield odd.cells.finding(
                "T02",
                "per_unit",
                f"ratios per different units in one outcome: {said}",
                "one unit in rows that are pooled (high against low, per SD, per unit)",
                "bring it to the unit of the others and say how in derivation_note, or set priority to secondary",
                Level.ERROR,
            )


def _same(line: Line, forms: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what rows must share to be pooled; None for rows that are not."""
    if not line.counted or line.row["form"] not in forms or line["priority"] == "secondary":
        return None
    names = ("outcome", "factor_kind", "marker", "compartment", "assay", "intervention", "comparator")
    return tuple(line[name].casefold() for name in names)


def _minority(lines: list[Line], column: str) -> tuple[Line | None, str]:
    """Return the first row that differs from most, and the answers in words."""
    answers = Counter(" ".join(line[column].casefold().split()) for line in lines)
    if len(answers) < 2:
        return None, ""
    usual = answers.most_common(1)[0][0]
    odd = next(line for line in lines if " ".join(line[column].casefold().split()) != usual)
    return odd, listed([f"{answer} ({count(n, 'row')})" for answer, n in answers.most_common()])
