import os

import openpyxl
import pytest
import yaml

import small_review
from metaan import plan
from metaan.terms.finding import BadInput


def digests_of(folder, sheets=None):
    small_review.write(folder / "data" / "tea", sheets)
    (planned,) = plan.plan(plan.find_reviews(folder), folder / "cache")
    assert not planned.message
    return planned.digests


def changed_by(folder, before, sheet, row, **cells):
    sheets = small_review.rows()
    sheets[sheet][row].update(cells)
    return changed(before, digests_of(folder, sheets))


def changed(before, after):
    assert after.keys() == before.keys()
    return {stage for stage in before if before[stage] != after[stage]}


ANALYSIS = {"pool/tea-headache", "draw/tea-headache"}
OTHER = {"pool/tea-tiredness", "draw/tea-tiredness"}
ALWAYS, GRADED = {"ingest", "report"}, {"grade", "draw_review"}


def test_an_edit_reruns_only_what_depends_on_it(tmp_path):
    before = digests_of(tmp_path)
    grown = changed_by(tmp_path, before, "Effects", 0, a_high_event="13")  # the grade says of how many people it is
    assert grown == ALWAYS | ANALYSIS | GRADED
    assert changed_by(tmp_path, before, "Effects", 5, events_high="8") == ALWAYS | OTHER
    assert changed_by(tmp_path, before, "Effects", 6, quote="P was 0.04") == ALWAYS | ANALYSIS
    assert changed_by(tmp_path, before, "Design", 0, treated_between="NR") == ALWAYS | GRADED | ANALYSIS
    assert changed_by(tmp_path, before, "Reports", 6, doi="10.1234/other") == ALWAYS | ANALYSIS
    assert changed_by(tmp_path, before, "Reports", 6, retracted="yes") == ALWAYS | GRADED | ANALYSIS
    assert changed_by(tmp_path, before, "Review", 0, value="B. Reviewer") == ALWAYS


JUDGED = {"design_id": "Frey2006-tr", "tool": "rob-2", "domain": "D1", "item": "1.1", "answer": "Y"}
SURE = {"analysis": "tea-headache", "stratum": "prospective", "domain": "imprecision", "decision": "-1"}
SOURCE = {"src_type": "table", "src_ref": "Table 3", "extractor": "AR", "extracted_on": "2026-01-01"}
HARM = {
    **{"harm_id": "Frey2006-tr-h1", "design_id": "Frey2006-tr", "intervention": "tea", "comparator": "water"},
    **{"harm": "scald", "serious": "no", "how_sought": "NR", "events_high": "2", "total_high": "40"},
    **SOURCE,
}
REPEAT = {
    **{"rel_id": "Ames-days", "study_id": "Ames2001", "source_of_variation": "between_days", "n_women": "30"},
    **{"statistic": "kappa", "value": "0.5"},
    **SOURCE,
}
SAID = {
    **{"body": "A regulator", "topic": "tea", "statement": "no trial shows it", "seen_on": "2026-01-01"},
    "seen_by": "AR",
}


@pytest.mark.parametrize(
    ("sheet", "row", "cells", "expected"),
    [
        ("Quality", JUDGED, {"answer": "PN"}, ALWAYS | GRADED | OTHER),
        ("Quality", JUDGED, {"question": "another wording"}, ALWAYS),
        ("Certainty", {**SURE, "sentence": "few people"}, {"decision": "-2"}, ALWAYS | {"pool/tea-headache"}),
        ("Harms", HARM, {"events_high": "3"}, ALWAYS),
        ("Context", SAID, {"serious_safety": "yes"}, ALWAYS),
        ("Reliability", REPEAT, {"value": "0.6"}, ALWAYS | {"draw_review"}),
    ],
)
def test_an_edit_of_what_reviewers_judge_reruns_only_what_depends_on_it(tmp_path, sheet, row, cells, expected):
    before = digests_of(tmp_path, {**small_review.rows(), sheet: [row]})
    after = digests_of(tmp_path, {**small_review.rows(), sheet: [{**row, **cells}]})
    assert changed(before, after) == expected


OWN = {
    **{"id": "tea-scale", "name": "Tea scale", "made_for": "trials", "strata": ["trial"], "unit": "design"},
    **{"source": "made up for this test", "answers": {"Y": "yes", "N": "no"}},
    "judgements": {"fine": {"label": "Fine", "level": "low"}, "weak": {"label": "Weak", "level": "some"}},
    "domains": [
        {
            **{"key": "pot", "label": "The pot"},
            "items": [{"key": "1", "question": "Was it warm?"}],
            "rules": [{"when": {"1": ["Y"]}, "then": "fine"}, {"when": {"1": ["N"]}, "then": "weak"}],
        }
    ],
    "overall": {"rules": [{"when": {"pot": ["fine"]}, "then": "fine"}, {"then": "weak"}]},
}


