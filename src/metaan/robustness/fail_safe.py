"""Fail-safe N: how many unseen studies averaging no effect would overturn a synthesis."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import summarise
from metaan.terms.given import known_tau2
from metaan.terms.records import Result
from metaan.terms.special import special

KINDS = ("Rosenthal", "Orwin", "Rosenberg", "general")
LARGEST = 10**7  #: beyond it the number is given as infinite
_FEW = 4096  #: numbers of studies that are tried one by one


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FailSafeN(Result):
    """How many studies averaging no effect would be needed."""

    kind: str
    k: int
    n: float  #: whole number of studies; infinite when above ten million, or when no number is enough
    estimate: float  #: average effect of the studies seen; NaN for Rosenthal
    p: float  #: of the studies seen: one-sided for Rosenthal, two-sided otherwise; NaN for Orwin
    alpha: float  #: level aimed at; NaN where a target was
    target: float  #: effect aimed at; NaN where a level was
    estimate_with: float  #: average effect with the n studies added; NaN where that says nothing
    p_with: float  #: p with the n studies added; general method only


def fail_safe_n(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    kind: str = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = True,
    tau2: str | float = "REML",
) -> FailSafeN:
    """Count the studies averaging no effect that would overturn a synthesis.

    The number says nothing about how many studies are missing, and grows with the heterogeneity that should make one
    cautious: it stands here for completeness.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances.
    kind : {"Rosenthal", "Orwin", "Rosenberg", "general"}
        - ``"Rosenthal"``: until the one-sided p of Stouffer's sum of z values reaches `alpha` [1]_.
        - ``"Orwin"``: until the average effect falls to `target` [2]_.
        - ``"Rosenberg"``: until the two-sided p of the equal-effects mean reaches `alpha`, the added studies having the
          average weight of those seen [3]_; normal distribution.
        - ``"general"``: until the random-effects mean is no longer significant at `alpha`, or falls to `target`.
    alpha : float
    target : float, optional
        Orwin (half the average when not given, so that n = k) and general. A target of the other sign is reflected.
    weighted : bool
        Orwin: average by inverse variance, or the plain average.
    tau2 : str or float
        General method: estimator, or known value, of the variance between studies.

    Returns
    -------
    FailSafeN
        n = 0 where the studies seen are not significant, or already below the target.

    Notes
    -----
    The general method adds N studies whose variance is the harmonic mean of those seen, and whose true effects
    average zero with variance tau2. The variance between all k + N is then that of the two groups about their
    common mean m, ((k - 1) tau2 + (N - 1) tau2 + k (mu - m)^2 + N m^2) / (k + N - 1); it is held at that value, not
    estimated anew.

    References
    ----------
    .. [1] Rosenthal R. Psychol Bull 1979;86:638-641.
    .. [2] Orwin RG. J Educ Stat 1983;8:157-159.
    .. [3] Rosenberg MS. Evolution 2005;59:464-468.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha!r}")
    if target is not None and (kind not in ("Orwin", "general") or not math.isfinite(target) or target == 0.0):
        raise ValueError("target must be a finite effect other than zero, for Orwin's and the general method only")
    batch = kernel.read(yi, vi)
    if batch.axes:
        raise ValueError(f"effects must be one synthesis, of shape (k,), not {(*batch.axes, batch.y.shape[1])}")
    y, v = batch.y[0], batch.v[0]
    if kind == "general":
        return _general(y, v, alpha, target, tau2)
    k, w = len(y), 1.0 / v
    mean = float((w * y).sum() / w.sum()) if weighted or kind == "Rosenberg" else float(y.mean())
    fields = {"alpha": alpha, "target": math.nan, "p": math.nan, "estimate": mean, "estimate_with": math.nan}
    if kind == "Rosenthal":
        total = abs(float((y / np.sqrt(v)).sum()))
        n = (total / _z(alpha)) ** 2 - k
        fields |= {"estimate": math.nan, "p": float(special.ndtr(-total / math.sqrt(k)))}
    elif kind == "Rosenberg":
        n = ((w * y).sum() / _z(alpha / 2.0)) ** 2 / w.mean() - k
        fields |= {"p": float(2.0 * special.ndtr(-abs(mean) * math.sqrt(w.sum())))}
    else:
        aim = mean / 2.0 if target is None else math.copysign(target, mean)
        n = k * (mean / aim - 1.0) if aim else 0.0
        fields |= {"alpha": math.nan, "target": aim}
    n = _whole(n)
    if kind == "Orwin":
        fields["estimate_with"] = mean * k / (k + n)
    return FailSafeN(kind=kind, k=k, n=n, p_with=math.nan, **fields)


def _z(tail: float) -> float:
    return float(-special.ndtri(tail))


def _whole(n: float) -> float:
    """Return the next whole number; a number that is whole but for rounding is not raised."""
    nearest = round(max(0.0, n))
    return float(nearest) if abs(n - nearest) <= 1e-9 * max(1.0, nearest) else float(math.ceil(max(0.0, n)))


def _general(y: Floats, v: Floats, alpha: float, target: float | None, tau2: str | float) -> FailSafeN:
    k = len(y)
    t = float(summarise(y, v, tau2=tau2)["tau2"]) if isinstance(tau2, str) else known_tau2(tau2)
    mu = float((y / (v + t)).sum() / (1.0 / (v + t)).sum())
    typical = k / (1.0 / v).sum()  # harmonic mean

    def fit(n: Floats) -> tuple[Floats, Floats]:
        common = mu * k / (k + n)
        squares = (k - 1 + np.maximum(n - 1.0, 0.0)) * t + k * (mu - common) ** 2 + n * common**2
        between = np.where(n > 0, squares / np.maximum(k + n - 1.0, 1.0), t)
        w = 1.0 / (v[:, None] + between)
        total = w.sum(axis=0) + n / (typical + between)
        estimate = (w * y[:, None]).sum(axis=0) / total
        return estimate, 2.0 * special.ndtr(-np.abs(estimate) * np.sqrt(total))

    aim = math.nan if target is None else math.copysign(target, mu)

    def overturned(n: Floats) -> Booleans:
        estimate, p = fit(n)
        return np.asarray(p > alpha if target is None else np.abs(estimate) <= abs(aim))

    n = _first(overturned)
    seen, with_n = fit(np.array([0.0])), fit(np.array([n if math.isfinite(n) else LARGEST]))
    return FailSafeN(
        kind="general",
        k=k,
        n=n,
        estimate=mu,
        p=float(seen[1][0]),
        alpha=alpha if target is None else math.nan,
        target=aim,
        estimate_with=float(with_n[0][0]) if math.isfinite(n) else math.nan,
        p_with=float(with_n[1][0]) if math.isfinite(n) else math.nan,
    )


def _first(overturned: Callable[[Floats], Booleans]) -> float:
    """Return the smallest whole number that overturns the synthesis: one by one, then by bisection."""
    step = 256
    for start in range(0, _FEW, step):
        hit = np.flatnonzero(overturned(np.arange(start, start + step, dtype=float)))
        if hit.size:
            return float(start + hit[0])
    low = _FEW - 1
    high = low
    while not overturned(np.array([float(high)]))[0]:
        if high >= LARGEST:
            return math.inf
        low, high = high, min(2 * high, LARGEST)
    while high - low > 1:
        middle = (low + high) // 2
        if overturned(np.array([float(middle)]))[0]:
            high = middle
        else:
            low = middle
    return float(high)
