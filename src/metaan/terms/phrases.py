"""Sentences with numbers that figures and report share, so that both say the same in the same words."""

import math
from collections.abc import Mapping
from typing import Any

from metaan.terms import wording
from metaan.terms.certainty import Absolute
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES, Measure
from metaan.terms.records import Beside, Difference, Interval, Pooled, Synthesis

FEW = 5  #: below this number of studies a prediction interval carries a mark

NO_POOLING = "one study: no pooling"
TRUSTED = "Without studies of doubtful trustworthiness"  #: label of that sensitivity analysis

TAU2 = {
    "REML": "REML",
    "ML": "maximum likelihood (ML)",
    "EB": "empirical Bayes (EB)",
    "PM": "Paule-Mandel (PM)",
    "PMM": "Paule-Mandel, median-unbiased (PMM)",
    "DL": "DerSimonian-Laird (DL)",
    "HE": "Hedges-Olkin (HE)",
    "HS": "Hunter-Schmidt (HS)",
    "HSk": "Hunter-Schmidt, corrected for few studies (HSk)",
    "SJ": "Sidik-Jonkman (SJ)",
}

INTERVALS = {
    "mKH": "modified Knapp-Hartung (mKH)",
    "HK": "Knapp-Hartung (HK)",
    "HK-ci": "Knapp-Hartung or Wald, whichever is wider",
    "KR": "Kenward-Roger (KR), t on its own degrees of freedom",
    "Wald": "Wald",
    "t": "t",
}

PREDICTIONS = {
    "same": "t on k − 1, same standard error",
    "HTS": "t on k − 2 (Higgins-Thompson-Spiegelhalter)",
    "normal": "normal",
    "V": "t on k − 1, Wald standard error",
}


def heterogeneity(pooled: Pooled) -> str:
    """Return "k = 9; tau² 0.080 (tau 0.28); I² 62 % (20 to 82); Q 21.1, df 8, P = 0.007"."""
    i2 = f"I² {wording.percent(pooled.i2)}"
    if pooled.i2_ci is not None and pooled.i2_ci.high == 0:
        i2 += " (interval empty: the studies agree more closely than chance would make them)"
    elif pooled.i2_ci is not None:
        i2 += f" ({wording.fixed(pooled.i2_ci.low, 0)} to {wording.fixed(pooled.i2_ci.high, 0)})"
    return (
        f"k = {pooled.k}; "
        f"tau² {wording.tau2(pooled.tau2)} (tau {wording.tau(math.sqrt(pooled.tau2))}); "
        f"{i2}; "
        f"Q {wording.fixed(pooled.q, 1)}, df {wording.number(pooled.q_df)}, {wording.p_value(pooled.q_p)}"
    )


def model(method: Mapping[str, Any], k: int) -> str:
    """Return the model behind a pooled estimate of `k` studies in words.

    Parameters
    ----------
    method : mapping
        `Pooled.method`: names of the tau2 estimator, interval and prediction interval, and the level.
    k : int
        Studies pooled; below 3 no prediction interval is named.
    """
    tau2, interval = str(method["tau2"]), str(method["interval"])
    level = wording.number(100 * float(method["level"]))
    first = "Common-effect model" if tau2 == "EE" else f"Random-effects model, tau² by {TAU2.get(tau2, tau2)}"
    text = f"{first}; {level} % interval: {INTERVALS.get(interval, interval)}"
    if interval not in ("Wald", "HK-ci", "KR"):
        text += ", t on k − 1"
    prediction = str(method.get("prediction") or "")
    if k >= 3 and prediction:
        text += f"; prediction interval: {PREDICTIONS.get(prediction, prediction)}"
    return text


def prediction_label(pooled: Pooled) -> str:
    """Return "95 % prediction", marked "(few studies)" below five."""
    label = f"{wording.number(100 * float(pooled.method['level']))} % prediction"
    return f"{label} (few studies)" if pooled.k < FEW else label


def prediction(measure: str | Measure, pooled: Pooled) -> str:
    """Return "95 % prediction (few studies): 0.41 to 3.20"; empty where there is no prediction interval."""
    if pooled.prediction is None:
        return ""
    return f"{prediction_label(pooled)}: {wording.interval(measure, pooled.prediction)}"


def further(measure: str | Measure, name: str, limits: Interval) -> str:
    """Return an interval that is printed beside the drawn one: "Modified Knapp-Hartung (mKH) interval 0.02 to 210"."""
    words = INTERVALS.get(name, name)
    return f"{words[:1].upper()}{words[1:]} interval: {wording.interval(measure, limits)}"


