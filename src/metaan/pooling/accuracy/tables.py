"""Counts of diagnostic studies: reading, zero cells, and the accuracy of each study."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.accuracy.records import StudyAccuracy
from metaan.pooling.kernel import Booleans, Floats
from metaan.terms.given import fraction
from metaan.terms.special import special

CORRECT = ("all", "single", "none")
_CELLS = ("tp", "fn", "fp", "tn")


class Tables(NamedTuple):
    """Two by two tables of a batch of n syntheses with k studies."""

    cells: Floats  #: tp, fn, fp, tn: shape (4, n, k); 1 where a study takes no part
    takes: Booleans  #: shape (n, k)
    axes: tuple[int, ...]  #: batch axes of the input, their product is n
    labels: tuple[str, ...] | None


def read(
    tp: ArrayLike, fn: ArrayLike, fp: ArrayLike, tn: ArrayLike, mask: ArrayLike | None = None, labels: Any = None
) -> Tables:
    """Read and check counts, shape (..., k)."""
    try:
        given = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (tp, fn, fp, tn)))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(each)}" for name, each in zip(_CELLS, (tp, fn, fp, tn), strict=True))
        raise ValueError(f"counts must be numbers of one shape, one item a study: {shapes}") from None
    if given[0].ndim == 0 or given[0].shape[-1] == 0:
        raise ValueError("no studies: tp, fn, fp, tn need one count a study")
    shape = given[0].shape
    takes = np.ones(shape, dtype=bool)
    if mask is not None:
        asked = np.asarray(mask)
        if asked.dtype != np.bool_:
            raise ValueError(f"mask must hold True or False, not {asked.dtype}")
        try:
            shape = np.broadcast_shapes(shape, asked.shape)
        except ValueError:
            raise ValueError(f"mask of shape {asked.shape} does not fit counts of shape {shape}") from None
        takes = np.broadcast_to(asked, shape)
    names = None if labels is None else tuple(str(label) for label in labels)
    if names is not None and len(names) != shape[-1]:
        raise ValueError(f"labels must name every study: {shape[-1]}, not {len(names)}")
    k = shape[-1]
    rows = takes.reshape(-1, k)
    if not rows.any(axis=1).all():
        raise ValueError("no studies are left in a synthesis: its row of the mask has no True")
    cells = np.stack([np.broadcast_to(each, shape).reshape(-1, k) for each in given])
    found = Tables(cells, rows, shape[:-1], names)
    with np.errstate(invalid="ignore"):
        for name, each in zip(_CELLS, cells, strict=True):
            refuse(found, ~(np.isfinite(each) & (each >= 0)), f"{name} must be a count, finite and not negative")
            refuse(found, each != np.round(each), f"{name} must be a whole number")
    refuse(found, cells[0] + cells[1] == 0, "nobody has the condition (tp and fn are 0), so there is no sensitivity")
    refuse(found, cells[2] + cells[3] == 0, "nobody is free of it (fp and tn are 0), so there is no specificity")
    return found._replace(cells=np.where(rows, cells, 1.0))


def refuse(tables: Tables, bad: Booleans, sentence: str) -> None:
    """Raise if a study that takes part is bad."""
    places = np.flatnonzero((bad & tables.takes).any(axis=0))
    if places.size:
        names = tables.labels
        shown = ", ".join(str(place) if names is None else f'"{names[place]}"' for place in places[:10])
        raise ValueError(f"{sentence}: at {'position' if names is None else 'study'} {shown}")


def correct_zeros(tables: Tables, correction: float, correct: str) -> Floats:
    """Return the cells with `correction` added: to all tables of a synthesis that has a zero, or to those with one."""
    if correct not in CORRECT:
        raise ValueError(f"correct must be one of {', '.join(CORRECT)}, not {correct!r}")
    if not (np.isfinite(correction) and correction >= 0):
        raise ValueError(f"correction must be finite and not negative, not {correction!r}")
    zero = (tables.cells == 0).any(axis=0)
    if correct == "none":
        return tables.cells
    gets = np.broadcast_to(zero.any(axis=1, keepdims=True), zero.shape) if correct == "all" else zero
    return tables.cells + correction * (gets & tables.takes)


def check_level(level: float) -> None:
    """Refuse a level outside 0 to 1."""
    fraction("level", level)


def wilson(events: Floats, people: Floats, level: float) -> tuple[Floats, Floats]:
    """Return Wilson's limits of a proportion (Wilson EB. J Am Stat Assoc 1927;22:209-212)."""
    z2 = float(special.ndtri(0.5 + 0.5 * level)) ** 2
    centre = (events + z2 / 2) / (people + z2)
    half = np.sqrt(z2) / (people + z2) * np.sqrt(events * (people - events) / people + z2 / 4)
    return centre - half, centre + half


