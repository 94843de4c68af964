"""The seven reasons why designs may differ: each told where the facts call for it, with its count, and only there."""

import dataclasses
import re

import pytest

from metaan.report.content import plain
from metaan.report.measured import NOT_ANOTHER, NOT_THE_NEXT
from metaan.report.why import CONCERNS


def items(case):
    facts = next(section for section in case.report().sections if section.id == "why")
    return [plain(item) for block in facts.blocks if block.type == "bullets" for item in block.items]


def with_facts(case, **facts):
    """Return the case with facts of Design rows changed: {"fact": {design_id: answer}}."""
    return with_cells(case, "Design", "design_id", **facts)


def with_cells(case, sheet, key, **cells):
    extraction = case.extraction.to_dict()
    for _, values in extraction["rows"][sheet]:
        for column, answers in cells.items():
            if values[key] in answers:
                values[column] = answers[values[key]]
    return dataclasses.replace(case, extraction=type(case.extraction).from_dict(extraction))


#: of the seven reasons: fact, comparisons and answer that call for it, and how its sentence begins
CALLED_FOR = [
    ("sampled_before_outcome", "cc", "no", "the factor was recorded after the outcome"),
    ("parity_handling", "cc", "not_comparable", "the parity of cases and controls was not made comparable"),
    ("state_same", "cc", "no", "the groups were not all sampled in the same state"),
    ("cutoff_source", "pr", "median_same_data", "the cut-off was chosen in the same data it was tried on"),
    ("karyotype_used", "pr", "not_used", "outcomes of a known other cause were counted with the rest"),
    ("treated_between", "pr", "by_test_result", "treatment was given because of the measurement"),
    ("treated_between", "pr", "all_same", "there was treatment between measurement and outcome, not because of the"),
]


@pytest.mark.parametrize(("fact", "kind", "answer", "says"), CALLED_FOR)
def test_each_reason_is_counted_where_the_facts_call_for_it(case, fact, kind, answer, says):
    rows = [r for r in case.extraction.sheet("Design") if r["design_id"].endswith(f"-{kind}")]
    quiet = {r["design_id"]: "NR" for r in rows}
    assert not any(says in item for item in items(with_facts(case, **{fact: quiet})))
    name = {"cc": "case-control", "pr": "prospective"}[kind]
    for count in (1, 2):
        loud = {**quiet, **{r["design_id"]: answer for r in rows[:count]}}
        (found,) = [item for item in items(with_facts(case, **{fact: loud})) if says in item]
        assert found.startswith(f"In {count} of {len(rows)} {name} comparisons {says}")
        assert f"; not reported in {len(rows) - count} – " in found


def test_every_reason_says_what_it_does_to_a_result():
    assert all(concern.why for concern in CONCERNS)


def test_places_are_told_where_comparisons_differ_in_them(case):
    assert not any(NOT_ANOTHER in item for item in items(case))  # all in blood
    moved = with_cells(case, "Effects", "effect_id", compartment={"Epsilon2022-cc-1": "uterus"})
    assert (
        "What the 3 case-control comparisons measured, where: blood in 2, the womb in 1 – what is found in one need "
        "not hold in another."
    ) in items(moved)


def test_a_place_nobody_reports_is_no_place(case):
    unknown = with_cells(case, "Effects", "effect_id", compartment={"Epsilon2022-cc-1": "NR"})
    assert not any(NOT_ANOTHER in item for item in items(unknown))


def test_repeats_in_time_are_counted_by_study(case):
    (found,) = [item for item in items(case) if NOT_THE_NEXT in item]
    assert found == (
        "1 study measured the same women again (between two cycles of one woman in 1) – one measurement need not stand "
        "for the next."
    )
    observers = with_cells(case, "Reliability", "rel_id", source_of_variation={"Epsilon-cycles": "between_observers"})
    assert not any(NOT_THE_NEXT in item for item in items(observers))


def test_no_word_of_a_topic_stands_in_the_reasons():
    said = " ".join(f"{concern.says} {concern.why}" for concern in CONCERNS)
    assert (
        re.findall(r"\b(NK|blood|womb|uter\w*|pregnan\w*|loss\w*|miscarriage|chromosom\w*|women|cycle)\b", said) == []
    )
