"""Multiverse of an analysis: which choices there are, and that the figures are those of its rows."""

import dataclasses
import json
import math
from copy import deepcopy

import numpy as np
import pytest

import small_review
from between_cases import bundled, extraction, made, synthesis
from metaan.effects.binary import log_odds_ratio
from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.robustness.between.given import Given, refit
from metaan.robustness.between.multiverse import (
    COLUMNS,
    DRAWN,
    ONE_SET,
    TOO_FEW,
    Multiverse,
    of,
    with_table,
)
from metaan.robustness.between.universe import PLANNED, universe

HACKSHAW = bundled("passive-smoking", "lung-cancer")


def review(change=lambda sheets: None, **protocol):
    """Return the first analysis of the small review, its workbook changed."""
    sheets = deepcopy(small_review.rows())
    change(sheets)
    plan = small_review.protocol(**protocol)
    read = extraction(plan, sheets)
    rows = graded_candidates(read, plan)
    selection = select(rows, plan.analyses[0])
    return Given(
        analysis=analyse(selection, plan.analyses[0], plan),
        plan=plan.analyses[0],
        protocol=plan,
        extraction=read,
        selection=selection,
        rows=rows,
    )


def effect(sheets, study):
    return next(row for row in sheets["Effects"] if row["effect_id"].startswith(study))


def rows_of(given, stratum, **chosen):
    """Rows of the table that depart from the plan in these choices only."""
    _, table = with_table(given)
    planned = dict.fromkeys(COLUMNS[2:9], PLANNED) | chosen
    return [row for row in table if row["stratum"] == stratum and all(row[name] == planned[name] for name in planned)]


def levels(given, stratum, factor):
    found = next(s for s in given.strata if s.stratum == stratum)
    return [level.name for level in universe(given, found).factors[factor]]


def test_passive_smoking_has_more_than_a_thousand_analyses_and_the_planned_one_is_among_them():
    found, table = with_table(HACKSHAW)
    assert sum(one.specifications for one in found.strata) == len(table) >= 1000
    case_control = found.strata[1]
    assert (case_control.k, case_control.specifications, case_control.fits) == (33, 1421, 8 * 49)
    for one, stratum in zip(found.strata, HACKSHAW.strata, strict=True):
        (row,) = rows_of(HACKSHAW, one.stratum, estimator="REML", interval="mKH")
        assert row["estimate"] == pytest.approx(stratum.pooled.estimate, rel=1e-12)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(
            (stratum.pooled.ci.low, stratum.pooled.ci.high), rel=1e-12
        )
        assert (one.main, one.main_ci) == (stratum.pooled.estimate, stratum.pooled.ci)


def test_rows_of_the_table_are_single_fits():
    synthesis_ = HACKSHAW.strata[1]
    labels = [estimate.label for estimate in synthesis_.estimates]
    y, v = (np.array([getattr(e.effect, name) for e in synthesis_.estimates]) for name in "yv")
    for label in (labels[0], labels[17], labels[-1]):
        keep = np.array([other != label for other in labels])
        for estimator in ("REML", "SJ", "ML"):
            for interval in ("HK", "t"):
                (row,) = rows_of(
                    HACKSHAW, "case_control", left_out=f"without {label}", estimator=estimator, interval=interval
                )
                single = pool(y[keep], v[keep], tau2=estimator, interval=interval)
                assert (row["estimate"], row["ci_low"]) == pytest.approx((single.estimate, single.ci.low), abs=1e-9)
    early = np.array([int(e.year) <= 1988 for e in synthesis_.estimates])
    (row,) = rows_of(HACKSHAW, "case_control", left_out="up to 1988 only", estimator="DL", interval="Wald")
    assert row["k"] == early.sum()
    assert row["estimate"] == pytest.approx(pool(y[early], v[early], tau2="DL").estimate, abs=1e-9)


@pytest.mark.parametrize("given", [HACKSHAW, bundled("nk-cells", "ivig")])
def test_shares_medians_and_curve_are_those_of_the_table(given):
    found, table = with_table(given)
    for one in found.strata:
        rows = [row for row in table if row["stratum"] == one.stratum]
        y, low, high = (np.array([row[name] for row in rows]) for name in ("estimate", "ci_low", "ci_high"))
        n = len(rows)
        assert one.median == pytest.approx(float(np.median(y)))
        assert (one.lowest.estimate, one.highest.estimate) == (y.min(), y.max())
        assert one.agree == pytest.approx(sum((y > 0) == (one.main > 0)) / n)
        assert one.leaves_out == pytest.approx(sum((low > 0) | (high < 0)) / n)
        assert one.other_way == pytest.approx(sum((high < 0) if one.main > 0 else (low > 0)) / n)
        limit = one.small.high
        assert one.beyond == pytest.approx(sum((low > limit) | (high < -limit)) / n)
        held = sum(((low <= limit) & (limit <= high)) | ((low <= -limit) & (-limit <= high)))
        assert one.crosses == pytest.approx(held / n)
        assert one.tried == n + one.repeated + one.unsuited + one.too_few <= one.possible
        assert len(one.curve_estimates) == min(DRAWN, n)
        assert list(one.curve_estimates) == sorted(one.curve_estimates)
        assert (one.curve_estimates[0], one.curve_estimates[-1]) == (y.min(), y.max())
        assert all(a < b < c for a, b, c in zip(one.curve_lows, one.curve_estimates, one.curve_highs, strict=True))
        spans = [moved.span for moved in one.moves]
        assert spans == sorted(spans, reverse=True)
        assert {row["interval"] for row in rows} == set(one.by_interval)


