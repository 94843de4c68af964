import pytest

import small_review
from metaan.checks.check import check
from metaan.terms.finding import Level
from metaan.workbook.read import read_workbook


def findings(tmp_path, sheets=None):
    protocol = small_review.protocol()
    path = small_review.write(tmp_path / "tea", sheets)
    extraction = read_workbook(path, protocol.layout)
    return extraction, check(extraction, protocol.layout)


def changed(sheet, row, **cells):
    sheets = small_review.rows()
    sheets[sheet][row] = {key: value for key, value in {**sheets[sheet][row], **cells}.items() if value}
    return sheets


def only(tmp_path, sheets):
    extraction, found = findings(tmp_path, sheets)
    (finding,) = [f for f in found if f.level is not Level.NOTE]
    return extraction, finding


def test_a_workbook_without_fault_raises_nothing(tmp_path):
    _, found = findings(tmp_path)
    assert found == ()


def test_more_events_than_people_is_told_at_the_cell(tmp_path):
    extraction, finding = only(tmp_path, changed("Effects", 5, events_high="140", total_high="123"))
    letters = extraction.columns["Effects"]
    cell, total = f"{letters['events_high']}7", f"{letters['total_high']}7"
    assert finding.text() == (
        f'{extraction.workbook} > sheet "Effects" > cell {cell} '
        "(events among those with the factor, or treated; Frey2006-tr-1)\n"
        f"  found     140 events among 123 people (total in {total})\n"
        f"  expected  a whole number from 0 to the total in {total}\n"
        f"  to fix    compare with the paper; if the two cells were swapped, exchange {cell} and {total}"
    )


@pytest.mark.parametrize(
    ("sheet", "row", "cells", "check_id", "column", "said"),
    [
        ("Effects", 0, {"priority": "mian"}, "WORD", "priority", 'did you mean "main"?'),
        ("Effects", 0, {"outcome": ""}, "REQUIRED", "outcome", "NR if the source does not say"),
        ("Effects", 0, {"form": ""}, "REQUIRED", "form", "fill form"),
        ("Effects", 0, {"priority": "NR"}, "REQUIRED", "priority", "has an answer in every paper"),
        ("Effects", 0, {"outcome": "NA"}, "REQUIRED", "outcome", "NR if the source does not say"),
        ("Effects", 0, {"form": "NA"}, "REQUIRED", "form", "applies to every row"),
        ("Effects", 0, {"effect_id": "NA"}, "REQUIRED", "effect_id", "applies to every row"),
        ("Design", 0, {"contrast": "NA"}, "REQUIRED", "contrast", "applies to every row"),
        ("Effects", 0, {"a_high_event": "1e400"}, "W01", "a_high_event", "type only the number"),
        ("Effects", 0, {"b_high_none": ""}, "FORM", "b_high_none", "choose the form"),
        ("Effects", 0, {"b_high_none": "NR"}, "FORM", "b_high_none", "choose the form"),
        ("Effects", 0, {"a_high_event": "5-10"}, "W01", "a_high_event", "two ends into their own columns"),
        ("Effects", 0, {"a_high_event": "12,5"}, "W01", "a_high_event", "set decimal_mark to comma"),
        ("Effects", 0, {"a_high_event": "12.5"}, "W01", "a_high_event", "compare with the paper"),
        ("Effects", 0, {"a_high_event": "-1"}, "RANGE", "a_high_event", "compare with the paper"),
        ("Effects", 0, {"derived": "calculated"}, "REQUIRED", "derivation_note", "fill derivation_note"),
        ("Effects", 0, {"m1": "5"}, "FORM", "m1", "choose one form"),
        ("Effects", 0, {"n_analysed": "150"}, "B02", "n_analysed", "say in derivation_note why"),
        ("Effects", 0, {"extracted_on": "5/10/2026"}, "PATTERN", "extracted_on", "compare with the source"),
        ("Effects", 6, {"p_value": "<0.001"}, "W01", "p_value", "the sign into p_cmp"),
        ("Effects", 6, {"p_value": "1.2"}, "RANGE", "p_value", "compare with the paper"),
        ("Reports", 0, {"doi": "https://doi.org/10.1/x"}, "PATTERN", "doi", "compare with the source"),
        ("Design", 0, {"n_outcome_known": "210"}, "B01", "n_outcome_known", "compare with the paper"),
        ("Design", 0, {"cutoff_source": ""}, "REQUIRED", "cutoff_source", "NR if the source does not say"),
        ("Studies", 0, {"n_enrolled": ""}, "REQUIRED", "n_enrolled", "NR if the source does not say"),
    ],
)
def test_one_fault_one_finding_at_its_cell(tmp_path, sheet, row, cells, check_id, column, said):
    extraction, finding = only(tmp_path, changed(sheet, row, **cells))
    where = f"{extraction.columns[sheet][column]}{row + 2}"
    assert (finding.id, finding.origin.sheet, finding.origin.cell) == (check_id, sheet, where)
    assert said in finding.to_fix


def effect(**cells):
    blank = dict.fromkeys(("a_high_event", "b_high_none", "c_low_event", "d_low_none"), "")
    return changed("Effects", 0, **blank, **cells)


