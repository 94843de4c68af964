"""Figures of R packages on published data; see the `source` of each reference file."""

import json
from pathlib import Path

import numpy as np
import pytest

from metaan.pooling.pool import pool, summarise

REFERENCE = Path(__file__).parents[1] / "reference"
SETS = json.loads((REFERENCE / "pooling.json").read_text(encoding="utf-8"))["sets"]
HACKSHAW = json.loads((REFERENCE / "hackshaw.json").read_text(encoding="utf-8"))
BY_NAME = {s["name"]: s for s in SETS}
BCG = BY_NAME["dat.bcg RR"]


def fit(s, **options):
    return pool(s["yi"], s["vi"], **options)


def close(value, expected, scale=0.0):
    # The reference was iterated to about 1e-13; 1e-7 is the precision it promises.
    assert value == pytest.approx(expected, rel=1e-7, abs=1e-7 * scale)


@pytest.mark.parametrize("estimator", ["REML", "PM"])
@pytest.mark.parametrize("name", BY_NAME)
def test_iterative_estimators_match_metafor(name, estimator):
    s = BY_NAME[name]
    expected = s[estimator]
    wald = fit(s, tau2=estimator, interval="Wald")
    typical = min(s["vi"])  # tau2 is known relative to the sampling variances
    close(wald.tau2, expected["tau2"], typical * 1e-3)
    close(wald.estimate, expected["b"], wald.se)
    close(wald.se, expected["se"])
    close(wald.i2, expected["I2"], 1e-3)
    close(wald.h2, expected["H2"])
    close(wald.ci.low, expected["ci"][0], wald.se)
    close(wald.ci.high, expected["ci"][1], wald.se)
    close(fit(s, tau2=estimator, interval="HK").se, expected["hk_se"])
    assert wald.converged


@pytest.mark.parametrize("name", BY_NAME)
def test_q_profile_limits_match_metafor(name):
    s = BY_NAME[name]
    pooled = fit(s)
    typical = min(s["vi"]) * 1e-3
    for got, expected in zip((pooled.tau2_ci.low, pooled.tau2_ci.high), s["QP"]["tau2"], strict=True):
        close(got, expected, typical)
    for got, expected in zip((pooled.i2_ci.low, pooled.i2_ci.high), s["QP"]["I2"], strict=True):
        close(got, expected, 1e-3)


@pytest.mark.parametrize("name", BY_NAME)
def test_closed_forms_match_metafor(name):
    s = BY_NAME[name]
    dl, expected = fit(s, tau2="DL", interval="Wald"), s["DL"]
    exact = {"rel": 1e-10, "abs": 1e-10 * min(s["vi"])}
    assert dl.tau2 == pytest.approx(expected["tau2"], **exact)
    assert dl.i2 == pytest.approx(expected["I2"], rel=1e-10, abs=1e-9)
    assert dl.h2 == pytest.approx(expected["H2"], rel=1e-10)
    assert dl.q == pytest.approx(expected["QE"], rel=1e-10, abs=1e-20)
    assert dl.q_p == pytest.approx(expected["QEp"], rel=1e-9)  # R and scipy evaluate far tails to about 1e-10
    ee = fit(s, tau2="EE", interval="Wald")
    assert (ee.estimate, ee.se) == pytest.approx((s["EE"]["tests"]["z"]["b"], s["EE"]["tests"]["z"]["se"]), rel=1e-10)
    assert (ee.i2, ee.h2) == pytest.approx((s["EE"]["I2"], s["EE"]["H2"]), rel=1e-10, abs=1e-9)


NAMES = {"z": "Wald", "t": "t", "knha": "HK", "adhoc": "mKH"}


CASES = [(s["name"], t) for s in SETS if s["name"] != "identical_effects" for t in NAMES if t in s["DL"]["tests"]]


@pytest.mark.parametrize(("name", "test"), CASES)
def test_interval_methods_match_metafor(name, test):
    s = BY_NAME[name]
    expected = s["DL"]["tests"][test]
    pooled = fit(s, tau2="DL", interval=NAMES[test], prediction="normal" if test == "z" else "same")
    got = (pooled.estimate, pooled.se, pooled.statistic, pooled.ci.low, pooled.ci.high)
    want = (expected["b"], expected["se"], expected["zval"], expected["ci.lb"], expected["ci.ub"])
    assert got == pytest.approx(want, rel=1e-9)
    assert pooled.p == pytest.approx(expected["pval"], rel=1e-7)
    if pooled.k >= 3 and expected.get("pi"):
        limits = (pooled.prediction.low, pooled.prediction.high)
        assert limits == pytest.approx(expected["pi"]["default"], rel=1e-9)
        if test == "z" and "riley" in expected["pi"]:
            hts = fit(s, tau2="DL", interval="Wald", prediction="HTS").prediction
            assert (hts.low, hts.high) == pytest.approx(expected["pi"]["riley"], rel=1e-9)


def test_bcg_to_ten_digits():  # metafor with threshold 1e-14, agreeing with an independent maximisation
    wald = fit(BCG, interval="Wald")
    assert (wald.estimate, wald.se, wald.tau2) == pytest.approx(
        (-0.7145323422, 0.1797815161, 0.3132432581), abs=1e-10 * 0.6
    )
    assert wald.i2 == pytest.approx(92.2213845, abs=6e-8)
    hk = fit(BCG, interval="HK")
    assert (hk.ci.low, hk.ci.high) == pytest.approx((-1.1084437, -0.3206210), abs=6e-8)
    assert (wald.tau2_ci.low, wald.tau2_ci.high) == pytest.approx((0.1197183611, 1.1114790841), abs=6e-11)
    assert fit(BCG, tau2="PM").tau2 == pytest.approx(0.3180684522, abs=6e-11)