def test_the_planned_analysis_agrees_with_itself_at_no_effect():
    (one,) = of(made(synthesis("case_control", [0.0] * 5, [0.04] * 5))).strata
    assert (one.main, one.agree, one.leaves_out, one.other_way) == (0.0, 1.0, 0.0, 0.0)


def test_no_two_rows_of_the_table_are_the_same_data_on_the_same_model():
    _, table = with_table(bundled("nk-cells", "ivig"))
    choices = [tuple(row[name] for name in ("stratum", *COLUMNS[2:11])) for row in table]
    assert len(set(choices)) == len(choices)


def test_what_is_written_reads_back_and_stays_small():
    found = of(HACKSHAW)
    text = json.dumps(found.to_dict())
    assert Multiverse.from_dict(json.loads(text)) == found
    assert len(text) < 16_000


def test_the_order_of_studies_changes_nothing():
    stratum = HACKSHAW.strata[1]
    turned = dataclasses.replace(stratum, estimates=stratum.estimates[::-1])
    analysis = dataclasses.replace(HACKSHAW.analysis, strata=(turned,))
    other = of(dataclasses.replace(HACKSHAW, analysis=analysis)).strata[0]
    one = of(HACKSHAW).strata[1]
    assert (other.specifications, other.fits, other.repeated) == (one.specifications, one.fits, one.repeated)
    assert other.curve_estimates == pytest.approx(one.curve_estimates, abs=1e-9)
    for mine, theirs in zip(other.moves, one.moves, strict=True):
        assert (mine.kind, mine.medians) == (theirs.kind, pytest.approx(theirs.medians, abs=1e-9))


def test_two_studies_are_analysed_as_they_are_drawn():
    given = bundled("nk-cells", "uterine-rif")
    one = of(given).strata[0]
    (row,) = rows_of(given, "case_control", estimator="REML", interval="Wald")
    assert (row["estimate"], row["ci_low"]) == pytest.approx((one.main, one.main_ci.low), abs=1e-12)
    _, table = with_table(given)
    assert {row["interval"] for row in table if row["k"] == 2} == {"Wald"}
    assert {row["k"] for row in table} == {2, 3, 4}


def test_results_kept_for_sensitivity_analyses_are_let_in_as_the_protocol_lets_them():
    given = bundled("nk-cells", "ivig")
    trials = given.strata[0]
    theirs = next(each for each in trials.sensitivity if each.label == "With Christiansen 2002").pooled
    (row,) = rows_of(given, "trial", set_aside="with Christiansen 2002", estimator="REML", interval="mKH")
    assert (row["k"], row["estimate"]) == (theirs.k, pytest.approx(theirs.estimate, abs=1e-12))


def test_another_result_of_a_study_takes_the_place_of_the_first():
    def second(sheets):
        row = dict(effect(sheets, "Dunn2004"))
        sheets["Effects"].append(row | {"effect_id": "Dunn2004-cc-2", "priority": "secondary", "a_high_event": "40"})

    given = review(second)
    assert levels(given, "case_control", "results") == [PLANNED, "Dunn 2004 by Dunn2004-cc-2"]
    (row,) = rows_of(given, "case_control", results="Dunn 2004 by Dunn2004-cc-2", estimator="DL", interval="Wald")
    y, v = log_odds_ratio([40, 25], [20, 25], [18, 15], [32, 35])
    assert row["estimate"] == pytest.approx(pool(y, v, tau2="DL").estimate, abs=1e-12)
    assert of(given).strata[1].mixtures == 2


def test_adjusted_and_crude_results_are_told_apart_where_both_are_given():
    def adjusted(sheets):
        row = effect(sheets, "Ames2001")
        cells = {"form": "ratio", "adjusted": "yes", "est": "1.5", "scale": "OR", "ci_low": "0.7", "ci_high": "3.2"}
        row |= cells | {"adjusted_for": "age", "ci_level": "95"}  # the counts stay beside the ratio
        row = effect(sheets, "Bell2002")
        row |= cells | {"crude_est": "2.5", "crude_scale": "OR", "crude_low": "1.1", "crude_high": "5.7"}

    given = review(adjusted)
    names = levels(given, "prospective", "results")
    assert names[1] == "crude where both are given"
    (row,) = rows_of(given, "prospective", results=names[1], estimator="DL", interval="Wald")
    counts = log_odds_ratio([12, 9], [88, 41], [8, 6], [92, 44])
    se = math.log(5.7 / 1.1) / 2 / 1.959963984540054
    y, v = [counts.y[0], math.log(2.5), counts.y[1]], [counts.v[0], se**2, counts.v[1]]
    assert row["estimate"] == pytest.approx(pool(y, v, tau2="DL").estimate, abs=1e-9)
    assert of(given).strata[0].mixtures == 4
    assert {moved.kind for moved in of(given).strata[0].moves} >= {"Adjustment", "Other results"}


