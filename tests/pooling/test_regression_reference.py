"""Meta-regression beside metafor, on every public data set with a moderator."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.stats import chi2

from metaan.pooling import intervals
from metaan.pooling.regression import moderators
from metaan.pooling.regression.least_squares import prepare
from metaan.pooling.regression.meta_regression import Arranged, arrange, regress
from oracle import (
    CLOSED,
    EARLY,
    ITERATED,
    METAFOR,
    TIGHT,
    Differs,
    comparison,
    comparisons_of,
    effect_sets,
    failed,
    load,
)

STOPS = (
    "the reference stops iterating tau2 at steps of 1e-5, and root searches at 1.2e-4; the tight run has no such figure"
)
NORMAL = (
    "the reference solves normal equations: with a year near 1980 they cost it digits; ours agree with exact rational "
    "arithmetic to 1e-11 (test_year_is_exact)"
)
INTERVALS = {"z": "Wald", "knha": "HK", "t": "t"}
FIRST = {"agegroup": "Children"}  # levels in another than alphabetical order


class Model(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    moderators: dict[str, list[Any]]
    formula: str
    block: dict[str, Any]  # of metafor as it comes
    tight: dict[str, Any]  # of metafor iterated to the end

    def arranged(self, *, alphabetical: bool = False) -> Arranged:
        first = {} if alphabetical else {name: level for name, level in FIRST.items() if name in self.formula}
        return arrange(self.y, self.v, self.moderators, formula=self.formula, reference=first)

    def far(self) -> bool:
        """Whether squaring the condition of the design, as normal equations do, costs more digits than `CLOSED`."""
        x = self.arranged().x
        return bool(np.linalg.cond(x) ** 2 * np.finfo(float).eps > CLOSED / 100)

    def fits(self):
        """Yield estimator, interval and figures of each call that did not fail in R."""
        for key, theirs in self.block.items():
            method, _, test = key.partition(".")
            if method in moderators.ESTIMATORS and test in INTERVALS and not failed(theirs):
                yield key, method, INTERVALS[test], theirs


@cache
def models() -> tuple[Model, ...]:
    found = []
    for each in effect_sets():
        data = load(each.file)["data"]
        columns = {name: [values[i] for i in each.rows] for name, values in data.items()}
        for formula, block in each.fits.get("metareg", {}).items():
            tight = each.tight.get("metareg", {}).get(formula, {})
            found.append(Model(f"{each.name} {formula}", each.y, each.v, columns, formula, block, tight))
    return tuple(found)


def fit_stats(key, ours, theirs, known):
    for kind, record in (("ML", ours.ml), ("REML", ours.reml)):
        yield f"{key} {kind} ll", record.log_likelihood, theirs[kind]["ll"], 1.0
        yield f"{key} {kind} dev", record.deviance, theirs[kind]["dev"], 1.0
        # tau2 given as known is no parameter: two less in AIC, one log(n) less in BIC
        yield f"{key} {kind} AIC", record.aic + 2 * known, theirs[kind]["AIC"], 1.0
        n = ours.k if kind == "ML" else ours.k - len(ours.names)
        yield f"{key} {kind} BIC", record.bic + known * np.log(n), theirs[kind]["BIC"], 1.0
        if not known:
            yield f"{key} {kind} AICc", record.aicc, theirs[kind]["AICc"], 1.0


def near_zero() -> list[Model]:
    return [each for each in models() if not each.far()]


def far() -> list[Model]:
    return [each for each in models() if each.far()]


@comparison("meta-regression: names of coefficients, studies in use", source=METAFOR, rel=CLOSED, cases=models)
def structure(case):
    data = case.arranged()
    theirs = next(block for block in case.block.values() if isinstance(block, dict) and "coef" in block)
    ours = ["intrcpt" if n == "intercept" else n.replace("[", "").replace("]", "") for n in data.design.names]
    yield "names agree", ours == theirs["coef"], True
    yield "k", len(data.y), case.block["k.used"]


def everything(key, ours, theirs):
    se = np.array(theirs["se"])
    if "vb" in theirs:
        yield f"{key} vb", ours.covariance, theirs["vb"], np.outer(se, se)
    yield f"{key} b", ours.estimates, theirs["b"], se
    yield f"{key} se", ours.se, theirs["se"]
    yield f"{key} zval", ours.statistic, theirs["zval"], 1.0
    yield f"{key} pval", ours.p, theirs["pval"]
    yield f"{key} ci.lb", ours.ci_low, theirs["ci.lb"], se
    yield f"{key} ci.ub", ours.ci_high, theirs["ci.ub"], se
    yield f"{key} QE", ours.qe, theirs["QE"]
    yield f"{key} QEp", ours.qe_p, theirs["QEp"], 1e-300
    yield f"{key} QM", ours.omnibus.statistic, theirs["QM"]
    yield f"{key} QMp", ours.omnibus.p, theirs["QMp"], 1e-300
    yield f"{key} QMdf", [ours.omnibus.df1, None if np.isinf(ours.omnibus.df2) else ours.omnibus.df2], theirs["QMdf"]
    yield f"{key} I2", ours.i2, theirs["I2"], 1e-3
    yield f"{key} H2", ours.h2, theirs["H2"]
    yield f"{key} dfs", None if np.isinf(ours.df) else ours.df, theirs["dfs"]
    for term, test in theirs.get("terms", {}).items():
        found = next(t for t in ours.terms if t.term == term)
        yield f"{key} {term} btt", [ours.names.index(n) + 1 for n in found.coefficients], np.atleast_1d(test["btt"])
        yield f"{key} {term} QM", found.statistic, test["QM"]
        yield f"{key} {term} QMp", found.p, test["QMp"], 1e-300


def closed_figures(case):
    """Yield closed forms, and every figure of REML and ML that follows from R's own tau2."""
    smallest, data = case.v.min(), case.arranged()
    for key, method, interval, theirs in case.fits():
        if method in ("EE", "DL"):
            ours = regress(data, tau2=method, interval=interval)
            yield f"{key} tau2", ours.tau2, theirs["tau2"], smallest
            yield from explained(f"{key} R2", ours.r2, theirs["R2"], 1e-3)
        else:
            ours = regress(data, tau2=theirs["tau2"], interval=interval)
        yield from everything(key, ours, theirs)
        if "fit.stats" in theirs:
            yield from fit_stats(f"{key} fit.stats", ours, theirs["fit.stats"], known=method in ("ML", "REML"))
        rows = prepare(data.y[None], data.v[None], data.x)
        if method != "EE":
            se = moderators.standard_error(rows, np.array([theirs["tau2"]]), method)[0]
            yield f"{key} se.tau2", se, theirs["se.tau2"]
    final = case.block.get("REML.knha", {})
    if "tau2" in final:
        ours = regress(data, tau2=final["tau2"], interval="HK")
        yield from predictions(ours, data, case.block["predict_REML_knha"])
        if "vif" in case.block:
            wald = regress(data, tau2=final["tau2"], interval="Wald")
            yield "vif", wald.vif[1:], case.block["vif"]["vif"]


