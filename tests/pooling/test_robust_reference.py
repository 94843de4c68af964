"""Cluster-robust variances and robust variance estimation beside R."""

import numpy as np
import pytest
from multilevel_cases import Case, cases, content

from metaan.pooling.multilevel.robust import cluster_robust, robust
from metaan.pooling.multilevel.rve import robust_meta
from oracle import CLOSED, METAFOR, comparison, comparisons_of

CLUBSANDWICH = "metafor 5.1-12 with clubSandwich 0.6.0"


def with_robust():
    return [case for case in cases() if case.robust is not None]


def figures(own, block):
    yield "b", own.estimate, block["b"], own.se
    yield "se", own.se, block["se"]
    yield "zval", own.statistic, block["zval"], 1.0
    dfs = block["dfs"] if len(block["dfs"]) == len(own.df) else block["dfs"] * len(own.df)
    yield "dfs", own.df, dfs
    yield "pval", own.p, block["pval"]
    yield "ci.lb", own.ci_low, block["ci.lb"], own.se
    yield "ci.ub", own.ci_high, block["ci.ub"], own.se
    yield "QM", own.f, block["QM"]
    yield "QMdf", [own.f_df, own.f_df2], block["QMdf"]
    yield "QMp", own.f_p, block["QMp"]
    yield "n.clusters", own.clusters, block["n.clusters"]


@comparison("Cluster-robust tests CR0 and CR1p at R's variances", source=METAFOR, rel=CLOSED, cases=with_robust)
def plain(case: Case):
    for key, kind in (("sandwich_noadjust", "CR0"), ("sandwich_adjust", "CR1p")):
        own = robust(case.given(), case.cluster, kind=kind)
        for name, *rest in figures(own, case.robust[key]):
            yield f"{kind} {name}", *rest


@comparison("Cluster-robust tests CR2, HTZ at R's variances", source=CLUBSANDWICH, rel=CLOSED, cases=with_robust)
def reduced_bias(case: Case):
    own = robust(case.given(), case.cluster)
    yield from figures(own, case.robust["clubSandwich"])
    block = case.robust["CR2_Satterthwaite"]
    yield "CR2 b", own.estimate, block["b"], own.se
    yield "CR2 se", own.se, block["se"]
    yield "CR2 t", own.statistic, block["t"], 1.0
    yield "CR2 df", own.df, block["df"]
    yield "CR2 p", own.p, block["p"]


STUDIES = {"dat.konstantopoulos2011": "district", "dat.knapp2017": "study", "dat.tannersmith2016": "studyid"}


@comparison("Robust variance estimation, CORR and HIER", source="robumeta 2.1", rel=CLOSED, cases=lambda: STUDIES)
def working_models(name):
    data, y, v, r = content(name, "GEN")
    mods = np.column_stack([np.ones(y.size), data["aget1"], data["propmale"]]) if "robumeta_mods" in r else None
    for key, x in (("robumeta", None), ("robumeta_mods", mods)):
        for model, short in (("correlated", "CORR"), ("hierarchical", "HIER")):
            if key not in r:
                continue
            block = r[key][short]
            own = robust_meta(y, v, data[STUDIES[name]], model=model, moderators=x)
            yield f"{key} {short} b", own.estimate, block["b"], own.se
            yield f"{key} {short} se", own.se, block["se"]
            yield f"{key} {short} t", own.statistic, block["t"], 1.0
            yield f"{key} {short} dfs", own.df, block["dfs"]
            yield f"{key} {short} p", own.p, block["p"], 1e-6  # robumeta takes 1 - pt(), right to 1e-16
            yield f"{key} {short} ci.lb", own.ci_low, block["ci.lb"], own.se
            yield f"{key} {short} ci.ub", own.ci_high, block["ci.ub"], own.se
            yield f"{key} {short} tau2", own.tau2, block["tau2"]
            if short == "CORR":
                yield f"{key} {short} rho", own.rho, block["rho"]
                yield f"{key} {short} I2", own.i2, block["I2"]
            else:
                yield f"{key} {short} omega2", own.omega2, block["omega2"]


def test_the_published_example_of_schools_in_districts():
    # Konstantopoulos 2011: mean 0.1847 (0.0846), between districts 0.0651, between schools 0.0327; CR2 0.084458, 9.863
    case = next(case for case in cases() if case.name == "dat.konstantopoulos2011 REML")
    fit = case.ours()
    assert (fit.estimate[0], fit.se[0]) == pytest.approx((0.1847132, 0.0845559), abs=6e-8)
    assert [each.variance[0] for each in fit.components] == pytest.approx([0.0650619, 0.0327365], abs=6e-8)
    own = robust(fit, case.cluster)
    assert (own.se[0], own.df[0]) == pytest.approx((0.084458, 9.863), rel=1e-4)


def test_a_fit_and_its_covariance_matrix_give_the_same_tests():
    case = next(case for case in cases() if case.name == "dat.berkey1998 REML UN")
    fit = case.ours()
    model = fit._model
    matrix = model.sampling.dense()
    g = np.array(fit.components[0].covariance)
    term = model.terms[0]
    matrix += np.where(term.outer[:, None] == term.outer, g[term.inner[:, None], term.inner], 0.0)
    direct = cluster_robust(model.y, matrix, case.cluster, moderators=model.x, names=model.names)
    for name in ("estimate", "se", "df", "p"):
        assert getattr(direct, name) == pytest.approx(getattr(robust(fit, case.cluster), name), rel=1e-10)


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
