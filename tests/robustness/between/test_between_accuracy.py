"""A marker as a test of the outcome to come."""

import math

import pytest
from hypothesis import given as tried
from hypothesis import settings
from hypothesis import strategies as st

from between_cases import bundled
from cutoff_cases import marker
from metaan.pooling.accuracy.bivariate import pool_accuracy
from metaan.robustness.between.accuracy import of
from metaan.robustness.between.cutoff_tables import CutOffAccuracy, cutoff_table, predictive_values
from metaan.robustness.between.published import ACCURACY, published
from metaan.terms.records import Interval

AMES = ("Ames", "prospective", "10", 40, 10, 20, 80)
AMES_20 = ("Ames", "prospective", "20", 25, 25, 8, 92)
BELL = ("Bell", "prospective", "10", 30, 8, 25, 60)
BELL_15 = ("Bell", "prospective", "15", 24, 14, 12, 73)
COLE = ("Cole", "prospective", "20", 10, 12, 3, 50)
DUNN = ("Dunn", "case_control", "12", 45, 5, 6, 44)


def test_blood_activity_is_aoki_alone():  # 17 of 24 women with high activity and 9 of 44 others lost the pregnancy
    found = of(bundled("nk-cells", "blood-activity"))
    (aoki,) = found.studies
    assert (aoki.tp, aoki.fp, aoki.fn, aoki.tn) == (17, 7, 9, 35)
    assert (aoki.label, aoki.cutoff) == ("Aoki 1995", "≥ 42.0")
    assert (round(aoki.sensitivity, 3), round(aoki.specificity, 3)) == (0.654, 0.833)
    assert found.pooled is None
    assert found.not_pooled == "1 prospective study gives counts: not pooled"
    assert found.not_modelled.startswith("one cut-off a study")
    assert found.without == ("Yamada 2003", "Ebina 2017", "Katano 2013", "Morikawa 2001", "Yamada 2001")
    assert found.outcome == "loss of the next pregnancy"


def test_at_its_own_risk_a_study_gives_back_its_own_risks():
    (only,) = of(bundled("nk-cells", "blood-activity")).predicted
    assert (only.after_high, only.after_low) == pytest.approx((17 / 24, 9 / 44))
    assert only.before == pytest.approx(26 / 68)
    assert only.source == "Aoki 1995 itself, 26 of 68"


def test_exact_limits():  # 17 of 26 and 35 of 42; scipy.stats.binomtest, exact
    from scipy.stats import binomtest

    found = cutoff_table(17, 9, 7, 35)
    for ci, events, people in ((found.sensitivity_ci, 17, 26), (found.specificity_ci, 35, 42)):
        known = binomtest(events, people).proportion_ci(0.95, "exact")
        assert (ci.low, ci.high) == pytest.approx((known.low, known.high))


def test_two_gates_are_shown_apart_and_penalised():
    found = of(marker([AMES, DUNN]))
    assert [study.label for study in found.studies] == ["Ames 2001"]
    (gate,) = found.two_gate
    assert gate.log_dor == pytest.approx(math.log(45 * 44 / (5 * 6)))
    assert gate.penalised == pytest.approx(gate.log_dor - math.log(3.0))
    variance = 1 / 45 + 1 / 5 + 1 / 6 + 1 / 44 + (math.log(4.5 / 2.0) / 2 / 1.959964) ** 2
    assert gate.penalised_ci.high == pytest.approx(gate.penalised + 1.959964 * math.sqrt(variance))
    assert found.penalty == published("prospective", "case_control", ACCURACY)[0]
    assert found.studies[0].penalised is None


def test_the_penalty_of_the_protocol_counts():
    own = {"weaker": "case_control", "stronger": "prospective", "ratio": 2.0, "low": 1.5, "high": 2.7, "source": "ours"}
    (gate,) = of(marker([AMES, DUNN], settings={"accuracy": {"two_gate": own}})).two_gate
    assert gate.penalised == pytest.approx(gate.log_dor - math.log(2.0))


def test_three_studies_are_pooled_as_the_bivariate_model_does():
    found = of(marker([AMES, BELL, COLE]))
    known = pool_accuracy([40, 30, 10], [10, 8, 12], [20, 25, 3], [80, 60, 50])
    assert (found.pooled.sensitivity, found.pooled.specificity) == (known.sensitivity, known.specificity)
    assert found.pooled.sensitivity_ci == known.sensitivity_ci
    (only,) = found.predicted
    assert (only.label, only.source) == ("pooled", "these studies together, 110 of 348")
    odds = 110 / 238 * known.positive_lr
    assert only.after_high == pytest.approx(odds / (1 + odds))


def test_two_studies_stay_apart():
    found = of(marker([AMES, BELL]))
    assert found.pooled is None
    assert [each.label for each in found.predicted] == ["Ames 2001", "Bell 2001"]


