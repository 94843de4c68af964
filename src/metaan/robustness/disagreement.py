"""What each disagreement of two extractors does to the effect of its row and to the pooled results.

The workbook of A is the ground: one answer of B is put into it at a time. Where that gives no effect, because answers
belong together (a form and its numbers), all answers of B in that row are put in at once.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from metaan.robustness.by_themselves import by_themselves
from metaan.robustness.changes import Changed, Stand, as_version_of, effects_of_changes
from metaan.robustness.regraded import JUDGING, regraded, regraded_by_quality
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Effect, Interval
from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED
from metaan.workbook.extractors.align import Aligned, Alignment
from metaan.workbook.extractors.answers import Answer, Verdict, answers
from metaan.workbook.extractors.sheet import NO_ROW, Discrepancy, ranked
from metaan.workbook.extractors.split import EXTRACTED
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

NOTABLE = 0.10  #: share by which an effect or its standard error must change to be of priority 2

#: columns that cannot move a result
_INERT = frozenset({"notes", "quote", "src_ref", "derivation_note", "adjusted_for", "flag_reason", "digitised_file"})


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What one change does."""

    priority: int
    size: float = 0.0
    effect: str = ""
    pooled: str = ""


def discrepancies(protocol: Protocol, a: Extraction, b: Extraction, alignment: Alignment) -> list[Discrepancy]:
    """Return every row and every answer on which two extractors differ, the weightiest first."""
    differing = [answer for answer in answers(alignment, a, b, protocol.layout) if answer.verdict is not Verdict.SAME]
    weighed = _weigh_cells(protocol, a, alignment, differing)
    studies = {row["design_id"]: row["study_id"] for book in (b, a) for row in book.sheet("Design")}
    found = [_cell(protocol, answer, weighed[i], studies) for i, answer in enumerate(differing)]
    for aligned in alignment.sheets.values():
        found += _missed(protocol, a, alignment, aligned, studies)
    return ranked(found)


def _cell(protocol: Protocol, answer: Answer, weighed: _Weighed, studies: dict[str, str]) -> Discrepancy:
    return Discrepancy(
        sheet=answer.sheet,
        column=answer.column.name,
        row=row_name(protocol, answer.a),
        study=_study(answer.a, studies),
        value_a=answer.text_a,
        where_a=answer.a.cell(answer.column.name),
        value_b=answer.text_b,
        where_b=answer.b.cell(answer.column.name),
        differs=answer.verdict.value,
        scored=answer.scored,
        priority=weighed.priority,
        size=weighed.size,
        effect=weighed.effect,
        pooled=weighed.pooled,
    )


def row_name(protocol: Protocol, row: Row) -> str:
    """Return what a row is called: its name, or its key columns where the sheet gives it none."""
    sheet = protocol.layout.sheet(row.sheet)
    if sheet.key:
        return row[sheet.key]
    parts = [row[column.name] for column in sheet.columns if column.group == "identity"]
    return " ".join(part for part in parts if part) or f"row {row.number}"


def _study(row: Row, studies: dict[str, str]) -> str:
    return row["study_id"] or studies.get(row["design_id"], "")


# answers


def _weigh_cells(
    protocol: Protocol, a: Extraction, alignment: Alignment, differing: Sequence[Answer]
) -> dict[int, _Weighed]:
    """Return what each differing answer does, by its place in `differing`."""
    found = {i: _Weighed(3) for i in range(len(differing))}
    movable = [
        i
        for i, answer in enumerate(differing)
        if answer.sheet in ("Effects", "Design")
        and answer.column.name not in _INERT
        and not answer.column.name.endswith("_where")
    ]
    changed = {i: _with_answer(differing[i]) for i in movable}
    changes = _one_at_a_time(protocol, a, changed)
    apart = {_name(changed[i]) for i in movable if not _computes(changes[i])}
    whole = _whole_rows(protocol, a, [differing[i] for i in movable if _name(changed[i]) in apart])
    for i in movable:
        answer, alone = differing[i], changes[i]
        rest = whole.get(_name(changed[i]), [])
        together = not _computes(alone) and _computes(rest)
        grade = regraded(protocol, a, changed[i]) if answer.sheet == "Design" else ""
        found[i] = _weighed(protocol, rest if together else alone, grade, together)
        if answer.column.kind == "ref" and found[i].priority > 2:
            found[i] = replace(found[i], priority=2, effect="another row of the sheet " + answer.column.refers_to)
    judging = {
        i: _with_answer(answer)
        for i, answer in enumerate(differing)
        if answer.sheet == "Quality" and answer.column.name in JUDGING
    }
    found |= {i: _Weighed(1, effect=said) for i, said in regraded_by_quality(protocol, a, judging).items()}
    filters = {column for plan in protocol.analyses for stratum in plan.strata for column in stratum.include}
    for i, answer in enumerate(differing):
        if answer.sheet == "Studies" and answer.column.name in filters:
            found[i] = _Weighed(1, effect="may change which analyses this study belongs to")
    return found


