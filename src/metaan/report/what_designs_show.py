"""What each comparison can show: the designs drawn, the facts behind each grade, and the reason of each."""

from collections.abc import Iterable

from metaan.design.conditions import CONDITIONS
from metaan.report.comparisons import comparisons, named
from metaan.report.content import (
    Block,
    Facts,
    Paragraph,
    Picture,
    Run,
    Section,
    Table,
    TableRow,
    cell,
    heads,
    join,
    muted,
    words,
)
from metaan.report.material import FIGURE_FOLDER, Material
from metaan.report.parts import NONE, grade, stratum
from metaan.terms import wording
from metaan.terms.designs import GRADES, STRATA
from metaan.terms.records import Grade
from metaan.workbook.read import Row

SCHEMATIC = (
    "How to read this figure: time runs from left to right. The sign says what the order of events allows at best, the "
    "letters how the comparisons of this review were graded; each study counts once with its largest comparison."
)
MATRIX = (
    "How to read this figure: one line a comparison, one column a condition of its grade. Not reported counts as not "
    "met in the grade and as met in the best case."
)


def section(m: Material) -> Section:
    """Return the designs with their studies, the conditions each comparison meets, and its grade with the reason."""
    rows = [(m.grades[design_id], row) for design_id, row in m.designs.items() if design_id in m.grades]
    order = list(STRATA)
    rows.sort(key=lambda pair: (order.index(pair[0].stratum), pair[0].grade, m.study(pair[0].study_id)))
    blocks: list[Block] = [
        *_picture(
            m, "schematic", "The designs, and the studies of this review that have each.", _counted(m), SCHEMATIC
        ),
        Paragraph(
            text=words(
                "A grade belongs to one comparison, not to a paper: one paper can hold a comparison that was measured "
                "before the outcome and another that was measured after it. It is derived from the facts in the "
                "Design sheet; no score is added up and no weight depends on it."
            )
        ),
        Facts(pairs=tuple((letter, words(meaning)) for letter, meaning in GRADES.items()), role="grades"),
        Paragraph(
            text=words(
                "“D (C at best)”: D by what is reported, C if every fact that is not reported were favourable. "
                "Not reported is never read as no."
            ),
            role="note",
        ),
        *_picture(m, "grades", "What each comparison that stands in an analysis meets.", _least(m), MATRIX),
        Table(
            id="grades-table",
            caption="What each comparison can show, and why",
            heads=heads("Comparison", "Design", "Grade", "Why", "To know"),
            rows=tuple(_graded(m, found, row) for found, row in rows),
            sortable=len(rows) > 1,
            stacked=True,
            empty="No comparison.",
        ),
    ]
    return Section(id="grades", title="What each comparison can show", blocks=tuple(blocks))


def _picture(m: Material, name: str, caption: str, reading: str, how: str) -> Iterable[Picture]:
    """Yield a figure of the whole review, where it was drawn."""
    drawn = m.figures.get("", {})
    if f"{name}_wide" not in drawn:
        return
    files = join(
        (
            (Run(text=kind.upper(), href=f"{FIGURE_FOLDER}/{name}.{kind}", title="beside this file"),)
            for kind in drawn.get("files", "").split()
        ),
        " ",
    )
    yield Picture(
        id=f"figure-{name}",
        caption=words(caption),
        reading=words(reading),
        how=how,
        wide=drawn[f"{name}_wide"],
        narrow=drawn[f"{name}_narrow"],
        files=files,
    )


def _counted(m: Material) -> str:
    """Return "87 comparisons stand in an analysis: 44 case-control (44 D), ..."."""
    found = comparisons(m)
    parts = []
    for name, rows in found.items():
        letters = [m.grades[row["design_id"]].grade for row in rows]
        counts = [f"{letters.count(letter)} {letter}" for letter in GRADES if letter in letters]
        parts.append(f"{STRATA[name].label.lower()} {len(rows)} ({', '.join(counts)})")
    total = sum(map(len, found.values()))
    verb = "stands" if total == 1 else "stand"
    return f"{wording.count(total, 'comparison')} {verb} in an analysis: {'; '.join(parts)}."


def _least(m: Material) -> str:
    """Return which condition is met least often in each design that is graded by conditions."""
    parts = []
    for name, rows in comparisons(m).items():
        states = [m.grades[row["design_id"]].answers for row in rows]
        asked = [c for c in CONDITIONS.get(name, ()) if any(c.key in state for state in states)]
        if not asked:
            continue
        counts = {c.key: sum(state.get(c.key) == "yes" for state in states) for c in asked}
        least = min(asked, key=lambda c: counts[c.key])
        silent = sum(state.get(least.key) == "NR" for state in states)
        said = f"{least.label} in {counts[least.key]} of {len(rows)} {named(name, len(rows))}"
        parts.append(said + (f" (not reported in {silent})" if silent else ""))
    return f"Met least often: {'; '.join(parts)}." if parts else _counted(m)


def _graded(m: Material, found: Grade, row: Row) -> TableRow:
    why = found.reason
    if found.override:
        why += f" From the facts: {found.derived_grade}. The reviewers gave {found.grade}: {found.override}"
    study = Run(text=m.study(found.study_id), href=f"#study-{found.study_id}")
    to_know = [words(wording.sentence(flag)) for flag in found.flags]
    label = m.word(row, "author_label")
    if found.author_label:
        to_know.insert(0, words(f"Calls itself: {label}."))
    return TableRow(
        id=f"design-{found.design_id}",
        cells=(
            cell((study, Run(text=f" {row['contrast']}", kind="muted")), sort=m.study(found.study_id)),
            cell(stratum(found.stratum)),
            cell(grade(found), sort=found.grade + found.best),
            cell(why),
            cell(join(to_know, " ") or muted(NONE)),
        ),
    )
