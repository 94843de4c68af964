"""Sentences on what a body of evidence shows, none stronger than its design and its interval allow.

Each stratum speaks for itself, with the strongest verb its design may use (`terms.designs.STRATA`) and the words its
certainty allows (`bank`). A conclusion needs an interval that leaves no doubt, three studies, and no known study beside
them that says otherwise.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from metaan.certainty import bank
from metaan.certainty.bank import DO_NOT_TELL
from metaan.terms import phrases, wording
from metaan.terms.certainty import Absolute, Certainty
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Beside, Record, Synthesis

ENOUGH = 3  #: studies below which no interval is trusted
PER_FIRST = 100  #: people to whom absolute risks are referred beside a sentence
MEASURED_AFTER = "measured after the outcome"
AFTER = {"case_control": MEASURED_AFTER, "treatment_cohort": "treatment not assigned at random"}  #: last words
NOBODY_MEASURED_FIRST = "No study in this review measured it first."
MEASURED_FIRST_ELSEWHERE = "Measured first, on other outcomes"  #: followed by the studies
MEASURED_FIRST_OUTSIDE = "Measured first, outside this question"  #: the same, of other people too
MEASURED_FIRST = ("trial", "prospective")  #: strata in which the factor came before the outcome by design

Label = Callable[[str, str], str]  #: list and word -> label, as `workbook.layout.Layout.label`

_STUDIES = {
    "trial": ("trial", "trials"),
    "treatment_cohort": ("treatment cohort", "treatment cohorts"),
    "prospective": ("prospective study", "prospective studies"),
    "case_control": ("case-control study", "case-control studies"),
    "cross_sectional": ("cross-sectional study", "cross-sectional studies"),
}


class Verdict(StrEnum):
    """What the interval of one stratum allows to be said."""

    MORE_THAN_SMALL = "more_than_small"  #: the whole interval lies beyond the threshold of a small effect
    SOME = "some"  #: the interval leaves out the null, not the threshold
    LITTLE_OR_NONE = "little_or_none"  #: the whole interval lies inside the thresholds
    NOT_TOLD = "not_told"
    ONE_STUDY = "one_study"
    NO_STUDY = "no_study"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence(Record):
    """What one stratum shows."""

    stratum: str
    verdict: str
    text: str
    then: tuple[str, ...] = ()  #: short sentences that qualify it and must follow it
    risks: str = ""  #: risks among 100 people, under the condition that the ratio holds where certainty is low
    level: str = ""  #: certainty whose words it uses; empty where none was judged


@dataclass(frozen=True, slots=True, kw_only=True)
class BottomLine(Record):
    """What one analysis shows, strongest design first."""

    analysis_id: str
    withheld: str  #: "No bottom line: ..."; then there are no sentences
    sentences: tuple[Sentence, ...]
    closing: str = ""  #: on what no study of this question did


def bottom_line(
    analysis: Analysis,
    label: Label,
    *,
    elsewhere: Sequence[str] = (),
    lead: str = MEASURED_FIRST_ELSEWHERE,
    certainty: Mapping[str, Certainty] | None = None,
) -> BottomLine:
    """Return what may be said of one analysis.

    Parameters
    ----------
    analysis : Analysis
        Its syntheses, strongest design first.
    label : callable
        Label of a word of a list.
    elsewhere : sequence of str
        Studies of this review that measured the same factor before an outcome, outside the analysis, with what they
        say.
    lead : str
        Words before those studies.
    certainty : mapping, optional
        Stratum -> how sure its studies make us: its sentence uses the words of that level. A stratum without one tells
        what its studies found.
    """
    judged = certainty or {}
    if analysis.no_bottom_line:
        reason = analysis.no_bottom_line
        return BottomLine(analysis_id=analysis.id, withheld=wording.sentence(f"no bottom line: {reason}"), sentences=())
    return BottomLine(
        analysis_id=analysis.id,
        withheld="",
        sentences=tuple(_sentence(analysis, s, label, judged.get(s.stratum)) for s in analysis.strata),
        closing=_closing(analysis, elsewhere, lead),
    )


def verdict(analysis: Analysis, synthesis: Synthesis) -> Verdict:
    """Return what the interval of one stratum, and what stands beside it, allow to be said."""
    pooled, small = synthesis.pooled, synthesis.small
    if synthesis.k < 2:
        return Verdict.ONE_STUDY if synthesis.k else Verdict.NO_STUDY
    if pooled is None or synthesis.k < ENOUGH or not math.isfinite(pooled.ci.low + pooled.ci.high):
        return Verdict.NOT_TOLD
    low, high = pooled.ci.low, pooled.ci.high
    if small is not None and small.low < low and high < small.high:
        allowed = _strong_enough(analysis) and all(_compatible(synthesis, b) for b in _beside(analysis, synthesis))
        return Verdict.LITTLE_OR_NONE if allowed else Verdict.NOT_TOLD
    if low <= 0 <= high or any(not _compatible(synthesis, b) for b in _beside(analysis, synthesis)):
        return Verdict.NOT_TOLD
    if small is not None and (low > small.high or high < small.low):
        return Verdict.MORE_THAN_SMALL
    return Verdict.SOME


def _strong_enough(analysis: Analysis) -> bool:
    """Whether the design that answers the question best has enough studies to speak of no difference."""
    return any(STRATA[s.stratum].strength == 1 and s.k >= ENOUGH for s in analysis.strata)


def _beside(analysis: Analysis, synthesis: Synthesis) -> Iterable[Beside]:
    return (b for b in analysis.beside if b.stratum == synthesis.stratum and b.bounds is not None)


def _compatible(synthesis: Synthesis, beside: Beside) -> bool:
    """Whether a study that cannot be pooled lies, as far as its bounds tell, on the side the pooled interval is on."""
    if beside.bounds is None or synthesis.pooled is None:
        return True
    low, high = _log(beside.bounds.low), _log(beside.bounds.high)
    ci, small = synthesis.pooled.ci, synthesis.small
    if _leaves_out_null(synthesis):
        return low > 0 if ci.low > 0 else high < 0
    ratio = MEASURES[synthesis.measure].scale == "log"
    return not ratio or small is None or (small.low < low and high < small.high)


def _leaves_out_null(synthesis: Synthesis) -> bool:
    return synthesis.pooled is not None and (synthesis.pooled.ci.low > 0 or synthesis.pooled.ci.high < 0)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _sentence(analysis: Analysis, synthesis: Synthesis, label: Label, sure: Certainty | None) -> Sentence:
    found = verdict(analysis, synthesis)
    level = sure.level if sure is not None else ""
    return Sentence(
        stratum=synthesis.stratum,
        verdict=found.value,
        text=wording.sentence(_text(analysis, synthesis, found, label, level)),
        then=tuple(_then(analysis, synthesis, found, sure)),
        risks=_risks(analysis, synthesis, label, sure),
        level=level,
    )


def _text(analysis: Analysis, synthesis: Synthesis, found: Verdict, label: Label, level: str) -> str:
    stratum = synthesis.stratum
    one, many = _STUDIES[stratum]
    if found is Verdict.NO_STUDY:
        return bank.NO_STUDY.format(study=one)
    said = {
        "after": f", {AFTER[stratum]}" if stratum in AFTER else "",
        "studies": f"{synthesis.k} {many}",
        "effect": _effect(analysis, synthesis),
        "asked": _asked(analysis, synthesis, label),
    }
    unknown = level == "very_low"
    if found is Verdict.ONE_STUDY:
        study = f"{synthesis.estimates[0].label} ({one})"
        return (bank.ONE_UNKNOWN if unknown else bank.ONE_STUDY).format(study=study, **said)
    if unknown:
        return bank.UNKNOWN.format(**said)
    if found is Verdict.NOT_TOLD:
        return bank.NOT_TOLD.format(**said)
    if found is Verdict.LITTLE_OR_NONE:
        return bank.SAID.format(claim=bank.little(stratum, level, _little(analysis, synthesis, label)), **said)
    return (bank.SAID if level else bank.FOUND).format(claim=_claim(analysis, synthesis, label, level), **said)


def _then(analysis: Analysis, synthesis: Synthesis, found: Verdict, sure: Certainty | None) -> Iterable[str]:
    claimed = sure is None or sure.level != "very_low"
    if claimed and found is Verdict.SOME and synthesis.small is not None:
        limits = wording.interval(synthesis.measure, synthesis.small)
        yield f"Whether the difference is more than small (outside {limits}), {DO_NOT_TELL}."
    if synthesis.k >= ENOUGH and _leaves_out_null(synthesis):
        for b in _beside(analysis, synthesis):
            if not _compatible(synthesis, b):
                yield f"A study that cannot be pooled does not show it: {b.label}."


def _risks(analysis: Analysis, synthesis: Synthesis, label: Label, sure: Certainty | None) -> str:
    """Return the risks among 100 people; of low certainty only under the condition that the ratio holds."""
    if sure is None or sure.absolute is None or not synthesis.k or synthesis.stratum in AFTER:
        return ""
    said = _in_people(analysis, synthesis, sure.absolute, label)
    doubtful = sure.level in ("low", "very_low")
    return wording.sentence(f"if this {MEASURES[synthesis.measure].label} held, {said}" if doubtful else said)


def _in_people(analysis: Analysis, synthesis: Synthesis, absolute: Absolute, label: Label) -> str:
    """Return "Live birth per 100 women: Control 44, Immunoglobulin 62 (51 to 74)"."""
    said = {**analysis.words, **synthesis.words}
    people, per = said.get("people", "people"), PER_FIRST
    without, with_ = said.get("group2") or "without", said.get("group1") or "with"
    low = wording.out_of(absolute.baseline, per)
    return f"{outcome(synthesis, label)} per {per} {people}: {without} {low}, {with_} {phrases.risk(absolute, per)}"


def _effect(analysis: Analysis, synthesis: Synthesis) -> str:
    if synthesis.k == 1:
        only = synthesis.estimates[0]
        return wording.full_effect(synthesis.measure, only.effect.y, only.ci, analysis.level)
    if synthesis.pooled is None:
        return "not pooled"
    return wording.full_effect(synthesis.measure, synthesis.pooled.estimate, synthesis.pooled.ci, analysis.level)


def _claim(analysis: Analysis, synthesis: Synthesis, label: Label, level: str) -> str:
    """Return subject, verb and object: "a higher level of X came before loss more often", "X changed live birth".

    That a factor which was recorded first came first is no finding: what a prospective study is asked, and may claim,
    is whether the outcome follows more often.
    """
    rising = synthesis.pooled is not None and synthesis.pooled.estimate > 0
    marker = analysis.factor_kind == "marker"
    subject, event = factor(analysis, synthesis, label), outcome(synthesis, label)
    often = "more often" if rising else "less often"
    said = {**analysis.words, **synthesis.words}
    return bank.claim(
        synthesis.stratum,
        level,
        marker=marker,
        subject=_level(subject, rising=rising) if marker else subject,
        event=event,
        direction="" if marker else said.get("high" if rising else "low", "") or f"{event} {often}",
        often=often,
    )


def _asked(analysis: Analysis, synthesis: Synthesis, label: Label) -> str:
    """Return what the studies were asked, in the words of a question that stays open."""
    marker = analysis.factor_kind == "marker"
    subject = factor(analysis, synthesis, label)
    if marker:
        subject = _level(subject, rising=True)
    elif analysis.factor_kind == "exposure":
        subject += _contrast(synthesis)
    return bank.asked(synthesis.stratum, subject=subject, event=outcome(synthesis, label))


def _level(subject: str, *, rising: bool) -> str:
    return f"a {'higher' if rising else 'lower'} level of {subject}"


def _little(analysis: Analysis, synthesis: Synthesis, label: Label) -> str:
    subject, event = factor(analysis, synthesis, label), outcome(synthesis, label)
    if analysis.factor_kind == "marker":
        return f"little or no difference in {subject} by {event}"
    return f"little or no difference in {event} by {subject}"


def factor(analysis: Analysis, synthesis: Synthesis, label: Label) -> str:
    """Return what is compared, in the words of the workbook: "NK-cell activity in blood", "treatment with IVIG"."""
    rows = _typed(synthesis)
    if analysis.factor_kind == "marker":
        markers = _words(rows, "marker", label, "marker")
        places = _words(rows, "compartment", label, "compartment")
        name = markers[0] if len(markers) == 1 else "the marker"
        return f"{name} in {places[0]}" if len(places) == 1 else name
    named = _words(rows, "intervention")
    if len(named) == 1:
        return f"treatment with {named[0]}" if analysis.factor_kind == "treatment" else named[0]
    return f"the {analysis.factor_kind}"


def _contrast(synthesis: Synthesis) -> str:
    """Return who was compared with whom in brackets, where all studies compared the same."""
    contrasts = {estimate.note for estimate in synthesis.estimates}
    return f" ({contrasts.pop()})" if len(contrasts) == 1 and "" not in contrasts else ""


def outcome(synthesis: Synthesis, label: Label) -> str:
    """Return the outcome in the words of the workbook; "the outcome" where the rows name more than two."""
    names = _words(_typed(synthesis), "outcome", label, "outcome")
    return wording.listed(names, "or") if 0 < len(names) <= 2 else "the outcome"


def _typed(synthesis: Synthesis) -> list[dict[str, str]]:
    return [estimate.source.values for estimate in synthesis.estimates]


def _words(rows: Sequence[dict[str, str]], column: str, label: Label | None = None, words: str = "") -> list[str]:
    typed = dict.fromkeys(row.get(column, "") for row in rows)
    return [label(words, word) if label else word for word in typed if word not in ("", "NR", "NA")]


def _closing(analysis: Analysis, elsewhere: Sequence[str], lead: str) -> str:
    """Say whether anybody measured the factor first, where only studies that measured it afterwards were pooled."""
    if analysis.factor_kind == "treatment" or not any(s.stratum == "case_control" and s.k for s in analysis.strata):
        return ""
    if any(s.stratum in MEASURED_FIRST and s.k for s in analysis.strata):
        return ""
    here = sum(row.stratum in MEASURED_FIRST for row in analysis.left_out)
    here = here or sum(b.stratum in MEASURED_FIRST for b in analysis.beside)
    said = []
    if here:
        said.append(f"What measured it first gave no number that can be pooled: {wording.count(here, 'row')}.")
    if elsewhere:
        said.append(wording.sentence(f"{lead}: {'; '.join(elsewhere)}"))
    return " ".join(said) or NOBODY_MEASURED_FIRST
