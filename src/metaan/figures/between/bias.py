"""Card of bias adjustment: strata as they stand, then the weaker ones with other weights and less bias."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.bias import HIGH, LOW, NONE, PUBLISHED, TWICE, AssumedBias, BiasAdjusted, DesignBias
from metaan.robustness.between.elicited import Elicited
from metaan.robustness.between.given import plural
from metaan.robustness.between.weights import Weighted
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Interval

TITLE = "If the weaker studies are biased as others were"
HOW = (
    "The first rows are the designs as they stand; below them the weaker one with weights that favour its large "
    "studies, and after a bias is taken out, once with the published average and once with several that are assumed."
)
MOST = 12  #: rows
T = TypeVar("T", Weighted, DesignBias, Elicited)
SAID = {
    NONE: "no bias on average",
    LOW: "lower published limit",
    HIGH: "upper published limit",
    TWICE: "twice the average",
}


def lay_out(found: BiasAdjusted, analysis: Analysis) -> Layout:
    """Draw the unadjusted strata, then what becomes of the weaker ones."""
    card = Card("bias", analysis, TITLE)
    every: list[Weighted | DesignBias | Elicited] = [*found.weights, *found.designs, *found.elicited]
    measures = dict.fromkeys(synthesis.measure for synthesis in analysis.strata if synthesis.k)
    unadjusted = sum(len(as_they_stand.rows(analysis, measure)) for measure in measures)
    rows = len(found.elicited) + sum(1 + (each.quality is not None) for each in found.weights)
    rows += unadjusted + sum(len(each.assumed) + (each.together is not None) for each in found.designs)
    for measure in measures:
        strata = dict.fromkeys(each.stratum for each in every if each.measure == measure)
        adjusted = [row for stratum in strata for row in _rows(found, stratum, short=rows > MOST)]
        if len(strata) > 1:
            adjusted = _by_design(adjusted)
        adjusted += [row for each in found.designs if each.measure == measure for row in _together(each, analysis)]
        as_they_stand.add(card, analysis, measure, adjusted)
    for each in found.weights:
        if each.small_studies_drive:
            card.words("warning", wording.sentence(_warned(each)), style.SMALL, bold=True)
    for note in _notes(found, analysis):
        card.words("note", wording.sentence(note), style.SMALL, colour=style.GREY)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: BiasAdjusted, analysis: Analysis) -> str:
    """Return what each adjustment makes of the weaker studies, in one sentence."""
    every: list[Weighted | DesignBias | Elicited] = [*found.designs, *found.elicited, *found.weights]
    strata = dict.fromkeys(each.stratum for each in every)
    return wording.sentence("; ".join(_said(found, stratum, analysis.level) for stratum in strata))


def _rows(found: BiasAdjusted, stratum: str, *, short: bool) -> list[CardRow]:
    rows: list[CardRow] = []
    for weighted in _of(found.weights, stratum):
        rows += _weighted(weighted, short=short)
    for design in _of(found.designs, stratum):
        rows += _design(design, short=short)
    for elicited in _of(found.elicited, stratum):
        rows.append(
            CardRow(
                heading="Typed biases",
                label=f"by {wording.listed(elicited.assessors)}",
                detail=f"{len(elicited.studies)} of {elicited.k} studies",
                estimate=elicited.estimate,
                ci=elicited.ci,
                stratum=stratum,
            )
        )
    return rows


def _together(design: DesignBias, analysis: Analysis) -> list[CardRow]:
    """Return the row that puts two designs together, where there is one."""
    if design.together is None:
        return []
    both = sum(synthesis.k > 0 for synthesis in analysis.strata) == 2
    named = "all designs together" if both else f"{plural(design.against)} and {plural(design.stratum)}"
    return [
        CardRow(
            heading="Designs together",
            label=f"{named}, after adjustment",
            detail=f"{wording.percent(100 * design.share)} of it {STRATA[design.stratum].label.lower()}",
            estimate=design.together.estimate,
            ci=design.together.ci,
        )
    ]


def _by_design(rows: list[CardRow]) -> list[CardRow]:
    """Return rows with the name of the design over the first of each, in place of what is done to it."""
    named = []
    for i, row in enumerate(rows):
        first = not i or rows[i - 1].stratum != row.stratum
        named.append(replace(row, heading=STRATA[row.stratum].label if first else ""))
    return named


def _weighted(weighted: Weighted, *, short: bool) -> list[CardRow]:
    rows = [
        CardRow(
            heading="Other weights",
            label="by size alone (IVhet)",
            estimate=weighted.ivhet,
            ci=weighted.ivhet_ci,
            stratum=weighted.stratum,
        )
    ]
    if weighted.quality is not None and not short:
        rows.append(
            CardRow(
                label="by size and grade",
                detail="quality effects",
                estimate=weighted.quality,
                ci=weighted.quality_ci,
                stratum=weighted.stratum,
            )
        )
    return rows


def _design(design: DesignBias, *, short: bool) -> list[CardRow]:
    rows = [_assumed(design.assumed[0], design.stratum, "Published bias", "average of other topics")]
    others = [each for each in design.assumed if each.name in SAID and not (short and each.name != HIGH)]
    for each in sorted(others, key=lambda other: other.ratio):
        heading = "Assumed biases" if len(rows) == 1 else ""
        rows.append(_assumed(each, design.stratum, heading, SAID[each.name]))
    return rows


def _assumed(each: AssumedBias, stratum: str, heading: str, detail: str) -> CardRow:
    return CardRow(
        heading=heading,
        label=f"divided by {wording.ratio(each.ratio)}",
        detail=detail,
        estimate=each.estimate,
        ci=each.ci,
        stratum=stratum,
        pooled=each.name == PUBLISHED,
    )


def _warned(each: Weighted) -> str:
    random, by_size = (wording.printed(each.measure, x) for x in (each.random, each.ivhet))
    return (
        f"small studies drive the result of the {plural(each.stratum)}, {random} with random effects and {by_size} "
        "with weights by size alone"
    )


def _notes(found: BiasAdjusted, analysis: Analysis) -> list[str]:
    here = [synthesis.stratum for synthesis in analysis.strata if synthesis.k]
    notes = [
        f"published bias of {plural(each.stratum)} against {plural(each.against)}: {each.published.what} "
        f"({each.published.source})"
        for each in found.designs
    ]
    notes += [
        f"designs not put together: {each.not_together}"
        for each in found.designs
        if each.not_together and each.against in here
    ]
    one_grade = [each for each in found.weights if each.quality is None]
    notes += [
        f"all {plural(each.stratum)} have grade {next(iter(each.grades))}: weights by grade change nothing"
        for each in one_grade
    ]
    return [*notes, *found.notes]


def _said(found: BiasAdjusted, stratum: str, level: float) -> str:
    """Return what becomes of one stratum, in words."""
    measure, before, ci = _before(found, stratum)
    parts = [f"{plural(stratum)} give {wording.full_effect(measure, before, ci, level)} as they stand"]
    for design in _of(found.designs, stratum):
        at = design.assumed[0]
        others = sorted(each.estimate for each in design.assumed)
        low, high = (wording.printed(design.measure, x) for x in (others[0], others[-1]))
        parts.append(
            f"{wording.effect(design.measure, at.estimate, at.ci)} when divided by the published average bias of "
            f"{wording.ratio(at.ratio)}, between {low} and {high} for the biases assumed"
        )
    for elicited in _of(found.elicited, stratum):
        parts.append(
            f"{wording.effect(elicited.measure, elicited.estimate, elicited.ci)} without the biases that the reviewers "
            "expect"
        )
    for weighted in _of(found.weights, stratum):
        parts.append(
            f"{wording.effect(weighted.measure, weighted.ivhet, weighted.ivhet_ci)} with weights by size alone"
        )
    return wording.listed(parts)


def _before(found: BiasAdjusted, stratum: str) -> tuple[str, float, Interval]:
    """Return measure, pooled effect and interval of a stratum as it stands."""
    for weighted in _of(found.weights, stratum):
        return weighted.measure, weighted.random, weighted.random_ci
    others: list[DesignBias | Elicited] = [*_of(found.designs, stratum), *_of(found.elicited, stratum)]
    return others[0].measure, others[0].before, others[0].before_ci


def _of(found: Iterable[T], stratum: str) -> list[T]:
    return [each for each in found if each.stratum == stratum]
