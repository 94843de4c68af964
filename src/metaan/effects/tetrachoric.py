"""The correlation of two normal variables of which a 2x2 table tells only on which side of a cut each person stands."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.binary import _corrected, _inputs, _tables
from metaan.effects.recipe import Recipe, estimable
from metaan.terms.special import special

Floats = NDArray[np.float64]

_STEPS = 200
_TOLERANCE = 1e-12  #: of the last step, which is still taken: the error is about its square
_ROUNDING = 2e-16  #: of a probability
_CHUNK = 2048  #: tables worked on at once


def tetrachoric(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    *,
    add: float | str = 0.0,
    to: str = "only0",
    drop00: bool = False,
) -> Effects:
    """Tetrachoric correlation of each 2x2 table, by maximum likelihood, and its variance.

    Parameters
    ----------
    a, b, c, d : array_like, shape (..., k)
        Cells, row by row, of a sample of which only the total was fixed.
    add, to, drop00
        As for `binary.log_odds_ratio`; nothing is added by default.

    Returns
    -------
    Effects
        Shape (..., k); NaN where a cell is empty, as the correlation is then -1 or 1, or not defined.

    Raises
    ------
    ValueError
        As for `binary.log_odds_ratio`.

    Notes
    -----
    Three parameters (the cuts h and k, and the correlation) meet three free proportions, so the likelihood is greatest
    where the model gives each cell its proportion: h and k are the normal quantiles of the margins, and the correlation
    is that which gives the first cell its share. The variance follows from the multinomial variance of the proportions
    by the delta method, which equals the inverse information here.

    References
    ----------
    .. [1] Pearson K. Philos Trans R Soc A 1900;195:1-47.
    .. [2] Owen DB. Ann Math Stat 1956;27:1075-1090 (the distribution function).
    """
    a, b, c, d = (np.asarray(cell) for cell in _corrected(_tables(a, b, c, d, drop00), add, to))
    whole = (a > 0) & (b > 0) & (c > 0) & (d > 0)
    y, v = np.full(a.shape, np.nan), np.full(a.shape, np.nan)
    if whole.any():
        cells = (a[whole], b[whole], c[whole], d[whole])
        starts = range(0, cells[0].size, _CHUNK)
        found = [_full(*(cell[start : start + _CHUNK] for cell in cells)) for start in starts]
        y[whole], v[whole] = (np.concatenate(part) for part in zip(*found, strict=True))
    return estimable(y, v)


def _full(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Return correlations and variances of tables without an empty cell, shape (n,); NaN where none was found."""
    n = a + b + c + d
    h, k = special.ndtri((a + b) / n), special.ndtri((a + c) / n)
    t = _angle(h, k, a / n)
    r, opposite = np.sin(t), np.cos(t)
    density = _slope(h, k, t) / opposite
    by_row = special.ndtr(_rest(k, h, t) / opposite)
    by_column = special.ndtr(_rest(h, k, t) / opposite)
    both = 1.0 - by_row - by_column
    mean = (a * both - b * by_row - c * by_column) / n
    square = (a * both**2 + b * by_row**2 + c * by_column**2) / n
    return r, (square - mean**2) / (n * density**2)


def _angle(h: Floats, k: Floats, share: Floats) -> Floats:
    """Return asin(r) where both variables lie below their cuts in this share: Newton's steps, kept in a bracket."""
    found = np.full(h.shape, np.nan)
    rows, t = np.arange(h.size), np.zeros(h.shape)
    low, high = np.full(h.shape, -np.pi / 2), np.full(h.shape, np.pi / 2)
    for _ in range(_STEPS):
        gap = _below(h, k, t) - share
        low, high = np.where(gap < 0, t, low), np.where(gap > 0, t, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = t - gap / _slope(h, k, t)
        new = np.where((new >= low) & (new <= high), new, (low + high) / 2)
        done = (np.abs(gap) <= _ROUNDING) | (np.abs(new - t) <= _TOLERANCE)
        found[rows[done]] = new[done]
        go = ~done
        if not go.any():
            break
        rows, h, k, share = rows[go], h[go], k[go], share[go]
        t, low, high = new[go], low[go], high[go]
    return found


def _below(h: Floats, k: Floats, t: Floats) -> Floats:
    """Return the probability that both lie below their cuts, by Owen's function, which is good to rounding."""
    opposite = np.cos(t)
    with np.errstate(divide="ignore", invalid="ignore"):
        wings = special.owens_t(h, _rest(k, h, t) / (h * opposite)) + special.owens_t(
            k, _rest(h, k, t) / (k * opposite)
        )
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    below = (special.ndtr(h) + special.ndtr(k)) / 2 - wings - apart / 2
    return np.where((h == 0) & (k == 0), 0.25 + t / (2 * np.pi), below)


def _slope(h: Floats, k: Floats, t: Floats) -> Floats:
    """Return the derivative of `_below` by t: the bivariate normal density at the cuts times cos t."""
    side = np.where(t < 0, -1.0, 1.0)  # k of the other sign mirrors t: then the terms below do not cancel
    with np.errstate(divide="ignore"):
        return np.exp(-((h - side * k) ** 2 / np.cos(t) ** 2 / 2 + side * h * k / (1 + np.sin(np.abs(t))))) / (
            2 * np.pi
        )


def _rest(k: Floats, h: Floats, t: Floats) -> Floats:
    """Return k - h sin t without loss of digits near a right angle."""
    side = np.where(t < 0, -1.0, 1.0)
    return (k - side * h) + side * h * (2 * np.sin((np.pi / 2 - np.abs(t)) / 2) ** 2)


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="RTET",
        inputs=_inputs(tetrachoric),
        options=("add", "to", "drop00"),
        undefined="a cell is empty, so the correlation would be -1 or 1",
    ),
)
