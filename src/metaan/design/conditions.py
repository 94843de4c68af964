"""Conditions a comparison is held against, each answered yes, partly, no, or not reported from its Design row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]  #: a typed row of the Design sheet, with `population` filled in from the study
Required = Mapping[str, tuple[str, ...]]  #: population -> confounders that must be handled

KNOWN_SHARE = 0.8  #: least share of people at risk whose outcome must be known
HANDLED = ("matched", "restricted", "adjusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: what it asks and which facts answer it."""

    key: str
    short: str  #: head of a column
    label: str  #: as it stands in "Not met: ..." and "Not reported: ..."
    facts: tuple[str, ...]
    answer: Callable[[Facts, Required], bool | None]  #: True met, False not met, None not reported
    ask: str  #: what to ask the authors where it is not reported


def _among(fact: str, good: tuple[str, ...]) -> Callable[[Facts, Required], bool | None]:
    def answer(facts: Facts, _: Required) -> bool | None:
        value = facts.get(fact)
        return None if value is None else value in good

    return answer


def _assembly(facts: Facts, _: Required) -> bool | None:
    value = facts.get("cohort_assembly")
    if value is None or value == "nested_cc":  # how the cohort around the cases came together is not recorded
        return None
    return value in ("inception", "consecutive")


def _unswayed(facts: Facts, required: Required) -> bool | None:
    before, blind = facts.get("assayed_before_outcome"), facts.get("blinded_assay")
    if facts.get("cohort_assembly") == "nested_cc":  # stored samples, assayed once the cases were known
        return _blind(facts, required)
    if before == "yes" or blind == "yes":
        return True
    return False if before == "no" and blind == "no" else None


_blind = _among("blinded_assay", ("yes",))


def required_of(facts: Facts, required: Required) -> tuple[str, ...]:
    """Return the confounders that must be handled in the population of a comparison."""
    return required.get(facts.get("population") or "", required.get("default", ()))


def confounder_states(facts: Facts, required: Required) -> dict[str, str]:
    """Return each confounder that must be handled: yes, no, or NR."""
    found = {}
    for name in required_of(facts, required):
        how = facts.get(f"adj_{name}")
        found[name] = "NR" if how is None else "yes" if how in HANDLED else "no"
    return found


def _confounders(facts: Facts, required: Required) -> bool | None:
    states = confounder_states(facts, required).values()
    if "no" in states:
        return False
    return None if not states or "NR" in states else True


def _known(facts: Facts, _: Required) -> bool | None:
    at_risk, known = facts.get("n_at_risk"), facts.get("n_outcome_known")
    if not at_risk or known is None:
        return None
    return known >= KNOWN_SHARE * at_risk


def state(condition: Condition, facts: Facts, required: Required) -> str:
    """Return how a condition is answered: yes, partly, no, or NR; partly counts as no in a grade.

    Parameters
    ----------
    condition : Condition
        What is asked.
    facts : mapping
        Typed row of the Design sheet.
    required : mapping
        Population -> confounders that must be handled.
    """
    answer = condition.answer(facts, required)
    if answer is None:
        return "NR"
    if answer:
        return "yes"
    if condition.key == "confounders":
        return "partly" if "yes" in confounder_states(facts, required).values() else "no"
    return "partly" if any(facts.get(fact) == "partly" for fact in condition.facts) else "no"


#: of a comparison measured before the outcome
PROSPECTIVE: tuple[Condition, ...] = (
    Condition(
        key="assembly",
        short="All eligible people enrolled",
        label="all eligible people were enrolled in sequence or from the start",
        facts=("cohort_assembly",),
        answer=_assembly,
        ask="Were all eligible people enrolled, in sequence or from the start of their condition?",
    ),
    Condition(
        key="unswayed",
        short="Outcome could not sway it",
        label="the measurement could not be swayed by the outcome",
        facts=("assayed_before_outcome", "blinded_assay"),
        answer=_unswayed,
        ask="Was the measurement finished before the outcome was known, or read without knowing it?",
    ),
    Condition(
        key="cutoff",
        short="Cut-off fixed or none",
        label="the cut-off was fixed in advance, or the level kept continuous",
        facts=("cutoff_source",),
        answer=_among("cutoff_source", ("prespecified", "published", "control_percentile", "none_continuous")),
        ask="Where did the cut-off come from, and was it fixed before the data were seen?",
    ),
    Condition(
        key="confounders",
        short="Confounders handled",
        label="the main confounders were handled",
        facts=(),
        answer=_confounders,
        ask="Were these matched, restricted or adjusted for",
    ),
    Condition(
        key="known",
        short="Outcome known in 80 %",
        label="the outcome is known for at least 80 % of the people at risk",
        facts=("n_at_risk", "n_outcome_known"),
        answer=_known,
        ask="How many people were at risk of the outcome, and in how many of them is it known?",
    ),
    Condition(
        key="treatment",
        short="Treatment not by result",
        label="treatment did not depend on the measurement",
        facts=("treated_between",),
        answer=_among("treated_between", ("none", "all_same", "unrelated_to_result")),
        ask="Was anyone treated between the measurement and the outcome, and did that depend on the measurement?",
    ),
)

#: conditions that must not be answered "no" for a B
DECISIVE = ("known", "treatment")

#: of a comparison of people chosen by outcome
CASE_CONTROL: tuple[Condition, ...] = (
    Condition(
        key="source",
        short="Controls from same source",
        label="controls came from the population of the cases",
        facts=("control_same_source",),
        answer=_among("control_same_source", ("yes",)),
        ask="Did the controls come from the same population as the cases: the same clinic or area, the same years?",
    ),
    Condition(
        key="state",
        short="Sampled in same state",
        label="both groups were sampled in the same state",
        facts=("state_same",),
        answer=_among("state_same", ("yes",)),
        ask="Were both groups sampled in the same state (phase, gestation, fasting, time of day)?",
    ),
    Condition(
        key="parity",
        short="Parity comparable",
        label="parity was made comparable",
        facts=("parity_handling",),
        answer=_among("parity_handling", HANDLED),
        ask="Was parity made comparable in cases and controls: matched, restricted or adjusted for?",
    ),
    Condition(
        key="blind",
        short="Read blind",
        label="the measurement was read without knowing the outcome",
        facts=("blinded_assay",),
        answer=_blind,
        ask="Were the measurements read without knowing who had the outcome?",
    ),
)

CONDITIONS: dict[str, tuple[Condition, ...]] = {"prospective": PROSPECTIVE, "case_control": CASE_CONTROL}


def conditions_of(stratum: str, columns: set[str]) -> tuple[Condition, ...]:
    """Return the conditions of a stratum whose facts this review records."""
    return tuple(c for c in CONDITIONS.get(stratum, ()) if all(fact in columns for fact in c.facts))


def all_states(facts: Facts, required: Required, columns: set[str]) -> dict[str, str]:
    """Return how every condition is answered, whatever the stratum: quality tools propose answers from them."""
    return {
        c.key: state(c, facts, required)
        for group in CONDITIONS.values()
        for c in group
        if all(fact in columns for fact in c.facts)
    }
