"""Credibility ceilings: what is left if no single study can settle on which side of no effect the truth lies."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.kernel import tidy
from metaan.pooling.pool import summarise
from metaan.robustness.between.given import Given, arrays
from metaan.robustness.standing import ENOUGH
from metaan.terms import wording
from metaan.terms.given import fraction, numbers
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval, Record, Result, Synthesis
from metaan.terms.special import special

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4)  #: ceilings shown unless the protocol names others
STEP = 1000  #: the tipping ceiling is found to one in so many
ASSUMPTION = (
    "No study of the weaker design, whatever its size, shows more surely than the ceiling allows on which side of no "
    "effect the truth lies"
)
CAUTION = "does not show absence of bias"
ELSEWHERE = (
    "Of 98 meta-analyses of biomarkers and cancer risk 44 % left out no effect, 21 % still did at a ceiling of 10 % "
    "and 7 % at 20 % (Papatheodorou 2015, J Clin Epidemiol 68:163-174)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingFit(Record):
    """A stratum pooled under one ceiling."""

    ceiling: float  #: smallest chance of the other direction, 0 to 0.5; 0: standard errors as they are
    estimate: float
    ci: Interval  #: Wald
    tau2: float
    raised: int  #: studies whose standard error had to be raised


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumCeilings(Record):
    """Ceilings of one stratum."""

    stratum: str
    measure: str
    k: int
    fits: tuple[CeilingFit, ...]  #: lowest ceiling first; that of 0 is always there
    #: largest ceiling, in steps of 0.1 %, up to which the interval leaves out no effect throughout; None where there is
    #: nothing to lose: the interval as drawn, or Wald's, includes no effect without any ceiling
    tipping: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings(Record):
    """Weaker strata under credibility ceilings; stronger ones stay as they are."""

    strata: tuple[StratumCeilings, ...]
    assumption: str
    settings: dict[str, float | str]  #: estimator of tau2, interval, level
    not_given: dict[str, str]  #: stratum -> why there is none


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CredibilityCeilings(Result):
    """Pooled results under credibility ceilings, one item a ceiling; working scale."""

    ceiling: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]  #: Wald
    high: tuple[float, ...]
    tau2: tuple[float, ...]
    raised: tuple[int, ...]  #: studies whose standard error had to be raised
    tipping: float | None  #: largest ceiling, in steps of 0.1 %, up to which the interval leaves out no effect
    method: dict[str, float | str]


def capped_variances(yi: ArrayLike, vi: ArrayLike, ceilings: ArrayLike) -> NDArray[np.float64]:
    """Variances at which no study gives more certainty of a direction than a ceiling allows.

    A normal estimate y with standard error s leaves a chance of Phi(-abs(y) / s) that the effect lies on the other side
    of no effect. Where this is below the ceiling c, s becomes abs(y) / z(1 - c), which makes it c [1]_. A ceiling of 0
    changes nothing. Nor does any ceiling change a study with y = 0, which is certain of neither direction; the higher
    the ceiling, the more such studies weigh.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on a working scale on which no effect is 0, and their sampling variances.
    ceilings : array_like, shape (n,)
        0 <= c < 0.5.

    Returns
    -------
    ndarray, shape (n, k)

    Raises
    ------
    ValueError
        A ceiling outside 0 to 0.5.

    References
    ----------
    .. [1] Salanti G, Ioannidis JPA. J Clin Epidemiol 2009;62:115-122.
    """
    y, v, c = numbers("effects", yi), numbers("variances", vi), numbers("ceilings", ceilings)
    if c.ndim != 1 or not len(c):
        raise ValueError("ceilings must be a list of shares")
    if not ((c >= 0) & (c < 0.5)).all():
        raise ValueError(f"a ceiling must lie from 0 to below 0.5, not {c[~((c >= 0) & (c < 0.5))][0]:g}")
    z = special.ndtri(1.0 - c)[:, None]  # infinite for a ceiling of 0
    capped: NDArray[np.float64] = np.maximum(v, (y / z) ** 2)
    return capped


def credibility_ceilings(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    ceilings: ArrayLike = SHARES,
    *,
    tau2: str = "REML",
    level: float = 0.95,
) -> CredibilityCeilings:
    """Pool studies under credibility ceilings.

    Standard errors are raised as `capped_variances` says, tau2 is estimated again, and the interval is Wald's: raised
    standard errors make the studies look more alike than they are, which Knapp and Hartung's interval would take for
    precision.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on a working scale on which no effect is 0, and their sampling variances; or a table with both columns.
    ceilings : array_like, shape (n,)
        0 <= c < 0.5; a study gives at most the certainty 1 - c.
    tau2 : str
        Estimator of the variance between studies; see `pool`.
    level : float
        Of the intervals.

    Returns
    -------
    CredibilityCeilings

    Raises
    ------
    ValueError
        A ceiling outside 0 to 0.5, or effects and variances that cannot be pooled.

    Examples
    --------
    >>> found = credibility_ceilings([0.3, 0.5, 0.4, 0.6], [0.01, 0.02, 0.01, 0.03], [0, 0.2])
    >>> [round(low, 2) for low in found.low]
    [0.29, -0.08]
    """
    fraction("level", level)
    yi, vi, _ = tidy(yi, vi, None)
    shown = numbers("ceilings", ceilings)
    capped = capped_variances(yi, vi, shown)
    grid = np.arange(STEP // 2) / STEP
    fits = summarise(numbers("effects", yi), np.concatenate([capped, capped_variances(yi, vi, grid)]), tau2=tau2)
    half = special.ndtri(0.5 + 0.5 * level) * fits["se"]
    low, high = fits["estimate"] - half, fits["estimate"] + half
    n = len(shown)
    lost = np.flatnonzero((low[n:] <= 0) & (high[n:] >= 0))
    first = int(lost[0]) if len(lost) else len(grid)
    return CredibilityCeilings(
        ceiling=tuple(shown.tolist()),
        estimate=tuple(fits["estimate"][:n].tolist()),
        low=tuple(low[:n].tolist()),
        high=tuple(high[:n].tolist()),
        tau2=tuple(fits["tau2"][:n].tolist()),
        raised=tuple((capped > numbers("variances", vi)).sum(axis=1).tolist()),
        tipping=float(grid[first - 1]) if first else None,
        method={"tau2": tau2, "interval": "Wald", "level": level},
    )


def of(given: Given) -> Ceilings | str:
    """Put the weaker strata of an analysis under ceilings.

    Parameters
    ----------
    given : Given

    Returns
    -------
    Ceilings or str
        The reason where no weaker stratum can be pooled with some trust.
    """
    asked = given.settings("ceilings").get("shares", SHARES)
    shares = sorted({0.0, *map(float, asked)})
    tau2, level = str(given.plan.model["tau2"]), given.protocol.level
    done, why = [], {}
    for synthesis in given.weaker:
        if reason := _why_not(synthesis):
            why[synthesis.stratum] = reason
        else:
            done.append(_of_stratum(synthesis, shares, tau2, level))
    if not done:
        return "; ".join(dict.fromkeys(why.values())) or "no weaker design"
    settings: dict[str, float | str] = {"tau2": tau2, "interval": "Wald", "level": level}
    return Ceilings(strata=tuple(done), assumption=ASSUMPTION, settings=settings, not_given=why)


def _why_not(synthesis: Synthesis) -> str:
    if not MEASURES[synthesis.measure].compares:
        return "the measure describes one group"
    if synthesis.k < ENOUGH:
        return f"fewer than three studies in the weaker design ({wording.count(synthesis.k, 'study', 'studies')})"
    return "" if synthesis.pooled is not None else "the weaker design is not pooled"


def _of_stratum(synthesis: Synthesis, shares: list[float], tau2: str, level: float) -> StratumCeilings:
    found = credibility_ceilings(*arrays(synthesis), shares, tau2=tau2, level=level)
    fits = zip(found.ceiling, found.estimate, found.low, found.high, found.tau2, found.raised, strict=True)
    drawn = synthesis.pooled.ci if synthesis.pooled else Interval(-math.inf, math.inf)
    return StratumCeilings(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        fits=tuple(
            CeilingFit(ceiling=c, estimate=y, ci=Interval(low, high), tau2=t, raised=n)
            for c, y, low, high, t, n in fits
        ),
        tipping=None if drawn.low <= 0 <= drawn.high else found.tipping,
    )
