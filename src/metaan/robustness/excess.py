"""Test of excess significance: more significant studies than their power lets expect."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.terms.given import fraction
from metaan.terms.records import Result
from metaan.terms.special import special

TESTS = ("exact", "chi2", "binomial")
ALTERNATIVES = ("two.sided", "greater", "less")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExcessSignificance(Result):
    """Test of excess significance; arrays with the batch axes where `excess_significance` was given such."""

    k: int
    observed: int  #: significant studies
    expected: float  #: sum of the powers
    ratio: float  #: observed over expected
    theta: float  #: true effect the power is computed at, working scale
    tau2: float  #: variance between studies the power is averaged over, squared working scale
    chi2: float  #: Pearson's statistic, on 1 degree of freedom; NaN where all powers are 0 or all are 1
    p: float  #: one-sided, of `method["test"]`
    limit: float  #: effect at which p would equal `limit_alpha`; NaN where p is larger even at the null
    power: tuple[float, ...]  #: of each study, in the order of the input
    method: dict[str, Any]  #: test, alternative, alpha, limit_alpha

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] != "power"]


def excess_significance(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    theta: ArrayLike | None = None,
    tau2: ArrayLike = 0.0,
    null: float = 0.0,
    alternative: str = "two.sided",
    alpha: float = 0.05,
    test: str = "exact",
    limit_alpha: float = 0.10,
    mask: ArrayLike | None = None,
) -> ExcessSignificance:
    """Test whether more studies are significant than expected from their power.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances; leading axes are a batch.
    theta : array_like, shape (...), optional
        True effect at which the power is computed; by default the inverse-variance mean without heterogeneity [1]_.
    tau2 : array_like, shape (...)
        Variance between studies; where positive, the power is that expected over true effects N(theta, tau2).
    null : float
        Effect under the null hypothesis of the studies' tests.
    alternative : {"two.sided", "greater", "less"}
        Of the studies' Wald tests.
    alpha : float
        Level of the studies' tests.
    test : {"exact", "chi2", "binomial"}
        Of the number of significant studies: the exact distribution of a sum of unlike binary variables [2]_, Pearson's
        chi-square, or the binomial distribution with the mean power [1]_.
    limit_alpha : float
        p-value that defines `limit`: effects beyond it make the excess insignificant.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part.

    Returns
    -------
    ExcessSignificance
        p is one-sided: large numbers of significant studies are extreme. With power 1 (or 0) in every study chi-square
        has no distribution left; p is then 1 where as many studies are significant, as in the exact test.

    Raises
    ------
    ValueError
        Unknown options, a negative tau2, effects that are not finite, or variances that are not positive and finite;
        positions are named.

    Notes
    -----
    The test says that the studies do not fit together; it does not say why. Heterogeneity is one reason.

    References
    ----------
    .. [1] Ioannidis JPA, Trikalinos TA. Clin Trials 2007;4:245-253.
    .. [2] Francis G. J Math Psychol 2013;57:153-169.

    Examples
    --------
    >>> excess_significance([0.5, 0.6, 0.1], [0.04, 0.05, 0.05]).observed
    2
    """
    for name, value, known in (("alternative", alternative, ALTERNATIVES), ("test", test, TESTS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    for name, level in (("alpha", alpha), ("limit_alpha", limit_alpha)):
        fraction(name, level)
    if not isinstance(null, (int, float)) or not math.isfinite(null):
        raise ValueError(f"null must be a finite number, not {null!r}")
    batch = kernel.read(yi, vi, mask)
    n = len(batch.y)
    on = np.ones(batch.y.shape, dtype=bool) if batch.mask is None else batch.mask
    y, v = np.where(on, batch.y - null, 0.0), np.where(on, batch.v, np.inf)
    variance = _rows(tau2, batch.axes, "tau2")
    if (variance < 0).any():
        raise ValueError(f"tau2 must not be negative, found {variance.min():g}")
    w = 1.0 / v
    with np.errstate(invalid="ignore"):
        mean = (w * y).sum(axis=1) / w.sum(axis=1)
    effect = mean if theta is None else _rows(theta, batch.axes, "theta") - null

    critical = -special.ndtri(alpha / 2.0 if alternative == "two.sided" else alpha)
    z = y / np.sqrt(v)
    z = np.abs(z) if alternative == "two.sided" else z if alternative == "greater" else -z
    observed = (on & (z >= critical)).sum(axis=1)
    k = on.sum(axis=1)

    def power_at(t: Floats) -> Floats:
        return _power(t, v, variance, on, critical, alternative)

    power = power_at(effect)
    expected = power.sum(axis=1)
    chi2 = _chi2(observed, expected, k)
    p = _p(test, observed, power, k, on)
    side = -1.0 if alternative == "less" else np.where(effect < 0, -1.0, 1.0) if alternative == "two.sided" else 1.0
    farthest = (critical + 40.0) * np.sqrt(np.where(on, v, 0.0).max(axis=1) + variance)

    def at(distance: Floats) -> Floats:
        return _p(test, observed, power_at(side * distance), k, on)

    limit = side * _crossing(at, farthest, limit_alpha) + null
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed / expected
    fields = {
        "k": k,
        "observed": observed,
        "expected": expected,
        "ratio": ratio,
        "theta": effect + null,
        "tau2": variance,
        "chi2": chi2,
        "p": p,
        "limit": limit,
        "power": np.where(on, power, np.nan),
    }
    method = {"test": test, "alternative": alternative, "alpha": alpha, "limit_alpha": limit_alpha}
    if batch.axes:
        out: dict[str, Any] = {
            name: value.reshape(*batch.axes, *value.shape[1:]) if n else value for name, value in fields.items()
        }
    else:
        out = {name: value[0].item() for name, value in fields.items() if name != "power"}
        out["power"] = tuple(fields["power"][0].tolist())
    return ExcessSignificance(method=method, **out)


def _rows(value: ArrayLike, axes: tuple[int, ...], name: str) -> Floats:
    array = np.asarray(value, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return np.broadcast_to(array, axes).reshape(math.prod(axes)).copy()


def _power(theta: Floats, v: Floats, tau2: Floats, on: Booleans, critical: float, alternative: str) -> Floats:
    """Power of each study's test, averaged over N(theta, tau2), shape (n, k); 0 for studies left out."""
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(v + tau2[:, None])
        reach = critical * np.sqrt(v) / spread
    shift = theta[:, None] / spread
    upper, lower = special.ndtr(shift - reach), special.ndtr(-shift - reach)
    power = {"two.sided": upper + lower, "greater": upper, "less": lower}[alternative]
    return np.where(on, power, 0.0)


