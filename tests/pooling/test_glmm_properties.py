"""What generalised linear mixed models must do whatever the data; their likelihood beside direct integration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from metaan.pooling.glmm import mixed as glmm
from metaan.pooling.glmm.fit import _differences, _steps, heights, maximise, terms
from metaan.pooling.glmm.mixed import MODELS, pool_glmm
from oracle import load

TABLES = st.lists(st.tuples(*[st.integers(1, 60)] * 4), min_size=3, max_size=7).map(
    lambda rows: np.array(rows, float).T
)
BCG = tuple(np.array(load("dat.bcg")["data"][key], float) for key in ("ai", "bi", "ci", "di"))
SPARSE = tuple(
    np.array(load("edge-binary")["cases"]["zero_cells"]["data"][key], float) for key in ("ai", "bi", "ci", "di")
)
RATES = tuple(np.array(load("dat.hart1999")["data"][key], float) for key in ("x1i", "t1i", "x2i", "t2i"))
SHARES = tuple(np.array(load("dat.pritz1997")["data"][key], float) for key in ("xi", "ni"))
COLUMNS = {"OR": BCG, "IRR": RATES, "PLO": SHARES, "IRLN": (SHARES[0], SHARES[1] * 3.5)}
WAYS = [(measure, model) for measure, models in MODELS.items() for model in models]
RANDOM = [way for way in WAYS if way[1] != "UM.RS"]


def problem(measure, model, columns=None):
    return glmm.read(measure, model, columns or COLUMNS[measure], None)[0]


def core(fit):
    return np.array([fit.estimate, fit.se, fit.tau2, fit.log_likelihood])


@pytest.mark.parametrize(
    ("measure", "model", "columns"),
    [(*way, COLUMNS[way[0]]) for way in WAYS] + [(*way, SPARSE) for way in WAYS if way[0] == "OR"],
)
def test_more_nodes_change_nothing(measure, model, columns):
    default = pool_glmm(*columns, measure=measure, model=model)
    more = pool_glmm(*columns, measure=measure, model=model, nodes=36 if model == "UM.RS" else 80)
    np.testing.assert_allclose(core(default), core(more), rtol=2e-8, atol=1e-9)
    assert default.log_likelihood == pytest.approx(more.log_likelihood, rel=1e-10)


@pytest.mark.parametrize(("measure", "model"), WAYS)
def test_derivatives_under_the_integral_are_those_of_the_integral(measure, model):
    at = problem(measure, model)
    fit, likelihood = glmm._fit(at, True, None), glmm.build(at, True, None)
    shared = fit.shared + 0.05
    exact = terms(likelihood, shared, fit.own)
    other = _differences(likelihood, shared, fit.own, _steps(likelihood, exact))
    np.testing.assert_allclose(exact.slope, other.slope, rtol=1e-5, atol=1e-5 * np.abs(exact.slope).max())
    np.testing.assert_allclose(exact.curvature, other.curvature, rtol=1e-5, atol=1e-5 * np.abs(exact.curvature).max())
    top = terms(likelihood, fit.shared, fit.own)
    scale = np.sqrt(np.abs(np.einsum("kpp->p", top.curvature)))
    assert (np.abs(top.slope.sum(axis=0)) / scale < 1e-5).all()


def direct(kind, columns, i, shared):
    """Log-likelihood of study i by adaptive integration over the normal density."""
    beta, tau = shared

    def binomial(x, n, eta):
        return stats.binom.pmf(x, n, 1 / (1 + np.exp(-eta)))

    def density(u):
        if kind == "PLO":
            return binomial(columns[0][i], columns[1][i], beta + u)
        if kind == "IRLN":
            return stats.poisson.pmf(columns[0][i], columns[1][i] * np.exp(beta + u))
        if kind == "IRR":
            x1, t1, x2, t2 = (column[i] for column in columns)
            return binomial(x1, x1 + x2, np.log(t1 / t2) + beta + u)
        a, b, c, d = (int(column[i]) for column in columns)
        if kind == "CM.AL":
            return binomial(a, a + c, np.log((a + b) / (c + d)) + beta + u)
        return stats.nchypergeom_fisher.pmf(a, a + b + c + d, a + c, a + b, np.exp(beta + u))

    value, _ = integrate.quad(
        lambda u: density(u) * stats.norm.pdf(u, 0, tau), -9 * tau, 9 * tau, epsabs=0, epsrel=1e-11, limit=400
    )
    return np.log(value)


@pytest.mark.parametrize(
    ("kind", "measure", "model", "columns"),
    [
        ("PLO", "PLO", "UM.FS", SHARES),
        ("IRLN", "IRLN", "UM.FS", COLUMNS["IRLN"]),
        ("IRR", "IRR", "CM.EL", RATES),
        ("CM.AL", "OR", "CM.AL", SPARSE),
        ("CM.EL", "OR", "CM.EL", SPARSE),
    ],
)
def test_likelihood_agrees_with_direct_integration(kind, measure, model, columns):
    at = problem(measure, model, columns)
    shared = np.array([-0.4 if measure in ("OR", "IRR") else 0.7, 0.8])
    ours = heights(glmm.build(at, True, None), shared, np.zeros(len(at.columns[0])))
    expected = [direct(kind, at.columns, i, shared) for i in range(min(4, len(ours)))]
    np.testing.assert_allclose(ours[:4], expected, rtol=1e-8)


def test_likelihood_of_two_random_effects_agrees_with_direct_integration():
    at = problem("OR", "UM.RS", SPARSE)
    shared = np.array([-0.5, -2.0, 0.7, 0.9])
    ours = heights(glmm.build(at, True, None), shared, np.zeros(len(at.columns[0])))
    u, v = (np.linspace(-8.5, 8.5, 241) for _ in range(2))
    weight = stats.norm.pdf(u)[:, None] * stats.norm.pdf(v) * (u[1] - u[0]) ** 2  # trapezium: all but exact here
    for i in range(4):
        a, b, c, d = (column[i] for column in at.columns)
        middle = shared[1] + shared[3] * v
        one = stats.binom.pmf(a, a + b, 1 / (1 + np.exp(-(middle + shared[0] + 0.5 * shared[2] * u[:, None]))))
        two = stats.binom.pmf(c, c + d, 1 / (1 + np.exp(-(middle - 0.5 * shared[2] * u[:, None]))))
        assert ours[i] == pytest.approx(np.log((one * two * weight).sum()), rel=1e-9)


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL"])
@settings(max_examples=8, deadline=None)
@given(tables=TABLES)
def test_swapping_the_groups_flips_the_sign(model, tables):
    a, b, c, d = tables
    one, two = pool_glmm(a, b, c, d, model=model), pool_glmm(c, d, a, b, model=model)
    assert one.converged
    assert two.converged
    assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-9)
    assert one.estimate == pytest.approx(-two.estimate, abs=1e-5 * one.se)
    assert one.tau2 == pytest.approx(two.tau2, rel=1e-4, abs=1e-6)
    if model != "UM.RS":  # there the intercepts of the model with an effect a study are those of group 2 alone
        assert one.q_lrt == pytest.approx(two.q_lrt, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(("measure", "model"), WAYS)
def test_order_of_studies_does_not_matter(measure, model):
    columns = COLUMNS[measure]
    turned = tuple(column[::-1] for column in columns)
    one, two = pool_glmm(*columns, measure=measure, model=model), pool_glmm(*turned, measure=measure, model=model)
    np.testing.assert_allclose(core(one), core(two), rtol=1e-8)
    assert (one.q_wald, one.q_lrt) == pytest.approx((two.q_wald, two.q_lrt), rel=1e-8)


def test_a_mask_leaves_out():
    mask = np.ones(BCG[0].size, dtype=bool)
    mask[[2, 7]] = False
    one, two = pool_glmm(*BCG, mask=mask), pool_glmm(*(column[mask] for column in BCG))
    np.testing.assert_allclose(core(one), core(two), rtol=1e-12)


@pytest.mark.parametrize(("measure", "model"), RANDOM)
def test_without_variance_between_studies_it_is_equal_effects(measure, model):
    columns = tuple(np.repeat(column[:1], 6) for column in COLUMNS[measure])
    one = pool_glmm(*columns, measure=measure, model=model)
    two = pool_glmm(*columns, measure=measure, model=model, tau2="EE")
    assert one.tau2 == 0.0
    assert np.isnan(one.tau2_se)
    np.testing.assert_allclose(core(one), core(two), rtol=1e-9)
    assert one.q_lrt == pytest.approx(0.0, abs=1e-9)


def test_statsmodels_agrees_under_equal_effects():
    sm = pytest.importorskip("statsmodels.api")
    a, b, c, d = BCG
    k = a.size
    design = np.column_stack([np.repeat([1.0, 0.0], k), np.tile(np.eye(k), (2, 1))])
    counts = np.column_stack([np.append(a, c), np.append(b, d)])
    other = sm.GLM(counts, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    ours = pool_glmm(*BCG, tau2="EE")
    assert (ours.estimate, ours.se) == pytest.approx((other.params[0], other.bse[0]), rel=1e-9)
    assert ours.log_likelihood == pytest.approx(other.llf, rel=1e-11)
    assert ours.q_lrt == pytest.approx(other.deviance, rel=1e-10)
    x1, t1, x2, t2 = RATES
    rows = np.column_stack([np.repeat([1.0, 0.0], 6), np.tile(np.eye(6), (2, 1))])
    offset = np.log(np.append(t1, t2))
    other = sm.GLM(np.append(x1, x2), rows, family=sm.families.Poisson(), offset=offset).fit(tol=1e-14)
    ours = pool_glmm(*RATES, measure="IRR", tau2="EE")
    assert (ours.estimate, ours.se) == pytest.approx((other.params[0], other.bse[0]), rel=1e-9)


def test_conditional_and_unconditional_models_of_rates_agree():
    # with Poisson counts and free intercepts the likelihood of the effect is the conditional one
    one, two = (pool_glmm(*RATES, measure="IRR", model=model, tau2="EE") for model in ("UM.FS", "CM.EL"))
    assert (one.estimate, one.se, one.q_lrt) == pytest.approx((two.estimate, two.se, two.q_lrt), rel=1e-9)


def test_the_variance_of_the_exact_conditional_estimate():
    # information by second differences of scipy's probabilities
    a, b, c, d = (column[:6].astype(int) for column in SPARSE)
    keep = (a + c > 0) & (b + d > 0)
    ours = pool_glmm(*(x[keep].astype(float) for x in (a, b, c, d)), model="CM.EL", tau2="EE")

    def height(eta):
        tables = zip(a[keep], b[keep], c[keep], d[keep], strict=True)
        return sum(
            stats.nchypergeom_fisher.logpmf(p, p + q + r + s, p + r, p + q, np.exp(eta)) for p, q, r, s in tables
        )

    h = 1e-3
    bend = (height(ours.estimate + h) - 2 * height(ours.estimate) + height(ours.estimate - h)) / h**2
    assert ours.se == pytest.approx((-bend) ** -0.5, rel=1e-4)
    assert ours.log_likelihood == pytest.approx(height(ours.estimate), rel=1e-9)


def test_many_studies_and_many_people():
    rng = np.random.default_rng(3)
    n = rng.integers(20, 200, 3_000).astype(float)
    x = rng.binomial(n.astype(int), 1 / (1 + np.exp(-rng.normal(-1, 0.5, n.size)))).astype(float)
    fit = pool_glmm(x, n, measure="PLO")
    assert fit.converged
    assert fit.estimate == pytest.approx(-1, abs=0.05)
    assert fit.tau2 == pytest.approx(0.25, abs=0.03)
    tables = [
        np.array(column, float) for column in ([4e5, 3e5, 1e5], [6e5, 7e5, 9e5], [5e5, 4e5, 1e5], [7e5, 8e5, 9e5])
    ]
    fits = [pool_glmm(*tables, model=model) for model in ("UM.FS", "CM.EL")]
    assert all(fit.converged for fit in fits)
    assert fits[0].estimate == pytest.approx(fits[1].estimate, abs=1e-4)
    assert fits[0].tau2 == pytest.approx(fits[1].tau2, rel=1e-2)


def test_profile_of_the_likelihood_has_no_higher_point():
    at = problem("OR", "UM.FS", SPARSE)
    model, best = glmm.build(at, True, None), glmm._fit(at, True, None)
    for tau in (0.01, 0.1, 0.5, 1.0, 2.0, 4.0):
        there = maximise(model, [np.array([best.shared[0], tau])], best.own, [True, False])
        assert there.log_likelihood <= best.log_likelihood + 1e-9


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (([2, 3], [38, 57], [0, 0], [41, 59]), {}, "infinity"),
        (([0, 0], [38, 57], [0, 0], [41, 59]), {}, "says anything"),
        (([2.5, 3], [38, 57], [1, 2], [41, 59]), {}, r"whole numbers; 2.5 at position 0"),
        (([2], [38], [1], [41]), {}, "cannot tell of a variance"),
        (([2, 3], [38, 57]), {}, "columns a, b, c, d; 2 were given"),
        (([[2, 3]], [[38, 57]], [[1, 2]], [[41, 59]]), {}, "one axis"),
        (([0, 0], [38, 57]), {"measure": "PLO"}, "infinity"),
        (([9, 3], [8, 57]), {"measure": "PLO"}, "not be more than the people"),
        (([2, 3], [38, 57]), {"measure": "PLO", "model": "CM.EL"}, "model for PLO must be one of UM.FS"),
        (([2, 3], [38, 57]), {"measure": "PLO", "nodes": 0}, "from 1 to 150"),
        (([2, -3], [38, 57]), {"measure": "IRLN"}, r"not negative: x, at position 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(columns, options, message):
    with pytest.raises(ValueError, match=message):
        pool_glmm(*columns, **options)


def test_one_study_with_equal_effects_is_its_own_effect():
    fit = pool_glmm([7], [53], [13], [49], tau2="EE")
    assert fit.estimate == pytest.approx(np.log(7 * 49 / (53 * 13)), rel=1e-10)
    assert (fit.q_lrt, fit.q_wald, fit.i2, fit.h2, fit.q_df) == (0.0, 0.0, 0.0, 1.0, 0.0)


def test_records_read_back_and_print():
    fit = pool_glmm(*BCG, model="CM.AL")
    assert type(fit).from_dict(fit.to_dict()) == fit or np.isnan(fit.sigma2)
    assert "log_likelihood" in repr(fit)
    assert len(fit.to_frame()) == 1
