"""Worth of one more study: the loss it may save, its chance to settle the question, the smallest that could."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from metaan.robustness.between.given import STRONGER, Given, arrays, plural
from metaan.robustness.between.published import NORMAL
from metaan.terms import wording
from metaan.terms.measures import MEASURES
from metaan.terms.record import Interval, Record
from metaan.terms.records import Synthesis

POWER = 0.8  #: chance to settle the question that the smallest study must have, where the protocol gives none
PEOPLE = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
TIMES = (1, 2, 5, 10, 20)  #: sizes in units of the median study, where people are not counted
SHOWN = 5  #: sizes at most
NO_EFFECT, MATTERS = "no effect", "smallest effect that matters"

ASSUMPTION = (
    "the mean is uncertain by its standard error and no more, a new study is as free of bias as those it joins, and "
    "the spread between studies, which few studies show badly, is as estimated"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Record):
    """A value that the interval should leave out, at which the decision would change."""

    name: str  #: "no effect", "smallest effect that matters"
    value: float  #: working scale
    now: bool  #: whether the present interval leaves it out
    evpi: float  #: expected loss of deciding by the present mean, working scale, one decision
    evsi: tuple[float, ...]  #: part of it that the study takes away, one a size
    chance: tuple[float, ...]  #: percent, that the interval after the study leaves it out, one a size
    limit: float  #: the same for a study as large as can be
    smallest: int | None  #: size with the wanted chance, in `OneMore.unit`; None where it is left out now, or none can
    studies: int | None  #: as large as can be, with the wanted chance; None where left out now, or beyond 1,000


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMore(Record):
    """One more study of a stratum."""

    stratum: str
    measure: str
    k: int  #: studies now
    mean: float
    se: float
    tau2: float | None  #: None where one study shows no spread
    ci: Interval  #: now, by the analysis' own interval
    unit: str  #: of the sizes: "people", or "studies" for multiples of the precision of the median study
    variance: float  #: sampling variance for one unit; that of a size is this divided by it
    sizes: tuple[int, ...]
    se_alone: tuple[float, ...]  #: standard error of the new study by itself, one a size
    se_after: tuple[float, ...]  #: of the mean after it, one a size; none where tau2 is not known
    targets: tuple[Target, ...]  #: none where tau2 is not known
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Value(Record):
    """Value of one more study, stratum by stratum; a study adds to its own stratum only."""

    strata: tuple[OneMore, ...]  #: strongest design first
    power: float
    loss: str  #: what a decision loses, in words
    assumption: str
    settings: dict[str, float | str]


def of(given: Given) -> Value | str:
    """Return what one more study of each design may be worth, or why it cannot be said.

    Designs share no mean, so a weaker study is worth nothing to what the stronger ones say: its value stands in its own
    stratum. With one study the spread between studies is not known, and only the precision of a new one is given.

    References
    ----------
    .. [1] Wilson ECF. Pharmacoeconomics 2015;33:105-121.
    """
    if not given.stronger:
        return _no_stronger(given)
    settings = given.settings("value")
    power = float(settings.get("power", POWER))
    return Value(
        strata=tuple(_one_more(given, synthesis, settings, power) for synthesis in given.strata),
        power=power,
        loss="distance of the true mean from the value at which the decision changes, where the decision was wrong",
        assumption=ASSUMPTION,
        settings={"power": power}
        | ({"people": ", ".join(map(str, settings["people"]))} if "people" in settings else {}),
    )


def _no_stronger(given: Given) -> str:
    kind = "trial" if given.analysis.factor_kind == "treatment" else "prospective study"
    text = f"cannot be computed, as there is no {kind} in the main pool"
    if given.strata and given.strata[0].measure == "SMD":
        size = 200
        half = 2 * NORMAL / math.sqrt(size)  # v = 4 / n in two equal groups, near no difference
        people = given.protocol.people["many"]
        text += (
            f"; a first one of {size} {people} in two equal groups would give the standardised mean difference to "
            f"within ± {wording.fixed(half, 2)}"
        )
    else:
        text += "; how precise a first one would be depends on how many would have the outcome, which is not known"
    return text


def _one_more(given: Given, synthesis: Synthesis, settings: Mapping[str, Any], power: float) -> OneMore:
    from metaan.robustness.between.expected import se_after

    _, v = arrays(synthesis)
    unit, variance, sizes, remark = _sizes(given, synthesis, v.tolist(), settings)
    pooled = synthesis.pooled
    alone = tuple(math.sqrt(variance / size) for size in sizes)
    after: tuple[float, ...] = ()
    targets: tuple[Target, ...] = ()
    if pooled is None:
        only = synthesis.estimates[0]
        mean, se, tau2, ci = only.effect.y, math.sqrt(only.effect.v), None, only.ci
        remark = f"one study shows no spread between studies, so no chance is given{'; ' if remark else ''}{remark}"
    else:
        mean, se, tau2 = pooled.estimate, pooled.se, pooled.tau2
        ci = synthesis.also.get(given.plan.model["interval"], pooled.ci)  # with two studies another one is drawn
        after = tuple(se_after(se, tau2, [s * s for s in alone]).tolist())
        targets = tuple(
            _target(given, name, value, mean, se, tau2, ci, synthesis.k, alone, unit, variance, power)
            for name, value in _values(synthesis, mean)
        )
    return OneMore(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        mean=mean,
        se=se,
        tau2=tau2,
        ci=ci,
        unit=unit,
        variance=variance,
        sizes=sizes,
        se_alone=alone,
        se_after=after,
        targets=targets,
        remark=remark,
    )


def _sizes(
    given: Given, synthesis: Synthesis, v: list[float], settings: Mapping[str, Any]
) -> tuple[str, float, tuple[int, ...], str]:
    """Return the unit of size, the variance for one, the sizes, and a remark."""
    known = [(e.people, e.effect.v) for e in synthesis.estimates if e.people]
    if len(known) == synthesis.k:
        variance = median(n * one for n, one in known)
        if "people" in settings and synthesis.stratum in STRONGER:
            return "people", variance, tuple(sorted(settings["people"]))[:SHOWN], ""
        typical = median(n for n, _ in known)
        start = min(sum(size < typical for size in PEOPLE), len(PEOPLE) - SHOWN)
        return "people", variance, PEOPLE[start : start + SHOWN], ""
    many = given.protocol.people["many"]
    sizes = ", so that the sizes of the protocol cannot be used" if "people" in settings else ""
    return "studies", median(v), TIMES, f"{many} are not counted in all of the {plural(synthesis.stratum)}{sizes}"


def _values(synthesis: Synthesis, mean: float) -> list[tuple[str, float]]:
    """Return the values a decision may turn at: no effect, and the threshold on the side of the mean."""
    measure = MEASURES[synthesis.measure]
    found = [(NO_EFFECT, measure.working(measure.null))]
    if synthesis.small is not None:
        found.append((MATTERS, synthesis.small.high if mean >= found[0][1] else synthesis.small.low))
    return found


def _target(
    given: Given,
    name: str,
    value: float,
    mean: float,
    se: float,
    tau2: float,
    ci: Interval,
    k: int,
    alone: tuple[float, ...],
    unit: str,
    variance: float,
    power: float,
) -> Target:
    from metaan.robustness.between import expected

    level, t = given.protocol.level, given.plan.model["interval"] != "Wald"
    now = not ci.low <= value <= ci.high
    edge = float(expected.critical(k + 1, level, t))
    v = [s * s for s in alone]
    least = None if now else expected.smallest_variance(mean, se, tau2, value, edge, power)
    return Target(
        name=name,
        value=value,
        now=now,
        evpi=float(expected.perfect_information(mean, se, value)),
        evsi=tuple(expected.sample_information(mean, se, tau2, v, value).tolist()),
        chance=tuple((100.0 * expected.chance_to_settle(mean, se, tau2, v, value, edge)).tolist()),
        limit=100.0 * float(expected.chance_to_settle(mean, se, tau2, 0.0, value, edge)),
        smallest=None if least is None else max(math.ceil(variance / least), 1),
        studies=None if now else expected.studies_to_settle(mean, se, tau2, 0.0, value, k, level, t=t, chance=power),
    )
