"""Run every check and return all findings at once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from metaan.checks import currency, flow, outcomes, overlap, peers, shared, subgroups, twins
from metaan.checks.book import Book
from metaan.checks.cells import check_cells, finding
from metaan.checks.extractors import check_roles
from metaan.checks.overrides import confirmed
from metaan.checks.rows import check_design, check_effect, check_study
from metaan.checks.sheets import check_ids
from metaan.checks.spellings import check_spellings
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import SCHEMA_VERSION
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction
from metaan.workbook.sheets import REVIEW_KEYS
from metaan.workbook.typed import typed


def check(extraction: Extraction, protocol: Protocol) -> tuple[Finding, ...]:
    """Return all findings about a workbook.

    Those of the reader come first, then those within rows in the order of sheets and rows, then those between rows and
    about the review. Warnings that stand on the sheet Overrides are notes.
    """
    book = Book(extraction, protocol, protocol.layout)
    found = [*_review(book), *_rows(book)]
    structural = any(f.level is Level.ERROR and f.id in ("SHEET", "HEADER") for f in extraction.findings)
    if not structural:
        found += [item for across in _ACROSS for item in across(book)]
    return confirmed((*extraction.findings, *_worth_saying(found, extraction.findings)), book)


def _rows(book: Book) -> Iterator[Finding]:
    """Yield what is wrong within rows."""
    extraction, mark = book.extraction, book.extraction.decimal_mark
    lines = {line.row.number: line for line in book.lines}
    treatments = {line.row["design_id"] for line in book.lines if line["factor_kind"] == "treatment"}
    for sheet in book.layout.sheets:
        if sheet.name == "Review":
            continue
        letters = extraction.columns.get(sheet.name, {})
        present = replace(sheet, columns=tuple(c for c in sheet.columns if c.name in letters))
        for row in extraction.sheet(sheet.name):
            yield from check_cells(row, present, book.layout, mark)
            if sheet.name == "Effects":
                line = lines[row.number]
                yield from check_effect(row, sheet, line.values, mark=mark, design=line.design)
            elif sheet.name == "Design":
                treatment = row["design_id"] in treatments
                yield from check_design(row, sheet, typed(row, sheet, mark), mark, treatment)
            elif sheet.name == "Studies":
                yield from check_study(row, sheet, typed(row, sheet, mark), mark)


#: rows against each other, and the review as a whole, in the order of their findings
_ACROSS: tuple[Callable[[Book], Iterable[Finding]], ...] = (
    check_ids,
    twins.check_rows,
    check_spellings,
    twins.check_numbers,
    subgroups.check_subgroups,
    shared.check_controls,
    shared.check_main,
    shared.check_enrolled,
    overlap.check_overlap,
    peers.check_spreads,
    peers.check_effects,
    peers.check_units,
    outcomes.check_kinds,
    outcomes.check_exposure_units,
    flow.check_flow,
    currency.check_retractions,
    currency.check_statements,
    check_roles,
    currency.check_readers,
    currency.check_sources,
)


def _worth_saying(findings: Iterable[Finding], reader: Iterable[Finding]) -> Iterator[Finding]:
    """Drop what follows from a fault already named: anything more about a cell the reader refused or an error names.

    Several warnings about one cell are all kept, each finding once.
    """
    found = list(findings)
    refused = {_cell(item) for item in reader if item.level is Level.ERROR}
    wrong = {_cell(item) for item in found if item.level is Level.ERROR}
    named: set[tuple[str, str]] = set()
    seen: set[Finding] = set()
    for item in found:
        cell = _cell(item)
        if cell[1] and (cell in refused or cell in named or (cell in wrong and item.level is not Level.ERROR)):
            continue
        if item.level is Level.ERROR:
            named.add(cell)
        if item not in seen:
            seen.add(item)
            yield item


def _cell(item: Finding) -> tuple[str, str]:
    return item.origin.sheet, item.origin.cell


def _review(book: Book) -> Iterator[Finding]:
    sheet, lists = book.layout.sheet("Review"), book.layout.lists
    rows = {row["key"]: row for row in book.extraction.sheet("Review")}
    for key, words in (("decimal_mark", "decimal_mark"), ("workbook_role", "role")):
        row = rows.get(key)
        if row is None:
            continue
        value = row["value"]
        if value and value not in lists[words]:
            expected = "one of " + ", ".join(lists[words])
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
            "make a new workbook with all rows in it: metaan template --update, and this file",
            Level.WARNING,
        )
