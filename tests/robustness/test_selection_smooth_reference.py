"""Selection models with smooth weight functions beside metafor."""

import numpy as np
import pytest
from selection_figures import at_maximum, cases, errors_there, estimates, same_interval

from oracle import CLOSED, METAFOR, Differs, comparison, comparisons_of

INTEGRAL = "metafor integrates adaptively to a relative 1e-4; ours agrees with quadrature to 1e-10 (properties)"
EXPONENTIAL, BETA = cases("halfnorm", "negexp"), cases("beta")
MISSED = "metafor's quadrature misses the density, which is narrow beside the range it integrates over"


@comparison(
    "exponential selection models: likelihood at R's estimates",
    source=METAFOR,
    rel=1e-4,
    cases=EXPONENTIAL,
    why=INTEGRAL,
)
def exponential_likelihoods(c):
    if c.each.file == "dat.crisafulli2020":
        yield Differs("log-likelihood", c.there.log[0], c.block["ll"], MISSED)
    else:
        yield "log-likelihood", c.there.log[0], c.block["ll"], 1.0


@comparison("beta selection model: likelihood at R's estimates", source=METAFOR, rel=4e-3, cases=BETA, why=INTEGRAL)
def beta_likelihoods(c):
    if c.each.file in ("dat.crisafulli2020", "dat.nissen2007_death"):
        yield Differs("log-likelihood", c.there.log[0], c.block["ll"], MISSED)
    else:
        yield "log-likelihood", c.there.log[0], c.block["ll"], 1.0


@comparison("exponential selection models: estimates", source=METAFOR, rel=1e-3, cases=EXPONENTIAL, why=INTEGRAL)
def exponential_maxima(c):
    assert c.ours.converged
    yield from estimates(c, at_maximum(c))


@comparison("beta selection model: estimates", source=METAFOR, rel=1e-3, cases=BETA, why=INTEGRAL)
def beta_maxima(c):
    assert c.ours.converged
    yield from estimates(c, at_maximum(c))


def _errors(c):
    if c.block["se"] is None or c.each.file == "dat.crisafulli2020":
        return
    se, of_delta = errors_there(c)
    theirs = np.atleast_1d(np.array(c.block["se.delta"], dtype=float))
    why = "R's are numerical derivatives of numerical integrals; ours agree with differences (properties)"
    for key, ours, other in (("se", [se], [c.block["se"]]), ("se of delta", of_delta, theirs)):
        for a, b in zip(ours, other, strict=True):
            if np.isnan(a) or np.isnan(b):
                continue
            yield (key, a, b) if abs(a / b - 1.0) <= 1e-3 else Differs(key, a, b, why)


@comparison(
    "smooth selection models: standard errors at R's estimates",
    source=METAFOR,
    rel=1e-3,
    cases=lambda: [*EXPONENTIAL(), *BETA()],
    why=INTEGRAL,
)
def errors(c):
    yield from _errors(c)


@comparison(
    "smooth selection models: Wald test and interval",
    source=METAFOR,
    rel=CLOSED,
    cases=lambda: [*EXPONENTIAL(), *BETA()],
)
def intervals(c):
    yield from same_interval(c)


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
