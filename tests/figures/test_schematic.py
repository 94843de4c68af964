"""The schematic of the designs: always the flawed and the ideal one, with the review's own studies on them."""

import pytest
from boxes import collisions, outside
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.design.placed import Placed
from metaan.figures.draw import render
from metaan.figures.schematic import NAMED, lay_out
from metaan.terms.designs import STRATA

WOMEN = {"one": "woman", "many": "women"}


def placed(stratum, n=3, kind="marker", **more):
    given = {
        "stratum": stratum,
        "comparisons": n + 1,
        "studies": tuple(f"Author{i} 20{i:02d}" for i in range(n)),
        "people": 12_840,
        "unknown": 2,
        "grades": {"B": 1, "C": n},
        "controls": (("fertile women, births not stated", 2), ("women with a birth", 1)),
        "kind": kind,
    }
    return Placed(**{**given, **more})


ALL = tuple(placed(name, kind="treatment" if "tr" in name[:2] else "marker") for name in STRATA)


@pytest.fixture(params=[False, True], ids=["wide", "narrow"])
def narrow(request):
    return request.param


def texts(layout, stratum):
    return " ".join(item.text for item in layout.texts if item.stratum == stratum)


def test_nothing_overlaps_and_nothing_leaves_the_page(narrow):
    layout = lay_out(ALL, WOMEN, narrow=narrow)
    assert collisions(layout) == []
    assert outside(layout) == []
    assert [block.stratum for block in layout.blocks] == [
        *("case_control", "cross_sectional", "prospective", "treatment_cohort", "trial")
    ]
    assert len(layout.description.split()) <= 60


def test_each_lane_counts_its_own_studies(narrow):
    layout = lay_out(ALL, WOMEN, narrow=narrow)
    for item in ALL:
        said = texts(layout, item.stratum)
        assert "3 studies" in said
        assert "4 comparisons" in said
        assert "12\N{NARROW NO-BREAK SPACE}840 women; number not known in 2 studies" in said
        assert "Author0 2000, Author1 2001, Author2 2002" in said
    assert "Controls: fertile women, births not stated 2; women with a birth 1; not reported 1" in texts(
        layout, "case_control"
    )


def test_many_studies_are_counted_and_the_first_are_named(narrow):
    layout = lay_out((placed("prospective", 17),), WOMEN, narrow=narrow)
    said = texts(layout, "prospective")
    assert f"Author{NAMED - 1} " in said
    assert f"Author{NAMED} " not in said
    assert f"and {17 - NAMED} more" in said


def test_both_ways_are_drawn_also_where_the_review_has_one(narrow):
    layout = lay_out((placed("case_control"),), WOMEN, narrow=narrow)
    assert [block.stratum for block in layout.blocks] == ["case_control", "prospective"]
    assert "No study in this review" in texts(layout, "prospective")
    layout = lay_out((placed("treatment_cohort", kind="treatment"),), WOMEN, narrow=narrow)
    assert [block.stratum for block in layout.blocks] == ["treatment_cohort", "trial"]


def test_measuring_comes_after_the_outcome_in_one_lane_and_before_it_in_the_other(narrow):
    layout = lay_out(ALL, WOMEN, narrow=narrow)

    def middle(stratum, role):
        boxes = [item.box for item in layout.items if item.stratum == stratum and item.role == role]
        return min(box[0] for box in boxes)

    for stratum, last in (("case_control", "sample"), ("prospective", "person")):
        steps = sorted(x for item in layout.of("station") if item.stratum == stratum for x, _ in item.centres)
        assert len(steps) == 3
        sampled = middle(stratum, "sample")
        assert (sampled > steps[1] + 10) == (last == "sample")


def test_an_exposure_is_recorded_on_a_sheet_and_not_in_a_tube(narrow):
    layout = lay_out((placed("prospective", kind="exposure"),), WOMEN, narrow=narrow)
    assert layout.of("record")
    assert not layout.of("sample")
    assert "exposure is recorded" in texts(layout, "prospective")


def test_same_layout_same_bytes_and_small(narrow):
    first, again = (render(lay_out(ALL, WOMEN, review="tea", narrow=narrow), "svg") for _ in range(2))
    assert first == again
    assert f'id="tea-schematic-{"narrow" if narrow else "wide"}"'.encode() in first
    assert len(first) < 40_000


names = st.text(st.sampled_from("abcij WMé-/,."), min_size=1, max_size=50)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(names, min_size=1, max_size=9),
    st.lists(st.tuples(names, st.integers(1, 9999)), max_size=5),
    st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 9999), min_size=1),
    st.booleans(),
)
def test_nothing_overlaps_whatever_is_placed(studies, controls, grades, narrow):
    item = placed("case_control", studies=tuple(studies), controls=tuple(controls), grades=grades)
    layout = lay_out((item,), WOMEN, narrow=narrow)
    assert collisions(layout) == []
    assert outside(layout) == []
