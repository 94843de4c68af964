"""The card of shifts: the strata as they stand, the fact alone, what is left; its sentence in the bundled review."""

from dataclasses import replace

import pytest
from boxes import check_tidy

from between_cases import bundled
from metaan.figures.between import shifts as card
from metaan.robustness.between import shifts

MOTHERS = {"label": "mothers as controls", "explanation": "parity", "controls": 1, "source": "Toth 2019"}
BLOOD = {**MOTHERS, "effect": "Toth2019-xs-1", "cases": 182 / 575}
WOMB = {**MOTHERS, "effect": "Toth2019-xs-3", "cases": 81 / 248}
OTHER = {**BLOOD, "label": "sampling after the loss, when stress and inflammation may last", "controls": 0.9}
del OTHER["explanation"]


def case(analysis, *entries):
    found = bundled("nk-cells", analysis)
    return replace(found, plan=replace(found.plan, between={"shifts": {"of": list(entries)}}))


CASES = {
    "blood": lambda: case("blood-percent-rm", BLOOD),
    "womb": lambda: case("uterine-rm", WOMB),
    "several": lambda: case("uterine-rm", WOMB, OTHER, {**BLOOD, "effect": "no-such-row", "label": "another"}),
    "many": lambda: case("uterine-rm", WOMB, OTHER, {**WOMB, "label": "a third"}, {**WOMB, "label": "a fourth"}),
    "no bottom line": lambda: case("uterine-rif", WOMB),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_and_nothing_leaves_the_card(name):
    given = CASES[name]()
    found = shifts.of(given)
    layout = card.lay_out(found, given.analysis)
    check_tidy(layout, 14_000 if name == "many" else 12_000)  # its notes are long
    labels = [item.text for item in layout.texts if item.role == "label"]
    assert labels[0] in ("Prospective", "Case-control")
    assert labels.count("Left without it") >= len(found.reasons)


def test_the_sentence_gives_the_shift_and_what_is_left():
    given = CASES["blood"]()
    assert card.reading(shifts.of(given), given.analysis) == (
        "Mothers as controls alone would give 0.17 (0.05 to 0.29) where the one case-control study gives 0.98, and "
        "without it 0.81 (0.17 to 1.46) would be left, or 1.06 (0.42 to 1.70) if no control had it where that is not "
        "reported."
    )
    given = CASES["no bottom line"]()
    assert card.reading(shifts.of(given), given.analysis).startswith("Mothers as controls alone would give −0.23 (")
    assert "left" not in card.reading(shifts.of(given), given.analysis)


def test_what_is_not_known_and_not_alike_is_said():
    given = CASES["several"]()
    words = " ".join(item.text for item in card.lay_out(shifts.of(given), given.analysis).texts)
    assert "Not reported in 2 comparisons; no share of the controls would leave nothing of the effect." in words
    assert "difference from Toth 2019, 248 women" in words
    assert "against per square millimetre in Toth 2019" in words
    assert "Another: not done, the sheet Effects has no row no-such-row." in words
    assert "Sensitivity analysis. The fact goes with the same difference" in words
