"""One analysis: its question, its figure, the data under it, the pooled results, and what was not pooled and why."""

from collections.abc import Iterable, Sequence

from metaan.certainty.sentences import BottomLine
from metaan.report.content import (
    Block,
    Cell,
    Paragraph,
    Picture,
    Run,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    link,
    muted,
    words,
)
from metaan.report.ledger import balance
from metaan.report.material import Material, group_columns, numbers, place
from metaan.report.parts import (
    NONE,
    beside_alone,
    beside_result,
    difference,
    grade,
    people,
    prediction,
    remarks,
    shown,
    shown_detail,
    shown_result,
    stratum,
)
from metaan.report.typed_rows import as_typed, beside_treatment
from metaan.terms import phrases, wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Estimate, LeftOut, Sensitivity, Synthesis

HOW_TO_READ = (
    "How to read this figure: each line is one comparison; the mark is its estimate, its area the weight, the line its "
    "interval. "
)
DIAMOND = "The diamond is the pooled result of that design alone; designs are never pooled together."
NO_DIAMOND = "No pooled result is drawn: a mean of these studies has no meaning."
ALL_POOLED = "Every known comparison of this question is pooled."
NOTHING_TYPED = "No row of the workbook answers this question."


def section(m: Material, lines: Sequence[BottomLine]) -> Section:
    """Return the results, one section an analysis."""
    return Section(
        id="analyses",
        title="Results, one analysis at a time",
        blocks=tuple(_analysis(m, analysis, line) for analysis, line in zip(m.analyses, lines, strict=True)),
    )


def _analysis(m: Material, analysis: Analysis, line: BottomLine) -> Section:
    blocks: list[Block] = [Paragraph(text=words(analysis.question), role="question")]
    if line.withheld:
        blocks.append(Paragraph(text=words(line.withheld), role="remark"))
    blocks += remarks(analysis)
    if analysis.id in m.figures:
        blocks.append(_picture(m, analysis, line))
    blocks.append(_data(m, analysis))
    blocks.append(_pooled(m, analysis))
    blocks += _beside(m, analysis)
    blocks += [difference(analysis, found) for found in analysis.differences]
    if any(synthesis.sensitivity for synthesis in analysis.strata):
        blocks.append(_sensitivity(m, analysis))
    blocks.append(_left_out(m, analysis))
    blocks += beside_treatment(m, analysis)
    blocks.append(Paragraph(text=words(balance(analysis.ledger)), role="ledger"))
    return Section(id=place(analysis), title=analysis.title, blocks=tuple(blocks), role="analysis")


def _picture(m: Material, analysis: Analysis, line: BottomLine) -> Picture:
    drawn = m.figures[analysis.id]
    reading = line.withheld or " ".join(
        part for sentence in line.sentences[:1] for part in (sentence.text, *sentence.then)
    )
    return Picture(
        id=f"figure-{analysis.id}",
        caption=words(f"Forest plot. {analysis.title}, each design on its own."),
        reading=words(reading),
        how=HOW_TO_READ + (NO_DIAMOND if analysis.no_bottom_line else DIAMOND),
        wide=drawn["forest_wide"],
        narrow=drawn["forest_narrow"],
        files=m.files_of("forest", analysis.id),
    )


def _data(m: Material, analysis: Analysis) -> Table:
    own = _stratum_words(analysis)
    shared = {pair for pair in own.values() if any(pair)}
    group1, group2 = next(iter(shared)) if len(shared) == 1 else ("Group 1", "Group 2")
    rows = [
        _estimate(m, synthesis, estimate, own[synthesis.stratum] if len(shared) > 1 else ("", ""))
        for synthesis in analysis.strata
        for estimate in (*sorted(synthesis.estimates, key=_order), *sorted(synthesis.others, key=_order))
    ]
    return Table(
        id=f"{place(analysis)}-data",
        caption=f"{analysis.title}: the numbers in the figure; each leads to the cell it was typed in",
        heads=heads(
            "Study",
            "Grade",
            f"{group1 or 'Group 1'}#",
            f"{group2 or 'Group 2'}#",
            f"{m.people.capitalize()}#",
            "Weight, %#",
            f"Effect ({wording.percent(100 * analysis.level)} CI)#",
        ),
        rows=tuple(rows),
        sortable=len(rows) > 1,
        empty="No comparison of this question has numbers that can be pooled.",
    )


def _stratum_words(analysis: Analysis) -> dict[str, tuple[str, str]]:
    """Return the heads of the two groups, which a stratum may name otherwise than its analysis."""
    heads_of = {}
    for synthesis in analysis.strata:
        said = {**analysis.words, **synthesis.words}
        heads_of[synthesis.stratum] = (said.get("group1", ""), said.get("group2", ""))
    return heads_of


def _order(estimate: Estimate) -> tuple[str, str, str]:
    return estimate.grade.grade, estimate.year, estimate.label


