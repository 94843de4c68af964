"""What stands on what in a layout: texts on texts or on drawn shapes, and whatever leaves the page."""

from itertools import combinations

from metaan.figures.draw import render
from metaan.figures.repeated import REPEATED
from metaan.figures.style import TINY

HAIR = 0.01
#: what lies under texts on purpose
GROUND = frozenset(["card", "edge", "band", "rule"])


def meet(one, other):
    return (
        one[0] < other[2] - HAIR and other[0] < one[2] - HAIR and one[1] < other[3] - HAIR and other[1] < one[3] - HAIR
    )


def shapes(layout):
    """Role and extent of everything drawn that is no text and no ground."""
    for item in layout.items:
        if item in layout.texts or item.role in GROUND:
            continue
        boxes = getattr(item, "boxes", ()) if isinstance(item, REPEATED) else ()
        for box in boxes or (item.box,):
            yield item.role, box


def collisions(layout):
    """Texts that overlap a text or a shape that is not their own."""
    found = [(a.text, b.text) for a, b in combinations(layout.texts, 2) if meet(a.box, b.box)]
    drawn = list(shapes(layout))
    for text in layout.texts:
        own = "grade" if text.role == "grade-letter" else None
        found += [(text.text, role) for role, box in drawn if role != own and meet(text.box, box)]
    return found


def outside(layout):
    """Items that leave the page."""
    return [
        (item.role, item.box)
        for item in layout.items
        if item.box[0] < -HAIR
        or item.box[2] > layout.width + HAIR
        or item.box[1] < -HAIR
        or item.box[3] > layout.height + HAIR
    ]


def check_tidy(layout, most=None):
    """Assert that nothing overlaps, nothing leaves the page, all can be read, and the SVG stays below `most` bytes."""
    assert collisions(layout) == []
    assert outside(layout) == []
    assert min(text.size for text in layout.texts) >= TINY
    if most is not None:
        assert len(render(layout, "svg")) < most
