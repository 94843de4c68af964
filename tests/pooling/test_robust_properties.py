"""What must hold of cluster-robust variances whatever the data."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.pooling.multilevel.mixed import pool_multilevel
from metaan.pooling.multilevel.robust import KINDS, Robust, cluster_robust, robust
from metaan.pooling.multilevel.rve import RobustMeta, robust_meta
from metaan.pooling.pool import pool

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=25, deadline=None)


def draw(seed: int, clusters: int = 9):
    """Effects of clusters of 1 to 5, correlated: y, V, cluster, design, weights."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(1, 6, clusters))
    k = cluster.size
    sd = rng.uniform(0.2, 0.6, k)
    v = np.where(cluster[:, None] == cluster, 0.5 * np.outer(sd, sd), 0.0)
    np.fill_diagonal(v, sd**2)
    x = np.column_stack([np.ones(k), rng.normal(size=k), rng.normal(size=clusters)[cluster]])
    y = x @ [0.2, 0.1, -0.2] + np.linalg.cholesky(v) @ rng.normal(size=k)
    return y, v, cluster, x, rng.uniform(0.5, 3.0, k)


def dense(y, v, cluster, x, weights, test):
    """CR2, Satterthwaite's degrees of freedom and eta of HTZ from k x k matrices, as published."""
    k, p = x.shape
    w = np.linalg.inv(v) if weights is None else np.diag(weights)
    c = np.linalg.inv(x.T @ w @ x)
    beta = c @ x.T @ w @ y
    h = x @ c @ x.T @ w
    rest = np.eye(k) - h
    residual = rest @ y
    meat, rows = np.zeros((p, p)), []
    for each in np.unique(cluster):
        i = np.flatnonzero(cluster == each)
        d = np.linalg.cholesky(v[np.ix_(i, i)]).T
        b = d @ rest[i] @ v @ rest[i].T @ d.T
        values, vectors = np.linalg.eigh((b + b.T) / 2)
        power = np.array([1 / np.sqrt(value) if value > 1e-9 * values.max() else 0.0 for value in values])
        a = d.T @ (vectors * power) @ vectors.T @ d
        f = a @ w[np.ix_(i, i)] @ x[i]
        u = f.T @ residual[i]
        meat += np.outer(u, u)
        rows.append(rest[i].T @ f @ c)  # (k, p): the weights of the errors in this cluster's share of each coefficient
    vcov = c @ meat @ c
    g = np.stack(rows)
    pairs = np.einsum("iks,kl,jlt->ijst", g, v, g)
    df = [np.trace(pairs[:, :, s, s]) ** 2 / np.sum(pairs[:, :, s, s] ** 2) for s in range(p)]
    omega = np.einsum("iist->st", pairs)[np.ix_(test, test)]
    values, vectors = np.linalg.eigh(omega)
    g = np.einsum("iks,st->ikt", g[:, :, test], (vectors / np.sqrt(values)) @ vectors.T)
    pairs = np.einsum("iks,kl,jlt->ijst", g, v, g)
    total = np.einsum("ijss,ijtt->", pairs, pairs) + np.einsum("ijst,ijts->", pairs, pairs)
    q = len(test)
    return beta, vcov, df, q * (q + 1) / total


@given(seed=SEEDS, weighted=st.booleans())
@SOME
def test_cr2_is_that_of_the_dense_formulas(seed, weighted):
    y, v, cluster, x, weights = draw(seed)
    weights = weights if weighted else None
    own = cluster_robust(y, v, cluster, moderators=x, weights=weights)
    beta, vcov, df, eta = dense(y, v, cluster, x, weights, [1, 2])
    assert own.estimate == pytest.approx(beta, rel=1e-8, abs=1e-10)
    assert np.array(own.vcov) == pytest.approx(vcov, rel=1e-6, abs=1e-10)
    assert own.df == pytest.approx(df, rel=1e-6)
    assert own.f_df2 == pytest.approx(eta - 1.0, rel=1e-6)
    f = beta[1:] @ np.linalg.solve(vcov[1:, 1:], beta[1:]) / 2
    assert own.f == pytest.approx(f * (eta - 1.0) / eta, rel=1e-6)
    one = cluster_robust(y, v, cluster, moderators=x, weights=weights, test=[2])
    assert (one.f, one.f_df2, one.f_p) == pytest.approx((own.statistic[2] ** 2, own.df[2], own.p[2]), rel=1e-7)


