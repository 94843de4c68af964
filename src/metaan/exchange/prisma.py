"""Counts of the PRISMA sheet as the CSV file of the PRISMA2020 flow diagram, and which keys take reasons."""

from metaan.files import csv_lines
from metaan.workbook.read import Extraction, Row
from metaan.workbook.words import PRISMA_KEYS

COLUMNS = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")

#: node and box of each row, in the order of the template of the R package PRISMA2020 (and its app)
_BOXES = (
    ("", "node4", "prevstud", "Previous studies"),
    ("previous_studies", "node5", "box1", "Studies included in previous version of review"),
    ("previous_reports", "", "box1", "Reports of studies included in previous version of review"),
    ("", "node6", "newstud", "Identification of new studies via databases and registers"),
    ("database_results", "node7", "box2", "Databases"),
    ("database_specific_results", "", "box2", "Specific Databases"),
    ("register_results", "", "box2", "Registers"),
    ("register_specific_results", "", "box2", "Specific Registers"),
    ("", "node16", "othstud", "Identification of new studies via other methods"),
    ("website_results", "node17", "box11", "Websites"),
    ("organisation_results", "", "box11", "Organisations"),
    ("citations_results", "", "box11", "Citation searching"),
    ("duplicates", "node8", "box3", "Duplicate records"),
    ("excluded_automatic", "", "box3", "Records marked as ineligible by automation tools"),
    ("excluded_other", "", "box3", "Records removed for other reasons"),
    ("records_screened", "node9", "box4", "Records screened"),
    ("records_excluded", "node10", "box5", "Records excluded"),
    ("dbr_sought_reports", "node11", "box6", "Reports sought for retrieval"),
    ("dbr_notretrieved_reports", "node12", "box7", "Reports not retrieved"),
    ("other_sought_reports", "node18", "box12", "Reports sought for retrieval"),
    ("other_notretrieved_reports", "node19", "box13", "Reports not retrieved"),
    ("dbr_assessed", "node13", "box8", "Reports assessed for eligibility"),
    ("dbr_excluded", "node14", "box9", "Reports excluded"),
    ("other_assessed", "node20", "box14", "Reports assessed for eligibility"),
    ("other_excluded", "node21", "box15", "Reports excluded"),
    ("new_studies", "node15", "box10", "New studies included in review"),
    ("new_reports", "", "box10", "Reports of new included studies"),
    ("total_studies", "node22", "box16", "Total studies included in review"),
    ("total_reports", "", "box16", "Reports of total included studies"),
    ("identification", "node1", "identification", "Identification"),
    ("screening", "node2", "screening", "Screening"),
    ("included", "node3", "included", "Included"),
)
_WITH_REASONS = ("dbr_excluded", "other_excluded")
_BY_NAME = {"database_specific_results": "database_results", "register_specific_results": "register_results"}


def prisma_csv(extraction: Extraction) -> tuple[str, tuple[str, ...]]:
    """Return the CSV file, and the keys of the sheet that have a count and no place in it.

    Databases, registers and reasons that stand in several rows become "name, n; name, n", and their sum the total.
    Boxes nobody counted are NA, as the template writes what is missing.
    """
    found: dict[str, list[Row]] = {}
    for row in extraction.sheet("PRISMA"):
        found.setdefault(row["key"], []).append(row)
    lines = [
        (
            key or "NA",
            node or "NA",
            box,
            PRISMA_KEYS.get(key, text),
            text,
            PRISMA_KEYS.get(key, text) if node else "NA",
            f"{key or box}.html" if node else "NA",
            _n(key, found),
        )
        for key, node, box, text in _BOXES
    ]
    known = {key for key, *_ in _BOXES}
    unplaced = tuple(key for key, rows in found.items() if key not in known and any(row.answer("n") for row in rows))
    return csv_lines(COLUMNS, lines), unplaced


def _n(key: str, found: dict[str, list[Row]]) -> str:
    if not key or key in ("identification", "screening", "included"):
        return "0"
    if key in _BY_NAME or key in _WITH_REASONS:
        rows = [row for row in found.get(_BY_NAME.get(key, key), ()) if row.answer("n")]
        if not any(row.answer("reason") for row in rows) and key in _BY_NAME:
            return "NA"
        return "; ".join(f"{_listed(row.answer('reason')) or 'not stated'}, {row['n']}" for row in rows) or "NA"
    numbers = [row["n"] for row in found.get(key, ()) if row.answer("n")]
    return str(sum(int(n) for n in numbers)) if numbers and all(n.isdecimal() for n in numbers) else "NA"


def _listed(reason: str) -> str:
    """Return a reason without the signs that part reasons and counts."""
    return reason.replace(";", ":").replace(",", " ").replace("  ", " ")
