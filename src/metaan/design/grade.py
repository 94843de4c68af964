"""Facts to stratum, grade and reason.

The tree asks in this order: randomised? a treatment? measured before the outcome? chosen by outcome? A fact that is not
reported counts as not met; the best case, with every such fact favourable, is printed beside the grade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metaan.design import reasons
from metaan.design.appraise import Facts, appraisals, primary_reports, typed_rows
from metaan.design.conditions import DECISIVE, PROSPECTIVE, Condition, all_states, conditions_of, state
from metaan.design.judge import first
from metaan.design.people import of_designs
from metaan.design.tool import tool
from metaan.terms.appraisal import LEVELS, TYPED, Appraisal
from metaan.terms.records import Grade
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed

#: how bad the overall judgement of the tool that decides is -> grade
BY_TOOL = {
    "trial": {"low": "A", "some": "B", "high": "C", "critical": "C", "none": "C"},
    "treatment_cohort": {"low": "B", "some": "C", "high": "D", "critical": "D", "none": "D"},
}
NOT_ASSESSED = {"trial": ("C", "A"), "treatment_cohort": ("D", "B")}  #: grade and best case

ONE_GROUP = "One group without a comparison: it shows what happened, not what made it happen."

Answers = Mapping[str, bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the sheets of a review say of each comparison besides its Design row."""

    studies: Mapping[str, Row]
    reports: Mapping[str, Row]  #: by study
    treatments: set[str]
    one_group: set[str]
    sources: Mapping[str, set[str]]
    answered: Mapping[str, Mapping[tuple[str, str], list[Row]]]
    repeats: Mapping[str, tuple[str, ...]]
    people: Mapping[str, int]


def grade_all(extraction: Extraction, protocol: Protocol) -> tuple[Grade, ...]:
    """Grade every row of the Design sheet, in the order of the sheet."""
    known = _Known(
        studies=extraction.by_key("Studies", "study_id"),
        reports=primary_reports(extraction),
        treatments=treatments(extraction),
        one_group=_one_group(extraction),
        sources=_kinds_of_sources(extraction),
        answered=typed_rows(extraction, protocol),
        repeats=reasons.repeats(extraction, protocol.layout),
        people=of_designs(extraction, protocol.layout),
    )
    return tuple(_grade(row, extraction, protocol, known) for row in extraction.sheet("Design"))


def treatments(extraction: Extraction) -> set[str]:
    """Return the designs that compare a treatment."""
    return {row["design_id"] for row in extraction.sheet("Effects") if row["factor_kind"] == "treatment"}


def facts_of(row: Row, extraction: Extraction, protocol: Protocol, study: Row | None) -> dict[str, Any]:
    """Return a typed row of the Design sheet, its population that of the study where it names none."""
    facts = typed(row, protocol.layout.sheet("Design"), extraction.decimal_mark)
    facts["population"] = facts.get("population") or (study.answer("population") if study else "") or None
    return facts


def _kinds_of_sources(extraction: Extraction) -> dict[str, set[str]]:
    """Return design -> kinds of sources its rows were read from."""
    kinds: dict[str, set[str]] = {}
    for row in extraction.sheet("Effects"):
        kinds.setdefault(row["design_id"], set()).add(row["src_type"])
    return kinds


def _one_group(extraction: Extraction) -> set[str]:
    """Return the designs all of whose rows count one group without a comparison."""
    forms: dict[str, set[str]] = {}
    for row in extraction.sheet("Effects"):
        forms.setdefault(row["design_id"], set()).add(row["form"])
    return {design for design, found in forms.items() if found == {"single_group"}}


def _grade(row: Row, extraction: Extraction, protocol: Protocol, known: _Known) -> Grade:
    name, study, report = row["design_id"], known.studies.get(row["study_id"]), known.reports.get(row["study_id"])
    layout, required = protocol.layout, protocol.required_confounders
    facts = facts_of(row, extraction, protocol, study)
    stratum, stratum_flags = stratum_of(facts, treatment=name in known.treatments)
    names = {column.name for column in layout.sheet("Design").columns}
    conditions = conditions_of(stratum, names)
    answers: Answers = {c.key: c.answer(facts, required) for c in conditions}
    states = {c.key: state(c, facts, required) for c in conditions}
    about = Facts(design=row, study=study, report=report, conditions=all_states(facts, required, names))
    judged = appraisals(about, stratum, known.answered.get(name, {}), protocol)
    derived, best, remark = derive(stratum, answers, judged, protocol)
    reason = reasons.reason(stratum, conditions, states, remark, protocol, facts)
    if name in known.one_group:
        derived, best, reason = "D", "D", ONE_GROUP
    override = row.answer("grade_override")
    beside = reasons.Beside(
        study=study,
        sources=frozenset(known.sources.get(name, ())),
        repeats=known.repeats.get(name, ()),
        people=known.people.get(name),
    )
    return Grade(
        design_id=name,
        study_id=row["study_id"],
        stratum=stratum,
        grade=override or derived,
        best=override or best,
        reason=reason,
        met=_labels(conditions, answers, True),
        not_met=_labels(conditions, answers, False),
        not_reported=_labels(conditions, answers, None),
        flags=(*stratum_flags, *reasons.flags(row, facts, layout, protocol, beside)),
        author_label=row.answer("author_label"),
        override=row["override_reason"] if override else "",
        derived_grade=derived if override else "",
        cells={name: row.cell(name) for name in row.values if name in names and not name.endswith("_where")},
        answers=states,
        appraisals=judged,
        doubt=_doubt(judged, report, protocol),
    )


