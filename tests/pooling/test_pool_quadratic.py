"""Distribution of weighted sums of squares, and what rests on it, against identities that need no simulation."""

import math
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import special

from metaan.pooling import estimators, kernel
from metaan.pooling.pool import pool
from metaan.pooling.quadratic import chi_square_mixture, generalised_q


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 50, 185, 2000])
@pytest.mark.parametrize("p", [1e-9, 1e-3, 0.025, 0.5, 0.9, 0.975, 1 - 1e-9])
def test_equal_weights_give_chi_square(n, p):
    q = special.chdtri(n, 1 - p)
    assert chi_square_mixture(3.7 * q, np.full(n, 3.7)) == pytest.approx(special.gammainc(n / 2, q / 2), rel=1e-11)


def test_two_pairs_of_weights_have_a_closed_form():  # sums of two exponentials
    a, b = 1.0, 4.0
    for q in (0.01, 0.5, 3.0, 20.0, 60.0):
        tail = (b * math.exp(-q / (2 * b)) - a * math.exp(-q / (2 * a))) / (b - a)
        assert chi_square_mixture(q, [a, a, b, b]) == pytest.approx(1 - tail, rel=1e-11, abs=1e-14)


def test_imhof_integral():  # the integral of 1961, by ordinary quadrature
    from scipy import integrate

    weights, q = np.array([0.3, 1.0, 2.5, 0.05, 7.0]), 6.0

    def integrand(u):
        angle = 0.5 * (np.arctan(weights * u).sum() - q * u)
        return np.sin(angle) / (u * np.prod((1 + (weights * u) ** 2) ** 0.25))

    pieces = [integrate.quad(integrand, i, i + 1, epsabs=1e-14, limit=200)[0] for i in range(400)]
    expected = 0.5 - sum(pieces) / math.pi
    assert chi_square_mixture(q, weights) == pytest.approx(expected, abs=2e-4)  # the integral is cut off at 400
    longer = sum(integrate.quad(integrand, i, i + 10, epsabs=1e-14, limit=200)[0] for i in range(400, 8000, 10))
    assert chi_square_mixture(q, weights) == pytest.approx(expected - longer / math.pi, abs=1e-8)


def test_edges_of_a_mixture():
    assert chi_square_mixture([-1.0, 0.0, math.inf], [1.0, 2.0]).tolist() == [0.0, 0.0, 1.0]
    assert chi_square_mixture(1.0, [[1.0], [2.0]]).shape == (2,)
    for weights in ([], [1.0, 0.0], [1.0, math.nan], [-1.0], 2.0):
        with pytest.raises(ValueError, match="weights of a mixture"):
            chi_square_mixture(1.0, weights)
    with pytest.raises(ValueError, match="not a number"):
        chi_square_mixture(math.nan, [1.0])


def eigenvalues(a, s):
    """Return the weights of the chi-squares by dense algebra."""
    root = np.sqrt(s)
    matrix = root[:, None] * (np.diag(a) - np.outer(a, a) / a.sum()) * root
    return np.linalg.eigvalsh(matrix)[1:]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 30), st.integers(0, 10**6), st.sampled_from(["J", "BJ", "GENQ"]), st.sampled_from([1e-6, 1.0, 1e6])
)
def test_limits_of_the_generalised_q_are_exact(k, seed, name, factor):
    random = np.random.default_rng(seed)
    v = 10 ** random.uniform(-2, 1, k) * factor**2
    y = random.normal(0, np.sqrt(v + random.choice([0.0, 1.0]) * factor**2))
    a = {"J": 1 / np.sqrt(v), "BJ": 1 / v, "GENQ": random.uniform(0.1, 2.0, k)}[name]
    options = {"weights": a, "interval": "Wald"} if name == "GENQ" else {}
    found = pool(y, v, tau2="DL", tau2_interval=name, **options)
    q = a @ (y - (a @ y) / a.sum()) ** 2
    for limit, p in ((found.tau2_ci.low, 0.975), (found.tau2_ci.high, 0.025)):
        at = chi_square_mixture(q, eigenvalues(a, v + limit))
        assert at == pytest.approx(p, rel=1e-8) if limit > 0 else at <= p * (1 + 1e-9)
    assert found.tau2_ci.low <= found.tau2_ci.high
    assert found.converged