def _chi2(observed: Floats, expected: Floats, k: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (observed - expected) ** 2 * (1.0 / expected + 1.0 / (k - expected))


def _p(test: str, observed: Floats, power: Floats, k: Floats, on: Booleans) -> Floats:
    expected = power.sum(axis=1)
    if test == "exact":
        return _tail(power, on, observed)
    if test == "binomial":
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip(expected / k, 0.0, 1.0)
        return np.where(observed == 0, 1.0, special.bdtrc(np.maximum(observed - 1, 0), k, share))
    chi = np.sqrt(_chi2(observed, expected, k))
    p = special.ndtr(np.where(observed > expected, -chi, chi))
    sure = (expected <= 0) | (expected >= k)
    return np.where(sure, (observed <= expected).astype(float), p)


def _tail(power: Floats, on: Booleans, observed: Floats) -> Floats:
    """Probability of at least `observed` significant studies of unlike power: the sum is built study by study."""
    n, k = power.shape
    chance = np.zeros((n, k + 1))
    chance[:, 0] = 1.0
    for j in range(k):
        p = power[:, j, None]
        chance[:, 1 : j + 2] = chance[:, 1 : j + 2] * (1.0 - p) + chance[:, : j + 1] * p
        chance[:, 0] *= 1.0 - p[:, 0]
    several = np.arange(k + 1) >= observed[:, None]
    return np.where(observed == 0, 1.0, np.minimum(1.0, np.where(several, chance, 0.0).sum(axis=1)))


def _crossing(p: Any, farthest: Floats, target: float) -> Floats:
    """Distance from the null at which a growing p reaches `target`, NaN where it starts above."""
    low, high = np.zeros_like(farthest), farthest.copy()
    none = (p(low) > target) | (p(high) < target)
    for _ in range(80):
        middle = 0.5 * (low + high)
        below = p(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(none, np.nan, 0.5 * (low + high))
