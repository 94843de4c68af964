"""Bayesian random-effects meta-analysis by deterministic integration: no simulation, the same digits every time.

Given tau everything is normal, so only tau has to be integrated over (Röver 2020, J Stat Softw 93(6)). Its posterior is
cut into panels until Gauss's rule gives each of them to near machine precision; the nodes then carry the posterior of
the mean, of each study and of a new study as mixtures of normals.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling import kernel
from metaan.pooling.bayes.mixtures import NormalMixture, rising_root
from metaan.pooling.bayes.priors import TauPrior, half_normal
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Interval, Record, Result

Floats = NDArray[np.float64]

_ORDER = 12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_ORDER)  # on -1 to 1
_TOLERANCE = 1e-13  #: of a panel's share of the whole
_DEEPEST = 60  #: times a panel may be halved
_NEGLIGIBLE = 1e-18  #: share of the posterior that a node must have to stay in the mixtures


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Record):
    """Posterior of one quantity."""

    mean: float
    sd: float
    mode: float
    median: float
    interval: Interval  #: shortest or central, as asked for


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Posterior(Result):
    """Bayesian summary of one synthesis, on the working scale."""

    k: int
    mu: Summary  #: mean of the true effects
    tau: Summary  #: standard deviation of the true effects
    new_study: Summary  #: true effect of a study not yet done: the predictive, or MAP, distribution
    p_below_zero: float  #: posterior probability that the mean is below 0
    study_mean: tuple[float, ...]  #: length k, true effect of each study (shrinkage estimate)
    study_sd: tuple[float, ...]  #: length k
    log_marginal_likelihood: float  #: NaN under an improper prior, where it has no meaning
    bayes_factor_mu0: float  #: p(data | mean 0) / p(data): above 1 the data speak for mean 0; NaN under improper priors
    bayes_factor_tau0: float  #: p(data | tau 0) / p(data): above 1 the data speak for equal effects
    mu_posterior: NormalMixture
    predictive: NormalMixture  #: of the true effect of a new study; as a prior for it: the MAP prior
    method: dict[str, object]  #: tau_prior, mu_prior, interval, level

    def __repr__(self) -> str:
        from metaan.terms.wording import number, percent

        level = percent(100 * float(str(self.method["level"])))

        def line(name: str, part: Summary) -> str:
            limits = f"{number(part.interval.low)} to {number(part.interval.high)}"
            return f"  {name:<10} median {number(part.median)}, mean {number(part.mean)} ({level} {limits})"

        head = f"Posterior: {self.k} studies, tau ~ {self.method['tau_prior']}, mu ~ {self.method['mu_prior']}"
        return "\n".join([head, line("mu", self.mu), line("tau", self.tau), line("new study", self.new_study)])


class _Conditional(NamedTuple):
    """What follows from the data once tau is given; arrays of the shape of tau."""

    mean: Floats
    variance: Floats
    log_likelihood: Floats


def pool_bayes(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau_prior: TauPrior | None = None,
    mu_prior: tuple[float, float] | None = None,
    interval: str = "shortest",
    level: float = 0.95,
) -> Posterior:
    """Pool effects under the normal-normal model with a prior on tau.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    tau_prior : TauPrior
        See `priors`; half-normal(0.5) unless given, which suits log ratios.
    mu_prior : tuple of float, optional
        Mean and standard deviation of a normal prior of the mean; flat unless given.
    interval : {"shortest", "central"}
    level : float

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        Unusable effects or variances (positions named), or too few studies for an improper prior: the flat prior of tau
        needs three studies, a flat prior of the mean one.

    References
    ----------
    .. [1] Röver C. J Stat Softw 2020;93(6):1-51.
    .. [2] Schmidli H et al. Biometrics 2014;70:1023-1032 (the predictive distribution as a prior).

    Examples
    --------
    >>> pool_bayes([-0.9, -1.6, -1.3], [0.33, 0.19, 0.42]).k
    3
    """
    prior = half_normal(0.5) if tau_prior is None else tau_prior
    if interval not in ("shortest", "central"):
        raise ValueError(f"interval must be shortest or central, not {interval!r}")
    fraction("level", level)
    batch = kernel.read(yi, vi)
    if batch.axes:
        raise ValueError("pool_bayes takes one synthesis: effects of shape (k,)")
    y, v = batch.y[0], batch.v[0]
    if not isinstance(prior, TauPrior):
        raise ValueError(f"tau_prior must be a prior of `priors`, such as half_normal(0.5), not {tau_prior!r}")
    if mu_prior is not None:
        held = numbers("mu_prior", mu_prior)
        if held.shape != (2,) or not np.isfinite(held).all() or held[1] <= 0:
            raise ValueError(f"mu_prior holds a mean and a positive standard deviation, not {mu_prior!r}")
    if not prior.proper and len(y) < 3:
        raise ValueError(f"a flat prior of tau needs three studies or more, not {len(y)}: give a proper prior")

    def conditional(tau: Floats) -> _Conditional:
        return _given_tau(y, v, tau, mu_prior)

    def log_density(tau: Floats) -> Floats:
        return prior.log_density(tau) + conditional(tau).log_likelihood

    grid = _integrate(log_density, prior, y, v)
    at = conditional(grid.tau)
    mu = _mixture(grid.share, at.mean, np.sqrt(at.variance))
    predictive = _mixture(grid.share, at.mean, np.sqrt(at.variance + grid.tau**2))
    study_mean, study_sd = _shrink(y, v, grid, at)
    proper = prior.proper and mu_prior is not None
    log_marginal = grid.log_total if proper else math.nan
    zero = np.zeros(1)
    factor_mu0, factor_tau0 = math.nan, math.nan
    if prior.proper:
        # a flat prior of the mean is the same on both sides of this ratio
        factor_tau0 = math.exp(conditional(zero).log_likelihood[0] - grid.log_total)
    if proper:
        null = _integrate(lambda tau: prior.log_density(tau) + _at_zero_mean(y, v, tau), prior, y, v)
        factor_mu0 = math.exp(null.log_total - grid.log_total)

    def summary(mixture: NormalMixture) -> Summary:
        limits = mixture.shortest(level) if interval == "shortest" else mixture.central(level)
        return Summary(
            mean=mixture.mean(),
            sd=mixture.sd(),
            mode=mixture.mode(),
            median=float(mixture.quantile(0.5)),
            interval=limits,
        )

    return Posterior(
        k=len(y),
        mu=summary(mu),
        tau=_tau_summary(grid, log_density, interval, level),
        new_study=summary(predictive),
        p_below_zero=float(mu.cdf(0.0)),
        study_mean=tuple(study_mean.tolist()),
        study_sd=tuple(study_sd.tolist()),
        log_marginal_likelihood=log_marginal,
        bayes_factor_mu0=factor_mu0,
        bayes_factor_tau0=factor_tau0,
        mu_posterior=mu,
        predictive=predictive,
        method={
            "tau_prior": prior.label,
            "mu_prior": "flat" if mu_prior is None else f"normal({mu_prior[0]:g}, {mu_prior[1]:g})",
            "interval": interval,
            "level": level,
        },
    )


def mixtures(
    yi: ArrayLike, vi: ArrayLike, tau_prior: TauPrior, mu_prior: tuple[float, float] | None = None
) -> tuple[NormalMixture, NormalMixture]:
    """Return what `pool_bayes` calls `mu_posterior` and `predictive`, without the summaries that take most of its time.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    tau_prior : TauPrior
        A proper one.
    mu_prior : tuple of float, optional
        Mean and standard deviation of a normal prior of the mean; flat unless given.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)

    def log_density(tau: Floats) -> Floats:
        return tau_prior.log_density(tau) + _given_tau(y, v, tau, mu_prior).log_likelihood

    grid = _integrate(log_density, tau_prior, y, v)
    at = _given_tau(y, v, grid.tau, mu_prior)
    mean = _mixture(grid.share, at.mean, np.sqrt(at.variance))
    return mean, _mixture(grid.share, at.mean, np.sqrt(at.variance + grid.tau**2))


