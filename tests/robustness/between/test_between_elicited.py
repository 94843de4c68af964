"""Biases that reviewers expect in each study: sums, products, several assessors, and the sheet Bias."""

import math

import numpy as np
import pytest

from between_cases import made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between import bias
from metaan.robustness.between.elicited import (
    of_assessors,
    of_range,
    total_additive,
    total_proportional,
    without_bias,
)

STRONG = synthesis("prospective", [0.1, 0.2, 0.3], [0.02, 0.03, 0.04])
WEAK = synthesis("case_control", [0.2, 0.5, 0.9], [0.05, 0.04, 0.08])
PARTS = {
    "additive": (0.1, 0.01),
    "factor": (1.25, 0.0625),
    "external_additive": (0.05, 0.0025),
    "external_factor": (0.8, 0.04),
}


def row(study="Ca1", kind="additive", mean=0.1, sd=0.1, who="AR", name="recall", analysis=""):
    named = {"study_id": study, "analysis": analysis, "kind": kind, "bias": name, "who": who, "reason": "seen"}
    return {**named, "mean": mean, "sd": sd}


def expected(*rows, strata=(STRONG, WEAK)):
    return bias.of(made(*strata, rows={"Bias": list(rows)})).elicited


def test_all_four_kinds_worked_by_hand():
    # Turner et al. 2009: (0.5 - 0.1 - 1.25 * 0.05) / (1.25 * 0.8) = 0.3375, and of the variance
    # 1.625 * (0.04 * 0.3375^2 + 0.0025) + 0.0625 * 0.32^2 + 0.01 + 0.04 = 0.01146640625 + 0.0064 + 0.05
    found = without_bias(0.5, 0.04, **PARTS)
    assert (float(found.y), float(found.v)) == pytest.approx((0.3375, 0.06786640625), rel=1e-12)


def test_the_variance_is_that_of_a_study_of_the_adjusted_effect():
    found = without_bias(0.5, 0.04, **PARTS)
    rng = np.random.default_rng(2009)
    part = {name: rng.normal(mean, math.sqrt(var), 400_000) for name, (mean, var) in PARTS.items()}
    inside = part["external_factor"] * float(found.y) + part["external_additive"]
    study = part["factor"] * inside + part["additive"] + rng.normal(0, 0.2, 400_000)
    assert study.mean() == pytest.approx(0.5, abs=2e-3)
    assert study.var() / (1.25 * 0.8) ** 2 == pytest.approx(float(found.v), rel=0.01)


def test_without_biases_nothing_changes_and_batches_are_allowed():
    y, v = np.array([[0.1, -0.4], [0.0, 2.0]]), np.array([[0.1, 0.2], [0.3, 0.4]])
    found = without_bias(y, v)
    assert np.array_equal(found.y, y)
    assert np.array_equal(found.v, v)
    shifted = without_bias(y, v, additive=(np.array([0.1, 0.2]), 0.01))
    assert np.allclose(shifted.y, y - [0.1, 0.2])
    assert np.allclose(shifted.v, v + 0.01)


def test_additive_biases_add_up():
    assert total_additive([0.1, -0.3], [0.3, 0.4]) == pytest.approx((-0.2, 0.25))


def test_a_product_of_factors_is_that_of_log_normal_ones():
    # two ranges as Turner et al. treat them: sums on the log scale, then mean and variance of a log-normal factor
    logs = [of_range(0.5, 0.9), of_range(1.0, 1.25)]
    mu, s2 = sum(m for m, _ in logs), sum(s**2 for _, s in logs)
    means = [math.exp(m + s**2 / 2) for m, s in logs]
    sds = [math.exp(m + s**2 / 2) * math.sqrt(math.expm1(s**2)) for m, s in logs]
    found = total_proportional(means, sds)
    assert found.mean == pytest.approx(math.exp(mu + s2 / 2))
    assert found.variance == pytest.approx(math.exp(2 * mu + s2) * math.expm1(s2))


