"""The section on repeated measurements, from a made-up review."""

import pytest
import report_case

import small_review
from metaan.pooling.select import graded_candidates
from metaan.report import reliability
from metaan.report.content import plain
from metaan.report.material import gather
from metaan.robustness.repeats import repeatability
from metaan.workbook.read import read_workbook


def row(rel_id, statistic, value, **more):
    given = {"n_women": "30", "src_type": "abstract", "src_ref": "p 1", "extractor": "AB", "extracted_on": "2026-01-01"}
    return {
        **{"rel_id": rel_id, "study_id": "Ames2001", "source_of_variation": "between_cycles", "statistic": statistic},
        **{"value": value, **given, **more},
    }


@pytest.fixture
def section(tmp_path):
    def build(rows, figures=None, **settings):
        protocol = small_review.protocol(**settings)
        path = small_review.write(tmp_path, {**small_review.rows(), "Reliability": rows}, protocol)
        read = read_workbook(path, protocol.layout)
        found = repeatability(read, protocol, graded_candidates(read, protocol))
        return reliability.section(gather(protocol, read, (), (), (), figures or {}, {}, {}, repeatability=found))

    return build


def bullets(section):
    return [plain(item) for block in section.blocks if block.type == "bullets" for item in block.items]


def test_a_review_without_repeats_has_no_such_section(section):
    assert section([]) is None


def test_a_kappa_is_told_for_one_person_with_its_inputs(section):
    found = section([row("rel-1", "kappa", "0.40")], repeatability={"above": 0.25, "above_source": "made up"})
    told = next(text for text in bullets(found) if text.startswith("What it means for one adult"))
    assert "kappa 0.400 between two occasions" in told
    assert "25 % of adults over the cut-off (made up)" in told
    assert "22 % of all adults would change class" in told  # 2 x 0.25 x 0.75 x 0.6 = 0.225, printed to even
    assert "45 of 100 called high would then be called not high" in told
    assert reliability.KAPPA_IS_NOT_R in bullets(found)


def test_a_correlation_is_told_with_what_it_shrinks_and_what_would_mend_it(section):
    rows = [row("rel-1", "ICC", "0.50", icc_model="two-way")]
    found = section(rows, repeatability={"above": 0.5, "above_source": "made up"})
    told = next(text for text in bullets(found) if text.startswith("With a correlation of 0.50"))
    assert "shrinks to 71 % of its true size" in told
    assert "33 % of adults would change class" in told  # acos(0.5) / pi
    assert "the mean of 4 measurements of one adult would reach a reliability of 0.8" in told


def test_two_studies_are_pooled_and_said_so(section):
    rows = [row("rel-1", "pearson_r", "0.40"), row("rel-2", "pearson_r", "0.60", study_id="Bell2002")]
    assert any("pooled over 2 studies" in text for text in bullets(section(rows)))
    assert any(text.startswith("Nothing here is pooled") for text in bullets(section(rows[:1])))


def test_the_picture_says_what_repeats_least(section):
    rows = [row("rel-1", "kappa", "0.35"), row("rel-2", "kappa", "0.9", source_of_variation="within_observer")]
    drawing = {"reliability_wide": report_case.drawing("a", 960), "reliability_narrow": report_case.drawing("b", 360)}
    found = section(rows, {"": {**drawing, "files": "svg pdf"}})
    picture = next(block for block in found.blocks if block.type == "picture")
    assert (
        plain(picture.reading)
        == "Between two occasions of one person the agreement is 0.35, against 0.90 within one observer."
    )
    assert [run.href for run in picture.files if run.href] == [
        "../figures/reliability.svg",
        "../figures/reliability.pdf",
    ]


def test_every_row_stands_in_the_table_with_its_judgement_where_there_is_one(section):
    found = section([row("rel-1", "kappa", "0.35"), row("rel-2", "direction_only", "", says="alike")])
    (table,) = next(
        block for block in found.blocks if block.type == "details" and block.id == "reliability-rows"
    ).blocks
    assert [plain(each.cells[4].text) for each in table.rows] == ["kappa 0.35", "no statistic"]
    assert [head.text for head in table.heads][-1] == "Words of the source"