def _with_answer(answer: Answer) -> Row:
    """Return A's row with one answer of B."""
    values = {name: text for name, text in answer.a.values.items() if name != answer.column.name}
    return replace(answer.a, values={**values, answer.column.name: answer.text_b} if answer.text_b else values)


def _name(row: Row) -> tuple[str, str]:
    return row.sheet, row["effect_id" if row.sheet == "Effects" else "design_id"]


def _one_at_a_time(protocol: Protocol, a: Extraction, changed: dict[int, Row]) -> dict[int, list[Changed]]:
    """Return what each changed row does; rows of one name go into different rounds, so that all stay apart."""
    rounds: list[dict[tuple[str, str], int]] = []
    for i, row in changed.items():
        fitting = next((known for known in rounds if _name(row) not in known), None)
        if fitting is None:
            rounds.append(fitting := {})
        fitting[_name(row)] = i
    found: dict[int, list[Changed]] = {i: [] for i in changed}
    for known in rounds:
        by_id = {name[1]: i for name, i in known.items()}
        for change in _effects(protocol, a, [changed[i] for i in known.values()]):
            found[by_id[change.row_id]].append(change)
    return found


def _effects(protocol: Protocol, a: Extraction, changed: Sequence[Row]) -> Iterator[Changed]:
    """Yield what rows do; a row whose answers cannot stand together yields nothing."""
    try:
        found = effects_of_changes(protocol, a, changed)
    except ValueError:
        if len(changed) > 1:
            for row in changed:
                yield from _effects(protocol, a, [row])
        return
    yield from found
    pooled = {change.row_id for change in found if _given(change.before) or _given(change.after)}
    yield from by_themselves(protocol, a, [row for row in changed if row["effect_id"] not in pooled])


def _whole_rows(protocol: Protocol, a: Extraction, differing: Iterable[Answer]) -> dict[tuple[str, str], list[Changed]]:
    """Return what happens where all answers of B in a row replace those of A."""
    rows: dict[tuple[str, str], Row] = {}
    for answer in differing:
        rows.setdefault(_name(answer.a), as_version_of(answer.a, answer.b))
        row = rows[_name(answer.a)]
        if answer.text_b:
            rows[_name(answer.a)] = replace(row, values={**row.values, answer.column.name: answer.text_b})
    found: dict[tuple[str, str], list[Changed]] = defaultdict(list)
    ids = {name[1]: name for name in rows}
    for change in _effects(protocol, a, list(rows.values())):
        found[ids[change.row_id]].append(change)
    return found


def _given(effect: Effect | None) -> bool:
    return effect is not None and math.isfinite(effect.y)


def _computes(changes: Sequence[Changed]) -> bool:
    return (
        not changes
        or any(_given(change.after) for change in changes)
        or all(change.before is None for change in changes)
    )


def _weighed(protocol: Protocol, changes: Sequence[Changed], grade: str, together: bool) -> _Weighed:
    priority, size, said = 3, 0.0, grade
    if grade:
        priority = 1
    for change in changes:
        urgent, moved, words = _effect_moves(change)
        lost = change.pooled_before.k != change.pooled_after.k or change.changes
        priority = min(priority, 1 if urgent or lost else 2 if moved > 0 and _notable(change) else 3)
        if words and (moved > size or not said):
            size, said = max(size, moved), words
    if said and together:
        said += " (with the other answers of B in this row)"
    return _Weighed(priority, size, said, _pooled(protocol, changes))


def _effect_moves(change: Changed) -> tuple[bool, float, str]:
    """Return whether sign or presence changes, how far the effect moves, and both in words."""
    before, after = change.before, change.after
    here, there = _given(before), _given(after)
    if not here and not there:
        return False, 0.0, ""
    if before is None or after is None or not here or not there:
        gives, gone = (before, "none") if here else (after, "")
        assert gives is not None
        said = _printed(gives)
        return True, abs(gives.y), f"{said} becomes {gone}" if here else f"none becomes {said}"
    if before.measure != after.measure:
        return True, abs(after.y), f"{_printed(before)} becomes {_printed(after)}"
    moved = abs(after.y - before.y)
    old, new = _printed(before), _printed(after)
    becomes = f"{old} becomes {_printed(after, label=False)}" if old != new else f"{old}, unchanged when rounded"
    words = becomes if before != after else ""
    return before.y * after.y < 0, moved or abs(math.sqrt(after.v) - math.sqrt(before.v)), words


def _notable(change: Changed) -> bool:
    """Whether an effect, or its standard error, changes by more than a tenth."""
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    if abs(math.log(after.v / before.v)) / 2 > math.log(1 + NOTABLE):
        return True
    if MEASURES[change.measure].scale == "log":
        return abs(after.y - before.y) > math.log(1 + NOTABLE)
    return abs(after.y - before.y) > NOTABLE * max(abs(before.y), abs(after.y))


