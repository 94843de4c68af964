"""One body of evidence - a stratum of an analysis - as the domains look at it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from metaan.pooling.counted import whole
from metaan.pooling.pool import pool
from metaan.terms import wording
from metaan.terms.records import Analysis, Estimate, Interval, Source, Synthesis
from metaan.workbook.protocol import AnalysisPlan, Protocol
from metaan.workbook.read import Extraction, Row

HALF, MOST = 50.0, 80.0  #: percent of the weight


class Proposal(NamedTuple):
    """What the rule of one domain proposes."""

    step: int | None  #: None: not assessable
    best: int | None  #: with every fact that is not reported favourable; never below `step`
    because: str
    inputs: dict[str, Any]
    short: str = ""  #: the reason in a few words


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One stratum with all that the rules ask for."""

    analysis: Analysis
    synthesis: Synthesis
    plan: AnalysisPlan
    protocol: Protocol
    rows: Mapping[str, Mapping[str, Row]]  #: sheet -> key -> row: Studies, Design, Effects

    @property
    def k(self) -> int:
        """Studies pooled."""
        return self.synthesis.k

    @property
    def estimate(self) -> float:
        """Pooled effect, or that of the one study, on the working scale."""
        pooled = self.synthesis.pooled
        return pooled.estimate if pooled is not None else self.synthesis.estimates[0].effect.y

    @property
    def ci(self) -> Interval:
        """Interval of `estimate`."""
        pooled = self.synthesis.pooled
        return pooled.ci if pooled is not None else self.synthesis.estimates[0].ci

    def share(self, of: Collection[str]) -> float:
        """Return the weight of some effect ids, percent."""
        return sum(e.weight or 0.0 for e in self.synthesis.estimates if e.effect_id in of)

    def without(self, left_out: Collection[str]) -> float | None:
        """Return the effect pooled without some effect ids; None where nothing or everything is left."""
        kept = [e for e in self.synthesis.estimates if e.effect_id not in left_out]
        if not kept or len(kept) == self.k:
            return None
        y, v = [e.effect.y for e in kept], [e.effect.v for e in kept]
        found = pool(y, v, tau2=self.plan.model["tau2"], interval="Wald", prediction=None, tau2_interval=None)
        return float(found.estimate)

    def side(self, effect: float) -> int:
        """Return -1, 0, 1: below, inside, above the limits of a small effect; below or above none without limits."""
        small = self.synthesis.small
        low, high = (small.low, small.high) if small is not None else (0.0, 0.0)
        return 1 if effect > high else -1 if effect < low else 0

    def thresholds(self) -> dict[str, float]:
        """Return the null and the limits of a small effect, by name, on the working scale."""
        small = self.synthesis.small
        return {"no effect": 0.0} | (
            {"the lower limit of a small effect": small.low, "the upper limit of a small effect": small.high}
            if small is not None
            else {}
        )

    def fact(self, estimate: Estimate, column: str) -> str:
        """Return the text of a fact of a comparison: of Effects, then Design, then Studies."""
        row = self.rows["Effects"].get(estimate.effect_id)
        if row is not None and column in row.letters:
            return row[column]
        if column in estimate.source.values:
            return estimate.source.values[column]
        for sheet, key in (("Design", estimate.design_id), ("Studies", estimate.study_id)):
            row = self.rows[sheet].get(key)
            if row is not None and column in row.letters and (row[column] or column != "population"):
                return row[column]
        return ""

    def counted(self, estimate: Estimate) -> int | None:
        """Return the people of a comparison: of its row, else those whose outcome is known, else those at risk."""
        if estimate.people is not None or not of_people(estimate.source):
            return estimate.people
        known = (whole(self.fact(estimate, column)) for column in ("n_outcome_known", "n_at_risk"))
        return next((n for n in known if n is not None), None)

    def people(self) -> int | None:
        """Return the people pooled; None where one study does not say."""
        counts = [self.counted(e) for e in self.synthesis.estimates]
        return sum(n for n in counts if n is not None) if counts and None not in counts else None

    def people_at_most(self) -> int | None:
        """Return the people pooled, those enrolled standing in where a study does not say how many were analysed."""
        counts = []
        for estimate in self.synthesis.estimates:
            n = self.counted(estimate)
            if n is None and of_people(estimate.source):
                n = whole(self.fact(estimate, "n_enrolled"))
            counts.append(n)
        return sum(n for n in counts if n is not None) if counts and None not in counts else None

    def said(self, limits: Interval) -> str:
        """Return two limits on the printed scale."""
        return wording.interval(self.synthesis.measure, limits)

    def printed(self, effect: float) -> str:
        """Return an effect on the printed scale."""
        return wording.printed(self.synthesis.measure, effect)

    def of(self, effects: Collection[Estimate]) -> str:
        """Return the names of studies, listed."""
        return wording.listed(list(dict.fromkeys(e.label for e in effects)))


def body(analysis: Analysis, synthesis: Synthesis, protocol: Protocol, extraction: Extraction) -> Body:
    """Return one stratum of an analysis as the domains look at it."""
    return Body(
        analysis=analysis,
        synthesis=synthesis,
        plan=protocol.analysis(analysis.id),
        protocol=protocol,
        rows={
            "Effects": extraction.by_key("Effects", "effect_id"),
            "Design": extraction.by_key("Design", "design_id"),
            "Studies": extraction.by_key("Studies", "study_id"),
        },
    )


def crosses(limits: Interval, value: float) -> bool:
    """Whether a value lies strictly between two limits."""
    return limits.low < value < limits.high


def of_people(source: Source) -> bool:
    """Whether a row counts people, not cycles, embryos and the like."""
    return source.values.get("analysis_unit", "") in ("", "NR", "NA", "woman", "person")


def lowest(*steps: int | None) -> int:
    """Return the lowest of some steps; one that cannot be assessed counts as 0."""
    return min(step or 0 for step in steps)
