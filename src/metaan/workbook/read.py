"""The only reader of Excel: cells with their text, their place, and what is odd about them.

Cells are read one by one with openpyxl: value, type, number format, formula. Every check of meaning comes later, in
`metaan.checks`; what is found here is about the file, the sheets, the headers and the kind of cell.
"""

import difflib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.columns import Layout, Sheet
from metaan.workbook.sheets import GENERATED_SHEETS, SHEETS_REQUIRED
from metaan.workbook.values import clean

MAX_BYTES = 20 * 2**20
MAX_PARTS = 500
MAX_UNPACKED = 200 * 2**20
MAX_RATIO = 200  #: of one part above 1 MB

_SAVE_AS = 'open it in the spreadsheet program and save it as "Excel Workbook (.xlsx)"'


@dataclass(frozen=True, slots=True)
class Row:
    """One filled row of a sheet; `values` holds only the cells that are not blank."""

    workbook: str
    sheet: str
    number: int
    values: Mapping[str, str]
    letters: Mapping[str, str] = field(repr=False)  #: column name -> letter

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell, empty when blank."""
        return self.values.get(column, "")

    def answer(self, column: str) -> str:
        """Return the text of a cell; empty when blank, not reported or not applicable."""
        text = self.values.get(column, "")
        return "" if text in ("NR", "NA") else text

    def cell(self, column: str) -> str:
        """Return the name of a cell: "E7"; of the row when the column is not in the sheet."""
        letter = self.letters.get(column)
        return f"{letter}{self.number}" if letter else f"A{self.number}"

    def origin(self, column: str) -> Origin:
        """Return where a cell stands."""
        return Origin(self.workbook, self.sheet, self.cell(column))


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything read from one workbook."""

    workbook: str  #: as the user named it
    rows: Mapping[str, tuple[Row, ...]]  #: sheet -> rows
    columns: Mapping[str, Mapping[str, str]]  #: sheet -> column -> letter
    findings: tuple[Finding, ...] = ()  #: about the file, the sheets and the kinds of cells
    program: str = ""  #: which program says it saved the file

    def sheet(self, name: str) -> tuple[Row, ...]:
        """Return the rows of a sheet; none when the sheet is not there."""
        return self.rows.get(name, ())

    def review(self) -> dict[str, str]:
        """Return the Review sheet as key -> value."""
        return {row["key"]: row["value"] for row in self.sheet("Review")}

    @property
    def decimal_mark(self) -> str:
        """The decimal mark the review declares."""
        return self.review().get("decimal_mark") or "point"

    def by_key(self, sheet: str, key: str) -> dict[str, Row]:
        """Return the rows of a sheet by their key."""
        return {row[key]: row for row in self.sheet(sheet) if row[key]}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "workbook": self.workbook,
            "program": self.program,
            "columns": {sheet: dict(letters) for sheet, letters in self.columns.items()},
            "rows": {sheet: [[row.number, dict(row.values)] for row in rows] for sheet, rows in self.rows.items()},
            "findings": [finding.record() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Extraction":
        """Rebuild from `to_dict`."""
        name, columns = data["workbook"], data["columns"]
        return cls(
            workbook=name,
            program=data["program"],
            columns=columns,
            rows={
                sheet: tuple(Row(name, sheet, number, values, columns[sheet]) for number, values in rows)
                for sheet, rows in data["rows"].items()
            },
            findings=tuple(Finding.from_record(record) for record in data["findings"]),
        )


def read_workbook(path: str | Path, layout: Layout) -> Extraction:
    """Read a workbook; the file is only ever read.

    Raises
    ------
    BadInput
        The file is missing, is no workbook, is damaged, or is larger than a workbook of text can be.
    """
    name = str(path)
    data = _load_bytes(Path(path), name)
    book, values = _open(data, name)
    findings: list[Finding] = list(_sheet_findings(book.sheetnames, layout, name))
    rows: dict[str, tuple[Row, ...]] = {}
    columns: dict[str, dict[str, str]] = {}
    for sheet in layout.sheets:
        if sheet.name not in book.sheetnames:
            continue
        read = _SheetReader(name, sheet, book[sheet.name], values[sheet.name] if values else None)
        columns[sheet.name] = read.letters
        rows[sheet.name] = tuple(read.rows())
        findings.extend(read.findings)
    return Extraction(name, rows, columns, tuple(findings), _program(data))


def _file_finding(name: str, found: str, expected: str, to_fix: str) -> BadInput:
    return BadInput(
        [
            Finding(
                id="FILE",
                level=Level.ERROR,
                origin=Origin(name, ""),
                subject="",
                found=found,
                expected=expected,
                to_fix=to_fix,
            )
        ]
    )


def _load_bytes(path: Path, name: str) -> bytes:
    workbook = "an Excel workbook (.xlsx)"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise _file_finding(name, "no such file", workbook, "put the workbook back, or correct its name") from None
    except IsADirectoryError:
        raise _file_finding(name, "a folder", workbook, "name the file in it") from None
    except PermissionError:
        fix = "close it in the spreadsheet program, or change its permissions"
        raise _file_finding(name, "a file that may not be read", workbook, fix) from None
    if not data:
        raise _file_finding(name, "an empty file", workbook, "restore it from a copy")
    if len(data) > MAX_BYTES:
        found = f"{len(data) / 2**20:.0f} MB"
        raise _file_finding(name, found, f"at most {MAX_BYTES // 2**20} MB", "remove pictures and embedded files")
    if data[:4] == b"PK\x03\x04":
        return data
    if data[:8] == bytes.fromhex("D0CF11E0A1B11AE1"):
        if b"E\0n\0c\0r\0y\0p\0t\0e\0d" in data:
            raise _file_finding(name, "a workbook with a password", workbook, "remove the password and save it again")
        raise _file_finding(name, "an old Excel file (.xls)", workbook, _SAVE_AS)
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table")):
        raise _file_finding(name, "a web page named .xlsx", workbook, _SAVE_AS)
    if head.startswith(b"<?xml"):
        raise _file_finding(name, "an XML file", workbook, _SAVE_AS)
    if b"\0" not in data[:512]:
        raise _file_finding(name, "plain text, perhaps CSV", workbook, _SAVE_AS)
    raise _file_finding(name, "a file that is no workbook", workbook, "restore it from a copy, or " + _SAVE_AS)


def _open(data: bytes, name: str) -> tuple[Any, Any]:
    """Return the workbook with formulas, and with stored results where there is any formula."""
    damaged = "a damaged file: it is cut off or was changed on the way"
    restore = "restore it from a copy, or let the spreadsheet program repair it and save it again"
    workbook = "an Excel workbook (.xlsx)"
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _guard(archive, name)
        parts = set(archive.namelist())
    except zipfile.BadZipFile:
        raise _file_finding(name, damaged, workbook, restore) from None
    if "mimetype" in parts:
        raise _file_finding(name, "an OpenDocument file (.ods)", workbook, _SAVE_AS)
    if "xl/workbook.xml" not in parts:
        raise _file_finding(name, "a zip file that is no workbook", workbook, _SAVE_AS)
    try:
        if b"purl.oclc.org/ooxml" in archive.read("xl/workbook.xml")[:2000]:
            raise _file_finding(name, 'a "Strict Open XML" workbook', workbook, _SAVE_AS + ", not Strict")
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(data), data_only=False, keep_links=False, keep_vba=False)
        formulas = any(b"<f>" in part or b"<f " in part for part in _sheet_parts(archive))
        values = (
            openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False, keep_vba=False)
            if formulas
            else None
        )
    except BadInput:
        raise
    except Exception as error:  # whatever the parser meets in a damaged file, the reviewer needs one sentence
        raise _file_finding(name, f"{damaged} ({type(error).__name__})", workbook, restore) from None
    return book, values


