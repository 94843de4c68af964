"""A printed p-value, with its sign and its tails, against one that was recomputed."""

from collections.abc import Iterator

from metaan.checks.printed import Printed
from metaan.checks.quantiles import normal_p, size_of_z
from metaan.checks.ranges import Range
from metaan.terms.finding import Finding


def agrees(cells: Printed, computed: Range, share: float = 0.0, least: float = 0.0) -> bool:
    """Whether the p of the row can be a recomputed two-sided p.

    `share` and `least` widen the recomputed one on the scale of z, for a test that is not the very one of the paper.
    """
    if share or least:
        z = size_of_z(computed).widened(share, least)
        computed = normal_p(Range(max(z.low, 0.0), z.high))
    if cells["tails"] == "1":
        computed = computed.times(0.5)
    p = cells["p_value"]
    sign = cells["p_cmp"] or "="
    if sign == "<":
        return computed.low < p * (1.0 + 1e-9)
    if sign == ">":
        return computed.high > p * (1.0 - 1e-9)
    reported = cells.range("p_value")
    return Range(max(reported.low, 0.0), min(reported.high, 1.0)).meets(computed)


def shown(cells: Printed) -> str:
    """Return the p of the row as its cells give it: "p < 0.05"."""
    return f"p {cells['p_cmp'] or '='} {cells.text('p_value')}"


def digits(p: Range) -> str:
    """Return a recomputed p for a message: "0.021", "0.019 to 0.023" or "below 0.0001"."""
    if p.high < 1e-4:
        return "below 0.0001"
    low, high = (f"{value:.2g}" for value in (max(p.low, 0.0), p.high))
    return low if low == high else f"{low} to {high}"


def zero(cells: Printed) -> Iterator[Finding]:
    """Yield a p of zero (C03): programs print .000 for anything below 0.0005."""
    if cells["p_value"] == 0 and (cells["p_cmp"] or "=") == "=":
        half = cells.range("p_value").high
        yield cells.finding(
            "C03",
            "p_value",
            f'"{cells.text("p_value")}": no p is exactly 0; programs print it for a very small one',
            "the p as the paper prints it, or the smallest value it excludes",
            f"type {half:g} here and < into {cells.cell('p_cmp')}",
        )
