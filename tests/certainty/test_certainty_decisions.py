"""What reviewers decided takes the place of the proposal, and no level leaves its bounds."""

from dataclasses import replace

import pytest
from certainty_cases import analysis, decided, estimate, extraction, grade, missing, plain, protocol
from hypothesis import given
from hypothesis import strategies as st

from metaan.certainty.audit import audit_certainty
from metaan.certainty.grade import certainties, level_of
from metaan.terms.certainty import DOMAINS, DOWN, LEVELS, UP


def graded(decisions=(), stratum="prospective", estimates=None, **more):
    of = analysis(plain() if estimates is None else estimates, stratum, **more)
    (found,) = certainties(of, protocol(stratum), extraction(decisions))
    return found


def step(found, domain):
    return next(each for each in found.steps if each.domain == domain)


def test_a_decision_replaces_the_proposal_and_says_why():
    found = graded([decided("indirectness", "-2", proposed="0")])
    each = step(found, "indirectness")
    assert (each.proposed, each.decided, each.changed) == (None, -2, True)
    assert (each.sentence, each.who, each.cell) == ("We looked.", "AR", "Certainty!F2")
    assert each.inputs["proposal_seen_by_reviewers"] == "0"
    assert (found.level, found.best, found.because) == ("low", "low", "indirectness")


def test_accepting_keeps_the_proposal():
    weak = [replace(e, grade=grade(i, letter="C", best="A")) for i, e in enumerate(plain())]
    found = graded([decided("risk_of_bias", "as_proposed", sentence="")], estimates=weak)
    each = step(found, "risk_of_bias")
    assert (each.proposed, each.decided, each.changed, each.who) == (-1, -1, False, "AR")
    assert (found.level, found.best) == ("moderate", "high")


@pytest.mark.parametrize(
    "elsewhere",
    [{"analysis": "two"}, {"stratum": "trial"}, {"outcome": "history"}, {"domain": "imprecision"}],
)
def test_a_row_on_something_else_changes_nothing(elsewhere):
    found = graded([{**decided("indirectness", "-1"), **elsewhere}])
    assert step(found, "indirectness").decided == 0


def test_an_outcome_the_analysis_pools_matches():
    assert step(graded([decided("indirectness", "-1", outcome="loss")]), "indirectness").decided == -1


def test_people_chosen_by_outcome_are_not_raised_by_decision_either():
    cases = [replace(e, grade=grade(i, "case_control")) for i, e in enumerate(plain())]
    found = graded([decided("large_effect", "+2", stratum="case_control")], "case_control", cases)
    assert step(found, "large_effect").decided == 0
    assert found.level == "low"
    assert level_of("low", "case_control", [2]) == "low"
    assert level_of("low", "prospective", [2]) == "high"


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([decided("imprecision", "-1")], []),
        ([decided("imprecision", "0"), decided("large_effect", "0")], []),
        ([decided("imprecision", "-1", analysis="other")], ["G01"]),
        ([decided("imprecision", "-1", stratum="trial")], ["G01"]),
        ([decided("imprecision", "-1", outcome="history")], ["G01"]),
        ([decided("imprecision", "+1")], ["G02"]),
        ([decided("dose_response", "-1")], ["G02"]),
        ([decided("imprecision", "-1"), decided("imprecision", "-2")], ["G03"]),
        ([decided("imprecision", "-1", analysis="other"), decided("imprecision", "-2")], ["G01"]),
    ],
)
def test_findings(rows, ids):
    found = audit_certainty(extraction(rows), protocol())
    assert [each.id for each in found] == ids
    assert all(each.origin.sheet == "Certainty" for each in found)


def test_a_step_up_for_people_chosen_by_outcome_is_found():
    rows = [decided("large_effect", "+1", stratum="case_control")]
    (found,) = audit_certainty(extraction(rows), protocol("case_control"))
    assert (found.id, found.found) == ("G02", "+1")
    assert "never raised" in found.expected


LETTERS = st.sampled_from("ABCD")
STRATA = st.sampled_from(("trial", "treatment_cohort", "prospective", "case_control"))
ANSWERS = st.sampled_from(("yes", "no", "partly", "NR"))
DECISIONS = st.dictionaries(
    st.sampled_from(tuple(DOMAINS)), st.sampled_from(("as_proposed", "-3", "-2", "-1", "0", "+1", "+2")), max_size=8
)


@st.composite
def bodies(draw):
    stratum, k = draw(STRATA), draw(st.integers(0, 12))
    estimates = []
    for i in range(k):
        now, best = sorted((draw(LETTERS), draw(LETTERS)), reverse=True)
        answers = {key: draw(ANSWERS) for key in ("source", "state", "parity", "blind")}
        given_grade = grade(i, stratum, now, best, answers=answers if stratum == "case_control" else {})
        y, v = draw(st.floats(-2, 2)), draw(st.floats(0.005, 1))
        people = draw(st.none() | st.integers(4, 3000))
        estimates.append(estimate(i, y, v, given=given_grade, people=people))
    left_out = [missing("M", draw(st.integers(1, 9000)), stratum=stratum, sign="no_difference")]
    rows = [decided(domain, step, stratum) for domain, step in draw(DECISIONS).items()]
    kind = draw(st.sampled_from(("marker", "exposure", "treatment")))
    of = analysis(estimates, stratum, kind=kind, left_out=draw(st.sampled_from(([], left_out))))
    return of, protocol(stratum), extraction(rows)


@given(bodies())
def test_levels_stay_within_their_bounds(body):
    (found,) = certainties(*body)
    if not body[0].strata[0].k:
        assert found.level == ""
        return
    assert LEVELS.index(found.best) >= LEVELS.index(found.level)
    if found.stratum == "case_control":
        assert found.level in ("very_low", "low")
        assert found.best in ("very_low", "low")
    for each in found.steps:
        assert (each.proposed is None) == (each.best is None)
        assert (each.best or 0) >= (each.proposed or 0)
        assert each.decided <= 0 if each.domain in DOWN else each.decided >= 0
        typed = next((row for row in body[2].sheet("Certainty") if row["domain"] == each.domain), None)
        if typed is None or typed["decision"] == "as_proposed":
            assert each.decided == (each.proposed or 0)
        elif each.cell:
            assert each.decided == int(typed["decision"])
    total = sum(each.decided for each in found.steps)
    assert found.level == level_of(found.start, found.stratum, [total])


@given(bodies())
def test_what_is_refused_is_found(body):
    _, of, read = body
    refused = {
        row["domain"]
        for row in read.sheet("Certainty")
        if row["decision"] not in ("as_proposed", "0")
        and ((row["domain"] in UP) != row["decision"].startswith("+") or row["stratum"] == "case_control")
        and (row["domain"] in UP or row["decision"].startswith("+"))
    }
    found = [each for each in audit_certainty(read, of) if each.id == "G02"]
    assert len(found) == len(refused)
