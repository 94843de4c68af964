"""Every estimator of the variance between studies, and its standard error, on rows arranged by `kernel`.

With weights a, their sum S, shares p = a / S and A = diag(a) - a a' / S, a quadratic form y'Ay about the weighted mean
has expectation tr(A (V + tau2)) and, for normal effects, variance 2 tr((A (V + tau2))^2). Moment estimators set the
form equal to its expectation; their standard errors follow from that variance.
"""

from collections.abc import Callable

import numpy as np

from metaan.pooling import tau2 as core
from metaan.pooling.kernel import Booleans, Floats, Rows, dot, mean, pick, root
from metaan.pooling.kernel import total as sum_of
from metaan.terms.special import special

_SCAN = 12  #: places at which each likelihood is looked at before a maximum is refined


def inverse_variance(rows: Rows) -> Floats:
    """Return weights 1 / v, zero where a study is left out."""
    return 1.0 / rows.v


def remainder(a: Floats) -> Floats:
    """Return the share of the weight that all other studies have, exactly also where it is tiny; shape (n, k)."""
    total = sum_of(a)
    rest = total[:, None] - a
    unequal = np.flatnonzero(a.max(axis=1) > 0.5 * total)
    if unequal.size:
        without = pick(a, unequal).copy()
        largest = np.arange(len(without)), without.argmax(axis=1)
        without[largest] = 0.0
        rest[unequal, largest[1]] = sum_of(without)
    if (total > 0).all():
        rest /= total[:, None]
        return rest
    return np.divide(rest, total[:, None], out=rest, where=total[:, None] > 0)


def trace(a: Floats, s: Floats | float = 1.0) -> Floats:
    """Return tr(A diag(s))."""
    if isinstance(s, float):
        total = sum_of(a)
        return s * core.spread(a, np.where(total > 0, total, 1.0))
    return dot(a, s, remainder(a))


def trace_of_square(a: Floats, s: Floats | float = 1.0) -> Floats:
    """Return tr((A diag(s))^2)."""
    if not isinstance(s, float):
        return _trace_of_square(a, a * a * s, s)
    total = sum_of(a)
    total = np.where(total > 0, total, 1.0)
    squares = dot(a, a)
    result: Floats = squares - 2.0 * dot(a, a, a) / total + (squares / total) ** 2
    unequal = np.flatnonzero(a.max(axis=1) > 0.5 * total)  # there the difference costs digits
    if unequal.size:
        few = pick(a, unequal)
        result[unequal] = _trace_of_square(few, few * few, 1.0)
    return result * s**2


def _trace_of_square(a: Floats, x: Floats, s: Floats | float) -> Floats:
    """Return tr((A diag(s))^2) without a difference of large numbers; spoils `x`, which is a^2 s."""
    total = sum_of(a)
    x /= np.where(total > 0, total, 1.0)[:, None]
    diagonal = remainder(a)
    diagonal *= a
    diagonal *= s
    largest = np.arange(len(x)), x.argmax(axis=1)
    first = x[largest]
    x[largest] = 0.0
    others = sum_of(x)
    pairs = others * (2.0 * first + others) - dot(x, x)  # sum of x_i x_j, i and j apart
    return dot(diagonal, diagonal) + pairs


def variances(rows: Rows, tau2: Floats | float = 0.0) -> Floats:
    """Return v + tau2, zero where a study is left out; shape (n, k)."""
    extra = np.asarray(tau2, dtype=float)
    return np.where(np.isfinite(rows.v), rows.v + (extra[..., None] if extra.ndim else extra), 0.0)


def form(rows: Rows, a: Floats) -> Floats:
    """Return the quadratic form y'Ay: the weighted sum of squares about the weighted mean."""
    total = sum_of(a)
    mu = np.divide(dot(a, rows.y), total, out=np.zeros_like(total), where=total > 0)
    r = rows.y - mu[:, None]
    return dot(a, r, r)


def hedges_olkin(rows: Rows) -> tuple[Floats, Booleans]:
    """Variance component estimator of Hedges and Olkin: variance of the effects minus the mean sampling variance.

    References
    ----------
    .. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293 (estimators HO, HS, DL, ML, REML).
    """
    return moment(rows, np.isfinite(rows.v).astype(float))


