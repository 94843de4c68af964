"""The form chosen against the cells that are filled (FORM)."""

from collections.abc import Iterator

from metaan.checks.printed import Printed
from metaan.checks.ratios import ratio_agrees_with_counts
from metaan.checks.tables import BY_CELL, BY_FACTOR, BY_OUTCOME, tables
from metaan.terms.finding import Finding, Level
from metaan.workbook.forms import ANY_FORM, FORMS, Form

_COUNTS = frozenset((*BY_CELL, *BY_FACTOR, *BY_OUTCOME))
_RATIO = frozenset(("est", "scale", "ci_low", "ci_high", "se_log"))
_OF_FORM = {form.name: form.columns | ANY_FORM for form in FORMS.values()}
_NUMBERS = frozenset().union(*_OF_FORM.values())


def check_form(cells: Printed) -> Iterator[Finding]:
    """Yield cells a form needs and lacks, and those that belong to another form and do not agree with it."""
    form = FORMS.get(cells.text("form"))
    if form is None:
        return  # checks.cells has said so
    yield from _lacking(cells, form)
    filled = {name for name, text in cells.row.values.items() if text not in ("NA", "NR")}
    strange = (filled & _NUMBERS) - _OF_FORM[form.name]
    other = tuple(column.name for column in cells.sheet.columns if column.name in strange) if strange else ()
    agree = {name for name in other if _agrees(cells, form, name, other)}
    for name in other:
        if name in agree:
            continue
        fits = [f.name for f in FORMS.values() if name in f.columns]
        yield cells.finding(
            "FORM",
            name,
            _shown(cells.text(name)),
            f"a blank cell: the form {form.name} does not use it",
            f"choose one form ({', '.join(fits)} would use it) and clear the other cells",
            Level.WARNING,
        )


def _lacking(cells: Printed, form: Form) -> Iterator[Finding]:
    need = f"needed for the form {form.name}: {form.meaning}"
    other = "fill it, or choose the form that fits what the paper prints (p_only, direction_only)"
    for name in form.required:
        if not cells.has(name):
            asked = cells.text("flag") == "query_author" and cells.text(name) == "NR"  # left open until they answer
            yield cells.finding(
                "FORM", name, _shown(cells.text(name)), need, other, Level.WARNING if asked else Level.ERROR
            )
    if form.one_of and not any(cells.has(*group) for group in form.one_of):
        begun = max(form.one_of, key=lambda group: sum(cells.has(name) for name in group))
        missing = next(name for name in begun if not cells.has(name))
        choices = ", or ".join(" + ".join(group) for group in form.one_of)
        yield cells.finding("FORM", missing, _shown(cells.text(missing)), f"{need}; one of: {choices}", other)


def _shown(text: str) -> str:
    return f'"{text}"' if text else "a blank cell"


def _agrees(cells: Printed, form: Form, name: str, other: tuple[str, ...]) -> bool:
    """Whether the second form this cell belongs to gives the effect of the first, within rounding.

    Beside an adjusted ratio, counts stand for the crude one and need not agree; T02 and C05 compare the two.
    """
    if name in _COUNTS and form.name in ("two_by_two", "events_totals"):
        found = tables(cells)
        return len(found) > 1 and len({table.counts for table in found}) == 1
    if name in _COUNTS and form.name == "ratio":
        return bool(tables(cells)) and (cells["adjusted"] == "yes" or ratio_agrees_with_counts(cells) is True)
    if name in _RATIO and form.name in ("two_by_two", "events_totals"):
        return {"est", "scale"} <= set(other) and ratio_agrees_with_counts(cells) is True
    return False
