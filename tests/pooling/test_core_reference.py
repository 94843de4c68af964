"""Every inverse-variance figure of metafor and meta on published data, beside ours."""

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

import oracle
from metaan.pooling.fit_statistics import fit_statistics
from metaan.pooling.heterogeneity import heterogeneity
from metaan.pooling.intervals import quantile
from metaan.pooling.pool import pool
from metaan.pooling.quality import ivhet
from oracle import CLOSED, EARLY, ITERATED, META, METAFOR, TIGHT, Differs, comparison, comparisons_of, failed

CLOSED_FORMS = ("DL", "HE", "HS", "HSk", "SJ")
SAME_ROOT = {"DLIT": "PM", "SJIT": "PM"}  # their equation is that of Paule and Mandel
TESTS = {"z": "Wald", "t": "t", "knha": "HK", "adhoc": "mKH"}
BOUNDS = {"default": "own", "riley": "riley", "simple": "simple", "t": "same"}
STOPS = "R stops when tau2 changes by less than 1e-5, or brackets a limit to 1.2e-4, whatever the scale of the data"
FEW = "no prediction interval for fewer than three studies"
IQWIG = (
    "where HK is narrower than the interval of DerSimonian and Laird, meta takes the classic standard error even if it "
    "is the smaller of the two; the correction of Knapp and Hartung floors q at 1, so it never narrows HK"
)
UNTESTED = "meta tests no mean of proportions, for want of a null value"
MISSING = "IVhet of meta is missing where a row of the data has no effect"
FLAT = "equal effects leave Hartung-Knapp a standard error of zero, which says nothing of precision: no limits"


@cache
def edge_sets() -> tuple[oracle.EffectSet, ...]:
    """Constructed cases: one or two studies, identical effects, extreme variances."""
    found = []
    for case, block in oracle.load("edge-generic")["cases"].items():
        y, v = (np.array(block[key], dtype=float) for key in ("yi", "vi"))
        kept = np.flatnonzero(np.isfinite(y) & np.isfinite(v))
        tight = oracle.load("tight").get("edge-generic", {}).get(case, {})
        found.append(
            oracle.EffectSet(f"edge {case}", "edge-generic", case, y[kept], v[kept], kept, block, False, tight)
        )
    return tuple(found)


@cache
def sets() -> tuple[oracle.EffectSet, ...]:
    return oracle.effect_sets() + edge_sets()


def fits(s, *methods):
    """Yield the fits of R that did not fail."""
    for method, fit in s.fits["rma.uni"].items():
        if method != "confint" and not failed(fit) and (not methods or method in methods):
            yield method, fit


def at(s, tau2, interval="Wald", prediction=None, **options):
    """Pool at a given tau2, so that nothing but the formula is compared."""
    return pool(s.y, s.v, tau2=tau2, interval=interval, prediction=prediction, tau2_interval=None, **options)


def rows_at(s, tau2, interval, prediction):
    """Pool one set at several values of tau2 in one batch."""
    y = np.tile(s.y, (len(tau2), 1))
    return pool(y, s.v, tau2=tau2, interval=interval, prediction=prediction, tau2_interval=None)


@comparison("tau2 and its standard error by DL, HE, HS, HSk, SJ; EE", source=METAFOR, rel=CLOSED, cases=sets)
def closed_forms(s):
    smallest = s.v.min()
    for method, fit in fits(s, "EE", *CLOSED_FORMS):
        ours = pool(s.y, s.v, tau2=method, interval="Wald", prediction=None, tau2_interval=None)
        yield f"{method} k", ours.k, fit["k"]
        yield f"{method} tau2", ours.tau2, fit["tau2"], smallest
        yield f"{method} se.tau2", ours.se_tau2, fit["se.tau2"]
        yield f"{method} I2", ours.i2, fit["I2"], 1.0
        yield f"{method} H2", ours.h2, fit["H2"]
        yield f"{method} QE", ours.q, fit["QE"], 1e-6
        yield f"{method} QEp", ours.q_p, fit["QEp"]


