"""Copas selection model beside metasens, at metasens' own strengths of selection, and its properties."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import optimize, special

from metaan.pooling.regression.moderators import fit
from metaan.robustness.copas import copas
from metaan.robustness.copas_likelihood import log_likelihood, select
from oracle import CLOSED, Differs, comparison, comparisons_of, load, names, numbers

METASENS = "metasens 1.5-2"
OPTIMISER = "a general optimiser; R's strengths of selection are recovered from two of its printed probabilities"
LOWER = "R stops at a lower maximum: with the mean fixed at R's estimate our likelihood is lower than at ours"
OTHER_SIDE = "R lets rho take the sign that hides studies on the side opposite to the one named as missing"
BOUND = "rho at its bound: R differentiates numerically across the bound, ours is conditional on it"
NUMERICAL = "R differentiates its likelihood numerically"
RESIDUAL = "from the same first maximum R's second model reaches less than ours, so that its p is larger"
NEITHER = "R's first model stands at another point than ours; the cause is not proved for the second"

Y = np.array([0.62, 0.15, 0.44, 0.91, 0.08, 0.55, 0.29, 1.20, 0.10, 0.70])
V = np.array([0.05, 0.02, 0.04, 0.12, 0.03, 0.07, 0.01, 0.25, 0.06, 0.09])


class Case(NamedTuple):
    name: str
    y: np.ndarray
    se: np.ndarray
    block: dict[str, Any]
    gamma: np.ndarray


def strength(se, seen, unseen):
    """Return the gammas at which the least precise study is seen with a probability and so many studies are unseen."""
    if seen > 1.0 - 1e-12:
        return np.inf, 0.0
    u = special.ndtri(seen)
    above = 1.0 / se - 1.0 / se.max()

    def lacking(gamma1):
        at = np.minimum(u + gamma1 * above, 40.0)
        return (special.ndtr(-at) / special.ndtr(at)).sum() - unseen

    gamma1 = optimize.brentq(lacking, 0.0, 1000.0 * se.max(), xtol=1e-15, rtol=1e-14)
    return u - gamma1 / se.max(), gamma1


@cache
def cases():
    found = []
    for name in names():
        content = load(name).get("meta", {})
        if "copas" not in content:
            continue
        y, se = (numbers(content["default"][key]) for key in ("TE", "seTE"))
        kept = np.isfinite(y) & np.isfinite(se)
        y, se, block = y[kept], se[kept], content["copas"]
        points = zip(block["publprob"], block["N.unpubl"], strict=True)
        found.append(Case(name, y, se, block, np.array([strength(se, *point) for point in points])))
    return tuple(found)


@cache
def fitted(name, side="auto"):
    case = next(each for each in cases() if each.name == name)
    return copas(case.y, case.se**2, gamma0=case.gamma[:, 0], gamma1=case.gamma[:, 1], side=side)


def reached(case, i, mean):
    """Highest log-likelihood found with the mean held, rho free on both sides."""
    data = select(case.y, case.se, np.ones((len(case.y), 1)), *(case.gamma[i : i + 1].T))
    typical = float(np.median(case.se) ** 2)

    def minus(t):
        return -log_likelihood(data, np.array([[mean, typical * np.expm1(abs(t[0])), 0.9999 * np.sin(t[1])]]), 0)[0][0]

    starts = [(a, b) for a in (0.0, 0.5) for b in (-1.5, 1.5)]
    return max(-optimize.minimize(minus, start, method="Nelder-Mead").fun for start in starts)


@comparison("Copas selection model: estimates", source=METASENS, rel=1e-3, cases=cases, why=OPTIMISER)
def estimates(case):
    ours, free = fitted(case.name), fitted(case.name, "both")
    assert all(ours.converged)
    assert all(free.converged)
    for i, (mean, se) in enumerate(zip(case.block["TE.slope"], case.block["seTE.slope"], strict=True)):
        key = f"mean {i}"
        if abs(ours.estimate[i] - mean) <= 1e-3 * max(abs(mean), se):
            yield key, ours.estimate[i], mean, se
            if abs(ours.estimate[i] - mean) > 1e-3 * se:
                continue  # near, but not the same maximum
            if abs(ours.se[i] / se - 1.0) <= 1e-3:
                yield f"se {i}", ours.se[i], se
            else:
                yield Differs(f"se {i}", ours.se[i], se, BOUND if abs(ours.rho[i]) >= 0.9999 else NUMERICAL)
        elif abs(free.estimate[i] - mean) <= 1e-3 * max(abs(mean), se):
            yield Differs(key, ours.estimate[i], mean, OTHER_SIDE)
        else:
            assert reached(case, i, mean) <= free.log_likelihood[i] + 1e-8
            yield Differs(key, ours.estimate[i], mean, LOWER)


@comparison("Copas selection model: remaining asymmetry", source=METASENS, rel=1e-3, cases=cases, why=OPTIMISER)
def remaining(case):
    ours = fitted(case.name)
    for i, (mean, se, p) in enumerate(
        zip(case.block["TE.slope"], case.block["seTE.slope"], case.block["pval.rsb"], strict=True)
    ):
        if abs(ours.p_residual[i] - p) <= 1e-3:
            yield f"p {i}", ours.p_residual[i], p, 1.0
            continue
        same = abs(ours.estimate[i] - mean) <= 1e-3 * se
        if same:
            assert p >= ours.p_residual[i]
        yield Differs(f"p {i}", ours.p_residual[i], p, RESIDUAL if same else NEITHER)


@comparison("Copas selection model: strengths", source=METASENS, rel=1e-7, cases=cases)
def strengths(case):
    ours = fitted(case.name)
    yield "seen", ours.seen_small, case.block["publprob"]
    yield "unseen", ours.unseen, case.block["N.unpubl"], 1.0


@comparison("Copas selection model: rule of the adjusted estimate", source=METASENS, rel=CLOSED, cases=cases)
def rule(case):
    block = case.block
    enough = [i for i, p in enumerate(block["pval.rsb"]) if p > 0.10]
    for key, column in (("TE", "TE.slope"), ("seTE", "seTE.slope")):
        yield key, block[column][enough[0]] if enough else None, block["adjust"][key]


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()


def test_derivatives_are_those_of_differences():
    se = np.sqrt(V)
    data = select(Y, se, np.stack([np.ones(10), se], axis=1), np.array([-0.3]), np.array([0.2]))
    theta, step = np.array([0.1, 0.2, 0.3, -0.6]), 1e-5
    _, first, second = log_likelihood(data, theta[None])
    for i in range(4):
        up, down = (log_likelihood(data, (theta + sign * step * np.eye(4)[i])[None]) for sign in (1, -1))
        assert first[0, i] == pytest.approx((up[0][0] - down[0][0]) / (2 * step), abs=1e-6)
        assert second[0, i] == pytest.approx((up[1][0] - down[1][0]) / (2 * step), abs=1e-5)


def test_no_selection_is_maximum_likelihood():
    first = copas(Y, V, seen_small=[1.0])
    plain = fit(Y[None], V[None], np.ones((10, 1)), tau2="ML")
    assert first.estimate[0] == pytest.approx(plain.beta[0, 0], rel=1e-7)
    assert first.tau2[0] == pytest.approx(plain.tau2[0], rel=1e-6, abs=1e-9)
    assert first.unseen == (0.0,)
    assert first.rho == (0.0,)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_shift_and_sign(factor):
    strengths = [1.0, 0.8, 0.5]
    plain = copas(Y, V, seen_small=strengths)
    scaled = copas(Y * factor, V * factor**2, seen_small=strengths)
    shifted = copas(Y + 3.0, V, seen_small=strengths)
    flipped = copas(-Y, V, seen_small=strengths)
    assert np.array(scaled.estimate) / factor == pytest.approx(plain.estimate, rel=1e-6)
    assert np.array(shifted.estimate) - 3.0 == pytest.approx(plain.estimate, rel=1e-6)
    assert flipped.estimate == pytest.approx(-np.array(plain.estimate), rel=1e-6)
    assert scaled.p_residual == pytest.approx(plain.p_residual, abs=1e-7)
    assert flipped.side != plain.side


def test_record():
    found = copas(Y, V)
    assert len(found.to_frame()) == len(found.estimate)
    assert repr(found)
    assert found.seen_large[1] == pytest.approx(0.99)
    assert found.to_dict()["gamma0"][0] == "Inf"
    if found.chosen is not None:
        assert found.adjusted == found.estimate[found.chosen]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((Y[:3], V[:3]), {}, "at least 4 studies, found 3"),
        ((Y, np.full(10, 0.1)), {}, "all are equal"),
        ((Y, -V), {}, "at position 0"),
        ((np.tile(Y, (2, 1)), V), {}, "one synthesis"),
        ((Y, V), {"side": "up"}, "side must be one of"),
        ((Y, V), {"seen_small": [0.995]}, "more often"),
        ((Y, V), {"seen_small": [0.0]}, "above 0"),
        ((Y, V), {"gamma0": 1.0}, "together"),
        ((Y, V), {"gamma0": [np.nan], "gamma1": [1.0]}, "numbers"),
        ((Y, V), {"alpha": 10}, "alpha must lie"),
    ],
)
def test_refusals(arguments, options, words):
    with pytest.raises(ValueError, match=words):
        copas(*arguments, **options)
