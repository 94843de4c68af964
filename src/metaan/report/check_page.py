"""What the checks found, as one HTML file that needs no network and no other file.

Findings stand by sheet and by row, as people mend them; what each check tests stands below. Rows with notes alone are
folded away. The page shows everything without its script; the script filters.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metaan.report.checked import Checked
from metaan.report.content import Table, TableRow, cell, heads, link
from metaan.report.html import dressed, template
from metaan.terms import wording
from metaan.terms.checks import CHECKS, Check
from metaan.terms.finding import MEANING, NAMES, Finding, Level, counts
from metaan.workbook.digest import rows_digest
from metaan.workbook.named import Names, name_at

_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Findings about one row, or about a sheet or the file as a whole."""

    title: str
    number: str  #: of the row; empty where it is no row
    findings: tuple[Finding, ...]

    def subject(self, finding: Finding) -> str:
        """Return what the cell holds, without the row that the heading names."""
        return finding.subject.removesuffix(f"; {self.title}") if self.title else finding.subject

    @property
    def only_notes(self) -> bool:
        return all(finding.level is Level.NOTE for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Findings about one sheet."""

    id: str
    title: str
    places: tuple[_Place, ...]
    notes: tuple[_Place, ...]  #: places with nothing but notes
    said: str = field(default="")


def render(checked: Checked) -> str:
    """Return the whole page; same findings, same bytes."""
    number = counts(checked.findings)
    table = _by_check(checked.findings)
    title = checked.protocol.title if checked.protocol else checked.workbook
    return str(
        template("check.html").render(
            title=f"Checks: {title}",
            head=title,
            **dressed("check.css", "check.js", blocks=[table]),
            verdict=_verdict(number),
            refused=number[Level.ERROR] > 0,
            counts=[(str(count), NAMES[level][count != 1]) for level, count in number.items()],
            facts=_facts(checked),
            levels=[(level.value, *NAMES[level], MEANING[level]) for level in _LEVELS if number[level]],
            parts=_parts(checked),
            table=table,
            checks=[_explained(check) for check in _present(checked.findings)],
            level_title={level.value: f"{NAMES[level][0]}: {MEANING[level]}" for level in _LEVELS},
            titles={check.id: check.title for check in CHECKS.values()},
        )
    )


def _verdict(number: Mapping[Level, int]) -> str:
    if number[Level.ERROR]:
        many = wording.count(number[Level.ERROR], *NAMES[Level.ERROR])
        return f"{many} to mend before this review can be run."
    if number[Level.WARNING]:
        many = wording.count(number[Level.WARNING], *NAMES[Level.WARNING])
        return f"No error: the review can be run. {many} to look at: mend each, or confirm it with a reason."
    return "No error and no warning: the review can be run."


def _facts(checked: Checked) -> list[tuple[str, str]]:
    from importlib import metadata

    facts = [("workbook", checked.workbook)]
    if checked.extraction is not None:
        rows = len(checked.extraction.sheet("Effects"))
        facts += [
            ("saved by", checked.extraction.program),
            ("read", f"{wording.count(rows, 'comparison')}"),
            ("content", f"SHA-256 {rows_digest(checked.extraction)[:16]}…"),
        ]
    else:
        facts.append(("read", "nothing: the workbook or its protocol cannot be used"))
    return [*facts, ("checked by", f"metaan {metadata.version('metaan')}")]


def _parts(checked: Checked) -> list[_Part]:
    """Return the findings by sheet, those about the file first, sheets in the order of the layout."""
    by_sheet: dict[str, list[Finding]] = {"": []}
    if checked.protocol is not None:
        by_sheet |= {sheet.name: [] for sheet in checked.protocol.layout.sheets}
    for finding in checked.findings:
        by_sheet.setdefault(finding.origin.sheet, []).append(finding)
    names = checked.names()
    parts = []
    for i, (sheet, found) in enumerate(by_sheet.items()):
        if not found:
            continue
        places = _places(found, names)
        number = counts(found)
        parts.append(
            _Part(
                id=f"sheet-{i}",
                title=f"Sheet {sheet}" if sheet else "The file",
                places=tuple(place for place in places if not place.only_notes),
                notes=tuple(place for place in places if place.only_notes),
                said=wording.listed([wording.count(n, *NAMES[level]) for level, n in number.items() if n]),
            )
        )
    return parts


def _places(findings: Iterable[Finding], names: Names) -> list[_Place]:
    by_row: dict[int | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        row = finding.origin.row
        by_row[None if row == 1 else row].append(finding)
    order = sorted(by_row, key=lambda row: -1 if row is None else row)
    return [
        _Place(
            title=_row_title(row, found[0], names),
            number="" if row is None else f"row {row}",
            findings=tuple(sorted(found, key=lambda finding: _LEVELS.index(finding.level))),
        )
        for row, found in ((row, by_row[row]) for row in order)
    ]


def _row_title(row: int | None, finding: Finding, names: Names) -> str:
    if row is not None:
        return name_at(finding.origin, names)
    return "Header and sheet as a whole" if finding.origin.sheet else ""


def _present(findings: Iterable[Finding]) -> list[Check]:
    """Return the checks that found something, in the order of the registry."""
    found = {finding.id for finding in findings}
    return [check for check in CHECKS.values() if check.id in found]


def _by_check(findings: Iterable[Finding]) -> Table:
    found = tuple(findings)
    number = Counter((finding.id, finding.level) for finding in found)
    used = [level for level in _LEVELS if any(finding.level is level for finding in found)]
    return Table(
        id="by-check",
        caption="How often each check found something",
        heads=heads("Check", "About", *(f"{NAMES[level][1].capitalize()}#" for level in used)),
        rows=tuple(
            TableRow(
                cells=(
                    cell(link(check.id, f"#check-{check.id}")),
                    cell(check.title),
                    *(cell(str(number[check.id, level]), numeric=True) for level in used),
                )
            )
            for check in _present(found)
        ),
        sortable=True,
        stacked=True,
        empty="The checks found nothing in the workbook.",
    )


def _explained(check: Check) -> dict[str, object]:
    facts = [("tests", check.test.rstrip(".") + ".")]
    facts += [("allows for", wording.sentence(check.spares))] if check.spares else []
    facts += [("source", wording.sentence(check.source))] if check.source else []
    facts.append(("if it stands", wording.sentence(_confirming(check))))
    return {"id": check.id, "title": check.title, "facts": facts}


def _confirming(check: Check) -> str:
    """Return what reviewers do about a finding that is right as it stands."""
    if check.confirmable:
        said = "confirm it on the sheet Overrides with the id of the check, sheet, row, reason and initials"
        return said + ("; an error must be mended" if Level.ERROR in check.levels else "")
    return "it must be mended" if Level.ERROR in check.levels else "nothing needs to be done"
