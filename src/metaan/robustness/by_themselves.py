"""What another version of a row does to its effect where no analysis pools it."""

import math
from collections.abc import Iterator, Sequence

from metaan.effects.by_form import effect_by_form
from metaan.robustness.changes import Changed, Stand
from metaan.terms.records import Effect
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed

_NOWHERE = Stand(k=0, estimate=math.nan, low=math.nan, high=math.nan)


def by_themselves(
    protocol: Protocol, extraction: Extraction, changed: Sequence[Row], left_out: Sequence[str] = ()
) -> Iterator[Changed]:
    """Yield what changes of rows of Effects do to these rows alone, each on the measure of its form.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
    changed : sequence of Row
        Each takes the place of the row of the same name, or is added.
    left_out : sequence of str
        effect_ids, each taken out in turn.

    Yields
    ------
    Changed
        Without analysis or stratum; none where neither version gives an effect, or both the same.
    """
    known = {row["effect_id"]: row for row in extraction.sheet("Effects")}
    versions: list[tuple[Row | None, Row | None]] = [
        (known.get(row["effect_id"]), row) for row in changed if row.sheet == "Effects"
    ]
    versions += [(known.get(name), None) for name in left_out]
    for old, new in versions:
        before, after = (_effect(protocol, extraction, row) for row in (old, new))
        either = before or after
        if either is None or before == after:
            continue
        yield Changed(
            row_id=either.effect_id,
            analysis="",
            stratum="",
            measure=either.measure,
            before=before,
            after=after,
            pooled_before=_NOWHERE,
            pooled_after=_NOWHERE,
            shift=math.nan,
            changes=False,
        )


def _effect(protocol: Protocol, extraction: Extraction, row: Row | None) -> Effect | None:
    """Return the effect of a row; None where it gives none."""
    if row is None:
        return None
    try:
        found = effect_by_form(typed(row, protocol.layout.sheet("Effects"), extraction.decimal_mark))
    except ValueError:
        return None
    return None if found.missing else found
