"""The generated sheets: README with the worked example, Codebook, the lists behind the dropdowns, what was kept."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, SCHEMA_VERSION, Layout
from metaan.workbook.grid import letters
from metaan.workbook.protocol import Protocol
from metaan.workbook.template_words import CODEBOOK, codebook_line

Formats = Mapping[str, Any]

_MOST_LINES = 10
_TEXT_WIDTH = 112  #: characters in a line of the README
_README = (4, 28, 42, 42)  #: widths of its columns

_STEPS = (
    "Reports: one row a paper. Studies: one row a set of people.",
    "Design: one row a contrast (who is compared with whom). Answer the facts; type no label of a design.",
    "Effects: one row a comparison. Choose the form that fits what the paper prints; fill the cells of that form.",
    "Save as Excel workbook (.xlsx), then run: metaan check extraction.xlsx",
    "Mend what it names, until it finds nothing more. Then run: snakemake",
)
_RULES = (
    "One fact in one cell: 12.3 in one, 4.5 in the next; never 12.3 ± 4.5.",
    "Say where it stands: fill src_type, src_ref and quote; write what was calculated into derivation_note.",
    "NR = looked for, not reported. NA = cannot apply. Blank = not looked yet.",
)
_JUDGING = (
    "Quality, Certainty: metaan appraise writes a new workbook with every question and every step, half filled from "
    "what is typed. Answer where you know better, say why, and check again.",
    "Harms: one row a harm of a treatment in one comparison. Reliability: one row a result on repeating a measurement.",
    "Context: one row a statement of a regulator or guideline; read the page yourself and give the day you saw it.",
)
_ORIENTATION = (
    "Group 1 = people with the outcome, group 2 = people without it.",
    "In a 2x2 table row 1 = factor present, high, or treated; the event is the outcome named in the row.",
    "So a ratio above 1 and a difference above 0 always say: more of the factor goes with the outcome.",
)
_COLOURS = (
    ("required", "study_id", "dark header: always required (NR is an answer)"),
    ("optional", "notes", "pale header: optional, or required under a condition (see Codebook)"),
    ("missing_key", "", "yellow in a solid frame: still missing in this row"),
    ("wrong_key", "3,5", "red and bold in a dashed frame: looks wrong; click the cell and read what belongs there"),
    ("unneeded_key", "", "grey in a dotted frame: not needed for the form chosen"),
    ("locked", "title", "pale grey: written by metaan, locked"),
)
_HINTS = (
    "Click a cell: a note says what belongs there, with unit and example. All of it stands on the sheet Codebook.",
    "Entry cells are set to text: what you type is what is read. Paste as text (paste special, unformatted).",
    "Columns come in groups that fold with the small buttons above them. Sheets are protected without a password, so "
    "that headers stay; Excel folds groups only after Review > Unprotect Sheet.",
    "Changed the lists or confounders in protocol.yaml? metaan template --update extraction.xlsx writes a new workbook "
    "with everything you typed. It never overwrites one.",
    "Columns to the right of the last header are yours. metaan does not read them.",
)


def readme(book: Any, protocol: Protocol, formats: Formats, example: Mapping[str, list[dict[str, str]]]) -> None:
    """Write the README sheet."""
    page = book.add_worksheet("README")
    page.hide_gridlines(2)
    for i, width in enumerate(_README):
        page.set_column(i, i, width)
    page.write_string(0, 0, f"Extraction workbook: {protocol.title}", formats["title"])
    page.write_string(2, 0, "Question", formats["strong"])
    _wide(page, 3, protocol.question, formats)
    line = 5
    parts = (
        ("In five steps", _STEPS),
        ("Three rules", _RULES),
        ("Orientation, the same for all studies", _ORIENTATION),
        ("Further sheets, when the first results are there", _JUDGING),
    )
    for head, items in parts:
        page.write_string(line, 0, head, formats["strong"])
        for i, item in enumerate(items, 1):
            page.write_string(line + i, 0, f"{i}.", formats["plain"])
            _wide(page, line + i, item, formats)
        line += len(items) + 2
    page.write_string(line, 0, "Colours", formats["strong"])
    for i, (style, text, meaning) in enumerate(_COLOURS, 1):
        page.write_string(line + i, 1, text, formats[style])
        page.merge_range(line + i, 2, line + i, 3, meaning, formats["plain"])
    line += len(_COLOURS) + 2
    page.write_string(line, 0, "Good to know", formats["strong"])
    for i, item in enumerate(_HINTS, 1):
        _wide(page, line + i, item, formats)
    line += len(_HINTS) + 2
    page.write_string(line, 0, "A worked example: one made-up study, cell by cell", formats["strong"])
    line = _example(page, line + 1, formats, protocol.layout, example)
    _wide(page, line + 1, f"Layout version {SCHEMA_VERSION}. Manual: docs/workbook.md in the metaan project.", formats)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.protect("", {"select_locked_cells": True})


def _wide(page: Any, row: int, text: str, formats: Formats) -> None:
    page.merge_range(row, 1, row, 3, text, formats["plain"])
    page.set_row(row, height([(text, _TEXT_WIDTH)]))


def _example(
    page: Any, line: int, formats: Formats, layout: Layout, example: Mapping[str, list[dict[str, str]]]
) -> int:
    """Write the example, one line a column; the second row, or what the column means, beside the first."""
    for name, rows in example.items():
        meanings = {column.name: column.meaning for column in layout.sheet(name).columns}
        alone = len(rows) == 1
        heads = (f"Sheet {name}", "row" if alone else "row 1", "meaning" if alone else "row 2")
        for i, head in enumerate(heads, 1):
            page.write_string(line, i, head, formats["optional"])
        for column in dict.fromkeys(column for row in rows for column in row):
            line += 1
            texts = (rows[0].get(column, ""), meanings[column] if alone else rows[1].get(column, ""))
            page.write_string(line, 1, column, formats["cell"])
            page.write_string(line, 2, texts[0], formats["cell"])
            page.write_string(line, 3, texts[1], formats["cell"])
            page.set_row(line, height([(text, _README[2]) for text in texts]))
        line += 2
    return line


def codebook(book: Any, layout: Layout, formats: Formats, examples: Mapping[tuple[str, str], str]) -> None:
    """Write the Codebook: one line a column of every sheet."""
    page = book.add_worksheet("Codebook")
    for i, (head, width) in enumerate(CODEBOOK):
        page.set_column(i, i, width)
        page.write_string(0, i, head, formats["required"])
    page.set_row(0, 32)
    r = 0
    for sheet in layout.sheets:
        for column in sheet.columns:
            r += 1
            line = codebook_line(sheet, column, layout, examples.get((sheet.name, column.name), ""))
            for i, text in enumerate(line):
                page.write_string(r, i, text, formats["plain"])
            page.set_row(r, height((text, width - 1) for text, (_, width) in zip(line, CODEBOOK, strict=True)))
    page.freeze_panes(1, 2)
    page.set_landscape()
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)
    page.protect("", {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True})
    page.autofilter(0, 0, r, len(CODEBOOK) - 1)


def lists(
    book: Any,
    layout: Layout,
    formats: Formats,
    last: Mapping[str, int],
    suggested: Mapping[str, Iterable[str]],
) -> None:
    """Write the hidden sheet of lists, and name every list and every column of keys for the dropdowns.

    `last` is the last prepared row of each sheet; `suggested` are further words that are only offered.
    """
    page = book.add_worksheet("Lists")
    named = {name: [*words, NOT_REPORTED, NOT_APPLICABLE] for name, words in layout.lists.items()}
    named |= {name: list(words) for name, words in suggested.items()}
    for i, (name, entries) in enumerate(named.items()):
        page.write_string(0, i, name, formats["strong"])
        for r, word in enumerate(entries, 1):
            page.write_string(r, i, word, formats["plain"])
        column = letters(i + 1)
        book.define_name(f"lst_{name}", f"=Lists!${column}$2:${column}${len(entries) + 1}")
    for sheet in layout.sheets:
        if sheet.name in last and any(sheet.name == c.refers_to for other in layout.sheets for c in other.columns):
            column = letters([c.name for c in sheet.columns].index(sheet.key) + 1)
            book.define_name(f"ids_{sheet.name}", f"={sheet.name}!${column}$2:${column}${last[sheet.name]}")
    page.protect()
    page.hide()


def kept(book: Any, formats: Formats, cells: Iterable[tuple[str, str, str, str]]) -> None:
    """Write what an older workbook held and this layout has no place for: sheet, row, column, text."""
    page = book.add_worksheet("Kept")
    for i, (head, width) in enumerate((("sheet", 14), ("row", 24), ("column", 24), ("text", 90))):
        page.set_column(i, i, width)
        page.write_string(0, i, head, formats["optional"])
    for r, cell in enumerate(cells, 1):
        for i, text in enumerate(cell):
            page.write_string(r, i, text, formats["wrapped"])
        page.set_row(r, height([(cell[3], 90)]))
    page.freeze_panes(1, 0)


def height(texts: Iterable[tuple[str, int]]) -> float:
    """Return the height of a row that shows wrapped texts, each with the width of its column in characters."""
    lines = max(
        (sum(math.ceil(max(len(part), 1) / width) for part in text.split("\n")) for text, width in texts), default=1
    )
    return 15.0 * min(lines, _MOST_LINES)
