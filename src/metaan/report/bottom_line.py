"""The first screen: what the review shows, in sentences no stronger than the studies allow."""

from metaan.certainty.sentences import MEASURED_FIRST, BottomLine, bottom_line
from metaan.report.content import Answer, Block, Paragraph, Run, Section, Text, link, words
from metaan.report.material import Material, place
from metaan.report.parts import beside, beside_alone, beside_result
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

WITHOUT_NUMBERS = ("no_numbers", "form")  #: kinds of rows left out because nothing could be computed


def bottom_lines(m: Material) -> tuple[BottomLine, ...]:
    """Return what may be said of each analysis, in the order of the protocol."""
    return tuple(
        bottom_line(analysis, m.label, measured_first_elsewhere=_measured_first_elsewhere(m, analysis))
        for analysis in m.analyses
    )


def _measured_first_elsewhere(m: Material, analysis: Analysis) -> int:
    """Count rows outside an analysis that hold the same factor, recorded before an outcome."""
    columns = ("factor_kind", "marker", "compartment") if analysis.factor_kind == "marker" else ("factor_kind",)
    here = {
        tuple(estimate.source.values.get(column, "") for column in columns)
        for synthesis in analysis.strata
        for estimate in synthesis.estimates
    }
    inside = {effect_id for effect_id, uses in m.uses.items() if any(use.analysis is analysis for use in uses)}
    return sum(
        tuple(row[column] for column in columns) in here and m.stratum_of(effect_id) in MEASURED_FIRST
        for effect_id, row in m.effects.items()
        if effect_id not in inside
    )


def section(m: Material, lines: tuple[BottomLine, ...]) -> Section:
    """Return the bottom line, one answer an analysis."""
    blocks: list[Block] = [_answer(m, analysis, line) for analysis, line in zip(m.analyses, lines, strict=True)]
    blocks.append(
        Paragraph(
            text=words(
                "Each design speaks for itself; results of different designs are never pooled together. Words follow "
                "the design: “changed” is said of trials only, “came before” of studies that recorded the factor "
                "before the outcome, “was associated with” of all others. “Do not tell us” means that the interval, "
                "or a study beside it, leaves the answer open; it does not mean that there is no difference."
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
        sentences.append((said.stratum, words(" ".join((said.text, *said.then)))))
        for note in beside_result(m, analysis, synthesis):
            notes.append((Run(text=f"{STRATA[said.stratum].label}: ", kind="strong"), *note) if several else note)
    notes += [words(wording.sentence(remark)) for remark in analysis.remarks]
    if line.withheld:
        present = {synthesis.stratum for synthesis in analysis.strata}
        notes += [beside(m, b) for b in analysis.beside if b.stratum in present]
    notes += beside_alone(m, analysis)
    if line.closing:
        sentences.append(("", words(line.closing)))
    shown = {(b.study_id, b.stratum) for b in analysis.beside}
    without = sum(row.kind in WITHOUT_NUMBERS and (row.study_id, row.stratum) not in shown for row in analysis.left_out)
    if without:
        known = wording.count(without, "known comparison")
        verb = "gives" if without == 1 else "give"
        notes.append(link(f"{known} of this question {verb} no usable numbers.", f"#{place(analysis)}-left-out"))
    return Answer(
        title=link(analysis.title, f"#{place(analysis)}"),
        sentences=tuple(sentences),
        notes=tuple(notes),
    )
