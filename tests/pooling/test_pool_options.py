"""Options of `pool`: estimators, weights, intervals left out, tables, messages; and the models built upon it."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy import special

from metaan.pooling import estimators, intervals
from metaan.pooling.fit_statistics import fit_statistics
from metaan.pooling.heterogeneity import heterogeneity
from metaan.pooling.intervals import h2_from_test
from metaan.pooling.pool import pool, summarise
from metaan.pooling.quality import ivhet, quality_effects

Y, V = np.array([0.1, 0.9, -0.4, 1.3, 0.2]), np.array([0.04, 0.09, 0.05, 0.11, 0.02])
NAMES = tuple(estimators.ESTIMATORS)


@st.composite
def studies(draw, smallest=2, largest=9):
    k = draw(st.integers(smallest, largest))
    y = draw(arrays(float, k, elements=st.floats(-3, 3).map(lambda x: round(x, 6))))
    v = draw(arrays(float, k, elements=st.floats(0.01, 2)))
    return y, v


@given(studies(), st.sampled_from(NAMES), st.sampled_from([1e-6, 1e6, -1.0]), st.floats(-20, 20))
def test_scale_sign_and_shift(data, estimator, factor, shift):
    y, v = data
    one = pool(y, v, tau2=estimator, interval="t")
    other = pool(y * factor + shift * abs(factor), v * factor**2, tau2=estimator, interval="t")
    scale = abs(factor) * one.se
    assert other.tau2 / factor**2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-9 * v.min())
    moved = one.estimate * np.sign(factor) * abs(factor) + shift * abs(factor)
    assert other.estimate == pytest.approx(moved, rel=1e-8, abs=1e-7 * scale)
    assert other.se == pytest.approx(scale, rel=1e-7)
    assert other.se_tau2 / factor**2 == pytest.approx(one.se_tau2, rel=1e-7, nan_ok=True)
    assert other.converged


@given(studies(), st.sampled_from(NAMES))
def test_order_does_not_matter(data, estimator):
    y, v = data
    order = np.random.default_rng(len(y)).permutation(len(y))
    one, other = pool(y, v, tau2=estimator), pool(y[order], v[order], tau2=estimator)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-9 * v.min())
    assert other.estimate == pytest.approx(one.estimate, rel=1e-7, abs=1e-7 * one.se)
    assert np.array(other.weights) == pytest.approx(np.array(one.weights)[order], rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 7),
    st.integers(0, 10**6),
    st.sampled_from(NAMES),
    st.sampled_from(["Wald", "KR", "HK-IQWiG6", "HK-ci"]),
)
def test_a_masked_batch_is_the_same_as_a_loop(k, seed, estimator, interval):
    random = np.random.default_rng(seed)
    y, v = random.normal(0, 0.8, (6, k)), random.uniform(0.02, 1.0, (6, k))
    mask = random.uniform(size=(6, k)) < 0.7
    mask[:, 0] = True
    batch = pool(np.where(mask, y, np.nan), np.where(mask, v, -1), mask=mask, tau2=estimator, interval=interval, i2="Q")
    frame = batch.to_frame()
    for i in range(6):
        one = pool(y[i][mask[i]], v[i][mask[i]], tau2=estimator, interval=interval, i2="Q").to_frame().iloc[0]
        for name, value in one.items():
            assert frame[name][i] == pytest.approx(value, rel=1e-8, abs=1e-10, nan_ok=True), (name, i)


@given(studies(), st.sampled_from(["DL", "HE", "HS", "HSk", "SJ"]))
def test_moment_estimators_agree_with_dense_algebra(data, estimator):
    y, v = data
    k = len(y)

    def centred(w):
        return np.diag(w) - np.outer(w, w) / w.sum()

    if estimator == "SJ":
        crude = np.var(y)
        a = 1 / (v + crude) if crude > 0 else 1 / v
        form = y @ centred(a) @ y
        tau2 = crude * form / (k - 1)
        se = crude / (k - 1) * math.sqrt(2 * np.trace(np.linalg.matrix_power(centred(a) * (v + tau2), 2)))
    else:
        a = np.ones(k) if estimator == "HE" else 1 / v
        p = centred(a)
        form = y @ p @ y
        factor, divisor = 1.0, np.trace(p)
        tau2 = (form - np.trace(p * v)) / divisor
        if estimator in ("HS", "HSk"):
            factor = k / (k - 1) if estimator == "HSk" else 1.0
            divisor = a.sum()
            tau2 = (factor * form - k) / divisor
        tau2 = max(0.0, tau2)
        se = factor * math.sqrt(2 * np.trace(np.linalg.matrix_power(p * (v + tau2), 2))) / divisor
    found = pool(y, v, tau2=estimator)
    assert found.tau2 == pytest.approx(tau2, rel=1e-8, abs=1e-9)
    assert found.se_tau2 == pytest.approx(se, rel=1e-6, abs=1e-12)


@given(studies(3))
def test_ml_is_the_highest_point_of_the_likelihood(data):
    y, v = data
    found = pool(y, v, tau2="ML", tau2_interval="PL")
    grid = np.append(0.0, np.geomspace(1e-4 * v.min(), np.ptp(y) ** 2 + v.min(), 400))
    heights = fit_statistics(np.tile(y, (401, 1)), v, tau2=grid).log_likelihood
    best = fit_statistics(y, v, tau2=found.tau2).log_likelihood
    assert best >= heights.max() - 1e-9
    drop = special.chdtri(1, 0.05) / 2
    low, high = found.tau2_ci.low, found.tau2_ci.high
    assert fit_statistics(y, v, tau2=high).log_likelihood == pytest.approx(best - drop, abs=1e-8)
    lowest = fit_statistics(y, v, tau2=low).log_likelihood
    assert lowest == pytest.approx(best - drop, abs=1e-8) if low > 0 else lowest >= best - drop - 1e-9
    assert low <= found.tau2 <= high
    assert (grid[heights > best - drop + 1e-9] >= low * (1 - 1e-9)).all()
    assert (grid[heights > best - drop + 1e-9] <= high * (1 + 1e-9)).all()


@given(studies(), st.sampled_from(["PM", "EB", "DLIT", "SJIT", "PMM"]))
def test_the_generalised_q_equals_its_mean_or_median(data, estimator):
    y, v = data
    k = len(y)
    found = pool(y, v, tau2=estimator)
    target = special.chdtri(k - 1, 0.5) if estimator == "PMM" else k - 1

    def q(t):
        w = 1 / (v + t)
        return w @ (y - (w @ y) / w.sum()) ** 2

    assert q(found.tau2) == pytest.approx(target, rel=1e-9) if found.tau2 > 0 else q(0.0) <= target * (1 + 1e-12)


def test_equal_and_fixed_effects_are_the_same_figures_in_other_words():
    one, other = pool(Y, V, tau2="EE"), pool(Y, V, tau2="FE")
    assert other.method["tau2"] == "FE"
    assert {**one.to_dict(), "method": 0} == {**other.to_dict(), "method": 0}


def test_a_given_tau2_is_taken_as_it_is():
    reml = pool(Y, V)
    given_one = pool(Y, V, tau2=reml.tau2)
    assert (given_one.estimate, given_one.ci, given_one.prediction) == (reml.estimate, reml.ci, reml.prediction)
    assert given_one.tau2_ci is None
    assert math.isnan(given_one.se_tau2)
    batch = pool([Y, Y], [V, V], tau2=[0.0, reml.tau2])
    assert batch.estimate[0] == pytest.approx(pool(Y, V, tau2="EE").estimate)
    assert batch.estimate[1] == pytest.approx(reml.estimate)
    assert summarise([Y, Y], [V, V], tau2=0.1)["tau2"].tolist() == [0.1, 0.1]
    for bad in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="finite and not negative"):
            pool(Y, V, tau2=bad)
    with pytest.raises(ValueError, match="one a synthesis"):
        pool(Y, V, tau2=[0.1, 0.2])


@given(studies(3))
def test_inverse_variances_as_weights_change_nothing(data):
    y, v = data
    dl = pool(y, v, tau2="DL", interval="Wald")
    assert pool(y, v, tau2="GENQ", weights=1 / v, interval="Wald").tau2 == pytest.approx(dl.tau2, rel=1e-9, abs=1e-12)
    same = pool(y, v, tau2="DL", weights=7 / (v + dl.tau2), interval="Wald")
    assert (same.estimate, same.se) == pytest.approx((dl.estimate, dl.se), rel=1e-9, abs=1e-12)
    assert same.weights == pytest.approx(dl.weights, rel=1e-9)
    flat = pool(y, v, tau2="GENQ", weights=np.ones(len(y)), interval="t")
    assert flat.tau2 == pytest.approx(pool(y, v, tau2="HE").tau2, rel=1e-9, abs=1e-12)
    assert flat.estimate == pytest.approx(y.mean(), abs=1e-12)
    assert flat.se == pytest.approx(math.sqrt((v + flat.tau2).sum()) / len(y))


def test_leaving_intervals_out():
    bare = pool(Y, V, tau2_interval=None, prediction=None)
    assert bare.tau2_ci is bare.i2_ci is bare.h2_ci is bare.prediction is None
    assert (bare.estimate, bare.ci, bare.i2) == (pool(Y, V).estimate, pool(Y, V).ci, pool(Y, V).i2)
    batch = pool([Y, Y], [V, V], tau2_interval=None, prediction=None)
    assert batch.tau2_ci is batch.i2_ci is batch.h2_ci is batch.prediction is None
    by_q = pool([Y, Y], [V, V], tau2_interval=None, i2="Q")
    assert by_q.tau2_ci is None
    assert by_q.i2_ci.low.shape == (2,)
    assert pool([Y, Y], [V, V], tau2="EE", i2="Q").i2_ci.low[0] == pool(Y, V, tau2="EE", i2="Q").i2_ci.low


def test_intervals_of_one_estimate_in_their_order():
    by = {name: pool(Y, V, interval=name) for name in intervals.INTERVALS}
    assert by["t"].ci.high > by["Wald"].ci.high
    assert by["mKH"].se == max(by["HK"].se, by["Wald"].se)
    assert by["KR"].se > by["Wald"].se
    assert by["KR"].df < 4
    assert by["HK-IQWiG6"].se in (by["HK"].se, by["mKH"].se)


@given(studies(2))
def test_kenward_roger_is_the_wald_error_where_variances_are_equal(data):
    y, _ = data
    v = np.full(len(y), 0.3)
    kr, t = pool(y, v, interval="KR"), pool(y, v, interval="t")
    assert kr.se == pytest.approx(t.se, rel=1e-9)
    assert kr.df == pytest.approx(t.df, rel=1e-9)


def test_predictions_and_what_they_are_made_of():
    tau2, hk = pool(Y, V).tau2, pool(Y, V, interval="HK")
    wald, kr = pool(Y, V, interval="Wald"), pool(Y, V, interval="KR")
    made_of = {
        "same": ("Wald", wald.se, 4.0),
        "V": ("HK", wald.se, 4.0),
        "HTS": ("HK", wald.se, 3.0),
        "normal": ("HK", wald.se, math.inf),
        "S": ("HK", wald.se, math.inf),
        "own": ("KR", kr.se, kr.df),
        "riley": ("HK", hk.se, 3.0),
        "simple": ("HK", 0.0, math.inf),
        "HK": ("Wald", hk.se, 4.0),
        "HK-PR": ("Wald", hk.se, 3.0),
        "KR": ("Wald", kr.se, kr.df),
        "KR-PR": ("Wald", kr.se, kr.df - 1),
    }
    assert set(made_of) == set(intervals.PREDICTIONS)
    for name, (interval, se, df) in made_of.items():
        found = pool(Y, V, interval=interval, prediction=name)
        half = intervals.quantile(0.95, np.array([df]))[0] * math.hypot(se, math.sqrt(tau2))
        assert found.prediction.high - found.estimate == pytest.approx(half, rel=1e-12), name
    assert pool(Y, V, interval="Wald", prediction="own").prediction == pool(Y, V, prediction="normal").prediction


def test_equal_effects_predict_nothing_under_hartung_knapp():
    same = pool([0.25] * 4, [0.04, 0.05, 0.02, 0.1], interval="HK")
    assert same.prediction is None  # a standard error of zero says nothing of precision


def test_quantiles_at_the_edges():
    df = np.array([1.0, np.inf, 0.0, -1.0, np.nan, 0.002])
    found = intervals.quantile(0.95, df)
    assert found[:2] == pytest.approx([special.stdtrit(1.0, 0.975), special.ndtri(0.975)])
    assert np.isnan(found[2:5]).all()
    assert found[5] == np.inf
    assert [intervals.quantile(0.95, df[i : i + 1])[0] for i in range(6)] == pytest.approx(list(found), nan_ok=True)


def test_test_based_interval_of_h():  # Higgins and Thompson 2002, by hand: Q = 20 on 9 df, and Q = 5 on 9 df
    z = 1.959963984540054
    low, high = h2_from_test(np.array([20.0, 5.0, 1.0, 0.0]), np.array([10, 10, 2, 1]), 0.95)
    se = 0.5 * (math.log(20) - math.log(9)) / (math.sqrt(40) - math.sqrt(17))
    assert low[0] == pytest.approx(max(1.0, (math.sqrt(20 / 9) * math.exp(-z * se)) ** 2))
    assert high[0] == pytest.approx((math.sqrt(20 / 9) * math.exp(z * se)) ** 2)
    assert low[1] == 1.0
    assert high[1] == pytest.approx(math.exp(z * math.sqrt(1 / 16 * (1 - 1 / 192))) ** 2)
    assert np.isnan(high[2:]).all()


def test_heterogeneity_gathers_what_pool_finds():
    found, pooled = heterogeneity(Y, V), pool(Y, V, interval="Wald")
    assert (found.q, found.tau2, found.i2, found.tau2_ci) == (pooled.q, pooled.tau2, pooled.i2, pooled.tau2_ci)
    assert found.tau_ci.high == math.sqrt(pooled.tau2_ci.high)
    assert found.h_ci.high == pytest.approx(math.sqrt(1 / (1 - pooled.i2_ci.high / 100)), rel=1e-12)
    assert found.rb == pytest.approx(100 * pooled.tau2 / (5 * pooled.se**2))
    assert found.rb == pytest.approx(100 * (pooled.tau2 / (V + pooled.tau2)).mean())
    assert heterogeneity(Y, V, weights=np.ones(5)).rb == pytest.approx(found.rb)
    assert heterogeneity([Y, Y], [V, V], i2="Q").h_ci.low.shape == (2,)
    assert repr(found).startswith("Heterogeneity")


def test_fit_statistics_by_hand():
    tau2 = 0.2
    w = 1 / (V + tau2)
    mu = (w @ Y) / w.sum()
    height = (np.log(w / (2 * np.pi)).sum() - w @ (Y - mu) ** 2) / 2
    found = fit_statistics(Y, V, tau2=tau2)
    assert found.log_likelihood == pytest.approx(height)
    assert found.aic == pytest.approx(4 - 2 * height)
    assert found.bic == pytest.approx(2 * math.log(5) - 2 * height)
    assert found.aicc == pytest.approx(2 * 2 * 5 / (5 - 3) - 2 * height)
    restricted = height + (math.log(2 * math.pi) + math.log(5) - math.log(w.sum())) / 2
    assert found.restricted_log_likelihood == pytest.approx(restricted)
    batch = fit_statistics([Y, Y], [V, V], mask=[[True] * 5, [False] * 5])
    assert batch.aic[0] == pytest.approx(fit_statistics(Y, V).aic)
    assert np.isnan(batch.aic[1])


def test_quality_effects_on_a_worked_example():
    # Weights 1 / v = 10, 20, 30; quality relative to the best 1, 0.5, 0.25. Lost: 20 * 0.5 + 30 * 0.75 = 32.5, given
    # back in the proportions 4 : 2 : 1 of the scores; so 10 + 130/7, 10 + 65/7, 7.5 + 32.5/7, together 60 again.
    y, v = np.array([0.2, 0.5, 0.8]), 1 / np.array([10.0, 20.0, 30.0])
    found = quality_effects(y, v, [8, 4, 2])
    w = np.array([10 + 130 / 7, 10 + 65 / 7, 7.5 + 32.5 / 7])
    assert w.sum() == pytest.approx(60)
    assert found.weights == pytest.approx(100 * w / 60)
    assert found.estimate == pytest.approx((w @ y) / 60)
    tau2 = max(
        0.0,
        (10 * 0.2**2 + 20 * 0.5**2 + 30 * 0.8**2 - (10 * 0.2 + 20 * 0.5 + 30 * 0.8) ** 2 / 60 - 2) / (60 - 1400 / 60),
    )
    assert found.tau2 == pytest.approx(tau2)
    assert found.se == pytest.approx(math.sqrt((w**2 * (v + tau2)).sum()) / 60)
    assert found.method["weights"] == "quality effects"


@given(studies(), st.floats(0.1, 100))
def test_equal_quality_is_ivhet(data, score):
    y, v = data
    one, other = ivhet(y, v), quality_effects(y, v, np.full(len(y), score))
    assert (other.estimate, other.se) == pytest.approx((one.estimate, one.se), rel=1e-12, abs=1e-14)
    assert one.estimate == pytest.approx(pool(y, v, tau2="EE").estimate, rel=1e-9, abs=1e-9)
    assert one.se >= pool(y, v, tau2="EE", interval="Wald").se * (1 - 1e-12)
    assert one.method["weights"] == "IVhet"


def test_quality_of_zero_and_of_masked_studies():
    best = quality_effects(Y, V, [1, 0, 0, 0, 0])
    assert best.weights == pytest.approx((100, 0, 0, 0, 0))
    assert best.estimate == pytest.approx(Y[0])
    mask = np.array([[True, True, False, True, False], [True] * 5])
    batch = quality_effects(Y, V, [1, 0.5, math.nan, 0.2, 1], mask=mask[0])
    kept = quality_effects(Y[mask[0]], V[mask[0]], [1, 0.5, 0.2])
    assert (batch.estimate, batch.se) == pytest.approx((kept.estimate, kept.se))
    assert ivhet(Y, V, mask=mask).estimate[1] == pytest.approx(ivhet(Y, V).estimate)
    for bad, message in (
        ([1, -1, 1, 1, 1], "position 1"),
        ([0] * 5, "zero for every study"),
        ([1, 2], "one score a study"),
    ):
        with pytest.raises(ValueError, match=message):
            quality_effects(Y, V, bad)


def table(**columns):
    import pandas as pd

    return pd.DataFrame({"study": ["Ash", "Birch", "Cedar"], "yi": [0.1, 0.2, 0.5], "vi": [0.1, 0.2, 0.1], **columns})


def test_a_table_of_effects_is_pooled_as_it_is():
    frame = table()
    assert pool(frame) == pool(frame["yi"], frame["vi"])
    assert ivhet(frame).k == quality_effects(frame, None, [1, 2, 3]).k == heterogeneity(frame).k == 3


def test_messages_name_rows():
    with pytest.raises(ValueError, match=r'variances must be positive, finite numbers: study "Birch" \(-0.2\)'):
        pool(table(vi=[0.1, -0.2, 0.1]))
    with pytest.raises(ValueError, match=r'effects must be finite numbers: study "Cedar" \(nan\).*leave them out'):
        pool(table(yi=[0.1, 0.2, math.nan]))
    with pytest.raises(ValueError, match='study "b"'):
        pool([0.1, math.inf], [0.1, 0.1], labels=["a", "b"])
    frame = table().rename(columns={"study": "slab"})
    with pytest.raises(ValueError, match='weights must be finite and not negative: at study "Ash"'):
        pool(frame, weights=[-1, 1, 1], interval="Wald")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2_interval": "QPP"}, "tau2_interval must be one of QP, PL, J, BJ, GENQ"),
        ({"i2": "H"}, "i2 must be one of tau2, Q"),
        ({"tau2": "DL", "tau2_interval": "PL"}, "needs tau2 by ML or REML"),
        ({"tau2": "GENQ"}, "GENQ needs weights"),
        ({"tau2_interval": "GENQ"}, "GENQ needs weights"),
        ({"weights": [1, 1, 1, 1, 1]}, 'interval must be "Wald" or "t"'),
        ({"weights": [1, 1, 1, 1, 1], "interval": "t", "prediction": "HK"}, "prediction cannot be 'HK'"),
        ({"weights": [1, 1], "interval": "Wald"}, "one a study"),
        ({"weights": [0, 0, 0, 0, 0], "interval": "Wald"}, "zero for every study"),
        ({"weights": [1, math.nan, 1, 1, 1], "interval": "Wald"}, "position 1"),
        ({"labels": ["a"]}, "labels must name every study: 5, not 1"),
        ({"tau2": "given"}, "tau2 must be one of"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        pool(Y, V, **options)


def test_a_table_and_variances_do_not_go_together():
    with pytest.raises(ValueError, match="leave out the variances"):
        pool(table(), [0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="no column vi"):
        pool(table().drop(columns="vi"))
    with pytest.raises(ValueError, match="variances are missing"):
        pool([0.1, 0.2])


@pytest.mark.parametrize("estimator", [*NAMES, "GENQ"])
def test_one_study_two_studies_equal_effects(estimator):
    weights = {"weights": [1.0], "interval": "Wald"} if estimator == "GENQ" else {}
    one = pool([0.4], [0.04], tau2=estimator, **weights)
    assert (one.estimate, one.se, one.tau2, one.i2, one.h2, one.df) == (0.4, 0.2, 0.0, 0.0, 1.0, math.inf)
    assert math.isnan(one.se_tau2)
    assert one.tau2_ci is None
    weights = {"weights": [1.0, 2.0, 3.0, 4.0], "interval": "Wald"} if estimator == "GENQ" else {}
    same = pool([0.25] * 4, [0.04, 0.05, 0.02, 0.1], tau2=estimator, **weights)
    assert (same.tau2, same.q, same.i2) == (0.0, 0.0, 0.0)
    weights = {"weights": [1.0, 2.0], "interval": "Wald"} if estimator == "GENQ" else {}
    two = pool([0.4, 0.9], [0.04, 0.1], tau2=estimator, **weights)
    assert two.prediction is None
    assert two.converged


@pytest.mark.parametrize("estimator", NAMES)
def test_ten_thousand_studies(estimator):
    random = np.random.default_rng(7)
    v = random.uniform(0.02, 0.3, 10_000)
    found = pool(random.normal(0.3, np.sqrt(v + 0.25)), v, tau2=estimator)
    assert found.converged
    if estimator not in ("EE", "FE", "SJ"):  # that of Sidik and Jonkman is biased upwards
        assert found.tau2 == pytest.approx(0.25, abs=0.03)
