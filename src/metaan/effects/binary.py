"""Effects from 2x2 tables of two groups, and what they say of a correlation or of a standardised mean difference."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.convert import log_or_to_smd
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.zeros import TREATMENT_ARM, added
from metaan.terms.special import special

Floats = NDArray[np.float64]

COX = 1.65  #: log odds ratio per standard deviation of a normal variable (Cox)


class Tables(NamedTuple):
    """Cells of 2x2 tables, each of shape (..., k); NaN in all four where a table is missing or dropped."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats


def log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log odds ratio ln(ad / bc) with variance 1/a + 1/b + 1/c + 1/d.

    Parameters
    ----------
    a, b : array_like, shape (..., k)
        Row 1 (factor present, high or treated): people with and without the event.
    c, d : array_like, shape (..., k)
        Row 2 (factor absent, low or untreated): people with and without the event.
    add : float or "TACC"
        Added to all four cells of the tables that `to` names. "TACC", the treatment-arm continuity correction, adds
        n1 / (n1 + n2) to the cells of row 1 and n2 / (n1 + n2) to those of row 2 [2]_.
    to : {"only0", "all", "if0all", "none"}
        Tables with a zero cell; all; all if any of the last axis has a zero cell; none.
    drop00 : bool
        Give NaN for tables in which nobody, or everybody, had the event.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a count is missing or the ratio cannot be computed.

    Raises
    ------
    ValueError
        Negative counts, an empty row, or an unknown `to`.

    References
    ----------
    .. [1] Woolf B. Ann Hum Genet 1955;19:251-253.
    .. [2] Sweeting MJ et al. Stat Med 2004;23:1351-1375.
    """
    a, b, c, d = _corrected(_tables(a, b, c, d, drop00), add, to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)


def log_risk_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
    total_adds: str = "twice",
) -> Effects:
    """Log ratio of the risks a/(a+b) and c/(c+d) with variance 1/a - 1/(a+b) + 1/c - 1/(c+d).

    Parameters and errors as for `log_odds_ratio`.

    Parameters
    ----------
    total_adds : {"twice", "once"}
        By how many `add` a total grows: twice, as all four cells grow (Cochrane reviews, metafor), or once (the R
        package meta).

    References
    ----------
    .. [1] Katz D et al. Biometrics 1978;34:469-474, method C.
    """
    if total_adds not in ("once", "twice"):
        raise ValueError(f"total_adds must be once or twice, not {total_adds!r}")
    raw = _tables(a, b, c, d, drop00)
    a, b, c, d = _corrected(raw, add, to)
    n1, n2 = (a + b, c + d) if total_adds == "twice" else (a + raw.b, c + raw.d)
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(a / n1) - np.log(c / n2), (n1 - a) / (a * n1) + (n2 - c) / (c * n2))


def risk_difference(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = False,
    correct_estimate: bool = True,
) -> Effects:
    """Difference a/(a+b) - c/(c+d) of two risks, with the variances of the two proportions summed.

    Parameters and errors as for `log_odds_ratio`; tables without an event are estimable here, and kept by default.

    Parameters
    ----------
    correct_estimate : bool
        Let `add` move the estimate as well as the variance (metafor); False: the variance only (the R package meta).
    """
    raw = _tables(a, b, c, d, drop00)
    a, b, c, d = _corrected(raw, add, to)
    n1, n2 = a + b, c + d
    e, f = (a / n1, c / n2) if correct_estimate else (raw.a / (raw.a + raw.b), raw.c / (raw.c + raw.d))
    return estimable(e - f, a * b / n1**3 + c * d / n2**3)


def arcsine_difference(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.0,
    to: str = "only0",
    drop00: bool = False,
) -> Effects:
    """Difference of the risks' arcsines, asin(sqrt(risk)), with variance 1/(4 n1) + 1/(4 n2).

    Parameters and errors as for `log_odds_ratio`; nothing is added by default, as zeros do no harm here.

    References
    ----------
    .. [1] Rücker G et al. Stat Med 2009;28:721-738.
    """
    a, b, c, d = _corrected(_tables(a, b, c, d, drop00), add, to)
    n1, n2 = a + b, c + d
    return estimable(_angle(a, b) - _angle(c, d), 0.25 / n1 + 0.25 / n2)


def probit_difference(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Difference of the risks' normal quantiles: a standardised mean difference of a normal variable cut in two.

    Parameters and errors as for `log_odds_ratio`. The variance is that of the delta method,
    risk (1 - risk) / (n density(quantile)^2), summed over the groups.

    References
    ----------
    .. [1] Sánchez-Meca J et al. Psychol Methods 2003;8:448-467.
    """
    a, b, c, d = _corrected(_tables(a, b, c, d, drop00), add, to)
    with np.errstate(divide="ignore", invalid="ignore"):
        z1, v1 = _probit(a, b)
        z2, v2 = _probit(c, d)
        return estimable(z1 - z2, v1 + v2)


