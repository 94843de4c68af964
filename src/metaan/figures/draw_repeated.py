"""Shapes of one look at many places: as one path of matplotlib, and as one short path of an SVG."""

from typing import TYPE_CHECKING

from metaan.figures.repeated import Dots, Point, Strokes, Tiles

if TYPE_CHECKING:
    from matplotlib.path import Path

Repeated = Dots | Tiles | Strokes


def path(item: Repeated) -> "Path":
    """Return all shapes of an item as one path of matplotlib, in the units of the layout."""
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    if isinstance(item, Dots):
        circle = Path.unit_circle()
        return Path.make_compound_path(
            *(Affine2D().scale(item.radius).translate(x, y).transform_path(circle) for x, y in item.centres)
        )
    if isinstance(item, Tiles):
        corners = (((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)) for x0, y0, x1, y1 in item.boxes)
        return Path.make_compound_path(*(Path(list(points), closed=True) for points in corners))
    return Path.make_compound_path(*(Path(list(line)) for line in item.lines))


def attributes(item: Repeated, margin: float) -> dict[str, str]:
    """Return the attributes of the path that draws an item in an SVG.

    A circle is a line of no length with round ends: a tenth of the room an outline takes.
    """
    pen = _Pen(margin)
    if isinstance(item, Dots):
        for place in item.centres:
            pen.move(place)
            pen.d.append("h0")
        return {
            "class": item.role,
            "d": "".join(pen.d),
            "stroke": item.colour,
            "stroke-width": _short(2 * item.radius),
            "stroke-linecap": "round",
        }
    if isinstance(item, Tiles):
        for x0, y0, x1, y1 in item.boxes:
            pen.move((x0, y0))
            wide, high = _short(x1 - x0), _short(y1 - y0)
            pen.d.append(f"h{wide}v{high}h{_short(x0 - x1)}z")
        return {"class": item.role, "d": "".join(pen.d), "fill": item.colour}
    for line in item.lines:
        pen.move(line[0])
        for place in line[1:]:
            pen.draw(place)
    return {
        "class": item.role,
        "d": "".join(pen.d),
        "fill": "none",
        "stroke": item.colour,
        "stroke-width": _short(item.thickness),
        "stroke-linejoin": "round",
    }


class _Pen:
    """Writes an outline by its steps, each from where the rounded step before it ended."""

    def __init__(self, margin: float) -> None:
        self.margin = margin
        self.d: list[str] = []
        self.x = self.y = 0.0

    def move(self, place: Point) -> None:
        """Go to a place without drawing."""
        dx, dy = self._step(place)
        self.d.append(f"{'m' if self.d else 'M'}{_pair(dx, dy)}")

    def draw(self, place: Point) -> None:
        """Draw a straight line to a place."""
        dx, dy = self._step(place)
        self.d.append(f"l{_pair(dx, dy)}" if dx and dy else f"v{_short(dy)}" if dy else f"h{_short(dx)}")

    def _step(self, place: Point) -> Point:
        dx, dy = round(place[0] + self.margin - self.x, 2), round(place[1] + self.margin - self.y, 2)
        self.x, self.y = round(self.x + dx, 2), round(self.y + dy, 2)
        return dx, dy


def _pair(x: float, y: float) -> str:
    second = _short(y)
    return f"{_short(x)}{'' if second.startswith('-') else ' '}{second}"


def _short(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
