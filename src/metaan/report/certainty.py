"""How sure the results make us: a summary of findings for each question, and under it the evidence profile (GRADE)."""

from collections.abc import Iterable, Mapping, Sequence

from metaan.certainty.sentences import BottomLine, Sentence, factor, outcome
from metaan.report.certainty_profile import Marks, marked, moved, profile
from metaan.report.content import (
    Block,
    Bullets,
    Cell,
    Details,
    Paragraph,
    Run,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    join,
    muted,
    strong,
    words,
)
from metaan.report.in_units import in_unit
from metaan.report.material import Material
from metaan.report.parts import NONE, certainty, people, prediction, shown_detail, shown_result, stratum
from metaan.terms import phrases, wording
from metaan.terms.certainty import DOMAINS, Absolute, Certainty, Step
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Synthesis

MOST_ROWS = 7  #: rows of one summary of findings

HOW_JUDGED = (
    "Each body of evidence starts at a level that its design and the question give, and moves down or up by the steps "
    "of GRADE. The numbers behind every step are printed, and stand at full precision in results.json; a fact that no "
    "source reports counts against the evidence, and “at best” tells where the level would be if it were favourable."
)
HOW_TO_CHANGE = (
    "Every step is proposed by rules from the fitted results. metaan appraise writes the proposals into the sheet "
    "Certainty of the workbook; there the reviewers leave “as_proposed” or type another step, with one sentence and "
    "their initials. The report then shows both, and the words of every sentence follow what was decided."
)


def section(m: Material, lines: Sequence[BottomLine]) -> Section | None:
    """Return the certainty of every question; nothing where none was judged."""
    if not m.certainty:
        return None
    return Section(
        id="certainty",
        title="How sure",
        blocks=(
            Paragraph(text=words(HOW_JUDGED), role="note"),
            *(_analysis(m, analysis, line) for analysis, line in zip(m.analyses, lines, strict=True)),
            Details(summary=words("How to accept or change a step"), blocks=(Paragraph(text=words(HOW_TO_CHANGE)),)),
        ),
    )


def _analysis(m: Material, analysis: Analysis, line: BottomLine) -> Section:
    judged = {s.stratum: m.certainty[analysis.id, s.stratum] for s in analysis.strata if _known(m, analysis, s)}
    marks = marked(judged.values())
    blocks: list[Block] = [Paragraph(text=_header(m, analysis), role="header")]
    if line.withheld:
        blocks.append(Paragraph(text=words(line.withheld), role="remark"))
    blocks += _tables(m, analysis, line, judged, marks)
    if marks:
        notes = tuple(_footnote(step, found, number) for found, step, number in moved(judged.values(), marks))
        blocks.append(Bullets(items=notes, role="footnotes"))
    if judged:
        blocks.append(profile(analysis, judged, marks))
    return Section(id=f"certainty-{analysis.id}", title=analysis.title, blocks=tuple(blocks))


def _known(m: Material, analysis: Analysis, synthesis: Synthesis) -> bool:
    return (analysis.id, synthesis.stratum) in m.certainty


def _header(m: Material, analysis: Analysis) -> Text:
    """Return who was studied where, what is compared with what, and the day of the review."""
    estimates = [e for synthesis in analysis.strata for e in synthesis.estimates]
    designs = [m.designs.get(e.design_id) for e in estimates]
    studies = [m.studies.get(e.study_id) for e in estimates]
    populations, settings = [], []
    for design, study in zip(designs, studies, strict=True):
        source = design if design is not None and design["population"] else study
        populations.append(m.word(source, "population") if source is not None else "")
        settings.append(m.word(study, "setting") if study is not None and study.answer("setting") else "")
    pooled = [synthesis for synthesis in analysis.strata if synthesis.k]
    compared = _unique(_factor(m, analysis, synthesis) for synthesis in pooled)
    pairs = (
        ("Population", _unique(populations)),
        ("Setting", _unique(settings)),
        ("Factor" if analysis.factor_kind != "treatment" else "Treatment", compared),
        ("Compared with", _comparators(analysis)),
        ("As of", [m.protocol.as_of]),
    )
    return join(((*strong(f"{name}: "), Run(text=wording.listed(said))) for name, said in pairs if said), ". ")


def _factor(m: Material, analysis: Analysis, synthesis: Synthesis) -> str:
    """Return the factor by its name; where the rows give none, the name of the first group."""
    name = factor(analysis, synthesis, m.label)
    first = {**analysis.words, **synthesis.words}.get("group1", "")
    if name == f"the {analysis.factor_kind}" and first:
        return _lower(first)
    return name.removeprefix("treatment with ") if analysis.factor_kind == "treatment" else name


def _comparators(analysis: Analysis) -> list[str]:
    """Return what treated people were compared with, as typed; of other factors the name of the second group."""
    typed = _unique(e.source.values.get("comparator", "") for s in analysis.strata for e in s.estimates)
    named = [{**analysis.words, **s.words}.get("group2", "") for s in analysis.strata if s.k]
    return typed or _unique(map(_lower, named))


