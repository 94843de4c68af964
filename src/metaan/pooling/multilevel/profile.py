"""Profile-likelihood confidence intervals of variances and correlations."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel.likelihood import Maximum, maximise
from metaan.pooling.multilevel.mixed import Multilevel, model_of
from metaan.pooling.multilevel.model import Scaled, scaled
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

Profile = Callable[[float, Floats], tuple[float, Floats]]

_STEPS = 100
_EXACT = 1e-10  #: of twice the log-likelihood
_FAR = 1e4  #: twice a log-likelihood that is as good as infinitely low


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ComponentInterval(Result):
    """Profile-likelihood interval of one variance parameter."""

    component: str  #: name of the term
    parameter: str  #: "variance" (squared working scale) or "rho"
    level_of: str  #: inner level; empty where all share the parameter
    estimate: float
    ci: Interval  #: a limit at the end of the possible values is that end: 0, -1 or 1


def component_intervals(fit: Multilevel, *, level: float = 0.95) -> tuple[ComponentInterval, ...]:
    """Intervals of the variances and correlations of a multilevel fit.

    Parameters
    ----------
    fit : Multilevel
    level : float

    Returns
    -------
    tuple of ComponentInterval
        One a parameter, in the order of the terms. Limits are the values at which twice the profile log-likelihood,
        all other parameters maximised anew, lies a quantile of chi-square on 1 degree of freedom below its maximum.

    Raises
    ------
    ValueError
        An unstructured covariance of three or more levels, whose variances and correlations are no parameters of
        their own; or a fit that does not hold its data.

    References
    ----------
    .. [1] Hardy RJ, Thompson SG. Stat Med 1996;15:619-629 (one variance).
    """
    fraction("level", level)
    model = model_of(fit)
    work = scaled(model)
    top = work.inward(model.parameters)
    drop = float(special.chdtri(1.0, 1.0 - level))
    low, high = work.problem.bounds()
    found = []
    at = 0
    for term in model.terms:
        powers = term.structure.power(term.n)
        if term.structure.label == "UN" and term.n > 2:
            raise ValueError(
                f"{term.name}: no profile intervals for an unstructured covariance of {term.n} levels; "
                "struct='HCS' or 'DIAG' has them"
            )
        for within, power in enumerate(powers):
            j = at + within
            a, b = _limits(work, top, j, drop, float(low[j]), float(high[j]))
            outward = [float(work.outward(np.full(top.size, value))[j]) for value in (a, top[j], b)]
            if power == 1:
                outward = [value**2 for value in outward]
            own = len(powers) > 1 and term.structure.label in ("HCS", "HAR", "DIAG", "UN") and power > 0
            found.append(
                ComponentInterval(
                    component=term.name,
                    parameter="variance" if power else "rho",
                    level_of=term.inner_levels[within] if own else "",
                    estimate=outward[1],
                    ci=Interval(outward[0], outward[2]),
                )
            )
        at += len(powers)
    return tuple(found)


def _limits(work: Scaled, top: Floats, j: int, drop: float, low: float, high: float) -> tuple[float, float]:
    best = maximise(work.problem, [top]).value
    fixed = np.zeros(top.size, dtype=bool)
    fixed[j] = True

    def profile(value: float, near: Floats) -> tuple[float, Floats]:
        """Return how far twice the profile lies above the cut, and where it is reached."""
        start = near.copy()
        start[j] = value
        reached: Maximum = maximise(work.problem, [start], fixed)
        return max(2.0 * (reached.value - best), -_FAR) + drop, reached.t

    return _search(profile, top, j, drop, low), _search(profile, top, j, drop, high)


def _search(profile: Profile, top: Floats, j: int, drop: float, end: float) -> float:
    """Return where the profile crosses the cut between the maximum and one end, or that end."""
    inside, above, near = float(top[j]), drop, top
    if inside == end:
        return end
    if np.isinf(end):
        outside = inside + 0.5 * abs(inside) + 0.1
        below, there = profile(outside, near)
        while below > 0:
            inside, above, near = outside, below, there
            outside *= 2.0
            if outside > 1e12:
                return float(end)
            below, there = profile(outside, near)
    else:
        outside = end
        below, there = profile(outside, near)
        if below >= 0:
            return end
    # the profile is close to a parabola, so its root is close to a line: regula falsi on the root, Illinois
    f_in, f_out = np.sqrt(drop) - np.sqrt(max(drop - above, 0.0)), np.sqrt(drop) - np.sqrt(drop - below)
    side = 0
    for _ in range(_STEPS):
        value = (inside * f_out - outside * f_in) / (f_out - f_in)
        h, there = profile(value, near)
        f = np.sqrt(drop) - np.sqrt(max(drop - h, 0.0))
        if abs(h) <= _EXACT or abs(outside - inside) <= 1e-12 * (abs(inside) + abs(outside)):
            return float(value)
        if f > 0:
            inside, f_in, near = value, f, there
            f_out = 0.5 * f_out if side == 1 else f_out
            side = 1
        else:
            outside, f_out = value, f
            f_in = 0.5 * f_in if side == -1 else f_in
            side = -1
    return float(value)
