"""Confounding in strata: which are asked, by which conversion, and how much may be left."""

import math

import pytest

from between_cases import bundled, made, synthesis
from metaan.robustness.between.bounds import bias_bound, multi_bias_e_value
from metaan.robustness.between.confounding import Confounding, of
from metaan.robustness.between.e_values import e_values

TABLE = {"form": "two_by_two", "a_high_event": "10", "b_high_none": "10", "c_low_event": "5", "d_low_none": "15"}


def spread(stratum, measure="OR", **more):
    return synthesis(stratum, [0.2, 0.5, 0.9, 1.3], [0.02] * 4, measure=measure, **more)


def test_passive_smoking_by_stratum():
    given = bundled("passive-smoking", "lung-cancer")
    found = of(given)
    assert [s.stratum for s in found.strata] == ["prospective", "case_control"]
    common = found.settings["common_outcome"] == "yes"
    for one, synthesis_ in zip(found.strata, given.strata, strict=True):
        limits = (
            math.exp(x) for x in (synthesis_.pooled.estimate, synthesis_.pooled.ci.low, synthesis_.pooled.ci.high)
        )
        same = e_values(*limits, measure="OR", common=common)
        assert (one.e.e_value, one.e.e_limit) == pytest.approx((same.e_value, same.e_limit))
        assert one.joint == pytest.approx(multi_bias_e_value(one.e.ratio))
    assert found.strata[0].e.e_limit == 1.0
    assert found.strata[1].e.e_limit > 1.0
    assert Confounding.from_dict(found.to_dict()) == found


def test_outcome_of_unknown_frequency_counts_as_common():
    found = of(made(spread("case_control")))
    assert found.strata[0].e.ratio == pytest.approx(math.exp(found_estimate(found) / 2))
    assert "taken as common" in found.outcome


def found_estimate(found):
    return made(spread("case_control")).strata[0].pooled.estimate


def test_protocol_names_the_outcome_rare():
    found = of(made(spread("case_control"), settings={"confounding": {"common_outcome": "no"}}))
    assert found.strata[0].e.ratio == pytest.approx(math.exp(found_estimate(found)))
    assert "rarer than 15 %" in found.outcome


@pytest.mark.parametrize(("events", "common"), [("1", "no"), ("10", "yes")])
def test_frequency_of_the_outcome_by_those_followed(events, common):
    table = {**TABLE, "a_high_event": events, "b_high_none": "20", "c_low_event": "1", "d_low_none": "20"}
    followed = spread("prospective", values=[table] * 4)
    chosen = spread("case_control", values=[TABLE] * 4)  # chosen by outcome: their counts say nothing on it
    found = of(made(followed, chosen))
    assert found.settings["common_outcome"] == common
    assert "followed had the outcome" in found.outcome


def test_markers_measured_after_the_outcome_have_no_e_value():
    given = made(spread("prospective"), spread("case_control"), kind="marker")
    found = of(given)
    assert [s.stratum for s in found.strata] == ["prospective"]
    assert "measured after the outcome" in found.not_given["case_control"]
    assert "measured after the outcome" in of(made(spread("case_control"), kind="marker"))


def test_trials_have_no_e_value():
    found = of(bundled("nk-cells", "ivig"))
    assert [s.stratum for s in found.strata] == ["treatment_cohort"]
    assert found.not_given == {"trial": "factor assigned at random"}
    assert found.outcome == ""  # risk ratios need no conversion


def test_standardised_mean_differences():
    stratum = synthesis("prospective", [0.5, 0.7, 0.6], [0.02] * 3, measure="SMD", model={"interval": "Wald"})
    found = of(made(stratum)).strata[0].e
    d, se = stratum.pooled.estimate, stratum.pooled.se
    assert found.ratio == pytest.approx(math.exp(0.91 * d))
    assert found.limit == pytest.approx(math.exp(0.91 * d - 1.78 * se))


def test_limit_never_speaks_against_the_interval():
    """1.78 is 0.91 times 1.96 rounded down: just below no effect the converted limit would lie above it."""
    stratum = synthesis("prospective", [0.1], [(0.10001 / 1.959964) ** 2], measure="SMD")
    assert of(made(stratum)).strata[0].e.e_limit == 1.0


