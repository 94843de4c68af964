"""The unadjusted strata, which stay on top of every figure that questions them."""

from metaan.figures.between.card import Card, CardRow
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Synthesis


def rows(analysis: Analysis, measure: str) -> list[CardRow]:
    """Return one row a stratum on a measure, strongest design first, as the report has it."""
    return [_row(s) for s in analysis.strata if s.measure == measure and (s.pooled is not None or s.k == 1)]


def add(card: Card, analysis: Analysis, measure: str, adjusted: list[CardRow]) -> None:
    """Draw the strata on a measure as they stand, and under them on the same axis what became of them."""
    found = [s.small for s in analysis.strata if s.measure == measure and s.small is not None]
    words: dict[str, str] = dict(analysis.words)
    for synthesis in analysis.strata:
        if synthesis.measure == measure:
            words.update(synthesis.words)
    card.measure(measure)
    card.effects(
        measure,
        [*rows(analysis, measure), *adjusted],
        small=found[0] if found else None,
        directions=(words.get("low", ""), words.get("high", "")),
    )


def _row(synthesis: Synthesis) -> CardRow:
    label = STRATA[synthesis.stratum].label
    detail = wording.count(synthesis.k, "study", "studies")
    if synthesis.pooled is not None:
        pooled = synthesis.pooled
        return CardRow(
            label=label, detail=detail, estimate=pooled.estimate, ci=pooled.ci, stratum=synthesis.stratum, pooled=True
        )
    only = synthesis.estimates[0]
    return CardRow(
        label=label, detail=detail, estimate=only.effect.y, ci=only.ci, stratum=synthesis.stratum, pooled=False
    )
