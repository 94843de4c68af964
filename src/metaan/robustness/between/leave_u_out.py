"""Replicability: what is left of a result when some of its studies are left out, whichever they are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.kernel import Booleans, Floats
from metaan.robustness.refit import fits, studies
from metaan.robustness.standing import standing
from metaan.robustness.subsets import all_of, some_of, unpacked
from metaan.terms.given import fraction
from metaan.terms.records import Result
from metaan.terms.special import special

WORK = 250_000  #: studies times syntheses of the sizes tried exhaustively: bounds time
SAMPLES = 2_000  #: subsets drawn where all would be more work than that: a share is known to about 1 %
SEED = 0
TRUNCATION = 0.05  #: study p-values above it carry no evidence in the combination; metarep's default


class Combined(NamedTuple):
    """Evidence of replicability without any model of the true effects."""

    r: Floats  #: r(u), u = 1..k, two-sided
    above: Floats  #: one-sided: for effects above no effect
    below: Floats


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeaveUOut(Result):
    """What every removal of a few studies does to a pooled result."""

    r: tuple[float, ...]  #: r(u), u = 1, 2, ...: as far as was tried
    complete: bool  #: the last r(u) is above alpha, or its u is the number of studies
    supported: int  #: largest u with r(1) to r(u) at most alpha: a least number unless `complete`
    at_most: int  #: largest u that can still be supported; k where no removal that breaks it was found
    #: least number of studies whose removal changes the conclusion, two being left; None: unknown, or none does
    fewest: int | None
    tried: int  #: all removals of up to so many studies were tried
    enough: tuple[int, ...]  #: positions of studies whose removal changes the conclusion; empty where none was found


class AllSubsets(NamedTuple):
    """Shares of the subsets of at least two studies."""

    subsets: int  #: pooled
    complete: bool  #: all there are, or a sample of them
    changed: float  #: 0 to 1: conclusion differs from that of all studies
    opposite: float  #: interval on the other side of no effect
    direction: float  #: estimate on the other side of no effect


def truncated_product(p: Any, truncation: float = TRUNCATION) -> float:
    """Combine one-sided p-values that are at most `truncation`, by their product (truncated Pearson of metarep).

    Parameters
    ----------
    p : array_like of shape (k,)
        Independent p-values.
    truncation : float
        Above 0 and at most 1; at 1 this is Fisher's combination.

    Returns
    -------
    float
        Probability of so small a product, 1 where no p-value counts.

    References
    ----------
    .. [1] Zaykin DV et al. Genet Epidemiol 2002;22:170-185.
    """
    return float(_combine(np.log(np.asarray(p, dtype=float)), truncation))


def _combine(log_p: Floats, truncation: float) -> float:
    k = log_p.size
    counted = log_p[log_p <= math.log(truncation)]
    if not counted.size:
        return 1.0
    product = float(counted.sum())
    if truncation == 1.0:
        return float(special.gammaincc(k, -product))
    j = np.arange(1, k + 1)
    chance = np.exp(
        special.gammaln(k + 1)
        - special.gammaln(j + 1)
        - special.gammaln(k - j + 1)
        + j * math.log(truncation)
        + (k - j) * math.log1p(-truncation)
    )
    return min(1.0, float(chance @ special.gammaincc(j, np.maximum(0.0, j * math.log(truncation) - product))))


def combined_replicability(yi: ArrayLike, vi: ArrayLike | None = None, *, truncation: float = TRUNCATION) -> Combined:
    """r-values that hold whatever the true effects are: are there at least u studies with an effect?

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on a scale where 0 is no effect, and their sampling variances.
    truncation : float
        As in `truncated_product`.

    Returns
    -------
    Combined
        One-sided r(u) is the p-value of the combination of the k - u + 1 largest study p-values, the worst of all
        subsets of that size; for u = k the largest p-value, 1 where it is above the truncation. Two-sided
        2 min(above, below), at most 1. Values never fall from one u to the next.

    References
    ----------
    .. [1] Jaljuli I et al. Stat Biopharm Res 2023;15:372-385. R package metarep.
    .. [2] Benjamini Y, Heller R. Biometrics 2008;64:1215-1222.
    """
    y, v, _ = studies(yi, vi, None, 1)
    if not 0.0 < truncation <= 1.0:
        raise ValueError(f"truncation must lie above 0 and not above 1, not {truncation!r}")
    z = y / np.sqrt(v)
    sides = []
    for sign in (-1.0, 1.0):
        worst = np.sort(special.log_ndtr(sign * z))
        last = float(np.exp(worst[-1]))
        values = [_combine(worst[u:], truncation) for u in range(y.size - 1)]
        values.append(last if last <= truncation else 1.0)
        sides.append(np.maximum.accumulate(np.array(values)))
    above, below = sides
    return Combined(np.minimum(1.0, 2.0 * np.minimum(above, below)), above, below)


def leave_u_out(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    alpha: float | None = None,
    work: int = WORK,
) -> LeaveUOut:
    """r-values of a pooled result, and the fewest studies whose removal changes its conclusion.

    The r-value r(u) is the largest p-value of the pooled effect over all subsets of k - u + 1 studies: two-sided
    2 min(largest p above, largest p below), at most 1. If r(u) is at most alpha, at least u studies have an effect in
    that direction. The conclusion is whether the interval leaves out no effect, and on which side.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
    tau2, interval, level
        As in `pool`; two studies left over get a Wald interval where mKH is asked for, as they are drawn.
    alpha : float, optional
        1 - level unless given.
    work : int
        Studies times subsets tried exhaustively in one size; beyond it studies are removed one after the other, each
        time the one that weakens the result most, which bounds what is not known; again for no more than this work.

    Returns
    -------
    LeaveUOut

    References
    ----------
    .. [1] Jaljuli I et al. Stat Biopharm Res 2023;15:372-385.
    """
    y, v, _ = studies(yi, vi, None, 1)
    alpha = round(1.0 - level, 12) if alpha is None else alpha
    fraction("alpha", alpha)
    return _Search(y, v, {"tau2": tau2, "interval": interval, "level": level}, alpha, work).found()


def all_subsets(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    work: int = WORK,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> AllSubsets:
    """Share of the subsets of at least two studies that lead to another conclusion than all studies.

    Parameters
    ----------
    yi, vi, tau2, interval, level
        As in `leave_u_out`; k at least 3.
    work : int
        All subsets are pooled where their number times k is at most this, a sample of `samples` elsewhere.
    samples, seed : int
        Of the sample, each subset as likely as any other; fewer where `work` allows no more, but at least 500.

    Returns
    -------
    AllSubsets
        The set of all studies counts as one of the subsets.
    """
    y, v, _ = studies(yi, vi, None, 3)
    k = y.size
    complete = k < 62 and (2**k - 1) * k <= work
    packed = all_of(k, 2) if complete else some_of(k, 2, min(samples, max(500, work // k)), seed)
    mask = unpacked(packed, k)
    model = {"tau2": tau2, "interval": interval, "level": level}
    whole = _fits(y, v, np.ones((1, k), dtype=bool), model)
    side = int(_side(whole)[0])
    two = mask.sum(axis=1) == 2
    codes, estimates = [], []
    for rows in (mask[two], mask[~two]):
        if len(rows):
            found = _fits(y, v, rows, model)
            codes.append(_side(found))
            estimates.append(found["estimate"])
    code, estimate = np.concatenate(codes), np.concatenate(estimates)
    return AllSubsets(
        subsets=len(mask),
        complete=complete,
        changed=float((code != side).mean()),
        opposite=float((code * side < 0).mean()),
        direction=float((estimate * float(whole["estimate"][0]) < 0).mean()),
    )


def _fits(y: Floats, v: Floats, mask: Booleans, model: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Pool subsets of one size, or of more than two studies, by the model of the analysis."""
    options = dict(model)
    if int(mask[0].sum()) == 2 and options["interval"] == "mKH":
        options["interval"] = "Wald"  # as it is drawn; see pooling.strata
    return fits(y, v, len(mask), lambda rows: mask[rows], **options)


