"""Risk of bias: what quality tools say of the comparisons, as a figure an analysis and a table a tool."""

from metaan.design.tool import Tool, tool
from metaan.figures.quality import reading
from metaan.figures.quality_content import ToolBlock, tool_blocks
from metaan.report.content import (
    Block,
    Bullets,
    Paragraph,
    Picture,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    join,
    muted,
    strong,
    words,
)
from metaan.report.material import Material, place
from metaan.report.parts import NONE, stratum
from metaan.report.quality_tables import by_tool, tool_details
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

HOW_TO_READ = (
    "How to read these figures: a row is a comparison, a column a domain of the tool; the last one is the overall "
    "judgement where the tool has one. A filled circle is a reviewer's judgement; a hollow one follows from recorded "
    "facts and nobody has confirmed it; an empty ring is not assessed. The bars share out the comparisons by "
    "judgement, once by their number and once by their weight in the meta-analysis."
)
LEAD = (
    "A tool judges how far a comparison may be led astray by the way it was done; the design grade says what it can "
    "show at all. Answers are typed by reviewers. Where they typed none, recorded facts propose some, marked so."
)
NOT_DRAWN = "No figure, because nothing has been judged or proposed:"


def section(m: Material) -> Section | None:
    """Return what quality tools say; None where no tool was used on a comparison of any analysis."""
    used = by_tool(m)
    if not used:
        return None
    blocks: list[Block] = [Paragraph(text=words(LEAD)), _tools(m)]
    bare: list[Text] = []
    for analysis in m.analyses:
        found = [block for synthesis in analysis.strata for block in tool_blocks(synthesis)]
        if any(block.any_judged for block in found) and m.figures.get(analysis.id, {}).get("quality_wide"):
            blocks.append(_picture(m, analysis, found))
        elif found:
            bare.append((*strong(f"{analysis.title}. "), *words(_said(found))))
    if any(isinstance(block, Picture) for block in blocks):
        blocks.insert(2, Paragraph(text=words(HOW_TO_READ), role="note"))
    if bare:
        blocks += [Paragraph(text=words(NOT_DRAWN)), Bullets(items=tuple(bare))]
    blocks += [tool_details(m, name, appraised) for name, appraised in used.items()]
    return Section(id="quality", title="Risk of bias, tool by tool", blocks=tuple(blocks))


def _said(blocks: list[ToolBlock]) -> str:
    return " ".join(map(reading, blocks))


def _picture(m: Material, analysis: Analysis, blocks: list[ToolBlock]) -> Picture:
    return Picture(
        id=f"quality-{place(analysis)}",
        caption=words(f"Risk of bias. {analysis.title}, each design with its tool."),
        reading=words(_said(blocks)),
        how="",
        wide=m.figures[analysis.id]["quality_wide"],
        narrow="",
        files=m.files_of("quality", analysis.id),
    )


def _tools(m: Material) -> Table:
    """Return which tool stands for which design."""
    found: dict[tuple[str, str], bool] = {}
    for analysis in m.analyses:
        for synthesis in analysis.strata:
            for estimate in (*synthesis.estimates, *synthesis.others):
                for each in estimate.grade.appraisals:
                    at = (synthesis.stratum, each.tool)
                    found[at] = found.get(at, False) or each.main
    order = list(STRATA)
    rows = sorted(found, key=lambda item: (order.index(item[0]), not found[item], item[1]))
    return Table(
        id="quality-tools",
        caption="Tools, by design",
        heads=heads("Design", "Tool", "Made for", "Source"),
        rows=tuple(_tool_row(tool(name, m.protocol), kind, main=found[kind, name]) for kind, name in rows),
        stacked=True,
    )


def _tool_row(used: Tool, kind: str, *, main: bool) -> TableRow:
    named = words(used.name) if main else (*words(used.name), *muted(" (beside the main tool)"))
    status = ["still a draft, say its authors"] if used.draft else []
    said = [used.version, *status, used.source, used.licence]
    source = join([words(part.strip().rstrip(".")) for part in said if part.strip()])
    return TableRow(
        cells=(
            cell(stratum(kind)),
            cell(named),
            cell(wording.sentence(used.made_for)),
            cell((*source, *words(".")) if source else muted(NONE)),
        )
    )
