import openpyxl
import pytest

import small_review
from metaan.workbook.forms import FORMS
from metaan.workbook.layout import layout
from metaan.workbook.template import workbook_bytes
from metaan.workbook.words import CORE_LISTS, TOPIC_LISTS


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "blank.xlsx"
    path.write_bytes(workbook_bytes(small_review.protocol()))
    return openpyxl.load_workbook(path)


def test_same_protocol_same_bytes():
    protocol = small_review.protocol()
    assert workbook_bytes(protocol, small_review.rows()) == workbook_bytes(protocol, small_review.rows())


def test_sheets_stand_in_their_order_and_lists_are_hidden(book):
    assert book.sheetnames == [
        *("README", "Review", "Reports", "Studies", "Design", "Effects", "Quality", "Reliability", "Harms"),
        *("Certainty", "Bias", "Context", "PRISMA", "Overrides", "Log", "Codebook", "Lists"),
    ]
    assert book["Lists"].sheet_state == "hidden"


def test_entry_columns_take_text_and_headers_are_frozen(book):
    sheet = book["Effects"]
    assert sheet.freeze_panes == "D2"
    assert {sheet.column_dimensions[letter].number_format for letter in ("A", "D", "V", "AA")} == {"@"}
    assert sheet.protection.sheet
    assert not sheet.column_dimensions["D"].protection.locked


def test_every_word_column_has_a_dropdown_through_a_defined_name(book):
    merged = small_review.protocol().layout
    names = set(book.defined_names)
    for sheet in merged.sheets:
        if sheet.name == "Review":
            continue
        wanted = {f"lst_{column.words}" for column in sheet.columns if column.kind == "word"}
        found = {v.formula1 for v in book[sheet.name].data_validations.dataValidation if v.type == "list"}
        assert found == wanted
        assert wanted <= names


def test_the_codebook_names_every_column(book):
    pairs = {(row[0], row[1]) for row in book["Codebook"].iter_rows(min_row=2, values_only=True)}
    merged = small_review.protocol().layout
    assert pairs == {(sheet.name, column.name) for sheet in merged.sheets for column in sheet.columns}


def test_a_formula_typed_as_text_stays_text(tmp_path):
    rows = small_review.rows()
    rows["Effects"][0]["notes"] = "=1+1"
    path = small_review.write(tmp_path / "tea", rows)
    cells = [cell for row in openpyxl.load_workbook(path)["Effects"].iter_rows() for cell in row]
    (cell,) = [cell for cell in cells if cell.value == "=1+1"]
    assert cell.data_type == "s"


def test_a_row_with_an_unknown_column_is_refused():
    rows = {"Effects": [{"no_such_column": "x"}]}
    with pytest.raises(KeyError, match="no_such_column"):
        workbook_bytes(small_review.protocol(), rows)


def test_topic_columns_follow_the_protocol():
    lists = {"outcome": {"o": "o"}, "population": {"p": "p"}, "control_type": {"c": "c"}}
    bare = layout(lists, {})
    full = layout({**lists, "marker": {"m": "m"}, "phase": {"x": "x"}}, {"age": "age"}, ["parity_handling"])
    bare_design = {column.name for column in bare.sheet("Design").columns}
    full_design = {column.name for column in full.sheet("Design").columns}
    added = {"phase", "phase_where", "adj_age", "adj_age_where", "parity_handling", "parity_handling_where"}
    assert full_design - bare_design == added
    assert "marker" not in {column.name for column in bare.sheet("Effects").columns}


def test_every_list_and_column_a_form_names_exists():
    merged = layout({name: {"w": "w"} for name in TOPIC_LISTS}, {})
    columns = {column.name for column in merged.sheet("Effects").columns}
    for form in FORMS.values():
        assert form.columns <= columns
    for sheet in merged.sheets:
        for column in sheet.columns:
            if column.kind == "word":
                assert column.words in merged.lists
            if not isinstance(column.required, bool):
                assert column.required.column in {other.name for other in sheet.columns} | {"phase"}
    assert set(CORE_LISTS["form"]) == set(FORMS)
