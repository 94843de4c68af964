import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.effects import binary, continuous, convert, medians, ratios, standardised
from metaan.effects.compute import CONVERSIONS, compute

ALL = tuple(CONVERSIONS)
TWO_BY_TWO = {
    "effect_id": "E1",
    "form": "two_by_two",
    "a_high_event": 17,
    "b_high_none": 7,
    "c_low_event": 9,
    "d_low_none": 35,
}
MEANS = {
    "form": "means",
    "n1": 22, "m1": 39.4, "sd1": 12.7, "n2": 25, "m2": 30.1, "sd2": 11.0, "spread_type": "sd",
}  # fmt: skip
MEDIANS = {
    "form": "medians",
    "n1": 40, "med1": 12.0, "q1_1": 9.0, "q3_1": 15.5, "n2": 45, "med2": 10.0, "q1_2": 8.0, "q3_2": 12.5,
}  # fmt: skip
RATIO = {"form": "ratio", "est": 2.0, "scale": "OR", "ci_low": 1.2, "ci_high": 3.4, "ci_level": 95}
T_STAT = {"form": "t_stat", "t": 2.3, "n1": 40, "n2": 38, "sign": "higher_in_event"}
P_ONLY = {
    "form": "p_only", "p_value": 0.03, "p_cmp": "=", "test": "t_test", "n1": 40, "n2": 38, "sign": "lower_in_event",
}  # fmt: skip


def changed(row, **cells):
    return {**row, **cells}


def equal(effect, expected):
    assert effect.missing == ""
    assert (effect.y, effect.v) == pytest.approx((float(expected.y), float(expected.v)), rel=1e-12)


def missing(effect, *words):
    assert math.isnan(effect.y)
    assert math.isnan(effect.v)
    for word in words:
        assert word in effect.missing, effect.missing


def test_counts_and_their_path():
    effect = compute(TWO_BY_TWO, "RR")
    equal(effect, binary.log_risk_ratio(17, 7, 9, 35))
    assert effect.path == ("counts 17/24 and 9/44", "log risk ratio")
    assert (effect.effect_id, effect.measure, effect.converted, effect.skewed) == ("E1", "RR", False, False)
    equal(compute(TWO_BY_TWO, "OR"), binary.log_odds_ratio(17, 7, 9, 35))
    equal(compute(TWO_BY_TWO, "RD"), binary.risk_difference(17, 7, 9, 35))


def test_events_and_totals_either_way_round():
    prospective = {"form": "events_totals", "events_high": 17, "total_high": 24, "events_low": 9, "total_low": 44}
    equal(compute(prospective, "RR"), binary.log_risk_ratio(17, 7, 9, 35))
    by_outcome = {"form": "events_totals", "high_event": 17, "n_event": 26, "high_none": 7, "n_none": 42}
    effect = compute(by_outcome, "OR", odds_only=True)
    equal(effect, binary.log_odds_ratio(17, 7, 9, 35))
    assert effect.path[0] == "counts 17/26 with the outcome and 7/42 without"


@pytest.mark.parametrize("measure", ["RR", "RD"])
def test_no_risk_from_people_chosen_by_outcome(measure):
    missing(compute(TWO_BY_TWO, measure, odds_only=True), "chosen by outcome")
    assert not math.isnan(compute(TWO_BY_TWO, "OR", odds_only=True).y)


def test_zero_cells():
    one = compute(changed(TWO_BY_TWO, a_high_event=0), "OR")
    equal(one, binary.log_odds_ratio(0.5, 7.5, 9.5, 35.5, to="none"))
    assert "0.5 added to all four cells" in one.path
    nobody = changed(TWO_BY_TWO, a_high_event=0, c_low_event=0)
    for measure in ("OR", "RR"):
        assert compute(nobody, measure).missing == "no event in either group: no odds or risk ratio can be computed"
    assert not math.isnan(compute(nobody, "RD").y)
    missing(compute(changed(TWO_BY_TWO, b_high_none=0, d_low_none=0), "RR"), "everybody")
    missing(compute(changed(TWO_BY_TWO, a_high_event=0, b_high_none=0), "OR"), "nobody in one of the groups")


def test_what_is_not_reported_is_named():
    missing(
        compute(changed(TWO_BY_TWO, b_high_none=None, d_low_none=None), "OR"),
        "not reported: b_high_none and d_low_none",
    )
    missing(compute(changed(MEANS, n2=math.nan), "SMD"), "not reported: n2")


