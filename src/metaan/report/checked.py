"""What the checks said of one workbook, as data that other programs read; the page is made from the same record."""

from dataclasses import dataclass
from typing import Any

from metaan.files import csv_text, digest
from metaan.terms.checks import CHECKS
from metaan.terms.finding import COLUMNS, Finding, counts
from metaan.workbook.digest import rows_digest
from metaan.workbook.named import Names, name_at, row_names
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A workbook and everything found in it; no protocol or no rows where they could not be read."""

    review: str
    workbook: str
    protocol: Protocol | None
    extraction: Extraction | None
    findings: tuple[Finding, ...]

    def names(self) -> Names:
        """Return the names of rows by sheet and row number."""
        return row_names(self.extraction, self.protocol.layout if self.protocol else None)


def table(checked: Checked) -> str:
    """Return the findings as CSV, one line each."""
    return csv_text(COLUMNS, (finding.record() for finding in checked.findings))


def plain(checked: Checked) -> dict[str, Any]:
    """Return everything as plain data; schemas/findings.schema.json describes it."""
    from importlib import metadata

    read, names = checked.extraction, checked.names()
    return {
        "schema": "1",
        "review": checked.review,
        "workbook": checked.workbook,
        "rows_sha256": rows_digest(read) if read else None,
        "protocol_sha256": digest(checked.protocol.raw, 64) if checked.protocol else None,
        "saved_by": read.program if read else None,
        "checked_by": f"metaan {metadata.version('metaan')}",
        "counts": {level.value: count for level, count in counts(checked.findings).items()},
        "findings": [_record(finding, names) for finding in checked.findings],
    }


def _record(finding: Finding, names: Names) -> dict[str, Any]:
    return {**finding.record(), "title": CHECKS[finding.id].title, "row": name_at(finding.origin, names)}
