"""The facts behind each grade as a table of signs: comparisons in blocks by design, conditions across."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from metaan.design.matrix import MatrixBlock, MatrixRow
from metaan.figures import style, text
from metaan.figures.forest_parts import Page
from metaan.figures.layout import Block, Layout
from metaan.figures.repeated import Tiles
from metaan.figures.signs import Sign, Signs
from metaan.terms import wording
from metaan.terms.appraisal import LEVELS, PROPOSED, TYPED
from metaan.terms.designs import GRADE_COLOURS, STRATA

_WORDS = {
    "low": "met, or low risk",
    "some": "partly met, or some concerns",
    "high": "not met, or high risk",
    "critical": "critical risk",
    "none": "not reported, or no information",
}
_CONDITION_WORDS = {"low": "met", "some": "partly met", "high": "not met", "none": "not reported"}


FEW = 3  #: from this number on, comparisons with nothing to show share a paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Measures of one of the two forms."""

    width: float
    label: float  #: least room for the name of a comparison
    column: float  #: widest a column gets
    pitch: float  #: of rows
    radius: float
    size: float
    grade: float  #: room for grade and best case
    numbered: bool  #: heads are numbers, their words stand over the block


_WIDE = _Form(width=940, label=372, column=80, pitch=18, radius=6, size=11, grade=88, numbered=False)
_NARROW = _Form(width=340, label=120, column=24, pitch=22, radius=7, size=11.5, grade=72, numbered=True)


def lay_out(blocks: Sequence[MatrixBlock], *, review: str = "review", narrow: bool = False) -> Layout:
    """Return the table of facts against comparisons.

    Parameters
    ----------
    blocks : sequence of MatrixBlock
        See `design.matrix.matrix`.
    review : str
        Name of the review, for ids in the SVG.
    narrow : bool
        For a narrow screen: columns carry numbers, their words stand over each block.
    """
    form = _NARROW if narrow else _WIDE
    page = Page(form.width)
    for block in blocks:
        page.canvas.stratum = block.stratum
        _block(page, form, block)
        page.canvas.stratum = ""
        page.y += 16
    _key(page, form, blocks)
    kind = "narrow" if narrow else "wide"
    return Layout(
        name=f"{review}-grades-{kind}",
        kind=f"grades grades-{kind}",
        title="What each comparison meets",
        description=_description(blocks),
        width=form.width,
        height=page.y,
        items=tuple(page.canvas.items),
        blocks=tuple(page.blocks),
    )


def _description(blocks: Sequence[MatrixBlock]) -> str:
    parts = []
    for block in blocks:
        counted = Counter(row.grade for row in block.rows)
        grades = wording.listed([f"{n} {letter}" for letter, n in sorted(counted.items())])
        parts.append(f"{STRATA[block.stratum].label}: {wording.count(len(block.rows), 'comparison')}, {grades}")
    return wording.sentence("; ".join(parts)) if parts else "No comparison."


def _block(page: Page, form: _Form, block: MatrixBlock) -> None:
    top = page.y
    stratum = STRATA[block.stratum]
    canvas = page.canvas
    canvas.box("band", 0, page.y, form.width, 26, style.BAND, 4)
    canvas.mark("stratum-mark", 14, page.y + 13, 9, stratum.marker, stratum.colour)
    wide = canvas.text("stratum", 26, page.y + 17, stratum.label, 12.5, bold=True)
    order = f"{stratum.order}; {len(block.rows)}"
    if text.width(order, style.SMALL) <= form.width - 36 - wide:
        canvas.text("order", 34 + wide, page.y + 17, order, style.SMALL, colour=style.GREY)
    page.y += 32
    told, silent = _told(block)
    if told:
        _heads(page, form, block)
        _rows(page, form, block, told)
    if silent:
        page.y += 6 if told else 0
        _silent(page, form, block, silent)
    page.blocks.append(Block(stratum=block.stratum, top=top, bottom=page.y))


