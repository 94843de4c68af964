"""Effects from counts: what must hold whatever the numbers, and how tables of studies are read."""

import math
import warnings

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy import integrate, optimize, stats

from metaan.effects import binary, paired_counts, rates, reconstruct, single, tetrachoric
from metaan.effects.back import mean_printed
from metaan.effects.sizes import effect_sizes, recipes
from metaan.terms.measures import MEASURES, POOLED

BCG = {
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}
OF_TABLES = (
    binary.log_odds_ratio,
    binary.log_risk_ratio,
    binary.risk_difference,
    binary.arcsine_difference,
    binary.probit_difference,
    binary.peto_log_odds_ratio,
    binary.phi_coefficient,
    binary.yule_q,
    binary.yule_y,
    binary.smd_logistic,
    binary.smd_normal,
    tetrachoric.tetrachoric,
)
cell = st.integers(1, 60)
table = st.tuples(cell, cell, cell, cell)


@pytest.mark.parametrize("function", OF_TABLES)
@given(cells=table)
def test_swapping_groups_or_outcomes_flips_the_sign(function, cells):
    a, b, c, d = cells
    one, rows = function(a, b, c, d), function(c, d, a, b)
    assert float(rows.y) == pytest.approx(-float(one.y), rel=1e-9, abs=1e-12)
    assert float(rows.v) == pytest.approx(float(one.v), rel=1e-9)
    if function is not binary.log_risk_ratio:  # the risk ratio alone knows which outcome is the event
        columns = function(b, a, d, c)
        assert float(columns.y) == pytest.approx(-float(one.y), rel=1e-9, abs=1e-12)
        assert float(columns.v) == pytest.approx(float(one.v), rel=1e-9)


@pytest.mark.parametrize("function", OF_TABLES)
@given(cells=table, times=st.sampled_from([2.0, 10.0, 1e6]))
def test_more_people_alike_change_the_variance_only(function, cells, times):
    few, many = function(*cells), function(*(times * n for n in cells))
    n = sum(cells)
    expected = (n * times - 1) / (n - 1) if function is binary.peto_log_odds_ratio else times
    if function is binary.peto_log_odds_ratio:
        assert float(many.y) == pytest.approx(float(few.y) * expected / times, rel=1e-9, abs=1e-12)
        return
    assert float(many.y) == pytest.approx(float(few.y), rel=1e-9, abs=1e-12)
    assert float(few.v) / float(many.v) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("function", OF_TABLES)
def test_batches_equal_their_rows(function):
    random = np.random.default_rng(5)
    cells = random.integers(0, 9, size=(4, 3, 6)).astype(float) + np.array([0, 1, 0, 1]).reshape(4, 1, 1)
    for to in ("only0", "if0all", "all", "none"):
        batch = function(*cells, to=to)
        assert batch.y.shape == (3, 6)
        for i in range(3):
            row = function(*cells[:, i], to=to)
            np.testing.assert_allclose(batch.y[i], row.y, rtol=1e-12)
            np.testing.assert_allclose(batch.v[i], row.v, rtol=1e-12)
        if to != "if0all":
            order = random.permutation(6)
            np.testing.assert_allclose(function(*cells[..., order], to=to).y, batch.y[:, order], rtol=1e-12)


def slopes(f, p, step=1e-6):
    """Return the derivatives of a function of proportions by central differences."""
    found = []
    for i in range(len(p)):
        up, down = list(p), list(p)
        up[i] += step
        down[i] -= step
        found.append((f(*up) - f(*down)) / (2 * step))
    return np.array(found)


@given(table)
def test_variance_of_phi_is_that_of_the_delta_method(cells):
    a, b, c, d = cells
    n = a + b + c + d
    p = np.array(cells) / n

    def phi(a, b, c, d):
        return float(binary.phi_coefficient(1e6 * a, 1e6 * b, 1e6 * c, 1e6 * d).y)

    g = slopes(phi, p)
    cross = (g @ (p * g) - (g @ p) ** 2) / n
    assert float(binary.phi_coefficient(*cells, vtype="CS").v) == pytest.approx(cross, rel=1e-4, abs=1e-9)

    n1, n2 = a + b, c + d

    def phi_of_risks(p1, p2):
        return float(binary.phi_coefficient(1e6 * n1 * p1, 1e6 * n1 * (1 - p1), 1e6 * n2 * p2, 1e6 * n2 * (1 - p2)).y)

    p1, p2 = a / n1, c / n2
    g1, g2 = slopes(phi_of_risks, (p1, p2))
    stratified = g1**2 * p1 * (1 - p1) / n1 + g2**2 * p2 * (1 - p2) / n2
    assert float(binary.phi_coefficient(*cells, vtype="ST").v) == pytest.approx(stratified, rel=1e-4, abs=1e-9)


