"""Meta-regression: how effects differ with characteristics of the studies."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling import kernel
from metaan.pooling.kernel import Floats
from metaan.pooling.regression import design_matrix, moderators
from metaan.pooling.regression.design_matrix import Design
from metaan.pooling.regression.least_squares import prepare
from metaan.pooling.regression.moderators import INTERVALS, ModeratorFit
from metaan.pooling.regression.records import FitStatistics, Regression, check_level, quantile, two_sided, wald_test
from metaan.terms.records import Interval
from metaan.terms.special import special


class Arranged(NamedTuple):
    """Studies and their design, ready for `moderators.fit`."""

    y: Floats  #: shape (k,)
    v: Floats  #: shape (k,)
    x: Floats  #: shape (k, p)
    design: Design
    rows: NDArray[np.int64]  #: positions of the studies in use
    dropped: tuple[str, ...]  #: studies left out, with the reason


def meta_regression(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    moderators: Any = None,
    *,
    formula: str | None = None,
    tau2: str | float = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    labels: Sequence[str] | None = None,
) -> Regression:
    """Regress effects on characteristics of their studies: mixed-effects model with inverse-variance weights.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; or one table with both columns, as `effect_sizes`
        returns it.
    moderators : mapping, pandas.DataFrame, or array_like of shape (k,) or (k, q)
        Columns by name; left out, they are those of the table, and `formula` says which. Text makes a factor
        (treatment coding, levels in alphabetical order, or in the order of a pandas category), numbers a slope. A study
        that lacks a moderator in use is left out and listed.
    formula : str, optional
        ``"dose + design"``, ``"dose * design"``, ``"dose:design"``, ``"design - 1"``; see `design_matrix.make_design`.
        All columns and an intercept, when not given.
    tau2 : str or float
        Estimator of the variance between studies that is left, see `moderators.fit`; or its known value, which then
        has no standard error, and the regression no R2.
    interval : {"mKH", "HK", "Wald", "t"}
        Reference and standard errors of coefficients and tests, with k minus the number of coefficients as degrees of
        freedom [1]_; the names are those of `intervals.confidence`.
    level : float
        Of all intervals.
    reference : mapping, optional
        Factor -> reference level.
    factors : sequence of str
        Moderators whose numbers are names of groups.
    labels : sequence of str, optional
        Names of studies, for `Regression.dropped`.

    Returns
    -------
    Regression

    Raises
    ------
    ValueError
        Effects or variances that cannot be used, no more studies than coefficients, coefficients that these studies
        cannot tell apart (they are named), unknown options.

    References
    ----------
    .. [1] Knapp G, Hartung J. Stat Med 2003;22:2693-2710.

    Examples
    --------
    >>> fit = meta_regression([-0.9, -1.6, -1.3, 0.1], [0.33, 0.19, 0.42, 0.1], {"year": [1948, 1949, 1960, 1977]})
    >>> fit.names
    ('intercept', 'year')
    """
    data = arrange(yi, vi, moderators, formula=formula, reference=reference, factors=factors, labels=labels)
    return regress(data, tau2=tau2, interval=interval, level=level)


def arrange(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    moderators: Any = None,
    *,
    formula: str | None = None,
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    labels: Sequence[str] | None = None,
    also: Sequence[str] = (),
) -> Arranged:
    """Leave out studies that lack a moderator, and code the others.

    Parameters are those of `meta_regression`; `also` holds further formulas whose moderators have to be there.
    """
    if moderators is None:
        if formula is None or not hasattr(yi, "columns"):
            raise ValueError("give the moderators, or a table of effects that holds them together with a formula")
        moderators = yi
    y, v, labels = kernel.tidy(yi, vi, labels)
    batch = kernel.read(y, v)
    if batch.axes:
        raise ValueError(f"a regression takes effects of shape (k,), not {(*batch.axes, batch.y.shape[1])}")
    k = batch.y.shape[1]
    if labels is not None and np.shape(labels) != (k,):
        raise ValueError(f"labels must name each of {k} studies; their shape is {np.shape(labels)}")
    values = design_matrix.read_moderators(moderators, k)
    terms = [term for each in (formula, *also) if each is not None for term in design_matrix.parse(each)]
    used = [*(values if formula is None else ()), *(name for term in terms for name in term)]
    lacking = [
        [name for name in dict.fromkeys(used) if name in values and design_matrix.is_missing(values[name][i])]
        for i in range(k)
    ]
    rows = np.array([i for i in range(k) if not lacking[i]], dtype=np.int64)
    dropped = tuple(
        f"{f'position {i}' if labels is None else labels[i]}: no {', no '.join(lacking[i])}"
        for i in range(k)
        if lacking[i]
    )
    if not rows.size:
        raise ValueError(f"no study has all moderators; the first left out is {dropped[0]}")
    kept = {name: [values[name][i] for i in rows] for name in values}
    order = design_matrix.level_order(moderators)
    design = design_matrix.make_design(kept, formula, reference=reference, factors=factors, ordered=order)
    x = design.columns(kept) if design.variables else np.ones((len(rows), 1))
    if len(rows) <= x.shape[1]:
        from metaan.terms.wording import count

        found, wanted = count(len(rows), "study", "studies"), count(x.shape[1], "coefficient")
        raise ValueError(f"{found} cannot tell {wanted} and the variance between studies apart: use fewer moderators")
    same = design_matrix.redundant(x, design.names)
    if same:
        raise ValueError(f"these studies cannot tell {', '.join(same)} from the other coefficients: leave it out")
    return Arranged(batch.y[0, rows], batch.v[0, rows], x, design, rows, dropped)


def regress(data: Arranged, *, tau2: str | float = "REML", interval: str = "mKH", level: float = 0.95) -> Regression:
    """Fit what `arrange` returned; parameters as in `meta_regression`."""
    if interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}, not {interval!r}")
    check_level(level)
    y, v, x = data.y[None], data.v[None], data.x
    fit = moderators.fit(y, v, x, tau2=tau2 if isinstance(tau2, str) else np.array([tau2]))
    covariances, scales, dfs = moderators.covariance(fit, interval)
    beta, covariance, df = fit.beta[0], covariances[0], float(dfs[0])
    se = np.sqrt(np.diag(covariance))
    positive = np.where(se > 0, se, np.nan)
    statistic = beta / positive
    half = quantile(level, df) * positive
    k, p = len(data.y), x.shape[1]
    names, design = data.design.names, data.design
    has_intercept = () in design.terms
    others = tuple(range(1, p)) if has_intercept and p > 1 else tuple(range(p))
    by_term = {number: [j for j in range(p) if design.assign[j] == number] for number in range(len(design.terms))}
    shown = {n: ":".join(design.terms[n]) for n in by_term if design.terms[n]}
    q, t2, typical = float(fit.q[0]), float(fit.tau2[0]), float(fit.typical[0])
    equal = tau2 == "EE"
    low, high = (float(limit[0]) for limit in moderators.q_profile(y, v, x, level))
    inflation, generalised = _inflation(covariance, others, {shown[n]: by_term[n] for n in shown}, has_intercept)
    ml, reml = _statistics(data, t2, counted=isinstance(tau2, str) and not equal)
    return Regression(
        names=names,
        estimates=tuple(beta.tolist()),
        se=tuple(se.tolist()),
        statistic=tuple(statistic.tolist()),
        df=df,
        p=tuple(np.asarray(two_sided(statistic, df)).tolist()),
        ci_low=tuple((beta - half).tolist()),
        ci_high=tuple((beta + half).tolist()),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        scale=float(scales[0]),
        k=k,
        tau2=t2,
        se_tau2=float(fit.se_tau2[0]),
        tau2_ci=None if equal else Interval(low, high),
        i2=100.0 * (max(0.0, 1.0 - (k - p) / q) if q > 0 else 0.0) if equal else 100.0 * t2 / (t2 + typical),
        i2_ci=None if equal else Interval(*(100.0 * limit / (limit + typical) for limit in (low, high))),
        h2=q / (k - p) if equal else 1.0 + t2 / typical,
        r2=_share_explained(data, fit, tau2) if isinstance(tau2, str) else math.nan,
        qe=q,
        qe_df=float(k - p),
        qe_p=float(special.chdtrc(k - p, q)),
        omnibus=wald_test("all", others, names, beta, covariance, df),
        terms=tuple(wald_test(shown[n], by_term[n], names, beta, covariance, df) for n in shown),
        vif=inflation,
        gvif=generalised,
        ml=ml,
        reml=reml,
        rows=tuple(int(i) for i in data.rows),
        dropped=data.dropped,
        design=design,
        method={"tau2": tau2, "interval": interval, "level": level},
        converged=bool(fit.converged[0]),
    )


def _share_explained(data: Arranged, fit: ModeratorFit, tau2: str) -> float:
    """Return R2, percent: of tau2 without moderators [1]; under equal effects of Q per degree of freedom.

    [1] Raudenbush SW. In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed., 2009.
    """
    ones = np.ones((len(data.y), 1))
    if not design_matrix.redundant(np.hstack([data.x, ones]), [*data.design.names, "constant"]):
        return math.nan
    without = moderators.fit(data.y[None], data.v[None], ones, tau2=tau2)
    if tau2 == "EE":
        before, after = without.q[0] / (len(data.y) - 1), fit.q[0] / (len(data.y) - data.x.shape[1])
    else:
        before, after = without.tau2[0], fit.tau2[0]
    return 100.0 * max(0.0, float(1.0 - after / before)) if before > 0 else math.nan


def _inflation(
    covariance: Floats, others: Sequence[int], terms: Mapping[str, Sequence[int]], has_intercept: bool
) -> tuple[tuple[float, ...], dict[str, float]]:
    """Return variance inflation factors and the generalised ones (Fox and Monette 1992, JASA 87:178-183)."""
    p = len(covariance)
    if not has_intercept or p == 1:
        return (math.nan,) * p, {}
    i = list(others)
    sd = np.sqrt(np.diag(covariance)[i])
    if not (sd > 0).all():
        return (math.nan,) * p, {}
    correlation = covariance[np.ix_(i, i)] / np.outer(sd, sd)
    inflation = np.full(p, math.nan)
    inflation[i] = np.diag(np.linalg.inv(correlation))
    whole = np.linalg.slogdet(correlation)[1]
    generalised = {}
    for term, columns in terms.items():
        own = [i.index(j) for j in columns]
        rest = [j for j in range(len(i)) if j not in own]
        logs = (
            np.linalg.slogdet(correlation[np.ix_(own, own)])[1] + np.linalg.slogdet(correlation[np.ix_(rest, rest)])[1]
        )
        generalised[term] = math.exp(logs - whole)
    return tuple(inflation.tolist()), generalised


def _statistics(data: Arranged, tau2: float, *, counted: bool) -> tuple[FitStatistics, FitStatistics]:
    """Return fit statistics under ML and REML, tau2 being a parameter if `counted`."""
    k, p = data.x.shape
    rows, t = prepare(data.y[None], data.v[None], data.x), np.array([tau2])
    parameters = p + counted
    found = []
    for restricted in (False, True):
        height = float(moderators.log_likelihood(rows, t, restricted=restricted)[0])
        n = k - p if restricted else k
        saturated = 0.0 if restricted else -0.5 * float(np.log(2.0 * np.pi * data.v).sum())
        enough = max(n, parameters + 2)
        found.append(
            FitStatistics(
                log_likelihood=height,
                deviance=-2.0 * (height - saturated),
                aic=-2.0 * height + 2.0 * parameters,
                bic=-2.0 * height + parameters * math.log(n),
                aicc=-2.0 * height + 2.0 * parameters * enough / (enough - parameters - 1),
            )
        )
    return found[0], found[1]
