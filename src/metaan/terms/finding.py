"""One thing a check found: where, what, what was expected, and how to mend it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from metaan.terms.origin import Origin


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "E"  #: the review stops until it is mended
    WARNING = "W"  #: a reviewer should look
    NOTE = "N"  #: printed in the report


NAMES = {Level.ERROR: ("error", "errors"), Level.WARNING: ("warning", "warnings"), Level.NOTE: ("note", "notes")}
MEANING = {
    Level.ERROR: "to be mended before the review can be run",
    Level.WARNING: "to be looked at by a reviewer",
    Level.NOTE: "for the reader",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding of one check, complete enough to be acted on without reading the code."""

    id: str  #: id of the check, as in the table of checks
    level: Level
    origin: Origin
    subject: str  #: what the cell holds and whose it is: "Events, treated; study Tang 2013"
    found: str
    expected: str
    to_fix: str

    def text(self) -> str:
        """Return the four-line form used in the terminal."""
        subject = f" ({self.subject})" if self.subject else ""
        return (
            f"{self.origin}{subject}\n  found     {self.found}\n  expected  {self.expected}\n  to fix    {self.to_fix}"
        )

    def record(self) -> dict[str, str]:
        """Return the one-line form used in CSV and JSON; keys are `COLUMNS`."""
        return {
            "id": self.id,
            "level": self.level.value,
            "workbook": self.origin.workbook,
            "sheet": self.origin.sheet,
            "cell": self.origin.cell,
            "subject": self.subject,
            "found": self.found,
            "expected": self.expected,
            "to_fix": self.to_fix,
        }

    @classmethod
    def from_record(cls, record: dict[str, str]) -> "Finding":
        """Rebuild a finding from `record`."""
        return cls(
            id=record["id"],
            level=Level(record["level"]),
            origin=Origin(record["workbook"], record["sheet"], record["cell"]),
            subject=record["subject"],
            found=record["found"],
            expected=record["expected"],
            to_fix=record["to_fix"],
        )


COLUMNS = ("id", "level", "workbook", "sheet", "cell", "subject", "found", "expected", "to_fix")


class BadInput(Exception):  # noqa: N818 - it names what happened, not a programming error
    """Input that cannot be used; carries every finding, so that all are reported at once."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n\n".join(finding.text() for finding in self.findings))


def bad_file(file: str, found: str, expected: str, to_fix: str, *, cell: str = "", subject: str = "") -> BadInput:
    """Return bad input about a file or an argument, ready to be raised."""
    finding = Finding(
        id="FILE",
        level=Level.ERROR,
        origin=Origin(file, "", cell),
        subject=subject,
        found=found,
        expected=expected,
        to_fix=to_fix,
    )
    return BadInput([finding])


def did_you_mean(name: str, known: Iterable[str], otherwise: str, *, least: float = 0.5) -> str:
    """Return how to mend a name that is not known: the nearest one that is, or `otherwise` if none is near.

    Parameters
    ----------
    name : str
    known : iterable of str
    otherwise : str
    least : float
        How much of the two must be alike, between 0 and 1.
    """
    import difflib

    near = difflib.get_close_matches(name, list(known), 1, least)
    return f'did you mean "{near[0]}"?' if near else otherwise


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop a review."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)


def counts(findings: Iterable[Finding]) -> dict[Level, int]:
    """Return how many findings there are of each level."""
    found = Counter(finding.level for finding in findings)
    return {level: found[level] for level in Level}
