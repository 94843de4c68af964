import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis.extra.numpy import arrays

from metaan.pooling.kernel import arrange, read
from metaan.pooling.pool import pool, summarise
from metaan.pooling.tau2 import q_profile

ESTIMATORS = ("REML", "PM", "DL", "EE")


@st.composite
def studies(draw, smallest=2, largest=8):
    k = draw(st.integers(smallest, largest))
    y = draw(arrays(float, k, elements=st.floats(-3, 3).map(lambda x: round(x, 6))))
    v = draw(arrays(float, k, elements=st.floats(0.01, 2)))
    return y, v


def same(one, other, factor=1.0, shift=0.0, tolerance=1e-8):
    """Whether `other` is `one` with the effects multiplied and then shifted."""
    scale = abs(factor) * (1 + one.se)
    assert other.estimate == pytest.approx(one.estimate * factor + shift, rel=1e-9, abs=tolerance * scale)
    assert other.se == pytest.approx(one.se * abs(factor), rel=tolerance)
    assert other.tau2 == pytest.approx(one.tau2 * factor**2, rel=tolerance, abs=tolerance * factor**2 * 0.01)
    assert other.q == pytest.approx(one.q, rel=tolerance, abs=tolerance)
    assert other.weights == pytest.approx(one.weights, rel=tolerance)


@given(studies(), st.sampled_from(ESTIMATORS), st.sampled_from(["mKH", "Wald", "t"]))
def test_order_of_studies_does_not_matter(data, estimator, interval):
    y, v = data
    order = np.random.default_rng(len(y)).permutation(len(y))
    one = pool(y, v, tau2=estimator, interval=interval)
    other = pool(y[order], v[order], tau2=estimator, interval=interval)
    assert other.estimate == pytest.approx(one.estimate, rel=1e-8, abs=1e-8)
    assert (other.se, other.tau2) == pytest.approx((one.se, one.tau2), rel=1e-7, abs=1e-9)
    assert np.array(other.weights) == pytest.approx(np.array(one.weights)[order], rel=1e-7)


@given(studies(), st.sampled_from(ESTIMATORS), st.sampled_from([-1.0, 1e-6, 1e6, 3.7]))
def test_rescaling_the_effects_rescales_the_answer(data, estimator, factor):
    y, v = data
    same(pool(y, v, tau2=estimator), pool(y * factor, v * factor**2, tau2=estimator), factor=factor)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_digits_of_tau2_survive_rescaling(factor):
    y, v = np.array([0.1, 0.9, -0.4, 1.3, 0.2]), np.array([0.04, 0.09, 0.05, 0.11, 0.02])
    one, other = pool(y, v), pool(y * factor, v * factor**2)
    assert one.tau2 > 0.1
    assert other.tau2 / factor**2 == pytest.approx(one.tau2, rel=1e-12)
    assert other.tau2_ci.low / factor**2 == pytest.approx(one.tau2_ci.low, rel=1e-11)


@given(studies(), st.sampled_from(ESTIMATORS), st.floats(-50, 50))
def test_shifting_the_effects_shifts_the_answer(data, estimator, shift):
    y, v = data
    same(pool(y, v, tau2=estimator), pool(y + shift, v, tau2=estimator), shift=shift)


@given(studies(3), st.sampled_from(ESTIMATORS), st.data())
def test_a_mask_is_the_same_as_leaving_out(data, estimator, choose):
    y, v = data
    mask = np.array(choose.draw(st.lists(st.booleans(), min_size=len(y), max_size=len(y))))
    assume(mask.any())
    spoiled = np.where(mask, y, np.nan), np.where(mask, v, -1.0)
    one, other = pool(*spoiled, mask=mask, tau2=estimator), pool(y[mask], v[mask], tau2=estimator)
    # Sums over more terms may round differently, nothing more.
    assert other.k == one.k
    assert one.estimate == pytest.approx(other.estimate, rel=1e-11, abs=1e-11)
    assert (one.se, one.tau2) == pytest.approx((other.se, other.tau2), rel=1e-9, abs=1e-11)
    assert np.array(one.weights)[mask] == pytest.approx(other.weights, rel=1e-9)
    assert not np.array(one.weights)[~mask].any()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.sampled_from(ESTIMATORS), st.integers(0, 10**6))
def test_a_batch_is_the_same_as_a_loop(n, k, estimator, seed):
    random = np.random.default_rng(seed)
    y, v = random.normal(0, 0.8, (n, k)), random.uniform(0.02, 1.0, (n, k))
    batch = pool(y, v, tau2=estimator)
    frame = batch.to_frame()
    light = summarise(y, v, tau2=estimator)
    assert len(frame) == n
    for i in range(n):
        single = pool(y[i], v[i], tau2=estimator)
        for name, value in single.to_frame().iloc[0].items():
            assert frame[name][i] == pytest.approx(value, rel=1e-10, abs=1e-12, nan_ok=True), name
        for name in ("k", "estimate", "tau2", "i2", "q"):
            assert light[name][i] == pytest.approx(getattr(single, name), rel=1e-10, abs=1e-12), name
        assert batch.weights[i] == pytest.approx(single.weights)


