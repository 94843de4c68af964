"""Means and standard deviations from medians, quartiles and ranges of outcomes that need not be normal.

The estimators of `medians` assume a normal outcome; these fit a skewed one.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.medians import from_five_numbers, from_quartiles, from_range, sd_of_wan
from metaan.effects.recipe import floats, refuse
from metaan.terms.special import special

Floats = NDArray[np.float64]

_SHAPES = np.exp(np.linspace(-4.0, 6.0, 161))  #: of gamma and Weibull distributions, where the search starts
_SPREADS = np.exp(np.linspace(-6.0, 2.0, 161))  #: of the logarithm
_POWERS = np.concatenate([[0.0], np.linspace(0.01, 10.0, 1000)])
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_ROUNDS = 60  #: of golden sections: the bracket shrinks by 1e-12
_AT_ONCE = 40  #: points of a grid
_FLAT = 1e-9  #: powers below give the logarithm
_EDGE = 9.0  #: standard deviations at which a normal distribution is cut
# Double-exponential rule between two ends: nodes as shares of the way, counted from the lower end, where a transformed
# outcome may rise steeply. No digits are lost next to it, and no unit or rounding moves the integral.
_STEPS = np.linspace(-4.0, 4.0, 321)
_ABOVE = special.expit(np.pi * np.sinh(_STEPS))
_WEIGHT = np.cosh(_STEPS) * _ABOVE * (1.0 - _ABOVE)


class Fitted(NamedTuple):
    """Mean and standard deviation of each group, and the distribution they come from."""

    mean: Floats
    sd: Floats
    method: str
    distribution: tuple[str, ...]  #: that fitted best, of each group
    distance: Floats  #: sum of squared distances between reported and fitted quantiles


class Transformed(NamedTuple):
    """Mean and standard deviation of each group, by way of a power that makes it symmetric."""

    mean: Floats
    sd: Floats
    method: str
    power: Floats  #: 0 is the logarithm, 1 changes nothing


def by_quantiles(
    n: ArrayLike,
    median: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> Fitted:
    """Mean and SD of the distribution whose quantiles lie nearest to those reported (quantile estimation).

    Parameters
    ----------
    n, median : array_like, shape (k,)
    q1, q3, minimum, maximum : array_like, shape (k,), optional
        The quartiles, the extremes, or all four; the same for all groups.

    Returns
    -------
    Fitted
        Of the normal, log-normal, gamma and Weibull distributions (and the beta, if all values lie between 0 and 1),
        the one with the least sum of squared distances; of the normal alone where a value is negative. Only the beta
        depends on the unit: proportions must not be given in percent, nor grams in kilograms.

    Raises
    ------
    ValueError
        Values out of order, fewer than two people, or neither quartiles nor extremes.

    Notes
    -----
    The extremes are taken as the quantiles 1/n and 1 - 1/n. All these distributions but the beta are linear in one
    parameter, so that one of two remains, which is searched over its whole range: the minimum is the global one.

    References
    ----------
    .. [1] McGrath S et al. Stat Methods Med Res 2020;29:2520-2537.
    """
    p, q = reported(n, median, q1, q3, minimum, maximum)
    mean, sd, distance = _normal(p, q)
    name = np.full(mean.shape, "normal", dtype=object)
    rows = np.flatnonzero((q >= 0).all(axis=1) & (q[:, -1] > 0))
    for family, (quantiles, moments, grid) in _FAMILIES.items():
        if rows.size:
            shape, scale, far = _fit(quantiles, grid, p[rows], q[rows])
            _keep(rows, far, *moments(shape, scale), family, mean, sd, distance, name)
    for row in rows[(q[rows, 0] > 0) & (q[rows, -1] < 1)]:
        centre, spread, apart = _beta(p[row], q[row])
        _keep(np.array([row]), np.array([apart]), centre, spread, "beta", mean, sd, distance, name)
    return Fitted(mean, sd, "McGrath 2020, quantile estimation", tuple(name.tolist()), distance)


def by_power(
    n: ArrayLike,
    median: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> Transformed:
    """Mean and SD by way of the Box-Cox power that makes the reported quantiles symmetric about the median.

    Parameters
    ----------
    n, median, q1, q3, minimum, maximum
        As for `by_quantiles`; all values above 0.

    Returns
    -------
    Transformed
        On the transformed scale mean and SD are those of Luo 2018 and Wan 2014; back on the scale of the outcome they
        are the moments of a normal variable transformed back, found by integration.

    Raises
    ------
    ValueError
        Values that are not above 0, and as for `by_quantiles`.

    Notes
    -----
    Values are divided by the median first: with five of them the power would else depend on the unit. The power is
    not negative: the outcome that a negative one means has neither mean nor variance. The normal
    distribution is cut, on both sides alike, where its lower tail leaves the range of the transformation. The R package
    estmeansd draws the moments at random; these are what its draws tend to.

    References
    ----------
    .. [1] McGrath S et al. Stat Methods Med Res 2020;29:2520-2537.
    """
    _, q = reported(n, median, q1, q3, minimum, maximum)
    refuse((q <= 0).any(axis=1), "the Box-Cox transformation needs values above 0", smallest=q[:, 0])
    n = np.broadcast_to(np.asarray(n, dtype=float), q.shape[:1])
    unit = q[:, [q.shape[1] // 2]]
    power = _search(lambda powers: _asymmetry(q / unit, powers), _POWERS, len(q))
    at_zero = _asymmetry(q / unit, np.zeros((len(q), 1)))[:, 0]
    here = _asymmetry(q / unit, power[:, None])[:, 0]
    power = np.where(at_zero <= here, 0.0, power)
    z = _box_cox(q / unit, power[:, None])
    values = [z[:, i] for i in range(z.shape[1])]
    if z.shape[1] == 5:
        centre, spread = from_five_numbers(n, *values).mean, sd_of_wan(n, *values[:2], *values[3:])
    else:
        centre, spread, _ = (from_range if minimum is not None else from_quartiles)(n, *values)
    mean, sd = _moments_back(centre, spread, power)
    return Transformed(mean * unit[:, 0], sd * unit[:, 0], "McGrath 2020, Box-Cox", power)


def reported(
    n: ArrayLike,
    median: ArrayLike,
    q1: ArrayLike | None,
    q3: ArrayLike | None,
    minimum: ArrayLike | None,
    maximum: ArrayLike | None,
) -> tuple[Floats, Floats]:
    """Return probabilities and values of the reported quantiles, shape (k, 3) or (k, 5); refuse what cannot be."""
    quartiles, extremes = q1 is not None and q3 is not None, minimum is not None and maximum is not None
    if not quartiles and not extremes:
        raise ValueError("a spread needs both quartiles, both extremes, or all four")
    given = [median, *((q1, q3) if quartiles else ()), *((minimum, maximum) if extremes else ())]
    size, *values = (np.atleast_1d(value) for value in floats(n, *given))
    refuse(size < 2, "a spread needs at least two people", n=size)
    middle, *others = values
    ordered = [middle]
    outer = [0.25 * np.ones_like(size)] if quartiles else []
    for low, high in zip(others[::2], others[1::2], strict=True):
        ordered = [low, *ordered, high]
    if extremes:
        outer = [*outer, 1.0 / size]
    for left, right in pairwise(ordered):
        refuse(
            left > right, "minimum, quartiles, median and maximum must be in ascending order", left=left, right=right
        )
    p = [0.5 * np.ones_like(size)]
    for tail in outer:
        p = [tail, *p, 1.0 - tail]
    q = np.stack(ordered, axis=1)
    refuse(~np.isfinite(q).all(axis=1), "the numbers of each group must be finite", median=middle)
    return np.stack(p, axis=1), q


def _normal(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    z = special.ndtri(p)
    mean = q.mean(axis=1)  # the z of symmetric probabilities add to 0
    square = (z**2).sum(axis=1)
    sd = np.divide((z * q).sum(axis=1), square, out=np.zeros_like(mean), where=square > 0)
    return mean, sd, ((mean[:, None] + sd[:, None] * z - q) ** 2).sum(axis=1)


def _fit(
    quantiles: Callable[[Floats, Floats], Floats], grid: Floats, p: Floats, q: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the shape, the scale, and the distance of the best distribution of a family."""

    def scaled(shapes: Floats) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            h = quantiles(shapes[:, :, None], p[:, None, :])
            h = h / np.max(h, axis=2, keepdims=True)
            scale = (h * q[:, None, :]).sum(axis=2) / (h**2).sum(axis=2)
            far = ((scale[:, :, None] * h - q[:, None, :]) ** 2).sum(axis=2)
            return scale, np.where(np.isfinite(far), far, np.inf)

    logs = _search(lambda x: scaled(np.exp(x))[1], np.log(grid), len(q))
    shape = np.exp(logs)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        top = np.max(quantiles(shape[:, None], p), axis=1)
    scale, far = scaled(shape[:, None])
    return shape, scale[:, 0] / top, far[:, 0]


