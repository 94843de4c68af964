"""Signs of judgements: a filled circle for a reviewer's, a hollow one for a proposal, an empty ring for none."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from metaan.figures import palette, style, text
from metaan.figures.layout import Canvas
from metaan.figures.repeated import Dots, Point, Strokes
from metaan.terms.appraisal import LEVELS, PROPOSED, TYPED, Appraisal, JudgedDomain

NOT_ASSESSED = "not assessed"
HOLLOW = "hollow: proposed from recorded facts, not confirmed by a reviewer"

#: strokes of each sign, in a square from -1 to 1
_STROKES: dict[str, tuple[tuple[Point, ...], ...]] = {
    "low": (((-1, 0), (1, 0)), ((0, -1), (0, 1))),
    "some": (((-1, 0), (1, 0)),),
    "high": (((-0.8, -0.8), (0.8, 0.8)), ((-0.8, 0.8), (0.8, -0.8))),
    "critical": (((0, -1.15), (0, 0.35)), ((0, 0.75), (0, 1.15))),
    "none": (
        ((-0.68, -0.6), (-0.4, -1.05), (0.4, -1.05), (0.68, -0.6), (0, 0.05), (0, 0.45)),
        ((0, 0.8), (0, 1.15)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What one cell of a table of judgements shows."""

    level: str  #: of `LEVELS`; empty: no judgement
    by: str  #: TYPED, PROPOSED, or UNANSWERED
    stars: str = ""  #: number of stars, of a tool that counts

    @property
    def judged(self) -> bool:
        """Whether there is anything to see in it."""
        return bool(self.level or self.stars)

    @property
    def hollow(self) -> bool:
        """Whether nothing but facts stands behind it."""
        return self.by != TYPED


NO_SIGN = Sign(level="", by="")


def sign(found: JudgedDomain | Appraisal) -> Sign:
    """Return the sign of a domain or of an overall judgement."""
    stars = found.stars if isinstance(found, JudgedDomain) else None
    shown = "" if stars is None else str(stars)
    return Sign(level=found.level, by=found.by if found.level or shown else "", stars=shown)


class Signs:
    """Collects signs of one size and places them on a canvas, alike ones as one shape."""

    def __init__(self, canvas: Canvas, radius: float) -> None:
        self.canvas = canvas
        self.radius = radius
        self._dots: dict[tuple[int, str, str, float], list[tuple[Point, str]]] = defaultdict(list)
        self._strokes: dict[str, list[tuple[tuple[Point, ...], str]]] = defaultdict(list)
        self._stars: list[tuple[float, float, Sign, str]] = []

    def add(self, x: float, y: float, shown: Sign, key: str = "") -> None:
        """Place a sign round a centre; `key` says whose it is."""
        r = self.radius
        at = ((x, y), key)
        if not shown.judged:
            self._dots[1, "ring", palette.RING, 0.72 * r].append(at)
            self._dots[3, "inside", style.PAPER, 0.72 * r - 0.8].append(at)
            return
        self._dots[0, "edge", palette.EDGE, r].append(at)
        fill = palette.LEVEL_COLOURS[shown.level] if shown.level else palette.COUNTED
        self._dots[2, _role(shown), fill, r - 0.6].append(at)
        if shown.hollow:
            self._dots[3, "inside", style.PAPER, 0.64 * r].append(at)
        if shown.stars:
            ink = palette.sign_ink(shown.level, hollow=shown.hollow) if shown.level else palette.SIGN_INK
            self._stars.append((x, y, shown, ink))
            return
        reach = round((0.36 if shown.hollow else 0.46) * r, 1)
        ink = palette.sign_ink(shown.level, hollow=shown.hollow)
        for line in _STROKES[shown.level]:
            self._strokes[ink].append(
                (tuple((x + round(reach * dx, 1), y + round(reach * dy, 1)) for dx, dy in line), key)
            )

    def place(self) -> None:
        """Put everything collected on the canvas."""
        placed = self.canvas
        for (_, role, colour, radius), found in sorted(self._dots.items(), key=lambda item: item[0]):
            centres, keys = zip(*found, strict=True)
            placed.items.append(
                Dots(
                    role=role,
                    colour=colour,
                    stratum=placed.stratum,
                    row=placed.row,
                    radius=radius,
                    centres=centres,
                    keys=keys,
                )
            )
        for ink, strokes in sorted(self._strokes.items()):
            lines, keys = zip(*strokes, strict=True)
            placed.items.append(
                Strokes(
                    role="sign",
                    colour=ink,
                    stratum=placed.stratum,
                    row=placed.row,
                    thickness=0.2 * self.radius,
                    lines=lines,
                    keys=keys,
                )
            )
        for x, y, shown, ink in self._stars:
            size = (1.35 if len(shown.stars) == 1 else 1.1) * self.radius
            bold = not shown.hollow
            placed.text("stars", x, y + 0.36 * size, shown.stars, size, colour=ink, anchor="middle", bold=bold)
        self._dots.clear()
        self._strokes.clear()
        self._stars.clear()


def _role(shown: Sign) -> str:
    return f"{shown.level or 'stars'} {'proposed' if shown.hollow else 'judged'}"


def _firmest(by: Iterable[str]) -> str:
    """Return whose judgement stands for a level: a reviewer's if there is one."""
    return TYPED if TYPED in set(by) else PROPOSED


def key(canvas: Canvas, shown: Iterable[Sign], y: float, limit: float, radius: float, size: float) -> float:
    """Place a key of the looks in use, from left to right and on as many lines as it takes; return its lower end."""
    seen = tuple(shown)
    entries = [
        (Sign(level=level, by=_firmest(each.by for each in seen if each.level == level)), palette.LEVEL_WORDS[level])
        for level in LEVELS
        if any(each.level == level for each in seen)
    ]
    if any(not each.judged for each in seen):
        entries.append((NO_SIGN, NOT_ASSESSED))
    proposed = [each for each in seen if each.judged and each.by == PROPOSED]
    if proposed:
        first = next((level for level in LEVELS if any(each.level == level for each in proposed)), "none")
        entries.append((Sign(level=first, by=PROPOSED), HOLLOW))
    signs = Signs(canvas, radius)
    lead, pitch = 2 * radius + 5, max(1.5 * size, 2 * radius + 3)
    x = 0.0
    for each, words in entries:
        wide = lead + text.width(words, size)
        if x and x + wide > limit:
            x, y = 0.0, y + pitch
        lines = text.wrap(words, size, limit - lead)
        signs.add(x + radius, y + pitch / 2, each, "key")
        canvas.lines("sign-key", x + lead, y + pitch / 2 + 0.36 * size, lines, size, pitch, colour=style.GREY)
        y += pitch * (len(lines) - 1)
        x += wide + 14
    signs.place()
    return y + pitch
