"""IVhet and quality effects beside random effects, and when small studies are said to drive the mean."""

import math

import numpy as np
import pytest

import oracle
from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.pooling.quality import ivhet, quality_effects
from metaan.robustness.between import bias
from metaan.robustness.between.discount import TRUST


@pytest.fixture(scope="module")
def magnesium():
    return next((case.y, case.v) for case in oracle.effect_sets() if case.name == "dat.li2007 OR")


def test_magnesium_all_22_trials(magnesium):
    # Li et al. 2007 (dat.li2007 of metadat): random effects see a benefit, weights by size none
    by_size, random = ivhet(*magnesium), pool(*magnesium, tau2="DL", interval="Wald")
    assert by_size.k == 22
    assert round(math.exp(by_size.estimate), 3) == 0.993
    assert [round(math.exp(x), 2) for x in (by_size.ci.low, by_size.ci.high)] == [0.67, 1.47]
    assert round(math.exp(random.estimate), 2) == 0.66


def test_small_studies_drive_the_result_of_the_magnesium_trials(magnesium):
    y, v = magnesium
    (found,) = bias.of(made(synthesis("case_control", y, v))).weights
    assert found.small_studies_drive
    assert found.ivhet == ivhet(y, v).estimate
    assert found.apart == pytest.approx(abs(found.random - found.ivhet) / pool(y, v).se)


def test_passive_smoking_case_control_studies():
    (found,) = bias.of(bundled("passive-smoking", "lung-cancer")).weights
    assert (found.stratum, found.k, found.grades) == ("case_control", 33, {"D": 33.0})
    assert (found.quality, found.quality_ci) == (None, None)  # one grade: quality effects are IVhet
    assert 0.7 < found.apart < 0.8
    assert not found.small_studies_drive


def test_quality_effects_take_their_scores_from_the_grades():
    y, v = [0.2, 0.4, 0.9, 0.3], [0.05, 0.04, 0.08, 0.2]
    stratum = synthesis("case_control", y, v, grades="BCDC")
    (found,) = bias.of(made(stratum)).weights
    own = quality_effects(y, v, [TRUST[grade] for grade in "BCDC"])
    assert (found.quality, found.quality_ci) == (own.estimate, own.ci)
    (again,) = bias.of(made(stratum, settings={"bias": {"quality": {"D": 0.8}}})).weights
    assert again.quality == quality_effects(y, v, [0.8, 0.4, 0.8, 0.4]).estimate
    assert again.ivhet == found.ivhet
    assert found.grades == {"B": 1.0, "C": 2.0, "D": 1.0}


def test_two_studies_are_not_weighted_otherwise():
    found = bias.of(made(synthesis("case_control", [0.2, 0.4], [0.05, 0.06])))
    assert found.weights == ()
    assert found.notes == ("fewer than three case-control studies: other weights not tried",)
    assert np.isfinite(found.designs[0].assumed[0].estimate)
