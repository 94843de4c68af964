"""What is missing from each pool: known comparisons without usable numbers, and what their absence may mean."""

from metaan.report.content import (
    Block,
    Details,
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
from metaan.report.material import Material, place
from metaan.report.parts import NONE, people
from metaan.terms import wording
from metaan.terms.certainty import Certainty, MissingEvidence, Unusable
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

LONG = 4  #: rows from which a table is folded away

JUDGEMENTS = {"low": "low risk", "some": "some concerns", "high": "high risk", "": "cannot be told"}


def section(m: Material) -> Section | None:
    """Return what is known to be missing, one block an analysis; nothing where no certainty was judged."""
    judged = [
        (analysis, [m.certainty[key] for s in analysis.strata if (key := (analysis.id, s.stratum)) in m.certainty])
        for analysis in m.analyses
    ]
    blocks: list[Block] = []
    complete: list[Text] = []
    for analysis, found in judged:
        if any(sure.missing.unusable for sure in found):
            blocks.append(_analysis(m, analysis, found))
        elif found:
            complete.append(link(analysis.title, f"#{place(analysis)}"))
    if not blocks and not complete:
        return None
    said = (
        "Comparisons that are known, belong to the question, and give no number the pool could take. What is not known "
        "at all cannot be listed. The judgements are proposed from the rows typed, in the manner of ROB-ME, and stand "
        "until reviewers decide."
    )
    before: list[Block] = [Paragraph(text=words(said), role="note")]
    if complete:
        nothing = words("Nothing is known to be missing: ")
        before.append(Paragraph(text=(*nothing, *join(complete, "; "), *words("."))))
    return Section(id="missing", title="What is missing", blocks=(*before, *blocks))


def _analysis(m: Material, analysis: Analysis, found: list[Certainty]) -> Section:
    several = len(analysis.strata) > 1
    blocks: list[Block] = []
    for sure in found:
        name = STRATA[sure.stratum].label if several else ""
        blocks += _stratum(m, f"missing-{analysis.id}-{sure.stratum}", name, sure.missing)
    where = link("Every row of this question that is not pooled, with the reason", f"#{place(analysis)}-left-out")
    blocks.append(Paragraph(text=where))
    return Section(id=f"missing-{analysis.id}", title=analysis.title, blocks=tuple(blocks), role="missing")


def _stratum(m: Material, base: str, name: str, missing: MissingEvidence) -> list[Block]:
    lead = strong(f"{name}: ") if name else ()
    if not missing.unusable:
        return [Paragraph(text=(*lead, *words("nothing is known to be missing.")))]
    blocks: list[Block] = [Paragraph(text=(*lead, *_judgement(missing, bool(name))))]
    table = Table(
        id=base,
        caption=f"{name + ': k' if name else 'K'}nown comparisons without usable numbers",
        heads=heads("Study", f"{m.people.capitalize()}#", "What it says", "Not in the pool, because"),
        rows=tuple(_row(m, item) for item in missing.unusable),
        sortable=len(missing.unusable) > 1,
        stacked=True,
    )
    if len(missing.unusable) < LONG:
        return [*blocks, table]
    count = wording.count(len(missing.unusable), "known comparison")
    return [*blocks, Details(summary=words(f"The {count} without usable numbers"), blocks=(table,))]


def _judgement(missing: MissingEvidence, after: bool) -> Text:
    """Return the proposed judgement with its rule, and how many numbers seem missing because of what was found."""
    what = "risk of bias from missing results, proposed: " if after else "Risk of bias from missing results, proposed: "
    because = f": {missing.because.rstrip('.')}." if missing.because else "."
    selective = sum(item.selective for item in missing.unusable)
    if selective:
        verb = "seems" if selective == 1 else "seem"
        because += f" {selective} of {len(missing.unusable)} {verb} to be missing because of what was found."
    judged = strong(JUDGEMENTS.get(missing.judgement, missing.judgement))
    return (*words(what), *judged, *words(because))


def _row(m: Material, item: Unusable) -> TableRow:
    row = m.effects.get(item.effect_id)
    says = wording.sentence(item.says) if item.says else ""
    said: Text = m.to_row(says, item.effect_id) if says and row is not None else words(says) or muted(NONE)
    why = wording.sentence(item.why)
    if item.selective:
        why += " Seems to be missing because of what was found."
    return TableRow(
        cells=(
            cell(link(item.label, f"#study-{item.study_id}")),
            cell(people(item.people), numeric=True, sort=item.people if item.people is not None else -1),
            cell(said),
            cell(why),
        )
    )