@given(seed=SEEDS)
@SOME
def test_statsmodels_agrees_where_it_has_the_method(seed):
    y, _, cluster, x, weights = draw(seed)
    fit = sm.WLS(y, x, weights=weights)
    every = np.arange(y.size)
    own = cluster_robust(y, 1 / weights, every, moderators=x)
    assert own.se == pytest.approx(fit.fit(cov_type="HC2").bse, rel=1e-9)
    for kind, corrected in (("CR0", False), ("CR1S", True)):
        theirs = fit.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": corrected})
        own = cluster_robust(y, 1 / weights, cluster, moderators=x, kind=kind)
        assert own.estimate == pytest.approx(theirs.params, rel=1e-9)
        assert own.se == pytest.approx(theirs.bse, rel=1e-9)


@given(seed=SEEDS)
@SOME
def test_independent_effects_of_equal_variance_give_the_one_sample_t_test(seed):
    y = np.random.default_rng(seed).normal(size=11)
    own = cluster_robust(y, np.full(11, 0.3), range(11))
    assert own.se[0] == pytest.approx(np.std(y, ddof=1) / np.sqrt(11), rel=1e-10)
    assert own.df[0] == pytest.approx(10.0, rel=1e-10)


@given(seed=SEEDS, power=st.integers(-6, 6), kind=st.sampled_from(KINDS))
@SOME
def test_units_signs_order_and_coding_do_not_matter(seed, power, kind):
    y, v, cluster, x, _ = draw(seed)
    unit = 10.0**power
    own = cluster_robust(y, v, cluster, moderators=x, kind=kind)
    order = np.random.default_rng(seed).permutation(y.size)
    changed = (
        (unit, cluster_robust(unit * y, unit**2 * v, cluster, moderators=x, kind=kind)),
        (-1.0, cluster_robust(-y, v, [f"c{each}" for each in cluster], moderators=x, kind=kind)),
        (1.0, cluster_robust(y[order], v[np.ix_(order, order)], cluster[order], moderators=x[order], kind=kind)),
        (1.0, cluster_robust(y, v, cluster, moderators=x * [1.0, 1e-3, 1e3], kind=kind)),
    )
    recoded = np.array([1.0, 1e3, 1e-3])
    for n, (factor, other) in enumerate(changed):
        scale = recoded if n == 3 else np.ones(3)
        assert other.estimate == pytest.approx(factor * scale * own.estimate, rel=1e-6)
        assert other.se == pytest.approx(abs(factor) * scale * own.se, rel=1e-6)
        assert other.df == pytest.approx(own.df, rel=1e-6)
        assert (other.f, other.f_df2) == pytest.approx((own.f, own.f_df2), rel=1e-6)


@given(seed=SEEDS)
@SOME
def test_a_cluster_that_a_column_fits_exactly_takes_the_pseudo_inverse(seed):
    y, v, cluster, x, _ = draw(seed)
    x = np.column_stack([x[:, :2], cluster == 0])  # residuals of the first cluster sum to zero
    own = cluster_robust(y, v, cluster, moderators=x)
    beta, vcov, df, _ = dense(y, v, cluster, x, None, [1])
    assert own.estimate == pytest.approx(beta, rel=1e-7, abs=1e-9)
    assert np.array(own.vcov)[:2, :2] == pytest.approx(vcov[:2, :2], rel=1e-5, abs=1e-9)
    assert own.df[:2] == pytest.approx(df[:2], rel=1e-5)


@given(seed=SEEDS)
@SOME
def test_one_effect_a_study_is_dersimonian_and_laird_with_robust_errors(seed):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.3, 12)
    y = rng.normal(0.2, 0.3, 12) + rng.normal(0, np.sqrt(v))
    own = robust_meta(y, v, range(12))
    dl = pool(y, v, tau2="DL", interval="Wald")
    assert own.tau2 == pytest.approx(dl.tau2, rel=1e-9, abs=1e-12)
    assert own.estimate[0] == pytest.approx(dl.estimate, rel=1e-9)
    assert own.i2 == pytest.approx(100 * max(0.0, 1 - dl.q_df / dl.q), rel=1e-9, abs=1e-9)
    assert own.weights == pytest.approx(dl.weights, rel=1e-9)


@given(seed=SEEDS, power=st.integers(-6, 6))
@SOME
def test_working_models_do_not_depend_on_the_unit(seed, power):
    y, v, cluster, x, _ = draw(seed, clusters=14)
    variances, unit = np.diag(v), 10.0**power
    for model in ("correlated", "hierarchical"):
        one = robust_meta(y, variances, cluster, model=model, moderators=x)
        other = robust_meta(unit * y, unit**2 * variances, cluster, model=model, moderators=x)
        assert other.tau2 == pytest.approx(unit**2 * one.tau2, rel=1e-6, abs=1e-9 * unit**2)
        assert other.se == pytest.approx(unit * np.array(one.se), rel=1e-6)
        assert other.df == pytest.approx(one.df, rel=1e-6)


