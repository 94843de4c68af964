"""Contrasts of real papers, graded from what their abstracts say, and cohorts as they should be."""

import pytest
from contrasts import AFTER, CONTRASTS, IDEAL, review

from metaan.design.grade import grade_all


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    protocol, extraction = review(tmp_path_factory.mktemp("contrasts"), CONTRASTS)
    return dict(zip(CONTRASTS, grade_all(extraction, protocol), strict=True))


@pytest.mark.parametrize("name", CONTRASTS)
def test_each_contrast_gets_its_grade(graded, name):
    found = graded[name]
    assert (found.stratum, found.grade, found.best) == CONTRASTS[name][3]


def test_the_reason_names_order_and_what_is_not_met_and_not_reported(graded):
    assert graded["Tuckerman 2007, next pregnancy"].reason == (
        "The factor was recorded before the outcome. "
        "Not met: the main confounders were handled (age and earlier losses). "
        "Not reported: all eligible people were enrolled in sequence or from the start; "
        "treatment did not depend on the measurement."
    )


def test_an_order_that_is_not_reported_is_not_told_as_if_it_were(graded):
    for name in ("order not reported", "some before, some after"):
        assert not graded[name].reason.startswith("People were chosen by outcome")
    assert "not reported" in graded["order not reported"].reason.split(". ")[0]
    assert "rule that can be foreseen" in graded["treatment by alternation"].reason
    assert "not reported" in graded["treatment, assignment not reported"].reason.split(". ")[0]


def test_left_out_losses_are_told_and_move_nothing(graded):
    found = graded["Yamada 2003"]
    assert "outcome-dependent exclusion: losses of abnormal karyotype were left out" in found.flags
    assert "80 women" in found.flags


def test_what_is_met_in_part_is_neither_met_nor_not_met(tmp_path):
    partly = {
        "one confounder": ("RM", {**IDEAL, "adj_prior_losses": "no"}, {}, ()),
        "source": ("RM", {**AFTER, "control_same_source": "partly", "state_same": "partly"}, {}, ()),
    }
    protocol, extraction = review(tmp_path / "x", partly)
    one, other = grade_all(extraction, protocol)
    assert one.answers["confounders"] == "partly"
    assert "Partly met: the main confounders were handled (age handled, earlier losses not handled)." in one.reason
    assert (one.grade, one.best) == ("B", "B")
    assert (other.answers["source"], other.answers["state"]) == ("partly", "partly")
    assert "Partly met: controls came from the population of the cases; both groups" in other.reason
    assert (other.grade, other.best) == ("D", "D")
