"""Influence of single studies on meta-regressions: beside metafor, and beside regressions without the study."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from metaan.pooling.regression import moderators
from metaan.pooling.regression.meta_regression import arrange, meta_regression
from metaan.robustness.regression_influence import RegressionInfluence, regression_influence
from oracle import CLOSED, ITERATED, METAFOR, comparison, comparisons_of, effect_sets, failed, load

TIGHT = json.loads((Path(__file__).parents[1] / "reference" / "regression_influence.json").read_text(encoding="utf-8"))
NAMES = {"rstudent": "rstudent", "dffits": "dffits", "cook.d": "cook", "cov.r": "cov_ratio", "hat": "hat"}


class Model(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    moderators: dict[str, list[Any]]
    formula: str
    block: dict[str, Any]

    def ours(self) -> RegressionInfluence:
        first = {"agegroup": "Children"} if "agegroup" in self.formula else {}  # the order of levels in the data
        return regression_influence(self.y, self.v, self.moderators, formula=self.formula, reference=first)


def models():
    found = []
    for each in effect_sets():
        data = load(each.file)["data"]
        for formula, block in each.fits.get("metareg", {}).items():
            if "influence_REML" in block:
                columns = {name: [values[i] for i in each.rows] for name, values in data.items()}
                found.append(Model(f"{each.name} {formula}", each.y, each.v, columns, formula, block))
    return found


@comparison("influence on a meta-regression", source="metafor 3.8-1, iterated to the end", rel=ITERATED, cases=models)
def influence(case):
    theirs = TIGHT["models"][case.name]
    ours = case.ours()
    rows = list(ours.rows)
    unit = np.std(case.y[rows]) ** 2
    for key, name in NAMES.items():
        # without one study tau2 may lie on a very flat likelihood: figures of order one, on that scale
        yield key, getattr(ours, name), theirs[key], 1.0
    yield "tau2.del", np.array(ours.tau2) / unit, theirs["tau2.del"], case.v.min() / unit
    yield "QE.del", ours.qe, theirs["QE.del"]
    yield "dfbs of slopes", np.array(ours.dfbetas)[:, 1:], np.reshape(theirs["dfbs"], (len(rows), -1)), 1.0
    yield "weight", ours.weight, theirs["weight"]


@comparison("leverage in a meta-regression, from R's own tau2", source=METAFOR, rel=CLOSED, cases=models)
def leverage(case):
    theirs = case.block["influence_REML"]
    if failed(theirs):
        return
    data = arrange(case.y, case.v, case.moderators, formula=case.formula)
    tau2 = case.block["REML.z"]["tau2"]
    fit = moderators.fit(data.y[None], data.v[None], data.x, tau2=np.array([tau2]))
    hat = np.einsum("ki,ij,kj->k", data.x, fit.covariance[0], data.x) / (data.v + tau2)
    yield "hat", hat, theirs["hat"], 0.1


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


def test_each_row_is_the_regression_without_the_study():
    case = next(each for each in models() if each.name == "dat.bcg RR ~ ablat")
    ours = case.ours()
    whole = meta_regression(case.y, case.v, case.moderators, formula=case.formula, interval="Wald")
    for i in range(len(case.y)):
        keep = np.arange(len(case.y)) != i
        columns = {name: np.array(values, dtype=object)[keep] for name, values in case.moderators.items()}
        alone = meta_regression(case.y[keep], case.v[keep], columns, formula=case.formula, interval="Wald")
        assert ours.estimates[i] == pytest.approx(alone.estimates, rel=1e-8)
        assert ours.tau2[i] == pytest.approx(alone.tau2, rel=1e-8)
        assert ours.qe[i] == pytest.approx(alone.qe, rel=1e-10)
        change = np.array(whole.estimates) - alone.estimates
        assert ours.cook[i] == pytest.approx(change @ np.linalg.solve(whole.covariance, change), rel=1e-6)
        ratio = np.linalg.det(alone.covariance) / np.linalg.det(whole.covariance)
        assert ours.cov_ratio[i] == pytest.approx(ratio, rel=1e-6)


def test_a_study_alone_in_its_group_cannot_be_left_out():
    ours = regression_influence([0.1, 0.4, -0.2, 0.9], [0.1] * 4, {"g": list("aaab")})
    assert np.isnan([ours.cook[3], ours.cov_ratio[3], ours.rstudent[3]]).all()
    assert np.isfinite(ours.cook[:3]).all()
