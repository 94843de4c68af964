"""What stands around the results: what others say, and how the studies were found."""

from metaan.certainty.subject import TEST, interventions, is_marker, is_treatment, speaks_of
from metaan.report.content import (
    Block,
    Bullets,
    Paragraph,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    join,
    link,
    muted,
    strong,
    words,
)
from metaan.report.material import Material
from metaan.report.parts import NONE
from metaan.terms import wording
from metaan.workbook.read import Row

IN_OUR_WORDS = (
    "Statements of regulators and guidelines stand in the reviewers’ words, with the date of the page and the day it "
    "was seen where these are noted. They are not results of this review."
)


def others(m: Material) -> Section | None:
    """Return what regulators and guidelines say; what stands with its treatment is named, not said again."""
    rows = m.extraction.sheet("Context")
    if not rows:
        return None
    elsewhere = {row.number: _places(m, row) for row in rows}
    here = [row for row in rows if not elsewhere[row.number]]
    blocks: list[Block] = [Paragraph(text=words(IN_OUR_WORDS), role="note")]
    if here:
        blocks.append(
            Table(
                id="context-table",
                caption="Statements of others",
                heads=heads("Who", "About", "Statement", "Rating", "Dated", "Seen"),
                rows=tuple(_statement(m, row) for row in here),
                stacked=True,
            )
        )
    if len(here) < len(rows):
        items = tuple(
            (*words(f"{_who(row)} on {row['topic']}: "), *join(elsewhere[row.number], ", "))
            for row in rows
            if elsewhere[row.number]
        )
        blocks.append(Paragraph(text=words("With the treatment they speak of stand:")))
        blocks.append(Bullets(items=items))
    return Section(id="context", title="What regulators and guidelines say", blocks=tuple(blocks))


def statements(m: Material, names: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the statements that list one of these treatments, or the test, as what they speak of."""
    return tuple(row for row in m.extraction.sheet("Context") if speaks_of(row, names))


def _places(m: Material, row: Row) -> list[Text]:
    """Return links to the blocks of treatments, and of the test, in which a statement stands."""
    found = []
    tested = False
    for analysis in m.analyses:
        plan = m.protocol.analysis(analysis.id)
        if is_treatment(analysis, plan) and speaks_of(row, interventions(analysis, plan)):
            found.append(link(analysis.title, f"#treatment-{analysis.id}"))
        tested = tested or is_marker(analysis, plan)
    if tested and speaks_of(row, (TEST,)):
        found.append(link("the test itself", "#treatment-test"))
    return found


def statement(m: Material, row: Row) -> Text:
    """Return who says what, with the rating, its scale, the date on the page and the day it was seen."""
    url = row.answer("url")
    who = _who(row)
    lead = link(who, url) if url.startswith(("https://", "http://")) else strong(who)
    said = f" on {row['topic']}: {wording.sentence(row['statement'])}"
    rating = row.answer("rating")
    if rating:
        scale = row.answer("rating_scale")
        said += f" Rating: {rating} ({f'scale: {scale}' if scale else 'scale not noted'})."
    if row.answer("serious_safety") == "yes":
        said += " A serious risk is named."
    return (*lead, *words(said), *muted(_dated(row)))


def _dated(row: Row) -> str:
    if not row.answer("page_dated") and not row.answer("seen_on"):
        return " Neither the date of the page nor the day it was seen is noted."
    return f" Page dated: {_day(row, 'page_dated')}; seen: {_day(row, 'seen_on')}."


def _day(row: Row, column: str) -> str:
    return row.answer(column) or "day not noted"


def _who(row: Row) -> str:
    country = row.answer("country")
    return row["body"] + (f" ({country})" if country else "")


def _statement(m: Material, row: Row) -> TableRow:
    scale = row.answer("rating_scale")
    rating = row.answer("rating") + (f" ({scale})" if scale and row.answer("rating") else "")
    url = row.answer("url")
    who = _who(row)
    return TableRow(
        cells=(
            cell(link(who, url) if url.startswith(("https://", "http://")) else words(who)),
            cell(row["topic"]),
            cell(row["statement"]),
            cell(words(rating) if rating else muted("none")),
            cell(_day(row, "page_dated")),
            cell(_day(row, "seen_on")),
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
