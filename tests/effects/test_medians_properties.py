"""Fitted distributions of medians, quartiles and ranges: recovered, rescaled, refused."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from metaan.effects import medians, order_statistics, quantiles

PROBABILITIES = np.array([0.25, 0.5, 0.75])
DISTRIBUTIONS = {
    "log-normal": stats.lognorm(0.8, scale=5.0),
    "gamma": stats.gamma(2.5, scale=3.0),
    "Weibull": stats.weibull_min(1.7, scale=4.0),
    "normal": stats.norm(-3.0, 2.0),
    "beta": stats.beta(2.0, 5.0),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("five", [False, True])
def test_exact_quantiles_give_back_their_distribution(name, five):
    d, n = DISTRIBUTIONS[name], 60
    q1, median, q3 = d.ppf(PROBABILITIES)
    ends = {"minimum": d.ppf(1 / n), "maximum": d.ppf(1 - 1 / n)} if five else {}
    fit = quantiles.by_quantiles(n, median, q1=q1, q3=q3, **ends)
    assert fit.distribution == (name,)
    assert fit.mean[0] == pytest.approx(d.mean(), rel=1e-5)
    assert fit.sd[0] == pytest.approx(d.std(), rel=1e-4)


@settings(max_examples=12)
@given(st.floats(1.1, 3), st.floats(0.1, 3), st.floats(0.1, 6), st.sampled_from([1e3, 1e6]), st.integers(10, 300))
@example(2.0, 2.7945512829344943, 0.3603153912722875, 1e3, 10)  # an outcome cut at 0, where it rises steeply
def test_units_do_not_matter_to_fits(low, first, second, unit, n):
    median, high = low + first, low + first + second
    for method in (quantiles.by_quantiles, quantiles.by_power):
        one = method(n, median, q1=low, q3=high)
        other = method(n, median * unit, q1=low * unit, q3=high * unit)
        assert other.mean[0] == pytest.approx(one.mean[0] * unit, rel=1e-6)
        assert other.sd[0] == pytest.approx(one.sd[0] * unit, rel=1e-5)


def test_many_groups_are_fitted_as_one_by_one():
    x = np.sort(np.random.default_rng(4).gamma(2.0, size=(40, 5)), axis=1) + 0.1
    columns = {"minimum": x[:, 0], "q1": x[:, 1], "q3": x[:, 3], "maximum": x[:, 4]}
    for method in (quantiles.by_quantiles, quantiles.by_power):
        together = method(np.full(40, 50), x[:, 2], **columns)
        for row in (0, 17, 39):
            alone = method(50, x[row, 2], **{name: column[row] for name, column in columns.items()})
            assert (together.mean[row], together.sd[row]) == pytest.approx((alone.mean[0], alone.sd[0]), rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"), [(2.7945512829344943, 0.3603153912722875), (0.5, 1.5), (1.5, 1.2), (3.0, 1.0)]
)
def test_integrals_are_those_of_adaptive_rules(first, second):
    fit = quantiles.by_power(10, 2.0 + first, q1=2.0, q3=2.0 + first + second)
    power, unit = fit.power[0], 2.0 + first
    z = [np.log(x / unit) if power == 0 else ((x / unit) ** power - 1) / power for x in (2.0, unit, unit + second)]
    centre, sd, _ = medians.from_quartiles(10, *z)
    if power == 0:
        expected = np.exp(centre + sd**2 / 2)
    else:
        end = min((centre + 1 / power) / sd, 9.0)

        def integrand(u, order):
            return np.exp(-u * u / 2) * max(power * (centre + sd * u) + 1, 0) ** (order / power)

        area, expected = (
            integrate.quad(integrand, -end, end, args=(order,), limit=500, epsabs=0, points=[0])[0] for order in (0, 1)
        )
        expected /= area
    assert fit.mean[0] == pytest.approx(float(np.squeeze(expected)) * unit, rel=1e-7)


def test_integrals_are_what_random_draws_tend_to():
    # n = 20, range 2 to 14 about 6: power 0.268; a million draws know the mean to 0.003
    fit = quantiles.by_power(20, 6.0, minimum=2.0, maximum=14.0)
    power = fit.power[0]
    z = [(x**power - 1) / power for x in (2.0, 6.0, 14.0)]
    assert z[0] + z[2] == pytest.approx(2 * z[1], abs=1e-6)
    summary = medians.from_range(20, *z)
    draws = np.random.default_rng(2).normal(float(summary.mean), float(summary.sd), 1_000_000)
    x = np.maximum(power * draws + 1, 0) ** (1 / power)
    assert (fit.mean[0], fit.sd[0]) == (pytest.approx(x.mean(), abs=0.015), pytest.approx(x.std(), abs=0.01))


def test_skewed_samples_are_met_better_than_under_normality():
    random, n = np.random.default_rng(9), 201
    x = np.sort(random.lognormal(1.0, 0.8, (200, n)), axis=1)
    q1, median, q3 = x[:, 50], x[:, 100], x[:, 150]
    size, mean, sd = np.full(200, n), x.mean(1), x.std(1, ddof=1)
    normal = medians.from_quartiles(size, q1, median, q3)
    for method in (quantiles.by_quantiles, quantiles.by_power):
        fit = method(size, median, q1=q1, q3=q3)
        assert abs(np.mean(fit.mean - mean)) < abs(np.mean(normal.mean - mean)) / 3
        assert abs(np.mean(fit.sd - sd)) < abs(np.mean(normal.sd - sd)) / 2


def test_symmetric_summaries_keep_their_centre_under_every_rule():
    five = (40, 2.0, 5.0, 6.0, 7.0, 10.0)
    assert [float(s.mean) for s in (medians.by_bland(*five), medians.by_hozo(40, 2.0, 6.0, 10.0))] == [6.0, 6.0]
    for given_values in ({"q1": 5.0, "q3": 7.0}, {"minimum": 2.0, "maximum": 10.0}):
        assert float(medians.by_wan(40, 6.0, **given_values).mean) == 6.0
        assert quantiles.by_power(40, 6.0, **given_values).power[0] == pytest.approx(1.0, abs=1e-6)
        assert quantiles.by_power(40, 6.0, **given_values).mean[0] == pytest.approx(6.0, abs=0.02)
    assert float(medians.by_hozo(10, 2.0, 6.0, 10.0).sd) == pytest.approx(8 / np.sqrt(12))
    assert float(medians.by_hozo(90, 2.0, 6.0, 10.0).sd) == pytest.approx(8 / 6)


def test_expected_range():
    # n = 2: 2 / sqrt(pi); n = 3: 3 / sqrt(pi)
    assert medians.expected_range([2, 3, 20]) == pytest.approx(
        [2 / np.sqrt(np.pi), 3 / np.sqrt(np.pi), 3.73495], rel=1e-6
    )


def test_moments_of_order_statistics():
    # n = 2: means -+1/sqrt(pi), variance 1 - 1/pi, covariance 1/pi; n = 3: the middle has variance 0.44867
    mean, v = order_statistics.normal_moments(2, (1.0, 2.0))
    assert mean == pytest.approx([-(np.pi**-0.5), np.pi**-0.5], rel=1e-10)
    assert v == pytest.approx(np.array([[1 - 1 / np.pi, 1 / np.pi], [1 / np.pi, 1 - 1 / np.pi]]), rel=1e-9)
    mean, v = order_statistics.normal_moments(3, (1.0, 2.0, 3.0))
    assert v[1, 1] == pytest.approx(1 - np.sqrt(3) / np.pi, rel=1e-9)
    assert v.sum(axis=1) == pytest.approx(np.ones(3), rel=1e-9)  # each has covariance 1/n with the mean


def test_best_linear_estimates_of_normal_samples():
    random, n = np.random.default_rng(12), 41
    x = np.sort(random.normal(3.0, 2.0, (4000, n)), axis=1)
    five = {"minimum": x[:, 0], "q1": x[:, 10], "q3": x[:, 30], "maximum": x[:, 40]}
    fit = order_statistics.best_linear(np.full(4000, n), x[:, 20], **five)
    assert (fit.mean.mean(), fit.sd.mean()) == (pytest.approx(3.0, abs=0.02), pytest.approx(2.0, abs=0.02))
    symmetric = order_statistics.best_linear(20, 6.0, q1=4.0, q3=8.0, minimum=1.0, maximum=11.0)
    assert symmetric.mean[0] == pytest.approx(6.0, rel=1e-10)


def test_equal_quantiles_have_no_spread():
    fit = quantiles.by_quantiles(20, 4.0, q1=4.0, q3=4.0)
    assert (fit.mean[0], fit.sd[0]) == pytest.approx((4.0, 0.0), abs=1e-6)
    assert quantiles.by_quantiles(20, -1.0, q1=-2.0, q3=3.0).distribution == ("normal",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantiles.by_quantiles(20, 3.0), "both quartiles"),
        (lambda: quantiles.by_quantiles(20, 3.0, q1=4.0, q3=5.0), "ascending"),
        (lambda: quantiles.by_quantiles([20, 1], [3.0, 3.0], q1=[1.0, 1.0], q3=[5.0, 5.0]), "two people: row 1"),
        (lambda: quantiles.by_quantiles(20, np.nan, q1=1.0, q3=5.0), "finite"),
        (lambda: quantiles.by_power(20, 3.0, q1=0.0, q3=5.0), "above 0"),
        (lambda: medians.by_wan(20, 3.0), "both quartiles"),
        (lambda: order_statistics.best_linear(20, 3.0, q1=2.0, q3=5.0, ranks="x"), "ranks"),
    ],
)
def test_impossible_summaries_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