def moment(rows: Rows, a: Floats) -> tuple[Floats, Booleans]:
    """Generalised method of moments with given weights: the tau2 at which y'Ay is its expectation, or zero.

    References
    ----------
    .. [1] DerSimonian R, Kacker R. Contemp Clin Trials 2007;28:105-114.
    .. [2] Jackson D. Res Synth Methods 2013;4:220-229.
    """
    found = np.zeros(len(rows.y))
    some = rows.k > 1
    excess = form(rows, a) - trace(a, variances(rows))
    np.divide(excess, trace(a), out=found, where=some)
    return np.where(some, np.maximum(0.0, found), 0.0), np.ones(len(rows.y), dtype=bool)


def hunter_schmidt(rows: Rows) -> tuple[Floats, Booleans]:
    """Estimator of Hunter and Schmidt: (Q - k) / sum(w), zero if negative [1]_.

    References
    ----------
    .. [1] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
    """
    return _hunter_schmidt(rows, np.ones(len(rows.y)))


def hunter_schmidt_corrected(rows: Rows) -> tuple[Floats, Booleans]:
    """Estimator of Hunter and Schmidt with Q times k / (k - 1): the correction for small samples of metafor's "HSk"."""
    return _hunter_schmidt(rows, np.divide(rows.k, rows.k - 1.0, out=np.ones(len(rows.y)), where=rows.k > 1))


def _hunter_schmidt(rows: Rows, factor: Floats) -> tuple[Floats, Booleans]:
    w = inverse_variance(rows)
    found = np.zeros(len(rows.y))
    some = rows.k > 1
    np.divide(factor * form(rows, w) - rows.k, w.sum(axis=1), out=found, where=some)
    return np.maximum(0.0, found), np.ones(len(rows.y), dtype=bool)


def sidik_jonkman(rows: Rows) -> tuple[Floats, Booleans]:
    """Model error variance estimator of Sidik and Jonkman, started from the variance of the effects (divisor k).

    References
    ----------
    .. [1] Sidik K, Jonkman JN. J R Stat Soc C 2005;54:367-384.
    """
    crude = _crude(rows)
    q = mean(rows.y, rows.v, crude).q
    found = np.divide(crude * q, rows.k - 1.0, out=np.zeros(len(rows.y)), where=rows.k > 1)
    return found, np.ones(len(rows.y), dtype=bool)


def _crude(rows: Rows) -> Floats:
    """Return the variance of the effects, divisor k."""
    counted = np.isfinite(rows.v).astype(float)
    return np.divide(form(rows, counted), rows.k, out=np.zeros(len(rows.y)), where=rows.k > 1)


def paule_mandel_median(rows: Rows) -> tuple[Floats, Booleans]:
    """Median-unbiased version of the Paule-Mandel estimator: the generalised Q equals the median of its distribution.

    References
    ----------
    .. [1] Viechtbauer W. Res Synth Methods 2021;12:662-672.
    """
    return core.generalised_q_root(rows, special.chdtri(np.where(rows.k > 1, rows.k - 1.0, 1.0), 0.5))


def maximum_likelihood(rows: Rows) -> tuple[Floats, Booleans]:
    """Maximum likelihood estimator: the highest of all maxima, zero included.

    Notes
    -----
    With residuals r about the weighted mean the score is half of sum(w^2 r^2) - sum(w). No residual exceeds the
    distance D between the smallest and the largest effect, so the score is nowhere positive beyond t = D^2 - min(v).
    The range up to there is looked at first, and every maximum seen is refined.

    References
    ----------
    .. [1] Hardy RJ, Thompson SG. Stat Med 1996;15:619-629.
    .. [2] Viechtbauer W. J Educ Behav Stat 2005;30:261-293.
    """
    n = len(rows.y)
    found, converged = np.zeros(n), np.ones(n, dtype=bool)
    smallest = rows.v.min(axis=1)
    farthest = np.ptp(rows.y, axis=1) ** 2 - smallest
    some = np.flatnonzero((farthest > 0) & (rows.k > 1))
    if not some.size:
        return found, converged
    y, v, smallest, farthest = rows.y[some], rows.v[some], smallest[some], farthest[some]
    nearest = 0.25 * np.minimum(smallest, farthest)
    scan = nearest[:, None] * (farthest / nearest)[:, None] ** np.linspace(0.0, 1.0, _SCAN)
    scan[:, -1] = farthest
    scan = np.concatenate([np.zeros((len(some), 1)), scan], axis=1)
    rising = _ml_score(y[:, None, :], v[:, None, :], scan)[0] > 0
    rising[:, -1] = False
    row, left = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    if not row.size:
        return found, converged
    peak, settled = root(
        lambda i, t: _ml_score(y[row[i]], v[row[i]], t), scan[row, left], scan[row, left + 1], smallest[row]
    )
    height = log_likelihood(y[row], v[row], peak)
    floor = np.where(rising[:, 0], -np.inf, log_likelihood(y, v, np.zeros(len(y))))
    better = np.flatnonzero(height > floor[row])
    better = better[np.argsort(height[better], kind="stable")]  # the highest of a row is written last
    found[some[row[better]]] = peak[better]
    converged[some[row[better]]] = settled[better]
    return found, converged


