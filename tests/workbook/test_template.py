import functools
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest

import review
import small_review
from metaan.checks.check import check
from metaan.terms.resources import schema, tool, tool_names
from metaan.workbook.columns import When
from metaan.workbook.forms import FORMS
from metaan.workbook.grid import letters
from metaan.workbook.layout import layout
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook
from metaan.workbook.sheets import REVIEW_KEYS
from metaan.workbook.template import workbook_bytes
from metaan.workbook.template_example import column_examples, example_rows
from metaan.workbook.template_words import LONGEST_MESSAGE, LONGEST_TITLE, message
from metaan.workbook.words import CORE_LISTS

ROOT = Path(__file__).parents[2]
PROTOCOLS = {
    "small": small_review.protocol,
    "zoo": review.protocol,
    "nk-cells": functools.partial(read_protocol, ROOT / "data/nk-cells/protocol.yaml"),
    "passive-smoking": functools.partial(read_protocol, ROOT / "data/passive-smoking/protocol.yaml"),
    "new": functools.partial(read_protocol, ROOT / "src/metaan/workbook/new_protocol.yaml"),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("blank") / "blank.xlsx"
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


def test_every_word_and_every_reference_has_a_dropdown_through_a_defined_name(book):
    merged = small_review.protocol().layout
    names = set(book.defined_names)
    for sheet in merged.sheets:
        if sheet.name == "Review":
            continue
        wanted = {f"lst_{column.words}" for column in sheet.columns if column.kind == "word"}
        references = {f"ids_{column.refers_to}" for column in sheet.columns if column.kind == "ref"}
        suggested = {f"lst_{column.suggests}" for column in sheet.columns if column.suggests}
        every = [v for v in book[sheet.name].data_validations.dataValidation if v.type == "list"]
        listed = [v for v in every if v.formula1 not in suggested]
        assert {v.formula1 for v in every} == wanted | references | suggested
        assert wanted | references | suggested <= names
        assert all(not v.showErrorMessage for v in every if v.formula1 in suggested)  # other words may be typed
        for validation in listed:
            assert validation.errorStyle == ("warning" if validation.formula1 in references else None)  # None: stop
            assert validation.error
            assert validation.errorTitle


def test_the_column_of_tools_offers_those_of_the_package_and_the_team(tmp_path):
    own = {**tool("trust"), "id": "our-own"}
    path = tmp_path / "own.xlsx"
    path.write_bytes(workbook_bytes(small_review.protocol(own_tools={"our-own": own})))
    book = openpyxl.load_workbook(path)
    sheet, _, place = book.defined_names["lst_tools"].attr_text.partition("!")
    offered = [cell.value for (cell,) in book[sheet][place.replace("$", "")]]
    assert offered == [*tool_names(), "our-own"]


def test_rows_may_offer_words_of_their_own(tmp_path):
    rows = small_review.rows()
    judged = {"design_id": "Frey2006-tr", "tool": "rob-2", "domain": "D1"}
    rows["Quality"] = [{**judged, "item": "1.1"}, {**judged, "item": "1.2"}, judged]
    path = tmp_path / "offers.xlsx"
    offers = {("Quality", "answer"): [("Y", "N"), ("Y", "N"), ()], ("Quality", "judgement"): [(), (), ("low",)]}
    path.write_bytes(workbook_bytes(small_review.protocol(), rows, offers=offers))
    found = {
        str(v.sqref): v.formula1
        for v in openpyxl.load_workbook(path)["Quality"].data_validations.dataValidation
        if v.promptTitle in ("answer", "judgement")
    }
    assert found["H2:H3"] == '"Y,N"'
    assert (found["I4"], found["H5:H401"], found["I5:I401"]) == ('"low"', None, None)


def test_names_of_ids_lead_to_the_column_of_keys(book):
    for sheet in ("Studies", "Design", "Effects"):
        assert book.defined_names[f"ids_{sheet}"].attr_text == f"{sheet}!$A$2:$A$401"
        assert book[sheet]["A1"].value == small_review.protocol().layout.sheet(sheet).key


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_column_says_what_belongs_there(name):
    protocol = PROTOCOLS[name]()
    examples = column_examples(protocol.layout, example_rows(protocol))
    for sheet in protocol.layout.sheets:
        for column in sheet.columns:
            said = message(sheet, column, protocol.layout, examples.get((sheet.name, column.name), ""))
            assert said.split("\n")[0] == column.meaning
            assert len(column.name) <= LONGEST_TITLE
            assert len(said) <= LONGEST_MESSAGE
            if column.unit:
                assert f"unit: {column.unit}" in said
            if column.kind != "word" and sheet.name != "Review":
                assert "example: " in said
            if isinstance(column.required, When):
                assert f"required when {column.required}" in said


def test_the_help_stands_at_every_cell_of_its_column(book):
    sheet = small_review.protocol().layout.sheet("Effects")
    help_at = {str(v.sqref): v for v in book["Effects"].data_validations.dataValidation}
    for i, column in enumerate(sheet.columns, 1):
        shown = help_at[f"{letters(i)}2:{letters(i)}401"]
        assert shown.promptTitle == column.name
        assert shown.prompt.startswith(column.meaning)
        assert shown.showInputMessage


def test_entry_cells_are_unlocked_to_the_last_column_and_rows_may_be_deleted(book):
    for name in ("Studies", "Design", "Effects", "Log"):
        page = book[name]
        assert page["A1"].protection.locked
        spans = sorted((d.min, d.max, d.protection.locked) for d in page.column_dimensions.values())
        assert spans[0][0] == 1
        assert spans[-1][1] == 16384
        assert all(before[1] + 1 == after[0] for before, after in pairwise(spans))
        assert not any(locked for _, _, locked in spans)
        assert page.protection.sheet
        assert page.protection.password is None
        allowed = ("formatColumns", "formatRows", "insertRows", "deleteRows", "sort", "autoFilter")
        assert not any(getattr(page.protection, what) for what in allowed)  # an attribute that is set forbids it


def test_groups_of_columns_fold_into_their_first_column(book):
    sheet = small_review.protocol().layout.sheet("Effects")
    page = book["Effects"]
    assert page.sheet_properties.outlinePr.summaryRight is False
    level = {}
    for dimension in page.column_dimensions.values():
        level.update(dict.fromkeys(range(dimension.min, dimension.max + 1), dimension.outlineLevel or 0))
    before = ""
    for i, column in enumerate(sheet.columns, 1):
        first = column.part != before
        before = column.part
        assert level[i] == int(column.part != "identity" and not first), column.name
        edge = page.cell(1, i).border.left.style
        assert edge == ("medium" if first and i > 1 else "thin"), column.name


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_worked_example_is_without_fault(name, tmp_path):
    protocol = PROTOCOLS[name]()
    path = tmp_path / "example.xlsx"
    example = example_rows(protocol)
    path.write_bytes(workbook_bytes(protocol, example))
    assert check(read_workbook(path, protocol.layout), protocol) == ()
    shown = list(
        openpyxl.load_workbook(path, read_only=True)["README"].iter_rows(min_col=2, max_col=4, values_only=True)
    )
    for row in example["Effects"]:
        for column, text in row.items():
            assert any(cells[0] == column and text in cells[1:] for cells in shown)


def test_the_review_sheet_shows_the_protocol_locked_and_asks_for_the_rest(book):
    page = book["Review"]
    cells = {row[0].value: row[1] for row in page.iter_rows(min_row=2, max_row=len(REVIEW_KEYS) + 1)}
    assert cells["question"].value == small_review.PROTOCOL["question"]
    assert cells["thresholds"].value == "ratio 1.25, smd 0.2"
    assert cells["level"].value == "0.95"
    assert (cells["workbook_role"].value, cells["decimal_mark"].value) == ("single", "point")
    for key, (_, generated) in REVIEW_KEYS.items():
        assert cells[key].protection.locked is generated


def test_what_has_no_place_stands_on_a_sheet_of_its_own(tmp_path):
    path = tmp_path / "kept.xlsx"
    lines = [("Effects", "Ames2001-pr-1", "colour", "=red"), ("Old", "row 3", "column B", "x")]
    path.write_bytes(workbook_bytes(small_review.protocol(), small_review.rows(), lines))
    page = openpyxl.load_workbook(path, read_only=True)["Kept"]
    assert list(page.iter_rows(min_row=2, values_only=True)) == lines
    assert not [f for f in read_workbook(path, small_review.protocol().layout).findings if f.id == "SHEET"]


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
    merged = layout({name: {"w": "w"} for name in schema("protocol")["properties"]["lists"]["properties"]}, {})
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