def test_zero_cells_are_left_out_or_corrected_by_arm():
    def zero(sheets):
        effect(sheets, "Cole2003")["c_low_event"] = "0"

    given = review(zero)
    assert levels(given, "prospective", "zero_cells") == [PLANNED, "left out", "treatment-arm correction"]
    (row,) = rows_of(given, "prospective", zero_cells="treatment-arm correction", estimator="DL", interval="Wald")
    plain = log_odds_ratio([12, 20], [88, 80], [8, 11], [92, 89])
    arm = log_odds_ratio(9, 41, 0, 44, add="TACC")
    y, v = [*plain.y, float(arm.y)], [*plain.v, float(arm.v)]
    assert row["estimate"] == pytest.approx(pool(y, v, tau2="DL").estimate, abs=1e-12)
    # without its one table with a zero cell the stratum is what leaving out that study makes it: one row of the table
    (row,) = rows_of(given, "prospective", left_out="without Cole 2003", estimator="DL", interval="Wald")
    assert row["estimate"] == pytest.approx(pool(plain.y, plain.v, tau2="DL").estimate, abs=1e-12)


def test_results_that_only_a_conversion_gives_are_let_in_on_their_own():
    def means(sheets):
        row = effect(sheets, "Gray2007")
        row |= {"form": "means", "n1": "30", "m1": "5", "sd1": "2", "n2": "30", "m2": "4", "sd2": "2"}
        row |= {"spread_type": "sd"}

    given = review(means)
    assert levels(given, "case_control", "conversions") == [PLANNED, "with all conversions"]
    (row,) = rows_of(given, "case_control", conversions="with all conversions", estimator="DL", interval="Wald")
    assert row["k"] == 3
    assert levels(bundled("nk-cells", "uterine-rm"), "case_control", "conversions") == [PLANNED]


def test_values_that_were_not_reported_are_no_subgroup():
    def countries(sheets):
        for study, country in zip(sheets["Studies"], ("UK", "UK", "UK", "NR", "Japan", "NR", "NR"), strict=False):
            study["country"] = country

    names = levels(review(countries), "prospective", "left_out")
    assert not any("UK" in name or "NR" in name for name in names)  # one country among those known


def test_facts_leave_studies_out_and_stand_alone():
    names = levels(HACKSHAW, "case_control", "left_out")
    assert {"China only", "without China", "without Greece", "USA only"} <= set(names)
    assert "Greece only" not in names  # two studies
    assert len(set(names)) == len(names)


def test_what_the_reviewers_took_out_stays_out():
    def excluded(sheets):
        row = dict(effect(sheets, "Dunn2004"))
        sheets["Effects"].append(
            row | {"effect_id": "Dunn2004-cc-2", "priority": "secondary", "flag": "exclude", "flag_reason": "misprint"}
        )

    assert levels(review(excluded), "case_control", "results") == [PLANNED]


def test_grades_leave_out_what_is_below_them():
    y, v = [0.1, 0.5, 0.3, 0.9], [0.04, 0.05, 0.03, 0.06]
    given = made(synthesis("case_control", y, v, grades="CCDB"))
    assert levels(given, "case_control", "grades") == [PLANNED, "grades A to C"]
    (row,) = rows_of(given, "case_control", left_out="without Ca2 2001", estimator="EB, PM", interval="mKH")
    kept = [0, 1, 3]
    assert row["estimate"] == pytest.approx(pool([y[i] for i in kept], [v[i] for i in kept], tau2="PM").estimate)


def test_settings_of_the_protocol_choose_the_models_and_the_planned_one_stays():
    stratum = synthesis("case_control", [0.1, 0.5, 0.3, 0.9], [0.04, 0.05, 0.03, 0.06])
    given = made(stratum, settings={"multiverse": {"tau2": ["DL"], "interval": ["t"]}})
    found, table = with_table(given)
    assert {row["estimator"] for row in table} == {"REML", "DL"}
    assert {row["interval"] for row in table} == {"mKH", "t"}
    assert found.settings["tau2"] == "DL"
    (row,) = rows_of(given, "case_control", estimator="REML", interval="mKH")
    assert row["estimate"] == pytest.approx(refit(given, stratum).estimate, abs=1e-12)


def test_reasons_where_there_is_nothing_to_vary():
    assert of(made(synthesis("case_control", [0.3], [0.1]))) == TOO_FEW
    assert of(made(synthesis("case_control", [0.3, 0.4], [0.1, 0.1]))) == ONE_SET
    found = of(made(synthesis("prospective", [0.3], [0.1]), synthesis("case_control", [0.3, 0.4, 0.2], [0.1] * 3)))
    assert found.not_done == {"prospective": TOO_FEW}
    assert [one.stratum for one in found.strata] == ["case_control"]