RATIO = {"form": "ratio", "est": "1.4", "scale": "OR", "ci_low": "1.1", "ci_high": "1.8", "ci_level": "95"}
MEANS = {
    "form": "means",
    "n1": "9",
    "m1": "5.0",
    "sd1": "1.0",
    "n2": "9",
    "m2": "4.0",
    "sd2": "1.1",
    "spread_type": "sd",
}
MEDIANS = {
    **{"form": "medians", "n1": "9", "med1": "5", "min1": "1", "max1": "9"},
    **{"n2": "9", "med2": "5", "min2": "1", "max2": "9"},
}


@pytest.mark.parametrize("cells", [RATIO, MEANS, MEDIANS])
def test_other_forms_without_fault_raise_nothing(tmp_path, cells):
    _, found = findings(tmp_path, effect(**cells))
    assert found == ()


@pytest.mark.parametrize(
    ("cells", "check_id", "column"),
    [
        ({**RATIO, "est": "2.4"}, "C01", "est"),
        ({**RATIO, "ci_low": "1.8", "ci_high": "1.1"}, "C01", "ci_low"),
        ({**RATIO, "ci_low": "0"}, "C01", "ci_low"),
        ({**RATIO, "ci_level": ""}, "FORM", "ci_level"),
        ({**MEANS, "sd1": "0"}, "M00", "sd1"),
        ({**MEANS, "n1": "0"}, "B01", "n1"),
        ({**MEANS, "spread_type": ""}, "FORM", "spread_type"),
        ({**MEDIANS, "max1": "4"}, "M04", "max1"),
    ],
)
def test_faults_of_other_forms(tmp_path, cells, check_id, column):
    extraction, finding = only(tmp_path, effect(**cells))
    assert (finding.id, finding.origin.cell) == (check_id, f"{extraction.columns['Effects'][column]}2")


def test_ids_are_unique_and_known_where_they_are_named(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"][1]["effect_id"] = "ames2001-PR-1"
    sheets["Effects"][2]["design_id"] = "Cole2003-pt"
    sheets["Studies"][3]["study_id"] = "4Dunn"
    _, found = findings(tmp_path, sheets)
    said = {(f.id, f.origin.sheet): f.found + " / " + f.to_fix for f in found}
    assert "a second time" in said["S01", "Effects"]
    assert 'did you mean "Cole2003-pr"?' in said["REF", "Effects"]
    assert ("ID", "Studies") in said
    assert ("S07", "Studies") in said


def test_all_findings_come_at_once(tmp_path):
    sheets = changed("Effects", 0, priority="mian", outcome="hedache")
    sheets["Design"][1]["randomised"] = "perhaps"
    _, found = findings(tmp_path, sheets)
    assert len([f for f in found if f.level is Level.ERROR]) == 3


def test_a_confirmed_warning_becomes_a_note_that_says_who_and_why(tmp_path):
    sheets = changed("Effects", 0, n_analysed="150")
    sheets["Overrides"] = [
        {
            **{"finding_id": "B02", "sheet": "Effects", "row_id": "Ames2001-pr-1"},
            **{"reason": "50 without follow-up", "initials": "AR"},
        }
    ]
    _, found = findings(tmp_path, sheets)
    (finding,) = found
    assert (finding.level, finding.to_fix) == (Level.NOTE, "confirmed by AR: 50 without follow-up")


def test_a_source_without_doi_or_pubmed_number_is_noted(tmp_path):
    sheets = changed("Reports", 0, doi="")
    _, found = findings(tmp_path, sheets)
    assert [(f.id, f.level) for f in found] == [("SOURCE", Level.NOTE)]


def test_a_wrong_decimal_mark_and_an_old_layout_are_found(tmp_path):
    sheets = small_review.rows()
    sheets["Review"][2]["value"] = "semicolon"
    _, found = findings(tmp_path, sheets)
    assert [f.id for f in found if f.origin.sheet == "Review"] == ["WORD"]


def test_a_renamed_column_is_one_finding_and_not_one_a_row(tmp_path):
    import openpyxl

    protocol = small_review.protocol()
    path = small_review.write(tmp_path / "tea")
    book = openpyxl.load_workbook(path)
    header = next(cell for cell in book["Effects"][1] if cell.value == "outcome")
    header.value = "Outcomes"
    book.save(path)
    found = check(read_workbook(path, protocol.layout), protocol.layout)
    assert [f.id for f in found] == ["HEADER"]


def test_na_is_no_name_of_a_row(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"][0]["design_id"] = "NA"
    sheets["Design"][1]["study_id"] = "NA"
    _, found = findings(tmp_path, sheets)
    wrong = {(f.origin.sheet, f.found) for f in found if f.level is Level.ERROR}
    assert {("Effects", "NA"), ("Design", "NA")} <= wrong


@pytest.mark.parametrize("name", ["flag", "dependency_group", "n_analysed", "arm_1_id", "ci_low"])
def test_a_column_that_is_gone_is_an_error_even_if_it_may_be_blank(tmp_path, name):
    import openpyxl

    protocol = small_review.protocol()
    path = small_review.write(tmp_path / "tea")
    book = openpyxl.load_workbook(path)
    next(cell for cell in book["Effects"][1] if cell.value == name).value = None
    book.save(path)
    (finding,) = check(read_workbook(path, protocol.layout), protocol.layout)
    assert (finding.id, finding.level) == ("HEADER", Level.ERROR)
    assert f'no column "{name}"' in finding.found
