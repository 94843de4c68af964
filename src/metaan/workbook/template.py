"""Layout to workbook: blank for a new review, or filled with rows.

Written by XlsxWriter in memory; the bytes depend on layout, protocol and rows alone. Entry columns are formatted as
text by column, so that what is typed is what is read and empty cells cost nothing.
"""

import datetime
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from metaan.workbook.columns import SCHEMA_VERSION, Column, Layout, Sheet, When
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import Protocol
from metaan.workbook.sheets import REVIEW_KEYS

PREPARED_ROWS = 400
_PRINTED_WIDTH = 230  #: characters on one printed page
_MOST_LINES = 10
_CREATED = datetime.datetime(2026, 1, 1)
_FREE_WIDTH = {"quote", "notes", "derivation_note", "title", "statement", "says", "reason", "why"}

_RULES = (
    "One fact in one cell: 12.3 in one, 4.5 in the next; never 12.3 ± 4.5.",
    "Say where it stands: fill src_type, src_ref and quote; write what was calculated into derivation_note.",
    "NR = looked for, not reported. NA = cannot apply. Blank = not looked yet.",
)
_STEPS = (
    "Reports: one row a paper. Studies: one row a set of people.",
    "Design: one row a contrast (who is compared with whom). Answer the facts; type no label of a design.",
    "Effects: one row a comparison. Choose the form that fits what the paper prints; fill the cells of that form.",
    "Save, then run: snakemake (or: metaan check extraction.xlsx).",
    "Mend what it names, until it finds nothing more.",
)


def workbook_bytes(protocol: Protocol, rows: Mapping[str, Iterable[Mapping[str, str]]] | None = None) -> bytes:
    """Return an .xlsx file with the layout of a protocol.

    Parameters
    ----------
    protocol : Protocol
        Gives topic lists, confounders and the locked values of the Review sheet.
    rows : mapping of sheet name to rows, optional
        Each row maps column names to text; columns unknown to the layout raise KeyError.
    """
    import xlsxwriter

    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"title": protocol.title, "created": _CREATED})
        book.set_custom_property("metaan_schema", SCHEMA_VERSION, "text")
        _Writer(book, protocol.layout, protocol).write(rows or {})
    return target.getvalue()


