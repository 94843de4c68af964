"""Whom to ask what: facts that are not reported and could raise a grade, and numbers that a pool lacks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metaan.design.conditions import PROSPECTIVE, Condition, conditions_of, confounder_states
from metaan.design.grade import BY_TOOL, NOT_ASSESSED, ONE_GROUP, derive, facts_of, treatments
from metaan.design.judge import first, judge_domain
from metaan.design.tool import Tool, tool
from metaan.terms.appraisal import TYPED, Appraisal, JudgedDomain
from metaan.terms.designs import GRADES
from metaan.terms.measures import MEASURES
from metaan.terms.record import Record
from metaan.terms.records import Analysis, Grade, LeftOut
from metaan.workbook.citation import citation
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

#: facts that decide on the design itself -> what to ask where they are not reported
ORDER_QUESTIONS = {
    "randomised": "Was it decided at random who was treated, and if so, how?",
    "sampled_before_outcome": "Was the factor recorded in everyone before the outcome happened?",
    "mixed": "Can the people measured before the outcome be given apart from those measured after it?",
}

#: what to ask for where numbers are missing: classes without sizes, levels, counts
NUMBER_QUESTIONS = {
    "classes": "How many people were in each class, and how many of them had the outcome?",
    "levels": "In each group: how many people, and what were the mean and the standard deviation?",
    "counts": "In each group: how many people, and how many of them had the outcome?",
}

_NO_INFORMATION = ("no information", "unclear", "not reported", "cannot tell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Record):
    """One question to the authors of one study."""

    study_id: str
    label: str
    design_id: str
    effect_id: str  #: row whose numbers are missing; empty for a fact
    contrast: str
    citation: str
    doi: str
    question: str
    fact: str  #: column or columns of the Design sheet, question of a tool, or "numbers"
    cell: str  #: where the answer is to be typed
    grade: str  #: as it stands
    alone: str  #: grade if this answer were favourable and no other came
    could_become: str  #: grade if all answers asked for were favourable

    @property
    def gain(self) -> int:
        """How many grades favourable answers could raise the comparison by."""
        letters = list(GRADES)
        return letters.index(self.grade) - letters.index(self.could_become)


def queries(
    extraction: Extraction, protocol: Protocol, grades: Sequence[Grade], analyses: Sequence[Analysis]
) -> tuple[Query, ...]:
    """Return every question, those that could raise a grade most first, the questions of one study together.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        The review.
    grades : sequence of Grade
        Of every comparison.
    analyses : sequence of Analysis
        Only comparisons that stand in one of them are asked about.
    """
    asker = _Asker(extraction, protocol)
    used = _used(extraction, analyses)
    found = [query for grade in grades if grade.design_id in used for query in asker.facts(grade)]
    by_design = {grade.design_id: grade for grade in grades}
    found += asker.numbers(by_design, analyses)
    gains: dict[str, int] = {}  # of a study, and of each of its comparisons
    for query in found:
        for name in (f"study {query.study_id}", query.design_id):
            gains[name] = max(query.gain, gains.get(name, 0))
    return tuple(
        sorted(
            found,
            key=lambda q: (-gains[f"study {q.study_id}"], q.label, q.study_id, -gains[q.design_id], q.design_id),
        )
    )


#: columns of the table of questions
_FIELDS = ("study_id", "label", "citation", "doi", "design_id", "effect_id", "contrast", "question", "fact", "cell")
COLUMNS = (*_FIELDS, "grade", "grade_if_this_is_favourable", "grade_if_all_are_favourable")


def rows(found: Iterable[Query]) -> list[dict[str, Any]]:
    """Return questions as rows of a table with the columns `COLUMNS`, one a question."""
    return [
        {
            **{name: getattr(query, name) for name in _FIELDS},
            "grade": query.grade,
            "grade_if_this_is_favourable": query.alone,
            "grade_if_all_are_favourable": query.could_become,
        }
        for query in found
    ]


def _used(extraction: Extraction, analyses: Sequence[Analysis]) -> set[str]:
    """Return the designs with a row in any analysis, pooled there or not."""
    effects = extraction.by_key("Effects", "effect_id")
    names = {row.effect_id for analysis in analyses for row in analysis.left_out}
    for analysis in analyses:
        for synthesis in analysis.strata:
            names |= {estimate.effect_id for estimate in (*synthesis.estimates, *synthesis.others)}
    return {effects[name]["design_id"] for name in names if name in effects}


class _Asker:
    """Makes questions from what a review holds."""

    def __init__(self, extraction: Extraction, protocol: Protocol) -> None:
        self.extraction, self.protocol = extraction, protocol
        self.designs = extraction.by_key("Design", "design_id")
        self.studies = extraction.by_key("Studies", "study_id")
        self.effects = extraction.by_key("Effects", "effect_id")
        self.treatments = treatments(extraction)
        self.columns = {column.name for column in protocol.layout.sheet("Design").columns}
        self.reports: dict[str, Row] = {}
        for row in extraction.sheet("Reports"):
            if row["study_id"] not in self.reports or row["is_primary"] == "yes":
                self.reports[row["study_id"]] = row

    def facts(self, grade: Grade) -> Iterator[Query]:
        """Yield a question for every fact that is not reported and could raise a grade."""
        if grade.override or grade.reason == ONE_GROUP:
            return
        row = self.designs[grade.design_id]
        facts = facts_of(row, self.extraction, self.protocol, self.studies.get(grade.study_id))
        yield from self._order(grade, row, facts)
        if grade.best < grade.grade:
            yield from self._conditions(grade, row, facts)
        for appraisal in grade.appraisals:
            if appraisal.main:
                yield from self._tool(grade, appraisal)

    def _query(self, grade: Grade, **what: str) -> Query:
        design, report = self.designs[grade.design_id], self.reports.get(grade.study_id)
        study = self.studies.get(grade.study_id)
        base = {"effect_id": "", "alone": grade.grade, "could_become": grade.best, "cell": ""}
        return Query(
            study_id=grade.study_id,
            label=study["label"] if study else grade.study_id,
            design_id=grade.design_id,
            contrast=design["contrast"],
            citation=citation(report) if report else "",
            doi=report.answer("doi") if report else "",
            grade=grade.grade,
            **{**base, **what},
        )

    def _order(self, grade: Grade, row: Row, facts: Mapping[str, Any]) -> Iterator[Query]:
        """Yield a question on the order of events where the answer could put a comparison into a stronger design."""
        if grade.stratum == "treatment_cohort" and row["randomised"] == "NR":
            alone, best = NOT_ASSESSED["trial"]
            fact, question = "randomised", ORDER_QUESTIONS["randomised"]
        elif grade.stratum == "case_control" and facts.get("sampled_before_outcome") in (None, "mixed"):
            answers = {c.key: c.answer(facts, self.protocol.required_confounders) for c in PROSPECTIVE}
            alone, best, _ = derive("prospective", answers, ())
            fact = "sampled_before_outcome"
            question = ORDER_QUESTIONS["mixed" if facts.get(fact) == "mixed" else fact]
        else:
            return
        if best < grade.grade:
            cell = f"Design!{row.cell(fact)}"
            yield self._query(grade, fact=fact, question=question, cell=cell, alone=alone, could_become=best)

    def _conditions(self, grade: Grade, row: Row, facts: Mapping[str, Any]) -> Iterator[Query]:
        required = self.protocol.required_confounders
        conditions = conditions_of(grade.stratum, self.columns)
        answers = {c.key: c.answer(facts, required) for c in conditions}
        for condition in conditions:
            names = self._silent(condition, facts)
            if answers[condition.key] is not None or not names:
                continue
            question = condition.ask
            if condition.key == "confounders":
                labels = [self.protocol.confounders.get(name.removeprefix("adj_"), name) for name in names]
                question += f": {'; '.join(labels)}?"
            alone = derive(grade.stratum, {**answers, condition.key: True}, ())[0]
            cells = ", ".join(f"Design!{row.cell(name)}" for name in names)
            yield self._query(grade, fact=", ".join(names), question=question, cell=cells, alone=alone)

    def _silent(self, condition: Condition, facts: Mapping[str, Any]) -> list[str]:
        """Return the facts of a condition that are not known."""
        if condition.key == "confounders":
            states = confounder_states(facts, self.protocol.required_confounders)
            return [f"adj_{name}" for name, found in states.items() if found == "NR"]
        return [name for name in condition.facts if facts.get(name) is None] or list(condition.facts)

    def _tool(self, grade: Grade, appraisal: Appraisal) -> Iterator[Query]:
        """Yield the questions of a tool that reviewers could not answer, where an answer could raise the grade."""
        if not appraisal.assessed or appraisal.reason or grade.stratum not in BY_TOOL:
            return
        of = tool(appraisal.tool, self.protocol)
        silent = {domain.key: _unanswerable(of, domain) for domain in appraisal.domains}
        words = {(domain.key, item.key): item.question for domain in of.domains for item in domain.items}
        best = _if_known(of, appraisal, silent, grade)
        if best >= grade.grade:
            return
        for domain in appraisal.domains:
            for item in silent[domain.key]:
                asked = next(answer for answer in domain.answers if answer.item == item)
                alone = _if_known(of, appraisal, {domain.key: {item}}, grade)
                yield self._query(
                    grade,
                    effect_id=appraisal.effect_id,
                    fact=f"{appraisal.name} {item}",
                    question=words[domain.key, item],
                    cell=asked.cell,
                    alone=alone,
                    could_become=best,
                )

    def numbers(self, grades: Mapping[str, Grade], analyses: Sequence[Analysis]) -> Iterator[Query]:
        """Yield a question for each comparison that an analysis could not pool for want of numbers."""
        seen: set[tuple[str, str]] = set()
        for analysis in analyses:
            pooled = {
                (estimate.study_id, synthesis.stratum)
                for synthesis in analysis.strata
                for estimate in (*synthesis.estimates, *synthesis.others)
            }
            measures = {synthesis.stratum: synthesis.measure for synthesis in analysis.strata}
            for row in analysis.left_out:
                if row.kind not in ("form", "no_numbers") or (row.study_id, row.stratum) in pooled:
                    continue
                effect = self.effects[row.effect_id]
                question = NUMBER_QUESTIONS[_numbers(row, effect, measures)]
                if row.stratum not in measures or (effect["design_id"], question) in seen:
                    continue
                seen.add((effect["design_id"], question))
                made = self._query(grades[effect["design_id"]], fact="numbers", question=question)
                cell = f"{row.source.sheet}!A{row.source.row}"
                yield replace(made, effect_id=row.effect_id, cell=cell, could_become=made.grade)


def _numbers(row: LeftOut, effect: Row, measures: Mapping[str, str]) -> str:
    if effect["form"] == "risk_only":
        return "classes"
    measure = MEASURES.get(measures.get(row.stratum, ""))
    return "counts" if measure is not None and measure.name in ("OR", "RR", "RD", "HR") else "levels"


def _unanswerable(of: Tool, domain: JudgedDomain) -> set[str]:
    """Return the questions that reviewers answered with "no information" or the like."""
    labels = {item.key: item.answers for each in of.domains for item in each.items}
    return {
        answer.item
        for answer in domain.answers
        if answer.by == TYPED and labels[answer.item].get(answer.answer, "").casefold() in _NO_INFORMATION
    }


def _if_known(of: Tool, appraisal: Appraisal, silent: Mapping[str, set[str]], grade: Grade) -> str:
    """Return the grade if these questions had the best answers for the study."""
    judged = {domain.key: domain.judgement for domain in appraisal.domains}
    order = list(of.judgements)
    for domain in of.domains:
        unknown = silent.get(domain.key)
        seen = next((each for each in appraisal.domains if each.key == domain.key), None)
        if not unknown or seen is None or (seen.judgement != seen.derived):
            continue
        counted = {a.item: a.answer for a in seen.answers if a.answer and a.asked and a.item not in unknown}
        possible = judge_domain(domain, counted, order).possible
        judged[domain.key] = min(possible, key=order.index) if possible else seen.judgement
    found = first(of.overall, judged, [domain.key for domain in of.domains if domain.kind == "bias"]).judgement
    level = of.overall_judgements[found].level if found in of.overall_judgements else ""
    return min(grade.grade, BY_TOOL[grade.stratum].get(level, grade.grade))
