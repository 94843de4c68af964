"""What pooled results say of their rows: P01, P02, P03."""

import pytest
import recheck_cases

from metaan.robustness import recheck
from metaan.robustness.standing import in_words, standing
from metaan.terms.records import Interval


def ratios(*rows, **more):
    names = ("est", "ci_low", "ci_high")
    return [
        {"form": "ratio", "scale": "OR", "ci_level": "95", **dict(zip(names, row, strict=True)), **more} for row in rows
    ]


APART = [("1.10", "0.80", "1.51"), ("1.90", "1.40", "2.58"), ("1.20", "0.85", "1.69"), ("2.30", "1.70", "3.11")]


def found(rows):
    protocol, extraction = recheck_cases.meta(rows, "OR")
    return [
        (f.id, f.level.value, f.origin.cell, f.found) for f in recheck.after_fitting(protocol, extraction)
    ], extraction


def test_results_that_hang_on_nobody_say_nothing():
    rows = [*APART, ("1.60", "1.15", "2.23"), ("1.40", "1.00", "1.96"), ("2.10", "1.50", "2.94")]
    assert found(ratios(*rows))[0] == []


def test_a_study_with_most_of_the_weight_and_the_conclusion_is_named_at_its_estimate():
    rows = ratios(
        ("2.00", "1.80", "2.22"), ("1.50", "0.40", "5.63"), ("2.60", "0.70", "9.66"), ("2.00", "0.50", "8.00")
    )
    said, extraction = found(rows)
    decisive = [item for item in said if item[0] == "P01"]
    assert len(decisive) == 1
    _, level, cell, text = decisive[0]
    assert level == "N"
    assert cell == extraction.sheet("Effects")[0].cell("est")
    assert "of the weight" in text
    assert "without it the interval includes no effect" in text


def test_a_pooled_result_against_most_of_its_studies():
    rows = [("0.90", "0.50", "1.62"), ("0.92", "0.52", "1.63"), ("0.95", "0.50", "1.81"), ("3.00", "2.60", "3.46")]
    said, extraction = found(ratios(*rows))
    (against,) = [item for item in said if item[0] == "P02"]
    assert against[1:3] == ("W", extraction.sheet("Effects")[3].cell("est"))
    assert "3 of 4 studies point the other way" in against[3]


@pytest.mark.parametrize(("good", "cell"), [("no", "outcome_good"), ("yes", None)])
def test_harm_where_a_benefit_is_declared(good, cell):
    said, extraction = found(ratios(*APART, ("1.70", "1.30", "2.22"), effect_kind="benefit", outcome_good=good))
    against = [item for item in said if item[0] == "P02"]
    assert bool(against) is (cell is not None)
    if cell:
        cells = {row.cell(cell) for row in extraction.sheet("Effects")}
        assert against[0][2] in cells
        assert "harm, in rows whose effect_kind is benefit" in against[0][3]


def test_a_hartung_knapp_interval_that_is_too_narrow_is_said_of_the_sheet():
    said, _ = found(ratios(("1.50", "1.00", "2.25"), ("1.52", "1.02", "2.27"), ("1.48", "0.98", "2.23")))
    (narrow,) = [item for item in said if item[0] == "P03"]
    assert narrow[1:3] == ("N", "")
    assert "HK 1.4" in narrow[3]


def test_two_studies_have_no_findings():
    assert found(ratios(*APART[:2]))[0] == []


def test_where_an_interval_lies():
    small = Interval(-0.2, 0.2)
    low, high = [-1, 0.1, 0.3, -0.5, -0.9, -0.1], [1, 0.5, 0.5, -0.1, -0.3, 0.1]
    assert standing(low, high, small).tolist() == [0, 2, 3, -2, -3, 1]
    assert standing(low, high, None).tolist() == [0, 2, 2, -2, -2, 0]
    assert in_words(-3) == "lies wholly below the smallest effect that matters"
