"""Pooling of 2x2 tables and of rates without inverse variances: Mantel-Haenszel, Peto, sample-size weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.effects import binary, rates
from metaan.effects.zeros import TO, TREATMENT_ARM
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.tables.counts import choice, corrected, in_chunks, read_rates, read_tables
from metaan.pooling.tables.table_tests import association, homogeneity, hypergeometric
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

METHODS = {"OR": ("MH", "Peto", "SSW"), "RR": ("MH",), "RD": ("MH", "MH-GR")}
RATE_METHODS = {"IRR": ("MH", "Cochran"), "IRD": ("MH",)}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PooledTables(Result):
    """Summary of tables or rates under equal effects, on the working scale (natural logarithm for ratios).

    Fields are floats; with batch axes they are arrays with those axes. NaN stands for what the data do not determine:
    an odds ratio where no group 2 had an event, a test of homogeneity for a risk difference.
    """

    k: int  #: tables
    k_informative: int  #: tables with an event and, for people, someone without one
    k_effects: int  #: tables with an effect of their own, those Q is made of
    estimate: float
    se: float
    statistic: float  #: estimate / se
    p: float  #: two-sided, normal
    ci: Interval
    weights: tuple[float, ...]  #: percent, in the order of the input
    q: float  #: sum of squared distances of the effects from the estimate, in units of their variances
    q_df: float
    q_p: float
    i2: float  #: percent, from Q, 0 at least
    h2: float  #: Q over its degrees of freedom
    cmh: float  #: Cochran-Mantel-Haenszel chi-square of no association, 1 degree of freedom
    cmh_p: float
    cochran: float  #: Cochran's chi-square of no association, 1 degree of freedom
    cochran_p: float
    breslow_day: float  #: chi-square of equal odds ratios
    breslow_day_p: float
    tarone: float  #: the same with Tarone's correction
    tarone_p: float
    homogeneity_df: float  #: of the two tests of equal odds ratios
    method: dict[str, Any]  #: as asked for

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] != "weights"]


def pool_tables(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    measure: str = "OR",
    method: str = "MH",
    add: float | str = 0.5,
    to: str = "only0",
    sums_to: str = "none",
    drop00: bool = True,
    continuity: bool = True,
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> PooledTables:
    """Pool 2x2 tables without inverse variances, under equal effects.

    Parameters
    ----------
    a, b, c, d : array_like, shape (..., k)
        Group 1 with and without the event, group 2 with and without it. Leading axes are a batch: each row is a
        synthesis of its own.
    measure : {"OR", "RR", "RD"}
    method : {"MH", "MH-GR", "Peto", "SSW"}
        ``"MH"``: Mantel-Haenszel, with the variance of Robins, Breslow and Greenland [1]_ for the odds ratio, of
        Greenland and Robins [2]_ for the risk ratio, of Sato [3]_ for the risk difference. ``"MH-GR"``: risk
        difference with the variance of Greenland and Robins [2]_; a correction then enters weights and variance, not
        the differences (as in meta). ``"Peto"``: one-step odds ratio from observed minus expected events [4]_.
        ``"SSW"``: log odds ratios weighted by n1 n2 / (n1 + n2) [5]_.
    add, to
        What is added to the cells of which tables where the effects of single tables are computed, of which Q and SSW
        are made; as in `effects.binary.log_odds_ratio`.
    sums_to : {"none", "only0", "if0all", "all"}
        To which tables `add` is added before they enter the Mantel-Haenszel sums, which need nothing of the kind.
    drop00 : bool
        Leave tables in which nobody, or everybody, had the event out of Q and of SSW.
    continuity : bool
        Take 1/2 from the distance in the two tests of no association.
    level : float
        Of the interval, 0 < level < 1.
    mask : array_like of bool, shape (..., k), optional
        True where a table takes part, so leave-one-out is a ``(k, k)`` mask.

    Returns
    -------
    PooledTables

    Raises
    ------
    ValueError
        Unknown option, or counts that cannot be used; positions are named.

    References
    ----------
    .. [1] Robins J, Breslow N, Greenland S. Biometrics 1986;42:311-323.
    .. [2] Greenland S, Robins JM. Biometrics 1985;41:55-68.
    .. [3] Sato T. Biometrics 1989;45:1323-1324.
    .. [4] Yusuf S et al. Prog Cardiovasc Dis 1985;27:335-371.
    .. [5] Bakbergenuly I, Hoaglin DC, Kulinskaya E. Stat Med 2020;39:171-191.

    Examples
    --------
    >>> round(pool_tables([4, 6], [119, 300], [11, 29], [128, 274]).estimate, 4)
    -1.4215
    """
    choice("measure", measure, tuple(METHODS))
    choice(f"method for {measure}", method, METHODS[measure])
    _check(level, add, to, sums_to, (TREATMENT_ARM,))
    if sums_to != "none" and not method.startswith("MH"):
        raise ValueError(f"sums_to is of Mantel-Haenszel sums, which {method} does not have; leave it at none")
    counts = read_tables(a, b, c, d, mask)

    def piece(cells: tuple[Floats, ...], taking: Booleans) -> dict[str, Any]:
        y, v = _table_effects(measure, cells, taking, add, to, drop00)
        summed = corrected(cells, taking, add, sums_to)
        if method == "Peto":
            distance, variance, _ = hypergeometric(cells)
            y, v = _over(distance, variance, np.nan), _over(np.ones_like(variance), variance, np.nan)
            estimate, variance_of, weights = _weighted(y, v, variance)
        elif method == "SSW":
            n1, n2 = cells[0] + cells[1], cells[2] + cells[3]
            estimate, variance_of, weights = _weighted(y, v, _over(n1 * n2, n1 + n2))
        elif method == "MH-GR":
            estimate, variance_of, weights = _difference_greenland(cells, summed)
        else:
            estimate, variance_of, weights = _MANTEL_HAENSZEL[measure](summed)
        found = _summary(estimate, variance_of, weights, y, v, level)
        found |= {"k": taking.sum(axis=1), "k_informative": _informative(cells).sum(axis=1)}
        found |= association(summed, continuity)
        return found | homogeneity(summed, np.exp(estimate) if measure == "OR" else np.full(len(estimate), np.nan))

    settings: dict[str, Any] = {"measure": measure, "method": method, "add": add, "to": to}
    settings |= {"sums_to": sums_to, "drop00": drop00, "continuity": continuity, "level": level}
    return _record(in_chunks(counts, piece), settings)


def pool_rates(
    x1: ArrayLike,
    t1: ArrayLike,
    x2: ArrayLike,
    t2: ArrayLike,
    *,
    measure: str = "IRR",
    method: str = "MH",
    add: float = 0.5,
    to: str = "only0",
    sums_to: str = "none",
    drop00: bool = True,
    continuity: bool = True,
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> PooledTables:
    """Pool rates of two groups without inverse variances, under equal effects.

    Parameters
    ----------
    x1, t1, x2, t2 : array_like, shape (..., k)
        Events and person-time of group 1 and of group 2.
    measure : {"IRR", "IRD"}
        Log rate ratio or rate difference.
    method : {"MH", "Cochran"}
        ``"MH"``: Mantel-Haenszel with the variance of Greenland and Robins [1]_. ``"Cochran"``: log rate ratios
        weighted by x2 t1 / t2, variance 1 / sum(x1) + 1 / sum(x2) (as in meta).
    add, to, sums_to, drop00, continuity, level, mask
        As in `pool_tables`; `add` goes to the events, ``"TACC"`` is not defined. A study is dropped from Q where
        neither group had an event.

    Returns
    -------
    PooledTables
        The test of no association is Mantel-Haenszel's for person-time; tests of homogeneity and Cochran's test are
        NaN.

    Raises
    ------
    ValueError
        Unknown option, or events or person-time that cannot be used; positions are named.

    References
    ----------
    .. [1] Greenland S, Robins JM. Biometrics 1985;41:55-68.
    """
    choice("measure", measure, tuple(RATE_METHODS))
    choice(f"method for {measure}", method, RATE_METHODS[measure])
    _check(level, add, to, sums_to, ())
    counts = read_rates(x1, t1, x2, t2, mask)

    def piece(columns: tuple[Floats, ...], taking: Booleans) -> dict[str, Any]:
        x, t, total = columns[::2], columns[1::2], columns[1] + columns[3]
        single = corrected(x, taking, add, to)
        y, v = _rate_effects(measure, single, t, taking & ~(drop00 & (x[0] + x[1] == 0)))
        x = corrected(x, taking, add, sums_to)
        share, other = _over(t[0], total), _over(t[1], total)
        if method == "Cochran":
            estimate, _, weights = _weighted(y, v, _over(x[1] * t[0], t[1]))
            variance_of = _inverse(x[0].sum(axis=1)) + _inverse(x[1].sum(axis=1))
        elif measure == "IRR":
            r, weights = x[0] * other, x[1] * share
            estimate = _log_ratio(r.sum(axis=1), weights.sum(axis=1))
            variance_of = _ratio((share * other * (x[0] + x[1])).sum(axis=1), r.sum(axis=1) * weights.sum(axis=1))
        else:
            weights = t[0] * other
            estimate = _ratio((x[0] * other - x[1] * share).sum(axis=1), weights.sum(axis=1))
            variance_of = _ratio((share**2 * x[1] + other**2 * x[0]).sum(axis=1), weights.sum(axis=1) ** 2)
        found = _summary(estimate, variance_of, weights, y, v, level)
        distance = (x[0] - share * (x[0] + x[1])).sum(axis=1)
        spread = (share * other * (x[0] + x[1])).sum(axis=1)
        cmh = _ratio(np.maximum(0.0, np.abs(distance) - 0.5 * continuity) ** 2, spread)
        none = np.full(len(estimate), np.nan)
        names = ("cochran", "cochran_p", "breslow_day", "breslow_day_p", "tarone", "tarone_p", "homogeneity_df")
        found |= {"k": taking.sum(axis=1), "k_informative": (taking & (columns[0] + columns[2] > 0)).sum(axis=1)}
        return found | {"cmh": cmh, "cmh_p": special.chdtrc(1.0, cmh)} | dict.fromkeys(names, none)

    settings: dict[str, Any] = {"measure": measure, "method": method, "add": add, "to": to}
    settings |= {"sums_to": sums_to, "drop00": drop00, "continuity": continuity, "level": level}
    return _record(in_chunks(counts, piece), settings)


def _check(level: float, add: float | str, to: str, sums_to: str, words: tuple[str, ...]) -> None:
    choice("to", to, TO)
    choice("sums_to", sums_to, TO)
    fraction("level", level)
    if isinstance(add, str):
        choice("add as a word", add, words or ("a number",))
    elif add is None or not (np.isfinite(add) and add >= 0.0):
        raise ValueError(f"add must be a finite number and not negative, not {add!r}")


def _record(fields: dict[str, Any], method: dict[str, Any]) -> PooledTables:
    ci = Interval(fields.pop("ci_low"), fields.pop("ci_high"))
    return PooledTables(ci=ci, method=method, **fields)


def _odds_ratio(cells: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
    a, b, c, d = cells
    n = a + b + c + d
    p, q, r, s = _over(a + d, n), _over(b + c, n), _over(a * d, n), _over(b * c, n)
    top, bottom = r.sum(axis=1), s.sum(axis=1)
    variance = _ratio((p * r).sum(axis=1), 2.0 * top**2) + _ratio((q * s).sum(axis=1), 2.0 * bottom**2)
    return _log_ratio(top, bottom), variance + _ratio((p * s + q * r).sum(axis=1), 2.0 * top * bottom), s


def _risk_ratio(cells: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
    a, b, c, d = cells
    n1, n2, n = a + b, c + d, a + b + c + d
    r, s = _over(a * n2, n), _over(c * n1, n)
    spread = _over(n1, n) * _over(a * d, n) + _over(n2, n) * _over(b * c, n)  # a sum without a difference: 0 is exact
    top, bottom = r.sum(axis=1), s.sum(axis=1)
    return _log_ratio(top, bottom), _ratio(spread.sum(axis=1), top * bottom), s


def _difference_sato(cells: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
    a, b, c, d = cells
    n1, n2, n = a + b, c + d, a + b + c + d
    share, other = _over(n1, n), _over(n2, n)
    weights = n1 * other
    total = weights.sum(axis=1)
    estimate = _ratio((a * other - c * share).sum(axis=1), total)
    slope = (c * share**2 - a * other**2 + 0.5 * share * other * (n2 - n1)).sum(axis=1)
    level = 0.5 * (a * _over(d, n) + c * _over(b, n)).sum(axis=1)
    return estimate, _ratio(estimate * slope + level, total**2), weights


def _difference_greenland(cells: tuple[Floats, ...], summed: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
    a, b, c, d = summed
    n1, n2 = a + b, c + d
    weights = _over(n1 * n2, n1 + n2)
    differences = _over(cells[0], cells[0] + cells[1]) - _over(cells[2], cells[2] + cells[3])
    variances = _over(a * b, n1**3) + _over(c * d, n2**3)
    total = weights.sum(axis=1)
    estimate = _ratio((weights * differences).sum(axis=1), total)
    return estimate, _ratio((weights**2 * variances).sum(axis=1), total**2), weights


_MANTEL_HAENSZEL = {"OR": _odds_ratio, "RR": _risk_ratio, "RD": _difference_sato}


def _weighted(y: Floats, v: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean of effects with given weights, and its variance; effects that are NaN take no part."""
    usable = np.isfinite(y) & np.isfinite(v)
    w = np.where(usable, w, 0.0)
    total = w.sum(axis=1)
    mean = _ratio((w * np.where(usable, y, 0.0)).sum(axis=1), total)
    return mean, _ratio((w**2 * np.where(usable, v, 0.0)).sum(axis=1), total**2), w


