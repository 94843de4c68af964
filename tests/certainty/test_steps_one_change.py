"""One input changed, one step changed: each domain against a body that nothing speaks against."""

import math
from dataclasses import replace

import pytest
from certainty_cases import (
    analysis,
    bcg,
    decided,
    estimate,
    extraction,
    grade,
    missing,
    plain,
    protocol,
    row,
)

from metaan.certainty.grade import certainties, start_level
from metaan.terms.appraisal import Appraisal
from metaan.terms.certainty import DOMAINS
from metaan.terms.records import Beside, Interval, RiskClass, Source

RISK = {"baseline_risk": {"value": 0.2, "source": "a register"}}
HISTORY = [{"label": "history", "facts": {"outcome": ["history"]}}]
OTHER_PEOPLE = [{"label": "other people", "facts": {"population": ["IVF"]}}]


def graded(estimates=None, stratum="prospective", decisions=(), settings=None, read=None, measure="RR", **more):
    settings = {**RISK, "analysis": {"indirect": HISTORY}, **(settings or {})}
    of = analysis(plain() if estimates is None else estimates, stratum, measure, **more)
    (found,) = certainties(of, protocol(stratum, measure, **settings), read or extraction(decisions))
    return found


def steps(found):
    return {step.domain: step.proposed for step in found.steps}


def changed(before, after):
    """Return the domains whose proposal differs, with the new one."""
    old, new = steps(before), steps(after)
    return {domain: new[domain] for domain in DOMAINS if new[domain] != old[domain]}


PLAIN = {
    **dict.fromkeys(("risk_of_bias", "inconsistency", "indirectness", "imprecision", "large_effect"), 0),
    **dict.fromkeys(("publication_bias", "dose_response", "opposing_confounding")),
}


def test_the_plain_body_is_lowered_for_nothing():
    found = graded()
    assert steps(found) == PLAIN
    assert (found.start, found.level, found.best, found.because) == ("high", "high", "high", "no reason to lower it")
    assert [step.domain for step in found.steps] == list(DOMAINS)
    assert all(step.because.endswith(".") for step in found.steps)


@pytest.mark.parametrize(
    ("weak", "letter", "step"),
    [(2, "C", 0), (3, "C", -1), (6, "C", -1), (4, "D", -1), (5, "D", -2), (6, "D", -2)],
)
def test_weight_of_weak_comparisons(weak, letter, step):
    # six studies of one weight: 3 of 6 are half of it, 5 of 6 are more than four fifths
    estimates = [replace(e, grade=grade(i, letter=letter, best="A")) if i < weak else e for i, e in enumerate(plain())]
    after = graded(estimates)
    assert changed(graded(), after) == ({"risk_of_bias": step} if step else {})
    assert after.steps[0].best == 0
    assert after.steps[0].inputs["weight_weak"] == pytest.approx(100 * weak / 6)


def test_the_result_without_weak_comparisons_counts_too():
    # one weak study of six lifts the mean over the limit of a small effect, ln 1.25 = 0.223
    y = (0.20, 0.21, 0.21, 0.22, 0.21, 0.45)
    estimates = plain(y)
    weak = [*estimates[:5], replace(estimates[5], grade=grade(5, letter="C", best="C"))]
    before, after = graded(estimates), graded(weak)
    assert changed(before, after) == {"risk_of_bias": -1}
    bias = after.steps[0]
    assert bias.inputs["weight_weak"] < 50
    assert bias.inputs["estimate_without_weak"] < math.log(1.25) < bias.inputs["estimate"]
    assert bias.best == -1


def test_doubt_and_high_risk_of_bias_make_a_comparison_weak():
    high = Appraisal(
        tool="quips",
        name="QUIPS",
        design_id="d0",
        effect_id="",
        study_id="s0",
        main=True,
        domains=(),
        judgement="high",
        level="high",
        derived="high",
        possible=("high",),
        by="typed",
    )
    for more in ({"doubt": "retracted"}, {"appraisals": (high,)}):
        estimates = [replace(e, grade=grade(i, **more)) for i, e in enumerate(plain())]
        assert changed(graded(), graded(estimates)) == {"risk_of_bias": -1}


