"""Names of rows: each once, known where another row names it, and named by another row where it must be."""

from collections.abc import Iterator

from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.checks.overlap import independent_of
from metaan.terms.finding import Finding, Level, did_you_mean
from metaan.workbook.columns import Layout, Sheet
from metaan.workbook.read import Extraction, Row


def check_ids(book: Book) -> Iterator[Finding]:
    """Yield keys given twice (S01), names that stand nowhere (REF), and parents without children (S07)."""
    extraction, layout = book.extraction, book.layout
    keys = {sheet.name: _keys(extraction.sheet(sheet.name), sheet) for sheet in layout.sheets if sheet.key}
    for sheet in layout.sheets:
        rows = extraction.sheet(sheet.name)
        if sheet.key and sheet.name in extraction.rows:
            yield from _twice(rows, sheet)
        for row in rows:
            for column in sheet.columns:
                name = row.answer(column.name) if column.kind == "ref" else ""
                if name and name not in keys[column.refers_to]:
                    yield _unknown(row, sheet, column.name, name, column.refers_to, keys[column.refers_to])
    yield from _independent(extraction, layout, keys["Studies"])
    yield from _judged(extraction, layout)
    yield from _without_children(extraction, layout, "Studies", "study_id", ("Design", "Reliability"))
    yield from _without_children(extraction, layout, "Design", "design_id", ("Effects",))


def _keys(rows: tuple[Row, ...], sheet: Sheet) -> set[str]:
    return {row[sheet.key] for row in rows if row[sheet.key]}


def _twice(rows: tuple[Row, ...], sheet: Sheet) -> Iterator[Finding]:
    seen: dict[str, Row] = {}
    for row in rows:
        name = row[sheet.key].casefold()
        if not name:
            continue
        if name in seen:
            yield finding(
                "S01",
                row,
                sheet,
                sheet.key,
                f'"{row[sheet.key]}" a second time (first in {seen[name].cell(sheet.key)})',
                "each name once in the sheet, capitals or not",
                "rename one of them, or delete the row if it was typed twice",
            )
        else:
            seen[name] = row


def _independent(extraction: Extraction, layout: Layout, known: set[str]) -> Iterator[Finding]:
    """Yield names in independent_of that are no study, or the study itself or one of its cohort."""
    sheet = layout.sheet("Studies")
    for row in extraction.sheet("Studies"):
        own = {row["study_id"]: "this study", row.answer("same_cohort_as"): "also named in same_cohort_as"}
        for name in independent_of(row):
            if name not in known:
                yield _unknown(row, sheet, "independent_of", name, "Studies", known)
            elif name in own:
                expected = "other studies, whose people are others"
                yield finding("REF", row, sheet, "independent_of", f'"{name}", {own[name]}', expected, "correct one")
        if row["study_id"] and row["same_cohort_as"] == row["study_id"]:
            expected = "another study, or a blank cell"
            yield finding("REF", row, sheet, "same_cohort_as", "this study", expected, "name the other one")


def _judged(extraction: Extraction, layout: Layout) -> Iterator[Finding]:
    """Yield results on the sheet Quality that belong to another design than the one beside them."""
    sheet, effects = layout.sheet("Quality"), extraction.by_key("Effects", "effect_id")
    for row in extraction.sheet("Quality"):
        effect = effects.get(row["effect_id"])
        if effect is not None and effect["design_id"] != row["design_id"]:
            yield finding(
                "REF",
                row,
                sheet,
                "effect_id",
                f'"{row["effect_id"]}", a result of {effect["design_id"]}',
                f"a result of {row['design_id']} (in {row.cell('design_id')})",
                "correct one of the two names",
            )


def _unknown(row: Row, sheet: Sheet, column: str, name: str, target: str, known: set[str]) -> Finding:
    hint = did_you_mean(name, known, f'add it to the sheet "{target}", or correct the name', least=0.6)
    return finding("REF", row, sheet, column, f'"{name}"', f'a name that stands on the sheet "{target}"', hint)


def _without_children(
    extraction: Extraction, layout: Layout, parent: str, key: str, children: tuple[str, ...]
) -> Iterator[Finding]:
    if any(sheet not in extraction.rows for sheet in (parent, children[0])):
        return
    used = {row[key] for child in children for row in extraction.sheet(child)}
    sheet, named = layout.sheet(parent), " or ".join(children)
    for row in extraction.sheet(parent):
        if row[key] and row[key] not in used:
            yield finding(
                "S07",
                row,
                sheet,
                key,
                f"{row[key]}: no row of the sheet {named} names it",
                f"at least one row of {named}",
                f"add what it reports to {named}, or delete the row",
                Level.WARNING,
            )
