"""Comparisons that stand in an analysis, with their results."""

from collections.abc import Sequence

from metaan.pooling.select import Candidate, select
from metaan.workbook.protocol import Protocol


def asked_for(rows: Sequence[Candidate], protocol: Protocol) -> dict[str, list[str]]:
    """Return comparison -> its results that some analysis asks for, in the order of the sheets.

    Results that the reviewers took out, and strata that an analysis does not pool, are left out.
    """
    inside = {
        row.row["effect_id"]
        for plan in protocol.analyses
        for group in select(tuple(rows), plan).inside.values()
        for row in group
        if row.row["flag"] != "exclude"
    }
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.row["effect_id"] in inside:
            found.setdefault(row.row["design_id"], []).append(row.row["effect_id"])
    return found