@comparison("tau2 and mean by REML, ML, EB, PM, PMM", source=TIGHT, rel=ITERATED, cases=sets)
def iterated(s):
    for method in ("REML", "ML", "EB", "PM", "PMM"):
        fit = s.tight.get(method)
        if fit is None or failed(fit):
            continue
        wald = pool(s.y, s.v, tau2=method, interval="Wald", tau2_interval=None)
        yield f"{method} tau2", wald.tau2, fit["tau2"], s.v.min()
        yield f"{method} b", wald.estimate, fit["b"], wald.se
        yield f"{method} se", wald.se, fit["se"]
        yield f"{method} I2", wald.i2, fit["I2"], 1.0
        yield f"{method} H2", wald.h2, fit["H2"]
        yield f"{method} ci", (wald.ci.low, wald.ci.high), (fit["ci.lb"], fit["ci.ub"]), wald.se
        hk = pool(s.y, s.v, tau2=method, interval="HK", prediction=None, tau2_interval=None)
        yield f"{method} knha.se", hk.se, fit["knha.se"]
        limits, theirs = (hk.ci.low, hk.ci.high), (fit["knha.ci.lb"], fit["knha.ci.ub"])
        if hk.se == 0:
            yield Differs(f"{method} knha.ci", limits, theirs, FLAT)
        else:
            yield f"{method} knha.ci", limits, theirs, hk.se
        assert wald.converged


@comparison("DLIT and SJIT share the equation of PM", source=TIGHT, rel=ITERATED, cases=sets)
def same_equation(s):
    for method, other in SAME_ROOT.items():
        if other in s.tight and not failed(s.tight[other]) and method in s.fits["rma.uni"]:
            yield method, pool(s.y, s.v, tau2=method).tau2, s.tight[other]["tau2"], s.v.min()


@comparison("tau2 by iterated estimators, as R prints them", source=METAFOR, rel=2 * EARLY, cases=sets, why=STOPS)
def printed(s):
    smallest = s.v.min()
    for method, fit in fits(s, "REML", "ML", "EB", "PM", "PMM", "DLIT", "SJIT"):
        ours, theirs = pool(s.y, s.v, tau2=method, prediction=None, tau2_interval=None).tau2, fit["tau2"]
        # SJIT creeps towards zero and is stopped; ours is the root (`same_equation`), or zero where there is none.
        if method == "SJIT" and ours == 0:
            yield (
                Differs("SJIT", ours, theirs, "SJIT of R stops on its way to zero; ours is zero")
                if theirs
                else (
                    "SJIT",
                    ours,
                    theirs,
                )
            )
        else:
            yield method, ours, theirs, max(1.0, smallest)


@comparison("mean, tests, intervals and heterogeneity at R's own tau2", source=METAFOR, rel=CLOSED, cases=sets)
def at_their_tau2(s):
    k, fitted = len(s.y), dict(fits(s))
    for test, interval in TESTS.items():
        chosen = {method: fit for method, fit in fitted.items() if test in fit["tests"]}
        if not chosen:
            continue
        given = [fit["tau2"] for fit in chosen.values()]
        bounds = {bound for fit in chosen.values() for bound in fit["tests"][test].get("pi", {})}
        batch = {bound: rows_at(s, given, interval, BOUNDS[bound]) for bound in sorted(bounds | {"default"})}
        ours = batch["default"]
        for i, (method, fit) in enumerate(chosen.items()):
            label, theirs, se = f"{method} {test}", fit["tests"][test], ours.se[i]
            yield f"{label} dfs", ours.df[i], theirs.get("dfs") or math.inf
            yield f"{label} b", ours.estimate[i], theirs["b"], se
            yield f"{label} se", se, theirs["se"]
            mine = (ours.statistic[i], ours.p[i], ours.ci.low[i], ours.ci.high[i])
            figures = tuple(theirs[key] for key in ("zval", "pval", "ci.lb", "ci.ub"))
            if se == 0:
                yield Differs(label, mine, figures, FLAT)
                continue
            yield f"{label} zval", mine[0], figures[0], 1.0
            yield f"{label} pval", mine[1], figures[1]
            yield f"{label} ci", mine[2:], figures[2:], se
            for bound, limits in theirs.get("pi", {}).items():
                pi = batch[bound].prediction
                both = limits["lb"], limits["ub"]
                if k < 3:
                    yield Differs(f"{label} pi {bound}", (pi.low[i], pi.high[i]), both, FEW)
                else:
                    yield f"{label} pi {bound}", (pi.low[i], pi.high[i]), both, math.hypot(se, math.sqrt(fit["tau2"]))
            if method != "EE" and test == "z":
                yield f"{method} I2", ours.i2[i], fit["I2"], 1.0
                yield f"{method} H2", ours.h2[i], fit["H2"]


