"""metaan split, compare and consensus, from the lead's workbook to the report's sentence."""

import copy
import itertools
import json

import jsonschema
import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.utils import get_column_letter

import small_review
from formula import holds
from metaan import plan
from metaan.checks.check import check
from metaan.cli import main
from metaan.files import write_atomically
from metaan.terms import resources
from metaan.terms.finding import BadInput, errors
from metaan.workbook.extractors.answers import Verdict
from metaan.workbook.extractors.consensus import needs_decision
from metaan.workbook.extractors.record import read_agreement
from metaan.workbook.extractors.sheet import SHEET, Discrepancy
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes

PROTOCOL = small_review.protocol()
COLUMNS = [column.name for column in SHEET.columns]


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def row(sheets, sheet, name):
    key = PROTOCOL.layout.sheet(sheet).key
    return next(each for each in sheets[sheet] if each[key] == name)


def extraction(role, who, change=lambda sheets: None):
    """Return the small review as one of two people typed it."""
    sheets = copy.deepcopy(small_review.rows())
    review = {each["key"]: each for each in sheets["Review"]}
    review["workbook_role"]["value"] = role
    sheets["Review"].append({"key": "extractor", "value": who})
    for each in sheets["Effects"]:
        each["extractor"] = who
    change(sheets)
    return sheets


def a_changes(sheets):
    sheets["Effects"] = [each for each in sheets["Effects"] if each["effect_id"] != "Cole2003-pr-1"]


def b_changes(sheets):
    for each in sheets["Effects"]:
        each["effect_id"] = each["effect_id"] + "-mine"
    row(sheets, "Effects", "Dunn2004-cc-1-mine")["a_high_event"] = "3"
    row(sheets, "Effects", "Ames2001-pr-1-mine")["quote"] = "more headache"
    row(sheets, "Design", "Bell2002-pr")["sampled_before_outcome"] = "no"
    row(sheets, "Design", "Earl2005-cc")["state_same"] = "partly"


@pytest.fixture
def pair(tmp_path):
    """Return the folder of a review with two extractions that differ in six places."""
    small_review.write(tmp_path)
    (tmp_path / "extraction.xlsx").unlink()
    for name, role, who, change in (("A", "A", "JD", a_changes), ("B", "B", "AB", b_changes)):
        write_atomically(tmp_path / f"{name}.xlsx", workbook_bytes(PROTOCOL, extraction(role, who, change)))
    return tmp_path


def compared(folder):
    done = run("compare", folder / "A.xlsx", folder / "B.xlsx")
    assert done.exit_code == 0, done.output
    return done.output


def listed(folder):
    page = openpyxl.load_workbook(folder / "discrepancies.xlsx")["Discrepancies"]
    return [dict(zip(COLUMNS, (v or "" for v in line), strict=True)) for line in page.iter_rows(2, values_only=True)]


def decide(folder, choose, name="decided.xlsx"):
    """Type decisions as people would; `choose` gets a row of the sheet and returns what to type."""
    book = openpyxl.load_workbook(folder / "discrepancies.xlsx")
    page = book["Discrepancies"]
    for number, line in enumerate(listed(folder), 2):
        for column, text in choose(line).items():
            page.cell(number, COLUMNS.index(column) + 1).value = text
    book.save(folder / name)
    return folder / name


def all_for(choice):
    return lambda line: {"decision": choice, "reason": "Table 2", "decided_by": "JD+AB", "date": "2026-02-03"}


def consensus(folder, decided, *more):
    return run("consensus", folder / "A.xlsx", folder / "B.xlsx", decided, *more)


