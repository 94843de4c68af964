"""Effects that are not independent: sampling covariance matrices from assumed correlations within clusters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects.recipe import floats, refuse
from metaan.terms.given import named

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rho = float | tuple[float, float] | Mapping[tuple[Any, Any], float]

_NEGATIVE = -1e-10  #: smallest eigenvalue of a correlation matrix that is taken as rounding


def covariance_matrix(
    vi: ArrayLike,
    cluster: ArrayLike,
    *,
    rho: Rho | None = None,
    kind: ArrayLike | None = None,
    phi: float | None = None,
    time: ArrayLike | None = None,
    time2: ArrayLike | None = None,
    group1: ArrayLike | None = None,
    group2: ArrayLike | None = None,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    blocks: bool = False,
) -> Floats | list[Floats]:
    """Sampling covariance matrix of effects that are correlated within clusters, with assumed correlations.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances, not negative.
    cluster : array_like, shape (k,)
        Labels; effects of different clusters are independent. A cluster is mostly a study: whoever shares people.
    rho : float, pair of floats, or mapping, optional
        Correlation of two effects of a cluster, such as of two outcomes in the same people. With `kind`: two effects of
        the same kind, two of different kinds; or ``{("pain", "sleep"): 0.5, ...}`` for each pair of kinds (two effects
        of one kind need ``("pain", "pain")``).
    kind : array_like, shape (k,), optional
        Labels of kinds of outcome.
    phi : float, optional
        Correlation of two measurements one unit of `time` apart; further apart phi^distance. 0 <= phi <= 1.
    time, time2 : array_like of float, shape (k,), optional
        When the effect was measured; with groups, when the first and the second group were (`time2` is `time` if not
        given).
    group1, group2 : array_like, shape (k,), optional
        Labels of the two groups each effect compares, first minus second. Labels are those within the cluster.
    n1, n2 : array_like, shape (k,), optional
        Sizes of these groups; without them all groups are taken as of one size.
    blocks : bool
        Return one matrix a cluster in place of the whole matrix. Effects of a cluster must then stand together.

    Returns
    -------
    ndarray, shape (k, k), or list of ndarray
        Its diagonal is `vi`.

    Raises
    ------
    ValueError
        Nothing that says how effects are correlated, an impossible correlation, sizes, lengths or labels that cannot
        be used, or correlations that contradict each other (a matrix with a negative eigenvalue).

    Notes
    -----
    The correlation of two effects is the product of that by kind and that by groups and time. With groups, an effect is
    the difference of two means of unit-variance outcomes: its variance is 1/n1 + 1/n2, and means of the same group at
    times s and t have covariance phi^|s-t| / n. Two comparisons of n1 and n1' people with one control group of n2
    people so have correlation (1/n2) / sqrt((1/n1 + 1/n2)(1/n1' + 1/n2)). For effects that are not differences of means
    this is an approximation; `shared_control` has the large-sample expressions for a shared control group.

    References
    ----------
    .. [1] Gleser LJ, Olkin I. In: Cooper H, Hedges LV, Valentine JC (eds). The handbook of research synthesis and
       meta-analysis. 2nd ed. 2009:357-376 (differences that share a group).

    Examples
    --------
    >>> covariance_matrix([0.04, 0.09, 0.05], ["A", "A", "B"], rho=0.5)
    array([[0.04, 0.03, 0.  ],
           [0.03, 0.09, 0.  ],
           [0.  , 0.  , 0.05]])
    """
    v = variances_of(vi)
    k = v.size
    if rho is None and time is None and group1 is None and group2 is None:
        raise ValueError("say how effects of a cluster are correlated: give rho, time with phi, or group1 and group2")
    by_kind = _Kinds(rho, None if kind is None else _codes("kind", kind, k))
    if kind is not None and rho is None:
        raise ValueError("kind says nothing without rho")
    contrasts = _Contrasts(k, phi, time, time2, group1, group2, n1, n2)
    members = members_of(cluster, k)
    matrices: list[Floats] = [np.empty((0, 0))] * len(members)
    by_size: dict[int, list[int]] = {}
    for position, rows in enumerate(members):
        by_size.setdefault(rows.size, []).append(position)
    labels = np.asarray(cluster)
    for positions in by_size.values():
        rows = np.stack([members[position] for position in positions])
        r = by_kind.correlation(rows) * contrasts.correlation(rows)
        every = np.arange(rows.shape[1])
        r[:, every, every] = 1.0
        negative = np.linalg.eigvalsh(r)[:, 0] < _NEGATIVE
        if negative.any():
            names = [str(labels[rows[i, 0]]) for i in np.flatnonzero(negative)]
            raise ValueError(
                f"correlations that cannot be true together (a negative eigenvalue) in cluster {named(names)}: lower "
                f"them, or look for one group or time that stands in two effects as if it were two"
            )
        root = np.sqrt(v[rows])
        r *= root[:, :, None] * root[:, None, :]
        r[:, every, every] = v[rows]
        for position, matrix in zip(positions, r, strict=True):
            matrices[position] = matrix
    return joined(members, matrices, k, blocks)


class _Kinds:
    """Correlations by kind of outcome."""

    def __init__(self, rho: Rho | None, kind: tuple[Integers, list[Any]] | None) -> None:
        self.kind = None if kind is None else kind[0]
        if rho is None:
            self.table = np.ones((1, 1))
        elif isinstance(rho, Mapping):
            if kind is None:
                raise ValueError("rho for pairs of kinds needs kind: the kind of each effect")
            self.table = _table_of(rho, kind[1])
        elif np.ndim(rho) == 0:
            self.table = np.full((1, 1) if kind is None else (len(kind[1]),) * 2, float(np.asarray(rho)))
        else:
            if kind is None or np.shape(rho) != (2,):
                raise ValueError(
                    "two correlations, of the same kind and of different kinds, need kind: the kind of each effect"
                )
            same, different = np.asarray(rho, dtype=float)
            self.table = np.where(np.eye(len(kind[1]), dtype=bool), same, different)
        bad = np.abs(self.table[~np.isnan(self.table)]) > 1.0
        if bad.any() or (rho is not None and not isinstance(rho, Mapping) and np.isnan(self.table).any()):
            raise ValueError(f"correlations lie between -1 and 1, not {rho!r}")

    def correlation(self, rows: Integers) -> Floats:
        if self.kind is None:
            return np.full((*rows.shape, rows.shape[1]), self.table[0, 0])
        code = self.kind[rows]
        r: Floats = self.table[code[:, :, None], code[:, None, :]]
        lacking = np.isnan(r) & ~np.eye(rows.shape[1], dtype=bool)
        if lacking.any():
            cluster, i, j = (int(x) for x in np.argwhere(lacking)[0])
            raise ValueError(f"rho has no correlation for the kinds of rows {rows[cluster, i]} and {rows[cluster, j]}")
        return r


def _table_of(rho: Mapping[tuple[Any, Any], float], kinds: list[Any]) -> Floats:
    position = {kind: i for i, kind in enumerate(kinds)}
    table = np.full((len(kinds), len(kinds)), np.nan)
    for (one, other), value in rho.items():
        if one in position and other in position:
            i, j = position[one], position[other]
            if not np.isnan(table[i, j]) and table[i, j] != value:
                raise ValueError(f"rho gives two correlations for {one} and {other}")
            table[i, j] = table[j, i] = value
    return table


class _Contrasts:
    """Correlations by groups and time."""

    def __init__(
        self,
        k: int,
        phi: float | None,
        time: ArrayLike | None,
        time2: ArrayLike | None,
        group1: ArrayLike | None,
        group2: ArrayLike | None,
        n1: ArrayLike | None,
        n2: ArrayLike | None,
    ) -> None:
        if (time is None) != (phi is None):
            raise ValueError(
                "time and phi go together: when each effect was measured, and the correlation a unit apart"
            )
        if phi is not None and not 0.0 <= phi <= 1.0:
            raise ValueError(f"phi must lie between 0 and 1, not {phi!r}")
        if (group1 is None) != (group2 is None) or (n1 is None) != (n2 is None):
            raise ValueError("group1 and group2 go together, and so do n1 and n2")
        if group1 is None and (n1 is not None or time2 is not None):
            raise ValueError("n1, n2 and time2 say something about group1 and group2, which are not given")
        self.phi = phi
        self.first = np.zeros(k) if time is None else column_of("time", time, k)
        self.second = self.first if time2 is None else column_of("time2", time2, k)
        self.groups: tuple[Integers, Integers] | None = None
        if group1 is not None and group2 is not None:
            both = np.concatenate([_labels("group1", group1, k), _labels("group2", group2, k)])
            code = _codes("group", both, 2 * k)[0]
            self.groups = code[:k], code[k:]
        self.sizes = tuple(np.ones(k) if n is None else column_of("n", n, k) for n in (n1, n2))
        for name, n in zip(("n1", "n2"), self.sizes, strict=True):
            refuse(n <= 0, "groups must hold people", **{name: n})

    def correlation(self, rows: Integers) -> Floats:
        if self.groups is None:
            return self._over_time(self.first[rows], self.first[rows])
        group, size = [g[rows] for g in self.groups], [n[rows] for n in self.sizes]
        time, sign = [self.first[rows], self.second[rows]], (1.0, -1.0)
        total = np.zeros((*rows.shape, rows.shape[1]))
        for a in (0, 1):
            for b in (0, 1):
                same = group[a][:, :, None] == group[b][:, None, :]
                root = np.sqrt(size[a][:, :, None] * size[b][:, None, :])
                total += sign[a] * sign[b] * same * self._over_time(time[a], time[b]) / root
        variance = np.diagonal(total, axis1=1, axis2=2)
        none = np.isin(np.arange(self.first.size), rows[variance <= 0])
        refuse(none, "an effect must compare two groups, or one group at two times")
        return total / np.sqrt(variance[:, :, None] * variance[:, None, :])

    def _over_time(self, one: Floats, other: Floats) -> Floats:
        apart = np.abs(one[:, :, None] - other[:, None, :])
        return np.ones(apart.shape) if self.phi is None else np.asarray(self.phi**apart, dtype=float)


def variances_of(vi: ArrayLike) -> Floats:
    """Return one variance an effect; refuse others than finite ones not below 0."""
    (v,) = floats(vi)
    if v.ndim != 1:
        raise ValueError(f"vi must hold one variance an effect, shape (k,); it has shape {v.shape}")
    refuse(~((v >= 0) & np.isfinite(v)), "sampling variances must be finite and not negative", vi=v)
    return v


def column_of(name: str, values: ArrayLike | None, k: int) -> Floats:
    """Return k finite numbers; one number stands for all."""
    column = np.asarray(values, dtype=float)
    if column.ndim == 0:
        column = np.full(k, float(column))
    if column.shape != (k,):
        raise ValueError(f"{name} must hold one number an effect, {k} in all; it has shape {column.shape}")
    refuse(~np.isfinite(column), f"{name} must be a finite number", **{name: column})
    return column


def _labels(name: str, values: ArrayLike, k: int) -> NDArray[Any]:
    labels = np.asarray(values)
    if labels.shape != (k,):
        raise ValueError(f"{name} must hold one label an effect, {k} in all; it has shape {labels.shape}")
    if labels.dtype == object:
        refuse(np.array([each is None or each != each for each in labels], dtype=bool), f"{name} must not be blank")
        return labels.astype(str) if any(isinstance(each, str) for each in labels) else labels
    if labels.dtype.kind == "f":
        refuse(np.isnan(labels), f"{name} must not be blank")
    return labels


def _codes(name: str, values: ArrayLike, k: int) -> tuple[Integers, list[Any]]:
    distinct, code = np.unique(_labels(name, values, k), return_inverse=True)
    return code.reshape(-1), distinct.tolist()


def members_of(cluster: ArrayLike, k: int) -> list[Integers]:
    """Return the rows of each cluster, clusters in the order of their first row."""
    code, _ = _codes("cluster", cluster, k)
    if not k:
        return []
    order = np.argsort(code, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    return sorted(parts, key=lambda rows: int(rows[0]))


def joined(members: list[Integers], matrices: Sequence[Floats], k: int, blocks: bool) -> Floats | list[Floats]:
    """Return the matrix with these blocks, or the blocks if their effects stand together."""
    if blocks:
        if members and (np.concatenate(members) != np.arange(k)).any():
            raise ValueError("blocks need the effects of a cluster to stand together: sort the table by cluster")
        return list(matrices)
    whole = np.zeros((k, k))
    for rows, matrix in zip(members, matrices, strict=True):
        whole[np.ix_(rows, rows)] = matrix
    return whole
