"""Location-scale models: beside metafor, and beside simpler models that they contain."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from metaan.pooling.pool import pool
from metaan.pooling.regression import moderators
from metaan.pooling.regression.least_squares import prepare
from metaan.pooling.regression.location_scale import LocationScale, location_scale
from metaan.pooling.regression.meta_regression import meta_regression
from oracle import EARLY, comparison, comparisons_of, load

FIGURES = json.loads((Path(__file__).parents[1] / "reference" / "location_scale.json").read_text(encoding="utf-8"))
SOURCE = "metafor 3.8-1"
OPTIMISER = (
    "general optimiser and numerical Hessian in the reference; our log-likelihood is never lower, and our information "
    "is that of the likelihood written out (test_it_is_a_maximum_of_the_likelihood_written_out)"
)


class Fit:
    def __init__(self, block):
        self.theirs = block
        self.name = f"{block['data']} {block['call']}"
        content = load(block["data"])
        effects = content["escalc"][block["measure"]]
        y, v = (np.array(effects[key], dtype=float) for key in ("yi", "vi"))
        rows = np.flatnonzero(np.isfinite(y) & np.isfinite(v) & (v > 0))
        columns = {name: [values[i] for i in rows] for name, values in content["data"].items()}
        call = block["call"]
        self.method = "ML" if 'method = "ML"' in call else "REML"
        self.ours = location_scale(
            y[rows],
            v[rows],
            columns,
            location=(re.search(r"mods = ~ ([^,]+),", call) or ["", "1"])[1],
            scale=re.search(r"scale = ~ ([^,]+),", call)[1],
            link="identity" if "identity" in call else "log",
            method=self.method,
            interval="t" if 'test = "t"' in call else "Wald",
        )


@cache
def fits():
    return [Fit(block) for block in FIGURES["fits"]]


def logarithmic():
    return [each for each in fits() if each.ours.method["link"] == "log"]


def identity():
    return [each for each in fits() if each.ours.method["link"] == "identity"]


@comparison("location-scale model, log link", source=SOURCE, rel=2e-4, cases=logarithmic, why=OPTIMISER)
def log_link(case):
    yield from figures(case)


@comparison("location-scale model, identity link", source=SOURCE, rel=EARLY, cases=identity, why=OPTIMISER)
def identity_link(case):
    yield from figures(case)


def figures(case):
    ours: LocationScale = case.ours
    theirs = {key: np.atleast_1d(value) for key, value in case.theirs.items()}
    yield "k", ours.k, case.theirs["k"]
    highest = case.theirs[f"ll.{case.method}"]
    yield "log-likelihood", ours.log_likelihood, highest
    yield "log-likelihood no lower", ours.log_likelihood >= highest - 1e-9, True
    yield "converged", ours.converged and not ours.boundary and ours.gradient < 1e-5, True
    for part, b, end in ((ours.location, "beta", ""), (ours.scale, "alpha", ".alpha")):
        se = theirs[f"se{end}"]
        yield b, part.estimates, theirs[b], se
        yield f"{b} se", part.se, se
        yield f"{b} pval", part.p, theirs[f"pval{end}"], 1.0
        yield f"{b} ci.lb", part.ci_low, theirs[f"ci.lb{end}"], se
        yield f"{b} ci.ub", part.ci_high, theirs[f"ci.ub{end}"], se
    yield "vb", ours.location.covariance, case.theirs["vb"], np.outer(theirs["se"], theirs["se"])
    yield "va", ours.scale.covariance, case.theirs["va"], np.outer(theirs["se.alpha"], theirs["se.alpha"])
    yield "QM", ours.location.omnibus.statistic, case.theirs["QM"], 1.0
    yield "QMp", ours.location.omnibus.p, case.theirs["QMp"], 1.0
    yield "QS", ours.scale.omnibus.statistic, case.theirs["QS"], 1.0
    yield "QSp", ours.scale.omnibus.p, case.theirs["QSp"], 1.0


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


def bcg():
    content = load("dat.bcg")
    y, v = (np.array(content["escalc"]["RR"][key], dtype=float) for key in ("yi", "vi"))
    return y, v, content["data"]


@pytest.mark.parametrize("link", ["log", "identity"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_an_intercept_alone_is_the_regression_with_one_tau2(link, method):
    y, v, data = bcg()
    ours = location_scale(y, v, data, location="ablat", link=link, method=method)
    one = meta_regression(y, v, data, formula="ablat", tau2=method, interval="Wald")
    assert ours.tau2 == pytest.approx([one.tau2] * 13, rel=1e-7)
    assert ours.location.estimates == pytest.approx(one.estimates, rel=1e-8)
    assert ours.location.se == pytest.approx(one.se, rel=1e-7)
    assert ours.log_likelihood == pytest.approx((one.reml if method == "REML" else one.ml).log_likelihood, rel=1e-11)


@pytest.mark.parametrize("link", ["log", "identity"])
def test_a_factor_in_both_halves_is_one_synthesis_a_group(link):
    y, v, data = bcg()
    group = np.array(data["alloc"])
    ours = location_scale(y, v, data, location="alloc - 1", scale="alloc - 1", link=link)
    for i, name in enumerate(("alternate", "random", "systematic")):
        alone = pool(y[group == name], v[group == name], interval="Wald")
        assert ours.location.estimates[i] == pytest.approx(alone.estimate, rel=1e-8)
        assert ours.location.se[i] == pytest.approx(alone.se, rel=1e-7)
        fitted = ours.scale.estimates[i]
        assert (np.exp(fitted) if link == "log" else fitted) == pytest.approx(alone.tau2, rel=1e-7)
        se = moderators.fit(y[None, group == name], v[None, group == name], np.ones((sum(group == name), 1))).se_tau2[0]
        assert 0.2 < ours.scale.se[i] * (alone.tau2 if link == "log" else 1.0) / se < 5  # observed against expected


@pytest.mark.parametrize("unit", [1e-6, 1e6])
@pytest.mark.parametrize("link", ["log", "identity"])
def test_the_unit_of_effects_changes_no_digits(unit, link):
    y, v, data = bcg()
    one, other = (location_scale(y * s, v * s**2, data, scale="ablat", link=link) for s in (1.0, unit))
    assert np.array(other.location.estimates) / unit == pytest.approx(one.location.estimates, rel=1e-7)
    factor = 1.0 if link == "log" else unit**2
    assert other.scale.estimates[1] / factor == pytest.approx(one.scale.estimates[1], rel=1e-6)
    assert np.array(other.scale.se) / factor == pytest.approx(one.scale.se, rel=1e-6)
    assert other.log_likelihood + 12 * np.log(unit) == pytest.approx(one.log_likelihood, rel=1e-9)


def test_it_is_a_maximum_of_the_likelihood_written_out():
    y, v, data = bcg()
    x, z = np.column_stack([np.ones(13), data["ablat"]]), np.column_stack([np.ones(13), data["ablat"]])
    ours = location_scale(y, v, data, location="ablat", scale="ablat")

    def restricted(alpha):
        s = np.diag(v + np.exp(z @ alpha))
        inverse = np.linalg.inv(s)
        a = x.T @ inverse @ x
        r = y - x @ np.linalg.solve(a, x.T @ inverse @ y)
        logs = np.linalg.slogdet(s)[1] + np.linalg.slogdet(a)[1] - np.linalg.slogdet(x.T @ x)[1]
        return -0.5 * (logs + r @ inverse @ r + 11 * np.log(2 * np.pi))

    best = np.array(ours.scale.estimates)
    assert restricted(best) == pytest.approx(ours.log_likelihood, rel=1e-10)
    h = np.diag(ours.scale.se) * 1e-3
    differences = [
        [
            restricted(best + a + b) - restricted(best + a - b) - restricted(best - a + b) + restricted(best - a - b)
            for b in h
        ]
        for a in h
    ]
    information = -np.array(differences) / 4 / np.outer(np.diag(h), np.diag(h))
    units = np.outer(ours.scale.se, ours.scale.se)
    assert np.linalg.inv(information * units) * units == pytest.approx(np.array(ours.scale.covariance), rel=1e-4)
    draws = np.random.default_rng(1).normal(size=(200, 2)) * ours.scale.se * [[1e-2, 1e-2]]
    assert max(restricted(best + draw) for draw in draws) <= ours.log_likelihood + 1e-10


def test_a_group_without_variance_lies_on_the_boundary():
    y = np.array([0.1, 0.1, 0.1, 0.1, 0.9, -0.7, 0.4, 1.3])
    v, data = np.full(8, 0.02), {"g": list("aaaabbbb")}
    for link in ("log", "identity"):
        ours = location_scale(y, v, data, scale="g", link=link)
        assert ours.boundary
        assert ours.converged
        assert ours.tau2[0] < 1e-6
        assert np.isnan(ours.scale.se).all()
        both = prepare(y[None], v[None], np.ones((8, 1)))
        assert ours.log_likelihood > moderators.log_likelihood(both, np.array([0.3]), restricted=True)[0]


def test_refusals():
    y, v, data = bcg()
    with pytest.raises(ValueError, match="link must be one of log, identity, not 'sqrt'"):
        location_scale(y, v, data, link="sqrt")
    with pytest.raises(ValueError, match="moderator 'nothing' is not among the columns"):
        location_scale(y, v, data, scale="nothing")
    with pytest.raises(ValueError, match="position 2"):
        location_scale(y, np.where(np.arange(13) == 2, -1.0, v), data)
