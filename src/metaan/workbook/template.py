"""Layout to workbook: blank for a new review, or filled with rows.

Written by XlsxWriter in memory; the bytes depend on layout, protocol and rows alone. Entry columns are formatted as
text by column, so that what is typed is what is read and empty cells cost nothing.
"""

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from metaan.terms import resources
from metaan.workbook import template_pages as pages
from metaan.workbook.columns import SCHEMA_VERSION, WRITTEN, Column, Layout, Sheet
from metaan.workbook.grid import letters
from metaan.workbook.protocol import Protocol
from metaan.workbook.sheets import REVIEW_KEYS, REVIEW_WORDS
from metaan.workbook.template_example import column_examples, example_rows
from metaan.workbook.template_rules import rules
from metaan.workbook.template_words import LONGEST_MESSAGE, LONGEST_TITLE, message

PREPARED_ROWS = 400
_SPARE_ROWS = 50  #: prepared below the rows that are filled already
_PRINTED_WIDTH = 230  #: characters on one printed page
_FREE_WIDTH = {
    *("quote", "notes", "derivation_note", "title", "statement", "says", "reason", "why"),
    *("question", "proposed", "where", "support", "override_reason", "sentence"),
}
_LONGEST_CHOICE = 255  #: characters of a dropdown that is no list of the workbook

_FONT = {"font_name": "Calibri", "font_size": 11, "num_format": "@", "valign": "top"}
_HEAD = {**_FONT, "bold": True, "text_wrap": True, "border": 1}
_MISSING = {"bg_color": "#FFE8A3", "border": 1, "border_color": "#8A6D00"}
_WRONG = {"bg_color": "#F7C6C5", "font_color": "#7A0000", "bold": True, "border": 3, "border_color": "#7A0000"}
_UNNEEDED = {"bg_color": "#E0E0E0", "font_color": "#595959", "border": 4, "border_color": "#8C8C8C"}
_HATCH = {"pattern": 14, "fg_color": "#BDBDBD"}  #: thin diagonal stripes; a program without them shows the plain grey

_FORMATS: dict[str, dict[str, Any]] = {
    "required": {**_HEAD, "font_color": "#FFFFFF", "bg_color": "#004C80", "border_color": "#7FA5BF"},
    "optional": {**_HEAD, "font_color": "#1F2D3A", "bg_color": "#E8EEF4", "border_color": "#B7C4D0"},
    "entry": {**_FONT, "locked": False},
    "wrapped": {**_FONT, "locked": False, "text_wrap": True},
    "locked": {**_FONT, "text_wrap": True, "bg_color": "#F2F2F2"},
    "title": {**_FONT, "bold": True, "font_size": 16},
    "strong": {**_FONT, "bold": True},
    "plain": {**_FONT, "text_wrap": True},
    "cell": {**_FONT, "text_wrap": True, "border": 1, "border_color": "#D0D7DE"},
    "missing": _MISSING,
    "wrong": _WRONG,
    "unneeded": {**_UNNEEDED, **_HATCH},
    "missing_key": {**_FONT, **_MISSING},
    "wrong_key": {**_FONT, **_WRONG},
    "unneeded_key": {**_FONT, **_UNNEEDED, **_HATCH},
}
_EDGE = {"left": 2, "left_color": "#5B7A94"}  #: where a group of columns begins

_ALLOWED = {
    "format_cells": False,
    "format_columns": True,
    "format_rows": True,
    "insert_rows": True,
    "delete_rows": True,
    "sort": True,
    "autofilter": True,
}

_LINE = {"top": 1, "top_color": "#5B7A94"}  #: between groups of rows

Rows = Mapping[str, Iterable[Mapping[str, str]]]
Offers = Mapping[tuple[str, str], Sequence[tuple[str, ...]]]  #: sheet and column -> words for each of the rows given


def workbook_bytes(
    protocol: Protocol,
    rows: Rows | None = None,
    kept: Iterable[tuple[str, str, str, str]] = (),
    offers: Offers | None = None,
) -> bytes:
    """Return an .xlsx file with the layout of a protocol.

    Parameters
    ----------
    protocol : Protocol
        Gives topic lists, confounders and the locked values of the Review sheet.
    rows : mapping of sheet name to rows, optional
        Each row maps column names to text; columns unknown to the layout raise KeyError.
    kept : iterable of (sheet, row, column, text), optional
        Cells the layout has no place for; they are listed on a sheet of their own.
    offers : mapping of (sheet, column) to words for each row, optional
        Dropdowns of single rows, in columns of free text; other words may be typed as well.
    """
    target = io.BytesIO()
    with new_book(target, protocol) as book:
        write_sheets(book, protocol, rows or {}, kept, offers)
    return target.getvalue()


