"""What an imperfect repeat of a measurement does: to effects, to one person's class, and what would mend it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaan.terms.record import Record

if TYPE_CHECKING:  # the report reads these records and computes nothing unless a review has repeated measurements
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

TARGET = 0.8  #: correlation of two (means of) measurements from which single people may be told apart


def attenuation(r: "ArrayLike") -> "Floats":
    """Factor by which one measurement of reliability r shrinks a correlation or a standardised mean difference.

    Parameters
    ----------
    r : array_like
        Correlation of two measurements of the same people, 0 to 1.

    Returns
    -------
    ndarray
        sqrt(r), of the shape of `r`. A slope per unit of the marker shrinks by r itself, one per observed standard
        deviation by sqrt(r).

    References
    ----------
    .. [1] Spearman C. Am J Psychol 1904;15:72-101.
    """
    import numpy as np

    return np.sqrt(np.asarray(r, dtype=float))


def of_mean(r: "ArrayLike", repeats: "ArrayLike") -> "Floats":
    """Reliability of the mean of several measurements of a person (Spearman-Brown).

    Parameters
    ----------
    r : array_like
        Reliability of one measurement.
    repeats : array_like
        Measurements a person, at least 1.

    References
    ----------
    .. [1] Spearman C. Br J Psychol 1910;3:271-295. Brown W. Br J Psychol 1910;3:296-322.
    """
    import numpy as np

    r, m = np.asarray(r, dtype=float), np.asarray(repeats, dtype=float)
    return m * r / (1 + (m - 1) * r)


def repeats_needed(r: float, target: float = TARGET) -> int:
    """Return how many measurements a person their mean needs to reach a reliability (Spearman-Brown, rounded up).

    Parameters
    ----------
    r : float
        Reliability of one measurement, above 0 and below 1.
    target : float
        Reliability wanted, above 0 and below 1.

    Raises
    ------
    ValueError
        A value is not strictly between 0 and 1.
    """
    if not (0 < r < 1 and 0 < target < 1):
        raise ValueError(f"reliability {r} and target {target} must lie between 0 and 1")
    exact = target * (1 - r) / (r * (1 - target))
    return max(1, math.ceil(exact - 1e-9))


def change_class(r: "ArrayLike", above: "ArrayLike") -> "Floats":
    """Share of people whom a second measurement puts on the other side of the cut-off.

    Both measurements are standard normal with correlation r, and a share `above` lies over the cut-off c of each. Then
    P(X > c, Y <= c) + P(X <= c, Y > c) = 4 T(h, sqrt((1 - r) / (1 + r))), h = -c, with Owen's T.

    Parameters
    ----------
    r : array_like
        Correlation of the two measurements, -1 to 1.
    above : array_like
        Share of people over the cut-off, between 0 and 1.

    Returns
    -------
    ndarray
        Shares of all people, of the broadcast shape.

    References
    ----------
    .. [1] Owen DB. Ann Math Stat 1956;27:1075-1090.
    """
    import numpy as np
    from scipy.special import ndtri, owens_t

    r, p = np.broadcast_arrays(np.asarray(r, dtype=float), np.asarray(above, dtype=float))
    if np.any((p <= 0) | (p >= 1)) or np.any(np.abs(r) > 1):
        raise ValueError("a share above the cut-off lies between 0 and 1, a correlation between -1 and 1")
    slope = np.sqrt((1 - r) / np.where(r > -1, 1 + r, 1.0))
    slope = np.where(r > -1, slope, np.inf)
    return 4 * owens_t(ndtri(p), slope)


def change_class_by_kappa(kappa: "ArrayLike", above: "ArrayLike") -> "Floats":
    """Share of people whom a second classification puts in the other of two classes, from kappa.

    With the same share p of people in the upper class both times, agreement by chance is 1 - 2 p (1 - p), so the share
    that changes is 2 p (1 - p) (1 - kappa): no assumption on the marker's distribution, and exact for two classes.

    Parameters
    ----------
    kappa : array_like
        Cohen's kappa of the two classifications.
    above : array_like
        Share of people in the upper class.
    """
    import numpy as np

    p = np.asarray(above, dtype=float)
    return 2 * p * (1 - p) * (1 - np.asarray(kappa, dtype=float))


def fisher_z(
    value: float, people: int, repeats: int = 2, *, intraclass: bool = False, ranks: bool = False
) -> tuple[float, float]:
    """Return a correlation on Fisher's scale and its variance.

    Parameters
    ----------
    value : float
        Pearson, Spearman or intraclass correlation.
    people, repeats : int
        People measured, and measurements of each.
    intraclass, ranks : bool
        Whether it is an intraclass correlation, or one of ranks.

    Returns
    -------
    tuple of float
        z and its variance; infinite variance where there are too few people.

    References
    ----------
    .. [1] Fisher RA. Statistical Methods for Research Workers, 1925, sections 35 and 39: variance 1 / (n - 3) for a
       correlation; for an intraclass correlation 1 / (n - 3/2) with pairs, m / (2 (m - 1) (n - 2)) with m repeats.
    .. [2] Bonett DG, Wright TA. Psychometrika 2000;65:23-28: (1 + r^2 / 2) / (n - 3) for ranks.
    """
    if not intraclass:
        spread = 1 + value**2 / 2 if ranks else 1.0
        return math.atanh(value), spread / (people - 3) if people > 3 else math.inf
    z = 0.5 * math.log((1 + (repeats - 1) * value) / (1 - value))
    if repeats == 2:
        return z, 1 / (people - 1.5) if people > 1 else math.inf
    return z, repeats / (2 * (repeats - 1) * (people - 2)) if people > 2 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning(Record):
    """What one value of reliability would mean."""

    r: float
    source: str  #: where r comes from, or that it is an illustration
    assumed: bool  #: no source of the review gives it as a correlation
    factor: float  #: on a correlation or standardised mean difference
    slope_factor: float  #: on a slope per unit
    changed: float | None  #: share of people who change class; None where the share above the cut-off is not known
    repeats: int  #: needed for `TARGET`


def meaning(r: float, source: str, *, assumed: bool, above: float | None) -> Meaning:
    """Return what a reliability does to an effect and to one person.

    Parameters
    ----------
    r : float
        Correlation of two measurements, above 0 and below 1.
    source : str
        Where it comes from.
    assumed : bool
        Whether no source of the review gives it.
    above : float or None
        Share of people over the cut-off.
    """
    return Meaning(
        r=r,
        source=source,
        assumed=assumed,
        factor=float(attenuation(r)),
        slope_factor=r,
        changed=None if above is None else float(change_class(r, above)),
        repeats=repeats_needed(r),
    )
