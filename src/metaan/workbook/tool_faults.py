"""What is wrong in a quality tool although it fits its schema: names that stand for nothing, rules never reached."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Fault = tuple[str, str, str]  #: place, what was found, what was expected

_WORDS = ("any", "count", "stars")  #: of a condition; every other key names a question or a domain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What a condition may name."""

    answers: Mapping[str, list[str]]  #: question or domain -> its answers or judgements
    counted: list[str]  #: answers a count may name; tables shared by domains may name those of another
    starred: list[str]  #: domains that count stars


def tool_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what is wrong in a tool that fits `schemas/tool.schema.json`.

    Parameters
    ----------
    data : mapping
        The tool as plain data.
    """
    domains, judgements = data["domains"], list(data["judgements"])
    asked = [{item["key"]: list(item.get("answers", data["answers"])) for item in d["items"]} for d in domains]
    counted = sorted({answer for questions in asked for answers in questions.values() for answer in answers})
    seen: set[str] = set()
    for domain, questions in zip(domains, asked, strict=True):
        place, key = f"domains > {domain['key']}", domain["key"]
        if key in seen:
            yield place, "a key that another domain has", "a key of its own"
        seen.add(key)
        yield from _items(domain, questions, counted, place)
        names = _Names(answers=questions, counted=counted, starred=[key])
        for table in domain.get("parts") or ([domain["rules"]] if "rules" in domain else []):
            yield from _rules(table, names, judgements, f"{place} > rules")
    judged = {d["key"]: judgements for d in domains if d.get("kind", "bias") == "bias"}
    names = _Names(answers=judged, counted=judgements, starred=list(judged))
    overall = data["overall"]
    yield from _rules(overall["rules"], names, list(overall.get("judgements", judgements)), "overall > rules")


def _items(
    domain: Mapping[str, Any], questions: Mapping[str, list[str]], counted: list[str], place: str
) -> Iterator[Fault]:
    earlier: dict[str, list[str]] = {}
    for item in domain["items"]:
        key = item["key"]
        here = f"{place} > items > {key}"
        if key in earlier:
            yield here, "a key that another question has", "a key of its own"
        for answer in item.get("stars", {}):
            yield from _known(answer, questions[key], f"{here} > stars")
        for proposal in item.get("from", ()):
            for answer in (proposal["answer"], *proposal.get("goes_with", ())):
                yield from _known(answer, questions[key], f"{here} > from")
        if "only_if" in item:
            before = _Names(answers=dict(earlier), counted=counted, starred=[])
            yield from _when(item["only_if"], before, f"{here} > only_if")
        earlier[key] = questions[key]


def _rules(rules: list[Mapping[str, Any]], names: _Names, judgements: list[str], place: str) -> Iterator[Fault]:
    for number, rule in enumerate(rules, 1):
        here = f"{place} > number {number}"
        for judgement in rule.get("between", [rule["then"]] if "then" in rule else []):
            yield from _known(judgement, judgements, here)
        if "when" in rule:
            yield from _when(rule["when"], names, f"{here} > when")
        elif number < len(rules):
            yield here, "a rule that always holds before others", "such a rule in the last place"


def _when(when: Mapping[str, Any], names: _Names, place: str) -> Iterator[Fault]:
    for key, among in when.items():
        if key in _WORDS:
            continue
        yield from _known(key, list(names.answers), place)
        for answer in among if key in names.answers else ():
            yield from _known(answer, names.answers[key], f"{place} > {key}")
    for each in when.get("any", ()):
        yield from _when(each, names, f"{place} > any")
    for key in when.get("stars", {}):
        yield from _known(key, names.starred, f"{place} > stars")
    if count := when.get("count"):
        here, of = f"{place} > count", count.get("of") or list(names.answers)
        for key in of:
            yield from _known(key, list(names.answers), f"{here} > of")
        for answer in count["in"]:
            yield from _known(answer, names.counted, f"{here} > in")
        if isinstance(count["at_least"], int) and count["at_least"] > len(of):
            yield f"{here} > at_least", str(count["at_least"]), f"at most {len(of)}, as many as are counted"


def _known(name: str, of: list[str], place: str) -> Iterator[Fault]:
    if name not in of:
        yield place, repr(name), f"one of {', '.join(of)}" if of else "nothing: no question stands before this one"
