"""A marker as a test of the outcome to come: the prospective studies that give counts at a cut-off."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from metaan.pooling.counted import Table, table_of
from metaan.pooling.select import Candidate
from metaan.robustness.between.cutoff_tables import (
    CutOffAccuracy,
    CutOffTable,
    Predicted,
    SummaryPoint,
    around,
    cutoff_table,
    log_ratios,
    predictive_values,
)
from metaan.robustness.between.cutoffs import AtCutOff, CutOffModel, accuracy_at, fit_cutoffs
from metaan.robustness.between.given import Given
from metaan.robustness.between.published import ACCURACY, PublishedRatio, published
from metaan.terms import wording
from metaan.terms.records import Interval
from metaan.terms.special import special

ENOUGH = 3  #: studies for a pooled sensitivity and specificity, and for a model over cut-offs
SEVERAL = 2  #: studies with more than one cut-off for that model
POOLED = "pooled"
ASSUMPTION = (
    "The cut-offs were fixed before the data were seen, the marker was read without knowing the outcome, and those to "
    "be tested resemble those studied; the risk before the test is taken as known"
)
_SIDES = {"above": ">", "at_or_above": "≥", "below": "<"}
#: columns in which rows at other cut-offs of one study must agree with its main one
_SAME = ("design_id", "outcome", "compartment", "marker", "assay", "unit", "timepoint", "subgroup", "cutoff_direction")

Counted = tuple[Candidate, Table]


class _Ratios(NamedTuple):
    """Likelihood ratios of a high and of a low test, with limits; `risk` is the studies' own."""

    label: str
    cutoff: str
    positive: tuple[float, Interval]
    negative: tuple[float, Interval]
    risk: float
    source: str


def of(given: Given) -> CutOffAccuracy | str:
    """Return the accuracy of the marker of an analysis, or why there is none."""
    if given.analysis.factor_kind != "marker":
        return "not a marker, so nothing that could serve as a test"
    prospective, further, without = _rows(given, given.selection.inside.get("prospective", ()))
    if not prospective:
        return "no prospective study gives the counts above and below a cut-off"
    gates = _rows(given, given.selection.inside.get("case_control", ()))[0]
    settings, level = given.settings("accuracy"), given.analysis.level
    penalty = _penalty(settings)
    studies = tuple(_table(row, cells, level) for row, cells in prospective)
    pooled, ratios, not_pooled = _pooled(studies, level)
    model, at, not_modelled = _model([*prospective, *further], level)
    return CutOffAccuracy(
        studies=studies,
        further=tuple(_table(row, cells, level) for row, cells in further),
        without=without,
        pooled=pooled,
        not_pooled=not_pooled,
        model=model,
        at=at,
        not_modelled=not_modelled,
        predicted=tuple(_predicted(given, settings, ratios)),
        two_gate=tuple(_table(row, cells, level, penalty) for row, cells in gates),
        penalty=penalty if gates else None,
        people=given.protocol.people["many"],
        outcome=_outcome(given, prospective[0][0]),
        level=level,
        assumption=ASSUMPTION,
        settings={
            "pooled": "bivariate normal model, REML",
            "cut-offs": "logistic, an intercept a group, residual variance at least that of sampling, REML",
        },
    )


def _rows(given: Given, rows: Iterable[Candidate]) -> tuple[list[Counted], list[Counted], tuple[str, ...]]:
    """Return the main row of each study that gives counts, rows at its other cut-offs, and studies without counts."""
    refused = {row.effect_id for row in given.analysis.left_out if row.kind in ("source", "flagged")}
    usable: dict[str, list[Counted]] = {}
    labels: dict[str, str] = {}
    for row in rows:
        study, table = row.study["study_id"], table_of(row.source.values)
        labels.setdefault(study, row.label)
        if table and row.row["effect_id"] not in refused and table[0] + table[2] and table[1] + table[3]:
            usable.setdefault(study, []).append((row, table))
    main: list[Counted] = []
    further: list[Counted] = []
    lacking: list[str] = []
    for study, label in labels.items():
        own = usable.get(study, [])
        first = next((each for each in own if each[0].row["priority"] == "main"), None)
        if first is None:
            lacking.append(label)
            continue
        main.append(first)
        seen = {first[0].row["cutoff_value"]}
        for row, table in own:
            if row.row["cutoff_value"] not in seen and all(row[name] == first[0][name] for name in _SAME):
                seen.add(row.row["cutoff_value"])
                further.append((row, table))
    return main, further, tuple(lacking)


def _table(row: Candidate, cells: Table, level: float, penalty: PublishedRatio | None = None) -> CutOffTable:
    """Return the accuracy of a row: high values are the positive test, people with the outcome those to be found."""
    high, high_free, low, low_free = cells
    value, side = row.row.answer("cutoff_value"), _SIDES.get(row.row["cutoff_direction"], "")
    return cutoff_table(
        high,
        low,
        high_free,
        low_free,
        level=level,
        penalty=penalty,
        study_id=row.study["study_id"],
        effect_id=row.row["effect_id"],
        label=row.label,
        cutoff=f"{side} {value}".strip() if value else "",
    )


def _outcome(given: Given, row: Candidate) -> str:
    """Return what the outcome is called in the review."""
    return given.protocol.lists["outcome"].get(row.row["outcome"], row.row["outcome"])


