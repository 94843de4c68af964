"""Rows of the Certainty sheet that are still missing, with the steps the results propose, for `metaan appraise`."""

from collections.abc import Iterable, Mapping, Sequence

from metaan.terms import wording
from metaan.terms.certainty import Certainty, Step

SEEN = "proposal_seen_by_reviewers"  #: input of a step: the proposal as it stood when the reviewers decided
_TYPED = ("decision", "sentence", "who")


def prepare(present: Sequence[Mapping[str, str]], found: Iterable[Certainty]) -> tuple[list[dict[str, str]], int]:
    """Return the rows of the sheet with one for every step, and how many are new.

    A row that people typed into stays as it is and where it is; where nobody did, its proposal is made anew. Strata
    without a study get no rows.
    """
    rows = [dict(row) for row in present]
    places = {(row.get("analysis"), row.get("stratum"), row.get("domain")): row for row in reversed(rows)}
    added = []
    for body in found:
        for step in body.steps if body.level else ():
            row = places.get((body.analysis_id, body.stratum, step.domain))
            proposed = proposal(step)
            if row is None:
                cells = {"analysis": body.analysis_id, "stratum": body.stratum, "domain": step.domain}
                added.append({**cells, "proposed": proposed})
            elif not any(row.get(name) for name in _TYPED):
                row["proposed"] = proposed
    return [*rows, *added], len(added)


def proposal(step: Step) -> str:
    """Return the proposed step and its reason: "−1: ..."."""
    return f"{proposed_step(step)}: {wording.sentence(step.because)}"


def proposed_step(step: Step) -> str:
    """Return the step alone: "−1"."""
    return "none" if step.proposed is None else wording.signed(step.proposed)
