"""Harms of treatments, comparison by comparison; nothing is pooled here.

They come from the sheet Harms and from rows of Effects that are harms. A harm keeps its own direction: a ratio above 1
says that it was seen more often with the treatment, whatever the analysis calls a good outcome.
"""

import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

from metaan.pooling.display import says
from metaan.terms import wording
from metaan.terms.certainty import Harm
from metaan.terms.records import Grade, Interval
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.typed import Values, typed

#: strata in which people were not chosen by outcome, so that counts give risks
WITH_RISKS = ("trial", "treatment_cohort")

IMPOSSIBLE = "the counts typed are not possible"


class _Counts(NamedTuple):
    events1: int
    total1: int
    events2: int
    total2: int


def harms(extraction: Extraction, grades: Mapping[str, Grade], protocol: Protocol) -> tuple[Harm, ...]:
    """Return every harm of a treatment that the workbook holds, trials first, then in the order of the sheets.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        Of a review without errors.
    grades : mapping
        design_id -> grade.

    Returns
    -------
    tuple of Harm
        Risk ratio with a normal interval on the log scale where both groups of a trial or treatment cohort were
        counted; a printed ratio as printed; words, and no number, where the source gives no more.
    """
    found = [
        *(_of_effects(row, extraction, grades, protocol) for row in extraction.sheet("Effects") if _is_harm(row)),
        *(_of_harms(row, extraction, grades, protocol) for row in extraction.sheet("Harms")),
    ]
    order = list(WITH_RISKS)
    return tuple(sorted(found, key=lambda h: order.index(h.stratum) if h.stratum in order else len(order)))


def of_treatment(found: Iterable[Harm], names: Iterable[str]) -> tuple[Harm, ...]:
    """Return the harms of the treatments of one analysis."""
    wanted = {name.casefold() for name in names}
    return tuple(harm for harm in found if harm.intervention.casefold() in wanted)


def _is_harm(row: Row) -> bool:
    return row["effect_kind"] == "harm" and row["factor_kind"] == "treatment"


def _study(row: Row, extraction: Extraction, grades: Mapping[str, Grade]) -> tuple[str, str]:
    """Return study and stratum of a row."""
    grade = grades.get(row["design_id"])
    if grade is not None:
        return grade.study_id, grade.stratum
    design = extraction.by_key("Design", "design_id").get(row["design_id"])
    return (design["study_id"] if design else ""), ""


def _of_harms(row: Row, extraction: Extraction, grades: Mapping[str, Grade], protocol: Protocol) -> Harm:
    values = typed(row, protocol.layout.sheet("Harms"), extraction.decimal_mark)
    counts = _counts(values, "events_high", "total_high", "events_low", "total_low")
    said = [row.answer("says")]
    return _harm(
        row,
        *_study(row, extraction, grades),
        key="harm_id",
        name=row["harm"],
        counts=counts,
        values=values,
        said=said,
        level=protocol.level,
        columns=("harm", "events_high", "total_high", "events_low", "total_low", "says", "quote"),
    )


def _of_effects(row: Row, extraction: Extraction, grades: Mapping[str, Grade], protocol: Protocol) -> Harm:
    values = typed(row, protocol.layout.sheet("Effects"), extraction.decimal_mark)
    counts = _counts(values, "events_high", "total_high", "events_low", "total_low")
    table = _counts(values, "a_high_event", "b_high_none", "c_low_event", "d_low_none")
    down = _counts(values, "high_event", "n_event", "high_none", "n_none")  #: counted among those with the event
    if down is not None:
        high_event, n_event, high_none, n_none = down
        table = _Counts(high_event, high_none, n_event - high_event, n_none - high_none)
    if counts is None and table is not None:
        a, b, c, d = table
        counts = _Counts(a, a + b, c, c + d)
    said = [_percents(values)]
    if row["form"] not in ("ratio", "events_totals", "two_by_two"):
        said.append(says(values))
    if row["flag"] == "exclude":
        said.append(f"set aside by the reviewers: {row.answer('flag_reason') or 'no reason given'}")
    numbers = ("events_high", "total_high", "events_low", "total_low", "est", "ci_low", "ci_high", "pct_1", "pct_2")
    return _harm(
        row,
        *_study(row, extraction, grades),
        key="effect_id",
        name=protocol.layout.label("outcome", row["outcome"]),
        counts=counts if row["flag"] != "exclude" else None,
        values=values if row["flag"] != "exclude" else {},
        said=said,
        level=protocol.level,
        columns=("outcome", *numbers, "a_high_event", "b_high_none", "c_low_event", "d_low_none", "sign", "quote"),
    )


