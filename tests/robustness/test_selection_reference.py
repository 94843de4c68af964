"""Step-function selection models beside metafor and weightr."""

import numpy as np
import pytest
from selection_figures import EARLY_STOP, at_maximum, cases, errors_there, estimates, fitted, likelihood, same_interval

from metaan.robustness.selection import selection_model
from oracle import CLOSED, METAFOR, Differs, comparison, comparisons_of, effect_sets, failed

OPTIMISER = "a general optimiser stopped early; where R's estimates reach less likelihood than ours they are told apart"
STEPS = cases("stepfun_0.025", "stepfun_0.025_0.5", "stepfun_fixed")


@comparison("step selection model: likelihood at R's estimates", source=METAFOR, rel=CLOSED, cases=STEPS)
def likelihoods(c):
    yield "log-likelihood", c.there.log[0], c.block["ll"], 1.0


@comparison("step selection model: estimates", source=METAFOR, rel=1e-3, cases=STEPS, why=OPTIMISER)
def maxima(c):
    assert c.ours.converged
    assert c.ours.method["alternative"] == c.block["alternative"]
    yield from estimates(c, at_maximum(c))


@comparison(
    "step selection model: standard errors at R's estimates",
    source=METAFOR,
    rel=2e-3,
    cases=STEPS,
    why="R differentiates its likelihood numerically, twice",
)
def errors(c):
    se, of_delta = errors_there(c)
    if c.ours.in_interval[0] == 0 and c.key != "stepfun_fixed":
        theirs = np.atleast_1d(c.block["se.delta"])[-len(of_delta) :].astype(float)
        yield Differs("se of delta", of_delta, theirs, "no study is significant: the weights drift to their bound")
        return
    if c.block["se"] is not None:
        yield "se", se, c.block["se"]
    for ours, theirs in zip(of_delta, np.atleast_1d(c.block["se.delta"])[-len(of_delta) :], strict=True):
        if theirs is not None and np.isfinite(ours):
            yield "se of delta", ours, float(theirs)


@comparison("selection model: Wald test and interval", source=METAFOR, rel=CLOSED, cases=STEPS)
def intervals(c):
    yield from same_interval(c)


@comparison(
    "step selection model: test of tau2",
    source=METAFOR,
    rel=1e-3,
    cases=STEPS,
    why="the difference of two likelihoods that a general optimiser each left before the end",
)
def tests_of_tau2(c):
    for key, ours, theirs in (
        ("LRT", c.ours.lrt_tau2, c.block["LRT.tau2"]),
        ("p", c.ours.lrt_tau2_p, c.block["LRTp.tau2"]),
    ):
        if theirs is None:
            continue
        if abs(ours - theirs) <= 1e-3 * max(abs(theirs), 1.0) or c.gap < 5e-7:
            yield key, ours, theirs, 1.0
        else:
            yield Differs(key, ours, theirs, EARLY_STOP)


def weightr_sets():
    return [each for each in effect_sets() if "weightr" in each.fits and not failed(each.fits["weightr"])]


@comparison("step selection model", source="weightr 2.0.2", rel=1e-3, cases=weightr_sets, why=OPTIMISER)
def weightr(each):
    block, ours = each.fits["weightr"], fitted(each.name, "stepfun_0.025")
    sign = -1.0 if ours.method["alternative"] == "less" else 1.0
    tau2, mean, weight = block["par.adj"]
    constant = 0.5 * len(each.y) * np.log(2.0 * np.pi)  # left out by weightr
    there = likelihood(
        each.y, each.v, {"steps": (0.025,)}, ours.method["alternative"], sign * mean, tau2, [1.0, weight]
    )
    yield "log-likelihood at its estimates", there.log[0] + constant, block["ll.adj"], 1.0
    lacks = ours.log_likelihood - there.log[0]
    # without a significant study weightr lets the weight grow past our bound of 100
    assert lacks >= -1e-8 or weight > 100.0
    plain = selection_model(each.y, each.v, weights=(1.0, 1.0))
    se = plain.se
    assert plain.log_likelihood + constant >= block["ll.unadj"] - 1e-8
    settled = plain.log_likelihood + constant < block["ll.unadj"] + 5e-7
    for key, mine, theirs, scale in (
        ("mean without selection", sign * plain.estimate, block["par.unadj"][1], se),
        ("tau2 without selection", plain.tau2, block["par.unadj"][0], np.nanmax([plain.se_tau2, each.v.min()])),
        ("log-likelihood without selection", plain.log_likelihood + constant, block["ll.unadj"], 1.0),
    ):
        near = abs(mine - theirs) <= 1e-3 * max(abs(theirs), scale)
        yield (key, mine, theirs, scale) if near or settled else Differs(key, mine, theirs, EARLY_STOP)
    for key, mine, theirs, scale in (
        ("mean", sign * ours.estimate, mean, ours.se),
        ("tau2", ours.tau2, tau2, float(np.nanmax([ours.se_tau2, each.v.min()]))),
        ("weight", ours.delta[1], weight, ours.se_delta[1]),
    ):
        if abs(mine - theirs) <= 1e-3 * max(abs(theirs), np.nan_to_num(scale)):
            yield key, mine, theirs, np.nan_to_num(scale)
        elif weight > 100.0:
            yield Differs(key, mine, theirs, "no study is significant: the weight grows without end; ours stops at 100")
        elif weight == 0.01:
            yield Differs(key, mine, theirs, "an interval without studies: weightr sets its weight to 0.01, ours is 0")
        elif abs(lacks) < 5e-7:
            yield key, mine, theirs, np.nan_to_num(scale)
        else:
            yield Differs(key, mine, theirs, EARLY_STOP)


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
