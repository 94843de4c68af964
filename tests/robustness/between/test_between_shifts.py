"""What the choice of controls alone would do: by hand, against simulated people, and in the bundled review."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.pooling.select import Candidate
from metaan.robustness.between import shifts
from metaan.robustness.between.shifts import Shifts, needed, shift
from metaan.workbook.protocol import Explanation
from metaan.workbook.read import Row

Z = 1.959963984540054
#: women with recurrent miscarriage with and without an earlier birth (Toth 2019): 182 and 393, in the womb 81 and 167
MOTHERS = {"label": "mothers as controls", "explanation": "parity", "controls": 1, "source": "Toth 2019"}
BLOOD = {**MOTHERS, "effect": "Toth2019-xs-1", "cases": 182 / 575}
WOMB = {**MOTHERS, "effect": "Toth2019-xs-3", "cases": 81 / 248}


def in_review(analysis, *entries):
    found = bundled("nk-cells", analysis)
    return replace(found, plan=replace(found.plan, between={"shifts": {"of": list(entries)}}))


def hedges(n1, m1, s1, n2, m2, s2):
    df = n1 + n2 - 2
    j = 1 - 3 / (4 * df - 1)
    return j * (m1 - m2) / math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / df)


def typed(effect_id, flag="ok", **numbers):
    values = {"effect_id": effect_id, "design_id": "F-d", "flag": flag, "marker": "level", "unit": "percent", **numbers}
    row = Row("x.xlsx", "Effects", 9, {name: str(value) for name, value in values.items()}, dict.fromkeys(values, "A"))
    study = Row("x.xlsx", "Studies", 9, {"study_id": "F", "label": "Fact 2003"}, {"label": "B"})
    return Candidate(row=row, values=values, design=study, study=study, grade=None, report=None)


MEANS = {"form": "means", "n1": 60, "m1": 12.0, "sd1": 4.0, "n2": 90, "m2": 10.0, "sd2": 4.0, "spread_type": "sd"}
ENTRY = {"label": "older controls", "effect": "F-1", "cases": 0.2, "controls": 0.7, "source": "made up"}


def made_up(*strata, entry=ENTRY, row=None, **more):
    found = made(*strata, settings={"shifts": {"of": [entry]}}, kind="marker", **more)
    return replace(found, rows=(row or typed("F-1", **MEANS),))


def case_control(y=(0.9, 0.5, 0.7), v=(0.04, 0.05, 0.06), measure="SMD", **more):
    return synthesis("case_control", list(y), list(v), measure=measure, **more)


def test_the_shift_is_the_difference_times_the_gap_between_shares():
    alone, variance = shift(-0.25, 0.0081, 0.3, 1.0)
    assert (alone, variance) == pytest.approx((0.175, 0.0081 * 0.49))
    assert shift(0.4, 0.1, 0.6, 0.6) == (0, 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        shift(0.4, 0.1, 1.2, 0.5)


def test_simulated_people_without_any_other_difference_show_the_shift():
    rng = np.random.default_rng(2019)
    groups = []
    for share in (0.3, 0.9):
        fact = rng.random(400_000) < share
        groups.append(rng.normal(0, 1, fact.size) - 0.25 * fact)
    cases, controls = groups
    seen = (cases.mean() - controls.mean()) / math.sqrt((cases.var() + controls.var()) / 2)
    assert seen == pytest.approx(shift(-0.25, 0.01, 0.3, 0.9)[0], abs=0.006)


@pytest.mark.parametrize("over", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_log_odds_ratio_is_shifted_to_first_order(over):
    odds = over / (1 - over)
    shares = [odds / (1 + odds), 2 * odds / (1 + 2 * odds)]  # over the cut-off without and with the fact
    cases = sum(shares) / 2
    exact = cases / (1 - cases) / (2 * odds)
    assert 0.66 < exact < 0.751
    assert math.exp(shift(math.log(2), 0.1, 0.5, 1.0)[0]) == pytest.approx(exact, abs=0.045)


@settings(max_examples=40, deadline=None)
@given(estimate=st.floats(-2, 2), fact=st.floats(-1, 1), cases=st.floats(0, 1), weight=st.floats(0.2, 1))
def test_the_share_needed_leaves_nothing(estimate, fact, cases, weight):
    share = needed(estimate, fact, cases, weight)
    if share is not None:
        assert estimate - weight * shift(fact, 0.0, cases, share)[0] == pytest.approx(0, abs=1e-9)
    else:
        ends = [estimate - weight * fact * (cases - end) for end in (0, 1)]
        assert ends[0] * ends[1] >= 0


def test_mothers_as_controls_in_blood():
    found = shifts.of(in_review("blood-percent-rm", BLOOD))
    (reason,) = found.reasons
    (each,) = reason.strata
    fact = hedges(182, 11.1, 4.6, 393, 12.4, 5.5)
    assert each.fact == pytest.approx(fact, abs=1e-5)
    assert each.alone == pytest.approx(fact * (182 / 575 - 1), abs=1e-5)
    assert (each.alone, each.alone_ci.low, each.alone_ci.high) == pytest.approx((0.170, 0.049, 0.290), abs=5e-4)
    assert each.not_known_in == ("Choi 2010",)
    assert each.open_in == each.dealt_with_in == ()
    assert each.left.estimate == pytest.approx(each.estimate - each.alone)
    assert each.left_if_none.controls == 0
    assert each.left_if_none.estimate == pytest.approx(each.estimate - fact * 182 / 575, abs=1e-5)
    half = Z * math.sqrt(0.10488168328680213 + ((each.alone_ci.high - each.alone) / Z) ** 2)
    assert each.left.ci.high - each.left.estimate == pytest.approx(half)
    assert each.needed is None
    assert each.unlike == ("unit (percent of mononuclear cells, against percent, of what not stated in Toth 2019)",)
    assert reason.people == 575
    assert reason.study == "Toth 2019"
    assert Shifts.from_dict(found.to_dict()) == found


def test_in_the_womb_lining_mothers_as_controls_hide_a_difference_and_the_prospective_study_is_left_alone():
    found = shifts.of(in_review("uterine-rm", WOMB))
    (each,) = found.reasons[0].strata
    assert each.stratum == "case_control"
    assert len(each.not_known_in) == 2
    assert each.alone == pytest.approx(hedges(81, 288.4, 239.3, 167, 218.2, 184.5) * (81 / 248 - 1), abs=1e-5)
    assert each.left.estimate == pytest.approx(each.estimate - each.alone)
    assert each.alone < 0 < each.estimate < each.left.estimate
    assert each.left_if_none.estimate < each.estimate


def test_the_error_of_the_difference_is_added_once():
    found = shifts.of(made_up(case_control()))
    (each,) = found.reasons[0].strata
    y, v = np.array([0.9, 0.5, 0.7]), [0.04, 0.05, 0.06]
    alone = pool(y - each.alone, v)
    assert each.left.estimate == pytest.approx(alone.estimate)
    reach = (alone.ci.high - alone.ci.low) / (2 * alone.se)
    variance = ((each.fact_ci.high - each.fact) / Z) ** 2 * 0.25
    assert each.left.ci.high - each.left.estimate == pytest.approx(reach * math.sqrt(alone.se**2 + variance))
    assert each.open_in == ("Ca0 2001", "Ca1 2001", "Ca2 2001")
    assert each.left_if_none is None


AGE = Explanation(
    id="age",
    label="Age",
    why="",
    handled={"adj_age": ("matched",)},
    open={"adj_age": ("no",)},
    open_says="age was not dealt with",
)


def test_comparisons_that_dealt_with_it_are_not_shifted_and_unknown_ones_are_counted_apart():
    weaker = case_control()
    facts = ("no", "matched", "NR")
    designs = [{"design_id": f"Ca{i}-d", "study_id": f"Ca{i}", "adj_age": fact} for i, fact in enumerate(facts)]
    found = made_up(weaker, entry={**ENTRY, "explanation": "age"}, rows={"Design": designs})
    found = replace(found, protocol=replace(found.protocol, explanations=(AGE,)))
    (each,) = shifts.of(found).reasons[0].strata
    assert (each.open_in, each.dealt_with_in, each.not_known_in) == (("Ca0 2001",), ("Ca1 2001",), ("Ca2 2001",))
    fact = each.fact
    stated = pool([0.9 + 0.5 * fact, 0.5, 0.7 + 0.5 * fact], [0.04, 0.05, 0.06])
    none = pool([0.9 + 0.5 * fact, 0.5, 0.7 - 0.2 * fact], [0.04, 0.05, 0.06])
    assert each.left.estimate == pytest.approx(stated.estimate)
    assert each.left_if_none.estimate == pytest.approx(none.estimate)
    matched = [{**design, "adj_age": "matched"} for design in designs]
    done = made_up(weaker, entry={**ENTRY, "explanation": "age"}, rows={"Design": matched})
    done = replace(done, protocol=replace(done.protocol, explanations=(AGE,)))
    assert shifts.of(done) == "older controls: every comparison dealt with it"


def test_an_odds_ratio_is_shifted_by_an_odds_ratio():
    counts = {"form": "two_by_two", "a_high_event": 40, "b_high_none": 20, "c_low_event": 30, "d_low_none": 50}
    found = shifts.of(made_up(case_control(measure="OR"), row=typed("F-1", **counts)))
    (each,) = found.reasons[0].strata
    assert each.fact == pytest.approx(math.log(40 * 50 / (20 * 30)))
    assert each.alone == pytest.approx(-0.5 * each.fact)


def test_a_share_that_would_leave_nothing_is_given():
    (each,) = shifts.of(made_up(case_control(y=(-0.2, -0.1, -0.15)))).reasons[0].strata
    assert each.needed == pytest.approx(0.2 - each.estimate / each.fact)
    assert each.estimate - each.fact * (0.2 - each.needed) == pytest.approx(0)


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        (lambda: bundled("passive-smoking", "lung-cancer"), "the protocol names no fact"),
        (lambda: made_up(synthesis("prospective", [0.2, 0.3], [0.1, 0.1], measure="SMD")), "no stratum of a weaker"),
        (lambda: made_up(case_control(), entry={**ENTRY, "effect": "F-2"}), "has no row F-2"),
        (lambda: made_up(case_control(), row=typed("F-1", flag="exclude", **MEANS)), "set aside by the reviewers"),
        (lambda: made_up(case_control(measure="RR")), "a risk ratio of it is not one of the marker by the fact"),
        (lambda: made_up(case_control(measure="OR")), "row F-1: means gives a standardised mean difference"),
        (lambda: made_up(case_control(), entry={**ENTRY, "explanation": "age"}), "the protocol has no explanation age"),
    ],
)
def test_what_cannot_be_done_says_why(given_, why):
    assert why in shifts.of(given_())