def _ml_score(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return the first and second derivative of the log-likelihood with respect to tau2."""
    at = mean(y, v, t)
    wr = at.w * (y - at.mean[..., None])
    w2r = at.w * wr
    first = 0.5 * (np.einsum("...k,...k->...", wr, wr) - at.weight)
    second = 0.5 * np.einsum("...k,...k->...", at.w, at.w) - np.einsum("...k,...k->...", w2r, wr)
    return first, second + w2r.sum(axis=-1) ** 2 / at.weight


def log_likelihood(y: Floats, v: Floats, t: Floats) -> Floats:
    """Return the log-likelihood at the weighted mean, up to a constant."""
    at = mean(y, v, t)
    return 0.5 * (np.log(at.w, out=np.zeros_like(at.w), where=at.w > 0).sum(axis=-1) - at.q)


#: EB, DLIT and SJIT have one equation with PM for a single mean: the generalised Q equals k - 1
ESTIMATORS: dict[str, Callable[[Rows], tuple[Floats, Booleans]]] = core.ESTIMATORS | {
    "FE": core.equal_effects,
    "HE": hedges_olkin,
    "HS": hunter_schmidt,
    "HSk": hunter_schmidt_corrected,
    "SJ": sidik_jonkman,
    "ML": maximum_likelihood,
    "EB": core.paule_mandel,
    "PMM": paule_mandel_median,
    "DLIT": core.paule_mandel,
    "SJIT": core.paule_mandel,
}
NAMES = (*ESTIMATORS, "GENQ")
EQUAL = ("EE", "FE")  #: models without variance between studies


def standard_error(
    rows: Rows, tau2: Floats, estimator: str, weights: Floats | None = None, at_tau2: Floats | None = None
) -> Floats:
    """Standard error of tau2, from the variance of the quadratic form the estimator is made of, or the information.

    Parameters
    ----------
    rows : Rows
    tau2 : ndarray, shape (n,)
        As estimated.
    estimator : str
        Key of `ESTIMATORS`, or ``"GENQ"``.
    weights : ndarray, shape (n, k), optional
        Of ``"GENQ"``.
    at_tau2 : ndarray, shape (n, k), optional
        Weights 1 / (v + tau2), where they are known already.

    Returns
    -------
    ndarray, shape (n,)
        Squared working scale. NaN in rows of fewer than two studies and for models without tau2. ML and REML: inverse
        expected information.
    """
    none = np.full(len(rows.y), np.nan)
    if estimator in EQUAL or estimator == "given":
        return none
    if estimator in ("ML", "REML"):
        w = 1.0 / (rows.v + tau2[:, None]) if at_tau2 is None else at_tau2
        information = dot(w, w) if estimator == "ML" else trace_of_square(w)
        return np.sqrt(np.divide(2.0, information, out=none, where=rows.k > 1))
    df = rows.k - 1.0
    some = rows.k > 1
    if estimator == "SJ":
        crude = _crude(rows)
        factor = np.divide(crude, df, out=np.zeros_like(crude), where=some)
        a = 1.0 / (rows.v + crude[:, None])
        return np.where(some, factor * np.sqrt(2.0 * trace_of_square(a, variances(rows, tau2))), np.nan)
    factor = np.ones(len(rows.y))
    if estimator == "GENQ":
        assert weights is not None
        a = weights
    elif estimator == "HE":
        a = np.isfinite(rows.v).astype(float)
    elif estimator in ("DL", "HS", "HSk"):
        a = inverse_variance(rows)
    else:
        a = 1.0 / (rows.v + tau2[:, None])
    simple = estimator in ("GENQ", "HE", "DL")
    if not simple and estimator != "HS":
        factor = np.divide(rows.k, df, out=factor, where=some)
    divisor = trace(a) if simple else a.sum(axis=1)
    spread = np.sqrt(2.0 * trace_of_square(a, variances(rows, tau2)))
    return np.divide(factor * spread, divisor, out=none, where=some)
