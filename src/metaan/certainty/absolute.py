"""Relative effects to risks per 1000, from a stated risk without the factor; never from people chosen by outcome."""

import math
from typing import NamedTuple

from metaan.certainty.steps.body import Body, of_people
from metaan.pooling.counted import counts
from metaan.terms import wording
from metaan.terms.certainty import Absolute
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval

COUNTED = ("trial", "prospective", "treatment_cohort")  #: strata whose own groups give a risk


class Baseline(NamedTuple):
    """Risk without the factor, and where it comes from."""

    risk: float
    source: str
    events: int | None = None
    people: int | None = None


def baseline(body: Body) -> Baseline | None:
    """Return the risk without the factor: of the analysis, of the review, else of the comparison groups pooled here."""
    for given in (body.plan.baseline_risk, body.protocol.baseline_risk):
        if given:
            return Baseline(float(given["value"]), str(given["source"]))
    if body.synthesis.stratum not in COUNTED:
        return None
    tables = [
        table
        for e in body.synthesis.estimates
        if of_people(e.source)
        and body.fact(e, "selected_on_outcome") != "yes"
        and (table := counts(e)) is not None
        and table[2] + table[3] > 0
    ]
    events, people = sum(t[2] for t in tables), sum(t[2] + t[3] for t in tables)
    if not 0 < events < people:
        return None
    source = f"comparison groups of this pool, {wording.whole(events)} of {wording.whole(people)}"
    if len(tables) < body.k:
        source += f"; {len(tables)} of {body.k} studies give counts"
    return Baseline(events / people, source, events, people)


def risk_with(measure: str, effect: float, risk: float) -> float:
    """Return the risk with the factor.

    Parameters
    ----------
    measure : {"RR", "OR", "HR", "RD"}
    effect : float
        On the working scale; a hazard ratio is of the follow-up the risk is about, at a constant ratio:
        ``1 - (1 - risk)^HR``.
    risk : float
        Without the factor, 0 < risk < 1.

    Returns
    -------
    float
        Cut to 0 and 1, which risk ratios and differences may leave.

    References
    ----------
    .. [1] Cochrane Handbook 6, section 15.4.4.
    """
    if measure == "RD":
        return min(max(risk + effect, 0.0), 1.0)
    ratio = math.exp(min(effect, 700.0))
    if measure == "RR":
        return min(risk * ratio, 1.0)
    if measure == "HR":
        return -math.expm1(ratio * math.log1p(-risk))
    return risk * ratio / (1.0 - risk + risk * ratio)


CONVERTED = ("RR", "OR", "HR", "RD")


def absolute(body: Body, found: Baseline | None) -> tuple[Absolute | None, str]:
    """Return what the effect comes to in people, or why it cannot be told.

    The interval carries the doubt about the effect only: the risk without the factor is taken as known.
    """
    measure = body.synthesis.measure
    if body.analysis.no_bottom_line:
        return None, "no bottom line is drawn from this pool"
    if measure not in CONVERTED:
        return None, f"a {MEASURES[measure].label} gives no risks"
    if found is None:
        if body.synthesis.stratum not in COUNTED:
            return None, "people chosen by outcome give no risk, and the protocol states none"
        return None, "no comparison group was counted, and the protocol states no risk"
    ci = Interval(risk_with(measure, body.ci.low, found.risk), risk_with(measure, body.ci.high, found.risk))
    risk = risk_with(measure, body.estimate, found.risk)
    source = found.source
    if measure in ("RR", "RD") and (ci.high == 1.0 or (ci.low == 0.0 and measure == "RD")):
        source += "; what goes beyond everybody or nobody is cut there"
    return (
        Absolute(
            baseline=found.risk,
            source=source,
            risk=risk,
            ci=ci,
            difference=risk - found.risk,
            difference_ci=Interval(ci.low - found.risk, ci.high - found.risk),
        ),
        "",
    )
