"""A workbook typed in LibreOffice, key by key, holds what was typed, and the checks say what they should."""

import json
import subprocess
from pathlib import Path

import pytest

import small_review
from formula import holds
from metaan.checks.check import check
from metaan.workbook.grid import letters
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes
from metaan.workbook.template_rules import rules

pytestmark = pytest.mark.libreoffice

TYPIST = Path(__file__).with_name("uno_typist.py")
PYTHONS = ("/usr/bin/python3", "/usr/lib/libreoffice/program/python", "/opt/libreoffice/program/python")

#: what spreadsheets like to turn into something else
HAZARDS = ("5-10", "1/2", "3,5", "45%", "1e5", "TRUE", "007", "+3", "=1+1", " 12", "<0.001", "'5", "10:30", "=", "-1")
#: typed into an ordinary cell these become a number or a truth value: the typing is real
TURNED = ("45%", "1e5", "TRUE", "007", "+3", "=1+1", "10:30")

LAYOUT = small_review.protocol().layout
STUDIES = ("Ames2001", "Bell2002", "Dunn2004")


def python_with_uno():
    for python in PYTHONS:
        probe = [python, "-c", "import uno"]
        if Path(python).exists() and subprocess.run(probe, capture_output=True).returncode == 0:
            return python
    raise pytest.skip.Exception("needs python3-uno (a Python that can drive LibreOffice), which is not installed")


def typed_rows():
    """Return three studies of the small review, with a decimal comma and two limits exchanged."""
    kept = {
        name: [r for r in rows if name == "Review" or any(s in str(r) for s in STUDIES)]
        for name, rows in small_review.rows().items()
    }
    kept["Studies"][0]["age_mean"] = "34,5"
    effect = kept["Effects"][1]
    for name in ("a_high_event", "b_high_none", "c_low_event", "d_low_none"):
        del effect[name]
    effect |= {"form": "ratio", "est": "1.98", "scale": "OR", "ci_low": "4.35", "ci_high": "0.90", "ci_level": "95"}
    return kept


def keystrokes(rows):
    for name, each in rows.items():
        columns = {c.name: letters(i) for i, c in enumerate(LAYOUT.sheet(name).columns, 1)}
        for number, row in enumerate(each, 2):
            if name != "Review":
                yield from ([name, f"{columns[column]}{number}", text] for column, text in row.items())


def formulas():
    """Return rules of four kinds of columns with texts, to compare our evaluator with LibreOffice."""
    for name in ("a_high_event", "m1", "p_value", "extracted_on", "effect_id"):
        sheet = LAYOUT.sheet("Effects")
        place = f"{letters([c.name for c in sheet.columns].index(name) + 1)}2"
        wrong = [rule.formula for rule in rules(sheet, sheet.column(name), 401) if rule.state == "wrong"]
        for text in (*HAZARDS, "12", "12.40", "NR", "2026-11-22", "22-11-2026", "Ames2001-1", "1.2.3", "n.s.", "150"):
            yield from ([{place: text}, formula] for formula in wrong)


@pytest.fixture(scope="module")
def typed(need, tmp_path_factory):
    """Type everything in one session of LibreOffice; return the folder, and what it said."""
    folder = tmp_path_factory.mktemp("typed")
    protocol = small_review.protocol()
    blank = folder / "blank.xlsx"
    blank.write_bytes(workbook_bytes(protocol))
    start = [c.name for c in LAYOUT.sheet("Log").columns].index("old") + 1
    work = list(keystrokes(typed_rows()))
    hazards = [["Log", f"{letters(start)}{row}", text] for row, text in enumerate(HAZARDS, 2)]
    plain = [["Plain", f"A{row}", text] for row, text in enumerate(TURNED, 1)]
    asked = {"typed": [*work, *hazards, *plain], "formulas": list(formulas())}
    command = [python_with_uno(), TYPIST, need("libreoffice"), folder / "profile", blank, folder / "typed.xlsx"]
    done = subprocess.run(
        [str(part) for part in command], input=json.dumps(asked), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return folder, {
        "hazards": said["cells"][len(work) :][: len(HAZARDS)],
        "plain": said["cells"][-len(TURNED) :],
        "formulas": said["formulas"],
    }


def test_an_entry_cell_takes_every_hazard_as_text(typed):
    assert typed[1]["hazards"] == [["TEXT", text] for text in HAZARDS]
    assert all(kind != "TEXT" for kind, _ in typed[1]["plain"])


def test_the_reader_gives_back_what_was_typed(typed):
    folder, _ = typed
    extraction = read_workbook(folder / "typed.xlsx", LAYOUT)
    assert "LibreOffice" in extraction.program
    read = {name: [dict(row.values) for row in extraction.sheet(name)] for name in typed_rows() if name != "Review"}
    assert read == {name: rows for name, rows in typed_rows().items() if name != "Review"}
    assert [row["old"] for row in extraction.sheet("Log")] == [text.strip() for text in HAZARDS]


def test_the_checks_find_what_they_find_in_the_same_workbook_made_here(typed):
    folder, _ = typed
    protocol = small_review.protocol()
    made = folder / "made.xlsx"
    log = [{"old": text} for text in HAZARDS]
    made.write_bytes(workbook_bytes(protocol, {**typed_rows(), "Log": log}))

    def found(path):
        return [(f.id, f.origin.sheet, f.origin.cell) for f in check(read_workbook(path, LAYOUT), protocol)]

    here = found(folder / "typed.xlsx")
    assert here == found(made)
    columns = {c.name: letters(i) for i, c in enumerate(LAYOUT.sheet("Effects").columns, 1)}
    assert ("C01", "Effects", f"{columns['ci_low']}3") in here
    ages = {c.name: letters(i) for i, c in enumerate(LAYOUT.sheet("Studies").columns, 1)}
    assert ("W01", "Studies", f"{ages['age_mean']}2") in here


def test_the_rules_say_the_same_in_libreoffice_and_in_our_tests(typed):
    _, said = typed
    red: dict[tuple[str, str], list[bool]] = {}
    for (texts, formula), theirs in zip(formulas(), said["formulas"], strict=True):
        ((place, text),) = texts.items()
        both = red.setdefault((place, text), [False, False])
        both[0] |= holds(formula, texts)
        both[1] |= theirs
    assert {cell: both for cell, both in red.items() if both[0] != both[1]} == {}
    assert {both[0] for both in red.values()} == {True, False}