def test_risks_of_the_protocol_are_used_with_their_source():
    risks = [{"value": 0.1, "source": "register"}, {"value": 0.02, "source": "healthy"}]
    found = of(marker([AMES], settings={"accuracy": {"baseline_risks": risks}}))
    assert [(each.before, each.source) for each in found.predicted] == [(0.1, "register"), (0.02, "healthy")]
    assert found.predicted[0].after_high == pytest.approx(0.1 * 0.8 / (0.1 * 0.8 + 0.9 * 0.2))
    assert found.predicted[0].after_low == pytest.approx(0.1 * 0.2 / (0.1 * 0.2 + 0.9 * 0.8))


def test_other_cutoffs_of_a_study_are_not_counted_twice():
    found = of(marker([AMES, AMES_20, BELL]))
    assert [study.cutoff for study in found.studies] == ["> 10", "> 10"]
    assert [study.cutoff for study in found.further] == ["> 20"]
    assert found.not_modelled == "too few studies with several cut-offs for a model over cut-offs"


@pytest.mark.parametrize(
    "change", [{"subgroup": "men"}, {"timepoint": "later"}, {"outcome": "headache_history"}, {"cutoff_value": "10"}]
)
def test_a_row_on_something_else_is_not_another_cutoff(change):
    assert of(marker([AMES, (*AMES_20, change), BELL])).further == ()


def test_a_study_whose_main_row_gives_no_counts_is_named():
    lacking = ("Dale", "prospective", "10", None, None, None, None, {"form": "direction_only"})
    assert of(marker([AMES, lacking])).without == ("Dale 2001",)


def test_several_cutoffs_are_modelled():
    found = of(marker([AMES, AMES_20, BELL, BELL_15, COLE]))
    assert found.not_modelled == ""
    assert (found.model.k, found.model.rows, found.model.log_cutoff) == (3, 5, True)
    assert found.model.residual >= 1.0
    assert [each.cutoff for each in found.at] == [10, 15, 20]
    assert found.at[0].sensitivity > found.at[1].sensitivity > found.at[2].sensitivity


def test_a_low_value_as_the_test_is_turned_round():
    tables = [AMES, AMES_20, BELL, BELL_15, COLE]
    below = [
        (study, stratum, cutoff, fn, tp, tn, fp, {"cutoff_direction": "below"})
        for study, stratum, cutoff, tp, fn, fp, tn in tables
    ]
    high, low = of(marker(tables)), of(marker(below))
    assert low.studies[0].cutoff == "< 10"
    for one, other in zip(high.at, low.at, strict=True):
        assert other.sensitivity == pytest.approx(1 - one.sensitivity)
        assert other.specificity_ci.low == pytest.approx(1 - one.specificity_ci.high)


@pytest.mark.parametrize("change", [{"cutoff_direction": "below"}, {"cutoff_value": "median"}])
def test_cutoffs_on_two_scales_or_sides_are_not_modelled(change):
    found = of(marker([AMES, AMES_20, BELL, BELL_15, (*COLE, change)]))
    assert found.model is None
    assert found.not_modelled == "cut-offs are not numbers on one scale and one side"


def test_only_markers_are_tests():
    assert of(marker([AMES], kind="exposure")) == "not a marker, so nothing that could serve as a test"


def test_case_control_studies_alone_are_no_test_of_the_outcome_to_come():
    assert of(marker([DUNN])) == "no prospective study gives the counts above and below a cut-off"


def test_a_zero_cell_still_gives_an_odds_ratio():
    found = cutoff_table(10, 0, 3, 20)
    assert (found.sensitivity, found.sensitivity_ci.high) == (1.0, 1.0)
    assert found.log_dor == pytest.approx(math.log(10.5 * 20.5 / (0.5 * 3.5)))


@pytest.mark.parametrize("counts", [(0, 0, 3, 20), (1, 2, 0, 0), (-1, 2, 3, 4)])
def test_counts_that_cannot_be_used_are_refused(counts):
    with pytest.raises(ValueError, match="counts must not be negative"):
        cutoff_table(*counts)


@settings(max_examples=30, deadline=None)
@tried(st.tuples(*[st.integers(1, 500)] * 4), st.floats(0.01, 0.99))
def test_predictive_values_follow_bayes(counts, before):
    tp, fn, fp, tn = counts
    sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
    up, down = sensitivity / (1 - specificity), (1 - sensitivity) / specificity
    high, high_ci, low, _ = predictive_values(before, up, Interval(up / 2, up * 2), down, Interval(down / 2, down * 2))
    whole = before * sensitivity + (1 - before) * (1 - specificity)
    assert high == pytest.approx(before * sensitivity / whole)
    assert low == pytest.approx(before * (1 - sensitivity) / (1 - whole))
    assert high_ci.low < high < high_ci.high


def test_a_certain_outcome_has_no_predictive_value():
    with pytest.raises(ValueError, match="between 0 and 1"):
        predictive_values(1.0, 2.0, Interval(1, 3), 0.5, Interval(0.2, 0.9))


def test_the_record_survives_json():
    found = of(marker([AMES, AMES_20, BELL, BELL_15, COLE, DUNN]))
    assert CutOffAccuracy.from_dict(found.to_dict()) == found
