"""Means against t, F, p, intervals, scales and extremes: honest rows stay silent, seeded slips are named."""

import math
import statistics

import honest
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special

DIGITS, ROUNDING = st.integers(1, 3), st.sampled_from(honest.ROUNDING)
#: t = 2.130, F = 4.538, p = 0.0375, difference 2.2 (0.13 to 4.27), 57 degrees of freedom
MEANS = {
    **{"form": "means", "spread_type": "sd", "n1": "31", "m1": "12.4", "sd1": "4.1"},
    **{"n2": "28", "m2": "10.2", "sd2": "3.8"},
}


@given(
    st.tuples(st.integers(4, 300), st.integers(4, 300)),
    st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
    st.tuples(st.floats(8, 12), st.floats(8, 12)),
    st.sampled_from(["Student", "Welch"]),
    st.sampled_from(["sd", "se"]),
    DIGITS,
    ROUNDING,
)
def test_honest_means_raise_nothing(n, m, sd, test, spread, digits, rounding):
    v1, v2 = sd[0] ** 2 / n[0], sd[1] ** 2 / n[1]
    if test == "Student":
        pooled = math.sqrt(((n[0] - 1) * sd[0] ** 2 + (n[1] - 1) * sd[1] ** 2) / (sum(n) - 2))
        se, df = pooled * math.sqrt(1 / n[0] + 1 / n[1]), sum(n) - 2
    else:
        se, df = math.sqrt(v1 + v2), (v1 + v2) ** 2 / (v1**2 / (n[0] - 1) + v2**2 / (n[1] - 1))
    t = (m[0] - m[1]) / se
    p, q = 2 * special.stdtr(df, -abs(t)), special.stdtrit(df, 0.975)
    assume(p > 0.001)
    printed = [sd[i] / (math.sqrt(n[i]) if spread == "se" else 1) for i in (0, 1)]
    values = {"m1": m[0], "m2": m[1], "sd1": printed[0], "sd2": printed[1], "t": t, "f1": t * t, "df": df}
    values |= {"diff": m[0] - m[1], "diff_low": m[0] - m[1] - q * se, "diff_high": m[0] - m[1] + q * se, "diff_se": se}
    cells = {name: honest.fixed(value, digits, rounding) for name, value in values.items()}
    cells |= {"form": "means", "spread_type": spread, "n1": str(n[0]), "n2": str(n[1]), "ci_level": "95"}
    cells |= {"p_value": honest.fixed(p, 3, rounding), "p_cmp": "=", "test": "t_test"}
    assume(min(float(cells["sd1"]), float(cells["sd2"])) > 0)
    found = [each for each in honest.said(cells) if each[0] != "M08"]
    assert found == []


@given(st.lists(st.integers(0, 20), min_size=2, max_size=40), DIGITS, DIGITS, ROUNDING)
def test_a_sample_on_a_scale_raises_nothing(values, digits, more, rounding):
    sd = statistics.stdev(values)
    assume(sd > 0.05)
    cells = {"m1": honest.fixed(statistics.fmean(values), digits, rounding), "sd1": honest.fixed(sd, more, rounding)}
    cells |= {"min1": str(min(values)), "max1": str(max(values)), "scale_min": "0", "scale_max": "20"}
    cells |= {"form": "means", "spread_type": "sd", "n1": str(len(values)), "items": "1"}
    assume(float(cells["sd1"]) > 0)
    assert {check for check, _ in honest.said(cells)} <= {"FORM", "M09"}


