"""Numbers to digits and words: the only place that rounds."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metaan.terms.measures import MEASURES, Measure

if TYPE_CHECKING:
    from metaan.terms.records import Interval

MINUS = "\N{MINUS SIGN}"
LARGEST = 1_000_000  #: ratio that is still printed


def fixed(value: float, digits: int) -> str:
    """Return `value` with `digits` decimals and a true minus sign; "not estimable" for NaN."""
    if math.isnan(value):
        return "not estimable"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def _ratio(value: float, digits: int) -> str:
    """Return a ratio; very small ones keep two significant digits, beyond a ten thousandth or a million none."""
    if value > LARGEST:
        return "∞" if math.isinf(value) else f">{LARGEST:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value >= 1000:
        return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.{max(digits - 1, 0)}f}"
    if 0 < value < 0.095:
        return f"{value:.2g}" if value >= 1e-4 else "<0.0001"
    return f"{value:.{digits}f}"


def printed(measure: str | Measure, working: float) -> str:
    """Return an effect or limit of a measure, back-transformed and rounded."""
    m = MEASURES[measure] if isinstance(measure, str) else measure
    if math.isnan(working):
        return "not estimable"
    if m.scale == "log":
        try:
            return _ratio(math.exp(working), m.digits)
        except OverflowError:
            return _ratio(2.0 * LARGEST, m.digits)
    return fixed(m.printed(working), m.digits)


def interval(measure: str | Measure, limits: "Interval") -> str:
    """Return "low to high" on the printed scale."""
    return f"{printed(measure, limits.low)} to {printed(measure, limits.high)}"


def effect(measure: str | Measure, estimate: float, limits: "Interval") -> str:
    """Return "0.98 (0.35 to 1.62)"."""
    return f"{printed(measure, estimate)} ({interval(measure, limits)})"


def full_effect(measure: str | Measure, estimate: float, limits: "Interval", level: float = 0.95) -> str:
    """Return "risk ratio 3.49 (95 % CI 2.24 to 5.43)"."""
    m = MEASURES[measure] if isinstance(measure, str) else measure
    return f"{m.label} {printed(m, estimate)} ({percent(100 * level)} CI {interval(m, limits)})"


def p_value(p: float) -> str:
    """Return "P = 0.03" or "P < 0.001"."""
    if math.isnan(p):
        return "P not estimable"
    if p < 0.001:
        return "P < 0.001"
    return f"P = {p:.3f}" if p < 0.1 else f"P = {p:.2f}"


def percent(value: float, digits: int = 0) -> str:
    """Return "62 %"."""
    return f"{fixed(value, digits)} %"


def weight(value: float | None) -> str:
    """Return a percent weight with one decimal and no sign."""
    return "" if value is None else fixed(value, 1)


def tau2(value: float) -> str:
    """Return tau2 with three decimals; more for values that would vanish."""
    return fixed(value, 3) if value == 0 or value >= 0.0005 else "<0.001"


def tau(value: float) -> str:
    """Return tau with two decimals."""
    return fixed(value, 2) if value == 0 or value >= 0.005 else "<0.01"


def ratio(value: float, digits: int = 2) -> str:
    """Return a ratio that stands on the printed scale."""
    return _ratio(value, digits)


def number(value: float) -> str:
    """Return a whole number as such, others with up to four significant digits."""
    if not math.isfinite(value):
        return fixed(value, 0)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value)).replace("-", MINUS)
    return f"{value:.4g}".replace("-", MINUS)


def out_of(share: float, per: int) -> str:
    """Return a share of people as a number of `per`: 0.441 of 1000 is "441", 0.0012 of 100 is "0.12"."""
    value = share * per
    if not math.isfinite(value) or abs(value) >= 9.95 or value == 0:
        return fixed(value, 0)
    return f"{value:.2g}".replace("-", MINUS)


def signed(step: int) -> str:
    """Return a step with its sign: "−1", "0", "+2"."""
    return f"+{step}" if step > 0 else str(step).replace("-", MINUS)


def whole(n: int) -> str:
    """Return a count; from five digits on with thin gaps: "12 840"."""
    return f"{n:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if abs(n) >= 10_000 else str(n)


def count(n: int, one: str, many: str = "") -> str:
    """Return "1 study", "3 studies" and the like."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """Return `text` with a capital first letter and a full stop."""
    if not text:
        return text
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."
