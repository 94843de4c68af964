"""Generalised linear mixed models beside metafor (lme4) and meta, on every data set that has them."""

from functools import cache
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from scipy.special import chdtrc

from metaan.pooling.glmm import mixed as glmm
from metaan.pooling.glmm.fit import maximise, modes
from metaan.pooling.glmm.mixed import pool_glmm
from oracle import (
    EARLY,
    ITERATED,
    META,
    METAFOR,
    Differs,
    comparison,
    comparisons_of,
    load,
    names,
    numbers,
    relative_error,
)

COLUMNS = {"bin": ("ai", "bi", "ci", "di"), "rate": ("x1i", "t1i", "x2i", "t2i"), "prop": ("xi", "ni")}
MEASURE = {"bin": "OR", "rate": "IRR", "prop": "PLO"}


class Case(NamedTuple):
    name: str
    measure: str
    model: str
    tau2: str
    interval: str
    columns: tuple[tuple[float, ...], ...]
    theirs: dict


def fits():
    for file in names():
        content = load(file)
        if content["kind"] in COLUMNS:
            yield from cases_of(file, content["kind"], content["data"], content["fits"].get("rma.glmm", {}))
    for name, case in load("edge-binary")["cases"].items():
        blocks = {f"{key}.ML.z": block for key, block in case["rma.glmm"].items()}
        yield from cases_of(f"edge-binary {name}", "bin", case["data"], blocks)


def cases_of(name, kind, data, blocks):
    read = np.array([[np.nan if x is None else x for x in data[key]] for key in COLUMNS[kind]], float)
    columns = tuple(map(tuple, read[:, ~np.isnan(read).any(axis=0)].tolist()))
    for key, theirs in blocks.items():
        model, tau2, test = key.replace("PLO", "UM.FS").rsplit(".", 2)
        interval = "t" if test == "t" else "Wald"
        yield Case(f"{name} {key}", MEASURE[kind], model, tau2, interval, columns, theirs)


def those(test):
    def cases():
        return [case for case in fits() if "error" not in case.theirs and test(case)]

    return cases


def remembered(function):
    """Give a fit of the same data again: several blocks differ in test or interval alone."""
    known = {}

    def again(problem, *options):
        key = (problem.measure, problem.model, *options, *(column.tobytes() for column in problem.columns))
        if key not in known:
            known[key] = function(problem, *options)
        return known[key]

    return again


FIT, SATURATED = remembered(glmm._fit), remembered(glmm._saturated)


@cache
def fitted(columns, measure, model, tau2, interval, nodes):
    with mock.patch.multiple(glmm, _fit=FIT, _saturated=SATURATED):
        return pool_glmm(*columns, measure=measure, model=model, tau2=tau2, interval=interval, nodes=nodes)


def ours_of(case, nodes=None):
    return fitted(case.columns, case.measure, case.model, case.tau2, case.interval, nodes)


def core(ours, theirs):
    yield "k", ours.k, theirs["k"]
    yield "b", ours.estimate, theirs["b"], ours.se
    yield "tau2", ours.tau2, theirs["tau2"], 0.1 * ours.se**2
    yield "I2", ours.i2, theirs["I2"], 1.0
    yield "H2", ours.h2, theirs["H2"], 0.0


def inference(ours, theirs):
    yield "se", ours.se, theirs["se"], 0.0
    yield "zval", ours.statistic, theirs["zval"], 1.0
    yield "pval", ours.p, theirs["pval"], 0.1
    yield "ci.lb", ours.ci.low, theirs["ci.lb"], ours.se
    yield "ci.ub", ours.ci.high, theirs["ci.ub"], ours.se
    if "pi.lb" in theirs:
        pi = [ours.prediction.low, ours.prediction.high] if ours.prediction else [np.nan, np.nan]
        pair = ("pi", pi, [theirs["pi.lb"], theirs["pi.ub"]], ours.se)
        yield Differs(*pair[:3], "two studies have no prediction interval") if ours.k < 3 else pair