def test_split_starts_both_alike_and_overwrites_nothing(tmp_path):
    lead = small_review.write(tmp_path)
    before = lead.read_bytes()
    done = run("split", lead)
    assert done.exit_code == 0, done.output
    assert "held back" in done.output
    books = [read_workbook(tmp_path / f"extraction-{role}.xlsx", PROTOCOL.layout) for role in "AB"]
    assert [each.review()["workbook_role"] for each in books] == ["A", "B"]
    assert all(each.sheet("Effects")[0]["outcome"] == "headache" for each in books)
    assert all("a_high_event" not in r.values for each in books for r in each.sheet("Effects"))
    assert lead.read_bytes() == before
    again = run("split", lead)
    assert again.exit_code == 2
    assert "already there" in again.output
    elsewhere = run("split", lead, "--out", tmp_path / "new")
    assert elsewhere.exit_code == 0
    assert (tmp_path / "new" / "protocol.yaml").read_bytes() == (tmp_path / "protocol.yaml").read_bytes()


def test_compare_puts_missed_rows_first_and_says_what_each_difference_does(pair):
    said = compared(pair)
    assert "A = JD, B = AB" in said
    assert "6 rows in both, 0 only in A, 1 only in B" in said
    lines = listed(pair)
    assert [(line["row"], line["column"]) for line in lines] == [
        ("Cole2003-pr-1-mine", ""),
        ("Dunn2004-cc-1", "a_high_event"),
        ("Bell2002-pr", "sampled_before_outcome"),
        ("Earl2005-cc", "state_same"),
        ("Ames2001-pr-1", "quote"),
    ]
    assert [line["priority"] for line in lines] == ["1", "1", "1", "3", "3"]
    dunn = lines[1]  # 30 of 48 against 20 of 52 is 2.67; 3 of 21 against 20 of 52 is 0.27
    assert dunn["effect"].startswith("odds ratio 2.67 (1.19 to 5.99) becomes 0.27 (0.07 to 1.02)")
    assert "Tea and headache, case-control: odds ratio" in dunn["pooled"]
    assert dunn["value_a"] == "30"
    assert lines[2]["effect"] == "prospective becomes cross-sectional"
    record = read_agreement(pair / "agreement.json")
    jsonschema.Draft202012Validator.check_schema(resources.schema("agreement"))
    assert record["missed"]["Effects"] == {"only_a": 0, "only_b": 1, "both": 6}
    assert record["differences"] == {"1": 3, "2": 0, "3": 2}
    assert record["to_decide"] == 4
    overall = record["agreement"]["overall"]
    assert overall["n"] - overall["agree"] == 3  # free text and missed rows are not counted
    assert run("compare", pair / "A.xlsx", pair / "B.xlsx").exit_code == 2  # decisions are never overwritten


def test_a_row_that_no_analysis_pools_is_weighed_by_itself(tmp_path):
    small_review.write(tmp_path)
    for role, spread, scale in (("A", "sd", "OR"), ("B", "se", "RR")):

        def change(sheets, spread=spread, scale=scale):
            known = row(sheets, "Effects", "Ames2001-pr-1")
            plain = {name: text for name, text in known.items() if name[1:2] != "_"}
            means = {"n1": "20", "m1": "3.1", "sd1": "0.9", "n2": "180", "m2": "2.8", "sd2": "1.1"}
            more = {"priority": "secondary", "form": "means", "spread_type": spread, **means}
            sheets["Effects"].append({**plain, **more, "effect_id": "Ames2001-pr-2"})
            ratio = {"est": "2.02", "ci_low": "0.92", "ci_high": "4.45", "ci_level": "95", "scale": scale}
            sheets["Effects"].append({**plain, **ratio, "form": "ratio", "priority": "secondary", "subgroup": "women"})
            sheets["Effects"][-1].update({"effect_id": "Ames2001-pr-3", "outcome": "headache_history"})

        write_atomically(tmp_path / f"{role}.xlsx", workbook_bytes(PROTOCOL, extraction(role, role * 2, change)))
    compared(tmp_path)
    spread = next(line for line in listed(tmp_path) if line["column"] == "spread_type")
    assert spread["priority"] == "2"
    # 0.3 / 1.0824 and 0.3 / 14.09 (SDs of 0.9 √20 = 4.02 and 1.1 √180 = 14.76), times J(198) = 0.9962
    assert spread["effect"].startswith("standardised mean difference 0.28 (−0.19 to 0.74) becomes 0.02 (")
    scale = next(line for line in listed(tmp_path) if line["column"] == "scale")
    assert scale["priority"] == "1"
    assert scale["effect"].startswith("odds ratio 2.02 (0.92 to 4.4")
    assert "becomes risk ratio 2.02" in scale["effect"]


