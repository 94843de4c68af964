"""Names in the settings that question weaker designs, and rows of the sheet Bias that no case of the zoo holds."""

from copy import deepcopy

import pytest

import small_review
from between_cases import extraction
from metaan.robustness.between.audit import audit_between
from metaan.terms.finding import Level

SHIFT = {"label": "mothers", "effect": "Ames2001-pr-1", "cases": 0.2, "controls": 0.9, "source": "table 1"}
BIAS = {"study_id": "Ames2001", "kind": "additive", "bias": "recall", "mean": "0.1", "sd": "0.1", "who": "AR"}


def found(between=None, for_analysis=None, bias=(), reliability=(), effects=(), **changes):
    analyses = deepcopy(small_review.PROTOCOL["analyses"])
    if for_analysis:
        analyses[0]["between_designs"] = for_analysis
    protocol = small_review.protocol(analyses=analyses, between_designs=between or {}, **changes)
    rows = small_review.rows()
    rows["Effects"] += list(effects)
    rows |= {"Bias": list(bias), "Reliability": list(reliability)}
    return audit_between(extraction(protocol, rows), protocol)


def repeat(statistic="ICC", value="0.6"):
    return {"rel_id": "days", "study_id": "Ames2001", "statistic": statistic, "value": value}


def test_a_review_without_any_of_it_is_clean():
    assert found() == ()
    between = {"dilution": {"rel_id": "days"}, "shifts": {"of": [SHIFT]}}
    assert found(between, reliability=[repeat()], bias=[BIAS, BIAS | {"who": "ZB"}]) == ()


def test_a_row_of_reliability_that_is_not_there():
    (one,) = found({"dilution": {"rel_id": "dayz"}}, reliability=[repeat()])
    assert (one.id, one.level, one.subject) == ("PROTOCOL", Level.ERROR, "between_designs > dilution > rel_id")
    assert one.text().splitlines()[1:] == [
        '  found     "dayz"',
        "  expected  a rel_id of the sheet Reliability",
        '  to fix    did you mean "days"?',
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (repeat("kappa"), '"days", a kappa, which is no correlation'),
        (repeat("weighted_kappa"), '"days", a weighted kappa, which is no correlation'),
        (repeat("CV_pct", "12"), '"days", which gives no correlation but this: coefficient of variation, percent'),
        (repeat("pearson_r", "1"), '"days", which gives no correlation between 0 and 1'),
    ],
)
def test_a_row_of_reliability_that_cannot_serve(row, said):
    (one,) = found(for_analysis={"dilution": {"rel_id": "days"}}, reliability=[row])
    assert (one.level, one.found) == (Level.WARNING, said)
    assert one.subject == "analyses > tea-headache > between_designs > dilution > rel_id"


def test_a_shift_from_a_row_that_is_not_there_or_gives_no_effect():
    (one,) = found({"shifts": {"of": [SHIFT | {"effect": "Ames2001-pr"}]}})
    assert (one.level, one.to_fix) == (Level.ERROR, 'did you mean "Ames2001-pr-1"?')
    (one,) = found({"shifts": {"of": [SHIFT | {"effect": "Gray2007-cc-1"}]}})
    assert (one.level, one.found) == (Level.WARNING, '"Gray2007-cc-1", whose form p_only gives no effect')


def test_a_shift_of_an_explanation_that_is_not_there():
    (one,) = found({"shifts": {"of": [SHIFT | {"explanation": "parity"}]}})
    assert (one.level, one.subject) == (Level.ERROR, "between_designs > shifts > mothers > explanation")


def test_a_bias_for_all_analyses_and_one_for_each_meet():
    twice = [BIAS | {"analysis": "tea-headache"}, BIAS | {"analysis": "tea-tiredness"}]
    assert [each.id for each in found(bias=twice)] == ["D01"]  # another analysis, where the study has no row
    meet = found(bias=[BIAS, *twice])
    assert [(each.id, each.origin.cell) for each in meet if each.id == "D02"] == [("D02", "D3"), ("D02", "D4")]


def test_a_large_bias_of_a_mean_difference_is_not_asked_about():
    analyses = deepcopy(small_review.PROTOCOL["analyses"])
    large = [BIAS | {"mean": "5"}]
    assert [each.id for each in found(bias=large)] == ["D03"]
    analyses[0]["strata"][1]["measure"] = "MD"
    protocol = small_review.protocol(analyses=analyses)
    assert audit_between(extraction(protocol, {**small_review.rows(), "Bias": large}), protocol) == ()


def test_numbers_that_other_checks_name_are_left_to_them():
    blanks = [BIAS | {"mean": ""}, BIAS | {"mean": "high", "who": "ZB"}, BIAS | {"study_id": "Nobody", "who": ""}]
    assert found(bias=blanks) == ()


def test_designs_that_lead_nowhere_do_not_stop_the_other_checks():
    orphan = {**small_review.rows()["Effects"][0], "effect_id": "x-1", "design_id": "nowhere"}
    assert [each.id for each in found(bias=[BIAS | {"analysis": "tea"}], effects=[orphan])] == ["D01"]


@pytest.mark.parametrize(("sd", "asked"), [("0.49", []), ("0.5", ["D03"]), ("0.9", ["D03"])])
def test_a_factor_whose_two_standard_deviations_reach_nothing_is_asked_about(sd, asked):
    factor = BIAS | {"kind": "proportional", "mean": "1", "sd": sd}
    assert [each.id for each in found(bias=[factor])] == asked
