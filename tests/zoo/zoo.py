"""One seeded error a case: a clean twin, the same with one thing wrong, and the very cell where it must be found.

A case is a YAML file named after the id of its check: `rows` changes the clean review (`review.py`) into the twin,
`error` seeds the error on top, `damage` does what no text can (a merged cell, a cut file; `damage.py`), and `at`
names the cell. `python tests/zoo/zoo.py FOLDER` writes all cases as workbooks, to be looked at.
"""

import sys
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from metaan.certainty.audit import audit_certainty
from metaan.checks.check import check
from metaan.design.quality_audit import audit_quality
from metaan.robustness.between.audit import audit_between
from metaan.terms.checks import CHECKS
from metaan.terms.finding import BadInput, Finding, Level
from metaan.workbook.read import Extraction, read_workbook
from metaan.workbook.template import workbook_bytes

HERE = Path(__file__).parent
Sheets = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Case:
    """One case of the zoo."""

    name: str
    id: str
    level: Level
    why: str
    rows: Mapping[str, Any]
    error: Mapping[str, Any]
    damage: Mapping[str, Any]
    at: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> "Case":
        """Read a case from its file."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        unknown = set(data) - {"id", "level", "why", "rows", "error", "damage", "at"}
        assert not unknown, f"{path.name}: unknown keys {unknown}"
        level = Level(data["level"]) if "level" in data else CHECKS[data["id"]].levels[0]
        parts = {key: data.get(key) or {} for key in ("rows", "error", "damage", "at")}
        return cls(name=path.stem, id=data["id"], level=level, why=data["why"], **parts)


@dataclass(frozen=True)
class Outcome:
    """What the checks said of one case."""

    case: Case
    caught: bool  #: the id, at its level, at the very cell
    findings: tuple[Finding, ...]  #: about the workbook with the error
    alarms: tuple[Finding, ...]  #: about the twin


def cases() -> list[Case]:
    """Return every case, in the order of the names."""
    return [Case.read(path) for path in sorted(HERE.glob("*.yaml"))]


def run(case: Case, folder: Path) -> Outcome:
    """Write twin and error into a folder, read and check both."""
    if case.rows or CHECKS[case.id].layer == "fit":
        twin, _ = _findings(case, twin_bytes(case), folder / f"{case.name}-twin.xlsx")
    else:
        twin = _of_clean_review()
    found, read = _findings(case, error_bytes(case), folder / f"{case.name}.xlsx")
    cell = _cell(case, read)
    caught = any(
        (each.id, each.level, each.origin.sheet, each.origin.cell)
        == (case.id, case.level, case.at.get("sheet", ""), cell)
        for each in found
    )
    return Outcome(case, caught, found, twin)


@cache
def _of_clean_review() -> tuple[Finding, ...]:
    """Return what the checks say of the clean review as it is: the twin of every case that changes none of its rows."""
    import review

    protocol = review.protocol()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twin.xlsx"
        path.write_bytes(workbook_bytes(protocol, review.rows()))
        return check(read_workbook(path, protocol.layout), protocol)


def run_all(folder: Path) -> list[Outcome]:
    """Run every case."""
    return [run(case, folder) for case in cases()]


def twin_bytes(case: Case) -> bytes:
    """Return the workbook without the error."""
    import review

    return workbook_bytes(review.protocol(), _changed(review.rows(), case.rows))


def error_bytes(case: Case) -> bytes:
    """Return the workbook with the error."""
    import review

    data = workbook_bytes(review.protocol(), _changed(_changed(review.rows(), case.rows), case.error))
    if not case.damage:
        return data
    import damage

    arguments = dict(case.damage)
    return getattr(damage, arguments.pop("name"))(data, **arguments)


def _changed(sheets: Sheets, changes: Mapping[str, Any]) -> Sheets:
    """Return sheets with cells changed; a new row id adds a row, `like` copies one, null removes one."""
    sheets = deepcopy(sheets)
    for sheet, rows in changes.items():
        known = sheets.setdefault(sheet, [])
        for name, cells in rows.items():
            row = _row(sheet, known, str(name))
            if cells is None:
                known.remove(row)
                continue
            cells = dict(cells)
            if row is None:
                like = cells.pop("like", None)
                row = deepcopy(_row(sheet, known, like)) if like else {}
                key = _key(sheet)
                if key:
                    row[key] = str(name)
                known.append(row)
            row |= {column: str(text) for column, text in cells.items()}
    return sheets


@cache
def _keys() -> dict[str, str]:
    import review

    return {sheet.name: sheet.key for sheet in review.protocol().layout.sheets}


def _key(sheet: str) -> str:
    return _keys()[sheet]


def _row(sheet: str, rows: list[dict[str, str]], name: str) -> dict[str, str] | None:
    key = _key(sheet)
    if key:
        return next((row for row in rows if row.get(key) == name), None)
    position = int(name) - 1
    return rows[position] if position < len(rows) else None


def _findings(case: Case, data: bytes, path: Path) -> tuple[tuple[Finding, ...], Extraction | None]:
    import review

    protocol = review.protocol()
    path.write_bytes(data)
    try:
        read = read_workbook(path, protocol.layout)
    except BadInput as bad:
        return bad.findings, None
    judged = (*audit_quality(read, protocol), *audit_certainty(read, protocol), *audit_between(read, protocol))
    found = (*check(read, protocol), *judged)
    if CHECKS[case.id].layer == "fit":
        from metaan.robustness.recheck import after_fitting

        found = (*found, *after_fitting(protocol, read))
    return found, read


def _cell(case: Case, read: Extraction | None) -> str:
    if "cell" in case.at or "row" not in case.at or read is None:
        return case.at.get("cell", "")
    sheet, key = case.at["sheet"], _key(case.at["sheet"])
    rows = read.sheet(sheet)
    name = str(case.at["row"])
    row = next((row for row in rows if row[key] == name), None) if key else rows[int(name) - 1]
    assert row is not None, f"{case.name}: no row {name} on {sheet}"
    return row.cell(case.at["column"])


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for outcome in run_all(target):
        print(f"{outcome.case.name:24} {'caught' if outcome.caught else 'MISSED'}  {len(outcome.alarms)} false alarms")
