"""E-values, bounds on several biases, and confounding in meta-analyses against published figures."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.robustness.between.bounds import bias_bound, bounding_factor, multi_bias_e_value
from metaan.robustness.between.e_values import bias_factor, conversion, e_value, e_values, e_values_of_counts
from metaan.robustness.between.meaningful import share_beyond
from metaan.robustness.between.needed import confounded_share, confounding_needed, counted_strength

#: Trock 2006, soy and breast cancer, 12 case-control and 6 cohort studies: rma.uni, PM and Knapp-Hartung, four decimals
#: (vignette "E-values for meta-analyses" of the R package EValue); mean, se, tau2, se of tau2
SOY = (-0.1931, 0.0882, 0.0973, 0.0505)


@pytest.mark.parametrize(
    ("typed", "published"),
    [  # the first from VanderWeele and Ding's website; the others from the vignette "E-values for unmeasured
        # confounding" of EValue: Hammond and Horn 1958, Victora 1987, Ip 2007
        ({"estimate": 1.5, "low": 1.4}, (2.37, 2.15)),
        ({"estimate": 10.73, "low": 8.02, "high": 14.36}, (20.94777, 15.52336)),
        ({"estimate": 3.9, "low": 1.8, "high": 8.7, "measure": "OR"}, (7.263034, 3.0)),
        ({"estimate": 0.80, "low": 0.71, "high": 0.91}, (1.809017, 1.428571)),
    ],
)
def test_published_e_values(typed, published):
    found = e_values(**typed)
    digits = [len(str(value).partition(".")[2]) for value in published]
    for ours, theirs, places in zip((found.e_value, found.e_limit), published, digits, strict=True):
        assert ours == pytest.approx(theirs, abs=0.5 * 10.0**-places)


def test_e_value_of_1_5_and_its_limit_to_three_decimals():
    assert (float(e_value(1.5)), float(e_value(1.4))) == pytest.approx((2.366, 2.148), abs=5e-4)


def test_e_value_for_another_true_effect():  # vignette of EValue: 2.5 to 1.5
    assert e_values(2.5, true=1.5).e_value == pytest.approx(2.720759, abs=5e-7)


def test_risk_difference_of_hammond_and_horn():  # tests of EValue: lower limit 15.95703, tolerance 0.001
    found = e_values_of_counts(397, 78557, 51, 108778)
    assert found.e_limit == pytest.approx(15.95703, rel=1e-3)
    assert found.ratio == pytest.approx(397 / 78954 / (51 / 108829))
    swapped = e_values_of_counts(51, 108778, 397, 78557)
    assert (swapped.e_value, swapped.e_limit) == pytest.approx((found.e_value, found.e_limit))


def test_risk_difference_whose_interval_includes_none():
    assert e_values_of_counts(55, 108778, 51, 108778).e_limit == 1.0


def test_conversions_of_table_2():  # VanderWeele and Ding 2017, table 2
    assert e_values(4.0, measure="OR", common=True).ratio == pytest.approx(2.0)
    assert e_values(4.0, measure="OR").ratio == pytest.approx(4.0)
    hazard = (1 - 0.5 ** math.sqrt(1.3)) / (1 - 0.5 ** math.sqrt(1 / 1.3))
    assert e_values(1.3, measure="HR", common=True).ratio == pytest.approx(hazard)
    smd = e_values(0.5, measure="SMD", se=0.2)
    assert smd.ratio == pytest.approx(math.exp(0.91 * 0.5))
    assert smd.limit == pytest.approx(math.exp(0.91 * 0.5 - 1.78 * 0.2))


@settings(max_examples=30, deadline=None)
@given(st.floats(-4, 4), st.sampled_from(["RR", "OR", "HR", "SMD"]), st.booleans())
def test_conversion_and_back(y, measure, common):
    to = conversion(measure, common)
    assert to.back(float(to.log(y))) == pytest.approx(y, abs=1e-9)
    step = 1e-5
    assert to.rate(y) == pytest.approx(float(to.log(y + step) - to.log(y - step)) / (2 * step), rel=1e-5)
    assert float(to.log(-y)) == pytest.approx(-float(to.log(y)), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 20))
def test_a_confounder_as_strong_as_the_e_value_just_explains(ratio):
    e = float(e_value(ratio))
    assert bounding_factor(e, e) == pytest.approx(max(ratio, 1 / ratio))
    assert float(bias_factor(e)) == pytest.approx(bounding_factor(e, e))


def test_what_has_no_limit_has_no_e_value_of_it():
    assert math.isnan(e_values(2.0).e_limit)
    assert math.isnan(e_values(2.0, high=3.0).e_limit)
    assert e_values(1.2, 0.9, 1.6).e_limit == 1.0


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"estimate": -1.0}, "above 0"),
        ({"estimate": 1.2, "low": 1.3}, "outside its limits"),
        ({"estimate": 0.2, "measure": "MD"}, "no way to a risk ratio"),
        ({"estimate": 1.2, "se": 0.1}, "standardised mean difference"),
    ],
)
def test_impossible_effects_are_refused(typed, message):
    with pytest.raises(ValueError, match=message):
        e_values(**typed)


def test_multi_bias_examples():
    """Vignette "Multiple-bias sensitivity analysis examples" of EValue: HIV and wasting, vitamins and leukaemia.

    Its E-values come from a root finder with a tolerance of about 1e-4.
    """
    assert bias_bound(confounding=(2.3, 2.5), selection=(3, 2)) == pytest.approx(2.269737, abs=5e-7)
    assert bias_bound(confounding=(2, 1.22), misclassification=(1.59,)) == pytest.approx(1.747568, abs=5e-7)
    hiv = [multi_bias_e_value(ratio, misclassification=0) for ratio in (6.75, 2.79)]
    assert hiv == pytest.approx([4.635703, 2.728474], abs=1e-4)
    leukaemia = [multi_bias_e_value(ratio, selection=0, misclassification=2) for ratio in (0.51, 0.89)]
    assert leukaemia == pytest.approx([1.351985, 1.058404], abs=1e-4)


def test_multi_bias_bound_of_the_readme():  # of EValue: 2.386364
    found = bias_bound(confounding=(1.5, 2), selection=(2.5, 1.25), misclassification=(1.75,))
    assert found == pytest.approx(2.386364, abs=5e-7)


def test_selection_in_either_direction():  # tests of EValue: 1.33333 * 1.8 * 2.28571 * 7
    found = bias_bound(confounding=(2, 2), selection=(3, 3, 4, 4), misclassification=(7,))
    assert found == pytest.approx(1.33333 * 1.8 * 2.28571 * 7, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 10), st.sampled_from([0, 2, 4]), st.sampled_from([0, 1, 2]))
def test_biases_all_as_strong_as_the_multi_bias_e_value_just_explain(ratio, selection, misclassification):
    x = multi_bias_e_value(ratio, selection=selection, misclassification=misclassification)
    odds = (x**2,) if misclassification == 2 else (x,) * misclassification
    found = bias_bound(confounding=(x, x), selection=(x,) * selection, misclassification=odds)
    assert found == pytest.approx(max(ratio, 1 / ratio))
    assert x <= float(e_value(ratio)) + 1e-9


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"confounding": (2,)}, "2 risk ratios, not by 1"),
        ({"selection": (2, 2, 2)}, "2 or 4 risk ratios, not by 3"),
        ({"misclassification": (0.5,)}, "1 or above"),
    ],
)
def test_impossible_bounds_are_refused(typed, message):
    with pytest.raises(ValueError, match=message):
        bias_bound(**typed)


def test_share_of_soy_studies_without_confounding():  # vignette: 0.6107838, SE 0.1119729, 0.391321 to 0.8302467
    found = confounded_share(*SOY, math.log(0.9))
    assert (found.share, found.se) == pytest.approx((0.6107838, 0.1119729), abs=2e-4)
    assert (found.ci.low, found.ci.high) == pytest.approx((0.391321, 0.8302467), abs=2e-4)


def test_soy_under_confounding_that_varies():
    """Vignette: bias 1.3 on average, its logarithm with standard deviation 0.2; from the four printed numbers."""
    share = confounded_share(*SOY, math.log(0.9), bias=1.3, bias_sd=0.2)
    assert (share.share, share.se, share.ci.high) == pytest.approx((0.2328057, 0.1494809, 0.5257828), abs=2e-4)
    assert share.ci.low == 0.0
    needed = confounding_needed(*SOY, math.log(0.9), share=0.1, bias_sd=0.2)
    assert needed.bias_factor == pytest.approx(1.4835598, abs=2e-4)
    assert needed.bias_factor_se == pytest.approx(0.2393508, abs=2e-4)
    assert (needed.bias_factor_ci.low, needed.bias_factor_ci.high) == pytest.approx((1.014441, 1.9526787), abs=5e-4)
    assert needed.strength == pytest.approx(2.3305485, abs=5e-4)
    assert needed.strength_se == pytest.approx(0.5172952, abs=5e-4)
    assert (needed.strength_ci.low, needed.strength_ci.high) == pytest.approx((1.316669, 3.3444285), abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-1, 1),
    st.floats(0.01, 0.5),
    st.floats(0.02, 0.9),
    st.sampled_from(["RR", "OR", "HR", "SMD"]),
    st.booleans(),
)
def test_confounding_that_is_needed_leaves_that_share(mu, tau2, share, measure, common):
    q = math.copysign(0.2, mu)
    found = confounding_needed(mu, 0.1, tau2, 0.05, q, share=share, measure=measure, common=common)
    before = share_beyond(mu, 0.1, tau2, None, q).share
    if before <= share:
        assert found.bias_factor == pytest.approx(1.0)
        return
    to = conversion(measure, common)
    brought = to.back(float(to.log(q)) + math.copysign(math.log(found.bias_factor), q))
    assert share_beyond(mu, 0.1, tau2, None, brought).share == pytest.approx(share, abs=1e-9)


def test_no_interval_where_none_can_be_had():
    assert confounding_needed(0.5, 0.1, 0.0, 0.01, 0.2).bias_factor_ci is None
    assert confounding_needed(0.5, 0.1, 0.1, None, 0.2).strength_ci is None
    assert confounding_needed(0.0, 0.1, 0.0001, 0.01, 0.2).strength == 1.0


def test_strength_counted_in_calibrated_effects():
    effects = np.arange(1, 21) / 10.0
    strength = counted_strength(effects, 0.2, share=0.1)
    shift = math.log(float(bias_factor(strength)))
    assert (effects - shift > 0.2 + 1e-9).mean() == 0.1
    assert (effects - shift + 1e-6 > 0.2).mean() > 0.1
    assert counted_strength(-effects, -0.2, share=0.1) == pytest.approx(strength)
    assert counted_strength(effects, 3.0) == 1.0


def test_bias_that_varies_more_than_the_effects_is_refused():
    with pytest.raises(ValueError, match="bias_sd squared below tau2"):
        confounded_share(*SOY, math.log(0.9), bias_sd=0.4)
