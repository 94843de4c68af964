"""Which rows of the Effects sheet belong to an analysis, and in which stratum each stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from metaan.design.grade import grade_all
from metaan.terms.records import Grade, Source
from metaan.workbook.columns import Layout
from metaan.workbook.protocol import AnalysisPlan, Protocol, StratumPlan
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed

#: columns whose cells lead a reader from a number back to its source
_WHERE_FROM = {"src_type", "src_ref", "quote", "derived", "derivation_note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row of the Effects sheet with the rows it refers to."""

    row: Row
    values: Mapping[str, Any]  #: the row, typed
    design: Row
    study: Row
    grade: Grade
    report: Row | None  #: primary report of the study, with a DOI or PMID if any has one

    def __getitem__(self, column: str) -> str:
        """Return the text a filter sees: of Effects, then Design, then Studies."""
        for row in (self.row, self.design, self.study):
            if column in row.letters:
                text = row[column]
                if text or column != "population":
                    return text
        return ""

    @property
    def label(self) -> str:
        """Name of the study on plots."""
        return self.study["label"]

    @property
    def by_outcome(self) -> bool:
        """Whether people were chosen by outcome: their counts give an odds ratio, never a risk."""
        return self.grade.stratum == "case_control" or self.design["selected_on_outcome"] == "yes"

    @property
    def source(self) -> Source:
        """Where the row was typed and what it was typed from."""
        numbers = {name: text for name, text in self.row.values.items() if name not in _WHERE_FROM}
        report = self.report
        return Source(
            workbook=self.row.workbook,
            sheet=self.row.sheet,
            row=self.row.number,
            cells={name: self.row.cell(name) for name in numbers},
            values=numbers,
            kind=self.row.answer("src_type"),
            reference=self.row.answer("src_ref"),
            quote=self.row.answer("quote"),
            doi=report.answer("doi") if report else "",
            pmid=report.answer("pmid") if report else "",
            url=report.answer("url") if report else "",
            derived=self.row.answer("derived"),
            derivation=self.row.answer("derivation_note"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of one analysis; every row of the sheet is in exactly one of the three."""

    inside: Mapping[str, tuple[Candidate, ...]]  #: stratum -> rows the analysis asks for
    unplanned: tuple[Candidate, ...]  #: rows on the question whose stratum the analysis does not pool
    outside: Mapping[str, tuple[Candidate, ...]]  #: first filter that fails -> rows on another question


def graded_candidates(extraction: Extraction, protocol: Protocol) -> tuple[Candidate, ...]:
    """Grade every comparison of a review without errors, then join its rows; see `candidates`."""
    grades = {grade.design_id: grade for grade in grade_all(extraction, protocol)}
    return candidates(extraction, protocol.layout, grades)


def candidates(extraction: Extraction, layout: Layout, grades: Mapping[str, Grade]) -> tuple[Candidate, ...]:
    """Join every row of the Effects sheet with its design, study, grade and report.

    Parameters
    ----------
    extraction, layout : Extraction, Layout
        Of a review without errors: every name in it leads to a row.
    grades : mapping
        design_id -> grade.

    Returns
    -------
    tuple of Candidate
        In the order of the sheet.
    """
    sheet = layout.sheet("Effects")
    decimal_mark = extraction.decimal_mark
    designs = extraction.by_key("Design", "design_id")
    studies = extraction.by_key("Studies", "study_id")
    reports = _reports(extraction)
    lean = {name: grade.without_answers() for name, grade in grades.items()}
    found = []
    for row in extraction.sheet("Effects"):
        design = designs[row["design_id"]]
        study = studies[design["study_id"]]
        found.append(
            Candidate(
                row=row,
                values=typed(row, sheet, decimal_mark),
                design=design,
                study=study,
                grade=lean[row["design_id"]],
                report=reports.get(study["study_id"]),
            )
        )
    return tuple(found)


def _reports(extraction: Extraction) -> dict[str, Row]:
    """Return the report to cite for each study: the primary one, unless only another has a DOI or PMID."""
    chosen: dict[str, Row] = {}
    for row in extraction.sheet("Reports"):
        rank = (bool(row.answer("doi") or row.answer("pmid")), row["is_primary"] == "yes")
        now = chosen.get(row["study_id"])
        if now is None or rank > (bool(now.answer("doi") or now.answer("pmid")), now["is_primary"] == "yes"):
            chosen[row["study_id"]] = row
    return chosen


def select(rows: tuple[Candidate, ...], plan: AnalysisPlan) -> Selection:
    """Sort every row of the Effects sheet into an analysis.

    A row is outside when its stratum's filter lets it not in (or, for a stratum the analysis does not pool, the filter
    of the whole analysis); the first column that fails is the reason.
    """
    plans = {stratum.stratum: stratum for stratum in plan.strata}
    inside: dict[str, list[Candidate]] = {name: [] for name in plans}
    unplanned: list[Candidate] = []
    outside: dict[str, list[Candidate]] = {}
    for row in rows:
        stratum: StratumPlan | None = plans.get(row.grade.stratum)
        failed = _first_failure(row, stratum.include if stratum else plan.include)
        if failed:
            outside.setdefault(failed, []).append(row)
        elif stratum:
            inside[stratum.stratum].append(row)
        else:
            unplanned.append(row)
    return Selection(
        inside={name: tuple(found) for name, found in inside.items()},
        unplanned=tuple(unplanned),
        outside={name: tuple(found) for name, found in outside.items()},
    )


def standing(rows: tuple[Candidate, ...], plans: Iterable[AnalysisPlan]) -> set[str]:
    """Return the designs with a row on the question of any analysis, pooled there or not."""
    found: set[str] = set()
    for plan in plans:
        selection = select(rows, plan)
        for inside in (*selection.inside.values(), selection.unplanned):
            found |= {row.row["design_id"] for row in inside}
    return found


def _first_failure(row: Candidate, include: Mapping[str, tuple[str, ...]]) -> str:
    return next((column for column, words in include.items() if row[column] not in words), "")
