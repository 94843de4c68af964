"""Marks of a forest plot on its axis: studies, diamonds, prediction intervals, reference lines, axis."""

import math
from collections.abc import Sequence

from metaan.figures import style
from metaan.figures.axis import Axis
from metaan.figures.layout import Canvas
from metaan.figures.text import width, wrap
from metaan.terms.designs import Stratum
from metaan.terms.records import Interval

SMALLEST, LARGEST = 3.0, 12.0  #: side of a mark
UNWEIGHTED = 7.0  #: side where no weight is known
ARROW = 5.0  #: length of the arrow head of an interval that leaves the axis
CAP = 3.0  #: half height of the end caps of a prediction interval
DIAMOND = 6.0  #: half height
DIRECTION_GAP = 12.0  #: on either side of the null
DIRECTION_ROOM = 96.0  #: the words under the axis stand side by side where each side has this much


def side(share: float | None, largest: float) -> float:
    """Return the side of a square whose area is proportional to a weight, the largest weight of the stratum at 12."""
    if share is None or largest <= 0:
        return UNWEIGHTED
    return max(SMALLEST, LARGEST * math.sqrt(share / largest))


def study(canvas: Canvas, axis: Axis, y: float, value: float, ci: Interval, size: float, stratum: Stratum) -> None:
    """Draw one study: its interval, arrow heads where it leaves the axis, its mark where the axis reaches it."""
    if math.isnan(value):
        return
    _bar(canvas, "interval", axis, y, ci, stratum.colour, 1.2)
    if axis.low <= value <= axis.high:
        canvas.mark("study", axis.at(value), y, size, stratum.marker, stratum.colour)


def diamond(canvas: Canvas, axis: Axis, y: float, value: float, ci: Interval, colour: str) -> None:
    """Draw a diamond from limit to limit, cut off at the edge of the axis with an arrow head where it leaves it."""
    inside = axis.low <= value <= axis.high
    peak = min(max(value, axis.low), axis.high)
    half = DIAMOND if inside else _half(value, ci.low if value > peak else ci.high, peak)
    if half > 0:
        points: list[tuple[float, float]] = [(axis.at(peak), y - half)]
        points += _end(axis, y, value, ci.high, axis.high) if value <= axis.high else []
        points.append((axis.at(peak), y + half))
        points += reversed(_end(axis, y, value, ci.low, axis.low) if value >= axis.low else [])
        canvas.polygon("diamond", points, colour)
    if ci.low < axis.low:
        _head(canvas, axis.x0, y, -1, colour)
    if ci.high > axis.high:
        _head(canvas, axis.x1, y, 1, colour)


def _end(axis: Axis, y: float, value: float, limit: float, edge: float) -> list[tuple[float, float]]:
    inside = axis.low <= limit <= axis.high
    if inside:
        return [(axis.at(limit), y)]
    half = _half(value, limit, edge)
    return [(axis.at(edge), y - half), (axis.at(edge), y + half)]


def _half(value: float, limit: float, at: float) -> float:
    """Return half the height of a diamond at a place between its middle and one end; not above 0 beyond the end."""
    return DIAMOND if math.isinf(limit) else DIAMOND * (limit - at) / (limit - value)


def prediction(canvas: Canvas, axis: Axis, y: float, limits: Interval, colour: str) -> None:
    """Draw a prediction interval: a thin line with end caps."""
    _bar(canvas, "prediction", axis, y, limits, colour, 1.0)
    for limit in (limits.low, limits.high):
        if axis.low <= limit <= axis.high:
            x = axis.at(limit)
            canvas.line("cap", (x, y - CAP), (x, y + CAP), colour)


def _bar(canvas: Canvas, role: str, axis: Axis, y: float, limits: Interval, colour: str, thickness: float) -> None:
    canvas.line(role, (axis.at(limits.low), y), (axis.at(limits.high), y), colour, thickness)
    if limits.low < axis.low:
        _head(canvas, axis.x0, y, -1, colour)
    if limits.high > axis.high:
        _head(canvas, axis.x1, y, 1, colour)


