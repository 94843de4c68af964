"""Traffic light of risk of bias: comparisons by domains, one block a design, and the share of each judgement below.

One drawing suits pages and narrow screens alike.
"""

import re
from collections import Counter

from metaan.figures import signs as looks
from metaan.figures import style, text
from metaan.figures.forest_content import Said, named, order
from metaan.figures.forest_parts import BADGE, BLOCK_GAP, Page, badge, lines
from metaan.figures.layout import Layout
from metaan.figures.quality_bars import bars
from metaan.figures.quality_content import Judged, ToolBlock, placed, tool_blocks
from metaan.figures.signs import Sign, Signs
from metaan.terms import wording
from metaan.terms.records import Analysis

WIDTH = 430.0  #: wider only for tools with very many domains
LEAST_LABEL = 120.0
RADIUS = 7.0
PITCH = 19.0  #: between columns
APART = 7.0  #: before the overall judgement and before applicability
ROW = 19.0
LINE = 14.0
BASE = 4.1
HEAD = 9.5
NO_TOOL = "No quality tool was used on a comparison of this question."


def lay_out(analysis: Analysis) -> Layout:
    """Place the judgements of every comparison in the main pools of an analysis.

    Parameters
    ----------
    analysis : Analysis
        Results of one analysis with the appraisals of its comparisons.

    Returns
    -------
    Layout
        Positions in points; one sentence where no tool was used on any comparison.
    """
    blocks = [block for synthesis in analysis.strata for block in tool_blocks(synthesis)]
    page = Page(max([WIDTH, *(BADGE + 8 + LEAST_LABEL + _table_width(block) for block in blocks)]))
    for number, block in enumerate(blocks):
        page.y += 2 * BLOCK_GAP if number else 0.0
        page.canvas.stratum = block.stratum.name
        _block(page, block)
        page.canvas.stratum = ""
    if not blocks:
        page.paragraph(Said(role="tally", text=NO_TOOL), 0, style.SMALL, style.INK)
    _key(page, blocks)
    return Layout(
        name=f"{re.sub(r'[^A-Za-z0-9_-]+', '-', analysis.id).strip('-') or 'analysis'}-quality",
        kind="quality",
        title=f"Risk of bias. {analysis.title}",
        description=" ".join(map(reading, blocks)) or NO_TOOL,
        width=page.width,
        height=page.y,
        items=tuple(page.canvas.items),
    )


def reading(block: ToolBlock) -> str:
    """Return who judged the comparisons of a block, in one sentence."""
    return f"{block.stratum.label}, {block.tool}: {block.tally.said()}."


def _table_width(block: ToolBlock) -> float:
    return placed(block.heads, 0.0, PITCH, APART)[-1] + PITCH / 2


def _block(page: Page, block: ToolBlock) -> None:
    _header(page, block)
    left = page.width - _table_width(block)
    if block.any_judged:
        places = placed(block.heads, left, PITCH, APART)
        _heads(page, block, places)
        marks = Signs(page.canvas, RADIUS)
        repeated = Counter(row.estimate.label for row in block.rows)
        for row in sorted(block.rows, key=lambda row: order(row.estimate)):
            _row(page, row, places, left, marks, named(row.estimate, repeated=repeated[row.estimate.label] > 1))
        marks.place()
        page.y += 6
        bars(page, block)
    page.y += 2
    page.paragraph(Said(role="tally", text=_said(block)), 0, style.SMALL, style.INK)


def _said(block: ToolBlock) -> str:
    said = wording.sentence(block.tally.said())
    return said if block.any_judged else f"{said} No recorded fact proposes a judgement of a domain either."


def _header(page: Page, block: ToolBlock) -> None:
    canvas = page.canvas
    name = block.stratum.label
    room = page.width - 8 - 22
    beside = text.width(name, style.BODY, bold=True) + 10 + text.width(block.tool, style.BODY, bold=True) <= room
    words = lines(block.stratum.order, room, style.SMALL)
    tool = () if beside else lines(block.tool, room, bold=True)
    high = 26 + LINE * (len(words) + len(tool))
    base = page.y + 18
    canvas.box("band", 0, page.y, page.width, high, style.BAND, 3)
    canvas.mark("key", 11, page.y + 14, 9, block.stratum.marker, block.stratum.colour)
    canvas.text("stratum", 22, base, name, bold=True)
    if beside:
        canvas.text("tool", page.width - 8, base, block.tool, anchor="end", bold=True)
    base = canvas.lines("order", 22, base + LINE, words, style.SMALL, LINE)
    canvas.lines("tool", 22, base, tool, style.BODY, LINE, bold=True)
    page.y += high + 5


def _heads(page: Page, block: ToolBlock, places: list[float]) -> None:
    base = page.y + 12
    page.canvas.text("head", 0, base, "Grade and comparison", HEAD, colour=style.GREY, bold=True)
    for head, x in zip(block.heads, places, strict=True):
        page.canvas.text("head", x, base, head.head, HEAD, colour=style.GREY, anchor="middle", bold=True)
    page.y += 17
    page.canvas.line("rule", (0, page.y), (page.width, page.y), style.RULE)
    page.y += 3


def _row(page: Page, row: Judged, places: list[float], left: float, marks: Signs, label: str) -> None:
    canvas = page.canvas
    canvas.row = row.estimate.effect_id
    start = BADGE + 8
    words = lines(label, left - 6 - start, style.BODY)
    high = ROW + LINE * (len(words) - 1)
    middle = page.y + high / 2
    badge(canvas, row.estimate.grade.grade, 0, middle)
    canvas.lines("label", start, middle + BASE - LINE * (len(words) - 1) / 2, words, style.BODY, LINE)
    for number, (shown, x) in enumerate(zip(row.signs, places, strict=True)):
        marks.add(x, middle, shown, f"{row.estimate.effect_id} {number}")
    page.y += high
    canvas.row = ""


def _key(page: Page, blocks: list[ToolBlock]) -> None:
    seen: list[Sign] = [shown for block in blocks if block.any_judged for row in block.rows for shown in row.signs]
    if not seen:
        return
    page.y += 8
    page.canvas.line("rule", (0, page.y), (page.width, page.y), style.RULE)
    page.y = looks.key(page.canvas, seen, page.y + 5, page.width, RADIUS, style.SMALL) + 2