def test_risk_difference_only_from_counts():
    one = synthesis("prospective", [0.25], [0.02], measure="RD", values=[TABLE])
    assert of(made(one)).strata[0].e.ratio == pytest.approx(2.0)
    assert "no E-value is given" in of(made(synthesis("prospective", [0.25], [0.02], measure="RD")))
    assert "no E-value is given" in of(made(synthesis("prospective", [0.2] * 3, [0.02] * 3, measure="RD")))


def test_single_study_has_an_e_value_but_no_curve():
    found = of(made(synthesis("prospective", [0.5], [0.02], measure="RR")))
    assert found.strata[0].e.ratio == pytest.approx(math.exp(0.5))
    assert found.strata[0].curve is None
    assert "fewer than three studies" in found.strata[0].no_curve


def test_curve_falls_through_the_strength_that_is_needed():
    curve = of(made(spread("case_control"), settings={"confounding": {"share": 0.2}})).strata[0].curve
    assert curve.shares[0] == pytest.approx(curve.share)
    assert list(curve.shares) == sorted(curve.shares, reverse=True)
    near = [abs(math.log(g / curve.needed.strength)) for g in curve.strengths]
    at = near.index(min(near))
    assert curve.shares[at - 1] > 0.2 > curve.shares[at + 1]
    assert curve.shares[-1] == pytest.approx(0.01)


@pytest.mark.parametrize("measure", ["RR", "OR", "HR", "SMD"])
def test_curve_reads_alike_in_both_directions(measure):
    up = of(made(spread("prospective", measure))).strata[0]
    stratum = synthesis("prospective", [-0.2, -0.5, -0.9, -1.3], [0.02] * 4, measure=measure)
    down = of(made(stratum)).strata[0]
    assert (up.curve.above, down.curve.above) == (True, False)
    assert down.curve.needed.strength == pytest.approx(up.curve.needed.strength)
    assert down.curve.shares == pytest.approx(up.curve.shares)
    assert down.e.e_value == pytest.approx(up.e.e_value)


def test_effects_that_do_not_differ_have_no_share():
    found = of(made(synthesis("prospective", [0.5, 0.5, 0.5], [0.02] * 3, measure="RR"))).strata[0]
    assert "do not show that effects differ" in found.no_curve


BOUNDS = [
    {"kind": "confounding", "factor": [1.5, 1.2], "source": "two surveys"},
    {"kind": "misclassification", "factor": [1.1], "source": "a validation study"},
]


def test_typed_biases_move_the_effect_towards_no_effect():
    stratum = synthesis("prospective", [0.5, 0.6, 0.7], [0.001] * 3, measure="RR")
    found = of(made(stratum, settings={"confounding": {"bounds": BOUNDS}}))
    left = found.strata[0].bounded
    assert left.factor == pytest.approx(bias_bound(confounding=(1.5, 1.2), misclassification=(1.1,)))
    assert left.estimate == pytest.approx(stratum.pooled.estimate - math.log(left.factor))
    assert left.ci.low == pytest.approx(stratum.pooled.ci.low - math.log(left.factor))
    assert [bias.source for bias in found.biases] == ["two surveys", "a validation study"]


def test_biases_that_can_explain_everything_say_no_more():
    stratum = synthesis("prospective", [-0.1, -0.1, -0.1], [0.01] * 3, measure="RR")
    left = of(made(stratum, settings={"confounding": {"bounds": BOUNDS}})).strata[0].bounded
    assert (left.estimate, left.ci) == (0.0, None)


def test_equal_effects_without_an_interval_are_left_out():
    """Plain Hartung-Knapp gives effects that are all equal no interval."""
    model = {"interval": "HK"}
    equal = synthesis("case_control", [0.5] * 4, [0.04] * 4, model=model)
    reason = "the interval of the analysis does not exist for equal effects, so there is no E-value of its limit"
    assert of(made(equal, model=model)) == reason
    unequal = synthesis("prospective", [0.1, 0.4, 0.2], [0.04] * 3, model=model)
    found = of(made(unequal, equal, model=model))
    assert [stratum.stratum for stratum in found.strata] == ["prospective"]
    assert found.not_given == {"case_control": reason}
