"""The engine that applies quality tools, the tools' data, and a team's own tool."""

from itertools import product

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.design import tool as tools
from metaan.design.appraise import tool_id
from metaan.design.conditions import CASE_CONTROL, PROSPECTIVE
from metaan.design.grade import grade_all
from metaan.design.judge import asked, first, holds, judge_domain, stars_of
from metaan.design.tool import Count, When, parse_tool
from metaan.files import write_atomically
from metaan.terms import resources
from metaan.terms.finding import BadInput
from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED
from metaan.workbook.design_sheet import design_sheet
from metaan.workbook.protocol import own_tool_files, read_protocol
from metaan.workbook.read import read_workbook
from metaan.workbook.sheets import SHEETS
from metaan.workbook.tool_faults import tool_faults
from metaan.workbook.words import CORE_LISTS

# --- three values


def when(**parts):
    return When(among={key: tuple(value) for key, value in parts.items()})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"a": "Y", "b": "Y"}, True),
        ({"a": "Y", "b": "N"}, False),
        ({"a": "Y"}, None),
        ({"a": "N"}, False),  # whatever b is
        ({}, None),
        ({"a": "", "b": "N"}, False),
        ({"a": "NI", "b": "Y"}, False),  # no information is an answer, and not this one
    ],
)
def test_every_part_of_a_condition_must_hold(answers, expected):
    assert holds(when(a="Y", b="Y"), answers) is expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [({"a": "Y"}, True), ({"a": "N"}, None), ({"a": "N", "b": "N"}, False), ({"b": "Y"}, True), ({}, None)],
)
def test_one_of_several_must_hold(answers, expected):
    assert holds(When(among={}, any=(when(a="Y"), when(b="Y"))), answers) is expected


@given(st.data())
def test_an_unknown_answer_decides_nothing_that_every_answer_would_not(data):
    keys, words = ["a", "b", "c"], ["Y", "N", "NI"]
    conditions = st.deferred(
        lambda: st.builds(When, among=parts, any=st.lists(st.builds(When, among=parts), max_size=2))
    )
    parts = st.dictionaries(st.sampled_from(keys), st.lists(st.sampled_from(words), min_size=1).map(tuple), max_size=2)
    condition = data.draw(conditions)
    known = data.draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(words), max_size=2))
    hidden = [key for key in keys if key not in known]
    outcomes = {
        holds(condition, {**known, **dict(zip(hidden, c, strict=True))}) for c in product(words, repeat=len(hidden))
    }
    held = holds(condition, known)
    assert None not in outcomes
    assert held is None or outcomes == {held}


@pytest.mark.parametrize(
    ("at_least", "answers", "expected"),
    [
        (2, ["Y", "Y", "N"], True),
        (2, ["Y", "", "N"], None),
        (2, ["Y", "N", "N"], False),
        (2, ["Y", "Y", ""], True),
        ("all", ["Y", "Y", "Y"], True),
        ("all", ["Y", "Y", ""], None),
        ("all", ["Y", "", "N"], False),
        ("most", ["Y", "Y", "N"], True),
        ("most", ["Y", "N", ""], None),
        ("most", ["Y", "N", "N"], False),
        ("most", ["Y", "Y", "N", "N"], False),  # half is not most
        ("all", ["Y", "not asked", "Y"], True),
        ("most", ["Y", "not asked", "N"], False),
        (2, ["Y", "not asked", ""], None),
    ],
)
def test_counts(at_least, answers, expected):
    keys = [f"q{i}" for i in range(len(answers))]
    condition = When(among={}, count=Count(of=(), among=("Y",), at_least=at_least))
    assert holds(condition, dict(zip(keys, answers, strict=True)), keys) is expected


def test_a_count_of_some_questions_leaves_the_others_out():
    condition = When(among={}, count=Count(of=("a", "b"), among=("Y",), at_least="all"))
    assert holds(condition, {"a": "Y", "b": "Y", "c": "N"}, ["a", "b", "c"]) is True


# --- a made-up tool

