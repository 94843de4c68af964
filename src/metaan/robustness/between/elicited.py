"""Biases that the reviewers expect in each study, typed in the sheet Bias, taken out of effect and variance."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.pooling.pool import pool
from metaan.robustness.between.given import Given, arrays, model_of
from metaan.robustness.between.summary import summary_of
from metaan.terms.records import Estimate, Interval, Record, Synthesis
from metaan.workbook.read import Row
from metaan.workbook.typed import typed

EXTERNAL = "external:"  #: how the name of a bias begins that is about relevance, not rigour
NO_SUM, NO_FACTOR = (0.0, 0.0), (1.0, 0.0)


class Total(NamedTuple):
    """All biases of one kind in one study, to one assessor."""

    mean: float
    variance: float


class Adjusted(NamedTuple):
    """Effects and variances after adjustment, shape of the input."""

    y: Floats
    v: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ElicitedStudy(Record):
    """One study before and after its expected biases are taken out, working scale."""

    study_id: str
    label: str
    assessors: tuple[str, ...]
    biases: int  #: rows of the sheet
    y: float
    v: float
    y_adjusted: float
    v_adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Elicited(Record):
    """One stratum after the biases typed for its studies are taken out."""

    stratum: str
    measure: str
    k: int
    assessors: tuple[str, ...]
    studies: tuple[ElicitedStudy, ...]  #: those with a row; the others count as they are
    before: float
    before_ci: Interval
    estimate: float
    ci: Interval


def total_additive(means: ArrayLike, sds: ArrayLike) -> Total:
    """Sum of independent additive biases.

    Parameters
    ----------
    means, sds : array_like, shape (n,)
        Means and standard deviations on the working scale.

    Returns
    -------
    Total
        Sums of the means and of the variances [1]_.

    References
    ----------
    .. [1] Turner RM, Spiegelhalter DJ, Smith GCS, Thompson SG. J R Stat Soc A 2009;172:21-47.
    """
    m, s = _pairs(means, sds)
    return Total(float(m.sum()), float((s**2).sum()))


def total_proportional(factors: ArrayLike, sds: ArrayLike) -> Total:
    """Product of independent proportional biases.

    Parameters
    ----------
    factors, sds : array_like, shape (n,)
        Mean factor by which the effect on its working scale is multiplied (1: none), and its standard deviation.

    Returns
    -------
    Total
        The product of the means m, and prod(m^2 + s^2) - prod(m^2); for log-normal factors the same as
        exp(sum mu + sum sigma^2 / 2) and its variance, which Turner et al. take [1]_.

    Raises
    ------
    ValueError
        A factor that is not above zero.

    References
    ----------
    .. [1] Turner RM, Spiegelhalter DJ, Smith GCS, Thompson SG. J R Stat Soc A 2009;172:21-47, section 6.2.
    """
    m, s = _pairs(factors, sds)
    if not (m > 0.0).all():
        raise ValueError("a proportional bias must be above zero: 1 changes nothing")
    return Total(float(m.prod()), float((m**2 + s**2).prod() - (m**2).prod()))


def of_range(low: float, high: float) -> tuple[float, float]:
    """Mean and standard deviation of an additive bias from a range of ratios.

    Parameters
    ----------
    low, high : float
        Ratios between which the bias lies with two chances in three, as Turner et al. ask for it.

    Returns
    -------
    tuple of float
        Middle and half the width of the range on the log scale.
    """
    if not 0.0 < low <= high:
        raise ValueError(f"a range of ratios must be above zero and ascend, not {low!r} to {high!r}")
    return (math.log(low) + math.log(high)) / 2.0, (math.log(high) - math.log(low)) / 2.0


def without_bias(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    additive: tuple[ArrayLike, ArrayLike] = NO_SUM,
    factor: tuple[ArrayLike, ArrayLike] = NO_FACTOR,
    external_additive: tuple[ArrayLike, ArrayLike] = NO_SUM,
    external_factor: tuple[ArrayLike, ArrayLike] = NO_FACTOR,
) -> Adjusted:
    """Take expected biases out of effects; their variances grow by what is not known of the biases.

    Parameters
    ----------
    yi, vi : array_like
        Effects on the working scale and their sampling variances.
    additive, factor : pair of array_like
        Mean and variance of all internal biases (rigour) that are added, and of the product of those that multiply.
    external_additive, external_factor : pair of array_like
        The same of external biases (relevance: other people, treatments or outcomes than asked about).

    Returns
    -------
    Adjusted
        The study's effect is f (g theta + b) + a, with f, a internal and g, b external. So
        y = (yi - a - f b) / (f g), means standing for a, b, f and g; its variance
        ((f^2 + var f) (var g y^2 + var b) + var f (g y + b)^2 + var a + vi) / (f g)^2.

    Raises
    ------
    ValueError
        A factor that is not above zero, a variance below zero, or a number that is not finite.

    References
    ----------
    .. [1] Turner RM, Spiegelhalter DJ, Smith GCS, Thompson SG. Bias modelling in evidence synthesis. J R Stat Soc A
       2009;172:21-47.

    Examples
    --------
    >>> found = without_bias(0.5, 0.04, additive=(0.1, 0.01), factor=(1.25, 0.0))
    >>> round(float(found.y), 6), round(float(found.v), 6)
    (0.32, 0.032)
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    parts = [tuple(np.asarray(x, dtype=float) for x in each) for each in (additive, factor)]
    parts += [tuple(np.asarray(x, dtype=float) for x in each) for each in (external_additive, external_factor)]
    (a, var_a), (f, var_f), (b, var_b), (g, var_g) = parts
    if not all(np.isfinite(x).all() for x in (y, v, *(x for each in parts for x in each))):
        raise ValueError("effects, variances and biases must be finite")
    if not all((x >= 0.0).all() for x in (v, var_a, var_f, var_b, var_g)):
        raise ValueError("variances must not be negative")
    if not ((f > 0.0).all() and (g > 0.0).all()):
        raise ValueError("a proportional bias must be above zero: 1 changes nothing")
    effect = (y - a - f * b) / (f * g)
    outside = (f**2 + var_f) * (var_g * effect**2 + var_b)
    variance = (outside + var_f * (g * effect + b) ** 2 + var_a + v) / (f * g) ** 2
    return Adjusted(effect, variance)


