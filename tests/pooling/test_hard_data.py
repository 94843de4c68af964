"""Data on which methods lose their digits, their maximum, or their way; figures of R, or from first principles."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from metaan.effects.binary import phi_coefficient
from metaan.pooling.glmm.mixed import pool_glmm
from metaan.pooling.multilevel.robust import cluster_robust
from metaan.pooling.regression.meta_regression import meta_regression
from metaan.pooling.regression.subgroups import subgroups
from metaan.pooling.tables.mantel_haenszel import pool_tables
from metaan.robustness.selection import selection_model

Y = np.array([0.1, 0.5, -0.3, 0.8, 0.2, 0.4, 1.1, -0.1, 0.3, 0.6, 0.25, 0.7])
V = np.array([0.02, 0.1, 0.05, 0.2, 0.03, 0.07, 0.3, 0.04, 0.06, 0.11, 0.025, 0.15])
CLUSTERS = list("aabbccddeeff")


# clubSandwich 0.5.8, coef_test(rma(y, v, method = "EE"), vcov = "CR2", test = "Satterthwaite")
@pytest.mark.parametrize(
    ("smallest", "t", "df"),
    [
        (1e-3, 3.818726893, 1.335341295),
        (1e-6, 98.1162744, 1.000325475),
        (1e-8, 978.6568615, 1.000003255),
        (1e-9, 3094.21160743075, 1.00000032546104),
        (1e-12, 97839.4586101733, 1.00000000032546),
    ],
)
def test_degrees_of_freedom_beside_one_very_precise_effect(smallest, t, df):
    v = V.copy()
    v[3] = smallest
    found = cluster_robust(Y, v, CLUSTERS)
    # ten digits were printed of the first three; what residuals keep of a variance next to nothing is a difference
    assert found.statistic[0] == pytest.approx(t, rel={1e-9: 1e-8, 1e-12: 1e-5}.get(smallest, 1e-9))
    assert found.df[0] == pytest.approx(df, rel=1e-9)
    assert found.f_df2 == pytest.approx(df, rel=2e-9)


def test_pairs_of_clusters_summed_one_by_one_make_the_same_moments(monkeypatch):
    x = np.column_stack([np.ones(12), np.arange(12.0), Y**2])
    usual = cluster_robust(Y, V, CLUSTERS, moderators=x)
    monkeypatch.setattr("metaan.pooling.multilevel.robust._CANCELS", 0.0)
    paired = cluster_robust(Y, V, CLUSTERS, moderators=x)
    assert paired.df == pytest.approx(usual.df, rel=1e-10)
    assert (paired.f_df2, paired.f_p) == pytest.approx((usual.f_df2, usual.f_p), rel=1e-10)


def test_selection_model_finds_the_maximum_far_from_the_moment_estimate_of_tau2():
    # four precise studies agree, so that DerSimonian and Laird's tau2 is 0.0013 where the likelihood is highest at 0.73
    y = [-0.84388417, -0.88598570, -0.84365409, -0.90863339, 0.90646640, 0.88952973, 0.84711050, 0.91016238, 0.92801735]
    v = [1.310236e-5, 1.134931e-5, 9.343065e-6, 1.071444e-5, 0.32201376, 0.38199498, 0.21666595, 0.13202200, 0.36158101]
    found = selection_model(y, v, steps=(0.05, 0.5), weights=(1.0, 0.6, 0.3), alternative="less")
    # metafor 3.8-1, selmodel(rma(method = "ML"), type = "stepfun", delta = c(1, 0.6, 0.3)); its optimiser stops early
    assert found.log_likelihood == pytest.approx(-12.091310179749, abs=1e-9)
    assert found.log_likelihood >= -12.091310179749
    assert found.estimate == pytest.approx(0.381332140459, rel=1e-5)
    assert found.tau2 == pytest.approx(0.728545321309, rel=1e-5)


EVENTS, PEOPLE = [0, 10, 5, 1, 0, 30], [10, 10, 10, 1, 1, 31]


NODES, WEIGHTS = special.roots_legendre(60)


def log_likelihood(mean: float, tau: float) -> float:
    """Integrate by Gauss and Legendre's rule in 60 pieces of the normal distribution."""
    edges = np.linspace(-9.0, 9.0, 61)
    half = (edges[1] - edges[0]) / 2.0
    z = (edges[:-1, None] + half + half * NODES).ravel()
    w = np.tile(half * WEIGHTS, 60) * stats.norm.pdf(z)
    p = special.expit(mean + tau * z)
    return sum(math.log((w * stats.binom.pmf(x, n, p)).sum()) for x, n in zip(EVENTS, PEOPLE, strict=True))


