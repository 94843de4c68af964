"""Tests on a set of 2x2 tables: of no association, and of equal odds ratios."""

from typing import Any

import numpy as np

from metaan.pooling.kernel import Booleans, Floats
from metaan.terms.special import special


def hypergeometric(cells: tuple[Floats, ...]) -> tuple[Floats, Floats, Floats]:
    """Observed minus expected events of group 1, and its variance, with all margins fixed and no association.

    Returns
    -------
    distance, variance, binomial : ndarray, shape (n, k)
        Variance of the hypergeometric distribution, and the same without the factor n / (n - 1), which stands for two
        binomial samples. Zero where a margin is empty.
    """
    a, b, c, d = cells
    n1, n2, m1, m2 = a + b, c + d, a + c, b + d
    n = n1 + n2
    some = (n1 > 0) & (n2 > 0) & (m1 > 0) & (m2 > 0)
    distance = np.divide(a * d - b * c, n, out=np.zeros_like(n), where=some)
    ones = np.ones_like(n)
    share = np.divide(n1, n, out=np.zeros_like(n), where=some) * np.divide(n2, n, out=np.zeros_like(n), where=some)
    binomial = share * m1 * np.divide(m2, n, out=np.zeros_like(n), where=some)
    return distance, binomial * np.divide(n, n - ones, out=ones, where=some & (n > 1)), binomial


def association(cells: tuple[Floats, ...], continuity: bool) -> dict[str, Any]:
    """Cochran-Mantel-Haenszel [1]_ and Cochran's [2]_ chi-square of no association.

    Parameters
    ----------
    cells : tuple of ndarray, shape (n, k)
    continuity : bool
        Take 1/2 from the distance of the sum from its expectation, not beyond zero.

    References
    ----------
    .. [1] Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748.
    .. [2] Cochran WG. Biometrics 1954;10:417-451.
    """
    distance, variance, binomial = (part.sum(axis=1) for part in hypergeometric(cells))
    squared = np.maximum(0.0, np.abs(distance) - 0.5 * continuity) ** 2
    none = np.full(squared.shape, np.nan)
    cmh = np.divide(squared, variance, out=none.copy(), where=variance > 0)
    cochran = np.divide(squared, binomial, out=none.copy(), where=binomial > 0)
    return {
        "cmh": cmh,
        "cmh_p": special.chdtrc(1.0, cmh),
        "cochran": cochran,
        "cochran_p": special.chdtrc(1.0, cochran),
    }


def homogeneity(cells: tuple[Floats, ...], odds_ratio: Floats) -> dict[str, Any]:
    """Breslow and Day's chi-square of equal odds ratios [1]_, and Tarone's correction of it [2]_.

    Parameters
    ----------
    cells : tuple of ndarray, shape (n, k)
    odds_ratio : ndarray, shape (n,)
        Mantel-Haenszel estimate; rows of NaN have no test.

    Returns
    -------
    dict
        Statistics and p-values of shape (n,), on one degree of freedom less than there are tables without an empty
        margin. p is NaN for one such table.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical Methods in Cancer Research I. Lyon: IARC; 1980.
    .. [2] Tarone RE. Biometrika 1985;72:91-95.
    """
    a, b, c, d = cells
    n1, n2, m1 = a + b, c + d, a + c
    some: Booleans = (n1 > 0) & (n2 > 0) & (m1 > 0) & (b + d > 0) & np.isfinite(odds_ratio)[:, None]
    psi = np.where(np.isfinite(odds_ratio), odds_ratio, 1.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = expected_cell(n1, n2, m1, psi)
        parts = (expected, n1 - expected, m1 - expected, n2 - m1 + expected)
        variance = np.where(some, 1.0 / sum(1.0 / part for part in parts), 0.0)
        distance = np.where(some, a - expected, 0.0)
        squares = np.divide(distance**2, variance, out=np.zeros_like(distance), where=some)
        df = np.where(np.isfinite(odds_ratio), np.maximum(0.0, some.sum(axis=1) - 1.0), np.nan)
        statistic = np.where(np.isfinite(odds_ratio), squares.sum(axis=1), np.nan)
        tarone = statistic - distance.sum(axis=1) ** 2 / variance.sum(axis=1)

    def p(value: Floats) -> Floats:
        return np.where(df > 0, special.chdtrc(np.maximum(df, 1.0), np.maximum(value, 0.0)), np.nan)

    return {
        "breslow_day": statistic,
        "breslow_day_p": p(statistic),
        "tarone": tarone,
        "tarone_p": p(tarone),
        "homogeneity_df": df,
    }


def expected_cell(n1: Floats, n2: Floats, m1: Floats, odds_ratio: Floats) -> Floats:
    """Cell a that gives a table of margins n1, n2, m1 an odds ratio: root of a quadratic, without cancellation."""
    s = (n1 + m1) * odds_ratio + (n2 - m1)
    return (
        2.0
        * odds_ratio
        * n1
        * m1
        / (s + np.sqrt(np.maximum(0.0, s**2 - 4.0 * (odds_ratio - 1.0) * odds_ratio * n1 * m1)))
    )
