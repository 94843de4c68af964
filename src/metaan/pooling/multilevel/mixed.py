"""Multilevel and multivariate meta-analysis: several effects a study, correlated by nesting, outcome or sampling."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel import model as mv
from metaan.pooling.multilevel.records import Component, Fit, Multilevel
from metaan.pooling.multilevel.terms import Random, Term, read_terms
from metaan.terms.given import fraction
from metaan.terms.records import Interval
from metaan.terms.special import special

__all__ = ["Component", "Fit", "Multilevel", "Random", "likelihood_ratio", "pool_multilevel"]

INTERVALS = ("contain", "t", "Wald")


def pool_multilevel(
    yi: ArrayLike,
    v: ArrayLike | Sequence[ArrayLike],
    *,
    random: str | Random | Sequence[str | Random],
    data: Mapping[str, Any] | None = None,
    struct: str = "CS",
    moderators: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    method: str = "REML",
    interval: str = "contain",
    level: float = 0.95,
) -> Multilevel:
    """Fit a multilevel or multivariate random-effects model.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects on the working scale.
    v : array_like, shape (k,) or (k, k), or a list of square blocks
        Sampling variances, the sampling covariance matrix, or its diagonal blocks in the order of the effects.
    random : str, Random, or a list of these
        ``"district/school"``: effects of districts and of schools within districts; a list of names: crossed effects;
        ``"outcome | trial"``: in each trial one effect an outcome, correlated as `struct` says. Names are those of
        columns of `data`; `Random` takes arrays. Two effects of one study differ beyond sampling only through a term
        whose levels tell them apart: ``"study/effect"``, not ``"study"``.
    data : mapping, optional
        Column name -> labels, shape (k,); a pandas frame will do.
    struct : {"CS", "HCS", "UN", "DIAG", "ID", "AR", "HAR"}
        Covariance of the inner levels: one variance and one correlation; several variances and one correlation; any;
        variances only; one variance only; correlations that fall as powers of the distance in the order of the
        levels, with one or several variances.
    moderators : array_like, shape (k, p), optional
        Design matrix, the intercept's column of ones included; without it there is an intercept only.
    names : sequence of str, optional
        Names of its columns.
    method : {"REML", "ML"}
    interval : {"contain", "t", "Wald"}
        ``"contain"``: t, for each coefficient on the number of levels of the coarsest grouping within which its column
        does not vary, minus p; ``"t"``: t on k - p; ``"Wald"``: normal. See also `robust.robust`.
    level : float
        Of all intervals, 0 < level < 1.

    Returns
    -------
    Multilevel
        Variances may be exactly zero and correlations exactly 1 in size: maxima on the boundary are found as such.
        I2 divides each variance by the sum of all and of the typical sampling variance (k - p) / tr(P),
        P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1, which is that of Higgins and Thompson where V is diagonal; with
        variances that differ by inner level, P's diagonal is taken over the rows of that level.

    Raises
    ------
    ValueError
        Unknown option or column; effects, variances or labels that cannot be used, with positions; too few effects;
        groupings that cannot be told apart; or a degree of freedom below 1.

    Notes
    -----
    Independent clusters are factorised apart, so thousands of effects in clusters are quick; crossed terms connect all
    effects and cost k^3. The likelihood is climbed by Newton's method from several starts.

    References
    ----------
    .. [1] Konstantopoulos S. Res Synth Methods 2011;2:61-76.
    .. [2] Harville DA. J Am Stat Assoc 1977;72:320-338.
    .. [3] Higgins JPT, Thompson SG. Stat Med 2002;21:1539-1558.

    Examples
    --------
    >>> districts = [1, 1, 1, 2, 2, 3, 3, 3, 4, 4]
    >>> y = [0.1, 0.3, 0.2, 0.8, 0.9, -0.1, 0.1, 0.0, 0.5, 0.3]
    >>> fit = pool_multilevel(y, [0.02] * 10, random="d/e", data={"d": districts, "e": range(10)})
    >>> round(fit.estimate[0], 3)
    0.359
    """
    _choice("method", method, ("REML", "ML"))
    _choice("interval", interval, INTERVALS)
    fraction("level", level)
    y = mv.read_effects(yi)
    k = y.size
    sampling = mv.read_sampling(v, k)
    x, labels = mv.read_design(moderators, names, k)
    if k - x.shape[1] < 1:
        raise ValueError(f"{k} effects and {x.shape[1]} coefficients: nothing is left to estimate variances from")
    terms = read_terms(random, data, struct, k)
    model = mv.estimate(mv.build(y, x, labels, sampling, terms, method == "REML"))
    return summarise_model(model, interval, level)


def likelihood_ratio(full: Multilevel, reduced: Multilevel) -> dict[str, float]:
    """Compare two nested models by the likelihood-ratio test.

    Returns
    -------
    dict
        ``statistic``, ``df`` (difference in parameters), ``p`` by chi-square. Where a variance is tested against zero
        the true p is smaller: half of it for a single variance.

    Raises
    ------
    ValueError
        Different effects, methods, or restricted likelihoods with different coefficients, which cannot be compared.
    """
    if full.k != reduced.k or full.method["method"] != reduced.method["method"]:
        raise ValueError("both models must be fitted to the same effects by the same method")
    if full.method["method"] == "REML" and full.coefficients != reduced.coefficients:
        raise ValueError("restricted likelihoods compare models of the same coefficients only; fit both by ML")
    df = full.parameters - reduced.parameters
    if df < 1:
        raise ValueError(f"the full model has {full.parameters} parameters, the reduced one {reduced.parameters}")
    statistic = 2.0 * (full.log_likelihood - reduced.log_likelihood)
    return {"statistic": statistic, "df": float(df), "p": float(special.chdtrc(df, max(statistic, 0.0)))}


def model_of(fit: Any) -> mv.Model:
    """Return the model a result holds.

    Raises
    ------
    ValueError
        The result was read back from a file, or is of another kind.
    """
    model = getattr(fit, "_model", None)
    if model is None:
        raise ValueError("this result does not hold its data; fit the model again with pool_multilevel")
    return model


def summarise_model(model: mv.Model, interval: str, level: float) -> Multilevel:
    """Return everything the result says of a fitted model."""
    fit = model.least()
    alone = mv.without_random(model)
    p = model.x.shape[1]
    k = model.y.size
    se = np.sqrt(np.diag(fit.vcov))
    df = degrees(model, interval)
    half = quantile(level, df) * se
    statistic = fit.beta / se
    tested = tested_coefficients(model.x)
    qm = wald(fit.beta[tested], fit.vcov[np.ix_(tested, tested)])
    df2 = float(df[tested].min())
    components, total = _components(model, None if alone is None else _typical(model, alone))
    q = np.nan if alone is None else alone.least.q
    criteria = mv.likelihoods(model, fit)
    weight = fit.least.factor.solve(np.ones((k, 1)))[:, 0]
    result = Multilevel(
        k=k,
        coefficients=model.names,
        estimate=_numbers(fit.beta),
        se=_numbers(se),
        statistic=_numbers(statistic),
        df=_numbers(df),
        p=_numbers(two_sided(statistic, df)),
        ci_low=_numbers(fit.beta - half),
        ci_high=_numbers(fit.beta + half),
        vcov=tuple(_numbers(row) for row in fit.vcov),
        weights=_numbers(100.0 * weight / weight.sum()),
        components=components,
        i2=total,
        qe=float(q),
        qe_df=float(k - p),
        qe_p=float(special.chdtrc(k - p, q)),
        qm=qm,
        qm_df=float(len(tested)),
        qm_df2=df2,
        qm_p=wald_p(qm, len(tested), df2),
        prediction=_prediction(model, fit, df, level),
        parameters=p + model.parameters.size,
        ml=Fit(**criteria["ML"]),
        reml=Fit(**criteria["REML"]),
        method={"method": "REML" if model.reml else "ML", "interval": interval, "level": level},
        converged=model.converged,
    )
    object.__setattr__(result, "_model", model)
    return result


def degrees(model: mv.Model, interval: str) -> Floats:
    """Return the degrees of freedom of each coefficient."""
    k, p = model.x.shape
    if interval == "Wald":
        return np.full(p, np.inf)
    df = np.full(p, float(k - p))
    if interval == "contain":
        for term in model.terms:
            varies = _varies(model.x, term)
            df[~varies] = np.minimum(df[~varies], len(term.outer_levels) - p)
    if (df < 1).any():
        j = int(np.argmin(df))
        raise ValueError(
            f"interval={interval!r} leaves {df[j]:g} degrees of freedom for {model.names[j]}: too few levels for "
            f"{p} coefficients; use interval='Wald', or fewer moderators"
        )
    return df


def _varies(x: Floats, term: Term) -> np.ndarray:
    """Tell which columns vary within a level of the grouping."""
    _, first = np.unique(term.outer, return_index=True)
    return np.asarray((x != x[first[term.outer]]).any(axis=0))


def tested_coefficients(x: Floats) -> np.ndarray:
    """Return the positions of all coefficients but the intercept, or the intercept's where it stands alone."""
    ones = (x == 1).all(axis=0)
    return np.flatnonzero(~ones) if not ones.all() else np.arange(x.shape[1])


