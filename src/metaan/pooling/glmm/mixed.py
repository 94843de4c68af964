"""Generalised linear mixed models of studies: events counted as they are, without corrections or inverse variances."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.glmm.families import Binomial, Poisson
from metaan.pooling.glmm.fit import Fit, Model, heights, maximise
from metaan.pooling.glmm.noncentral import NoncentralHypergeometric, conditional_estimates
from metaan.pooling.glmm.problem import FINER, MODELS, NODES, Problem, build, fixed, groups, levels, read
from metaan.pooling.intervals import quantile, typical_variance
from metaan.pooling.kernel import Floats, arrange
from metaan.pooling.tables.counts import choice
from metaan.pooling.tau2 import dersimonian_laird
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

INTERVALS = ("Wald", "t")
PREDICTIONS = ("same", "V", "HTS", "normal")
_STILL = 1e-11  #: relative change of the log-likelihood by more nodes that calls for no more
_NOTHING = 1e-12  #: variances below this part of the typical sampling variance are zero


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PooledGLMM(Result):
    """Summary effect from a generalised linear mixed model, on the logit or logarithmic scale."""

    k: int  #: studies in the model
    k_left_out: int  #: studies left out because they say nothing of the effect: nobody, or everybody, had the event
    estimate: float
    se: float  #: from the observed information
    statistic: float  #: estimate / se
    df: float  #: of the t reference; inf means normal
    p: float
    ci: Interval
    prediction: Interval | None  #: where a new study's true effect may lie; None when k < 3 or effects are equal
    tau2: float  #: variance between studies
    tau2_se: float  #: NaN where tau2 is 0
    sigma2: float  #: variance of the random study effects of UM.RS, else NaN
    i2: float  #: percent, from tau2 and the typical sampling variance of the studies' own effects
    h2: float
    q_wald: float  #: Wald chi-square of equal effects; studies whose own effect is infinite add nothing to it
    q_wald_p: float
    q_lrt: float  #: likelihood ratio chi-square of equal effects against one effect a study
    q_lrt_p: float
    q_df: float  #: of both; under UM.RS both depend on which group is the first, as intercepts are those of group 2
    log_likelihood: float
    aic: float
    bic: float  #: with the number of groups (tables give two, conditional models one) as size
    aicc: float
    parameters: int
    converged: bool
    method: dict[str, Any]  #: as asked for


def pool_glmm(
    *columns: ArrayLike,
    measure: str = "OR",
    model: str = "UM.FS",
    tau2: str = "ML",
    interval: str = "Wald",
    prediction: str = "same",
    nodes: int | None = None,
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> PooledGLMM:
    """Pool counts by maximum likelihood in a generalised linear mixed model.

    Parameters
    ----------
    *columns : array_like, shape (k,)
        Whole numbers by measure. ``"OR"``: a, b, c, d, group 1 with and without the event, group 2 with and without
        it; ``"IRR"``: events and person-time of group 1, of group 2; ``"PLO"`` (log odds of one group): events, people;
        ``"IRLN"`` (log rate of one group): events, person-time.
    measure : {"OR", "IRR", "PLO", "IRLN"}
    model : {"UM.FS", "UM.RS", "CM.AL", "CM.EL"}
        ``"UM.FS"``: both groups binomial (Poisson), one fixed intercept a study, random effects of +-1/2 in the two
        groups [1]_ [2]_; ``"UM.RS"``: the same with normal random intercepts. ``"CM.EL"``: events of group 1 given all
        margins, noncentral hypergeometric [2]_ (rates: binomial); ``"CM.AL"``: its binomial approximation for rare
        events. Measures of one group know ``"UM.FS"``: a normal random effect in the only predictor.
    tau2 : {"ML", "EE"}
        Maximum likelihood, or equal effects without variance between studies.
    interval : {"Wald", "t"}
        Normal, or t on k - 1.
    prediction : {"same", "V", "HTS", "normal"}
        t on k - 1 or normal as `interval`; t on k - 1; t on k - 2; normal.
    nodes : int, optional
        Of adaptive Gauss-Hermite quadrature in each random effect; 1 is Laplace's approximation. By default with one
        random effect 40, and up to 150 until more change nothing in the first nine digits (with a tau of 4 in studies
        of a few people 150 give six); 24 with two.
    level : float
        Of all intervals, 0 < level < 1.
    mask : array_like of bool, shape (k,), optional
        True where a study takes part.

    Returns
    -------
    PooledGLMM
        `converged` is False where no maximum was found; the figures are then of the last step.

    Raises
    ------
    ValueError
        Unknown option, counts that cannot be used (positions are named), no study with an event and, for people,
        someone without one, or an estimate that lies at infinity: no event in one of the groups.

    References
    ----------
    .. [1] Turner RM et al. Stat Med 2000;19:3417-3432.
    .. [2] Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010;29:3046-3067.

    Examples
    --------
    >>> round(pool_glmm([16, 10, 4, 43], [17, 12, 8, 58], measure="PLO", tau2="EE").estimate, 4)
    1.1994
    """
    choice("measure", measure, tuple(MODELS))
    choice(f"model for {measure}", model, MODELS[measure])
    choice("tau2", tau2, ("ML", "EE"))
    choice("interval", interval, INTERVALS)
    choice("prediction", prediction, PREDICTIONS)
    fraction("level", level)
    if nodes is not None and not (isinstance(nodes, int) and 1 <= nodes <= 150):
        raise ValueError(f"nodes must be a whole number from 1 to 150, not {nodes!r}")
    problem, left_out = read(measure, model, columns, mask)
    k = len(problem.columns[0])
    if tau2 == "ML" and k < 2:
        raise ValueError(f'{k} study cannot tell of a variance between studies; use tau2="EE", or its own effect')
    random = tau2 == "ML"
    fit, equal = _fit(problem, random, nodes), _fit(problem, False, nodes)
    most, wald = _saturated(problem, nodes)
    lrt = max(0.0, 2.0 * (most - equal.log_likelihood))
    q_df = float(k - 1)

    first, sigma = fit.shared[0], fit.shared[fixed(problem) :]
    typical = float(typical_variance(arrange(problem.effects[0][None], problem.effects[1][None]))[0])
    sigma = np.where(sigma**2 > _NOTHING * (typical if k > 1 else problem.effects[1][0]), sigma, 0.0)
    tau = float(sigma[0]) if random else 0.0
    live = np.concatenate([np.ones(fixed(problem), dtype=bool), sigma > 0])
    covariance = np.linalg.inv(fit.information[np.ix_(live, live)])
    se = math.sqrt(covariance[0, 0]) if covariance[0, 0] > 0 else math.nan
    place = fixed(problem)  # of tau among the parameters
    df = math.inf if interval == "Wald" else q_df
    statistic = float(first / se)
    p = float(2.0 * (special.ndtr(-abs(statistic)) if interval == "Wald" else special.stdtr(df, -abs(statistic))))
    half = _quantile(level, df) * se
    own = k if problem.model == "UM.FS" and measure in ("OR", "IRR") else 0
    count, size = len(fit.shared) + own, k * (2 if problem.model.startswith("UM") and measure in ("OR", "IRR") else 1)
    deviance = -2.0 * fit.log_likelihood
    return PooledGLMM(
        k=k,
        k_left_out=left_out,
        estimate=float(first),
        se=se,
        statistic=statistic,
        df=df,
        p=p,
        ci=Interval(float(first - half), float(first + half)),
        prediction=_prediction(float(first), se, tau, k, prediction, df, level) if random else None,
        tau2=tau**2,
        tau2_se=2.0 * tau * math.sqrt(max(0.0, covariance[place, place])) if tau > 0 else math.nan,
        sigma2=float(sigma[-1] ** 2) if model == "UM.RS" else math.nan,
        i2=100.0 * tau**2 / (tau**2 + typical) if k > 1 else 0.0,
        h2=1.0 + tau**2 / typical if k > 1 else 1.0,
        q_wald=wald,
        q_wald_p=float(special.chdtrc(q_df, wald)) if k > 1 else 1.0,
        q_lrt=lrt if k > 1 else 0.0,
        q_lrt_p=float(special.chdtrc(q_df, lrt)) if k > 1 else 1.0,
        q_df=q_df,
        log_likelihood=fit.log_likelihood,
        aic=deviance + 2.0 * count,
        bic=deviance + count * math.log(size),
        aicc=deviance + 2.0 * count * max(size, count + 2) / (max(size, count + 2) - count - 1),
        parameters=count,
        converged=fit.converged and equal.converged,
        method={
            "measure": measure,
            "model": model,
            "tau2": tau2,
            "interval": interval,
            "prediction": prediction,
            "nodes": fit.nodes,
            "level": level,
        },
    )


def _quantile(level: float, df: float) -> float:
    return float(quantile(level, np.array([df]))[0])


def _prediction(
    estimate: float, se: float, tau: float, k: int, prediction: str, df: float, level: float
) -> Interval | None:
    if k < 3:
        return None
    freedom = {"same": df, "V": k - 1.0, "HTS": k - 2.0, "normal": math.inf}[prediction]
    half = _quantile(level, freedom) * math.sqrt(tau**2 + se**2)
    return Interval(estimate - half, estimate + half)


def _fit(problem: Problem, random: bool, nodes: int | None) -> Fit:
    """Maximise the likelihood; where the nodes are not given, with more of them until it moves no more."""
    fit = _fit_with(problem, random, nodes)
    if nodes is None and random and build(problem, random, nodes).n_random == 1:
        for more in FINER:
            finer = float(heights(build(problem, random, more), fit.shared, fit.own).sum())
            if abs(finer - fit.log_likelihood) <= _STILL * max(1.0, abs(finer)):
                break
            fit = _fit_with(problem, random, more)
    return fit


def _fit_with(problem: Problem, random: bool, nodes: int | None) -> Fit:
    """Maximise the likelihood from two starts; the higher maximum counts."""
    model = build(problem, random, nodes)
    y, v = problem.effects
    mean = float(np.average(y, weights=1.0 / v))
    tau = math.sqrt(max(0.04, float(dersimonian_laird(arrange(y[None], v[None]))[0][0])))
    level, own = levels(problem)
    starts = []
    for times in (1.0, 3.0) if model.n_random else (1.0,):
        start = [mean] + ([level] if problem.model == "UM.RS" else [])
        start += [times * tau] * random + [0.3 * times + 0.3] * (problem.model == "UM.RS")
        starts.append(np.array(start))
    return maximise(model, starts, own)


def _saturated(problem: Problem, nodes: int | None) -> tuple[float, float]:
    """Log-likelihood with an effect of its own for each study, and Wald's chi-square of equal effects."""
    if problem.model == "UM.RS":
        return _saturated_intercepts(problem, nodes)
    if problem.measure == "OR" and problem.model == "CM.EL":
        a, b, c, d = problem.columns
        y, information, height = conditional_estimates(NoncentralHypergeometric(a, a + b, c + d, a + c))
        return float(height.sum()), _wald(y, information)
    events, others = _observed(problem)
    model = build(problem, False, nodes)
    most = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for part, x, m in zip(model.parts, events, others, strict=True):
            own = np.log(x) - np.log(m)  # logit of the observed risk, or logarithm of the observed rate
            finite = np.where(np.isfinite(own), own, 0.0)[:, None]
            heights, _, _ = part.family(finite, slice(None))
            most += float(heights[np.isfinite(own)].sum())  # at a limit the likelihood tends to 1
        logs = [np.log(x) - np.log(m) - part.offset for part, x, m in zip(model.parts, events, others, strict=True)]
        poisson = problem.measure == "IRLN" or (problem.model == "UM.FS" and problem.measure == "IRR")
        parts = [1.0 / x + (0.0 if poisson else 1.0 / m) for x, m in zip(events, others, strict=True)]
        variance = np.sum(parts, axis=0)
        y = logs[0] if len(logs) == 1 else logs[0] - logs[1]
    return most, _wald(y, np.where(np.isfinite(y), 1.0 / variance, 0.0))


