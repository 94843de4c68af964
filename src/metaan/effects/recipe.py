"""How a measure is computed from the columns of a table.

Each module of effects ends with ``RECIPES: tuple[Recipe, ...]``; `sizes` joins them. A recipe says which columns give
the effect and by which function; the words and the scale of the measure stand in `terms.measures` under the same
name::

    RECIPES = (
        Recipe(
            name="SMD",
            inputs=(
                Inputs(("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"), standardised_mean_difference),
                Inputs(("ti", "n1i", "n2i"), g_from_t),
            ),
            options=("vtype", "correct"),
        ),
    )
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.terms.given import named
from metaan.terms.measures import MEASURES, Measure

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


class Inputs(NamedTuple):
    """One set of columns that gives an effect."""

    roles: tuple[str, ...]  #: names of the columns, in the order of the function's arguments
    function: Callable[..., Effects]  #: takes one array a role, by position, and the recipe's options by name
    optional: tuple[str, ...] = ()  #: further columns, passed on after the others; None where the table has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one measure is computed."""

    name: str  #: key of `terms.measures.MEASURES`
    inputs: tuple[Inputs, ...]  #: the first whose columns all stand in the table is used
    options: tuple[str, ...] = ()  #: options of the functions; their defaults stand there
    undefined: str = "the numbers give no effect with a sampling variance"  #: why a row with every number may have none

    @property
    def measure(self) -> Measure:
        """Words and scale of the measure."""
        return MEASURES[self.name]

    @property
    def roles(self) -> tuple[str, ...]:
        """Every column that may be used, without repetition."""
        return tuple(dict.fromkeys(role for each in self.inputs for role in (*each.roles, *each.optional)))


class BadRows(ValueError):  # noqa: N818 - says what was found
    """Values that cannot be; `effect_sizes` puts the labels of the rows in place of their positions."""

    def __init__(self, rule: str, rows: list[tuple[int, ...]], found: list[str]) -> None:
        self.rule, self.rows, self.found = rule, rows, found
        super().__init__(self.said([", ".join(map(str, row)) for row in rows]))

    def said(self, labels: list[str], noun: str = "row") -> str:
        """Return the message with these labels of the rows."""
        if self.rows == [()]:
            return f"{self.rule} ({self.found[0]})" if self.found[0] else self.rule
        shown = [f"{label} ({found})" if found else label for label, found in zip(labels, self.found, strict=True)]
        return f"{self.rule}: {noun} {named(shown)}"


def refuse(bad: ArrayLike, rule: str, **values: ArrayLike) -> None:
    """Raise `BadRows` where `bad` is true; does nothing where it is nowhere true.

    Parameters
    ----------
    bad : array_like of bool, shape (..., k)
    rule : str
        What was expected: "counts must not be negative".
    **values : array_like
        What was found, broadcast against `bad`: ``n1i=n1`` prints "n1i 0" beside the row.
    """
    bad = np.asarray(bad)
    if not bad.any():
        return
    rows = [tuple(int(i) for i in row) for row in np.argwhere(bad)]
    shown = {name: np.broadcast_to(np.asarray(value, dtype=float), bad.shape) for name, value in values.items()}
    found = [", ".join(f"{name} {value[row]:g}" for name, value in shown.items()) for row in rows]
    raise BadRows(rule, rows, found)


def floats(*values: ArrayLike) -> tuple[Floats, ...]:
    """Return the values as arrays of float of one shape; not writeable."""
    return tuple(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)))


def estimable(y: Floats, v: Floats) -> Effects:
    """Return effects that are NaN in both where either is not finite."""
    usable = np.isfinite(y) & np.isfinite(v)
    return Effects(np.where(usable, y, np.nan), np.where(usable, v, np.nan))
