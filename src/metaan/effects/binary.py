"""Effects from 2x2 tables: log odds ratio, log risk ratio, risk difference."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects

Floats = NDArray[np.float64]
TO = ("only0", "all", "if0all", "none")


def log_odds_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log odds ratio ln(ad / bc) with variance 1/a + 1/b + 1/c + 1/d.

    Parameters
    ----------
    a, b : array_like, shape (k,)
        Row 1 (factor present, high or treated): people with and without the event.
    c, d : array_like, shape (k,)
        Row 2 (factor absent, low or untreated): people with and without the event.
    add : float
        Added to all four cells of the tables that `to` names.
    to : {"only0", "all", "if0all", "none"}
        Tables with a zero cell; all; all if any has a zero cell; none.
    drop00 : bool
        Give NaN for tables in which nobody, or everybody, had the event.

    Returns
    -------
    Effects
        Shape (k,); NaN where a count is missing or the ratio cannot be computed.

    Raises
    ------
    ValueError
        Negative counts, an empty row, or an unknown `to`.

    References
    ----------
    .. [1] Woolf B. Ann Hum Genet 1955;19:251-253.
    """
    a, b, c, d = _cells(a, b, c, d, add, to, drop00)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _estimable(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)


def log_risk_ratio(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
) -> Effects:
    """Log ratio of the risks a/(a+b) and c/(c+d) with variance 1/a - 1/(a+b) + 1/c - 1/(c+d).

    Parameters and errors as for `log_odds_ratio`. Where `add` is added to four cells each total grows by twice as much.

    References
    ----------
    .. [1] Katz D et al. Biometrics 1978;34:469-474, method C.
    """
    a, b, c, d = _cells(a, b, c, d, add, to, drop00)
    n1, n2 = a + b, c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        return _estimable(np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2)


def risk_difference(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, *, add: float = 0.5, to: str = "only0"
) -> Effects:
    """Difference a/(a+b) - c/(c+d) of two risks, with the variances of the two proportions summed.

    Parameters and errors as for `log_odds_ratio`; tables without an event are estimable here. As in metafor, `add`
    moves the estimate as well as the variance.
    """
    a, b, c, d = _cells(a, b, c, d, add, to, drop00=False)
    n1, n2 = a + b, c + d
    return _estimable(a / n1 - c / n2, a * b / n1**3 + c * d / n2**3)


def no_contrast(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> NDArray[np.bool_]:
    """Tell which tables say nothing of a ratio: nobody, or everybody, had the event."""
    a, b, c, d = (np.asarray(cell, dtype=float) for cell in (a, b, c, d))
    return ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))


def _cells(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, add: float, to: str, drop00: bool
) -> tuple[Floats, ...]:
    """Return the four cells, corrected; NaN in all four where one is missing or the table is dropped."""
    if to not in TO:
        raise ValueError(f"to must be one of {', '.join(TO)}, not {to!r}")
    cells = np.array(np.broadcast_arrays(*(np.asarray(cell, dtype=float) for cell in (a, b, c, d))))
    if (cells < 0).any():
        raise ValueError("counts must not be negative: events lie between 0 and the total")
    if (cells[0] + cells[1] == 0).any() or (cells[2] + cells[3] == 0).any():
        raise ValueError("a group must not be empty")
    unusable = np.isnan(cells).any(axis=0)
    if drop00:
        unusable |= no_contrast(*cells)
    zero = (cells == 0).any(axis=0) & ~unusable
    if to == "only0":
        cells = cells + add * zero
    elif to == "all" or (to == "if0all" and zero.any()):
        cells = cells + add
    return tuple(np.where(unusable, np.nan, cells))


def _estimable(y: Floats, v: Floats) -> Effects:
    usable = np.isfinite(y) & np.isfinite(v)
    return Effects(np.where(usable, y, np.nan), np.where(usable, v, np.nan))
