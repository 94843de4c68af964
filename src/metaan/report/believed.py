"""How far the weaker designs can be believed: a few sentences in the report, and a page with one figure a method."""

from collections.abc import Iterable

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
    Text,
    cell,
    heads,
    join,
    strong,
    words,
)
from metaan.report.material import Material, anchor, place
from metaan.terms import phrases, wording
from metaan.terms.believed import LEFT_OUT, Believed, MethodSaid
from metaan.terms.records import Analysis

PAGE, REPORT = "believed.html", "report.html"  #: beside each other
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
    return {"question": title(m), "sentences": list(sentences(m)), "note": WHAT_IT_IS}


def section(m: Material) -> Section | None:
    """Return the answer in the report, what each method says folded away, and the way to the page."""
    if not m.believed:
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
    found = m.believed.get(analysis.id)
    for said in found.methods if found else ():
        if said.reading:
            yield TableRow(
                cells=(cell(said.title), cell(said.reading), cell(said.assumption)),
                group=analysis.title,
            )


def page(m: Material) -> Page:
    """Return the page: the answer, and for every analysis one figure a method."""
    return Page(
        title=title(m),
        lead=sentences(m),
        note=WHAT_IT_IS,
        sections=tuple(_cards(m, a, m.believed[a.id]) for a in m.analyses if a.id in m.believed),
    )


def _beside(m: Material, analysis: Analysis) -> Iterable[Paragraph]:
    """Yield what must be read wherever a result of the analysis stands."""
    if analysis.no_bottom_line:
        yield Paragraph(text=words(wording.sentence(analysis.no_bottom_line)), role="remark")
    yield from parts.remarks(analysis)
    for known in analysis.beside:
        yield Paragraph(text=words(wording.sentence(phrases.beside(known, m.people))), role="beside")


def _cards(m: Material, analysis: Analysis, found: Believed) -> Section:
    to_studies = Run(text="Its studies, numbers and sources", href=f"{REPORT}#{place(analysis)}")
    asked = Paragraph(text=(*words(f"{analysis.question} "), to_studies, Run(text=".")), role="question")
    blocks: list[Block] = [asked, *_beside(m, analysis)]
    drawn = m.cards.get(analysis.id, {})
    blocks += [
        Picture(
            id=f"card-{said.method}-{analysis.id}",
            caption=words(said.title),
            reading=(*words(said.reading), *_from(m, said)),
            how=f"{said.how} Method: {said.name}.",
            wide=drawn[said.method],
            narrow="",
            files=(Run(text="SVG", href=f"../figures/{analysis.id}/{FOLDER}/{said.method}.svg"),),
        )
        for said in found.methods
        if said.method in drawn
    ]
    why_not = [said for said in found.methods if said.reason and said.reason != LEFT_OUT]
    if why_not:
        blocks.append(
            Details(
                summary=words(f"Not possible here, and why ({wording.whole(len(why_not))})"),
                blocks=(Bullets(items=tuple(_reasons(why_not))),),
                id=f"not-done-{analysis.id}",
            )
        )
    return Section(id=f"believed-{analysis.id}", title=analysis.title, blocks=tuple(blocks), role="cards")


def _from(m: Material, said: MethodSaid) -> Text:
    """Return links to the rows of the workbook that a method names, each by its study."""
    links = [
        (Run(text=m.study(m.study_of(name)), href=f"{REPORT}#{anchor(name)}", title=f"{row.sheet}!A{row.number}"),)
        for name in said.rows
        if (row := m.effects.get(name)) is not None
    ]
    return (*words(" From: "), *join(links, ", "), Run(text=".")) if links else ()


def _reasons(why_not: Iterable[MethodSaid]) -> Iterable[Text]:
    """Yield why methods could not be used, those with one reason together."""
    names: dict[str, list[str]] = {}
    for said in why_not:
        names.setdefault(said.reason, []).append(said.name)
    for reason, methods in names.items():
        named = wording.listed(methods)
        yield (*strong(f"{named[0].upper()}{named[1:]}: "), *words(wording.sentence(reason)))
