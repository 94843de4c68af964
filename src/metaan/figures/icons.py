"""Small pictures for schematics: people, a sample, a die, a pill, an arrow of time; alike shapes become one."""

from collections import defaultdict

from metaan.figures import style
from metaan.figures.layout import Canvas
from metaan.figures.repeated import Dots, Point, Strokes, Tiles


def tint(colour: str, share: float) -> str:
    """Return a colour mixed with white; a share of 1 is the colour itself."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


class People:
    """Collects people and places them on a canvas, those of one colour as one shape."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._places: dict[str, list[Point]] = defaultdict(list)

    def rows(self, x: float, y: float, rows: tuple[str, ...], colours: dict[str, str], pitch: float = 15.0) -> None:
        """Add rows of people centred on `x`, the heads of the first at `y`; each letter of a row names a colour."""
        for number, row in enumerate(rows):
            left = x - pitch * (len(row) - 1) / 2
            for place, letter in enumerate(row):
                if letter in colours:
                    self._places[colours[letter]].append((round(left + pitch * place, 1), y + number * 27.0))

    def place(self) -> None:
        """Put everybody on the canvas."""
        canvas = self.canvas
        for colour, places in self._places.items():
            keys = ("",) * len(places)
            for radius, down in ((3.6, 3.6), (5.5, 13.2)):
                centres = tuple((x, y + down) for x, y in places)
                canvas.items.append(
                    Dots(
                        role="person", colour=colour, stratum=canvas.stratum, radius=radius, centres=centres, keys=keys
                    )
                )
            boxes = tuple((x - 5.5, y + 13.2, x + 5.5, y + 20.5) for x, y in places)
            canvas.items.append(Tiles(role="person", colour=colour, stratum=canvas.stratum, boxes=boxes, keys=keys))
        self._places.clear()


def sample(canvas: Canvas, x: float, y: float, colour: str) -> None:
    """Place a tube with a sample, centred on `x`, its rim at `y`."""
    canvas.box("sample", x - 8, y + 3, 16, 38, colour, 8)
    canvas.box("sample", x - 5.5, y + 3, 11, 35.5, style.PAPER, 5.5)
    canvas.box("sample", x - 5.5, y + 19, 11, 19.5, colour, 5.5)
    canvas.box("sample", x - 5.5, y + 19, 11, 8, colour)
    canvas.box("sample", x - 11, y, 22, 5, colour, 2)


def record(canvas: Canvas, x: float, y: float, colour: str) -> None:
    """Place a sheet with lines, centred on `x`, its upper edge at `y`."""
    canvas.box("record", x - 14, y, 28, 41, colour, 3)
    canvas.box("record", x - 11.5, y + 2.5, 23, 36, style.PAPER, 2)
    for line in range(4):
        canvas.box("record", x - 7.5, y + 9 + 7 * line, 15 if line % 2 == 0 else 10, 2.4, colour)


def die(canvas: Canvas, x: float, y: float, colour: str) -> None:
    """Place a die, centred on `x`, its upper edge at `y`."""
    canvas.box("die", x - 15, y, 30, 30, colour, 6)
    spots = tuple((x + dx, y + 15 + dy) for dx, dy in ((-7.5, -7.5), (7.5, -7.5), (0, 0), (-7.5, 7.5), (7.5, 7.5)))
    canvas.items.append(
        Dots(role="die", colour=style.PAPER, stratum=canvas.stratum, radius=2.6, centres=spots, keys=("",) * 5)
    )


def pill(canvas: Canvas, x: float, y: float, colour: str) -> None:
    """Place a capsule, centred on `x`, its upper edge at `y`."""
    canvas.box("pill", x - 19, y, 38, 17, colour, 8.5)
    canvas.box("pill", x + 1.5, y + 2.5, 15, 12, style.PAPER, 6)
    canvas.box("pill", x + 1, y + 2.5, 8, 12, style.PAPER)


def fork(canvas: Canvas, start: Point, ends: tuple[Point, ...], colour: str) -> None:
    """Place lines that part from one point to several."""
    bend = start[0] + 0.4 * (ends[0][0] - start[0])
    lines = tuple((start, (bend, start[1]), (bend, y), (x, y)) for x, y in ends)
    canvas.items.append(
        Strokes(role="fork", colour=colour, stratum=canvas.stratum, thickness=1.6, lines=lines, keys=("",) * len(lines))
    )


def time(canvas: Canvas, x0: float, x1: float, y: float, stations: tuple[float, ...], colour: str) -> None:
    """Place the arrow of time with a point at each station."""
    canvas.line("time", (x0, y), (x1 - 8, y), style.AXIS, 2)
    canvas.polygon("time", ((x1, y), (x1 - 10, y - 5.5), (x1 - 10, y + 5.5)), style.AXIS)
    canvas.items.append(
        Dots(
            role="station",
            colour=colour,
            stratum=canvas.stratum,
            radius=4.2,
            centres=tuple((x, y) for x in stations),
            keys=("",) * len(stations),
        )
    )


def verdict(canvas: Canvas, x: float, y: float, *, good: bool) -> None:
    """Place a tick or a warning sign, 16 high, its left edge at `x` and its middle at `y`."""
    if good:
        canvas.mark("verdict", x + 8, y, 14.2, "o", "#1a7f37")
        lines: tuple[tuple[Point, ...], ...] = (((x + 4.2, y + 0.3), (x + 7, y + 3.2), (x + 12, y - 3)),)
    else:
        canvas.polygon("verdict", ((x + 8, y - 8), (x + 16.5, y + 7), (x - 0.5, y + 7)), "#9a3412")
        lines = (((x + 8, y - 3.4), (x + 8, y + 1.8)), ((x + 8, y + 3.4), (x + 8, y + 5.2)))
    canvas.items.append(
        Strokes(
            role="verdict", colour=style.PAPER, stratum=canvas.stratum, thickness=1.9, lines=lines,
            keys=("",) * len(lines),
        )
    )  # fmt: skip
