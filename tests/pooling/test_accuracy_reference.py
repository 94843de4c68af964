"""Synthesis of diagnostic accuracy beside mada, lme4 and metafor."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import special

import oracle
from metaan.pooling.accuracy import binomial as accuracy_binomial
from metaan.pooling.accuracy import normal as accuracy_normal
from metaan.pooling.accuracy.bivariate import pool_accuracy, pool_accuracy_ratio
from metaan.pooling.accuracy.curve import accuracy_curve, area, hsroc, line
from metaan.pooling.accuracy.hazards import accuracy_hazards
from metaan.pooling.accuracy.tables import correct_zeros, describe_accuracy, read
from oracle import CLOSED, EARLY, METAFOR, Differs, comparison, comparisons_of

MADA = "mada 0.5.12"
LME4 = "lme4 1.1-31"
STOPS = "mada maximises by a general optimiser that stops early; our likelihood is nowhere lower"


class Case(NamedTuple):
    name: str
    counts: tuple[np.ndarray, ...]  #: tp, fn, fp, tn
    block: dict[str, Any]


@cache
def cases() -> tuple[Case, ...]:
    found = []
    for name in oracle.names("dta-"):
        block = oracle.load(name)
        found.append(Case(name, tuple(np.array(block["data"][key]) for key in ("TP", "FN", "FP", "TN")), block))
    return tuple(found)


def both():
    return [Case(f"{case.name} {m}", case.counts, case.block[f"reitsma.{m.lower()}"] | {"method": m})
            for case in cases() for m in ("REML", "ML")]  # fmt: skip


@cache
def fitted(name: str, method: str):
    return pool_accuracy(*next(case.counts for case in cases() if name.startswith(case.name)), method=method)


def logits(case: Case, correct: str = "all"):
    tables = read(*case.counts)
    tp, fn, fp, tn = correct_zeros(tables, 0.5, correct)
    y = np.stack([np.log(tp / fn), np.log(fp / tn)], axis=-1)
    v = np.stack([1 / tp + 1 / fn, 1 / fp + 1 / tn], axis=-1)
    return accuracy_normal.Logits(y, v, tables.takes)


def at_theirs(case: Case):
    """Return our figures at mada's matrix between studies, and the term that turns logits into rates."""
    them, own = case.block, logits(case)
    turn = -np.log(special.expit(own.y) * special.expit(-own.y)).sum()
    return accuracy_normal.at(own, np.array([them["Psi"]]), them["method"] == "REML"), turn


@comparison(
    "Accuracy of each study: rates, odds ratios, likelihood ratios, tests", source=MADA, rel=CLOSED, cases=cases
)
def each_study(case):
    ours, them = describe_accuracy(*case.counts), case.block["descr"]
    yield "sens", ours.sensitivity, them["sens"]
    yield "sens.ci", np.column_stack([ours.sensitivity_low, ours.sensitivity_high]), them["sens.ci"]
    yield "spec", ours.specificity, them["spec"]
    yield "spec.ci", np.column_stack([ours.specificity_low, ours.specificity_high]), them["spec.ci"]
    yield "DOR", ours.dor, them["DOR"]
    yield "DOR.ci", np.column_stack([ours.dor_low, ours.dor_high]), them["DOR.ci"]
    yield "posLR", ours.positive_lr, them["posLR"]
    yield "negLR", ours.negative_lr, them["negLR"]
    yield "sens.htest", ours.sensitivity_chi2, them["sens.htest"]
    yield "spec.htest", ours.specificity_chi2, them["spec.htest"]
    yield "cor", ours.correlation, them["cor_sens_fpr"]


@comparison("Bivariate model without variation between studies", source=MADA, rel=CLOSED, cases=cases)
def fixed(case):
    ours, them = pool_accuracy(*case.counts, method="fixed"), case.block["reitsma.fixed"]
    yield "coef", ours.mean, them["coef"]
    yield "vcov", ours.covariance, them["vcov"]
    yield "logLik", ours.log_likelihood_rates, them["logLik"]


