"""Multilevel and multivariate models beside those of R."""

from typing import NamedTuple

import numpy as np
import pytest
from multilevel_cases import Case, cases, content

import oracle
from metaan.pooling.multilevel.diagnostics import leave_out, leverages, predict_multilevel, random_effects
from metaan.pooling.multilevel.mixed import likelihood_ratio, pool_multilevel
from metaan.pooling.multilevel.profile import component_intervals
from oracle import CLOSED, ITERATED, METAFOR, TIGHT, comparison, comparisons_of, effect_sets

OPTIMISER = "rma.mv stops nlminb at a relative change of 1e-10 in the likelihood, which leaves variances this far off; "
OPTIMISER += "our likelihood is never lower"


def finite(values):
    """R's missing degrees of freedom are our infinite ones."""
    return [None if np.isinf(value) else value for value in np.atleast_1d(values)]


@comparison("Multilevel models at R's variance components", source=METAFOR, rel=CLOSED, cases=cases)
def fixed_effects(case: Case):
    r = case.theirs
    f = case.given("contain" if case.name.endswith("contain") else "Wald")
    yield "k", f.k, r["k"]
    yield "p", len(f.estimate), r["p"]
    yield "b", f.estimate, r["b"], f.se
    yield "se", f.se, r["se"]
    yield "zval", f.statistic, r["zval"], 1.0
    yield "pval", f.p, r["pval"]
    yield "ci.lb", f.ci_low, r["ci.lb"], f.se
    yield "ci.ub", f.ci_high, r["ci.ub"], f.se
    yield "dfs", finite(f.df), r["dfs"]
    yield "vb", f.vcov, r["vb"], np.outer(f.se, f.se)
    yield "QM", f.qm, r["QM"]
    yield "QMp", f.qm_p, r["QMp"]
    yield "QMdf", finite([f.qm_df, f.qm_df2]), r["QMdf"]
    yield "QE", f.qe, r["QE"]
    yield "QEp", f.qe_p, r["QEp"]
    if "G" in r:
        g = np.array(f.components[0].covariance)
        yield "G", g, r["G"], np.sqrt(np.outer(np.diag(g), np.diag(g)))
    for name, own in (("ML", f.ml), ("REML", f.reml)):
        stats = r["fit.stats"][name]
        yield f"{name} ll", own.log_likelihood, stats["ll"], 1.0
        yield f"{name} dev", own.deviance, stats["dev"], 1.0
        yield f"{name} AIC", own.aic, stats["AIC"], 1.0
        yield f"{name} BIC", own.bic, stats["BIC"], 1.0
        yield f"{name} AICc", own.aicc, stats["AICc"], 1.0


@comparison("Multilevel models, maximum of the likelihood", source=METAFOR, rel=ITERATED, cases=cases)
def likelihood(case: Case):
    f, which = case.ours(), case.ours().method["method"]
    yield "ll", f.log_likelihood, case.theirs["fit.stats"][which]["ll"], 1.0


@comparison("Multilevel models, variances and estimates", source=METAFOR, rel=1e-4, cases=cases, why=OPTIMISER)
def maximum(case: Case):
    r, f, typical = case.theirs, case.ours(), np.min(case.ours()._model.sampling.diagonal)
    variances = [value for each in f.components for value in each.variance]
    yield "variances", variances, r.get("sigma2", r.get("tau2")), typical
    if "s.names" in r:
        yield "levels named", [each.name for each in f.components] == r["s.names"], True
    if "rho" in r:
        yield "rho", f.components[0].rho, r["rho"], 1.0
    yield "b", f.estimate, r["b"], f.se
    yield "se", f.se, r["se"]
    yield "QM", f.qm, r["QM"]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_our_likelihood_is_at_least_as_high(case):
    f = case.ours()
    theirs = case.theirs["fit.stats"][f.method["method"]]["ll"]
    assert f.converged
    assert f.log_likelihood >= theirs - 1e-9
    at_theirs = case.given()
    assert f.log_likelihood >= at_theirs.log_likelihood - 1e-12 * abs(theirs)


PROFILES = {
    "dat.konstantopoulos2011 REML": ("dat.konstantopoulos2011", "GEN", "REML ~1|district/school", 1),
    "dat.curtis1998": ("dat.curtis1998", "ROM", "~1|study/id", 1),
    "dat.white2020": ("dat.white2020", "ZCOR", "~1|study/obs", 1),
    "dat.berkey1998 REML UN": ("dat.berkey1998", "GEN", "REML UN", 2),
}


def profiled():
    return [case for case in cases() if case.name in PROFILES]


