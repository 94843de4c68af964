"""The section on the cells to check first."""

from dataclasses import replace

from metaan.report.content import plain
from metaan.terms import wording


def test_it_stands_with_the_findings_and_lists_every_cell_once(report, case):
    order = [section.id for section in report.sections]
    assert order.index("check-first") == order.index("findings") + 1
    section = next(section for section in report.sections if section.id == "check-first")
    table = section.blocks[-1]
    assert 0 < len(table.rows) == len(case.first) <= 10
    assert [plain(row.cells[0].text) for row in table.rows] == [f"{cell.place} {cell.column}" for cell in case.first]


def test_each_cell_leads_to_its_row_and_its_numbers_are_those_of_the_record(page, case):
    section = page.section("check-first")
    body = section.all("tbody")[0].all("tr")
    for row, cell in zip(body, case.first, strict=True):
        links = [a.attributes["href"] for a in row.all("a")]
        assert f"#row-{cell.effect_id}" in links
        assert f"#analysis-{cell.analysis}" in links
        assert wording.effect(cell.measure, cell.moved, cell.moved_ci) in row.text
        assert cell.text in row.text


def test_it_claims_no_error(page):
    text = page.section("check-first").text
    assert "Nothing here says that a cell is wrong." in text
    assert "worth a second look" in text


def test_a_mean_without_meaning_is_set_back_here_as_well(page, case):
    withheld = {analysis.id for analysis in case.analyses if analysis.no_bottom_line}
    body = page.section("check-first").all("tbody")[0].all("tr")
    for row, cell in zip(body, case.first, strict=True):
        assert ("no meaningful mean" in row.text) is (cell.analysis in withheld)


def test_without_pooled_results_there_is_no_section(case):
    report = replace(case, first=()).report()
    assert "check-first" not in [section.id for section in report.sections]
    assert report.data["check_first"] == []
