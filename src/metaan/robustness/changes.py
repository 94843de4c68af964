"""What another version of one row does to its effect and to the pooled result: every change on its own."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from metaan.design.grade import grade_all
from metaan.effects.compute import compute
from metaan.pooling.select import Candidate, candidates, select
from metaan.pooling.strata import pool_stratum, small_effect
from metaan.robustness.standing import ENOUGH, standing
from metaan.terms.records import Effect, Estimate, Grade, Interval, Pooled, Record
from metaan.workbook.protocol import AnalysisPlan, Protocol, StratumPlan
from metaan.workbook.read import Extraction, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand(Record):
    """The result of one stratum, on the working scale."""

    k: int
    estimate: float  #: NaN without a study; the study's own where there is one
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Record):
    """What one change does to one stratum of one analysis."""

    row_id: str  #: effect_id or design_id
    analysis: str
    stratum: str
    measure: str
    before: Effect | None  #: None where the row is not in the main pool; always None for a row of Design
    after: Effect | None
    pooled_before: Stand
    pooled_after: Stand
    shift: float  #: of the estimate, in half widths of the interval before; NaN where either has none
    changes: bool  #: the conclusion, or that there is a result at all


def as_version_of(row_a: Row, row_b: Row) -> Row:
    """Return another version of a row in its place: its workbook, number and names, the other's remaining cells."""
    own = {name: row_a.values[name] for name in ("effect_id", "design_id", "study_id") if name in row_a.values}
    names = own if row_a.sheet == "Effects" else {name: own[name] for name in own if name != "effect_id"}
    return replace(row_a, values={**row_b.values, **names})


def effects_of_changes(
    protocol: Protocol, extraction: Extraction, changed: Sequence[Row], left_out: Collection[str] = ()
) -> tuple[Changed, ...]:
    """Return what each change does, while the rest of the workbook stays as it is.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
    changed : sequence of Row
        Rows of Effects or Design. Each takes the place of the row of the same name; a row of Effects whose name stands
        nowhere is added.
    left_out : collection of str
        effect_ids, each taken out in turn.

    Returns
    -------
    tuple of Changed
        For each change the strata in which it plays a part, in the order of the changes and of the protocol.
    """
    base = _Versions(protocol, extraction)
    found: list[Changed] = []
    for row in changed:
        found += base.compare(row)
    known = {row["effect_id"] for row in extraction.sheet("Effects")}
    for effect_id in left_out:
        if effect_id in known:
            found += base.compare_without(effect_id)
    return tuple(found)


