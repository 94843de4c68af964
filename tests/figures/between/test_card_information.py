"""Card of the information reached."""

import re

import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import information as figure
from metaan.robustness.between.information import of

CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "two measures": lambda: bundled("nk-cells", "blood-activity"),
    "treatment": lambda: bundled("nk-cells", "ivig"),
    "one study": lambda: bundled("nk-cells", "uterine-rm"),
    "extreme": lambda: made(
        synthesis("prospective", [-3, 2.5, -0.4], [0.001, 0.5, 0.02]), synthesis("case_control", [2.2, 2.2], [9.0, 4.0])
    ),
    "plenty": lambda: made(synthesis("prospective", [-0.5, -0.5], [0.00001, 0.00001], people=[90_000, 90_000])),
}


@pytest.fixture(params=CASES)
def case(request):
    given = CASES[request.param]()
    return of(given), given.analysis


def test_nothing_overlaps_or_leaves_the_page(case):
    layout = figure.lay_out(*case)
    check_tidy(layout, 12_500)


def test_bars_are_as_long_as_the_share(case):
    found, analysis = case
    layout = figure.lay_out(found, analysis)
    for one, bar, track in zip(found.strata, layout.of("reached"), layout.of("track"), strict=True):
        assert bar.width == pytest.approx(max(track.width * min(one.share, 100) / 100, 1.0))
        assert bar.stratum == one.stratum


def test_every_look_on_the_panel_has_a_dot(case):
    found, analysis = case
    dots = figure.lay_out(found, analysis).of("look")
    shown = [look.year for one in found.strata for look in one.looks if look.share <= 100 * figure.ROOM]
    assert [key for dot in dots for key in dot.keys] == shown


def test_the_assumption_and_the_label_stand_at_the_foot(case):
    found, analysis = case
    foot = " ".join(text.text for text in figure.lay_out(found, analysis).texts if text.role == "note")
    assert foot.startswith("Sensitivity analysis.")
    assert "not bias" in foot


def test_passive_smoking_in_words():
    given = CASES["passive smoking"]()
    assert figure.reading(of(given), given.analysis) == (
        "The prospective studies hold 56 % (boundary not crossed) and the case-control studies hold all (boundary "
        "crossed in 1987) of the information needed to find an odds ratio of 1.25 or 0.80, with alpha 5 %, power 90 % "
        "and the diversity D² of the studies."
    )


def test_two_measures_and_one_study_in_words():
    given = CASES["two measures"]()
    said = figure.reading(of(given), given.analysis)
    assert "9 % of what is needed to find a risk ratio of 1.25 or 0.80" in said
    assert "a standardised mean difference of 0.20 either way" in said
    given = CASES["one study"]()
    assert figure.reading(of(given), given.analysis).startswith("The one prospective study holds 4 %")


def test_the_boundary_drawn_is_the_one_computed():
    """The grey line passes through the boundary of each look: Z of the panel read back from the ticks."""
    given = CASES["passive smoking"]()
    found = of(given)
    layout = figure.lay_out(found, given.analysis)
    line = layout.of("boundary")[0].lines[0]
    ticks = [text for text in layout.texts if text.role == "tick" and re.fullmatch(r"[024]", text.text)][:3]
    zero, two = ticks[0].y - 3, ticks[1].y - 3
    ends = [2.0 * (zero - y) / (zero - two) for _, y in (line[0], line[-1])]
    assert ends[1] == pytest.approx(found.strata[0].next_boundary, abs=0.01)
    assert ends[0] == pytest.approx(4.0, abs=0.05)  # cut off at the top of the panel
