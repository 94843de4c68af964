"""Whom to ask what: every question can change something, and favourable answers give the grade that is promised."""

import pytest
from contrasts import AFTER, BEFORE, CONTRASTS, IDEAL, TREATED, review

from metaan.design.grade import grade_all
from metaan.design.queries import NUMBER_QUESTIONS, queries, rows
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse

FAVOURABLE = {
    **{"cohort_assembly": "inception", "assayed_before_outcome": "yes", "blinded_assay": "yes"},
    **{"cutoff_source": "prespecified", "adj_age": "matched", "adj_prior_losses": "matched"},
    **{"n_at_risk": "50", "n_outcome_known": "50", "treated_between": "none", "sampled_before_outcome": "yes"},
    **{"control_same_source": "yes", "state_same": "yes", "parity_handling": "adjusted", "randomised": "yes"},
    "adj_embryo_quality": "matched",
}
ANALYSES = [
    {
        "id": "all",
        "title": "All",
        "question": "All?",
        "include": {"outcome": ["next_loss"]},
        "measure": "SMD",
        "strata": [{"stratum": name} for name in ("prospective", "case_control", "trial", "treatment_cohort")],
    }
]


def asked(folder, contrasts, change=None):
    protocol, extraction = review(folder, contrasts, change, analyses=ANALYSES)
    found = graded_candidates(extraction, protocol)
    analyses = [analyse(select(found, plan), plan, protocol) for plan in protocol.analyses]
    grades = grade_all(extraction, protocol)
    return queries(extraction, protocol, grades, analyses), grades


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    return asked(tmp_path_factory.mktemp("asked"), CONTRASTS)


def test_only_answers_that_could_raise_a_grade_are_asked_for(everything):
    found, grades = everything
    by_design = {grade.design_id: grade for grade in grades}
    assert found
    for query in found:
        assert query.could_become < query.grade == by_design[query.design_id].grade
        assert query.could_become <= query.alone <= query.grade
    designs = {query.label for query in found}
    for silent in ("ideal cohort", "best case-control", "Singh 2023", "Toth 2019", "ideal cohort, treated by result"):
        assert silent not in designs
    assert "Tuckerman 2007, women with losses against controls" in designs


def test_those_who_could_gain_most_come_first(everything):
    gains = {}
    for query in everything[0]:
        gains.setdefault(query.study_id, []).append(query.gain)
    most = [max(found) for found in gains.values()]
    assert most == sorted(most, reverse=True)
    assert most[0] == 3  # an order of events that is not reported hides a cohort, or a case-control study


@pytest.mark.parametrize(
    "name",
    [
        "Katano 2013",
        "Yamada 2003",
        "Tuckerman 2007, next pregnancy",
        "Tuckerman 2007, women with losses against controls",
    ],
)
def test_favourable_answers_to_all_questions_give_the_promised_grade(tmp_path, everything, name):
    mine = [query for query in everything[0] if query.label == name]
    answers = {fact: FAVOURABLE[fact] for query in mine for fact in query.fact.split(", ")}
    population, facts, compared, _ = CONTRASTS[name]
    protocol, extraction = review(tmp_path / "told", {name: (population, {**facts, **answers}, compared, ())})
    (told,) = grade_all(extraction, protocol)
    assert {query.could_become for query in mine} == {told.grade}


def test_each_answer_alone_gives_the_grade_it_promises(tmp_path, everything):
    name = "Katano 2013"
    population, facts, compared, _ = CONTRASTS[name]
    mine = [query for query in everything[0] if query.label == name]
    assert len(mine) == 5
    contrasts = {
        query.question: (
            population,
            {**facts, **{fact: FAVOURABLE[fact] for fact in query.fact.split(", ")}},
            compared,
            (),
        )
        for query in mine
    }
    protocol, extraction = review(tmp_path / "alone", contrasts)
    assert [query.alone for query in mine] == [grade.grade for grade in grade_all(extraction, protocol)]


