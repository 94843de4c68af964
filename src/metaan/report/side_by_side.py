"""The designs side by side: one small table an analysis, one row a design, nothing across."""

from metaan.report.content import Block, Paragraph, Run, Section, Table, TableRow, Text, cell, heads, link, muted, words
from metaan.report.material import Material, place
from metaan.report.parts import (
    NONE,
    beside_alone,
    beside_result,
    difference,
    grade_counts,
    people,
    prediction,
    remarks,
    shown_detail,
    shown_result,
    stratum,
)
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, OnCommonScale, Synthesis


def section(m: Material) -> Section:
    """Return one table an analysis."""
    return Section(
        id="designs",
        title="The designs side by side",
        blocks=tuple(
            Section(id=f"designs-{analysis.id}", title=analysis.title, blocks=tuple(_blocks(m, analysis)))
            for analysis in m.analyses
        ),
    )


def _blocks(m: Material, analysis: Analysis) -> list[Block]:
    level = wording.percent(100 * analysis.level)
    blocks: list[Block] = []
    if analysis.no_bottom_line:
        said = wording.sentence(f"no bottom line: {analysis.no_bottom_line}")
        blocks.append(Paragraph(text=words(said), role="remark"))
    blocks += remarks(analysis)
    blocks.append(
        Table(
            id=f"designs-{analysis.id}-table",
            caption=f"{analysis.title}: result of each design",
            heads=heads("Design", "Studies#", f"{m.people.capitalize()}#", "Result", f"{level} prediction", "Grades"),
            rows=tuple(_row(m, analysis, synthesis) for synthesis in analysis.strata),
            stacked=True,
        )
    )
    blocks += [Paragraph(text=note, role="beside") for note in beside_alone(m, analysis)]
    blocks += [difference(analysis, found) for found in analysis.differences]
    blocks += [common_scale(m, analysis, item) for item in analysis.common_scale]
    blocks.append(
        Paragraph(text=link("Forest plot, studies and what was not pooled", f"#{place(analysis)}"), role="more")
    )
    return blocks


def _row(m: Material, analysis: Analysis, synthesis: Synthesis) -> TableRow:
    return TableRow(
        cells=(
            cell((*stratum(synthesis.stratum), Run(text=f" {STRATA[synthesis.stratum].order}", kind="muted"))),
            cell(wording.number(synthesis.k), numeric=True),
            cell(people(synthesis.people), numeric=True),
            cell(shown_result(analysis, synthesis)),
            cell(shown_detail(analysis, prediction(synthesis))),
            cell(grade_counts(estimate.grade.grade for estimate in synthesis.estimates) or muted(NONE)),
        ),
        notes=beside_result(m, analysis, synthesis),
    )


def common_scale(m: Material, analysis: Analysis, item: OnCommonScale) -> Table:
    """Return one study's contrasts on one measure: shown, never pooled, difference not tested."""
    rows = []
    for name, effect, limits in zip(item.strata, item.effects, item.intervals, strict=True):
        shown = wording.full_effect(item.measure, effect.y, limits, analysis.level)
        rows.append(
            TableRow(
                cells=(
                    cell(stratum(name)),
                    cell(m.to_row(shown, effect.effect_id)),
                    cell(_path(effect.path)),
                )
            )
        )
    last = rows.pop()
    rows.append(TableRow(cells=last.cells, notes=(words(wording.sentence(item.remark)),) if item.remark else ()))
    return Table(
        id=f"common-{analysis.id}-{item.study_id}",
        caption=f"{item.label} on one scale, from both designs",
        heads=heads("Design", "Result", "How it was reached"),
        rows=tuple(rows),
        stacked=True,
    )


def _path(steps: tuple[str, ...]) -> Text:
    return words(" → ".join(steps))
