"""Strata apart and the contrast of designs."""

import math

import numpy as np
import pytest
from hypothesis import given as tried
from hypothesis import settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.regression.meta_regression import meta_regression
from metaan.robustness.between.ladder import Ladder, between_designs, of
from metaan.terms.records import Pooled

Y1, V1 = [0.1, 0.3, 0.2, -0.1], [0.04, 0.05, 0.02, 0.09]
Y2, V2 = [0.6, 0.4, 0.9], [0.03, 0.08, 0.05]
Y, V, WEAKER = Y1 + Y2, V1 + V2, [False] * 4 + [True] * 3


def printed(contrast, digits=3):
    return tuple(round(math.exp(value), digits) for value in (contrast.estimate, contrast.ci.low, contrast.ci.high))


def ways(step):
    return {(way.variance, way.estimator, way.interval): way for way in step.ways}


def test_passive_smoking_designs_differ_by_the_known_ratio():
    """Hackshaw 1997; metafor REML with common tau2 and separate DL, turned to case-control ÷ cohort."""
    found = of(bundled("passive-smoking", "lung-cancer"))
    (step,) = found.steps
    assert (step.stronger, step.weaker, step.reason) == ("prospective", "case_control", "")
    common = ways(step)["common", "REML", "Wald"]
    assert printed(common) == (0.971, 0.737, 1.278)
    assert printed(ways(step)["separate", "DL", "Wald"]) == (0.985, 0.798, 1.215)
    # the same two the other way round, as the first publication of these figures has them
    assert (round(math.exp(-common.estimate), 3), round(math.exp(-common.ci.high), 3)) == (1.030, 0.783)
    assert round(math.exp(-ways(step)["separate", "DL", "Wald"].estimate), 3) == 1.015


def test_passive_smoking_strata_and_all_studies():  # DerSimonian-Laird: Hackshaw 1997 prints 1.24 (1.13 to 1.36)
    review = bundled("passive-smoking", "lung-cancer")
    from metaan.pooling.pool import pool
    from metaan.robustness.between.given import arrays

    prospective, case_control = (arrays(stratum) for stratum in review.strata)
    everything = tuple(np.append(a, b) for a, b in zip(prospective, case_control, strict=True))

    def figures(data):
        found: Pooled = pool(*data, tau2="DL", interval="Wald")
        return tuple(round(math.exp(value), 3) for value in (found.estimate, found.ci.low, found.ci.high))

    assert figures(case_control) == (1.242, 1.115, 1.382)
    assert figures(prospective) == (1.261, 1.052, 1.511)
    assert figures(everything) == (1.238, 1.129, 1.358)


def test_rungs_are_the_strata_as_drawn():
    review = bundled("passive-smoking", "lung-cancer")
    for rung, stratum in zip(of(review).rungs, review.strata, strict=True):
        assert (rung.stratum, rung.k) == (stratum.stratum, stratum.k)
        assert (rung.estimate, rung.ci, rung.prediction) == (
            stratum.pooled.estimate,
            stratum.pooled.ci,
            stratum.pooled.prediction,
        )


def test_the_first_way_is_that_of_the_report():
    review = bundled("passive-smoking", "lung-cancer")
    (difference,) = review.analysis.differences
    first = of(review).steps[0].ways[0]
    assert (first.estimate, first.ci.low, first.p) == pytest.approx(
        (difference.estimate, difference.ci.low, difference.p)
    )


def test_published_ratios_stand_beside_ours():
    (step,) = of(bundled("passive-smoking", "lung-cancer")).steps
    assert [each.label for each in step.expected] == ["Golder 2013", "Lanza 2016"]
    assert round(step.expected[0].ratio, 2) == 1.06


