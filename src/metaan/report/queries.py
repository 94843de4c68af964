"""What to ask the authors: by study, those whose answers could raise a grade most first."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from metaan.design.queries import Query, queries
from metaan.report.content import Block, Bullets, Details, Paragraph, Run, Section, Text, join, muted, words
from metaan.report.material import Material, identifiers
from metaan.report.parts import grade_mark
from metaan.terms import wording

FIRST = 3  #: studies that are shown without unfolding
FILE = "../design/author-queries.csv"  #: seen from the report


def asked(m: Material) -> tuple[Query, ...]:
    """Return every question to an author."""
    return queries(m.extraction, m.protocol, tuple(m.grades.values()), m.analyses)


def section(m: Material) -> Section | None:
    """Return the questions; nothing where no answer could change anything."""
    found = asked(m)
    if not found:
        return None
    studies = [(study, list(rows)) for study, rows in groupby(found, key=lambda query: query.study_id)]
    blocks: list[Block] = [Paragraph(text=_lead(found, studies))]
    blocks += [block for study, found in studies[:FIRST] for block in _study(m, study, found)]
    rest = studies[FIRST:]
    if rest:
        summary = f"{wording.count(len(rest), 'more study', 'more studies')} to ask"
        inner = tuple(block for study, found in rest for block in _study(m, study, found))
        blocks.append(Details(summary=words(summary), blocks=inner, id="queries-more"))
    return Section(id="queries", title="What to ask the authors", blocks=tuple(blocks))


def _lead(asked: Sequence[Query], studies: Sequence[tuple[str, list[Query]]]) -> Text:
    raised = {query.design_id for query in asked if query.gain}
    wanting = {query.design_id for query in asked if query.fact == "numbers"}
    said = (
        f"{wording.count(len(asked), 'question')} to the authors of {wording.count(len(studies), 'study', 'studies')}. "
    )
    if raised:
        said += f"Answers could raise the grade of {wording.count(len(raised), 'comparison')}. "
    if wanting:
        said += f"{wording.count(len(wanting), 'comparison')} could not be pooled for want of numbers. "
    return (*words(said + "The same list as a table: "), Run(text="author-queries.csv", href=FILE))


def _study(m: Material, study_id: str, asked: list[Query]) -> Iterable[Block]:
    reports = m.reports.get(study_id, ())
    name: Text = (Run(text=m.study(study_id), kind="strong", href=f"#study-{study_id}"),)
    if reports:
        known = identifiers(reports[0])
        name += (Run(text=", "), *known) if known else ()
    yield Paragraph(text=name)
    yield Bullets(items=tuple(_comparison(list(found)) for _, found in groupby(asked, key=lambda q: q.design_id)))


def _comparison(asked: list[Query]) -> Text:
    """Return one comparison with what could become of it, and its questions in a row."""
    query = max(asked, key=lambda each: each.gain)
    head: Text = (Run(text=query.contrast), Run(text=": "), grade_mark(query.grade))
    if query.gain:
        head += (Run(text=" could become "), grade_mark(query.could_become))
    head += (Run(text=". "),)
    return (*head, *join((_question(each) for each in asked), " "))


def _question(query: Query) -> Text:
    said: Text = (Run(text=query.question, title=query.cell),)
    if query.gain and query.alone < query.grade:
        said += muted(f" (this alone: {query.alone})")
    return said
