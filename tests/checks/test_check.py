import openpyxl
import pytest

import review
from checked_rows import changed, extraction, findings
from metaan.checks.check import check
from metaan.terms.checks import CHECKS
from metaan.terms.finding import Level
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes


def only(sheets):
    (finding,) = findings(sheets)
    return finding


def cell_of(sheet, column, row):
    return f"{extraction({}).columns[sheet][column]}{row}"


def test_a_workbook_without_fault_raises_nothing():
    assert findings(review.rows()) == ()


def test_more_events_than_people_is_told_at_the_cell_in_four_lines():
    found = only(changed(Effects={"Frey2006-tr-1": {"events_high": "140", "total_high": "123"}}))
    cell, total = cell_of("Effects", "events_high", 7), cell_of("Effects", "total_high", 7)
    place, first, second, third = found.text().split("\n")
    assert place.startswith(f'tea.xlsx > sheet "Effects" > cell {cell} (')
    assert "Frey2006-tr-1" in place
    assert first.startswith("  found     140 events among 123 people")
    assert second.startswith("  expected  ")
    assert third.startswith("  to fix    ")
    assert total in found.text()


@pytest.mark.parametrize(
    ("sheet", "row", "cells", "check_id", "column", "said"),
    [
        ("Effects", "Ames2001-pr-1", {"priority": "mian"}, "WORD", "priority", 'did you mean "main"?'),
        ("Effects", "Ames2001-pr-1", {"outcome": ""}, "REQUIRED", "outcome", "NR if the source does not say"),
        ("Effects", "Ames2001-pr-1", {"form": ""}, "REQUIRED", "form", "fill form"),
        ("Effects", "Ames2001-pr-1", {"priority": "NR"}, "REQUIRED", "priority", "has an answer in every paper"),
        ("Effects", "Ames2001-pr-1", {"form": "NA"}, "REQUIRED", "form", "applies to every row"),
        ("Design", "Ames2001-pr", {"contrast": "NA"}, "REQUIRED", "contrast", "applies to every row"),
        ("Effects", "Ames2001-pr-1", {"a_high_event": "-1"}, "RANGE", "a_high_event", "compare with the paper"),
        ("Effects", "Ames2001-pr-1", {"derived": "calculated"}, "REQUIRED", "derivation_note", "fill derivation_note"),
        ("Effects", "Gray2007-cc-1", {"p_value": "<0.001"}, "W01", "p_value", "p_cmp"),
        ("Effects", "Gray2007-cc-1", {"p_value": "1.2"}, "RANGE", "p_value", "compare with the paper"),
        ("Design", "Ames2001-pr", {"cutoff_source": ""}, "REQUIRED", "cutoff_source", "NR if the source does not say"),
        ("Studies", "Ames2001", {"n_enrolled": ""}, "REQUIRED", "n_enrolled", "NR if the source does not say"),
    ],
)
def test_one_fault_one_finding_at_its_cell(sheet, row, cells, check_id, column, said):
    sheets = changed(**{sheet: {row: cells}})
    found = only(sheets)
    key = {"Effects": "effect_id", "Design": "design_id", "Studies": "study_id"}[sheet]
    number = 2 + [each[key] for each in sheets[sheet]].index(row)
    assert (found.id, found.origin.sheet, found.origin.cell) == (check_id, sheet, cell_of(sheet, column, number))
    assert said in found.to_fix


def test_all_findings_come_at_once():
    sheets = changed(
        Effects={"Ames2001-pr-1": {"priority": "mian", "outcome": "hedache"}},
        Design={"Bell2002-pr": {"randomised": "perhaps"}},
    )
    assert [f.id for f in findings(sheets) if f.level is Level.ERROR] == ["WORD", "WORD", "WORD"]


