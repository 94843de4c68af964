"""The review's own studies placed on its designs: each study once, nobody counted twice."""

from contrasts import AFTER, CONTRASTS, IDEAL, TREATED, review

from metaan.design.grade import grade_all
from metaan.design.matrix import matrix
from metaan.design.people import of_row
from metaan.design.placed import place
from metaan.pooling.select import candidates, standing


def test_studies_people_and_grades_of_each_design(tmp_path):
    protocol, extraction = review(tmp_path / "x", CONTRASTS)
    grades = grade_all(extraction, protocol)
    used = {grade.design_id for grade in grades}
    placed = {item.stratum: item for item in place(extraction, protocol, grades, used)}
    wanted = [stratum for _, _, _, (stratum, _, _) in CONTRASTS.values()]
    assert {name: item.comparisons for name, item in placed.items()} == {n: wanted.count(n) for n in set(wanted)}
    for name, item in placed.items():
        letters = [grade for _, _, _, (stratum, grade, _) in CONTRASTS.values() if stratum == name]
        assert item.grades == {letter: letters.count(letter) for letter in "ABCD" if letter in letters}
        assert item.people == 80 * len(item.studies)
        assert item.unknown == 0
    assert placed["prospective"].studies[0].startswith("ideal cohort")
    assert placed["trial"].kind == "treatment"
    assert placed["case_control"].kind == "marker"
    assert list(placed) == ["trial", "treatment_cohort", "prospective", "case_control", "cross_sectional"]


def test_only_comparisons_that_stand_in_an_analysis_are_placed(tmp_path):
    protocol, extraction = review(
        tmp_path / "x", {"in": ("RM", IDEAL, {}, ()), "out": ("RM", {"randomised": "yes"}, TREATED, ())}
    )
    grades = grade_all(extraction, protocol)
    rows = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in grades})
    used = standing(rows, protocol.analyses)
    assert used == {"S0-d"}
    assert [item.studies for item in place(extraction, protocol, grades, used)] == [("in",)]
    assert [row.label for block in matrix(extraction, grades, used) for row in block.rows] == ["in"]


def test_rows_of_the_matrix_hold_the_answers_sorted_by_grade_then_label(tmp_path):
    protocol, extraction = review(tmp_path / "x", CONTRASTS)
    grades = grade_all(extraction, protocol)
    blocks = {block.stratum: block for block in matrix(extraction, grades, {g.design_id for g in grades})}
    assert len(blocks["prospective"].heads) == 6
    assert len(blocks["case_control"].heads) == 4
    assert "cross_sectional" not in blocks
    by_label = {row.label: row for block in blocks.values() for row in block.rows}
    assert [level for level, _ in by_label["ideal cohort"].states] == ["low"] * 6
    assert [level for level, _ in by_label["Yamada 2003"].states] == ["none", "low", "high", "none", "low", "none"]
    assert {level for row in blocks["trial"].rows for level, _ in row.states} == {""}
    for block in blocks.values():
        order = [(row.grade, row.label) for row in block.rows]
        assert order == sorted(order)


def test_people_are_counted_by_what_is_typed():
    assert of_row({"n1": 40, "n2": 30}) == 70
    assert of_row({"n1": 40, "n2": None}) is None
    assert of_row({"n_analysed": 12, "n1": 40, "n2": 30}) == 12
    assert of_row({"n1": 40, "n2": 30, "analysis_unit": "cycle"}) is None


def test_the_commonest_controls_come_first(tmp_path):
    contrasts = {
        "a": ("RM", {**AFTER, "control_type": "fertile"}, {}, ()),
        "b": ("RM", AFTER, {}, ()),
    }
    protocol, extraction = review(tmp_path / "x", contrasts)
    grades = grade_all(extraction, protocol)
    (item,) = place(extraction, protocol, grades, {grade.design_id for grade in grades})
    assert item.controls == (("fertile women", 1),)
