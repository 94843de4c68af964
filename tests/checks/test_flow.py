"""Boxes of the flow against each other and against the sheets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import review
from checked_rows import findings

STUDIES = len(review.rows()["Studies"])


def found(boxes):
    sheets = review.rows()
    sheets["PRISMA"] = [{"key": key, "n": str(n)} for key, n in boxes]
    return [f for f in findings(sheets) if f.id == "S07"]


@st.composite
def flows(draw):
    """A flow that adds up, with some boxes left blank that nobody needs."""
    number = st.integers(0, 400)
    included = STUDIES
    other = draw(st.integers(0, included))
    excluded, missed = draw(st.lists(number, min_size=1, max_size=3)), draw(number)
    other_excluded, other_missed = draw(number), draw(number)
    assessed, other_assessed = included - other + sum(excluded), other + other_excluded
    screened_out, removed, register = draw(number), draw(number), draw(number)
    screened = assessed + missed + screened_out
    databases = screened + removed - register
    boxes = [
        *(("database_results", n) for n in (databases - databases // 3, databases // 3)),
        *(("register_results", register), ("duplicates", removed), ("records_screened", screened)),
        *(("records_excluded", screened_out), ("dbr_sought_reports", assessed + missed)),
        *(("dbr_notretrieved_reports", missed), ("dbr_assessed", assessed)),
        *(("dbr_excluded", n) for n in excluded),
        *(("other_sought_reports", other_assessed + other_missed), ("other_notretrieved_reports", other_missed)),
        *(("other_assessed", other_assessed), ("other_excluded", other_excluded)),
        *(("new_reports", included), ("new_studies", included), ("total_studies_ma", included // 2)),
    ]
    blank = draw(
        st.sets(st.sampled_from(("records_screened", "records_excluded", "dbr_sought_reports", "new_studies")))
    )
    return [(key, n) for key, n in boxes if key not in blank and n >= 0] if databases >= 0 else []


@given(flows())
def test_a_flow_that_adds_up_raises_nothing(boxes):
    assert [f.text() for f in found(boxes)] == []


@given(flows(), st.data())
def test_a_box_of_a_sum_that_is_wrong_is_told(boxes, data):
    names = {name for name, _ in boxes}
    if not {"dbr_assessed", "dbr_excluded", "new_reports"} <= names:
        return
    which = data.draw(st.sampled_from(("dbr_assessed", "dbr_excluded", "new_reports")))
    place = next(i for i, (name, _) in enumerate(boxes) if name == which)
    wrong = [(name, n + 5 if i == place else n) for i, (name, n) in enumerate(boxes)]
    said = found(wrong)
    assert any("new_reports" in f.found or "dbr_" in f.found for f in said)
    assert {f.origin.sheet for f in said} == {"PRISMA"}


def test_the_sum_is_shown_with_its_cells():
    (finding,) = found(
        [("database_results", 900), ("database_results", 300), ("duplicates", 250), ("records_screened", 940)]
    )
    assert finding.origin.cell == "C5"
    assert "1200 database_results (C2 + C3) - 250 duplicates (C4) = 950" in finding.found
    assert finding.expected == "950"


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [("database_results", 900)],
        [("records_screened", 940), ("dbr_sought_reports", 30)],
        [("dbr_assessed", 30), ("new_reports", STUDIES)],
    ],
)
def test_boxes_that_nobody_counted_are_left_out(boxes):
    assert found(boxes) == []


def test_an_update_of_a_review_counts_all_its_studies():
    old = [("previous_studies", 3), ("new_studies", STUDIES - 3)]
    assert found([*old, ("total_studies", STUDIES)]) == []
    said = found([*old, ("total_studies", STUDIES + 1)])
    assert [f.origin.cell for f in said] == ["C4", "C4"]
