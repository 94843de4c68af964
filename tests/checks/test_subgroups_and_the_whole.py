"""A row on everybody against rows on parts of the same people (B02)."""

import random

import pytest

from checked_rows import changed, findings

CELLS = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
WHOLE = ("12", "88", "8", "92")
WOMEN, MEN = ("7", "48", "5", "49"), ("5", "40", "3", "43")


def said(*parts, design=(), whole=(), columns=CELLS):
    """Return subject and text of every B02 of Ames2001 when these subgroups stand beside it."""
    rows = {"Ames2001-pr-1": dict(whole)}
    for i, (name, counts, *more) in enumerate(parts, 2):
        cells = {**dict(whole), **dict(zip(columns, counts, strict=True)), **dict(*more)}
        rows[f"Ames2001-pr-{i}"] = {"like": "Ames2001-pr-1", "priority": "secondary", "subgroup": name, **cells}
    found = findings(changed(Design={"Ames2001-pr": dict(design)}, Effects=rows))
    return [(f.subject, f.found) for f in found if f.id == "B02"]


def test_parts_that_add_up_or_leave_people_out_are_right():
    assert said(("women", WOMEN), ("men", MEN)) == []
    assert said(("women", WOMEN), ("men", ("4", "38", "3", "40"))) == []


def test_a_subgroup_larger_than_the_whole_is_named_with_its_cell():
    ((subject, found),) = said(("women", ("17", *WOMEN[1:])), ("men", MEN))
    assert found.startswith('12 in the whole, but more in a subgroup of it: 17 in "women" (Ames2001-pr-2, ')
    assert subject.endswith("; Ames2001-pr-1")
    ((_, alone),) = said(("women", ("7", "48", "5", "94")))
    assert '94 in "women"' in alone


def test_parts_that_exceed_the_whole_in_one_count_and_add_up_to_it_in_all_others():
    ((_, found),) = said(("women", WOMEN), ("men", ("9", *MEN[1:])))
    assert "16 in its subgroups together" in found
    assert "their other counts add up to the whole" in found


def test_two_ways_of_dividing_the_people_are_told_apart():
    young, old = ("6", "44", "4", "46"), ("6", "44", "4", "46")
    assert said(("women", WOMEN), ("men", MEN), ("young", young), ("old", old)) == []
    wrong = ("9", *MEN[1:])
    ((_, found),) = said(("women", WOMEN), ("men", wrong), ("young", young), ("old", old))
    assert '"women"' in found
    assert '"young"' not in found


def test_subgroups_that_overlap_are_right():
    assert said(("women", WOMEN), ("smokers", ("8", "60", "4", "66"))) == []


@pytest.mark.parametrize(
    ("more", "design"),
    [
        ({"outcome": "headache_history"}, {}),
        ({"timepoint": "after two years"}, {}),
        ({"flag": "exclude", "flag_reason": "other people"}, {}),
        ({}, {"cutoff_source": "median_same_data"}),
    ],
)
def test_another_comparison_and_a_cut_off_of_its_own_are_no_part(more, design):
    assert said(("women", ("17", *WOMEN[1:]), more), design=design) == []


def test_the_groups_of_a_comparison_of_means_count_too():
    whole = {"like": "Jude2012-cc-1", "priority": "secondary", "subgroup": "women", "n1": "20", "n2": "31"}
    (found,) = [f for f in findings(changed(Effects={"Jude2012-cc-2": whole})) if f.id == "B02"]
    assert found.found.startswith("29 in the whole, but more in a subgroup of it: 31")


@pytest.mark.parametrize("seed", range(8))
def test_honest_subgroups_of_real_people_never_exceed_the_whole(seed):
    """Any people, divided in any three ways that overlap: no subgroup alone is larger than the whole."""
    draw = random.Random(seed)
    people = [cell for cell, n in enumerate(WHOLE) for _ in range(int(n))]
    parts = []
    for trait in ("women", "smokers", "students"):
        with_it = [cell for cell in people if draw.random() < 0.6]
        parts.append((trait, tuple(str(with_it.count(cell)) for cell in range(4))))
    assert said(*parts) == []
    larger = (parts[0][0], (*parts[0][1][:3], "93"))
    assert len(said(larger, *parts[1:])) == 1
