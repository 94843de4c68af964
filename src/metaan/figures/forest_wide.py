"""The forest plot in columns, for pages and large screens."""

from collections.abc import Iterable
from dataclasses import dataclass

from metaan.figures import forest_marks as marks
from metaan.figures import forest_strip as strip
from metaan.figures import style, text
from metaan.figures.axis import Axis
from metaan.figures.forest_content import DAGGER, BlockContent, Content, PanelContent, Row, Summary
from metaan.figures.forest_parts import (
    BADGE,
    BLOCK_GAP,
    INDENT,
    PANEL_GAP,
    Page,
    badge,
    largest_share,
    lines,
    panel_axis,
    references,
)
from metaan.figures.layout import Anchor
from metaan.figures.signs import Signs

WIDTH = 960.0  #: wider only where cells cannot be wrapped any further
GAP = 16.0  #: between columns
LEAST_PLOT, MOST_PLOT = 220.0, 420.0
LEAST_PLOT_BESIDE_STRIP = 180.0
LEAST_LABEL = 130.0
LONGEST_CELL = 118.0  #: cells of the two groups wrap beyond this
HEAD = 84.0  #: column heads wrap at the width of their column, but not below this
ROW = 22.0
PITCH = 14.0  #: from line to line within a row
BASE = 4.1  #: from the middle of a row down to its baseline
THRESHOLD = 9.0
STRIP_HEAD = "Risk of bias"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Left ends of label, grade and limits, right ends of the others, and the widths texts wrap at."""

    label: float
    label_width: float
    grade: float
    group1: float
    group1_width: float
    group2: float
    group2_width: float
    plot: tuple[float, float]
    weight: float
    value: float
    limits: float
    effect_left: float
    effect_width: float  #: value and limits together
    strip: float  #: left end of the signs; that of the page's right edge where there are none
    width: float


def wide_page(said: Content) -> Page:
    """Lay out panels and blocks in columns."""
    columns = _columns(said)
    page = Page(columns.width)
    for number, panel in enumerate(said.panels):
        page.y += PANEL_GAP if number else 0.0
        _panel(page, panel, columns)
    for loose in said.loose:
        page.y += BLOCK_GAP if page.blocks else 0.0

        def draw(block: BlockContent) -> None:
            _header(page, block, columns)
            page.sentences(block, columns.label, style.SMALL)

        page.block(loose, draw)
    return page


def _widest(texts: Iterable[str], size: float = style.BODY, *, bold: bool = False) -> float:
    return max((text.width(words, size, bold=bold) for words in texts), default=0.0)


def _head_width(words: str, cells: float) -> float:
    longest = _widest(words.split(), style.SMALL, bold=True)
    return max(cells, longest, min(_widest([words], style.SMALL, bold=True), HEAD))


def _group_width(words: str, cells: list[str]) -> float:
    natural = _widest(cells)
    if natural > LONGEST_CELL:
        natural = _widest(line for cell in cells for line in lines(cell, LONGEST_CELL))
    return _head_width(words, natural)


def _columns(said: Content) -> _Columns:
    """Measure every text, then share out the width; the plot takes what is left."""
    rows = [row for panel in said.panels for block in panel.blocks for row in block.rows]
    summaries = [block.summary for panel in said.panels for block in panel.blocks if block.summary]
    group1 = max((_group_width(panel.group1, [row.group1 for row in rows]) for panel in said.panels), default=0.0)
    group2 = max((_group_width(panel.group2, [row.group2 for row in rows]) for panel in said.panels), default=0.0)
    best = _widest((row.best for row in rows), style.TINY)
    grade = max(BADGE + (4 + best if best else 0), _widest(["Grade"], style.SMALL, bold=True))
    weight = max(_widest(row.weight for row in rows), _widest(["Weight, %"], style.SMALL, bold=True))
    value = max(_widest(row.value for row in rows), _widest((s.value for s in summaries), bold=True))
    limits = max(
        _widest(row.limits for row in rows),
        _widest((s.limits for s in summaries), bold=True),
        _widest(s.prediction_limits for s in summaries),
        _widest((panel.interval_heading for panel in said.panels), style.SMALL, bold=True),
    )
    dagger = 9.0 if any(row.converted for row in rows) else 0.0
    label = max(_widest(row.label for row in rows), _widest((s.label for s in summaries), bold=True), LEAST_LABEL)
    groups = (GAP + group1 if group1 else 0) + (GAP + group2 if group2 else 0)
    effect = value + 6 + limits
    signs = strip.width(block for panel in said.panels for block in panel.blocks)
    signs = GAP + max(signs, _widest([STRIP_HEAD], style.SMALL, bold=True)) if signs else 0.0
    rest = WIDTH - signs - INDENT - GAP - grade - groups - 4 - 3 * GAP - weight - effect - dagger
    least = LEAST_PLOT_BESIDE_STRIP if signs else LEAST_PLOT
    plot = min(max(rest - label, least), MOST_PLOT)
    label = max(rest - plot, LEAST_LABEL)
    width = WIDTH - rest + plot + label

    grade_x = INDENT + label + GAP
    group1_x = grade_x + grade + (GAP + group1 if group1 else 0)
    group2_x = group1_x + (GAP + group2 if group2 else 0)
    limits_x = width - signs - dagger - limits
    value_x = limits_x - 6
    weight_x = value_x - value - GAP
    return _Columns(
        label=INDENT,
        label_width=label,
        grade=grade_x,
        group1=group1_x,
        group1_width=group1,
        group2=group2_x,
        group2_width=group2,
        plot=(group2_x + GAP + 4, weight_x - weight - GAP),
        weight=weight_x,
        value=value_x,
        limits=limits_x,
        effect_left=value_x - value,
        effect_width=effect,
        strip=width - signs + GAP if signs else width,
        width=width,
    )


def _panel(page: Page, panel: PanelContent, columns: _Columns) -> None:
    axis = panel_axis(panel, *columns.plot)
    top = page.y
    _heads(page, panel, axis, columns)
    for number, content in enumerate(panel.blocks):
        page.y += BLOCK_GAP if number else 0.0
        page.block(content, lambda block: _block(page, block, axis, columns))
    page.foot(panel, axis, top, (panel.low, panel.high), columns.label)


def _heads(page: Page, panel: PanelContent, axis: Axis, columns: _Columns) -> None:
    size, pitch = style.SMALL, 13.0
    effect = (*lines(panel.heading, columns.effect_width, size, bold=True), panel.interval_heading)
    heads: tuple[tuple[float, tuple[str, ...], Anchor], ...] = (
        (columns.label, ("Study",), "start"),
        (columns.grade, ("Grade",), "start"),
        (columns.group1, lines(panel.group1, columns.group1_width, size, bold=True), "end"),
        (columns.group2, lines(panel.group2, columns.group2_width, size, bold=True), "end"),
        (columns.weight, ("Weight, %",), "end"),
        (columns.effect_left, effect, "start"),
        (columns.strip, (STRIP_HEAD,) if any(block.tool for block in panel.blocks) else (), "start"),
    )
    last = page.y + pitch * max(len(words) for _, words, _ in heads) - 3
    for x, words, anchor in heads:
        first = last - pitch * (len(words) - 1)
        page.canvas.lines("head", x, first, words, size, pitch, colour=style.GREY, anchor=anchor, bold=True)
    _threshold(page, panel.threshold, axis, last)
    page.y = last + 8
    page.canvas.line("rule", (0, page.y), (columns.width, page.y), style.RULE)
    page.y += 7


def _threshold(page: Page, words: str, axis: Axis, base: float) -> None:
    """Say what the dotted lines are, above the plot and as near the null as the width allows."""
    wrapped = lines(words, axis.x1 - axis.x0, THRESHOLD)
    half = _widest(wrapped, THRESHOLD) / 2
    x = min(max(axis.null, axis.x0 + half), axis.x1 - half)
    first = base - 11 * (len(wrapped) - 1)
    page.canvas.lines("threshold-label", x, first, wrapped, THRESHOLD, 11, colour=style.GREY, anchor="middle")


def _header(page: Page, block: BlockContent, columns: _Columns) -> None:
    canvas, base = page.canvas, page.y + 16
    canvas.box("band", 0, page.y, page.width, 24, style.BAND, 3)
    canvas.mark("key", 10, page.y + 12, 9, block.stratum.marker, block.stratum.colour)
    wide = canvas.text("stratum", INDENT, base, f"{block.stratum.label}:", bold=True)
    canvas.text("order", INDENT + 4 + wide, base, block.stratum.order)
    right = page.width - 8 if block.tool is None else columns.strip - GAP
    canvas.text("size", right, base, block.size, style.SMALL, colour=style.GREY, anchor="end")
    if block.tool is not None:
        strip.heads(page, block.tool, columns.strip, base)
    page.y += 28


def _block(page: Page, block: BlockContent, axis: Axis, columns: _Columns) -> None:
    _header(page, block, columns)
    canvas = page.canvas
    behind, top = len(canvas.items), page.y
    largest = largest_share(block)
    signs = Signs(canvas, strip.RADIUS)
    for row in block.rows:
        middle = _row(page, row, block, axis, columns, largest)
        if block.tool is not None:
            strip.row(signs, block.tool, row, columns.strip, middle)
    signs.place()
    if block.summary is not None:
        _summary(page, block.summary, block.stratum.colour, axis, columns)
    if block.rows:
        references(canvas, behind, axis, top, page.y, block, grid=True)
    if block.summary is None:
        canvas.text("no-pooling", columns.label, page.y + 18, block.no_summary, colour=style.GREY)
        page.y += 24
    page.sentences(block, columns.label, style.SMALL)


def _row(page: Page, row: Row, block: BlockContent, axis: Axis, columns: _Columns, largest: float) -> float:
    """Place one study and return the height of its middle."""
    canvas = page.canvas
    canvas.row = row.id
    cells: tuple[tuple[str, float, tuple[str, ...], Anchor], ...] = (
        ("label", columns.label, lines(row.label, columns.label_width), "start"),
        ("group1", columns.group1, lines(row.group1, columns.group1_width), "end"),
        ("group2", columns.group2, lines(row.group2, columns.group2_width), "end"),
        ("weight", columns.weight, (row.weight,), "end"),
        ("value", columns.value, (row.value,), "end"),
        ("limits", columns.limits, (row.limits,), "start"),
    )
    height = ROW + PITCH * (max(len(words) for _, _, words, _ in cells) - 1)
    middle = page.y + height / 2
    for role, x, words, anchor in cells:
        first = middle + BASE - PITCH * (len(words) - 1) / 2
        canvas.lines(role, x, first, words, style.BODY, PITCH, anchor=anchor)
    if row.converted:
        x = columns.limits + text.width(row.limits, style.BODY) + 2
        canvas.text("dagger", x, middle + BASE, DAGGER, style.SMALL)
    badge(canvas, row.grade, columns.grade, middle)
    canvas.text("best", columns.grade + BADGE + 4, middle + 3.1, row.best, style.TINY, colour=style.GREY)
    marks.study(canvas, axis, middle, row.y, row.ci, marks.side(row.share, largest), block.stratum)
    page.y += height
    canvas.row = ""
    return middle


def _summary(page: Page, summary: Summary, colour: str, axis: Axis, columns: _Columns) -> None:
    canvas = page.canvas
    middle = page.y + 14
    base = middle + BASE
    canvas.text("pooled-label", columns.label, base, summary.label, bold=True)
    canvas.text("pooled-weight", columns.weight, base, summary.weight, anchor="end", bold=True)
    canvas.text("pooled-value", columns.value, base, summary.value, anchor="end", bold=True)
    canvas.text("pooled-limits", columns.limits, base, summary.limits, bold=True)
    marks.diamond(canvas, axis, middle, summary.y, summary.ci, colour)
    page.y += 25
    if summary.prediction is None:
        return
    middle = page.y + 8
    base = middle + BASE
    canvas.text("prediction-label", columns.label, base, summary.prediction_label, colour=style.GREY)
    canvas.text("prediction-limits", columns.limits, base, summary.prediction_limits, colour=style.GREY)
    marks.prediction(canvas, axis, middle, summary.prediction, colour)
    page.y += 20
