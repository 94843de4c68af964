"""Counts against their totals, percentages, ratios and p: honest tables stay silent, seeded slips are named."""

import math

import honest
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metaan.checks.tables import Table, fisher, p_values

COUNT = st.integers(1, 400)
DIGITS, ROUNDING = st.integers(1, 3), st.sampled_from(honest.ROUNDING)
TABLE = {"form": "two_by_two", "a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"}
BY_FACTOR = {"form": "events_totals", "events_high": "12", "total_high": "100", "events_low": "8", "total_low": "100"}
BY_OUTCOME = {"form": "events_totals", "high_event": "12", "n_event": "20", "high_none": "88", "n_none": "180"}


def cells_of(a, b, c, d, layout):
    if layout == "cells":
        return dict(zip(TABLE, ("two_by_two", a, b, c, d), strict=True))
    if layout == "factor":
        return dict(zip(BY_FACTOR, ("events_totals", a, a + b, c, c + d), strict=True))
    return dict(zip(BY_OUTCOME, ("events_totals", a, a + c, b, b + d), strict=True))


@given(
    COUNT,
    COUNT,
    COUNT,
    COUNT,
    st.sampled_from(["cells", "factor", "outcome"]),
    st.sampled_from(["OR", "RR"]),
    st.sampled_from(["90", "95", "99"]),
    DIGITS,
    ROUNDING,
    st.data(),
)
def test_honest_counts_raise_nothing(a, b, c, d, layout, scale, level, digits, rounding, data):
    est, se = (
        (a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
        if scale == "OR"
        else (a / (a + b) / (c / (c + d)), math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)))
    )
    z = {"90": 1.6448536, "95": 1.959964, "99": 2.5758293}[level]
    low, high = est * math.exp(-z * se), est * math.exp(z * se)
    limits = [honest.fixed(value, digits, rounding) for value in (est, low, high)]
    assume(float(limits[1]) > 0 and limits[1] != limits[2] and float(limits[2]) < 1e4)
    shares = (a / (a + c), b / (b + d)) if layout == "outcome" else (a / (a + b), c / (c + d))
    found = p_values(Table(a, b, c, d, ("", "", "", "")))
    p = data.draw(st.sampled_from(sorted(found.values())))
    row = {
        **{name: str(value) for name, value in cells_of(a, b, c, d, layout).items()},
        **{"pct_1": honest.fixed(100 * shares[0], digits, rounding), "crude_scale": scale, "ci_level": level},
        **{"pct_2": honest.fixed(100 * shares[1], digits, rounding), "n_analysed": str(a + b + c + d)},
        **dict(zip(("crude_est", "crude_low", "crude_high"), limits, strict=True)),
        **{"p_value": honest.fixed(p, 3, rounding), "p_cmp": "="},
    }
    if float(row["p_value"]) == 0:
        row |= {"p_value": "0.001", "p_cmp": "<"}
    assert honest.said(row) == []


def test_fisher_and_chi_square():
    """34 of 70 tables of Fisher's tea tasting are no likelier than 3 1 1 3; 200 * 400^2 / (100 100 20 180) = 8/9."""
    found = p_values(Table(12, 88, 8, 92, ("", "", "", "")))
    assert fisher(Table(3, 1, 1, 3, ("", "", "", ""))) == pytest.approx(34 / 70)
    assert found["Pearson's chi-square"] == pytest.approx(math.erfc(math.sqrt(8 / 9 / 2)))
    assert found["chi-square with Yates' correction"] == pytest.approx(math.erfc(math.sqrt(0.25)))


def test_fisher_adds_up_to_one_at_the_likeliest_table():
    assert fisher(Table(10, 10, 10, 10, ("", "", "", ""))) == pytest.approx(1.0)