def _given_tau(y: Floats, v: Floats, tau: Floats, mu_prior: tuple[float, float] | None) -> _Conditional:
    """Integrate the mean out; with a normal prior it is one more observation, without variance between studies."""
    variance = v + (tau * tau)[..., None]
    if mu_prior is not None:
        y = np.append(y, mu_prior[0])
        own = np.full((*tau.shape, 1), mu_prior[1] ** 2)
        variance = np.concatenate([variance, own], axis=-1)
    at = kernel.mean(y - y[0], variance, np.zeros(tau.shape))
    pieces = variance.shape[-1] - 1
    log_likelihood = (
        -0.5 * np.log(variance).sum(axis=-1)
        - 0.5 * np.log(at.weight)
        - 0.5 * at.q
        - 0.5 * pieces * math.log(2 * math.pi)
    )
    return _Conditional(y[0] + at.mean, 1.0 / at.weight, log_likelihood)


def _at_zero_mean(y: Floats, v: Floats, tau: Floats) -> Floats:
    """Log-likelihood of tau where the mean is 0."""
    variance = v + (tau * tau)[..., None]
    return -0.5 * (np.log(2.0 * math.pi * variance) + y * y / variance).sum(axis=-1)


class _Grid(NamedTuple):
    """Posterior of tau on panels."""

    edges: Floats  #: shape (panels + 1,), of x between 0 and 1
    tau: Floats  #: shape (n,), nodes that carry a share of the posterior
    share: Floats  #: shape (n,), sums to 1
    panel: Floats  #: shape (panels,), share of each panel
    log_total: float  #: log of the integral of the density
    to_tau: Callable[[Floats], tuple[Floats, Floats]]  #: x -> tau, and the log of its derivative


