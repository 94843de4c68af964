"""One folded table a quality tool: its questions once, then each comparison's judgements, answers and their cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metaan.design.tool import Judgement, Tool, tool
from metaan.figures.quality_content import DomainHead, Tally, domain_heads
from metaan.report.content import (
    Block,
    Cell,
    Details,
    Facts,
    Paragraph,
    Run,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    join,
    muted,
    words,
)
from metaan.report.material import Material
from metaan.report.parts import NONE
from metaan.terms import wording
from metaan.terms.appraisal import PROPOSED, TYPED, Answer, Appraisal, JudgedDomain

Labels = Mapping[str, Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraised:
    """One comparison, or one of its results, and what a tool says of it."""

    label: str
    contrast: str
    found: Appraisal

    @property
    def by(self) -> str:
        """Whose judgements it has: a reviewer's, proposals alone, or nobody's."""
        judged = [*(d.by for d in self.found.domains if d.judgement or d.stars is not None)]
        judged += [self.found.by] if self.found.judgement else []
        return TYPED if TYPED in judged else PROPOSED if judged else ""

    @property
    def partly(self) -> bool:
        """Whether a reviewer judged some of it and not all."""
        return self.by == TYPED and not all(domain.by == TYPED for domain in self.found.domains)

    @property
    def bare(self) -> bool:
        """Whether nobody answered a question and no fact did."""
        return not self.by and not any(answer.answer for domain in self.found.domains for answer in domain.answers)


def by_tool(m: Material) -> dict[str, list[Appraised]]:
    """Return tool -> every comparison of an analysis it was used on, each once, by study."""
    found: dict[str, dict[tuple[str, str], Appraised]] = {}
    for analysis in m.analyses:
        for synthesis in analysis.strata:
            for estimate in (*synthesis.estimates, *synthesis.others):
                for each in m.grades[estimate.design_id].appraisals:
                    if each.effect_id in ("", estimate.effect_id):
                        design = m.designs.get(each.design_id)
                        contrast = design.answer("contrast") if design else ""
                        appraised = Appraised(label=estimate.label, contrast=contrast, found=each)
                        found.setdefault(each.tool, {}).setdefault((each.design_id, each.effect_id), appraised)
    return {
        name: sorted(some.values(), key=lambda each: (each.label, each.found.design_id, each.found.effect_id))
        for name, some in found.items()
    }


def tool_details(m: Material, name: str, appraised: Sequence[Appraised]) -> Details:
    """Return a tool's questions and, comparison by comparison, what was judged, by whom, and why."""
    used = tool(name, m.protocol)
    columns = domain_heads(appraised[0].found)
    told = [each for each in appraised if not each.bare]
    blocks: list[Block] = [Facts(pairs=_questions(used, columns))]
    overall = not used.optional_overall or name in m.protocol.appraisal_overall
    for said in (used.remark, used.overall_note if overall else "The tool has no overall judgement of its own."):
        if said.strip():
            blocks.append(Paragraph(text=words(wording.sentence(said.strip())), role="note"))
    if told:
        blocks.append(_table(used, columns, told))
    bare = [each.label for each in appraised if each.bare]
    if bare:
        told_of = (
            f"Nobody has answered a question, and no fact proposes an answer: {wording.listed(sorted(set(bare)))}."
        )
        blocks.append(Paragraph(text=words(told_of)))
    tally = Tally(
        tool=used.name,
        k=len(appraised),
        typed=sum(each.by == TYPED for each in appraised),
        partly=sum(each.partly for each in appraised),
        proposed=sum(each.by == PROPOSED for each in appraised),
    )
    return Details(
        summary=words(f"{used.name}: {tally.said()}"),
        blocks=tuple(blocks),
        id=f"quality-{name}",
    )


def _questions(used: Tool, columns: Sequence[DomainHead]) -> tuple[tuple[str, Text], ...]:
    domains = {domain.key: domain for domain in used.domains}
    pairs = []
    for column in columns:
        items = domains[column.key].items if column.key in domains else ()
        asked = join([words(f"{item.key} {item.question}") for item in items], " ")
        pairs.append((f"{column.head} {column.label}", asked))
    return tuple(pairs)


def _table(used: Tool, columns: Sequence[DomainHead], told: Sequence[Appraised]) -> Table:
    overall = any(each.found.judgement for each in told)
    names = [column.head for column in columns] + (["overall"] if overall else [])
    return Table(
        id=f"quality-{used.id}-table",
        caption=f"{used.name}: judgements of each comparison",
        heads=heads("Comparison", *names),
        rows=tuple(_row(used, columns, each, overall=overall) for each in told),
    )