def new_book(target: IO[bytes], protocol: Protocol) -> Any:
    """Return an empty XlsxWriter workbook, to be closed, whose bytes depend on what is written into it alone."""
    import xlsxwriter

    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"title": protocol.title, **WRITTEN})
    book.set_custom_property("metaan_schema", SCHEMA_VERSION, "text")
    return book


def write_sheets(
    book: Any,
    protocol: Protocol,
    rows: Rows,
    kept: Iterable[tuple[str, str, str, str]] = (),
    offers: Offers | None = None,
) -> None:
    """Write every sheet of the layout into an XlsxWriter workbook."""
    writer = _Writer(book, protocol, offers or {})
    example = example_rows(protocol)
    examples = column_examples(protocol.layout, example)
    pages.readme(book, protocol, writer.formats, example)
    for sheet in protocol.layout.sheets:
        given = list(rows.get(sheet.name, ()))
        if sheet.name == "Review":
            writer.review(sheet, {row["key"]: row.get("value", "") for row in given})
        else:
            writer.entry(sheet, given, examples)
    pages.codebook(book, protocol.layout, writer.formats, examples)
    listed = list(kept)
    if listed:
        pages.kept(book, writer.formats, listed)
    pages.lists(book, protocol.layout, writer.formats, writer.last, _suggested(protocol))


