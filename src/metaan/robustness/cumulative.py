"""Cumulative synthesis: studies enter one after the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.robustness.refit import estimator, fits, studies
from metaan.terms.records import Result


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cumulative(Result):
    """The synthesis after each study that enters, working scale."""

    added: tuple[str, ...]  #: label of the study that enters
    position: tuple[int, ...]  #: its place in the input, counted from 0
    k: tuple[int, ...]
    estimate: tuple[float, ...]
    se: tuple[float, ...]  #: the one the limits were built from
    statistic: tuple[float, ...]
    df: tuple[float, ...]  #: of the t reference; inf means normal
    p: tuple[float, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    tau2: tuple[float, ...]
    i2: tuple[float, ...]  #: percent
    h2: tuple[float, ...]
    q: tuple[float, ...]
    q_p: tuple[float, ...]
    converged: tuple[bool, ...]
    method: dict[str, Any]  #: tau2, interval, level


def cumulative(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    order: ArrayLike | None = None,
    tau2: str = "REML",
    interval: str = "mKH",
    level: float = 0.95,
    labels: ArrayLike | None = None,
) -> Cumulative:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and variances, or a table with both columns.
    order : array_like, shape (k,), optional
        Values to sort by, such as years; studies with equal values keep the order of the input. Without it studies
        enter as they stand.
    tau2, interval, level, labels
        As in `pool`; tau2 is estimated anew each time.

    Returns
    -------
    Cumulative
        The last row is the synthesis of all studies. The intervals are not adjusted for looking repeatedly.

    Raises
    ------
    ValueError
        As `pool`, and where `order` lacks values or studies.

    References
    ----------
    .. [1] Lau J et al. N Engl J Med 1992;327:248-254.
    """
    y, v, names = studies(yi, vi, labels, 1)
    k = y.size
    place = np.arange(k)
    if order is not None:
        by = np.asarray(order)
        if by.shape != (k,):
            raise ValueError(f"order must hold one value a study: {k}, not shape {by.shape}")
        missing = [i for i, value in enumerate(by.tolist()) if value is None or value != value]
        if missing:
            raise ValueError(
                f"order lacks a value at position {', '.join(map(str, missing[:10]))}: fill it in or leave it out"
            )
        place = np.argsort(by, kind="stable")
    found = fits(
        y[place],
        v[place],
        k,
        lambda rows: np.arange(k) <= np.arange(k)[rows, None],
        tau2=estimator(tau2),
        interval=interval,
        level=level,
    )
    found.pop("q_df")
    columns: dict[str, Any] = {name: tuple(values.tolist()) for name, values in found.items()}
    return Cumulative(
        added=tuple(names[i] for i in place),
        position=tuple(place.tolist()),
        method={"tau2": tau2, "interval": interval, "level": level},
        **columns,
    )
