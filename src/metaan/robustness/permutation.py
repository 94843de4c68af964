"""Permutation tests of moderators, and of a mean by changes of sign."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling import kernel
from metaan.pooling.kernel import Floats
from metaan.pooling.regression import moderators as model
from metaan.pooling.regression.design_matrix import INTERCEPT
from metaan.pooling.regression.meta_regression import arrange
from metaan.pooling.regression.records import wald_statistic
from metaan.terms.records import Result

EXACT = 100_000  #: permutations up to which all are made
_TIE = 1e-9  #: relative; statistics closer than this are equal
_BLOCK = 1 << 18  #: numbers of a block of permutations


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PermutationTest(Result):
    """Permutation p-values of a synthesis or a regression; columns have one item a coefficient."""

    names: tuple[str, ...]
    statistic: tuple[float, ...]  #: of the data as they are: estimate / se
    p: tuple[float, ...]  #: two-sided: share of permutations with a statistic at least as far from zero
    omnibus: float  #: test statistic of all coefficients but the intercept
    omnibus_p: float
    terms: dict[str, float]  #: term of the formula -> p of its test
    exact: bool  #: all permutations were made; otherwise a sample, the data as they are counted in
    permutations: int  #: distinct ones made, or drawn
    not_converged: int  #: permutations left out, as tau2 did not converge
    rows: tuple[int, ...]  #: positions of the studies in use, counted from 0
    dropped: tuple[str, ...]  #: studies left out, with the reason
    method: dict[str, Any]  #: tau2, interval, seed

    def _cells(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in ("names", "statistic", "p")]


def permutation_test(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    moderators: Any = None,
    *,
    formula: str | None = None,
    tau2: str = "REML",
    interval: str = "mKH",
    draws: int = 10_000,
    seed: int = 1,
    exact: bool | None = None,
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    labels: Sequence[str] | None = None,
) -> PermutationTest:
    """Test coefficients against all reassignments of moderators to studies [1]_ [2]_.

    Without moderators the signs of the effects are changed instead: the test that effects are symmetrical about zero.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the working scale and their sampling variances; an effect keeps its variance.
    moderators, formula, reference, factors, labels
        As in `meta_regression`; None for the mean alone.
    tau2, interval : str
        Of the model that is fitted to each permutation; its test statistics are what is compared.
    draws : int
        Permutations drawn where not all are made; the data count as one more [3]_.
    seed : int
        Of NumPy's default generator.
    exact : bool, optional
        Make all permutations, or draw; by default all if there are at most 100,000 distinct ones.

    Returns
    -------
    PermutationTest
        The smallest p there can be is 1 / `permutations`: with few studies no test can be significant.

    Raises
    ------
    ValueError
        As `meta_regression`; `exact` asked for with more than ten million permutations; fewer than one draw.

    References
    ----------
    .. [1] Higgins JPT, Thompson SG. Stat Med 2004;23:1663-1682.
    .. [2] Follmann DA, Proschan MA. Biometrics 1999;55:732-737.
    .. [3] Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9:39.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    if moderators is None and formula is None:
        yi, vi, labels = kernel.tidy(yi, vi, labels)
        moderators, formula = {INTERCEPT: np.ones(np.shape(yi)[-1:])}, "1"
    data = arrange(yi, vi, moderators, formula=formula, reference=reference, factors=factors, labels=labels)
    y, v, x, design = data.y, data.v, data.x, data.design
    columns = {
        ":".join(term): [j for j, owner in enumerate(design.assign) if owner == number]
        for number, term in enumerate(design.terms)
    }
    groups = {term: owned for term, owned in columns.items() if term}
    signs = not groups
    groups["all"] = [j for owned in groups.values() for j in owned] or [0]
    count = 2 ** (len(y) - 1) if signs else _arrangements(x)  # a change of all signs changes no distance from zero
    if exact is None:
        exact = count <= EXACT
    if exact and count > 100 * EXACT:
        raise ValueError(
            f"there are {count:,} permutations, too many to make all: leave `exact` out, and they are drawn"
        )
    observed = _statistics(y[None], v[None], x, tau2, interval, groups)[0][0]
    if exact:
        blocks = _all_signs(y, v) if signs else _all_orders(y, v, x)
        x = x if signs else x[_sorted(x)]
    else:
        blocks = _drawn(y, v, draws, np.random.default_rng(seed), signs=signs)
    edge = np.abs(observed) * (1.0 - _TIE)
    beyond, made = np.zeros(len(observed)), 0
    failed = 0
    for effects, variances in blocks:
        found, converged = _statistics(effects, variances, x, tau2, interval, groups)
        beyond += (np.abs(found[converged]) >= edge).sum(axis=0)
        made += int(converged.sum())
        failed += int((~converged).sum())
    if exact:
        p = beyond / made
        made = made * 2 if signs else made
    else:
        p = (beyond + 1.0) / (made + 1.0)
    p = np.where(np.isnan(observed), np.nan, p)
    m = len(design.names)
    tests = dict(zip(groups, p[m:].tolist(), strict=True))
    omnibus_p = tests.pop("all")
    return PermutationTest(
        names=design.names,
        statistic=tuple(observed[:m].tolist()),
        p=tuple(p[:m].tolist()),
        omnibus=float(observed[m + list(groups).index("all")]),
        omnibus_p=omnibus_p,
        terms=tests,
        exact=exact,
        permutations=made,
        not_converged=failed,
        rows=tuple(int(i) for i in data.rows),
        dropped=data.dropped,
        method={"tau2": tau2, "interval": interval, "seed": seed},
    )