def test_impossible_numbers_are_refused():
    rows = [
        {"form": "events_totals", "events_high": 30, "total_high": 24, "events_low": 9, "total_low": 44},
        changed(TWO_BY_TWO, a_high_event=-1),
        changed(MEANS, sd1=-2.0),
        changed(MEANS, n1=0),
        changed(MEDIANS, q1_1=20.0),
        changed(RATIO, est=5.0),
        changed(RATIO, ci_low=-1.0),
        changed(T_STAT, t=None, f1=-1.0),
        changed(P_ONLY, p_value=1.3),
        changed(MEANS, sd1=None, min1=50.0, max1=60.0),
    ]
    for row in rows:
        with pytest.raises(ValueError):
            compute(row, "OR" if row["form"] in ("two_by_two", "events_totals", "ratio") else "SMD", allowed=ALL)


def test_means():
    smd = compute(MEANS, "SMD")
    equal(smd, continuous.standardised_mean_difference(22, 39.4, 12.7, 25, 30.1, 11.0))
    assert smd.y > 0  # more of the factor in the group with the outcome
    assert smd.path[0] == "group 1: mean 39.4, SD 12.7, n 22"
    assert not smd.converted
    equal(compute(MEANS, "MD"), continuous.mean_difference(22, 39.4, 12.7, 25, 30.1, 11.0))


def test_standard_errors_are_arithmetic_not_an_assumption():
    effect = compute(changed(MEANS, spread_type="se", sd1=2.0, sd2=3.0), "SMD")
    equal(effect, continuous.standardised_mean_difference(22, 39.4, 2 * math.sqrt(22), 25, 30.1, 15.0))
    assert "SE 3 × √25" in effect.path[1]
    assert not effect.converted


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"spread_type": "unclear"}, "not stated whether it is SD or SE"),
        ({"spread_type": None}, "not stated whether it is SD or SE"),
        ({"spread_type": "ci"}, "confidence intervals"),
        ({"sd1": None}, "means without standard deviations"),
        ({"sd1": 0, "sd2": 0}, "both standard deviations are zero"),
        ({"n1": 1, "n2": 1}, "one person a group"),
    ],
)
def test_means_that_give_nothing(cells, words):
    missing(compute(changed(MEANS, **cells), "SMD", allowed=ALL), words)


def test_mean_with_minimum_and_maximum():
    row = changed(MEANS, sd1=None, sd2=None, spread_type=None, min1=10.0, max1=70.0, min2=12.0, max2=55.0)
    missing(compute(row, "SMD"), "allows no SD from a range")
    effect = compute(row, "SMD", allowed=["mean_range_to_sd"])
    sd1, sd2 = medians.sd_from_range(22, 10, 70), medians.sd_from_range(25, 12, 55)
    equal(effect, continuous.standardised_mean_difference(22, 39.4, sd1, 25, 30.1, sd2))
    assert effect.converted
    assert not effect.skewed
    assert "symmetry assumed" in effect.path[0]


def test_medians():
    missing(compute(MEDIANS, "SMD"), "allows no means from medians")
    effect = compute(MEDIANS, "SMD", allowed=["medians_to_means"])
    one, two = medians.from_quartiles(40, 9, 12, 15.5), medians.from_quartiles(45, 8, 10, 12.5)
    equal(effect, continuous.standardised_mean_difference(40, one.mean, one.sd, 45, two.mean, two.sd))
    assert effect.converted
    assert not effect.skewed
    assert "Luo 2018, Wan 2014" in effect.path[0]
    assert "symmetry assumed" in effect.path[1]


def test_medians_each_group_by_what_it_has():
    row = changed(MEDIANS, min1=2.0, max1=30.0, q1_2=None, q3_2=None, min2=1.0, max2=22.0)
    effect = compute(row, "MD", allowed=ALL)
    one, two = medians.from_five_numbers(40, 2, 9, 12, 15.5, 30), medians.from_range(45, 1, 10, 22)
    equal(effect, continuous.mean_difference(40, one.mean, one.sd, 45, two.mean, two.sd))
    assert "Shi 2020" in effect.path[0]
    missing(compute(changed(MEDIANS, q3_1=None), "SMD", allowed=ALL), "medians without quartiles or range")


@pytest.mark.parametrize("group", [1, 2])
def test_one_skewed_group_marks_the_effect(group):
    effect = compute(changed(MEDIANS, **{f"q3_{group}": 60.0}), "SMD", allowed=ALL)
    assert effect.skewed
    assert "skewed (Shi 2023)" in effect.path[group - 1]
    assert "skewed" not in effect.path[2 - group]