@given(st.tuples(*[st.integers(1, 400)] * 4))
def test_tetrachoric_correlation_gives_back_the_table(cells):
    a, b, c, _ = cells
    n = sum(cells)
    r = float(tetrachoric.tetrachoric(*cells).y)
    h, k = stats.norm.ppf([(a + b) / n, (a + c) / n])
    share = stats.multivariate_normal([0, 0], [[1, r], [r, 1]], allow_singular=True).cdf([h, k])
    assert share == pytest.approx(a / n, abs=2e-6)  # scipy's distribution function is good to about 1e-6


@pytest.mark.parametrize("cells", [(40, 10, 10, 40), (5, 12, 30, 9), (300, 20, 25, 4), (1, 50, 60, 2)])
def test_tetrachoric_correlation_is_the_maximum_likelihood_estimate(cells):
    # Plackett's identity: the derivative of the distribution function by the correlation is the density, so the
    # probability of the first cell is an integral over correlations, done here by adaptive quadrature.
    a, b, c, _ = cells
    n = sum(cells)

    def log_likelihood(x):
        h, k, r = x
        inner = integrate.quad(
            lambda u: math.exp(-(h * h + k * k - 2 * h * k * math.sin(u)) / (2 * math.cos(u) ** 2)) / (2 * math.pi),
            0,
            math.asin(r),
            epsabs=1e-13,
            epsrel=1e-12,
        )[0]
        p = stats.norm.cdf(h) * stats.norm.cdf(k) + inner
        row, column = stats.norm.cdf(h), stats.norm.cdf(k)
        return sum(x * math.log(q) for x, q in zip(cells, (p, row - p, column - p, 1 - row - column + p), strict=True))

    y, v = (float(x) for x in tetrachoric.tetrachoric(*cells))
    at = np.array([*stats.norm.ppf([(a + b) / n, (a + c) / n]), y])
    best = log_likelihood(at)
    assert best == pytest.approx(sum(x * math.log(x / n) for x in cells), abs=1e-9)  # the saturated maximum
    steps = np.array([1e-4, 1e-4, 1e-3 * (1 - abs(y))])
    hessian = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            e, f = np.eye(3)[i] * steps, np.eye(3)[j] * steps
            corners = [log_likelihood(at + s * e + t * f) * s * t for s in (1, -1) for t in (1, -1)]
            hessian[i, j] = sum(corners) / (4 * steps[i] * steps[j])
    assert v == pytest.approx(np.linalg.inv(-hessian)[2, 2], rel=1e-3)


def test_tetrachoric_correlation_at_its_ends():
    # Cuts at the medians: the share of one quadrant is 1/4 + asin(r) / (2 pi) (Sheppard).
    for r in (-0.999, -0.5, 0.0, 0.3, 0.9999):
        a = 0.25 + math.asin(r) / (2 * math.pi)
        got = tetrachoric.tetrachoric(1000 * a, 1000 * (0.5 - a), 1000 * (0.5 - a), 1000 * a)
        assert float(got.y) == pytest.approx(r, abs=1e-12)
    assert np.isnan(tetrachoric.tetrachoric(0, 5, 5, 9).y)
    assert float(tetrachoric.tetrachoric(0, 5, 5, 9, add=0.5).y) < 0


def test_proportional_rows_have_no_tetrachoric_correlation():
    got = tetrachoric.tetrachoric([10, 2, 300], [30, 4, 100], [20, 30, 30], [60, 60, 10])
    assert got.y == pytest.approx(np.zeros(3), abs=1e-14)


def test_tetrachoric_correlation_of_lopsided_tables():
    # The smallest cell is one in some ten thousand; the probability of it is found by quadrature over the correlation.
    a, b, c, d = 254.0, 28.0, 4.0, 278.0
    for cells in ((a, b, c, d), (3.0, 20000.0, 9000.0, 40.0), (9000.0, 1.0, 700.0, 12000.0)):
        n = sum(cells)
        h, k = stats.norm.ppf([(cells[0] + cells[1]) / n, (cells[0] + cells[2]) / n])
        t = math.asin(float(tetrachoric.tetrachoric(*cells).y))
        got = integrate.quad(
            lambda u, h=h, k=k: math.exp(-((h - k) ** 2 / math.cos(u) ** 2 / 2 + h * k / (1 + math.sin(u)))),
            0.0,
            t,
            epsabs=1e-14,
            limit=500,
        )[0]
        share = stats.norm.cdf(h) * stats.norm.cdf(k) + got / (2 * math.pi)
        assert share == pytest.approx(cells[0] / n, abs=1e-11)


