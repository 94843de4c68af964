"""Rows of one analysis to effects, pooled results, the ledger, certainty, and what its designs can be believed."""

from collections.abc import Iterator
from typing import Any

from metaan.certainty.grade import STEPS, certainties, steps_rows
from metaan.pooling.select import candidates, select
from metaan.pooling.strata import analyse
from metaan.robustness.between.gather import between_designs
from metaan.robustness.between.given import Given
from metaan.robustness.between.multiverse import COLUMNS as SPECIFICATIONS
from metaan.robustness.recheck import cells_of, findings_of
from metaan.terms.records import Analysis, Grade, Interval, Pooled
from stage import read_extraction, read_json, read_protocol, run, write_json, write_table

EFFECTS = (
    *("stratum", "role", "effect_id", "study_id", "label", "measure", "yi", "vi", "weight", "grade", "converted"),
    *("path", "sheet", "row", "doi", "pmid"),
)
POOLED = (
    *("stratum", "synthesis", "measure", "k", "estimate", "se", "ci_low", "ci_high", "prediction_low"),
    *(
        "prediction_high",
        "tau2",
        "tau2_low",
        "tau2_high",
        "i2",
        "q",
        "q_df",
        "q_p",
        "tau2_method",
        "interval",
        "studies",
    ),
)
LEDGER = ("effect_id", "study_id", "stratum", "fate", "kind", "reason")


def pool(
    review: str,
    analysis: str,
    *,
    extraction: str,
    protocol: str,
    grades: str,
    result: str,
    effects: str,
    pooled: str,
    ledger: str,
    certainty: str,
    steps: str,
    recheck: str,
    between: str,
    specifications: str,
) -> None:
    """Pool one analysis of a review, grade how sure it makes us, and question its designs."""
    read = read_extraction(extraction)
    plan = read_protocol(protocol, review)
    graded = {record["design_id"]: Grade.from_dict(record) for record in read_json(grades)}
    rows = candidates(read, plan.layout, graded)
    selection = select(rows, plan.analysis(analysis))
    done = analyse(selection, plan.analysis(analysis), plan)
    write_json(result, done.to_dict())
    sure = certainties(done, plan, read)
    write_json(certainty, [each.to_dict() for each in sure])
    write_table(steps, STEPS, steps_rows(sure))
    given = Given(
        analysis=done,
        plan=plan.analysis(analysis),
        protocol=plan,
        extraction=read,
        selection=selection,
        rows=rows,
    )
    questioned, fits = between_designs(given)
    write_json(between, questioned.to_dict())
    write_table(specifications, SPECIFICATIONS, fits)
    weighed = [cell.to_dict() for cell in cells_of(done, plan, rows, read.decimal_mark)]
    write_json(recheck, {"cells": weighed, "findings": [item.record() for item in findings_of(done, plan, rows)]})
    write_table(effects, EFFECTS, _effects(done))
    write_table(pooled, POOLED, _pooled(done))
    outside = (
        {"effect_id": row.row["effect_id"], "study_id": row.study["study_id"], "stratum": row.grade.stratum}
        | {"fate": "outside this question", "kind": column, "reason": f"{column} is {row[column] or 'blank'}"}
        for column, found in selection.outside.items()
        for row in found
    )
    write_table(ledger, LEDGER, [*_accounted(done), *outside])


def _effects(done: Analysis) -> Iterator[dict[str, Any]]:
    for synthesis in done.strata:
        for row in (*synthesis.estimates, *synthesis.others):
            yield {
                **{name: getattr(row, name) for name in ("role", "effect_id", "study_id", "label", "weight")},
                "stratum": synthesis.stratum,
                "measure": synthesis.measure,
                "yi": row.effect.y,
                "vi": row.effect.v,
                "grade": row.grade.grade,
                "converted": "yes" if row.effect.converted else "no",
                "path": " > ".join(row.effect.path),
                "sheet": row.source.sheet,
                "row": row.source.row,
                "doi": row.source.doi,
                "pmid": row.source.pmid,
            }


def _pooled(done: Analysis) -> Iterator[dict[str, Any]]:
    for synthesis in done.strata:
        base = {"stratum": synthesis.stratum, "measure": synthesis.measure}
        ids = [row.effect_id for row in synthesis.estimates]
        if synthesis.pooled:
            yield {**base, "synthesis": "main", **_figures(synthesis.pooled), "studies": " ".join(ids)}
        for other in synthesis.sensitivity:
            if other.pooled:
                figures = _figures(other.pooled)
                yield {**base, "synthesis": other.label, **figures, "studies": " ".join(other.estimates)}


def _figures(pooled: Pooled) -> dict[str, Any]:
    names = ("k", "estimate", "se", "tau2", "i2", "q", "q_df", "q_p")
    figures = {name: getattr(pooled, name) for name in names}
    for name, limits in (("ci", pooled.ci), ("prediction", pooled.prediction), ("tau2", pooled.tau2_ci)):
        found: Interval | None = limits
        figures |= {f"{name}_low": found.low if found else None, f"{name}_high": found.high if found else None}
    return figures | {"tau2_method": pooled.method["tau2"], "interval": pooled.method["interval"]}


def _accounted(done: Analysis) -> Iterator[dict[str, str]]:
    for synthesis in done.strata:
        for row in synthesis.estimates:
            yield {
                "effect_id": row.effect_id,
                "study_id": row.study_id,
                "stratum": synthesis.stratum,
                "fate": "pooled" if synthesis.k > 1 else "shown alone",
                "kind": "",
                "reason": "",
            }
    for left in done.left_out:
        yield {
            "effect_id": left.effect_id,
            "study_id": left.study_id,
            "stratum": left.stratum,
            "fate": "left out",
            "kind": left.kind,
            "reason": left.reason,
        }


if __name__ == "__main__":
    run(snakemake, pool)  # noqa: F821