SLIPS = [
    ({"t": "3.13"}, "M07", "t", "a slip in one of them"),
    ({"t": "2.13", "f1": "9.54"}, "M07", "f1", "a slip"),
    ({"p_value": "0.004", "p_cmp": "=", "test": "t_test"}, "M07", "p_value", "a slip"),
    ({"p_value": "0.019", "p_cmp": "=", "test": "t_test"}, "M07", "p_value", "one-sided"),
    ({"p_value": "0.01", "p_cmp": "<", "test": "t_test"}, "M07", "p_value", "a slip"),
    ({"p_value": "0.0001", "p_cmp": "<"}, "M07", "p_value", "a slip"),
    ({"diff": "-2.2", "diff_low": "-4.3", "diff_high": "-0.1"}, "M07", "diff", "the sign is turned"),
    ({"diff": "2.2", "diff_low": "0.5", "diff_high": "3.9", "ci_level": "95"}, "M07", "diff_low", "a 90% interval"),
    ({"t": "2.13", "sd1": "0.74", "sd2": "0.68"}, "M07", "sd1", "both spreads read as standard errors"),
    ({"t": "2.13", "sd2": "0.72"}, "M07", "sd2", "read as a standard error (× √n = 5.29)"),
    ({"t": "2.13", "spread_type": "se"}, "M07", "spread_type", "read as standard deviations"),
    ({"t": "2.13", "df": "57", "n1": "13"}, "M07", "n1", "31 in"),
    ({"t": "2.13", "diff": "2.2", "m1": "124"}, "M07", "m1", "a decimal shift"),
    ({"form": "t_stat", "m1": "", "sign": "higher_in_event", "t": "2.13", "df": "75"}, "M07", "df", "a slip"),
    (
        {"form": "t_stat", "m1": "", "sign": "higher_in_event", "t": "2.13", "p_value": "0.004", "p_cmp": "="},
        "M07",
        "p_value",
        "one-sided",
    ),
    ({"sd2": "0.72"}, "M06", "sd2", "times √28 it would be 3.8"),
    ({"n1": "90", "n2": "24", "sd1": "0.43", "sd2": "0.78"}, "M06", "sd1", "may be standard errors"),
    ({"sd1": "14.1", "scale_min": "0", "scale_max": "20"}, "M04", "sd1", "a variance"),
    ({"sd1": "0.74", "min1": "4.1", "max1": "22.0"}, "M04", "sd1", "a standard error typed as SD"),
    ({"m1": "21.4", "scale_min": "0", "scale_max": "20"}, "M04", "m1", "a decimal shift"),
    ({"m1": "24.1"}, "M08", "m1", "standard errors typed as SDs"),
    ({"m1": "17.4"}, "M08", "m1", "standard errors typed as SDs"),
    ({"sd1": "7.1", "scale_min": "0"}, "M09", "m1", "skewed"),
    ({"med1": "12.4", "med2": "10.2"}, "M09", "m1", "typed twice"),
    ({"value_kind": "change"}, "M10", "paired_r", "or NR"),
    ({"stated_direction": "lower_in_event"}, "M11", "stated_direction", "were exchanged"),
    ({"sign": "lower_in_event"}, "M11", "sign", "were exchanged"),
    ({"quote": "NK was lower in patients than in controls"}, "M11", "quote", "exchanged"),
    ({"quote": "Levels were increased in healthy women compared with the rest"}, "M11", "quote", "exchanged"),
    ({"sd1": "0"}, "M00", "sd1", "NR if it is not given"),
]


@pytest.mark.parametrize(("changes", "check", "column", "hint"), SLIPS)
def test_a_slip_in_means_is_named(changes, check, column, hint):
    cells = {**MEANS, **changes}
    found = [item for item in honest.findings(cells) if item.id == check]
    assert (check, column) in honest.said(cells)
    assert hint in found[0].to_fix


@pytest.mark.parametrize(
    "changes",
    [
        {"t": "-2.13", "f1": "4.54", "df": "57", "p_value": "0.037", "p_cmp": "=", "test": "t_test"},
        {"p_value": "0.019", "p_cmp": "=", "tails": "1", "test": "t_test"},
        {"p_value": "0.02", "p_cmp": "="},  # a test that is not named may be one of ranks
        {"p_value": "0.9", "p_cmp": "=", "test": "rank_sum"},
        {"p_value": "0.05", "p_cmp": "<"},
        {"t": "3.13", "adjusted": "yes", "adjusted_for": "age"},
        {"t": "3.13", "clustering": "crossover", "paired_r": "0.5"},
        {"value_kind": "change", "paired_r": "NR", "m1": "-12.4", "m2": "-10.2", "scale_min": "0", "scale_max": "20"},
        {"sd1": "7.1"},  # may be negative, as far as the row says
        {"stated_direction": "higher_in_event", "sign": "higher_in_event"},
        {"stated_direction": "no_difference"},
        {"quote": "NK was higher in patients than in controls"},
        {"quote": "NK was not lower in patients than in controls"},
        {"quote": "B cells were lower and NK was higher in patients than in controls"},
        {"quote": "lower in women of the second group than in others"},
        {"quote": "lower in patients with normal findings than in the rest"},
        {"n1": "60", "n2": "30", "m1": "288.4", "sd1": "184.0", "m2": "418.2", "sd2": "266.0"},  # spreads as the means
    ],
)
def test_means_that_may_be_are_left_alone(changes):
    assert honest.said({**MEANS, **changes}) == []


