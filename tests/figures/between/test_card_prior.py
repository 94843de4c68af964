"""Card of the robust prior: strata, prediction, both together, and bars of weight."""

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import prior as card
from metaan.figures.draw import render
from metaan.robustness.between import prior

CASES = {
    "agree": lambda: bundled("passive-smoking", "lung-cancer"),
    "trials": lambda: bundled("nk-cells", "ivig"),
    "opposite": lambda: made(
        synthesis("prospective", [-0.5, -0.45, -0.6, -0.5], [0.02, 0.03, 0.02, 0.02]),
        synthesis("case_control", [1.5, 2, 1.2, 0.8], [0.02, 0.02, 0.03, 0.01]),
    ),
    "one and far": lambda: made(
        synthesis("prospective", [0.3], [0.04]),
        synthesis("case_control", [0.5, 0.7, 0.4, 6], [0.02, 0.02, 0.03, 0.01]),
    ),
    "two weaker": lambda: made(
        synthesis("trial", [0.3, 0.2, 0.1], [0.04] * 3, measure="SMD"),
        synthesis("treatment_cohort", [0.5, 0.7, 0.4], [0.02, 0.02, 0.03], measure="SMD"),
        synthesis("case_control", [0.5, 0.7, 0.4], [0.02, 0.02, 0.03], measure="SMD"),
    ),
}


def drawn(name):
    analysed = CASES[name]()
    found = prior.of(analysed)
    return found, analysed.analysis, card.lay_out(found, analysed.analysis)


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    _, _, layout = drawn(name)
    check_tidy(layout)


@pytest.mark.parametrize("name", ["agree", "trials", "opposite"])
def test_the_file_is_small(name):
    assert len(render(drawn(name)[2], "svg")) < 12_000


def test_strata_come_first_and_share_no_diamond():
    _, _, layout = drawn("agree")
    labels = [text.text for text in layout.texts if text.role == "label"]
    assert labels == ["Prospective", "Case-control", "Predicted", "Both together"]
    assert [item.stratum for item in layout.of("diamond")] == ["prospective", "case_control"]


@pytest.mark.parametrize("name", ["agree", "opposite"])
def test_bars_are_as_long_as_the_weights(name):
    found, _, layout = drawn(name)
    (pair,) = found.pairs
    bars = [item for item in layout.of("weight") if hasattr(item, "width")]
    grounds = layout.of("ground")
    for bar, ground, weight in zip(bars, grounds, (pair.weight_before, pair.weight_after), strict=True):
        assert bar.width / ground.width == pytest.approx(weight)


def test_the_reading_tells_prediction_finding_and_conflict():
    found, analysis, _ = drawn("agree")
    assert card.reading(found, analysis) == (
        "Before looking, the 33 case-control studies would have predicted 1.24 (0.84 to 1.89) as the mean odds ratio "
        "of the prospective studies; found was 1.26 (0.94 to 1.69), P = 0.95 for a result at least as far off; the "
        "prediction as a cautious prior with what was found gives 1.25 (1.00 to 1.58)."
    )


def test_the_worth_is_in_people_where_they_are_known():
    assert "17 women of the trials" in " ".join(text.text for text in drawn("trials")[2].texts)
    assert "prospective studies, by their mean information" in " ".join(text.text for text in drawn("agree")[2].texts)
