"""Counts of a pooled comparison as they were typed."""

from collections.abc import Mapping

from metaan.terms.records import Estimate

Table = tuple[int, int, int, int]  #: with the factor: events, no events; without: events, no events


def whole(text: str) -> int | None:
    """Return a count as typed; None where there is none."""
    return int(text) if text.isdecimal() else None


def counts(estimate: Estimate) -> Table | None:
    """Return the 2x2 table of a comparison as typed; None where it does not give one."""
    return table_of(estimate.source.values)


def table_of(values: Mapping[str, str]) -> Table | None:
    """Return the 2x2 table of a row of the Effects sheet as typed; None where it does not give one."""

    def numbers(*names: str) -> list[int] | None:
        found = [whole(values.get(name, "")) for name in names]
        return None if None in found else found  # type: ignore[return-value]

    table = numbers("a_high_event", "b_high_none", "c_low_event", "d_low_none")
    if table:
        return table[0], table[1], table[2], table[3]
    groups = numbers("events_high", "total_high", "events_low", "total_low")
    if groups and groups[0] <= groups[1] and groups[2] <= groups[3]:
        return groups[0], groups[1] - groups[0], groups[2], groups[3] - groups[2]
    sides = numbers("high_event", "n_event", "high_none", "n_none")
    if sides and sides[0] <= sides[1] and sides[2] <= sides[3]:
        return sides[0], sides[2], sides[1] - sides[0], sides[3] - sides[2]
    return None