TEA = {
    "id": "tea-scale",
    "name": "Tea scale",
    "made_for": "comparisons of tea",
    "source": "made up for this test",
    "strata": ["prospective"],
    "unit": "design",
    "answers": {"Y": "yes", "N": "no", "NI": "no information"},
    "judgements": {
        "fine": {"label": "Fine", "level": "low"},
        "weak": {"label": "Weak", "level": "some"},
        "spoilt": {"label": "Spoilt", "level": "high"},
    },
    "domains": [
        {
            "key": "cup",
            "label": "The cup",
            "items": [
                {"key": "1", "question": "Was there a cup?"},
                {"key": "2", "question": "Was it clean?", "only_if": {"1": ["Y"]}},
                {"key": "3", "question": "Was it warm?", "only_if": {"2": ["Y"]}},
            ],
            "parts": [
                [{"when": {"1": ["N", "NI"]}, "then": "spoilt"}, {"then": "fine"}],
                [{"when": {"2": ["N"]}, "then": "weak"}, {"when": {"3": ["N"]}, "then": "weak"}, {"then": "fine"}],
            ],
        },
        {
            "key": "leaf",
            "label": "The leaf",
            "most_stars": 2,
            "items": [
                {"key": "a", "question": "Green?", "stars": {"Y": 1}},
                {"key": "b", "question": "Fresh?", "stars": {"Y": 1}},
                {"key": "c", "question": "Whole?", "stars": {"Y": 1}},
                {
                    "key": "d",
                    "question": "Measured before?",
                    "from": [{"fact": "sampled_before_outcome", "among": ["yes"], "answer": "Y"}],
                },
            ],
            "rules": [
                {"when": {"stars": {"leaf": 2}}, "then": "fine"},
                {"when": {"d": ["Y"]}, "between": ["fine", "weak"], "decide": "taste it"},
                {"then": "spoilt"},
            ],
        },
    ],
    "overall": {
        "rules": [
            {"when": {"count": {"in": ["spoilt"], "at_least": 1}}, "then": "spoilt"},
            {"when": {"count": {"in": ["fine"], "at_least": "all"}}, "then": "fine"},
            {"then": "weak"},
        ]
    },
}
ORDER = ["fine", "weak", "spoilt"]


def tea(key):
    return parse_tool(TEA).domain(key)


@pytest.mark.parametrize(
    ("answers", "possible"),
    [
        ({"1": "Y", "2": "Y", "3": "Y"}, ("fine",)),
        ({"1": "Y", "2": "N"}, ("weak",)),
        ({"1": "N"}, ("spoilt",)),  # the worse of the two tables
        ({"1": "N", "2": "N", "3": "N"}, ("spoilt",)),  # 2 and 3 are not asked
        ({"1": "Y", "2": "Y"}, ("fine", "weak")),
        ({"2": "N"}, ("weak", "spoilt")),
        ({"3": "N"}, ("fine", "weak", "spoilt")),  # where 2 is answered NI, 3 is not asked
        ({}, ("fine", "weak", "spoilt")),
    ],
)
def test_the_worst_of_several_tables_counts(answers, possible):
    assert judge_domain(tea("cup"), answers, ORDER).possible == possible


def test_a_question_behind_one_that_is_not_asked_is_not_asked():
    assert asked(tea("cup"), {"1": "N", "2": "Y"}) == {"1": True, "2": False, "3": False}
    assert asked(tea("cup"), {}) == {"1": True, "2": True, "3": True}  # as far as the answers tell


@pytest.mark.parametrize(
    ("answers", "fewest", "most"),
    [
        ({}, 0, 2),
        ({"a": "Y"}, 1, 2),
        ({"a": "N", "b": "N"}, 0, 1),
        ({"a": "Y", "b": "Y", "c": "Y"}, 2, 2),  # no more than the domain may have
        ({"a": "NI", "b": "N", "c": "Y"}, 1, 1),
    ],
)
def test_stars(answers, fewest, most):
    assert stars_of(tea("leaf"), answers) == (fewest, most)


@pytest.mark.parametrize(
    ("answers", "possible", "decide"),
    [
        ({"a": "Y", "b": "Y"}, ("fine",), ""),
        ({"a": "N", "b": "N", "c": "Y", "d": "N"}, ("spoilt",), ""),
        ({"a": "N", "b": "N", "d": "Y"}, ("fine", "weak"), "taste it"),  # the tool leaves it to the reviewers
        ({"a": "Y", "c": "N", "d": "N"}, ("fine", "spoilt"), ""),
    ],
)
def test_stars_and_choices_in_rules(answers, possible, decide):
    found = judge_domain(tea("leaf"), answers, ORDER)
    assert (found.possible, found.decide) == (possible, decide)
    assert found.judgement == (possible[0] if len(possible) == 1 else "")


