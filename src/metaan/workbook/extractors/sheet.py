"""discrepancies.xlsx: one row a differing cell, written for the two extractors and read back with their decisions."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from metaan.workbook.columns import (
    NOT_APPLICABLE,
    NOT_REPORTED,
    WRITTEN,
    Column,
    Layout,
    Sheet,
    When,
    date,
    text,
    word,
)
from metaan.workbook.digest import rows_digest
from metaan.workbook.extractors.answers import Verdict
from metaan.workbook.read import Extraction, Row

A, B, OTHER, ASK = "A", "B", "other", "ask_author"

DECISIONS = {
    A: "the answer of A stands; for a row that only one has: as A has it",
    B: "the answer of B stands; for a row that only one has: as B has it",
    OTHER: "neither: the answer stands in final_value",
    ASK: "nobody can tell: NR, and the authors are asked",
}

#: what the row of a sheet is, where a whole row is missing
NO_ROW = "(no such row)"

_DECIDED = When("decision", among=tuple(DECISIONS))

SHEET = Sheet(
    name="Discrepancies",
    meaning="one row an answer on which two extractors differ; decide those of priority 1 and 2 first",
    frozen=5,
    columns=(
        text("priority", "1 a row that one extractor missed, or sign, stratum, grade or conclusion change; "
             "2 the effect changes by more than 10 %; 3 other", required=True, group="identity", width=8),
        text("sheet", "sheet", required=True, group="identity", width=11),
        text("study", "study", group="identity", width=20),
        text("row", "row, as A names it", required=True, group="identity", width=22),
        text("column", "column; blank: the whole row", group="identity", width=24),
        text("value_a", "what A typed", group="identity", width=24),
        text("where_a", "cell in the workbook of A", group="identity", width=9),
        text("value_b", "what B typed", group="identity", width=24),
        text("where_b", "cell in the workbook of B", group="identity", width=9),
        text("differs", "in what way", group="identity", width=18),
        text("effect", "what the answer of B does to the effect of this row", group="identity", width=40),
        text("pooled", "what the answer of B does to the pooled result", group="identity", width=48),
        word("decision", "decision", "A, B, other or ask_author", nr=False, group="decision", width=12),
        text("final_value", "the answer, where it is neither A's nor B's", nr=False, group="decision", width=18,
             required=When("decision", among=(OTHER,))),
        text("reason", "why, with the page of the paper", nr=False, group="decision", width=44),
        text("decided_by", "initials of those who decided", nr=False, group="decision", width=11,
             required=_DECIDED),
        date("date", "day, as YYYY-MM-DD", nr=False, group="decision", width=12, required=_DECIDED),
    ),
)  # fmt: skip

ABOUT = Sheet(
    name="About",
    meaning="which workbooks were compared",
    key="key",
    columns=(text("key", "name", required=True), text("value", "value", width=80)),
    frozen=1,
)

LAYOUT = Layout(sheets=(ABOUT, SHEET), lists={"decision": DECISIONS})

_FIXED = [column.name for column in SHEET.columns if column.group == "identity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One answer, or one row, on which two extractors differ."""

    sheet: str
    column: str  #: empty for a whole row
    row: str  #: name of the row in the first workbook, of the second where only that has it
    study: str
    value_a: str
    where_a: str  #: cell; empty where the first workbook has no such row
    value_b: str
    where_b: str
    differs: str
    scored: bool  #: free text is shown, and needs no decision
    priority: int = 3
    size: float = 0.0  #: of the change of the effect, on its working scale; sorts within a priority
    effect: str = ""
    pooled: str = ""

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What tells this discrepancy from any other of the same two workbooks."""
        return (self.sheet, self.column, self.where_a, self.where_b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one discrepancy, as typed."""

    row: Row  #: of the discrepancies workbook
    priority: int
    choice: str  #: of `DECISIONS`; empty where nothing was decided
    final_value: str
    reason: str
    decided_by: str
    date: str


def people(named: str) -> list[str]:
    """Return the initials in a cell that names people: "JD+AB", "JD, AB", "JD and AB"."""
    text = named.replace(" and ", "+")
    for mark in ",;/&":
        text = text.replace(mark, "+")
    parts = (part.strip() for part in text.split("+"))
    return list(dict.fromkeys(part for part in parts if part not in ("", NOT_REPORTED, NOT_APPLICABLE)))


