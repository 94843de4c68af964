"""Optimal information size against published figures, and how it must behave."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.robustness.information import (
    correlation,
    diversity,
    heterogeneity_adjusted,
    standardised_difference,
    two_risks,
)

risks = st.floats(0.01, 0.99)


def test_two_risks_of_40_and_60_percent_need_97_in_each_group():
    # 1.96 and 0.84 as printed in textbooks: [1.96 sqrt(2 x 0.5 x 0.5) + 0.84 sqrt(0.24 + 0.24)]^2 / 0.2^2 = 96.8
    size = two_risks(0.4, 0.6)
    assert (size.per_group, size.people) == (97, 194)
    assert size.total / 2 == pytest.approx(96.9, abs=0.05)


def test_a_pilot_of_40_holds_21_percent_of_it():
    assert round(100 * 40 / two_risks(0.4, 0.6).people) == 21


@pytest.mark.parametrize(("delta", "people"), [(0.2, 785), (0.3, 349)])
def test_standardised_differences(delta, people):
    # 4 x (1.959964 + 0.841621)^2 / delta^2 = 784.9 and 348.8
    assert standardised_difference(delta).people == people


def test_correlation_by_hand():
    # atanh(0.3) = 0.309520; (2.801585 / 0.309520)^2 + 3 = 84.93
    assert correlation(0.3).total == pytest.approx((2.801585 / 0.309520) ** 2 + 3, rel=1e-5)
    assert correlation(-0.3) == correlation(0.3)


def test_published_required_size():
    """Control risk 5 %, 25 % less, alpha 1 %, beta 10 %: 15,935.8 people, 19,920 with 20 % heterogeneity.

    PMC2943189, figure 4 and its text (Thorlund, Imberger, Wetterslev and others, Clin Epidemiol 2010;2:57-66).
    """
    size = two_risks(0.05, 0.0375, alpha=0.01, power=0.9, average=True)
    assert size.total == pytest.approx(15935.8, abs=0.05)  # half a unit of the last printed digit
    assert math.ceil(size.adjusted(0.20)) == 19920
    assert math.ceil(heterogeneity_adjusted(15935.8, 0.20)) == 19920


def test_diversity_by_hand():
    # weights 1 and 1/4 without, 1/2 and 1/5 with a variance between studies of 1
    assert diversity([1.0, 4.0], 1.0) == pytest.approx(1 - (1 / 2 + 1 / 5) / (1 + 1 / 4))


@given(risks, risks)
def test_which_risk_is_named_first_does_not_matter(a, b):
    if abs(a - b) > 1e-6:
        assert two_risks(a, b).total == pytest.approx(two_risks(b, a).total)
        assert two_risks(a, b).total == pytest.approx(two_risks(1 - a, 1 - b).total, rel=1e-6)


@given(st.floats(0.05, 3), st.floats(1.01, 3))
def test_a_larger_difference_needs_fewer_people(delta, factor):
    assert standardised_difference(delta * factor).total < standardised_difference(delta).total


@given(st.lists(st.floats(0.01, 5), min_size=2, max_size=8), st.floats(0, 5))
def test_diversity_is_a_share_and_zero_without_heterogeneity(v, tau2):
    assert diversity(v, 0.0) == pytest.approx(0)
    assert -1e-12 <= diversity(v, tau2) < 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: two_risks(0.4, 0.4), "two different risks"),
        (lambda: two_risks(0.0, 0.4), "two different risks"),
        (lambda: two_risks(0.4, 0.6, alpha=0), "alpha and power"),
        (lambda: standardised_difference(0), "cannot be found"),
        (lambda: correlation(1), "between 0 and 1"),
        (lambda: heterogeneity_adjusted(100, 1), "below 1"),
    ],
)
def test_what_has_no_size_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
