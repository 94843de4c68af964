"""The whole way in a copy of the project: planned, run, run again, edited, damaged, restored."""

import hashlib
import html
import shutil
import subprocess
import sys

import openpyxl
import pytest

import small_review

pytestmark = pytest.mark.workflow


CHECKS = ["check.html", "findings.csv", "findings.json"]


def planned(snakemake, project):
    """Return what a dry run would do: rule and analysis of every job but the last, sorted."""
    code, said = snakemake(project, "-n")
    assert code == 0, said
    jobs = [line.split(": ", 1)[1] for line in said.splitlines() if line.startswith("Job ")]
    return sorted(job for job in jobs if not job.startswith("Every review"))


def content(project):
    """Return the digest of every result."""
    files = sorted(path for path in (project / "results").rglob("*") if path.is_file())
    return {str(p.relative_to(project)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def project(empty_project, snakemake):
    """A project with two small reviews, run once."""
    folder = empty_project("project")
    small_review.write(folder / "data" / "tea")
    small_review.write(folder / "data" / "coffee")
    code, said = snakemake(folder)
    assert code == 0, said
    assert "Report: results/tea/report/report.html" in said
    return folder


@pytest.fixture
def tea(project, snakemake):
    """The workbook of one review, put back as it was after the test, with its results."""
    path = project / "data" / "tea" / "extraction.xlsx"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)
    code, said = snakemake(project)
    assert code == 0, said


def test_a_second_run_does_nothing(snakemake, project):
    before = content(project)
    code, said = snakemake(project)
    assert code == 0
    assert "Nothing to be done" in said
    assert content(project) == before


def test_the_same_input_gives_the_same_bytes(snakemake, project):
    before = content(project)
    shutil.rmtree(project / "results")
    code, said = snakemake(project)
    assert code == 0, said
    assert content(project) == before


def test_a_one_cell_edit_reruns_only_what_it_touches(snakemake, project, tea):
    sheets = small_review.rows()
    sheets["Effects"][0] |= {"a_high_event": "13", "b_high_none": "87"}  # as many people as before
    small_review.write(tea.parent, sheets)
    assert planned(snakemake, project) == [
        "Compute, pool, question and rate tea-headache of tea, each design apart.",
        "Draw the figures of tea-headache of tea.",
        "Read and check the workbook of tea.",
        "Write the report of tea.",
    ]
    before = content(project)
    code, said = snakemake(project)
    assert code == 0, said
    changed = {path for path, digest in content(project).items() if before[path] != digest}
    assert {path.split("/")[1] for path in changed} == {"tea"}
    assert not any("tea-tiredness" in path or "design/" in path for path in changed)
    assert "results/tea/report/report.html" in changed


def test_a_fact_that_changes_a_grade_reruns_the_grades(snakemake, project, tea):
    sheets = small_review.rows()
    sheets["Design"][0]["treated_between"] = "NR"
    small_review.write(tea.parent, sheets)
    jobs = planned(snakemake, project)
    assert "Grade the design of every comparison of tea." in jobs
    assert not any("tea-tiredness" in job or "coffee" in job for job in jobs)


def test_a_copy_saved_again_reruns_nothing(snakemake, project, tea):
    openpyxl.load_workbook(tea).save(tea)
    assert planned(snakemake, project) == []


@pytest.mark.parametrize("kind", ["a_wrong_word", "too_many_events", "truncated", "no_workbook", "removed"])
def test_bad_input_stops_its_own_review_only_and_says_why(snakemake, project, tea, kind):
    before = content(project)
    if kind in ("a_wrong_word", "too_many_events"):
        sheets = small_review.rows()
        change = {"priority": "mian"} if kind == "a_wrong_word" else {"events_high": "140", "total_high": "123"}
        sheets["Effects"][5].update(change)
        small_review.write(tea.parent, sheets)
    elif kind == "truncated":
        tea.write_bytes(tea.read_bytes()[:9000])
    elif kind == "no_workbook":
        tea.write_text("effect,a,b\n1,2,3\n")
    else:
        tea.unlink()
    coffee = project / "data" / "coffee" / "protocol.yaml"
    text = coffee.read_text()
    coffee.write_text(text.replace("title: Tea and headache\nquestion", f"title: {kind}\nquestion", 1))
    typed = tea.read_bytes() if tea.exists() else None
    code, said = snakemake(project)
    checked = subprocess.run(
        [sys.executable, "-m", "metaan.cli", "check", "data/tea"], cwd=project, capture_output=True, text=True
    )
    assert (code, checked.returncode) == (1, 2)
    words = {
        "a_wrong_word": 'did you mean "main"?',
        "too_many_events": "140 events among 123 people",
        "truncated": "damaged",
        "no_workbook": "plain text",
        "removed": "no such file",
    }[kind]
    assert words in said
    assert words in checked.stdout
    assert "Kept, from the last good run: results/tea/report/report.html" in said
    assert "Traceback" not in said + checked.stdout + checked.stderr
    assert (tea.read_bytes() if tea.exists() else None) == typed
    kept = {path: digest for path, digest in before.items() if path.startswith("results/tea/")}
    after = {path: digest for path, digest in content(project).items() if path.startswith("results/tea/")}
    assert after.pop("results/tea/checks/refused.txt")
    assert after.pop("results/tea/checks/refused.html")
    page = (project / "results/tea/checks/refused.html").read_text(encoding="utf-8")
    assert html.escape(words) in page.replace("&#34;", "&quot;")
    assert "The same as a page: results/tea/checks/refused.html" in said
    assert after == kept
    assert kind in (project / "results/coffee/report/report.html").read_text()
    coffee.write_text(text)


def test_a_refusal_is_forgotten_once_the_workbook_is_mended(snakemake, project, tea):
    good = tea.read_bytes()
    tea.write_bytes(good[:500])
    assert snakemake(project)[0] == 1
    assert (project / "results/tea/checks/refused.txt").exists()
    assert (project / "results/tea/checks/refused.html").exists()
    tea.write_bytes(good)
    code, said = snakemake(project)
    assert code == 0, said
    assert sorted(path.name for path in (project / "results/tea/checks").iterdir()) == CHECKS


def test_a_deleted_result_is_made_again(snakemake, project):
    before = content(project)
    (project / "results/tea/figures/tea-headache/forest.png").unlink()
    (project / "results/tea/pooling/tea-tiredness/ledger.csv").unlink()
    code, said = snakemake(project)
    assert code == 0, said
    assert content(project) == before


def test_a_method_left_out_leaves_no_card_behind(snakemake, project, tea):
    cards = project / "results/tea/figures/tea-headache/between-designs"
    before = {path.name for path in cards.glob("*.svg")}
    assert "ladder.svg" in before
    protocol = tea.parent / "protocol.yaml"
    text = protocol.read_text(encoding="utf-8")
    (cards / "gone.svg").write_text("<svg/>")
    try:
        protocol.write_text(f"{text}\nbetween_designs:\n  leave_out: [ladder]\n", encoding="utf-8")
        code, said = snakemake(project)
        assert code == 0, said
        assert {path.name for path in cards.glob("*.svg")} == before - {"ladder.svg"}
    finally:
        protocol.write_text(text, encoding="utf-8")


def test_a_second_run_at_the_same_time_is_refused_in_plain_words(snakemake, project):
    held = (
        "import sys; from pathlib import Path; from metaan.files import hold_lock; "
        "hold_lock(Path('.snakemake/metaan/lock')); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", held], cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        code, said = snakemake(project)
        assert code == 1
        assert "Another run is at work in this folder" in said
        assert "Traceback" not in said
        assert snakemake(project, "-n")[0] == 0
        holder.communicate()
    assert snakemake(project)[0] == 0


def test_config_chooses_reviews_and_formats_and_refuses_unknown_keys(snakemake, project):
    config = project / "config.yaml"
    try:
        config.write_text("reviews: [coffee]\nformats: [svg]\n")
        code, said = snakemake(project)
        assert code == 0, said
        assert "results/tea" not in said
        config.write_text("review: [coffee]\n")
        code, said = snakemake(project)
        assert code == 1
        assert "unknown key 'review'" in said
        assert "Traceback" not in said
    finally:
        config.unlink()
    assert snakemake(project)[0] == 0