def test_equal_variances_make_all_limits_one():
    y, v = np.array([0.1, 0.9, -0.4, 1.3, 0.2]), np.full(5, 0.04)
    profile = pool(y, v).tau2_ci
    for name in ("J", "BJ"):
        other = pool(y, v, tau2_interval=name).tau2_ci
        assert (other.low, other.high) == pytest.approx((profile.low, profile.high), rel=1e-10)


def test_a_batch_of_generalised_q_is_the_same_as_a_loop():
    random = np.random.default_rng(3)
    y, v = random.normal(0, 1, (40, 9)), random.uniform(0.05, 1, (40, 9))
    mask = random.uniform(size=(40, 9)) < 0.8
    mask[:, :2] = True
    for name in ("J", "BJ", "PL", "QP"):
        batch = pool(y, v, tau2_interval=name, mask=mask)
        for i in range(40):
            one = pool(y[i][mask[i]], v[i][mask[i]], tau2_interval=name)
            limits = batch.tau2_ci.low[i], batch.tau2_ci.high[i]
            assert limits == pytest.approx((one.tau2_ci.low, one.tau2_ci.high), rel=1e-9, abs=1e-12), (name, i)


def test_ten_thousand_studies_have_an_exact_interval():
    random = np.random.default_rng(5)
    v = random.uniform(0.02, 0.3, 10_000)
    y = random.normal(0, np.sqrt(v + 0.25))
    found = pool(y, v, tau2_interval="J")
    assert found.converged
    assert 0.2 < found.tau2_ci.low < found.tau2 < found.tau2_ci.high < 0.3


def exact(y, v, t):
    """Return the traces and forms of the weights 1 / (v + t) in rational arithmetic."""
    w = [1 / (Fraction(x) + Fraction(t)) for x in v]
    total = sum(w)
    mean = sum(a * Fraction(b) for a, b in zip(w, y, strict=True)) / total
    square = sum(a * a for a in w) - 2 * sum(a**3 for a in w) / total + (sum(a * a for a in w) / total) ** 2
    return {
        "trace": total - sum(a * a for a in w) / total,
        "square": square,
        "q": sum(a * (Fraction(b) - mean) ** 2 for a, b in zip(w, y, strict=True)),
    }


@pytest.mark.parametrize("ratio", [4e4, 1e8, 1e12])
def test_no_digits_are_lost_to_one_huge_weight(ratio):
    y, v = [0.2, 0.9, -0.6, 0.7], [0.5 / ratio, 0.5, 0.4, 0.6]
    rows = kernel.arrange(np.array([y]), np.array([v]))
    for t in (0.0, 1e-7):
        w = 1 / (rows.v + t)
        expected = exact(y, v, t)
        assert estimators.trace(w)[0] == pytest.approx(float(expected["trace"]), rel=1e-13)
        assert estimators.trace_of_square(w)[0] == pytest.approx(float(expected["square"]), rel=1e-13)
    at_zero = exact(y, v, 0.0)
    dl = pool(y, v, tau2="DL", tau2_interval="BJ")
    assert dl.tau2 == pytest.approx(float(max(Fraction(0), (at_zero["q"] - 3) / at_zero["trace"])), rel=1e-9)
    for estimator in ("REML", "ML", "PM", "HE", "SJ", "HS", "PMM"):
        found = pool(y, v, tau2=estimator, tau2_interval="J")
        assert found.converged, estimator
        assert math.isfinite(found.se_tau2), estimator
        assert found.tau2_ci.low <= found.tau2_ci.high, estimator


def test_the_interval_of_a_row_that_cannot_be_is_not_a_number():
    batch = kernel.read([[0.1, 0.3]], [[0.2, 0.1]], [[True, False]])
    rows = next(batch.chunks())
    low, high, converged = generalised_q(rows, 1 / rows.v, 0.95)
    assert np.isnan([low[0], high[0]]).all()
    assert converged.all()
    same = kernel.arrange(np.zeros((1, 3)), np.ones((1, 3)))
    assert [x[0] for x in generalised_q(same, np.ones((1, 3)), 0.95)] == [0.0, 0.0, True]
