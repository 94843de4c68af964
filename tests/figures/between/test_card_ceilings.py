"""The card of credibility ceilings: what it shows, and that nothing overlaps."""

import numpy as np
import pytest
from boxes import collisions, outside

from between_cases import bundled, made, synthesis
from metaan.figures.between import ceilings as card
from metaan.figures.draw import render
from metaan.robustness.between import ceilings


def strong(k=20):
    y = np.linspace(2.0, 3.0, k)
    return made(
        synthesis("prospective", [0.0, 0.01, 0.02], [0.01] * 3),
        synthesis("treatment_cohort", -y, [0.03] * k, prefix="T"),
        synthesis("case_control", y, [0.03] * k),
    )


CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "ivig": lambda: bundled("nk-cells", "ivig"),
    "corticosteroids": lambda: bundled("nk-cells", "corticosteroids"),
    "two strong weaker designs": strong,
    "two scales": lambda: made(
        synthesis("prospective", [0.2, 0.3, 0.1], [0.04] * 3, measure="RR"),
        synthesis("case_control", [0.5, 0.6, 0.9], [0.04] * 3, measure="SMD"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    given = CASES[name]()
    layout = card.lay_out(ceilings.of(given), given.analysis)
    assert collisions(layout) == []
    assert outside(layout) == []


def test_unadjusted_strata_stand_on_top_and_the_ceilings_below():
    given = CASES["passive smoking"]()
    layout = card.lay_out(ceilings.of(given), given.analysis)
    labels = [item.text for item in layout.of("label")]
    assert labels == ["Prospective", "Case-control", *(f"at most {n} % sure" for n in (90, 80, 70, 60))]
    assert [item.stratum for item in layout.of("diamond")] == ["prospective", "case_control"]
    heights = [item.y for item in layout.of("study")]
    assert heights == sorted(heights)
    assert len(heights) == 4
    assert max(item.box[3] for item in layout.of("diamond")) < heights[0]


def test_foot_says_sensitivity_and_what_standing_does_not_show():
    given = CASES["passive smoking"]()
    found = ceilings.of(given)
    said = " ".join(text.text for text in card.lay_out(found, given.analysis).texts)
    assert "Sensitivity analysis. No study of the weaker design" in said
    assert "does not show absence of bias" in said
    assert len(render(card.lay_out(found, given.analysis), "svg")) < 12_000


def test_reading_of_passive_smoking():
    given = CASES["passive smoking"]()
    said = card.reading(ceilings.of(given), given.analysis)
    assert said == (
        "Case-control, 33 studies: the interval still leaves out no effect if no single study may give more than "
        "84.3 % certainty of the direction, but not at 80 %, which does not show absence of bias."
    )


def test_reading_where_there_is_nothing_to_lose():
    given = CASES["corticosteroids"]()
    assert "includes no effect without any ceiling" in card.reading(ceilings.of(given), given.analysis)
