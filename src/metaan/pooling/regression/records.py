"""What a meta-regression says: coefficients, tests, predictions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaan.pooling import intervals
from metaan.pooling.kernel import Floats
from metaan.pooling.regression.design_matrix import Design, is_missing
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WaldTest(Result):
    """Test that some coefficients are zero together."""

    term: str  #: "dose", "dose:design"; "all" for all but the intercept
    coefficients: tuple[str, ...]
    statistic: float  #: chi-square under a normal reference, else F
    df1: float  #: number of coefficients
    df2: float  #: inf: chi-square
    p: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FitStatistics(Result):
    """Likelihood of a model and what is derived from it."""

    log_likelihood: float
    deviance: float  #: under ML from the model in which each study has its own effect; under REML -2 log-likelihood
    aic: float
    bic: float
    aicc: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Predicted(Result):
    """Mean effects that a regression expects of studies with given moderators; columns, one item a study."""

    estimate: tuple[float, ...]
    se: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    prediction_low: tuple[float, ...]  #: where the true effect of a new study may lie
    prediction_high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Regression(Result):
    """Meta-regression on the measure's working scale; columns have one item a coefficient."""

    names: tuple[str, ...]
    estimates: tuple[float, ...]
    se: tuple[float, ...]
    statistic: tuple[float, ...]  #: estimate / se
    df: float  #: of the t reference, k minus the number of coefficients; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]  #: of the estimates, the one `se` was taken from
    scale: float  #: Hartung-Knapp factor in `covariance`; 1 under Wald and t
    k: int  #: studies in use
    tau2: float  #: variance between studies that the moderators leave
    se_tau2: float
    tau2_ci: Interval | None  #: Q-profile; None under "EE"
    i2: float  #: percent of the variance left that lies between studies
    i2_ci: Interval | None
    h2: float
    r2: float  #: percent of tau2 that the moderators take away; NaN where they span no intercept, or there was none
    qe: float  #: residual heterogeneity
    qe_df: float
    qe_p: float
    omnibus: WaldTest  #: all coefficients but the intercept
    terms: tuple[WaldTest, ...]  #: one for each term of the formula but the intercept
    vif: tuple[float, ...]  #: variance inflation, one item a coefficient; NaN for the intercept
    gvif: dict[str, float]  #: term -> generalised variance inflation; its root by 2 df1 compares with the root of a VIF
    ml: FitStatistics
    reml: FitStatistics
    rows: tuple[int, ...]  #: positions of the studies in use, counted from 0
    dropped: tuple[str, ...]  #: studies left out, with the reason
    design: Design
    method: dict[str, Any]  #: tau2, interval, level as asked for
    converged: bool

    def test(self, *coefficients: str | int) -> WaldTest:
        """Test that some coefficients are zero together.

        Parameters
        ----------
        *coefficients
            Their names, or positions counted from 0.

        Raises
        ------
        ValueError
            No such coefficient.
        """
        found = []
        for each in coefficients:
            i = self.names.index(each) if each in self.names else each
            if not isinstance(i, int) or isinstance(i, bool) or not 0 <= i < len(self.names):
                raise ValueError(f"there is no coefficient {each!r}; there are {', '.join(self.names)}")
            found.append(i)
        if not found:
            raise ValueError("name at least one coefficient")
        chosen = tuple(dict.fromkeys(found))
        term = ", ".join(self.names[i] for i in chosen)
        return wald_test(term, chosen, self.names, np.array(self.estimates), np.array(self.covariance), self.df)

    def predict(self, newdata: Any, *, prediction: str = "same", level: float | None = None) -> Predicted:
        """Predict mean effects, and intervals for the true effects of new studies.

        Parameters
        ----------
        newdata : mapping, pandas.DataFrame, or array_like
            Moderators by name as they were given to `meta_regression`, single values or columns; or an array of
            shape (m, p) that holds the columns of the design, the intercept with them.
        prediction : {"same", "V", "HTS", "normal"}
            As in `intervals.predict`, with k minus the number of coefficients in place of k - 1.
        level : float, optional
            That of the regression, when not given.

        Raises
        ------
        ValueError
            A moderator is missing, or a level is not one of the regression's.
        """
        if prediction not in intervals.PREDICTIONS:
            raise ValueError(f"prediction must be one of {', '.join(intervals.PREDICTIONS)}, not {prediction!r}")
        x = _new_columns(self.design, newdata)
        level = self.method["level"] if level is None else level
        check_level(level)
        estimate = x @ np.array(self.estimates)
        variance = np.maximum(np.einsum("mi,ij,mj->m", x, np.array(self.covariance), x), 0.0)
        half = quantile(level, self.df) * np.sqrt(variance)
        df = {"same": self.qe_df, "V": self.qe_df, "HTS": self.qe_df - 1.0, "normal": math.inf}[prediction]
        own = variance if prediction == "same" else variance / self.scale
        tau2 = self.tau2 if self.method["tau2"] != "EE" else math.nan
        wide = quantile(level, df) * np.sqrt(own + tau2)
        parts = (estimate, np.sqrt(variance), estimate - half, estimate + half, estimate - wide, estimate + wide)
        return Predicted(**{f: tuple(part.tolist()) for f, part in zip(Predicted.__slots__, parts, strict=True)})

    def _cells(self) -> list[tuple[str, Any]]:
        columns = ("names", "estimates", "se", "statistic", "p", "ci_low", "ci_high", "vif")
        return [(name, getattr(self, name)) for name in columns]

    def __repr__(self) -> str:
        from metaan.terms.wording import count, fixed, number, p_value, percent

        def limits(interval: Interval | None) -> str:
            return "none" if interval is None else f"{number(interval.low)} to {number(interval.high)}"

        method = f"{self.method['tau2']}, {self.method['interval']} intervals, working scale"
        lines = [f"Regression: {count(self.k, 'study', 'studies')}, {method}"]
        width = max(len(name) for name in self.names)
        level = percent(100 * self.method["level"])
        for name, b, low, high, p in zip(self.names, self.estimates, self.ci_low, self.ci_high, self.p, strict=True):
            lines.append(f"  {name:<{width}}  {number(b)} ({level} CI {number(low)} to {number(high)}), {p_value(p)}")
        lines += [
            f"  moderators  {_shown(self.omnibus)}",
            f"  tau2        {number(self.tau2)} ({limits(self.tau2_ci)})",
            f"  I2          {percent(self.i2, 1)}; R2 {'none' if math.isnan(self.r2) else percent(self.r2, 1)}",
            f"  QE          {number(self.qe)} on {fixed(self.qe_df, 0)} df, {p_value(self.qe_p)}",
        ]
        if self.dropped:
            lines.append(f"  left out    {'; '.join(self.dropped[:5])}{' ...' if len(self.dropped) > 5 else ''}")
        if not self.converged:
            lines.append("  tau2 did not converge")
        return "\n".join(lines)


