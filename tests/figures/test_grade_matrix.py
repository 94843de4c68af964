"""The matrix of facts: every answer in its row and column, nothing on anything else, in both widths."""

import pytest
from boxes import collisions, meet, outside
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.design.conditions import CONDITIONS
from metaan.design.matrix import MatrixBlock, MatrixRow
from metaan.figures.draw import render
from metaan.figures.grade_matrix import lay_out
from metaan.figures.palette import LEVEL_COLOURS
from metaan.figures.repeated import Dots, Tiles
from metaan.terms.appraisal import PROPOSED, TYPED
from metaan.terms.designs import GRADE_COLOURS


def row(i, label, levels, grade="C", best="B", by=TYPED):
    return MatrixRow(
        design_id=f"d{i}",
        label=label,
        contrast="women with losses against women without, before the next pregnancy",
        states=tuple((level, by) for level in levels),
        grade=grade,
        best=best,
    )


def block(stratum, rows, tool=""):
    heads = tuple(c.short for c in CONDITIONS[stratum]) if stratum in CONDITIONS else ("Randomisation", "Deviations")
    return MatrixBlock(stratum=stratum, heads=heads, rows=tuple(rows), tool=tool)


BLOCKS = (
    block("trial", [row(i, f"Trial {i}", ("", ""), "C", "A", by="") for i in range(9)], "RoB 2"),
    block(
        "prospective",
        [
            row(20, "Aoki 1995", ("none", "low", "low", "some", "low", "low"), "B", "B"),
            row(21, "Katano 2013", ("none", "none", "none", "low", "none", "none"), "C", "A"),
        ],
    ),
    block("case_control", [row(30 + i, "Chen C 2017", ("none", "low", "high", "none"), "D", "D") for i in range(2)]),
)


@pytest.fixture(params=[False, True], ids=["wide", "narrow"])
def narrow(request):
    return request.param


def test_nothing_overlaps_and_nothing_leaves_the_page(narrow):
    layout = lay_out(BLOCKS, narrow=narrow)
    assert collisions(layout) == []
    assert outside(layout) == []
    assert layout.width <= (340 if narrow else 940)


def test_every_answer_has_the_colour_of_its_level_in_order(narrow):
    layout = lay_out(BLOCKS, narrow=narrow)
    placed = {}
    for item in layout.items:
        if isinstance(item, Dots) and item.colour in LEVEL_COLOURS.values():
            level = next(name for name, colour in LEVEL_COLOURS.items() if colour == item.colour)
            for (x, _), key in zip(item.centres, item.keys, strict=True):
                placed.setdefault(key, []).append((x, level))
    for each in BLOCKS[1:]:
        for wanted in each.rows:
            assert [level for _, level in sorted(placed[wanted.design_id])] == [level for level, _ in wanted.states]


def test_grades_and_best_cases_stand_in_their_rows(narrow):
    layout = lay_out(BLOCKS, narrow=narrow)
    badges = {
        key: (box, item.colour)
        for item in layout.items
        if isinstance(item, Tiles)
        for box, key in zip(item.boxes, item.keys, strict=True)
    }
    letters = {item.row: item for item in layout.texts if item.role == "grade-letter" and item.row}
    best = {item.row: item.text for item in layout.texts if item.role == "best"}
    for each in BLOCKS[1:]:
        for wanted in each.rows:
            box, colour = badges[wanted.design_id]
            assert colour == GRADE_COLOURS[wanted.grade]
            assert letters[wanted.design_id].text == wanted.grade
            assert meet(letters[wanted.design_id].box, box)
            assert best.get(wanted.design_id, wanted.grade) == wanted.best


def test_what_nobody_has_judged_is_named_and_takes_no_table(narrow):
    layout = lay_out(BLOCKS, narrow=narrow)
    said = " ".join(item.text for item in layout.texts if item.role == "silent")
    assert said.startswith("9 comparisons, A at best; RoB 2 not assessed.")
    assert all(f"Trial {i}" in said for i in range(9))
    assert not any(isinstance(item, Dots) and item.stratum == "trial" for item in layout.items)


def test_many_comparisons_of_which_nothing_is_reported_share_a_paragraph(narrow):
    told = row(1, "Told 2001", ("low", "none", "none", "none"), "D", "C")
    for count, rows in ((2, 3), (3, 1)):
        untold = [row(10 + i, f"Untold 200{i}", ("none",) * 4, "D", "C") for i in range(count)]
        layout = lay_out((block("case_control", [told, *untold]),), narrow=narrow)
        assert len({item.row for item in layout.texts if item.role == "grade-letter" and item.row}) == rows
        whole = " ".join(item.text for item in layout.texts)
        assert all(each.label in whole for each in untold)
        assert ("not reported: controls from same source" in whole) == (count == 3)
        assert collisions(layout) == []


def test_key_has_the_looks_in_use():
    words = [item.text for item in lay_out(BLOCKS).texts if item.role == "key"]
    assert words[:4] == ["met", "partly met", "not met", "not reported"]
    judged = block("trial", [row(1, "One", ("low", "some"), by=PROPOSED)], "RoB 2")
    words = [item.text for item in lay_out((judged,)).texts if item.role == "key"]
    assert "met, or low risk" in words
    assert any(word.startswith("hollow") for word in words)


def test_a_narrow_block_explains_its_numbers():
    layout = lay_out(BLOCKS, narrow=True)
    key = " ".join(item.text for item in layout.texts if item.role == "column-key" and item.stratum == "prospective")
    for i, condition in enumerate(CONDITIONS["prospective"], 1):
        assert f"{i}\N{NO-BREAK SPACE}{condition.short}" in key


def test_rows_of_one_study_are_told_apart(narrow):
    layout = lay_out(BLOCKS, narrow=narrow)
    assert {item.row for item in layout.texts if item.role == "contrast"} >= {"d30", "d31"}


def test_a_review_without_comparisons_is_an_empty_page(narrow):
    layout = lay_out((), narrow=narrow)
    assert layout.items == ()
    assert render(layout, "svg").startswith(b"<svg")


def test_same_layout_same_bytes_and_ids_of_their_own(narrow):
    first, again = (render(lay_out(BLOCKS, review="tea", narrow=narrow), "svg") for _ in range(2))
    assert first == again
    assert f'id="tea-grades-{"narrow" if narrow else "wide"}"'.encode() in first


labels = st.text(st.sampled_from("abcij WMé-/,."), min_size=1, max_size=60).map(lambda text: f"X{text} 2001")


@settings(max_examples=25, deadline=None)
@given(st.lists(labels, min_size=1, max_size=8), st.booleans(), st.data())
def test_nothing_overlaps_whatever_the_names(names, narrow, data):
    blocks = []
    for stratum in ("prospective", "case_control"):
        count = len(CONDITIONS[stratum])
        levels = st.lists(st.sampled_from(["low", "some", "high", "none", ""]), min_size=count, max_size=count)
        grades = st.sampled_from("ABCD")
        rows = [
            row(f"{stratum}{i}", name, data.draw(levels), data.draw(grades), data.draw(grades))
            for i, name in enumerate(names)
        ]
        blocks.append(block(stratum, rows))
    layout = lay_out(blocks, narrow=narrow)
    assert collisions(layout) == []
    assert outside(layout) == []
