"""Inverse-variance pooling of counts under meta's continuity corrections and transformations."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import chdtrc

from metaan.effects import binary, single
from metaan.pooling.pool import pool
from oracle import CLOSED, EARLY, META, comparison, comparisons_of, load, names

INCREMENTS = {"only0": {}, "if0all": {"to": "if0all"}, "all": {"to": "all"}, "TACC": {"add": "TACC"}, "0.5": {}}
METAS = {"OR": {}, "RR": {"total_adds": "once"}, "RD": {"correct_estimate": False}}
FUNCTIONS = {"OR": binary.log_odds_ratio, "RR": binary.log_risk_ratio, "RD": binary.risk_difference}
SHARES = {
    "PLOGIT": single.logit_proportion,
    "PFT": single.double_arcsine_proportion,
    "PAS": single.arcsine_proportion,
    "PRAW": lambda x, n: (
        x / n,
        single.proportion(x, n).v,
    ),  # as with risk differences, the variance alone is corrected
    "PLN": lambda x, n: single.log_proportion(x, n, total_adds="once"),
}


class Block(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    theirs: dict
    common: bool  #: the common-effect estimate is by inverse variance too


def block(name, effects, theirs, common=True):
    y, v = effects
    usable = np.isfinite(y) & np.isfinite(v)
    return Block(name, y[usable], v[usable], theirs, common)


def options_of(measure, rest):
    if rest == "allstudies":
        return METAS[measure] | ({} if measure == "RD" else {"drop00": False})
    if rest == "RR.Cochrane":
        return {}
    return METAS[measure] | INCREMENTS[rest.removeprefix("incr=")]


@cache
def blocks():
    return tuple(all_blocks())


def all_blocks():
    sets = [(name, load(name)) for name in names() if load(name)["kind"] == "bin"]
    sets += [(f"edge-binary {name}", case) for name, case in load("edge-binary")["cases"].items()]
    for name, content in sets:
        read = [[np.nan if x is None else x for x in content["data"][key]] for key in ("ai", "bi", "ci", "di")]
        cells = np.array(read, float)
        a, b, c, d = cells[:, ~np.isnan(cells).any(axis=0) & (cells[0] + cells[1] > 0) & (cells[2] + cells[3] > 0)]
        for key, theirs in content["meta"].items():
            if key.startswith("Inverse.") and key.split(".")[1] in METAS:
                measure, rest = key.split(".", 2)[1:]
                yield block(f"{name} {key}", FUNCTIONS[measure](a, b, c, d, **options_of(measure, rest)), theirs)
            elif key == "allstudies.OR":
                yield block(f"{name} {key}", binary.log_odds_ratio(a, b, c, d, drop00=False), theirs)
            elif key == "ASD":
                yield block(f"{name} {key}", binary.arcsine_difference(a, b, c, d), theirs)
            elif key in ("Peto", "Peto.OR"):
                yield block(f"{name} {key}", binary.peto_log_odds_ratio(a, b, c, d, to="none"), theirs)
            elif key.startswith("MH.") and "Q.Cochrane" not in key:
                measure, *rest = key.split(".", 2)[1:]
                rest = "only0" if rest in ([], ["MH.exact"]) else rest[0]
                effects = FUNCTIONS[measure](a, b, c, d, **options_of(measure, rest))
                yield block(f"{name} {key}", effects, theirs, common=False)
    for name in names():
        content = load(name)
        if content["kind"] == "prop":
            x, n = (np.array(content["data"][key], float) for key in ("xi", "ni"))
            for key, theirs in content["meta"].items():
                if key.startswith("prop."):
                    yield block(f"{name} {key}", SHARES[key.split(".")[1]](x, n), theirs)


def model_of(kind, fit, theirs):
    yield f"TE.{kind}", fit.estimate, theirs[f"TE.{kind}"], fit.se
    yield f"seTE.{kind}", fit.se, theirs[f"seTE.{kind}"]
    yield f"lower.{kind}", fit.ci.low, theirs[f"lower.{kind}"], fit.se
    yield f"upper.{kind}", fit.ci.high, theirs[f"upper.{kind}"], fit.se
    if theirs.get(f"pval.{kind}") is not None:
        yield f"pval.{kind}", fit.p, theirs[f"pval.{kind}"], 1e-300


@comparison(
    "Inverse variance after continuity corrections, arcsine, Peto, proportions", source=META, rel=CLOSED, cases=blocks
)
def pooled_counts(case):
    theirs, k = case.theirs, case.y.size
    equal = pool(case.y, case.v, tau2="EE", interval="Wald")
    given = pool(case.y, case.v, tau2=theirs.get("tau2") or 0.0, interval="Wald", prediction="V")
    yield "k", k, theirs["k"]
    if case.common:
        yield from model_of("common", equal, theirs)
    yield from model_of("random", given, theirs)
    yield "Q", equal.q, theirs["Q"], 1e-9
    yield "df.Q", k - 1, theirs["df.Q"]
    if k > 1:
        yield "pval.Q", chdtrc(k - 1, equal.q), theirs["pval.Q"], 1e-300
        yield "I2", max(0.0, 1 - (k - 1) / equal.q), theirs["I2"], 0.01
    if given.prediction is not None and "lower.predict" in theirs:
        limits = [given.prediction.low, given.prediction.high]
        yield "predict", limits, [theirs["lower.predict"], theirs["upper.predict"]], given.se


@comparison(
    "Variance between studies of counts by REML",
    source=META,
    rel=EARLY,
    why="meta's REML stops at a change of 1e-5 in tau2; what follows from it is compared given its tau2",
    cases=blocks,
)
def variance_between_studies(case):
    if case.y.size > 1 and "tau2" in case.theirs:
        ours = pool(case.y, case.v, interval="Wald")
        yield "tau2", ours.tau2, case.theirs["tau2"], 0.5
        yield (
            "tau2 interval",
            [ours.tau2_ci.low, ours.tau2_ci.high],
            [case.theirs["lower.tau2"], case.theirs["upper.tau2"]],
            1.0,
        )


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