def _search(function: Callable[[Floats], Floats], grid: Floats, k: int) -> Floats:
    """Return the minimum of each row: the best point of a grid, refined by golden sections."""
    best, least = np.zeros(k, dtype=int), np.full(k, np.inf)
    for start in range(0, grid.size, _AT_ONCE):
        values = function(np.broadcast_to(grid[start : start + _AT_ONCE], (k, grid[start : start + _AT_ONCE].size)))
        at = np.argmin(values, axis=1)
        value = values[np.arange(k), at]
        best, least = np.where(value < least, start + at, best), np.minimum(value, least)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, grid.size - 1)]
    for _ in range(_ROUNDS):
        inner, outer = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        both = function(np.stack([inner, outer], axis=1))
        left = both[:, 0] <= both[:, 1]
        low, high = np.where(left, low, inner), np.where(left, outer, high)
    return np.asarray((low + high) / 2.0)


def _keep(
    rows: NDArray[np.int64],
    far: Floats,
    centre: Floats,
    spread: Floats,
    family: str,
    mean: Floats,
    sd: Floats,
    distance: Floats,
    name: NDArray[np.object_],
) -> None:
    """Put a family in the place of a worse one."""
    better = (far < distance[rows]) & np.isfinite(centre) & np.isfinite(spread)
    at = rows[better]
    mean[at], sd[at] = np.broadcast_to(centre, far.shape)[better], np.broadcast_to(spread, far.shape)[better]
    distance[at], name[at] = far[better], family


