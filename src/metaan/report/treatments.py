"""Each treatment in one block: benefit, harms beside it, what regulators say, and the class our rules suggest."""

from collections.abc import Iterable
from dataclasses import replace

from metaan.certainty.harms import WITH_RISKS, harms, of_treatment
from metaan.certainty.rating import ALONE, CLASSES, NO_TRIAL_OF_TEST, SCALE, suggested_class
from metaan.certainty.subject import TEST, interventions, is_marker, is_treatment
from metaan.report.content import (
    Block,
    Bullets,
    Details,
    Facts,
    Paragraph,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    join,
    link,
    muted,
    strong,
    words,
)
from metaan.report.context import IN_OUR_WORDS, statement, statements
from metaan.report.material import Material, cells, place
from metaan.report.parts import NONE, certainty, people, prediction, shown_detail, shown_result, stratum
from metaan.terms import wording
from metaan.terms.certainty import Harm, Rating
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis

_STUDIES = {"trial": ("trial", "trials"), "treatment_cohort": ("treatment cohort", "treatment cohorts")}
SILENCE = "Where a source mentions none, that does not say that there was none."


def ratings(m: Material) -> tuple[Rating, ...]:
    """Return what our rules suggest for each analysis, in the order of the analyses."""
    return tuple(
        suggested_class(
            analysis,
            {name: found for (of, name), found in m.certainty.items() if of == analysis.id},
            m.protocol,
            m.extraction,
        )
        for analysis in m.analyses
    )


def all_harms(m: Material) -> tuple[Harm, ...]:
    """Return every harm of a treatment that the workbook holds."""
    return harms(m.extraction, m.grades, m.protocol)


def section(m: Material) -> Section | None:
    """Return one block a treatment and one on the test; nothing where the review asks about neither."""
    known = all_harms(m)
    rated = dict(zip((analysis.id for analysis in m.analyses), ratings(m), strict=True))
    blocks: list[Block] = []
    tests = []
    for analysis in m.analyses:
        plan = m.protocol.analysis(analysis.id)
        if is_treatment(analysis, plan):
            blocks.append(_treatment(m, analysis, rated[analysis.id], known))
        elif is_marker(analysis, plan):
            tests.append(analysis)
    if tests:
        blocks.append(_test(m, tests, rated))
    if not blocks:
        return None
    return Section(
        id="treatments",
        title="Treatments and test: benefit, harms, ratings" if tests else "Treatments: benefit, harms, ratings",
        blocks=(Paragraph(text=words(f"{SCALE} {IN_OUR_WORDS}"), role="note"), *blocks),
    )


def _treatment(m: Material, analysis: Analysis, rating: Rating, known: Iterable[Harm]) -> Section:
    names = interventions(analysis, m.protocol.analysis(analysis.id))
    base = f"treatment-{analysis.id}"
    blocks: list[Block] = [_benefit(m, analysis, base), *_harms(m, names, of_treatment(known, names), base)]
    said = statements(m, names)
    if said:
        blocks.append(Bullets(items=tuple(statement(m, row) for row in said), role="statements"))
    else:
        blocks.append(Paragraph(text=muted("No statement of a regulator or guideline on it was typed.")))
    blocks += _class(rating)
    return Section(id=base, title=analysis.title, blocks=tuple(blocks), role="treatment")


def _benefit(m: Material, analysis: Analysis, base: str) -> Table:
    level = wording.percent(100 * analysis.level)
    return Table(
        id=f"{base}-benefit",
        caption=f"{analysis.title}: what was found, each design on its own",
        heads=heads(
            "Design",
            f"Result ({level} CI)",
            "Studies#",
            f"{m.people.capitalize()}#",
            "Prediction interval",
            "Certainty",
        ),
        rows=tuple(
            TableRow(
                cells=(
                    cell(stratum(synthesis.stratum)),
                    cell(_linked(shown_result(analysis, synthesis), f"#{place(analysis)}")),
                    cell(wording.number(synthesis.k), numeric=True),
                    cell(people(synthesis.people), numeric=True),
                    cell(shown_detail(analysis, prediction(synthesis)) if synthesis.k else muted(NONE)),
                    cell(certainty(m.certainty.get((analysis.id, synthesis.stratum)))),
                )
            )
            for synthesis in analysis.strata
        ),
        stacked=True,
    )


def _linked(text: Text, href: str) -> Text:
    """Return one plain run as a link; text with a meaning of its own as it is."""
    return link(text[0].text, href) if len(text) == 1 and text[0].kind == "plain" else text


def _harms(m: Material, drugs: Iterable[str], found: tuple[Harm, ...], base: str) -> list[Block]:
    blocks: list[Block] = [Paragraph(text=words(counted(m, drugs, found)))]
    if found:
        rows = [_harm(m, harm) for harm in found]
        ratio = f"Ratio ({wording.percent(100 * m.protocol.level)} CI)"
        names = ("Study", "Harm", "Treated#", "Control#", ratio, "What the source says", "Where")
        kept = [i for i in range(len(names)) if any(row.cells[i].text != muted(NONE) for row in rows)]
        blocks.append(
            Table(
                id=f"{base}-harms",
                caption="Harms reported, each comparison on its own; a ratio above 1: more often with the treatment",
                heads=heads(*(names[i] for i in kept)),
                rows=tuple(replace(row, cells=tuple(row.cells[i] for i in kept)) for row in rows),
                stacked=True,
            )
        )
    return blocks


