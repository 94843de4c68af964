"""Range and ticks of the effect axis."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.figures.axis import build
from metaan.figures.text import width
from metaan.terms.measures import MEASURES, POOLED
from metaan.terms.records import Interval


def axis(measure, rows, pooled=(), small=(), x1=300.0):
    return build(
        measure,
        [y for y, _ in rows],
        [Interval(y - h, y + h) for y, h in rows],
        list(pooled),
        list(small),
        0.0,
        x1,
        10.0,
    )


def labels(made):
    return [tick.label for tick in made.ticks]


@given(
    st.sampled_from(sorted(POOLED)),
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=1, max_size=12),
    st.sampled_from([90.0, 200.0, 420.0]),
)
def test_null_and_ticks_lie_inside_and_labels_stand_clear(measure, rows, x1):
    made = axis(measure, rows, x1=x1)
    m = MEASURES[measure]
    null = m.working(m.null)
    assert made.low < null < made.high
    assert null in [tick.value for tick in made.ticks]
    assert all(made.low <= tick.value <= made.high for tick in made.ticks)
    for tick in made.ticks:
        assert float(tick.label.replace("−", "-")) == pytest.approx(m.printed(tick.value), rel=1e-3)
    for one, other in pairwise(made.ticks):
        assert made.at(one.value) + width(one.label, 10) / 2 < made.at(other.value) - width(other.label, 10) / 2


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 2)), min_size=1, max_size=3))
def test_points_of_a_small_set_always_lie_inside(rows):
    made = axis("SMD", rows)
    assert all(made.low < y < made.high for y, _ in rows)


@given(st.floats(-5, 5))
def test_place_stays_on_the_axis_and_keeps_order(value):
    made = axis("MD", [(0.5, 1.0), (-0.5, 1.0)])
    assert made.x0 <= made.at(value) <= made.x1
    assert made.at(value) <= made.at(value + 0.5)


@pytest.mark.parametrize(
    ("measure", "rows", "expected"),
    [
        ("OR", [(math.log(0.5), 1.0), (math.log(4), 1.0)], "0.2 0.5 1 2 5 10"),
        ("OR", [(0.05, 0.1)], "0.95 1 1.05 1.1 1.15"),
        ("OR", [(-6.0, 1.0), (3.0, 1.0)], "0.001 0.01 0.1 1 10"),
        ("SMD", [(0.4, 0.5), (-0.2, 0.4)], "−0.5 −0.25 0 0.25 0.5 0.75"),
        ("MD", [(120.0, 300.0)], "−100 0 100 200 300 400"),
    ],
)
def test_ticks_are_round(measure, rows, expected):
    assert labels(axis(measure, rows)) == expected.split()


def test_one_wide_study_does_not_stretch_the_axis():
    narrow = axis("RR", [(0.2, 0.3), (0.1, 0.3), (0.0, 0.3)])
    stretched = axis("RR", [(0.2, 0.3), (0.1, 0.3), (0.0, 8.0)])
    assert stretched.high - stretched.low < 1.6 * (narrow.high - narrow.low)


def test_thresholds_lie_inside():
    made = axis("SMD", [(0.01, 0.02)], small=[Interval(-0.2, 0.2)])
    assert made.low < -0.2
    assert made.high > 0.2


def test_study_at_the_null_with_no_width_still_gives_an_axis():
    made = axis("OR", [(0.0, 0.0)])
    assert made.low < 0 < made.high


def test_a_short_axis_has_more_ticks_than_that_of_no_effect():
    axis = build("SMD", [0.16], [], [Interval(-0.14, 0.47)], [Interval(-0.2, 0.2)], 0, 128, 10)
    assert [tick.label for tick in axis.ticks] == ["−0.2", "0", "0.2", "0.4"]
