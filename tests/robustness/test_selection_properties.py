"""Selection models: invariances, edges, and derivatives beside adaptive quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from metaan.robustness import selection_weights as shapes
from metaan.robustness.selection import selection_model
from metaan.robustness.selection_likelihood import Data, log_likelihood
from metaan.robustness.selection_maximum import maximise

Y = np.array([0.62, 0.15, 0.44, 0.91, 0.08, 0.55, 0.29, 1.20, -0.10, 0.70])
V = np.array([0.05, 0.02, 0.04, 0.12, 0.03, 0.07, 0.01, 0.25, 0.06, 0.09])
STEPS = (0.025, 0.3)


def data_of(kind, y, v, x, two_sided):
    p = shapes.p_value(y / np.sqrt(v), two_sided)[None]
    grid = shapes.cells(kind, STEPS, two_sided)
    return Data(y[None], v[None], np.ones((1, len(y))), x[None], p, kind, STEPS, two_sided, grid)


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("kind", shapes.KINDS)
def test_likelihood_is_that_of_adaptive_quadrature(kind, two_sided):
    m = 2 if kind in ("step", "beta") else 1
    eta = np.array([0.4, -0.3]) if m == 2 else np.array([1.2])
    data = data_of(kind, Y, V, np.ones((len(Y), 1)), two_sided)
    mu, tau2, value = 0.3, 0.1, 0.0
    tails = np.array([*STEPS, 1e-5]) / (2.0 if two_sided else 1.0)
    points = [*stats.norm.isf(tails), stats.norm.isf(0.5 - 0.5e-5), 1e-4, 1e-3, 1e-2, 0.1]
    for i, (y, v) in enumerate(zip(Y, V, strict=True)):
        sd = np.sqrt(v + tau2)
        cuts = sorted({sign * np.sqrt(v) * z for sign in (-1.0, 1.0) for z in points} | {0.0})
        edges = [mu - 12 * sd, *(c for c in cuts if abs(c - mu) < 12 * sd), mu + 12 * sd]

        def density(at, v=v, sd=sd):
            p = shapes.p_value(np.array([[at / np.sqrt(v)]]), two_sided)
            return np.exp(shapes.weight(kind, eta[None], p, STEPS).log[0, 0]) * stats.norm.pdf(at, mu, sd)

        mass = sum(integrate.quad(density, a, b, epsrel=1e-11)[0] for a, b in pairwise(edges))
        own = shapes.weight(kind, eta[None], data.p[:, i : i + 1], STEPS).log[0, 0]
        value += stats.norm.logpdf(y, mu, sd) + own - np.log(mass)
    found = log_likelihood(data, np.array([[mu]]), np.array([tau2]), eta[None], 0).log[0]
    assert found == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("kind", shapes.KINDS)
def test_derivatives_are_those_of_differences(kind, two_sided):
    x = np.stack([np.ones(len(Y)), np.linspace(-1, 1, len(Y))], axis=1)
    data = data_of(kind, Y, V, x, two_sided)
    theta = np.array([0.3, 0.1, 0.2, *([0.4, -0.3] if kind in ("step", "beta") else [1.2])])

    def at(t):
        return log_likelihood(data, t[None, :2], t[None, 2], t[None, 3:])

    here, step = at(theta), 1e-5
    for i in range(len(theta)):
        up, down = (at(theta + sign * step * np.eye(len(theta))[i]) for sign in (1, -1))
        assert here.first[0, i] == pytest.approx((up.log[0] - down.log[0]) / (2 * step), abs=1e-6)
        assert here.second[0, i] == pytest.approx((up.first[0] - down.first[0]) / (2 * step), abs=1e-5)


@pytest.mark.parametrize("kind", ["step", "halfnorm", "beta"])
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_changes_no_digit(kind, factor):
    plain, scaled = selection_model(Y, V, kind=kind), selection_model(Y * factor, V * factor**2, kind=kind)
    assert scaled.estimate == pytest.approx(plain.estimate * factor, rel=1e-8)
    assert scaled.tau2 == pytest.approx(plain.tau2 * factor**2, rel=1e-7, abs=1e-10 * factor**2)
    assert scaled.delta == pytest.approx(plain.delta, rel=1e-7)
    assert scaled.lrt == pytest.approx(plain.lrt, abs=1e-9)


@settings(max_examples=15)
@given(st.permutations(range(10)), st.sampled_from(["step", "negexp"]))
def test_order_and_sign_of_the_studies(order, kind):
    plain, other = selection_model(Y, V, kind=kind), selection_model(-Y[order], V[order], kind=kind)
    assert other.method["alternative"] == "less"
    assert other.estimate == pytest.approx(-plain.estimate, rel=1e-8)
    assert other.se == pytest.approx(plain.se, rel=1e-7)
    assert other.delta == pytest.approx(plain.delta, rel=1e-7)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_no_other_point_is_higher(seed):
    rng = np.random.default_rng(seed)
    y, v = rng.normal(0.3, 0.5, 12), rng.uniform(0.01, 0.3, 12)
    found = selection_model(y, v, alternative="greater", steps=STEPS)
    data = data_of("step", y, v, np.ones((12, 1)), False)
    n = 300
    eta = rng.normal(-0.5, 2.0, (n, 2))
    tried = log_likelihood(
        data.take(np.zeros(n, dtype=int)), rng.normal(0.2, 0.5, (n, 1)), rng.exponential(0.2, n), eta, 0
    )
    assert tried.log.max() <= found.log_likelihood + 1e-9
    assert found.converged


def test_weights_of_one_are_no_selection():
    fixed = selection_model(Y, V, weights=(1.0, 1.0))
    w = 1.0 / (V + fixed.tau2)
    assert fixed.estimate == pytest.approx((w * Y).sum() / w.sum(), rel=1e-9)
    assert fixed.lrt_df == 0
    assert np.isnan(fixed.lrt_p)
    assert selection_model(Y, V, kind="halfnorm").log_likelihood >= fixed.log_likelihood - 1e-10


def test_batch_rows_are_single_fits():
    masks = np.stack([np.ones(10, dtype=bool), np.arange(10) != 3, np.arange(10) != 7])
    batch = selection_model(Y, V, mask=masks, alternative="greater")
    for row, mask in enumerate(masks):
        alone = selection_model(Y[mask], V[mask], alternative="greater")
        assert batch.estimate[row] == pytest.approx(alone.estimate, rel=1e-8)
        assert batch.delta[row] == pytest.approx(alone.delta, rel=1e-7)
        assert batch.lrt[row] == pytest.approx(alone.lrt, abs=1e-9)
    assert len(batch.to_frame()) == 3


def test_moderators_and_equal_effects():
    x = np.linspace(-1, 1, 10)
    fit = selection_model(Y, V, moderators=x)
    assert len(fit.estimate) == len(fit.se) == 2
    shifted = selection_model(Y, V, moderators=x + 5.0)
    assert shifted.estimate[1] == pytest.approx(fit.estimate[1], rel=1e-7)
    equal = selection_model(Y, V, tau2="EE")
    assert equal.tau2 == 0.0
    assert equal.lrt_tau2 == 0.0
    assert equal.log_likelihood <= selection_model(Y, V).log_likelihood + 1e-10


def test_intervals_without_studies():
    y, v = np.array([0.9, 1.1, 1.3, 0.8]), np.full(4, 0.04)
    significant = selection_model(y, v)
    assert significant.delta == (1.0, 0.0)
    assert significant.at_bound
    none = selection_model(y / 10, v, alternative="greater")
    assert none.in_interval == (0, 4)
    assert none.delta == (1.0, 100.0)
    assert repr(none)
    assert none.to_dict()["delta"] == [1.0, 100.0]


def test_edges():
    huge = selection_model([0.1, 0.5, 0.4, 0.8, 0.2], [1e-6, 1.0, 1e6, 0.3, 0.2])
    assert np.isfinite(huge.estimate)
    same = selection_model(np.full(6, 0.3), np.linspace(0.01, 0.1, 6))
    assert same.tau2 == 0.0
    assert selection_model([0.5, 0.1, 0.9], [0.02, 0.03, 0.1]).k == 3


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([0.1, 0.2], [0.1, 0.1]), {}, "at least 3 studies, found 2"),
        (([], []), {}, "at least one"),
        ((Y, V * -1), {}, "at position 0"),
        ((Y, np.where(np.arange(10) == 4, np.nan, V)), {}, "at position 4"),
        ((Y, V), {"kind": "steps"}, "kind must be one of"),
        ((Y, V), {"steps": (0.5, 0.1)}, "ascending"),
        ((Y, V), {"weights": (0.5, 1.0)}, "the first 1"),
        ((Y, V), {"weights": (1.0, 1.0), "kind": "beta"}, "step model only"),
        ((Y, V), {"moderators": np.ones(10)}, "constant"),
        ((Y, V), {"moderators": np.ones(9)}, "one row a study"),
        ((Y, V), {"alternative": "up"}, "alternative must be"),
        ((Y, V), {"level": 95}, "level must lie"),
        ((Y, V), {"delta_max": 0.5}, "delta_max"),
    ],
)
def test_refusals(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        selection_model(*arguments, **options)


def test_climb_reaches_a_bound_and_a_maximum():
    def function(rows, at, order):
        value = -((at - 2.0) ** 2).sum(axis=1)
        return value, -2.0 * (at - 2.0), np.broadcast_to(-2.0 * np.eye(2), (len(at), 2, 2)).copy()

    found = maximise(function, np.zeros((1, 2)), np.array([[-9.0, -9.0]]), np.array([[9.0, 1.0]]), np.ones((1, 2)))
    assert found.at[0] == pytest.approx([2.0, 1.0])
    assert found.converged[0]