def test_a_question_names_only_the_confounders_that_are_not_reported(tmp_path):
    contrasts = {"one": ("RM", {**IDEAL, "adj_prior_losses": "NR"}, {}, ())}
    (query,) = asked(tmp_path / "x", contrasts)[0]
    assert query.question.endswith(": earlier losses?")
    assert (query.fact, query.grade, query.alone, query.could_become) == ("adj_prior_losses", "B", "A", "A")
    assert query.cell.startswith("Design!")
    assert (query.doi, query.citation) == ("10.1234/0", "A B (2007) Paper 0.")


def test_whether_treatment_was_random_is_asked_where_it_is_not_reported(tmp_path):
    contrasts = {name: ("RM", {"randomised": name}, TREATED, ()) for name in ("NR", "no", "quasi")}
    found, _ = asked(tmp_path / "x", contrasts)
    assert [(query.label, query.fact, query.alone, query.could_become) for query in found] == [
        ("NR", "randomised", "C", "A")
    ]


def test_numbers_are_asked_for_where_a_study_could_not_be_pooled(tmp_path):
    contrasts = {"told": ("RM", IDEAL, {}, ()), "untold": ("RM", {**AFTER, "state_same": "no"}, {}, ())}

    def silence(sheets):
        row = sheets["Effects"][1]
        for name in ("m1", "sd1", "m2", "sd2", "spread_type"):
            del row[name]
        row |= {"form": "direction_only", "sign": "no_difference"}

    (query,), _ = asked(tmp_path / "x", contrasts, silence)
    assert (query.label, query.fact, query.question) == ("untold", "numbers", NUMBER_QUESTIONS["levels"])
    assert query.gain == 0
    assert query.cell.startswith("Effects!A")


def test_rows_of_the_table_hold_every_question(everything):
    table = rows(everything[0])
    assert [row["question"] for row in table] == [query.question for query in everything[0]]
    assert {"doi", "grade", "grade_if_all_are_favourable", "cell"} <= set(table[0])


def test_a_comparison_in_no_analysis_is_not_asked_about(tmp_path):
    protocol, extraction = review(tmp_path / "x", {"one": ("RM", BEFORE, {}, ())})
    assert queries(extraction, protocol, grade_all(extraction, protocol), ()) == ()


def question(tool="RoB 2", **row):
    return {"tool": tool, "design_id": "S0-d", **row}


@pytest.mark.parametrize(
    ("judged", "grade", "best"),
    [
        ([], "C", "A"),
        ([question(domain="D1", judgement="low")], "C", "A"),
        ([question(domain="D1", judgement="some")], "C", "B"),
        ([question(domain="D1", judgement="high")], "C", "C"),
        ([question(domain="D1", item="1.2", answer="N")], "C", "C"),
        ([question(domain="D1", item="1.2", answer="NI")], "C", "B"),
    ],
)
def test_judgements_given_so_far_narrow_the_best_case_of_a_trial(tmp_path, judged, grade, best):
    def judge(sheets):
        sheets["Quality"] = judged

    protocol, extraction = review(tmp_path / "x", {"one": ("RM", {"randomised": "yes"}, TREATED, ())}, judge)
    (found,) = grade_all(extraction, protocol)
    assert (found.grade, found.best) == (grade, best)


def test_what_a_tool_could_not_find_out_is_asked_for(tmp_path):
    def judge(sheets):
        told = {"1.1": "Y", "1.2": "NI", "1.3": "N"}
        sheets["Quality"] = [question(domain="D1", item=item, answer=answer) for item, answer in told.items()]
        sheets["Quality"] += [question(domain=f"D{i}", judgement="low") for i in range(2, 6)]

    (query,), (grade,) = asked(tmp_path / "x", {"one": ("RM", {"randomised": "yes"}, TREATED, ())}, judge)
    assert (grade.grade, grade.best) == ("B", "B")
    assert (query.fact, query.alone, query.could_become) == ("RoB 2 1.2", "A", "A")
    assert query.cell.startswith("Quality!")
