"""What the sheet Reliability holds, in rungs: one observer twice, several observers, days, cycles."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from metaan.design.appraise import repeat_appraisals
from metaan.design.tool import tool
from metaan.pooling.select import Candidate, select
from metaan.robustness.reliability import (
    Meaning,
    change_class_by_kappa,
    fisher_z,
    meaning,
)
from metaan.terms import wording
from metaan.terms.appraisal import Appraisal
from metaan.terms.record import Interval, Record
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import typed

#: from what should agree best to what matters for one person; the order of the ladder
RUNGS = (
    "within_observer",
    "between_observers",
    "between_methods",
    "between_labs",
    "between_sites_in_uterus",
    "within_day",
    "diurnal",
    "between_days",
    "within_cycle",
    "between_cycles",
    "between_months",
)

MEASURED = ("marker", "compartment", "assay")  #: columns, and lists of their words, that say what was measured
KAPPAS = ("kappa", "weighted_kappa")
CORRELATIONS = ("ICC", "pearson_r", "spearman_r")
#: what varies between two occasions of one person: the kind of repeat a single test result stands or falls with
OCCASIONS = ("between_cycles", "between_months", "between_days", "within_cycle")
ILLUSTRATED = (0.5, 0.65, 0.8, 0.9)  #: reliabilities shown where no source gives one


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Record):
    """One row of the sheet Reliability."""

    rel_id: str
    study_id: str
    label: str
    rung: str
    statistic: str
    value: float | None
    ci: Interval | None
    people: int | None
    times: int | None  #: measurements of each
    measured: tuple[str, ...]  #: `MEASURED` as typed
    categories: str
    says: str
    row: int
    cell: str  #: of the value
    quality: str = ""  #: overall judgement of a quality tool, in words: "COSMIN reliability: doubtful"

    @property
    def on_ladder(self) -> bool:
        """Whether it is an agreement between 0 and 1."""
        return self.value is not None and self.statistic in (*KAPPAS, *CORRELATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Record):
    """All results on one kind of repeat."""

    rung: str
    repeats: tuple[Repeat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledRepeats(Record):
    """Comparable results of several studies as one."""

    rung: str
    statistic: str
    measured: tuple[str, ...]  #: marker, compartment as typed
    studies: tuple[str, ...]
    estimate: float
    ci: Interval
    tau2: float  #: on Fisher's scale for correlations
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KappaMeaning(Record):
    """What a kappa between two occasions comes to for people in two classes."""

    rel_id: str
    label: str
    kappa: float
    changed: float  #: share of people who change class
    of_high: float  #: share of those in the upper class the first time who are in the lower the second time


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability(Record):
    """All that the review knows of how well its measurement repeats."""

    ladder: tuple[Rung, ...]
    pooled: tuple[PooledRepeats, ...]
    not_pooled: tuple[str, ...]  #: why comparable rows were not pooled
    above: float | None  #: share of people over the cut-off
    above_source: str
    meanings: tuple[Meaning, ...]
    by_kappa: tuple[KappaMeaning, ...]


def repeatability(
    extraction: Extraction, protocol: Protocol, candidates: tuple[Candidate, ...]
) -> Repeatability | None:
    """Return what the sheet Reliability says and what it means; None where it is empty.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        Of a review without errors.
    candidates : tuple of Candidate
        Prospective main rows of its analyses of a marker show which share of people lies over the cut-off, where the
        protocol does not say; see `above`.
    """
    rows = repeats(extraction, protocol)
    if not rows:
        return None
    share, share_source = above(protocol, candidates)
    pooled, told = _pool_all(rows, protocol.level)
    return Repeatability(
        ladder=ladder(rows),
        pooled=pooled,
        not_pooled=told,
        above=share,
        above_source=share_source,
        meanings=tuple(_meanings(rows, pooled, protocol, share)),
        by_kappa=tuple(_by_kappa(rows, share)),
    )


def ladder(rows: Sequence[Repeat]) -> tuple[Rung, ...]:
    """Return the rows by what differs between the measurements, in the order of `RUNGS`."""
    present = {row.rung for row in rows}
    order = [*(rung for rung in RUNGS if rung in present), *sorted(present - set(RUNGS))]
    return tuple(Rung(rung=rung, repeats=tuple(row for row in rows if row.rung == rung)) for rung in order)


def repeats(extraction: Extraction, protocol: Protocol) -> tuple[Repeat, ...]:
    """Return the rows of the sheet Reliability, typed, in their order."""
    sheet = protocol.layout.sheet("Reliability")
    studies = extraction.by_key("Studies", "study_id")
    judged = repeat_appraisals(extraction, protocol)
    return tuple(
        replace(
            _repeat(row, typed(row, sheet, extraction.decimal_mark), studies),
            quality=_quality(judged.get(row["rel_id"]), protocol),
        )
        for row in extraction.sheet(sheet.name)
    )


def _quality(found: Appraisal | None, protocol: Protocol) -> str:
    if found is None:
        return ""
    judged = tool(found.tool, protocol).overall_judgements.get(found.judgement)
    return f"{found.name}: {judged.label.lower() if judged else 'not fully answered'}"


def _repeat(row: Row, values: Mapping[str, Any], studies: Mapping[str, Row]) -> Repeat:
    low, high = values.get("ci_low"), values.get("ci_high")
    study = studies.get(row["study_id"])
    return Repeat(
        rel_id=row["rel_id"],
        study_id=row["study_id"],
        label=(study["label"] if study else "") or row["study_id"],
        rung=row["source_of_variation"],
        statistic=row["statistic"],
        value=values.get("value"),
        ci=Interval(low, high) if low is not None and high is not None else None,
        people=values.get("n_women"),
        times=values.get("n_repeats"),
        measured=tuple(row.answer(name) for name in MEASURED),
        categories=row.answer("categories"),
        says=row.answer("says") or row.answer("quote"),
        row=row.number,
        cell=row.cell("value"),
    )


def _pool_all(rows: Sequence[Repeat], level: float) -> tuple[tuple[PooledRepeats, ...], tuple[str, ...]]:
    """Pool what is comparable: one kind of repeat, one kind of statistic, the same marker in the same place."""
    groups: dict[tuple[str, ...], list[Repeat]] = {}
    for row in rows:
        if row.on_ladder:
            groups.setdefault(_comparable(row), []).append(row)
    pooled: list[PooledRepeats] = []
    told: list[str] = []
    for (rung, statistic, *_), found in groups.items():
        one_each = list({row.study_id: row for row in reversed(found)}.values())[::-1]
        usable = [row for row in one_each if math.isfinite(on_scale(row, level)[1])]
        if len(one_each) < len(found):
            told.append(f"{rung}/{statistic}: several results of the same people")
        elif len(one_each) > 1 and len(usable) < len(one_each):
            told.append(f"{rung}/{statistic}: neither interval nor number of people in every source")
        if len(one_each) == len(found) and len(usable) == len(found) > 1:
            pooled.append(_pool(usable, level))
    return tuple(pooled), tuple(told)


def _comparable(row: Repeat) -> tuple[str, ...]:
    """Return what two rows must share to be pooled."""
    return row.rung, row.statistic, *row.measured[:2]


def on_scale(row: Repeat, level: float) -> tuple[float, float]:
    """Return a result and its variance on the scale it is pooled on: Fisher's for correlations, itself for kappa."""
    value = row.value
    if value is None or not -1 < value < 1:
        return math.nan, math.inf
    intraclass, correlation = row.statistic == "ICC", row.statistic in CORRELATIONS
    half = NormalDist().inv_cdf(0.5 + level / 2)
    if row.ci is not None and -1 < row.ci.low < row.ci.high < 1:
        ends = [math.atanh(end) if correlation else end for end in (row.ci.low, row.ci.high)]
        centre = math.atanh(value) if correlation else value
        return centre, ((ends[1] - ends[0]) / (2 * half)) ** 2
    if intraclass and row.people is not None:
        return math.atanh(value), _spread_of_pairs(value, row.people, row.times or 2)
    if correlation and row.people is not None:
        return fisher_z(value, row.people, ranks=row.statistic == "spearman_r")
    return value, math.inf


