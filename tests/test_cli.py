import datetime
import json
import math
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

import small_review
from metaan import cli
from metaan.cli import main, workbooks
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def effects_file(tmp_path):
    path = tmp_path / "effects.csv"
    path.write_text("study,yi,vi,group\nA,-0.9,0.33,x\nB,-1.6,0.19,x\nC,-1.3,0.42,x\nD,0.1,0.2,y\nE,0.4,0.1,y\n")
    return path


def test_a_new_review_is_complete_and_clean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("new", "my-review").exit_code == 0
    checked = run("check", "data/my-review")
    assert checked.exit_code == 0
    assert "0 comparisons read" in checked.output
    assert "0 errors" in checked.output


def test_a_new_review_is_dated_on_the_day_it_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workbooks, "today", lambda: datetime.date(2031, 7, 9))
    run("new", "my-review")
    protocol = read_protocol(tmp_path / "data/my-review/protocol.yaml")
    assert protocol.as_of == "2031-07-09"
    written = read_workbook(tmp_path / "data/my-review/extraction.xlsx", protocol.layout)
    assert written.review()["as_of"] == "2031-07-09"


def test_nothing_is_ever_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("new", "my-review")
    before = (tmp_path / "data/my-review/extraction.xlsx").read_bytes()
    for again in (run("new", "my-review"), run("template", "data/my-review")):
        assert again.exit_code == 2
        assert "already there" in again.output
    assert (tmp_path / "data/my-review/extraction.xlsx").read_bytes() == before
    assert run("template", "data/my-review", "--out", "other.xlsx").exit_code == 0


def test_check_ends_with_two_on_errors_and_with_one_on_warnings_if_asked(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"][0]["n_analysed"] = "150"
    path = small_review.write(tmp_path / "tea", sheets)
    assert run("check", path).exit_code == 0
    assert run("check", path, "--strict").exit_code == 1
    sheets["Effects"][0]["priority"] = "mian"
    small_review.write(tmp_path / "tea", sheets)
    checked = run("check", path, "--csv", tmp_path / "findings.csv")
    assert checked.exit_code == 2
    assert 'did you mean "main"?' in checked.output
    (notes,) = re.findall(r"1 error, 1 warning, (\d+) notes?$", checked.output.strip())
    assert (tmp_path / "findings.csv").read_text().count("\n") == 3 + int(notes)


def test_a_workbook_of_another_name_is_checked_against_the_protocol_beside_it(tmp_path):
    path = small_review.write(tmp_path / "tea")
    other = path.rename(path.with_name("extraction_AR.xlsx"))
    assert run("check", other).exit_code == 0
    missing = run("check", tmp_path / "tea" / "nothing.xlsx")
    assert missing.exit_code == 2
    assert "no such file" in missing.output


def test_pool_prints_what_the_library_gives(effects_file):
    from metaan.pooling.pool import pool

    found = json.loads(run("pool", effects_file, "--by", "group", "--json").output)
    assert [row["group"] for row in found] == ["x", "y"]
    alone = pool([-0.9, -1.6, -1.3], [0.33, 0.19, 0.42]).to_dict()
    for field in ("estimate", "se", "tau2", "ci", "q", "k"):
        assert found[0][field] == pytest.approx(alone[field])
    assert found[1]["prediction"] is None
    one = json.loads(run("pool", effects_file, "--tau2", "DL", "--interval", "Wald", "--json").output)
    assert one["k"] == 5
    assert run("pool", effects_file).output.startswith("\N{MINUS SIGN}")


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("yi,vi\n1,0.1\n", ["--yi", "y1"], 'did you mean "yi"?'),
        ("yi,vi\n1,x\n", [], "column vi, line 2"),
        ("yi,vi\n1,-1\n", [], "variance above 0"),
        ("yi,vi\n", [], "no rows"),
        ("yi,vi\n1,0.1\n", ["--by", "group"], 'no column "group"'),
    ],
)
def test_bad_csv_is_told_by_line_and_column(tmp_path, text, arguments, words):
    path = tmp_path / "effects.csv"
    path.write_text(text)
    result = run("pool", path, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_file_that_is_not_there(tmp_path):
    assert run("pool", tmp_path / "no.csv").exit_code == 2
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    assert run("pool", binary).exit_code == 2


def test_effects_adds_yi_and_vi(tmp_path):
    path = tmp_path / "tables.csv"
    path.write_text("study,ai,bi,ci,di\nA,12,88,8,92\n")
    lines = run("effects", path, "--measure", "OR").output.splitlines()
    assert lines[0] == "study,ai,bi,ci,di,yi,vi"
    assert float(lines[1].split(",")[5]) == pytest.approx(math.log(12 * 92 / (88 * 8)))
    assert run("effects", path, "--measure", "SMD").exit_code == 2


def test_version_names_what_the_numbers_rest_on():
    assert "numpy" in run("version").output


def test_a_fault_of_the_program_ends_with_three(monkeypatch, capsys):
    def broken():
        raise RuntimeError("boom")

    monkeypatch.setattr(cli, "main", broken)
    with pytest.raises(SystemExit) as ended:
        cli.entry()
    assert ended.value.code == 3
    assert "A fault in metaan itself: RuntimeError: boom" in capsys.readouterr().err


def test_the_command_line_starts_without_the_libraries_it_may_not_need():
    heavy = ("numpy", "pandas", "openpyxl", "matplotlib", "snakemake")
    code = f"import sys, metaan.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_choices_of_pool_are_those_of_the_library():
    from metaan.cli import numbers
    from metaan.pooling import estimators, intervals

    assert set(numbers.TAU2) == set(estimators.ESTIMATORS)
    assert numbers.INTERVALS.__class__ is tuple
    assert set(numbers.INTERVALS) == set(intervals.INTERVALS)
    assert set(numbers.PREDICTIONS) == set(intervals.PREDICTIONS)


def test_effects_of_every_kind_say_which_rows_have_none(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("study,x1i,t1i,x2i,t2i\nHart,9,413.4,23,385.9\nNobody,0,10,0,12\n", encoding="utf-8")
    run = CliRunner().invoke(main, ["effects", str(file), "--measure", "IRR"])
    assert run.exit_code == 0
    assert "Nobody" in run.stderr
    assert "-1.0071" in run.stdout  # ln((9 / 413.4) / (23 / 385.9))