def _estimate(m: Material, synthesis: Synthesis, estimate: Estimate, own: tuple[str, str]) -> TableRow:
    row = m.effects.get(estimate.effect_id)
    measure = MEASURES[synthesis.measure].label
    heading = f"{STRATA[synthesis.stratum].label}: {measure}"
    notes = {other.note for other in (*synthesis.estimates, *synthesis.others)}
    alike = len(notes) == 1 and len(synthesis.estimates) > 1
    if alike and estimate.note:
        heading += f"; {estimate.note}"
    if any(own):
        heading += f"; group 1: {own[0]}, group 2: {own[1]}"
    asked = numbers(row) if row else []
    effect = wording.effect(synthesis.measure, estimate.effect.y, estimate.ci)
    study: tuple[Run, ...] = (Run(text=estimate.label, href=f"#study-{estimate.study_id}"),)
    if estimate.note and not alike:
        study += (Run(text=f" {estimate.note}", kind="muted"),)
    if estimate.effect.converted:
        study += (Run(text=" (converted)", kind="muted"),)
    if estimate.weight is None:
        weight = muted("sensitivity only")
    else:
        weight = words(wording.weight(estimate.weight)) if synthesis.k > 1 else muted("only study")

    def typed(text: str, columns: list[str]) -> Text:
        return m.to_row(text, estimate.effect_id, columns) if text else muted(NONE)

    group1, group2 = (group_columns(row, group) if row else [] for group in (1, 2))
    people_count = "" if estimate.people is None else wording.number(estimate.people)
    return TableRow(
        cells=(
            cell(study, sort=f"{estimate.label} {estimate.year}"),
            cell(grade(estimate.grade), sort=estimate.grade.grade),
            cell(typed(estimate.group1, group1), numeric=True),
            cell(typed(estimate.group2, group2), numeric=True),
            cell(typed(people_count, [*group1, *group2]), numeric=True, sort=people_count or -1),
            cell(weight, numeric=True, sort=estimate.weight if estimate.weight is not None else -1),
            cell(typed(effect, asked), numeric=True, sort=estimate.effect.y),
        ),
        group=heading,
    )


def _pooled(m: Material, analysis: Analysis) -> Table:
    level = wording.percent(100 * analysis.level)
    names: list[tuple[str, list[Text]]] = [
        ("Studies", [words(wording.number(s.k)) for s in analysis.strata]),
        (m.people.capitalize(), [people(s.people) for s in analysis.strata]),
        (f"Result ({level} CI)", [shown_result(analysis, s) for s in analysis.strata]),
        (phrases.TRUSTED, [_trusted(analysis, s) for s in analysis.strata]),
        (f"{level} prediction interval", [shown_detail(analysis, prediction(s)) for s in analysis.strata]),
        ("Test of no effect", [shown_detail(analysis, _test(s)) for s in analysis.strata]),
        (f"tau² ({level} CI)", [_tau2(s) for s in analysis.strata]),
        (f"I² ({level} CI)", [_i2(s) for s in analysis.strata]),
        ("H²", [words(wording.fixed(s.pooled.h2, 2)) if s.pooled else muted(NONE) for s in analysis.strata]),
        ("Q", [_q(s) for s in analysis.strata]),
        ("Small effect", [_small(s) for s in analysis.strata]),
        ("Model", [_model(s) for s in analysis.strata]),
    ]
    return Table(
        id=f"{place(analysis)}-pooled",
        caption=f"{analysis.title}: pooled results of each design",
        heads=heads("", *(STRATA[s.stratum].label for s in analysis.strata)),
        rows=tuple(
            TableRow(cells=(cell(name), *(cell(value) for value in values)))
            for name, values in names
            if any(value != muted(NONE) for value in values)
        ),
    )


def _trusted(analysis: Analysis, synthesis: Synthesis) -> Text:
    """Return the result without studies that may not be trusted, and which these are."""
    variant = next((each for each in synthesis.sensitivity if each.label == phrases.TRUSTED), None)
    if variant is None:
        return muted(NONE)
    _, result = _result_of(analysis, synthesis, variant)
    return (*result, *muted(f" ({variant.why})"))


def _test(synthesis: Synthesis) -> Text:
    pooled = synthesis.pooled
    if pooled is None:
        return muted(NONE)
    normal = pooled.df == float("inf")
    name = "z" if normal else "t"
    df = "" if normal else f", df {wording.number(pooled.df)}"
    return words(f"{name} {wording.fixed(pooled.statistic, 2)}{df}, {wording.p_value(pooled.p)}")


def _tau2(synthesis: Synthesis) -> Text:
    pooled = synthesis.pooled
    if pooled is None:
        return muted(NONE)
    ci = pooled.tau2_ci
    limits = f" ({wording.tau2(ci.low)} to {wording.tau2(ci.high)})" if ci else ""
    return words(wording.tau2(pooled.tau2) + limits)


def _i2(synthesis: Synthesis) -> Text:
    pooled = synthesis.pooled
    if pooled is None:
        return muted(NONE)
    ci = pooled.i2_ci
    limits = f" ({wording.fixed(ci.low, 0)} to {wording.fixed(ci.high, 0)})" if ci else ""
    return words(wording.percent(pooled.i2) + limits)


