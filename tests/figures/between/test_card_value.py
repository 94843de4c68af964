"""Card of the value of one more study."""

import dataclasses

import pytest
from boxes import check_tidy, collisions

from between_cases import bundled, made, synthesis
from metaan.figures.between import value as figure
from metaan.robustness.between.value import of

CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "two measures": lambda: bundled("nk-cells", "blood-activity"),
    "treatment": lambda: bundled("nk-cells", "ivig"),
    "two trials": lambda: bundled("nk-cells", "g-csf"),
    "one study": lambda: bundled("nk-cells", "uterine-rm"),
    "one ratio": lambda: made(synthesis("prospective", [0.7], [0.4], people=[40])),
    "extreme": lambda: made(
        synthesis("prospective", [-3, 2.5, -0.4], [0.001, 0.5, 0.02]), synthesis("case_control", [2.2, 2.2], [9.0, 4.0])
    ),
    "many people": lambda: made(
        synthesis("prospective", [-0.5, -0.4], [0.001, 0.002], people=[900_000, 2_900_000]),
        settings={"value": {"people": [1_000_000, 2_000_000, 4_000_000]}},
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    given = CASES[request.param]()
    return of(given), given.analysis


def test_nothing_overlaps_or_leaves_the_page(case):
    layout = figure.lay_out(*case)
    check_tidy(layout, 12_500)


def test_dots_stand_at_their_chances(case):
    found, analysis = case
    layout = figure.lay_out(found, analysis)
    wanted = []
    for one in found.strata:
        if one.targets:
            shown = len(one.sizes) if one.stratum in ("prospective", "trial") else 1
            wanted += [*one.targets[0].chance[:shown], one.targets[0].limit]
    width = figure.END - figure.START
    places = [100 * (mark.x - figure.START) / width for mark in layout.of("chance")]
    assert places == pytest.approx(wanted, abs=1e-6)


def test_the_assumption_and_the_label_stand_at_the_foot(case):
    found, analysis = case
    foot = " ".join(text.text for text in figure.lay_out(found, analysis).texts if text.role == "note")
    assert foot.startswith("Sensitivity analysis.")
    assert "free of bias" in foot


def test_passive_smoking_in_words():
    given = CASES["passive smoking"]()
    assert figure.reading(of(given), given.analysis) == (
        "One more prospective study 5 times as precise as the median one would have a chance of 80 % to make the "
        "interval leave out no effect; one more case-control study adds nothing to that, as designs share no mean."
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("treatment", "No single further trial, however large, has a chance of 80 %"),
        ("treatment", "one more treatment cohort adds nothing to that"),
        ("two measures", "leaves out no effect already"),
        ("one study", "With one prospective study the spread between studies is not known"),
    ],
)
def test_other_cases_in_words(name, words):
    given = CASES[name]()
    assert words in figure.reading(of(given), given.analysis)


def test_a_ratio_by_itself_is_given_to_a_factor():
    given = CASES["one ratio"]()
    said = [text.text for text in figure.lay_out(of(given), given.analysis).texts if text.role == "result"]
    # 40 people with v 0.4: 50 give exp(1.96 sqrt(16 / 50)) = 3.03
    assert "a factor of 3.03" in said


@pytest.mark.parametrize(
    ("chance", "words"), [(0.4, "under 1 %"), (1.0, "1 %"), (95.0, "95 %"), (99.0, "99 %"), (99.5, "over 99 %")]
)
def test_chances_near_none_and_all_are_given_as_bounds(chance, words):
    given = CASES["two measures"]()
    found = of(given)
    one = next(one for one in found.strata if one.targets and one.targets[0].now and one.stratum == "prospective")
    target = dataclasses.replace(one.targets[0], chance=(chance, *one.targets[0].chance[1:]))
    only = dataclasses.replace(found, strata=(dataclasses.replace(one, targets=(target,)),))
    assert figure.reading(only, given.analysis).endswith(f"with a chance of {words}.")


def test_a_hopeless_study_gives_its_factor_alone_without_meeting_its_bar():
    given = made(synthesis("prospective", [4.0], [90.0], people=[40]))
    layout = figure.lay_out(of(given), given.analysis)
    assert collisions(layout) == []
    assert ">1 000 000" in [text.text.replace("\N{NARROW NO-BREAK SPACE}", " ") for text in layout.of("result")]
