"""Facts against comparisons: what each comparison that stands in an analysis is held against, and how it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metaan.design.conditions import CONDITIONS
from metaan.terms.appraisal import TYPED, UNANSWERED
from metaan.terms.designs import STRATA
from metaan.terms.record import Record
from metaan.terms.records import Grade
from metaan.workbook.read import Extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow(Record):
    """One comparison held against the conditions or domains of its block."""

    design_id: str
    label: str
    contrast: str
    states: tuple[tuple[str, str], ...]  #: level and who says so, one a column; a level is empty: not judged
    grade: str
    best: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixBlock(Record):
    """The comparisons of one design and what they are held against."""

    stratum: str
    heads: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    tool: str  #: name of the quality tool whose domains the columns are; empty for conditions


#: answer to a condition -> level of the palette: one look for conditions and domains
LEVEL_OF = {"yes": "low", "partly": "some", "no": "high", "NR": "none"}


def matrix(extraction: Extraction, grades: Iterable[Grade], used: Iterable[str]) -> tuple[MatrixBlock, ...]:
    """Return the facts of each comparison that stands in an analysis, in blocks by design, best grade first."""
    wanted = set(used)
    labels = {row["study_id"]: row["label"] or row["study_id"] for row in extraction.sheet("Studies")}
    contrasts = {row["design_id"]: row["contrast"] for row in extraction.sheet("Design")}
    standing = [grade for grade in grades if grade.design_id in wanted]
    found = []
    for stratum in STRATA:
        inside = [grade for grade in standing if grade.stratum == stratum]
        heads, name = _heads(stratum, inside)
        if not inside or not heads:
            continue
        rows = [
            MatrixRow(
                design_id=grade.design_id,
                label=labels.get(grade.study_id, grade.study_id),
                contrast=contrasts.get(grade.design_id, ""),
                states=_states(grade, heads),
                grade=grade.grade,
                best=grade.best,
            )
            for grade in inside
        ]
        rows.sort(key=lambda row: (row.grade, row.label, row.design_id))
        found.append(MatrixBlock(stratum=stratum, heads=tuple(heads.values()), rows=tuple(rows), tool=name))
    return tuple(found)


def _heads(stratum: str, inside: Sequence[Grade]) -> tuple[dict[str, str], str]:
    """Return key and head of each column, and the tool they belong to."""
    if stratum in CONDITIONS:
        keys = {key for grade in inside for key in grade.answers}
        return {c.key: c.short for c in CONDITIONS[stratum] if c.key in keys}, ""
    for grade in inside:
        for found in grade.appraisals:
            if found.main:
                return {domain.key: domain.label for domain in found.domains if domain.kind == "bias"}, found.name
    return {}, ""


def _states(grade: Grade, heads: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if grade.stratum in CONDITIONS:
        return tuple((LEVEL_OF.get(grade.answers.get(key, ""), ""), TYPED) for key in heads)
    main = [found for found in grade.appraisals if found.main]
    return tuple(_worst([(d.level, d.by) for found in main for d in found.domains if d.key == key]) for key in heads)


def _worst(judged: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the worst of several results' judgements; no information is worse only than not judged at all."""
    order = ("", "none", "low", "some", "high", "critical")
    return max(judged, key=lambda one: order.index(one[0]), default=("", UNANSWERED))
