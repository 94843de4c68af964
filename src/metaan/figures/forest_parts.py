"""What both forms of the forest plot share: the page, header bands, grade badges, the axis of a panel."""

from collections.abc import Callable

from metaan.figures import forest_marks as marks
from metaan.figures import style, text
from metaan.figures.axis import Axis, build
from metaan.figures.forest_content import BlockContent, PanelContent, Row, Said
from metaan.figures.layout import Block, Canvas, Panel
from metaan.terms.designs import GRADE_COLOURS
from metaan.terms.records import Interval

INDENT = 22.0  #: of rows under their stratum's header
BADGE = 17.0  #: side of the box round a grade letter
PANEL_GAP = 30.0
BLOCK_GAP = 14.0


class Page:
    """A canvas and how far down it is filled."""

    def __init__(self, width: float) -> None:
        self.canvas = Canvas()
        self.width = width
        self.y = 0.0
        self.panels: list[Panel] = []
        self.blocks: list[Block] = []

    def paragraph(self, said: Said, x: float, size: float, colour: str, *, after: float = 3.0) -> None:
        """Place a sentence from `x` to the right edge, wrapped, and move below it."""
        pitch = 1.4 * size
        wrapped = text.wrap(said.text, size, self.width - x)
        self.canvas.lines(said.role, x, self.y + pitch - 0.35 * size, wrapped, size, pitch, colour=colour)
        self.y += pitch * len(wrapped) + after

    def sentences(self, block: BlockContent, x: float, size: float) -> None:
        """Place what stands under the rows of a stratum."""
        self.y += 3
        for said in block.said:
            self.paragraph(said, x, size, style.INK if said.role in ("beside", "remark") else style.GREY, after=2)

    def block(self, content: BlockContent, draw: Callable[[BlockContent], None]) -> None:
        """Draw a stratum; all that is placed meanwhile belongs to it."""
        top = self.y
        self.canvas.stratum = content.stratum.name
        draw(content)
        self.canvas.stratum = ""
        self.blocks.append(Block(stratum=content.stratum.name, top=top, bottom=self.y))

    def foot(self, panel: PanelContent, axis: Axis, top: float, words: tuple[str, str], left: float) -> None:
        """Draw the axis of a panel under its blocks, the words of direction from `left` to the right edge."""
        self.y += 6
        self.y = marks.foot(self.canvas, axis, self.y, words, (left, self.width), style.SMALL)
        strata = tuple(block.stratum.name for block in panel.blocks)
        self.panels.append(Panel(measure=panel.measure, strata=strata, axis=axis, top=top, bottom=self.y))


def panel_rows(panel: PanelContent) -> list[Row]:
    """Return the rows of a panel that have an estimate."""
    return [row for block in panel.blocks for row in block.rows if row.value]


def panel_axis(panel: PanelContent, x0: float, x1: float) -> Axis:
    """Return the axis that all blocks of a panel share."""
    rows = panel_rows(panel)
    summaries = [block.summary for block in panel.blocks if block.summary]
    pooled: list[Interval] = [s.ci for s in summaries] + [s.prediction for s in summaries if s.prediction]
    return build(
        panel.measure,
        [*(row.y for row in rows), *(s.y for s in summaries)],
        [row.ci for row in rows],
        pooled,
        [block.small for block in panel.blocks if block.small],
        x0,
        x1,
        style.SMALL,
    )


def largest_share(block: BlockContent) -> float:
    """Return the largest weight of a stratum, percent; 0 where none is known."""
    return max((row.share for row in block.rows if row.share is not None), default=0.0)


def badge(canvas: Canvas, grade: str, x: float, y: float) -> None:
    """Place the grade letter in its box, centred on height `y`."""
    canvas.box("grade", x, y - BADGE / 2, BADGE, BADGE, GRADE_COLOURS[grade], 3)
    ink = style.PAPER if grade in style.DARK_GRADES else style.INK
    canvas.text("grade-letter", x + BADGE / 2, y + 3.9, grade, 10.5, colour=ink, anchor="middle", bold=True)


def references(
    canvas: Canvas, behind: int, axis: Axis, top: float, bottom: float, block: BlockContent, *, grid: bool = False
) -> None:
    """Draw the null and the thresholds of a block behind every item placed since the canvas held `behind` of them."""
    end = len(canvas.items)
    if grid:
        marks.grid(canvas, axis, top, bottom)
    marks.references(canvas, axis, top, bottom, block.small)
    canvas.items[behind:] = [*canvas.items[end:], *canvas.items[behind:end]]


def lines(words: str, limit: float, size: float = style.BODY, *, bold: bool = False) -> tuple[str, ...]:
    """Return the lines of a text; none for an empty one."""
    return text.wrap(words, size, limit, bold=bold) if words else ()
