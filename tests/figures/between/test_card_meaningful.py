"""Card of meaningful effects: strata on top, a bar of 100 settings each."""

import numpy as np
import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import meaningful as card
from metaan.figures.draw import render
from metaan.robustness.between import meaningful

RANDOM = np.random.default_rng(3)
FAR, SPREAD = RANDOM.normal(-1.5, 1.2, 60), RANDOM.uniform(0.02, 0.6, 60)

CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "trials": lambda: bundled("nk-cells", "ivig"),
    "few": lambda: bundled("nk-cells", "blood-activity"),
    "far": lambda: made(
        synthesis("prospective", [-2.4], [0.3]),
        synthesis("case_control", FAR, SPREAD),
        synthesis("treatment_cohort", [0.4, -0.9, 2.2], [0.01, 0.02, 0.01]),
    ),
    "all of them": lambda: made(synthesis("case_control", [3, 3.3, 3.6, 3.1], [0.01] * 4, measure="SMD")),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def drawn(request):
    given = request.param()
    found = meaningful.of(given)
    return found, given.analysis, card.lay_out(found, given.analysis)


def test_nothing_overlaps_nothing_leaves_and_it_stays_small(drawn):
    _, _, layout = drawn
    check_tidy(layout, 12_000)


def test_a_bar_is_a_hundred_settings(drawn):
    found, _, layout = drawn
    for stratum in found.strata:
        parts = [box for box in layout.of("share") if box.stratum == stratum.stratum]
        if stratum.share is None:
            assert parts == []
        else:
            assert sum(box.width for box in parts) == pytest.approx(layout.width, abs=0.2)
            coloured = [box for box in parts if box.colour == card.STRATA[stratum.stratum].colour]
            assert sum(box.width for box in coloured) == pytest.approx(stratum.share * layout.width, abs=0.1)
            (mark,) = (mark for mark in layout.of("count") if mark.stratum == stratum.stratum)
            edge = stratum.count / stratum.k * layout.width
            assert mark.x == pytest.approx(layout.width - edge if stratum.above else edge, abs=5)


def test_unadjusted_strata_stand_first(drawn):
    _, analysis, layout = drawn
    results = {text.text for text in layout.texts}
    for synthesis_ in analysis.strata:
        if synthesis_.k:
            assert any(card.STRATA[synthesis_.stratum].label == text for text in results)
    assert layout.of("label")[0].text == card.STRATA[analysis.strata[0].stratum].label
    assert layout.of("note")[-1].y > layout.of("heading")[-1].y


def test_caption_for_passive_smoking():
    given = CASES["passive smoking"]()
    assert card.reading(meaningful.of(given), given.analysis) == (
        "Prospective, 4 studies: the studies do not show that effects differ, so there is no share of them to tell; "
        "a new setting may lie anywhere from 0.94 to 1.69 (odds ratio); case-control, 33 studies: in about 49 of 100 "
        "similar settings the true odds ratio is above 1.25; a new setting may lie anywhere from 0.86 to 1.81."
    )


def test_same_data_same_bytes():
    one, other = (CASES["far"]() for _ in range(2))
    drawings = [render(card.lay_out(meaningful.of(given), given.analysis), "svg") for given in (one, other)]
    assert drawings[0] == drawings[1]
