"""One analysis: its rows in their strata, one synthesis a stratum, and every row accounted for."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from metaan.effects.compute import compute
from metaan.pooling.difference import differences
from metaan.pooling.display import groups, people, says
from metaan.pooling.pool import pool
from metaan.pooling.select import Candidate, Selection
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES, POOLED
from metaan.terms.phrases import TRUSTED
from metaan.terms.records import (
    Analysis,
    Beside,
    Effect,
    Estimate,
    Interval,
    Ledger,
    LeftOut,
    OnCommonScale,
    Pooled,
    RiskClass,
    Sensitivity,
    Synthesis,
)
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import AnalysisPlan, Protocol, SensitivityPlan, StratumPlan

TWO_STUDIES = "Two studies: no method gives a trustworthy interval."
SAME_PEOPLE = "Same {people}: difference not tested."


#: name of a synthesis of better grades alone -> those grades, strictest first
GRADES_ONLY = {"Grades A and B only": "AB", "Grades A to C": "ABC"}


class Unbalanced(Exception):  # noqa: N818 - says what is the case
    """Rows typed are not rows pooled plus rows left out: the run must stop."""


def analyse(selection: Selection, plan: AnalysisPlan, protocol: Protocol) -> Analysis:
    """Compute, pool and account for one analysis.

    Raises
    ------
    Unbalanced
        A row is neither pooled nor left out with a reason.
    """
    ordered = sorted(plan.strata, key=lambda stratum: STRATA[stratum.stratum].strength)
    left_out: list[LeftOut] = [_unplanned(row, plan) for row in selection.unplanned]
    strata: list[Synthesis] = []
    beside: list[Beside] = []
    for stratum in ordered:
        rows = selection.inside[stratum.stratum]
        sorted_rows = _Sorted(stratum, protocol, rows)
        left_out += sorted_rows.left_out
        strata.append(_synthesis(stratum, plan, protocol, sorted_rows.main, sorted_rows.others))
        beside += _beside(stratum, rows)
    ledger = Ledger(
        typed=sum(map(len, selection.inside.values()))
        + len(selection.unplanned)
        + sum(map(len, selection.outside.values())),
        outside={column: len(rows) for column, rows in selection.outside.items()},
        left_out=_tally(left_out),
        pooled=sum(len(synthesis.estimates) for synthesis in strata),
    )
    if not ledger.balanced:
        raise Unbalanced(f"{protocol.review}, {plan.id}: {ledger}")
    everyone = {row.row["effect_id"]: row for rows in selection.inside.values() for row in rows}
    return Analysis(
        review=protocol.review,
        id=plan.id,
        title=plan.title,
        question=plan.question,
        factor_kind=_common(everyone.values(), "factor_kind"),
        outcome_good=_common(everyone.values(), "outcome_good") == "yes",
        words={**plan.words, "people": protocol.people["many"]},
        strata=tuple(strata),
        differences=differences(strata, shared_cohorts(everyone.values()), protocol),
        common_scale=_common_scale(plan, protocol, strata, everyone),
        beside=tuple(beside),
        left_out=tuple(left_out),
        ledger=ledger,
        no_bottom_line=plan.no_bottom_line,
        remarks=plan.remarks,
        level=protocol.level,
    )


def pool_stratum(
    stratum: StratumPlan, plan: AnalysisPlan, protocol: Protocol, rows: Sequence[Candidate]
) -> tuple[tuple[Estimate, ...], Pooled | None]:
    """Return the main pool of one stratum and its synthesis, without anything else an analysis says."""
    main = _Sorted(stratum, protocol, rows).main
    return tuple(main), _pool(main, plan.model, protocol.level)[0]


def _tally(left_out: Sequence[LeftOut]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in left_out:
        counts[item.kind] = counts.get(item.kind, 0) + 1
    return counts


def _common(rows: Any, column: str) -> str:
    """Return the word most rows have."""
    words = [row[column] for row in rows]
    return max(sorted(set(words)), key=words.count) if words else ""


def _unplanned(row: Candidate, plan: AnalysisPlan) -> LeftOut:
    stratum = STRATA[row.grade.stratum]
    pooled = wording.listed([STRATA[s.stratum].label.lower() for s in plan.strata])
    why = "shown as evidence on what goes together, never pooled as an effect" if not stratum.pooled else ""
    return _left_out(row, "stratum", why or f"{stratum.label.lower()}: this analysis pools {pooled} comparisons")


def _left_out(row: Candidate, kind: str, reason: str) -> LeftOut:
    return LeftOut(
        effect_id=row.row["effect_id"],
        study_id=row.study["study_id"],
        label=row.label,
        stratum=row.grade.stratum,
        kind=kind,
        reason=reason,
        source=row.source,
        says=says(row.values),
    )


class _Sorted:
    """Rows of one stratum: pooled, kept for sensitivity analyses, left out."""

    def __init__(self, stratum: StratumPlan, protocol: Protocol, rows: Sequence[Candidate]) -> None:
        self.main: list[Estimate] = []
        self.others: list[Estimate] = []
        self.left_out: list[LeftOut] = []
        self.stratum = stratum
        self.level = protocol.level
        self.taken: dict[str, str] = {}
        main_rows = {row.study["study_id"]: row.row["effect_id"] for row in rows if row.row["priority"] == "main"}
        for row in rows:
            self._sort(row, main_rows)

    def _sort(self, row: Candidate, main_rows: Mapping[str, str]) -> None:
        if row.row["flag"] == "exclude":
            self._leave(row, "flagged", f"left out by the reviewers: {row.row.answer('flag_reason')}")
            return
        effect = compute(
            row.values,
            self.stratum.measure,
            allowed=self.stratum.conversions,
            odds_only=row.by_outcome,
        )
        if effect.missing:
            self._leave(row, self._kind(row), effect.missing)
            return
        priority = row.row["priority"]
        if priority == "secondary":
            main = main_rows.get(row.study["study_id"])
            why = f"another row of this study is its main one here ({main})" if main else "not the study's main result"
            self._leave(row, "priority", why)
            return
        source = row.source
        if source.kind == "second_hand" and not (source.doi or source.pmid):
            self._leave(row, "source", "read second-hand, and the source has no DOI or PubMed number")
            return
        if priority == "sensitivity" or effect.skewed:
            self._leave_for_sensitivity(row, effect)
            return
        earlier = self.taken.get(row.study["study_id"])
        if earlier:
            why = f"a second main row of this study ({earlier} is pooled): one of the two must be secondary"
            self._leave(row, "priority", why)
            return
        self.taken[row.study["study_id"]] = row.row["effect_id"]
        self.main.append(self._estimate(row, effect, "main"))

    def _kind(self, row: Candidate) -> str:
        """Return why a row gives no effect here: its form never does, numbers lack, or they are on another scale."""
        if not FORMS[row.row["form"]].computable:
            return "form"
        usable = any(
            not compute(row.values, measure, allowed=self.stratum.conversions).missing
            for measure in POOLED
            if measure != "RD"  # a table without events gives a difference of 0, which says nothing on another scale
        )
        return "other_scale" if usable else "no_numbers"

    def _leave(self, row: Candidate, kind: str, reason: str) -> None:
        query = row.row.answer("flag_reason") if row.row["flag"] == "query_author" else ""
        self.left_out.append(_left_out(row, kind, f"{reason}; {query}" if query else reason))

    def _leave_for_sensitivity(self, row: Candidate, effect: Effect) -> None:
        if effect.skewed:
            reason = "the medians fail the test for skewness: in sensitivity analyses only"
        else:
            reason = "in sensitivity analyses only"
        note = row.row.answer("flag_reason") or row.row.answer("derivation_note")
        self._leave(row, "sensitivity", f"{reason}{': ' + note if note else ''}")
        self.others.append(self._estimate(row, effect, "sensitivity"))

    def _estimate(self, row: Candidate, effect: Effect, role: str) -> Estimate:
        half = NormalDist().inv_cdf(0.5 + self.level / 2) * math.sqrt(effect.v)
        group1, group2 = groups(row, case_control=row.grade.stratum == "case_control")
        return Estimate(
            effect_id=row.row["effect_id"],
            study_id=row.study["study_id"],
            design_id=row.design["design_id"],
            label=row.label,
            year=row.study["year"],
            note=row.design["contrast"],
            grade=row.grade,
            group1=group1,
            group2=group2,
            people=people(row),
            effect=effect,
            ci=Interval(effect.y - half, effect.y + half),
            weight=None,
            source=row.source,
            role=role,
        )


def _synthesis(
    stratum: StratumPlan,
    plan: AnalysisPlan,
    protocol: Protocol,
    main: Sequence[Estimate],
    others: Sequence[Estimate],
) -> Synthesis:
    pooled, also, remarks = _pool(main, plan.model, protocol.level)
    weights = pooled.weights if pooled else ([100.0] if len(main) == 1 else [])
    estimates = tuple(replace(e, weight=w) for e, w in zip(main, weights, strict=True))
    counts = [e.people for e in estimates]
    return Synthesis(
        stratum=stratum.stratum,
        measure=stratum.measure,
        k=len(estimates),
        people=sum(c for c in counts if c is not None) if counts and None not in counts else None,
        estimates=estimates,
        others=tuple(others),
        pooled=pooled,
        also=also,
        remarks=remarks,
        sensitivity=_sensitivities(plan, protocol, estimates, others),
        small=small_effect(stratum.measure, plan, protocol),
        words={key: text for key, text in stratum.words.items() if plan.words.get(key) != text},
    )


def _pool(
    estimates: Sequence[Estimate], model: Mapping[str, str], level: float
) -> tuple[Pooled | None, dict[str, Interval], tuple[str, ...]]:
    """Pool, with the rules for two studies and for a Hartung-Knapp interval narrower than Wald's."""
    if len(estimates) < 2:
        return None, {}, ()
    y = [e.effect.y for e in estimates]
    v = [e.effect.v for e in estimates]

    def fit(interval: str) -> Pooled:
        return pool(y, v, tau2=model["tau2"], interval=interval, prediction=model["prediction"], level=level)

    if len(estimates) == 2 and model["interval"] == "mKH":
        return fit("Wald"), {"mKH": fit("mKH").ci}, (TWO_STUDIES,)
    chosen = fit(model["interval"])
    if len(estimates) == 2:
        return chosen, {}, (TWO_STUDIES,)
    if model["interval"] not in ("mKH", "HK") or model["tau2"] == "EE":
        return chosen, {}, ()
    plain, wald = fit("HK").ci, fit("Wald").ci
    if plain.high - plain.low < wald.high - wald.low:
        remark = (
            "Plain Hartung-Knapp would give a narrower interval than the normal one; the wider, modified one is shown."
        )
        if model["interval"] == "HK":
            remark = "Plain Hartung-Knapp gives a narrower interval than the normal one here: do not lean on it."
        return chosen, {"HK": plain, "Wald": wald}, (remark,)
    return chosen, {}, ()


