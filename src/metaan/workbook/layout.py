"""Sheets and columns of the extraction workbook, as data.

Template, reader, checks, codebook and documentation are made from what stands here. Some lists and columns are core;
those that depend on the topic (populations, markers, confounders, ...) come from the review's protocol, see `layout`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from metaan.workbook.columns import Column, Layout, Sheet
from metaan.workbook.design_sheet import design_sheet
from metaan.workbook.sheets import SHEETS
from metaan.workbook.words import CORE_LISTS, PRISMA_KEYS


def layout(
    lists: Mapping[str, Mapping[str, str]],
    confounders: Mapping[str, str],
    columns: Iterable[str] = (),
) -> Layout:
    """Merge the core layout with a review's topic lists, confounders and topic columns."""
    named = set(columns)
    merged: dict[str, Mapping[str, str]] = {
        **CORE_LISTS,
        "prisma_key": PRISMA_KEYS,
        **{name: dict(words) for name, words in lists.items()},
    }

    def wanted(column: Column) -> bool:
        if not column.topic:
            return True
        base = column.topic
        return base in lists or base in named

    def kept(sheet: Sheet) -> Sheet:
        chosen = {c.name for c in sheet.columns if wanted(c)}
        return replace(
            sheet,
            columns=tuple(
                c
                for c in sheet.columns
                if c.name in chosen and (not c.name.endswith("_where") or c.name[:-6] in chosen)
            ),
        )

    sheets = (design_sheet(confounders) if sheet.name == "Design" else sheet for sheet in SHEETS)
    return Layout(sheets=tuple(kept(s) for s in sheets), lists=merged)
