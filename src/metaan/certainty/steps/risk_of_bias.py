"""Risk of bias: how much of the weight comes from comparisons with weaknesses, and what goes without them.

Weak is a comparison graded C or D, judged at high risk of bias by the tool that decides, or not to be trusted; very
weak one graded D. Of people chosen by outcome the grade is no measure, because their start level already carries the
order of measurement: weak is there a comparison that misses at least one of the other conditions, very weak one that
misses more than half of them. A fact that is not reported counts as missed; the best case counts it as met.
"""

from metaan.certainty.steps.body import HALF, MOST, Body, Proposal, lowest
from metaan.design.conditions import CASE_CONTROL
from metaan.design.grade import BY_TOOL
from metaan.terms import wording
from metaan.terms.appraisal import Appraisal
from metaan.terms.records import Estimate, Grade

BAD = ("high", "critical")
_WORST_LAST = "ABCD"


def propose(body: Body, judged: dict[str, Appraisal] | None = None) -> Proposal:
    """Return the step.

    Parameters
    ----------
    body : Body
        A stratum with at least one study.
    judged : dict, optional
        design_id -> appraisal by a tool that holds a study against an ideal trial, where all were judged by one: these
        judgements then count, whatever the grade.
    """
    weak, very = _which(body, judged, best=False)
    weak_best, very_best = _which(body, judged, best=True)
    step, moved = _step(body, weak, very)
    best, _ = _step(body, weak_best, very_best)
    without = body.without(weak)
    inputs = {
        "weak": sorted(weak),
        "weight_weak": body.share(weak),
        "weight_very_weak": body.share(very),
        "weight_weak_at_best": body.share(weak_best),
        "weight_very_weak_at_best": body.share(very_best),
        "estimate": body.estimate,
        "estimate_without_weak": without,
        "moves_across_threshold": moved,
    }
    if body.synthesis.stratum == "case_control":
        inputs["weight_missing"] = {
            c.key: body.share(_missing(body, c.key)) for c in CASE_CONTROL if _asked(body, c.key)
        }
    short = _short(body) if body.share(weak) >= HALF else _MOVES
    return Proposal(step, max(step, best), _because(body, inputs, without, moved), inputs, short)


def _step(body: Body, weak: set[str], very: set[str]) -> tuple[int, bool]:
    without = body.without(weak)
    moved = without is not None and body.side(without) != body.side(body.estimate)
    by_share = -2 if body.share(very) >= MOST else -1 if body.share(weak) >= HALF else 0
    return lowest(by_share, -1 if moved else 0), moved


def _which(body: Body, judged: dict[str, Appraisal] | None, *, best: bool) -> tuple[set[str], set[str]]:
    """Return the effect ids of weak and of very weak comparisons."""
    weak, very = set(), set()
    for estimate in body.synthesis.estimates:
        if body.synthesis.stratum == "case_control":
            is_weak, is_very = _by_conditions(estimate.grade, best=best)
        else:
            letter = _letter(estimate, judged, best=best)
            is_weak, is_very = letter >= "C", letter == "D"
        if is_weak or is_very or estimate.grade.doubt or _bad(estimate.grade):
            weak.add(estimate.effect_id)
        if is_very:
            very.add(estimate.effect_id)
    return weak, very


def _letter(estimate: Estimate, judged: dict[str, Appraisal] | None, *, best: bool) -> str:
    grade = estimate.grade
    letter = grade.best if best else grade.grade
    if judged is None:
        return letter
    return max(letter, BY_TOOL["treatment_cohort"][judged[grade.design_id].level], key=_WORST_LAST.index)


def _by_conditions(grade: Grade, *, best: bool) -> tuple[bool, bool]:
    """Tell whether a comparison of people chosen by outcome misses some, and most, of its conditions."""
    if grade.override:
        return grade.grade == "D", grade.grade == "D"
    answers = [answer for key, answer in grade.answers.items() if key in _KEYS]
    if not answers:  # nothing is recorded of any condition
        return not best, not best
    missed = sum(answer in (("no", "partly") if best else ("no", "partly", "NR")) for answer in answers)
    return missed > 0, missed > len(answers) / 2


_KEYS = {condition.key for condition in CASE_CONTROL}


def _bad(grade: Grade) -> bool:
    return any(found.main and found.assessed and found.level in BAD for found in grade.appraisals)


def _asked(body: Body, key: str) -> bool:
    return any(key in e.grade.answers for e in body.synthesis.estimates)


def _missing(body: Body, key: str) -> set[str]:
    return {e.effect_id for e in body.synthesis.estimates if e.grade.answers.get(key, "NR") != "yes"}


def _because(body: Body, inputs: dict[str, object], without: float | None, moved: bool) -> str:
    weak, very = (wording.percent(float(str(inputs[key]))) for key in ("weight_weak", "weight_very_weak"))
    if body.synthesis.stratum == "case_control":
        said = (
            f"order of measurement apart, which the start level counts, {weak} of the weight comes from comparisons "
            f"that miss one or more of the other conditions, {very} from such that miss more than half of them"
        )
        shares = inputs["weight_missing"]
        if isinstance(shares, dict) and shares:
            labels = {c.key: c.label for c in CASE_CONTROL}
            missed = [f"{labels[key]} {wording.percent(value)}" for key, value in shares.items()]
            said += f" (weight not meeting or not reporting: {'; '.join(missed)})"
    else:
        said = f"{weak} of the weight comes from comparisons graded C or D, {very} from such graded D"
        doubted = [e for e in body.synthesis.estimates if e.grade.doubt]
        if doubted:
            said += f"; {body.of(doubted)} may not be trusted"
    if without is not None:
        said += f"; without them {body.printed(without)} in place of {body.printed(body.estimate)}"
        said += ", on another side of a small effect" if moved and body.synthesis.small else ""
        said += ", on the other side of no effect" if moved and not body.synthesis.small else ""
    at_best = wording.percent(float(str(inputs["weight_weak_at_best"])))
    if at_best != weak:
        said += f"; {at_best} if all that is not reported or not assessed were favourable"
    return wording.sentence(said)


def _short(body: Body) -> str:
    if body.synthesis.stratum == "case_control":
        return "most weight from comparisons with weaknesses besides the order of measurement"
    return "most weight from comparisons graded C or D"


_MOVES = "the result changes without its weak comparisons"
