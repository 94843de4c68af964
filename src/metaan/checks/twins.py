"""Rows that are one and the same: a comparison typed twice, numbers copied from study to study."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from metaan.checks.book import Book, Line, grouped
from metaan.checks.cells import finding
from metaan.checks.overlap import Kin
from metaan.terms.finding import Finding
from metaan.workbook.values import decimals

#: what tells two rows of one study apart
IDENTITY = (
    *("outcome", "factor_kind", "effect_kind", "intervention", "comparator", "compartment", "marker", "assay", "unit"),
    *("cutoff_value", "cutoff_direction", "timepoint", "subgroup", "arm_1_id", "arm_2_id", "form"),
    *("scale", "per_unit", "value_kind", "class_label", "adjusted", "adjusted_for", "analysis_unit"),
)


def check_rows(book: Book) -> Iterator[Finding]:
    """Yield rows that no column tells from an earlier row (S01)."""
    sheet = book.layout.sheet("Effects")
    for lines in grouped(book.lines, _identity):
        for earlier, line in pairwise(lines):
            names = [c.name for c in sheet.columns if c.group == "numbers"]
            same = all(earlier.row[name] == line.row[name] for name in names)
            numbers = "with the same numbers" if same else "with other numbers"
            yield finding(
                "S01",
                line.row,
                sheet,
                "effect_id",
                f"the comparison of {earlier.row['effect_id']} ({earlier.row.cell('effect_id')}) a second time, "
                f"{numbers}: same study, outcome, arms, measurement, time and form",
                "each comparison once",
                "delete the row if it was typed twice; else say in timepoint or subgroup how the two differ",
            )


def _identity(line: Line) -> tuple[str, ...] | None:
    if line.design is None or not line.study_id:
        return None
    contrast = (line.study_id, line.design["contrast"].casefold(), line.design["sampled_before_outcome"])
    return (*contrast, *(line[name].casefold() for name in IDENTITY))


#: columns that hold all numbers of a comparison, and those of them that are free to differ
_WHOLE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("a_high_event", "b_high_none", "c_low_event", "d_low_none"),) * 2,
    (("events_high", "total_high", "events_low", "total_low"),) * 2,
    (("high_event", "n_event", "high_none", "n_none"),) * 2,
    (("n1", "m1", "sd1", "n2", "m2", "sd2"),) * 2,
    (("n1", "med1", "q1_1", "q3_1", "n2", "med2", "q1_2", "q3_2"), ("n1", "med1", "q1_1", "n2", "med2", "q1_2")),
    (("n1", "med1", "min1", "max1", "n2", "med2", "min2", "max2"), ("n1", "med1", "min1", "n2", "med2", "min2")),
    (("est", "ci_low", "ci_high"), ("est", "ci_low")),
)
_GROUPS: tuple[tuple[str, ...], ...] = (("n1", "m1", "sd1"), ("n2", "m2", "sd2"), ("m1", "sd1"), ("m2", "sd2"))
_CHANCE = 0.05  #: coincidences expected in the workbook, at most, for one to be reported
_CHANCE_KIN = 1.0  #: of studies that share country and authors or centre
_ENOUGH = 5  #: values from which their spread is taken; below, a third of the value
_THIRD = 0.3


def check_numbers(book: Book) -> Iterator[Finding]:
    """Yield numbers that stand in two studies, where chance would hardly bring them there (S04)."""
    kin = Kin(book)
    told: dict[int, set[str]] = {}
    for names, free in _WHOLE:
        yield from _twins(book, names, free, _anything if names[0] != "n1" else _quantity, kin, told)
    for names in _GROUPS:
        yield from _twins(book, names, names, _quantity, kin, told)


def _anything(line: Line) -> tuple[str, ...]:
    return ()


def _quantity(line: Line) -> tuple[str, ...]:
    """Return what is measured."""
    return tuple(line[name] for name in ("factor_kind", "compartment", "marker", "unit"))


def _twins(
    book: Book,
    names: tuple[str, ...],
    free: tuple[str, ...],
    key: Callable[[Line], tuple[str, ...]],
    kin: Kin,
    told: dict[int, set[str]],
) -> Iterator[Finding]:
    known = [line for line in book.lines if line.study_id and line.numbers(*names) is not None]
    for lines in grouped(known, key):
        spreads = {name: _spread([line.values[name] for line in lines]) for name in free}
        pairs = len(lines) * (len(lines) - 1) / 2
        seen: dict[tuple[Any, ...], list[Line]] = {}
        for line in lines:
            same = seen.setdefault(line.numbers(*names) or (), [])
            for earlier in same:
                if told.get(line.row.number, set()).issuperset(names) or _settled(book, earlier, line):
                    continue
                chance = pairs * math.prod(_chance(line, name, spreads[name], book) for name in free)
                if chance <= _CHANCE or (chance <= _CHANCE_KIN and kin(earlier.study_id, line.study_id)):
                    told.setdefault(line.row.number, set()).update(names)
                    yield _copied(book, earlier, line, names)
                    break
            same.append(line)


def _spread(values: Sequence[float]) -> float | None:
    """Return a robust standard deviation of the values; None for too few."""
    if len(values) < _ENOUGH:
        return None
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)


def _chance(line: Line, name: str, spread: float | None, book: Book) -> float:
    """Return how probable it is that another study rounds to the same number.

    Two draws from a normal distribution of standard deviation s agree to within one unit u of the last decimal with a
    probability of u / (2 s sqrt(pi)).
    """
    unit = 10.0 ** -decimals((line.row[name],), book.extraction.decimal_mark)
    s = spread if spread is not None else _THIRD * abs(line.values[name])
    return min(1.0, unit / (2 * s * math.sqrt(math.pi))) if s > 0 else 1.0


def _settled(book: Book, one: Line, other: Line) -> bool:
    """Whether two rows are of one study, or the reviewers said that they hold the same people."""
    group = one["dependency_group"]
    return book.same_cohort(one.study_id, other.study_id) or (bool(group) and group == other["dependency_group"])


def _copied(book: Book, earlier: Line, line: Line, names: tuple[str, ...]) -> Finding:
    what = "the numbers of one group" if names in _GROUPS else "every number of the comparison"
    shown = ", ".join(f"{name} {line.row[name]}" for name in names)
    return finding(
        "S04",
        line.row,
        book.layout.sheet("Effects"),
        names[0],
        f"{what} as in {earlier.row['effect_id']} ({earlier.row.cell(names[0])}), another study: {shown}",
        "numbers of its own in each study",
        "compare with both papers: a row copied and not changed, or the same people published twice "
        "(then same_cohort_as on the sheet Studies, or one dependency_group)",
    )