def small_effect(measure: str, plan: AnalysisPlan, protocol: Protocol) -> Interval | None:
    """Return the limits within which an effect is small, on the working scale; None where the protocol has none."""
    key = {"SMD": "smd", "RD": "risk_difference", "MD": "mean_difference"}.get(measure, "ratio")
    size = plan.small if plan.small is not None else protocol.thresholds.get(key)
    if size is None:
        return None
    working = abs(MEASURES[measure].working(size))
    return Interval(-working, working)


def _sensitivities(
    plan: AnalysisPlan, protocol: Protocol, main: Sequence[Estimate], others: Sequence[Estimate]
) -> tuple[Sensitivity, ...]:
    wanted = [*_by_grade(main), *_without_doubtful(main), *plan.sensitivity]
    converted = tuple(e.effect_id for e in main if e.effect.converted)
    if converted:
        wanted.append(
            SensitivityPlan(
                label="Without converted results",
                why="leaves out what rests on an assumption or another scale",
                left_out=converted,
            )
        )
    found = []
    for entry in wanted:
        added = [e for e in others if {e.effect_id, e.study_id} & set(entry.added)]
        instead = {
            e.study_id for e in added
        }  # the same people count once: the row that is added takes the main one's place
        chosen = [e for e in main if not {e.effect_id, e.study_id} & set(entry.left_out) and e.study_id not in instead]
        chosen += list({e.study_id: e for e in reversed(added)}.values())[::-1]
        if not chosen and entry.label in (TRUSTED, *GRADES_ONLY):
            found.append(
                Sensitivity(label=entry.label, why=f"{entry.why}; no study is left", estimates=(), pooled=None)
            )
        if not chosen or (not entry.model and [e.effect_id for e in chosen] == [e.effect_id for e in main]):
            continue
        if entry.model and len(main) < 2:
            continue
        found.append(_sensitivity(entry, chosen, {**plan.model, **entry.model}, protocol.level))
    return tuple(found)