def _labels(conditions: Sequence[Condition], answers: Answers, wanted: bool | None) -> tuple[str, ...]:
    return tuple(c.label for c in conditions if answers[c.key] is wanted)


def _doubt(judged: Sequence[Appraisal], report: Row | None, protocol: Protocol) -> str:
    """Return why a study may not be trusted; empty where nothing says so."""
    if report is not None and report["retracted"] == "yes":
        return "retracted"
    for found in judged:
        if tool(found.tool, protocol).purpose == "trust" and found.assessed and found.level in ("high", "critical"):
            return f"{found.name}: {tool(found.tool, protocol).overall_judgements[found.judgement].label.lower()}"
    return ""


def stratum_of(facts: Mapping[str, Any], *, treatment: bool) -> tuple[str, tuple[str, ...]]:
    """Return the stratum of a comparison and what must be said about how it was found.

    Parameters
    ----------
    facts : mapping
        Typed row of the Design sheet; None stands for not reported.
    treatment : bool
        The factor compared is a treatment.
    """
    if facts.get("randomised") == "yes":
        return "trial", ()
    if treatment:
        return "treatment_cohort", ()
    before, chosen = facts.get("sampled_before_outcome"), facts.get("selected_on_outcome")
    if before == "yes":
        return "prospective", ()
    if before is None:
        return "case_control", ("order of events not reported: treated as case-control",)
    if before == "mixed":
        return "case_control", ("some measured before and some after, not separate: treated as case-control",)
    if chosen == "yes":
        return "case_control", ()
    if chosen is None:
        return "case_control", ("choice of people not reported: treated as case-control",)
    return "cross_sectional", ()


def derive(
    stratum: str, answers: Answers, judged: Sequence[Appraisal], protocol: Protocol | None = None
) -> tuple[str, str, str]:
    """Return grade, best case, and a remark on how it was reached.

    Parameters
    ----------
    stratum : str
        Design of the comparison.
    answers : mapping
        Condition -> met, not met, or None where it is not reported; of strata that are graded by conditions.
    judged : sequence of Appraisal
        Of strata that are graded by a quality tool.
    protocol : Protocol, optional
        Holds the review's own tools.
    """
    if stratum in BY_TOOL:
        return _by_tool(stratum, judged, protocol)
    if stratum == "prospective":
        favourable = {key: True if answer is None else answer for key, answer in answers.items()}
        return prospective_grade(answers), prospective_grade(favourable), ""
    if stratum == "case_control":
        now = "C" if answers and all(answer is True for answer in answers.values()) else "D"
        best = "D" if any(answer is False for answer in answers.values()) else "C"
        return now, best, ""
    return "D", "D", "used as evidence on what goes together, not pooled as an effect"


def _by_tool(stratum: str, judged: Sequence[Appraisal], protocol: Protocol | None) -> tuple[str, str, str]:
    """Grade by the overall judgement of the tool that decides; of several results the worst counts."""
    main = [found for found in judged if found.main]
    name = main[0].name if main else "a quality tool"
    grade, best = NOT_ASSESSED[stratum]
    best = max((_best_case(stratum, found, protocol) for found in main), default=best)
    assessed = [found for found in main if found.assessed and found.level]
    if not assessed:
        so_far = [domain.label for found in main for domain in found.domains if domain.by == TYPED]
        remark = f"risk of bias ({name}) not assessed"
        return grade, best, f"{remark} in full" if so_far else remark
    worst = max(assessed, key=lambda found: LEVELS.index(found.level))
    grade = BY_TOOL[stratum][worst.level]
    label = tool(worst.tool, protocol).overall_judgements[worst.judgement].label
    return grade, min(grade, best), f"risk of bias ({name}): {label.lower()}"


def _best_case(stratum: str, found: Appraisal, protocol: Protocol | None) -> str:
    """Return the grade if all that reviewers have not judged, or could not judge, turned out well."""
    if found.assessed and found.level != "none":
        return BY_TOOL[stratum][found.level]
    of = tool(found.tool, protocol)
    bias = [domain for domain in of.domains if domain.kind == "bias"]
    informed = [key for key, judgement in of.judgements.items() if judgement.level != "none"]
    judged = {domain.key: domain for domain in found.domains}
    answers = {}
    for domain in bias:
        seen = judged.get(domain.key)
        left: tuple[str, ...] = ()
        if seen is not None and seen.by == TYPED:
            left = (seen.judgement,) if seen.judgement else seen.possible
        answers[domain.key] = next((key for key in informed if key in left), informed[0])
    judgement = first(of.overall, answers, [domain.key for domain in bias]).judgement
    level = of.overall_judgements[judgement].level if judgement in of.overall_judgements else ""
    return BY_TOOL[stratum].get(level, NOT_ASSESSED[stratum][1])


def prospective_grade(answers: Answers) -> str:
    """Return the grade of a prospective comparison; None (not reported) counts as not met."""
    met = sum(answer is True for answer in answers.values())
    if met == len(PROSPECTIVE):
        return "A"
    decisive_no = any(answers.get(key) is False for key in DECISIVE)
    return "B" if met >= 4 and not decisive_no else "C"
