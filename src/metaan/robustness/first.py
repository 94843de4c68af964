"""Which cells to look at first: how likely a slip is, times how far it would move the pooled result.

The likelihood is odds: the rate of the slip, times how much better the row would agree with the other studies and with
itself (`robustness.shifts`), times how the cell came about. Nothing here says that a cell is wrong.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metaan.terms import wording
from metaan.terms.finding import Finding, Level
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Record
from metaan.workbook.read import Extraction, Row

SHOWN = 10

Alerts = Mapping[str, Mapping[str, Sequence[str]]]  #: row number -> cell -> checks that warn of it

AT_CELL = 5.0  #: a warning of the checks at the very cell; an assumption, as all that are not sourced
IN_ROW = 2.0  #: a warning elsewhere in the row
#: Buscemi 2006, J Clin Epidemiol 59:697-703: one extractor alone made 21.7 % more errors than two
CHECKED = 1 / 1.217
WORKED_OUT = 2.0
_DERIVED = {
    "calculated": "calculated from printed figures",
    "digitised": "read off a figure",
    "converted": "brought to another form",
}
_SOURCES = {
    "figure_digitised": "read off a figure",
    "second_hand": "read second-hand",
    "review_table": "read in a table of a review",
    "abstract": "read in an abstract",
    "grant_report": "read in a grant report",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed(Record):
    """One cell behind a pooled result: the slips it may hold and what they would do, before how it came about."""

    analysis: str
    stratum: str
    measure: str
    effect_id: str
    column: str
    odds: float  #: of any slip in this cell
    expected: float  #: sum over its slips of odds times loss
    kind: str  #: of the slip that weighs most, in words
    instead: dict[str, str]  #: column -> what the paper may say
    estimate: float  #: pooled, as typed; working scale
    ci: Interval
    moved: float  #: pooled, were it so
    moved_ci: Interval
    shift: float  #: in half widths of the interval
    changes: bool  #: the conclusion
    says: str = ""  #: where the conclusion changes: what the interval would do then


@dataclass(frozen=True, slots=True, kw_only=True)
class First(Record):
    """A cell worth a second look."""

    rank: int
    effect_id: str
    label: str  #: "Choi 2010"
    column: str
    place: str  #: "Effects!X12"
    text: str  #: as typed
    analysis: str
    title: str
    stratum: str
    measure: str
    kind: str
    instead: dict[str, str]
    estimate: float
    ci: Interval
    moved: float
    moved_ci: Interval
    changes: bool
    score: float  #: odds of a slip times how far it moves the result; only its order means anything
    reasons: tuple[str, ...] = ()  #: why this cell rather than another
    says: str = ""
    more: tuple[str, ...] = field(default=())  #: other analyses that rest on the cell

    @property
    def slip(self) -> str:
        """The slip considered: "34.1 instead of 14.3 (two digits exchanged)"."""
        if len(self.instead) == 1 and self.column in self.instead:
            return f"{self.instead[self.column]} instead of {self.text} ({self.kind})"
        return self.kind

    @property
    def sentence(self) -> str:
        """What the slip would do to the pooled result, in words."""
        label = MEASURES[self.measure].label
        now, then = (
            wording.effect(self.measure, estimate, limits)
            for estimate, limits in ((self.estimate, self.ci), (self.moved, self.moved_ci))
        )
        if len(self.instead) == 1 and self.column in self.instead:
            start = f"if the source said {self.instead[self.column]}"
        else:
            start = f"with {self.kind}"
        end = f"; the interval then {self.says}" if self.changes and self.says else ""
        return wording.sentence(f"{start}, the pooled {label} would be {then} in place of {now}{end}")


def rank(
    cells: Iterable[Weighed],
    extraction: Extraction,
    findings: Sequence[Finding],
    titles: Mapping[str, str],
    *,
    shown: int | None = SHOWN,
) -> tuple[First, ...]:
    """Return the cells that are most worth a second look, one entry a cell.

    Parameters
    ----------
    cells : iterable of Weighed
        Of all analyses.
    extraction : Extraction
    findings : sequence of Finding
        Of the checks; warnings that nobody confirmed count.
    titles : mapping
        Analysis id -> title.
    shown : int or None
        How many; None for all.
    """
    rows = extraction.by_key("Effects", "effect_id")
    labels = _labels(extraction)
    alerts = _alerts(findings)
    by_row: dict[tuple[str, str, str], list[Weighed]] = defaultdict(list)
    for cell in cells:
        if cell.effect_id in rows:
            by_row[cell.analysis, cell.stratum, cell.effect_id].append(cell)
    scores: dict[tuple[str, str], list[tuple[float, Weighed]]] = defaultdict(list)
    for found in by_row.values():
        factors = {cell.column: suspicion(rows[cell.effect_id], cell.column, alerts)[0] for cell in found}
        total = 1.0 + sum(factors[cell.column] * cell.odds for cell in found)
        for cell in found:
            scores[cell.effect_id, cell.column].append((factors[cell.column] * cell.expected / total, cell))
    order = {name: place for place, name in enumerate(next(iter(rows.values())).letters)} if rows else {}

    def place(item: tuple[tuple[str, str], list[tuple[float, Weighed]]]) -> tuple[float, int, int]:
        (effect_id, column), found = item
        return -sum(score for score, _ in found), rows[effect_id].number, order.get(column, 0)

    ordered = [item for item in sorted(scores.items(), key=place) if place(item)[0] < 0]
    return tuple(
        _first(number, rows[effect_id], column, found, labels, alerts, titles)
        for number, ((effect_id, column), found) in enumerate(ordered[:shown], 1)
    )


def suspicion(row: Row, column: str, alerts: Alerts) -> tuple[float, tuple[str, ...]]:
    """Return how many times likelier a slip is for how a cell came about, and why."""
    own = alerts.get(str(row.number), {})
    at_cell = own.get(row.cell(column), ())
    others = [name for cell, names in own.items() if cell != row.cell(column) for name in names]
    factor, reasons = 1.0, []
    if at_cell:
        factor *= AT_CELL
        reasons.append(f"the check {wording.listed(sorted(set(at_cell)))} names this cell")
    elif others:
        factor *= IN_ROW
        reasons.append(f"the check {wording.listed(sorted(set(others)))} names another cell of the row")
    made = dict.fromkeys(filter(None, (_DERIVED.get(row["derived"]), _SOURCES.get(row["src_type"]))))
    if made:
        factor *= WORKED_OUT
        reasons += made
    checked = row.answer("checked_by")
    if checked and checked != row["extractor"]:
        factor *= CHECKED
    else:
        reasons.append("seen by one person")
    return factor, tuple(reasons)


def _alerts(findings: Iterable[Finding]) -> dict[str, dict[str, list[str]]]:
    """Return the checks that warn of each cell of the Effects sheet, by row number and cell."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        cell = finding.origin.cell
        if finding.origin.sheet == "Effects" and cell and finding.level is Level.WARNING:
            found["".join(letter for letter in cell if letter.isdigit())][cell].append(finding.id)
    return found


