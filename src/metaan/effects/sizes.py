"""Effects of a whole table in one call."""

import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaan.effects.recipe import BadRows, Inputs, Recipe
from metaan.terms.given import named

if TYPE_CHECKING:
    import pandas as pd

MODULES = (
    "binary",
    "tetrachoric",
    "paired_counts",
    "rates",
    "single",
    "continuous",
    "mean_ratios",
    "paired",
    "paired_ratios",
    "correlation",
    "biserial",
    "reliability",
    "generic",
)
LABELS = ("study", "slab")  #: columns that name the rows in messages, the first that is there


@cache
def recipes() -> dict[str, Recipe]:
    """Return every measure that can be computed, by name."""
    found: dict[str, Recipe] = {}
    for name in MODULES:
        made: tuple[Recipe, ...] = import_module(f"metaan.effects.{name}").RECIPES
        found |= {recipe.name: recipe for recipe in made}
    return found


def effect_sizes(
    table: "pd.DataFrame | Mapping[str, Any]", measure: str = "OR", *, labels: str | None = None, **given: Any
) -> "pd.DataFrame":
    """Append effects `yi` (working scale) and sampling variances `vi` to a table of studies.

    Parameters
    ----------
    table : DataFrame or mapping of columns
        One row a study.
    measure : str
        Name as in metafor, one of `recipes()`: two groups ``OR RR RD AS PETO PBIT OR2DL OR2DN IRR IRD IRSD MD SMD``
        ..., association ``PHI YUQ YUY RTET COR ZCOR`` ..., pairs ``MPRR MPOR MPRD MPORC MPPETO MC SMCC`` ..., one group
        ``PR PLN PLO PAS PFT IR IRLN IRS IRFT MN MNLN SDLN CVLN``. `terms.measures.MEASURES` says what they mean.
    labels : str, optional
        Column that names the studies in messages; without it ``study`` or ``slab``, if the table has one.
    **given
        The column that plays a role, where it is not called by the role itself (``ai="events"``), and options of the
        measure (``drop00=False``, ``vtype="UB"``). Roles are those of metafor: counts ``ai bi`` (events and no events
        in row 1) and ``ci di`` (row 2), with ``n1i n2i`` in place of ``bi di`` if preferred; events and person-time
        ``x1i t1i x2i t2i``; means ``n1i m1i sd1i n2i m2i sd2i``; one group ``xi ni``, ``xi ti``, ``mi sdi ni``. Options
        and their defaults are those of the function that the recipe names.

    Returns
    -------
    DataFrame
        Copy of `table` with `yi` and `vi`, in place of columns of these names; as many rows as came in, NaN where an
        effect is not estimable. A warning names rows that have every number and no effect.

    Raises
    ------
    ValueError
        Unknown measure, role or option, a column that is not there or holds no numbers, or impossible values; rows are
        named by their label, else counted from 0.

    Examples
    --------
    >>> effect_sizes({"ai": [4], "n1i": [123], "ci": [11], "n2i": [139]}, measure="RR")["yi"].round(4).item()
    -0.8893
    """
    import pandas as pd

    if measure not in recipes():
        raise ValueError(f"measure must be one of {', '.join(recipes())}, not {measure!r}")
    recipe = recipes()[measure]
    options = {name: value for name, value in given.items() if name in recipe.options}
    roles = {name: value for name, value in given.items() if name not in recipe.options}
    _known(recipe, roles)
    frame = pd.DataFrame(table).copy()
    wanted = [*roles.values(), *([] if labels is None else [labels])]
    if missing := sorted(column for column in wanted if column not in frame):
        raise ValueError(f"the table has no column {', '.join(missing)}")
    rows = _Rows.of(frame, labels)
    inputs = _chosen(recipe, {role for role in recipe.roles if roles.get(role, role) in frame})
    columns = {
        role: _numbers(frame, roles.get(role, role), rows)
        for role in (*inputs.roles, *inputs.optional)
        if role in inputs.roles or roles.get(role, role) in frame
    }
    try:
        y, v = inputs.function(*(columns.get(role) for role in (*inputs.roles, *inputs.optional)), **options)
    except BadRows as bad:
        raise ValueError(bad.said([rows.label(row[-1]) for row in bad.rows], rows.noun)) from None
    frame["yi"], frame["vi"] = y, v
    complete = np.isfinite([columns[role] for role in inputs.roles]).all(axis=0)
    _warn(recipe, rows, complete & ~(np.isfinite(y) & np.isfinite(v)))
    return frame


class _Rows(NamedTuple):
    """How messages name the rows of a table."""

    noun: str
    names: list[str] | None

    @classmethod
    def of(cls, frame: "pd.DataFrame", labels: str | None) -> "_Rows":
        column = labels or next((name for name in LABELS if name in frame), None)
        names = None if column is None else [str(value) for value in frame[column]]
        if names is None or len(set(names)) < len(names):  # a label that stands twice names no row
            return cls("row", None)
        return cls("study", names)

    def label(self, row: int) -> str:
        return str(row) if self.names is None else self.names[row]

    def listed(self, rows: NDArray[np.int64]) -> str:
        some = named([self.label(int(row)) for row in rows])
        return f"{self.noun} {some}{' (counted from 0)' if self.names is None else ''}"


def _known(recipe: Recipe, roles: dict[str, Any]) -> None:
    if unknown := sorted(set(roles) - set(recipe.roles)):
        options = f"; its options are {', '.join(recipe.options)}" if recipe.options else ""
        raise ValueError(
            f"{recipe.name} has no role {', '.join(unknown)}; its roles are {', '.join(recipe.roles)}{options}"
        )
    if wrong := [role for role, column in roles.items() if not isinstance(column, str)]:
        raise ValueError(f"{', '.join(wrong)} must name a column of the table")


def _chosen(recipe: Recipe, there: set[str]) -> Inputs:
    """Return the first inputs whose columns are all there."""
    for inputs in recipe.inputs:
        if there.issuperset(inputs.roles):
            return inputs
    nearest = min(recipe.inputs, key=lambda inputs: len(set(inputs.roles) - there))
    lacking = [role for role in nearest.roles if role not in there]
    others = [" ".join(inputs.roles) for inputs in recipe.inputs if inputs is not nearest]
    instead = f"; or give {', or '.join(others)}" if others else ""
    raise ValueError(f"the table has no column for {', '.join(lacking)}, which {recipe.name} needs{instead}")


def _numbers(frame: "pd.DataFrame", name: str, rows: _Rows) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it is blank."""
    import pandas as pd

    column = frame[name]
    if not isinstance(column, pd.Series):
        raise ValueError(f"the table has more than one column {name}")
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    words = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if words.size:
        found = column.iloc[words[0]]
        raise ValueError(f"column {name} must hold numbers, but holds {found!r}: {rows.listed(words)}")
    if (endless := np.flatnonzero(np.isinf(values))).size:
        raise ValueError(f"column {name} must hold finite numbers: {rows.listed(endless)}")
    return values


def _warn(recipe: Recipe, rows: _Rows, without: NDArray[np.bool_]) -> None:
    if without.any():
        warnings.warn(
            f"no {recipe.name} for {rows.listed(np.flatnonzero(without))}: {recipe.undefined}",
            UserWarning,
            stacklevel=3,
        )
