"""The text of one filled cell, and what is odd about it: dates, formulas, formats, strike-through, odd characters."""

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from metaan.terms.finding import Finding, Level
from metaan.workbook.arithmetic import reckon
from metaan.workbook.columns import Column
from metaan.workbook.dates import moment, shown, typed_forms
from metaan.workbook.grid import Cell, Grid, letters
from metaan.workbook.places import Place
from metaan.workbook.styles import GENERAL, Style
from metaan.workbook.values import clean, plain_signs

_LONGEST = 32_767  #: characters a cell of a spreadsheet holds
_PLAIN = re.compile(r"#*,?#*0+(\.[0#]+)?%?")
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}`"


@dataclass(slots=True)
class CellReader:
    """Reads the cells of one sheet; `findings` and `cleaned` grow as it does."""

    grid: Grid
    styles: Sequence[Style]
    date1904: bool
    decimal_mark: str
    place: Place
    findings: list[Finding] = field(default_factory=list)
    cleaned: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  #: column -> cell, what was read

    def text(self, cell: Cell, column: Column) -> str:
        """Return the text of a cell as it was typed; empty where it cannot be told."""
        style = self._style(cell)
        if style.struck or cell.struck:
            self._find(
                "W07",
                cell,
                column,
                f'"{cell.text[:80]}", struck through',
                "a cell that counts or a blank one",
                "take the strike-through off if it counts; clear the cell if it does not",
            )
        if cell.formula is not None:
            return self._formula(cell, column, style)
        return self._value(cell, column, style)

    def _value(self, cell: Cell, column: Column, style: Style) -> str:
        if cell.kind == "s":
            return self._string(cell, column)
        if cell.kind == "n":
            return self._number(cell, column, style)
        if cell.kind == "b":
            said = "FALSE" if cell.text.strip() in ("0", "false") else "TRUE"
            self._odd(cell, column, f"the truth value {said}", "type the word or number again; the cell takes text")
            return ""
        if cell.kind == "d":
            return self._iso_date(cell, column)
        self._odd(cell, column, f"the error value {cell.text[:20]}", "type the value itself")
        return ""

    def _string(self, cell: Cell, column: Column) -> str:
        text = clean(cell.text)
        if len(cell.text) >= _LONGEST:
            self._find(
                "W06",
                cell,
                column,
                f"{len(cell.text):,} characters, as many as a cell can hold: the rest was cut off",
                f"fewer than {_LONGEST:,} characters",
                "shorten the text",
                Level.WARNING,
            )
        if column.kind == "text" or (text == cell.text and text.isascii() and text[:1] not in _APOSTROPHES):
            return text
        text = plain_signs(text)
        if text[:1] in _APOSTROPHES:
            text = text[1:].strip()
        if text != cell.text:
            self.cleaned.setdefault(column.name, []).append((cell.name, text))
        return text

    def _number(self, cell: Cell, column: Column, style: Style) -> str:
        try:
            value = float(cell.text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self._odd(cell, column, f'"{cell.text[:40]}", stored as a number', "type the number again")
            return ""
        if style.date:
            when = moment(value, self.date1904)
            if when is None:
                self._odd(cell, column, f"{cell.text[:40]}, shown as a date", "set the cell to Text and type it again")
                return ""
            if column.kind == "date" and isinstance(when, datetime.datetime):
                return when.date().isoformat()
            kind = "date" if isinstance(when, datetime.datetime) else "time"
            fix = (
                f"the sheet has turned what was typed, perhaps {typed_forms(when)}, into a {kind}; "
                "look it up in the source, set the cell to Text and type it again"
            )
            self._odd(cell, column, shown(when), fix)
            return ""
        return self._formatted(value, cell, column, style)

    def _formatted(self, value: float, cell: Cell, column: Column, style: Style) -> str:
        """Return a true number, with a warning where its format shows another one."""
        text = number_text(value, style.code)
        as_shown = shown_number(value, style.code)
        if not as_shown:
            return self._marked(text)
        read = text
        if as_shown.endswith("%") and column.unit == "percent":
            read = as_shown[:-1]
        self._find(
            "W08",
            cell,
            column,
            f"{as_shown} on the screen, {text} in the file; read as {read}",
            "the number as the source prints it, in a cell set to Text",
            f"look it up in the source; if {read} is not meant, set the cell to Text and type it again",
        )
        return self._marked(read)

    def _marked(self, text: str) -> str:
        return text.replace(".", ",") if self.decimal_mark == "comma" else text

    def _iso_date(self, cell: Cell, column: Column) -> str:
        day = clean(cell.text)[:10]
        if column.kind == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            return day
        self._odd(cell, column, f"the date {day}", "look it up in the source, set the cell to Text and type it again")
        return ""

    def _formula(self, cell: Cell, column: Column, style: Style) -> str:
        said = f"={cell.formula[:120]}" if cell.formula else "one shared with other cells"
        result = reckon(cell.formula or "", self._reference)
        gives = "" if result is None else f"; it gives {number_text(result, 'General')}"
        if cell.kind == "e":
            self._find(
                "W03", cell, column, f"a formula with the result {cell.text[:20]}: {said}", *_TYPE_IT, Level.ERROR
            )
            return ""
        if not cell.text.strip():
            self._find("W03", cell, column, f"a formula without a stored result: {said}{gives}", *_TYPE_IT, Level.ERROR)
            return ""
        if cell.kind == "n" and result is not None:
            stored = _float(cell.text)
            if stored is None or not math.isclose(stored, result, rel_tol=1e-9, abs_tol=1e-9):
                found = f"a formula: {said}; the file holds {cell.text[:30]} as its result, but{gives[4:]}"
                self._find("W03", cell, column, found, *_TYPE_IT, Level.ERROR)
                return ""
        before = len(self.findings)
        text = self._value(cell, column, style)
        if len(self.findings) == before:
            self._find(
                "W03",
                cell,
                column,
                f"a formula: {said}; its stored result {text[:80]} is used",
                "the value as the source prints it",
                "type the value, and say in derivation_note how it was calculated",
                Level.WARNING,
            )
        return text

    def _reference(self, column: int, row: int) -> float | None:
        cell = self.grid.rows.get(row, {}).get(column)
        if cell is None:
            return 0.0
        return _float(cell.text) if cell.kind == "n" else None

    def _style(self, cell: Cell) -> Style:
        return self.styles[cell.style] if cell.style < len(self.styles) else GENERAL

    def _odd(self, cell: Cell, column: Column, found: str, to_fix: str) -> None:
        expected = "a number" if column.kind in ("integer", "number") else "text as typed"
        self._find("W01", cell, column, found, expected, to_fix)

    def _find(
        self,
        check: str,
        cell: Cell,
        column: Column,
        found: str,
        expected: str,
        to_fix: str,
        level: Level | None = None,
    ) -> None:
        subject = f"{column.name}: {column.meaning}"
        where = f"{letters(cell.column)}{cell.row}"
        self.findings.append(self.place.finding(check, where, subject, found, expected, to_fix, level))


_TYPE_IT = ("a value", "type the value itself, or recalculate in the spreadsheet program and save")


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def number_text(value: float, code: str) -> str:
    """Return a true number as text, with the decimals of its format where that format is a plain one.

    Fifteen digits, as spreadsheets do: the file may hold 5.0999999999999996 for the 5.1 that was typed.
    """
    text = f"{value:.15g}"
    if "e" in text and 1e-15 < abs(value) < 1e21:
        text = format(Decimal(text), "f")
    if "e" in text or not _PLAIN.fullmatch(code) or code.endswith("%"):
        return text
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(_zeros(code), '0')}" if part or _zeros(code) else whole


def _zeros(code: str) -> int:
    return code.partition(".")[2].count("0")


def shown_number(value: float, code: str) -> str:
    """Return a number as its format shows it, where that is another number than the one stored; else nothing."""
    if "%" in code:
        return f"{value * 100:.{_decimals(code)}f}%"
    if "E+" in code or "E-" in code:
        return f"{value:.{_decimals(code.upper().split('E')[0])}E}"
    if "/" in code and "?" in code:
        return "a fraction"
    if not _PLAIN.fullmatch(code):
        return ""
    rounded = f"{value:,.{_decimals(code)}f}" if "," in code else f"{value:.{_decimals(code)}f}"
    plain = float(rounded.replace(",", ""))
    return "" if math.isclose(plain, value, rel_tol=1e-14, abs_tol=1e-300) else rounded


def _decimals(code: str) -> int:
    return min(sum(code.partition(".")[2].count(sign) for sign in "0#"), 15)
