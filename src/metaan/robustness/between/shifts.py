"""Choice of controls and order of sampling: what a fact that cases and controls share unequally does on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from metaan.design.explanations import HANDLED, OPEN, explain
from metaan.pooling.select import Candidate
from metaan.robustness.between.given import Given, arrays, model_of
from metaan.robustness.between.summary import of_pooled, summary_of, widened
from metaan.terms.measures import MEASURES
from metaan.terms.records import Effect, Estimate, Interval, Record, Synthesis

ASSUMPTION = (
    "the fact goes with the same difference of the marker in cases and in controls as where it was measured, and cases "
    "and controls have it as often as stated"
)
#: measures that read the same whether the fact is taken by the marker or the marker by the fact
READ_BOTH_WAYS = ("SMD", "MD", "OR")
NAMED = ("marker", "compartment", "assay", "unit")  #: columns that say what was measured, and how


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Record):
    """The stratum with the shift taken away."""

    controls: float  #: share of controls with the fact where it is not known
    estimate: float
    ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedStratum(Record):
    """What one fact does to one stratum."""

    stratum: str
    measure: str
    k: int
    estimate: float  #: as pooled
    ci: Interval
    cases: float  #: share with the fact
    controls: float  #: share with the fact, as stated; at most that where it is not known
    fact: float  #: difference of the marker, with the fact minus without it
    fact_ci: Interval
    alone: float  #: what the shares alone would make of a comparison without any other difference
    alone_ci: Interval
    open_in: tuple[str, ...]  #: comparisons known to leave the explanation open
    not_known_in: tuple[str, ...]  #: comparisons that do not report it; shifted as well
    dealt_with_in: tuple[str, ...]  #: comparisons that dealt with it; not shifted
    left: Left  #: with the stated share in all comparisons that are shifted
    left_if_none: Left | None  #: with no such control in comparisons that do not report it; None where all do
    needed: float | None  #: share of controls that leaves nothing of the effect; None where no share does
    unlike: tuple[str, ...]  #: in what the comparisons were measured otherwise than the fact's difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason(Record):
    """One fact, and the strata it was taken to."""

    label: str
    effect_id: str
    study: str  #: that gives the difference
    people: int | None  #: in it
    source: str  #: of the shares
    strata: tuple[ShiftedStratum, ...]
    not_done: dict[str, str]  #: stratum -> why


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts(Record):
    """What the choice of controls, or sampling after the outcome, would do on its own, and what is left."""

    assumption: str
    settings: dict[str, str]  #: label -> row of Effects
    reasons: tuple[Reason, ...]
    not_done: dict[str, str]  #: label -> why


def shift(fact: float, variance: float, cases: float, controls: float) -> tuple[float, float]:
    """Return what unequal shares of people with a fact make of a comparison, and its variance.

    Parameters
    ----------
    fact, variance : float
        Difference of the marker between people with and without the fact, and its sampling variance.
    cases, controls : float
        Share of each with the fact, 0 to 1, taken as known.

    Returns
    -------
    tuple of float
        fact x (cases - controls) and variance x (cases - controls)^2. Exact for a difference of means, and for a
        standardised one but for what the fact itself adds to the spread within each group (a hundredth at a difference
        of 0.25). For a log odds ratio the first order in the fact's own: with an odds ratio of 2, half of the cases and
        all of the controls, 0.71 against 0.67 to 0.75 exactly, whatever share is over the cut-off.

    Raises
    ------
    ValueError
        A share outside 0 to 1.

    Examples
    --------
    >>> alone, variance = shift(-0.25, 0.0081, 0.3, 1.0)
    >>> round(alone, 3), round(variance, 5)
    (0.175, 0.00397)
    """
    if not (0 <= cases <= 1 and 0 <= controls <= 1):
        raise ValueError("shares of cases and controls lie between 0 and 1")
    return fact * (cases - controls), variance * (cases - controls) ** 2


def needed(estimate: float, fact: float, cases: float, weight: float = 1.0) -> float | None:
    """Return the share of controls with the fact that would leave nothing of an effect; None where no share does.

    Parameters
    ----------
    estimate : float
        Effect of the stratum.
    fact : float
        Difference of the marker between people with and without the fact.
    cases : float
        Share of the cases with the fact.
    weight : float
        Share of the stratum's weight that is shifted.
    """
    if fact == 0 or weight == 0:
        return None
    share = cases - estimate / (weight * fact)
    return share if 0 <= share <= 1 else None


def of(given: Given) -> Shifts | str:
    """Take every fact the protocol names to the weaker strata; see `shift`."""
    entries = given.settings("shifts").get("of", ())
    if not entries:
        return "the protocol names no fact that cases and controls share unequally"
    if not given.weaker:
        return "no stratum of a weaker design"
    rows = {row.row["effect_id"]: row for row in given.rows}
    reasons: list[Reason] = []
    not_done: dict[str, str] = {}
    for entry in entries:
        row = rows.get(entry["effect"])
        if row is None:
            not_done[entry["label"]] = f"the sheet Effects has no row {entry['effect']}"
        elif row.row["flag"] == "exclude":
            not_done[entry["label"]] = f"row {entry['effect']} was set aside by the reviewers"
        else:
            found = _reason(given, entry, row)
            if found.strata:
                reasons.append(found)
            else:
                not_done[entry["label"]] = "; ".join(dict.fromkeys(found.not_done.values()))
    if not reasons:
        return "; ".join(f"{label}: {why}" for label, why in not_done.items())
    return Shifts(
        assumption=ASSUMPTION,
        settings={entry["label"]: entry["effect"] for entry in entries},
        reasons=tuple(reasons),
        not_done=not_done,
    )


def _reason(given: Given, entry: Mapping[str, Any], row: Candidate) -> Reason:
    strata: list[ShiftedStratum] = []
    not_done: dict[str, str] = {}
    for synthesis in given.weaker:
        found = _shifted(given, entry, row, synthesis)
        if isinstance(found, str):
            not_done[synthesis.stratum] = found
        else:
            strata.append(found)
    sizes = [row.values.get(name) for name in ("n1", "n2")]
    return Reason(
        label=entry["label"],
        effect_id=entry["effect"],
        study=row.label,
        people=sum(size for size in sizes if size is not None) if None not in sizes else None,
        source=entry["source"],
        strata=tuple(strata),
        not_done=not_done,
    )


def _shifted(given: Given, entry: Mapping[str, Any], row: Candidate, synthesis: Synthesis) -> ShiftedStratum | str:
    measure = synthesis.measure
    if measure not in READ_BOTH_WAYS:
        label = MEASURES[measure].label
        return f"the row gives the fact by the marker, and a {label} of it is not one of the marker by the fact"
    effect = _effect(given, row, synthesis)
    if effect.missing:
        return f"row {entry['effect']}: {effect.missing}"
    states = _states(given, entry, synthesis)
    if isinstance(states, str):
        return states
    moved = [state != HANDLED for state in states]
    if not any(moved):
        return "every comparison dealt with it"
    cases, controls = float(entry["cases"]), float(entry["controls"])
    open_ = [state == OPEN for state in states]
    known = all(now or not moves for now, moves in zip(open_, moved, strict=True))
    as_pooled = summary_of(synthesis)
    alone, variance = shift(effect.y, effect.v, cases, controls)
    reach = NormalDist().inv_cdf(0.5 + given.protocol.level / 2)
    labels = [estimate.label for estimate in synthesis.estimates]
    shifts = [cases - controls if moves else 0.0 for moves in moved]
    at_least = [cases - (controls if now else 0.0) if moves else 0.0 for now, moves in zip(open_, moved, strict=True)]
    return ShiftedStratum(
        stratum=synthesis.stratum,
        measure=measure,
        k=synthesis.k,
        estimate=as_pooled.estimate,
        ci=as_pooled.ci,
        cases=cases,
        controls=controls,
        fact=effect.y,
        fact_ci=widened(effect.y, effect.v**0.5, reach, 0.0).ci,
        alone=alone,
        alone_ci=widened(alone, variance**0.5, reach, 0.0).ci,
        open_in=tuple(label for label, now in zip(labels, open_, strict=True) if now),
        not_known_in=tuple(label for label, now, moves in zip(labels, open_, moved, strict=True) if moves and not now),
        dealt_with_in=tuple(label for label, moves in zip(labels, moved, strict=True) if not moves),
        left=_left(given, synthesis, effect, shifts, controls),
        left_if_none=None if known else _left(given, synthesis, effect, at_least, 0.0),
        needed=needed(as_pooled.estimate, effect.y, cases, _share(synthesis, moved)),
        unlike=_unlike(given, row, [e for e, moves in zip(synthesis.estimates, moved, strict=True) if moves]),
    )


def _effect(given: Given, row: Candidate, synthesis: Synthesis) -> Effect:
    """Return the difference that the fact makes, on the measure of a stratum."""
    from metaan.effects.compute import compute

    plan = next(plan for plan in given.plan.strata if plan.stratum == synthesis.stratum)
    return compute(row.values, synthesis.measure, allowed=plan.conversions, level=given.protocol.level)


def _states(given: Given, entry: Mapping[str, Any], synthesis: Synthesis) -> list[str] | str:
    """Return how each comparison stands to the explanation; open where the entry names none."""
    if "explanation" not in entry:
        return [OPEN] * synthesis.k
    if all(item.id != entry["explanation"] for item in given.protocol.explanations):
        return f"the protocol has no explanation {entry['explanation']}"
    found = explain(given.extraction, given.protocol, [estimate.grade for estimate in synthesis.estimates])
    item = next(item for item in found if item.id == entry["explanation"])
    return [item.states[estimate.design_id] for estimate in synthesis.estimates]


def _left(given: Given, synthesis: Synthesis, effect: Effect, fractions: Sequence[float], controls: float) -> Left:
    """Pool the stratum without the shift; the error of the fact's difference is shared and added once."""
    import numpy as np

    from metaan.pooling.pool import pool

    y, v = arrays(synthesis)
    moved = y - np.array(fractions) * effect.y
    if synthesis.k == 1:
        as_pooled = summary_of(synthesis)
        alone = widened(float(moved[0]), as_pooled.se, as_pooled.reach, fractions[0] ** 2 * effect.v)
        return Left(controls=controls, estimate=alone.estimate, ci=alone.ci)
    fitted = pool(moved, v, **model_of(given, synthesis.k))
    own = of_pooled(fitted)
    fraction = sum(w / 100 * f for w, f in zip(fitted.weights, fractions, strict=True))
    found = widened(own.estimate, own.se, own.reach, fraction**2 * effect.v)
    return Left(controls=controls, estimate=found.estimate, ci=found.ci)


def _share(synthesis: Synthesis, moved: Sequence[bool]) -> float:
    """Return the share of a stratum's weight that is shifted."""
    if synthesis.pooled is None:
        return 1.0
    return sum(w for w, moves in zip(synthesis.pooled.weights, moved, strict=True) if moves) / 100


def _unlike(given: Given, row: Candidate, estimates: Sequence[Estimate]) -> tuple[str, ...]:
    """Say in what the shifted comparisons were measured otherwise than the difference that shifts them."""
    found = []
    for name in NAMED:
        own = row.row[name]
        others = [estimate.source.values.get(name, "") for estimate in estimates]
        words = list(dict.fromkeys(_word(given, name, other) for other in others if other != own))
        if words:
            found.append(f"{name} ({' or '.join(words)}, against {_word(given, name, own)} in {row.label})")
    return tuple(found)


def _word(given: Given, name: str, word: str) -> str:
    return "not reported" if word in ("", "NR", "NA") else given.protocol.layout.label(name, word)
