import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from metaan.design.tool import tool
from metaan.pooling.pool import pool
from metaan.robustness.reliability import (
    attenuation,
    change_class,
    change_class_by_kappa,
    fisher_z,
    meaning,
    of_mean,
    repeats_needed,
)
from metaan.robustness.repeats import ladder, repeatability, repeats
from metaan.workbook.read import read_workbook
from small_review import protocol, rows, write

R = st.floats(0.01, 0.99)
SHARE = st.floats(0.01, 0.99)


@pytest.mark.parametrize(("r", "factor"), [(0.348, 0.59), (0.5, 0.71), (0.8, 0.89)])
def test_attenuation_shrinks_as_published(r, factor):  # figures of the review's protocol, two decimals
    assert float(attenuation(r)) == pytest.approx(factor, abs=0.005)


def test_change_of_class_is_the_integral_of_the_bivariate_normal():
    for r, above in ((0.348, 0.353), (0.8, 0.1), (0.05, 0.9)):
        cut = stats.norm.isf(above)

        def lower_second(x, r=r, cut=cut):
            return stats.norm.pdf(x) * stats.norm.cdf((cut - r * x) / math.sqrt(1 - r * r))

        one_way, _ = integrate.quad(lower_second, cut, np.inf, epsabs=1e-12)
        assert float(change_class(r, above)) == pytest.approx(2 * one_way, abs=1e-10)


def test_change_of_class_at_its_ends():
    assert float(change_class(0, 0.3)) == pytest.approx(2 * 0.3 * 0.7, abs=1e-12)
    assert float(change_class(1, 0.3)) == pytest.approx(0, abs=1e-12)
    assert float(change_class(-1, 0.5)) == pytest.approx(1, abs=1e-12)
    assert float(change_class(0.5, 0.5)) == pytest.approx(math.acos(0.5) / math.pi, abs=1e-12)  # Sheppard 1899
    with pytest.raises(ValueError, match="between 0 and 1"):
        change_class(0.5, 1.0)


@given(R, R, SHARE)
def test_a_better_repeat_moves_fewer_people(one, other, above):
    worse, better = sorted((one, other))
    assert float(change_class(better, above)) <= float(change_class(worse, above)) + 1e-12


@given(R, SHARE)
def test_change_of_class_does_not_mind_which_class_is_counted(r, above):
    assert float(change_class(r, above)) == pytest.approx(float(change_class(r, 1 - above)), abs=1e-12)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_change_by_kappa_is_what_a_table_shows(both, either, neither):
    table = np.array([[both, either], [either, neither]], dtype=float)  # as many change up as down
    n = table.sum()
    p = (both + either) / n
    agreed = (both + neither) / n
    chance = p * p + (1 - p) * (1 - p)
    kappa = (agreed - chance) / (1 - chance)
    assert float(change_class_by_kappa(kappa, p)) == pytest.approx(2 * either / n, abs=1e-12)


@given(R, st.floats(0.5, 0.95))
def test_so_many_repeats_reach_the_target_and_one_fewer_does_not(r, target):
    needed = repeats_needed(r, target)
    assert float(of_mean(r, needed)) >= target - 1e-9
    assert needed == 1 or float(of_mean(r, needed - 1)) < target


def test_repeats_needed_refuses_what_is_no_reliability():
    assert [repeats_needed(r) for r in (0.348, 0.5, 0.8)] == [8, 4, 1]
    with pytest.raises(ValueError, match="between 0 and 1"):
        repeats_needed(0.0)


@given(st.floats(-0.2, 0.95), st.integers(5, 200))
def test_pairs_have_the_scale_of_a_correlation(value, people):
    assert fisher_z(value, people, intraclass=True)[0] == pytest.approx(math.atanh(value))
    assert fisher_z(value, people)[0] == pytest.approx(math.atanh(value))


def test_variances_of_fisher():
    assert fisher_z(0.5, 28)[1] == pytest.approx(1 / 25)
    assert fisher_z(0.5, 28, intraclass=True)[1] == pytest.approx(1 / 26.5)
    assert fisher_z(0.5, 28, 3, intraclass=True)[1] == pytest.approx(3 / (4 * 26))
    assert fisher_z(0.6, 28, ranks=True)[1] == pytest.approx(1.18 / 25)
    assert math.isinf(fisher_z(0.5, 3)[1])