@pytest.mark.parametrize(
    ("answers", "step", "best"),
    [
        ({}, 0, 0),
        ({"blind": "NR"}, -1, 0),
        ({"blind": "no"}, -1, -1),
        ({"blind": "partly"}, -1, -1),
        ({"blind": "no", "parity": "NR"}, -1, -1),
        ({"blind": "NR", "parity": "NR", "source": "NR"}, -2, 0),
        ({"blind": "no", "parity": "no", "source": "NR"}, -2, -1),
        ({"blind": "no", "parity": "no", "source": "no"}, -2, -2),
    ],
)
def test_of_people_chosen_by_outcome_only_the_other_conditions_count(answers, step, best):
    full = dict.fromkeys(("source", "state", "parity", "blind"), "yes")
    # the letter is D throughout, as an order of measurement that is not known would make it: it must not count
    estimates = [
        replace(e, grade=grade(i, "case_control", "D", "D", answers={**full, **answers})) for i, e in enumerate(plain())
    ]
    bias = graded(estimates, "case_control").steps[0]
    assert (bias.proposed, bias.best) == (step, best)


def test_a_prediction_interval_across_a_threshold():
    # the studies differ more and I2 stays under 50 %: only the prediction interval speaks
    y = (1.10, 0.25, 0.95, 0.40, 0.70, 0.65)
    before, after = graded(plain((0.675,) * 6, v=0.06)), graded(plain(y, v=0.06))
    found = after.steps[1]
    assert changed(before, after) == {"inconsistency": -1}
    assert found.inputs["i2"] < 50
    assert found.inputs["prediction_low"] < math.log(1.25) < found.inputs["ci_low"]


def test_estimates_on_both_sides_and_much_heterogeneity():
    found = graded(plain((1.6, 1.4, 1.5, 1.3, -0.1, 0.0), v=0.01)).steps[1]
    assert (found.proposed, found.best) == (-2, -2)
    assert found.inputs["i2"] > 50
    assert "no effect" in found.inputs["prediction_crosses"]


def test_i2_alone_never_decides():
    found = graded(plain((0.6, 1.6, 1.0, 1.4, 0.8, 1.2), v=0.002)).steps[1]
    assert found.inputs["i2"] > 90
    assert found.inputs["both_sides_of"] == {}
    assert found.proposed == 0 or found.inputs["prediction_crosses"]


def test_below_five_studies_a_prediction_interval_proposes_nothing():
    y = (0.9, 0.3, 0.75, 0.45)
    found = graded(plain(y, v=0.03)).steps[1]
    assert found.inputs["prediction_low"] < 0.223 < found.inputs["ci_low"] + 0.2
    assert found.inputs["prediction_counts"] is False
    assert found.proposed == 0
    assert "below 5 studies it proposes no step" in found.because


@pytest.mark.parametrize("k", [1, 2])
def test_below_three_studies_inconsistency_is_not_assessed(k):
    found = graded(plain(v=0.0004)[:k], no_bottom_line="They contradict each other.").steps[1]
    assert found.proposed is None
    assert "they contradict each other" in found.because


def test_a_fact_that_makes_a_result_indirect():
    estimates = plain()
    indirect = [
        replace(e, source=replace(e.source, values={**e.source.values, "outcome": "history"})) if i < 3 else e
        for i, e in enumerate(estimates)
    ]
    assert changed(graded(), graded(indirect)) == {"indirectness": -1}
    assert changed(graded(), graded([*indirect[:2], *estimates[2:]])) == {}


