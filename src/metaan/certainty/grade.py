"""Certainty of each design's body of evidence, domain by domain (GRADE).

Every step is proposed by a rule with its numbers; what the reviewers decided on the Certainty sheet takes its place.
The rules are those of the modules in `certainty.steps`; their thresholds stand there by name.
"""

from collections.abc import Mapping
from typing import Any

from metaan.certainty.absolute import absolute, baseline
from metaan.certainty.decisions import Decision, decisions
from metaan.certainty.missing import weigh
from metaan.certainty.rows import SEEN
from metaan.certainty.steps import (
    imprecision,
    inconsistency,
    indirectness,
    publication,
    risk_of_bias,
    upgrades,
)
from metaan.certainty.steps.body import Body, Proposal, body
from metaan.certainty.steps.size import information
from metaan.design.tool import known_tools, tool
from metaan.terms.appraisal import Appraisal
from metaan.terms.certainty import DOMAINS, DOWN, LEVELS, UP, Certainty, Step
from metaan.terms.records import Analysis, Synthesis
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction

QUESTION_OF = {"marker": "prognostic", "exposure": "causal", "treatment": "treatment"}

_JUDGED = (
    "not assigned at random; every study was judged against an ideal trial with {tools}, so evidence starts high and "
    "is lowered for what was found"
)


def certainties(analysis: Analysis, protocol: Protocol, extraction: Extraction) -> tuple[Certainty, ...]:
    """Return the certainty of every stratum of one analysis, in the order of its strata.

    Parameters
    ----------
    analysis : Analysis
    protocol, extraction : Protocol, Extraction
        Those the analysis was made from.

    Returns
    -------
    tuple of Certainty
        A stratum without a study has no level; its steps say so.
    """
    return tuple(_certainty(analysis, synthesis, protocol, extraction) for synthesis in analysis.strata)


def question_of(analysis: Analysis, protocol: Protocol) -> str:
    """Return what certainty is graded for: of the protocol, else by the kind of factor."""
    return protocol.analysis(analysis.id).question_kind or QUESTION_OF.get(analysis.factor_kind, "causal")


def _certainty(analysis: Analysis, synthesis: Synthesis, protocol: Protocol, extraction: Extraction) -> Certainty:
    of = body(analysis, synthesis, protocol, extraction)
    question = question_of(analysis, protocol)
    judged, tools = _judged(synthesis, protocol)
    start, start_because = start_level(synthesis.stratum, question, tools)
    decided = decisions(extraction, of.plan, synthesis.stratum)
    size: dict[str, Any] = {}
    if synthesis.k:
        known = baseline(of)
        risks, no_risks = absolute(of, known)
        size = information(of, known)
        proposals = _proposals(of, start, judged or None, decided, size, risks)
    else:
        risks, no_risks = None, "no study"
        proposals = {domain: Proposal(None, None, "No study.", {}) for domain in DOMAINS}
    steps = tuple(_step(domain, proposals[domain], decided.get(domain)) for domain in DOMAINS)
    return Certainty(
        analysis_id=analysis.id,
        stratum=synthesis.stratum,
        question=question,
        start=start,
        start_because=start_because,
        steps=steps,
        level=level_of(start, synthesis.stratum, [s.decided for s in steps]) if synthesis.k else "",
        best=level_of(start, synthesis.stratum, [_at_best(s) for s in steps]) if synthesis.k else "",
        because=_because(steps, proposals) if synthesis.k else "no study",
        absolute=risks,
        no_absolute=no_risks,
        missing=weigh(of).evidence,
        size=size,
    )


