"""Protocol and workbook against each other: what an analysis asks for and the rows it would get."""

from collections.abc import Iterator, Mapping, Sequence

from metaan.pooling.select import Candidate, select
from metaan.terms.designs import STRATA
from metaan.terms.finding import Finding, Level, did_you_mean
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import AnalysisPlan, Protocol
from metaan.workbook.settings import fault


def audit(rows: tuple[Candidate, ...], protocol: Protocol) -> tuple[Finding, ...]:
    """Return what would make an analysis say something else than the protocol means."""
    found: list[Finding] = []
    for plan in protocol.analyses:
        found += _analysis(rows, plan, protocol)
    return tuple(found)


def _analysis(rows: tuple[Candidate, ...], plan: AnalysisPlan, protocol: Protocol) -> Iterator[Finding]:
    yield from _words(rows, plan, protocol)
    yield from _names(rows, plan, protocol)
    selection = select(rows, plan)
    for stratum, inside in selection.inside.items():
        pooled = [row for row in inside if row.row["priority"] == "main" and row.row["flag"] != "exclude"]
        yield from _directions(pooled, plan)
        yield from _twice(pooled, plan)
        if not inside:
            place = f"analyses > {plan.id} > strata > {stratum}"
            found = f"no row of the workbook is a {STRATA[stratum].label.lower()} comparison on this question"
            yield fault(
                protocol.path,
                place,
                found,
                "at least one row",
                "correct the filter, or leave the stratum out",
                Level.WARNING,
            )


def _words(rows: tuple[Candidate, ...], plan: AnalysisPlan, protocol: Protocol) -> Iterator[Finding]:
    """Yield words of a filter on free text that no row has; words of lists were checked with the protocol."""
    columns = {
        column.name: column.kind
        for sheet in ("Studies", "Design", "Effects")
        for column in protocol.layout.sheet(sheet).columns
    }
    filters = [("include", plan.include), *((f"strata > {s.stratum} > include", s.include) for s in plan.strata)]
    told: set[tuple[str, str]] = set()
    for where, include in filters:
        for column, words in include.items():
            if columns[column] == "word":
                continue
            present = {row[column] for row in rows}
            for word in words:
                if word in present or (column, word) in told:
                    continue
                told.add((column, word))
                yield fault(
                    protocol.path,
                    f"analyses > {plan.id} > {where} > {column}",
                    f'"{word}", which no row has',
                    "a word that stands in this column",
                    did_you_mean(word, present, "correct it, or delete it"),
                    Level.WARNING,
                )


def _names(rows: tuple[Candidate, ...], plan: AnalysisPlan, protocol: Protocol) -> Iterator[Finding]:
    """Yield studies and rows that are named in the protocol and stand nowhere in the workbook."""
    known = {row.study["study_id"] for row in rows} | {row.row["effect_id"] for row in rows}
    named = [
        (f"sensitivity > {entry.label}", name) for entry in plan.sensitivity for name in (*entry.added, *entry.left_out)
    ]
    named += [("common_scale > studies", name) for name in (plan.common_scale.studies if plan.common_scale else ())]
    for where, name in named:
        if name not in known:
            yield fault(
                protocol.path,
                f"analyses > {plan.id} > {where}",
                f'"{name}"',
                "a study_id or effect_id of the workbook",
                did_you_mean(name, known, "correct the name, or delete the entry"),
            )


def _at(row: Candidate, column: str, plan: AnalysisPlan, found: str, expected: str, to_fix: str) -> Finding:
    return Finding(
        id="POOL",
        level=Level.ERROR,
        origin=row.row.origin(column),
        subject=f"{row.row['effect_id']} in the analysis {plan.id}",
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _directions(pooled: Sequence[Candidate], plan: AnalysisPlan) -> Iterator[Finding]:
    """Yield rows whose event is good where that of the others is bad, or whose kind of effect differs."""
    for column, what in (("outcome_good", "a good event"), ("effect_kind", "a benefit or a harm")):
        words = [row.row[column] for row in pooled]
        if len(set(words)) < 2:
            continue
        usual = max(sorted(set(words)), key=words.count)
        for row, word in zip(pooled, words, strict=True):
            if word != usual:
                yield _at(
                    row,
                    column,
                    plan,
                    f'{column} "{word}", while the other rows it would be pooled with say "{usual}"',
                    f"rows of one pool that agree on {what}",
                    "correct the cell, or keep this outcome out of the analysis' filter",
                )


def _twice(pooled: Sequence[Candidate], plan: AnalysisPlan) -> Iterator[Finding]:
    """Yield a second main row of one study in one stratum: the same people must not count twice."""
    first: Mapping[str, Candidate] = {}
    for row in pooled:
        if not FORMS[row.row["form"]].computable:
            continue
        earlier = first.get(row.study["study_id"])
        if earlier is None:
            first = {**first, row.study["study_id"]: row}
            continue
        yield _at(
            row,
            "priority",
            plan,
            f'a second row of {row.label} with priority "main" ({earlier.row["effect_id"]} is the first)',
            "one main row a study and stratum in an analysis",
            "set one of the two to secondary or sensitivity",
        )
