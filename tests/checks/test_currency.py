"""What was looked up, when, and by whom."""

import pytest

import review
import small_review
from checked_rows import changed, findings
from metaan.terms.finding import Level


def test_reports_nobody_looked_up_are_one_note_at_the_header():
    sheets = review.rows()
    for row in sheets["Reports"][:7]:
        row |= {"retracted": "not_checked"}
    (note,) = findings(sheets)
    assert (note.id, note.level, note.origin.row) == ("S13", Level.NOTE, 1)
    assert note.found.startswith("7 of 13 reports not_checked: Ames2001-main, ")
    assert note.found.endswith("and 2 more")


@pytest.mark.parametrize(
    ("day", "old"),
    [
        ("2025-01-01", False),
        ("2024-12-31", True),
        ("2025", False),
        ("2024", True),
        ("2025-01", False),
        ("2024-12", True),
        ("NR", True),
        ("2026-01-01", False),
    ],
)
def test_a_year_is_reckoned_from_the_day_of_the_review(day, old):
    found = findings(changed(Reports={"Ames2001-main": {"retraction_checked_on": day}}))
    assert [f.id for f in found] == (["S13"] if old else [])
    assert all(f.level is Level.NOTE for f in found)


def test_the_29th_of_february_has_a_day_a_year_before():
    protocol = review.parse_protocol({**review.PROTOCOL, "as_of": "2024-02-29"}, "data/zoo/protocol.yaml", "zoo")
    sheets = changed(Reports={"Ames2001-main": {"retraction_checked_on": "2023-02-27"}})
    for row in sheets["Reports"][1:]:
        row |= {"retraction_checked_on": "2023-02-28"}
    (note,) = [f for f in findings(sheets, protocol) if f.id == "S13"]
    assert note.found.startswith("1 of 13 reports looked up before 2023-02-28")


@pytest.mark.parametrize("flag", ["ok", "exclude"])
def test_a_retracted_report_is_a_warning_while_its_results_are_pooled(flag):
    sheets = changed(
        Reports={"Frey2006-main": {"retracted": "yes"}},
        Effects={"Frey2006-tr-1": {"flag": flag, "flag_reason": "retracted" if flag == "exclude" else ""}},
    )
    assert [(f.id, f.level) for f in findings(sheets)] == ([("S13", Level.WARNING)] if flag == "ok" else [])


@pytest.mark.parametrize("role", ["single", "consensus"])
def test_one_reader_is_noted_unless_two_agreed(role):
    sheets = changed(Review={"workbook_role": {"value": role}, "extractor": {"value": "AR+CD"}})
    for row in sheets["Effects"]:
        row |= {"checked_by": ""}
    found = findings(sheets)
    assert [f.id for f in found] == (["S15"] if role == "single" else [])
    for note in found:
        assert note.found.startswith(f"{len(sheets['Effects'])} of {len(sheets['Effects'])} comparisons")


def test_the_small_review_has_only_notes_about_looking_up():
    found = findings(small_review.rows(), small_review.protocol())
    assert [(f.id, f.level) for f in found] == [("S13", Level.NOTE), ("S15", Level.NOTE)]


def test_a_study_without_any_source_is_noted():
    sheets = changed(Reports={"Ames2001-main": {"doi": "NR", "pmid": "NA"}})
    del sheets["Reports"][1]
    assert [(f.id, f.level, f.origin.row) for f in findings(sheets)] == [
        ("SOURCE", Level.NOTE, 2),
        ("SOURCE", Level.NOTE, 3),
    ]