MEDIANS = {
    **{"form": "medians", "n1": "31", "med1": "11.5", "q1_1": "8.9", "q3_1": "14.6"},
    **{"n2": "28", "med2": "9.8", "q1_2": "7.2", "q3_2": "12.3"},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"med1": "9.2"}, [("M09", "med1")]),
        ({"q1_1": "15.1"}, [("M04", "med1")]),
        ({"med1": "9", "q1_1": "9", "q3_1": "10"}, []),  # rounding may have made it so
        ({"min1": "3", "max1": "60", "min2": "1", "max2": "20"}, [("M09", "med1")]),
        ({"stated_direction": "lower_in_event"}, [("M11", "stated_direction")]),
    ],
)
def test_medians(changes, expected):
    assert honest.said({**MEDIANS, **changes}) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("12", "11.8", []), ("12.0", "11.8", [("M04", "max1")]), ("12", "11", [("M04", "max1")])],
)
def test_an_order_that_rounding_to_fewer_decimals_made_is_left_alone(left, right, expected):
    cells = {"form": "means", "n1": "9", "m1": left, "max1": right, "min1": "1"}
    assert [each for each in honest.said(cells) if each[0] == "M04"] == expected


CLUSTER = {"form": "two_by_two", "a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"}


@pytest.mark.parametrize(
    ("cells", "expected", "level"),
    [
        ({**CLUSTER, "clustering": "cluster", "cluster_icc": "0.02", "cluster_size": "12"}, [], ""),
        ({**CLUSTER, "clustering": "cluster", "cluster_size": "12"}, [("S05", "cluster_icc")], "E"),
        ({**CLUSTER, "clustering": "cluster", "cluster_icc": "NR"}, [("S05", "cluster_icc")], "E"),
        ({**CLUSTER, "clustering": "cluster", "priority": "secondary"}, [("S05", "cluster_icc")], "W"),
        ({**CLUSTER, "clustering": "independent"}, [], ""),
        ({**MEANS, "clustering": "several_per_person", "cluster_icc": "0.3"}, [("S05", "cluster_size")], "E"),
        ({"form": "p_only", "p_value": "0.2", "p_cmp": "=", "clustering": "cluster"}, [], ""),
    ],
)
def test_results_that_are_not_independent(cells, expected, level):
    assert honest.said(cells) == expected
    assert [item.level.value for item in honest.findings(cells)] == [level] * bool(level)


def test_the_design_effect_is_shown():
    (finding,) = honest.findings({**CLUSTER, "clustering": "cluster", "cluster_size": "21"})
    assert "1.40 at 0.02 and 2.00 at 0.05" in finding.to_fix


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"recruit_start": "2008-03", "recruit_end": "2007-11"}, [("S09", "recruit_end")]),
        ({"recruit_start": "2008-03", "recruit_end": "2008"}, []),
        ({"recruit_end": "2012-01"}, [("S09", "year")]),
        ({"recruit_start": "2012-01"}, [("S09", "year")]),
    ],
)
def test_years_of_a_study(changes, expected):
    assert honest.said({"year": "2010", **changes}, name="Studies") == expected


FACTS = {"randomised": "no", "sampled_before_outcome": "no", "selected_on_outcome": "yes"}


@pytest.mark.parametrize(
    ("changes", "treatment", "expected"),
    [
        ({}, False, []),
        ({"selected_on_outcome": "NR"}, False, [("S16", "selected_on_outcome")]),
        ({"selected_on_outcome": "NR"}, True, []),
        ({"sampled_before_outcome": "mixed"}, False, [("S16", "sampled_before_outcome")]),
        ({"sampled_before_outcome": "yes", "selected_on_outcome": "NR"}, False, []),
        ({"randomised": "NR", "sampled_before_outcome": "NR"}, False, [("S16", "randomised")]),
        ({"n_at_risk": "200", "n_outcome_known": "210"}, False, [("B01", "n_outcome_known")]),
    ],
)
def test_facts_of_a_design(changes, treatment, expected):
    assert honest.said({**FACTS, **changes}, name="Design", treatment=treatment) == expected
