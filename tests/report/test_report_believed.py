"""The question about the weaker designs: its answer, the page beside the report, and what must stand beside results."""

from dataclasses import replace

import jsonschema
import pytest
from report_page import Page

import between_cases
from metaan.figures.between.told import told
from metaan.report import html
from metaan.report.believed import WHAT_IT_IS
from metaan.report.believed_sentences import MOST, NONE, sentences
from metaan.report.content import plain
from metaan.report.references import BETWEEN
from metaan.robustness.between.gather import MEANS_NOTHING, METHODS, between_designs
from metaan.terms import resources, wording


class Review:
    """As much of a report's material as the sentences look at."""

    def __init__(self, *given):
        self.analyses = tuple(one.analysis for one in given)
        self.believed = {one.analysis.id: told(between_designs(one)[0], one.analysis) for one in given}


def titled(given, name):
    return replace(given, analysis=replace(given.analysis, id=name, title=name))


PROSPECTIVE = between_cases.synthesis("prospective", [0.2, 0.3, 0.25, 0.1], [0.02, 0.03, 0.02, 0.04])
LIKE_IT = between_cases.synthesis("case_control", [0.25, 0.1, 0.3, 0.22, 0.2], [0.02] * 5)
LARGER = between_cases.synthesis("case_control", [1.2, 1.3, 1.1, 1.25, 1.0], [0.02] * 5)


@pytest.fixture(scope="module")
def page(report):
    return Page(html.render_page(report))


def test_passive_smoking_says_that_the_designs_agree():
    first, *others = sentences(Review(between_cases.bundled("passive-smoking", "lung-cancer")))
    assert first.startswith(
        "Odds ratios of case-control studies are 0.99 times those of prospective studies (95 % CI 0.80"
    )
    assert first.endswith("so the designs agree as far as this interval can tell.")
    assert any("must be trusted at least 4.2 %" in said for said in others)
    assert len(others) == MOST - 1


def test_nk_cells_says_where_nothing_can_be_tested():
    names = ("blood-activity", "uterine-rm", "blood-percent-rm", "ivig")
    said = sentences(Review(*(between_cases.bundled("nk-cells", name) for name in names)))
    assert len(said) <= MOST
    untested = said[0]
    assert untested.startswith("In 3 of 4 questions with a weaker design no stronger one can test it: ")
    assert "in 2 the same women stand in both designs (NK cell activity in blood" in untested
    assert "in 1 nobody was measured before the outcome (Share of NK cells in blood" in untested
    assert "Intravenous immunoglobulin" not in untested
    assert "(none with Katano 2013, which cannot be pooled)" in " ".join(said)
    alone = "mothers as controls alone would give a standardised mean difference of 0.17 (0.05 to 0.29)"
    assert f"{alone} where 0.98 was found" in " ".join(said)


def test_designs_that_differ_more_than_chance_explains_are_said_to():
    said = sentences(Review(between_cases.made(PROSPECTIVE, LARGER)))
    assert "which is more than chance explains" in said[0]
    assert "agree" not in said[0]


@pytest.mark.parametrize(("spread", "agree"), [(0.02, True), (0.5, False)])
def test_designs_agree_only_where_the_interval_rules_out_large_differences(spread, agree):
    like = between_cases.synthesis("case_control", [0.25, 0.1, 0.3, 0.22, 0.2], [spread] * 5)
    said = sentences(Review(between_cases.made(PROSPECTIVE, like)))[0]
    assert ("the designs agree" in said) is agree
    assert ("neither shows nor rules out" in said) is not agree


def test_designs_that_point_in_opposite_directions_are_said_to():
    against = between_cases.synthesis("case_control", [-1.2, -1.3, -1.1, -1.25, -1.0], [0.02] * 5)
    clear = between_cases.synthesis("prospective", [0.8, 0.9, 0.85, 0.75], [0.02] * 4)
    said = sentences(Review(between_cases.made(clear, against)))[0]
    assert "more than chance explains, and the two point in opposite directions" in said


def test_a_wide_contrast_neither_shows_nor_rules_out_a_difference():
    wide = between_cases.synthesis("case_control", [0.9, 0.1, 1.4, -0.4], [0.3] * 4)
    said = sentences(Review(between_cases.made(PROSPECTIVE, wide)))
    assert "which neither shows nor rules out that the designs differ" in said[0]


def test_several_analyses_are_named_by_their_titles():
    one, two = between_cases.made(PROSPECTIVE, LIKE_IT), between_cases.made(PROSPECTIVE, LARGER)
    said = sentences(Review(titled(one, "Tea"), titled(two, "Coffee")))
    assert said[0].startswith("Where designs can be set against each other as numbers: Tea, odds ratios")
    assert "; Coffee, odds ratios" in said[0]
    assert len(said) <= MOST


