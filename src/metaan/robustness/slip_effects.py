"""Effects of many versions of rows at once: what `effects.compute` gives one row at a time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from metaan.effects import Effects, binary, continuous, ratios, recover
from metaan.effects.compute import compute
from metaan.pooling.kernel import Floats

Row = Mapping[str, Any]

_TABLES = {"OR": binary.log_odds_ratio, "RR": binary.log_risk_ratio, "RD": binary.risk_difference}
_BY_OUTCOME = ("high_event", "n_event", "high_none", "n_none")
_BY_FACTOR = ("events_high", "total_high", "events_low", "total_low")
_CELLS = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
_MEANS = ("n1", "m1", "sd1", "n2", "m2", "sd2")
_RATIO = ("est", "ci_low", "ci_high")
_DIFFERENCE = ("diff", "diff_low", "diff_high")


def effects_of(
    rows: Sequence[Row], measure: str, allowed: Collection[str] = (), *, odds_only: Sequence[bool]
) -> Effects:
    """Compute the effect of every row; NaN where it gives none, or where its numbers cannot be.

    Parameters
    ----------
    rows : sequence of mapping
        Typed rows of the Effects sheet.
    measure, allowed
        As in `effects.compute.compute`.
    odds_only : sequence of bool, one a row
        As there.

    Returns
    -------
    Effects
        y and v, each shape (n,): those of `compute`, which is asked where a form needs more than one formula.
    """
    y, v = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        alike[_way(row, measure, odds_only[place])].append(place)
    for (way, columns, level), places in alike.items():
        if way == "one by one":
            for place in places:
                try:
                    found = compute(rows[place], measure, allowed=allowed, odds_only=odds_only[place])
                except ValueError:
                    continue
                y[place], v[place] = found.y, found.v
            continue
        numbers = [np.array([rows[place][name] for place in places], dtype=float) for name in columns]
        y[places], v[places] = _many(way, numbers, measure, level)
    fine = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return Effects(np.where(fine, y, np.nan), np.where(fine, v, np.nan))


def _way(row: Row, measure: str, odds_only: bool) -> tuple[str, tuple[str, ...], float]:
    """Return the formula a row takes, the columns it needs, and the level of its interval."""

    def filled(columns: tuple[str, ...]) -> bool:
        return all(isinstance(row.get(name), (int, float)) for name in columns)

    form, table = row.get("form"), measure == "OR" or (measure in _TABLES and not odds_only)
    stated = row.get("ci_level")
    level = 0.95 if stated is None else (stated / 100.0 if stated > 1 else stated)
    if form == "two_by_two" and table and filled(_CELLS):
        return "cells", _CELLS, 0.0
    if form == "events_totals" and table and filled(_BY_OUTCOME):
        return "by outcome", _BY_OUTCOME, 0.0
    if form == "events_totals" and table and filled(_BY_FACTOR):
        return "by factor", _BY_FACTOR, 0.0
    if form == "means" and measure in ("MD", "SMD") and filled(_MEANS) and row.get("spread_type") in ("sd", "se"):
        return f"means with {row['spread_type']}", _MEANS, 0.0
    if form == "ratio" and row.get("scale") == measure and filled(_RATIO):
        return "ratio", _RATIO, level
    if form == "difference" and measure == "MD" and filled(_DIFFERENCE):
        return "difference", _DIFFERENCE, level
    return "one by one", (), 0.0


def _many(way: str, numbers: list[Floats], measure: str, level: float) -> tuple[Floats, Floats]:
    if way == "ratio":
        estimate, low, high = numbers
        sound = (low > 0) & (low <= estimate) & (estimate <= high)
        return _where(sound, lambda e, a, b: ratios.ratio_with_interval(e, a, b, level), numbers)
    if way == "difference":
        estimate, low, high = numbers
        sound = (low <= estimate) & (estimate <= high)
        return _where(sound, lambda d, a, b: Effects(d, recover.se_from_ci(a, b, level) ** 2), numbers)
    if way.startswith("means"):
        n1, m1, spread1, n2, m2, spread2 = numbers
        sound = (n1 >= 1) & (n2 >= 1) & (spread1 >= 0) & (spread2 >= 0)
        if way == "means with se":
            spread1, spread2 = spread1 * np.sqrt(np.maximum(n1, 0)), spread2 * np.sqrt(np.maximum(n2, 0))
        difference = continuous.mean_difference if measure == "MD" else continuous.standardised_mean_difference
        return _where(sound, difference, [n1, m1, spread1, n2, m2, spread2])
    if way == "by factor":
        a, high, c, low = numbers
        b, d = high - a, low - c
    elif way == "by outcome":
        a, event, b, none = numbers
        c, d = event - a, none - b
    else:
        a, b, c, d = numbers
    sound = (np.minimum(np.minimum(a, b), np.minimum(c, d)) >= 0) & (a + b > 0) & (c + d > 0)
    return _where(sound, _TABLES[measure], [a, b, c, d])


def _where(sound: Any, formula: Any, numbers: list[Floats]) -> tuple[Floats, Floats]:
    y, v = np.full(sound.shape, np.nan), np.full(sound.shape, np.nan)
    if sound.any():
        y[sound], v[sound] = formula(*(array[sound] for array in numbers))
    return y, v
