"""Rows in independent blocks: the marginal covariance of a multilevel model, factorised block by block.

Effects that share neither sampling error nor a random effect are independent, so the covariance matrix of all effects
falls into blocks. Blocks of one size lie in one stack, and every step works on stacks: 1,000 clusters cost a few calls.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.pooling.kernel import Floats

Integers = NDArray[np.int64]


LARGE = 48  #: blocks from this size on are inverted one by one, as triangles
PADDING = 4096  #: entries that may be wasted to save a stack


class Blocks(NamedTuple):
    """Where the entries of a block-diagonal matrix of order k stand in one flat array.

    Blocks may be padded to the size of their stack: row k, which no matrix has, stands for nothing, and the diagonal
    holds 1 there.
    """

    k: int
    stacks: tuple[Integers, ...]  #: rows of the blocks of one stack, each of shape (m, n)
    label: Integers  #: shape (k,), number of a row's block
    start: Integers  #: shape (k,), flat place of the first entry of a row's line in its block
    place: Integers  #: shape (k,), position of a row in its block
    padding: Integers  #: flat places of the diagonal entries that stand for nothing
    size: int  #: entries in all

    def flat(self, i: Integers, j: Integers) -> Integers:
        """Return the flat places of entries (i, j), which must lie in one block."""
        return self.start[i] + self.place[j]

    def empty(self) -> Floats:
        """Return the flat array of a matrix of zeros, padded."""
        flat = np.zeros(self.size)
        flat[self.padding] = 1.0
        return flat

    def views(self, flat: Floats) -> list[Floats]:
        """Return the stacks of a flat array, each of shape (m, n, n), without copying."""
        found, at = [], 0
        for rows in self.stacks:
            m, n = rows.shape
            found.append(flat[at : at + m * n * n].reshape(m, n, n))
            at += m * n * n
        return found

    def take(self, a: Floats) -> list[Floats]:
        """Return the rows of an array by stacks, zero in the padding: each of shape (m, n) or (m, n, p)."""
        padded = np.concatenate([a, np.zeros_like(a[:1])])
        return [padded[rows] for rows in self.stacks]

    def gather(self, parts: Iterable[Floats]) -> Floats:
        """Return rows that stand by stacks in the order of the data."""
        parts = list(parts)
        out = np.empty((self.k + 1, *parts[0].shape[2:]))
        for rows, part in zip(self.stacks, parts, strict=True):
            out[rows] = part
        return out[:-1]


class Factor(NamedTuple):
    """Inverse roots of a block-diagonal covariance matrix M."""

    blocks: Blocks
    roots: tuple[Floats, ...]  #: lower triangular T with T M T' = I, each of shape (m, n, n)
    logdet: float  #: log determinant of M

    def whiten(self, a: Floats) -> Floats:
        """Return T a in the order of the stacks, zero rows between; a of shape (k, p)."""
        parts = zip(self.roots, self.blocks.take(a), strict=True)
        return np.concatenate([(root @ part).reshape(-1, a.shape[1]) for root, part in parts])

    def solve(self, a: Floats) -> Floats:
        """Return M^-1 a, in the order of the rows; a of shape (k, p)."""
        parts = zip(self.roots, self.blocks.take(a), strict=True)
        return self.blocks.gather(np.swapaxes(root, 1, 2) @ (root @ part) for root, part in parts)

    def inverse(self) -> list[Floats]:
        """Return the stacks of M^-1."""
        return [np.swapaxes(root, 1, 2) @ root for root in self.roots]


def arrange_blocks(label: Integers) -> Blocks:
    """Lay out the entries of blocks.

    Parameters
    ----------
    label : ndarray of int, shape (k,)
        Rows with one number make a block.
    """
    _, label, counts = np.unique(label, return_inverse=True, return_counts=True)
    k = label.size
    order = np.lexsort((label, -counts[label]))  # largest blocks first, the rows of a block together
    sizes = counts[label[order]]
    start, place = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.int64)
    stacks: list[Integers] = []
    padding: list[Integers] = []
    at = size = 0
    while at < k:
        n = int(sizes[at])
        taken, waste, end = [], 0, at
        while end < k:
            own = int(sizes[end])
            waste += n * n - own * own
            if waste > PADDING:
                break
            taken.append((end, own))
            end += own
        rows = np.full((len(taken), n), k)
        for block, (first, own) in enumerate(taken):
            rows[block, :own] = order[first : first + own]
        lines = size + np.arange(rows.size).reshape(rows.shape) * n
        real = rows < k
        start[rows[real]] = lines[real]
        place[rows[real]] = np.nonzero(real)[1]
        padding.append(lines[~real] + np.nonzero(~real)[1])
        stacks.append(rows)
        size += rows.size * n
        at = end
    return Blocks(k, tuple(stacks), label, start, place, np.concatenate(padding), size)


def connect(k: int, groupings: Sequence[Integers], edges: Sequence[tuple[Integers, Integers]] = ()) -> Integers:
    """Number the sets of rows that groupings or edges connect; shape (k,)."""
    label = np.arange(k)
    while True:
        before = label.copy()
        for group in groupings:
            least = np.full(int(group.max()) + 1, k)
            np.minimum.at(least, group, label)
            label = least[group]
        for i, j in edges:
            np.minimum.at(label, i, label[j])
            np.minimum.at(label, j, label[i])
        label = np.minimum(label, label[label])
        if (label == before).all():
            return label


def same_group(group: Integers) -> tuple[Integers, Integers]:
    """Return every ordered pair of rows of one group, each row with itself included."""
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group)
    first = np.cumsum(counts) - counts
    own = counts[group[order]]
    i = np.repeat(order, own)
    within = np.arange(i.size) - np.repeat(np.cumsum(own) - own, own)
    return i, order[np.repeat(first[group[order]], own) + within]


def factorise(blocks: Blocks, flat: Floats) -> Factor | None:
    """Factorise a covariance matrix; None where it is not positive definite.

    Blocks are brought to unit diagonal first, so that variances of very different size cost no digits.
    """
    roots, logdet = [], 0.0
    for m in blocks.views(flat):
        diagonal = np.einsum("mii->mi", m)
        if not (diagonal > 0).all():
            return None
        scale = 1.0 / np.sqrt(diagonal)
        logdet -= 2.0 * float(np.log(scale).sum())
        if m.shape[1] == 1:
            roots.append(scale[:, :, None])
            continue
        try:
            lower = np.linalg.cholesky(m * scale[:, :, None] * scale[:, None, :])
        except np.linalg.LinAlgError:
            return None
        logdet += 2.0 * float(np.log(np.einsum("mii->mi", lower)).sum())
        roots.append(_inverse(lower) * scale[:, None, :])
    return Factor(blocks, tuple(roots), logdet)


def _inverse(lower: Floats) -> Floats:
    """Return the inverses of lower triangular matrices."""
    if lower.shape[1] < LARGE:
        return np.tril(np.linalg.inv(lower))
    from scipy.linalg.lapack import dtrtri

    return np.stack([np.tril(dtrtri(each, lower=1)[0]) for each in lower])
