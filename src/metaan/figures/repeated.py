"""Shapes of one look at many places, drawn as one: a table of hundreds of signs stays a small file."""

from collections.abc import Iterable
from dataclasses import dataclass

from metaan.figures.layout import Item, Rectangle

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots(Item):
    """Filled circles of one size and colour; `keys` says what each stands for."""

    radius: float
    centres: tuple[Point, ...]
    keys: tuple[str, ...]

    @property
    def boxes(self) -> tuple[Rectangle, ...]:
        """Extent of each."""
        r = self.radius
        return tuple((x - r, y - r, x + r, y + r) for x, y in self.centres)

    @property
    def box(self) -> Rectangle:
        """Extent of all."""
        return _around(self.boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles(Item):
    """Filled rectangles of one colour; `keys` says what each stands for."""

    boxes: tuple[Rectangle, ...]
    keys: tuple[str, ...]

    @property
    def box(self) -> Rectangle:
        """Extent of all."""
        return _around(self.boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strokes(Item):
    """Lines of one thickness and colour, each through two points or more; `keys` says what each belongs to."""

    thickness: float
    lines: tuple[tuple[Point, ...], ...]
    keys: tuple[str, ...]

    @property
    def boxes(self) -> tuple[Rectangle, ...]:
        """Extent of each."""
        return tuple(
            (min(x for x, _ in line), min(y for _, y in line), max(x for x, _ in line), max(y for _, y in line))
            for line in self.lines
        )

    @property
    def box(self) -> Rectangle:
        """Extent of all."""
        return _around(self.boxes)


REPEATED = (Dots, Tiles, Strokes)


def _around(boxes: Iterable[Rectangle]) -> Rectangle:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
