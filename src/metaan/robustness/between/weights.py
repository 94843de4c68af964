"""Other weights beside those of random effects: by size alone, and by size and quality."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from metaan.pooling.quality import ivhet, quality_effects
from metaan.robustness.between.discount import TRUST
from metaan.robustness.between.given import Given, arrays, plural, refit
from metaan.terms.records import Interval, Pooled, Record, Synthesis

#: score of each grade unless the protocol gives others: arbitrary, those by which the power prior trusts a study
QUALITY: Mapping[str, float] = TRUST

#: small studies are said to drive the random-effects mean where it lies further than this from the IVhet mean, in
#: units of its own standard error: a 95 % interval whose middle is one standard error off covers 83 %, not 95 %
APART = 1.0

FEWEST = 3  #: studies
SAME = 1e-12  #: of a mean: a distance no larger is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted(Record):
    """One stratum pooled with three kinds of weights, working scale."""

    stratum: str
    measure: str
    k: int
    random: float  #: random effects, as the analysis pools: small studies count more than by their size
    random_ci: Interval
    ivhet: float  #: weights by size alone
    ivhet_ci: Interval
    quality: float | None  #: weights by size and quality; None where all studies have one score
    quality_ci: Interval | None
    grades: dict[str, float]  #: grade -> studies
    apart: float  #: distance of `random` from `ivhet`, in standard errors of `random`

    @property
    def small_studies_drive(self) -> bool:
        """Whether the random-effects mean leans on the small studies."""
        return self.apart > APART


def of_stratum(given: Given, synthesis: Synthesis, scores: Mapping[str, float]) -> Weighted | str:
    """Pool one stratum with three kinds of weights.

    Parameters
    ----------
    given : Given
    synthesis : Synthesis
        The stratum.
    scores : mapping
        Grade -> quality score; only ratios between the studies of the stratum count.

    Returns
    -------
    Weighted or str
        IVhet and quality effects by `pooling.quality`, with DerSimonian and Laird's variance as published; or why not.
    """
    if synthesis.k < FEWEST:
        return f"fewer than three {plural(synthesis.stratum)}: other weights not tried"
    y, v = arrays(synthesis)
    level = given.protocol.level
    random = refit(given, synthesis, prediction=None, tau2_interval=None)
    by_size = ivhet(y, v, level=level)
    quality = [scores[estimate.grade.grade] for estimate in synthesis.estimates]
    by_quality = quality_effects(y, v, quality, level=level) if len(set(quality)) > 1 else None
    grades = sorted(estimate.grade.grade for estimate in synthesis.estimates)
    return Weighted(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        random=random.estimate,
        random_ci=random.ci,
        ivhet=by_size.estimate,
        ivhet_ci=by_size.ci,
        quality=by_quality.estimate if by_quality else None,
        quality_ci=by_quality.ci if by_quality else None,
        grades={grade: float(grades.count(grade)) for grade in dict.fromkeys(grades)},
        apart=_apart(random, by_size),
    )


def _apart(random: Pooled, by_size: Pooled) -> float:
    """Return the distance of two means in standard errors of the first, which plain HK makes 0 for equal effects."""
    distance = math.fabs(random.estimate - by_size.estimate)
    if distance <= SAME * math.fabs(random.estimate):
        return 0.0
    return distance / random.se if random.se > 0 else math.inf
