"""Mantel-Haenszel, Peto and kin beside metafor and meta, on every data set of counts."""

from typing import NamedTuple

import numpy as np
import pytest

from metaan.effects.binary import log_odds_ratio, log_risk_ratio, risk_difference
from metaan.effects.rates import log_rate_ratio
from metaan.pooling.pool import pool
from metaan.pooling.tables.mantel_haenszel import pool_rates, pool_tables
from oracle import CLOSED, META, METAFOR, Differs, comparison, comparisons_of, load, names


class Tables(NamedTuple):
    name: str
    cells: tuple[np.ndarray, ...]
    mask: np.ndarray  #: rows with all counts, and with somebody in each group
    empty: np.ndarray  #: rows with a group of nobody
    mh: dict
    meta: dict
    primary_method: tuple[str, str]

    def pool(self, **options):
        mask = options.pop("mask", True) & self.mask
        return pool_tables(*self.cells, mask=mask, **options)

    @property
    def usable(self):
        return tuple(cell[self.mask] for cell in self.cells)

    @property
    def silent(self):
        a, b, c, d = self.cells
        return (a + c == 0) | (b + d == 0)


def tables_of(name, data, mh, meta, primary="OR"):
    cells = tuple(np.array([np.nan if x is None else x for x in data[key]], float) for key in ("ai", "bi", "ci", "di"))
    empty = (cells[0] + cells[1] == 0) | (cells[2] + cells[3] == 0)
    return Tables(
        name, cells, ~np.isnan(sum(cells)) & ~empty, empty, mh, meta, (primary, "MH-GR" if primary == "RD" else "MH")
    )


def published():
    for file in names():
        content = load(file)
        if content["kind"] == "bin":
            yield tables_of(file, content["data"], content["fits"]["rma.mh"], content["meta"], content["primary"])


def constructed():
    for name, case in load("edge-binary")["cases"].items():
        yield tables_of(f"edge-binary {name}", case["data"], case["rma.mh"], case["meta"])


def everything():
    return [*published(), *constructed()]


SETTINGS = {
    "default": {},
    "correct=FALSE": {"continuity": False},
    "add=0,to=none,drop00=FALSE": {"to": "none", "drop00": False},
    "add=c(1/2,1/2)": {"sums_to": "only0"},
}
NOBODY = "a group of nobody compares nothing and is refused; metafor adds 1/2 to it and counts a table"


def estimate_of(ours, theirs):
    for key, value, scale in (
        ("b", ours.estimate, ours.se),
        ("se", ours.se, 0.0),
        ("zval", ours.statistic, 1.0),
        ("ci.lb", ours.ci.low, ours.se),
        ("ci.ub", ours.ci.high, ours.se),
    ):
        yield key, value, theirs[key], scale
    yield "pval", ours.p, theirs["pval"], 1e-300


def heterogeneity_of(ours, theirs):
    yield "QE", ours.q, theirs["QE"], 1e-9
    yield "QEp", ours.q_p, theirs["QEp"], 1e-300
    yield "I2", ours.i2, theirs["I2"], 1.0
    yield "H2", ours.h2, theirs["H2"], 1e-9


def mantel_haenszel(case, measure):
    block = case.mh[measure]
    for key, options in SETTINGS.items():
        theirs = block[key]
        ours = case.pool(measure=measure, **options)
        touched = case.empty.any() and key in ("add=c(1/2,1/2)",)
        counted = case.empty.any() and options.get("to") != "none"
        for item in estimate_of(ours, theirs):
            label = f"{measure} {key} {item[0]}"
            if touched and item[0] != "pval":
                yield Differs(label, item[1], item[2], NOBODY)
            else:
                yield (label, *item[1:])
        if np.isnan(ours.estimate) and ours.k_effects > 1:
            assert theirs["QE"] is None
        for item in heterogeneity_of(ours, theirs):
            label = f"{measure} {key} {item[0]}"
            yield Differs(label, item[1], item[2], NOBODY) if counted else (label, *item[1:])
        yield f"{measure} {key} k", ours.k + case.empty.sum(), theirs["k"]
        yield f"{measure} {key} k.yi", ours.k_effects + case.empty.sum() * counted, theirs["k.yi"]
        if measure != "OR":
            yield f"{measure} {key} BD, TA", [ours.breslow_day, ours.tarone], [theirs["BD"], theirs["TA"]]
            continue
        for name, value in (
            ("MH", ours.cmh),
            ("MHp", ours.cmh_p),
            ("CO", ours.cochran),
            ("COp", ours.cochran_p),
            ("BD", ours.breslow_day),
            ("BDp", ours.breslow_day_p),
            ("TA", ours.tarone),
            ("TAp", ours.tarone_p),
        ):
            label = f"OR {key} {name}"
            yield (
                Differs(label, value, theirs[name], NOBODY)
                if touched and value > 0
                else (label, value, theirs[name], 1e-9)
            )