def start_level(stratum: str, question: str, tools: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return the level a body starts at, and why.

    Parameters
    ----------
    stratum, question : str
    tools : tuple of str
        Names of the tools that held every study of the stratum against an ideal trial; empty where some were not.
    """
    if stratum == "trial":
        return "high", "Treatment was assigned at random: evidence starts high."
    if stratum == "case_control":
        return "low", "People were chosen by outcome and measured after it: evidence starts low and is never raised."
    if stratum == "prospective" and question == "prognostic":
        said = "The question is who will have the outcome, and the factor was recorded first: evidence starts high."
        return "high", said
    if tools and stratum in ("prospective", "treatment_cohort"):
        said = _JUDGED.format(tools=" and ".join(tools))
        return "high", f"{said[0].upper()}{said[1:]}."
    if stratum == "prospective":
        return (
            "low",
            "The question is whether the factor makes a difference, and it was not assigned: evidence starts low.",
        )
    if stratum == "treatment_cohort":
        return "low", "Treatment was not assigned at random: evidence starts low."
    return "low", "Factor and outcome were recorded at the same time: evidence starts low."


def level_of(start: str, stratum: str, steps: list[int]) -> str:
    """Return start plus steps, within the levels there are; people chosen by outcome never end above the start."""
    at = LEVELS.index(start)
    highest = at if stratum == "case_control" else len(LEVELS) - 1
    return LEVELS[min(max(at + sum(steps), 0), highest)]


def _judged(synthesis: Synthesis, protocol: Protocol) -> tuple[dict[str, Appraisal], tuple[str, ...]]:
    """Return the judgements against an ideal trial, and the names of their tools if every study has one."""
    if synthesis.stratum not in ("prospective", "treatment_cohort") or not synthesis.estimates:
        return {}, ()
    known = known_tools(protocol)
    found: dict[str, Appraisal] = {}
    for estimate in synthesis.estimates:
        for appraisal in estimate.grade.appraisals:
            if not (appraisal.assessed and appraisal.level and appraisal.tool in known):
                continue
            if tool(appraisal.tool, protocol).target_trial:
                found.setdefault(estimate.grade.design_id, appraisal)
    if any(estimate.grade.design_id not in found for estimate in synthesis.estimates):
        return {}, ()
    return found, tuple(dict.fromkeys(appraisal.name for appraisal in found.values()))


def _proposals(
    of: Body,
    start: str,
    judged: dict[str, Appraisal] | None,
    decided: Mapping[str, Decision],
    size: dict[str, Any],
    risks: Any,
) -> dict[str, Proposal]:
    bias, precision = risk_of_bias.propose(of, judged), imprecision.propose(of, size, risks)
    lowered = {
        DOMAINS[name]: _counted(proposal, decided.get(name))
        for name, proposal in (("risk_of_bias", bias), ("imprecision", precision))
    }
    return {
        "risk_of_bias": bias,
        "inconsistency": inconsistency.propose(of),
        "indirectness": indirectness.propose(of),
        "imprecision": precision,
        "publication_bias": publication.propose(of, weigh(of)),
        "large_effect": upgrades.large_effect(of, start, lowered),
        "dose_response": upgrades.dose_response(of, start),
        "opposing_confounding": upgrades.opposing_confounding(of),
    }


def _counted(proposal: Proposal, decision: Decision | None) -> tuple[int, int]:
    """Return the step that counts, and the one at best."""
    if decision is not None and decision.step is not None:
        return decision.step, decision.step
    return proposal.step or 0, proposal.best or 0


def _step(domain: str, proposal: Proposal, decision: Decision | None) -> Step:
    proposed = proposal.step or 0
    inputs = dict(proposal.inputs)
    if decision is not None and decision.seen:
        inputs[SEEN] = decision.seen
    return Step(
        domain=domain,
        proposed=proposal.step,
        best=proposal.best,
        decided=proposed if decision is None or decision.step is None else decision.step,
        because=proposal.because,
        inputs=inputs,
        sentence=decision.sentence if decision else "",
        who=decision.who if decision else "",
        cell=decision.cell if decision else "",
    )


def _at_best(step: Step) -> int:
    """Return the step at best: a decision that differs from the proposal stands."""
    return step.decided if step.changed else step.best or 0


def _because(steps: tuple[Step, ...], proposals: Mapping[str, Proposal]) -> str:
    """Return the reason of the largest step down in a few words; the first of equal ones."""
    down = [step for step in steps if step.domain in DOWN and step.decided < 0]
    if not down:
        return "no reason to lower it"
    worst = min(down, key=lambda step: step.decided)
    if worst.changed or not proposals[worst.domain].short:
        return DOMAINS[worst.domain]
    return proposals[worst.domain].short


#: columns of the table of steps
STEPS = (
    *("analysis", "stratum", "question", "start", "level", "best_level", "domain", "direction", "proposed", "best"),
    *("decided", "changed", "because", "sentence", "who", "cell", "inputs"),
)


def steps_rows(found: tuple[Certainty, ...]) -> list[dict[str, Any]]:
    """Return one row a step, for a table; numbers as JSON."""
    import json

    return [
        {
            "analysis": each.analysis_id,
            "stratum": each.stratum,
            "question": each.question,
            "start": each.start,
            "level": each.level,
            "best_level": each.best,
            "domain": step.domain,
            "direction": "up" if step.domain in UP else "down",
            "proposed": "" if step.proposed is None else step.proposed,
            "best": "" if step.best is None else step.best,
            "decided": step.decided,
            "changed": "yes" if step.changed else "no",
            "because": step.because,
            "sentence": step.sentence,
            "who": step.who,
            "cell": step.cell,
            "inputs": json.dumps(step.to_dict()["inputs"], ensure_ascii=False, sort_keys=True),
        }
        for each in found
        for step in each.steps
    ]
