"""Cells that are most worth a second look."""

import math
from dataclasses import replace

import numpy as np
import pytest
import recheck_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.cli import first
from metaan.effects.compute import compute
from metaan.plan import Loaded, Review
from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates
from metaan.robustness import recheck, shifts
from metaan.robustness.first import AT_CELL, CHECKED, IN_ROW, rank
from metaan.robustness.slip_kinds import slips
from metaan.terms.finding import Finding, Level
from metaan.terms.records import Interval
from metaan.workbook.typed import typed

MEANS = [
    ("31", "12.4", "4.1", "28", "10.2", "3.8"),
    ("27", "11.6", "3.9", "33", "10.5", "4.3"),
    ("36", "13.1", "4.6", "29", "10.9", "4.0"),
    ("25", "12.9", "4.4", "26", "11.3", "3.7"),
    ("34", "11.9", "3.6", "35", "9.8", "3.9"),
]


def means(*rows):
    names = ("n1", "m1", "sd1", "n2", "m2", "sd2")
    return [{"form": "means", "spread_type": "sd", **dict(zip(names, row, strict=True))} for row in rows]


def weighed(rows, measure="SMD"):
    protocol, extraction = recheck_cases.meta(rows, measure)
    found = graded_candidates(extraction, protocol)
    (analysis,) = recheck._analyses(protocol, found)
    return protocol, extraction, analysis, recheck.cells_of(analysis, protocol, found)


def test_a_slip_in_the_first_study_moves_the_result_as_pooling_it_so_does():
    """The likeliest other reading of m2 of the first study, pooled with the other four as they are."""
    protocol, extraction, analysis, cells = weighed(means(*MEANS))
    cell = next(cell for cell in cells if (cell.effect_id, cell.column) == ("Study2000-cc-1", "m2"))
    (text,) = cell.instead.values()
    sheet = protocol.layout.sheet("Effects")
    values = [typed(row, sheet) for row in extraction.sheet("Effects")]
    read = [{**values[0], "m2": float(text)}, *values[1:]]
    effects = [compute(row, "SMD") for row in read]
    then = pool([e.y for e in effects], [e.v for e in effects])
    now = analysis.strata[0].pooled
    assert cell.kind in ("one digit wrong", "two digits exchanged", "the decimal point one place off")
    assert (cell.moved, cell.moved_ci.low, cell.moved_ci.high) == pytest.approx(
        (then.estimate, then.ci.low, then.ci.high), rel=1e-9
    )
    assert cell.shift == pytest.approx((then.estimate - now.estimate) / ((now.ci.high - now.ci.low) / 2), rel=1e-9)


def test_every_slip_of_the_batch_is_the_synthesis_with_that_row_changed():
    protocol, extraction, analysis, _ = weighed(means(*MEANS))
    synthesis, sheet = analysis.strata[0], protocol.layout.sheet("Effects")
    rows = {row.row["effect_id"]: row for row in graded_candidates(extraction, protocol)}
    inside = tuple(rows[estimate.effect_id] for estimate in synthesis.estimates)
    listed = [(i, slip) for i, row in enumerate(inside) for slip in slips(row.row, sheet, row.values)][::7]
    effects = [compute({**inside[i].values, **slip.values}, "SMD") for i, slip in listed]
    kept = [place for place, effect in enumerate(effects) if math.isfinite(effect.y)]
    assert len(kept) > 50
    of = np.array([listed[place][0] for place in kept])
    y, v = (np.array([getattr(effects[place], name) for place in kept]) for name in ("y", "v"))
    done = shifts._pooled(synthesis, inside, tuple(listed[place][1] for place in kept), of, y, v)
    typed_y = np.array([estimate.effect.y for estimate in synthesis.estimates])
    typed_v = np.array([estimate.effect.v for estimate in synthesis.estimates])
    for i, row in enumerate(of):
        one_y, one_v = typed_y.copy(), typed_v.copy()
        one_y[row], one_v[row] = y[i], v[i]
        alone = pool(one_y, one_v)
        assert (done.estimate[i], done.low[i], done.high[i]) == pytest.approx(
            (alone.estimate, alone.ci.low, alone.ci.high), rel=1e-8, abs=1e-10
        )


