"""Share of true effects that matter: published figures, properties, and the words for strata."""

import math

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between.calibrated import calibrated_shares
from metaan.robustness.between.meaningful import ALIKE, NARROW, ROUGH, Meaningful, in_words, of, share_beyond
from oracle import load

#: Fisher's z of 21 replications, as MetaUtility's help page of prop_stronger has them
REPLICATIONS = np.fromstring(
    "0.303 0.078 0.113 -0.055 0.056 0.073 0.263 0.056 0.002 -0.106 0.09 0.024 0.069 0.074 0.107 0.01 -0.089 -0.187 "
    "0.265 0.076 0.082",
    sep=" ",
)
ERRORS = np.fromstring(
    "0.111 0.092 0.156 0.106 0.105 0.057 0.091 0.089 0.081 0.1 0.093 0.086 0.076 0.094 0.065 0.087 0.108 0.114 0.073 "
    "0.105 0.04",
    sep=" ",
)


def bcg():
    a, b, c, d = (np.array(load("dat.bcg")["data"][name], float) for name in ("ai", "bi", "ci", "di"))
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def from_fit(y, v, q, tau2, **changes):
    fit = pool(y, v, tau2=tau2, interval="Wald")
    return share_beyond(fit.estimate, fit.se, fit.tau2, fit.se_tau2, q, **changes)


def test_soy_and_breast_cancer_as_in_the_vignette_of_evalue():  # 0.6108, SE 0.1120, 0.391 to 0.830
    found = share_beyond(-0.1931, 0.0882, 0.0973, 0.0506, math.log(0.9))
    assert (found.share, found.se) == pytest.approx((0.6108, 0.1120), abs=5e-5)
    assert (found.ci.low, found.ci.high) == pytest.approx((0.391, 0.830), abs=5e-4)


def test_bcg_trials_below_a_risk_ratio_of_080():  # spec: parametric 81.0 %, calibrated 10 of 13
    y, v = bcg()
    assert from_fit(y, v, math.log(0.8), "REML").share == pytest.approx(0.810, abs=5e-4)
    for tau2 in ("DL", "REML"):
        (found,) = calibrated_shares(y, v, ((math.log(0.8), False),), tau2=tau2)
        assert found.number == 10


def test_passive_smoking_above_a_risk_ratio_of_110():  # DECISIONS section 1: 82 % by DL, 80 % by REML
    data = load("dat.hackshaw1998")["data"]
    y, v = np.array(data["yi"], float), np.array(data["vi"], float)
    assert y.size == 37
    assert from_fit(y, v, math.log(1.1), "DL").share == pytest.approx(0.82, abs=5e-3)
    assert from_fit(y, v, math.log(1.1), "REML").share == pytest.approx(0.80, abs=5e-3)


def test_replications_above_a_correlation_of_010():  # help page of prop_stronger: 28 %
    found = from_fit(REPLICATIONS, ERRORS**2, math.atanh(0.1), "REML")
    assert found.share == pytest.approx(0.28, abs=5e-3)


def test_bootstrap_interval_is_that_of_r():  # R boot 1.3-28.1, boot.ci(type = "bca"), 6,000 samples, DL by metafor
    y, v = bcg()
    (found,) = calibrated_shares(y, v, ((math.log(0.7), False),))
    assert (found.ci.low, found.ci.high) == pytest.approx((0.2307692, 0.8461538), abs=5e-8)
    assert found.mean == pytest.approx(0.623641, abs=0.01)
    (few,) = calibrated_shares(REPLICATIONS, ERRORS**2, ((math.atanh(0.1), True),), samples=6000)
    assert few.share == pytest.approx(3 / 21)
    assert (few.ci.low, few.ci.high) == pytest.approx((0, 0.4285714), abs=1 / 21)


