"""An older workbook brought up to date: every filled cell is found again."""

import io
from copy import deepcopy

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

import small_review
from metaan.cli import main
from metaan.terms.finding import BadInput
from metaan.workbook.protocol import parse_protocol
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes
from metaan.workbook.update import carry


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def changed(path, change):
    """Change a workbook with openpyxl, as a reviewer would."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


def texts(path, protocol):
    """Return sheet -> rows as the reader sees them."""
    extraction = read_workbook(path, protocol.layout)
    return {sheet: [dict(row.values) for row in rows] for sheet, rows in extraction.rows.items() if sheet != "Review"}


@pytest.fixture
def old(tmp_path):
    return small_review.write(tmp_path / "tea")


def updated(old, protocol):
    carried = carry(old, protocol.layout)
    path = old.with_name("new.xlsx")
    path.write_bytes(workbook_bytes(protocol, carried.rows, carried.kept))
    return carried, path


def test_a_workbook_of_this_layout_comes_out_with_the_same_bytes(old):
    protocol = small_review.protocol()
    carried, path = updated(old, protocol)
    assert carried.kept == []
    assert carried.hints == []
    assert carried.found == carried.placed == sum(len(r) for n, rows in small_review.rows().items() for r in rows) - 3
    assert path.read_bytes() == old.read_bytes()


def test_columns_that_left_the_protocol_are_kept_and_come_back(old):
    before = small_review.protocol()
    data = deepcopy(small_review.PROTOCOL)
    data["confounders"] = {"coffee": "coffee"}
    data["required_confounders"] = {"default": ["coffee"]}
    without = parse_protocol(data, "data/tea/protocol.yaml", "tea")
    carried, path = updated(old, without)
    designs = len(small_review.rows()["Design"])
    assert carried.kept == [
        ("Design", row["design_id"], "adj_age", "adjusted") for row in small_review.rows()["Design"]
    ]
    assert carried.hints == [f'sheet "Design", column "adj_age": {designs} filled']
    assert carried.placed + len(carried.kept) == carried.found
    back, again = updated(path, before)
    assert back.kept == []
    assert again.read_bytes() == workbook_bytes(before, small_review.rows())


def test_unknown_columns_sheets_keys_notes_and_titles_are_listed(old):
    def change(book):
        book["Effects"].cell(1, 130).value = "n_analyzed"
        book["Effects"].cell(3, 130).value = "100"
        book["Effects"].cell(4, 140).value = "no header above"
        book["Effects"]["A2"].comment = Comment("ask the authors", "AR")
        book.create_sheet("Ideas")["B7"] = "look at Table 3"
        book["Review"].append(["colour", "blue"])

    carried = carry(changed(old, change), small_review.protocol().layout)
    assert ("Effects", "Bell2002-pr-1", "n_analyzed", "100") in carried.kept
    assert ("Effects", "Cole2003-pr-1", "column EJ", "no header above") in carried.kept
    assert ("Effects", "A2", "note", "ask the authors") in carried.kept
    assert ("Ideas", "row 7", "column B", "look at Table 3") in carried.kept
    assert ("Review", "colour", "value", "blue") in carried.kept
    assert carried.placed + len(carried.kept) == carried.found
    assert 'sheet "Ideas": 1 filled' in carried.hints


def test_a_renamed_column_is_hinted(old):
    def change(book):
        page = book["Effects"]
        cell = next(cell for cell in page[1] if cell.value == "src_ref")
        cell.value = "source ref"

    carried = carry(changed(old, change), small_review.protocol().layout)
    (hint,) = carried.hints
    assert 'column "source ref": 7 filled; if it is meant to be "src_ref", rename its header' in hint


def test_rows_below_a_title_are_found_and_their_order_is_kept(old):
    def change(book):
        page = book["Studies"]
        page.insert_rows(1, 2)
        page["A1"] = "Our studies"
        page.move_range(f"A10:{page.cell(10, page.max_column).coordinate}", rows=5)

    carried = carry(changed(old, change), small_review.protocol().layout)
    assert carried.kept == [("Studies", "row 1", "study_id", "Our studies")]
    assert [row["study_id"] for row in carried.rows["Studies"]] == [
        r["study_id"] for r in small_review.rows()["Studies"]
    ]


def test_cells_that_are_no_text_stay_findings(old):
    import datetime

    def change(book):
        page = book["Effects"]
        at = {cell.value: cell.column for cell in page[1]}
        for row, (column, value, code) in enumerate(
            (
                ("a_high_event", datetime.datetime(2026, 10, 5), "dd/mm/yyyy"),
                ("b_high_none", 0.45, "0%"),
                ("c_low_event", True, "General"),
                ("d_low_none", "=1+1", "General"),
            ),
            2,
        ):
            page.cell(row, at[column]).value = value
            page.cell(row, at[column]).number_format = code

    protocol = small_review.protocol()
    _, path = updated(changed(old, change), protocol)
    rows = texts(path, protocol)["Effects"]
    assert rows[0]["a_high_event"] == "2026-10-05"
    assert rows[1]["b_high_none"] == "45%"
    assert rows[2]["c_low_event"] == "TRUE"
    assert rows[3]["d_low_none"] == "=1+1"


@given(
    st.dictionaries(
        st.sampled_from(["notes", "src_ref", "a_high_event", "quote", "extra"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cn")), max_size=30),
    )
)
@settings(max_examples=8)
def test_every_filled_cell_is_found_again(tmp_path_factory, typed):
    """What stands in the old file stands in the new one, in its place or on the sheet Kept."""
    folder = tmp_path_factory.mktemp("u")
    rows = small_review.rows()
    rows["Effects"][0] |= {name: text for name, text in typed.items() if name != "extra"}
    rows["Design"][0] |= {"adj_age_where": typed.get("extra", "p 3")}
    old = small_review.write(folder / "tea", rows)
    carried, path = updated(old, small_review.protocol(confounders={"tea": "tea"}, required_confounders={}))

    def filled(file, sheets):
        book = openpyxl.load_workbook(io.BytesIO(file.read_bytes()), read_only=True)
        return sorted(
            str(value)
            for name in sheets
            if name in book.sheetnames
            for row in book[name].iter_rows(min_row=2, values_only=True)
            for value in (row[3:] if name == "Kept" else row)
            if value is not None and str(value).strip()
        )

    sheets = ("Reports", "Studies", "Design", "Effects")
    assert filled(old, sheets) == filled(path, (*sheets, "Kept"))
    assert carried.placed + len(carried.kept) == carried.found


def test_the_command_writes_beside_and_says_what_it_did(old):
    before = old.read_bytes()
    target = old.with_name("extraction-updated.xlsx")
    done = run("template", "--update", old)
    assert done.exit_code == 0, done.output
    assert "in their place." in done.output
    assert old.read_bytes() == before
    assert target.read_bytes() == before
    assert run("check", target).exit_code == 0
    again = run("template", "--update", old)
    assert again.exit_code == 2
    assert "already there" in again.output
    assert run("template", old.parent, "--update", old, "--out", old.with_name("third.xlsx")).exit_code == 0


def test_the_command_tells_what_the_new_workbook_cannot_show(old):
    def change(book):
        cell = next(cell for cell in book["Effects"][2] if cell.value == "Table 2")
        cell.font = openpyxl.styles.Font(strike=True)

    done = run("template", "--update", changed(old, change))
    assert done.exit_code == 0
    assert "W07" in done.output
    assert "Look at each" in done.output


def test_a_workbook_that_cannot_be_read_is_refused(tmp_path):
    small_review.write(tmp_path / "tea")
    broken = tmp_path / "tea" / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInput):
        carry(broken, small_review.protocol().layout)
    assert run("template", "--update", broken).exit_code == 2
    assert run("template", "--update", tmp_path / "tea" / "none.xlsx").exit_code == 2
    assert run("template").exit_code == 2


def test_a_blank_template_says_how_to_update_where_a_workbook_stands(old):
    refused = run("template", old.parent)
    assert refused.exit_code == 2
    assert f"metaan template --update {old}" in refused.output