@comparison("Bivariate model (REML, ML)", source=MADA, rel=EARLY, cases=both, why=STOPS)
def bivariate(case):
    ours, them = fitted(case.name, case.block["method"]), case.block
    yield "coef", ours.mean, them["coef"], np.sqrt(np.diag(them["vcov"]))
    yield "vcov", ours.covariance, them["vcov"]
    yield "Psi", ours.psi, them["Psi"]
    yield "logLik", ours.log_likelihood_rates, them["logLik"]
    for name, key in (("accuracy", "Lambda"), ("threshold", "Theta"), ("shape", "beta")):
        scale = np.sqrt(np.diag(them["vcov"])).max() if name == "threshold" else 0.0
        yield key, getattr(ours, name), them["hsroc"][key], scale
    yield "sigma2theta", ours.threshold_variance, them["hsroc"]["sigma2theta"]
    yield "sigma2alpha", ours.accuracy_variance, them["hsroc"]["sigma2alpha"]
    fpr, sens = np.array(them["sroc_ru"]).T
    yield "sroc", accuracy_curve(ours, fpr)[1], sens
    table = np.array(oracle.numbers(them["table"]["values"]))
    mine = ours.coefficients()
    yield "table", mine[:, [0, 1, 2, 4, 5]], table[:2][:, [0, 1, 2, 4, 5]], table[:2, 1][:, None]
    yield "table p", mine[:, 3], table[:2, 3], 1e-10  # 1 - Phi(z) in mada: exact to 1e-16
    rates = [[ours.sensitivity, ours.sensitivity_ci.low, ours.sensitivity_ci.high]]
    rates += [[1 - ours.specificity, 1 - ours.specificity_ci.high, 1 - ours.specificity_ci.low]]
    yield "table rates", np.array(rates), table[2:][:, [0, 4, 5]]


@comparison("Bivariate model at mada's matrix between studies", source=MADA, rel=CLOSED, cases=both)
def bivariate_at_theirs(case):
    them, (ours, turn) = case.block, at_theirs(case)
    yield "coef", ours.mean[0], them["coef"]
    yield "vcov", ours.covariance[0], them["vcov"]
    yield "logLik", ours.log_likelihood[0] + turn, them["logLik"]
    mean, psi = np.array([them["coef"]]), np.array([them["Psi"]])
    names = {"Theta": "threshold", "Lambda": "accuracy", "beta": "shape"}
    names |= {"sigma2theta": "threshold_variance", "sigma2alpha": "accuracy_variance"}
    parameters = hsroc(mean, psi)
    for key, name in names.items():
        yield key, parameters[name][0], them["hsroc"][key]
    height, slope = line(mean, psi)

    def curve(x):
        return special.expit(height[0] + slope[0] * special.logit(x))

    fpr, sens = np.array(them["sroc_ru"]).T
    yield "sroc", curve(fpr), sens
    x = np.arange(1, 100) / 100
    yield "AUC, their sum", np.trapezoid(curve(x), x) / (x[-1] - x[0]) * 98 / 99, them["AUC"]
    _, _, fp, tn = case.counts
    x = np.linspace(max(0.01, (fp / (fp + tn)).min()), min(0.99, (fp / (fp + tn)).max()), 99)
    yield "pAUC, their sum", np.trapezoid(curve(x), x) / (x[-1] - x[0]) * 98 / 99, them["pAUC"]


@comparison("Area under the summary curve", source=MADA, rel=EARLY, cases=both, why=STOPS)
def areas(case):
    ours, them = fitted(case.name, case.block["method"]), case.block
    whole = "mada sums 98 strips from 0.01 to 0.99 and divides by 99 of them; ours is the integral from 0 to 1"
    part = "mada sums 98 strips of the observed range and divides by 99 of them; ours is the integral"
    yield Differs("AUC", ours.auc, them["AUC"], whole)
    yield Differs("pAUC", ours.partial_auc, them["pAUC"], part)