def test_beyond_a_size_the_heaviest_slips_are_still_pooled_anew(monkeypatch):
    *_, whole = weighed(means(*MEANS))
    monkeypatch.setattr(shifts, "EXACT", 1)
    monkeypatch.setattr(shifts, "REFITTED", 60)
    *_, part = weighed(means(*MEANS))
    heaviest = max(whole, key=lambda cell: cell.expected)
    same = next(cell for cell in part if (cell.effect_id, cell.column) == (heaviest.effect_id, heaviest.column))
    assert same.instead == heaviest.instead
    assert same.moved == pytest.approx(heaviest.moved, rel=1e-9)
    assert same.moved_ci.high == pytest.approx(heaviest.moved_ci.high, rel=1e-9)


def test_tau2_held_fixed_the_estimate_is_the_weighted_mean():
    y, v = np.array([0.1, 0.5, 0.9]), np.array([0.04, 0.09, 0.02])
    found = shifts._at_fixed_tau2(y, v, 0.03, np.array([1]), np.array([2.0]), np.array([0.05]))
    w = 1 / (np.array([0.04, 0.05, 0.02]) + 0.03)
    assert found[0] == pytest.approx((w * np.array([0.1, 2.0, 0.9])).sum() / w.sum(), rel=1e-12)


def test_a_reading_that_brings_an_outlier_back_has_better_odds_than_its_rate():
    y, v = np.array([0.1, 0.2, 0.3, 3.0]), np.full(4, 0.04)
    back, away = shifts._explains(y, v, np.array([3, 0]), np.array([0.2, -6.0]), np.full(2, 0.04), "REML")
    assert back > 10
    assert away < 0.5


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-5.0, 5.0))
def test_unit_and_origin_of_the_effects_do_not_matter(factor, origin):
    y, v = np.array([0.1, 0.25, 0.3, 0.7]), np.array([0.04, 0.03, 0.05, 0.02])
    of, other, spread = np.array([0, 2, 3]), np.array([0.9, -0.4, 0.2]), np.array([0.05, 0.03, 0.02])
    plain = shifts._explains(y, v, of, other, spread, "REML")
    scaled = shifts._explains(
        origin + factor * y, factor**2 * v, of, origin + factor * other, factor**2 * spread, "REML"
    )
    assert scaled == pytest.approx(plain, rel=1e-5)


def test_a_standard_error_typed_as_standard_deviation_comes_first():
    rows = means(*MEANS)
    rows[2] |= {"sd1": "0.77", "sd2": "0.74"}  # 4.6 / sqrt(36) and 4.0 / sqrt(29)
    protocol, extraction = recheck_cases.meta(rows, "SMD")
    first = recheck.ten(protocol, extraction)
    assert (first[0].effect_id, first[0].column) == ("Study2002-cc-1", "sd1")
    assert first[0].kind == "standard errors typed as standard deviations"
    assert first[0].place == f"Effects!{extraction.sheet('Effects')[2].cell('sd1')}"


def test_a_count_with_a_digit_too_many_comes_first():
    tables = [("12", "88", "8", "92"), ("20", "80", "11", "89"), ("9", "41", "6", "44"), ("15", "85", "9", "91")]
    names = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
    rows = [{"form": "two_by_two", **dict(zip(names, row, strict=True))} for row in tables]
    rows[1]["c_low_event"] = "111"
    protocol, extraction = recheck_cases.meta(rows, "OR")
    first = recheck.ten(protocol, extraction)
    assert {cell.effect_id for cell in first[:3]} == {"Study2001-cc-1"}  # exchanged groups would explain it as well
    count = next(cell for cell in first if cell.column == "c_low_event")
    assert count.rank <= 5
    assert count.instead == {"c_low_event": "11"}


def test_each_cell_stands_once_and_the_order_is_that_of_the_scores():
    protocol, extraction = recheck_cases.tea()
    everything = recheck.ten(protocol, extraction, shown=None)
    assert len({(cell.effect_id, cell.column) for cell in everything}) == len(everything)
    assert [cell.score for cell in everything] == sorted((cell.score for cell in everything), reverse=True)
    assert [cell.rank for cell in everything] == list(range(1, len(everything) + 1))
    assert recheck.ten(protocol, extraction) == everything[:10]
    assert {cell.stratum for cell in everything} == {"prospective", "case_control"}  # the trial stands alone


def test_a_cell_of_two_analyses_stands_once_and_names_the_other():
    protocol, extraction = recheck_cases.tea()
    again = {**protocol.raw["analyses"][0], "id": "tea-again", "measure": "RR", "strata": [{"stratum": "prospective"}]}
    import small_review

    both = small_review.protocol(analyses=[protocol.raw["analyses"][0], again])
    one = {(c.effect_id, c.column): c.score for c in recheck.ten(protocol, extraction, shown=None)}
    two = {(c.effect_id, c.column): c for c in recheck.ten(both, extraction, shown=None)}
    assert set(one) == set(two)
    shared = two["Ames2001-pr-1", "a_high_event"]
    assert shared.score > one["Ames2001-pr-1", "a_high_event"]
    assert {shared.analysis, *shared.more} == {"tea-headache", "tea-again"}


