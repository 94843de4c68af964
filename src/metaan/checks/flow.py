"""Records, reports and studies: the boxes of the PRISMA flow against each other and against the sheets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms.finding import Finding, Level
from metaan.workbook.read import Row
from metaan.workbook.values import parse_number

#: boxes that may stand in several rows, one a database or a reason; their numbers are added up
_SEVERAL = frozenset(("database_results", "register_results", "dbr_excluded", "other_excluded"))


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum of the flow: `plus` less `minus` gives `box`."""

    box: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    need: tuple[str, ...] = ()  #: boxes without which there is nothing to add up; the others count as 0 where blank


#: page 2 of the PRISMA 2020 flow diagram (Page et al. 2021, BMJ 372:n71)
SUMS = (
    Sum(
        "records_screened",
        ("database_results", "register_results"),
        ("duplicates", "excluded_automatic", "excluded_other"),
        ("database_results",),
    ),
    Sum("dbr_sought_reports", ("records_screened",), ("records_excluded",), ("records_screened", "records_excluded")),
    Sum("dbr_assessed", ("dbr_sought_reports",), ("dbr_notretrieved_reports",), ("dbr_sought_reports",)),
    Sum("other_assessed", ("other_sought_reports",), ("other_notretrieved_reports",), ("other_sought_reports",)),
    Sum(
        "new_reports",
        ("dbr_assessed", "other_assessed"),
        ("dbr_excluded", "other_excluded"),
        ("dbr_assessed", "dbr_excluded"),
    ),
    Sum("total_studies", ("previous_studies", "new_studies"), need=("previous_studies", "new_studies")),
    Sum("total_reports", ("previous_reports", "new_reports"), need=("previous_reports", "new_reports")),
)

#: box, and the boxes it is part of: the first of them that is filled counts
PARTS = (
    ("records_excluded", ("records_screened",)),
    ("dbr_notretrieved_reports", ("dbr_sought_reports",)),
    ("dbr_excluded", ("dbr_assessed",)),
    ("other_notretrieved_reports", ("other_sought_reports",)),
    ("other_excluded", ("other_assessed",)),
    ("total_studies_ma", ("total_studies", "new_studies")),
    ("total_reports_ma", ("total_reports", "new_reports")),
)


class _Boxes:
    """The filled boxes of the flow."""

    def __init__(self, rows: Sequence[Row], mark: str) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.values: dict[str, int] = {}
        for row in rows:
            number = parse_number(row["n"], mark)
            if row["key"] and number is not None and number.value.is_integer():
                self.rows.setdefault(row["key"], []).append(row)
                self.values[row["key"]] = self.values.get(row["key"], 0) + int(number.value)

    def shown(self, box: str) -> str:
        cells = " + ".join(row.cell("n") for row in self.rows[box])
        return f"{self.values[box]} {box} ({cells})"


def check_flow(book: Book) -> Iterator[Finding]:
    """Yield boxes of the flow that do not add up (S07)."""
    rows = book.extraction.sheet("PRISMA")
    boxes = _Boxes(rows, book.extraction.decimal_mark)
    if not boxes.values:
        return
    yield from _twice(book, boxes)
    for one in SUMS:
        if one.box in boxes.values and all(box in boxes.values for box in one.need):
            yield from _sum(book, boxes, one)
    for box, wholes in PARTS:
        whole = next((name for name in wholes if name in boxes.values), "")
        if whole and boxes.values.get(box, 0) > boxes.values[whole]:
            yield _finding(
                book,
                boxes.rows[box][0],
                f"{boxes.shown(box)}, but only {boxes.shown(whole)}",
                f"at most {boxes.values[whole]}",
                "compare with your records of the search; perhaps two boxes were swapped",
                Level.ERROR,
            )
    yield from _against_sheets(book, boxes)


def _sum(book: Book, boxes: _Boxes, one: Sum) -> Iterator[Finding]:
    plus, minus = ([box for box in part if box in boxes.values] for part in (one.plus, one.minus))
    right = sum(boxes.values[box] for box in plus) - sum(boxes.values[box] for box in minus)
    if right == boxes.values[one.box]:
        return
    blank = [box for box in (*one.plus, *one.minus) if box not in boxes.values]
    shown = " + ".join(boxes.shown(box) for box in plus) + "".join(f" - {boxes.shown(box)}" for box in minus)
    yield _finding(
        book,
        boxes.rows[one.box][0],
        f"{boxes.values[one.box]}, but {shown} = {right}" + (f"; blank: {', '.join(blank)}" if blank else ""),
        f"{right}",
        "count again; a number that stands in no box belongs to one of the reasons",
    )


def _twice(book: Book, boxes: _Boxes) -> Iterator[Finding]:
    for box, rows in boxes.rows.items():
        if len(rows) > 1 and box not in _SEVERAL:
            yield _finding(
                book,
                rows[1],
                f"{box} a second time (first in {rows[0].cell('n')}); the two were added up",
                "one row for this box",
                "delete one of the two",
            )


def _against_sheets(book: Book, boxes: _Boxes) -> Iterator[Finding]:
    for sheet, box, whole, old in (
        ("Studies", "new_studies", "total_studies", "previous_studies"),
        ("Reports", "new_reports", "total_reports", "previous_reports"),
    ):
        named = whole if boxes.values.get(old) else box
        if named not in boxes.values or sheet not in book.extraction.rows:
            continue
        rows = len(book.extraction.sheet(sheet))
        if rows != boxes.values[named]:
            yield _finding(
                book,
                boxes.rows[named][0],
                f"{boxes.values[named]} {named}, but the sheet {sheet} has {rows} rows",
                f"{rows}, the rows of {sheet}",
                f"add the rows that are missing, or delete those that were not included; each stands once on {sheet}",
            )


def _finding(book: Book, row: Row, found: str, expected: str, to_fix: str, level: Level = Level.WARNING) -> Finding:
    return finding("S07", row, book.layout.sheet("PRISMA"), "n", found, expected, to_fix, level)
