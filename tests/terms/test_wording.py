import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.terms import wording
from metaan.terms.records import Interval


@pytest.mark.parametrize(
    ("measure", "working", "text"),
    [
        ("RR", math.log(3.486), "3.49"),
        ("OR", math.log(0.004567), "0.0046"),
        ("OR", math.log(12.34), "12.3"),
        ("OR", math.log(123.4), "123"),
        ("OR", math.log(12345.6), "12\N{NARROW NO-BREAK SPACE}346"),
        ("OR", math.log(2e6), ">1\N{NARROW NO-BREAK SPACE}000\N{NARROW NO-BREAK SPACE}000"),
        ("OR", 800.0, ">1\N{NARROW NO-BREAK SPACE}000\N{NARROW NO-BREAK SPACE}000"),
        ("OR", math.inf, "∞"),
        ("OR", math.log(2e-5), "<0.0001"),
        ("SMD", -0.0049, "0.00"),
        ("SMD", -0.416, "\N{MINUS SIGN}0.42"),
        ("RD", 0.0123, "0.012"),
        ("OR", math.nan, "not estimable"),
    ],
)
def test_effects_are_printed_on_their_own_scale(measure, working, text):
    assert wording.printed(measure, working) == text


@pytest.mark.parametrize(("p", "text"), [(0.0004, "P < 0.001"), (0.0312, "P = 0.031"), (0.234, "P = 0.23")])
def test_p_values(p, text):
    assert wording.p_value(p) == text


def test_a_whole_effect():
    limits = Interval(math.log(2.243), math.log(5.427))
    assert wording.full_effect("RR", math.log(3.49), limits) == "risk ratio 3.49 (95 % CI 2.24 to 5.43)"


def test_lists_counts_and_sentences():
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed(["a"]) == "a"
    assert (wording.count(1, "study", "studies"), wording.count(2, "study", "studies")) == ("1 study", "2 studies")
    assert wording.sentence("not reported") == "Not reported."


@given(st.floats(-5, 5))
def test_what_is_printed_lies_within_half_a_unit(value):
    text = wording.fixed(value, 2).replace("\N{MINUS SIGN}", "-")
    assert abs(float(text) - value) <= 0.005 + 1e-12