def test_published_ratios_of_the_protocol_come_first():
    own = {"weaker": "case_control", "stronger": "prospective", "ratio": 1.4, "low": 1.1, "high": 1.8, "source": "ours"}
    review = made(
        synthesis("prospective", Y1, V1), synthesis("case_control", Y2, V2), settings={"ladder": {"expected": [own]}}
    )
    assert of(review).steps[0].expected[0].label == "ours"


def test_published_ratios_follow_the_side_of_the_effect():
    review = made(synthesis("prospective", Y1, V1), synthesis("case_control", [-y for y in Y2], V2))
    assert of(review).steps[0].expected[0].ratio == pytest.approx(0.94)


def test_published_ratios_are_not_for_differences_of_means():
    review = made(synthesis("prospective", Y1, V1, measure="SMD"), synthesis("case_control", Y2, V2, measure="SMD"))
    (step,) = of(review).steps
    assert step.ways
    assert step.expected == ()


def test_people_in_both_strata_are_not_contrasted():  # blood activity: Aoki's women stand in both
    (step,) = of(bundled("nk-cells", "blood-activity")).steps
    assert step.reason == "same women: difference not tested"
    assert (step.ways, step.expected) == ((), ())


def test_two_scales_are_not_contrasted():
    review = made(synthesis("prospective", Y1, V1), synthesis("case_control", Y2, V2, measure="SMD"))
    (step,) = of(review).steps
    assert "different scales" in step.reason
    assert (step.ways, step.expected) == ((), ())


def test_one_study_on_a_side_gives_both_estimates_and_the_reason():
    found = of(made(synthesis("prospective", [0.4], [0.09]), synthesis("case_control", Y2, V2)))
    single = found.rungs[0]
    assert (single.k, single.estimate, single.prediction) == (1, 0.4, None)
    assert math.isnan(single.tau2)
    assert found.rungs[1].k == 3
    (step,) = found.steps
    assert step.reason == "fewer than three studies on one side: difference not tested"
    assert step.ways == ()


def test_one_design_is_no_ladder():
    assert of(made(synthesis("prospective", Y1, V1))) == "one kind of design only"


def test_the_record_survives_json():
    found = of(bundled("passive-smoking", "lung-cancer"))
    assert Ladder.from_dict(found.to_dict()).to_dict() == found.to_dict()


@pytest.mark.parametrize("interval", ["Wald", "HK", "mKH"])
def test_a_common_variance_is_the_meta_regression_on_design(interval):
    found = between_designs(Y, V, WEAKER, interval=interval)
    fitted = meta_regression(Y, V, {"design": [float(each) for each in WEAKER]}, interval=interval)
    assert (found.estimate, found.ci.low, found.ci.high) == pytest.approx(
        (fitted.estimates[1], fitted.ci_low[1], fitted.ci_high[1])
    )
    assert (found.tau2, found.p, found.df) == pytest.approx((fitted.tau2, fitted.p[1], fitted.df))


@settings(max_examples=25, deadline=None)
@tried(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=3, max_size=8),
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=3, max_size=8),
    st.sampled_from(["common", "separate"]),
)
def test_designs_swapped_turn_the_sign(stronger, weaker, variance):
    y, v = zip(*stronger, *weaker, strict=True)
    group = np.repeat([False, True], [len(stronger), len(weaker)])
    one, other = (between_designs(y, v, each, variance=variance, tau2="DL") for each in (group, ~group))
    assert one.estimate == pytest.approx(-other.estimate, abs=1e-9)
    assert one.ci.low == pytest.approx(-other.ci.high, abs=1e-9)
    assert one.p == pytest.approx(other.p, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weaker": [0, 0, 0, 0, 1, 1, 1]}, "True or False"),
        ({"weaker": [True] * 7}, "one design has no study"),
        ({"variance": "both"}, "separate or common"),
        ({"variance": "separate", "interval": "mKH"}, "interval is Wald"),
    ],
)
def test_what_cannot_be_contrasted_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        between_designs(**{"yi": Y, "vi": V, "weaker": WEAKER, **change})
