"""One slip in the counts of a row gives one finding, at the count and not at what it contradicts."""

import honest
import pytest

TABLE = {"form": "two_by_two", "a_high_event": "31", "b_high_none": "69", "c_low_event": "18", "d_low_none": "82"}
BESIDE = {"n_analysed": "200", "pct_1": "31.0", "pct_2": "18.0", "crude_est": "2.05", "crude_scale": "OR"}
TOTALS = {"form": "events_totals", "events_high": "31", "total_high": "100", "events_low": "18", "total_low": "100"}


@pytest.mark.parametrize(
    ("cells", "column", "hint"),
    [
        ({**TABLE, "a_high_event": "13"}, "a_high_event", "31 in "),
        ({**TABLE, "d_low_none": "87"}, "d_low_none", "82 in "),
        ({**TABLE, "c_low_event": "180"}, "c_low_event", "18 in "),
        ({**TABLE, "b_high_none": "100", "d_low_none": "100"}, "b_high_none", "totals, typed as people without"),
        ({**TABLE, "a_high_event": "18", "b_high_none": "82", "c_low_event": "31", "d_low_none": "69"}, *("",) * 2),
        ({**TOTALS, "total_high": "69", "total_low": "82"}, "total_high", "people without the event, typed as totals"),
        ({**TOTALS, "events_high": "18", "events_low": "31"}, "events_high", "exchanged"),
        ({**TOTALS, "events_high": "69", "events_low": "82"}, "events_high", "counted as events"),
    ],
)
def test_one_slip_is_one_finding_at_its_cell(cells, column, hint):
    cells = {**cells, **BESIDE}
    (item,) = honest.findings(cells)
    assert [place for _, place in honest.said(cells)] == [column or "a_high_event"]
    assert (hint or "the two groups") in item.to_fix


def test_the_row_without_the_slip_is_silent():
    assert honest.said({**TABLE, **BESIDE}) == []
    assert honest.said({**TOTALS, **BESIDE}) == []


def test_one_number_that_contradicts_the_counts_is_itself_suspected():
    assert honest.said({**TABLE, **BESIDE, "n_analysed": "210"}) == [("B02", "n_analysed")]
    assert honest.said({**TABLE, **BESIDE, "crude_est": "1.05"}) == [("B03", "crude_est")]


def test_slips_of_two_cells_are_not_explained_by_one():
    places = [place for _, place in honest.said({**TABLE, **BESIDE, "a_high_event": "47", "d_low_none": "26"})]
    assert {"n_analysed", "crude_est"} <= set(places)


def test_events_above_the_total_are_told_once():
    assert honest.said({**TOTALS, **BESIDE, "events_high": "310"}) == [("B01", "events_high")]


def test_nobody_exposed_is_a_question_where_people_were_chosen_by_outcome_and_an_error_elsewhere():
    nobody = {**TABLE, "a_high_event": "0", "b_high_none": "0"}
    assert honest.said(nobody, design="yes") == [("B04", "a_high_event")]
    assert honest.said({**nobody, "zero_reported": "yes"}, design="yes") == []
    assert honest.said(nobody, design="no") == [("B01", "a_high_event")]
    no_cases = {**TABLE, "a_high_event": "0", "c_low_event": "0"}
    assert honest.said(no_cases, design="yes") == [("B01", "a_high_event")]
