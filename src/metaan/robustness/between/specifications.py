"""Every reasonable analysis of one set of studies, fitted in one batch an estimator of tau2 (multiverse)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.intervals import INTERVALS as KNOWN_INTERVALS
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import choose, pool, summarise
from metaan.robustness.refit import estimator, studies
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result

TAU2 = ("REML", "ML", "EB", "PM", "DL", "HE", "HS", "SJ", "EE")
INTERVALS = ("mKH", "HK", "Wald", "t")
MOST = 1000  #: sets of data made from the choices; beyond that a sample of their combinations
SEED = 20_260_101

#: estimators that solve one equation when there is a single mean: they are one model under several names
SAME = {"EB": "PM", "DLIT": "PM", "SJIT": "PM", "FE": "EE"}

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Specifications(Result):
    """Different analyses of one set of studies, one item an analysis; effects on the working scale."""

    choices: dict[str, tuple[str, ...]]  #: choice -> what was chosen, one item an analysis
    k: Numbers
    estimate: Floats
    ci: Interval  #: of arrays
    tau2: Floats
    i2: Floats  #: percent
    medians: dict[str, dict[str, float]]  #: choice -> level -> median estimate of the analyses that have it
    possible: int  #: ways to combine the choices, estimators and intervals
    tried: int  #: of them put together: `len(k) + repeated + unsuited + too_few`
    repeated: int  #: same data and same model as an analysis that is counted already
    unsuited: int  #: interval that does not exist, or that nobody would put on two studies or on equal effects
    too_few: int  #: fewer than two studies are left
    fits: int  #: fits of tau2: different data times different estimators
    data: int  #: different sets of data with two studies or more
    method: dict[str, Any]  #: tau2, interval, level, most, seed

    def _cells(self) -> list[tuple[str, Any]]:
        own = [cell for cell in Result._cells(self) if cell[0] not in ("ci_low", "ci_high")]
        arrays = [(name, value) for name, value in own if isinstance(value, np.ndarray)]
        limits = [("ci_low", self.ci.low), ("ci_high", self.ci.high)]
        return [*self.choices.items(), *arrays[:2], *limits, *arrays[2:]]

    def __repr__(self) -> str:
        from metaan.terms.wording import number, whole

        low, middle, high = np.quantile(self.estimate, (0.0, 0.5, 1.0)).tolist()
        lines = [
            f"Specifications: {whole(len(self.k))} different analyses of {whole(self.tried)} put together "
            f"({whole(self.possible)} possible), {whole(self.fits)} fits",
            f"  estimate  median {number(middle)}, from {number(low)} to {number(high)}",
        ]
        for choice, levels in self.medians.items():
            if len(levels) > 1:
                lowest, highest = min(levels, key=levels.__getitem__), max(levels, key=levels.__getitem__)
                ends = f"{number(levels[lowest])} ({lowest}) to {number(levels[highest])} ({highest})"
                lines.append(f"  {choice}: medians from {ends}")
        return "\n".join(lines)


class Tried(NamedTuple):
    """Combinations of choices on the data, the first one being the main analysis."""

    levels: Numbers  #: shape (n, choices), which level of each choice
    masks: Booleans  #: shape (n, rows), which rows take part
    possible: int  #: combinations there are


def multiverse(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    masks: Mapping[str, Any] | None = None,
    *,
    tau2: Sequence[str] = TAU2,
    interval: Sequence[str] = INTERVALS,
    level: float = 0.95,
    most: int = MOST,
    seed: int = SEED,
    labels: ArrayLike | None = None,
) -> Specifications:
    """Analyse one set of studies in every way that the choices named allow.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their variances, or a table with both columns.
    masks : mapping, optional
        Name of an inclusion choice -> mask of shape (k,), True where a study takes part. Several choices that are made
        independently of one another stand one level deeper: ``{"region": {"all": ..., "without Asia": ...}, "period":
        {"all": ..., "since 1990": ...}}``; their masks are combined in every way. The first of each is the main one.
        Unless given, all studies take part.
    tau2, interval : sequence of str
        Estimators and intervals, as in `pool`. EB and PM solve one equation, so they are one analysis. Where
        ``"Wald"`` is among the intervals, it alone goes with the equal-effects model and with two studies.
    level : float
        Of the intervals.
    most : int
        Beyond so many combinations of masks, all that differ from the main one in a single choice are taken, and a
        sample of the others.
    seed : int
        Of the sample.
    labels : sequence of str, optional
        Names of the studies for messages.

    Returns
    -------
    Specifications
        Combinations that lead to the same studies and the same model are fitted and counted once.

    Raises
    ------
    ValueError
        As `pool`; a mask of another length; no combination with two studies and an interval.

    References
    ----------
    .. [1] Steegen S et al. Perspect Psychol Sci 2016;11:702-712 (multiverse analysis).
    .. [2] Simonsohn U, Simmons JP, Nelson LD. Nat Hum Behav 2020;4:1208-1214 (specification curve).
    .. [3] Voracek M, Kossmeier M, Tran US. Z Psychol 2019;227:64-82 (both for meta-analyses).

    Examples
    --------
    >>> found = multiverse([0.1, 0.3, 0.5], [0.04, 0.02, 0.05], {"all": [True] * 3, "no pilot": [False, True, True]})
    >>> found.fits
    16
    """
    y, v, _ = studies(yi, vi, labels, 2)
    named = _named_masks(masks, y.size)
    sizes = [len(levels) for levels in named.values()]
    index, possible = combine(sizes, most, seed)
    taken = np.ones((len(index), y.size), dtype=bool)
    for column, levels in enumerate(named.values()):
        taken &= np.stack(list(levels.values()))[index[:, column]]
    names = {choice: tuple(levels) for choice, levels in named.items()}
    found = fit(y, v, Tried(index, taken, possible), names, tau2=tau2, interval=interval, level=level)
    if found is None:
        raise ValueError("no choice leaves two studies and an interval")
    found.method.update(most=most, seed=seed)
    return found


def _named_masks(masks: Mapping[str, Any] | None, k: int) -> dict[str, dict[str, Booleans]]:
    if not masks:
        return {"studies": {"all": np.ones(k, dtype=bool)}}
    nested = [isinstance(value, Mapping) for value in masks.values()]
    if any(nested) and not all(nested):
        raise ValueError("masks must be masks by name, or for each choice masks by name: not both")
    found: dict[str, dict[str, Booleans]] = {}
    for choice, levels in (masks if all(nested) else {"studies": masks}).items():
        found[choice] = {}
        for name, mask in levels.items():
            values = np.asarray(mask)
            if values.dtype != np.bool_ or values.shape != (k,):
                raise ValueError(f"mask {name!r} must hold True and False, one for each of {k} studies")
            found[choice][name] = values
        if not found[choice]:
            raise ValueError(f"choice {choice!r} has no mask")
    return found


def combine(sizes: Sequence[int], most: int = MOST, seed: int = SEED) -> tuple[Numbers, int]:
    """Combine the levels of several choices.

    Parameters
    ----------
    sizes : sequence of int
        How many levels each choice has.
    most : int
        Where there are more combinations: the main one, all that differ from it in one choice, and of the others, drawn
        without replacement, as many as fill up to `most`.
    seed : int
        Of the draws.

    Returns
    -------
    index : ndarray of int, shape (n, choices)
        Level of each choice, the fewest departures from the main combination (zeros) first.
    possible : int
        Combinations there are.
    """
    possible = math.prod(sizes)
    if possible <= most:
        index = np.stack(np.unravel_index(np.arange(possible), sizes), axis=1) if sizes else np.zeros((1, 0), np.int64)
    else:
        single = [
            [level if column == place else 0 for column in range(len(sizes))]
            for place, size in enumerate(sizes)
            for level in range(1, size)
        ]
        first = np.array([[0] * len(sizes), *single])
        random = np.random.default_rng(seed)
        drawn = np.zeros((0, len(sizes)), dtype=np.int64)
        wanted = max(most - len(first), 0)
        while len(drawn) < wanted:
            more = np.stack([random.integers(0, size, 2 * wanted) for size in sizes], axis=1)
            more = more[(more > 0).sum(axis=1) > 1]
            drawn = np.concatenate([drawn, more])
            _, places = np.unique(drawn, axis=0, return_index=True)
            drawn = drawn[np.sort(places)]
        index = np.concatenate([first, drawn[:wanted]])
    return index[np.argsort((index > 0).sum(axis=1), kind="stable")].astype(np.int64), possible


def fit(
    y: Floats,
    v: Floats,
    tried: Tried,
    choices: Mapping[str, Sequence[str]],
    *,
    tau2: Sequence[str] = TAU2,
    interval: Sequence[str] = INTERVALS,
    level: float = 0.95,
    main: tuple[str, str] = ("", ""),
) -> Specifications | None:
    """Fit every combination on every model: one batch an estimator, one an interval.

    Parameters
    ----------
    y, v : ndarray, shape (rows,)
    tried : Tried
    choices : mapping
        Choice -> names of its levels.
    tau2, interval, level
        As in `multiverse`.
    main : pair of str, optional
        Estimator and interval of the main analysis, kept whatever they are.

    Returns
    -------
    Specifications or None
        None where no combination has two studies and an interval. Each analysis is named by the first combination that
        leads to it, which departs least from the main one.
    """
    fraction("level", level)
    for name in interval:
        choose("interval", name, KNOWN_INTERVALS)
    data, place = _different(tried.masks)
    kept = np.flatnonzero(data.sum(axis=1) > 1)
    if not kept.size:
        return None
    new = np.full(len(data), -1)
    new[kept] = np.arange(kept.size)
    place, data = new[place], data[kept]
    k = data.sum(axis=1)
    models = _models(tau2)
    by_model = [summarise(y, v, tau2=each[0], mask=data) for each in models.values()]
    estimate, tau2s, i2 = (np.stack([found[name] for found in by_model]) for name in ("estimate", "tau2", "i2"))
    masks = np.broadcast_to(data, (len(models), *data.shape))
    intervals = [
        pool(y, v, mask=masks, tau2=tau2s, interval=each, prediction=None, tau2_interval=None, level=level).ci
        for each in interval
    ]
    low, high = (np.stack([np.asarray(getattr(each, end)) for each in intervals], axis=1) for end in ("low", "high"))
    suits = _suited(k, list(models), interval, main) & np.isfinite(low) & np.isfinite(high)  # (models, intervals, data)
    if not suits.any():
        return None
    of_data, of_model, of_interval = np.nonzero(suits.transpose(2, 0, 1))
    times = np.bincount(place[place >= 0], minlength=len(data))
    names = np.array([len(each) for each in models.values()])
    pairs = len(tau2) * len(interval)
    unsuited = int((~suits * names[:, None, None] * times).sum())
    too_few = int((place < 0).sum()) * pairs
    first = _first(place, len(data))
    label = [", ".join(each) for each in models.values()]
    found = estimate[of_model, of_data]
    limits: Any = (low[of_model, of_interval, of_data], high[of_model, of_interval, of_data])
    chosen = {
        choice: tuple(np.array(levels, dtype=object)[tried.levels[first, column]][of_data].tolist())
        for column, (choice, levels) in enumerate(choices.items())
    }
    medians = {
        choice: _medians(levels, tried.levels[:, column], place, of_data, found)
        for column, (choice, levels) in enumerate(choices.items())
    }
    medians["estimator"] = {name: float(np.median(found[of_model == i])) for i, name in enumerate(label)}
    return Specifications(
        choices=chosen
        | {
            "estimator": tuple(label[i] for i in of_model.tolist()),
            "interval": tuple(interval[i] for i in of_interval.tolist()),
        },
        k=k[of_data],
        estimate=found,
        ci=Interval(*limits),
        tau2=tau2s[of_model, of_data],
        i2=i2[of_model, of_data],
        medians=medians,
        possible=tried.possible * pairs,
        tried=len(tried.levels) * pairs,
        repeated=len(tried.levels) * pairs - len(found) - unsuited - too_few,
        unsuited=unsuited,
        too_few=too_few,
        fits=len(models) * len(data),
        data=len(data),
        method={"tau2": tuple(tau2), "interval": tuple(interval), "level": level},
    )


def _models(tau2: Iterable[str]) -> dict[str, list[str]]:
    """Return equation -> the names of `tau2` that stand for it."""
    models: dict[str, list[str]] = {}
    for name in tau2:
        models.setdefault(SAME.get(estimator(name), name), []).append(name)
    return models


def _different(masks: Booleans) -> tuple[Booleans, Numbers]:
    """Return the different masks in the order in which they first come, and which of them each one is."""
    seen: dict[bytes, int] = {}
    place = [seen.setdefault(row.tobytes(), len(seen)) for row in np.packbits(masks, axis=1)]
    numbers = np.array(place)
    return masks[_first(numbers, len(seen))], numbers


def _first(place: Numbers, n: int) -> Numbers:
    """Return where each of the numbers 0 to n - 1 comes first."""
    numbers, first = np.unique(place, return_index=True)
    return first[numbers >= 0][:n]


def _suited(k: Numbers, models: Sequence[str], interval: Sequence[str], main: tuple[str, str]) -> Booleans:
    """Tell which intervals go with which model and data, shape (models, intervals, data).

    With one mean and no variance between studies the normal interval is exact, and on two studies t on one degree of
    freedom says nothing: there Wald stands alone, as it is drawn.
    """
    suits = np.ones((len(models), len(interval), len(k)), dtype=bool)
    if "Wald" in interval:
        wald = np.array([name == "Wald" for name in interval])
        equal = np.array([name == "EE" for name in models])
        suits &= wald[:, None] | ~equal[:, None, None]
        suits &= wald[:, None] | (k > 2)
    own = SAME.get(main[0], main[0])
    if own in models and main[1] in interval:
        suits[models.index(own), interval.index(main[1])] |= (k > 2) | (main[1] != "mKH")
    return suits


def _medians(
    levels: Sequence[str], level: Numbers, place: Numbers, of_data: Numbers, found: Floats
) -> dict[str, float]:
    """Return level -> median of the analyses that a combination with this level leads to, each counted once."""
    usable = place >= 0
    reached = np.zeros((len(levels), int(place.max()) + 1), dtype=bool)
    reached[level[usable], place[usable]] = True
    return {name: float(np.median(found[reached[i][of_data]])) for i, name in enumerate(levels) if reached[i].any()}
