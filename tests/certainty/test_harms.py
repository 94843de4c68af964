"""Harms of treatments: counts give a risk ratio, printed ratios stay as printed, words stay words."""

import math

import pytest

import small_review
from metaan.certainty.harms import IMPOSSIBLE, harms, of_treatment
from metaan.design.grade import grade_all
from metaan.terms.certainty import Harm
from metaan.terms.wording import effect
from metaan.workbook.read import read_workbook

HARM = {
    **{"harm_id": "Frey-h1", "design_id": "Frey2006-tr", "intervention": "tea", "comparator": "water"},
    **{"harm": "burnt tongue", "serious": "no", "how_sought": "systematic", "src_type": "table", "src_ref": "Table 3"},
    **{"extractor": "AR", "extracted_on": "2026-01-01"},
}
COUNTS = {"events_high": "3", "total_high": "20", "events_low": "1", "total_low": "21"}


def found(folder, *rows, change=None):
    sheets = small_review.rows()
    sheets["Harms"] = list(rows)
    if change:
        change(sheets)
    protocol = small_review.protocol()
    extraction = read_workbook(small_review.write(folder / "tea", sheets), protocol.layout)
    grades = {grade.design_id: grade for grade in grade_all(extraction, protocol)}
    return harms(extraction, grades, protocol)


def as_harm(**cells):
    """Make the trial's row of Effects a harm."""

    def change(sheets):
        row = next(row for row in sheets["Effects"] if row["effect_id"] == "Frey2006-tr-1")
        row.update(effect_kind="harm", **cells)
        sheets["Effects"] = [{k: v for k, v in each.items() if v} for each in sheets["Effects"]]

    return change


def benefit(sheets):
    next(row for row in sheets["Effects"] if row["effect_id"] == "Frey2006-tr-1")["effect_kind"] = "benefit"


def test_counts_give_a_risk_ratio_with_its_interval(tmp_path):
    (harm,) = found(tmp_path, {**HARM, **COUNTS}, change=benefit)
    # risk ratio (3/20)/(1/21) = 3.15, se = sqrt(1/3 - 1/20 + 1/1 - 1/21): Katz et al. 1978, method C
    se = math.sqrt(1 / 3 - 1 / 20 + 1 - 1 / 21)
    assert (harm.measure, harm.group1, harm.group2) == ("RR", "3/20", "1/21")
    assert harm.estimate == pytest.approx(math.log(3.15), rel=1e-12)
    assert harm.ci.low == pytest.approx(math.log(3.15) - 1.959963984540054 * se, rel=1e-12)
    assert harm.ci.high == pytest.approx(math.log(3.15) + 1.959963984540054 * se, rel=1e-12)
    assert (harm.study_id, harm.stratum, harm.sheet, harm.row) == ("Frey2006", "trial", "Harms", 2)
    assert Harm.from_dict(harm.to_dict()) == harm


@pytest.mark.parametrize(
    ("events", "expected"),
    [(("0", "1"), "0.35 (0.015 to 8.10)"), (("0", "0"), ""), (("20", "21"), "")],
)
def test_empty_cells_are_corrected_and_tables_without_contrast_give_no_ratio(tmp_path, events, expected):
    counted = {**COUNTS, "events_high": events[0], "events_low": events[1]}
    (harm,) = found(tmp_path, {**HARM, **counted}, change=benefit)
    assert (effect("RR", harm.estimate, harm.ci) if harm.measure else "") == expected
    assert harm.group1 == f"{events[0]}/20"


def test_words_stay_words(tmp_path):
    (harm,) = found(tmp_path, {**HARM, "says": "no serious harm was seen"}, change=benefit)
    assert (harm.measure, harm.ci, harm.says, harm.group1) == ("", None, "no serious harm was seen", "")
    assert math.isnan(harm.estimate)


def test_impossible_counts_are_said_and_never_computed(tmp_path):
    (harm,) = found(tmp_path, {**HARM, **COUNTS, "events_high": "21"}, change=benefit)
    assert (harm.measure, harm.says, harm.group1) == ("", IMPOSSIBLE, "")


