"""Rows of the Quality sheet and facts of the Design sheet to what each quality tool says of each comparison.

A question counts as answered by what a reviewer typed; where nothing was typed, by what a fact proposes, and then it
is marked as proposed. A judgement typed by a reviewer stands before the one the tool's algorithm derives, and both are
kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from metaan.design.judge import asked, first, judge_domain, stars_of
from metaan.design.tool import Domain, Item, Judgement, Tool, folded, known_tools, tool
from metaan.terms.appraisal import PROPOSED, TYPED, UNANSWERED, Answer, Appraisal, JudgedDomain
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

OVERALL = "overall"  #: in the column domain: the row holds the overall judgement
TOTAL = "total"  #: in the column item of such a row: its answer is the sum of stars

#: tools used for each design unless the protocol names others; the first is the one that decides
DEFAULT_TOOLS: dict[str, tuple[str, ...]] = {
    "trial": ("rob-2", "trust"),
    "treatment_cohort": ("robins-i",),
    "prospective": ("quips",),
    "case_control": ("jbi-case-control",),
    "cross_sectional": (),
}

Conditions = Mapping[str, str]  #: condition of the design grade -> yes, partly, no, NR


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is recorded of one comparison, as typed."""

    design: Row
    study: Row | None
    report: Row | None  #: primary report
    conditions: Conditions

    def look_up(self, column: str) -> tuple[str, str]:
        """Return the text of a fact and the cell it stands in; two empty texts where no sheet has it."""
        for row in (self.design, self.study, self.report):
            if row is not None and column in row.letters:
                return row[column], f"{row.sheet}!{row.cell(column)}"
        return "", ""


def primary_reports(extraction: Extraction) -> dict[str, Row]:
    """Return study -> its primary report; the first one where none is marked."""
    found: dict[str, Row] = {}
    for row in extraction.sheet("Reports"):
        if row["study_id"] not in found or row["is_primary"] == "yes":
            found[row["study_id"]] = row
    return found


def tools_of(stratum: str, protocol: Protocol) -> tuple[str, ...]:
    """Return the tools a review uses for a design, the one that decides first."""
    wanted = protocol.appraisal_tools.get(stratum, DEFAULT_TOOLS.get(stratum, ()))
    return tuple(name for name in wanted if name in known_tools(protocol))


def tool_id(text: str, protocol: Protocol | None = None) -> str:
    """Return the id of the tool that is meant by its id or name, however it is written; empty where there is none."""
    wanted, names = folded(text), known_tools(protocol)
    by_id = next((name for name in names if wanted == folded(name)), "")  # without reading every tool
    return by_id or next((name for name in names if wanted == folded(tool(name, protocol).name)), "")


def typed_rows(extraction: Extraction, protocol: Protocol) -> dict[str, dict[tuple[str, str], list[Row]]]:
    """Return design -> (tool, effect) -> rows of the Quality sheet, in their order; unknown tools are left out."""
    found: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for row in extraction.sheet("Quality"):
        name = tool_id(row["tool"], protocol)
        if name and row["design_id"]:
            found.setdefault(row["design_id"], {}).setdefault((name, row["effect_id"]), []).append(row)
    return found


def repeat_appraisals(extraction: Extraction, protocol: Protocol) -> dict[str, Appraisal]:
    """Return row of the sheet Reliability -> what the tool used on it says; rows that nobody judged are left out.

    Where several tools were used on one row, the last one of the Quality sheet counts.
    """
    measured = extraction.by_key("Reliability", "rel_id")
    studies = extraction.by_key("Studies", "study_id")
    typed: dict[tuple[str, str], list[Row]] = {}
    for row in extraction.sheet("Quality"):
        name = tool_id(row["tool"], protocol)
        if name and row["rel_id"] in measured:
            typed.setdefault((row["rel_id"], name), []).append(row)
    found = {}
    for (rel_id, name), rows in typed.items():
        row = measured[rel_id]
        facts = Facts(design=row, study=studies.get(row["study_id"]), report=None, conditions={})
        found[rel_id] = appraise(tool(name, protocol), rows, facts, protocol=protocol)
    return found