def _suggested(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """Return the words that columns suggest, by name."""
    return {"tools": tuple(dict.fromkeys((*resources.tool_names(), *protocol.tools)))}


class _Writer:
    """Writes the sheets that people fill in; `last` holds the last prepared row of each."""

    def __init__(self, book: Any, protocol: Protocol, offers: Offers) -> None:
        self.book = book
        self.offers = offers
        self.protocol = protocol
        self.layout: Layout = protocol.layout
        self.decimal_mark = REVIEW_WORDS["decimal_mark"][1]
        self.formats = {name: book.add_format(style) for name, style in _FORMATS.items()}
        self.line = book.add_format(_LINE)
        at_edge = ("required", "optional", "entry", "wrapped")
        self.edged = {name: book.add_format({**_FORMATS[name], **_EDGE}) for name in at_edge}
        self.last: dict[str, int] = {}

    def review(self, sheet: Sheet, given: Mapping[str, str]) -> None:
        """Write the Review sheet: one line a key, those of the protocol locked."""
        self.decimal_mark = given.get("decimal_mark") or self.decimal_mark
        page = self._page(sheet)
        fixed = _from_protocol(self.protocol)
        for i, (key, (meaning, generated)) in enumerate(REVIEW_KEYS.items(), 1):
            words, start = REVIEW_WORDS.get(key, ("", ""))
            value = fixed[key] if generated else given.get(key, start)
            style = self.formats["locked"] if generated else self.formats["wrapped"]
            page.write_string(i, 0, key, self.formats["locked"])
            page.write_string(i, 1, value, style) if value else page.write_blank(i, 1, None, style)
            note = meaning + ("; written from protocol.yaml" if generated and key != "schema" else "")
            page.write_string(i, 2, note, self.formats["locked"])
            page.set_row(i, pages.height([(value, 66), (note, 58)]))
            if words:
                page.data_validation(i, 1, i, 1, {**_dropdown(f"lst_{words}", key), **_note(key, meaning)})
            elif not generated:
                page.data_validation(i, 1, i, 1, {"validate": "any", **_note(key, meaning)})

    def entry(self, sheet: Sheet, rows: list[Mapping[str, str]], examples: Mapping[tuple[str, str], str]) -> None:
        """Write a sheet of rows with its help, dropdowns and colours."""
        page = self._page(sheet)
        index = {column.name: i for i, column in enumerate(sheet.columns)}
        styles = [self._style(sheet, i) for i in range(len(sheet.columns))]
        for r, row in enumerate(rows, 1):
            for i, value in sorted((index[name], value) for name, value in row.items()):
                if value:
                    page.write_string(r, i, value, styles[i])
            wrapped = [(row[c.name], c.width) for c in sheet.columns if c.name in _FREE_WIDTH and row.get(c.name)]
            page.set_row(r, pages.height(wrapped))
        last = max(PREPARED_ROWS, len(rows) + _SPARE_ROWS)
        self.last[sheet.name] = last + 1
        page.autofilter(0, 0, last, len(sheet.columns) - 1)
        page.ignore_errors({"number_stored_as_text": f"A1:{letters(len(sheet.columns))}{last + 1}"})
        if sheet.groups:
            options = {"type": "formula", "criteria": f"={_group_begins(sheet)}", "format": self.line}
            page.conditional_format(2, 0, last, len(sheet.columns) - 1, options)
        for i, column in enumerate(sheet.columns):
            note = _note(column.name, message(sheet, column, self.layout, examples.get((sheet.name, column.name), "")))
            offered = self.offers.get((sheet.name, column.name), ())
            for start, end, words in _runs(offered):
                choices = _offered(words) or _choices(column)
                page.data_validation(start, i, end, i, {**choices, **note})
            page.data_validation(1 + len(offered), i, last, i, {**_choices(column), **note})
            for rule in rules(sheet, column, last + 1, self.decimal_mark):
                options = {"type": "formula", "criteria": f"={rule.formula}", "stop_if_true": True}
                page.conditional_format(1, i, last, i, {**options, "format": self.formats[rule.state]})

    def _style(self, sheet: Sheet, i: int) -> Any:
        style = "wrapped" if sheet.columns[i].name in _FREE_WIDTH else "entry"
        return (self.edged if _begins(sheet, i) else self.formats)[style]

    def _page(self, sheet: Sheet) -> Any:
        from metaan.workbook.template_sheet import EntrySheet

        page = self.book.add_worksheet(sheet.name, EntrySheet)
        page.set_row(0, 32)
        page.outline_settings(True, True, False, False)
        for i, column in enumerate(sheet.columns):
            begins = _begins(sheet, i)
            folded = {"level": 1} if column.part != "identity" and not begins and sheet.name != "Review" else {}
            width = max(column.width, min(len(column.name) + 2, 24))
            page.set_column(i, i, width, self._style(sheet, i), folded)
            head = "required" if column.required is True else "optional"
            page.write_string(0, i, column.name, (self.edged if begins else self.formats)[head])
        page.set_column(len(sheet.columns), len(sheet.columns), None, self.formats["entry"])
        page.freeze_panes(1, sheet.frozen)
        page.set_landscape()
        page.repeat_rows(0)
        width = sum(column.width for column in sheet.columns)
        page.fit_to_pages(math.ceil(width / _PRINTED_WIDTH), 0)
        if width > _PRINTED_WIDTH:
            page.repeat_columns(0, 0)
        page.protect("", _ALLOWED)
        return page


def _group_begins(sheet: Sheet) -> str:
    """Return the condition, written for row 3, that a row belongs to another group than the one above it."""
    at = [letters(i) for i, column in enumerate(sheet.columns, 1) if column.name in sheet.groups]
    filled = ",".join(f"LEN(${letter}3)>0" for letter in at)
    changed = ",".join(f"NOT(EXACT(${letter}3,${letter}2))" for letter in at)
    return f"AND(OR({filled}),OR({changed}))"


def _runs(offered: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield first row, last row and words of each run of rows that offer the same words."""
    start = 0
    for i, words in enumerate(offered):
        if i + 1 == len(offered) or offered[i + 1] != words:
            yield start + 1, i + 1, words
            start = i + 1


def _offered(words: tuple[str, ...]) -> dict[str, Any]:
    """Return a dropdown of words that are only offered; nothing where no dropdown can hold them."""
    if not words or any("," in word for word in words) or len(",".join(words)) > _LONGEST_CHOICE:
        return {}
    return {"validate": "list", "source": list(words), "show_error": False}


def _begins(sheet: Sheet, i: int) -> bool:
    """Whether a group of columns begins here."""
    return i > 0 and sheet.columns[i].part != sheet.columns[i - 1].part


def _note(name: str, text: str) -> dict[str, Any]:
    return {"input_title": name[:LONGEST_TITLE], "input_message": text[:LONGEST_MESSAGE]}


def _dropdown(source: str, name: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": f"={source}",
        "error_title": "Not in the list",
        "error_message": f"Choose a word of the list for {name}, or NR if it is not reported. "
        "New words are added to protocol.yaml.",
    }


def _choices(column: Column) -> dict[str, Any]:
    """Return the dropdown of a column: its words, or the names that another sheet holds."""
    if column.kind == "word":
        return _dropdown(f"lst_{column.words}", column.name)
    if column.kind == "ref":
        return {
            "validate": "list",
            "source": f"=ids_{column.refers_to}",
            "error_type": "warning",
            "error_title": "Not on that sheet",
            "error_message": f"No such name on the sheet {column.refers_to} yet.",
        }
    if column.suggests:
        return {"validate": "list", "source": f"=lst_{column.suggests}", "show_error": False}
    return {"validate": "any"}


def _from_protocol(protocol: Protocol) -> dict[str, str]:
    """Return the values of the Review sheet that only the protocol holds."""
    risk = protocol.baseline_risk
    return {
        "review_id": protocol.review,
        "title": protocol.title,
        "question": protocol.question,
        "registered": protocol.registered,
        "as_of": protocol.as_of,
        "level": f"{protocol.level:g}",
        "thresholds": ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in protocol.thresholds.items()),
        "baseline_risk": f"{risk['value']:g} ({risk['source']})" if risk else "",
        "schema": SCHEMA_VERSION,
    }
