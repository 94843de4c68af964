"""A typed row in the words of a table: its two groups, its people, and what the source says without numbers."""

from collections.abc import Mapping
from typing import Any

from metaan.design.people import of_row
from metaan.pooling.select import Candidate
from metaan.terms import wording
from metaan.workbook.read import Row
from metaan.workbook.words import CORE_LISTS

Values = Mapping[str, Any]

_NBSP = "\N{NO-BREAK SPACE}"
_N = f", n{_NBSP}"


def groups(row: Candidate, *, case_control: bool) -> tuple[str, str]:
    """Return both groups with the digits that were typed: "17/24" or "39.4 (12.7), n 68"; empty where none are given.

    A table of people chosen by outcome is read down its columns (high among those with the outcome), any other along
    its rows (events among those high).
    """
    values, texts = row.values, row.row
    form = values["form"]
    if form == "two_by_two":
        a, b, c, d = (values[name] for name in ("a_high_event", "b_high_none", "c_low_event", "d_low_none"))
        return (f"{a}/{a + c}", f"{b}/{b + d}") if case_control else (f"{a}/{a + b}", f"{c}/{c + d}")
    if form in ("events_totals", "single_group"):
        if values.get("events_high") is not None:
            return _share(values, "events_high", "total_high"), _share(values, "events_low", "total_low")
        return _share(values, "high_event", "n_event"), _share(values, "high_none", "n_none")
    if form == "means":
        return _mean(texts, "1"), _mean(texts, "2")
    if form == "medians":
        return _median(texts, "1"), _median(texts, "2")
    if form == "t_stat":
        return f"n{_NBSP}{values['n1']}", f"n{_NBSP}{values['n2']}"
    return "", ""


def _share(values: Values, events: str, total: str) -> str:
    return "" if values.get(events) is None else f"{values[events]}/{values[total]}"


def _mean(texts: Row, group: str) -> str:
    text = texts[f"m{group}"]
    spread = texts.answer(f"sd{group}")
    if spread:
        text += f" ({'SE ' if texts['spread_type'] == 'se' else ''}{spread})"
    elif texts.answer(f"min{group}"):
        text += f" ({texts[f'min{group}']} to {texts[f'max{group}']})"
    return f"{text}{_N}{texts[f'n{group}']}"


def _median(texts: Row, group: str) -> str:
    low, high = texts.answer(f"q1_{group}"), texts.answer(f"q3_{group}")
    if not (low and high):
        low, high = texts.answer(f"min{group}"), texts.answer(f"max{group}")
    spread = f" ({low} to {high})" if low and high else ""
    return f"median {texts[f'med{group}']}{spread}{_N}{texts[f'n{group}']}"


def people(row: Candidate) -> int | None:
    """Return how many people a row is about; see `design.people.of_row`."""
    return of_row(row.values)


_TREATED = {
    "higher_in_event": "outcome more often with the treatment",
    "lower_in_event": "outcome less often with the treatment",
    "no_difference": "no difference",
}


def says(values: Values) -> str:
    """Return what a row without usable numbers says: direction, p-value, values that stand alone."""
    parts = []
    if values.get("sign"):
        treated = values.get("factor_kind") == "treatment"
        parts.append((_TREATED if treated else CORE_LISTS["sign"])[values["sign"]])
    pair = _pair(values)
    if pair:
        parts.append(pair)
    if values.get("est") is not None:
        ratio = f"{values.get('scale') or 'ratio'} {wording.number(values['est'])}"
        if values.get("ci_low") is not None and values.get("ci_high") is not None:
            ratio += f" ({wording.number(values['ci_low'])} to {wording.number(values['ci_high'])})"
        parts.append(ratio)
    if values.get("risk_pct") is not None:
        parts.append(f"{wording.number(values['risk_pct'])} % in class {values.get('class_label') or '?'}")
    if values.get("p_value") is not None:
        parts.append(f"P {values.get('p_cmp') or '='} {wording.number(values['p_value'])}")
    return "; ".join(parts)


def _pair(values: Values) -> str:
    """Return the two groups of whatever form as far as they were typed."""
    for name, head in (("m", "mean"), ("med", "median")):
        first, second = values.get(f"{name}1"), values.get(f"{name}2")
        if first is not None and second is not None:
            return f"{head} {wording.number(first)} against {wording.number(second)}"
    table = [values.get(name) for name in ("a_high_event", "b_high_none", "c_low_event", "d_low_none")]
    if None not in table:
        a, b, c, d = table
        return f"{a} with and {b} without the outcome against {c} and {d}"
    if values.get("high_event") is not None and values.get("n_event") is not None:
        return f"{values['high_event']}/{values['n_event']} against {values['high_none']}/{values['n_none']}"
    high, low = values.get("events_high"), values.get("events_low")
    if high is not None and values.get("total_high") is not None:
        text = f"{high}/{values['total_high']}"
        if low is not None and values.get("total_low") is not None:
            text += f" against {low}/{values['total_low']}"
        return text
    return ""