def difference(diff: Difference) -> str:
    """Return the contrast of two strata, or why it is not tested.

    "Case-control ÷ prospective: ratio of odds ratios 0.97 (0.74 to 1.28), P = 0.83"
    """
    weaker, stronger = STRATA[diff.weaker].label, STRATA[diff.stronger].label.lower()
    if not diff.tested or diff.ci is None:
        reason = diff.reason.strip().rstrip(".")
        if "not tested" not in reason:
            reason = f"difference not tested; {reason}" if reason else "difference not tested"
        return f"{weaker} and {stronger}, {reason}"
    measure = MEASURES[diff.measure]
    sign = "÷" if measure.scale == "log" else "minus"
    return (
        f"{weaker} {sign} {stronger}: {measure.ratio_of} "
        f"{wording.effect(measure, diff.estimate, diff.ci)}, {wording.p_value(diff.p)}"
        f"{f' ({diff.reason})' if diff.reason else ''}"
    )


def beside(b: Beside, people: str = "people") -> str:
    """Return what a study that cannot be pooled says, in one line.

    Parameters
    ----------
    b : Beside
        The study.
    people : str
        Plural word for those studied: "women".
    """
    text = f"Not poolable: {b.label}"
    if b.source.kind == "second_hand":
        text += ", read second-hand"
    if b.people is not None:
        text += f" ({wording.whole(b.people)} {people})"
    if b.classes:
        classes = (f"{wording.percent(risk.risk, 1)} ({risk.label})" for risk in b.classes)
        text += f": outcome in {wording.listed(list(classes))}"
    if b.bounds is not None:
        low, high = wording.ratio(b.bounds.low), wording.ratio(b.bounds.high)
        text += f"; whatever the class sizes, its ratio of the top class to the rest lies between {low} and {high}"
    return text


def risk(absolute: Absolute, per: int) -> str:
    """Return the risk with the factor: "62 (51 to 74)"."""
    low, high = wording.out_of(absolute.ci.low, per), wording.out_of(absolute.ci.high, per)
    return f"{wording.out_of(absolute.risk, per)} ({low} to {high})"


def risk_difference(absolute: Absolute, per: int) -> str:
    """Return the difference in risk: "18 more (7 more to 30 more)", "2 fewer (9 fewer to 5 more)"."""
    low, high = (_more(limit, per) for limit in (absolute.difference_ci.low, absolute.difference_ci.high))
    return f"{_more(absolute.difference, per)} ({low} to {high})"


def _more(difference: float, per: int) -> str:
    number = wording.out_of(abs(difference), per)
    if number == "0":
        return "no more and no fewer"
    return f"{number} {'more' if difference > 0 else 'fewer'}"


def result_of(stratum: str) -> str:
    """Return what a pooled result is called by its design: "case-control result", "result of the trials"."""
    label = STRATA[stratum].label.lower()
    return f"result of the {label}" if label.endswith("s") else f"{label} result"


def size(k: int, people: int | None, noun: str = "people") -> str:
    """Return "33 studies, 12 840 people"."""
    text = wording.count(k, "study", "studies")
    return text if people is None else f"{text}, {wording.whole(people)} {noun}"


def result(synthesis: Synthesis, level: float) -> str:
    """Return what one stratum found: "Case-control, 33 studies: odds ratio 1.23 (95 % CI 1.10 to 1.37)"."""
    name = f"{STRATA[synthesis.stratum].label}, {wording.count(synthesis.k, 'study', 'studies')}"
    if synthesis.pooled is not None:
        pooled = synthesis.pooled
        return f"{name}: {wording.full_effect(synthesis.measure, pooled.estimate, pooled.ci, level)}"
    if synthesis.k == 1:
        only = synthesis.estimates[0]
        return f"{name}: {wording.full_effect(synthesis.measure, only.effect.y, only.ci, level)}, not pooled"
    return f"{name}: not pooled"


def assessed(k: int, typed: int, proposed: int, *, partly: int = 0, noun: str = "comparison") -> str:
    """Return who judged how many comparisons: "none of 6 trials has been judged by a reviewer; ...".

    Parameters
    ----------
    k : int
        Comparisons.
    typed : int
        Those with a judgement of a reviewer.
    proposed : int
        Those whose judgements follow from recorded facts alone.
    partly : int
        Those of `typed` that a reviewer has not judged in full.
    noun : str
        One comparison.
    """
    if k == 1:
        part = " in part" if partly else ""
        who = f"the one {noun} has {'been' if typed else 'not been'} judged{part} by a reviewer"
        rest = "recorded facts propose"
    else:
        whole = "both" if k == 2 else f"all {wording.whole(k)}"
        share = whole if typed == k else f"{wording.whole(typed) if typed else 'none'} of {wording.whole(k)}"
        who = f"{share} {noun}s {'has' if typed < 2 else 'have'} been judged by a reviewer"
        if partly:
            who += ", in part" if partly == typed else f", {wording.whole(partly)} of them in part"
        every = "both" if k == 2 else "all"
        rest = f"for {every if proposed == k else wording.whole(proposed)}, recorded facts propose"
    parts = [who]
    if proposed:
        parts.append(f"{rest} at least one judgement, which nobody has confirmed")
    left = k - typed - proposed
    if left and (typed or proposed):
        parts.append(f"{wording.whole(left)} {'is' if left == 1 else 'are'} not assessed")
    return "; ".join(parts)