def test_an_edit_of_a_teams_own_tool_reruns_what_was_judged_by_it(tmp_path):
    sheets = {**small_review.rows(), "Quality": [{**JUDGED, "tool": "tea-scale", "domain": "pot", "item": "1"}]}
    tools = tmp_path / "data" / "tea" / "tools"
    tools.mkdir(parents=True)

    def digests_with(**changes):
        text = yaml.safe_dump({**OWN, **changes}, sort_keys=False).replace("'Y'", "Y").replace("'N'", "N")
        (tools / "tea-scale.yaml").write_text(text, encoding="utf-8")
        return digests_of(tmp_path, sheets)

    before = digests_with()
    relabelled = {"fine": {"label": "Fine", "level": "some"}, "weak": {"label": "Weak", "level": "some"}}
    assert changed(before, digests_with(judgements=relabelled)) == ALWAYS | GRADED | OTHER
    assert changed(before, digests_with(name="Scale of tea")) == ALWAYS | GRADED | OTHER


def test_settings_of_the_report_alone_rerun_no_analysis(tmp_path):
    before = digests_of(tmp_path)
    (planned,) = plan.plan([_with(tmp_path, limits=["made up"])], tmp_path / "cache")
    assert changed(before, planned.digests) == ALWAYS
    (planned,) = plan.plan([_with(tmp_path, repeatability={"r": 0.5, "r_source": "made up"})], tmp_path / "cache")
    assert changed(before, planned.digests) == ALWAYS | {"draw_review"}


def _with(folder, **changes):
    small_review.write(folder / "data" / "tea", of=small_review.protocol(**changes))
    (review,) = plan.find_reviews(folder)
    return review


def test_a_copy_saved_again_changes_nothing(tmp_path):
    before = digests_of(tmp_path)
    path = tmp_path / "data" / "tea" / "extraction.xlsx"
    bytes_before = path.read_bytes()
    openpyxl.load_workbook(path).save(path)
    assert path.read_bytes() != bytes_before
    (planned,) = plan.plan(plan.find_reviews(tmp_path), tmp_path / "cache")
    assert planned.digests == before


def test_an_unchanged_workbook_is_not_opened_again(tmp_path, monkeypatch):
    digests_of(tmp_path)
    for name in ("read", "_read_workbook"):
        monkeypatch.setattr(plan, name, lambda *_: pytest.fail("read again"))
    plan.plan(plan.find_reviews(tmp_path), tmp_path / "cache")
    plan.load(*plan.find_reviews(tmp_path), tmp_path / "cache")


def test_a_damaged_cache_is_read_anew(tmp_path):
    before = digests_of(tmp_path)
    for path in (tmp_path / "cache").iterdir():
        path.write_text("{")
    (planned,) = plan.plan(plan.find_reviews(tmp_path), tmp_path / "cache")
    assert planned.digests == before


def test_what_comes_from_the_cache_equals_what_was_read(tmp_path):
    small_review.write(tmp_path / "data" / "tea")
    (review,) = plan.find_reviews(tmp_path)
    first, second = plan.load(review, tmp_path / "cache"), plan.load(review, tmp_path / "cache")
    assert first == second
    assert first.usable()[1].sheet("Effects")


def test_a_refused_review_says_everything_and_leaves_the_other_alone(tmp_path):
    small_review.write(tmp_path / "data" / "tea")
    path = small_review.write(tmp_path / "data" / "coffee")
    path.write_bytes(path.read_bytes()[:5000])
    coffee, tea = plan.plan(plan.find_reviews(tmp_path), tmp_path / "cache")
    assert not tea.message
    assert coffee.message.startswith("coffee: not run, 1 thing to mend first")
    assert "damaged" in coffee.message
    assert not coffee.digests
    with pytest.raises(BadInput):
        plan.load(plan.Review(path.parent), tmp_path / "cache").usable()


def test_locks_of_open_spreadsheets_are_not_taken_for_reviews(tmp_path):
    path = small_review.write(tmp_path / "data" / "tea")
    (path.parent / "~$extraction.xlsx").write_bytes(b"lock")
    (path.parent / ".~lock.extraction.xlsx#").write_bytes(b"lock")
    assert [review.name for review in plan.find_reviews(tmp_path)] == ["tea"]


def test_a_review_that_is_not_there_is_named(tmp_path):
    small_review.write(tmp_path / "data" / "tea")
    with pytest.raises(BadInput, match='a review "te"'):
        plan.find_reviews(tmp_path, ["te"])


def test_the_time_of_the_file_alone_does_not_change_a_digest(tmp_path):
    before = digests_of(tmp_path)
    os.utime(tmp_path / "data" / "tea" / "extraction.xlsx", (1, 1))
    (planned,) = plan.plan(plan.find_reviews(tmp_path), tmp_path / "cache")
    assert planned.digests == before
