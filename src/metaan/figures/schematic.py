"""The flawed and the ideal design side by side, with the review's own studies placed on each and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metaan.design.placed import Placed
from metaan.figures import icons, style, text
from metaan.figures.forest_parts import Page
from metaan.figures.layout import Block, Layout
from metaan.terms import wording
from metaan.terms.designs import GRADE_COLOURS, STRATA

NAMED = 6  #: studies named in each lane


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """What one design looks like; words in braces are filled in by what was compared."""

    stratum: str
    title: str
    stations: tuple[str, str, str]
    says: str
    good: bool


_LANES = (
    _Lane(
        stratum="case_control",
        title="{Measured} after the outcome",
        stations=("The outcome happens", "People are chosen by outcome", "Then {measure}"),
        says="{after}",
        good=False,
    ),
    _Lane(
        stratum="cross_sectional",
        title="{Measured} at the same time",
        stations=("People are enrolled", "{Measure}", "with the outcome"),
        says="What came first cannot be told.",
        good=False,
    ),
    _Lane(
        stratum="prospective",
        title="{Measured} before the outcome",
        stations=("All eligible are enrolled", "{Measure}", "Then the outcome is awaited"),
        says="{before}",
        good=True,
    ),
    _Lane(
        stratum="treatment_cohort",
        title="Treated, not at random",
        stations=("People come for care", "A choice decides who is treated", "Then the outcome is awaited"),
        says="Those treated may have differed from the start.",
        good=False,
    ),
    _Lane(
        stratum="trial",
        title="Treated at random",
        stations=("All eligible are enrolled", "Chance decides who is treated", "Then the outcome is awaited"),
        says="Only chance sets the groups apart.",
        good=True,
    ),
)

#: lanes that are drawn even without a study, by what a review compares
_ALWAYS = {"treatment": ("treatment_cohort", "trial"), "": ("case_control", "prospective")}

_WORDS = {
    "marker": {
        "Measured": "Measured",
        "measure": "the level is measured",
        "Measure": "The level is measured",
        "after": "A level found now may be a result of the outcome.",
        "before": "The level came first, the outcome after it.",
    },
    "exposure": {
        "Measured": "Recorded",
        "measure": "the exposure is recorded",
        "Measure": "The exposure is recorded",
        "after": "What is remembered or found now may depend on the outcome.",
        "before": "The record came first, the outcome after it.",
    },
}


def lay_out(
    placed: Sequence[Placed], people: Mapping[str, str], *, review: str = "review", narrow: bool = False
) -> Layout:
    """Return the schematic of the designs.

    Parameters
    ----------
    placed : sequence of Placed
        See `design.placed.place`.
    people : mapping
        Words for those studied: one, many.
    review : str
        Name of the review, for ids in the SVG.
    narrow : bool
        For a narrow screen: what a lane holds stands under it instead of beside it.
    """
    page = Page(340 if narrow else 940)
    held = {item.stratum: item for item in placed}
    for lane in _lanes(held):
        page.canvas.stratum = lane.stratum
        top = page.y
        (_narrow_lane if narrow else _wide_lane)(page, lane, held.get(lane.stratum), people, _words(held))
        page.blocks.append(Block(stratum=lane.stratum, top=top, bottom=page.y))
        page.canvas.stratum = ""
        page.y += 12
    _key(page)
    kind = "narrow" if narrow else "wide"
    return Layout(
        name=f"{review}-schematic-{kind}",
        kind=f"schematic schematic-{kind}",
        title="What each design can show, and which studies have it",
        description=_description(held, people),
        width=page.width,
        height=page.y,
        items=tuple(page.canvas.items),
        blocks=tuple(page.blocks),
    )


def _lanes(held: Mapping[str, Placed]) -> list[_Lane]:
    kinds = {item.kind for item in held.values()}
    wanted = set(held)
    if "treatment" in kinds:
        wanted |= set(_ALWAYS["treatment"])
    if kinds - {"treatment"} or not kinds:
        wanted |= set(_ALWAYS[""])
    return [lane for lane in _LANES if lane.stratum in wanted]


def _words(held: Mapping[str, Placed]) -> Mapping[str, str]:
    kinds = [item.kind for item in held.values() if item.kind in _WORDS]
    return _WORDS[kinds[0] if kinds else "marker"]


def _description(held: Mapping[str, Placed], people: Mapping[str, str]) -> str:
    parts = []
    for lane in _lanes(held):
        item = held.get(lane.stratum)
        count = f"{wording.count(len(item.studies), 'study', 'studies')}" if item else "no study"
        parts.append(f"{lane.title.format(**_words(held)).lower()}: {count}")
    return wording.sentence("; ".join(parts))


def _wide_lane(
    page: Page, lane: _Lane, held: Placed | None, people: Mapping[str, str], words: Mapping[str, str]
) -> None:
    canvas, top, colour = page.canvas, page.y, STRATA[lane.stratum].colour
    behind = len(canvas.items)
    _title(page, lane, words, 20, top + 8, 172)
    title_end = page.y
    _drawing(page, lane, words, (214, 616), top + 14, 11)
    drawing_end = page.y
    page.y = top + 10
    _evidence(page, lane, held, people, 648, 280)
    page.y = max(page.y, title_end, drawing_end) + 10
    _card(page, behind, top, colour)


def _narrow_lane(
    page: Page, lane: _Lane, held: Placed | None, people: Mapping[str, str], words: Mapping[str, str]
) -> None:
    canvas, top, colour = page.canvas, page.y, STRATA[lane.stratum].colour
    behind = len(canvas.items)
    _title(page, lane, words, 16, top + 6, 312)
    _drawing(page, lane, words, (16, 330), page.y + 12, 11)
    page.y += 8
    _evidence(page, lane, held, people, 16, 312)
    page.y += 8
    _card(page, behind, top, colour)


def _card(page: Page, behind: int, top: float, colour: str) -> None:
    """Put a card under everything placed since the canvas held `behind` items."""
    canvas, end = page.canvas, len(page.canvas.items)
    canvas.box("card", 0, top, page.width, page.y - top, style.BAND, 6)
    canvas.box("edge", 0, top, 6, page.y - top, colour, 3)
    canvas.items[behind:] = [*canvas.items[end:], *canvas.items[behind:end]]


def _title(page: Page, lane: _Lane, words: Mapping[str, str], x: float, y: float, room: float) -> None:
    canvas, stratum = page.canvas, STRATA[lane.stratum]
    lines = text.wrap(lane.title.format(**words), 15, room, bold=True)
    y = canvas.lines("title", x, y + 15, lines, 15, 19, bold=True)
    canvas.mark("stratum-mark", x + 5, y - 5, 9, stratum.marker, stratum.colour)
    canvas.text("stratum", x + 16, y - 1.5, stratum.label, 11, colour=style.GREY)
    y += 13
    icons.verdict(canvas, x, y + 6, good=lane.good)
    said = text.wrap(lane.says.format(**words), 11.5, room - 24)
    page.y = canvas.lines("says", x + 24, y + 10, said, 11.5, 16) - 8


def _drawing(
    page: Page, lane: _Lane, words: Mapping[str, str], span: tuple[float, float], y: float, size: float
) -> None:
    """Draw the three stations over the arrow of time, their words under it."""
    canvas, colour = page.canvas, STRATA[lane.stratum].colour
    left, right = span
    step = (right - left - 14) / 3
    stations = (left + step / 2, left + 1.5 * step, left + 2.5 * step)
    people = icons.People(canvas)
    _PICTURES[lane.stratum](page, people, stations, y, colour, words)
    people.place()
    arrow = y + 64
    icons.time(canvas, left, right, arrow, stations, colour)
    pitch, last = 1.3 * size, 0
    for x, said in zip(stations, lane.stations, strict=True):
        lines = text.wrap(said.format(**words), size, step - 6)
        canvas.lines("station-words", x, arrow + 20, lines, size, pitch, anchor="middle")
        last = max(last, len(lines))
    page.y = arrow + 20 + pitch * (last - 1) + 4


def _measure(page: Page, x: float, y: float, colour: str, words: Mapping[str, str]) -> None:
    draw = icons.sample if words is _WORDS["marker"] else icons.record
    draw(page.canvas, x, y, colour)


def _colours(colour: str) -> dict[str, str]:
    """Return letter -> colour of a person: w with the outcome, n without it, u not known yet."""
    return {"w": style.INK, "n": icons.tint(colour, 0.42), "u": "#a9b1ba"}


Stations = tuple[float, float, float]
Words = Mapping[str, str]


def _after(page: Page, people: icons.People, at: Stations, y: float, colour: str, words: Words) -> None:
    people.rows(at[0], y + 2, ("nwnw", "wnwn"), _colours(colour))
    people.rows(at[1], y + 2, ("wwww", "nnnn"), _colours(colour))
    _measure(page, at[2], y + 8, colour, words)


def _same(page: Page, people: icons.People, at: Stations, y: float, colour: str, words: Words) -> None:
    people.rows(at[0], y + 2, ("uuuu", "uuuu"), _colours(colour))
    _measure(page, at[1], y + 8, colour, words)
    people.rows(at[2], y + 2, ("nwnn", "nnwn"), _colours(colour))


def _before(page: Page, people: icons.People, at: Stations, y: float, colour: str, words: Words) -> None:
    people.rows(at[0], y + 2, ("uuuu", "uuuu"), _colours(colour))
    _measure(page, at[1], y + 8, colour, words)
    people.rows(at[2], y + 2, ("nwnn", "nnwn"), _colours(colour))


def _parted(page: Page, people: icons.People, at: Stations, y: float, colour: str, rows: tuple[str, str]) -> None:
    people.rows(at[0], y + 2, ("uuuu", "uuuu"), _colours(colour))
    people.rows(at[2] + 6, y + 2, rows, _colours(colour))
    left = at[2] + 6 - 15 * (max(map(len, rows)) - 1) / 2 - 10
    icons.fork(page.canvas, (at[1], y + 26), ((left, y + 13), (left, y + 39)), style.AXIS)


def _chance(page: Page, people: icons.People, at: Stations, y: float, colour: str, words: Words) -> None:
    _parted(page, people, at, y, colour, ("nnwn", "nwnn"))
    icons.die(page.canvas, at[1], y + 11, colour)


def _choice(page: Page, people: icons.People, at: Stations, y: float, colour: str, words: Words) -> None:
    _parted(page, people, at, y, colour, ("nnnw", "nwnn"))
    icons.pill(page.canvas, at[1], y + 17.5, colour)


_PICTURES = {
    "case_control": _after,
    "cross_sectional": _same,
    "prospective": _before,
    "treatment_cohort": _choice,
    "trial": _chance,
}


def _evidence(page: Page, lane: _Lane, held: Placed | None, people: Mapping[str, str], x: float, room: float) -> None:
    """Say which of the review's studies have this design."""
    canvas, y = page.canvas, page.y
    if held is None:
        canvas.text("count", x, y + 15, "No study in this review", 13, bold=True)
        page.y = y + 20
        return
    canvas.text("count", x, y + 15, wording.count(len(held.studies), "study", "studies"), 15, bold=True)
    size = 10.5
    lines = text.wrap(_counted(held, people), size, room)
    y = canvas.lines("people", x, y + 32, lines, size, 14, colour=style.GREY) - 6
    y = _chips(page, held, x, y) + 8
    y = canvas.lines("names", x, y + 9, text.wrap(_names(held), size, room), size, 14) - 9
    if lane.stratum == "case_control" and held.controls:
        y = canvas.lines("controls", x, y + 13, text.wrap(_controls(held), size, room), size, 14, colour=style.GREY) - 9
    page.y = y


