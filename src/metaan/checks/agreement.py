"""Agreement of two raters: shares with their intervals, agreement beyond chance, and the intraclass correlation."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

FEW = 10  #: below this many pairs only the share that agrees is given

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient of agreement with its standard error and interval; NaN where it is not defined."""

    value: float
    se: float
    low: float
    high: float

    @property
    def defined(self) -> bool:
        """Whether it can be computed from these ratings."""
        return math.isfinite(self.value)

    def to_dict(self) -> dict[str, float]:
        """Return value and limits as plain data; without limits where there are none."""
        limits = {"low": self.low, "high": self.high} if not math.isnan(self.low) else {}
        return {"value": self.value, **limits}


UNDEFINED = Coefficient(math.nan, math.nan, math.nan, math.nan)


def wilson(agree: int, n: int, level: float = _LEVEL) -> tuple[float, float]:
    """Return the score interval of a share.

    References
    ----------
    .. [1] Wilson 1927, J Am Stat Assoc 22:209-212.
    """
    if not 0 <= agree <= n or n < 1:
        raise ValueError(f"{agree} of {n} is no share")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = agree / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if agree == 0 else max(0.0, middle - half), 1.0 if agree == n else min(1.0, middle + half))


def cohens_kappa(a: Sequence[Hashable], b: Sequence[Hashable], order: Sequence[Hashable] = ()) -> Coefficient:
    """Return Cohen's kappa of paired ratings by statsmodels, with quadratic weights where `order` is given.

    Parameters
    ----------
    a, b : sequence, length n
        Ratings of the same things.
    order : sequence
        Categories from lowest to highest; every rating must be one of them. Empty: categories without order.

    References
    ----------
    .. [1] Cohen 1960, Educ Psychol Meas 20:37-46; Cohen 1968, Psychol Bull 70:213-220 (weighted).
    .. [2] Fleiss, Cohen and Everitt 1969, Psychol Bull 72:323-327 (standard error).
    """
    _paired(a, b)
    categories = list(order) if order else sorted({*a, *b}, key=str)
    expected = _expected(a, b, categories)
    if len(categories) < 2 or expected >= 1:
        return UNDEFINED
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa as by_statsmodels

    place = {category: i for i, category in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)))
    for one, two in zip(a, b, strict=True):
        table[place[one], place[two]] += 1
    with np.errstate(all="ignore"):
        found = by_statsmodels(table, wt="quadratic" if order else None)
    value = float(found.kappa)
    if not math.isfinite(value):
        return UNDEFINED
    se = float(found.std_kappa)
    se = se if math.isfinite(se) else 0.0  # perfect agreement: the variance of the formula is a rounded zero
    z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
    return Coefficient(value, se, max(-1.0, value - z * se), min(1.0, value + z * se))


def gwet_ac1(a: Sequence[Hashable], b: Sequence[Hashable], categories: Sequence[Hashable] = ()) -> Coefficient:
    """Return Gwet's AC1 of paired ratings.

    Unlike kappa it stays near the share that agrees where nearly all answers are the same.

    Parameters
    ----------
    a, b : sequence, length n
        Ratings of the same things.
    categories : sequence
        All that could have been chosen; those that were chosen unless given.

    References
    ----------
    .. [1] Gwet 2008, Br J Math Stat Psychol 61:29-48 (coefficient and variance).
    """
    _paired(a, b)
    n, chosen = len(a), sorted({*a, *b, *categories}, key=str)
    q = len(chosen)
    if q < 2 or n < 2:
        return Coefficient(1.0, 0.0, 1.0, 1.0) if n >= 2 else UNDEFINED
    share = {c: (list(a).count(c) + list(b).count(c)) / (2 * n) for c in chosen}
    agreed = sum(one == two for one, two in zip(a, b, strict=True)) / n
    chance = sum(p * (1 - p) for p in share.values()) / (q - 1)
    value = (agreed - chance) / (1 - chance)
    parts = []
    for one, two in zip(a, b, strict=True):
        own_chance = ((1 - share[one]) + (1 - share[two])) / 2 / (q - 1)
        own = ((one == two) - chance) / (1 - chance)
        parts.append(own - 2 * (1 - value) * (own_chance - chance) / (1 - chance))
    variance = sum((part - value) ** 2 for part in parts) / (n * (n - 1))
    se = math.sqrt(variance)
    half = _t(n - 1) * se
    return Coefficient(value, se, max(-1.0, value - half), min(1.0, value + half))