def explained(key, ours, theirs, scale):
    if np.isnan(ours):
        yield Differs(key, ours, theirs, "R2 without any variance between studies to explain: none, not zero")
    else:
        yield key, ours, theirs, scale


def predictions(ours, data, theirs):
    found = ours.predict(data.x[: len(theirs["pred"])])  # the reference keeps the first sixty
    names = {"pred": "estimate", "se": "se", "ci.lb": "ci_low", "ci.ub": "ci_high"}
    names |= {"pi.lb": "prediction_low", "pi.ub": "prediction_high"}
    for key, name in names.items():
        yield f"predict {key}", getattr(found, name), theirs[key], np.array(theirs["se"])


@comparison("meta-regression: coefficients, tests, predictions, VIF", source=METAFOR, rel=CLOSED, cases=near_zero)
def closed(case):
    yield from closed_figures(case)


@comparison("meta-regression: the same, moderators far from zero", source=METAFOR, rel=1e-6, cases=far, why=NORMAL)
def closed_far(case):
    yield from closed_figures(case)


@comparison("meta-regression: REML", source=TIGHT, rel=ITERATED, cases=models)
def iterated(case):
    theirs = case.tight
    if not theirs or failed(theirs):
        return
    data = case.arranged(alphabetical=True)
    wald, hk = regress(data, interval="Wald"), regress(data, interval="HK")
    yield "tau2", wald.tau2, theirs["tau2"], case.v.min()
    yield "b", wald.estimates, theirs["b"], np.array(theirs["se"])
    yield "se", wald.se, theirs["se"]
    yield "QM", wald.omnibus.statistic, theirs["QM"]
    yield "knha se", hk.se, theirs["knha.se"]
    yield "knha QM", hk.omnibus.statistic, theirs["knha.QM"]


