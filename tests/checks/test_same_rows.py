"""Rows typed twice, numbers copied, controls used twice, names that look alike."""

import random

import pytest

import review
from checked_rows import changed, findings, ids
from metaan.terms.finding import Level

AGAIN = {"like": "Ames2001-pr-1", "priority": "secondary"}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("timepoint", "after two years"),
        ("subgroup", "girls"),
        ("adjusted", "yes"),
        ("outcome", "headache_history"),
    ],
)
def test_what_tells_two_rows_apart_is_enough(column, text):
    more = {"adjusted_for": "age"} if column == "adjusted" else {}
    assert ids(changed(Effects={"Ames2001-pr-2": AGAIN})) == [("S01", "E")]
    assert ids(changed(Effects={"Ames2001-pr-2": {**AGAIN, column: text, **more}})) == []


def test_a_design_typed_twice_does_not_hide_a_comparison_typed_twice():
    sheets = changed(
        Design={"Ames2001-px": {"like": "Ames2001-pr"}},
        Effects={"Ames2001-px-1": {**AGAIN, "design_id": "Ames2001-px"}},
    )
    assert ids(sheets) == [("S01", "E")]


def test_whether_the_numbers_are_the_same_is_said():
    (same,) = findings(changed(Effects={"Ames2001-pr-2": AGAIN}))
    (other,) = findings(changed(Effects={"Ames2001-pr-2": {**AGAIN, "a_high_event": "14", "b_high_none": "86"}}))
    assert "with the same numbers" in same.found
    assert "with other numbers" in other.found


COPIED = {"a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"}


@pytest.mark.parametrize(
    "settled",
    [
        {"Studies": {"Bell2002": {"same_cohort_as": "Ames2001"}}},
        {"Effects": {"Ames2001-pr-1": {"dependency_group": "tea"}, "Bell2002-pr-1": {"dependency_group": "tea"}}},
    ],
)
def test_the_same_numbers_in_two_studies(settled):
    assert ids(changed(Effects={"Bell2002-pr-1": COPIED})) == [("S04", "W")]
    effects = {"Bell2002-pr-1": {}, **settled.get("Effects", {})}
    effects["Bell2002-pr-1"] = {**effects["Bell2002-pr-1"], **COPIED}
    assert ids(changed(**{**settled, "Effects": effects})) == []


def test_small_counts_that_meet_by_chance_are_not_told():
    small = {"a_high_event": "1", "b_high_none": "9", "c_low_event": "0", "d_low_none": "9"}
    every = ("Ames2001-pr-1", "Bell2002-pr-1", "Cole2003-pr-1", "Dunn2004-cc-1", "Earl2005-cc-1")
    sheets = changed(Effects={name: {**small, "a_high_event": str(i // 2)} for i, name in enumerate(every)})
    assert "S04" not in {f.id for f in findings(sheets)}


def test_honest_numbers_of_many_studies_seldom_meet():
    draw = random.Random(4)
    sheets = review.rows()
    studies, designs, effects = (dict(sheets[name][-1]) for name in ("Studies", "Design", "Effects"))
    for i in range(300):
        name = f"More{i}"
        sheets["Studies"].append({**studies, "study_id": name, "label": f"More {i}", "country": f"Land {i}"})
        sheets["Design"].append({**designs, "study_id": name, "design_id": f"{name}-cc"})
        one, two = (
            {
                f"n{s}": str(draw.randint(20, 60)),
                f"m{s}": f"{draw.gauss(m, 1):.1f}",
                f"sd{s}": f"{draw.gauss(4, 0.5):.1f}",
            }
            for s, m in (("1", 12), ("2", 10.5))
        )
        sheets["Effects"].append({**effects, "effect_id": f"{name}-1", "design_id": f"{name}-cc", **one, **two})
    assert sum(f.id == "S04" for f in findings(sheets)) == 0


THIRD_ARM = {"like": "Frey2006-tr-1", "intervention": "green tea", "events_high": "9", "total_high": "38"}


@pytest.mark.parametrize(
    ("cells", "level"),
    [
        ({}, Level.ERROR),
        ({"priority": "secondary"}, Level.WARNING),
        ({"outcome": "headache_history"}, Level.WARNING),
        ({"dependency_group": "Frey2006"}, None),
        ({"shared_rule": "split"}, None),
        ({"events_low": "11"}, None),
        ({"flag": "exclude", "flag_reason": "not tea"}, None),
    ],
)
def test_a_control_group_used_twice(cells, level):
    first = {name: text for name, text in cells.items() if name in ("dependency_group", "shared_rule")}
    sheets = changed(Effects={"Frey2006-tr-1": first, "Frey2006-tr-2": {**THIRD_ARM, **cells}})
    found = [f for f in findings(sheets) if f.id == "S02"]
    assert [f.level for f in found] == ([level] if level else [])


def test_another_outcome_of_the_same_two_groups_shares_no_control():
    other = {"like": "Frey2006-tr-1", "outcome": "headache_history", "events_high": "9"}
    assert ids(changed(Effects={"Frey2006-tr-2": other})) == []


@pytest.mark.parametrize(
    ("sheet", "rows", "expected"),
    [
        ("Studies", {"Bell2002": {"label": "Ames 2001"}}, ["W04"]),
        ("Studies", {"Bell2002": {"label": "AMES  2001"}}, ["W04"]),
        ("Studies", {"Bell2002": {"label": "Ames 2001b"}}, []),
        ("Studies", {"Bell2002": {"country": "norway"}}, ["W04"]),
        (
            "Effects",
            {
                "Ames2001-pr-1": {"timepoint": "LH+7"},
                "Bell2002-pr-1": {"timepoint": "LH-7"},
            },
            [],
        ),
        ("Effects", {"Ames2001-pr-1": {"timepoint": "day 7"}, "Bell2002-pr-1": {"timepoint": "Day 7"}}, ["W04"]),
    ],
)
def test_names_that_look_alike(sheet, rows, expected):
    assert [f.id for f in findings(changed(**{sheet: rows}))] == expected


def test_the_rare_spelling_is_the_one_told():
    rows = {
        "Ames2001-pr-1": {"timepoint": "Day 7"},
        "Bell2002-pr-1": {"timepoint": "day 7"},
        "Cole2003-pr-1": {"timepoint": "day 7"},
    }
    (said,) = findings(changed(Effects=rows))
    assert said.origin.row == 2
    assert said.to_fix.startswith('type "day 7"')


def test_a_second_main_result_is_told_unless_its_arms_differ():
    again = {"like": "Ames2001-pr-1", "timepoint": "later", "a_high_event": "14", "b_high_none": "86"}
    assert ids(changed(Effects={"Ames2001-pr-2": again})) == [("S12", "W")]
    arm = {**THIRD_ARM, "events_low": "9", "total_low": "39"}
    assert ids(changed(Effects={"Frey2006-tr-2": arm})) == []


@pytest.mark.parametrize(
    ("effect", "study", "design", "told"),
    [
        ({}, {"n_enrolled": "199"}, {}, True),
        ({}, {"n_enrolled": "200"}, {}, False),
        ({}, {"n_enrolled": "NR"}, {}, False),
        ({"analysis_unit": "cycle"}, {"n_enrolled": "199"}, {}, False),
        ({}, {}, {"n_at_risk": "190", "n_outcome_known": "190"}, True),
    ],
)
def test_more_people_than_enrolled_or_at_risk(effect, study, design, told):
    sheets = changed(Effects={"Ames2001-pr-1": effect}, Studies={"Ames2001": study}, Design={"Ames2001-pr": design})
    assert [f.id for f in findings(sheets)] == (["S08"] if told else [])
