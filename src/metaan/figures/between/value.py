"""Chance that one more study settles the question, against its size."""

from metaan.figures import style, text
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import LABELS, WIDTH, Card
from metaan.figures.layout import Layout
from metaan.figures.repeated import Dots
from metaan.robustness.between.given import STRONGER, plural
from metaan.robustness.between.published import NORMAL
from metaan.robustness.between.value import OneMore, Value
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis

TITLE = "What one more study could settle"
HOW = (
    "Each row is one more study of a size; its dot shows the chance that the interval then leaves out no effect, its "
    "ring the chance that it leaves out the smallest effect that matters."
)

ROW = 17.0
START, END = LABELS, WIDTH - 94.0  #: 0 and 100 percent
WEAKER_ROWS = 1  #: sizes shown of designs that do not decide
MARK = 6.0  #: side of a mark
RING, INSIDE = 6.0, 4.6  #: radii of a ring


def lay_out(found: Value, analysis: Analysis) -> Layout:
    """Return the figure.

    Parameters
    ----------
    found : Value
        What `robustness.between.value.of` returned.
    analysis : Analysis
        Whose it is.
    """
    card = Card("value", analysis, TITLE)
    for measure in dict.fromkeys(one.measure for one in found.strata):
        as_they_stand.add(card, analysis, measure, [])
    targets = next((one.targets for one in found.strata if one.targets), ())
    if targets:
        card.y += 2
        ring = f" and the {targets[1].name} (ring)" if len(targets) > 1 else ""
        card.words("key", f"Chance to leave out {targets[0].name} (dot){ring}", style.TINY)
    for one in found.strata:
        card.y += 6
        _stratum(card, one)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: Value, analysis: Analysis) -> str:
    """Return what the figure shows in one sentence."""
    many = analysis.words.get("people", "people")
    strong = [one for one in found.strata if one.stratum in STRONGER]
    weak = [one for one in found.strata if one.stratum not in STRONGER]
    said = "; ".join(_said(one, found.power, many) for one in strong)
    if weak:
        said += f"; {wording.listed([f'one more {_singular(one.stratum)}' for one in weak], 'or')} adds nothing to that"
        said += ", as designs share no mean"
    return wording.sentence(said)


def _said(one: OneMore, power: float, many: str) -> str:
    kind = _singular(one.stratum)
    if not one.targets:
        size, se = one.sizes[-1], one.se_alone[-1]
        return (
            f"with one {kind} the spread between studies is not known, so no chance can be given; one more "
            f"{_as(one, size, many)} would by itself have a standard error of {wording.fixed(se, 2)}"
        )
    target = one.targets[0]
    wanted = wording.percent(100 * power)
    if target.now:
        chance = _chance(target.chance[0])
        return (
            f"the interval of the {plural(one.stratum)} leaves out no effect already, and would still do so after one "
            f"more {_as(one, one.sizes[0], many)} with a chance of {chance}"
        )
    if target.smallest is not None:
        return (
            f"one more {kind} {_as(one, target.smallest, many)} would have a chance of {wanted} to make the interval "
            "leave out no effect"
        )
    more = f"at least {wording.whole(target.studies)} more" if target.studies else "more than a thousand"
    return (
        f"no single further {kind}, however large, has a chance of {wanted} to make the interval leave out no effect "
        f"(its chance is {_chance(target.limit)}), because studies differ: {more} would be needed"
    )


def _singular(stratum: str) -> str:
    label = STRATA[stratum].label.lower()
    return label.removesuffix("s") if label.endswith("s") else f"{label} study"


def _as(one: OneMore, size: int, many: str) -> str:
    if one.unit == "people":
        return f"of {wording.whole(size)} {many}"
    return "as precise as the median one" if size == 1 else f"{wording.whole(size)} times as precise as the median one"


def _chance(percent: float) -> str:
    if percent > 99:
        return "over 99 %"
    return "under 1 %" if percent < 1 else wording.percent(percent)


