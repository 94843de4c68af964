"""One synthesis a group of a long table, all groups of one size in one batch."""

import dataclasses
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.pool import pool
from metaan.terms.given import numbers
from metaan.terms.records import Interval, Pooled


def pool_groups(yi: ArrayLike, vi: ArrayLike, by: Sequence[Hashable], **options: Any) -> dict[Hashable, Pooled]:
    """Pool each group of rows on its own.

    Parameters
    ----------
    yi, vi : array_like, shape (n,)
        Effects on the working scale and their sampling variances.
    by : sequence of length n
        Group of each row.
    **options
        Of `pool`, single values that hold for all groups.

    Returns
    -------
    dict
        Group -> `Pooled`, in the order in which groups first appear; weights in the order of the group's rows.

    Raises
    ------
    ValueError
        As `pool`; positions of unusable effects are those of the whole table.
    """
    y, v = numbers("effects", yi), numbers("variances", vi)
    if isinstance(by, str) or not hasattr(by, "__len__"):
        raise ValueError(f"by must name the group of each row, not {by!r}")
    if y.ndim != 1 or y.shape != v.shape or len(y) != len(by):
        raise ValueError(
            f"effects, variances and groups must be as many; their shapes are {y.shape}, {v.shape}, ({len(by)},)"
        )
    rows: dict[Hashable, list[int]] = {}
    for i, group in enumerate(by):
        rows.setdefault(group, []).append(i)
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(v) & (v > 0)))
    if bad.size:
        pool(y, v, **options)  # says which rows cannot be used
    found: dict[Hashable, Pooled] = {}
    for size in sorted({len(places) for places in rows.values()}):
        groups = [group for group, places in rows.items() if len(places) == size]
        places = np.array([rows[group] for group in groups])
        found |= zip(groups, one_by_one(pool(y[places], v[places], **options)), strict=True)
    return {group: found[group] for group in rows}


def one_by_one(batch: Pooled) -> list[Pooled]:
    """Return the syntheses of a batch, each as if it had been pooled alone; batch axes are flattened."""
    columns: dict[str, list[Any]] = {}
    n = int(np.size(batch.k))
    for f in dataclasses.fields(batch):
        value = getattr(batch, f.name)
        if isinstance(value, Interval):
            pairs = zip(np.ravel(value.low).tolist(), np.ravel(value.high).tolist(), strict=True)
            lacking = f.name != "ci"  # every other interval is None in a synthesis that has none
            columns[f.name] = [None if lacking and math.isnan(low) else Interval(low, high) for low, high in pairs]
        elif f.name == "weights":
            columns[f.name] = [tuple(row) for row in np.reshape(value, (n, -1)).tolist()]
        elif isinstance(value, np.ndarray):
            columns[f.name] = value.ravel().tolist()
        else:
            columns[f.name] = [value] * n
    return [type(batch)(**{name: column[i] for name, column in columns.items()}) for i in range(n)]
