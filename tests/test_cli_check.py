"""`metaan check`: what it prints and writes, what it never overwrites, and how it follows a file being edited."""

import csv
import io
import json
import os
import signal
import subprocess
import sys

import jsonschema
import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.cli import findings as shown
from metaan.cli import main, watch
from metaan.terms import resources
from metaan.terms.checks import CHECKS
from metaan.terms.finding import COLUMNS, Finding, Level
from metaan.terms.origin import Origin


def run(*arguments):
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def faulty():
    """Rows with two errors and a warning on three rows."""
    sheets = small_review.rows()
    sheets["Effects"][0]["n_analysed"] = "150"
    sheets["Effects"][1]["priority"] = "mian"
    sheets["Effects"][5].update({"events_high": "140", "total_high": "123"})
    return sheets


@pytest.fixture
def workbook(tmp_path):
    return small_review.write(tmp_path / "tea", faulty())


# --- what is printed ---


def test_the_table_comes_first_errors_before_warnings_then_the_messages_in_four_lines(workbook):
    said = run(workbook.parent).stdout
    order = ["2 errors", "Bell2002-pr-1", "Frey2006-tr-1", "warning", "Ames2001-pr-1", "[E] WORD", "[E] B01", "[W] B02"]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert "  found     140 events among 123 people" in said
    assert said.rstrip().splitlines()[-1].startswith(f"{workbook}: 7 comparisons read (saved by ")
    table = said[: said.index("[E]")].splitlines()
    assert max(map(len, table)) <= 80


def test_notes_are_counted_unless_they_are_asked_for(workbook):
    sheets = faulty()
    sheets["Reports"][2].pop("doi")
    small_review.write(workbook.parent, sheets)
    assert "[N] SOURCE" not in run(workbook).stdout
    assert "not listed (--all lists them): " in run(workbook).stdout
    assert "SOURCE 1" in run(workbook).stdout
    for asked in (["--all"], ["--level", "N"], ["--only", "SOURCE"]):
        assert "[N] SOURCE" in run(workbook, *asked).stdout


def test_levels_and_checks_choose_what_is_listed_and_never_the_exit_code(workbook):
    errors = run(workbook, "--level", "E")
    assert "[E] B01" in errors.stdout
    assert "[W]" not in errors.stdout
    for typed in (["--only", "b02,WORD"], ["--only", "B02", "--only", "WORD"]):
        some = run(workbook, *typed)
        assert "[W] B02" in some.stdout
        assert "[E] WORD" in some.stdout
        assert "[E] B01" not in some.stdout
        assert some.exit_code == 2
    assert len(run(workbook, "--quiet").stdout.splitlines()) == 1
    assert run(workbook, "--quiet").exit_code == 2


def test_an_unknown_check_is_named_with_the_nearest(workbook):
    done = run(workbook, "--only", "B0")
    assert done.exit_code == 2
    assert 'did you mean "B0' in done.stderr


def test_colour_is_for_terminals_and_no_color_turns_it_off(workbook, monkeypatch):
    assert "\x1b" not in run(workbook).stdout
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert shown.coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not shown.coloured()


TEXT = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=150)
FINDINGS = st.builds(
    Finding,
    id=st.sampled_from(sorted(CHECKS)),
    level=st.sampled_from(Level),
    origin=st.builds(
        Origin,
        st.just("data/tea/extraction.xlsx"),
        st.sampled_from(["", "Effects", "A sheet of one's own"]),
        st.sampled_from(["", "A1", "AZ1048576"]),
    ),
    subject=TEXT,
    found=TEXT,
    expected=TEXT,
    to_fix=TEXT,
)


@given(st.lists(FINDINGS, max_size=6), st.integers(60, 140))
def test_the_table_fits_whatever_was_found_and_has_one_line_for_each(findings, columns):
    lines = list(shown.table(findings, {}, columns=columns, colour=False))
    assert all(len(line) <= columns for line in lines)
    assert sum(line.startswith("  ") for line in lines) == len(findings)
    bare = list(shown.table(findings, {}, columns=columns, colour=True))
    assert [line for line in bare if "\x1b" not in line] == [line for line in lines if line[:1] in (" ", "")]


# --- what is written ---


