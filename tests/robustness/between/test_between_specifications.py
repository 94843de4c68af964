"""Multiverse on arrays: every analysis is the single fit it stands for, and each is counted once."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import oracle
from metaan.pooling.pool import pool
from metaan.robustness.between.specifications import INTERVALS, TAU2, combine, multiverse

REFERENCE = oracle.load("dat.hackshaw1998")
Y, V = (np.array(REFERENCE["data"][name]) for name in ("yi", "vi"))


@st.composite
def problems(draw):
    k = draw(st.integers(3, 7))
    y = draw(st.lists(st.floats(-2, 2).map(lambda x: round(x, 3)), min_size=k, max_size=k))
    v = draw(st.lists(st.floats(0.01, 2), min_size=k, max_size=k))
    masks = draw(st.lists(st.lists(st.booleans(), min_size=k, max_size=k), min_size=1, max_size=6))
    return np.array(y), np.array(v), {"all": [True] * k} | {f"choice {i}": mask for i, mask in enumerate(masks)}


def counted(y, v):
    """How many analyses one set of data gives: of equal effects, and of two studies, the normal interval alone."""
    intervals = INTERVALS if len(y) > 2 and np.ptp(y) else ("mKH", "Wald", "t") if len(y) > 2 else ("Wald",)
    return 7 * len(intervals) + 1


@settings(max_examples=25, deadline=None)
@given(problems())
def test_each_analysis_is_the_single_fit_and_the_counts_add_up(problem):
    y, v, masks = problem
    found = multiverse(y, v, masks)
    for i, name in enumerate(found.choices["studies"]):
        mask = np.array(masks[name])
        for estimator in found.choices["estimator"][i].split(", "):
            single = pool(y[mask], v[mask], tau2=estimator, interval=found.choices["interval"][i])
            ours = (found.estimate[i], found.ci.low[i], found.ci.high[i], found.tau2[i], found.i2[i])
            theirs = (single.estimate, single.ci.low, single.ci.high, single.tau2, single.i2)
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
            assert found.k[i] == mask.sum()
    different = {tuple(mask) for mask in masks.values() if sum(mask) > 1}
    assert found.data == len(different)
    assert found.fits == 8 * found.data  # EB and PM are one
    assert len(found.k) == sum(counted(y[list(mask)], v[list(mask)]) for mask in different)
    assert found.tried == found.possible == len(masks) * len(TAU2) * len(INTERVALS)
    assert found.tried == len(found.k) + found.repeated + found.unsuited + found.too_few
    assert found.too_few == 36 * sum(sum(mask) < 2 for mask in masks.values())


@settings(max_examples=15, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_studies_does_not_matter(problem, random):
    y, v, masks = problem
    order = random.sample(range(len(y)), len(y))
    moved = {name: [mask[i] for i in order] for name, mask in masks.items()}
    one, other = multiverse(y, v, masks), multiverse(y[order], v[order], moved)
    assert one.choices == other.choices
    assert other.estimate == pytest.approx(one.estimate, rel=1e-9, abs=1e-9)
    assert other.ci.low == pytest.approx(one.ci.low, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "tau2", "interval", "df", "tolerance"),
    [
        ("REML", "REML", "Wald", math.inf, oracle.EARLY),
        ("REML_knha", "REML", "HK", 35.0, oracle.EARLY),
        ("EE", "EE", "Wald", math.inf, oracle.CLOSED),
    ],
)
def test_leaving_out_each_study_of_passive_smoking_matches_metafor(key, tau2, interval, df, tolerance):
    theirs = REFERENCE["fits"]["GEN"]["leave1out"][key]
    masks = {name: np.arange(37) != i for i, name in enumerate(REFERENCE["data"]["study"])}
    found = multiverse(Y, V, masks, tau2=[tau2], interval=[interval])
    assert found.choices["studies"] == tuple(REFERENCE["data"]["study"])
    assert found.estimate == pytest.approx(theirs["estimate"], rel=tolerance)
    quantile = special.ndtri(0.975) if math.isinf(df) else special.stdtrit(df, 0.975)
    assert (found.ci.high - found.ci.low) / 2 / quantile == pytest.approx(theirs["se"], rel=tolerance)


def test_the_published_pooled_ratio_of_passive_smoking_is_one_of_them():
    # Hackshaw, Law and Wald 1997, BMJ 315:980: relative risk 1.24 (1.13 to 1.36)
    found = multiverse(Y, V)
    which = [
        i
        for i, pair in enumerate(zip(found.choices["estimator"], found.choices["interval"], strict=True))
        if pair == ("DL", "Wald")
    ]
    printed = np.exp([found.estimate[which], found.ci.low[which], found.ci.high[which]]).ravel()
    assert printed.round(2).tolist() == [1.24, 1.13, 1.36]


def test_estimators_of_one_equation_are_one_analysis():
    found = multiverse([0.1, 0.9, -0.3], [0.02, 0.03, 0.05], tau2=["PM", "EB", "DL"], interval=["Wald"])
    assert found.choices["estimator"] == ("PM, EB", "DL")
    assert (found.tried, found.repeated, found.fits) == (3, 1, 2)


def test_masks_that_leave_the_same_studies_are_one_analysis():
    y, v = [0.1, 0.9, -0.3, 0.4], [0.02, 0.03, 0.05, 0.04]
    nested = {
        "region": {"all": [True] * 4, "no Asia": [True, True, True, False]},
        "size": {"all": [True] * 4, "no pilot": [True, True, True, False]},
    }
    found = multiverse(y, v, nested, tau2=["DL"], interval=["Wald", "t"])
    assert (found.possible, found.tried, found.data, len(found.k), found.repeated) == (8, 8, 2, 4, 4)
    assert found.choices["size"] == ("all", "all", "no pilot", "no pilot")
    # one analysis counts under every level that leads to it
    assert found.medians["region"]["all"] == pytest.approx(np.median(found.estimate))
    assert found.medians["region"]["no Asia"] == pytest.approx(pool(y[:3], v[:3], tau2="DL").estimate)


def test_choices_are_combined_in_every_way():
    random = np.random.default_rng(3)
    y, v = random.normal(size=9), random.uniform(0.02, 0.2, 9)
    late, large = np.arange(9) > 2, v < 0.15
    everyone = np.ones(9, dtype=bool)
    masks = {"period": {"all": everyone, "late": late}, "size": {"all": everyone, "large": large}}
    found = multiverse(y, v, masks, tau2=["REML"], interval=["mKH"])
    expected = [pool(y[m], v[m]).estimate for m in (everyone, large, late, late & large)]
    assert sorted(found.estimate.tolist()) == pytest.approx(sorted(expected), abs=1e-12)
    assert found.medians["period"]["late"] == pytest.approx(np.median(expected[2:]))
    frame = found.to_frame()
    assert list(frame.columns) == [
        *("period", "size", "estimator", "interval"),
        *("k", "estimate", "ci_low", "ci_high", "tau2", "i2"),
    ]
    assert len(frame) == 4
    assert "4 different analyses of 4" in repr(found)


def test_equal_effects_and_two_studies_go_with_the_normal_interval_alone():
    y, v = [0.1, 0.9, -0.3], [0.02, 0.03, 0.05]
    found = multiverse(y, v, {"all": [True] * 3, "two": [True, True, False]}, tau2=["DL", "EE"])
    pairs = list(zip(found.choices["studies"], found.choices["estimator"], found.choices["interval"], strict=True))
    assert {interval for studies, _, interval in pairs if studies == "two"} == {"Wald"}
    assert [interval for studies, model, interval in pairs if (studies, model) == ("all", "EE")] == ["Wald"]
    # where nobody asks for that interval, what is asked for is done
    assert len(multiverse(y, v, tau2=["EE"], interval=["HK"]).k) == 1


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_combinations_are_complete_or_an_honest_sample(sizes, most):
    index, possible = combine(sizes, most, 7)
    rows = {tuple(row) for row in index.tolist()}
    assert possible == math.prod(sizes)
    assert len(rows) == len(index)
    assert (index >= 0).all()
    assert (index < sizes).all()
    assert not index[0].any()
    departures = (index > 0).sum(axis=1)
    assert (np.diff(departures) >= 0).all()
    single = sum(sizes) - len(sizes)
    assert (departures == 1).sum() == single
    assert len(index) == (possible if possible <= most else max(most, 1 + single))
    assert (combine(sizes, most, 7)[0] == index).all()


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"short": [True, False]}, "mask 'short' must hold True and False, one for each of 3 studies"),
        ({"numbers": [1, 1, 0]}, "mask 'numbers' must hold True and False"),
        ({"a": [True] * 3, "b": {"c": [True] * 3}}, "not both"),
        ({"a": {}}, "choice 'a' has no mask"),
        ({"one": [True, False, False]}, "no choice leaves two studies"),
    ],
)
def test_choices_that_cannot_be_made_are_refused(masks, message):
    with pytest.raises(ValueError, match=message):
        multiverse([0.1, 0.9, -0.3], [0.02, 0.03, 0.05], masks)


def test_unknown_models_are_refused():
    with pytest.raises(ValueError, match="interval must be one of"):
        multiverse(Y, V, interval=["Student"])
    with pytest.raises(ValueError, match="tau2 must be one of"):
        multiverse(Y, V, tau2=["guess"])
