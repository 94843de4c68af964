"""Warnings that reviewers confirmed, and confirmations that confirm nothing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import review
from checked_rows import changed, extraction, findings
from metaan.checks.book import Book
from metaan.checks.check import check
from metaan.checks.overrides import confirmed_later
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook

WARNED = {"Studies": {"Bell2002": {"n_enrolled": "100"}}}
CONFIRMED = {
    "finding_id": "S08",
    "sheet": "Effects",
    "row_id": "Bell2002-pr-1",
    "reason": "printed so",
    "initials": "AR",
}


def confirmed(rows, **sheets):
    typed = changed(**sheets)
    typed["Overrides"] = rows
    return findings(typed)


def test_a_warning_says_how_it_is_confirmed():
    (warning,) = findings(changed(**WARNED))
    assert warning.level is Level.WARNING
    assert warning.to_fix.endswith("; if it stands, confirm it on Overrides: S08, Effects, Bell2002-pr-1")


@pytest.mark.parametrize("cells", [{}, {"finding_id": "s08"}, {"sheet": "effects"}, {"row_id": "BELL2002-PR-1"}])
def test_a_confirmed_warning_becomes_a_note_that_says_who_and_why(cells):
    (note,) = confirmed([{**CONFIRMED, **cells}], **WARNED)
    assert (note.id, note.level, note.to_fix) == ("S08", Level.NOTE, "confirmed by AR: printed so")


@pytest.mark.parametrize("cells", [{"finding_id": "S12"}, {"sheet": "Studies"}, {"row_id": "Cole2003-pr-1"}])
def test_a_confirmation_of_something_else_confirms_nothing_and_is_noted(cells):
    found = confirmed([{**CONFIRMED, **cells}], **WARNED)
    assert [(f.id, f.level) for f in found] == [("S08", Level.WARNING), ("OVERRIDE", Level.NOTE)]
    assert "nothing to confirm" in found[1].found


def test_an_unknown_id_is_a_warning():
    found = confirmed([{**CONFIRMED, "finding_id": "S80"}])
    assert [(f.id, f.level) for f in found] == [("OVERRIDE", Level.WARNING)]
    assert "confirm it on Overrides" not in found[0].to_fix


def test_an_error_stays_an_error():
    rows = [{**CONFIRMED, "finding_id": "S01", "row_id": "Ames2001-pr-2"}]
    found = confirmed(rows, Effects={"Ames2001-pr-2": {"like": "Ames2001-pr-1", "priority": "secondary"}})
    assert [(f.id, f.level) for f in found] == [("S01", Level.ERROR), ("OVERRIDE", Level.WARNING)]
    assert "an error is mended" in found[1].expected


def test_a_check_of_pooled_results_is_left_to_the_stage_that_pools():
    assert confirmed([{**CONFIRMED, "finding_id": "P02"}]) == ()


def test_rows_without_a_name_are_confirmed_by_their_number():
    boxes = [
        {"key": "database_results", "n": "10"},
        {"key": "duplicates", "n": "1"},
        {"key": "records_screened", "n": "8"},
    ]
    sheets = {**changed(), "PRISMA": boxes}
    (warning,) = findings(sheets)
    assert warning.to_fix.endswith(": S07, PRISMA, 4")
    rows = [{**CONFIRMED, "finding_id": "S07", "sheet": "PRISMA", "row_id": "4"}]
    (note,) = findings({**sheets, "Overrides": rows})
    assert note.level is Level.NOTE


def test_a_row_of_the_sheet_with_blanks_is_an_error_and_no_idle_confirmation():
    found = confirmed([{**CONFIRMED, "row_id": ""}])
    assert [(f.id, f.level) for f in found] == [("REQUIRED", Level.ERROR)]


def test_every_warning_about_the_bundled_review_can_be_confirmed_with_the_words_it_prints():
    folder = Path(__file__).parents[2] / "data" / "nk-cells"
    protocol = read_protocol(folder / "protocol.yaml")
    read = read_workbook(folder / "extraction.xlsx", protocol.layout)
    sheets = {name: [dict(row.values) for row in rows] for name, rows in read.rows.items() if name != "Overrides"}
    said = [re.search(r"confirm it on Overrides: (\S+), (\w+), (.+)$", f.to_fix) for f in _found(sheets, protocol)]
    names = {match.groups() for match in said if match}
    assert len(names) > 5
    sheets["Overrides"] = [
        {"finding_id": check_id, "sheet": sheet, "row_id": row, "reason": "looked at", "initials": "MT"}
        for check_id, sheet, row in sorted(names)
    ]
    found = _found(sheets, protocol)
    assert [f.text() for f in found if f.level is not Level.NOTE] == []
    assert not any(f.id == "OVERRIDE" for f in found)


def _found(sheets, protocol):
    return check(extraction(sheets, protocol), protocol)


def test_a_warning_about_the_protocol_is_confirmed_by_its_entry():
    place = "analyses > tea-headache > strata > trial"
    warning = Finding(
        id="PROTOCOL",
        level=Level.WARNING,
        origin=Origin("protocol.yaml", ""),
        subject=place,
        found="no row",
        expected="at least one row",
        to_fix="correct the filter",
    )
    other = replace(warning, subject="analyses > tea-headache > strata > case_control")
    row = {**CONFIRMED, "finding_id": "PROTOCOL", "sheet": "protocol", "row_id": place}
    protocol = review.protocol()

    def settled(rows):
        book = Book(extraction({**changed(), "Overrides": rows}, protocol), protocol, protocol.layout)
        return confirmed_later((warning, other), book)

    assert settled([])[0].to_fix.endswith(f"confirm it on Overrides: PROTOCOL, protocol, {place}")
    assert [item.level for item in settled([row])] == [Level.NOTE, Level.WARNING]
    warning = replace(warning, level=Level.ERROR)
    assert settled([row])[0] == warning
    assert findings({**changed(), "Overrides": [row]}) == ()