def _integrate(log_density: Callable[[Floats], Floats], prior: TauPrior, y: Floats, v: Floats) -> _Grid:
    """Halve panels until two halves give what the whole gave, for the density and for the density times tau squared.

    Panels lie on x between 0 and 1: tau is a share of its upper limit, the prior's own quantile where the prior is one
    of ln(tau), or scale * x / (1 - x).
    """
    if math.isfinite(prior.upper):
        upper = prior.upper

        def to_tau(x: Floats) -> tuple[Floats, Floats]:
            return upper * x, np.full_like(x, math.log(upper))
    elif prior.log_quantile is not None:
        log_quantile = prior.log_quantile

        def to_tau(x: Floats) -> tuple[Floats, Floats]:
            tau = np.exp(np.clip(log_quantile(x), -230.0, 230.0))
            return tau, -prior.log_density(tau)
    else:
        data = math.sqrt(float(np.median(v)) + float(np.var(y)))
        scale = data if math.isnan(prior.scale) else math.sqrt(data * min(max(prior.scale, 1e-3 * data), 1e3 * data))

        def to_tau(x: Floats) -> tuple[Floats, Floats]:
            return scale * x / (1.0 - x), math.log(scale) - 2.0 * np.log1p(-x)

    # both ends are approached by halving: priors on the logarithm of tau live over many powers of ten
    halves = 0.5 ** np.arange(1, 45)
    edges = np.concatenate([[0.0], halves[::-1], 1.0 - halves[1:40], [1.0]])
    low, high = edges[:-1], edges[1:]

    def heights(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
        half = 0.5 * (high - low)[:, None]
        x = 0.5 * (low + high)[:, None] + half * _NODES
        tau, slope = to_tau(x)
        with np.errstate(divide="ignore", over="ignore"):
            logs = log_density(tau) + slope + np.log(half * _WEIGHTS)
        return np.where(np.isfinite(logs), logs, -np.inf), tau, x

    logs, tau, _ = heights(low, high)
    top = float(logs.max())
    kept: list[tuple[Floats, Floats, Floats, Floats]] = []
    mass = np.exp(logs - top)
    for _ in range(_DEEPEST):
        middle = 0.5 * (low + high)
        logs_left, tau_left, _ = heights(low, middle)
        logs_right, tau_right, _ = heights(middle, high)
        higher = max(float(logs_left.max(initial=-np.inf)), float(logs_right.max(initial=-np.inf)))
        if higher > top + 30.0:  # a narrow peak was missed: measure from there
            mass = mass * math.exp(top - higher)
            kept = [(a, b, t, m * math.exp(top - higher)) for a, b, t, m in kept]
            top = higher
        left, right = np.exp(logs_left - top), np.exp(logs_right - top)
        total = sum(float(m.sum()) for *_, m in kept) + float(left.sum() + right.sum())
        spread = sum(float((m * t * t).sum()) for _, _, t, m in kept)
        spread += float((left * tau_left**2).sum() + (right * tau_right**2).sum())
        change = np.abs(mass.sum(axis=1) - left.sum(axis=1) - right.sum(axis=1)) / total
        finite = math.isfinite(spread) and spread > 0
        if finite:
            whole = (mass * tau**2).sum(axis=1)
            parts = (left * tau_left**2).sum(axis=1) + (right * tau_right**2).sum(axis=1)
            change = np.maximum(change, np.abs(whole - parts) / spread)
        fine = change <= _TOLERANCE
        kept.append((low[fine], high[fine], tau[fine], mass[fine]))
        rough = ~fine
        if not rough.any():
            break
        low, high = np.concatenate([low[rough], middle[rough]]), np.concatenate([middle[rough], high[rough]])
        tau, mass = np.concatenate([tau_left[rough], tau_right[rough]]), np.concatenate([left[rough], right[rough]])
    else:
        kept.append((low, high, tau, mass))
    starts, ends, tau, mass = (np.concatenate([part[i] for part in kept]) for i in range(4))
    order = np.argsort(starts)
    starts, ends, tau, mass = starts[order], ends[order], tau[order], mass[order]
    total = float(mass.sum())
    share = (mass / total).ravel()
    some = share > _NEGLIGIBLE
    return _Grid(
        edges=np.append(starts, ends[-1]),
        tau=tau.ravel()[some],
        share=share[some] / share[some].sum(),
        panel=mass.sum(axis=1) / total,
        log_total=top + math.log(total),
        to_tau=to_tau,
    )


def _mixture(share: Floats, mean: Floats, sd: Floats) -> NormalMixture:
    return NormalMixture(weights=tuple(share.tolist()), means=tuple(mean.tolist()), sds=tuple(sd.tolist()))


def _shrink(y: Floats, v: Floats, grid: _Grid, at: _Conditional) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each study's true effect."""
    pull = (grid.tau**2)[:, None] / (v + (grid.tau**2)[:, None])  # weight of the study's own result
    mean = at.mean[:, None] + pull * (y - at.mean[:, None])
    variance = pull * v + (1.0 - pull) ** 2 * at.variance[:, None]
    overall = grid.share @ mean
    return overall, np.sqrt(grid.share @ (variance + (mean - overall) ** 2))


def _tau_summary(grid: _Grid, log_density: Callable[[Floats], Floats], interval: str, level: float) -> Summary:
    """Summary of tau: moments from the nodes, quantiles and mode from the density itself."""
    cumulative = np.concatenate([[0.0], np.cumsum(grid.panel)])

    def density(tau: Floats, log_slope: Floats | float = 0.0) -> Floats:
        with np.errstate(divide="ignore"):
            return np.exp(log_density(tau) + log_slope - grid.log_total)

    def cdf(x: Floats) -> Floats:
        panel = np.clip(np.searchsorted(grid.edges, x, side="right") - 1, 0, len(grid.panel) - 1)
        low = grid.edges[panel]
        half = 0.5 * (x - low)[..., None]
        tau, slope = grid.to_tau(0.5 * (low + x)[..., None] + half * _NODES)
        return cumulative[panel] + (density(tau, slope) * half * _WEIGHTS).sum(axis=-1)

    def quantile(p: Floats) -> Floats:
        panel = np.clip(np.searchsorted(cumulative, p, side="right") - 1, 0, len(grid.panel) - 1)

        def function(x: Floats) -> tuple[Floats, Floats]:
            tau, slope = grid.to_tau(x)
            return cdf(x) - p, density(tau, slope)

        return grid.to_tau(rising_root(function, grid.edges[panel], grid.edges[panel + 1]))[0]

    mean = float(grid.share @ grid.tau)
    mode = _mode(grid, log_density)
    if interval == "central":
        low, high = quantile(np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    else:
        low, high = _shortest(quantile, density, level, mode)
    return Summary(
        mean=mean,
        sd=math.sqrt(float(grid.share @ (grid.tau - mean) ** 2)),
        mode=mode,
        median=float(quantile(np.array([0.5]))[0]),
        interval=Interval(float(low), float(high)),
    )


def _mode(grid: _Grid, log_density: Callable[[Floats], Floats]) -> float:
    """Place of the highest density of tau; 0 where it falls from there on."""
    low, high = 0.0, float(grid.tau.max())
    smallest = float(grid.tau.min())
    for _ in range(12):
        places = np.linspace(low, high, 201)
        places[0] = max(places[0], 1e-6 * smallest)
        top = int(np.argmax(log_density(places)))
        if top == 0 and low == 0.0:
            high = float(places[1])
            continue
        low, high = float(places[max(top - 1, 0)]), float(places[min(top + 1, 200)])
    middle = 0.5 * (low + high)
    return 0.0 if low == 0.0 else middle


def _shortest(
    quantile: Callable[[Floats], Floats], density: Callable[[Floats], Floats], level: float, mode: float
) -> tuple[float, float]:
    """Shortest interval: equal density at both ends, or from 0 where the density falls from there on."""
    from scipy import optimize

    from_zero = 0.0, float(quantile(np.array([level]))[0])
    if mode == 0.0:
        return from_zero

    def slope(share: float) -> float:  # moving up is worth it while the density is lower at the lower end
        below, above = density(quantile(np.array([share, share + level])))
        return float(below - above)

    smallest, largest = 1e-12 * (1.0 - level), (1.0 - 1e-9) * (1.0 - level)
    if slope(smallest) >= 0:  # the density at 0 is not below that at the upper end
        return from_zero
    share = float(optimize.brentq(slope, smallest, largest, xtol=1e-15))
    ends = quantile(np.array([share, share + level]))
    return float(ends[0]), float(ends[1])
