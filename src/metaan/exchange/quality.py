"""Judgements of the Quality sheet as tables for robvis: one CSV a tool, one column a domain."""

import re

from metaan.files import csv_lines, guard
from metaan.workbook.read import Extraction

_OVERALL = "overall"


def robvis_files(extraction: Extraction) -> dict[str, str]:
    """Return file name -> CSV: Study, the domains in the order of the sheet, Overall, Weight.

    robvis takes the last column as weights, "all set to 1 if the relevant weights are not available"; so they are. A
    design or result a tool was used on is one row. Domains without a judgement are left blank.
    """
    tools: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for row in extraction.sheet("Quality"):
        judged = tools.setdefault(row["tool"], {}).setdefault((row["design_id"], row["effect_id"]), {})
        judgement = row.answer("judgement")
        if judgement or row["domain"] not in judged:
            judged[row["domain"]] = _spoken(judgement)
    labels = _labels(extraction)
    return {f"robvis-{_file_name(tool)}.csv": _table(rows, labels) for tool, rows in tools.items()}


def _table(rows: dict[tuple[str, str], dict[str, str]], labels: dict[str, str]) -> str:
    domains = [
        domain
        for domain in dict.fromkeys(domain for judged in rows.values() for domain in judged)
        if domain.casefold() != _OVERALL
    ]
    studies = [labels.get(design, design) for design, _ in rows]
    lines = []
    for ((design, effect), judged), study in zip(rows.items(), studies, strict=True):
        name = study if studies.count(study) == 1 else f"{study} ({effect or design})"
        overall = next((text for domain, text in judged.items() if domain.casefold() == _OVERALL), "")
        lines.append([guard(name), *(guard(judged.get(d, "")) for d in domains), overall, "1"])
    return csv_lines(["Study", *(guard(d) for d in domains), "Overall", "Weight"], lines)


def _labels(extraction: Extraction) -> dict[str, str]:
    studies = extraction.by_key("Studies", "study_id")
    return {
        design["design_id"]: studies[design["study_id"]]["label"] if design["study_id"] in studies else ""
        for design in extraction.sheet("Design")
    }


def _spoken(judgement: str) -> str:
    """Return a judgement as robvis reads it: "some_concerns" is "Some concerns"."""
    text = judgement.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _file_name(tool: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", tool).strip("-").casefold() or "tool"
