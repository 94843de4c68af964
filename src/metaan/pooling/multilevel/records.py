"""Results of multilevel models."""

from dataclasses import dataclass
from typing import Any

from metaan.terms.records import Interval, Record, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Record):
    """How well a model fits."""

    log_likelihood: float
    deviance: float  #: ML: twice the distance from the saturated model; REML: -2 log-likelihood; inf: not defined
    aic: float
    bic: float
    aicc: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Component(Result):
    """Variances of one random-effects term."""

    name: str  #: "district", "district/school", "outcome | trial"
    struct: str  #: ID, CS, HCS, UN, DIAG, AR, HAR
    levels: int  #: levels of the (outer) grouping
    inner: tuple[str, ...]  #: levels of the inner variable; empty without one
    variance: tuple[float, ...]  #: squared working scale; one an inner level, or one that all share
    sd: tuple[float, ...]  #: their square roots
    rho: tuple[float, ...]  #: correlation(s); UN: (1,2), (1,3), (2,3), ...; NaN where a variance is zero
    covariance: tuple[tuple[float, ...], ...]  #: of the effects of one outer level
    i2: tuple[float, ...]  #: percent of total variance with the typical sampling variance, as `variance`


class _Holding(Result):
    """Result that also holds its model, which is neither written nor compared."""

    __slots__ = ("_model",)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Multilevel(_Holding):
    """Fit of a multilevel or multivariate model, on the measure's working scale."""

    k: int  #: effects
    coefficients: tuple[str, ...]  #: names, length p
    estimate: tuple[float, ...]
    se: tuple[float, ...]
    statistic: tuple[float, ...]  #: estimate / se
    df: tuple[float, ...]  #: of the t reference; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]  #: covariance matrix of the estimates
    weights: tuple[float, ...]  #: percent, in the order of the input: row sums of the weight matrix
    components: tuple[Component, ...]  #: in the order of the terms
    i2: float  #: percent of total variance that is not sampling variance; NaN with variances that differ by inner level
    qe: float  #: residual heterogeneity, sampling covariances only; NaN where these are not positive definite
    qe_df: float
    qe_p: float
    qm: float  #: Wald test of all coefficients but the intercept (of the intercept if there is nothing else)
    qm_df: float  #: coefficients tested
    qm_df2: float  #: denominator degrees of freedom; inf: chi-square. Where finite F = qm / qm_df is tested
    qm_p: float
    prediction: Interval | None  #: true effect of a new study; only with an intercept alone and one variance in all
    parameters: int  #: coefficients and variance parameters
    ml: Fit
    reml: Fit
    method: dict[str, Any]  #: method, interval, level as asked for
    converged: bool = True

    @property
    def log_likelihood(self) -> float:
        """Return the log-likelihood that was maximised."""
        return self.reml.log_likelihood if self.method["method"] == "REML" else self.ml.log_likelihood

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] != "weights"]

    def __repr__(self) -> str:
        from metaan.terms.wording import count, number, p_value

        lines = [f"Multilevel: {count(self.k, 'effect', 'effects')}, {self.method['method']}, working scale"]
        for each in self.components:
            labels = each.inner if len(each.inner) == len(each.variance) else ("",)
            for label, variance, i2 in zip(labels, each.variance, each.i2, strict=True):
                title = f"{each.name} {label}".strip()
                lines.append(f"  variance {title}: {number(variance)} (SD {number(variance**0.5)}), I2 {number(i2)} %")
            if each.rho:
                lines.append(f"  correlation {each.name}: {', '.join(number(rho) for rho in each.rho)}")
        for name, b, low, high, p in zip(
            self.coefficients, self.estimate, self.ci_low, self.ci_high, self.p, strict=True
        ):
            lines.append(f"  {name}: {number(b)} ({number(low)} to {number(high)}), {p_value(p)}")
        if self.prediction is not None:
            lines.append(f"  prediction: {number(self.prediction.low)} to {number(self.prediction.high)}")
        if not self.converged:
            lines.append("  the likelihood did not converge")
        return "\n".join(lines)
