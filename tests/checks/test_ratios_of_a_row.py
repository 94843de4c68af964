"""Ratios, intervals, standard errors and p: rounding alone never fires, seeded slips are named."""

import json
import math
from pathlib import Path

import honest
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

HACKSHAW = json.loads((Path(__file__).parents[1] / "reference" / "r" / "dat.hackshaw1998.json").read_text("utf-8"))
Z = {"90": 1.6448536269514722, "95": 1.959963984540054, "99": 2.5758293035489004}
DIGITS, ROUNDING = st.integers(1, 3), st.sampled_from(honest.ROUNDING)
RATIO = {"form": "ratio", "est": "1.50", "scale": "OR", "ci_low": "0.58", "ci_high": "3.88", "ci_level": "95"}


@given(
    st.floats(-2.5, 2.5),
    st.floats(0.03, 1.5),
    st.sampled_from(sorted(Z)),
    st.sampled_from(["fixed", "dropped", "significant"]),
    DIGITS,
    ROUNDING,
)
def test_honest_ratios_raise_nothing(theta, se, level, style, digits, rounding):
    values = [math.exp(theta + sign * Z[level] * se) for sign in (0, -1, 1)]
    assume(values[2] < 900)
    if style == "significant":
        est, low, high = (honest.significant(value, digits + 1) for value in values)
    else:
        est, low, high = (honest.fixed(value, digits, rounding) for value in values)
    if style == "dropped":
        est, low, high = (text.rstrip("0").rstrip(".") for text in (est, low, high))
    assume(float(low) > 0 and float(low) < float(high))
    p = math.erfc(abs(theta) / se / math.sqrt(2))
    cells = {"form": "ratio", "est": est, "ci_low": low, "ci_high": high, "ci_level": level, "scale": "RR"}
    cells |= {"se_log": honest.fixed(se, 3, rounding), "p_value": honest.fixed(p, 3, rounding), "p_cmp": "="}
    if float(cells["p_value"]) == 0:
        cells |= {"p_value": "0.001", "p_cmp": "<"}
    assert honest.said(cells) == []


def test_no_false_alarm_on_the_37_studies_of_passive_smoking():
    """Odds ratios as printed, their last zeros dropped (dat.hackshaw1998)."""
    data = HACKSHAW["data"]
    rows = list(zip(data["or"], data["or.lb"], data["or.ub"], strict=True))
    assert len(rows) == 37
    for est, low, high in rows:
        cells = {"form": "ratio", "scale": "OR", "ci_level": "95"}
        cells |= {"est": f"{est:g}", "ci_low": f"{low:g}", "ci_high": f"{high:g}"}
        assert honest.said(cells) == []


@given(st.floats(-1.5, 1.5), st.floats(0.1, 0.5), st.sampled_from([1.25, 0.8, 10.0, 0.1]))
def test_an_estimate_a_quarter_off_is_always_found(theta, se, factor):
    est, low, high = (honest.fixed(math.exp(theta + s * 1.959964 * se), 3) for s in (0, -1, 1))
    moved = honest.fixed(float(est) * factor, 3)
    found = {check for check, column in honest.said({**RATIO, "est": moved, "ci_low": low, "ci_high": high})}
    assert found & {"C01", "C02"}


@pytest.mark.parametrize(
    ("changes", "check", "column", "hint"),
    [
        ({"est": "15.0"}, "C01", "est", "compare the three numbers"),
        ({"est": "0.25", "ci_low": "2.0", "ci_high": "8.0"}, "C01", "est", "1/0.25 = 4.00 would lie inside"),
        ({"ci_low": "0"}, "C01", "ci_low", "look for more digits"),
        ({"est": "1.80"}, "C02", "est", "1.50 in"),
        ({"est": "2.23"}, "C02", "est", "in the middle on the plain scale"),
        ({"est": "1.23", "ci_low": "0.42", "ci_high": "1.56"}, "C02", "est", "without its limits"),
        ({"ci_high": "38.8"}, "C02", "est", "3.88 in"),
        ({"est": "5.10"}, "C01", "est", ""),
        ({"p_value": "0.04", "p_cmp": "="}, "C03", "p_value", "a slip in one of them"),
        ({"p_value": "0.05", "p_cmp": "<"}, "C03", "p_value", "a slip"),
        ({"p_value": "0.5", "p_cmp": ">"}, "C03", "p_value", "a slip"),
        ({"p_value": "0", "p_cmp": "="}, "C03", "p_value", "type 0.5 here and <"),
        ({"p_value": ".000", "p_cmp": "="}, "C03", "p_value", "type 0.0005 here and <"),
        ({"se_log": "0.84"}, "C03", "se_log", "a slip"),
        ({"ci_low": "0.68", "ci_high": "3.33", "se_log": "0.48"}, "C03", "ci_level", "type its level"),
        ({"est": "-0.40", "ci_low": "-1.36", "ci_high": "0.54"}, "C04", "est", "exp(-0.40) = 0.670"),
    ],
)
def test_a_slip_in_a_ratio_is_named(changes, check, column, hint):
    cells = {**RATIO, **changes}
    found = [item for item in honest.findings(cells) if item.id == check]
    assert (check, column) in honest.said(cells)
    assert hint in found[0].to_fix


