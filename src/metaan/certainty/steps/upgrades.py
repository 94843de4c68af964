"""Reasons to raise: a large effect, a trend over levels, confounding that would work the other way.

Evidence from people chosen by outcome is never raised, and no step is proposed for evidence that starts high: no
compelling example of a trial to be raised is known (GRADE guidelines 9, J Clin Epidemiol 2011;64:1311-1316, which also
asks for no serious problem with risk of bias or precision). Reviewers may decide otherwise.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

from metaan.certainty.steps.body import Body, Proposal
from metaan.terms import wording
from metaan.terms.measures import MEASURES
from metaan.terms.records import Beside

ALLOWED = ("trial", "prospective")  #: strata a large effect or a trend may raise, where they start below high
NEVER, HIGH = "case_control", "high"
LARGE, VERY_LARGE = math.log(2), math.log(5)
LEVELS, STUDIES = 3, 2  #: least levels of a trend, least studies that show it

NOT_RAISED = "People were chosen by outcome: such evidence is never raised."


def large_effect(body: Body, start: str, lowered: Mapping[str, tuple[int, int]]) -> Proposal:
    """Return the step for a large effect.

    Parameters
    ----------
    body : Body
    start : str
        Level the body starts at.
    lowered : mapping
        Domains whose step down forbids a step up, by their names in a sentence, each with its step and the step at
        best: risk of bias, and imprecision, because small studies that were noticed overstate.
    """
    if body.synthesis.stratum == NEVER:
        return Proposal(0, 0, NOT_RAISED, {})
    measure, small = body.synthesis.measure, body.synthesis.small
    if MEASURES[measure].scale != "log":
        return Proposal(0, 0, f"Only ratios count as large, not a {MEASURES[measure].label}.", {})
    size, ci = abs(body.estimate), body.ci
    wanted = 2 if size > VERY_LARGE else 1 if size > LARGE else 0
    beyond = small is not None and (ci.low > small.high or ci.high < small.low)
    said = f"{MEASURES[measure].label} {body.printed(body.estimate)} ({body.said(ci)})"
    if not wanted:
        said += " is no large effect (above 2 or below 0.5)"
    else:
        said += " is very large (above 5 or below 0.2)" if wanted == 2 else " is large (above 2 or below 0.5)"
        if body.synthesis.stratum not in ALLOWED:
            said += "; treatment that was not assigned at random is not raised for it"
        elif start == HIGH:
            said += "; not raised, because it starts high"
        elif not beyond:
            said += "; not raised, because the interval reaches into small effects"
        elif any(step < 0 for step, _ in lowered.values()):
            names = [name for name, (step, _) in lowered.items() if step < 0]
            said += f"; not raised, because it is lowered for {wording.listed(names)}"
    usable = wanted if beyond and start != HIGH and body.synthesis.stratum in ALLOWED else 0
    step = usable if all(step >= 0 for step, _ in lowered.values()) else 0
    best = usable if all(max(pair) >= 0 for pair in lowered.values()) else 0
    inputs = {
        "estimate": body.estimate,
        "ci_low": ci.low,
        "ci_high": ci.high,
        "interval_beyond_small": beyond,
        "lowered": {name: step for name, (step, _) in lowered.items()},
    }
    return Proposal(step, best, wording.sentence(said), inputs)


def dose_response(body: Body, start: str) -> Proposal:
    """Return the step for a trend over levels, as far as classes with risks are recorded."""
    if body.synthesis.stratum == NEVER:
        return Proposal(0, 0, NOT_RAISED, {})
    stratum = body.synthesis.stratum
    graded = [b for b in body.analysis.beside if b.stratum == stratum and len(b.classes) >= LEVELS]
    if not graded:
        return Proposal(None, None, "No risks over levels are recorded: for the reviewers.", {})
    rising = [b for b in graded if _trend(b) * body.estimate > 0]
    planned = [b for b in rising if _planned(body, b)]
    step = 1 if len(planned) >= STUDIES and start != HIGH and stratum in ALLOWED else 0
    parts = []
    for b in graded:
        seen = {1: "rising risks", -1: "falling risks", 0: "no gradient"}[_trend(b)]
        parts.append(f"{b.label}: {len(b.classes)} levels, {seen}")
    if rising and not step:
        parts.append(f"a trend raises what starts below high if it was planned and is seen in {STUDIES} studies")
    inputs = {"studies": [b.study_id for b in graded], "with_trend": len(rising), "planned": len(planned)}
    return Proposal(step, step, wording.sentence("; ".join(parts)), inputs)


def opposing_confounding(body: Body) -> Proposal:
    """Return no step: only reviewers can tell."""
    if body.synthesis.stratum == NEVER:
        return Proposal(0, 0, NOT_RAISED, {})
    return Proposal(None, None, "For the reviewers: nothing that is recorded can tell.", {})


def _trend(beside: Beside) -> int:
    """Return 1 where every class has a higher risk than the one below it, -1 where lower, else 0."""
    steps = [high.risk - low.risk for low, high in pairwise(beside.classes)]
    return 1 if all(step > 0 for step in steps) else -1 if all(step < 0 for step in steps) else 0


def _planned(body: Body, beside: Beside) -> bool:
    effect = beside.source.values.get("design_id", "")
    design = body.rows["Design"].get(effect)
    return design is not None and design["preregistered_analysis"] == "yes"
