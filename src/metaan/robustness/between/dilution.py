"""Regression dilution: what effects would be if one measurement gave the level that a person usually has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from metaan.robustness.between.given import Given
from metaan.robustness.between.summary import summary_of, widened
from metaan.robustness.reliability import attenuation
from metaan.robustness.repeats import CORRELATIONS, ILLUSTRATED, KAPPAS, OCCASIONS, Repeat, on_scale, repeats
from metaan.terms import wording
from metaan.terms.records import Estimate, Interval, Record, Synthesis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

ASSUMPTION = (
    "one reliability holds for every study, and errors of measurement are random, alike in both groups and unrelated "
    "to the outcome; a bias is magnified along with the effect"
)
#: kind of effect -> power of the reliability that it shrinks by
POWERS = {"SMD": 0.5, "per SD": 0.5, "per unit": 1.0}
_SD = re.compile(r"\b(sd|s\.d\.|standard deviations?)(?!\w)", re.IGNORECASE)
_CLASSES = re.compile(r"tertile|quartile|quintile|decile|third|fourth|fifth|class|categor", re.IGNORECASE)


class Corrected(NamedTuple):
    """Effects and their variances, corrected."""

    y: "Floats"
    v: "Floats"


def corrected(
    y: "ArrayLike", v: "ArrayLike", r: "ArrayLike", se_r: "ArrayLike" = 0.0, *, power: "ArrayLike"
) -> Corrected:
    """Effects corrected for regression dilution, by the delta method.

    Parameters
    ----------
    y, v : array_like
        Effects and their variances: correlations, standardised mean differences, or slopes (log ratios per unit or
        per standard deviation).
    r, se_r : array_like
        Reliability of one measurement (the regression dilution ratio), above 0 and at most 1, and its standard error.
    power : array_like
        1/2 for a correlation, a standardised mean difference and a slope per observed standard deviation; 1 for a
        slope per unit.

    Returns
    -------
    Corrected
        y r^-p and v r^-2p + (p y r^-(p+1))^2 se_r^2, of the broadcast shape. Effects of several studies corrected by
        one r share its error: pool them with `se_r` 0 and correct their mean, or that error counts as if it were a new
        one in each.

    Raises
    ------
    ValueError
        A reliability outside 0 to 1, a negative variance, standard error or power.

    References
    ----------
    .. [1] Spearman C. Am J Psychol 1904;15:72-101.
    .. [2] Clarke R et al. Am J Epidemiol 1999;150:341-353.
    .. [3] Fibrinogen Studies Collaboration. Int J Epidemiol 2006;35:1570-1578.

    Examples
    --------
    >>> found = corrected(0.35, 0.01, 0.51, 0.0204, power=1)
    >>> round(float(found.y), 4), round(float(found.v), 5)
    (0.6863, 0.0392)
    """
    import numpy as np

    y, v, r, se_r, p = np.broadcast_arrays(*(np.asarray(item, dtype=float) for item in (y, v, r, se_r, power)))
    if not np.all((r > 0) & (r <= 1)):
        raise ValueError("a reliability lies above 0 and is at most 1")
    if np.any(v < 0) or np.any(se_r < 0) or np.any(p < 0):
        raise ValueError("variances, standard errors and powers are not negative")
    factor = attenuation(r) ** (-2.0 * p)
    return Corrected(y * factor, factor**2 * (v + (p * y * se_r / r) ** 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class AtReliability(Record):
    """A stratum corrected by one reliability."""

    r: float
    estimate: float
    ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class UndilutedStratum(Record):
    """One stratum as measured, and corrected."""

    stratum: str
    measure: str
    k: int
    kind: str  #: key of `POWERS`
    estimate: float  #: as measured
    ci: Interval
    corrected: tuple[AtReliability, ...]  #: in the order of `Dilution.reliabilities`


@dataclass(frozen=True, slots=True, kw_only=True)
class Dilution(Record):
    """Effects corrected for random errors of measurement."""

    assumption: str
    settings: dict[str, float | str]  #: rel_id, or r, se and source; empty: an illustration
    assumed: bool  #: no source gives the reliability: values for illustration
    reliabilities: tuple[float, ...]
    se: float  #: standard error of the reliability; NaN where it is not known or an illustration
    source: str
    strata: tuple[UndilutedStratum, ...]
    not_corrected: dict[str, str]  #: stratum -> why
    remarks: tuple[str, ...]  #: what the sheet Reliability gives and what cannot be made of it


class _Reliability(NamedTuple):
    values: tuple[float, ...]
    se: float
    source: str
    assumed: bool
    remarks: tuple[str, ...]


def of(given: Given) -> Dilution | str:
    """Correct every stratum that compares measured levels; see `corrected`.

    Every study of a stratum is divided by the same number, so the variance between studies shrinks or grows with the
    effects and their mean is divided by it too; the error of the reliability is shared and added once.
    """
    if given.analysis.factor_kind == "treatment":
        return "a treatment is given, not measured"
    kinds: dict[str, str] = {}
    not_corrected: dict[str, str] = {}
    for synthesis in given.strata:
        kind, why = kind_of(synthesis)
        if kind:
            kinds[synthesis.stratum] = kind
        else:
            not_corrected[synthesis.stratum] = why
    if not kinds:
        return "; ".join(dict.fromkeys(not_corrected.values())) or "no study"
    found = _reliability(given)
    if isinstance(found, str):
        return found
    return Dilution(
        assumption=ASSUMPTION,
        settings=dict(given.settings("dilution")),
        assumed=found.assumed,
        reliabilities=found.values,
        se=found.se,
        source=found.source,
        strata=tuple(_stratum(s, kinds[s.stratum], found) for s in given.strata if s.stratum in kinds),
        not_corrected=not_corrected,
        remarks=found.remarks,
    )


def kind_of(synthesis: Synthesis) -> tuple[str, str]:
    """Return the kind of a stratum's effects, a key of `POWERS`, or an empty word and why it cannot be corrected."""
    if synthesis.measure == "SMD":
        return "SMD", ""
    if synthesis.measure == "MD":
        return "", "random errors do not shrink a difference of means"
    if synthesis.measure == "RD":
        return "", "groups are compared, not levels that were measured"
    kinds = {_kind(estimate) for estimate in synthesis.estimates}
    if kinds == {"groups"}:
        return "", "groups are compared, not levels that were measured"
    if "classes" in kinds:
        return "", "slopes per class of the marker: what errors do to them depends on the classes"
    if len(kinds) > 1:
        return "", "slopes per unit, slopes per standard deviation and comparisons of groups stand in one stratum"
    return kinds.pop(), ""