@comparison("Bivariate model, zero cells corrected study by study", source=MADA, rel=EARLY, cases=cases, why=STOPS)
def single(case):
    them = case.block["reitsma.reml.correction.all"]  # computed with mada's correction.control = "single"
    ours = pool_accuracy(*case.counts, correct="single")
    yield "coef", ours.mean, them["coef"], np.sqrt(np.diag(them["vcov"]))
    yield "vcov", ours.covariance, them["vcov"]


@comparison(
    "Pooled diagnostic odds ratio and likelihood ratios (DerSimonian-Laird)", source=MADA, rel=CLOSED, cases=cases
)
def ratios(case):
    for key, measure in (("DOR", "DOR"), ("posLR", "LR+"), ("negLR", "LR-")):
        ours, them = pool_accuracy_ratio(*case.counts, measure=measure), case.block[f"madauni.{key}"]
        yield f"{key} coef", [ours.estimate], them["coef"]
        yield f"{key} tau2", ours.tau2, them["tau2"]
        line = np.array([ours.estimate, ours.ci.low, ours.ci.high])
        yield f"{key} CI log", line, them["CI"][1]
        yield f"{key} CI", np.exp(line), them["CI"][0]
        yield f"{key} tau", [ours.tau2, np.sqrt(ours.tau2)], [them["CI"][2][0], them["CI"][3][0]]
        why = "mada's interval of tau2 need not hold its own tau2; ours is the Q-profile interval"
        interval = np.array([ours.tau2_ci.low, ours.tau2_ci.high])
        yield Differs(f"{key} CI tau2", interval, them["CI"][2][1:], why)
        yield Differs(f"{key} CI tau", np.sqrt(interval), them["CI"][3][1:], why)


@comparison("Proportional hazards model", source=MADA, rel=1e-6, cases=cases, why=STOPS)
def hazards(case):
    ours, them = accuracy_hazards(*case.counts), case.block["phm"]
    yield "theta", [ours.theta, ours.tau2], them["theta"]
    yield "logLik", ours.log_likelihood, them["logLik"]
    yield "AUC", ours.auc, them["AUC"]


@comparison("I2 of the proportional hazards measure", source=MADA, rel=CLOSED, cases=both)
def hazards_i2(case):
    ours, them = accuracy_hazards(*case.counts), case.block["I2"]
    names = ("i2", "i2_harmonic", "i2_mean", "i2_adjusted", "i2_adjusted_harmonic", "i2_adjusted_mean")
    keys = [f"Holling{kind}{i}" for kind in ("Unadjusted", "Adjusted") for i in (1, 2, 3)]
    for name, key in zip(names, keys, strict=True):
        yield key, getattr(ours, name) / 100, them[key]


@comparison(
    "Bivariate binomial model, Laplace's approximation",
    source=LME4,
    rel=1e-2,
    cases=cases,
    why="lme4 stops short of the top: our likelihood is higher on every set; standard errors there agree to 1 %",
)
def binomial(case):
    ours, them = pool_accuracy(*case.counts, likelihood="binomial", nodes=1), case.block["glmer_binomial"]
    sign = np.array([1.0, -1.0])
    yield "b", sign * ours.mean, them["b"], np.array(them["se"])
    yield "se", np.sqrt(np.diag(ours.covariance)), them["se"]
    yield "Sigma", sign[:, None] * ours.psi * sign, them["Sigma"]
    yield "logLik", ours.log_likelihood, them["logLik"]


