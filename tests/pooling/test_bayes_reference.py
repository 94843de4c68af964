"""Posteriors beside those of bayesmeta 3.4."""

from functools import cache

import pytest

from metaan.pooling.bayes import priors
from metaan.pooling.bayes.posterior import pool_bayes
from oracle import ITERATED, comparison, comparisons_of, load

BAYESMETA = "bayesmeta 3.4"
TAU = {
    "halfnormal(0.5)": priors.half_normal(0.5),
    "halfnormal(1)": priors.half_normal(1.0),
    "halfcauchy(1)": priors.half_cauchy(1.0),
    "uniform": priors.uniform(),
}
MU = {"flat": None, "normal(0,4)": (0.0, 4.0)}
GRID = (
    "bayesmeta lays a coarse grid over tau for everything but tau itself (delta 0.01, epsilon 0.0001); "
    "test_bayes.py holds ours to nested quadrature at 1e-9"
)
SEARCH = "bayesmeta finds modes and shortest intervals with a general optimiser that stops early"


@cache
def cases():
    return tuple(_cases())


def _cases():
    for name, block in load("bayes")["cases"].items():
        for key, figures in block.items():
            if "|" in key:
                tau, mu = key.split(" | ")
                yield name, block["yi"], block["vi"], TAU[tau], MU[mu], figures


def fitted(case, interval="shortest"):
    return _fit(cases().index(case), interval)


@cache
def _fit(number, interval):
    _, y, v, tau, mu, figures = cases()[number]
    return pool_bayes(y, v, tau_prior=tau, mu_prior=mu, interval=interval), figures


@comparison("Bayesian model: posterior of tau", source=BAYESMETA, rel=ITERATED, cases=cases)
def tau(case):
    ours, theirs = fitted(case, "central")
    for name in ("mean", "sd", "median"):
        yield f"tau {name}", getattr(ours.tau, name), theirs["tau"][name]
    yield "tau central", [ours.tau.interval.low, ours.tau.interval.high], theirs["central95"]["tau"]


@comparison("Bayesian model: mode and shortest interval of tau", source=BAYESMETA, rel=1e-3, cases=cases, why=SEARCH)
def tau_shortest(case):
    ours, theirs = fitted(case)
    limits = [theirs["tau"]["95%.lower"], theirs["tau"]["95%.upper"]]
    yield "tau mode", ours.tau.mode, theirs["tau"]["mode"], ours.tau.sd
    yield "tau shortest", [ours.tau.interval.low, ours.tau.interval.high], limits, ours.tau.sd


@comparison("Bayesian model: mean, prediction, shrinkage", source=BAYESMETA, rel=1e-2, cases=cases, why=GRID)
def mixtures(case):
    ours, theirs = fitted(case)
    central, _ = fitted(case, "central")
    for key, part, other in (("mu", ours.mu, central.mu), ("theta", ours.new_study, central.new_study)):
        block = theirs[key]
        for name in ("mean", "sd", "median", "mode"):
            yield f"{key} {name}", getattr(part, name), block[name], part.sd
        yield (
            f"{key} shortest",
            [part.interval.low, part.interval.high],
            [block["95%.lower"], block["95%.upper"]],
            part.sd,
        )
        yield f"{key} central", [other.interval.low, other.interval.high], theirs["central95"][key], part.sd
    yield "shrinkage mean", ours.study_mean, theirs["shrinkage.mean"], ours.mu.sd
    yield "shrinkage sd", ours.study_sd, theirs["shrinkage.sd"]
    yield "P(mu < 0)", ours.p_below_zero, theirs["p_mu_below_0"]


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
