"""Meaningful effects: strata and where a new setting may lie, then a bar of 100 settings each."""

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import HEADING, WIDTH, Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.meaningful import ALIKE, Meaningful, MeaningfulStratum, in_words
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval

TITLE = "In how many of 100 settings the true effect matters"
HOW = (
    "Each bar is 100 settings like those studied: coloured where the true effect matters, pale where it is too small, "
    "grey where it matters the other way; the line under it is the interval of the coloured part, and the mark on that "
    "line what a count of the studies, each drawn towards the mean by its own uncertainty, gives instead."
)
BAR = 15.0
WHISKER = 11.0  #: from the bar down to its interval


def lay_out(found: Meaningful, analysis: Analysis) -> Layout:
    """Draw each stratum with the interval of a new setting, then its settings by size of the true effect."""
    card = Card("meaningful", analysis, TITLE)
    for measure in dict.fromkeys(synthesis.measure for synthesis in analysis.strata if synthesis.k):
        as_they_stand.add(card, analysis, measure, _new_settings(found, measure))
    for stratum in found.strata:
        _settings(card, stratum)
    for name, why in found.not_done.items():
        card.y += 4
        card.words("note", wording.sentence(f"{STRATA[name].label}: {why}"), colour=style.GREY)
    return card.layout(reading(found, analysis), found.assumption)


def _new_settings(found: Meaningful, measure: str) -> list[CardRow]:
    level = wording.percent(100 * float(found.settings["level"]))
    return [
        CardRow(
            label=STRATA[stratum.stratum].label,
            detail=f"in a new setting, {level}",
            estimate=stratum.estimate,
            ci=stratum.prediction,
            stratum=stratum.stratum,
            pooled=False,
            said=wording.interval(stratum.measure, stratum.prediction),
        )
        for stratum in found.strata
        if stratum.measure == measure
    ]


def _settings(card: Card, stratum: MeaningfulStratum) -> None:
    """Draw a bar of 100 settings: below the lower threshold, between, and above the upper one."""
    design, canvas = STRATA[stratum.stratum], card.canvas
    canvas.stratum = stratum.stratum
    card.y += 6
    canvas.text("heading", 0, card.y + 12, design.label, style.SMALL, bold=True, colour=design.colour)
    card.y += HEADING
    share, other = stratum.share, stratum.other_share
    if share is None or other is None:
        card.words("alike", wording.sentence(ALIKE))
        canvas.stratum = ""
        return
    shares = (other, 1.0 - share - other, share) if stratum.above else (share, 1.0 - share - other, other)
    low, high = sorted((stratum.threshold, stratum.opposite))
    says = (
        f"below {wording.printed(stratum.measure, low)}: {_of_100(shares[0])}",
        f"too small: {_of_100(shares[1])}",
        f"above {wording.printed(stratum.measure, high)}: {_of_100(shares[2])}",
    )
    for x, anchor, words in zip((0.0, WIDTH / 2, WIDTH), ("start", "middle", "end"), says, strict=True):
        canvas.text("settings", x, card.y + 10, words, style.SMALL, anchor=anchor)  # type: ignore[arg-type]
    card.y += 16
    colours = (style.AXIS, style.RULE, design.colour) if stratum.above else (design.colour, style.RULE, style.AXIS)
    left = 0.0
    for part, colour in zip(shares, colours, strict=True):
        if part * WIDTH > 0.05:
            canvas.box("share", left, card.y, part * WIDTH, BAR, colour)
        left += part * WIDTH
    card.y += BAR + WHISKER
    _whisker(card, stratum)
    card.y += 8
    card.words("counted", _uncertainty(stratum), style.TINY, colour=style.GREY)
    canvas.stratum = ""


def _whisker(card: Card, stratum: MeaningfulStratum) -> None:
    """Draw the interval of the coloured part where its edge may lie, and the count of studies as a mark."""
    colour = STRATA[stratum.stratum].colour
    if stratum.share_ci is not None and stratum.share is not None:
        ends = [_at(stratum, stratum.share_ci.low), _at(stratum, stratum.share_ci.high)]
        card.canvas.line("interval", (ends[0], card.y), (ends[1], card.y), colour, 1.2)
        for x in ends:
            card.canvas.line("cap", (x, card.y - 3), (x, card.y + 3), colour)
        middle = _at(stratum, stratum.share)
        card.canvas.line("edge", (middle, card.y - WHISKER), (middle, card.y), colour)
    if stratum.count is not None:
        card.canvas.mark("count", _inside(_at(stratum, stratum.count / stratum.k)), card.y, 7.0, "D", style.INK)


def _at(stratum: MeaningfulStratum, share: float) -> float:
    """Return where the coloured part of a bar ends when it is a share of the settings."""
    return WIDTH * (1.0 - share if stratum.above else share)


def _inside(x: float) -> float:
    return min(max(x, 5.0), WIDTH - 5.0)


def _uncertainty(stratum: MeaningfulStratum) -> str:
    ci = "" if stratum.share_ci is None else f"Interval of the coloured part: {_limits(stratum.share_ci)} of 100. "
    count = f"◆ counted study by study: {stratum.count} of {stratum.k}"
    if stratum.count_ci is not None:
        count += f" (interval {_limits(stratum.count_ci)} of 100)"
    few = f" {wording.sentence(stratum.remark)}" if stratum.remark else ""
    return f"{ci}{count}.{few}"


def _limits(ci: Interval) -> str:
    return f"{_of_100(ci.low)} to {_of_100(ci.high)}"


def _of_100(share: float) -> str:
    return wording.fixed(100.0 * share, 0)


def reading(found: Meaningful, analysis: Analysis) -> str:
    """Return in how many settings the true effect matters, and where a new one may lie, in one sentence."""
    said = [_said(stratum) for stratum in found.strata]
    said += [f"{STRATA[name].label.lower()}: {why}" for name, why in found.not_done.items()]
    return wording.sentence("; ".join(said))


def _said(stratum: MeaningfulStratum) -> str:
    few = f" ({stratum.remark})" if stratum.remark and stratum.share is not None else ""
    name, label = STRATA[stratum.stratum].label.lower(), MEASURES[stratum.measure].label
    words = in_words(stratum)
    if stratum.share is None:
        words += f" ({label})"
    return f"{name}, {wording.count(stratum.k, 'study', 'studies')}: {words}{few}"
