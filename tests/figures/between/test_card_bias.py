"""The card of bias adjustment: strata first, nothing on top of anything, and no design merged unsaid."""

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between.bias import lay_out, reading
from metaan.robustness.between import bias

STRONG = synthesis("trial", [-0.1, 0.2, 0.15], [0.02, 0.01, 0.03], grades="ABB")
WILD = synthesis("case_control", [0.02, 0.9, 1.4, 2.1, 2.5], [0.002, 0.1, 0.2, 0.6, 0.9], grades="CDDDD")
ROWS = [
    {"study_id": "Ca0", "kind": "additive", "bias": "recall", "mean": 0.1, "sd": 0.1, "who": who}
    for who in ("AR", "ZB")
]


def cases():
    cohorts = synthesis("treatment_cohort", [0.2, 0.3, 0.4], [0.02, 0.1, 0.2], grades="CDD", prefix="Co")
    means = synthesis("case_control", [0.02, 0.9, 1.4], [0.02, 0.1, 0.2], measure="SMD", grades="CDD")
    return {
        "smoking": bundled("passive-smoking", "lung-cancer"),
        "ivig": bundled("nk-cells", "ivig"),
        "corticosteroids": bundled("nk-cells", "corticosteroids"),
        "extreme": made(STRONG, WILD, rows={"Bias": ROWS}),
        "two weaker": made(STRONG, cohorts, WILD, rows={"Bias": ROWS}),
        "two scales": made(STRONG, means),
        "one study": made(STRONG, synthesis("case_control", [0.5], [0.04])),
    }


@pytest.fixture(params=cases().items(), ids=lambda each: each[0])
def given(request):
    return request.param[1]


def texts(layout, role):
    return [item.text for item in layout.texts if item.role == role]


def test_nothing_overlaps_or_leaves_the_page_and_the_file_is_small(given):
    layout = lay_out(bias.of(given), given.analysis)
    check_tidy(layout, 12 * 1024)
    assert " ".join(texts(layout, "note")).count("Sensitivity analysis.") == 1


def test_strata_stand_on_top_as_they_are(given):
    labels = texts(lay_out(bias.of(given), given.analysis), "label")
    names = {"trial": "Trials", "prospective": "Prospective", "case_control": "Case-control"}
    first = given.strata[0].stratum
    assert labels[0] == names[first]
    assert len(labels) <= 20  # lines of 12 rows at most


def test_passive_smoking_in_one_sentence():
    given = bundled("passive-smoking", "lung-cancer")
    assert reading(bias.of(given), given.analysis) == (
        "Case-control studies give odds ratio 1.25 (95 % CI 1.11 to 1.40) as they stand, 1.18 (1.02 to 1.36) when "
        "divided by the published average bias of 1.06, between 1.09 and 1.27 for the biases assumed and 1.19 (1.06 to "
        "1.34) with weights by size alone."
    )


def test_both_designs_stand_in_one_row_that_says_so_or_in_none():
    smoking, ivig = bundled("passive-smoking", "lung-cancer"), bundled("nk-cells", "ivig")
    one, none = (lay_out(bias.of(each), each.analysis) for each in (smoking, ivig))
    assert "all designs together, after adjustment" in " ".join(texts(one, "label"))
    assert "together" not in " ".join(texts(none, "label") + texts(none, "heading"))
    assert "Designs not put together: treatment cohorts and trials still differ" in " ".join(texts(none, "note"))


def test_a_mean_that_small_studies_drive_is_said_to_be():
    given = made(STRONG, WILD)
    said = " ".join(texts(lay_out(bias.of(given), given.analysis), "warning"))
    assert said == (
        "Small studies drive the result of the case-control studies, 3.10 with random effects and 1.06 with weights by "
        "size alone."
    )
    given = bundled("passive-smoking", "lung-cancer")
    assert texts(lay_out(bias.of(given), given.analysis), "warning") == []


def test_two_weaker_designs_are_named_over_their_rows():
    given = cases()["two weaker"]
    headings = texts(lay_out(bias.of(given), given.analysis), "heading")
    assert headings[:2] == ["Treatment cohorts", "Case-control"]
    assert headings[2:] == ["Designs together"]
    labels = " ".join(texts(lay_out(bias.of(given), given.analysis), "label"))
    assert labels.endswith("trials and treatment cohorts, after adjustment")  # not all designs


def test_typed_biases_are_read_out():
    given = cases()["extreme"]
    found = bias.of(given)
    assert "without the biases that the reviewers expect" in reading(found, given.analysis)
    assert "1 of 5 studies" in texts(lay_out(found, given.analysis), "detail")