@given(table)
def test_the_probit_difference_is_near_the_scaled_odds_ratio_in_the_middle(cells):
    p = np.array([0.45, 0.55, 0.5, 0.5]) * 1e4
    probit, cox = binary.probit_difference(*p), binary.smd_normal(*p)
    assert float(probit.y) == pytest.approx(float(cox.y), rel=0.05)
    a, b, c, d = cells
    by_hand = stats.norm.ppf(a / (a + b)) - stats.norm.ppf(c / (c + d))
    assert float(binary.probit_difference(*cells).y) == pytest.approx(by_hand, abs=1e-12)


def test_arms_share_the_treatment_arm_correction():
    # Arms of 40 and 120: 0.25 is added in the small one, 0.75 in the large one (Sweeting 2004, equation 4).
    got = binary.log_odds_ratio(0, 40, 2, 118, add="TACC")
    assert float(got.y) == pytest.approx(math.log(0.25 * 118.75 / (40.25 * 2.75)))
    equal = binary.log_odds_ratio(0, 40, 2, 38, add="TACC")
    assert float(equal.y) == pytest.approx(float(binary.log_odds_ratio(0, 40, 2, 38).y))


@given(st.tuples(*[st.integers(1, 60)] * 2), st.tuples(*[st.floats(1.0, 1e4)] * 2), st.sampled_from([1e-6, 12, 1e6]))
def test_rates_in_another_unit_of_time(events, time_at_risk, unit):
    (x1, x2), (t1, t2) = events, time_at_risk
    years, units = rates.log_rate_ratio(x1, t1, x2, t2), rates.log_rate_ratio(x1, t1 * unit, x2, t2 * unit)
    assert float(units.y) == pytest.approx(float(years.y), rel=1e-9, abs=1e-12)
    assert float(units.v) == float(years.v)
    years, units = rates.rate_difference(x1, t1, x2, t2), rates.rate_difference(x1, t1 * unit, x2, t2 * unit)
    assert float(units.y) * unit == pytest.approx(float(years.y), rel=1e-9, abs=1e-12 * x1 / t1)
    assert float(units.v) * unit**2 == pytest.approx(float(years.v))
    for function in (rates.log_rate_ratio, rates.rate_difference, rates.root_rate_difference):
        one, other = function(x1, t1, x2, t2), function(x2, t2, x1, t1)
        assert (float(other.y), float(other.v)) == pytest.approx((-float(one.y), float(one.v)))


@given(st.integers(0, 80), st.integers(1, 80))
def test_proportions_return_from_their_scales(x, n):
    x = min(x, n)
    for name, function in (
        ("PR", single.proportion),
        ("PAS", single.arcsine_proportion),
        ("PFT", single.double_arcsine_proportion),
        ("PLO", single.logit_proportion),
        ("PLN", single.log_proportion),
    ):
        size = n if name == "PFT" else None
        y = float(function(x, n, add=0).y)
        if math.isnan(y):
            assert x in (0, n)
            continue
        assert MEASURES[name].printed(y, size) == pytest.approx(x / n, abs=1e-14)
        if 0 < x < n:
            assert MEASURES[name].working(x / n, size) == pytest.approx(y, abs=1e-12)


@given(st.floats(0, 50), st.floats(0.01, 1e5))
def test_rates_return_from_their_scales(x, t):
    for name, function in (("IR", rates.rate), ("IRS", rates.root_rate), ("IRFT", rates.freeman_tukey_rate)):
        y = float(function(x, t, add=0).y)
        assert MEASURES[name].printed(y, t) == pytest.approx(x / t, rel=1e-9, abs=1e-12 / t)
        assert MEASURES[name].working(x / t, t) == pytest.approx(y)


