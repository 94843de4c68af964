"""Strata as they stand and what became of them, one panel for each measure, since scales share no axis."""

from collections.abc import Iterable, Sequence

from metaan.figures.between import as_they_stand
from metaan.figures.between.card import Card, CardRow
from metaan.terms.records import Analysis


def draw(card: Card, analysis: Analysis, adjusted: Iterable[tuple[str, Sequence[CardRow]]]) -> None:
    """Draw adjusted rows under the unadjusted strata of their measure, on one axis.

    Parameters
    ----------
    card : Card
        Where to draw.
    analysis : Analysis
        Whose strata they are.
    adjusted : iterable of pairs
        Measure and rows, from top to bottom within a measure; a measure without rows has no panel.
    """
    panels: dict[str, list[CardRow]] = {}
    for measure, rows in adjusted:
        if rows:
            panels.setdefault(measure, []).extend(rows)
    for measure, rows in panels.items():
        as_they_stand.add(card, analysis, measure, rows)
        card.y += 4
