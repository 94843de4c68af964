"""What another version of a row does to its effect and to the pooled result."""

import math
from dataclasses import replace

import pytest
import recheck_cases

from metaan.pooling.pool import pool
from metaan.robustness.changes import as_version_of, effects_of_changes


def changed(extraction, effect_id, **cells):
    row = extraction.by_key("Effects", "effect_id")[effect_id]
    return replace(row, values={**row.values, **cells})


def log_or(a, b, c, d):
    return math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def test_both_versions_are_pooled_as_planned():
    protocol, extraction = recheck_cases.tea()
    (found,) = effects_of_changes(protocol, extraction, [changed(extraction, "Ames2001-pr-1", a_high_event="21")])
    others = [log_or(20, 80, 11, 89), log_or(9, 41, 6, 44)]
    before = pool(*zip(log_or(12, 88, 8, 92), *others, strict=True))
    after = pool(*zip(log_or(21, 88, 8, 92), *others, strict=True))
    assert (found.row_id, found.analysis, found.stratum, found.measure) == (
        *("Ames2001-pr-1", "tea-headache", "prospective"),
        "OR",
    )
    assert found.before.y == pytest.approx(log_or(12, 88, 8, 92)[0])
    assert found.after.y == pytest.approx(log_or(21, 88, 8, 92)[0])
    for stand, fit in ((found.pooled_before, before), (found.pooled_after, after)):
        assert (stand.k, stand.estimate, stand.low, stand.high) == (
            3,
            *(pytest.approx(x) for x in (fit.estimate, fit.ci.low, fit.ci.high)),
        )
    half = (before.ci.high - before.ci.low) / 2
    assert found.shift == pytest.approx((after.estimate - before.estimate) / half)
    assert not found.changes


def test_the_same_row_changes_nothing():
    protocol, extraction = recheck_cases.tea()
    (found,) = effects_of_changes(protocol, extraction, [changed(extraction, "Ames2001-pr-1", src_ref="Table 3")])
    assert found.before == found.after
    assert found.shift == 0
    assert not found.changes


def test_a_row_that_one_extractor_missed():
    protocol, extraction = recheck_cases.tea()
    (gone,) = effects_of_changes(protocol, extraction, [], ["Cole2003-pr-1"])
    assert gone.after is None
    assert (gone.pooled_before.k, gone.pooled_after.k) == (3, 2)
    without = replace(
        extraction,
        rows={
            **extraction.rows,
            "Effects": tuple(r for r in extraction.sheet("Effects") if r["effect_id"] != "Cole2003-pr-1"),
        },
    )
    (back,) = effects_of_changes(protocol, without, [extraction.by_key("Effects", "effect_id")["Cole2003-pr-1"]])
    assert back.before is None
    assert (back.pooled_before, back.pooled_after) == (gone.pooled_after, gone.pooled_before)


def test_a_design_that_is_read_otherwise_moves_the_row_to_another_stratum():
    protocol, extraction = recheck_cases.tea()
    design = extraction.by_key("Design", "design_id")["Cole2003-pr"]
    facts = {"sampled_before_outcome": "no", "assayed_before_outcome": "no", "selected_on_outcome": "yes"}
    found = effects_of_changes(protocol, extraction, [replace(design, values={**design.values, **facts})])
    ks = {change.stratum: (change.pooled_before.k, change.pooled_after.k) for change in found}
    assert ks["prospective"] == (3, 2)
    assert {change.row_id for change in found} == {"Cole2003-pr"}


def test_a_result_that_appears_or_vanishes_is_a_change():
    protocol, extraction = recheck_cases.tea()
    (gone,) = effects_of_changes(protocol, extraction, [], ["Frey2006-tr-1"])
    assert gone.changes
    assert math.isnan(gone.shift)
    assert gone.pooled_after.k == 0


def test_impossible_numbers_say_why():
    protocol, extraction = recheck_cases.tea()
    (found,) = effects_of_changes(protocol, extraction, [changed(extraction, "Frey2006-tr-1", events_high="70")])
    assert found.after.missing
    assert math.isnan(found.after.y)
    assert found.pooled_after.k == 0


def test_rows_that_no_analysis_pools_say_nothing():
    protocol, extraction = recheck_cases.tea()
    assert effects_of_changes(protocol, extraction, [changed(extraction, "Ames2001-pr-1", outcome="other")]) != ()
    assert effects_of_changes(protocol, extraction, [], ["nobody"]) == ()


def test_a_version_takes_the_place_and_the_names_of_the_row_it_stands_for():
    _, extraction = recheck_cases.tea()
    a, b = extraction.sheet("Effects")[:2]
    version = as_version_of(a, replace(b, number=99))
    assert (version.number, version["effect_id"], version["design_id"]) == (a.number, a["effect_id"], a["design_id"])
    assert version["a_high_event"] == b["a_high_event"]
    designs = extraction.sheet("Design")[:2]
    assert as_version_of(*designs)["study_id"] == designs[0]["study_id"]
