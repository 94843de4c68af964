import math

import pytest

import small_review
from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.terms.records import Analysis
from metaan.workbook.read import read_workbook


def analysis(folder, name="tea-headache", sheets=None, change=None):
    from copy import deepcopy

    analyses = deepcopy(small_review.PROTOCOL["analyses"])
    if change:
        change({item["id"]: item for item in analyses}[name])
    protocol = small_review.protocol(analyses=analyses)
    extraction = read_workbook(small_review.write(folder / "tea", sheets, protocol), protocol.layout)
    rows = graded_candidates(extraction, protocol)
    return analyse(select(rows, protocol.analysis(name)), protocol.analysis(name), protocol)


def edited(row, **cells):
    sheets = small_review.rows()
    effect = sheets["Effects"][row]
    sheets["Effects"][row] = {key: value for key, value in {**effect, **cells}.items() if value}
    return sheets


NO_TABLE = dict.fromkeys(("a_high_event", "b_high_none", "c_low_event", "d_low_none"), "")


def test_strata_are_pooled_apart_strongest_design_first(tmp_path):
    done = analysis(tmp_path)
    assert [(s.stratum, s.k) for s in done.strata] == [("prospective", 3), ("case_control", 2)]
    tables = [tuple(map(int, row[2:])) for row in small_review.TABLES if row[1] == "pr"]
    y = [math.log(a * d / (b * c)) for a, b, c, d in tables]
    v = [1 / a + 1 / b + 1 / c + 1 / d for a, b, c, d in tables]
    alone = pool(y, v)
    assert done.strata[0].pooled.estimate == pytest.approx(alone.estimate, rel=1e-12)
    assert [e.weight for e in done.strata[0].estimates] == pytest.approx(list(alone.weights))
    assert done.strata[0].pooled.method["interval"] == "mKH"


def test_every_row_is_pooled_or_left_out_with_a_reason(tmp_path):
    done = analysis(tmp_path)
    assert done.ledger.typed == len(small_review.rows()["Effects"]) == 7
    assert (done.ledger.pooled, done.ledger.left_out, done.ledger.outside) == (5, {"form": 1}, {"factor_kind": 1})
    assert done.ledger.balanced
    (left,) = done.left_out
    assert (left.label, left.says) == ("Gray 2007", "higher, or more often, with the outcome; P = 0.04")
    assert left.reason.startswith("only a p-value")


def test_records_survive_being_written(tmp_path):
    done = analysis(tmp_path)
    assert Analysis.from_dict(done.to_dict()) == done


def test_two_studies_are_drawn_with_wald_and_both_are_told(tmp_path):
    two = analysis(tmp_path).strata[1]
    assert two.pooled.method["interval"] == "Wald"
    assert two.also["mKH"].high - two.also["mKH"].low > two.pooled.ci.high - two.pooled.ci.low
    assert two.remarks == ("Two studies: no method gives a trustworthy interval.",)
    assert two.pooled.prediction is None


def test_one_study_stands_alone(tmp_path):
    one = analysis(tmp_path, "tea-tiredness").strata[0]
    assert (one.k, one.pooled, one.estimates[0].weight) == (1, None, 100.0)


def test_a_narrower_hartung_knapp_interval_is_told(tmp_path):
    three = analysis(tmp_path).strata[0]
    plain, wald = three.also["HK"], three.also["Wald"]
    assert plain.high - plain.low < wald.high - wald.low
    assert "narrower" in three.remarks[0]


THIRD = {"form": "two_by_two", "a_high_event": "22", "b_high_none": "28", "c_low_event": "16", "d_low_none": "34"}


