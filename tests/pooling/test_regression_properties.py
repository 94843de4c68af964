"""Meta-regression: what has to hold whatever the data."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.pooling import kernel, tau2
from metaan.pooling.pool import pool
from metaan.pooling.regression import moderators
from metaan.pooling.regression.design_matrix import make_design, parse
from metaan.pooling.regression.least_squares import prepare
from metaan.pooling.regression.meta_regression import meta_regression
from metaan.pooling.regression.records import Regression
from metaan.pooling.regression.subgroups import Subgroups, between, subgroups
from oracle import effect_sets, load

METHODS = tuple(moderators.ESTIMATORS)


@st.composite
def studies(draw, least=5):
    k = draw(st.integers(least, 12))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    v = np.exp(generator.normal(-2, draw(st.sampled_from([0.0, 1.0, 2.5])), k))
    y = generator.normal(draw(st.sampled_from([0.0, 5.0])), np.sqrt(v + draw(st.sampled_from([0.0, 0.3, 3.0]))))
    x = np.column_stack([np.ones(k), generator.normal(1980, 10, k)])
    return y, v, x


def dense(y, v, x, t):
    """Weighted least squares written out: beta, covariance, residual sum of squares, P."""
    w = np.diag(1.0 / (v + t))
    covariance = np.linalg.inv(x.T @ w @ x)
    p = w - w @ x @ covariance @ x.T @ w
    return covariance @ x.T @ w @ y, covariance, y @ p @ y, p


@settings(max_examples=60, deadline=None)
@given(studies(), st.sampled_from(METHODS))
def test_it_is_weighted_least_squares(data, method):
    y, v, x = data
    centred = x - [0.0, 1980.0]
    fit = moderators.fit(y[None], v[None], centred, tau2=method)
    beta, covariance, q, p = dense(y, v, centred, fit.tau2[0])
    scale = np.sqrt(np.diag(covariance))
    assert fit.rank_ok[0]
    assert fit.converged[0]
    assert (fit.beta[0] - beta) / scale == pytest.approx(0.0, abs=1e-7)
    assert fit.covariance[0] == pytest.approx(covariance, rel=1e-7)
    assert fit.q_tau2[0] == pytest.approx(q, rel=1e-7, abs=1e-9)
    assert fit.q[0] == pytest.approx(dense(y, v, centred, 0.0)[2], rel=1e-7)
    assert fit.typical[0] == pytest.approx((len(y) - 2) / np.trace(dense(y, v, centred, 0.0)[3]), rel=1e-7)
    if fit.tau2[0] > 0:
        target = {"PM": len(y) - 2, "EB": len(y) - 2}.get(method)
        if target:
            assert q == pytest.approx(target, rel=1e-8)
        if method in ("REML", "ML"):
            against = np.trace(p) if method == "REML" else (1.0 / (v + fit.tau2[0])).sum()
            assert y @ p @ p @ y == pytest.approx(against, rel=1e-6)
            se = np.sqrt(2 / (np.trace(p @ p) if method == "REML" else (1.0 / (v + fit.tau2[0]) ** 2).sum()))
            assert fit.se_tau2[0] == pytest.approx(se, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(studies(), st.sampled_from(("REML", "ML")))
def test_no_tau2_is_likelier(data, method):
    y, v, x = data
    rows = prepare(y[None], v[None], x)
    best = moderators.fit(y[None], v[None], x, tau2=method).tau2
    highest = moderators.log_likelihood(rows, best, restricted=method == "REML")[0]
    for t in [0.0, *(np.geomspace(1e-4, 1e3, 60) * v.min())]:
        assert moderators.log_likelihood(rows, np.array([t]), restricted=method == "REML")[0] <= highest + 1e-9


@settings(max_examples=40, deadline=None)
@given(studies(), st.sampled_from(METHODS), st.sampled_from([1e-6, 1e-3, 1e6]))
def test_the_unit_of_effects_changes_no_digits(data, method, unit):
    y, v, x = data
    one = moderators.fit(y[None], v[None], x, tau2=method)
    other = moderators.fit(y[None] * unit, v[None] * unit**2, x, tau2=method)
    assert other.tau2[0] / unit**2 == pytest.approx(one.tau2[0], rel=1e-8, abs=1e-10 * v.min())
    assert other.beta[0] / unit == pytest.approx(one.beta[0], rel=1e-7, abs=1e-9)
    assert other.se_tau2[0] / unit**2 == pytest.approx(one.se_tau2[0], rel=1e-7, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(studies(), st.sampled_from(METHODS))
def test_shift_sign_order_and_coding(data, method):
    y, v, x = data
    one = moderators.fit(y[None], v[None], x, tau2=method)
    near = {"rel": 1e-7, "abs": 1e-9 * v.min()}
    if method != "SJ":  # it starts from the variance of the effects themselves
        tilted = moderators.fit((y + x @ [3.0, 0.01])[None], v[None], x, tau2=method)
        assert tilted.tau2[0] == pytest.approx(one.tau2[0], **near)
        assert tilted.beta[0] - one.beta[0] == pytest.approx([3.0, 0.01], rel=1e-5)
    assert moderators.fit(-y[None], v[None], x, tau2=method).beta[0] == pytest.approx(-one.beta[0], rel=1e-9)
    order = np.argsort(y)
    permuted = moderators.fit(y[None, order], v[None, order], x[order], tau2=method)
    assert permuted.tau2[0] == pytest.approx(one.tau2[0], **near)
    recoded = x @ np.array([[1.0, -1980.0], [0.0, 0.1]])
    other = moderators.fit(y[None], v[None], recoded, tau2=method)
    assert other.tau2[0] == pytest.approx(one.tau2[0], **near)
    assert other.beta[0, 1] == pytest.approx(10 * one.beta[0, 1], rel=1e-6, abs=1e-9)
    assert other.q[0] == pytest.approx(one.q[0], rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(studies(), st.sampled_from(METHODS))
def test_rows_of_a_batch_are_fitted_alone(data, method):
    y, v, x = data
    out = np.eye(len(y), dtype=bool)
    batch = moderators.fit(y, np.where(out, np.inf, v), x, tau2=method)
    own = moderators.fit(y, np.where(out, np.inf, v), np.broadcast_to(x, (len(y), *x.shape)), tau2=method)
    for i in range(len(y)):
        alone = moderators.fit(y[None, ~out[i]], v[None, ~out[i]], x[~out[i]], tau2=method)
        for each in (batch, own):
            assert each.tau2[i] == pytest.approx(alone.tau2[0], rel=1e-7, abs=1e-9 * v.min())
            assert each.beta[i] == pytest.approx(alone.beta[0], rel=1e-6, abs=1e-9)
            assert each.k[i] == len(y) - 1


@pytest.mark.parametrize("method", ["REML", "PM", "DL", "EE"])
def test_an_intercept_alone_is_the_pooled_mean(method):
    for each in effect_sets()[::4]:
        fit = moderators.fit(each.y[None], each.v[None], np.ones((len(each.y), 1)), tau2=method)
        ours = pool(each.y, each.v, tau2=method, interval="Wald")
        assert fit.tau2[0] == pytest.approx(ours.tau2, rel=1e-9, abs=1e-10 * each.v.min())
        assert fit.beta[0, 0] == pytest.approx(ours.estimate, rel=1e-9, abs=1e-9 * ours.se)


@settings(max_examples=50, deadline=None)
@given(studies(least=2))
def test_reml_without_moderators_is_that_of_the_kernel(data):
    y, v, _ = data
    ours = moderators.fit(y[None], v[None], np.ones((len(y), 1))).tau2[0]
    theirs = tau2.reml(kernel.arrange(y[None], v[None]))[0][0]
    assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-9 * v.min())


def exact_fit(y, v, x):
    """Equal-effects regression in exact rational arithmetic: coefficients and residual heterogeneity."""
    y, w, x = (
        [Fraction(float(n)) for n in y],
        [1 / Fraction(float(n)) for n in v],
        [[Fraction(float(n)) for n in r] for r in x],
    )
    p, k = len(x[0]), len(y)
    a = [[sum(w[i] * x[i][r] * x[i][c] for i in range(k)) for c in range(p)] for r in range(p)]
    b = [sum(w[i] * x[i][r] * y[i] for i in range(k)) for r in range(p)]
    for j in range(p):
        pivot = a[j][j]
        a[j], b[j] = [n / pivot for n in a[j]], b[j] / pivot
        for r in range(p):
            if r != j:
                share = a[r][j]
                a[r], b[r] = [m - share * n for m, n in zip(a[r], a[j], strict=True)], b[r] - share * b[j]
    left = [y[i] - sum(x[i][j] * b[j] for j in range(p)) for i in range(k)]
    return [float(n) for n in b], float(sum(w[i] * left[i] ** 2 for i in range(k)))


def test_year_is_exact():
    years = [each for each in effect_sets() if each.primary and "year" in load(each.file)["data"]]
    checked = 0
    for each in years:
        column = [load(each.file)["data"]["year"][i] for i in each.rows]
        if not all(isinstance(value, (int, float)) for value in column) or len(set(column)) < 2:
            continue
        x = np.column_stack([np.ones(len(column)), column])
        beta, q = exact_fit(each.y, each.v, x)
        fit = moderators.fit(each.y[None], each.v[None], x, tau2="EE")
        assert fit.q[0] == pytest.approx(q, rel=1e-11)
        assert fit.beta[0] == pytest.approx(beta, rel=1e-10)
        checked += 1
    assert checked >= 5


def test_variances_a_million_million_apart():
    generator = np.random.default_rng(3)
    y, x = generator.normal(size=9), np.column_stack([np.ones(9), generator.normal(size=9)])
    v = np.geomspace(1e-12, 1.0, 9)
    beta, q = exact_fit(y, v, x)
    fit = moderators.fit(y[None], v[None], x, tau2="EE")
    assert fit.beta[0] == pytest.approx(beta, rel=1e-9)
    assert fit.q[0] == pytest.approx(q, rel=1e-9)
    w = [1 / Fraction(float(n)) for n in v]
    columns = [[Fraction(float(n)) for n in row] for row in x]
    a = [[sum(w[i] * columns[i][r] * columns[i][c] for i in range(9)) for c in range(2)] for r in range(2)]
    determinant = a[0][0] * a[1][1] - a[0][1] ** 2
    inverse = [[a[1][1] / determinant, -a[0][1] / determinant], [-a[0][1] / determinant, a[0][0] / determinant]]
    leverage = [
        w[i] * sum(columns[i][r] * inverse[r][c] * columns[i][c] for r in range(2) for c in range(2)) for i in range(9)
    ]
    assert fit.typical[0] == pytest.approx(float(7 / sum(w[i] * (1 - leverage[i]) for i in range(9))), rel=1e-9)
    assert fit.covariance[0] == pytest.approx(np.array([[float(n) for n in row] for row in inverse]), rel=1e-9)
    for method in METHODS:
        assert moderators.fit(y[None], v[None], x, tau2=method).converged[0]


def test_equal_effects_and_perfect_lines():
    v = np.array([0.1, 0.2, 0.3, 0.05])
    x = {"x": [1.0, 2.0, 4.0, 7.0]}
    for y in (np.full(4, 0.3), 0.1 + 0.7 * np.array(x["x"])):
        for method in METHODS:
            fit = meta_regression(y, v, x, tau2=method, interval="HK")
            assert fit.tau2 == 0.0 or method == "SJ"
            assert fit.qe == 0.0
        hk, mkh = (meta_regression(y, v, x, interval=interval) for interval in ("HK", "mKH"))
        assert np.isnan([*hk.ci_low, *hk.p, hk.omnibus.p]).all()  # a perfect fit says nothing of precision
        assert np.isfinite([*mkh.ci_low, *mkh.p]).all()


def test_ten_thousand_studies():
    generator = np.random.default_rng(5)
    v = generator.uniform(0.01, 0.5, 10_000)
    x = generator.normal(size=10_000)
    fit = meta_regression(0.2 + 0.1 * x + generator.normal(size=10_000) * np.sqrt(v + 0.2), v, {"x": x})
    assert fit.tau2 == pytest.approx(0.2, abs=0.02)
    assert fit.estimates == pytest.approx((0.2, 0.1), abs=0.03)


def test_coding():
    data = {"a": list("xyzxyzxy"), "n": [1.0, 2, 3, 4, 5, 6, 7, 9], "b": list("ppqqppqq"), "c d": [0] * 7 + [1]}
    assert parse("~ a * n + b") == ((), ("a",), ("n",), ("b",), ("a", "n"))
    assert parse("n:a + a:n - 1") == (("n", "a"),)
    assert parse("(a + b) * n - a:n") == ((), ("a",), ("b",), ("n",), ("b", "n"))
    assert parse("0 + `c d`") == (("c d",),)
    assert make_design(data, "a + n").names == ("intercept", "a[y]", "a[z]", "n")
    assert make_design(data, "a - 1").names == ("a[x]", "a[y]", "a[z]")
    assert make_design(data, "a:n").names == ("intercept", "a[x]:n", "a[y]:n", "a[z]:n")  # n alone is not there
    assert make_design(data, "a * b", reference={"a": "z"}).names[1:3] == ("a[x]", "a[y]")
    design = make_design(data, "a * b")
    assert design.columns(data).shape == (8, 6)
    assert np.linalg.matrix_rank(design.columns(data)) == 6
    assert make_design({"n": [3, 1, 3]}, factors=["n"]).names == ("intercept", "n[3]")
    for formula, message in (
        ("a +", "its end is not expected"),
        ("a $ b", "cannot be read from"),
        ("a b", "'b' is not expected"),
        ("a - a - 1", "leaves nothing"),
    ):
        with pytest.raises(ValueError, match=message):
            parse(formula)
    with pytest.raises(ValueError, match="no level 'w'; its levels are x, y, z"):
        design.columns({"a": ["w"], "b": ["p"]})
    with pytest.raises(ValueError, match="holds numbers: name it in `factors`"):
        make_design(data, "n", reference={"n": 2})


def test_predictions_come_back_and_records_are_data():
    y, v = np.array([0.1, 0.5, -0.3, 0.8, 0.2, 0.6]), np.full(6, 0.05)
    data = {"dose": [1, 2, 3, 4, 5, 6], "arm": list("ababab")}
    fit = meta_regression(y, v, data, formula="dose * arm", interval="HK")
    found = fit.predict(data)
    x = fit.design.columns(data)
    assert found.estimate == pytest.approx(x @ fit.estimates)
    assert fit.predict({"dose": 2, "arm": ["a", "b"]}).estimate[1] == pytest.approx(found.estimate[1])
    assert fit.test("dose").statistic == pytest.approx(fit.statistic[1] ** 2)
    assert fit.test(*fit.names[1:]).p == pytest.approx(fit.omnibus.p)
    assert fit.gvif["arm"] == pytest.approx(fit.vif[2])
    assert Regression.from_dict(fit.to_dict()).to_dict() == fit.to_dict()
    assert list(fit.to_frame().names) == list(fit.names)
    assert "Regression: 6 studies, REML, HK" in repr(fit)
    groups = subgroups(y, v, data["arm"])
    assert Subgroups.from_dict(groups.to_dict()).to_dict() == groups.to_dict()
    assert list(groups.to_frame().groups) == ["a", "b"]


def test_studies_without_a_moderator_are_listed():
    y, v = np.arange(5.0), np.ones(5)
    data = {"a": ["x", "", "y", "x", "y"], "n": [1.0, 2.0, np.nan, 4.0, 5.0], "unused": [None] * 5}
    fit = meta_regression(y, v, data, formula="a", labels=list("ABCDE"))
    assert fit.dropped == ("B: no a",)
    assert fit.rows == (0, 2, 3, 4)
    assert meta_regression(y, v, data, formula="n").dropped == ("position 2: no n",)
    assert subgroups(y, v, data["a"]).dropped == ("position 1: no group",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yi": [0.1, np.nan, 0.2, 0.3]}, "effects must be finite numbers: at position 1"),
        ({"vi": [0.1, 0.1, 0.0, 0.1]}, "variances must be positive, finite numbers: at position 2"),
        ({"vi": [0.1, 0.1, -1.0, np.inf]}, "at position 2 .-1., 3 .inf."),
        ({"moderators": {"x": [1, 2, 3]}}, "one value for each of 4 studies; it has 3"),
        ({"moderators": {"x": [2, 2, 2, 2]}}, "cannot tell x from the other coefficients"),
        ({"moderators": {"x": ["a"] * 4}}, "same value, 'a', in all studies"),
        ({"moderators": {"x": list("abcd")}}, "4 studies cannot tell 4 coefficients"),
        ({"moderators": {"x": [1, 2, np.inf, 4]}}, "must hold finite numbers: at position 2"),
        ({"formula": "z"}, "moderator 'z' is not among the columns: x"),
        ({"tau2": "XX"}, "tau2 must be one of REML"),
        ({"interval": "HK-ci"}, "interval must be one of mKH, HK, Wald, t"),
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"labels": ["a"]}, "labels must name every study: 4, not 1"),
    ],
)
def test_refusals(change, message):
    call = {"yi": [0.1, 0.4, 0.2, 0.3], "vi": [0.1] * 4, "moderators": {"x": [1, 2, 3, 5]}} | change
    with pytest.raises(ValueError, match=message):
        meta_regression(call.pop("yi"), call.pop("vi"), call.pop("moderators"), **call)


def test_the_kernel_refuses_and_flags():
    x = np.column_stack([np.ones(3), [1, 2, 3]])
    with pytest.raises(ValueError, match=r"variances must be positive.*\(0, 1\)"):
        moderators.fit([[1, 2, 3]], [[1, 0, 1]], x)
    with pytest.raises(ValueError, match="x must have shape"):
        moderators.fit([[1, 2]], [[1, 1]], x)
    with pytest.raises(ValueError, match="known values of tau2"):
        moderators.fit([[1, 2, 3]], [[1, 1, 1]], x, tau2=[-1])
    fit = moderators.fit([[1, 2, 3], [1, 2, 3]], [[1, 1, 1], [1, np.inf, np.inf]], x)
    assert fit.rank_ok.tolist() == [True, False]
    assert np.isnan(fit.beta[1]).all()
    empty = moderators.fit(np.empty((0, 3)), np.empty((0, 3)), x)
    assert empty.beta.shape == (0, 2)
    none = moderators.fit([[1, 2, 3]], [[np.inf] * 3], x)
    assert not none.rank_ok[0]


@settings(max_examples=30, deadline=None)
@given(studies())
def test_own_weights(data):
    y, v, x = data
    x = x - [0.0, 1980.0]
    fit = moderators.fit(y[None], v[None], x)
    same = moderators.fit(y[None], v[None], x, weights=1.0 / (v + fit.tau2[0]))
    assert same.beta[0] == pytest.approx(fit.beta[0], rel=1e-8, abs=1e-10)
    assert same.covariance[0] == pytest.approx(fit.covariance[0], rel=1e-8)
    plain = moderators.fit(y[None], v[None], x, weights=np.ones(len(y)))
    hat = np.linalg.inv(x.T @ x) @ x.T
    assert plain.beta[0] == pytest.approx(hat @ y, rel=1e-8, abs=1e-10)
    assert plain.covariance[0] == pytest.approx(hat @ np.diag(v + fit.tau2[0]) @ hat.T, rel=1e-8)


@settings(max_examples=30, deadline=None)
@given(studies(least=6), st.sampled_from(["REML", "DL", "PM"]))
def test_subgroups_are_pooled_groups(data, method):
    y, v, _ = data
    by = np.array(["b", "a"])[np.arange(len(y)) % 2]
    found = subgroups(y, v, by, tau2=method, interval="HK")
    for i, name in enumerate(found.groups):
        alone = pool(y[by == name], v[by == name], tau2=method, interval="HK")
        assert found.estimates[i] == pytest.approx(alone.estimate, rel=1e-10, abs=1e-12)
        assert found.ci_low[i] == pytest.approx(alone.ci.low, rel=1e-10)
        assert found.tau2[i] == pytest.approx(alone.tau2, rel=1e-10)
    difference = found.estimates[1] - found.estimates[0]
    z = difference / np.hypot(*found.se)
    assert found.between.statistic == pytest.approx(z**2, rel=1e-7, abs=1e-12)
    common = subgroups(y, v, by, variance="common", tau2=method, interval="mKH")
    regression = meta_regression(y, v, {"by": by}, tau2=method, interval="mKH")
    assert common.between.statistic == pytest.approx(regression.omnibus.statistic, rel=1e-6, abs=1e-10)
    assert common.between.p == pytest.approx(regression.omnibus.p, rel=1e-6)
    assert common.tau2[0] == pytest.approx(regression.tau2, rel=1e-7, abs=1e-9 * v.min())
    assert common.q_within == pytest.approx(regression.qe, rel=1e-8)


def test_random_effects_test_is_not_that_of_equal_effects():
    block = load("dat.bcg")
    y, v = (np.array(block["escalc"]["RR"][key]) for key in ("yi", "vi"))
    random = subgroups(y, v, block["data"]["alloc"], interval="Wald")
    assert random.between.statistic == pytest.approx(1.8614, abs=1e-3)
    assert subgroups(y, v, block["data"]["alloc"], tau2="EE", interval="Wald").between.statistic > 19


def test_subgroups_of_single_studies():
    y, v = np.array([0.1, 0.5, 0.7]), np.array([0.1, 0.2, 0.3])
    found = subgroups(y, v, ["a", "b", "b"])
    assert found.k == (1, 2)
    assert found.se[0] == pytest.approx(np.sqrt(0.1))
    with pytest.raises(ValueError, match="leave nothing to estimate a common variance"):
        subgroups(y, v, list("abc"), variance="common")
    with pytest.raises(ValueError, match="a known tau2 is one for all"):
        subgroups(y, v, list("abb"), tau2=0.1)
    assert np.isnan(between([0.1, 0.2], [0.0, 0.1], ["a", "b"]).p)