def _spread_of_pairs(icc: float, people: int, repeats: int) -> float:
    """Return the variance of an intraclass correlation of m repeats on the scale for pairs, by the delta method.

    Fisher's z of m repeats has the slope m / (2 (1 - r)(1 + (m - 1) r)), that of pairs 1 / (1 - r^2).
    """
    _, spread = fisher_z(icc, people, repeats, intraclass=True)
    slope = repeats / (2 * (1 - icc) * (1 + (repeats - 1) * icc))
    return spread / (slope * (1 - icc**2)) ** 2


def _pool(rows: Sequence[Repeat], level: float) -> PooledRepeats:
    from metaan.pooling.pool import pool

    rung, statistic, *measured = _comparable(rows[0])
    scaled = [on_scale(row, level) for row in rows]
    interval = "mKH" if len(rows) > 2 else "Wald"
    done = pool([y for y, _ in scaled], [v for _, v in scaled], interval=interval, level=level)

    def back(value: float) -> float:
        return math.tanh(value) if statistic in CORRELATIONS else value

    counts = [row.people for row in rows]
    return PooledRepeats(
        rung=rung,
        statistic=statistic,
        measured=tuple(measured),
        studies=tuple(row.label for row in rows),
        estimate=back(done.estimate),
        ci=Interval(back(done.ci.low), back(done.ci.high)),
        tau2=done.tau2,
        people=sum(n for n in counts if n is not None) if None not in counts else None,
    )


