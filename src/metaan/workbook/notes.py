"""Notes that people have put on cells (in Excel once called comments)."""

from collections.abc import Iterator

from metaan.workbook.archive import Archive
from metaan.workbook.parts import TextReader, local, parse, related_part


def read_notes(archive: Archive, sheet_part: str) -> Iterator[tuple[str, str]]:
    """Yield the cell and the text of every note of a sheet."""
    part = related_part(archive, sheet_part, "comments")
    if not part:
        return
    found: list[tuple[str, str]] = []
    reader = TextReader()
    here = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal reader, here
        if local(name) == "comment":
            reader, here = TextReader(), attributes.get("ref", "")
        reader.start(name, attributes)

    def end(name: str) -> None:
        reader.end(name)
        if local(name) == "comment":
            found.append((here, reader.finish().text))

    parse([archive.read(part)], start, end, lambda data: reader.add(data))
    yield from ((cell, text) for cell, text in found if text.strip())