@comparison(
    "Bivariate binomial model, likelihood at lme4's estimates",
    source=LME4,
    rel=1e-5,
    cases=cases,
    why="lme4 takes the approximation at modes of limited accuracy",
)
def binomial_at_theirs(case):
    them = case.block["glmer_binomial"]
    tp, fn, fp, tn = case.counts
    counts = accuracy_binomial.Counts(np.column_stack([tp, tn]).astype(float), np.column_stack([tp + fn, tn + fp]))
    found = accuracy_binomial.at(counts, np.array(them["b"]), np.array(them["Sigma"]), 1)
    yield "logLik", found.log_likelihood, them["logLik"]


def at_their_tau2(case):
    them = case.block["rma.DOR"]
    return them, pool_accuracy_ratio(*case.counts, tau2=them["tau2"], correct="single", prediction="normal")


@comparison("Diagnostic odds ratio by REML at metafor's tau2", source=METAFOR, rel=CLOSED, cases=cases)
def odds_ratio(case):
    them, ours = at_their_tau2(case)
    yield "k", ours.k, them["k"]
    yield "b", ours.estimate, them["b"]
    yield "se", ours.se, them["se"]
    yield "zval", ours.statistic, them["zval"]
    yield "pval", ours.p, them["pval"], 1e-12
    yield "ci", [ours.ci.low, ours.ci.high], [them["ci.lb"], them["ci.ub"]]
    yield "Q", ours.q, them["QE"]
    yield "Qp", ours.q_p, them["QEp"], 1e-12
    yield "I2", [ours.i2, ours.h2], [them["I2"], them["H2"]]
    yield "QM", ours.statistic**2, them["QM"]
    yield "QMp", ours.p, them["QMp"], 1e-12
    yield "pi", [ours.prediction.low, ours.prediction.high], list(them["pi"]["default"].values())


@comparison(
    "Diagnostic odds ratio by REML", source=METAFOR, rel=EARLY, cases=cases, why="tau2 to an absolute 1e-5 in metafor"
)
def odds_ratio_reml(case):
    them = case.block["rma.DOR"]
    ours = pool_accuracy_ratio(*case.counts, tau2="REML", correct="single")
    yield "tau2", ours.tau2, them["tau2"]
    yield "se.tau2", ours.se_tau2, them["se.tau2"]
    yield "b", ours.estimate, them["b"]


@pytest.mark.parametrize("case", both(), ids=lambda case: case.name)
def test_our_likelihood_is_not_lower_than_that_of_mada(case):
    ours, (theirs, _) = fitted(case.name, case.block["method"]), at_theirs(case)
    assert ours.converged
    assert ours.log_likelihood >= theirs.log_likelihood[0] - 1e-12
    assert ours.log_likelihood_rates >= case.block["logLik"] - 1e-10


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_our_likelihood_is_not_lower_than_that_of_lme4_and_the_hazards_model(case):
    ours, them = pool_accuracy(*case.counts, likelihood="binomial", nodes=1), case.block["glmer_binomial"]
    tp, fn, fp, tn = case.counts
    counts = accuracy_binomial.Counts(np.column_stack([tp, tn]).astype(float), np.column_stack([tp + fn, tn + fp]))
    theirs = accuracy_binomial.at(counts, np.array(them["b"]), np.array(them["Sigma"]), 1)
    assert ours.converged
    assert ours.log_likelihood >= max(theirs.log_likelihood, them["logLik"]) - 1e-9
    se = np.sqrt(np.diag(theirs.covariance))  # at the same parameters: what is left of the difference is lme4's Hessian
    assert se == pytest.approx(np.array(them["se"]), rel=1e-2)
    assert accuracy_hazards(*case.counts).log_likelihood >= case.block["phm"]["logLik"] - 1e-12


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_area_at_the_estimates_of_mada(case):
    them = case.block["reitsma.reml"]
    mean, psi = np.array([them["coef"]]), np.array([them["Psi"]])
    ours = fitted(case.name, "REML")
    assert area(*line(mean, psi))[0] == pytest.approx(ours.auc, rel=1e-4)


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