@comparison("standard error of tau2 at R's own tau2", source=METAFOR, rel=CLOSED, cases=sets)
def standard_errors(s):
    from metaan.pooling import estimators, intervals, kernel

    rows = kernel.arrange(s.y[None], s.v[None])
    for method, fit in fits(s):
        ours = estimators.standard_error(rows, np.array([float(fit["tau2"])]), method)[0]
        yield f"{method} se.tau2", ours, fit["se.tau2"]
        typical = intervals.typical_variance(rows)[0]
        yield f"{method} vt", 0.0 if len(s.y) == 1 and math.isnan(typical) else typical, fit["vt"]


CRITERIA = {"ll": "log_likelihood", "dev": "deviance", "AIC": "aic", "BIC": "bic", "AICc": "aicc"}


@comparison("log-likelihood, deviance, AIC, BIC, AICc", source=METAFOR, rel=CLOSED, cases=sets)
def likelihoods(s):
    for method, fit in fits(s, "EE", "ML", "REML"):
        ours = fit_statistics(s.y, s.v, tau2=method if method == "EE" else fit["tau2"])
        for kind, prefix in (("ML", ""), ("REML", "restricted_")):
            for key, name in CRITERIA.items():
                yield f"{method} {kind} {key}", getattr(ours, prefix + name), fit["fit.stats"][kind][key], 1.0
        if method != "EE":  # nowhere is our likelihood lower than at R's tau2
            best = fit_statistics(s.y, s.v, tau2=method)
            name = "log_likelihood" if method == "ML" else "restricted_log_likelihood"
            assert getattr(best, name) >= getattr(ours, name) - 1e-10 * (1 + abs(getattr(ours, name)))


@comparison("Q-profile and profile likelihood limits of tau2", source=TIGHT, rel=ITERATED, cases=sets)
def profiles(s):
    for key, name in (("REML.QP", "QP"), ("REML.PL", "PL")):
        theirs = s.tight.get(key)
        if theirs is None or failed(theirs):
            continue
        ours = pool(s.y, s.v, tau2_interval=name)
        limits = ours.tau2_ci.low, ours.tau2_ci.high
        yield f"{name} tau2", limits, (theirs["tau2.lb"], theirs["tau2.ub"]), s.v.min()
        yield f"{name} I2", (ours.i2_ci.low, ours.i2_ci.high), (theirs["I2.lb"], theirs["I2.ub"]), 1.0
        assert ours.converged


CONFINT = {"QP": ("REML", "QP"), "QP_DL": ("DL", "QP"), "PL_ML": ("ML", "PL"), "PL_REML": ("REML", "PL")}


@comparison("limits of tau2, as R prints them", source=METAFOR, rel=2 * EARLY, cases=sets, why=STOPS)
def printed_limits(s):
    for key, (method, name) in CONFINT.items():
        theirs = s.fits["rma.uni"]["confint"][key]
        ours = pool(s.y, s.v, tau2=method, tau2_interval=name).tau2_ci
        if failed(theirs):
            assert ours is None  # R refuses k = 1; we give no interval
            continue
        limits = theirs["tau2"]["lb"], theirs["tau2"]["ub"]
        if theirs["ub.sign"] == ">":
            why = "R searches tau2 up to ten times the estimate; ours is the root beyond"
            yield Differs(key, (ours.low, ours.high), limits, why)
            continue
        yield key, (ours.low, ours.high), limits, max(1.0, s.v.min())