def _sheet_parts(archive: zipfile.ZipFile) -> Iterator[bytes]:
    for part in archive.namelist():
        if part.startswith("xl/worksheets/") and part.endswith(".xml"):
            yield archive.read(part)


def _guard(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse archives that unpack to more than a workbook of text can hold."""
    infos = archive.infolist()
    odd = ""
    if len(infos) > MAX_PARTS:
        odd = f"{len(infos)} parts"
    elif sum(info.file_size for info in infos) > MAX_UNPACKED:
        odd = "a file that unpacks to more than 200 MB"
    elif any(i.file_size > 2**20 and i.file_size > MAX_RATIO * max(i.compress_size, 1) for i in infos):
        odd = "a part that is packed more tightly than any text"
    elif any(i.filename.startswith("/") or ".." in i.filename.split("/") for i in infos):
        odd = "a part with a path that leads outside the file"
    if odd:
        raise _file_finding(name, odd, "a workbook of text", "copy the cells into a new workbook")


def _program(data: bytes) -> str:
    try:
        text = zipfile.ZipFile(io.BytesIO(data)).read("docProps/app.xml").decode("utf-8", "replace")
    except KeyError:
        return "not stated"
    start, end = text.find("<Application>"), text.find("</Application>")
    return text[start + 13 : end] if 0 <= start < end else "not stated"


def _sheet_findings(names: list[str], layout: Layout, workbook: str) -> Iterable[Finding]:
    known = [sheet.name for sheet in layout.sheets]
    unknown = [name for name in names if name not in known and name not in GENERATED_SHEETS]
    for wanted in SHEETS_REQUIRED:
        if wanted in names:
            continue
        near = difflib.get_close_matches(wanted.lower(), [name.lower() for name in unknown], 1, 0.6)
        like = next((name for name in unknown if near and name.lower() == near[0]), "")
        yield Finding(
            id="SHEET",
            level=Level.ERROR,
            origin=Origin(workbook, wanted),
            subject=layout.sheet(wanted).meaning,
            found=f'no such sheet, but one named "{like}"' if like else "no such sheet; there are " + ", ".join(names),
            expected=f'a sheet named "{wanted}"',
            to_fix=f'rename "{like}" to "{wanted}"' if like else "copy the sheet from a new template",
        )
    for name in unknown:
        yield Finding(
            id="SHEET",
            level=Level.NOTE,
            origin=Origin(workbook, name),
            subject="",
            found="a sheet that is not part of the layout; it is not read",
            expected="the sheets of the template",
            to_fix="nothing, if it holds your own notes",
        )


class _SheetReader:
    """Reads one sheet; `findings` grows while `rows` runs."""

    def __init__(self, workbook: str, sheet: Sheet, cells: Any, values: Any) -> None:
        self.workbook = workbook
        self.sheet = sheet
        self.cells = cells
        self.values = values
        self.findings: list[Finding] = []
        self.letters: dict[str, str] = {}
        self.indices: dict[int, str] = {}
        self._read_header()

    def _find(self, level: Level, cell: str, subject: str, found: str, expected: str, to_fix: str, id: str) -> None:
        origin = Origin(self.workbook, self.sheet.name, cell)
        self.findings.append(
            Finding(id=id, level=level, origin=origin, subject=subject, found=found, expected=expected, to_fix=to_fix)
        )

    def _read_header(self) -> None:
        known = {column.name for column in self.sheet.columns}
        unknown: dict[str, str] = {}
        for cell in self.cells[1]:
            text = clean(str(cell.value)) if cell.value is not None else ""
            if not text:
                continue
            if text in self.letters:
                self._find(
                    Level.ERROR,
                    cell.coordinate,
                    "header",
                    f'a second column "{text}" (the first is column {self.letters[text]})',
                    "each column once",
                    "delete the column that is not meant",
                    "HEADER",
                )
            elif text in known:
                self.letters[text] = cell.column_letter
                self.indices[cell.column] = text
            else:
                unknown[text] = cell.coordinate
        for column in self.sheet.columns:
            if column.name in self.letters:
                continue
            near = difflib.get_close_matches(column.name, list(unknown), 1, 0.6)
            cell_name = unknown.pop(near[0]) if near else "A1"
            self._find(
                Level.ERROR,
                cell_name,
                f'column "{column.name}": {column.meaning}',
                f'no column "{column.name}"' + (f', but one named "{near[0]}"' if near else ""),
                f'"{column.name}" in row 1; the headers are fixed, the columns may stand in any order',
                f'rename "{near[0]}" to "{column.name}"' if near else "add the column, or copy it from a new template",
                "HEADER",
            )
        for text, coordinate in unknown.items():
            self._find(
                Level.NOTE,
                coordinate,
                "header",
                f'a column "{text}" that is not part of the layout; it is not read',
                "the columns of the Codebook",
                "nothing, if it holds your own notes",
                "HEADER",
            )

    def rows(self) -> Iterator[Row]:
        """Yield the filled rows."""
        for number, cells in self._filled():
            values: dict[str, str] = {}
            for cell in cells:
                name = self.indices.get(cell.column)
                if name:
                    text = self._text(cell, name)
                    if text:
                        values[name] = text
            if values:
                yield Row(self.workbook, self.sheet.name, number, values, self.letters)

    def _filled(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield rows by number with their filled cells; blank cells, however many are formatted, cost nothing."""
        rows: dict[int, list[Any]] = {}
        # openpyxl's own store of cells; its public iterators make every blank cell of every row first
        for (row, _), cell in sorted(self.cells._cells.items(), key=itemgetter(0)):
            if row > 1 and cell.value is not None:
                rows.setdefault(row, []).append(cell)
        yield from rows.items()

    def _text(self, cell: Any, name: str) -> str:
        value = cell.value
        if isinstance(value, str) and cell.data_type == "s":
            return clean(value)
        if cell.data_type == "f":
            return self._formula(cell, name)
        if cell.data_type == "e":
            self._odd(cell, name, f"the error value {value}", "type the value itself")
            return ""
        if isinstance(value, bool):
            self._odd(
                cell,
                name,
                f"the truth value {str(value).upper()}",
                "type the word or number again; the cell takes text",
            )
            return ""
        if isinstance(value, (int, float)):
            return _number_text(value, cell.number_format)
        if hasattr(value, "isoformat"):
            column = self.sheet.column(name)
            if column.kind == "date" and hasattr(value, "year"):
                return value.date().isoformat() if hasattr(value, "date") else value.isoformat()
            fix = "the sheet has turned what was typed into a date; set the cell to Text and type it again"
            self._odd(cell, name, f"the date or time {value}", fix)
            return ""
        return clean(str(value))

    def _formula(self, cell: Any, name: str) -> str:
        stored = self.values[cell.coordinate].value if self.values is not None else None
        if stored is None or (isinstance(stored, str) and stored.startswith("#")):
            what = "without a stored result" if stored is None else f"with the result {stored}"
            self._odd(cell, name, f"a formula {what}: {cell.value}", "type the value itself, or recalculate and save")
            return ""
        self._find(
            Level.WARNING,
            cell.coordinate,
            name,
            f"a formula: {cell.value}; its stored result {stored} is used",
            "the value as the source prints it",
            "type the value, and say in derivation_note how it was calculated",
            "W03",
        )
        return clean(stored) if isinstance(stored, str) else _number_text(stored, cell.number_format)

    def _odd(self, cell: Any, name: str, found: str, to_fix: str) -> None:
        meaning = self.sheet.column(name).meaning
        self._find(Level.ERROR, cell.coordinate, f"{name}: {meaning}", found, "text as typed", to_fix, "W01")


def _number_text(value: float, number_format: str) -> str:
    """Return a true number as it is shown: with the decimals of its format where that format is a plain one."""
    if isinstance(value, int) or float(value).is_integer():
        whole = str(int(value))
        decimals = _format_decimals(number_format)
        return f"{whole}.{'0' * decimals}" if decimals else whole
    text = repr(float(value))
    if "e" in text:
        text = f"{value:.17f}".rstrip("0")
    decimals = _format_decimals(number_format)
    shown = len(text.split(".")[1])
    return text + "0" * (decimals - shown) if shown < decimals else text


def _format_decimals(number_format: str) -> int:
    if number_format and set(number_format) <= set("0.#") and "." in number_format:
        return number_format.split(".")[1].count("0")
    return 0
