"""The forest plot for narrow screens: each study on a line of words and a line of plot."""

from collections.abc import Iterable
from dataclasses import dataclass

from metaan.figures import forest_marks as marks
from metaan.figures import forest_strip as strip
from metaan.figures import style, text
from metaan.figures.axis import OVERHANG, Axis
from metaan.figures.forest_content import DAGGER, BlockContent, Content, PanelContent, Row, Summary
from metaan.figures.forest_parts import (
    BADGE,
    BLOCK_GAP,
    PANEL_GAP,
    Page,
    badge,
    largest_share,
    lines,
    panel_axis,
    references,
)
from metaan.figures.signs import Signs

WIDTH = 360.0
SIZE = 12.0
SMALL = 10.5
PLOT_GAP = 12.0
MOST_EFFECT = 230.0  #: longer estimates are set smaller
BASE = 4.3  #: from the middle of a line down to its baseline
PITCH = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effects:
    """Right end and font size of the estimates."""

    right: float
    size: float


def narrow_page(said: Content) -> Page:
    """Lay out panels and blocks one thing under another."""
    page = Page(WIDTH)
    for number, panel in enumerate(said.panels):
        page.y += PANEL_GAP if number else 0.0
        _panel(page, panel)
    for loose in said.loose:
        page.y += BLOCK_GAP if page.blocks else 0.0

        def draw(block: BlockContent) -> None:
            _header(page, block)
            page.sentences(block, 0, SMALL)

        page.block(loose, draw)
    return page


def _panel(page: Page, panel: PanelContent) -> None:
    top = page.y
    right = WIDTH - (9 if any(row.converted for block in panel.blocks for row in block.rows) else 0)
    natural = _effect_width(panel)
    shrink = min(1.0, MOST_EFFECT / natural) if natural else 1.0
    effects = _Effects(right=right, size=SIZE * shrink)
    axis = panel_axis(panel, OVERHANG, right - natural * shrink - PLOT_GAP)
    heads = [f"{panel.heading} {panel.interval_heading}"]
    _paragraph(page, "head", heads[0], bold=True)
    groups = " v ".join(words for words in (panel.group1, panel.group2) if words)
    _paragraph(page, "head", f"Beside each study: {groups}; weight" if groups else "Beside each study: weight")
    _paragraph(page, "threshold-label", panel.threshold[:1].upper() + panel.threshold[1:])
    page.y += 6
    for number, content in enumerate(panel.blocks):
        page.y += BLOCK_GAP if number else 0.0
        page.block(content, lambda block: _block(page, block, axis, effects))
    page.foot(panel, axis, top, (panel.low, panel.high), 0)


def _effect_width(panel: PanelContent) -> float:
    def widest(texts: Iterable[str], *, bold: bool = False) -> float:
        return max((text.width(words, SIZE, bold=bold) for words in texts), default=0.0)

    summaries = [block.summary for block in panel.blocks if block.summary]
    return max(
        widest(_effect(row) for block in panel.blocks for row in block.rows),
        widest((_effect(summary) for summary in summaries), bold=True),
        widest(summary.prediction_limits for summary in summaries),
    )


def _effect(row: Row | Summary) -> str:
    return f"{row.value} {row.limits}".strip()


def _paragraph(page: Page, role: str, words: str, *, bold: bool = False) -> None:
    size = SIZE if bold else SMALL
    wrapped = lines(words, WIDTH, size, bold=bold)
    colour = style.INK if bold else style.GREY
    page.canvas.lines(role, 0, page.y + size + 1, wrapped, size, PITCH, colour=colour, bold=bold)
    page.y += PITCH * len(wrapped)


def _header(page: Page, block: BlockContent) -> None:
    canvas = page.canvas
    order = lines(block.stratum.order, WIDTH - 22 - 8, SMALL)
    canvas.box("band", 0, page.y, WIDTH, 26 + PITCH * len(order), style.BAND, 3)
    canvas.mark("key", 11, page.y + 14, 9, block.stratum.marker, block.stratum.colour)
    canvas.text("stratum", 22, page.y + 18.5, f"{block.stratum.label}:", SIZE, bold=True)
    canvas.text("size", WIDTH - 8, page.y + 18.5, block.size, SMALL, colour=style.GREY, anchor="end")
    canvas.lines("order", 22, page.y + 18.5 + PITCH, order, SMALL, PITCH)
    page.y += 26 + PITCH * len(order) + 6