def _printed(effect: Effect, *, label: bool = True) -> str:
    measure = MEASURES[effect.measure]
    half = NormalDist().inv_cdf(0.975) * math.sqrt(effect.v)
    limits = Interval(effect.y - half, effect.y + half)
    text = wording.effect(measure, effect.y, limits)
    return f"{measure.label} {text}" if label else text


_NOT_POOLED = "this row is in no pooled result"


def _pooled(protocol: Protocol, changes: Sequence[Changed]) -> str:
    """Return the change of the pooled result that moves furthest, in words."""
    moved = [c for c in changes if c.pooled_before != c.pooled_after]
    if not moved:
        return "" if not changes else "no change" if any(change.analysis for change in changes) else _NOT_POOLED
    most = max(moved, key=lambda c: math.inf if math.isnan(c.shift) else abs(c.shift))
    title = next((plan.title for plan in protocol.analyses if plan.id == most.analysis), most.analysis)
    before, after = _stand(most.measure, most.pooled_before), _stand(most.measure, most.pooled_after)
    where = f"{title}, {STRATA[most.stratum].label.lower()}"
    if before == after:
        return f"{where}: {MEASURES[most.measure].label} {before}, unchanged when rounded"
    changed = "; another conclusion" if most.changes else ""
    return f"{where}: {MEASURES[most.measure].label} {before} becomes {after}{changed}"


def _stand(measure: str, stand: Stand) -> str:
    if stand.k == 0:
        return "none (no study)"
    text = wording.effect(measure, stand.estimate, Interval(stand.low, stand.high))
    return f"{text} in {wording.count(stand.k, 'study', 'studies')}"


# rows that only one of the two has


def _missed(
    protocol: Protocol, a: Extraction, alignment: Alignment, aligned: Aligned, studies: dict[str, str]
) -> Iterator[Discrepancy]:
    priority = 1 if aligned.sheet in EXTRACTED else 3
    for row in aligned.only_a:
        changes = _without(protocol, a, row["effect_id"]) if aligned.sheet == "Effects" else ()
        weighed = _weighed(protocol, changes, "", False)
        name = row_name(protocol, row)
        yield Discrepancy(
            **{"sheet": aligned.sheet, "column": "", "row": name, "study": _study(row, studies)},
            **{"value_a": said(protocol, row), "where_a": f"row {row.number}", "value_b": NO_ROW, "where_b": ""},
            differs="only A has this row",
            scored=aligned.sheet in EXTRACTED,
            priority=priority,
            size=weighed.size,
            effect=weighed.effect,
            pooled=weighed.pooled,
        )
    for row in aligned.only_b:
        changes = tuple(_of_new_row(protocol, a, alignment, row)) if aligned.sheet == "Effects" else ()
        weighed = _weighed(protocol, changes, "", False)
        study = _study(row, studies)
        yield Discrepancy(
            **{"sheet": aligned.sheet, "column": "", "row": alignment.name(aligned.sheet, row_name(protocol, row))},
            study=alignment.name("Studies", study),
            **{"value_a": NO_ROW, "where_a": "", "value_b": said(protocol, row), "where_b": f"row {row.number}"},
            differs="only B has this row",
            scored=aligned.sheet in EXTRACTED,
            priority=priority,
            size=weighed.size,
            effect=weighed.effect,
            pooled=weighed.pooled,
        )


def _without(protocol: Protocol, a: Extraction, effect_id: str) -> tuple[Changed, ...]:
    found = effects_of_changes(protocol, a, [], [effect_id])
    return (
        found
        if any(_given(change.before) for change in found)
        else (*found, *by_themselves(protocol, a, [], [effect_id]))
    )


def _of_new_row(protocol: Protocol, a: Extraction, alignment: Alignment, row: Row) -> Iterator[Changed]:
    design = alignment.partner("Design", row["design_id"])
    if not design:
        return
    names = {"effect_id": alignment.name("Effects", row["effect_id"]), "design_id": design}
    yield from _effects(protocol, a, [replace(row, values={**row.values, **names})])


def said(protocol: Protocol, row: Row) -> str:
    """Return what a row holds, in one line: what identifies it, then its numbers."""
    sheet = protocol.layout.sheet(row.sheet)
    skipped = {sheet.key, "study_id", "design_id", "effect_id", "outcome_good", "factor_kind", "effect_kind"}
    parts = [row[c.name] for c in sheet.columns if c.group == "identity" and c.name not in skipped and row[c.name]]
    parts += [f"{c.name} {row[c.name]}" for c in sheet.columns if c.group == "numbers" and row[c.name]]
    shown = [part for part in parts if part not in (NOT_REPORTED, NOT_APPLICABLE)]
    return "; ".join(shown) or row_name(protocol, row)