def test_two_kinds_and_facts_that_are_not_reported():
    settings = {"analysis": {"indirect": HISTORY + OTHER_PEOPLE}}
    design = [row("Design", i + 2, design_id=f"d{i}", population="IVF" if i < 3 else "") for i in range(6)]
    studies = [row("Studies", i + 2, study_id=f"s{i}", population="NR" if i > 4 else "RM") for i in range(6)]
    read = extraction(Design=tuple(design), Studies=tuple(studies))
    one = graded(settings=settings, read=read).steps[2]
    assert (one.proposed, one.best) == (-1, -1)  # half by the design, a sixth not reported
    both = graded(plain(outcome="history"), settings=settings, read=read).steps[2]
    assert (both.proposed, both.best) == (-2, -2)
    unclear = [row("Studies", i + 2, study_id=f"s{i}", population="NR") for i in range(6)]
    nr = graded(settings=settings, read=extraction(Studies=tuple(unclear))).steps[2]
    assert (nr.proposed, nr.best) == (-1, 0)


def test_a_protocol_that_names_nothing_leaves_indirectness_open():
    assert graded(settings={"analysis": {}}).steps[2].proposed is None


def test_an_interval_across_a_threshold():
    before, after = graded(plain((0.3,) * 6, v=0.001)), graded(plain((0.2,) * 6, v=0.001))
    assert changed(before, after) == {"imprecision": -1}


def test_an_interval_on_both_sides():
    found = graded(plain((0.05, 0.04, 0.06, 0.05, 0.05, 0.05), v=0.6))
    assert found.steps[3].proposed == -2
    assert found.steps[3].inputs["beyond_both_sides"]


def test_an_interval_inside_small_effects_is_precise():
    found = graded(plain((0.01,) * 6, v=0.004))
    assert found.steps[3].proposed == 0
    assert found.steps[3].inputs["inside"]


@pytest.mark.parametrize(("people", "step"), [(400, 0), (364, -1), (110, -1), (109, -2)])
def test_people_against_the_optimal_information_size(people, step):
    # 20 % against 25 %: 2188 needed; 6 x 364 = 2184 are fewer, 6 x 109 = 654 are less than 30 % (656.4)
    after = graded(plain(people=people))
    assert after.size["needed"] == 2188
    assert changed(graded(), after) == ({"imprecision": step} if step else {})


def test_wide_limits_stand_in_for_people():
    # ratio of the limits above 3 and no threshold crossed; how many people there are is not reported
    after = graded(plain((1.5,) * 6, v=0.35, people=None))
    found = after.steps[3]
    assert found.inputs["limits_ratio"] > 3
    assert found.inputs["crossed"] == []
    assert found.proposed == -2


def test_two_studies_are_never_precise_where_the_other_interval_is_wide():
    of = analysis(plain(v=0.0004, people=5000)[:2])
    two = replace(of.strata[0], also={"mKH": Interval(-1.0, 2.0)})
    for synthesis, step in ((of.strata[0], 0), (two, -1)):
        (found,) = certainties(replace(of, strata=(synthesis,)), protocol(**RISK), extraction())
        assert found.steps[3].proposed == step


def test_a_threshold_in_risks_is_used_where_risks_are_known():
    limits = {"thresholds": {"risk_difference": 0.2}}
    found = graded(settings=limits).steps[3]
    assert found.inputs["scale"] == "risk"
    assert found.inputs["inside"]  # 109 to 152 more of 1000: more than 1.25 times, less than 200


def test_known_missing_results_that_say_otherwise():
    before = graded(left_out=[missing("Big", 5999, sign="no_difference")])
    after = graded(left_out=[missing("Big", 6000, sign="no_difference")])
    assert changed(before, after) == {"publication_bias": -1}
    assert after.missing.judgement == "high"
    same = graded(left_out=[missing("Big", 60000, sign="higher_in_event")])
    assert changed(before, same) == {}