def counted(ours, theirs):
    """Number of parameters and of groups, from differences of the information criteria."""
    stats, ll = theirs["fit.stats"], theirs["fit.stats"]["ll"]
    p, mine = ours.parameters, ours.log_likelihood
    yield "AIC, parameters", ours.aic + 2 * mine, stats["AIC"] + 2 * ll
    yield "BIC, size", ours.bic + 2 * mine, stats["BIC"] + 2 * ll, p
    yield "AICc", ours.aicc + 2 * mine, stats["AICc"] + 2 * ll, p
    yield "k.eff", np.exp((ours.bic + 2 * mine) / p), theirs["k.eff"]


def equality(ours, theirs):
    yield "QE.LRT", ours.q_lrt, theirs["QE.LRT"]
    yield "QEp.LRT", ours.q_lrt_p, theirs["QEp.LRT"], 0.1


def wald(ours, theirs):
    yield "QE.Wld", ours.q_wald, theirs["QE.Wld"]
    yield "QEp.Wld", ours.q_wald_p, theirs["QEp.Wld"], 0.1


def is_em(case):
    return case.tau2 == "EE" and case.model != "UM.RS" and not exact_tables(case)


def exact_tables(case):
    return case.model == "CM.EL" and case.measure == "OR"


def single_random(case):
    return case.tau2 == "ML" and case.model != "UM.RS" and not exact_tables(case)


GLM = "R's glm stops when the deviance changes by less than 1e-8, and takes weights of the step before"
LME4 = "lme4 stops its optimiser early, uses 7 nodes and takes standard errors from differences of a noisy deviance"


@comparison(
    "GLMM with equal effects: likelihood, likelihood ratio test", source=METAFOR, rel=ITERATED, cases=those(is_em)
)
def equal_effects(case):
    ours, theirs = ours_of(case), case.theirs
    yield from core(ours, theirs)
    yield from counted(ours, theirs)
    yield from equality(ours, theirs)
    yield "ll", ours.log_likelihood, theirs["fit.stats"]["ll"]
    yield "dev", ours.q_lrt, theirs["fit.stats"]["dev"]
    yield "AIC", [ours.aic, ours.bic, ours.aicc], [theirs["fit.stats"][key] for key in ("AIC", "BIC", "AICc")]
    yield "converged", ours.converged, True


@comparison(
    "GLMM with equal effects: standard error and Wald tests", source=METAFOR, rel=EARLY, why=GLM, cases=those(is_em)
)
def equal_effects_inference(case):
    yield from inference(ours_of(case), case.theirs)
    yield from wald(ours_of(case), case.theirs)


def problem_of(case):
    return glmm.read(case.measure, case.model, case.columns, None)[0]


def conditional_log_likelihood(case):
    """Log-likelihood of the counts at the modes of the random effects, which metafor's `ll` is made of here."""
    problem = problem_of(case)
    model = glmm.build(problem, True, None)
    fit = FIT(problem, True, None)
    z, rows = modes(model, fit.shared, fit.own), slice(0, model.k)
    total = 0.0
    for part in model.parts:
        eta = part.offset + np.dot(part.fixed, fit.shared[:1]) + part.own * fit.own
        eta = eta + z[:, 0] * part.random[0] * fit.shared[1]
        total += part.family(eta[:, None], rows)[0].sum()
    return total


CONDITIONAL = (
    "metafor derives ll of these models from lme4's deviance given the random effects; ours integrates over them"
)


@comparison(
    "GLMM UM.FS, CM.AL, CM.EL (rates), proportions: maximum likelihood",
    source=METAFOR,
    rel=1e-3,
    why=LME4,
    cases=those(single_random),
)
def one_random_effect(case):
    ours, theirs = ours_of(case), case.theirs
    yield from core(ours, theirs)
    yield from inference(ours, theirs)
    yield from counted(ours, theirs)
    yield from equality(ours, theirs)
    yield from wald(ours, theirs)
    yield "ll given random effects", conditional_log_likelihood(case), theirs["fit.stats"]["ll"]
    if ours.tau2 > 0:
        yield Differs("ll", ours.log_likelihood, theirs["fit.stats"]["ll"], CONDITIONAL)
    else:
        yield "ll", ours.log_likelihood, theirs["fit.stats"]["ll"]
    saturated = theirs["fit.stats"]["ll"] + 0.5 * theirs["fit.stats"]["dev"]
    yield "dev", ours.q_lrt, 2 * (saturated - equal_of(case).log_likelihood)
    yield "converged", ours.converged, True


