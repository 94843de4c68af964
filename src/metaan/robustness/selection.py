"""Selection models: a weight function of the p-value estimated together with the effect."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Floats
from metaan.pooling.pool import summarise
from metaan.robustness import selection_weights as shapes
from metaan.robustness.selection_likelihood import Data, log_likelihood
from metaan.robustness.selection_maximum import SETTLED, inverse_diagonal, maximise, with_log_tau2
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

ALTERNATIVES = ("auto", "greater", "less", "two.sided")
LARGEST = 100.0  #: upper bound of the selection parameters
_LEAST = {"beta": 1e-5}  #: lower bound where it is not 0
_NULL = {"step": 1.0, "beta": 1.0}  #: parameter without selection where it is not 0
_AT_BOUND = 1e-9  #: relative distance at which a parameter counts as lying on its bound
_TINY = 1e-12  #: weight of an interval that the search may reach


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SelectionModel(Result):
    """Selection model of one synthesis; arrays with the batch axes where `selection_model` was given such."""

    k: int
    estimate: Any  #: summary effect corrected for selection, working scale; a tuple of coefficients with moderators
    se: Any  #: from the observed information; NaN where that is singular
    z: Any
    p: Any
    ci: Interval
    tau2: float  #: corrected variance between studies, squared working scale
    se_tau2: float  #: NaN where tau2 is 0
    delta: tuple[float, ...]  #: selection parameters; of the step model the first is 1 by definition
    se_delta: tuple[float, ...]  #: NaN where a parameter is fixed or lies on a bound
    at_bound: bool  #: a selection parameter lies on a bound: the data say only "very small" or "very large"
    log_likelihood: float
    lrt: float  #: likelihood-ratio statistic against no selection
    lrt_df: int  #: 0 where the weights are given
    lrt_p: float  #: NaN where the weights are given
    lrt_tau2: float  #: likelihood-ratio statistic against tau2 = 0
    lrt_tau2_p: float  #: chi-square on 1 degree of freedom (conservative: tau2 = 0 lies on the boundary)
    in_interval: tuple[int, ...]  #: studies in each interval of the step model; empty otherwise
    method: dict[str, Any]  #: kind, steps, alternative (as used), level
    converged: bool

    def _cells(self) -> list[tuple[str, Any]]:
        several = ("delta", "se_delta", "in_interval")
        axes = getattr(self.tau2, "ndim", None)
        if axes is None:
            return [cell for cell in Result._cells(self) if cell[0] not in several]
        cells: list[tuple[str, Any]] = []
        for name, value in Result._cells(self):  # of a batch: one column an item
            if value.ndim > axes:
                cells += [(f"{name}_{j + 1}", value[..., j]) for j in range(value.shape[-1])]
            else:
                cells.append((name, value))
        return cells


class _Fit(NamedTuple):
    """Highest maximum of each row."""

    beta: Floats
    tau2: Floats
    eta: Floats
    value: Floats
    converged: np.ndarray


def selection_model(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    kind: str = "step",
    steps: tuple[float, ...] | list[float] = (0.025,),
    alternative: str = "auto",
    weights: ArrayLike | None = None,
    moderators: ArrayLike | None = None,
    tau2: str = "ML",
    delta_max: float = LARGEST,
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> SelectionModel:
    """Fit a selection model by maximum likelihood.

    A study with p-value p is seen with a probability proportional to w(p):

    - ``"step"``: constant between cut-points, 1 in the first interval [1]_; with `weights` given, not estimated [2]_;
    - ``"beta"``: ``p^(delta1 - 1) (1 - p)^(delta2 - 1)`` [3]_, p-values kept within 1e-5 and 1 - 1e-5;
    - ``"halfnorm"``, ``"negexp"``, ``"logistic"``: ``exp(-delta p^2)``, ``exp(-delta p)``,
      ``2 exp(-delta p) / (1 + exp(-delta p))`` [4]_; and ``"power"``: ``(1 - p)^delta``, p-values kept as above.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances; leading axes are a batch.
    kind : {"step", "beta", "halfnorm", "negexp", "logistic", "power"}
    steps : sequence of float
        Cut-points of the step model between 0 and 1, ascending; a last 1 may be given. One-sided 0.025 is two-sided
        0.05.
    alternative : {"auto", "greater", "less", "two.sided"}
        Which effects are favoured: large positive, large negative, or both (two-sided p-values). ``"auto"`` follows the
        sign of the summary effect (REML).
    weights : array_like of float, optional
        Weights of the step model's intervals, fixed beforehand: ``len(steps) + 1`` values, the first 1. They turn the
        model into a sensitivity analysis that needs no estimate of the selection [2]_.
    moderators : array_like, shape (k,) or (k, m), optional
        Moderators; an intercept is added, and `estimate` and its companions become tuples, intercept first.
    tau2 : {"ML", "EE"}
        Estimate the variance between studies, or set it to 0.
    delta_max : float
        Upper bound of the selection parameters. The lower bound is 0 (beta model: 1e-5).
    level : float
        Of the interval, 0 < level < 1.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part.

    Returns
    -------
    SelectionModel
        Standard errors and Wald interval are conditional on parameters that lie on a bound (tau2 = 0 included).

        In the step model the likelihood falls in the weight of an interval without a study, whose estimate is then
        exactly 0; without a study in the first interval the weights of the others grow to `delta_max`.

    Raises
    ------
    ValueError
        Unknown options, steps or weights that do not fit, fewer studies than parameters, effects that are not finite or
        variances that are not positive and finite (positions named).

    Notes
    -----
    The likelihood may have several maxima. Every row is climbed from a grid of starts by Newton's method with exact
    derivatives, and the highest maximum is returned.

    References
    ----------
    .. [1] Vevea JL, Hedges LV. Psychometrika 1995;60:419-435.
    .. [2] Vevea JL, Woods CM. Psychol Methods 2005;10:428-443.
    .. [3] Citkowicz M, Vevea JL. Psychol Methods 2017;22:28-41.
    .. [4] Preston C, Ashby D, Smyth R. J Eval Clin Pract 2004;10:313-322.

    Examples
    --------
    >>> y, v = [0.5, 0.8, 0.3, 0.6, 0.1, 0.9], [0.04, 0.09, 0.02, 0.05, 0.03, 0.12]
    >>> selection_model(y, v).lrt_df
    1
    """
    cuts, given = _options(kind, steps, alternative, weights, tau2, delta_max, level)
    batch = kernel.read(yi, vi, mask)
    axes, (n, k) = batch.axes, batch.y.shape
    on = np.ones((n, k)) if batch.mask is None else batch.mask.astype(float)
    design = _design(moderators, k)
    several = design.shape[1] > 1
    m = len(cuts) if kind == "step" else 2 if kind == "beta" else 1
    free = design.shape[1] + (tau2 == "ML") + (0 if given is not None else m)
    few = np.flatnonzero(on.sum(axis=1) < free)
    if few.size:
        where = "" if not axes else f" (row {few[0]} of the batch)"
        found = int(on[few[0]].sum())
        raise ValueError(
            f"a selection model with {free} parameters needs at least {free} studies, found {found}{where}"
        )
    sign, two_sided = _direction(batch, alternative)
    cells = shapes.cells(kind, cuts, two_sided)
    y = np.where(on > 0, sign[:, None] * batch.y, 0.0)
    v = np.where(on > 0, batch.v, 1.0)
    unit = np.sqrt(1.0 / ((on / v).sum(axis=1) / on.sum(axis=1)))  # typical standard error: figures keep their digits
    p = shapes.p_value(y / np.sqrt(v), two_sided)
    x = np.broadcast_to(design, (n, *design.shape))
    data = Data(y / unit[:, None], v / unit[:, None] ** 2, on, x, p, kind, cuts, two_sided, cells)

    seen = _in_intervals(data, m) if kind == "step" else np.zeros((n, 0), dtype=int)
    low, high = _bounds(kind, given, seen, n, m, delta_max)
    best = _fit(data, low, high, tau2 == "ML")
    plain = _unselected(data, tau2 == "ML")
    fixed = _fit(data, low, high, False) if tau2 == "ML" else best
    fields = _fields(data, best, low, high, given, tau2 == "ML", delta_max, level)
    value = best.value - on.sum(axis=1) * np.log(unit)
    fields |= {
        "k": on.sum(axis=1).astype(int),
        "estimate": fields["estimate"] * (sign * unit)[:, None],
        "se": fields["se"] * unit[:, None],
        "tau2": best.tau2 * unit**2,
        "se_tau2": fields["se_tau2"] * unit**2,
        "log_likelihood": value,
        "lrt": np.zeros(n) if given is not None else np.maximum(0.0, 2.0 * (best.value - plain)),
        "lrt_df": np.full(n, 0 if given is not None else m),
        "lrt_tau2": np.maximum(0.0, 2.0 * (best.value - fixed.value)),
        "in_interval": seen,
        "converged": best.converged,
    }
    fields["lrt_p"] = np.full(n, math.nan) if given is not None else special.chdtrc(m, fields["lrt"])
    fields["lrt_tau2_p"] = special.chdtrc(1, fields["lrt_tau2"])
    used = np.where(sign > 0, "greater", "less")
    method = {
        "kind": kind,
        "steps": cuts if kind == "step" else (),
        "alternative": "two.sided" if two_sided else used.reshape(axes) if axes else str(used[0]),
        "level": level,
    }
    return _record(fields, axes, several, method)


def _options(
    kind: str, steps: Any, alternative: str, weights: Any, tau2: str, delta_max: float, level: float
) -> tuple[tuple[float, ...], Floats | None]:
    for name, value, known in (
        ("kind", kind, shapes.KINDS),
        ("alternative", alternative, ALTERNATIVES),
        ("tau2", tau2, ("ML", "EE")),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    fraction("level", level)
    if not delta_max >= 1.0 or math.isinf(delta_max):
        raise ValueError(f"delta_max must be a finite number of at least 1, not {delta_max!r}")
    if kind != "step":
        if weights is not None:
            raise ValueError(f"weights can be given for the step model only, not for {kind!r}")
        return (), None
    cuts = tuple(np.atleast_1d(numbers("steps", steps)).tolist())
    if cuts and cuts[-1] == 1.0:
        cuts = cuts[:-1]
    if not cuts or not all(0.0 < cut < 1.0 for cut in cuts) or list(cuts) != sorted(set(cuts)):
        raise ValueError(f"steps must be ascending p-values between 0 and 1, at least one; found {cuts}")
    if weights is None:
        return cuts, None
    given = numbers("weights", weights)
    if given.shape != (len(cuts) + 1,) or given[0] != 1.0 or not (np.isfinite(given) & (given >= 0)).all():
        raise ValueError(
            f"weights must be {len(cuts) + 1} numbers that are not negative, one an interval, the first 1; "
            f"found {given.tolist()}"
        )
    return cuts, given


def _design(moderators: ArrayLike | None, k: int) -> Floats:
    if moderators is None:
        return np.ones((k, 1))
    x = np.asarray(moderators, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) != k:
        raise ValueError(f"moderators must have one row a study: {k} rows, found shape {x.shape}")
    if not np.isfinite(x).all():
        places = ", ".join(str(i) for i in np.flatnonzero(~np.isfinite(x).all(axis=1))[:10])
        raise ValueError(f"moderators must be finite numbers: at position {places}")
    design = np.concatenate([np.ones((k, 1)), x], axis=1)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("moderators must not be constant or combinations of one another")
    return design


def _direction(batch: kernel.Batch, alternative: str) -> tuple[Floats, bool]:
    """Return the sign that turns favoured effects positive, and whether p-values are two-sided."""
    n = len(batch.y)
    if alternative == "two.sided":
        return np.ones(n), True
    if alternative == "auto":
        pooled = summarise(batch.y, batch.v, tau2="REML", mask=batch.mask)["estimate"]
        return np.where(pooled < 0, -1.0, 1.0), False
    return np.full(n, 1.0 if alternative == "greater" else -1.0), False


def _in_intervals(data: Data, m: int) -> np.ndarray:
    which = shapes.interval(data.p, data.steps)
    return ((which[..., None] == np.arange(m + 1)) & (data.on > 0)[..., None]).sum(axis=1)


def _bounds(
    kind: str, given: Floats | None, seen: np.ndarray, n: int, m: int, delta_max: float
) -> tuple[Floats, Floats]:
    """Return bounds of eta, shape (n, m); equal where a parameter is fixed."""
    if given is not None:
        eta = np.broadcast_to(shapes.to_eta(kind, given[1:]), (n, m))
        return eta, eta
    high = np.full((n, m), shapes.to_eta(kind, np.array(delta_max)))
    low = np.full((n, m), shapes.to_eta(kind, np.array(_LEAST.get(kind, _TINY if kind == "step" else 0.0))))
    if kind == "step":  # the likelihood falls in the weight of an interval without studies
        empty = seen[:, 1:] == 0
        low, high = np.where(empty, -np.inf, low), np.where(empty, -np.inf, high)
    return low, high


def _fit(data: Data, low: Floats, high: Floats, between: bool) -> _Fit:
    """Climb from a grid of starts and keep the highest maximum of each row."""
    n = len(data.y)
    rows, beta, tau2, eta = (np.concatenate(part) for part in zip(*_starts(data, low, high, between), strict=True))
    if data.kind != "step":
        coarse = data._replace(cells=shapes.cells(data.kind, data.steps, data.two_sided, shapes.COARSE))
        found = _climb(coarse, rows, beta, tau2, eta, low, high, between, 1e-7)
        kept = _distinct(rows, found)
        rows, beta, tau2, eta = rows[kept], found.beta[kept], found.tau2[kept], found.eta[kept]
    found = _climb(data, rows, beta, tau2, eta, low, high, between, SETTLED)
    order = np.lexsort((found.value, rows))
    last = order[np.searchsorted(rows[order], np.arange(n), side="right") - 1]
    return _Fit(*(part[last] for part in found))


def _distinct(rows: np.ndarray, found: _Fit) -> np.ndarray:
    """Return positions of the maxima that may be the highest of their row, each once, four at most."""
    kept: list[int] = []
    place = np.concatenate([found.beta, np.log1p(found.tau2)[:, None], found.eta], axis=1)
    for row in np.unique(rows):
        mine = np.flatnonzero(rows == row)
        mine = mine[np.argsort(-found.value[mine])]
        chosen: list[int] = []
        for i in mine[found.value[mine] > found.value[mine[0]] - 0.1]:
            if len(chosen) < 4 and all(np.abs(place[i] - place[j]).max() > 0.02 for j in chosen):
                chosen.append(int(i))
        kept += chosen
    return np.array(kept)


def _climb(
    data: Data,
    rows: np.ndarray,
    beta: Floats,
    tau2: Floats,
    eta: Floats,
    low: Floats,
    high: Floats,
    between: bool,
    settled: float,
) -> _Fit:
    """Maximise from given starts; tau2 is worked on as log(1 + tau2), the typical sampling variance being 1."""
    n, p = beta.shape
    m = eta.shape[1]
    lowest = np.concatenate([np.full((n, p), -np.inf), np.zeros((n, 1)), low[rows]], axis=1)
    highest = np.concatenate([np.full((n, p), np.inf), np.full((n, 1), np.inf if between else 0.0), high[rows]], axis=1)
    start = np.concatenate([beta, np.log1p(tau2)[:, None], eta], axis=1)
    spread = np.sqrt((data.on[..., None] * data.x**2).sum(axis=1) / data.on.sum(axis=1)[:, None])
    unit = np.sqrt(1.0 + tau2)[:, None] / spread[rows]
    scale = np.concatenate([unit, np.ones((n, 1 + m))], axis=1)
    # fixed weights may be 0, whose eta is not finite: the climb sees a stand-in that it cannot move
    fixed = np.where(lowest == highest, highest, 0.0)[:, p + 1 :]
    moving = np.concatenate([np.ones((n, p + 1), dtype=bool), low[rows] < high[rows]], axis=1)
    lowest, highest, start = (np.where(moving, part, 0.0) for part in (lowest, highest, start))

    def function(i: np.ndarray, at: Floats, order: int) -> tuple[Floats, Floats, Floats]:
        now = np.where(moving[i, p + 1 :], at[:, p + 1 :], fixed[i])
        return log_likelihood(data.take(rows[i]), at[:, :p], at[:, p], now, order)

    top = maximise(with_log_tau2(function, p), start, lowest, highest, scale, settled)
    eta = np.where(moving[:, p + 1 :], top.at[:, p + 1 :], fixed)
    return _Fit(top.at[:, :p], np.expm1(top.at[:, p]), eta, top.value, top.converged)


def _starts(
    data: Data, low: Floats, high: Floats, between: bool
) -> Iterator[tuple[np.ndarray, Floats, Floats, Floats]]:
    """Yield rows, beta, tau2 and eta of the starts: a grid of selection, heterogeneity and shifts of the mean."""
    fixed = bool((low == high).all())
    for rows, tau2 in _heterogeneities(data, between):
        x, y = data.x[rows], data.y[rows]
        xw = x * (data.on[rows] / (data.v[rows] + tau2[:, None]))[..., None]
        beta = np.linalg.solve(np.einsum("nkp,nkr->npr", xw, x), np.einsum("nkp,nk->np", xw, y)[..., None])[..., 0]
        for eta, shift in [(low, 0.0)] if fixed else _selections(data.kind, low.shape[1]):
            moved = beta.copy()
            moved[:, 0] -= shift * np.sqrt(1.0 + tau2)
            yield rows, moved, tau2, np.clip(np.broadcast_to(eta, low.shape), low, high)[rows]


def _heterogeneities(data: Data, between: bool) -> Iterator[tuple[np.ndarray, Floats]]:
    """Yield rows and tau2 of the starts: about DL's, and those of other estimators where these are far above it.

    With few precise studies that agree, DL's tau2 is next to nothing however far the others lie.
    """
    rows = np.arange(len(data.y))
    if not between:
        yield rows, np.zeros(len(rows))
        return
    there = data.on > 0
    total = summarise(data.y, data.v, tau2="DL", mask=there)["tau2"]
    for share in (0.0, 1.0, 4.0):
        yield rows, np.where(total > 0, share * total, 0.25 * share)
    covered = 2.0 * np.where(total > 0, 4.0 * total, 1.0)
    for estimator in ("ML", "HE"):
        other = summarise(data.y, data.v, tau2=estimator, mask=there)["tau2"]
        if (far := np.flatnonzero(other > covered)).size:
            yield far, other[far]
        covered = np.maximum(covered, 2.0 * other)


def _selections(kind: str, m: int) -> list[tuple[Floats, float]]:
    """Return starting values of eta with a shift of the mean, in typical standard deviations, that suits them."""
    if kind == "step":
        fall = np.arange(1, m + 1) / m
        return [(np.zeros(m), 0.0), (-1.0 * fall, 0.5), (-2.5 * fall, 1.0), (np.full(m, -2.0), 1.0), (1.0 * fall, -0.5)]
    if kind == "beta":
        pairs = ((1.0, 1.0, 0.0), (0.5, 2.0, 0.5), (1.0, 3.0, 1.0), (1.5, 1.0, -0.5), (1.5, 3.0, 1.0), (0.2, 1.0, 1.0))
        return [(np.log([a, b]), shift) for a, b, shift in (*pairs, (2.0, 6.0, -2.0), (0.1, 4.0, 1.5))]
    return [(np.log1p([delta]), shift) for delta, shift in ((0.0, 0.0), (1.0, 0.3), (4.0, 1.0), (15.0, 2.0))]


def _unselected(data: Data, between: bool) -> Floats:
    """Return the highest log-likelihood without selection: a step model whose weights are all 1."""
    n = len(data.y)
    plain = data._replace(kind="step", steps=(0.5,), two_sided=False, cells=shapes.cells("step", (0.5,), False))
    return _fit(plain, np.zeros((n, 1)), np.zeros((n, 1)), between).value


def _fields(
    data: Data,
    best: _Fit,
    low: Floats,
    high: Floats,
    given: Floats | None,
    between: bool,
    delta_max: float,
    level: float,
) -> dict[str, Any]:
    """Return estimates with standard errors from the observed information, in units of the rows."""
    n, p = best.beta.shape
    m = best.eta.shape[1]
    kind = data.kind
    delta = shapes.to_delta(kind, best.eta)
    moving = low < high
    floor = shapes.to_delta(kind, low) if kind != "step" else np.zeros_like(delta)
    nearest = 10.0 * _TINY if kind == "step" else _AT_BOUND
    at_low = moving & (delta - floor <= nearest * np.maximum(floor, 1.0))
    delta = np.where(at_low, floor, delta)
    at_high = moving & (best.eta >= high - _AT_BOUND)
    delta = np.where(at_high, delta_max, delta)
    at_bound = at_low | at_high | (np.isneginf(low) if given is None else False)
    held = np.concatenate(
        [np.zeros((n, p), dtype=bool), (best.tau2 <= 0)[:, None] | (not between), at_bound | ~moving], axis=1
    )
    got = log_likelihood(data, best.beta, best.tau2, np.where(np.isneginf(best.eta), -np.inf, best.eta))
    rate = np.where(held[:, p + 1 :], 1.0, shapes.slope(kind, shapes.to_delta(kind, best.eta)))
    unit = np.concatenate([np.ones((n, p + 1)), rate], axis=1)
    information = -got.second / (unit[:, :, None] * unit[:, None, :])
    information = np.where(held[:, :, None] | held[:, None, :], np.eye(p + 1 + m), information)
    variance = inverse_diagonal(information)
    with np.errstate(invalid="ignore"):
        se = np.where(held, np.nan, np.sqrt(np.where(variance > 0, variance, np.nan)))
    z = best.beta / se[:, :p]
    if kind == "step":
        delta = np.concatenate([np.ones((n, 1)), delta], axis=1)
        se = np.concatenate([se[:, : p + 1], np.full((n, 1), np.nan), se[:, p + 1 :]], axis=1)
    return {
        "estimate": best.beta,
        "se": se[:, :p],
        "z": z,
        "se_tau2": se[:, p],
        "delta": delta,
        "se_delta": se[:, p + 1 :],
        "at_bound": at_bound.any(axis=1),
        "quantile": -special.ndtri((1.0 - level) / 2.0),
    }


def _record(fields: dict[str, Any], axes: tuple[int, ...], several: bool, method: dict[str, Any]) -> SelectionModel:
    reach = fields.pop("quantile") * fields["se"]
    estimate = fields["estimate"]
    fields["z"] = estimate / fields["se"]
    fields["p"] = 2.0 * special.ndtr(-np.abs(fields["z"]))
    low, high = estimate - reach, estimate + reach

    def shaped(name: str, value: Any) -> Any:
        coefficient = name in ("estimate", "se", "z", "p", "low", "high")
        if coefficient and not several:
            value = value[:, 0]
        if axes:
            return value.reshape(*axes, *value.shape[1:])
        return tuple(value[0].tolist()) if value.ndim > 1 else value[0].item()

    out = {name: shaped(name, value) for name, value in fields.items()}
    return SelectionModel(ci=Interval(shaped("low", low), shaped("high", high)), method=method, **out)
