"""`metaan appraise`: the rows it adds, what it leaves alone, and the way there and back."""

import shutil

import openpyxl
import pytest
from click.testing import CliRunner

import small_review
from metaan import plan
from metaan.cli import main
from metaan.design.appraise import place_of
from metaan.design.grade import grade_all
from metaan.design.prefill import recorded
from metaan.design.tool import tool
from metaan.files import write_atomically
from metaan.terms.appraisal import PROPOSED
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes

PROTOCOL = small_review.protocol()
JUDGED = {"design_id": "Frey2006-tr", "tool": "RoB 2", "domain": "D1"}


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def appraised(folder, *options):
    done = run("appraise", folder, *options, *(() if "--certainty" in options else ("--no-certainty",)))
    assert done.exit_code == 0, done.output
    return read_workbook(folder / "extraction-appraised.xlsx", PROTOCOL.layout), done.output


@pytest.fixture
def review(tmp_path):
    return small_review.write(tmp_path / "tea").parent


def test_every_question_of_the_planned_tools_gets_a_row(review):
    read, said = appraised(review)
    rows = read.sheet("Quality")
    by_design = {}
    for row in rows:
        by_design.setdefault((row["design_id"], row["tool"]), []).append(row)
    assert set(by_design) == {
        *((f"{study}-pr", "quips") for study in ("Ames2001", "Bell2002", "Cole2003")),
        *((f"{study}-cc", "jbi-case-control") for study in ("Dunn2004", "Earl2005", "Gray2007")),
        *(("Frey2006-tr", name) for name in ("rob-2", "trust")),
    }
    for (_, name), found in by_design.items():
        chosen = tool(name)
        places = [place_of(chosen, row) for row in found]
        assert len(places) == len(set(places))
        questions = [(domain.key, item.key) for domain in chosen.domains for item in domain.items]
        assert [place for place in places if place[1]] == questions
    assert f"7 comparisons, {len(rows)} rows added" in said


def test_proposals_are_those_of_appraise_and_name_their_cell(review):
    before = read_workbook(review / "extraction.xlsx", PROTOCOL.layout)
    grades = grade_all(before, PROTOCOL)
    read, _ = appraised(review)
    shown = {
        (row["design_id"], row["tool"], *place_of(tool(row["tool"]), row)): (row["proposed"], row["where"])
        for row in read.sheet("Quality")
    }
    proposed = 0
    for grade in grades:
        facts = recorded(before, PROTOCOL)[grade.design_id]
        for appraisal in grade.appraisals:
            for domain in appraisal.domains:
                for answer in domain.answers:
                    text, where = shown[grade.design_id, appraisal.tool, domain.key, answer.item]
                    assert text == answer.proposed
                    assert bool(text) == bool(where)
                    if not text:
                        continue
                    proposed += 1
                    assert where.startswith(f"{answer.cell} (")
                    sheet, cell = answer.cell.split("!")
                    assert (sheet, cell[1:].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) == (
                        "Design",
                        str(facts.design.number),
                    )
    assert proposed > 10


def test_there_and_back_the_findings_and_the_grades_are_the_same(review):
    before = plan.read(plan.Review(review))
    appraised(review)
    shutil.move(review / "extraction-appraised.xlsx", review / "extraction.xlsx")
    after = plan.read(plan.Review(review))
    assert [finding.record() for finding in after.findings] == [finding.record() for finding in before.findings]
    one, two = (grade_all(each.extraction, PROTOCOL) for each in (before, after))
    assert [grade.to_dict() for grade in one] == [grade.to_dict() for grade in two]
    assert any(a.by == PROPOSED for g in two for found in g.appraisals for d in found.domains for a in d.answers)


