"""Numbers that a caller passes: taken as such, or refused in a sentence that says what was found."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN = 10  #: positions named in a message
LARGEST = 1e50  #: effects beyond it, and variances beyond its square or below one over that, overflow in products


def named(items: Sequence[str], total: int | None = None) -> str:
    """Return the first items of a message and how many there are beyond: "3 (-1), 5 (nan) and 2 more".

    `total` is their number where `items` holds the first ones only.
    """
    beyond = (len(items) if total is None else total) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {beyond} more" if beyond > 0 else "")


def positions(values: NDArray[np.float64], bad: NDArray[np.bool_]) -> str:
    """Return where an array holds bad values, and which: "3 (-1)", in several dimensions "(0, 3) (-1)"."""
    places = [tuple(int(i) for i in place) for place in np.argwhere(bad)[:SHOWN]]
    shown = [f"{place[0] if len(place) == 1 else place} ({values[place]:g})" for place in places]
    return named(shown, int(bad.sum()))


def numbers(what: str, values: Any) -> NDArray[np.float64]:
    """Return values as an array of floats.

    Parameters
    ----------
    what : str
        Name of the values in messages, a plural: "effects".
    values : array_like
        Blank items (None, pandas' NA) become not-a-number.

    Raises
    ------
    ValueError
        Rows of unlike length, or something that is no number; its positions are named, counted from 0.
    """
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        pass
    try:
        items = np.asarray(values, dtype=object)
    except ValueError:
        items = np.empty((), dtype=object)
    if items.ndim == 0:
        raise ValueError(f"{what} must be numbers in an array or a list, not {type(values).__name__}")
    if any(isinstance(item, (list, tuple, np.ndarray)) for item in items.flat):
        raise ValueError(f"{what} must be numbers in rows of one length")
    result = np.full(items.shape, np.nan)
    wrong = []
    for place, item in np.ndenumerate(items):
        if type(item).__name__ in ("NAType", "NaTType"):
            continue
        try:
            result[place] = float(item)
        except (TypeError, ValueError):
            wrong.append(f"{place[0] if len(place) == 1 else place} ({item!r})")
    if wrong:
        raise ValueError(f"{what} must be numbers: at position{'s' * (len(wrong) > 1)} {named(wrong)}")
    return result


def fraction(name: str, value: Any) -> None:
    """Refuse what is no number between 0 and 1, such as a level of 95."""
    try:
        inside = 0.0 < value < 1.0
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")


def known_tau2(value: Any) -> float:
    """Return a variance between studies that is not estimated.

    Raises
    ------
    ValueError
        Not one finite number from 0 on.
    """
    try:
        t = float(value)
    except (TypeError, ValueError):
        t = math.nan
    if not (math.isfinite(t) and t >= 0.0):
        raise ValueError(f"a known tau2 must be finite and not negative, not {value!r}")
    return t
