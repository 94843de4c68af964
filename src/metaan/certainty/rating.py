"""The class our rules suggest for a treatment: never a regulator's rating, and none for a test that no trial tried.

The five words are those of the scale that the HFEA (UK) has used since October 2023. On the traffic light it used
before, red stood for "no trial shows that it works or is safe"; here the same lack is grey, and red needs a named risk
or a worse outcome.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from metaan.certainty.sentences import outcome
from metaan.certainty.subject import TEST, asked, interventions, is_marker, is_treatment, listed_in, speaks_of
from metaan.terms import wording
from metaan.terms.certainty import NAMES, Certainty, Rating
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval, Synthesis
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

OURS = "our rule, not the regulator's rating"
NO_TRIAL_OF_TEST = "no test-and-treat evidence"
SCALE = (
    "Our class uses the five words of the scale that the HFEA (UK) has used since October 2023. On its earlier traffic "
    "light of three colours, red also stood for “no trial shows that it works”; here that lack is grey."
)

#: class -> what it stands for
CLASSES = {
    "green": "good evidence that it helps",
    "yellow": "good trials disagree",
    "grey": "not enough good evidence to tell",
    "black": "good evidence that it makes little or no difference",
    "red": "a named serious risk, or good evidence that it makes things worse",
}

ALONE = "on the trials alone"  #: input that says which class there would be without the named risk

SURE_ENOUGH = ("moderate", "high")
LOW_RISK = "A"  #: grade of a trial at low risk of bias
MANY = 50.0  #: percent; I2 from which a wide prediction interval counts as disagreement


def suggested_class(
    analysis: Analysis, certainty: Mapping[str, Certainty], protocol: Protocol, extraction: Extraction
) -> Rating:
    """Return the class that follows from the trials of one analysis.

    Asked in this order: a named serious risk (a row of the sheet Context that lists the treatment), or an interval on
    the worse side at moderate or high certainty: red. Less than moderate certainty, fewer than two trials, or too
    little information: grey. Trials that disagree: yellow, before anything is read from their mean. The whole interval
    beyond a small benefit: green; inside the limits of a small effect: black. Anything else: grey.

    Parameters
    ----------
    analysis : Analysis
        Only its trials count; the class is about the outcome it asks for.
    certainty : mapping
        Stratum -> how sure it makes us.
    protocol, extraction : Protocol, Extraction
        Treatments asked for; the sheets Context, Effects and Design.

    Returns
    -------
    Rating
        Without a class for a test that no trial tried, and for what is neither a treatment nor a test.
    """
    plan = protocol.analysis(analysis.id)
    trials = next((s for s in analysis.strata if s.stratum == "trial"), None)
    marker = is_marker(analysis, plan)
    if marker and (trials is None or not trials.k):
        held = trials_of_test(analysis, protocol, extraction)
        if not held:
            because = "no trial in this review gave the test to some people and not to others"
            return Rating(analysis_id=analysis.id, suggested="", because=because, note=NO_TRIAL_OF_TEST)
        named = wording.listed(list(held))
        return Rating(
            analysis_id=analysis.id,
            suggested="",
            because=f"a trial of the test is held by this review, outside this question: {named}",
            inputs={"trials of the test": list(held)},
            note="the class belongs to that trial",
        )
    if not marker and not is_treatment(analysis, plan):
        because = "the rule is made for treatments and tests"
        return Rating(analysis_id=analysis.id, suggested="", because=because, note="no class")
    names = (TEST,) if marker else interventions(analysis, plan)
    seen = _evidence(analysis, trials, certainty.get("trial"), risks(names, extraction))
    suggested, because = _judge(seen)
    shown = outcome(trials, protocol.layout.label) if trials is not None and trials.k else "none pooled"
    inputs = {"outcome": shown, **_inputs(analysis, seen)}
    if seen.named:
        inputs[ALONE] = ", because ".join(_judge(replace(seen, named=())))
    return Rating(analysis_id=analysis.id, suggested=suggested, because=because, inputs=inputs, note=OURS)


def risks(names: tuple[str, ...], extraction: Extraction) -> tuple[Row, ...]:
    """Return the rows of the sheet Context that name a serious risk of one of these treatments."""
    return tuple(
        row for row in extraction.sheet("Context") if row.answer("serious_safety") == "yes" and speaks_of(row, names)
    )


def trials_of_test(analysis: Analysis, protocol: Protocol, extraction: Extraction) -> tuple[str, ...]:
    """Return the trials in which the test itself was given to some people and not to others.

    Such a row of Effects belongs to a randomised comparison and names the marker as factor, or lists "test" among its
    interventions; compartment and marker, where typed, are those of the analysis.
    """
    plan = protocol.analysis(analysis.id)
    designs = extraction.by_key("Design", "design_id")
    studies = extraction.by_key("Studies", "study_id")
    wanted = {column: asked(plan, column) for column in ("compartment", "marker")}
    found: dict[str, None] = {}
    for row in extraction.sheet("Effects"):
        design = designs.get(row["design_id"])
        if design is None or design["randomised"] != "yes":
            continue
        about = row["factor_kind"] == "marker" or TEST in listed_in(row["intervention"])
        same = all(not words or not row.answer(column) or row[column] in words for column, words in wanted.items())
        if about and same:
            study = studies.get(design["study_id"])
            found[(study["label"] if study else "") or design["study_id"]] = None
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the rule looks at; limits are turned so that up is good."""

    trials: Synthesis | None
    level: str  #: of certainty; empty where nobody judged it
    share: float | None  #: of the optimal information size; None where it is not known
    at_most: bool  #: whether that share is an upper limit
    named: tuple[Row, ...]  #: rows that name a serious risk
    meaningless: bool  #: nothing may be read from the pooled figures
    ci: Interval | None
    prediction: Interval | None
    i2: float | None
    small: float | None  #: distance of a small effect from none
    better: tuple[str, ...]  #: trials at low risk of bias whose own interval lies wholly on the better side
    worse: tuple[str, ...]

    @property
    def k(self) -> int:
        return self.trials.k if self.trials is not None else 0


