"""The cells that are most worth a second look in the paper, and what each could do to a pooled result."""

from metaan.report.content import Paragraph, Section, Table, TableRow, Text, cell, heads, join, muted, words
from metaan.report.content import link as to
from metaan.report.material import Material, place
from metaan.report.parts import NONE, shown
from metaan.robustness.first import First
from metaan.terms import wording
from metaan.terms.measures import MEASURES

TITLE = "Check these cells first"


def section(m: Material) -> Section | None:
    """Return the cells worth a second look; nothing where nothing is pooled."""
    if not m.first:
        return None
    number = wording.count(len(m.first), "cell")
    text = (
        f"The {number} most worth a second look in the source, of all numbers behind the pooled results. The order is "
        "how likely a slip of the pen is, times how far it would move the pooled result. Nothing here says that a cell "
        "is wrong."
    )
    how = (
        "Slips considered: one digit wrong, two digits exchanged, the decimal point one place off, a digit too many or "
        "too few, standard errors typed as standard deviations, groups exchanged, a ratio turned over. A slip counts "
        "for more where the row would then agree better with the other studies or with itself, and less where a check "
        "would have caught it."
    )
    table = Table(
        id="check-first-cells",
        caption="Cells worth a second look; each leads to its row in the report",
        heads=heads("Cell", "Study", "It says", "The slip considered", "Pooled now", "Pooled then", "Why"),
        rows=tuple(_row(m, first) for first in m.first),
        stacked=True,
    )
    return Section(
        id="check-first",
        title=TITLE,
        blocks=(Paragraph(text=words(text)), Paragraph(text=words(how), role="note"), table),
    )


def _row(m: Material, first: First) -> TableRow:
    where: Text = join((m.to_row(first.place, first.effect_id, (first.column,)), muted(first.column)), " ")
    measure = MEASURES[first.measure].label
    analysis = next(analysis for analysis in m.analyses if analysis.id == first.analysis)
    now = shown(analysis, f"{measure} {wording.effect(first.measure, first.estimate, first.ci)}")
    then = wording.effect(first.measure, first.moved, first.moved_ci)
    moved = shown(analysis, words(then, "strong") if first.changes else then)
    if first.changes and first.says:
        moved = join((moved, words(f"the interval {first.says}")), "; ")
    study = m.study_of(first.effect_id)
    return TableRow(
        cells=(
            cell(where),
            cell(to(first.label, f"#study-{study}")),
            cell(first.text),
            cell(first.slip),
            cell(join((to(first.title, f"#{place(analysis)}"), now), ": ")),
            cell(moved),
            cell(wording.sentence("; ".join(first.reasons)) if first.reasons else muted(NONE)),
        )
    )
