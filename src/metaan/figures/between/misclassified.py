"""Card of misclassification: ratios as classified, and as they would be without people in the wrong group."""

from metaan.figures import style
from metaan.figures.between import panels
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.given import plural
from metaan.robustness.between.misclassified import Misclassified, ReclassifiedStratum
from metaan.terms import phrases, wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

TITLE = "If nobody had been put in the wrong group"
HOW = (
    "On top the studies as classified; below them the same studies, their counts corrected for the ends and the "
    "middle of the ranges of sensitivity and specificity."
)
MOST = 12  #: rows
NAMED = 3  #: studies


def lay_out(found: Misclassified, analysis: Analysis) -> Layout:
    """Draw every stratum as classified, and below each what it would be at the ends of the ranges."""
    card = Card("misclassified", analysis, TITLE)
    card.words("note", f"Ranges: {found.settings['source']}.", style.SMALL, colour=style.GREY)
    card.y += 4
    rows = [(each.measure, _corrected(each, len(found.strata))) for each in found.strata]
    panels.draw(card, analysis, rows)
    for each in found.strata:
        if each.impossible > 0:
            card.words("note", _impossible(each), style.SMALL, colour=style.GREY)
    for stratum, why in found.not_corrected.items():
        card.words("note", f"{STRATA[stratum].label}: not corrected, {why}.", style.SMALL, colour=style.GREY)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Misclassified, analysis: Analysis) -> str:
    """Say between which values the effect of each stratum would lie."""
    settings = found.settings
    start = (
        f"With a sensitivity of {_range(settings['sensitivity_low'], settings['sensitivity_high'])} and a specificity "
        f"of {_range(settings['specificity_low'], settings['specificity_high'])}"
    )
    if analysis.no_bottom_line:
        return f"{start}, the counts of each study are corrected; no mean of these studies is given."
    return f"{start}, {wording.listed([_between(each) for each in found.strata])}."


def _between(each: ReclassifiedStratum) -> str:
    measure = each.measure
    if each.reach is None:
        return f"the counts of the {plural(each.stratum)} could not have come about"
    low, high = (wording.printed(measure, end) for end in (each.lowest, each.highest))
    lies = low if low == high else f"between {low} and {high}"
    if each.impossible > 0:
        lies += ", where the counts allow it,"
    return (
        f"the {phrases.result_of(each.stratum)} would be {lies} in place of {wording.printed(measure, each.estimate)}"
    )


def _range(low: float | str, high: float | str) -> str:
    ends = [wording.percent(100 * float(end), 0 if float(end) * 100 % 1 < 1e-9 else 1) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _impossible(each: ReclassifiedStratum) -> str:
    by = sorted(each.impossible_by, key=lambda study: -each.impossible_by[study])
    named = wording.listed([*by[:NAMED], *([f"{len(by) - NAMED} others"] if len(by) > NAMED else [])])
    share = wording.percent(100 * each.impossible)
    return f"{STRATA[each.stratum].label}: {share} of the ranges would not give the counts of {named}."


def _corrected(each: ReclassifiedStratum, strata: int) -> list[CardRow]:
    corners = [corner for corner in each.corners if corner.ci is not None]
    if strata * (len(corners) + 1) > MOST:
        corners = [corners[0], corners[-1]]
    return [
        CardRow(
            heading="" if number else STRATA[each.stratum].label,
            label=f"sensitivity {_range(corner.sensitivity, corner.sensitivity)}",
            detail=f"specificity {_range(corner.specificity, corner.specificity)}",
            estimate=corner.estimate,
            ci=corner.ci,
            stratum=each.stratum,
            pooled=False,
        )
        for number, corner in enumerate(corners)
    ]
