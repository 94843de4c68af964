"""The strip of signs at the edge of a forest plot: what the main tool says of each comparison."""

from collections.abc import Iterable

from metaan.figures import style
from metaan.figures.forest_content import BlockContent, PanelContent, Row, Said
from metaan.figures.forest_parts import Page
from metaan.figures.quality_content import ToolBlock, placed
from metaan.figures.signs import Sign, Signs, key

RADIUS = 5.4
PITCH = 13.0
APART = 6.0
HEAD = 8.5


def width(blocks: Iterable[BlockContent]) -> float:
    """Return the room the widest strip takes; 0 where no block has one."""
    return max((places(block.tool, 0.0)[-1] + PITCH / 2 for block in blocks if block.tool), default=0.0)


def places(tool: ToolBlock, left: float) -> list[float]:
    """Return the middle of each column of a strip that begins at `left`."""
    return placed(tool.heads, left, PITCH, APART)


def heads(page: Page, tool: ToolBlock, left: float, base: float) -> None:
    """Place the numbers of the domains."""
    for head, x in zip(tool.heads, places(tool, left), strict=True):
        page.canvas.text("strip-head", x, base, head.head, HEAD, colour=style.GREY, anchor="middle", bold=True)


def row(marks: Signs, tool: ToolBlock, shown: Row, left: float, middle: float) -> None:
    """Add the signs of one comparison; none where another tool was used on it."""
    found = tool.of(shown.id)
    for number, (each, x) in enumerate(zip(found.signs if found else (), places(tool, left), strict=False)):
        marks.add(x, middle, each, f"{shown.id} {number}")


def legends(panels: Iterable[PanelContent]) -> tuple[Said, ...]:
    """Return what the columns of each tool are, one sentence a tool."""
    tools = {block.tool.tool: block.tool for block in _blocks(panels) if block.tool}
    return tuple(
        Said(
            role="strip-legend",
            text=f"Risk of bias by {name}: {'; '.join(f'{head.head} {head.label}' for head in tool.heads)}.",
        )
        for name, tool in tools.items()
    )


def key_of(page: Page, panels: Iterable[PanelContent], size: float) -> None:
    """Place the key of the signs in use under what stands on the page so far."""
    signs: list[Sign] = [
        shown for block in _blocks(panels) if block.tool for row in block.tool.rows for shown in row.signs
    ]
    if signs:
        page.y = key(page.canvas, signs, page.y + 2, page.width, RADIUS, size) + 3


def _blocks(panels: Iterable[PanelContent]) -> list[BlockContent]:
    return [block for panel in panels for block in panel.blocks]