def test_every_finding_carries_a_level_of_its_check():
    sheets = changed(
        Effects={
            "Ames2001-pr-1": {"a_high_event": "-1", "checked_by": ""},
            "Jude2012-cc-1": {"sd1": "0.77", "sd2": "0.74"},
        },
        Studies={"Bell2002": {"n_enrolled": "100"}},
    )
    found = findings(sheets)
    assert {f.id for f in found} >= {"RANGE", "S15", "M05", "S08"}
    assert all(f.level in CHECKS[f.id].levels for f in found)


def test_an_error_hides_what_else_there_is_to_say_about_its_cell():
    twice = {"sd1": "0.77", "sd2": "0.74", "m1": "17.1"}
    assert {f.id for f in findings(changed(Effects={"Jude2012-cc-1": twice}))} >= {"M05", "S10"}
    found = findings(changed(Effects={"Jude2012-cc-1": {**twice, "sd1": "-0.77"}}))
    cell = cell_of("Effects", "sd1", 11)
    assert [f.id for f in found if f.origin.cell == cell] == ["RANGE"]


def test_two_warnings_about_one_cell_both_show():
    sheets = changed(
        Effects={"Ames2001-pr-2": {"like": "Ames2001-pr-1", "timepoint": "later", "subgroup": "girls"}},
    )
    sheets["Effects"][-1] |= {"priority": "main"}
    assert [f.id for f in findings(sheets)] == ["S12"]
    label = changed(Studies={"Bell2002": {"label": "Ames, 2001", "same_cohort_as": "Bell2002"}})
    assert sorted(f.id for f in findings(label)) == ["REF", "W04"]


def test_names_are_unique_and_known_where_they_are_used():
    sheets = changed(
        Effects={"Bell2002-pr-1": {"effect_id": "ames2001-PR-1"}, "Cole2003-pr-1": {"design_id": "Cole2003-pt"}},
        Studies={"Dunn2004": {"study_id": "4Dunn"}},
    )
    said = {(f.id, f.origin.sheet): f.found + " / " + f.to_fix for f in findings(sheets)}
    assert "a second time" in said["S01", "Effects"]
    assert 'did you mean "Cole2003-pr"?' in said["REF", "Effects"]
    assert ("ID", "Studies") in said
    assert ("REF", "Design") in said


def test_na_is_no_name_of_a_row():
    sheets = changed(Effects={"Ames2001-pr-1": {"design_id": "NA"}}, Design={"Bell2002-pr": {"study_id": "NA"}})
    wrong = {(f.origin.sheet, f.found) for f in findings(sheets) if f.level is Level.ERROR}
    assert {("Effects", "NA"), ("Design", "NA")} <= wrong


def test_a_wrong_decimal_mark_and_an_old_layout_are_found():
    sheets = changed(Review={"decimal_mark": {"value": "semicolon"}, "schema": {"value": "0"}})
    assert [f.id for f in findings(sheets) if f.origin.sheet == "Review"] == ["WORD", "SCHEMA"]


def test_a_renamed_column_is_one_finding_and_not_one_a_row(tmp_path):
    protocol = review.protocol()
    path = tmp_path / "tea.xlsx"
    path.write_bytes(workbook_bytes(protocol, review.rows()))
    book = openpyxl.load_workbook(path)
    next(cell for cell in book["Effects"][1] if cell.value == "outcome").value = "Outcomes"
    book.save(path)
    assert [f.id for f in check(read_workbook(path, protocol.layout), protocol)] == ["HEADER"]


def test_the_order_of_rows_changes_no_finding():
    sheets = changed(
        Effects={"Jude2012-cc-1": {"sd1": "0.77", "sd2": "0.74"}, "Bell2002-pr-1": {"checked_by": ""}},
        Studies={"Bell2002": {"n_enrolled": "100"}},
    )
    turned = {name: rows if name == "Review" else rows[::-1] for name, rows in sheets.items()}
    assert sorted((f.id, f.found.split(" (")[0]) for f in findings(sheets)) == sorted(
        (f.id, f.found.split(" (")[0]) for f in findings(turned)
    )
