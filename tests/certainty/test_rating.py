"""The class our rules suggest: one input changed, one class changed."""

from dataclasses import replace

import pytest

import small_review
from metaan.certainty.rating import ALONE, CLASSES, NO_TRIAL_OF_TEST, OURS, suggested_class
from metaan.terms.certainty import NAMES, Certainty, MissingEvidence, Rating
from metaan.terms.records import Analysis, Effect, Estimate, Grade, Interval, Ledger, Pooled, Source, Synthesis
from metaan.workbook.read import Extraction, Row

SMALL = 0.2231435513142097  #: ln 1.25
LABEL = "Tea against headache"


def estimate(name, y=0.5, half=0.9, grade="B"):
    values = {"outcome": "headache", "intervention": "tea"}
    return Estimate(
        effect_id=name,
        study_id=name,
        design_id=name,
        label=name,
        year="2001",
        note="",
        grade=Grade(
            design_id=name,
            study_id=name,
            stratum="trial",
            grade=grade,
            best=grade,
            reason="",
            met=(),
            not_met=(),
            not_reported=(),
        ),
        group1="",
        group2="",
        people=100,
        effect=Effect(effect_id=name, measure="RR", y=y, v=0.01, path=()),
        ci=Interval(y - half, y + half),
        weight=50.0,
        source=Source(
            workbook="w", sheet="Effects", row=2, cells={}, values=values, kind="abstract", reference="", quote=""
        ),
    )


def trials(ci=(0.3, 0.7), prediction=(0.1, 0.9), i2=0.0, estimates=None, small=SMALL):
    members = estimates if estimates is not None else tuple(map(estimate, ("Ames", "Bell", "Cole")))
    middle = sum(ci) / 2
    pooled = None
    if len(members) > 1:
        pooled = Pooled(
            k=len(members),
            estimate=middle,
            se=0.1,
            statistic=1.0,
            df=2.0,
            p=0.1,
            ci=Interval(*ci),
            prediction=Interval(*prediction) if prediction else None,
            tau2=0.0,
            tau2_ci=None,
            i2=i2,
            i2_ci=None,
            h2=1.0,
            q=1.0,
            q_df=2.0,
            q_p=0.5,
            weights=(),
            method={},
        )
    return Synthesis(
        stratum="trial",
        measure="RR",
        k=len(members),
        people=300,
        estimates=members,
        others=(),
        pooled=pooled,
        also={},
        remarks=(),
        sensitivity=(),
        small=Interval(-small, small) if small else None,
    )


def analysis(synthesis, *, good=True, kind="treatment", withheld=""):
    return Analysis(
        review="tea",
        id="tea-tiredness" if kind == "treatment" else "tea-headache",
        title=LABEL,
        question="",
        factor_kind=kind,
        outcome_good=good,
        words={},
        strata=(synthesis,) if synthesis else (),
        differences=(),
        common_scale=(),
        beside=(),
        left_out=(),
        ledger=Ledger(typed=0, outside={}, left_out={}, pooled=0),
        no_bottom_line=withheld,
        level=0.95,
    )


def sure(level="moderate", **size):
    return Certainty(
        analysis_id="tea-tiredness",
        stratum="trial",
        question="treatment",
        start="high",
        start_because="",
        steps=(),
        level=level,
        best=level,
        because="",
        absolute=None,
        no_absolute="",
        missing=MissingEvidence(pooled=3, pooled_people=300, unusable=(), judgement="", because=""),
        size=size or {"share": 1.4},
    )


def rows(sheet, *values):
    return tuple(Row("w.xlsx", sheet, i, v, dict.fromkeys(v, "A")) for i, v in enumerate(values, start=2))


def extraction(*context, effects=(), designs=()):
    sheets = {"Context": rows("Context", *context), "Effects": rows("Effects", *effects)}
    sheets |= {"Design": rows("Design", *designs), "Studies": ()}
    return Extraction("w.xlsx", sheets, {})


CONCERN = {"body": "A regulator", "topic": "tea", "intervention": "coffee; Tea", "serious_safety": "yes"}
PROTOCOL = small_review.protocol()


def rate(synthesis=None, certainty=None, context=(), **more):
    synthesis = synthesis or trials()
    found = {"trial": certainty or sure()}
    return suggested_class(analysis(synthesis, **more), found, PROTOCOL, extraction(*context))


