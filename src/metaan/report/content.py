"""What a report is made of: sections of plain blocks, the same for every format they are written in.

A block says what it is, never how it looks. Text is a tuple of runs, so that any number can carry its link and the
cell it came from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

RunKind = Literal["plain", "strong", "muted", "code", "grade", "stratum", "symbol", "mark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Words with one meaning."""

    text: str
    kind: RunKind = "plain"
    href: str = ""  #: where it leads: "#row-..." in the report, or a public page
    title: str = ""  #: said on hover: the cell
    key: str = ""  #: stratum or grade, where `kind` is one of these


Text: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph."""

    text: Text
    role: str = ""  #: lead, note, reading, remark, beside, ledger, warning
    type: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]
    role: str = ""
    type: str = field(default="bullets", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values."""

    pairs: tuple[tuple[str, Text], ...]
    role: str = ""
    type: str = field(default="facts", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The very words of a source."""

    text: str
    type: str = field(default="quote", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Head of a column."""

    text: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: Text
    sort: str = ""  #: what to sort by, where the words would not do
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row; its first cell is its head."""

    cells: tuple[Cell, ...]
    notes: tuple[Text, ...] = ()  #: sentences that must stand with the row
    group: str = ""  #: heading over the rows of one stratum, where several stand in one table
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption."""

    id: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[TableRow, ...]
    sortable: bool = False
    stacked: bool = False  #: rows of words: on a small screen each cell stands on its own line
    empty: str = ""  #: said instead of a table without rows
    type: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure in two widths, with what it shows in words."""

    id: str
    caption: Text
    reading: Text  #: what it shows, one sentence
    how: str  #: how to read it
    wide: str  #: SVG
    narrow: str  #: SVG; empty where the wide one suits every screen
    files: Text  #: links to the same figure as files
    type: str = field(default="picture", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one analysis says in the bottom line."""

    title: Text
    sentences: tuple[tuple[str, Text], ...]  #: stratum (empty where it is of the whole analysis) and sentence
    notes: tuple[Text, ...]
    sure: Mapping[str, Text] = field(default_factory=dict)  #: stratum -> how sure its sentence is, and why
    type: str = field(default="answer", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Blocks that are folded away on a screen and open in print."""

    summary: Text
    blocks: "tuple[Block, ...]"
    id: str = ""
    type: str = field(default="details", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    id: str
    title: str
    blocks: "tuple[Block, ...]"
    role: str = ""
    type: str = field(default="section", init=False)


Block: TypeAlias = Paragraph | Bullets | Facts | Quote | Table | Picture | Answer | Details | Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page beside the report that answers one question."""

    title: str
    lead: tuple[str, ...]  #: the answer, a few sentences
    note: str = ""  #: what must be known to read all of it
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report."""

    review: str
    title: str
    question: str
    as_of: str
    status: str  #: registered, or that it is not
    limits: tuple[str, ...]
    counts: tuple[tuple[str, str], ...]  #: the size of the review: number and what it counts
    citation: str
    sections: tuple[Section, ...]
    data: Mapping[str, Any]  #: the same as plain data at full precision, as schemas/results.schema.json describes it
    page: Page = Page(title="", lead=(), sections=())  #: how far the weaker designs can be believed


def words(text: str, kind: RunKind = "plain") -> Text:
    """Return text of one run."""
    return (Run(text=text, kind=kind),) if text else ()


def strong(text: str) -> Text:
    """Return text that stands out."""
    return words(text, "strong")


def muted(text: str) -> Text:
    """Return text that stands back."""
    return words(text, "muted")


def link(text: str, href: str, title: str = "") -> Text:
    """Return text that leads somewhere; plain where there is nowhere to lead."""
    return (Run(text=text, href=href, title=title),)


def join(parts: Iterable[Text], separator: str = "; ") -> Text:
    """Return texts as one, parted by `separator`."""
    joined: list[Run] = []
    for part in parts:
        if not part:
            continue
        if joined:
            joined.append(Run(text=separator))
        joined.extend(part)
    return tuple(joined)


def plain(text: Text) -> str:
    """Return the words alone."""
    return "".join(run.text for run in text)


def cell(text: str | Text, *, numeric: bool = False, sort: str | float = "") -> Cell:
    """Return a cell of a table."""
    return Cell(text=words(text) if isinstance(text, str) else text, numeric=numeric, sort=str(sort))


def heads(*names: str) -> tuple[Head, ...]:
    """Return heads of columns; a name that ends in "#" is that of a column of numbers."""
    return tuple(Head(text=name.rstrip("#"), numeric=name.endswith("#")) for name in names)
