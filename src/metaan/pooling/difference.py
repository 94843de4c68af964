"""Contrast of strata: the weaker design against the stronger one."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist

from metaan.pooling.pool import pool
from metaan.terms.records import Difference, Interval, Synthesis
from metaan.workbook.protocol import Protocol


def differences(strata: Sequence[Synthesis], cohorts: Mapping[str, str], protocol: Protocol) -> tuple[Difference, ...]:
    """Contrast every pair of strata that hold a study, or say why that is not done.

    Parameters
    ----------
    strata : sequence of Synthesis
        Strongest design first.
    cohorts : mapping
        Study -> study whose people it may share (itself, where it shares none).
    protocol : Protocol
        Gives the level and what people are called.

    Returns
    -------
    tuple of Difference
        Weaker minus stronger on the working scale, its variance the sum of the two model-based variances (each stratum
        with its own tau2), normal reference. Tested only if both strata pool at least three studies on one measure and
        no people stand in both.
    """
    held = [s for s in strata if s.k]
    return tuple(_contrast(stronger, weaker, cohorts, protocol) for stronger, weaker in combinations(held, 2))


def _contrast(stronger: Synthesis, weaker: Synthesis, cohorts: Mapping[str, str], protocol: Protocol) -> Difference:
    reason = _not_tested(stronger, weaker, cohorts, protocol)
    if reason:
        return Difference(
            stronger=stronger.stratum, weaker=weaker.stratum, measure=weaker.measure, tested=False, reason=reason
        )
    (y1, v1), (y2, v2) = _model_based(stronger), _model_based(weaker)
    estimate, se = y2 - y1, math.sqrt(v1 + v2)
    half = NormalDist().inv_cdf(0.5 + protocol.level / 2) * se
    return Difference(
        stronger=stronger.stratum,
        weaker=weaker.stratum,
        measure=weaker.measure,
        tested=True,
        reason="each stratum with its own variance between studies, normal reference",
        estimate=estimate,
        ci=Interval(estimate - half, estimate + half),
        p=math.erfc(abs(estimate) / se / math.sqrt(2.0)),
    )


def _not_tested(stronger: Synthesis, weaker: Synthesis, cohorts: Mapping[str, str], protocol: Protocol) -> str:
    reason = not_comparable(stronger, weaker, cohorts, protocol.people["many"])
    if reason:
        return f"{reason}: difference not tested"
    if stronger.k < 3 or weaker.k < 3:
        return "fewer than three studies on one side: difference not tested"
    return ""


def not_comparable(stronger: Synthesis, weaker: Synthesis, cohorts: Mapping[str, str], people: str) -> str:
    """Return why two strata cannot be set against each other as numbers; empty where they can.

    Parameters
    ----------
    stronger, weaker : Synthesis
        Two strata of one analysis.
    cohorts : mapping
        Study -> study whose people it may share (itself, where it shares none).
    people : str
        What people are called, plural.
    """

    def of(synthesis: Synthesis) -> set[str]:
        return {cohorts.get(e.study_id, e.study_id) for e in synthesis.estimates} | {
            e.study_id for e in synthesis.estimates
        }

    if of(stronger) & of(weaker):
        return f"same {people}"
    return "the two are on different scales" if stronger.measure != weaker.measure else ""


def _model_based(synthesis: Synthesis) -> tuple[float, float]:
    """Return estimate and variance 1 / sum of weights of a stratum, whatever interval it is printed with."""
    y = [e.effect.y for e in synthesis.estimates]
    v = [e.effect.v for e in synthesis.estimates]
    method = synthesis.pooled.method if synthesis.pooled else {"tau2": "REML"}
    fitted = pool(y, v, tau2=str(method["tau2"]), interval="Wald")
    return fitted.estimate, fitted.se**2