class _Versions:
    """The workbook as it is, and with one row changed."""

    def __init__(self, protocol: Protocol, extraction: Extraction) -> None:
        self.protocol, self.extraction = protocol, extraction
        self.grades = self._graded(extraction)
        self.rows = candidates(extraction, protocol.layout, self.grades)
        self.designs = {design["design_id"] for design in extraction.sheet("Design")}
        self.results: dict[tuple[str, str], tuple[tuple[Estimate, ...], Pooled | None]] = {}
        self.pools = {
            (plan.id, stratum.stratum): inside
            for plan in protocol.analyses
            for stratum, inside in _inside(self.rows, plan)
        }

    def _graded(self, extraction: Extraction) -> dict[str, Grade]:
        return {grade.design_id: grade for grade in grade_all(extraction, self.protocol)}

    def compare(self, row: Row) -> list[Changed]:
        if row.sheet == "Effects":
            rows = self._with_effect(row)
            return self._strata(row["effect_id"], rows, effect_id=row["effect_id"])
        if row.sheet != "Design":
            return []
        designs = [row if old["design_id"] == row["design_id"] else old for old in self.extraction.sheet("Design")]
        other = replace(self.extraction, rows={**self.extraction.rows, "Design": tuple(designs)})
        rows = candidates(other, self.protocol.layout, self._graded(other))
        return self._strata(row["design_id"], rows, design_id=row["design_id"])

    def _with_effect(self, row: Row) -> tuple[Candidate, ...]:
        if row["design_id"] not in self.designs:
            return self.rows
        one = replace(self.extraction, rows={**self.extraction.rows, "Effects": (row,)})
        (new,) = candidates(one, self.protocol.layout, self.grades)
        name = row["effect_id"]
        if any(old.row["effect_id"] == name for old in self.rows):
            return tuple(new if old.row["effect_id"] == name else old for old in self.rows)
        return (*self.rows, new)

    def compare_without(self, effect_id: str) -> list[Changed]:
        rows = tuple(row for row in self.rows if row.row["effect_id"] != effect_id)
        return self._strata(effect_id, rows, effect_id=effect_id)

    def _strata(
        self, row_id: str, rows: tuple[Candidate, ...], *, effect_id: str = "", design_id: str = ""
    ) -> list[Changed]:
        found = []
        for plan in self.protocol.analyses:
            for stratum, inside in _inside(rows, plan):
                was = self.pools[plan.id, stratum.stratum]
                if not any(
                    row.row["effect_id"] == effect_id or row.design["design_id"] == design_id for row in (*was, *inside)
                ):
                    continue
                change = self._compared(row_id, effect_id, plan, stratum, was, inside)
                if change is not None:
                    found.append(change)
        return found

    def _compared(
        self,
        row_id: str,
        effect_id: str,
        plan: AnalysisPlan,
        stratum: StratumPlan,
        was: Sequence[Candidate],
        inside: Sequence[Candidate],
    ) -> Changed | None:
        if (plan.id, stratum.stratum) not in self.results:
            self.results[plan.id, stratum.stratum] = self._pooled(stratum, plan, was)
        old, new = self.results[plan.id, stratum.stratum], self._pooled(stratum, plan, inside)
        before = self._effect(effect_id, stratum, was, old[0])
        after = self._effect(effect_id, stratum, inside, new[0])
        pooled_before, pooled_after = _stand(*old), _stand(*new)
        if before is None and after is None and pooled_before == pooled_after:
            return None
        half = (pooled_before.high - pooled_before.low) / 2
        shift = (pooled_after.estimate - pooled_before.estimate) / half if half > 0 else math.nan
        small = small_effect(stratum.measure, plan, self.protocol)
        return Changed(
            row_id=row_id,
            analysis=plan.id,
            stratum=stratum.stratum,
            measure=stratum.measure,
            before=before,
            after=after,
            pooled_before=pooled_before,
            pooled_after=pooled_after,
            shift=shift,
            changes=_conclusion(pooled_before, small) != _conclusion(pooled_after, small),
        )

    def _pooled(
        self, stratum: StratumPlan, plan: AnalysisPlan, rows: Sequence[Candidate]
    ) -> tuple[tuple[Estimate, ...], Pooled | None]:
        sound = [row for row in rows if not _impossible(row, stratum)]
        return pool_stratum(stratum, plan, self.protocol, sound)

    def _effect(
        self, effect_id: str, stratum: StratumPlan, rows: Sequence[Candidate], main: Sequence[Estimate]
    ) -> Effect | None:
        """Return the effect of the row that changes, where it is pooled or gives none; None where it plays no part."""
        pooled = next((estimate.effect for estimate in main if estimate.effect_id == effect_id), None)
        row = next((row for row in rows if row.row["effect_id"] == effect_id), None)
        if pooled is not None or row is None:
            return pooled
        why = _impossible(row, stratum)
        if why:
            return Effect(effect_id=effect_id, measure=stratum.measure, y=math.nan, v=math.nan, path=(), missing=why)
        found = _computed(row, stratum)
        return found if found.missing else None


def _inside(rows: tuple[Candidate, ...], plan: AnalysisPlan) -> list[tuple[StratumPlan, tuple[Candidate, ...]]]:
    inside: Mapping[str, tuple[Candidate, ...]] = select(rows, plan).inside
    return [(stratum, inside[stratum.stratum]) for stratum in plan.strata]


def _computed(row: Candidate, stratum: StratumPlan) -> Effect:
    return compute(row.values, stratum.measure, allowed=stratum.conversions, odds_only=row.by_outcome)


def _impossible(row: Candidate, stratum: StratumPlan) -> str:
    """Return why the numbers of a row cannot be, which the checks refuse; empty where they can."""
    try:
        _computed(row, stratum)
    except ValueError as error:
        return str(error)
    return ""


def _stand(main: Sequence[Estimate], pooled: Pooled | None) -> Stand:
    if pooled is not None:
        return Stand(k=pooled.k, estimate=pooled.estimate, low=pooled.ci.low, high=pooled.ci.high)
    if len(main) == 1:
        only = main[0]
        return Stand(k=1, estimate=only.effect.y, low=only.ci.low, high=only.ci.high)
    return Stand(k=0, estimate=math.nan, low=math.nan, high=math.nan)


def _conclusion(stand: Stand, small: Interval | None) -> tuple[bool, int]:
    code = int(standing(stand.low, stand.high, small)) if stand.k >= ENOUGH else 0
    return stand.k > 0, code