def _told(block: MatrixBlock) -> tuple[list[MatrixRow], list[MatrixRow]]:
    """Return the comparisons that take a row, and those with nothing to show; if many, these share a paragraph."""
    silent = [row for row in block.rows if all(level in ("", "none") for level, _ in row.states)]
    if len(silent) < FEW and len(silent) < len(block.rows):
        return list(block.rows), []
    return [row for row in block.rows if row not in silent], silent


def _columns(form: _Form, count: int) -> tuple[float, list[float]]:
    """Return where the columns begin, next to the grades, and the middle of each."""
    end = form.width - form.grade
    pitch = min(form.column, (end - form.label) / max(count, 1))
    start = end - pitch * count
    return start, [start + pitch * (i + 0.5) for i in range(count)]


def _grade_places(form: _Form) -> tuple[float, float]:
    """Return the middles of grade and best case."""
    return form.width - 0.72 * form.grade, form.width - 0.22 * form.grade


def _heads(page: Page, form: _Form, block: MatrixBlock) -> None:
    canvas, size = page.canvas, 10.5 if form.numbered else 9.5
    _, middles = _columns(form, len(block.heads))
    now, best = _grade_places(form)
    if form.numbered:
        named = [f"{i}\N{NO-BREAK SPACE}{head}" for i, head in enumerate(block.heads, 1)]
        for line in text.wrap("; ".join(named), size, form.width):
            canvas.text("column-key", 0, page.y + size, line, size, colour=style.GREY)
            page.y += 1.4 * size
        page.y += 8
        for i, x in enumerate(middles, 1):
            canvas.text("head", x, page.y + size, str(i), size, colour=style.GREY, anchor="middle")
        lines = 1
    else:
        room = (middles[1] - middles[0] if len(middles) > 1 else form.column) - 6
        wrapped = [text.wrap(head, size, room) for head in block.heads]
        lines = max(map(len, wrapped))
        for x, words in zip(middles, wrapped, strict=True):
            y = page.y + size + 1.25 * size * (lines - len(words))
            canvas.lines("head", x, y, words, size, 1.25 * size, colour=style.GREY, anchor="middle")
    last = page.y + size + 1.25 * size * (lines - 1)
    canvas.text("head", now, last, "Grade", size, colour=style.GREY, anchor="middle")
    canvas.text("head", best, last, "Best", size, colour=style.GREY, anchor="middle")
    page.y += size + 1.25 * size * (lines - 1) + 5
    canvas.line("rule", (0, page.y), (form.width, page.y), style.RULE)
    page.y += 3


def _rows(page: Page, form: _Form, block: MatrixBlock, rows: Sequence[MatrixRow]) -> None:
    canvas = page.canvas
    start, middles = _columns(form, len(block.heads))
    now, best = _grade_places(form)
    labels = Counter(row.label for row in rows)
    signs = Signs(canvas, form.radius)
    badges: dict[str, list[tuple[tuple[float, float, float, float], str]]] = {}
    half = 0.42 * form.pitch
    for row in rows:
        canvas.row = row.design_id
        middle = page.y + form.pitch / 2
        base = middle + 0.36 * form.size
        page.y += form.pitch
        _name(page, form, row, base, start - 10, told_apart=labels[row.label] > 1)
        for x, (level, by) in zip(middles, row.states, strict=True):
            signs.add(x, middle, Sign(level=level, by=by), row.design_id)
        box = (now - half, middle - half, now + half, middle + half)
        badges.setdefault(row.grade, []).append((box, row.design_id))
        ink = style.PAPER if row.grade in style.DARK_GRADES else style.INK
        canvas.text("grade-letter", now, middle + 3.8, row.grade, 10.5, colour=ink, anchor="middle", bold=True)
        if row.best != row.grade:
            canvas.text("best", best, middle + 3.8, row.best, 10.5, colour=style.GREY, anchor="middle")
    canvas.row = ""
    first = next(
        i for i, item in enumerate(canvas.items) if item.role == "grade-letter" and item.stratum == block.stratum
    )
    tiles = [
        Tiles(
            role="grade",
            colour=GRADE_COLOURS[letter],
            stratum=block.stratum,
            boxes=tuple(box for box, _ in found),
            keys=tuple(key for _, key in found),
        )
        for letter, found in sorted(badges.items())
    ]
    canvas.items[first:first] = tiles
    signs.place()


