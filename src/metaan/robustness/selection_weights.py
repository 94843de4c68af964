"""Weight functions of selection models: how likely a study is to be seen, given its p-value.

Parameters delta are worked on as eta, which has no lower end that matters: ``log(delta)`` for the step and the beta
model, ``log(1 + delta)`` for the others (delta = 0 is "no selection" there). Derivatives are those of ``log w`` by eta.
"""

from typing import NamedTuple

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.terms.special import special

SMOOTH = ("beta", "halfnorm", "negexp", "logistic", "power")
KINDS = ("step", *SMOOTH)

_NODES = 12  #: of the Gauss-Legendre rule within a panel
_PANELS = 16
COARSE = 6  #: panels that tell one maximum from another
_CENSORED = {"beta": 1e-5, "power": 1e-5}  #: p-values nearer to 0 or 1 count as this (Citkowicz and Vevea 2017)
_FARTHEST = 8.25  #: z beyond which p is 0 or 1 to double precision, as far as a weight can tell


class Weight(NamedTuple):
    """Logarithm of the weight function at given p-values, with its derivatives by eta."""

    log: Floats  #: shape (n, c)
    first: Floats  #: shape (n, c, m)
    second: Floats  #: shape (n, c, m, m)


class Cells(NamedTuple):
    """The line of z = y / sqrt(v), cut up: the weight is constant within an interval, and taken at points else."""

    low: Floats  #: lower ends of the intervals on which the weight is constant, shape (c,)
    high: Floats  #: upper ends, shape (c,)
    z: Floats  #: points of the quadrature between them, shape (g,); none for the step model
    rule: Floats  #: weights of the quadrature, shape (g,)
    p: Floats  #: p-values: of the intervals (any value inside), then of the points, shape (c + g,)


def cells(kind: str, steps: tuple[float, ...], two_sided: bool, panels: int = _PANELS) -> Cells:
    """Cut up the line of z; the p-value is one-sided for positive effects, or two-sided.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    steps : tuple of float
        Cut-points of the step model, ascending, without 0 and 1.
    two_sided : bool
    panels : int
        Of the quadrature.
    """
    if kind == "step":
        cuts = special.ndtri(1.0 - np.asarray(steps)[::-1] / (2.0 if two_sided else 1.0))  # ascending
        if two_sided:
            cuts = np.concatenate([-cuts[::-1], cuts])
        low, high = np.concatenate([[-np.inf], cuts]), np.concatenate([cuts, [np.inf]])
        inside = np.where(np.isinf(low), high - 1.0, np.where(np.isinf(high), low + 1.0, 0.5 * (low + high)))
        return Cells(low, high, np.empty(0), np.empty(0), p_value(inside, two_sided))
    least = _CENSORED.get(kind, 0.0)
    far = -special.ndtri(least / 2.0 if two_sided else least) if least else _FARTHEST
    flat, ends = [(-np.inf, -far), (far, np.inf)], [np.linspace(-far, far, panels + 1)]
    if two_sided and least:  # p nears 1 at z = 0, where such a weight has no Taylor series: panels that shrink
        near = special.ndtri(0.5 + 0.5 * least)
        wider = np.concatenate([np.geomspace(near, 1.0, 25)[:-1], np.linspace(1.0, far, 7)])
        flat, ends = [*flat, (-near, near)], [-wider[::-1], wider]
    x, w = special.roots_legendre(_NODES)
    half = np.concatenate([0.5 * np.diff(side) for side in ends])
    middle = np.concatenate([0.5 * (side[1:] + side[:-1]) for side in ends])
    points = (middle[:, None] + half[:, None] * x).ravel()
    middle = np.array([-far, far, 0.0][: len(flat)])
    p = p_value(np.concatenate([middle, points]), two_sided)
    low, high = np.array(flat).T
    return Cells(low, high, points, (half[:, None] * w).ravel(), p)


def p_value(z: Floats, two_sided: bool) -> Floats:
    """Return p-values of z, small for large z, or for large |z|."""
    return 2.0 * special.ndtr(-np.abs(z)) if two_sided else special.ndtr(-z)


def interval(p: Floats, steps: tuple[float, ...]) -> np.ndarray:
    """Return the number of the step model's interval for each p-value; a p at a cut-point belongs below it."""
    return np.searchsorted(np.asarray(steps), p, side="left")


def weight(kind: str, eta: Floats, p: Floats, steps: tuple[float, ...]) -> Weight:
    """Evaluate a weight function.

    Parameters
    ----------
    kind : str
    eta : ndarray, shape (n, m)
    p : ndarray, shape (c,) or (n, c)
    steps : tuple of float
        Cut-points of the step model, whose first interval has weight 1.
    """
    n, m = eta.shape
    p = np.broadcast_to(p, (n, p.shape[-1]))
    if kind == "step":
        which = interval(p, steps)
        every = np.concatenate([np.zeros((n, 1)), eta], axis=1)
        first = (which[..., None] == np.arange(1, m + 1)).astype(float)
        return Weight(np.take_along_axis(every, which, axis=1), first, np.zeros((n, p.shape[-1], m, m)))
    least = _CENSORED.get(kind, 0.0)
    p = np.clip(p, least, 1.0 - least)
    if kind == "beta":
        delta = np.exp(eta)
        part = np.stack([np.log(p), np.log1p(-p)], axis=-1)
        first = delta[:, None, :] * part
        return Weight(np.einsum("nm,ncm->nc", delta - 1.0, part), first, first[..., None] * np.eye(2))
    delta, grown = np.expm1(eta), np.exp(eta)  # d(delta)/d(eta) = 1 + delta
    if kind == "logistic":
        share = special.expit(delta * p)
        slope, bend = -p * share, -(p**2) * share * (1.0 - share)
        log = -delta * p - np.log1p(np.exp(-delta * p)) + np.log(2.0)
    else:
        slope = {"halfnorm": lambda: -(p**2), "negexp": lambda: -p, "power": lambda: np.log1p(-p)}[kind]()
        log, bend = delta * slope, np.zeros_like(p)
    first = slope * grown
    return Weight(log, first[..., None], (bend * grown**2 + first)[..., None, None])


def to_eta(kind: str, delta: Floats) -> Floats:
    """Return the parameters on the scale they are worked on."""
    with np.errstate(divide="ignore"):
        return np.log(delta) if kind in ("step", "beta") else np.log1p(delta)


def to_delta(kind: str, eta: Floats) -> Floats:
    """Return the parameters themselves."""
    return np.exp(eta) if kind in ("step", "beta") else np.expm1(eta)


def slope(kind: str, delta: Floats) -> Floats:
    """Return the derivative of delta by eta."""
    return delta if kind in ("step", "beta") else 1.0 + delta
