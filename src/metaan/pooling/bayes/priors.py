"""Prior distributions of tau, the standard deviation between studies."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metaan.terms import resources
from metaan.terms.special import special

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TauPrior:
    """Prior of tau, the standard deviation between studies on the working scale."""

    label: str  #: "half-normal(0.5)"
    scale: float  #: where most of the prior lies; NaN for an improper one
    proper: bool
    log_density: Callable[[Floats], Floats] = field(compare=False, repr=False)  #: of tau > 0
    upper: float = math.inf  #: no tau beyond
    #: quantile of ln(tau), for priors that live on it
    log_quantile: Callable[[Floats], Floats] | None = field(default=None, compare=False, repr=False)
    source: str = ""


def half_normal(scale: float) -> TauPrior:
    """Return the distribution of |Z| times `scale`, Z standard normal."""
    _positive("scale", scale)
    constant = 0.5 * math.log(2.0 / math.pi) - math.log(scale)
    return TauPrior(
        label=f"half-normal({scale:g})",
        scale=scale,
        proper=True,
        log_density=lambda tau: constant - 0.5 * (tau / scale) ** 2,
    )


def half_t(scale: float, df: float) -> TauPrior:
    """Return the distribution of |T| times `scale`, T Student's t on `df` degrees of freedom."""
    _positive("scale", scale)
    _positive("df", df)
    constant = _log_t_constant(df) + math.log(2.0) - math.log(scale)
    return TauPrior(
        label=f"half-t({scale:g}, {df:g})",
        scale=scale,
        proper=True,
        log_density=lambda tau: constant - 0.5 * (df + 1.0) * np.log1p((tau / scale) ** 2 / df),
    )


def half_cauchy(scale: float) -> TauPrior:
    """Return the half-t distribution on one degree of freedom (Gelman 2006, Bayesian Analysis 1:515-534)."""
    prior = half_t(scale, 1.0)
    return TauPrior(label=f"half-Cauchy({scale:g})", scale=scale, proper=True, log_density=prior.log_density)


def uniform(upper: float = math.inf) -> TauPrior:
    """Return the uniform distribution on tau from 0 to `upper`; without an upper limit it is improper (density 1)."""
    if math.isinf(upper):
        return TauPrior(label="uniform", scale=math.nan, proper=False, log_density=np.zeros_like)
    _positive("upper", upper)
    return TauPrior(
        label=f"uniform(0, {upper:g})",
        scale=upper,
        proper=True,
        upper=upper,
        log_density=lambda tau: np.full_like(tau, -math.log(upper)),
    )


def log_normal(mean: float, sd: float, *, source: str = "") -> TauPrior:
    """Return the prior under which ln(tau2) is normal with `mean` and `sd`."""
    _positive("sd", sd)
    constant = math.log(2.0) - 0.5 * math.log(2.0 * math.pi) - math.log(sd)

    def density(tau: Floats) -> Floats:
        logs = np.log(tau)
        return constant - logs - 0.5 * ((2.0 * logs - mean) / sd) ** 2

    return TauPrior(
        label=f"log-normal({mean:g}, {sd:g}) on tau2",
        scale=math.exp(mean / 2.0),
        proper=True,
        log_density=density,
        log_quantile=lambda p: 0.5 * (mean + sd * special.ndtri(p)),
        source=source,
    )


def log_t(location: float, scale: float, df: float = 5.0, *, source: str = "") -> TauPrior:
    """Return the prior under which (ln(tau2) - location) / scale has Student's t distribution on `df` df."""
    _positive("scale", scale)
    _positive("df", df)
    constant = math.log(2.0) + _log_t_constant(df) - math.log(scale)

    def density(tau: Floats) -> Floats:
        logs = np.log(tau)
        return constant - logs - 0.5 * (df + 1.0) * np.log1p(((2.0 * logs - location) / scale) ** 2 / df)

    return TauPrior(
        label=f"log-t({location:g}, {scale:g}, {df:g}) on tau2",
        scale=math.exp(location / 2.0),
        proper=True,
        log_density=density,
        log_quantile=lambda p: 0.5 * (location + scale * special.stdtrit(df, p)),
        source=source,
    )


def empirical(measure: str, outcome: str = "any", comparison: str = "any", *, area: str = "other") -> TauPrior:
    """Return the prior that Cochrane reviews suggest for this kind of outcome and comparison.

    Parameters
    ----------
    measure : {"OR", "SMD"}
        Log odds ratios: Turner et al. 2015 [1]_, ln(tau2) normal. Standardised mean differences: Rhodes et al.
        2015 [2]_, ln(tau2) with a t distribution on 5 degrees of freedom.
    outcome, comparison : str
        Words of `empirical_choices`; "any" for both: the distribution over all reviews.
    area : {"other", "respiratory", "cancer"}
        Medical area, for the SMD only.

    Raises
    ------
    ValueError
        Words that are not in the tables, or one of three cells left out of them (Rhodes: mental health under a
        non-pharmacological treatment; in cancer, resource use and structure-related outcomes under a drug against
        control): there copies of the published table disagree with each other or with the table's own pattern, under
        which comparisons shift every outcome by the same amount.

    References
    ----------
    .. [1] Turner RM et al. Stat Med 2015;34:984-998, Table IV.
    .. [2] Rhodes KM, Turner RM, Higgins JPT. J Clin Epidemiol 2015;68:52-60, Tables 3, A.3.1, A.3.2.
    """
    tables = json.loads(resources.text("pooling/bayes", "empirical_priors.json"))
    if measure not in tables:
        raise ValueError(f"there are empirical priors for {' and '.join(tables)}, not for {measure!r}")
    table = tables[measure]
    make = log_normal if measure == "OR" else log_t
    if outcome == "any" and comparison == "any":
        return make(*table["any"], source=table["source"])
    block = table["areas"].get(area if measure == "SMD" else "other")
    if block is None:
        raise ValueError(f"area must be one of {', '.join(table['areas'])}, not {area!r}")
    if outcome not in block:
        raise ValueError(f"outcome must be one of {', '.join(block)}; or any, with comparison any; not {outcome!r}")
    if comparison not in table["comparisons"]:
        raise ValueError(f"comparison must be one of {', '.join(table['comparisons'])}, not {comparison!r}")
    cell = block[outcome][table["comparisons"].index(comparison)]
    if cell is None:
        raise ValueError(f"no prior for {outcome}, {comparison} ({area}): copies of the published table disagree there")
    return make(*cell, source=table["source"])


def empirical_choices(measure: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the outcomes and the comparisons that `empirical` knows for a measure."""
    table = json.loads(resources.text("pooling/bayes", "empirical_priors.json"))[measure]
    return tuple(table["areas"]["other"]), tuple(table["comparisons"])


def _log_t_constant(df: float) -> float:
    return float(special.gammaln(0.5 * (df + 1.0)) - special.gammaln(0.5 * df) - 0.5 * math.log(df * math.pi))


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive, finite number, not {value!r}")
