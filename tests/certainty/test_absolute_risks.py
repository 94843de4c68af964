"""Risks per 1000 against sums done by hand, and where none may be given."""

import math
from dataclasses import replace

import pytest
from certainty_cases import analysis, estimate, extraction, grade, plain, protocol, row
from hypothesis import given
from hypothesis import strategies as st

from metaan.certainty.absolute import risk_with
from metaan.certainty.grade import certainties

TABLE = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")


def counted(i, *cells, **more):
    return estimate(i, 0.5, 0.01, **dict(zip(TABLE, map(str, cells), strict=True)), **more)


def graded(estimates, stratum="trial", measure="RR", read=None, **settings):
    (found,) = certainties(
        analysis(estimates, stratum, measure), protocol(stratum, measure, **settings), read or extraction()
    )
    return found


@pytest.mark.parametrize(
    ("measure", "printed", "baseline", "risk"),
    [
        ("RR", 1.5, 0.2, 0.3),
        ("RR", 4.0, 0.4, 1.0),  # cut
        ("OR", 2.0, 0.2, 1 / 3),  # odds 1/4 to 1/2
        ("OR", 0.5, 0.5, 1 / 3),
        ("HR", 2.0, 0.2, 0.36),  # 1 - 0.8^2
        ("HR", 0.5, 0.36, 0.2),
        ("RD", 0.1, 0.2, 0.3),
        ("RD", -0.3, 0.2, 0.0),  # cut
    ],
)
def test_risk_by_hand(measure, printed, baseline, risk):
    working = printed if measure == "RD" else math.log(printed)
    assert risk_with(measure, working, baseline) == pytest.approx(risk)


@given(st.sampled_from(("RR", "OR", "HR")), st.floats(-6, 6), st.floats(-6, 6), st.floats(0.001, 0.999))
def test_a_larger_ratio_is_a_larger_risk_and_none_leaves_it(measure, a, b, baseline):
    low, high = sorted((a, b))
    assert 0 <= risk_with(measure, low, baseline) <= risk_with(measure, high, baseline) <= 1
    assert risk_with(measure, 0.0, baseline) == pytest.approx(baseline)


def test_risks_of_the_protocol_come_first():
    ours = {"value": 0.1, "source": "a register"}
    estimates = [counted(i, 30, 70, 20, 80) for i in range(6)]
    found = graded(estimates, baseline_risk=ours).absolute
    assert (found.baseline, found.source) == (0.1, "a register")
    # RR exp(0.5) = 1.64872: 165 per 1000, 65 more
    assert found.risk == pytest.approx(0.164872, abs=1e-6)
    assert found.difference == pytest.approx(0.064872, abs=1e-6)
    of_analysis = {"baseline_risk": {"value": 0.3, "source": "the analysis"}}
    assert graded(estimates, baseline_risk=ours, analysis=of_analysis).absolute.baseline == 0.3


def test_comparison_groups_weighted_by_people():
    found = graded([counted(0, 30, 70, 20, 80), counted(1, 9, 91, 90, 210), *plain()[2:]]).absolute
    assert found.baseline == pytest.approx(110 / 400)  # 20 of 100 and 90 of 300
    assert "110 of 400" in found.source
    assert "2 of 6 studies" in found.source
    assert found.ci.low < found.risk < found.ci.high
    assert found.difference_ci.low == pytest.approx(found.ci.low - found.baseline)


@pytest.mark.parametrize(
    ("values", "baseline"),
    [
        ({"events_high": "30", "total_high": "100", "events_low": "20", "total_low": "80"}, 0.25),
        ({"high_event": "30", "n_event": "50", "high_none": "70", "n_none": "130"}, 0.25),  # 20 of 20 + 60
        ({"events_high": "30", "total_high": "100", "events_low": "NR", "total_low": "80"}, None),
        ({"events_high": "3", "total_high": "10", "events_low": "2", "total_low": "8", "analysis_unit": "cycle"}, None),
    ],
)
def test_forms_that_count(values, baseline):
    found = graded([estimate(0, 0.5, 0.001, **values)])
    assert (found.absolute.baseline if found.absolute else None) == baseline


def test_never_from_people_chosen_by_outcome():
    cases = [replace(counted(i, 30, 70, 20, 80), grade=grade(i, "case_control")) for i in range(6)]
    found = graded(cases, "case_control", "OR")
    assert found.absolute is None
    assert "chosen by outcome" in found.no_absolute
    # nor from a nested one among the prospective
    chosen = tuple(row("Design", i + 2, design_id=f"d{i}", selected_on_outcome="yes") for i in range(6))
    nested = [counted(i, 30, 70, 20, 80) for i in range(6)]
    assert graded(nested, "prospective").absolute is not None
    assert graded(nested, "prospective", read=extraction(Design=chosen)).absolute is None
    stated = graded(cases, "case_control", "OR", baseline_risk={"value": 0.2, "source": "a register"})
    assert stated.absolute.risk == pytest.approx(0.25 * math.exp(0.5) / (1 + 0.25 * math.exp(0.5)))


def test_size_of_a_case_control_pool_rests_on_the_factor_among_controls():
    cases = [counted(i, 60, 20, 40, 80) for i in range(6)]  # 20 of 100 controls with the factor
    size = graded(cases, "case_control", "OR").size
    assert size["inputs"]["p1"] == pytest.approx(0.2)
    assert size["inputs"]["p2"] == pytest.approx(0.25 * 1.25 / (1 + 0.25 * 1.25))


def test_a_standardised_difference_has_no_risks():
    found = graded(plain(), measure="SMD", baseline_risk={"value": 0.2, "source": "x"})
    assert found.absolute is None
    assert "standardised mean difference" in found.no_absolute
