"""Which cells to look at again once results are pooled: ten first, and what the results say of their rows."""

from collections.abc import Mapping, Sequence

from metaan.pooling.select import Candidate, graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.robustness.first import SHOWN, First, Weighed, rank
from metaan.robustness.fitted import fitted
from metaan.robustness.shifts import weigh
from metaan.terms.finding import Finding
from metaan.terms.records import Analysis
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction


def cells_of(
    analysis: Analysis, protocol: Protocol, rows: Sequence[Candidate], decimal_mark: str = "point"
) -> tuple[Weighed, ...]:
    """Weigh every cell behind the pooled results of one analysis; see `shifts.weigh`."""
    sheet = protocol.layout.sheet("Effects")
    return weigh(analysis, protocol.analysis(analysis.id), _by_id(rows), sheet, decimal_mark)


def findings_of(analysis: Analysis, protocol: Protocol, rows: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Return what the pooled results of one analysis say of its rows (P01, P02, P03)."""
    return tuple(fitted(analysis, _by_id(rows), protocol.layout.sheet("Effects")))


def ten(
    protocol: Protocol, extraction: Extraction, findings: Sequence[Finding] = (), *, shown: int | None = SHOWN
) -> tuple[First, ...]:
    """Return the cells of a review that are most worth a second look.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
        Of a review without errors.
    findings : sequence of Finding
        Of the checks.
    shown : int or None
        How many; None for all.
    """
    rows = graded_candidates(extraction, protocol)
    cells = [
        cell
        for analysis in _analyses(protocol, rows)
        for cell in cells_of(analysis, protocol, rows, extraction.decimal_mark)
    ]
    return rank(cells, extraction, findings, {plan.id: plan.title for plan in protocol.analyses}, shown=shown)


def after_fitting(protocol: Protocol, extraction: Extraction) -> tuple[Finding, ...]:
    """Return the findings about pooled results of a review without errors."""
    rows = graded_candidates(extraction, protocol)
    return tuple(finding for analysis in _analyses(protocol, rows) for finding in findings_of(analysis, protocol, rows))


def _analyses(protocol: Protocol, rows: tuple[Candidate, ...]) -> list[Analysis]:
    return [analyse(select(rows, plan), plan, protocol) for plan in protocol.analyses]


def _by_id(rows: Sequence[Candidate]) -> Mapping[str, Candidate]:
    return {row.row["effect_id"]: row for row in rows}