@comparison("tau, I2 and H2 from R's limits of tau2", source=METAFOR, rel=CLOSED, cases=sets)
def from_their_limits(s):
    for key in CONFINT:
        theirs = s.fits["rma.uni"]["confint"][key]
        if failed(theirs):
            continue
        for end, tau2 in theirs["tau2"].items():
            ours = heterogeneity(s.y, s.v, tau2=tau2)
            yield f"{key} tau {end}", ours.tau, theirs["tau"][end], math.sqrt(s.v.min())
            yield f"{key} I2 {end}", ours.i2, theirs["I2"][end], 1.0
            yield f"{key} H2 {end}", ours.h**2, theirs["H2"][end]


@comparison(
    "given weights: moment estimator, mean, intervals", source=METAFOR, rel=CLOSED, cases=oracle.holding("genq")
)
def given_weights(s):
    for key, block in s.fits["genq"].items():
        a = 1 / s.v if key == "w=1/vi" else 1 / np.sqrt(s.v)
        ours = pool(s.y, s.v, tau2="GENQ", weights=a, interval="Wald", tau2_interval=None)
        yield f"{key} k", ours.k, block["k"]
        yield f"{key} tau2", ours.tau2, block["tau2"], s.v.min()
        yield f"{key} se.tau2", ours.se_tau2, block["se.tau2"]
        yield f"{key} I2", ours.i2, block["I2"], 1.0
        yield f"{key} H2", ours.h2, block["H2"]
        yield f"{key} QE", ours.q, block["QE"]
        yield f"{key} QEp", ours.q_p, block["QEp"]
        theirs = block["test"]
        yield f"{key} b", ours.estimate, theirs["b"], ours.se
        yield f"{key} test", (ours.se, ours.p), (theirs["se"], theirs["pval"])
        yield f"{key} zval", ours.statistic, theirs["zval"], 1.0
        yield f"{key} QM", (ours.statistic**2, ours.p), (theirs["QM"], theirs["QMp"]), (1.0, 0.0)
        yield f"{key} ci", (ours.ci.low, ours.ci.high), (theirs["ci.lb"], theirs["ci.ub"]), ours.se
        for bound, limits in theirs["pi"].items():
            options = {"interval": "Wald", "tau2_interval": None, "prediction": BOUNDS[bound]}
            pi = pool(s.y, s.v, tau2="GENQ", weights=a, **options).prediction
            both = limits["lb"], limits["ub"]
            if ours.k < 3:
                yield Differs(f"{key} pi {bound}", (None, None), both, FEW)
            else:
                yield f"{key} pi {bound}", (pi.low, pi.high), both, math.hypot(ours.se, math.sqrt(ours.tau2))


@comparison(
    "generalised Q limits of tau2", source=METAFOR, rel=2 * EARLY, cases=oracle.holding("genq"), why=STOPS
)  # exact limits: `test_pool_quadratic.py`
def generalised_q_limits(s):
    for key, block in s.fits["genq"].items():
        a, name = (1 / s.v, "BJ") if key == "w=1/vi" else (1 / np.sqrt(s.v), "J")
        ours = pool(s.y, s.v, tau2="GENQ", weights=a, interval="Wald", tau2_interval="GENQ")
        theirs = block["confint"]
        limits = np.array([ours.tau2_ci.low, ours.tau2_ci.high])
        yield f"{key} tau2", limits, (theirs["tau2"]["lb"], theirs["tau2"]["ub"]), max(1.0, s.v.min())
        for end in ("lb", "ub"):
            at_end = heterogeneity(s.y, s.v, tau2=theirs["tau2"][end])
            for what, mine, scale in (("tau", at_end.tau, 1.0), ("I2", at_end.i2, 1.0), ("H2", at_end.h**2, 1.0)):
                yield f"{key} {what} {end}", mine, theirs[what][end], scale
        named = pool(s.y, s.v, tau2_interval=name).tau2_ci
        assert limits_of(named) == pytest.approx(limits, rel=1e-9, abs=1e-12)


@comparison("weights of the studies", source=METAFOR, rel=CLOSED, cases=oracle.holding("weights"))
def weights(s):
    theirs = s.fits["weights"]
    yield "EE", at(s, "EE").weights, theirs["EE"]
    yield "REML", at(s, s.fits["rma.uni"]["REML"]["tau2"]).weights, theirs["REML"]