def test_small_studies_that_show_more():
    # twelve studies around one mean, and the same with effects that rise with their standard error
    v = [0.004 * 1.5**i for i in range(12)]
    noise = (0, 0.05, -0.04, 0.06, -0.05, 0.03, 0.1, -0.08, 0.12, -0.1, 0.15, -0.1)
    even = [estimate(i, 0.7 + 0.5 * e, each) for i, (each, e) in enumerate(zip(v, noise, strict=True))]
    skewed = [
        estimate(i, 0.3 + 3 * math.sqrt(each) + 0.5 * e, each) for i, (each, e) in enumerate(zip(v, noise, strict=True))
    ]
    before, after = graded(even), graded(skewed)
    assert steps(before)["publication_bias"] == 0
    assert changed(before, after) == {"publication_bias": -1}
    found = after.steps[4]
    assert found.inputs["p"] < 0.1
    assert found.inputs["filled"] > 0
    few = graded(skewed[:9])
    assert few.steps[4].proposed is None
    assert "fewer than 10" in few.steps[4].because


def test_a_test_without_a_shift_and_a_shift_without_a_test_propose_nothing():
    v = [0.004 * 1.5**i for i in range(12)]
    noise = (0, 0.05, -0.04, 0.06, -0.05, 0.03, 0.1, -0.08, 0.12, -0.1, 0.15, -0.1)
    rising = [0.2 + 1.5 * math.sqrt(each) + 0.5 * e for each, e in zip(v, noise, strict=True)]
    uneven = [0.52, 0.50, 0.49, 0.39, 0.54, 0.50, 0.88, 0.07, 1.83, -1.53, 0.55, 1.35]
    for y, positive, visible in ((rising, True, False), (uneven, False, True)):
        found = graded([estimate(i, *each) for i, each in enumerate(zip(y, v, strict=True))]).steps[4]
        assert (found.inputs["p"] < 0.1, found.inputs["visible"]) == (positive, visible)
        assert found.proposed == 0


def test_which_small_study_test_is_used():
    tables = [
        estimate(i, 0.1 * i, 0.2, "OR", a_high_event="20", b_high_none=str(80 + i), c_low_event="15", d_low_none="85")
        for i in range(10)
    ]
    for measure, estimates, kind in (
        ("OR", tables, "harbord"),
        ("OR", [estimate(i, 0.1 * i, 0.1 + 0.01 * i, "OR") for i in range(10)], "egger"),
        ("RR", bcg()[:10], "egger"),
        ("SMD", [estimate(i, 0.1 * i, 0.1, "SMD", n1=str(20 + i), n2="30") for i in range(10)], "pustejovsky"),
        ("SMD", [estimate(i, 0.1 * i, 0.1 + 0.01 * i, "SMD", n1="NR", n2="30") for i in range(10)], "egger"),
    ):
        assert graded(estimates, measure=measure).steps[4].inputs["test"] == kind


LARGE = (1.2, 1.25, 1.15, 1.22, 1.18, 1.2)


def causal(y=LARGE, v=0.004, **more):
    return graded(plain(y, v), kind="exposure", **more)


def test_a_large_effect():
    assert causal((0.6,) * 6).steps[5].proposed == 0
    assert changed(causal((0.65, 0.66, 0.65, 0.66, 0.65, 0.66)), causal()) == {"large_effect": 1}
    assert causal((1.7,) * 6).steps[5].proposed == 2
    assert causal((-1.7,) * 6).steps[5].proposed == 2
    assert causal().level == "moderate"


def test_a_large_effect_does_not_raise_what_is_lowered_or_starts_high():
    weak = [replace(e, grade=grade(i, letter="C", best="A")) for i, e in enumerate(plain(LARGE))]
    found = graded(weak, kind="exposure")
    assert (found.steps[5].proposed, found.steps[5].best) == (0, 1)
    assert (found.level, found.best) == ("very_low", "moderate")
    assert causal(decisions=[decided("imprecision", "-1")]).steps[5].proposed == 0
    assert graded(plain(LARGE)).steps[5].proposed == 0
    for stratum in ("case_control", "treatment_cohort"):
        assert graded(plain(LARGE), stratum, kind="treatment").steps[5].proposed == 0
    assert graded(plain(LARGE), measure="SMD").steps[5].proposed == 0


