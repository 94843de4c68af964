"""Studies that may not be trusted stay in the main pool, and the result without them stands beside it."""

import pytest

import small_review
from metaan.design.grade import grade_all
from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.terms.phrases import TRUSTED
from metaan.workbook.read import read_workbook


def analysed(folder, name="tea-headache", *, retracted=(), quality=(), change=None):
    sheets = small_review.rows()
    for report in sheets["Reports"]:
        if report["study_id"] in retracted:
            report.update(retracted="yes", retraction_checked_on="2025-12-01")
    sheets["Quality"] = list(quality)
    if change:
        change(sheets)
    protocol = small_review.protocol()
    extraction = read_workbook(small_review.write(folder / "tea", sheets), protocol.layout)
    rows = graded_candidates(extraction, protocol)
    plan = protocol.analysis(name)
    return analyse(select(rows, plan), plan, protocol), grade_all(extraction, protocol)


def variants(synthesis):
    return [variant for variant in synthesis.sensitivity if variant.label == TRUSTED]


def test_nothing_is_added_where_no_study_is_in_doubt(tmp_path):
    done, _ = analysed(tmp_path)
    assert not any(variants(synthesis) for synthesis in done.strata)


def test_a_retracted_study_stays_in_the_pool_and_the_result_without_it_stands_beside(tmp_path):
    before, _ = analysed(tmp_path / "before")
    done, _ = analysed(tmp_path / "after", retracted=["Bell2002"])
    assert done.ledger == before.ledger
    assert done.strata[0].pooled == before.strata[0].pooled
    (variant,) = variants(done.strata[0])
    assert variant.why == "in doubt: Bell 2002 (retracted)"
    assert variant.estimates == ("Ames2001-pr-1", "Cole2003-pr-1")
    kept = [e for e in done.strata[0].estimates if e.study_id != "Bell2002"]
    alone = pool([e.effect.y for e in kept], [e.effect.v for e in kept], interval="Wald")
    assert variant.pooled.estimate == pytest.approx(alone.estimate, rel=1e-12)
    assert not variants(done.strata[1])


def test_one_study_left_is_shown_by_itself_and_none_left_is_said(tmp_path):
    done, _ = analysed(tmp_path / "one", retracted=["Ames2001", "Bell2002"])
    (variant,) = variants(done.strata[0])
    cole = next(e for e in done.strata[0].estimates if e.study_id == "Cole2003")
    assert (variant.pooled, variant.single, variant.estimate) == (None, cole.ci, cole.effect.y)
    assert variant.why == "in doubt: Ames 2001 (retracted) and Bell 2002 (retracted)"
    done, _ = analysed(tmp_path / "none", retracted=["Ames2001", "Bell2002", "Cole2003"])
    (variant,) = variants(done.strata[0])
    assert (variant.pooled, variant.single, variant.estimates) == (None, None, ())
    assert variant.why.endswith("; no study is left")
    assert done.strata[0].k == 3


def second_trial(sheets):
    """Add another trial of tea, so that one is left when the first is in doubt."""
    for sheet, key in (("Studies", "study_id"), ("Reports", "report_id"), ("Design", "design_id"), ("Effects", None)):
        row = next(row for row in sheets[sheet] if "Frey2006" in str(row.values()))
        sheets[sheet].append({name: text.replace("Frey", "Hill") for name, text in row.items()})
        if key == "report_id":
            sheets[sheet][-1]["doi"] = "10.1234/tea.9"


@pytest.mark.parametrize(("judgement", "doubted"), [("high", True), ("low", False)])
def test_a_typed_judgement_on_trustworthiness_counts(tmp_path, judgement, doubted):
    from metaan.design.tool import tool

    known = tool("trust", small_review.protocol())
    word = next(key for key, each in known.overall_judgements.items() if each.level == judgement)
    quality = [{"design_id": "Frey2006-tr", "tool": "trust", "domain": "overall", "judgement": word}]
    done, grades = analysed(tmp_path, "tea-tiredness", quality=quality, change=second_trial)
    assert done.strata[0].k == 2
    doubt = next(grade.doubt for grade in grades if grade.design_id == "Frey2006-tr")
    assert bool(doubt) == doubted
    found = variants(done.strata[0])
    assert [variant.estimates for variant in found] == ([("Hill2006-tr-1",)] if doubted else [])
    assert all(doubt in variant.why for variant in found)