def _labels(extraction: Extraction) -> dict[str, str]:
    studies = {row["study_id"]: row["label"] or row["study_id"] for row in extraction.sheet("Studies")}
    return {row["design_id"]: studies.get(row["study_id"], row["study_id"]) for row in extraction.sheet("Design")}


def _first(
    number: int,
    row: Row,
    column: str,
    found: Sequence[tuple[float, Weighed]],
    labels: Mapping[str, str],
    alerts: Alerts,
    titles: Mapping[str, str],
) -> First:
    _, cell = max(found, key=lambda pair: pair[0])
    others = dict.fromkeys(other.analysis for _, other in found if other.analysis != cell.analysis)
    return First(
        rank=number,
        effect_id=cell.effect_id,
        label=labels.get(row["design_id"], row["design_id"]),
        column=column,
        place=f"{row.sheet}!{row.cell(column)}",
        text=row[column],
        analysis=cell.analysis,
        title=titles.get(cell.analysis, cell.analysis),
        stratum=cell.stratum,
        measure=cell.measure,
        kind=cell.kind,
        instead=cell.instead,
        estimate=cell.estimate,
        ci=cell.ci,
        moved=cell.moved,
        moved_ci=cell.moved_ci,
        changes=cell.changes,
        score=sum(score for score, _ in found),
        reasons=suspicion(row, column, alerts)[1],
        says=cell.says,
        more=tuple(others),
    )
