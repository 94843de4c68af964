"""Subgroups beside package meta, on its own effects."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from meta_effects import _binary
from metaan.pooling.regression import moderators
from metaan.pooling.regression.subgroups import between, subgroups
from oracle import CLOSED, EARLY, META, comparison, comparisons_of, failed, load, names

STOPS = "the reference stops iterating tau2 at steps of 1e-5 (absolute); compared on that scale"


class Set(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    by: list[Any]
    theirs: dict[str, Any]

    def index(self, groups):
        return [groups.index(str(level)) for level in self.theirs["subgroup.tau.common=TRUE"]["levels"]]


@cache
def sets() -> tuple[Set, ...]:
    found = []
    for name in names():
        content = load(name)
        meta, measure, data = content.get("meta", {}), content["primary"], content["data"]
        key = "subgroup.tau.common=TRUE"
        if key not in meta or failed(meta[key]):
            continue
        if content["kind"] == "bin":
            a, c, n1, n2 = (np.array(data[column], dtype=float) for column in ("ai", "ci", "n1i", "n2i"))
            y, v = _binary(measure, a, n1 - a, c, n2 - c)
        else:
            kind = {"SMD": "SMD[vtype=UB]", "ROM": "ROM[correct=FALSE]"}.get(measure, measure)
            y, v = (np.array(content["escalc"][kind][column], dtype=float) for column in ("yi", "vi"))
        some = np.flatnonzero(np.isfinite(y) & np.isfinite(v))
        by = data[content["fits"][measure]["subgroup"]["by"]]
        found.append(Set(name, y[some], v[some], [by[i] for i in some], meta))
    return tuple(found)


@comparison("subgroups: equal effects, heterogeneity within and between", source=META, rel=CLOSED, cases=sets)
def equal(case):
    ours = subgroups(case.y, case.v, case.by, variance="common", tau2="EE", interval="Wald")
    theirs, i = case.theirs["subgroup.tau.common=TRUE"], case.index(ours.groups)
    yield "k", np.array(ours.k)[i], theirs["k.w"]
    yield "TE", np.array(ours.estimates)[i], theirs["TE.common.w"], np.array(theirs["seTE.common.w"])
    yield "seTE", np.array(ours.se)[i], theirs["seTE.common.w"]
    yield "Q.w", np.array(ours.q)[i], theirs["Q.w"], 1e-3
    yield "Q.w.common", [ours.q_within], theirs["Q.w.common"]
    yield "df.Q.w", [ours.q_within_df], theirs["df.Q.w"]
    yield "Q.b.common", [ours.between.statistic], theirs["Q.b.common"]
    yield "pval.Q.b.common", [ours.between.p], theirs["pval.Q.b.common"], 1e-300
    yield "df.Q.b.common", [ours.between.df1], theirs["df.Q.b.common"]
    separate = subgroups(case.y, case.v, case.by, tau2="EE", interval="Wald")
    several = np.array(ours.k)[i] > 1  # meta gives none for a single study, we zero
    yield "I2.w", (np.array(separate.i2)[i] / 100)[several], np.array(theirs["I2.w"], dtype=float)[several], 1e-3
    yield "Q.b.common, separate", [separate.between.statistic], theirs["Q.b.common"]


@comparison("subgroups: one tau2, from R's own value", source=META, rel=CLOSED, cases=sets)
def common(case):
    theirs = case.theirs["subgroup.tau.common=TRUE"]
    tau2 = theirs["tau2.w"][0]
    ours = subgroups(case.y, case.v, case.by, variance="common", tau2=tau2, interval="Wald")
    i, se = case.index(ours.groups), np.array(theirs["seTE.random.w"])
    yield "TE", np.array(ours.estimates)[i], theirs["TE.random.w"], se
    yield "seTE", np.array(ours.se)[i], theirs["seTE.random.w"]
    yield "lower", np.array(ours.ci_low)[i], theirs["lower.random.w"], se
    yield "upper", np.array(ours.ci_high)[i], theirs["upper.random.w"], se
    yield "Q.b.random", [ours.between.statistic], theirs["Q.b.random"]
    yield "pval.Q.b.random", [ours.between.p], theirs["pval.Q.b.random"], 1e-300
    yield "Q.w.random", [ours.q_within], theirs["Q.w.random"]


@comparison("subgroups: a tau2 each, from R's own values", source=META, rel=CLOSED, cases=sets)
def separate(case):
    theirs = case.theirs["subgroup.tau.common=FALSE"]
    for j, level in enumerate(theirs["levels"]):
        mine, se = np.array([str(value) == str(level) for value in case.by]), theirs["seTE.random.w"][j]
        y, v = case.y[mine][None], case.v[mine][None]
        fit = moderators.fit(y, v, np.ones((mine.sum(), 1)), tau2=np.array([theirs["tau2.w"][j] or 0.0]))
        yield f"{level} TE", fit.beta[0, 0], theirs["TE.random.w"][j], se
        yield f"{level} seTE", fit.covariance[0, 0, 0] ** 0.5, se
    q = between(theirs["TE.random.w"], theirs["seTE.random.w"], [str(level) for level in theirs["levels"]])
    yield "Q.b.random", [q.statistic], theirs["Q.b.random"]
    yield "pval.Q.b.random", [q.p], theirs["pval.Q.b.random"], 1e-300
    yield "df.Q.b.random", [q.df1], theirs["df.Q.b.random"]


@comparison("subgroups: tau2 by REML", source=META, rel=EARLY, cases=sets, why=STOPS)
def tau2(case):
    each = subgroups(case.y, case.v, case.by, interval="Wald")
    one = subgroups(case.y, case.v, case.by, variance="common", interval="Wald")
    several = np.array(each.k)[case.index(each.groups)] > 1  # meta gives none for a single study
    theirs = np.array(case.theirs["subgroup.tau.common=FALSE"]["tau2.w"], dtype=float)
    yield "separate", np.array(each.tau2)[case.index(each.groups)][several], theirs[several], 1.0
    yield "common", one.tau2[0], case.theirs["subgroup.tau.common=TRUE"]["tau2.w"][0], 1.0


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
