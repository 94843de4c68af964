"""RevMan 5 files (.rm5) as rows: outcomes with counts, with means, with generic effects, and with O-E.

Files are read as they come: encodings that differ from what they declare, signs that XML does not allow, entities of
HTML, tags that do not match. Entities that a file declares itself are refused, and so are files that are too large.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from metaan.exchange import figures_of, lenient_xml
from metaan.exchange.comparisons import Comparison, Study, imported
from metaan.exchange.intake import MAX_BYTES, Imported, LeftOut
from metaan.exchange.references import bare_doi
from metaan.terms import wording
from metaan.terms.finding import bad_file
from metaan.workbook.columns import Layout

MAX_ELEMENTS = 2_000_000
_BROKEN = "tags of this file do not match; compare the number of results with the review's forest plots"
_KINDS = ("DICH", "CONT", "IV", "IPD", "OTHER")
_XML_ENTITIES = ("amp", "lt", "gt", "quot", "apos")
_REPORT_TYPES = {"JOURNAL_ARTICLE": "article", "ABSTRACT": "abstract", "CONFERENCE_PROC": "abstract"}
_REPORT_TYPES |= {"CORRESPONDENCE": "letter"}


def import_rm5(data: bytes, name: str, layout: Layout, outcomes: Mapping[str, str] | None = None) -> Imported:
    """Return the results of a RevMan 5 file as rows.

    Raises
    ------
    BadInput
        The file is no RevMan file, is damaged beyond reading, or holds no results.
    """
    root, broken = _root(data, name)
    studies = {study.get("ID", ""): study for study in root.iter("STUDY") if study.get("ID")}
    found: list[Comparison] = []
    left_out: list[LeftOut] = []
    used: dict[str, None] = {}
    for place, kind, labels, outcome, subgroup, cells in _results(root):
        study = studies.get(cells.get("STUDY_ID", ""))
        label = _name_of(study, cells.get("STUDY_ID", "")) if study is not None else _bare(cells.get("STUDY_ID", ""))
        used[cells.get("STUDY_ID", "")] = None
        try:
            figures = _FIGURES[kind](cells, _measure(outcome))
        except figures_of.NoForm as reason:
            left_out.append(LeftOut(f"{label}, {place}", str(reason)))
            continue
        found.append(
            Comparison(
                study=label,
                outcome=_child(outcome, "NAME") or "not named",
                experimental=labels[0],
                control=labels[1],
                figures=figures,
                place=place,
                quote=_quote(cells),
                subgroup=_child(subgroup, "NAME") if subgroup is not None else "",
                footnotes=cells.get("FOOTNOTE", ""),
            )
        )
    if not found and not left_out:
        expected = "results under ANALYSES_AND_DATA"
        raise bad_file(name, "a RevMan file without results", expected, "export the review with its analyses")
    wanted = [_study(studies[key]) for key in used if key in studies]
    characteristics = ("characteristics of studies, risk of bias, text: not taken",) if _more(root) else ()
    made = imported(found, wanted, layout, name, left_out=left_out, unmapped=characteristics, outcomes=outcomes)
    swapped = sum(outcome.get("SWAP_EVENTS") == "YES" for outcome in root.iter("DICH_OUTCOME"))
    said = [_BROKEN] if broken else []
    if swapped:
        said.append(
            f"{wording.count(swapped, 'outcome')} analysed by those without the event: events are taken as typed"
        )
    return replace(made, remarks=(*said, *made.remarks))


def _root(data: bytes, name: str) -> tuple[Any, bool]:
    """Return the review, and whether its tags were broken."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(data) > MAX_BYTES:
        found = f"{len(data) // 2**20} MB"
        raise bad_file(name, found, f"at most {MAX_BYTES // 2**20} MB", "remove figures and attachments in RevMan")
    broken = False
    try:
        root = fromstring(_mended(data))
    except DefusedXmlException:
        to_fix = "export the file from RevMan again"
        raise bad_file(name, "a file that declares entities or another document type", "plain XML", to_fix) from None
    except (ParseError, RecursionError, ValueError) as error:
        root, broken = _leniently(data, name, str(error)), True
    if root.tag != "COCHRANE_REVIEW":
        found = f"an XML file whose first element is {root.tag}"
        raise bad_file(name, found, "COCHRANE_REVIEW, as in a .rm5 file", "name the file that RevMan 5 wrote")
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise bad_file(name, f"more than {MAX_ELEMENTS} elements", "a review", "export the analyses alone")
    return root, broken


