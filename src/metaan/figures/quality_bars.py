"""Under a traffic light: what each column is, and how its judgements are shared out, by number and by weight."""

from collections.abc import Sequence

from metaan.figures import palette, style, text
from metaan.figures.forest_parts import Page
from metaan.figures.layout import Canvas, Rectangle
from metaan.figures.quality_content import DomainHead, Share, ToolBlock, shares
from metaan.figures.repeated import Tiles
from metaan.figures.signs import NOT_ASSESSED, Sign

LABEL = 9.5
LINE = 12.0
NUMBER = 18.0  #: room of the number before a domain's name
WIDE = 172.0  #: length of a bar
THIN = 7.0
PITCH = 10.0  #: from bar to bar of one domain
EDGE = 0.6
INSIDE = 1.8  #: width of the coloured frame of a proposal
NAMES = ("number", "weight")


def bars(page: Page, block: ToolBlock) -> None:
    """Place a line for each column of a block: its name, and from two comparisons on its two bars."""
    several = len(block.rows) > 1
    total = sum(row.estimate.weight or 0.0 for row in block.rows)
    names = NAMES if total > 0 else NAMES[:1]
    size = max(text.width(name, style.TINY) for name in NAMES)
    left = page.width - WIDE - 1
    tiles = _Tiles(page.canvas)
    if several and any(_barred(block, column) for column in range(len(block.heads))):
        _heading(page, weighted=total > 0)
    for column, head in enumerate(block.heads):
        parts = shares(block, column)
        barred = several and _barred(block, column)
        room = (left - size - 10 if several else page.width) - NUMBER
        lines = text.wrap(_capital(head.label), LABEL, room)
        high = max(LINE * len(lines), PITCH * len(names) if barred else 0.0) + 4
        middle = page.y + high / 2
        first = middle - LINE * (len(lines) - 1) / 2 + 0.36 * LABEL
        page.canvas.text("domain-number", 0, first, head.head, LABEL, bold=True)
        page.canvas.lines("domain", NUMBER, first, lines, LABEL, LINE)
        if several and not any(row.signs[column].judged for row in block.rows):
            page.canvas.text("bar-label", left, first, NOT_ASSESSED, style.TINY, colour=style.GREY)
        for number, name in enumerate(names if barred else ()):
            y = middle + PITCH * (number - (len(names) - 1) / 2)
            page.canvas.text("bar-label", left - 5, y + 3, name, style.TINY, colour=style.GREY, anchor="end")
            tiles.bar((left, y - THIN / 2), _lengths(parts, by_weight=name == NAMES[1]), head, name)
        page.y += high
    tiles.place()
    page.y += 2


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _heading(page: Page, *, weighted: bool) -> None:
    words = "Share of comparisons, by number and by weight" if weighted else "Share of comparisons"
    page.canvas.text("bar-head", page.width, page.y + 11, words, style.TINY, colour=style.GREY, anchor="end")
    page.y += 16


def _barred(block: ToolBlock, column: int) -> bool:
    """Tell whether a column has levels to share out; numbers of stars have none."""
    return any(row.signs[column].level for row in block.rows)


def _lengths(parts: Sequence[Share], *, by_weight: bool) -> list[tuple[Sign, float]]:
    sizes = [part.weight if by_weight else part.count for part in parts]
    whole = sum(sizes)
    return [(part.shown, size / whole) for part, size in zip(parts, sizes, strict=True)]


class _Tiles:
    """Collects parts of bars; parts of one look are placed as one shape."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._tiles: dict[tuple[int, str, str], list[tuple[Rectangle, str]]] = {}

    def bar(
        self, corner: tuple[float, float], parts: Sequence[tuple[Sign, float]], head: DomainHead, name: str
    ) -> None:
        """Add one bar from its upper left corner."""
        x, y = corner
        for shown, share in parts:
            wide = share * WIDE
            key = f"{name} {head.head} {shown.level or 'not'} {shown.by}"
            outer = (x, y, x + wide, y + THIN)
            inner = _inset(outer, EDGE)
            self._add(0, "bar-edge", palette.EDGE if shown.judged else palette.RING, outer, key)
            fill = palette.LEVEL_COLOURS[shown.level] if shown.level else style.PAPER
            self._add(1, f"bar {shown.level or 'not-assessed'}", fill, inner, key)
            if shown.level and shown.hollow:
                self._add(2, "bar-inside", style.PAPER, _inset(inner, INSIDE), key)
            x += wide

    def _add(self, layer: int, role: str, colour: str, box: Rectangle, key: str) -> None:
        if box[2] > box[0]:
            self._tiles.setdefault((layer, role, colour), []).append((box, key))

    def place(self) -> None:
        """Put everything collected on the canvas."""
        for (_, role, colour), found in sorted(self._tiles.items()):
            boxes, keys = zip(*found, strict=True)
            self.canvas.items.append(
                Tiles(role=role, colour=colour, stratum=self.canvas.stratum, boxes=boxes, keys=keys)
            )
        self._tiles.clear()


def _inset(box: Rectangle, by: float) -> Rectangle:
    left, top, right, bottom = box
    return left + by, top + by, right - by, bottom - by
