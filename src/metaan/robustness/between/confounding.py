"""How strong unmeasured confounding would have to be: to explain an effect, or to leave few effects that matter."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metaan.pooling.counted import counts
from metaan.robustness.between.bounds import bias_bound, multi_bias_e_value
from metaan.robustness.between.calibrated import calibrated
from metaan.robustness.between.e_values import (
    COMMON,
    EValue,
    ToRiskRatio,
    bias_factor,
    conversion,
    converted,
    e_values_of_counts,
)
from metaan.robustness.between.given import Given, arrays
from metaan.robustness.between.meaningful import ALIKE, LEAST, RELIABLE, share_beyond, threshold
from metaan.robustness.between.needed import (
    SHARE,
    ConfoundingNeeded,
    confounding_needed,
    counted_strength,
    counts_above,
)
from metaan.robustness.between.summary import summary_of
from metaan.terms import wording
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Record, Synthesis

POINTS = 25  #: of the curve
LAST = 0.01  #: share at which the curve ends
FOLLOWED = frozenset(["trial", "prospective", "treatment_cohort"])  #: designs whose counts give the outcome's frequency
ASSUMPTION = (
    "What confounding is left after adjustment pulls every study away from no effect by the same factor, and true "
    "effects are normally distributed"
)
CAUTION = "does not show absence of bias"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Record):
    """Share of true effects that matter, against the strength of confounding."""

    beyond: float  #: effect that matters, working scale
    above: bool  #: whether effects above it count, below it otherwise
    aim: float  #: share to be reached, 0 to 1
    share: float  #: without confounding
    needed: ConfoundingNeeded
    counted: float | None  #: `needed.strength` by calibrated study effects, without a normal shape; from ten studies on
    strengths: tuple[float, ...]  #: risk ratio of the confounder with factor and outcome, from 1
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded(Record):
    """What is left if biases are as strong as typed."""

    factor: float  #: by which they can move a risk ratio, all together
    estimate: (
        float  #: the effect can be no nearer to no effect than this, working scale; 0 where they can explain it all
    )
    ci: Interval | None  #: None where they can


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumConfounding(Record):
    """Confounding and one stratum."""

    stratum: str
    measure: str
    k: int
    e: EValue
    joint: float  #: each parameter of confounding, selection and misclassification at once, to explain the estimate
    joint_limit: float  #: the same for the limit; 1 where the interval includes no effect
    curve: Curve | None
    no_curve: str  #: why there is none
    bounded: Bounded | None  #: None unless biases are typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias(Record):
    """Largest strength of a bias as the protocol gives it."""

    kind: str  #: confounding, selection, misclassification
    factor: tuple[float, ...]  #: risk ratios
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounding(Record):
    """How strong confounding would have to be, a stratum at a time."""

    strata: tuple[StratumConfounding, ...]
    biases: tuple[Bias, ...]
    outcome: str  #: why odds and hazard ratios were converted or not, in words; empty where there is none
    assumption: str
    settings: dict[str, float | str]
    not_given: dict[str, str]  #: stratum -> why


def of(given: Given) -> Confounding | str:
    """Ask of every stratum that was not assigned at random how strong confounding would have to be.

    Parameters
    ----------
    given : Given

    Returns
    -------
    Confounding or str
        The reason where no stratum can be asked.
    """
    settings = given.settings("confounding")
    aim = float(settings.get("share", SHARE))
    common, outcome = _common(given, settings)
    biases = tuple(
        Bias(kind=b["kind"], factor=tuple(map(float, b["factor"])), source=str(b["source"]))
        for b in settings.get("bounds", ())
    )
    why: dict[str, str] = {}
    done = []
    for synthesis in given.strata:
        found = _of_stratum(given, synthesis, common, aim, biases)
        if isinstance(found, str):
            why[synthesis.stratum] = found
        else:
            done.append(found)
    if not done:
        return "; ".join(dict.fromkeys(why.values()))
    told = any(conversion(s.measure, True) != conversion(s.measure, False) for s in done)
    return Confounding(
        strata=tuple(done),
        biases=biases,
        outcome=outcome if told else "",
        assumption=ASSUMPTION,
        settings={"share": aim, "common_outcome": "yes" if common else "no", "level": given.protocol.level},
        not_given=why,
    )


def _common(given: Given, settings: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether the outcome is common, and how that is known."""
    limit = wording.percent(100 * COMMON)
    if "common_outcome" in settings:
        common = str(settings["common_outcome"]) == "yes"
        return common, f"the protocol names the outcome {'commoner' if common else 'rarer'} than {limit}"
    for source in (given.plan.baseline_risk, given.protocol.baseline_risk):
        if source:
            risk = float(source["value"])
            return risk > COMMON, f"risk of the outcome {wording.percent(100 * risk, 1)} ({source['source']})"
    followed = [e for s in given.strata if s.stratum in FOLLOWED for e in s.estimates]
    tables = [table for e in followed if (table := counts(e)) is not None]
    events, people = sum(t[0] + t[2] for t in tables), sum(map(sum, tables))
    if people:
        found = f"{wording.whole(events)} of {wording.whole(people)} followed had the outcome"
        return events > COMMON * people, found
    return True, "how common the outcome is, is not given: taken as common, which gives the smaller E-values"


