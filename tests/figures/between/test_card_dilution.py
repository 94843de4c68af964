"""The card of regression dilution: unadjusted strata on top, nothing overlaps, its sentence gives the numbers."""

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import dilution as card
from metaan.robustness.between import dilution

SLOPES = [{"form": "ratio", "per_unit": "SD"}]


def extreme():
    y = [0.2, 0.3, 1.4]
    return made(
        *(
            synthesis(name, y, [0.02, 0.03, 0.2], values=SLOPES * 3)
            for name in ("prospective", "treatment_cohort", "case_control")
        ),
        kind="marker",
    )


def given_r():
    weaker = synthesis("case_control", [0.4, 1.3], [0.02, 0.03], measure="SMD")
    stated = {"r": 0.3, "se": 0.05, "source": "day to day in 40 adults (Example 1999)"}
    return made(weaker, settings={"dilution": stated}, kind="marker")


CASES = {
    "womb": lambda: bundled("nk-cells", "uterine-rm"),
    "activity": lambda: bundled("nk-cells", "blood-activity"),
    "failure": lambda: bundled("nk-cells", "uterine-rif"),
    "extreme": extreme,
    "stated": given_r,
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps_and_nothing_leaves_the_card(case):
    given = CASES[case]()
    found = dilution.of(given)
    layout = card.lay_out(found, given.analysis)
    check_tidy(layout, 12_000)
    assert layout.description == card.reading(found, given.analysis)
    labels = [item.text for item in layout.texts if item.role in ("label", "heading")]
    assert not labels[0].startswith("if reliability")


def test_the_sentence_gives_both_numbers():
    given = bundled("nk-cells", "uterine-rm")
    assert card.reading(dilution.of(given), given.analysis) == (
        "If one measurement had a reliability of 0.5 (an illustration), the effect would be 1.41 times as large as "
        "measured (prospective −0.60 (−1.41 to 0.22) in place of −0.42 and case-control 1.08 (0.49 to 1.67) in place "
        "of 0.76), and any bias as well."
    )


def test_studies_without_a_bottom_line_get_no_numbers():
    given = bundled("nk-cells", "uterine-rif")
    assert card.reading(dilution.of(given), given.analysis) == (
        "If one measurement had a reliability of 0.5 (an illustration), the effect would be 1.41 times as large as "
        "measured, and any bias as well."
    )


def test_illustrations_and_what_stays_uncorrected_are_named():
    given = bundled("nk-cells", "blood-activity")
    words = " ".join(item.text for item in card.lay_out(dilution.of(given), given.analysis).texts)
    assert "the values are illustrations" in words
    assert "Prospective: not corrected, groups are compared" in words
    assert "a bias is magnified along with the effect" in words
    given = given_r()
    words = " ".join(item.text for item in card.lay_out(dilution.of(given), given.analysis).texts)
    assert "Reliability 0.30 (standard error 0.05): day to day in 40 adults" in words
