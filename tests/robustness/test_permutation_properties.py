"""Permutation tests: what has to hold whatever the data."""

from itertools import permutations, product

import numpy as np
import pytest

from metaan.pooling.pool import pool
from metaan.pooling.regression.meta_regression import meta_regression
from metaan.robustness.permutation import PermutationTest, permutation_test


def studies(k, seed=1):
    generator = np.random.default_rng(seed)
    v = generator.uniform(0.02, 0.3, k)
    return generator.normal(0.2, np.sqrt(v + 0.1)), v, generator


@pytest.mark.parametrize("interval", ["Wald", "HK", "mKH"])
def test_orders_one_by_one(interval):
    y, v, _ = studies(5)
    data = {"dose": [1.0, 2.0, 2.0, 4.0, 5.0], "arm": list("abaab")}
    ours = permutation_test(y, v, data, formula="dose + arm", interval=interval)
    every = [
        meta_regression(y[list(o)], v[list(o)], data, formula="dose + arm", interval=interval)
        for o in permutations(range(5))
    ]
    observed = every[0]
    statistics = np.abs([each.statistic for each in every])
    assert ours.exact
    assert ours.permutations == 120
    assert ours.p == pytest.approx((statistics >= np.abs(observed.statistic) * (1 - 1e-8)).mean(axis=0))
    omnibus = np.array([each.omnibus.statistic for each in every])
    assert ours.omnibus == pytest.approx(observed.omnibus.statistic)
    assert ours.omnibus_p == pytest.approx((omnibus >= observed.omnibus.statistic * (1 - 1e-8)).mean())
    assert ours.terms["arm"] == pytest.approx(ours.p[2])


def test_equal_rows_of_the_design_are_not_told_apart():
    y, v, _ = studies(8)
    arm = list("aaabbbbb")
    ours = permutation_test(y, v, {"arm": arm}, tau2="DL")
    assert ours.permutations == 56
    every = set()
    for labels in set(permutations(arm)):
        every.add(round(abs(meta_regression(y, v, {"arm": labels}, tau2="DL").statistic[1]), 9))
    observed = meta_regression(y, v, {"arm": arm}, tau2="DL").statistic[1]
    assert ours.p[1] == pytest.approx(sum(each >= abs(observed) - 1e-8 for each in every) / 56)


@pytest.mark.parametrize("interval", ["Wald", "mKH"])
def test_signs_one_by_one(interval):
    y, v, _ = studies(7)
    ours = permutation_test(y, v, interval=interval)
    every = [pool(y * signs, v, interval=interval).statistic for signs in product([1, -1], repeat=7)]
    assert ours.permutations == 128
    assert ours.p[0] == pytest.approx(np.mean(np.abs(every) >= abs(every[0]) * (1 - 1e-9)))
    assert permutation_test(y, v, {"x": range(7)}, formula="1", interval=interval).p == ours.p


def test_a_sample_is_near_the_whole_and_repeats_itself():
    y, v, generator = studies(7)
    data = {"x": generator.normal(size=7)}
    whole = permutation_test(y, v, data, tau2="DL")
    drawn = [permutation_test(y, v, data, tau2="DL", exact=False, draws=4000, seed=s) for s in (1, 1, 2)]
    assert whole.exact
    assert not drawn[0].exact
    assert drawn[0].p == drawn[1].p != drawn[2].p
    for each in drawn:
        assert np.abs(np.array(each.p) - whole.p).max() < 4.5 * np.sqrt(0.25 / 4000)
    signs = permutation_test(y, v, exact=False, draws=4000)
    assert signs.p[0] == pytest.approx(permutation_test(y, v).p[0], abs=4.5 * np.sqrt(0.25 / 4000))


def test_without_an_effect_p_is_uniform():
    found = []
    for seed in range(60):
        y, v, generator = studies(12, seed)
        found.append(
            permutation_test(y, v, {"x": generator.normal(size=12)}, tau2="DL", exact=False, draws=199, seed=seed).p[1]
        )
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) <= 0.1) < 0.25


def test_the_unit_of_effects_changes_nothing():
    y, v, _ = studies(7)
    data = {"x": [1, 2, 3, 4, 5, 6, 8]}
    assert permutation_test(y * 1e-6, v * 1e-12, data).p == permutation_test(y, v, data).p


def test_blocks_change_nothing(monkeypatch):
    y, v, _ = studies(7)
    data = {"x": [1, 2, 3, 4, 5, 5, 8]}
    whole = permutation_test(y, v, data, tau2="DL")
    monkeypatch.setattr("metaan.robustness.permutation._BLOCK", 64)
    pieces = permutation_test(y, v, data, tau2="DL")
    assert pieces.permutations == whole.permutations == 2520
    assert pieces.p == pytest.approx(whole.p)
    assert permutation_test(y, v, tau2="DL").permutations == 128


def test_records_and_refusals():
    y, v, _ = studies(6)
    data = {"x": [1, 2, 3, 4, None, 6]}
    ours = permutation_test(y, v, data, labels=list("ABCDEF"))
    assert ours.dropped == ("E: no x",)
    assert PermutationTest.from_dict(ours.to_dict()).to_dict() == ours.to_dict()
    assert list(ours.to_frame().names) == ["intercept", "x"]
    with pytest.raises(ValueError, match="draws must be at least 1"):
        permutation_test(y, v, draws=0)
    y, v, generator = studies(20)
    with pytest.raises(ValueError, match="too many to make all"):
        permutation_test(y, v, {"x": generator.normal(size=20)}, exact=True)
    with pytest.raises(ValueError, match="effects must be finite"):
        permutation_test([np.nan, 1.0, 2.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="1 study cannot tell"):
        permutation_test([1.0], [1.0])