class MetaSet(NamedTuple):
    """Effects as package meta computed them, and what it made of them."""

    name: str
    y: np.ndarray
    v: np.ndarray
    meta: dict[str, Any]
    kind: str


@cache
def meta_sets() -> tuple[MetaSet, ...]:
    found = []
    for name in oracle.names():
        content = oracle.load(name)
        block = content.get("meta", {})
        if "TE" not in block.get("default", {}):
            continue
        found.append(_meta_set(name, block["default"], block, content["kind"]))
    return tuple(found)


def _meta_set(name, effects, block, kind):
    y, se = (np.array(effects[key], dtype=float) for key in ("TE", "seTE"))
    kept = np.isfinite(y) & np.isfinite(se)
    return MetaSet(name, y[kept], se[kept] ** 2, block, kind)


@cache
def corrected_sets() -> tuple[MetaSet, ...]:
    """Binary data under each continuity correction; effects as meta computed them."""
    found = []
    for each in meta_sets():
        for key, block in each.meta.items():
            if key.startswith("Inverse.") and "TE" in block:
                found.append(_meta_set(f"{each.name} {key}", block, {key: block, "default": block}, "inverse"))
    return tuple(found)


def named(prefix, item):
    """Put a prefix before the key of an item."""
    return item._replace(key=prefix + item.key) if isinstance(item, Differs) else (prefix + item[0], *item[1:])


def limits_of(interval):
    return (None, None) if interval is None else (interval.low, interval.high)


def random_effects(s, block, interval):
    """Compare the block of a random-effects model at meta's own tau2."""
    ours = at(s, block["tau2"] or 0.0, interval)
    yield "k", ours.k, block["k"]
    yield "TE.random", ours.estimate, block["TE.random"], ours.se
    hk, wald = at(s, block["tau2"], "HK"), at(s, block["tau2"], "Wald")
    if interval == "HK-IQWiG6" and ours.se > wald.se * (1 + 1e-9) and block["seTE.random"] < ours.se * (1 - 1e-9):
        assert block["seTE.random"] == pytest.approx(wald.se, rel=1e-9)
        assert ours.se == pytest.approx(hk.se, rel=1e-9)
        yield Differs("seTE.random", ours.se, block["seTE.random"], IQWIG)
        return
    yield "seTE.random", ours.se, block["seTE.random"]
    yield "df.random", ours.df, block["df.random"]
    if ours.se > 0:
        yield "ci", limits_of(ours.ci), (block["lower.random"], block["upper.random"]), ours.se
        if block["pval.random"] is None:
            yield Differs("pval.random", ours.p, None, UNTESTED)
        else:
            yield "pval.random", ours.p, block["pval.random"]
            if "statistic.random" in block:
                yield "statistic.random", ours.statistic, block["statistic.random"], 1.0
    classic = at(s, block["tau2"] or 0.0, "Wald", "V")
    if "seTE.classic" in block:
        yield "seTE.classic", classic.se, block["seTE.classic"]
        yield "seTE.hakn.ci", at(s, block["tau2"] or 0.0, "HK").se, block["seTE.hakn.ci"]
        if block["seTE.hakn.adhoc.ci"] is not None:
            adhoc = ours if interval.startswith(("mKH", "HK-")) else hk
            yield "seTE.hakn.adhoc.ci", adhoc.se, block["seTE.hakn.adhoc.ci"]
    yield from prediction(s, block, classic, s_e=math.hypot(classic.se, math.sqrt(classic.tau2)))


def prediction(s, block, ours, s_e, df=None):
    """Compare a prediction interval, its standard error and degrees of freedom."""
    theirs = block["lower.predict"], block["upper.predict"]
    if ours.k < 3:
        yield Differs("prediction", (None, None), theirs, FEW)
        return
    yield "prediction", limits_of(ours.prediction), theirs, s_e
    yield "seTE.predict", s_e, block["seTE.predict"]
    yield "df.predict", ours.k - 1.0 if df is None else df, block["df.predict"]


