"""Contrasts of real papers with the facts their abstracts give, cohorts as they should be, and a review of them."""

import small_review
from metaan.workbook.read import read_workbook

PROTOCOL = {
    "title": "Cells and losses",
    "question": "Does a level come before the outcome?",
    "people": {"one": "woman", "many": "women"},
    "lists": {
        "outcome": {"next_loss": "loss of the next pregnancy", "history": "history of losses", "birth": "live birth"},
        "population": {"RM": "recurrent miscarriage", "RIF": "implantation failure"},
        "control_type": {"fertile": "fertile women"},
        "compartment": {"uterus": "womb lining"},
        "marker": {"CD56": "CD56+ cells"},
        "assay": {"IHC": "immunohistochemistry"},
        "unit": {"pct": "percent"},
    },
    "confounders": {"age": "age", "prior_losses": "earlier losses", "embryo_quality": "quality of the embryo"},
    "required_confounders": {"RM": ["age", "prior_losses"], "RIF": ["age", "embryo_quality"], "default": ["age"]},
    "columns": ["parity_handling", "karyotype_used", "karyotype_known_pct"],
    "analyses": [
        {
            "id": "cells",
            "title": "Cells",
            "question": "Do cells differ?",
            "include": {"factor_kind": ["marker"]},
            "measure": "SMD",
            "strata": [{"stratum": "prospective"}, {"stratum": "case_control"}],
        }
    ],
}

BEFORE = {"sampled_before_outcome": "yes", "selected_on_outcome": "no"}
AFTER = {"sampled_before_outcome": "no", "selected_on_outcome": "yes"}
IDEAL = {
    **BEFORE,
    **{"cohort_assembly": "consecutive", "assayed_before_outcome": "yes", "cutoff_source": "prespecified"},
    **{"adj_age": "adjusted", "adj_prior_losses": "adjusted", "n_at_risk": "100", "n_outcome_known": "95"},
    "treated_between": "none",
}
TREATED = {"factor_kind": "treatment"}

#: name -> population, facts, what is compared, and stratum, grade, best case
CONTRASTS: dict[str, tuple[str, dict[str, str], dict[str, str], tuple[str, str, str]]] = {
    "Tuckerman 2007, women with losses against controls": (
        "RM",
        {**AFTER, "state_same": "yes", "blinded_assay": "yes"},
        {},
        ("case_control", "D", "C"),
    ),
    "Tuckerman 2007, next pregnancy": (
        "RM",
        {**BEFORE, "blinded_assay": "yes", "cutoff_source": "none_continuous", "n_at_risk": "51"}
        | {"n_outcome_known": "51", "adj_age": "no", "adj_prior_losses": "no"},
        {},
        ("prospective", "C", "B"),
    ),
    "Yamada 2003": (
        "RM",
        {**BEFORE, "assayed_before_outcome": "yes", "cutoff_source": "roc_same_data", "n_at_risk": "85"}
        | {"n_outcome_known": "85", "karyotype_used": "excluded_abnormal"},
        {},
        ("prospective", "C", "B"),
    ),
    "Katano 2013": (
        "RM",
        {**BEFORE, "adj_age": "adjusted", "adj_prior_losses": "adjusted"},
        {},
        ("prospective", "C", "A"),
    ),
    "Singh 2023": (
        "RIF",
        {**AFTER, "state_same": "yes", "control_same_source": "no", "cutoff_source": "control_percentile"},
        {},
        ("case_control", "D", "D"),
    ),
    "Tang 2013, without RoB 2": ("RM", {"randomised": "yes"}, TREATED, ("trial", "C", "A")),
    "Toth 2019": (
        "RM",
        {"sampled_before_outcome": "no", "selected_on_outcome": "no"},
        {},
        ("cross_sectional", "D", "D"),
    ),
    "ideal cohort": ("RM", IDEAL, {}, ("prospective", "A", "A")),
    "ideal cohort, treated by result": (
        "RM",
        {**IDEAL, "treated_between": "by_test_result"},
        {},
        ("prospective", "C", "C"),
    ),
    "ideal cohort, a fifth of the outcomes unknown and more": (
        "RM",
        {**IDEAL, "n_outcome_known": "79"},
        {},
        ("prospective", "C", "C"),
    ),
    "ideal cohort of implantation failure": (
        "RIF",
        {**IDEAL, "adj_prior_losses": "NR", "adj_embryo_quality": "restricted"},
        {},
        ("prospective", "A", "A"),
    ),
    "ideal cohort of implantation failure without the embryo": ("RIF", IDEAL, {}, ("prospective", "B", "A")),
    "stored samples of an ideal cohort, read blind": (
        "RM",
        {**IDEAL, "cohort_assembly": "nested_cc", "selected_on_outcome": "yes", "blinded_assay": "yes"},
        {},
        ("prospective", "B", "A"),
    ),
    "stored samples of an ideal cohort, not read blind": (
        "RM",
        {**IDEAL, "cohort_assembly": "nested_cc", "selected_on_outcome": "yes", "blinded_assay": "no"},
        {},
        ("prospective", "B", "B"),
    ),
    "best case-control": (
        "RM",
        {**AFTER, "control_same_source": "yes", "state_same": "yes", "blinded_assay": "yes"}
        | {"parity_handling": "matched"},
        {},
        ("case_control", "C", "C"),
    ),
    "order not reported": ("RM", {"sampled_before_outcome": "NR"}, {}, ("case_control", "D", "C")),
    "some before, some after": (
        "RM",
        {"sampled_before_outcome": "mixed", "selected_on_outcome": "yes"},
        {},
        ("case_control", "D", "C"),
    ),
    "treatment by alternation": ("RM", {"randomised": "quasi"}, TREATED, ("treatment_cohort", "D", "B")),
    "treatment, assignment not reported": ("RM", {"randomised": "NR"}, TREATED, ("treatment_cohort", "D", "B")),
}