def _stratum(card: Card, one: OneMore) -> None:
    """Draw the chances of one more study of a stratum."""
    canvas, stratum = card.canvas, STRATA[one.stratum]
    many = card.analysis.words.get("people", "people")
    card.words("heading", f"One more {_singular(one.stratum)}", style.SMALL, bold=True, colour=stratum.colour)
    if not one.targets:
        card.words("detail", f"{wording.sentence(one.remark)} By itself it would give the effect to within", style.TINY)
        _precision(card, one, many)
        return
    shown = len(one.sizes) if one.stratum in STRONGER else WEAKER_ROWS
    rows = [
        (_label(one, size, many), [target.chance[i] for target in one.targets])
        for i, size in enumerate(one.sizes[:shown])
    ]
    rows.append(("however large", [target.limit for target in one.targets]))
    top = card.y
    for share in (0, 50, 100):
        canvas.line("grid", (_x(share), top), (_x(share), top + ROW * len(rows)), style.RULE, 0.8)
    canvas.stratum = one.stratum
    rings = tuple((_x(chances[1]), top + ROW * (i + 0.5)) for i, (_, chances) in enumerate(rows) if chances[1:])
    for colour, radius in ((stratum.colour, RING), (style.PAPER, INSIDE)) if rings else ():
        canvas.items.append(
            Dots(
                role="ring",
                colour=colour,
                stratum=one.stratum,
                radius=radius,
                centres=rings,
                keys=tuple(label for label, _ in rows),
            )
        )
    for label, chances in rows:
        middle = card.y + ROW / 2
        canvas.text("label", 0, middle + 3.6, label, style.SMALL)
        canvas.mark("chance", _x(chances[0]), middle, MARK, stratum.marker, stratum.colour)
        said = " / ".join(_short(chance) for chance in chances)
        canvas.text("result", WIDTH, middle + 3.6, said, style.SMALL, anchor="end")
        card.y += ROW
    canvas.stratum = ""
    for share in (0, 50, 100):
        canvas.text("tick", _x(share), card.y + 10, f"{share} %", style.TINY, colour=style.GREY, anchor="middle")
    card.y += 14
    if one.stratum in STRONGER:
        _worth(card, one)


def _precision(card: Card, one: OneMore, many: str) -> None:
    """Draw how wide the interval of the new study by itself would be."""
    canvas, stratum = card.canvas, STRATA[one.stratum]
    halves = [NORMAL * se for se in one.se_alone]
    log = MEASURES[one.measure].scale == "log"
    canvas.stratum = one.stratum
    for size, half in zip(one.sizes, halves, strict=True):
        middle = card.y + ROW / 2
        canvas.text("label", 0, middle + 3.6, _label(one, size, many), style.SMALL)
        canvas.box("half", START, middle - 4, max((END - START) * half / max(halves), 1.0), 8, stratum.colour, 1)
        said = f"a factor of {wording.printed(one.measure, half)}" if log else f"± {wording.fixed(half, 2)}"
        if text.width(said, style.SMALL) > WIDTH - END - 4:
            said = wording.printed(one.measure, half) if log else f"± {wording.number(half)}"
        canvas.text("result", WIDTH, middle + 3.6, said, style.SMALL, anchor="end")
        card.y += ROW
    canvas.stratum = ""


def _x(percent: float) -> float:
    return START + (END - START) * percent / 100.0


def _short(chance: float) -> str:
    return ">99 %" if chance > 99 else "<1 %" if chance < 1 else wording.percent(chance)


def _label(one: OneMore, size: int, many: str) -> str:
    if one.unit == "people":
        return f"{wording.whole(size)} {many}"
    return "as the median study" if size == 1 else f"{size} times as precise"


def _worth(card: Card, one: OneMore) -> None:
    """Say what deciding now may lose, and how much of that the largest study shown would save."""
    measure = MEASURES[one.measure]
    unit = f"log {measure.label}" if measure.scale == "log" else measure.label
    losses, saved = [], []
    for target in one.targets:
        losses.append(f"{'below 0.001' if target.evpi < 0.001 else wording.fixed(target.evpi, 3)} ({target.name})")
        saved.append(wording.percent(100 * target.evsi[-1] / target.evpi) if target.evpi > 0 else "nothing")
    card.words(
        "detail",
        f"Expected loss of deciding now, in {unit}: {wording.listed(losses)}; "
        f"the largest study shown would save {wording.listed(saved)} of it",
        style.TINY,
        colour=style.GREY,
    )
