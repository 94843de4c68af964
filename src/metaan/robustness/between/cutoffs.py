"""Accuracy of a marker at every cut-off, from studies that each report several: a linear mixed model.

In the people without and with the outcome the share below the cut-off, on the logit or normal scale, is a straight line
in the cut-off (or its logarithm); studies differ in level, and in slope if asked for.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Record
from metaan.terms.special import special

ADD = 0.5  #: added to both counts of a group
STEPS = 200
ENOUGH = 1e-11  #: gain in deviance at which Newton's method stops
FIXED = 4  #: two intercepts and two slopes

#: model -> columns of the random effects: 1 intercept, g intercept of people with the outcome, x slope, gx its slope
MODELS: Mapping[str, str] = {
    "CI": "1",
    "DI": "1 g",
    "CS": "x",
    "DS": "x gx",
    "CICS": "1 x",
    "DICS": "1 x g",
    "CIDS": "1 x gx",
    "DIDS": "1 g x gx",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AtCutOff(Record):
    """Accuracy at one cut-off; high is above it."""

    cutoff: float
    sensitivity: float
    sensitivity_ci: Interval
    specificity: float
    specificity_ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffModel(Record):
    """Lines of the transformed share below the cut-off, without and with the outcome."""

    k: int  #: studies
    rows: int  #: cut-offs in all
    estimates: tuple[float, ...]  #: intercept and slope without the outcome, intercept and slope with it
    covariance: tuple[tuple[float, ...], ...]  #: of the estimates
    between: tuple[tuple[float, ...], ...]  #: covariance of the random effects, columns as in `MODELS`
    residual: float  #: variance of a cut-off of weight 1
    deviance: float  #: -2 restricted log-likelihood
    lowest: float  #: cut-offs that were seen
    highest: float
    distribution: str  #: logistic or normal
    log_cutoff: bool
    model: str  #: key of `MODELS`


def fit_cutoffs(
    tp: ArrayLike,
    fn: ArrayLike,
    fp: ArrayLike,
    tn: ArrayLike,
    cutoff: ArrayLike,
    study: Sequence[Any],
    *,
    model: str = "DI",
    distribution: str = "logistic",
    log_cutoff: bool = False,
    floor: float = 0.0,
) -> CutOffModel:
    """Fit the multiple cut-offs model of Steinhauser and others by restricted maximum likelihood.

    Parameters
    ----------
    tp, fn, fp, tn : array_like of int, shape (m,)
        Counts at each cut-off of each study; high values are positive.
    cutoff : array_like, shape (m,)
    study : sequence, length m
        Study of each row.
    model : str
        Random effects, key of `MODELS`: common or different ("C", "D") intercepts and slopes ("I", "S") of people with
        and without the outcome, their covariance unstructured [1]_.
    distribution : {"logistic", "normal"}
        Of the marker in each group.
    log_cutoff : bool
        Use the logarithm of the cut-off.
    floor : float
        Least residual variance. Weights are inverse sampling variances, so with 1 no interval is narrower than chance
        alone allows; few rows can otherwise suggest it, as cut-offs of one study share people. 0 is the model
        as published.

    Returns
    -------
    CutOffModel
        As in [1]_ the residual variance of a row is estimated, in inverse proportion to the inverse-variance weight of
        its transformed share (0.5 added to both counts), and rows of one study are independent given its random
        effects.

    Raises
    ------
    ValueError
        Counts or cut-offs that cannot be used; one cut-off a study throughout, which cannot tell how accuracy changes
        with the cut-off from how studies differ; a line that falls, which turns the marker round.

    References
    ----------
    .. [1] Steinhauser S, Schumacher M, Rücker G. BMC Med Res Methodol 2016;16:97.
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    if not (math.isfinite(floor) and floor >= 0):
        raise ValueError(f"floor must be finite and not negative, not {floor!r}")
    if distribution not in _LINKS:
        raise ValueError(f"distribution must be one of {', '.join(_LINKS)}, not {distribution!r}")
    below, above, x, codes = _read(tp, fn, fp, tn, cutoff, study, log_cutoff)
    k = int(codes.max()) + 1
    y, w = _LINKS[distribution](below + ADD, above + ADD)
    group = np.repeat([0.0, 1.0], x.size)
    x2, codes2 = np.tile(x, 2), np.tile(codes, 2)
    design = np.column_stack([1 - group, (1 - group) * x2, group, group * x2])
    centred = np.column_stack([1 - group, (1 - group) * (x2 - x.mean()), group, group * (x2 - x.mean())])
    z, turn_z = _random(model, group, x2, float(x.mean()), w)
    cross, free = _cross(centred, y, z, w, codes2, k), y.size - FIXED
    theta, least = _minimise(cross, z.shape[1], free, floor)
    beta, covariance, residual, factor = _solve(cross, theta, z.shape[1], free, floor)
    factor = turn_z @ factor
    turn = np.linalg.lstsq(design, centred, rcond=None)[0]  # coefficients of the columns that are not centred
    beta, covariance = turn @ beta, turn @ covariance @ turn.T
    if min(beta[1], beta[3]) <= 0:
        raise ValueError("the share below the cut-off falls as the cut-off rises: the counts contradict the model")
    return CutOffModel(
        k=k,
        rows=x.size,
        estimates=tuple(beta.tolist()),
        covariance=tuple(map(tuple, covariance.tolist())),
        between=tuple(map(tuple, (residual * factor @ factor.T).tolist())),
        residual=residual,
        deviance=least + free * math.log(2 * math.pi) - float(np.log(w).sum()),
        lowest=float(np.exp(x.min()) if log_cutoff else x.min()),
        highest=float(np.exp(x.max()) if log_cutoff else x.max()),
        distribution=distribution,
        log_cutoff=log_cutoff,
        model=model,
    )