def test_a_review_without_weaker_designs_has_no_answer_to_give():
    assert sentences(Review(between_cases.made(PROSPECTIVE))) == (NONE,)


def test_nothing_is_drawn_from_figures_that_mean_nothing():
    given = between_cases.made(PROSPECTIVE, LARGER)
    void = replace(given, analysis=replace(given.analysis, no_bottom_line="The two contradict each other."))
    said = " ".join(sentences(Review(void)))
    assert "times those" not in said
    assert "leaves out no effect" not in said
    done = between_designs(void)[0]
    assert done.done() == {}
    assert done.not_done["bias"] == MEANS_NOTHING


def test_the_page_has_one_figure_a_method_and_reasons_for_the_others(page, report, case):
    for found in case.between:
        section = page.by_id[f"believed-{found.analysis_id}"][0]
        figures = [figure.attributes["id"] for figure in section.all("figure")]
        assert figures == [f"card-{name}-{found.analysis_id}" for name in METHODS if name in found.done()]
        assert set(found.done()) | set(found.not_done) == set(METHODS)
        for why in found.not_done.values():
            assert wording.sentence(why).replace("\N{NO-BREAK SPACE}", " ") in section.text


def test_the_page_answers_in_at_most_six_sentences_and_leads_back(page, report):
    lead = [item.text for item in page.root.with_class("lead")[0].all("li")]
    assert 0 < len(lead) <= MOST
    assert all(text.endswith(".") for text in lead)
    assert [said.replace("\N{NO-BREAK SPACE}", " ") for said in report.page.lead] == lead
    assert page.root.all("h1")[0].text == "Can the case-control studies be believed?"
    assert any(link.attributes.get("href") == "report.html" for link in page.root.all("a"))


def test_what_must_stand_beside_a_result_stands_on_the_page(page, case):
    checked = 0
    for analysis in case.analyses:
        text = page.by_id[f"believed-{analysis.id}"][0].text
        for remark in (*analysis.remarks, *([analysis.no_bottom_line] if analysis.no_bottom_line else [])):
            assert wording.sentence(remark) in text
            checked += 1
        for known in analysis.beside:
            assert known.label in text
            checked += 1
    assert checked >= 3


def test_the_report_says_the_same_and_leads_to_the_page(report):
    section = next(section for section in report.sections if section.id == "believed")
    assert section.title == report.page.title
    bullets = next(block for block in section.blocks if block.type == "bullets")
    assert tuple(map(plain, bullets.items)) == report.page.lead
    links = [run.href for block in section.blocks if block.type == "paragraph" for run in block.text]
    assert "believed.html" in links
    told = report.data["believed"]
    assert told == {"question": section.title, "sentences": list(report.page.lead), "note": WHAT_IT_IS}


def test_every_method_says_what_it_assumes(report):
    section = next(section for section in report.sections if section.id == "believed")
    table = next(block for block in section.blocks if block.type == "details").blocks[0]
    assert len(table.rows) > 10
    for row in table.rows:
        for cell in row.cells[1:]:
            assert plain(cell.text).endswith(".")


@pytest.mark.parametrize("name", [("passive-smoking", "lung-cancer"), ("nk-cells", "ivig"), ("nk-cells", "g-csf")])
def test_results_fit_the_schema(name):
    schema = resources.schema("results")
    found = between_designs(between_cases.bundled(*name))[0]
    wanted = {"$defs": schema["$defs"], "$ref": "#/$defs/between_designs"}
    jsonschema.validate(found.to_dict(), wanted, cls=jsonschema.Draft202012Validator)


def test_the_references_of_the_methods_that_were_used_are_listed(report, case):
    methods = next(section for section in report.sections if section.id == "methods")
    listed = next(block for block in methods.blocks if block.type == "section" and block.id == "references")
    texts = {plain(item) for item in listed.blocks[0].items}
    done = {name for found in case.between for name in found.done()}
    assert set(BETWEEN) <= set(METHODS)
    assert {"multiverse", "ladder"} <= done
    for name, publications in BETWEEN.items():
        assert set(publications) <= texts if name in done else not set(publications) & texts


def test_numbers_of_the_page_lead_back_to_the_report(page, report, case):
    report_page = Page(html.render(report))
    hrefs = [link.attributes.get("href", "") for link in page.root.all("a")]
    targets = {href.removeprefix("report.html#") for href in hrefs if href.startswith("report.html#")}
    assert {f"analysis-{analysis.id}" for analysis in case.analyses} <= targets
    assert targets <= set(report_page.by_id)


def test_the_rows_a_method_names_are_those_it_rests_on():
    given = between_cases.bundled("nk-cells", "blood-percent-rm")
    said = told(between_designs(given)[0], given.analysis)
    assert {each.method: each.rows for each in said.methods if each.rows} == {"shifts": ("Toth2019-xs-1",)}