def test_one_group_alone_is_shown_without_a_ratio(tmp_path):
    (harm,) = found(tmp_path, {**HARM, "events_high": "3", "total_high": "20"}, change=benefit)
    assert (harm.group1, harm.group2, harm.measure) == ("3/20", "", "")


def test_people_chosen_by_outcome_give_counts_and_no_risk(tmp_path):
    (harm,) = found(tmp_path, {**HARM, **COUNTS, "design_id": "Dunn2004-cc"}, change=benefit)
    assert (harm.stratum, harm.group1, harm.measure, harm.ci) == ("case_control", "3/20", "", None)


def test_harms_on_effects_keep_their_own_direction(tmp_path):
    (harm,) = found(tmp_path, change=as_harm(outcome_good="no"))
    assert (harm.harm_id, harm.harm, harm.sheet) == ("Frey2006-tr-1", "headache", "Effects")
    assert harm.estimate == pytest.approx(math.log((7 / 40) / (10 / 41)), rel=1e-12)
    assert (harm.group1, harm.group2) == ("7/40", "10/41")
    (turned,) = found(tmp_path / "again", change=as_harm(outcome_good="yes"))
    assert turned.estimate == harm.estimate


def test_harm_of_an_exposure_is_no_harm_of_a_treatment(tmp_path):
    assert found(tmp_path, change=benefit) == ()


EMPTY = dict.fromkeys(("events_high", "total_high", "events_low", "total_low"), "")


def test_a_printed_ratio_stays_as_printed(tmp_path):
    printed = {"est": "1.75", "scale": "RR", "ci_low": "1.03", "ci_high": "2.99", "ci_level": "95"}
    (harm,) = found(tmp_path, change=as_harm(**EMPTY, form="ratio", **printed))
    assert (harm.measure, effect("RR", harm.estimate, harm.ci)) == ("RR", "1.75 (1.03 to 2.99)")
    (odds,) = found(tmp_path / "odds", change=as_harm(**EMPTY, form="ratio", **{**printed, "scale": "OR"}))
    assert odds.measure == "OR"
    bare = {**printed, "ci_low": "", "ci_high": "", "ci_level": ""}
    (alone,) = found(tmp_path / "bare", change=as_harm(**EMPTY, form="ratio", **bare))
    assert (alone.ci, math.exp(alone.estimate)) == (None, pytest.approx(1.75))


def test_percentages_and_direction_are_told_in_words(tmp_path):
    told = {"form": "direction_only", "sign": "higher_in_event", "pct_1": "11.8", "pct_2": "5.5"}
    (harm,) = found(tmp_path, change=as_harm(**EMPTY, **told))
    assert (harm.says, harm.measure) == ("11.8 % against 5.5 %; outcome more often with the treatment", "")


def test_a_row_set_aside_by_the_reviewers_is_listed_without_its_number(tmp_path):
    (harm,) = found(tmp_path, change=as_harm(flag="exclude", flag_reason="other people"))
    assert (harm.measure, harm.group1, harm.says) == ("", "", "set aside by the reviewers: other people")


@pytest.mark.parametrize("form", ["two_by_two", "events_totals"])
def test_counts_of_a_table_and_counts_down_its_columns_say_the_same(tmp_path, form):
    table = {"a_high_event": "7", "b_high_none": "33", "c_low_event": "10", "d_low_none": "31"}
    down = {"high_event": "7", "n_event": "17", "high_none": "33", "n_none": "64"}
    (harm,) = found(tmp_path, change=as_harm(**EMPTY, form=form, **(table if form == "two_by_two" else down)))
    assert (harm.group1, harm.group2) == ("7/40", "10/41")
    assert harm.estimate == pytest.approx(math.log((7 / 40) / (10 / 41)), rel=1e-12)


def test_trials_come_first_and_each_treatment_has_its_own(tmp_path):
    after = {**HARM, "harm_id": "Dunn-h1", "design_id": "Dunn2004-cc", "intervention": "Coffee"}
    every = found(tmp_path, after, {**HARM, **COUNTS}, change=benefit)
    assert [harm.harm_id for harm in every] == ["Frey-h1", "Dunn-h1"]
    assert [harm.harm_id for harm in of_treatment(every, ("coffee",))] == ["Dunn-h1"]
    assert of_treatment(every, ()) == ()