def _finding(extraction, row, column, level=Level.WARNING):
    origin = extraction.sheet("Effects")[row].origin(column)
    return Finding(id="B03", level=level, origin=origin, subject="", found="", expected="", to_fix="")


def test_warnings_second_hand_sources_and_a_second_reader_weigh():
    _, extraction, _, cells = weighed(means(*MEANS))
    alone = replace(next(cell for cell in cells if cell.column == "m1"), odds=1e-9, expected=1e-9)

    def score(findings=(), **changed):
        rows = list(extraction.sheet("Effects"))
        rows[0] = replace(rows[0], values={**rows[0].values, **changed})
        read = replace(extraction, rows={**extraction.rows, "Effects": tuple(rows)})
        return rank([alone], read, findings, {})[0].score

    plain = score()
    assert score([_finding(extraction, 0, "m1")]) == pytest.approx(AT_CELL * plain, rel=1e-6)
    assert score([_finding(extraction, 0, "sd1")]) == pytest.approx(IN_ROW * plain, rel=1e-6)
    assert score([_finding(extraction, 1, "m1")]) == pytest.approx(plain, rel=1e-6)
    assert score([_finding(extraction, 0, "m1", Level.NOTE)]) == pytest.approx(plain, rel=1e-6)  # confirmed
    assert score(checked_by="") == pytest.approx(plain / CHECKED, rel=1e-6)
    assert score(checked_by="AR") == pytest.approx(plain / CHECKED, rel=1e-6)  # the extractor, once more
    assert score(src_type="second_hand") == pytest.approx(2 * plain, rel=1e-6)
    assert score(derived="digitised", src_type="figure_digitised") == pytest.approx(2 * plain, rel=1e-6)


def test_the_words_say_what_the_slip_would_do_and_claim_no_error():
    protocol, extraction = recheck_cases.meta(means(*MEANS), "SMD")
    for cell in recheck.ten(protocol, extraction):
        assert cell.sentence.startswith(("If the source said ", "With "))
        assert "pooled standardised mean difference would be" in cell.sentence
        assert not any(word in cell.sentence.casefold() for word in ("error in", "mistake", "is wrong"))
    single = next(c for c in recheck.ten(protocol, extraction, shown=None) if c.kind == "two digits exchanged")
    (text,) = single.instead.values()
    assert single.slip == f"{text} instead of {single.text} (two digits exchanged)"


def test_the_terminal_names_cell_study_and_analysis(tmp_path):
    protocol, extraction = recheck_cases.meta(means(*MEANS), "SMD")
    loaded = Loaded(Review(tmp_path), protocol, extraction, ())
    said = first.lines(loaded)
    cells = recheck.ten(protocol, extraction)
    heads = [line for line in said if "Effects!" in line]
    assert said[0] == first.HEAD
    assert len(heads) == len(cells) == 10
    for head, cell in zip(heads, cells, strict=True):
        assert f"{cell.place}  {cell.column} of {cell.label}: {cell.text}  (Tea)" in head
    assert first.lines(Loaded(Review(tmp_path), None, None, ())) == []
    nothing = recheck_cases.meta(means(MEANS[0]), "SMD")
    assert first.lines(Loaded(Review(tmp_path), *nothing, ())) == [first.NOTHING]


def test_two_studies_have_no_conclusion_to_change():
    *_, cells = weighed(means(*MEANS[:2]))
    assert cells
    assert not any(cell.changes for cell in cells)
    assert all(isinstance(cell.ci, Interval) for cell in cells)


def test_a_study_alone_is_no_pooled_result():
    *_, cells = weighed(means(MEANS[0]))
    assert cells == ()


def test_a_reading_that_a_check_would_stop_weighs_nothing():
    _, _, _, cells = weighed(
        [
            {"form": "events_totals", "events_high": e, "total_high": n, "events_low": f, "total_low": m}
            for e, n, f, m in (("39", "40", "30", "41"), ("35", "40", "28", "40"), ("30", "38", "22", "37"))
        ],
        "OR",
    )
    top = next(cell for cell in cells if (cell.effect_id, cell.column) == ("Study2000-cc-1", "events_high"))
    assert 0 <= int(next(iter(top.instead.values()))) <= 40
