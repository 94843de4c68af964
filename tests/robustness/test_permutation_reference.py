"""Permutation tests beside metafor, all permutations made: on every set of up to ten studies."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from metaan.pooling.regression.meta_regression import meta_regression
from metaan.robustness.permutation import permutation_test
from oracle import CLOSED, METAFOR, comparison, comparisons_of, effect_sets, failed, load


class Regressed(NamedTuple):
    name: str
    y: np.ndarray
    v: np.ndarray
    moderators: dict[str, list[Any]]
    formula: str
    theirs: dict[str, Any]


def means():
    return [each for each in effect_sets() if not failed(each.fits.get("permutest_exact", {"error": ""}))]


def regressions():
    found = []
    for each in effect_sets():
        data = load(each.file)["data"]
        for formula, block in each.fits.get("metareg", {}).items():
            if not failed(block.get("permutest_exact", {"error": ""})):
                columns = {name: [values[i] for i in each.rows] for name, values in data.items()}
                found.append(Regressed(f"{each.name} {formula}", each.y, each.v, columns, formula, block))
    return found


@comparison("permutation test of a mean: all changes of signs", source=METAFOR, rel=CLOSED, cases=means)
def signs(case):
    theirs = case.fits["permutest_exact"]
    wald = permutation_test(case.y, case.v, interval="Wald")
    hk = permutation_test(case.y, case.v, interval="HK")
    yield "permutations", wald.permutations, theirs["n.iter"]
    yield "pval", wald.p[0], theirs["pval"]
    yield "pval, knha", hk.p[0], theirs["pval_knha"]


@comparison("permutation test of a regression: all orders", source=METAFOR, rel=CLOSED, cases=regressions)
def orders(case):
    theirs = case.theirs["permutest_exact"]
    for interval in ("Wald", "HK"):
        ours = permutation_test(case.y, case.v, case.moderators, formula=case.formula, interval=interval)
        fit = meta_regression(case.y, case.v, case.moderators, formula=case.formula, interval=interval)
        yield f"{interval} statistic", ours.statistic, fit.statistic
        if interval == "Wald":
            yield "pval", ours.p, theirs["pval"]
            yield "QMp", ours.omnibus_p, theirs["QMp"]


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()
