"""Effect sizes from arrays, against metafor (see `source` of the reference files) and by property."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from metaan.effects import binary, continuous, convert, medians, ratios, recover, standardised
from oracle import load

CONVERSIONS = load("conversions")


def numbers(values):
    return np.array([math.nan if v is None or isinstance(v, str) else v for v in values], dtype=float)


counts = st.integers(0, 60)


@given(counts, counts, counts, counts)
def test_swapping_the_groups_flips_the_sign_and_keeps_the_variance(a, b, c, d):
    if a + b == 0 or c + d == 0:
        return
    for function in (binary.log_odds_ratio, binary.log_risk_ratio, binary.risk_difference):
        one, other = function(a, b, c, d), function(c, d, a, b)
        assert float(other.y) == pytest.approx(-float(one.y), abs=1e-12, nan_ok=True)
        assert float(other.v) == pytest.approx(float(one.v), nan_ok=True)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_the_odds_ratio_does_not_know_which_way_round_people_were_chosen(a, b, c, d):
    by_row, by_column = binary.log_odds_ratio(a, b, c, d), binary.log_odds_ratio(a, c, b, d)
    assert float(by_row.y) == pytest.approx(float(by_column.y), abs=1e-12)
    assert float(by_row.v) == pytest.approx(float(by_column.v))


@given(
    st.integers(2, 80),
    st.integers(2, 80),
    st.floats(-50, 50),
    st.floats(-50, 50),
    st.floats(0.1, 20),
    st.floats(0.1, 20),
)
def test_means_swap_and_change_of_unit(n1, n2, m1, m2, sd1, sd2):
    for function in (continuous.mean_difference, continuous.standardised_mean_difference):
        one, other = function(n1, m1, sd1, n2, m2, sd2), function(n2, m2, sd2, n1, m1, sd1)
        assert float(other.y) == pytest.approx(-float(one.y), rel=1e-12, abs=1e-12)
        assert float(other.v) == pytest.approx(float(one.v))
    smd = continuous.standardised_mean_difference(n1, m1, sd1, n2, m2, sd2)
    inch = continuous.standardised_mean_difference(n1, m1 * 2.54 + 7, sd1 * 2.54, n2, m2 * 2.54 + 7, sd2 * 2.54)
    assert float(inch.y) == pytest.approx(float(smd.y), rel=1e-9, abs=1e-9)
    assert float(inch.v) == pytest.approx(float(smd.v), rel=1e-9)


def test_small_sample_correction():
    # Exact values of Hedges 1981: gamma(5) / (sqrt(5) gamma(4.5)) for 10 degrees of freedom; near 1 - 3/(4 df - 1).
    assert float(standardised.small_sample_correction(10)) == pytest.approx(
        24 / (math.sqrt(5) * math.gamma(4.5)), rel=1e-13
    )
    assert float(standardised.small_sample_correction(200)) == pytest.approx(1 - 3 / 799, abs=1e-5)
    assert np.isnan(standardised.small_sample_correction(1))


def test_five_numbers_match_metafor():
    data = CONVERSIONS["conv.fivenum"]["data"]
    low, q1, med, q3, high, n = (numbers(data[c]) for c in ("min", "q1", "median", "q3", "max", "n"))
    got = [
        medians.from_range(n[0], low[0], med[0], high[0]),
        medians.from_quartiles(n[1], q1[1], med[1], q3[1]),
        medians.from_quartiles(n[2], q1[2], med[2], q3[2]),
        medians.from_five_numbers(n[3], low[3], q1[3], med[3], q3[3], high[3]),
    ]
    assert [float(g.mean) for g in got] == pytest.approx(CONVERSIONS["conv.fivenum"]["default.norm"]["mean"], rel=1e-12)
    assert [float(g.sd) for g in got] == pytest.approx(CONVERSIONS["conv.fivenum"]["default.norm"]["sd"], rel=1e-9)
    assert [g.method for g in got[2:]] == ["Luo 2018, Wan 2014", "Luo 2018, Shi 2020"]


@given(st.integers(5, 500), st.floats(-20, 20), st.floats(0.1, 10), st.floats(0.1, 5))
def test_symmetric_summaries_keep_their_centre(n, centre, near, more):
    far = near + more
    five = medians.from_five_numbers(n, centre - far, centre - near, centre, centre + near, centre + far)
    assert float(five.mean) == pytest.approx(centre, abs=1e-9)
    assert float(medians.from_quartiles(n, centre - near, centre, centre + near).mean) == pytest.approx(
        centre, abs=1e-9
    )
    assert float(medians.from_range(n, centre - far, centre, centre + far).mean) == pytest.approx(centre, abs=1e-9)
    assert not medians.skewed(n, centre, q1=centre - near, q3=centre + near, minimum=centre - far, maximum=centre + far)


@pytest.mark.parametrize("which", ["range", "quartiles", "five"])
def test_skew_test_keeps_its_level_in_normal_samples(which):
    # 40,000 samples: the standard error of a rate of 0.05 is 0.001; the published critical values are fitted curves.
    random, n = np.random.default_rng(20), 41
    x = np.sort(random.normal(size=(40_000, n)), axis=1)
    near, far = {"q1": x[:, 10], "q3": x[:, 30]}, {"minimum": x[:, 0], "maximum": x[:, -1]}
    arguments = {"range": far, "quartiles": near, "five": near | far}[which]
    assert medians.skewed(n, x[:, 20], **arguments).mean() == pytest.approx(0.05, abs=0.006)
    y = {name: np.exp(value) for name, value in arguments.items()}
    assert medians.skewed(n, np.exp(x[:, 20]), **y).mean() > 0.25  # and finds a lognormal five times as often or more


def test_skew_test_by_hand():
    # n = 100, quartiles 1, 2, 5: statistic (1 + 5 - 4) / 4 = 0.5; critical value 2.65/10 - 6/10000 = 0.2644.
    assert medians.skewed(100, 2.0, q1=1.0, q3=5.0)
    assert not medians.skewed(100, 2.0, q1=1.0, q3=3.7)  # statistic 0.7 / 2.7 = 0.2593
    assert medians.skewed(100, 2.0, q1=1.0, q3=3.75)  # statistic 0.75 / 2.75 = 0.2727
    assert not medians.skewed(4, 2.0, q1=1.9, q3=50.0)  # too few to test
    assert not medians.skewed(100, 2.0, q1=2.0, q3=2.0)  # nothing to test
    with pytest.raises(ValueError, match="both quartiles"):
        medians.skewed(100, 2.0, q1=1.0)


def test_sd_from_a_range():
    z = medians.special.ndtri((20 - 0.375) / 20.25)
    assert float(medians.sd_from_range(20, 2.0, 14.0)) == pytest.approx(12 / (2 * z))
    assert float(medians.sd_from_range(20, 2.0, 14.0)) == pytest.approx(3.211575967369702, rel=1e-9)  # metafor, case 1


def test_medians_out_of_order_are_refused():
    with pytest.raises(ValueError, match="ascending"):
        medians.from_quartiles(20, 5.0, 4.0, 6.0)
    with pytest.raises(ValueError, match="two people"):
        medians.from_range(1, 1.0, 2.0, 3.0)


def test_ratios_match_conv_wald():
    wald = CONVERSIONS["conv.wald"]
    data = wald["data"]
    by_ci = ratios.ratio_with_interval(data["out"][:2], data["lb"][:2], data["ub"][:2])
    by_p = ratios.ratio_with_p(data["out"][2], data["pv"][2])
    assert [*by_ci.y, float(by_p.y)] == pytest.approx(wald["yi"], rel=1e-12)
    assert [*by_ci.v, float(by_p.v)] == pytest.approx(wald["vi"], rel=1e-9)
    # The same limits by hand with 2.0930, the 97.5 % point of t on 19 degrees of freedom.
    assert float(recover.se_from_ci(1.1, 5.4, df=19)) == pytest.approx(4.3 / (2 * 2.0930), rel=2e-5)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_an_interval_gives_back_its_standard_error(y, se, level):
    z = float(recover.two_sided_quantile(level))
    got = ratios.ratio_with_interval(math.exp(y), math.exp(y - z * se), math.exp(y + z * se), level)
    assert (float(got.y), float(got.v)) == pytest.approx((y, se**2), rel=1e-8, abs=1e-12)
    assert float(ratios.ratio_with_se(math.exp(y), se).v) == pytest.approx(se**2)


@given(st.floats(0.05, 4), st.integers(3, 80), st.booleans())
def test_a_p_value_gives_back_its_statistic(t, df, normal):
    from scipy import stats

    p = 2 * (stats.norm.sf(t) if normal else stats.t.sf(t, df))
    assert float(recover.statistic_from_p(p, math.inf if normal else df)) == pytest.approx(t, rel=1e-7)
    assert float(recover.se_from_p(-0.6, p, math.inf if normal else df)) == pytest.approx(0.6 / t, rel=1e-7)


def test_standard_deviations_recovered():
    assert float(recover.sd_from_se(0.5, 16)) == 2.0
    # Cochrane Handbook 6.5.2.2: n = 25, 95 % CI 30.0 to 34.2, t on 24 df 2.0639: SD = sqrt(25) * 4.2 / 4.128 = 5.09
    assert float(recover.sd_from_ci(30.0, 34.2, 25)) == pytest.approx(5 * 4.2 / 4.128, rel=2e-4)
    assert np.isnan(recover.se_from_statistic(0.4, 0.0))
    for call in (
        lambda: recover.sd_from_se(-1, 4),
        lambda: recover.se_from_ci(2, 1),
        lambda: recover.statistic_from_p(0.0),
        lambda: recover.two_sided_quantile(95),
        lambda: ratios.ratio_with_interval(2.0, 0.5, 1.5),
        lambda: ratios.ratio_with_interval(-2.0, 0.5, 1.5),
        lambda: ratios.ratio_with_se(2.0, -0.1),
    ):
        with pytest.raises(ValueError):
            call()


def test_g_from_t_and_p_matches_metafor():
    data = CONVERSIONS["smd_from_t_or_d"]["data"]
    n1, n2 = np.array(data["n1i"]), np.array(data["n2i"])
    got = standardised.t_to_g(data["ti"], n1, n2)
    assert got.y == pytest.approx(CONVERSIONS["smd_from_t_or_d"]["SMD_from_ti"]["yi"], rel=1e-11)
    assert got.v == pytest.approx(CONVERSIONS["smd_from_t_or_d"]["SMD_from_ti"]["vi"], rel=1e-11)
    from_d = standardised.standardised(data["di"], n1, n2)
    assert from_d.y == pytest.approx(CONVERSIONS["smd_from_t_or_d"]["SMD_from_di"]["yi"], rel=1e-11)
    assert from_d.v == pytest.approx(CONVERSIONS["smd_from_t_or_d"]["SMD_from_di"]["vi"], rel=1e-11)


@given(st.floats(-4, 4), st.floats(0.001, 3))
def test_scales_convert_there_and_back(y, v):
    back = convert.smd_to_log_or(*convert.log_or_to_smd(y, v))
    assert (float(back.y), float(back.v)) == pytest.approx((y, v))
    assert float(convert.log_or_to_smd(math.pi, v).y) == pytest.approx(math.sqrt(3))


@given(st.floats(-2, 2), st.floats(0.01, 0.95))
def test_odds_and_risk_ratios_convert_there_and_back(log_or, risk):
    log_rr = convert.log_or_to_log_rr(log_or, risk)
    assert float(convert.log_rr_to_log_or(log_rr, risk)) == pytest.approx(log_or, abs=1e-9)
    assert abs(float(log_rr)) <= abs(log_or) + 1e-12  # a risk ratio lies nearer to 1


def test_risk_ratio_to_odds_ratio_by_hand():
    # Risk 0.2 without the factor and RR 2: risk 0.4 with it, odds 0.25 and 2/3, OR 2.667; limits likewise.
    got = np.exp(convert.log_rr_to_log_or(np.log([1.5, 2.0, 3.0]), 0.2))
    assert got == pytest.approx([(0.3 / 0.7) / 0.25, (0.4 / 0.6) / 0.25, (0.6 / 0.4) / 0.25])
    with pytest.raises(ValueError, match="above 1"):
        convert.log_rr_to_log_or(math.log(6.0), 0.2)
    with pytest.raises(ValueError, match="baseline"):
        convert.log_or_to_log_rr(0.1, 15)