def check_level(level: float) -> None:
    """Refuse a level that is no probability."""
    fraction("level", level)


def quantile(level: float, df: float) -> float:
    """Two-sided quantile of t, of the normal where `df` is infinite."""
    return float(intervals.quantile(level, np.array([df]))[0])


def two_sided(statistic: Floats, df: float) -> Floats:
    """Two-sided p of a t statistic, a normal one where `df` is infinite."""
    z = -np.abs(statistic)
    return 2.0 * (special.ndtr(z) if math.isinf(df) else special.stdtr(df, z))


def wald_statistic(beta: Floats, covariance: Floats) -> Floats:
    """Return b' C^-1 b for arrays of shape (..., m) and (..., m, m); units do not cost digits."""
    sd = np.sqrt(np.einsum("...ii->...i", covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = beta / sd
        correlation = covariance / (sd[..., :, None] * sd[..., None, :])
    bad = ~(np.isfinite(z).all(axis=-1) & np.isfinite(correlation).all(axis=(-1, -2)))
    if bad.any():
        z, correlation = (
            np.where(bad[..., None], np.nan, z),
            np.where(bad[..., None, None], np.eye(z.shape[-1]), correlation),
        )
    result: Floats = np.einsum("...i,...i->...", z, np.linalg.solve(correlation, z[..., None])[..., 0])
    return result


def wald_test(
    term: str, chosen: Sequence[int], names: Sequence[str], beta: Floats, covariance: Floats, df: float
) -> WaldTest:
    """Test the chosen coefficients together: chi-square, or F where `df` is finite."""
    i = list(chosen)
    statistic = float(wald_statistic(beta[i], covariance[np.ix_(i, i)]))
    if math.isinf(df):
        p = float(special.chdtrc(len(i), statistic))
    else:
        statistic /= len(i)
        p = float(special.fdtrc(len(i), df, statistic))
    coefficients = tuple(names[j] for j in i)
    return WaldTest(term=term, coefficients=coefficients, statistic=statistic, df1=float(len(i)), df2=df, p=p)


def _shown(test: WaldTest) -> str:
    from metaan.terms.wording import fixed, number, p_value

    if math.isinf(test.df2):
        return f"chi-square {number(test.statistic)} on {fixed(test.df1, 0)} df, {p_value(test.p)}"
    return f"F {number(test.statistic)} on {fixed(test.df1, 0)} and {fixed(test.df2, 0)} df, {p_value(test.p)}"


def _new_columns(design: Design, newdata: Any) -> Floats:
    if isinstance(newdata, Mapping) or hasattr(newdata, "columns"):
        columns = {
            str(name): [values] if isinstance(values, str) or np.ndim(values) == 0 else list(values)
            for name, values in newdata.items()
        }
        used = [name for name in design.variables if name in columns]
        length = max((len(columns[name]) for name in used), default=1)
        for name in used:
            if len(columns[name]) == 1:
                columns[name] = columns[name] * length
            if len(columns[name]) != length:
                raise ValueError(f"moderator {name!r} has {len(columns[name])} values where others have {length}")
            if any(is_missing(value) for value in columns[name]):
                raise ValueError(f"moderator {name!r} lacks a value: nothing can be predicted without it")
        return design.columns(columns)
    x = np.atleast_2d(np.asarray(newdata, dtype=float))
    if x.ndim != 2 or x.shape[1] != len(design.names) or not np.isfinite(x).all():
        raise ValueError(
            f"new data must be finite numbers, columns {', '.join(design.names)}; their shape is {x.shape}"
        )
    return x
