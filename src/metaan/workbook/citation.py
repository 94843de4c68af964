"""A report as a line of text."""

from metaan.workbook.read import Row


def citation(report: Row) -> str:
    """Return "Authors (2007) Title. Journal 19:2208." with what is not reported said so."""
    authors, year, title = report.answer("authors"), report.answer("year"), report.answer("title")
    text = f"{authors or 'Authors not reported'} ({year or 'year not reported'})"
    text += f" {title.rstrip('.')}." if title else " Title not reported."
    journal = " ".join(part for part in (report.answer("journal"), report.answer("volume")) if part)
    if journal:
        text += f" {journal}" + (f":{report.answer('pages')}" if report.answer("pages") else "") + "."
    return text
