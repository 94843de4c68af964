"""Quality tools in words, and the page that lists them."""

import re
from pathlib import Path

import yaml

from metaan.design import described
from metaan.design.grade import grade_all
from metaan.design.tool import known_tools, parse_tool, tool
from metaan.terms.appraisal import PROPOSED, TYPED
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook
from small_review import PROTOCOL, protocol, rows, write

ROOT = Path(__file__).parents[2]

# --- in words ---

SMALL = {
    **{"id": "small", "name": "Small", "made_for": "tests", "source": "here", "strata": [], "unit": "design"},
    "answers": {"Y": "yes", "N": "no"},
    "judgements": {"low": {"label": "Low", "level": "low"}, "high": {"label": "Some concerns", "level": "high"}},
    "domains": [
        {
            "key": "D1",
            "label": "First",
            "items": [
                {"key": "1.1", "question": "One?"},
                {
                    "key": "1.2",
                    "question": "Two?",
                    "only_if": {"1.1": ["N"]},
                    "from": [
                        {"fact": "state_same", "among": ["yes"], "answer": "Y"},
                        {"fact": "state_same", "among": ["no", "partly"], "answer": "N"},
                        {"condition": "known", "is": "no", "answer": "N"},
                    ],
                },
            ],
            "parts": [
                [{"when": {"1.1": ["Y"], "1.2": ["Y"]}, "then": "low"}, {"then": "high"}],
                [
                    {"when": {"count": {"in": ["Y", "N"], "at_least": "all"}}, "then": "low"},
                    {"between": ["low", "high"], "decide": "look again"},
                ],
            ],
        },
        {
            **{"key": "D2", "label": "Second", "most_stars": 2},
            "items": [{"key": "D2", "question": "Three?", "stars": {"Y": 2, "N": 0}}],
            "rules": [{"when": {"stars": {"D2": 1}}, "then": "low"}],
        },
    ],
    "overall": {
        "rules": [
            {
                "when": {"D1": ["low"], "any": [{"D2": ["low"]}, {"count": {"in": ["high"], "at_least": 2}}]},
                "then": "low",
            },
            {"when": {"count": {"of": ["D1", "D2"], "in": ["high"], "at_least": 1}}, "then": "high", "decide": "weigh"},
            {"then": "low"},
        ]
    },
}


def test_rules_in_words():
    small = parse_tool(SMALL)
    assert described.domain_rules(small, small.domains[0]) == (
        "The worst of (1) and (2). (1) Low if 1.1 and 1.2 Y; otherwise some concerns. "
        "(2) Low if every question is Y/N; otherwise left to the reviewers: low or some concerns (look again)."
    )
    assert described.domain_rules(small, small.domains[1]) == "Low if D2 has 1 star or more."
    assert described.overall_rules(small) == (
        "Low if D1 is low and (D2 is low or 2 or more domains are some concerns); "
        "some concerns if any of D1 and D2 is some concerns (weigh); otherwise low."
    )


def test_questions_in_words():
    assert described.questions(parse_tool(SMALL)) == (
        "D1 **First**\n\n- 1.1 One?\n- 1.2 Two? (if 1.1 N) Proposed: Y if `state_same` is yes; "
        "N if no or partly; N if condition `known` is no.\n\n- D2 **Second** Three? *Y \\*\\*; N*\n"
    )


# --- the page ---


def page():
    return (ROOT / "docs" / "quality-tools.md").read_text(encoding="utf-8")


def test_the_page_holds_every_tool_and_question_and_stays_small():
    text = page()
    for name in known_tools():
        assert f'<a id="{name}"></a>' in text
        missing = [item.key for domain in tool(name).domains for item in domain.items if item.question not in text]
        assert missing == [], name
    assert len(text.encode("utf-8")) < 60_000


def own_tool(folder, **protocol_keys):
    """Write the example of the page as a team's own tool beside the small protocol."""
    example = re.findall(r"^```yaml\n(id: .*?)^```", page(), re.MULTILINE | re.DOTALL)
    (folder / "tools").mkdir(parents=True)
    (folder / "tools" / "sample-care.yaml").write_text(*example, encoding="utf-8")
    (folder / "protocol.yaml").write_text(yaml.safe_dump({**PROTOCOL, **protocol_keys}), encoding="utf-8")
    return read_protocol(folder / "protocol.yaml")


def test_the_example_of_the_page_is_a_tool_at_once(tmp_path):
    of = own_tool(tmp_path / "tea", appraisal={"tools": {"prospective": ["sample-care"]}})
    sheets = rows()
    for row in sheets["Design"]:
        row["blinded_assay"] = "no"
    sheets["Quality"] = [
        {"design_id": "Ames2001-pr", "tool": "sample-care", "domain": "Storage", "item": item, "answer": "yes"}
        for item in ("1.1", "1.2")
    ]
    path = write(tmp_path / "book", sheets, protocol())
    grades = {grade.design_id: grade for grade in grade_all(read_workbook(path, of.layout), of)}
    (found,) = grades["Ames2001-pr"].appraisals
    storage, reading = found.domains
    assert (found.name, found.main, storage.judgement, storage.by) == ("Care of samples", True, "low", TYPED)
    assert (reading.answers[0].answer, reading.answers[0].by) == ("no", PROPOSED)
    assert reading.possible == ("low", "some", "high")
    assert found.possible == ("low", "some", "high")


def test_the_protocol_on_the_page_is_valid(tmp_path):
    (example,) = re.findall(r"^```yaml\n(appraisal:.*?)^```", page(), re.MULTILINE | re.DOTALL)
    assert protocol(**yaml.safe_load(example)).appraisal_tools["prospective"] == ("quips", "nos-cohort")
