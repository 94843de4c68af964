"""Subgroups beside metafor and meta, on every public data set with a factor."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from metaan.pooling import intervals
from metaan.pooling.regression import moderators
from metaan.pooling.regression.subgroups import Subgroups, between, subgroups
from oracle import CLOSED, EARLY, METAFOR, comparison, comparisons_of, effect_sets, failed, load

STOPS = "the reference stops iterating tau2 at steps of 1e-5 (absolute); compared on that scale"
INTERVALS = {"z": "Wald", "knha": "HK"}


class Grouped(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    by: list[Any]
    block: dict[str, Any]

    def ours(self, variance: str, method: str | float, test: str) -> Subgroups:
        return subgroups(
            self.y,
            self.v,
            self.by,
            variance=variance,
            tau2=method,
            interval=INTERVALS[test],
            prediction="normal" if test == "z" else "same",
        )

    def tests(self, start: str):
        for key, theirs in self.block.items():
            variance, _, rest = key.partition(".")
            method, _, test = rest.partition(".")
            if variance == start and test in INTERVALS and not failed(theirs):
                yield key, method, test, theirs


@cache
def grouped() -> tuple[Grouped, ...]:
    found = []
    for each in effect_sets():
        block = each.fits.get("subgroup")
        if block and not failed(block):
            values = load(each.file)["data"][block["by"]]
            found.append(Grouped(each.name, each.y, each.v, [values[i] for i in each.rows], block))
    return tuple(found)


@comparison("subgroups, a tau2 each: equal effects, DerSimonian-Laird", source=METAFOR, rel=CLOSED, cases=grouped)
def separate_closed(case):
    for key, method, test, theirs in case.tests("separate"):
        ours = case.ours("separate", method, test)
        if method in ("EE", "DL"):
            yield f"{key} Q.between", ours.between.statistic, theirs["Q.between"]
            yield f"{key} p.between", ours.between.p, theirs["p.between"], 1e-300
            yield from separate(key, ours, test, theirs, case.v.min())


@comparison("subgroups, a tau2 each: REML, from R's own tau2", source=METAFOR, rel=CLOSED, cases=grouped)
def separate_given(case):
    for key, method, test, theirs in case.tests("separate"):
        blocks = theirs["groups"]
        q = between([block["b"] for block in blocks.values()], [block["se"] for block in blocks.values()], list(blocks))
        yield f"{key} Q.between", q.statistic, theirs["Q.between"]
        yield f"{key} df", q.df1, theirs["df"]
        yield f"{key} p.between", q.p, theirs["p.between"], 1e-300
        if method != "REML":
            continue
        for name, block in blocks.items():
            mine = np.array([value is not None and str(value) == name for value in case.by])
            y, v = case.y[mine][None], case.v[mine][None]
            fit = moderators.fit(y, v, np.ones((mine.sum(), 1)), tau2=np.array([block["tau2"]]))
            se = moderators.covariance(fit, INTERVALS[test] if mine.sum() > 1 else "Wald")[0][0, 0, 0] ** 0.5
            yield f"{key} {name} b", fit.beta[0, 0], block["b"], block["se"]
            yield f"{key} {name} se", se, block["se"]
            if mine.sum() > 1:
                yield f"{key} {name} I2", intervals.i2(block["tau2"], fit.typical[0]), block["I2"], 1e-3


@comparison("subgroups, a tau2 each: REML", source=METAFOR, rel=EARLY, cases=grouped, why=STOPS)
def separate_iterated(case):
    for key, method, test, theirs in case.tests("separate"):
        if method == "REML":
            ours = case.ours("separate", method, test)
            for name, block in theirs["groups"].items():
                yield f"{key} {name} tau2", ours.tau2[ours.groups.index(name)], block["tau2"], 1.0


def separate(key, ours, test, theirs, smallest):
    index = {group: i for i, group in enumerate(ours.groups)}
    yield f"{key} groups", sorted(map(str, theirs["groups"])) == sorted(ours.groups), True
    for name, block in theirs["groups"].items():
        i, se = index[name], block["se"]
        at = f"{key} {name}"
        yield f"{at} k", ours.k[i], block["k"]
        yield f"{at} tau2", ours.tau2[i], block["tau2"], smallest
        yield f"{at} b", ours.estimates[i], block["b"], se
        yield f"{at} se", ours.se[i], block["se"]
        if test != "knha" or block["k"] > 1:  # one study: its own Wald interval
            yield f"{at} ci.lb", ours.ci_low[i], block["ci.lb"], se
            yield f"{at} ci.ub", ours.ci_high[i], block["ci.ub"], se
            yield f"{at} pval", ours.p[i], block["pval"], 1e-300
        if "pi" in block and block["k"] > 2:  # two studies: we give no prediction interval
            yield f"{at} pi.lb", ours.prediction_low[i], block["pi"]["default"]["lb"], se
            yield f"{at} pi.ub", ours.prediction_high[i], block["pi"]["default"]["ub"], se
        yield f"{at} QE", ours.q[i], block["QE"], 1e-3
        yield f"{at} I2", ours.i2[i], block["I2"], 1e-3
    yield f"{key} QE.within.sum", ours.q_within, theirs["QE.within.sum"]


@comparison("subgroups, one tau2: all figures, REML from R's own tau2", source=METAFOR, rel=CLOSED, cases=grouped)
def common_closed(case):
    for key, method, test, theirs in case.tests("common"):
        ours = case.ours("common", theirs["tau2"] if method == "REML" else method, test)
        yield from common(key, ours, theirs, case.v.min())
        if method != "REML":
            yield f"{key} se.tau2", ours.se_tau2, theirs["se.tau2"]


@comparison("subgroups, one tau2: REML", source=METAFOR, rel=EARLY, cases=grouped, why=STOPS)
def common_iterated(case):
    for key, method, test, theirs in case.tests("common"):
        if method == "REML":
            ours = case.ours("common", method, test)
            yield f"{key} tau2", ours.tau2[0], theirs["tau2"], 1.0
            yield f"{key} se.tau2", ours.se_tau2, theirs["se.tau2"], 1.0


def common(key, ours, theirs, smallest):
    se = np.array(theirs["se"])
    yield f"{key} tau2", ours.tau2[0], theirs["tau2"], smallest
    yield f"{key} I2", ours.i2[0], theirs["I2"], 1e-3
    yield f"{key} QE", ours.q_within, theirs["QE"]
    yield f"{key} QEp", ours.q_within_p, theirs["QEp"], 1e-300
    yield f"{key} QM", ours.between.statistic, theirs["QM"]
    yield f"{key} QMdf", [ours.between.df1, None if np.isinf(ours.between.df2) else ours.between.df2], theirs["QMdf"]
    yield f"{key} QMp", ours.between.p, theirs["QMp"], 1e-300
    yield f"{key} b", ours.estimates, theirs["b"], se
    yield f"{key} se", ours.se, theirs["se"]
    yield f"{key} ci.lb", ours.ci_low, theirs["ci.lb"], se
    yield f"{key} ci.ub", ours.ci_high, theirs["ci.ub"], se
    yield f"{key} pval", ours.p, theirs["pval"], 1e-300


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