def logs(cells: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return logarithms of diagnostic odds ratio and likelihood ratios with their sampling variances."""
    tp, fn, fp, tn = cells
    ill, well = tp + fn, fp + tn
    return {
        "DOR": (np.log(tp) + np.log(tn) - np.log(fp) - np.log(fn), 1 / tp + 1 / fn + 1 / fp + 1 / tn),
        "LR+": (np.log(tp / ill) - np.log(fp / well), fn / (tp * ill) + tn / (fp * well)),
        "LR-": (np.log(fn / ill) - np.log(tn / well), tp / (fn * ill) + fp / (tn * well)),
    }


def describe_accuracy(
    tp: ArrayLike,
    fn: ArrayLike,
    fp: ArrayLike,
    tn: ArrayLike,
    *,
    correction: float = 0.5,
    correct: str = "all",
    level: float = 0.95,
    labels: Any = None,
) -> StudyAccuracy:
    """Sensitivity, specificity, diagnostic odds ratio and likelihood ratios of each study.

    Parameters
    ----------
    tp, fn, fp, tn : array_like of int, shape (k,)
        True positives, false negatives, false positives, true negatives.
    correction : float
        Added to the four cells of tables chosen by `correct`.
    correct : {"all", "single", "none"}
        All tables if any has a zero cell; only tables with a zero cell; none. It enters every figure.
    level : float
        Of the limits, 0 < level < 1.
    labels : sequence of str, length k, optional
        Names of the studies for messages.

    Returns
    -------
    StudyAccuracy

    Raises
    ------
    ValueError
        Counts that are not whole numbers of 0 or above, a study with nobody in a group, or zero cells that are left
        uncorrected; positions or labels are named.

    Examples
    --------
    >>> describe_accuracy([40, 30], [10, 10], [5, 8], [95, 72]).sensitivity
    (0.8, 0.75)
    """
    tables = read(tp, fn, fp, tn, None, labels)
    if tables.axes:
        raise ValueError(
            f"counts must have one axis, one item a study, not shape {(*tables.axes, tables.takes.shape[1])}"
        )
    check_level(level)
    cells = correct_zeros(tables, correction, correct)
    refuse(tables, (cells == 0).any(axis=0), 'a cell is 0, so log ratios do not exist: use correct="all" or "single"')
    a, b, c, d = cells[:, 0]
    z = float(special.ndtri(0.5 + 0.5 * level))
    fields: dict[str, Any] = {"sensitivity": a / (a + b), "specificity": d / (c + d)}
    fields["sensitivity_low"], fields["sensitivity_high"] = wilson(a, a + b, level)
    fields["specificity_low"], fields["specificity_high"] = wilson(d, c + d, level)
    for name, key in (("dor", "DOR"), ("positive_lr", "LR+"), ("negative_lr", "LR-")):
        y, v = logs(cells[:, 0])[key]
        half = z * np.sqrt(v)
        fields |= {name: np.exp(y), f"{name}_low": np.exp(y - half), f"{name}_high": np.exp(y + half)}
    shaped: dict[str, Any] = {name: tuple(values.tolist()) for name, values in fields.items()}
    df = len(a) - 1.0
    for name, events, people in (("sensitivity", a, a + b), ("specificity", d, c + d)):
        chi2 = _equal(events, people)
        shaped |= {f"{name}_chi2": chi2, f"{name}_p": float(special.chdtrc(df, chi2)) if df > 0 else 1.0}
    x, y = a / (a + b) - np.mean(a / (a + b)), c / (c + d) - np.mean(c / (c + d))
    size = float(np.sqrt((x @ x) * (y @ y)))
    correlation = float(x @ y) / size if len(a) > 1 and size > 0 else float("nan")
    method = {"correction": correction, "correct": correct, "level": level}
    return StudyAccuracy(**shaped, test_df=df, correlation=correlation, method=method)


def _equal(events: Floats, people: Floats) -> float:
    """Return Pearson's chi-square of equal proportions."""
    p = events.sum() / people.sum()
    return float((((events - people * p) ** 2) / (people * p * (1 - p))).sum())
