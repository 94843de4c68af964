"""Rank correlation test: figures of metafor and meta, counting by brute force, and properties."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metaan.robustness.rank import exact_p, kendall, rank_test
from oracle import CLOSED, METAFOR, comparison, comparisons_of, failed, holding, load


@comparison("Rank correlation test (Begg), exact and normal p", source=METAFOR, rel=CLOSED, cases=holding("ranktest"))
def published(case):
    ours, theirs = rank_test(case.y, case.v), case.fits["ranktest"]
    yield "tau", ours.tau, theirs["tau"], 1.0 / len(case.y) ** 2
    yield "p", ours.p, theirs["pval"]
    yield "normal p", ours.p_normal, theirs["pval.inexact"]


def edge_cases():
    cases = load("edge-generic")["cases"]
    return [name for name in cases if not failed(cases[name]["ranktest"])]


@comparison("Rank correlation test on constructed data", source=METAFOR, rel=CLOSED, cases=edge_cases)
def constructed(name):
    case = load("edge-generic")["cases"][name]
    pairs = [(y, v) for y, v in zip(case["yi"], case["vi"], strict=True) if y is not None and v is not None]
    ours = rank_test(*np.array(pairs).T)
    yield "tau", ours.tau, case["ranktest"]["tau"], 1.0
    yield "p", ours.p, case["ranktest"]["pval"]


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7])
def test_exact_p_counts_all_orders(k):
    pairs = list(itertools.combinations(range(k), 2))
    scores = np.array([sum(1 if o[i] < o[j] else -1 for i, j in pairs) for o in itertools.permutations(range(k))])
    for score in set(scores.tolist()):
        smaller = min((scores >= score).mean(), (scores <= score).mean())
        assert exact_p(score, k) == pytest.approx(min(1.0, 2.0 * smaller), rel=1e-12)


@pytest.mark.parametrize("levels", [10, 10_000])
def test_sorting_counts_the_same_pairs(levels):
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, levels, (2, 3, 300)).astype(float)
    some = rng.random((3, 300)) < 0.9
    sorted_score = kendall(x, y, some).score
    for i in range(3):
        a, b = x[i, some[i]], y[i, some[i]]
        assert sorted_score[i] == (np.sign(a[:, None] - a) * np.sign(b[:, None] - b)).sum() / 2


values = st.lists(
    st.tuples(st.integers(-20, 20).map(lambda i: i / 4), st.integers(1, 12).map(lambda i: i / 8)),
    min_size=2,
    max_size=15,
)


@given(values)
def test_kendall_agrees_with_scipy(rows):
    y, v = np.array(rows).T
    ours = rank_test(y, v)
    w = 1.0 / v
    z = np.round((y - (w * y).sum() / w.sum()) / np.sqrt(v - 1.0 / w.sum()), 9)
    if len(set(z)) == 1 or len(set(v)) == 1:
        return
    theirs = stats.kendalltau(z, v)
    assert ours.tau == pytest.approx(theirs.statistic, abs=1e-12)


@given(values, st.sampled_from([1e-6, 1e6]))
def test_scale_sign_and_order(rows, scale):
    y, v = np.array(rows).T
    plain = rank_test(y, v)
    for other, sign in ((rank_test(y * scale, v * scale**2), 1), (rank_test(-y[::-1], v[::-1]), -1)):
        # ties between standardised effects may be broken by rounding
        if not (plain.refused or other.refused) and plain.exact:
            assert other.tau == pytest.approx(sign * plain.tau, abs=1e-12)
            assert other.p == pytest.approx(plain.p, rel=1e-12)


def test_a_batch_equals_its_rows_and_a_mask_leaves_out():
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=(50, 12)), rng.uniform(0.01, 1, (50, 12))
    mask = rng.random((50, 12)) < 0.7
    mask[0] = False
    batch = rank_test(y, v, mask=mask)
    assert batch.refused[0] == "fewer than two studies"
    for i in range(1, 50):
        single = rank_test(y[i, mask[i]], v[i, mask[i]])
        assert (batch.tau[i], batch.p[i], batch.k[i]) == (single.tau, single.p, single.k)


def test_refusals():
    assert "fewer than two" in rank_test([0.1], [0.1]).refused
    equal = rank_test([0.1, 0.4, 0.3], [0.2, 0.2, 0.2])
    assert "all equal" in equal.refused
    assert math.isnan(equal.p)
    with pytest.raises(ValueError, match="exact p"):
        rank_test([0.1, 0.4, 0.3, 0.2], [0.2, 0.2, 0.3, 0.1], exact=True)
    with pytest.raises(ValueError, match="position 0"):
        rank_test([math.nan, 0.4], [0.2, 0.2])


def test_many_studies_and_very_unequal_variances():
    rng = np.random.default_rng(5)
    y, v = rng.normal(size=2000), rng.uniform(0.01, 1, 2000)
    many = rank_test(y, v)
    assert not many.exact
    assert many.p == many.p_normal
    close = rank_test(y[:500], v[:500])
    assert close.exact
    assert close.p == pytest.approx(close.p_normal, abs=4e-3)
    stiff = rank_test([0.2, 0.9, -0.6, 0.7], [1e-12, 0.5, 0.4, 0.6])
    assert abs(stiff.tau) == pytest.approx(1 / 3)
