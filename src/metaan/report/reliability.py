"""How well the measurement repeats, and what that means for effects and for one person."""

from collections.abc import Iterable, Mapping

from metaan.report.content import (
    Block,
    Bullets,
    Details,
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
from metaan.report.material import Material
from metaan.report.parts import NONE
from metaan.robustness.reliability import TARGET, Meaning
from metaan.robustness.repeats import MEASURED, OCCASIONS, KappaMeaning, PooledRepeats, Repeatability
from metaan.terms import wording
from metaan.workbook.read import Row

HOW_TO_READ = (
    "How to read this figure: each point is one published agreement, from 0 (chance) to 1. The rungs go from one "
    "observer reading the same sample twice down to two samples of one person."
)
KAPPA_IS_NOT_R = (
    "Kappa is an agreement between classes and not a correlation; nothing in this report is corrected for it."
)


def section(m: Material) -> Section | None:
    """Return how well the measurement repeats; nothing where no source was read for it."""
    found = m.repeatability
    if found is None:
        return None
    rows = m.extraction.sheet("Reliability")
    judged = {row.rel_id: row.quality for rung in found.ladder for row in rung.repeats if row.quality}
    blocks: list[Block] = []
    if "reliability_wide" in m.figures.get("", {}):
        blocks.append(_picture(m, found))
    blocks += [Bullets(items=tuple(_sentences(m, found)), role="facts")]
    if found.meanings:
        blocks.append(_meanings(m, found))
    blocks.append(
        Details(
            summary=words(f"All {wording.count(len(rows), 'result')}, as the sources report them"),
            blocks=(_table(m, rows, judged),),
            id="reliability-rows",
        )
    )
    return Section(id="reliability", title="How well the measurement repeats", blocks=tuple(blocks))


def _picture(m: Material, found: Repeatability) -> Picture:
    drawn = m.figures[""]
    return Picture(
        id="figure-reliability",
        caption=words("Reliability ladder: agreement of repeated measurements."),
        reading=words(_reading(m, found)),
        how=HOW_TO_READ,
        wide=drawn["reliability_wide"],
        narrow=drawn["reliability_narrow"],
        files=m.files_of("reliability", ""),
    )


def _reading(m: Material, found: Repeatability) -> str:
    best = _span(found, ("within_observer",))
    worst = _span(found, OCCASIONS)
    if not worst:
        return "No source gives an agreement between two occasions of one person, on which a single result depends."
    said = f"between two occasions of one person the agreement is {worst}"
    return wording.sentence(f"{said}, against {best} within one observer" if best else said)


def _span(found: Repeatability, rungs: tuple[str, ...]) -> str:
    values = sorted(
        row.value
        for rung in found.ladder
        if rung.rung in rungs
        for row in rung.repeats
        if row.on_ladder and row.value is not None
    )
    if not values:
        return ""
    low, high = wording.fixed(values[0], 2), wording.fixed(values[-1], 2)
    return low if low == high else f"{low} to {high}"


def _sentences(m: Material, found: Repeatability) -> Iterable[Text]:
    for pooled in found.pooled:
        yield words(_pooled(m, pooled))
    on_ladder = [row for rung in found.ladder for row in rung.repeats if row.on_ladder]
    for told in found.not_pooled:
        yield words(_not_pooled(m, told))
    if on_ladder and not found.pooled and not found.not_pooled:
        yield words(
            "Nothing here is pooled: no two independent studies give the same statistic of the same kind of repeat."
        )
    person = m.protocol.people["one"]
    for meant in found.by_kappa:
        yield _kappa(m, meant, found, person)
    lowest = min((meant for meant in found.meanings if not meant.assumed), key=lambda each: each.r, default=None)
    if lowest is not None:
        yield words(_meaning(m, lowest, found, person))
    if any(row.statistic in ("kappa", "weighted_kappa") for row in on_ladder):
        yield words(KAPPA_IS_NOT_R)


def _pooled(m: Material, pooled: PooledRepeats) -> str:
    kind, name = m.label("variation", pooled.rung), m.label("reliability_statistic", pooled.statistic)
    limits = f"{wording.fixed(pooled.ci.low, 2)} to {wording.fixed(pooled.ci.high, 2)}"
    studies = wording.count(len(pooled.studies), "study", "studies")
    level = wording.percent(100 * m.protocol.level)
    found = f"{name} {wording.fixed(pooled.estimate, 2)} ({level} CI {limits}), pooled over {studies}"
    return wording.sentence(f"{', '.join([kind, *_measured(m, pooled.measured)])}: {found}")


def _not_pooled(m: Material, told: str) -> str:
    where, reason = told.split(": ", 1)
    rung, statistic = where.split("/", 1)
    kind, name = m.label("variation", rung), m.label("reliability_statistic", statistic)
    return wording.sentence(f"{kind}: {name} not pooled, {reason}")


def _measured(m: Material, typed: tuple[str, ...]) -> list[str]:
    """Return marker and place in words, as far as they are typed."""
    return [m.label(name, word) for name, word in zip(MEASURED[:2], typed, strict=False) if word]


def _kappa(m: Material, meant: KappaMeaning, found: Repeatability, person: str) -> Text:
    row = next(row for rung in found.ladder for row in rung.repeats if row.rel_id == meant.rel_id)
    of = wording.fixed(100 * meant.of_high, 0)
    what = _measured(m, row.measured)
    who = "; ".join([meant.label, ", ".join(what)]) if what else meant.label
    above, changed = wording.percent(100 * (found.above or 0)), wording.percent(100 * meant.changed)
    return (
        Run(text=f"What it means for one {person}", kind="strong"),
        Run(text=": with "),
        *link(f"kappa {wording.fixed(meant.kappa, 3)}", f"#study-{row.study_id}", f"Reliability!{row.cell}"),
        Run(
            text=(
                f" between two occasions ({who}) and {above} of {m.people} over the cut-off ({found.above_source}), "
                f"{changed} of all {m.people} would change class at the next measurement, and {of} of 100 called high "
                "would then be called not high: 2 p (1 − p) (1 − κ), exact for two classes of the same size both "
                "times. An illustration where kappa and share are not of the same measurement and cut-off."
            )
        ),
    )


def _meaning(m: Material, meant: Meaning, found: Repeatability, person: str) -> str:
    said = (
        f"with a correlation of {wording.fixed(meant.r, 2)} between two measurements ({meant.source}) a correlation or "
        f"standardised difference shrinks to {wording.percent(100 * meant.factor)} of its true size"
    )
    if meant.changed is not None:
        share = wording.percent(100 * meant.changed)
        said += f", and {share} of {m.people} would change class at the cut-off when measured again"
    times = wording.count(meant.repeats, "measurement")
    target = wording.fixed(TARGET, 1)
    return wording.sentence(f"{said}; the mean of {times} of one {person} would reach a reliability of {target}")


def _meanings(m: Material, found: Repeatability) -> Details:
    above = "not known" if found.above is None else wording.percent(100 * found.above)
    source = f" ({found.above_source})" if found.above_source else ""
    target = wording.fixed(TARGET, 1)
    assumed = all(meant.assumed for meant in found.meanings)
    lead = (
        "No source gives a correlation between two occasions, so the rows below are illustrations: what would follow "
        "if the reliability were as large as this."
        if assumed
        else "What follows from each reliability."
    )
    note = (
        f"Attenuation: √r (Spearman 1904). Change of class: both measurements normal with correlation r, share over "
        f"the cut-off p = {above}{source}; 4 T(Φ⁻¹(p), √((1 − r)/(1 + r))) with Owen’s T. Repeats: "
        f"m = {target} (1 − r) / (r (1 − {target})), rounded up (Spearman-Brown). A weak repeat cuts both ways: it "
        "hides true effects and makes a single result unfit for decisions."
    )
    return Details(
        summary=words("What a reliability does to an effect and to one result"),
        id="reliability-meaning",
        blocks=(
            Paragraph(text=words(lead)),
            Table(
                id="reliability-meaning-table",
                caption="What a reliability would mean",
                heads=heads(
                    "Reliability r#",
                    "From",
                    "SMD or correlation shrinks to#",
                    "Change class#",
                    f"Measurements for r ≥ {target}#",
                ),
                rows=tuple(_meant(meant) for meant in found.meanings),
            ),
            Paragraph(text=words(note), role="note"),
        ),
    )


def _meant(meant: Meaning) -> TableRow:
    changed = muted(NONE) if meant.changed is None else words(wording.percent(100 * meant.changed))
    return TableRow(
        cells=(
            cell(wording.fixed(meant.r, 2), numeric=True),
            cell(meant.source),
            cell(wording.percent(100 * meant.factor), numeric=True),
            cell(changed, numeric=True),
            cell(wording.number(meant.repeats), numeric=True),
        )
    )


def _table(m: Material, rows: tuple[Row, ...], judged: Mapping[str, str]) -> Table:
    """Return the rows as typed; how well each was done is a column only where somebody judged it."""
    names = ["Study", "What differs", "What was measured", "People#", "Result", "Words of the source"]
    return Table(
        id="reliability-table",
        caption="Repeated measurements, as the sources report them",
        heads=heads(*names, *(["How well it was done"] if judged else [])),
        rows=tuple(_repeat(m, row, judged) for row in rows),
        sortable=len(rows) > 1,
        stacked=True,
    )


def _repeat(m: Material, row: Row, judged: Mapping[str, str]) -> TableRow:
    measured = [m.word(row, name) for name in MEASURED if row.answer(name)]
    value = row.answer("value")
    result: Text = muted("no statistic")
    if value:
        limits = f" ({row['ci_low']} to {row['ci_high']})" if row.answer("ci_low") and row.answer("ci_high") else ""
        name = m.word(row, "statistic")
        cut = f", {row['categories']}" if row.answer("categories") else ""
        place = f"{row.sheet}!{row.cell('value')}"
        result = (*words(f"{name} "), *link(f"{value}{limits}", f"#study-{row['study_id']}", place), *words(cut))
    said = row.answer("says") or row.answer("quote")
    return TableRow(
        cells=(
            cell(link(m.study(row["study_id"]), f"#study-{row['study_id']}")),
            cell(m.word(row, "source_of_variation")),
            cell(", ".join(measured) or NONE),
            cell(m.word(row, "n_women"), numeric=True, sort=row.answer("n_women") or -1),
            cell(result),
            cell(words(said) if said else muted(NONE)),
            *([cell(judged.get(row["rel_id"]) or muted("not judged"))] if judged else []),
        )
    )