META_INTERVALS = {
    "Inverse.REML.ci=HK": "HK",
    "Inverse.REML.ci=KR": "KR",
    "Inverse.REML.ci=HK.adhoc=se": "mKH",
    "Inverse.REML.ci=HK.adhoc=ci": "HK-ci",
    "Inverse.REML.ci=HK.adhoc=IQWiG6": "HK-IQWiG6",
    "Inverse.DL.ci=HK": "HK",
    "Inverse.common.ci=IVhet": "Wald",
    "default": "Wald",
}


@comparison("random effects under every tau2 estimator and interval", source=META, rel=CLOSED, cases=meta_sets)
def meta_random(s):
    for key, block in s.meta.items():
        interval = META_INTERVALS.get(key, "Wald" if key.startswith("Inverse.tau=") else None)
        if interval is not None and not failed(block):
            for item in random_effects(s, block, interval):
                yield named(f"{key} ", item)


@comparison("random effects under every continuity correction", source=META, rel=CLOSED, cases=corrected_sets)
def meta_corrected(s):
    for block in (s.meta["default"],):
        yield from random_effects(s, block, "Wald")
        yield from common_effect(s, block, at(s, "EE"))
        yield from shares(s, block)
        yield "w.common", 1 / s.v, [w for w in block["w.common"] if w]
        yield "w.random", 1 / (s.v + block["tau2"]), [w for w in block["w.random"] if w]


def common_effect(s, block, ours):
    yield "TE.common", ours.estimate, block["TE.common"], ours.se
    yield "seTE.common", ours.se, block["seTE.common"]
    yield "ci common", limits_of(ours.ci), (block["lower.common"], block["upper.common"]), ours.se
    if block["pval.common"] is None:
        assert getattr(s, "kind", "") in ("prop", "alpha"), s.name
        return
    yield "pval.common", ours.p, block["pval.common"]
    if "statistic.common" in block:
        yield "statistic.common", ours.statistic, block["statistic.common"], 1.0


def shares(s, block):
    """Compare Q, I2, H with their test-based intervals, and Rb."""
    ours = heterogeneity(s.y, s.v, tau2=block.get("tau2") or 0.0, i2="Q")
    if "Q" in block:
        yield "Q", (ours.q, ours.q_df), (block["Q"], block["df.Q"]), 1e-6
        yield "pval.Q", ours.q_p, block["pval.Q"]
    yield "I2", ours.i2 / 100, block["I2"], 1.0
    limits = limits_of(ours.i2_ci)
    yield "I2 ci", [math.nan if x is None else x / 100 for x in limits], (block["lower.I2"], block["upper.I2"]), 1.0
    if "H" in block:
        yield "H", ours.h, block["H"]
        yield "H ci", limits_of(ours.h_ci), (block["lower.H"], block["upper.H"])
    if "Rb" in block:
        yield "Rb", ours.rb / 100, block["Rb"], 1.0


@comparison("common effect, Q, I2 and H by Q, Rb, weights", source=META, rel=CLOSED, cases=meta_sets)
def meta_common(s):
    block = s.meta["Inverse.common.ci=IVhet"]
    ours = ivhet(s.y, s.v, tau2=block["tau2"])
    if block["seTE.common"] is None:
        yield "IVhet TE.common", ours.estimate, block["TE.common"], ours.se
        yield Differs("IVhet", ours.se, None, MISSING)
    else:
        for item in common_effect(s, block, ours):
            yield named("IVhet ", item)
    yield from shares(s, block)
    default = s.meta["default"]
    for item in shares(s, default):
        yield named("default ", item)
    for item in shares(s, s.meta["I2.method=Q"]):
        yield named("I2.method=Q ", item)
    if s.kind not in ("bin", "rate", "prop"):  # there meta's default is not inverse variance
        for item in common_effect(s, default, at(s, "EE")):
            yield named("default ", item)
        yield "w.common", 1 / s.v, [w for w in default["w.common"] if w]
    yield "w.random", 1 / (s.v + default["tau2"]), [w for w in default["w.random"] if w]


