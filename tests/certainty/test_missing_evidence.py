"""Known results without usable numbers: which count, what they say, and how much they weigh."""

import pytest
from certainty_cases import analysis, estimate, extraction, missing, plain, protocol, row
from hypothesis import given
from hypothesis import strategies as st

from metaan.certainty.grade import certainties

OPEN = (0.1, -0.1, 0.05, -0.05, 0.0, 0.02)


def found(*rows, y=None, read=None, people=100, **more):
    estimates = plain(y or (0.5,) * 6, people=people)
    (each,) = certainties(analysis(estimates, left_out=rows, **more), protocol(), read or extraction())
    return each.missing


def judged(*rows, **more):
    return found(*rows, **more).judgement


def test_nothing_known_to_be_missing():
    assert judged() == "low"
    assert "cannot be told" in found().because


def test_only_rows_of_this_stratum_without_a_usable_number_count():
    rows = (
        missing("A", 10),
        missing("B", 10, kind="other_scale", form="ratio"),
        missing("C", 10, kind="no_numbers", form="p_only"),
        missing("D", 10, kind="priority"),
        missing("E", 10, kind="flagged"),
        missing("F", 10, form="single_group"),
        missing("G", 10, stratum="case_control"),
        missing("s0", 10),  # a study in the pool
    )
    assert [each.study_id for each in found(*rows).unusable] == ["A", "B", "C"]


def test_several_rows_of_one_study_count_once():
    rows = (missing("A", 40, sign="no_difference"), missing("A", 50, form="risk_only"))
    (each,) = found(*rows).unusable
    assert each.people == 50


@pytest.mark.parametrize(("people", "judgement"), [(66, "low"), (67, "some"), (600, "some"), (60000, "some")])
def test_what_says_the_same_is_never_high(people, judgement):
    # 66 of 666 people are less than a tenth
    assert judged(missing("A", people, sign="higher_in_event")) == judgement


@pytest.mark.parametrize(
    ("values", "otherwise"),
    [
        ({"sign": "no_difference"}, True),
        ({"sign": "lower_in_event"}, True),
        ({"sign": "higher_in_event"}, False),
        ({"form": "p_only", "p_value": "0.001", "p_cmp": "="}, False),  # no direction
        ({"form": "ratio", "est": "0.5"}, True),
        ({"form": "ratio", "est": "2.5"}, False),
        ({}, False),
    ],
)
def test_what_says_otherwise_than_a_pool_above_no_effect(values, otherwise):
    assert (judged(missing("A", 600, **values)) == "high") is otherwise


@pytest.mark.parametrize(
    ("values", "otherwise"),
    [
        ({"sign": "no_difference"}, False),
        ({"sign": "higher_in_event"}, False),  # a direction alone leaves out nothing
        ({"sign": "higher_in_event", "form": "p_only", "p_value": "0.01", "p_cmp": "<"}, True),
        ({"form": "p_only", "p_value": "0.2", "p_cmp": "="}, False),
        ({"form": "p_only", "p_value": "0.01", "p_cmp": ">"}, False),
        ({"form": "ratio", "est": "3", "ci_low": "1.2", "ci_high": "7"}, True),
        ({"form": "ratio", "est": "3", "ci_low": "0.9", "ci_high": "7"}, False),
    ],
)
def test_what_says_otherwise_than_an_open_pool(values, otherwise):
    assert (judged(missing("A", 600, **values), y=OPEN) == "high") is otherwise


@pytest.mark.parametrize(
    ("source", "values", "kept_back"),
    [
        ("full_text", {"sign": "no_difference"}, True),
        ("table", {"form": "p_only", "p_value": "0.4", "p_cmp": "="}, True),
        ("table", {"form": "p_only", "p_value": "0.05", "p_cmp": ">"}, True),
        ("abstract", {"sign": "no_difference"}, False),  # the numbers may stand in the paper
        ("second_hand", {"sign": "no_difference"}, False),
        ("full_text", {"sign": "higher_in_event"}, False),
        ("full_text", {"sign": "no_difference", "m1": "3.1"}, False),  # there are numbers, only not enough
        ("table", {"form": "p_only", "p_value": "0.04", "p_cmp": "="}, False),
    ],
)
def test_numbers_kept_back(source, values, kept_back):
    (each,) = found(missing("A", 10, source=source, **values)).unusable
    assert each.selective is kept_back


def test_numbers_kept_back_of_half_the_people_are_high():
    assert judged(missing("A", 599, source="full_text", sign="no_difference")) == "some"
    assert judged(missing("A", 600, source="full_text", sign="no_difference"), y=OPEN) == "high"
    assert judged(missing("A", 599, source="full_text", sign="no_difference"), y=OPEN) == "some"


def test_studies_count_where_people_are_not_known():
    rows = [missing(f"A{i}", sign="no_difference") for i in range(6)]
    assert judged(*rows[:5]) == "some"
    assert judged(*rows) == "high"
    assert judged(missing("A", 50, sign="no_difference"), people=None) == "some"


def test_people_enrolled_stand_in_as_the_most_there_can_be():
    studies = tuple(row("Studies", i + 2, study_id=f"s{i}", n_enrolled="100") for i in range(6))
    read = extraction(Studies=studies)
    assert judged(missing("A", 599, sign="no_difference"), people=None, read=read) == "some"
    assert judged(missing("A", 600, sign="no_difference"), people=None, read=read) == "high"


def test_no_study_pooled_gives_no_judgement():
    (each,) = certainties(analysis([], left_out=[missing("A", 9)]), protocol(), extraction())
    assert each.missing.judgement == ""
    assert len(each.missing.unusable) == 1


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_more_people_who_say_otherwise_never_make_it_better(a, b):
    order = ("low", "some", "high")
    less, more = sorted((a, b))
    first, second = (order.index(judged(missing("A", n, sign="no_difference"))) for n in (less, more))
    assert first <= second


def test_a_row_that_counts_cycles_gives_no_people():
    rows = (missing("A", 500, sign="no_difference", analysis_unit="cycle"),)
    assert found(*rows).unusable[0].people is None
    assert estimate(0, 0, 1).people == 1000