def _kind(estimate: Estimate) -> str:
    values = estimate.source.values
    unit = values.get("per_unit", "")
    if values.get("form") != "ratio" or unit in ("", "NR", "NA"):
        return "groups"
    from metaan.checks.ratios import of_two_groups

    if of_two_groups(unit):
        return "groups"
    if _CLASSES.search(unit):
        return "classes"
    return "per SD" if _SD.search(unit) else "per unit"


def _stratum(synthesis: Synthesis, kind: str, reliability: _Reliability) -> UndilutedStratum:
    as_measured = summary_of(synthesis)
    se_r = 0.0 if reliability.se != reliability.se else reliability.se
    done = []
    for r in reliability.values:
        alone = corrected(as_measured.estimate, as_measured.se**2, r, power=POWERS[kind])
        both = corrected(as_measured.estimate, as_measured.se**2, r, se_r, power=POWERS[kind])
        estimate, own, total = float(alone.y), float(alone.v), float(both.v)
        found = widened(estimate, own**0.5, as_measured.reach, total - own)
        done.append(AtReliability(r=r, estimate=found.estimate, ci=found.ci))
    return UndilutedStratum(
        stratum=synthesis.stratum,
        measure=synthesis.measure,
        k=synthesis.k,
        kind=kind,
        estimate=as_measured.estimate,
        ci=as_measured.ci,
        corrected=tuple(done),
    )


def _reliability(given: Given) -> _Reliability | str:
    """Return the reliability the protocol names, or values for illustration; or why the protocol's cannot be used."""
    settings = given.settings("dilution")
    rows = repeats(given.extraction, given.protocol)
    if "rel_id" in settings:
        row = next((row for row in rows if row.rel_id == settings["rel_id"]), None)
        if row is None:
            return f"the sheet Reliability has no row {settings['rel_id']}"
        if row.statistic in KAPPAS:
            return _illustrated((f"{_agreement(row)} is an agreement of classes and no reliability",))
        if row.statistic not in CORRELATIONS or row.value is None or not 0 < row.value < 1:
            return f"row {row.rel_id} of the sheet Reliability gives no correlation between 0 and 1"
        return _of_row(row, given.protocol.level)
    if "r" in settings:
        se = float(settings["se"]) if "se" in settings else float("nan")
        remarks = () if "se" in settings else ("its own uncertainty is not known and left out",)
        return _Reliability((float(settings["r"]),), se, str(settings.get("source", "protocol")), False, remarks)
    return _illustrated(tuple(_left_aside(given, rows)))


def _of_row(row: Repeat, level: float) -> _Reliability:
    """Return the reliability of a row; its standard error by Fisher's scale: (1 - r^2) times the one of z."""
    value = row.value or 0.0
    _, spread = on_scale(row, level)
    se = (1 - value * value) * spread**0.5
    remarks = []
    if row.rung not in OCCASIONS:
        remarks.append(f"it is a repeat {row.rung.replace('_', ' ')}, so what changes over time is not in it")
    if se == float("inf"):
        se = float("nan")
        remarks.append("its own uncertainty is not known and left out")
    return _Reliability((value,), se, f"{row.label}, {row.statistic}", False, tuple(remarks))


def _illustrated(remarks: tuple[str, ...]) -> _Reliability:
    return _Reliability(ILLUSTRATED, float("nan"), "illustration", True, remarks)


def _left_aside(given: Given, rows: Sequence[Repeat]) -> list[str]:
    """Say which kappas between occasions the sheet has of what this analysis measured, and that they are not used."""
    typed = [estimate.source.values for synthesis in given.strata for estimate in synthesis.estimates]
    places = {values.get("compartment", "") for values in typed} - {""}
    kappas = [
        row
        for row in rows
        if row.rung in OCCASIONS and row.statistic in KAPPAS and row.value is not None and row.measured[1] in places
    ]
    if not kappas:
        return []
    are = "is an agreement" if len(kappas) == 1 else "are agreements"
    no = "no reliability" if len(kappas) == 1 else "no reliabilities"
    return [f"{wording.listed([_agreement(row) for row in kappas])} {are} of classes and {no}"]


def _agreement(row: Repeat) -> str:
    value = "" if row.value is None else f" {wording.fixed(row.value, 2)}"
    return f"kappa{value} {row.rung.replace('_', ' ')} ({row.label})"