def of_assessors(estimates: ArrayLike, ses: ArrayLike) -> tuple[float, float]:
    """Median of the adjusted estimates, and of their standard errors, of several assessors [1]_.

    References
    ----------
    .. [1] Turner RM, Spiegelhalter DJ, Smith GCS, Thompson SG. J R Stat Soc A 2009;172:21-47.
    """
    return float(np.median(np.asarray(estimates, dtype=float))), float(np.median(np.asarray(ses, dtype=float)))


def bias_rows(given: Given) -> dict[str, tuple[Row, ...]]:
    """Return rows of the sheet Bias that are about this analysis or about all, by study."""
    found: dict[str, list[Row]] = {}
    for row in given.extraction.sheet("Bias"):
        if row["analysis"] in ("", given.plan.id):
            found.setdefault(row["study_id"], []).append(row)
    return {study: tuple(rows) for study, rows in found.items()}


def of_stratum(given: Given, synthesis: Synthesis, rows: Mapping[str, tuple[Row, ...]]) -> Elicited | None:
    """Return a stratum without the biases typed for its studies; None where none of them has any."""
    if not any(estimate.study_id in rows for estimate in synthesis.estimates):
        return None
    y, v = arrays(synthesis)
    model = model_of(given, synthesis.k) | {"prediction": None, "tau2_interval": None}
    before = summary_of(synthesis)
    studies = []
    for i, estimate in enumerate(synthesis.estimates):
        if estimate.study_id in rows:
            study = _study(given, estimate, rows[estimate.study_id])
            studies.append(study)
            y[i], v[i] = study.y_adjusted, study.v_adjusted
    after = pool(y, v, **model)
    return Elicited(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        assessors=tuple(dict.fromkeys(who for study in studies for who in study.assessors)),
        studies=tuple(studies),
        before=before.estimate,
        before_ci=before.ci,
        estimate=after.estimate,
        ci=after.ci,
    )


def _study(given: Given, estimate: Estimate, rows: Iterable[Row]) -> ElicitedStudy:
    by_assessor: dict[str, list[Row]] = {}
    for row in rows:
        by_assessor.setdefault(row["who"], []).append(row)
    y, v = estimate.effect.y, estimate.effect.v
    each = [without_bias(y, v, **_totals(given, own)) for own in by_assessor.values()]
    after, se = of_assessors([found.y for found in each], [math.sqrt(found.v) for found in each])
    return ElicitedStudy(
        study_id=estimate.study_id,
        label=estimate.label,
        assessors=tuple(by_assessor),
        biases=sum(map(len, by_assessor.values())),
        y=y,
        v=v,
        y_adjusted=after,
        v_adjusted=se**2,
    )


def _totals(given: Given, rows: Iterable[Row]) -> dict[str, Total]:
    """Return what one assessor expects of one study, by the names of the parameters of `without_bias`."""
    sheet, mark = given.protocol.layout.sheet("Bias"), given.extraction.decimal_mark
    parts: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        values = typed(row, sheet, mark)
        name = ("external_" if is_external(row) else "") + ("additive" if values["kind"] == "additive" else "factor")
        parts.setdefault(name, []).append((values["mean"], values["sd"]))
    totals = {}
    for name, found in parts.items():
        total = total_additive if name.endswith("additive") else total_proportional
        totals[name] = total(*zip(*found, strict=True))
    return totals


def is_external(row: Row) -> bool:
    """Tell whether a bias is one of relevance, by its name."""
    return row["bias"].strip().casefold().startswith(EXTERNAL)


def _pairs(means: ArrayLike, sds: ArrayLike) -> tuple[Floats, Floats]:
    m, s = np.atleast_1d(np.asarray(means, dtype=float)), np.atleast_1d(np.asarray(sds, dtype=float))
    if m.shape != s.shape or m.ndim != 1:
        raise ValueError("a mean and a standard deviation for each bias")
    if not (np.isfinite(m).all() and np.isfinite(s).all() and (s >= 0.0).all()):
        raise ValueError("biases must be finite, and their standard deviations not negative")
    return m, s
