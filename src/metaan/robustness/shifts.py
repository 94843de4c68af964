"""How far every slip in the cells behind a pooled result would move it, and how well it would explain what was typed.

One batch of syntheses a stratum: each row is the stratum with one cell read otherwise.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaan.checks.printed import Printed
from metaan.checks.ratios import RATIO, symmetric
from metaan.checks.rows import check_effect
from metaan.pooling.kernel import Floats
from metaan.pooling.pool import pool
from metaan.pooling.select import Candidate
from metaan.robustness.first import Weighed
from metaan.robustness.slip_effects import effects_of
from metaan.robustness.slip_kinds import KINDS, Slip, slips
from metaan.robustness.standing import ENOUGH, in_words, standing
from metaan.terms.finding import Level
from metaan.terms.records import Analysis, Interval, Synthesis
from metaan.workbook.columns import Sheet
from metaan.workbook.protocol import AnalysisPlan, StratumPlan

MOST = 2.0  #: half widths beyond which a shift weighs no more: the result is another one anyway
DF = 4.0  #: of the t distribution that effects of other studies are taken to follow: some studies are outliers
FLOOR = 0.25  #: smallest variance between studies assumed, in median sampling variances
CONFLICT = 0.1  #: weight of a reading that makes a check fire which was silent: papers print such rows, but seldom
SETTLES = 10.0  #: weight of a reading that silences a check
SETTLED = 15  #: cells of a stratum whose place in the order must be sure
LOOKED_AT = 150  #: most cells whose heaviest readings are put before the checks
READINGS = 3  #: of such a cell
SUSPECT = 12  #: of one in a row that a check speaks of
EXACT = 1 << 22  #: numbers in a batch up to which every slip is pooled anew
REFITTED = 4000  #: slips that are pooled anew in a batch beyond that


@dataclass(frozen=True, slots=True)
class _Pool:
    """One stratum: its rows, its synthesis, and what its slips would do."""

    rows: tuple[Candidate, ...]
    slips: tuple[Slip, ...]
    of: NDArray[np.int64]  #: shape (n,), which row each slip is in
    odds: Floats  #: shape (n,)
    loss: Floats  #: shape (n,)
    estimate: Floats  #: pooled, were it so, shape (n,)
    low: Floats
    high: Floats
    shift: Floats
    standing: NDArray[np.int64]


def weigh(
    analysis: Analysis, plan: AnalysisPlan, rows: Mapping[str, Candidate], sheet: Sheet, decimal_mark: str = "point"
) -> tuple[Weighed, ...]:
    """Weigh every cell behind the pooled results of one analysis.

    Parameters
    ----------
    analysis : Analysis
    plan : AnalysisPlan
    rows : mapping
        effect_id -> row.
    sheet : Sheet
        Layout of the Effects sheet.
    decimal_mark : {"point", "comma"}

    Returns
    -------
    tuple of Weighed
        Strata of at least two studies, cells in the order of their rows.

    Notes
    -----
    The odds of a slip are its rate times ((1 + z^2 / 4) / (1 + z'^2 / 4))^2.5: z is the distance of the effect from the
    pooled effect of the other studies, z' the same were the slip undone, both in standard deviations of what another
    study would show. The ratio is that of two densities of t on 4 degrees of freedom.

    The loss is the shift of the pooled effect in half widths of its interval, at most 2, plus 1 where the conclusion
    changes.
    """
    plans = {stratum.stratum: stratum for stratum in plan.strata}
    found: list[Weighed] = []
    for synthesis in analysis.strata:
        if synthesis.pooled is not None and synthesis.k > 1:
            inside = tuple(rows[estimate.effect_id] for estimate in synthesis.estimates)
            found += _stratum(analysis, synthesis, plans[synthesis.stratum], inside, sheet, decimal_mark)
    return tuple(found)


def _stratum(
    analysis: Analysis,
    synthesis: Synthesis,
    plan: StratumPlan,
    rows: tuple[Candidate, ...],
    sheet: Sheet,
    mark: str,
) -> list[Weighed]:
    listed = [(place, slip) for place, row in enumerate(rows) for slip in slips(row.row, sheet, row.values, mark)]
    if not listed:
        return []
    of = np.array([place for place, _ in listed])
    read = [{**rows[place].values, **slip.values} for place, slip in listed]
    odds_only = [rows[place].by_outcome for place in of]
    y, v = effects_of(read, synthesis.measure, plan.conversions, odds_only=odds_only)
    kept = np.flatnonzero(np.isfinite(y))
    if not kept.size:
        return []
    done = _pooled(synthesis, rows, tuple(listed[i][1] for i in kept), of[kept], y[kept], v[kept])
    odds = done.odds * _agreement(done, sheet, mark)
    return _cells(analysis, synthesis, replace(done, odds=odds))


def _pooled(
    synthesis: Synthesis, rows: tuple[Candidate, ...], found: tuple[Slip, ...], of: Any, y: Floats, v: Floats
) -> _Pool:
    pooled = synthesis.pooled
    assert pooled is not None
    typed_y = np.array([estimate.effect.y for estimate in synthesis.estimates])
    typed_v = np.array([estimate.effect.v for estimate in synthesis.estimates])
    method = {"tau2": pooled.method["tau2"], "interval": pooled.method["interval"], "level": pooled.method["level"]}
    odds = np.array([slip.rate for slip in found]) * _explains(typed_y, typed_v, of, y, v, method["tau2"])
    half = (pooled.ci.high - pooled.ci.low) / 2
    estimate, width = _at_fixed_tau2(typed_y, typed_v, pooled.tau2, of, y, v), np.full(of.size, half)
    low, high = estimate - width, estimate + width
    refit = np.arange(of.size)
    if of.size * typed_y.size > EXACT:
        rough = odds * np.minimum(np.abs(estimate - pooled.estimate) / half, MOST)
        refit = np.sort(np.argsort(-rough, kind="stable")[:REFITTED])
    many_y, many_v = (np.tile(typed, (refit.size, 1)) for typed in (typed_y, typed_v))
    many_y[np.arange(refit.size), of[refit]], many_v[np.arange(refit.size), of[refit]] = y[refit], v[refit]
    fits = pool(many_y, many_v, prediction=None, tau2_interval=None, **method)
    estimate[refit], low[refit], high[refit] = fits.estimate, fits.ci.low, fits.ci.high
    shift = (estimate - pooled.estimate) / half
    codes = standing(low, high, synthesis.small)
    loss = np.minimum(np.abs(shift), MOST)
    if synthesis.k >= ENOUGH:
        loss = loss + (codes != standing(pooled.ci.low, pooled.ci.high, synthesis.small))
    return _Pool(rows, found, of, odds, loss, estimate, low, high, shift, codes)


def _explains(typed_y: Floats, typed_v: Floats, of: Any, y: Floats, v: Floats, tau2: str) -> Floats:
    """Return how much better each reading agrees with the other studies than what was typed."""
    k = typed_y.size
    others = pool(
        typed_y, typed_v, mask=~np.eye(k, dtype=bool), tau2=tau2, interval="Wald", prediction=None, tau2_interval=None
    )
    centre = np.asarray(others.estimate)
    between = np.maximum(np.asarray(others.tau2), FLOOR * np.median(typed_v)) + np.asarray(others.se) ** 2
    typed = (typed_y - centre) ** 2 / (typed_v + between)
    instead = (y - centre[of]) ** 2 / (v + between[of])
    return ((1 + typed[of] / DF) / (1 + instead / DF)) ** ((DF + 1) / 2)


def _at_fixed_tau2(typed_y: Floats, typed_v: Floats, tau2: float, of: Any, y: Floats, v: Floats) -> Floats:
    """Return the pooled effect with one study changed, tau2 as it was."""
    w = 1 / (typed_v + tau2)
    new = 1 / (v + tau2)
    return ((w * typed_y).sum() - (w * typed_y)[of] + new * y) / (w.sum() - w[of] + new)


def _agreement(done: _Pool, sheet: Sheet, mark: str) -> Floats:
    """Return how much more or less likely each reading is for what the checks of a row say of it.

    Cells are looked at from the heaviest down, those of rows that a check speaks of first, until the heaviest `SETTLED`
    have all been looked at: checks seldom make a cell heavier. Of a cell the heaviest readings are put before the
    checks; the others are taken to fare as these do.
    """
    factor = np.ones(done.of.size)
    fired = [_fired(row, sheet, mark) for row in done.rows]
    weight = done.odds * done.loss
    cells = _places(done)
    waiting = [(not fired[row], -float(weight[places].sum()), row, column) for (row, column), places in cells.items()]
    heapify(waiting)
    looked_at: set[tuple[int, str]] = set()
    settled = 0
    while waiting and settled < SETTLED and len(looked_at) < LOOKED_AT:
        *_, row, column = heappop(waiting)
        if (row, column) in looked_at:
            settled += 1
            continue
        looked_at.add((row, column))
        before, places = fired[row], sorted(cells[row, column], key=lambda place: (-weight[place], place))
        seen = places[: SUSPECT if before else READINGS]
        for place in seen:
            factor[place] = _weight(before, _read_so(done.rows[row], done.slips[place], before, sheet, mark))
        total = weight[seen].sum()
        factor[places[len(seen) :]] = (weight[seen] * factor[seen]).sum() / total if total > 0 else 1.0
        heappush(waiting, (True, -float((weight[places] * factor[places]).sum()), row, column))
    return factor


def _places(done: _Pool) -> dict[tuple[int, str], list[int]]:
    """Return the slips of each cell: row and column -> places."""
    cells: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, slip in enumerate(done.slips):
        cells[int(done.of[place]), slip.column].append(place)
    return cells


Fired = frozenset[tuple[str, bool]]  #: checks that speak of a row, and whether each stops it


def _read_so(row: Candidate, slip: Slip, before: Fired, sheet: Sheet, mark: str) -> Fired:
    """Return the checks that speak of a row in which one slip is undone."""
    texts = {**row.row.values, **slip.texts}
    read = replace(row, row=replace(row.row, values=texts), values={**row.values, **slip.values})
    cells = Printed(read.row, sheet, read.values, mark)
    usual = cells.has(*RATIO) and cells["ci_method"] in (None, "usual")
    if usual and not symmetric(*(cells.range(name, *RATIO) for name in RATIO)):
        return before | {("C02", False)}  # without the search for what would mend it, which takes long
    return _fired(read, sheet, mark)


def _fired(row: Candidate, sheet: Sheet, mark: str) -> Fired:
    """Return the checks that speak of a row as typed."""
    found = check_effect(row.row, sheet, row.values, mark, row.design)
    return frozenset((item.id, item.level is Level.ERROR) for item in found if item.level is not Level.NOTE)


def _weight(before: Fired, after: Fired) -> float:
    new = after - before
    if any(stops for _, stops in new):
        return 0.0
    return CONFLICT if new else SETTLES if before - after else 1.0


def _cells(analysis: Analysis, synthesis: Synthesis, done: _Pool) -> list[Weighed]:
    pooled = synthesis.pooled
    assert pooled is not None
    weight = done.odds * done.loss
    was = int(standing(pooled.ci.low, pooled.ci.high, synthesis.small))
    found = []
    for (row, column), own in _places(done).items():
        top = max(own, key=lambda place: (weight[place], -place))
        changes = synthesis.k >= ENOUGH and int(done.standing[top]) != was
        found.append(
            Weighed(
                analysis=analysis.id,
                stratum=synthesis.stratum,
                measure=synthesis.measure,
                effect_id=done.rows[row].row["effect_id"],
                column=column,
                odds=float(done.odds[own].sum()),
                expected=float(weight[own].sum()),
                kind=KINDS[done.slips[top].kind].meaning,
                instead=dict(done.slips[top].texts),
                estimate=pooled.estimate,
                ci=pooled.ci,
                moved=float(done.estimate[top]),
                moved_ci=Interval(float(done.low[top]), float(done.high[top])),
                shift=float(done.shift[top]),
                changes=changes,
                says=in_words(int(done.standing[top])) if changes else "",
            )
        )
    return found
