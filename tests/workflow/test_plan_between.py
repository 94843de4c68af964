"""Which stages a setting or a row that questions the designs reruns."""

from copy import deepcopy

import pytest

import small_review
from metaan import plan

ALWAYS = {"ingest", "report"}
ANALYSIS = {"pool/tea-headache", "draw/tea-headache"}
OTHER = {"pool/tea-tiredness", "draw/tea-tiredness"}
REVIEW = {"draw_review"}  # draws on all settings but those of the report
SOURCE = {"src_type": "table", "src_ref": "Table 3", "extractor": "AR", "extracted_on": "2026-01-01"}
BIAS = {
    **{"study_id": "Ames2001", "kind": "additive", "bias": "recall", "mean": "0.1", "sd": "0.1", "who": "AR"},
    "reason": "asked after the headache",
}
REPEATS = [
    {"rel_id": name, "study_id": "Ames2001", "source_of_variation": "between_days", "n_women": "30", **SOURCE}
    | {"statistic": "pearson_r", "value": "0.5"}
    for name in ("days", "weeks")
]
#: the row is on the other analysis of the review
SHIFT = {"label": "tired", "effect": "Frey2006-tr-1", "cases": 0.2, "controls": 0.9, "source": "table 1"}


def digests_of(folder, sheets=None, between=None, for_analysis=None, **changes):
    analyses = deepcopy(small_review.PROTOCOL["analyses"])
    analyses[0] |= {"between_designs": for_analysis} if for_analysis else {}
    changes |= {"between_designs": between} if between else {}
    of = small_review.protocol(analyses=analyses, **changes)
    small_review.write(folder / "data" / "tea", {**small_review.rows(), **(sheets or {})}, of=of)
    (planned,) = plan.plan(plan.find_reviews(folder), folder / "cache")
    assert not planned.message, planned.message
    return planned.digests


def changed(before, after):
    assert after.keys() == before.keys()
    return {stage for stage in before if before[stage] != after[stage]}


@pytest.mark.parametrize(
    ("row", "cells", "expected"),
    [
        (BIAS, {"mean": "0.2"}, ANALYSIS),
        (BIAS, {"who": "ZB"}, ANALYSIS),
        (BIAS | {"analysis": "tea-headache"}, {"kind": "proportional", "mean": "1.1"}, ANALYSIS),
        (BIAS | {"study_id": "Frey2006"}, {"mean": "0.2"}, OTHER),
        (BIAS, {"study_id": "Frey2006"}, ANALYSIS | OTHER),
        (BIAS | {"analysis": "tea-tiredness"}, {"mean": "0.2"}, set()),  # where the study has no row
    ],
)
def test_an_expected_bias_reruns_the_analyses_of_its_study(tmp_path, row, cells, expected):
    before = digests_of(tmp_path, {"Bias": [row]})
    assert changed(before, digests_of(tmp_path, {"Bias": [row | cells]})) == ALWAYS | expected


def test_a_new_bias_reruns_the_analyses_of_its_study(tmp_path):
    before = digests_of(tmp_path)
    assert changed(before, digests_of(tmp_path, {"Bias": [BIAS]})) == ALWAYS | ANALYSIS


def test_a_reliability_reruns_the_analyses_whose_dilution_names_it(tmp_path):
    named = {"for_analysis": {"dilution": {"rel_id": "days"}}}
    before = digests_of(tmp_path, {"Reliability": REPEATS}, **named)
    other = [REPEATS[0], REPEATS[1] | {"value": "0.7"}]
    assert changed(before, digests_of(tmp_path, {"Reliability": other}, **named)) == ALWAYS | REVIEW
    own = [REPEATS[0] | {"value": "0.7"}, REPEATS[1]]
    assert changed(before, digests_of(tmp_path, {"Reliability": own}, **named)) == ALWAYS | REVIEW | ANALYSIS


def test_a_row_that_a_shift_names_reruns_the_analysis_it_is_not_in(tmp_path):
    named = {"for_analysis": {"shifts": {"of": [SHIFT]}}}
    sheets = small_review.rows()
    row = next(row for row in sheets["Effects"] if row["effect_id"] == "Frey2006-tr-1")
    before, free = digests_of(tmp_path, **named), digests_of(tmp_path)
    row["events_high"] = "8"
    assert changed(before, digests_of(tmp_path, sheets, **named)) == ALWAYS | ANALYSIS | OTHER
    assert changed(free, digests_of(tmp_path, sheets)) == ALWAYS | OTHER


def test_settings_of_one_analysis_rerun_no_other(tmp_path):
    before = digests_of(tmp_path)
    some = {"ceilings": {"shares": [0.2]}}
    assert changed(before, digests_of(tmp_path, for_analysis=some)) - REVIEW == ALWAYS | ANALYSIS
    assert changed(before, digests_of(tmp_path, between=some)) - REVIEW == ALWAYS | ANALYSIS | OTHER
    left = {"leave_out": ["prior"]}
    assert changed(before, digests_of(tmp_path, for_analysis=left)) - REVIEW == ALWAYS | ANALYSIS
