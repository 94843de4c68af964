"""Where every typed row went: per analysis, and over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from metaan.report.content import Block, Details, Paragraph, Section, Table, TableRow, cell, heads, link, muted, words
from metaan.report.material import Material, place
from metaan.report.parts import stratum
from metaan.report.typed_rows import as_typed
from metaan.terms import wording
from metaan.terms.records import Ledger, Record

KINDS = {
    "no_numbers": "without usable numbers",
    "form": "in a form that gives no effect",
    "other_scale": "numbers on another scale",
    "stratum": "of a design not pooled here",
    "measure": "on another measure",
    "priority": "not the main result of their study",
    "sensitivity": "in sensitivity analyses only",
    "skew": "too skewed",
    "estimability": "not estimable",
    "source": "from a second-hand source",
    "flagged": "set aside by the reviewers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Record):
    """Rows of the Effects sheet, over all analyses."""

    typed: int
    pooled: int  #: in the main pool of at least one analysis
    left_out: int  #: in at least one analysis, pooled in none
    nowhere: tuple[str, ...]  #: rows in no analysis

    @property
    def balanced(self) -> bool:
        """Whether every row typed is accounted for."""
        return self.typed == self.pooled + self.left_out + len(self.nowhere)


def total(m: Material) -> Total:
    """Count every row of the Effects sheet once.

    Raises
    ------
    ValueError
        An analysis names a row that is not in the workbook, its own ledger does not balance, or two rows share an id.
    """
    unknown = sorted(set(m.uses) - set(m.effects))
    if unknown:
        raise ValueError(f"results name rows that the Effects sheet does not hold: {', '.join(unknown)}")
    for analysis in m.analyses:
        if not analysis.ledger.balanced:
            raise ValueError(f"the ledger of analysis {analysis.id} does not balance: {balance(analysis.ledger)}")
    main = {
        estimate.effect_id
        for analysis in m.analyses
        for synthesis in analysis.strata
        for estimate in synthesis.estimates
    }
    counted = Total(
        typed=len(m.extraction.sheet("Effects")),
        pooled=len(main),
        left_out=len(set(m.uses) - main),
        nowhere=tuple(effect_id for effect_id in m.effects if effect_id not in m.uses),
    )
    if not counted.balanced:
        raise ValueError(f"{counted.typed} rows are typed, {len(m.effects)} have an id of their own")
    return counted


def balance(ledger: Ledger) -> str:
    """Return "140 rows typed = 5 pooled + 12 left out (8 without usable numbers, ...) + 123 outside (...)"."""
    left_out, outside = sum(ledger.left_out.values()), sum(ledger.outside.values())
    text = f"Ledger: {wording.count(ledger.typed, 'row')} typed = {ledger.pooled} pooled + {left_out} left out"
    if left_out:
        text += f" ({_listed(ledger.left_out, KINDS)})"
    text += f" + {outside} outside this question"
    if outside:
        text += f" (by {_listed(ledger.outside, {})})"
    return text + "."


def _listed(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    if names:
        return ", ".join(f"{n} {names.get(kind, kind.replace('_', ' '))}" for kind, n in counts.items() if n)
    return ", ".join(f"{kind.replace('_', ' ')} {n}" for kind, n in counts.items() if n)


def section(m: Material, counted: Total) -> Section:
    """Return the ledger over all analyses, and the rows that stand in none."""
    inside = counted.pooled + counted.left_out
    said = (
        f"Ledger of the review: {wording.count(counted.typed, 'row')} typed in the Effects sheet = "
        f"{inside} in at least one analysis ({counted.pooled} pooled, {counted.left_out} listed as not pooled) + "
        f"{len(counted.nowhere)} in none."
    )
    blocks: list[Block] = [Paragraph(text=words(said), role="ledger"), _by_analysis(m)]
    if counted.nowhere:
        rows = wording.count(len(counted.nowhere), "row")
        blocks.append(
            Details(
                summary=words(f"{rows} in no analysis"),
                id="rows-nowhere",
                blocks=(
                    Paragraph(
                        text=words(
                            "No question of the protocol asks for them. They stay in the workbook and are shown here, "
                            "so that nothing typed goes unseen."
                        ),
                        role="note",
                    ),
                    _nowhere(m, counted.nowhere),
                ),
            )
        )
    return Section(id="ledger", title="Ledger", blocks=tuple(blocks))


def _by_analysis(m: Material) -> Table:
    rows = []
    for analysis in m.analyses:
        ledger = analysis.ledger
        left_out, outside = sum(ledger.left_out.values()), sum(ledger.outside.values())
        counts = (ledger.typed, ledger.pooled, left_out, outside)
        title = link(analysis.title, f"#{place(analysis)}")
        rows.append(TableRow(cells=(cell(title), *(cell(wording.number(n), numeric=True) for n in counts))))
    return Table(
        id="ledger-table",
        caption="Rows typed = pooled + left out with a reason + outside the question, for each analysis",
        heads=heads("Analysis", "Typed#", "Pooled#", "Left out#", "Outside#"),
        rows=tuple(rows),
    )


def _nowhere(m: Material, effect_ids: tuple[str, ...]) -> Table:
    rows = []
    for effect_id in effect_ids:
        row = m.effects[effect_id]
        study_id = m.study_of(effect_id)
        rows.append(
            TableRow(
                cells=(
                    cell(m.study(study_id) if study_id else row["design_id"]),
                    cell(m.word(row, "outcome")),
                    cell(stratum(m.stratum_of(effect_id)) if m.stratum_of(effect_id) else ""),
                    cell(m.word(row, "form").split(";")[0]),
                    cell(wording.sentence(as_typed(m, effect_id)) or muted("nothing in numbers")),
                    cell(m.to_row(f"Effects row {row.number}", effect_id), sort=row.number),
                )
            )
        )
    return Table(
        id="nowhere-table",
        caption="Rows of the Effects sheet in no analysis",
        heads=heads("Study", "Outcome", "Design", "How it is reported", "What the source says", "Row"),
        rows=tuple(rows),
        sortable=len(rows) > 1,
        stacked=True,
    )