def _harm(
    row: Row,
    study_id: str,
    stratum: str,
    *,
    key: str,
    name: str,
    counts: _Counts | None,
    values: Values,
    said: Iterable[str],
    level: float,
    columns: Iterable[str],
) -> Harm:
    told = [text for text in said if text]
    measure, estimate, ci = "", math.nan, None
    if counts is not None and not _possible(counts):
        counts = None
        told.append(IMPOSSIBLE)
    if counts is not None and stratum in WITH_RISKS:
        measure, estimate, ci = _risk_ratio(counts, level)
    elif counts is None:
        measure, estimate, ci = _as_printed(values)
    one, two = _shares(values, counts)
    return Harm(
        harm_id=row[key],
        study_id=study_id,
        design_id=row["design_id"],
        stratum=stratum,
        intervention=row["intervention"],
        comparator=row["comparator"],
        harm=name,
        serious=row["serious"],
        how_sought=row["how_sought"],
        group1=one,
        group2=two,
        measure=measure,
        estimate=estimate,
        ci=ci,
        says="; ".join(told),
        sheet=row.sheet,
        row=row.number,
        cells={column: row.cell(column) for column in columns if row[column]},
    )


def _counts(values: Values, *names: str) -> _Counts | None:
    numbers = [values.get(name) for name in names]
    return None if None in numbers else _Counts(*map(int, numbers))  # type: ignore[arg-type]


def _possible(counts: _Counts) -> bool:
    return 0 <= counts.events1 <= counts.total1 > 0 and 0 <= counts.events2 <= counts.total2 > 0


def _risk_ratio(counts: _Counts, level: float) -> tuple[str, float, Interval | None]:
    """Return a risk ratio with its interval; none where nobody, or everybody, had the harm."""
    from metaan.effects import binary  # numpy: only where there is something to compute

    a, n1, c, n2 = counts
    y, v = (float(part[0]) for part in binary.log_risk_ratio([a], [n1 - a], [c], [n2 - c]))
    if not (math.isfinite(y) and math.isfinite(v)):
        return "", math.nan, None
    half = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(v)
    return "RR", y, Interval(y - half, y + half)


def _as_printed(values: Values) -> tuple[str, float, Interval | None]:
    """Return the ratio a source prints, with the limits it prints, on the log scale."""
    if values.get("form") != "ratio" or not values.get("est") or not values.get("scale"):
        return "", math.nan, None
    low, high = values.get("ci_low"), values.get("ci_high")
    ci = Interval(math.log(low), math.log(high)) if low and high else None
    return str(values["scale"]), math.log(values["est"]), ci


def _shares(values: Values, counts: _Counts | None) -> tuple[str, str]:
    """Return both groups as "3/20"; one group alone where only that was counted."""
    if counts is not None:
        return f"{counts.events1}/{counts.total1}", f"{counts.events2}/{counts.total2}"

    def share(events: Any, total: Any) -> str:
        return "" if events is None or total is None or not 0 <= events <= total else f"{events}/{total}"

    pairs = (("events_high", "total_high"), ("events_low", "total_low"))
    one, two = (share(values.get(events), values.get(total)) for events, total in pairs)
    return one, two


def _percents(values: Values) -> str:
    one, two = values.get("pct_1"), values.get("pct_2")
    if one is None or two is None:
        return ""
    return f"{wording.number(one)} % against {wording.number(two)} %"
