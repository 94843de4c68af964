"""Analyses of a made-up marker whose rows give counts above and below cut-offs."""

from dataclasses import replace

from between_cases import estimate, extraction, made, synthesis
from metaan.pooling.select import Candidate, Selection


def marker(tables, *, settings=None, kind="marker"):
    """Return an analysis from (study, stratum, cut-off, tp, fn, fp, tn) or such with a dict of further cells."""
    prospective = [row[0] for row in tables if row[1] == "prospective"] or ["Nobody"]
    strata = [synthesis("prospective", [0.1] * len(set(prospective)), [0.1] * len(set(prospective)))]
    given = made(*strata, settings=settings, kind=kind)
    filled = []
    for number, (study, stratum, cutoff, tp, fn, fp, tn, *more) in enumerate(tables):
        first = all(row[0] != study for row in tables[:number])
        cells = {
            "effect_id": f"{study}-{number}",
            "design_id": f"{study}-{stratum}",
            "outcome": "headache",
            "cutoff_value": cutoff,
            "cutoff_direction": "above",
            "unit": "mg",
            "priority": "main" if first else "secondary",
            "form": "two_by_two",
            "a_high_event": tp,
            "b_high_none": fp,
            "c_low_event": fn,
            "d_low_none": tn,
            **(more[0] if more else {}),
        }
        filled.append((study, stratum, {name: value for name, value in cells.items() if value is not None}))
    effects = extraction(given.protocol, {"Effects": [cells for _, _, cells in filled]}).sheet("Effects")
    inside = {"prospective": [], "case_control": []}
    for (study, stratum, _), row in zip(filled, effects, strict=True):
        rows = {"Design": [{"design_id": row["design_id"]}], "Studies": [{"study_id": study, "label": f"{study} 2001"}]}
        sheets = extraction(given.protocol, rows)
        inside[stratum].append(
            Candidate(
                row=row,
                values={},
                design=sheets.sheet("Design")[0],
                study=sheets.sheet("Studies")[0],
                grade=estimate(study, stratum, "OR", 0.1, 0.1).grade,
                report=None,
            )
        )
    selection = Selection(inside={name: tuple(rows) for name, rows in inside.items()}, unplanned=(), outside={})
    return replace(given, selection=selection)
