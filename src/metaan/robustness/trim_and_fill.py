"""Trim and fill: how many small studies a symmetrical funnel lacks, and the mean with them filled in."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import pool, summarise
from metaan.pooling.regression.moderators import fit
from metaan.terms.records import Interval, Result

COUNTS = ("L0", "R0", "Q0")
SIDES = ("auto", "left", "right")
ITERATIONS = 100

_FILLED = ("filled_y", "filled_v")  #: tables of their own

_SETTLED, _NO_SIDE, _NO_ROOT, _NO_END, _FEW, _ALL = range(6)
_REASONS = (
    "",
    "no side looks emptier: variances are all equal or the fit is perfect; choose side left or right",
    "Q0 is the root of a negative number here: use L0 or R0",
    f"the number of studies to trim did not settle in {ITERATIONS} rounds",
    "fewer than three studies",
    "all studies but one would be trimmed",
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TrimAndFill(Result):
    """Result of trim and fill; arrays where the input had batch axes. NaN with a reason where `refused`."""

    k: int  #: studies seen
    k0: int  #: studies filled in; -1 where refused
    k0_se: float  #: standard error of the estimated number, before rounding; NaN where its variance is negative
    k0_p: float  #: R0 only: p of no study missing on that side
    side: str  #: side the missing studies are on, "left" (smaller effects) or "right"
    estimate: float  #: with the studies filled in
    se: float
    ci: Interval | None  #: None where refused
    p: float
    tau2: float  #: with the studies filled in
    filled_y: tuple[float, ...]  #: effects filled in; of a batch an array, NaN where there are fewer
    filled_v: tuple[float, ...]  #: their variances, those of the studies they mirror
    refused: str  #: why there is no result; empty where there is one
    converged: bool  #: of tau2 with the studies filled in
    method: dict[str, Any]

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] not in _FILLED]


class _Trimmed(NamedTuple):
    """Where the rounds of each row ended; studies in order of effect, the trimmed side last."""

    y: Floats  #: shape (n, k), sign turned where the missing studies are on the right, infinite where left out
    v: Floats  #: shape (n, k)
    centre: Floats  #: mean without the trimmed studies
    k0: np.ndarray
    raw: Floats  #: number before rounding
    state: np.ndarray


def trim_and_fill(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    count: str = "L0",
    side: str = "auto",
    tau2: str = "REML",
    trim_tau2: str | None = None,
    interval: str = "Wald",
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> TrimAndFill:
    """Estimate how many studies a symmetrical funnel lacks, and pool with their mirror images filled in.

    The method is a sensitivity analysis: it takes any asymmetry for missing studies, heterogeneity included.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k), k >= 3
        Effects on the working scale and their sampling variances; leading axes are a batch.
    count : {"L0", "R0", "Q0"}
        Estimator of the number of missing studies [1]_ [2]_.
    side : {"auto", "left", "right"}
        Side on which studies are missing; ``"auto"``: right where effects fall with their standard errors (slope of
        Egger's regression with the model of the rounds), otherwise left.
    tau2 : str
        Estimator of the variance between studies for the final mean.
    trim_tau2 : str, optional
        Estimator in the rounds of trimming; that of the final mean when not given. ``"EE"`` is what package meta does.
    interval, level
        Of the final mean, as in `pool`.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part.

    Returns
    -------
    TrimAndFill
        Refused with a reason where Q0 is the root of a negative number, the rounds go in circles, no side looks
        emptier, or there are fewer than three studies.

    Raises
    ------
    ValueError
        Unknown option, or values that cannot be used; positions are named.

    References
    ----------
    .. [1] Duval S, Tweedie R. Biometrics 2000;56:455-463.
    .. [2] Duval S, Tweedie R. J Am Stat Assoc 2000;95:89-98.
    """
    for name, value, known in (("count", count, COUNTS), ("side", side, SIDES)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    batch = kernel.read(yi, vi, mask)
    rounds = trim_tau2 or tau2
    settings = (count, side, rounds, tau2, interval, level)
    step = max(1, kernel.CHUNK // batch.y.shape[1])
    parts = []
    for start in range(0, len(batch.y), step):
        i = slice(start, start + step)
        some = np.ones(batch.y[i].shape, dtype=bool) if batch.mask is None else batch.mask[i]
        parts.append(_rows(batch.y[i], batch.v[i], some, *settings))
    width = max((part["filled_y"].shape[1] for part in parts), default=0)
    for part in parts:
        for name in ("filled_y", "filled_v"):
            missing = width - part[name].shape[1]
            part[name] = np.pad(part[name], ((0, 0), (0, missing)), constant_values=np.nan)
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    method = {"count": count, "side": side, "tau2": tau2, "trim_tau2": rounds, "interval": interval, "level": level}
    return _record(fields, batch.axes, method)


def _record(fields: dict[str, Any], axes: tuple[int, ...], method: dict[str, Any]) -> TrimAndFill:
    if axes:
        shaped: dict[str, Any] = {name: values.reshape(*axes, *values.shape[1:]) for name, values in fields.items()}
        ci: Interval | None = Interval(shaped.pop("low"), shaped.pop("high"))
    else:
        filled = {name: tuple(fields[name][0][: max(0, int(fields["k0"][0]))].tolist()) for name in _FILLED}
        shaped = {name: values[0].item() for name, values in fields.items() if name not in _FILLED} | filled
        low, high = shaped.pop("low"), shaped.pop("high")
        ci = None if np.isnan(low) else Interval(low, high)
    return TrimAndFill(ci=ci, method=method, **shaped)


def _rows(
    y: Floats, v: Floats, some: Booleans, count: str, side: str, rounds: str, tau2: str, interval: str, level: float
) -> dict[str, Any]:
    """Trim and fill rows of shape (n, k)."""
    n, k = y.shape
    state = np.where(some.sum(axis=1) < 3, _FEW, _SETTLED)
    right = np.full(n, side == "right")
    if side == "auto":
        slope = _slope(y, v, some, rounds)
        state = np.where((state == _SETTLED) & np.isnan(slope), _NO_SIDE, state)
        right = slope < 0
    found = _trim(y, v, some, right, state, count, rounds)
    fine = found.state == _SETTLED
    k0 = np.where(fine, found.k0, 0)
    total = some.sum(axis=1)
    places = np.arange(k)
    filled = (places >= (total - k0)[:, None]) & (places < total[:, None])  # the last of the studies that take part
    sign = np.where(right, -1.0, 1.0)[:, None]
    inside = places < total[:, None]
    seen_y = np.where(inside, sign * np.where(inside, found.y, 0.0), 0.0)
    mirror = np.where(filled, sign * (2.0 * found.centre[:, None] - np.where(filled, found.y, 0.0)), 0.0)
    both_y = np.concatenate([seen_y, mirror], axis=1)
    both_v = np.concatenate([np.where(inside, found.v, 1.0), np.where(filled, found.v, 1.0)], axis=1)
    taking = np.concatenate([inside & fine[:, None], filled], axis=1)
    final = pool(both_y, both_v, tau2=tau2, interval=interval, level=level, mask=taking)
    order = np.argsort(~filled, axis=1, kind="stable")[:, : max(1, int(k0.max(initial=0)))]
    kept = np.take_along_axis(filled, order, axis=1)
    se, p = _uncertainty(found, total, count)
    lacking = np.where(fine, 0.0, np.nan)
    return {
        "k": total,
        "k0": np.where(fine, k0, -1),
        "k0_se": se + lacking,
        "k0_p": p + lacking,
        "side": np.where(found.state == _NO_SIDE, "", np.where(right, "right", "left")),
        "estimate": np.asarray(final.estimate),
        "se": np.asarray(final.se),
        "low": np.asarray(final.ci.low),
        "high": np.asarray(final.ci.high),
        "p": np.asarray(final.p),
        "tau2": np.asarray(final.tau2),
        "filled_y": np.where(kept, np.take_along_axis(mirror, order, axis=1), np.nan),
        "filled_v": np.where(kept, np.take_along_axis(found.v, order, axis=1), np.nan),
        "refused": np.array(_REASONS)[found.state],
        "converged": np.asarray(final.converged) & fine,
    }


def _slope(y: Floats, v: Floats, some: Booleans, rounds: str) -> Floats:
    """Return the slope of effects on standard errors; NaN where it cannot be told."""
    sei = np.sqrt(np.where(some, v, 1.0))
    design = np.stack([np.ones(sei.shape), sei], axis=2)
    with np.errstate(invalid="ignore"):  # the standard error of tau2, not used here, may be lost to rounding
        found = fit(np.where(some, y, 0.0), np.where(some, v, np.inf), design, tau2=rounds)
    return np.where(found.rank_ok & (found.k > 2), found.beta[:, 1], np.nan)


def _trim(
    y: Floats, v: Floats, some: Booleans, right: Booleans, state: np.ndarray, count: str, rounds: str
) -> _Trimmed:
    """Trim, find the mean, count by the ranks of all studies about it, until the number stays."""
    n, width = y.shape
    turned = np.where(some, np.where(right[:, None], -y, y), np.inf)
    order = np.argsort(turned, axis=1, kind="stable")
    turned, v = np.take_along_axis(turned, order, axis=1), np.take_along_axis(np.where(some, v, 1.0), order, axis=1)
    k = some.sum(axis=1)
    centre, raw = np.full(n, np.nan), np.full(n, np.nan)
    k0, state = np.zeros(n, dtype=int), state.copy()
    live = np.flatnonzero(state == _SETTLED)
    places = np.arange(width)
    for _ in range(ITERATIONS):
        if not live.size:
            break
        kept = places < (k[live] - k0[live])[:, None]
        part_y = np.where(np.isfinite(turned[live]), turned[live], 0.0)
        centre[live] = summarise(part_y, v[live], tau2=rounds, mask=kept)["estimate"]
        raw[live] = _count(turned[live], centre[live], k[live], count)
        nowhere = np.isnan(raw[live])
        new = np.maximum(0, np.rint(np.where(nowhere, 0.0, raw[live]))).astype(int)
        emptied = ~nowhere & (new > k[live] - 1)
        settled = new == k0[live]
        state[live[nowhere]], state[live[emptied]] = _NO_ROOT, _ALL
        k0[live] = np.where(nowhere | emptied, 0, new)
        live = live[~(settled | nowhere | emptied)]
    state[live] = _NO_END
    return _Trimmed(turned, v, centre, k0, raw, state)


def _count(y: Floats, centre: Floats, k: np.ndarray, count: str) -> Floats:
    """Estimate the number of missing studies of each row before rounding; NaN where Q0 has no root."""
    some = np.isfinite(y)
    distance = np.where(some, np.where(some, y, 0.0) - centre[:, None], 0.0)
    ranks = np.empty(y.shape)
    order = np.argsort(np.where(some, np.abs(distance), np.inf), axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1.0, y.shape[1] + 1.0), y.shape), axis=1)
    if count == "R0":
        negative = np.where(distance < 0, ranks, 0.0).max(axis=1)
        return np.where((distance == 0).all(axis=1), 0.0, k - negative - 1.0)
    positive = np.where(distance > 0, ranks, 0.0).sum(axis=1)
    if count == "L0":
        return (4.0 * positive - k * (k + 1.0)) / (2.0 * k - 1.0)
    inside = 2.0 * k**2 - 4.0 * positive + 0.25
    return np.where(inside >= 0, k - 0.5 - np.sqrt(np.maximum(inside, 0.0)), np.nan)


def _uncertainty(found: _Trimmed, total: np.ndarray, count: str) -> tuple[Floats, Floats]:
    """Return the standard error of the number before rounding, and for R0 the p of no missing study."""
    k, g = total.astype(float), found.raw
    nothing = np.full(len(k), np.nan)
    if count == "R0":
        return np.sqrt(2.0 * np.maximum(0.0, g) + 2.0), 0.5 ** (found.k0 + 1.0)
    squared = (
        k * (k + 1.0) * (2.0 * k + 1.0)
        + 10.0 * g**3
        + 27.0 * g**2
        + 17.0 * g
        - 18.0 * k * g**2
        - 18.0 * k * g
        + 6.0 * k**2 * g
    ) / 24.0
    if count == "L0":
        return np.sqrt(np.where(squared >= 0, squared, np.nan)) * 4.0 / (2.0 * k - 1.0), nothing
    divisor = (k - 0.5) ** 2 - g * (2.0 * k - g - 1.0)
    usable = (squared >= 0) & (divisor > 0)
    return 2.0 * np.sqrt(np.where(usable, squared, np.nan) / np.where(usable, divisor, 1.0)), nothing
