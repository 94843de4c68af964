"""Published ratios between designs."""

import math

import pytest

from metaan.robustness.between.published import ACCURACY, published


def figures(found):
    return [(each.label, round(each.ratio, 2), round(each.low, 2), round(each.high, 2)) for each in found]


def test_cohort_to_case_control_is_turned_round():
    """Golder 2013: 0.94 (0.87 to 1.01), n = 64; Lanza 2016: 0.97 (0.86-1.09), 23 meta-analyses."""
    found = published("prospective", "case_control")
    assert figures(found) == [("Golder 2013", 1.06, 0.99, 1.15), ("Lanza 2016", 1.03, 0.92, 1.16)]
    assert 1 / found[0].ratio == pytest.approx(0.94)
    assert (1 / found[0].high, 1 / found[0].low) == pytest.approx((0.87, 1.01))
    assert found[0].topics == 64
    assert found[1].topics == 23
    assert found[0].printed == "ratio of odds ratios, cohort ÷ case-control, 0.94 (0.87 to 1.01)"


def test_trials_to_observational_studies():  # Golder 2011, PLoS Med 8:e1001026: 1.03 (0.93-1.15), 58 meta-analyses
    (found,) = published("trial", "treatment_cohort")
    assert (1 / found.ratio, 1 / found.high, 1 / found.low) == pytest.approx((1.03, 0.93, 1.15))
    assert found.topics == 58


def test_two_groups_to_one_clinical_population():  # Lijmer 1999: RDOR 3.0 (2.0-4.5)
    assert figures(published("prospective", "case_control", ACCURACY)) == [("Lijmer 1999", 3.0, 2.0, 4.5)]


def test_nothing_is_known_of_other_pairs():
    assert published("trial", "cross_sectional") == ()


def test_entries_of_the_protocol_come_first_and_only_for_their_pair():
    own = {"weaker": "case_control", "stronger": "prospective", "ratio": 1.4, "low": 1.1, "high": 1.8, "source": "ours"}
    found = published("prospective", "case_control", own=[own])
    assert [each.label for each in found] == ["ours", "Golder 2013", "Lanza 2016"]
    assert (found[0].ratio, found[0].topics) == (1.4, None)
    assert published("trial", "case_control", own=[own]) == ()


def test_limits_give_the_standard_error():
    found = published("prospective", "case_control")[0]
    assert found.estimate == pytest.approx(-math.log(0.94))
    assert found.se == pytest.approx((math.log(1.01) - math.log(0.87)) / 2 / 1.96, rel=1e-4)


def test_larger_means_further_from_no_effect():
    found = published("prospective", "case_control")[0]
    assert found.away_from(0.3) is found
    turned = found.away_from(-0.3)
    assert (turned.ratio, turned.low, turned.high) == pytest.approx((0.94, 0.87, 1.01))
    assert turned.printed.endswith("turned round, for effects below 1")


def test_a_ratio_outside_its_limits_is_refused():
    own = {"weaker": "case_control", "stronger": "prospective", "ratio": 2.0, "low": 1.1, "high": 1.8, "source": "ours"}
    with pytest.raises(ValueError, match="between its limits"):
        published("prospective", "case_control", own=[own])
