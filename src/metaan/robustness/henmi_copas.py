"""Random-effects mean with equal-effects weights, and its interval (Henmi and Copas)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Floats
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

_NODES = 24  #: of the Gauss-Legendre rule in each piece of the integral
_FAR = 38.0  #: standard deviations beyond which the normal distribution has no mass left in double precision


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HenmiCopas(Result):
    """Summary effect that gives large studies the weights they have without heterogeneity."""

    k: int
    estimate: float  #: equal-effects mean
    se: float  #: under the random-effects model
    ci: Interval  #: estimate -+ quantile * se
    quantile: float  #: of |estimate - mu| / se at `level`, tau2 estimated by the same studies
    p: float  #: of no effect
    tau2: float  #: by DerSimonian and Laird
    level: float


def henmi_copas(yi: ArrayLike, vi: ArrayLike | None = None, *, level: float = 0.95) -> HenmiCopas:
    """Pool with equal-effects weights under the random-effects model.

    Random-effects weights move towards small studies as heterogeneity grows, and with them the bias of a literature in
    which small studies without an effect are missing. Equal-effects weights do not.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), k >= 2
        Effects on the working scale and their sampling variances.
    level : float

    Returns
    -------
    HenmiCopas

    Raises
    ------
    ValueError
        Fewer than two studies, or values that cannot be used; their positions are named.

    Notes
    -----
    With weights w = 1 / v, R = sqrt(sum(w)) (estimate - mu) is normal. Given R, Cochran's Q is a quadratic form in
    normal variables; its conditional mean and variance (derived here from the moments of such forms) are matched by a
    gamma distribution [1]_. The event that |R| exceeds a multiple of its estimated standard deviation is one of R and
    Q, and its probability an integral over R, taken here by Gauss-Legendre quadrature in pieces about the place where
    the conditional probability rises.

    References
    ----------
    .. [1] Henmi M, Copas JB. Stat Med 2010;29:2969-2983.
    """
    fraction("level", level)
    batch = kernel.read(yi, vi)
    if batch.axes or batch.y.shape[1] < 2:
        raise ValueError(f"the method needs one synthesis of at least two studies, not shape {np.shape(yi)}")
    y, v = batch.y[0] - batch.y[0, 0], batch.v[0]
    w = 1.0 / v
    total = float(w.sum())
    mean = float((w * y).sum()) / total
    estimate = float(batch.y[0, 0]) + mean
    tail, tau2, deviation = _tail(w, float((w * (y - mean) ** 2).sum()))
    se = deviation / math.sqrt(total)
    quantile = _quantile(tail, (1.0 - level) / 2.0, deviation)
    return HenmiCopas(
        k=len(y),
        estimate=estimate,
        se=se,
        ci=Interval(estimate - quantile * se, estimate + quantile * se),
        quantile=quantile,
        p=min(1.0, 2.0 * tail(abs(estimate) / se)) if estimate else 1.0,
        tau2=tau2,
        level=level,
    )


def _tail(w: Floats, q: float) -> tuple[Callable[[float], float], float, float]:
    """Return P(R / estimated sd(R) > x) as a function of x, tau2, and the standard deviation of R."""
    k, w1 = len(w), float(w.sum())
    ordered = np.sort(w)
    before = np.concatenate([[0.0], np.cumsum(ordered)[:-1]])
    # sums of products in place of differences, so that one study with nearly all the weight costs no digits
    spread = 2.0 * float((ordered * before).sum()) / w1  # sum(w) - sum(w^2) / sum(w)
    rest = w1 - ordered
    rest[-1] = before[-1]
    squared = ordered**2
    pairs = 2.0 * float((squared * np.concatenate([[0.0], np.cumsum(squared)[:-1]])).sum())
    trace2 = (float((ordered * rest) @ (ordered * rest)) + pairs) / w1**2
    w2 = float((w * w).sum()) / w1
    c3 = float((w * (w - w2) ** 2).sum()) / w1
    c4 = float((w * w * (w - w2) ** 2).sum()) / w1
    t = max(0.0, (q - (k - 1)) / spread)
    variance = 1.0 + t * w2
    deviation = math.sqrt(variance)
    # conditional mean of Q given R = deviation * z: e0 + e1 z^2; conditional variance: v0 + v1 z^2
    form = t * t * c3 / variance
    e0, e1 = (k - 1) + t * spread - form, form
    trace = (k - 1) + 2.0 * t * spread + t * t * trace2
    cross = t * t * (c3 + t * c4) / variance
    v0, v1 = 2.0 * (trace - 2.0 * cross + form * form), 4.0 * (cross - form * form)
    nodes, shares = np.polynomial.legendre.leggauss(_NODES)
    ratio = spread / w2

    def tail(x: float) -> float:
        if x < 1e-100:
            return 0.5
        low = x / deviation
        # tau2 estimated stays below what R = deviation * z would need: Q <= a z^2 + b
        a, b = ratio * variance / (x * x), (k - 1) - ratio
        rise = math.sqrt(max((e0 - b) / (a - e1), 0.0)) if a > e1 else math.inf
        rise = max(low, rise)
        cuts = np.arange(low, min(low + 10.0, _FAR), 0.5)
        if math.isfinite(rise) and rise < _FAR:
            width = math.sqrt(v0 + v1 * rise * rise) / (2.0 * abs(a - e1) * rise)
            near = rise + width * np.array([-12.0, -8.0, -5.0, -3.0, -1.5, 0.0, 1.5, 3.0, 5.0, 8.0, 12.0])
            cuts = np.concatenate([cuts, near])
        cuts = np.unique(np.concatenate([[low, max(low, min(low + 10.0, _FAR))], cuts]))
        cuts = cuts[(cuts >= low) & (cuts <= low + 10.0)]
        half = 0.5 * np.diff(cuts)[:, None]
        z = (cuts[:-1, None] + half + half * nodes).ravel()
        mean, spread2 = e0 + e1 * z * z, v0 + v1 * z * z
        # at low the bound equals k - 1; the difference is taken from there, free of cancellation
        bound = (k - 1) + a * (z - low) * (z + low)
        inside = special.gammainc(mean * mean / spread2, bound * mean / spread2)
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return float(((half * shares).ravel() * inside * density).sum())

    return tail, t, deviation


def _quantile(tail: Callable[[float], float], goal: float, deviation: float) -> float:
    """Return x at which the tail equals `goal`; it lies below the normal quantile of R itself."""
    from scipy.optimize import brentq

    high = -float(special.ndtri(goal)) * deviation
    low = high
    while tail(low) <= goal:
        high, low = low, 0.5 * low
    if low == high:
        return high
    return float(brentq(lambda x: math.log(tail(x) / goal), low, high, xtol=1e-300, rtol=1e-14))
