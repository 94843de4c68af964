"""Effects from matched pairs, or from people seen twice: the 2x2 table of pairs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable, floats, refuse
from metaan.effects.zeros import added

Floats = NDArray[np.float64]


def paired_log_risk_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log ratio of the two marginal risks, ln((a+b) / (a+c)), with variance (b + c) / ((a+b)(a+c)).

    Parameters
    ----------
    a, b, c, d : array_like, shape (..., k)
        Pairs with the event under both conditions, under the first only, under the second only, under neither.
    add : float
        Added to all four cells of the tables that `to` names.
    to : {"only0", "all", "if0all", "none"}
        Tables with a zero cell; all; all if any of the last axis has a zero cell; none.
    drop00 : bool
        Give NaN for tables in which no pair, or every pair, had the event under both conditions.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a count is missing or the ratio cannot be computed.

    Raises
    ------
    ValueError
        Negative counts, no pairs, or an unknown `to`.

    References
    ----------
    .. [1] Zou GY. Clin Trials 2007;4:25-31.
    """
    a, b, c, _ = _pairs(a, b, c, d, add, to, "margins" if drop00 else "")
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c)))


def paired_log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log ratio of the two marginal odds, which allows for the pairing in its variance.

    Parameters and errors as for `paired_log_risk_ratio`. The variance is that of two independent groups minus
    2 n (ad - bc) / (product of the four margins).

    References
    ----------
    .. [1] Becker MP, Balagtas CC. Biometrics 1993;49:997-1009.
    """
    a, b, c, d = _pairs(a, b, c, d, add, to, "margins" if drop00 else "")
    r1, r2, c1, c2 = a + b, c + d, a + c, b + d
    with np.errstate(divide="ignore", invalid="ignore"):
        v = 1 / r1 + 1 / r2 + 1 / c1 + 1 / c2 - 2 * (r1 + r2) * (a * d - b * c) / (r1 * r2 * c1 * c2)
        return estimable(np.log(r1 * c2 / (r2 * c1)), v)


def paired_risk_difference(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = False,
) -> Effects:
    """Difference (b - c) / n of the two marginal risks with variance (b + c - (b - c)^2 / n) / n^2.

    Parameters and errors as for `paired_log_risk_ratio`.

    References
    ----------
    .. [1] May WL, Johnson WD. Stat Med 1997;16:2127-2136.
    """
    a, b, c, d = _pairs(a, b, c, d, add, to, "margins" if drop00 else "")
    n = a + b + c + d
    return estimable((b - c) / n, (b + c - (b - c) ** 2 / n) / n**2)


def conditional_log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log odds ratio within pairs, ln(b/c), with variance 1/b + 1/c.

    Parameters and errors as for `paired_log_risk_ratio`; `drop00` leaves out tables without a discordant pair.

    References
    ----------
    .. [1] Curtin F, Elbourne D, Altman DG. Stat Med 2002;21:2145-2159.
    """
    _, b, c, _ = _pairs(a, b, c, d, add, to, "discordant" if drop00 else "")
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(np.log(b / c), 1 / b + 1 / c)


def conditional_peto_log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log odds ratio within pairs by Peto's method, 2 (b - c) / (b + c), with variance 4 / (b + c).

    Parameters and errors as for `conditional_log_odds_ratio`.

    References
    ----------
    .. [1] Curtin F, Elbourne D, Altman DG. Stat Med 2002;21:2145-2159.
    """
    _, b, c, _ = _pairs(a, b, c, d, add, to, "discordant" if drop00 else "")
    with np.errstate(divide="ignore", invalid="ignore"):
        return estimable(2 * (b - c) / (b + c), 4 / (b + c))


def _pairs(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, add: float, to: str, drop: str
) -> tuple[Floats, ...]:
    a, b, c, d = floats(a, b, c, d)
    refuse((a < 0) | (b < 0) | (c < 0) | (d < 0), "counts must not be negative", ai=a, bi=b, ci=c, di=d)
    refuse(a + b + c + d == 0, "a study must hold at least one pair")
    unusable = ~np.isfinite(a + b + c + d)
    if drop:
        silent = (b == 0) & (c == 0)
        unusable = unusable | (silent if drop == "discordant" else silent & ((a == 0) | (d == 0)))
    cells = tuple(np.where(unusable, np.nan, cell) for cell in (a, b, c, d))
    more = added(cells, add, to)
    return tuple(cell + more for cell in cells)


_CELLS, _ZEROS = ("ai", "bi", "ci", "di"), ("add", "to", "drop00")
_SILENT = "no pair, or every pair, had the event under both conditions"
_CONCORDANT = "no pair in which the two conditions differ"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="MPRR", inputs=(Inputs(_CELLS, paired_log_risk_ratio),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="MPOR", inputs=(Inputs(_CELLS, paired_log_odds_ratio),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="MPRD", inputs=(Inputs(_CELLS, paired_risk_difference),), options=_ZEROS, undefined=_SILENT),
    Recipe(name="MPORC", inputs=(Inputs(_CELLS, conditional_log_odds_ratio),), options=_ZEROS, undefined=_CONCORDANT),
    Recipe(
        name="MPPETO", inputs=(Inputs(_CELLS, conditional_peto_log_odds_ratio),), options=_ZEROS, undefined=_CONCORDANT
    ),
)