def _observed(problem: Problem) -> tuple[list[Floats], list[Floats]]:
    """Events of each part, and what they are set against: people without the event, or 1 for a rate."""
    if problem.measure == "OR":
        a, b, c, d = problem.columns
        return ([a], [c]) if problem.model == "CM.AL" else ([a, c], [b, d])
    if problem.measure == "IRR":
        x1, _, x2, _ = problem.columns
        ones = np.ones_like(x1)
        return ([x1], [x2]) if problem.model == "CM.EL" else ([x1, x2], [ones, ones])
    x, n = problem.columns
    return [x], [n - x if problem.measure == "PLO" else np.ones_like(x)]


def _saturated_intercepts(problem: Problem, nodes: int | None) -> tuple[float, float]:
    """Random intercepts and one fixed effect a study; a group 1 at its limit is explained wholly and drops out."""
    one, two = groups(problem)
    x = problem.columns[0]
    if problem.measure == "OR":
        n = x + problem.columns[1]
        limit = (x == 0) | (x == n)
        one = one._replace(family=Binomial(np.where(limit, 0.0, x), np.where(limit, 0.0, n)))
    else:
        limit = x == 0
        one = one._replace(family=_Absent(Poisson(x), limit))
    parts = (one._replace(fixed=(1.0,), random=(1.0,), own=1.0), two._replace(fixed=(1.0,), random=(1.0,)))
    model = Model(parts, nodes or NODES[1])
    level, _ = levels(problem)
    fit = maximise(model, [np.array([level, sigma]) for sigma in (0.6, 1.5)], problem.effects[0])
    own = -fit.terms.curvature[:, -1, -1]
    cross = -fit.terms.curvature[:, -1, :-1]
    shared = -fit.terms.curvature[:, :-1, :-1].sum(axis=0)
    live = np.concatenate([[True], fit.shared[1:] > 0])
    shared, cross = shared[np.ix_(live, live)], cross[:, live]
    precision = np.diag(own) - cross @ np.linalg.solve(shared, cross.T)
    return fit.log_likelihood, _wald(np.where(limit, np.inf, fit.own), precision)


class _Absent:
    """Family of which some studies say nothing."""

    def __init__(self, family: Poisson, absent: NDArray[np.bool_]) -> None:
        self.family, self.present = family, ~absent[:, None]

    def __call__(self, eta: Floats, rows: slice) -> tuple[Floats, Floats, Floats]:
        """See `glmm_families.Family`."""
        height, slope, curvature = (part * self.present[rows] for part in self.family(eta, rows))
        return height, slope, curvature


def _wald(y: Floats, precision: Floats) -> float:
    """Chi-square of equal effects; `precision` is their matrix, or its diagonal. Infinite effects take no part."""
    some = np.isfinite(y)
    if some.sum() < 2:
        return 0.0
    y = y[some]
    if precision.ndim == 1:
        weights = precision[some]
        return float(weights @ (y - weights @ y / weights.sum()) ** 2)
    precision = precision[np.ix_(some, some)]
    weights = precision.sum(axis=1)
    residual = y - weights @ y / weights.sum()
    return float(residual @ precision @ residual)