def peto_log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log odds ratio by Peto's method, (O - E) / V with variance 1 / V.

    E and V are mean and variance of `a` where the margins are fixed and the factor does nothing. Parameters and errors
    as for `log_odds_ratio`; ``to="none"`` leaves zeros as they are, which the method can stand.

    References
    ----------
    .. [1] Yusuf S et al. Prog Cardiovasc Dis 1985;27:335-371.
    """
    a, b, c, d = _corrected(_tables(a, b, c, d, drop00), add, to)
    n1, n2, events, others = a + b, c + d, a + c, b + d
    n = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (n1 / n) * (n2 / n) * events * others / (n - 1)
        return estimable((a * d - b * c) / n / variance, 1 / variance)


def phi_coefficient(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.0,
    to: str = "only0",
    drop00: bool = False,
    vtype: str = "CS",
) -> Effects:
    """Correlation of the two rows with the two columns, (ad - bc) / sqrt(product of the four margins).

    Parameters and errors as for `log_odds_ratio`; NaN where a margin is empty.

    Parameters
    ----------
    vtype : {"CS", "ST"}
        Variance by the delta method where only the total was fixed (cross-sectional), or where the row totals were
        (stratified: trials, case-control and most cohort studies).

    References
    ----------
    .. [1] Bishop YMM, Fienberg SE, Holland PW. Discrete Multivariate Analysis. MIT Press 1975, section 11.3 (variance
       for cross-sectional samples).
    """
    if vtype not in ("ST", "CS"):
        raise ValueError(f"vtype must be ST or CS, not {vtype!r}")
    a, b, c, d = _corrected(_tables(a, b, c, d, drop00), add, to)
    n1, n2, m1, m2 = a + b, c + d, a + c, b + d
    n = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = (a * d - b * c) / np.sqrt(n1 * n2) / np.sqrt(m1 * m2)
        if vtype == "ST":
            # the derivatives by the two risks are (+-sd of the rows - phi * share of the row * (1 - 2 m) / 2 sd) / sd
            share1, share2, m = n1 / n, n2 / n, m1 / n
            rows, columns = np.sqrt(share1 * share2), np.sqrt(m * (m2 / n))
            slope = phi * (0.5 - m) / columns
            by1, by2 = (rows - share1 * slope) / columns, (-rows - share2 * slope) / columns
            v = by1**2 * a * b / n1**3 + by2**2 * c * d / n2**3
        else:
            r, s = n1 / n, m1 / n
            skew = (2 * r - 1) * (2 * s - 1) / np.sqrt(r * (1 - r) * s * (1 - s))
            spread = (2 * r - 1) ** 2 / (r * (1 - r)) + (2 * s - 1) ** 2 / (s * (1 - s))
            v = (1 - phi**2 + phi * (1 + phi**2 / 2) * skew - 0.75 * phi**2 * spread) / n
            whole = ((a == 0) & (d == 0)) | ((b == 0) & (c == 0))  # phi is -1 or 1
            v = np.where(whole & np.isfinite(v), 0.0, v)
        return estimable(phi, v)


def yule_q(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Yule's Q, (OR - 1) / (OR + 1), with variance (1 - Q^2)^2 / 4 times that of the log odds ratio.

    Parameters and errors as for `log_odds_ratio`.

    References
    ----------
    .. [1] Yule GU. J R Stat Soc 1912;75:579-652.
    """
    y, v = log_odds_ratio(a, b, c, d, add=add, to=to, drop00=drop00)
    return Effects(np.tanh(y / 2), v / (4 * np.cosh(y / 2) ** 4))


