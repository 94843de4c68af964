"""Information reached by each stratum, and its mean after each year against the monitoring boundary."""

import math
from collections.abc import Callable

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import WIDTH, Card
from metaan.figures.layout import Layout
from metaan.figures.repeated import Dots, Strokes
from metaan.robustness.between.given import plural
from metaan.robustness.between.information import UNKNOWN, Information, Reached
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis

TITLE = "How much of the information needed is there"
HOW = (
    "A bar is full when a stratum holds what is needed to find the effect named; the line below is its mean in "
    "standard errors (Z) after each year, which chance alone would rarely take beyond the grey boundary."
)

KEY = "Coloured: mean in standard errors (Z) after each year; grey: monitoring boundary"

PANELS = 3  #: strata at most
BAR, TALL = 11.0, 66.0  #: height of a bar and of a panel
LEFT, RIGHT = 30.0, WIDTH - 8.0  #: ends of a panel
TOP = 8.0  #: largest Z shown
ROOM = 1.15  #: largest share shown, of that required
STEPS = 24  #: points of a boundary
CLOSE = 11.0  #: range of Z from which on every other tick is left out


def lay_out(found: Information, analysis: Analysis) -> Layout:
    """Return the figure.

    Parameters
    ----------
    found : Information
        What `robustness.between.information.of` returned.
    analysis : Analysis
        Whose it is.
    """
    card = Card("information", analysis, TITLE)
    for measure in dict.fromkeys(one.measure for one in found.strata[:PANELS]):
        as_they_stand.add(card, analysis, measure, [])
    card.y += 2
    card.words("key", KEY, style.TINY, colour=style.GREY)
    for one in found.strata[:PANELS]:
        card.y += 4
        _bar(card, one)
        _curve(card, one)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Information, analysis: Analysis) -> str:
    """Return what the figure shows in one sentence."""
    del analysis
    sought = [_effect(one) for one in found.strata]
    one_for_all = len(set(sought)) == 1
    parts = []
    for one, effect in zip(found.strata, sought, strict=True):
        verb = "holds" if one.k == 1 else "hold"
        share = "all" if one.share >= 100 else _percent(one.share)
        part = f"{_subject(one)} {verb} {share}"
        parts.append(
            f"{part} ({_crossing(one)})"
            if one_for_all
            else f"{part} of what is needed to find {effect} ({_crossing(one)})"
        )
    text = wording.listed(parts)
    if one_for_all:
        text += f" of the information needed to find {sought[0]}"
    source = "given in the protocol" if "diversity" in found.settings else "of the studies"
    alpha, power = (wording.percent(100 * share) for share in (found.alpha, found.power))
    return wording.sentence(f"{text}, with alpha {alpha}, power {power} and the diversity D² {source}")


def _subject(one: Reached) -> str:
    label = STRATA[one.stratum].label.lower()
    if one.k > 1:
        return f"the {plural(one.stratum)}"
    return f"the one {label.removesuffix('s') if label.endswith('s') else f'{label} study'}"


def _percent(share: float) -> str:
    return wording.percent(share) if share >= 1 else "less than 1 %"


def _effect(one: Reached) -> str:
    """Return the effect to be found: "an odds ratio of 1.25 or 0.80"."""
    measure = MEASURES[one.measure]
    article = "an" if measure.label[0] in "aeiou" else "a"
    large, low = abs(one.effect), -abs(one.effect)
    if measure.scale != "log":
        return f"{article} {measure.label} of {wording.printed(measure, large)} either way"
    return f"{article} {measure.label} of {wording.printed(measure, large)} or {wording.printed(measure, low)}"


def _crossing(one: Reached) -> str:
    if one.crossed_in == UNKNOWN:
        return "boundary crossed with the last study"
    return f"boundary crossed in {one.crossed_in}" if one.crossed_in else "boundary not crossed"


def _bar(card: Card, one: Reached) -> None:
    """Draw how full the information is."""
    stratum, canvas = STRATA[one.stratum], card.canvas
    canvas.stratum = one.stratum
    card.y += 12
    canvas.text("heading", 0, card.y, stratum.label, style.SMALL, bold=True, colour=stratum.colour)
    canvas.text("result", WIDTH, card.y, f"{_percent(one.share)} of the information needed", style.SMALL, anchor="end")
    card.y += 5
    canvas.box("track", 0, card.y, WIDTH, BAR, style.GRID, 2)
    width = WIDTH * min(one.share, 100.0) / 100.0
    canvas.box("reached", 0, card.y, max(width, 1.0), BAR, stratum.colour, min(2.0, width / 2))
    canvas.stratum = ""
    card.y += BAR
    parts = [f"to find {_effect(one)}"]
    if one.share_ci is not None and wording.percent(one.share_ci.low) != wording.percent(one.share_ci.high):
        low, high = wording.fixed(one.share_ci.low, 0), wording.percent(one.share_ci.high)
        parts.append(f"{low} to {high} at the limits of tau²")
    if one.people is not None and one.people_needed is not None:
        many = card.analysis.words.get("people", "people")
        parts.append(f"{wording.whole(one.people)} of {wording.whole(one.people_needed)} {many}")
    if one.further > 1:
        parts.append(f"at least {wording.whole(one.further)} more studies, however large")
    parts.append(_crossing(one))
    card.words("detail", "; ".join(parts), style.TINY, colour=style.GREY)
    card.y += 6