def test_glmm_takes_more_nodes_where_effects_are_very_unlike():
    found = pool_glmm(EVENTS, PEOPLE, measure="PLO")
    assert found.method["nodes"] == 150
    assert found.tau2 > 15
    assert found.log_likelihood == pytest.approx(log_likelihood(found.estimate, found.tau2**0.5), abs=1e-7)
    # it is the maximum of the integral, not of the quadrature
    for mean, tau in ((0.01, 0.0), (-0.01, 0.0), (0.0, 0.02), (0.0, -0.02)):
        assert log_likelihood(found.estimate + mean, found.tau2**0.5 + tau) < found.log_likelihood


def test_glmm_keeps_its_nodes_where_more_change_nothing():
    assert pool_glmm([16, 10, 4, 43], [17, 12, 8, 58], measure="PLO").method["nodes"] == 40


def test_phi_of_one_has_no_variance():
    assert phi_coefficient([3, 0, 1], [0, 3, 6], [0, 2, 3], [4, 0, 3]).v[:2].tolist() == [0.0, 0.0]


def test_risk_ratio_of_groups_in_which_all_had_the_event():
    found = pool_tables([4, 6, 9], [0, 0, 0], [3, 5, 1], [0, 0, 0], measure="RR")
    assert (found.estimate, found.se) == (0.0, 0.0)


def test_risk_ratio_variance_is_that_of_greenland_and_robins():
    a, b, c, d = (np.array(x, dtype=float) for x in ([4, 6], [119, 300], [11, 29], [128, 274]))
    n1, n2, n = a + b, c + d, a + b + c + d
    top, bottom = (a * n2 / n).sum(), (c * n1 / n).sum()
    variance = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum() / (top * bottom)  # as published
    assert pool_tables(a, b, c, d, measure="RR").se == pytest.approx(variance**0.5, rel=1e-13)


def test_regression_takes_a_pandas_column():
    x = pd.Series(np.arange(12.0), name="dose", index=list("lkjihgfedcba"))
    assert meta_regression(Y, V, x).names == ("intercept", "dose")
    assert meta_regression(Y, V, x).estimates == meta_regression(Y, V, {"dose": np.arange(12.0)}).estimates
    group = pd.Series(pd.Categorical(list("abc") * 4, categories=["c", "b", "a"]))
    assert meta_regression(Y, V, group).names == ("intercept", "x[b]", "x[a]")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"formula": 3}, "formula must be text"),
        ({"reference": 3}, "reference must be a mapping"),
        ({"labels": 3}, "labels must name every study"),
        ({"level": "95"}, "level must lie between 0 and 1"),
    ],
)
def test_regression_refuses_options_of_another_kind(options, words):
    with pytest.raises(ValueError, match=words):
        meta_regression(Y, V, {"x": np.arange(12.0)}, **options)


def test_regression_refuses_one_value_for_all_studies():
    with pytest.raises(ValueError, match="one value for each of 12 studies"):
        meta_regression(Y, V, {"x": 3})
    with pytest.raises(ValueError, match="there is no coefficient True"):
        meta_regression(Y, V, {"x": np.arange(12.0)}).test(True)


def test_subgroups_name_those_left_out():
    groups = [None, *(list("ab") * 6)[1:]]
    assert subgroups(Y, V, groups, labels=[f"S{i}" for i in range(12)]).dropped == ("S0: no group",)
    with pytest.raises(ValueError, match="labels must name every study"):
        subgroups(Y, V, groups, labels=["S0"])


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("y", 1e200, r"size up to 1e50: at position 3 \(1e\+200\)"),
        ("v", 1e-200, "1e-100 to 1e100: at position 3"),
        ("v", 1e200, "1e-100 to 1e100: at position 3"),
    ],
)
def test_cluster_robust_refuses_what_would_overflow(place, value, words):
    y, v = Y.copy(), V.copy()
    {"y": y, "v": v}[place][3] = value
    with pytest.raises(ValueError, match=words):
        cluster_robust(y, v, CLUSTERS)
