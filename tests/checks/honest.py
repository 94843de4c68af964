"""Rows of honest papers: true numbers, each statistic computed from them and printed with so many decimals."""

import functools
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import small_review
from metaan.checks.rows import check_design, check_effect, check_study
from metaan.workbook.read import Row
from metaan.workbook.typed import typed

ROUNDING = (ROUND_HALF_UP, ROUND_HALF_EVEN)


def fixed(value, digits, rounding=ROUND_HALF_UP):
    """Return a number with so many decimals."""
    return format(Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=rounding), "f")


def significant(value, digits):
    """Return a positive number with so many significant digits, and all of those before the point."""
    if value >= 10**digits:
        return fixed(value, 0)
    return format(Decimal(format(value, f"#.{digits}g").rstrip(".")), "f")


@functools.cache
def sheet(name="Effects"):
    return small_review.protocol().layout.sheet(name)


def row(cells, name="Effects"):
    letters = {column.name: f"X{i}x" for i, column in enumerate(sheet(name).columns)}
    key = sheet(name).key
    return Row("w.xlsx", name, 2, {key: "Row", **{k: v for k, v in cells.items() if v}}, letters)


def findings(cells, mark="point", design=None, name="Effects", **more):
    """Return (id, column) of everything the checks say of one row, and the findings by id."""
    own = row(cells, name)
    values = typed(own, sheet(name), mark)
    if name == "Effects":
        chosen = row({"selected_on_outcome": design}, "Design") if design else None
        return list(check_effect(own, sheet(), values, mark, chosen))
    return list((check_design if name == "Design" else check_study)(own, sheet(name), values, mark, **more))


def said(cells, *args, **more):
    """Return (id, column) of every finding."""
    places = {f"X{i}x2": column.name for i, column in enumerate(sheet(more.get("name", "Effects")).columns)}
    return [(item.id, places.get(item.origin.cell, item.origin.cell)) for item in findings(cells, *args, **more)]
