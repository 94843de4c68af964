"""Monitoring boundaries: how far from no effect a mean must lie when it is looked at after every new study."""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.terms.given import fraction
from metaan.terms.special import special

FAR = 8.3  #: standard deviations beyond which the normal density is taken as none
LEAST = 1e-15  #: error below which nothing is spent: the boundary is infinite
NODES = 8  #: of Gauss and Legendre in each panel
PANEL = 1.5  #: width of a panel, in standard deviations of the smaller of the two steps beside it
WIDEST = 400  #: panels at most


def spent(fractions: ArrayLike, alpha: float = 0.05) -> Floats:
    """Return the two-sided error spent up to each share of the information, O'Brien-Fleming type.

    ``4 - 4 Phi(z(alpha/4) / sqrt(t))``: on each side ``2 - 2 Phi(z(alpha/4) / sqrt(t))``, alpha/2 at the end [1]_.

    Parameters
    ----------
    fractions : array_like
        Information so far, as a share of that required; from 1 on everything is spent.
    alpha : float
        Two-sided error in all.

    References
    ----------
    .. [1] Lan KKG, DeMets DL. Biometrika 1983;70:659-663. As in the programs of Reboussin DM et al. (Control Clin
       Trials 2000;21:190-207): half of alpha is spent on each side.
    """
    t = np.minimum(np.asarray(fractions, dtype=float), 1.0)
    return np.asarray(4.0 * special.ndtr(special.ndtri(alpha / 4.0) / np.sqrt(t)))


def boundaries(fractions: ArrayLike, alpha: float = 0.05) -> Floats:
    """Return what the absolute Z must reach at each look for the error over all looks to stay at alpha.

    Parameters
    ----------
    fractions : array_like, shape (m,)
        Information at each look as a share of that required, increasing, above 0. Only the last may reach 1 or pass
        it: then all of alpha is spent.
    alpha : float
        Two-sided error over all looks, spent as `spent` says.

    Returns
    -------
    ndarray, shape (m,)
        Boundaries of the absolute Z; infinite where the error to be spent is below 1e-15.

    Raises
    ------
    ValueError
        Fractions that do not increase, are not above 0, or reach 1 before the last; alpha not between 0 and 1.

    Notes
    -----
    ``Z sqrt(t)`` is Brownian motion at the looks. The density of paths that have crossed no boundary is carried from
    look to look by numerical integration [1]_ [2]_, here on panels of Gauss-Legendre nodes no wider than 1.5 standard
    deviations of a step.

    There is no boundary for futility: it rests on a probability that the effect looked for is the true one, which
    studies that were not planned together, and may be biased, do not have.

    References
    ----------
    .. [1] Armitage P, McPherson CK, Rowe BC. J R Stat Soc A 1969;132:235-244.
    .. [2] Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. 2000, chapter 19.

    Examples
    --------
    >>> boundaries([0.5, 1.0]).round(3).tolist()
    [2.963, 1.969]
    """
    fraction("alpha", alpha)
    t = np.asarray(fractions, dtype=float)
    if t.ndim != 1 or not t.size or not (np.isfinite(t).all() and t[0] > 0 and (np.diff(t) > 0).all()):
        raise ValueError("information fractions must be above 0 and increase")
    if (t[:-1] >= 1).any():
        raise ValueError("information is complete before the last look: leave out the looks after it")
    spend = np.diff(spent(t, alpha), prepend=0.0)
    found = np.empty(t.size)
    at, weighted = np.zeros(1), np.ones(1)  # nodes, and the density there times its weight: all at 0 to begin with
    before = 0.0
    for i, now in enumerate(t.tolist()):
        step = math.sqrt(now - before)
        edge = _solve(at, weighted, step, float(spend[i]), math.sqrt(now))
        found[i] = edge / math.sqrt(now)
        if i + 1 < t.size:
            inside = min(edge, FAR * math.sqrt(now))
            nodes, weights = _panels(inside, PANEL * min(step, math.sqrt(float(t[i + 1]) - now)))
            density = np.exp(-0.5 * ((nodes[:, None] - at) / step) ** 2) @ weighted / (step * math.sqrt(2 * math.pi))
            at, weighted, before = nodes, weights * density, now
    return found


def _solve(at: Floats, weighted: Floats, step: float, spend: float, scale: float) -> float:
    """Return the edge that paths leave, to either side, with probability `spend`; `scale` is sqrt(t)."""
    if spend < LEAST:
        return math.inf
    low, high = 0.0, (FAR + 2.0) * scale
    edge = min(max(-special.ndtri(spend / 2.0), 0.5), FAR) * scale
    for _ in range(60):
        away = (at - edge) / step  # paths are as many on both sides, so one is counted twice
        excess = 2.0 * float(special.ndtr(away) @ weighted) - spend
        slope = 2.0 * float(np.exp(-0.5 * away * away) @ weighted) / (step * math.sqrt(2.0 * math.pi))
        low, high = (edge, high) if excess > 0 else (low, edge)
        after = edge + excess / slope if slope > 0 else math.inf
        if not low < after < high:
            after = (low + high) / 2.0
        if abs(after - edge) < 1e-12 * scale:
            return after
        edge = after
    return edge


@cache
def _rule() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


def _panels(half: float, width: float) -> tuple[Floats, Floats]:
    """Return nodes and weights on [-half, half], in panels of about `width`."""
    count = min(max(math.ceil(2.0 * half / width), 4), WIDEST)
    nodes, weights = _rule()
    size = half / count  # half a panel
    centres = size * (2.0 * np.arange(count) + 1.0) - half
    return (centres[:, None] + size * nodes).ravel(), np.tile(size * weights, count)
