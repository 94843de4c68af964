"""Imprecision: the interval against the thresholds, then the people against the optimal information size.

Interval first and size second: GRADE guidance 34 (J Clin Epidemiol 2022;150:216-224). A size far below the optimal one
lowers by two levels, also where the interval crosses a threshold. What counts as far below, and the ratios of the
limits that stand in for it, are choices made here: the guidance asks for judgement.
"""

import math
from typing import Any

from metaan.certainty.steps.body import Body, Proposal, crosses, lowest
from metaan.terms import wording
from metaan.terms.certainty import Absolute
from metaan.terms.measures import MEASURES
from metaan.terms.records import Interval

FAR_BELOW = 0.3  #: share of the optimal information size below which two levels are proposed
WIDE = {"OR": 2.5, "RR": 3.0, "HR": 3.0}  #: upper over lower limit beyond which two levels are proposed


def propose(body: Body, size: dict[str, Any], absolute: Absolute | None) -> Proposal:
    """Return the step.

    Parameters
    ----------
    body : Body
    size : dict
        Of `size.information`.
    absolute : Absolute or None
        Risks; the interval is held against the threshold in risks where the protocol has one and risks are known.
    """
    limit = body.protocol.thresholds.get("risk_difference")
    on_risks = absolute is not None and limit is not None
    if on_risks:
        assert absolute is not None
        assert limit is not None
        ci, small = absolute.difference_ci, _both_sides(limit)
        shown = f"{wording.interval('RD', ci)} as a difference of risks"
        null, below, above = "0", wording.printed("RD", -limit), wording.printed("RD", limit)
    else:
        ci, small = body.ci, body.synthesis.small
        shown, null = body.said(ci), body.printed(0.0)
        below, above = (body.printed(small.low), body.printed(small.high)) if small is not None else ("", "")
    crossed = [null] if crosses(ci, 0.0) else []
    if small is not None:
        crossed = [name for name, at in ((below, small.low), (null, 0.0), (above, small.high)) if crosses(ci, at)]
    inside = small is not None and small.low < ci.low and ci.high < small.high
    both = small is not None and ci.low < small.low and ci.high > small.high
    by_interval = -2 if both else 0 if inside else -1 if crossed else 0
    by_size = by_ratio = 0
    said = f"interval {shown}"
    if both:
        said += f" reaches beyond a small effect on both sides ({below} and {above})"
    elif inside:
        said += f" lies wholly inside the limits of a small effect ({below} to {above})"
    elif crossed:
        said += f" crosses {wording.listed(crossed)}"
    else:
        said += " crosses no threshold"
        by_ratio, ratio_said = _by_ratio(body)
        said += ratio_said
    if not inside:
        by_size, size_said = _by_size(size, body.protocol.people["many"])
        said += size_said
    other = next(iter(body.synthesis.also.values()), None) if body.k == 2 else None
    by_two = 0
    if other is not None:
        by_two = -1 if any(crosses(other, at) for at in body.thresholds().values()) else 0
        said += f"; two studies: the interval by {next(iter(body.synthesis.also))} is {body.said(other)}"
    step = lowest(by_interval, by_size, by_ratio, by_two)
    inputs = {
        "scale": "risk" if on_risks else body.synthesis.measure,
        "ci_low": ci.low,
        "ci_high": ci.high,
        "small_low": small.low if small else None,
        "small_high": small.high if small else None,
        "crossed": crossed,
        "beyond_both_sides": both,
        "inside": inside,
        "have": size.get("have"),
        "have_at_most": size.get("have_at_most"),
        "needed": size.get("needed"),
        "limits_ratio": _ratio(body),
        "other_interval_low": other.low if other else None,
        "other_interval_high": other.high if other else None,
    }
    return Proposal(
        step, step, wording.sentence(said), inputs, "a wide interval" if crossed or by_ratio else "few people"
    )


def _both_sides(limit: float) -> Interval | None:
    return Interval(-limit, limit)


def _by_size(size: dict[str, Any], people: str) -> tuple[int, str]:
    needed, have = size.get("needed"), size.get("have")
    if needed is None:
        return 0, f"; no optimal information size: {size['why_not']}"
    at_most = have is None
    have = size.get("have_at_most") if at_most else have
    if have is None:
        return 0, f"; {wording.whole(needed)} {people} would be needed, how many there are is not reported"
    text = f"; {'at most ' if at_most else ''}{wording.whole(have)} of {wording.whole(needed)} {people} needed"
    text += f" ({wording.percent(100 * have / needed)} of the optimal information size)"
    share = have / needed
    return (-2 if share < FAR_BELOW else -1 if share < 1 else 0), text


def _by_ratio(body: Body) -> tuple[int, str]:
    ratio, most = _ratio(body), WIDE.get(body.synthesis.measure)
    if ratio is None or most is None or ratio <= most:
        return 0, ""
    return -2, f"; upper limit {wording.ratio(ratio)} times the lower one, more than {wording.number(most)}"


def _ratio(body: Body) -> float | None:
    """Return the upper over the lower limit of a ratio."""
    if MEASURES[body.synthesis.measure].scale != "log":
        return None
    width = body.ci.high - body.ci.low
    return math.exp(width) if width < 700 else math.inf