@pytest.mark.parametrize(
    ("interval", "prediction", "limits"),
    [  # metafor 3.8, six decimals of a fit with about six digits of tau2
        ("Wald", "normal", (-1.866692, 0.437628)),
        ("HK", "same", (-1.996017, 0.566952)),
        ("HK", "HTS", (-2.008376, 0.579311)),
        ("HK", "V", (-1.9953421, 0.5662774)),  # meta 8.4, method.predict = "V"
        ("Wald", "V", (-1.9953421, 0.5662774)),
    ],
)
def test_prediction_conventions(interval, prediction, limits):
    got = fit(BCG, interval=interval, prediction=prediction).prediction
    assert (got.low, got.high) == pytest.approx(limits, abs=2e-6)


def test_wider_of_hk_and_wald_is_metas_ci_variant():
    # meta 8.4-0, method.random.ci="HK", adhoc.hakn.ci="ci": where HK is narrower the Wald interval is used. Its tau2
    # stops at a change below 1e-5, hence the tolerance.
    pooled = pool(HACKSHAW["yi"], HACKSHAW["vi"], interval="HK-ci")
    assert (pooled.ci.low, pooled.ci.high) == pytest.approx((0.12207579603600217, 0.3157037525802455), abs=2e-4)
    assert pooled.df == np.inf
    hk = fit(BCG, interval="HK")
    assert fit(BCG, interval="HK-ci").ci == hk.ci  # there HK is wider


@pytest.mark.parametrize(
    ("design", "published"),
    [  # Hackshaw 1997 prints 1.24 (1.13 to 1.36); by design from metafor 3.8, method="DL", three decimals
        (None, (1.238, 1.129, 1.358)),
        ("case-control", (1.242, 1.115, 1.382)),
        ("cohort", (1.261, 1.052, 1.511)),
    ],
)
def test_passive_smoking(design, published):
    mask = [design is None or d == design for d in HACKSHAW["design"]]
    pooled = pool(HACKSHAW["yi"], HACKSHAW["vi"], tau2="DL", interval="Wald", mask=mask)
    assert np.exp([pooled.estimate, pooled.ci.low, pooled.ci.high]) == pytest.approx(published, abs=6e-4)


def test_three_alike_trials_show_why_the_interval_is_floored():
    # Risk ratios 17/24 against 9/44 (3.46), 3.6 (1.6 to 8.0), 3.4 (1.3 to 8.7): their agreement makes the plain
    # Hartung-Knapp interval far narrower than any of the three allows. HK and Wald limits: metafor, two decimals.
    from metaan.effects.binary import log_risk_ratio
    from metaan.effects.ratios import ratio_with_interval

    first = log_risk_ratio(17, 7, 9, 35)
    others = ratio_with_interval([3.6, 3.4], [1.6, 1.3], [8.0, 8.7])
    y, v = np.append(first.y, others.y), np.append(first.v, others.v)
    for interval, limits in {"HK": (3.27, 3.73), "Wald": (2.24, 5.43)}.items():
        ci = pool(y, v, interval=interval).ci
        assert np.exp([ci.low, ci.high]) == pytest.approx(limits, abs=0.006)
    wald, floored = pool(y, v, interval="Wald"), pool(y, v, interval="mKH")
    assert floored.se == wald.se
    # 4.302653 is the 97.5 % point of t on 2 degrees of freedom in any table, 1.959964 that of the normal.
    ratio = (floored.ci.high - floored.ci.low) / (wald.ci.high - wald.ci.low)
    assert ratio == pytest.approx(4.302653 / 1.959964, rel=1e-6)
    assert np.exp([floored.ci.low, floored.ci.high]) == pytest.approx((1.32, 9.21), abs=0.006)


def test_dersimonian_laird_agrees_with_statsmodels():
    statsmodels = pytest.importorskip("statsmodels.stats.meta_analysis")
    other = statsmodels.combine_effects(np.array(BCG["yi"]), np.array(BCG["vi"]), method_re="chi2")
    pooled = fit(BCG, tau2="DL", interval="Wald")
    assert pooled.tau2 == pytest.approx(other.tau2, rel=1e-10)
    assert (pooled.estimate, pooled.se) == pytest.approx((other.mean_effect_re, other.sd_eff_w_re), rel=1e-10)


@pytest.mark.parametrize("name", BY_NAME)
def test_reml_is_the_highest_point_of_the_restricted_likelihood(name):
    y, v = np.array(BY_NAME[name]["yi"]), np.array(BY_NAME[name]["vi"])

    def likelihood(t):
        w = 1 / (v + t)
        r = y - (w @ y) / w.sum()
        return 0.5 * (np.log(w).sum() - np.log(w.sum()) - w @ r**2)

    found = summarise(y, v)["tau2"].item()
    grid = np.append(0.0, np.geomspace(v.min() * 1e-3, np.ptp(y) ** 2 * 2 + v.min(), 2000))
    assert likelihood(found) >= max(likelihood(t) for t in grid) - 1e-12 * abs(likelihood(found))


def test_reml_finds_a_maximum_although_the_likelihood_falls_at_zero():
    # Pagliaro 1992, risk ratios: the score at tau2 = 0 is negative, yet the highest point lies at 0.2126 (metafor).
    s = BY_NAME["dat.pagliaro1992 RR"]
    y, v = np.array(s["yi"]), np.array(s["vi"])
    w = 1 / v
    r = y - (w @ y) / w.sum()
    assert (w * r) @ (w * r) - w.sum() + (w @ w) / w.sum() < 0
    assert fit(s).tau2 == pytest.approx(0.212625040235284, rel=1e-9)
