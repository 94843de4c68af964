"""Covariance structures of random effects: parameters, bounds, and how a likelihood's slope passes through them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Floats


class Structure(NamedTuple):
    """One structure for n levels of the inner variable.

    Variances and standard deviations are bounded at 0 and correlations at the values beyond which no covariance matrix
    exists; the bounds themselves belong to the model.
    """

    label: str
    matrix: Callable[[Floats, int], Floats]  #: parameters, n -> G, shape (n, n)
    pull: Callable[[Floats, int, Floats], Floats]  #: parameters, n, d ll / d G (symmetric) -> d ll / d parameters
    low: Callable[[int], list[float]]  #: lower bounds
    high: Callable[[int], list[float]]  #: upper bounds
    begin: Callable[[Floats, float], list[float]]  #: variances of the levels, correlation -> starting values
    power: Callable[[int], list[int]]  #: of the unit of y in each parameter: 2 variance, 1 standard deviation, 0


def _lags(n: int) -> Floats:
    return np.abs(np.subtract.outer(np.arange(n), np.arange(n))).astype(float)


def _cs_pattern(rho: float, n: int) -> Floats:
    return np.where(np.eye(n, dtype=bool), 1.0, rho)


def _ar_pattern(rho: float, n: int) -> Floats:
    return np.asarray(rho ** _lags(n))


def _cs_slope(rho: float, n: int) -> Floats:
    return 1.0 - np.eye(n)


def _ar_slope(rho: float, n: int) -> Floats:
    lags = _lags(n)
    return lags * rho ** np.maximum(lags - 1.0, 0.0)


def _one(name: str, pattern: Callable[[float, int], Floats], slope: Callable[[float, int], Floats]) -> Structure:
    """Return a structure of one variance and one correlation."""

    def least(n: int) -> float:
        return -1.0 / max(n - 1, 1) if name == "CS" else -1.0

    return Structure(
        name,
        lambda t, n: t[0] * pattern(t[1], n),
        lambda t, n, d: np.array([np.sum(d * pattern(t[1], n)), t[0] * np.sum(d * slope(t[1], n))]),
        lambda n: [0.0, least(n)],
        lambda n: [np.inf, 1.0],
        lambda variance, rho: [float(variance.mean()), max(rho, 0.9 * least(len(variance)))],
        lambda n: [2, 0],
    )


def _several(name: str, pattern: Callable[[float, int], Floats], slope: Callable[[float, int], Floats]) -> Structure:
    """Return a structure of n standard deviations and one correlation."""

    def pull(t: Floats, n: int, d: Floats) -> Floats:
        c = pattern(t[n], n)
        return np.append(2.0 * (d * c) @ t[:n], t[:n] @ (d * slope(t[n], n)) @ t[:n])

    def least(n: int) -> float:
        return -1.0 / max(n - 1, 1) if name == "HCS" else -1.0

    return Structure(
        name,
        lambda t, n: np.outer(t[:n], t[:n]) * pattern(t[n], n),
        pull,
        lambda n: [0.0] * n + [least(n)],
        lambda n: [np.inf] * n + [1.0],
        lambda variance, rho: [*np.sqrt(variance), max(rho, 0.9 * least(len(variance)))],
        lambda n: [1] * n + [0],
    )


def _lower(t: Floats, n: int) -> Floats:
    root = np.zeros((n, n))
    root[np.tril_indices(n)] = t
    return root


def _unstructured() -> Structure:
    """Return any covariance matrix, G = L L' with L lower triangular; signs of L's columns do not matter."""

    def begin(variance: Floats, rho: float) -> list[float]:
        n, sd = len(variance), np.sqrt(variance)
        g = np.outer(sd, sd) * _cs_pattern(max(rho, -0.9 / max(n - 1, 1)), n)
        return list(np.linalg.cholesky(g)[np.tril_indices(n)])

    count = lambda n: n * (n + 1) // 2  # noqa: E731
    return Structure(
        "UN",
        lambda t, n: _lower(t, n) @ _lower(t, n).T,
        lambda t, n, d: (2.0 * d @ _lower(t, n))[np.tril_indices(n)],
        lambda n: [-np.inf] * count(n),
        lambda n: [np.inf] * count(n),
        begin,
        lambda n: [1] * count(n),
    )


_PAIR = _several("UN", _cs_pattern, _cs_slope)
_ANY = _unstructured()

_DIAG = Structure(
    "DIAG",
    lambda t, n: np.diag(t),
    lambda t, n, d: np.diagonal(d).copy(),
    lambda n: [0.0] * n,
    lambda n: [np.inf] * n,
    lambda variance, rho: list(variance),
    lambda n: [2] * n,
)

_ID = Structure(
    "ID",
    lambda t, n: t[0] * np.eye(n),
    lambda t, n, d: np.array([np.trace(d)]),
    lambda n: [0.0],
    lambda n: [np.inf],
    lambda variance, rho: [float(variance.mean())],
    lambda n: [2],
)

_KNOWN = {
    "CS": _one("CS", _cs_pattern, _cs_slope),
    "AR": _one("AR", _ar_pattern, _ar_slope),
    "HCS": _several("HCS", _cs_pattern, _cs_slope),
    "HAR": _several("HAR", _ar_pattern, _ar_slope),
    "DIAG": _DIAG,
    "ID": _ID,
}

STRUCTURES = ("CS", "HCS", "UN", "DIAG", "ID", "AR", "HAR")


def structure(name: str, n: int) -> Structure:
    """Return a structure for n levels; a single level has a variance and nothing else."""
    if name not in STRUCTURES:
        raise ValueError(f"struct must be one of {', '.join(STRUCTURES)}, not {name!r}")
    if n == 1:
        return _ID
    if name == "UN":
        return _PAIR if n == 2 else _ANY
    return _KNOWN[name]
