"""The modules under the reader: days, arithmetic, number formats, and cells as openpyxl sees them."""

import datetime
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel

import small_review
from metaan.workbook.archive import open_archive
from metaan.workbook.arithmetic import reckon
from metaan.workbook.cell_text import number_text, shown_number
from metaan.workbook.dates import moment, shown, typed_forms
from metaan.workbook.grid import area, letters, place, read_grid
from metaan.workbook.parts import Unreadable, read_book, read_strings
from metaan.workbook.styles import read_styles, style

DATA = Path(__file__).parents[2] / "data"


# days


@given(st.integers(1, 2_958_465))
def test_days_are_those_of_openpyxl(serial):
    if serial == 60:  # 29 February 1900, a day that never was
        return
    assert moment(serial) == from_excel(serial)


@given(st.integers(1, 2_950_000))
def test_days_from_1904_are_those_of_openpyxl(serial):
    assert moment(serial, date1904=True) == from_excel(serial, epoch=CALENDAR_MAC_1904)


@given(st.floats(-1e9, 1e9))
def test_a_number_that_is_no_day_gives_none_and_never_an_error(serial):
    when = moment(serial)
    assert (when is None) == (not 0 <= serial <= 2_958_465)
    if when is not None:
        assert shown(when).startswith(("the date ", "the time "))
        assert typed_forms(when)


@pytest.mark.parametrize(
    ("day", "forms"),
    [
        ("2026-10-05", "5-10, 5/10 or 5.10 (day first), 10-5 or 10/5 (month first)"),
        ("2026-05-05", "5-5, 5/5 or 5.5"),
        ("2026-02-01", "1-2, 1/2 or 1.2 (day first), 2-1 or 2/1 (month first), 2-26 or 2/2026 (month and year)"),
    ],
)
def test_what_was_perhaps_typed_is_listed(day, forms):
    assert typed_forms(datetime.datetime.fromisoformat(day)) == forms


# arithmetic

EXPRESSION = st.recursive(
    st.integers(0, 999).map(str) | st.sampled_from(("1.5", "0.25", "A1", "$B$2")),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        st.tuples(inner, inner).map(lambda pair: f"SUM({pair[0]},{pair[1]})"),
    ),
    max_leaves=8,
)
CELLS = {(1, 1): 3.0, (2, 2): 0.5}


def value(column, row):
    return CELLS.get((column, row), 0.0)


@given(EXPRESSION)
def test_plain_arithmetic_gives_what_python_gives(text):
    def total(*parts):
        return sum(parts)

    exact = text.replace("A1", "3").replace("$B$2", "(1/2)")
    names = {"SUM": total, "F": Fraction}
    import re

    exact = re.sub(r"\d+\.?\d*", lambda match: f"F('{match[0]}')", exact)
    try:
        expected = float(eval(exact, names))  # text of this test's own making
    except ZeroDivisionError:
        expected = None
    got = reckon(text, value)
    if expected is None:
        assert got is None or abs(got) > 1e12  # a divisor that is 0 but for rounding
    else:
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_ranges_are_summed_and_anything_else_is_left_alone():
    assert reckon("SUM(A1:B2)", value) == 3.5
    assert reckon("SUM(A1:B2)/2 + 1", value) == 2.75
    for text in (
        "",
        "A1:B2",
        "AVERAGE(A1:B2)",
        "2^3",
        "1/0",
        "IF(1,2,3)",
        "Sheet2!A1",
        "SUM(A:A)",
        "1+",
        "(1",
        "1 2",
        "ZZZ9",
    ):
        assert reckon(text, value) is None, text
    assert reckon("SUM(A1:XFD1048576)", value) is None
    assert reckon("(" * 200, value) is None
    assert reckon("A1+1", lambda column, row: None) is None


# number formats


@pytest.mark.parametrize(
    "code",
    [
        *(
            "General",
            "0",
            "0.00",
            "#,##0.00",
            "0%",
            "0.00E+00",
            "@",
            "yyyy-mm-dd",
            "d/m/yy",
            "hh:mm",
            "[h]:mm",
            "mm:ss",
        ),
        *('0" days"', "[Red]0.0", "[$-409]d mmm yyyy", '"dated "0', "0.0_d", "\\d0", "# ?/?", "mmm yy;@", '0.0;"h"'),
    ],
)
def test_formats_of_days_are_told_from_formats_of_numbers(code):
    assert style(code).date == is_date_format(code)


@pytest.mark.parametrize(
    ("number", "code", "text", "shows"),
    [
        (5.0999999999999996, "General", "5.1", ""),
        (0.1 + 0.2, "General", "0.3", ""),
        (5.1, "0.00", "5.10", ""),
        (3.0, "0.0", "3.0", ""),
        (1234.0, "#,##0", "1234", ""),
        (0.45, "0%", "0.45", "45%"),
        (0.456, "0.0", "0.456", "0.5"),
        (100000.0, "0.00E+00", "100000", "1.00E+05"),
        (0.5, "# ?/?", "0.5", "a fraction"),
        (1e-7, "General", "0.0000001", ""),
        (-12.0, "General", "-12", ""),
    ],
)
def test_true_numbers_become_text_and_formats_that_show_another_number_are_told(number, code, text, shows):
    assert (number_text(number, code), shown_number(number, code)) == (text, shows)


# places


@given(st.integers(1, 16_384), st.integers(1, 1_048_576))
def test_places_and_their_names_go_together(column, row):
    assert place(f"{letters(column)}{row}") == (column, row)


@pytest.mark.parametrize("text", ["", "A0", "1A", "XFE1", "A1048577", "a1", "A1:B2", "A99999999", "AAAA1"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(Unreadable):
        place(text)
    assert str(area("B8:A2")) == "A2:B8"


# the whole grid against openpyxl


@pytest.mark.parametrize("review", ["small", "nk-cells", "passive-smoking"])
def test_cells_are_those_that_openpyxl_reads(review, tmp_path):
    path = DATA / review / "extraction.xlsx" if review != "small" else small_review.write(tmp_path / "tea")
    archive = open_archive(path, str(path))
    book = read_book(archive)
    strings = read_strings(archive, book.shared_strings)
    styles = read_styles(archive, book.styles)
    theirs = openpyxl.load_workbook(path)
    assert [sheet.name for sheet in book.sheets] == theirs.sheetnames
    seen = 0
    for sheet in book.sheets:
        grid = read_grid(archive, sheet.part, strings)
        page = theirs[sheet.name]
        ours = {cell.name: cell.text for cells in grid.rows.values() for cell in cells.values()}
        expected = {
            cell.coordinate: str(cell.value)
            for cells in page.iter_rows()
            for cell in cells
            if cell.value is not None and str(cell.value).strip()
        }
        assert ours == expected
        assert sheet.hidden == (page.sheet_state != "visible")
        for cells in grid.rows.values():
            for cell in cells.values():
                assert styles[cell.style].date == page[cell.name].is_date
        seen += len(ours)
    assert seen > 500
