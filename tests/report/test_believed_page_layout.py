"""How the page of figures is laid out: a list of its analyses, a heading a figure, how to read it folded away."""

import re

import pytest
from report_page import Page

from metaan.report import html


@pytest.fixture(scope="module")
def page(report):
    return Page(html.render_page(report))


def test_a_list_leads_to_every_analysis_and_counts_its_figures(page, report):
    assert len(report.page.sections) > 1
    (nav,) = page.root.all("nav")
    targets = [link.attributes["href"].removeprefix("#") for link in nav.all("a")]
    assert targets == [section.id for section in report.page.sections]
    for item, target in zip(nav.all("li"), targets, strict=True):
        n = len(page.by_id[target][0].all("figure"))
        assert re.search(rf"{n or 'no'} figures?$", item.text.strip())


def test_every_figure_has_a_heading_below_that_of_its_analysis_and_folds_how_to_read_it(page):
    figures = page.root.all("figure")
    assert figures
    for figure in figures:
        (heading,) = figure.all("h3")
        assert heading.text.strip()
        (how,) = figure.all("details")
        assert "open" not in how.attributes
        (summary,) = how.all("summary")
        assert summary.text == f"How to read it: {heading.text}"
        assert "Method: " in how.text


def test_methods_with_one_reason_share_a_line(page, case):
    for found in case.between:
        reasons = {why for why in found.not_done.values() if "left out by the protocol" not in why}
        folded = page.by_id.get(f"not-done-{found.analysis_id}")
        assert len(folded[0].all("li") if folded else []) == len(reasons)
