"""A digest for every stage of a review: of all that can change what the stage writes, and of nothing else."""

import platform
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from metaan.design.grade import grade_all
from metaan.design.people import of_designs
from metaan.files import digest, package_digest
from metaan.pooling.select import Candidate, Selection, candidates, select, standing
from metaan.robustness.repeats import above
from metaan.workbook.protocol import AnalysisPlan, Protocol
from metaan.workbook.read import Extraction

#: libraries whose version can change a number or a drawing
_LIBRARIES = {
    "pool": ("numpy", "scipy"),
    "draw": ("matplotlib", "numpy"),
    "report": ("jinja2", "openpyxl", "snakemake"),
}

#: settings that only the report reads, and those that reach an analysis through the grades of its rows
_OF_REPORT = ("analyses", "limits", "question", "explanations")
_OF_GRADES = ("appraisal", "own_tools", "repeatability")


def digests(protocol: Protocol, extraction: Extraction, agreement: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the digest of every stage of a review.

    Keys are "ingest", "grade", "draw_review", "report", and "pool/<analysis>" and "draw/<analysis>" for each analysis.
    Grades draw on many sheets and cost little, so that the grades themselves are the digest of their stage.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
        Of a review without errors.
    agreement : mapping, optional
        How far two extractors agreed.
    """
    code = package_digest()
    rows = {sheet: [[row.number, dict(row.values)] for row in found] for sheet, found in extraction.rows.items()}
    columns = {sheet: dict(letters) for sheet, letters in extraction.columns.items()}
    whole = digest([extraction.workbook, rows, columns, protocol.raw, code])
    graded = grade_all(extraction, protocol)
    everything = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in graded})
    grades = [grade.only_answered().to_dict() for grade in graded]
    found = {
        "ingest": whole,
        "grade": digest([grades, code]),
        "report": digest([whole, agreement, _versions("report", "pool", "draw"), platform.python_version()]),
    }
    for analysis in protocol.analyses:
        selection = select(everything, analysis)
        result = [_result(selection, analysis, protocol, extraction), code]
        questioned = _questioned(selection, analysis, protocol, extraction)
        beside = [_outside(selection), _decided(analysis, extraction), _own_tools(selection, protocol)]
        found[f"pool/{analysis.id}"] = digest([result, questioned, beside, _versions("pool")])
        found[f"draw/{analysis.id}"] = digest([result, questioned, _versions("pool", "draw")])
    drawn = [grades, _of_review(protocol, extraction, everything), code]
    return {**found, "draw_review": digest([drawn, _versions("pool", "draw")])}


def _settings(protocol: Protocol, left_out: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in protocol.raw.items() if key not in left_out}


def _members(selection: Selection) -> list[Candidate]:
    """Return the rows on the question of an analysis, pooled there or not."""
    return [row for group in selection.inside.values() for row in group] + list(selection.unplanned)


def _result(selection: Selection, analysis: AnalysisPlan, protocol: Protocol, extraction: Extraction) -> list[Any]:
    """Return all that the result of an analysis is made from."""
    members = [
        [row.source.to_dict(), *(dict(of.values) for of in (row.row, row.study, row.design)), row.grade.to_dict()]
        for row in _members(selection)
    ]
    return [analysis.settings, _settings(protocol, (*_OF_REPORT, *_OF_GRADES)), extraction.decimal_mark, members]


def _questioned(selection: Selection, analysis: AnalysisPlan, protocol: Protocol, extraction: Extraction) -> list[Any]:
    """Return what the questions to its designs draw on besides the result: biases typed, rows that settings name."""
    studies = {row.study["study_id"] for row in _members(selection)}
    biases = [
        [row.number, dict(row.values)]
        for row in extraction.sheet("Bias")
        if row["analysis"] in ("", analysis.id) and row["study_id"] in studies
    ]
    settings = {
        name: {**protocol.between.get(name, {}), **analysis.between.get(name, {})} for name in ("shifts", "dilution")
    }
    named = {shift["effect"] for shift in settings["shifts"].get("of", ())}
    rel_id = settings["dilution"].get("rel_id", "")
    used = [row for row in extraction.sheet("Effects") if row["effect_id"] in named]
    used += [row for row in extraction.sheet("Reliability") if rel_id and row["rel_id"] == rel_id]
    open_in = protocol.raw.get("explanations") if named else None
    return [
        extraction.columns.get("Bias") if biases else None,
        biases,
        [[row.sheet, row.number, dict(row.values), dict(row.letters)] for row in used],
        open_in,
    ]


def _outside(selection: Selection) -> dict[str, list[list[str]]]:
    """Return what the ledger says of rows on another question."""
    return {
        column: [[row.row["effect_id"], row.study["study_id"], row.grade.stratum, row[column]] for row in rows]
        for column, rows in selection.outside.items()
    }


def _decided(analysis: AnalysisPlan, extraction: Extraction) -> list[Any]:
    """Return what the reviewers decided on the certainty of an analysis, and in which columns it stands."""
    rows = [[row.number, dict(row.values)] for row in extraction.sheet("Certainty") if row["analysis"] == analysis.id]
    return [extraction.columns.get("Certainty") if rows else None, rows]


def _own_tools(selection: Selection, protocol: Protocol) -> dict[str, Any]:
    """Return the team's own tools that judged a row of an analysis: certainty asks what they hold it against."""
    used = {found.tool for row in _members(selection) for found in row.grade.appraisals}
    return {name: data for name, data in protocol.tools.items() if name in used}


def _of_review(protocol: Protocol, extraction: Extraction, everything: tuple[Candidate, ...]) -> list[Any]:
    """Return what the figures of a whole review, and what repeated measurements mean, are made from, besides grades."""
    sheets = {
        sheet: [extraction.columns.get(sheet), [[row.number, dict(row.values)] for row in extraction.sheet(sheet)]]
        for sheet in ("Design", "Studies", "Reliability")
    }
    judged = [[row.number, dict(row.values)] for row in extraction.sheet("Quality") if row["rel_id"]]
    kinds = [[row["design_id"], row["factor_kind"]] for row in extraction.sheet("Effects")]
    counted = of_designs(extraction, protocol.layout)
    asked_for = sorted(standing(everything, protocol.analyses))
    repeated = above(protocol, everything)
    return [
        _settings(protocol, _OF_REPORT),
        sheets,
        judged,
        kinds,
        counted,
        asked_for,
        repeated,
        extraction.decimal_mark,
    ]


@cache
def _versions(*stages: str) -> dict[str, str]:
    from importlib import metadata

    return {name: metadata.version(name) for stage in stages for name in _LIBRARIES[stage]}