def appraisals(
    facts: Facts,
    stratum: str,
    typed: Mapping[tuple[str, str], list[Row]],
    protocol: Protocol,
) -> tuple[Appraisal, ...]:
    """Return every tool applied to one comparison, the main one first.

    Parameters
    ----------
    facts : Facts
        What is recorded of the comparison.
    stratum : str
        Its design.
    typed : mapping
        (tool, effect) -> rows of the Quality sheet about this comparison.
    protocol : Protocol
        Names the tools of each design, and holds the review's own.

    Returns
    -------
    tuple of Appraisal
        Tools of the protocol first, in its order, then others that were used; within a tool the whole comparison
        before single results.
    """
    usual = tools_of(stratum, protocol)
    names = list(dict.fromkeys((*usual, *(name for name, _ in typed))))
    main = usual[0] if usual else next((name for name, _ in typed), "")
    found = []
    for name in names:
        chosen = tool(name, protocol)
        targets = [effect for used, effect in typed if used == name]
        if not targets or (chosen.unit == "design" and "" not in targets):
            targets = ["", *targets]
        for effect in sorted(dict.fromkeys(targets)):
            rows = typed.get((name, effect), [])
            found.append(appraise(chosen, rows, facts, effect_id=effect, main=name == main, protocol=protocol))
    return tuple(found)


def appraise(
    chosen: Tool,
    rows: Iterable[Row],
    facts: Facts,
    *,
    effect_id: str = "",
    main: bool = True,
    protocol: Protocol | None = None,
) -> Appraisal:
    """Apply one tool to one comparison or result.

    Parameters
    ----------
    chosen : Tool
        The tool.
    rows : iterable of Row
        Rows of the Quality sheet that answer it; where a question stands twice the last one that is filled counts.
    facts : Facts
        Facts that propose answers.
    effect_id : str
        Result judged; empty for the whole comparison.
    main : bool
        Whether the tool decides here.
    protocol : Protocol, optional
        Says whether an overall rule that is not the tool's own is used.
    """
    by_place = _by_place(chosen, rows)
    domains = tuple(_domain(chosen, domain, by_place, facts) for domain in chosen.domains)
    bias = [domain for domain in domains if domain.kind == "bias"]
    judged = {domain.key: domain.judgement for domain in bias}
    wanted = not chosen.optional_overall or (protocol is not None and chosen.id in protocol.appraisal_overall)
    found = first(chosen.overall if wanted else (), judged, [domain.key for domain in bias])
    row = by_place.get((OVERALL, ""))
    given = _judgement(row["judgement"], chosen.overall_judgements) if row is not None else ""
    judgement = given or found.judgement
    return Appraisal(
        tool=chosen.id,
        name=chosen.name,
        design_id=facts.design["design_id"],
        effect_id=effect_id,
        study_id=facts.design["study_id"],
        main=main,
        domains=domains,
        judgement=judgement,
        level=_level(judgement, chosen.overall_judgements),
        derived=found.judgement,
        possible=_ordered(found.possible, chosen.overall_judgements),
        by=TYPED if given else _overall_by(bias, judgement),
        reason=row.answer("override_reason") if row is not None and given != found.judgement else "",
        decide="" if given else found.decide,
        cell=f"Quality!{row.cell('judgement')}" if row is not None and given else "",
    )


def _overall_by(domains: Iterable[JudgedDomain], judgement: str) -> str:
    if not judgement:
        return UNANSWERED
    behind = {domain.by for domain in domains if domain.judgement}
    return TYPED if behind == {TYPED} else PROPOSED


