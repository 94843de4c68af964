"""Accuracy over cut-offs: the linear mixed model."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special, stats

from metaan.robustness.between.cutoffs import MODELS, AtCutOff, CutOffModel, accuracy_at, fit_cutoffs

COLUMNS = ("study", "cutoff", "tp", "fn", "fp", "tn")


def feno():
    """Exhaled nitric oxide and asthma: appendix 1 of Schneider A et al. J Clin Epidemiol 2017;92:69-78."""
    lines = (Path(__file__).parent / "feno.csv").read_text(encoding="utf-8").split()
    assert tuple(lines[0].split(";")) == COLUMNS
    return dict(zip(COLUMNS, np.array([line.split(";") for line in lines[1:]], dtype=float).T, strict=True))


def simulated(seed=3, studies=6):
    rng = np.random.default_rng(seed)
    rows = []
    for study in range(studies):
        shift, apart = rng.normal(0, 0.5), rng.normal(0, 0.3)
        for cutoff in sorted(rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], 3, replace=False)):
            missed = rng.binomial(60, special.expit(-4 + 1.1 * cutoff + shift + apart))
            clear = rng.binomial(90, special.expit(-2 + 1.3 * cutoff + shift))
            rows.append((study, cutoff, 60 - missed, missed, 90 - clear, clear))
    return dict(zip(COLUMNS, np.array(rows, dtype=float).T, strict=True))


def fit(data, **options):
    given = [data[name] for name in ("tp", "fn", "fp", "tn", "cutoff")]
    return fit_cutoffs(*given, data["study"].astype(int).tolist(), **options)


def dense(data, model, distribution="logistic", log_cutoff=False, floor=0.0):
    """Return -2 restricted log-likelihood at its minimum and the coefficients, from whole covariance matrices."""
    x = np.log(data["cutoff"]) if log_cutoff else data["cutoff"]
    below = np.append(data["tn"], data["fn"]) + 0.5
    above = np.append(data["fp"], data["tp"]) + 0.5
    n, share = below + above, below / (below + above)
    if distribution == "logistic":
        y, v = special.logit(share), 1 / below + 1 / above
    else:
        y = stats.norm.ppf(share)
        v = share * (1 - share) / n / stats.norm.pdf(y) ** 2
    g, x = np.repeat([0.0, 1.0], len(x)), np.tile(x, 2)
    same = np.equal.outer(np.tile(data["study"], 2), np.tile(data["study"], 2))
    design = np.column_stack([1 - g, (1 - g) * x, g, g * x])
    z = np.column_stack([{"1": np.ones_like(x), "g": g, "x": x, "gx": g * x}[name] for name in MODELS[model].split()])
    q = z.shape[1]

    def solve(parameters):
        factor = np.zeros((q, q))
        factor[np.tril_indices(q)] = parameters[:-1]
        residual = math.exp(parameters[-1]) + floor
        whole = residual * np.diag(v) + same * (z @ factor @ factor.T @ z.T)
        inverse = np.linalg.inv(whole)
        information = design.T @ inverse @ design
        beta = np.linalg.solve(information, design.T @ inverse @ y)
        rest = y - design @ beta
        logdets = np.linalg.slogdet(whole)[1] + np.linalg.slogdet(information)[1]
        return (len(y) - 4) * math.log(2 * math.pi) + logdets + rest @ inverse @ rest, beta, np.linalg.inv(information)

    start = np.append(0.5 * np.eye(q)[np.tril_indices(q)], -2.0)
    options = {"maxiter": 20000, "maxfev": 20000, "xatol": 1e-9, "fatol": 1e-11, "adaptive": True}
    found = optimize.minimize(lambda t: solve(t)[0], start, method="Nelder-Mead", options=options)
    return found.fun, *solve(found.x)[1:]


@pytest.mark.parametrize(
    ("model", "distribution", "log_cutoff"),
    [("CI", "logistic", False), ("DI", "logistic", True), ("DI", "normal", False), ("CICS", "logistic", False)],
)
def test_agrees_with_whole_covariance_matrices(model, distribution, log_cutoff):
    data = simulated()
    found = fit(data, model=model, distribution=distribution, log_cutoff=log_cutoff)
    deviance, beta, covariance = dense(data, model, distribution, log_cutoff)
    assert found.deviance == pytest.approx(deviance, abs=2e-5)
    assert found.estimates == pytest.approx(beta, abs=2e-3)
    assert np.array(found.covariance) == pytest.approx(covariance, rel=0.02, abs=1e-4)


def test_a_floor_keeps_the_residual_variance_up():
    data = simulated()
    free, held = fit(data, model="CI"), fit(data, model="CI", floor=2.0)
    assert free.residual < 2.0
    assert held.residual == 2.0
    deviance, beta, _ = dense(data, "CI", floor=2.0)
    assert held.deviance == pytest.approx(deviance, abs=2e-3)
    assert held.estimates == pytest.approx(beta, abs=2e-3)
    assert fit(data, model="CI", floor=free.residual / 2).deviance == pytest.approx(free.deviance, abs=1e-7)


def test_nitric_oxide_and_asthma():
    """Schneider 2017: 30 % with asthma, PPV 0.76 above 50 ppb and NPV 0.86 below 20 ppb (150 rows of 29 groups)."""
    data = feno()
    found = fit(data, model="DIDS", log_cutoff=True)
    assert (found.k, found.rows) == (29, 150)
    high, low = accuracy_at(found, 50), accuracy_at(found, 20)
    positive = 0.3 * high.sensitivity / (0.3 * high.sensitivity + 0.7 * (1 - high.specificity))
    negative = 0.7 * low.specificity / (0.7 * low.specificity + 0.3 * (1 - low.sensitivity))
    assert (round(positive, 2), round(negative, 2)) == (0.76, 0.86)


@pytest.mark.parametrize("model", ["CS", "DS", "DICS", "CIDS"])
def test_a_richer_model_fits_no_worse(model):
    data = simulated()
    columns = set(MODELS[model].split())
    for other, names in MODELS.items():
        if set(names.split()) < columns:
            assert fit(data, model=model).deviance <= fit(data, model=other).deviance + 1e-6


def test_the_unit_of_the_cutoff_does_not_matter():
    data = simulated()
    other = {**data, "cutoff": data["cutoff"] * 1000}
    one, two = accuracy_at(fit(data), 2.5), accuracy_at(fit(other), 2500)
    assert (two.sensitivity, two.specificity_ci.low) == pytest.approx((one.sensitivity, one.specificity_ci.low))


def test_groups_swapped_swap_sensitivity_and_specificity():
    data = simulated()
    turned = {**data, "cutoff": -data["cutoff"], "tp": data["tn"], "tn": data["tp"], "fn": data["fp"], "fp": data["fn"]}
    one, two = accuracy_at(fit(data), 3.0), accuracy_at(fit(turned), -3.0)
    assert (two.sensitivity, two.specificity) == pytest.approx((one.specificity, one.sensitivity), abs=1e-5)
    assert two.sensitivity_ci.low == pytest.approx(one.specificity_ci.low, abs=1e-4)


def test_limits_hold_the_estimate_and_sensitivity_falls():
    found = fit(simulated())
    at = [accuracy_at(found, value) for value in (1, 2, 3, 4, 5)]
    assert all(each.sensitivity_ci.low < each.sensitivity < each.sensitivity_ci.high for each in at)
    assert all(a.sensitivity > b.sensitivity and a.specificity < b.specificity for a, b in pairwise(at))
    assert (found.lowest, found.highest) == (1, 5)


def test_one_cutoff_a_study_is_refused():
    data = simulated()
    rows = [int(np.flatnonzero(data["study"] == study)[0]) for study in range(6)]
    with pytest.raises(ValueError, match="one cut-off a study"):
        fit({name: values[rows] for name, values in data.items()})


def test_a_marker_that_runs_the_other_way_is_refused():
    data = simulated()
    with pytest.raises(ValueError, match="falls as the cut-off rises"):
        fit({**data, "cutoff": 6 - data["cutoff"]})


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({"tp": -1}, {}, "not negative"),
        ({"cutoff": 0}, {"log_cutoff": True}, "above 0"),
        ({}, {"model": "XY"}, "model must be"),
        ({}, {"distribution": "flat"}, "distribution must be"),
        ({}, {"floor": -1.0}, "floor must be"),
    ],
)
def test_what_cannot_be_used_is_refused(change, options, says):
    data = simulated()
    for name, value in change.items():
        data[name] = np.append(value, data[name][1:])
    with pytest.raises(ValueError, match=says):
        fit(data, **options)


def test_the_records_survive_json():
    found = fit(simulated())
    assert CutOffModel.from_dict(found.to_dict()) == found
    at = accuracy_at(found, 2.0)
    assert AtCutOff.from_dict(at.to_dict()) == at