def accuracy_at(found: CutOffModel, cutoff: float, level: float = 0.95) -> AtCutOff:
    """Return sensitivity and specificity of the model at a cut-off, with Wald limits on the transformed scale."""
    fraction("level", level)
    x = math.log(cutoff) if found.log_cutoff else cutoff
    inverse = special.expit if found.distribution == "logistic" else special.ndtr
    quantile = float(special.ndtri(0.5 + level / 2))
    covariance = np.array(found.covariance)
    shares = []
    for first in (0, 2):
        row = np.zeros(FIXED)
        row[first], row[first + 1] = 1.0, x
        centre, half = float(row @ found.estimates), quantile * math.sqrt(float(row @ covariance @ row))
        shares.append([float(inverse(value)) for value in (centre, centre - half, centre + half)])
    (specificity, low, high), (missed, least, most) = shares
    return AtCutOff(
        cutoff=cutoff,
        sensitivity=1.0 - missed,
        sensitivity_ci=Interval(1.0 - most, 1.0 - least),
        specificity=specificity,
        specificity_ci=Interval(low, high),
    )


def _read(
    tp: ArrayLike, fn: ArrayLike, fp: ArrayLike, tn: ArrayLike, cutoff: ArrayLike, study: Sequence[Any], log: bool
) -> tuple[Floats, Floats, Floats, Any]:
    """Return people below and above, first all without the outcome, then all with it; cut-offs; numbers of studies."""
    cells = [np.asarray(each, dtype=float) for each in (tp, fn, fp, tn, cutoff)]
    if len({each.shape for each in cells}) != 1 or cells[0].ndim != 1 or len(study) != cells[0].size:
        raise ValueError("counts, cut-offs and studies must have one item a row")
    a, b, c, d, x = cells
    if not (np.isfinite(np.stack(cells)).all() and min(a.min(), b.min(), c.min(), d.min()) >= 0):
        raise ValueError("counts and cut-offs must be finite, counts not negative")
    if ((a + b == 0) | (c + d == 0)).any():
        raise ValueError("every row needs people with and people without the outcome")
    if log and not (x > 0).all():
        raise ValueError("the logarithm needs cut-offs above 0")
    names = [str(each) for each in study]
    codes = np.array([sorted(set(names)).index(name) for name in names])
    several = sum(np.unique(x[codes == code]).size > 1 for code in range(int(codes.max()) + 1))
    if not several:
        raise ValueError(
            "one cut-off a study cannot tell how accuracy changes with the cut-off from how studies differ"
        )
    return np.append(d, b), np.append(c, a), np.log(x) if log else x, codes


def _logistic(below: Floats, above: Floats) -> tuple[Floats, Floats]:
    return np.log(below / above), below * above / (below + above)


def _normal(below: Floats, above: Floats) -> tuple[Floats, Floats]:
    n = below + above
    y = special.ndtri(below / n)
    return y, n**3 * np.exp(-(y**2)) / (2 * math.pi) / (below * above)


#: transformed share below, and its inverse-variance weight by the delta method
_LINKS: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {"logistic": _logistic, "normal": _normal}


def _random(model: str, group: Floats, x: Floats, middle: float, w: Floats) -> tuple[Floats, Floats]:
    """Return columns of the random effects, centred where that is only another way to write them and scaled; and T.

    With D the covariance of the effects of these columns, T D T' is that of the effects of the model's own.
    """
    names = MODELS[model].split()
    columns = {"1": np.ones_like(x), "g": group, "x": x, "gx": group * x}
    z, turn = np.column_stack([columns[name] for name in names]), np.eye(len(names))
    for slope, level in (("x", "1"), ("gx", "g")):
        if slope in names and level in names:
            turn[names.index(level), names.index(slope)] = -middle
    z = z @ turn
    scale = 1.0 / np.sqrt((w[:, None] * z**2).mean(axis=0))
    return z * scale, turn * scale


