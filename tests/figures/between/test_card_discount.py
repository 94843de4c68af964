"""Card of the power prior: strata on top, a band that is dark where the interval leaves out no effect."""

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import discount as card
from metaan.figures.draw import render
from metaan.robustness.between import discount

CASES = {
    "agree": lambda: bundled("passive-smoking", "lung-cancer"),
    "half": lambda: bundled("nk-cells", "ivig"),
    "never": lambda: bundled("nk-cells", "corticosteroids"),
    "alone": lambda: bundled("nk-cells", "blood-activity"),
    "opposite": lambda: made(
        synthesis("prospective", [-0.5, -0.45, -0.6, -0.5], [0.02, 0.03, 0.02, 0.02]),
        synthesis("case_control", [1.5, 2, 1.2, 0.8], [0.02, 0.02, 0.03, 0.01], grades="BCDD"),
    ),
    "one and far": lambda: made(
        synthesis("prospective", [0.3], [0.04]),
        synthesis("case_control", [0.5, 0.7, 0.4, 6], [0.02, 0.02, 0.03, 0.01]),
    ),
    "two weaker": lambda: made(
        synthesis("trial", [0.3, 0.2, 0.1], [0.04] * 3, measure="SMD"),
        synthesis("treatment_cohort", [0.5, 0.7, 0.4], [0.02, 0.02, 0.03], measure="SMD"),
        synthesis("case_control", [0.5, 0.7, 0.4], [0.02, 0.02, 0.03], measure="SMD", grades="ABC"),
    ),
}


def drawn(name):
    analysed = CASES[name]()
    found = discount.of(analysed)
    return found, analysed.analysis, card.lay_out(found, analysed.analysis)


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    _, _, layout = drawn(name)
    check_tidy(layout)


@pytest.mark.parametrize("name", ["agree", "half", "alone", "opposite"])
def test_the_file_is_small(name):
    assert len(render(drawn(name)[2], "svg")) < 12_000


def test_strata_come_first_and_share_no_diamond():
    _, _, layout = drawn("agree")
    labels = [text.text for text in layout.texts if text.role == "label"]
    assert labels == ["Prospective", "Case-control", "Trusted by grade"]
    assert [item.stratum for item in layout.of("diamond")] == ["prospective", "case_control"]


def test_the_band_is_dark_from_the_tipping_point_on():
    _, _, layout = drawn("half")
    light, dark = layout.of("band")
    (tip,) = layout.of("tip")
    top, bottom = light.box[1], light.box[3]
    assert tip.y0 == pytest.approx(top + 0.515 * (bottom - top))
    assert (dark.box[1], dark.box[3]) == pytest.approx((tip.y0, bottom))
    assert "51.5 %" in [text.text for text in layout.of("trust")]


def test_a_band_that_never_leaves_out_no_effect_stays_light():
    _, _, layout = drawn("never")
    assert len(layout.of("band")) == 1
    assert not layout.of("tip")


def test_the_figures_beside_the_band_are_those_of_the_curve():
    found, _, layout = drawn("never")
    curve = found.curves[0]
    said = [text.text for text in layout.of("limits")]
    assert len(said) == 5
    assert said[0] == "0.74 to 1.56"
    assert curve.trust[len(curve.trust) // 2] == pytest.approx(0.5)


def test_the_reading_gives_the_tipping_point_and_both_ends():
    found, analysis, _ = drawn("agree")
    assert card.reading(found, analysis) == (
        "With prospective studies at full weight, case-control studies must be trusted at least 4.2 % for the interval "
        "to leave out no effect (from 1.26 (0.94 to 1.69) without them to 1.24 (1.13 to 1.38))."
    )
    found, analysis, _ = drawn("alone")
    assert card.reading(found, analysis).endswith(
        "(standardised mean difference 1.09 (95 % CI 0.53 to 1.65) at full trust, 2 studies, Wald interval)."
    )
