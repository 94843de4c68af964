import pytest
from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.design.conditions import PROSPECTIVE
from metaan.design.grade import grade_all, prospective_grade, stratum_of
from metaan.workbook.read import read_workbook


@pytest.mark.parametrize(
    ("facts", "treatment", "stratum", "flagged"),
    [
        ({"randomised": "yes"}, True, "trial", False),
        ({"randomised": "quasi"}, True, "treatment_cohort", False),
        ({"randomised": "no", "sampled_before_outcome": "yes"}, True, "treatment_cohort", False),
        ({"randomised": None}, True, "treatment_cohort", False),
        ({"randomised": "no", "sampled_before_outcome": "yes"}, False, "prospective", False),
        ({"sampled_before_outcome": "yes", "cohort_assembly": "nested_cc"}, False, "prospective", False),
        ({"sampled_before_outcome": "no", "selected_on_outcome": "yes"}, False, "case_control", False),
        ({"sampled_before_outcome": "no", "selected_on_outcome": "no"}, False, "cross_sectional", False),
        ({"sampled_before_outcome": None, "selected_on_outcome": "no"}, False, "case_control", True),
        ({"sampled_before_outcome": "mixed"}, False, "case_control", True),
        ({"sampled_before_outcome": "no", "selected_on_outcome": None}, False, "case_control", True),
    ],
)
def test_the_tree(facts, treatment, stratum, flagged):
    found, flags = stratum_of(facts, treatment=treatment)
    assert (found, bool(flags)) == (stratum, flagged)


def graded(tmp_path, design=0, study=None, effect=None, quality=(), **facts):
    """Grade one row of the small review with some facts changed: 0 is prospective, 3 case-control, 5 a trial."""
    sheets = small_review.rows()
    sheets["Design"][design].update(facts)
    sheets["Studies"][design].update(study or {})
    sheets["Effects"][design].update(effect or {})
    if quality:
        sheets["Quality"] = [{**row, "design_id": sheets["Design"][design]["design_id"]} for row in quality]
    protocol = small_review.protocol(columns=["karyotype_used", "karyotype_known_pct", "parity_handling"])
    path = small_review.write(tmp_path / "tea", sheets, protocol)
    return grade_all(read_workbook(path, protocol.layout), protocol)[design]


NR = "NR"


@pytest.mark.parametrize(
    ("facts", "grade", "best"),
    [
        ({}, "A", "A"),
        ({"cohort_assembly": NR}, "B", "A"),
        ({"cohort_assembly": "convenience"}, "B", "B"),
        ({"cutoff_source": "roc_same_data"}, "B", "B"),
        ({"cutoff_source": "median_same_data", "cohort_assembly": NR}, "B", "B"),
        ({"cutoff_source": "roc_same_data", "cohort_assembly": NR, "treated_between": NR}, "C", "B"),
        ({"n_outcome_known": "159"}, "C", "C"),
        ({"n_outcome_known": "160"}, "A", "A"),
        ({"n_outcome_known": NR}, "B", "A"),
        ({"treated_between": "by_test_result"}, "C", "C"),
        ({"adj_age": "no"}, "B", "B"),
        ({"assayed_before_outcome": "no", "blinded_assay": "no"}, "B", "B"),
        ({"assayed_before_outcome": "no", "blinded_assay": "yes"}, "A", "A"),
        ({"cohort_assembly": "nested_cc"}, "B", "A"),
    ],
)
def test_a_comparison_measured_before_the_outcome(tmp_path, facts, grade, best):
    found = graded(tmp_path, **facts)
    assert (found.stratum, found.grade, found.best) == ("prospective", grade, best)


@pytest.mark.parametrize(
    ("facts", "grade", "best"),
    [
        ({"control_same_source": "yes", "blinded_assay": "yes", "parity_handling": "matched"}, "C", "C"),
        ({"control_same_source": "yes", "blinded_assay": "yes", "parity_handling": "NR"}, "D", "C"),
        ({"parity_handling": "not_comparable"}, "D", "D"),
        ({"control_same_source": "partly", "parity_handling": "NR"}, "D", "D"),
    ],
)
def test_people_chosen_by_outcome_are_never_above_c(tmp_path, facts, grade, best):
    found = graded(tmp_path, design=3, **facts)
    assert (found.stratum, found.grade, found.best) == ("case_control", grade, best)