def test_a_tool_without_rules_judges_nothing():
    assert first((), {"a": "Y"}).possible == ()


# --- the tools of the package

NAMES = resources.tool_names()


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_fits_the_schema_and_names_only_what_it_defines(name):
    data = resources.tool(name)
    jsonschema.Draft202012Validator(resources.schema("tool")).validate(data)
    assert data["id"] == name
    assert list(tool_faults(data)) == []


@pytest.mark.parametrize("name", NAMES)
def test_facts_that_propose_answers_are_columns_and_conditions_of_grades(name):
    sheets = {sheet.name: sheet for sheet in SHEETS} | {"Design": design_sheet({})}
    columns = {c.name: c for sheet in ("Reports", "Studies", "Design") for c in sheets[sheet].columns}
    conditions = {condition.key for condition in (*PROSPECTIVE, *CASE_CONTROL)}
    for domain in tools.tool(name).domains:
        for item in domain.items:
            for proposal in item.proposals:
                place = f"{domain.key} {item.key}"
                if proposal.condition:
                    assert proposal.condition in conditions, place
                    continue
                assert proposal.fact in columns, place
                words = CORE_LISTS.get(columns[proposal.fact].words)
                if words is not None:  # the words of other columns are a review's own
                    assert set(proposal.among) <= {*words, NOT_REPORTED, NOT_APPLICABLE}, place


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_is_found_by_its_id_and_by_its_name(name):
    assert tool_id(name) == name
    assert tool_id(tools.tool(name).name.upper()) == name


