"""What every question about the gap between designs is asked of: one analysis, its rows, its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from metaan.pooling.difference import not_comparable
from metaan.pooling.select import Candidate, Selection
from metaan.pooling.strata import shared_cohorts
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Pooled, Synthesis
from metaan.workbook.protocol import AnalysisPlan, Protocol
from metaan.workbook.read import Extraction

if TYPE_CHECKING:
    from metaan.pooling.kernel import Floats

#: designs whose results the methods question, and those they are held against
WEAKER = frozenset(["treatment_cohort", "case_control", "cross_sectional"])
STRONGER = frozenset(["trial", "prospective"])


@dataclass(frozen=True, kw_only=True)
class Given:
    """One analysis with all that its robustness draws on."""

    analysis: Analysis
    plan: AnalysisPlan
    protocol: Protocol
    extraction: Extraction
    selection: Selection  #: rows of the Effects sheet on the question, by stratum
    rows: tuple[Candidate, ...]  #: every row of the Effects sheet

    def settings(self, method: str) -> Mapping[str, Any]:
        """Return what the protocol says of a method: for the whole review, and over it for this analysis."""
        return {**self.protocol.between.get(method, {}), **self.plan.between.get(method, {})}

    def wanted(self, method: str) -> bool:
        """Tell whether the protocol leaves a method in."""
        return method not in (*self.protocol.between.get("leave_out", ()), *self.plan.between.get("leave_out", ()))

    @cached_property
    def strata(self) -> tuple[Synthesis, ...]:
        """Strata with a study in the main pool, strongest first."""
        return tuple(synthesis for synthesis in self.analysis.strata if synthesis.k)

    @property
    def weaker(self) -> tuple[Synthesis, ...]:
        """Strata that the methods question."""
        return tuple(synthesis for synthesis in self.strata if synthesis.stratum in WEAKER)

    @property
    def stronger(self) -> tuple[Synthesis, ...]:
        """Strata that the others are held against."""
        return tuple(synthesis for synthesis in self.strata if synthesis.stratum in STRONGER)

    @cached_property
    def cohorts(self) -> Mapping[str, str]:
        """Study -> study whose people it may share, itself where it shares none."""
        return shared_cohorts(row for rows in self.selection.inside.values() for row in rows)

    def comparable(self, stronger: Synthesis, weaker: Synthesis) -> str:
        """Return why two strata cannot be set against each other as numbers; empty where they can."""
        return not_comparable(stronger, weaker, self.cohorts, self.protocol.people["many"])

    def pairs(self) -> Iterator[tuple[Synthesis, Synthesis]]:
        """Yield a stronger and a weaker stratum on one measure that share no people."""
        for stronger in self.stronger:
            for weaker in self.weaker:
                if not self.comparable(stronger, weaker):
                    yield stronger, weaker

    def why_no_pair(self) -> str:
        """Return why `pairs` yields nothing, in words."""
        if not self.stronger or not self.weaker:
            return "one kind of design only"
        return "; ".join(dict.fromkeys(self.comparable(s, w) for s in self.stronger for w in self.weaker))


def arrays(synthesis: Synthesis) -> "tuple[Floats, Floats]":
    """Return effects and sampling variances of the main pool of a stratum, each of shape (k,), working scale."""
    import numpy as np

    y = np.array([estimate.effect.y for estimate in synthesis.estimates])
    return y, np.array([estimate.effect.v for estimate in synthesis.estimates])


def model_of(given: Given, k: int) -> dict[str, Any]:
    """Return the settings of `pool` by which the analysis pools `k` studies."""
    model = {**given.plan.model, "level": given.protocol.level}
    if k == 2 and model["interval"] == "mKH":
        model["interval"] = "Wald"  # as it is drawn; see pooling.strata
    return model


def refit(given: Given, synthesis: Synthesis, **changes: Any) -> Pooled:
    """Return the main pool of a stratum pooled by the analysis' model, some of its settings changed."""
    from metaan.pooling.pool import pool

    return pool(*arrays(synthesis), **{**model_of(given, synthesis.k), **changes})


def plural(stratum: str) -> str:
    """Return what the studies of a stratum are called: "trials", "case-control studies"."""
    label = STRATA[stratum].label.lower()
    return label if label.endswith("s") else f"{label} studies"
