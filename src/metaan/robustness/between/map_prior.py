"""Meta-analytic-predictive priors: what some studies let one expect of the next, made robust, updated, and weighed.

Everything is a mixture of normal distributions reached by quadrature: nothing is sampled.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.bayes.mixtures import NormalMixture
from metaan.pooling.bayes.posterior import mixtures
from metaan.pooling.bayes.priors import half_normal
from metaan.pooling.kernel import Floats
from metaan.terms.given import fraction, numbers
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)  # on -1 to 1
_PANELS = (0.0, 0.1, 0.3, 0.6, 1.0, 1.6, 2.6, 6.5)  #: of tau, in units of the scale of its prior
_STEPS = np.arange(-7.0, 7.01, 0.35)  #: of the mean given tau, in standard deviations: the trapezoid rule is exact here
_HERMITE = np.polynomial.hermite_e.hermegauss(15)  #: for the true value of one study
_FINE = np.polynomial.hermite_e.hermegauss(30)  #: for moments of a proportion
_SINH = np.linspace(-7.0, 7.0, 601)  #: grid of the information of a prior, dense in its middle


def map_prior(yi: ArrayLike, vi: ArrayLike, tau: float) -> NormalMixture:
    """Prior that studies give for the true effect of a new one.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; one study or more.
    tau : float
        Scale of the half-normal prior of the standard deviation between studies. That of the mean is flat.

    References
    ----------
    .. [1] Neuenschwander B et al. Clin Trials 2010;7:5-18.
    .. [2] Schmidli H et al. Biometrics 2014;70:1023-1032.
    """
    return mixtures(yi, vi, half_normal(tau))[1]


def robust(prior: NormalMixture, weight: float, mean: float, sd: float) -> NormalMixture:
    """Return a prior with a vague normal part as its last one.

    Parameters
    ----------
    prior : NormalMixture
    weight : float
        Of the vague part, between 0 and 1: the chance given to the new study being unlike the others.
    mean, sd : float
        Of the vague part.

    References
    ----------
    .. [1] Schmidli H et al. Biometrics 2014;70:1023-1032.
    """
    fraction("weight", weight)
    if not sd > 0:
        raise ValueError(f"the standard deviation of the vague part must be positive, not {sd!r}")
    return NormalMixture(
        weights=(*((1.0 - weight) * w for w in prior.weights), weight),
        means=(*prior.means, mean),
        sds=(*prior.sds, sd),
    )


def update(prior: NormalMixture, estimate: float, se: float) -> NormalMixture:
    """Return the posterior of a true effect, given an estimate with a normal error.

    Parts are updated one by one; their weights grow with the density that each gave to the estimate beforehand.
    """
    w, m, s = (np.asarray(part) for part in (prior.weights, prior.means, prior.sds))
    marginal = s**2 + se**2
    log_weights = np.log(w) - 0.5 * np.log(marginal) - 0.5 * (estimate - m) ** 2 / marginal
    new = np.exp(log_weights - log_weights.max())
    mean = (m * se**2 + estimate * s**2) / marginal
    return NormalMixture(
        weights=tuple((new / new.sum()).tolist()),
        means=tuple(mean.tolist()),
        sds=tuple((s * se / np.sqrt(marginal)).tolist()),
    )


def information(prior: NormalMixture) -> float:
    """Expected local information of a prior: minus the mean, under it, of the second derivative of its log density.

    Divided by the information that one person (or study) gives on the same parameter it is the effective sample size
    called ELIR. For a normal distribution it is 1 / sd^2.

    References
    ----------
    .. [1] Neuenschwander B et al. Biometrics 2020;76:578-587.
    """
    w, m, s = (np.asarray(part) for part in (prior.weights, prior.means, prior.sds))
    middle, width = float(w @ m), float(w @ s)
    # by parts the integral of -p (log p)'' is that of p'^2 / p; x = middle + width sinh(u)
    x = middle + width * np.sinh(_SINH)
    z = (x[:, None] - m) / s
    heights = np.exp(-0.5 * z * z) * (w / (s * math.sqrt(2.0 * math.pi)))
    p, slope = heights.sum(axis=1), (heights * (z / s)).sum(axis=1)
    inside = np.divide(slope**2, p, out=np.zeros_like(p), where=p > 0)
    return float(np.trapezoid(inside * width * np.cosh(_SINH), _SINH))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PredictedProportion(Result):
    """Proportion that groups let one expect of the next."""

    mean: float
    sd: float
    median: float
    interval: Interval  #: central
    logit: NormalMixture  #: the same on the logit scale: the MAP prior


def map_binomial(
    events: ArrayLike, totals: ArrayLike, *, mu: tuple[float, float] = (0.0, 2.0), tau: float = 1.0, level: float = 0.95
) -> PredictedProportion:
    """Prior that groups with events give for the proportion in a new group.

    Parameters
    ----------
    events, totals : array_like, shape (k,)
        People with the event and people in each group.
    mu : tuple of float
        Mean and standard deviation of the normal prior of the mean on the logit scale.
    tau : float
        Scale of the half-normal prior of the standard deviation between groups on that scale.
    level : float
        Of the interval.

    Returns
    -------
    PredictedProportion

    Raises
    ------
    ValueError
        Events outside 0 to total, or arrays of different length.

    Notes
    -----
    Counts are binomial, logits normal between groups. Mean and standard deviation are integrated over on a grid (tau by
    Gauss's rule on panels, the mean by the trapezoid rule around its mode), the logit of each group by Gauss-Hermite
    quadrature around its own mode, all groups and grid points at once.

    References
    ----------
    .. [1] Neuenschwander B et al. Clin Trials 2010;7:5-18.
    .. [2] Weber S et al. J Stat Softw 2021;100(19):1-32 (R package RBesT).
    """
    fraction("level", level)
    r, n = numbers("events", events), numbers("totals", totals)
    if r.shape != n.shape or r.ndim != 1 or not r.size or not ((r >= 0) & (r <= n) & (n >= 1)).all():
        raise ValueError("events and totals must be of one length, 0 <= events <= total, total >= 1")
    if not (tau > 0 and mu[1] > 0):
        raise ValueError("scales of priors must be positive")
    edges = tau * np.asarray(_PANELS)
    half = 0.5 * np.diff(edges)[:, None]
    taus = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * _NODES).ravel()
    log_tau = np.log((half * _WEIGHTS).ravel()) - 0.5 * (taus / tau) ** 2
    near, error = _logits(r, n)
    precision = 1.0 / (error + (taus**2)[:, None])
    total = precision.sum(axis=1) + mu[1] ** -2
    centre, sd = (precision @ near + mu[0] / mu[1] ** 2) / total, total**-0.5
    mean = centre[:, None] + sd[:, None] * _STEPS
    spread = np.broadcast_to(taus[:, None], mean.shape)
    logs = log_tau[:, None] + np.log(sd)[:, None] - 0.5 * ((mean - mu[0]) / mu[1]) ** 2
    logs = logs + _marginal(r, n, mean, spread)
    share = np.exp(logs - logs.max()).ravel()
    share /= share.sum()
    kept = share > 1e-12
    share, mean, spread = share[kept] / share[kept].sum(), mean.ravel()[kept], spread.ravel()[kept]
    logit = NormalMixture(weights=tuple(share.tolist()), means=tuple(mean.tolist()), sds=tuple(spread.tolist()))
    x, w = _FINE
    w = w / w.sum()
    p = special.expit(mean[:, None] + spread[:, None] * x)
    first = float(share @ (p @ w))
    second = float(share @ ((p - first) ** 2 @ w))
    low, middle, high = special.expit(logit.quantile([(1.0 - level) / 2.0, 0.5, (1.0 + level) / 2.0]))
    return PredictedProportion(
        mean=first, sd=math.sqrt(second), median=float(middle), interval=Interval(float(low), float(high)), logit=logit
    )


def _logits(r: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Logits and their variances, half a person added on either side."""
    return np.log((r + 0.5) / (n - r + 0.5)), 1.0 / (r + 0.5) + 1.0 / (n - r + 0.5)


def _marginal(r: Floats, n: Floats, mean: Floats, sd: Floats) -> Floats:
    """Log-likelihood of mean and standard deviation, up to a constant: the logit of each group integrated out.

    Gauss-Hermite quadrature about the mode of each group, of z where its logit is mean + sd z.
    """
    mean, sd = mean[..., None], sd[..., None]
    near, error = _logits(r, n)
    z = sd * (near - mean) / (sd**2 + error)
    for _ in range(12):
        p = special.expit(mean + sd * z)
        step = (sd * (r - n * p) - z) / (1.0 + sd**2 * n * p * (1.0 - p))
        z = z + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    p = special.expit(mean + sd * z)
    scale = (1.0 + sd**2 * n * p * (1.0 - p)) ** -0.5
    total = np.zeros_like(z)
    base = _height(r, n, mean + sd * z, z)
    for x, w in zip(*_HERMITE, strict=True):
        at = z + scale * x
        total += w * np.exp(_height(r, n, mean + sd * at, at) - base + 0.5 * x * x)
    found: Floats = (base + np.log(scale * total)).sum(axis=-1)
    return found


def _height(r: Floats, n: Floats, logit: Floats, z: Floats) -> Floats:
    found: Floats = r * logit - n * np.logaddexp(0.0, logit) - 0.5 * z * z
    return found