META_PREDICTIONS = {
    "V": ("Wald", "V"),
    "HTS": ("Wald", "HTS"),
    "HK": ("Wald", "HK"),
    "HK-PR": ("Wald", "HK-PR"),
    "KR": ("Wald", "KR"),
    "KR-PR": ("Wald", "KR-PR"),
    "S": ("Wald", "S"),
    "HK.adhoc.pi=se": ("mKH", "same"),
}


@comparison("prediction intervals of every kind", source=META, rel=CLOSED, cases=meta_sets)
def meta_predictions(s):
    tau2 = s.meta["Inverse.REML.ci=KR"]["tau2"]
    for name, (interval, kind) in META_PREDICTIONS.items():
        block = s.meta[f"predict={name}"]
        ours = at(s, tau2, interval, kind)
        if kind.startswith("KR"):
            kr = at(s, tau2, "KR")
            se, df = kr.se, kr.df - (kind == "KR-PR")
        else:
            se = at(s, tau2, "HK").se if kind.startswith("HK") else ours.se
            df = math.inf if kind == "S" else ours.k - (2.0 if kind in ("HTS", "HK-PR") else 1.0)
        if df <= 0:  # no such distribution: neither has limits
            yield f"{name}", limits_of(ours.prediction), (block["lower.predict"], block["upper.predict"])
            continue
        for item in prediction(s, block, ours, math.hypot(se, math.sqrt(tau2)), df):
            yield named(f"{name} ", item)
        if ours.prediction is not None and math.isfinite(
            ours.prediction.high
        ):  # the half width is that standard error times the quantile
            half = (ours.prediction.high - ours.prediction.low) / 2
            assert half == pytest.approx(quantile(0.95, np.array([df]))[0] * math.hypot(se, math.sqrt(tau2)), rel=1e-12)


@comparison("tau2 and its limits by moments", source=META, rel=2 * EARLY, cases=meta_sets, why=STOPS)
def meta_moment_limits(s):
    for key in ("Inverse.tau=DL", "Inverse.DL.ci=HK", "tau.ci=BJ", "tau.ci=J"):
        block = s.meta[key]
        ours = pool(s.y, s.v, tau2="DL", tau2_interval="BJ" if key == "tau.ci=BJ" else "J")
        yield f"{key} tau2", ours.tau2, block["tau2"], s.v.min()
        limits = block["lower.tau2"], block["upper.tau2"]
        yield f"{key} limits", limits_of(ours.tau2_ci), limits, max(1.0, s.v.min())
        if "se.tau2" in block:
            yield f"{key} se.tau2", ours.se_tau2, block["se.tau2"]
    for method in ("HS", "SJ", "HE"):
        block = s.meta[f"Inverse.tau={method}"]
        ours = pool(s.y, s.v, tau2=method, tau2_interval=None)
        yield f"{method} tau2", ours.tau2, block["tau2"], s.v.min()
        yield f"{method} se.tau2", ours.se_tau2, block["se.tau2"]


@comparison("tau2 and its limits, as meta prints them", source=META, rel=2 * EARLY, cases=meta_sets, why=STOPS)
def meta_printed(s):
    for key, block in s.meta.items():
        if key.startswith("Inverse.tau="):
            method = key.removeprefix("Inverse.tau=")
        elif key.startswith("Inverse.REML") or key in ("default", "tau.ci=QP", "tau.ci=PL", "Inverse.common.ci=IVhet"):
            method = "REML"
        else:
            continue
        if method == "DL":
            continue
        ours = pool(s.y, s.v, tau2=method)
        yield f"{key} tau2", ours.tau2, block["tau2"], max(1.0, s.v.min())
        limits = block["lower.tau2"], block["upper.tau2"]
        if (s.name, key) == ("dat.normand1999", "Inverse.tau=HS"):
            why = "R searches tau2 up to ten times the estimate; ours is the root beyond"
            yield Differs(f"{key} limits", ours.tau2_ci.high, limits[1], why)
        else:
            yield f"{key} limits", limits_of(ours.tau2_ci), limits, max(1.0, s.v.min())
        if "se.tau2" in block:
            from metaan.pooling import estimators, kernel

            rows = kernel.arrange(s.y[None], s.v[None])
            se = estimators.standard_error(rows, np.array([float(block["tau2"])]), method)[0]
            yield f"{key} se.tau2", se, block["se.tau2"]


