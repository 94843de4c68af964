"""The checklists and star tools: their questions, stars and rules."""

from collections import Counter
from itertools import product

import pytest
import yaml
from tool_cases import STARS, TOOLS, answered, by_domain, by_item

from metaan.design.judge import first
from metaan.design.tool import known_tools, tool
from metaan.terms import resources
from metaan.terms.appraisal import TYPED
from small_review import protocol

# --- what they are made of ---


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("nos-case-control", {"selection": 4, "comparability": 1, "exposure": 3}),
        ("nos-cohort", {"selection": 4, "comparability": 1, "outcome": 3}),
        ("jbi-case-control", {f"Q{i}": 1 for i in range(1, 11)}),
        ("jbi-cohort", {f"Q{i}": 1 for i in range(1, 12)}),
        ("clarity-case-control", {f"Q{i}": 1 for i in range(1, 6)}),
        ("quips", {"D1": 6, "D2": 5, "D3": 7, "D4": 3, "D5": 6, "D6": 4}),
        ("quadas-2", {"D1": 3, "D2": 2, "D3": 2, "D4": 4, "A1": 1, "A2": 1, "A3": 1}),
        (
            "ohat",
            dict.fromkeys(("selection", "confounding", "attrition", "exposure", "outcome", "reporting", "other"), 1),
        ),
        ("cosmin-reliability", {"design": 6, "statistics": 3}),
        ("trust", {"T1": 3, "T2": 5, "T3": 2, "T4": 7}),
    ],
)
def test_questions_of_each_domain(name, counts):
    assert {domain.key: len(domain.items) for domain in tool(name).domains} == counts


@pytest.mark.parametrize("name", TOOLS)
def test_every_answer_has_words_and_every_source_is_named(name):
    """An unquoted comma in a line of YAML would make an answer of its own without words."""
    chosen = tool(name)
    for item in (item for domain in chosen.domains for item in domain.items):
        assert all(label.strip() for label in item.answers.values()), item.key
        assert set(item.stars) <= set(item.answers)
        assert {proposal.answer for proposal in item.proposals} <= set(item.answers), item.key
    for domain in chosen.domains:
        said = {word for table in domain.tables for rule in table for word in (rule.then, *rule.between) if word}
        assert said <= set(chosen.judgements), domain.key
    assert all((chosen.source, chosen.licence, chosen.remark))


@pytest.mark.parametrize("name", known_tools())
def test_files_read_the_same_without_the_fast_yaml_library(name):
    """A question mark before a closing brace is read by libyaml alone."""
    plain = yaml.load(resources.text("design/tools", f"{name}.yaml"), Loader=yaml.BaseLoader)
    assert _as_text(resources.tool(name)) == plain


