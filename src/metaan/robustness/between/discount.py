"""Power prior: weaker studies count only as far as they are trusted, from not at all to as much as the stronger."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from metaan.robustness.between.given import Given, arrays, model_of, plural
from metaan.terms import wording
from metaan.terms.records import Interval, Record, Synthesis

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from metaan.pooling.kernel import Floats

#: how far a weaker study of each grade is trusted unless the protocol says: arbitrary, the curve is the result
TRUST: Mapping[str, float] = {"A": 1.0, "B": 0.8, "C": 0.4, "D": 0.1}
STEPS = 1000  #: trust is searched in steps of 0.1 %
SHOWN = 40  #: points of the curve that are kept, beside the one where there is no trust
LEAST = 1e-9  #: trust below it is none
ENOUGH = 3  #: studies from which on an interval with degrees of freedom is drawn; see pooling.strata

ASSUMPTION = (
    "a weaker study trusted at x % holds x % of the information it reports, and nothing pulls its effect one way"
)


class Discounted(NamedTuple):
    """Summary effects of a batch of discounted syntheses; arrays of the batch's shape."""

    estimate: "Floats"
    low: "Floats"
    high: "Floats"
    tau2: "Floats"
    weights: "Floats"  #: shape (..., k), sum to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRange(Record):
    """Levels of trust, 0 to 1, at which the interval leaves out no effect."""

    low: float
    high: float
    side: str  #: of no effect on which the interval lies: above, below


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTrust(Record):
    """Result where the weaker studies are trusted by grade."""

    estimate: float
    ci: Interval
    share: float  #: of the weight that the weaker studies carry, percent
    grades: dict[str, float]  #: grade -> trust, of the grades that occur among the weaker studies


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Record):
    """Pooled result over trust in the weaker studies; columns have one item a level of trust."""

    stronger: str  #: stratum at full weight; empty where the weaker one stands alone
    weaker: str
    measure: str
    k_stronger: int
    k_weaker: int
    interval: str  #: kind of the intervals
    trust: tuple[float, ...]  #: rising to 1; from 0, or from the first step where the weaker stratum stands alone
    estimates: tuple[float, ...]
    low: tuple[float, ...]  #: limits may be infinite
    high: tuple[float, ...]
    shares: tuple[float, ...]  #: of the weight that the weaker studies carry, percent
    tau2: tuple[float, ...]
    by_grade: AtTrust | None  #: None where no study is trusted at all
    ranges: tuple[TrustRange, ...]  #: to 0.1 %, rising; none where the interval never leaves out no effect
    why_alone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount(Record):
    """What becomes of an analysis where its weaker studies are trusted only so far."""

    curves: tuple[Curve, ...]
    assumption: str
    settings: dict[str, float]  #: grade -> trust