def test_the_difference_is_weaker_minus_stronger_with_its_own_variances(tmp_path):
    done = analysis(tmp_path, sheets=edited(6, **{"p_value": "", "p_cmp": "", "sign": ""}, **THIRD))
    (difference,) = done.differences
    stronger, weaker = done.strata
    assert (difference.stronger, difference.weaker, difference.tested) == ("prospective", "case_control", True)
    assert difference.estimate == pytest.approx(weaker.pooled.estimate - stronger.pooled.estimate)
    wald = [
        pool([e.effect.y for e in s.estimates], [e.effect.v for e in s.estimates], interval="Wald").se
        for s in (stronger, weaker)
    ]
    half = (difference.ci.high - difference.ci.low) / 2
    assert half == pytest.approx(1.959963984540054 * math.hypot(*wald))


def test_fewer_than_three_studies_on_a_side_are_not_tested(tmp_path):
    (difference,) = analysis(tmp_path).differences
    assert (difference.tested, "fewer than three" in difference.reason) == (False, True)


def test_the_same_people_in_both_strata_are_not_tested(tmp_path):
    sheets = small_review.rows()
    sheets["Studies"][3]["same_cohort_as"] = "Ames2001"
    (difference,) = analysis(tmp_path, sheets=sheets).differences
    assert (difference.tested, difference.reason) == (False, "same adults: difference not tested")


def test_strata_on_different_scales_are_not_tested(tmp_path):
    (difference,) = analysis(tmp_path, change=lambda item: item["strata"][0].update(measure="RR")).differences
    assert (difference.tested, "different scales" in difference.reason) == (False, True)


def test_a_risk_ratio_is_never_computed_from_people_chosen_by_outcome(tmp_path):
    done = analysis(tmp_path, change=lambda item: item.update(measure="RR"))
    assert [s.k for s in done.strata] == [3, 0]
    assert {left.kind for left in done.left_out} == {"other_scale", "form"}


def test_a_nested_case_control_study_gives_no_risk_ratio_either(tmp_path):
    sheets = small_review.rows()
    sheets["Design"][0] |= {"selected_on_outcome": "yes", "cohort_assembly": "nested_cc", "control_same_source": "yes"}
    done = analysis(tmp_path, sheets=sheets, change=lambda item: item.update(measure="RR"))
    prospective = next(s for s in done.strata if s.stratum == "prospective")
    assert [each.effect_id for each in prospective.estimates] == ["Bell2002-pr-1", "Cole2003-pr-1"]
    (left,) = [each for each in done.left_out if each.effect_id == "Ames2001-pr-1"]
    assert "people were chosen by outcome" in left.reason


@pytest.mark.parametrize(
    ("cells", "kind", "words"),
    [
        ({"flag": "exclude", "flag_reason": "retracted"}, "flagged", "left out by the reviewers: retracted"),
        ({"priority": "secondary"}, "priority", "not the study's main result"),
        ({"priority": "sensitivity"}, "sensitivity", "in sensitivity analyses only"),
        ({"a_high_event": "0", "c_low_event": "0"}, "no_numbers", "no event"),
    ],
)
def test_why_a_row_is_left_out(tmp_path, cells, kind, words):
    done = analysis(tmp_path, sheets=edited(0, **cells))
    found = {left.effect_id: left for left in done.left_out}["Ames2001-pr-1"]
    assert found.kind == kind
    assert words in found.reason
    assert done.strata[0].k == 2
    assert done.ledger.balanced


