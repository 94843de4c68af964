"""The worked example: one made-up study, typed as a reviewer would type it, in the words of the review's own lists."""

from collections.abc import Mapping

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Column, Layout, Sheet
from metaan.workbook.protocol import Protocol

Rows = dict[str, list[dict[str, str]]]

_STUDY = "Doe2001"

#: sheet -> rows; words of a topic's lists, and what a review may not have, are filled in by `example_rows`
_TYPED: Rows = {
    "Reports": [
        {
            **{"report_id": "Doe2001-main", "study_id": _STUDY, "is_primary": "yes", "type": "article"},
            **{"authors": "Doe J, Roe R", "year": "2001", "title": "A made-up study", "journal": "Journal of Examples"},
            **{"volume": "12", "pages": "34-41", "doi": "10.1234/example.2001", "retracted": "no"},
        }
    ],
    "Studies": [
        {
            **{"study_id": _STUDY, "label": "Doe 2001", "year": "2001", "country": "Norway", "setting": "clinic"},
            **{"recruit_start": "1997-03", "recruit_end": "1999-10", "centre": "Example Hospital, Oslo"},
            **{"n_enrolled": "220", "age_mean": "32.4", "age_sd": "4.8", "funding": "public", "test_seller": "no"},
        }
    ],
    "Design": [
        {
            **{"design_id": "Doe2001-pr", "study_id": _STUDY, "contrast": "with and without the factor, then followed"},
            **{"author_label": "cohort", "randomised": "no", "sampled_before_outcome": "yes"},
            **{"sampled_before_outcome_where": "p 2: measured at entry", "assayed_before_outcome": "yes"},
            **{"selected_on_outcome": "no", "cohort_assembly": "consecutive", "state_same": "yes"},
            **{"cutoff_source": "prespecified", "n_at_risk": "210", "n_outcome_known": "200"},
            **{"treated_between": "none", "preregistered_analysis": "no"},
        },
        {
            **{"design_id": "Doe2001-cc", "study_id": _STUDY, "contrast": "those with an earlier outcome, and others"},
            **{"author_label": "cohort", "randomised": "no", "sampled_before_outcome": "no"},
            **{"sampled_before_outcome_where": "p 2: history taken at entry", "assayed_before_outcome": "no"},
            **{"selected_on_outcome": "yes", "cohort_assembly": "consecutive", "control_same_source": "yes"},
            **{"state_same": "yes", "blinded_assay": "NR", "cutoff_source": "none_continuous"},
        },
    ],
    "Effects": [
        {
            **{"effect_id": "Doe2001-pr-1", "design_id": "Doe2001-pr", "outcome_good": "no"},
            **{"factor_kind": "exposure", "effect_kind": "harm", "priority": "main", "form": "two_by_two"},
            **{"a_high_event": "12", "b_high_none": "88", "c_low_event": "8", "d_low_none": "92"},
            **{"adjusted": "no", "n_analysed": "200", "derived": "as_reported", "src_type": "table"},
            "src_ref": "Table 2, p 4",
        },
        {
            **{"effect_id": "Doe2001-cc-1", "design_id": "Doe2001-cc", "outcome_good": "no"},
            **{"factor_kind": "exposure", "effect_kind": "harm", "priority": "main", "form": "means"},
            **{"n1": "40", "m1": "12.40", "sd1": "3.9", "n2": "60", "m2": "10.30", "sd2": "4.3", "spread_type": "sd"},
            **{"adjusted": "no", "n_analysed": "100", "derived": "as_reported", "src_type": "text"},
            **{"src_ref": "p 5", "quote": "mean 12.40 (SD 3.9) against 10.30 (SD 4.3)"},
        },
    ],
    "Reliability": [
        {
            **{"rel_id": "Doe2001-observers", "study_id": _STUDY, "source_of_variation": "between_observers"},
            **{"interval": "same day", "n_women": "30", "n_repeats": "2", "statistic": "kappa", "value": "0.62"},
            **{"ci_low": "0.35", "ci_high": "0.89", "src_type": "text", "src_ref": "p 3"},
        }
    ],
    "PRISMA": [{"key": "database_results", "label": "Records from databases", "n": "412", "reason": "MEDLINE"}],
}