def test_out_writes_every_file_and_they_agree(workbook, tmp_path):
    out = tmp_path / "out"
    before = workbook.read_bytes()
    done = run(workbook, "--out", out, "--level", "E")
    assert done.exit_code == 2
    assert sorted(path.name for path in out.iterdir()) == [
        *("check.html", "extraction-checked.xlsx", "findings.csv", "findings.json"),
    ]
    data = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, resources.schema("findings"))
    rows = list(csv.DictReader((out / "findings.csv").open(encoding="utf-8", newline="")))
    assert list(rows[0]) == list(COLUMNS)
    assert rows == [{name: found[name] for name in COLUMNS} for found in data["findings"]]
    assert data["counts"] == {"E": 2, "W": 1, "N": sum(found["level"] == "N" for found in data["findings"])}
    assert {found["row"] for found in data["findings"]} >= {"Ames2001-pr-1", "Bell2002-pr-1", "Frey2006-tr-1"}
    assert "Problems" in openpyxl.load_workbook(out / "extraction-checked.xlsx").sheetnames
    assert workbook.read_bytes() == before
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(workbook, "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_a_workbook_that_cannot_be_read_still_gives_files_and_no_copy(workbook, tmp_path):
    workbook.write_bytes(workbook.read_bytes()[:3000])
    out = tmp_path / "out"
    done = run(workbook.parent, "--out", out)
    assert done.exit_code == 2
    assert "no copy" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["check.html", "findings.csv", "findings.json"]
    data = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, resources.schema("findings"))
    assert (data["rows_sha256"], data["saved_by"]) == (None, None)


def test_the_digest_of_rows_is_that_of_what_was_typed(workbook, tmp_path):
    def digest():
        run(workbook, "--json", tmp_path / "f.json")
        return json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))["rows_sha256"]

    before = digest()
    openpyxl.load_workbook(workbook).save(workbook)
    assert digest() == before
    sheets = faulty()
    sheets["Effects"][3]["a_high_event"] = "31"
    small_review.write(workbook.parent, sheets)
    assert digest() != before


@pytest.mark.parametrize("option", ["--csv", "--json", "--html", "--copy"])
@pytest.mark.parametrize("name", ["extraction.xlsx", "protocol.yaml", "mine.xlsx"])
def test_no_file_that_people_typed_is_overwritten(workbook, option, name):
    mine = workbook.with_name("mine.xlsx")
    mine.write_bytes(workbook.read_bytes())
    before = workbook.with_name(name).read_bytes()
    done = run(workbook, option, workbook.with_name(name))
    assert done.exit_code == 2
    assert "choose another name" in done.stderr
    assert workbook.with_name(name).read_bytes() == before


def test_a_file_named_by_a_dash_is_printed_and_all_else_goes_beside(workbook, tmp_path):
    json_only = run(workbook, "--json", "-")
    assert len(json.loads(json_only.stdout)["findings"]) >= 3
    assert "[E] B01" in json_only.stderr
    table = run(workbook, "--csv", "-", "--json", tmp_path / "f.json", "--quiet")
    assert "B01" in [row["id"] for row in csv.DictReader(io.StringIO(table.stdout))]
    assert (tmp_path / "f.json").exists()
    for both in (("--csv", "-", "--json", "-"), ("--html", "-"), ("--out", "-")):
        done = run(workbook, *both)
        assert (done.exit_code, done.stdout) == (2, "")


def test_a_folder_that_cannot_be_one_is_told_without_a_traceback(workbook):
    done = run(workbook, "--out", workbook)
    assert done.exit_code == 2
    assert "a file or folder that can be read and written" in done.stderr


# --- which files are read ---


def test_a_protocol_that_is_missing_may_be_named(workbook, tmp_path):
    alone = tmp_path / "elsewhere" / "extraction_AR.xlsx"
    alone.parent.mkdir()
    alone.write_bytes(workbook.read_bytes())
    missing = run(alone)
    assert missing.exit_code == 2
    assert "no protocol.yaml beside it" in missing.stderr
    assert f"metaan check {alone} --protocol" in missing.stderr
    named = run(alone, "--protocol", workbook.with_name("protocol.yaml"))
    assert (named.exit_code, "[E] B01" in named.stdout) == (2, True)
    nothing = run(alone, "--protocol", tmp_path / "no.yaml")
    assert (nothing.exit_code, "no such file" in nothing.stderr) == (2, True)