def _row(used: Tool, columns: Sequence[DomainHead], each: Appraised, *, overall: bool) -> TableRow:
    found = each.found
    domains = {domain.key: domain for domain in found.domains}
    named: Text = (Run(text=each.label, href=f"#study-{found.study_id}"),)
    about = ", ".join(part for part in (each.contrast, found.effect_id) if part)
    cells: list[Cell] = [cell((*named, *muted(f" {about}")) if about else named)]
    cells += [cell(_judged(domains.get(column.key), used.judgements)) for column in columns]
    if overall:
        cells.append(cell(_judged(found, used.overall_judgements)))
    heads_of = {column.key: column.head for column in columns}
    notes = [_override(f"{heads_of[d.key]} {d.label}", d, used.judgements) for d in found.domains if d.key in heads_of]
    notes.append(_override("overall", found, used.overall_judgements))
    notes += [_left(found, heads_of), _places(found, heads_of)]
    notes += [_typed(used, domain) for domain in found.domains]
    notes.append(_proposed(used, found))
    return TableRow(cells=tuple(cells), notes=tuple(note for note in notes if note))


def _judged(found: JudgedDomain | Appraisal | None, labels: Labels) -> Text:
    if found is None:
        return words(NONE)
    stars = ""
    if isinstance(found, JudgedDomain) and found.stars is not None:
        stars = f"{found.stars} of {found.most_stars} stars"
    said = ", ".join(part for part in (stars, _label(found.judgement, labels)) if part)
    if not said:
        return words(NONE)
    return words(said) if found.by == TYPED else muted(f"{said} (proposed)")


def _label(key: str, labels: Labels) -> str:
    return labels[key].label if key in labels else key


def _override(where: str, found: JudgedDomain | Appraisal, labels: Labels) -> Text:
    """Return what the reviewers judged otherwise than the tool's rules, and why."""
    if not _overridden(found):
        return ()
    rules = f"give {_label(found.derived, labels)}" if found.derived else "leave it open"
    text = f"{where}: judged {_label(found.judgement, labels)}; the tool's rules {rules}"
    reason = f": {found.reason.rstrip('.')}" if found.reason else "; no reason given" if found.derived else ""
    return words(f"{text}{reason} ({found.cell}).")


def _overridden(found: JudgedDomain | Appraisal) -> bool:
    """Tell whether reviewers typed another judgement than the rules give, or one the rules leave open."""
    return bool(found.cell and (found.derived or found.possible) and found.derived != found.judgement)


def _left(found: Appraisal, heads_of: Mapping[str, str]) -> Text:
    """Return what the tool leaves to the reviewers, domains with the same words together."""
    told: dict[str, list[str]] = {}
    for domain in found.domains:
        if domain.decide:
            told.setdefault(domain.decide, []).append(heads_of.get(domain.key, domain.key))
    if found.decide:
        told.setdefault(found.decide, []).append("overall")
    said = "; ".join(f"{wording.listed(places)} ({why.rstrip('.')})" for why, places in told.items())
    return words(f"Left to the reviewers: {said}.") if said else ()


def _places(found: Appraisal, heads_of: Mapping[str, str]) -> Text:
    """Return the cells of the judgements that were typed and stand in no sentence of their own."""
    each: list[tuple[str, JudgedDomain | Appraisal]] = [
        *((heads_of.get(domain.key, domain.key), domain) for domain in found.domains),
        ("overall", found),
    ]
    typed = [f"{head} {one.cell}" for head, one in each if one.cell and not _overridden(one)]
    return words(f"Judgements typed: {'; '.join(typed)}.") if typed else ()


def _typed(used: Tool, domain: JudgedDomain) -> Text:
    """Return the answers that reviewers typed about one domain, with what supports them and their cells."""
    said = [_answer(used, domain, answer) for answer in domain.answers if answer.by == TYPED and answer.answer]
    return words(f"{domain.label}: {'; '.join(said)}.") if said else ()


def _answer(used: Tool, domain: JudgedDomain, answer: Answer) -> str:
    text = f"{answer.item} {_answer_label(used, domain, answer.item, answer.answer)}"
    if answer.support:
        text += f", “{answer.support}”"
    if answer.proposed and answer.proposed != answer.answer:
        text += f", though facts propose {_answer_label(used, domain, answer.item, answer.proposed)}"
    if not answer.asked:
        text += ", not asked after the answers before it"
    return f"{text} ({answer.cell})" if answer.cell else text


def _proposed(used: Tool, found: Appraisal) -> Text:
    """Return the answers that nothing but facts stands behind."""
    said = [
        f"{answer.item} {_answer_label(used, domain, answer.item, answer.answer)} ({answer.cell})"
        for domain in found.domains
        for answer in domain.answers
        if answer.by == PROPOSED and answer.answer and answer.asked
    ]
    return words(f"Proposed from facts: {'; '.join(said)}.") if said else ()


def _answer_label(used: Tool, domain: JudgedDomain, item: str, answer: str) -> str:
    known = next((d for d in used.domains if d.key == domain.key), None)
    asked = next((each for each in known.items if each.key == item), None) if known else None
    return (asked.answers if asked else used.answers).get(answer, answer)