def test_what_people_typed_stays_as_it_is_and_where_it_is(tmp_path):
    sheets = small_review.rows()
    sheets["Quality"] = [
        {**JUDGED, "item": "1.2", "answer": "PY", "proposed": "ours once", "support": "p 3"},
        {**JUDGED, "judgement": "low"},
    ]
    folder = small_review.write(tmp_path / "tea", sheets).parent
    old = (folder / "extraction.xlsx").read_bytes()
    read, _ = appraised(folder)
    assert (folder / "extraction.xlsx").read_bytes() == old
    rows = read.sheet("Quality")
    assert [dict(row.values) for row in rows[:2]] == sheets["Quality"]
    of_tool = [row for row in rows if row["design_id"] == "Frey2006-tr" and row["tool"] in ("RoB 2", "rob-2")]
    places = [place_of(tool("rob-2"), row) for row in of_tool]
    assert len(places) == len(set(places))
    assert ("D1", "1.1") in places
    main_tool = next(g for g in grade_all(read, PROTOCOL) if g.design_id == "Frey2006-tr").appraisals[0]
    assert (main_tool.domains[0].judgement, main_tool.domains[0].answers[1].answer) == ("low", "PY")


def test_a_second_run_adds_nothing_and_renews_what_nobody_touched(review):
    appraised(review)
    sheets = {name: [dict(row.values) for row in rows] for name, rows in appraised_rows(review).items()}
    first = next(i for i, row in enumerate(sheets["Quality"]) if "control_same_source: NR" in row.get("where", ""))
    design = next(d for d in sheets["Design"] if d["design_id"] == sheets["Quality"][first]["design_id"])
    design["control_same_source"] = "no"
    write_atomically(review / "extraction.xlsx", workbook_bytes(PROTOCOL, sheets))
    (review / "extraction-appraised.xlsx").unlink()
    again, said = appraised(review)
    assert "0 rows added" in said
    assert "renewed" in said
    row = again.sheet("Quality")[first]
    assert "control_same_source: no" in row["where"]
    assert row["proposed"] != sheets["Quality"][first]["proposed"]


def appraised_rows(folder):
    return read_workbook(folder / "extraction-appraised.xlsx", PROTOCOL.layout).rows


def test_tools_and_designs_may_be_chosen(review):
    read, _ = appraised(review, "--tool", "nos case control", "--stratum", "case_control")
    assert {row["tool"] for row in read.sheet("Quality")} == {"nos-case-control"}
    assert {row["design_id"] for row in read.sheet("Quality")} == {"Dunn2004-cc", "Earl2005-cc", "Gray2007-cc"}
    for option, name in (("--tool", "nos-case"), ("--stratum", "case-control")):
        refused = run("appraise", review, option, name, "--out", review / "other.xlsx")
        assert refused.exit_code == 2
        assert "did you mean" in refused.output
        assert not (review / "other.xlsx").exists()


def test_results_may_be_judged_one_by_one(review):
    read, _ = appraised(review, "--results")
    judged = {(row["tool"], row["effect_id"]) for row in read.sheet("Quality") if row["design_id"] == "Frey2006-tr"}
    assert ("rob-2", "Frey2006-tr-1") in judged
    assert ("rob-2", "") not in judged


def test_comparisons_outside_every_analysis_are_left_out_unless_asked_for(tmp_path):
    sheets = small_review.rows()
    for effect in sheets["Effects"]:
        if effect["effect_id"] == "Ames2001-pr-1":
            effect["flag"] = "exclude"
            effect["flag_reason"] = "another question"
    folder = small_review.write(tmp_path / "tea", sheets).parent
    some, _ = appraised(folder)
    assert "Ames2001-pr" not in {row["design_id"] for row in some.sheet("Quality")}
    (folder / "extraction-appraised.xlsx").unlink()
    every, _ = appraised(folder, "--all")
    assert "Ames2001-pr" in {row["design_id"] for row in every.sheet("Quality")}


