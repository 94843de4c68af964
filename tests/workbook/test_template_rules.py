"""The colours of cells, evaluated: what is missing, what is wrong, what the form does not need."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import small_review
from formula import FUNCTIONS, functions, holds
from metaan.terms.resources import schema
from metaan.workbook.forms import FORMS
from metaan.workbook.grid import letters
from metaan.workbook.layout import layout
from metaan.workbook.template_rules import LONGEST, chosen_by_form, rules
from metaan.workbook.values import parse_number

LAYOUT = layout(
    {name: {"w": "w"} for name in schema("protocol")["properties"]["lists"]["properties"]},
    {"age": "age"},
    ["parity_handling"],
)
EFFECTS = LAYOUT.sheet("Effects")
RULES = {
    (sheet.name, column.name): rules(sheet, column, 451)
    for sheet in LAYOUT.sheets
    if sheet.name != "Review"
    for column in sheet.columns
}
NUMBERS = [column.name for column in EFFECTS.columns if chosen_by_form(EFFECTS, column)]


def shown(sheet, column, row):
    """Return the state of a cell in a row {column: text}; empty where it is as it should be."""
    places = {c.name: f"{letters(i)}2" for i, c in enumerate(LAYOUT.sheet(sheet).columns, 1)}
    cells = {places[name]: text for name, text in row.items()}
    return next((rule.state for rule in RULES[sheet, column] if holds(rule.formula, cells)), "")


def test_rules_use_only_what_the_programs_share():
    for found in RULES.values():
        for rule in found:
            assert len(rule.formula) <= LONGEST
            assert functions(rule.formula) <= FUNCTIONS
            assert not re.search(r"[!{]", re.sub(r'"[^"]*"', "", rule.formula))
        order = [rule.state for rule in found]
        assert order == sorted(order, key=("missing", "wrong", "unneeded").index)


@pytest.mark.parametrize("form", FORMS)
def test_a_cell_is_hatched_when_and_only_when_the_form_does_not_use_it(form):
    hatched = {name for name in NUMBERS if shown("Effects", name, {"form": form}) == "unneeded"}
    assert hatched == set(NUMBERS) - FORMS[form].columns


def test_nothing_is_hatched_before_a_form_is_chosen():
    assert not [name for name in NUMBERS if shown("Effects", name, {"effect_id": "Ames2001-1"})]


@given(st.data())
def test_the_numbers_show_something_missing_when_and_only_when_the_form_is_incomplete(data):
    form = FORMS[data.draw(st.sampled_from(sorted(FORMS)))]
    filled = data.draw(st.sets(st.sampled_from(sorted(form.columns))))
    row = {"form": form.name, **dict.fromkeys(filled, "1")}
    missing = {name for name in NUMBERS if shown("Effects", name, row) == "missing"}
    groups = [set(group) <= filled for group in form.one_of]
    complete = set(form.required) <= filled and (not groups or any(groups))
    assert bool(missing) != complete
    assert set(form.required) - filled <= missing <= form.columns - filled


def test_of_several_ways_the_one_begun_is_asked_for():
    row = {"form": "ratio", "est": "1.5", "scale": "OR"}
    asked = {name for name in NUMBERS if shown("Effects", name, row) == "missing"}
    assert asked == {"ci_low", "ci_high", "ci_level"}
    asked = {name for name in NUMBERS if shown("Effects", name, {**row, "p_value": "0.03"}) == "missing"}
    assert asked == {"p_cmp"}
    assert not {name for name in NUMBERS if shown("Effects", name, {**row, "se_log": "0.2"}) == "missing"}


@pytest.mark.parametrize(
    ("row", "column", "missing"),
    [
        ({"design_id": "Ames2001-pr"}, "effect_id", True),
        ({}, "effect_id", False),
        ({"effect_id": "x", "src_ref": "  "}, "src_ref", True),
        ({"effect_id": "x", "src_ref": "NR"}, "src_ref", False),
        ({"factor_kind": "marker"}, "marker", True),
        ({"factor_kind": "treatment"}, "marker", False),
        ({"derived": "calculated"}, "derivation_note", True),
        ({"derived": "as_reported"}, "derivation_note", False),
        ({"effect_id": "x"}, "derivation_note", False),
    ],
)
def test_required_cells_show_that_they_are_missing(row, column, missing):
    assert (shown("Effects", column, row) == "missing") is missing


TYPED = ("5-10", "1/2", "3,5", "45%", "TRUE", "=1+1", " 12", "12 ", "1 2", "<0.001", "12±3", "12 (60%)", "~5", "5–10")
TYPED += ("1.2.3", "12:30", "n.s.", "?", "1,234", "(5)", "--5", "5-", "nr", "NaN", "1e", "abc")


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize("column", ["a_high_event", "m1", "p_value", "diff"])
def test_what_is_not_exactly_one_number_looks_wrong(column, text):
    assert shown("Effects", column, {column: text}) == "wrong"


@pytest.mark.parametrize(
    ("column", "text", "state"),
    [
        *(
            (column, text, "")
            for column in ("m1", "diff", "t")
            for text in ("12", "12.40", "-3.5", "1e5", "1E-5", ".5")
        ),
        *((column, text, "") for column in ("a_high_event", "n1") for text in ("0", "007", "12", "+3", "NR", "NA")),
        ("a_high_event", "12.5", "wrong"),
        ("a_high_event", "-1", "wrong"),
        ("sd1", "-0.4", "wrong"),
        ("diff", "-0.4", ""),
        ("pct_1", "101", "wrong"),
        ("pct_1", "99.5", ""),
        ("p_value", "45", "wrong"),
        ("ci_level", "0.95", "wrong"),
        ("ci_level", "95", ""),
        ("extracted_on", "2026-11-22", ""),
        ("extracted_on", "2026-11", ""),
        ("extracted_on", "2026", ""),
        ("extracted_on", "22/11/2026", "wrong"),
        ("extracted_on", "22-11-2026", "wrong"),
        ("extracted_on", "46024", "wrong"),
        ("extracted_on", "Nov 2026", "wrong"),
        ("effect_id", "Ames2001-pr-1", ""),
        ("effect_id", "2001-1", "wrong"),
        ("effect_id", "Ames 2001", "wrong"),
        ("form", "means ", "wrong"),
        ("notes", " said 5-10, 45% ", ""),
    ],
)
def test_what_looks_wrong(column, text, state):
    others = {c.name: "x" for c in EFFECTS.columns if c.required is True and c.name != column}
    others.pop("form", None)
    assert shown("Effects", column, {**others, column: text}) == state


def test_a_name_given_twice_looks_wrong():
    (rule,) = [r for r in RULES["Studies", "study_id"] if r.state == "wrong" and "COUNTIF" in r.formula]
    assert holds(rule.formula, {"A2": "Ames2001", "A7": "ames2001"})
    assert not holds(rule.formula, {"A2": "Ames2001", "A7": "Bell2002"})


@pytest.mark.parametrize(
    ("column", "right", "wrong"),
    [("doi", "10.1093/humrep/det117", "https://doi.org/10.1/x"), ("pmid", "123", "PMC123"), ("url", "https://x", "x")],
)
def test_text_with_a_fixed_start_looks_wrong_without_it(column, right, wrong):
    assert shown("Reports", column, {column: right}) == ""
    assert shown("Reports", column, {column: wrong}) == "wrong"


@given(st.text(alphabet="0123456789.,-+eE%/:() <±–xN", min_size=1, max_size=8), st.sampled_from(["point", "comma"]))
def test_no_text_that_the_checks_refuse_as_a_number_goes_unseen(text, mark):
    column = EFFECTS.column("diff")
    place = f"{letters([c.name for c in EFFECTS.columns].index('diff') + 1)}2"
    formulas = [r.formula for r in rules(EFFECTS, column, 451, mark) if r.state == "wrong"]
    red = any(holds(formula, {place: text}) for formula in formulas)
    if parse_number(text, mark) is None:
        assert red or "e" in text.lower()  # numbers too large for any review
    elif text == text.strip():
        assert not red


def test_the_decimal_mark_of_the_review_decides_what_looks_wrong():
    protocol = small_review.protocol()
    sheet = protocol.layout.sheet("Effects")
    column = sheet.column("m1")
    place = f"{letters([c.name for c in sheet.columns].index('m1') + 1)}2"
    for mark, right, wrong in (("point", "3.5", "3,5"), ("comma", "3,5", "3.5")):
        formulas = [r.formula for r in rules(sheet, column, 451, mark) if r.state == "wrong"]
        assert any(holds(formula, {place: wrong}) for formula in formulas)
        assert not any(holds(formula, {place: right}) for formula in formulas)
