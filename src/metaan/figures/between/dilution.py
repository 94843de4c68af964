"""Card of regression dilution: effects as measured, and as they would be without random errors of measurement."""

from metaan.figures import style
from metaan.figures.between import panels
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.dilution import POWERS, Dilution, UndilutedStratum
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

TITLE = "If the measurement were free of random error"
HOW = (
    "On top the studies as measured; below them the same studies, divided by what a measurement of that "
    "reliability leaves of an effect."
)
MOST = 12  #: rows


def lay_out(found: Dilution, analysis: Analysis) -> Layout:
    """Draw every stratum as measured, and below each what it would be at each reliability."""
    card = Card("dilution", analysis, TITLE)
    source = (
        "No source of this review gives a reliability: the values are illustrations."
        if found.assumed
        else f"Reliability {_reliability(found)}: {found.source}."
    )
    remarks = [wording.sentence(remark) for remark in found.remarks]
    card.words("note", " ".join([source, *remarks]), style.SMALL, colour=style.GREY)
    card.y += 4
    shown = _shown(found)
    rows = [(each.measure, _corrected(each, shown)) for each in found.strata]
    panels.draw(card, analysis, rows)
    for stratum, why in found.not_corrected.items():
        card.words("note", f"{STRATA[stratum].label}: not corrected, {why}.", style.SMALL, colour=style.GREY)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Dilution, analysis: Analysis) -> str:
    """Say by how much random errors shrink the effect, and what each stratum would be without."""
    r = min(found.reliabilities)
    if found.assumed:
        start = f"If one measurement had a reliability of {wording.number(r)} (an illustration)"
    else:
        start = f"With a reliability of {_reliability(found)}"
    factors = {wording.ratio(r ** -POWERS[each.kind]) for each in found.strata}
    grows = f"the effect would be {wording.listed(sorted(factors), 'or')} times as large as measured"
    if any(each.measure != "SMD" for each in found.strata):
        grows += " on its logarithmic scale"
    if analysis.no_bottom_line:
        return f"{start}, {grows}, and any bias as well."
    place = found.reliabilities.index(r)
    each = [_in_words(stratum, place) for stratum in found.strata]
    return f"{start}, {grows} ({wording.listed(each)}), and any bias as well."


def _in_words(each: UndilutedStratum, place: int) -> str:
    at, measure = each.corrected[place], each.measure
    now, was = wording.effect(measure, at.estimate, at.ci), wording.printed(measure, each.estimate)
    return f"{STRATA[each.stratum].label.lower()} {now} in place of {was}"


def _reliability(found: Dilution) -> str:
    value = wording.fixed(found.reliabilities[0], 2)
    return value if found.se != found.se else f"{value} (standard error {wording.ratio(found.se)})"


def _shown(found: Dilution) -> tuple[int, ...]:
    """Return which reliabilities there is room for: all, or the lowest and every other."""
    every = tuple(range(len(found.reliabilities)))
    return every if len(found.strata) * (len(every) + 1) <= MOST else every[::2]


def _corrected(each: UndilutedStratum, shown: tuple[int, ...]) -> list[CardRow]:
    return [
        CardRow(
            heading="" if number else STRATA[each.stratum].label,
            label=f"if reliability {wording.fixed(at.r, 2)}",
            estimate=at.estimate,
            ci=at.ci,
            stratum=each.stratum,
            pooled=False,
        )
        for number, at in enumerate(each.corrected[i] for i in sorted(shown, reverse=True))
    ]
