"""Differences on quality tools count as much as what they do to a grade."""

import small_review
from metaan.robustness.disagreement import discrepancies
from metaan.workbook.extractors.align import align
from metaan.workbook.read import read_workbook

ANSWERS = {
    **{"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y"},
    **{"4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"},
}
DOMAINS = {"1": "D1", "2": "D2", "3": "D3", "4": "D4", "5": "D5"}


def found(tmp_path, *, a=None, b=None):
    """Return cell, priority and effect of each difference between answers A and B give on the trial."""
    books = []
    for name, changed in (("a", a or {}), ("b", b or {})):
        sheets = small_review.rows()
        sheets["Quality"] = [
            {"design_id": "Frey2006-tr", "tool": "rob-2", "domain": DOMAINS[item[0]], "item": item, "answer": answer}
            for item, answer in {**ANSWERS, **changed}.items()
        ]
        protocol = small_review.protocol()
        books.append(read_workbook(small_review.write(tmp_path / name, sheets, protocol), protocol.layout))
    made = discrepancies(protocol, *books, align(*books, protocol.layout))
    return [(each.row.split()[-1], each.priority, each.effect) for each in made if each.sheet == "Quality"]


def test_an_answer_that_changes_the_grade_comes_first(tmp_path):
    assert found(tmp_path, b={"1.1": "PY", "5.1": "NI"}) == [("5.1", 1, "grade A becomes B"), ("1.1", 3, "")]


def test_answers_that_change_it_only_together_all_come_first(tmp_path):
    # A has no information on either choice of result; one answer of B alone leaves the domain at some concerns
    both = found(tmp_path, a={"5.2": "NI", "5.3": "NI"}, b={})
    assert [(row, priority) for row, priority, _ in both] == [("5.2", 1), ("5.3", 1)]
    assert {effect for _, _, effect in both} == {
        "grade B becomes A (with the other answers of B about this comparison)"
    }
