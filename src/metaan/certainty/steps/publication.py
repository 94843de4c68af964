"""Publication bias: asymmetry of the funnel from ten studies on, and results that are known to be missing.

The statistical half proposes a step where a test of small-study effects is positive and trim and fill moves the mean
visibly: across a limit of a small effect (no effect, where there is none), or by a fifth of itself, at least of a small
effect. Below ten studies it proposes nothing. Results known by name propose one whatever the number of studies; see
`certainty.missing`.
"""

import math
from typing import Any

from metaan.certainty.missing import UNKNOWN, Weighed
from metaan.certainty.steps.body import Body, Proposal
from metaan.pooling.counted import counts, whole
from metaan.terms import wording

ENOUGH = 10  #: studies (Cochrane Handbook 6, section 13.3.5)
POSITIVE = 0.1  #: p below which the test counts
VISIBLE = 0.2  #: part of the mean, at least of a small effect, by which it must move

TESTS = {
    "harbord": "Harbord's test on the tables",
    "pustejovsky": "regression on √(1/n1 + 1/n2)",
    "egger": "Egger's regression on the standard error",
}


def propose(body: Body, missing: Weighed) -> Proposal:
    """Return the step."""
    inputs: dict[str, Any] = {"k": body.k, **{f"missing_{key}": value for key, value in missing.inputs.items()}}
    if body.k < ENOUGH:
        step: int | None = None
        parts = [f"not assessable by statistics: {wording.count(body.k, 'study', 'studies')}, fewer than {ENOUGH}"]
    else:
        step, said, numbers = _asymmetry(body)
        inputs |= numbers
        parts = [said]
    if missing.proposes:
        step = -1
    if missing.evidence.unusable:
        parts.append(missing.evidence.because.split(UNKNOWN)[0].rstrip("."))
    short = "known results that say otherwise are missing" if missing.proposes else "small studies show more"
    return Proposal(step, step, wording.sentence("; ".join(parts)), inputs, short)


def _asymmetry(body: Body) -> tuple[int, str, dict[str, Any]]:
    from metaan.robustness.trim_and_fill import trim_and_fill

    estimates = body.synthesis.estimates
    y, v = [e.effect.y for e in estimates], [e.effect.v for e in estimates]
    kind, test = _test(body, y, v)
    method = body.plan.model["tau2"]
    filled = trim_and_fill(y, v, tau2=method)
    shift = filled.estimate - body.estimate
    small = body.synthesis.small
    far = abs(shift) >= VISIBLE * max(abs(body.estimate), small.high if small is not None else 0.0)
    visible = filled.k0 > 0 and (far or body.side(filled.estimate) != body.side(body.estimate))
    positive = not test.refused and test.p < POSITIVE
    numbers = {
        "test": kind,
        "p": None if test.refused else test.p,
        "refused": test.refused,
        "filled": filled.k0,
        "estimate": body.estimate,
        "estimate_filled": None if math.isnan(filled.estimate) else filled.estimate,
        "shift": None if math.isnan(shift) else shift,
        "visible": visible,
    }
    said = f"{TESTS[kind]}: {test.refused or wording.p_value(test.p)}"
    if filled.refused:
        said += f"; no trim and fill: {filled.refused}"
    elif filled.k0 == 0:
        said += "; trim and fill adds no study"
    else:
        far_or_not = "visibly" if visible else "little"
        said += f"; trim and fill adds {wording.count(filled.k0, 'study', 'studies')} and moves the mean {far_or_not}"
        said += f", from {body.printed(body.estimate)} to {body.printed(filled.estimate)}"
    return (-1 if positive and visible else 0), said, numbers


def _test(body: Body, y: list[float], v: list[float]) -> tuple[str, Any]:
    """Return the test the measure asks for where its counts are typed, else Egger's."""
    from metaan.robustness.small_study import small_study_test

    estimates, measure = body.synthesis.estimates, body.synthesis.measure
    if measure == "OR":
        tables = [counts(e) for e in estimates]
        if None not in tables:
            cells = [[table[i] for table in tables if table is not None] for i in range(4)]
            return "harbord", small_study_test(y, v, kind="harbord", measure="OR", tables=cells)
    if measure == "SMD":
        sizes = [[whole(e.source.values.get(n, "")) or 0 for e in estimates] for n in ("n1", "n2")]
        if all(n for group in sizes for n in group):
            return "pustejovsky", small_study_test(y, v, kind="pustejovsky", measure="SMD", groups=sizes)
    return "egger", small_study_test(y, v, kind="egger")
