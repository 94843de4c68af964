"""Likelihood of a synthesis: profile intervals of tau2, and the statistics by which fits are compared."""

import numpy as np

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats, Rows, mean
from metaan.terms.special import special

_SCAN = 24  #: places at which a profile is looked at before its limits are refined


def log_likelihood(y: Floats, v: Floats, t: Floats, restricted: bool) -> Floats:
    """Return the (restricted) log-likelihood at the weighted mean, up to a constant of the data."""
    at = mean(y, v, t)
    logs = np.log(at.w, out=np.zeros_like(at.w), where=at.w > 0).sum(axis=-1)
    return np.asarray(0.5 * (logs - at.q - np.log(at.weight)) if restricted else 0.5 * (logs - at.q))


def _slope(y: Floats, v: Floats, t: Floats, restricted: bool) -> Floats:
    at = mean(y, v, t)
    wr = at.w * (y - at.mean[..., None])
    score = np.einsum("...k,...k->...", wr, wr) - at.weight
    if restricted:
        score = score + np.einsum("...k,...k->...", at.w, at.w) / at.weight
    return np.asarray(0.5 * score)


def profile(rows: Rows, peak: Floats, restricted: bool, level: float) -> tuple[Floats, Floats, Booleans]:
    """Profile likelihood interval of tau2.

    The limits are the smallest and the largest tau2 whose log-likelihood lies within half a quantile of chi-square on
    one degree of freedom of the maximum; zero where it does so at zero. Where the likelihood has several maxima the
    values between the limits need not all be inside.

    Parameters
    ----------
    rows : Rows
    peak : ndarray, shape (n,)
        The estimate that maximises the same likelihood.
    restricted : bool
        REML rather than ML.
    level : float

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN in rows of fewer than two studies.
    converged : ndarray of bool, shape (n,)

    References
    ----------
    .. [1] Hardy RJ, Thompson SG. Stat Med 1996;15:619-629.
    .. [2] Viechtbauer W. Stat Med 2007;26:37-52.
    """
    n = len(rows.y)
    low, high, converged = np.full(n, np.nan), np.full(n, np.nan), np.ones(n, dtype=bool)
    some = np.flatnonzero(rows.k > 1)
    if not some.size:
        return low, high, converged
    y, v, top = rows.y[some], rows.v[some], peak[some]
    scale = v.min(axis=1)
    threshold = log_likelihood(y, v, top, restricted) - 0.5 * special.chdtri(1.0, 1.0 - level)

    far = np.maximum(np.ptp(y, axis=1) ** 2, scale)  # the likelihood falls beyond
    todo = np.arange(some.size)
    while todo.size:
        todo = todo[log_likelihood(y[todo], v[todo], far[todo], restricted) >= threshold[todo]]
        far[todo] *= 4.0
    near = 1e-3 * np.minimum(scale, far)
    places = near[:, None] * (far / near)[:, None] ** np.linspace(0.0, 1.0, _SCAN)
    places[:, -1] = far
    places = np.sort(np.concatenate([np.zeros((len(some), 1)), places, top[:, None]], axis=1), axis=1)
    inside = log_likelihood(y[:, None, :], v[:, None, :], places, restricted) >= threshold[:, None]
    inside |= places == top[:, None]
    inside[:, -1] = False
    row = np.arange(some.size)
    first, last = inside.argmax(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)

    def below(i: np.ndarray, t: Floats) -> tuple[Floats, Floats]:
        j = rising[i]
        value = threshold[j] - log_likelihood(y[j], v[j], t, restricted)
        return value, -_slope(y[j], v[j], t, restricted)

    def above(i: np.ndarray, t: Floats) -> tuple[Floats, Floats]:
        value = log_likelihood(y[i], v[i], t, restricted) - threshold[i]
        return value, _slope(y[i], v[i], t, restricted)

    rising = np.flatnonzero(first > 0)
    left, right = np.zeros(some.size), places[row, last + 1]
    right, settled = kernel.root(above, places[row, last], right, scale)
    if rising.size:
        start = first[rising]
        left[rising], also = kernel.root(below, places[rising, start - 1], places[rising, start], scale[rising])
        settled[rising] &= also
    low[some], high[some], converged[some] = left, right, settled
    return low, high, converged