def above(protocol: Protocol, candidates: tuple[Candidate, ...]) -> tuple[float | None, str]:
    """Return the share over the cut-off and its source: of the protocol, else counted in prospective main rows.

    Parameters
    ----------
    protocol : Protocol
        Its `repeatability` may state the share; its analyses say which rows count.
    candidates : tuple of Candidate
        Every row of the Effects sheet.
    """
    given = protocol.repeatability
    if "above" in given:
        return float(given["above"]), str(given.get("above_source", "")) or "stated in the protocol"
    counted: dict[str, tuple[int, int]] = {}
    for plan in protocol.analyses:
        for row in select(candidates, plan).inside.get("prospective", ()):
            main = row.row["priority"] == "main" and row.row["flag"] != "exclude"
            found = _high(row.values) if main and row.row["factor_kind"] == "marker" else None
            if found:
                names = [protocol.layout.label(name, row[name]) for name in MEASURED[:2] if row[name]]
                counted.setdefault(f"{row.label} ({', '.join(names)})" if names else row.label, found)
    high, people = (sum(pair[i] for pair in counted.values()) for i in (0, 1))
    if not 0 < high < people:
        return None, ""
    return high / people, f"{high} of {people} in {wording.listed(list(counted))}"


def _high(values: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return how many were over the cut-off, and of how many; None where a row does not count them."""
    cells = [values.get(name) for name in ("a_high_event", "b_high_none", "c_low_event", "d_low_none")]
    if None not in cells:
        a, b, c, d = (cell for cell in cells if cell is not None)
        return a + b, a + b + c + d
    high, low = values.get("total_high"), values.get("total_low")
    return (high, high + low) if high is not None and low is not None else None


def _meanings(
    rows: Sequence[Repeat], pooled: Sequence[PooledRepeats], protocol: Protocol, above: float | None
) -> Iterable[Meaning]:
    """Yield what each correlation between occasions would mean; values for illustration where no source gives one."""
    given = protocol.repeatability
    known = False
    if "r" in given:
        yield meaning(float(given["r"]), str(given.get("r_source", "")) or "protocol", assumed=False, above=above)
        known = True
    in_pool = {(found.rung, found.statistic, *found.measured) for found in pooled}
    for found in pooled:
        if found.rung in OCCASIONS and found.statistic in CORRELATIONS and 0 < found.estimate < 1:
            yield meaning(found.estimate, "; ".join(found.studies), assumed=False, above=above)
            known = True
    for row in rows:
        usable = row.rung in OCCASIONS and row.statistic in CORRELATIONS and row.value is not None and 0 < row.value < 1
        if usable and _comparable(row) not in in_pool and row.value is not None:
            yield meaning(row.value, row.label, assumed=False, above=above)
            known = True
    if known:
        return
    for row in rows:
        if row.rung in OCCASIONS and row.statistic in KAPPAS and row.value is not None and 0 < row.value < 1:
            source = f"if the correlation were as large as the kappa of {row.label}"
            yield meaning(row.value, source, assumed=True, above=above)
    for r in ILLUSTRATED:
        yield meaning(r, "illustration", assumed=True, above=above)


def _by_kappa(rows: Sequence[Repeat], above: float | None) -> Iterable[KappaMeaning]:
    for row in rows:
        if above is None or row.rung not in OCCASIONS or row.statistic != "kappa" or row.value is None:
            continue
        changed = float(change_class_by_kappa(row.value, above))
        if changed > 2 * min(above, 1 - above):
            continue  # no two classes of this size agree so little
        yield KappaMeaning(
            rel_id=row.rel_id,
            label=row.label,
            kappa=row.value,
            changed=changed,
            of_high=changed / (2 * above),
        )
