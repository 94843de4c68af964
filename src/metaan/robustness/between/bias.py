"""Bias-adjusted pooling: what is left of weaker studies if they are off by as much as others were, or as expected."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import tidy
from metaan.pooling.pool import pool
from metaan.robustness.between import elicited, weights
from metaan.robustness.between.elicited import Elicited
from metaan.robustness.between.given import STRONGER, Given, arrays, model_of, plural
from metaan.robustness.between.published import PublishedRatio, published
from metaan.robustness.between.summary import summary_of
from metaan.robustness.between.weights import QUALITY, Weighted
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Pooled, Record, Synthesis

BETWEEN = 0.2  #: standard deviation of the bias between studies on the log scale: wide
APART = 1.96  #: designs further apart than this many standard errors after adjustment are not put together
PUBLISHED, NONE, LOW, HIGH, TWICE = "published", "none", "low", "high", "twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedBias(Record):
    """Pooled effect if the weaker studies are off by a given ratio on average, working scale."""

    name: str  #: published (with its uncertainty); taken as exact: none, low, high (its limits), twice
    ratio: float  #: weaker ÷ stronger
    estimate: float
    ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignBias(Record):
    """A weaker stratum after the average bias of its design that others published."""

    stratum: str
    against: str  #: the design it is held against
    measure: str
    k: int
    before: float  #: as the analysis pools, working scale
    before_ci: Interval
    published: PublishedRatio
    between: float  #: standard deviation of the bias between studies, log scale
    assumed: tuple[AssumedBias, ...]  #: of the stratum alone; the published bias first
    together: AssumedBias | None  #: pooled with the studies of `against`, after adjustment
    share: float  #: weight of the adjusted studies in `together`, 0 to 1; NaN without it
    not_together: str  #: why the designs are not put together; empty where they are


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasAdjusted(Record):
    """Weaker strata under other weights, after the published bias of their design, after the biases expected."""

    weights: tuple[Weighted, ...]
    designs: tuple[DesignBias, ...]
    elicited: tuple[Elicited, ...]
    notes: tuple[str, ...]  #: what could not be done, and why
    assumption: str
    settings: dict[str, float | str]


def without_design_bias(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    weaker: ArrayLike = True,
    bias: ArrayLike = 0.0,
    bias_se: ArrayLike = 0.0,
    *,
    between: float = 0.0,
    tau2: str | ArrayLike = "REML",
    interval: str = "mKH",
    level: float = 0.95,
) -> tuple[Pooled, Any]:
    """Pool after taking an average bias out of the studies of a weaker design.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale (natural logarithm for ratios) and their sampling variances; or a table with both
        columns.
    weaker : array_like of bool, shape (k,)
        Studies that have the bias; all of them unless given.
    bias, bias_se : array_like, shape (...)
        Average bias on the working scale (logarithm of the ratio weaker ÷ stronger) and its standard error, one for
        all or one a synthesis of a batch.
    between : float
        Standard deviation of the bias between studies.
    tau2, interval, level
        As in `pooling.pool`.

    Returns
    -------
    found : Pooled
        Of yi - bias with the variances vi + between^2 for the weaker studies. All of them share the error of the
        average: with f their share of the weight, f^2 bias_se^2 is added once to the variance of the pooled effect.
        `se`, `ci` include it, `df` is that of the model; there is no prediction interval.
    share : float or array of shape (...)
        f, from 0 to 1.

    Raises
    ------
    ValueError
        As `pool`; negative or infinite `bias_se` or `between`.

    Notes
    -----
    The variance between studies is estimated anew, so that `between` widens the interval only by what the studies do
    not already differ by.

    Examples
    --------
    >>> model = {"tau2": "EE", "interval": "Wald"}
    >>> found, share = without_design_bias([0.4, 0.6], [0.01, 0.01], [False, True], 0.2, 0.1, **model)
    >>> round(found.estimate, 3), round(found.se, 4), round(share, 3)
    (0.4, 0.0866, 0.5)
    """
    yi, vi, _ = tidy(yi, vi, None)
    y, v, is_weaker = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float), np.asarray(weaker, dtype=bool)
    is_weaker = np.broadcast_to(is_weaker, y.shape)
    mean, se = np.broadcast_arrays(np.asarray(bias, dtype=float), np.asarray(bias_se, dtype=float))
    if not (np.isfinite(mean).all() and np.isfinite(se).all() and (se >= 0.0).all()):
        raise ValueError("a bias must be finite, and its standard error not negative")
    if not (math.isfinite(between) and between >= 0.0):
        raise ValueError(f"between must be finite and not negative, not {between!r}")
    shifted = y - np.where(is_weaker, mean[..., None], 0.0)
    found = pool(
        shifted,
        np.broadcast_to(v + np.where(is_weaker, between**2, 0.0), shifted.shape),
        tau2=tau2,
        interval=interval,
        prediction=None,
        tau2_interval=None,
        level=level,
    )
    share = np.where(is_weaker, np.asarray(found.weights), 0.0).sum(axis=-1) / 100.0
    total = np.hypot(found.se, share * se)
    half = quantile(level, np.asarray(found.df, dtype=float)) * total
    estimate = np.asarray(found.estimate)
    if mean.ndim:
        return replace(found, se=total, ci=Interval(estimate - half, estimate + half)), share
    limits = Interval(float(estimate - half), float(estimate + half))
    return replace(found, se=float(total), ci=limits), float(share)


def of(given: Given) -> BiasAdjusted | str:
    """Adjust the weaker strata of an analysis for bias, as far as its data and its protocol allow.

    Returns
    -------
    BiasAdjusted or str
        Strata stay apart; the one figure that puts two designs together, after adjustment, is named so and only there
        where they can be compared. Or why nothing can be done.
    """
    rows = elicited.bias_rows(given)
    expected = tuple(
        found for synthesis in given.strata if (found := elicited.of_stratum(given, synthesis, rows)) is not None
    )
    if not given.weaker and not expected:
        return "no study of a weaker design, and no bias typed"
    settings = given.settings("bias")
    between, scores = float(settings.get("between", BETWEEN)), {**QUALITY, **settings.get("quality", {})}
    notes: list[str] = []
    designs: list[DesignBias] = []
    weighted: list[Weighted] = []
    for synthesis in given.weaker:
        match _design(given, synthesis, settings, between):
            case DesignBias() as design:
                designs.append(design)
            case reason:
                notes.append(reason)
        match weights.of_stratum(given, synthesis, scores):
            case Weighted() as three:
                weighted.append(three)
            case reason:
                notes.append(reason)
    if not (designs or weighted or expected):
        return "; ".join([*notes, "no bias typed"])
    return BiasAdjusted(
        weights=tuple(weighted),
        designs=tuple(designs),
        elicited=expected,
        notes=tuple(notes),
        assumption=_assumption(designs, weighted, expected),
        settings={
            "between": between,
            **{f"quality {grade}": float(score) for grade, score in scores.items()},
            **{name: str(given.plan.model[name]) for name in ("tau2", "interval")},
            "level": given.protocol.level,
        },
    )


def _design(given: Given, synthesis: Synthesis, settings: Mapping[str, Any], between: float) -> DesignBias | str:
    """Return a weaker stratum after the published bias of its design, or why not."""
    measure = MEASURES[synthesis.measure]
    if measure.scale != "log" or not measure.compares:
        return f"published biases are ratios, and effects of {plural(synthesis.stratum)} are {measure.label}s here"
    known = _known(given, synthesis.stratum, settings)
    if known is None:
        return f"no published average bias of {plural(synthesis.stratum)}"
    before = summary_of(synthesis)
    known = known.away_from(before.estimate)
    y, v = arrays(synthesis)
    model = {**model_of(given, synthesis.k), "between": between}
    model = {name: model[name] for name in ("tau2", "interval", "level", "between")}
    names = (PUBLISHED, NONE, LOW, HIGH, TWICE)
    logs = np.array([known.estimate, 0.0, known.ci.low, known.ci.high, 2.0 * known.estimate])
    errors = np.array([known.se, 0.0, 0.0, 0.0, 0.0])
    alone, _ = without_design_bias(y, v, np.ones(y.shape, dtype=bool), logs, errors, **model)
    adjusted = tuple(
        AssumedBias(
            name=name,
            ratio=math.exp(logs[i]),
            estimate=float(np.asarray(alone.estimate)[i]),
            ci=Interval(float(np.asarray(alone.ci.low)[i]), float(np.asarray(alone.ci.high)[i])),
        )
        for i, name in enumerate(names)
    )
    together, share, reason = _together(given, synthesis, known, between, float(np.asarray(alone.se)[0]), adjusted[0])
    return DesignBias(
        stratum=synthesis.stratum,
        against=known.stronger,
        measure=synthesis.measure,
        k=synthesis.k,
        before=before.estimate,
        before_ci=before.ci,
        published=known,
        between=between,
        assumed=adjusted,
        together=together,
        share=share,
        not_together=reason,
    )


def _known(given: Given, weaker: str, settings: Mapping[str, Any]) -> PublishedRatio | None:
    """Return the published bias of a design, against one of this analysis if possible; the protocol's own first."""
    here = [synthesis.stratum for synthesis in given.stronger]
    for stronger in (*here, *(name for name in STRATA if name in STRONGER and name not in here)):
        if found := published(stronger, weaker, own=settings.get("published", ())):
            return found[0]
    return None


