"""What the reviewers decided on the Certainty sheet, and which proposal each row answers."""

from collections.abc import Iterable
from dataclasses import dataclass

from metaan.terms.certainty import UP
from metaan.workbook.protocol import AnalysisPlan, Protocol, StratumPlan
from metaan.workbook.read import Extraction, Row

AS_PROPOSED = "as_proposed"
NEVER_RAISED = "case_control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of the sheet."""

    step: int | None  #: None: as proposed
    sentence: str
    who: str
    cell: str
    seen: str  #: proposal the reviewers had before them, as typed


def decisions(extraction: Extraction, plan: AnalysisPlan, stratum: str) -> dict[str, Decision]:
    """Return domain -> decision for one stratum of one analysis; of two rows the first counts."""
    found: dict[str, Decision] = {}
    for row in extraction.sheet("Certainty"):
        if row["analysis"] == plan.id and row["stratum"] == stratum and answers(row, plan, stratum):
            step = step_of(row)
            if (row["decision"] or row["who"] or row["sentence"]) and allowed(step, row["domain"], stratum):
                decision = Decision(
                    step=step,
                    sentence=row.answer("sentence"),
                    who=row.answer("who"),
                    cell=f"{row.sheet}!{row.cell('decision')}",
                    seen=row.answer("proposed"),
                )
                found.setdefault(row["domain"], decision)
    return found


def step_of(row: Row) -> int | None:
    """Return the step typed; None where the proposal stands."""
    text = row["decision"]
    return None if text in ("", AS_PROPOSED, "NR", "NA") else int(text)


def allowed(step: int | None, domain: str, stratum: str) -> bool:
    """Whether a domain of a stratum can have such a step: a reason to lower never raises, nor the other way."""
    if step is None or step == 0:
        return True
    if domain in UP:
        return step > 0 and stratum != NEVER_RAISED
    return step < 0


def planned(plan: AnalysisPlan, stratum: str) -> StratumPlan | None:
    """Return what an analysis pools in a stratum; None where it pools nothing there."""
    return next((s for s in plan.strata if s.stratum == stratum), None)


def answers(row: Row, plan: AnalysisPlan, stratum: str) -> bool:
    """Whether a row names no outcome, or one that the stratum pools."""
    found = planned(plan, stratum)
    if found is None:
        return False
    outcomes = found.include.get("outcome", ())
    return row["outcome"] in ("", "NR", "NA") or not outcomes or row["outcome"] in outcomes


def analysis_of(row: Row, protocol: Protocol) -> AnalysisPlan | None:
    """Return the analysis a row names; None where there is none of that id."""
    return next((a for a in _all(protocol) if a.id == row["analysis"]), None)


def _all(protocol: Protocol) -> Iterable[AnalysisPlan]:
    return protocol.analyses