def _by_grade(main: Sequence[Estimate]) -> list[SensitivityPlan]:
    """Return the syntheses of better grades alone, where they differ; the strictest that leaves no study comes last."""
    wanted = []
    for label, letters in reversed(GRADES_ONLY.items()):
        left_out = tuple(e.effect_id for e in main if e.grade.grade not in letters)
        if left_out:
            why = f"leaves out {wording.count(len(left_out), 'study', 'studies')} of a lower grade"
            wanted.append(SensitivityPlan(label=label, why=why, left_out=left_out))
        if len(left_out) == len(main):
            break
    return wanted


def _without_doubtful(main: Sequence[Estimate]) -> list[SensitivityPlan]:
    """Return the synthesis without studies that may not be trusted; none where nothing speaks against any."""
    doubtful = [e for e in main if e.grade.doubt]
    if not doubtful:
        return []
    named = wording.listed([f"{e.label} ({e.grade.doubt})" for e in doubtful])
    return [SensitivityPlan(label=TRUSTED, why=f"in doubt: {named}", left_out=tuple(e.effect_id for e in doubtful))]


def _sensitivity(
    entry: SensitivityPlan, chosen: Sequence[Estimate], model: Mapping[str, str], level: float
) -> Sensitivity:
    pooled, _, _ = _pool(chosen, model, level)
    single = chosen[0] if len(chosen) == 1 else None
    return Sensitivity(
        label=entry.label,
        why=entry.why,
        estimates=tuple(e.effect_id for e in chosen),
        pooled=pooled,
        single=single.ci if single else None,
        estimate=pooled.estimate if pooled else single.effect.y if single else math.nan,
    )


