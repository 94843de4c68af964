"""How far what was looked up still holds: retractions, statements, second readers, sources."""

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import count
from metaan.workbook.read import Row

_SHOWN = 5  #: names of rows in one finding


def check_retractions(book: Book) -> Iterator[Finding]:
    """Yield reports that are retracted, and how many nobody looked up, or long ago (S13)."""
    if not book.has("Reports", "retracted", "retraction_checked_on"):
        return
    limit = _a_year_before(book.protocol.as_of)
    rows = book.extraction.sheet("Reports")
    used = {line.study_id for line in book.lines if line.counted and line["priority"] == "main"}
    asked: list[Row] = []
    dated: list[Row] = []
    for row in rows:
        status, day = row["retracted"], row.answer("retraction_checked_on")
        if status in ("yes", "expression_of_concern") and row["study_id"] in used:
            yield _retracted(book, row, status)
        elif status in ("not_checked", "NR"):
            asked.append(row)
        elif status == "no" and day > book.protocol.as_of:
            yield _later(book, row)
        elif status == "no" and _last_day(day) < limit:
            dated.append(row)
    if asked:
        yield book.of_column(
            "S13",
            asked,
            "retracted",
            f"{_share(asked, rows, 'report')} not_checked: {_names(asked, 'report_id')}",
            "a look at PubMed, Crossref or Retraction Watch for each report",
            "look each report up and type no, yes or expression_of_concern, and the day",
        )
    if dated:
        yield book.of_column(
            "S13",
            dated,
            "retraction_checked_on",
            f"{_share(dated, rows, 'report')} looked up before {limit}, or without a day: {_names(dated, 'report_id')}",
            f"a day in the year before {book.protocol.as_of}",
            "look these reports up again and type the day",
        )


def _retracted(book: Book, row: Row, status: str) -> Finding:
    word = "retracted" if status == "yes" else "under an expression of concern"
    return finding(
        "S13",
        row,
        book.layout.sheet("Reports"),
        "retracted",
        f"{row['report_id']} is {word}, and {row['study_id']} has main results that are pooled",
        "results that their authors and journal stand by",
        "set flag to exclude in its rows of Effects with the reason, or show the result without it",
        Level.WARNING,
    )


def check_statements(book: Book) -> Iterator[Finding]:
    """Yield how many statements of regulators and guidelines were seen long ago (S14)."""
    rows = book.extraction.sheet("Context")
    if not rows or not book.has("Context", "seen_on"):
        return
    limit = _a_year_before(book.protocol.as_of)
    old = [row for row in rows if row["seen_on"] and _last_day(row.answer("seen_on")) < limit]
    if old:
        names = Counter(row["body"] for row in old)
        yield book.of_column(
            "S14",
            old,
            "seen_on",
            f"{_share(old, rows, 'statement')} seen before {limit}, or without a day: {', '.join(names)} "
            f"(rows {_numbers(old)})",
            f"a day in the year before {book.protocol.as_of}",
            "open each page again, compare the words and type the day",
        )


def check_readers(book: Book) -> Iterator[Finding]:
    """Yield how many comparisons only one person saw (S15)."""
    if book.extraction.review().get("workbook_role", "single") not in ("", "single"):
        return
    rows = book.extraction.sheet("Effects")
    if not book.has("Effects", "extractor", "checked_by"):
        return
    alone = [row for row in rows if row.answer("checked_by") in ("", row.answer("extractor"))]
    if alone:
        yield book.of_column(
            "S15",
            alone,
            "checked_by",
            f"{_share(alone, rows, 'comparison')} seen by one person only: {_names(alone, 'effect_id')}",
            "two people for every number: two extractors, or a second who checks",
            "let a second person compare each row with its source and type initials and day; or start two extractions "
            "with: metaan split",
        )


def check_sources(book: Book) -> Iterator[Finding]:
    """Yield studies none of whose reports has a DOI or a PubMed number (SOURCE)."""
    sheet = book.layout.sheet("Studies")
    reports = book.extraction.sheet("Reports")
    known = {row["study_id"] for row in reports if row.answer("doi") or row.answer("pmid")}
    named = {row["study_id"] for row in reports}
    for row in book.extraction.sheet("Studies"):
        name = row["study_id"]
        if name not in known:
            what = "no report with a DOI or a PubMed number" if name in named else "no report on the sheet Reports"
            yield finding(
                "SOURCE",
                row,
                sheet,
                "study_id",
                f"{name}: source incomplete, {what}",
                "a DOI or PMID in the sheet Reports",
                "look the report up and add its DOI or PMID",
            )


def _later(book: Book, row: Row) -> Finding:
    return finding(
        "S13",
        row,
        book.layout.sheet("Reports"),
        "retraction_checked_on",
        f"{row['retraction_checked_on']}, after the day of the review ({book.protocol.as_of})",
        f"a day up to {book.protocol.as_of}, the as_of of protocol.yaml",
        "correct the day, or move as_of on",
        Level.WARNING,
    )


def _a_year_before(day: str) -> str:
    """Return the day twelve months before; the 28th for the 29th of February."""
    date = datetime.date.fromisoformat(day)
    day_of_month = 28 if (date.month, date.day) == (2, 29) else date.day
    return date.replace(year=date.year - 1, day=day_of_month).isoformat()


def _last_day(text: str) -> str:
    """Return the last day a date may mean, 2025 or 2025-03; empty, before every day, where there is none."""
    match = re.fullmatch(r"(\d{4})(-\d{2})?(-\d{2})?", text)
    if match is None:
        return ""
    return text if match[3] else f"{text}-31" if match[2] else f"{text}-12-31"


def _share(some: Sequence[Row], rows: Sequence[Row], what: str) -> str:
    return f"{len(some)} of {count(len(rows), what)}"


def _names(rows: Sequence[Row], key: str) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ", ".join(row[key] for row in rows[:_SHOWN]) + more


def _numbers(rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ", ".join(str(row.number) for row in rows[:_SHOWN]) + more
