"""The first screen: what the review shows, in sentences no stronger than the studies allow."""

from metaan.certainty.sentences import BottomLine, bottom_line
from metaan.report.content import Answer, Block, Paragraph, Run, Section, Text, link, words
from metaan.report.material import Material, anchor, place
from metaan.report.parts import beside, beside_alone, beside_result, certainty, judged
from metaan.report.typed_rows import Elsewhere, measured_first
from metaan.terms import wording
from metaan.terms.certainty import Certainty
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

WITHOUT_NUMBERS = ("no_numbers", "form")  #: kinds of rows left out because nothing could be computed
OTHER_SCALE = "other_scale"  #: kind of rows whose numbers give an effect, but not on the measure of the analysis
WORDS_OF_CERTAINTY = (
    "Words follow the certainty too: “will” and “predicts” stand for high, “probably” for moderate, “may” for low "
    "certainty; where it is very low we do not know whether."
)


def bottom_lines(m: Material) -> tuple[BottomLine, ...]:
    """Return what may be said of each analysis, in the order of the protocol."""
    return tuple(_line(m, analysis) for analysis in m.analyses)


def _line(m: Material, analysis: Analysis) -> BottomLine:
    lead, found = measured_first(m, analysis)
    return bottom_line(
        analysis,
        m.label,
        elsewhere=[_named(item) for item in found],
        lead=lead,
        certainty={s.stratum: m.certainty[analysis.id, s.stratum] for s in judged(m, analysis)},
    )


def _named(item: Elsewhere) -> str:
    return f"{item.label} ({item.says})" if item.says else item.label


def _linked(closing: str, found: tuple[Elsewhere, ...]) -> Text:
    """Return the closing sentence with each study it names leading to its row."""
    runs: list[Run] = []
    for item in found:
        before, name, closing = closing.partition(item.label)
        runs += [Run(text=before), Run(text=name, href=f"#{anchor(item.effect_id)}")] if name else [Run(text=before)]
    return tuple(run for run in (*runs, Run(text=closing)) if run.text)


def section(m: Material, lines: tuple[BottomLine, ...]) -> Section:
    """Return the bottom line, one answer an analysis."""
    blocks: list[Block] = [_answer(m, analysis, line) for analysis, line in zip(m.analyses, lines, strict=True)]
    blocks.append(
        Paragraph(
            text=words(
                "Each design speaks for itself; results of different designs are never pooled together. Words follow "
                "the design: “change” is said of trials only, “come before”, “is followed by” and “predict” of studies "
                "that recorded the factor before the outcome, “was associated with” of all others. “Do not tell us” "
                "means that the interval, or a study beside it, leaves the answer open; it does not mean that there is "
                "no difference." + (f" {WORDS_OF_CERTAINTY}" if m.certainty else "")
            ),
            role="note",
        )
    )
    return Section(id="bottom-line", title="Bottom line", blocks=tuple(blocks), role="answers")


def _answer(m: Material, analysis: Analysis, line: BottomLine) -> Answer:
    sentences: list[tuple[str, Text]] = []
    notes: list[Text] = []
    several = len(analysis.strata) > 1
    if line.withheld:
        sentences.append(("", words(line.withheld)))
    for said, synthesis in zip(line.sentences, analysis.strata, strict=False):
        sentences.append((said.stratum, words(" ".join(filter(None, (said.text, *said.then, said.risks))))))
        for note in beside_result(m, analysis, synthesis):
            notes.append((Run(text=f"{STRATA[said.stratum].label}: ", kind="strong"), *note) if several else note)
    notes += [words(wording.sentence(remark)) for remark in analysis.remarks]
    if line.withheld:
        present = {synthesis.stratum for synthesis in analysis.strata}
        notes += [beside(m, b) for b in analysis.beside if b.stratum in present]
    notes += beside_alone(m, analysis)
    if line.closing:
        sentences.append(("", _linked(line.closing, measured_first(m, analysis)[1])))
    notes += _without_numbers(m, analysis)
    return Answer(
        title=link(analysis.title, f"#{place(analysis)}"),
        sentences=tuple(sentences),
        notes=tuple(notes),
        sure={s.stratum: _sure(m.certainty[analysis.id, s.stratum]) for s in judged(m, analysis)},
    )


def _sure(found: Certainty) -> Text:
    """Return symbols, word and the single biggest reason."""
    reason = f": {found.because.rstrip('.')}." if found.because else "."
    return (*certainty(found, "certainty"), Run(text=reason))


def _without_numbers(m: Material, analysis: Analysis) -> list[Text]:
    """Return how many known comparisons give nothing that could be pooled, and how many numbers on another scale."""
    shown = {(b.study_id, b.stratum) for b in analysis.beside}
    pooled = {e.design_id for synthesis in analysis.strata for e in (*synthesis.estimates, *synthesis.others)}
    kinds: dict[str, set[str]] = {}
    for row in analysis.left_out:
        design = m.design_of(row.effect_id)
        if (row.study_id, row.stratum) not in shown and design is not None and design["design_id"] not in pooled:
            kinds.setdefault(design["design_id"], set()).add(row.kind)
    other = sum(OTHER_SCALE in found for found in kinds.values())
    without = sum(OTHER_SCALE not in found and not found.isdisjoint(WITHOUT_NUMBERS) for found in kinds.values())
    where = f"#{place(analysis)}-left-out"
    said: list[Text] = []
    if without:
        known = wording.count(without, "known comparison")
        said.append(link(f"{known} of this question {'gives' if without == 1 else 'give'} no usable numbers.", where))
    if other:
        known = wording.count(other, "comparison")
        said.append(link(f"{known} {'gives' if other == 1 else 'give'} numbers on another scale.", where))
    return said
