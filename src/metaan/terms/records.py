"""Results that cross a stage: frozen records of values, written to JSON and read back unchanged.

Estimates, standard errors and limits stand on the working scale of their measure (natural logarithm for ratios);
`terms.measures` takes them to the printed scale and `terms.wording` rounds them.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

from metaan.terms.appraisal import Appraisal
from metaan.terms.record import Interval, Record, Result

__all__ = ["Interval", "Record", "Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Record):
    """Where a row was typed and what it was typed from."""

    workbook: str
    sheet: str
    row: int
    cells: dict[str, str]  #: column name -> cell, only the filled ones: {"m1": "AF12"}
    values: dict[str, str]  #: column name -> text as typed, the same keys
    kind: str  #: abstract, full_text, review_table, ...
    reference: str  #: "Table 2, p 2210"
    quote: str
    doi: str = ""
    pmid: str = ""
    url: str = ""
    derived: str = ""  #: as_reported, calculated, converted, ...
    derivation: str = ""  #: what was calculated, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade(Record):
    """What one comparison can show: stratum, grade, and the sentence that says why."""

    design_id: str
    study_id: str
    stratum: str  #: key of `terms.designs.STRATA`
    grade: str  #: A to D; facts that are not reported count as not met
    best: str  #: grade if every fact not reported were favourable
    reason: str
    met: tuple[str, ...]
    not_met: tuple[str, ...]
    not_reported: tuple[str, ...]
    flags: tuple[str, ...] = ()  #: printed, never moving the grade: "outcome-dependent exclusion", ...
    author_label: str = ""
    override: str = ""  #: reason a reviewer gave for another grade; `grade` is then the reviewer's
    derived_grade: str = ""  #: grade from the facts when overridden
    answers: dict[str, str] = field(default_factory=dict)  #: condition -> yes, partly, no, NR; see design/conditions
    appraisals: tuple[Appraisal, ...] = ()  #: every quality tool applied to it, the main one first
    doubt: str = ""  #: why the trial may not be trusted; results without it are shown beside
    cells: dict[str, str] = field(default_factory=dict)  #: fact -> cell of the Design sheet

    def only_answered(self) -> Self:
        """Return the grade without the questions of quality tools that have no answer, for what is kept in files."""
        return replace(self, appraisals=tuple(appraisal.only_answered() for appraisal in self.appraisals))

    def without_answers(self) -> Self:
        """Return the grade with the judgements of its quality tools, but not their answers."""
        return replace(self, appraisals=tuple(appraisal.without_answers() for appraisal in self.appraisals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Record):
    """Effect size of one row of the Effects sheet on one measure, and the way it was reached."""

    effect_id: str
    measure: str
    y: float  #: working scale; NaN when it cannot be computed
    v: float  #: sampling variance; NaN when it cannot be computed
    path: tuple[str, ...]  #: steps in words, from the cells to y
    converted: bool = False  #: an assumption or another scale was needed
    skewed: bool = False  #: medians that fail the skew test
    missing: str = ""  #: why y is NaN, in words for the reviewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled(Result):
    """Summary effect of one synthesis on the measure's working scale.

    Fields are floats; where `pool` was given batch axes they are arrays with those axes.
    """

    k: int
    estimate: float
    se: float  #: the one `ci` was built from
    statistic: float  #: estimate / se
    df: float  #: of the t reference; inf means normal
    p: float
    ci: Interval
    prediction: Interval | None  #: where a new study's true effect may lie; None when k < 3
    tau2: float
    tau2_ci: Interval | None  #: None when k < 2
    i2: float  #: percent
    i2_ci: Interval | None
    h2: float
    q: float
    q_df: float
    q_p: float
    weights: tuple[float, ...]  #: percent, in the order of the input, sum to 100
    method: dict[str, Any]  #: tau2, interval, prediction, level as asked for
    converged: bool = True
    se_tau2: float = math.nan  #: standard error of tau2
    h2_ci: Interval | None = None

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] != "weights"]

    def __repr__(self) -> str:
        from metaan.terms.wording import count, fixed, number, p_value, percent

        method = f"{self.method['tau2']}, {self.method['interval']} interval, working scale"
        if hasattr(self.estimate, "reshape"):
            shape = getattr(self.estimate, "shape", ())
            return f"Pooled: batch of shape {shape}, {method}; see to_frame()"

        def limits(interval: Interval | None) -> str:
            return "none" if interval is None else f"{number(interval.low)} to {number(interval.high)}"

        level = percent(100 * self.method["level"])
        lines = [
            f"Pooled: {count(self.k, 'study', 'studies')}, {method}",
            f"  estimate    {number(self.estimate)} ({level} CI {limits(self.ci)}), {p_value(self.p)}",
            f"  prediction  {limits(self.prediction)}",
            f"  tau2        {number(self.tau2)} ({limits(self.tau2_ci)})",
            f"  I2          {percent(self.i2, 1)} ({limits(self.i2_ci)})",
            f"  Q           {number(self.q)} on {fixed(self.q_df, 0)} df, {p_value(self.q_p)}",
        ]
        if not self.converged:
            lines.append("  tau2 did not converge")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """One comparison as it stands in an analysis: a row of the forest plot."""

    effect_id: str
    study_id: str
    design_id: str
    label: str  #: "Tuckerman 2007"
    year: str
    note: str  #: what is compared, short
    grade: Grade
    group1: str  #: event, high or treated group as typed: "17/24" or "68: 39.4 (12.7)"
    group2: str
    people: int | None
    effect: Effect
    ci: Interval  #: study interval at the analysis' level, normal reference
    weight: float | None  #: percent within its stratum; None when not in the main pool
    source: Source
    role: str = "main"  #: main, sensitivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity(Record):
    """The same stratum pooled another way."""

    label: str
    why: str
    estimates: tuple[str, ...]  #: effect ids that went in
    pooled: Pooled | None
    single: Interval | None = None  #: k = 1: the study's own interval
    estimate: float = math.nan  #: pooled.estimate, or the one study's effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis(Record):
    """All that is known of one stratum in one analysis."""

    stratum: str
    measure: str
    k: int
    people: int | None
    estimates: tuple[Estimate, ...]  #: the main pool
    others: tuple[Estimate, ...]  #: computed, used in sensitivity analyses only
    pooled: Pooled | None  #: None when k < 2
    also: dict[str, Interval]  #: further intervals to be printed: {"mKH": ...} when Wald is drawn for k = 2
    remarks: tuple[str, ...]  #: sentences that must stand beside the result
    sensitivity: tuple[Sensitivity, ...]
    small: Interval | None  #: threshold of a small effect on both sides of the null, working scale
    words: dict[str, str] = field(default_factory=dict)  #: those of `Analysis.words` that differ in this stratum


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Record):
    """Contrast of two strata, weaker design against stronger."""

    stronger: str
    weaker: str
    measure: str
    tested: bool
    reason: str  #: why it is not tested, or how it was
    estimate: float = math.nan  #: weaker minus stronger on the working scale
    ci: Interval | None = None
    p: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCommonScale(Record):
    """One study's contrasts from several strata brought to one measure."""

    study_id: str
    label: str
    measure: str
    strata: tuple[str, ...]
    effects: tuple[Effect, ...]
    intervals: tuple[Interval, ...]
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskClass(Record):
    """One class of a study that reports risks by class without class sizes."""

    label: str
    risk: float  #: percent
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside(Record):
    """A known study that cannot be pooled and must stand beside the result."""

    study_id: str
    label: str
    stratum: str
    people: int | None
    classes: tuple[RiskClass, ...]
    bounds: Interval | None  #: ratio of the top class to the rest, whatever the class sizes; printed scale
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut(Record):
    """A row that belongs to an analysis and was not pooled."""

    effect_id: str
    study_id: str
    label: str
    stratum: str
    kind: str  #: form, no_numbers, other_scale, stratum, priority, sensitivity, source, flagged
    reason: str
    source: Source
    says: str = ""  #: what the source says, in words: "higher, p < 0.001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger(Record):
    """Rows in = rows pooled + rows left out with a reason."""

    typed: int  #: rows of the Effects sheet
    outside: dict[str, int]  #: first filter that a row outside the analysis fails -> rows
    left_out: dict[str, int]  #: kind -> rows
    pooled: int

    @property
    def balanced(self) -> bool:
        """Whether every row typed is accounted for."""
        return self.typed == sum(self.outside.values()) + sum(self.left_out.values()) + self.pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis(Record):
    """Everything one analysis of a review says."""

    review: str
    id: str
    title: str
    question: str
    factor_kind: str  #: marker, treatment, exposure
    outcome_good: bool
    words: dict[str, str]  #: group1, group2 (column heads), low, high (under the axis, left and right of the null)
    strata: tuple[Synthesis, ...]  #: strongest design first
    differences: tuple[Difference, ...]
    common_scale: tuple[OnCommonScale, ...]
    beside: tuple[Beside, ...]
    left_out: tuple[LeftOut, ...]
    ledger: Ledger
    no_bottom_line: str  #: reason why no sentence may be drawn from the pooled figures; empty otherwise
    level: float
    remarks: tuple[str, ...] = ()  #: sentences of the protocol that must stand beside the result
