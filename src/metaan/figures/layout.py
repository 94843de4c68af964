"""A figure as plain positions and strings: y runs downwards, one unit is one point."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from metaan.figures import style, text
from metaan.figures.axis import Axis

Rectangle = tuple[float, float, float, float]  #: left, top, right, bottom
Anchor = Literal["start", "middle", "end"]
Shape = Literal["o", "s", "D", "^", "P"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something drawn; `role` says what it is, `stratum` and `row` whose it is (empty where it is nobody's)."""

    role: str
    colour: str
    stratum: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Item):
    """One line of text on a baseline."""

    x: float
    y: float
    text: str
    size: float
    anchor: Anchor = "start"
    bold: bool = False

    @property
    def box(self) -> Rectangle:
        """Room the text takes in the house font."""
        wide = text.width(self.text, self.size, bold=self.bold)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return left, self.y - text.ASCENT * self.size, left + wide, self.y + text.DESCENT * self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Item):
    """A straight line."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness: float = 1.0
    dotted: bool = False

    @property
    def box(self) -> Rectangle:
        """Extent of the line."""
        return min(self.x0, self.x1), min(self.y0, self.y1), max(self.x0, self.x1), max(self.y0, self.y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon(Item):
    """A filled closed shape with straight edges."""

    points: tuple[tuple[float, float], ...]

    @property
    def box(self) -> Rectangle:
        """Extent of the shape."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box(Item):
    """A filled rectangle, its corners rounded by `radius`."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0

    @property
    def box(self) -> Rectangle:
        """Extent of the rectangle."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Item):
    """A point: shape of the stratum, area that of a square of `side`."""

    x: float
    y: float
    side: float
    shape: Shape

    @property
    def box(self) -> Rectangle:
        """Extent of the shape."""
        left, top, right, bottom = REACH[self.shape]
        return (
            self.x + left * self.side,
            self.y + top * self.side,
            self.x + right * self.side,
            self.y + bottom * self.side,
        )


_TRIANGLE = 2 / 3**0.25  #: edge of an equilateral triangle of area 1
_PLUS = 3 / math.sqrt(5)  #: length of a plus of area 1 whose arms are a third of it wide

#: outline of each shape at area 1; the circle has none
OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "s": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "D": ((0, -math.sqrt(0.5)), (math.sqrt(0.5), 0), (0, math.sqrt(0.5)), (-math.sqrt(0.5), 0)),
    "^": (
        (0, -_TRIANGLE / math.sqrt(3)),
        (_TRIANGLE / 2, _TRIANGLE / (2 * math.sqrt(3))),
        (-_TRIANGLE / 2, _TRIANGLE / (2 * math.sqrt(3))),
    ),
    "P": tuple(
        (_PLUS * x / 6, _PLUS * y / 6)
        for x, y in (
            *((-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1)),
            *((1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1)),
        )
    ),
}

RADIUS = 1 / math.sqrt(math.pi)  #: of a circle of area 1


def _reach(outline: tuple[tuple[float, float], ...]) -> Rectangle:
    xs, ys = zip(*outline, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


REACH: dict[str, Rectangle] = {
    "o": (-RADIUS, -RADIUS, RADIUS, RADIUS),
    **{shape: _reach(outline) for shape, outline in OUTLINES.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Rows that share an axis."""

    measure: str
    strata: tuple[str, ...]
    axis: Axis
    top: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The rows of one stratum."""

    stratum: str
    top: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole figure; items are drawn in their order."""

    name: str  #: start of every id in the SVG
    kind: str  #: class of the SVG: "forest forest-wide"
    title: str
    description: str
    width: float
    height: float
    items: tuple[Item, ...]
    panels: tuple[Panel, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text, in drawing order."""
        return tuple(item for item in self.items if isinstance(item, Text))

    def of(self, role: str) -> tuple[Item, ...]:
        """Return the items of one role, in drawing order."""
        return tuple(item for item in self.items if item.role == role)


class Canvas:
    """Collects items while a figure is laid out; `stratum` and `row` are those of what is placed next."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.stratum = ""
        self.row = ""

    def text(
        self,
        role: str,
        x: float,
        y: float,
        words: str,
        size: float = style.BODY,
        *,
        colour: str = style.INK,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> float:
        """Place one line of text and return its width."""
        if not words:
            return 0.0
        item = Text(
            role=role,
            stratum=self.stratum,
            row=self.row,
            x=x,
            y=y,
            text=words,
            size=size,
            colour=colour,
            anchor=anchor,
            bold=bold,
        )
        self.items.append(item)
        left, _, right, _ = item.box
        return right - left

    def lines(
        self,
        role: str,
        x: float,
        y: float,
        words: Iterable[str],
        size: float,
        pitch: float,
        *,
        colour: str = style.INK,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> float:
        """Place lines one under another, the first on baseline `y`; return the baseline after the last."""
        for line in words:
            self.text(role, x, y, line, size, colour=colour, anchor=anchor, bold=bold)
            y += pitch
        return y

    def line(
        self,
        role: str,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: str,
        thickness: float = 1.0,
        *,
        dotted: bool = False,
    ) -> None:
        """Place a line."""
        self.items.append(
            Line(
                role=role,
                stratum=self.stratum,
                row=self.row,
                x0=start[0],
                y0=start[1],
                x1=end[0],
                y1=end[1],
                colour=colour,
                thickness=thickness,
                dotted=dotted,
            )
        )

    def polygon(self, role: str, points: Iterable[tuple[float, float]], colour: str) -> None:
        """Place a filled polygon."""
        self.items.append(Polygon(role=role, stratum=self.stratum, row=self.row, points=tuple(points), colour=colour))

    def box(self, role: str, x: float, y: float, width: float, height: float, colour: str, radius: float = 0) -> None:
        """Place a filled rectangle."""
        self.items.append(
            Box(
                role=role,
                stratum=self.stratum,
                row=self.row,
                x=x,
                y=y,
                width=width,
                height=height,
                colour=colour,
                radius=radius,
            )
        )

    def mark(self, role: str, x: float, y: float, side: float, shape: Shape, colour: str) -> None:
        """Place a point."""
        self.items.append(
            Mark(role=role, stratum=self.stratum, row=self.row, x=x, y=y, side=side, shape=shape, colour=colour)
        )