def _curve(card: Card, one: Reached) -> None:
    """Draw Z after each year and its boundary, on the side to which the mean lies."""
    canvas, stratum = card.canvas, STRATA[one.stratum]
    sign = -1.0 if one.looks[-1].z < 0 else 1.0
    zs = [min(max(sign * look.z, -TOP), TOP) for look in one.looks]
    top = min(TOP, max(4.0, 1.0 + max(zs)))
    bottom = min(-1.0, min(zs) - 0.5)
    end = 100.0 * ROOM
    start = card.y + 4
    floor = start + TALL

    def x(share: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(share, end) / end

    def y(z: float) -> float:
        return floor - TALL * (min(max(z, bottom), top) - bottom) / (top - bottom)

    for z in range(0, int(top) + 1, 2 if top - bottom < CLOSE else 4):
        canvas.line("grid", (LEFT, y(z)), (RIGHT, y(z)), style.GRID if z else style.AXIS, 0.8)
        canvas.text("tick", LEFT - 5, y(z) + 3, str(z), style.TINY, colour=style.GREY, anchor="end")
    canvas.text("tick", 0, y(0) - (y(0) - y(2)) / 2 + 3, "Z", style.TINY, colour=style.GREY)
    canvas.line("needed", (x(100), start), (x(100), floor), style.AXIS, 0.8, dotted=True)
    for share in (0, 50, 100):
        canvas.text("tick", x(share), floor + 11, f"{share} %", style.TINY, colour=style.GREY, anchor="middle")
    _boundary(card, one, x, y, top)
    canvas.stratum = one.stratum
    points = [
        (x(0), y(0)),
        *((x(look.share), y(z)) for look, z in zip(one.looks, zs, strict=True) if look.share <= end),
    ]
    keys = tuple(look.year for look in one.looks if look.share <= end)
    if len(points) > 1:
        line = Strokes(
            role="z", colour=stratum.colour, stratum=one.stratum, thickness=1.6, lines=(tuple(points),), keys=("",)
        )
        dots = Dots(
            role="look", colour=stratum.colour, stratum=one.stratum, radius=2.2, centres=tuple(points[1:]), keys=keys
        )
        canvas.items += [line, dots]
    canvas.stratum = ""
    card.y = floor + 11 + 5


def _boundary(card: Card, one: Reached, x: Callable[[float], float], y: Callable[[float], float], top: float) -> None:
    """Draw the boundary above no effect, and that below it as far as it lies on the panel.

    Between looks ``Z sqrt(share)``, which hardly changes, is drawn as straight.
    """
    known = [(look.share, look.boundary) for look in one.looks if look.boundary is not None]
    if one.next_boundary is not None:
        known.append((100.0, one.next_boundary))
    known = [(share, limit) for share, limit in known if math.isfinite(limit)]
    shares = [share for share, _ in known]
    levels = [limit * math.sqrt(share) for share, limit in known]
    first, last = (levels[0] / top) ** 2, min(shares[-1], 100.0 * ROOM)
    lines = []
    if first < last:
        steps = [first + (last - first) * (i / STEPS) ** 2 for i in range(STEPS + 1)]  # closer where it is steep
        limits = [_between(share, shares, levels) / math.sqrt(share) for share in steps]
        for side in (1.0, -1.0):
            points = [(x(share), y(side * limit)) for share, limit in zip(steps, limits, strict=True)]
            inside = [point for point in points if point[1] != y(side * math.inf)]
            if len(inside) > 1:
                lines.append(tuple(inside))
    if lines:
        card.canvas.items.append(
            Strokes(role="boundary", colour=style.AXIS, thickness=1.4, lines=tuple(lines), keys=("",) * len(lines))
        )


def _between(at: float, shares: list[float], levels: list[float]) -> float:
    """Return what lies on the straight line between the two neighbours; the first or last level beyond them."""
    after = next((i for i, share in enumerate(shares) if share >= at), len(shares) - 1)
    if after == 0 or at >= shares[-1]:
        return levels[after]
    part = (at - shares[after - 1]) / (shares[after] - shares[after - 1])
    return levels[after - 1] + part * (levels[after] - levels[after - 1])
