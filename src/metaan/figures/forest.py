"""Forest plot of one analysis: strata in blocks, never a total row, never a diamond across designs."""

import re
from collections.abc import Sequence

from metaan.figures import forest_strip, style
from metaan.figures.forest_content import Content, Said, content
from metaan.figures.forest_narrow import narrow_page
from metaan.figures.forest_parts import Page, panel_rows
from metaan.figures.forest_wide import wide_page
from metaan.figures.layout import Layout
from metaan.terms import wording
from metaan.terms.records import Analysis


def lay_out(analysis: Analysis, *, narrow: bool = False) -> Layout:
    """Place everything a forest plot of one analysis shows.

    Parameters
    ----------
    analysis : Analysis
        Results of one analysis; nothing is computed from them but places.
    narrow : bool
        Lay out for a screen 360 units wide, each study on two lines or three, instead of in columns 960 wide.

    Returns
    -------
    Layout
        Positions in points, y downwards.
    """
    said = content(analysis)
    page = narrow_page(said) if narrow else wide_page(said)
    notes = (*said.notes, *_beyond(page, said), *forest_strip.legends(said.panels))
    _notes(page, notes, said, 10.5 if narrow else style.SMALL)
    kind = "narrow" if narrow else "wide"
    return Layout(
        name=f"{_identifier(analysis.id)}-forest-{kind}",
        kind=f"forest forest-{kind}",
        title=said.title,
        description=said.description,
        width=page.width,
        height=page.y,
        items=tuple(page.canvas.items),
        panels=tuple(page.panels),
        blocks=tuple(page.blocks),
    )


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "analysis"


def _beyond(page: Page, said: Content) -> tuple[Said, ...]:
    """Say that a study has no mark where its estimate lies beyond the axis."""
    rows = [
        (drawn.axis, row) for drawn, panel in zip(page.panels, said.panels, strict=True) for row in panel_rows(panel)
    ]
    labels = [row.label for axis, row in rows if row.y < axis.low or row.y > axis.high]
    return (Said(role="footnote", text=f"Beyond the axis: {wording.listed(labels)}."),) if labels else ()


def _notes(page: Page, notes: Sequence[Said], said: Content, size: float) -> None:
    """Place the notes and, last, what may be said of the difference between strata."""
    differences = said.differences
    if not notes and not differences:
        return
    page.y += 12
    page.canvas.line("rule", (0, page.y), (page.width, page.y), style.RULE)
    page.y += 7
    for note in notes:
        page.paragraph(note, 0, size, style.INK if note.role == "no_bottom_line" else style.GREY)
    forest_strip.key_of(page, said.panels, size)
    if differences:
        page.y += 3
    for difference in differences:
        page.paragraph(difference, 0, style.BODY, style.INK)
    page.y += 2