class _Writer:
    def __init__(self, book: Any, layout: Layout, protocol: Protocol) -> None:
        self.book = book
        self.layout = layout
        self.protocol = protocol
        font = {"font_name": "Calibri", "font_size": 11}
        head = {**font, "bold": True, "text_wrap": True, "valign": "top", "num_format": "@", "border": 1}
        self.formats = {
            "required": book.add_format(
                {**head, "font_color": "#FFFFFF", "bg_color": "#004C80", "border_color": "#7FA5BF"}
            ),
            "optional": book.add_format(
                {**head, "font_color": "#1F2D3A", "bg_color": "#E8EEF4", "border_color": "#B7C4D0"}
            ),
            "entry": book.add_format({**font, "num_format": "@", "locked": False, "valign": "top"}),
            "wrapped": book.add_format(
                {**font, "num_format": "@", "locked": False, "valign": "top", "text_wrap": True}
            ),
            "locked": book.add_format(
                {**font, "num_format": "@", "valign": "top", "text_wrap": True, "bg_color": "#F2F2F2"}
            ),
            "title": book.add_format({**font, "bold": True, "font_size": 16, "num_format": "@"}),
            "strong": book.add_format({**font, "bold": True, "num_format": "@", "valign": "top"}),
            "plain": book.add_format({**font, "num_format": "@", "valign": "top", "text_wrap": True}),
            "missing": book.add_format({"bg_color": "#FFE8A3", "left": 2, "left_color": "#8A6D00"}),
            "unneeded": book.add_format(
                {"bg_color": "#E0E0E0", "pattern": 4, "fg_color": "#C8C8C8", "font_color": "#595959"}
            ),
        }

    def write(self, rows: Mapping[str, Iterable[Mapping[str, str]]]) -> None:
        """Write every sheet."""
        self._readme()
        for sheet in self.layout.sheets:
            given = list(rows.get(sheet.name, ()))
            if sheet.name == "Review":
                self._review({row["key"]: row.get("value", "") for row in given})
            else:
                self._entry(sheet, given)
        self._codebook()
        self._lists()

    def _readme(self) -> None:
        page = self.book.add_worksheet("README")
        page.hide_gridlines(2)
        page.set_column(0, 0, 4)
        page.set_column(1, 1, 110)
        page.write_string(0, 0, f"Extraction workbook: {self.protocol.title}", self.formats["title"])
        page.write_string(2, 0, "Question", self.formats["strong"])
        page.write_string(3, 1, self.protocol.question, self.formats["plain"])
        page.set_row(3, _height([(self.protocol.question, 100)]))
        line = 5
        for head, items in (("In five steps", _STEPS), ("Three rules", _RULES)):
            page.write_string(line, 0, head, self.formats["strong"])
            for i, item in enumerate(items, 1):
                page.write_string(line + i, 0, f"{i}.", self.formats["plain"])
                page.write_string(line + i, 1, item, self.formats["plain"])
            line += len(items) + 2
        page.write_string(line, 0, "Orientation, fixed once for all studies", self.formats["strong"])
        for i, item in enumerate(
            (
                "Group 1 = people with the outcome, group 2 = people without it.",
                "In a 2x2 table row 1 = factor present, high, or treated; the event is the outcome named in the row.",
                "So a ratio above 1 and a difference above 0 always say: more of the factor goes with the outcome.",
            ),
            1,
        ):
            page.write_string(line + i, 1, item, self.formats["plain"])
        line += 5
        page.write_string(line, 0, "Colours", self.formats["strong"])
        page.write_string(line + 1, 0, "", self.formats["required"])
        page.write_string(line + 1, 1, "dark header: always required (NR is an answer)", self.formats["plain"])
        page.write_string(line + 2, 0, "", self.formats["optional"])
        page.write_string(
            line + 2, 1, "pale header: optional, or required under a condition (see Codebook)", self.formats["plain"]
        )
        page.write_string(line + 3, 0, "", self.formats["missing"])
        page.write_string(
            line + 3, 1, "yellow cell with a thick left edge: still missing in this row", self.formats["plain"]
        )
        page.write_string(line + 4, 0, "", self.formats["unneeded"])
        page.write_string(line + 4, 1, "hatched cell: not needed for the form chosen", self.formats["plain"])
        page.write_string(line + 6, 1, f"Layout version {SCHEMA_VERSION}", self.formats["plain"])
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.protect("", {"select_locked_cells": True})

    def _review(self, given: Mapping[str, str]) -> None:
        sheet = self.layout.sheet("Review")
        page = self._page(sheet)
        fixed = {
            "review_id": self.protocol.review,
            "title": self.protocol.title,
            "question": self.protocol.question,
            "registered": self.protocol.registered,
            "as_of": self.protocol.as_of,
            "schema": SCHEMA_VERSION,
        }
        for i, (key, (meaning, generated)) in enumerate(REVIEW_KEYS.items(), 1):
            page.write_string(i, 0, key, self.formats["locked"])
            value = fixed[key] if generated else given.get(key, "")
            style = self.formats["locked"] if generated else self.formats["wrapped"]
            page.write_string(i, 1, value, style) if value else page.write_blank(i, 1, None, style)
            note = meaning + ("; written from protocol.yaml" if generated and key != "schema" else "")
            page.write_string(i, 2, note, self.formats["locked"])
        for key, words in (("workbook_role", "role"), ("decimal_mark", "decimal_mark")):
            row = list(REVIEW_KEYS).index(key) + 1
            page.data_validation(row, 1, row, 1, {"validate": "list", "source": f"=lst_{words}"})

    def _page(self, sheet: Sheet) -> Any:
        page = self.book.add_worksheet(sheet.name)
        page.set_row(0, 32)
        for i, column in enumerate(sheet.columns):
            style = "wrapped" if column.name in _FREE_WIDTH else "entry"
            page.set_column(i, i, max(column.width, min(len(column.name) + 2, 22)), self.formats[style])
            head = "required" if column.required is True else "optional"
            page.write_string(0, i, column.name, self.formats[head])
        page.freeze_panes(1, sheet.frozen)
        page.set_landscape()
        page.repeat_rows(0)
        width = sum(column.width for column in sheet.columns)
        page.fit_to_pages(math.ceil(width / _PRINTED_WIDTH), 0)
        if width > _PRINTED_WIDTH:
            page.repeat_columns(0, 0)
        page.protect(
            "",
            {
                "format_cells": False,
                "format_columns": True,
                "format_rows": True,
                "insert_rows": True,
                "delete_rows": True,
                "sort": True,
                "autofilter": True,
            },
        )
        return page

    def _entry(self, sheet: Sheet, rows: list[Mapping[str, str]]) -> None:
        page = self._page(sheet)
        index = {column.name: i for i, column in enumerate(sheet.columns)}
        for r, row in enumerate(rows, 1):
            for name, value in row.items():
                i = index[name]
                style = "wrapped" if name in _FREE_WIDTH else "entry"
                if value:
                    page.write_string(r, i, value, self.formats[style])
            wrapped = [(row[c.name], c.width) for c in sheet.columns if c.name in _FREE_WIDTH and row.get(c.name)]
            page.set_row(r, _height(wrapped))
        last = max(PREPARED_ROWS, len(rows) + 50)
        page.autofilter(0, 0, last, len(sheet.columns) - 1)
        page.ignore_errors({"number_stored_as_text": f"A1:{_letter(len(sheet.columns) - 1)}{last + 1}"})
        for i, column in enumerate(sheet.columns):
            self._help(page, column, i, last)
            self._colours(page, sheet, column, i, last)

    def _help(self, page: Any, column: Column, i: int, last: int) -> None:
        lines = [column.meaning]
        if column.unit:
            lines.append(f"unit: {column.unit}")
        if column.example:
            lines.append(f"example: {column.example}")
        if isinstance(column.required, When):
            lines.append(f"required when {column.required}")
        rule: dict[str, Any] = {
            "validate": "any",
            "input_title": column.name[:32],
            "input_message": "\n".join(lines)[:255],
        }
        if column.kind == "word":
            rule.update(
                validate="list",
                source=f"=lst_{column.words}",
                error_title="Not in the list",
                error_message=f"Choose a word of the list for {column.name}, or NR if it is not reported."[:255],
            )
        page.data_validation(1, i, last, i, rule)

    def _colours(self, page: Any, sheet: Sheet, column: Column, i: int, last: int) -> None:
        here = f"{_letter(i)}2"
        names = [c.name for c in sheet.columns]
        if column.required is True:
            rule = f"AND(COUNTA($A2:${_letter(len(names) - 1)}2)>0,LEN(TRIM({here}))=0)"
        elif isinstance(column.required, When) and column.required.column in names:
            on = f"${_letter(names.index(column.required.column))}2"
            rule = f"AND({_condition(column.required, on)},LEN(TRIM({here}))=0)"
        else:
            rule = ""
        if rule:
            page.conditional_format(
                1, i, last, i, {"type": "formula", "criteria": "=" + rule, "format": self.formats["missing"]}
            )
        if sheet.name == "Effects" and column.group == "numbers" and column.name != "form":
            using = [form.name for form in FORMS.values() if column.name in form.columns]
            form = f"${_letter(names.index('form'))}2"
            others = "".join(f',{form}<>"{name}"' for name in using)
            criteria = f'=AND({form}<>""{others})'
            page.conditional_format(
                1, i, last, i, {"type": "formula", "criteria": criteria, "format": self.formats["unneeded"]}
            )

    def _codebook(self) -> None:
        page = self.book.add_worksheet("Codebook")
        heads = ("sheet", "column", "kind", "required", "meaning", "unit", "words", "example")
        for i, (head, width) in enumerate(zip(heads, (12, 24, 10, 34, 60, 12, 60, 26), strict=True)):
            page.set_column(i, i, width)
            page.write_string(0, i, head, self.formats["required"])
        r = 0
        for sheet in self.layout.sheets:
            for column in sheet.columns:
                r += 1
                when = column.required
                needed = f"when {when}" if isinstance(when, When) else "always" if when else ""
                words = self.layout.lists.get(column.words, {}) if column.kind == "word" else {}
                cells = (
                    sheet.name,
                    column.name,
                    column.kind,
                    needed,
                    column.meaning,
                    column.unit,
                    "; ".join(
                        f"{word} = {label}" if label and label != word else word for word, label in words.items()
                    ),
                    column.example,
                )
                for i, text in enumerate(cells):
                    page.write_string(r, i, text, self.formats["plain"])
        page.freeze_panes(1, 2)
        page.set_landscape()
        page.repeat_rows(0)
        page.fit_to_pages(1, 0)
        page.protect("", {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True})
        page.autofilter(0, 0, r, len(heads) - 1)

    def _lists(self) -> None:
        page = self.book.add_worksheet("Lists")
        for i, (name, words) in enumerate(self.layout.lists.items()):
            page.write_string(0, i, name, self.formats["strong"])
            entries = [*words, "NR", "NA"]
            for r, word in enumerate(entries, 1):
                page.write_string(r, i, word, self.formats["plain"])
            letter = _letter(i)
            self.book.define_name(f"lst_{name}", f"=Lists!${letter}$2:${letter}${len(entries) + 1}")
        page.protect()
        page.hide()


def _height(texts: Iterable[tuple[str, int]]) -> float:
    """Return the height of a row that shows wrapped texts, each with the width of its column in characters."""
    lines = max((math.ceil(len(text) / width) for text, width in texts), default=1)
    return 15.0 * min(lines, _MOST_LINES)


def _condition(when: When, cell: str) -> str:
    if when.among:
        tests = ",".join(f'{cell}="{word}"' for word in when.among)
        return f"OR({tests})"
    tests = "".join(f',{cell}<>"{word}"' for word in when.not_among)
    return f'AND({cell}<>""{tests})'


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