@pytest.mark.parametrize("target", ["nowhere", "nowhere/extraction.xlsx"])
def test_a_target_that_is_not_there_is_told(tmp_path, target):
    done = run(tmp_path / target)
    assert done.exit_code == 2
    assert "no such file or folder" in done.stderr


def test_a_review_may_be_checked_from_its_own_folder(workbook, tmp_path, monkeypatch):
    monkeypatch.chdir(workbook.parent)
    run(".", "--json", tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))["review"] == "tea"


# --- watching ---


@pytest.fixture
def scripted(monkeypatch):
    """Let each pause do the next step of a script, and end with Ctrl-C."""

    def play(*steps):
        left = list(steps)

        def pause():
            if not left:
                raise KeyboardInterrupt
            step = left.pop(0)
            if step is not None:
                step()

        monkeypatch.setattr(watch, "pause", pause)

    return play


def test_watching_checks_again_after_a_save_and_ends_with_the_last_code(workbook, scripted):
    def mend():
        small_review.write(workbook.parent)

    scripted(None, mend, None, None)
    done = run(workbook, "--watch", "--quiet")
    assert done.exit_code == 0
    assert done.stdout.count("--- check ") == 2
    first, second = done.stdout.split("--- check 2 ---")
    assert "2 errors" in first
    assert "0 errors" in second


def test_a_save_counts_once_and_only_when_it_is_whole(workbook, scripted):
    good = workbook.read_bytes()
    part = workbook.with_name("part.tmp")
    steps = [
        lambda: workbook.write_bytes(good[:1000]),  # written over bit by bit
        lambda: workbook.write_bytes(good[:5000]),
        lambda: workbook.write_bytes(good),
        None,
        None,
        workbook.unlink,  # or taken away and another put in its place
        lambda: part.write_bytes(good),
        lambda: part.replace(workbook),
        None,
        None,
    ]
    scripted(*steps)
    done = run(workbook, "--watch", "--quiet")
    assert done.stdout.count("--- check ") == 3
    assert "damaged" not in done.stdout
    assert done.stdout.count("2 errors") == 3


def test_locks_and_other_files_beside_it_do_not_count(workbook, scripted):
    lock = workbook.with_name(".~lock.extraction.xlsx#")
    scripted(lambda: lock.write_text("me"), None, lock.unlink, None)
    assert run(workbook, "--watch", "--quiet").stdout.count("--- check ") == 1


def test_a_file_that_stays_away_is_told_at_last(workbook, scripted):
    scripted(workbook.unlink, *[None] * 25)
    said = run(workbook, "--watch").stdout
    assert said.count("--- check ") == 2
    assert "no such file" in said


def test_a_changed_protocol_counts_as_well(workbook, scripted):
    protocol = workbook.with_name("protocol.yaml")
    scripted(lambda: protocol.write_text(protocol.read_text() + "limits: [none]\n"), None, None)
    assert run(workbook, "--watch", "--quiet").stdout.count("--- check ") == 2


@pytest.mark.skipif(os.name == "nt", reason="signals")
def _hear_ctrl_c():
    """Undo what a shell does to commands in the background, whose children ignore Ctrl-C too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_without_a_traceback(workbook):
    command = [sys.executable, "-m", "metaan.cli", "check", str(workbook), "--watch", "--quiet"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, preexec_fn=_hear_ctrl_c) as watching:
        while "Ctrl-C" not in watching.stdout.readline():
            assert watching.poll() is None
        watching.send_signal(signal.SIGINT)
        try:
            _, complaints = watching.communicate(timeout=60)
        finally:
            watching.kill()
    assert watching.returncode == 2
    assert "Traceback" not in complaints


def test_checking_starts_without_what_only_pages_and_pools_need(workbook):
    small_review.write(workbook.parent)  # nothing wrong: the analyses are looked at as well
    heavy = ("pandas", "scipy", "matplotlib", "statsmodels", "snakemake", "jinja2", "xlsxwriter")
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom metaan.cli import main\n"
        f"done = CliRunner().invoke(main, ['check', {str(workbook)!r}])\n"
        f"print(done.exit_code, [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "0 []", done.stderr


def test_the_page_of_the_checks_may_be_written_where_the_folder_is_new(workbook, tmp_path):
    assert run(workbook, "--html", tmp_path / "a" / "b" / "check.html").exit_code == 2
    assert (tmp_path / "a" / "b" / "check.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
