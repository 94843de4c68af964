"""Comparisons counted by stratum, and the words such counts begin with."""

from collections import defaultdict

from metaan.report.content import Run
from metaan.report.material import Material
from metaan.terms.designs import STRATA
from metaan.workbook.read import Row


def comparisons(m: Material) -> dict[str, list[Row]]:
    """Return the Design rows that stand in an analysis, by stratum, strongest first."""
    used = {m.effects[effect_id]["design_id"] for effect_id in m.uses if effect_id in m.effects}
    found: dict[str, list[Row]] = defaultdict(list)
    for design_id, row in m.designs.items():
        grade = m.grades.get(design_id)
        if design_id in used and grade is not None:
            found[grade.stratum].append(row)
    return {name: found[name] for name in STRATA if found.get(name)}


def named(stratum: str, count: int) -> str:
    """Return "case-control comparisons"."""
    return f"{STRATA[stratum].label.lower().removesuffix('s')} {'comparison' if count == 1 else 'comparisons'}"


def in_so_many(count: int, of: int, stratum: str) -> Run:
    """Return "In 14 of 17 case-control comparisons"."""
    if of == 1:
        return Run(text=f"In the only {named(stratum, of)}", kind="strong")
    return Run(text=f"In {count} of {of} {named(stratum, of)}", kind="strong")
