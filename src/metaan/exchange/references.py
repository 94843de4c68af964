"""Reports of a workbook as references, and references as reports: what RIS and BibTeX have in common.

A reference is a mapping with the names of columns of the sheet Reports, and `fields`: what the source says besides.
What a format cannot hold travels in one more field as JSON, so that a reference that comes back is the row that left.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from metaan.exchange.intake import Imported, LeftOut, Names, Rows, fitting
from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Layout
from metaan.workbook.read import Extraction

DOI = re.compile(r"10\.\d{4,9}/\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference as read."""

    record: str  #: "record 3 (Smith 2001)"
    columns: Mapping[str, str]  #: column of Reports -> text
    fields: Mapping[str, str] = field(default_factory=dict)  #: field of the source without a column -> text
    surname: str = ""  #: of the first author
    ours: bool = False  #: written by metaan, with every column it had


def remainder(row: Mapping[str, str], read_back: Mapping[str, str]) -> str:
    """Return as JSON what must be said besides, given what the plain fields alone would bring back; always some.

    A column whose text comes back otherwise is given; one that comes back and was blank is given as blank.
    """
    names = dict.fromkeys([*row, *read_back])
    other = {name: row.get(name, "") for name in names if row.get(name, "") != read_back.get(name, "")}
    return json.dumps(other, ensure_ascii=True).replace("  ", r" \u0020")  # readers of RIS and BibTeX join blanks


def restored(columns: Mapping[str, str], said_besides: str) -> dict[str, str]:
    """Return the columns of a reference that metaan wrote."""
    try:
        besides = json.loads(said_besides)
    except ValueError:
        return dict(columns)
    if not isinstance(besides, dict):
        return dict(columns)
    merged = {**columns, **{str(name): str(text) for name, text in besides.items()}}
    return {name: text for name, text in merged.items() if text}


def surname_first(author: str) -> str:
    """Return an author as RIS and BibTeX want it: "Tuckerman E" is "Tuckerman, E"."""
    name, _, initials = author.rpartition(" ")
    if name and re.fullmatch(r"[A-Z][A-Z.\-]{0,4}", initials):
        return f"{name}, {initials}"
    return author


def as_printed(author: str) -> str:
    """Return an author as papers print it: "Tuckerman, E" is "Tuckerman E"."""
    surname, comma, given = author.partition(",")
    return f"{surname.strip()} {given.strip()}".strip() if comma else author.strip()


def split_authors(text: str) -> list[str]:
    """Return the authors of a cell, one each."""
    parts = text.split(";") if ";" in text else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def bare_doi(text: str) -> str:
    """Return the DOI in a text, without address; empty where there is none."""
    found = DOI.search(text)
    return found.group().rstrip(".,;") if found else ""


def year_of(text: str) -> str:
    """Return the year in a date."""
    found = re.search(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)", text)
    return found.group() if found else ""


def reports(extraction: Extraction) -> tuple[dict[str, str], ...]:
    """Return the rows of the sheet Reports."""
    return tuple(dict(row.values) for row in extraction.sheet("Reports"))


def imported(references: Iterable[Reference], layout: Layout, unreadable: Iterable[LeftOut] = ()) -> Imported:
    """Return references as rows of Reports, each with a study suggested for it.

    A reference with the DOI or PubMed number of an earlier one is left out. What a reference does not say stays blank,
    so that `metaan check` asks for it; only the retraction status is "not_checked", which is what is known.
    """
    ids, studies = Names(), Names()
    rows: Rows = {"Studies": [], "Reports": []}
    left_out = list(unreadable)
    unread = len(left_out)
    seen: dict[str, str] = {}
    unmapped: dict[str, None] = {}
    known_studies: set[str] = set()
    count = 0
    for reference in references:
        count += 1
        columns = dict(reference.columns)
        twin = next((seen[key] for key in _marks(columns) if key in seen), "") if not reference.ours else ""
        if twin:
            left_out.append(LeftOut(reference.record, f"the same DOI or PubMed number as {twin}"))
            continue
        seen |= dict.fromkeys(_marks(columns), reference.record)
        unmapped |= dict.fromkeys(reference.fields)
        if not reference.ours:
            _complete(columns, reference, ids, studies)
        rows["Reports"].append(columns)
        study = columns.get("study_id", "")
        if study and study not in known_studies:
            known_studies.add(study)
            rows["Studies"].append(
                {"study_id": study, "label": _label(columns, reference.surname), "year": columns.get("year", "")}
            )
    remarks = ("each reference has a study of its own; give reports of one study the same study_id",)
    return Imported(
        rows=fitting(rows, layout),
        kind="reference",
        read=count + unread,
        written=len(rows["Reports"]),
        left_out=tuple(left_out),
        unmapped=tuple(unmapped),
        remarks=remarks if rows["Reports"] else (),
    )


def _marks(columns: Mapping[str, str]) -> list[str]:
    doi, pmid = columns.get("doi", "").casefold(), columns.get("pmid", "")
    return [key for key, text in ((f"doi {doi}", doi), (f"pmid {pmid}", pmid)) if text and text.upper() != "NR"]


def _complete(columns: dict[str, str], reference: Reference, ids: Names, studies: Names) -> None:
    columns["study_id"] = studies.new(_first_surname(columns, reference.surname), columns.get("year", ""))
    if not ids.keep(columns.get("report_id", "")):
        columns["report_id"] = ids.new(columns["study_id"], "-r1")
    columns["retracted"] = "not_checked"
    if reference.fields:
        columns["notes"] = "; ".join(f"{name}: {text}" for name, text in reference.fields.items())


def surname_of(author: str) -> str:
    """Return the surname of an author: before the comma, before the initials, or the last word."""
    before, comma, _ = author.partition(",")
    if comma:
        return before.strip()
    name, _, last = author.strip().rpartition(" ")
    return name if name and re.fullmatch(r"[A-Z][A-Z.\-]{0,4}", last) else last


def _first_surname(columns: Mapping[str, str], surname: str) -> str:
    authors = split_authors(columns.get("authors", ""))
    if surname or authors:
        return surname or surname_of(authors[0])
    words = re.findall(r"[A-Za-z]{4,}", columns.get("title", ""))
    return words[0] if words else "Report"


def _label(columns: Mapping[str, str], surname: str) -> str:
    return f"{_first_surname(columns, surname)} {columns.get('year', '')}".strip()


def exact(
    rows: Iterable[Mapping[str, str]],
    write: Callable[[Mapping[str, str], str], str],
    read: Callable[[str], list[Reference]],
) -> str:
    """Return records that read back as the rows: written bare, read, and written again with what would be lost."""
    kept = list(rows)
    back = read("\n".join(write(row, "{}") for row in kept))
    if len(back) == len(kept):
        return "\n".join(write(row, remainder(row, one.columns)) for row, one in zip(kept, back, strict=True))
    return "\n".join(_alone(row, write, read) for row in kept)


def _alone(
    row: Mapping[str, str],
    write: Callable[[Mapping[str, str], str], str],
    read: Callable[[str], list[Reference]],
) -> str:
    """Return one record; where its plain fields cannot be read back, all of it goes besides."""
    back = read(write(row, "{}"))
    if len(back) == 1:
        return write(row, remainder(row, back[0].columns))
    bare = {"report_id": row.get("report_id", "")}
    return write(bare, remainder(row, bare))


def said(row: Mapping[str, str], column: str) -> str:
    """Return the text of a cell for a program that knows nothing of NR and NA."""
    text = row.get(column, "")
    return "" if text in (NOT_REPORTED, NOT_APPLICABLE) else text
