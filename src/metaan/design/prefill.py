"""Answers proposed from facts: where each comes from, and whether another answer differs from it for the tool."""

from collections.abc import Iterator

from metaan.design.appraise import Facts, primary_reports, proposal
from metaan.design.conditions import CASE_CONTROL, PROSPECTIVE, all_states
from metaan.design.grade import facts_of
from metaan.design.tool import Domain, Item, Proposal, When
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction

_CONDITIONS = {condition.key: condition.label for condition in (*PROSPECTIVE, *CASE_CONTROL)}


def recorded(extraction: Extraction, protocol: Protocol) -> dict[str, Facts]:
    """Return comparison -> the facts that propose answers about it, as the grade has them."""
    studies, reports = extraction.by_key("Studies", "study_id"), primary_reports(extraction)
    names = {column.name for column in protocol.layout.sheet("Design").columns}
    required = protocol.required_confounders
    found = {}
    for row in extraction.sheet("Design"):
        study = studies.get(row["study_id"])
        conditions = all_states(facts_of(row, extraction, protocol, study), required, names)
        report = reports.get(row["study_id"])
        found[row["design_id"]] = Facts(design=row, study=study, report=report, conditions=conditions)
    return found


def source(item: Item, facts: Facts) -> str:
    """Return the fact or condition that proposes an answer: "Design!P4 (blinded_assay: yes)"; empty where none does.

    Parameters
    ----------
    item : Item
        The question.
    facts : Facts
        What is recorded of the comparison.
    """
    for each, text in _holding(item, facts):
        cell = proposal(item, facts)[1]
        return f"{cell} ({_CONDITIONS.get(each.condition, each.condition) or each.fact}: {text})"
    return ""


def _holding(item: Item, facts: Facts) -> Iterator[tuple[Proposal, str]]:
    """Yield the proposals that hold, with the word of their fact; the first one proposes the answer."""
    for each in item.proposals:
        text = facts.conditions.get(each.condition, "") if each.condition else facts.look_up(each.fact)[0]
        if text and text in each.among:
            yield each, text


def contradicts(domain: Domain, item: Item, typed: str, facts: Facts) -> bool:
    """Tell whether an answer contradicts the one that the facts propose.

    It does where the tool tells the two apart, unless it goes with the fact as well.

    Parameters
    ----------
    domain : Domain
        The domain of the question.
    item : Item
        The question.
    typed : str
        The answer a reviewer gave.
    facts : Facts
        What is recorded of the comparison.
    """
    for each, _ in _holding(item, facts):
        return typed not in each.goes_with and told_apart(domain, item, typed, each.answer)
    return False


def told_apart(domain: Domain, item: Item, one: str, other: str) -> bool:
    """Tell whether two answers to a question make a difference to the tool.

    They do where a rule, a condition for asking, or the stars treat them differently; where no rule looks at the
    question at all, any two answers do.
    """
    if one == other:
        return False
    if item.stars.get(one, 0) != item.stars.get(other, 0):
        return True
    whens = [rule.when for table in domain.tables for rule in table]
    whens += [each.only_if for each in domain.items]
    sets = [among for when in whens for among in _looked_for(when, item.key)]
    return not sets or any((one in among) != (other in among) for among in sets)


def _looked_for(when: When | None, key: str) -> Iterator[tuple[str, ...]]:
    """Yield the sets of answers that a condition looks for in one question."""
    if when is None:
        return
    if key in when.among:
        yield when.among[key]
    if when.count is not None and (not when.count.of or key in when.count.of):
        yield when.count.among
    for each in when.any:
        yield from _looked_for(each, key)
