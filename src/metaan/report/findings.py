"""What the checks found in the workbook."""

from collections import Counter, defaultdict

from metaan.report.content import Block, Details, Facts, Paragraph, Section, words
from metaan.report.material import Material
from metaan.terms import wording
from metaan.terms.finding import Finding, Level

NAMES = {
    Level.ERROR: ("error", "errors"),
    Level.WARNING: ("warning", "warnings"),
    Level.NOTE: ("note", "notes"),
}
MEANING = {
    Level.ERROR: "stops the review until it is mended",
    Level.WARNING: "a reviewer should look",
    Level.NOTE: "for the reader",
}


def section(m: Material) -> Section:
    """Return the findings in their four lines, folded away by level and check."""
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
            blocks.append(Details(summary=words(head), blocks=tuple(_by_check(found)), id=f"findings-{level.value}"))
    return Section(id="findings", title="Findings of the checks", blocks=tuple(blocks))


def _by_check(findings: list[Finding]) -> list[Block]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.id].append(finding)
    blocks: list[Block] = []
    for check, found in groups.items():
        blocks.append(Paragraph(text=words(f"{check}: {wording.count(len(found), 'finding')}"), role="check"))
        blocks += [_finding(finding) for finding in found]
    return blocks


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
