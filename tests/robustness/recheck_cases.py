"""Reviews in memory: rows of text to what the reader would have read, without a file."""

from collections.abc import Mapping

import small_review
from metaan.workbook.grid import letters
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row


def extraction(sheets: Mapping[str, list[dict[str, str]]], protocol: Protocol) -> Extraction:
    """Return sheets as read from a workbook with the columns in the order of the layout."""
    columns = {
        sheet.name: {column.name: letters(place + 1) for place, column in enumerate(sheet.columns)}
        for sheet in protocol.layout.sheets
    }
    rows = {
        name: tuple(
            Row("data/tea/extraction.xlsx", name, number, {k: v for k, v in row.items() if v}, columns[name])
            for number, row in enumerate(found, 2)
        )
        for name, found in sheets.items()
    }
    return Extraction("data/tea/extraction.xlsx", rows, columns)


def tea(**effects: dict[str, str]) -> tuple[Protocol, Extraction]:
    """Return the small review with cells of its Effects changed: ``Ames2001_pr_1={"a_high_event": "13"}``."""
    protocol, sheets = small_review.protocol(), small_review.rows()
    by_id = {row["effect_id"]: row for row in sheets["Effects"]}
    for name, cells in effects.items():
        by_id[name.replace("_", "-")].update(cells)
    return protocol, extraction(sheets, protocol)


def meta(rows: list[dict[str, str]], measure: str) -> tuple[Protocol, Extraction]:
    """Return a review of one case-control analysis whose rows give the numbers of each study."""
    sheets = {name: list(found) for name, found in small_review.rows().items() if name == "Review"}
    sheets |= {"Reports": [], "Studies": [], "Design": [], "Effects": []}
    for i, numbers in enumerate(rows):
        study = f"Study{2000 + i}"
        small_review._study(sheets, study, i)
        sheets["Design"].append(small_review._design(study, "cc"))
        sheets["Effects"].append(
            {**small_review._effect(study, "cc"), "outcome": "headache", "checked_by": "CD", **numbers}
        )
    plan = {
        **{"id": "tea-only", "title": "Tea", "question": "Does tea go with headache?", "measure": measure},
        **{"include": {"outcome": ["headache"]}, "strata": [{"stratum": "case_control"}]},
    }
    protocol = small_review.protocol(analyses=[plan])
    return protocol, extraction(sheets, protocol)
