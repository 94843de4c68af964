"""Card of replicability: strata on top, a box a study, a bar of subsets."""

import numpy as np
import pytest
from boxes import check_tidy

from between_cases import bundled, made, synthesis
from metaan.figures.between import replicability as card
from metaan.robustness.between import replicability

RANDOM = np.random.default_rng(3)
FAR, SPREAD = RANDOM.normal(-1.5, 1.2, 60), RANDOM.uniform(0.02, 0.6, 60)

CASES = {
    "passive smoking": lambda: bundled("passive-smoking", "lung-cancer"),
    "trials": lambda: bundled("nk-cells", "ivig"),
    "two scales": lambda: bundled("nk-cells", "blood-activity"),
    "far": lambda: made(
        synthesis("prospective", [-2.4], [0.3]),
        synthesis("case_control", FAR, SPREAD),
        synthesis("treatment_cohort", [0.4, -0.9, 2.2], [0.01, 0.02, 0.01]),
    ),
    "one way": lambda: made(
        synthesis("prospective", [1.0, 1.1, 0.9, 1.2], [0.01] * 4),
        synthesis("case_control", [1, 1.2, 0.9], [0.01] * 3),
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def drawn(request):
    given = request.param()
    found = replicability.of(given)
    return found, given.analysis, card.lay_out(found, given.analysis)


def test_nothing_overlaps_nothing_leaves_and_it_stays_small(drawn):
    _, _, layout = drawn
    check_tidy(layout, 12_000)


def test_one_box_a_study_as_many_full_as_support(drawn):
    found, _, layout = drawn
    for stratum in found.strata:
        rows = 2 if stratum.k > 1 else 1
        boxes = {
            role: sum(len(item.boxes) for item in layout.of(role) if item.stratum == stratum.stratum)
            for role in ("support", "perhaps", "rest")
        }
        assert sum(boxes.values()) == rows * stratum.k
        assert boxes["support"] == stratum.supported + (stratum.combined_supported if stratum.k > 1 else 0)
        assert boxes["perhaps"] == (0 if stratum.exact else stratum.at_most - stratum.supported)


def test_the_bar_is_the_share_of_subsets(drawn):
    found, _, layout = drawn
    whole = {box.stratum: box.width for box in layout.of("subsets")}
    part = {box.stratum: box.width for box in layout.of("changed")}
    for stratum in found.strata:
        if stratum.subsets is None:
            assert stratum.stratum not in whole
        else:
            share = part.get(stratum.stratum, 0) / whole[stratum.stratum]
            assert share == pytest.approx(stratum.subsets.changed)


def test_unadjusted_strata_stand_first(drawn):
    _, analysis, layout = drawn
    labels = [text.text for text in layout.of("label")]
    strata = [card.STRATA[s.stratum].label for s in analysis.strata if s.k]
    assert labels[: len(strata)] == strata


def test_captions():
    def said(name):
        given = CASES[name]()
        return card.reading(replicability.of(given), given.analysis)

    assert said("passive smoking") == (
        "At level 0.05, 4 prospective studies together are not shown to point above no effect, and 27 % of all subsets "
        "lead to another conclusion; the results of at least 4 of 33 case-control studies point above no effect "
        "whichever others are left out, and 20 % of sampled subsets lead to another conclusion; not every design "
        "shows a direction: the prospective studies by themselves show none."
    )
    assert said("one way").endswith("one direction is supported by at least 3 studies in each design.")
    assert "the result of the one study among prospective studies points below no effect" in said("far")


def test_what_a_removal_does_is_said():
    def notes(name):
        given = CASES[name]()
        layout = card.lay_out(replicability.of(given), given.analysis)
        return " ".join(text.text for text in layout.of("removal"))

    assert "Leaving out 2 studies (Garfinkel 1981 and Butler 1988) makes the interval leave out no effect" in notes(
        "passive smoking"
    )
    assert "Leaving out 6 studies, chosen well, changes the conclusion, leaving out any 3 does not" in notes(
        "passive smoking"
    )
    assert "Two studies: no method gives a trustworthy interval" in notes("two scales")
    assert "One study: nothing can be left out" in notes("far")
    assert "at least 1 of 3 support the other direction" in notes("far")
