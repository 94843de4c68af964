"""Credibility ceilings against published and reproduced figures, and what must hold for any studies."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between.ceilings import Ceilings, capped_variances, credibility_ceilings, of

HACKSHAW = json.loads((Path(__file__).parents[2] / "reference" / "hackshaw.json").read_text(encoding="utf-8"))
STUDIES = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=3, max_size=8)


@pytest.mark.parametrize("tau2", ["DL", "REML"])
def test_passive_smoking_under_ceilings(tau2):
    """All 37 studies of Hackshaw 1997, the figures of the specification; both estimators give them."""
    found = credibility_ceilings(HACKSHAW["yi"], HACKSHAW["vi"], [0.1, 0.2, 0.3, 0.4], tau2=tau2)
    printed = [
        tuple(round(math.exp(x), 3) for x in row) for row in zip(found.estimate, found.low, found.high, strict=True)
    ]
    assert printed == [(1.150, 1.055, 1.254), (1.111, 1.006, 1.228), (1.071, 0.951, 1.207), (1.034, 0.883, 1.210)]
    assert 0.2 <= found.tipping < 0.3  # "not more than 80 % certainty, not 70 %"


def test_ceiling_of_zero_is_the_wald_fit():
    found = credibility_ceilings(HACKSHAW["yi"], HACKSHAW["vi"], [0.0])
    plain = pool(HACKSHAW["yi"], HACKSHAW["vi"], interval="Wald")
    assert (found.estimate[0], found.low[0], found.high[0]) == pytest.approx(
        (plain.estimate, plain.ci.low, plain.ci.high)
    )
    assert found.raised == (0,)


@settings(max_examples=30, deadline=None)
@given(STUDIES, st.floats(0.001, 0.49))
def test_no_study_gives_more_certainty_than_the_ceiling_allows(studies, ceiling):
    y, v = map(np.array, zip(*studies, strict=True))
    raised = capped_variances(y, v, [ceiling])[0]
    doubt = special.ndtr(-np.abs(y) / np.sqrt(raised))
    assert (doubt >= ceiling - 1e-9).all()
    assert (raised >= v).all()
    surer = special.ndtr(-np.abs(y) / np.sqrt(v)) < ceiling - 1e-9
    assert doubt[surer] == pytest.approx(ceiling)
    assert raised[~surer] == pytest.approx(v[~surer])


@settings(max_examples=20, deadline=None)
@given(STUDIES)
def test_the_other_direction_mirrors(studies):
    y, v = map(np.array, zip(*studies, strict=True))
    found, mirrored = credibility_ceilings(y, v, tau2="DL"), credibility_ceilings(-y, v, tau2="DL")
    assert mirrored.low == pytest.approx([-x for x in found.high])
    assert mirrored.tipping == found.tipping


def test_tipping_ceiling_is_the_last_before_the_interval_reaches_no_effect():
    found = credibility_ceilings(HACKSHAW["yi"], HACKSHAW["vi"])
    around = credibility_ceilings(HACKSHAW["yi"], HACKSHAW["vi"], [found.tipping, found.tipping + 0.001])
    assert around.low[0] > 0 >= around.low[1]


def test_a_study_without_effect_keeps_its_standard_error():
    assert capped_variances([0.0, 1.0], [0.04, 0.04], [0.4])[0].tolist() == pytest.approx(
        [0.04, 1 / 0.25335**2], rel=1e-4
    )


def test_one_study_cannot_stand_under_a_ceiling_above_half_the_error():
    assert credibility_ceilings([1.0], [0.0001]).tipping == pytest.approx(0.025, abs=0.0011)  # an interval of 95 %


def test_nothing_to_lose_where_the_interval_includes_no_effect():
    assert credibility_ceilings([0.1, -0.1, 0.05], [0.1, 0.1, 0.1]).tipping is None


@pytest.mark.parametrize("ceiling", [-0.1, 0.5, 1, math.nan])
def test_impossible_ceilings_are_refused(ceiling):
    with pytest.raises(ValueError, match="from 0 to below 0"):
        credibility_ceilings([0.1, 0.2], [0.1, 0.1], [ceiling])


def test_weaker_stratum_of_passive_smoking_alone():
    found = of(bundled("passive-smoking", "lung-cancer"))
    (only,) = found.strata
    assert (only.stratum, only.k) == ("case_control", 33)
    assert [fit.ceiling for fit in only.fits] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert only.fits[1].ci.low > 0 > only.fits[2].ci.low  # at most 90 % certainty, no longer 80 %
    assert 0.1 < only.tipping < 0.2
    assert Ceilings.from_dict(found.to_dict()) == found


def test_ceilings_of_the_protocol_are_taken():
    weak = synthesis("case_control", [0.5, 0.6, 0.7], [0.02] * 3)
    found = of(made(weak, settings={"ceilings": {"shares": [0.25, 0.05]}}))
    assert [fit.ceiling for fit in found.strata[0].fits] == [0.0, 0.05, 0.25]


def test_drawn_interval_that_includes_no_effect_leaves_nothing_to_lose():
    weak = synthesis("case_control", [0.1, 0.4, 0.9], [0.01] * 3)
    assert credibility_ceilings([0.1, 0.4, 0.9], [0.01] * 3).tipping is not None
    assert of(made(weak)).strata[0].tipping is None


def test_reasons_where_there_is_none():
    assert of(made(synthesis("prospective", [0.1] * 4, [0.1] * 4))) == "no weaker design"
    assert "fewer than three studies" in of(made(synthesis("case_control", [0.1, 0.2], [0.1, 0.1])))
    both = made(
        synthesis("case_control", [0.1, 0.2], [0.1, 0.1]), synthesis("treatment_cohort", [0.3, 0.2, 0.4], [0.1] * 3)
    )
    found = of(both)
    assert [s.stratum for s in found.strata] == ["treatment_cohort"]
    assert "fewer than three studies" in found.not_given["case_control"]