@comparison(
    "Profile-likelihood intervals of variance components",
    source=METAFOR,
    rel=2e-3,
    cases=profiled,
    why="confint searches a limit to 1.2e-4 (absolute); ours meets the chi-square quantile to 1e-8",
)
def profile(case: Case):
    file, measure, key, which = PROFILES[case.name]
    block = content(file, measure)[3][key]["confint"][""]
    own = component_intervals(case.ours())[which]
    for name, r in block.items():
        root = np.sqrt if name.startswith("sigma.") else np.asarray
        yield f"{name} est", root(own.estimate), r["est"]
        yield f"{name} lb", root(own.ci.low), r["lb"]
        yield f"{name} ub", root(own.ci.high), r["ub"]


def nested_schools():
    return [case for case in cases() if case.name == "dat.konstantopoulos2011 REML"]


@comparison("Predictions, random effects, leverages at R's variances", source=METAFOR, rel=CLOSED, cases=nested_schools)
def predictions(case: Case):
    r = content("dat.konstantopoulos2011", "GEN")[3]
    f = case.given()
    p = predict_multilevel(f)
    for ours, theirs in (("estimate", "pred"), ("se", "se"), ("ci_low", "ci.lb"), ("ci_high", "ci.ub")):
        yield f"predict {theirs}", getattr(p, ours)[0], r["predict"][theirs], f.se[0]
    yield "predict pi.lb", [p.prediction_low[0], f.prediction.low], [r["predict"]["pi.lb"]] * 2
    yield "predict pi.ub", [p.prediction_high[0], f.prediction.high], [r["predict"]["pi.ub"]] * 2
    for each in random_effects(f):
        block = r["ranef"][each.term]
        yield f"ranef {each.term} level", list(each.outer) == block["level"], True
        yield f"ranef {each.term} intrcpt", each.estimate, block["intrcpt"], each.se
        yield f"ranef {each.term} se", each.se, block["se"]
    yield "hat", leverages(f), r["hat"]
    yield "weights rowsum", f.weights, r["weights_rowsum"]


@comparison(
    "Cook's distances and deletion residuals, refitted",
    source=METAFOR,
    rel=1e-3,
    cases=nested_schools,
    why=OPTIMISER + " (tested); a Cook's distance is the square of a small shift, so it loses twice the digits",
)
def deletions(case: Case):
    data, _, _, r = content("dat.konstantopoulos2011", "GEN")
    single = leave_out(case.ours())
    yield "rstudent", single.rstudent, r["rstudent"], 1.0
    yield "cooks school", single.cook, r["cooks"]["school"]
    yield "cooks district", leave_out(case.ours(), data["district"]).cook, r["cooks"]["district"]


@comparison(
    "Likelihood-ratio test of covariance structures", source=METAFOR, rel=ITERATED, cases=lambda: ["dat.berkey1998"]
)
def structures(name):
    data, y, _, r = content(name, "GEN")
    al = np.array(data["outcome"]) == "AL"
    x = np.column_stack([al, ~al])
    options = {"random": "outcome | trial", "data": data, "moderators": x, "method": "ML", "interval": "Wald"}
    full, reduced = (pool_multilevel(y, r["V"], struct=struct, **options) for struct in ("UN", "CS"))
    test, block = likelihood_ratio(full, reduced), r["anova ML UN vs ML CS"]
    yield "LRT", test["statistic"], block["LRT"]
    yield "pval", test["p"], block["pval"]
    yield "df", [full.parameters, reduced.parameters], [block["df.full"], block["df.red"]]


class Plain(NamedTuple):
    """Effects of one set, and the univariate models iterated to the end."""

    name: str
    y: np.ndarray
    v: np.ndarray
    tight: dict


def sets_to_the_end():
    found = [Plain(each.name, each.y, each.v, each.tight) for each in effect_sets() if each.primary and each.tight]
    for name, tight in oracle.load("tight")["edge-generic"].items():
        case = oracle.load("edge-generic")["cases"][name]
        y, v = (np.array(case[key], dtype=float) for key in ("yi", "vi"))
        kept = np.isfinite(y) & np.isfinite(v)
        found.append(Plain(f"edge-generic {name}", y[kept], v[kept], tight))
    return found


@comparison("One random term an effect is the univariate model", source=TIGHT, rel=ITERATED, cases=sets_to_the_end)
def univariate(case: Plain):
    k = len(case.y)
    for method in ("REML", "ML"):
        r = case.tight.get(method)
        if not r or oracle.failed(r):
            continue
        f = pool_multilevel(case.y, case.v, random="e", data={"e": range(k)}, method=method, interval="Wald")
        yield f"{method} tau2", f.components[0].variance[0], r["tau2"], case.v.min()
        yield f"{method} b", f.estimate[0], r["b"], f.se[0]
        yield f"{method} se", f.se[0], r["se"]
        yield f"{method} I2", f.components[0].i2[0], r["I2"], 1.0


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
