"""Inconsistency: prediction interval and estimates against the thresholds; I2 alone never decides."""

from metaan.certainty.steps.body import Body, Proposal, crosses
from metaan.terms import phrases, wording
from metaan.terms.records import Pooled

ENOUGH = 3  #: studies from which it is assessed
PREDICTS = phrases.FEW  #: studies from which the prediction interval counts
MUCH = 50.0  #: I2, percent
SIDE = 10.0  #: least weight on each side of a threshold, percent


def propose(body: Body) -> Proposal:
    """Return the step."""
    pooled = body.synthesis.pooled
    none = body.analysis.no_bottom_line.strip().rstrip(".")
    named = f"; the review draws no bottom line from this pool: {none[:1].lower()}{none[1:]}" if none else ""
    if body.k < ENOUGH or pooled is None:
        said = wording.sentence(f"not assessed: {wording.count(body.k, 'study', 'studies')}{named}")
        return Proposal(None, None, said, {"k": body.k, "no_bottom_line": none})
    beyond = _beyond(body, pooled)
    split = _split(body)
    predicted = body.k >= PREDICTS and bool(beyond)
    apart = pooled.i2 >= MUCH and bool(split)
    step = -2 if predicted and apart else -1 if predicted or apart else 0
    inputs = {
        "k": body.k,
        "i2": pooled.i2,
        "i2_low": pooled.i2_ci.low if pooled.i2_ci else None,
        "i2_high": pooled.i2_ci.high if pooled.i2_ci else None,
        "tau2": pooled.tau2,
        "ci_low": pooled.ci.low,
        "ci_high": pooled.ci.high,
        "prediction_low": pooled.prediction.low if pooled.prediction else None,
        "prediction_high": pooled.prediction.high if pooled.prediction else None,
        "prediction_counts": body.k >= PREDICTS,
        "prediction_crosses": list(beyond),
        "both_sides_of": split,
        "no_bottom_line": none,
    }
    return Proposal(step, step, wording.sentence(f"{_said(body, pooled, beyond, split)}{named}"), inputs, _SHORT)


_SHORT = "the studies disagree"


def _beyond(body: Body, pooled: Pooled) -> tuple[str, ...]:
    """Return the thresholds inside the prediction interval and outside the confidence interval."""
    if pooled.prediction is None:
        return ()
    known = body.thresholds().items()
    return tuple(name for name, at in known if crosses(pooled.prediction, at) and not crosses(pooled.ci, at))


def _split(body: Body) -> dict[str, list[float]]:
    """Return thresholds with estimates on both sides: of none, and of a small effect on the side of the mean."""
    found = {}
    for name, at in body.thresholds().items():
        if at * body.estimate < 0:
            continue
        below = sum(e.weight or 0.0 for e in body.synthesis.estimates if e.effect.y < at)
        above = sum(e.weight or 0.0 for e in body.synthesis.estimates if e.effect.y > at)
        if min(below, above) >= SIDE:
            found[name] = [below, above]
    return found


def _said(body: Body, pooled: Pooled, beyond: tuple[str, ...], split: dict[str, list[float]]) -> str:
    i2 = f"I² {wording.percent(pooled.i2)}"
    if pooled.i2_ci is not None:
        i2 += f" ({wording.fixed(pooled.i2_ci.low, 0)} to {wording.fixed(pooled.i2_ci.high, 0)})"
    parts = [i2]
    if split:
        sides = [
            f"{wording.percent(b)} of the weight below and {wording.percent(a)} above {n}"
            for n, (b, a) in split.items()
        ]
        parts.append(f"estimates on both sides: {wording.listed(sides)}")
    else:
        parts.append("the estimates lie on one side of no effect and of a small effect")
    if pooled.prediction is not None:
        text = f"prediction interval {body.said(pooled.prediction)} against confidence interval {body.said(pooled.ci)}"
        if beyond:
            text += f", so that a new study may lie across {wording.listed(list(beyond))}"
        if body.k < PREDICTS:
            text += f"; below {PREDICTS} studies it proposes no step"
        parts.append(text)
    return "; ".join(parts)
