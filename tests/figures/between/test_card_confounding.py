"""The card of confounding: what it shows, and that nothing overlaps."""

import math

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import confounding as card
from metaan.figures.draw import render
from metaan.robustness.between import confounding

BOUNDS = [
    {"kind": "confounding", "factor": [2, 1.5], "source": "smoking in two surveys"},
    {"kind": "selection", "factor": [1.5, 1.3], "source": "who refused"},
]
Y = [1.6, 2.0, 2.4, 2.8, 3.2]


def typed():
    return made(
        synthesis("prospective", [0.0, 0.01, 0.02], [0.01] * 3),
        synthesis("treatment_cohort", [-y for y in Y], [0.03] * 5, prefix="T"),
        synthesis("case_control", Y, [0.03] * 5),
        settings={"confounding": {"common_outcome": "no", "bounds": BOUNDS}},
    )


CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "ivig": lambda: bundled("nk-cells", "ivig"),
    "corticosteroids": lambda: bundled("nk-cells", "corticosteroids"),
    "blood activity": lambda: bundled("nk-cells", "blood-activity"),
    "one study": lambda: bundled("nk-cells", "uterine-rm"),
    "biases typed": typed,
    "two scales": lambda: made(
        synthesis("prospective", [0.1, 0.5, 0.9], [0.02] * 3, measure="RR"),
        synthesis("case_control", [0.3, 0.6, 1.2], [0.02] * 3, measure="SMD"),
    ),
    "no effect at all": lambda: made(synthesis("prospective", [0.0, 0.0, 0.0], [0.02] * 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    given = CASES[name]()
    layout = card.lay_out(confounding.of(given), given.analysis)
    check_tidy(layout)


def test_unadjusted_strata_stand_on_top():
    given = CASES["passive smoking"]()
    layout = card.lay_out(confounding.of(given), given.analysis)
    assert [item.stratum for item in layout.of("diamond")] == ["prospective", "case_control"]
    assert max(item.box[3] for item in layout.of("diamond")) < min(item.y for item in layout.of("study"))


def test_marks_stand_at_the_e_values():
    given = CASES["passive smoking"]()
    found = confounding.of(given)
    layout = card.lay_out(found, given.analysis)
    prospective, case_control = layout.of("study")
    ticks = {item.text: item.x for item in layout.of("tick") if hasattr(item, "text")}
    per_log = (ticks["1.5"] - ticks["1"]) / math.log(1.5)
    for mark, one in zip((prospective, case_control), found.strata, strict=True):
        assert mark.x - ticks["1"] == pytest.approx(per_log * math.log(one.e.e_value), abs=0.01)
    first, second = (item.x0 for item in layout.of("cap"))
    assert first == pytest.approx(ticks["1"])  # none needed: the interval includes no effect
    assert second > first


def test_curve_meets_the_share_where_the_figures_say():
    given = CASES["corticosteroids"]()
    found = confounding.of(given)
    layout = card.lay_out(found, given.analysis)
    (line,) = layout.of("curve")[0].lines
    mark = next(item for item in layout.of("needed") if not hasattr(item, "text"))
    before = max((p for p in line if p[0] <= mark.x), key=lambda p: p[0])
    after = min((p for p in line if p[0] >= mark.x), key=lambda p: p[0])
    assert before[1] <= mark.y <= after[1]
    said = [item.text for item in layout.of("needed") if hasattr(item, "text")]
    assert said[:2] == ["under 10 % of them", "from 2.83 on"]


def test_biases_typed_are_rows_with_their_source():
    given = CASES["biases typed"]()
    layout = card.lay_out(confounding.of(given), given.analysis)
    said = " ".join(text.text for text in layout.texts)
    assert "could be bias alone" in said.replace("bias\n", "bias ")
    assert "at least" in said
    assert "at most" in said
    assert "smoking in two surveys" in said


def test_foot_says_sensitivity_the_conversion_and_what_an_e_value_does_not_show():
    given = CASES["biases typed"]()
    layout = card.lay_out(confounding.of(given), given.analysis)
    said = " ".join(text.text for text in layout.texts)
    assert "Sensitivity analysis. What confounding is left" in said
    assert "A large E-value does not show absence of bias." in said
    assert "Odds ratio of a rare outcome, taken as a risk ratio; the protocol names the outcome rarer than 15 %" in said


def test_small_file_for_passive_smoking():
    given = CASES["passive smoking"]()
    assert len(render(card.lay_out(confounding.of(given), given.analysis), "svg")) < 12_000


def test_reading_of_the_treatment_cohorts():
    given = CASES["ivig"]()
    assert card.reading(confounding.of(given), given.analysis) == (
        "To explain the effect, an unmeasured confounder would have to go with both factor and outcome by a risk ratio "
        "of at least 3.50 (treatment cohorts; 1.75 for the interval); a large E-value does not show absence "
        "of bias."
    )