def test_the_reason_tells_not_met_from_not_reported(tmp_path):
    found = graded(tmp_path, adj_age="no", cohort_assembly=NR, treated_between=NR)
    assert found.reason == (
        "The factor was recorded before the outcome. Not met: the main confounders were handled (age). "
        "Not reported: all eligible people were enrolled in sequence or from the start; "
        "treatment did not depend on the measurement."
    )


@pytest.mark.parametrize(
    ("tool", "judgement", "grade"),
    [("RoB 2", "low", "A"), ("RoB 2", "some concerns", "B"), ("RoB 2", "high", "C")],
)
def test_a_trial_is_graded_by_its_risk_of_bias(tmp_path, tool, judgement, grade):
    judged = [{"tool": tool, "domain": "Overall", "judgement": judgement}]
    found = graded(tmp_path, design=5, quality=judged)
    assert (found.grade, found.best) == (grade, grade)


def test_a_trial_not_assessed_is_c_and_a_at_best(tmp_path):
    found = graded(tmp_path, design=5)
    assert (found.stratum, found.grade, found.best) == ("trial", "C", "A")
    assert "not assessed" in found.reason


def test_a_treatment_cohort_is_never_a(tmp_path):
    found = graded(tmp_path, design=5, randomised="no")
    assert (found.stratum, found.grade, found.best) == ("treatment_cohort", "D", "B")
    judged = [{"tool": "ROBINS-I", "domain": "overall", "judgement": "low"}]
    found = graded(tmp_path, design=5, randomised="no", quality=judged)
    assert (found.grade, found.best) == ("B", "B")


def test_what_never_moves_the_grade_is_printed_beside_it(tmp_path):
    found = graded(
        tmp_path,
        study={"test_seller": "yes"},
        effect={"src_type": "abstract", "quote": "as printed"},
        karyotype_used="excluded_abnormal",
        author_label="case_control",
    )
    assert found.grade == "A"
    said = " | ".join(found.flags)
    for words in ("outcome-dependent exclusion", "sold by the authors' centre", "only an abstract", "calls itself"):
        assert words in said


def test_a_reviewers_grade_stands_beside_the_derived_one(tmp_path):
    found = graded(tmp_path, grade_override="C", override_reason="the authors told us more")
    assert (found.grade, found.derived_grade, found.override) == ("C", "A", "the authors told us more")


ANSWERS = st.fixed_dictionaries({c.key: st.sampled_from([True, False, None]) for c in PROSPECTIVE})


@given(ANSWERS)
def test_the_best_case_is_never_worse_and_full_knowledge_makes_both_equal(answers):
    best = prospective_grade({key: True if value is None else value for key, value in answers.items()})
    assert best <= prospective_grade(answers)
    if None not in answers.values():
        assert best == prospective_grade(answers)


@given(ANSWERS, st.sampled_from([c.key for c in PROSPECTIVE]))
def test_meeting_one_more_condition_never_lowers_a_grade(answers, key):
    assert prospective_grade({**answers, key: True}) <= prospective_grade(answers)


def test_one_group_alone_compares_nobody(tmp_path):
    effect = {"form": "single_group", "events_low": "", "total_low": ""}
    found = graded(tmp_path, design=5, randomised="no", effect=effect)
    assert (found.stratum, found.grade, found.best) == ("treatment_cohort", "D", "D")
    assert found.reason.startswith("One group without a comparison")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("second_hand", "only a second-hand page was seen"), ("grant_report", "only a grant report was seen")],
)
def test_what_a_comparison_was_read_from_is_told(tmp_path, kind, said):
    assert said in graded(tmp_path, effect={"src_type": kind, "quote": "as printed"}).flags