def test_yellow_stands_where_a_decision_is_needed(pair):
    compared(pair)
    page = openpyxl.load_workbook(pair / "discrepancies.xlsx")["Discrepancies"]
    column = {name: get_column_letter(i) for i, name in enumerate(COLUMNS, 1)}
    (rule,) = next(
        rules.rules for rules in page.conditional_formatting if str(rules.sqref).startswith(f"{column['decision']}2")
    )
    blank = {"sheet": "Effects", "column": "x", "row": "r", "study": "s", "effect": "", "pooled": ""}
    blank |= dict.fromkeys(("value_a", "where_a", "value_b", "where_b"), "x")
    words = [*(verdict.value for verdict in Verdict), "only A has this row", "only B has this row"]
    for priority, differs in itertools.product((1, 2, 3), words):
        scored = differs != Verdict.TEXT and not (differs.startswith("only") and priority == 3)
        each = Discrepancy(**blank, differs=differs, scored=scored, priority=priority)
        cells = {f"{column['priority']}2": str(priority), f"{column['differs']}2": differs}
        assert holds(rule.formula[0], cells) == needs_decision(each), (priority, differs)
        assert not holds(rule.formula[0], {**cells, f"{column['decision']}2": "A"})


def test_one_person_named_in_both_workbooks_is_told(pair):
    assert "both workbooks name" not in compared(pair)
    write_atomically(pair / "B.xlsx", workbook_bytes(PROTOCOL, extraction("B", "JD")))
    (pair / "discrepancies.xlsx").unlink()
    assert "both workbooks name JD as extractor" in compared(pair)


def test_the_record_of_a_consensus_is_not_overwritten(pair):
    compared(pair)
    assert consensus(pair, decide(pair, all_for("A"))).exit_code == 0
    (pair / "discrepancies.xlsx").unlink()
    before = (pair / "agreement.json").read_bytes()
    done = run("compare", pair / "A.xlsx", pair / "B.xlsx")
    assert (done.exit_code, "the record of a consensus" in done.output) == (2, True)
    assert (pair / "agreement.json").read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [("split", "no.xlsx"), ("compare", "A.xlsx", "no.xlsx"), ("consensus", "A.xlsx", "B.xlsx", "no.xlsx")]
)
def test_a_file_that_is_not_there_is_named(pair, monkeypatch, arguments):
    monkeypatch.chdir(pair)
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("no.xlsx\n  found     no such file")


