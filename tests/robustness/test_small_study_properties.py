"""Tests of small-study effects: choice by measure, refusals, batches, and agreement with plain regression."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.robustness.pet_peese import pet_peese
from metaan.robustness.small_study import KINDS, PREDICTORS, small_study_test

RNG = np.random.default_rng(20)
K = 14
V = RNG.uniform(0.02, 0.5, K)
Y = RNG.normal(0.2, np.sqrt(V + 0.03))
GROUPS = RNG.integers(20, 200, (2, K))
EVENTS = RNG.binomial(GROUPS, [[0.2], [0.3]])
TABLES = np.stack([EVENTS[0], GROUPS[0] - EVENTS[0], EVENTS[1], GROUPS[1] - EVENTS[1]])


def wls(y, x, w):
    """Least squares with weights, from statsmodels."""
    sm = pytest.importorskip("statsmodels.api")
    return sm.WLS(y, sm.add_constant(x), weights=w).fit()


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_egger_is_weighted_least_squares(predictor):
    n = GROUPS.sum(axis=0)
    x = {"sei": np.sqrt(V), "vi": V, "ni": n, "ninv": 1 / n, "sqrtni": np.sqrt(n), "sqrtninv": 1 / np.sqrt(n)}[
        predictor
    ]
    theirs, ours = wls(Y, x, 1 / V), small_study_test(Y, V, kind="egger", predictor=predictor, n=n)
    assert ours.bias == pytest.approx(theirs.params[1], rel=1e-9)
    assert ours.bias_se == pytest.approx(theirs.bse[1], rel=1e-9)
    assert ours.p == pytest.approx(theirs.pvalues[1], rel=1e-8)
    if predictor in ("ni", "sqrtni"):
        assert math.isnan(ours.limit)
        assert ours.limit_ci is None
    else:
        assert (ours.limit_ci.low, ours.limit_ci.high) == pytest.approx(tuple(theirs.conf_int()[0]), rel=1e-8)


def test_deeks_and_peters_are_weighted_least_squares():
    a, b, c, d = TABLES.astype(float)
    y = np.log(a * d / (b * c))
    n1, n2 = GROUPS
    n, ess = n1 + n2, 4 * n1 * n2 / (n1 + n2)
    theirs = wls(y, 1 / np.sqrt(ess), ess)
    assert small_study_test(tables=TABLES, kind="deeks").p == pytest.approx(theirs.pvalues[1], rel=1e-8)
    theirs = wls(y, 1 / n, (a + c) * (b + d) / n)
    assert small_study_test(tables=TABLES, kind="peters").p == pytest.approx(theirs.pvalues[1], rel=1e-8)


@pytest.mark.parametrize(
    ("measure", "given_too", "kind"),
    [
        ("OR", {"tables": TABLES}, "harbord"),
        ("DOR", {"tables": TABLES}, "deeks"),
        ("SMD", {"groups": GROUPS}, "pustejovsky"),
        ("MD", {}, "egger"),
        ("RR", {"tables": TABLES}, "egger"),
        ("", {}, "egger"),
    ],
)
def test_the_measure_chooses(measure, given_too, kind):
    found = small_study_test(Y, V, measure=measure, **given_too)
    assert (found.kind, found.refused) == (kind, "")
    assert 0.0 <= found.p <= 1.0


@pytest.mark.parametrize(
    ("measure", "words"), [("OR", "2x2 tables"), ("SMD", "sizes of both groups"), ("DOR", "tables")]
)
def test_a_test_that_lacks_its_data_is_refused_not_replaced(measure, words):
    found = small_study_test(Y, V, measure=measure)
    assert words in found.refused
    assert math.isnan(found.p)


def test_fewer_than_ten_studies_are_refused_unless_forced():
    found = small_study_test(Y[:9], V[:9])
    assert "fewer than 10" in found.refused
    assert math.isnan(found.p)
    assert found.k == 9
    assert small_study_test(Y[:9], V[:9], force=True).refused == ""
    assert small_study_test(Y[:10], V[:10]).refused == ""
    for k in (1, 2):
        assert "too few" in small_study_test(Y[:k], V[:k], force=True).refused


@pytest.mark.parametrize("kind", ["egger", "egger-mixed", "thompson", "begg"])
def test_equal_variances_and_equal_effects_are_refused(kind):
    same = small_study_test(Y, np.full(K, 0.1), kind=kind)
    assert same.refused
    assert math.isnan(same.p)
    flat = small_study_test(np.full(K, 0.3), V, kind=kind)
    assert flat.refused or flat.p == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_equals_its_rows(kind):
    tables = np.stack([TABLES, TABLES[[2, 3, 0, 1]]], axis=1)
    y, v = np.stack([Y, -Y]), np.stack([V, V])
    mask = np.ones((2, K), dtype=bool)
    mask[1, 3] = False
    batch = small_study_test(y, v, kind=kind, tables=tables, mask=mask)
    for i in range(2):
        some = mask[i]
        single = small_study_test(y[i, some], v[i, some], kind=kind, tables=tables[:, i, some])
        assert batch.k[i] == single.k
        np.testing.assert_allclose(
            [batch.statistic[i], batch.p[i], batch.bias[i], batch.limit[i]],
            [single.statistic, single.p, single.bias, single.limit],
            rtol=1e-10,
        )


@pytest.mark.parametrize("kind", ["harbord", "peters", "deeks", "schwarzer"])
def test_swapping_the_groups_or_the_event_turns_the_sign(kind):
    plain = small_study_test(tables=TABLES, kind=kind)
    swapped = small_study_test(tables=TABLES[[2, 3, 0, 1]], kind=kind)
    flipped = small_study_test(tables=TABLES[[1, 0, 3, 2]], kind=kind)
    for other in (swapped, flipped):
        assert other.statistic == pytest.approx(-plain.statistic, rel=1e-8)
        assert other.p == pytest.approx(plain.p, rel=1e-8)


def test_harbord_takes_the_score_of_the_risk_ratio():
    a, b, c, d = TABLES.astype(float)
    n1, n2, events = a + b, c + d, a + c
    p = events / (n1 + n2)
    z, information = (a - n1 * p) / (1 - p), p / (1 - p) * n1 * n2 / (n1 + n2)
    theirs = wls(z / information, 1 / np.sqrt(information), information)
    ours = small_study_test(tables=TABLES, kind="harbord", measure="RR")
    assert (ours.bias, ours.p) == pytest.approx((theirs.params[1], theirs.pvalues[1]), rel=1e-8)
    assert ours.p != pytest.approx(small_study_test(tables=TABLES, kind="harbord", measure="OR").p, rel=1e-3)


def test_score_is_the_slope_of_the_likelihood_at_no_effect():
    from metaan.robustness import tables_2x2

    tables, _ = tables_2x2.read(TABLES)
    z, _ = tables_2x2.score(tables, "RR")
    for i in range(K):
        a, b, c, d = TABLES[:, i].astype(float)
        p = (a + c) / (a + b + c + d)

        def likelihood(beta, a=a, b=b, c=c, d=d, p=p):
            q = p * math.exp(beta)
            return a * math.log(q) + b * math.log(1 - q) + c * math.log(p) + d * math.log(1 - p)

        slope = (likelihood(1e-6) - likelihood(-1e-6)) / 2e-6
        assert z[0, i] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_tables_that_say_nothing_take_no_part():
    tables = TABLES.copy()
    tables[[0, 2], 1] = 0
    tables[[0, 1], 4] = 0
    for kind in ("harbord", "peters", "deeks", "schwarzer"):
        with_them = small_study_test(tables=tables, kind=kind)
        without = small_study_test(tables=np.delete(tables, [1, 4], axis=1), kind=kind)
        assert with_them.k == K - 2
        assert with_them.p == pytest.approx(without.p, rel=1e-10)


pairs = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=4, max_size=15)


@given(pairs, st.sampled_from([1e-6, 1e6]), st.floats(-3, 3), st.sampled_from(["egger", "egger-mixed", "thompson"]))
def test_scale_shift_sign_and_order(rows, scale, shift, kind):
    y, v = np.array(rows).T
    if np.ptp(np.sqrt(v)) < 1e-2 or np.ptp(y) < 1e-2:
        return
    plain = small_study_test(y, v, kind=kind, force=True)
    other = small_study_test((shift - y[::-1]) * scale, v[::-1] * scale**2, kind=kind, force=True)
    if plain.refused or other.refused:
        return
    assert other.statistic == pytest.approx(-plain.statistic, rel=1e-5, abs=1e-5)
    assert other.limit / scale == pytest.approx(shift - plain.limit, rel=1e-5, abs=1e-5 * (plain.limit_se + 1))


def test_pet_peese_follows_its_rule():
    v = np.linspace(0.01, 0.6, 25)
    noise = np.random.default_rng(1).normal(0, 0.3, 25) * np.sqrt(v)
    effect, none = pet_peese(0.8 + noise, v), pet_peese(np.sqrt(v) + noise * 0.1, v)
    assert (effect.chosen, none.chosen) == ("PEESE", "PET")
    assert effect.estimate == effect.peese
    assert none.estimate == none.pet
    line = small_study_test(0.8 + noise, v, kind="egger", predictor="vi")
    assert (effect.estimate, effect.se, effect.ci) == (line.limit, line.limit_se, line.limit_ci)
    theirs = wls(0.8 + noise, np.sqrt(v), 1 / v)
    assert effect.pet_p == pytest.approx(theirs.pvalues[0], rel=1e-7)
    few = pet_peese(Y[:5], V[:5])
    assert few.refused
    assert (few.chosen, few.ci) == ("", None)
    assert math.isnan(few.estimate)


def test_pet_peese_of_a_batch():
    y, v = np.stack([Y, Y + 2, Y[::-1]]), np.stack([V, V, V[::-1]])
    batch = pet_peese(y, v, model="rma", tau2="DL")
    for i in range(3):
        single = pet_peese(y[i], v[i], model="rma", tau2="DL")
        assert batch.chosen[i] == single.chosen
        assert batch.estimate[i] == pytest.approx(single.estimate, rel=1e-10)
        assert batch.ci.low[i] == pytest.approx(single.ci.low, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "eger"}, "kind must be"),
        ({"kind": "egger", "predictor": "n"}, "predictor must be"),
        ({"kind": "egger", "predictor": "ni"}, "needs sample sizes"),
        ({"kind": "egger", "tau2": "REML"}, "estimates no tau2"),
        ({"kind": "egger-mixed", "interval": "mKH"}, "interval must be"),
        ({"kind": "macaskill"}, "needs sample sizes"),
        ({"kind": "harbord"}, "needs the 2x2 tables"),
        ({"kind": "begg", "predictor": "sei"}, "no choice of predictor"),
        ({"level": 1.0}, "level"),
        ({"n": np.zeros(K)}, "position 0"),
        ({"n": np.ones(K - 1)}, "studies of the effects"),
        ({"tables": -TABLES}, "counts must be"),
        ({"tables": TABLES[:3]}, "four rows"),
        ({"groups": GROUPS[:1]}, "two rows"),
    ],
)
def test_refuses_wrong_options(options, words):
    with pytest.raises(ValueError, match=words):
        small_study_test(Y, V, **options)


def test_names_bad_rows():
    with pytest.raises(ValueError, match="position 1"):
        small_study_test([0.1, math.nan, 0.2], [0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="position 2"):
        small_study_test([0.1, 0.3, 0.2], [0.1, 0.1, -0.1])
    with pytest.raises(ValueError, match="yi and vi"):
        small_study_test([0.1, 0.3, 0.2])
    with pytest.raises(ValueError, match="at least one"):
        small_study_test([], [])


def test_many_rows_many_studies_and_very_unequal_variances():
    rng = np.random.default_rng(2)
    v = rng.uniform(0.01, 1, (2000, 20))
    batch = small_study_test(rng.normal(0, np.sqrt(v)), v, kind="egger")
    assert 0.02 < (batch.p < 0.05).mean() < 0.09  # no asymmetry: the level holds
    v = rng.uniform(0.01, 1, 10_000)
    assert 0 < small_study_test(rng.normal(0, np.sqrt(v)), v, kind="egger-mixed").p < 1
    stiff = np.array(V)
    stiff[3] = 1e-12
    assert 0 < small_study_test(Y, stiff, kind="egger").p < 1


def test_results_can_be_written_and_tabulated():
    found = small_study_test(Y, V)
    assert found.to_dict()["limit_ci"]["low"] == found.limit_ci.low
    assert "SmallStudyTest" in repr(found)
    assert len(found.to_frame()) == 1
    assert len(small_study_test(np.stack([Y, Y]), np.stack([V, V])).to_frame()) == 2