def _cross(x: Floats, y: Floats, z: Floats, w: Floats, codes: Any, k: int) -> Floats:
    """Return the weighted cross products of columns x, y, z of each study, shape (k, p + 1 + q, p + 1 + q)."""
    whole = np.column_stack([x, y, z])
    products = whole[:, :, None] * (w[:, None] * whole)[:, None, :]
    found = np.zeros((k, whole.shape[1], whole.shape[1]))
    np.add.at(found, codes, products)
    return found


def _factors(theta: Floats, q: int) -> Floats:
    """Return lower triangular factors of the covariance over the residual variance, shape (m, q, q)."""
    factor = np.zeros((len(theta), q, q))
    factor[:, *np.tril_indices(q)] = theta
    return factor


def _reduced(cross: Floats, factor: Floats) -> tuple[Floats, Floats]:
    """Return cross products of x and y under the inverse covariance, (m, p + 1, p + 1), and its log determinant."""
    n = FIXED + 1
    inner = np.einsum("mab,sac,mcd->msbd", factor, cross[:, n:, n:], factor, optimize=True) + np.eye(factor.shape[-1])
    side = np.einsum("mab,sac->msbc", factor, cross[:, n:, :n])
    removed = np.einsum("msbc,msbd->mcd", side, np.linalg.solve(inner, side))
    return cross[:, :n, :n].sum(axis=0) - removed, np.linalg.slogdet(inner)[1].sum(axis=1)


def _deviance(cross: Floats, theta: Floats, q: int, free: int, floor: float) -> Floats:
    """Return -2 restricted log-likelihood with the residual variance at its best, up to a constant, shape (m,)."""
    s, logdet = _reduced(cross, _factors(theta, q))
    p = FIXED
    rest = s[:, p, p] - np.einsum("mi,mi->m", s[:, :p, p], np.linalg.solve(s[:, :p, :p], s[:, :p, p, None])[..., 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.maximum(rest / free, floor)
        found = logdet + np.linalg.slogdet(s[:, :p, :p])[1] + free * np.log(residual) + rest / residual
    return np.where(np.isfinite(found), found, np.inf)


def _solve(cross: Floats, theta: Floats, q: int, free: int, floor: float) -> tuple[Floats, Floats, float, Floats]:
    factor = _factors(theta[None], q)
    s = _reduced(cross, factor)[0][0]
    inverse = np.linalg.inv(s[:FIXED, :FIXED])
    beta = inverse @ s[:FIXED, FIXED]
    residual = max(float(s[FIXED, FIXED] - beta @ s[:FIXED, FIXED]) / free, floor)
    return beta, residual * inverse, residual, factor[0]


def _minimise(cross: Floats, q: int, free: int, floor: float) -> tuple[Floats, float]:
    """Return the lowest of the minima reached from several starts: a size of the random effects each."""
    corner = np.tril_indices(q)
    starts = np.array([(size * np.eye(q))[corner] for size in (0.1, 0.5, 2.0)])
    return min((_newton(cross, start, q, free, floor) for start in starts), key=lambda each: each[1])


def _newton(cross: Floats, theta: Floats, q: int, free: int, floor: float) -> tuple[Floats, float]:
    """Newton's method downwards whatever the curvature; derivatives by differences, all points in one batch."""
    d = theta.size
    eye = np.eye(d)
    pairs = [(i, j) for i in range(d) for j in range(i)]
    moves = [sign * eye[i] for i in range(d) for sign in (1, -1)]
    moves += [a * eye[i] + b * eye[j] for i, j in pairs for a in (1, -1) for b in (1, -1)]
    around = np.array([np.zeros(d), *moves])
    lengths = 0.5 ** np.arange(12.0)
    value = float(_deviance(cross, theta[None], q, free, floor)[0])
    for _ in range(STEPS):
        h = 1e-4 * (1.0 + np.abs(theta))
        near = _deviance(cross, theta + around * h, q, free, floor)
        plus, minus, mixed = near[1 : 2 * d : 2], near[2 : 2 * d + 1 : 2], near[2 * d + 1 :].reshape(-1, 4)
        slope = (plus - minus) / (2 * h)
        bend = np.diag((plus + minus - 2 * near[0]) / h**2)
        for (i, j), four in zip(pairs, mixed, strict=True):
            bend[i, j] = bend[j, i] = (four[0] - four[1] - four[2] + four[3]) / (4 * h[i] * h[j])
        values, vectors = np.linalg.eigh(bend)
        size = np.maximum(np.abs(values), 1e-6 * max(float(np.abs(values).max()), 1.0))
        step = -vectors @ ((vectors.T @ slope) / size)
        tried = _deviance(cross, theta + lengths[:, None] * step, q, free, floor)
        best = int(np.argmin(tried))
        gain = value - float(tried[best])
        if gain <= 0:
            break
        theta, value = theta + lengths[best] * step, float(tried[best])
        if gain <= ENOUGH * (1.0 + abs(value)):
            break
    return theta, value
