"""Card of all reasonable analyses: a specification curve a stratum, and the choices that move it."""

from collections.abc import Iterable

from metaan.figures import forest_marks as marks
from metaan.figures import style, text
from metaan.figures.axis import Axis, build
from metaan.figures.between.card import LABELS, WIDTH, Card
from metaan.figures.icons import tint
from metaan.figures.layout import Layout
from metaan.figures.repeated import Dots, Point, Strokes
from metaan.robustness.between.given import plural
from metaan.robustness.between.multiverse import ESTIMATOR, Moved, Multiverse, StratumMultiverse
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval

TITLE = "All reasonable analyses of the same studies"
HOW = (
    "Each thin line is the interval of one analysis with its estimate in black, lowest at the top, in strong colour "
    "where it leaves out no effect; the upright line is the result as planned, and below stand the choices that move "
    "the estimate most, with a point for the median of each way to settle them."
)

#: kind of choice -> its label, and what a sentence calls it, where that is not "the <kind>"
CALLED = {
    "One study": ("One study left out", "leaving out one study"),
    "Size": ("Size of studies", "the size of the studies kept"),
    "Other results": ("Another result taken", "which result of a study is taken"),
    "Set aside": ("Results set aside", "letting in results that were set aside"),
    "Adjustment": ("Adjusted or crude", "adjustment"),
    "Conversion": ("Converted results", "the use of converted results"),
    "Zero cells": ("Zero cells", "the handling of zero cells"),
    "Trustworthiness": ("Trustworthiness", "leaving out studies of doubtful trustworthiness"),
    "Other explanations": ("Other explanations", "leaving out studies that leave another explanation open"),
    "Overlap": ("Shared people", "leaving out studies that may share people"),
    "Queries": ("Open questions", "leaving out results with a question to their authors"),
    "Protocol": ("As in the protocol", "what the protocol itself leaves out"),
    ESTIMATOR: ("Estimator of tau²", "the estimator of tau²"),
}

HEIGHT = 72.0  #: of a specification curve
LEFT, RIGHT = LABELS + 4, WIDTH - 12  #: of the axis
MOVES = {1: 5, 2: 3}  #: choices shown under each curve, by the number of strata; two beyond
FAINT = "#c3c9d0"  #: intervals that hold no effect
STRONG = 0.62  #: share of the stratum's colour in the others
LINE, SMALLER = 13.0, 11.0  #: pitch of labels and of details
MIDDLE = (0.1, 0.9)  #: shares of the limits, from the low and from the high end, that the axis has to reach


def lay_out(found: Multiverse, analysis: Analysis) -> Layout:
    """Return the card: for each stratum its planned result, its curve, and what moves it; one axis a measure."""
    card = Card("multiverse", analysis, TITLE)
    _key(card)
    shown = MOVES.get(len(found.strata), 2)
    for measure in dict.fromkeys(stratum.measure for stratum in found.strata):
        strata = [stratum for stratum in found.strata if stratum.measure == measure]
        _panel(card, analysis, measure, strata, shown)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Multiverse, analysis: Analysis) -> str:
    """Return how many analyses of each stratum agree with the planned one, in one sentence."""
    return wording.sentence("; ".join(map(_says, found.strata)))


def _says(one: StratumMultiverse) -> str:
    n = one.specifications
    agree, out = _of(one.agree, n), _of(one.leaves_out, n)
    said = (
        f"of {wording.whole(n)} analyses of the {plural(one.stratum)} ({MEASURES[one.measure].label} {_ends(one)}) "
        f"{agree} {_verb(agree, 'lies', 'lie')} on the same side of no effect as the planned one and {out} "
        f"{_verb(out, 'has', 'have')} an interval that leaves it out"
    )
    moving = _moving(one, 1)
    return f"{said}, and what moves the estimate most is {_called(moving[0])[1]}" if moving else said


def _ends(one: StratumMultiverse) -> str:
    low, high = one.lowest.estimate, one.highest.estimate
    return f"{_printed(one, low)} to {_printed(one, high)}, median {_printed(one, one.median)}"