def pooled_beyond_chance(parts: Sequence[tuple[int, float, float]]) -> float:
    """Return one coefficient over several questions: mean observed against mean chance agreement.

    Parameters
    ----------
    parts : sequence of (n, observed, chance)
        One a question; shares from 0 to 1, weighted by the number of pairs.

    References
    ----------
    .. [1] De Vries et al. 2008, Field Methods 20:272-282 (pooled kappa).
    """
    n = sum(part[0] for part in parts)
    if not n:
        return math.nan
    observed = sum(part[0] * part[1] for part in parts) / n
    chance = sum(part[0] * part[2] for part in parts) / n
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def chances(
    a: Sequence[Hashable], b: Sequence[Hashable], categories: Sequence[Hashable] = ()
) -> tuple[float, float, float]:
    """Return the share that agrees, and the share expected by chance for kappa and for AC1.

    `categories` are all that could have been chosen, for AC1; those that were chosen unless given.
    """
    _paired(a, b)
    n, chosen = len(a), sorted({*a, *b, *categories}, key=str)
    agreed = sum(one == two for one, two in zip(a, b, strict=True)) / n
    share = [(list(a).count(c) + list(b).count(c)) / (2 * n) for c in chosen]
    by_ac1 = sum(p * (1 - p) for p in share) / (len(chosen) - 1) if len(chosen) > 1 else 0.0
    return agreed, _expected(a, b, chosen), by_ac1


def icc_2_1(a: Sequence[float], b: Sequence[float]) -> Coefficient:
    """Return ICC(2,1), also called ICC(A,1): two-way random effects, absolute agreement, single rating.

    `se` is not defined for it; the interval rests on F.

    References
    ----------
    .. [1] McGraw and Wong 1996, Psychol Methods 1:30-46; Shrout and Fleiss 1979, Psychol Bull 86:420-428.
    """
    return intraclass(tuple(zip(a, b, strict=True)))


def intraclass(ratings: Sequence[Sequence[float]], level: float = _LEVEL) -> Coefficient:
    """Return ICC(2,1) of n things (rows) rated by the same k raters (columns)."""
    n, k = len(ratings), len(ratings[0]) if ratings else 0
    if n < 2 or k < 2:
        return UNDEFINED
    flat = [value for row in ratings for value in row]
    scale = max(flat) - min(flat)
    if scale == 0 or not math.isfinite(scale):
        return UNDEFINED
    mean = math.fsum(flat) / (n * k)
    rows = [math.fsum(row) / k for row in ratings]
    columns = [math.fsum(row[j] for row in ratings) / n for j in range(k)]
    between = k * math.fsum((value - mean) ** 2 for value in rows) / (n - 1)
    raters = n * math.fsum((value - mean) ** 2 for value in columns) / (k - 1)
    within = math.fsum((row[j] - rows[i] - columns[j] + mean) ** 2 for i, row in enumerate(ratings) for j in range(k))
    error = within / ((n - 1) * (k - 1))
    value = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    tiny = 1e-24 * scale * scale
    if error + raters <= tiny:
        return Coefficient(1.0, math.nan, 1.0, 1.0)
    from scipy.special import fdtri

    tail = (1 + level) / 2
    one = k * value / (n * (1 - value))
    two = 1 + k * value * (n - 1) / (n * (1 - value))
    spread = (one * raters) ** 2 / (k - 1) + (two * error) ** 2 / ((n - 1) * (k - 1))
    if spread <= tiny * tiny:
        return Coefficient(value, math.nan, math.nan, math.nan)  # nothing varies but the raters: F is not defined
    df = (one * raters + two * error) ** 2 / spread
    upper, lower = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    rest = k * raters + (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * rest + n * between)
    high = n * (lower * between - error) / (rest + n * lower * between)
    return Coefficient(value, math.nan, low, high)


def _paired(a: Sequence[Hashable], b: Sequence[Hashable]) -> None:
    if len(a) != len(b) or not a:
        raise ValueError("ratings must come in pairs, at least one")


def _expected(a: Sequence[Hashable], b: Sequence[Hashable], categories: Sequence[Hashable]) -> float:
    """Return the share that would agree if each rater chose by chance, with his own shares."""
    n = len(a)
    return sum(list(a).count(c) * list(b).count(c) for c in categories) / (n * n)


def _t(df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + _LEVEL) / 2))