SLIPS = [
    ({**TABLE, "pct_1": "21.0"}, "B01", "pct_1", "21 of 100 would fit"),
    ({**TABLE, "pct_1": "8.0", "pct_2": "12.0"}, "B01", "pct_1", "were exchanged"),
    ({**TABLE, "pct_1": "60.0"}, "B01", "pct_1", "the factor among those with the outcome (12 of 20)"),
    ({**TABLE, "pct_1": "88.0"}, "B01", "pct_1", "those without it"),
    ({**TABLE, "pct_1": "0.12"}, "B01", "pct_1", "a proportion"),
    ({**TABLE, "pct_1": "13"}, "B01", "pct_1", "13 of 100 would fit"),
    ({**BY_FACTOR, "total_high": "97", "pct_1": "12.0"}, "B01", "pct_1", "12 of 100 would fit"),
    ({**BY_FACTOR, "events_high": "29", "total_high": "35", "pct_1": "82.8"}, "B01", "pct_1", "cut off"),
    ({**TABLE, "crude_est": "0.64", "crude_scale": "OR"}, "B03", "crude_est", "the reciprocal fits"),
    ({**TABLE, "crude_est": "1.50", "crude_scale": "OR"}, "B03", "crude_scale", "choose RR"),
    ({**TABLE, "crude_est": "1.05", "crude_scale": "RR"}, "B03", "crude_est", "a slip in a count"),
    ({**TABLE, "crude_est": "0.96", "crude_scale": "RR"}, "B03", "crude_est", "not having the event"),
    ({**TABLE, "crude_est": "1.23", "crude_scale": "RR"}, "B03", "crude_est", "rows and columns exchanged"),
    ({**TABLE, "p_value": "0.17", "p_cmp": "="}, "B03", "p_value", "one-sided"),
    ({**TABLE, "p_value": "0.05", "p_cmp": "<"}, "B03", "p_value", "another comparison"),
]


@pytest.mark.parametrize(("cells", "check", "column", "hint"), SLIPS)
def test_a_slip_is_named(cells, check, column, hint):
    found = [item for item in honest.findings(cells) if item.id == check]
    assert (check, column) in honest.said(cells)
    assert hint in found[0].to_fix


@pytest.mark.parametrize(
    "cells",
    [
        {**TABLE, "p_value": "0.17", "p_cmp": "=", "tails": "1"},
        {**TABLE, "p_value": "0.3", "p_cmp": ">"},
        {**TABLE, "p_value": "0.9", "p_cmp": "=", "test": "other"},
        {**TABLE, "crude_est": "1.57"},
        {**TABLE, "crude_est": "1.50"},
        {**TABLE, "crude_est": "1.58", "crude_scale": "OR", "ci_method": "exact"},
        {**TABLE, "crude_est": "2.58", "crude_scale": "HR"},
        {**TABLE, "n_analysed": "300", "analysis_unit": "cycle"},
        {**BY_FACTOR, **BY_OUTCOME},
    ],
)
def test_what_may_be_is_left_alone(cells):
    assert honest.said(cells) == []


def test_two_layouts_of_a_table_that_differ():
    assert ("B02", "events_high") in honest.said({**BY_FACTOR, **BY_OUTCOME, "high_event": "13"})


def test_percentages_of_cases_and_controls_are_read_by_outcome():
    cells = {**TABLE, "pct_1": "60.0", "pct_2": "48.9"}
    assert honest.said(cells, design="yes") == []
    assert honest.said(cells, design="no") == [("B01", "pct_1"), ("B01", "pct_2")]


def test_a_percentage_without_a_count_needs_a_possible_one():
    cells = {"form": "p_only", "p_value": "0.4", "p_cmp": "=", "total_high": "76", "total_low": "78"}
    assert honest.said({**cells, "pct_1": "92.1", "pct_2": "88.2"}) == [("B01", "pct_2")]
    (finding,) = honest.findings(
        {"form": "risk_only", "risk_pct": "92.3", "class_label": "treated", "total_high": "54"}
    )
    assert "49/54 = 90.74 % and 50/54 = 92.59 %" in finding.found


def test_a_risk_ratio_of_people_chosen_by_outcome():
    cells = {**TABLE, "crude_est": "1.50", "crude_scale": "RR"}
    assert honest.said(cells, design="yes") == [("B05", "crude_scale")]
    assert honest.said(cells, design="no") == []


@pytest.mark.parametrize(("zero", "expected"), [("", [("B04", "events_high")]), ("yes", [])])
def test_no_event_anywhere(zero, expected):
    none = {**BY_FACTOR, "events_high": "0", "events_low": "0", "zero_reported": zero}
    assert honest.said(none) == expected
    assert (
        honest.said({"form": "single_group", "events_high": "0", "total_high": "9", "zero_reported": zero}) == expected
    )


def test_a_group_of_nobody():
    assert honest.said({**TABLE, "c_low_event": "0", "d_low_none": "0"}) == [("B01", "c_low_event")]
    assert honest.said({**TABLE, "n_analysed": "0"}) == [("B01", "n_analysed")]
