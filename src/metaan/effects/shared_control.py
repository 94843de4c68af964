"""Effects that share a control group, whose people would be counted twice.

Either their covariance goes into the model (`control_covariance`), or the control group is divided among them
(`split_control`).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.recipe import refuse
from metaan.effects.shared import column_of, joined, members_of, variances_of

Floats = NDArray[np.float64]

_NEGATIVE = -1e-10  #: smallest eigenvalue of a correlation matrix that is taken as rounding


def control_covariance(
    measure: str,
    vi: ArrayLike,
    control: ArrayLike,
    *,
    yi: ArrayLike | None = None,
    c: ArrayLike | None = None,
    d: ArrayLike | None = None,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    m2: ArrayLike | None = None,
    sd2: ArrayLike | None = None,
    x2: ArrayLike | None = None,
    t2: ArrayLike | None = None,
    add: float = 0.0,
    sd: str = "pair",
    blocks: bool = False,
) -> Floats | list[Floats]:
    """Sampling covariance matrix of effects that share control groups, by large-sample theory.

    Parameters
    ----------
    measure : {"OR", "RR", "RD", "MD", "ROM", "SMD", "IRR", "IRD"}
        Ratios on the log scale.
    vi : array_like, shape (k,)
        Sampling variances.
    control : array_like, shape (k,)
        Label of the control group: the same in the effects that share it, and in no others ("Mori 2001 placebo").
    c, d : array_like, shape (k,), optional
        People of the control group with and without the event (OR, RR, RD).
    n1, n2 : array_like, shape (k,), optional
        Sizes of both groups (SMD), of the control group (MD, ROM).
    m2, sd2 : array_like, shape (k,), optional
        Mean (ROM) and standard deviation (MD, ROM) of the control group.
    x2, t2 : array_like, shape (k,), optional
        Events (IRR, IRD) and person-time (IRD) of the control group.
    yi : array_like, shape (k,), optional
        Effects (SMD).
    add : float or array_like, shape (k,)
        What was added to cells or events for `vi`. Where effects of one control differ in it, the smaller of their two
        covariances is taken, which keeps the matrix positive definite.
    sd : {"pair", "all"}
        SMD: each difference was divided by the standard deviation pooled over its own two groups, or over all groups of
        the study (one number for all).
    blocks : bool
        As for `covariance_matrix`.

    Returns
    -------
    ndarray, shape (k, k), or list of ndarray
        Off the diagonal, for effects i and j that share a control group: OR 1/c + 1/d; RR 1/c - 1/(c + d); RD
        cd / (c + d)^3; MD sd2^2 / n2; ROM (sd2 / m2)^2 / n2; IRR 1/x2; IRD x2 / t2^2; SMD 1/n2 + y_i y_j / (2 N), where
        N is the size of all groups (``sd="all"``), or 1/n2 + y_i y_j (n2 - 1) / (2 df_i df_j), df = n1 + n2 - 2, which
        is the variance that two pooled standard deviations have in common (``sd="pair"``).

    Raises
    ------
    ValueError
        Numbers that are not there or cannot be, effects of one control group that give it different numbers, or a
        covariance larger than the variances allow.

    References
    ----------
    .. [1] Gleser LJ, Olkin I. In: Cooper H, Hedges LV, Valentine JC (eds). The handbook of research synthesis and
       meta-analysis. 2nd ed. 2009:357-376.
    """
    v = variances_of(vi)
    k = v.size
    given = {"yi": yi, "c": c, "d": d, "n1": n1, "n2": n2, "m2": m2, "sd2": sd2, "x2": x2, "t2": t2}
    members = members_of(control, k)
    if measure not in _CONTROL:
        raise ValueError(f"measure must be one of {', '.join(_CONTROL)}, not {measure!r}")
    if sd not in ("pair", "all"):
        raise ValueError(f"sd must be pair or all, not {sd!r}")
    if lacking := [name for name in _CONTROL[measure] if given[name] is None]:
        raise ValueError(f"the covariance of {measure} needs {', '.join(lacking)} of each effect")
    columns = {name: column_of(name, given[name], k) for name in _CONTROL[measure]}
    for name in ("c", "d", "n2", "m2", "sd2", "x2", "t2"):  # the one control group
        if name in columns:
            for rows in members:
                other = columns[name][rows] != columns[name][rows[0]]
                refuse(
                    np.isin(np.arange(k), rows[other]),
                    f"effects of one control group must give it the same {name}",
                    **{name: columns[name]},
                )
    part = _control_part(measure, columns, np.broadcast_to(np.asarray(add, dtype=float), (k,)))
    matrices = []
    for rows in members:
        m = np.minimum.outer(part[rows], part[rows])
        if measure == "SMD":
            y, first, second = columns["yi"][rows], columns["n1"][rows], columns["n2"][rows]
            if sd == "all":
                m = m + np.outer(y, y) / (2.0 * (first.sum() + second[0]))
            else:
                share = y / (first + second - 2.0)
                m = m + np.outer(share, share) * (second[0] - 1.0) / 2.0
        np.fill_diagonal(m, v[rows])
        unit = np.sqrt(np.where(v[rows] > 0, v[rows], 1.0))
        if np.linalg.eigvalsh(m / np.outer(unit, unit))[0] < _NEGATIVE:
            raise ValueError(
                f"the effects with control group {np.asarray(control)[rows[0]]} have variances too small for what they "
                f"share: vi must come from the same numbers"
            )
        matrices.append(m)
    return joined(members, matrices, k, blocks)


def split_control(control: ArrayLike, *counts: ArrayLike) -> tuple[Floats, ...]:
    """Divide each control group evenly among the effects that share it, so that nobody is counted twice.

    Parameters
    ----------
    control : array_like, shape (k,)
        Label of the control group of each effect.
    *counts : array_like, shape (k,)
        What people make up: events, no events, totals, person-time. Means and standard deviations stay as they are.

    Returns
    -------
    tuple of ndarray, shape (k,)
        Each count over the number of effects of its control group; not rounded.

    Notes
    -----
    Only half a remedy: the divided groups are treated as if they were other people, which loses precision and keeps the
    correlation out of the comparison between the effects (Cochrane Handbook 23.3.4).

    Examples
    --------
    >>> split_control(["A", "A", "B"], [9, 9, 4], [41, 41, 40])
    (array([4.5, 4.5, 4. ]), array([20.5, 20.5, 40. ]))
    """
    k = np.shape(control)[0] if np.ndim(control) == 1 else -1
    size = np.ones(max(k, 0))
    for rows in members_of(control, k):
        size[rows] = rows.size
    columns = [column_of("counts", each, k) for each in counts]
    for column in columns:
        refuse(column < 0, "counts must not be negative", count=column)
    return tuple(column / size for column in columns)


_CONTROL: dict[str, tuple[str, ...]] = {
    "OR": ("c", "d"),
    "RR": ("c", "d"),
    "RD": ("c", "d"),
    "MD": ("n2", "sd2"),
    "ROM": ("n2", "m2", "sd2"),
    "SMD": ("yi", "n1", "n2"),
    "IRR": ("x2",),
    "IRD": ("x2", "t2"),
}


def _control_part(measure: str, columns: dict[str, Floats], add: Floats) -> Floats:
    """Return what the control group adds to the variance of each effect, but for the spread of an SMD."""
    get = columns.__getitem__
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure in ("OR", "RR", "RD"):
            refuse((get("c") < 0) | (get("d") < 0), "counts must not be negative", c=get("c"), d=get("d"))
            c, d = get("c") + add, get("d") + add
            n = c + d
            part = {"OR": 1.0 / c + 1.0 / d, "RR": d / (c * n), "RD": c * d / n**3}[measure]
        elif measure in ("MD", "ROM", "SMD"):
            refuse(get("n2") < 1, "each group must hold at least one person", n2=get("n2"))
            if measure == "SMD":
                refuse(get("n1") < 1, "each group must hold at least one person", n1=get("n1"))
                refuse(get("n1") + get("n2") <= 2, "a standard deviation needs more than two people", n1=get("n1"))
                return 1.0 / get("n2")
            refuse(get("sd2") < 0, "standard deviations must not be negative", sd2=get("sd2"))
            part = get("sd2") ** 2 / get("n2") / (get("m2") ** 2 if measure == "ROM" else 1.0)
        else:
            refuse(get("x2") < 0, "events must not be negative", x2=get("x2"))
            x = get("x2") + add
            if measure == "IRD":
                refuse(get("t2") <= 0, "person-time must be above 0", t2=get("t2"))
            part = 1.0 / x if measure == "IRR" else x / get("t2") ** 2
    refuse(~np.isfinite(part), "the control group gives no variance: a cell is 0 and nothing was added", **columns)
    return np.asarray(part, dtype=float)
