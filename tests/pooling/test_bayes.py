"""The Bayesian model against nested quadrature, its limits, and its priors."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from metaan.pooling.bayes import priors
from metaan.pooling.bayes.mixtures import NormalMixture
from metaan.pooling.bayes.posterior import pool_bayes
from metaan.pooling.pool import pool

# Hart 1999 (tests/reference/r/dat.hart1999.json), log rate ratios
Y = np.array(
    [
        -0.7842099895068162,
        -0.9358932591196418,
        -1.5792551607833322,
        -0.38872831575264044,
        -1.2019299026961359,
        -1.140914668358799,
    ]
)
V = np.array(
    [0.16374269005847952, 0.17763157894736842, 0.41025641025641024, 0.2777777777777778, 0.18633540372670807, 0.07]
)

PRIORS = {
    "half-normal": (priors.half_normal(0.5), stats.halfnorm(scale=0.5)),
    "half-Cauchy": (priors.half_cauchy(0.3), stats.halfcauchy(scale=0.3)),
    "half-t": (priors.half_t(0.4, 4.0), None),
    "uniform": (priors.uniform(2.0), stats.uniform(0, 2)),
    "log-normal": (priors.log_normal(-2.56, 1.74), None),
    "log-t": (priors.log_t(-3.44, 2.59), None),
}


def brute(prior, mu_prior=None, upper=math.inf):
    """Return moments and a tail of the mean, a new effect and tau, by adaptive quadrature over tau alone."""

    def parts(tau):
        w = 1 / (V + tau**2)
        log = -0.5 * np.log(2 * np.pi * (V + tau**2)).sum()
        mean, precision, rest = (w @ Y) / w.sum(), w.sum(), w @ Y**2
        if mu_prior:
            p0 = mu_prior[1] ** -2
            mean, precision = (mean * precision + p0 * mu_prior[0]) / (precision + p0), precision + p0
            rest += p0 * mu_prior[0] ** 2
            log += 0.5 * math.log(p0 / (2 * np.pi))
        log += -0.5 * (rest - precision * mean**2) + 0.5 * math.log(2 * np.pi / precision)
        return math.exp(log + float(prior.log_density(np.array([tau]))[0]) + 5.0), mean, 1 / precision

    def integral(function):  # over ln(tau): some priors live there
        edges = [-300, -100, -50, -30, -20, -10, -6, -4, -3, -2, -1, 0, math.log(2.0)]
        edges += [] if math.isfinite(upper) else [1.5, 3, 6, 12, 25, 50, 100]
        return sum(
            integrate.quad(lambda s: function(math.exp(s)) * math.exp(s), a, b, epsabs=1e-15, epsrel=1e-12, limit=400)[
                0
            ]
            for a, b in itertools.pairwise(edges)
        )

    total = integral(lambda t: parts(t)[0])
    mean = integral(lambda t: parts(t)[0] * parts(t)[1]) / total
    second = integral(lambda t: parts(t)[0] * (parts(t)[2] + parts(t)[1] ** 2)) / total
    below = (
        integral(lambda t: parts(t)[0] * stats.norm.cdf((-1.2 - parts(t)[1]) / math.sqrt(parts(t)[2] + t * t))) / total
    )
    return {
        "mean": mean,
        "sd": math.sqrt(second - mean**2),
        "predictive below -1.2": below,
        "tau": integral(lambda t: parts(t)[0] * t) / total,
        "log marginal": math.log(total) - 5.0,
    }


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("mu_prior", [None, (0.2, 0.7)])
def test_every_prior_agrees_with_quadrature(name, mu_prior):
    prior, _ = PRIORS[name]
    ours = pool_bayes(Y, V, tau_prior=prior, mu_prior=mu_prior)
    exact = brute(prior, mu_prior, prior.upper)
    assert ours.mu.mean == pytest.approx(exact["mean"], rel=1e-9)
    assert ours.mu.sd == pytest.approx(exact["sd"], rel=1e-9)
    assert ours.tau.mean == pytest.approx(exact["tau"], rel=1e-8)
    assert float(ours.predictive.cdf(-1.2)) == pytest.approx(exact["predictive below -1.2"], rel=1e-9)
    if mu_prior:
        assert ours.log_marginal_likelihood == pytest.approx(exact["log marginal"], abs=1e-9)
    else:
        assert math.isnan(ours.log_marginal_likelihood)


@pytest.mark.parametrize("name", PRIORS)
def test_densities_are_those_of_their_names(name):
    prior, known = PRIORS[name]
    tau = np.array([0.01, 0.1, 0.5, 1.5])
    if known is not None:
        expected = known.logpdf(tau)
    elif name == "half-t":
        expected = math.log(2) + stats.t(4, scale=0.4).logpdf(tau)
    else:  # density of tau from that of ln(tau2): times 2 / tau
        law = stats.norm(-2.56, 1.74) if name == "log-normal" else stats.t(5, -3.44, 2.59)
        expected = law.logpdf(np.log(tau**2)) + np.log(2 / tau)
    np.testing.assert_allclose(prior.log_density(tau), expected, rtol=1e-12)


def test_intervals_hold_their_probability_and_the_shortest_is_shortest():
    short, central = (
        pool_bayes(Y, V, tau_prior=priors.half_normal(0.5), interval=i, level=0.9) for i in ("shortest", "central")
    )
    for part, mixture in (("mu", short.mu_posterior), ("new_study", short.predictive)):
        for fit in (short, central):
            limits = getattr(fit, part).interval
            assert float(mixture.cdf(limits.high) - mixture.cdf(limits.low)) == pytest.approx(0.9, abs=1e-12)
        a, b = getattr(short, part).interval, getattr(central, part).interval
        assert a.high - a.low <= b.high - b.low
        assert float(mixture.pdf(a.low)) == pytest.approx(float(mixture.pdf(a.high)), rel=1e-6)
        assert float(mixture.cdf(b.low)) == pytest.approx(0.05, abs=1e-12)


def test_a_tiny_prior_of_tau_is_the_equal_effects_model():
    ours, equal = pool_bayes(Y, V, tau_prior=priors.half_normal(1e-6)), pool(Y, V, tau2="EE", interval="Wald")
    assert ours.mu.mean == pytest.approx(equal.estimate, rel=1e-9)
    assert ours.mu.interval.low == pytest.approx(equal.ci.low, rel=1e-8)
    assert ours.bayes_factor_tau0 == pytest.approx(1.0, rel=1e-8)
    np.testing.assert_allclose(ours.study_mean, equal.estimate, rtol=1e-8)


def test_bayes_factors_follow_savage_and_dickey():
    """For nested models the factor is posterior over prior density at the null value."""
    ours = pool_bayes(Y, V, tau_prior=priors.half_normal(0.5), mu_prior=(0.0, 1.0))
    assert ours.bayes_factor_mu0 == pytest.approx(float(ours.mu_posterior.pdf(0.0)) / stats.norm.pdf(0), rel=1e-9)


@settings(max_examples=6)
@given(st.floats(-3, 3), st.integers(-6, 6))
def test_shift_and_scale_go_through(shift, power):
    scale = 10.0**power
    base = pool_bayes(Y, V, tau_prior=priors.half_cauchy(0.5))
    moved = pool_bayes(scale * (Y + shift), scale**2 * V, tau_prior=priors.half_cauchy(0.5 * scale))
    assert moved.mu.median == pytest.approx(scale * (base.mu.median + shift), rel=1e-9, abs=1e-9 * scale)
    assert moved.tau.interval.high == pytest.approx(scale * base.tau.interval.high, rel=1e-9)
    assert moved.mu.interval.low == pytest.approx(scale * (base.mu.interval.low + shift), rel=1e-8, abs=1e-8 * scale)


def test_one_study_keeps_its_own_result_under_a_flat_prior_of_the_mean():
    ours = pool_bayes([0.4], [0.09], tau_prior=priors.half_normal(0.5))
    assert ours.mu.mean == pytest.approx(0.4)
    assert ours.tau.mean == pytest.approx(0.5 * math.sqrt(2 / math.pi), rel=1e-9)  # the prior's own


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"yi": [0.1, 0.2], "vi": [1.0, 1.0], "tau_prior": priors.uniform()}, "three studies"),
        ({"yi": [0.1, 0.2], "vi": [1.0, -1.0]}, "position 1"),
        ({"yi": [0.1, np.nan], "vi": [1.0, 1.0]}, "position 1"),
        ({"yi": [[0.1, 0.2]], "vi": [[1.0, 1.0]]}, "one synthesis"),
        ({"yi": [0.1], "vi": [1.0], "interval": "HPD"}, "shortest or central"),
        ({"yi": [0.1], "vi": [1.0], "level": 95}, "between 0 and 1"),
        ({"yi": [0.1], "vi": [1.0], "mu_prior": (0.0, 0.0)}, "positive standard deviation"),
    ],
)
def test_bad_input_is_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        pool_bayes(**arguments)


def test_empirical_priors_come_from_the_published_tables():
    # Turner et al. 2015, Table IV and section 5: ln(tau2) ~ normal(-2.56, 1.74) over all reviews
    assert priors.empirical("OR").label == "log-normal(-2.56, 1.74) on tau2"
    assert priors.empirical("SMD").label == "log-t(-3.44, 2.59, 5) on tau2"
    chosen = priors.empirical("OR", "all-cause mortality", "pharmacological vs control")
    assert chosen.label == "log-normal(-3.95, 1.34) on tau2"
    outcomes, comparisons = priors.empirical_choices("SMD")
    assert (len(outcomes), len(comparisons)) == (8, 3)
    with pytest.raises(ValueError, match="disagree"):
        priors.empirical("SMD", "mental health", "non-pharmacological vs any")
    with pytest.raises(ValueError, match="outcome must be one of"):
        priors.empirical("OR", "mortality", "pharmacological vs control")


def test_comparisons_shift_every_outcome_alike():
    """The published locations come from a model with additive terms: a slip of copying would break it."""
    from metaan.terms import resources

    for table in json.loads(resources.text("pooling/bayes", "empirical_priors.json")).values():
        for block in table["areas"].values():
            cells = [row for row in block.values() if None not in row]
            shifts = np.array([[cell[0] - row[0][0] for cell in row] for row in cells])
            assert np.ptp(shifts, axis=0).max() < 0.025  # two roundings to two decimals


def test_a_mixture_of_one_is_a_normal():
    one = NormalMixture(weights=(1.0,), means=(0.3,), sds=(0.2,))
    assert one.mode() == pytest.approx(0.3, abs=1e-9)
    assert one.shortest(0.95).high == pytest.approx(0.3 + 0.2 * stats.norm.ppf(0.975), rel=1e-7)
    assert float(one.quantile(0.1)) == pytest.approx(stats.norm(0.3, 0.2).ppf(0.1), rel=1e-12)
    with pytest.raises(ValueError, match="between 0 and 1"):
        one.quantile(1.0)
