"""What is odd about a sheet as a whole: hidden, filtered or merged cells, rows that are no data, serial numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import Column, Sheet
from metaan.workbook.grid import Cell, Grid, letters
from metaan.workbook.header import Header
from metaan.workbook.places import Place
from metaan.workbook.values import clean, parse_number

_TOTALS = {
    *(
        "total",
        "totals",
        "sum",
        "subtotal",
        "grand total",
        "overall",
        "all",
        "all studies",
        "pooled",
        "mean",
        "average",
    ),
    *("summe", "gesamt", "insgesamt", "somme", "totale", "totaal"),
}
_FEW = 8  #: cells or rows named before "and ... more"


def several(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def runs(numbers: Iterable[int]) -> list[str]:
    """Return numbers of rows as runs: "5", "7-9"."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def no_data(cells: Mapping[int, Cell], header: Header, sheet: Sheet) -> str:
    """Return what a row is that holds no data: the header again, or a total; nothing for a row of data."""
    texts = {header.names[at]: clean(cell.text) for at, cell in cells.items() if at in header.names}
    if len(texts) > 1 and all(name == text for name, text in texts.items()):
        return "the header again"
    named = [texts.get(column.name, "") for column in sheet.columns if column.kind == "id" or column.name == "label"]
    if any(text.casefold().rstrip(":. ") in _TOTALS for text in named):
        return "a row of totals"
    return ""


def hidden(grid: Grid, header: Header, place: Place) -> Iterator[Finding]:
    """Yield rows and columns that hold data nobody sees, and a filter that is on."""
    first = next(iter(header.letters.values()), "A")
    rows = sorted(row for row in grid.hidden_rows if row > header.row)
    if grid.filtered:
        held_back = f"; rows {several(runs(rows))} hold data and are not shown" if rows else ""
        yield place.finding(
            "W04",
            f"{first}{rows[0] if rows else header.row}",
            "filter",
            f"a filter is on{held_back}",
            "all rows in view; hidden ones are read all the same",
            "clear the filter, look at the rows, and delete those that are not meant",
        )
    elif rows:
        yield place.finding(
            "W04",
            f"{first}{rows[0]}",
            "hidden rows",
            f"rows {several(runs(rows))} are hidden and hold data",
            "all rows in view; hidden ones are read all the same",
            "show the rows, and delete those that are not meant",
        )
    concealed = [
        at
        for at in sorted(header.names)
        if any(low <= at <= high for low, high in grid.hidden_columns)
        and any(at in cells for row, cells in grid.rows.items() if row > header.row)
    ]
    if concealed:
        named = [f"{letters(at)} ({header.names[at]})" for at in concealed]
        yield place.finding(
            "W04",
            f"{letters(concealed[0])}{header.row}",
            "hidden columns",
            f"columns {several(named)} are hidden and hold data",
            "all columns in view; hidden ones are read all the same",
            "show the columns",
        )


def merged(grid: Grid, header: Header, place: Place) -> Iterator[Finding]:
    """Yield merged cells that hold data: only the first of them has a value."""
    for box in grid.merged:
        names = [header.names[at] for at in range(box.left, box.right + 1) if at in header.names]
        if not names or box.bottom <= header.row or (box.left, box.top) == (box.right, box.bottom):
            continue
        if any(box.left <= at <= box.right for row in range(box.top, box.bottom + 1) for at in grid.rows.get(row, ())):
            yield place.finding(
                "W04",
                f"{letters(box.left)}{box.top}",
                ", ".join(names[:4]),
                f"merged cells {box}: only the first of them keeps its value",
                "one cell a value",
                "unmerge them and type the value into every cell it belongs to",
                Level.ERROR,
            )


def gaps(filled: Sequence[int], header: Header, place: Place) -> Iterator[Finding]:
    """Yield blank rows between rows of data."""
    blank = [
        number
        for last, following in zip((header.row, *filled), filled, strict=False)
        for number in range(last + 1, min(following, last + 201))
    ]
    if blank:
        first = next(iter(header.letters.values()), "A")
        yield place.finding(
            "W10",
            f"{first}{blank[0]}",
            "blank rows",
            f"blank rows inside the data: {several(runs(blank))}; the rows below are read",
            "rows of data one below the other",
            "delete the blank rows; if something was lost there, restore it",
        )


def not_data(what: Mapping[int, str], header: Header, place: Place) -> Iterator[Finding]:
    """Yield rows that were left out because they are no data."""
    first = next(iter(header.letters.values()), "A")
    for number, kind in what.items():
        yield place.finding(
            "W10",
            f"{first}{number}",
            f"row {number}",
            f"{kind}; it is not read",
            "rows of data only",
            "delete the row; if it is data, give it another name",
        )


def serials(
    column: Column, values: Sequence[tuple[str, str, bool]], decimal_mark: str, place: Place
) -> Iterator[Finding]:
    """Yield numbers that look like the serial number of a day.

    Parameters
    ----------
    values : sequence of (cell, text, whether it is a true number)
        The whole column.
    """
    suspects = [item for item in values if len(item[1]) == 5 and item[1].isascii() and item[1].isdigit()]
    suspects = [item for item in suspects if 20_000 <= int(item[1]) <= 60_000]
    if not suspects:
        return
    chosen = {cell for cell, _, _ in suspects}
    others = [parse_number(text, decimal_mark) for cell, text, _ in values if cell not in chosen]
    peers = [abs(number.value) for number in others if number is not None]
    for cell, text, true_number in suspects:
        alone = not peers and true_number and 36_526 <= int(text) <= 55_153
        if alone or (peers and max(peers) < 1_000):
            from metaan.workbook.dates import moment, shown, typed_forms

            when = moment(int(text))
            if when is not None:
                yield place.finding(
                    "W02",
                    cell,
                    f"{column.name}: {column.meaning}",
                    f"{text}, which is the serial number of {shown(when)}",
                    "a number of the size of the others in this column",
                    f"look it up in the source; perhaps {typed_forms(when)} was typed and turned into a date",
                )


def cleaned_cells(sheet: Sheet, cleaned: Mapping[str, Sequence[tuple[str, str]]], place: Place) -> Iterator[Finding]:
    """Yield one note a column on untidy characters that were read as meant."""
    for name, cells in cleaned.items():
        said = several([f'{cell} read as "{text[:60]}"' for cell, text in cells])
        yield place.finding(
            "W06",
            cells[0][0],
            f"{name}: {sheet.column(name).meaning}",
            f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'} with characters that are not seen or look like "
            f"others (blanks at the ends, no-break blanks, apostrophes, full-width digits, unicode minus): {said}",
            "the plain characters of the keyboard",
            "nothing, if they were read as meant",
        )


def lengthened_cells(
    sheet: Sheet, lengthened: Mapping[str, Sequence[tuple[str, str]]], place: Place
) -> Iterator[Finding]:
    """Yield one note a column on numbers that got back the last zeros the spreadsheet dropped."""
    for name, cells in lengthened.items():
        said = several([f"{cell} read as {text}" for cell, text in cells])
        yield place.finding(
            "W05",
            cells[0][0],
            f"{name}: {sheet.column(name).meaning}",
            f"{len(cells)} {'number' if len(cells) == 1 else 'numbers'} with fewer decimals than others of the same "
            f"statistic: {said}",
            "as many decimals as the source prints, in cells set to Text",
            "nothing, if the source prints them so; else type them again",
        )