@pytest.mark.parametrize(
    "changes",
    [
        {"p_value": "0.40", "p_cmp": "="},
        {"p_value": "0.20", "p_cmp": "=", "tails": "1"},
        {"p_value": "0.05", "p_cmp": ">"},
        {"p_value": "0.04", "p_cmp": "=", "test": "fisher"},
        {"est": "1.80", "ci_method": "profile"},
        {"est": "1.2", "ci_low": "1.02", "ci_high": "1.41"},
        {"est": "1.2", "ci_low": "0.98", "ci_high": "1.2"},
        {"ci_low": "", "ci_high": "", "ci_level": "", "se_log": "0.48", "p_value": "0.40", "p_cmp": "="},
        {"n1": "40", "n2": "160"},
        {"n1": "4", "n2": "16", "per_unit": "1 %"},
    ],
)
def test_a_ratio_that_may_be_is_left_alone(changes):
    found = [each for each in honest.said({**RATIO, **changes}) if each[0] != "C02" or "ci_method" in changes]
    assert found == []


ADJUSTED = {**RATIO, "adjusted": "yes", "adjusted_for": "age", "crude_est": "1.57", "crude_scale": "OR"}
COUNTS = {"a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"}


def test_an_adjusted_ratio_may_stand_beside_its_crude_counts():
    cells = {**RATIO, **COUNTS, "adjusted": "yes", "adjusted_for": "age"}
    assert honest.said(cells) == []
    narrow = {**cells, "ci_low": "0.78", "ci_high": "2.88"}
    assert honest.said(narrow) == [("C05", "ci_low")]
    far = {**cells, "est": "3.50", "ci_low": "1.35", "ci_high": "9.07"}
    assert honest.said(far) == [("T02", "est")]


def test_an_unadjusted_ratio_beside_counts_must_agree_with_them():
    agrees = {**RATIO, **COUNTS, "est": "1.57", "ci_low": "0.61", "ci_high": "4.02"}
    assert honest.said(agrees) == []
    assert {check for check, _ in honest.said({**agrees, "est": "1.50", "ci_low": "0.58", "ci_high": "3.84"})} == {
        "FORM"
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"crude_est": "0.60"}, [("T02", "est")]),
        ({"crude_est": "0.60", "crude_scale": "RR"}, []),
        ({"crude_low": "0.61", "crude_high": "4.02"}, []),
        ({"crude_low": "0.61", "crude_high": "4.02", "ci_low": "0.78", "ci_high": "2.88"}, [("C05", "ci_low")]),
        ({"crude_low": "0.61", "crude_high": "4.82"}, [("C02", "crude_est"), ("C05", "ci_low")]),
    ],
)
def test_crude_and_adjusted(changes, expected):
    assert sorted(honest.said({**ADJUSTED, **changes})) == sorted(expected)


HAZARD = {**RATIO, "est": "1.60", "scale": "HR", "ci_low": "1.02", "ci_high": "2.51"}


@given(st.integers(20, 1000), st.floats(-1.0, 1.0), st.floats(0.1, 0.9), DIGITS)
def test_a_hazard_ratio_of_its_events_is_left_alone(events, theta, share, digits):
    """Events of the groups in proportion to people times hazard: var = 1/e1 + 1/e2."""
    n1 = round(1000 * share)
    first = share * math.exp(theta) / (share * math.exp(theta) + 1 - share) * events
    assume(1 <= n1 <= 999 and min(first, events - first) >= 1)
    se = math.sqrt(1 / first + 1 / (events - first))
    est, low, high = (honest.fixed(math.exp(theta + s * 1.959964 * se), digits) for s in (0, -1, 1))
    assume(0 < float(low) < float(high) < 900)
    cells = {**HAZARD, "est": est, "ci_low": low, "ci_high": high, "n_events": str(events)}
    assert honest.said(cells) == []
    assert honest.said({**cells, "n1": str(n1), "n2": str(1000 - n1)}) == []


@pytest.mark.parametrize(("events", "expected"), [("80", []), ("30", [("T01", "n_events")])])
def test_a_hazard_ratio_against_its_events(events, expected):
    assert honest.said({**HAZARD, "n_events": events}) == expected
    assert honest.said({**HAZARD, "n_events": events, "per_unit": "per SD"}) == []