def _head(canvas: Canvas, x: float, y: float, direction: int, colour: str) -> None:
    tail = x - direction * ARROW * 0.4
    tip = x + direction * ARROW * 0.6
    canvas.polygon("arrow", ((tip, y), (tail, y - ARROW * 0.6), (tail, y + ARROW * 0.6)), colour)


def references(canvas: Canvas, axis: Axis, top: float, bottom: float, small: Interval | None) -> None:
    """Draw the null and the thresholds of a small effect behind the rows of one stratum."""
    canvas.line("null", (axis.null, top), (axis.null, bottom), style.AXIS, 1.0)
    if small is not None:
        for limit in (small.low, small.high):
            x = axis.at(limit)
            canvas.line("threshold", (x, top), (x, bottom), style.AXIS, 0.9, dotted=True)


def grid(canvas: Canvas, axis: Axis, top: float, bottom: float) -> None:
    """Draw faint lines up from the ticks behind the rows of one stratum."""
    for tick in axis.ticks:
        x = axis.at(tick.value)
        if x != axis.null:
            canvas.line("grid", (x, top), (x, bottom), style.GRID, 0.8)


def foot(canvas: Canvas, axis: Axis, y: float, words: tuple[str, str], room: tuple[float, float], size: float) -> float:
    """Draw axis, ticks, their labels, and the words on either side of the null.

    Parameters
    ----------
    canvas : Canvas
        Where to draw.
    axis : Axis
        The axis.
    y : float
        Height of the axis line.
    words : pair of str
        What a value left and right of the null means.
    room : pair of float
        Left and right end of the room free for the words.
    size : float
        Font size.

    Returns
    -------
    float
        Lower end of what was drawn.
    """
    canvas.line("axis", (axis.x0, y), (axis.x1, y), style.AXIS)
    for tick in axis.ticks:
        x = axis.at(tick.value)
        canvas.line("tick", (x, y), (x, y + 4), style.AXIS)
        canvas.text("tick", x, y + 6 + 0.9 * size, tick.label, size, colour=style.GREY, anchor="middle")
    y += 6 + 0.9 * size + 1.9 * size
    if not any(words):
        return y - 1.5 * size
    return _directions(canvas, axis, y, words, room, size)


def _directions(
    canvas: Canvas, axis: Axis, y: float, words: tuple[str, str], room: tuple[float, float], size: float
) -> float:
    low = f"←\N{NO-BREAK SPACE}{words[0]}" if words[0] else ""
    high = f"{words[1]}\N{NO-BREAK SPACE}→" if words[1] else ""
    null = axis.null
    left, right = null - DIRECTION_GAP - room[0], room[1] - null - DIRECTION_GAP
    pitch = 1.35 * size
    if _fits(low, left, size) and _fits(high, right, size):
        ends = [
            canvas.lines("low", null - DIRECTION_GAP, y, lines(low, size, left), size, pitch, anchor="end"),
            canvas.lines("high", null + DIRECTION_GAP, y, lines(high, size, right), size, pitch),
        ]
        return max(ends) - pitch + 0.4 * size
    whole = room[1] - room[0]
    right_end = axis.x1 if max(width(low, size), width(high, size)) <= axis.x1 - room[0] else room[1]
    y = canvas.lines("low", room[0], y, lines(low, size, whole), size, pitch)
    y = canvas.lines("high", right_end, y, lines(high, size, whole), size, pitch, anchor="end")
    return y - pitch + 0.4 * size


def _fits(words: str, room: float, size: float) -> bool:
    return width(words, size) <= room or room >= DIRECTION_ROOM


def lines(words: str, size: float, limit: float) -> Sequence[str]:
    """Return the lines of a text; none for an empty one."""
    return wrap(words, size, limit) if words else ()
