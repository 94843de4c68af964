"""What recorded facts propose to the checklists, and what a retraction does to a trial."""

from pathlib import Path

import pytest
from tool_cases import TOOLS, answered, by_domain, by_item, facts, graded

from metaan.design.appraise import Facts, appraise
from metaan.design.tool import tool
from metaan.terms.appraisal import PROPOSED, TYPED, UNANSWERED
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook
from small_review import protocol, rows

ROOT = Path(__file__).parents[2]

# --- trust ---


def test_a_retracted_trial():
    found = answered("trust", {}, facts(report={"retracted": "yes"}))
    assert by_item(found)["1.1"].answer == "yes"
    assert (found.judgement, found.level, found.by) == ("serious_concerns", "high", PROPOSED)
    assert not found.assessed


def test_an_expression_of_concern_is_for_the_reviewers_to_weigh():
    judged = by_domain(answered("trust", {}, facts(report={"retracted": "expression_of_concern"})))["T1"]
    assert {answer.item: answer.answer for answer in judged.answers} == {"1.1": "no", "1.2": "yes", "1.3": ""}
    assert (judged.judgement, judged.possible) == ("", ("some_concerns", "serious_concerns"))
    assert "how serious" in judged.decide


@pytest.mark.parametrize(
    ("report", "study", "proposed"),
    [
        ({"retracted": "no"}, {"registered": "ISRCTN1"}, {"1.1": "no"}),
        ({"retracted": "not_checked"}, {"registered": "no"}, {"2.2": "yes"}),
        ({"retracted": "not_checked"}, {"registered": "NR"}, {"2.2": "unclear"}),
        ({"retracted": "NR"}, {"label": "Frey 2006"}, {}),
    ],
)
def test_what_retraction_and_registration_tell(report, study, proposed):
    found = by_item(answered("trust", {}, facts(report=report, study=study)))
    assert {key: answer.answer for key, answer in found.items() if answer.answer} == proposed


def test_checks_that_raise_nothing_leave_no_concerns():
    clear = {item.key: "no" for domain in tool("trust").domains for item in domain.items} | {"2.3": "NA"}
    assert answered("trust", clear).judgement == "no_concerns"
    unclear = answered("trust", {**clear, "4.4": "unclear"})
    assert by_domain(unclear)["T4"].possible == ("no_concerns", "some_concerns")
    judged = answered("trust", {**clear, "4.4": "unclear"}, judged={"T4": "some concerns"})
    assert (judged.judgement, judged.by, judged.assessed) == ("some_concerns", TYPED, True)


def test_a_trial_of_a_review_is_flagged_when_it_was_retracted(tmp_path):
    sheets = rows()
    for row in sheets["Reports"]:
        if row["study_id"] == "Frey2006":
            row["retracted"] = "yes"
    grades = graded(tmp_path, sheets, protocol())
    (trust,) = [found for found in grades["Frey2006-tr"].appraisals if found.tool == "trust"]
    assert (trust.judgement, by_domain(trust)["T1"].by) == ("serious_concerns", PROPOSED)
    assert grades["Frey2006-tr"].doubt == "retracted"


# --- what facts propose ---


def proposed(grade, name):
    (found,) = [found for found in grade.appraisals if found.tool == name]
    answers = {answer.item: answer for domain in found.domains for answer in domain.answers if answer.answer}
    assert all(answer.by == PROPOSED and answer.answer == answer.proposed for answer in answers.values())
    return {key: answer.answer for key, answer in answers.items()}


ALL_TOOLS = {
    "prospective": ["quips", "jbi-cohort", "nos-cohort", "quadas-2", "ohat"],
    "case_control": ["jbi-case-control", "nos-case-control", "clarity-case-control", "quadas-2", "ohat"],
}


@pytest.fixture
def of():
    return protocol(appraisal={"tools": ALL_TOOLS})


def test_a_prospective_comparison_proposes_just_what_its_facts_say(tmp_path, of):
    """In sequence, measured before the outcome, no cut-off, age adjusted for, 190 of 200 known."""
    grade = graded(tmp_path, rows(), of)["Ames2001-pr"]
    assert proposed(grade, "jbi-cohort") == {"Q4": "yes", "Q5": "yes", "Q6": "yes", "Q9": "yes"}
    assert proposed(grade, "nos-cohort") == {"S4": "yes", "C1": "a", "O3": "b"}
    assert proposed(grade, "quips") == {
        "1.2": "yes",
        "2.1": "yes",
        "3.3": "yes",
        "3.4": "yes",
        "5.1": "yes",
        "5.6": "yes",
    }
    assert proposed(grade, "quadas-2") == {"1.1": "yes", "1.2": "yes", "2.1": "yes", "2.2": "NA"}
    assert proposed(grade, "ohat") == {"confounding": "+"}


