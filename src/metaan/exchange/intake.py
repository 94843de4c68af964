"""What every import gives: rows for a new workbook, and an account of what became of each record."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from metaan.workbook.columns import ID_PATTERN, Layout

MAX_BYTES = 50 * 2**20  #: of a file to import
_LONGEST = 32_000  #: a cell holds 32,767 characters

Rows = dict[str, list[dict[str, str]]]


class LeftOut(NamedTuple):
    """A record of the source that gave no row."""

    record: str  #: which, in the words of the source
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Rows for a new workbook; every record of the source is written or left out with a reason."""

    rows: Mapping[str, list[dict[str, str]]]  #: sheet -> rows, as `workbook.template.workbook_bytes` takes them
    kind: str  #: what is counted: "reference", "result", "row"
    read: int  #: records in the source
    written: int  #: records that gave a row
    left_out: tuple[LeftOut, ...] = ()
    unmapped: tuple[str, ...] = ()  #: fields of the source that have no column; their text is kept in notes
    kept: tuple[tuple[str, str, str, str], ...] = ()  #: cells without a place in the layout: sheet, row, column, text
    remarks: tuple[str, ...] = ()  #: what a reviewer should know before filling in the rest

    def __post_init__(self) -> None:
        if self.read != self.written + len(self.left_out):
            raise ArithmeticError(f"{self.read} read, {self.written} written, {len(self.left_out)} left out")


class Names:
    """Makes legal names for rows, each once, whatever the case of its letters."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def new(self, *parts: str) -> str:
        """Return a name made of the letters and digits of the parts."""
        words = re.sub(r"[^A-Za-z0-9_-]+", "", "".join(_ascii(part) for part in parts))
        base = (words if words[:1].isalpha() else f"S{words}")[:34]
        base = base if len(base) >= 3 else f"{base}xx"[:3]
        name, number = base, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name.casefold())
        return name

    def keep(self, name: str) -> bool:
        """Take a name as it is; False where it is no legal name or is taken."""
        if not re.fullmatch(ID_PATTERN, name) or name.casefold() in self._taken:
            return False
        self._taken.add(name.casefold())
        return True


def _ascii(text: str) -> str:
    import unicodedata

    plain = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("ł", "l").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii")


def tidy(text: str) -> str:
    """Return text a cell can hold: without control characters, and no longer than a cell."""
    plain = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text).strip()
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 12] + " (cut short)"


def fitting(rows: Rows, layout: Layout) -> Rows:
    """Return rows with the columns of a layout only, blank cells left away, texts made fit for cells."""
    return {
        sheet: [
            {name: tidy(row[name]) for name in (c.name for c in layout.sheet(sheet).columns) if tidy(row.get(name, ""))}
            for row in found
        ]
        for sheet, found in rows.items()
    }


def word_of(layout: Layout, words: str, text: str) -> str:
    """Return the word of a list that a text is, by word or by label, whatever its case; empty where it is none."""
    wanted = _plain(text)
    for word, label in layout.lists.get(words, {}).items():
        if wanted and wanted in (_plain(word), _plain(label)):
            return word
    return ""


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().casefold()
