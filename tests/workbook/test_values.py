import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.workbook.values import Number, clean, decimals, parse_number


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("12", 12, 0),
        ("5.10", 5.1, 2),
        (".5", 0.5, 1),
        ("\N{MINUS SIGN}3.5", -3.5, 1),
        ("0\N{MIDDLE DOT}04", 0.04, 2),
        ("1e-4", 1e-4, 4),
        ("1.2e3", 1200, 0),
        ("１２．４", 12.4, 1),
        ("\u00a07 ", 7, 0),
    ],
)
def test_numbers_as_they_are_typed(text, value, decimals):
    assert parse_number(text) == Number(value, decimals)


@pytest.mark.parametrize(
    "text",
    [
        "3,5",
        "5-10",
        "1–3",
        "<0.001",
        "12±3",
        "45%",
        "7/20",
        "12 (60%)",
        "~5",
        "",
        "NR",
        "1.2.3",
        "1e16",
        "1e-101",
        "1e400",
        "٣",
        "nan",
    ],
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


def test_the_decimals_of_a_statistic_are_those_of_its_longest_number():
    assert decimals(["3", "1.6", "0.85"]) == 2
    assert decimals(["3", "", "NR", "5-10.123"]) == 0
    assert decimals(["3", "1,6"], "comma") == 1


@given(st.floats(1e-90, 1e14), st.integers(0, 8))
def test_half_a_unit_of_the_last_decimal_holds_what_was_rounded(value, places):
    text = f"{value:.{places}e}"
    number = parse_number(text)
    assert number.value == float(text)
    assert abs(number.value - value) <= max(0.5 * 10.0**-number.decimals, value * 10.0**-places)
