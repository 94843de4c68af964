"""Findings of the reader, which knows sheets and cells and not yet whose row it is."""

from dataclasses import dataclass

from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin


@dataclass(frozen=True, slots=True)
class Place:
    """A sheet of a workbook."""

    workbook: str
    sheet: str = ""

    def finding(
        self,
        check: str,
        cell: str,
        subject: str,
        found: str,
        expected: str,
        to_fix: str,
        level: Level | None = None,
    ) -> Finding:
        """Return a finding about a cell of the sheet; about the sheet where `cell` is empty."""
        return Finding(
            id=check,
            level=level or CHECKS[check].levels[0],
            origin=Origin(self.workbook, self.sheet, cell),
            subject=subject,
            found=found,
            expected=expected,
            to_fix=to_fix,
        )