@comparison(
    "Mantel-Haenszel odds ratio, with tests of association and homogeneity",
    source=METAFOR,
    rel=CLOSED,
    cases=everything,
)
def odds_ratio(case):
    yield from mantel_haenszel(case, "OR")


@comparison("Mantel-Haenszel risk ratio", source=METAFOR, rel=CLOSED, cases=everything)
def risk_ratio(case):
    yield from mantel_haenszel(case, "RR")


@comparison("Mantel-Haenszel risk difference (Sato)", source=METAFOR, rel=CLOSED, cases=everything)
def sato_risk_difference(case):
    yield from mantel_haenszel(case, "RD")


@comparison("Peto odds ratio", source=METAFOR, rel=CLOSED, cases=everything)
def peto(case):
    theirs, ours = case.mh["PETO"], case.pool(method="Peto")
    yield from estimate_of(ours, theirs)
    for item in heterogeneity_of(ours, theirs):
        differs = case.empty.any() and item[0] != "QE"
        yield Differs(item[0], item[1], item[2], NOBODY) if differs else item
    yield "k", ours.k + case.empty.sum(), theirs["k"]
    yield "k.pos", ours.k_informative, theirs["k.pos"]
    yield "k.yi", ours.k_effects + case.empty.sum(), theirs["k.yi"]


class Rates(NamedTuple):
    name: str
    columns: tuple[np.ndarray, ...]
    mh: dict
    meta: dict


def rates():
    for file in names():
        content = load(file)
        if content["kind"] == "rate":
            data = content["data"]
            columns = tuple(np.array(data[key], float) for key in ("x1i", "t1i", "x2i", "t2i"))
            yield Rates(file, columns, content["fits"]["rma.mh"], content["meta"])


@comparison("Mantel-Haenszel rate ratio and difference", source=METAFOR, rel=CLOSED, cases=rates)
def rate_pooling(case):
    for measure in ("IRR", "IRD"):
        for key, options in SETTINGS.items():
            theirs, ours = case.mh[measure][key], pool_rates(*case.columns, measure=measure, **options)
            for item in (*estimate_of(ours, theirs), *heterogeneity_of(ours, theirs)):
                yield (f"{measure} {key} {item[0]}", *item[1:])
            yield f"{measure} {key} k", [ours.k, ours.k_effects], [theirs["k"], theirs["k.yi"]]
            if measure == "IRR":
                yield f"{measure} {key} MH", [ours.cmh, ours.cmh_p], [theirs["MH"], theirs["MHp"]]
            yield f"{measure} {key} BD", ours.breslow_day, theirs["BD"]


def common_of(ours, theirs):
    yield "k", ours.k, theirs["k"]
    for key, value, scale in (
        ("TE.common", ours.estimate, ours.se),
        ("seTE.common", ours.se, 0.0),
        ("lower.common", ours.ci.low, ours.se),
        ("upper.common", ours.ci.high, ours.se),
        ("statistic.common", ours.statistic, 1.0),
        ("pval.common", ours.p, 1e-300),
    ):
        if key in theirs:
            yield key, value, theirs[key], scale


def q_of(q, k, theirs):
    from scipy.special import chdtrc

    excess = np.nan if k == 1 else max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0
    for key, value, scale in (
        ("Q", q, 1e-9),
        ("df.Q", k - 1, 0.0),
        ("pval.Q", chdtrc(k - 1, q) if k > 1 else np.nan, 1e-300),
        ("I2", excess, 0.01),
    ):
        if key in theirs:
            yield key, value, theirs[key], scale


