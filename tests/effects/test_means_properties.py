"""Effects from means, pairs, correlations and printed statistics by property and by hand."""

import math
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

from metaan.effects import (
    biserial,
    continuous,
    convert,
    correlation,
    generic,
    mean_ratios,
    paired,
    paired_ratios,
    reliability,
    standardised,
)
from metaan.effects.sizes import effect_sizes, recipes
from metaan.terms.measures import MEASURES

size, mean, positive, sd = st.integers(3, 90), st.floats(-40, 40), st.floats(1, 60), st.floats(0.2, 15)
GROUPS = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
SYMMETRIC = ("MD", "SMD", "SMDH", "ROM", "VR", "CVR", "D2ORL", "D2ORN", "RPB", "RBIS")
UNITLESS = ("SMD", "SMDH", "SMD1", "SMD1H", "ROM", "VR", "CVR", "D2OR", "D2ORL", "D2ORN", "RPB", "RBIS")


def effect(measure, **columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what has no effect is NaN here
        frame = effect_sizes({name: [value] for name, value in columns.items()}, measure)
    return frame["yi"].item(), frame["vi"].item()


def close(one, other, factor=1.0):
    assert one[0] == pytest.approx(other[0] * factor, rel=1e-9, abs=1e-10, nan_ok=True)
    assert one[1] == pytest.approx(other[1] * factor**2, rel=1e-8, nan_ok=True)


@pytest.mark.parametrize("measure", SYMMETRIC)
@settings(max_examples=25)
@given(size, positive, sd, size, positive, sd)
def test_swapping_groups_flips_the_sign_of_any_measure(measure, n1, m1, sd1, n2, m2, sd2):
    one = effect(measure, **dict(zip(GROUPS, (n1, m1, sd1, n2, m2, sd2), strict=True)))
    other = effect(measure, **dict(zip(GROUPS, (n2, m2, sd2, n1, m1, sd1), strict=True)))
    assert one[0] == pytest.approx(-other[0], rel=1e-9, abs=1e-10, nan_ok=True)
    assert one[1] == pytest.approx(other[1], rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
@pytest.mark.parametrize("measure", ["MD", *UNITLESS])
@settings(max_examples=15)
@given(size, positive, sd, size, positive, sd)
def test_units_do_not_matter(measure, unit, n1, m1, sd1, n2, m2, sd2):
    one = effect(measure, **dict(zip(GROUPS, (n1, m1, sd1, n2, m2, sd2), strict=True)))
    scaled = (n1, m1 * unit, sd1 * unit, n2, m2 * unit, sd2 * unit)
    other = effect(measure, **dict(zip(GROUPS, scaled, strict=True)))
    close(other, one, unit if measure == "MD" else 1.0)


@given(size, mean, sd, size, mean, sd, mean)
def test_differences_do_not_know_where_zero_is(n1, m1, sd1, n2, m2, sd2, shift):
    for function in (
        continuous.mean_difference,
        continuous.standardised_mean_difference,
        continuous.separate_mean_difference,
        continuous.separate_control_standardised,
        biserial.point_biserial,
    ):
        one, other = function(n1, m1, sd1, n2, m2, sd2), function(n1, m1 + shift, sd1, n2, m2 + shift, sd2)
        assert float(other.y) == pytest.approx(float(one.y), rel=1e-7, abs=1e-9)
        assert float(other.v) == pytest.approx(float(one.v), rel=1e-7)


@given(st.integers(3, 60), mean, mean, sd)
def test_equal_groups_make_variances_agree(n, m1, m2, s):
    equal = continuous.mean_difference(n, m1, s, n, m2, s)
    pooled = continuous.mean_difference(n, m1, s, n, m2, s, vtype="HO")
    assert float(equal.v) == pytest.approx(float(pooled.v))
    together = continuous.standardised_mean_difference(n, m1, s, n, m2, s)
    assert float(continuous.separate_mean_difference(n, m1, s, n, m2, s).y) == pytest.approx(float(together.y))


@given(st.floats(2, 5000))
def test_correction_is_the_same_by_both_ways(df):
    from scipy import special

    exact = math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    assert float(standardised.small_sample_correction(df)) == pytest.approx(exact, rel=2e-11)


def test_correction_keeps_its_digits_for_many_people():
    # 1 - 3/(4 df) - 7/(32 df^2) ..., from the asymptotic series of the gamma function
    df = 1e9
    assert 1.0 - float(standardised.small_sample_correction(df)) == pytest.approx(0.75 / df, rel=1e-6)


@given(st.floats(-8, 8), size, size)
def test_t_f_p_and_means_give_one_effect(t, n1, n2):
    from scipy import stats

    if abs(t) < 0.01:
        return
    d = t * math.sqrt(1 / n1 + 1 / n2)
    expected = standardised.standardised(d, n1, n2)
    p = math.copysign(2 * stats.t.sf(abs(t), n1 + n2 - 2), t)
    for found in (
        standardised.t_to_g(t, n1, n2),
        standardised.f_to_g(t**2, math.copysign(1, t), n1, n2),
        standardised.p_to_g(p, n1, n2),
        continuous.standardised_mean_difference(n1, d, 1.0, n2, 0.0, 1.0),
    ):
        assert float(found.y) == pytest.approx(float(expected.y), rel=1e-7)
        assert float(found.v) == pytest.approx(float(expected.v), rel=1e-7)
    assert effect("SMD", fi=t**2, signi=t, n1i=n1, n2i=n2)[0] == pytest.approx(float(expected.y), rel=1e-9)


def test_sampling_variances_are_those_of_simulated_studies():
    # 60,000 studies: the standard error of a variance is 0.6 % of it
    random, n1, n2, k = np.random.default_rng(5), 60, 45, 60_000
    one, two = random.normal(10.5, 2.0, (k, n1)), random.normal(9.3, 2.0, (k, n2))
    groups = (n1, one.mean(1), one.std(1, ddof=1), n2, two.mean(1), two.std(1, ddof=1))
    for function in (
        continuous.mean_difference,
        continuous.standardised_mean_difference,
        continuous.separate_mean_difference,
        continuous.separate_control_standardised,
        mean_ratios.log_ratio_of_means,
        mean_ratios.log_cv_ratio,
        biserial.point_biserial,
    ):
        y, v = function(*groups)
        assert v.mean() == pytest.approx(y.var(), rel=0.05), function.__name__
    y, v = mean_ratios.log_variability_ratio(n1, groups[2], n2, groups[5])
    assert (y.mean(), v.mean()) == (pytest.approx(0.0, abs=0.003), pytest.approx(y.var(), rel=0.03))


def test_variances_of_pairs_are_those_of_simulated_studies():
    random, n, k, rho = np.random.default_rng(6), 60, 40_000, 0.6
    first = random.normal(size=(k, n))
    second = 9.0 + 2.0 * (rho * first + math.sqrt(1 - rho**2) * random.normal(size=(k, n)))
    first = 10.0 + 2.0 * first
    m1, m2, sd1, sd2 = first.mean(1), second.mean(1), first.std(1, ddof=1), second.std(1, ddof=1)
    r = ((first - m1[:, None]) * (second - m2[:, None])).sum(1) / ((n - 1) * sd1 * sd2)
    for function in (
        paired.mean_change,
        paired.change_in_change_units,
        paired.change_in_raw_units_separate,
        paired.change_in_mean_units,
        paired.change_in_mean_units_separate,
        paired_ratios.log_ratio_of_paired_means,
        paired_ratios.log_paired_cv_ratio,
    ):
        y, v = function(m1, m2, sd1, sd2, n, r)
        assert v.mean() == pytest.approx(y.var(), rel=0.06), function.__name__
    y, v = paired_ratios.log_paired_variability_ratio(sd1, sd2, n, r)
    assert v.mean() == pytest.approx(y.var(), rel=0.06)
    for function in (correlation.correlation, correlation.unbiased_correlation, correlation.fisher_z):
        y, v = function(r, n)
        assert v.mean() == pytest.approx(y.var(), rel=0.06), function.__name__
    assert correlation.unbiased_correlation(r, n).y.mean() == pytest.approx(rho, abs=0.002)
    y, v = correlation.unbiased_correlation(r, n, vtype="UB")
    assert v.mean() == pytest.approx(y.var(), rel=0.03)


@pytest.mark.parametrize(("vtype", "fixed"), [("ST", True), ("CS", False)])
def test_variances_of_point_biserial_correlations_are_those_of_simulated_studies(vtype, fixed):
    random, n, k, share = np.random.default_rng(8), 80, 30_000, 0.3
    members = np.arange(n) < share * n if fixed else random.random((k, n)) < share
    members = np.broadcast_to(members, (k, n))
    x = random.normal(size=(k, n)) + 0.8 * members
    n1 = members.sum(1)
    m1, m2 = (x * members).sum(1) / n1, (x * ~members).sum(1) / (n - n1)
    sd1 = np.sqrt(((x - m1[:, None]) ** 2 * members).sum(1) / (n1 - 1))
    sd2 = np.sqrt(((x - m2[:, None]) ** 2 * ~members).sum(1) / (n - n1 - 1))
    y, v = biserial.point_biserial(n1, m1, sd1, n - n1, m2, sd2, vtype=vtype)
    assert v.mean() == pytest.approx(y.var(), rel=0.04)
    assert y[0] == pytest.approx(np.corrcoef(x[0], members[0])[0, 1], rel=1e-12)


@given(st.integers(3, 80), mean, mean, sd, sd, st.floats(-0.95, 0.95))
def test_pairs(n, m1, m2, sd1, sd2, r):
    for measure in ("MC", "SMCC", "SMCRP", "SMCRPH"):
        columns = {"ni": n, "ri": r}
        one = effect(measure, m1i=m1, m2i=m2, sd1i=sd1, sd2i=sd2, **columns)
        other = effect(measure, m1i=m2, m2i=m1, sd1i=sd2, sd2i=sd1, **columns)
        assert one[0] == pytest.approx(-other[0], abs=1e-12)
        assert one[1] == pytest.approx(other[1])
    change = paired.sd_of_change(sd1, sd2, r)
    assert float(paired.correlation_from_changes(sd1, sd2, change)) == pytest.approx(r, abs=1e-7)
    direct = effect("MC", mdi=m1 - m2, sddi=float(change), ni=n)
    close(effect("MC", m1i=m1, m2i=m2, sd1i=sd1, sd2i=sd2, ni=n, ri=r), direct)
    t = (m1 - m2) / (float(change) / math.sqrt(n))
    close(effect("SMCC", ti=t, ni=n), effect("SMCC", m1i=m1, m2i=m2, sd1i=sd1, sd2i=sd2, ni=n, ri=r))


def test_uncorrelated_pairs_are_two_groups():
    pairs = paired.mean_change(5.0, 4.0, 2.0, 3.0, 30, 0.0)
    groups = continuous.mean_difference(30, 5.0, 2.0, 30, 4.0, 3.0)
    assert (float(pairs.y), float(pairs.v)) == (float(groups.y), float(groups.v))
    pairs = paired_ratios.log_ratio_of_paired_means(5.0, 4.0, 2.0, 3.0, 30, 0.0)
    groups = mean_ratios.log_ratio_of_means(30, 5.0, 2.0, 30, 4.0, 3.0)
    assert (float(pairs.y), float(pairs.v)) == pytest.approx((float(groups.y), float(groups.v)))


@given(st.floats(-0.98, 0.98), st.integers(5, 400))
def test_correlations(r, n):
    for measure in ("COR", "UCOR", "ZCOR"):
        one, other = effect(measure, ri=r, ni=n), effect(measure, ri=-r, ni=n)
        assert one == pytest.approx((-other[0], other[1]))
    t = r * math.sqrt((n - 2) / (1 - r**2))
    close(effect("ZCOR", ti=t, ni=n), effect("ZCOR", ri=r, ni=n))
    assert abs(effect("UCOR", ri=r, ni=n)[0]) >= abs(r) - 1e-15
    alone = effect("ZPCOR", ri=r, mi=1, ni=n)  # nothing held constant
    close(alone, effect("ZCOR", ri=r, ni=n))
    assert MEASURES["ZCOR"].printed(effect("ZCOR", ri=r, ni=n)[0]) == pytest.approx(r, abs=1e-12)


@given(st.floats(0.5, 5), st.integers(30, 300))
def test_correlations_from_p(t, n):
    from scipy import stats

    p = 2 * stats.t.sf(t, n - 2)
    for sign in (1, -1):
        close(effect("COR", pi=sign * p, ni=n), effect("COR", ti=sign * t, ni=n))


def test_correlation_of_many_people_needs_no_correction():
    for n in (98, 102, 104, 1000, 10**6):  # on both sides of the change of series
        y = effect("UCOR", ri=0.3, ni=n)[0]
        assert y == pytest.approx(0.3 * (1 + 0.91 / (2 * n)), rel=30 / n**2)


def test_partial_correlations_of_real_regressions():
    import statsmodels.api as sm

    random = np.random.default_rng(3)
    x = random.normal(size=(70, 3)) @ np.array([[1, 0.4, 0.2], [0, 1, 0.5], [0, 0, 1.0]])
    y = x @ [0.5, -0.2, 0.3] + random.normal(size=70)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    rest = sm.add_constant(x[:, 1:])
    residual = [sm.OLS(z, rest).fit().resid for z in (y, x[:, 0])]
    columns = {"ti": fit.tvalues[1], "mi": 3, "ni": 70}
    assert effect("PCOR", **columns)[0] == pytest.approx(np.corrcoef(*residual)[0, 1], rel=1e-10)
    semi = np.corrcoef(y, residual[1])[0, 1]
    assert effect("SPCOR", r2i=fit.rsquared, **columns)[0] == pytest.approx(semi, rel=1e-10)
    close(effect("SPCOR", ri=semi, mi=3, ni=70, r2i=fit.rsquared), effect("SPCOR", r2i=fit.rsquared, **columns))
    z, v = effect("ZSPCOR", r2i=fit.rsquared, **columns)
    assert (math.tanh(z), v * (1 - semi**2) ** 2) == pytest.approx(
        (semi, effect("SPCOR", r2i=fit.rsquared, **columns)[1])
    )


@given(st.floats(-3, 3), st.floats(0.01, 2), st.sampled_from([0.8, 0.9, 0.95, 0.99]), st.booleans(), st.floats(3, 80))
def test_printed_statistics_give_back_the_standard_error(y, se, level, ratio, df):
    from scipy import special, stats

    if abs(y) < 1e-3:
        return
    shown = math.exp if ratio else float
    z, t = special.ndtri(0.5 + level / 2), special.stdtrit(df, 0.5 + level / 2)
    expected = (y, se**2)
    for columns, options in (
        ({"vi": se**2}, {}),
        ({"sei": se}, {}),
        ({"lowi": shown(y - z * se), "highi": shown(y + z * se)}, {"level": level}),
        ({"lowi": shown(y - t * se), "highi": shown(y + t * se), "dfi": df}, {"level": level}),
        ({"zi": y / se}, {}),
        ({"ti": y / se}, {}),
        ({"fi": (y / se) ** 2}, {}),
    ):
        table = {"yi": [shown(y)]} | {name: [value] for name, value in columns.items()}
        frame = effect_sizes(table, "GEN", ratio=ratio, **options)
        assert (frame["yi"].item(), frame["vi"].item()) == pytest.approx(expected, rel=1e-7, abs=1e-12)
    if abs(y / se) < 30:
        found = generic.with_p(shown(y), 2 * stats.norm.sf(abs(y / se)), ratio=ratio)
        assert float(found.v) == pytest.approx(se**2, rel=1e-6)
        p = 2 * stats.t.sf(abs(y / se), df)
        assert float(generic.with_p(shown(y), p, [df], ratio=ratio).v[0]) == pytest.approx(se**2, rel=1e-6)


def test_hazard_ratios():
    # Yusuf 1985: log hazard ratio (O - E) / V with variance 1 / V
    assert effect("HR", oei=-6.0, voei=12.0) == pytest.approx((-0.5, 1 / 12))
    close(effect("HR", hri=0.7, lowi=0.5, highi=0.98), effect("HR", hri=0.7, sei=math.log(0.98 / 0.5) / 3.919927969))
    y, v = effect("HR", pi=-0.04550026389635842, eventsi=80, n1i=100, n2i=100)  # z = 2 and V = 20
    assert (y, v) == pytest.approx((-2 / math.sqrt(20), 1 / 20))


@given(st.floats(-3, 3), st.floats(0.001, 1), size, size, st.sampled_from(["point-biserial", "biserial"]))
def test_scales_of_association_convert_there_and_back(y, v, n1, n2, sense):
    r = convert.smd_to_correlation(y, v, n1, n2, sense=sense)
    back = convert.correlation_to_smd(*r, n1, n2, sense=sense)
    assert tuple(map(float, back)) == pytest.approx((y, v), rel=1e-7, abs=1e-12)
    r = convert.log_or_to_correlation(y, v, sense=sense)
    back = convert.correlation_to_log_or(*r, sense=sense)
    assert tuple(map(float, back)) == pytest.approx((y, v), rel=1e-7, abs=1e-12)


def test_correlation_of_a_difference_is_that_of_the_groups():
    groups = (30, 20.0, 5.0, 32, 17.0, 6.0)
    d = continuous.standardised_mean_difference(*groups, correct=False)
    for sense, function in (("point-biserial", biserial.point_biserial), ("biserial", biserial.biserial)):
        assert float(convert.smd_to_correlation(*d, 30, 32, sense=sense).y) == pytest.approx(float(function(*groups).y))
    assert float(convert.smd_to_correlation(*d, 30, 32).v) == pytest.approx(float(biserial.point_biserial(*groups).v))
    assert float(convert.smd_to_correlation(1.0, 0.1).y) == pytest.approx(1 / math.sqrt(5))  # Cohen: d / sqrt(d^2 + 4)


@given(st.floats(-1.5, 1.5), st.floats(0.01, 0.5), st.floats(0.02, 0.2))
def test_risk_and_odds_ratios_convert_with_their_intervals(y, se, risk):
    if math.exp(y + 2 * se) * risk >= 0.99:
        return
    rr = tuple(math.exp(y + z * se) for z in (0, -2, 2))
    odds = convert.rr_to_or(*rr, risk)
    assert odds.low <= odds.estimate <= odds.high
    assert tuple(map(float, convert.or_to_rr(*odds, risk))) == pytest.approx(rr)
    back = convert.or_effects_to_rr(*convert.rr_effects_to_or(y, se**2, risk), risk)
    assert tuple(map(float, back)) == pytest.approx((y, se**2), abs=1e-12)
    by_difference = convert.delta_method(y, se**2, lambda x: convert.log_rr_to_log_or(x, risk))
    assert float(by_difference.v) == pytest.approx(float(convert.rr_effects_to_or(y, se**2, risk).v), rel=1e-7)


@given(st.floats(-0.9, 0.9), st.floats(0.001, 0.2), st.sampled_from([1.0, 1e-6, 1e6]))
def test_slopes_are_found(y, v, unit):
    for function, slope in ((np.tanh, lambda x: 1 / np.cosh(x) ** 2), (np.exp, np.exp)):
        found = convert.delta_method(y * unit, v * unit**2, lambda x, f=function: f(x / unit))
        exact = convert.delta_method(
            y * unit, v * unit**2, lambda x, f=function: f(x / unit), lambda x, s=slope: s(x / unit) / unit
        )
        assert tuple(map(float, found)) == pytest.approx(tuple(map(float, exact)), rel=1e-8)


def test_other_conversions():
    assert tuple(map(float, convert.smd_to_mean_difference(0.5, 0.04, 10.0))) == (5.0, 4.0)
    assert float(convert.log_or_to_smd(1.65, 1.0, factor=standardised.COX).y) == 1.0
    assert [float(f(0.0)) for f in (convert.superiority, convert.below_mean_of_other, convert.overlap)] == [
        0.5,
        0.5,
        1.0,
    ]
    missing = convert.delta_method([np.nan, 0.5], [0.1, 0.1], np.arctanh)
    assert np.isnan(missing.y).tolist() == [True, False]


def test_effects_that_do_not_exist_are_missing_and_named():
    table = {
        "n1i": [5, 5, 5],
        "m1i": [3.0, 0.0, 3.0],
        "sd1i": [1.0, 1.0, 0.0],
        "n2i": [5, 5, 5],
        "m2i": [-3.0, 2.0, 3.0],
    }
    table |= {"sd2i": [1.0, 1.0, 0.0]}
    for measure, there in (
        ("ROM", [False, False, True]),
        ("CVR", [False, False, False]),
        ("SMD", [True, True, False]),
        ("SMDH", [True, True, False]),
        ("SMD1", [True, True, False]),
        ("SMD1H", [True, True, False]),
        ("RPB", [True, True, False]),
        ("D2ORL", [True, True, False]),
        ("MD", [True, True, True]),
    ):
        if all(there):
            frame = effect_sizes(table, measure)
        else:
            with pytest.warns(UserWarning, match=f"no {measure} for row"):
                frame = effect_sizes(table, measure)
        assert frame["yi"].notna().tolist() == there
        assert frame["vi"].notna().tolist() == there
    with pytest.warns(UserWarning, match="any standard error"):
        effect_sizes({"yi": [0.0], "pi": [1.0]}, "GEN")


def test_one_person_or_two():
    for function in (continuous.standardised_mean_difference, continuous.separate_mean_difference):
        assert np.isnan(function(1, 3.0, 0.0, 1, 2.0, 0.0).y)
    assert np.isnan(continuous.control_standardised(5, 3.0, 1, 2.0, 1.0, correct=False).y)
    assert np.isnan(paired.change_in_change_units(3.0, 2.0, 1.0, 1.0, 1, 0.5, correct=False).y)
    assert np.isnan(standardised.p_to_g(0.5, 1, 1).y)
    assert np.isnan(reliability.alpha(0.8, 10, 2).v)
    assert np.isfinite(standardised.standardised(0.5, 2, 2).v)
    for vtype in ("UB", "RevMan", "LS2"):
        standardised.standardised(0.5, [1, 2, 2], [1, 1, 2], vtype=vtype)


BAD = [
    ("MD", {"n1i": 0, "m1i": 1, "sd1i": 1, "n2i": 5, "m2i": 1, "sd2i": 1}, {}, r"one person: row 0 \(n1i 0, n2i 5\)"),
    ("SMD", {"n1i": 5, "m1i": 1, "sd1i": -1, "n2i": 5, "m2i": 1, "sd2i": 1}, {}, "must not be negative"),
    ("SMD", {"di": 1, "n1i": 5, "n2i": 5}, {"vtype": "XX"}, "LS, LS2, UB, AV, RevMan"),
    ("SMD", {"di": 1, "n1i": 5, "n2i": 5}, {"correct": "no"}, "approximate"),
    ("SMD", {"pi": 0, "n1i": 5, "n2i": 5}, {}, "above 0"),
    ("SMD", {"fi": 2, "signi": 0, "n1i": 5, "n2i": 5}, {}, "which group has more"),
    ("SMD", {"fi": -2, "signi": 1, "n1i": 5, "n2i": 5}, {}, "F must not"),
    ("MC", {"m1i": 1, "m2i": 1, "sd1i": 1, "sd2i": 1, "ni": 5, "ri": 1.2}, {}, "between -1 and 1"),
    ("MC", {"m1i": 1, "m2i": 1, "sd1i": 1, "sd2i": 1, "ni": 0, "ri": 0.2}, {}, "one person"),
    ("COR", {"ri": 1.1, "ni": 5}, {}, "between -1 and 1"),
    ("COR", {"ri": 0.1, "ni": 0}, {}, "one person"),
    ("COR", {"pi": 2, "ni": 9}, {}, "at most 1"),
    ("PCOR", {"ri": 0.1, "mi": 0, "ni": 9}, {}, "at least one"),
    ("SPCOR", {"ri": 0.6, "mi": 2, "ni": 9, "r2i": 0.1}, {}, "explain less"),
    ("SPCOR", {"ti": 0.6, "mi": 2, "ni": 9, "r2i": 1.1}, {}, "R2 lies"),
    ("R2", {"r2i": -0.1, "ni": 9}, {}, "R2 lies"),
    ("ARAW", {"ai": 1.1, "mi": 3, "ni": 9}, {}, "at most 1"),
    ("ABT", {"ai": 0.9, "mi": 1, "ni": 9}, {}, "two items"),
    ("GEN", {"yi": 1, "vi": -1}, {}, "variances must not"),
    ("GEN", {"yi": 1, "sei": -1}, {}, "standard errors must not"),
    ("GEN", {"yi": 3, "lowi": 1, "highi": 2}, {}, "outside its own interval"),
    ("GEN", {"yi": 1.5, "lowi": 1, "highi": 2}, {"level": 95}, "between 0 and 1"),
    ("GEN", {"yi": 1.5, "lowi": 1, "highi": 2, "dfi": 0}, {}, "degrees of freedom"),
    ("GEN", {"yi": -1, "vi": 1}, {"ratio": True}, "above 0"),
    ("GEN", {"yi": -1, "zi": 1}, {}, "sign of its effect"),
    ("HR", {"hri": 0, "sei": 1}, {}, "above 0"),
    ("HR", {"oei": 0, "voei": 0}, {}, "must be above 0"),
    ("HR", {"pi": 0.1, "eventsi": 0, "n1i": 4, "n2i": 4}, {}, "there must be events"),
]


@pytest.mark.parametrize(("measure", "columns", "options", "message"), BAD)
def test_impossible_numbers_are_refused(measure, columns, options, message):
    with pytest.raises(ValueError, match=message):
        effect_sizes({name: [value] for name, value in columns.items()}, measure, **options)


def test_impossible_conversions_are_refused():
    for call, message in (
        (lambda: paired.correlation_from_changes(1.0, 1.0, 3.0), "no correlation"),
        (lambda: convert.smd_to_correlation(0.1, 0.1, sense="phi"), "sense"),
        (lambda: convert.smd_to_correlation(0.1, 0.1, 10), "both groups"),
        (lambda: convert.rr_to_or(1.0, 1.1, 1.2, 0.1), "outside its own interval"),
        (lambda: convert.rr_to_or(0.0, 0.0, 1.2, 0.1), "above 0"),
        (lambda: convert.delta_method(1.5, 0.1, np.arctanh), "no value"),
        (lambda: convert.delta_method(0.9999, 0.1, np.arctanh), "give `slope`"),
        (lambda: convert.smd_to_mean_difference(1.0, 0.1, 0.0), "above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_batches_and_averages_run_along_the_last_axis():
    d, n1, n2 = np.array([[0.2, 0.5, np.nan], [0.9, 0.1, 0.3]]), np.array([10, 20, 30]), 25
    both = standardised.standardised(d, n1, n2, vtype="AV")
    for row in (0, 1):
        assert standardised.standardised(d[row], n1, n2, vtype="AV").v == pytest.approx(both.v[row], nan_ok=True)
    assert np.isnan(both.v).tolist() == [[False, False, True], [False] * 3]


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "ROM", "CVR", "SMCRPH", "UCOR", "RBIS", "ABT", "GEN"])
def test_ten_thousand_studies_have_variances(measure):
    random, k = np.random.default_rng(3), 10_000
    recipe = recipes()[measure].inputs[0]
    columns = {role: random.uniform(4.0, 9.0, k) for role in recipe.roles}
    columns |= {role: random.integers(5, 500, k) for role in recipe.roles if role in ("n1i", "n2i", "ni")}
    columns |= {role: random.uniform(-0.9, 0.9, k) for role in recipe.roles if role in ("ri", "ai")}
    columns |= {role: np.full(k, 12) for role in recipe.roles if role == "mi"}
    assert effect_sizes(columns, measure)["vi"].gt(0).all()


def test_empty_tables_and_missing_numbers():
    for name, recipe in recipes().items():
        for inputs in recipe.inputs:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                none = effect_sizes({role: [] for role in (*inputs.roles, *inputs.optional)}, name)
                assert (none["yi"].size, none["vi"].size) == (0, 0)
                blank = effect_sizes({role: [np.nan] for role in (*inputs.roles, *inputs.optional)}, name)
                assert blank[["yi", "vi"]].isna().all(axis=None), name


def test_biserial_correlation_beyond_one_has_the_variance_of_one():
    columns = {"n1i": [3], "m1i": [1.0], "sd1i": [1.0], "n2i": [14], "m2i": [5.0], "sd2i": [1.0]}
    effect = effect_sizes(columns, "RBIS").iloc[0]
    assert (effect["yi"], effect["vi"]) == pytest.approx((-1.252497451, 0.0132448177), rel=1e-9)  # metafor 3.8-1


@given(n1=st.integers(1, 10_000), n2=st.integers(1, 10_000), d=st.floats(-50, 50))
def test_biserial_correlation_has_a_variance_at_every_split(n1, n2, d):
    assume(n1 + n2 > 2)
    assert biserial.biserial_of_d(d, n1, n2).v > 0
