"""How many people a row, and a comparison, is about."""

from collections.abc import Mapping
from typing import Any

from metaan.workbook.columns import Layout
from metaan.workbook.read import Extraction
from metaan.workbook.typed import typed

_COUNTS = (
    ("a_high_event", "b_high_none", "c_low_event", "d_low_none"),
    ("total_high", "total_low"),
    ("n_event", "n_none"),
    ("n1", "n2"),
)


def of_row(values: Mapping[str, Any]) -> int | None:
    """Return how many people a row is about; None where the source does not say, or counts cycles and the like.

    What was typed as analysed comes first, then the groups.
    """
    if values.get("analysis_unit") not in (None, "woman", "person"):
        return None
    if values.get("n_analysed") is not None:
        return int(values["n_analysed"])
    for names in _COUNTS:
        counts = [values.get(name) for name in names]
        if None not in counts:
            return int(sum(counts))  # type: ignore[arg-type]
    return None


def of_designs(extraction: Extraction, layout: Layout) -> dict[str, int]:
    """Return design -> people in the largest of its rows; designs without a number are left out."""
    sheet = layout.sheet("Effects")
    found: dict[str, int] = {}
    for row in extraction.sheet("Effects"):
        count = of_row(typed(row, sheet, extraction.decimal_mark))
        if count is not None:
            found[row["design_id"]] = max(count, found.get(row["design_id"], 0))
    return found
