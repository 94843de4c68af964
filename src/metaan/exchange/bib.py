"""Reports as BibTeX, and BibTeX as reports."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from metaan.exchange.csv_text import decoded
from metaan.exchange.intake import Imported, LeftOut
from metaan.exchange.references import (
    Reference,
    as_printed,
    bare_doi,
    exact,
    imported,
    restored,
    said,
    split_authors,
    surname_first,
    surname_of,
    year_of,
)
from metaan.terms.finding import bad_file
from metaan.workbook.columns import Layout

_TYPES = {"article": "article", "letter": "article", "thesis": "phdthesis", "abstract": "inproceedings"}
_TYPES |= {"grant_report": "techreport", "preprint": "unpublished"}
_KINDS = {"article": "article", "phdthesis": "thesis", "mastersthesis": "thesis"}
_PLAIN = {"title": "title", "journal": "journal", "volume": "volume", "language": "language"}
_READ = {*_PLAIN.values(), "ENTRYTYPE", "ID", "author", "year", "date", "pages", "doi", "url", "pmid", "metaan"}
_ENTRY = re.compile(r"^[ \t]*@[ \t]*([A-Za-z]+)[ \t]*[{(]", re.MULTILINE)
_SPECIAL = re.compile(r"([&%$#_{}])")
_ESCAPED = re.compile(r"\\([&%$#_{}])")


def bib_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows of the sheet Reports as BibTeX in UTF-8; what BibTeX has no field for stands in a field `metaan`."""
    return exact(rows, _written, lambda text: _references(text)[0])


def _written(row: Mapping[str, str], besides: str) -> str:
    authors = " and ".join(surname_first(author) for author in split_authors(said(row, "authors")))
    fields = {
        "author": _escape(authors),
        **{field: _escape(said(row, column)) for column, field in _PLAIN.items()},
        "year": _escape(said(row, "year")),
        "pages": _escape(said(row, "pages").replace("-", "--")),
        "doi": said(row, "doi"),
        "pmid": said(row, "pmid"),
        "url": said(row, "url"),
        "metaan": besides.replace("{", r"\u007b").replace("}", r"\u007d"),
    }
    lines = [f"  {name} = {{{' '.join(text.split())}}}," for name, text in fields.items() if _whole(text)]
    key = re.sub(r"[^A-Za-z0-9_:-]", "", row.get("report_id", "")) or "report"
    return "\n".join([f"@{_TYPES.get(row.get('type', ''), 'misc')}{{{key},", *lines, "}", ""])


def _whole(text: str) -> bool:
    """Whether a text is filled and its braces close; others would swallow what follows, and travel as JSON."""
    depth = 0
    for sign in text:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
    return bool(text) and depth == 0 and not text.endswith("\\")


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def import_bib(data: bytes, name: str, layout: Layout) -> Imported:
    """Return the entries of a BibTeX file as rows of Reports and Studies.

    Raises
    ------
    BadInput
        The file holds no entry.
    """
    references, unreadable = _references(decoded(data))
    if not references and not unreadable:
        raise bad_file(name, "no BibTeX entry", "entries such as @article{...}", "export the references as BibTeX")
    return imported(references, layout, unreadable)


def _references(text: str) -> tuple[list[Reference], list[LeftOut]]:
    """Read all entries at once; where that loses one, entry by entry, so that one that is damaged costs only itself."""
    entries = _entries(text)
    together = _parsed(text)
    if len(together) == len(entries):
        return [_reference(entry, number) for number, entry in enumerate(together, 1)], []
    found, unreadable = [], []
    for number, entry in enumerate(entries, 1):
        alone = _parsed(entry)
        if len(alone) == 1:
            found.append(_reference(alone[0], number))
        else:
            unreadable.append(LeftOut(f"entry {number}", "not readable as BibTeX: a brace or a comma is missing"))
    return found, unreadable


def _entries(text: str) -> list[str]:
    starts = [(m.start(), m[1].casefold()) for m in _ENTRY.finditer(text)]
    ends = [*(start for start, _ in starts[1:]), len(text)][: len(starts)]
    strings = "".join(
        text[start:end] for (start, kind), end in zip(starts, ends, strict=True) if kind in ("string", "preamble")
    )
    return [
        strings + text[start:end]
        for (start, kind), end in zip(starts, ends, strict=True)
        if kind not in ("string", "preamble", "comment")
    ]


def _parsed(text: str) -> list[dict[str, str]]:
    import logging

    from bibtexparser.bparser import BibTexParser

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    parser = BibTexParser(common_strings=True, ignore_nonstandard_types=False, interpolate_strings=True)
    try:
        entries: list[dict[str, Any]] = parser.parse(text).entries
    except Exception:  # whatever a parser meets in a damaged entry, the others count
        return []
    return [{key: str(value) for key, value in entry.items()} for entry in entries]


def _plain(text: str) -> str:
    """Return the text without TeX: accents as letters, escapes undone, braces that only group taken away."""
    from bibtexparser.latexenc import latex_to_unicode

    if "\\" not in text and "{" not in text and "}" not in text:
        return " ".join(text.split())
    kept = _ESCAPED.sub(lambda found: _SAFE[found[1]], text)
    turned = latex_to_unicode(kept) if "\\" in kept else kept.replace("{", "").replace("}", "")
    for sign, safe in _SAFE.items():
        turned = turned.replace(safe, sign)
    return " ".join(turned.split())


#: signs kept out of the way of the TeX reader, as characters of a private use area
_SAFE = {sign: chr(0xE000 + i) for i, sign in enumerate("&%$#_{}")}


def _reference(entry: dict[str, str], number: int) -> Reference:
    columns = {"report_id": entry.get("ID", "")}
    authors = re.split(r"\s+and\s+", entry.get("author", ""))
    columns["authors"] = ", ".join(as_printed(_plain(author)) for author in authors if author.strip())
    columns |= {column: _plain(entry.get(field, "")) for column, field in _PLAIN.items()}
    columns["journal"] = columns["journal"] or _plain(entry.get("journaltitle", ""))
    columns["year"] = year_of(f"{entry.get('year', '')} {entry.get('date', '')}")
    columns["pages"] = _plain(entry.get("pages", "")).replace("--", "-").replace("\N{EN DASH}", "-")
    columns["doi"] = bare_doi(entry.get("doi", "").replace(r"\_", "_"))
    columns["pmid"] = entry.get("pmid", "") if re.fullmatch(r"\d{1,8}", entry.get("pmid", "")) else ""
    columns["url"] = entry.get("url", "") if re.match(r"https?://\S+$", entry.get("url", "")) else ""
    columns["type"] = _KINDS.get(entry.get("ENTRYTYPE", ""), "")
    columns = {column: text for column, text in columns.items() if text}
    label = f"entry {number} ({entry.get('ID', '')})"
    besides = entry.get("metaan", "")
    if besides.startswith(r"\u007b"):
        whole = restored(columns, besides.replace(r"\u007b", "{").replace(r"\u007d", "}"))
        return Reference(record=label, columns=whole, ours=True)
    unread = {name: _plain(text) for name, text in entry.items() if name not in _READ and text}
    unread.pop("journaltitle", None)
    if not columns.get("type"):
        unread["type of entry"] = entry.get("ENTRYTYPE", "")
    surname = surname_of(_plain(authors[0])) if authors[0].strip() else ""
    return Reference(record=label, columns=columns, fields=unread, surname=surname)
