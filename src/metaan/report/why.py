"""Why designs may differ: sentences counted from the facts of the comparisons, each only where they call for it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metaan.design.conditions import HANDLED
from metaan.design.explanations import claimed
from metaan.report.comparisons import comparisons, in_so_many, named
from metaan.report.content import (
    Block,
    Bullets,
    Details,
    Paragraph,
    Run,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    words,
)
from metaan.report.material import Material
from metaan.report.measured import repeated, where_and_when
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.workbook.columns import Column
from metaan.workbook.read import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """A fact that can make designs differ, and the answers that call for a sentence."""

    column: str
    strata: tuple[str, ...]
    answers: tuple[str, ...]  #: "" stands for any answer given
    says: str  #: after "In 14 of 17 case-control comparisons"
    why: str = ""  #: what that does to a result


CONCERNS: tuple[Concern, ...] = (
    Concern(
        column="sampled_before_outcome",
        strata=("case_control",),
        answers=("no", "mixed"),
        says="the factor was recorded after the outcome",
        why="a level found then may be a result of the outcome, not its cause",
    ),
    Concern(
        column="control_same_source",
        strata=("case_control",),
        answers=("no", "partly"),
        says="the controls do not all come from the population of the cases",
        why="the groups may differ in more than the outcome",
    ),
    Concern(
        column="parity_handling",
        strata=("case_control",),
        answers=("not_comparable",),
        says="the parity of cases and controls was not made comparable",
        why="an earlier birth by itself may change what is measured",
    ),
    Concern(
        column="state_same",
        strata=("case_control", "prospective", "cross_sectional"),
        answers=("no", "partly"),
        says="the groups were not all sampled in the same state",
        why="a difference between states then looks like one between groups",
    ),
    Concern(
        column="blinded_assay",
        strata=("case_control",),
        answers=("no",),
        says="whoever read the measurement knew the outcome",
        why="knowing it can sway the reading",
    ),
    Concern(
        column="cutoff_source",
        strata=("prospective", "case_control"),
        answers=("roc_same_data", "median_same_data"),
        says="the cut-off was chosen in the same data it was tried on",
        why="this flatters the test",
    ),
    Concern(
        column="karyotype_used",
        strata=("prospective", "case_control"),
        answers=("excluded_abnormal",),
        says="people were left out because of the outcome (outcome-dependent exclusion)",
        why="the rest no longer shows the risk of those who were measured",
    ),
    Concern(
        column="karyotype_used",
        strata=("prospective", "case_control"),
        answers=("not_used",),
        says="outcomes of a known other cause were counted with the rest",
        why="they dilute whatever the factor does",
    ),
    Concern(
        column="treated_between",
        strata=("prospective",),
        answers=("by_test_result",),
        says="treatment was given because of the measurement",
        why="the effect of the factor and of the treatment cannot be told apart",
    ),
    Concern(
        column="treated_between",
        strata=("prospective",),
        answers=("unrelated_to_result", "all_same"),
        says="there was treatment between measurement and outcome, not because of the measurement",
        why="it may have changed the outcome",
    ),
    Concern(
        column="randomised",
        strata=("treatment_cohort",),
        answers=("no", "quasi"),
        says="treatment was not assigned at random",
        why="those treated may have differed from those not treated before treatment began",
    ),
)

#: facts whose absence is told by the stratum it matters in
UNREPORTED: dict[str, tuple[str, ...]] = {
    "case_control": (
        *("control_same_source", "parity_handling", "state_same", "blinded_assay"),
        *("karyotype_known_pct", "karyotype_used"),
    ),
    "prospective": (
        *("cohort_assembly", "cutoff_source", "n_outcome_known", "treated_between"),
        *("karyotype_known_pct", "karyotype_used"),
    ),
    "trial": (),
    "treatment_cohort": ("cohort_assembly",),
}


def section(m: Material) -> Section:
    """Return the counted sentences, and under them what the sources say about each fact."""
    by_stratum = comparisons(m)
    items = sentences(m)
    used = sum(len(rows) for rows in by_stratum.values())
    blocks: list[Block] = [
        Paragraph(
            text=words(
                f"Counted over the {wording.count(used, 'comparison')} that stand in an analysis, pooled or not, from "
                "the facts in the Design sheet. A fact that a source does not report is counted as not reported, "
                "a cell that nobody filled as left blank; neither is ever read as a no."
            ),
            role="note",
        )
    ]
    if items:
        blocks.append(Bullets(items=items, role="facts"))
    else:
        blocks.append(Paragraph(text=words("The facts that were recorded give no reason.")))
    table = _answers(m, by_stratum)
    if table.rows:
        blocks.append(
            Details(summary=words("What the sources report about each fact"), blocks=(table,), id="facts-reported")
        )
    return Section(id="why", title="Why designs may differ", blocks=tuple(blocks))


def sentences(m: Material) -> tuple[Text, ...]:
    """Return every sentence the facts call for."""
    found = comparisons(m)
    return (
        *_concerns(m, found),
        *_controls(m, found),
        *where_and_when(m, found),
        *_confounders(m, found),
        *repeated(m),
        *_shared(m),
        *_unreported(m, found),
    )


def _recorded(m: Material, column: str) -> bool:
    return any(c.name == column for c in m.layout.sheet("Design").columns)


def _not_reported(rows: Sequence[Row], column: str) -> str:
    silent = _silent(rows, column)
    return f"; {silent}" if silent else ""


def _silent(rows: Sequence[Row], column: str, between: str = " in ") -> str:
    """Return "not reported in 2, left blank in 4": the two are not the same, and neither is a no."""
    counts = (
        ("not reported", sum(row[column] == "NR" for row in rows)),
        ("left blank", sum(not row[column] for row in rows)),
    )
    return ", ".join(f"{name}{between}{n}" for name, n in counts if n)


def _concerns(m: Material, by_stratum: Mapping[str, list[Row]]) -> Iterable[Text]:
    told = claimed(m.protocol.explanations)
    for concern in CONCERNS:
        if not _recorded(m, concern.column) or told >= {(concern.column, answer) for answer in concern.answers}:
            continue
        for stratum in concern.strata:
            rows = by_stratum.get(stratum, [])
            count = sum(row[concern.column] in concern.answers for row in rows)
            if count:
                tail = _not_reported(rows, concern.column)
                why = f" – {concern.why}" if concern.why else ""
                yield (in_so_many(count, len(rows), stratum), Run(text=f" {concern.says}{tail}{why}."))


def _controls(m: Material, by_stratum: Mapping[str, list[Row]]) -> Iterable[Text]:
    rows = by_stratum.get("case_control", [])
    counted = Counter(row.answer("control_type") for row in rows if row.answer("control_type"))
    if not counted:
        return
    listed = [f"{m.label('control_type', word)} in {n}" for word, n in counted.most_common(4)]
    others = sum(n for _, n in counted.most_common()[4:])
    if others:
        listed.append(f"others in {others}")
    lead = f"Controls of the {len(rows)} {named('case_control', len(rows))}" if len(rows) > 1 else "Controls"
    tail = _not_reported(rows, "control_type")
    yield (Run(text=lead, kind="strong"), Run(text=f": {', '.join(listed)}{tail}."))


def _confounders(m: Material, by_stratum: Mapping[str, list[Row]]) -> Iterable[Text]:
    names = m.protocol.confounders
    for stratum in ("case_control", "prospective", "treatment_cohort"):
        rows = by_stratum.get(stratum, [])
        if not rows or not names:
            continue
        handled = {name: sum(row[f"adj_{name}"] in HANDLED for row in rows) for name in names}
        if any(handled.values()):
            most = sorted((name for name in names if handled[name]), key=lambda name: -handled[name])
            shown = ", ".join(f"{names[name]} in {handled[name]}" for name in most)
            never = [names[name] for name in names if not handled[name]]
            tail = f"; no source reports it for {wording.listed(never, 'or')}" if never else ""
            said = f" these were matched, restricted or adjusted for: {shown}{tail}."
        else:
            said = f" no source reports that {wording.listed(list(names.values()), 'or')} was handled."
        many = f"{len(rows)}" if len(rows) > 1 else "only"
        yield (Run(text=f"In the {many} {named(stratum, len(rows))}", kind="strong"), Run(text=said))


def _shared(m: Material) -> Iterable[Text]:
    """Say what counts the same people twice."""
    groups: dict[str, set[str]] = defaultdict(set)
    for effect_id in m.uses:
        row = m.effects.get(effect_id)
        if row is not None and row.answer("dependency_group"):
            groups[row.answer("dependency_group")].add(effect_id)
    shared = [rows for rows in groups.values() if len(rows) > 1]
    if shared:
        twice = sum(len(rows & pool) > 1 for rows in shared for _, _, pool in _pools(m))
        verb = "is" if len(shared) == 1 else "are"
        tail = f"two rows of one group stand together in {wording.count(twice, 'pool')}"
        if not twice:
            tail = "no pool holds two rows of one group"
        lead = wording.count(len(shared), "group of rows", "groups of rows")
        yield (Run(text=lead, kind="strong"), Run(text=f" {verb} marked as sharing people or controls; {tail}."))
    pairs = [
        (study_id, row.answer("same_cohort_as")) for study_id, row in m.studies.items() if row.answer("same_cohort_as")
    ]
    if pairs:
        lead = wording.count(len(pairs), "study", "studies")
        said = "; ".join(_pair(m, one, other) for one, other in pairs)
        verb = "is" if len(pairs) == 1 else "are"
        yield (Run(text=lead, kind="strong"), Run(text=f" {verb} marked as perhaps holding people of another: {said}."))


def _pair(m: Material, one: str, other: str) -> str:
    """Return two studies that may hold the same people, and the pools in which both stand."""
    both = [
        f"{title} ({STRATA[stratum].label.lower()})"
        for title, stratum, pool in _pools(m)
        if {one, other} <= {m.study_of(effect_id) for effect_id in pool}
    ]
    tail = f", both in the pool of {wording.listed(both)}" if both else ""
    return f"{m.study(one)} with {m.study(other)}{tail}"


def _pools(m: Material) -> list[tuple[str, str, set[str]]]:
    """Return title, stratum and rows of every main pool."""
    return [
        (analysis.title, synthesis.stratum, {estimate.effect_id for estimate in synthesis.estimates})
        for analysis in m.analyses
        for synthesis in analysis.strata
    ]


def _unreported(m: Material, by_stratum: Mapping[str, list[Row]]) -> Iterable[Text]:
    columns = {column.name: column for column in m.layout.sheet("Design").columns}
    for stratum, names in UNREPORTED.items():
        rows = by_stratum.get(stratum, [])
        silent = {name: _silent(rows, name, " ") for name in names if name in columns}
        told = [f"{columns[name].meaning} ({silent[name]} of {len(rows)})" for name in silent if silent[name]]
        if told:
            lead = f"Not known in {named(stratum, 2)}"
            yield (Run(text=lead, kind="strong"), Run(text=f": {'; '.join(told)}."))


def _answers(m: Material, by_stratum: Mapping[str, list[Row]]) -> Table:
    """Return how often each fact was answered, and how, by stratum."""
    rows = []
    for column in m.layout.sheet("Design").columns:
        if column.kind != "word" or column.name in ("population", "grade_override", "index_outcome"):
            continue
        cells = [cell(column.meaning)]
        cells += [cell(_spread(m, column, found)) for found in by_stratum.values()]
        rows.append(TableRow(cells=tuple(cells)))
    names = [f"{STRATA[name].label} ({len(found)})" for name, found in by_stratum.items()]
    return Table(
        id="facts-table",
        caption="Answers to each fact of the Design sheet, by design; number of comparisons in brackets",
        heads=heads("Fact", *names),
        rows=tuple(rows) if by_stratum else (),
    )


def _spread(m: Material, column: Column, rows: Sequence[Row]) -> Text:
    counted = Counter(m.word(row, column.name) or "blank" for row in rows)
    return words("; ".join(f"{answer} {n}" for answer, n in counted.most_common()))
