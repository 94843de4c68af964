"""What else could explain a difference: each explanation, and how many comparisons of each design dealt with it."""

from collections.abc import Iterable, Mapping, Sequence

from metaan.design.explanations import BLANK, HANDLED, NOT_REPORTED, OPEN, Explained, explain
from metaan.report.comparisons import comparisons, in_so_many
from metaan.report.content import (
    Block,
    Bullets,
    Details,
    Paragraph,
    Run,
    Section,
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
from metaan.report.parts import NONE, stratum
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.workbook.read import Row

HOW = (
    "A comparison has dealt with an explanation where a fact of the workbook shows it: by design, by matching or by "
    "adjustment. It leaves it open where a fact shows that it did not. Not reported is neither."
)
COUNTED = "Explanations, and how many comparisons dealt with each"


def section(m: Material) -> Section | None:
    """Return the explanations counted by design; nothing where the protocol names none."""
    if not m.protocol.explanations:
        return None
    by_stratum = comparisons(m)
    found = explained(m)
    blocks: list[Block] = [Paragraph(text=words(HOW), role="note")]
    said = tuple(sentences(found, by_stratum))
    if said:
        blocks.append(Bullets(items=said, role="facts"))
    blocks.append(_table(found, by_stratum))
    listed = tuple(block for item in found for block in _who(m, item, by_stratum))
    if listed:
        summary = words("Which comparison dealt with which explanation, and which left it open")
        blocks.append(Details(summary=summary, blocks=listed, id="explanations-who"))
    return Section(id="explanations", title="What else could explain a difference", blocks=tuple(blocks))


def explained(m: Material) -> tuple[Explained, ...]:
    """Return how the comparisons that stand in an analysis stand to each explanation."""
    rows = [row for found in comparisons(m).values() for row in found]
    return explain(m.extraction, m.protocol, [m.grades[row["design_id"]] for row in rows])


def sentences(explained: Sequence[Explained], by_stratum: Mapping[str, Sequence[Row]]) -> Iterable[Text]:
    """Yield "In 8 of 44 case-control comparisons the controls had given birth", only where facts show it."""
    for item in explained:
        for name, rows in by_stratum.items():
            counts = item.counted(row["design_id"] for row in rows)
            if counts[OPEN] and item.open_says:
                tail = f"; not reported in {counts[NOT_REPORTED]}" if counts[NOT_REPORTED] else ""
                lead = in_so_many(counts[OPEN], len(rows), name)
                yield (lead, Run(text=f" {item.open_says.rstrip('.')}{tail}."))


def _table(explained: Sequence[Explained], by_stratum: Mapping[str, Sequence[Row]]) -> Table:
    names = [f"{STRATA[name].label} ({len(rows)})" for name, rows in by_stratum.items()]
    return Table(
        id="explanations-table",
        caption=f"{COUNTED}; number of comparisons in brackets; {NONE}: does not apply, or left blank",
        heads=heads("Explanation", *names),
        rows=tuple(
            TableRow(
                cells=(
                    cell((Run(text=f"{item.label}.", kind="strong"), Run(text=f" {item.why.strip()}", kind="muted"))),
                    *(cell(_spread(item.counted(row["design_id"] for row in rows))) for rows in by_stratum.values()),
                )
            )
            for item in explained
        ),
        stacked=True,
    )


_SAID = {HANDLED: "dealt with", OPEN: "left open", NOT_REPORTED: "not reported"}


def _spread(counts: Mapping[str, int]) -> Text:
    """Return "dealt with in 1; left open in 8; not reported in 35"; a dash where no fact applies."""
    parts = [
        words(f"{said} in {counts[state]}", "strong" if state != NOT_REPORTED else "muted")
        for state, said in _SAID.items()
        if counts[state]
    ]
    if not parts:
        return muted(NONE)
    if counts[BLANK]:
        parts.append(muted(f"does not apply, or left blank, in {counts[BLANK]}"))
    return join(parts)


def _who(m: Material, item: Explained, by_stratum: Mapping[str, Sequence[Row]]) -> Iterable[Block]:
    """Yield one paragraph an explanation and design that names its comparisons, each with the cell that shows it."""
    for name, rows in by_stratum.items():
        parts = []
        for state in (HANDLED, OPEN):
            studies = [_study(m, item, row) for row in rows if item.states[row["design_id"]] == state]
            if studies:
                parts.append((Run(text=f"{_SAID[state]}: "), *join(studies, ", ")))
        if parts:
            lead = (Run(text=item.label, kind="strong"), Run(text=", "), *stratum(name), Run(text=": "))
            yield Paragraph(text=(*lead, *join(parts), Run(text=".")))


def _study(m: Material, item: Explained, row: Row) -> Text:
    design = row["design_id"]
    return (Run(text=m.study(row["study_id"]), href=f"#design-{design}", title=wording.sentence(item.behind[design])),)