def _lower(name: str) -> str:
    """Return a head of a column as it stands within a sentence."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _unique(items: Iterable[str]) -> list[str]:
    return [item for item in dict.fromkeys(items) if item not in ("", "NR", "NA")]


def _tables(
    m: Material, analysis: Analysis, line: BottomLine, judged: Mapping[str, Certainty], marks: Marks
) -> Iterable[Table]:
    """Yield the summary of findings, at most seven rows a table."""
    said = {sentence.stratum: sentence for sentence in line.sentences}
    risks = any(found.absolute is not None for found in judged.values())
    rows = [
        _row(m, analysis, synthesis, judged.get(synthesis.stratum), said.get(synthesis.stratum), marks, risks=risks)
        for synthesis in analysis.strata
    ]
    per = next((found.absolute.per for found in judged.values() if found.absolute is not None), 1000)
    level = wording.percent(100 * analysis.level).replace(" ", "\N{NO-BREAK SPACE}")
    absolute = (f"Risk without, per {per}#", f"Risk with, per {per} ({level} CI)#") if risks else ()
    named = (
        "Outcome and design",
        *absolute,
        f"Relative effect ({level} CI)" if risks else f"Effect ({level} CI)",
        f"{m.people.capitalize()} (studies)#",
        "Certainty",
    )
    for start in range(0, len(rows), MOST_ROWS):
        more = f"-{start // MOST_ROWS + 1}" if start else ""
        yield Table(
            id=f"summary-{analysis.id}{more}",
            caption=f"{analysis.title}: summary of findings",
            heads=heads(*named),
            rows=tuple(rows[start : start + MOST_ROWS]),
            stacked=True,
        )


def _row(
    m: Material,
    analysis: Analysis,
    synthesis: Synthesis,
    found: Certainty | None,
    said: Sentence | None,
    marks: Marks,
    *,
    risks: bool,
) -> TableRow:
    level = wording.percent(100 * analysis.level)
    event = outcome(synthesis, m.label) if synthesis.k else "no outcome"
    effect = shown_result(analysis, synthesis)
    if synthesis.pooled is not None and synthesis.pooled.prediction is not None:
        effect += shown_detail(analysis, (Run(text=f"; {level} prediction ", kind="muted"), *prediction(synthesis)))
    studies = Run(text=f" ({synthesis.k})")
    absolute = found.absolute if found is not None else None
    unit = in_unit(m, analysis, synthesis)
    return TableRow(
        cells=(
            cell((*stratum(synthesis.stratum), Run(text=f": {event}"))),
            *(_risks(absolute) if risks else ()),
            cell(effect),
            cell(
                (*(people(synthesis.people) if synthesis.people is not None else muted("not known")), studies),
                numeric=True,
            ),
            cell((*certainty(found), *_marks(found, marks))),
        ),
        notes=(*_notes(found, said), *((unit,) if unit else ())),
    )


def _risks(absolute: Absolute | None) -> tuple[Cell, Cell]:
    if absolute is None:
        return cell(muted(NONE), numeric=True), cell(muted(NONE), numeric=True)
    without = wording.out_of(absolute.baseline, absolute.per)
    return cell(without, numeric=True), cell(phrases.risk(absolute, absolute.per), numeric=True)


def _marks(found: Certainty | None, marks: Marks) -> Text:
    """Return the numbers of the footnotes of one stratum."""
    keys = [(found.stratum, step.domain) for step in found.steps] if found is not None else []
    numbers = [marks[key] for key in keys if key in marks]
    return (Run(text=f" {', '.join(map(str, numbers))}", kind="mark"),) if numbers else ()


def _notes(found: Certainty | None, said: Sentence | None) -> Iterable[Text]:
    """Yield what the row means, where its risks come from, or why it has none."""
    if said is not None:
        yield (*strong("What it means: "), Run(text=" ".join((said.text, *said.then))))
    if found is None:
        return
    if found.absolute is not None:
        difference = phrases.risk_difference(found.absolute, found.absolute.per)
        yield words(f"Per {found.absolute.per}: {difference}. Risk without: {wording.sentence(found.absolute.source)}")
    elif found.no_absolute:
        yield words(f"No risks per 1000: {found.no_absolute.rstrip('.')}.")


def _footnote(step: Step, found: Certainty, number: int) -> Text:
    """Return one step that moved the certainty: "1 Prospective, risk of bias −1: because"."""
    name = f"{STRATA[found.stratum].label}, {DOMAINS[step.domain]} {wording.signed(step.decided)}"
    because = step.sentence if step.changed and step.sentence else step.because
    by = " (decided by the reviewers)" if step.changed else ""
    return (Run(text=str(number), kind="mark"), *strong(name), Run(text=f"{by}: {wording.sentence(because)}"))
