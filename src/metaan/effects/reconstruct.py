"""2x2 tables rebuilt from a measure of association and the margins."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.recipe import floats, refuse

Floats = NDArray[np.float64]


class Rebuilt(NamedTuple):
    """Cells of 2x2 tables, each of shape (..., k)."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats


def table_from_odds_ratio(
    odds_ratio: ArrayLike, n: ArrayLike, row1: ArrayLike, column1: ArrayLike, *, whole: bool = True
) -> Rebuilt:
    """Cells of the table that has these margins and this odds ratio.

    Parameters
    ----------
    odds_ratio : array_like, shape (..., k)
        As printed, above 0; not its logarithm.
    n, row1, column1 : array_like, shape (..., k)
        People in all, in row 1 (a + b), and in column 1 (a + c).
    whole : bool
        Round the first cell to a whole number.

    Raises
    ------
    ValueError
        An odds ratio that is not above 0, or margins that are no margins of `n` people.

    Notes
    -----
    The first cell is the root of (OR - 1) a² - S a + OR row1 column1 = 0, with S = n + (OR - 1)(row1 + column1), that
    lies within the margins.
    """
    ratio, n, row, column = floats(odds_ratio, n, row1, column1)
    refuse(~(ratio > 0) & ~np.isnan(ratio), "an odds ratio must be above 0", odds_ratio=ratio)
    _margins(n, row, column)
    total = n + (ratio - 1) * (row + column)
    product = ratio * row * column
    root = np.sqrt(np.maximum(total**2 - 4 * (ratio - 1) * product, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(total >= 0, 2 * product / (total + root), (total - root) / (2 * (ratio - 1)))
    return _filled(np.where(product == 0, 0.0, a), n, row, column, whole)


def table_from_phi(phi: ArrayLike, n: ArrayLike, row1: ArrayLike, column1: ArrayLike, *, whole: bool = True) -> Rebuilt:
    """Cells of the table that has these margins and this phi coefficient; arguments as for `table_from_odds_ratio`.

    Raises
    ------
    ValueError
        A coefficient outside -1 to 1 or one these margins do not allow, or margins that are none of `n` people.
    """
    phi, n, row, column = floats(phi, n, row1, column1)
    refuse(np.abs(phi) > 1, "a phi coefficient must lie between -1 and 1", phi=phi)
    _margins(n, row, column)
    a = row * column / n + phi * (np.sqrt(row * (n - row)) / n) * np.sqrt(column * (n - column))
    least, most = np.maximum(0.0, row + column - n), np.minimum(row, column)
    refuse((a < least - 0.5) | (a > most + 0.5), "these margins do not allow such a coefficient", phi=phi, n=n)
    return _filled(np.clip(a, least, most), n, row, column, whole)


def _margins(n: Floats, row: Floats, column: Floats) -> None:
    bad = (n < 1) | (row < 0) | (row > n) | (column < 0) | (column > n)
    refuse(bad, "margins must lie between 0 and the number of people, at least one", n=n, row1=row, column1=column)


def _filled(a: Floats, n: Floats, row: Floats, column: Floats, whole: bool) -> Rebuilt:
    a = np.round(a) if whole else a
    return Rebuilt(a, row - a, column - a, n - row - column + a)
