"""Limit meta-analysis: figures of metasens, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_effects import meta_sets
from metaan.pooling.pool import pool
from metaan.robustness.limit import limit_meta_analysis
from oracle import CLOSED, Differs, comparison, comparisons_of, failed

METASENS = "metasens 1.5-2"


def sets():
    return [case for case in meta_sets() if not failed(case.theirs.get("limitmeta", {"error": ""}))]


def se_with_empty_rows(case, tau):
    """Standard error where rows without an effect count as studies of zero precision, as metasens has it."""
    x = np.concatenate([1.0 / np.sqrt(case.v + tau**2), np.zeros(case.left_out)])
    return math.sqrt(((1.0 - tau * x) ** 2).mean() / ((len(case.v) - 1) * x.var(ddof=1)))


@comparison("Limit meta-analysis", source=METASENS, rel=CLOSED, cases=sets)
def published(case):
    ours, theirs = limit_meta_analysis(case.y, case.v), case.theirs["limitmeta"]
    yield "estimate", ours.estimate, theirs["TE.adjust"], ours.se
    if case.left_out:
        why = "where rows have no effect, metasens counts them as studies of zero precision in this standard error"
        yield Differs("se", ours.se, theirs["seTE.adjust"], why)
        yield "se with rows of zero precision", se_with_empty_rows(case, theirs["tau"]), theirs["seTE.adjust"]
        yield Differs("low", ours.ci.low, theirs["lower.adjust"], why)
        yield Differs("high", ours.ci.high, theirs["upper.adjust"], why)
        if theirs["pval.adjust"] is not None:
            yield Differs("p", ours.p, theirs["pval.adjust"], why)
    else:
        yield "se", ours.se, theirs["seTE.adjust"]
        yield "low", ours.ci.low, theirs["lower.adjust"], ours.se
        yield "high", ours.ci.high, theirs["upper.adjust"], ours.se
        if theirs["pval.adjust"] is None:
            yield Differs("p", ours.p, None, "metasens tests no proportion against a transformed value of zero")
        else:
            yield "p", ours.p, theirs["pval.adjust"]
    yield "bias", ours.bias, theirs["alpha.r"], 1.0
    yield "slope", ours.slope, theirs["beta.r"], ours.se
    yield "Q small", ours.q_small, theirs["Q.small"], 1.0
    yield "Q rest", ours.q_rest, theirs["Q.resid"], 1.0
    yield "G2", ours.g2, theirs["G.squared"], 1.0
    yield "tau", math.sqrt(ours.tau2), theirs["tau"], case.v.min() ** 0.5


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


rows = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=12)


@given(rows, st.sampled_from([1e-6, 1e6]), st.floats(-5, 5))
def test_scale_shift_and_sign(pairs, scale, shift):
    y, v = np.array(pairs).T
    if np.ptp(np.sqrt(v)) < 1e-3:
        return
    plain, scaled = limit_meta_analysis(y, v), limit_meta_analysis(y * scale, v * scale**2)
    assert scaled.estimate / scale == pytest.approx(plain.estimate, rel=1e-6, abs=1e-6 * plain.se)
    assert scaled.se / scale == pytest.approx(plain.se, rel=1e-6)
    turned = limit_meta_analysis(shift - y, v)
    assert turned.estimate == pytest.approx(shift - plain.estimate, rel=1e-6, abs=1e-6 * (plain.se + 1))
    assert -1e-12 <= plain.g2 <= 1 + 1e-12


def test_without_heterogeneity_it_is_the_intercept_of_eggers_line():
    y, v = np.array([0.2, 0.3, 0.25, 0.4]), np.array([0.01, 0.1, 0.05, 0.3])
    found = limit_meta_analysis(y, v)
    assert found.tau2 == 0.0
    slope, intercept = np.polyfit(np.sqrt(v), y, 1, w=1 / np.sqrt(v))
    assert found.estimate == pytest.approx(intercept, rel=1e-9)
    assert found.bias == pytest.approx(slope, rel=1e-9)
    assert found.shrunken == pytest.approx([found.estimate] * 4)


def test_q_is_split_in_two():
    y, v = np.array([0.2, 0.9, -0.25, 1.4]), np.array([0.01, 0.1, 0.05, 0.3])
    found = limit_meta_analysis(y, v)
    assert found.q == pytest.approx(pool(y, v).q)
    assert found.q_small + found.q_rest == pytest.approx(found.q)


def test_refusals():
    with pytest.raises(ValueError, match="three studies"):
        limit_meta_analysis([0.1, 0.2], [0.1, 0.2])
    with pytest.raises(ValueError, match="all equal"):
        limit_meta_analysis([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="position 2"):
        limit_meta_analysis([0.1, 0.2, 0.3], [0.1, 0.2, -0.1])


def test_one_row_when_tabulated():
    assert len(limit_meta_analysis([0.1, 0.2, 0.4], [0.1, 0.2, 0.3]).to_frame()) == 1
