"""A standardised mean difference in a unit: times the standard deviation of one good study."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from metaan.report.content import Run, Text, words
from metaan.report.material import Material
from metaan.terms import wording
from metaan.terms.records import Analysis, Estimate, Interval, Synthesis
from metaan.workbook.typed import typed

GOOD = ("A", "B")  #: grades of a study whose standard deviation may stand for that of the people
NO_STUDY = "Not turned into a unit: no study graded A or B gives a standard deviation in the commonest unit."


def in_unit(m: Material, analysis: Analysis, synthesis: Synthesis) -> Text:
    """Return a pooled standardised mean difference in the commonest unit of its studies; empty for other measures.

    The standard deviation is that within the groups of the largest study graded A or B of the analysis that gives one
    in that unit, whatever its stratum.
    """
    pooled = synthesis.pooled
    if synthesis.measure != "SMD" or pooled is None or analysis.no_bottom_line:
        return ()
    units = Counter(e.source.values.get("unit", "") for e in synthesis.estimates)
    for no_unit in ("", "NR", "NA"):
        units.pop(no_unit, None)
    if not units:
        return ()
    unit = units.most_common(1)[0][0]
    study = max(
        (e for s in analysis.strata for e in s.estimates if e.grade.grade in GOOD and _within(m, e, unit)),
        key=lambda e: (e.people or 0, e.effect_id),
        default=None,
    )
    if study is None:
        return words(NO_STUDY)
    sd = _within(m, study, unit)
    shown = _times(pooled.estimate, pooled.ci, sd)
    said = f"In {m.label('unit', unit)}: {shown}, taking the standard deviation of "
    return (Run(text=said), *m.to_row(study.label, study.effect_id), Run(text=f", {wording.number(sd)}."))


def _times(estimate: float, ci: Interval, sd: float) -> str:
    scaled = Interval(ci.low * sd, ci.high * sd)
    return wording.effect("MD", estimate * sd, scaled)


def _within(m: Material, estimate: Estimate, unit: str) -> float:
    """Return the standard deviation within the two groups of a study; 0 where it gives none in this unit."""
    row = m.effects.get(estimate.effect_id)
    if row is None or row["unit"] != unit or row["spread_type"] != "sd":
        return 0.0
    values: Mapping[str, Any] = typed(row, m.layout.sheet("Effects"), m.extraction.decimal_mark)
    n1, sd1, n2, sd2 = (values.get(name) for name in ("n1", "sd1", "n2", "sd2"))
    if not n1 or not n2 or sd1 is None or sd2 is None or n1 + n2 <= 2:
        return 0.0
    return math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))
