"""What a check is: its id, how much it weighs, what it tests, and what keeps it from firing on rounding alone."""

from dataclasses import dataclass

from metaan.terms.finding import Level

E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    id: str
    levels: tuple[Level, ...]  #: that its findings may have; the first unless a finding says otherwise
    layer: str  #: of `LAYERS`
    title: str
    test: str  #: what exactly is compared
    spares: str = ""  #: what keeps it from firing where nothing is wrong
    source: str = ""

    @property
    def confirmable(self) -> bool:
        """Whether reviewers may confirm a finding on the sheet Overrides; what stops the review must be mended."""
        return W in self.levels


LAYERS = {
    "file": "the file and its sheets",
    "cell": "single cells",
    "row": "cells of one row against each other",
    "rows": "rows against each other",
    "review": "the review as a whole",
    "quality": "answers of quality tools, decisions on certainty, and biases expected",
    "fit": "the pooled results",
}


def entry(id: str, levels: Level | tuple[Level, ...], layer: str, title: str, test: str, **more: str) -> Check:
    """Return a check; its first level is that of a finding unless the finding says otherwise."""
    return Check(
        id=id, levels=levels if isinstance(levels, tuple) else (levels,), layer=layer, title=title, test=test, **more
    )
