"""Sections on designs, other explanations and questions to authors: counted from the facts, leading to cells."""

import dataclasses
from copy import deepcopy

import pytest
import report_case

from metaan.report import explanations, queries, what_designs_show, why
from metaan.report.content import plain
from metaan.report.material import gather
from metaan.workbook.protocol import parse_protocol

PARITY = {
    "id": "parity",
    "label": "Earlier births",
    "why": "Births change the cells.",
    "handled": {"parity_handling": ["matched", "restricted", "adjusted"]},
    "open": {"control_type": ["parous"], "parity_handling": ["not_comparable"]},
    "open_says": "the controls had given birth",
}


def material(case, figures=None, **more):
    protocol = parse_protocol({**deepcopy(report_case.PROTOCOL), **more}, "data/cells/protocol.yaml", "cells")
    return gather(protocol, case.extraction, case.grades, case.analyses, (), figures or {}, {}, {})


def blocks(section, kind):
    found = []
    for block in section.blocks:
        found += [block] if block.type == kind else []
        found += blocks(block, kind) if block.type in ("details", "section") else []
    return found


def test_explanations_are_counted_by_design_and_name_their_cells(case):
    section = explanations.section(material(case, explanations=[PARITY]))
    (said,) = [plain(item) for bullets in blocks(section, "bullets") for item in bullets.items]
    assert said == "In 2 of 3 case-control comparisons the controls had given birth."
    (table,) = blocks(section, "table")
    cells = dict(zip((head.text for head in table.heads), (plain(c.text) for c in table.rows[0].cells), strict=True))
    assert cells["Case-control (3)"] == "left open in 2; does not apply, or left blank, in 1"
    named = [run for block in blocks(section, "paragraph") for run in block.text if run.href.startswith("#design-")]
    assert {run.text for run in named} == {"Alpha 1995", "Zeta 2023"}
    assert all(run.title.startswith("Design!") for run in named)


def test_without_explanations_there_is_no_section(case):
    assert explanations.section(material(case)) is None


def test_what_an_explanation_says_is_not_said_twice(case):
    about = "the parity of cases and controls was not made comparable"

    def told(**more):
        m = material(case, **more)
        row = m.designs["Alpha1995-cc"]
        open_one = dataclasses.replace(row, values={**row.values, "parity_handling": "not_comparable"})
        changed = dataclasses.replace(m, designs={**m.designs, "Alpha1995-cc": open_one})
        return [plain(item) for item in why.sentences(changed)]

    assert any(about in said for said in told())
    assert not any(about in said for said in told(explanations=[PARITY]))
    silent = {key: value for key, value in PARITY.items() if key != "open_says"}
    assert any(about in said for said in told(explanations=[silent]))


def test_questions_stand_by_study_those_that_gain_most_first(case):
    section = queries.section(material(case))
    lead, first, *_ = [plain(block.text) for block in blocks(section, "paragraph")]
    assert "questions to the authors of" in lead
    gains = [plain(found.items[0]) for found in blocks(section, "bullets")]
    assert first.startswith(("Alpha 1995", "Beta 2003", "Delta 2013", "Gamma 2017"))
    assert "C could become" in gains[0]
    delta = next(text for text in gains if "How many people were in each class" in text)
    assert "C could become A" in delta
    assert len(blocks(section, "details")) == 1


@pytest.mark.parametrize("drawn", [True, False])
def test_figures_stand_with_the_grades_where_they_were_drawn(case, drawn):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"></svg>'
    names = [f"{name}_{kind}" for name in ("schematic", "grades") for kind in ("wide", "narrow")]
    figures = {"": {**dict.fromkeys(names, svg), "files": "svg pdf"}} if drawn else {}
    section = what_designs_show.section(material(case, figures))
    pictures = blocks(section, "picture")
    assert [picture.id for picture in pictures] == (["figure-schematic", "figure-grades"] if drawn else [])
    assert len(blocks(section, "table")[0].rows) == len(case.grades)
    if drawn:
        assert plain(pictures[0].reading).startswith("13 comparisons stand in an analysis")
        assert "case-control 3 (3 D)" in plain(pictures[0].reading)
        assert plain(pictures[1].reading).startswith("Met least often:")
        assert [run.href for run in pictures[0].files if run.href] == [
            "../figures/schematic.svg",
            "../figures/schematic.pdf",
        ]