def extractor(read: Extraction, role: str) -> str:
    """Return the initials of who filled a workbook: as the sheet Review says, else as the results do, else the role."""
    named = read.review().get("extractor", "")
    rows = [name for row in read.sheet("Effects") for name in people(row["extractor"])]
    return "+".join(people(named) or dict.fromkeys(rows)) or role


def ranked(found: Iterable[Discrepancy]) -> list[Discrepancy]:
    """Return discrepancies by priority, then whole rows first, then by what they do to the effect."""
    return sorted(found, key=lambda each: (each.priority, bool(each.column), not each.scored, -each.size))


def about(a: Extraction, b: Extraction) -> dict[str, str]:
    """Return what the sheet About says of two workbooks."""
    return {
        "A": f"{PurePath(a.workbook).name}, extractor {extractor(a, A)}",
        "B": f"{PurePath(b.workbook).name}, extractor {extractor(b, B)}",
        "rows of A": rows_digest(a),
        "rows of B": rows_digest(b),
    }


def decisions(read: Extraction) -> dict[tuple[str, str, str, str], Decision]:
    """Return the decisions of a discrepancies workbook by the place they are about."""
    return {
        (row["sheet"], row["column"], row["where_a"], row["where_b"]): Decision(
            row=row,
            priority=int(row["priority"]) if row["priority"] in ("1", "2", "3") else 1,
            choice=row["decision"],
            final_value=row["final_value"],
            reason=row["reason"],
            decided_by=row["decided_by"],
            date=row["date"],
        )
        for row in read.sheet(SHEET.name)
    }


_WIDE = frozenset({"value_a", "value_b", "effect", "pooled", "reason", "final_value"})
#: whether a row needs a decision, as a formula; the same as `needs_decision` says of a discrepancy
_NEEDED = (
    'OR({priority}="1",{priority}="2",'
    'AND({differs}<>"' + Verdict.ROUNDING + '",{differs}<>"' + Verdict.TEXT + '",LEFT({differs},5)<>"only "))'
)
_STEPS = (
    "Look each row up in the paper, those of priority 1 first; they are sorted by what they change.",
    "Choose a decision where the cell is yellow. For “other”, type the answer into final_value.",
    "Rows without yellow may stay undecided: of free text A's words are kept, of two roundings the more precise one.",
    "Say why (needed for priority 1 and 2), who decided, and on which day (YYYY-MM-DD).",
    "Save, then run: metaan consensus A.xlsx B.xlsx discrepancies.xlsx",
)


def workbook_bytes(found: Sequence[Discrepancy], said: Mapping[str, str], title: str) -> bytes:
    """Return discrepancies.xlsx; the same discrepancies give the same bytes."""
    import xlsxwriter

    target = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, {"in_memory": True, **plain}) as book:
        book.set_properties({"title": f"Discrepancies: {title}", **WRITTEN})
        styles = _styles(book)
        _write_rows(book, styles, found)
        _write_about(book, styles, said, title)
        _write_lists(book, styles)
    return target.getvalue()


def _styles(book: Any) -> dict[str, Any]:
    font = {"font_name": "Calibri", "font_size": 11, "num_format": "@", "valign": "top", "text_wrap": True}
    head = {**font, "bold": True, "border": 1}
    shown = {**font, "bg_color": "#F2F2F2", "bottom": 1, "bottom_color": "#B7C4D0"}
    return {
        "entry head": book.add_format({**head, "font_color": "#FFFFFF", "bg_color": "#004C80"}),
        "head": book.add_format({**head, "font_color": "#1F2D3A", "bg_color": "#E8EEF4", "border_color": "#B7C4D0"}),
        "shown": book.add_format(shown),
        "first": book.add_format({**shown, "bold": True, "font_color": "#7A0000", "left": 5, "left_color": "#7A0000"}),
        "second": book.add_format({**shown, "bold": True, "left": 5, "left_color": "#8A6D00"}),
        "entry": book.add_format({**font, "locked": False, "border": 1, "border_color": "#B7C4D0"}),
        "title": book.add_format({**font, "bold": True, "font_size": 16, "text_wrap": False}),
        "plain": book.add_format(font),
        "strong": book.add_format({**font, "bold": True}),
        "missing": book.add_format({"bg_color": "#FFE8A3", "left": 2, "left_color": "#8A6D00"}),
    }


