"""Damage that no typed text can do to a workbook: functions from the bytes of a clean one to those of a damaged one.

Rows are named by their key and columns by their header, as in the cases.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Callable

import openpyxl

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def edited(data: bytes, change: Callable) -> bytes:
    """Return the workbook after a change made to it with openpyxl."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def repacked(data: bytes, parts: dict[str, bytes | Callable[[bytes], bytes] | None]) -> bytes:
    """Return the workbook with parts changed, added, or (None) left out."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = parts.get(item.filename, old.read(item))
            if callable(content):
                content = content(old.read(item))
            if content is not None:
                new.writestr(item.filename, content)
        for name in set(parts) - set(old.namelist()):
            new.writestr(name, parts[name])
    return target.getvalue()


def cell_of(book, sheet: str, row: str, column: str):
    """Return the openpyxl cell of a row's column."""
    page = book[sheet]
    heads = {cell.value: cell.column for cell in page[1]}
    number = next(
        number for number in range(2, page.max_row + 1) if str(row) in (page.cell(number, 1).value, str(number - 1))
    )
    return page.cell(number, heads[column])


# cells


def set_cell(data, sheet, row, column, kind, value="", number_format="General"):
    """Put a true number, date, time, truth value, error value or formula (without result) into a cell."""
    made = {
        "number": float,
        "text": str,
        "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat,
        "truth": lambda text: text == "yes",
        "error": str,
        "formula": str,
    }[kind](value)

    def change(book):
        cell = cell_of(book, sheet, row, column)
        cell.value = made
        if kind not in ("date", "time", "text"):
            cell.number_format = number_format

    return edited(data, change)


def stored(data, sheet, row, column, formula, result, kind=""):
    """Put a formula with a stored result into a cell; `kind` is the type of the result as the file names it."""
    mark = "424242.424242"
    where = []

    def change(book):
        cell = cell_of(book, sheet, row, column)
        cell.value, cell.number_format = float(mark), "General"
        where.append(book.sheetnames.index(sheet) + 1)

    data = edited(data, change)
    typed = f' t="{kind}"' if kind else ""

    def put(content):
        pattern = rb"(<c [^>]*?)( t=\"n\")?><v>" + re.escape(mark.encode()) + rb"</v>"
        new, count = re.subn(pattern, rf"\g<1>{typed}><f>{formula}</f><v>{result}</v>".encode(), content)
        assert count == 1
        return new

    return repacked(data, {f"xl/worksheets/sheet{where[0]}.xml": put})


def strike(data, sheet, row, column):
    """Strike a cell through."""

    def change(book):
        cell_of(book, sheet, row, column).font = openpyxl.styles.Font(strike=True)

    return edited(data, change)