def equal_of(case):
    return fitted(case.columns, case.measure, case.model, "EE", "Wald", None)


ABOVE = "the maximum lies at no variance between studies, where the likelihood is higher than at metafor's estimate"
NOISY = "metafor differentiates a rounded density numerically; ours is the variance of the distribution"


@comparison(
    "GLMM CM.EL (noncentral hypergeometric): estimates and likelihood",
    source=METAFOR,
    rel=1e-5,
    why="metafor's optimiser stops early",
    cases=those(exact_tables),
)
def exact_conditional(case):
    ours, theirs = ours_of(case), case.theirs
    stats = theirs["fit.stats"]
    yield from counted(ours, theirs)
    yield from equality(ours, theirs)
    yield "dev", ours.q_lrt, 2 * (stats["ll"] + 0.5 * stats["dev"] - equal_of(case).log_likelihood)
    yield "converged", ours.converged, True
    above = ours.log_likelihood - stats["ll"]
    assert above >= -1e-6
    criteria = ("AIC", [ours.aic, ours.bic, ours.aicc], [stats[key] for key in ("AIC", "BIC", "AICc")])
    for item in (*core(ours, theirs), ("ll", ours.log_likelihood, stats["ll"]), criteria):
        lower = above > 1e-5 and item[0] not in ("k", "b")
        yield Differs(*item[:3], ABOVE) if lower else item


@comparison(
    "GLMM CM.EL (noncentral hypergeometric): standard errors and Wald tests",
    source=METAFOR,
    rel=2e-3,
    why=NOISY,
    cases=those(exact_tables),
)
def exact_conditional_inference(case):
    ours, theirs = ours_of(case), case.theirs
    tau2_se = theirs["se.tau2"] if case.tau2 == "ML" and ours.tau2 > 0 else None
    items = [*inference(ours, theirs), *wald(ours, theirs), ("se.tau2", ours.tau2_se, tau2_se)]
    for item in items:
        a, b = numbers(item[1]), numbers(item[2])
        scale = np.broadcast_to(numbers(item[3] if len(item) > 3 else 0.0), b.shape)
        wrong = (relative_error(a, b, scale) > 2e-3).any()
        yield Differs(*item[:3], NOISY) if wrong else item


def random_studies(case):
    return case.model == "UM.RS"


@comparison("GLMM UM.RS (random study effects)", source=METAFOR, rel=2e-3, why=LME4, cases=those(random_studies))
def random_intercepts(case):
    ours, theirs = ours_of(case, 1 if case.tau2 == "ML" else None), case.theirs
    yield from core(ours, theirs)
    yield from counted(ours, theirs)
    yield from equality(ours, theirs)
    yield "sigma2", ours.sigma2, theirs["sigma2"], 0.1
    ll = theirs["fit.stats"]["ll"]
    if case.tau2 == "EE":  # with several nodes lme4 leaves the likelihood of a perfect fit out
        problem = problem_of(case)
        ll += glmm._saturated(problem._replace(model="UM.FS"), None)[0]
    yield "ll", ours.log_likelihood, ll
    assert case.tau2 == "EE" or ours.log_likelihood >= ll - 1e-6
    yield (
        "dev",
        2 * (ours.q_lrt / 2 + equal_at(case).log_likelihood - ours.log_likelihood),
        theirs["fit.stats"]["dev"],
        1.0,
    )
    yield "converged", ours.converged, True


def equal_at(case):
    nodes = 1 if case.tau2 == "ML" else None
    return fitted(case.columns, case.measure, case.model, "EE", "Wald", nodes)


