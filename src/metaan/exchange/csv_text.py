"""CSV text in and out: one fixed layout, exact round trips, and nothing a spreadsheet would run.

A spreadsheet program runs what it takes for a formula: a cell that begins with = + - @, a tab or a carriage return.
Text that begins so, is no number and is no word of a list gets one apostrophe in front when it is written; reading
takes one apostrophe away from text where it could have been put. Text that begins with apostrophes before such a sign
gets one more, so that what is read is always what was written.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence

from metaan.exchange.intake import refused
from metaan.workbook.values import parse_number

_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_QUOTED = re.compile(r'[",\r\n\t]|^\s|\s$')


def guard(text: str, words: Collection[str] = ()) -> str:
    """Return the text with an apostrophe in front where a spreadsheet would take it for a formula."""
    if not _RISKY.match(text) or text in words or _is_number(text):
        return text
    return "'" + text


def unguard(text: str) -> str:
    """Take away what `guard` put there."""
    return text[1:] if _GUARDED.match(text) else text


def _is_number(text: str) -> bool:
    return parse_number(text) is not None or parse_number(text, "comma") is not None


def write(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return CSV text: commas, line feeds, quotes only where they are needed."""
    lines = [",".join(_cell(text) for text in row) for row in (header, *rows)]
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def read(data: bytes | str, name: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Read CSV text with a header.

    Parameters
    ----------
    data : bytes or str
        UTF-8 with or without a byte order mark, else Windows-1252; commas, or semicolons where the header has them.
    name : str
        File, as the user named it, for messages.

    Returns
    -------
    header, rows
        Each row with the line it ends on, by column; rows without any text are left out.

    Raises
    ------
    BadInput
        No header, a column twice, or a row with more cells than the header.
    """
    text = data if isinstance(data, str) else decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    csv.field_size_limit(2**24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, name)
        rows = []
        for cells in reader:
            if len(cells) > len(header) and any(cells[len(header) :]):
                found = f"{len(cells)} cells in line {reader.line_num}"
                raise refused(name, found, f"{len(header)}, as in the header", 'put text with commas into "quotes"')
            if any(cells):
                rows.append((reader.line_num, dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        found = f"text that is no CSV, near line {reader.line_num} ({error})"
        raise refused(name, found, "CSV in UTF-8", "save the sheet again as CSV UTF-8") from None
    return header, rows


def _check_header(header: list[str], name: str) -> None:
    if not any(header):
        raise refused(name, "no header", "names of columns in the first line", "restore the first line")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise refused(name, f'the column "{twice[0]}" twice', "each column once", "delete or rename one of them")


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-8 or UTF-16 by its mark, UTF-8, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
