from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.exchange.differences import Book, Line, book_of_extraction, differences
from metaan.workbook.read import read_workbook

LAYOUT = small_review.protocol().layout


def book(sheets, name="A"):
    rows = {
        sheet: tuple(Line(dict(row), {}, f"row {i}") for i, row in enumerate(found, 2))
        for sheet, found in sheets.items()
    }
    columns = {sheet: tuple(dict.fromkeys(c for row in found for c in row)) for sheet, found in sheets.items()}
    return Book(name, columns, rows)


def changed(a, b):
    return [(c.kind, c.sheet, c.row, c.column, c.old, c.new) for c in differences(book(a), book(b, "B"), LAYOUT)]


def base():
    return {name: rows for name, rows in small_review.rows().items() if name != "Review"}


def test_nothing_differs_from_itself_in_any_order():
    turned = {name: rows[::-1] for name, rows in base().items()}
    assert changed(base(), turned) == []


def test_cells_rows_and_names():
    b = deepcopy(base())
    b["Effects"][0]["a_high_event"] = "13"
    del b["Effects"][1]["src_ref"]
    b["Effects"][2]["notes"] = "new"
    b["Effects"][3]["effect_id"] = "Dunn2004-cc-9"
    gone = b["Effects"].pop(4)
    b["Studies"].append({**b["Studies"][0], "study_id": "Zeta2020", "label": "Zeta 2020"})
    assert set(changed(base(), b)) == {
        ("cell", "Effects", "Ames2001-pr-1", "a_high_event", "12", "13"),
        ("cell", "Effects", "Bell2002-pr-1", "src_ref", "Table 2", ""),
        ("cell", "Effects", "Cole2003-pr-1", "notes", "", "new"),
        ("column_added", "Effects", "", "notes", "", ""),
        ("row_renamed", "Effects", "Dunn2004-cc-1", "", "Dunn2004-cc-1", "Dunn2004-cc-9"),
        ("row_removed", "Effects", gone["effect_id"], "", "", ""),
        ("row_added", "Studies", "Zeta2020", "", "", ""),
    }


def test_sheets_without_names_are_matched_by_what_a_row_is():
    judged = {"design_id": "Ames2001-pr", "tool": "RoB 2", "domain": "D1", "judgement": "low"}
    a = {"Quality": [judged, {**judged, "domain": "D2"}], "PRISMA": [{"key": "duplicates", "n": "3"}]}
    b = {
        "Quality": [{**judged, "domain": "D2"}, {**judged, "judgement": "high"}],
        "PRISMA": [{"key": "duplicates", "n": "4"}],
    }
    assert changed(a, b) == [
        ("cell", "Quality", "Ames2001-pr / RoB 2 / D1", "judgement", "low", "high"),
        ("cell", "PRISMA", "duplicates", "n", "3", "4"),
    ]


def test_a_name_given_twice_is_matched_in_order():
    row = {"effect_id": "x1x", "notes": "a"}
    a = {"Effects": [row, {**row, "notes": "b"}]}
    b = {"Effects": [row, {**row, "notes": "c"}]}
    assert changed(a, b) == [("cell", "Effects", "x1x / #2", "notes", "b", "c")]


def test_places_of_both_workbooks(tmp_path):
    sheets = small_review.rows()
    a = read_workbook(small_review.write(tmp_path / "a", sheets), LAYOUT)
    sheets["Effects"].insert(0, sheets["Effects"].pop(3))
    sheets["Effects"][0]["b_high_none"] = "21"
    b = read_workbook(small_review.write(tmp_path / "b", sheets), LAYOUT)
    kept = [("Effects", "Ames2001-pr-1", "mine", "x")]
    (cell, own) = differences(book_of_extraction(a), book_of_extraction(b, kept), LAYOUT)
    letter = a.columns["Effects"]["b_high_none"]
    assert (cell.row, cell.column, cell.cell_a, cell.cell_b) == (
        "Dunn2004-cc-1",
        "b_high_none",
        f"{letter}5",
        f"{letter}2",
    )
    assert (own.kind, own.sheet, own.row) == ("row_added", "Kept", "Effects / Ames2001-pr-1 / mine")


CELLS = st.dictionaries(st.sampled_from(["notes", "src_ref", "quote"]), st.sampled_from(["a", "b", "c"]), max_size=3)
ROWS = st.lists(st.tuples(st.sampled_from(["r1x", "r2x", "r3x"]), CELLS), max_size=5, unique_by=lambda pair: pair[0])


@given(ROWS, ROWS)
def test_what_differs_turns_one_into_the_other(first, second):
    """Applying the differences to A gives B, and B compared with A says the opposite."""
    a = {"Effects": [{"effect_id": key, **cells} for key, cells in first]}
    b = {"Effects": [{"effect_id": key, **cells} for key, cells in second]}
    rows = {row["effect_id"]: dict(row) for row in a["Effects"]}
    added = {row["effect_id"]: row for row in b["Effects"]}
    found = differences(book(a), book(b, "B"), LAYOUT)
    for change in found:
        if change.kind == "row_removed":
            del rows[change.row]
        elif change.kind == "row_renamed":
            rows[change.new] = {**rows.pop(change.old), "effect_id": change.new}
        elif change.kind == "row_added":
            rows[change.row] = added[change.row]
        elif change.kind == "cell":
            rows[change.row][change.column] = change.new
    filled = {key: {c: t for c, t in row.items() if t} for key, row in rows.items()}
    assert filled == {row["effect_id"]: row for row in b["Effects"]}
    assert len(differences(book(b, "B"), book(a), LAYOUT)) == len(found)