def _called(moved: Moved) -> tuple[str, str]:
    """Return what a kind of choice is called on the figure and in a sentence."""
    return CALLED.get(moved.kind, (moved.kind, f"the {moved.kind.lower()}"))


def _of(share: float, n: int) -> str:
    count = round(share * n)
    return "all" if count == n else wording.whole(count) if count else "none"


def _verb(count: str, one: str, many: str) -> str:
    return one if count in ("1", "none") else many


def _printed(one: StratumMultiverse, value: float) -> str:
    return wording.printed(one.measure, value)


def _moving(one: StratumMultiverse, most: int) -> list[Moved]:
    """Return the choices whose medians differ when printed, those that move the estimate most first."""
    seen = [m for m in one.moves if _printed(one, m.medians[0]) != _printed(one, m.medians[-1])]
    return seen[:most]


def _key(card: Card) -> None:
    """Say what the colours of the lines mean."""
    y, x = card.y + 9, 0.0
    parts = (("interval leaves out no effect", tint(style.INK, 0.75)), ("interval holds no effect", FAINT))
    for words, colour in parts:
        for step in (-2.4, 0.0, 2.4):
            card.canvas.line("key", (x, y - 3 + step), (x + 14, y - 3 + step), colour, 1.2)
        card.canvas.text("key-words", x + 18, y, words, style.TINY, colour=style.GREY)
        x += 34 + text.width(words, style.TINY)
    card.y = y + 8


def _panel(card: Card, analysis: Analysis, measure: str, strata: list[StratumMultiverse], shown: int) -> None:
    card.measure(measure)
    axis = _axis(measure, strata, shown)
    for number, one in enumerate(strata):
        card.canvas.stratum = one.stratum
        start, behind = card.y, len(card.canvas.items)
        _planned(card, axis, one)
        _curve(card, axis, one)
        _choices(card, axis, one, shown)
        planned = axis.at(one.main)
        card.canvas.line("planned", (planned, start + 26), (planned, card.y), style.INK, 0.8)
        end = len(card.canvas.items)
        marks.grid(card.canvas, axis, start, card.y)
        marks.references(card.canvas, axis, start, card.y, one.small)
        items = card.canvas.items
        items[behind:] = [*items[end:], *items[behind:end]]
        card.y += 6 if number < len(strata) - 1 else 0
    card.canvas.stratum = ""
    words = {**analysis.words}
    for synthesis in analysis.strata:
        if synthesis.stratum in {one.stratum for one in strata}:
            words.update(synthesis.words)
    ends = (words.get("low", ""), words.get("high", ""))
    card.y = marks.foot(card.canvas, axis, card.y + 2, ends, (0.0, WIDTH), style.SMALL) + 8


def _axis(measure: str, strata: list[StratumMultiverse], shown: int) -> Axis:
    points = [y for one in strata for y in (one.main, *one.curve_estimates)]
    points += [y for one in strata for moved in _moving(one, shown) for y in moved.medians]
    limits = []
    for one in strata:
        low, high = sorted(one.curve_lows), sorted(one.curve_highs)
        last = len(low) - 1
        limits += [one.main_ci, Interval(low[round(MIDDLE[0] * last)], high[round(MIDDLE[1] * last)])]
    small = [one.small for one in strata if one.small]
    return build(measure, points, [], limits, small, LEFT, RIGHT, style.SMALL)


def _planned(card: Card, axis: Axis, one: StratumMultiverse) -> None:
    stratum = STRATA[one.stratum]
    y = card.y
    card.canvas.text("label", 0, y + 10, stratum.label, style.SMALL, bold=True, colour=stratum.colour)
    details = (
        f"{wording.count(one.k, 'study', 'studies')}, as planned",
        wording.effect(one.measure, one.main, one.main_ci),
    )
    after = _details(card, y + 10 + SMALLER, details)
    if one.k > 1:
        marks.diamond(card.canvas, axis, y + 16, one.main, one.main_ci, stratum.colour)
    else:
        marks.study(card.canvas, axis, y + 16, one.main, one.main_ci, 7.0, stratum)
    card.y = after + 2