def discounted(
    yi: "ArrayLike",
    vi: "ArrayLike | None" = None,
    trust: "ArrayLike" = 1.0,
    *,
    tau2: "str | ArrayLike" = "REML",
    interval: str = "mKH",
    level: float = 0.95,
) -> Discounted:
    """Pool studies each of which is trusted between not at all and fully.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; or a table with both columns.
    trust : float, or array_like, shape (..., k)
        Power a, 0 to 1, to which the likelihood of each study is raised; leading axes are a batch, fitted in one call.
    tau2 : str or array_like
        Estimator of the variance between studies, or numbers, as `pooling.pool.summarise` takes them.
    interval : {"mKH", "HK", "HK-ci", "t", "Wald"}
    level : float

    Returns
    -------
    Discounted
        A study without any trust is left out. Limits are infinite where no degrees of freedom are left; everything is
        NaN where no study is.

    Raises
    ------
    ValueError
        Trust outside 0 to 1 or of another length, an interval not listed, or what `pool` refuses.

    Notes
    -----
    The likelihood of a study given its own true effect is normal; raised to a it is that of the same effect with
    variance v / a [1]_, as for binomial likelihoods in [2]_. True effects vary with tau2 as without discounting, so the
    weight is 1 / (v / a + tau2), and tau2 is estimated anew at each trust: without trust the result is that of the
    other studies alone, with full trust that of all studies pooled. (With the tau2 of all studies held fixed it would
    be neither without trust.) Where tau2 is large, a study keeps more of its weight than a; `weights` tell how much.

    A study keeps e = (v + tau2) / (v / a + tau2) of its weight. Under equal trust in all, the weighted sum of squares Q
    would be expected to be k - 1; here it is d = sum(e) - sum(w e) / sum(w), which runs from k - 1 of the studies at
    full trust to k - 1 of all. The Hartung-Knapp factor is Q / d. The reference is t on d degrees of freedom, not
    always whole, with e at the trust relative to the most trusted study: little trust in all studies alike makes their
    variances larger, but their number no smaller. ``"Wald"`` needs none.

    References
    ----------
    .. [1] Ibrahim JG, Chen MH. Stat Sci 2000;15:46-60.
    .. [2] Zhou Y et al. BMC Med Res Methodol 2024;24:219.
    """
    import numpy as np

    from metaan.pooling import kernel
    from metaan.pooling.pool import choose, summarise

    choose("interval", interval, ("mKH", "HK", "HK-ci", "t", "Wald"))
    a = np.asarray(trust, dtype=float)
    if not ((a >= 0) & (a <= 1)).all():
        raise ValueError("trust must lie between 0 and 1")
    yi, vi, _ = kernel.tidy(yi, vi, None)
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    a = np.broadcast_to(a, y.shape) if a.ndim == 0 else a
    a = np.where(a < LEAST, 0.0, a)
    inside = a > 0
    fit = summarise(y, v / np.where(inside, a, 1.0), tau2=tau2, mask=inside)
    spread = fit["tau2"][..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.where(inside, 1.0 / (v / a + spread), 0.0)
        total = kernel.total(w)
        relative = a / a.max(axis=-1, keepdims=True)
        d, df = (
            kernel.total(kept) - kernel.dot(w, kept) / total
            for kept in (w * (v + spread), np.where(inside, (v + spread) / (v / relative + spread), 0.0))
        )
        q = kernel.dot(w, (y - fit["estimate"][..., None]) ** 2)
        half = _half(fit["se"], q / d, df, interval, level)
        weights = w / total[..., None]
    return Discounted(fit["estimate"], fit["estimate"] - half, fit["estimate"] + half, fit["tau2"], weights)


def _half(se: "Floats", factor: "Floats", df: "Floats", interval: str, level: float) -> "Floats":
    """Half the width of the interval; infinite without degrees of freedom."""
    import numpy as np

    from metaan.pooling import intervals

    wald = intervals.quantile(level, np.full(se.shape, math.inf)) * se
    if interval == "Wald":
        return wald
    some = df > 1e-9
    t = np.where(some, intervals.quantile(level, np.where(some, df, 1.0)), np.inf)
    if interval == "t":
        return t * se
    factor = np.where(some, factor, 1.0)
    own = t * se * np.sqrt(np.maximum(1.0, factor) if interval == "mKH" else factor)
    return np.maximum(own, wald) if interval == "HK-ci" else own


def leaving_out(trust: "ArrayLike", low: "ArrayLike", high: "ArrayLike") -> tuple[TrustRange, ...]:
    """Return the stretches of trust at which an interval leaves out 0.

    Parameters
    ----------
    trust : array_like, shape (n,)
        Rising.
    low, high : array_like, shape (n,)
        Limits at each trust.
    """
    import numpy as np

    a = np.asarray(trust, dtype=float)
    side = np.where(np.asarray(low) > 0, 1, np.where(np.asarray(high) < 0, -1, 0))
    found = []
    for sign, run in groupby(range(len(a)), key=lambda i: int(side[i])):
        held = list(run)
        if sign:
            words = "above" if sign > 0 else "below"
            found.append(TrustRange(low=float(a[held[0]]), high=float(a[held[-1]]), side=words))
    return tuple(found)


def of(given: Given) -> Discount | str:
    """Discount the weaker studies of an analysis, beside each stronger stratum they can be set against, or alone.

    A weaker stratum without one is still worth the question: the interval its studies would give if each held only
    part of the information it reports.

    Returns
    -------
    Discount or str
        The interval is that of the analysis; Wald where the stratum at full trust has fewer than three studies, as it
        is drawn; mKH in place of one that is not defined here (KR).
    """
    if not given.weaker:
        return "no weaker design to discount"
    trust = {**TRUST, **given.settings("discount").get("trust", {})}
    pairs = list(given.pairs())
    curves = [_curve(given, stronger, weaker, trust) for stronger, weaker in pairs]
    paired = {weaker.stratum for _, weaker in pairs}
    curves += [_curve(given, None, weaker, trust) for weaker in given.weaker if weaker.stratum not in paired]
    return Discount(curves=tuple(curves), assumption=ASSUMPTION, settings=trust)


def _curve(given: Given, stronger: Synthesis | None, weaker: Synthesis, trust: Mapping[str, float]) -> Curve:
    import numpy as np

    k = stronger.k if stronger else 0
    y, v = arrays(weaker)
    if stronger:
        first, variances = arrays(stronger)
        y, v = np.concatenate([first, y]), np.concatenate([variances, v])
    model = model_of(given, k or weaker.k)
    kind = str(model["interval"])
    kind = "Wald" if (k or weaker.k) < ENOUGH else kind if kind in ("mKH", "HK", "HK-ci", "t", "Wald") else "mKH"
    levels = np.linspace(0.0, 1.0, STEPS + 1)[0 if stronger else 1 :]
    grades = [estimate.grade.grade for estimate in weaker.estimates]
    rows = np.ones((len(levels) + 1, len(y)))
    rows[:-1, k:] = levels[:, None]
    rows[-1, k:] = [trust[grade] for grade in grades]
    found = discounted(y, v, rows, tau2=model["tau2"], interval=kind, level=model["level"])
    share = found.weights[:, k:].sum(axis=1)
    every = STEPS // SHOWN
    kept = slice(0 if stronger else every - 1, len(levels), every)

    def column(values: "Floats", factor: float = 1.0) -> tuple[float, ...]:
        return tuple((factor * values[kept]).tolist())

    by_grade = AtTrust(
        estimate=float(found.estimate[-1]),
        ci=Interval(float(found.low[-1]), float(found.high[-1])),
        share=100.0 * float(share[-1]),
        grades={grade: trust[grade] for grade in sorted(set(grades))},
    )
    return Curve(
        stronger=stronger.stratum if stronger else "",
        weaker=weaker.stratum,
        measure=weaker.measure,
        k_stronger=k,
        k_weaker=weaker.k,
        interval=kind,
        trust=column(levels),
        estimates=column(found.estimate),
        low=column(found.low),
        high=column(found.high),
        shares=column(share, 100.0),
        tau2=column(found.tau2),
        by_grade=by_grade if rows[-1].any() else None,
        ranges=leaving_out(levels, found.low[:-1], found.high[:-1]),
        why_alone="" if stronger else given.why_no_pair(),
    )


def tipping(curve: Curve) -> str:
    """Return from how much trust on the interval leaves out no effect, in words without a full stop."""
    studies = plural(curve.weaker)
    ranges = curve.ranges
    first = 0.0 if curve.stronger else 1.0 / STEPS
    if not ranges:
        return f"however far the {studies} are trusted, the interval includes no effect"
    if len({part.side for part in ranges}) > 1:
        return f"the interval leaves out no effect on both sides of it, {wording.listed(_stretches(ranges))}"
    if len(ranges) > 1:
        return f"the interval leaves out no effect at {wording.listed(_stretches(ranges))}, and not in between"
    (only,) = ranges
    low, high = _percent(only.low), _percent(only.high)
    if only.low <= first and only.high >= 1.0:
        if curve.stronger:
            return f"the interval leaves out no effect at any trust in the {studies}, even without them"
        return f"the interval leaves out no effect at any trust in the {studies}"
    if only.high >= 1.0:
        return f"{studies} must be trusted at least {low} for the interval to leave out no effect"
    if only.low <= first:
        alone = f"the interval leaves out no effect without the {studies}"
        return f"{alone}, and no longer once they are trusted more than {high}"
    return f"the interval leaves out no effect only where {studies} are trusted between {low} and {high}"


def _stretches(ranges: Sequence[TrustRange]) -> list[str]:
    return [f"{_percent(part.low)} to {_percent(part.high)}" for part in ranges]


def _percent(trust: float) -> str:
    return wording.percent(100.0 * trust, 1 if trust < 1.0 else 0)
