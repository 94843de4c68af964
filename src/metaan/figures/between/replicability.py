"""Replicability: the strata as they stand, then how many studies of each bear it."""

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import HEADING, LABELS, RESULTS, WIDTH, Card
from metaan.figures.layout import Layout
from metaan.figures.repeated import Tiles
from metaan.robustness.between.given import plural
from metaan.robustness.between.replicability import Replicability, ReplicabilityStratum
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

TITLE = "How many studies bear the result"
HOW = (
    "One box a study: full ones bear the direction of the result whichever others are left out, by the pooled effect "
    "and, below, by the studies’ own P values alone; pale ones may, empty ones are not shown to; the bar is the share "
    "of subsets of the studies that lead to another conclusion than all of them together."
)
LEFT, RIGHT = LABELS + 4, WIDTH - RESULTS - 6
ROW, BOX, BAR = 24.0, 13.0, 10.0
PALE = 0.45
NAMED = 4  #: up to so many studies are named


def lay_out(found: Replicability, analysis: Analysis) -> Layout:
    """Draw the strata as they stand, then for each a box a study and the share of subsets that disagree."""
    card = Card("replicability", analysis, TITLE)
    for measure in dict.fromkeys(synthesis.measure for synthesis in analysis.strata if synthesis.k):
        as_they_stand.add(card, analysis, measure, [])
    for stratum in found.strata:
        _stratum(card, stratum)
    if found.in_each is not None:
        card.y += 4
        card.words("each", wording.sentence(_each(found)), style.SMALL, bold=True)
    return card.layout(reading(found, analysis), found.assumption)


def _stratum(card: Card, stratum: ReplicabilityStratum) -> None:
    design, canvas = STRATA[stratum.stratum], card.canvas
    canvas.stratum = stratum.stratum
    card.y += 6
    canvas.text("heading", 0, card.y + 12, design.label, style.SMALL, bold=True, colour=design.colour)
    card.y += HEADING
    _line(card, "bear it", _supported(stratum), bold=True)
    _boxes(card, stratum, stratum.supported, stratum.supported if stratum.exact else stratum.at_most)
    if stratum.k > 1:
        _line(card, "by P values alone", _least(stratum.combined_supported, stratum.k))
        _boxes(card, stratum, stratum.combined_supported, stratum.combined_supported)
    if stratum.subsets is not None:
        _line(card, "subsets that disagree", wording.percent(100.0 * stratum.subsets.changed))
        top = card.y + (ROW - BAR) / 2
        canvas.box("subsets", LEFT, top, RIGHT - LEFT, BAR, style.GRID)
        if stratum.subsets.changed > 0:
            canvas.box("changed", LEFT, top, stratum.subsets.changed * (RIGHT - LEFT), BAR, style.AXIS)
        card.y += ROW
    card.words("removal", wording.sentence(_removal(stratum)), style.TINY, colour=style.GREY)
    canvas.stratum = ""


def _line(card: Card, label: str, result: str, *, bold: bool = False) -> None:
    base = card.y + ROW / 2 + 3.6
    card.canvas.text("label", 0, base, label, style.SMALL)
    card.canvas.text("result", WIDTH, base, result, style.SMALL, anchor="end", bold=bold)


def _boxes(card: Card, stratum: ReplicabilityStratum, sure: int, maybe: int) -> None:
    """Draw a box a study, `sure` of them supporting, up to `maybe` perhaps, and move below."""
    colour = STRATA[stratum.stratum].colour
    step = min(BOX + 3, (RIGHT - LEFT) / stratum.k)
    wide, top = step * 0.8, card.y + (ROW - BOX) / 2
    for role, first, last, shade in (
        ("support", 0, sure, colour),
        ("perhaps", sure, maybe, _pale(colour)),
        ("rest", maybe, stratum.k, style.GRID),
    ):
        if last > first:
            boxes = tuple((LEFT + step * i, top, LEFT + step * i + wide, top + BOX) for i in range(first, last))
            keys = tuple(f"{stratum.stratum}-{i + 1}" for i in range(first, last))
            card.canvas.items.append(Tiles(role=role, stratum=stratum.stratum, colour=shade, boxes=boxes, keys=keys))
    card.y += ROW


def _pale(colour: str) -> str:
    """Return a colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - PALE * (255 - part)):02x}" for part in parts)


def _supported(stratum: ReplicabilityStratum) -> str:
    return _least(stratum.supported, stratum.k)


def _least(supported: int, k: int) -> str:
    """Return "at least 4 of 33": what is not shown may still be so."""
    return f"{'at least ' if 0 < supported < k else ''}{supported} of {k}"


def _removal(stratum: ReplicabilityStratum) -> str:
    """Return how many studies must go before the conclusion changes, and which studies contradict."""
    against = f"; at least {stratum.against} of {stratum.k} support the other direction" if stratum.against else ""
    if stratum.k == 1:
        return "one study: nothing can be left out"
    if stratum.k == 2:
        return f"two studies: no method gives a trustworthy interval{against}"
    change = "makes the interval leave out no effect" if stratum.open else "changes the conclusion"
    gone = wording.count(len(stratum.enough), "study", "studies")
    if stratum.fewest is not None:
        who = f" ({wording.listed(stratum.enough)})" if stratum.fewest <= NAMED else ""
        return f"leaving out {gone}{who} {change}, leaving out fewer does not{against}"
    if stratum.enough:
        return f"leaving out {gone}, chosen well, {change}, leaving out any {stratum.tried} does not{against}"
    return f"no removal that was tried changes the conclusion{against}"


def _each(found: Replicability) -> str:
    if found.in_each == 0:
        none = [plural(stratum.stratum) for stratum in found.strata if stratum.supported == 0]
        return f"not every design shows a direction: the {wording.listed(none)} by themselves show none"
    return (
        f"one direction is supported by at least {wording.count(found.in_each or 0, 'study', 'studies')} in each design"
    )


def reading(found: Replicability, analysis: Analysis) -> str:
    """Return how many studies of each design bear the result, in one sentence."""
    alpha = wording.number(float(found.settings["alpha"]))
    said = [_said(stratum) for stratum in found.strata]
    each = "" if found.in_each is None else f"; {_each(found)}"
    return wording.sentence(f"at level {alpha}, {'; '.join(said)}{each}")


def _said(stratum: ReplicabilityStratum) -> str:
    name = plural(stratum.stratum)
    side = "above" if stratum.above else "below"
    if stratum.k == 1:
        shown = "points" if stratum.supported else "is not shown to point"
        return f"the result of the one study among {name} {shown} {side} no effect"
    if stratum.supported == 0:
        words = f"{stratum.k} {name} together are not shown to point {side} no effect"
    else:
        words = f"the results of {_supported(stratum)} {name} point {side} no effect whichever others are left out"
    if stratum.subsets is not None:
        kind = "all" if stratum.subsets.complete else "sampled"
        words += (
            f", and {wording.percent(100.0 * stratum.subsets.changed)} of {kind} subsets lead to another conclusion"
        )
    return words