def _why_not(given: Given, synthesis: Synthesis) -> str:
    if synthesis.stratum == "trial":
        return "factor assigned at random"
    if given.analysis.factor_kind == "marker" and synthesis.stratum in ("case_control", "cross_sectional"):
        return "the marker was measured after the outcome, so that confounding is not its first doubt"
    if synthesis.k > 1 and synthesis.pooled is None:
        return "not pooled"
    return ""


def _of_stratum(
    given: Given, synthesis: Synthesis, common: bool, aim: float, biases: tuple[Bias, ...]
) -> StratumConfounding | str:
    if reason := _why_not(given, synthesis):
        return reason
    measure, only = synthesis.measure, synthesis.estimates[0]
    estimate, _, ci, _ = summary_of(synthesis)
    if math.isnan(ci.low):  # plain HK of equal effects
        return "the interval of the analysis does not exist for equal effects, so there is no E-value of its limit"
    to = conversion(measure, common)
    found = converted(measure, estimate, ci, common=common)
    table = counts(only) if measure == "RD" and synthesis.k == 1 else None
    if table is not None and table[0] and table[2]:
        found = e_values_of_counts(*table, level=given.protocol.level)
    if found is None:
        return f"no E-value is given for a {MEASURES[measure].label}: it has no way to a risk ratio"
    curve = _curve(given, synthesis, to, common, aim) if to else "a risk difference has no such curve"
    return StratumConfounding(
        stratum=synthesis.stratum,
        measure=measure,
        k=synthesis.k,
        e=found,
        joint=multi_bias_e_value(found.ratio),
        joint_limit=1.0 if found.e_limit == 1.0 else multi_bias_e_value(found.limit),
        curve=None if isinstance(curve, str) else curve,
        no_curve=curve if isinstance(curve, str) else "",
        bounded=_bounded(to, estimate, ci, biases) if to and biases else None,
    )


def _bounded(to: ToRiskRatio, estimate: float, ci: Interval, biases: tuple[Bias, ...]) -> Bounded:
    factor = bias_bound(**{bias.kind: bias.factor for bias in biases})
    toward = -math.copysign(math.log(factor), estimate)

    def moved(working: float) -> float:
        return to.back(float(to.log(working)) + toward)

    left = moved(estimate)
    if left * estimate <= 0:
        return Bounded(factor=factor, estimate=0.0, ci=None)
    return Bounded(factor=factor, estimate=left, ci=Interval(moved(ci.low), moved(ci.high)))


def _curve(given: Given, synthesis: Synthesis, to: ToRiskRatio, common: bool, aim: float) -> Curve | str:
    pooled = synthesis.pooled
    if pooled is None or synthesis.k < LEAST or pooled.prediction is None:
        return "fewer than three studies, or one true effect for all: there is no share to tell"
    if pooled.tau2 == 0.0:
        return ALIKE
    mu, tau2 = pooled.estimate, pooled.tau2
    q = threshold(given, synthesis, mu)
    if isinstance(q, str):
        return q
    up = counts_above(mu, q)
    se_tau2 = None if math.isnan(pooled.se_tau2) else pooled.se_tau2
    plain: dict[str, Any] = {"above": up, "measure": synthesis.measure, "common": common, "level": given.protocol.level}
    numbers = mu, pooled.se, tau2, se_tau2, q
    end = max(1.05, confounding_needed(*numbers, share=min(LAST, aim / 2), **plain).strength)
    strengths = tuple(end ** (i / (POINTS - 1)) for i in range(POINTS))
    side = 1.0 if up else -1.0
    brought = [to.back(float(to.log(q)) + side * math.log(f)) for f in bias_factor(strengths).tolist()]
    y, v = arrays(synthesis)
    return Curve(
        beyond=q,
        above=up,
        aim=aim,
        share=share_beyond(*numbers, above=up).share,
        needed=confounding_needed(*numbers, share=aim, **plain),
        counted=counted_strength(
            calibrated(y, v, mu, tau2), q, share=aim, above=up, measure=synthesis.measure, common=common
        )
        if synthesis.k >= RELIABLE
        else None,
        strengths=strengths,
        shares=tuple(share_beyond(mu, pooled.se, tau2, None, b, above=up).share for b in brought),
    )