def _details(card: Card, y: float, words: Iterable[str], colour: str = style.GREY) -> float:
    """Place small lines on the left, wrapped, and return the lower end of the last."""
    lines = [line for each in words for line in text.wrap(each, style.TINY, LABELS - 6)]
    return card.canvas.lines("detail", 0, y, lines, style.TINY, SMALLER, colour=colour) - SMALLER + 4


def _curve(card: Card, axis: Axis, one: StratumMultiverse) -> None:
    stratum, top, n = STRATA[one.stratum], card.y + 2, len(one.curve_estimates)
    pitch = HEIGHT / n
    rows = list(enumerate(zip(one.curve_estimates, one.curve_lows, one.curve_highs, strict=True)))

    def at(row: float) -> float:
        return top + pitch * (row + 0.5)

    strong: list[tuple[Point, ...]] = []
    faint: list[tuple[Point, ...]] = []
    for row, (_, low, high) in rows:
        line = _rounded(((axis.at(low), at(row)), (axis.at(high), at(row))))
        (strong if low > 0 or high < 0 else faint).append(tuple(line))
    thick = min(0.72 * pitch, 1.6)
    for role, colour, lines in (("holds", FAINT, faint), ("leaves-out", tint(stratum.colour, STRONG), strong)):
        if lines:
            strokes = Strokes(
                role=role,
                colour=colour,
                stratum=one.stratum,
                thickness=thick,
                lines=tuple(lines),
                keys=("",) * len(lines),
            )
            card.canvas.items.append(strokes)
    _dots(card, "estimate", style.INK, [(axis.at(y), at(row)) for row, (y, _, _) in rows], min(0.5 * pitch + 0.3, 1.4))
    card.y = top + HEIGHT
    card.y = max(card.y, _counts(card, top, one)) + 2


def _dots(card: Card, role: str, colour: str, centres: list[Point], radius: float) -> None:
    dots = Dots(
        role=role,
        colour=colour,
        stratum=card.canvas.stratum,
        radius=radius,
        centres=tuple(_rounded(centres)),
        keys=("",) * len(centres),
    )
    card.canvas.items.append(dots)


def _counts(card: Card, top: float, one: StratumMultiverse) -> float:
    """Say beside the curve how many analyses there are and how many agree; return the lower end."""
    n = one.specifications
    card.canvas.text("lead", 0, top + 11, f"{wording.whole(n)} analyses", style.SMALL, bold=True)
    agree, out = _of(one.agree, n), _of(one.leaves_out, n)
    details = (
        _ends(one),
        f"{agree} on the planned side of no effect",
        f"{out} {_verb(out, 'leaves', 'leave')} out no effect",
    )
    return _details(card, top + 11 + SMALLER + 1, details)


def _choices(card: Card, axis: Axis, one: StratumMultiverse, shown: int) -> None:
    stratum = STRATA[one.stratum]
    for moved in _moving(one, shown):
        card.y += 3
        labels = text.wrap(_called(moved)[0], style.SMALL, LABELS - 6)
        ends = ((moved.lowest, moved.medians[0]), (moved.highest, moved.medians[-1]))
        y = card.canvas.lines("label", 0, card.y + 10, labels, style.SMALL, LINE)
        said = [f"{_printed(one, value)} {_short(moved.kind, name)}" for name, value in ends]
        bottom = _details(card, y - LINE + SMALLER + 1, said)
        middle = (card.y + bottom) / 2
        places = [(axis.at(value), middle) for value in moved.medians]
        card.canvas.line("range", places[0], places[-1], stratum.colour, 1.2)
        _dots(card, "median", stratum.colour, list(dict.fromkeys(_rounded(places))), 2.0)
        card.y = bottom


def _rounded(places: Iterable[Point]) -> list[Point]:
    return [(round(x, 1), round(y, 1)) for x, y in places]


def _short(kind: str, name: str) -> str:
    """Return the name of a choice without what its label says already, cut where it would take more than two lines."""
    if kind == "One study":
        name = name.removeprefix("without ")
    elif kind == "Other results":
        name = name.split(" by ")[0]
    else:
        name = name.replace(f"{kind.lower()} ", "")
    lines = text.wrap(name, style.TINY, LABELS - 34)
    return name if len(lines) < 3 else f"{' '.join(lines[:2])} …"
