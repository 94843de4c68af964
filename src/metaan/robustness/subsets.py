"""All subsets of the studies (graphical display of study heterogeneity, GOSH), and the bootstrap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.pool import summarise
from metaan.robustness.refit import BLOCK, estimator, studies
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result

EXACT = 20  #: up to so many studies all subsets are pooled
_FIGURES = ("estimate", "se", "tau2", "i2", "q")
_PRODUCT = 200_000  #: multiplications in one matrix product: so few that it is not shared among processors
_LOST = 0.05  #: a difference smaller than this share of its terms is worked out again without cancellation
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Subsets(Result):
    """Syntheses of subsets of the studies, one item a subset, working scale."""

    k: NDArray[np.int64]  #: studies in the subset
    estimate: Floats
    se: Floats  #: Wald
    tau2: Floats
    i2: Floats  #: percent
    q: Floats
    converged: Booleans
    packed: NDArray[np.uint8]  #: shape (subsets, ceil(studies / 8)): which studies take part, one bit each; see `mask`
    labels: tuple[str, ...]  #: of all studies
    complete: bool  #: all subsets of at least `method["smallest"]` studies
    quantiles: dict[str, tuple[float, ...]]  #: of estimate, tau2 and i2 at 0, 5, 25, 50, 75, 95 and 100 %
    means: dict[str, float]  #: of estimate, tau2, i2 and q
    method: dict[str, Any]  #: tau2, smallest, seed

    def mask(self, rows: Any = slice(None)) -> Booleans:
        """Return which studies take part in some subsets, shape (rows, studies)."""
        return unpacked(self.packed[rows], len(self.labels))

    def with_and_without(self, study: int | str) -> tuple[Booleans, Booleans]:
        """Tell which subsets hold a study, given by position or label, and which do not."""
        place = self.labels.index(study) if isinstance(study, str) else study
        holds = (self.packed[:, place // 8] >> (place % 8) & 1).astype(bool)
        return holds, ~holds

    def _cells(self) -> list[tuple[str, Any]]:
        return [cell for cell in Result._cells(self) if cell[0] not in ("packed", "labels")]

    def __repr__(self) -> str:
        from metaan.terms.wording import count, number

        of = "all" if self.complete else "a sample of"
        lines = [
            f"Subsets: {of} {count(len(self.k), 'subset', 'subsets')} of {len(self.labels)} studies, "
            f"{self.method['tau2']}"
        ]
        for name in ("estimate", "tau2", "i2"):
            _, low, _, middle, _, high, _ = self.quantiles[name]
            lines.append(f"  {name:<9} median {number(middle)}, 90 % between {number(low)} and {number(high)}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bootstrap(Result):
    """Syntheses of bootstrap samples, one item a sample, working scale."""

    estimate: Floats
    tau2: Floats
    i2: Floats  #: percent
    converged: Booleans
    fitted: float  #: estimate of the data
    fitted_tau2: float
    se: float  #: standard deviation of `estimate`
    bias: float  #: mean of `estimate` minus `fitted`
    ci: Interval  #: percentiles of `estimate`
    tau2_ci: Interval  #: percentiles of `tau2`
    method: dict[str, Any]  #: kind, tau2, level, samples, seed


def subsets(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str = "REML",
    smallest: int = 1,
    samples: int = 1_000_000,
    seed: int = 0,
    labels: ArrayLike | None = None,
) -> Subsets:
    """Pool every subset of the studies, or a sample of subsets.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns.
    tau2, labels
        As in `pool`; tau2 is estimated anew in each subset.
    smallest : int
        Least number of studies in a subset; single studies stand with tau2 0.
    samples : int
        Beyond 20 studies, so many different subsets are drawn, each subset being as likely as any other. Where there
        are not more than that, all are taken.
    seed : int
        Of the draws.

    Returns
    -------
    Subsets
        In order of the binary number in which the first study is the lowest bit, or of the draws.

    Raises
    ------
    ValueError
        As `pool`, and where no subset has `smallest` studies.

    References
    ----------
    .. [1] Olkin I, Dahabreh IJ, Trikalinos TA. Res Synth Methods 2012;3:214-223.
    """
    y, v, names = studies(yi, vi, labels, 1)
    k = y.size
    if not 1 <= smallest <= k:
        raise ValueError(f"smallest must lie between 1 and the number of studies, {k}, not {smallest!r}")
    if samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples!r}")
    complete = k <= EXACT or (k < 62 and 2**k - 1 <= samples)
    estimator(tau2)
    packed = all_of(k, smallest) if complete else some_of(k, smallest, samples, seed)
    parts = []
    for piece in _pieces(len(packed), k):
        mask = np.unpackbits(packed[piece].T, axis=0, count=k, bitorder="little").view(bool)
        parts.append(_by_products(y, v, mask) if tau2 == "DL" else summarise(y, v, tau2=tau2, mask=mask.T))
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    quantiles = {name: tuple(np.quantile(found[name], QUANTILES).tolist()) for name in ("estimate", "tau2", "i2")}
    means = {name: float(found[name].mean()) for name in ("estimate", "tau2", "i2", "q")}
    method = {"tau2": tau2, "smallest": smallest, "seed": None if complete else seed}
    return Subsets(
        packed=packed, labels=names, complete=complete, quantiles=quantiles, means=means, method=method, **found
    )


def bootstrap(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    kind: str = "parametric",
    tau2: str = "REML",
    level: float = 0.95,
    samples: int = 10_000,
    seed: int = 0,
) -> Bootstrap:
    """Pool bootstrap samples.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns; k is at least 2.
    kind : {"parametric", "case"}
        ``"parametric"``: effects drawn from the normal distribution about the fitted mean with variance v + tau2;
        ``"case"``: studies drawn with replacement.
    tau2, level
        As in `pool`; tau2 is estimated anew in each sample.
    samples : int
    seed : int
        Samples do not depend on anything else: the first 1,000 of 10,000 are those of a run of 1,000.

    Returns
    -------
    Bootstrap

    References
    ----------
    .. [1] Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall, 1993.
    """
    y, v, _ = studies(yi, vi, None, 2)
    if kind not in ("parametric", "case"):
        raise ValueError(f"kind must be parametric or case, not {kind!r}")
    if samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples!r}")
    fraction("level", level)
    whole = summarise(y, v, tau2=estimator(tau2))
    mean, between = float(whole["estimate"]), float(whole["tau2"])
    random = np.random.default_rng(seed)
    parts = []
    for piece in _pieces(samples, y.size):
        shape = (piece.stop - piece.start, y.size)
        if kind == "parametric":
            drawn = mean + np.sqrt(v + between) * random.standard_normal(shape)
            parts.append(summarise(drawn, v, tau2=tau2))
        else:
            chosen = random.integers(0, y.size, shape)
            parts.append(summarise(y[chosen], v[chosen], tau2=tau2))
    found = {name: np.concatenate([part[name] for part in parts]) for name in ("estimate", "tau2", "i2", "converged")}
    tails = (0.5 - level / 2.0, 0.5 + level / 2.0)
    return Bootstrap(
        **found,
        fitted=mean,
        fitted_tau2=between,
        se=float(found["estimate"].std(ddof=1)) if samples > 1 else float("nan"),
        bias=float(found["estimate"].mean()) - mean,
        ci=Interval(*np.quantile(found["estimate"], tails).tolist()),
        tau2_ci=Interval(*np.quantile(found["tau2"], tails).tolist()),
        method={"kind": kind, "tau2": tau2, "level": level, "samples": samples, "seed": seed},
    )


def _by_products(y: Floats, v: Floats, mask: Booleans) -> dict[str, NDArray[Any]]:
    """Return what `summarise` does for DerSimonian and Laird, from few matrix products; `mask` has shape (k, n).

    At tau2 = 0 all subsets share their weights: sums over studies are one product of the mask with a few columns.
    Subsets in which a difference of such sums would cost digits are left to `summarise`.
    """
    k, n = mask.shape
    w = 1.0 / v
    middle = (w @ y) / w.sum()
    r = y - middle
    found = {
        name: np.empty(n, dtype=kind)
        for name, kind in (("k", np.int64), *((name, float) for name in _FIGURES), ("converged", bool))
    }
    found["converged"][:] = True
    columns = np.stack([np.ones(k), w, w * r, w * r * r, w * w])
    both = np.stack([np.ones(k), r])
    step = max(1, _PRODUCT // columns.size)
    for start in range(0, n, step):
        i = slice(start, start + step)
        inside = mask[:, i].astype(float)
        number, total, first, second, squares = columns @ inside
        df = number - 1.0
        pull = first * first / total
        share = squares / total
        q, spread = second - pull, total - share
        tau2 = np.maximum(0.0, (q - df) / np.where(spread > 0, spread, 1.0))
        at = inside / (v[:, None] + tau2)
        weight, pulled = both @ at
        ratio = tau2 * spread / np.maximum(df, 1.0)
        values = (middle + pulled / weight, 1.0 / np.sqrt(weight), tau2, 100.0 * (ratio / (1.0 + ratio)), q)
        found["k"][i] = np.rint(number)
        for name, value in zip(_FIGURES, values, strict=True):
            found[name][i] = value
        again = np.flatnonzero((df < 0.5) | (q < _LOST * second) | (spread < _LOST * total)) + start
        if again.size:
            exact = summarise(y, v, tau2="DL", mask=mask[:, again].T)
            for name, all_values in found.items():
                all_values[again] = exact[name]
    return found


def _pieces(n: int, k: int) -> Iterator[slice]:
    step = max(1, BLOCK // k)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def unpacked(packed: NDArray[np.uint8], k: int) -> Booleans:
    """Return which of `k` studies take part in packed subsets, shape (subsets, k)."""
    return np.unpackbits(packed, axis=-1, count=k, bitorder="little").astype(bool)


def all_of(k: int, smallest: int) -> NDArray[np.uint8]:
    """Return all subsets of at least `smallest` studies, packed, in order of their binary number."""
    codes = np.arange(1, 2**k, dtype="<u8")
    if smallest > 1:
        codes = codes[np.bitwise_count(codes) >= smallest]
    return codes.view(np.uint8).reshape(-1, 8)[:, : (k + 7) // 8].copy()


def some_of(k: int, smallest: int, samples: int, seed: int) -> NDArray[np.uint8]:
    """Return different subsets, packed, in the order they were drawn."""
    random = np.random.default_rng(seed)
    found = np.empty((0, (k + 7) // 8), dtype=np.uint8)
    tries = 0
    while len(found) < samples:
        tries += 1
        if tries > 100:
            raise ValueError(
                f"no {samples} different subsets of at least {smallest} of {k} studies were found: "
                "ask for fewer, or lower smallest"
            )
        wanted = samples - len(found) + 16
        drawn = random.integers(0, 256, (wanted, found.shape[1]), dtype=np.uint8)
        if k % 8:
            drawn[:, -1] &= (1 << k % 8) - 1
        enough = np.bitwise_count(drawn).sum(axis=1, dtype=np.int64) >= max(1, smallest)
        joined = np.concatenate([found, drawn[enough]])
        _, first = np.unique(joined, axis=0, return_index=True)
        found = joined[np.sort(first)][:samples]
    return found
