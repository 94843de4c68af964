"""Indirectness: how much of the weight answers another question, by the facts the protocol names."""

from metaan.certainty.steps.body import HALF, Body, Proposal
from metaan.terms import wording
from metaan.terms.records import Estimate
from metaan.workbook.columns import NOT_REPORTED
from metaan.workbook.protocol import Indirect


def propose(body: Body) -> Proposal:
    """Return the step: -1 for one kind with half the weight or more, -2 for two.

    A fact that is not reported counts as indirect; the best case counts it as direct.
    """
    if not body.plan.indirect:
        said = "Not assessed: the protocol names nothing that would make a result an indirect answer."
        return Proposal(None, None, said, {})
    now, best, shares = 0, 0, {}
    parts = []
    for kind in body.plan.indirect:
        states = {e.effect_id: _state(body, e, kind) for e in body.synthesis.estimates}
        sure = body.share({name for name, state in states.items() if state == "yes"})
        unclear = body.share({name for name, state in states.items() if state == NOT_REPORTED})
        shares[kind.label] = {"weight": sure, "weight_not_reported": unclear}
        now += sure + unclear >= HALF
        best += sure >= HALF
        text = f"{kind.label}: {wording.percent(sure)} of the weight"
        parts.append(f"{text}, not reported for {wording.percent(unclear)}" if unclear else text)
    said = wording.sentence("; ".join(parts))
    inputs = {"kinds": shares, "kinds_at_half_or_more": now}
    return Proposal(-min(now, 2), -min(best, 2), said, inputs, "an indirect answer to the question")


def _state(body: Body, estimate: Estimate, kind: Indirect) -> str:
    """Return whether all facts of an entry hold for a comparison: yes, no, or NR where some are not reported."""
    states = []
    for column, words in kind.facts.items():
        text = body.fact(estimate, column)
        states.append("yes" if text in words else NOT_REPORTED if text == NOT_REPORTED else "no")
    if "no" in states:
        return "no"
    return NOT_REPORTED if NOT_REPORTED in states else "yes"
