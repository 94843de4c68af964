"""Correction for people in the wrong group: published tables, the variance against others, what counts rule out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.effects.binary import log_odds_ratio, log_risk_ratio
from metaan.pooling.pool import pool
from metaan.robustness.between import misclassified
from metaan.robustness.between.misclassified import Misclassified, corrected_counts, corrected_ratio

Z = 1.959963984540054
RANGES = {"sensitivity": [0.8, 0.95], "specificity": [0.9, 0.99], "source": "made up"}
TABLES = [(30, 20, 18, 32), (25, 25, 15, 35), (40, 22, 31, 50)]


def typed(tables):
    names = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
    return [{"form": "two_by_two", **dict(zip(names, map(str, table), strict=True))} for table in tables]


def stratum(name, tables, measure="OR", **more):
    y, v = {"OR": log_odds_ratio, "RR": log_risk_ratio}[measure](*np.array(tables, float).T)
    return synthesis(name, y, v, measure=measure, values=typed(tables), **more)


def printed(found):
    half = Z * math.sqrt(float(found.v))
    return [math.exp(end) for end in (found.y, found.y - half, found.y + half)]


def test_smoking_and_invasive_pneumococcal_disease():
    # Chu et al. 2006, Ann Epidemiol 16:834; to these digits printed by the R package episensr (misclass, version 1.3)
    found = corrected_ratio(126, 71, 92, 224, 0.94, 0.97)
    assert printed(found) == pytest.approx([5.024508, 3.282534, 7.690912], abs=5e-7)
    assert printed(corrected_ratio(126, 71, 92, 224, 1, 1)) == pytest.approx([4.320882, 2.958402, 6.310846], abs=5e-7)


def test_smoking_in_pregnancy_and_breast_cancer():
    # Fink and Lash 2003, Cancer Causes Control 14:497, as worked in Lash, Fox and Fink 2009 and in tests of episensr
    counts = (215, 668, 1449, 4296, 0.78, 0.99)
    assert printed(corrected_ratio(*counts)) == pytest.approx([0.9491, 0.7896, 1.1408], abs=1e-4)
    assert printed(corrected_ratio(*counts, "RR"))[0] == pytest.approx(0.9614, abs=1e-4)


@pytest.mark.parametrize(("measure", "ratio"), [("OR", log_odds_ratio), ("RR", log_risk_ratio)])
def test_a_perfect_classification_changes_nothing(measure, ratio):
    tables = np.array([*TABLES, (0, 40, 5, 35)], float).T
    same, found = ratio(*tables), corrected_ratio(*tables, 1.0, 1.0, measure)
    assert found.y == pytest.approx(same.y)
    assert found.v == pytest.approx(same.v)


@settings(max_examples=40, deadline=None)
@given(
    cells=st.tuples(*[st.floats(5, 500)] * 4),
    se=st.floats(0.55, 1.0),
    sp=st.floats(0.55, 1.0),
    measure=st.sampled_from(["OR", "RR"]),
)
def test_a_table_that_was_misclassified_as_expected_is_found_again(cells, se, sp, measure):
    a, b, c, d = cells
    seen = (a * se + c * (1 - sp), b * se + d * (1 - sp), a * (1 - se) + c * sp, b * (1 - se) + d * sp)
    assert np.allclose(corrected_counts(seen[0], seen[2], se, sp), (a, c))
    true, found = (corrected_ratio(*counts, s, t, measure) for counts, s, t in ((cells, 1, 1), (seen, se, sp)))
    assert float(found.y) == pytest.approx(float(true.y), abs=1e-8)
    observed = corrected_ratio(*seen, 1, 1, "OR")
    assert abs(observed.y) <= abs(corrected_ratio(*cells, 1, 1, "OR").y) + 1e-9  # towards no effect


@pytest.mark.parametrize("measure", ["OR", "RR"])
def test_the_variance_agrees_with_a_simulation(measure):
    rng = np.random.default_rng(1988)
    counts = np.array([420.0, 380.0, 520.0, 1180.0])
    drawn = rng.multinomial(2500, counts / 2500, size=200_000).T
    found = corrected_ratio(*drawn, 0.85, 0.9, measure)
    assert np.isfinite(found.y).all()
    assert found.y.var() == pytest.approx(float(corrected_ratio(*counts, 0.85, 0.9, measure).v), rel=0.02)


def test_counts_that_could_not_have_come_about_give_nothing():
    # with a specificity of 0.8 a fifth of those without the factor seem to have it; here it is a tenth of all
    found = corrected_ratio([10, 40], [10, 10], [90, 60], [90, 90], 0.9, 0.8)
    assert np.isnan(found.y).all()
    assert np.isnan(found.v).all()
    assert corrected_counts(10, 90, 0.9, 0.8)[0] < 0


@pytest.mark.parametrize(("se", "sp"), [(0.5, 0.5), (0.0, 1.0), (1.1, 0.9), (0.9, -0.1)])
def test_a_classification_no_better_than_chance_is_refused(se, sp):
    with pytest.raises(ValueError, match="sensitivity and specificity"):
        corrected_ratio(10, 20, 30, 40, se, sp)


def test_other_measures_and_negative_counts_are_refused():
    with pytest.raises(ValueError, match="measure"):
        corrected_ratio(10, 20, 30, 40, 0.9, 0.9, "RD")
    with pytest.raises(ValueError, match="not negative"):
        corrected_ratio(-1, 20, 30, 40, 0.9, 0.9)


@pytest.mark.parametrize("measure", ["OR", "RR"])
def test_each_corner_is_pooled_by_the_model_of_the_analysis(measure):
    found = misclassified.of(made(stratum("prospective", TABLES, measure), settings={"misclassified": RANGES}))
    (each,) = found.strata
    assert [(c.sensitivity, c.specificity) for c in each.corners] == [
        (0.95, 0.99),
        (0.95, 0.9),
        (pytest.approx(0.875), pytest.approx(0.945)),
        (0.8, 0.99),
        (0.8, 0.9),
    ]
    for corner in each.corners:
        study = corrected_ratio(*np.array(TABLES, float).T, corner.sensitivity, corner.specificity, measure)
        again = pool(study.y, study.v)
        assert (corner.estimate, corner.ci.low) == pytest.approx((again.estimate, again.ci.low))
    assert each.lowest == pytest.approx(each.corners[0].estimate)
    assert each.highest == pytest.approx(each.corners[-1].estimate)
    assert each.reach.high >= max(corner.ci.high for corner in each.corners) - 1e-12
    assert each.impossible == 0
    assert each.impossible_by == {}
    assert Misclassified.from_dict(found.to_dict()).to_dict() == found.to_dict()


def test_what_counts_rule_out_is_counted_and_named():
    ranges = {"sensitivity": [0.9, 0.9], "specificity": [0.8, 1.0], "source": "made up"}
    few = [*TABLES, (10, 10, 90, 90)]  # 10 of 100 seen with the factor: specificity above 0.9
    found = misclassified.of(made(stratum("case_control", few), settings={"misclassified": ranges}))
    (each,) = found.strata
    assert each.impossible == pytest.approx(6 / 11)
    assert each.impossible_by == {"Ca3 2001": pytest.approx(6 / 11)}
    assert [corner.ci is None for corner in each.corners] == [False, True, True]
    assert each.corners[-1].impossible_in == ("Ca3 2001",)
    assert math.isnan(each.corners[-1].estimate)
    never = {"sensitivity": [0.9, 0.9], "specificity": [0.8, 0.8], "source": "made up"}
    (each,) = misclassified.of(made(stratum("case_control", few), settings={"misclassified": never})).strata
    assert each.impossible == 1
    assert each.reach is None
    assert math.isnan(each.lowest)


def test_one_study_is_corrected_too():
    found = misclassified.of(made(stratum("case_control", TABLES[:1]), settings={"misclassified": RANGES}))
    corner = found.strata[0].corners[0]
    study = corrected_ratio(*TABLES[0], 0.95, 0.99)
    assert (corner.estimate, corner.ci.high) == pytest.approx((float(study.y), float(study.y + Z * study.v**0.5)))


def test_a_stratum_with_a_study_without_counts_is_not_corrected():
    y, v = log_odds_ratio(*np.array(TABLES, float).T)
    ratio = {"form": "ratio"}
    part = synthesis("case_control", y, v, values=[*typed(TABLES[:2]), ratio])
    whole = stratum("prospective", TABLES)
    found = misclassified.of(made(whole, part, settings={"misclassified": RANGES}))
    assert found.not_corrected == {"case_control": "Ca2 2001 gives no counts of a 2×2 table"}
    assert [each.stratum for each in found.strata] == ["prospective"]
    other = synthesis("case_control", y + 0.2, v, values=typed(TABLES))  # adjusted ratios beside crude counts
    assert misclassified.of(made(other, settings={"misclassified": RANGES})) == (
        "no study gives the counts of a 2×2 table"
    )


def test_a_treatment_is_not_measured():
    trial = made(stratum("trial", TABLES), settings={"misclassified": RANGES}, kind="treatment")
    assert misclassified.of(trial) == "a treatment is given, not measured"


def test_without_ranges_nothing_is_corrected():
    assert misclassified.of(bundled("passive-smoking", "lung-cancer")) == (
        "the protocol states no sensitivity and specificity"
    )
    printed_ratios = made(
        synthesis("case_control", [0.2, 0.3], [0.1, 0.1], measure="SMD"), settings={"misclassified": RANGES}
    )
    assert misclassified.of(printed_ratios) == "only odds ratios and risk ratios are corrected, from counts"
