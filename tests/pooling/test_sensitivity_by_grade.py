"""The same stratum pooled from its better grades alone, printed without being asked for."""

import pytest

import small_review
from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.workbook.read import read_workbook

REASON = {"override_reason": "as an example"}


def strata(folder, *grades):
    """Analyse the three cohorts and two case-control studies of the small review, given these grades."""
    sheets = small_review.rows()
    for row, grade in zip(sheets["Design"], grades, strict=False):
        row |= {"grade_override": grade, **REASON}
    protocol = small_review.protocol()
    extraction = read_workbook(small_review.write(folder / "tea", sheets, protocol), protocol.layout)
    plan = protocol.analysis("tea-headache")
    return analyse(select(graded_candidates(extraction, protocol), plan), plan, protocol).strata


def by_grade(synthesis):
    return {
        entry.label: [row.split("-")[0] for row in entry.estimates]
        for entry in synthesis.sensitivity
        if entry.label.startswith("Grades")
    }


@pytest.mark.parametrize(
    ("grades", "shown"),
    [
        ("AAB", {}),
        ("ABC", {"Grades A and B only": ["Ames2001", "Bell2002"]}),
        ("CCC", {"Grades A and B only": []}),
        ("DBC", {"Grades A to C": ["Bell2002", "Cole2003"], "Grades A and B only": ["Bell2002"]}),
        ("DDC", {"Grades A to C": ["Cole2003"], "Grades A and B only": []}),
        ("DDD", {"Grades A to C": []}),
    ],
)
def test_what_is_left_of_a_pool(tmp_path, grades, shown):
    assert by_grade(strata(tmp_path, *grades)[0]) == shown


def test_the_rest_is_pooled_by_the_same_model(tmp_path):
    first = strata(tmp_path, "A", "B", "C")[0]
    (entry,) = [each for each in first.sensitivity if each.label == "Grades A and B only"]
    kept = [each.effect for each in first.estimates[:2]]
    alone = pool([effect.y for effect in kept], [effect.v for effect in kept], tau2="REML", interval="Wald")
    assert entry.pooled.estimate == pytest.approx(alone.estimate, rel=1e-12)
    assert entry.why == "leaves out 1 study of a lower grade"
