"""The clean review of the zoo: small_review brought to full cleanliness, and six studies that measured a marker.

Nothing in it gives a finding of any level; each case of the zoo changes a few cells of it.
"""

from copy import deepcopy

import small_review
from metaan.workbook.protocol import Protocol, parse_protocol

#: study, then n, mean and SD of those with and of those without the outcome
MARKERS = (
    ("Hale2010", ("31", "12.4", "4.1"), ("28", "10.2", "3.8")),
    ("Iris2011", ("27", "11.6", "3.9"), ("33", "10.5", "4.3")),
    ("Jude2012", ("36", "13.1", "4.6"), ("29", "10.9", "4.0")),
    ("Knox2013", ("25", "12.9", "4.4"), ("26", "11.3", "3.7")),
    ("Lark2014", ("34", "11.9", "3.6"), ("35", "9.8", "3.9")),
    ("Moss2015", ("29", "12.2", "4.2"), ("32", "10.7", "4.5")),
)

_CENTRES = (
    "Oslo",
    "Lima",
    "Kyoto",
    "Perth",
    "Accra",
    "Quito",
    "Delhi",
    "Turin",
    "Hanoi",
    "Boston",
    "Cairo",
    "Riga",
    "Lyon",
)

PROTOCOL = {
    **small_review.PROTOCOL,
    "lists": {
        **small_review.PROTOCOL["lists"],
        "marker": {"caffeine": "caffeine", "theanine": "theanine"},
        "compartment": {"blood": "blood", "urine": "urine"},
        "assay": {"flow": "flow cytometry", "chromatography": "chromatography"},
        "unit": {"pct": "percent", "per_ul": "per microlitre"},
    },
    "analyses": [
        *small_review.PROTOCOL["analyses"],
        {
            "id": "caffeine-headache",
            "title": "Caffeine in blood",
            "question": "Is there more caffeine in the blood of people with headache?",
            "include": {"factor_kind": ["marker"], "marker": ["caffeine"]},
            "measure": "SMD",
            "words": {"group1": "Headache", "group2": "None", "low": "less caffeine", "high": "more caffeine"},
            "strata": [{"stratum": "case_control"}],
        },
    ],
}


def protocol() -> Protocol:
    """Return the protocol of the zoo."""
    return parse_protocol(deepcopy(PROTOCOL), "data/zoo/protocol.yaml", "zoo")


def rows() -> dict[str, list[dict[str, str]]]:
    """Return every sheet's rows, without anything a check could find."""
    sheets = small_review.rows()
    for study, one, two in MARKERS:
        _marker(sheets, study, one, two)
    for i, study in enumerate(sheets["Studies"]):
        study |= {"centre": _CENTRES[i], "country": _COUNTRIES[i], "n_enrolled": "250", "setting": "clinic"}
        study |= {"recruit_start": f"{1991 + i}-01", "recruit_end": f"{1991 + i}-11"}
    for i, report in enumerate(sheets["Reports"]):
        report |= {"retracted": "no", "retraction_checked_on": "2025-12-01", "title": f"{_CENTRES[i]} study of tea"}
    for design in sheets["Design"]:
        facts = {"author_label": "case_control", "control_same_source": "yes", "assayed_before_outcome": "no"}
        facts |= {"cohort_assembly": "consecutive", "blinded_assay": "yes"}
        design |= {name: value for name, value in facts.items() if design.get(name) == "NR"}
    for effect in sheets["Effects"]:
        effect |= {"checked_by": "CD", "checked_on": "2026-01-01", "flag": "ok"}
    return sheets


_COUNTRIES = (
    *("Norway", "Peru", "Japan", "Australia", "Ghana", "Ecuador", "India", "Italy", "Vietnam", "United States"),
    *("Egypt", "Latvia", "France"),
)


def _marker(
    sheets: dict[str, list[dict[str, str]]], study: str, one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    small_review._study(sheets, study, len(sheets["Studies"]))
    sheets["Design"].append(small_review._design(study, "cc"))
    sheets["Effects"].append(
        {
            **small_review._effect(study, "cc"),
            **{"outcome": "headache_history", "factor_kind": "marker", "effect_kind": "NA", "form": "means"},
            **{"marker": "caffeine", "compartment": "blood", "assay": "flow", "unit": "pct", "spread_type": "sd"},
            **dict(zip(("n1", "m1", "sd1", "n2", "m2", "sd2"), (*one, *two), strict=True)),
        }
    )
