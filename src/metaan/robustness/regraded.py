"""What a differing answer about a design, or about its risk of bias, does to stratum and grade."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from metaan.design.grade import grade_all
from metaan.terms.designs import STRATA
from metaan.terms.records import Grade
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

JUDGING = ("answer", "judgement")  #: columns of Quality that can move a grade
TOGETHER = " (with the other answers of B about this comparison)"


def regraded(protocol: Protocol, a: Extraction, changed: Row) -> str:
    """Return how stratum or grade change with a row of Design, in words; empty where they stay.

    Parameters
    ----------
    protocol : Protocol
        The review.
    a : Extraction
        The workbook the row is put into.
    changed : Row
        A row of its sheet Design, with other answers.
    """
    design = next(row for row in a.sheet("Design") if row["design_id"] == changed["design_id"])
    return _said(_grade(protocol, a, design), _grade(protocol, a, changed))


def regraded_by_quality(protocol: Protocol, a: Extraction, changed: Mapping[int, Row]) -> dict[int, str]:
    """Return how grades change with rows of Quality, in words, for those that change one.

    A row counts by itself; where no row of a comparison changes its grade by itself and all of them together do, each
    of them counts.

    Parameters
    ----------
    protocol : Protocol
        The review.
    a : Extraction
        The workbook the rows are put into.
    changed : mapping of int to Row
        Rows of its sheet Quality, each with one other answer; a row may stand there for each of its cells.
    """
    by_design: dict[str, list[int]] = defaultdict(list)
    for i, row in changed.items():
        by_design[row["design_id"]].append(i)
    found: dict[int, str] = {}
    for design in a.sheet("Design"):
        places = by_design.get(design["design_id"], [])
        if not places:
            continue
        before = _grade(protocol, a, design)
        alone = {i: _said(before, _grade(protocol, a, design, [changed[i]])) for i in places}
        if not any(alone.values()):
            said = _said(before, _grade(protocol, a, design, [changed[i] for i in places]))
            alone = dict.fromkeys(places, said + TOGETHER if said else "")
        found |= {i: said for i, said in alone.items() if said}
    return found


def _said(old: Grade, new: Grade) -> str:
    if old.stratum != new.stratum:
        return f"{STRATA[old.stratum].label.lower()} becomes {STRATA[new.stratum].label.lower()}"
    return f"grade {old.grade} becomes {new.grade}" if old.grade != new.grade else ""


def _grade(protocol: Protocol, a: Extraction, design: Row, changed: Iterable[Row] = ()) -> Grade:
    """Return the grade of one comparison; rows of Quality changed, cell by cell."""
    rows = {row.number: row for row in a.sheet("Quality")}
    for row in changed:
        now = rows[row.number]
        before = next(each for each in a.sheet("Quality") if each.number == row.number)
        cells = {name: row[name] for name in JUDGING if row[name] != before[name]}
        rows[row.number] = replace(now, values={**now.values, **cells})
    alone = replace(a, rows={**a.rows, "Design": (design,), "Quality": tuple(rows.values())})
    return grade_all(alone, protocol)[0]