@drawn(
    st.floats(-2, 2),
    st.floats(0.01, 1),
    st.floats(0.001, 2),
    st.floats(0.001, 1),
    st.floats(-2, 2),
)
@settings(max_examples=50)
def test_shares_on_both_sides_add_up_and_signs_mirror_them(mu, se, tau2, se_tau2, q):
    above = share_beyond(mu, se, tau2, se_tau2, q, above=True)
    below = share_beyond(mu, se, tau2, se_tau2, q, above=False)
    mirrored = share_beyond(-mu, se, tau2, se_tau2, -q, above=False)
    assert above.share + below.share == pytest.approx(1)
    assert above.se == pytest.approx(below.se)
    assert above == mirrored
    assert 0 <= above.ci.low <= above.share <= above.ci.high <= 1


def test_delta_method_is_the_slope_of_the_share():
    mu, tau2, q, step = 0.3, 0.2, 0.5, 1e-6

    def share(m, t):
        return share_beyond(m, 0.1, t, None, q).share

    by_mean = (share(mu + step, tau2) - share(mu - step, tau2)) / (2 * step)
    by_tau2 = (share(mu, tau2 + step) - share(mu, tau2 - step)) / (2 * step)
    assert share_beyond(mu, 0.1, tau2, 0.07, q).se == pytest.approx(math.hypot(by_mean * 0.1, by_tau2 * 0.07), rel=1e-6)


def test_side_follows_the_threshold_and_at_zero_the_mean():
    assert share_beyond(-0.5, 0.1, 0.1, 0.1, 0.2).share < 0.5 < share_beyond(-0.5, 0.1, 0.1, 0.1, -0.2).share
    assert share_beyond(-0.5, 0.1, 0.1, 0.1, 0).share > 0.5 < share_beyond(0.5, 0.1, 0.1, 0.1, 0).share


def test_without_spread_the_share_is_all_or_nothing_and_has_no_interval():
    assert share_beyond(0.3, 0.1, 0, 0.05, 0.2) == (1.0, None, None)
    assert share_beyond(0.1, 0.1, 0, 0.05, 0.2) == (0.0, None, None)
    assert share_beyond(0.3, 0.1, 0.1, None, 0.2).ci is None


