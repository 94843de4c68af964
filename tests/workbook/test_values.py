import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.workbook.values import Number, clean, parse_number


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("12", 12, 0),
        ("5.10", 5.1, 2),
        (".5", 0.5, 1),
        ("\N{MINUS SIGN}3.5", -3.5, 1),
        ("0\N{MIDDLE DOT}04", 0.04, 2),
        ("1e-4", 1e-4, 0),
        ("\u00a07 ", 7, 0),
    ],
)
def test_numbers_as_they_are_typed(text, value, decimals):
    assert parse_number(text) == Number(value, decimals)


@pytest.mark.parametrize(
    "text", ["3,5", "5-10", "1–3", "<0.001", "12±3", "45%", "7/20", "12 (60%)", "~5", "", "NR", "1.2.3"]
)
def test_anything_that_is_not_one_number_is_refused(text):
    assert parse_number(text) is None


def test_the_comma_counts_only_where_the_review_declares_it():
    assert parse_number("3,5", "comma") == Number(3.5, 1)
    assert parse_number("3.5", "comma") is None
    assert parse_number("1,234,5", "comma") is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10000, max_value=10000))
def test_what_is_printed_is_read(value):
    assert parse_number(f"{value:.3f}") == Number(float(f"{value:.3f}"), 3)


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)
