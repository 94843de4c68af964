"""Other explanations: what counts as dealt with, left open, or not reported."""

import pytest
from contrasts import AFTER, review

from metaan.design.explanations import BLANK, HANDLED, NOT_REPORTED, OPEN, claimed, explain
from metaan.design.grade import grade_all

PARITY = {
    "id": "parity",
    "label": "Earlier births",
    "why": "Births change the cells.",
    "handled": {"parity_handling": ["matched"], "adj_age": ["adjusted"]},
    "open": {"parity_handling": ["not_comparable"], "control_type": ["fertile"]},
    "open_says": "the controls had given birth",
}
SELLER = {
    "id": "seller",
    "label": "Seller",
    "why": "Who sells gains.",
    "handled": {"test_seller": ["no"]},
    "open": {"marker": ["CD56"]},
}


def states(tmp_path, *explanations, **facts):
    protocol, extraction = review(tmp_path / "x", {"one": ("RM", facts, {}, ())}, explanations=list(explanations))
    return explain(extraction, protocol, grade_all(extraction, protocol))


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"parity_handling": "matched"}, HANDLED),
        ({"adj_age": "adjusted"}, HANDLED),
        ({"control_type": "fertile"}, OPEN),
        ({"parity_handling": "not_comparable"}, OPEN),
        ({"parity_handling": "matched", "control_type": "fertile"}, HANDLED),
        ({"parity_handling": "adjusted"}, NOT_REPORTED),
        ({}, NOT_REPORTED),
        ({"parity_handling": "NA", "adj_age": "NA", "control_type": "NA"}, BLANK),
    ],
)
def test_what_the_facts_show(tmp_path, facts, state):
    (found,) = states(tmp_path, PARITY, **AFTER, **facts)
    assert found.states == {"S0-d": state}
    assert ("S0-d" in found.behind) == (state in (HANDLED, OPEN))
    assert found.counted(["S0-d"])[state] == 1
    assert sum(found.counted(["S0-d"]).values()) == 1


def test_facts_of_effects_count_and_the_cell_is_named(tmp_path):
    (found,) = states(tmp_path, SELLER, **AFTER)
    assert found.states == {"S0-d": OPEN}
    assert found.behind["S0-d"].startswith("Effects!")


def test_a_sentence_said_by_an_explanation_is_claimed(tmp_path):
    protocol, _ = review(tmp_path / "x", {"one": ("RM", AFTER, {}, ())}, explanations=[PARITY, SELLER])
    found = claimed(protocol.explanations)
    assert ("parity_handling", "not_comparable") in found
    assert ("marker", "CD56") not in found  # it has no sentence of its own