def test_the_whole_interval_beyond_a_small_benefit_is_green():
    found = rate()
    assert (found.suggested, found.note) == ("green", OURS)
    assert found.inputs["interval"] == "risk ratio 1.35 to 2.01"
    assert found.inputs["outcome"] == "headache"
    assert Rating.from_dict(found.to_dict()) == found


SIGNIFICANT = (estimate("Ames", 0.9, 0.3, "A"), estimate("Bell", -0.9, 0.3, "A"), estimate("Cole"))

#: what is changed in the green case -> class
CHANGES = {
    "high certainty stays green": ({"certainty": sure("high")}, "green"),
    "low certainty": ({"certainty": sure("low")}, "grey"),
    "very low certainty": ({"certainty": sure("very_low")}, "grey"),
    "certainty not judged": ({"certainty": sure("")}, "grey"),
    "too little information": ({"certainty": sure(share=0.99)}, "grey"),
    "just enough information": ({"certainty": sure(share=1.0)}, "green"),
    "at most too little": ({"certainty": sure(share=None, share_at_most=0.4)}, "grey"),
    "information not known": ({"certainty": sure(share=None, why_not="no baseline risk")}, "grey"),
    "one trial": ({"synthesis": trials(estimates=(estimate("Ames", 0.5, 0.2),))}, "grey"),
    "no trial": ({"synthesis": trials(estimates=())}, "grey"),
    "crosses the small threshold": ({"synthesis": trials(ci=(0.2, 0.7))}, "grey"),
    "no threshold": ({"synthesis": trials(small=None)}, "grey"),
    "inside the small limits": ({"synthesis": trials(ci=(-0.2, 0.2))}, "black"),
    "one limit beyond": ({"synthesis": trials(ci=(-0.2, 0.23))}, "grey"),
    "inside at low certainty": ({"synthesis": trials(ci=(-0.2, 0.2)), "certainty": sure("low")}, "grey"),
    "wholly worse": ({"synthesis": trials(ci=(-0.7, -0.01))}, "red"),
    "touches the null": ({"synthesis": trials(ci=(-0.7, 0.0))}, "grey"),
    "worse at low certainty": ({"synthesis": trials(ci=(-0.7, -0.3)), "certainty": sure("low")}, "grey"),
    "the outcome is a bad one": ({"good": False}, "red"),
    "a bad outcome made rarer": ({"good": False, "synthesis": trials(ci=(-0.7, -0.3))}, "green"),
    "named serious risk": ({"context": (CONCERN,)}, "red"),
    "named risk, nothing else known": ({"context": (CONCERN,), "certainty": sure("very_low")}, "red"),
    "risk of another treatment": ({"context": ({**CONCERN, "intervention": "coffee"},)}, "green"),
    "statement without a risk": ({"context": ({**CONCERN, "serious_safety": "no"},)}, "green"),
    "risk not told": ({"context": ({**CONCERN, "serious_safety": "NR"},)}, "green"),
    "low-risk trials contradict": ({"synthesis": trials(estimates=SIGNIFICANT)}, "yellow"),
    "contradiction, low certainty": ({"synthesis": trials(estimates=SIGNIFICANT), "certainty": sure("low")}, "grey"),
    "contradiction, one trial of grade B": (
        {"synthesis": trials(estimates=(SIGNIFICANT[0], replace(SIGNIFICANT[1], grade=estimate("x").grade)))},
        "green",
    ),
    "contradiction, one interval wide": (
        {"synthesis": trials(estimates=(SIGNIFICANT[0], estimate("Bell", -0.9, 0.95, "A")))},
        "green",
    ),
    "wide prediction interval": ({"synthesis": trials(prediction=(-0.3, 1.1), i2=50.0)}, "yellow"),
    "wide prediction interval, little I2": ({"synthesis": trials(prediction=(-0.3, 1.1), i2=49.9)}, "green"),
    "prediction interval without harm": ({"synthesis": trials(prediction=(-0.2, 1.1), i2=80.0)}, "green"),
    "prediction interval without benefit": (
        {"synthesis": trials(ci=(-0.1, 0.1), prediction=(-0.4, 0.2), i2=80.0)},
        "black",
    ),
    "mean without meaning": ({"withheld": "they contradict each other"}, "grey"),
    "mean without meaning, worse": (
        {"withheld": "they contradict each other", "synthesis": trials(ci=(-0.7, -0.3))},
        "grey",
    ),
    "mean without meaning, low-risk trials contradict": (
        {"withheld": "they contradict each other", "synthesis": trials(estimates=SIGNIFICANT)},
        "yellow",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_input_changes_the_class(name):
    change, expected = CHANGES[name]
    found = rate(**change)
    assert found.suggested == expected
    assert expected in CLASSES
    assert found.because
    assert found.note == OURS


def test_every_class_is_reached():
    assert {expected for _, expected in CHANGES.values()} == set(CLASSES)


def test_the_reason_names_what_decided():
    assert rate(context=(CONCERN,)).because == "a serious risk of the treatment is named (A regulator)"
    assert rate(certainty=sure("low", share=0.5)).because == (
        "certainty is low and the information is 50 % of the optimal size"
    )
    at_most = rate(certainty=sure(share=None, share_at_most=0.4)).because
    assert at_most == "the information is at most 40 % of the optimal size"
    told = rate(trials(estimates=SIGNIFICANT)).because
    assert told.endswith("better in Ames, worse in Bell")
    for level in ("moderate", "high"):
        assert f"({NAMES[level]} certainty)" in rate(certainty=sure(level)).because


def test_a_named_risk_also_tells_the_class_without_it():
    assert rate(context=(CONCERN,)).inputs[ALONE].startswith("green, because the whole interval")
    assert ALONE not in rate().inputs


def test_only_trials_count():
    cohort = replace(trials(ci=(-0.7, -0.3)), stratum="treatment_cohort")
    both = replace(analysis(trials()), strata=(trials(), cohort))
    found = suggested_class(both, {"trial": sure(), "treatment_cohort": sure("high")}, PROTOCOL, extraction())
    assert found.suggested == "green"
    alone = replace(analysis(trials()), strata=(cohort,))
    assert suggested_class(alone, {"treatment_cohort": sure("high")}, PROTOCOL, extraction()).because == (
        "no trial is pooled"
    )


MARKER = {
    **small_review.PROTOCOL["analyses"][0],
    "include": {"factor_kind": ["marker"], "compartment": ["blood"]},
}
MARKER_PROTOCOL = small_review.protocol(
    analyses=[MARKER], lists={**small_review.PROTOCOL["lists"], "compartment": {"blood": "", "uterus": ""}}
)
TRIAL_ROW = {"effect_id": "Ames-1", "design_id": "Ames-tr", "factor_kind": "marker", "compartment": "blood"}
RANDOMISED = {"design_id": "Ames-tr", "study_id": "Ames", "randomised": "yes"}


def marker(effect=TRIAL_ROW, design=RANDOMISED):
    found = replace(analysis(replace(trials(), stratum="prospective"), kind="marker"))
    return suggested_class(found, {}, MARKER_PROTOCOL, extraction(effects=(effect,), designs=(design,)))


def test_a_test_without_a_trial_has_no_class():
    found = marker(design={**RANDOMISED, "randomised": "no"})
    assert (found.suggested, found.note) == ("", NO_TRIAL_OF_TEST)


@pytest.mark.parametrize(
    ("effect", "held"),
    [
        ({}, True),
        ({"compartment": "uterus"}, False),
        ({"compartment": ""}, True),
        ({"factor_kind": "treatment", "intervention": "tea"}, False),
        ({"factor_kind": "treatment", "intervention": "tea; Test"}, True),
        ({"factor_kind": "treatment", "intervention": "tested tea"}, False),
    ],
)
def test_a_trial_of_the_test_is_found_by_its_facts(effect, held):
    found = marker({**TRIAL_ROW, **effect})
    assert (found.note != NO_TRIAL_OF_TEST) == held
    assert found.suggested == ""
    assert found.inputs == ({"trials of the test": ["Ames"]} if held else {})


def test_a_test_with_trials_of_its_own_is_rated_like_a_treatment():
    found = analysis(trials(), kind="marker")
    assert suggested_class(found, {"trial": sure()}, MARKER_PROTOCOL, extraction()).suggested == "green"
    risk = extraction({**CONCERN, "intervention": "test"})
    assert suggested_class(found, {"trial": sure()}, MARKER_PROTOCOL, risk).suggested == "red"


def test_an_exposure_has_no_class():
    found = suggested_class(analysis(trials(), kind="exposure"), {"trial": sure()}, PROTOCOL, extraction(CONCERN))
    assert (found.suggested, found.note) == ("", "no class")
