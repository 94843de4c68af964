"""Proportional hazards (Lehmann) model of the summary ROC curve."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.accuracy.records import ProportionalHazards
from metaan.pooling.accuracy.tables import check_level, correct_zeros, read, refuse
from metaan.pooling.kernel import Floats
from metaan.terms.records import Interval
from metaan.terms.special import special

STEPS = 200


def accuracy_hazards(
    tp: ArrayLike,
    fn: ArrayLike,
    fp: ArrayLike,
    tn: ArrayLike,
    *,
    correction: float = 0.5,
    correct: str = "all",
    level: float = 0.95,
    labels: Any = None,
) -> ProportionalHazards:
    """Fit sensitivity = (false-positive rate) ** theta with theta normal between studies [1]_.

    With p the sensitivity, q the false-positive rate and theta_i = log p / log q, the sampling variance of theta_i is
    (var(log p) + theta ** 2 var(log q)) / log(q) ** 2, so that it moves with the mean; mean and tau2 maximise the
    likelihood together.

    Parameters
    ----------
    tp, fn, fp, tn : array_like of int, shape (k,)
        True positives, false negatives, false positives, true negatives.
    correction, correct, labels
        As in `pool_accuracy`.
    level : float
        Of the interval of theta, normal reference, 0 < level < 1.

    Returns
    -------
    ProportionalHazards
        A single study has tau2 0. The six I2 describe log(theta_i) by inverse variance: from Q, or as tau2 (DL) over
        tau2 plus a harmonic or arithmetic mean of the sampling variances, those of the studies or, adjusted for their
        sizes, those of one person a group.

    Raises
    ------
    ValueError
        Counts that are not whole numbers of 0 or above, a study with nobody in a group, or zero cells that are left
        uncorrected; positions or labels are named.

    References
    ----------
    .. [1] Holling H, Böhning W, Böhning D. Stat Modelling 2012;12:347-375.
    """
    tables = read(tp, fn, fp, tn, None, labels)
    if tables.axes:
        raise ValueError(f"counts must have one axis, one item a study, not {len(tables.axes) + 1}")
    check_level(level)
    cells = correct_zeros(tables, correction, correct)
    refuse(tables, (cells == 0).any(axis=0), 'a cell is 0, so theta does not exist: use correct="all" or "single"')
    a, b, c, d = cells[:, 0]
    log_p, log_q = np.log(a / (a + b)), np.log(c / (c + d))
    one, two = b / a, d / c  # variances of log p and log q, times the size of the group
    estimate = log_p / log_q
    first, second = one / (a + b) / log_q**2, two / (c + d) / log_q**2
    theta, tau2, value, information, settled = _maximise(estimate, first, second)
    se = float(np.sqrt(1.0 / information))
    half = float(special.ndtri(0.5 + 0.5 * level)) * se
    y = np.log(estimate)
    v = one / (a + b) / log_p**2 + two / (c + d) / log_q**2
    i2 = _heterogeneity(y, v, one / log_p**2 + two / log_q**2)
    return ProportionalHazards(
        k=len(a),
        theta=theta,
        se=se,
        ci=Interval(theta - half, theta + half),
        tau2=tau2,
        auc=1.0 / (1.0 + theta),
        log_likelihood=value,
        **i2,
        converged=settled,
        method={"correction": correction, "correct": correct, "level": level},
    )


def _heterogeneity(y: Floats, v: Floats, single: Floats) -> dict[str, float]:
    names = ("i2", "i2_harmonic", "i2_mean", "i2_adjusted", "i2_adjusted_harmonic", "i2_adjusted_mean")
    k = len(y)
    if k < 2:
        return dict.fromkeys(names, math.nan)
    w = 1.0 / v
    q = float(w @ (y - (w @ y) / w.sum()) ** 2)
    tau2 = max(0.0, (q - (k - 1)) / float(w.sum() - (w @ w) / w.sum()))
    typical = []
    for each in (v, single):
        u = 1.0 / each
        typical += [(k - 1) * u.sum() / (u.sum() ** 2 - u @ u), k / u.sum(), each.mean()]
    return {name: float(100.0 * tau2 / (tau2 + s)) for name, s in zip(names, typical, strict=True)}


def _maximise(y: Floats, first: Floats, second: Floats) -> tuple[float, float, float, float, bool]:
    """Newton's method for theta and tau, from several starts; variances are first + theta^2 second + tau^2.

    Returns theta, tau2, log-likelihood, information about theta with tau eliminated, and whether it settled.
    """
    centre = float(np.median(y))
    spread = float(y.var(ddof=1)) if len(y) > 1 else 0.0
    scale = max(centre, 1e-12)
    y, tau = y / scale, np.sqrt(spread) / scale
    first = first / scale**2
    several = len(y) > 1
    starts = [(1.0, 0.7 * tau), (float(y.mean()), 0.2 * tau), (float(y.mean()), 1.5 * tau)]
    tops = [_climb(np.array(start), y, first, second, several) for start in starts]
    (theta, tau), value, bend, settled = max(tops, key=lambda top: (round(top[1], 10), top[3]))
    information = -bend[0, 0]
    if several and bend[1, 1] < 0:
        information += bend[0, 1] ** 2 / bend[1, 1]
    shift = len(y) * np.log(scale)
    return float(theta * scale), float((tau * scale) ** 2), value - shift, float(information / scale**2), settled


def _climb(x: Floats, y: Floats, first: Floats, second: Floats, several: bool) -> tuple[Floats, float, Floats, bool]:
    x = x if several else np.array([x[0], 0.0])
    value, slope, bend = _at(x, y, first, second)
    free = slice(0, 2 if several else 1)
    last = np.inf
    for _ in range(STEPS):
        values, vectors = np.linalg.eigh(-bend[free, free])
        size = np.maximum(np.abs(values), 1e-10 * max(float(np.abs(values).max()), 1e-300))
        along = vectors.T @ slope[free]
        gain = float((along**2 / size).sum())
        step = np.zeros(2)
        step[free] = vectors @ (along / size)
        if gain <= 1e-9:
            if gain > 0.5 * last or gain <= 1e-18 * (1.0 + abs(value)):
                return x, value, bend, True
            x, last = x + step, gain
            value, slope, bend = _at(x, y, first, second)
            continue
        length = 1.0
        while length > 1e-12:
            there = _at(x + length * step, y, first, second)
            if there[0] >= value + 1e-4 * length * gain:
                break
            length *= 0.5
        else:
            return x, value, bend, False
        x = x + length * step
        value, slope, bend = there
    return x, value, bend, False


def _at(x: Floats, y: Floats, first: Floats, second: Floats) -> tuple[float, Floats, Floats]:
    """Return log-likelihood without constants, slope and Hessian in theta and tau."""
    theta, tau = x
    s = first + theta**2 * second + tau**2
    r = y - theta
    value = -0.5 * float((np.log(s) + r**2 / s).sum())
    by_s = 0.5 * (r**2 / s**2 - 1 / s)
    by_ss = 0.5 / s**2 - r**2 / s**3
    s_theta, cross = 2 * theta * second, -r / s**2  # cross: of the derivatives in theta (through r) and s
    slope = np.array([(r / s + by_s * s_theta).sum(), (by_s * 2 * tau).sum()])
    off = ((by_ss * s_theta + cross) * 2 * tau).sum()
    corner = (-1 / s + 2 * cross * s_theta + by_ss * s_theta**2 + 2 * by_s * second).sum()
    return value, slope, np.array([[corner, off], [off, (by_ss * 4 * tau**2 + 2 * by_s).sum()]])
