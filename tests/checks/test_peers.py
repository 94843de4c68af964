"""Standard errors among standard deviations, effects far from the rest, units mixed."""

import math
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checked_rows import changed, findings
from metaan.checks.peers import FLOOR, suspects

SPREADS = st.lists(
    st.tuples(
        st.one_of(st.floats(-3, 3), st.sampled_from((0.0, 0.5, 1.0))),
        st.integers(2, 500),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=40,
)


def plainly(log_sd, n, group, peer, peers=5):
    """The definition, word by word."""
    for x, size, own in zip(log_sd, n, group, strict=True):
        others = [y for y, name, counts in zip(log_sd, group, peer, strict=True) if counts and name != own]
        if len(others) < peers:
            yield math.nan, False, False
            continue
        middle = median(others)
        scale = max(1.4826 * median(abs(y - middle) for y in others), FLOOR)
        z, step = (x - middle) / scale, math.log(size) / 2 / scale
        yield z, z < -2.5 and abs(z + step) <= abs(z) / 2, z > 2.5 and abs(z - step) <= abs(z) / 2


@given(SPREADS)
def test_the_quick_way_is_the_definition(rows):
    log_sd, n, group, peer = ([row[i] for row in rows] for i in range(4))
    found = suspects(log_sd, n, group=group, peer=peer)
    for one, (z, flagged, inflated) in zip(found, plainly(log_sd, n, group, peer), strict=True):
        assert one.z == pytest.approx(z, nan_ok=True)
        assert (one.flagged, one.inflated) == (flagged, inflated)


@given(SPREADS, st.floats(-5, 5))
def test_the_unit_of_measurement_changes_nothing(rows, factor):
    log_sd, n, group, _ = ([row[i] for row in rows] for i in range(4))
    scaled = suspects([x + factor for x in log_sd], n, group=group)
    for one, other in zip(suspects(log_sd, n, group=group), scaled, strict=True):
        assert other.z == pytest.approx(one.z, nan_ok=True, abs=1e-9)


def test_equal_spreads_are_never_suspected_and_a_standard_error_among_them_is():
    n = [30.0] * 12
    group = [i // 2 for i in range(12)]
    assert not any(one.flagged for one in suspects([1.4] * 12, n, group=group))
    log_sd = [1.4] * 11 + [1.4 - math.log(30) / 2]
    assert [i for i, one in enumerate(suspects(log_sd, n, group=group)) if one.flagged] == [11]


def test_a_standard_deviation_times_the_root_of_n_is_suspected_and_one_larger_still_is_not():
    n, group = [30.0] * 12, [i // 2 for i in range(12)]
    for times, said in ((1, [11]), (2.4, [])):
        log_sd = [1.4] * 11 + [1.4 + times * math.log(30) / 2]
        assert [i for i, one in enumerate(suspects(log_sd, n, group=group)) if one.inflated] == said
        assert not any(one.flagged for one in suspects(log_sd, n, group=group))


def test_a_small_spread_that_no_root_of_n_explains_is_not_called_a_standard_error():
    log_sd = [1.4] * 11 + [1.4 - 1.2 * math.log(30)]
    assert not any(one.flagged for one in suspects(log_sd, [30.0] * 12, group=range(12)))


def test_four_spreads_of_others_are_too_few():
    log_sd = [1.4] * 4 + [1.4 - math.log(30) / 2]
    assert not any(one.flagged for one in suspects(log_sd, [30.0] * 5, group=range(5)))
    assert suspects([1.4, *log_sd], [30.0] * 6, group=range(6))[-1].flagged


def test_both_groups_of_a_row_are_one_finding_with_both_numbers():
    found = [f for f in findings(changed(Effects={"Jude2012-cc-1": {"sd1": "0.77", "sd2": "0.74"}})) if f.id == "M05"]
    assert len(found) == 1
    assert "0.77 (n 36) and 0.74 (n 29)" in found[0].found
    assert "spread_type to se" in found[0].to_fix


LARGE = {"sd1": "27.6", "sd2": "21.5"}


def test_a_spread_that_is_too_large_names_what_it_would_have_been():
    found = [f for f in findings(changed(Effects={"Jude2012-cc-1": LARGE})) if f.id == "M05"]
    assert len(found) == 1
    assert "27.6 (n 36) and 21.5 (n 29)" in found[0].found
    assert "4.6 and 3.99" in found[0].found


@pytest.mark.parametrize(
    "cells",
    [{"spread_type": "se"}, {"spread_type": "unclear"}, {"m1": "65.5", "m2": "54.5"}, {"unit": "per_ul"}],
)
def test_a_large_spread_that_its_means_or_its_name_explain_is_not_accused(cells):
    sheets = changed(Effects={"Jude2012-cc-1": {**LARGE, **cells}})
    assert "M05" not in {f.id for f in findings(sheets)}


@pytest.mark.parametrize(
    "cells",
    [{"spread_type": "se"}, {"flag": "exclude", "flag_reason": "read off a figure"}, {"unit": "per_ul"}],
)
def test_a_spread_said_to_be_a_standard_error_or_without_peers_is_not_accused(cells):
    sheets = changed(Effects={"Jude2012-cc-1": {"sd1": "0.77", "sd2": "0.74", **cells}})
    assert "M05" not in {f.id for f in findings(sheets)}


@pytest.mark.parametrize(
    ("cells", "far"),
    [({"m1": "13.1"}, False), ({"m1": "17.1"}, True), ({"m1": "17.1", "priority": "secondary"}, False)],
)
def test_an_effect_far_from_its_peers_is_noted(cells, far):
    found = {f.id for f in findings(changed(Effects={"Jude2012-cc-1": cells}))}
    assert ("S10" in found) == far


def test_units_are_told_once_a_measurement_and_only_of_numbers_that_could_be_pooled():
    two = {"Knox2013-cc-1": {"unit": "per_ul"}, "Lark2014-cc-1": {"unit": "per_ul"}}
    (said,) = [f for f in findings(changed(Effects=two)) if f.id == "S11"]
    assert "pct (4 rows) and per_ul (2 rows)" in said.found
    for cells in ({"priority": "secondary"}, {"compartment": "urine"}):
        rows = {"Knox2013-cc-1": {"unit": "per_ul", **cells}}
        assert "S11" not in {f.id for f in findings(changed(Effects=rows))}
