"""Location-scale models: what effects differ with, and what their variance between studies differs with."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.pooling.regression import moderators as regression
from metaan.pooling.regression.design_matrix import Design
from metaan.pooling.regression.least_squares import Prepared, at, prepare
from metaan.pooling.regression.meta_regression import arrange
from metaan.pooling.regression.moderators import ESTIMATORS
from metaan.pooling.regression.records import WaldTest, check_level, quantile, two_sided, wald_test
from metaan.terms.records import Result

LINKS = ("log", "identity")
METHODS = ("REML", "ML")

_STEPS = 200
_DRAWS = 12  #: further starts, always the same: the likelihood of the log scale may have several maxima
_FLAT = 1e-14  #: gain in log-likelihood that a Newton step promises, below which the maximum is reached
_EDGE = 1e-6  #: information on a direction of the log scale below which it runs to minus infinity


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Coefficients(Result):
    """One half of a location-scale model; columns have one item a coefficient."""

    names: tuple[str, ...]
    estimates: tuple[float, ...]
    se: tuple[float, ...]
    statistic: tuple[float, ...]
    df: float  #: of the t reference; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    omnibus: WaldTest  #: all coefficients but the intercept

    def _cells(self) -> list[tuple[str, Any]]:
        columns = ("names", "estimates", "se", "statistic", "p", "ci_low", "ci_high")
        return [(name, getattr(self, name)) for name in columns]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LocationScale(Result):
    """Location-scale model on the measure's working scale."""

    location: Coefficients  #: of the effects
    scale: Coefficients  #: of log(tau2), or of tau2 under the identity link
    k: int
    tau2: tuple[float, ...]  #: of each study in use
    log_likelihood: float  #: restricted under REML
    gradient: float  #: largest derivative of the log-likelihood, per standardised coefficient of the scale
    boundary: bool  #: tau2 of some study is zero: no standard errors of the scale; a log scale runs to minus infinity
    rows: tuple[int, ...]  #: positions of the studies in use, counted from 0
    dropped: tuple[str, ...]  #: studies left out, with the reason
    method: dict[str, Any]  #: method, link, interval, level as asked for
    converged: bool

    def _cells(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for name in ("names", "estimates", "se", "statistic", "p", "ci_low", "ci_high"):
            found.append((name, getattr(self.location, name) + getattr(self.scale, name)))
        parts = ("location",) * len(self.location.names) + ("scale",) * len(self.scale.names)
        return [("part", parts), *found]


class _Likelihood(NamedTuple):
    value: float
    gradient: Floats
    hessian: Floats


class _Model(NamedTuple):
    """Studies on a scale of their own, the scale's design made orthonormal."""

    rows: Prepared
    z: Floats  #: shape (k, q)
    link: str
    restricted: bool

    def tau2(self, a: Floats) -> Floats:
        """Return tau2 of each study."""
        linear: Floats = self.z @ a
        return np.exp(np.clip(linear, -200.0, 200.0)) if self.link == "log" else linear

    def likelihood(self, a: Floats) -> _Likelihood:
        """Return the profile log-likelihood of the scale's coefficients, with both derivatives.

        With P = W - W X (X'WX)^-1 X'W and r = P y, the derivatives with respect to the tau2 of studies i and j are
        (r_i^2 - P_ii) / 2 and P_ij^2 / 2 - r_i P_ij r_j; under ML W stands in place of P, but not beside r.
        """
        tau2 = self.tau2(a)
        if not (tau2 >= -1e-15).all():
            return _Likelihood(-math.inf, np.zeros(len(a)), np.eye(len(a)))
        w = 1.0 / (self.rows.v[0] + tau2)
        fit = at(self.rows, np.zeros(1), weights=w[None])
        r = fit.wr[0]
        c = np.stack([column[0] for column in fit.weighted]) / np.sqrt(fit.d)  # P = diag(w) - c'c
        count = self.rows.df[0] if self.restricted else float(self.rows.k[0])
        value = np.log(w).sum() - fit.q[0] - count * math.log(2.0 * math.pi)
        taken = (c**2).sum(axis=0)
        slope = tau2 if self.link == "log" else np.ones_like(tau2)
        e = slope[:, None] * self.z
        if self.restricted:
            value -= np.log(fit.d).sum()
            first = 0.5 * (r**2 - w + taken)
            squares = (e * (w**2 - 2.0 * w * taken)[:, None]).T @ e
            for i in range(len(c)):
                for j in range(len(c)):
                    both = e.T @ (c[i] * c[j])
                    squares += np.outer(both, both)
        else:
            first = 0.5 * (r**2 - w)
            squares = (e * (w**2)[:, None]).T @ e
        re = r[:, None] * e
        projected = c @ re
        hessian = 0.5 * squares - (re * w[:, None]).T @ re + projected.T @ projected
        if self.link == "log":
            hessian += (self.z * (first * tau2)[:, None]).T @ self.z
        return _Likelihood(0.5 * float(value), e.T @ first, hessian)


def location_scale(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    moderators: Any = None,
    *,
    location: str = "1",
    scale: str = "1",
    link: str = "log",
    method: str = "REML",
    interval: str = "Wald",
    level: float = 0.95,
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    labels: Sequence[str] | None = None,
) -> LocationScale:
    """Fit ``y = x beta + u + e`` with var(e) = v and log var(u) = z alpha, or var(u) = z alpha [1]_.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    moderators : mapping or pandas.DataFrame
        As in `meta_regression`.
    location, scale : str
        Formulas of x and z; ``"1"`` is an intercept alone.
    link : {"log", "identity"}
        Under the identity link tau2 of every study is kept from being negative.
    method : {"REML", "ML"}
    interval : {"Wald", "t"}
        Normal reference, or t on k minus the number of coefficients of that half.
    level : float
    reference, factors, labels
        As in `meta_regression`.

    Returns
    -------
    LocationScale
        Standard errors of the scale come from the observed information, those of the location from (X'WX)^-1.

    Raises
    ------
    ValueError
        As `meta_regression`.

    References
    ----------
    .. [1] Viechtbauer W, Lopez-Lopez JA. Res Synth Methods 2022;13:697-715.
    """
    for name, value, known in (
        ("link", link, LINKS),
        ("method", method, METHODS),
        ("interval", interval, ("Wald", "t")),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    check_level(level)
    options: dict[str, Any] = {"reference": reference, "factors": factors, "labels": labels}
    x = arrange(yi, vi, moderators, formula=location, also=[scale], **options)
    z = arrange(yi, vi, moderators, formula=scale, also=[location], **options)
    y, v = x.y, x.v
    unit = float(np.median(v)) ** 0.5
    rows = prepare(y[None] / unit, v[None] / unit**2, x.x)
    basis, r = np.linalg.qr(z.x / np.abs(z.x).max(axis=0))
    basis, r = basis * math.sqrt(len(y)), r * np.abs(z.x).max(axis=0) / math.sqrt(len(y))
    model = _Model(rows, basis, link, method == "REML")
    a, boundary, converged = _highest(model, method)
    found = model.likelihood(a)
    tau2 = np.maximum(model.tau2(a), 0.0)
    if link == "log":  # exp(z alpha) in the user's unit: add log(unit^2) where the basis carries the constant
        shift = np.linalg.lstsq(basis, np.full(len(y), math.log(unit**2)), rcond=None)[0]
        alpha, factor = np.linalg.solve(r, a + shift), 1.0
    else:
        alpha, factor = np.linalg.solve(r, a) * unit**2, unit**2
    inverse = np.linalg.inv(r)
    if boundary:
        information = np.full(r.shape, np.nan)
    else:
        information = factor**2 * inverse @ np.linalg.inv(-found.hessian) @ inverse.T
    fit = regression.fit(y[None], v[None] + tau2[None] * unit**2, x.x, tau2="EE")
    n = rows.df[0] if method == "REML" else len(y)
    return LocationScale(
        location=_coefficients(x.design, fit.beta[0], fit.covariance[0], len(y), interval, level),
        scale=_coefficients(z.design, alpha, information, len(y), interval, level),
        k=len(y),
        tau2=tuple((tau2 * unit**2).tolist()),
        log_likelihood=found.value - n * math.log(unit),
        gradient=float(np.abs(found.gradient).max()),
        boundary=boundary,
        rows=tuple(int(i) for i in x.rows),
        dropped=x.dropped,
        method={"method": method, "link": link, "interval": interval, "level": level},
        converged=converged,
    )


def _coefficients(
    design: Design, estimates: Floats, covariance: Floats, k: int, interval: str, level: float
) -> Coefficients:
    p = len(estimates)
    df = math.inf if interval == "Wald" else float(k - p)
    se = np.sqrt(np.diag(covariance))
    half = quantile(level, df) * se
    others = tuple(range(1, p)) if () in design.terms and p > 1 else tuple(range(p))
    return Coefficients(
        names=design.names,
        estimates=tuple(estimates.tolist()),
        se=tuple(se.tolist()),
        statistic=tuple((estimates / se).tolist()),
        df=df,
        p=tuple(two_sided(estimates / se, df).tolist()),
        ci_low=tuple((estimates - half).tolist()),
        ci_high=tuple((estimates + half).tolist()),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        omnibus=wald_test("all", others, design.names, estimates, covariance, df),
    )


def _highest(model: _Model, method: str) -> tuple[Floats, bool, bool]:
    """Climb from several places; return the highest point, whether it lies on the edge, whether it is settled."""
    rows, k = model.rows, len(model.z)
    constant = np.ones(k)
    start = float(ESTIMATORS[method](rows)[0][0])
    typical = float(np.median(rows.v[0]))
    left = np.maximum(rows.u[0] ** 2 - rows.v[0], 0.05 * rows.v[0])
    levels = (max(start, 0.01 * typical), typical)
    if model.link == "log":
        targets = [math.log(level) * constant for level in levels]
        targets.append(np.log(left))
        targets += [
            targets[0] + sign * 2.0 * column for column in model.z.T if np.ptp(column) > 1e-9 for sign in (-1, 1)
        ]
        climb: Callable[[_Model, Floats], tuple[Floats, bool, bool]] = _climb
    else:
        targets = [level * constant for level in levels]
        targets.append(left)
        climb = _climb_within
    best: tuple[float, tuple[Floats, bool, bool]] | None = None
    for target in targets:
        a: Floats = np.linalg.lstsq(model.z, target, rcond=None)[0].astype(float)
        if model.link == "identity" and not (model.z @ a >= 0).all():
            continue
        found = climb(model, a)
        height = model.likelihood(found[0]).value
        if best is None or height > best[0] + 1e-9 or (found[2] and not best[1][2] and height > best[0] - 1e-9):
            best = height, found
    if best is None:
        raise ValueError("no start with tau2 of all studies positive was found: give the scale an intercept")
    return best[1]


def _ascent(hessian: Floats, gradient: Floats) -> Floats:
    """Return Newton's step, turned uphill where the likelihood is not concave."""
    values, vectors = np.linalg.eigh(-hessian)
    values = np.maximum(np.abs(values), 1e-12 * max(1.0, float(np.abs(values).max(initial=0.0))))
    step: Floats = vectors @ ((vectors.T @ gradient) / values)
    return step


def _climb(model: _Model, a: Floats) -> tuple[Floats, bool, bool]:
    here, converged = model.likelihood(a), False
    for _ in range(_STEPS):
        step = _ascent(here.hessian, here.gradient)
        promised = 0.5 * float(step @ here.gradient)
        longest = float(np.abs(model.z @ step).max())
        step *= min(1.0, 3.0 / longest) if longest > 0 else 1.0
        if promised <= _FLAT:
            converged = True
            break
        length = 1.0
        while length > 1e-10:
            there = model.likelihood(a + length * step)
            if there.value > here.value or (there.value == here.value and promised < 1e-9):
                break
            length *= 0.5
        else:
            converged = promised <= 1e-10
            break
        a, here = a + length * step, there
    edge = bool(np.linalg.eigvalsh(-here.hessian).min() < _EDGE)
    return a, edge, converged


def _climb_within(model: _Model, a: Floats) -> tuple[Floats, bool, bool]:
    """Climb with tau2 of no study negative: Newton's steps along the edges in force, met or left one by one."""
    from scipy import optimize

    held: list[int] = []
    here, converged = model.likelihood(a), False
    nearest = float(np.abs(model.z).max())
    for _ in range(_STEPS):
        if held:
            _, sizes, right = np.linalg.svd(model.z[held], full_matrices=True)
            free = right[int((sizes > 1e-10 * sizes.max()).sum()) :].T
        else:
            free = np.eye(len(a))
        step = np.zeros_like(a)
        if free.shape[1]:
            step = free @ _ascent(free.T @ here.hessian @ free, free.T @ here.gradient)
        promised = 0.5 * float(step @ here.gradient)
        if promised <= _FLAT:
            # Kuhn and Tucker: the edges met have to hold back the whole gradient, each pushing inwards
            met = np.flatnonzero(model.z @ a <= 1e-9 * max(float((model.z @ a).max()), 1e-9))
            if not met.size:
                converged = True
                break
            force, rest = optimize.nnls(model.z[met].T, -here.gradient)
            if rest <= 1e-7 * max(1.0, float(np.abs(here.gradient).max())):
                converged = True
                break
            # what is left of the gradient leads along or away from every edge met
            step = here.gradient + model.z[met].T @ force
            bend = float(-step @ here.hessian @ step)
            step *= float(step @ here.gradient) / bend if bend > 0 else 1.0 / float(np.abs(model.z @ step).max())
            promised = 0.5 * float(step @ here.gradient)
            if promised <= 100.0 * _FLAT:
                converged = True
                break
            leaving = model.z[met] @ step > 1e-9 * float(np.abs(model.z @ step).max())
            held = met[~leaving].tolist()
        slope = model.z @ step
        room = np.full(len(slope), np.inf)
        falling = slope < -1e-14 * nearest * float(np.abs(step).max())
        falling[held] = False
        room[falling] = np.maximum(model.z[falling] @ a, 0.0) / -slope[falling]
        most, length = float(room.min()), min(1.0, float(room.min()))
        full = length
        while length > 1e-12:
            there = model.likelihood(_inside(model, a + length * step))
            if there.value >= here.value:
                break
            length *= 0.5
        else:
            converged = promised <= 1e-10
            break
        a, here = _inside(model, a + length * step), there
        if length == full == most:
            held.append(int(room.argmin()))
    linear = model.z @ a
    return a, bool((linear <= 1e-9 * max(float(linear.max()), 1e-9)).any()), converged


def _inside(model: _Model, a: Floats) -> Floats:
    """Take back what rounding put beyond the edge."""
    worst = float((model.z @ a).min())
    if -1e-9 < worst < 0:
        constant = np.linalg.lstsq(model.z, np.ones(len(model.z)), rcond=None)[0]
        return a - 2.0 * worst * constant
    return a
