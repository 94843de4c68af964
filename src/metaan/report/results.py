"""Everything a report says as plain data at full precision: results.json."""

from collections.abc import Mapping, Sequence
from typing import Any

from metaan.certainty.sentences import BottomLine
from metaan.files import to_json
from metaan.report import believed, explanations, queries, treatments, why
from metaan.report.content import Report
from metaan.report.content import plain as plain_text
from metaan.report.ledger import Total
from metaan.report.material import Material

SCHEMA = "3"  #: raised when the layout of results.json changes


def render(report: Report) -> str:
    """Return the text of results.json; its layout is `schemas/results.schema.json`.

    Effects, limits and standard errors stand on the working scale of their measure (natural logarithm for ratios);
    infinities are the strings "Inf" and "-Inf", what cannot be estimated is null.
    """
    return to_json(report.data)


def plain(m: Material, lines: Sequence[BottomLine], counted: Total) -> dict[str, Any]:
    """Return the results of a review as dicts, lists, strings and numbers."""
    protocol = m.protocol
    return {
        "schema": SCHEMA,
        "review": {
            "name": protocol.review,
            "title": protocol.title,
            "question": protocol.question,
            "as_of": protocol.as_of,
            "registered": protocol.registered,
            "limits": list(protocol.limits),
            "level": protocol.level,
            "thresholds": dict(protocol.thresholds),
        },
        "bottom_lines": [line.to_dict() for line in lines],
        "why": [plain_text(item) for item in why.sentences(m)],
        "analyses": [analysis.to_dict() for analysis in m.analyses],
        "certainty": [found.to_dict() for found in m.certainty.values()],
        "ratings": [rating.to_dict() for rating in treatments.ratings(m)],
        "harms": [harm.to_dict() for harm in treatments.all_harms(m)],
        "repeatability": m.repeatability.to_dict() if m.repeatability else None,
        "between_designs": [dict(found) for found in m.between],
        "believed": believed.told(m),
        "explanations": [found.to_dict() for found in explanations.explained(m)],
        "queries": [asked.to_dict() for asked in queries.asked(m)],
        "grades": [grade.to_dict() for grade in m.grades.values()],
        "ledger": counted.to_dict(),
        "findings": [finding.record() for finding in m.findings],
        "check_first": [cell.to_dict() for cell in m.first],
        "protocol": _copied(protocol.raw),
        "sheets": {name: _sheet(m, name) for name in m.extraction.rows},
        "versions": dict(m.versions),
        "digests": dict(m.digests),
    }


def _sheet(m: Material, name: str) -> dict[str, Any]:
    return {
        "columns": dict(m.extraction.columns[name]),
        "rows": [{"row": row.number, "values": dict(row.values)} for row in m.extraction.sheet(name)],
    }


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(item) for item in value]
    return value
