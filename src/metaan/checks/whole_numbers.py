"""Means and standard deviations that whole numbers cannot give: GRIM, GRIMMER and DEBIT (M01 to M03).

All in exact fractions, so that no error of floating point decides. A printed number stands for the closed interval of
half a unit of its last decimal, which holds what programs give that round halves up and those that round them to even.

References
----------
.. [1] Brown NJL, Heathers JAJ. The GRIM test. Soc Psychol Personal Sci 2017;8:363-369.
.. [2] Anaya J. The GRIMMER test. PeerJ Preprints 2016;4:e2400v1.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.ranges import decimals
from metaan.terms.finding import Finding
from metaan.workbook.values import clean, plain_signs

_MOST = 2000  #: sums looked at one by one


@dataclass(frozen=True, slots=True)
class Decimal:
    """A printed number, exactly: the closed interval of what rounds to it."""

    low: Fraction
    high: Fraction
    decimals: int


def decimal(text: str, mark: str = "point") -> Decimal:
    """Return the interval of a number as typed."""
    plain = plain_signs(clean(text)).replace("\N{MIDDLE DOT}", ".")
    value = Fraction(plain.replace(",", ".") if mark == "comma" else plain)
    digits = decimals(text, mark)
    half = Fraction(1, 2) * Fraction(10) ** -digits
    return Decimal(value - half, value + half, digits)


def sums(mean: Decimal, answers: int) -> range:
    """Return the whole sums of so many whole answers whose mean rounds to the printed one (GRIM: none)."""
    return range(math.ceil(mean.low * answers), math.floor(mean.high * answers) + 1)


def spread_possible(sd: Decimal, total: int, n: int, items: int = 1) -> bool:
    """Whether n sums of so many items, adding up to `total`, can have the printed SD of their mean (GRIMMER).

    With y the sums, (n - 1) SD(y)^2 + total^2 / n is the sum of squares of y: whole, and as even or odd as `total`.
    """
    mean_square = Fraction(total * total, n)
    low, high = max(sd.low, Fraction(0)) * items, sd.high * items
    first, last = (n - 1) * low * low + mean_square, (n - 1) * high * high + mean_square
    squares = math.ceil(max(first, mean_square))
    if (squares - total) % 2:
        squares += 1
    return squares <= last


def yes_no_possible(mean: Decimal, sd: Decimal, n: int) -> bool:
    """Whether n yes-no answers can have both mean and SD (DEBIT): SD^2 = k (n - k) / (n (n - 1)) for a count of k."""
    counts = sums(mean, n)
    low, high = max(sd.low, Fraction(0)) ** 2, sd.high**2
    if len(counts) > _MOST:
        counts_of_interest = [counts[0], counts[-1], min(max(n // 2, counts[0]), counts[-1])]
        squares = [Fraction(k * (n - k), n * (n - 1)) for k in counts_of_interest]
        return min(squares) <= high and low <= max(squares)
    return any(low <= Fraction(k * (n - k), n * (n - 1)) <= high for k in counts if 0 <= k <= n)


def check_whole_numbers(cells: Printed) -> Iterator[Finding]:
    """Yield means and SDs of whole numbers that cannot be; only where the row says how many items were averaged."""
    items = cells["items"]
    if not items or items != int(items):
        return
    items = int(items)
    binary = items == 1 and cells["scale_min"] == 0 and cells["scale_max"] == 1
    for which in ("1", "2"):
        n, mean = cells[f"n{which}"], f"m{which}"
        if not n or n < 2 or not cells.has(mean):
            continue
        printed = decimal(cells.text(mean), cells.mark)
        possible = sums(printed, n * items)
        if not possible:
            yield _grim(cells, mean, printed, n, items)
            continue
        sd = f"sd{which}"
        if not cells.has(sd) or cells["spread_type"] != "sd" or cells[sd] <= 0:
            continue
        spread = decimal(cells.text(sd), cells.mark)
        if binary:
            if not yes_no_possible(printed, spread, n):
                yield _debit(cells, mean, sd, n)
        elif n * items < 10**printed.decimals and not any(
            spread_possible(spread, total, n, items) for total in possible
        ):
            yield _grimmer(cells, mean, sd, n)


def _grim(cells: Printed, mean: str, printed: Decimal, n: int, items: int) -> Finding:
    answers = n * items
    below = math.floor(printed.low * answers)
    near = " and ".join(f"{k}/{answers} = {k / answers:.{printed.decimals + 2}f}" for k in (below, below + 1))
    people = [size for size in range(max(2, n - 3), n + 4) if size != n and sums(printed, size * items)]
    hint = f"with {' or '.join(map(str, people))} people it would fit; " if people else ""
    return cells.finding(
        "M01",
        mean,
        f"{cells.text(mean)} as the mean of {n} people{f' and {items} items' if items > 1 else ''}: no whole sum gives "
        f"it ({near})",
        f"a mean that some whole sum divided by {answers} rounds to",
        f"{hint}a wrong digit, people with missing answers, or values that are no whole numbers; {CONFIRM}",
    )


def _grimmer(cells: Printed, mean: str, sd: str, n: int) -> Finding:
    return cells.finding(
        "M02",
        sd,
        f"{cells.text(sd)} beside a mean of {cells.text(mean)} of {n} people: no whole numbers have both",
        "a standard deviation that some whole numbers with that mean give",
        f"a wrong digit in one of the three, or a standard error typed as SD; {CONFIRM}",
    )


def _debit(cells: Printed, mean: str, sd: str, n: int) -> Finding:
    m = cells[mean]
    own = math.sqrt(max(m * (1.0 - m), 0.0) * n / (n - 1))
    return cells.finding(
        "M03",
        sd,
        f"{cells.text(sd)} beside a mean of {cells.text(mean)} of {n} yes-no answers",
        f"about {own:.3g}: with answers of 0 and 1 the mean fixes the standard deviation",
        f"a wrong digit, a standard error typed as SD, or answers on another scale; {CONFIRM}",
    )