def _by_place(chosen: Tool, rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    """Return (domain, question) -> row; the question is empty for the row of a domain itself."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        place = place_of(chosen, row)
        if place and (place not in found or row["answer"] or row["judgement"]):
            found[place] = row
    return found


def place_of(chosen: Tool, row: Row) -> tuple[str, str] | None:
    """Return domain and question that a row of the Quality sheet is about; None where the tool has no such place.

    The question is empty for a row that judges a domain, and `TOTAL` for one that gives the sum of stars.
    """
    item = row.answer("item")
    if folded(row["domain"]) == OVERALL:
        return OVERALL, TOTAL if folded(item) == TOTAL else ""
    domain = chosen.domain(row["domain"])
    if domain is None:
        holders = [each for each in chosen.domains if item and _item(each, item) is not None]
        domain = holders[0] if len(holders) == 1 and not row.answer("domain") else None
    if domain is None:
        return None
    if not item:
        only = domain.items[0] if len(domain.items) == 1 and row["answer"] and not row["judgement"] else None
        return domain.key, only.key if only else ""
    found = _item(domain, item)
    return (domain.key, found.key) if found else None


def _item(domain: Domain, name: str) -> Item | None:
    wanted = name.strip().casefold()
    return next((item for item in domain.items if item.key.casefold() == wanted), None)


def answer_key(text: str, answers: Mapping[str, str]) -> str:
    """Return the answer that is meant by its key or label; empty where there is none."""
    wanted = folded(text) or text.strip()
    for key, label in answers.items():
        if wanted and wanted in (folded(key) or key, folded(label)):
            return key
    return ""


def _judgement(text: str, judgements: Mapping[str, Judgement]) -> str:
    return answer_key(text, {key: judgement.label for key, judgement in judgements.items()})


def _level(judgement: str, judgements: Mapping[str, Judgement]) -> str:
    return judgements[judgement].level if judgement in judgements else ""


def _ordered(possible: Iterable[str], judgements: Mapping[str, Judgement]) -> tuple[str, ...]:
    wanted = set(possible)
    return tuple(key for key in judgements if key in wanted)


def _domain(chosen: Tool, domain: Domain, by_place: Mapping[tuple[str, str], Row], facts: Facts) -> JudgedDomain:
    answers = [_answer(domain, item, by_place.get((domain.key, item.key)), facts) for item in domain.items]
    given = {answer.item: answer.answer for answer in answers if answer.answer}
    wanted = asked(domain, given)
    answers = [_asked(answer, wanted[answer.item]) for answer in answers]
    counted = {answer.item: answer.answer for answer in answers if answer.answer and answer.asked}
    found = judge_domain(domain, counted, tuple(chosen.judgements))
    row = by_place.get((domain.key, ""))
    typed = _judgement(row["judgement"], chosen.judgements) if row is not None else ""
    judgement = typed or found.judgement
    stars, most = stars_of(domain, counted)
    by = TYPED if typed else _by(answers)
    return JudgedDomain(
        key=domain.key,
        label=domain.label,
        kind=domain.kind,
        judgement=judgement,
        level=_level(judgement, chosen.judgements),
        derived=found.judgement,
        possible=_ordered(found.possible, chosen.judgements),
        by=by,
        reason=row.answer("override_reason") if row is not None and typed and typed != found.judgement else "",
        answers=tuple(answers),
        stars=stars if domain.most_stars is not None and stars == most else None,
        most_stars=domain.most_stars,
        decide="" if typed or not by else found.decide,
        cell=f"Quality!{row.cell('judgement')}" if row is not None and typed else "",
    )


def _asked(answer: Answer, wanted: bool) -> Answer:
    return answer if wanted else replace(answer, asked=False)


def _by(answers: Iterable[Answer]) -> str:
    behind = {answer.by for answer in answers if answer.answer and answer.asked}
    return TYPED if TYPED in behind else PROPOSED if PROPOSED in behind else UNANSWERED


def _answer(domain: Domain, item: Item, row: Row | None, facts: Facts) -> Answer:
    proposed, fact_cell = proposal(item, facts)
    typed = answer_key(row["answer"], item.answers) if row is not None else ""
    return Answer(
        item=item.key,
        answer=typed or proposed,
        by=TYPED if typed else PROPOSED if proposed else UNANSWERED,
        cell=f"Quality!{row.cell('answer')}" if row is not None and typed else fact_cell,
        support=row.answer("support") if row is not None else "",
        proposed=proposed,
    )


def proposal(item: Item, facts: Facts) -> tuple[str, str]:
    """Return the answer that the facts propose to a question, and the cell or condition it comes from."""
    for each in item.proposals:
        if each.condition:
            text, cell = facts.conditions.get(each.condition, ""), f"Design!A{facts.design.number}"
        else:
            text, cell = facts.look_up(each.fact)
        if text and text in each.among:
            return each.answer, cell
    return "", ""
