"""Selection models of R and ours on the same data, fitted once."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from metaan.robustness import selection_weights as shapes
from metaan.robustness.selection import SelectionModel, selection_model
from metaan.robustness.selection_likelihood import Data, Value, log_likelihood
from oracle import Differs, EffectSet, effect_sets, failed

# Vevea and Woods (2005), Table 1: moderate one-tailed selection
MODERATE = (
    (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995),
    (1.0, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
)
OPTIONS: dict[str, dict[str, Any]] = {
    "stepfun_0.025": {"steps": (0.025,)},
    "stepfun_0.025_0.5": {"steps": (0.025, 0.5)},
    "stepfun_fixed": {"steps": MODERATE[0], "weights": MODERATE[1]},
    "halfnorm": {"kind": "halfnorm"},
    "negexp": {"kind": "negexp"},
    "beta": {"kind": "beta"},
}
SETTLED = 5e-7  #: log-likelihood that R's optimiser may lack for its estimates to be good to three digits


class Case(NamedTuple):
    """One selection model on one set of effects."""

    name: str
    key: str
    each: EffectSet
    block: dict[str, Any]  #: R's
    ours: SelectionModel
    there: Value  #: our likelihood at R's estimates, derivatives by (beta, tau2, eta)
    gap: float  #: what R's estimates lack of our maximum

    def deltas(self) -> tuple[np.ndarray, np.ndarray]:
        """Return estimated selection parameters: ours, R's."""
        first = 1 if self.key.startswith("step") else 0
        return np.array(self.ours.delta)[first:], np.atleast_1d(self.block["delta"])[first:].astype(float)


def cases(*keys: str):
    """Return a function that lists the cases of some of R's models."""

    @cache
    def listed() -> tuple[Case, ...]:
        found = []
        for each in effect_sets():
            for key, block in each.fits.get("selmodel", {}).items():
                if key in keys and not failed(block):
                    found.append(case(each, key, block))
        return tuple(found)

    return listed


@cache
def fitted(name: str, key: str) -> SelectionModel:
    each = next(one for one in effect_sets() if one.name == name)
    return selection_model(each.y, each.v, **OPTIONS[key])


def case(each: EffectSet, key: str, block: dict[str, Any]) -> Case:
    ours = fitted(each.name, key)
    there = likelihood(each.y, each.v, OPTIONS[key], block["alternative"], block["b"], block["tau2"], block["delta"])
    gap = ours.log_likelihood - there.log[0]
    return Case(f"{each.name} {key}", key, each, block, ours, there, float(gap))


def likelihood(y, v, options, alternative, b, tau2, delta) -> Value:
    """Evaluate our likelihood anywhere."""
    kind, steps = options.get("kind", "step"), options.get("steps", ())
    sign, two_sided = (-1.0 if alternative == "less" else 1.0), alternative == "two.sided"
    y, k = sign * np.asarray(y), len(y)
    p = shapes.p_value(y / np.sqrt(v), two_sided)[None]
    grid = shapes.cells(kind, steps, two_sided)
    data = Data(y[None], np.asarray(v)[None], np.ones((1, k)), np.ones((1, k, 1)), p, kind, steps, two_sided, grid)
    delta = np.atleast_1d(np.asarray(delta, dtype=float))
    eta = shapes.to_eta(kind, delta[1:] if kind == "step" else delta)
    return log_likelihood(data, np.array([[sign * b]]), np.array([float(tau2)]), eta[None])


EARLY_STOP = "R's estimates reach less than ours in the same likelihood (stopped early, at a lower maximum, or misled)"
FLAT = "every p-value is next to 0: the likelihood hardly depends on the weights, and R stays at its start"


def flat(c: Case) -> bool:
    """Tell whether no study has a p-value at which the weight function could be seen."""
    sign = -1.0 if c.block["alternative"] == "less" else 1.0
    return bool(special.ndtr(-sign * c.each.y / np.sqrt(c.each.v)).max() < 1e-3)


def estimates(c: Case, figures):
    """Yield key, ours, theirs, scale; as a difference where R's estimates reach less, which is checked here."""
    assert c.gap >= -1e-8, f"{c.name}: R's estimates have the higher likelihood, by {-c.gap:.2g}"
    for key, ours, theirs, scale in figures:
        if theirs is None or ours is None:
            continue
        near = abs(ours - theirs) <= 1e-3 * max(abs(theirs), scale)
        if not near and key.startswith("delta") and flat(c):
            yield Differs(key, ours, theirs, FLAT)
            continue
        yield (key, ours, theirs, scale) if near or c.gap < SETTLED else Differs(key, ours, theirs, EARLY_STOP)


def at_maximum(c: Case):
    """List what both sides say of the maximum."""
    block, ours = c.block, c.ours
    se = ours.se if np.isfinite(ours.se) else (block["se"] or 0.0)
    figures = [
        ("estimate", ours.estimate, block["b"], se),
        ("tau2", ours.tau2, block["tau2"], float(np.nanmax([ours.se_tau2, c.each.v.min()]))),
        ("log-likelihood", ours.log_likelihood, block["ll"], 1.0),
    ]
    if c.key != "stepfun_fixed":
        errors = np.array(ours.se_delta)[-len(c.deltas()[0]) :]
        for i, (a, b) in enumerate(zip(*c.deltas(), strict=True)):
            figures.append((f"delta {i}", float(a), float(b), float(np.nan_to_num(errors[i], nan=1.0))))
        figures.append(("LRT", ours.lrt, block["LRT"], 1.0))
        figures.append(("LRT p", ours.lrt_p, block["LRTp"], 1.0))
    return figures


def errors_there(c: Case) -> tuple[float, np.ndarray]:
    """Return standard errors from our information at R's estimates: of the mean and of delta, NaN where held.

    R takes tau2 as 0 where it is below 1e-4 and a tenth of the smallest variance, and holds parameters near a bound.
    """
    kind, delta = OPTIONS[c.key].get("kind", "step"), c.deltas()[1]
    fixed = c.key == "stepfun_fixed"
    theirs = np.atleast_1d(np.array(c.block["se.delta"], dtype=float))[-len(delta) :]
    held = np.array([False, c.block["tau2"] < min(1e-4, c.each.v.min() / 10), *(fixed | np.isnan(theirs))])
    rate = np.concatenate([[1.0, 1.0], np.where(held[2:], 1.0, shapes.slope(kind, delta))])
    information = -c.there.second[0] / np.outer(rate, rate)
    free = np.flatnonzero(~held)
    variance = np.diag(np.linalg.inv(information[np.ix_(free, free)]))
    se = np.full(len(held), np.nan)
    se[free] = np.sqrt(np.abs(variance))
    return float(se[0]), se[2:]


def same_interval(c: Case):
    """List what follows from R's estimate and standard error alone."""
    block = c.block
    if block["se"] is None:
        return
    z = block["b"] / block["se"]
    reach = 1.959963984540054 * block["se"]
    yield "z", z, block["zval"]
    yield "p", 2.0 * special.ndtr(-abs(z)), block["pval"]
    yield "ci", [block["b"] - reach, block["b"] + reach], [block["ci.lb"], block["ci.ub"]], block["se"]
