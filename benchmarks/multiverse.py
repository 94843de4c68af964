"""Time all reasonable analyses of passive smoking in batches against loops over single fits, in one run.

python benchmarks/multiverse.py
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects

from metaan.pooling.pool import pool
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.robustness.between.given import Given
from metaan.robustness.between.multiverse import with_table
from metaan.robustness.between.specifications import Specifications, Tried, combine, fit
from metaan.robustness.between.universe import Universe, universe
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook

REVIEW = Path(__file__).parents[1] / "data" / "passive-smoking"
SHARED: dict[str, Any] = {"tau2": ("DL", "PM"), "interval": ("Wald", "HK")}  #: what statsmodels has as well
PEER = {"DL": "dl", "PM": "iterated"}


def given() -> Given:
    """Return the analysis of passive smoking with all that its robustness draws on."""
    protocol = read_protocol(REVIEW / "protocol.yaml")
    read = read_workbook(REVIEW / "extraction.xlsx", protocol.layout)
    rows, plan = graded_candidates(read, protocol), protocol.analyses[0]
    selection = select(rows, plan)
    analysis = analyse(selection, plan, protocol)
    return Given(analysis=analysis, plan=plan, protocol=protocol, extraction=read, selection=selection, rows=rows)


def fitted(every: Universe, tried: Tried, **models: Any) -> Specifications:
    """Return all analyses of a stratum, fitted in batches."""
    names = {name: [level.name for level in levels] for name, levels in every.factors.items()}
    found = fit(every.y, every.v, tried, names, **models)
    assert found is not None
    return found


def seconds(work: Callable[[], Any], repeats: int = 5) -> tuple[float, Any]:
    """Return the shortest of several runs, and what the work gives."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return min(taken), result


def data_of(every: Universe, tried: Tried, found: Specifications) -> list[np.ndarray]:
    """Return which results each analysis pools, from the names of its choices."""
    names = [[level.name for level in levels] for levels in every.factors.values()]
    mask = {
        tuple(names[column][level] for column, level in enumerate(row)): tried.masks[i]
        for i, row in enumerate(tried.levels.tolist())
    }
    return [mask[chosen] for chosen in zip(*(found.choices[name] for name in every.factors), strict=True)]


def loop(every: Universe, masks: list[np.ndarray], found: Specifications) -> list[float]:
    """Return the estimates of all analyses, one call of `pool` each."""
    models = zip(masks, found.choices["estimator"], found.choices["interval"], strict=True)
    return [
        pool(
            every.y[mask],
            every.v[mask],
            tau2=estimator.split(", ")[0],
            interval=interval,
            prediction=None,
            tau2_interval=None,
        ).estimate
        for mask, estimator, interval in models
    ]


def peer(every: Universe, masks: list[np.ndarray], found: Specifications) -> list[float]:
    """Return the estimates of all analyses by statsmodels, both of its intervals from one call."""
    estimates, last = [], (b"", "")
    for mask, estimator in zip(masks, found.choices["estimator"], strict=True):
        if (mask.tobytes(), estimator) != last:
            result = combine_effects(every.y[mask], every.v[mask], method_re=PEER[estimator])
            result.conf_int()
            last = (mask.tobytes(), estimator)
        estimates.append(result.mean_effect_re)
    return estimates


def main() -> None:
    """Print times and ratios, after seeing that all give the same estimates."""
    whole = given()
    universes = [universe(whole, stratum) for stratum in whole.strata]
    combined = [combine([len(levels) for levels in every.factors.values()]) for every in universes]
    tried = [Tried(index, every.masks(index), n) for every, (index, n) in zip(universes, combined, strict=True)]
    pairs = list(zip(universes, tried, strict=True))

    batch, found = seconds(lambda: [fitted(*pair) for pair in pairs])
    masks = [data_of(*pair, each) for pair, each in zip(pairs, found, strict=True)]
    many = sum(len(each.k) for each in found)
    single, estimates = seconds(lambda: [loop(*each) for each in zip(universes, masks, found, strict=True)], 2)
    for ours, theirs in zip(found, estimates, strict=True):
        np.testing.assert_allclose(ours.estimate, theirs, rtol=1e-9, atol=1e-12)
    print(f"{many} analyses of passive smoking, {sum(each.fits for each in found)} fits of tau2")
    print(
        f"  in batches {batch:.3f} s; one by one, the same function {single:.3f} s: {single / batch:.0f} times as long"
    )

    batch, found = seconds(lambda: [fitted(*pair, **SHARED) for pair in pairs])
    masks = [data_of(*pair, each) for pair, each in zip(pairs, found, strict=True)]
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        looped, estimates = seconds(lambda: [peer(*each) for each in zip(universes, masks, found, strict=True)], 2)
    for ours, theirs in zip(found, estimates, strict=True):
        known = np.asarray(ours.tau2) > 0  # the peer lets tau2 fall below 0
        np.testing.assert_allclose(np.asarray(ours.estimate)[known], np.asarray(theirs)[known], rtol=2e-4)
    many = sum(len(each.k) for each in found)
    print(f"{many} of them that statsmodels has as well (DL and PM, Wald and Hartung-Knapp)")
    print(f"  in batches {batch:.3f} s; statsmodels {looped:.3f} s: {looped / batch:.0f} times as long")
    taken, _ = seconds(lambda: with_table(whole))
    print(f"the whole method on this review, choices, summaries and table included: {taken:.3f} s")


if __name__ == "__main__":
    main()