def _log_normal(shape: Floats, scale: Floats) -> tuple[Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = scale * np.exp(shape**2 / 2.0)
        return mean, mean * np.sqrt(np.expm1(shape**2))


def _gamma(shape: Floats, scale: Floats) -> tuple[Floats, Floats]:
    return shape * scale, np.sqrt(shape) * scale


def _weibull(shape: Floats, scale: Floats) -> tuple[Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        one, two = special.gamma(1.0 + 1.0 / shape), special.gamma(1.0 + 2.0 / shape)
        return scale * one, scale * np.sqrt(np.maximum(two - one**2, 0.0))


_FAMILIES: dict[
    str,
    tuple[Callable[[Floats, Floats], Floats], Callable[[Floats, Floats], tuple[Floats, Floats]], Floats],
] = {
    "log-normal": (lambda shape, p: np.exp(shape * special.ndtri(p)), _log_normal, _SPREADS),
    "gamma": (lambda shape, p: special.gammaincinv(shape, p), _gamma, _SHAPES),
    "Weibull": (lambda shape, p: (-np.log1p(-p)) ** (1.0 / shape), _weibull, _SHAPES),
}


def _beta(p: Floats, q: Floats) -> tuple[Floats, Floats, float]:
    """Return mean, standard deviation and distance of the best beta distribution of one group."""
    from scipy import optimize

    best = (np.array(np.nan), np.array(np.nan), np.inf)
    for total in (2.0, 20.0, 200.0):
        start = np.clip(np.log([total * np.mean(q), total * (1.0 - np.mean(q))]), -6.9, 11.9)
        fit = optimize.least_squares(
            lambda x: special.betaincinv(*np.exp(x), p) - q,
            start,
            bounds=(-7.0, 12.0),
            xtol=1e-13,
            ftol=1e-13,
            gtol=1e-13,
        )
        a, b = np.exp(fit.x)
        if 2.0 * fit.cost < best[2]:
            mean = a / (a + b)
            best = (np.array(mean), np.array(np.sqrt(mean * (1.0 - mean) / (a + b + 1.0))), 2.0 * float(fit.cost))
    return best


def _box_cox(x: Floats, power: Floats) -> Floats:
    flat = np.abs(power) < _FLAT
    used = np.where(flat, 1.0, power)
    with np.errstate(over="ignore"):
        return np.where(flat, np.log(x), np.expm1(used * np.log(x)) / used)


def _asymmetry(q: Floats, powers: Floats) -> Floats:
    """Return, for each group and power, the sum of squared differences of the distances on both sides of the median."""
    z = _box_cox(q[:, None, :], np.asarray(powers)[:, :, None])
    middle, last = z.shape[2] // 2, z.shape[2] - 1
    total = np.zeros(z.shape[:2])
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(middle):
            total = total + (z[:, :, i] + z[:, :, last - i] - 2.0 * z[:, :, middle]) ** 2
    return np.where(np.isfinite(total), total, np.inf)


def _moments_back(centre: Floats, spread: Floats, power: Floats) -> tuple[Floats, Floats]:
    flat = power < _FLAT
    mean, sd = _log_normal(np.where(flat, spread, 0.0), np.exp(np.where(flat, centre, 0.0)))
    used, wide = np.where(flat, 1.0, power), np.where(spread > 0, spread, 1.0)
    cut = (centre + 1.0 / used) / wide  # standard deviations from the centre to where x is 0
    edge = np.minimum(cut, _EDGE)
    low = np.where(spread > 0, centre - spread * edge, centre)
    floor = np.where((cut > _EDGE) | (spread <= 0), used * low + 1.0, 0.0)
    above = 2.0 * edge[:, None] * _ABOVE  # of the lower edge: counted from there, x keeps its digits next to 0
    base = np.maximum(floor[:, None] + (used * np.where(spread > 0, spread, 0.0))[:, None] * above, 0.0)
    with np.errstate(divide="ignore"):
        x = np.exp(np.log(base) / used[:, None])
    weight = _WEIGHT * np.exp(-((above - edge[:, None]) ** 2) / 2.0)
    weight = weight / weight.sum(axis=1, keepdims=True)
    first = (weight * x).sum(axis=1)
    second = np.sqrt((weight * (x - first[:, None]) ** 2).sum(axis=1))
    return np.where(flat, mean, first), np.where(flat, sd, second)
