"""What the checks compute without numpy and scipy is what these give."""

import math

import honest
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtr, stdtrit

from metaan.checks import skewness, student
from metaan.effects import medians

degrees = st.floats(1.0, 1e5)


@given(st.floats(0.0, 30.0), degrees)
def test_the_tail_of_t_is_that_of_scipy(t, df):
    assert math.isclose(student.two_sided(t, df), 2.0 * stdtr(df, -t), rel_tol=1e-8, abs_tol=1e-250)


@given(st.sampled_from((80.0, 90.0, 95.0, 99.0, 99.9)), degrees)
def test_the_quantile_of_t_is_that_of_scipy(level, df):
    assert math.isclose(student.quantile(level, df), stdtrit(df, 0.5 + level / 200.0), rel_tol=1e-8)


@given(st.integers(2, 3000), st.lists(st.floats(-50.0, 50.0), min_size=5, max_size=5), st.sampled_from("nfb"))
def test_the_test_of_skewness_is_that_of_the_effects(n, values, given_values):
    low, q1, median, q3, high = sorted(values)
    near = (q1, q3) if given_values in "nb" else None
    far = (low, high) if given_values in "fb" else None
    arrays = {} if near is None else {"q1": [q1], "q3": [q3]}
    arrays |= {} if far is None else {"minimum": [low], "maximum": [high]}
    assert skewness.skewed(n, median, near, far) == bool(np.all(medians.skewed([n], [median], **arrays)))


def test_equal_limits_ask_for_more_decimals():
    limits = {"est": "1.00", "ci_low": "1.00", "ci_high": "1.00", "ci_level": "95"}
    (item,) = honest.findings({"form": "ratio", "scale": "OR", **limits})
    assert item.id == "C01"
    assert "more decimals" in item.to_fix


MEANS = {"form": "means", "m1": "12.0", "m2": "11.0", "spread_type": "sd"}


def test_spreads_of_small_groups_may_differ_by_chance():
    apart = {**MEANS, "sd1": "5.0", "sd2": "2.1"}
    assert honest.said({**apart, "n1": "6", "n2": "6"}) == []
    assert honest.said({**apart, "n1": "30", "n2": "30"}) == [("M06", "sd2")]


def test_spreads_that_differ_as_the_means_do_are_spared():
    cells = {**MEANS, "m1": "30.0", "sd1": "25.0", "m2": "12.0", "sd2": "10.0", "n1": "40", "n2": "40"}
    assert honest.said(cells) == []
    assert honest.said({**cells, "m2": "25.0"}) == [("M06", "sd2")]


def test_a_wrong_digit_of_a_mean_is_named_where_several_statistics_contradict_it():
    beside = {"n1": "40", "n2": "42", "sd1": "4.0", "sd2": "4.2", "diff": "3.0", "diff_low": "1.2", "diff_high": "4.8"}
    right = {**MEANS, **beside, "ci_level": "95", "p_value": "0.001", "p_cmp": "=", "test": "t_test"}
    assert honest.said({**right, "m1": "15.0", "m2": "12.0"}) == []
    cells = {**right, "m1": "51.0", "m2": "12.0"}
    (item,) = [each for each in honest.findings(cells) if each.id == "M07"]
    assert ("M07", "m1") in honest.said(cells)
    assert "15.0 in " in item.to_fix
