"""Analyses that the methods between designs are tried on: made up, and those of the bundled reviews."""

import math
from copy import deepcopy
from functools import cache
from pathlib import Path

import small_review
from metaan.pooling.difference import differences
from metaan.pooling.pool import pool
from metaan.pooling.select import Selection, graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.robustness.between.given import Given
from metaan.terms.records import Analysis, Effect, Estimate, Grade, Interval, Ledger, Source, Synthesis
from metaan.workbook.protocol import parse_protocol, read_protocol
from metaan.workbook.read import Extraction, Row, read_workbook

DATA = Path(__file__).parents[1] / "data"


def estimate(study, stratum, measure, y, v, grade="D", label="", values=None, people=None):
    """Return one study of a stratum; `values` are the numbers typed in its row."""
    half = 1.959963984540054 * math.sqrt(v)
    return Estimate(
        effect_id=f"{study}-1",
        study_id=study,
        design_id=f"{study}-d",
        label=label or f"{study} 2001",
        year="2001",
        note="",
        grade=Grade(
            design_id=f"{study}-d",
            study_id=study,
            stratum=stratum,
            grade=grade,
            best=grade,
            reason="",
            met=(),
            not_met=(),
            not_reported=(),
        ),
        group1="",
        group2="",
        people=people,
        effect=Effect(effect_id=f"{study}-1", measure=measure, y=y, v=v, path=()),
        ci=Interval(y - half, y + half),
        weight=None,
        source=Source(
            workbook="x.xlsx",
            sheet="Effects",
            row=2,
            cells=dict.fromkeys(values or {}, "A2"),
            values=dict(values or {}),
            kind="abstract",
            reference="",
            quote="",
        ),
    )


def synthesis(stratum, y, v, *, measure="OR", grades="D", model=None, values=(), people=(), prefix="", small=None):
    """Return a stratum of made-up studies, pooled as the workflow pools.

    `grades` is one letter a study or one for all; names of studies begin with `prefix` or the stratum's letters.
    """
    k = len(y)
    letters = grades if len(grades) == k else grades[0] * k
    estimates = tuple(
        estimate(
            f"{prefix or stratum[:2].title()}{i}",
            stratum,
            measure,
            float(y[i]),
            float(v[i]),
            letters[i],
            values=values[i] if values else None,
            people=people[i] if people else None,
        )
        for i in range(k)
    )
    settings = {"tau2": "REML", "interval": "mKH", "prediction": "same", **(model or {})}
    if k == 2 and settings["interval"] == "mKH":
        settings["interval"] = "Wald"
    pooled = pool(list(map(float, y)), list(map(float, v)), **settings) if k > 1 else None
    if small is None:
        size = 0.2 if measure in ("SMD", "MD", "RD") else math.log(1.25)
        small = Interval(-size, size)
    return Synthesis(
        stratum=stratum,
        measure=measure,
        k=k,
        people=sum(people) if people else None,
        estimates=estimates,
        others=(),
        pooled=pooled,
        also={},
        remarks=(),
        sensitivity=(),
        small=small,
    )


def made(*strata, settings=None, for_analysis=None, rows=None, kind="exposure", outcome_good=False, model=None):
    """Return made-up strata, strongest first, as an analysis with all that the methods draw on.

    Parameters
    ----------
    *strata : Synthesis
    settings, for_analysis : dict, optional
        `between_designs` of the protocol and of its analysis.
    rows : dict, optional
        Sheet -> list of dicts, rows of the workbook beside the effects: {"Bias": [{"study_id": "Ca0", ...}]}.
    """
    first = deepcopy(small_review.PROTOCOL["analyses"][0])
    first["strata"] = [{"stratum": s.stratum, "measure": s.measure} for s in strata]
    first["model"] = model or {}
    if for_analysis:
        first["between_designs"] = for_analysis
    data = {**deepcopy(small_review.PROTOCOL), "analyses": [first]}
    if settings:
        data["between_designs"] = settings
    protocol = parse_protocol(data, "data/tea/protocol.yaml", "tea")
    plan = protocol.analyses[0]
    found = Analysis(
        review="tea",
        id=plan.id,
        title=plan.title,
        question=plan.question,
        factor_kind=kind,
        outcome_good=outcome_good,
        words={**plan.words, "people": protocol.people["many"]},
        strata=tuple(strata),
        differences=differences(strata, {}, protocol),
        common_scale=(),
        beside=(),
        left_out=(),
        ledger=Ledger(typed=0, outside={}, left_out={}, pooled=sum(s.k for s in strata)),
        no_bottom_line="",
        level=protocol.level,
    )
    return Given(
        analysis=found,
        plan=plan,
        protocol=protocol,
        extraction=extraction(protocol, rows or {}),
        selection=Selection(inside={s.stratum: () for s in strata}, unplanned=(), outside={}),
        rows=(),
    )


def extraction(protocol, rows):
    """Return a workbook that holds only these rows."""
    letters = {
        sheet.name: {column.name: _letter(i) for i, column in enumerate(sheet.columns)}
        for sheet in protocol.layout.sheets
    }
    held = {
        sheet: tuple(
            Row("x.xlsx", sheet, number, {name: str(text) for name, text in row.items()}, letters[sheet])
            for number, row in enumerate(found, 2)
        )
        for sheet, found in rows.items()
    }
    return Extraction("x.xlsx", held, letters)


def _letter(number):
    high, low = divmod(number, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)


@cache
def _review(name):
    protocol = read_protocol(DATA / name / "protocol.yaml")
    read = read_workbook(DATA / name / "extraction.xlsx", protocol.layout)
    return protocol, read, graded_candidates(read, protocol)


@cache
def bundled(review, analysis):
    """Return an analysis of a bundled review: ("passive-smoking", "lung-cancer"), ("nk-cells", "ivig"), ..."""
    protocol, read, rows = _review(review)
    plan = protocol.analysis(analysis)
    selection = select(rows, plan)
    return Given(
        analysis=analyse(selection, plan, protocol),
        plan=plan,
        protocol=protocol,
        extraction=read,
        selection=selection,
        rows=rows,
    )