def counted(m: Material, names: Iterable[str], found: Iterable[Harm]) -> str:
    """Return in how many of the known trials and cohorts of a treatment harms are reported."""
    wanted = {name.casefold() for name in names}
    known: dict[str, set[str]] = {name: set() for name in WITH_RISKS}
    for effect_id, row in m.effects.items():
        if row["intervention"].casefold() in wanted and m.stratum_of(effect_id) in known:
            known[m.stratum_of(effect_id)].add(m.study_of(effect_id))
    told: dict[str, set[str]] = {name: set() for name in WITH_RISKS}
    for harm in found:
        if harm.stratum in told:
            told[harm.stratum].add(harm.study_id)
            known[harm.stratum].add(harm.study_id)
    parts = []
    for name, studies in known.items():
        if studies:
            parts.append(_share(len(told[name]), len(studies), *_STUDIES[name]))
    if not parts:
        return "No trial or cohort of this treatment was typed, and no harm."
    return f"Harms are mentioned {wording.listed(parts)} known here, as far as these were read. {SILENCE}"


def _share(told: int, known: int, one: str, many: str) -> str:
    if known == 1:
        return f"{'in' if told else 'not in'} the only {one}"
    return f"in {told or 'none'} of {known} {many}"


def _harm(m: Material, harm: Harm) -> TableRow:
    ratio: Text = muted(NONE)
    if harm.measure and harm.ci is not None:
        effect = wording.effect(harm.measure, harm.estimate, harm.ci)
        ratio = words(effect if harm.measure == "RR" else f"{MEASURES[harm.measure].label} {effect}")
    elif harm.measure:
        ratio = words(f"{MEASURES[harm.measure].label} {wording.printed(harm.measure, harm.estimate)}, no interval")
    extra = []
    if harm.serious == "yes" and "serious" not in harm.harm.casefold():
        extra.append("serious")
    if harm.how_sought not in ("", "NR", "NA"):
        extra.append(m.label("how_sought", harm.how_sought))
    name: Text = words(harm.harm)
    if extra:
        name = (*name, *muted(f" ({'; '.join(extra)})"))
    one, two = (words(group) if group else muted(NONE) for group in (harm.group1, harm.group2))
    known = STRATA.get(harm.stratum)
    return TableRow(
        cells=(
            cell(link(m.study(harm.study_id), f"#study-{harm.study_id}")),
            cell(name),
            cell(one, numeric=True),
            cell(two, numeric=True),
            cell(ratio),
            cell(wording.sentence(harm.says) if harm.says else muted(NONE)),
            cell(_where(m, harm)),
        ),
        group=known.label if known else "Design not graded",
    )


def _where(m: Material, harm: Harm) -> Text:
    if harm.sheet == "Effects":
        return m.to_row(f"Effects row {harm.row}", harm.harm_id, harm.cells)
    row = next((row for row in m.extraction.sheet("Harms") if row.number == harm.row), None)
    if row is None:
        return words(f"{harm.sheet} row {harm.row}")
    told = ", ".join(dict.fromkeys(part for part in (m.word(row, "src_type"), row.answer("src_ref")) if part))
    quote = row.answer("quote")
    text = f"{told or 'source not stated'}{f': “{quote}”' if quote else ''} "
    return (*words(text), *words(cells(row, ("harm",)), "code"))


def _class(rating: Rating) -> list[Block]:
    if not rating.suggested:
        return [Paragraph(text=words(wording.sentence(f"{rating.note}: {rating.because}")))]
    lead = strong(f"Our class: {rating.suggested}")
    meaning = f" ({CLASSES[rating.suggested]}), because {rating.because}. "
    if ALONE in rating.inputs:
        meaning += f"On the trials alone it would be {rating.inputs[ALONE]}. "
    meaning += wording.sentence(rating.note)
    inputs = Facts(pairs=tuple((name, words(str(value))) for name, value in rating.inputs.items()), role="inputs")
    return [
        Paragraph(text=(*lead, *words(meaning)), role="rating"),
        Details(summary=words("What the rule looked at"), blocks=(inputs,)),
    ]


def _test(m: Material, tests: Iterable[Analysis], rated: dict[str, Rating]) -> Section:
    blocks: list[Block] = []
    grouped: dict[tuple[str, str], list[Analysis]] = {}
    for analysis in tests:
        rating = rated[analysis.id]
        if rating.suggested:
            blocks.append(Paragraph(text=link(analysis.title, f"#{place(analysis)}")))
            blocks += _class(rating)
        else:
            grouped.setdefault((rating.note, rating.because), []).append(analysis)
    for (note, because), found in grouped.items():
        lead = strong(note[:1].upper() + note[1:])
        tail = "; no class is suggested. Asked about: " if note == NO_TRIAL_OF_TEST else ". Asked about: "
        about = join((link(analysis.title, f"#{place(analysis)}") for analysis in found), "; ")
        blocks.append(Paragraph(text=(*lead, *words(f": {because}{tail}"), *about, *words(".")), role="rating"))
    said = statements(m, (TEST,))
    if said:
        blocks.append(Bullets(items=tuple(statement(m, row) for row in said), role="statements"))
    else:
        blocks.append(Paragraph(text=muted("No statement of a regulator or guideline on the test was typed.")))
    return Section(id="treatment-test", title="The test itself", blocks=tuple(blocks), role="treatment")
