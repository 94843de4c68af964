"""What a sheet is made of: columns, conditions between cells, and the whole layout, as frozen records."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["id", "ref", "text", "word", "integer", "number", "date"]

SCHEMA_VERSION = "3"

OURSELVES = "metaan"  #: last to change a workbook written here, until a spreadsheet program saves it
WRITTEN = {"author": OURSELVES, "created": datetime.datetime(2026, 1, 1)}  #: properties of such a workbook; no clock

NOT_REPORTED = "NR"  #: looked, not reported
NOT_APPLICABLE = "NA"  #: cannot apply


@dataclass(frozen=True, slots=True)
class When:
    """A condition on another cell of the same row."""

    column: str
    among: tuple[str, ...] = ()  #: holds when the cell is one of these
    not_among: tuple[str, ...] = ()  #: holds when the cell is filled and none of these

    def holds(self, value: str) -> bool:
        """Whether the condition holds for the text of the cell."""
        if self.among:
            return value in self.among
        return bool(value) and value not in self.not_among

    def __str__(self) -> str:
        """Return the condition in words."""
        if self.among:
            return f"{self.column} is {' or '.join(self.among)}"
        return f"{self.column} is not {' or '.join(self.not_among)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sheet."""

    name: str
    kind: Kind
    meaning: str  #: one line
    unit: str = ""
    example: str = ""
    words: str = ""  #: name of the list of allowed words, kind "word"
    refers_to: str = ""  #: sheet whose key this is, kind "ref"
    required: bool | When = False
    nr: bool = True  #: NR is an answer here
    na: bool = False  #: NA is an answer here even where the cell is required
    group: str = "facts"  #: what its cells are about
    block: str = ""  #: part of a group that is folded on its own
    low: float | None = None  #: smallest legal number
    high: float | None = None
    width: int = 14
    topic: str = ""  #: column exists only in reviews whose protocol has this list or names this column
    pattern: str = ""  #: regular expression the text must match
    suggests: str = ""  #: words the template offers and nothing enforces: "tools"

    @property
    def part(self) -> str:
        """The columns it is set apart and folded with."""
        return self.block or self.group

    @property
    def limits(self) -> str:
        """The limits of a number in words; empty where it has none."""
        if self.low is None or self.high is None:
            bound, word = (self.high, "most") if self.low is None else (self.low, "least")
            return "" if bound is None else f"at {word} {bound:g}"
        return f"{self.low:g} to {self.high:g}"

    @property
    def numeric(self) -> bool:
        """Whether its cells hold one number each."""
        return self.kind in ("integer", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of the workbook."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: str = ""  #: column that identifies a row
    frozen: int = 3  #: columns kept in view
    groups: tuple[str, ...] = ()  #: where one of these columns changes, the template draws a line between rows

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole workbook of one review."""

    sheets: tuple[Sheet, ...]  #: sheets that people fill in
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: list -> word -> label

    def sheet(self, name: str) -> Sheet:
        """Return the sheet of that name."""
        return next(s for s in self.sheets if s.name == name)

    def label(self, words: str, word: str) -> str:
        """Return the label of a word; the word itself where the list has none."""
        return self.lists.get(words, {}).get(word) or word.replace("_", " ")


ID_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{2,39}"
DATE_PATTERN = r"\d{4}(-\d{2}(-\d{2})?)?"


def identity(name: str, meaning: str, example: str, **more: object) -> Column:
    """Return a key column."""
    return Column(
        name=name,
        kind="id",
        meaning=meaning,
        example=example,
        required=True,
        nr=False,
        group="identity",
        width=24,
        **more,  # type: ignore[arg-type]
    )


def reference(name: str, sheet: str, meaning: str, required: bool = True) -> Column:
    """Return a column that names a row of another sheet."""
    return Column(
        name=name,
        kind="ref",
        meaning=meaning,
        refers_to=sheet,
        required=required,
        nr=False,
        group="identity",
        width=22,
    )


def text(name: str, meaning: str, **more: object) -> Column:
    """Return a column of free text."""
    return Column(name=name, kind="text", meaning=meaning, **more)  # type: ignore[arg-type]


def word(name: str, words: str, meaning: str, **more: object) -> Column:
    """Return a column of words from a list."""
    return Column(name=name, kind="word", words=words, meaning=meaning, **more)  # type: ignore[arg-type]


def integer(name: str, meaning: str, **more: object) -> Column:
    """Return a column of counts."""
    return Column(name=name, kind="integer", meaning=meaning, low=0, **more)  # type: ignore[arg-type]


def number(name: str, meaning: str, **more: object) -> Column:
    """Return a column of numbers."""
    return Column(name=name, kind="number", meaning=meaning, **more)  # type: ignore[arg-type]


def date(name: str, meaning: str, **more: object) -> Column:
    """Return a column of dates."""
    more.setdefault("example", "2026-11-22")
    return Column(name=name, kind="date", meaning=meaning, pattern=DATE_PATTERN, **more)  # type: ignore[arg-type]
