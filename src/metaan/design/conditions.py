"""Conditions a comparison is held against, each answered yes, no, or not reported from the facts of its Design row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]  #: a typed row of the Design sheet, with `population` filled in from the study

KNOWN_SHARE = 0.8  #: least share of people at risk whose outcome must be known


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: what it asks and which facts answer it."""

    key: str
    label: str  #: as it stands in "Not met: ..." and "Not reported: ..."
    facts: tuple[str, ...]
    answer: Callable[[Facts, Mapping[str, tuple[str, ...]]], bool | None]  #: True met, False not met, None not reported


def _among(fact: str, good: tuple[str, ...]) -> Callable[[Facts, Mapping[str, tuple[str, ...]]], bool | None]:
    def answer(facts: Facts, _: Mapping[str, tuple[str, ...]]) -> bool | None:
        value = facts.get(fact)
        return None if value is None else value in good

    return answer


def _assembly(facts: Facts, _: Mapping[str, tuple[str, ...]]) -> bool | None:
    value = facts.get("cohort_assembly")
    if value is None or value == "nested_cc":  # how the cohort around the cases came together is not recorded
        return None
    return value in ("inception", "consecutive")


def _unswayed(facts: Facts, _: Mapping[str, tuple[str, ...]]) -> bool | None:
    before, blind = facts.get("assayed_before_outcome"), facts.get("blinded_assay")
    if before == "yes" or blind == "yes":
        return True
    return False if before == "no" and blind == "no" else None


def _confounders(facts: Facts, required: Mapping[str, tuple[str, ...]]) -> bool | None:
    names = required.get(facts.get("population") or "", required.get("default", ()))
    answers = [facts.get(f"adj_{name}") for name in names]
    if any(answer == "no" for answer in answers):
        return False
    return None if not answers or any(answer is None for answer in answers) else True


def _known(facts: Facts, _: Mapping[str, tuple[str, ...]]) -> bool | None:
    at_risk, known = facts.get("n_at_risk"), facts.get("n_outcome_known")
    if not at_risk or known is None:
        return None
    return known >= KNOWN_SHARE * at_risk


#: of a comparison measured before the outcome
PROSPECTIVE: tuple[Condition, ...] = (
    Condition(
        key="assembly",
        label="all eligible people were enrolled in sequence or from the start",
        facts=("cohort_assembly",),
        answer=_assembly,
    ),
    Condition(
        key="unswayed",
        label="the measurement could not be swayed by the outcome",
        facts=("assayed_before_outcome", "blinded_assay"),
        answer=_unswayed,
    ),
    Condition(
        key="cutoff",
        label="the cut-off was fixed in advance, or the level kept continuous",
        facts=("cutoff_source",),
        answer=_among("cutoff_source", ("prespecified", "published", "control_percentile", "none_continuous")),
    ),
    Condition(
        key="confounders",
        label="the main confounders were handled",
        facts=(),
        answer=_confounders,
    ),
    Condition(
        key="known",
        label="the outcome is known for at least 80 % of the people at risk",
        facts=("n_at_risk", "n_outcome_known"),
        answer=_known,
    ),
    Condition(
        key="treatment",
        label="treatment did not depend on the measurement",
        facts=("treated_between",),
        answer=_among("treated_between", ("none", "all_same", "unrelated_to_result")),
    ),
)

#: conditions that must not be answered "no" for a B
DECISIVE = ("known", "treatment")

#: of a comparison of people chosen by outcome
CASE_CONTROL: tuple[Condition, ...] = (
    Condition(
        key="source",
        label="controls came from the population of the cases",
        facts=("control_same_source",),
        answer=_among("control_same_source", ("yes",)),
    ),
    Condition(
        key="state",
        label="both groups were sampled in the same state",
        facts=("state_same",),
        answer=_among("state_same", ("yes",)),
    ),
    Condition(
        key="parity",
        label="parity was made comparable",
        facts=("parity_handling",),
        answer=_among("parity_handling", ("matched", "restricted", "adjusted")),
    ),
    Condition(
        key="blind",
        label="the measurement was read without knowing the outcome",
        facts=("assayed_before_outcome", "blinded_assay"),
        answer=_unswayed,
    ),
)