def test_what_lies_beyond_a_scale_is_printed_as_its_end():
    assert [MEASURES["PAS"].printed(x) for x in (-0.2, 2.0)] == [0.0, 1.0]
    assert [MEASURES["PFT"].printed(x, 20) for x in (-0.2, 0.05, 1.53, 2.0)] == [0.0, 0.0, 1.0, 1.0]
    assert MEASURES["IRS"].printed(-0.1) == MEASURES["IRFT"].printed(0.001, 4) == 0.0
    assert MEASURES["PLO"].printed(-800.0) == 0.0
    assert MEASURES["PLO"].printed(800.0) == 1.0
    for name, what in (("PFT", "people"), ("IRFT", "person-time")):
        with pytest.raises(ValueError, match=what):
            MEASURES[name].printed(0.4)
        with pytest.raises(ValueError, match=what):
            MEASURES[name].working(0.4, 0)
    for value in (0.0, 1.0):
        with pytest.raises(ValueError):
            MEASURES["PLO"].working(value)


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in ("PFT", "IRFT")])
@given(x=st.floats(0.01, 0.95))
def test_every_scale_goes_there_and_back(name, x):
    m = MEASURES[name]
    assert m.printed(m.working(x)) == pytest.approx(x)
    if m.compares:
        assert m.printed(m.working(m.null)) == pytest.approx(m.null)
        assert m.ratio_of
    else:
        assert math.isnan(m.null)


def test_mean_proportion_of_studies():
    assert mean_printed("PLO", 0.0, 2.0) == pytest.approx(0.5)
    assert mean_printed("PLO", -1.0, 0.0) == MEASURES["PLO"].printed(-1.0)
    assert mean_printed("IRLN", 0.4, 0.3) == pytest.approx(math.exp(0.55))
    for tau2 in (0.01, 1.0, 25.0):
        density = stats.norm(-1.5, math.sqrt(tau2)).pdf
        exact = integrate.quad(lambda x, f=density: f(x) / (1 + math.exp(-x)), -60, 60, epsabs=1e-13, limit=400)[0]
        assert mean_printed("PLO", -1.5, tau2) == pytest.approx(exact, abs=1e-12)
    with pytest.raises(ValueError, match="tau2"):
        mean_printed("PLO", 0.0, -1.0)


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_exact_intervals_match_the_binomial_test(x, n, level):
    x = min(x, n)
    low, high = single.exact_interval(x, n, level)
    exact = stats.binomtest(x, n).proportion_ci(level, method="exact")
    assert (float(low), float(high)) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_pairs_that_are_independent_give_the_variance_of_two_groups():
    # Product table of margins 30/70 and 50/50: the pairing adds nothing.
    a, b, c, d = 15.0, 15.0, 35.0, 35.0
    paired, groups = paired_counts.paired_log_odds_ratio(a, b, c, d), binary.log_odds_ratio(30, 70, 50, 50)
    assert (float(paired.y), float(paired.v)) == pytest.approx((float(groups.y), float(groups.v)))
    difference, two = paired_counts.paired_risk_difference(a, b, c, d), binary.risk_difference(30, 70, 50, 50)
    assert (float(difference.y), float(difference.v)) == pytest.approx((float(two.y), float(two.v)))
    ratio, two = paired_counts.paired_log_risk_ratio(a, b, c, d), binary.log_risk_ratio(30, 70, 50, 50)
    assert (float(ratio.y), float(ratio.v)) == pytest.approx((float(two.y), float(two.v)))


@given(table)
def test_swapping_the_conditions_of_pairs_flips_the_sign(cells):
    a, b, c, d = cells
    for recipe in paired_counts.RECIPES:
        one, other = recipe.inputs[0].function(a, b, c, d), recipe.inputs[0].function(a, c, b, d)
        assert (float(other.y), float(other.v)) == pytest.approx((-float(one.y), float(one.v)), abs=1e-12)


def test_pairs_without_a_contrast_are_dropped():
    with pytest.warns(UserWarning, match="no pair in which"):
        frame = effect_sizes({"ai": [4, 3], "bi": [0, 2], "ci": [0, 1], "di": [9, 4]}, "MPORC")
    assert frame["yi"].isna().tolist() == [True, False]
    kept = effect_sizes({"ai": [4], "bi": [0], "ci": [0], "di": [9]}, "MPORC", drop00=False)
    assert (kept["yi"].item(), kept["vi"].item()) == (0.0, 4.0)


@given(table)
def test_tables_are_rebuilt_from_their_margins(cells):
    a, b, c, d = cells
    margins = (sum(cells), a + b, a + c)
    for rebuilt in (
        reconstruct.table_from_odds_ratio(a * d / (b * c), *margins),
        reconstruct.table_from_phi(binary.phi_coefficient(*cells).y, *margins),
    ):
        assert [float(x) for x in rebuilt] == [a, b, c, d]
    exact = reconstruct.table_from_odds_ratio(a * d / (b * c), *margins, whole=False)
    assert float(exact.a) == pytest.approx(a, rel=1e-9)


