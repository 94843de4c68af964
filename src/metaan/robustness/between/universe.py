"""The choices that a careful reviewer could have made otherwise in one stratum: the universe of its analyses.

What is varied is listed in `RULES` and `FACTS`. Every choice is a departure from the plan that can be argued; those of
one factor are made one at a time, different factors are combined.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from metaan.design.explanations import OPEN, explain
from metaan.effects.binary import log_odds_ratio, log_risk_ratio
from metaan.effects.compute import CONVERSIONS, compute
from metaan.effects.zeros import TREATMENT_ARM
from metaan.pooling.counted import counts
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.select import Candidate
from metaan.robustness.between.given import Given
from metaan.robustness.between.specifications import SEED, Numbers, combine
from metaan.terms import wording
from metaan.terms.phrases import TRUSTED
from metaan.terms.records import Estimate, Grade, Synthesis

PLANNED = "as planned"
ALONE = 100  #: so many studies, the most precise ones, are left out one at a time
MIXTURES = 64  #: ways to take one result of each study that are put together in full; beyond that a sample of them
NAMED = 3  #: other results that a mixture is named by
ONLY = 3  #: studies that a subgroup needs to be pooled alone
THIRDS, HALVES = 6, 4  #: studies from which on a third, or a half, is left out

#: factor -> what is varied. Every factor starts with what the analysis does
RULES = {
    "results": (
        "which result of a study is taken where it gives several: each other result in turn, adjusted or crude ones "
        "wherever both are given, the lowest of every study, the highest, and all other mixtures or a sample of them"
    ),
    "set_aside": "results kept for sensitivity analyses, skewed medians among them: each let in, and all of them",
    "conversions": "without converted results; with results that only a conversion the plan does not ask for gives",
    "zero_cells": "tables with a zero cell: left out, or corrected by treatment arm instead of 0.5 in every cell",
    "grades": "grades A to C; A and B; A or B if all facts that are not reported were favourable",
    "trust": "without studies of doubtful trustworthiness",
    "left_out": (
        "each study in turn; the largest, the smallest, the earliest and the latest third; the earlier and the later "
        "half; studies with one value of a fact, or all others; studies that leave another explanation open; studies "
        "that may share people with another; results with a question to their authors; what the protocol leaves out"
    ),
}

#: columns of Effects, Design and Studies by whose values studies are left out, and what they are called
FACTS = {
    "country": "Country",
    "setting": "Setting",
    "population": "Population",
    "control_type": "Comparison group",
    "comparator": "Comparator",
    "outcome": "Outcome",
    "marker": "Marker",
    "assay": "Assay",
    "unit": "Unit",
    "phase": "Phase",
    "analysis_unit": "Unit of analysis",
    "cutoff_source": "Cut-off",
    "adjusted": "Adjustment",
    "src_type": "Source read",
    "funding": "Funding",
}


class Level(NamedTuple):
    """One way to settle a choice."""

    name: str
    kind: str  #: what is varied, as figures call it
    swap: tuple[tuple[int, int], ...] = ()  #: rows of which the second takes the place of the first
    add: tuple[int, ...] = ()  #: rows put in; another row of the same study gives way
    keep: Booleans | None = None  #: shape (rows,), rows that may stay


class Result(NamedTuple):
    """A result that some analysis may pool."""

    name: str
    study: str
    label: str
    y: float
    v: float
    year: str
    grade: Grade
    adjusted: str  #: yes, no, or empty
    candidate: Candidate | None  #: its row, where there is one
    converted: bool = False
    zero: bool = False  #: a table with a zero cell, 0.5 added


@dataclass(frozen=True, slots=True)
class Universe:
    """Results of one stratum and the choices among them."""

    rows: tuple[Result, ...]
    main: Booleans  #: shape (rows,), the main pool
    factors: dict[str, tuple[Level, ...]]
    mixtures: int  #: ways to take one result of each study
    y: Floats
    v: Floats

    def masks(self, index: Numbers) -> Booleans:
        """Return which rows take part, given the level of each factor; shape (n, rows)."""
        studies = np.array([row.study for row in self.rows], dtype=object)
        found = np.repeat(self.main[None], len(index), axis=0)
        for column, levels in enumerate(self.factors.values()):
            for i, level in enumerate(levels):
                which = index[:, column] == i
                for one, other in level.swap:
                    found[which, other] |= found[which, one]
                    found[which, one] = False
                for row in level.add:
                    found[np.ix_(which, studies == studies[row])] = False
                    found[which, row] = True
                if level.keep is not None:
                    found[which] &= level.keep
        return found


def universe(given: Given, synthesis: Synthesis) -> Universe:
    """Return every result of a stratum that may be pooled and every choice that can be made among them."""
    typed = {row.row["effect_id"]: row for row in given.selection.inside[synthesis.stratum]}
    rows = [_of(estimate, typed) for estimate in synthesis.estimates]
    k = len(rows)
    kinds: dict[str, list[int]] = {name: [] for name in ("other", "aside", "new", "arm")}
    for kind, found in _further(given, synthesis, tuple(rows), typed):
        kinds[kind].append(len(rows))
        rows.append(found)
    main = np.arange(len(rows)) < k
    results, mixtures = _results(rows, k, kinds["other"])
    factors = {
        "results": results,
        "set_aside": _set_aside(rows, kinds["aside"]),
        "conversions": _conversions(rows, k, kinds["new"]),
        "zero_cells": _zero_cells(rows, k, kinds["arm"]),
        "grades": _grades(rows),
        "trust": _trust(rows),
        "left_out": list(_left_out(given, rows, k)),
    }
    studies = np.array([row.study for row in rows], dtype=object)
    return Universe(
        rows=tuple(rows),
        main=main,
        factors={name: _distinct(levels, studies) for name, levels in factors.items()},
        mixtures=mixtures,
        y=np.array([row.y for row in rows]),
        v=np.array([row.v for row in rows]),
    )


def _distinct(levels: Sequence[Level], studies: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> tuple[Level, ...]:
    """Return what is planned and, each once and under a name of its own, the levels that leave two studies or more."""
    found: dict[tuple[Any, ...], Level] = {((), (), np.ones(len(studies), dtype=bool).tobytes()): Level(PLANNED, "")}
    names = {PLANNED}
    for level in levels:
        if level.keep is not None and len(set(studies[level.keep])) < 2:
            continue
        keep = np.ones(len(studies), dtype=bool) if level.keep is None else level.keep
        name, number = level.name, 2
        while name in names:
            name, number = f"{level.name} ({number})", number + 1
        key = (level.swap, level.add, keep.tobytes())
        if key not in found:
            found[key] = level._replace(name=name)
            names.add(name)
    return tuple(found.values())


def _true(values: Sequence[bool]) -> Booleans:
    return np.array(values, dtype=bool)


def _of(estimate: Estimate, typed: dict[str, Candidate]) -> Result:
    row = typed.get(estimate.effect_id)
    return Result(
        name=estimate.effect_id,
        study=estimate.study_id,
        label=estimate.label,
        y=estimate.effect.y,
        v=estimate.effect.v,
        year=estimate.year,
        grade=estimate.grade,
        adjusted=row.row.answer("adjusted") if row else "",
        candidate=row,
        converted=estimate.effect.converted,
        zero=any(step.startswith("0.5 added") for step in estimate.effect.path),
    )


def _further(
    given: Given, synthesis: Synthesis, main: Sequence[Result], typed: dict[str, Candidate]
) -> Iterator[tuple[str, Result]]:
    """Yield the results beside the main pool, each with what it is.

    other: another result of a pooled study; aside: kept for sensitivity analyses, or of a study whose main result
    cannot be used; new: given by a conversion only; arm: a pooled table corrected by treatment arm. Rows that the
    reviewers took out, and those read second-hand without a source to look up, stay out.
    """
    for estimate in synthesis.others:
        yield "aside", _of(estimate, typed)
    pooled = {row.study: row for row in main}
    known = {estimate.effect_id for estimate in (*synthesis.estimates, *synthesis.others)}
    aside = {estimate.study_id for estimate in synthesis.others}
    plan = next((s for s in given.plan.strata if s.stratum == synthesis.stratum), None)
    planned = plan.conversions if plan else ()
    for name, row in typed.items():
        if row.row["flag"] == "exclude" or _untraceable(row):
            continue
        study = row.study["study_id"]
        if name in known:
            if study in pooled and name == pooled[study].name and (crude := _crude(row, synthesis.measure, planned)):
                yield "other", crude
            continue
        effect = _effect(row, dict(row.values), synthesis.measure, planned)
        if effect is not None:
            yield ("other" if study in pooled else "aside"), effect
        elif study not in pooled and study not in aside and row.row["priority"] == "main":
            effect = _effect(row, dict(row.values), synthesis.measure, tuple(CONVERSIONS))
            if effect is not None:
                yield "new", effect
    ratio = {"OR": log_odds_ratio, "RR": log_risk_ratio}.get(synthesis.measure)
    for found, estimate in zip(main, synthesis.estimates, strict=True):
        if ratio and found.zero and (table := counts(estimate)):
            arm = ratio(*table, add=TREATMENT_ARM)
            yield "arm", found._replace(name=f"{found.name} by arm", y=float(arm.y), v=float(arm.v), zero=False)


def _untraceable(row: Candidate) -> bool:
    source = row.source
    return source.kind == "second_hand" and not (source.doi or source.pmid)


def _effect(
    row: Candidate, values: dict[str, object], measure: str, allowed: tuple[str, ...], adjusted: str | None = None
) -> Result | None:
    """Return the effect of a row, None where it has none on this measure or its medians are skewed."""
    try:
        effect = compute(values, measure, allowed=allowed, odds_only=row.by_outcome)
    except ValueError:  # numbers that a conversion cannot take; nothing planned rests on them
        return None
    if effect.missing or effect.skewed:
        return None
    return Result(
        name=row.row["effect_id"],
        study=row.study["study_id"],
        label=row.label,
        y=effect.y,
        v=effect.v,
        year=row.study["year"],
        grade=row.grade,
        adjusted=row.row.answer("adjusted") if adjusted is None else adjusted,
        candidate=row,
        converted=effect.converted,
    )


def _crude(row: Candidate, measure: str, allowed: tuple[str, ...]) -> Result | None:
    """Return the crude effect typed beside an adjusted ratio: a ratio of its own, or counts."""
    if row.row["form"] != "ratio" or row.row["adjusted"] != "yes":
        return None
    none = dict.fromkeys(("ci_low", "ci_high", "se_log", "p_value"))
    printed = {name: row.values.get(f"crude_{name}") for name in ("est", "scale")}
    limits = {"ci_low": row.values.get("crude_low"), "ci_high": row.values.get("crude_high")}
    ways = [{**row.values, **none, **printed, **limits}] if printed["est"] is not None else []
    ways += [{**row.values, "form": form} for form in ("two_by_two", "events_totals")]
    for values in ways:
        if found := _effect(row, values, measure, allowed, adjusted="no"):
            return found._replace(name=f"{found.name} crude")
    return None


def _results(rows: Sequence[Result], k: int, others: Sequence[int]) -> tuple[list[Level], int]:
    """Return the ways to take one result of each study, and how many there are."""
    of = {rows[i].study: i for i in range(k)}
    choice: dict[int, list[int]] = {}
    for other in others:
        choice.setdefault(of[rows[other].study], [of[rows[other].study]]).append(other)
    found: list[Level] = []
    for kind, answer in (("adjusted", "yes"), ("crude", "no")):
        swap = [(one, _first(rows, all_of, answer)) for one, all_of in choice.items() if _both(rows, all_of)]
        found.append(Level(f"{kind} where both are given", "Adjustment", swap=_moved(swap)))
    for one, all_of in choice.items():
        found += [Level(f"{rows[i].label} by {rows[i].name}", "Other results", swap=((one, i),)) for i in all_of[1:]]
    for name, end in (("lowest", min), ("highest", max)):
        swap = [(one, end(all_of, key=lambda i: rows[i].y)) for one, all_of in choice.items()]
        found.append(Level(f"{name} of every study", "Other results", swap=_moved(swap)))
    mixed, possible = combine([len(all_of) for all_of in choice.values()], MIXTURES, SEED)
    for levels in mixed.tolist() if choice else ():
        swap = [(one, all_of[level]) for (one, all_of), level in zip(choice.items(), levels, strict=True)]
        taken = [rows[other].name for _, other in _moved(swap)]
        name = f"by {wording.listed(taken)}" if len(taken) <= NAMED else f"mixture with {len(taken)} other results"
        found.append(Level(name, "Other results", swap=_moved(swap)))
    return found, possible


def _both(rows: Sequence[Result], group: Sequence[int]) -> bool:
    return {"yes", "no"} <= {rows[i].adjusted for i in group}


def _first(rows: Sequence[Result], group: Sequence[int], answer: str) -> int:
    return next(i for i in group if rows[i].adjusted == answer)


def _moved(swap: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((one, other) for one, other in swap if one != other)


def _set_aside(rows: Sequence[Result], aside: Sequence[int]) -> list[Level]:
    found = [Level(f"with {rows[i].label}", "Set aside", add=(i,)) for i in aside]
    first = {rows[i].study: i for i in reversed(aside)}
    return [*found, Level("with all of them", "Set aside", add=tuple(sorted(first.values())))] if aside else []


def _conversions(rows: Sequence[Result], k: int, new: Sequence[int]) -> list[Level]:
    converted = _true([row.converted for row in rows])
    found = [Level("without converted results", "Conversion", keep=~converted)] if converted[:k].any() else []
    first = {rows[i].study: i for i in reversed(new)}
    if new:
        found.append(Level("with all conversions", "Conversion", add=tuple(sorted(first.values()))))
    return found


def _zero_cells(rows: Sequence[Result], k: int, arms: Sequence[int]) -> list[Level]:
    zero = _true([row.zero for row in rows])
    if not zero[:k].any():
        return []
    of = {rows[i].study: i for i in range(k)}
    swap = tuple((of[rows[i].study], i) for i in arms)
    return [
        Level("left out", "Zero cells", keep=~zero),
        Level("treatment-arm correction", "Zero cells", swap=swap),
    ]


def _grades(rows: Sequence[Result]) -> list[Level]:
    return [
        Level("grades A to C", "Grade", keep=_true([row.grade.grade in "ABC" for row in rows])),
        Level("grades A and B", "Grade", keep=_true([row.grade.grade in "AB" for row in rows])),
        Level("A or B at best", "Grade", keep=_true([row.grade.best in "AB" for row in rows])),
    ]


def _trust(rows: Sequence[Result]) -> list[Level]:
    doubtful = _true([bool(row.grade.doubt) for row in rows])
    return [Level(TRUSTED[:1].lower() + TRUSTED[1:], "Trustworthiness", keep=~doubtful)]


def _left_out(given: Given, rows: Sequence[Result], k: int) -> Iterator[Level]:
    studies = np.array([row.study for row in rows], dtype=object)
    v = np.array([row.v for row in rows])
    order = sorted(range(k), key=lambda i: (rows[i].v, rows[i].study))
    alone = set(order[:ALONE])
    for i in range(k):
        if i in alone:
            yield Level(f"without {rows[i].label}", "One study", keep=studies != rows[i].study)
    if k >= THIRDS:
        third = k // 3
        yield Level("largest third out", "Size", keep=v > rows[order[third - 1]].v)
        yield Level("smallest third out", "Size", keep=v < rows[order[-third]].v)
    yield from _by_year(rows, k)
    yield from _by_fact(given, rows, k)
    yield from _by_protocol(given, rows)


def _by_year(rows: Sequence[Result], k: int) -> Iterator[Level]:
    typed = [float(row.year) if row.year.isdecimal() else math.nan for row in rows]
    if k < HALVES or any(math.isnan(year) for year in typed[:k]):
        return
    years, ordered = np.array(typed), sorted(typed[:k])
    if k >= THIRDS:
        third = k // 3
        yield Level("earliest third out", "Period", keep=~(years <= ordered[third - 1]))
        yield Level("latest third out", "Period", keep=~(years >= ordered[-third]))
    middle = ordered[(k - 1) // 2]
    yield Level(f"up to {middle:.0f} only", "Period", keep=~(years > middle))
    yield Level(f"after {middle:.0f} only", "Period", keep=~(years <= middle))


def _by_fact(given: Given, rows: Sequence[Result], k: int) -> Iterator[Level]:
    for column, kind in FACTS.items():
        words = given.protocol.lists.get(column, {})
        values = np.array([_fact(row, column) for row in rows], dtype=object)
        known = [value for value in values[:k] if value]
        if len(set(known)) < 2:
            continue
        for value in sorted(set(known)):
            said = words.get(value, value.replace("_", " "))
            if column == "adjusted":
                said = {"yes": "adjusted results", "no": "crude results"}.get(value, said)
            elif column != "country":
                said = f"{kind.lower()} {said}"
            if known.count(value) > 1:
                yield Level(f"without {said}", kind, keep=values != value)
            if known.count(value) >= ONLY:
                yield Level(f"{said} only", kind, keep=values == value)


def _fact(row: Result, column: str) -> str:
    if column == "adjusted":
        return row.adjusted
    text = row.candidate[column] if row.candidate else ""
    return "" if text in ("NR", "NA") else text


def _by_protocol(given: Given, rows: Sequence[Result]) -> Iterator[Level]:
    """Yield what the protocol's own facts and sensitivity analyses leave out."""
    facts = [row.candidate for row in rows]
    explained = any(facts) and given.protocol.explanations
    for item in explain(given.extraction, given.protocol, [row.grade for row in rows]) if explained else ():
        opened = _true([item.states[row.grade.design_id] == OPEN for row in rows])
        label = item.label[:1].lower() + item.label[1:]
        yield Level(f"without those open on {label}", "Other explanations", keep=~opened)
    studies = {row.study for row in rows}
    shared = [given.cohorts.get(row.study, row.study) for row in rows]
    twins = _true([cohort != row.study and cohort in studies for cohort, row in zip(shared, rows, strict=True)])
    yield Level("without studies that may share people with another", "Overlap", keep=~twins)
    asked = _true([row is not None and row.row["flag"] == "query_author" for row in facts])
    yield Level("without results with a question to their authors", "Queries", keep=~asked)
    for entry in given.plan.sensitivity:
        if entry.left_out:
            out = _true([bool({row.name, row.study} & set(entry.left_out)) for row in rows])
            yield Level(entry.label[:1].lower() + entry.label[1:], "Protocol", keep=~out)
