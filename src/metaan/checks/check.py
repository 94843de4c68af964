"""Run every check and return all findings at once."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from metaan.checks.cells import check_cells, finding
from metaan.checks.rows import check_design, check_effect
from metaan.checks.sheets import check_ids
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import SCHEMA_VERSION, Layout
from metaan.workbook.read import Extraction
from metaan.workbook.sheets import REVIEW_KEYS
from metaan.workbook.typed import typed


def check(extraction: Extraction, layout: Layout) -> tuple[Finding, ...]:
    """Return all findings about a workbook, those of the reader first, in the order of sheets and rows."""
    mark = extraction.decimal_mark
    found = list(extraction.findings)
    structural = any(f.level is Level.ERROR and f.id in ("SHEET", "HEADER") for f in found)
    found += _review(extraction, layout)
    for sheet in layout.sheets:
        if sheet.name == "Review":
            continue
        unread = {f.origin.cell for f in extraction.findings if f.origin.sheet == sheet.name and f.level is Level.ERROR}
        letters = extraction.columns.get(sheet.name, {})
        present = replace(sheet, columns=tuple(c for c in sheet.columns if c.name in letters))
        for row in extraction.sheet(sheet.name):
            findings: list[Finding] = list(check_cells(row, present, layout, mark))
            if sheet.name in ("Effects", "Design"):
                of_row = check_effect if sheet.name == "Effects" else check_design
                findings += of_row(row, sheet, typed(row, sheet, mark))
            found += _worth_saying(findings, unread)
    if not structural:
        found += check_ids(extraction, layout)
        found += _sources(extraction, layout)
    return _confirmed(found, extraction, layout)


def _worth_saying(findings: Iterable[Finding], unread: set[str]) -> Iterator[Finding]:
    """Drop what follows from a fault already named: a cell the reader refused, a second finding about one cell."""
    seen = set(unread)
    for item in findings:
        if item.origin.cell not in seen:
            seen.add(item.origin.cell)
            yield item


def _review(extraction: Extraction, layout: Layout) -> Iterator[Finding]:
    sheet = layout.sheet("Review")
    rows = {row["key"]: row for row in extraction.sheet("Review")}
    for key, words in (("decimal_mark", "decimal_mark"), ("workbook_role", "role")):
        row = rows.get(key)
        if row is None:
            continue
        value = row["value"]
        if value and value not in layout.lists[words]:
            expected = "one of " + ", ".join(layout.lists[words])
            yield finding("WORD", row, sheet, "value", f'"{value}"', expected, f"{REVIEW_KEYS[key][0]}")
    row = rows.get("schema")
    if row is not None and row["value"] != SCHEMA_VERSION:
        yield finding(
            "SCHEMA",
            row,
            sheet,
            "value",
            f'layout version "{row["value"]}"',
            f"version {SCHEMA_VERSION}",
            "make a new workbook with: metaan template, and copy the rows",
            Level.WARNING,
        )


def _sources(extraction: Extraction, layout: Layout) -> Iterator[Finding]:
    """Yield studies none of whose reports has a DOI or a PubMed number."""
    sheet = layout.sheet("Studies")
    known = {row["study_id"] for row in extraction.sheet("Reports") if row.answer("doi") or row.answer("pmid")}
    for row in extraction.sheet("Studies"):
        if row["study_id"] not in known:
            yield finding(
                "SOURCE",
                row,
                sheet,
                "study_id",
                f"{row['study_id']}: source incomplete, no report with a DOI or a PubMed number",
                "a DOI or PMID in the sheet Reports",
                "look the report up and add its DOI or PMID",
                Level.NOTE,
            )


def _confirmed(found: Iterable[Finding], extraction: Extraction, layout: Layout) -> tuple[Finding, ...]:
    """Turn warnings that the reviewers confirmed on the sheet Overrides into notes that say so."""
    overrides = {(row["finding_id"], row["sheet"], row["row_id"]): row for row in extraction.sheet("Overrides")}
    if not overrides:
        return tuple(found)
    ids: dict[tuple[str, str], str] = {}
    for sheet in layout.sheets:
        for row in extraction.sheet(sheet.name) if sheet.key else ():
            ids[sheet.name, str(row.number)] = row[sheet.key]
    result = []
    for item in found:
        number = "".join(ch for ch in item.origin.cell if ch.isdigit())
        row = overrides.get((item.id, item.origin.sheet, ids.get((item.origin.sheet, number), "")))  # type: ignore[assignment]
        if row is not None and item.level is Level.WARNING:
            item = replace(item, level=Level.NOTE, to_fix=f"confirmed by {row['initials']}: {row['reason']}")
        result.append(item)
    return tuple(result)
