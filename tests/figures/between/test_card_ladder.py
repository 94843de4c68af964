"""Card of the design ladder."""

from dataclasses import replace

import pytest
from boxes import collisions, outside

from between_cases import bundled, made, synthesis
from metaan.figures import style
from metaan.figures.between.ladder import TITLE, lay_out, reading
from metaan.figures.draw import render
from metaan.robustness.between.ladder import of

CASES = {
    "smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "same women": lambda: bundled("nk-cells", "blood-activity"),
    "immunoglobulin": lambda: bundled("nk-cells", "ivig"),
    "far apart": lambda: made(
        synthesis("prospective", [0.1, 0.2, 0.0], [0.05] * 3),
        synthesis("case_control", [2.1, 1.2, 9.0, 0.4], [0.05] * 4),
        synthesis("treatment_cohort", [-9.0, 0.1, 0.4], [0.5] * 3),
    ),
    "one study": lambda: made(
        synthesis("prospective", [0.1], [0.05], measure="SMD"),
        synthesis("case_control", [2.1, 1.2, 3.0], [0.05] * 3, measure="SMD"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    review = CASES[name]()
    layout = lay_out(of(review), review.analysis)
    assert (collisions(layout), outside(layout)) == ([], [])
    assert layout.title == TITLE
    assert len(render(layout, "svg")) < 14_000


def test_strata_stay_on_top_and_published_ratios_are_grey():
    review = CASES["smoking"]()
    layout = lay_out(of(review), review.analysis)
    diamonds = layout.of("diamond")
    assert [item.stratum for item in diamonds] == ["prospective", "case_control"]
    points = sorted(layout.of("point"), key=lambda point: point.y)
    assert len(points) == 6
    assert max(item.box[3] for item in diamonds) < points[0].y
    assert [point.colour for point in points] == [style.INK] * 4 + [style.GREY] * 2


def test_smoking_reads_as_a_ratio():
    review = CASES["smoking"]()
    said = reading(of(review), review.analysis)
    assert said == (
        "Odds ratios of case-control studies are on average 0.99 times those of prospective studies (95 % CI 0.80 to "
        "1.22; 33 studies against 4; 0.73 to 1.29 over all ways to estimate it); over other topics the ratio was 1.06 "
        "(0.99 to 1.15) (Golder 2013)."
    )


def test_what_is_not_tested_is_said():
    review = CASES["same women"]()
    layout = lay_out(of(review), review.analysis)
    said = "Case-control studies cannot be set against prospective studies: same women, difference not tested."
    assert reading(of(review), review.analysis) == said
    assert "Same women: difference not tested." in [item.text for item in layout.texts]
    assert not layout.of("point")


def test_differences_of_means_are_higher_or_lower():
    review = made(
        synthesis("prospective", [0.9, 1.0, 1.1], [0.05] * 3, measure="SMD"),
        synthesis("case_control", [0.4, 0.5, 0.6], [0.05] * 3, measure="SMD"),
    )
    said = reading(of(review), review.analysis)
    assert said.startswith("Standardised mean differences of case-control studies are on average 0.50 lower than those")


def test_designs_that_are_never_pooled_are_counted():
    given = made(
        synthesis("prospective", [0.1, 0.2, 0.0], [0.05] * 3), synthesis("case_control", [0.3, 0.2, 0.4], [0.05] * 3)
    )
    apart = next(row for row in bundled("nk-cells", "ivig").rows if row.grade.stratum == "cross_sectional")
    asked = replace(given, selection=replace(given.selection, unplanned=(apart, apart)))
    found = of(asked)
    assert found.never_pooled == {"cross_sectional": 2}
    texts = [text.text for text in lay_out(found, asked.analysis).of("apart")]
    assert " ".join(texts) == "Cross-sectional: 2 comparisons, shown in the report and never pooled."
    assert of(given).never_pooled == {}
    assert lay_out(of(given), given.analysis).of("apart") == ()
