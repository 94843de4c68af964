"""Reports as RIS, and RIS as reports."""

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

_BESIDES = "metaan "  #: begins the text of a C8 tag that metaan wrote
_TYPES = {
    "article": "JOUR",
    "preprint": "UNPB",
    "abstract": "ABST",
    "thesis": "THES",
    "registry": "DATA",
    "letter": "JOUR",
    "author_data": "PCOMM",
    "grant_report": "RPRT",
}
_KINDS = {"JOUR": "article", "EJOUR": "article", "JFULL": "article", "INPR": "article", "THES": "thesis"}
_KINDS |= {"ABST": "abstract", "CPAPER": "abstract", "CONF": "abstract"}

#: column -> fields of rispy, the first that is filled counts
_FROM = {
    "title": ("title", "primary_title"),
    "journal": ("journal_name", "secondary_title", "alternate_title3", "alternate_title2", "alternate_title1"),
    "volume": ("volume",),
    "language": ("language",),
}
_READ = {name for names in _FROM.values() for name in names} | {
    *("type_of_reference", "id", "authors", "first_authors", "year", "publication_year", "date", "start_page"),
    *("end_page", "doi", "urls", "accession_number", "custom8"),
}
_TAG = re.compile(r"^([A-Z][A-Z0-9]) {0,3}-(?: |$)")


def ris_text(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows of the sheet Reports as RIS; what RIS has no tag for stands in a C8 tag that metaan reads back."""
    return exact(rows, _written, lambda text: _references(text)[0])


def _written(row: Mapping[str, str], besides: str) -> str:
    first, dash, last = said(row, "pages").partition("-")
    fields: list[tuple[str, str]] = [("TY", _TYPES.get(row.get("type", ""), "GEN")), ("ID", row.get("report_id", ""))]
    fields += [("AU", surname_first(author)) for author in split_authors(said(row, "authors"))]
    fields += [
        ("TI", said(row, "title")),
        ("PY", said(row, "year")),
        ("JO", said(row, "journal")),
        ("VL", said(row, "volume")),
        ("SP", first),
        ("EP", last if dash else ""),
        ("DO", said(row, "doi")),
        ("AN", said(row, "pmid")),
        ("UR", said(row, "url")),
        ("LA", said(row, "language")),
        ("C8", f"{_BESIDES}{besides}" if besides else ""),
    ]
    lines = [f"{tag}  - {' '.join(text.split())}" for tag, text in fields if text]
    return "\n".join([*lines, "ER  - ", ""])


def import_ris(data: bytes, name: str, layout: Layout) -> Imported:
    """Return the references of a RIS file as rows of Reports and Studies.

    Raises
    ------
    BadInput
        The file holds no RIS record.
    """
    text = decoded(data)
    if re.search(r"^PMID- \d", text, re.MULTILINE) and not re.search(r"^TY ", text, re.MULTILINE):
        raise bad_file(name, "PubMed's own format", "RIS", 'export it as "RIS", or with a reference manager')
    references, unreadable = _references(text)
    if not references and not unreadable:
        raise bad_file(name, "no RIS record", 'records that begin with "TY  - "', "export the references as RIS")
    return imported(references, layout, unreadable)


def _references(text: str) -> tuple[list[Reference], list[LeftOut]]:
    import rispy

    found, unreadable = [], []
    for number, record in enumerate(_records(text), 1):
        try:
            parsed: list[dict[str, Any]] = rispy.loads(record)
        except Exception as error:  # whatever a parser meets in a damaged record, the others count
            unreadable.append(LeftOut(f"record {number}", f"not readable as RIS ({type(error).__name__})"))
            continue
        if len(parsed) == 1:
            found.append(_reference(parsed[0], number))
        else:
            unreadable.append(LeftOut(f"record {number}", "not readable as RIS"))
    return found, unreadable


def _records(text: str) -> Iterable[str]:
    """Yield records one by one, each with its end, whatever blanks its tags have and whether it had an end or not."""
    record: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        tag = _TAG.match(line)
        if tag:
            line = f"{tag[1]}  - {line[tag.end() :].strip()}"
        if line.startswith("TY  -"):
            if record:
                yield "\n".join([*record, "ER  - ", ""])
            record = [line]
        elif line.startswith("ER  -"):
            if record:
                yield "\n".join([*record, "ER  - ", ""])
            record = []
        elif record and line.strip():
            record.append(line)
    if record:
        yield "\n".join([*record, "ER  - ", ""])


def _reference(record: dict[str, Any], number: int) -> Reference:
    columns: dict[str, str] = {"report_id": str(record.get("id", ""))}
    authors = record.get("authors") or record.get("first_authors") or []
    columns["authors"] = ", ".join(as_printed(author) for author in authors)
    columns["year"] = year_of(" ".join(str(record.get(key, "")) for key in ("year", "publication_year", "date")))
    columns |= {name: _first(record, fields) for name, fields in _FROM.items()}
    pages = [str(record.get(key, "")) for key in ("start_page", "end_page")]
    columns["pages"] = "-".join(page for page in pages if page)
    columns["doi"] = bare_doi(str(record.get("doi", "")))
    urls = record.get("urls") or []
    columns["url"] = next((url for url in urls if re.match(r"https?://\S+$", url)), "")
    accession = str(record.get("accession_number", ""))
    columns["pmid"] = accession if re.fullmatch(r"\d{1,8}", accession) else ""
    columns["type"] = _KINDS.get(str(record.get("type_of_reference", "")), "")
    columns = {column: text for column, text in columns.items() if text}
    label = f"record {number} ({columns.get('authors', '').split(' ')[0]} {columns.get('year', '')})".replace("( ", "(")
    besides = str(record.get("custom8", ""))
    if besides.startswith(_BESIDES):
        whole = restored(columns, besides.removeprefix(_BESIDES))
        return Reference(record=label, columns=whole, ours=True)
    surname = surname_of(authors[0]) if authors else ""
    return Reference(record=label, columns=columns, fields=_unread(record, columns), surname=surname)


def _first(record: Mapping[str, Any], fields: Iterable[str]) -> str:
    return next((str(record[name]) for name in fields if record.get(name)), "")


def _unread(record: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, str]:
    """Return what has no column, by the name of its tag's meaning."""
    besides = {name: value for name, value in record.items() if name not in _READ and value}
    if not columns.get("type"):
        besides["type_of_reference"] = record.get("type_of_reference", "")
    if record.get("accession_number") and not columns.get("pmid"):
        besides["accession_number"] = record["accession_number"]
    unknown = besides.pop("unknown_tag", {})
    texts = {
        name: "; ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in besides.items()
    }
    return texts | {tag: "; ".join(values) for tag, values in unknown.items()}
