"""Rows of the workbook as they were typed, and those that stand near a question without belonging to it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from metaan.certainty.sentences import MEASURED_FIRST, MEASURED_FIRST_ELSEWHERE, MEASURED_FIRST_OUTSIDE
from metaan.certainty.subject import asked, interventions, is_treatment
from metaan.pooling.display import says
from metaan.report.content import Block, Paragraph, Table, TableRow, cell, heads, link, muted, words
from metaan.report.material import Material, place
from metaan.report.parts import NONE, stratum
from metaan.terms import wording
from metaan.terms.records import Analysis
from metaan.workbook.typed import typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A study that measured the factor of a question before an outcome the question does not ask for."""

    study_id: str
    effect_id: str  #: its first such row
    label: str
    says: str  #: outcomes and what is typed of them


def as_typed(m: Material, effect_id: str) -> str:
    """Return what a row says in the digits that were typed: "RR 4.9 (1.7 to 13.8)"; empty where it says nothing."""
    row = m.effects[effect_id]
    values = typed(row, m.layout.sheet("Effects"), m.extraction.review().get("decimal_mark") or "point")
    return says(values)


def measured_first(m: Material, analysis: Analysis) -> tuple[str, tuple[Elsewhere, ...]]:
    """Return the studies that measured the factor of an analysis before an outcome, outside it, and the words for them.

    The factor is what the filters of the analysis say: compartment and marker, or, where these are not asked for, kind
    of factor and intervention.
    """
    plan = m.protocol.analysis(analysis.id)
    columns = [column for column in ("compartment", "marker") if asked(plan, column)]
    columns = columns or [column for column in ("factor_kind", "intervention") if asked(plan, column)]
    wanted = {column: asked(plan, column) for column in columns} or {"factor_kind": frozenset((analysis.factor_kind,))}
    rows: dict[str, list[str]] = defaultdict(list)
    for effect_id, row in m.effects.items():
        same = all(row[column] in found for column, found in wanted.items())
        if same and m.stratum_of(effect_id) in MEASURED_FIRST and not inside(m, analysis, effect_id):
            rows[m.study_of(effect_id)].append(effect_id)
    outcomes = asked(plan, "outcome")
    other = all(m.effects[effect_id]["outcome"] not in outcomes for found in rows.values() for effect_id in found)
    told = tuple(
        Elsewhere(study_id=study_id, effect_id=found[0], label=m.study(study_id), says=_outcomes(m, found))
        for study_id, found in rows.items()
    )
    return MEASURED_FIRST_ELSEWHERE if other and outcomes else MEASURED_FIRST_OUTSIDE, told


def _outcomes(m: Material, effect_ids: Iterable[str]) -> str:
    """Return each outcome once with what its rows say, ratios before words: "live birth: RR 0.8 (0.5 to 1.2)"."""
    ratios: dict[str, dict[str, None]] = defaultdict(dict)
    others: dict[str, dict[str, None]] = defaultdict(dict)
    outcomes: dict[str, None] = {}
    for effect_id in effect_ids:
        row, text = m.effects[effect_id], as_typed(m, effect_id)
        outcome = m.word(row, "outcome")
        outcomes[outcome] = None
        if text:
            (ratios if row.answer("est") else others)[outcome][text] = None
    told = {outcome: "; ".join(ratios[outcome] or others[outcome]) for outcome in outcomes}
    return ", ".join(f"{outcome}: {text}" if text else outcome for outcome, text in told.items())


def inside(m: Material, analysis: Analysis, effect_id: str) -> bool:
    """Whether a row stands in an analysis, pooled or left out."""
    return any(use.analysis.id == analysis.id for use in m.uses.get(effect_id, ()))


def beside_treatment(m: Material, analysis: Analysis) -> list[Block]:
    """Return what else is typed of a treatment and no analysis pools, and where its harms stand; none for a marker."""
    plan = m.protocol.analysis(analysis.id)
    if not is_treatment(analysis, plan):
        return []
    names = interventions(analysis, plan)
    others = [
        effect_id
        for effect_id, row in m.effects.items()
        if row["intervention"] in names and row["effect_kind"] != "harm" and effect_id not in m.uses
    ]
    lead = words("Harms, statements of regulators and the class our rules suggest: ")
    blocks: list[Block] = [Paragraph(text=(*lead, *link(analysis.title, f"#treatment-{analysis.id}"), *words(".")))]
    if others:
        caption = "Other outcomes or comparisons of this treatment (typed, in no analysis)"
        blocks.append(_table(m, f"{place(analysis)}-others", caption, others, ""))
    return blocks


def _table(m: Material, name: str, caption: str, effect_ids: list[str], empty: str) -> Table:
    return Table(
        id=name,
        caption=caption,
        heads=heads("Study", "Design", "Outcome", "Compared", "What the source says", "Row"),
        rows=tuple(_row(m, effect_id) for effect_id in effect_ids),
        sortable=len(effect_ids) > 1,
        stacked=True,
        empty=empty,
    )


def _row(m: Material, effect_id: str) -> TableRow:
    row = m.effects[effect_id]
    said, found = as_typed(m, effect_id), m.stratum_of(effect_id)
    study_id = m.study_of(effect_id)
    arms = " against ".join(part for part in (row.answer("intervention"), row.answer("comparator")) if part)
    return TableRow(
        cells=(
            cell(link(m.study(study_id), f"#study-{study_id}")),
            cell(stratum(found) if found else muted(NONE)),
            cell(m.word(row, "outcome")),
            cell(arms),
            cell(wording.sentence(said) if said else muted("nothing in numbers")),
            cell(m.to_row(f"Effects row {row.number}", effect_id), sort=row.number),
        )
    )
