"""Rows of the Quality sheet that are still missing, with the answers that facts propose, for `metaan appraise`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from metaan.design.appraise import OVERALL, Facts, appraise, place_of, tool_id, tools_of
from metaan.design.described import in_a_cell
from metaan.design.prefill import source
from metaan.design.tool import Domain, Judgement, Tool, tool
from metaan.terms.appraisal import PROPOSED, JudgedDomain
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Row

Cells = dict[str, str]
Place = tuple[str, str]

#: cells by which people make a row their own
_TYPED = ("answer", "judgement", "override_reason", "support", "extractor", "date")
_OURS = ("proposed", "where")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A comparison to be judged."""

    facts: Facts
    stratum: str
    results: tuple[str, ...] = ()  #: results to be judged one by one with tools made for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The rows of the Quality sheet, made ready to be answered."""

    rows: tuple[Cells, ...]  #: those that were there, in their order, then the new ones
    added: int
    renewed: int  #: rows nobody has typed into whose proposal has changed


def prepare(
    present: Sequence[Mapping[str, str]], wanted: Iterable[Wanted], protocol: Protocol, tools: Sequence[str] = ()
) -> Prepared:
    """Add the rows that are missing.

    A row that people typed into stays as it is and where it is. Where nobody did, its proposal is made anew.

    Parameters
    ----------
    present : sequence of mapping
        Rows of the sheet as they are.
    wanted : iterable of Wanted
        Comparisons to be judged.
    protocol : Protocol
        Names the tools of each design.
    tools : sequence of str
        Ids of the tools to use instead, each where it can judge the design.
    """
    rows = [dict(row) for row in present]
    places = _places(rows, protocol)
    added, renewed = [], 0
    for each in wanted:
        for chosen in _tools(each.stratum, protocol, tools):
            for effect in _targets(chosen, each, places):
                design = each.facts.design["design_id"]
                there = places.get((design, effect, chosen.id), {})
                for place, cells in _of_tool(chosen, each.facts, effect, protocol):
                    if place not in there:
                        added.append(cells)
                    elif not any(there[place].get(name) for name in _TYPED):
                        renewed += _renew(there[place], cells)
    rows += added
    return Prepared(rows=tuple(rows), added=len(added), renewed=renewed)


def offers(rows: Sequence[Mapping[str, str]], protocol: Protocol) -> dict[tuple[str, str], tuple[tuple[str, ...], ...]]:
    """Return the dropdowns of rows of the Quality sheet, as `workbook.template.workbook_bytes` takes them."""
    about = [_about(row, protocol) for row in rows]
    return {
        ("Quality", "answer"): tuple(answers for answers, _ in about),
        ("Quality", "judgement"): tuple(judgements for _, judgements in about),
    }


def _renew(row: Cells, made: Cells) -> bool:
    """Put our cells of a row as they are made now; tell whether one changed."""
    now = {name: made[name] for name in _OURS if name in made}
    if now == {name: row[name] for name in _OURS if row.get(name)}:
        return False
    for name in _OURS:
        row.pop(name, None)
    row.update(now)
    return True


def _tools(stratum: str, protocol: Protocol, named: Sequence[str]) -> Iterator[Tool]:
    for name in named or tools_of(stratum, protocol):
        chosen = tool(name, protocol)
        if stratum in chosen.strata or not named:
            yield chosen


def _targets(chosen: Tool, wanted: Wanted, places: Mapping[tuple[str, str, str], object]) -> list[str]:
    """Return the results a tool judges; an empty name is the whole comparison, as `appraise.appraisals` has it."""
    design = wanted.facts.design["design_id"]
    used = [effect for at, effect, name in places if (at, name) == (design, chosen.id)]
    if chosen.unit == "result" and wanted.results:
        used += wanted.results
    elif not used or (chosen.unit == "design" and "" not in used):
        used = ["", *used]
    return sorted(dict.fromkeys(used))


def _places(rows: Iterable[Cells], protocol: Protocol) -> dict[tuple[str, str, str], dict[Place, Cells]]:
    """Return what is judged and by which tool -> question -> its row."""
    found: dict[tuple[str, str, str], dict[Place, Cells]] = {}
    for cells in rows:
        placed = _placed(cells, protocol)
        if placed is not None:
            chosen, place = placed
            judged = (cells.get("design_id", ""), cells.get("effect_id", ""), chosen.id)
            found.setdefault(judged, {})[place] = cells
    return found


def _placed(cells: Mapping[str, str], protocol: Protocol) -> tuple[Tool, Place] | None:
    name = tool_id(cells.get("tool", ""), protocol)
    if not name:
        return None
    chosen = tool(name, protocol)
    place = place_of(chosen, Row("", "Quality", 0, cells, {}))
    return (chosen, place) if place else None


def _of_tool(chosen: Tool, facts: Facts, effect: str, protocol: Protocol) -> Iterator[tuple[Place, Cells]]:
    """Yield every place of a tool with the row made for it."""
    found = appraise(chosen, (), facts, effect_id=effect, protocol=protocol)

    def row(domain: str, item: str, question: str, proposed: str, where: str) -> Cells:
        cells = {"design_id": facts.design["design_id"], "effect_id": effect, "tool": chosen.id, "domain": domain}
        cells |= {"item": item, "question": question, "proposed": proposed, "where": where}
        return {name: text for name, text in cells.items() if text}

    for domain, judged in zip(chosen.domains, found.domains, strict=True):
        for item, answer in zip(domain.items, judged.answers, strict=True):
            where = source(item, facts) if answer.proposed else ""
            yield (domain.key, item.key), row(domain.label, item.key, in_a_cell(chosen, item), answer.proposed, where)
        if len(domain.items) > 1:  # a single answer is the judgement
            asks = _asks("Judgement of the domain", chosen.judgements, left=_left_to_reviewers(domain))
            yield (domain.key, ""), row(domain.label, "", asks, *_derived(judged))
    if chosen.overall and (not chosen.optional_overall or chosen.id in protocol.appraisal_overall):
        yield (OVERALL, ""), row(OVERALL, "", _asks("Overall judgement", chosen.overall_judgements), "", "")


def _derived(judged: JudgedDomain) -> tuple[str, str]:
    if judged.by != PROPOSED or not judged.derived:
        return "", ""
    return judged.derived, "the proposed answers, by the tool's rules"


def _asks(what: str, words: Mapping[str, Judgement], *, left: bool = False) -> str:
    blank = "yours to choose, the tool has no rule for it" if left else "blank: by the tool's rules"
    return f"{what}: {', '.join(words)}; {blank}"


def _left_to_reviewers(domain: Domain) -> bool:
    """Whether no rule derives a judgement, whatever the answers."""
    return not any(rule.then for table in domain.tables for rule in table)


def _about(cells: Mapping[str, str], protocol: Protocol) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the answers and the judgements a row may have; none where it has no such cell."""
    placed = _placed(cells, protocol)
    if placed is None:
        return (), ()
    chosen, (domain, item) = placed
    if domain == OVERALL:
        return (), () if item else tuple(chosen.overall_judgements)
    if not item:
        return (), tuple(chosen.judgements)
    held = chosen.domain(domain)
    questions = {each.key: each for each in held.items} if held else {}
    return tuple(questions[item].answers), ()
