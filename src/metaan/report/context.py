"""What stands around the results: how well the measurement repeats, what others say, and how the studies were found."""

from metaan.report.content import Block, Paragraph, Section, Table, TableRow, Text, cell, heads, link, muted, words
from metaan.report.material import Material
from metaan.report.parts import NONE
from metaan.terms import wording
from metaan.workbook.read import Row


def reliability(m: Material) -> Section | None:
    """Return how well the measurement repeats; nothing where no source was read for it."""
    rows = m.extraction.sheet("Reliability")
    if not rows:
        return None
    return Section(
        id="reliability",
        title="How well the measurement repeats",
        blocks=(
            Paragraph(
                text=words(
                    "Kappa is an agreement between classes and not a correlation; nothing in this report is corrected "
                    "for it."
                ),
                role="note",
            ),
            Table(
                id="reliability-table",
                caption="Repeated measurements, as the sources report them",
                heads=heads("Study", "What differs", "What was measured", "People#", "Result", "Words of the source"),
                rows=tuple(_repeat(m, row) for row in rows),
                sortable=len(rows) > 1,
                stacked=True,
            ),
        ),
    )


def _repeat(m: Material, row: Row) -> TableRow:
    measured = [m.word(row, name) for name in ("marker", "compartment", "assay") if row.answer(name)]
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
        )
    )


def others(m: Material) -> Section | None:
    """Return what regulators and guidelines say, as quoted by the reviewers, each with its day."""
    rows = m.extraction.sheet("Context")
    if not rows:
        return None
    return Section(
        id="context",
        title="What regulators and guidelines say",
        blocks=(
            Paragraph(
                text=words(
                    "Their statements in the reviewers’ words, with the day they were seen. They are not results of "
                    "this review, and no rating here is its own."
                ),
                role="note",
            ),
            Table(
                id="context-table",
                caption="Statements of others",
                heads=heads("Who", "About", "Statement", "Rating", "Dated", "Seen"),
                rows=tuple(_statement(m, row) for row in rows),
                stacked=True,
            ),
        ),
    )


def _statement(m: Material, row: Row) -> TableRow:
    country = row.answer("country")
    who = row["body"] + (f" ({country})" if country else "")
    scale = row.answer("rating_scale")
    rating = row.answer("rating") + (f" ({scale})" if scale and row.answer("rating") else "")
    url = row.answer("url")
    return TableRow(
        cells=(
            cell(link(who, url) if url.startswith(("https://", "http://")) else words(who)),
            cell(row["topic"]),
            cell(row["statement"]),
            cell(words(rating) if rating else muted("none")),
            cell(m.word(row, "page_dated") or NONE),
            cell(m.word(row, "seen_on") or NONE),
        )
    )


def flow(m: Material) -> Section:
    """Return how the studies were found, as far as anybody counted."""
    rows = [row for row in m.extraction.sheet("PRISMA") if row.answer("n")]
    blocks: list[Block]
    if rows:
        blocks = [
            Table(
                id="flow-table",
                caption="Records and reports, as counted by the reviewers (PRISMA 2020)",
                heads=heads("Box", "Count#", "Database or reason"),
                rows=tuple(
                    TableRow(
                        cells=(
                            cell(row["label"] or m.label("prisma_key", row["key"])),
                            cell(row["n"], numeric=True),
                            cell(row["reason"] or NONE),
                        )
                    )
                    for row in rows
                ),
            )
        ]
    else:
        blocks = [
            Paragraph(
                text=words(
                    "Nobody counted the records of the search, so there is no flow diagram. A review without these "
                    "counts is not finished."
                ),
                role="remark",
            )
        ]
    blocks.append(Paragraph(text=words(read_from(m))))
    return Section(id="flow", title="How the studies were found", blocks=tuple(blocks))


def read_from(m: Material) -> str:
    """Return what kinds of sources the typed rows were read from, with counts."""
    counted: dict[str, int] = {}
    for row in m.effects.values():
        kind = m.word(row, "src_type") or "not stated"
        counted[kind] = counted.get(kind, 0) + 1
    listed = [f"{kind} {n}" for kind, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    return f"Sources of the {wording.count(len(m.effects), 'row')} typed: {', '.join(listed)}."