def _as_text(data):
    if isinstance(data, dict):
        return {key: _as_text(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_as_text(value) for value in data]
    return str(data).lower() if isinstance(data, bool) else str(data)


def test_what_makes_a_tool_apart():
    assert tool("trust").purpose == "trust"
    assert tool("cosmin-reliability").purpose == "reliability"
    assert {name for name in TOOLS if not tool(name).overall} == {
        "jbi-case-control",
        "jbi-cohort",
        "clarity-case-control",
        "quadas-2",
    }
    assert {name for name in TOOLS if tool(name).optional_overall} == {"quips"}


# --- Newcastle-Ottawa ---

#: question -> answers that earn a star; published forms: selection and exposure or outcome one star a question
STARRED = {
    "nos-case-control": {
        **{"S1": {"a"}, "S2": {"a"}, "S3": {"a"}, "S4": {"a"}},
        **{"C1": {"a", "b"}, "E1": {"a", "b"}, "E2": {"yes"}, "E3": {"a"}},
    },
    "nos-cohort": {
        **{"S1": {"a", "b"}, "S2": {"a"}, "S3": {"a", "b"}, "S4": {"yes"}},
        **{"C1": {"a", "b"}, "O1": {"a", "b"}, "O2": {"yes"}, "O3": {"a", "b"}},
    },
}


@pytest.mark.parametrize("name", STARS)
def test_stars_of_every_answer(name):
    items = {item.key: item for domain in tool(name).domains for item in domain.items}
    for key, item in items.items():
        assert set(item.stars) == set(item.answers)
        assert {answer for answer, stars in item.stars.items() if stars == 1} == STARRED[name][key]
        assert {answer for answer, stars in item.stars.items() if stars > 1} == ({"ab"} if key == "C1" else set())
    assert max(items["C1"].stars.values()) == 2
    assert [domain.most_stars for domain in tool(name).domains] == [4, 2, 3]
    assert sum(max(item.stars.values()) for item in items.values()) == 9


def with_stars(name, selection, comparability, third):
    """Return answers that earn so many stars in each domain."""
    wanted = []
    for domain, stars in zip(tool(name).domains, (selection, comparability, third), strict=True):
        if domain.key == "comparability":
            wanted.append(("C1", {0: "c", 1: "b", 2: "ab"}[stars]))
            continue
        for i, item in enumerate(domain.items):
            wanted.append((item.key, next(a for a, n in item.stars.items() if n == (1 if i < stars else 0))))
    return dict(wanted)


@pytest.mark.parametrize("name", STARS)
def test_words_for_every_combination_of_stars(name):
    """The rule as printed in doi 10.1111/clr.13860, table 4: poor if one domain is poor."""
    good = set(product((3, 4), (1, 2), (2, 3)))
    fair = set(product((2,), (1, 2), (2, 3)))
    seen = Counter()
    for stars in product(range(5), range(3), range(4)):
        found = answered(name, with_stars(name, *stars))
        assert tuple(domain.stars for domain in found.domains) == stars
        assert found.judgement == ("good" if stars in good else "fair" if stars in fair else "poor"), stars
        seen[found.judgement] += 1
    assert seen == {"good": 8, "fair": 4, "poor": 48}


def test_one_poor_domain_settles_the_word_while_others_are_open():
    found = answered("nos-cohort", {"C1": "c"})
    assert (found.judgement, found.level) == ("poor", "high")
    assert by_domain(found)["selection"].stars is None
    assert answered("nos-cohort", {"C1": "ab"}).possible == ("good", "fair", "poor")


# --- checklists ---


@pytest.mark.parametrize("name", ["jbi-case-control", "jbi-cohort"])
def test_each_question_of_jbi_is_judged_by_its_answer(name):
    levels = {"yes": "low", "no": "high", "unclear": "some", "NA": "none"}
    for domain, (answer, level) in product(tool(name).domains, levels.items()):
        found = answered(name, {domain.key: answer})
        judged = by_domain(found)[domain.key]
        assert (judged.judgement, judged.level) == (answer, level)
        assert [other.judgement for other in found.domains if other.key != domain.key] == [""] * (
            len(found.domains) - 1
        )
        assert (found.judgement, found.possible) == ("", ())


def test_each_question_of_clarity_is_judged_by_its_answer():
    levels = {"definitely_yes": "low", "probably_yes": "low", "probably_no": "high", "definitely_no": "high"}
    for domain, (answer, level) in product(tool("clarity-case-control").domains, levels.items()):
        judged = by_domain(answered("clarity-case-control", {domain.key: answer}))[domain.key]
        assert (judged.judgement, judged.level) == (answer, level)


def test_answers_may_be_typed_in_words():
    found = answered("clarity-case-control", {"Q1": "Definitely yes"})
    assert by_item(found)["Q1"].answer == "definitely_yes"
    signs = answered("ohat", {"exposure": "++", "outcome": "--", "other": "probably high"})
    assert [by_item(signs)[key].answer for key in ("exposure", "outcome", "other")] == ["++", "--", "-"]


# --- QUIPS ---


def quips_overall(judgements):
    """Grooten et al. 2019: low if at most one is moderate, high if one is high or three are moderate."""
    count = Counter(judgements)
    if count["high"] == 0 and count["moderate"] <= 1:
        return "low"
    return "high" if count["high"] >= 1 or count["moderate"] >= 3 else "moderate"


def test_common_rule_over_all_judgements_of_quips():
    keys = [f"D{i}" for i in range(1, 7)]
    chosen = tool("quips")
    assert [domain.key for domain in chosen.domains] == keys
    seen = Counter()
    for judgements in product(chosen.judgements, repeat=6):
        found = first(chosen.overall, dict(zip(keys, judgements, strict=True)), keys)
        assert found.judgement == quips_overall(judgements), judgements
        seen[found.judgement] += 1
    assert seen == {"low": 7, "moderate": 15, "high": 707}


def test_quips_has_an_overall_judgement_only_if_the_protocol_asks():
    judged = dict.fromkeys((f"D{i}" for i in range(1, 7)), "low") | {"D2": "moderate", "D5": "moderate"}
    assert answered("quips", {}, judged=judged).judgement == ""
    found = answered("quips", {}, judged=judged, of=protocol(appraisal={"overall": ["quips"]}))
    assert (found.judgement, found.level, found.by) == ("moderate", "some", TYPED)


def test_answers_to_the_prompts_of_quips_judge_nothing():
    items = [item.key for item in tool("quips").domains[0].items]
    for answer in ("yes", "no"):
        judged = by_domain(answered("quips", dict.fromkeys(items, answer)))["D1"]
        assert (judged.judgement, judged.derived) == ("", "")
        assert judged.possible == ("low", "moderate", "high")
        assert "prompts" in judged.decide
    assert by_domain(answered("quips", {}))["D1"].decide == ""
    typed = by_domain(answered("quips", dict.fromkeys(items, "yes"), judged={"D1": "high"}))["D1"]
    assert (typed.judgement, typed.by, typed.decide) == ("high", TYPED, "")


# --- QUADAS-2 ---


@pytest.mark.parametrize("domain", [d for d in tool("quadas-2").domains if d.kind == "bias"], ids=lambda d: d.key)
def test_only_yes_throughout_is_low_in_quadas(domain):
    keys = [item.key for item in domain.items]
    for answers in product(*(item.answers for item in domain.items)):
        judged = by_domain(answered("quadas-2", dict(zip(keys, answers, strict=True))))[domain.key]
        if set(answers) <= {"yes", "NA"}:
            assert (judged.judgement, judged.level) == ("low", "low")
        else:
            assert (judged.judgement, set(judged.possible)) == ("", {"low", "high", "unclear"})
            assert judged.decide


def test_applicability_of_quadas_is_judged_apart():
    chosen = tool("quadas-2")
    assert [d.key for d in chosen.domains if d.kind == "applicability"] == ["A1", "A2", "A3"]
    assert [item.key for item in chosen.domains[1].items if "NA" in item.answers] == ["2.2"]
    for answer, level in {"low": "low", "high": "high", "unclear": "none"}.items():
        assert by_domain(answered("quadas-2", {"A2": answer}))["A2"].level == level


# --- OHAT ---

KEY = ("exposure", "outcome", "confounding")
OTHERS = ("selection", "attrition", "reporting", "other")


def test_tiers_of_ohat_over_all_good_and_bad_answers():
    good, bad = ("++", "+"), ("-", "NR", "--")
    seen = Counter()
    for n, flags in enumerate(product((True, False), repeat=7)):
        answers = {
            key: good[(n + i) % 2] if flag else bad[(n + i) % 3]
            for i, (key, flag) in enumerate(zip((*KEY, *OTHERS), flags, strict=True))
        }
        keys, rest = sum(flags[:3]), sum(flags[3:])
        tier = "tier_1" if keys == 3 and rest >= 3 else "tier_3" if keys == 0 and rest <= 1 else "tier_2"
        assert answered("ohat", answers).judgement == tier, answers
        seen[tier] += 1
    assert seen == {"tier_1": 5, "tier_2": 118, "tier_3": 5}


#: doi 10.2903/j.efsa.2023.8353, two tables: exposure, outcome, confounding, selection, attrition, other -> tier
PUBLISHED = {
    "de Vogel 2013": ("+ + + + + +", 1),
    "Rossi 2006": ("+ NR + + - +", 2),
    "Johansson 2008": ("+ + + + + +", 1),
    "Essen 2019": ("+ ++ - + + +", 2),
    "Hultdin 2005": ("+ + + + + +", 1),
    "Weinstein 2006": ("+ ++ + + + +", 1),
    "Stevens 2006": ("+ + - + - +", 2),
    "Roswall 2013": ("- ++ + NR ++ +", 2),
    "Beilby 2010": ("+ + - NR + +", 2),
    "Weinstein 2003": ("+ ++ - NR NR +", 2),
}
FEW_OTHERS = {"Clarke 2007": "++ ++ ++ + - +", "Morris 2012": "+ ++ ++ ++ NR +", "Doets 2014": "+ + ++ + NR +"}


@pytest.mark.parametrize("study", PUBLISHED)
def test_published_tiers(study):
    """Those reviewers left out selective reporting; it cannot change these tiers."""
    signs, tier = PUBLISHED[study]
    asked = (*KEY, "selection", "attrition", "other")
    assert answered("ohat", dict(zip(asked, signs.split(), strict=True))).judgement == f"tier_{tier}"


@pytest.mark.parametrize("study", FEW_OTHERS)
def test_published_tiers_that_hang_on_the_question_left_out(study):
    """Tier 1 where two of three other questions are good; of our four it takes a third."""
    asked = (*KEY, "selection", "attrition", "other")
    answers = dict(zip(asked, FEW_OTHERS[study].split(), strict=True))
    assert answered("ohat", answers).possible == ("tier_1", "tier_2")
    assert answered("ohat", {**answers, "reporting": "+"}).judgement == "tier_1"


# --- COSMIN ---

#: PMC9976178, appendix 2, consensus within rater: standards 1 to 7 -> final rating
REPEATS = {
    "De Groef 2016": ("D D D V V V V", "D"),
    "Nascimento 2019": ("D V D D D D D", "D"),
    "Wang-Price 2019": ("D V V D D D A", "D"),
    "Vaegter 2018": ("V V D D I D A", "I"),
}
RATINGS = {"V": "very_good", "A": "adequate", "D": "doubtful", "I": "inadequate"}


@pytest.mark.parametrize("study", REPEATS)
def test_published_ratings_of_repeats(study):
    signs, final = REPEATS[study]
    answers = {str(i): RATINGS[sign] for i, sign in enumerate(signs.split(), 1)} | {"8": "NA", "9": "NA"}
    assert answered("cosmin-reliability", answers).judgement == RATINGS[final]


def test_the_worst_score_counts():
    order = list(RATINGS.values())
    rest = {"2": "very_good", "5": "very_good", "6": "very_good", "8": "NA", "9": "NA"}
    for one, two, three in product(order, repeat=3):
        found = answered("cosmin-reliability", {**rest, "1": one, "3": two, "4": "NA", "7": three})
        assert by_domain(found)["design"].judgement == max(one, two, key=order.index)
        assert found.judgement == max(one, two, three, key=order.index)
    assert answered("cosmin-reliability", {"3": "inadequate"}).judgement == "inadequate"