def _q(synthesis: Synthesis) -> Text:
    pooled = synthesis.pooled
    if pooled is None:
        return muted(NONE)
    return words(f"{wording.fixed(pooled.q, 1)}, df {wording.number(pooled.q_df)}, {wording.p_value(pooled.q_p)}")


def _small(synthesis: Synthesis) -> Text:
    if synthesis.small is None:
        return muted("no threshold set")
    return words(wording.interval(synthesis.measure, synthesis.small))


def _model(synthesis: Synthesis) -> Text:
    if synthesis.pooled is None:
        return muted(NONE)
    return words(phrases.model(synthesis.pooled.method, synthesis.pooled.k))


def _beside(m: Material, analysis: Analysis) -> Iterable[Block]:
    several = len(analysis.strata) > 1
    for synthesis in analysis.strata:
        lead: Text = (Run(text=f"{STRATA[synthesis.stratum].label}: ", kind="strong"),) if several else ()
        for note in beside_result(m, analysis, synthesis):
            yield Paragraph(text=(*lead, *note), role="beside")
    for note in beside_alone(m, analysis):
        yield Paragraph(text=note, role="beside")


def _sensitivity(m: Material, analysis: Analysis) -> Table:
    rows = []
    for synthesis in analysis.strata:
        rows.append(
            TableRow(
                cells=(
                    cell("Main result"),
                    cell(wording.number(synthesis.k), numeric=True),
                    cell(shown_result(analysis, synthesis)),
                    cell(muted(NONE)),
                ),
                group=STRATA[synthesis.stratum].label,
            )
        )
        rows += [_variant(m, analysis, synthesis, variant) for variant in synthesis.sensitivity]
    return Table(
        id=f"{place(analysis)}-sensitivity",
        caption=f"{analysis.title}: the same studies pooled another way",
        heads=heads("Pooled", "Studies#", "Result", "Why, and what changed"),
        stacked=True,
        rows=tuple(rows),
    )


def _result_of(analysis: Analysis, synthesis: Synthesis, variant: Sensitivity) -> tuple[int, Text]:
    """Return number of studies and result of another synthesis of a stratum."""
    if variant.pooled is not None:
        k = variant.pooled.k
        text = wording.full_effect(synthesis.measure, variant.pooled.estimate, variant.pooled.ci, analysis.level)
    elif variant.single is not None:
        k = 1
        text = wording.full_effect(synthesis.measure, variant.estimate, variant.single, analysis.level)
        text += f", {phrases.NO_POOLING}"
    else:
        k, text = len(variant.estimates), "not pooled" if variant.estimates else "no study is left"
    return k, shown(analysis, text, mean=variant.pooled is not None)


def _variant(m: Material, analysis: Analysis, synthesis: Synthesis, variant: Sensitivity) -> TableRow:
    k, result = _result_of(analysis, synthesis, variant)
    main = {estimate.effect_id for estimate in synthesis.estimates}
    added = [row for row in variant.estimates if row not in main]
    gone = [row for row in main if row not in variant.estimates] if variant.estimates else []
    changed = [f"with {wording.listed(_labels(m, added))}"] if added else []
    changed += [f"without {wording.listed(_labels(m, gone))}"] if gone else []
    return TableRow(
        cells=(
            cell(variant.label),
            cell(wording.number(k), numeric=True),
            cell(result),
            cell("; ".join((variant.why, *changed))),
        ),
        group=STRATA[synthesis.stratum].label,
    )


def _labels(m: Material, effect_ids: Iterable[str]) -> list[str]:
    return sorted({m.study(m.study_of(effect_id)) for effect_id in effect_ids})


def _left_out(m: Material, analysis: Analysis) -> Table:
    return Table(
        id=f"{place(analysis)}-left-out",
        caption=f"{analysis.title}: not pooled, because",
        heads=heads("Study", "Design", "What the source says", "Not pooled, because", "Row"),
        rows=tuple(_left_out_row(m, row) for row in sorted(analysis.left_out, key=_left_out_order)),
        sortable=len(analysis.left_out) > 1,
        stacked=True,
        empty=ALL_POOLED if analysis.ledger.pooled else NOTHING_TYPED,
    )


def _left_out_order(row: LeftOut) -> tuple[int, str, str]:
    strata = list(STRATA)
    return strata.index(row.stratum) if row.stratum in strata else len(strata), row.label, row.effect_id


def _left_out_row(m: Material, row: LeftOut) -> TableRow:
    source = m.effects.get(row.effect_id)
    said = row.says or (as_typed(m, row.effect_id) if source else "")
    says: Cell = cell(wording.sentence(said) if said else muted("no numbers"))
    where = m.to_row(f"Effects row {source.number}", row.effect_id) if source else words(row.effect_id)
    return TableRow(
        cells=(
            cell(link(row.label, f"#study-{row.study_id}")),
            cell(stratum(row.stratum) if row.stratum else muted(NONE)),
            says,
            cell(wording.sentence(row.reason)),
            cell(where, sort=source.number if source else ""),
        )
    )
