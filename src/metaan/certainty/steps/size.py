"""Optimal information size of one body: what one study would need to find the smallest effect that matters."""

import math
from typing import Any

from metaan.certainty.absolute import Baseline, risk_with
from metaan.certainty.steps.body import Body
from metaan.pooling.counted import counts
from metaan.robustness.information import InformationSize, diversity, standardised_difference, two_risks
from metaan.terms import wording


def information(body: Body, baseline: Baseline | None) -> dict[str, Any]:
    """Return needed and known people, their share, and where they come from; `why_not` where there is no size."""
    found, basis = _needed(body, baseline)
    have, most = body.people(), body.people_at_most()
    result: dict[str, Any] = {"have": have, "have_at_most": most}
    if found is None:
        return result | {"needed": None, "share": None, "why_not": basis}
    pooled = body.synthesis.pooled
    tau2 = pooled.tau2 if pooled is not None else 0.0
    spread = diversity([e.effect.v for e in body.synthesis.estimates], tau2)
    return result | {
        "needed": found.people,
        "share": have / found.people if have is not None else None,
        "share_at_most": most / found.people if most is not None else None,
        "formula": found.formula,
        "inputs": found.inputs,
        "basis": basis,
        "d2": spread,
        "needed_with_heterogeneity": math.ceil(found.adjusted(max(spread, 0.0))),
    }


def _needed(body: Body, baseline: Baseline | None) -> tuple[InformationSize | None, str]:
    measure, small = body.synthesis.measure, body.synthesis.small
    if small is None:
        return None, "the protocol gives no limit of a small effect"
    if measure == "SMD":
        return standardised_difference(small.high), "smallest difference that matters"
    if measure == "MD":
        return None, "for a mean difference the standard deviation would be needed"
    effect = small.high if body.estimate >= 0 else small.low
    if body.synthesis.stratum == "case_control":
        share = _factor_among_controls(body)
        if share is None or measure != "OR":
            return None, "the counts that give the share with the factor among controls are not reported"
        start, where = share, f"{wording.percent(100 * share, 1)} with the factor among those without the outcome"
    elif baseline is None:
        return None, "there is no baseline risk"
    else:
        start, where = baseline.risk, f"risk of {wording.percent(100 * baseline.risk, 1)} without the factor"
    other = risk_with(measure, effect, start)
    if not 0 < other < 1:
        effect = -effect
        other = risk_with(measure, effect, start)
    if not 0 < other < 1 or other == start:
        return None, "no such effect is possible at this baseline risk"
    return two_risks(start, other), f"{where}, smallest effect that matters {body.printed(effect)}"


def _factor_among_controls(body: Body) -> float | None:
    """Return the share with the factor among people without the outcome, over the studies that count them."""
    tables = [table for e in body.synthesis.estimates if (table := counts(e)) is not None]
    high, everyone = sum(t[1] for t in tables), sum(t[1] + t[3] for t in tables)
    return high / everyone if everyone and 0 < high < everyone else None
