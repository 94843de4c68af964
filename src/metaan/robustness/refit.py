"""Syntheses of many parts of one set of studies, in batches of bounded memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaan.pooling import kernel
from metaan.pooling.kernel import Booleans, Floats, read
from metaan.pooling.pool import choose, pool
from metaan.terms.records import Pooled

BLOCK = 1 << 22  #: studies times syntheses worked on in one call
ESTIMATORS = ("REML", "ML", "EB", "PM", "PMM", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "SJIT", "EE", "FE")

#: fields of `Pooled` that single out one synthesis of many
FIELDS = ("k", "estimate", "se", "statistic", "df", "p", "tau2", "i2", "h2", "q", "q_df", "q_p", "converged")


def studies(yi: Any, vi: Any, labels: Any, smallest: int) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return effects, variances and labels of one synthesis, checked.

    Labels that are not given are numbers counted from 1.
    """
    y, v, names = kernel.tidy(yi, vi, labels)
    batch = read(y, v, None, names)
    if batch.axes:
        raise ValueError(f"one synthesis at a time: effects must have one axis, not shape {(*batch.axes, len(y[0]))}")
    k = batch.y.shape[1]
    if k < smallest:
        raise ValueError(f"at least {smallest} studies are needed, not {k}")
    named = tuple(names) if names is not None else tuple(str(i) for i in range(1, k + 1))
    return np.array(batch.y[0]), np.array(batch.v[0]), named


def estimator(tau2: str) -> str:
    """Refuse what does not estimate tau2 anew in each synthesis."""
    if not isinstance(tau2, str):
        raise ValueError(
            f"tau2 must name an estimator, one of {', '.join(ESTIMATORS)}: it is estimated anew in each fit"
        )
    choose("tau2", tau2, ESTIMATORS)
    return tau2


def fits(y: Floats, v: Floats, n: int, mask: Callable[[slice], Booleans], **options: Any) -> dict[str, NDArray[Any]]:
    """Pool `n` parts of a set of studies.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
    n : int
    mask : callable
        Takes a slice of 0..n, returns which studies take part in these rows, shape (rows, k).
    options
        Of `pool`; the interval of tau2 is left out.

    Returns
    -------
    dict
        `FIELDS`, and ``ci_low``, ``ci_high``: arrays of shape (n,).
    """
    step = max(1, BLOCK // y.size)
    parts = []
    for start in range(0, n, step):
        found: Pooled = pool(
            y, v, mask=mask(slice(start, min(start + step, n))), prediction=None, tau2_interval=None, **options
        )
        part = {name: np.asarray(getattr(found, name)) for name in FIELDS}
        parts.append(part | {"ci_low": np.asarray(found.ci.low), "ci_high": np.asarray(found.ci.high)})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def without_one(k: int) -> Callable[[slice], Booleans]:
    """Return the masks of leave-one-out."""
    return lambda rows: np.arange(k) != np.arange(k)[rows, None]
