"""Pieces that several sections show: a stratum, its grades, its result, and what must stand beside it."""

from collections import Counter
from collections.abc import Iterable

from metaan.report.content import Paragraph, Run, Text, join, muted, plain, words
from metaan.report.material import Material, anchor
from metaan.terms import phrases, wording
from metaan.terms.certainty import NAMES, SYMBOLS, Certainty
from metaan.terms.designs import GRADES, STRATA
from metaan.terms.records import Analysis, Beside, Difference, Grade, Synthesis

NONE = "–"  #: a cell with nothing to say
NO_MEAN = "no meaningful mean"


def stratum(name: str) -> Text:
    """Return the name of a stratum with its mark."""
    known = STRATA.get(name)
    return (Run(text=known.label if known else name, kind="stratum", key=name, title=known.order if known else ""),)


def grade_mark(letter: str) -> Run:
    """Return a grade's letter in its box."""
    return Run(text=letter, kind="grade", key=letter, title=f"grade {letter}: {GRADES.get(letter, '')}")


def grade(found: Grade) -> Text:
    """Return a grade, and its best case where that differs."""
    if found.best == found.grade:
        return (grade_mark(found.grade),)
    return (grade_mark(found.grade), Run(text=f" {found.best} at best", kind="muted"))


def grade_counts(grades: Iterable[str]) -> Text:
    """Return how often each grade was given, best first."""
    counted = Counter(grades)
    return join(
        ((grade_mark(letter), Run(text=f"\N{NO-BREAK SPACE}{counted[letter]}")) for letter in sorted(counted)),
        "  ",
    )


def judged(m: Material, analysis: Analysis) -> tuple[Synthesis, ...]:
    """Return the strata of an analysis whose certainty was judged."""
    found = ((synthesis, m.certainty.get((analysis.id, synthesis.stratum))) for synthesis in analysis.strata)
    return tuple(synthesis for synthesis, sure in found if sure is not None and sure.level)


def certainty(found: Certainty | None, noun: str = "") -> Text:
    """Return symbols and words of a certainty, and its best case where that differs."""
    if found is None or not found.level:
        return muted("not judged")
    best = f" ({NAMES[found.best]} at best)" if found.best and found.best != found.level else ""
    level = NAMES[found.level].replace(" ", "\N{NO-BREAK SPACE}")
    name = f" {level} {noun}".rstrip()
    named = (Run(text=SYMBOLS[found.level], kind="symbol"), Run(text=name, kind="strong"))
    return (*named, Run(text=best, kind="muted")) if best else named


def result(analysis: Analysis, synthesis: Synthesis) -> str:
    """Return the result of a stratum: measure, estimate and interval; or why there is none."""
    if synthesis.pooled is not None:
        pooled = synthesis.pooled
        return wording.full_effect(synthesis.measure, pooled.estimate, pooled.ci, analysis.level)
    if synthesis.k == 1:
        only = synthesis.estimates[0]
        effect = wording.full_effect(synthesis.measure, only.effect.y, only.ci, analysis.level)
        return f"{effect}, {phrases.NO_POOLING}"
    return "no study in the main pool" if synthesis.k == 0 else "not pooled"


def shown(analysis: Analysis, text: str | Text, *, mean: bool = True) -> Text:
    """Return a result as it may be shown: set back and called no meaningful mean where nothing may be drawn from it."""
    found = words(text) if isinstance(text, str) else text
    if not analysis.no_bottom_line or not mean or not found:
        return found
    return muted(f"{NO_MEAN}: {plain(found)}")


def shown_result(analysis: Analysis, synthesis: Synthesis) -> Text:
    """Return the result of a stratum, set back where it is no result of the review."""
    return shown(analysis, result(analysis, synthesis), mean=synthesis.pooled is not None)


def shown_detail(analysis: Analysis, text: Text) -> Text:
    """Return what belongs to a pooled result, set back with it."""
    return muted(plain(text)) if analysis.no_bottom_line and text else text


def difference(analysis: Analysis, found: Difference) -> Paragraph:
    """Return the contrast of two strata with how it was tested."""
    said = phrases.difference(found)
    how = found.reason.strip().rstrip(".")
    if found.tested and how and how not in said:
        said += f" ({how})"
    return Paragraph(text=shown(analysis, wording.sentence(said), mean=found.tested), role="difference")


def beside_result(m: Material, analysis: Analysis, synthesis: Synthesis) -> tuple[Text, ...]:
    """Return every sentence that must stand wherever the result of a stratum stands."""
    said: list[Text] = []
    if synthesis.k:
        told = [wording.sentence(remark) for remark in synthesis.remarks]
        told += [wording.sentence(phrases.further(synthesis.measure, *item)) for item in synthesis.also.items()]
        said += [shown_detail(analysis, words(" ".join(told)))] if told else []
    said += [beside(m, b) for b in analysis.beside if b.stratum == synthesis.stratum]
    return tuple(said)


def beside_alone(m: Material, analysis: Analysis) -> tuple[Text, ...]:
    """Return the known studies that cannot be pooled and whose stratum has no synthesis to stand beside."""
    present = {synthesis.stratum for synthesis in analysis.strata}
    return tuple(beside(m, b) for b in analysis.beside if b.stratum not in present)


def beside(m: Material, b: Beside) -> Text:
    """Return what a study that cannot be pooled says, with the way to its source."""
    said = words(wording.sentence(phrases.beside(b, m.people)))
    effect_id = m.by_number.get(b.source.row)
    if effect_id is None:
        return said
    place = f"{b.source.sheet}!A{b.source.row}"
    return (*said, Run(text=" "), Run(text="Source", href=f"#{anchor(effect_id)}", title=place))


def remarks(analysis: Analysis) -> tuple[Paragraph, ...]:
    """Return the sentences that must stand with every result of an analysis."""
    return tuple(Paragraph(text=words(wording.sentence(said)), role="remark") for said in analysis.remarks)


def prediction(synthesis: Synthesis) -> Text:
    """Return the prediction interval of a stratum, marked where it rests on few studies."""
    pooled = synthesis.pooled
    if pooled is None or pooled.prediction is None:
        return muted("none below 3 studies")
    few = " (few studies)" if pooled.k < phrases.FEW else ""
    return words(wording.interval(synthesis.measure, pooled.prediction) + few)


def people(count: int | None) -> Text:
    """Return a number of people; a dash where it is not known."""
    return words(wording.number(count)) if count is not None else muted(NONE)