def test_more_repeats_make_an_intraclass_correlation_surer(tmp_path):
    def weighed(repeats_of_each):
        typed = [
            _row("rel-1", "Ames2001", "between_cycles", "ICC", "0.40", n_repeats=repeats_of_each),
            _row("rel-2", "Bell2002", "between_cycles", "ICC", "0.60", n_repeats="2"),
        ]
        extraction, settings = _review(tmp_path, typed)
        (found,) = repeatability(extraction, settings, ()).pooled
        return found.estimate

    pairs = pool([math.atanh(0.4), math.atanh(0.6)], [1 / 28.5, 1 / 28.5], interval="Wald")
    assert weighed("2") == pytest.approx(math.tanh(pairs.estimate), abs=1e-12)
    assert weighed("") == weighed("2")
    # variance of the intraclass correlation itself: 2 (1 - r)^2 (1 + (m - 1) r)^2 / (m (m - 1) (n - 2))
    spread = 2 * 0.6**2 * (1 + 3 * 0.4) ** 2 / (4 * 3 * 28) / (1 - 0.4**2) ** 2
    four = pool([math.atanh(0.4), math.atanh(0.6)], [spread, 1 / 28.5], interval="Wald")
    assert weighed("4") == pytest.approx(math.tanh(four.estimate), abs=1e-12)
    assert weighed("4") < weighed("2")


def test_meaning_gathers_the_formulas():
    found = meaning(0.5, "made up", assumed=True, above=0.3)
    assert (found.factor, found.slope_factor, found.repeats) == (pytest.approx(math.sqrt(0.5)), 0.5, 4)
    assert found.changed == pytest.approx(float(change_class(0.5, 0.3)))
    assert meaning(0.5, "made up", assumed=True, above=None).changed is None


def _row(rel_id, study, rung, statistic, value, **more):
    given = {"n_women": "30", "src_type": "abstract", "src_ref": "p 1", "extractor": "AB", "extracted_on": "2026-01-01"}
    if statistic == "ICC":
        given["icc_model"] = "two-way"
    named = {"rel_id": rel_id, "study_id": study, "source_of_variation": rung, "statistic": statistic, "value": value}
    return {**named, **given, **more}


def _review(tmp_path, reliability, **changes):
    settings = protocol(**changes)
    path = write(tmp_path, {**rows(), "Reliability": reliability}, settings)
    return read_workbook(path, settings.layout), settings


def test_rungs_stand_from_one_observer_to_two_occasions(tmp_path):
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "ICC", "0.40"),
        _row("rel-2", "Bell2002", "within_observer", "kappa", "0.90"),
        _row("rel-3", "Cole2003", "between_observers", "direction_only", "", says="readers agreed"),
    ]
    extraction, settings = _review(tmp_path, typed)
    found = ladder(repeats(extraction, settings))
    assert [rung.rung for rung in found] == ["within_observer", "between_observers", "between_cycles"]
    assert [row.on_ladder for rung in found for row in rung.repeats] == [True, False, True]


def test_comparable_results_of_two_studies_are_pooled_on_fishers_scale(tmp_path):
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "pearson_r", "0.40", n_women="43"),
        _row("rel-2", "Bell2002", "between_cycles", "pearson_r", "0.60", n_women="28"),
        _row("rel-3", "Cole2003", "between_cycles", "kappa", "0.30"),
    ]
    extraction, settings = _review(tmp_path, typed)
    found = repeatability(extraction, settings, ())
    by_hand = pool([math.atanh(0.4), math.atanh(0.6)], [1 / 40, 1 / 25], interval="Wald")
    (pooled,) = found.pooled
    assert pooled.estimate == pytest.approx(math.tanh(by_hand.estimate), abs=1e-12)
    assert pooled.ci.low == pytest.approx(math.tanh(by_hand.ci.low), abs=1e-12)
    assert pooled.people == 71
    assert [each.assumed for each in found.meanings] == [False]


def test_several_results_of_the_same_people_are_not_pooled(tmp_path):
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "pearson_r", "0.40"),
        _row("rel-2", "Ames2001", "between_cycles", "pearson_r", "0.60"),
    ]
    extraction, settings = _review(tmp_path, typed)
    found = repeatability(extraction, settings, ())
    assert found.pooled == ()
    assert found.not_pooled == ("between_cycles/pearson_r: several results of the same people",)


