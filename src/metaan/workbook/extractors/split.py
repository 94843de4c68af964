"""The lead's workbook to two workbooks that start alike, so that each extractor works from the papers alone."""

from collections.abc import Mapping

from metaan.workbook.columns import Layout
from metaan.workbook.read import Extraction

Rows = dict[str, list[dict[str, str]]]

#: sheets the extractors fill: they get what identifies the rows, and nothing that answers a question
EXTRACTED = ("Studies", "Design", "Effects", "Quality", "Reliability", "Harms")

#: those of them that a consensus settles; quality is often judged afterwards
AGREED_ON = ("Studies", "Design", "Effects", "Reliability", "Harms")

_ALSO = {"Quality": ("question",)}


def split(lead: Extraction, layout: Layout) -> tuple[Mapping[str, Rows], int]:
    """Return the rows of both workbooks by role, and how many answers of the lead were held back.

    Studies, Design, Effects, Quality, Reliability and Harms keep the columns that identify a row (names, contrast,
    outcome, marker, ...); all other sheets are copied whole.
    """
    rows: Rows = {}
    held_back = 0
    for sheet in layout.sheets:
        if sheet.name == "Review":
            continue
        kept = {column.name for column in sheet.columns if column.group == "identity"}
        kept.update(_ALSO.get(sheet.name, ()))
        rows[sheet.name] = []
        for row in lead.sheet(sheet.name):
            if sheet.name in EXTRACTED:
                held_back += sum(column not in kept for column in row.values)
                rows[sheet.name].append({column: text for column, text in row.values.items() if column in kept})
            else:
                rows[sheet.name].append(dict(row.values))
    review = {key: value for key, value in lead.review().items() if key not in ("workbook_role", "extractor")}
    return {role: {**rows, "Review": review_rows({**review, "workbook_role": role})} for role in ("A", "B")}, held_back


def review_rows(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of the sheet Review."""
    return [{"key": key, "value": value} for key, value in values.items()]
