"""Synthesis of diagnostic accuracy: properties, edge cases, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

import oracle
from metaan.pooling.accuracy import binomial as accuracy_binomial
from metaan.pooling.accuracy import normal as accuracy_normal
from metaan.pooling.accuracy.bivariate import pool_accuracy, pool_accuracy_ratio
from metaan.pooling.accuracy.curve import accuracy_curve, accuracy_region, area, line, mean_height
from metaan.pooling.accuracy.hazards import accuracy_hazards
from metaan.pooling.accuracy.tables import describe_accuracy
from metaan.terms.records import Interval

cell = st.integers(1, 300)
tables = st.lists(st.tuples(cell, cell, cell, cell), min_size=3, max_size=9).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)
BOUNDED = settings(max_examples=25, deadline=None)
SMALL = ([47, 126, 19, 36, 130], [9, 51, 10, 3, 19], [101, 272, 12, 78, 211], [738, 1543, 192, 276, 959])


def logits(counts, scale=1.0):
    tp, fn, fp, tn = (np.asarray(each, dtype=float) for each in counts)
    y = np.stack([np.log(tp / fn), np.log(fp / tn)], axis=-1)[None] * scale
    v = np.stack([1 / tp + 1 / fn, 1 / fp + 1 / tn], axis=-1)[None] * scale**2
    return accuracy_normal.Logits(y, v, np.ones(y.shape[:2], dtype=bool))


def dense(own, psi, reml):
    """Log-likelihood of all logits as one normal vector with a dense covariance matrix."""
    y, k = own.y[0].ravel(), own.y.shape[1]
    m = np.kron(np.eye(k), psi) + np.diag(own.v[0].ravel())
    x = np.tile(np.eye(2), (k, 1))
    w = np.linalg.inv(m)
    beta = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    value = -0.5 * (np.linalg.slogdet(m)[1] + (y - x @ beta) @ w @ (y - x @ beta) + 2 * k * np.log(2 * np.pi))
    return value + reml * (np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(x.T @ w @ x)[1])


@BOUNDED
@given(tables, st.sampled_from(["REML", "ML"]))
def test_no_general_optimiser_finds_a_higher_likelihood(counts, method):
    own = logits(counts)
    ours = accuracy_normal.fit(own, method)
    assert ours.converged.all()
    assert ours.log_likelihood[0] == pytest.approx(dense(own, ours.psi[0], method == "REML"), abs=1e-8)

    def loss(t):
        root = np.array([[t[0], 0.0], [t[1], t[2]]])
        return -dense(own, root @ root.T, method == "REML")

    for start in ([0.8, 0.1, 0.8], [0.5, -0.6, 0.3]):
        found = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 400})
        assert ours.log_likelihood[0] >= -found.fun - 1e-7


@BOUNDED
@given(tables, st.sampled_from(["REML", "ML", "fixed"]))
def test_the_order_of_studies_does_not_matter(counts, method):
    forth, back = pool_accuracy(*counts, method=method), pool_accuracy(*(each[::-1] for each in counts), method=method)
    assert back.mean == pytest.approx(forth.mean, rel=1e-6, abs=1e-7)
    assert back.psi == pytest.approx(forth.psi, rel=1e-5, abs=1e-6)


@BOUNDED
@given(tables)
def test_exchanging_the_groups_exchanges_the_rates(counts):
    tp, fn, fp, tn = counts
    here, there = pool_accuracy(tp, fn, fp, tn), pool_accuracy(tn, fp, fn, tp)
    assert there.sensitivity == pytest.approx(here.specificity, rel=1e-6)
    assert there.mean == pytest.approx(-here.mean[::-1], rel=1e-6, abs=1e-7)
    assert there.psi == pytest.approx(here.psi[::-1, ::-1], rel=1e-5, abs=1e-6)
    assert there.dor == pytest.approx(here.dor, rel=1e-6)
    assert there.positive_lr == pytest.approx(1 / here.negative_lr, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("method", ["REML", "ML", "fixed"])
def test_the_unit_of_the_logits_does_not_matter(scale, method):
    plain, scaled = accuracy_normal.fit(logits(SMALL), method), accuracy_normal.fit(logits(SMALL, scale), method)
    assert scaled.mean / scale == pytest.approx(plain.mean, rel=1e-9)
    assert scaled.psi / scale**2 == pytest.approx(plain.psi, rel=1e-9)
    shift = (10 - 2 * (method == "REML")) * np.log(scale)
    assert scaled.log_likelihood + shift == pytest.approx(plain.log_likelihood, rel=1e-10)


def test_a_shift_of_the_logits_moves_the_mean_only():
    own = logits(SMALL)
    plain, moved = (
        accuracy_normal.fit(own, "REML"),
        accuracy_normal.fit(own._replace(y=own.y + np.array([3.0, -2.0])), "REML"),
    )
    assert moved.mean - [3.0, -2.0] == pytest.approx(plain.mean, rel=1e-9)
    assert moved.psi == pytest.approx(plain.psi, rel=1e-8)


def test_identical_studies_have_no_variation_between_them():
    for likelihood in ("normal", "binomial"):
        found = pool_accuracy([30] * 6, [10] * 6, [5] * 6, [45] * 6, likelihood=likelihood)
        assert found.converged
        assert found.psi == pytest.approx(np.zeros((2, 2)), abs=1e-8)
        assert (found.sensitivity, found.specificity) == pytest.approx((0.75, 0.9), rel=1e-7)
    alone = pool_accuracy([30] * 6, [10] * 6, [5] * 6, [45] * 6, method="fixed")
    pooled = pool_accuracy([180], [60], [30], [270])
    assert alone.coefficients() == pytest.approx(pooled.coefficients(), rel=1e-12)


def test_one_study_and_two_studies():
    one = pool_accuracy([40], [10], [5], [95])
    assert (one.k, one.sensitivity, one.specificity, one.tau2_fpr) == pytest.approx((1, 0.8, 0.95, 0.0))
    assert np.isnan([one.auc, one.accuracy, one.correlation]).all()
    low, high = stats.norm.interval(0.95, np.log(4), np.sqrt(1 / 40 + 1 / 10))
    assert one.sensitivity_ci == Interval(pytest.approx(special.expit(low)), pytest.approx(special.expit(high)))
    two = pool_accuracy([40, 20], [10, 20], [5, 20], [95, 60])
    assert two.converged
    assert abs(two.correlation) == pytest.approx(1.0, abs=1e-6)
    hazards = accuracy_hazards([40], [10], [5], [95])
    assert hazards.converged
    assert hazards.theta == pytest.approx(np.log(0.8) / np.log(0.05), rel=0.05)  # its variance moves with theta
    assert hazards.tau2 == 0.0
    assert np.isnan(hazards.i2)
    assert describe_accuracy([40], [10], [5], [95]).sensitivity_p == 1.0


def test_sizes_that_differ_by_twelve_orders_of_magnitude():
    cells = oracle.load("dta-Dementia")["data"]
    counts = [np.array(cells[key]) for key in ("TP", "FN", "FP", "TN")]
    for each in counts:
        each[0] = (each[0] + 1) * 10**12
    found = pool_accuracy(*counts)
    assert found.converged
    assert np.isfinite(found.coefficients()).all()
    assert -1 < found.correlation < 1


def test_a_singular_matrix_with_variances_near_nothing_gives_finite_figures():
    tp, fn = np.array([6, 7 * 10**11, 30, 400]), np.array([2, 10**11, 9, 90])
    found = pool_accuracy(tp, fn, [5, 3 * 10**11, 8, 30], [95, 4 * 10**12, 72, 470])
    assert np.isfinite(found.coefficients()).all()
    assert abs(found.correlation) > 0.9999


def test_a_mask_leaves_studies_out_and_a_batch_equals_its_rows():
    counts = [np.array(each) for each in SMALL]
    counts[1][0] = 0  # corrected only where this study takes part
    mask = ~np.eye(5, dtype=bool)
    for likelihood in ("normal", "binomial"):
        batch = pool_accuracy(*counts, mask=mask, likelihood=likelihood)
        assert batch.sensitivity.shape == (5,)
        for i in range(5):
            alone = pool_accuracy(*(each[mask[i]] for each in counts), likelihood=likelihood)
            for name in ("mean", "covariance", "psi"):
                assert getattr(batch, name)[i] == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-12)
            assert batch.sensitivity_ci.low[i] == pytest.approx(alone.sensitivity_ci.low, rel=1e-9)
            assert batch.partial_auc[i] == pytest.approx(alone.partial_auc, rel=1e-8)
    assert len(batch.to_frame()) == 5
    ratio = pool_accuracy_ratio(*counts, mask=mask)
    assert ratio.estimate[0] == pytest.approx(pool_accuracy_ratio(*(each[1:] for each in counts)).estimate)


def test_the_quadrature_agrees_with_an_integral_in_two_dimensions():
    counts = accuracy_binomial.Counts(np.array([[3.0, 9.0], [0.0, 2.0]]), np.array([[5.0, 10.0], [7.0, 40.0]]))
    mean, psi = np.array([0.4, -1.0]), np.array([[1.2, -0.5], [-0.5, 0.8]])
    step = 0.02
    a, b = np.meshgrid(np.arange(-8, 8, step) + mean[0], np.arange(-7, 7, step) + mean[1], indexing="ij")
    normal = stats.multivariate_normal.pdf(np.stack([a, b], axis=-1), mean, psi)
    total = 0.0
    for y, n in zip(*counts, strict=True):
        chance = stats.binom.pmf(y[0], n[0], special.expit(a)) * stats.binom.pmf(y[1], n[1], special.expit(b))
        total += np.log((chance * normal).sum() * step**2)
    assert accuracy_binomial.at(counts, mean, psi, 31).log_likelihood == pytest.approx(total, abs=1e-6)
    assert accuracy_binomial.at(counts, mean, psi, 1).log_likelihood == pytest.approx(total, abs=0.2)


@pytest.mark.parametrize("nodes", [1, 10, 21])
def test_the_slope_is_that_of_the_value(nodes):
    events = np.array([[40.0, 5.0], [0.0, 8.0], [12.0, 0.0]])
    counts = accuracy_binomial.Counts(events, events + np.array([[10, 95], [7, 72], [0, 20]]))
    theta = np.array([0.7, -1.2, 0.9, -0.4, 0.6])
    slope = accuracy_binomial._slope(counts, theta, nodes)
    for i in range(5):
        h = np.where(np.arange(5) == i, 1e-5, 0.0)
        rise = (
            accuracy_binomial._value(counts, theta + h, nodes) - accuracy_binomial._value(counts, theta - h, nodes)
        ).sum()
        assert slope[i] == pytest.approx(rise / 2e-5, abs=1e-3 if nodes == 10 else 1e-6)
    hessian = accuracy_binomial._derivatives(counts, theta, nodes)[1]
    assert hessian == pytest.approx(
        accuracy_binomial._curvature(counts, theta, nodes), abs=2e-2 if nodes == 10 else 2e-4
    )


def test_the_binomial_model_takes_zero_cells_as_they_are():
    found = pool_accuracy([40, 30, 12], [0, 10, 4], [0, 8, 5], [95, 72, 60], likelihood="binomial")
    assert found.converged
    assert 0.7 < found.sensitivity < 1.0
    laplace = pool_accuracy([40, 30, 12], [0, 10, 4], [0, 8, 5], [95, 72, 60], likelihood="binomial", nodes=1)
    assert laplace.log_likelihood == pytest.approx(found.log_likelihood, abs=0.5)


@BOUNDED
@given(st.floats(-6, 6), st.floats(0.05, 5), st.floats(0.011, 0.5), st.floats(0.55, 0.98))
def test_areas_agree_with_adaptive_integration(height, slope, low, high):
    def curve(x):
        return special.expit(height + slope * special.logit(x))

    whole = (
        integrate.quad(curve, 0, 0.5, epsabs=1e-11, limit=200)[0]
        + integrate.quad(curve, 0.5, 1, epsabs=1e-11, limit=200)[0]
    )
    a, b = np.array([height]), np.array([slope])
    assert area(a, b)[0] == pytest.approx(whole, abs=1e-8)
    part = integrate.quad(curve, low, high, epsabs=1e-12, limit=200)[0] / (high - low)
    assert mean_height(a, b, np.array([low]), np.array([high]))[0] == pytest.approx(part, abs=1e-9)


def test_curves_and_regions_pass_where_they_should():
    found = pool_accuracy(*SMALL)
    for curve in ("RG", "regression"):
        _, sens = accuracy_curve(found, [1 - found.specificity], curve=curve)
        assert sens[0] == pytest.approx(found.sensitivity)  # both lines hold the mean
    fpr, sens = accuracy_curve(found)
    assert (np.diff(sens) > 0).all()
    assert fpr.shape == sens.shape == (99,)
    assert accuracy_curve(found, [0.0, 1.0])[1] == pytest.approx([0.0, 1.0])
    for kind, v in (("confidence", found.covariance), ("prediction", found.covariance + found.psi)):
        x, y = accuracy_region(found, kind, points=13)
        away = np.stack([special.logit(y), special.logit(x)], axis=-1) - found.mean
        distance = np.einsum("mi,ij,mj->m", away, np.linalg.inv(v), away)
        assert distance == pytest.approx(np.full(13, stats.chi2.ppf(0.95, 2)))
        assert (x[0], y[0]) == (x[-1], y[-1])
        x, y = accuracy_region(found, kind, points=13, df=3, level=0.9)
        away = np.stack([special.logit(y), special.logit(x)], axis=-1) - found.mean
        distance = np.einsum("mi,ij,mj->m", away, np.linalg.inv(v), away)
        assert distance == pytest.approx(np.full(13, 2 * stats.f.ppf(0.9, 2, 3)))
    height, slope = line(found.mean, found.psi)
    assert height == pytest.approx(found.accuracy * np.exp(-found.shape / 2))
    assert slope == pytest.approx(np.exp(-found.shape))


@BOUNDED
@given(tables)
def test_the_hazards_model_is_at_its_maximum(counts):
    found = accuracy_hazards(*counts)
    tp, fn, fp, tn = counts
    p, q = tp / (tp + fn), fp / (fp + tn)
    y, log_q = np.log(p) / np.log(q), np.log(q)
    first, second = fn / tp / (tp + fn) / log_q**2, tn / fp / (fp + tn) / log_q**2

    def value(theta, tau2):
        s = first + theta**2 * second + tau2
        return -0.5 * (np.log(s) + (y - theta) ** 2 / s).sum()

    assert found.converged
    assert found.log_likelihood == pytest.approx(value(found.theta, found.tau2), abs=1e-9)
    best = optimize.minimize(
        lambda t: -value(t[0], t[1] ** 2), [y.mean(), y.std() + 1e-3], method="Nelder-Mead", options={"xatol": 1e-9}
    )
    assert found.log_likelihood >= -best.fun - 1e-8
    assert found.auc == pytest.approx(1 / (1 + found.theta))


def test_refusals_name_what_is_wrong():
    with pytest.raises(ValueError, match="no studies"):
        pool_accuracy([], [], [], [])
    with pytest.raises(ValueError, match=r"tp must be a count.*position 1"):
        pool_accuracy([3, -1], [1, 2], [1, 2], [4, 5])
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r'fn must be a count.*study "B"'):
            pool_accuracy([3, 4], [1, bad], [1, 2], [4, 5], labels=["A", "B"])
    with pytest.raises(ValueError, match=r"fp must be a whole number: at position 0"):
        pool_accuracy([3, 4], [1, 2], [1.5, 2], [4, 5])
    with pytest.raises(ValueError, match=r"nobody has the condition.*position 1"):
        pool_accuracy([3, 0], [1, 0], [1, 2], [4, 5])
    with pytest.raises(ValueError, match=r"nobody is free of it.*position 0"):
        describe_accuracy([3, 1], [1, 1], [0, 2], [0, 5])
    with pytest.raises(ValueError, match=r"a cell is 0.*position 0"):
        pool_accuracy([3, 1], [0, 1], [1, 2], [4, 5], correct="none")
    with pytest.raises(ValueError, match="one shape"):
        pool_accuracy([3, 1], [1, 1, 1], [1, 2], [4, 5])
    with pytest.raises(ValueError, match="labels must name every study"):
        pool_accuracy([3, 1], [1, 1], [1, 2], [4, 5], labels=["A"])
    with pytest.raises(ValueError, match="mask must hold True or False"):
        pool_accuracy([3, 1], [1, 1], [1, 2], [4, 5], mask=[1, 0])
    with pytest.raises(ValueError, match="no studies are left"):
        pool_accuracy([3, 1], [1, 1], [1, 2], [4, 5], mask=[False, False])
    for options in (
        {"method": "DL"},
        {"likelihood": "poisson"},
        {"likelihood": "binomial", "method": "REML"},
        {"likelihood": "binomial", "nodes": 5},
        {"correct": "some"},
        {"correction": -1.0},
        {"level": 1.0},
    ):
        with pytest.raises(ValueError, match=r"must|fitted"):
            pool_accuracy(*SMALL, **options)
    with pytest.raises(ValueError, match="measure"):
        pool_accuracy_ratio(*SMALL, measure="OR")
    found = pool_accuracy(*SMALL)
    for call in (
        lambda: accuracy_curve(found, [1.2]),
        lambda: accuracy_curve(found, curve="spline"),
        lambda: accuracy_region(found, "tolerance"),
        lambda: accuracy_region(found, df=0),
        lambda: accuracy_region(found, level=2.0),
        lambda: accuracy_region(found, points=1),
    ):
        with pytest.raises(ValueError, match="must"):
            call()


def test_records_can_be_shown_and_written():
    found = pool_accuracy(*SMALL)
    assert "sensitivity" in repr(found)
    assert type(found).from_dict(found.to_dict()).sensitivity_ci == found.sensitivity_ci
    assert len(found.to_frame()) == 1
    assert len(describe_accuracy(*SMALL).to_frame()) == 5
    assert "theta" in repr(accuracy_hazards(*SMALL))


def test_many_studies_and_many_syntheses_give_back_what_made_them():
    rng = np.random.default_rng(1)
    logit = rng.multivariate_normal([1.2, -2.0], [[0.6, 0.3], [0.3, 0.8]], 10_000)
    ill, well = rng.integers(20, 200, 10_000), rng.integers(20, 400, 10_000)
    tp, fp = rng.binomial(ill, special.expit(logit[:, 0])), rng.binomial(well, special.expit(logit[:, 1]))
    found = pool_accuracy(tp, ill - tp, fp, well - fp)
    many = pool_accuracy(*(each.reshape(500, 20) for each in (tp, ill - tp, fp, well - fp)))
    assert found.converged
    assert many.converged.all()
    assert found.tau2_sensitivity == pytest.approx(0.6, abs=0.12)  # too small: logits of few people and a correction
    exact = pool_accuracy(tp[:2000], (ill - tp)[:2000], fp[:2000], (well - fp)[:2000], likelihood="binomial", nodes=11)
    assert exact.mean == pytest.approx([1.2, -2.0], abs=0.08)
    assert exact.psi == pytest.approx(np.array([[0.6, 0.3], [0.3, 0.8]]), abs=0.1)
