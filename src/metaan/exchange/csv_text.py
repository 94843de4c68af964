"""CSV text read, in the dialects that spreadsheet programs save."""

import csv
import io

from metaan.terms.finding import bad_file


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
                raise bad_file(name, found, f"{len(header)}, as in the header", 'put text with commas into "quotes"')
            if any(cells):
                rows.append((reader.line_num, dict(zip(header, cells, strict=False))))
    except csv.Error as error:
        found = f"text that is no CSV, near line {reader.line_num} ({error})"
        raise bad_file(name, found, "CSV in UTF-8", "save the sheet again as CSV UTF-8") from None
    return header, rows


def _check_header(header: list[str], name: str) -> None:
    if not any(header):
        raise bad_file(name, "no header", "names of columns in the first line", "restore the first line")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise bad_file(name, f'the column "{twice[0]}" twice', "each column once", "delete or rename one of them")


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-8 or UTF-16 by its mark, UTF-8, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
