"""What the checks found in the workbook."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from metaan.report.content import (
    Block,
    Details,
    Facts,
    Paragraph,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    link,
    words,
)
from metaan.report.material import Material
from metaan.terms import wording
from metaan.terms.finding import MEANING, NAMES, Finding, Level

#: sheets whose rows have a place of their own in the report: column that names them, and first part of the place
_SHOWN = {
    "Studies": ("study_id", "study"),
    "Reports": ("study_id", "study"),
    "Design": ("design_id", "design"),
    "Effects": ("effect_id", "row"),
}


def section(m: Material) -> Section:
    """Return the findings, folded away by level and check; notes that say the same of many rows share a table."""
    if not m.findings:
        blocks: list[Block] = [Paragraph(text=words("The checks found nothing in the workbook."))]
        return Section(id="findings", title="Findings of the checks", blocks=tuple(blocks))
    by_level = Counter(finding.level for finding in m.findings)
    counts = [wording.count(by_level[level], *NAMES[level]) for level in Level if by_level[level]]
    blocks = [
        Paragraph(
            text=words(
                f"The checks found {wording.listed(counts)} in the workbook. Each names its cell, what stands there, "
                "what was expected, and how to mend it."
            )
        )
    ]
    for level in Level:
        found = [finding for finding in m.findings if finding.level is level]
        if found:
            head = f"{wording.count(len(found), *NAMES[level])}: {MEANING[level]}"
            blocks.append(Details(summary=words(head), blocks=tuple(_by_check(m, found)), id=f"findings-{level.value}"))
    return Section(id="findings", title="Findings of the checks", blocks=tuple(blocks))


def _by_check(m: Material, findings: list[Finding]) -> list[Block]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.id].append(finding)
    blocks: list[Block] = []
    for check, found in groups.items():
        blocks.append(Paragraph(text=words(f"{check}: {wording.count(len(found), 'finding')}"), role="check"))
        blocks += _alike(m, check, found)
    return blocks


def _alike(m: Material, check: str, findings: list[Finding]) -> Iterable[Block]:
    """Yield notes that ask for the same as one table, everything else in its four lines."""
    patterns: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        patterns[finding.expected, finding.to_fix].append(finding)
    for i, ((expected, to_fix), found) in enumerate(patterns.items(), 1):
        if len(found) == 1 or found[0].level is not Level.NOTE:
            yield from map(_finding, found)
            continue
        yield Facts(pairs=(("expected", words(expected)), ("to fix", words(to_fix))), role="finding")
        yield Table(
            id=f"notes-{check}-{i}",
            caption=f"{check}: where, and what was found",
            heads=heads("Where", "Subject", "Found"),
            rows=tuple(
                TableRow(cells=(cell(_place(m, note)), cell(note.subject or "–"), cell(note.found))) for note in found
            ),
            sortable=True,
            stacked=True,
        )


def _place(m: Material, finding: Finding) -> Text:
    """Return the cell of a finding, leading to where the report shows its row."""
    sheet, named = finding.origin.sheet, finding.origin.cell
    text = " > ".join(part for part in (sheet, named) if part) or finding.origin.workbook
    if sheet not in _SHOWN or finding.origin.row is None:
        return words(text)
    key, prefix = _SHOWN[sheet]
    row = next((row for row in m.extraction.sheet(sheet) if row.number == finding.origin.row), None)
    shown = row is not None and (sheet != "Design" or row[key] in m.grades)
    return link(text, f"#{prefix}-{row[key]}") if row is not None and shown and row[key] else words(text)


def _finding(finding: Finding) -> Facts:
    origin = " > ".join(part for part in (finding.origin.sheet, finding.origin.cell) if part)
    where = f"{origin or finding.origin.workbook}{f' ({finding.subject})' if finding.subject else ''}"
    return Facts(
        pairs=(
            ("where", words(where, "strong")),
            ("found", words(finding.found)),
            ("expected", words(finding.expected)),
            ("to fix", words(finding.to_fix)),
        ),
        role="finding",
    )
