"""Colours stay apart for every kind of colour vision, and a sign can be read on its ground."""

import pytest
from colour_sight import closest, contrast, weakest

from metaan.figures import palette, style
from metaan.terms.appraisal import LEVELS
from metaan.terms.designs import GRADE_COLOURS, STRATA

#: of the R package robvis, rob_traffic_light(colour = "cochrane" and "colourblind")
ROBVIS = {
    "cochrane": {"low": "#02C100", "some": "#E2DF07", "high": "#BF0000", "critical": "#820000", "none": "#4EA1F7"},
    "colourblind": {"low": "#fed98e", "some": "#fe9929", "high": "#d95f0e", "critical": "#993404", "none": "#ffffff"},
}
MARKERS = {name: stratum.colour for name, stratum in STRATA.items()}
HALF = 0.05  # the distances to compare with are given to one decimal


def test_levels_are_further_apart_than_in_either_palette_of_robvis():
    ours, pair, sight = weakest(palette.LEVEL_COLOURS)
    assert (pair, sight) == ({"some", "none"}, "tritan")
    assert ours == pytest.approx(24.9, abs=HALF)
    for colours, expected in (("cochrane", 16.5), ("colourblind", 17.8)):
        assert weakest(ROBVIS[colours])[0] == pytest.approx(expected, abs=HALF)
        assert ours > weakest(ROBVIS[colours])[0] + 7


def test_the_weakest_pair_of_the_cochrane_palette_is_high_and_critical_for_protans():
    assert weakest(ROBVIS["cochrane"])[1:] == ({"high", "critical"}, "protan")


def test_grades_are_far_apart():
    distance, pair, sight = weakest(GRADE_COLOURS)
    assert (pair, sight) == ({"A", "B"}, "tritan")
    assert distance == pytest.approx(33.4, abs=HALF)


def test_strata_are_told_apart_by_shape_where_colours_come_close():
    distance, pair, sight = weakest(MARKERS)
    assert (pair, sight) == ({"prospective", "trial"}, "tritan")
    assert distance == pytest.approx(17.0, abs=HALF)
    assert len({stratum.marker for stratum in STRATA.values()}) == len(STRATA)
    four = {name: colour for name, colour in MARKERS.items() if name != "treatment_cohort"}
    assert closest(four, "deutan")[0] == pytest.approx(28.6, abs=HALF)
    assert closest({**four, "cross_sectional": "#7A7A7A"}, "deutan")[0] == pytest.approx(10.4, abs=HALF)


@pytest.mark.parametrize("level", LEVELS)
def test_a_sign_can_be_read_on_its_ground(level):
    assert contrast(palette.sign_ink(level), palette.LEVEL_COLOURS[level]) >= 4.5
    assert contrast(palette.sign_ink(level, hollow=True), style.PAPER) >= 4.5


def test_text_ink_would_not_do_for_signs():
    assert contrast(style.INK, palette.LEVEL_COLOURS["high"]) < 4.5


def test_yellow_needs_its_outline_and_every_outline_can_be_seen():
    assert contrast(palette.LEVEL_COLOURS["some"], style.PAPER) == pytest.approx(1.5, abs=HALF)
    assert contrast(palette.EDGE, style.PAPER) >= 3
    assert contrast(palette.RING, style.PAPER) >= 3
    assert contrast(palette.SIGN_INK, palette.COUNTED) >= 4.5


def test_every_level_has_its_own_look():
    for looks in (palette.LEVEL_COLOURS, palette.LEVEL_SIGNS, palette.LEVEL_WORDS):
        assert tuple(looks) == LEVELS
        assert len(set(looks.values())) == len(LEVELS)


def test_a_level_nobody_knows_has_no_ink():
    with pytest.raises(KeyError):
        palette.sign_ink("fair")
