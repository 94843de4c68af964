import csv
import json

import pytest
from click.testing import CliRunner

import small_review
from metaan.cli import main
from metaan.cli.exchange import IN, OUT
from metaan.workbook.read import read_workbook


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def tea(tmp_path):
    sheets = small_review.rows()
    sheets["Quality"] = [{"design_id": "Frey2006-tr", "tool": "RoB 2", "domain": "D1", "judgement": "low"}]
    small_review.write(tmp_path / "tea", sheets)
    return tmp_path / "tea"


def test_every_export_writes_files_and_leaves_the_workbook_alone(tea):
    before = (tea / "extraction.xlsx").read_bytes()
    for what in OUT:
        done = run("export", what, tea)
        assert done.exit_code == 0, done.output
        assert "written: " in done.output
    first = {path: path.read_bytes() for path in (tea / "exports").rglob("*.*")}
    for what in OUT:
        run("export", what, tea / "extraction.xlsx")
    assert {path: path.read_bytes() for path in (tea / "exports").rglob("*.*")} == first
    assert (tea / "extraction.xlsx").read_bytes() == before
    assert {path.name for path in first} >= {"effects_metafor.csv", "effects_meta.csv", "PRISMA.csv", "references.ris"}


def test_rows_without_a_place_are_told(tea):
    assert (
        "left out: Gray2007-cc-1: RevMan has no place for this form: only a p-value"
        in run("export", "revman", tea).output
    )


def test_an_analysis_that_does_not_exist_is_named(tea):
    done = run("export", "metafor", tea, "--analysis", "coffee")
    assert done.exit_code == 2
    assert "one of tea-headache, tea-tiredness" in done.output
    done = run("export", "metafor", tea, "--analysis", "tea-headache", "--out", tea / "x")
    assert done.exit_code == 0
    assert len((tea / "x" / "effects_metafor_tea-headache.csv").read_text().splitlines()) == 7


def test_csv_out_and_in_again_differs_in_nothing(tea):
    run("export", "csv", tea)
    done = run("import", "csv", tea / "exports" / "csv", "--into", tea, "--out", tea / "again.xlsx")
    assert done.exit_code == 0, done.output
    assert "0 left out" in done.output
    compared = run("diff", tea / "extraction.xlsx", tea / "again.xlsx", "--exit-code")
    assert compared.exit_code == 0, compared.output
    assert "no difference" in compared.output
    assert run("diff", tea, tea / "exports" / "csv", "--exit-code").exit_code == 0


def test_columns_of_ones_own_survive(tea):
    import openpyxl

    book = openpyxl.load_workbook(tea / "extraction.xlsx")
    page = book["Effects"]
    page.cell(1, page.max_column + 1, "my remark")
    page.cell(2, page.max_column, "=ask A. B.")
    page.cell(2, page.max_column).data_type = "s"
    book.save(tea / "own.xlsx")
    run("export", "csv", tea / "own.xlsx")
    assert "Effects,Ames2001-pr-1,my remark,'=ask A. B." in (tea / "exports" / "csv" / "Kept.csv").read_text()
    run("import", "csv", tea / "exports" / "csv", "--into", tea, "--out", tea / "again.xlsx")
    assert "no difference" in run("diff", tea / "own.xlsx", tea / "again.xlsx").output
    assert "only in B" in run("diff", tea, tea / "again.xlsx").output


def test_nothing_is_written_over(tea):
    run("export", "ris", tea)
    before = (tea / "extraction.xlsx").read_bytes()
    done = run("import", "ris", tea / "exports" / "references.ris", "--into", tea)
    assert done.exit_code == 2
    assert "already there" in done.output
    assert (tea / "extraction.xlsx").read_bytes() == before


@pytest.mark.parametrize(("what", "name"), [("ris", "references.ris"), ("bib", "references.bib")])
def test_references_give_a_workbook_that_check_can_read(tea, what, name):
    run("export", what, tea)
    done = run("import", what, tea / "exports" / name, "--into", tea, "--out", tea / "new.xlsx")
    assert done.exit_code == 0, done.output
    assert "7 references read: 7 written, 0 left out" in done.output
    layout = small_review.protocol().layout
    assert len(read_workbook(tea / "new.xlsx", layout).sheet("Reports")) == 7
    assert run("check", tea / "new.xlsx").exit_code in (0, 2)


def test_revman_comes_back_and_check_asks_for_what_is_missing(tea):
    run("export", "revman", tea)
    done = run("import", "revman", tea / "exports" / "revman", "--into", tea, "--out", tea / "new.xlsx")
    assert done.exit_code == 0, done.output
    assert "6 results read: 6 written, 0 left out" in done.output
    assert "no column for: file tea-risk-of-bias.csv" in done.output
    checked = run("check", tea / "new.xlsx")
    assert checked.exit_code == 2
    assert "REQUIRED" in checked.output


def test_an_outcome_can_be_given_its_word(tea, tmp_path):
    text = "Study,Outcome,Arm,Cases,Sample size\nA 2001,Sore head,tea,1,9\nA 2001,Sore head,water,2,9\n"
    (tmp_path / "study-results.csv").write_text(text)
    source = tmp_path / "study-results.csv"
    done = run("import", "revman", source, "--into", tea, "--out", tea / "a.xlsx")
    assert 'the outcome "Sore head" is no word of the list' in done.output
    done = run("import", "revman", source, "--into", tea, "--out", tea / "b.xlsx", "--outcome", "Sore head=headache")
    assert "is no word" not in done.output
    (change,) = json.loads(run("diff", tea / "a.xlsx", tea / "b.xlsx", "--json").output)["changes"]
    assert (change["column"], change["old"], change["new"]) == ("outcome", "", "headache")
    wrong = run("import", "revman", source, "--into", tea, "--out", tea / "c.xlsx", "--outcome", "Sore head=pain")
    assert wrong.exit_code == 2
    assert "headache, headache_history" in wrong.output


def test_diff_says_row_column_and_both_cells(tea):
    sheets = small_review.rows()
    sheets["Effects"][0]["a_high_event"] = "13"
    other = small_review.write(tea.parent / "other", sheets)
    done = run("diff", tea, other, "--exit-code", "--csv", tea / "diff.csv")
    assert done.exit_code == 1
    assert "    a_high_event (" in done.output
    assert '"12" -> "13"' in done.output
    with (tea / "diff.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["kind"] for row in rows if row["sheet"] == "Effects"] == ["cell"]
    assert run("diff", tea, other).exit_code == 0


@pytest.mark.parametrize("what", IN)
def test_a_missing_source_is_a_message(tea, what):
    done = run("import", what, tea / "nothing", "--out", tea / "new.xlsx")
    assert done.exit_code == 2
    assert "to fix" in done.output
    assert run("import", what, tea / "nothing").exit_code == 2
    assert run("diff", tea, tea / "nothing.xlsx").exit_code == 2
    assert not (tea / "new.xlsx").exists()