def test_margins_that_are_none_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        reconstruct.table_from_odds_ratio(0.0, 10, 5, 5)
    with pytest.raises(ValueError, match="margins"):
        reconstruct.table_from_odds_ratio(2.0, 10, 11, 5)
    with pytest.raises(ValueError, match="do not allow"):
        reconstruct.table_from_phi(0.9, 100, 50, 5)
    assert float(reconstruct.table_from_odds_ratio(1.0, 100, 50, 30).a) == 15


def test_large_counts_keep_their_digits():
    # 1e12 people a group and risks that differ in the seventh digit
    n, x = 1e12, 3e11
    got = binary.log_risk_ratio(x + 1e5, n - x - 1e5, x, n - x)
    assert float(got.y) == pytest.approx(math.log1p(1e5 / x), rel=1e-8)
    root = optimize.brentq(lambda y: math.expm1(y) - 1e5 / x, 0, 1, xtol=1e-22)
    assert float(got.y) == pytest.approx(root, rel=1e-8)


# tables of studies


def test_totals_and_other_column_names_give_the_same():
    direct = effect_sizes(BCG, "RR")
    frame = pd.DataFrame(
        {"events": BCG["ai"], "treated": BCG["n1i"], "ci": BCG["ci"], "n2i": BCG["n2i"]}, index=list("abcdefghijklm")
    )
    got = effect_sizes(frame, measure="RR", ai="events", n1i="treated")
    assert got["yi"].tolist() == direct["yi"].tolist()
    assert list(got.index) == list("abcdefghijklm")
    assert "yi" not in frame
    both = dict(BCG, bi=[n - a if i % 2 else math.nan for i, (a, n) in enumerate(zip(BCG["ai"], BCG["n1i"]))])  # noqa: B905
    assert effect_sizes(both, "RR")["yi"].tolist() == direct["yi"].tolist()  # each study gives one or the other


def test_dropped_tables_stay_in_their_row_and_are_named():
    counts = {"ai": [0, 5, 9], "bi": [20, 15, 0], "ci": [0, 6, 8], "di": [21, 14, 0]}
    with pytest.warns(UserWarning, match="row 0, 2"):
        frame = effect_sizes(counts, measure="RR")
    assert frame["yi"].isna().tolist() == [True, False, True]
    assert frame["vi"].isna().tolist() == [True, False, True]
    with pytest.warns(UserWarning, match="study Aoki, Ebina:"):
        effect_sizes({"study": ["Aoki", "Mori", "Ebina"], **counts}, measure="OR")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert effect_sizes(counts, measure="RD")["yi"].notna().all()  # no events are an answer on this scale


def test_missing_numbers_give_no_effect_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = effect_sizes({"ai": [5, None], "bi": [45, 40], "ci": [9, 12], "di": [42, 46]}, "OR")
        assert frame["yi"].isna().tolist() == [False, True]
        for measure in ("OR", "RD", "PHI", "RTET"):
            empty = effect_sizes({"ai": [], "bi": [], "ci": [], "di": []}, measure)
            assert list(empty.columns) == ["ai", "bi", "ci", "di", "yi", "vi"]
            assert len(empty) == 0


def test_rows_of_nullable_and_text_columns():
    frame = pd.DataFrame({"xi": pd.array([3, None, 5], dtype="Int64"), "ni": ["10", "20", "30"]})
    got = effect_sizes(frame, "PR")
    assert got["yi"].tolist() == pytest.approx([0.3, math.nan, 1 / 6], nan_ok=True)


TWO = {"ai": [5, 5], "bi": [3, 3], "ci": [2, 2], "di": [10, 10]}