def test_ratios():
    effect = compute(RATIO, "OR")
    equal(effect, ratios.ratio_with_interval(2.0, 1.2, 3.4))
    assert effect.path == ("odds ratio 2 (95 % CI 1.2 to 3.4)", "log odds ratio")
    equal(compute(changed(RATIO, ci_level=0.9), "OR"), ratios.ratio_with_interval(2.0, 1.2, 3.4, 0.9))
    unstated = compute(changed(RATIO, ci_level=None), "OR", level=0.99)
    equal(unstated, ratios.ratio_with_interval(2.0, 1.2, 3.4, 0.99))
    assert "level not stated" in unstated.path[0]
    with_se = changed(RATIO, ci_low=None, se_log=0.3)
    equal(compute(with_se, "OR"), ratios.ratio_with_se(2.0, 0.3))


def test_ratio_with_p_value():
    row = changed(RATIO, ci_low=None, ci_high=None, p_value=0.02, p_cmp="=")
    missing(compute(row, "OR"), "P = 0.02", "allows no standard error from a p-value")
    effect = compute(row, "OR", allowed=["p_to_effect"])
    equal(effect, ratios.ratio_with_p(2.0, 0.02))
    assert effect.converted
    missing(compute(changed(row, p_cmp="<"), "OR", allowed=ALL), "P < 0.02")
    missing(compute(changed(row, est=1.0), "OR", allowed=ALL), "cannot be found")
    missing(compute(changed(row, p_value=0.0), "OR", allowed=ALL), "printed as 0")
    missing(compute(changed(row, p_value=None), "OR", allowed=ALL), "without interval")


def test_a_ratio_gives_its_own_scale_only():
    missing(compute(RATIO, "RR", allowed=ALL), "odds ratio", "risk ratios")
    missing(compute(changed(RATIO, scale="HR"), "RR"), "hazard ratio", "allows no conversion")
    missing(compute(changed(RATIO, scale=None), "RR"), "not stated whether it is OR, RR or HR")
    effect = compute(changed(RATIO, scale="HR"), "RR", allowed=["hr_as_rr"])
    equal(effect, ratios.ratio_with_interval(2.0, 1.2, 3.4))
    assert effect.converted


def test_scales_meet_only_by_declared_conversion():
    expected = (
        "the 2×2 table gives an odds ratio; this analysis pools standardised mean differences and allows no conversion"
    )
    assert compute(TWO_BY_TWO, "SMD").missing == expected
    effect = compute(TWO_BY_TWO, "SMD", allowed=["or_to_smd"])
    equal(effect, convert.log_or_to_smd(*binary.log_odds_ratio(17, 7, 9, 35)))
    assert effect.converted
    assert effect.path[-1].startswith("× √3/π")
    back = compute(MEANS, "OR", allowed=["smd_to_or"])
    equal(back, convert.smd_to_log_or(*continuous.standardised_mean_difference(22, 39.4, 12.7, 25, 30.1, 11.0)))
    missing(compute(MEANS, "OR"), "standardised mean difference", "odds ratios")
    missing(compute(MEANS, "RR", allowed=ALL), "risk ratios")


def test_t_statistics():
    effect = compute(T_STAT, "SMD")
    equal(effect, standardised.t_to_g(2.3, 40, 38))
    assert not effect.converted
    # t is printed with the sign of the paper's subtraction; the sign column says which group had more.
    equal(compute(changed(T_STAT, t=-2.3), "SMD"), standardised.t_to_g(2.3, 40, 38))
    equal(compute(changed(T_STAT, sign="lower_in_event"), "SMD"), standardised.t_to_g(-2.3, 40, 38))
    equal(compute(changed(T_STAT, sign=None, t=-2.3), "SMD"), standardised.t_to_g(-2.3, 40, 38))
    equal(compute(changed(T_STAT, t=None, f1=5.29), "SMD"), standardised.t_to_g(2.3, 40, 38))
    missing(compute(changed(T_STAT, t=None, f1=5.29, sign=None), "SMD"), "F without the sign")
    missing(compute(changed(T_STAT, t=None), "SMD"), "neither t nor F")
    missing(compute(T_STAT, "MD", allowed=ALL), "mean differences")


