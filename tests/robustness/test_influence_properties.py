import dataclasses
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from metaan.pooling.pool import pool, summarise
from metaan.robustness.blup import blups, ranef
from metaan.robustness.cumulative import cumulative
from metaan.robustness.influence import influence, leave_one_out, residuals
from metaan.robustness.plots import baujat, radial
from metaan.robustness.refit import BLOCK
from metaan.robustness.subsets import bootstrap, subsets

Y = np.array([0.1, 0.9, -0.4, 1.3, 0.2, 0.7])
V = np.array([0.04, 0.09, 0.05, 0.11, 0.02, 0.3])
FUNCTIONS = (leave_one_out, cumulative, influence, residuals, baujat, radial, blups, ranef, subsets, bootstrap)


@st.composite
def studies(draw, smallest=3, largest=7):
    k = draw(st.integers(smallest, largest))
    y = draw(arrays(float, k, elements=st.floats(-3, 3).map(lambda x: round(x, 4))))
    v = draw(arrays(float, k, elements=st.floats(0.01, 2)))
    return y, v


def columns(result):
    """Figures of a result that do not change with the unit of the effects."""
    return {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}


@given(studies(), st.sampled_from(["REML", "DL", "PM", "EE"]), st.sampled_from(["mKH", "Wald"]))
@settings(max_examples=40)
def test_leaving_out_is_pooling_the_others(data, tau2, interval):
    y, v = data
    left = leave_one_out(y, v, tau2=tau2, interval=interval)
    for i in range(len(y)):
        other = pool(np.delete(y, i), np.delete(v, i), tau2=tau2, interval=interval)
        assert left.estimate[i] == pytest.approx(other.estimate, rel=1e-9, abs=1e-9)
        for name in ("se", "tau2", "i2", "q", "p"):
            assert getattr(left, name)[i] == pytest.approx(getattr(other, name), rel=1e-7, abs=1e-8), name
        assert (left.ci_low[i], left.ci_high[i]) == pytest.approx((other.ci.low, other.ci.high), rel=1e-7, abs=1e-7)
        assert left.k[i] == len(y) - 1