def _counted(held: Placed, people: Mapping[str, str]) -> str:
    """Return "44 comparisons, 5210 women; number not known in 3 studies"."""
    said = wording.count(held.comparisons, "comparison")
    if held.people:
        said += f", {wording.whole(held.people)} {people['many']}"
    if held.unknown:
        said += f"; number not known in {wording.count(held.unknown, 'study', 'studies')}"
    return said


def _chips(page: Page, held: Placed, x: float, y: float) -> float:
    canvas = page.canvas
    for letter, n in held.grades.items():
        canvas.box("grade", x, y, 17, 17, GRADE_COLOURS[letter], 3)
        ink = style.PAPER if letter in style.DARK_GRADES else style.INK
        canvas.text("grade-letter", x + 8.5, y + 12.4, letter, 10.5, colour=ink, anchor="middle", bold=True)
        x += 22 + canvas.text("grade-count", x + 22, y + 12.6, str(n), 11.5) + 14
    return y + 17


def _names(held: Placed) -> str:
    named = ", ".join(held.studies[:NAMED])
    more = len(held.studies) - NAMED
    return f"{named} and {more} more" if more > 0 else named


def _controls(held: Placed) -> str:
    shown = [f"{label} {n}" for label, n in held.controls[:3]]
    others = sum(n for _, n in held.controls[3:])
    silent = held.comparisons - sum(n for _, n in held.controls)
    shown += [f"others {others}"] if others else []
    shown += [f"not reported {silent}"] if silent else []
    return f"Controls: {'; '.join(shown)}"


def _key(page: Page) -> None:
    canvas, people, x = page.canvas, icons.People(page.canvas), 6.0
    colours = {"w": style.INK, "n": "#c9ced4", "u": "#a9b1ba"}
    for letter, said in (("u", "not known yet"), ("w", "with the outcome"), ("n", "without it (pale)")):
        people.rows(x, page.y, (letter,), colours)
        x += 12 + canvas.text("key", x + 10, page.y + 15, said, style.SMALL, colour=style.GREY) + 14
    people.place()
    page.y += 24