def test_p_values_give_effects_only_from_a_stated_t_test():
    from scipy import stats

    effect = compute(P_ONLY, "SMD", allowed=["p_to_effect"])
    equal(effect, standardised.t_to_g(-stats.t.isf(0.015, 76), 40, 38))
    assert effect.converted
    assert "two-sided t test" in effect.path[0]
    one_sided = compute(changed(P_ONLY, tails="one", p_value=0.015), "SMD", allowed=ALL)
    assert one_sided.y == pytest.approx(effect.y)
    missing(compute(P_ONLY, "SMD"), "only a p-value: P = 0.03", "allows no effect from a p-value")
    assert compute(changed(P_ONLY, p_cmp="<", p_value=0.001), "SMD", allowed=ALL).missing == "only a p-value: P < 0.001"
    missing(
        compute(changed(P_ONLY, test="mann_whitney"), "SMD", allowed=ALL), "not stated to be from a two-sample t test"
    )
    missing(compute(changed(P_ONLY, n1=None), "SMD", allowed=ALL), "group sizes not given")
    missing(compute(changed(P_ONLY, sign=None), "SMD", allowed=ALL), "which group had more")
    missing(compute(changed(P_ONLY, p_value=None), "SMD", allowed=ALL), "without its p-value")
    missing(compute(changed(P_ONLY, p_value=0), "SMD", allowed=ALL), "printed as 0")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"form": "direction_only", "sign": "higher_in_event"}, "only a direction"),
        ({"form": "direction_only", "m1": 5.0, "m2": 4.0, "n1": 9, "n2": 9}, "means without spread"),
        ({"form": "direction_only", "med1": 5.0, "med2": 4.0}, "medians without spread or the sizes of the groups"),
        (
            {"form": "p_only", "m1": 5.0, "sd1": 1.0, "m2": 4.0, "sd2": 1.0, "p_value": 0.09, "p_cmp": "<"},
            "means without the sizes of the groups; P < 0.09",
        ),
        (
            {"form": "p_only", "est": 1.6, "scale": "OR", "p_value": 0.01, "p_cmp": "<"},
            "a ratio without interval or standard error; P < 0.01",
        ),
        ({"form": "direction_only"}, "only a direction"),
        ({"form": "single_group", "events": 3, "n": 20}, "one group without a comparison"),
        ({"form": "risk_only"}, "without the size of the classes"),
        ({"form": "survey"}, "survey: no effect"),
        ({"form": "auc"}, "accuracy of a test"),
        ({"form": "correlation"}, "correlation of two measurements"),
        ({}, "a row without a form"),
    ],
)
def test_forms_that_never_give_an_effect(row, words):
    for measure in ("OR", "SMD", "RD"):
        missing(compute(row, measure, allowed=ALL), words)


def test_an_interval_of_no_width_is_no_precision():
    missing(compute(changed(RATIO, ci_low=2.0, ci_high=2.0), "OR"), "no sampling variance")


def test_unknown_measures_and_conversions_are_refused():
    with pytest.raises(ValueError, match="ROM"):
        compute(TWO_BY_TWO, "ROM")
    with pytest.raises(ValueError, match="magic"):
        compute(TWO_BY_TWO, "OR", allowed=["magic"])


@given(
    st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.sampled_from(["OR", "RR", "RD"])
)
def test_any_table_gives_a_usable_effect_or_a_reason(a, b, c, d, measure):
    row = {"form": "two_by_two", "a_high_event": a, "b_high_none": b, "c_low_event": c, "d_low_none": d}
    effect = compute(row, measure)
    assert bool(effect.missing) == math.isnan(effect.y) == math.isnan(effect.v)
    assert effect.missing or (math.isfinite(effect.y) and 0 < effect.v < math.inf and effect.path)


def test_differences_with_interval_standard_error_and_p():
    row = {"form": "difference", "diff": -1.5, "n1": 30, "n2": 28}
    by_interval = compute({**row, "diff_low": -2.48, "diff_high": -0.52, "ci_level": 95.0}, "MD")
    by_error = compute({**row, "diff_se": 0.5}, "MD")
    by_p = compute({**row, "p_value": 0.0026998, "p_cmp": "="}, "MD", allowed=("p_to_effect",))
    for effect in (by_interval, by_error, by_p):
        assert (effect.y, effect.v) == pytest.approx((-1.5, 0.25), rel=1e-4)
    assert by_p.converted
    assert not by_error.converted
    missing(compute({**row, "p_value": 0.0026998, "p_cmp": "="}, "MD"), "allows no standard error from a p-value")
    missing(compute(row, "MD"), "without interval")
    missing(compute({**row, "diff_se": 0.5}, "SMD"), "allows no conversion")
