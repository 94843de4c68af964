"""The 2x2 table of a row, and what follows from it: ratios, their intervals, and p by the usual tests.

Plain numbers instead of `effects.binary`, which works on arrays: the checks of a workbook import no numpy for this.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from metaan.checks.printed import Printed
from metaan.checks.ranges import Range

BY_CELL = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
BY_FACTOR = ("events_high", "total_high", "events_low", "total_low")
BY_OUTCOME = ("high_event", "n_event", "high_none", "n_none")


@dataclass(frozen=True, slots=True)
class Table:
    """Counts: row 1 is factor present, high or treated; first column is with the event."""

    a: int
    b: int
    c: int
    d: int
    columns: tuple[str, str, str, str]  #: that it was read from

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The four cells."""
        return self.a, self.b, self.c, self.d

    @property
    def total(self) -> int:
        """Everybody."""
        return self.a + self.b + self.c + self.d


def tables(cells: Printed) -> tuple[Table, ...]:
    """Return every table of the row that is complete and possible."""
    found = []
    if cells.has(*BY_CELL):
        found.append(Table(cells[BY_CELL[0]], cells[BY_CELL[1]], cells[BY_CELL[2]], cells[BY_CELL[3]], BY_CELL))
    if cells.has(*BY_FACTOR):
        a, high, c, low = (cells[name] for name in BY_FACTOR)
        found.append(Table(a, high - a, c, low - c, BY_FACTOR))
    if cells.has(*BY_OUTCOME):
        a, event, b, none = (cells[name] for name in BY_OUTCOME)
        found.append(Table(a, b, event - a, none - b, BY_OUTCOME))
    return tuple(t for t in found if min(t.counts) >= 0)


def odds_ratio(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return ln OR and its standard error (Woolf 1955, Ann Hum Genet 19:251-253); no count may be zero."""
    return math.log(a * d / (b * c)), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def risk_ratio(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Return ln RR and its standard error (Katz et al. 1978, Biometrics 34:469-474); no count may be zero."""
    return math.log(a / (a + b) / (c / (c + d))), math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


Ratio = Callable[[float, float, float, float], tuple[float, float]]
RATIOS: Mapping[str, Ratio] = {"OR": odds_ratio, "RR": risk_ratio}


def p_values(table: Table) -> dict[str, float]:
    """Return the two-sided p of the table by the usual tests; none where a margin is empty."""
    a, b, c, d = table.counts
    n, margins = table.total, (a + b, c + d, a + c, b + d)
    if min(margins) == 0:
        return {}
    product, cross = float(math.prod(margins)), abs(a * d - b * c)
    pearson = n * cross**2 / product
    yates = n * max(cross - n / 2.0, 0.0) ** 2 / product
    expected = [r * k / n for r in margins[:2] for k in margins[2:]]
    likelihood = 2.0 * sum(x * math.log(x / e) for x, e in zip(table.counts, expected, strict=True) if x)
    found = {
        "Pearson's chi-square": _tail(pearson),
        "chi-square with Yates' correction": _tail(yates),
        "likelihood ratio": _tail(likelihood),
        "Fisher's exact test": fisher(table),
    }
    if min(table.counts) > 0:
        for name, ratio in RATIOS.items():
            effect, se = ratio(*table.counts)
            found[f"Wald test of the {name}"] = _tail((effect / se) ** 2)
    return found


def _tail(chi_square: float) -> float:
    """Upper tail of chi-square on one degree of freedom."""
    return math.erfc(math.sqrt(max(chi_square, 0.0) / 2.0))


def fisher(table: Table) -> float:
    """Return the two-sided p of Fisher's exact test: the sum over tables no likelier than this one."""
    a, b, c, _ = table.counts
    high, event, n = a + b, a + c, table.total
    first, last = max(0, high + event - n), min(high, event)

    def weight(k: int) -> float:
        cells = (k, high - k, event - k, n - high - event + k)
        return -sum(math.lgamma(cell + 1.0) for cell in cells)

    own = weight(a)
    weights = [weight(k) for k in range(first, last + 1)]
    most = max(weights)
    total = sum(math.exp(w - most) for w in weights)
    return min(1.0, sum(math.exp(w - most) for w in weights if w <= own + 1e-7) / total)


def limits(effect: float, se: float, quantile: Range) -> tuple[Range, Range]:
    """Return lower and upper limit of a ratio from its logarithm and standard error."""
    low, high = sorted((quantile.low * se, quantile.high * se))
    return (
        Range(math.exp(effect - high), math.exp(effect - low)),
        Range(math.exp(effect + low), math.exp(effect + high)),
    )