@pytest.mark.parametrize(
    ("fact", "jbi", "nos", "clarity"),
    [
        ("NR", {"Q2": "unclear"}, {"S3": "c"}, {}),
        ("yes", {}, {"S3": "a"}, {"Q4": "probably_yes"}),
        ("no", {"Q1": "no", "Q2": "no"}, {"S3": "b"}, {"Q4": "probably_no"}),
        ("partly", {}, {}, {}),
    ],
)
def test_where_controls_came_from(tmp_path, of, fact, jbi, nos, clarity):
    sheets = rows()
    for row in sheets["Design"]:
        if row["design_id"] == "Dunn2004-cc":
            row |= {"control_same_source": fact, "adj_age": "NR"}
    grade = graded(tmp_path, sheets, of)["Dunn2004-cc"]
    assert proposed(grade, "jbi-case-control") == jbi
    assert proposed(grade, "nos-case-control") == nos
    assert proposed(grade, "clarity-case-control") == clarity


def test_conditions_of_every_stratum_propose(tmp_path, of):
    """Confounders are no condition of a case-control grade; the tools that ask for them get the answer all the same."""
    grade = graded(tmp_path, rows(), of)["Dunn2004-cc"]
    assert "confounders" not in grade.answers
    assert {"Q6": "yes", "Q7": "yes"}.items() <= proposed(grade, "jbi-case-control").items()
    assert proposed(grade, "clarity-case-control")["Q5"] == "probably_yes"


SAYS_NOTHING = {
    "unclear",
    "unsure or not reported",
    "not reported",
    "not described",
    "not stated",
    "how people came in is not described",
}
FACTS = {
    **dict.fromkeys(("sampled_before_outcome", "assayed_before_outcome", "selected_on_outcome", "cohort_assembly")),
    **dict.fromkeys(("control_type", "control_same_source", "parity_handling", "state_same", "blinded_assay")),
    **dict.fromkeys(("cutoff_source", "n_at_risk", "n_outcome_known", "treated_between", "karyotype_used")),
    **dict.fromkeys(("preregistered_analysis", "randomised", "phase", "timing_method")),
}
CONDITIONS = (
    "assembly",
    "unswayed",
    "cutoff",
    "confounders",
    "known",
    "treatment",
    "source",
    "state",
    "parity",
    "blind",
)


@pytest.mark.parametrize("name", TOOLS)
def test_what_is_not_reported_never_becomes_a_yes_or_no(name):
    silent = facts(
        dict.fromkeys(CONDITIONS, "NR"),
        study={"registered": "NR"},
        report={"retracted": "NR"},
        **dict.fromkeys(FACTS, "NR"),
    )
    words = {item.key: item.answers for domain in tool(name).domains for item in domain.items}
    found = by_item(answered(name, {}, silent))
    assert {words[key][answer.answer] for key, answer in found.items() if answer.answer} <= SAYS_NOTHING


@pytest.mark.parametrize("name", TOOLS)
def test_what_does_not_apply_or_is_blank_proposes_nothing(name):
    for cell in ("NA", ""):
        known = facts(dict.fromkeys(CONDITIONS, "NR"), **dict.fromkeys(FACTS, cell))
        found = answered(name, {}, known)
        assert {answer.by for answer in by_item(found).values()} == {UNANSWERED}
        assert (found.judgement, found.by) == ("", UNANSWERED)


def test_a_typed_answer_stands_before_the_proposed_one():
    found = by_item(answered("jbi-cohort", {"Q6": "no"}, facts(sampled_before_outcome="yes")))["Q6"]
    assert (found.answer, found.by, found.proposed) == ("no", TYPED, "yes")


def test_prospective_comparisons_of_the_bundled_review():
    """Measured before the outcome: free of it at the start, a star in Newcastle-Ottawa; nobody has confirmed it."""
    of = read_protocol(ROOT / "data" / "nk-cells" / "protocol.yaml")
    extraction = read_workbook(ROOT / "data" / "nk-cells" / "extraction.xlsx", of.layout)
    before = 0
    for row in extraction.sheet("Design"):
        known = Facts(design=row, study=None, report=None, conditions={})
        jbi = by_item(appraise(tool("jbi-cohort"), [], known))["Q6"]
        nos = by_domain(appraise(tool("nos-cohort"), [], known))["selection"]
        star = {answer.item: answer for answer in nos.answers}["S4"]
        if row["sampled_before_outcome"] == "yes":
            before += 1
            assert (jbi.answer, jbi.by, jbi.cell) == ("yes", PROPOSED, f"Design!{row.cell('sampled_before_outcome')}")
            assert (star.answer, star.by) == ("yes", PROPOSED)
        else:
            assert jbi.answer in ("no", "unclear")
            assert star.answer in ("no", "")
    assert before > 20
