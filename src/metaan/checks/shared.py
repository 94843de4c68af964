"""Several rows on the same people: controls used twice, more than one main result."""

from collections.abc import Iterator
from typing import Any

from metaan.checks.book import Book, Line, grouped
from metaan.checks.cells import finding
from metaan.checks.tables import tables
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import listed
from metaan.workbook.read import Row


def check_controls(book: Book) -> Iterator[Finding]:
    """Yield comparisons of one study whose control group is that of an earlier one (S02)."""
    sheet = book.layout.sheet("Effects")
    for lines in grouped(book.lines, lambda line: line.study_id if line.counted and line.study_id else None):
        seen: dict[Any, list[tuple[Line, Any]]] = {}
        for line in lines:
            for column, control, rest in _controls(line):
                known = seen.setdefault((column, control), [])
                earlier = next((old for old, other in known if _others(old, other, line, rest)), None)
                known.append((line, rest))
                if earlier is None:
                    continue
                together = _may_meet(earlier, line)
                yield finding(
                    "S02",
                    line.row,
                    sheet,
                    column,
                    f"the control group of {earlier.row['effect_id']} ({earlier.row.cell(column)}) again: "
                    + ", ".join(f"{value:g}" for value in control)
                    + ("; both rows are main results of the same outcome" if together else ""),
                    "people counted once in a pooled result",
                    "if they are the same people, give both rows one dependency_group and say in shared_rule what is "
                    "done: combine the groups, split the controls, reckon with the covariance, or pool only one",
                    Level.ERROR if together else Level.WARNING,
                )
                break


def _controls(line: Line) -> Iterator[tuple[str, tuple[float, ...], Any]]:
    """Yield the numbers of the group compared with: their first column, they themselves, and those of the others.

    For counts of people chosen by outcome it is those without the outcome, else those without the factor.
    """
    if line.row["form"] in ("means", "medians"):
        for names in (("n2", "m2", "sd2"), ("n2", "med2", "q1_2", "q3_2"), ("n2", "m2", "min2", "max2")):
            if control := line.numbers(*names):
                other = ("n1", "m1", "sd1", "med1", "q1_1", "q3_1", "min1", "max1")
                yield names[0], control, tuple(line.values.get(name) for name in other)
        return
    for table in tables(line.cells)[:1]:
        a, b, c, d = table.counts
        by_outcome = line.design is not None and line.design["selected_on_outcome"] == "yes"
        control, rest = ((b, d), (a, c)) if by_outcome else ((c, d), (a, b))
        if sum(control) and table.columns[0] in line.row.letters:
            yield table.columns[3 if by_outcome else 2], control, rest


def _others(one: Line, rest: tuple[Any, ...], other: Line, other_rest: tuple[Any, ...]) -> bool:
    """Whether two rows set different people against the same controls, and nobody said so.

    The same arms of the same size are the same people: another outcome or time, or a row typed twice.
    """
    if rest == other_rest or _settled(one, other):
        return False
    arms = ("design_id", "intervention", "comparator", "subgroup", "arm_1_id", "arm_2_id")
    return len(rest) != 2 or sum(rest) != sum(other_rest) or any(one[name] != other[name] for name in arms)


def _settled(one: Line, other: Line) -> bool:
    """Whether the reviewers said that the rows share people, or what is done about it."""
    group = one["dependency_group"]
    return bool(group and group == other["dependency_group"]) or bool(one["shared_rule"] and other["shared_rule"])


def _may_meet(one: Line, other: Line) -> bool:
    """Whether two rows could stand in one pooled result."""
    if not (one["priority"] == other["priority"] == "main"):
        return False
    return all(one[column] == other[column] for column in ("factor_kind", "outcome", "compartment", "marker"))


def check_main(book: Book) -> Iterator[Finding]:
    """Yield a second main result of one design for one outcome (S12)."""
    sheet = book.layout.sheet("Effects")
    for lines in grouped(book.lines, _question):
        for line in lines[1:]:
            yield finding(
                "S12",
                line.row,
                sheet,
                "priority",
                f"a second main result of {line.row['design_id']} for this outcome; the first is "
                f"{lines[0].row['effect_id']} ({lines[0].row.cell('priority')})",
                "one main result, chosen beforehand, a study and outcome",
                "set the others to secondary or sensitivity",
            )


def _question(line: Line) -> tuple[str, ...] | None:
    if line["priority"] != "main" or line.row["flag"] == "exclude" or not line["outcome"]:
        return None
    named = ("outcome", "factor_kind", "compartment", "marker", "intervention", "comparator")
    return (line.row["design_id"], *(line[name] for name in named))


def check_enrolled(book: Book) -> Iterator[Finding]:
    """Yield comparisons of more people than a study enrolled, or than were at risk (S08)."""
    for lines in grouped(book.lines, lambda line: line.study_id or None):
        yield from _beyond(book, lines, lines[0].study, "Studies", "n_enrolled", "enrolled")
    for lines in grouped(book.lines, lambda line: line.row["design_id"] if line.design else None):
        yield from _beyond(book, lines, lines[0].design, "Design", "n_at_risk", "at risk of the outcome")


def _beyond(book: Book, lines: list[Line], parent: Row | None, sheet: str, column: str, what: str) -> Iterator[Finding]:
    """Yield the largest of the rows that compare more people than the cell of their study or design says."""
    limit = parent.answer(column) if parent else ""
    if parent is None or not limit.isdecimal() or len(limit) > 15:
        return
    over = [
        (people, line, name)
        for line in lines
        if line["analysis_unit"] in ("", "person", "woman")
        for name, people in _people(line)
        if people > int(limit)
    ]
    if not over:
        return
    people, line, name = max(over, key=lambda item: item[0])
    others = sorted({item[1].row["effect_id"] for item in over} - {line.row["effect_id"]})
    more = f"; more than that also in {listed(others[:4])}" if others else ""
    yield finding(
        "S08",
        line.row,
        book.layout.sheet("Effects"),
        name,
        f"{people} people compared, but {limit} {what} ({sheet}, {parent.cell(column)}){more}",
        f"at most the {limit} people {what}",
        "compare with the paper: "
        + ("n_enrolled counts both groups" if column == "n_enrolled" else "are these the people enrolled?")
        + "; if cycles, embryos or pregnancies were counted, say so in analysis_unit",
    )


def _people(line: Line) -> Iterator[tuple[str, int]]:
    """Yield how many people a row compares, by each way it says so, with the column to look at."""
    for pair in (("n1", "n2"), ("total_high", "total_low"), ("n_event", "n_none")):
        known = [line.values[name] for name in pair if line.values.get(name) is not None]
        if known:
            yield pair[0] if line.values.get(pair[0]) is not None else pair[1], sum(known)
    for table in tables(line.cells)[:1]:
        yield table.columns[0], table.total
    for name in ("n_analysed", "r_n"):
        if line.values.get(name) is not None:
            yield name, line.values[name]