@comparison(
    "GLMM UM.RS: standard errors and Wald tests", source=METAFOR, rel=2e-2, why=LME4, cases=those(random_studies)
)
def random_intercepts_inference(case):
    ours, theirs = ours_of(case, 1 if case.tau2 == "ML" else None), case.theirs
    yield from inference(ours, theirs)
    yield from wald(ours, theirs)


def refused():
    return [case for case in fits() if "error" in case.theirs]


@comparison("GLMM that cannot be fitted", source=METAFOR, rel=ITERATED, cases=refused)
def refusals(case):
    if "convergence" in case.theirs["error"]:
        ours = ours_of(case)
        assert ours.converged
        yield Differs("estimate", ours.estimate, None, "metafor's optimiser did not converge")
    else:
        with pytest.raises(ValueError, match=r"infinity|cannot tell of a variance"):
            ours_of(case)
        yield "refused", True, True


class Proportions(NamedTuple):
    name: str
    columns: tuple[tuple[float, ...], ...]
    meta: dict


def proportions():
    for file in names():
        content = load(file)
        if "GLMM" in content.get("meta", {}):
            data = np.array([content["data"]["xi"], content["data"]["ni"]], float)
            yield Proportions(file, tuple(map(tuple, data.tolist())), content["meta"]["GLMM"])


@comparison("GLMM of proportions", source=META, rel=1e-3, why=LME4, cases=proportions)
def meta_proportions(case):
    theirs = case.meta
    equal = pool_glmm(*case.columns, measure="PLO", tau2="EE")
    ours = pool_glmm(*case.columns, measure="PLO", prediction="V")
    yield "k", ours.k, theirs["k"]
    for kind, fit in (("common", equal), ("random", ours)):
        yield f"TE.{kind}", fit.estimate, theirs[f"TE.{kind}"], fit.se
        yield f"seTE.{kind}", fit.se, theirs[f"seTE.{kind}"]
        yield f"lower.{kind}", fit.ci.low, theirs[f"lower.{kind}"], fit.se
        yield f"upper.{kind}", fit.ci.high, theirs[f"upper.{kind}"], fit.se
        yield f"pval.{kind}", np.nan, theirs[f"pval.{kind}"]
    yield "df.random", ours.df, theirs["df.random"]
    yield (
        "predict",
        [ours.prediction.low, ours.prediction.high],
        [theirs["lower.predict"], theirs["upper.predict"]],
        ours.se,
    )
    yield "seTE.predict", np.hypot(ours.se, ours.tau2**0.5), theirs["seTE.predict"]
    yield "df.predict", ours.k - 1, theirs["df.predict"]
    yield "tau2", ours.tau2, theirs["tau2"], 0.1 * ours.se**2
    yield "Q", [ours.q_wald, ours.q_lrt], theirs["Q"]
    yield "df.Q", [ours.q_df, ours.q_df], theirs["df.Q"]
    yield "pval.Q", [chdtrc(ours.q_df, q) for q in (ours.q_wald, ours.q_lrt)], theirs["pval.Q"], 1e-8
    yield "I2", max(0.0, 1 - ours.q_df / ours.q_wald), theirs["I2"], 0.1


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


@pytest.mark.parametrize(
    "case", those(lambda case: case.tau2 == "ML" and case.interval == "Wald")(), ids=lambda case: case.name
)
def test_no_likelihood_of_r_is_higher(case):
    # the likelihood at R's estimates, with everything that R does not print at its best, is not above ours
    ours, problem = ours_of(case), problem_of(case)
    model = glmm.build(problem, True, None)
    fit = FIT(problem, True, None)
    start, free = fit.shared.copy(), np.ones(fit.shared.size, dtype=bool)
    place = model.n_fixed
    start[0], start[place], free[0], free[place] = case.theirs["b"], case.theirs["tau2"] ** 0.5, False, False
    there = maximise(model, [start], fit.own, free)
    assert ours.log_likelihood >= there.log_likelihood - 1e-9
