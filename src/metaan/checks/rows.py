"""Cells of one row against each other: the form chosen, counts and totals, estimate and interval."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from metaan.checks.cells import finding
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import Sheet
from metaan.workbook.forms import ANY_FORM, FORMS, Form
from metaan.workbook.read import Row


def check_effect(row: Row, sheet: Sheet, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong within a row of the Effects sheet; `values` is the typed row."""
    form = FORMS.get(row["form"])
    if form is None:
        return  # checks.cells has said so
    yield from _form(row, sheet, form, values)
    yield from _counts(row, sheet, values)
    yield from _interval(row, sheet, values)
    yield from _spread(row, sheet, form, values)
    yield from _order(row, sheet, values)


def _form(row: Row, sheet: Sheet, form: Form, values: Mapping[str, Any]) -> Iterator[Finding]:
    need = f"needed for the form {form.name}: {form.meaning}"
    other = "fill it, or choose the form that fits what the paper prints (p_only, direction_only)"
    for name in form.required:
        if values.get(name) is None:
            yield finding("FORM", row, sheet, name, _shown(row[name]), need, other)
    if form.one_of and not any(all(values.get(name) is not None for name in group) for group in form.one_of):
        begun = max(form.one_of, key=lambda group: sum(values.get(name) is not None for name in group))
        missing = next(name for name in begun if values.get(name) is None)
        choices = ", or ".join(" + ".join(group) for group in form.one_of)
        yield finding("FORM", row, sheet, missing, _shown(row[missing]), f"{need}; one of: {choices}", other)
    for column in sheet.columns:
        if column.group == "numbers" and column.name != "form" and row[column.name] not in ("", "NA", "NR"):
            if column.name in form.columns or column.name in ANY_FORM:
                continue
            fits = [f.name for f in FORMS.values() if column.name in f.columns]
            yield finding(
                "FORM",
                row,
                sheet,
                column,
                _shown(row[column.name]),
                f"a blank cell: the form {form.name} does not use it",
                f"choose one form ({', '.join(fits)} would use it) and clear the other cells",
                Level.WARNING,
            )


def _shown(text: str) -> str:
    return f'"{text}"' if text else "a blank cell"


_PARTS = (
    ("events_high", "total_high"),
    ("events_low", "total_low"),
    ("high_event", "n_event"),
    ("high_none", "n_none"),
)


def _counts(row: Row, sheet: Sheet, values: Mapping[str, Any]) -> Iterator[Finding]:
    for part, whole in _PARTS:
        events, total = values.get(part), values.get(whole)
        if events is not None and total is not None and events > total:
            yield finding(
                "B01",
                row,
                sheet,
                part,
                f"{events} events among {total} people (total in {row.cell(whole)})",
                f"a whole number from 0 to the total in {row.cell(whole)}",
                "compare with the paper; if the two cells were swapped, "
                f"exchange {row.cell(part)} and {row.cell(whole)}",
            )
    if row["form"] == "two_by_two":
        cells = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
        counts = [values.get(name) for name in cells]
        if None not in counts:
            total = sum(counts)  # type: ignore[arg-type]
            analysed = values.get("n_analysed")
            if analysed is not None and total != analysed:
                yield finding(
                    "B02",
                    row,
                    sheet,
                    "n_analysed",
                    f"{analysed}, but the four cells of the table add up to {total}",
                    "the sum of the four cells",
                    "compare with the paper; say in derivation_note why they differ",
                    Level.WARNING,
                )
    for name in ("n1", "n2", "total_high", "total_low", "n_event", "n_none"):
        if values.get(name) == 0:
            yield finding("B01", row, sheet, name, "0 people", "at least 1", "compare with the paper")


def _interval(row: Row, sheet: Sheet, values: Mapping[str, Any]) -> Iterator[Finding]:
    low, high, est = values.get("ci_low"), values.get("ci_high"), values.get("est")
    for name in ("est", "ci_low"):
        if values.get(name) == 0:
            yield finding("C01", row, sheet, name, "0", "a ratio above 0", "compare with the paper")
    if low is None or high is None:
        return
    if low >= high:
        fix = f"compare with the paper; perhaps {row.cell('ci_low')} and {row.cell('ci_high')} were swapped"
        yield finding("C01", row, sheet, "ci_low", f"limits {row['ci_low']} to {row['ci_high']}", "lower < upper", fix)
    elif est is not None and not low <= est <= high:
        yield finding(
            "C01",
            row,
            sheet,
            "est",
            f"{row['est']}, outside its interval {row['ci_low']} to {row['ci_high']}",
            f"a value between {row.cell('ci_low')} and {row.cell('ci_high')}",
            "compare the three numbers with the paper",
        )


def _spread(row: Row, sheet: Sheet, form: Form, values: Mapping[str, Any]) -> Iterator[Finding]:
    if form.name != "means":
        return
    for name in ("sd1", "sd2"):
        if values.get(name) == 0:
            fix = "compare with the paper; NR if it is not given"
            yield finding("M00", row, sheet, name, "a spread of 0", "a spread above 0", fix)


_ORDERED = (
    ("min1", "q1_1", "med1", "q3_1", "max1"),
    ("min2", "q1_2", "med2", "q3_2", "max2"),
    ("min1", "m1", "max1"),
    ("min2", "m2", "max2"),
    ("class_low", "class_high"),
)


def _order(row: Row, sheet: Sheet, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield values that stand in the wrong order: smallest, quartiles, median or mean, largest."""
    for names in _ORDERED:
        known = [(name, values[name]) for name in names if values.get(name) is not None]
        for (left, a), (right, b) in pairwise(known):
            if a > b:
                fix = f"compare with the paper; perhaps {row.cell(left)} and {row.cell(right)} were swapped"
                expected = f"a value of at least {row[left]} (in {row.cell(left)})"
                yield finding("M04", row, sheet, right, f'"{row[right]}"', expected, fix)


def check_design(row: Row, sheet: Sheet, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong within a row of the Design sheet."""
    risk, known = values.get("n_at_risk"), values.get("n_outcome_known")
    if risk is not None and known is not None and known > risk:
        yield finding(
            "B01",
            row,
            sheet,
            "n_outcome_known",
            f"{known} outcomes known among {risk} people at risk (in {row.cell('n_at_risk')})",
            f"a whole number from 0 to {risk}",
            "compare with the paper",
        )
