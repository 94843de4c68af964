"""What a stratum says as pooled, one study included, and its interval once something more is uncertain."""

import math
from typing import NamedTuple

from metaan.terms.records import Interval, Pooled, Synthesis

NO_WIDTH = 1e-9  #: of an estimate: an interval no wider is a point, and rounding


class Summary(NamedTuple):
    """A summary effect on the working scale."""

    estimate: float
    se: float
    ci: Interval
    reach: float  #: half the interval in standard errors


def summary_of(synthesis: Synthesis) -> Summary:
    """Return the pooled effect of a stratum with a study; that of its one study where it has no more."""
    if synthesis.pooled is not None:
        return of_pooled(synthesis.pooled)
    one = synthesis.estimates[0]
    se = math.sqrt(one.effect.v)
    return Summary(one.effect.y, se, one.ci, (one.ci.high - one.ci.low) / (2.0 * se))


def of_pooled(pooled: Pooled) -> Summary:
    """Return a pooled effect as a summary; with a standard error of 0 (plain HK, equal effects) by its quantile."""
    half = (pooled.ci.high - pooled.ci.low) / 2.0
    if half > NO_WIDTH * abs(pooled.estimate):
        return Summary(pooled.estimate, pooled.se, pooled.ci, half / pooled.se)
    import numpy as np

    from metaan.pooling.intervals import quantile

    df = np.asarray(pooled.df, dtype=float)
    return Summary(pooled.estimate, pooled.se, pooled.ci, float(quantile(pooled.method["level"], df)))


def widened(estimate: float, se: float, reach: float, shared: float) -> Summary:
    """Return a summary whose variance gains that of something all its studies share, added once.

    Parameters
    ----------
    estimate, se : float
        Effect and its standard error without what is shared.
    reach : float
        Half the interval in standard errors.
    shared : float
        Variance that is added.
    """
    total = math.sqrt(se * se + shared)
    return Summary(estimate, total, Interval(estimate - reach * total, estimate + reach * total), reach)
