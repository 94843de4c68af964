"""Quality tools as data: read from `design/tools/*.yaml` and from a review's own folder `tools`, one schema for all.

To add a tool is to add a file; nothing in the code names one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from metaan.terms import resources
from metaan.workbook.protocol import Protocol

FOLDER = "design/tools"
ANY, COUNT, STARS = "any", "count", "stars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many of these questions or domains have one of these answers."""

    of: tuple[str, ...]  #: empty: all
    among: tuple[str, ...]
    at_least: int | str  #: a number, "all", or "most" (more than half)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition on answers or judgements; every part must hold."""

    among: Mapping[str, tuple[str, ...]]  #: question or domain -> answers
    any: tuple["When", ...] = ()
    count: Count | None = None
    stars: Mapping[str, int] = field(default_factory=dict)  #: domain -> at least so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a table: where its condition holds, its judgement counts."""

    then: str  #: empty where the tool leaves the choice to the reviewers
    between: tuple[str, ...] = ()  #: judgements they may choose
    when: When | None = None
    decide: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A fact, or a condition of the design grade, that proposes an answer."""

    answer: str
    fact: str = ""
    condition: str = ""
    among: tuple[str, ...] = ()  #: words of the fact's cell, or the condition's answer
    goes_with: tuple[str, ...] = ()  #: other answers that do not contradict it


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question."""

    key: str
    question: str
    answers: Mapping[str, str]
    stars: Mapping[str, int]
    only_if: When | None
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Domain:
    """One domain: its questions and the tables that judge it; the worst table counts. Told apart by identity."""

    key: str
    label: str
    kind: str
    items: tuple[Item, ...]
    tables: tuple[tuple[Rule, ...], ...]
    most_stars: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One judgement of a tool."""

    label: str
    level: str  #: of `terms.appraisal.LEVELS`
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One quality tool."""

    id: str
    name: str
    version: str
    draft: bool
    made_for: str
    source: str
    licence: str
    remark: str
    strata: tuple[str, ...]
    purpose: str
    unit: str
    answers: Mapping[str, str]
    judgements: Mapping[str, Judgement]  #: of domains, best first
    overall_judgements: Mapping[str, Judgement]
    domains: tuple[Domain, ...]
    overall: tuple[Rule, ...]
    optional_overall: bool
    overall_note: str
    target_trial: bool  #: holds a study that was not randomised against an ideal trial

    def domain(self, key: str) -> Domain | None:
        """Return the domain of that key or label, however it is written; None where there is none."""
        wanted = folded(key)
        return next((d for d in self.domains if wanted in (folded(d.key), folded(d.label))), None)


def folded(text: str) -> str:
    """Return the letters and digits of a name without regard to capitals: how names of tools are compared."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def known_tools(protocol: Protocol | None = None) -> tuple[str, ...]:
    """Return the ids of all tools: those of the package, and a review's own."""
    own = tuple(protocol.tools) if protocol is not None else ()
    return tuple(dict.fromkeys((*resources.tool_names(), *own)))


def tool(name: str, protocol: Protocol | None = None) -> Tool:
    """Return a tool by its id; a review's own tool takes the place of the package's tool of that name.

    Raises
    ------
    KeyError
        There is no tool of that id.
    """
    if protocol is not None and name in protocol.tools:
        return _own(json.dumps(protocol.tools[name]))
    if name not in resources.tool_names():
        raise KeyError(name)
    return _packaged(name)


@lru_cache(maxsize=32)
def _own(text: str) -> Tool:
    return parse_tool(json.loads(text))


@cache
def _packaged(name: str) -> Tool:
    return parse_tool(resources.tool(name))


def parse_tool(data: Mapping[str, Any]) -> Tool:
    """Return a tool from plain data that fits `schemas/tool.schema.json`."""
    judgements = _judgements(data["judgements"])
    overall = data["overall"]
    return Tool(
        id=data["id"],
        name=data["name"],
        version=data.get("version", ""),
        draft=bool(data.get("draft", False)),
        made_for=data["made_for"],
        source=data["source"],
        licence=data.get("licence", ""),
        remark=data.get("remark", ""),
        strata=tuple(data["strata"]),
        purpose=data.get("purpose", "bias"),
        unit=data["unit"],
        answers=data["answers"],
        judgements=judgements,
        overall_judgements=_judgements(overall["judgements"]) if "judgements" in overall else judgements,
        domains=tuple(_domain(item, data["answers"]) for item in data["domains"]),
        overall=_rules(overall["rules"]),
        optional_overall=bool(overall.get("optional", False)),
        overall_note=overall.get("note", ""),
        target_trial=bool(data.get("target_trial", False)),
    )


def _judgements(data: Mapping[str, Any]) -> dict[str, Judgement]:
    return {key: Judgement(**value) for key, value in data.items()}


def _domain(data: Mapping[str, Any], answers: Mapping[str, str]) -> Domain:
    tables = data.get("parts") or ([data["rules"]] if "rules" in data else [])
    return Domain(
        key=data["key"],
        label=data["label"],
        kind=data.get("kind", "bias"),
        items=tuple(_item(item, answers) for item in data["items"]),
        tables=tuple(_rules(table) for table in tables),
        most_stars=data.get("most_stars"),
    )


def _item(data: Mapping[str, Any], answers: Mapping[str, str]) -> Item:
    return Item(
        key=data["key"],
        question=data["question"],
        answers=data.get("answers", answers),
        stars=data.get("stars", {}),
        only_if=_when(data["only_if"]) if "only_if" in data else None,
        proposals=tuple(_proposal(item) for item in data.get("from", ())),
    )


def _proposal(data: Mapping[str, Any]) -> Proposal:
    among = data["among"] if "fact" in data else [data["is"]]
    return Proposal(
        answer=data["answer"],
        fact=data.get("fact", ""),
        condition=data.get("condition", ""),
        among=tuple(among),
        goes_with=tuple(data.get("goes_with", ())),
    )


def _rules(data: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            then=item.get("then", ""),
            between=tuple(item.get("between", ())),
            when=_when(item["when"]) if "when" in item else None,
            decide=item.get("decide", ""),
        )
        for item in data
    )


def _when(data: Mapping[str, Any]) -> When:
    count = data.get(COUNT)
    return When(
        among={key: tuple(value) for key, value in data.items() if key not in (ANY, COUNT, STARS)},
        any=tuple(_when(item) for item in data.get(ANY, ())),
        count=Count(of=tuple(count.get("of", ())), among=tuple(count["in"]), at_least=count["at_least"])
        if count
        else None,
        stars=data.get(STARS, {}),
    )