REQUIRED = (
    *("author_label", "sampled_before_outcome", "assayed_before_outcome", "selected_on_outcome", "cohort_assembly"),
    *("control_type", "control_same_source", "parity_handling", "state_same", "blinded_assay", "cutoff_source"),
    *("n_at_risk", "n_outcome_known", "treated_between", "adj_age", "adj_prior_losses", "adj_embryo_quality"),
)


def _effect(i, compared):
    about = {"factor_kind": "marker", "compartment": "uterus", "marker": "CD56", "assay": "IHC", "unit": "pct"}
    if compared:
        about = {**compared, "intervention": "a drug", "comparator": "placebo"}
    numbers = {"form": "means", "n1": "40", "m1": "3", "sd1": "1", "n2": "40", "m2": "2", "sd2": "1"}
    return {
        **{"effect_id": f"S{i}-1", "design_id": f"S{i}-d", "outcome": "next_loss", "outcome_good": "no"},
        **{"effect_kind": "harm", "priority": "main", "adjusted": "no", "derived": "as_reported"},
        **{"src_type": "table", "src_ref": "Table 2", "extractor": "AR", "extracted_on": "2026-01-01"},
        **about,
        **numbers,
        "spread_type": "sd",
    }


def review(folder, contrasts, change=None, **more):
    """Write a review of these contrasts, one study each, its rows changed by `change`; return protocol and rows."""
    sheets = {"Review": small_review.rows()["Review"], "Reports": [], "Studies": [], "Design": [], "Effects": []}
    for i, (name, (population, facts, compared, _)) in enumerate(contrasts.items()):
        sheets["Studies"].append(
            {"study_id": f"S{i}", "label": name, "year": "2007", "country": "NR", "population": population}
            | {"n_enrolled": "NR"}
        )
        sheets["Reports"].append(
            {"report_id": f"R{i}", "study_id": f"S{i}", "is_primary": "yes", "type": "article", "authors": "A B"}
            | {"year": "2007", "title": f"Paper {i}", "doi": f"10.1234/{i}", "retracted": "not_checked"}
        )
        base = {"design_id": f"S{i}-d", "study_id": f"S{i}", "contrast": name, "randomised": "no"}
        sheets["Design"].append({**base, "index_outcome": "next_loss", **dict.fromkeys(REQUIRED, "NR"), **facts})
        sheets["Effects"].append(_effect(i, compared))
    if change:
        change(sheets)
    protocol = small_review.protocol(**{**PROTOCOL, **more})
    path = small_review.write(folder, sheets, protocol)
    return protocol, read_workbook(path, protocol.layout)
