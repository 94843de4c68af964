"""The effect axis of a forest plot: range, ticks, and the way from a value to a place."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metaan.figures.text import width
from metaan.terms import wording
from metaan.terms.measures import MEASURES, Measure
from metaan.terms.records import Interval

STUDY_REACH = 0.6  #: of the span of the point estimates: how far the axis follows a study's limit beyond them
POOLED_REACH = 1.1
OVERHANG = 10.0  #: how far a tick label may stand out beyond an end of the axis
FAR = 4.0
EDGE = 0.03  #: of the range, left free on either side

_MANTISSAS = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on the axis and its label."""

    value: float  #: working scale
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Working-scale values `low` to `high` drawn from `x0` to `x1`."""

    measure: str
    low: float
    high: float
    x0: float
    x1: float
    ticks: tuple[Tick, ...]

    def at(self, value: float) -> float:
        """Return where a working-scale value stands, held inside the axis."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.x0 + share * (self.x1 - self.x0)

    @property
    def null(self) -> float:
        """Place of no difference."""
        measure = MEASURES[self.measure]
        return self.at(measure.working(measure.null))


def build(
    measure: str,
    points: Sequence[float],
    limits: Sequence[Interval],
    pooled: Sequence[Interval],
    small: Sequence[Interval],
    x0: float,
    x1: float,
    size: float,
) -> Axis:
    """Choose range and ticks.

    The null, the thresholds and the point estimates lie inside, unless an estimate stands far off all others. Limits of
    studies, diamonds and prediction intervals widen the range only so far, lest one flatten the rest; what lies beyond
    gets an arrow.

    Parameters
    ----------
    measure : str
        Key of `MEASURES`.
    points, limits : sequences of length k
        Study estimates and their limits, working scale.
    pooled : sequence of Interval
        Limits of diamonds and prediction intervals.
    small : sequence of Interval
        Thresholds of a small effect.
    x0, x1 : float
        Places of the two ends.
    size : float
        Font size of the tick labels.
    """
    m = MEASURES[measure]
    null = m.working(m.null)
    core = [null, *_without_far(points), *(end for limit in small for end in (limit.low, limit.high))]
    low, high = min(core), max(core)
    halves = sorted((limit.high - limit.low) / 2 for limit in limits)
    half = halves[(len(halves) - 1) // 2] if halves else 0.0
    reach = max(high - low, half) or math.log(2) if m.scale == "log" else max(high - low, half) or 1.0
    study = max(STUDY_REACH * reach, half)
    wide = max(POOLED_REACH * reach, half)
    left = min([low, *(max(limit.low, low - study) for limit in limits), *(max(p.low, low - wide) for p in pooled)])
    right = max(
        [high, *(min(limit.high, high + study) for limit in limits), *(min(p.high, high + wide) for p in pooled)]
    )
    if right - left <= 0:
        left, right = left - reach / 2, right + reach / 2
    edge = EDGE * (right - left)
    left, right = left - edge, right + edge
    return Axis(measure=measure, low=left, high=right, x0=x0, x1=x1, ticks=_ticks(m, left, right, x1 - x0, size))


def _without_far(points: Sequence[float]) -> list[float]:
    """Drop points further from the median than `FAR` times the distance most of them keep from it."""
    ordered = sorted(points)
    if len(ordered) < 4:
        return ordered
    median = ordered[len(ordered) // 2]
    spread = sorted(abs(point - median) for point in ordered)[(3 * len(ordered)) // 4]
    return [point for point in ordered if abs(point - median) <= FAR * spread] or ordered


def _ticks(measure: Measure, low: float, high: float, room: float, size: float) -> tuple[Tick, ...]:
    """Return the richest set of round values whose labels stand clear of each other."""
    best: tuple[Tick, ...] = (Tick(value=measure.working(measure.null), label=wording.number(measure.null)),)
    for values in _candidates(measure, low, high):
        ticks = tuple(
            Tick(value=measure.working(value), label=wording.number(value))
            for value in values
            if low <= measure.working(value) <= high
        )
        if _clear(ticks, low, high, room, size) and len(ticks) > len(best):
            best = ticks
        if len(best) >= 4:
            break
    return best


def _candidates(measure: Measure, low: float, high: float) -> Iterable[tuple[float, ...]]:
    if measure.scale == "linear":
        span = high - low
        power = 10.0 ** math.floor(math.log10(span))
        for step in (power, power / 2, power / 4, power / 5, power / 10, 2 * power, 5 * power):
            first = math.ceil(low / step)
            yield tuple((first + i) * step for i in range(math.floor(high / step) - first + 1))
        return
    least, most = math.floor(low / math.log(10)), math.ceil(high / math.log(10))
    for gap in (4, 2, 1):
        yield tuple(10.0**i for i in range(least - least % gap, most + 1, gap))
    if measure.ticks:
        yield measure.ticks
    for mantissas in _MANTISSAS:
        yield tuple(mantissa * 10.0**i for i in range(least - 1, most + 1) for mantissa in mantissas)
    for step in (0.1, 0.05, 0.02, 0.01):
        if math.exp(high) / step < 400:
            first = max(math.ceil(math.exp(low) / step), 1)
            yield tuple((first + i) * step for i in range(math.floor(math.exp(high) / step) - first + 1))


def _clear(ticks: Sequence[Tick], low: float, high: float, room: float, size: float) -> bool:
    places = [(tick.value - low) / (high - low) * room for tick in ticks]
    halves = [width(tick.label, size) / 2 for tick in ticks]
    gap = 0.7 * size
    if ticks and (places[0] - halves[0] < -OVERHANG or places[-1] + halves[-1] > room + OVERHANG):
        return False
    return all(places[i] + halves[i] + gap <= places[i + 1] - halves[i + 1] for i in range(len(ticks) - 1))