def test_kappa_is_pooled_by_its_interval_and_never_turned_into_a_correlation(tmp_path):
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "kappa", "0.40", ci_low="0.20", ci_high="0.60"),
        _row("rel-2", "Bell2002", "between_cycles", "kappa", "0.60", ci_low="0.40", ci_high="0.80"),
    ]
    extraction, settings = _review(tmp_path, typed, repeatability={"above": 0.25, "above_source": "made up"})
    found = repeatability(extraction, settings, ())
    assert found.pooled[0].estimate == pytest.approx(0.5)
    assert all(each.assumed for each in found.meanings)
    assert found.by_kappa[0].changed == pytest.approx(2 * 0.25 * 0.75 * 0.6)
    assert found.by_kappa[0].of_high == pytest.approx(0.75 * 0.6)


def test_a_result_of_another_marker_keeps_its_own_meaning_beside_a_pool(tmp_path):
    topics = {
        "lists": {
            **protocol().raw["lists"],
            "compartment": {"blood": "blood", "uterus": "the womb"},
            "marker": {"cells": "cells", "clots": "clots"},
        }
    }
    place = {"compartment": "blood", "marker": "cells"}
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "pearson_r", "0.40", **place),
        _row("rel-2", "Bell2002", "between_cycles", "pearson_r", "0.60", **place),
        _row("rel-3", "Cole2003", "between_cycles", "pearson_r", "0.20", **{**place, "compartment": "uterus"}),
    ]
    extraction, settings = _review(tmp_path, typed, **topics)
    found = repeatability(extraction, settings, ())
    assert [(pooled.measured, pooled.studies) for pooled in found.pooled] == [
        (("cells", "blood"), ("Ames 2001", "Bell 2002"))
    ]
    assert [(each.source, each.r) for each in found.meanings][1:] == [("Cole 2003", 0.2)]
    assert found.meanings[0].source == "Ames 2001; Bell 2002"


def test_a_kappa_that_no_two_classes_of_that_size_can_have_means_nothing(tmp_path):
    typed = [_row("rel-1", "Ames2001", "between_cycles", "kappa", "-0.5")]
    extraction, settings = _review(tmp_path, typed, repeatability={"above": 0.25, "above_source": "made up"})
    assert repeatability(extraction, settings, ()).by_kappa == ()
    extraction, settings = _review(tmp_path / "half", typed, repeatability={"above": 0.5, "above_source": "made up"})
    (meant,) = repeatability(extraction, settings, ()).by_kappa
    assert (meant.changed, meant.of_high) == (pytest.approx(0.75), pytest.approx(0.75))


def test_a_review_without_rows_says_nothing(tmp_path):
    extraction, settings = _review(tmp_path, [])
    assert repeatability(extraction, settings, ()) is None


def test_a_correlation_of_the_protocol_comes_first(tmp_path):
    typed = [_row("rel-1", "Ames2001", "between_cycles", "kappa", "0.40")]
    extraction, settings = _review(tmp_path, typed, repeatability={"r": 0.7, "r_source": "made up"})
    found = repeatability(extraction, settings, ())
    assert [(each.r, each.source, each.assumed) for each in found.meanings] == [(0.7, "made up", False)]
    assert found.by_kappa == ()  # nobody knows the share over the cut-off


def test_how_well_a_repeat_was_measured_is_judged_by_the_worst_answer(tmp_path):
    typed = [
        _row("rel-1", "Ames2001", "between_cycles", "ICC", "0.40"),
        _row("rel-2", "Bell2002", "between_cycles", "ICC", "0.5"),
    ]
    items = tool("cosmin-reliability").domains
    answers = [
        {"rel_id": "rel-1", "tool": "cosmin-reliability", "domain": domain.key, "item": item.key, "answer": "very good"}
        for domain in items
        for item in domain.items
    ]
    settings = protocol()

    def judged(quality):
        path = write(tmp_path, {**rows(), "Reliability": typed, "Quality": quality}, settings)
        found = repeats(read_workbook(path, settings.layout), settings)
        assert found[1].quality == ""
        return found[0].quality

    name = tool("cosmin-reliability").name
    assert judged(answers) == f"{name}: very good"
    assert judged([{**answers[0], "answer": "doubtful"}, *answers[1:]]) == f"{name}: doubtful"
    assert judged(answers[1:]) == f"{name}: not fully answered"
