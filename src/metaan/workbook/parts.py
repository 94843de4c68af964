"""The XML parts around the cells: which sheets there are, how cells are formatted, and the strings they share.

Every part goes through one parser, which refuses document types and with them every entity.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from metaan.workbook.archive import SAVE_AS, Archive, refused
from metaan.workbook.columns import OURSELVES
from metaan.workbook.values import clean

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAX_CHARACTERS = 40_000_000  #: of all shared strings together
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")

Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
Characters = Callable[[str], object]


class Unreadable(Exception):  # noqa: N818 - says what the part is
    """A part that is not what it should be; the text says why."""


def parse(pieces: Iterable[bytes], start: Start, end: End | None = None, text: Characters | None = None) -> None:
    """Run handlers over XML; names come as "namespace local".

    Raises
    ------
    Unreadable
        The XML is not well formed, or declares a document type (where entities come from).
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise Unreadable(f"XML: {error}") from None


def _refuse(*_: object) -> None:
    raise Unreadable("XML with a document type, where entities can hide")


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet as the workbook lists it."""

    name: str
    part: str  #: empty for charts and the like
    hidden: bool


@dataclass(frozen=True, slots=True)
class Book:
    """What the workbook part says."""

    sheets: tuple[SheetPart, ...]
    date1904: bool
    shared_strings: str  #: part that holds them
    styles: str


def read_book(archive: Archive) -> Book:
    """Read the list of sheets and where their parts are."""
    part = _main_part(archive)
    if part.endswith(".bin"):
        raise refused(archive.workbook, "a binary workbook (.xlsb)", SAVE_AS)
    if part not in archive.parts:
        raise refused(archive.workbook, "a zip file that is no workbook", SAVE_AS)
    related = _relations(archive, part)
    listed: list[tuple[str, str, bool]] = []
    dates: list[bool] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.startswith(_STRICT):
            raise refused(archive.workbook, 'a "Strict Open XML" workbook', SAVE_AS + ", not Strict")
        if name == f"{MAIN} sheet":
            id = attributes.get(f"{_RELATION} id", "")
            listed.append((attributes.get("name", ""), id, attributes.get("state", "visible") != "visible"))
        elif name == f"{MAIN} workbookPr":
            dates.append(attributes.get("date1904", "0").lower() in ("1", "true", "on"))

    parse([archive.read(part)], start)
    if not listed:
        raise Unreadable("a list of sheets that is empty")
    sheets = []
    for name, id, hidden in listed:
        kind, target = related.get(id, ("", ""))
        sheets.append(SheetPart(name, target if kind == "worksheet" and target in archive.parts else "", hidden))
    by_kind = {kind: target for kind, target in related.values() if target in archive.parts}
    return Book(tuple(sheets), any(dates), by_kind.get("sharedStrings", ""), by_kind.get("styles", ""))


def _main_part(archive: Archive) -> str:
    main = [target for kind, target in _relations(archive, "").values() if kind == "officeDocument"]
    return main[0] if main and main[0] in archive.parts else "xl/workbook.xml"


def _relations(archive: Archive, part: str) -> Mapping[str, tuple[str, str]]:
    """Return the relations of a part: id -> kind, part."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            target = (
                target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            )
            found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)

    data = archive.read(posixpath.join(folder, "_rels", f"{name}.rels"))
    if data:
        parse([data], start)
    return found


def related_part(archive: Archive, part: str, kind: str) -> str:
    """Return the first part of a kind that a part points to; nothing where there is none."""
    targets = (target for found, target in _relations(archive, part).values() if found == kind)
    return next((target for target in targets if target in archive.parts), "")


@dataclass(frozen=True, slots=True)
class Text:
    """A string, and whether some of it is struck through."""

    text: str
    struck: bool = False


class TextReader:
    """Gathers the runs of one string; phonetic guides do not belong to it."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.struck = False
        self._take = False
        self._aside = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """See the start of an element within the string."""
        tag = local(name)
        if tag == "t":
            self._take = not self._aside
        elif tag == "rPh":
            self._aside += 1
        elif tag == "strike" and attributes.get("val", "1").lower() not in ("0", "false"):
            self.struck = True

    def end(self, name: str) -> None:
        """See its end."""
        tag = local(name)
        if tag == "t":
            self._take = False
        elif tag == "rPh":
            self._aside -= 1

    def add(self, data: str) -> None:
        """Add characters."""
        if self._take:
            self.pieces.append(data)

    def finish(self) -> Text:
        """Return the string and begin anew."""
        text = Text(unescape("".join(self.pieces)), self.struck)
        self.pieces, self.struck, self._take, self._aside = [], False, False, 0
        return text


def unescape(text: str) -> str:
    """Return text with characters written as _x000D_ put back (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return "" if 0xD800 <= code <= 0xDFFF else chr(code)  # half a surrogate pair is no character


def read_strings(archive: Archive, part: str) -> list[Text]:
    """Return the strings the cells share."""
    found: list[Text] = []
    reader = TextReader()
    item, total = f"{MAIN} si", 0

    def end(name: str) -> None:
        nonlocal total
        if name == item:
            text = reader.finish()
            total += len(text.text)
            if total > _MAX_CHARACTERS:
                expected = f"at most {_MAX_CHARACTERS // 1_000_000} million characters"
                raise refused(archive.workbook, "more text than that", "copy the cells into a new workbook", expected)
            found.append(text)
        else:
            reader.end(name)

    if part:
        parse(archive.chunks(part), reader.start, end, reader.add)
    return found


def program(archive: Archive) -> str:
    """Return which program says it saved the file.

    What metaan writes carries its name as the last to change it, until a spreadsheet program saves the file.
    """
    if b"KSOProductBuildVer" in archive.read("docProps/custom.xml"):
        return "WPS Office"
    data = archive.read("docProps/app.xml")
    if not data:
        return "not stated (Google Sheets states none)"
    said = _said(data, "Application")
    if said == "Microsoft Excel" and _said(archive.read("docProps/core.xml"), "lastModifiedBy") == OURSELVES:
        return OURSELVES
    return said or "not stated"


def _said(data: bytes, tag: str) -> str:
    """Return the text of an element of a small part; empty where there is none."""
    said: list[str] = []
    tags: list[str] = []

    def text(data: str) -> None:
        if tags and tags[-1] == tag:
            said.append(data)

    if not data:
        return ""
    try:
        parse([data], lambda name, _: tags.append(local(name)), lambda _: tags.pop(), text)
    except Unreadable:
        return ""
    return clean("".join(said))[:80]