def test_the_sheet_certainty_shows_each_step_with_its_reason(review):
    from metaan.terms.certainty import DOMAINS

    read, said = appraised(review, "--certainty")
    rows = read.sheet("Certainty")
    assert f"Certainty: {len(rows)} rows added" in said
    bodies = {(row["analysis"], row["stratum"]) for row in rows}
    assert bodies == {("tea-headache", "prospective"), ("tea-headache", "case_control"), ("tea-tiredness", "trial")}
    assert len(rows) == len(bodies) * len(DOMAINS)
    assert all(row["proposed"].partition(": ")[2] for row in rows)
    assert not any(row["decision"] for row in rows)
    shutil.move(review / "extraction-appraised.xlsx", review / "extraction.xlsx")
    assert not plan.read(plan.Review(review)).refused


def test_nothing_is_overwritten_and_errors_refuse(review):
    appraised(review)
    again = run("appraise", review)
    assert (again.exit_code, "already there" in again.output) == (2, True)
    sheets = small_review.rows()
    sheets["Quality"] = [{**JUDGED, "item": "9.9", "answer": "Y"}]
    write_atomically(review / "extraction.xlsx", workbook_bytes(PROTOCOL, sheets))
    refused = run("appraise", review, "--out", review / "new.xlsx")
    assert (refused.exit_code, '"9.9"' in refused.output) == (2, True)
    assert not (review / "new.xlsx").exists()


def test_the_same_workbook_gives_the_same_bytes(review):
    for name in ("one.xlsx", "two.xlsx"):
        assert run("appraise", review, "--certainty", "--out", review / name).exit_code == 0
    assert (review / "one.xlsx").read_bytes() == (review / "two.xlsx").read_bytes()


def test_a_question_says_when_it_is_asked_and_what_its_own_answers_mean(review):
    read, _ = appraised(review, "--tool", "rob-2", "--tool", "nos-case-control", "--tool", "quips")
    said = {(row["tool"], row["domain"], row["item"]): row["question"] for row in read.sheet("Quality")}
    assert said["rob-2", "Deviations from the intended treatment", "2.4"].endswith("(if 2.3 Y/PY)")
    assert said["rob-2", "Randomisation", "1.1"].endswith("random?")
    assert "; b: a hospital, or another population; c: not described" in said["nos-case-control", "Selection", "S3"]
    assert said["quips", "Attrition", ""].endswith("yours to choose, the tool has no rule for it")
    assert said["rob-2", "Randomisation", ""].endswith("by the tool's rules")


@pytest.mark.parametrize("after", [(), ("split", "-A"), ("template", "-updated")], ids=["appraise", "split", "update"])
def test_rows_offer_the_answers_of_their_tool(review, after):
    read, _ = appraised(review)
    path = review / "extraction-appraised.xlsx"
    if after:
        shutil.move(path, review / "extraction.xlsx")
        command, suffix = after
        path = review / f"extraction{suffix}.xlsx"
        options = ("--update",) if command == "template" else ()
        done = run(command, *options, review / "extraction.xlsx")
        assert done.exit_code == 0, done.output
        read = read_workbook(path, PROTOCOL.layout)
    rules = openpyxl.load_workbook(path)["Quality"].data_validations.dataValidation
    for row in read.sheet("Quality"):
        chosen = tool(row["tool"])
        domain, item = place_of(chosen, row)
        column = "H" if item else "I"
        (rule,) = [v for v in rules if f"{column}{row.number}" in v.sqref]
        if item:
            words = next(i for i in chosen.domain(domain).items if i.key == item).answers
        else:
            words = chosen.overall_judgements if domain == "overall" else chosen.judgements
        assert rule.formula1 == f'"{",".join(words)}"'
        assert not rule.showErrorMessage


@pytest.mark.libreoffice
def test_libreoffice_opens_it_and_keeps_every_cell(review, need, tmp_path):
    import subprocess

    read, _ = appraised(review, "--certainty")
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        [
            *(need("libreoffice"), f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"),
            *("--outdir", tmp_path / "saved", review / "extraction-appraised.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    saved = read_workbook(tmp_path / "saved" / "extraction-appraised.xlsx", PROTOCOL.layout)
    for sheet in ("Quality", "Certainty"):
        assert [dict(row.values) for row in saved.sheet(sheet)] == [dict(row.values) for row in read.sheet(sheet)]