def _side(found: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Return on which side of no effect the intervals lie; 0 where they include it."""
    return standing(found["ci_low"], found["ci_high"], None)


class _Search:
    """Removal of more and more studies."""

    def __init__(self, y: Floats, v: Floats, model: Mapping[str, Any], alpha: float, work: int) -> None:
        self.y, self.v, self.model, self.alpha, self.work = y, v, model, alpha, work
        self.k = y.size
        whole = self._try(np.ones((1, self.k), dtype=bool))
        self.whole = int(_side(whole)[0])
        self.up = bool(whole["estimate"][0] >= 0)

    def _try(self, mask: Booleans) -> dict[str, NDArray[Any]]:
        return _fits(self.y, self.v, mask, self.model)

    def _masks(self, m: int) -> Booleans:
        out = np.array(list(combinations(range(self.k), m)), dtype=np.intp).reshape(math.comb(self.k, m), m)
        mask = np.ones((len(out), self.k), dtype=bool)
        mask[np.arange(len(out))[:, None], out] = False
        return mask

    def found(self) -> LeaveUOut:
        """Try all removals of one, two, ... studies as far as the work allows, then one after the other."""
        r: list[float] = []
        supported, fewest, enough = 0, None, np.empty(0, dtype=np.intp)
        done, tried = False, -1
        weakest = nearest = np.ones(self.k, dtype=bool)
        for m in range(self.k):
            if (done and fewest is not None) or math.comb(self.k, m) * self.k > self.work:
                break
            if done and m > self.k - 2:
                break
            mask = self._masks(m)
            found = self._try(mask)
            p = self._one_sided(found)
            if not done:
                r.append(max(_two_sided(p), r[-1] if r else 0.0))
                weakest = mask[int(p.argmax())]
                if r[-1] <= self.alpha:
                    supported = m + 1
                done = r[-1] > self.alpha or m == self.k - 1
            if fewest is None and m <= self.k - 2:
                tried = m
                nearest, changed = mask[int(self._gain(found).argmax())], _side(found) != self.whole
                if changed.any():
                    fewest, enough = m, np.flatnonzero(~mask[int(changed.argmax())])
        at_most = supported if done else self._bound(weakest)
        if fewest is None:
            enough = self._greedy(nearest)
            if enough.size and enough.size == tried + 1:  # no smaller removal is left untried
                fewest = int(enough.size)
        return LeaveUOut(
            r=tuple(r),
            complete=done,
            supported=supported,
            at_most=at_most,
            fewest=fewest,
            tried=max(tried, 0),
            enough=tuple(int(place) for place in enough),
        )

    def _one_sided(self, found: Mapping[str, NDArray[Any]]) -> Floats:
        """Return the p-value of each subset in the direction of all studies."""
        half = np.where(np.isnan(found["p"]), 1.0, found["p"]) / 2.0  # plain HK of equal effects has none
        return np.where((found["estimate"] > 0) == self.up, half, 1.0 - half)

    def _gain(self, found: Mapping[str, NDArray[Any]]) -> Floats:
        """Return how near each subset is to another conclusion: the larger, the nearer."""
        if self.whole > 0:
            return -found["ci_low"]
        if self.whole < 0:
            return found["ci_high"]
        return np.maximum(found["ci_low"], -found["ci_high"])

    def _without_one_more(self, mask: Booleans) -> Booleans:
        inside = np.flatnonzero(mask)
        more = np.repeat(mask[None, :], len(inside), axis=0)
        more[np.arange(len(inside)), inside] = False
        return more

    def _steps(self, mask: Booleans, least: int) -> int:
        """Return how many studies may be removed one by one, `least` being left and the work bounded."""
        return int(min(mask.sum() - least, self.work // self.k**2))

    def _bound(self, mask: Booleans) -> int:
        """Return the largest u that a removal found step by step leaves open."""
        for _ in range(self._steps(mask, 1)):
            more = self._without_one_more(mask)
            p = self._one_sided(self._try(more))
            mask = more[int(p.argmax())]
            if 2.0 * p.max() > self.alpha:
                return int((~mask).sum())
        return self.k

    def _greedy(self, mask: Booleans) -> NDArray[np.intp]:
        """Return studies whose removal changes the conclusion, found step by step; empty where there are none."""
        for _ in range(self._steps(mask, 2)):
            more = self._without_one_more(mask)
            found = self._try(more)
            changed = _side(found) != self.whole
            if changed.any():
                return np.flatnonzero(~more[int(changed.argmax())])
            mask = more[int(self._gain(found).argmax())]
        return np.empty(0, dtype=np.intp)


def _two_sided(p: Floats) -> float:
    return float(min(1.0, 2.0 * min(p.max(), (1.0 - p).max())))
