"""Best linear unbiased mean and standard deviation of a normal sample from some of its order statistics."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.medians import Summary
from metaan.effects.quantiles import reported
from metaan.terms.special import special

Floats = NDArray[np.float64]

_REACH, _NODES = 4.0, 161  #: of the double-exponential rule


def best_linear(
    n: ArrayLike,
    median: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    ranks: str = "symmetric",
) -> Summary:
    """Mean and SD by generalised least squares on order statistics of a normal sample.

    Parameters
    ----------
    n, median : array_like, shape (k,)
    q1, q3, minimum, maximum : array_like, shape (k,), optional
        The quartiles, the extremes, or all four; the same for all groups.
    ranks : {"symmetric", "floor"}
        Ranks of quartiles and median: (n + 3)/4, (n + 1)/2, (3n + 1)/4, which need not be whole; or the whole part of
        n/4, n/2 and 3n/4 plus 1, as the R package metaBLUE has it, by which a symmetric summary of an even number of
        people has a mean beside its centre.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        Values out of order, fewer than two people, neither quartiles nor extremes, or unknown ranks.

    References
    ----------
    .. [1] Lloyd EH. Biometrika 1952;39:88-95.
    """
    if ranks not in ("symmetric", "floor"):
        raise ValueError(f"ranks must be symmetric or floor, not {ranks!r}")
    _, q = reported(n, median, q1, q3, minimum, maximum)
    size = np.broadcast_to(np.asarray(n, dtype=float), q.shape[:1])
    found = np.empty((len(q), 2))
    for number in np.unique(size):
        rows = size == number
        found[rows] = q[rows] @ _weights(float(number), q1 is not None, minimum is not None, ranks).T
    return Summary(found[:, 0], found[:, 1], "best linear unbiased")


def normal_moments(n: float, ranks: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Means and covariance matrix of order statistics of n standard normal values.

    Parameters
    ----------
    n : float
    ranks : tuple of float
        In ascending order, 1 to n; need not be whole (the distribution function at the order statistic is then taken as
        beta distributed all the same).

    Returns
    -------
    mean : ndarray, shape (m,)
    covariance : ndarray, shape (m, m)

    Notes
    -----
    U_r = U_s B, where U_s is beta(s, n + 1 - s) and B an independent beta(r, s - r); the integrals are done by the
    double-exponential rule.
    """
    u = np.linspace(-_REACH, _REACH, _NODES)
    angle, step = np.pi * np.sinh(u), (u[1] - u[0]) * np.pi * np.cosh(u)
    below, above = special.log_expit(angle), special.log_expit(-angle)
    z = np.where(below < -0.7, special.ndtri_exp(below), -special.ndtri_exp(above))
    at = [step * np.exp(r * below + (n + 1.0 - r) * above - special.betaln(r, n + 1.0 - r)) for r in ranks]
    mean = np.array([(weight * z).sum() for weight in at])
    covariance = np.diag([float((weight * z**2).sum()) for weight in at])
    lower = special.ndtri_exp(below[:, None] + below[None, :])
    for j, s in enumerate(ranks):
        for i, r in enumerate(ranks[:j]):
            part = step * np.exp(r * below + (s - r) * above - special.betaln(r, s - r))
            covariance[i, j] = covariance[j, i] = (at[j] * z) @ lower @ part
    return mean, covariance - np.outer(mean, mean)


@lru_cache(maxsize=4096)
def _weights(n: float, quartiles: bool, extremes: bool, ranks: str) -> Floats:
    """Return what the mean and the SD take of each order statistic, shape (2, m)."""
    middle = (n // 2 + 1.0) if ranks == "floor" else (n + 1.0) / 2.0
    first, third = (n // 4 + 1.0, 3 * n // 4 + 1.0) if ranks == "floor" else ((n + 3.0) / 4.0, (3.0 * n + 1.0) / 4.0)
    at = [middle]
    if quartiles:
        at = [first, *at, third]
    if extremes:
        at = [1.0, *at, n]
    at = [min(max(rank, 1.0), n) for rank in at]
    distinct = sorted(set(at))  # in a small sample a quartile may be the extreme
    if len(distinct) < 2:
        return np.full((2, len(at)), np.nan)
    mean, covariance = normal_moments(n, tuple(distinct))
    x = np.column_stack([np.ones(len(distinct)), mean])
    weighted = np.linalg.solve(covariance, x)
    solved = np.linalg.solve(x.T @ weighted, weighted.T)
    share = np.array([[1.0 / at.count(rank) if rank == one else 0.0 for rank in at] for one in distinct])
    return np.asarray(solved @ share)
