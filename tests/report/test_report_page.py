"""The page as a file: sound, alone, and unable to be turned against its reader."""

import base64
import dataclasses
import hashlib
import itertools
import re

import pytest
import report_case

from metaan.report import html
from metaan.terms import resources


def test_one_heading_of_the_first_level_and_none_skipped(page):
    levels = [int(e.tag[1]) for e in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(e.text for e in page.all("h1", "h2", "h3", "h4", "h5"))


def test_landmarks_and_the_way_past_them(page):
    for tag in ("header", "nav", "main", "footer"):
        assert len(page.all(tag)) == 1
    skip = page.root.with_class("skip")[0]
    assert page.section(skip.attributes["href"][1:]).tag == "main"
    assert page.all("html")[0].attributes["lang"] == "en-GB"
    assert page.all("nav")[0].attributes["aria-label"]


def test_ids_are_unique_and_every_inner_link_leads_somewhere(page):
    assert {name for name, found in page.by_id.items() if len(found) > 1} == set()
    inner = [e.attributes["href"] for e in page.all("a") if e.attributes["href"].startswith("#")]
    assert len(inner) > 50
    assert {href for href in inner if href[1:] not in page.by_id} == set()
    for element in page.root.walk():
        for reference in element.attributes.get("aria-labelledby", "").split():
            assert reference in page.by_id


def test_every_table_has_a_caption_heads_with_a_scope_and_full_rows(page):
    tables = page.all("table")
    assert len(tables) > 15
    for table in tables:
        assert table.all("caption")[0].text
        width = len(table.all("thead")[0].all("th", "td"))
        for head in table.all("th"):
            assert head.attributes["scope"] in ("col", "row", "rowgroup")
            assert head.text
        for row in table.all("tr"):
            cells = row.all("th", "td")
            assert sum(int(c.attributes.get("colspan", "1")) for c in cells) == width
        region = table.parent
        assert (region.attributes["role"], region.attributes["tabindex"]) == ("region", "0")
        assert page.section(region.attributes["aria-labelledby"]).tag == "caption"


def test_figures_stand_in_both_widths_with_a_caption(page, case):
    figures = page.all("figure")
    assert len(figures) == len(case.analyses)
    for figure in figures:
        drawings = [svg for svg in figure.all("svg") if svg.attributes.get("role") == "img"]
        assert len(drawings) == 2
        assert all(svg.all("title")[0].text for svg in drawings)
        assert figure.all("figcaption")[0].text.startswith("Forest plot.")


def test_nothing_is_loaded_from_anywhere(page, source):
    loading = {"src", "srcset", "poster", "data", "action", "formaction", "background", "ping"}
    for element in page.root.walk():
        assert not loading & set(element.attributes), element.tag
        assert element.tag not in ("link", "iframe", "object", "embed", "img", "form", "base")
        for name in ("href", "xlink:href"):
            value = element.attributes.get(name, "")
            assert element.tag == "a" or value.startswith("#") or not value
    for element in page.all("a"):
        assert re.match(
            r"#|https://doi\.org/|https://pubmed\.ncbi\.nlm\.nih\.gov/|\.\./(figures|design)/|believed\.html$",
            element.attributes["href"],
        )
    style = page.all("style")[0].raw
    assert "@import" not in style
    assert "url(" not in style
    assert "http" not in page.all("script")[0].raw
    assert re.search(r"@font-face|preconnect|prefetch", source) is None


def test_the_policy_lets_this_script_run_and_no_other(page):
    policies = [e for e in page.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    digest = base64.b64encode(hashlib.sha256(page.all("script")[0].raw.encode()).digest()).decode()
    assert policies[0].attributes["content"] == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert len(page.all("script")) == 1
    assert [name for e in page.root.walk() for name in e.attributes if name.startswith("on")] == []


def test_words_of_a_source_stay_words(page, source):
    assert source.count("<script>") == 1
    assert any(quote.text == report_case.ATTACK for quote in page.all("blockquote"))
    assert "<b>of</b>" not in source
    assert "a standard deviation <b>of</b> a usual size" in page.section("findings").text


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"></svg>',
        "<svg><foreignObject></foreignObject></svg>",
        '<svg><a href="javascript:x"></a></svg>',
        "<p>no drawing</p>",
        "",
    ],
)
def test_a_drawing_that_could_run_something_is_refused(drawing):
    with pytest.raises(ValueError, match="no plain SVG"):
        html.picture(drawing)


def test_same_results_same_bytes(case, source):
    assert html.render(case.report()) == source


def test_no_clock(source, case):
    dates = set(re.findall(r"\b20\d\d-\d\d-\d\d\b", source))
    typed = {value for rows in case.extraction.rows.values() for row in rows for value in row.values.values()}
    assert dates <= typed | {case.protocol.as_of}


def test_size(source):
    assert len(source.encode()) < 300_000


def test_a_stratum_that_nobody_knows_has_no_mark():
    assert html.mark("no such stratum") == ""


def test_classes_in_the_style_cannot_reach_into_a_figure():
    """Figures bring classes of their own; a rule on a bare class would restyle them."""
    style = re.sub(r"/\*.*?\*/", "", resources.text("report/templates", "report.css"), flags=re.DOTALL)
    assert re.findall(r"(?:^|[\s,(>+~}])\.[a-z][\w-]*", style, flags=re.MULTILINE) == []


def test_the_page_is_whole_without_its_script(page, case):
    """What is folded away stands in the page; only sorting and copying need the script."""
    assert "hidden" not in {name for e in page.root.walk() for name in e.attributes}
    assert len(page.all("details")) >= 4
    assert page.all("button") == []
    assert page.section("rows-nowhere").all("td")


def test_an_analysis_without_a_figure_keeps_its_tables(case):
    bare = dataclasses.replace(case, figures={}).report()
    assert "<figure" not in html.render(bare)