@comparison("I2 and H from tau2", source=META, rel=CLOSED, cases=meta_sets)
def meta_shares(s):
    block = s.meta["I2.method=tau2"]
    ours = heterogeneity(s.y, s.v, tau2=s.meta["tau.ci=QP"]["tau2"])
    yield "I2", ours.i2 / 100, block["I2"], 1.0
    yield "H", ours.h, block["H"]
    for end in ("lower", "upper"):
        limit = s.meta["tau.ci=QP"][f"{end}.tau2"]
        if limit is None:
            continue
        ends = heterogeneity(s.y, s.v, tau2=limit)
        yield f"{end}.I2", ends.i2 / 100, block[f"{end}.I2"], 1.0
        yield f"{end}.H", ends.h, block[f"{end}.H"]


@comparison("constructed cases", source=META, rel=CLOSED, cases=edge_sets)
def meta_edges(s):
    for key, block in s.fits["meta"].items():
        interval = {"DL": "Wald", "REML_HK": "HK", "REML_HK_adhoc_se": "mKH"}[key]
        common = at(s, "EE")
        yield f"{key} common", (common.se, common.p), (block["seTE.common"], block["pval.common"])
        yield f"{key} TE.common", common.estimate, block["TE.common"], common.se
        yield f"{key} ci common", limits_of(common.ci), (block["lower.common"], block["upper.common"]), common.se
        tau2 = s.fits["rma.uni"]["DL" if key == "DL" else "REML"]["tau2"]
        ours = at(s, tau2, interval, "V")
        yield f"{key} TE.random", ours.estimate, block["TE.random"], ours.se
        yield f"{key} seTE.random", ours.se, block["seTE.random"]
        limits, theirs = limits_of(ours.ci), (block["lower.random"], block["upper.random"])
        if ours.se == 0:
            yield Differs(f"{key} random", limits, theirs, FLAT)
        else:
            yield f"{key} random", (*limits, ours.p), (*theirs, block["pval.random"]), (ours.se, ours.se, 0.0)
        yield f"{key} df.random", ours.df, block["df.random"]
        foreseen = block["lower.predict"], block["upper.predict"]
        if ours.k == 2:
            yield Differs(f"{key} prediction", (None, None), foreseen, FEW)
        else:
            yield f"{key} prediction", limits_of(ours.prediction), foreseen, ours.se
        by_q = heterogeneity(s.y, s.v, tau2=tau2, i2="Q")
        yield f"{key} Q", (by_q.q, by_q.q_df), (block["Q"], block["df.Q"]), 1e-6
        if ours.k == 1:
            why = "meta leaves I2 of one study missing; ours is zero, as metafor's"
            yield Differs(f"{key} I2", by_q.i2, block["I2"], why)
        else:
            yield f"{key} I2", by_q.i2 / 100, block["I2"], 1.0
            mine = [math.nan if x is None else x / 100 for x in limits_of(by_q.i2_ci)]
            yield f"{key} I2 ci", mine, (block["lower.I2"], block["upper.I2"]), 1.0


def test_what_r_refuses_is_settled():
    # SJIT: "did not converge"; EB: "Fisher scoring algorithm did not converge"; k = 1: no interval of tau2.
    refused = {(s.name, m) for s in sets() for m, fit in s.fits["rma.uni"].items() if m != "confint" and failed(fit)}
    assert {("edge scale_up", "SJIT"), ("edge dominated", "SJIT"), ("edge dominated", "EB")} <= refused
    for s in sets():
        for method, fit in s.fits["rma.uni"].items():
            if method != "confint" and failed(fit):
                ours = pool(s.y, s.v, tau2=method, interval="Wald")
                assert ours.converged
                w = 1 / (s.v + ours.tau2)
                q = w @ (s.y - (w @ s.y) / w.sum()) ** 2
                assert q == pytest.approx(len(s.y) - 1, rel=1e-9) if ours.tau2 > 0 else q <= len(s.y) - 1


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
