"""Judgements of quality tools as tables for robvis: one CSV a tool, one column a domain."""

import re
from collections.abc import Mapping, Sequence

from metaan.design.grade import grade_all
from metaan.design.quality_audit import audit_quality
from metaan.design.tool import Judgement, Tool, tool
from metaan.exchange.intake import LeftOut
from metaan.files import csv_lines, guard
from metaan.terms.appraisal import TYPED, Appraisal
from metaan.terms.finding import errors
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction

KINDS = {"bias": "", "applicability": "-applicability"}  #: kind of domain -> end of the file's name


def robvis_files(extraction: Extraction, protocol: Protocol) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """Return file name -> CSV: Study, the domains in the tool's order, Overall, Weight; and what is in none of them.

    One row a comparison or result that reviewers judged with the tool, judgements as the tool's rules or the reviewers
    have them. What rests on recorded facts alone is left blank. Domains on applicability, which robvis cannot draw
    beside the others, go into a file of their own, without Overall. robvis takes the last column as weights, "which can
    all be set to 1 if the relevant weights are not available": a comparison has one weight in each analysis it stands
    in, so all are 1.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        Of a review without errors in its facts.
    """
    by_tool: dict[str, list[Appraisal]] = {}
    proposed = []
    for grade in grade_all(extraction, protocol):
        for appraisal in grade.appraisals:
            if any(domain.by == TYPED for domain in appraisal.domains) or appraisal.by == TYPED:
                by_tool.setdefault(appraisal.tool, []).append(appraisal)
                proposed += [
                    LeftOut(f"{_judged(appraisal)}, {appraisal.name}, {domain.label}", "no reviewer has answered it")
                    for domain in appraisal.domains
                    if domain.judgement and domain.by != TYPED
                ]
    labels = _labels(extraction)
    files: dict[str, str] = {}
    for name in sorted(by_tool):
        chosen = tool(name, protocol)
        for kind, end in KINDS.items():
            if any(domain.kind == kind for domain in chosen.domains):
                files[f"robvis-{_file_name(name)}{end}.csv"] = _table(chosen, kind, by_tool[name], labels)
    unread = [LeftOut(str(each.origin), each.found) for each in errors(audit_quality(extraction, protocol))]
    return files, (*unread, *proposed)


def _table(chosen: Tool, kind: str, rows: Sequence[Appraisal], labels: dict[str, str]) -> str:
    studies = [labels.get(row.design_id, row.design_id) for row in rows]
    heads = [domain.label for domain in chosen.domains if domain.kind == kind]
    whole = ["Overall"] if kind == "bias" else []
    lines = []
    for row, study in zip(rows, studies, strict=True):
        name = study if studies.count(study) == 1 else f"{study} ({_judged(row)})"
        words = [_word(domain.judgement, domain.by, chosen.judgements) for domain in row.domains if domain.kind == kind]
        overall = [_word(row.judgement, row.by, chosen.overall_judgements)] if whole else []
        lines.append([guard(text) for text in (name, *words, *overall, "1")])
    return csv_lines([guard(text) for text in ("Study", *heads, *whole, "Weight")], lines)


def _word(judgement: str, by: str, words: Mapping[str, Judgement]) -> str:
    return words[judgement].label if judgement and by == TYPED else ""


def _judged(appraisal: Appraisal) -> str:
    return appraisal.effect_id or appraisal.design_id


def _labels(extraction: Extraction) -> dict[str, str]:
    studies = extraction.by_key("Studies", "study_id")
    return {
        design["design_id"]: studies[design["study_id"]]["label"] if design["study_id"] in studies else ""
        for design in extraction.sheet("Design")
    }


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").casefold()
