"""A small review on made-up people, complete enough for every stage; tests change one thing in it and look."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from metaan.files import write_atomically
from metaan.workbook.protocol import Protocol, parse_protocol
from metaan.workbook.template import workbook_bytes

PROTOCOL = {
    "title": "Tea and headache",
    "question": "Does tea drinking come before headache in adults?",
    "as_of": "2026-01-01",
    "registered": "no",
    "people": {"one": "adult", "many": "adults"},
    "lists": {
        "outcome": {"headache": "headache", "headache_history": "history of headache"},
        "population": {"adults": "adults", "students": "students"},
        "control_type": {"neighbours": "neighbours", "same_cohort": "same cohort without the outcome"},
    },
    "confounders": {"age": "age"},
    "required_confounders": {"default": ["age"]},
    "analyses": [
        {
            "id": "tea-headache",
            "title": "Tea and headache",
            "question": "Does tea go with headache?",
            "include": {"factor_kind": ["exposure"], "outcome": ["headache", "headache_history"]},
            "measure": "OR",
            "words": {"group1": "Tea", "group2": "No tea", "low": "less headache", "high": "more headache"},
            "strata": [{"stratum": "prospective"}, {"stratum": "case_control"}],
            "sensitivity": ["DL"],
        },
        {
            "id": "tea-tiredness",
            "title": "Tea against headache",
            "question": "Does a course of tea change headache?",
            "include": {"factor_kind": ["treatment"], "outcome": ["headache"]},
            "measure": "RR",
            "strata": [{"stratum": "trial"}],
        },
    ],
}

#: study, stratum letter, a b c d
TABLES = (
    ("Ames2001", "pr", "12", "88", "8", "92"),
    ("Bell2002", "pr", "20", "80", "11", "89"),
    ("Cole2003", "pr", "9", "41", "6", "44"),
    ("Dunn2004", "cc", "30", "20", "18", "32"),
    ("Earl2005", "cc", "25", "25", "15", "35"),
)


def protocol(**changes: object) -> Protocol:
    """Return the protocol, with top-level keys changed."""
    return parse_protocol({**deepcopy(PROTOCOL), **changes}, "data/tea/protocol.yaml", "tea")


def rows() -> dict[str, list[dict[str, str]]]:
    """Return every sheet's rows, complete and without fault."""
    sheets: dict[str, list[dict[str, str]]] = {
        "Review": [
            {"key": "lead", "value": "A. Reviewer"},
            {"key": "workbook_role", "value": "single"},
            {"key": "decimal_mark", "value": "point"},
        ],
        "Reports": [],
        "Studies": [],
        "Design": [],
        "Effects": [],
    }
    for i, (study, kind, a, b, c, d) in enumerate(TABLES):
        _study(sheets, study, i)
        sheets["Design"].append(_design(study, kind))
        sheets["Effects"].append(
            {
                **_effect(study, kind),
                "outcome": "headache" if kind == "pr" else "headache_history",
                "form": "two_by_two",
                **{"a_high_event": a, "b_high_none": b, "c_low_event": c, "d_low_none": d},
            }
        )
    _study(sheets, "Frey2006", 5)
    sheets["Design"].append({**_design("Frey2006", "tr"), "randomised": "yes"})
    sheets["Effects"].append(
        {
            **_effect("Frey2006", "tr"),
            **{"outcome": "headache", "factor_kind": "treatment", "intervention": "tea", "comparator": "water"},
            **{"form": "events_totals", "events_high": "7", "total_high": "40", "events_low": "10", "total_low": "41"},
        }
    )
    _study(sheets, "Gray2007", 6)
    sheets["Design"].append(_design("Gray2007", "cc"))
    sheets["Effects"].append(
        {
            **_effect("Gray2007", "cc"),
            **{"outcome": "headache_history", "form": "p_only", "p_value": "0.04", "p_cmp": "="},
            "sign": "higher_in_event",
        }
    )
    return sheets


def _study(sheets: dict[str, list[dict[str, str]]], study: str, i: int) -> None:
    label = f"{study[:-4]} {study[-4:]}"
    sheets["Reports"].append(
        {
            **{"report_id": f"{study}-main", "study_id": study, "is_primary": "yes", "type": "article"},
            **{"authors": study[:-4], "year": study[-4:], "title": f"Tea in {label}", "retracted": "not_checked"},
            "doi": f"10.1234/tea.{i}",
        }
    )
    sheets["Studies"].append(
        {
            **{"study_id": study, "label": label, "year": study[-4:], "country": "NR", "population": "adults"},
            "n_enrolled": "NR",
        }
    )


def _design(study: str, kind: str) -> dict[str, str]:
    before = kind in ("pr", "tr")
    facts = {
        **{"design_id": f"{study}-{kind}", "study_id": study, "contrast": "tea against none"},
        **{"author_label": "NR", "randomised": "no", "sampled_before_outcome": "yes" if before else "no"},
        **{"assayed_before_outcome": "yes" if before else "NR", "index_outcome": "headache"},
        **{"selected_on_outcome": "no" if before else "yes", "cohort_assembly": "consecutive" if before else "NR"},
        **{"control_type": "same_cohort" if before else "neighbours", "state_same": "yes", "blinded_assay": "NR"},
        **{"cutoff_source": "none_continuous", "adj_age": "adjusted"},
    }
    if before:
        facts |= {"n_at_risk": "200", "n_outcome_known": "190", "treated_between": "none"}
    else:
        facts |= {"control_same_source": "NR"}
    return facts


def _effect(study: str, kind: str) -> dict[str, str]:
    return {
        **{"effect_id": f"{study}-{kind}-1", "design_id": f"{study}-{kind}", "outcome_good": "no"},
        **{"factor_kind": "exposure", "effect_kind": "harm", "priority": "main", "adjusted": "no"},
        **{"derived": "as_reported", "src_type": "table", "src_ref": "Table 2", "extractor": "AR"},
        "extracted_on": "2026-01-01",
    }


def write(folder: Path, sheets: Mapping[str, list[dict[str, str]]] | None = None, of: Protocol | None = None) -> Path:
    """Write workbook and protocol of the small review into a folder and return the workbook's path."""
    import yaml

    used = of or protocol()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "protocol.yaml", yaml.safe_dump(dict(used.raw), sort_keys=False))
    write_atomically(folder / "extraction.xlsx", workbook_bytes(used, sheets if sheets is not None else rows()))
    return folder / "extraction.xlsx"