def yule_y(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Yule's Y, (sqrt(OR) - 1) / (sqrt(OR) + 1), with variance (1 - Y^2)^2 / 16 times that of the log odds ratio.

    Parameters and errors as for `log_odds_ratio`.

    References
    ----------
    .. [1] Yule GU. J R Stat Soc 1912;75:579-652.
    """
    y, v = log_odds_ratio(a, b, c, d, add=add, to=to, drop00=drop00)
    return Effects(np.tanh(y / 4), v / (16 * np.cosh(y / 4) ** 4))


def smd_logistic(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Standardised mean difference of a logistic variable cut in two, ln(OR) sqrt(3) / pi.

    Parameters and errors as for `log_odds_ratio`.

    References
    ----------
    .. [1] Hasselblad V, Hedges LV. Psychol Bull 1995;117:167-178.
    """
    y, v = log_odds_ratio(a, b, c, d, add=add, to=to, drop00=drop00)
    return log_or_to_smd(y, v)


def smd_normal(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Standardised mean difference of a normal variable cut in two, ln(OR) / 1.65 (Cox).

    Parameters and errors as for `log_odds_ratio`.

    References
    ----------
    .. [1] Sánchez-Meca J et al. Psychol Methods 2003;8:448-467.
    """
    y, v = log_odds_ratio(a, b, c, d, add=add, to=to, drop00=drop00)
    return Effects(y / COX, v / COX**2)


def no_contrast(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> NDArray[np.bool_]:
    """Tell which tables say nothing of a ratio: nobody, or everybody, had the event."""
    a, b, c, d = (np.asarray(cell, dtype=float) for cell in (a, b, c, d))
    return ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))


def from_groups(
    ai: ArrayLike,
    ci: ArrayLike,
    bi: ArrayLike | None,
    di: ArrayLike | None,
    n1i: ArrayLike | None,
    n2i: ArrayLike | None,
) -> Tables:
    """Return the four cells from events and, in each group, from those without the event or the total.

    Raises
    ------
    ValueError
        Neither is given, a total that is smaller than the events, or one that is not events plus others.
    """
    cells = []
    for names, events, others, total in ((("ai", "bi", "n1i"), ai, bi, n1i), (("ci", "di", "n2i"), ci, di, n2i)):
        if others is None and total is None:
            raise ValueError(f"the table needs {names[1]} or {names[2]} beside {names[0]}")
        x = np.asarray(events, dtype=float)
        y = np.full(x.shape, np.nan) if others is None else np.asarray(others, dtype=float)
        n = np.full(x.shape, np.nan) if total is None else np.asarray(total, dtype=float)
        known = {names[0]: x, names[2]: n}
        refuse((x < 0) | (n < x), f"counts must not be negative, and {names[0]} at most {names[2]}", **known)
        off = np.abs(x + y - n) > 1e-6 * n
        refuse(off, f"{names[2]} must be {names[0]} plus {names[1]}", **known, **{names[1]: y})
        cells += [x, np.where(np.isnan(y), n - x, y)]
    return Tables(*cells)


def _tables(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, drop00: bool) -> Tables:
    """Return the cells as given; NaN in all four where one is missing or the table is dropped."""
    a, b, c, d = floats(a, b, c, d)
    cells = {"ai": a, "bi": b, "ci": c, "di": d}
    refuse((a < 0) | (b < 0) | (c < 0) | (d < 0), "counts must not be negative", **cells)
    refuse((a + b == 0) | (c + d == 0), "a group must not be empty", n1i=a + b, n2i=c + d)
    unusable = ~np.isfinite(a + b + c + d)
    if drop00:
        unusable = unusable | no_contrast(a, b, c, d)
    if not unusable.any():
        return Tables(a, b, c, d)
    return Tables(*(np.where(unusable, np.nan, cell) for cell in (a, b, c, d)))


def _corrected(tables: Tables, add: float | str, to: str) -> Tables:
    """Return the cells with what is added to them."""
    a, b, c, d = tables
    if add == TREATMENT_ARM:
        share1 = (a + b) / (a + b + c + d)
        which = added(tables, 1.0, to)
        first, second = which * share1, which * (1 - share1)
    elif isinstance(add, str):
        raise ValueError(f"add must be a number or {TREATMENT_ARM}, not {add!r}")
    else:
        first = second = added(tables, add, to)
    return Tables(a + first, b + first, c + second, d + second)


def _angle(x: Floats, y: Floats) -> Floats:
    """Return asin(sqrt(x / (x + y)))."""
    return np.arctan2(np.sqrt(x), np.sqrt(y))


def _probit(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the normal quantile of x / (x + y) and its variance."""
    n = x + y
    z = special.ndtri(x / n)
    return z, 2 * np.pi * np.exp(z**2) * x * y / n**3


def _inputs(function: Callable[..., Effects]) -> tuple[Inputs, ...]:
    def of_groups(*columns: Any, **options: Any) -> Effects:
        return function(*from_groups(*columns), **options)

    return (Inputs(("ai", "ci"), of_groups, ("bi", "di", "n1i", "n2i")),)


_SILENT = "nobody, or everybody, had the event in both groups (or in one, with nothing added to the zero)"
_ZEROS = ("add", "to", "drop00")

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="OR", inputs=_inputs(log_odds_ratio), options=_ZEROS, undefined=_SILENT),
    Recipe(name="RR", inputs=_inputs(log_risk_ratio), options=(*_ZEROS, "total_adds"), undefined=_SILENT),
    Recipe(name="RD", inputs=_inputs(risk_difference), options=(*_ZEROS, "correct_estimate"), undefined=_SILENT),
    Recipe(name="AS", inputs=_inputs(arcsine_difference), options=_ZEROS, undefined=_SILENT),
    Recipe(name="PETO", inputs=_inputs(peto_log_odds_ratio), options=_ZEROS, undefined=_SILENT),
    Recipe(name="PHI", inputs=_inputs(phi_coefficient), options=(*_ZEROS, "vtype"), undefined=_SILENT),
    Recipe(name="YUQ", inputs=_inputs(yule_q), options=_ZEROS, undefined=_SILENT),
    Recipe(name="YUY", inputs=_inputs(yule_y), options=_ZEROS, undefined=_SILENT),
    Recipe(name="PBIT", inputs=_inputs(probit_difference), options=_ZEROS, undefined=_SILENT),
    Recipe(name="OR2DL", inputs=_inputs(smd_logistic), options=_ZEROS, undefined=_SILENT),
    Recipe(name="OR2DN", inputs=_inputs(smd_normal), options=_ZEROS, undefined=_SILENT),
)