def strike_part(data, sheet, row, column):
    """Strike a part of a cell's text through."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    def change(book):
        cell = cell_of(book, sheet, row, column)
        cell.value = CellRichText(str(cell.value), TextBlock(InlineFont(strike=True), "0"))

    return edited(data, change)


def long_text(data, sheet, row, column):
    """Fill a cell to the last character."""

    def change(book):
        cell_of(book, sheet, row, column).value = "word " * 6553 + "wo"

    return edited(data, change)


# rows, columns, sheets


def merge(data, sheet, row, column, rows=2, columns=1):
    """Merge a cell with those below or beside it."""

    def change(book):
        cell = cell_of(book, sheet, row, column)
        book[sheet].merge_cells(
            start_row=cell.row,
            start_column=cell.column,
            end_row=cell.row + rows - 1,
            end_column=cell.column + columns - 1,
        )

    return edited(data, change)


def hide_row(data, sheet, row, filtered=False):
    """Hide a row, by hand or by a filter."""

    def change(book):
        page = book[sheet]
        page.row_dimensions[cell_of(book, sheet, row, page.cell(1, 1).value).row].hidden = True
        if filtered:
            page.auto_filter.ref = page.dimensions
            page.auto_filter.add_filter_column(0, ["something else"])

    return edited(data, change)


def hide_column(data, sheet, column):
    """Hide a column."""

    def change(book):
        page = book[sheet]
        letter = next(cell.column_letter for cell in page[1] if cell.value == column)
        for name, dimension in page.column_dimensions.items():
            dimension.outlineLevel = 0 if name == letter else dimension.outlineLevel
        page.column_dimensions[letter].hidden = True

    return edited(data, change)


def hide_sheet(data, sheet):
    """Hide a sheet."""

    def change(book):
        book[sheet].sheet_state = "hidden"

    return edited(data, change)


def rename_sheet(data, sheet, to):
    """Rename a sheet."""

    def change(book):
        book[sheet].title = to

    return edited(data, change)


def add_sheet(data, sheet):
    """Add a sheet."""

    def change(book):
        book.create_sheet(sheet)["A1"] = "my own notes"

    return edited(data, change)


def set_header(data, sheet, cell, text):
    """Write into the header row."""

    def change(book):
        book[sheet][cell] = text

    return edited(data, change)


def rename_column(data, sheet, column, to):
    """Rename a column."""

    def change(book):
        next(cell for cell in book[sheet][1] if cell.value == column).value = to

    return edited(data, change)


def add_column(data, sheet, text):
    """Add a column behind the last one."""

    def change(book):
        page = book[sheet]
        page.cell(1, max(cell.column for cell in page[1] if cell.value) + 1).value = text

    return edited(data, change)


def drop_column(data, sheet, column):
    """Delete a column."""

    def change(book):
        page = book[sheet]
        page.delete_cols(next(cell.column for cell in page[1] if cell.value == column))

    return edited(data, change)


def titles(data, sheet, text="Extraction, second version", rows=3):
    """Put rows with a title above the header."""

    def change(book):
        book[sheet].insert_rows(1, rows)
        book[sheet]["A1"] = text

    return edited(data, change)


def no_header(data, sheet):
    """Delete the header row."""

    def change(book):
        book[sheet].delete_rows(1)

    return edited(data, change)


def blank_row(data, sheet, row):
    """Put a blank row above a row."""

    def change(book):
        book[sheet].insert_rows(cell_of(book, sheet, row, book[sheet].cell(1, 1).value).row)

    return edited(data, change)


def header_again(data, sheet, row):
    """Repeat the header above a row."""

    def change(book):
        page = book[sheet]
        number = cell_of(book, sheet, row, page.cell(1, 1).value).row
        page.insert_rows(number)
        for cell in page[1]:
            page.cell(number, cell.column).value = cell.value

    return edited(data, change)


def totals(data, sheet, column, text="Total"):
    """Add a row with the total of a column."""

    def change(book):
        page = book[sheet]
        number = max(row for row in range(1, page.max_row + 1) if page.cell(row, 1).value) + 1
        page.cell(number, 1).value = text
        page.cell(number, next(cell.column for cell in page[1] if cell.value == column)).value = "128"

    return edited(data, change)


# the file


def date1904(data):
    """Set the date system that starts in 1904."""

    def change(book):
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    return edited(data, change)


def cut(data, share=0.5):
    """Cut the file off."""
    return data[: int(len(data) * share)]


def other_kind(data, kind):
    """Return a file of another kind under the same name."""
    return {
        "empty": b"",
        "csv": b"study_id,label\nAmes2001,Ames 2001\n",
        "web page": b"<!DOCTYPE html><html><table><tr><td>study_id</td></tr></table></html>",
        "xls": _OLE + b"\0" * 2000,
        "encrypted": _OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600,
        "ods": _zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}),
        "xlsb": _zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\x83\x01\0"}),
        "word": _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"}),
        "zip": _zip({"notes.txt": b"notes"}),
        "picture": b"\x89PNG\r\n\x1a\n\0\0\0\0",
    }[kind]


def _zip(parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def strict(data):
    """Use the namespaces of Strict Open XML."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return repacked(
        data, {"xl/workbook.xml": lambda part: part.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main")}
    )


def entity(data, part="xl/worksheets/sheet2.xml"):
    """Declare an entity in a part."""
    kind = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    return repacked(data, {part: lambda content: content.replace(b"?>", b"?>" + kind, 1)})


def bomb(data):
    """Add a part that unpacks to far more than it should."""
    return repacked(data, {"xl/media/image1.xml": b" " * (3 * 2**20)})


def outside(data):
    """Add a part whose path leads outside."""
    return repacked(data, {"../outside.xml": b"<a/>"})


def many_parts(data):
    """Add more parts than a workbook has."""
    return repacked(data, {f"xl/media/image{i}.png": b"x" for i in range(600)})


def many_cells(data, sheet=6, rows=450_000):
    """Fill more rows than a review has."""
    # numbers that differ, or the part would be refused as packed too tightly
    lines = "".join(f'<row r="{i}"><c r="A{i}"><v>{(i * 7919) % 999983}</v></c></row>' for i in range(2, rows + 2))
    return repacked(
        data,
        {
            f"xl/worksheets/sheet{sheet}.xml": lambda part: re.sub(
                rb"<sheetData>.*</sheetData>", f"<sheetData>{lines}</sheetData>".encode(), part, flags=re.DOTALL
            )
        },
    )


def macros(data):
    """Add a part with macros, as a file named .xlsm has."""
    return repacked(data, {"xl/vbaProject.bin": b"\0\0"})


def links(data):
    """Add a link to another workbook."""
    return repacked(data, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