@comparison("Mantel-Haenszel and Cochran's rate ratio", source=META, rel=CLOSED, cases=rates)
def meta_rates(case):
    y, v = log_rate_ratio(*case.columns)
    for key, method in (("MH.IRR", "MH"), ("Cochran.IRR", "Cochran"), ("default", "MH")):
        theirs = case.meta[key]
        ours = pool_rates(*case.columns, method=method, to="none")
        for item in (*common_of(ours, theirs), *q_of(pool(y, v, tau2="EE").q, y.size, theirs)):
            yield (f"{key} {item[0]}", *item[1:])
    yield "weights", ours.weights, 100 * np.array(theirs["w.common"]) / np.sum(theirs["w.common"])


PARTIAL = "a row with a missing count is left out whole; meta sums the parts of it that are there"
INFINITE = "tables that say nothing of the odds ratio are left out; meta gives them weight and an infinite variance"


def meta_effects(case, measure, add=0.5):
    if measure == "OR":
        return log_odds_ratio(*case.usable, add=add)
    if measure == "RR":
        return log_risk_ratio(*case.usable, add=add, total_adds="once")
    return risk_difference(*case.usable, add=add, correct_estimate=False)


def meta_blocks(case):
    """Give key, measure, method, options of `pool_tables`, and whether Q is Cochran's."""
    constructed = case.name.startswith("edge")
    for measure in ("OR", "RR", "RD"):
        method = "MH-GR" if measure == "RD" else "MH"
        if constructed:
            yield f"MH.{measure}.0.5", measure, method, {"sums_to": "only0"}, False
            yield f"MH.{measure}.TACC", measure, method, {"sums_to": "only0", "add": "TACC"}, False
        else:
            yield f"MH.{measure}", measure, method, {"sums_to": "only0"}, False
            yield f"MH.{measure}.MH.exact", measure, method, {}, False
            yield f"MH.{measure}.DL.Q.Cochrane", measure, method, {"sums_to": "only0"}, True
    yield ("Peto" if constructed else "Peto.OR"), "OR", "Peto", {}, True
    if not constructed:
        yield "SSW.OR", "OR", "SSW", {}, False
        yield "default", *case.primary_method, {"sums_to": "only0"}, False


@comparison(
    "Mantel-Haenszel, Peto and sample-size weights, continuity corrections", source=META, rel=CLOSED, cases=everything
)
def meta_tables(case):
    for key, measure, method, options, cochran in meta_blocks(case):
        theirs = case.meta[key]
        kept = case.mask & ~case.silent if measure != "RD" else case.mask
        ours = case.pool(measure=measure, method=method, mask=kept, **options)
        partial = "missing" in case.name and measure != "OR"
        infinite = method == "SSW" and theirs["seTE.common"] == "Inf"
        for item in common_of(ours, theirs):
            label = f"{key} {item[0]}"
            if partial and item[0] != "k" and not (measure == "RD" and item[0] == "TE.common"):
                yield Differs(label, item[1], item[2], PARTIAL)
            elif infinite and item[0] not in ("k", "TE.common"):
                yield Differs(label, item[1], item[2], INFINITE)
            else:
                yield (label, *item[1:])
        if method == "Peto":
            q = ours.q
        else:
            y, v = meta_effects(case, measure, options.get("add", 0.5))
            y, v = y[np.isfinite(y)], v[np.isfinite(y)]
            q = np.sum((y - ours.estimate) ** 2 / v) if cochran else pool(y, v, tau2="EE").q
        for item in q_of(q, ours.k, theirs):
            yield (f"{key} {item[0]}", *item[1:])
        if "Q.CMH" in theirs:
            yield f"{key} Q.CMH", case.pool(continuity=False).cochran, theirs["Q.CMH"]
        if "w.common" in theirs:
            w = np.delete(np.array(theirs["w.common"], float), np.flatnonzero(~case.mask & ~case.empty))
            yield f"{key} w.common", np.array(ours.weights)[case.mask | case.empty], 100 * w / w.sum()


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
