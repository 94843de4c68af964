"""Correction for random errors of measurement: published reliabilities, the delta method, the bundled reviews."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between import dilution
from metaan.robustness.between.dilution import Dilution, corrected

Z = 1.959963984540054
#: Fibrinogen Studies Collaboration 2006, Int J Epidemiol 35:1570: regression dilution ratio 0.51 (0.47 to 0.55)
RDR, SE_RDR = 0.51, (0.55 - 0.47) / (2 * Z)


def ratios(k, per_unit):
    return [{"form": "ratio", "per_unit": per_unit}] * k


def test_a_log_hazard_ratio_of_035_at_a_reliability_of_051():
    found = corrected(0.35, 0.01, RDR, SE_RDR, power=1)
    assert float(found.y) == pytest.approx(0.6863, abs=5e-5)
    relative = 0.01 / 0.35**2 + (SE_RDR / RDR) ** 2  # of a quotient of independent estimates
    assert float(found.v) == pytest.approx(0.6863**2 * relative, rel=2e-4)
    assert float(corrected(0.35, 0.01, RDR, power=1).v) == pytest.approx(0.01 / RDR**2)


def test_the_delta_method_agrees_with_a_simulation():
    rng = np.random.default_rng(20061204)
    quotients = rng.normal(0.35, 0.05, 400_000) / rng.normal(RDR, SE_RDR, 400_000)
    assert float(corrected(0.35, 0.05**2, RDR, SE_RDR, power=1).v) == pytest.approx(quotients.var(), rel=0.02)
    roots = rng.normal(0.35, 0.05, 400_000) / np.sqrt(rng.normal(RDR, SE_RDR, 400_000))
    assert float(corrected(0.35, 0.05**2, RDR, SE_RDR, power=0.5).v) == pytest.approx(roots.var(), rel=0.02)


def test_the_interval_is_close_to_that_of_fieller():
    y, v = 0.35, 0.05**2
    # (y - theta r)^2 = z^2 (v + theta^2 se^2), solved for theta (Fieller 1954, J R Stat Soc B 16:175)
    limits = np.roots([RDR**2 - (Z * SE_RDR) ** 2, -2 * y * RDR, y * y - Z * Z * v])
    found = corrected(y, v, RDR, SE_RDR, power=1)
    half = Z * math.sqrt(float(found.v))
    assert sorted(limits) == pytest.approx([float(found.y) - half, float(found.y) + half], abs=0.01)


@settings(max_examples=30, deadline=None)
@given(
    y=st.floats(-3, 3), v=st.floats(1e-4, 1), r=st.floats(0.1, 1), se=st.floats(0, 0.2), p=st.sampled_from([0.5, 1.0])
)
def test_correction_moves_away_from_no_effect_and_loses_precision(y, v, r, se, p):
    found = corrected(y, v, r, se, power=p)
    assert abs(found.y) >= abs(y)
    assert found.y * y >= 0
    assert found.v >= v * (1 - 1e-12)
    assert float(corrected(y, v, 1.0, power=p).y) == y


@pytest.mark.parametrize("bad", [{"r": 0.0}, {"r": 1.1}, {"r": -0.5}, {"v": -1.0}, {"se_r": -0.1}, {"power": -1.0}])
def test_numbers_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match=r"reliab|negative"):
        corrected(**{"y": 0.3, "v": 0.1, "r": 0.5, "power": 1.0, **bad})


@pytest.mark.parametrize(("measure", "per_unit", "power"), [("SMD", "", 0.5), ("OR", "1 %", 1.0), ("HR", "1 SD", 0.5)])
def test_a_stratum_is_what_its_studies_give_corrected_one_by_one(measure, per_unit, power):
    y, v = [0.2, 0.5, 0.9, 0.1], [0.02, 0.05, 0.04, 0.03]
    weaker = synthesis("case_control", y, v, measure=measure, values=ratios(4, per_unit))
    found = dilution.of(made(weaker, settings={"dilution": {"r": 0.6}}, kind="marker"))
    each = corrected(y, v, 0.6, power=power)
    again = pool(each.y, each.v)
    (at,) = found.strata[0].corrected
    assert (at.estimate, at.ci.low, at.ci.high) == pytest.approx((again.estimate, again.ci.low, again.ci.high))


def test_the_error_of_the_reliability_is_added_once():
    y, v = [0.4] * 6, [0.04] * 6
    weaker = synthesis("case_control", y, v, measure="SMD", model={"interval": "Wald"})
    given_r = {"dilution": {"r": RDR, "se": 0.1, "source": "made up"}}
    found = dilution.of(made(weaker, settings=given_r, kind="marker", model={"interval": "Wald"}))
    (at,) = found.strata[0].corrected
    once = 0.04 / 6 / RDR + (0.5 * 0.4 * RDR**-1.5 * 0.1) ** 2
    assert ((at.ci.high - at.ci.low) / (2 * Z)) ** 2 == pytest.approx(once)
    each = corrected(y, v, RDR, 0.1, power=0.5)
    assert pool(each.y, each.v, interval="Wald").se ** 2 < 0.9 * once


def test_without_a_reliability_values_are_illustrations():
    found = dilution.of(bundled("nk-cells", "uterine-rm"))
    assert found.assumed
    assert found.reliabilities == (0.5, 0.65, 0.8, 0.9)
    assert found.remarks == ("kappa 0.35 between cycles (Mariee 2012) is an agreement of classes and no reliability",)
    prospective, weaker = found.strata
    assert weaker.corrected[0].estimate == pytest.approx(weaker.estimate * math.sqrt(2))
    assert prospective.k == 1
    assert prospective.corrected[0].ci.low == pytest.approx(prospective.ci.low * math.sqrt(2))
    assert Dilution.from_dict(found.to_dict()).to_dict() == found.to_dict()


def test_a_stratum_of_groups_over_and_under_a_cut_off_stays_as_it_is():
    found = dilution.of(bundled("nk-cells", "blood-activity"))
    assert [each.stratum for each in found.strata] == ["case_control"]
    assert found.not_corrected == {"prospective": "groups are compared, not levels that were measured"}
    assert found.remarks == ()  # the kappa is one of the womb lining


def test_what_cannot_be_corrected_says_why():
    assert dilution.of(bundled("nk-cells", "ivig")) == "a treatment is given, not measured"
    assert (
        dilution.of(bundled("passive-smoking", "lung-cancer")) == "groups are compared, not levels that were measured"
    )


@pytest.mark.parametrize(
    ("measure", "units", "why"),
    [
        ("MD", ("", ""), "do not shrink a difference of means"),
        ("RD", ("", ""), "groups are compared"),
        ("OR", ("high v low", "high v low"), "groups are compared"),
        ("OR", ("NR", "NR"), "groups are compared"),
        ("OR", ("quartile", "1 %"), "slopes per class"),
        ("OR", ("1 %", "SD"), "in one stratum"),
        ("OR", ("1 %", "high v low"), "in one stratum"),
    ],
)
def test_kinds_of_effects_that_errors_do_not_shrink_by_a_known_factor(measure, units, why):
    values = [{"form": "ratio", "per_unit": unit} for unit in units]
    weaker = synthesis("case_control", [0.2, 0.3], [0.1, 0.1], measure=measure, values=values)
    assert why in dilution.of(made(weaker, kind="marker"))


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("SD", "per SD"), ("1 standard deviation", "per SD"), ("1-SD increase", "per SD"), ("5 %", "per unit")],
)
def test_the_unit_of_a_slope_is_read(unit, kind):
    weaker = synthesis("case_control", [0.2, 0.3], [0.1, 0.1], measure="HR", values=ratios(2, unit))
    assert dilution.of(made(weaker, kind="marker")).strata[0].kind == kind


def reliability(**cells):
    row = {"rel_id": "R1", "study_id": "S", "source_of_variation": "between_months", "statistic": "ICC", **cells}
    return {"Reliability": [row], "Studies": [{"study_id": "S", "label": "Repeat 2001"}]}


def of_row(**cells):
    weaker = synthesis("case_control", [0.2, 0.3, 0.4], [0.1, 0.1, 0.1], measure="SMD")
    return dilution.of(made(weaker, settings={"dilution": {"rel_id": "R1"}}, rows=reliability(**cells), kind="marker"))


def test_a_row_of_the_sheet_gives_reliability_and_error():
    found = of_row(value=0.51, ci_low=0.47, ci_high=0.55)
    assert found.reliabilities == (0.51,)
    assert found.source == "Repeat 2001, ICC"
    assert not found.assumed
    assert found.se == pytest.approx(0.0204, abs=5e-5)
    by_people = of_row(value=0.6, n_women=43, statistic="pearson_r")
    assert by_people.se == pytest.approx((1 - 0.36) / math.sqrt(40))  # Fisher 1925: variance 1 / (n - 3) of z
    at, stratum = found.strata[0].corrected[0], found.strata[0]
    assert at.ci.high - at.ci.low > (stratum.ci.high - stratum.ci.low) / math.sqrt(0.51)
    alone = of_row(value=0.6)
    assert math.isnan(alone.se)
    assert alone.remarks == ("its own uncertainty is not known and left out",)


def test_a_row_that_is_no_reliability_is_not_taken_for_one():
    kappa = of_row(value=0.35, statistic="kappa")
    assert kappa.assumed
    assert kappa.remarks == ("kappa 0.35 between months (Repeat 2001) is an agreement of classes and no reliability",)
    assert (
        of_row(value=12, statistic="CV_pct") == "row R1 of the sheet Reliability gives no correlation between 0 and 1"
    )
    assert "what changes over time is not in it" in of_row(value=0.9, source_of_variation="within_observer").remarks[0]
    weaker = synthesis("case_control", [0.2, 0.3], [0.1, 0.1], measure="SMD")
    missing = made(weaker, settings={"dilution": {"rel_id": "R9"}}, kind="marker")
    assert dilution.of(missing) == "the sheet Reliability has no row R9"
