"""Percentages printed beside counts (B01)."""

import math
from collections.abc import Iterator

from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.ranges import Range, exactly
from metaan.checks.tables import BY_CELL
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import fixed


def check_percentages(cells: Printed, chosen: str) -> Iterator[Finding]:
    """Yield printed percentages that are not the share they stand for; `chosen` says whether people were by outcome."""
    shares = _shares(cells, chosen)
    other = _shares(cells, "no" if chosen == "yes" else "yes") if cells.has(*BY_CELL) else {}
    if cells.has("risk_pct", "total_high"):
        said = f"total in {cells.cell('total_high')}"
        yield from _no_such_count(cells, "risk_pct", cells.range("risk_pct"), cells["total_high"], said)
    for name in ("pct_1", "pct_2"):
        if not cells.has(name) or name not in shares:
            continue
        reported = cells.range(name)
        part, whole, said = shares[name]
        if whole <= 0:
            continue
        if part is None:
            yield from _no_such_count(cells, name, reported, whole, said)
        elif not reported.meets(exactly(100.0 * part / whole)):
            yield cells.finding(
                "B01",
                name,
                f"{cells.text(name)} %, but {part} of {whole} ({said}) are {fixed(100.0 * part / whole, 2)} %",
                f"a percentage that rounds from {part}/{whole}",
                f"{_slip(cells, name, reported, part, whole, shares, other)}; {CONFIRM}",
                Level.WARNING,
            )


Shares = dict[str, tuple[int | None, int, str]]


def _shares(cells: Printed, chosen: str) -> Shares:
    """Return percentage column -> count, total and words: groups by outcome where people were counted so."""
    if cells.has(*BY_CELL):
        a, b, c, d = (cells[name] for name in BY_CELL)
        if chosen == "yes":
            return {
                "pct_1": (a, a + c, "the factor among those with the outcome"),
                "pct_2": (b, b + d, "the factor among those without the outcome"),
            }
        return {
            "pct_1": (a, a + b, "the event among those with the factor"),
            "pct_2": (c, c + d, "the event among those without the factor"),
        }
    for first, second in (
        (("events_high", "total_high"), ("events_low", "total_low")),
        (("high_event", "n_event"), ("high_none", "n_none")),
        ((None, "n1"), (None, "n2")),
    ):
        if cells.has(first[1]):
            found: Shares = {}
            for name, (part, whole) in (("pct_1", first), ("pct_2", second)):
                if cells.has(whole):
                    count = cells[part] if part else None
                    found[name] = (count, cells[whole], f"total in {cells.cell(whole)}")
            return found
    return {}


def _no_such_count(cells: Printed, name: str, reported: Range, whole: int, said: str) -> Iterator[Finding]:
    first, last = reported.low * whole / 100.0, reported.high * whole / 100.0
    if math.floor(last + 1e-9) >= math.ceil(first - 1e-9):
        return
    below = math.floor(first)
    near = " and ".join(f"{k}/{whole} = {fixed(100.0 * k / whole, 2)} %" for k in (below, below + 1))
    yield cells.finding(
        "B01",
        name,
        f"{cells.text(name)} % of {whole} is no whole number of people ({said}; {near})",
        f"a percentage that some whole number of {whole} gives",
        f"look for the true denominator, or people with missing answers; {CONFIRM}",
        Level.WARNING,
    )


def _slip(
    cells: Printed, name: str, reported: Range, part: int | None, whole: int, shares: Shares, other: Shares
) -> str:
    """Return the likeliest reason why a percentage does not fit."""
    assert part is not None
    twin = "pct_2" if name == "pct_1" else "pct_1"
    if _is(reported, shares.get(twin)):
        return f"it fits the other group: perhaps {cells.cell('pct_1')} and {cells.cell('pct_2')} were exchanged"
    if _is(reported, other.get(name)):
        return f"it fits as {other[name][2]} ({other[name][0]} of {other[name][1]})"
    if reported.meets(exactly(100.0 * (whole - part) / whole)):
        return f"it fits those without it ({whole - part} of {whole})"
    if Range(reported.middle, 2.0 * reported.high - reported.middle).meets(exactly(100.0 * part / whole)):
        return "it looks cut off instead of rounded"
    if reported.meets(exactly(part / whole)):
        return "it looks like a proportion instead of a percentage"
    count = round(reported.middle * whole / 100.0)
    if count != part and 0 <= count <= whole and reported.meets(exactly(100.0 * count / whole)):
        return f"{count} of {whole} would fit"
    for people in range(max(1, whole - 5), whole + 6):
        if people != whole and reported.meets(exactly(100.0 * part / people)):
            return f"{part} of {people} would fit: people with missing answers?"
    return "no count near it fits"


def _is(reported: Range, share: tuple[int | None, int, str] | None) -> bool:
    return (
        share is not None
        and bool(share[0] is not None and share[1])
        and reported.meets(exactly(100.0 * (share[0] or 0) / share[1]))
    )