def _statistics(
    y: Floats, v: Floats, x: Floats, tau2: str, interval: str, groups: Mapping[str, Sequence[int]]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return estimates over standard errors, then the test of each group of coefficients; shape (n, p + groups)."""
    fit = model.fit(y, v, x, tau2=tau2)
    covariance, _, df = model.covariance(fit, interval)
    with np.errstate(divide="ignore", invalid="ignore"):
        single = fit.beta / np.sqrt(np.einsum("nii->ni", covariance))
    tests = []
    for chosen in groups.values():
        i = list(chosen)
        if len(i) == 1:
            tests.append(single[:, i[0]] ** 2)
        else:
            share = 1.0 if interval == "Wald" else len(i)
            tests.append(wald_statistic(fit.beta[:, i], covariance[:, i][:, :, i]) / share)
    return np.column_stack([single, *tests]), fit.converged & (df > 0)


def _arrangements(x: Floats) -> int:
    """Return in how many ways rows of a design can be given to studies."""
    counts = Counter(map(tuple, x.tolist()))
    return math.factorial(len(x)) // math.prod(math.factorial(count) for count in counts.values())


def _labels(x: Floats) -> NDArray[np.int64]:
    return np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)


def _sorted(x: Floats) -> NDArray[np.int64]:
    return np.argsort(_labels(x), kind="stable")


def _all_orders(y: Floats, v: Floats, x: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield studies in every distinct order against the sorted design: who moves matters not, so the design stays."""
    labels = _labels(x)
    counts = np.bincount(labels)
    k = len(y)

    def grown(rows: NDArray[np.int16], left: NDArray[np.int64]) -> Iterator[NDArray[np.int16]]:
        """Append every label that is left, depth first once a block is full."""
        while rows.shape[1] < k:
            if rows.size > _BLOCK:
                half = len(rows) // 2
                yield from grown(rows[:half], left[:half])
                rows, left = rows[half:], left[half:]
                continue
            row, label = np.nonzero(left > 0)
            rows = np.hstack([rows[row], label[:, None].astype(np.int16)])
            left = left[row]
            left[np.arange(len(row)), label] -= 1
        yield rows

    for rows in grown(np.empty((1, 0), dtype=np.int16), counts[None].copy()):
        order = np.argsort(rows, axis=1, kind="stable")
        yield y[order], v[order]


def _all_signs(y: Floats, v: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield every change of signs with that of the first effect kept."""
    free = len(y) - 1
    step = max(1, _BLOCK // len(y))
    for start in range(0, 2**free, step):
        codes = np.arange(start, min(start + step, 2**free))
        signs = np.ones((len(codes), len(y)))
        signs[:, 1:] -= 2.0 * ((codes[:, None] >> np.arange(free)) & 1)
        yield signs * y, np.broadcast_to(v, signs.shape)


def _drawn(
    y: Floats, v: Floats, draws: int, generator: np.random.Generator, *, signs: bool
) -> Iterator[tuple[Floats, Floats]]:
    k = len(y)
    step = max(1, _BLOCK // k)
    for start in range(0, draws, step):
        shape = (min(step, draws - start), k)
        if signs:
            yield y * generator.choice([-1.0, 1.0], shape), np.broadcast_to(v, shape)
        else:
            order = generator.permuted(np.broadcast_to(np.arange(k), shape), axis=1)
            yield y[order], v[order]
