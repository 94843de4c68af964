"""The effect of a row on the measure of its own form, whatever analyses ask for."""

import math
from collections.abc import Mapping
from typing import Any

from metaan.effects.compute import CONVERSIONS, compute
from metaan.terms.records import Effect

#: measure by form; a ratio has the one it names, all others are standardised mean differences
_MEASURES = {"two_by_two": "OR", "events_totals": "OR", "difference": "MD"}

#: conversions that stay within the form a row was typed in
_WITHIN = ("medians_to_means", "mean_range_to_sd", "p_to_effect")


def effect_by_form(row: Mapping[str, Any]) -> Effect:
    """Return the effect of a row: odds ratio from counts, the ratio printed, else mean difference or SMD.

    Parameters
    ----------
    row : mapping
        Typed row of the Effects sheet, as `compute` takes it.

    Returns
    -------
    Effect
        Missing, with the reason, where none can be computed; its measure is empty where a ratio has no known name.

    Raises
    ------
    ValueError
        Impossible numbers, which the checks refuse.
    """
    measure = row.get("scale") if row["form"] == "ratio" else _MEASURES.get(row["form"], "SMD")
    if measure in ("OR", "RR", "HR", "MD", "SMD"):
        return compute(row, measure, allowed=[name for name in _WITHIN if name in CONVERSIONS])
    nameless = "a ratio of which it is not stated whether it is OR, RR or HR"
    return Effect(effect_id=row["effect_id"], measure="", y=math.nan, v=math.nan, path=(), missing=nameless)