def test_a_range_gives_the_middle_and_half_the_width_of_its_logarithms():
    assert of_range(0.8, 1.25) == pytest.approx((0.0, math.log(1.25)))


def test_assessors_are_pooled_by_medians():
    assert of_assessors([0.1, 0.9, 0.2, 0.3], [0.2, 0.1, 0.4, 0.9]) == pytest.approx((0.25, 0.3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: total_proportional([1.2, 0.0], [0.1, 0.1]),
        lambda: total_additive([0.1], [-0.1]),
        lambda: total_additive([0.1, 0.2], [0.1]),
        lambda: without_bias(0.1, 0.1, factor=(-1.0, 0.0)),
        lambda: without_bias(0.1, -0.1),
        lambda: without_bias(0.1, 0.1, additive=(math.nan, 0.0)),
        lambda: of_range(0.0, 1.0),
        lambda: of_range(1.2, 1.0),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(ValueError, match=r"above zero|not negative|negative|finite|each bias"):
        call()


def test_one_typed_bias_moves_one_study_of_its_stratum():
    (found,) = expected(row(mean=0.1, sd=0.3))
    (study,) = found.studies
    assert (found.stratum, found.k, found.assessors) == ("case_control", 3, ("AR",))
    assert (study.study_id, study.y, study.v, study.biases) == ("Ca1", 0.5, 0.04, 1)
    assert (study.y_adjusted, study.v_adjusted) == pytest.approx((0.4, 0.13))
    own = pool([0.2, 0.4, 0.9], [0.05, 0.13, 0.08])
    assert (found.estimate, found.ci.low) == pytest.approx((own.estimate, own.ci.low))
    assert (found.before, found.before_ci) == (WEAK.pooled.estimate, WEAK.pooled.ci)


def test_biases_of_one_assessor_add_and_multiply():
    rows = [row(), row(name="selection", mean=0.05, sd=0), row(kind="proportional", name="blinding", mean=1.25, sd=0)]
    ((study,),) = [found.studies for found in expected(*rows)]
    assert (study.y_adjusted, study.v_adjusted) == pytest.approx((0.35 / 1.25, (0.04 + 0.01) / 1.25**2))


def test_an_external_bias_stands_inside_the_internal_factor():
    rows = [row(kind="proportional", mean=1.25, sd=0), row(name="External: younger women", mean=0.1, sd=0)]
    ((study,),) = [found.studies for found in expected(*rows)]
    assert study.y_adjusted == pytest.approx((0.5 - 1.25 * 0.1) / 1.25)


def test_several_assessors_count_by_their_medians():
    rows = [row(mean=0.1, sd=0), row(mean=0.3, sd=0.3, who="ZB"), row(mean=0.2, sd=0.4, who="CD")]
    ((study,),) = [found.studies for found in expected(*rows)]
    assert study.assessors == ("AR", "ZB", "CD")
    assert study.y_adjusted == pytest.approx(0.3)
    assert study.v_adjusted == pytest.approx(0.04 + 0.3**2)


def test_rows_of_another_analysis_do_not_count():
    assert expected(row(analysis="tea-headache"), row(analysis="other"))[0].studies[0].biases == 1
    assert expected(row(analysis="other")) == ()


def test_a_stronger_study_may_have_biases_too_and_a_mean_difference_as_well():
    strong, weak = expected(row(study="Pr0"), row())
    assert (strong.stratum, weak.stratum) == ("prospective", "case_control")
    means = synthesis("case_control", [0.2, 0.5], [0.05, 0.04], measure="SMD")
    (found,) = expected(row(), strata=(means,))
    assert found.measure == "SMD"
    (alone,) = expected(row(study="Pr0"), strata=(STRONG,))
    assert alone.stratum == "prospective"
    assert (
        "that the biases the reviewers typed are right" in bias.of(made(STRONG, rows={"Bias": [row("Pr0")]})).assumption
    )
