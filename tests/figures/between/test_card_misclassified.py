"""The card of misclassification: ends of the ranges under the strata, what the counts rule out in words."""

import numpy as np
import pytest
from boxes import check_tidy

from between_cases import made, synthesis
from metaan.effects.binary import log_odds_ratio
from metaan.figures.between import misclassified as card
from metaan.robustness.between import misclassified

NAMES = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
SOME = [(30, 20, 18, 32), (25, 25, 15, 35), (40, 22, 31, 50)]
FEW = [(1, 99, 8, 92), (2, 80, 0, 89), (9, 41, 6, 44)]


def stratum(name, tables):
    values = [{"form": "two_by_two", **dict(zip(NAMES, map(str, table), strict=True))} for table in tables]
    return synthesis(name, *log_odds_ratio(*np.array(tables, float).T), values=values)


def case(sensitivity, specificity, *strata):
    ranges = {"sensitivity": sensitivity, "specificity": specificity, "source": "validation in 120 adults"}
    return made(*strata, settings={"misclassified": ranges})


CASES = {
    "both": lambda: case([0.8, 0.95], [0.9, 0.99], stratum("prospective", SOME), stratum("case_control", SOME)),
    "extreme": lambda: case([0.3, 0.95], [0.75, 0.99], stratum("prospective", FEW), stratum("case_control", SOME * 9)),
    "one value": lambda: case([0.9, 0.9], [0.75, 0.75], stratum("prospective", FEW), stratum("case_control", SOME)),
    "one without counts": lambda: case(
        [0.8, 0.95], [0.9, 0.99], synthesis("prospective", [0.2, 0.3], [0.1, 0.1]), stratum("case_control", SOME)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_leaves_the_card(name):
    given = CASES[name]()
    found = misclassified.of(given)
    layout = card.lay_out(found, given.analysis)
    check_tidy(layout, 12_000)
    assert [item.text for item in layout.texts if item.role == "label"][:2] == ["Prospective", "Case-control"]


def words(given):
    return " ".join(item.text for item in card.lay_out(misclassified.of(given), given.analysis).texts)


def test_the_sentence_gives_the_range_of_effects():
    given = CASES["both"]()
    assert card.reading(misclassified.of(given), given.analysis) == (
        "With a sensitivity of 80 % to 95 % and a specificity of 90 % to 99 %, the prospective result would be between "
        "2.85 and 4.31 in place of 2.67 and the case-control result would be between 2.85 and 4.31 in place of 2.67."
    )


def test_what_is_impossible_or_not_corrected_is_said():
    given = CASES["one value"]()
    assert "the counts of the prospective studies could not have come about" in card.reading(
        misclassified.of(given), given.analysis
    )
    assert "Prospective: 100 % of the ranges would not give the counts of" in words(given)
    assert "Prospective: not corrected, no study gives the counts of a 2×2 table." in words(
        CASES["one without counts"]()
    )
    given = CASES["extreme"]()
    assert "where the counts allow it" in card.reading(misclassified.of(given), given.analysis)