def test_a_protocol_that_is_not_there_may_be_named(pair, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("A.xlsx", "B.xlsx"):
        (elsewhere / name).write_bytes((pair / name).read_bytes())
    refused = run("compare", elsewhere / "A.xlsx", elsewhere / "B.xlsx")
    assert (refused.exit_code, "--protocol" in refused.stderr) == (2, True)
    done = run("compare", elsewhere / "A.xlsx", elsewhere / "B.xlsx", "--protocol", pair / "protocol.yaml")
    assert done.exit_code == 0, done.output


def test_the_same_two_workbooks_give_the_same_bytes(pair):
    compared(pair)
    one = [(pair / name).read_bytes() for name in ("discrepancies.xlsx", "agreement.json")]
    (pair / "discrepancies.xlsx").unlink()
    done = run("compare", pair / "B.xlsx", pair / "A.xlsx")  # the other way round: roles say which is which
    assert done.exit_code == 0
    assert [(pair / name).read_bytes() for name in ("discrepancies.xlsx", "agreement.json")] == one


def test_errors_in_either_workbook_refuse_both(pair):
    def wrong(sheets):
        row(sheets, "Effects", "Ames2001-pr-1")["a_high_event"] = "12±3"

    write_atomically(pair / "B.xlsx", workbook_bytes(PROTOCOL, extraction("B", "AB", wrong)))
    done = run("compare", pair / "A.xlsx", pair / "B.xlsx")
    assert done.exit_code == 2
    assert "B.xlsx: 7 comparisons; 1 error" in done.output
    assert "12±3" in done.output
    assert not (pair / "discrepancies.xlsx").exists()


def test_one_workbook_twice_is_refused(pair):
    write_atomically(pair / "B.xlsx", workbook_bytes(PROTOCOL, extraction("A", "AB")))
    for other in ("A.xlsx", "B.xlsx"):
        done = run("compare", pair / "A.xlsx", pair / other)
        assert done.exit_code == 2
        assert "one A and one B" in done.output


def test_consensus_refuses_while_a_difference_is_open(pair):
    compared(pair)
    open_one = decide(pair, lambda line: all_for("A")(line) if line["row"] != "Bell2002-pr" else {})
    done = consensus(pair, open_one)
    assert done.exit_code == 2
    assert 'decided.xlsx > sheet "Discrepancies" > cell M4 (Design, Bell2002-pr, sampled_before_outcome)' in done.output
    assert done.output.count("no decision") == 1
    assert not (pair / "consensus.xlsx").exists()


def test_minor_differences_may_stay_open_if_somebody_says_whose_answer_stands(pair):
    compared(pair)
    serious = decide(pair, lambda line: all_for("A")(line) if line["priority"] != "3" else {})
    refused = consensus(pair, serious)
    assert refused.exit_code == 2
    assert "Earl2005-cc" in refused.output
    done = consensus(pair, serious, "--minor", "B")
    assert done.exit_code == 0, done.output
    made = read_workbook(pair / "consensus.xlsx", PROTOCOL.layout)
    assert made.by_key("Design", "design_id")["Earl2005-cc"]["state_same"] == "partly"
    log = [each["why"] for each in made.sheet("Log") if each["row_id"] == "Earl2005-cc"]
    assert log[0].startswith("of priority 3, not decided: the answer of B kept")
    (quote,) = [each for each in made.sheet("Log") if each["column"] == "quote"]
    assert (quote["old"], quote["new"]) == ("(blank)", "more headache")
    assert quote["why"].startswith("only B wrote something: kept")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"decision": "b"}, "cell M"),
        ({"date": "3 Feb"}, "cell Q"),
        ({"decided_by": ""}, "cell P"),
        ({"reason": ""}, "no reason"),
        ({"decision": "other", "final_value": ""}, "cell N"),
    ],
)
def test_a_decision_that_lacks_something_is_named_with_its_cell(pair, typed, said):
    compared(pair)
    done = consensus(pair, decide(pair, lambda line: all_for("A")(line) | (typed if line["priority"] == "1" else {})))
    assert done.exit_code == 2
    assert said in done.output


def test_decisions_about_other_workbooks_are_refused(pair):
    compared(pair)
    decided = decide(pair, all_for("A"))
    write_atomically(pair / "A.xlsx", workbook_bytes(PROTOCOL, extraction("A", "JD")))
    done = consensus(pair, decided)
    assert done.exit_code == 2
    assert "has changed since it was compared" in done.output


def test_a_row_deleted_from_the_list_is_still_asked_for(pair):
    compared(pair)
    decided = decide(pair, all_for("A"))
    book = openpyxl.load_workbook(decided)
    book["Discrepancies"].delete_rows(3)
    book.save(decided)
    done = consensus(pair, decided)
    assert done.exit_code == 2
    assert "no row for this difference" in done.output


