"""The studies and the reports they were read from."""

from collections import defaultdict

from metaan.report.content import Run, Section, Table, TableRow, Text, cell, heads, join, muted, strong, words
from metaan.report.material import Material, identifiers
from metaan.report.parts import NONE, grade_mark, stratum
from metaan.terms.designs import STRATA
from metaan.terms.records import Grade
from metaan.workbook.read import Row


def studies(m: Material) -> Section:
    """Return the table of studies with their reports."""
    by_study: dict[str, list[Grade]] = defaultdict(list)
    for found in m.grades.values():
        by_study[found.study_id].append(found)
    rows = tuple(_study(m, study_id, row, by_study[study_id]) for study_id, row in m.studies.items())
    return Section(
        id="studies",
        title="Studies",
        blocks=(
            Table(
                id="studies-table",
                caption="Studies, and the reports they were read from",
                heads=heads("Study", "Year#", "Country", "Population", "Enrolled#", "Designs", "Reports", "Retraction"),
                rows=rows,
                sortable=len(rows) > 1,
                stacked=True,
                empty="No study.",
            ),
        ),
    )


def _study(m: Material, study_id: str, row: Row, grades: list[Grade]) -> TableRow:
    reports = m.reports.get(study_id, ())
    statuses = tuple(dict.fromkeys(_retraction(m, report) for report in reports))
    return TableRow(
        id=f"study-{study_id}",
        cells=(
            cell(m.study(study_id)),
            cell(m.word(row, "year"), numeric=True),
            cell(m.word(row, "country")),
            cell(m.word(row, "population")),
            cell(m.word(row, "n_enrolled"), numeric=True, sort=row.answer("n_enrolled") or -1),
            cell(_designs(grades)),
            cell(join((_report(m, report) for report in reports), "; ") or muted("none")),
            cell(join(statuses, ", ") or muted(NONE)),
        ),
    )


def _report(m: Material, report: Row) -> Text:
    found = identifiers(report)
    kind = m.word(report, "type") if report.answer("type") else "report"
    named = " ".join(part for part in (kind, report.answer("year")) if part)
    return found or words(f"{named}, no DOI or PubMed number")


def _retraction(m: Material, report: Row) -> Text:
    status, day = report.answer("retracted"), report.answer("retraction_checked_on")
    seen = f" (looked up {day})" if day and status != "not_checked" else ""
    if status == "yes":
        return strong(f"retracted{seen}")
    said = {"no": "not retracted"}.get(status) or m.word(report, "retracted")
    return words(f"{said}{seen}")


def _designs(grades: list[Grade]) -> Text:
    order = list(STRATA)
    shown = sorted(grades, key=lambda g: (order.index(g.stratum), g.grade))
    parts = dict.fromkeys((g.stratum, g.grade) for g in shown)
    return join(((*stratum(name), Run(text=" "), grade_mark(letter)) for name, letter in parts), "  ")