def test_no_two_tools_have_one_name():
    assert len({tools.tool(name).name for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_levels_of_judgements_never_get_better_down_the_list(name):
    chosen = tools.tool(name)
    for judgements in (chosen.judgements, chosen.overall_judgements):
        known = [judgement.level for judgement in judgements.values() if judgement.level != "none"]
        assert known == sorted(known, key=["low", "some", "high", "critical"].index)


# --- a team's own tool


def _review(tmp_path, data, quality=(), name="tea-scale", more=""):
    import yaml

    folder = tmp_path / "tea"
    sheets = small_review.rows()
    sheets["Quality"] = [{"design_id": sheets["Design"][0]["design_id"], **row} for row in quality]
    protocol = small_review.protocol()
    small_review.write(folder, sheets, protocol)
    settings = {**protocol.raw, "appraisal": {"tools": {"prospective": ["tea-scale"]}}}
    write_atomically(folder / "protocol.yaml", yaml.safe_dump(settings, sort_keys=False))
    text = yaml.safe_dump(data, sort_keys=False).replace("'Y'", "Y").replace("'N'", "N") + more
    write_atomically(folder / "tools" / f"{name}.yaml", text)
    return folder


ANSWERS = [
    {"tool": "Tea Scale", "domain": "cup", "item": "1", "answer": "yes"},
    {"tool": "tea-scale", "domain": "The cup", "item": "2", "answer": "Y"},
    {"tool": "tea-scale", "domain": "cup", "item": "3", "answer": "N"},
    {"tool": "tea-scale", "domain": "leaf", "item": "a", "answer": "Y"},
    {"tool": "tea-scale", "domain": "leaf", "item": "b", "answer": "Y"},
]


def test_adding_a_tool_is_adding_a_data_file(tmp_path):
    folder = _review(tmp_path, TEA, ANSWERS)
    protocol = read_protocol(folder / "protocol.yaml")
    assert [file.stem for file in own_tool_files(folder / "tools")] == ["tea-scale"]
    grades = grade_all(read_workbook(folder / "extraction.xlsx", protocol.layout), protocol)
    found = grades[0].appraisals[0]
    assert (found.tool, found.main, found.judgement, found.level, found.by) == (
        "tea-scale",
        True,
        "weak",
        "some",
        "typed",
    )
    assert [(domain.key, domain.judgement) for domain in found.domains] == [("cup", "weak"), ("leaf", "fine")]
    leaf = found.domains[1]
    assert (leaf.stars, leaf.most_stars) == (2, 2)
    assert [(a.item, a.answer, a.by) for a in leaf.answers][-1] == ("d", "Y", "proposed")
    untouched = grades[1].appraisals[0]
    assert (untouched.judgement, untouched.assessed) == ("", False)
    assert untouched.possible == ("fine", "weak", "spoilt")


def test_the_reviewers_judgement_stands_before_that_of_the_algorithm_and_both_are_kept(tmp_path):
    row = {"tool": "tea-scale", "domain": "cup", "judgement": "Fine", "override_reason": "the pot was warm"}
    folder = _review(tmp_path, TEA, [*ANSWERS, row])
    protocol = read_protocol(folder / "protocol.yaml")
    found = grade_all(read_workbook(folder / "extraction.xlsx", protocol.layout), protocol)[0].appraisals[0]
    cup = found.domains[0]
    assert (cup.judgement, cup.derived, cup.reason) == ("fine", "weak", "the pot was warm")
    assert found.judgement == "fine"


def _changed(change):
    from copy import deepcopy

    data = deepcopy(TEA)
    change(data)
    return data


def _set(*path_and_value):
    *path, last, value = path_and_value

    def change(data):
        for key in path:
            data = data[key]
        data[last] = value

    return _changed(change)


@pytest.mark.parametrize(
    ("data", "place", "found"),
    [
        (_set("strata", ["cohort"]), "strata", "'cohort'"),
        (_changed(lambda data: data.pop("source")), "", "no key 'source'"),
        (_set("id", "other"), "id", "'other'"),
        (_set("domains", 1, "rules", 2, "then", "awful"), "domains > leaf > rules > number 3", "'awful'"),
        (_set("domains", 1, "rules", 1, "when", {"e": ["Y"]}), "domains > leaf > rules > number 2 > when", "'e'"),
        (_set("domains", 1, "rules", 1, "when", {"d": ["PY"]}), "domains > leaf > rules > number 2 > when > d", "'PY'"),
        (_set("domains", 1, "rules", 1, "when", {"any": [{"x": ["Y"]}]}), "number 2 > when > any", "'x'"),
        (_set("domains", 1, "rules", 1, "between", ["fine", "so-so"]), "number 2", "'so-so'"),
        (_set("domains", 1, "rules", 0, "when", {"stars": {"cup": 1}}), "number 1 > when > stars", "'cup'"),
        (_set("domains", 0, "items", 1, "only_if", {"3": ["Y"]}), "domains > cup > items > 2 > only_if", "'3'"),
        (_set("domains", 1, "items", 3, "from", 0, "answer", "PY"), "domains > leaf > items > d > from", "'PY'"),
        (_set("domains", 1, "items", 3, "from", 0, "goes_with", ["PN"]), "domains > leaf > items > d > from", "'PN'"),
        (_set("domains", 1, "items", 0, "stars", {"yes": 1}), "domains > leaf > items > a > stars", "'yes'"),
        (_set("domains", 1, "items", 1, "key", "a"), "domains > leaf > items > a", "another question"),
        (_set("domains", 1, "key", "cup"), "domains > cup", "another domain"),
        (_set("domains", 0, "parts", 0, 0, {"then": "weak"}), "domains > cup > rules > number 1", "always holds"),
        (
            _set("overall", "rules", 0, "when", "count", "at_least", 3),
            "overall > rules > number 1 > when > count > at_least",
            "3",
        ),
        (
            _set("overall", "rules", 0, "when", "count", "in", ["awful"]),
            "overall > rules > number 1 > when > count > in",
            "'awful'",
        ),
        (
            _set("overall", "rules", 0, "when", "count", "of", ["pot"]),
            "overall > rules > number 1 > when > count > of",
            "'pot'",
        ),
    ],
)
def test_a_fault_in_a_teams_tool_is_named_at_file_and_place(tmp_path, data, place, found):
    folder = _review(tmp_path, data)
    with pytest.raises(BadInput) as raised:
        read_protocol(folder / "protocol.yaml")
    findings = raised.value.findings
    assert all(str(finding.origin).endswith("tea-scale.yaml") for finding in findings)
    assert any(place in finding.subject and found in finding.found for finding in findings), str(raised.value)


@pytest.mark.parametrize(("more", "said"), [("domains: [\n", "line"), ("x: " + "[" * 3000, "not readable as YAML")])
def test_a_teams_tool_that_is_no_yaml_is_named_with_its_fault(tmp_path, more, said):
    folder = _review(tmp_path, TEA, more=more)
    with pytest.raises(BadInput, match=rf"tea-scale\.yaml[\s\S]*{said}"):
        read_protocol(folder / "protocol.yaml")
