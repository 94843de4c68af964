"""Effects of a whole table in one call."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metaan.effects import Effects, binary, continuous

if TYPE_CHECKING:
    import pandas as pd

_COUNTS = ("ai", "bi", "ci", "di", "n1i", "n2i")
_MEANS = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
ROLES = {"OR": _COUNTS, "RR": _COUNTS, "RD": _COUNTS, "MD": _MEANS, "SMD": _MEANS}


def effect_sizes(
    table: "pd.DataFrame | Mapping[str, Any]",
    measure: str = "OR",
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
    vtype: str = "LS",
    **roles: str,
) -> "pd.DataFrame":
    """Append effects `yi` (working scale) and sampling variances `vi` to a table of studies.

    Parameters
    ----------
    table : DataFrame or mapping of columns
        One row a study.
    measure : {"OR", "RR", "RD", "MD", "SMD"}
    add, to, drop00
        Treatment of zero cells, see `binary.log_odds_ratio`. Tables dropped stay in the result with NaN, and a warning
        names them. A risk difference drops none.
    vtype : str
        Variance of the SMD, see `continuous.standardised_mean_difference`.
    **roles : str
        Column that plays a role, where it is not called by the role itself. Counts: ``ai bi`` events and no events in
        row 1, ``ci di`` in row 2, with ``n1i``, ``n2i`` in place of ``bi``, ``di`` if preferred. Means: ``n1i m1i sd1i
        n2i m2i sd2i``.

    Returns
    -------
    DataFrame
        Copy of `table` with `yi` and `vi`; as many rows as came in, NaN where an effect is not estimable.

    Raises
    ------
    ValueError
        Unknown measure or role, a column that is not there, or impossible values.

    Examples
    --------
    >>> effect_sizes({"ai": [4], "n1i": [123], "ci": [11], "n2i": [139]}, measure="RR")["yi"].round(4).item()
    -0.8893
    """
    import pandas as pd

    if measure not in ROLES:
        raise ValueError(f"measure must be one of {', '.join(ROLES)}, not {measure!r}")
    if unknown := sorted(set(roles) - set(ROLES[measure])):
        raise ValueError(f"{measure} has no role {', '.join(unknown)}; its roles are {', '.join(ROLES[measure])}")
    frame = pd.DataFrame(table).copy()
    if missing := sorted(column for column in roles.values() if column not in frame):
        raise ValueError(f"the table has no column {', '.join(missing)}")

    def column(role: str) -> NDArray[np.float64] | None:
        name = roles.get(role, role)
        return frame[name].to_numpy(dtype=float, na_value=np.nan) if name in frame else None

    values = {role: column(role) for role in ROLES[measure]}
    if measure in ("MD", "SMD"):
        frame["yi"], frame["vi"] = _from_means(values, measure, vtype)
    else:
        frame["yi"], frame["vi"] = _from_counts(values, measure, add, to, drop00)
    return frame


def _from_means(values: dict[str, Any], measure: str, vtype: str) -> Effects:
    _require(values, _MEANS)
    arguments = [values[role] for role in _MEANS]
    if measure == "MD":
        return continuous.mean_difference(*arguments)
    return continuous.standardised_mean_difference(*arguments, vtype=vtype)


def _from_counts(values: dict[str, Any], measure: str, add: float, to: str, drop00: bool) -> Effects:
    _require(values, ("ai", "ci"))
    for events, others, total in (("ai", "bi", "n1i"), ("ci", "di", "n2i")):
        if values[others] is None:
            if values[total] is None:
                raise ValueError(f"the table needs {others} or {total} beside {events}")
            values[others] = values[total] - values[events]
    cells = [values[role] for role in ("ai", "bi", "ci", "di")]
    if measure == "RD":
        return binary.risk_difference(*cells, add=add, to=to)
    if drop00 and (silent := binary.no_contrast(*cells)).any():
        rows = ", ".join(str(i) for i in np.flatnonzero(silent))
        warnings.warn(
            f"no {measure} for row {rows} (counted from 0): nobody, or everybody, had the event in both groups",
            UserWarning,
            stacklevel=3,
        )
    function = binary.log_odds_ratio if measure == "OR" else binary.log_risk_ratio
    return function(*cells, add=add, to=to, drop00=drop00)


def _require(values: dict[str, Any], names: tuple[str, ...]) -> None:
    if lacking := [name for name in names if values[name] is None]:
        raise ValueError(f"the table has no column for {', '.join(lacking)}")
