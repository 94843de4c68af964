"""Rows of two extractors brought together by meaning, their answers compared, and the decisions carried out."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_review
from metaan.workbook.columns import Column
from metaan.workbook.extractors.align import align, likeness
from metaan.workbook.extractors.answers import Verdict, answers, compare, more_precise
from metaan.workbook.extractors.consensus import consensus
from metaan.workbook.extractors.sheet import Decision, people
from metaan.workbook.extractors.split import EXTRACTED, split
from metaan.workbook.read import Extraction, Row

PROTOCOL = small_review.protocol()
LAYOUT = PROTOCOL.layout
NUMBER = Column(name="m1", kind="number", meaning="mean")
TEXT = Column(name="quote", kind="text", meaning="words")
DATE = Column(name="recruit_start", kind="date", meaning="first")


def book(sheets, name="A.xlsx"):
    """Return rows as the reader gives them."""
    letters = {sheet.name: {c.name: f"C{i}" for i, c in enumerate(sheet.columns)} for sheet in LAYOUT.sheets}
    rows = {
        sheet: tuple(
            Row(name, sheet, i, {k: v for k, v in row.items() if v}, letters[sheet]) for i, row in enumerate(found, 2)
        )
        for sheet, found in sheets.items()
    }
    return Extraction(name, rows, letters)


def row(sheets, sheet, name):
    key = LAYOUT.sheet(sheet).key
    return next(each for each in sheets[sheet] if each[key] == name)


def renamed(sheets):
    """Return the same rows under other names, as another person would give them."""
    sheets = copy.deepcopy(sheets)
    for each in sheets["Design"]:
        each["design_id"] = f"D{each['design_id']}"
    for each in sheets["Effects"]:
        each["design_id"] = f"D{each['design_id']}"
        each["effect_id"] = f"E{each['effect_id']}x"
    return sheets


def names(aligned, sheet):
    key = LAYOUT.sheet(sheet).key
    return {(a[key], b[key]) for a, b in aligned.sheets[sheet].pairs}


def test_rows_meet_by_meaning_whatever_they_are_called():
    a, b = book(small_review.rows()), book(renamed(small_review.rows()), "B.xlsx")
    found = align(a, b, LAYOUT)
    assert names(found, "Effects") == {(r["effect_id"], f"E{r['effect_id']}x") for r in a.sheet("Effects")}
    assert all(not each.only_a and not each.only_b for each in found.sheets.values())
    assert all(answer.verdict is Verdict.SAME for answer in answers(found, a, b, LAYOUT))


def test_a_name_given_to_another_row_misleads_nobody():
    """Two results of one study under swapped names: the marker and the numbers say which is which."""
    rows = small_review.rows()
    first = row(rows, "Effects", "Ames2001-pr-1")
    second = {**first, "effect_id": "Ames2001-pr-2", "subgroup": "students", "a_high_event": "3", "c_low_event": "1"}
    rows["Effects"].append(second)
    other = copy.deepcopy(rows)
    row(other, "Effects", "Ames2001-pr-1")["effect_id"] = "kept"
    row(other, "Effects", "Ames2001-pr-2")["effect_id"] = "Ames2001-pr-1"
    row(other, "Effects", "kept")["effect_id"] = "Ames2001-pr-2"
    found = align(book(rows), book(other), LAYOUT)
    assert {("Ames2001-pr-1", "Ames2001-pr-2"), ("Ames2001-pr-2", "Ames2001-pr-1")} <= names(found, "Effects")


def test_a_row_of_another_question_is_no_partner():
    rows, other = small_review.rows(), small_review.rows()
    missing = row(other, "Effects", "Ames2001-pr-1")
    missing |= {"outcome": "headache_history", "factor_kind": "treatment", "intervention": "tea", "form": "p_only"}
    missing |= {"priority": "secondary", "effect_kind": "benefit", "subgroup": "smokers", "p_value": "0.2"}
    for column in ("a_high_event", "b_high_none", "c_low_event", "d_low_none"):
        missing[column] = ""
    found = align(book(rows), book(other), LAYOUT).sheets["Effects"]
    assert [r["effect_id"] for r in found.only_a] == ["Ames2001-pr-1"]
    assert [r["effect_id"] for r in found.only_b] == ["Ames2001-pr-1"]


@settings(max_examples=25)
@given(
    st.randoms(use_true_random=False), st.sets(st.integers(0, 6), max_size=3), st.sets(st.integers(0, 6), max_size=3)
)
def test_order_of_rows_and_of_workbooks_does_not_matter(random, lost_a, lost_b):
    """Shuffled rows meet the same partners; a and b swapped give the same pairs; every row is accounted for."""
    one, two = small_review.rows(), renamed(small_review.rows())
    for sheets, lost in ((one, lost_a), (two, lost_b)):
        sheets["Effects"] = [each for i, each in enumerate(sheets["Effects"]) if i not in lost]
    pairs = names(align(book(one), book(two), LAYOUT), "Effects")
    assert {(b, a) for a, b in names(align(book(two), book(one), LAYOUT), "Effects")} == pairs
    for sheet in two:
        random.shuffle(two[sheet])
    found = align(book(one), book(two), LAYOUT)
    assert names(found, "Effects") == pairs
    for sheet, aligned in found.sheets.items():
        assert len(aligned.pairs) + len(aligned.only_a) == len(one.get(sheet, ()))
        assert len(aligned.pairs) + len(aligned.only_b) == len(two.get(sheet, ()))


def test_names_of_rows_that_only_b_has_are_free():
    rows, other = small_review.rows(), small_review.rows()
    rows["Effects"] = [each for each in rows["Effects"] if each["effect_id"] != "Bell2002-pr-1"]
    row(other, "Effects", "Bell2002-pr-1")["effect_id"] = "Ames2001-pr-1"
    other["Effects"] = [each for each in other["Effects"] if each["design_id"] != "Ames2001-pr"]
    found = align(book(rows), book(other), LAYOUT)
    assert found.name("Effects", "Ames2001-pr-1") == "Ames2001-pr-1-B"


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("3.46", "3.46", Verdict.SAME),
        ("3.460", "3.46", Verdict.SAME),
        ("3.5", "3.46", Verdict.ROUNDING),
        ("3.5", "3.45", Verdict.ROUNDING),
        ("3.5", "3.44", Verdict.BEYOND),
        ("3.46", "3.47", Verdict.ONE_PERCENT),
        ("12.4", "12.5", Verdict.ONE_PERCENT),
        ("12", "21", Verdict.BEYOND),
        ("0.4", "-0.4", Verdict.BEYOND),
        ("0", "0.01", Verdict.ROUNDING),
        ("", "12", Verdict.MISSING),
        ("NR", "12", Verdict.MISSING),
        ("NR", "", Verdict.MISSING),
    ],
)
def test_numbers_compare_with_the_decimals_they_were_typed_with(a, b, verdict):
    assert compare(a, b, NUMBER, "Effects") is verdict
    assert compare(b, a, NUMBER, "Effects") is verdict


def test_words_dates_and_free_text():
    assert compare("2008", "2008-03", DATE, "Studies") is Verdict.ROUNDING
    assert compare("2009", "2008-03", DATE, "Studies") is Verdict.BEYOND
    assert compare("Higher  in cases", "higher in cases", TEXT, "Effects") is Verdict.SAME
    assert compare("higher", "lower", TEXT, "Effects") is Verdict.TEXT
    assert compare("", "lower", TEXT, "Effects") is Verdict.TEXT
    answer = Column(name="answer", kind="text", meaning="answer")
    assert compare("PY", "PN", answer, "Quality") is Verdict.BEYOND


def test_a_decimal_comma_is_no_difference():
    rows, other = small_review.rows(), small_review.rows()
    row(rows, "Studies", "Ames2001")["age_mean"] = "34.50"
    row(other, "Studies", "Ames2001")["age_mean"] = "34,5"
    next(each for each in other["Review"] if each["key"] == "decimal_mark")["value"] = "comma"
    a, b = book(rows), book(other)
    found = {answer.column.name: answer for answer in answers(align(a, b, LAYOUT), a, b, LAYOUT)}
    assert (found["age_mean"].verdict, found["age_mean"].text_b) == (Verdict.SAME, "34.5")
    assert more_precise(found["age_mean"]) == "34.50"


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_symmetric_and_one_for_the_same(a, b):
    assert likeness(a, b) == likeness(b, a)
    assert 0 <= likeness(a, b) <= 1
    assert likeness(a, a.upper()) == pytest.approx(likeness(a.upper(), a))
    assert likeness(a, a) == 1


def test_both_halves_start_alike_and_hold_no_answer():
    rows = small_review.rows()
    both, held_back = split(book(rows, "lead.xlsx"), LAYOUT)
    a, b = both["A"], both["B"]
    assert {name: a[name] for name in a if name != "Review"} == {name: b[name] for name in b if name != "Review"}
    assert {each["key"]: each["value"] for each in b["Review"]}["workbook_role"] == "B"
    assert a["Reports"] == rows["Reports"]
    assert a["Studies"][0] == {"study_id": "Ames2001", "label": "Ames 2001", "year": "2001"}
    assert "a_high_event" not in a["Effects"][0]
    assert a["Effects"][0]["outcome"] == "headache"
    typed = sum(len([v for v in each.values() if v]) for name in EXTRACTED for each in rows.get(name, ()))
    assert held_back == typed - sum(len(each) for name in EXTRACTED for each in a[name])


def decided(choice, **more):
    given_ = {"final_value": "", "reason": "p 4", "decided_by": "JD+AB", "date": "2026-02-03", **more}
    return Decision(row=Row("", "", 0, {}, {}), priority=1, choice=choice, **given_)


def settle(rows, other, choose, minor=""):
    a, b = book(rows), book(other, "B.xlsx")
    alignment = align(a, b, LAYOUT)
    typed = {}
    for answer in answers(alignment, a, b, LAYOUT):
        if not answer.agreed and (choice := choose(answer.sheet, answer.column.name)):
            column = answer.column.name
            typed[answer.sheet, column, answer.a.cell(column), answer.b.cell(column)] = choice
    for sheet, aligned in alignment.sheets.items():
        for side, alone in enumerate((aligned.only_a, aligned.only_b)):
            for each in alone:
                where = (f"row {each.number}", "") if side == 0 else ("", f"row {each.number}")
                typed[sheet, "", *where] = choose(sheet, "")
    return consensus(a, b, alignment, LAYOUT, typed, minor)


def test_each_choice_does_what_it_says():
    rows, other = small_review.rows(), renamed(small_review.rows())
    for sheets, who in ((rows, "JD"), (other, "AB")):
        for each in sheets["Effects"]:
            each["extractor"] = who
    changed = row(other, "Effects", "EAmes2001-pr-1x")
    changed |= {"a_high_event": "21", "b_high_none": "79", "c_low_event": "9", "adjusted": "yes", "quote": "B's words"}
    changed |= {"src_ref": "Table 3"}
    choices = {
        "a_high_event": decided("B"),
        "b_high_none": decided("A"),
        "c_low_event": decided("other", final_value="10", decided_by="JD+XY"),
        "adjusted": decided("ask_author"),
    }
    made = settle(rows, other, lambda sheet, column: choices.get(column))
    effect = made.rows["Effects"][0]
    assert (effect["a_high_event"], effect["b_high_none"], effect["c_low_event"]) == ("21", "88", "10")
    assert (effect["adjusted"], effect["flag"]) == ("NR", "query_author")
    assert "adjusted" in effect["flag_reason"]
    assert (effect["quote"], effect["src_ref"]) == ("B's words", "Table 2")  # A blank; A's words where both have some
    assert (effect["effect_id"], effect["checked_by"], effect["checked_on"]) == ("Ames2001-pr-1", "JD+AB", "2026-02-03")
    assert effect["extractor"] == "JD+AB"
    logged = {each["column"]: each for each in made.rows["Log"]}
    assert logged["a_high_event"]["old"] == "12"
    assert logged["a_high_event"]["new"] == "21"
    assert logged["a_high_event"]["why"].startswith("p 4")
    assert logged["quote"]["who"] == "metaan"
    assert made.decided == {"discussion": 2, "third person": 1, "authors": 1, "rule": 2}


def test_rows_that_one_missed_are_kept_or_left_out_with_their_names():
    rows, other = small_review.rows(), renamed(small_review.rows())
    rows["Effects"] = [each for each in rows["Effects"] if each["effect_id"] != "Bell2002-pr-1"]
    other["Effects"] = [each for each in other["Effects"] if each["effect_id"] != "ECole2003-pr-1x"]
    kept = settle(rows, other, lambda sheet, column: decided("B"))
    ids = [each["effect_id"] for each in kept.rows["Effects"]]
    assert "EBell2002-pr-1x" in ids
    assert "Cole2003-pr-1" not in ids
    assert kept.left_out == (("Effects", "Cole2003-pr-1"),)
    new = next(each for each in kept.rows["Effects"] if each["effect_id"] == "EBell2002-pr-1x")
    assert new["design_id"] == "Bell2002-pr"  # A's name of the design
    assert kept.kept["Effects"] == 6


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 6), st.sampled_from(["a_high_event", "quote", "priority", "n_analysed"])),
        st.sampled_from(["", "7", "12", "secondary"]),
        max_size=6,
    ),
    st.sets(st.integers(0, 6), max_size=2),
    st.sampled_from(["A", "B"]),
)
def test_nothing_is_lost_on_the_way(changes, lost, choice):
    """Rows in A or B = rows in the consensus + rows decided away; every change of A's rows is in the Log."""
    rows, other = small_review.rows(), renamed(small_review.rows())
    for (i, column), text in changes.items():
        other["Effects"][i][column] = text
    other["Effects"] = [each for i, each in enumerate(other["Effects"]) if i not in lost]
    made = settle(rows, other, lambda sheet, column: decided(choice))
    for sheet in EXTRACTED:
        alignment = align(book(rows), book(other), LAYOUT).sheets[sheet]
        given_ = len(alignment.pairs) + len(alignment.only_a) + len(alignment.only_b)
        assert made.kept[sheet] + sum(name == sheet for name, _ in made.left_out) == given_
    logged = {(each["row_id"], each["column"]): each["new"] for each in made.rows["Log"]}
    after = {each["effect_id"]: each for each in made.rows["Effects"]}
    own = {"extractor", "checked_by", "checked_on"}
    for before in rows["Effects"]:
        name = before["effect_id"]
        for column in {*before, *after.get(name, {})} - own if name in after else ():
            old, new = before.get(column, ""), after[name].get(column, "")
            assert old == new or logged[name, column] == (new or "(blank)")


@pytest.mark.parametrize("text", ["JD+AB", "JD, AB", "JD; AB", "JD and AB", "JD/AB", "JD & AB"])
def test_people_are_told_apart(text):
    assert people(text) == ["JD", "AB"]
    assert people("NR") == []