def test_consensus_passes_the_checks_and_the_report_can_quote_it(pair):
    compared(pair)

    def choose(line):
        more = {"a_high_event": {"decision": "other", "final_value": "29", "decided_by": "JD+XY"}}
        return all_for("B")(line) | more.get(line["column"], {})

    done = consensus(pair, decide(pair, choose))
    assert done.exit_code == 0, done.output
    made = read_workbook(pair / "consensus.xlsx", PROTOCOL.layout)
    assert not errors(check(made, PROTOCOL))
    assert made.review()["workbook_role"] == "consensus"
    assert made.review()["extractor"] == "JD+AB"
    effects = made.by_key("Effects", "effect_id")
    assert len(effects) == 7
    assert effects["Dunn2004-cc-1"]["a_high_event"] == "29"
    assert effects["Ames2001-pr-1"]["extractor"] == "JD+AB"
    assert made.by_key("Design", "design_id")["Bell2002-pr"]["sampled_before_outcome"] == "no"
    log = {(each["row_id"], each["column"]): each for each in made.sheet("Log")}
    assert (log["Dunn2004-cc-1", "a_high_event"]["old"], log["Dunn2004-cc-1", "a_high_event"]["new"]) == ("30", "29")
    assert log["Bell2002-pr", "sampled_before_outcome"]["date"] == "2026-02-03"
    record = json.loads((pair / "agreement.json").read_text(encoding="utf-8"))
    assert record["settled"] == {"discussion": 4, "third person": 1, "authors": 0, "rule": 0}
    assert record["rows"]


def test_asking_the_authors_leaves_nr_and_marks_the_row(pair):
    compared(pair)

    def choose(line):
        return all_for("ask_author" if line["column"] == "a_high_event" else "A")(line)

    done = consensus(pair, decide(pair, choose))
    assert done.exit_code == 0, done.output
    dunn = read_workbook(pair / "consensus.xlsx", PROTOCOL.layout).by_key("Effects", "effect_id")["Dunn2004-cc-1"]
    assert (dunn["a_high_event"], dunn["flag"]) == ("NR", "query_author")
    assert "a_high_event" in dunn["flag_reason"]
    (pair / "consensus.xlsx").rename(pair / "extraction.xlsx")
    loaded = plan.read(plan.Review(pair))
    assert not loaded.refused
    assert "FORM" in {each.id for each in loaded.findings}


def test_a_row_kept_without_the_row_it_belongs_to_is_refused(tmp_path):
    small_review.write(tmp_path)
    (tmp_path / "extraction.xlsx").unlink()

    def without(sheets):
        sheets["Design"] = [each for each in sheets["Design"] if each["design_id"] != "Cole2003-pr"]
        sheets["Effects"] = [each for each in sheets["Effects"] if each["effect_id"] != "Cole2003-pr-1"]

    write_atomically(tmp_path / "A.xlsx", workbook_bytes(PROTOCOL, extraction("A", "JD")))
    write_atomically(tmp_path / "B.xlsx", workbook_bytes(PROTOCOL, extraction("B", "AB", without)))
    compared(tmp_path)
    done = consensus(tmp_path, decide(tmp_path, lambda line: all_for("A" if line["sheet"] == "Effects" else "B")(line)))
    assert done.exit_code == 2
    assert 'of "Cole2003-pr" on the sheet Design, which was left out' in done.output


def test_the_workbook_of_one_of_two_is_not_pooled(pair):
    (pair / "A.xlsx").rename(pair / "extraction.xlsx")
    refused = plan.read(plan.Review(pair)).refused
    assert [each.id for each in refused] == ["S06"]
    assert refused[0].origin.sheet == "Review"


@pytest.mark.parametrize("text", ["{", "{}", '{"extractors": ["JD"]}'])
def test_an_agreement_file_that_cannot_be_used_says_so(tmp_path, text):
    small_review.write(tmp_path)
    (tmp_path / "agreement.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"agreement\.json"):
        read_agreement(tmp_path / "agreement.json")
    assert "FILE" in {each.id for each in plan.read(plan.Review(tmp_path)).refused}
    assert read_agreement(tmp_path / "none.json") is None