def _evidence(
    analysis: Analysis, trials: Synthesis | None, certainty: Certainty | None, named: tuple[Row, ...]
) -> _Evidence:
    def turned(limits: Interval | None) -> Interval | None:
        if limits is None or analysis.outcome_good:
            return limits
        return Interval(-limits.high, -limits.low)

    pooled = trials.pooled if trials is not None and not analysis.no_bottom_line else None
    low_risk = [e for e in trials.estimates if e.grade.grade == LOW_RISK] if trials is not None else []
    share, at_most = _share(certainty)
    own = [(estimate.label, turned(estimate.ci) or estimate.ci) for estimate in low_risk]
    return _Evidence(
        trials=trials,
        level=certainty.level if certainty is not None else "",
        share=share,
        at_most=at_most,
        named=named,
        meaningless=bool(analysis.no_bottom_line),
        ci=turned(_ci(trials)) if trials is not None and not analysis.no_bottom_line else None,
        prediction=turned(pooled.prediction) if pooled is not None else None,
        i2=pooled.i2 if pooled is not None else None,
        small=trials.small.high if trials is not None and trials.small is not None else None,
        better=tuple(label for label, ci in own if ci.low > 0),
        worse=tuple(label for label, ci in own if ci.high < 0),
    )


def _ci(trials: Synthesis) -> Interval | None:
    if trials.pooled is not None:
        return trials.pooled.ci
    return trials.estimates[0].ci if trials.k == 1 else None


def _share(certainty: Certainty | None) -> tuple[float | None, bool]:
    """Return the share of the optimal information size, and whether it is an upper limit that is itself too small."""
    size = certainty.size if certainty is not None else {}
    share, most = (
        float(value) if isinstance(value := size.get(name), (int, float)) and math.isfinite(value) else None
        for name in ("share", "share_at_most")
    )
    if share is None and most is not None and most < 1:
        return most, True
    return share, False


