"""Summary ROC curve, its area, HSROC parameters, and regions around the summary point."""

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.accuracy.records import Accuracy
from metaan.pooling.kernel import Floats
from metaan.terms.special import special

CURVES = ("RG", "regression")
REGIONS = ("confidence", "prediction")


def hsroc(mean: Floats, psi: Floats) -> dict[str, Floats]:
    """Return the HSROC parameters of means (n, 2) and matrices (n, 2, 2); NaN where a variance is 0 [1]_.

    References
    ----------
    .. [1] Harbord RM et al. Biostatistics 2007;8:239-251.
    """
    s1, s2 = np.sqrt(psi[:, 0, 0]), np.sqrt(psi[:, 1, 1])
    known = (s1 > 0) & (s2 > 0)
    root = np.sqrt(np.divide(s2, s1, out=np.full_like(s1, np.nan), where=known))
    first, second, cross = root * mean[:, 0], mean[:, 1] / root, psi[:, 0, 1]
    size = np.where(known, s1 * s2, np.nan)
    return {
        "accuracy": first - second,
        "threshold": 0.5 * (first + second),
        "shape": 2.0 * np.log(root),
        "accuracy_variance": 2.0 * (size - cross),
        "threshold_variance": 0.5 * (size + cross),
    }


def area(height: Floats, slope: Floats) -> Floats:
    """Area under expit(height + slope logit(x)) for x from 0 to 1, by the double exponential rule."""
    t = np.linspace(-3.6, 3.6, 289)
    x = np.pi * np.sinh(t)
    weight = (t[1] - t[0]) * np.pi * np.cosh(t) * special.expit(x) * special.expit(-x)
    return special.expit(height[..., None] + slope[..., None] * x) @ weight


def mean_height(height: Floats, slope: Floats, low: Floats, high: Floats) -> Floats:
    """Mean of expit(height + slope logit(x)) for x from low to high; the value there where they are the same."""
    node, weight = np.polynomial.legendre.leggauss(128)
    a, b = special.logit(low)[..., None], special.logit(high)[..., None]
    x = 0.5 * (a + b) + 0.5 * (b - a) * node
    density = special.expit(x) * special.expit(-x) * weight
    return (special.expit(height[..., None] + slope[..., None] * x) * density).sum(axis=-1) / density.sum(axis=-1)


def accuracy_curve(result: Accuracy, fpr: ArrayLike | None = None, *, curve: str = "RG") -> tuple[Floats, Floats]:
    """Coordinates of the summary ROC curve.

    Parameters
    ----------
    result : Accuracy
    fpr : array_like, shape (m,), optional
        False-positive rates, 0 to 1; 0.01, 0.02, ..., 0.99 by default.
    curve : {"RG", "regression"}
        The HSROC curve of Rutter and Gatsonis [1]_, slope sd(sensitivity) / sd(fpr) on the logit scale, or the
        regression of the logit sensitivity on the logit false-positive rate [2]_.

    Returns
    -------
    fpr : ndarray, shape (m,)
    sensitivity : ndarray, shape (..., m)
        NaN where a variance between studies that the curve needs is 0.

    Raises
    ------
    ValueError
        Rates outside 0 to 1 or an unknown curve.

    References
    ----------
    .. [1] Rutter CM, Gatsonis CA. Stat Med 2001;20:2865-2884.
    .. [2] Arends LR et al. Med Decis Making 2008;28:621-638.
    """
    if curve not in CURVES:
        raise ValueError(f"curve must be one of {', '.join(CURVES)}, not {curve!r}")
    x = np.arange(1, 100) / 100 if fpr is None else np.atleast_1d(np.asarray(fpr, dtype=float))
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("false-positive rates must lie between 0 and 1")
    height, slope = line(result.mean, result.psi, curve)
    with np.errstate(invalid="ignore"):
        return x, special.expit(np.asarray(height)[..., None] + np.asarray(slope)[..., None] * special.logit(x))


def line(mean: Floats, psi: Floats, curve: str = "RG") -> tuple[Floats, Floats]:
    """Return intercept and slope of the curve on the logit scale, shape (...)."""
    first, second, cross = psi[..., 0, 0], psi[..., 1, 1], psi[..., 0, 1]
    if curve == "RG":
        top, bottom = np.sqrt(first), np.where(first > 0, np.sqrt(second), 0.0)
    else:
        top, bottom = cross, second
    slope = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=np.asarray(bottom) > 0)
    return mean[..., 0] - slope * mean[..., 1], slope


def accuracy_region(
    result: Accuracy,
    kind: str = "confidence",
    *,
    level: float | None = None,
    df: float | None = None,
    points: int = 101,
) -> tuple[Floats, Floats]:
    """Coordinates of the region around the summary point: an ellipse on the logit scale.

    Parameters
    ----------
    result : Accuracy
    kind : {"confidence", "prediction"}
        Region of the summary point, or of the true point of a new study [1]_.
    level : float, optional
        That of `result` by default.
    df : float, optional
        Denominator degrees of freedom of an F reference, k - 2 say; a chi-square reference by default.
    points : int
        Points on the closed line, the first and the last the same.

    Returns
    -------
    fpr, sensitivity : ndarray, shape (..., points)

    Raises
    ------
    ValueError
        Unknown kind, fewer than two points, level outside 0 to 1, or degrees of freedom that are not positive.

    References
    ----------
    .. [1] Reitsma JB et al. J Clin Epidemiol 2005;58:982-990.
    """
    if kind not in REGIONS:
        raise ValueError(f"kind must be one of {', '.join(REGIONS)}, not {kind!r}")
    share = result.method["level"] if level is None else level
    if not 0.0 < share < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {share!r}")
    if points < 2:
        raise ValueError(f"points must be 2 or more, not {points}")
    if df is not None and not df > 0:
        raise ValueError(f"df must be positive, not {df!r}; a region with an F reference needs three studies")
    v = result.covariance + (result.psi if kind == "prediction" else 0.0)
    squared = -2.0 * np.log1p(-share) if df is None else df * np.expm1(-2.0 / df * np.log1p(-share))
    a = np.sqrt(v[..., 0, 0])
    b = np.divide(v[..., 0, 1], a, out=np.zeros(np.shape(a)), where=np.asarray(a) > 0)
    c = np.sqrt(np.maximum(v[..., 1, 1] - b**2, 0.0))
    turn = np.linspace(0.0, 2.0 * np.pi, points)
    turn[-1] = 0.0
    size = np.sqrt(squared)
    x = result.mean[..., 0, None] + size * np.asarray(a)[..., None] * np.cos(turn)
    y = result.mean[..., 1, None] + size * (b[..., None] * np.cos(turn) + np.asarray(c)[..., None] * np.sin(turn))
    return special.expit(y), special.expit(x)
