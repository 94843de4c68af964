"""Slips of one cell, and the effects they would give."""

import math

import pytest
import recheck_cases

from metaan.effects.compute import compute
from metaan.robustness.slip_effects import effects_of
from metaan.robustness.slip_kinds import KINDS, numbers_of, slips
from metaan.workbook.typed import typed

RATIO = {"form": "ratio", "scale": "OR", "est": "1.50", "ci_low": "1.02", "ci_high": "2.21", "ci_level": "95"}
MEANS = {"form": "means", "n1": "31", "m1": "12.4", "sd1": "4.1", "n2": "28", "m2": "10.2", "sd2": "3.8"}
MEANS |= {"spread_type": "sd"}
TABLE = {"form": "two_by_two", "a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"}


def row_of(numbers):
    protocol, extraction = recheck_cases.meta([numbers], "OR")
    sheet = protocol.layout.sheet("Effects")
    row = extraction.sheet("Effects")[0]
    return row, sheet, typed(row, sheet)


def texts(numbers, column, kind):
    row, sheet, values = row_of(numbers)
    return {slip.texts[column] for slip in slips(row, sheet, values) if slip.column == column and slip.kind == kind}


def test_one_digit_of_a_ratio_may_be_wrong_and_each_other_digit_is_tried_once():
    found = texts(RATIO, "est", "digit")
    assert found == (
        {f"{d}.50" for d in "023456789"} | {f"1.{d}0" for d in "012346789"} | {f"1.5{d}" for d in "123456789"}
    )


def test_a_count_never_begins_with_a_zero_and_a_share_keeps_its_own():
    assert texts(TABLE, "b_high_none", "digit") == {f"{d}8" for d in "12345679"} | {f"8{d}" for d in "012345679"}
    assert texts({**RATIO, "est": "0.52"}, "est", "digit") == (
        {f"0.{d}2" for d in "012346789"} | {f"0.5{d}" for d in "013456789"}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("14.2", {"142", "1.42"}), ("0.45", {"4.5", "0.045"}), ("-3.5", {"-35", "-0.35"}), ("12", {"120", "1"})],
)
def test_the_decimal_point_moves_one_place(text, expected):
    kind = "shift" if "." in text else "length"
    assert texts({**MEANS, "m1": text}, "m1", kind) == expected


def test_neighbouring_digits_change_places():
    assert texts({**MEANS, "m1": "14.2"}, "m1", "exchanged") == {"41.2", "12.4"}
    assert texts(TABLE, "b_high_none", "exchanged") == set()  # 88


def test_slips_of_the_whole_row_stand_at_its_leading_cell():
    row, sheet, values = row_of(MEANS)
    whole = {slip.kind: slip for slip in slips(row, sheet, values) if slip.kind in ("groups", "se_for_sd")}
    assert dict(whole["se_for_sd"].texts) == {"spread_type": "se"}
    assert whole["groups"].column == "m1"
    assert dict(whole["groups"].texts) == {
        **{"n1": "28", "m1": "10.2", "sd1": "3.8"},
        **{"n2": "31", "m2": "12.4", "sd2": "4.1"},
    }
    row, sheet, values = row_of(RATIO)
    turned = next(slip for slip in slips(row, sheet, values) if slip.kind == "inverted")
    assert turned.values == pytest.approx({"est": 1 / 1.50, "ci_low": 1 / 2.21, "ci_high": 1 / 1.02})


def test_a_comma_stays_a_comma():
    protocol, extraction = recheck_cases.meta([{**MEANS, "m1": "14,2"}], "SMD")
    sheet, row = protocol.layout.sheet("Effects"), extraction.sheet("Effects")[0]
    found = [
        s for s in slips(row, sheet, typed(row, sheet, "comma"), "comma") if s.column == "m1" and s.kind == "shift"
    ]
    assert {(s.texts["m1"], s.values["m1"]) for s in found} == {("142", 142.0), ("1,42", 1.42)}


def test_numbers_are_those_the_form_needs():
    row, sheet, values = row_of({**MEANS, "med1": "11", "min1": "3"})
    assert numbers_of(row, sheet, values) == ("n1", "m1", "n2", "m2", "sd1", "sd2")


@pytest.mark.parametrize("numbers", [RATIO, MEANS, TABLE])
def test_the_rate_of_a_kind_is_shared_among_its_texts(numbers):
    row, sheet, values = row_of(numbers)
    sums = {}
    for slip in slips(row, sheet, values):
        sums[slip.column, slip.kind] = sums.get((slip.column, slip.kind), 0.0) + slip.rate
    for (_, kind), rate in sums.items():
        assert rate == pytest.approx(KINDS[kind].rate)


FORMS = [
    (RATIO, "OR"),
    ({**RATIO, "ci_level": "90"}, "OR"),
    ({"form": "ratio", "scale": "RR", "est": "1.5", "se_log": "0.2"}, "RR"),
    ({"form": "ratio", "scale": "HR", "est": "1.5", "p_value": "0.04", "p_cmp": "="}, "HR"),
    (MEANS, "SMD"),
    (MEANS, "MD"),
    ({**MEANS, "spread_type": "se"}, "SMD"),
    ({"form": "difference", "diff": "2.1", "diff_low": "0.3", "diff_high": "3.9", "n1": "20", "n2": "21"}, "MD"),
    ({"form": "difference", "diff": "2.1", "diff_se": "0.9", "n1": "20", "n2": "21"}, "MD"),
    (TABLE, "OR"),
    (TABLE, "RR"),
    ({**TABLE, "a_high_event": "0"}, "RD"),
    ({"form": "events_totals", "events_high": "7", "total_high": "40", "events_low": "10", "total_low": "41"}, "RR"),
    ({"form": "events_totals", "high_event": "7", "n_event": "40", "high_none": "10", "n_none": "41"}, "OR"),
    ({"form": "t_stat", "t": "2.1", "n1": "20", "n2": "21", "sign": "higher_in_event"}, "SMD"),
]
ALLOWED = ("p_to_effect", "or_to_smd", "smd_to_or")


@pytest.mark.parametrize(("numbers", "measure"), FORMS)
def test_many_rows_at_once_give_what_each_gives_alone(numbers, measure):
    row, sheet, values = row_of(numbers)
    found = list(slips(row, sheet, values))
    read = [values, *({**values, **slip.values} for slip in found)]
    y, v = effects_of(read, measure, ALLOWED, odds_only=[False] * len(read))
    assert math.isfinite(y[0])
    assert len(found) > 20
    for i, one in enumerate(read):
        try:
            alone = compute(one, measure, allowed=ALLOWED)
        except ValueError:  # numbers that cannot be
            assert math.isnan(y[i])
            continue
        assert (y[i], v[i]) == pytest.approx((alone.y, alone.v), rel=1e-12, nan_ok=True)


def test_people_chosen_by_outcome_give_no_risk_ratio():
    _, _, values = row_of(TABLE)
    assert math.isnan(effects_of([values], "RR", odds_only=[True]).y[0])
    assert math.isfinite(effects_of([values], "OR", odds_only=[True]).y[0])
