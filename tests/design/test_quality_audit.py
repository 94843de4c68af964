"""Answers of quality tools: what is left to the reviewers gives no finding; the errors themselves stand in the zoo."""

import pytest

import small_review
from metaan import plan
from metaan.design.prefill import told_apart
from metaan.design.quality_audit import audit_quality
from metaan.design.quality_rows import star_count
from metaan.design.tool import tool
from metaan.workbook.read import read_workbook

STARS = {
    "id": "our-stars",
    "name": "Our stars",
    "made_for": "anything",
    "source": "this test",
    "strata": ["trial"],
    "unit": "design",
    "answers": {"yes": "yes", "no": "no"},
    "judgements": {"good": {"label": "Good", "level": "low"}, "poor": {"label": "Poor", "level": "high"}},
    "domains": [
        {
            "key": "all",
            "label": "All",
            "most_stars": 2,
            "items": [{"key": key, "question": "So?", "stars": {"yes": 1, "no": 0}} for key in ("1", "2", "3")],
        }
    ],
    "overall": {"rules": []},
}


def found(tmp_path, *rows, **changes):
    protocol = small_review.protocol(**changes)
    sheets = small_review.rows()
    sheets["Quality"] = [{"design_id": "Frey2006-tr", "tool": "RoB 2", **row} for row in rows]
    extraction = read_workbook(small_review.write(tmp_path, sheets, protocol), protocol.layout)
    return [(f.id, f.level.value, f.origin.cell) for f in audit_quality(extraction, protocol)]


def domains(**judged):
    return [{"domain": domain, "judgement": judgement} for domain, judgement in judged.items()]


ALL_SOME = domains(D1="some", D2="some", D3="low", D4="low", D5="low")


def test_without_rows_nothing_is_looked_at(tmp_path):
    assert found(tmp_path) == []


@pytest.mark.parametrize(("judgement", "findings"), [("some", []), ("high", []), ("low", [("Q04", "W", "I7")])])
def test_what_the_tool_leaves_to_the_reviewers_may_be_either(tmp_path, judgement, findings):
    assert found(tmp_path, *ALL_SOME, *domains(overall=judgement)) == findings


def test_a_reason_settles_a_judgement_that_differs(tmp_path):
    worse = {"domain": "overall", "judgement": "high"}
    one = domains(D1="some", D2="low", D3="low", D4="low", D5="low")
    assert found(tmp_path, *one, worse) == [("Q04", "W", "I7")]
    assert found(tmp_path, *one, {**worse, "override_reason": "the concern is a large one"}) == []


def test_open_questions_may_have_any_answer(tmp_path):
    assert found(tmp_path, {"domain": "D1", "item": "1.1", "answer": "Y"}, *domains(D1="high")) == []


def test_yes_and_probably_yes_are_one_to_the_rules():
    first = tool("rob-2").domains[0]
    assert not told_apart(first, first.items[0], "Y", "PY")
    assert told_apart(first, first.items[0], "Y", "N")
    of_stars = tool("nos-case-control").domains[0]
    assert told_apart(of_stars, of_stars.items[0], "a", "b")
    assert told_apart(of_stars, of_stars.items[0], "b", "c")  # no star for either, yet they say different things
    assert not told_apart(of_stars, of_stars.items[0], "b", "b")


@pytest.mark.parametrize(("answer", "findings"), [("a", []), ("ab", []), ("c", [("Q08", "W", "H2")])])
def test_a_stronger_answer_than_the_proposed_one_does_not_contradict_the_fact(tmp_path, answer, findings):
    row = {"design_id": "Dunn2004-cc", "tool": "nos-case-control", "domain": "Comparability", "item": "C1"}
    assert found(tmp_path, {**row, "answer": answer}) == findings


@pytest.mark.parametrize(("judged", "findings"), [({}, [("Q04", "W", "I4")]), ({"judgement": "low"}, [])])
def test_questions_all_answered_leave_the_judgement_to_be_made(tmp_path, judged, findings):
    place = {"design_id": "Ames2001-pr", "tool": "quips", "domain": "Outcome measurement"}
    answers = [{**place, "item": item, "answer": "yes"} for item in ("4.1", "4.2", "4.3")]
    assert found(tmp_path, *answers[:2]) == []
    last = {**place, "judgement": judged["judgement"]} if judged else answers[2]
    assert found(tmp_path, *answers, *([last] if judged else [])) == findings


def test_stars_of_questions_beyond_those_of_their_domain(tmp_path):
    rows = [{"tool": "Our stars", "domain": "All", "item": key, "answer": "yes"} for key in "123"]
    own = {"our-stars": STARS}
    assert found(tmp_path, *rows[:2], own_tools=own) == []
    assert found(tmp_path, *rows, own_tools=own) == [("Q03", "W", "H4")]


def test_a_tool_without_stars_has_no_total(tmp_path):
    assert found(tmp_path, {"domain": "overall", "item": "total", "answer": "3"}) == [("Q01", "E", "F2")]


@pytest.mark.parametrize(
    ("text", "stars"),
    [("3", 3), ("7/9", 7), ("★★", 2), ("***", 3), ("a", None), ("", None), ("-1", None), ("2.5", None)],
)
def test_stars_are_typed_as_a_number_or_as_stars(text, stars):
    assert star_count(text) == stars


def test_a_warning_may_be_confirmed_and_is_not_idle(tmp_path):
    sheets = small_review.rows()
    judged = {"design_id": "Frey2006-tr", "tool": "RoB 2"}
    sheets["Quality"] = [{**judged, **row} for row in domains(D1="high", overall="low")]
    confirmed = {"finding_id": "Q04", "sheet": "Quality", "row_id": "3", "reason": "agreed by all", "initials": "AR"}
    small_review.write(tmp_path / "tea", sheets)
    before = plan.read(plan.Review(tmp_path / "tea"))
    (warning,) = [f for f in before.findings if f.id == "Q04"]
    assert (warning.level.value, "confirm it on Overrides: Q04, Quality, 3" in warning.to_fix) == ("W", True)
    sheets["Overrides"] = [confirmed]
    small_review.write(tmp_path / "tea", sheets)
    after = plan.read(plan.Review(tmp_path / "tea"))
    (note,) = [f for f in after.findings if f.id in ("Q04", "OVERRIDE")]
    assert (note.id, note.level.value, note.to_fix) == ("Q04", "N", "confirmed by AR: agreed by all")


def test_an_unreadable_row_refuses_the_review_beside_other_errors(tmp_path):
    sheets = small_review.rows()
    sheets["Quality"] = [{"design_id": "Frey2006-tr", "tool": "RoB 2", "domain": "D1", "judgement": "serious"}]
    sheets["Quality"].append({"design_id": "Nobody1999-tr", "tool": "RoB 2", "domain": "D1", "judgement": "low"})
    sheets["Design"][0]["sampled_before_outcome"] = "perhaps"
    sheets["Design"][1]["n_at_risk"] = "many"
    small_review.write(tmp_path / "tea", sheets)
    refused = plan.read(plan.Review(tmp_path / "tea")).refused
    assert {finding.id for finding in refused} == {"Q04", "REF", "WORD", "W01"}