#: examples of columns that the worked example leaves blank, by sheet or for all of them
_OTHERS: dict[str, dict[str, str]] = {
    "": {
        **{"notes": "second figure on p 6 not used", "extractor": "AB", "who": "AB", "initials": "AB"},
        **{"quote": "12 of 100 against 8 of 100", "src_ref": "Table 2, p 4", "says": "no difference seen"},
        **{"study_id": _STUDY, "design_id": "Doe2001-pr", "effect_id": "Doe2001-pr-1", "seen_by": "AB"},
        **{"intervention": "drug X 5 mg daily", "comparator": "placebo", "same_cohort_as": "Roe2003"},
        **{"override_reason": "answers of the authors, letter of 2026-01-05"},
    },
    "Reports": {
        **{"url": "https://doi.org/10.1234/example.2001", "language": "English"},
        "pdf_sha256": "64 characters, from sha256sum",
    },
    "Studies": {
        **{"rm_definition": "three or more losses", "rif_definition": "three or more transfers", "bmi_mean": "24.6"},
        **{"prior_losses_mean": "3.4", "registered": "NCT01234567", "independent_of": "Roe2003; Poe2005"},
    },
    "Design": {"karyotype_known_pct": "62"},
    "Effects": {
        **{"cutoff_value": "12.5", "timepoint": "day 7 after ovulation", "subgroup": "women under 35"},
        **{"dependency_group": "Doe2001-controls", "arm_1_id": "Doe2001-drug", "arm_2_id": "Doe2001-placebo"},
        **{"adjusted_for": "age, smoking", "derivation_note": "88 = 100 - 12", "digitised_file": "Doe2001-fig2.json"},
        "flag_reason": "table and text differ; authors asked",
    },
    "Quality": {
        **{"tool": "rob-2", "domain": "Randomisation", "item": "1.1", "question": "Was the order random?"},
        **{"answer": "PY", "judgement": "low", "proposed": "PY", "where": "p 3", "rel_id": "Doe2001-cycles"},
        "support": "computer list, kept by the pharmacy",
    },
    "Reliability": {"icc_model": "two-way random, single, absolute", "categories": "above 12.5"},
    "Harms": {
        **{"harm": "nausea", "events_high": "7", "total_high": "40", "events_low": "5", "total_low": "41"},
    },
    "Certainty": {
        **{"analysis": "main-question", "proposed": "−1: most weight from comparisons graded D."},
        "sentence": "Two of four studies chose their cut-off late.",
    },
    "Bias": {
        **{"analysis": "main-question", "bias": "cases remember better", "mean": "0.10", "sd": "0.15"},
        "reason": "size seen in validation studies",
    },
    "Context": {
        **{"body": "NICE", "country": "United Kingdom", "topic": "use of the test", "rating": "red"},
        **{"statement": "does not recommend the test outside trials", "rating_scale": "green, amber, red"},
        "url": "https://www.nice.org.uk/",
    },
    "Overrides": {
        **{"finding_id": "B02", "sheet": "Effects", "row_id": "Doe2001-pr-1"},
        "reason": "four women withdrew after randomisation, p 3",
    },
    "Log": {
        **{"sheet": "Effects", "row_id": "Doe2001-pr-1", "column": "a_high_event", "old": "21", "new": "12"},
        "why": "typing error, seen at checking",
    },
}

_DATED = ("retraction_checked_on", "extracted_on", "checked_on")
_PEOPLE = {"extractor": "AB", "checked_by": "CD"}


def example_rows(protocol: Protocol) -> Rows:
    """Return the example for a review: sheet -> rows that the checks accept."""
    layout = protocol.layout
    return {
        name: [_fitted(row, layout.sheet(name), layout, protocol.as_of) for row in rows]
        for name, rows in _TYPED.items()
    }


def column_examples(layout: Layout, rows: Mapping[str, list[dict[str, str]]]) -> dict[tuple[str, str], str]:
    """Return an example of every column that takes free text or numbers, first from the worked example."""
    found: dict[tuple[str, str], str] = {}
    for sheet in layout.sheets:
        for column in sheet.columns:
            typed = (row.get(column.name, "") for row in rows.get(sheet.name, ()))
            answers = (text for text in typed if text not in ("", NOT_REPORTED, NOT_APPLICABLE))
            other = _OTHERS.get(sheet.name, {}).get(column.name) or _OTHERS[""].get(column.name, "")
            text = column.example or next(answers, other)
            if text:
                found[sheet.name, column.name] = text
    return found


def _fitted(row: Mapping[str, str], sheet: Sheet, layout: Layout, day: str) -> dict[str, str]:
    """Return a row in the order of the columns, with what this review asks for beyond what is typed."""
    fitted: dict[str, str] = {}
    for column in sheet.columns:
        text = row.get(column.name) or _answer(column, layout, day)
        if text:
            fitted[column.name] = text
    for column in sheet.columns:
        needed = (
            column.required
            if isinstance(column.required, bool)
            else column.required.holds(fitted.get(column.required.column, ""))
        )
        if needed and column.name not in fitted:
            fitted[column.name] = NOT_REPORTED
    return {column.name: fitted[column.name] for column in sheet.columns if column.name in fitted}


def _answer(column: Column, layout: Layout, day: str) -> str:
    if column.name in _DATED:
        return day
    if column.name in _PEOPLE:
        return _PEOPLE[column.name]
    if column.name.startswith("adj_") and column.kind == "word":
        return "adjusted"
    if column.name in ("outcome", "index_outcome", "control_type", "population"):
        return next(iter(layout.lists.get(column.words, {})), "")
    return ""
