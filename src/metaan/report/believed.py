"""How far the weaker designs can be believed: a few sentences in the report, and a page with one figure a method."""

from collections.abc import Iterable

from metaan.figures.between.cards import FIGURES
from metaan.report import parts
from metaan.report.believed_sentences import sentences
from metaan.report.content import (
    Block,
    Bullets,
    Details,
    Page,
    Paragraph,
    Picture,
    Run,
    Section,
    Table,
    TableRow,
    cell,
    heads,
    words,
)
from metaan.report.material import Material
from metaan.robustness.between.gather import LEFT_OUT, BetweenDesigns
from metaan.terms import phrases, wording
from metaan.terms.records import Analysis

PAGE = "believed.html"  #: beside the report
FOLDER = "between-designs"  #: of its figures, in that of the analysis

WHAT_IT_IS = (
    "Each of these is a sensitivity analysis that rests on the assumption printed with it; none replaces the results "
    "of the designs, and none shows that bias is absent."
)


def title(m: Material) -> str:
    """Return the question that the page answers, by the weakest design that is pooled."""
    held = {synthesis.stratum for analysis in m.analyses for synthesis in analysis.strata if synthesis.k}
    if "case_control" in held:
        return "Can the case-control studies be believed?"
    if "treatment_cohort" in held:
        return "Can the treatment cohorts be believed?"
    return "How far can these results be believed?"


def told(m: Material) -> dict[str, object]:
    """Return question and answer as plain data."""
    return {"question": title(m), "sentences": list(sentences(m))}


def section(m: Material) -> Section | None:
    """Return the answer in the report, what each method says folded away, and the way to the page."""
    if not m.between:
        return None
    rows = [row for analysis in m.analyses for row in _rows(m, analysis)]
    return Section(
        id="believed",
        title=title(m),
        blocks=(
            Bullets(items=tuple(words(said) for said in sentences(m)), role="facts"),
            Paragraph(
                text=(
                    *words(f"{WHAT_IT_IS} One figure a method: "),
                    Run(text="the page beside this file", href=PAGE),
                    Run(text="."),
                ),
                role="note",
            ),
            Details(
                summary=words("What each method says"),
                blocks=(
                    Table(
                        id="believed-table",
                        caption="What each method says, and what must be true for it to hold",
                        heads=heads("Method", "What it says", "It assumes"),
                        rows=tuple(rows),
                        stacked=True,
                        empty="No method could be used.",
                    ),
                ),
                id="believed-methods",
            ),
        ),
    )


def _rows(m: Material, analysis: Analysis) -> Iterable[TableRow]:
    found = m.between.get(analysis.id)
    for name, result in found.done().items() if found else ():
        figure = FIGURES[name]
        yield TableRow(
            cells=(
                cell(figure.TITLE),
                cell(wording.sentence(figure.reading(result, analysis))),
                cell(wording.sentence(result.assumption)),
            ),
            group=analysis.title,
        )


def page(m: Material) -> Page:
    """Return the page: the answer, and for every analysis one figure a method."""
    return Page(
        title=title(m),
        lead=sentences(m),
        sections=tuple(
            _cards(m, analysis, m.between[analysis.id]) for analysis in m.analyses if analysis.id in m.between
        ),
    )


def _beside(m: Material, analysis: Analysis) -> Iterable[Paragraph]:
    """Yield what must be read wherever a result of the analysis stands."""
    if analysis.no_bottom_line:
        yield Paragraph(text=words(wording.sentence(analysis.no_bottom_line)), role="warning")
    yield from parts.remarks(analysis)
    for known in analysis.beside:
        yield Paragraph(text=words(wording.sentence(phrases.beside(known, m.people))), role="beside")


def _cards(m: Material, analysis: Analysis, found: BetweenDesigns) -> Section:
    blocks: list[Block] = [Paragraph(text=words(analysis.question), role="question"), *_beside(m, analysis)]
    drawn = m.cards.get(analysis.id, {})
    for name, result in found.done().items():
        if name not in drawn:
            continue
        figure = FIGURES[name]
        blocks.append(
            Picture(
                id=f"card-{name}-{analysis.id}",
                caption=(),
                reading=words(wording.sentence(figure.reading(result, analysis))),
                how=wording.sentence(figure.HOW),
                wide=drawn[name],
                narrow="",
                files=(Run(text="SVG", href=f"../figures/{analysis.id}/{FOLDER}/{name}.svg"),),
            )
        )
    why_not = [
        words(wording.sentence(f"{FIGURES[name].TITLE}: {why}"))
        for name, why in found.not_done.items()
        if why != LEFT_OUT
    ]
    if why_not:
        blocks.append(
            Details(
                summary=words(f"Not possible here, and why ({wording.whole(len(why_not))})"),
                blocks=(Bullets(items=tuple(why_not)),),
                id=f"not-done-{analysis.id}",
            )
        )
    return Section(id=f"believed-{analysis.id}", title=analysis.title, blocks=tuple(blocks), role="cards")
