"""Misclassification: what effects would be if nobody had been put on the wrong side of the cut-off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from metaan.pooling.counted import counts
from metaan.robustness.between.given import Given
from metaan.robustness.between.summary import summary_of
from metaan.terms import wording
from metaan.terms.records import Estimate, Interval, Record, Synthesis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

ASSUMPTION = (
    "one sensitivity and one specificity hold for every study and are the same with and without the outcome; a bias is "
    "magnified along with the effect"
)
STEPS = 11  #: values of each range that are tried, its ends among them
MEASURES = ("OR", "RR")
NONE = 1e-9  #: share of people that is rounding
SAME = 1e-6  #: difference of two log ratios that is none


class CorrectedRatio(NamedTuple):
    """Log ratios from corrected tables; NaN where the counts cannot have come about."""

    y: "Floats"
    v: "Floats"


def corrected_counts(
    seen: "ArrayLike", not_seen: "ArrayLike", sensitivity: "ArrayLike", specificity: "ArrayLike"
) -> "tuple[Floats, Floats]":
    """Return how many people have the factor and how many do not, from how many were classified so.

    With N people of whom A have it, A Se + (N - A)(1 - Sp) are expected to be classified as having it; solved for A.

    Parameters
    ----------
    seen, not_seen : array_like
        People with one outcome who were classified as with and as without the factor.
    sensitivity, specificity : array_like
        Of the classification, above 0 and at most 1, with a sum above 1.

    Returns
    -------
    tuple of ndarray
        Of the broadcast shape. A negative number: these counts are not to be expected with this sensitivity and
        specificity.

    Raises
    ------
    ValueError
        Sensitivity or specificity out of range.

    References
    ----------
    .. [1] Barron BA. Biometrics 1977;33:414-418 (matrix method).
    .. [2] Fox MP, MacLehose RF, Lash TL. Applying Quantitative Bias Analysis to Epidemiologic Data, 2nd ed, 2021.

    Examples
    --------
    >>> has, has_not = corrected_counts(126, 92, 0.94, 0.97)
    >>> round(float(has), 2), round(float(has_not), 2)
    (131.27, 86.73)
    """
    import numpy as np

    has, has_not = np.asarray(seen, dtype=float), np.asarray(not_seen, dtype=float)
    se, sp = np.asarray(sensitivity, dtype=float), np.asarray(specificity, dtype=float)
    if not (np.all((se > 0) & (se <= 1)) and np.all((sp > 0) & (sp <= 1)) and np.all(se + sp > 1)):
        raise ValueError("sensitivity and specificity lie above 0, are at most 1, and add up to more than 1")
    gain = se + sp - 1
    return (sp * has - (1 - sp) * has_not) / gain, (se * has_not - (1 - se) * has) / gain


def corrected_ratio(
    a: "ArrayLike",
    b: "ArrayLike",
    c: "ArrayLike",
    d: "ArrayLike",
    sensitivity: "ArrayLike",
    specificity: "ArrayLike",
    measure: str = "OR",
) -> CorrectedRatio:
    """Log odds or risk ratio without misclassification of the factor that is the same with and without the outcome.

    Parameters
    ----------
    a, b, c, d : array_like
        Counts as classified: with the factor, event and no event; without it, event and no event. A half is added to
        all four where one is zero.
    sensitivity, specificity : array_like
        As in `corrected_counts`; taken as known.
    measure : {"OR", "RR"}
        A risk ratio only where people were not chosen by outcome.

    Returns
    -------
    CorrectedRatio
        y and v of the broadcast shape, NaN where a corrected cell is not above zero. The variance is the sum over the
        cells of count times squared slope (delta method), which for the odds ratio is Greenland's.

    Raises
    ------
    ValueError
        Another measure, negative counts, or sensitivity or specificity out of range.

    References
    ----------
    .. [1] Greenland S. Stat Med 1988;7:745-757 (variance).
    .. [2] Chu H, Wang Z, Cole SR, Greenland S. Ann Epidemiol 2006;16:834-841 (example).

    Examples
    --------
    >>> found = corrected_ratio(126, 71, 92, 224, 0.94, 0.97)
    >>> round(float(found.y), 4), round(float(found.v), 4)
    (1.6143, 0.0472)
    """
    import numpy as np

    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    cells = np.stack(np.broadcast_arrays(*(np.asarray(count, dtype=float) for count in (a, b, c, d))))
    se, sp = np.asarray(sensitivity, dtype=float), np.asarray(specificity, dtype=float)
    if np.any(cells < 0):
        raise ValueError("counts are not negative")
    n_he, n_hn, n_le, n_ln = cells + 0.5 * (cells == 0).any(axis=0)
    high_event, low_event = corrected_counts(n_he, n_le, se, sp)
    high_none, low_none = corrected_counts(n_hn, n_ln, se, sp)
    possible = np.minimum(np.minimum(high_event, low_event), np.minimum(high_none, low_none)) > NONE * cells.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # slopes of the logarithm in the corrected cells
        if measure == "OR":
            y = np.log(high_event * low_none / (low_event * high_none))
            of_he, of_hn, of_le, of_ln = 1 / high_event, -1 / high_none, -1 / low_event, 1 / low_none
        else:
            high, low = high_event + high_none, low_event + low_none
            y = np.log(high_event * low / (low_event * high))
            of_he, of_hn = 1 / high_event - 1 / high, -1 / high
            of_le, of_ln = 1 / low - 1 / low_event, 1 / low
        gain = se + sp - 1
        v = (
            n_he * (sp * of_he - (1 - se) * of_le) ** 2
            + n_le * (se * of_le - (1 - sp) * of_he) ** 2
            + n_hn * (sp * of_hn - (1 - se) * of_ln) ** 2
            + n_ln * (se * of_ln - (1 - sp) * of_hn) ** 2
        ) / gain**2
    return CorrectedRatio(np.where(possible, y, np.nan), np.where(possible, v, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner(Record):
    """A stratum at one sensitivity and specificity."""

    sensitivity: float
    specificity: float
    estimate: float  #: NaN where the counts of a study cannot have come about
    ci: Interval | None
    impossible_in: tuple[str, ...]  #: studies whose counts cannot have come about


@dataclass(frozen=True, slots=True, kw_only=True)
class ReclassifiedStratum(Record):
    """One stratum as classified, and corrected over the ranges."""

    stratum: str
    measure: str
    k: int
    estimate: float  #: as classified
    ci: Interval
    corners: tuple[Corner, ...]  #: ends of both ranges and their middle, from the best classification to the worst
    lowest: float  #: smallest and largest corrected effect over the ranges; NaN where none is possible
    highest: float
    reach: Interval | None  #: lowest and highest limit of the corrected intervals
    impossible: float  #: share of the ranges that the counts rule out
    impossible_by: dict[str, float]  #: study -> share of the ranges that its counts rule out, where it is above zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Misclassified(Record):
    """Effects corrected for misclassification of the factor that does not depend on the outcome."""

    assumption: str
    settings: dict[str, float | str]  #: sensitivity_low, sensitivity_high, specificity_low, specificity_high, source
    strata: tuple[ReclassifiedStratum, ...]
    not_corrected: dict[str, str]  #: stratum -> why


class _Ranges(NamedTuple):
    sensitivity: tuple[float, float]
    specificity: tuple[float, float]


def of(given: Given) -> Misclassified | str:
    """Correct every stratum of odds or risk ratios all of whose studies give counts, over the protocol's ranges.

    Both ranges are tried in `STEPS` values, each study corrected by the same pair, and the studies pooled anew.
    """
    settings = given.settings("misclassified")
    if not settings:
        return "the protocol states no sensitivity and specificity"
    if given.analysis.factor_kind == "treatment":
        return "a treatment is given, not measured"
    ranges = _ranges(settings)
    strata = []
    not_corrected: dict[str, str] = {}
    for synthesis in given.strata:
        why = _why_not(synthesis)
        if why:
            not_corrected[synthesis.stratum] = why
        else:
            strata.append(_stratum(given, synthesis, ranges))
    if not strata:
        return "; ".join(dict.fromkeys(not_corrected.values())) or "no study"
    (se_low, se_high), (sp_low, sp_high) = ranges
    return Misclassified(
        assumption=ASSUMPTION,
        settings={
            "sensitivity_low": se_low,
            "sensitivity_high": se_high,
            "specificity_low": sp_low,
            "specificity_high": sp_high,
            "source": str(settings["source"]),
        },
        strata=tuple(strata),
        not_corrected=not_corrected,
    )


def _ranges(settings: Mapping[str, Any]) -> _Ranges:
    """Return the ranges of the protocol, which has checked that they can be."""
    (se_low, se_high), (sp_low, sp_high) = settings["sensitivity"], settings["specificity"]
    return _Ranges((float(se_low), float(se_high)), (float(sp_low), float(sp_high)))


def _why_not(synthesis: Synthesis) -> str:
    if synthesis.measure not in MEASURES:
        return "only odds ratios and risk ratios are corrected, from counts"
    without = [estimate.label for estimate in synthesis.estimates if not _from_counts(estimate)]
    if not without:
        return ""
    if len(without) == synthesis.k:
        return f"{'no study gives' if synthesis.k > 1 else 'its study does not give'} the counts of a 2×2 table"
    named = wording.listed(without) if len(without) <= 5 else f"{len(without)} of {synthesis.k} studies"
    return f"{named} {'gives' if len(without) == 1 else 'give'} no counts of a 2×2 table"


def _from_counts(estimate: Estimate) -> bool:
    """Whether counts are typed, and the effect is theirs."""
    table = counts(estimate)
    if table is None:
        return False
    as_classified = corrected_ratio(*table, 1.0, 1.0, estimate.effect.measure)
    return abs(float(as_classified.y) - estimate.effect.y) < SAME


def _stratum(given: Given, synthesis: Synthesis, ranges: _Ranges) -> ReclassifiedStratum:
    import numpy as np

    tables = np.array([counts(estimate) for estimate in synthesis.estimates], dtype=float).T  # (4, k)
    se, sp = (np.linspace(high, low, STEPS if high > low else 1) for low, high in ranges)
    grid_se, grid_sp = (axis.ravel() for axis in np.meshgrid(se, sp, indexing="ij"))
    a, b, c, d = tables
    y, v = corrected_ratio(a, b, c, d, grid_se[:, None], grid_sp[:, None], synthesis.measure)
    ruled_out = ~np.isfinite(y)
    possible = np.asarray(np.isfinite(y).all(axis=1), dtype=bool)
    estimate, low, high = _pooled(given, synthesis, y, v, possible)
    labels = [each.label for each in synthesis.estimates]
    as_classified = summary_of(synthesis)
    some = bool(possible.any())
    ends = [(i, j) for i in {0, se.size - 1} for j in {0, sp.size - 1}]
    places = sorted({i * sp.size + j for i, j in [*ends, (se.size // 2, sp.size // 2)]})
    return ReclassifiedStratum(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        estimate=as_classified.estimate,
        ci=as_classified.ci,
        corners=tuple(
            Corner(
                sensitivity=float(grid_se[i]),
                specificity=float(grid_sp[i]),
                estimate=float(estimate[i]),
                ci=Interval(float(low[i]), float(high[i])) if possible[i] else None,
                impossible_in=tuple(label for label, out in zip(labels, ruled_out[i], strict=True) if out),
            )
            for i in places
        ),
        lowest=float(np.nanmin(estimate)) if some else float("nan"),
        highest=float(np.nanmax(estimate)) if some else float("nan"),
        reach=Interval(float(np.nanmin(low)), float(np.nanmax(high))) if some else None,
        impossible=float(1 - possible.mean()),
        impossible_by={
            label: float(share) for label, share in zip(labels, ruled_out.mean(axis=0), strict=True) if share > 0
        },
    )


def _pooled(
    given: Given, synthesis: Synthesis, y: "Floats", v: "Floats", possible: "NDArray[np.bool_]"
) -> "tuple[Floats, Floats, Floats]":
    """Return estimate and limits at each point of the grid, NaN where the point is impossible."""
    import numpy as np

    from metaan.pooling.pool import pool

    estimate, low, high = (np.full(possible.shape, np.nan) for _ in range(3))
    if not possible.any():
        return estimate, low, high
    tau2 = str(given.plan.model["tau2"])
    interval = str(synthesis.pooled.method["interval"]) if synthesis.pooled is not None else "Wald"
    fits = pool(
        y[possible],
        v[possible],
        tau2=tau2,
        interval=interval,
        level=given.protocol.level,
        prediction=None,
        tau2_interval=None,
    )
    estimate[possible], low[possible], high[possible] = fits.estimate, fits.ci.low, fits.ci.high
    return estimate, low, high
