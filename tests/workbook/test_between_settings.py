"""Settings of the methods between designs: those that lead nowhere are named with their place."""

from copy import deepcopy

import pytest

import small_review
from metaan.terms.finding import BadInput
from metaan.workbook.protocol import parse_protocol

SOURCE = "a validation study"
RATIO = {"weaker": "case_control", "stronger": "prospective", "source": SOURCE}


def parsed(settings, *, inside=False):
    data = deepcopy(small_review.PROTOCOL)
    (data["analyses"][0] if inside else data)["between_designs"] = settings
    return parse_protocol(data, "data/tea/protocol.yaml", "tea")


def classes(sensitivity, specificity):
    return {"misclassified": {"sensitivity": sensitivity, "specificity": specificity, "source": SOURCE}}


def bound(kind, *factor):
    return {"confounding": {"bounds": [{"kind": kind, "factor": list(factor), "source": SOURCE}]}}


LOW, HIGH = {**RATIO, "ratio": 0.5, "low": 0.9, "high": 1.5}, {**RATIO, "ratio": 2, "low": 0.9, "high": 1.5}

FAULTS = [
    (classes([0.95, 0.8], [0.9, 1]), "misclassified > sensitivity", "0.95 to 0.8", "rising"),
    (classes([0.8, 0.9], [0, 1]), "misclassified > specificity", "0 to 1", "above 0"),
    (classes([0.4, 0.9], [0.5, 1]), "misclassified", "add up to 0.9", "more than 1"),
    (bound("selection", 1.2), "confounding > bounds", "factor with 1", "two risk ratios or four risk ratios"),
    (bound("misclassification", 1.2, 2), "confounding > bounds", "factor with 2", "one risk ratio for"),
    (bound("confounding", 1.2, 2, 3), "confounding > bounds", "factor with 3", "two risk ratios for"),
    (
        {"confounding": {"bounds": [*bound("confounding", 1, 2)["confounding"]["bounds"]] * 2}},
        *("confounding > bounds", "confounding twice", "one entry a kind"),
    ),
    ({"information": {"effect": 1}}, "information > effect", "1", "a ratio above 0 other than 1"),
    ({"information": {"effect": -2}}, "information > effect", "-2", "a ratio above 0 other than 1"),
    ({"meaningful": {"beyond": -1}}, "meaningful > beyond", "-1", "a ratio above 0"),
    (
        {"bias": {"published": [{**RATIO, "ratio": 2, "low": 0.9, "high": 1.5}]}},
        "bias > published",
        "2 (0.9",
        "between",
    ),
    (
        {"ladder": {"expected": [{**RATIO, "ratio": 0.5, "low": 0.9, "high": 1.5}]}},
        "ladder > expected",
        "0.5",
        "between",
    ),
]


@pytest.mark.parametrize("inside", [False, True], ids=["review", "analysis"])
@pytest.mark.parametrize(("settings", "place", "found", "expected"), FAULTS)
def test_a_setting_that_leads_nowhere_is_named(settings, place, found, expected, inside):
    with pytest.raises(BadInput) as refused:
        parsed(settings, inside=inside)
    (fault,) = refused.value.findings
    start = "analyses > tea-headache > between_designs" if inside else "between_designs"
    assert fault.subject == f"{start} > {place}"
    assert found in fault.found
    assert expected in fault.expected
    assert fault.to_fix


@pytest.mark.parametrize(
    "settings",
    [
        classes([0.8, 0.95], [0.9, 1]),
        bound("selection", 1.2, 1.3, 1.1, 2),
        bound("confounding", 1.2, 1.3),
        bound("misclassification", 1.2),
        {"information": {"effect": 1.5}},
        {"meaningful": {"beyond": 1}},
        {"ladder": {"expected": [{**RATIO, "ratio": 1, "low": 0.9, "high": 1.5}]}},
        {"leave_out": ["multiverse"]},
    ],
)
def test_settings_that_make_sense_pass(settings):
    assert parsed(settings).between == settings
    assert parsed(settings, inside=True).analyses[0].between == settings


def test_an_effect_is_measured_against_the_measures_of_its_analysis():
    data = deepcopy(small_review.PROTOCOL)
    data["analyses"][0]["measure"] = "SMD"
    data["analyses"][0]["between_designs"] = {"information": {"effect": -0.3}, "meaningful": {"beyond": -0.2}}
    assert parse_protocol(data, "data/tea/protocol.yaml", "tea").analyses[0].between
    data["analyses"][0]["between_designs"] = {"information": {"effect": 0}}
    with pytest.raises(BadInput, match="a number other than 0"):
        parse_protocol(data, "data/tea/protocol.yaml", "tea")
