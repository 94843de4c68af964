"""Accuracy of a marker at a cut-off: of one study, pooled, and what it says of the risk of the outcome."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metaan.effects.single import exact_interval
from metaan.pooling.accuracy.tables import logs
from metaan.robustness.between.cutoffs import AtCutOff, CutOffModel
from metaan.robustness.between.published import PublishedRatio
from metaan.terms.records import Interval, Record
from metaan.terms.special import special

ADD = 0.5  #: added to the four cells of a table with a zero, for odds and likelihood ratios only


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffTable(Record):
    """Accuracy of one study at one cut-off; its limits are exact, those of the odds ratio of Woolf."""

    study_id: str
    effect_id: str
    label: str
    cutoff: str  #: side and value as typed: "≥ 42.0"; empty where not reported
    tp: int
    fn: int
    fp: int
    tn: int
    sensitivity: float  #: 0 to 1
    sensitivity_ci: Interval
    specificity: float
    specificity_ci: Interval
    log_dor: float  #: log diagnostic odds ratio
    log_dor_ci: Interval
    penalised: float | None  #: `log_dor` less the published excess of two-gate studies; None for prospective ones
    penalised_ci: Interval | None  #: with the uncertainty of that excess


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPoint(Record):
    """Sensitivity and specificity pooled together in the bivariate model, one cut-off a study."""

    k: int
    sensitivity: float
    sensitivity_ci: Interval
    specificity: float
    specificity_ci: Interval
    log_dor: float
    log_dor_ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted(Record):
    """Risk of the outcome after the test, at one risk before it."""

    label: str  #: study, or "pooled"
    cutoff: str
    before: float  #: risk before the test, 0 to 1
    source: str  #: where that risk comes from
    after_high: float  #: positive predictive value
    after_high_ci: Interval
    after_low: float  #: 1 minus the negative predictive value
    after_low_ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffAccuracy(Record):
    """What a high value of the marker says of the outcome to come."""

    studies: tuple[CutOffTable, ...]  #: prospective, the main cut-off of each
    further: tuple[CutOffTable, ...]  #: their other cut-offs
    without: tuple[str, ...]  #: prospective studies on the question whose source gives no counts at a cut-off
    pooled: SummaryPoint | None
    not_pooled: str  #: why; empty where it is
    model: CutOffModel | None  #: over cut-offs
    at: tuple[AtCutOff, ...]  #: accuracy by the model at the cut-offs seen
    not_modelled: str
    predicted: tuple[Predicted, ...]
    two_gate: tuple[CutOffTable, ...]  #: case-control studies: shown apart, never pooled with the others
    penalty: PublishedRatio | None  #: excess of diagnostic odds ratios of two-gate studies that was taken off
    people: str  #: what people are called, plural
    outcome: str  #: label of the outcome
    level: float
    assumption: str
    settings: dict[str, str]


def predictive_values(
    before: float, positive_lr: float, positive_ci: Interval, negative_lr: float, negative_ci: Interval
) -> tuple[float, Interval, float, Interval]:
    """Return the risk after a high and after a low test, each with its limits.

    Parameters
    ----------
    before : float
        Risk before the test, 0 < before < 1.
    positive_lr, negative_lr : float
        Likelihood ratios of a high and of a low test.
    positive_ci, negative_ci : Interval
        Their limits.

    Returns
    -------
    tuple
        By Bayes' theorem in odds: odds after = odds before times likelihood ratio. The risk before the test counts as
        known.

    Examples
    --------
    >>> high, _, low, _ = predictive_values(0.5, 3.0, Interval(2.0, 4.5), 1 / 3, Interval(0.2, 0.5))
    >>> high, low
    (0.75, 0.25)
    """
    if not 0.0 < before < 1.0:
        raise ValueError(f"the risk before the test must lie between 0 and 1, not {before!r}")
    odds = before / (1.0 - before)

    def after(ratio: float) -> float:
        return odds * ratio / (1.0 + odds * ratio)

    def limits(ci: Interval) -> Interval:
        return Interval(after(ci.low), after(ci.high))

    return after(positive_lr), limits(positive_ci), after(negative_lr), limits(negative_ci)


def cutoff_table(
    tp: int, fn: int, fp: int, tn: int, *, level: float = 0.95, penalty: PublishedRatio | None = None, **named: str
) -> CutOffTable:
    """Return the accuracy of one study at one cut-off.

    Parameters
    ----------
    tp, fn, fp, tn : int
        High and low with the outcome, high and low without it.
    level : float
        Of the limits: exact for sensitivity and specificity [1]_, Woolf's for the odds ratio.
    penalty : PublishedRatio, optional
        Ratio of diagnostic odds ratios, two-gate to one-gate, by which that of the study is divided; variances of the
        logarithms add up [2]_.
    **named : str
        `study_id`, `effect_id`, `label`, `cutoff`.

    Raises
    ------
    ValueError
        Negative counts, or nobody with or without the outcome.

    References
    ----------
    .. [1] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.
    .. [2] Lijmer JG et al. JAMA 1999;282:1061-1066.
    """
    if min(tp, fn, fp, tn) < 0 or tp + fn == 0 or tn + fp == 0:
        raise ValueError(f"counts must not be negative, with people in both groups: {tp}, {fn}, {fp}, {tn}")
    low, high = exact_interval([tp, tn], [tp + fn, tn + fp], level)
    y, v = log_ratios((tp, fn, fp, tn))["DOR"]
    z = float(special.ndtri(0.5 + level / 2))
    return CutOffTable(
        **{name: named.get(name, "") for name in ("study_id", "effect_id", "label", "cutoff")},
        tp=tp,
        fn=fn,
        fp=fp,
        tn=tn,
        sensitivity=tp / (tp + fn),
        sensitivity_ci=Interval(float(low[0]), float(high[0])),
        specificity=tn / (tn + fp),
        specificity_ci=Interval(float(low[1]), float(high[1])),
        log_dor=y,
        log_dor_ci=around(y, z * math.sqrt(v)),
        penalised=y - penalty.estimate if penalty else None,
        penalised_ci=around(y - penalty.estimate, z * math.hypot(math.sqrt(v), penalty.se)) if penalty else None,
    )


def around(centre: float, half: float) -> Interval:
    """Return the interval of a half width about a centre."""
    return Interval(centre - half, centre + half)


def log_ratios(cells: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Return log "DOR", "LR+" and "LR-" of a table with their variances, the cells corrected where one is 0."""
    corrected = np.array(cells, dtype=float) + (ADD if min(cells) == 0 else 0.0)
    return {name: (float(y), float(v)) for name, (y, v) in logs(corrected).items()}
