"""The review's own studies placed on its designs, and counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metaan.design.people import of_designs
from metaan.terms.designs import GRADES, STRATA
from metaan.terms.record import Record
from metaan.terms.records import Grade
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Record):
    """What one design holds of a review."""

    stratum: str
    comparisons: int
    studies: tuple[str, ...]  #: labels, those with the best grades and the most people first
    people: int  #: in studies whose number is known, each counted once
    unknown: int  #: studies whose number of people is not known
    grades: dict[str, int]  #: A to D -> comparisons; without those that are 0
    controls: tuple[tuple[str, int], ...]  #: who the comparison group was, in words -> comparisons; commonest first
    kind: str  #: what was compared: marker, exposure, treatment


def place(
    extraction: Extraction, protocol: Protocol, grades: Iterable[Grade], used: Iterable[str]
) -> tuple[Placed, ...]:
    """Return one record a design that holds a comparison, strongest first.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        The review.
    grades : iterable of Grade
        Of every comparison.
    used : iterable of str
        Comparisons that stand in an analysis.
    """
    wanted = set(used)
    people = of_designs(extraction, protocol.layout)
    labels = {row["study_id"]: row["label"] or row["study_id"] for row in extraction.sheet("Studies")}
    designs = extraction.by_key("Design", "design_id")
    kinds: dict[str, str] = {row["design_id"]: row["factor_kind"] for row in extraction.sheet("Effects")}
    by_stratum: dict[str, list[Grade]] = {}
    for grade in grades:
        if grade.design_id in wanted:
            by_stratum.setdefault(grade.stratum, []).append(grade)
    found = []
    for stratum in STRATA:
        inside = by_stratum.get(stratum, [])
        if not inside:
            continue
        counts = _people(inside, people)
        best = {g.study_id: min(h.grade for h in inside if h.study_id == g.study_id) for g in inside}
        order = sorted(best, key=lambda study: (best[study], -(counts[study] or 0), labels.get(study, study)))
        controls = Counter(designs[g.design_id].answer("control_type") for g in inside)
        controls.pop("", None)
        layout = protocol.layout
        found.append(
            Placed(
                stratum=stratum,
                comparisons=len(inside),
                studies=tuple(labels.get(study, study) for study in order),
                people=sum(count for count in counts.values() if count is not None),
                unknown=sum(count is None for count in counts.values()),
                grades={letter: n for letter in GRADES if (n := sum(g.grade == letter for g in inside))},
                controls=tuple((layout.label("control_type", word), n) for word, n in controls.most_common()),
                kind=Counter(kinds.get(g.design_id, "") for g in inside).most_common(1)[0][0],
            )
        )
    return tuple(found)


def _people(inside: Sequence[Grade], people: Mapping[str, int]) -> dict[str, int | None]:
    """Return study -> people in its largest comparison, so that nobody counts twice; None where none is known."""
    found: dict[str, int | None] = {}
    for grade in inside:
        known = [n for n in (found.get(grade.study_id), people.get(grade.design_id)) if n is not None]
        found[grade.study_id] = max(known) if known else None
    return found