def _table_effects(
    measure: str, cells: tuple[Floats, ...], taking: Booleans, add: float | str, to: str, drop00: bool
) -> tuple[Floats, Floats]:
    taking = taking & _informative(cells) if drop00 else taking
    single = [np.where(taking, cell, np.nan) for cell in corrected(cells, taking, add, to)]
    if measure == "OR":
        return binary.log_odds_ratio(*single, to="none", drop00=False)
    if measure == "RR":
        return binary.log_risk_ratio(*single, to="none", drop00=False)
    return binary.risk_difference(*single, to="none", drop00=False)


def _rate_effects(
    measure: str, x: tuple[Floats, ...], t: tuple[Floats, ...], taking: Booleans
) -> tuple[Floats, Floats]:
    x1, t1, x2, t2 = (np.where(taking, column, np.nan) for column in (x[0], t[0], x[1], t[1]))
    function = rates.log_rate_ratio if measure == "IRR" else rates.rate_difference
    return function(x1, t1, x2, t2, to="none", drop00=False)


def _informative(cells: tuple[Floats, ...]) -> Booleans:
    return (cells[0] + cells[2] > 0) & (cells[1] + cells[3] > 0)


def _summary(estimate: Floats, variance: Floats, weights: Floats, y: Floats, v: Floats, level: float) -> dict[str, Any]:
    """Return estimate, test, interval, weights and Q about the estimate."""
    estimate = np.where(np.isfinite(estimate), estimate, np.nan)
    se = np.where(np.isnan(estimate), np.nan, np.sqrt(variance))
    statistic = _ratio(estimate, se)
    half = special.ndtri(0.5 + level / 2.0) * se
    usable = np.isfinite(y) & np.isfinite(v)
    k = usable.sum(axis=1)
    df = np.maximum(0.0, k - 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.where(usable, (y - estimate[:, None]) ** 2 / v, 0.0)
        distances = np.where(usable & (v == 0) & (y == estimate[:, None]), 0.0, distances)
        q = np.where(k > 1, distances.sum(axis=1), 0.0)
        h2 = np.where(k > 1, q / df, 1.0)
        i2 = np.where(k > 1, 100.0 * np.maximum(0.0, (q - df) / q), 0.0)
    i2, h2, q = np.where(q == 0, 0.0, i2), np.where((k > 1) | (k == 0), h2, 1.0), q
    return {
        "k_effects": k,
        "estimate": estimate,
        "se": se,
        "statistic": statistic,
        "p": 2.0 * special.ndtr(-np.abs(statistic)),
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "weights": 100.0 * _over(weights, np.broadcast_to(weights.sum(axis=1, keepdims=True), weights.shape), np.nan),
        "q": q,
        "q_df": df,
        "q_p": np.where(df > 0, special.chdtrc(np.maximum(df, 1.0), q), 1.0),
        "i2": i2,
        "h2": h2,
    }


def _over(a: Floats, b: Floats, otherwise: float = 0.0) -> Floats:
    """Return a / b, and `otherwise` where b is zero: tables that take no part."""
    return np.divide(a, b, out=np.full(a.shape, otherwise), where=b > 0)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)


def _inverse(a: Floats) -> Floats:
    return _ratio(np.ones_like(a), a)


def _log_ratio(a: Floats, b: Floats) -> Floats:
    usable = (a > 0) & (b > 0)
    return np.where(usable, np.log(np.where(usable, a, 1.0)) - np.log(np.where(usable, b, 1.0)), np.nan)