@given(seed=SEEDS)
@SOME
def test_hierarchical_variances_solve_their_moment_equations(seed):
    y, v, cluster, x, _ = draw(seed, clusters=14)
    own = robust_meta(y, np.diag(v), cluster, model="hierarchical", moderators=x)
    w, j = np.diag(1 / np.diag(v)), (cluster[:, None] == cluster).astype(float)
    r = np.eye(y.size) - x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
    e = r @ y
    spread = r @ (np.diag(np.diag(v)) + own.tau2 * j + own.omega2 * np.eye(y.size)) @ r.T
    if own.tau2 > 0:
        assert e @ w @ e == pytest.approx(np.trace(w @ spread), rel=1e-8)
    if own.tau2 > 0 and own.omega2 > 0:
        assert e @ j @ e == pytest.approx(np.trace(j @ spread), rel=1e-8)


def test_thousands_of_clusters_are_quick():
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(4000), 3)
    y = rng.normal(0, 0.3, 4000)[cluster] + rng.normal(0, 0.3, 12000)
    assert cluster_robust(y, np.full(12000, 0.18), cluster).df[0] == pytest.approx(3999.0, rel=1e-9)
    assert robust_meta(y, np.full(12000, 0.09), cluster).tau2 == pytest.approx(0.09, abs=0.02)


def test_results_are_written_and_read_back():
    y, v, cluster, x, _ = draw(3)
    own = cluster_robust(y, v, cluster, moderators=x, names=["a", "b", "c"])
    assert Robust.from_dict(own.to_dict()).to_dict() == own.to_dict()
    assert list(own.to_frame()["coefficients"]) == ["a", "b", "c"]
    rve = robust_meta(y, np.diag(v), cluster)
    assert RobustMeta.from_dict(rve.to_dict()).to_dict() == rve.to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cluster": [1, 1, 2, 2, 3]}, "one label for each of the 6"),
        ({"cluster": [1, 1, 2, None, 3, 3]}, "none at position 3"),
        ({"cluster": [1] * 6}, "more clusters than coefficients"),
        ({"v": np.eye(6) + 0.2 * (np.eye(6, k=3) + np.eye(6, k=-3))}, "correlates the effects at positions 0 and 3"),
        ({"v": [0.1, 0.1, 0.1, 0.1, 0.0, 0.1]}, "position 4"),
        ({"y": [0.1, 0.2, np.nan, 0.1, 0.0, 0.3]}, "position 2"),
        ({"y": [0.1] * 6}, "do not differ from the fitted values"),
        ({"weights": [1, 1, 1, 1, 1, -1]}, "weights must be 6 positive"),
        ({"kind": "CR9"}, "kind must be one of"),
        ({"test": [1]}, "positions, 0 to 0"),
        ({"level": 2}, "level must lie"),
    ],
)
def test_what_cannot_be_used_is_named(change, message):
    options = {"y": [0.1, 0.3, 0.2, 0.6, 0.0, -0.1], "v": [0.1] * 6, "cluster": [1, 1, 2, 2, 3, 3]} | change
    y, v, cluster = (options.pop(name) for name in ("y", "v", "cluster"))
    with pytest.raises(ValueError, match=message):
        cluster_robust(y, v, cluster, **options)


def test_a_univariate_synthesis_takes_its_variances_plus_tau2():
    y, v, cluster, *_ = draw(4)
    own = np.diag(v)
    each = pool_multilevel(y, own, random="e", data={"e": range(y.size)}, interval="Wald")
    tau2 = pool(y, own).tau2
    direct = cluster_robust(y, own + tau2, cluster)
    through = robust(each, cluster)
    assert (direct.estimate[0], direct.se[0], direct.df[0]) == pytest.approx(
        (through.estimate[0], through.se[0], through.df[0]), rel=1e-7
    )


def test_clusters_finer_than_the_model_are_refused():
    y, v, cluster, _, _ = draw(1)
    fit = pool_multilevel(y, np.diag(v), random="a/b", data={"a": cluster, "b": range(y.size)})
    with pytest.raises(ValueError, match="cluster by the outermost grouping"):
        robust(fit, np.arange(y.size))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "both"}, "correlated or hierarchical"),
        ({"rho": 1.5}, "rho must lie"),
        ({"vi": np.eye(6)}, None),
        ({"vi": np.eye(6) + np.full((6, 6), 0.5)}, "variances only"),
        ({"study": range(6), "model": "hierarchical"}, "every study has one effect"),
        ({"study": [1] * 6}, "cannot carry"),
    ],
)
def test_working_models_say_what_they_need(change, message):
    options = {"yi": [0.1, 0.3, 0.2, 0.6, 0.0, -0.1], "vi": [0.1] * 6, "study": [1, 1, 2, 2, 3, 3]} | change
    if message is None:
        assert robust_meta(**options).clusters == 3
        return
    with pytest.raises(ValueError, match=message):
        robust_meta(**options)