def shared_cohorts(rows: Iterable[Candidate]) -> dict[str, str]:
    """Return study -> cohort, where a study names another whose people it may share."""
    return {row.study["study_id"]: row.study.answer("same_cohort_as") or row.study["study_id"] for row in rows}


def _common_scale(
    plan: AnalysisPlan, protocol: Protocol, strata: Sequence[Synthesis], rows: Mapping[str, Candidate]
) -> tuple[OnCommonScale, ...]:
    if plan.common_scale is None:
        return ()
    wanted = plan.common_scale
    half = NormalDist().inv_cdf(0.5 + protocol.level / 2)
    found = []
    for study in wanted.studies:
        pairs = [(s.stratum, e) for s in strata for e in (*s.estimates, *s.others) if e.study_id == study]
        effects = [
            (stratum, e, compute(rows[e.effect_id].values, wanted.measure, allowed=wanted.conversions))
            for stratum, e in pairs
        ]
        usable = [(stratum, e, effect) for stratum, e, effect in effects if not effect.missing]
        if len(usable) < 2:
            continue
        found.append(
            OnCommonScale(
                study_id=study,
                label=usable[0][1].label,
                measure=wanted.measure,
                strata=tuple(stratum for stratum, _, _ in usable),
                effects=tuple(effect for _, _, effect in usable),
                intervals=tuple(
                    Interval(f.y - half * math.sqrt(f.v), f.y + half * math.sqrt(f.v)) for _, _, f in usable
                ),
                remark=SAME_PEOPLE.format(people=protocol.people["many"]),
            )
        )
    return tuple(found)


def _beside(stratum: StratumPlan, rows: Sequence[Candidate]) -> list[Beside]:
    """Return the studies that give risks by class without class sizes, with the bounds that hold for any sizes.

    The risk outside the top class lies between the smallest and the largest of the other classes, whatever their
    sizes, so the ratio of the top class to the rest lies between top / largest and top / smallest.
    """
    by_result: dict[tuple[str, ...], list[Candidate]] = {}
    for row in rows:
        if row.row["form"] == "risk_only" and row.row["flag"] != "exclude":
            same = tuple(row[name] for name in ("study_id", "design_id", "outcome", "marker", "timepoint", "subgroup"))
            by_result.setdefault(same, []).append(row)
    found = []
    for (study, *_), classes in by_result.items():
        ordered = sorted(classes, key=lambda row: (row.values["class_low"] is None, row.values["class_low"] or 0.0))
        risks = [float(row.values["risk_pct"]) for row in ordered]
        rest, top = risks[:-1], risks[-1]
        known = all(row.values["class_low"] is not None for row in ordered) and _apart(ordered)
        bounds = Interval(top / max(rest), top / min(rest)) if known and rest and min(rest) > 0 else None
        found.append(
            Beside(
                study_id=study,
                label=ordered[0].label,
                stratum=stratum.stratum,
                people=people(ordered[0]),
                classes=tuple(
                    RiskClass(label=row.row["class_label"], risk=risk, cell=row.row.cell("risk_pct"))
                    for row, risk in zip(ordered, risks, strict=True)
                ),
                bounds=bounds,
                source=ordered[0].source,
            )
        )
    return found


def _apart(classes: Sequence[Candidate]) -> bool:
    """Whether classes in ascending order do not overlap."""
    edges = [(row.values["class_low"], row.values["class_high"]) for row in classes]
    return all(high is None or high <= low for (_, high), (low, _) in pairwise(edges))
