"""Where each number comes from: one entry a row of the Effects sheet, which every number in the report leads to."""

from collections import defaultdict
from pathlib import PurePosixPath

from metaan.report.content import Block, Facts, Paragraph, Quote, Run, Section, Text, join, link, muted, words
from metaan.report.material import Material, Use, anchor, citation, numbers, place
from metaan.report.parts import grade, stratum
from metaan.terms import wording
from metaan.workbook.read import Row

_ABOUT = (
    "factor_kind",
    "intervention",
    "comparator",
    "marker",
    "compartment",
    "assay",
    "unit",
    "cutoff_value",
    "cutoff_direction",
    "timepoint",
    "subgroup",
)


def section(m: Material) -> Section:
    """Return the entries of all rows, by study."""
    by_study: dict[str, list[str]] = defaultdict(list)
    for effect_id in m.effects:
        by_study[m.study_of(effect_id)].append(effect_id)
    order = {study_id: i for i, study_id in enumerate(m.studies)}
    blocks: list[Block] = [
        Paragraph(
            text=words(
                f"One entry a row of the Effects sheet of {PurePosixPath(m.extraction.workbook).name}. "
                "Values stand as they were typed; each carries the cell it stands in."
            ),
            role="note",
        )
    ]
    for study_id in sorted(by_study, key=lambda name: order.get(name, len(order))):
        blocks.append(_study(m, study_id, by_study[study_id]))
    return Section(id="rows", title="Where each number comes from", blocks=tuple(blocks), role="sources")


def _study(m: Material, study_id: str, effect_ids: list[str]) -> Section:
    reports = m.reports.get(study_id, ())
    blocks: list[Block] = [Paragraph(text=citation(report), role="citation") for report in reports]
    if not reports:
        blocks.append(Paragraph(text=muted("No report of this study is entered."), role="citation"))
    blocks += [_entry(m, effect_id) for effect_id in effect_ids]
    return Section(id=f"source-{study_id or 'none'}", title=m.study(study_id), blocks=tuple(blocks))


def _entry(m: Material, effect_id: str) -> Section:
    row = m.effects[effect_id]
    pairs: list[tuple[str, Text]] = []
    design = m.designs.get(row["design_id"])
    graded = m.grades.get(row["design_id"])
    if design is not None:
        shown = words(design["contrast"] + " ")
        pairs.append(
            ("comparison", (*shown, *stratum(graded.stratum), Run(text=" "), *grade(graded)) if graded else shown)
        )
    about = [m.word(row, column) for column in _ABOUT if row.answer(column)]
    if about:
        pairs.append(("about", words("; ".join(about))))
    pairs.append(("as typed", _typed(m, row)))
    pairs.append(("source", _source(m, row)))
    after: list[tuple[str, Text]] = []
    if row.answer("derived") and row["derived"] != "as_reported":
        note = row.answer("derivation_note")
        after.append((m.word(row, "derived"), words(note or "no note")))
    if row.answer("notes"):
        after.append(("notes", words(row.answer("notes"))))
    if row["flag"] in ("query_author", "exclude"):
        after.append((m.word(row, "flag"), words(row.answer("flag_reason") or "no reason given")))
    uses = m.uses.get(effect_id, ())
    after += [("used in", _use(use)) for use in uses] or [("used in", muted("no analysis"))]
    quote = row.answer("quote")
    blocks: list[Block] = [Facts(pairs=tuple(pairs), role="told")]
    blocks += [Quote(text=quote)] if quote else []
    blocks.append(Facts(pairs=tuple(after), role="told"))
    outcome = m.word(row, "outcome")
    title = f"{outcome[:1].upper()}{outcome[1:]} (Effects row {row.number})"
    return Section(id=anchor(effect_id), title=title, blocks=tuple(blocks), role="entry")


def _typed(m: Material, row: Row) -> Text:
    """Return the numbers as typed, each with its cell."""
    form = Run(text=row["form"].replace("_", " ") + " ", title=m.word(row, "form"))
    runs: list[Text] = [(form, *words(row.cell("form"), "code"))]
    columns = {column.name: column for column in m.layout.sheet("Effects").columns}
    for name in numbers(row):
        shown = m.word(row, name) if columns[name].kind == "word" else row[name]
        runs.append(
            (
                Run(text=f"{name} ", kind="muted", title=columns[name].meaning),
                Run(text=shown, kind="strong"),
                Run(text=" "),
                Run(text=row.cell(name), kind="code"),
            )
        )
    return join(runs, "; ")


def _source(m: Material, row: Row) -> Text:
    parts = dict.fromkeys((m.word(row, "src_type"), row.answer("src_ref")))
    where = row.cell("quote") if row["quote"] else row.cell("src_ref")
    return (*words(", ".join(part for part in parts if part) + " "), *words(where, "code"))


def _use(use: Use) -> Text:
    """Return what one analysis did with the row."""
    lead = link(use.analysis.title, f"#{place(use.analysis)}")
    parts = []
    if use.estimate is not None and use.synthesis is not None:
        effect = wording.full_effect(use.synthesis.measure, use.estimate.effect.y, use.estimate.ci, use.analysis.level)
        parts.append(effect)
        if use.estimate.weight is not None:
            alone = use.synthesis.k == 1
            parts.append("the only study" if alone else f"weight {wording.weight(use.estimate.weight)} %")
        if use.estimate.effect.path:
            parts.append(" → ".join(use.estimate.effect.path))
    if use.left_out is not None:
        parts.append(f"not pooled: {use.left_out.reason.rstrip('.')}")
    elif use.estimate is not None and not use.pooled:
        parts.append("in sensitivity analyses only")
    return (*lead, *words(f": {'; '.join(parts)}."))
