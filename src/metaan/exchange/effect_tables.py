"""Comparisons as tables for R: with the names of metafor, and with those of meta."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from metaan.effects.by_form import effect_by_form
from metaan.effects.compute import compute
from metaan.exchange.arms import counts, exact, plain
from metaan.files import csv_text
from metaan.pooling.select import Candidate, select
from metaan.terms.records import Effect
from metaan.workbook.protocol import AnalysisPlan

_METAFOR = (
    *("slab", "study_id", "effect_id", "analysis", "stratum", "outcome", "form", "measure"),
    *("ai", "bi", "ci", "di", "n1i", "n2i", "m1i", "sd1i", "m2i", "sd2i"),
    *("yi", "vi", "converted", "missing"),
)
_META = (
    *("studlab", "study_id", "effect_id", "analysis", "subgroup", "outcome", "sm"),
    *("event.e", "n.e", "event.c", "n.c", "mean.e", "sd.e", "mean.c", "sd.c"),
    *("TE", "seTE", "converted", "missing"),
)


class _Comparison(NamedTuple):
    row: Candidate
    analysis: str
    measure: str
    effect: Effect


def metafor_csv(candidates: Sequence[Candidate], mark: str, plan: AnalysisPlan | None = None) -> str:
    """Return comparisons as CSV with metafor's names: the numbers as typed, and yi and vi as computed here.

    Without an analysis, every row of the Effects sheet with the measure of its own form. With one, the rows that the
    analysis asks for, on its measures and with its conversions. Rows without an effect keep their place; `missing`
    says why.
    """
    return csv_text(_METAFOR, (_metafor(each, mark) for each in _comparisons(candidates, plan)))


def meta_csv(candidates: Sequence[Candidate], mark: str, plan: AnalysisPlan | None = None) -> str:
    """Return comparisons as CSV with the names of R's meta; rows as in `metafor_csv`."""
    return csv_text(_META, (_meta(each, mark) for each in _comparisons(candidates, plan)))


def _comparisons(candidates: Sequence[Candidate], plan: AnalysisPlan | None) -> list[_Comparison]:
    if plan is None:
        own = [(row, effect_by_form(row.values)) for row in candidates]
        return [_Comparison(row, "", effect.measure, effect) for row, effect in own]
    chosen = select(tuple(candidates), plan)
    planned = {stratum.stratum: stratum for stratum in plan.strata}
    found = []
    for stratum, rows in chosen.inside.items():
        wanted = planned[stratum]
        for row in rows:
            effect = compute(row.values, wanted.measure, allowed=wanted.conversions, odds_only=row.by_outcome)
            found.append(_Comparison(row, plan.id, wanted.measure, effect))
    return found


def _shared(each: _Comparison) -> dict[str, str]:
    return {
        "study_id": each.row.study["study_id"],
        "effect_id": each.row.row["effect_id"],
        "analysis": each.analysis,
        "outcome": each.row.row["outcome"],
        "converted": "" if each.effect.missing else "yes" if each.effect.converted else "no",
        "missing": each.effect.missing,
    }


def _metafor(each: _Comparison, mark: str) -> dict[str, str]:
    row = each.row.row
    cells = _shared(each) | {
        "slab": each.row.label,
        "stratum": each.row.grade.stratum,
        "form": row["form"],
        "measure": each.measure,
    }
    if table := counts(each.row.values):
        a, b, c, d = table
        cells |= {"ai": str(a), "bi": str(b), "ci": str(c), "di": str(d), "n1i": str(a + b), "n2i": str(c + d)}
    else:
        cells |= {"n1i": plain(row, "n1", mark), "n2i": plain(row, "n2", mark)} | _means(
            each, mark, "m1i sd1i m2i sd2i"
        )
    if not each.effect.missing:
        cells |= {"yi": exact(each.effect.y), "vi": exact(each.effect.v)}
    return cells


def _meta(each: _Comparison, mark: str) -> dict[str, str]:
    row = each.row.row
    cells = _shared(each) | {
        "studlab": each.row.label,
        "subgroup": each.row.grade.stratum,
        "sm": each.measure,
    }
    if table := counts(each.row.values):
        a, b, c, d = table
        cells |= {"event.e": str(a), "n.e": str(a + b), "event.c": str(c), "n.c": str(c + d)}
    else:
        cells |= {"n.e": plain(row, "n1", mark), "n.c": plain(row, "n2", mark)}
        cells |= _means(each, mark, "mean.e sd.e mean.c sd.c")
    if not each.effect.missing:
        cells |= {"TE": exact(each.effect.y), "seTE": exact(math.sqrt(each.effect.v))}
    return cells


def _means(each: _Comparison, mark: str, names: str) -> dict[str, str]:
    """Return means, and standard deviations where the spread is said to be one, under the names asked for."""
    row = each.row.row
    if row["form"] != "means":
        return {}
    is_sd = row["spread_type"] == "sd"
    columns = ("m1", "sd1", "m2", "sd2")
    return {
        name: plain(row, column, mark) if column.startswith("m") or is_sd else ""
        for name, column in zip(names.split(), columns, strict=True)
    }
