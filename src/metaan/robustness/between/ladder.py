"""Design ladder: every stratum apart, and by how much weaker designs differ from stronger ones."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import tidy
from metaan.pooling.pool import pool
from metaan.pooling.regression import moderators
from metaan.pooling.regression.records import quantile, two_sided
from metaan.robustness.between.given import Given, arrays
from metaan.robustness.between.published import PublishedRatio, published
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Difference, Interval, Record, Synthesis

SEPARATE, COMMON = "separate", "common"
ASSUMPTION = (
    "The ratio is bias of the weaker design only if both designs studied like people, the same factor and the same "
    "outcome; published ratios are averages over other topics"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignContrast(Record):
    """Weaker minus stronger design on the working scale, estimated in one way."""

    variance: str  #: separate or common: whether each stratum has its own variance between studies
    estimator: str  #: of that variance
    interval: str  #: Wald, mKH, ...
    estimate: float
    ci: Interval
    p: float
    df: float  #: of the t reference; inf means normal
    tau2: float  #: common variance between studies; NaN where it is separate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Record):
    """One stratum as it stands in the report."""

    stratum: str
    measure: str
    k: int
    people: int | None
    estimate: float
    ci: Interval  #: as drawn; of a single study its own
    interval: str  #: name of the method that gave `ci`
    prediction: Interval | None
    tau2: float  #: NaN for a single study


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """A weaker design against a stronger one."""

    stronger: str
    weaker: str
    measure: str
    reason: str  #: why the difference is not tested; empty where it is
    ways: tuple[DesignContrast, ...]  #: empty where it is not tested; the first is that of the report
    expected: tuple[PublishedRatio, ...]  #: of other topics, those of the protocol first


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder(Record):
    """Strata of an analysis, strongest first, and what sets them apart."""

    rungs: tuple[Rung, ...]
    steps: tuple[Step, ...]
    never_pooled: dict[str, int]  #: design that is shown and never pooled, such as cross-sectional -> its comparisons
    assumption: str
    level: float
    settings: dict[str, str]  #: estimator of the analysis, small-sample interval of the last way


def between_designs(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    weaker: ArrayLike = (),
    *,
    variance: str = COMMON,
    tau2: str = "REML",
    interval: str = "Wald",
    level: float = 0.95,
) -> DesignContrast:
    """Contrast studies of a weaker design with those of a stronger one.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; or a table with both columns.
    weaker : array_like of bool, shape (k,)
        Whether a study is of the weaker design.
    variance : {"common", "separate"}
        One variance between studies for both designs (meta-regression on design), or each its own [1]_.
    tau2 : str
        Its estimator; see `pool`.
    interval : {"Wald", "t", "HK", "mKH"}
        With a common variance, k - 2 degrees of freedom; with separate variances "Wald" only.
    level : float

    Returns
    -------
    DesignContrast
        Weaker minus stronger; of log ratios the log of the ratio of ratios, above 0 where the weaker design gives the
        larger ratio.

    Raises
    ------
    ValueError
        A design without studies, two studies in all under a common variance, unknown options.

    References
    ----------
    .. [1] Rubio-Aparicio M et al. Res Synth Methods 2020;11:235-247 (separate and pooled variances in subgroups).

    Examples
    --------
    >>> found = between_designs([0.2, 0.1, 0.3, 0.6, 0.5], [0.04] * 5, [False, False, False, True, True])
    >>> round(found.estimate, 2)
    0.35
    """
    yi, vi, _ = tidy(yi, vi, None)
    y, v, group = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float), np.asarray(weaker)
    if group.dtype != np.bool_ or group.shape != y.shape:
        raise ValueError(f"weaker must hold True or False for each of {y.size} studies")
    if group.all() or not group.any():
        raise ValueError("one design has no study, so there is nothing to contrast")
    if variance == SEPARATE:
        if interval != "Wald":
            raise ValueError(f"with separate variances the interval is Wald, not {interval!r}")
        sides = [pool(y[side], v[side], tau2=tau2, interval="Wald") for side in (~group, group)]
        estimate = float(sides[1].estimate - sides[0].estimate)
        se, df, common = math.hypot(sides[0].se, sides[1].se), math.inf, math.nan
    elif variance == COMMON:
        if y.size < 3:
            raise ValueError("two studies cannot tell their contrast and the variance between studies apart")
        fitted = moderators.fit(y, v, np.column_stack([np.ones(y.size), group]), tau2=tau2)
        covariance, _, dfs = moderators.covariance(fitted, interval)
        estimate, se, df = float(fitted.beta[0, 1]), math.sqrt(float(covariance[0, 1, 1])), float(dfs[0])
        common = float(fitted.tau2[0])
    else:
        raise ValueError(f"variance must be {SEPARATE} or {COMMON}, not {variance!r}")
    half = float(quantile(level, df)) * se
    return DesignContrast(
        variance=variance,
        estimator=tau2,
        interval=interval,
        estimate=estimate,
        ci=Interval(estimate - half, estimate + half),
        p=float(two_sided(np.array(estimate / se), df)) if se > 0 else math.nan,
        df=df,
        tau2=common,
    )


def of(given: Given) -> Ladder | str:
    """Return the ladder of an analysis, or why it has only one rung."""
    if len(given.strata) < 2:
        return "one kind of design only"
    return Ladder(
        rungs=tuple(_rung(synthesis, given.analysis.level) for synthesis in given.strata),
        steps=tuple(_step(given, s, w) for s in given.stronger for w in given.weaker),
        never_pooled=_never_pooled(given),
        assumption=ASSUMPTION,
        level=given.analysis.level,
        settings={"tau2": str(given.plan.model["tau2"]), "interval": _small_sample(given)},
    )


def _never_pooled(given: Given) -> dict[str, int]:
    """Count the comparisons on the question whose design shows what goes together and is no rung."""
    apart = Counter(row.grade.stratum for row in given.selection.unplanned)
    return {name: apart[name] for name, stratum in STRATA.items() if apart[name] and not stratum.pooled}


def _rung(synthesis: Synthesis, level: float) -> Rung:
    pooled = synthesis.pooled
    study = synthesis.estimates[0]
    return Rung(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        people=synthesis.people,
        estimate=pooled.estimate if pooled else study.effect.y,
        ci=pooled.ci if pooled else study.ci,
        interval=str(pooled.method["interval"]) if pooled else "Wald",
        prediction=pooled.prediction if pooled else None,
        tau2=pooled.tau2 if pooled else math.nan,
    )


def _step(given: Given, stronger: Synthesis, weaker: Synthesis) -> Step:
    """Contrast two strata if the report does: the rule and its reasons are those of `pooling.difference`."""
    found = _difference(given, stronger.stratum, weaker.stratum)
    comparable = stronger.measure == weaker.measure and not given.comparable(stronger, weaker)
    return Step(
        stronger=stronger.stratum,
        weaker=weaker.stratum,
        measure=weaker.measure,
        reason="" if found.tested else found.reason,
        ways=_ways(given, stronger, weaker) if found.tested else (),
        expected=_expected(given, stronger, weaker) if comparable else (),
    )


def _difference(given: Given, stronger: str, weaker: str) -> Difference:
    return next(d for d in given.analysis.differences if {d.stronger, d.weaker} == {stronger, weaker})


def _small_sample(given: Given) -> str:
    """Return the Hartung-Knapp variant of the analysis; the modified one where it asks for none."""
    asked = str(given.plan.model["interval"])
    return asked if asked in ("HK", "mKH") else "mKH"


def _ways(given: Given, stronger: Synthesis, weaker: Synthesis) -> tuple[DesignContrast, ...]:
    (y1, v1), (y2, v2) = arrays(stronger), arrays(weaker)
    y, v, group = np.append(y1, y2), np.append(v1, v2), np.repeat([False, True], [y1.size, y2.size])
    level, own = given.analysis.level, str(given.plan.model["tau2"])
    asked = [(SEPARATE, own, "Wald"), (SEPARATE, "DL", "Wald"), (COMMON, "REML", "Wald")]
    asked.append((COMMON, "REML", _small_sample(given)))
    return tuple(
        between_designs(y, v, group, variance=variance, tau2=tau2, interval=interval, level=level)
        for variance, tau2, interval in dict.fromkeys(asked)
    )


def _expected(given: Given, stronger: Synthesis, weaker: Synthesis) -> tuple[PublishedRatio, ...]:
    """Return published ratios for the side of no effect on which the weaker design stands."""
    if MEASURES[weaker.measure].scale != "log":
        return ()  # the published ratios are of odds and risk ratios
    own = given.settings("ladder").get("expected", ())
    side = weaker.pooled.estimate if weaker.pooled else weaker.estimates[0].effect.y
    return tuple(each.away_from(side) for each in published(stronger.stratum, weaker.stratum, own=own))