def _write_rows(book: Any, styles: Mapping[str, Any], found: Sequence[Discrepancy]) -> None:
    page = book.add_worksheet(SHEET.name)
    for i, column in enumerate(SHEET.columns):
        page.set_column(i, i, column.width, styles["entry" if column.group == "decision" else "shown"])
        page.write_string(0, i, column.name, styles["entry head" if column.group == "decision" else "head"])
    for r, each in enumerate(found, 1):
        cells = [str(each.priority), *(str(getattr(each, name)) for name in _FIXED[1:])]
        for i, content in enumerate(cells):
            style = styles["first" if each.priority == 1 else "second" if each.priority == 2 else "shown"]
            page.write_string(r, i, content, style if i == 0 else styles["shown"])
        for i in range(len(cells), len(SHEET.columns)):
            page.write_blank(r, i, None, styles["entry"])
        page.set_row(r, _height(zip(cells, SHEET.columns, strict=False)))
    last = max(len(found), 1)
    for i, column in enumerate(SHEET.columns):
        if column.group == "decision":
            page.data_validation(1, i, last, i, _help(column))
    names = [column.name for column in SHEET.columns]
    on, first = f"${_letter(names.index('decision'))}2", _letter(0)
    for name in ("decision", "reason", "decided_by", "date", "final_value"):
        here = f"{_letter(names.index(name))}2"
        when = {
            "decision": _NEEDED.format(priority=f"${first}2", differs=f"${_letter(names.index('differs'))}2"),
            "reason": f'AND({on}<>"",OR(${first}2<>"3",{on}="{OTHER}"))',
            "final_value": f'{on}="{OTHER}"',
        }.get(name, f'{on}<>""')
        rule = {"type": "formula", "criteria": f"=AND({when},LEN(TRIM({here}))=0)", "format": styles["missing"]}
        page.conditional_format(1, names.index(name), last, names.index(name), rule)
    page.set_row(0, 20)
    page.freeze_panes(1, SHEET.frozen)
    page.autofilter(0, 0, last, len(SHEET.columns) - 1)
    page.ignore_errors({"number_stored_as_text": f"A1:{_letter(len(names) - 1)}{last + 1}"})
    page.set_landscape()
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)
    page.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})


def _help(column: Column) -> dict[str, Any]:
    rule: dict[str, Any] = {"validate": "any", "input_title": column.name, "input_message": column.meaning[:255]}
    if column.kind == "word":
        message = "Choose " + ", ".join(DECISIONS) + "."
        lines = "\n".join(f"{name}: {meaning}" for name, meaning in DECISIONS.items())
        rule |= {"validate": "list", "source": "=lst_decision", "input_message": lines[:255]}
        rule |= {"error_title": "Not in the list", "error_message": message}
    return rule


def _write_about(book: Any, styles: Mapping[str, Any], said: Mapping[str, str], title: str) -> None:
    page = book.add_worksheet(ABOUT.name)
    page.set_column(0, 0, 14, styles["plain"])
    page.set_column(1, 1, 100, styles["plain"])
    page.write_string(0, 0, "key", styles["head"])
    page.write_string(0, 1, "value", styles["head"])
    lines = {"review": title, **said, **{f"step {i}": step for i, step in enumerate(_STEPS, 1)}}
    lines |= {f"“{name}”": meaning for name, meaning in DECISIONS.items()}
    for r, (key, value) in enumerate(lines.items(), 1):
        page.write_string(r, 0, key, styles["strong"])
        page.write_string(r, 1, value, styles["plain"])
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.protect("", {"format_columns": True, "format_rows": True})


def _write_lists(book: Any, styles: Mapping[str, Any]) -> None:
    page = book.add_worksheet("Lists")
    page.write_string(0, 0, "decision", styles["strong"])
    for r, name in enumerate(DECISIONS, 1):
        page.write_string(r, 0, name, styles["plain"])
    book.define_name("lst_decision", f"=Lists!$A$2:$A${len(DECISIONS) + 1}")
    page.protect()
    page.hide()


def _height(cells: Iterable[tuple[str, Column]]) -> float:
    lines = (-(-len(content) // max(column.width - 2, 1)) for content, column in cells)
    return 15.0 * min(max(1, *lines), 10)


def _letter(index: int) -> str:
    return chr(65 + index)
