"""What the report says of the people who extracted."""

from dataclasses import replace

import pytest
import report_case

from metaan.checks.extractors import share
from metaan.report.assemble import assemble
from metaan.report.content import Details, Paragraph, Section, plain
from metaan.workbook.digest import rows_digest
from metaan.workbook.extractors.split import AGREED_ON

GROUP = {"sheet": "Design", "name": "facts", "kind": "group", "n": 412, "agree": 387, "low": 0.913, "high": 0.958}
OVERALL = {**GROUP, "sheet": "", "name": "all", "missing": 5, "kappa": {"value": 0.812}, "ac1": {"value": 0.926}}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return report_case.build(tmp_path_factory.mktemp("extraction"))


def with_review(case, **values):
    """Return the case with answers on the sheet Review changed, and one checker where rows name one."""
    extraction = case.extraction
    review = [row for row in extraction.sheet("Review") if row["key"] not in values]
    like = extraction.sheet("Review")[0]
    review += [replace(like, values={"key": key, "value": value}) for key, value in values.items()]
    return replace(case, extraction=replace(extraction, rows={**extraction.rows, "Review": tuple(review)}))


def with_effects(case, **values):
    rows = tuple(replace(row, values={**row.values, **values}) for row in case.extraction.sheet("Effects"))
    return replace(case, extraction=replace(case.extraction, rows={**case.extraction.rows, "Effects": rows}))


def section_of(case, agreement=None):
    report = assemble(
        case.protocol,
        case.extraction,
        case.grades,
        case.analyses,
        case.findings,
        case.figures,
        report_case.VERSIONS,
        report_case.DIGESTS,
        agreement=agreement,
    )
    methods = next(section for section in report.sections if section.id == "methods")
    return next(block for block in methods.blocks if isinstance(block, Section) and block.id == "extraction")


def said(case, agreement=None):
    section = section_of(case, agreement)
    return " ".join(plain(block.text) for block in section.blocks if isinstance(block, Paragraph))


def record(case, **changes):
    found = {
        "extractors": ["JD", "AB"],
        "rows": rows_digest(case.extraction, AGREED_ON),
        "missed": {"Effects": {"only_a": 1, "only_b": 2, "both": 30}},
        "differences": {"1": 3, "2": 4, "3": 16},
        "to_decide": 23,
        "settled": {"discussion": 20, "third person": 1, "authors": 2, "rule": 0},
        "left_out": 1,
        "agreement": {"overall": OVERALL, "groups": [{**GROUP, "missing": 5}], "columns": []},
    }
    return {**found, **changes}


def test_one_person_and_a_second_who_checked(built):
    one = with_effects(with_review(built, workbook_role="single"), extractor="JD", checked_by="")
    assert said(one) == "One person extracted (JD). No second person compared the results with the papers."
    self_checked = with_effects(one, checked_by="JD")
    assert said(self_checked) == said(one)
    checked = with_effects(one, checked_by="AB")
    n = len(built.extraction.sheet("Effects"))
    assert f"A second person (AB) compared all {n} results with the papers (100 %)." in said(checked)


def test_two_people_with_their_agreement(built):
    two = with_review(built, workbook_role="consensus", extractor="JD+AB")
    text = said(two, record(two))
    assert text.startswith("Two people extracted independently (JD and AB), compared what they had")
    assert "94 % (95 % CI 91 to 96) of 412 questions; Cohen’s kappa 0.81 and Gwet’s AC1 0.93" in text
    assert "3 rows were missed by one of them; 1 of these was left out." in text
    assert "23 differences were settled: 20 by discussion, 1 with a third person and 2 by asking the authors." in text
    assert "has been changed" not in text


def test_agreement_about_other_rows_is_said_to_be_old(built):
    two = with_review(built, workbook_role="consensus", extractor="JD+AB")
    assert "has been changed since they agreed" in said(two, record(two, rows="0" * 64))
    changed = with_effects(two, notes="corrected")
    assert "has been changed since they agreed" in said(changed, record(two))


def test_without_a_record_no_agreement_is_claimed(built):
    two = with_review(built, workbook_role="consensus", extractor="JD+AB")
    assert said(two).endswith("How far they agreed before is not on record.")
    single = with_review(built, workbook_role="single")
    assert "agreed" not in said(single, record(single))


@pytest.mark.parametrize(
    ("agree", "n", "shown"), [(1, 1, "100 %"), (5960, 5971, "99.8 %"), (1, 400, "0.2 %"), (94, 100, "94 %")]
)
def test_a_share_that_is_not_all_is_never_shown_as_all(agree, n, shown):
    assert share(agree, n) == shown


def test_agreement_on_quality_tools_is_a_table_of_domains(built):
    two = with_review(built, workbook_role="consensus", extractor="JD+AB")
    kappa, ac1 = {"value": 0.58159, "low": 0.28, "high": 0.884}, {"value": 0.64381, "low": 0.35, "high": 0.93}
    judged = {"n": 20, "agree": 15, "missing": 1, "low": 0.5313, "high": 0.8881, "kappa": kappa, "ac1": ac1}
    answers = {"n": 12, "agree": 11, "missing": 0, "low": 0.646, "high": 0.985, "kappa": {"value": 0.8125}}
    domain = {"tool": "rob-2", "name": "RoB 2", "domain": "D1", "label": "Randomisation"}
    quality = [{**domain, "judgements": judged, "answers": answers}]
    blocks = section_of(two, record(two, quality=quality)).blocks
    (table,) = [b.blocks[0] for b in blocks if isinstance(b, Details) and b.blocks[0].id == "agreement-tools"]
    shown = [[plain(each.text) for each in row.cells] for row in table.rows]
    assert shown == [
        ["RoB 2: Randomisation", "20", "75 %", "53 to 89", "0.58 (0.28 to 0.88)", "0.64 (0.35 to 0.93)", "1"],
        ["RoB 2: questions of Randomisation", "12", "92 %", "65 to 98", "0.81", "", "0"],
    ]
    without = [b.blocks[0].id for b in section_of(two, record(two)).blocks if isinstance(b, Details)]
    assert without == ["agreement-table"]