def test_a_second_main_row_of_a_study_is_not_pooled_twice(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"].append({**sheets["Effects"][0], "effect_id": "Ames2001-pr-2"})
    done = analysis(tmp_path, sheets=sheets)
    assert done.strata[0].k == 3
    assert "second main row" in done.left_out[-1].reason or "second main row" in done.left_out[0].reason


def test_what_is_read_second_hand_without_doi_is_not_pooled(tmp_path):
    sheets = edited(0, src_type="second_hand")
    assert analysis(tmp_path, sheets=sheets).strata[0].k == 3
    del sheets["Reports"][0]["doi"]
    done = analysis(tmp_path, sheets=sheets)
    assert done.strata[0].k == 2
    assert "second-hand" in {left.effect_id: left.reason for left in done.left_out}["Ames2001-pr-1"]


def test_a_design_the_analysis_does_not_pool_is_listed(tmp_path):
    done = analysis(tmp_path, change=lambda item: item["strata"].pop(1))
    reasons = {left.effect_id: (left.kind, left.reason) for left in done.left_out}
    assert reasons["Dunn2004-cc-1"] == ("stratum", "case-control: this analysis pools prospective comparisons")


def test_a_stratum_may_have_a_filter_of_its_own(tmp_path):
    done = analysis(tmp_path, change=lambda item: item["strata"][1].update(include={"outcome": ["headache"]}))
    assert [s.k for s in done.strata] == [3, 0]
    assert done.ledger.outside == {"factor_kind": 1, "outcome": 3}


def test_sensitivity_adds_and_leaves_out_and_changes_the_model(tmp_path):
    def change(item):
        item["sensitivity"] = [
            "DL",
            {"label": "with Ames", "why": "may be double", "with": ["Ames2001"]},
            {"label": "without Bell", "why": "different tea", "without": ["Bell2002-pr-1"]},
        ]

    done = analysis(tmp_path, sheets=edited(0, priority="sensitivity"), change=change)
    found = {entry.label: entry for entry in done.strata[0].sensitivity}
    assert set(found) == {"DerSimonian-Laird", "with Ames", "without Bell"}
    assert found["with Ames"].pooled.k == 3
    assert found["without Bell"].pooled is None
    assert found["without Bell"].estimate == done.strata[0].estimates[1].effect.y
    assert found["DerSimonian-Laird"].pooled.method["tau2"] == "DL"
    assert {entry.label for entry in done.strata[1].sensitivity} == {"DerSimonian-Laird", "Grades A to C"}


def test_what_rests_on_a_conversion_has_a_sensitivity_without_it(tmp_path):
    sheets = edited(
        3, **NO_TABLE, form="means", n1="20", m1="5", min1="1", max1="9", n2="20", m2="4", min2="1", max2="8"
    )
    sheets["Effects"][4] = {
        **{key: value for key, value in sheets["Effects"][4].items() if key not in NO_TABLE},
        **{"form": "means", "n1": "20", "m1": "5", "sd1": "2", "n2": "20", "m2": "4", "sd2": "2", "spread_type": "sd"},
    }
    case_control = analysis(
        tmp_path,
        sheets=sheets,
        change=lambda item: item["strata"][1].update(measure="SMD", conversions=["mean_range_to_sd"]),
    ).strata[1]
    assert [e.effect.converted for e in case_control.estimates] == [True, False]
    (entry,) = [e for e in case_control.sensitivity if e.label == "Without converted results"]
    assert entry.estimates == ("Earl2005-cc-1",)


def test_a_sensitivity_that_leaves_nothing_is_not_shown(tmp_path):
    sheets = edited(5)
    done = analysis(
        tmp_path,
        "tea-tiredness",
        sheets=sheets,
        change=lambda item: item.update(sensitivity=[{"label": "x", "why": "y", "without": ["Frey2006"]}]),
    )
    assert [entry.label for entry in done.strata[0].sensitivity] == ["Grades A and B only"]


def test_risks_by_class_without_sizes_give_bounds_for_any_sizes(tmp_path):
    sheets = small_review.rows()
    base = {**sheets["Effects"][2], **NO_TABLE, "form": "risk_only", "n_analysed": "552"}
    sheets["Effects"] = [row for row in sheets["Effects"] if row["effect_id"] != "Cole2003-pr-1"]
    for i, (low, high, risk) in enumerate(
        [("35", "46", "22.6"), ("5", "24", "28.1"), ("47", "74", "20.7"), ("25", "34", "17.9")]
    ):
        cells = {"risk_pct": risk, "class_label": f"{low}-{high} %", "class_low": low, "class_high": high}
        sheets["Effects"].append({k: v for k, v in {**base, **cells, "effect_id": f"Cole2003-pr-{i}"}.items() if v})
    done = analysis(tmp_path, sheets=sheets)
    (beside,) = done.beside
    assert [c.risk for c in beside.classes] == [28.1, 17.9, 22.6, 20.7]
    assert (beside.bounds.low, beside.bounds.high) == pytest.approx((20.7 / 28.1, 20.7 / 17.9))
    assert (beside.stratum, beside.people) == ("prospective", 552)
    assert done.ledger.left_out["form"] == 5
    assert done.ledger.balanced


def test_one_study_in_two_strata_is_brought_to_a_common_scale_and_not_tested(tmp_path):
    sheets = small_review.rows()
    design = {**sheets["Design"][3], "design_id": "Ames2001-cc", "study_id": "Ames2001"}
    sheets["Design"].append(design)
    row = {**sheets["Effects"][3], "effect_id": "Ames2001-cc-1", "design_id": "Ames2001-cc"}
    means = {"form": "means", "n1": "68", "m1": "39.4", "sd1": "12.7", "n2": "47", "m2": "29.0", "sd2": "12.8"}
    sheets["Effects"].append({k: v for k, v in {**row, **NO_TABLE, **means, "spread_type": "sd"}.items() if v})

    def change(item):
        item["strata"][1].update(measure="SMD")
        item["common_scale"] = {"studies": ["Ames2001"], "measure": "SMD", "conversions": ["or_to_smd"]}

    done = analysis(tmp_path, sheets=sheets, change=change)
    (common,) = done.common_scale
    assert common.strata == ("prospective", "case_control")
    assert common.effects[0].y == pytest.approx(math.log(12 * 92 / (88 * 8)) * math.sqrt(3) / math.pi)
    assert common.remark == "Same adults: difference not tested."
    assert done.differences[0].reason.startswith("same adults")


def test_a_number_can_be_followed_to_its_cell_and_its_source(tmp_path):
    done = analysis(tmp_path)
    source = done.strata[0].estimates[0].source
    assert (source.sheet, source.row, source.doi, source.reference) == ("Effects", 2, "10.1234/tea.0", "Table 2")
    assert source.values["a_high_event"] == "12"
    assert source.cells["a_high_event"].endswith("2")


def test_numbers_on_another_scale_are_told_apart_from_no_numbers(tmp_path):
    done = analysis(tmp_path, change=lambda item: item["strata"][1].update(measure="SMD"))
    kinds = {left.effect_id: (left.kind, left.says) for left in done.left_out}
    assert kinds["Dunn2004-cc-1"] == ("other_scale", "30 with and 20 without the outcome against 18 and 32")
    assert kinds["Gray2007-cc-1"][0] == "form"


def test_a_row_that_is_added_takes_the_place_of_its_studys_main_row(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"].append({**sheets["Effects"][0], "effect_id": "Ames2001-pr-2", "priority": "sensitivity"})
    entry = {"label": "x", "why": "y", "with": ["Ames2001"]}
    done = analysis(tmp_path, sheets=sheets, change=lambda item: item.update(sensitivity=[entry]))
    assert done.strata[0].sensitivity[0].estimates == ("Bell2002-pr-1", "Cole2003-pr-1", "Ames2001-pr-2")


def test_cycles_are_not_counted_as_people(tmp_path):
    done = analysis(tmp_path, sheets=edited(0, analysis_unit="cycle"))
    assert done.strata[0].people is None
    assert done.strata[0].estimates[0].people is None


def test_classes_that_overlap_or_belong_to_another_outcome_give_no_bounds(tmp_path):
    sheets = small_review.rows()
    base = {**sheets["Effects"][2], **NO_TABLE, "form": "risk_only"}
    sheets["Effects"] = [row for row in sheets["Effects"] if row["effect_id"] != "Cole2003-pr-1"]
    for i, (low, high) in enumerate([("5", "30"), ("25", "40")]):
        cells = {"risk_pct": "20", "class_label": "c", "class_low": low, "class_high": high}
        sheets["Effects"].append({k: v for k, v in {**base, **cells, "effect_id": f"Cole2003-pr-{i}"}.items() if v})
    (beside,) = analysis(tmp_path, sheets=sheets).beside
    assert beside.bounds is None
