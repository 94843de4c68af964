import math

import honest
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.checks.ranges import Range, decimals, exactly, exp, log, printed, sqrt, square

VALUES = st.floats(-1e6, 1e6, allow_nan=False)
POSITIVE = st.floats(1e-3, 1e6)


def around(value, below, above):
    return Range(value - abs(below), value + abs(above))


@given(VALUES, VALUES, st.tuples(*[st.floats(0, 10)] * 4))
def test_arithmetic_holds_what_the_true_numbers_give(x, y, widths):
    a, b = around(x, *widths[:2]), around(y, *widths[2:])
    for result, true in (
        (a + b, x + y),
        (a - b, x - y),
        (a * b, x * y),
        (-a, -x),
        (abs(a), abs(x)),
        (square(a), x * x),
    ):
        lost = 1e-12 * (abs(x) + abs(y))  # by the test itself, where large numbers cancel
        assert result.widened(0.0, lost).meets(exactly(true))


@given(POSITIVE, POSITIVE, st.floats(0, 0.5), st.floats(0, 0.5))
def test_functions_hold_what_the_true_numbers_give(x, y, below, above):
    a, b = Range(x * (1 - below), x * (1 + above)), Range(y * (1 - above), y * (1 + below))
    for result, true in ((a / b, x / y), (log(a), math.log(x)), (sqrt(a), math.sqrt(x)), (exp(log(a)), x)):
        assert result.meets(exactly(true))


@given(VALUES, st.integers(0, 6), st.sampled_from(honest.ROUNDING))
def test_a_printed_number_holds_what_was_rounded(value, digits, rounding):
    assert printed(honest.fixed(value, digits, rounding)).meets(exactly(value))


@given(st.lists(st.floats(1e-3, 1e4), min_size=3, max_size=3), st.integers(1, 4))
def test_lost_zeros_come_back_and_significant_digits_are_left_alone(values, digits):
    """With so many decimals, whatever zeros were dropped at the ends; or with so many significant digits."""
    texts = [honest.fixed(value, digits) for value in values]
    dropped = [text.rstrip("0").rstrip(".") for text in texts]
    few = [honest.significant(value, digits) for value in values]
    for printed_texts in (texts, dropped, few):
        for text, value in zip(printed_texts, values, strict=True):
            assert printed(text, beside=printed_texts).meets(exactly(value))


@pytest.mark.parametrize(
    ("text", "beside", "half"),
    [
        ("2.0", ("0.92", "4.45"), 0.05),
        ("3", ("1.6", "0.8"), 0.05),  # not larger than 1.6 is long: a zero was lost
        ("0.9", ("1.18", "1.54"), 0.005),
        ("12", ("1.5", "95"), 0.5),
        ("1.50", (), 0.005),
        ("1e3", (), 500.0),
        ("2.5e-3", (), 0.00005),
    ],
)
def test_half_a_unit_of_the_last_decimal(text, beside, half):
    found = printed(text, beside=beside)
    assert (found.high - found.low) / 2 == pytest.approx(half)


@pytest.mark.parametrize(
    ("text", "mark", "expected"), [("5", "point", 0), ("5.10", "point", 2), ("0,25", "comma", 2), ("1e5", "point", -5)]
)
def test_decimals(text, mark, expected):
    assert decimals(text, mark) == expected


def test_text_that_is_no_number_has_no_range():
    assert printed("5-10") is None


def test_ranges_meet_at_their_ends_and_not_beyond():
    assert Range(1.0, 2.0).meets(Range(2.0, 3.0))
    assert Range(0.1 + 0.2, 1.0).meets(Range(0.0, 0.3))
    assert not Range(1.0, 2.0).meets(Range(2.0001, 3.0))