def _judge(seen: _Evidence) -> tuple[str, str]:
    """Return class and reason."""
    if seen.named:
        who = wording.listed(list(dict.fromkeys(row["body"] for row in seen.named)))
        return "red", f"a serious risk of the treatment is named ({who})"
    sure = seen.level in SURE_ENOUGH
    if sure and seen.ci is not None and seen.ci.high < 0:
        return "red", f"the whole interval lies on the worse side ({NAMES[seen.level]} certainty)"
    lacking = _lacking(seen, sure)
    if lacking:
        return "grey", wording.listed(lacking)
    disagree = _disagree(seen)
    if disagree:
        return "yellow", disagree
    if seen.ci is not None and seen.small is not None:
        if seen.ci.low > seen.small:
            return "green", f"the whole interval lies beyond a small benefit ({NAMES[seen.level]} certainty)"
        if -seen.small < seen.ci.low and seen.ci.high < seen.small:
            return (
                "black",
                f"the whole interval lies inside the limits of a small effect ({NAMES[seen.level]} certainty)",
            )
    return "grey", _left_open(seen)


def _lacking(seen: _Evidence, sure: bool) -> list[str]:
    """Return what keeps the trials from being enough to tell."""
    if not seen.k:
        return ["no trial is pooled"]
    reasons = [] if seen.k > 1 else ["there is one trial only"]
    if not sure:
        reasons.append(f"certainty is {NAMES[seen.level]}" if seen.level else "certainty was not judged")
    if seen.share is None:
        reasons.append("whether there is enough information is not known")
    elif seen.share < 1:
        reasons.append(f"the information is {_reached(seen)} of the optimal size")
    return reasons


def _reached(seen: _Evidence) -> str:
    if seen.share is None:
        return "not known whether"
    return f"{'at most ' if seen.at_most else ''}{wording.percent(100 * seen.share)}"


def _disagree(seen: _Evidence) -> str:
    """Return how good trials disagree; empty where they do not."""
    if seen.better and seen.worse:
        told = f"better in {wording.listed(seen.better)}, worse in {wording.listed(seen.worse)}"
        return f"trials at low risk of bias contradict each other: {told}"
    if seen.prediction is None or seen.small is None or seen.i2 is None or seen.i2 < MANY:
        return ""
    if seen.prediction.low < -seen.small and seen.prediction.high > seen.small:
        return "the prediction interval holds both important benefit and important harm, and I² is at least 50 %"
    return ""


def _left_open(seen: _Evidence) -> str:
    if seen.meaningless:
        return "no mean may be read from these trials, and those at low risk of bias do not contradict each other"
    if seen.small is None:
        return "no threshold of a small effect is set"
    return "the interval leaves open whether the effect is more than small"


def _inputs(analysis: Analysis, seen: _Evidence) -> dict[str, Any]:
    """Return what the rule looked at, in words, with effects on the printed scale."""
    inputs: dict[str, Any] = {
        "the outcome is a good one": "yes" if analysis.outcome_good else "no",
        "trials pooled": str(seen.k),
        "certainty": NAMES.get(seen.level, "not judged"),
        "optimal information size": f"{_reached(seen)} reached",
        "named serious risk": wording.listed([f"{row['body']} on {row['topic']}" for row in seen.named]) or "none",
        "low-risk trials, better": wording.listed(seen.better) or "none",
        "low-risk trials, worse": wording.listed(seen.worse) or "none",
    }
    if seen.trials is None:
        return inputs
    measure, ci, pooled = seen.trials.measure, _ci(seen.trials), seen.trials.pooled
    unread = "; not read, the mean has no meaning" if seen.meaningless else ""
    if ci is not None:
        inputs["interval"] = f"{MEASURES[measure].label} {wording.interval(measure, ci)}{unread}"
    if pooled is not None and pooled.prediction is not None:
        inputs["prediction interval"] = wording.interval(measure, pooled.prediction) + unread
        inputs["I²"] = wording.percent(pooled.i2)
    if seen.trials.small is not None:
        inputs["limits of a small effect"] = wording.interval(measure, seen.trials.small)
    return inputs
