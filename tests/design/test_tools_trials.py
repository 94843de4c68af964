"""The algorithms of RoB 2, ROBINS-I, its draft version 2, and ROBINS-E: every path of every domain against a table.

A line of a table stands for all the combinations it covers, one column a question: Y means yes or probably yes, N no or
probably no, * any answer, - not asked, a slash "or"; a bar between judgements, that the choice is the reviewers'. The
tables are written from the publications named above them and not from the data of the tools.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations_with_replacement, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_review
from metaan.design.grade import grade_all
from metaan.design.judge import NOT_ASKED, asked, first, judge_domain
from metaan.design.tool import Domain, Tool, tool
from metaan.workbook.read import read_workbook

COVERS = {"Y": ("Y", "PY"), "N": ("N", "PN")}


def walk(domain: Domain, fixed: Mapping[str, str], without: Collection[str] = ()) -> Iterator[dict[str, str]]:
    """Yield every way of answering the questions that are asked, where the answers in `fixed` were given.

    Answers `without` are not used: "probably" counts as the plain answer, which a test of its own shows.
    """

    def go(number: int, given_: dict[str, str]) -> Iterator[dict[str, str]]:
        if number == len(domain.items):
            yield given_
            return
        item = domain.items[number]
        if not asked(domain, given_)[item.key]:
            yield from go(number + 1, given_)
            return
        for answer in [fixed[item.key]] if item.key in fixed else item.answers:
            if answer not in without:
                yield from go(number + 1, {**given_, item.key: answer})

    return go(0, {})


def lines(table: str) -> list[tuple[list[set[str] | None], tuple[str, ...]]]:
    """Return the lines of a table: a set of answers a question, None for any, and the judgements."""
    found = []
    for line in table.strip().splitlines():
        *cells, judgement = line.split()
        sets = [
            None if cell == "*" else {a for part in cell.split("/") for a in COVERS.get(part, (part,))}
            for cell in cells
        ]
        found.append((sets, tuple(judgement.split("|"))))
    return found


def compare(
    name: str,
    key: str,
    keys: list[str],
    table: str,
    fixed: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> int:
    """Compare a domain with a table over `keys`; a combination that no line covers must be open."""
    chosen = tool(name)
    domain, order, number = chosen.domain(key), list(chosen.judgements), 0
    rows, used = lines(table), set()
    for answers in walk(domain, fixed or {}, without):
        given_ = [answers.get(k, "-") for k in keys]
        fits = [
            i
            for i, (sets, _) in enumerate(rows)
            if all(one is None or answer in one for one, answer in zip(sets, given_, strict=True))
        ]
        assert len({rows[i][1] for i in fits}) <= 1, f"the table contradicts itself at {given_}"
        expected = rows[fits[0]][1] if fits else ()
        assert judge_domain(domain, answers, order).possible == expected, dict(answers)
        used |= set(fits)
        number += 1
    assert used == set(range(len(rows))), (
        "a line that covers nothing, or questions skipped otherwise than the table says"
    )
    return number


# --- RoB 2: the tables of the guidance of 22 August 2019, "Suggested mapping of signalling questions", domains 1 to 5,
# effect of assignment. Checked against three public implementations; one of them adds "1.1 no and 1.3 yes: high", which
# the guidance has not.

ROB2 = {
    "D1": """
        Y/NI Y  N/NI low
        Y/NI Y  Y    some
        N    Y  *    some
        *    NI N/NI some
        *    NI Y    high
        *    N  *    high
        """,
    "D3": """
        Y    - -    -    low
        N/NI Y -    -    low
        N/NI N N    -    low
        N/NI N Y/NI N    some
        N/NI N Y/NI Y/NI high
        """,
    "D4": """
        Y    *  -    -    -    high
        N/NI Y  -    -    -    high
        N/NI N  N    -    -    low
        N/NI N  Y/NI N    -    low
        N/NI N  Y/NI Y/NI N    some
        N/NI N  Y/NI Y/NI Y/NI high
        N/NI NI N    -    -    some
        N/NI NI Y/NI N    -    some
        N/NI NI Y/NI Y/NI N    some
        N/NI NI Y/NI Y/NI Y/NI high
        """,
    "D5": """
        *    Y    *  high
        *    N/NI Y  high
        Y    N    N  low
        N/NI N    N  some
        *    N    NI some
        *    NI   N  some
        *    NI   NI some
        """,
}

AWARENESS = ("Y/NI *", "N Y/NI")
ROB2_DEVIATIONS = [("N N - - -", "low")]
ROB2_DEVIATIONS += [
    (f"{aware} {rest}", judgement)
    for aware in AWARENESS
    for rest, judgement in (
        ("N - -", "low"),
        ("NI - -", "some"),
        ("Y N -", "some"),
        ("Y Y/NI Y", "some"),
        ("Y Y/NI N/NI", "high"),
    )
]
ROB2_ANALYSIS = (("Y -", "low"), ("N/NI N", "some"), ("N/NI Y/NI", "high"))


def worse(*judgements: str) -> str:
    return max(judgements, key=("low", "some", "high").index)


def test_rob_2_asks_22_questions_in_five_domains():
    domains = tool("rob-2").domains
    assert [len(domain.items) for domain in domains] == [3, 7, 4, 5, 3]
    assert [domain.key for domain in domains] == ["D1", "D2", "D3", "D4", "D5"]


@pytest.mark.parametrize(
    ("key", "paths"),
    [("D1", 5**3), ("D3", 2 + 3 * (2 + 2 * 17)), ("D4", 2 * 5 + 3 * (2 + 3 * (2 + 3 * 17))), ("D5", 5**3)],
)
def test_every_path_of_rob_2(key, paths):
    questions = [item.key for item in tool("rob-2").domain(key).items]
    assert compare("rob-2", key, questions, ROB2[key]) == paths


def test_every_path_of_the_two_parts_of_domain_2_of_rob_2():
    table = "\n".join(
        f"{first_} {second} {worse(a, b)}" for (first_, a), (second, b) in product(ROB2_DEVIATIONS, ROB2_ANALYSIS)
    )
    # 21 ways in which somebody is or may be aware; after 2.3: 2 no, 1 no information, 2 yes each with 2 + 3 x 5
    assert compare("rob-2", "D2", [f"2.{i}" for i in range(1, 8)], table) == (4 + 21 * (3 + 2 * (2 + 15))) * (2 + 15)


@pytest.mark.parametrize(
    ("key", "answers", "expected"),
    [
        ("D4", {"4.1": "N", "4.2": "NI", "4.3": "N"}, ("some",)),  # at best
        ("D4", {"4.1": "N", "4.2": "NI"}, ("some", "high")),
        ("D4", {"4.1": "N", "4.2": "N", "4.3": "NI", "4.4": "PY", "4.5": "NI"}, ("high",)),
        ("D4", {"4.1": "N", "4.2": "N", "4.3": "NI", "4.4": "N"}, ("low",)),  # a live birth
        ("D2", {"2.1": "NI", "2.2": "N", "2.3": "NI", "2.6": "Y"}, ("some",)),  # not known counts as aware
        ("D2", {"2.1": "N", "2.2": "NI", "2.3": "Y", "2.4": "NI", "2.5": "NI"}, ("high",)),
    ],
)
def test_no_information_in_rob_2(key, answers, expected):
    chosen = tool("rob-2")
    assert judge_domain(chosen.domain(key), answers, list(chosen.judgements)).possible == expected


def test_no_information_is_no_answer_to_whether_there_is_evidence():
    items = {item.key: item for domain in tool("rob-2").domains for item in domain.items}
    assert {key for key, item in items.items() if "NI" not in item.answers} == {"3.2"}


# --- ROBINS-I 2016: what the guidance says each judgement of a domain means; what it leaves open is open here too.

BASELINE = ("Y N/NI -", "Y Y N")
ROBINS_I = {
    "D1": "N - - - - - - - low\n"
    + "\n".join(
        f"{gate} {line}"
        for gate in BASELINE
        for line in (
            "N  -    *  -  -  serious|critical",
            "Y  N    *  -  -  moderate|serious",
            "NI -    Y  -  -  moderate|serious|critical",
            "Y  Y/NI Y  -  -  moderate|serious|critical",
            "Y  Y    N  -  -  moderate",
        )
    )
    + """
        Y Y Y/NI - - - N -  serious|critical
        Y Y Y/NI - - - Y N  moderate|serious
        Y Y Y/NI - - - Y Y  moderate
        """,
    "D2": """
        N    -    -    Y  -  low
        *    *    *    *  Y  moderate
        Y    Y    Y    *  N  serious|critical
        N/NI -    -    N  N  moderate|serious|critical
        Y    N/NI -    N  N  moderate|serious|critical
        Y    Y    N/NI N  N  moderate|serious|critical
        """,
    "D3": """
        N    *  *  serious|critical
        Y/NI *  Y  serious|critical
        Y    Y  N  low
        Y    N  N  moderate
        """,
    "D4": """
        N -  low
        Y N  low|moderate
        Y Y  serious|critical
        """,
    "D5": """
        Y N N - -  low
        * * * Y *  low
        * * * N Y  low|moderate
        * * * N N  moderate|serious|critical
        """,
    "D6": """
        *    *    N    *     serious|critical
        *    *    Y/NI Y     moderate|serious
        Y    Y    Y/NI N/NI  moderate|serious
        N    *    Y    N     low
        Y/NI N    Y    N     low
        """,
    "D7": """
        Y    *    *  serious|critical
        N/NI Y    *  serious|critical
        N/NI N/NI Y  serious|critical
        N    N    N  low|moderate
        """,
}


@pytest.mark.parametrize("key", list(ROBINS_I))
def test_every_path_of_robins_i(key):
    questions = [item.key for item in tool("robins-i").domain(key).items]
    assert compare("robins-i", key, questions, ROBINS_I[key]) > 10


# --- ROBINS-I version 2, draft of 20 November 2025: two public readings of its figures (pages 20, 24, 28, 32, 38, 41
# and 47 of the detailed guidance); a bar where they differ.

V2 = {
    ("D1", "Y", "N"): """
        SN/NI   -       -       N   serious
        SN/NI   -       -       Y   critical
        Y/WN    *       Y       Y   critical
        Y/WN    Y       Y       N   serious
        Y/WN    WN/SN/NI Y      N   critical
        Y/WN    SN/NI   N/NI    *   serious
        Y/WN    Y/WN    N/NI    Y   serious
        Y       Y       N/NI    N   low_except
        Y       WN      N/NI    N   low_except|moderate
        WN      Y/WN    N/NI    N   moderate
        """,
    ("D1", "Y", "Y"): """
        N/NI  -      -      Y     *  critical
        N/NI  -      -      N/NI  Y  critical
        N/NI  -      -      N/NI  N  serious
        Y     SN/NI  -      -     Y  critical
        Y     SN/NI  -      -     N  serious
        Y     Y/WN   SN/NI  -     *  serious
        Y     Y/WN   Y/WN   -     Y  serious
        Y     Y      Y      -     N  low_except
        Y     Y      WN     -     N  low_except|moderate
        Y     WN     Y/WN   -     N  moderate
        """,
    "D2": "\n".join(
        f"{start} {line}"
        for starts, block in (
            (
                ("Y - -", "N/NI Y -"),
                """
                N      N     low
                N      Y/NI  moderate
                WY/NI  N     moderate
                WY/NI  Y/NI  serious
                SY     N     serious
                SY     Y/NI  critical
                """,
            ),
            (
                ("N/NI N/NI SY",),
                """
                N      N     low|moderate
                N      Y/NI  moderate|serious
                WY/NI  N     moderate|serious
                WY/NI  Y/NI  serious|critical
                SY     N     serious|critical
                SY     Y/NI  critical
                """,
            ),
            (
                ("N/NI N/NI WY/NI",),
                """
                N      N     moderate
                N      Y/NI  serious
                WY/NI  N     serious
                WY/NI  Y/NI  critical
                SY     *     critical
                """,
            ),
            (
                ("N/NI N/NI N",),
                """
                N         N     serious
                N         Y/NI  critical
                SY/WY/NI  *     critical
                """,
            ),
        )
        for start in starts
        for line in block.strip().splitlines()
    ),
    "D3": """
        Y      N/NI  N    -     -     -    -    -     low
        Y      Y     N    -     -     -    -    -     moderate
        WN/NI  -     N    -     -     -    -    -     moderate
        Y      N/NI  Y    N     -     -    -    -     low
        Y      N/NI  NI   N     -     -    -    -     low|moderate
        Y      N/NI  Y    NI    -     -    -    -     low|moderate
        Y      N/NI  NI   NI    -     -    -    -     moderate
        Y      N/NI  Y/NI Y     N/NI  -    -    -     moderate
        Y      Y     Y/NI N/NI  -     -    -    -     moderate
        WN/NI  -     Y/NI N/NI  -     -    -    -     moderate
        Y      Y     Y/NI Y     N/NI  -    -    -     moderate
        WN/NI  -     Y/NI Y     N/NI  -    -    -     moderate
        *      *     *    *     *     Y    -    -     moderate
        *      *     *    *     *     N/NI Y    -     moderate
        SN     -     *    *     *     N/NI N/NI Y     critical
        SN     -     *    *     *     N/NI N/NI N/NI  serious
        Y/WN/NI *    Y    Y     Y     N/NI N/NI Y     critical
        Y/WN/NI *    Y    Y     Y     N/NI N/NI N/NI  serious
        Y/WN/NI *    NI   Y     Y     N/NI N/NI Y     moderate|critical
        Y/WN/NI *    NI   Y     Y     N/NI N/NI N/NI  moderate|serious
        """,
    "D5": """
        Y   *    *    *      critical
        N   Y    -    -      serious
        N   N    N    -      low
        N   N    Y/NI N      low
        N   N    Y/NI WY/NI  moderate
        N   N    Y/NI SY     serious
        N   NI   N    -      moderate
        N   NI   Y/NI N      moderate
        N   NI   Y/NI WY/NI  moderate
        N   NI   Y/NI SY     serious
        """,
    "D6": "\n".join(
        f"{plan} {line}"
        for plan, block in (("Y", ("- - - low",)), ("N/NI", ()))
        for line in block
        or (
            "N N N low",
            "NI NI NI serious",
            *sorted({f"{' '.join(p)} moderate" for c in ("NI N N", "NI NI N") for p in permutations(c.split())}),
            *sorted({f"{' '.join(p)} serious" for p in permutations(("Y", "N/NI", "N/NI"))}),
            *sorted({f"{' '.join(p)} critical" for p in permutations(("Y", "Y", "N/NI"))}),
            "Y Y Y critical",
        )
    ),
}


@pytest.mark.parametrize("plan", ["N", "Y"])
def test_every_path_of_confounding_in_the_draft_of_robins_i(plan):
    letter = {"N": "A", "Y": "B"}[plan]
    domain = tool("robins-i-v2").domain("D1")
    questions = [item.key for item in domain.items if item.key.startswith(f"1{letter}")]
    assert compare("robins-i-v2", "D1", questions, V2["D1", "Y", plan], {"B1": "Y", "C4": plan}) > 100
    assert compare("robins-i-v2", "D1", questions, V2["D1", "Y", plan], {"B1": "N", "B2": "PN", "C4": plan}) > 100


@pytest.mark.parametrize("key", ["D2", "D3", "D5", "D6"])
def test_every_path_of_the_draft_of_robins_i(key):
    questions = [item.key for item in tool("robins-i-v2").domain(key).items]
    assert compare("robins-i-v2", key, questions, V2[key]) > 50


INCOMPLETE = ("N/NI * *", "Y N/NI *", "Y Y N/NI")
V2_MISSING = "Y Y Y - - - - - - - - low\n" + "\n".join(
    f"{incomplete} {line}"
    for incomplete in INCOMPLETE
    for line in (
        "Y/NI N    -     - -    -     -     -  low",
        "Y/NI Y/NI Y     - -    -     -     Y  low|moderate",
        "Y/NI Y/NI Y     - -    -     -     N  moderate|serious",
        "Y/NI Y/NI WN/NI - -    -     -     Y  moderate",
        "Y/NI Y/NI WN/NI - -    -     -     N  serious",
        "Y/NI Y/NI SN    - -    -     -     Y  serious",
        "Y/NI Y/NI SN    - -    -     -     N  critical",
        "N    -    -     Y N/NI -     -     -  serious|critical",
        "N    -    -     Y Y    Y     -     -  low",
        "N    -    -     Y Y    WN/NI -     Y  moderate",
        "N    -    -     Y Y    WN/NI -     N  serious",
        "N    -    -     Y Y    SN    -     Y  serious",
        "N    -    -     Y Y    SN    -     N  critical",
        "N    -    -     N/NI - -     Y     -  low",
        "N    -    -     N/NI - -     WN/NI Y  moderate",
        "N    -    -     N/NI - -     WN/NI N  serious",
        "N    -    -     N/NI - -     SN    Y  serious",
        "N    -    -     N/NI - -     SN    N  critical",
    )
)


def test_every_path_of_missing_data_in_the_draft_of_robins_i():
    questions = [f"4.{i}" for i in range(1, 12)]
    # of 4.1 to 4.3 26 of 27 combinations leave data missing; then complete data only, imputed, another method
    paths = 1 + 26 * (2 * (1 + 2 * 4 * 2) + (2 + 1 + 3 * 2) + 2 * (1 + 3 * 2))
    assert compare("robins-i-v2", "D4", questions, V2_MISSING, without=("PY", "PN")) == paths


def test_the_triage_of_the_draft_makes_a_result_critical_whatever_else_is_answered():
    chosen = tool("robins-i-v2")
    order = list(chosen.judgements)
    for key, answers in (("D1", {"B1": "PN", "B2": "PY"}), ("D5", {"B3": "Y"})):
        assert judge_domain(chosen.domain(key), answers, order).judgement == "critical"
        judged = {domain.key: "low" for domain in chosen.domains} | {key: "critical"}
        assert first(chosen.overall, judged, list(judged)).judgement == "critical"


# --- ROBINS-E: nothing but favourable answers proposes a judgement.

ROBINS_E = {
    "D1": "Y Y Y N N  low_except",
    "D2": "Y N - -  low",
    "D3": "Y - N - - - -  low",
    "D4": "N -  low",
    "D5": "Y Y Y - - - - - - -  low",
    "D6": "N N -  low\n N Y/NI N  low",
    "D7": "Y N N N N  low",
}


@pytest.mark.parametrize("key", ["D1", "D2", "D3", "D4", "D6", "D7"])
def test_favourable_answers_alone_judge_a_domain_of_robins_e(key):
    questions = [item.key for item in tool("robins-e").domain(key).items]
    assert compare("robins-e", key, questions, ROBINS_E[key]) > 10


@given(st.data())
@settings(max_examples=100)
def test_missing_data_in_robins_e(data):
    chosen = tool("robins-e")
    domain = chosen.domain("D5")
    answers = {item.key: data.draw(st.sampled_from(list(item.answers))) for item in domain.items}
    complete = all(answers[key] in ("Y", "PY") for key in ("5.1", "5.2", "5.3"))
    assert judge_domain(domain, answers, list(chosen.judgements)).possible == (("low",) if complete else ())


# --- overall


def overall(chosen: Tool, judgements: tuple[str, ...]) -> object:
    keys = [domain.key for domain in chosen.domains]
    return first(chosen.overall, dict(zip(keys, judgements, strict=True)), keys)


def expected_overall(name: str, judgements: tuple[str, ...]) -> tuple[str, bool]:
    """Return the overall judgement and whether the reviewers are asked, by the rules as the tools print them."""
    times = {judgement: judgements.count(judgement) for judgement in tool(name).judgements}
    if name == "robins-i":
        for judgement in ("critical", "serious", "no_information", "moderate"):
            if times[judgement]:
                return judgement, judgement == "no_information"
        return "low", False
    best, worst_first, adds_up = {
        "rob-2": ("low", ("high", "some"), ("some",)),
        "robins-i-v2": ("low_except", ("critical", "serious", "moderate"), ("serious", "moderate")),
        "robins-e": ("low_except", ("very_high", "high", "some"), ("high", "some")),
    }[name]
    found = next((judgement for judgement in worst_first if times[judgement]), best)
    return found, found in adds_up and times[found] >= 2


TOOLS = ("rob-2", "robins-i", "robins-i-v2", "robins-e")


@pytest.mark.parametrize("name", TOOLS)
def test_the_overall_judgement_of_every_combination_of_domains(name):
    chosen = tool(name)
    order = list(chosen.judgements)
    for judgements in combinations_with_replacement(order, len(chosen.domains)):
        found = overall(chosen, judgements)
        assert (found.judgement, bool(found.decide)) == expected_overall(name, judgements), judgements
        known = [order.index(judgement) for judgement in judgements if not chosen.judgements[judgement].open]
        if not chosen.overall_judgements[found.judgement].open:
            assert order.index(found.judgement) >= max(known, default=0)  # never better than the worst domain


@given(st.data())
def test_the_order_of_the_domains_does_not_matter(data):
    chosen = tool(data.draw(st.sampled_from(TOOLS)))
    judgements = [data.draw(st.sampled_from(list(chosen.judgements))) for _ in chosen.domains]
    shuffled = data.draw(st.permutations(judgements))
    assert overall(chosen, tuple(judgements)) == overall(chosen, tuple(shuffled))


@given(st.data())
def test_unknown_domains_leave_exactly_what_completing_them_gives(data):
    chosen = tool(data.draw(st.sampled_from(TOOLS)))
    keys = [domain.key for domain in chosen.domains]
    hidden = data.draw(st.sets(st.sampled_from(keys), max_size=3))
    known = {key: data.draw(st.sampled_from(list(chosen.judgements))) for key in keys if key not in hidden}
    reachable = set()
    for completed in product(chosen.judgements, repeat=len(hidden)):
        reachable |= set(first(chosen.overall, {**known, **dict(zip(hidden, completed, strict=True))}, keys).possible)
    assert set(first(chosen.overall, known, keys).possible) == reachable


# --- unknown answers


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_unknown_answers_leave_exactly_what_completing_them_gives(data):
    """Whatever is typed, also to questions that are not asked, and whatever is not."""
    chosen = tool(data.draw(st.sampled_from(TOOLS)))
    domain = data.draw(st.sampled_from(chosen.domains))
    order = list(chosen.judgements)
    items = {item.key: list(item.answers) for item in domain.items}
    answers = {key: data.draw(st.sampled_from(may)) for key, may in items.items()}
    hidden = sorted(data.draw(st.sets(st.sampled_from(list(items)), min_size=1, max_size=4)))
    for key in hidden:
        del answers[key]
    reachable = set()
    for completed in product(*(items[key] for key in hidden)):
        full = {**answers, **dict(zip(hidden, completed, strict=True))}
        reachable |= set(judge_domain(domain, full, order).possible)
    assert set(judge_domain(domain, answers, order).possible) == reachable


@given(st.data())
def test_probably_counts_as_the_plain_answer(data):
    chosen = tool(data.draw(st.sampled_from(TOOLS)))
    domain = data.draw(st.sampled_from(chosen.domains))
    answers = {item.key: data.draw(st.sampled_from(list(item.answers))) for item in domain.items}
    plain = {key: {"PY": "Y", "PN": "N"}.get(answer, answer) for key, answer in answers.items()}
    items = {item.key: item for item in domain.items}
    if all(plain[key] in items[key].answers for key in plain):  # 2.3 and the like have a strong and a weak yes
        order = list(chosen.judgements)
        assert judge_domain(domain, answers, order) == judge_domain(domain, plain, order)


@pytest.mark.parametrize("name", TOOLS)
def test_nothing_answered_leaves_every_judgement_of_a_domain_open(name):
    chosen = tool(name)
    for domain in chosen.domains:
        says = {j for table in domain.tables for rule in table for j in (rule.then, *rule.between) if j}
        assert set(judge_domain(domain, {}, list(chosen.judgements)).possible) == says


# --- facts


def first_trial(tmp_path, **facts):
    """Return the answers that facts propose to RoB 2 for the trial of the small review: question -> answer, cell."""
    return proposed(tmp_path, 5, "rob-2", {}, **facts)


def proposed(tmp_path, number, name, effect, **facts):
    sheets = small_review.rows()
    sheets["Design"][number].update(facts)
    sheets["Effects"][number].update(effect)
    stratum = {"rob-2": "trial", "robins-i": "treatment_cohort", "robins-i-v2": "treatment_cohort"}
    protocol = small_review.protocol(appraisal={"tools": {stratum.get(name, "prospective"): [name]}})
    path = small_review.write(tmp_path / "tea", sheets, protocol)
    found = grade_all(read_workbook(path, protocol.layout), protocol)[number].appraisals[0]
    assert found.tool == name
    assert not found.assessed  # facts alone never assess
    return {a.item: (a.answer, a.by) for domain in found.domains for a in domain.answers if a.answer}


def test_facts_propose_no_more_to_rob_2_than_they_say(tmp_path):
    assert first_trial(tmp_path) == {}  # 190 of 200 known is not "nearly all" by itself
    assert first_trial(tmp_path, n_outcome_known="150") == {"3.1": ("N", "proposed")}
    assert first_trial(tmp_path, blinded_assay="yes") == {}  # of a marker, not of the outcome
    for fact, answer in (("yes", "PY"), ("no", "PN"), ("NR", "NI")):
        assert first_trial(tmp_path, preregistered_analysis=fact) == {"5.1": (answer, "proposed")}


def test_facts_propose_answers_about_treatment_cohorts(tmp_path):
    treated = {"factor_kind": "treatment", "intervention": "tea", "comparator": "water"}
    assert proposed(tmp_path, 0, "robins-i", treated, n_outcome_known="20") == {
        "1.4": ("PY", "proposed"),
        "5.1": ("N", "proposed"),
    }
    assert proposed(tmp_path, 0, "robins-i", treated, adj_age="no") == {"1.4": ("N", "proposed")}
    assert proposed(tmp_path, 0, "robins-i", treated, adj_age="NR") == {}
    draft = proposed(tmp_path, 0, "robins-i-v2", treated, preregistered_analysis="yes", n_outcome_known="20")
    assert draft == {
        "B1": ("Y", "proposed"),
        "1A.1": ("PY", "proposed"),
        "4.2": ("N", "proposed"),
        "6.1": ("PY", "proposed"),
    }


@pytest.mark.parametrize(
    ("fact", "answer"),
    [("none", "N"), ("all_same", "N"), ("unrelated_to_result", "N"), ("by_test_result", "Y"), ("NR", "NI")],
)
def test_treatment_because_of_the_exposure_is_a_domain_of_robins_e(tmp_path, fact, answer):
    found = proposed(tmp_path, 0, "robins-e", {}, treated_between=fact, cutoff_source="roc_same_data")
    assert found == {
        "1.2": ("PY", "proposed"),
        "2.3": ("PN", "proposed"),
        "4.1": (answer, "proposed"),
        "7.2": ("PY", "proposed"),
    }


def test_a_question_that_is_not_asked_counts_as_neither_yes_nor_no():
    domain = tool("rob-2").domain("D2")
    typed = {"2.1": "N", "2.2": "N", "2.3": "Y", "2.4": "Y", "2.5": "N", "2.6": "Y"}
    assert judge_domain(domain, typed, ["low", "some", "high"]).judgement == "low"
    assert [key for key, wanted in asked(domain, typed).items() if not wanted] == ["2.3", "2.4", "2.5", "2.7"]
    assert NOT_ASKED not in tool("rob-2").answers
