"""What all reasonable analyses of each stratum say, and which choice moves the result most."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaan.robustness.between.given import Given
from metaan.robustness.between.specifications import (
    INTERVALS,
    MOST,
    SAME,
    SEED,
    TAU2,
    Specifications,
    Tried,
    combine,
    fit,
)
from metaan.robustness.between.universe import PLANNED, RULES, Universe, universe
from metaan.terms.records import Interval, Record, Synthesis

ASSUMPTION = (
    "every choice is taken to be one that a careful reviewer could have made; all these analyses share the studies and "
    "so their biases, and their agreement is no proof against such bias"
)
ESTIMATOR = "Estimator"  #: what is varied by the estimators of tau2
TOO_FEW = "fewer than two studies with a usable result"
ONE_SET = "only one set of results can be pooled, so that analyses differ in their estimator alone"
DRAWN = 60  #: analyses kept for the curve, evenly spaced in the order of their estimates

#: columns of the table of all analyses; effects and limits on the working scale
COLUMNS = (
    *("stratum", "measure", *RULES, "estimator", "interval"),
    *("k", "estimate", "ci_low", "ci_high", "tau2", "i2"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed(Record):
    """One analysis of many."""

    choices: dict[str, str]  #: what departs from the plan, the estimator and the interval
    k: int
    estimate: float
    ci: Interval
    tau2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Record):
    """What one kind of choice does to the estimate."""

    kind: str  #: "Country"
    medians: tuple[float, ...]  #: of the analyses with each way to settle it, the planned one among them; ascending
    lowest: str  #: the way with the lowest median
    highest: str

    @property
    def span(self) -> float:
        """Distance between the lowest and the highest median."""
        return self.medians[-1] - self.medians[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumMultiverse(Record):
    """All reasonable analyses of one stratum; effects on the working scale, shares between 0 and 1."""

    stratum: str
    measure: str
    k: int
    main: float  #: pooled effect of the main analysis, or the effect of its one study
    main_ci: Interval
    small: Interval | None  #: thresholds of a small effect
    specifications: int  #: different analyses: each set of data on each model, counted once
    fits: int  #: fits of tau2 behind them
    data: int  #: different sets of data
    possible: int  #: ways to combine the choices
    tried: int  #: specifications + repeated + unsuited + too_few
    repeated: int  #: led to data and a model that were counted already
    unsuited: int  #: an interval that does not exist, or that nobody would put on two studies or on equal effects
    too_few: int  #: left fewer than two studies
    mixtures: int  #: ways to take one result of each study
    mixtures_tried: int
    levels: dict[str, int]  #: choice -> ways to settle it, the planned one among them
    median: float
    lowest: Analysed
    highest: Analysed
    below: float  #: share of the estimates below that of the main analysis
    agree: float  #: share of the estimates on the same side of no effect as the main one
    leaves_out: float  #: share of the intervals that leave out no effect
    other_way: float  #: share of the intervals that leave out no effect on the side away from the main estimate
    beyond: float  #: share of the intervals that lie beyond a threshold of a small effect; NaN without one
    crosses: float  #: share of the intervals that hold a threshold
    by_interval: dict[str, float]  #: kind of interval -> share that leaves out no effect
    moves: tuple[Moved, ...]  #: kinds of choices, the one that moves the estimate most first
    curve_estimates: tuple[float, ...]  #: ascending, `DRAWN` analyses at most
    curve_lows: tuple[float, ...]
    curve_highs: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiverse(Record):
    """All reasonable analyses of every stratum."""

    strata: tuple[StratumMultiverse, ...]
    not_done: dict[str, str]  #: stratum -> why not
    assumption: str
    settings: dict[str, Any]  #: tau2, interval, level, most, seed


def of(given: Given) -> Multiverse | str:
    """Analyse every stratum of an analysis in all reasonable ways; the reason in words where none can be."""
    return _all(given)[0]


def with_table(given: Given) -> tuple[Multiverse | str, list[dict[str, Any]]]:
    """Return what `of` returns, and every analysis as a row with `COLUMNS`."""
    found, specifications = _all(given)
    if isinstance(found, str):
        return found, []
    return found, [
        row
        for stratum, each in zip(found.strata, specifications, strict=True)
        for row in specification_rows(stratum.stratum, stratum.measure, each)
    ]


def specification_rows(stratum: str, measure: str, found: Specifications) -> list[dict[str, Any]]:
    """Return the analyses of one stratum as rows with `COLUMNS`."""
    arrays = (found.k, found.estimate, found.ci.low, found.ci.high, found.tau2, found.i2)
    columns = (*(found.choices[name] for name in COLUMNS[2:-6]), *(np.asarray(each).tolist() for each in arrays))
    return [dict(zip(COLUMNS, (stratum, measure, *values), strict=True)) for values in zip(*columns, strict=True)]


def _all(given: Given) -> tuple[Multiverse | str, list[Specifications]]:
    settings = given.settings("multiverse")
    tau2, interval = tuple(settings.get("tau2", TAU2)), tuple(settings.get("interval", INTERVALS))
    strata, specifications, not_done = [], [], {}
    for synthesis in given.strata:
        every = universe(given, synthesis)
        found = _fitted(given, synthesis, every, tau2, interval)
        if found is None or found.data < 2:
            not_done[synthesis.stratum] = ONE_SET if found else TOO_FEW
            continue
        strata.append(_summary(synthesis, every, found))
        specifications.append(found)
    if not strata:
        return "; ".join(dict.fromkeys(not_done.values())) or "no study in the main pool", []
    record = Multiverse(
        strata=tuple(strata),
        not_done=not_done,
        assumption=ASSUMPTION,
        settings={
            "tau2": ", ".join(tau2),
            "interval": ", ".join(interval),
            "level": given.protocol.level,
            "most": MOST,
            "seed": SEED,
        },
    )
    return record, specifications


def _fitted(
    given: Given, synthesis: Synthesis, every: Universe, tau2: tuple[str, ...], interval: tuple[str, ...]
) -> Specifications | None:
    """Fit a stratum; the model of the main analysis is among those tried whatever the settings say."""
    model, drawn = given.plan.model["tau2"], given.plan.model["interval"]
    if synthesis.k == 2 and drawn == "mKH":
        drawn = "Wald"
    if SAME.get(model, model) not in {SAME.get(name, name) for name in tau2}:
        tau2 = (model, *tau2)
    if drawn not in interval:
        interval = (drawn, *interval)
    index, possible = combine([len(levels) for levels in every.factors.values()])
    return fit(
        every.y,
        every.v,
        Tried(index, every.masks(index), possible),
        {name: [level.name for level in levels] for name, levels in every.factors.items()},
        tau2=tau2,
        interval=interval,
        level=given.protocol.level,
        main=(model, drawn),
    )


def _summary(synthesis: Synthesis, every: Universe, found: Specifications) -> StratumMultiverse:
    first = synthesis.estimates[0]
    main, main_ci = (synthesis.pooled.estimate, synthesis.pooled.ci) if synthesis.pooled else (first.effect.y, first.ci)
    y, low, high = found.estimate, np.asarray(found.ci.low), np.asarray(found.ci.high)
    above, under = low > 0, high < 0
    out = above | under
    order = np.lexsort((high, low, y))
    drawn = order[np.round(np.linspace(0, len(y) - 1, min(DRAWN, len(y)))).astype(int)]
    kinds = np.array(found.choices["interval"], dtype=object)
    small = synthesis.small
    beyond = crosses = math.nan
    if small is not None:
        beyond = _share((low > small.high) | (high < small.low))
        crosses = _share(_holds(low, high, small.low) | _holds(low, high, small.high))
    return StratumMultiverse(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        main=main,
        main_ci=main_ci,
        small=small,
        specifications=len(y),
        fits=found.fits,
        data=found.data,
        possible=found.possible,
        tried=found.tried,
        repeated=found.repeated,
        unsuited=found.unsuited,
        too_few=found.too_few,
        mixtures=every.mixtures,
        mixtures_tried=len(every.factors["results"]),
        levels={name: len(levels) for name, levels in every.factors.items()},
        median=float(np.median(y)),
        lowest=_analysed(found, int(order[0])),
        highest=_analysed(found, int(order[-1])),
        below=_share(y < main - 1e-9),
        agree=_share(np.sign(y) == np.sign(main)),
        leaves_out=_share(out),
        other_way=_share(under if main > 0 else above),
        beyond=beyond,
        crosses=crosses,
        by_interval={name: _share(out[kinds == name]) for name in dict.fromkeys(found.choices["interval"])},
        moves=_moves(every, found.medians),
        curve_estimates=tuple(y[drawn].tolist()),
        curve_lows=tuple(low[drawn].tolist()),
        curve_highs=tuple(high[drawn].tolist()),
    )


def _share(which: Any) -> float:
    return float(np.mean(which))


def _holds(low: Any, high: Any, value: float) -> Any:
    return (low <= value) & (value <= high)


def _analysed(found: Specifications, i: int) -> Analysed:
    return Analysed(
        choices={name: chosen[i] for name, chosen in found.choices.items() if chosen[i] != PLANNED},
        k=int(found.k[i]),
        estimate=float(found.estimate[i]),
        ci=Interval(float(found.ci.low[i]), float(found.ci.high[i])),  # type: ignore[index]
        tau2=float(found.tau2[i]),
    )


def _moves(every: Universe, medians: Mapping[str, Mapping[str, float]]) -> tuple[Moved, ...]:
    """Return what each kind of choice does, the one with the widest range of medians first."""
    kinds: dict[str, dict[str, float]] = {ESTIMATOR: dict(medians["estimator"])}
    for factor, levels in every.factors.items():
        of_factor = medians[factor]
        for level in levels[1:]:
            if level.name in of_factor:
                planned = {PLANNED: of_factor[PLANNED]} if PLANNED in of_factor else {}
                kinds.setdefault(level.kind, planned)[level.name] = of_factor[level.name]
    found = [_moved(kind, by_level) for kind, by_level in kinds.items() if len(by_level) > 1]
    return tuple(sorted(found, key=lambda each: -each.span))


def _moved(kind: str, by_level: Mapping[str, float]) -> Moved:
    names: Sequence[str] = sorted(by_level, key=by_level.__getitem__)
    return Moved(kind=kind, medians=tuple(by_level[name] for name in names), lowest=names[0], highest=names[-1])
