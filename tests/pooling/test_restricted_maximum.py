"""The restricted likelihood's highest maximum: beside brute force, and in rows made to mislead."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from metaan.pooling import highest
from metaan.pooling.kernel import arrange, read
from metaan.pooling.restricted import core, maximise


def rows_of(y, v):
    batch = read(np.atleast_2d(y), np.atleast_2d(v))
    return arrange(batch.y, batch.v)


def dense(y, v, t):
    """Restricted log-likelihood, its parts by matrices: A, B, and their slopes."""
    w = np.diag(1 / (v + t))
    p = w - w @ np.outer(np.ones(len(y)), np.ones(len(y))) @ w / w.sum()
    height = 0.5 * (np.log(np.diag(w)).sum() - np.log(w.sum()) - y @ p @ y)
    return height, y @ p @ p @ y, np.trace(p), y @ p @ p @ p @ y, np.trace(p @ p)


@st.composite
def studies(draw, exponents=(-2, 1)):
    k = draw(st.integers(2, 9))
    y = draw(arrays(float, k, elements=st.floats(-3, 3).map(lambda x: round(x, 4))))
    v = 10.0 ** draw(arrays(float, k, elements=st.floats(*exponents)))
    return y, v


@given(studies(), st.floats(0, 10))
def test_parts_of_the_score_agree_with_matrices(data, t):
    y, v = data
    for copies in (1, 40):  # both layouts
        held = core(rows_of(np.tile(y, (copies, 1)), np.tile(v, (copies, 1))))
        values = np.full(copies, t)
        found = held.parts(values)
        height, *expected = dense(y, v, t)
        scale = np.abs(y).max() + 1e-3
        for part, want, size in zip(found, expected, (scale**2, 1.0, scale**2, 1.0), strict=True):
            assert part == pytest.approx(want, rel=1e-9, abs=1e-9 * size)
        start = dense(y, v, 0.0)[0]
        assert held.log_likelihood(values) - held.log_likelihood(0.0 * values) == pytest.approx(
            height - start, abs=1e-8
        )


@given(studies((-3, 2)))
@settings(max_examples=150)
def test_no_place_is_higher(data):
    y, v = data
    found, converged = maximise(rows_of(y, v))
    assert converged.all()
    held = core(rows_of(y, v))
    best = held.log_likelihood(found)[0]
    top = max(np.ptp(y) ** 2, 1e-6) * 2
    places = np.concatenate([[0.0], np.geomspace(1e-7, top, 800)])
    many = core(rows_of(np.tile(y, (801, 1)), np.tile(v, (801, 1)))).log_likelihood(places)
    assert many.max() <= best + 1e-9
    if found[0] > 0:
        score = held.parts(found)
        assert score.a == pytest.approx(score.b, rel=1e-8)


def test_wild_effects_leave_no_higher_place():
    random = np.random.default_rng(8)
    n, k = 3000, 6
    v = 10 ** random.uniform(-6, 0, (n, k))
    y = random.standard_t(1.2, (n, k)) * np.sqrt(v + 0.001)
    rows = rows_of(y, v)
    found, converged = maximise(rows)
    assert converged.all()
    held = core(rows)
    best = held.log_likelihood(found)
    least = v.min(axis=1)
    far = np.maximum(np.ptp(y, axis=1) ** 2, least)
    for share in np.linspace(0, 1, 400):
        assert (held.log_likelihood(least * 1e-3 * (far / least * 1e3) ** share) <= best + 1e-8).all()
    assert (held.log_likelihood(np.zeros(n)) <= best + 1e-8).all()


def test_two_maxima_are_weighed(monkeypatch):
    # Precise studies that agree and imprecise ones far off: a maximum near zero and one far from it.
    y = np.array([0.0, 0.011, -0.009, 4.0, -4.2, 3.9, 0.004])
    v = np.array([1e-4, 1e-4, 1e-4, 0.4, 0.4, 0.4, 1e-4])
    seen = []
    search = highest._search
    monkeypatch.setattr(highest, "_search", lambda *a: (seen.append(1), search(*a)))
    found, _ = maximise(rows_of(y, v))
    assert seen  # not proved at once
    places = np.concatenate([[0.0], np.geomspace(1e-8, 40, 4000)])
    heights = core(rows_of(np.tile(y, (4001, 1)), np.tile(v, (4001, 1)))).log_likelihood(places)
    inside = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    assert inside.sum() + (heights[0] > heights[1]) >= 2
    assert core(rows_of(y, v)).log_likelihood(found)[0] >= heights.max() - 1e-9
    assert found[0] == pytest.approx(places[heights.argmax()], rel=0.01, abs=1e-8)


@pytest.mark.parametrize("ratio", [1e6, 1e9, 1e12])
def test_one_study_may_hold_nearly_all_the_weight(ratio):
    # To such a study the others are what they are about its effect: the same numbers about a known mean.
    y, v = np.array([0.0, 3.0, -2.0, 1.5, -2.5]), np.array([1.0 / ratio, 0.5, 1.0, 0.7, 0.9])
    parts = core(rows_of(y, v)).parts(np.zeros(1))
    w = 1 / v[1:]
    assert parts.b == pytest.approx(2 * w.sum(), rel=1e-15 + 10 / ratio)
    assert parts.a == pytest.approx((w * y[1:]).sum() ** 2 + (w**2 * y[1:] ** 2).sum(), rel=1e-14 + 100 / ratio)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_digits_survive_rescaling(factor):
    random = np.random.default_rng(1)
    v = 10 ** random.uniform(-3, 0, (300, 8))
    y = random.normal(0, np.sqrt(v + 0.05))
    one, other = maximise(rows_of(y, v))[0], maximise(rows_of(y * factor, v * factor**2))[0]
    assert other / factor**2 == pytest.approx(one, rel=1e-10, abs=1e-14)


def test_a_batch_equals_its_rows():
    random = np.random.default_rng(6)
    v = random.uniform(0.01, 0.5, (200, 7))
    y = random.normal(0, np.sqrt(v + 0.1))
    batch = maximise(rows_of(y, v))[0]
    single = [maximise(rows_of(y[i], v[i]))[0][0] for i in range(200)]
    assert batch == pytest.approx(single, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("unit", [1e-150, 1e-40, 1e40, 1e150])
def test_units_however_odd(unit):
    random = np.random.default_rng(3)
    v = random.uniform(0.1, 1.0, (50, 5))
    y = random.normal(0, np.sqrt(v + 0.5))
    plain = maximise(rows_of(y, v))[0]
    found, converged = maximise(rows_of(y * np.sqrt(unit), v * unit))
    assert converged.all()
    assert found / unit == pytest.approx(plain, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("effects", [[-1.0, 0.0, 1.0, 2.0], [0.0, 1.0]])
@pytest.mark.parametrize("variances", [[1e-6, 1.0, 1e6], [0.01, 1.0], [0.1]])
def test_ties_and_extreme_ratios_are_settled(effects, variances):
    random = np.random.default_rng(4)
    for k in (2, 3, 5, 8):
        y, v = random.choice(effects, (100, k)), random.choice(variances, (100, k))
        found, converged = maximise(rows_of(y, v))
        assert converged.all()
        assert (np.isfinite(found) & (found >= 0)).all()


def test_a_search_that_leads_nowhere_is_given_up_and_reported(monkeypatch):
    y = np.array([0.0, 0.011, -0.009, 4.0, -4.2, 3.9, 0.004])
    v = np.array([1e-4, 1e-4, 1e-4, 0.4, 0.4, 0.4, 1e-4])
    monkeypatch.setattr(highest, "_MANY", 1)
    assert not maximise(rows_of(y, v))[1].all()
