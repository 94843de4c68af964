"""Priors from other studies: RBesT's printed figures, hand-worked cases, and the prior of an analysis."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from between_cases import bundled, made, synthesis
from metaan.pooling.bayes.mixtures import NormalMixture
from metaan.pooling.bayes.posterior import mixtures, pool_bayes
from metaan.pooling.bayes.priors import half_normal
from metaan.robustness.between import prior
from metaan.robustness.between.conflict import conflict
from metaan.robustness.between.map_prior import information, map_binomial, map_prior, robust, update
from metaan.robustness.between.prior import RobustPrior, unit_sd

#: placebo groups in ankylosing spondylitis (Baeten et al. 2013, Lancet 382:1705; data set AS of RBesT)
AS = ([23, 12, 19, 9, 39, 6, 9, 10], [107, 44, 51, 39, 139, 20, 78, 35])

#: Crohn's disease, RBesT 1.9-0, vignette "RBesT for a Normal Endpoint": the mixture it prints
CROHN = NormalMixture(
    weights=(0.50104846, 0.41871594, 0.08023561),
    means=(-51.42408665, -47.25917128, -55.07086416),
    sds=(19.04525409, 7.85193726, 44.57325000),
)
SIGMA = 88.0


def one(mean, sd):
    return NormalMixture(weights=(1.0,), means=(mean,), sds=(sd,))


def chance_of_difference(first, second, q):
    """Probability that first minus second lies below q."""
    (a, m, s), (b, n, t) = (
        [np.array(part) for part in (mixture.weights, mixture.means, mixture.sds)] for mixture in (first, second)
    )
    z = (q - (m[:, None] - n)) / np.hypot(s[:, None], t)
    return float(a @ special.ndtr(z) @ b)


def test_spondylitis_groups_predict_the_next():
    # mu ~ N(0, 2), tau ~ half-normal(1); RBesT samples .255, .0864, .106 to .461
    found = map_binomial(*AS)
    assert (found.mean, found.sd) == pytest.approx((0.258, 0.087), abs=5e-4)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.111, 0.471), abs=5e-4)


def test_spondylitis_with_a_narrower_prior_of_tau_matches_samples():
    # RBesT's vignette, half-normal(1/2): .259, .0776, .129 .250 .442 from 4000 draws, errors of which are about .0015
    found = map_binomial(*AS, tau=0.5)
    assert (found.mean, found.sd) == pytest.approx((0.259, 0.0776), abs=4e-3)
    assert found.median == pytest.approx(0.250, abs=4e-3)
    assert found.interval.high == pytest.approx(0.442, abs=1e-2)


def test_binomial_prior_equals_brute_force():
    # one group: mu, tau and the group's logit integrated over on plain grids
    r, n = 3, 20
    logit = np.linspace(-9, 9, 721)
    likelihood = special.expit(logit) ** r * special.expit(-logit) ** (n - r)
    tau = (np.arange(400) + 0.5) * 0.01
    total = spread = 0.0
    for t in tau:  # mean 0, standard deviation 2 of mu: logits of both groups are normal with covariance 4
        whole = t * t + 4.0
        weight = likelihood * np.exp(-0.5 * logit**2 / whole) / math.sqrt(whole) * math.exp(-0.5 * t * t)
        centre, sd = 4.0 / whole * logit, math.sqrt(whole - 16.0 / whole)
        x, w = np.polynomial.hermite_e.hermegauss(40)
        expected = special.expit(centre[:, None] + sd * x) @ (w / w.sum())
        total += weight.sum()
        spread += float(weight @ expected)
    assert map_binomial([r], [n]).mean == pytest.approx(spread / total, abs=2e-5)


def test_groups_without_any_event_have_a_prior():
    found = map_binomial([0, 0, 1], [40, 25, 60])
    assert 0 < found.interval.low < found.median < found.mean < found.interval.high < 0.3


@pytest.mark.parametrize("events", [[-1, 3], [11, 3], [1, 2, 3], [[1, 2]]])
def test_counts_that_cannot_be_are_refused(events):
    with pytest.raises(ValueError, match="events and totals"):
        map_binomial(events, [10, 10])
    with pytest.raises(ValueError, match="scales"):
        map_binomial([1, 3], [10, 10], tau=0.0)


def test_effective_sizes_match_rbest():
    # ess(map), ess(map_robust) and the moment-based one: 39, 28, 21
    assert round(SIGMA**2 * information(CROHN)) == 39
    assert round(SIGMA**2 * information(robust(CROHN, 0.2, -50.0, SIGMA))) == 28
    assert round(SIGMA**2 / CROHN.sd() ** 2) == 21


def test_robust_posterior_matches_rbest():
    # postmix, then pmixdiff(post_act, post_pbo, 0) and (..., -50): 0.06270104, 3.827361e-06
    active = update(one(-50.0, SIGMA), -29.2, 14.0)
    placebo = update(robust(CROHN, 0.2, -50.0, SIGMA), -63.1, 13.9)
    assert chance_of_difference(active, placebo, 0.0) == pytest.approx(0.06270104, abs=5e-9)
    assert chance_of_difference(active, placebo, -50.0) == pytest.approx(3.827361e-06, abs=5e-13)


def test_robust_parts_match_rbest():
    found = robust(CROHN, 0.2, -50.0, SIGMA)
    assert found.weights == pytest.approx((0.40083877, 0.33497275, 0.06418848, 0.2), abs=1e-8)
    with pytest.raises(ValueError, match="weight"):
        robust(CROHN, 1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="positive"):
        robust(CROHN, 0.5, 0.0, 0.0)


def test_crohn_studies_predict_the_next():
    # gMAP, mu ~ N(0, 88), tau ~ half-normal(44): mean -50.0, sd 19.3, median -48.6 from 4000 draws
    n, y = np.array([74, 166, 328, 20, 25, 58]), np.array([-51.0, -49, -36, -47, -90, -54])
    found = mixtures(y, SIGMA**2 / n, half_normal(44.0), (0.0, SIGMA))[1]
    assert (found.mean(), found.sd()) == pytest.approx((-50.0, 19.3), abs=0.6)
    assert float(found.quantile(0.5)) == pytest.approx(-48.6, abs=0.3)


def test_the_short_way_to_the_prior_is_the_long_one():
    y, v = [0.1, 0.4, 0.3, 0.7], [0.02, 0.05, 0.03, 0.04]
    whole = pool_bayes(y, v, tau_prior=half_normal(0.5))
    assert mixtures(y, v, half_normal(0.5)) == (whole.mu_posterior, whole.predictive)
    assert map_prior(y, v, 0.5) == whole.predictive


def test_conflict_of_one_normal_is_its_two_tails():
    # 0.2 away, error 0.12 and prior 0.16 make 0.2: one standard deviation, 0.3173
    assert conflict(one(0.5, 0.16), 0.7, 0.12) == pytest.approx(0.31731050786, abs=1e-10)
    assert conflict(one(0.5, 0.16), 0.3, 0.12) == pytest.approx(0.31731050786, abs=1e-10)
    assert conflict(one(0.5, 0.16), 0.5, 0.12) == pytest.approx(1.0)


def test_information_of_one_normal_is_its_precision():
    assert information(one(3.0, 0.4)) == pytest.approx(6.25, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.floats(-1, 1), st.floats(0.1, 1), st.floats(-2, 2), st.floats(0.05, 1), st.floats(0.05, 0.95))
def test_a_posterior_leans_on_the_part_that_foresaw_the_estimate(mean, sd, estimate, se, weight):
    found = update(robust(one(mean, sd), weight, 0.0, 2.0), estimate, se)

    def density(m, s):
        whole = math.hypot(s, se)
        return math.exp(-0.5 * ((estimate - m) / whole) ** 2) / whole

    kept = (1 - weight) * density(mean, sd)
    assert sum(found.weights) == pytest.approx(1.0)
    assert found.weights[0] == pytest.approx(kept / (kept + weight * density(0.0, 2.0)), rel=1e-9)
    precision = 1 / sd**2 + 1 / se**2
    assert found.means[0] == pytest.approx((mean / sd**2 + estimate / se**2) / precision, abs=1e-9)
    assert found.sds[0] == pytest.approx(precision**-0.5)


def test_passive_smoking_designs_do_not_conflict():
    found = prior.of(bundled("passive-smoking", "lung-cancer"))
    (pair,) = found.pairs
    assert (pair.stronger, pair.weaker, pair.tau_scale, pair.vague_sd) == ("prospective", "case_control", 0.5, 2.0)
    assert pair.p > 0.9
    assert pair.weight_before == 0.5 < 0.85 < pair.weight_after
    assert pair.prediction.low < pair.found < pair.prediction.high
    # narrower than the prospective studies' own interval, since the prior adds to them
    assert pair.posterior_ci.high - pair.posterior_ci.low < pair.found_ci.high - pair.found_ci.low
    assert pair.worth_people is None
    assert found.assumption.startswith("with a chance of 50 % ")


def test_the_stronger_studies_enter_as_they_are_drawn():
    (pair,) = prior.of(bundled("passive-smoking", "lung-cancer")).pairs
    half = (pair.found_ci.high - pair.found_ci.low) / 2
    assert pair.found_se == pytest.approx(half / 1.959963984540054)


WEAKER = ([1.2, 1.0, 1.4, 1.1], [0.02, 0.03, 0.02, 0.03])


def far(**more):
    return made(synthesis("prospective", [0.0, 0.05, -0.05], [0.01] * 3), synthesis("case_control", *WEAKER), **more)


def test_conflict_takes_the_weight_from_the_prior():
    (pair,) = prior.of(far()).pairs
    assert pair.p < 0.02
    assert pair.weight_after < 0.1
    assert pair.posterior == pytest.approx(pair.found, abs=0.05)


def test_the_protocol_sets_the_vague_part_and_the_spread():
    found = prior.of(far(settings={"prior": {"vague": 0.2, "tau": 0.1}}))
    (pair,) = found.pairs
    assert found.settings == {"vague": 0.2, "tau": 0.1}
    assert (pair.weight_before, pair.tau_scale, pair.vague_sd) == pytest.approx((0.8, 0.1, 2.0))
    narrow, wide = pair.prediction, prior.of(far()).pairs[0].prediction
    assert narrow.high - narrow.low < wide.high - wide.low
    assert found.assumption.startswith("with a chance of 80 % ")


def test_people_say_what_the_prior_is_worth():
    # 100 people give variance 0.04, hence one person 4 and the prior's information times 4 in people
    stronger = synthesis("prospective", [0.1, 0.3], [0.04, 0.04], people=[100, 100])
    (pair,) = prior.of(made(stronger, synthesis("case_control", *WEAKER))).pairs
    assert pair.worth_people == pytest.approx(100 * pair.worth_studies)
    told = information(robust(map_prior(*WEAKER, 0.5), 0.5, 0.0, 2.0))
    assert pair.worth_people == pytest.approx(4 * told)


def test_one_weaker_study_predicts_nothing():
    analysed = made(synthesis("prospective", [0.1, 0.2], [0.1, 0.1]), synthesis("case_control", [0.5], [0.1]))
    assert prior.of(analysed).startswith("one of the case-control studies only")


def test_what_cannot_be_set_against_each_other_has_no_prior():
    assert prior.of(bundled("nk-cells", "blood-activity")) == "same women"
    assert prior.of(bundled("nk-cells", "g-csf")) == "one kind of design only"


def test_the_scale_of_a_mean_difference_comes_from_people():
    def strata(**more):
        return (
            synthesis("prospective", [1.0, 2.0], [4.0, 1.0], measure="MD", **more),
            synthesis("case_control", [3.0, 2.0], [4.0, 1.0], measure="MD", **more),
        )

    known = strata(people=[25, 100])
    assert unit_sd("MD", *known) == pytest.approx(10.0)  # 250 people give 2.5: one gives 1/100
    assert prior.of(made(*known)).pairs[0].tau_scale == pytest.approx(2.5)
    assert prior.of(made(*strata())).startswith("numbers of people not reported")
    (pair,) = prior.of(made(*strata(), settings={"prior": {"tau": 2.0}})).pairs
    assert pair.vague_sd == pytest.approx(8.0)


def test_a_prior_survives_being_written():
    found = prior.of(far())
    assert RobustPrior.from_dict(found.to_dict()) == found