def trend(study, *risks):
    source = Source(
        workbook="t.xlsx",
        sheet="Effects",
        row=9,
        cells={},
        values={"design_id": f"{study}-d"},
        kind="table",
        reference="",
        quote="",
    )
    classes = tuple(RiskClass(label=str(i), risk=risk, cell="") for i, risk in enumerate(risks))
    return Beside(
        study_id=study, label=study, stratum="prospective", people=1, classes=classes, bounds=None, source=source
    )


def test_a_planned_trend_in_two_studies():
    def of(planned, *second):
        designs = tuple(
            row("Design", i + 2, design_id=f"{s}-d", preregistered_analysis="yes" if i < planned else "NR")
            for i, s in enumerate(("X", "Y"))
        )
        beside = [trend("X", 1.0, 2.0, 3.0), trend("Y", *second)]
        return graded(kind="exposure", beside=beside, read=extraction(Design=designs))

    assert of(2, 4.0, 5.0, 6.0).steps[6].proposed == 1
    assert of(1, 4.0, 5.0, 6.0).steps[6].proposed == 0
    assert of(2, 4.0, 6.0, 5.0).steps[6].proposed == 0
    assert of(2, 6.0, 5.0, 4.0).steps[6].proposed == 0  # the other way
    assert changed(of(1, 4.0, 5.0, 6.0), of(2, 4.0, 5.0, 6.0)) == {"dose_response": 1}


def test_opposing_confounding_is_for_reviewers():
    before = graded(kind="exposure")
    after = graded(kind="exposure", decisions=[decided("opposing_confounding", "+1")])
    assert changed(before, after) == {}
    assert (before.level, after.level) == ("low", "moderate")


@pytest.mark.parametrize(
    ("stratum", "question", "tools", "level"),
    [
        ("trial", "treatment", (), "high"),
        ("prospective", "prognostic", (), "high"),
        ("prospective", "causal", (), "low"),
        ("prospective", "causal", ("ROBINS-E",), "high"),
        ("treatment_cohort", "treatment", (), "low"),
        ("treatment_cohort", "treatment", ("ROBINS-I",), "high"),
        ("case_control", "prognostic", (), "low"),
        ("case_control", "causal", ("ROBINS-E",), "low"),
        ("cross_sectional", "causal", ("ROBINS-E",), "low"),
    ],
)
def test_where_evidence_starts(stratum, question, tools, level):
    assert start_level(stratum, question, tools)[0] == level


@pytest.mark.parametrize(("level", "step"), [("low", 0), ("some", -1), ("high", -2), ("critical", -2)])
def test_cohorts_judged_against_an_ideal_trial_start_high_and_are_lowered(level, step):
    def judged(i):
        return Appraisal(
            tool="robins-i",
            name="ROBINS-I",
            design_id=f"d{i}",
            effect_id="",
            study_id=f"s{i}",
            main=True,
            domains=(),
            judgement=level,
            level=level,
            derived=level,
            possible=(level,),
            by="typed",
        )

    letter = {"low": "B", "some": "C"}.get(level, "D")
    grades = [grade(i, "treatment_cohort", letter, letter, appraisals=(judged(i),)) for i in range(6)]
    all_judged = [replace(e, grade=g) for e, g in zip(plain(), grades, strict=True)]
    found = graded(all_judged, "treatment_cohort", kind="treatment")
    assert (found.start, found.steps[0].proposed) == ("high", step)
    one_not = [replace(all_judged[0], grade=grade(0, "treatment_cohort", letter, letter)), *all_judged[1:]]
    assert graded(one_not, "treatment_cohort", kind="treatment").start == "low"


def test_no_study_has_no_level():
    found = graded([])
    assert (found.level, found.best) == ("", "")
    assert {step.proposed for step in found.steps} == {None}
    assert found.no_absolute == "no study"


def test_one_study_is_graded_by_its_own_interval():
    found = graded(plain(v=0.0004, people=4000)[:1])
    assert found.level == "high"
    assert found.steps[3].inputs["ci_low"] == pytest.approx(0.5 - 1.959964 * 0.02, abs=1e-6)
