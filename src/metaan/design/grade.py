"""Facts to stratum, grade and reason.

The tree asks in this order: randomised? a treatment? measured before the outcome? chosen by outcome? A fact that is not
reported counts as not met; the best case, with every such fact favourable, is printed beside the grade.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metaan.design.conditions import CASE_CONTROL, DECISIVE, PROSPECTIVE, Condition
from metaan.terms import wording
from metaan.terms.records import Grade
from metaan.workbook.columns import Layout
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed

#: overall judgement of a risk-of-bias tool -> grade
ROB2 = {"low": "A", "some": "B", "some_concerns": "B", "some concerns": "B", "high": "C"}
ROBINS_I = {"low": "B", "moderate": "C", "serious": "D", "critical": "D", "no_information": "D"}

_ORDER = {
    "trial": "Treatment was assigned at random",
    "treatment_cohort": "Treated and untreated people were compared without random assignment",
    "prospective": "The factor was recorded before the outcome",
    "case_control": "People were chosen by outcome and the factor recorded after it",
    "cross_sectional": "Factor and outcome were recorded at the same time",
}

#: kinds of sources that a reader must know of
_SEEN = {
    "abstract": "an abstract",
    "review_table": "a table of a review",
    "grant_report": "a grant report",
    "second_hand": "a second-hand page",
}

Answers = Mapping[str, bool | None]


def grade_all(extraction: Extraction, protocol: Protocol) -> tuple[Grade, ...]:
    """Grade every row of the Design sheet, in the order of the sheet."""
    layout = protocol.layout
    studies = extraction.by_key("Studies", "study_id")
    treatments = {row["design_id"] for row in extraction.sheet("Effects") if row["factor_kind"] == "treatment"}
    sources = _kinds_of_sources(extraction)
    alone = _one_group(extraction)
    judgements = _overall_judgements(extraction)
    return tuple(
        _grade(
            row,
            layout,
            protocol,
            studies.get(row["study_id"]),
            treatment=row["design_id"] in treatments,
            judged=judgements.get(row["design_id"], {}),
            one_group=row["design_id"] in alone,
            sources=sources.get(row["design_id"], set()),
            decimal_mark=extraction.decimal_mark,
        )
        for row in extraction.sheet("Design")
    )


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


def _overall_judgements(extraction: Extraction) -> dict[str, dict[str, str]]:
    """Return design -> tool -> overall judgement from the Quality sheet."""
    found: dict[str, dict[str, str]] = {}
    for row in extraction.sheet("Quality"):
        if row["domain"].casefold() == "overall" and row.answer("judgement"):
            found.setdefault(row["design_id"], {})[row["tool"].casefold()] = row["judgement"].casefold()
    return found


def _grade(
    row: Row,
    layout: Layout,
    protocol: Protocol,
    study: Row | None,
    *,
    treatment: bool,
    judged: Mapping[str, str],
    one_group: bool,
    sources: set[str],
    decimal_mark: str,
) -> Grade:
    sheet = layout.sheet("Design")
    facts = dict(typed(row, sheet, decimal_mark))
    facts["population"] = facts.get("population") or (study.answer("population") if study else "") or None
    stratum, stratum_flags = stratum_of(facts, treatment=treatment)
    names = {column.name for column in sheet.columns}
    conditions = _conditions(stratum, names)
    answers: Answers = {c.key: c.answer(facts, protocol.required_confounders) for c in conditions}
    derived, best, remark = _derive(stratum, facts, answers, judged)
    override = row.answer("grade_override")
    reason = _reason(stratum, conditions, answers, remark, protocol, facts)
    if one_group:
        derived, best, reason = (
            "D",
            "D",
            "One group without a comparison: it shows what happened, not what made it happen.",
        )
    flags = (*stratum_flags, *_flags(row, facts, study, layout, sources))
    return Grade(
        design_id=row["design_id"],
        study_id=row["study_id"],
        stratum=stratum,
        grade=override or derived,
        best=override or best,
        reason=reason,
        met=_labels(conditions, answers, True),
        not_met=_labels(conditions, answers, False),
        not_reported=_labels(conditions, answers, None),
        flags=flags,
        author_label=row.answer("author_label"),
        override=row["override_reason"] if override else "",
        derived_grade=derived if override else "",
        cells={name: row.cell(name) for name in row.values if name in names and not name.endswith("_where")},
    )


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


def _conditions(stratum: str, columns: set[str]) -> tuple[Condition, ...]:
    """Return the conditions of a stratum whose facts this review records."""
    chosen = {"prospective": PROSPECTIVE, "case_control": CASE_CONTROL}.get(stratum, ())
    return tuple(c for c in chosen if all(fact in columns for fact in c.facts))


def _derive(
    stratum: str, facts: Mapping[str, Any], answers: Answers, judged: Mapping[str, str]
) -> tuple[str, str, str]:
    """Return grade, best case, and a remark on how it was reached."""
    if stratum == "trial":
        judgement = judged.get("rob 2") or judged.get("rob2")
        if judgement in ROB2:
            return ROB2[judgement], ROB2[judgement], f"risk of bias (RoB 2) judged {judgement}"
        return "C", "A", "risk of bias (RoB 2) not assessed"
    if stratum == "treatment_cohort":
        judgement = judged.get("robins-i") or judged.get("robins-i v2")
        if judgement in ROBINS_I:
            return ROBINS_I[judgement], ROBINS_I[judgement], f"risk of bias (ROBINS-I) judged {judgement}"
        return "D", "B", "risk of bias (ROBINS-I) not assessed"
    if stratum == "prospective":
        favourable = {key: True if answer is None else answer for key, answer in answers.items()}
        return prospective_grade(answers), prospective_grade(favourable), ""
    if stratum == "case_control":
        now = "C" if answers and all(answer is True for answer in answers.values()) else "D"
        best = "D" if any(answer is False for answer in answers.values()) else "C"
        return now, best, ""
    return "D", "D", "used as evidence on what goes together, not pooled as an effect"


def prospective_grade(answers: Answers) -> str:
    """Return the grade of a prospective comparison; None (not reported) counts as not met."""
    met = sum(answer is True for answer in answers.values())
    if met == len(PROSPECTIVE):
        return "A"
    decisive_no = any(answers.get(key) is False for key in DECISIVE)
    return "B" if met >= 4 and not decisive_no else "C"


def _labels(conditions: Sequence[Condition], answers: Answers, wanted: bool | None) -> tuple[str, ...]:
    return tuple(c.label for c in conditions if answers[c.key] is wanted)


def _reason(
    stratum: str,
    conditions: Sequence[Condition],
    answers: Answers,
    remark: str,
    protocol: Protocol,
    facts: Mapping[str, Any],
) -> str:
    parts = [wording.sentence(_ORDER[stratum])]
    if remark:
        parts.append(wording.sentence(remark))
    for head, wanted in (("Not met", False), ("Not reported", None)):
        labels = [_with_names(c, facts, protocol) for c in conditions if answers[c.key] is wanted]
        if labels:
            parts.append(f"{head}: {'; '.join(labels)}.")
    return " ".join(parts)


def _with_names(condition: Condition, facts: Mapping[str, Any], protocol: Protocol) -> str:
    """Return the label of a condition; that on confounders names them."""
    if condition.key != "confounders":
        return condition.label
    required = protocol.required_confounders
    names = required.get(facts.get("population") or "", required.get("default", ()))
    labels = [protocol.confounders.get(name, name) for name in names]
    return f"{condition.label} ({wording.listed(labels)})" if labels else condition.label


def _flags(
    row: Row,
    facts: Mapping[str, Any],
    study: Row | None,
    layout: Layout,
    sources: set[str],
) -> Iterable[str]:
    """Yield what is printed beside a grade and never moves it."""
    if facts.get("karyotype_used") == "excluded_abnormal":
        yield "outcome-dependent exclusion: losses of abnormal karyotype were left out"
    if facts.get("cutoff_source") == "roc_same_data":
        yield "cut-off taken from the same data"
    if facts.get("treated_between") == "by_test_result":
        yield "treatment was given because of the measurement"
    if study is not None and study.answer("test_seller") == "yes":
        yield "test or treatment sold by the authors' centre"
    for kind, said in _SEEN.items():
        if kind in sources:
            yield f"only {said} was seen" if len(sources) == 1 else f"read in part from {said}"
    label = row.answer("author_label")
    if label:
        yield from _mismatch(label, facts, layout)


def _mismatch(label: str, facts: Mapping[str, Any], layout: Layout) -> Iterable[str]:
    """Yield a note where a paper's own word for its design says more than its facts."""
    shown = layout.label("author_label", label)
    follows_up = label in ("cohort", "prospective", "retrospective")
    if follows_up and facts.get("sampled_before_outcome") == "no" and facts.get("selected_on_outcome") == "yes":
        yield f'calls itself "{shown}"; by its facts people were chosen by outcome'
    if label == "case_control" and facts.get("sampled_before_outcome") == "yes":
        yield f'calls itself "{shown}"; by its facts this comparison was recorded before the outcome'
    if label == "RCT" and facts.get("randomised") in ("no", "quasi"):
        yield f'calls itself "{shown}"; by its facts treatment was not assigned at random'