def _leniently(data: bytes, name: str, error: str) -> Any:
    """Read a file whose tags do not match; one that is cut off is refused, for nobody could tell what is missing."""
    text = _mended(data)
    root = lenient_xml.tree(text) if "</COCHRANE_REVIEW>" in text[-200:] else None
    if root is None:
        to_fix = "open it in RevMan, or on the Cochrane Library, and save it again"
        raise bad_file(name, f"a file that is no XML or is cut off ({error})", "a RevMan 5 file", to_fix)
    return root


def _mended(data: bytes) -> str:
    """Return XML text without what keeps it from being read: wrong encodings, illegal signs, HTML's entities."""
    declared = re.match(rb"""\s*<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""", data[:200].lstrip(b"\xef\xbb\xbf"))
    text = None
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", _known(declared), "cp1252"):
        if text is None and encoding:
            try:
                text = data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    text = data.decode("latin-1") if text is None else text
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
    text = re.sub(r"&#(x[0-9A-Fa-f]+|\d+);", lambda m: m[0] if _allowed(m[1]) else "", text)
    return re.sub(r"&(#?\w+;)?", _entity, text)


def _known(declared: re.Match[bytes] | None) -> str:
    return declared[1].decode("ascii") if declared else ""


def _allowed(code: str) -> bool:
    number = int(code[1:], 16) if code.startswith("x") else int(code)
    return number in (9, 10, 13) or 32 <= number <= 0xD7FF or 0xE000 <= number <= 0x10FFFF


def _entity(found: re.Match[str]) -> str:
    """Return an entity XML knows as it is, one of HTML as its sign, and an ampersand on its own as one."""
    name = (found[1] or "").rstrip(";")
    if name in _XML_ENTITIES or name.startswith("#"):
        return found[0]
    sign = html.unescape(found[0])
    return html.escape(sign) if name and sign != found[0] else f"&amp;{found[1] or ''}"


def _results(root: Any) -> Iterator[tuple[str, str, tuple[str, str], Any, Any, Mapping[str, str]]]:
    """Yield every row of data with its place, kind, arms, outcome, subgroup and cells."""
    for c, comparison in enumerate(root.iter("COMPARISON"), 1):
        number = comparison.get("NO") or str(c)
        position = 0
        for outcome in comparison:
            kind = next((k for k in _KINDS if outcome.tag == f"{k}_OUTCOME"), "")
            if not kind:
                continue
            position += 1
            place = f"comparison {number}, outcome {outcome.get('NO') or position}"
            labels, level = _arms(outcome, comparison), {"CI_STUDY": outcome.get("CI_STUDY", "")}
            for child in outcome:
                if child.tag == f"{kind}_DATA":
                    yield place, kind, labels, outcome, None, level | _cells(child)
                elif child.tag == f"{kind}_SUBGROUP":
                    for row in child.iter(f"{kind}_DATA"):
                        where = f"{place}, subgroup {child.get('NO') or '?'}"
                        yield where, kind, labels, outcome, child, level | _cells(row)


def _cells(row: Any) -> dict[str, str]:
    cells = {str(key): str(value).strip() for key, value in row.attrib.items()}
    footnote = _child(row, "FOOTNOTE")
    return cells | ({"FOOTNOTE": footnote} if footnote else {})


def _arms(outcome: Any, comparison: Any) -> tuple[str, str]:
    """Return the names of both groups: as the outcome labels them, else from the comparison's name."""
    first, second = _child(outcome, "GROUP_LABEL_1"), _child(outcome, "GROUP_LABEL_2")
    if not (first and second):
        split = re.split(r"\s+(?:versus|vs\.?|v\.?|against)\s+", _child(comparison, "NAME"), maxsplit=1, flags=re.I)
        if len(split) == 2 and (first or "experimental").casefold() == "experimental":
            return split[0], split[1]
    return first or "experimental", second or "control"


def _child(element: Any, tag: str) -> str:
    """Return the text of a child, with all that stands in it; else the attribute of that name."""
    child = element.find(tag)
    text = "".join(child.itertext()) if child is not None else element.get(tag, "")
    return " ".join(text.split())


def _measure(outcome: Any) -> str:
    text = outcome.get("EFFECT_MEASURE") or _child(outcome, "EFFECT_MEASURE")
    return figures_of.measure_of(text)