def _penalty(settings: Mapping[str, Any]) -> PublishedRatio:
    own = settings.get("two_gate")
    entries = [{**own, "stronger": "prospective", "weaker": "case_control"}] if own else []
    return published("prospective", "case_control", ACCURACY, entries)[0]


def _pooled(studies: Sequence[CutOffTable], level: float) -> tuple[SummaryPoint | None, list[_Ratios], str]:
    """Pool the main cut-offs where there are enough studies; else leave each apart."""
    if len(studies) < ENOUGH:
        few = wording.count(len(studies), "prospective study gives", "prospective studies give")
        return None, [_apart(each, level) for each in studies], f"{few} counts: not pooled"
    from metaan.pooling.accuracy.bivariate import pool_accuracy

    cells = [[getattr(each, name) for each in studies] for name in ("tp", "fn", "fp", "tn")]
    found = pool_accuracy(*cells, level=level)
    events, people = sum(cells[0] + cells[1]), sum(sum(each) for each in cells)
    point = SummaryPoint(
        k=found.k,
        sensitivity=found.sensitivity,
        sensitivity_ci=found.sensitivity_ci,
        specificity=found.specificity,
        specificity_ci=found.specificity_ci,
        log_dor=math.log(found.dor),
        log_dor_ci=Interval(math.log(found.dor_ci.low), math.log(found.dor_ci.high)),
    )
    ratios = _Ratios(
        POOLED,
        "",
        (found.positive_lr, found.positive_lr_ci),
        (found.negative_lr, found.negative_lr_ci),
        events / people,
        f"these studies together, {events} of {people}",
    )
    return point, [ratios], ""


def _apart(study: CutOffTable, level: float) -> _Ratios:
    found = log_ratios((study.tp, study.fn, study.fp, study.tn))
    z = float(special.ndtri(0.5 + level / 2))
    ratios = []
    for name in ("LR+", "LR-"):
        y, v = found[name]
        ends = around(y, z * math.sqrt(v))
        ratios.append((math.exp(y), Interval(math.exp(ends.low), math.exp(ends.high))))
    events, people = study.tp + study.fn, study.tp + study.fn + study.fp + study.tn
    source = f"{study.label} itself, {events} of {people}"
    return _Ratios(study.label, study.cutoff, ratios[0], ratios[1], events / people, source)


def _predicted(given: Given, settings: Mapping[str, Any], ratios: Iterable[_Ratios]) -> Iterator[Predicted]:
    """Give predictive values at the risks asked for; of the review; or else of the studies themselves."""
    asked = settings.get("baseline_risks") or [
        risk for risk in (given.plan.baseline_risk or given.protocol.baseline_risk,) if risk
    ]
    for each in ratios:
        for before, source in [(float(risk["value"]), risk["source"]) for risk in asked] or [(each.risk, each.source)]:
            high, high_ci, low, low_ci = predictive_values(before, *each.positive, *each.negative)
            yield Predicted(
                label=each.label,
                cutoff=each.cutoff,
                before=before,
                source=source,
                after_high=high,
                after_high_ci=high_ci,
                after_low=low,
                after_low_ci=low_ci,
            )


def _model(rows: Sequence[Counted], level: float) -> tuple[CutOffModel | None, tuple[AtCutOff, ...], str]:
    """Model accuracy over cut-offs, or say why that is not done."""
    studies = [row.study["study_id"] for row, _ in rows]
    if max(map(studies.count, studies)) == 1:
        return (
            None,
            (),
            "one cut-off a study: how accuracy changes with the cut-off cannot be told from how studies differ",
        )
    if len(set(studies)) < ENOUGH or sum(studies.count(study) > 1 for study in set(studies)) < SEVERAL:
        return None, (), "too few studies with several cut-offs for a model over cut-offs"
    values = [_number(row.row["cutoff_value"]) for row, _ in rows]
    below = {row.row["cutoff_direction"] == "below" for row, _ in rows}
    if None in values or len({row.row["unit"] for row, _ in rows}) > 1 or len(below) > 1:
        return None, (), "cut-offs are not numbers on one scale and one side"
    cutoffs = [value for value in values if value is not None]
    turned = below.pop()  # the test is then a low value: count the other side as high and turn the answer round
    tp, fp, fn, tn = zip(*(cells for _, cells in rows), strict=True)
    cells = (fn, tp, tn, fp) if turned else (tp, fn, fp, tn)
    try:
        model = fit_cutoffs(*cells, cutoffs, studies, log_cutoff=min(cutoffs) > 0, floor=1.0)
    except ValueError as error:
        return None, (), str(error)
    at = [accuracy_at(model, value, level) for value in sorted(set(cutoffs))]
    return model, tuple(map(_turn, at) if turned else at), ""


def _turn(at: AtCutOff) -> AtCutOff:
    def rest(ci: Interval) -> Interval:
        return Interval(1.0 - ci.high, 1.0 - ci.low)

    return AtCutOff(
        cutoff=at.cutoff,
        sensitivity=1.0 - at.sensitivity,
        sensitivity_ci=rest(at.sensitivity_ci),
        specificity=1.0 - at.specificity,
        specificity_ci=rest(at.specificity_ci),
    )


def _number(text: str) -> float | None:
    """Return a cut-off as a number; None where it is not one."""
    try:
        return float(text.replace(",", ".").removesuffix("%"))
    except ValueError:
        return None