def _name(page: Page, form: _Form, row: MatrixRow, base: float, room: float, *, told_apart: bool) -> None:
    """Place the name of a comparison; what it compares stands beside it, or under it where room is narrow."""
    canvas = page.canvas
    if form.numbered:
        canvas.text("name", 0, base, _cut(row.label, form.size, room), form.size)
        if told_apart:
            page.y += 9
            canvas.text("contrast", 0, base + 11, _cut(row.contrast, 8.5, room), 8.5, colour=style.GREY)
        return
    wide = canvas.text("name", 0, base, _cut(row.label, form.size, room), form.size)
    left = room - wide - 6
    if left > 60:
        canvas.text("contrast", wide + 6, base, _cut(row.contrast, 9, left), 9, colour=style.GREY)


def _cut(words: str, size: float, room: float) -> str:
    """Return words cut to a width, with an ellipsis."""
    if text.width(words, size) <= room:
        return words
    while words and text.width(words + "…", size) > room:
        words = words[:-1]
    return words.rstrip(" ,;-") + "…"


def _silent(page: Page, form: _Form, block: MatrixBlock, rows: Sequence[MatrixRow]) -> None:
    """Name the comparisons of which nothing is reported, or which nobody has judged, one paragraph a grade."""
    by_grade: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        by_grade.setdefault((row.grade, row.best), []).append(row.label)
    size = form.size - 0.5
    for (grade, best), labels in by_grade.items():
        names = [label if n == 1 else f"{label} ({n})" for label, n in Counter(labels).items()]
        at_best = f", {best} at best" if best != grade else ""
        why = f"{block.tool} not assessed" if block.tool else f"not reported: {'; '.join(block.heads).lower()}"
        canvas, height = page.canvas, 1.45 * size
        canvas.box("grade", 0, page.y, 17, 17, GRADE_COLOURS[grade], 3)
        ink = style.PAPER if grade in style.DARK_GRADES else style.INK
        canvas.text("grade-letter", 8.5, page.y + 12.4, grade, 10.5, colour=ink, anchor="middle", bold=True)
        said = f"{wording.count(len(labels), 'comparison')}{at_best}; {why}. {', '.join(names)}"
        lines = text.wrap(said, size, form.width - 26)
        canvas.lines("silent", 26, page.y + 12.4, lines, size, height, colour=style.GREY)
        page.y += max(17, height * len(lines)) + 5


def _key(page: Page, form: _Form, blocks: Sequence[MatrixBlock]) -> None:
    """Place the meaning of the signs in use."""
    shown = [cell for block in blocks for row in _told(block)[0] for cell in row.states]
    if not shown:
        page.y -= 16
        return
    words = _WORDS if any(block.tool and _told(block)[0] for block in blocks) else _CONDITION_WORDS
    entries = [
        (Sign(level=level, by=TYPED), words[level]) for level in LEVELS if any(cell[0] == level for cell in shown)
    ]
    if any(not level for level, _ in shown):
        entries.append((Sign(level="", by=""), "not assessed"))
    if any(by == PROPOSED and level for level, by in shown):
        entries.append((Sign(level="none", by=PROPOSED), "hollow: from facts, not confirmed"))
    size, pitch, lead = 10.0, 2 * form.radius + 6, 2 * form.radius + 5
    signs, x = Signs(page.canvas, form.radius), 0.0
    for sign, said in entries:
        wide = lead + text.width(said, size)
        if x and x + wide > form.width:
            x, page.y = 0.0, page.y + pitch
        signs.add(x + form.radius, page.y + pitch / 2, sign, "key")
        page.canvas.text("key", x + lead, page.y + pitch / 2 + 0.36 * size, said, size, colour=style.GREY)
        x += wide + 14
    signs.place()
    page.y += pitch + 2
    said = "Grade by what is reported; best: if every fact that is not reported were favourable."
    for line in text.wrap(said, size, form.width):
        page.canvas.text("key", 0, page.y + size, line, size, colour=style.GREY)
        page.y += 1.4 * size
    page.y += 2
