"""What a generalised linear mixed model of studies is made of: the counts, and the parts of each model."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.effects import binary, rates, single
from metaan.pooling.glmm.families import Binomial, Conditional, Poisson
from metaan.pooling.glmm.fit import Model, Part
from metaan.pooling.glmm.noncentral import NoncentralHypergeometric
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.tables.counts import read_groups, read_rates, read_tables

MODELS = {
    "OR": ("UM.FS", "UM.RS", "CM.AL", "CM.EL"),
    "IRR": ("UM.FS", "UM.RS", "CM.EL"),
    "PLO": ("UM.FS",),
    "IRLN": ("UM.FS",),
}
NODES = {0: 1, 1: 40, 2: 24}  #: of the quadrature, in each random effect, to begin with
FINER = (80, 150)  #: of one random effect, where the figures still move


class Problem(NamedTuple):
    """Counts of the studies that take part, and how one measure looks at them."""

    measure: str
    model: str
    columns: tuple[Floats, ...]
    effects: tuple[Floats, Floats]  #: of single studies, corrected for zeros; for start values and I2


def read(measure: str, model: str, columns: tuple[ArrayLike, ...], mask: ArrayLike | None) -> tuple[Problem, int]:
    """Check the counts; return those that say something of the effect, and how many do not."""
    wanted = {"OR": "a, b, c, d", "IRR": "x1, t1, x2, t2", "PLO": "x, n", "IRLN": "x, t"}[measure]
    if len(columns) != len(wanted.split(", ")):
        raise ValueError(f"{measure} is made of the columns {wanted}; {len(columns)} were given")
    if measure == "OR":
        counts = read_tables(columns[0], columns[1], columns[2], columns[3], mask)
    elif measure == "IRR":
        counts = read_rates(columns[0], columns[1], columns[2], columns[3], mask)
    else:
        counts = read_groups(columns[0], columns[1], mask, people=measure == "PLO")
    if counts.axes:
        raise ValueError(f"columns must have one axis, the studies; they have {len(counts.axes) + 1}")
    taking = np.ones(counts.columns[0].shape[1], dtype=bool) if counts.mask is None else counts.mask[0]
    read = [column[0] for column in counts.columns]
    whole = read if measure in ("OR", "PLO") else read[::2]
    for column in whole:
        if broken := np.flatnonzero((column != np.round(column)) & taking).tolist():
            raise ValueError(f"counts must be whole numbers; {column[broken[0]]:g} at position {broken[0]} is not one")
    kept = taking & _informative(measure, read)
    data = tuple(column[kept] for column in read)
    if not kept.any():
        raise ValueError("no study says anything of the effect: nobody, or everybody, had the event in each")
    _refuse_infinite(measure, model, data)
    return Problem(measure, model, data, _effects(measure, data)), int(taking.sum() - kept.sum())


def _informative(measure: str, columns: list[Floats]) -> Booleans:
    if measure == "OR":
        a, b, c, d = columns
        return (a + c > 0) & (b + d > 0)
    if measure == "IRR":
        return columns[0] + columns[2] > 0
    return np.ones(len(columns[0]), dtype=bool)


def _effects(measure: str, columns: tuple[Floats, ...]) -> tuple[Floats, Floats]:
    if measure == "OR":
        return binary.log_odds_ratio(*columns)
    if measure == "IRR":
        return rates.log_rate_ratio(*columns)
    return single.logit_proportion(*columns) if measure == "PLO" else rates.log_rate(*columns)


def _refuse_infinite(measure: str, model: str, columns: tuple[Floats, ...]) -> None:
    """Refuse data whose likelihood rises towards an infinite effect."""
    if measure == "OR" and model in ("UM.FS", "CM.EL"):
        a, b, c, d = columns
        low, high = np.maximum(0.0, a - d), np.minimum(a + b, a + c)
        endless = (a == low).all() or (a == high).all()
    elif measure == "OR" and model == "UM.RS":
        endless = any(column.sum() == 0 for column in columns)
    elif measure == "PLO":
        endless = columns[0].sum() == 0 or (columns[0] == columns[1]).all()
    else:
        events = columns[::2] if measure != "IRLN" else columns[:1]
        endless = any(column.sum() == 0 for column in events)
    if endless:
        raise ValueError(
            f"the maximum of the likelihood of {measure} lies at infinity: no group, or only one of the two, had (or "
            "lacked) the event in every study; use Peto's method or a correction (pool_tables), or say that the effect "
            "cannot be estimated"
        )


def fixed(problem: Problem) -> int:
    """Number of shared coefficients: the effect, under UM.RS also the mean intercept."""
    return 2 if problem.model == "UM.RS" else 1


def build(problem: Problem, random: bool, nodes: int | None) -> Model:
    """Return the parts of a model; parameters are the effect, under UM.RS the mean intercept, tau, and sigma."""
    tau: tuple[float, ...] = (1.0,) if random else ()
    zero = np.zeros(len(problem.columns[0]))
    x = problem.columns[0]
    parts: tuple[Part, ...]
    if problem.measure == "PLO":
        parts = (Part(Binomial(x, problem.columns[1]), zero, (1.0,), tau),)
    elif problem.measure == "IRLN":
        parts = (Part(Poisson(x), np.log(problem.columns[1]), (1.0,), tau),)
    elif problem.model.startswith("CM"):
        parts = (_conditional(problem, tau),)
    else:
        one, two = groups(problem)
        plus, minus = tuple(0.5 * c for c in tau), tuple(-0.5 * c for c in tau)
        if problem.model == "UM.FS":
            parts = one._replace(fixed=(1.0,), random=plus, own=1.0), two._replace(fixed=(0.0,), random=minus, own=1.0)
        else:
            parts = (
                one._replace(fixed=(1.0, 1.0), random=(*plus, 1.0)),
                two._replace(fixed=(0.0, 1.0), random=(*minus, 1.0)),
            )
    return Model(parts, nodes or NODES[len(parts[0].random)])


def _conditional(problem: Problem, tau: tuple[float, ...]) -> Part:
    if problem.measure == "IRR":
        x1, t1, x2, t2 = problem.columns
        return Part(Binomial(x1, x1 + x2), np.log(t1) - np.log(t2), (1.0,), tau)
    a, b, c, d = problem.columns
    if problem.model == "CM.AL":
        return Part(Binomial(a, a + c), np.log(a + b) - np.log(c + d), (1.0,), tau)
    return Part(Conditional(NoncentralHypergeometric(a, a + b, c + d, a + c)), np.zeros(len(a)), (1.0,), tau)


def groups(problem: Problem) -> tuple[Part, Part]:
    """Return the two groups of every study, coefficients to be filled in."""
    if problem.measure == "IRR":
        x1, t1, x2, t2 = problem.columns
        return Part(Poisson(x1), np.log(t1), (), ()), Part(Poisson(x2), np.log(t2), (), ())
    a, b, c, d = problem.columns
    zero = np.zeros(len(a))
    return Part(Binomial(a, a + b), zero, (), ()), Part(Binomial(c, c + d), zero, (), ())


def levels(problem: Problem) -> tuple[float, Floats]:
    """Start of the intercepts: their mean, and those of the studies."""
    if problem.measure == "OR":
        a, b, c, d = problem.columns
        own = np.log(a + c) - np.log(b + d)
    elif problem.measure == "IRR":
        x1, t1, x2, t2 = problem.columns
        own = np.log(x1 + x2) - np.log(t1 + t2)
    else:
        own = np.zeros(len(problem.columns[0]))
    return float(own.mean()), own
