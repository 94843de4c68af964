"""The section on risk of bias: judgements as typed, proposals marked, overrides with both judgements."""

import dataclasses

import pytest
import quality_review
from report_page import Page

from metaan.design.tool import tool
from metaan.figures.quality import reading
from metaan.figures.quality_content import tool_blocks
from metaan.report import html, quality
from metaan.report.content import Details, Facts, Picture, Report, Table, plain
from metaan.terms.appraisal import PROPOSED


@pytest.fixture(scope="module")
def m(tmp_path_factory):
    return quality_review.material(tmp_path_factory.mktemp("tea"))


@pytest.fixture(scope="module")
def section(m):
    return quality.section(m)


def table(section, name):
    details = next(block for block in section.blocks if isinstance(block, Details) and block.id == f"quality-{name}")
    return next(block for block in details.blocks if isinstance(block, Table))


def details(section, name):
    return next(
        block.blocks for block in section.blocks if isinstance(block, Details) and block.id == f"quality-{name}"
    )


def line(found, label):
    return next(row for row in found.rows if plain(row.cells[0].text).startswith(label))


def notes(row):
    return [plain(note) for note in row.notes]


def test_an_override_shows_both_judgements_and_the_reason(m, section):
    said = notes(line(table(section, "rob-2"), "Frey 2006"))
    number = next(row.number for row in m.extraction.sheet("Quality") if row["judgement"] == "low")
    (override,) = [note for note in said if "tool's rules" in note and note.startswith("1 ")]
    assert override == (
        "1 Randomisation: judged Low; the tool's rules give Some concerns: "
        f"{quality_review.REASON} (Quality!{m.extraction.sheet('Quality')[0].letters['judgement']}{number})."
    )


def test_a_judgement_without_answers_says_that_the_rules_leave_it_open(section):
    said = notes(line(table(section, "rob-2"), "Frey 2006"))
    assert any(note.startswith("5 ") and "judged High; the tool's rules leave it open" in note for note in said)


def test_a_judgement_the_rules_agree_with_stands_with_its_cell(m, section):
    said = notes(line(table(section, "rob-2"), "Frey 2006"))
    last = m.extraction.sheet("Quality")[5]
    assert f"Judgements typed: overall {last.sheet}!{last.cell('judgement')}." in said


def test_answers_stand_with_their_support_and_cell(m, section):
    said = " ".join(notes(line(table(section, "rob-2"), "Frey 2006")))
    first = m.extraction.sheet("Quality")[0]
    assert f"1.1 yes, “computer list” (Quality!{first.cell('answer')})" in said
    assert "1.2 no information" in said


def test_questions_stand_once(section):
    details = next(block for block in section.blocks if isinstance(block, Details) and block.id == "quality-rob-2")
    facts = next(block for block in details.blocks if isinstance(block, Facts))
    asked = " ".join(plain(text) for _, text in facts.pairs)
    for domain in tool("rob-2").domains:
        for item in domain.items:
            assert asked.count(f"{item.key} {item.question}") == 1
    cells = " ".join(plain(cell.text) for row in table(section, "rob-2").rows for cell in row.cells)
    assert tool("rob-2").domains[0].items[0].question not in cells + " ".join(notes(table(section, "rob-2").rows[0]))


def test_proposals_are_marked_and_judgements_are_not(m, section):
    for each in (grade for grade in m.grades.values() if grade.stratum == "case_control"):
        shown = next(found for found in each.appraisals if found.main)
        row = next(
            (r for r in table(section, shown.tool).rows if m.study(each.study_id) in plain(r.cells[0].text)), None
        )
        if row is None:
            continue
        for domain, cell in zip(shown.domains, row.cells[1:], strict=False):
            assert ("(proposed)" in plain(cell.text)) == (bool(domain.judgement) and domain.by == PROPOSED)


def test_what_is_left_to_the_reviewers_is_said_once_for_alike_domains(section):
    said = [note for row in table(section, "quips").rows for note in notes(row) if "Left to" in note]
    assert said
    assert all(note.count("the questions are prompts") == 1 for note in said)
    assert not any("common rule" in plain(block.text) for block in details(section, "quips") if hasattr(block, "text"))


def test_every_picture_says_who_judged(m, section):
    pictures = [block for block in section.blocks if isinstance(block, Picture)]
    assert pictures
    for analysis in m.analyses:
        found = [block for synthesis in analysis.strata for block in tool_blocks(synthesis)]
        shown = [picture for picture in pictures if picture.id.endswith(analysis.id)]
        assert len(shown) == any(block.any_judged for block in found)
        for picture in shown:
            assert plain(picture.reading) == " ".join(map(reading, found))
            assert [run.text for run in picture.files if run.href] == ["SVG", "PNG"]
    assert "The one comparison has not" not in plain(pictures[-1].reading)


def test_tools_stand_with_their_design_and_source(section):
    found = next(block for block in section.blocks if isinstance(block, Table) and block.id == "quality-tools")
    said = {plain(row.cells[1].text): " ".join(plain(cell.text) for cell in row.cells) for row in found.rows}
    assert "Trials" in said["RoB 2"]
    assert tool("rob-2").source in said["RoB 2"]
    assert any("beside the main tool" in name for name in said)


def test_a_comparison_in_no_analysis_is_not_listed(section):
    words = " ".join(plain(row.cells[0].text) for row in table(section, "jbi-case-control").rows)
    assert "Dunn 2004" in words
    assert "Gray 2007" not in words


def test_page_holds_one_drawing_a_figure_and_escapes_what_was_typed(section):
    report = Report(
        review="tea",
        title="Tea",
        question="?",
        as_of="2026",
        status="",
        limits=(),
        counts=(),
        citation="",
        sections=(section,),
        data={},
    )
    source = html.render(report)
    Page(source)
    pictures = [block for block in section.blocks if isinstance(block, Picture)]
    assert source.count('class="quality"') == len(pictures)
    assert "&lt;b&gt;not said&lt;/b&gt;" in source
    assert "<b>not said" not in source


def test_without_quality_rows_nothing_is_called_judged(tmp_path):
    m = quality_review.material(tmp_path, [])
    said = " ".join(plain(block.summary) for block in quality.section(m).blocks if isinstance(block, Details))
    assert "has been judged by a reviewer" in said
    assert "none of" in said
    assert "all " not in said


def test_without_tools_there_is_no_section(m):
    unjudged = {name: dataclasses.replace(grade, appraisals=()) for name, grade in m.grades.items()}

    def bare(estimate):
        return dataclasses.replace(estimate, grade=unjudged[estimate.design_id])

    analyses = tuple(
        dataclasses.replace(
            analysis,
            strata=tuple(
                dataclasses.replace(s, estimates=tuple(map(bare, s.estimates)), others=()) for s in analysis.strata
            ),
        )
        for analysis in m.analyses
    )
    assert quality.section(dataclasses.replace(m, analyses=analyses, grades=unjudged)) is None