@pytest.mark.parametrize("wrong", [{"se": -1}, {"tau2": -0.1}, {"se_tau2": math.nan}, {"mu": math.inf}, {"level": 95}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError):
        share_beyond(**{"mu": 0.1, "se": 0.1, "tau2": 0.1, "se_tau2": 0.1, "q": 0.2, **wrong})


def test_calibrated_shares_mirror_and_keep_their_samples():
    y, v = bcg()
    sides = ((-0.4, False), (0.4, True))
    (one, other), (mirrored, _) = calibrated_shares(y, v, sides), calibrated_shares(-y, v, ((0.4, True), (-0.4, False)))
    assert one == mirrored
    assert other.ci is None  # no calibrated estimate lies there, in the data or in almost any sample
    assert calibrated_shares(y, v, sides[:1]) == (one,)


def test_calibrated_estimates_vary_as_true_effects_do():
    y = np.array([-1.0, 0.0, 1.0, 2.0])
    v = np.full(4, 0.5)
    tau2 = pool(y, v, tau2="DL", interval="Wald").tau2  # 5/3 - 1/2
    (found,) = calibrated_shares(y, v, ((0.5 + math.sqrt(tau2 / (tau2 + 0.5)) * 1.5 - 1e-9, True),))
    assert found.number == 1
    (found,) = calibrated_shares(y, v, ((0.5 + math.sqrt(tau2 / (tau2 + 0.5)) * 1.5 + 1e-9, True),))
    assert found.number == 0


def test_calibration_needs_three_studies_and_a_spread():
    with pytest.raises(ValueError, match="at least 3"):
        calibrated_shares(np.ones(2), np.ones(2), ((0.5, True),))
    with pytest.raises(ValueError, match="do not differ"):
        calibrated_shares(np.ones(3), np.ones(3), ((0.5, True),), tau2="EE")


def test_words_for_the_bcg_trials():  # spec, feature 5: "about 81 of 100 ... below 0.8; ... from 0.15 to 1.55"
    y, v = bcg()
    model = {"interval": "Wald", "prediction": "normal"}
    given = made(synthesis("trial", y, v, measure="RR", model=model), model=model, kind="treatment")
    (found,) = of(given).strata
    assert in_words(found) == (
        "in about 81 of 100 similar settings the true risk ratio is below 0.80; "
        "a new setting may lie anywhere from 0.15 to 1.55"
    )
    assert (found.count, found.above) == (10, False)
    assert found.other_share == pytest.approx(from_fit(y, v, math.log(1.25), "REML", above=True).share)


def test_passive_smoking_by_design():
    found = of(bundled("passive-smoking", "lung-cancer"))
    prospective, case_control = found.strata
    assert (prospective.share, prospective.share_ci, prospective.count) == (None, None, None)
    assert prospective.remark == ALIKE
    assert case_control.share == pytest.approx(0.4937, abs=5e-5)
    assert (case_control.k, case_control.count, case_control.remark) == (33, 16, "")
    assert Meaningful.from_dict(found.to_dict()) == found


def test_a_share_at_the_edge_is_said_to_be_less_sure_than_its_interval():
    """Three studies that hardly differ: 99 of 100 settings, give or take nothing by the delta method."""
    (few,) = of(made(synthesis("prospective", [0.2, 0.6, 0.3], [0.04] * 3))).strata
    assert few.share > 0.98
    assert few.remark == f"{ROUGH}; {NARROW}"
    y = [1.5 + 0.5 * (-1) ** i for i in range(12)]
    (many,) = of(made(synthesis("case_control", y, [0.01] * 12))).strata
    assert many.share > 0.85
    assert many.remark == NARROW
    (middle,) = of(made(synthesis("case_control", [each - 1.2 for each in y], [0.01] * 12))).strata
    assert 0.15 < middle.share < 0.85
    assert middle.remark == ""


def test_few_studies_are_counted_without_a_bootstrap_interval():
    """Of three studies there are ten samples: an interval from them has no coverage to speak of."""
    y = [0.1, 0.9, 0.2, 0.8, -0.1, 0.7, 0.5, 0.3, 0.0, 0.6]
    (nine,) = of(made(synthesis("case_control", y[:9], [0.02] * 9))).strata
    assert nine.count == 5
    assert (nine.count_ci, nine.other_count_ci) == (None, None)
    (ten,) = of(made(synthesis("case_control", y, [0.02] * 10))).strata
    assert ten.count_ci.low < ten.count / ten.k < ten.count_ci.high


def test_a_threshold_of_the_settings_has_its_side():
    y, v = [0.3, 0.8, -0.2, 0.6, 0.9], [0.02] * 5
    for printed, above in ((0.8, False), (1.25, True)):
        (found,) = of(made(synthesis("case_control", y, v), settings={"meaningful": {"beyond": printed}})).strata
        assert found.above is above
        assert found.threshold == pytest.approx(math.log(printed)) == pytest.approx(-found.opposite)
    (plain,) = of(made(synthesis("case_control", y, v))).strata
    assert (plain.share, plain.other_share) == (found.share, found.other_share)


def test_what_cannot_be_estimated_is_said():
    two = synthesis("case_control", [0.1, 0.9], [0.02, 0.02])
    assert of(made(two)) == "fewer than three studies: how much true effects differ cannot be estimated"
    three = synthesis("prospective", [0.1, 0.9, 0.2], [0.02] * 3)
    assert of(made(three, two)).not_done == {"case_control": of(made(two))}
    other = synthesis("case_control", [0.1, 0.9, 0.2], [0.02] * 3, measure="SMD")
    nowhere = of(made(three, other, settings={"meaningful": {"beyond": 0}}))
    assert nowhere.not_done == {"prospective": "the threshold of the protocol is 0, which no odds ratio can be"}