@comparison("meta-regression: tau2 and R2 by REML and ML", source=METAFOR, rel=EARLY, cases=models, why=STOPS)
def early(case):
    data = case.arranged()
    rows, refit = prepare(data.y[None], data.v[None], data.x), {}
    for key, method, _, theirs in case.fits():
        if method in ("EE", "DL"):
            continue
        ours = refit.setdefault(method, None) or regress(data, tau2=method)
        refit[method] = ours
        yield f"{key} tau2", ours.tau2, theirs["tau2"], 1.0
        heights = [
            moderators.log_likelihood(rows, np.array([tau2]), restricted=method == "REML")[0]
            for tau2 in (ours.tau2, theirs["tau2"])
        ]
        yield f"{key} likelihood no lower", heights[0] >= heights[1] - 1e-12 * abs(heights[1]), True
        before = moderators.fit(data.y[None], data.v[None], np.ones((len(data.y), 1)), tau2=method).tau2[0]
        yield from explained(f"{key} R2", ours.r2, theirs["R2"], 100.0 / before if before > 0 else 0.0)


@comparison("meta-regression: Q-profile interval of tau2", source=METAFOR, rel=EARLY, cases=models, why=STOPS)
def profile(case):
    theirs = case.block.get("confint_QP", {"error": ""})
    if failed(theirs):
        return
    data = case.arranged()
    ours = regress(data)
    for name, limit in (("lb", ours.tau2_ci.low), ("ub", ours.tau2_ci.high)):
        yield f"tau2 {name}", limit, theirs["tau2"][name], 1.25
        target = chi2.ppf(0.975 if name == "lb" else 0.025, ours.qe_df)
        q = moderators.fit(data.y[None], data.v[None], data.x, tau2=np.array([limit])).q_tau2[0]
        yield f"Q at our {name}", q if limit > 0 else min(q, target), target if limit > 0 else q
        i2 = intervals.i2(theirs["tau2"][name], moderators.fit(data.y[None], data.v[None], data.x).typical[0])
        yield f"I2 {name} from R's tau2", i2, theirs["I2"][name], 1e-3
        yield f"H2 {name} from R's tau2", 1.0 / (1.0 - i2 / 100.0), theirs["H2"][name]


class Means(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    fits: dict[str, Any]
    tight: dict[str, Any]

    def fit(self, method: str) -> moderators.ModeratorFit:
        return moderators.fit(self.y[None], self.v[None], np.ones((len(self.y), 1)), tau2=method)


@cache
def means() -> tuple[Means, ...]:
    found = [Means(each.name, each.y, each.v, each.fits["rma.uni"], each.tight) for each in effect_sets()]
    for name, case in load("edge-generic")["cases"].items():
        y, v = (np.array(case[key], dtype=float) for key in ("yi", "vi"))
        some = np.isfinite(y) & np.isfinite(v) & (v > 0)
        if some.sum() > 1:
            tight = load("tight").get("edge-generic", {}).get(name, {})
            found.append(Means(f"edge-generic {name}", y[some], v[some], case["rma.uni"], tight))
    return tuple(found)


@comparison("kernel of meta-regression, intercept alone: closed forms", source=METAFOR, rel=CLOSED, cases=means)
def intercept_closed(case):
    for method in ("EE", "DL", "HE", "HS", "HSk", "SJ"):
        theirs = case.fits.get(method, {"error": ""})
        if failed(theirs):
            continue
        fit, smallest = case.fit(method), case.v.min()
        yield f"{method} tau2", fit.tau2[0], theirs["tau2"], smallest
        if method != "SJ" or fit.tau2[0] > 0:
            yield f"{method} se.tau2", fit.se_tau2[0], theirs["se.tau2"], smallest
        yield f"{method} QE", fit.q[0], theirs["QE"], 1e-6
        yield f"{method} vt", fit.typical[0], theirs["vt"]


@comparison("kernel of meta-regression, intercept alone: iterated", source=TIGHT, rel=ITERATED, cases=means)
def intercept_iterated(case):
    for method in ("REML", "ML", "EB", "PM", "PMM"):
        theirs = case.tight.get(method, {"error": ""})
        if failed(theirs):
            continue
        fit = case.fit(method)
        yield f"{method} tau2", fit.tau2[0], theirs["tau2"], case.v.min()
        yield f"{method} b", fit.beta[0, 0], theirs["b"], theirs["se"]
        yield f"{method} se", fit.covariance[0, 0, 0] ** 0.5, theirs["se"]


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