def _together(
    given: Given, weaker: Synthesis, known: PublishedRatio, between: float, se: float, adjusted: AssumedBias
) -> tuple[AssumedBias | None, float, str]:
    """Return both designs in one pool after adjustment, the share of the weaker, and why there is none."""
    stronger = next((synthesis for synthesis in given.stronger if synthesis.stratum == known.stronger), None)
    if stronger is None:
        return None, math.nan, f"no {plural(known.stronger)} to put them together with"
    if reason := _kept_apart(given, weaker, stronger, se, adjusted):
        return None, math.nan, reason
    (y0, v0), (y1, v1) = arrays(stronger), arrays(weaker)
    model = model_of(given, stronger.k + weaker.k)
    found, share = without_design_bias(
        np.concatenate([y0, y1]),
        np.concatenate([v0, v1]),
        np.arange(stronger.k + weaker.k) >= stronger.k,
        known.estimate,
        known.se,
        between=between,
        **{name: model[name] for name in ("tau2", "interval", "level")},
    )
    return AssumedBias(name=PUBLISHED, ratio=known.ratio, estimate=found.estimate, ci=found.ci), share, ""


def _kept_apart(given: Given, weaker: Synthesis, stronger: Synthesis, se: float, adjusted: AssumedBias) -> str:
    """Return why two designs are not put together even after adjustment; empty where they are."""
    if reason := given.comparable(stronger, weaker):
        return reason
    if given.analysis.no_bottom_line:
        return given.analysis.no_bottom_line
    other = summary_of(stronger)
    if abs(adjusted.estimate - other.estimate) > APART * math.hypot(se, other.se):
        return f"{plural(weaker.stratum)} and {plural(stronger.stratum)} still differ after adjustment"
    return ""


def _assumption(designs: list[DesignBias], weighted: list[Weighted], expected: tuple[Elicited, ...]) -> str:
    parts = []
    if designs:
        ratios = [
            f"{plural(design.stratum)} (ratio {wording.ratio(design.published.ratio)}, "
            f"{wording.ratio(design.published.low)} to {wording.ratio(design.published.high)})"
            for design in designs
        ]
        spread = wording.number(designs[0].between)
        parts.append(
            f"that {wording.listed(ratios)} are off here by the average of other topics, give or take {spread} on the "
            "log scale"
        )
    if expected:
        parts.append("that the biases the reviewers typed are right")
    if weighted:
        few = any(each.quality is not None for each in weighted)
        scores = ", or by size and arbitrary scores of the grades," if few else ""
        parts.append(f"that weights by size (IVhet){scores} come nearer the truth than those of random effects")
    return f"each adjusted figure rests on one belief, {', or '.join(parts)}"
