"""What must hold of multilevel models whatever the data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.pooling.multilevel import likelihood
from metaan.pooling.multilevel import model as mv
from metaan.pooling.multilevel.diagnostics import leave_out, leverages, predict_multilevel, random_effects
from metaan.pooling.multilevel.mixed import Multilevel, Random, likelihood_ratio, pool_multilevel
from metaan.pooling.multilevel.profile import component_intervals
from metaan.pooling.multilevel.robust import robust
from metaan.pooling.multilevel.structures import STRUCTURES
from metaan.pooling.multilevel.terms import read_terms, start_values
from metaan.pooling.pool import pool

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=6, deadline=None)


def draw(seed: int, clusters: int = 12, levels: int = 3):
    """Effects of several outcomes in clusters, correlated by sampling: y, V, cluster, outcome, moderator."""
    rng = np.random.default_rng(seed)
    present = rng.random((clusters, levels)) < 0.8
    present[:2] = True
    cluster, outcome = np.nonzero(present)
    k = cluster.size
    sd = rng.uniform(0.1, 0.4, k)
    v = np.where(cluster[:, None] == cluster, 0.4 * np.outer(sd, sd), 0.0)
    np.fill_diagonal(v, sd**2)
    y = 0.3 + rng.normal(0, 0.3, clusters)[cluster] + rng.normal(0, 0.2, k) + sd * rng.normal(size=k)
    return y, v, cluster, outcome, rng.normal(size=k)


def dense_log_likelihood(y, x, m, reml):
    k, p = x.shape
    w = np.linalg.inv(m)
    xwx = x.T @ w @ x
    r = y - x @ np.linalg.solve(xwx, x.T @ w @ y)
    value = -0.5 * (np.linalg.slogdet(m)[1] + r @ w @ r + (k - p * reml) * math.log(2 * math.pi))
    return value + 0.5 * reml * (np.linalg.slogdet(x.T @ x)[1] - np.linalg.slogdet(xwx)[1])


@given(seed=SEEDS, reml=st.booleans(), struct=st.sampled_from(STRUCTURES), levels=st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_likelihood_and_slope_are_those_of_the_dense_formula(seed, reml, struct, levels):
    y, v, cluster, outcome, z = draw(seed, levels=levels)
    rng = np.random.default_rng(seed)
    crossed = rng.integers(0, 4, y.size)
    x = np.column_stack([np.ones(y.size), z])
    parts = [Random(outer=crossed, name="crossed"), Random(outer=cluster, inner=outcome, struct=struct, name="cell")]
    terms = read_terms(parts, None, "CS", y.size)
    model = mv.build(y, x, ("a", "b"), mv.read_sampling(v, y.size), terms, reml)
    work = mv.scaled(model)
    t = start_values(terms, [0.3, 0.8], 0.3) * rng.uniform(0.7, 1.3, len(work.powers))
    at = likelihood.evaluate(work.problem, t)
    model = model._replace(parameters=work.outward(t))

    m = v.copy()
    for term, g in zip(terms, model.random_part(), strict=True):
        m += np.where(term.outer[:, None] == term.outer, g[term.inner[:, None], term.inner], 0.0)
    fit = model.least()
    assert fit.log_likelihood(reml) == pytest.approx(dense_log_likelihood(y, x, m, reml), rel=1e-10, abs=1e-10)
    w = np.linalg.inv(m)
    assert fit.vcov == pytest.approx(np.linalg.inv(x.T @ w @ x), rel=1e-9)
    assert fit.beta == pytest.approx(fit.vcov @ x.T @ w @ y, rel=1e-8, abs=1e-10)

    slope = likelihood.slope(work.problem, t, at)
    for j in range(t.size):
        h = np.zeros_like(t)
        h[j] = 1e-5
        up, down = (likelihood.evaluate(work.problem, t + sign * h).value for sign in (1, -1))
        assert slope[j] == pytest.approx((up - down) / 2e-5, rel=2e-5, abs=2e-5)


@given(seed=SEEDS, struct=st.sampled_from(STRUCTURES), method=st.sampled_from(["REML", "ML"]))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_no_other_start_leads_higher(seed, struct, method):
    y, v, cluster, outcome, z = draw(seed)
    part = Random(outer=cluster, inner=outcome, struct=struct)
    x = np.column_stack([np.ones(y.size), z])
    fit = pool_multilevel(y, v, random=part, moderators=x, method=method)
    assert fit.converged
    work = mv.scaled(fit._model)
    rng = np.random.default_rng(seed)
    for _ in range(6):
        start = start_values(fit._model.terms, [float(np.exp(rng.uniform(-4, 3)))], rng.uniform(-0.3, 0.95))
        other = likelihood.maximise(work.problem, [start * rng.uniform(0.5, 1.5, start.size)])
        best = likelihood.evaluate(work.problem, work.inward(fit._model.parameters)).value
        assert other.value <= best + 1e-7


@given(seed=SEEDS, power=st.integers(-6, 6), struct=st.sampled_from(("CS", "HCS", "UN", "HAR")))
@settings(max_examples=4, deadline=None)
def test_units_signs_and_order_do_not_matter(seed, power, struct):
    y, v, cluster, outcome, _ = draw(seed)
    unit = 10.0**power
    fit = pool_multilevel(y, v, random=Random(outer=cluster, inner=outcome, struct=struct))
    variances = np.concatenate([each.variance for each in fit.components])
    order = np.random.default_rng(seed).permutation(y.size)

    def same(other: Multilevel, shift: float = 0.0, factor: float = 1.0) -> None:
        assert other.estimate[0] == pytest.approx(factor * fit.estimate[0] + shift, rel=1e-6, abs=1e-6 * other.se[0])
        assert other.se[0] == pytest.approx(abs(factor) * fit.se[0], rel=1e-6)
        own = np.concatenate([each.variance for each in other.components])
        assert own == pytest.approx(factor**2 * variances, rel=1e-5, abs=1e-5 * factor**2 * np.diag(v).min())

    part = Random(outer=cluster, inner=outcome, struct=struct)
    same(pool_multilevel(unit * y, unit**2 * v, random=part), factor=unit)
    same(pool_multilevel(-y, v, random=part), factor=-1.0)
    same(pool_multilevel(y + 5.0, v, random=part), shift=5.0)
    shuffled = Random(outer=cluster[order], inner=outcome[order], struct=struct)
    same(pool_multilevel(y[order], v[np.ix_(order, order)], random=shuffled))


@given(seed=SEEDS)
@FEW
def test_nested_effects_are_compound_symmetry(seed):
    y, v, cluster, outcome, _ = draw(seed)
    v = np.diag(v)
    nested = pool_multilevel(y, v, random="a/b", data={"a": cluster, "b": outcome})
    cs = pool_multilevel(y, v, random="b | a", data={"a": cluster, "b": outcome})
    if cs.components[0].rho[0] < 0:  # nesting cannot say that
        assert cs.log_likelihood >= nested.log_likelihood
        return
    between, within = (each.variance[0] for each in nested.components)
    assert cs.log_likelihood == pytest.approx(nested.log_likelihood, abs=1e-8)
    assert cs.components[0].variance[0] == pytest.approx(between + within, rel=1e-5, abs=1e-6)
    assert cs.estimate[0] == pytest.approx(nested.estimate[0], abs=1e-5 * nested.se[0])


@given(seed=SEEDS)
@FEW
def test_diagonal_structure_with_one_mean_each_is_one_synthesis_each(seed):
    y, v, cluster, outcome, _ = draw(seed)
    v = np.diag(v)
    x = (outcome[:, None] == np.arange(3)).astype(float)
    part = Random(outer=cluster, inner=outcome, struct="DIAG")
    fit = pool_multilevel(y, v, random=part, moderators=x, interval="Wald")
    for level in range(3):
        rows = outcome == level
        alone = pool(y[rows], v[rows], interval="Wald")
        assert fit.components[0].variance[level] == pytest.approx(alone.tau2, rel=1e-6, abs=1e-8 * v.min())
        assert fit.estimate[level] == pytest.approx(alone.estimate, rel=1e-7, abs=1e-8)
        assert fit.se[level] == pytest.approx(alone.se, rel=1e-7)
        assert fit.components[0].i2[level] == pytest.approx(alone.i2, rel=1e-6, abs=1e-6)


def test_compound_symmetry_without_variances_is_two_levels_of_the_same():
    y, v, cluster, outcome, _ = draw(5)
    blocks = [v[np.ix_(cluster == c, cluster == c)] for c in np.unique(cluster)]
    part = Random(outer=cluster, inner=outcome, struct="ID")
    one, other = (pool_multilevel(y, each, random=part) for each in (v, blocks))
    each = pool_multilevel(y, v, random=Random(outer=np.arange(y.size)))
    assert one.to_dict() == other.to_dict()
    assert one.components[0].variance == pytest.approx(each.components[0].variance, rel=1e-9)


def test_profile_limits_lie_a_quantile_below_the_maximum():
    y, v, cluster, outcome, _ = draw(3)
    fit = pool_multilevel(y, v, random="b | a", data={"a": cluster, "b": outcome}, struct="HCS")
    work = mv.scaled(fit._model)
    top = work.inward(fit._model.parameters)
    limits = 0
    for j, each in enumerate(component_intervals(fit)):
        assert each.ci.low <= each.estimate <= each.ci.high
        for limit in (each.ci.low, each.ci.high):
            if limit in (0.0, 1.0) or (each.parameter == "rho" and limit == -0.5):
                continue
            start = top.copy()
            start[j] = limit if each.parameter == "rho" else limit**0.5 / work.unit
            fixed = np.arange(top.size) == j
            reached = likelihood.maximise(work.problem, [start], fixed).value
            assert 2 * (likelihood.evaluate(work.problem, top).value - reached) == pytest.approx(
                3.841458820694, rel=1e-8
            )
            limits += 1
    assert limits >= 4


def test_leaving_out_is_fitting_the_rest():
    y, v, cluster, outcome, z = draw(11, clusters=8)
    x = np.column_stack([np.ones(y.size), z])
    data = {"a": cluster, "b": outcome}
    fit = pool_multilevel(y, v, random="a/b", data=data, moderators=x, interval="Wald")
    for by, kept in ((None, np.arange(y.size) != 4), (cluster, cluster != 4)):
        less = {name: labels[kept] for name, labels in data.items()}
        rest = pool_multilevel(y[kept], v[np.ix_(kept, kept)], random="a/b", data=less, moderators=x[kept])
        gone = leave_out(fit, by)
        assert gone.estimate[4] == pytest.approx(rest.estimate, abs=1e-6)
        assert gone.se[4] == pytest.approx(rest.se, rel=1e-6)
        assert gone.components[4] == pytest.approx([each.variance[0] for each in rest.components], abs=1e-7)
    assert np.isnan(leave_out(fit, np.zeros(y.size)).cook[0])
    assert sum(leverages(fit)) == pytest.approx(2.0)


def test_random_effects_are_those_of_the_dense_formula():
    y, v, cluster, outcome, _ = draw(7)
    fit = pool_multilevel(y, v, random=Random(outer=cluster, inner=outcome, struct="UN"))
    (own,) = random_effects(fit)
    g = np.array(fit.components[0].covariance)
    same = cluster[:, None] == cluster
    d = np.where(same, g[outcome[:, None], outcome], 0.0)  # every effect has its own row here
    w = np.linalg.inv(v + d)
    x = np.ones((y.size, 1))
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    order = np.lexsort((outcome, cluster))
    assert own.estimate == pytest.approx((d @ w @ (y - fit.estimate[0]))[order], abs=1e-9)
    assert own.se == pytest.approx(np.sqrt(np.diag(d - d @ p @ d))[order], abs=1e-7)
    assert own.inner == tuple(str(each) for each in outcome[order])


def test_predictions_name_the_inner_level_whose_variance_they_add():
    y, v, cluster, outcome, _ = draw(9)
    fit = pool_multilevel(y, v, random=Random(outer=cluster, inner=outcome, struct="HCS"), interval="Wald")
    assert fit.prediction is None
    ahead = predict_multilevel(fit, [[1.0], [1.0]], inner=[0, 2])
    for n, level in enumerate((0, 2)):
        half = 1.959963984540054 * math.sqrt(fit.components[0].variance[level] + fit.se[0] ** 2)
        assert ahead.prediction_high[n] == pytest.approx(fit.estimate[0] + half, rel=1e-10)
    with pytest.raises(ValueError, match="inner must name one"):
        predict_multilevel(fit)
    with pytest.raises(ValueError, match="levels 0, 1, 2"):
        predict_multilevel(fit, inner=["x"])


@pytest.mark.parametrize("interval", ["contain", "t", "Wald"])
def test_degrees_of_freedom_by_where_a_moderator_varies(interval):
    y, v, cluster, outcome, z = draw(2)
    x = np.column_stack([np.ones(y.size), z, cluster % 2])
    fit = pool_multilevel(y, v, random="a/b", data={"a": cluster, "b": outcome}, moderators=x, interval=interval)
    k = y.size
    expected = {"contain": (9.0, k - 3.0, 9.0), "t": (k - 3.0,) * 3, "Wald": (math.inf,) * 3}[interval]
    # z varies within every effect's own level only: no grouping is constant but the effect itself, of k levels
    assert fit.df == expected


def test_limits_of_the_parameters_are_reached_exactly():
    y = np.array([0.2, 0.21, 0.19, 0.2, 0.2, 0.2])
    flat = pool_multilevel(y, np.full(6, 0.1), random="a/b", data={"a": [1, 1, 2, 2, 3, 3], "b": range(6)})
    assert [each.variance for each in flat.components] == [(0.0,), (0.0,)]
    assert flat.i2 == 0.0
    up = np.repeat([-1.0, -0.5, 0.0, 0.5, 1.0], 2)
    pair = Random(outer=np.repeat(range(5), 2), inner=[0, 1] * 5, struct="UN")
    one = pool_multilevel(up, np.full(10, 1e-2), random=pair)
    assert one.components[0].rho == (1.0,)
    three = Random(outer=np.repeat(range(5), 3), inner=[0, 1, 2] * 5, struct="UN")
    all_one = pool_multilevel(np.repeat([-1.0, -0.5, 0.0, 0.5, 1.0], 3), np.full(15, 1e-2), random=three)
    assert all_one.components[0].rho == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
    assert all_one.converged


def test_two_effects_and_identical_effects():
    two = pool_multilevel([0.1, 0.9], [0.02, 0.03], random="e", data={"e": [1, 2]}, interval="Wald")
    alone = pool([0.1, 0.9], [0.02, 0.03], interval="Wald")
    assert (two.estimate[0], two.se[0]) == pytest.approx((alone.estimate, alone.se), rel=1e-8)
    assert two.prediction is None
    same = pool_multilevel([0.4] * 6, [0.1] * 6, random="a/e", data={"a": [1, 1, 2, 2, 3, 3], "e": range(6)})
    assert same.estimate[0] == pytest.approx(0.4, rel=1e-12)
    assert same.qe == pytest.approx(0.0, abs=1e-20)


def test_variances_a_million_million_apart():
    rng = np.random.default_rng(4)
    a = np.repeat(range(10), 4)
    v = 10.0 ** rng.uniform(-6, 6, 40)
    y = rng.normal(0, 0.5, 10)[a] + rng.normal(0, np.sqrt(v))
    fit = pool_multilevel(y, v, random=["a", "e"], data={"a": a, "e": range(40)})
    assert fit.converged
    between, within = (each.variance[0] for each in fit.components)
    m = np.diag(v + within) + between * (a[:, None] == a)
    w = np.linalg.inv(m)
    assert fit.estimate[0] == pytest.approx((w @ y).sum() / w.sum(), rel=1e-8)


def test_thousands_of_effects_in_clusters():
    rng = np.random.default_rng(1)
    a = np.sort(rng.integers(0, 1000, 5000))
    v = rng.uniform(0.02, 0.2, 5000)
    y = rng.normal(0, 0.3, 1000)[a] + rng.normal(0, 0.2, 5000) + rng.normal(0, np.sqrt(v))
    fit = pool_multilevel(y, v, random="a/e", data={"a": a, "e": range(5000)})
    assert fit.converged
    assert [each.sd[0] for each in fit.components] == pytest.approx([0.3, 0.2], abs=0.03)
    assert robust(fit, a).clusters == len(np.unique(a))


def test_a_result_is_written_and_read_back():
    y, v, cluster, outcome, _ = draw(1)
    fit = pool_multilevel(y, v, random=Random(outer=cluster, inner=outcome, struct="UN"))
    again = Multilevel.from_dict(fit.to_dict())
    assert again.to_dict() == fit.to_dict()
    assert "_model" not in fit.to_dict()
    with pytest.raises(ValueError, match="does not hold its data"):
        robust(again, cluster)
    assert list(fit.to_frame()["coefficients"]) == ["intercept"]
    assert "variance outer 0" in repr(fit)


GOOD = {"random": "a", "data": {"a": [1, 1, 2, 2]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yi": []}, "at least one"),
        ({"yi": [0.1, np.nan, 0.2, np.inf]}, r"position 1 \(nan\), 3 \(inf\)"),
        ({"v": [0.1, 0.1, -0.1, 0.1]}, r"positive, finite numbers: at position 2 \(-0.1\)"),
        ({"v": [0.1, 0.0, 0.1, np.inf]}, r"position 1 \(0\), 3 \(inf\)"),
        ({"v": [0.1, 0.1, 0.1]}, r"4 variances or a 4 x 4"),
        ({"v": np.eye(4) + np.eye(4, k=1) * 0.5}, r"symmetric.*\(0, 1\)"),
        ({"v": np.eye(4) + np.full((4, 4), 2.0)}, None),
        ({"v": np.eye(4) * 0.1 + np.full((4, 4), 0.2) - np.diag([0.2] * 4)}, "no correlation beyond 1"),
        ({"v": [np.eye(2), np.eye(3)]}, "hold 4 effects in all; they hold 5"),
        ({"random": "b"}, "no column 'b'; it has a"),
        ({"random": "a", "data": None}, "data must hold it"),
        ({"random": []}, "at least one term"),
        ({"random": "a/"}, "must look like"),
        ({"random": "b | a/c"}, "only one outer"),
        ({"data": {"a": [1, 1, 1, 1]}}, "single level"),
        ({"data": {"a": [1, 1, 2]}}, "one label for each of the 4 effects"),
        ({"data": {"a": [1, None, 2, 2]}}, "none at position 1"),
        (
            {"random": ["a", "b"], "data": {"a": [1, 1, 2, 2], "b": ["x", "x", "y", "y"]}},
            "a and b group the effects alike",
        ),
        ({"random": "b | a", "data": {"a": [1, 2, 3, 4], "b": [1, 2, 1, 2]}}, "no correlation can be estimated"),
        ({"random": "b | a", "data": {"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]}, "struct": "XY"}, "struct must be one of"),
        ({"moderators": np.ones((3, 1))}, "design matrix of 4 rows"),
        ({"moderators": np.ones((4, 2))}, "depend on one another"),
        ({"moderators": [[1, 2], [1, np.nan], [1, 3], [1, 4]]}, r"position \(1, 1\)"),
        ({"moderators": np.eye(4)}, "nothing is left"),
        ({"moderators": np.ones((4, 1)), "names": ["a", "b"]}, "one name for each of the 1"),
        ({"moderators": [[1, 2], [1, 3], [1, 5], [1, 4]]}, "too few levels"),
        ({"method": "DL"}, "method must be one of"),
        ({"interval": "HK"}, "interval must be one of"),
        ({"level": 95}, "level must lie between"),
    ],
)
def test_what_cannot_be_used_is_named(change, message):
    options = {"yi": [0.1, 0.2, 0.5, 0.4], "v": [0.1] * 4, **GOOD, **change}
    if message is None:
        assert pool_multilevel(**options).k == 4
        return
    with pytest.raises(ValueError, match=message):
        pool_multilevel(**options)


def test_models_that_cannot_be_compared_are_refused():
    y, v, cluster, outcome, z = draw(6)
    data = {"a": cluster, "b": outcome}
    x = np.column_stack([np.ones(y.size), z])
    small, large = (pool_multilevel(y, v, random=each, data=data) for each in ("a", "a/b"))
    assert likelihood_ratio(large, small)["statistic"] >= -1e-9
    with pytest.raises(ValueError, match="parameters"):
        likelihood_ratio(small, large)
    with pytest.raises(ValueError, match="same coefficients"):
        likelihood_ratio(pool_multilevel(y, v, random="a", data=data, moderators=x), small)
    with pytest.raises(ValueError, match="same method"):
        likelihood_ratio(pool_multilevel(y, v, random="a", data=data, method="ML"), small)


def test_a_frame_serves_as_data():
    import pandas as pd

    frame = pd.DataFrame({"study": ["x", "x", "y", "y", "z", "z"], "e": range(6), "y": [0.1, 0.2, 0.3, 0.9, -0.2, 0.1]})
    fit = pool_multilevel(frame["y"], [0.01] * 6, random="study/e", data=frame)
    lists = pool_multilevel(frame["y"].tolist(), [0.01] * 6, random="study/e", data=frame.to_dict("list"))
    assert fit.to_dict() == lists.to_dict()
    frame["study"] = pd.array(["x", "x", None, "y", "z", "z"], dtype="string")
    with pytest.raises(ValueError, match="study must hold a label for every effect; none at position 2"):
        pool_multilevel(frame["y"], [0.01] * 6, random="study/e", data=frame)


def test_crossed_groupings_of_hundreds_of_effects():
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 20, 200), rng.integers(0, 15, 200)
    y = rng.normal(0, 0.4, 20)[a] + rng.normal(0, 0.3, 15)[b] + rng.normal(0, 0.2, 200)
    fit = pool_multilevel(y, np.full(200, 0.04), random=["a", "b"], data={"a": a, "b": b})
    assert fit.converged
    assert [each.levels for each in fit.components] == [20, 15]
    assert [each.sd[0] for each in fit.components] == pytest.approx([0.4, 0.3], abs=0.15)
    assert fit.df == (14.0,)
