"""What is done for speed changes no figure: memory order, single rows, pieces, threads, matrix products."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from metaan.pooling import kernel
from metaan.pooling.highest import highest, reach
from metaan.pooling.kernel import arrange, pick, pieces, root, root_of_one, unweighted
from metaan.pooling.pool import pool, summarise
from metaan.pooling.regression import moderators
from metaan.pooling.regression.least_squares import prepare
from metaan.pooling.regression.residual_tau2 import ESTIMATORS
from metaan.pooling.restricted import core, maximise
from metaan.pooling.tau2 import generalised_q_root, spread
from metaan.robustness.subsets import subsets

FIELDS = ("k", "estimate", "se", "tau2", "i2", "q", "converged")


def simulated(seed, n, k, unequal=2.0, tau2=0.1):
    random = np.random.default_rng(seed)
    v = 10 ** random.uniform(-unequal, 0, (n, k))
    return random.normal(0.3, np.sqrt(v + tau2)), v, random.random((n, k)) < 0.7


def close(found, wanted, scale=0.0, rel=1e-11):
    np.testing.assert_array_less(np.abs(found - wanted), rel * (np.abs(wanted) + scale) + 1e-300)


@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([1.0, 3.0, 8.0]), st.booleans())
@settings(max_examples=60)
def test_a_batch_holds_what_single_rows_give(seed, k, unequal, masked):
    y, v, mask = simulated(seed, 20, k, unequal)
    mask[:, 0] |= ~mask.any(axis=1)
    least = np.where(mask, v, np.inf).min(axis=1) if masked else v.min(axis=1)
    for tau2 in ("REML", "PM", "DL"):
        whole = pool(y, v, tau2=tau2, mask=mask if masked else None)
        for i in range(20):
            one = pool(y[i], v[i], tau2=tau2, mask=mask[i] if masked else None)
            for name, scale in (("tau2", least[i]), ("se", 0), ("estimate", 1), ("q", 1e-3), ("se_tau2", 0), ("p", 0)):
                value, wanted = getattr(one, name), getattr(whole, name)[i]
                assert value == pytest.approx(wanted, rel=1e-10, abs=1e-10 * scale, nan_ok=True)
            low, high = (whole.tau2_ci.low[i], whole.tau2_ci.high[i])
            if one.tau2_ci is None:
                assert np.isnan(low)
            else:
                assert (one.tau2_ci.low, one.tau2_ci.high) == pytest.approx(
                    (low, high), rel=1e-10, abs=1e-10 * least[i]
                )


def test_rows_keep_their_order_of_memory():
    y, v, mask = simulated(1, 50, 7)
    for rows in (arrange(y, v), arrange(y, v, mask)):
        assert rows.y.flags.f_contiguous
        assert rows.v.flags.f_contiguous
        some = rows.some(np.arange(40))
        assert some.y.flags.f_contiguous
        assert np.array_equal(some.y, rows.y[:40])
        assert (rows.v + np.ones((50, 1))).flags.f_contiguous
    for wide in (arrange(y.T[:7], v.T[:7]), arrange(y.T[:7], v.T[:7], mask.T[:7])):
        assert wide.y.flags.c_contiguous
        assert wide.v.flags.c_contiguous
    assert np.array_equal(pick(wide.y, np.array([True, False] * 3 + [True])), wide.y[::2])


@pytest.mark.parametrize(("n", "k", "size"), [(0, 5, 10), (1, 20, 5), (10, 3, 12), (1000, 20, 999), (7, 1, 100)])
def test_pieces_are_equal_bounded_and_complete(n, k, size):
    lengths = [len(range(n)[piece]) for piece in pieces(n, k, size)]
    assert sum(lengths) == n
    assert max(lengths) <= max(1, size // k)
    assert n == 0 or min(lengths[:-1], default=max(lengths)) == max(lengths)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_neither_pieces_nor_workers_change_a_digit(monkeypatch, workers):
    y, v, mask = simulated(2, 900, 9)
    mask[:, 0] = True
    whole = summarise(y, v, mask=mask)
    design = np.column_stack([np.ones(9), np.arange(9.0)])
    line = moderators.fit(y, v, design)
    monkeypatch.setattr(kernel, "processors", lambda: workers)
    monkeypatch.setattr(kernel, "CHUNK", 9 * 100)
    monkeypatch.setattr(moderators, "CHUNK", 9 * 100)
    cut = summarise(y, v, mask=mask)
    for name in FIELDS:
        close(cut[name] * 1.0, whole[name] * 1.0, v.min(), 1e-12)
    close(moderators.fit(y, v, design).beta, line.beta, 1.0, 1e-12)
    if workers > 1:
        monkeypatch.setattr(kernel, "processors", lambda: 1)
        alone = summarise(y, v, mask=mask)
        assert all(np.array_equal(cut[name], alone[name]) for name in FIELDS)


@pytest.mark.parametrize("values", [(0.3, 2.0, 0.7), (5.0, 0.01, 0.2), (1e-6, 1e6, 1.0)])
def test_the_root_of_one_row_is_that_of_a_batch(values):
    a, b, scale = values

    def function(t):
        return a / (t + b) ** 2 - 0.1 * a / b**2, -2 * a / (t + b) ** 3

    many, settled = root(lambda _, t: function(t), np.zeros(1), np.array([9 * b]), np.array([scale]))
    one, sure = root_of_one(function, 0.0, 9 * b, scale, 0.0)
    assert settled.all()
    assert sure
    assert one == pytest.approx(many[0], rel=1e-13) == pytest.approx(b * (np.sqrt(10) - 1), rel=1e-12)


def test_several_targets_a_row_stand_one_after_the_other():
    y, v, _ = simulated(3, 30, 6)
    rows = arrange(y, v)
    first, second = np.full(30, 2.0), np.full(30, 7.0)
    at_zero = kernel.mean(rows.y, rows.v, np.zeros(30)).q
    both, _ = generalised_q_root(rows, np.concatenate([first, second]), np.concatenate([at_zero, at_zero]))
    close(both[:30], generalised_q_root(rows, first)[0], v.min(), 1e-12)
    close(both[30:], generalised_q_root(rows, second)[0], v.min(), 1e-12)
    solved = both[:30] > 0
    assert kernel.mean(rows.y, rows.v, both[:30]).q[solved] == pytest.approx(2.0, rel=1e-11)


@pytest.mark.parametrize("ratio", [1.0, 1e3, 1e9, 1e15])
def test_one_heavy_study_costs_the_spread_no_digits(ratio):
    w = np.array([[ratio, 0.7, 0.4, 1.1], [0.7, 1.0, 0.4, 1.1]])
    total = w.sum(axis=1)
    exact = [2 * sum(a * b for i, a in enumerate(row) for b in row[:i]) / sum(row) for row in w.tolist()]
    assert spread(w, total) == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("far", [0.0, 3.0, 1e3])
@pytest.mark.parametrize("unequal", [1.0, 12.0])
def test_matrix_products_pool_subsets_as_the_kernel_does(far, unequal):
    y, v, _ = simulated(4, 1, 11, unequal)
    y = y[0] + far * (np.arange(11) % 2)
    found = subsets(y, v[0], tau2="DL")
    wanted = summarise(y, v[0], tau2="DL", mask=found.mask())
    assert len(found.k) == 2**11 - 1
    for name in FIELDS:
        one, other = getattr(found, name) * 1.0, wanted[name] * 1.0
        scale = {"tau2": v.min(), "estimate": 1.0 + far, "i2": 1.0, "q": 1e-6}.get(name, 0.0)
        close(one, other, scale, 1e-11)


@given(st.integers(0, 10**6), st.integers(3, 9), st.sampled_from([1.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_regression_on_a_constant_is_the_mean(seed, k, unequal):
    y, v, _ = simulated(seed, 30, k, unequal)
    found, converged = ESTIMATORS["REML"](prepare(y, v, np.ones((k, 1))))
    wanted, _ = maximise(arrange(y, v))
    assert converged.all()
    close(found, wanted, v.min(axis=1), 1e-8)


def test_no_place_of_a_regression_is_higher():
    random = np.random.default_rng(5)
    n, k = 400, 7
    v = 10 ** random.uniform(-5, 0, (n, k))
    y = random.standard_t(1.3, (n, k)) * np.sqrt(v + 0.001)
    rows = prepare(y, v, np.column_stack([np.ones(k), random.normal(size=k)]))
    found, converged = ESTIMATORS["REML"](rows)
    assert converged.all()
    best = moderators.log_likelihood(rows, found, restricted=True)
    least, far = v.min(axis=1), np.maximum((rows.u**2).sum(axis=1), v.min(axis=1))
    assert (moderators.log_likelihood(rows, np.zeros(n), restricted=True) <= best + 1e-8).all()
    for share in np.linspace(0, 1, 300):
        there = least * 1e-3 * (far / least * 1e3) ** share
        assert (moderators.log_likelihood(rows, there, restricted=True) <= best + 1e-8).all()


def test_a_wrong_guess_of_where_to_start_does_no_harm():
    y, v, _ = simulated(6, 200, 8, 3.0)
    rows = arrange(y, v)
    wanted, _ = maximise(rows)
    squares, pull, average = unweighted(rows)
    far = np.ptp(y, axis=1) ** 2
    with np.errstate(all="ignore"):
        for factor in (0.0, 0.1, 10.0, 1e6):
            found, converged = highest(
                core(rows), reach(v.min(axis=1), far, squares, np.full(200, 7.0), factor * pull, average)
            )
            assert converged.all()
            close(found, wanted, v.min(axis=1), 1e-11)