@given(studies(), st.randoms())
@settings(max_examples=40)
def test_the_last_of_a_cumulative_synthesis_holds_all(data, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    grown, whole = cumulative(y, v, order=order), pool(y, v)
    assert grown.k == tuple(range(1, len(y) + 1))
    assert sorted(grown.position) == list(range(len(y)))
    assert grown.estimate[0] == y[grown.position[0]]
    assert grown.estimate[-1] == pytest.approx(whole.estimate, rel=1e-9, abs=1e-9)
    assert grown.tau2[-1] == pytest.approx(whole.tau2, rel=1e-7, abs=1e-9)


def test_equal_years_keep_the_order_of_the_input():
    assert cumulative(Y, V, order=[2001, 1999, 2001, 1999, 1980, 2001]).position == (4, 1, 3, 0, 2, 5)
    assert cumulative(Y, V, labels=list("abcdef")).added == tuple("abcdef")


@given(studies(), st.sampled_from([1e-6, 1e6, -1.0]), st.floats(-5, 5))
@settings(max_examples=40)
def test_influence_has_no_unit(data, factor, shift):
    y, v = data
    one, other = influence(y, v), influence((y + shift) * factor, v * factor**2)
    sign = math.copysign(1.0, factor)
    for name in ("studentised", "dffits", "dfbetas"):
        assert np.array(getattr(other, name)) == pytest.approx(sign * np.array(getattr(one, name)), rel=1e-6, abs=1e-6)
    for name in ("cook", "cov_ratio", "hat", "weight", "q_deleted"):
        assert np.array(getattr(other, name)) == pytest.approx(np.array(getattr(one, name)), rel=1e-6, abs=1e-6), name


@given(studies(), st.permutations(range(7)))
@settings(max_examples=40)
def test_order_of_studies_moves_with_the_diagnostics(data, order):
    y, v = data
    place = [i for i in order if i < len(y)]
    one, other = influence(y, v), influence(y[place], v[place])
    for name in ("studentised", "cook", "hat", "tau2_deleted"):
        assert np.array(getattr(other, name)) == pytest.approx(np.array(getattr(one, name))[place], rel=1e-6, abs=1e-7)
    one, other = residuals(y, v), residuals(y[place], v[place])
    assert np.array(other.standardised) == pytest.approx(np.array(one.standardised)[place], rel=1e-6, abs=1e-7)


@given(studies())
@settings(max_examples=40)
def test_residuals_agree_with_dense_algebra(data):
    y, v = data
    found, tau2 = residuals(y, v), pool(y, v).tau2
    marginal = np.diag(v + tau2)
    w = np.linalg.inv(marginal)
    one = np.ones((len(y), 1))
    rest = np.eye(len(y)) - one @ np.linalg.inv(one.T @ w @ one) @ one.T @ w
    assert np.array(found.residual) == pytest.approx(rest @ y, abs=1e-9)
    assert np.array(found.se) ** 2 == pytest.approx(np.diag(rest @ marginal @ rest.T), rel=1e-8)
    # Predictions: the conditional mean of the true effects and its error, from the joint covariance.
    p = w - w @ one @ np.linalg.inv(one.T @ w @ one) @ one.T @ w
    drawn = ranef(y, v, interval="Wald")
    assert np.array(drawn.estimate) == pytest.approx(tau2 * (p @ y), abs=1e-9)
    assert np.array(drawn.se) ** 2 == pytest.approx(tau2 - tau2**2 * np.diag(p), rel=1e-7, abs=1e-12)
    whole = blups(y, v, interval="Wald")
    assert np.array(whole.estimate) == pytest.approx(y - v * (p @ y), abs=1e-8)
    assert np.array(whole.se) ** 2 == pytest.approx(v - v**2 * np.diag(p), rel=1e-7, abs=1e-9)


def test_baujat_of_equal_effects_adds_up_to_q():
    found = baujat(Y, V, tau2="EE")
    assert sum(found.heterogeneity) == pytest.approx(pool(Y, V, tau2="EE").q)
    without = leave_one_out(Y, V, tau2="EE", interval="Wald")
    change = (np.array(without.estimate) - pool(Y, V, tau2="EE").estimate) / np.array(without.se)
    assert np.array(found.influence) == pytest.approx(change**2)


def test_radial_slope_is_the_summary_effect():
    found, fit = radial(Y, V), pool(Y, V)
    x, y = np.array(found.x), np.array(found.y)
    assert (x @ y) / (x @ x) == pytest.approx(fit.estimate) == found.slope
    assert (found.ci.low, found.ci.high) == (fit.ci.low, fit.ci.high)
    centred = radial(Y, V, centre=True)
    assert (np.array(centred.x) @ np.array(centred.y), centred.slope) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert found.band == pytest.approx(1.959963984540054)


def test_no_heterogeneity_puts_every_study_on_the_mean():
    y, v = [0.2, 0.21, 0.19], [0.1, 0.2, 0.3]
    found = blups(y, v)
    assert found.tau2 == 0
    assert set(found.estimate) == {pool(y, v).estimate}
    assert ranef(y, v).se == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("tau2", ["REML", "DL"])
def test_subsets_are_syntheses_of_their_members(tau2):
    found = subsets(Y, V, tau2=tau2, labels=list("abcdef"))
    assert len(found.k) == 2**6 - 1
    assert found.complete
    mask = found.mask()
    for row in (0, 6, 30, 62):
        one = pool(Y[mask[row]], V[mask[row]], tau2=tau2)
        assert (found.estimate[row], found.tau2[row]) == pytest.approx((one.estimate, one.tau2), rel=1e-9)
    holds, lacks = found.with_and_without("c")
    assert (holds == mask[:, 2]).all()
    assert (lacks == ~mask[:, 2]).all()
    assert found.estimate[-1] == pytest.approx(pool(Y, V, tau2=tau2).estimate)
    assert found.quantiles["estimate"][0] == found.estimate.min()
    assert "all 63 subsets of 6 studies" in repr(found)


def test_small_subsets_can_be_left_out():
    found = subsets(Y, V, smallest=3)
    assert found.k.min() == 3
    assert len(found.k) == 20 + 15 + 6 + 1


def test_sampled_subsets_are_different_and_repeatable():
    random = np.random.default_rng(5)
    y, v = random.normal(size=45), random.uniform(0.1, 1, 45)
    one, other = subsets(y, v, tau2="DL", samples=3000, seed=7), subsets(y, v, tau2="DL", samples=3000, seed=7)
    assert not one.complete
    assert len(np.unique(one.packed, axis=0)) == 3000
    assert (one.packed == other.packed).all()
    assert (one.estimate == other.estimate).all()
    assert one.mask().sum(axis=1).tolist() == one.k.tolist()
    assert one.k.mean() == pytest.approx(22.5, abs=0.3)  # every subset is as likely as any other
    assert not (subsets(y, v, tau2="DL", samples=3000, seed=8).packed == one.packed).all()
    few = subsets(y[:21], v[:21], tau2="DL", samples=3000, smallest=10)
    assert few.k.min() >= 10


@pytest.mark.parametrize("kind", ["parametric", "case"])
def test_bootstrap_is_repeatable_and_near_the_standard_error(kind):
    random = np.random.default_rng(11)
    v = random.uniform(0.02, 0.2, 40)
    y = random.normal(0.4, np.sqrt(v + 0.1))
    one, fit = bootstrap(y, v, kind=kind, samples=2000, seed=3), pool(y, v, interval="Wald")
    assert one.converged.all()
    assert one.fitted == pytest.approx(fit.estimate)
    assert one.se == pytest.approx(fit.se, rel=0.12)
    assert one.bias == pytest.approx(0.0, abs=4 * fit.se / math.sqrt(2000) + 0.01)
    assert one.ci.low < fit.estimate < one.ci.high
    assert (bootstrap(y, v, kind=kind, samples=2000, seed=3).estimate == one.estimate).all()
    assert (bootstrap(y, v, kind=kind, samples=500, seed=3).estimate == one.estimate[:500]).all()


def test_parametric_bootstrap_without_heterogeneity_has_the_exact_spread():
    v = np.full(10, 0.1)
    found = bootstrap(np.full(10, 0.3), v, tau2="EE", samples=20_000)
    assert found.se == pytest.approx(0.1, rel=0.02)


def test_two_studies():
    left = leave_one_out([0.1, 0.5], [0.04, 0.09])
    assert left.estimate == (0.5, 0.1)
    assert left.tau2 == (0.0, 0.0)
    assert left.df == (math.inf, math.inf)
    found = influence([0.1, 0.5], [0.04, 0.09])
    assert np.isfinite([found.cook, found.studentised, found.dfbetas]).all()


def test_a_study_with_nearly_all_the_weight():
    y, v = np.array([0.0, 3.0, -2.0, 1.5]), np.array([1e-12, 0.5, 1.0, 0.7])
    found = influence(y, v, tau2="EE")
    others = pool(y[1:], v[1:], tau2="EE", interval="Wald")
    assert found.dfbetas[0] == pytest.approx(-others.estimate * 1e6, rel=1e-9)
    assert residuals(y, v, tau2="EE").se[0] == pytest.approx(1e-6 * math.sqrt(1e-12 / others.se**2), rel=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_variances_that_cannot_be_are_refused(function, bad):
    with pytest.raises(ValueError, match=r"variances must be positive.*position 2"):
        function([0.1, 0.2, 0.3], [0.1, 0.2, bad])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_studies_are_refused(function):
    with pytest.raises(ValueError, match="at least"):
        function([], [])
    with pytest.raises(ValueError, match="one synthesis at a time"):
        function([[0.1, 0.2], [0.1, 0.2]], [[0.1, 0.2], [0.1, 0.2]])


@pytest.mark.parametrize("function", [leave_one_out, influence, residuals, baujat, bootstrap])
def test_one_study_has_no_others(function):
    with pytest.raises(ValueError, match="at least 2 studies are needed, not 1"):
        function([0.1], [0.2])


@pytest.mark.parametrize(
    ("function", "call", "message"),
    [
        (leave_one_out, {"tau2": "XX"}, "tau2 must be one of REML"),
        (influence, {"tau2": 0.3}, "estimated anew"),
        (cumulative, {"order": [1, 2]}, "one value a study"),
        (cumulative, {"order": [1, 2, 3, math.nan, 5, 6]}, "position 3"),
        (subsets, {"smallest": 7}, "smallest"),
        (subsets, {"samples": 0}, "samples"),
        (bootstrap, {"kind": "block"}, "parametric or case"),
        (bootstrap, {"samples": 0}, "samples"),
        (bootstrap, {"level": 95}, "level"),
        (blups, {"labels": ["a"]}, "labels"),
    ],
)
def test_options_that_cannot_be_are_refused(function, call, message):
    with pytest.raises(ValueError, match=message):
        function(Y, V, **call)


def test_more_subsets_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="ask for fewer"):
        subsets(np.arange(21.0), np.ones(21), tau2="DL", smallest=20, samples=50)


def test_results_round_trip_and_are_tables():
    for result in (leave_one_out(Y, V), cumulative(Y, V), influence(Y, V), residuals(Y, V), blups(Y, V), baujat(Y, V)):
        assert type(result).from_dict(result.to_dict()) == result
        assert len(result.to_frame()) == 6
        assert repr(result).startswith(type(result).__name__)
    assert len(radial(Y, V).to_frame()) == 6
    assert len(bootstrap(Y, V, samples=10).to_frame()) == 10
    assert list(subsets(Y, V).to_frame().columns) == ["k", "estimate", "se", "tau2", "i2", "q", "converged"]


def test_many_studies_are_worked_on_in_blocks():
    import tracemalloc

    random = np.random.default_rng(2)
    k = 3000
    assert k * k > 2 * BLOCK
    v = random.uniform(0.02, 0.3, k)
    y = random.normal(0.3, np.sqrt(v + 0.2))
    tracemalloc.start()
    found = influence(y, v, tau2="DL")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6
    assert sum(found.hat) == pytest.approx(1.0)
    place = 1234
    other = pool(np.delete(y, place), np.delete(v, place), tau2="DL")
    assert (found.tau2_deleted[place], found.q_deleted[place]) == pytest.approx((other.tau2, other.q), rel=1e-9)


def test_results_do_not_depend_on_the_number_of_processors(monkeypatch):
    from metaan.pooling import kernel

    random = np.random.default_rng(4)
    v = random.uniform(0.02, 0.5, (5000, 12))
    y = random.normal(0.3, np.sqrt(v + 0.1))
    found = []
    for workers in (1, 2, 5):
        monkeypatch.setattr(kernel, "processors", lambda workers=workers: workers)
        found.append(summarise(y, v))
    for name, values in found[0].items():
        assert (found[1][name] == values).all(), name
        assert (found[2][name] == values).all(), name
