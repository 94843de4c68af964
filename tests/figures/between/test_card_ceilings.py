"""The card of credibility ceilings: what it shows, and that nothing overlaps."""

import numpy as np
import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import ceilings as card
from metaan.figures.draw import render
from metaan.robustness.between import ceilings
from metaan.terms import wording


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
    check_tidy(layout)


def test_unadjusted_strata_stand_on_top_and_the_ceilings_below():
    given = CASES["passive smoking"]()
    layout = card.lay_out(ceilings.of(given), given.analysis)
    labels = [item.text for item in layout.of("label")]
    assert labels == ["Prospective", "Case-control", "no ceiling", *(f"at most {n} % sure" for n in (90, 80, 70, 60))]
    assert "15 of 33 studies widened" in " ".join(item.text for item in layout.of("detail"))
    assert [item.stratum for item in layout.of("diamond")] == ["prospective", "case_control"]
    heights = [item.y for item in layout.of("study")]
    assert heights == sorted(heights)
    assert len(heights) == 5
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
        "84.3 % certainty of the direction, but not at 80 %; standing under a ceiling does "
        "not show absence of bias."
    )


def test_what_a_ceiling_changes_is_seen_against_the_same_interval_without_one():
    given = CASES["corticosteroids"]()
    found = ceilings.of(given)
    free, capped = found.strata[0].fits[:2]
    drawn = [item for item in card.lay_out(found, given.analysis).of("result") if item.text.startswith("(")]
    texts = [item.text for item in drawn]
    limits = [f"({wording.interval('RR', fit.ci)})" for fit in (free, capped)]
    assert texts[2:4] == limits
    (planned,) = (s.pooled for s in given.analysis.strata if s.stratum == "treatment_cohort")
    assert planned.ci.high > free.ci.high


def test_reading_where_there_is_nothing_to_lose():
    given = CASES["corticosteroids"]()
    said = card.reading(ceilings.of(given), given.analysis)
    assert "the pooled interval includes no effect without any ceiling (of its Wald intervals, drawn here," in said