def wald(beta: Floats, vcov: Floats) -> float:
    """Return the Wald statistic of all coefficients given."""
    return float(beta @ np.linalg.solve(vcov, beta))


def wald_p(qm: float, df: int, df2: float) -> float:
    """Return p of a Wald statistic, by chi-square or by F."""
    return float(special.chdtrc(df, qm) if np.isinf(df2) else special.fdtrc(df, df2, qm / df))


def two_sided(statistic: Floats, df: Floats) -> Floats:
    """Return two-sided p values, normal where `df` is infinite."""
    normal = np.isinf(df)
    t = special.stdtr(np.where(normal, 1.0, df), -np.abs(statistic))
    return 2.0 * np.where(normal, special.ndtr(-np.abs(statistic)), t)


def _numbers(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def _typical(model: mv.Model, alone: mv.Fitted) -> Floats:
    """Return the diagonal of P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1."""
    factor = alone.least.factor
    diagonal = factor.blocks.gather(np.einsum("mii->mi", each) for each in factor.inverse())
    u = factor.solve(model.x)
    return diagonal - np.einsum("ip,pq,iq->i", u, alone.vcov, u)


def _components(model: mv.Model, p_diagonal: Floats | None) -> tuple[tuple[Component, ...], float]:
    """Return the components and the overall I2."""
    k, p = model.x.shape
    parts = list(zip(model.terms, model.random_part(), strict=True))
    shared = [term.structure.label in ("ID", "CS", "AR") for term in model.terms]
    plain = sum(float(g[0, 0]) for (_, g), one in zip(parts, shared, strict=True) if one)
    typical = np.nan if p_diagonal is None else (k - p) / float(p_diagonal.sum())
    found = []
    for (term, g), one in zip(parts, shared, strict=True):
        variance = np.diag(g)[:1] if one else np.diag(g)
        if one:
            share = 100.0 * variance / (plain + typical) if all(shared) else np.full(1, np.nan)
        else:
            share = np.array([_share(model, p_diagonal, term, level, g, plain, shared) for level in range(term.n)])
        found.append(
            Component(
                name=term.name,
                struct=term.structure.label,
                levels=len(term.outer_levels),
                inner=term.inner_levels if term.structured else (),
                variance=_numbers(variance),
                sd=_numbers(np.sqrt(variance)),
                rho=_correlations(term, g),
                covariance=tuple(_numbers(row) for row in g),
                i2=_numbers(share),
            )
        )
    return tuple(found), 100.0 * plain / (plain + typical) if all(shared) else np.nan


def _share(
    model: mv.Model, p_diagonal: Floats | None, term: Term, level: int, g: Floats, plain: float, shared: list[bool]
) -> float:
    """Return I2 of one inner level; NaN where more than one term differs by level."""
    rows = term.inner == level
    if p_diagonal is None or len(shared) - sum(shared) > 1 or rows.sum() < 2:
        return np.nan
    typical = (rows.sum() - 1) / float(p_diagonal[rows].sum())
    return float(100.0 * g[level, level] / (g[level, level] + plain + typical))


def _correlations(term: Term, g: Floats) -> tuple[float, ...]:
    if term.n == 1 or term.structure.label in ("ID", "DIAG"):
        return ()
    sd = np.sqrt(np.diag(g))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(np.outer(sd, sd) > 0, g / np.outer(sd, sd), np.nan)
    if term.structure.label == "UN":
        return tuple(float(r[i, j]) for i in range(term.n) for j in range(i + 1, term.n))
    known = [r[i, i + 1] for i in range(term.n - 1) if not np.isnan(r[i, i + 1])]
    return (float(known[0]) if known else np.nan,)


def _prediction(model: mv.Model, fit: mv.Fitted, df: Floats, level: float) -> Interval | None:
    if model.x.shape[1] > 1 or not (model.x == 1).all() or model.y.size < 3:
        return None
    if any(term.structure.label not in ("ID", "CS", "AR") for term in model.terms):
        return None
    variance = sum(float(g[0, 0]) for g in model.random_part()) + float(fit.vcov[0, 0])
    half = float(quantile(level, df)[0]) * variance**0.5
    return Interval(float(fit.beta[0]) - half, float(fit.beta[0]) + half)
