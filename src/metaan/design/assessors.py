"""Two people who assess with the same tools: how far they agree, domain by domain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metaan.checks.agreement import (
    FEW,
    UNDEFINED,
    Coefficient,
    chances,
    cohens_kappa,
    gwet_ac1,
    pooled_beyond_chance,
    wilson,
)
from metaan.design.grade import grade_all
from metaan.design.tool import Domain, Judgement, Tool, tool
from metaan.terms.appraisal import TYPED, Appraisal, JudgedDomain
from metaan.workbook.extractors.align import Alignment
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction

OVERALL = "overall"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Agreement on judgements, or on answers."""

    n: int  #: that both gave
    agree: int
    interval: tuple[float, float]  #: of the share that agrees, by Wilson
    missing: int  #: that only one of the two gave
    kappa: Coefficient | None = None  #: None below ten pairs
    weighted: Coefficient | None = None  #: with quadratic weights; judgements alone have an order
    ac1: Coefficient | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; what is not defined or rests on too few pairs is left out."""
        found: dict[str, Any] = {"n": self.n, "agree": self.agree, "missing": self.missing}
        if self.n:
            found |= {"low": self.interval[0], "high": self.interval[1]}
        for name in ("kappa", "weighted", "ac1"):
            each: Coefficient | None = getattr(self, name)
            if each is not None and each.defined:
                found[name] = each.to_dict()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedDomain:
    """Agreement of two assessors on one domain of one tool."""

    tool: str  #: its id
    name: str
    domain: str  #: its key, or `OVERALL`
    label: str
    judgements: Share
    answers: Share | None  #: over all questions of the domain; None where there is none but the judgement itself

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        found: dict[str, Any] = {"tool": self.tool, "name": self.name, "domain": self.domain, "label": self.label}
        found["judgements"] = self.judgements.to_dict()
        if self.answers is not None:
            found["answers"] = self.answers.to_dict()
        return found


def assessors(a: Extraction, b: Extraction, alignment: Alignment, protocol: Protocol) -> tuple[AgreedDomain, ...]:
    """Return how far two people agree, one record a domain of each tool that either of them used.

    A judgement is the one typed, else the one that the tool's rules derive from answers of which at least one was
    typed; answers that follow from recorded facts alone are nobody's. Comparisons that only one of the two has are
    left out, as everywhere in the agreement.

    Parameters
    ----------
    a, b : Extraction
        Workbooks of two people, without errors.
    alignment : Alignment
        Which of their rows mean the same.
    protocol : Protocol
        Names the tools.
    """
    return agreed(_paired(_used(a, protocol), _used(b, protocol), alignment), protocol)


def agreed(
    pairs: Iterable[tuple[Appraisal | None, Appraisal | None]], protocol: Protocol | None = None
) -> tuple[AgreedDomain, ...]:
    """Return agreement on appraisals that belong together; None where one of the two has none."""
    by_tool: dict[str, list[tuple[Appraisal | None, Appraisal | None]]] = {}
    for one, two in pairs:
        name = (one or two).tool if one or two else ""  # type: ignore[union-attr]
        if name:
            by_tool.setdefault(name, []).append((one, two))
    found: list[AgreedDomain] = []
    for name in sorted(by_tool):
        found += _of_tool(tool(name, protocol), by_tool[name])
    return tuple(found)


def _of_tool(chosen: Tool, pairs: Sequence[tuple[Appraisal | None, Appraisal | None]]) -> Iterable[AgreedDomain]:
    for i, domain in enumerate(chosen.domains):
        judged = [(_domain(one, i), _domain(two, i)) for one, two in pairs]
        judgements = [(_judgement(one), _judgement(two)) for one, two in judged]
        by_item = {
            item.key: [(_answer(one, item.key), _answer(two, item.key)) for one, two in judged] for item in domain.items
        }
        if any(any(pair) for pair in judgements) or any(any(pair) for of in by_item.values() for pair in of):
            yield AgreedDomain(
                tool=chosen.id,
                name=chosen.name,
                domain=domain.key,
                label=domain.label,
                judgements=_judged(judgements, chosen.judgements),
                answers=None
                if _is_the_judgement(domain, chosen)
                else _answers(by_item, {item.key: tuple(item.answers) for item in domain.items}),
            )
    whole = [(_judgement(one), _judgement(two)) for one, two in pairs]
    if any(any(pair) for pair in whole):
        yield AgreedDomain(
            tool=chosen.id,
            name=chosen.name,
            domain=OVERALL,
            label="Overall",
            judgements=_judged(whole, chosen.overall_judgements),
            answers=None,
        )


def _is_the_judgement(domain: Domain, chosen: Tool) -> bool:
    """Whether a domain has one question, the answer to which is its judgement."""
    return len(domain.items) == 1 and set(domain.items[0].answers) == set(chosen.judgements)


def _domain(found: Appraisal | None, i: int) -> JudgedDomain | None:
    return found.domains[i] if found is not None else None


def _judgement(found: Appraisal | JudgedDomain | None) -> str:
    return found.judgement if found is not None and found.by == TYPED else ""


def _answer(found: JudgedDomain | None, item: str) -> str:
    answers = found.answers if found is not None else ()
    return next((a.answer for a in answers if a.item == item and a.by == TYPED and a.asked), "")


def _judged(pairs: Pairs, words: Mapping[str, Judgement]) -> Share:
    """Return agreement on judgements; weighted kappa leaves out those that say nothing can be said."""
    order = [key for key, word in words.items() if not word.open]
    both = [pair for pair in pairs if all(pair)]
    more: dict[str, Coefficient] = {}
    if len(both) >= FEW:
        a, b = [one for one, _ in both], [two for _, two in both]
        more = {"kappa": cohens_kappa(a, b), "ac1": gwet_ac1(a, b, tuple(words))}
        ranked = [(one, two) for one, two in both if one in order and two in order]
        if len(ranked) >= FEW and len(order) > 2:
            more["weighted"] = cohens_kappa([one for one, _ in ranked], [two for _, two in ranked], order)
    return _share(pairs, more)


def _answers(by_item: Mapping[str, Pairs], choices: Mapping[str, Sequence[str]]) -> Share:
    """Return agreement on answers, pooled over the questions of a domain."""
    parts = []
    for item, pairs in by_item.items():
        both = [pair for pair in pairs if all(pair)]
        if both:
            a, b = [one for one, _ in both], [two for _, two in both]
            parts.append((len(both), *chances(a, b, choices[item])))
    more: dict[str, Coefficient] = {}
    if sum(part[0] for part in parts) >= FEW:
        for which, name in ((2, "kappa"), (3, "ac1")):
            value = pooled_beyond_chance([(part[0], part[1], part[which]) for part in parts])
            more[name] = Coefficient(value, UNDEFINED.se, UNDEFINED.low, UNDEFINED.high)
    return _share([pair for pairs in by_item.values() for pair in pairs], more)


def _share(pairs: Pairs, more: Mapping[str, Coefficient]) -> Share:
    both = [pair for pair in pairs if all(pair)]
    agree = sum(one == two for one, two in both)
    missing = sum(any(pair) and not all(pair) for pair in pairs)
    interval = wilson(agree, len(both)) if both else (0.0, 1.0)
    return Share(n=len(both), agree=agree, interval=interval, missing=missing, **more)


def _used(extraction: Extraction, protocol: Protocol) -> dict[tuple[str, str, str], Appraisal]:
    """Return (comparison, result, tool) -> appraisal."""
    if not extraction.sheet("Quality"):
        return {}
    return {
        (found.design_id, found.effect_id, found.tool): found
        for grade in grade_all(extraction, protocol)
        for found in grade.appraisals
    }


def _paired(
    a: Mapping[tuple[str, str, str], Appraisal],
    b: Mapping[tuple[str, str, str], Appraisal],
    alignment: Alignment,
) -> Iterable[tuple[Appraisal | None, Appraisal | None]]:
    """Yield the appraisals of comparisons that both have, those of B under the names that A gave them."""
    renamed = {
        (design, alignment.partner("Effects", effect) if effect else "", name): found
        for (theirs, effect, name), found in b.items()
        if (design := alignment.partner("Design", theirs)) and (not effect or alignment.partner("Effects", effect))
    }
    shared = set(alignment.keys.get("Design", {}).values())
    results = set(alignment.keys.get("Effects", {}).values())
    for key in dict.fromkeys((*a, *renamed)):
        design, effect, _ = key
        if design in shared and (not effect or effect in results):
            yield a.get(key), renamed.get(key)
