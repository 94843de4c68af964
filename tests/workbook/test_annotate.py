"""The annotated copy: the same values and findings as the user's workbook, each finding led to its very cell."""

import io
import re

import openpyxl
import pytest

import small_review
from metaan.checks.check import check
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.annotate import annotated_bytes, is_copy
from metaan.workbook.read import read_workbook

HEAD = 6  #: row of the headers on the sheet Problems


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """A workbook whose columns and rows stand elsewhere than the template puts them, with three faults."""
    sheets = small_review.rows()
    sheets["Effects"][0]["n_analysed"] = "150"
    sheets["Effects"][1]["priority"] = "mian"
    sheets["Effects"][5].update({"events_high": "140", "total_high": "123"})
    path = small_review.write(tmp_path_factory.mktemp("copy") / "tea", sheets)
    book = openpyxl.load_workbook(path)
    page = book["Effects"]
    names = [cell.value for cell in page[1]]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2, max_row=len(sheets["Effects"]) + 1)]
    page.delete_rows(1, page.max_row)
    page.append([*reversed(names), "mood of the day"])
    page.append([])
    for row in rows:
        page.append([*reversed(row), "good"])
    book.save(path)
    return path


@pytest.fixture(scope="module")
def read(typed):
    return read_workbook(typed, small_review.protocol().layout)


@pytest.fixture(scope="module")
def found(read):
    return check(read, small_review.protocol())


@pytest.fixture(scope="module")
def copy(read, found):
    return openpyxl.load_workbook(io.BytesIO(annotated_bytes(small_review.protocol(), read, found)))


def listed(copy):
    """Return the rows of the sheet Problems by their headers."""
    names = [cell.value for cell in copy["Problems"][HEAD]]
    return [dict(zip(names, row, strict=True)) for row in copy["Problems"].iter_rows(min_row=HEAD + 1)]


def test_every_finding_is_listed_once_errors_first(copy, found):
    levels = {"error": "E", "warning": "W", "note": "N"}
    rows = [
        (levels[row["level"].value], row["check"].value, row["cell in your file"].value or "", row["found"].value)
        for row in listed(copy)
    ]
    assert sorted(rows) == sorted((f.level.value, f.id, f.origin.cell, f.found) for f in found)
    order = [row[0] for row in rows]
    assert order == sorted(order, key="EWN".index)
    assert {"WORD", "B01", "B02"} <= {row[1] for row in rows}


def test_each_link_leads_to_the_cell_with_the_value_and_its_note(copy, read):
    names = {
        f"Effects!{row.cell(column)}": (row["effect_id"], column)
        for row in read.sheet("Effects")
        for column in row.values
    }
    seen = 0
    for row in listed(copy):
        place = names.get(f"{row['sheet'].value}!{row['cell in your file'].value}")
        if place is None:
            continue
        effect, column = place
        sheet, cell = re.fullmatch(r"'(.+)'!(\w+)", row["cell here"].hyperlink.location).groups()
        target = copy[sheet][cell]
        assert copy[sheet].cell(1, target.column).value == column
        assert copy[sheet].cell(target.row, 1).value == effect
        assert target.value == next(r[column] for r in read.sheet("Effects") if r["effect_id"] == effect)
        assert row["check"].value in target.comment.text
        assert row["to fix"].value in target.comment.text
        assert row["row"].value == effect
        seen += 1
    assert seen >= 3


def test_marks_tell_levels_apart_without_colour(copy):
    borders = {}
    for row in listed(copy):
        if row["row"].value and row["sheet"].value == "Effects":
            target = copy["Effects"][row["cell here"].value]
            borders[row["level"].value] = target.border.left.style
            assert target.number_format == "@"
            assert not target.protection.locked
    assert borders["error"] == "thick"
    assert borders["warning"] == "medium"


def test_the_copy_reads_like_the_original(typed, read, found, tmp_path):
    path = tmp_path / "copy.xlsx"
    path.write_bytes(annotated_bytes(small_review.protocol(), read, found))
    again = read_workbook(path, small_review.protocol().layout)
    for sheet, rows in read.rows.items():
        if sheet != "Review":
            assert [dict(row.values) for row in again.sheet(sheet)] == [dict(row.values) for row in rows]
    assert again.review().items() >= read.review().items()

    of_rows = [f for f in check(again, small_review.protocol()) if f.id in ("WORD", "B01", "B02")]
    assert [(f.id, f.subject) for f in of_rows] == [(f.id, f.subject) for f in found if f.id in ("WORD", "B01", "B02")]


def test_what_is_no_cell_of_the_copy_is_listed_without_a_link(read):
    places = {
        "FILE": Origin("x.xlsx", ""),
        "SHEET": Origin("x.xlsx", "Mine"),
        "W04": Origin("x.xlsx", "Effects"),
        "HEADER": Origin("x.xlsx", "Effects", "ZZ1"),
    }
    odd = [
        Finding(id=id, level=Level.WARNING, origin=origin, subject="", found="a", expected="b", to_fix="c")
        for id, origin in places.items()
    ]
    rows = listed(openpyxl.load_workbook(io.BytesIO(annotated_bytes(small_review.protocol(), read, odd))))
    links = {row["check"].value: row["cell here"].hyperlink and row["cell here"].hyperlink.location for row in rows}
    assert links == {"FILE": None, "SHEET": None, "W04": "'Effects'!A1", "HEADER": "'Effects'!A1"}


def test_nothing_found_gives_a_copy_that_says_so(read):
    copy = openpyxl.load_workbook(io.BytesIO(annotated_bytes(small_review.protocol(), read, ())))
    assert "found nothing" in copy["Problems"].cell(HEAD + 1, 1).value
    assert copy.active.title == "Problems"


def test_the_same_findings_give_the_same_bytes(read, found):
    one = annotated_bytes(small_review.protocol(), read, found)
    assert one == annotated_bytes(small_review.protocol(), read, found)


def test_a_copy_is_known_from_a_workbook_that_people_typed(typed, read, found, tmp_path):
    path = tmp_path / "copy.xlsx"
    path.write_bytes(annotated_bytes(small_review.protocol(), read, found))
    assert is_copy(path)
    openpyxl.load_workbook(path).save(path)
    assert is_copy(path)
    assert not is_copy(typed)
    path.write_bytes(b"PK")
    assert not is_copy(path)
    assert not is_copy(tmp_path / "nothing.xlsx")
