"""Groups of studies side by side, and the test between them from random-effects variances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import intervals, kernel
from metaan.pooling.kernel import Floats
from metaan.pooling.pool import pool
from metaan.pooling.regression import design_matrix, moderators
from metaan.pooling.regression.records import WaldTest, check_level, quantile, two_sided, wald_test
from metaan.terms.records import Result
from metaan.terms.special import special

VARIANCES = ("separate", "common")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Subgroups(Result):
    """Syntheses of groups of studies on the working scale; columns have one item a group."""

    groups: tuple[str, ...]
    k: tuple[int, ...]
    estimates: tuple[float, ...]
    se: tuple[float, ...]
    df: tuple[float, ...]  #: of the t reference; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    prediction_low: tuple[float, ...]  #: NaN where there is no prediction interval
    prediction_high: tuple[float, ...]
    tau2: tuple[float, ...]  #: variance between the studies of the group; one value for all if common
    i2: tuple[float, ...]  #: percent
    q: tuple[float, ...]  #: heterogeneity within the group, chi-square on k - 1
    between: WaldTest  #: test that all groups have the same mean
    q_within: float  #: sum of `q`
    q_within_df: float
    q_within_p: float
    se_tau2: float  #: of the common tau2; NaN if separate
    rows: tuple[int, ...]  #: positions of the studies in use, counted from 0
    dropped: tuple[str, ...]  #: studies left out, with the reason
    method: dict[str, Any]  #: tau2, variance, interval, prediction, level as asked for
    converged: bool

    def _cells(self) -> list[tuple[str, Any]]:
        columns = "groups k estimates se p ci_low ci_high prediction_low prediction_high tau2 i2 q"
        return [(name, getattr(self, name)) for name in columns.split()]


def subgroups(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    by: Sequence[Any] | str | None = None,
    *,
    variance: str = "separate",
    tau2: str | float = "REML",
    interval: str = "mKH",
    prediction: str = "same",
    level: float = 0.95,
    labels: Sequence[str] | None = None,
) -> Subgroups:
    """Pool groups of studies and test whether they differ.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; or one table with both columns, as `effect_sizes`
        returns it.
    by : sequence of length k, or name of a column of the table
        Group of each study; a study without one is left out and listed. Groups stand in alphabetical order, in that
        of numbers, or of a pandas category.
    variance : {"separate", "common"}
        One tau2 a group, or one for all: the regression on the groups, which is steadier where groups are small and
        assumes that they are equally heterogeneous.
    tau2 : str or float
        Estimator; see `pool` and, for a common variance, `moderators.fit`, which may also be told its value.
    interval, prediction, level
        As in `pool`; with a common variance the degrees of freedom are studies minus groups.
    labels : sequence of str, optional
        Names of studies, for `Subgroups.dropped`.

    Returns
    -------
    Subgroups
        `between` is a chi-square test on the squared distances of group estimates from their mean, weighted by the
        inverse of their squared standard errors [1]_: those of the random-effects estimates, under the interval asked
        for. With a common variance it is the omnibus test of the regression, under HK and mKH an F test.

    Raises
    ------
    ValueError
        Fewer than two groups, effects or variances that cannot be used, unknown options.

    References
    ----------
    .. [1] Borenstein M et al. Introduction to Meta-Analysis, 2nd ed., 2021, chapter 19.
    """
    if variance not in VARIANCES:
        raise ValueError(f"variance must be one of {', '.join(VARIANCES)}, not {variance!r}")
    check_level(level)
    table: Any = yi
    if isinstance(by, str) and hasattr(table, "columns"):
        if by not in table.columns:
            raise ValueError(f"the table has no column {by!r}; its columns are {', '.join(map(str, table.columns))}")
        by = table[by]
    if by is None or isinstance(by, str):
        raise ValueError("by must give the group of each study, or name a column of the table of effects")
    yi, vi, labels = kernel.tidy(yi, vi, labels)
    batch = kernel.read(yi, vi)
    if batch.axes:
        raise ValueError(f"subgroups take effects of shape (k,), not {(*batch.axes, batch.y.shape[1])}")
    k = batch.y.shape[1]
    values = design_matrix.read_moderators({"group": by}, k)["group"]
    if labels is not None and np.shape(labels) != (k,):
        raise ValueError(f"labels must name each of {k} studies; their shape is {np.shape(labels)}")
    lacking = [design_matrix.is_missing(value) for value in values]
    rows = np.flatnonzero(~np.array(lacking))
    dropped = tuple(
        f"{f'position {i}' if labels is None else labels[i]}: no group" for i, without in enumerate(lacking) if without
    )
    if not rows.size:
        raise ValueError("no study has a group")
    kept = {"group": [values[i] for i in rows]}
    categories = getattr(getattr(by, "cat", None), "categories", getattr(by, "categories", None))
    order = {} if categories is None else {"group": list(categories)}
    design = design_matrix.make_design(kept, "group - 1", factors=["group"], ordered=order)
    x = design.columns(kept)
    y, v, groups = batch.y[0, rows], batch.v[0, rows], design.levels["group"]
    within = pool(y, v, tau2="EE", interval="Wald", mask=x.T > 0)
    counts = x.sum(axis=0).astype(int)
    if variance == "common":
        fields = _common(y, v, x, groups, tau2, interval, prediction, level)
    elif not isinstance(tau2, str):
        raise ValueError("a known tau2 is one for all groups: ask for variance='common' with it")
    else:
        fields = _separate(y, v, x, groups, tau2, interval, prediction, level)
    q, df = float(np.sum(within.q)), float(len(y) - len(groups))
    columns = {
        name: tuple(np.asarray(value).tolist()) for name, value in fields.items() if isinstance(value, np.ndarray)
    }
    return Subgroups(
        groups=groups,
        k=tuple(counts.tolist()),
        q=tuple(np.asarray(within.q).tolist()),
        q_within=q,
        q_within_df=df,
        q_within_p=float(special.chdtrc(df, q)) if df > 0 else 1.0,
        rows=tuple(rows.tolist()),
        dropped=dropped,
        method={"tau2": tau2, "variance": variance, "interval": interval, "prediction": prediction, "level": level},
        **(fields | columns),
    )


def _separate(
    y: Floats, v: Floats, x: Floats, groups: tuple[str, ...], tau2: str, interval: str, prediction: str, level: float
) -> dict[str, Any]:
    each: Any = pool(y, v, tau2=tau2, interval=interval, prediction=prediction, level=level, mask=x.T > 0)
    nothing = np.full(len(groups), np.nan)
    return {
        "estimates": each.estimate,
        "se": each.se,
        "df": each.df,
        "p": each.p,
        "ci_low": each.ci.low,
        "ci_high": each.ci.high,
        "prediction_low": nothing if each.prediction is None else each.prediction.low,
        "prediction_high": nothing if each.prediction is None else each.prediction.high,
        "tau2": each.tau2,
        "i2": each.i2,
        "between": between(each.estimate, each.se, groups),
        "se_tau2": float("nan"),
        "converged": bool(np.all(each.converged)),
    }


def between(estimates: ArrayLike, se: ArrayLike, names: Sequence[str]) -> WaldTest:
    """Test that independent estimates are of one mean: weighted squared distances, chi-square on their number less one.

    Parameters
    ----------
    estimates, se : array_like, shape (m,)
        Of groups, designs, or syntheses with no study in common. A standard error of zero leaves no test.
    names : sequence of str

    References
    ----------
    .. [1] Borenstein M et al. Introduction to Meta-Analysis, 2nd ed., 2021, chapter 19.
    """
    found = moderators.fit(np.asarray(estimates)[None], _squares(se)[None], np.ones((len(names), 1)), tau2="EE").q[0]
    q = float(found) if (np.asarray(se) > 0).all() else float("nan")
    df = len(names) - 1.0
    p = float(special.chdtrc(df, q))
    return WaldTest(term="groups", coefficients=tuple(names), statistic=q, df1=df, df2=float("inf"), p=p)


def _squares(se: ArrayLike) -> Floats:
    squares = np.asarray(se, dtype=float) ** 2
    return np.where(squares > 0, squares, 1.0)


def _common(
    y: Floats,
    v: Floats,
    x: Floats,
    groups: tuple[str, ...],
    tau2: str | float,
    interval: str,
    prediction: str,
    level: float,
) -> dict[str, Any]:
    if prediction not in intervals.PREDICTIONS:
        raise ValueError(f"prediction must be one of {', '.join(intervals.PREDICTIONS)}, not {prediction!r}")
    if len(y) <= len(groups):
        raise ValueError(f"{len(y)} studies in {len(groups)} groups leave nothing to estimate a common variance from")
    fit = moderators.fit(y[None], v[None], x, tau2=tau2 if isinstance(tau2, str) else np.array([tau2]))
    covariances, scales, dfs = moderators.covariance(fit, interval)
    estimate, covariance, scale, df = fit.beta[0], covariances[0], float(scales[0]), float(dfs[0])
    se = np.sqrt(np.diag(covariance))
    positive = np.where(se > 0, se, np.nan)
    half = quantile(level, df) * positive
    left = float(len(y) - len(groups))
    reach = {"same": left, "V": left, "HTS": left - 1.0, "normal": float("inf")}[prediction]
    own = se**2 if prediction == "same" else np.diag(fit.covariance[0])
    wide = quantile(level, reach) * np.sqrt(own + (fit.tau2[0] if tau2 != "EE" else np.nan))
    contrast = np.hstack([-np.ones((len(groups) - 1, 1)), np.eye(len(groups) - 1)])  # each against the first
    between = wald_test(
        "groups", range(len(groups) - 1), groups[1:], contrast @ estimate, contrast @ covariance @ contrast.T, df
    )
    q, typical = float(fit.q[0]), float(fit.typical[0])
    t2 = float(fit.tau2[0])
    i2 = 100.0 * (max(0.0, 1.0 - left / q) if q > 0 else 0.0) if tau2 == "EE" else 100.0 * t2 / (t2 + typical)
    return {
        "estimates": estimate,
        "se": se,
        "df": np.full(len(groups), df),
        "p": two_sided(estimate / positive, df),
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "prediction_low": estimate - wide,
        "prediction_high": estimate + wide,
        "tau2": np.full(len(groups), t2),
        "i2": np.full(len(groups), i2),
        "between": between,
        "se_tau2": float(fit.se_tau2[0]),
        "converged": bool(fit.converged[0]),
    } | ({} if scale > 0 else {"between": _undefined(between)})


def _undefined(test: WaldTest) -> WaldTest:
    """Return a test without figures: under plain HK a perfect fit says nothing of precision."""
    nan = float("nan")
    return WaldTest(term=test.term, coefficients=test.coefficients, statistic=nan, df1=test.df1, df2=test.df2, p=nan)
