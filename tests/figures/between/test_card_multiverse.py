"""Card of all reasonable analyses: nothing collides, and what is drawn and said is what was found."""

import numpy as np
import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import multiverse as card
from metaan.figures.draw import render
from metaan.figures.layout import Polygon
from metaan.figures.repeated import Dots, Strokes
from metaan.robustness.between.multiverse import of

PASSIVE = ("passive-smoking", "lung-cancer")


def extreme():
    random = np.random.default_rng(1)
    v = random.uniform(0.01, 2, 80)
    y = random.normal(3, np.sqrt(v + 1))
    return made(synthesis("prospective", [5, -4, 0.1], [0.01, 0.02, 0.5]), synthesis("case_control", y, v))


def two_measures():
    return made(
        synthesis("trial", [0.2, 0.3, 0.1], [0.01, 0.02, 0.5], measure="RR"),
        synthesis("case_control", [0.1, 0.4, 0.9, 0.2], [0.05] * 4, measure="SMD", grades="CCDD"),
    )


GIVEN = {
    "passive smoking": lambda: bundled(*PASSIVE),
    **{
        name: lambda name=name: bundled("nk-cells", name)
        for name in ("ivig", "blood-activity", "uterine-rif", "corticosteroids", "lipid-emulsion")
    },
    "extreme": extreme,
    "two measures": two_measures,
}


def drawn(name):
    given = GIVEN[name]()
    found = of(given)
    return found, given.analysis, card.lay_out(found, given.analysis)


@pytest.mark.parametrize("name", GIVEN)
def test_nothing_overlaps_nothing_leaves_the_page_and_the_file_is_small(name):
    _, _, layout = drawn(name)
    check_tidy(layout, 15_000)


@pytest.mark.parametrize("name", ["passive smoking", "extreme"])
def test_every_stratum_starts_with_its_unadjusted_result(name):
    found, _, layout = drawn(name)
    for one in found.strata:
        items = [item for item in layout.items if item.stratum == one.stratum]
        first = next(item for item in items if isinstance(item, Polygon) and item.role == "diamond")
        curve = [item for item in items if isinstance(item, (Strokes, Dots))]
        assert all(first.box[3] <= item.box[1] for item in curve)


def test_lines_in_strong_colour_are_the_intervals_that_leave_out_no_effect():
    found, _, layout = drawn("passive smoking")
    for one in found.strata:
        strokes = {
            item.role: item for item in layout.items if isinstance(item, Strokes) and item.stratum == one.stratum
        }
        out = sum(low > 0 or high < 0 for low, high in zip(one.curve_lows, one.curve_highs, strict=True))
        assert len(strokes["leaves-out"].lines) == out
        assert len(strokes["holds"].lines) == len(one.curve_estimates) - out
        heights = [line[0][1] for role in ("leaves-out", "holds") for line in strokes[role].lines]
        assert len(set(heights)) == len(heights)
        (points,) = [
            item
            for item in layout.items
            if isinstance(item, Dots) and (item.stratum, item.role) == (one.stratum, "estimate")
        ]
        places = [x for x, _ in points.centres]
        assert places == sorted(places)


def test_strata_on_one_measure_share_an_axis_and_others_do_not():
    assert len(drawn("passive smoking")[2].of("axis")) == 1
    assert len(drawn("two measures")[2].of("axis")) == 2


def test_the_sentence_gives_the_counts_of_both_strata():
    found, analysis, _ = drawn("passive smoking")
    said = card.reading(found, analysis)
    assert said.startswith(
        "Of 161 analyses of the prospective studies (odds ratio 1.20 to 1.34, median 1.26) all lie on"
    )
    assert "of 1421 analyses of the case-control studies (odds ratio 1.03 to 1.45, median 1.24) all lie on" in said
    assert "1303 have an interval that leaves it out, and what moves the estimate most is the country." in said
    assert ". " not in said  # one sentence


def test_none_and_all_are_said_in_words():
    found, analysis, _ = drawn("corticosteroids")
    assert "none has an interval that leaves it out" in card.reading(found, analysis)
    found, analysis, _ = drawn("blood-activity")
    assert "all have an interval that leaves it out" in card.reading(found, analysis)


def test_the_choices_shown_are_those_that_move_the_estimate_most():
    found, _, layout = drawn("passive smoking")
    labels = [text.text for text in layout.texts if text.role == "label" and text.stratum == "case_control"]
    assert labels == ["Case-control", "Country", "Period", "Size of studies"]
    assert [moved.kind for moved in found.strata[1].moves[:3]] == ["Country", "Period", "Size"]


def test_same_input_same_bytes():
    assert render(drawn("passive smoking")[2], "svg") == render(drawn("passive smoking")[2], "svg")
