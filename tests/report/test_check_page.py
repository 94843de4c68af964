"""The page of the checks: everything that was found, in the order it is mended, and nothing that could run."""

import re

import pytest
from report_page import Page

import small_review
from metaan.checks.check import check
from metaan.report import check_page
from metaan.report.checked import Checked
from metaan.report.html import policy
from metaan.terms import resources
from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.read import read_workbook

ATTACK = '<img src=x onerror=alert(1)> & "quoted"'


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    sheets = small_review.rows()
    sheets["Effects"][0]["n_analysed"] = "150"
    sheets["Effects"][1]["priority"] = "mian"
    sheets["Effects"][5].update({"events_high": "140", "total_high": "123"})
    sheets["Studies"][1]["population"] = ATTACK
    del sheets["Reports"][3]["doi"]
    protocol = small_review.protocol()
    path = small_review.write(tmp_path_factory.mktemp("checked") / "tea", sheets)
    read = read_workbook(path, protocol.layout)
    of_file = Finding(
        id="SHEET",
        level=Level.NOTE,
        origin=Origin(str(path), "Mine"),
        subject="",
        found="a sheet that is not read",
        expected="the sheets of the template",
        to_fix="nothing",
    )
    findings = (*check(read, protocol), of_file)
    return Checked(review="tea", workbook=str(path), protocol=protocol, extraction=read, findings=findings)


@pytest.fixture(scope="module")
def source(checked):
    return check_page.render(checked)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def shown(page):
    """Return level, check, cell, found, expected and to fix of every finding on the page."""
    found = []
    for each in page.root.with_class("found"):
        cells = [strong.text for strong in each.all("strong")]
        values = [value.text for value in each.all("dd")]
        found.append((each.attributes["data-level"], each.attributes["data-id"], "".join(cells), *values[:3]))
    return found


def test_every_finding_stands_on_the_page_once(page, checked):
    expected = [(f.level.value, f.id, f.origin.cell, f.found, f.expected, f.to_fix) for f in checked.findings]
    flat = [tuple(re.sub(r"\s+", " ", text).strip() for text in finding) for finding in expected]
    assert sorted(shown(page)) == sorted(flat)


def test_findings_of_a_row_stand_together_under_its_name(page):
    for place in page.root.with_class("place"):
        if place.all("h3") and place.all("h3")[0].text.startswith("Bell2002-pr-1"):
            assert "row 3" in place.all("h3")[0].text
            assert [each.attributes["data-id"] for each in place.with_class("found")] == ["WORD"]
            return
    raise AssertionError("the row is not on the page")


def test_places_with_nothing_but_notes_are_folded_away(page):
    for each in page.root.with_class("found"):
        if each.within("details"):
            assert each.attributes["data-level"] == "N"
    folded = [each for each in page.root.with_class("found") if each.within("details")]
    assert {"SOURCE", "SHEET"} <= {each.attributes["data-id"] for each in folded}


def test_every_check_that_found_something_is_explained_and_linked(page, checked):
    ids = {finding.id for finding in checked.findings}
    for link in page.all("a"):
        target = link.attributes["href"]
        assert target.startswith("#")
        assert target[1:] in page.by_id
    for check_id in ids:
        entry = page.section(f"check-{check_id}").text
        assert CHECKS[check_id].title in entry
        assert re.sub(r"\s+", " ", CHECKS[check_id].test)[:40].lower() in entry.lower()
    table = page.section("by-check").text
    assert all(check_id in table for check_id in ids)


def test_what_was_typed_is_never_markup(source, page):
    assert ATTACK not in source
    assert any(ATTACK in each.text for each in page.root.with_class("found"))
    assert page.all("img", "iframe", "link") == []


def test_the_page_fetches_nothing_and_runs_only_its_own_script(source):
    assert not re.search(r"https?://", source)
    script = resources.text("report/templates", "report.js") + resources.text("report/templates", "check.js")
    assert policy(script).replace("'", "&#39;") in source
    assert source.count("<script") == 1


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ("EW", "1 error to mend before this review can be run."),
        ("EEN", "2 errors to mend"),
        ("WN", "No error: the review can be run. 1 warning to look at"),
        ("N", "No error and no warning"),
        ("", "No error and no warning"),
    ],
)
def test_the_verdict_follows_the_levels(checked, levels, words):
    findings = tuple(
        Finding(id="W04", level=Level(level), origin=Origin("x", ""), subject="", found="a", expected="b", to_fix="c")
        for level in levels
    )
    source = check_page.render(
        Checked(review="tea", workbook="x", protocol=checked.protocol, extraction=None, findings=findings)
    )
    assert words in Page(source).all("header")[0].text


def test_a_workbook_that_was_not_read_has_a_page_too():
    finding = Finding(
        id="FILE",
        level=Level.ERROR,
        origin=Origin("data/tea/extraction.xlsx", ""),
        subject="",
        found="an empty file",
        expected="a workbook",
        to_fix="restore it",
    )
    source = check_page.render(
        Checked(review="tea", workbook="data/tea/extraction.xlsx", protocol=None, extraction=None, findings=(finding,))
    )
    page = Page(source)
    assert shown(page) == [("E", "FILE", "", "an empty file", "a workbook", "restore it")]
    assert "The file" in page.section("main").text


def test_the_same_findings_give_the_same_bytes(checked, source):
    assert check_page.render(checked) == source
