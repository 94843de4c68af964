"""A quality tool in words (Markdown), for people who want to know what it asks and how it judges."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from metaan.design.tool import Count, Domain, Item, Judgement, Rule, Tool, When
from metaan.terms.wording import listed, sentence

QUESTION, DOMAIN = "question", "domain"

Words = Callable[[str], str]  #: answer or judgement -> how it is called


def remarks(tool: Tool) -> tuple[str, ...]:
    """Return what a tool is for, what must be known of it, and its answers, each a paragraph."""
    version = f" Version: {tool.version}." if tool.version else ""
    made_for = f"For {tool.made_for}.{version}{' Its authors call it a draft.' * tool.draft}"
    answers = f"Answers, unless a question has its own: {_answers(tool.answers, {}, words=True)}."
    return tuple(text for text in (made_for, tool.remark, answers) if text)


def questions(tool: Tool) -> str:
    """Return every question as a line of a list, under the name of its domain."""
    known = dict(tool.answers)
    blocks: list[str] = []
    flat = False
    for domain in tool.domains:
        lines = [f"- {item.key} {_question(tool, item, known)}\n" for item in domain.items]
        alone = _only(domain) == domain.key
        if alone:
            lines = [lines[0].replace(f"- {domain.key} ", f"- {domain.key} **{domain.label}** ", 1)]
        else:
            stars = f" (at most {domain.most_stars} stars)" if domain.most_stars else ""
            blocks.append(f"{domain.key} **{domain.label}**{stars}\n")
        if alone and flat:
            blocks[-1] += "".join(lines)
        else:
            blocks.append("".join(lines))
        flat = alone
    return "\n".join(blocks)


def rules(tool: Tool) -> str:
    """Return the rules as a list; domains with the same rules share a line."""
    by_rules: dict[str, list[str]] = {}
    for domain in tool.domains:
        by_rules.setdefault(domain_rules(tool, domain), []).append(domain.key)
    lines = [(", ".join(keys), text) for text, keys in by_rules.items() if text]
    overall = overall_rules(tool) + " Used only if the protocol asks for it." * tool.optional_overall
    note = f" {sentence(tool.overall_note)}" if tool.overall_note else ""
    lines.append(("Overall", f"{overall if tool.overall else 'none.'}{note}"))
    return "".join(f"- **{head}**: {text}\n" for head, text in lines)


def _answers(answers: Mapping[str, str], stars: Mapping[str, int], *, words: bool) -> str:
    said = [f"{key} {label}" if words and label != key else key for key, label in answers.items()]
    marks = [" " + "\\*" * stars[key] if stars.get(key) else "" for key in answers]
    return "; ".join(text + mark for text, mark in zip(said, marks, strict=True))


def _question(tool: Tool, item: Item, known: dict[str, str]) -> str:
    """Return a question, when it is asked, and its answers if they are its own; without words if all are known."""
    said = item.question + f" ({asked_if(item)})" * bool(asked_if(item))
    if item.answers != tool.answers or item.stars:
        new = any(known.get(key) != label for key, label in item.answers.items())
        said += f" *{_answers(item.answers, item.stars, words=new)}*"
        known.update(item.answers)
    return said + f" Proposed: {proposals(item)}." * bool(item.proposals)


def in_a_cell(tool: Tool, item: Item) -> str:
    """Return a question as its row of the workbook shows it: when it is asked, and what its own answers mean."""
    said = f"{item.question} ({asked_if(item)})" if item.only_if is not None else item.question
    if any(tool.answers.get(key) != label for key, label in item.answers.items()):
        said += f" {'; '.join(f'{key}: {label}' for key, label in item.answers.items())}"
    return said


def domain_rules(tool: Tool, domain: Domain) -> str:
    """Return how the answers of a domain make its judgement; of several tables each is given."""
    tables = [_rules(table, tool.judgements, QUESTION, str, _only(domain)) for table in domain.tables]
    if len(tables) < 2:
        return "".join(tables)
    parts = [f"({i}) {text}" for i, text in enumerate(tables, 1)]
    return f"The worst of {listed([f'({i})' for i in range(1, len(tables) + 1)])}. {' '.join(parts)}"


def overall_rules(tool: Tool) -> str:
    """Return how the domains make the overall judgement; empty where the tool has none."""
    return _rules(tool.overall, tool.overall_judgements, DOMAIN, _called(tool.judgements))


def asked_if(item: Item) -> str:
    """Return when a question is asked; empty where it always is."""
    return f"if {_condition(item.only_if, 'question', str)}" if item.only_if is not None else ""


def proposals(item: Item) -> str:
    """Return which facts propose which answers; empty where none does."""
    parts = []
    before = ""
    for each in item.proposals:
        name = f"condition `{each.condition}`" if each.condition else f"`{each.fact}`"
        parts.append(f"{each.answer} if {f'{name} is ' * (name != before)}{listed(each.among, 'or')}")
        before = name
    return "; ".join(parts)


def _only(domain: Domain) -> str:
    return domain.items[0].key if len(domain.items) == 1 else ""


def _called(judgements: Mapping[str, Judgement]) -> Words:
    return lambda key: judgements[key].label.lower() if key in judgements else key


def _rules(rules: Sequence[Rule], judgements: Mapping[str, Judgement], what: str, words: Words, only: str = "") -> str:
    """Return a table of rules as sentences; rules beside each other that say the same are joined."""
    called = _called(judgements)
    parts: list[str] = []
    told: set[str] = {""}
    for (then, between, decide), group in groupby(rules, key=lambda rule: (rule.then, rule.between, rule.decide)):
        conditions = [_condition(rule.when, what, words, only) for rule in group]
        said = called(then) if then else f"left to the reviewers: {listed([called(key) for key in between], 'or')}"
        said = f"{said} if {'; or '.join(conditions)}" if all(conditions) else f"{'otherwise ' * bool(parts)}{said}"
        parts.append(said + f" ({decide})" * (decide not in told))
        told.add(decide)
    return sentence("; ".join(parts)) if parts else ""


def _condition(when: When | None, what: str, words: Words, only: str = "") -> str:
    if when is None:
        return ""
    parts: list[str] = []
    for among, group in groupby(when.among, key=when.among.__getitem__):
        keys = list(group)
        verb = "" if what == QUESTION else "is " if len(keys) == 1 else "are each "
        parts.append(f"{listed(keys)} {verb}{_either(among, words)}")
    if when.count is not None:
        parts.append(_counted(when.count, what, words, only))
    parts += [f"{key} has {least} {'star' if least == 1 else 'stars'} or more" for key, least in when.stars.items()]
    if when.any:
        either = " or ".join(_condition(each, what, words, only) for each in when.any)
        parts.append(f"({either})" if parts else either)
    return " and ".join(parts)


def _counted(count: Count, what: str, words: Words, only: str) -> str:
    among = _either(count.among, words)
    if only and not count.of:
        return f"the answer is {among}"
    of = f" of {listed(count.of)}" if count.of else ""
    if count.at_least == "all":
        return f"all{of} are {among}" if of else f"every {what} is {among}"
    if count.at_least == "most":
        return f"more than half{of or f' of the {what}s'} are {among}"
    if count.at_least == 1:
        return f"any{of or f' {what}'} is {among}"
    return f"{count.at_least} or more{of or f' {what}s'} are {among}"


def _either(among: Sequence[str], words: Words) -> str:
    called = [words(word) for word in among]
    return listed(called, "or") if any(" " in each for each in called) else "/".join(called)