def test_leaving_one_out_is_one_call():
    y, v = np.array([0.1, 0.9, -0.4, 1.3]), np.array([0.04, 0.09, 0.05, 0.11])
    left = pool(y, v, mask=~np.eye(4, dtype=bool))
    for i in range(4):
        assert left.estimate[i] == pytest.approx(pool(np.delete(y, i), np.delete(v, i)).estimate, rel=1e-12)
        assert left.prediction.low[i] == pytest.approx(pool(np.delete(y, i), np.delete(v, i)).prediction.low, rel=1e-9)


@given(studies())
def test_modified_interval_is_never_narrower_than_t(data):
    y, v = data
    modified, t, wald = (pool(y, v, interval=name).ci for name in ("mKH", "t", "Wald"))
    assert modified.high - modified.low >= (t.high - t.low) * (1 - 1e-12) > wald.high - wald.low


@given(studies(3), st.sampled_from(["REML", "PM"]))
def test_generalised_q_at_paule_mandel_and_at_the_profile_limits(data, estimator):
    from scipy.special import chdtri

    y, v = data
    k = len(y)

    def q(t):
        w = 1 / (v + t)
        return w @ (y - (w @ y) / w.sum()) ** 2

    pooled = pool(y, v, tau2=estimator)
    low, high = pooled.tau2_ci.low, pooled.tau2_ci.high
    for limit, target in ((low, chdtri(k - 1, 0.025)), (high, chdtri(k - 1, 0.975))):
        assert q(limit) == pytest.approx(target, rel=1e-8) if limit > 0 else q(0) <= target * (1 + 1e-12)
    if estimator == "PM":
        assert q(pooled.tau2) == pytest.approx(k - 1, rel=1e-8) if pooled.tau2 > 0 else q(0) <= (k - 1) * (1 + 1e-12)
    assert low <= high


def test_one_study_stands_alone():
    pooled = pool([0.4], [0.04])
    assert (pooled.k, pooled.estimate, pooled.se, pooled.tau2, pooled.df) == (1, 0.4, 0.2, 0.0, math.inf)
    assert (pooled.ci.low, pooled.ci.high) == pytest.approx(
        (0.4 - 1.959963984540054 * 0.2, 0.4 + 1.959963984540054 * 0.2)
    )
    assert pooled.prediction is None
    assert pooled.tau2_ci is None
    assert (pooled.i2, pooled.h2, pooled.q, pooled.q_p) == (0.0, 1.0, 0.0, 1.0)
    assert pooled.weights == (100.0,)


def test_two_studies_have_no_prediction_interval():
    pooled = pool([0.4, 0.9], [0.04, 0.1])
    assert pooled.prediction is None
    assert pooled.df == 1.0
    assert pooled.tau2_ci is not None


def test_equal_effects_keep_an_interval():
    y, v = [0.25] * 4, [0.04, 0.05, 0.02, 0.1]
    modified = pool(y, v)
    assert modified.se == pytest.approx(1 / math.sqrt(sum(1 / x for x in v)))
    assert modified.ci.low < 0.25 < modified.ci.high
    assert (modified.tau2, modified.q, modified.tau2_ci.high) == (0.0, 0.0, 0.0)
    plain = pool(y, v, interval="HK")  # a standard error of zero is no precision: nothing is claimed
    assert plain.se == 0.0
    assert all(math.isnan(x) for x in (plain.ci.low, plain.ci.high, plain.p, plain.statistic))


def test_a_row_without_studies_is_not_a_number():
    pooled = pool([0.1, 0.2], [0.1, 0.1], mask=[[False, False], [True, True]])
    assert pooled.k.tolist() == [0, 2]
    for name in ("estimate", "se", "tau2", "p", "q", "i2", "h2", "q_p", "df"):
        values = getattr(pooled, name)
        assert math.isnan(values[0]), name
        assert not math.isnan(values[1]), name


def test_equal_effects_model_predicts_nothing():
    pooled = pool([0.1, 0.5, 0.9], [0.02, 0.02, 0.02], tau2="EE")
    assert pooled.tau2 == 0.0
    assert pooled.prediction is None
    assert pooled.tau2_ci is None
    assert pooled.i2 == pytest.approx(100 * (1 - 2 / pooled.q))


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_variances_that_cannot_be_are_refused_by_position(bad):
    with pytest.raises(ValueError, match=r"variances must be positive.*position 2"):
        pool([0.1, 0.2, 0.3], [0.1, 0.2, bad])


