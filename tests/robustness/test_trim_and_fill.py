"""Trim and fill: figures of metafor and meta, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_effects import meta_sets
from metaan.pooling.pool import pool
from metaan.robustness.trim_and_fill import trim_and_fill
from oracle import CLOSED, EARLY, META, METAFOR, Differs, comparison, comparisons_of, failed, holding, load


def figures(case, wanted):
    for key, theirs in case.fits["trimfill"].items():
        method, count, side = key.split(".")
        if method not in wanted:
            continue
        ours = trim_and_fill(case.y, case.v, count=count, side=side, tau2=method)
        if failed(theirs):
            yield f"{key} refused", bool(ours.refused), True
            continue
        yield f"{key} k0", ours.k0, theirs["k0"]
        yield f"{key} se of k0", ours.k0_se, theirs["se.k0"]
        yield f"{key} p of k0", ours.k0_p, theirs["p.k0"]
        yield f"{key} right", ours.side == "right", theirs["side"] == "right"
        yield f"{key} estimate", ours.estimate, theirs["b"], ours.se
        yield f"{key} se", ours.se, theirs["se"]
        yield f"{key} low", ours.ci.low, theirs["ci.lb"], ours.se
        yield f"{key} high", ours.ci.high, theirs["ci.ub"], ours.se
        if wanted != ("REML",):
            yield f"{key} p", ours.p, theirs["pval"]
            yield f"{key} tau2", ours.tau2, theirs["tau2"], case.v.min()
        if "filled.yi" in theirs:
            yield f"{key} filled y", ours.filled_y, theirs["filled.yi"], ours.se
            yield f"{key} filled v", ours.filled_v, theirs["filled.vi"]


@comparison("Trim and fill, L0, R0, Q0, EE and DL", source=METAFOR, rel=CLOSED, cases=holding("trimfill"))
def closed(case):
    yield from figures(case, ("EE", "DL"))


@comparison("Trim and fill, REML, at R's tau2", source=METAFOR, rel=CLOSED, cases=holding("trimfill"))
def at_their_tau2(case):
    for key, theirs in case.fits["trimfill"].items():
        method, count, side = key.split(".")
        if method != "REML" or failed(theirs):
            continue
        ours = trim_and_fill(case.y, case.v, count=count, side=side, tau2=method)
        w = 1.0 / (np.concatenate([case.v, ours.filled_v]) + theirs["tau2"])
        yield f"{key} se", 1.0 / np.sqrt(w.sum()), theirs["se"]
        if "filled.yi" in theirs:
            mean = (w * np.concatenate([case.y, theirs["filled.yi"]])).sum() / w.sum()
            yield f"{key} estimate", mean, theirs["b"], ours.se
            yield f"{key} filled v", ours.filled_v, theirs["filled.vi"]


@comparison(
    "Trim and fill, L0, R0, Q0, REML",
    source=METAFOR,
    rel=2e-2,
    why="R stops the search for tau2 at 1e-5 (absolute), where dat.greenland1992 has a tau2 of 2e-4; at R's tau2 all "
    "figures agree to 1e-9",
    cases=holding("trimfill"),
)
def iterated(case):
    yield from figures(case, ("REML",))


def edge_cases():
    return list(load("edge-generic")["cases"])


@comparison(
    "Trim and fill on constructed data",
    source=METAFOR,
    rel=EARLY,
    why="R stops the search for tau2 at 1e-5 (absolute)",
    cases=edge_cases,
)
def constructed(name):
    case = load("edge-generic")["cases"][name]
    pairs = [(y, v) for y, v in zip(case["yi"], case["vi"], strict=True) if y is not None and v is not None]
    ours, theirs = trim_and_fill(*np.array(pairs).T), case["trimfill"]
    if failed(theirs):
        yield "refused", bool(ours.refused), True
        return
    yield "k0", ours.k0, theirs["k0"]
    yield "right", ours.side == "right", theirs["side"] == "right"
    yield "estimate", ours.estimate, theirs["b"], ours.se
    if name == "dominated":
        why = "R stops at a tau2 of 2e-6, next to a variance of 1e-5, where the likelihood is highest at 0"
        yield Differs("se", ours.se, theirs["se"], why)
    else:
        yield "se", ours.se, theirs["se"]


@comparison("Trim and fill, rounds with equal effects", source=META, rel=CLOSED, cases=meta_sets)
def as_meta(case):
    block = case.theirs["trimfill"]
    for method, theirs in block.items():
        ours = trim_and_fill(case.y, case.v, tau2=method, trim_tau2="EE")
        if failed(theirs):
            yield f"{method} refused", bool(ours.refused), True
            continue
        yield f"{method} k0", ours.k0, theirs["k0"]
        yield f"{method} left", ours.side == "left", theirs["left"]
        yield f"{method} estimate", ours.estimate, theirs["TE.random"], ours.se
        yield f"{method} se", ours.se, theirs["seTE.random"]
        yield f"{method} tau2", ours.tau2, theirs["tau2"], case.v.min()
        both = np.concatenate([case.y, ours.filled_y]), np.concatenate([case.v, ours.filled_v])
        yield f"{method} equal effects", pool(*both, tau2="EE").estimate, theirs["TE.common"], ours.se


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


rows = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=14)


@given(rows, st.sampled_from(["L0", "R0", "Q0"]), st.sampled_from([1e-6, 1e6]))
def test_scale_sign_and_shift(pairs, count, scale):
    y, v = np.round(np.array(pairs).T, 6)
    v = np.maximum(v, 0.01)
    plain = trim_and_fill(y, v, count=count, side="left", tau2="DL")
    scaled = trim_and_fill(y * scale, v * scale**2, count=count, side="left", tau2="DL")
    turned = trim_and_fill(-y, v, count=count, side="right", tau2="DL")
    if len({*np.abs(y - plain.estimate).round(9)}) < len(y) or plain.refused:
        return  # tied distances may be ranked either way by rounding
    assert turned.k0 == plain.k0
    assert turned.estimate == pytest.approx(-plain.estimate, rel=1e-9, abs=1e-9 * plain.se)
    assert scaled.k0 == plain.k0
    assert scaled.estimate / scale == pytest.approx(plain.estimate, rel=1e-9, abs=1e-9 * plain.se)


def test_a_symmetrical_funnel_lacks_nothing():
    y, v = np.array([-0.5, 0.5, -0.3, 0.3, 0.0]), np.array([0.3, 0.3, 0.1, 0.1, 0.02])
    for side in ("left", "right"):
        found = trim_and_fill(y, v, side=side, count="R0")
        assert (found.k0, found.filled_y) == (0, ())
        assert found.estimate == pytest.approx(pool(y, v).estimate, abs=1e-12)


def test_filled_studies_mirror_the_extremes():
    rng = np.random.default_rng(4)
    v = rng.uniform(0.01, 0.5, 60)
    y = rng.normal(0.2, np.sqrt(v))
    seen = (y / np.sqrt(v) > 0.3) | (v < 0.05)
    found = trim_and_fill(y[seen], v[seen], tau2="DL")
    assert found.side == "left"
    assert found.k0 > 3
    assert found.estimate < pool(y[seen], v[seen], tau2="DL").estimate
    assert len(found.filled_y) == found.k0
    assert set(found.filled_v) <= set(v.tolist())


@pytest.mark.parametrize("count", ["L0", "R0", "Q0"])
def test_a_batch_equals_its_rows(count):
    rng = np.random.default_rng(9)
    v = rng.uniform(0.02, 1, (80, 15))
    y = rng.normal(0.3, np.sqrt(v)) + rng.exponential(0.5, v.shape) * np.sqrt(v)
    mask = rng.random(v.shape) < 0.8
    batch = trim_and_fill(y, v, count=count, tau2="DL", mask=mask)
    for i in range(80):
        single = trim_and_fill(y[i, mask[i]], v[i, mask[i]], count=count, tau2="DL")
        assert (batch.k0[i], batch.side[i], batch.refused[i]) == (single.k0, single.side, single.refused)
        np.testing.assert_allclose(batch.estimate[i], single.estimate, rtol=1e-11)
        np.testing.assert_allclose(batch.filled_y[i][: single.k0] if single.k0 > 0 else [], single.filled_y, rtol=1e-11)


def test_refusals():
    assert "three" in trim_and_fill([0.1, 0.2], [0.1, 0.2]).refused
    equal = trim_and_fill([0.1, 0.4, 0.35, -0.05, 0.6], [0.04] * 5)
    assert "side" in equal.refused
    assert equal.k0 == -1
    assert math.isnan(equal.estimate)
    assert not trim_and_fill([0.1, 0.4, 0.35, -0.05, 0.6], [0.04] * 5, side="left").refused
    with pytest.raises(ValueError, match="position 1"):
        trim_and_fill([0.1, 0.2, 0.3], [0.1, 0.0, 0.2])
    with pytest.raises(ValueError, match="count"):
        trim_and_fill([0.1, 0.2, 0.3], [0.1, 0.1, 0.2], count="L1")


def test_identical_effects_and_very_unequal_variances():
    same = trim_and_fill([0.25] * 6, [0.01, 0.02, 0.05, 0.1, 0.03, 0.04])
    assert same.k0 == 0
    stiff = trim_and_fill([0.2, 0.9, -0.6, 0.7], [1e-12, 0.5, 0.4, 0.6], tau2="EE", side="left")
    assert stiff.estimate == pytest.approx(0.2, abs=1e-9)


def test_results_can_be_written_and_tabulated():
    found = trim_and_fill([0.1, 0.4, 0.35, -0.05, 0.6], [0.04, 0.1, 0.02, 0.3, 0.2])
    assert found.to_dict()["side"] in ("left", "right")
    assert "TrimAndFill" in repr(found)
    assert len(found.to_frame()) >= 1
