"""Reliability ladder: agreement of repeated measurements from one observer down to two occasions of one person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metaan.figures import style, text
from metaan.figures.layout import Canvas, Layout, Shape
from metaan.robustness.repeats import CORRELATIONS, MEASURED, OCCASIONS, Repeat, Rung
from metaan.terms import wording

Label = Callable[[str, str], str]  #: list and word -> label, as `workbook.layout.Layout.label`

COLOUR = "#0072B2"
SHAPES: dict[str, Shape] = {"kappa": "o", "weighted_kappa": "o", "ICC": "s", "pearson_r": "D", "spearman_r": "D"}
SIDE = 9.0
HEAD, GAP = 19.0, 9.0
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
TITLE = "How well the measurement repeats"
SHORT = {"kappa": "κ", "weighted_kappa": "weighted κ", "pearson_r": "r", "spearman_r": "ρ"}
MATTERS = "what one result stands or falls with"
WORSE, BETTER = "chance", "perfect agreement"
NOTHING = "No source gives an agreement between 0 and 1."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """Where the columns stand."""

    width: float
    plot: tuple[float, float]  #: left and right end of the axis
    row: float  #: height of one result
    stacked: bool  #: label over the line instead of beside it

    def x(self, value: float) -> float:
        """Return where a value stands; values below 0 stand at 0."""
        left, right = self.plot
        return left + (right - left) * min(max(value, 0.0), 1.0)


_WIDE = _Sizes(width=820, plot=(290, 590), row=19, stacked=False)
_NARROW = _Sizes(width=360, plot=(8, 190), row=34, stacked=True)


def lay_out(rungs: Sequence[Rung], label: Label, *, people: str = "people", narrow: bool = False) -> Layout:
    """Place the ladder.

    Parameters
    ----------
    rungs : sequence of Rung
        From what should agree best to what matters for one person.
    label : callable
        Label of a word of a list.
    people : str
        Plural word for those measured.
    narrow : bool
        For a screen 360 units wide: each result on two lines.

    Returns
    -------
    Layout
        Positions in points, y downwards.
    """
    sizes = _NARROW if narrow else _WIDE
    shown = [(rung, [row for row in rung.repeats if row.on_ladder]) for rung in rungs]
    shown = [(rung, rows) for rung, rows in shown if rows]
    canvas = Canvas()
    canvas.text("title", 0, 14, TITLE, 13.5, bold=True)
    y = 30.0
    if shown:
        bottom = y + sum(HEAD + GAP + sizes.row * len(rows) for _, rows in shown)
        _axis(canvas, sizes, y, bottom)
        for rung, rows in shown:
            y = _rung(canvas, sizes, y, rung, rows, label, people)
        y = bottom + 34
    y = _notes(canvas, sizes, y, rungs, shown)
    kind = "narrow" if narrow else "wide"
    return Layout(
        name=f"reliability-{kind}",
        kind=f"ladder ladder-{kind}",
        title=TITLE,
        description=describe(rungs, label),
        width=sizes.width,
        height=y,
        items=tuple(canvas.items),
    )


def describe(rungs: Sequence[Rung], label: Label) -> str:
    """Return what the ladder shows, in words."""
    said = []
    for rung in rungs:
        values = sorted(row.value for row in rung.repeats if row.on_ladder and row.value is not None)
        if values:
            low, high = wording.fixed(values[0], 2), wording.fixed(values[-1], 2)
            said.append(f"{label('variation', rung.rung)}: {low if low == high else f'{low} to {high}'}")
    return wording.sentence("; ".join(said)) if said else NOTHING


def _axis(canvas: Canvas, sizes: _Sizes, top: float, bottom: float) -> None:
    for tick in TICKS:
        x = sizes.x(tick)
        canvas.line("grid", (x, top), (x, bottom), style.RULE if tick in (0.0, 1.0) else style.GRID)
        canvas.text("tick", x, bottom + 13, wording.number(tick), style.SMALL, colour=style.GREY, anchor="middle")
    left, right = sizes.plot
    canvas.text("axis-words", left, bottom + 28, WORSE, style.SMALL, colour=style.GREY)
    canvas.text("axis-words", right, bottom + 28, BETTER, style.SMALL, colour=style.GREY, anchor="end")


def _rung(
    canvas: Canvas, sizes: _Sizes, y: float, rung: Rung, rows: Sequence[Repeat], label: Label, people: str
) -> float:
    """Place one kind of repeat and return where the next begins."""
    matters = rung.rung in OCCASIONS
    head = label("variation", rung.rung)
    canvas.text("rung", 0, y + 13, head[:1].upper() + head[1:], style.BODY, bold=True)
    if matters and not sizes.stacked:
        canvas.text("matters", sizes.plot[1] + 14, y + 13, MATTERS, style.SMALL, colour=COLOUR)
    y += HEAD
    for row in sorted(rows, key=lambda each: -(each.value or 0)):
        canvas.row = row.rel_id
        _row(canvas, sizes, y, row, label, people)
        y += sizes.row
    canvas.row = ""
    return y + GAP


def _row(canvas: Canvas, sizes: _Sizes, y: float, row: Repeat, label: Label, people: str) -> None:
    value = row.value or 0.0
    centre = y + (24 if sizes.stacked else 9)
    named = [label(name, word) for name, word in zip(MEASURED[:2], row.measured, strict=False) if word]
    about = ", ".join([row.label, *named])
    room = sizes.width if sizes.stacked else sizes.plot[0] - 16
    canvas.text("label", 0, y + (12 if sizes.stacked else 13), _short(about, room), style.SMALL)
    canvas.line("stem", (sizes.x(0), centre), (sizes.x(1), centre), style.GRID)
    if row.ci is not None:
        canvas.line("interval", (sizes.x(row.ci.low), centre), (sizes.x(row.ci.high), centre), COLOUR, 1.6)
    canvas.mark("study", sizes.x(value), centre, SIDE, SHAPES[row.statistic], COLOUR)
    said = f"{SHORT.get(row.statistic, row.statistic)} {wording.fixed(value, 2)}"
    if row.ci is not None:
        said += f" ({wording.fixed(row.ci.low, 2)} to {wording.fixed(row.ci.high, 2)})"
    if row.people is not None and not sizes.stacked:
        said += f", {row.people} {people}"
    left = sizes.plot[1] + 12
    lines = text.wrap(said, style.SMALL, sizes.width - left)
    canvas.lines("result", left, centre + (4 if len(lines) == 1 else -4), lines, style.SMALL, 12)


def _short(words: str, room: float) -> str:
    """Return as much as fits on one line, with an ellipsis where something is left out; the table has it all."""
    if text.width(words, style.SMALL) <= room:
        return words
    return text.wrap(words, style.SMALL, room - text.width("…", style.SMALL))[0].rstrip(",") + "…"


def _notes(
    canvas: Canvas, sizes: _Sizes, y: float, rungs: Sequence[Rung], shown: Sequence[tuple[Rung, Sequence[Repeat]]]
) -> float:
    rows = [row for _, found in shown for row in found]
    words = sum(len(rung.repeats) for rung in rungs) - len(rows)
    notes = [] if shown else [NOTHING]
    if rows and not any(row.statistic in CORRELATIONS for row in rows):
        notes.append("Kappa is agreement between classes, not a correlation.")
    if rows and not any(row.ci for row in rows):
        notes.append("No source gives an interval.")
    if words:
        verb = "is" if words == 1 else "are"
        notes.append(f"{wording.count(words, 'result')} in words or other units {verb} in the table only.")
    for line in text.wrap(" ".join(notes), style.SMALL, sizes.width):
        canvas.text("note", 0, y + 12, line, style.SMALL, colour=style.GREY)
        y += 14
    return y + 4
