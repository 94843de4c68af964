"""What a sentence may claim: its verb from the design, its strength from the interval, nothing from anything else."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentence_cases import analysis, label, source, synthesis

from metaan.certainty.sentences import (
    DO_NOT_TELL,
    MEASURED_AFTER,
    NOBODY_MEASURED_FIRST,
    Verdict,
    bottom_line,
    verdict,
)
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Beside, Interval, LeftOut, Synthesis

MARKER = {"marker": "activity", "compartment": "blood", "outcome": "loss"}
DRUG = {"intervention": "IVIG", "outcome": "birth"}


def known(stratum, low, high):
    """Return a study that cannot be pooled, with bounds on the printed scale."""
    bounds = Interval(low, high) if low is not None else None
    return Beside(
        study_id="K", label="Katano 2013", stratum=stratum, people=552, classes=(), bounds=bounds, source=source()
    )


def row(stratum):
    return LeftOut(
        effect_id="L-1",
        study_id="L",
        label="L 2000",
        stratum=stratum,
        kind="no_numbers",
        reason="no",
        source=source(),
    )


def text(found, **options):
    line = bottom_line(found, label, **options)
    return " ".join([*(part for s in line.sentences for part in (s.text, *s.then)), line.closing]).strip()


def test_beyond_the_threshold_before_the_outcome():
    found = analysis(synthesis("prospective", 4, 0.4, 1.2, **MARKER))
    assert text(found) == (
        "In 4 prospective studies, a higher level of cell activity in blood came before pregnancy loss more often: "
        "risk ratio 2.23 (95 % CI 1.49 to 3.32)."
    )


def test_a_lower_level_is_said_to_be_lower():
    found = analysis(synthesis("prospective", 4, -1.2, -0.4, **MARKER))
    assert "a lower level of cell activity in blood came before pregnancy loss more often" in text(found)


def test_beyond_the_threshold_after_the_outcome():
    found = analysis(synthesis("case_control", 5, 0.4, 1.2, **MARKER))
    line = bottom_line(found, label)
    assert "was associated with pregnancy loss" in line.sentences[0].text
    assert line.sentences[0].text.endswith(f", {MEASURED_AFTER}.")
    assert line.closing == NOBODY_MEASURED_FIRST


def test_trials_alone_change_anything():
    strata = (synthesis("trial", 3, 0.4, 0.9, **DRUG), synthesis("treatment_cohort", 3, 0.4, 0.9, **DRUG))
    trial, cohort = bottom_line(analysis(*strata, kind="treatment"), label).sentences
    assert trial.text.startswith("In 3 trials, treatment with IVIG changed live birth (more live births): ")
    assert "changed" not in cohort.text
    assert "was associated with live birth (more live births)" in cohort.text
    assert cohort.text.endswith(", treatment not assigned at random.")


def test_beyond_the_null_but_not_the_threshold_leaves_the_size_open():
    found = analysis(synthesis("prospective", 33, 0.1, 0.3, **MARKER))
    assert verdict(found, found.strata[0]) is Verdict.SOME
    assert text(found).endswith(f"Whether the difference is more than small (outside 0.80 to 1.25), {DO_NOT_TELL}.")


@pytest.mark.parametrize(("low", "high"), [(-0.1, 1.0), (-1.0, 0.1), (-0.5, 0.5), (0.0, 0.8)])
def test_an_interval_that_holds_the_null_and_a_threshold_tells_nothing(low, high):
    found = analysis(synthesis("trial", 6, low, high, **DRUG), kind="treatment")
    asked = "Whether treatment with IVIG changed live birth"
    assert text(found).startswith(f"{asked}, {DO_NOT_TELL}: 6 trials, risk ratio")


def test_little_or_no_difference_needs_the_whole_interval_and_three_studies_of_the_stronger_design():
    inside = (-0.1, 0.1)
    enough = analysis(synthesis("trial", 3, *inside, **DRUG), kind="treatment")
    assert text(enough).startswith("Little or no difference in live birth by treatment with IVIG: 3 trials")
    few = analysis(synthesis("prospective", 2, *inside, **MARKER), synthesis("case_control", 9, *inside, **MARKER))
    assert [s.verdict for s in bottom_line(few, label).sentences] == ["not_told", "not_told"]
    weak = analysis(synthesis("case_control", 9, *inside, **MARKER))
    assert verdict(weak, weak.strata[0]) is Verdict.NOT_TOLD
    wide = analysis(synthesis("trial", 3, -0.1, 0.3, **DRUG), kind="treatment")
    assert verdict(wide, wide.strata[0]) is Verdict.NOT_TOLD
    no_threshold = analysis(synthesis("trial", 3, *inside, small=None, **DRUG), kind="treatment")
    assert verdict(no_threshold, no_threshold.strata[0]) is Verdict.NOT_TOLD


def test_two_studies_never_tell():
    found = analysis(synthesis("prospective", 2, 1.0, 1.2, **MARKER))
    asked = "Whether a higher level of cell activity in blood is followed by pregnancy loss more often"
    assert text(found).startswith(f"{asked}, {DO_NOT_TELL}: 2 prospective studies, ")


def test_one_study_speaks_for_itself():
    found = analysis(synthesis("case_control", 1, 0.35, 1.61, measure="SMD", **MARKER))
    assert bottom_line(found, label).sentences[0].text == (
        "One study: S0 2001 (case-control study), standardised mean difference 0.98 (95 % CI 0.35 to 1.61), "
        "measured after the outcome."
    )


def test_no_study():
    found = analysis(synthesis("trial", 0, 0.0, 1.0), kind="treatment")
    assert text(found) == "No trial with numbers that can be pooled."
    after = bottom_line(analysis(synthesis("case_control", 0, 0.0, 1.0)), label).sentences[0].text
    assert after == "No case-control study with numbers that can be pooled."


def test_no_bottom_line_holds_no_sentence():
    trials = synthesis("trial", 2, 0.0, 1.0)
    found = analysis(trials, kind="treatment", withheld="two trials that contradict each other")
    line = bottom_line(found, label)
    assert line.withheld == "No bottom line: two trials that contradict each other."
    assert line.sentences == ()
    assert line.closing == ""


# Katano 2013: the ratio of the top class to the rest lies between 0.74 and 1.16 whatever the class sizes
def test_a_study_beside_that_says_otherwise_leaves_the_answer_open():
    strong = synthesis("prospective", 3, math.log(1.32), math.log(9.22), **MARKER)
    alone = analysis(strong)
    assert verdict(alone, strong) is Verdict.MORE_THAN_SMALL
    beside = analysis(strong, beside=(known("prospective", 0.74, 1.16),))
    assert verdict(beside, strong) is Verdict.NOT_TOLD
    assert text(beside).endswith("A study that cannot be pooled does not show it: Katano 2013.")


@pytest.mark.parametrize(
    ("stratum", "low", "high"), [("prospective", 1.3, 2.0), ("case_control", 0.74, 1.16), ("prospective", None, None)]
)
def test_a_study_beside_that_agrees_or_is_of_another_design_or_has_no_bounds_changes_nothing(stratum, low, high):
    strong = synthesis("prospective", 3, math.log(1.32), math.log(9.22), **MARKER)
    found = analysis(strong, beside=(known(stratum, low, high),))
    assert verdict(found, strong) is Verdict.MORE_THAN_SMALL
    assert "does not show it" not in text(found)


def test_a_study_beside_with_a_large_effect_forbids_little_or_no_difference():
    calm = synthesis("prospective", 5, -0.1, 0.1, **MARKER)
    assert verdict(analysis(calm), calm) is Verdict.LITTLE_OR_NONE
    assert verdict(analysis(calm, beside=(known("prospective", 2.0, 3.0),)), calm) is Verdict.NOT_TOLD
    assert verdict(analysis(calm, beside=(known("prospective", 0.0, 1.1),)), calm) is Verdict.NOT_TOLD
    assert verdict(analysis(calm, beside=(known("prospective", 0.9, 1.1),)), calm) is Verdict.LITTLE_OR_NONE


def test_whether_anybody_measured_first():
    after = synthesis("case_control", 5, 0.4, 1.2, **MARKER)
    assert bottom_line(analysis(after), label).closing == NOBODY_MEASURED_FIRST
    named = ("Yamada 2003 (loss: RR 4.9 (1.7 to 13.8))", "Ho 2020")
    elsewhere = bottom_line(analysis(after), label, elsewhere=named).closing
    assert elsewhere == "Measured first, on other outcomes: Yamada 2003 (loss: RR 4.9 (1.7 to 13.8)); Ho 2020."
    unusable = analysis(after, left_out=(row("prospective"),))
    none = "What measured it first gave no number that can be pooled: 1 row."
    assert bottom_line(unusable, label).closing == none
    assert bottom_line(unusable, label, elsewhere=named).closing == f"{none} {elsewhere}"
    both = analysis(synthesis("prospective", 1, 0.1, 0.2, **MARKER), after)
    assert bottom_line(both, label).closing == ""
    drug = analysis(synthesis("case_control", 5, 0.4, 1.2, **DRUG), kind="treatment")
    assert bottom_line(drug, label).closing == ""


def test_an_exposure_is_told_by_its_contrast_where_nothing_names_it():
    found = analysis(synthesis("prospective", 3, -0.2, 0.9, outcome="loss"), kind="exposure")
    assert text(found).startswith("Whether the exposure is followed by pregnancy loss more often, ")


@pytest.mark.parametrize(("low", "high", "often"), [(0.3, 0.9, "more often"), (-0.9, -0.3, "less often")])
def test_an_exposure_that_came_first_is_said_to_come_before_more_or_less_often(low, high, often):
    found = analysis(synthesis("prospective", 3, low, high, intervention="smoke", outcome="loss"), kind="exposure")
    assert text(found).startswith(f"In 3 prospective studies, smoke came before pregnancy loss {often}: risk ratio")


def test_nobody_asks_whether_what_was_recorded_first_came_first():
    for kind, values in (("marker", MARKER), ("exposure", {"intervention": "smoke", "outcome": "loss"})):
        found = analysis(synthesis("prospective", 3, -0.5, 0.5, **values), kind=kind)
        assert "came before" not in text(found)
    after = analysis(synthesis("case_control", 3, -0.5, 0.5, **MARKER))
    assert "was associated with pregnancy loss, the studies do not tell us" in text(after)


def test_more_than_two_outcomes_are_not_listed():
    parts = [synthesis("trial", 1, 0.0, 1.0, **{**DRUG, "outcome": name}).estimates[0] for name in ("a", "b", "c")]
    base = synthesis("trial", 3, -1.0, 1.0, **DRUG)
    mixed = Synthesis(**{**{f: getattr(base, f) for f in base.__slots__}, "estimates": tuple(parts)})
    assert "changed the outcome" in text(analysis(mixed, kind="treatment"))


LIMITS = st.floats(-3, 3)
KINDS = st.sampled_from([("marker", s) for s in ("prospective", "case_control")])
TREATED = st.sampled_from([("treatment", s) for s in ("trial", "treatment_cohort")])


@given(where=KINDS | TREATED, k=st.integers(0, 40), a=LIMITS, b=LIMITS, threshold=st.none() | st.floats(0.01, 1))
def test_no_sentence_claims_more_than_its_interval(where, k, a, b, threshold):
    kind, stratum = where
    low, high = min(a, b), max(a, b)
    small = None if threshold is None else Interval(-threshold, threshold)
    found = analysis(synthesis(stratum, k, low, high, small=small, **(MARKER if kind == "marker" else DRUG)), kind=kind)
    (said,) = bottom_line(found, label).sentences
    claims = said.verdict in (Verdict.MORE_THAN_SMALL, Verdict.SOME)
    if claims:
        assert k >= 3
        assert low > 0 or high < 0
        assert STRATA[stratum].verb in said.text
    if said.verdict == Verdict.LITTLE_OR_NONE:
        assert k >= 3
        assert small is not None
        assert small.low < low <= high < small.high
        assert STRATA[stratum].strength == 1
    if k >= 2 and not claims and said.verdict != Verdict.LITTLE_OR_NONE:
        assert DO_NOT_TELL in said.text
    if stratum == "case_control" and k:
        assert said.text.endswith(f"{MEASURED_AFTER}.")
    assert "significan" not in said.text
    assert ("changed" in said.text) <= (stratum == "trial")
    assert ("came before" in said.text) <= (stratum == "prospective")


@given(k=st.integers(3, 40), a=LIMITS, b=LIMITS)
def test_the_numbers_in_a_sentence_are_those_of_the_pool(k, a, b):
    low, high = min(a, b), max(a, b)
    found = synthesis("prospective", k, low, high, **MARKER)
    (said,) = bottom_line(analysis(found), label).sentences
    expected = [wording.printed("RR", x) for x in ((low + high) / 2, low, high)]
    printed = re.search(r"risk ratio (\S+) \(95 % CI (\S+) to (\S+)\)", said.text)
    assert list(printed.groups()) == expected
    assert re.search(rf"\b{k} prospective studies", said.text)


@given(where=KINDS | TREATED, k=st.integers(0, 12), a=LIMITS, b=LIMITS)
def test_a_sentence_is_short(where, k, a, b):
    kind, stratum = where
    values = MARKER if kind == "marker" else DRUG
    (said,) = bottom_line(analysis(synthesis(stratum, k, min(a, b), max(a, b), **values), kind=kind), label).sentences
    effect = r"risk ratio \S+ \(95 % CI \S+ to \S+\)"
    assert len(re.sub(effect, "", said.text).split()) <= 30