def test_effects_that_cannot_be_are_refused_by_position():
    with pytest.raises(ValueError, match=r"effects must be finite.*position \(1, 0\)"):
        pool([[0.1, 0.2], [math.nan, 0.3]], [[0.1, 0.2], [0.1, 0.2]])
    assert pool([math.nan, 0.2], [0.1, 0.2], mask=[False, True]).estimate == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"yi": [], "vi": []}, "at least one"),
        ({"yi": [0.1, 0.2], "vi": [0.1]}, "same studies"),
        ({"yi": 0.1, "vi": 0.1}, "at least one"),
        ({"yi": [0.1], "vi": [0.1], "tau2": "ML2"}, "REML, PM, DL, EE"),
        ({"yi": [0.1], "vi": [0.1], "interval": "KH"}, "mKH, HK"),
        ({"yi": [0.1], "vi": [0.1], "prediction": "z"}, "HTS"),
        ({"yi": [0.1], "vi": [0.1], "level": 95}, "level"),
        ({"yi": [0.1], "vi": [0.1], "mask": [1]}, "True and False"),
    ],
)
def test_options_that_do_not_exist_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        pool(**call)


def test_higher_level_is_wider():
    y, v = [0.1, 0.9, -0.4, 1.3], [0.04, 0.09, 0.05, 0.11]
    narrow, wide = pool(y, v, level=0.9), pool(y, v, level=0.99)
    for name in ("ci", "prediction", "tau2_ci"):
        assert getattr(wide, name).high > getattr(narrow, name).high


@pytest.mark.parametrize("estimator", ["REML", "PM"])
def test_two_thousand_studies(estimator):
    # Algorithms with k by k matrices need seconds and 32 MB a matrix here; memory stays far below one of them.
    import tracemalloc

    random = np.random.default_rng(7)
    v = random.uniform(0.02, 0.3, 2000)
    y = random.normal(0.3, np.sqrt(v + 0.25))
    tracemalloc.start()
    pooled = pool(y, v, tau2=estimator)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6
    assert pooled.converged
    assert pooled.tau2 == pytest.approx(0.25, abs=0.05)


def test_memory_is_bounded_for_a_large_batch():
    import tracemalloc

    y, v = np.linspace(-1, 1, 12), np.linspace(0.05, 0.4, 12)
    subsets = (np.arange(1, 2**12)[:, None] >> np.arange(12) & 1).astype(bool)
    tracemalloc.start()
    found = summarise(y, v, mask=subsets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["converged"].all()
    assert peak < 20e6  # the scan of all rows at once would hold 5 MB an array and a dozen arrays


def test_input_is_left_as_it_was():
    y, v = np.array([0.1, 0.9, -0.4]), np.array([0.04, 0.09, 0.05])
    before = y.copy(), v.copy()
    pool(y, v)
    assert (y == before[0]).all()
    assert (v == before[1]).all()


def test_q_profile_of_one_study_is_not_a_number():
    batch = read([0.1], [0.2])
    low, high = q_profile(arrange(batch.y, batch.v), 0.95)
    assert np.isnan([low[0], high[0]]).all()


def test_rows_that_do_not_settle_are_reported():
    from metaan.pooling.kernel import root

    def function(rows, t):  # the second row has no number to go by
        value = np.where(rows == 0, 2.0 - t, np.nan)
        return value, np.where(rows == 0, -1.0, np.nan)

    bracket = np.array([0.0, 0.0]), np.array([5.0, np.inf]), np.array([1.0, 1.0])
    found, converged = root(function, *bracket)
    assert converged.tolist() == [True, False]
    assert found[0] == 2.0


def test_results_are_readable_and_round_trip():
    from metaan import Pooled

    pooled = pool([0.1, 0.9, -0.4], [0.04, 0.09, 0.05])
    assert Pooled.from_dict(pooled.to_dict()) == pooled
    text = repr(pooled)
    assert text.startswith("Pooled: 3 studies, REML, mKH interval")
    assert "95 % CI" in text
    assert pooled._repr_html_().startswith("<pre>Pooled: 3 studies")
    assert pooled.to_frame().loc[0, "ci_low"] == pooled.ci.low
    assert "batch of shape (2,)" in repr(pool([[0.1, 0.2], [0.3, 0.1]], [[0.1, 0.1], [0.1, 0.1]]))


def test_import_is_lean():
    import subprocess
    import sys

    code = (
        "import sys, metaan; assert 'numpy' not in sys.modules, 'numpy'; metaan.__version__; "
        "metaan.pool([0.1, 0.2, 0.4], [0.1, 0.1, 0.2]); "
        "bad = {'pandas', 'matplotlib', 'statsmodels', 'scipy.stats', 'scipy.optimize', 'scipy.linalg'}; "
        "bad &= set(sys.modules); "
        "assert not bad, bad; assert set(metaan.__all__) <= set(dir(metaan))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