def _dichotomous(cells: Mapping[str, str], measure: str) -> figures_of.Figures:
    return figures_of.counts(*(cells.get(name, "") for name in ("EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2")))


def _continuous(cells: Mapping[str, str], measure: str) -> figures_of.Figures:
    names = ("TOTAL_1", "MEAN_1", "SD_1", "TOTAL_2", "MEAN_2", "SD_2")
    return figures_of.means(*(cells.get(name, "") for name in names))


def _generic(cells: Mapping[str, str], measure: str) -> figures_of.Figures:
    shown = cells.get("EFFECT_SIZE", "")
    if shown and not cells.get("ESTIMATE"):
        limits = (cells.get("CI_START", ""), cells.get("CI_END", ""))
        figures = figures_of.ratio_with_interval(measure, shown, *limits, cells["CI_STUDY"])
    else:
        figures = figures_of.log_estimate(measure, cells.get("ESTIMATE", ""), cells.get("SE", ""), shown=shown)
    sizes = {"n1": cells.get("TOTAL_1", ""), "n2": cells.get("TOTAL_2", "")}
    known = {name: text for name, text in sizes.items() if text.isdecimal() and int(text) > 0}
    return figures._replace(cells={**figures.cells, **known}) if len(known) == 2 else figures


def _expected(cells: Mapping[str, str], measure: str) -> figures_of.Figures:
    events = (cells.get("EVENTS_1", ""), cells.get("EVENTS_2", ""))
    variance = cells.get("VAR") or cells.get("V", "")
    return figures_of.observed_minus_expected(cells.get("O_E", ""), variance, events, measure=measure)


def _other(cells: Mapping[str, str], measure: str) -> figures_of.Figures:
    raise figures_of.NoForm("data in words: no figures to take")


_FIGURES: dict[str, Callable[[Mapping[str, str], str], figures_of.Figures]] = {
    "DICH": _dichotomous,
    "CONT": _continuous,
    "IV": _generic,
    "IPD": _expected,
    "OTHER": _other,
}
_QUOTED = (
    *("EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2", "MEAN_1", "SD_1", "MEAN_2", "SD_2"),
    *("ESTIMATE", "SE", "EFFECT_SIZE", "CI_START", "CI_END", "O_E", "VAR"),
)


def _quote(cells: Mapping[str, str]) -> str:
    return " ".join(f"{name}={cells[name]}" for name in _QUOTED if cells.get(name))[:300]


def _name_of(study: Any, key: str) -> str:
    return " ".join(study.get("NAME", "").split()) or _bare(key)


def _bare(key: str) -> str:
    """Return a study's name from its key: "STD-Smith-2001" is "Smith 2001"."""
    letters = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), key)
    return letters.removeprefix("STD-").replace("-", " ").strip() or "not named"


def _study(study: Any) -> Study:
    reports = tuple(_report(reference) for reference in study.iter("REFERENCE"))
    return Study(name=_name_of(study, study.get("ID", "")), year=_digits(study.get("YEAR", "")), reports=reports)


def _report(reference: Any) -> dict[str, str]:
    identifiers = {i.get("TYPE", ""): i.get("VALUE", "") for i in reference.iter("IDENTIFIER")}
    pmid = identifiers.get("MEDLINE", "") or identifiers.get("PUBMED", "")
    columns = {
        "is_primary": {"YES": "yes", "NO": "no"}.get(reference.get("PRIMARY", ""), ""),
        "type": _REPORT_TYPES.get(reference.get("TYPE", ""), ""),
        "authors": _child(reference, "AU"),
        "title": _child(reference, "TI"),
        "journal": _child(reference, "SO"),
        "year": _digits(_child(reference, "YR")),
        "volume": _child(reference, "VL"),
        "pages": _child(reference, "PG"),
        "doi": bare_doi(identifiers.get("DOI", "")),
        "pmid": pmid.removeprefix("PUBMED").strip(": ") if pmid else "",
    }
    columns["pmid"] = columns["pmid"] if columns["pmid"].isdecimal() else ""
    return {name: text for name, text in columns.items() if text}


def _digits(text: str) -> str:
    found = re.search(r"\d{4}", text)
    return found.group() if found else ""


def _more(root: Any) -> bool:
    return any(root.find(f".//{tag}") is not None for tag in ("CHARACTERISTICS_OF_STUDIES", "QUALITY_ITEMS"))
