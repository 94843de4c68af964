"""What pooled tables must do whatever the data, and data at the edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.effects.binary import log_odds_ratio
from metaan.pooling.glmm.noncentral import NoncentralHypergeometric, conditional_estimates
from metaan.pooling.tables.mantel_haenszel import METHODS, pool_rates, pool_tables
from metaan.pooling.tables.table_tests import expected_cell

CELL = st.integers(0, 400)
TABLE = st.tuples(CELL, CELL, CELL, CELL).filter(lambda t: t[0] + t[1] > 0 and t[2] + t[3] > 0)
TABLES = st.lists(TABLE, min_size=1, max_size=8).map(lambda rows: np.array(rows, float).T)
FULL = st.lists(st.tuples(*[st.integers(1, 400)] * 4), min_size=2, max_size=8).map(lambda rows: np.array(rows, float).T)
WAYS = [(measure, method) for measure, methods in METHODS.items() for method in methods]
NUMBERS = ("estimate", "se", "q", "cmh", "breslow_day", "tarone")


def figures(pooled):
    return np.array([getattr(pooled, name) for name in NUMBERS])


def alike(one, two, rel=1e-9):
    np.testing.assert_allclose(one, two, rtol=rel, atol=1e-9)


@pytest.mark.parametrize(("measure", "method"), WAYS)
@settings(max_examples=40, deadline=None)
@given(tables=FULL)
def test_swapping_the_groups_flips_the_sign(measure, method, tables):
    a, b, c, d = tables
    one = pool_tables(a, b, c, d, measure=measure, method=method)
    two = pool_tables(c, d, a, b, measure=measure, method=method)
    alike(figures(one) * [-1, 1, 1, 1, 1, 1], figures(two))


@pytest.mark.parametrize("method", METHODS["OR"])
@settings(max_examples=40, deadline=None)
@given(tables=FULL)
def test_swapping_event_and_no_event_flips_the_log_odds_ratio(method, tables):
    a, b, c, d = tables
    alike(
        figures(pool_tables(a, b, c, d, method=method)) * [-1, 1, 1, 1, 1, 1],
        figures(pool_tables(b, a, d, c, method=method)),
    )


@pytest.mark.parametrize(("measure", "method"), WAYS)
@settings(max_examples=40, deadline=None)
@given(tables=TABLES, seed=st.integers(0, 99))
def test_order_does_not_matter_and_weights_follow(measure, method, tables, seed):
    order = np.random.default_rng(seed).permutation(tables.shape[1])
    one = pool_tables(*tables, measure=measure, method=method)
    two = pool_tables(*tables[:, order], measure=measure, method=method)
    alike(figures(one), figures(two))
    alike(np.array(one.weights)[order], two.weights)


@pytest.mark.parametrize(("measure", "method"), WAYS)
@settings(max_examples=40, deadline=None)
@given(tables=TABLES)
def test_a_batch_equals_one_by_one_and_a_mask_equals_leaving_out(measure, method, tables):
    k = tables.shape[1]
    batch = pool_tables(*tables, measure=measure, method=method, mask=~np.eye(k, dtype=bool))
    for i in range(k if k > 1 else 0):
        single = pool_tables(*np.delete(tables, i, axis=1), measure=measure, method=method)
        alike(figures(batch)[:, i], figures(single))
        alike(np.delete(batch.weights[i], i), single.weights)


@settings(max_examples=40, deadline=None)
@given(tables=FULL, times=st.integers(2, 5))
def test_duplicates_leave_the_estimate_and_divide_the_variance(tables, times):
    for measure, method in WAYS:
        one = pool_tables(*tables, measure=measure, method=method)
        many = pool_tables(*np.tile(tables, times), measure=measure, method=method)
        alike([many.estimate, many.se * times**0.5], [one.estimate, one.se])


@settings(max_examples=40, deadline=None)
@given(table=st.tuples(*[st.integers(1, 400)] * 4))
def test_one_table_is_its_own_odds_ratio(table):
    a, b, c, d = (np.array([float(cell)]) for cell in table)
    y, v = log_odds_ratio(a, b, c, d)
    for method in ("MH", "SSW"):
        pooled = pool_tables(a, b, c, d, method=method)
        alike([pooled.estimate, pooled.se], [y[0], v[0] ** 0.5])
        assert (pooled.q, pooled.i2, pooled.h2) == (0.0, 0.0, 1.0)


def test_statsmodels_agrees():
    statsmodels = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(1)
    tables = rng.integers(1, 60, size=(4, 9)).astype(float)
    a, b, c, d = tables
    other = statsmodels.StratifiedTable(np.array([[a, b], [c, d]]))
    ours = pool_tables(a, b, c, d)
    alike([ours.estimate, ours.se], [other.logodds_pooled, other.logodds_pooled_se])
    alike([ours.cmh, ours.cmh_p], [other.test_null_odds(correction=True).statistic, other.test_null_odds(True).pvalue])
    equal = other.test_equal_odds(adjust=True)
    alike([ours.tarone, ours.tarone_p], [equal.statistic, equal.pvalue])
    alike(ours.breslow_day, other.test_equal_odds(adjust=False).statistic)


@settings(max_examples=60, deadline=None)
@given(table=st.tuples(*[st.integers(1, 400)] * 4), log_or=st.floats(-8, 8))
def test_expected_cell_has_the_odds_ratio(table, log_or):
    n1, n2 = float(table[0] + table[1]), float(table[2] + table[3])
    m1 = float(table[0] + table[2])
    e = expected_cell(n1, n2, m1, np.exp(log_or))
    assert np.log(e) + np.log(n2 - m1 + e) - np.log(n1 - e) - np.log(m1 - e) == pytest.approx(log_or, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    table=st.tuples(*[st.integers(0, 60)] * 4).filter(
        lambda t: t[0] + t[1] > 0 and t[2] + t[3] > 0 and t[0] + t[2] > 0
    ),
    log_or=st.floats(-4, 4),
)
def test_noncentral_hypergeometric_agrees_with_scipy(table, log_or):
    from scipy.stats import nchypergeom_fisher

    a, b, c, d = (float(cell) for cell in table)
    ours = NoncentralHypergeometric(*(np.array([x]) for x in (a, a + b, c + d, a + c))).moments(np.array([[log_or]]))
    other = nchypergeom_fisher(int(a + b + c + d), int(a + c), int(a + b), np.exp(log_or))
    alike([part.item() for part in ours], [other.logpmf(a), other.mean(), other.var()], rel=1e-7)


def test_conditional_estimate_solves_its_equation_for_millions():
    a, n1, n2, m1 = (np.array([x]) for x in (4e5, 1e6, 1.2e6, 9e5))
    tables = NoncentralHypergeometric(a, n1, n2, m1)
    estimate, information, _ = conditional_estimates(tables)
    assert tables.moments(estimate[:, None]).mean.item() == pytest.approx(4e5, rel=1e-13)
    y, v = log_odds_ratio(a, n1 - a, m1 - a, n2 - m1 + a)  # so many that it is the unconditional one
    assert estimate.item() == pytest.approx(y.item(), abs=1e-5)
    assert 1 / information.item() == pytest.approx(v.item(), rel=1e-4)


def test_counts_of_millions_and_of_billions():
    tables = np.array([[3, 5], [9_999_997, 8_000_000], [7, 2], [9_000_000, 9_999_998]], float)
    for measure, method in WAYS:
        small = pool_tables(*tables, measure=measure, method=method)
        large = pool_tables(*(tables * 1000), measure=measure, method=method)
        assert large.se == pytest.approx(small.se / 1000**0.5, rel=1e-6)
        assert large.estimate == pytest.approx(small.estimate, rel=1e-6)


def test_nothing_happened_anywhere():
    for measure in ("OR", "RR"):
        nothing = pool_tables([0, 0], [10, 20], [0, 0], [12, 19], measure=measure)
        assert np.isnan([nothing.estimate, nothing.se, nothing.p, nothing.cmh]).all()
        assert (nothing.k, nothing.k_informative, nothing.k_effects) == (2, 0, 0)
    difference = pool_tables([0, 0], [10, 20], [0, 0], [12, 19], measure="RD")
    assert (difference.estimate, difference.se) == (0.0, 0.0)


def test_no_event_in_one_group_has_a_test_but_no_odds_ratio():
    pooled = pool_tables([2, 3], [38, 57], [0, 0], [41, 59])
    assert np.isnan([pooled.estimate, pooled.ci.low, pooled.breslow_day]).all()
    assert 0 < pooled.cmh_p < 0.1
    assert np.isfinite(pool_tables([2, 3], [38, 57], [0, 0], [41, 59], method="Peto").estimate)


def test_a_row_of_a_batch_without_tables_is_nan():
    pooled = pool_tables([2, 3], [38, 57], [1, 2], [41, 59], mask=[[True, True], [False, False]])
    assert pooled.k.tolist() == [2, 0]
    assert np.isnan(pooled.estimate).tolist() == [False, True]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (([1, -2], [3, 4], [1, 2], [3, 4]), r"not negative: a, at position 1 \(-2\)"),
        (([1, 2], [3, np.nan], [1, 2], [3, 4]), r"finite and not negative: b, at position 1 \(nan\)"),
        (([1, 0], [3, 0], [1, 2], [3, 4]), r"group 1 must not be empty; its total is 0, at position 1"),
        (([1], [3], [1, 2], [3, 4]), "same studies"),
        (([], [], [], []), "at least one"),
    ],
)
def test_bad_counts_are_named(cells, message):
    with pytest.raises(ValueError, match=message):
        pool_tables(*cells)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "HR"}, "measure must be one of OR, RR, RD"),
        ({"measure": "RR", "method": "Peto"}, "method for RR must be one of MH"),
        ({"method": "Peto", "sums_to": "only0"}, "leave it at none"),
        ({"to": "some"}, "to must be one of"),
        ({"add": -1.0}, "not negative"),
        ({"level": 95}, "between 0 and 1"),
        ({"mask": [1, 0]}, "True and False"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        pool_tables([1, 2], [3, 4], [5, 6], [7, 8], **options)


def test_masked_cells_may_hold_anything():
    clean = pool_tables([5, 12], [45, 88], [9, 18], [42, 81])
    dirty = pool_tables([5, np.nan, 12], [45, -1, 88], [9, 0, 18], [42, 0, 81], mask=[True, False, True])
    alike(figures(clean), figures(dirty))
    assert dirty.weights[1] == 0.0


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 50), st.floats(1, 1e4), st.integers(1, 50), st.floats(1, 1e4)), min_size=2, max_size=6
    ),
    unit=st.sampled_from([1e-6, 1e-3, 1e3, 1e6]),
)
def test_rates_know_no_unit_of_time(rows, unit):
    x1, t1, x2, t2 = np.array(rows, float).T
    for measure, method, power in (("IRR", "MH", 0), ("IRR", "Cochran", 0), ("IRD", "MH", -1)):
        one = pool_rates(x1, t1, x2, t2, measure=measure, method=method)
        two = pool_rates(x1, t1 * unit, x2, t2 * unit, measure=measure, method=method)
        np.testing.assert_allclose(
            [two.estimate, two.se], np.array([one.estimate, one.se]) * unit**power, rtol=1e-9, atol=1e-12 * unit**power
        )
        alike([two.q, two.cmh], [one.q, one.cmh])
        swapped = pool_rates(x2, t2, x1, t1, measure=measure, method=method)
        if method == "MH":
            alike([swapped.estimate, swapped.se], [-one.estimate, one.se])


def test_rare_events_in_rates_are_those_in_tables():
    x1, t1, x2, t2 = (np.array(x, float) for x in ([9, 8, 3], [4e9, 3e9, 5e9], [19, 19, 13], [4e9, 2e9, 4e9]))
    rates, tables = pool_rates(x1, t1, x2, t2), pool_tables(x1, t1 - x1, x2, t2 - x2, measure="RR")
    np.testing.assert_allclose(
        [rates.estimate, rates.se, rates.cmh], [tables.estimate, tables.se, tables.cmh], rtol=1e-7
    )


def test_ten_thousand_reviews_at_once():
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 50, size=(4, 10_000, 12)).astype(float) + np.array([0.0, 1.0, 0.0, 1.0])[:, None, None]
    pooled = pool_tables(*tables)
    some = pool_tables(*tables[:, 1234])
    alike(figures(pooled)[:, 1234], figures(some))
    assert pooled.to_frame().shape[0] == 10_000


def test_records_read_back_and_print():
    pooled = pool_tables([4, 6], [119, 300], [11, 29], [128, 274])
    assert type(pooled).from_dict(pooled.to_dict()) == pooled
    assert "estimate" in repr(pooled)
