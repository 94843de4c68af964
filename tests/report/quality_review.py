"""The small review with judgements of quality tools typed into its workbook."""

from pathlib import Path

import small_review
from metaan.design.grade import grade_all
from metaan.figures.draw import render
from metaan.figures.quality import lay_out
from metaan.pooling.select import candidates, select
from metaan.pooling.strata import analyse
from metaan.report.material import gather
from metaan.workbook.read import read_workbook

TRIAL = "Frey2006-tr"
REASON = "the protocol names a blind pharmacist"


def row(design, tool, domain, item="", answer="", **more):
    found = {"design_id": design, "tool": tool, "domain": domain, "item": item, "answer": answer}
    return {**{key: text for key, text in found.items() if text}, **more, "extractor": "AR", "date": "2026-01-02"}


QUALITY = [
    row(TRIAL, "RoB 2", "D1", "1.1", "Y", support="computer list"),
    row(TRIAL, "RoB 2", "D1", "1.2", "NI"),
    row(TRIAL, "RoB 2", "D1", "1.3", "N"),
    row(TRIAL, "RoB 2", "D1", judgement="low", override_reason=REASON),
    row(TRIAL, "RoB 2", "D5", judgement="high"),
    row(TRIAL, "RoB 2", "overall", judgement="high"),
    *(row("Dunn2004-cc", "JBI case-control", f"Q{i}", f"Q{i}", "yes" if i % 3 else "no") for i in range(1, 11)),
    row("Earl2005-cc", "JBI case-control", "Q1", "Q1", "unclear", support="<b>not said</b>"),
]


def material(folder: Path, quality=QUALITY):
    sheets = {**small_review.rows(), "Quality": list(quality)}
    protocol = small_review.protocol()
    extraction = read_workbook(small_review.write(folder, sheets), protocol.layout)
    assert not extraction.findings, [finding.text() for finding in extraction.findings]
    grades = grade_all(extraction, protocol)
    rows = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in grades})
    analyses = [analyse(select(rows, plan), plan, protocol) for plan in protocol.analyses]
    figures = {
        analysis.id: {"quality_wide": render(lay_out(analysis), "svg").decode(), "files": "svg png"}
        for analysis in analyses
    }
    return gather(protocol, extraction, grades, analyses, (), figures, {}, {})
