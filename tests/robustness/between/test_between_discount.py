"""Power prior: ends of the curve, hand-worked weights, the tipping point, and what is said of it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between import discount
from metaan.robustness.between.discount import Discount, discounted, leaving_out, tipping
from metaan.robustness.between.given import arrays

PROSPECTIVE = ([0.10, 0.25, 0.05], [0.03, 0.05, 0.04])
CASE_CONTROL = ([0.60, 0.45, 0.80, 0.55], [0.02, 0.03, 0.02, 0.04])


def pair(**more):
    return made(synthesis("prospective", *PROSPECTIVE), synthesis("case_control", *CASE_CONTROL), **more)


def both():
    return np.array(PROSPECTIVE[0] + CASE_CONTROL[0]), np.array(PROSPECTIVE[1] + CASE_CONTROL[1])


@pytest.mark.parametrize("interval", ["mKH", "HK", "HK-ci", "t", "Wald"])
@pytest.mark.parametrize("tau2", ["REML", "DL", "EE"])
def test_no_trust_is_the_stronger_stratum_alone_and_full_trust_is_all_studies_pooled(interval, tau2):
    y, v = both()
    found = discounted(y, v, [[1, 1, 1, 0, 0, 0, 0], [1] * 7], tau2=tau2, interval=interval)
    for i, chosen in enumerate((slice(0, 3), slice(0, 7))):
        expected = pool(y[chosen], v[chosen], tau2=tau2, interval=interval)
        assert found.estimate[i] == pytest.approx(expected.estimate, abs=1e-12)
        assert (found.low[i], found.high[i]) == pytest.approx((expected.ci.low, expected.ci.high), abs=1e-12)
        assert 100 * found.weights[i, chosen] == pytest.approx(expected.weights)


def test_a_likelihood_raised_to_a_half_has_twice_the_variance():
    # weights 1 / 0.01 and 0.5 / 0.02: mean (100 * 0.2 + 25 * 0.8) / 125, standard error 1 / sqrt(125)
    found = discounted([0.2, 0.8], [0.01, 0.02], [1.0, 0.5], tau2="EE", interval="Wald")
    assert float(found.estimate) == pytest.approx(0.32, abs=1e-14)
    assert float(found.high - found.low) / 2 == pytest.approx(1.959963984540054 / math.sqrt(125), abs=1e-14)
    assert found.weights == pytest.approx([0.8, 0.2])


def test_tau2_is_that_of_studies_with_inflated_variances():
    y, v = both()
    a = np.array([1, 1, 1, 0.3, 0.3, 0.5, 0.9])
    expected = pool(y, v / a, interval="Wald")
    found = discounted(y, v, a, interval="Wald")
    assert float(found.tau2) == pytest.approx(expected.tau2, abs=1e-14)
    assert (float(found.low), float(found.high)) == pytest.approx((expected.ci.low, expected.ci.high), abs=1e-12)


def test_without_tau2_equal_trust_in_all_makes_the_interval_wider_by_its_root():
    # Q becomes a Q and d = a (k - 1), so the Hartung-Knapp factor stays, and so does the reference, t on k - 1
    y, v = np.array([0.0, 0.3, 0.9, 0.2, 0.6]), np.array([0.04, 0.05, 0.02, 0.03, 0.04])
    full = pool(y, v, tau2="EE", interval="HK")
    found = discounted(y, v, [0.5] * 5, tau2="EE", interval="HK")
    assert float(found.high - found.low) == pytest.approx((full.ci.high - full.ci.low) * math.sqrt(2), rel=1e-9)


def test_degrees_of_freedom_lie_between_those_of_the_ends():
    # without tau2 a study keeps a of its weight: e is 1, 1, 1/2, 1/2 at equal variances, weights too, so
    # d = 3 - (1 + 1 + 1/4 + 1/4) / 3 = 13/6; the mean is 0 and Q = 3, se = 1 / sqrt(3)
    found = discounted([1, -1, 1, -1], [1.0] * 4, [1, 1, 0.5, 0.5], tau2="EE", interval="HK")
    t = float(special.stdtrit(13 / 6, 0.975))
    assert float(found.high) == pytest.approx(t * math.sqrt(3 / (13 / 6)) / math.sqrt(3), rel=1e-12)


def test_next_to_no_trust_is_none():
    y, v = both()
    none, hardly, least = (discounted(y, v, [1, 1, 1, *[a] * 4]) for a in (0.0, 5e-324, 1e-8))
    assert float(hardly.high) == float(none.high)
    assert float(least.high) == pytest.approx(float(none.high), abs=1e-6)


def test_a_single_study_with_too_little_trust_leaves_no_degrees_of_freedom():
    found = discounted([0.5], [0.01], [0.5], interval="mKH")
    assert math.isinf(float(found.high))


@pytest.mark.parametrize(
    ("trust", "more", "words"),
    [
        ([1.0, 1.2], {}, "between 0 and 1"),
        ([-0.1, 1.0], {}, "between 0 and 1"),
        ([1, 1], {"interval": "KR"}, "must be"),
    ],
)
def test_what_cannot_be_discounted_is_refused(trust, more, words):
    with pytest.raises(ValueError, match=words):
        discounted([0.1, 0.2], [0.1, 0.1], trust, **more)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1.0)), min_size=4, max_size=7),
    st.floats(0.05, 1.0),
)
def test_turning_all_effects_round_turns_the_result_round(studies, a):
    y, v = (np.array(column) for column in zip(*studies, strict=True))
    trust = np.where(np.arange(len(y)) < 2, 1.0, a)
    one, other = discounted(y, v, trust), discounted(-y, v, trust)
    assert float(one.estimate) == pytest.approx(-float(other.estimate), abs=1e-7)
    assert float(one.low) == pytest.approx(-float(other.high), rel=1e-6, abs=1e-6)
    assert one.weights.sum() == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.0, 0.98))
def test_more_trust_moves_the_result_towards_the_weaker_studies(stronger, weaker, a):
    y, v = [stronger, stronger, weaker, weaker], [0.04] * 4
    found = discounted(y, v, [[1, 1, a, a], [1, 1, a + 0.02, a + 0.02]], tau2="EE", interval="Wald")
    nearer = np.abs(found.estimate - weaker)
    assert nearer[1] <= nearer[0] + 1e-12
    assert found.weights[1, 2] > found.weights[0, 2]


def test_stretches_that_leave_out_no_effect_are_found_though_they_end_and_begin_again():
    low = [-1, 0.1, 0.2, -0.1, 0.3, -2, -2]
    high = [1, 1, 1, 1, 1, -0.1, -0.2]
    found = leaving_out([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6], low, high)
    assert [(part.low, part.high, part.side) for part in found] == [
        (0.1, 0.2, "above"),
        (0.4, 0.4, "above"),
        (0.5, 0.6, "below"),
    ]


def test_passive_smoking_needs_little_trust_and_the_tipping_point_is_exact():
    analysed = bundled("passive-smoking", "lung-cancer")
    found = discount.of(analysed)
    (curve,) = found.curves
    assert (curve.stronger, curve.weaker, curve.interval) == ("prospective", "case_control", "mKH")
    assert (
        tipping(curve) == "case-control studies must be trusted at least 4.2 % for the interval to leave out no effect"
    )
    stronger, weaker = analysed.strata
    assert (curve.low[0], curve.high[0]) == pytest.approx((stronger.pooled.ci.low, stronger.pooled.ci.high))
    (y1, v1), (y2, v2) = arrays(stronger), arrays(weaker)
    y, v = np.concatenate([y1, y2]), np.concatenate([v1, v2])
    rows = np.ones((2, len(y)))
    rows[:, len(y1) :] = [[0.041], [0.042]]
    at = discounted(y, v, rows)
    assert at.low[0] < 0 < at.low[1]
    everyone = pool(y, v)
    assert (curve.low[-1], curve.high[-1]) == pytest.approx((everyone.ci.low, everyone.ci.high))
    assert curve.shares[-1] == pytest.approx(sum(everyone.weights[len(y1) :]))


def test_the_bundled_trials_tip_with_half_trust_in_the_cohorts_or_never():
    ivig, steroids = (discount.of(bundled("nk-cells", name)).curves[0] for name in ("ivig", "corticosteroids"))
    assert tipping(ivig) == "treatment cohorts must be trusted at least 51.5 % for the interval to leave out no effect"
    assert tipping(steroids) == "however far the treatment cohorts are trusted, the interval includes no effect"


def test_grades_give_the_trust_and_the_protocol_changes_it():
    weaker = synthesis("case_control", *CASE_CONTROL, grades="BCDD")
    analysed = made(synthesis("prospective", *PROSPECTIVE), weaker, settings={"discount": {"trust": {"D": 0.0}}})
    found = discount.of(analysed)
    assert found.settings == {"A": 1.0, "B": 0.8, "C": 0.4, "D": 0.0}
    at = found.curves[0].by_grade
    expected = discounted(*both(), [1, 1, 1, 0.8, 0.4, 0, 0])
    assert at.estimate == pytest.approx(float(expected.estimate))
    assert (at.ci.low, at.ci.high) == pytest.approx((float(expected.low), float(expected.high)))
    assert at.share == pytest.approx(100 * float(expected.weights[3:].sum()))
    assert at.grades == {"B": 0.8, "C": 0.4, "D": 0.0}


def test_strata_of_the_same_people_are_discounted_alone():
    found = discount.of(bundled("nk-cells", "blood-activity"))
    (curve,) = found.curves
    assert (curve.stronger, curve.k_stronger, curve.why_alone) == ("", 0, "same women")
    assert curve.interval == "Wald"  # two studies
    assert curve.trust[0] > 0
    assert curve.shares == pytest.approx([100.0] * len(curve.shares))


def test_no_trust_in_a_stratum_that_stands_alone_leaves_nothing():
    analysed = made(synthesis("case_control", *CASE_CONTROL), settings={"discount": {"trust": {"D": 0}}})
    assert discount.of(analysed).curves[0].by_grade is None


def test_few_stronger_studies_are_drawn_with_the_interval_they_have():
    analysed = made(synthesis("prospective", [0.1], [0.04]), synthesis("case_control", *CASE_CONTROL))
    (curve,) = discount.of(analysed).curves
    half = 1.959963984540054 * 0.2
    assert curve.interval == "Wald"
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.1 - half, 0.1 + half))


def test_without_a_weaker_design_there_is_nothing_to_discount():
    assert discount.of(made(synthesis("prospective", *PROSPECTIVE))) == "no weaker design to discount"


def curve_of(*ranges, stronger="prospective"):
    """A curve of which only the stretches matter."""
    found = discount.of(pair() if stronger else made(synthesis("case_control", *CASE_CONTROL))).curves[0].to_dict()
    parts = [{"low": low, "high": high, "side": side} for low, high, side in ranges]
    return discount.Curve.from_dict({**found, "ranges": parts})


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ([], "however far the case-control studies are trusted, the interval includes no effect"),
        (
            [(0, 1, "above")],
            "the interval leaves out no effect at any trust in the case-control studies, even without them",
        ),
        (
            [(0, 0.374, "below")],
            "the interval leaves out no effect without the case-control studies, and no longer once they are trusted "
            "more than 37.4 %",
        ),
        (
            [(0.2, 0.3, "above")],
            "the interval leaves out no effect only where case-control studies are trusted between 20.0 % and 30.0 %",
        ),
        (
            [(0.2, 0.3, "above"), (0.5, 1, "above")],
            "the interval leaves out no effect at 20.0 % to 30.0 % and 50.0 % to 100 %, and not in between",
        ),
        (
            [(0, 0.1, "below"), (0.5, 1, "above")],
            "the interval leaves out no effect on both sides of it, 0.0 % to 10.0 % and 50.0 % to 100 %",
        ),
    ],
)
def test_what_is_said_of_the_tipping_point(ranges, words):
    assert tipping(curve_of(*ranges)) == words


def test_a_stratum_alone_does_not_speak_of_others():
    said = tipping(curve_of((0.001, 1, "above"), stronger=""))
    assert said == "the interval leaves out no effect at any trust in the case-control studies"


def test_the_record_survives_being_written():
    found = discount.of(pair())
    assert Discount.from_dict(found.to_dict()) == found
    assert found.assumption
