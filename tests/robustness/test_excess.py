"""Test of excess significance beside metafor, and its properties."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from metaan.robustness.excess import excess_significance
from oracle import CLOSED, METAFOR, Differs, comparison, comparisons_of, failed, holding

LIMIT = "R's root finder stops within 1.2e-4 of the limit, whatever its size"
Y = np.array([0.5, 0.8, 0.1, 0.6, -0.2])
V = np.array([0.04, 0.09, 0.02, 0.05, 0.03])


@comparison("test of excess significance", source=METAFOR, rel=CLOSED, cases=holding("tes"))
def tes(each):
    block = each.fits["tes"]
    ours = excess_significance(each.y, each.v, test=block["test"])
    yield "observed", ours.observed, block["O"]
    yield "expected", ours.expected, block["E"]
    yield "ratio", ours.ratio, block["OEratio"]
    yield "theta", ours.theta, block["theta"]
    yield "power", ours.power, block["power"]
    yield "p", ours.p, block["pval"]
    if block["X2"] is not None:
        yield "chi2", ours.chi2, block["X2"]


@comparison("test of excess significance, chi-square", source=METAFOR, rel=CLOSED, cases=holding("tes"))
def tes_chi2(each):
    block, ours = each.fits["tes_chi2"], excess_significance(each.y, each.v, test="chi2")
    if failed(block):
        yield Differs("p", ours.p, np.nan, "every study has power 1: R fails, ours says p = 1")
        return
    yield "observed", ours.observed, block["O"]
    yield "expected", ours.expected, block["E"]
    yield "chi2", ours.chi2, block["X2"], 1e-3
    yield "p", ours.p, block["pval"]


@comparison("test of excess significance: limit", source=METAFOR, rel=1.3e-4, cases=holding("tes_chi2"), why=LIMIT)
def limits(each):
    ours = excess_significance(each.y, each.v, test="chi2")
    theirs = np.atleast_1d(each.fits["tes_chi2"]["theta.lim"])[0]
    if not np.isnan(ours.limit):
        assert excess_significance(each.y, each.v, test="chi2", theta=ours.limit).p == pytest.approx(0.10, rel=1e-9)
    yield "limit", ours.limit, theirs, 1.0


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()


def test_exact_p_is_the_sum_over_all_outcomes():
    found = excess_significance(Y, V)
    power = np.array(found.power)
    total = sum(
        np.prod(np.where(bits, power, 1.0 - power))
        for bits in map(np.array, product([0, 1], repeat=5))
        if bits.sum() >= found.observed
    )
    assert found.p == pytest.approx(total, rel=1e-12)


def test_equal_power_makes_exact_and_binomial_agree():
    v = np.full(5, 0.05)
    exact, binomial = (excess_significance(Y, v, test=test).p for test in ("exact", "binomial"))
    assert exact == pytest.approx(binomial, rel=1e-10)


def test_power_over_heterogeneity_is_an_average():
    found = excess_significance(Y, V, theta=0.3, tau2=0.04)
    x, w = special.roots_hermitenorm(60)
    each = [excess_significance(Y, V, theta=0.3 + 0.2 * at).power for at in x]
    assert found.power == pytest.approx((w / w.sum()) @ np.array(each), rel=1e-8)


@settings(max_examples=30)
@given(st.permutations(range(5)), st.sampled_from([1e-6, 1e6, 3.0]), st.sampled_from(["exact", "chi2", "binomial"]))
def test_order_sign_and_scale(order, factor, test):
    plain = excess_significance(Y, V, test=test)
    other = excess_significance(-Y[order] * factor, V[order] * factor**2, test=test)
    assert other.p == pytest.approx(plain.p, rel=1e-9)
    assert other.limit == pytest.approx(-plain.limit * factor, rel=1e-9)


def test_batch_mask_and_null():
    mask = ~np.eye(5, dtype=bool)
    batch = excess_significance(Y, V, mask=mask)
    for row in range(5):
        alone = excess_significance(Y[mask[row]], V[mask[row]])
        assert batch.p[row] == pytest.approx(alone.p, rel=1e-12)
        assert batch.limit[row] == pytest.approx(alone.limit, rel=1e-9, nan_ok=True)
    moved = excess_significance(Y + 1.0, V, null=1.0)
    assert moved.p == pytest.approx(excess_significance(Y, V).p, rel=1e-12)
    assert len(batch.to_frame()) == 5
    one_sided = excess_significance(-Y, V, alternative="less")
    assert one_sided.p == pytest.approx(excess_significance(Y, V, alternative="greater").p, rel=1e-12)


def test_edges():
    single = excess_significance([3.0], [1.0])
    assert (single.k, single.observed) == (1, 1)
    assert single.p == pytest.approx(single.power[0])
    assert excess_significance([0.1, 0.2], [1.0, 1.0]).p == 1.0
    assert np.isnan(excess_significance([0.1, 0.2], [1.0, 1.0]).limit)
    sure = excess_significance([50.0, 60.0], [1.0, 1.0], test="chi2")
    assert sure.p == 1.0
    many = excess_significance(np.linspace(-1, 1, 3000), np.full(3000, 0.05), test="chi2")
    assert 0.0 <= many.p <= 1.0


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([], []), {}, "at least one"),
        (([0.1], [0.0]), {}, "at position 0"),
        ((Y, V), {"test": "z"}, "test must be one of"),
        ((Y, V), {"alternative": "up"}, "alternative must be"),
        ((Y, V), {"alpha": 5}, "alpha must lie"),
        ((Y, V), {"tau2": -1.0}, "tau2 must not be negative"),
        ((Y, V), {"theta": np.nan}, "theta must be finite"),
    ],
)
def test_refusals(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        excess_significance(*arguments, **options)