@pytest.mark.parametrize(
    ("given_table", "options", "message"),
    [
        ({"ai": [5], "bi": [-3], "ci": [2], "di": [10]}, {}, "negative: row 0"),
        ({"ai": [5], "n1i": [4], "ci": [2], "n2i": [10]}, {}, r"ai at most n1i: row 0 \(ai 5, n1i 4\)"),
        ({"ai": [0], "bi": [0], "ci": [2], "di": [10]}, {}, "empty"),
        ({"ai": [5], "bi": [3], "n1i": [9], "ci": [2], "di": [10]}, {}, "n1i must be ai plus bi"),
        ({"ai": [5], "ci": [2], "di": [10]}, {}, "bi or n1i"),
        ({"bi": [5], "ci": [2], "di": [10]}, {}, "no column for ai"),
        ({"ai": [5]}, {"measure": "XYZ"}, "OR, RR, RD"),
        ({"ai": [5]}, {"m1i": "x"}, "no role m1i"),
        ({"ai": [5]}, {"ai": "x"}, "no column x"),
        ({"ai": [5]}, {"ai": [5]}, "must name a column"),
        ({"ai": [5]}, {"vtype": "LS"}, "no role vtype.*its options are add, to, drop00"),
        (TWO, {"to": "some"}, "only0"),
        (TWO, {"add": -1}, "add must be"),
        (TWO, {"add": "half"}, "TACC"),
        (TWO, {"measure": "RR", "total_adds": 2}, "once or twice"),
        (TWO, {"measure": "PHI", "vtype": "LS"}, "ST or CS"),
        (TWO | {"study": ["Aoki", "Mori"], "ai": [5, -1]}, {}, "study Mori"),
        (TWO | {"slab": ["Aoki", "Aoki"], "ai": [5, -1]}, {}, "row 1"),
        (TWO | {"who": ["Aoki", "Mori"], "ai": [-1, 5]}, {"labels": "who"}, "study Aoki"),
        (TWO, {"labels": "who"}, "no column who"),
        (TWO | {"ai": ["5", "NR"]}, {}, "'NR': row 1"),
        (TWO | {"ai": [5, math.inf]}, {}, "finite numbers: row 1"),
        ({"x1i": [5], "t1i": [0], "x2i": [1], "t2i": [3]}, {"measure": "IRR"}, "person-time must be above 0"),
        ({"x1i": [-5], "t1i": [1], "x2i": [1], "t2i": [3]}, {"measure": "IRD"}, "events must not be negative"),
        ({"xi": [5], "ni": [4]}, {"measure": "PLO"}, "between 0 and the total"),
        ({"xi": [0], "ni": [0]}, {"measure": "PFT"}, "empty"),
        ({"xi": [5]}, {"measure": "PR"}, "no column for ni, which PR needs; or give xi mi"),
        ({"xi": [5], "ti": [-2]}, {"measure": "IR"}, "person-time"),
        ({"mi": [5], "sdi": [-2], "ni": [4]}, {"measure": "MN"}, "standard deviations"),
        ({"mi": [5], "sdi": [2], "ni": [0]}, {"measure": "MNLN"}, "one person"),
        ({"ai": [0], "bi": [0], "ci": [0], "di": [0]}, {"measure": "MPRR"}, "one pair"),
    ],
)  # fmt: skip
def test_impossible_tables_are_refused(given_table, options, message):
    with pytest.raises(ValueError, match=message):
        effect_sizes(given_table, **options)


def test_a_column_twice_is_refused():
    frame = pd.DataFrame([[5, 6, 3, 2, 10]], columns=["ai", "ai", "bi", "ci", "di"])
    with pytest.raises(ValueError, match="more than one column ai"):
        effect_sizes(frame)


def test_counts_can_be_given_as_the_other_part():
    parts = effect_sizes({"xi": [3, 0], "mi": [7, 12]}, "PLO")
    whole = effect_sizes({"xi": [3, 0], "ni": [10, 12]}, "PLO")
    assert parts["yi"].tolist() == whole["yi"].tolist()


def test_logarithms_that_do_not_exist_are_named():
    with pytest.warns(UserWarning, match="row 0, 2"):
        frame = effect_sizes({"mi": [-1.0, 4.0, 4.0], "sdi": [1.0, 1.0, 0.0], "ni": [10, 10, 10]}, "CVLN")
    assert frame["yi"].notna().tolist() == [False, True, False]


def test_every_recipe_has_its_words():
    assert set(POOLED) <= set(MEASURES)
    for name, recipe in recipes().items():
        assert recipe.measure.name == name
        assert recipe.measure.label
        assert not set(recipe.roles) & set(recipe.options)


@pytest.mark.parametrize("measure", ["OR", "RR", "PETO", "PHI", "RTET", "IRR", "PFT"])
def test_ten_thousand_studies_have_variances(measure):
    random = np.random.default_rng(3)
    columns = {role: random.integers(1, 200, 10_000) for role in ("ai", "bi", "ci", "di", "x1i", "x2i", "xi")}
    columns |= {role: random.integers(200, 400, 10_000) for role in ("t1i", "t2i", "ni")}
    frame = effect_sizes(columns, measure)
    assert frame["vi"].gt(0).all()
