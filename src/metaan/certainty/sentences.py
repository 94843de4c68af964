"""Sentences on what a body of evidence shows, none stronger than its design and its interval allow.

Each stratum speaks for itself, with the strongest verb its design may use (`terms.designs.STRATA`). A conclusion needs
an interval that leaves no doubt, three studies, and no known study beside them that says otherwise.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Beside, Record, Synthesis

ENOUGH = 3  #: studies below which no interval is trusted
DO_NOT_TELL = "the studies do not tell us"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BottomLine(Record):
    """What one analysis shows, strongest design first."""

    analysis_id: str
    withheld: str  #: "No bottom line: ..."; then there are no sentences
    sentences: tuple[Sentence, ...]
    closing: str = ""  #: on what no study of this question did


def bottom_line(
    analysis: Analysis, label: Label, *, elsewhere: Sequence[str] = (), lead: str = MEASURED_FIRST_ELSEWHERE
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
    """
    if analysis.no_bottom_line:
        reason = analysis.no_bottom_line
        return BottomLine(analysis_id=analysis.id, withheld=wording.sentence(f"no bottom line: {reason}"), sentences=())
    return BottomLine(
        analysis_id=analysis.id,
        withheld="",
        sentences=tuple(_sentence(analysis, synthesis, label) for synthesis in analysis.strata),
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


def _sentence(analysis: Analysis, synthesis: Synthesis, label: Label) -> Sentence:
    found = verdict(analysis, synthesis)
    return Sentence(
        stratum=synthesis.stratum,
        verdict=found.value,
        text=_text(analysis, synthesis, found, label),
        then=tuple(_then(analysis, synthesis, found)),
    )


def _text(analysis: Analysis, synthesis: Synthesis, found: Verdict, label: Label) -> str:
    after = f", {AFTER[synthesis.stratum]}" if synthesis.stratum in AFTER else ""
    one, many = _STUDIES[synthesis.stratum]
    if found is Verdict.NO_STUDY:
        return wording.sentence(f"no {one} with numbers that can be pooled")
    if found is Verdict.ONE_STUDY:
        only = synthesis.estimates[0]
        effect = wording.full_effect(synthesis.measure, only.effect.y, only.ci, analysis.level)
        return wording.sentence(f"one study: {only.label} ({one}), {effect}{after}")
    studies = f"{synthesis.k} {many}"
    effect = _effect(analysis, synthesis)
    if found is Verdict.NOT_TOLD:
        claim = _claim(analysis, synthesis, label, rising=True, open_question=True)
        return wording.sentence(f"whether {claim}, {DO_NOT_TELL}: {studies}, {effect}{after}")
    if found is Verdict.LITTLE_OR_NONE:
        return wording.sentence(f"{_little(analysis, synthesis, label)}: {studies}, {effect}{after}")
    rising = synthesis.pooled is not None and synthesis.pooled.estimate > 0
    claim = _claim(analysis, synthesis, label, rising=rising, open_question=False)
    return wording.sentence(f"in {studies}, {claim}: {effect}{after}")


def _then(analysis: Analysis, synthesis: Synthesis, found: Verdict) -> Iterable[str]:
    if found is Verdict.SOME and synthesis.small is not None:
        limits = wording.interval(synthesis.measure, synthesis.small)
        yield f"Whether the difference is more than small (outside {limits}), {DO_NOT_TELL}."
    if synthesis.k >= ENOUGH and _leaves_out_null(synthesis):
        for b in _beside(analysis, synthesis):
            if not _compatible(synthesis, b):
                yield f"A study that cannot be pooled does not show it: {b.label}."


def _effect(analysis: Analysis, synthesis: Synthesis) -> str:
    if synthesis.pooled is None:
        return "not pooled"
    return wording.full_effect(synthesis.measure, synthesis.pooled.estimate, synthesis.pooled.ci, analysis.level)


def _claim(analysis: Analysis, synthesis: Synthesis, label: Label, *, rising: bool, open_question: bool) -> str:
    """Return subject, verb and object: "a higher level of X came before loss more often", "X changed live birth".

    That a factor which was recorded first came first is no finding: what a prospective study is asked, and may claim,
    is whether the outcome follows more often.
    """
    first = synthesis.stratum == "prospective"
    verb = "is followed by" if first and open_question else STRATA[synthesis.stratum].verb
    subject, event = factor(analysis, synthesis, label), outcome(synthesis, label)
    if analysis.factor_kind == "marker":
        often = " more often" if first else ""
        return f"a {'higher' if rising else 'lower'} level of {subject} {verb} {event}{often}"
    if open_question:
        asked = subject + (_contrast(synthesis) if analysis.factor_kind == "exposure" else "")
        return f"{asked} {verb} {event}{' more often' if first else ''}"
    if first:
        return f"{subject} {verb} {event} {'more' if rising else 'less'} often"
    said = {**analysis.words, **synthesis.words}
    direction = said.get("high" if rising else "low", "") or f"{event} {'more' if rising else 'less'} often"
    return f"{subject} {verb} {event} ({direction})"


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
