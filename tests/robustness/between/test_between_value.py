"""Value of one more study against known figures, and how it must behave."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.robustness.between import expected
from metaan.robustness.between.value import Value, of

means = st.floats(-1.5, 1.5)
errors = st.floats(0.05, 1.0)
spreads = st.floats(0.0, 0.5)
variances = st.floats(0.001, 5.0)


def test_unit_normal_loss():
    # tables of the unit normal loss integral (Raiffa and Schlaifer 1961): 0.39894 at 0, 0.08332 at 1
    assert expected.unit_normal_loss([0.0, 1.0]) == pytest.approx([0.39894, 0.08332], abs=5.1e-6)


@given(st.floats(-4, 4))
def test_unit_normal_loss_on_the_other_side_is_longer_by_the_distance(x):
    # L(-x) = L(x) + x
    assert expected.unit_normal_loss(-x) == pytest.approx(float(expected.unit_normal_loss(x)) + x, abs=1e-12)


@pytest.mark.parametrize(("mean", "se", "threshold"), [(0.3, 0.2, 0.0), (-0.1, 0.5, 0.2), (0.2, 0.1, 0.2)])
def test_the_expected_loss_is_that_of_the_definition(mean, se, threshold):
    """Loss averaged over the true mean: its distance from the threshold where it lies on the other side."""
    true = np.linspace(mean - 10 * se, mean + 10 * se, 200_001)
    density = np.exp(-0.5 * ((true - mean) / se) ** 2) / (se * math.sqrt(2 * math.pi))
    wrong = (true < threshold) if mean >= threshold else (true >= threshold)
    loss = float((np.abs(true - threshold) * wrong * density).sum() * (true[1] - true[0]))
    assert float(expected.perfect_information(mean, se, threshold)) == pytest.approx(loss, abs=1e-6)


def test_nothing_unknown_is_worth_nothing():
    assert float(expected.perfect_information(0.3, 0.0, 0.0)) == 0


@settings(max_examples=40)
@given(means, errors, spreads, variances, means)
def test_a_study_is_worth_no_more_than_certainty_and_a_larger_one_no_less(mean, se, tau2, v, threshold):
    evpi = float(expected.perfect_information(mean, se, threshold))
    small, large, largest = expected.sample_information(mean, se, tau2, [2 * v, v, 0.0], threshold)
    assert -1e-12 <= small <= large + 1e-12
    assert large <= largest + 1e-12
    assert largest <= evpi + 1e-12
    if tau2 == 0:
        assert largest == pytest.approx(evpi, abs=1e-12)


@pytest.mark.parametrize(
    ("mean", "se", "tau2", "v", "threshold"), [(0.25, 0.2, 0.05, 0.02, 0.0), (-0.1, 0.3, 0, 0.05, 0.1)]
)
def test_chance_and_worth_against_studies_drawn_one_by_one(mean, se, tau2, v, threshold):
    """The present mean and a new estimate pooled by their precisions, 200,000 times."""
    draw = np.random.default_rng(20261122)
    new = draw.normal(mean, math.sqrt(se**2 + tau2 + v), 200_000)
    after = 1 / math.sqrt(1 / se**2 + 1 / (tau2 + v))
    pooled = after**2 * (mean / se**2 + new / (tau2 + v))
    settled = np.mean(np.abs(pooled - threshold) > 1.96 * after)
    assert float(expected.chance_to_settle(mean, se, tau2, v, threshold, 1.96)) == pytest.approx(settled, abs=0.004)
    gain = np.mean(np.maximum(pooled - threshold, 0)) - max(mean - threshold, 0)  # act where it pays, against now
    assert float(expected.sample_information(mean, se, tau2, v, threshold)) == pytest.approx(gain, abs=0.001)
    assert float(expected.se_after(se, tau2, v)) == pytest.approx(after)


@given(errors, spreads, variances, st.integers(1, 20))
def test_precisions_add(se, tau2, v, studies):
    after = float(expected.se_after(se, tau2, v, studies))
    assert 1 / after**2 == pytest.approx(1 / se**2 + studies / (tau2 + v), rel=1e-9)


@settings(max_examples=30)
@given(st.floats(-1.9, 1.9), errors, spreads, st.floats(0.1, 0.9))
def test_the_smallest_study_has_the_chance_and_one_much_smaller_has_not(z, se, tau2, chance):
    found = expected.smallest_variance(z * se, se, tau2, 0.0, 1.96, chance)
    limit = float(expected.chance_to_settle(z * se, se, tau2, 0.0, 0.0, 1.96))
    if found is None:
        assert limit < chance + 1e-4
    else:
        assert float(expected.chance_to_settle(z * se, se, tau2, found, 0.0, 1.96)) == pytest.approx(chance, abs=1e-6)
        assert float(expected.chance_to_settle(z * se, se, tau2, 1.1 * found, 0.0, 1.96)) < chance


def test_where_studies_differ_their_number_counts():
    told = {"mean": 0.1, "se": 0.3, "tau2": 0.2, "threshold": 0.0, "chance": 0.8}
    assert expected.smallest_variance(critical=1.96, **told) is None
    n = expected.studies_to_settle(v=0.0, k=2, level=0.95, t=False, **told)
    chances = expected.chance_to_settle(0.1, 0.3, 0.2, 0.0, 0.0, 1.959964, [n - 1, n])
    assert chances[0] < 0.8 <= chances[1]
    assert expected.studies_to_settle(v=0.0, k=2, level=0.95, t=True, **told) >= n
    assert expected.studies_to_settle(0.0, 0.1, 50.0, 0.0, 0.0, 2, 0.95, t=False, chance=0.8) is None


def test_quantiles_after_the_study():
    assert expected.critical([3, 5], 0.95, t=True) == pytest.approx([4.302653, 2.776445], abs=1e-6)
    assert expected.critical([3, 5], 0.95, t=False) == pytest.approx([1.959964, 1.959964], abs=1e-6)


def test_passive_smoking():
    found = of(bundled("passive-smoking", "lung-cancer"))
    prospective, case_control = found.strata
    assert (prospective.unit, prospective.sizes) == ("studies", (1, 2, 5, 10, 20))
    assert prospective.remark == "women are not counted in all of the prospective studies"
    no_effect, matters = prospective.targets
    assert (no_effect.name, no_effect.value, no_effect.now) == ("no effect", 0.0, False)
    assert (matters.value, matters.now) == (math.log(1.25), False)
    # 0.0923 L(0.2317 / 0.0923) and 0.0923 L(0.0086 / 0.0923)
    assert no_effect.evpi == pytest.approx(0.00018, abs=1e-5)
    assert matters.evpi == pytest.approx(0.0327, abs=1e-4)
    assert no_effect.limit == pytest.approx(100)  # no spread between the four: one study could be large enough
    assert no_effect.chance[1] < 80 < no_effect.chance[2]
    assert 2 < no_effect.smallest <= 5
    assert no_effect.studies == 1
    weaker = case_control.targets[0]
    assert weaker.now
    assert (weaker.smallest, weaker.studies) == (None, None)
    assert min(weaker.chance) > 99


def test_people_where_they_are_counted():
    found = of(bundled("nk-cells", "ivig"))
    trials = found.strata[0]
    assert (trials.unit, trials.sizes) == ("people", (50, 100, 200, 500, 1000))
    assert trials.se_alone[0] == pytest.approx(math.sqrt(trials.variance / 50))
    target = trials.targets[0]
    assert target.smallest is None
    assert target.limit < 80
    assert target.studies > 1
    assert list(target.chance) == sorted(target.chance)


def test_sizes_and_power_of_the_protocol():
    told = {"value": {"people": [400, 100], "power": 0.5}}
    strata = synthesis("prospective", [0.1, 0.3, 0.2], [0.1, 0.2, 0.15], people=[80, 40, 60])
    weaker = synthesis("case_control", [0.1, 0.3, 0.2], [0.1, 0.2, 0.15], people=[80, 40, 60])
    found = of(made(strata, weaker, settings=told))
    assert found.strata[0].sizes == (100, 400)
    assert found.strata[1].sizes == (100, 200, 500, 1000, 2000)
    assert found.power == 0.5
    assert found.strata[0].variance == pytest.approx(8.0)  # 80 x 0.1, 40 x 0.2, 60 x 0.15 = 8, 8, 9
    assert found.strata[0].se_alone == pytest.approx((math.sqrt(0.08), math.sqrt(0.02)))


def test_a_larger_wanted_chance_takes_a_larger_study():
    strata = synthesis("prospective", [0.2, 0.21, 0.2], [0.1, 0.2, 0.15], people=[80, 40, 60])
    least = [of(made(strata, settings={"value": {"power": p}})).strata[0].targets[0].smallest for p in (0.5, 0.8, 0.9)]
    assert least[0] < least[1] < least[2]


def test_with_two_studies_the_interval_that_counts_is_not_the_one_drawn():
    # Wald leaves out no effect; modified Knapp-Hartung, printed beside it, does not
    both = bundled("nk-cells", "uterine-rm").strata[1]
    assert both.pooled.ci.low > 0 > both.also["mKH"].low
    found = of(bundled("nk-cells", "uterine-rm")).strata[1]
    assert (found.ci, found.targets[0].now) == (both.also["mKH"], False)


def test_one_study_gives_precision_and_no_chance():
    only = of(bundled("nk-cells", "uterine-rm")).strata[0]
    assert (only.k, only.tau2, only.targets, only.se_after) == (1, None, (), ())
    assert only.remark == "one study shows no spread between studies, so no chance is given"
    # 51 women, v 0.0856: 4.367 for one
    assert only.se_alone[0] == pytest.approx(only.se * math.sqrt(51 / only.sizes[0]))


def test_without_a_stronger_design_the_reason_is_given():
    smd = of(bundled("nk-cells", "uterine-rif"))
    assert smd.startswith("cannot be computed, as there is no prospective study in the main pool; a first one of 200 ")
    assert smd.endswith("within ± 0.28")  # 1.96 sqrt(4 / 200)
    ratio = of(made(synthesis("case_control", [0.1, 0.2, 0.4], [0.1, 0.2, 0.1])))
    assert ratio.endswith("depends on how many would have the outcome, which is not known")
    assert "no trial" in of(made(synthesis("treatment_cohort", [0.1, 0.2], [0.1, 0.2]), kind="treatment"))


def test_it_goes_to_plain_data_and_back():
    for case in (bundled("passive-smoking", "lung-cancer"), bundled("nk-cells", "uterine-rm")):
        found = of(case)
        assert Value.from_dict(found.to_dict()) == found


def test_swapping_the_groups_changes_no_chance():
    y, v = [0.2, 0.5, 0.1], [0.1, 0.2, 0.15]
    one, other = (of(made(synthesis("prospective", [sign * x for x in y], v))).strata[0] for sign in (1, -1))
    for a, b in zip(one.targets, other.targets, strict=True):
        assert a.chance == pytest.approx(b.chance)
        assert (a.smallest, a.studies) == (b.smallest, b.studies)
        assert a.evpi == pytest.approx(b.evpi)