def _block(page: Page, block: BlockContent, axis: Axis, effects: _Effects) -> None:
    _header(page, block)
    largest = largest_share(block)
    left = WIDTH - strip.width([block])
    signs = Signs(page.canvas, strip.RADIUS)
    if block.tool is not None:
        strip.heads(page, block.tool, left, page.y + 9)
        page.canvas.text("strip-name", 0, page.y + 9, "Risk of bias", strip.HEAD, colour=style.GREY, bold=True)
        page.y += 17
    for row in block.rows:
        _row(page, row, block, axis, effects, largest)
        if block.tool is not None:
            strip.row(signs, block.tool, row, left, page.y + 1)
            page.y += 14
    signs.place()
    if block.summary is None:
        page.canvas.text("no-pooling", 0, page.y + 15, block.no_summary, SIZE, colour=style.GREY)
        page.y += 22
    else:
        _summary(page, block, block.summary, axis, effects)
    page.sentences(block, 0, SMALL)


def _row(page: Page, row: Row, block: BlockContent, axis: Axis, effects: _Effects, largest: float) -> None:
    canvas = page.canvas
    canvas.row = row.id
    left = BADGE + 8
    label = lines(row.label, WIDTH - left, SIZE)
    data = _data(row)
    badge(canvas, row.grade, 0, page.y + 10)
    canvas.lines("label", left, page.y + 10 + BASE, label, SIZE, PITCH)
    free = WIDTH - left - text.width(label[-1], SIZE) - 12
    page.y += 20 + PITCH * (len(label) - 1)
    if text.width(data, SMALL) <= free:
        canvas.text("data", WIDTH, page.y - 10 + BASE, data, SMALL, colour=style.GREY, anchor="end")
    else:
        wrapped = lines(data, WIDTH - left, SMALL)
        canvas.lines("data", left, page.y + SMALL, wrapped, SMALL, PITCH, colour=style.GREY)
        page.y += PITCH * len(wrapped)
    middle = page.y + 10
    behind = len(canvas.items)
    canvas.text("effect", effects.right, middle + BASE, _effect(row), effects.size, anchor="end")
    if row.converted:
        canvas.text("dagger", effects.right + 2, middle + BASE, DAGGER, SMALL)
    marks.study(canvas, axis, middle, row.y, row.ci, marks.side(row.share, largest), block.stratum)
    references(canvas, behind, axis, middle - 9, middle + 9, block)
    page.y += 26
    canvas.row = ""


def _data(row: Row) -> str:
    groups = " v ".join(words for words in (row.group1, row.group2) if words)
    return "; ".join(words for words in (row.best, groups, f"{row.weight} %" if row.weight else "") if words)


def _summary(page: Page, block: BlockContent, summary: Summary, axis: Axis, effects: _Effects) -> None:
    canvas = page.canvas
    canvas.text("pooled-label", 0, page.y + 10 + BASE, summary.label, SIZE, bold=True)
    behind, top = len(canvas.items), page.y + 20
    middle = top + 10
    canvas.text("pooled-effect", effects.right, middle + BASE, _effect(summary), effects.size, anchor="end", bold=True)
    marks.diamond(canvas, axis, middle, summary.y, summary.ci, block.stratum.colour)
    references(canvas, behind, axis, top, top + 20, block)
    page.y += 44
    if summary.prediction is None:
        return
    canvas.text("prediction-label", 0, page.y + 10 + BASE, summary.prediction_label, SIZE, colour=style.GREY)
    behind, top = len(canvas.items), page.y + 20
    middle = top + 9
    limits = summary.prediction_limits
    canvas.text(
        "prediction-limits", effects.right, middle + BASE, limits, effects.size, colour=style.GREY, anchor="end"
    )
    marks.prediction(canvas, axis, middle, summary.prediction, block.stratum.colour)
    references(canvas, behind, axis, top, top + 18, block)
    page.y += 42
