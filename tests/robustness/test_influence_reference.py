"""Leave-one-out, cumulative synthesis, influence, residuals, predictions and subsets beside metafor."""

import numpy as np
import pytest

import oracle
from metaan.pooling.kernel import arrange
from metaan.pooling.pool import pool
from metaan.pooling.restricted import core
from metaan.robustness.blup import blups, ranef
from metaan.robustness.cumulative import cumulative
from metaan.robustness.influence import diagnostics, influence, influential, leave_one_out
from metaan.robustness.plots import baujat_points
from metaan.robustness.subsets import subsets
from oracle import CLOSED, EARLY, METAFOR, Differs, comparison, comparisons_of, holding, primary_sets

GIVEN = "at metafor's own tau2"  # it stops at a change of tau2 below 1e-5, so formulas are compared at its tau2
STOPS = "metafor stops at a change of tau2 below 1e-5, whatever the scale of the effects: compared on the scale of 1"


def array(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def likelihood(y, v, mask, tau2):
    """Restricted log-likelihood of each row at its tau2, up to a constant of the row; 0 where one study is left."""
    rows = arrange(np.broadcast_to(y, mask.shape), np.broadcast_to(v, mask.shape), mask)
    heights = core(rows).log_likelihood(np.array(tau2, dtype=float))
    return np.where(rows.k > 1, heights, 0.0)


def leaving_one(k):
    return ~np.eye(k, dtype=bool)


def entering(case):
    """Order in which studies enter, positions among those that are used."""
    place = np.array(case.fits["cumul"]["index"]) - 1
    ranks = np.empty(len(place), dtype=int)
    ranks[place] = np.arange(len(place))
    return ranks, np.tril(np.ones((len(place), len(place)), dtype=bool))[:, ranks]


def stopped(key, ours, theirs, gain):
    """Yield tau2 by REML beside metafor's, apart from those it did not find."""
    ours, theirs = np.array(ours), array(theirs)
    lost = np.isnan(theirs)
    early = (np.abs(ours - theirs) > EARLY) & (gain > 0)
    assert early.sum() <= 1
    yield key, ours[~lost & ~early], theirs[~lost & ~early], 1.0
    if lost.any():
        yield Differs(key, ours[lost], theirs[lost], "metafor's Fisher scoring does not converge; ours is the maximum")
    if early.any():  # leaving out the first study of dat.pagliaro1992: a flat likelihood
        yield Differs(
            key, ours[early], theirs[early], "metafor stops before the maximum: ours has the higher likelihood"
        )


def gain(case, mask, ours, theirs):
    """How much higher our restricted log-likelihood is than at metafor's tau2; 0 where that is missing."""
    found = np.where(np.isnan(theirs), ours, theirs)
    return likelihood(case.y, case.v, mask, ours) - likelihood(case.y, case.v, mask, found)


def by_reml(key, case, mask, ours, theirs):
    theirs = array(theirs)
    more = gain(case, mask, ours, theirs)
    yield from stopped(key, ours, theirs, more)
    yield "likelihood below theirs", np.maximum(0.0, -more), np.zeros(more.shape), 1e-6


def figures_of(fit, block):
    names = {"estimate": fit.estimate, "se": fit.se, "pval": fit.p, "Q": fit.q, "Qp": fit.q_p, "I2": fit.i2}
    scales = {"estimate": np.array(fit.se), "Q": 1.0, "I2": 1.0}
    for key, ours in names.items():
        if key in block:
            yield key, ours, block[key], scales.get(key, 0.0)


@comparison("leave-one-out, equal effects", source=METAFOR, rel=CLOSED, cases=holding("leave1out"))
def leave_one_out_equal_effects(case):
    ours = leave_one_out(case.y, case.v, tau2="EE", interval="Wald")
    yield from figures_of(ours, case.fits["leave1out"]["EE"])


@comparison(f"leave-one-out, REML, {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("leave1out"))
def leave_one_out_given(case):
    for key, interval in (("REML", "Wald"), ("REML_knha", "HK")):
        block = case.fits["leave1out"][key]
        at = pool(case.y, case.v, mask=leaving_one(len(case.y)), tau2=array(block["tau2"]), interval=interval)
        for name, ours, theirs, scale in figures_of(at, block):
            yield f"{key} {name}", ours, theirs, scale


@comparison("leave-one-out, tau2 by REML", source=METAFOR, rel=EARLY, cases=holding("leave1out"), why=STOPS)
def leave_one_out_tau2(case):
    ours, theirs = leave_one_out(case.y, case.v, interval="Wald"), array(case.fits["leave1out"]["REML"]["tau2"])
    yield from by_reml("tau2", case, leaving_one(len(case.y)), ours.tau2, theirs)


@comparison("cumulative synthesis, equal effects", source=METAFOR, rel=CLOSED, cases=holding("cumul"))
def cumulative_equal_effects(case):
    ours = cumulative(case.y, case.v, order=entering(case)[0], tau2="EE", interval="Wald")
    yield "index", np.array(ours.position) + 1, case.fits["cumul"]["index"]
    yield from figures_of(ours, case.fits["cumul"]["EE"])


@comparison(f"cumulative synthesis, REML, {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("cumul"))
def cumulative_given(case):
    block, mask = case.fits["cumul"]["REML"], entering(case)[1]
    theirs = array(block["tau2"])
    found = np.flatnonzero(np.isfinite(theirs))  # elsewhere metafor did not converge
    at = pool(case.y, case.v, mask=mask[found], tau2=theirs[found], interval="Wald")
    yield from figures_of(at, {key: array(values)[found] for key, values in block.items() if key != "warnings"})


@comparison("cumulative synthesis, tau2 by REML", source=METAFOR, rel=EARLY, cases=holding("cumul"), why=STOPS)
def cumulative_tau2(case):
    ranks, mask = entering(case)
    ours, theirs = cumulative(case.y, case.v, order=ranks), array(case.fits["cumul"]["REML"]["tau2"])
    yield from by_reml("tau2", case, mask, ours.tau2, theirs)


def at_theirs(case):
    block = case.fits["influence"]["REML"]
    full = case.fits["rma.uni"]["REML"]["tau2"]
    return diagnostics(case.y, case.v, full, array(block["tau2.del"])), block, full


@comparison(f"influence, {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("influence"))
def influence_given(case):
    at, block, _ = at_theirs(case)
    yield "rstudent", at.deleted / at.deleted_se, block["rstudent"], 1.0
    yield "dffits", at.dffits, block["dffits"], 1.0
    yield "cook.d", at.cook, block["cook.d"], 1.0
    yield "cov.r", at.cov_ratio, block["cov.r"]
    yield "hat", at.hat, block["hat"]
    yield "weight", 100.0 * at.hat, block["weight"]
    yield "dfbs", at.dfbetas, block["dfbs"], 1.0
    yield "is.infl", influential(at), block["is.infl"]


@comparison(
    "influence, tau2 and Q without each study", source=METAFOR, rel=EARLY, cases=holding("influence"), why=STOPS
)
def influence_deleted(case):
    block, ours = case.fits["influence"]["REML"], influence(case.y, case.v)
    theirs = array(block["tau2.del"])
    yield from by_reml("tau2.del", case, leaving_one(len(case.y)), ours.tau2_deleted, theirs)
    yield "QE.del", ours.q_deleted, block["QE.del"], 1.0
    yield "is.infl", ours.influential, block["is.infl"]


@comparison(f"residuals, {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("residuals"))
def residuals_given(case):
    at, block = at_theirs(case)[0], case.fits["residuals"]["REML"]
    yield "resid", at.residual, block["resid"], at.residual_se
    yield "rstandard.se", at.residual_se, block["rstandard.se"]
    yield "rstandard.z", at.residual / at.residual_se, block["rstandard.z"], 1.0
    yield "rstudent.resid", at.deleted, block["rstudent.resid"], at.deleted_se
    yield "rstudent.se", at.deleted_se, block["rstudent.se"]


@comparison(f"Baujat plot, {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("baujat"))
def baujat_given(case):
    _, influences, full = at_theirs(case)
    x, y = baujat_points(case.y, case.v, full, array(influences["tau2.del"]))
    yield "x", x, case.fits["baujat"]["REML"]["x"], 1.0
    yield "y", y, case.fits["baujat"]["REML"]["y"], 1.0


@comparison(f"predicted study effects (BLUP), {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("blup"))
def blup_given(case):
    for key, function in (("blup", blups), ("ranef", ranef)):
        ours = function(case.y, case.v, tau2=case.fits["rma.uni"]["REML"]["tau2"], interval="Wald")
        block, scale = case.fits[key], np.array(ours.se)
        yield f"{key} pred", ours.estimate, block["pred"], scale
        yield f"{key} se", ours.se, block["se"]
        yield f"{key} pi.lb", ours.low, block["pi.lb"], scale
        yield f"{key} pi.ub", ours.high, block["pi.ub"], scale


@comparison(f"weights, equal effects and REML {GIVEN}", source=METAFOR, rel=CLOSED, cases=holding("weights"))
def weights_given(case):
    yield "EE", pool(case.y, case.v, tau2="EE").weights, case.fits["weights"]["EE"]
    theirs = case.fits["rma.uni"]["REML"]["tau2"]
    yield "REML", pool(case.y, case.v, tau2=theirs).weights, case.fits["weights"]["REML"]


def all_subsets(case, estimator):
    block = case.fits["gosh"][estimator]
    ours = subsets(case.y, case.v, tau2=estimator)
    spread = ours.estimate.std()
    yield "n", len(ours.k), block["n"]
    yield "estimate.mean", ours.means["estimate"], block["estimate.mean"], spread
    yield "estimate.quantiles", ours.quantiles["estimate"], block["estimate.quantiles"], spread
    yield "I2.mean", ours.means["i2"], block["I2.mean"], 1.0
    yield "I2.quantiles", ours.quantiles["i2"], block["I2.quantiles"], 1.0
    yield "QE.mean", ours.means["q"], block["QE.mean"], 1.0
    yield "tau2.mean", ours.means["tau2"], block["tau2.mean"], case.v.min() if estimator == "DL" else 1.0


@comparison("all subsets (GOSH), equal effects and DL", source=METAFOR, rel=CLOSED, cases=holding("gosh"))
def gosh_closed(case):
    for estimator in ("EE", "DL"):
        for key, *figures in all_subsets(case, estimator):
            yield f"{estimator} {key}", *figures


@comparison("all subsets (GOSH), REML", source=METAFOR, rel=EARLY, cases=holding("gosh"), why=STOPS)
def gosh_reml(case):
    # An error of 1e-5 in tau2 moves I2 by up to 100 * 1e-5 / min(v) percent.
    moved = max(1.0, 100.0 * 1e-5 / case.v.min() / EARLY)
    for key, ours, theirs, *scale in all_subsets(case, "REML"):
        yield key, ours, theirs, *([moved] if key.startswith("I2") else scale)


def constructed():
    return list(oracle.load("edge-generic")["cases"].items())


@comparison("leave-one-out, constructed cases, REML", source=METAFOR, rel=EARLY, cases=constructed, why=STOPS)
def leave_one_out_constructed(item):
    _, case = item
    y, v = array(case["yi"]), array(case["vi"])
    used = np.isfinite(y) & np.isfinite(v)
    y, v, block = y[used], v[used], case["leave1out"]
    if oracle.failed(block):  # one study: metafor stops, and so do we
        with pytest.raises(ValueError, match="at least 2 studies"):
            leave_one_out(y, v)
        return
    theirs, ours = array(block["tau2"]), leave_one_out(y, v, interval="Wald")
    at = pool(y, v, mask=leaving_one(len(y)), tau2=theirs, interval="Wald")
    yield "estimate at their tau2", at.estimate, block["estimate"], at.se * CLOSED / EARLY
    yield "se at their tau2", at.se, block["se"]
    yield "tau2", ours.tau2, theirs, 1.0


def test_all_sets_are_there():
    assert len(primary_sets()) >= 54
    assert len(holding("leave1out")()) == 52


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
