import os

import openpyxl
import pytest

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
    after = digests_of(folder, sheets)
    assert after.keys() == before.keys()
    return {stage for stage in before if before[stage] != after[stage]}


def test_an_edit_reruns_only_what_depends_on_it(tmp_path):
    before = digests_of(tmp_path)
    analysis = {"pool/tea-headache", "draw/tea-headache"}
    other = {"pool/tea-tiredness", "draw/tea-tiredness"}
    always, graded = {"ingest", "report"}, {"grade", "draw_review"}
    assert changed_by(tmp_path, before, "Effects", 0, a_high_event="13") == always | analysis | {"draw_review"}
    assert changed_by(tmp_path, before, "Effects", 5, events_high="8") == always | other
    assert changed_by(tmp_path, before, "Design", 0, treated_between="NR") == always | graded | analysis
    assert changed_by(tmp_path, before, "Reports", 6, doi="10.1234/other") == always | graded | analysis
    assert changed_by(tmp_path, before, "Review", 0, value="B. Reviewer") == always


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
