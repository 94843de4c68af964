"""One row of the Effects sheet to one effect, with the way there in words.

Group 1 is with the outcome; row 1 is factor present, high or treated; positive means more of the factor goes with the
outcome.
"""

import math
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import numpy as np

from metaan.effects import Effects, binary, continuous, convert, medians, ratios, recover, standardised
from metaan.terms.measures import MEASURES, POOLED
from metaan.terms.records import Effect
from metaan.terms.wording import fixed, listed, number, percent

_FORM_GIVES = {
    "two_by_two": "the 2×2 table",
    "events_totals": "events and totals",
    "means": "means",
    "medians": "medians",
    "ratio": "the ratio",
    "difference": "the difference",
    "t_stat": "the t test",
    "p_only": "the t test",
}

CONVERSIONS: dict[str, str] = {
    "or_to_smd": "log odds ratio to standardised mean difference, times √3/π",
    "smd_to_or": "standardised mean difference to log odds ratio, times π/√3",
    "medians_to_means": "mean and SD from medians, symmetry assumed",
    "mean_range_to_sd": "SD from minimum and maximum, symmetry assumed",
    "p_to_effect": "test statistic from an exact p-value",
    "hr_as_rr": "hazard ratio taken as a risk ratio",
}

Row = Mapping[str, object]


class _Missing(Exception):  # noqa: N818 - says what is the case
    """The row gives no such effect; the message says why, for the reviewer."""


class _Found(NamedTuple):
    measure: str
    effects: Effects
    path: tuple[str, ...]
    converted: bool = False
    skewed: bool = False


class _Group(NamedTuple):
    n: float
    mean: float
    sd: float
    converted: bool
    skewed: bool
    step: str


def compute(
    row: Row, measure: str, *, allowed: Collection[str] = (), odds_only: bool = False, level: float = 0.95
) -> Effect:
    """Compute the effect of one row on one measure.

    Parameters
    ----------
    row : mapping
        Typed row of the Effects sheet: numbers as numbers, words as str, None for anything else (NR, NA, blank).
    measure : {"OR", "RR", "HR", "RD", "MD", "SMD"}
    allowed : collection of str
        Conversions the analysis declares, of `CONVERSIONS`; nothing else is converted.
    odds_only : bool
        People were chosen by outcome: counts give an odds ratio, never a risk ratio or difference.
    level : float
        Level of intervals whose level is not stated.

    Returns
    -------
    Effect
        y and v on the working scale, or NaN with `missing` saying why.

    Raises
    ------
    ValueError
        Unknown measure or conversion, or impossible numbers; the checks have told the reviewer which cell.
    """
    if measure not in POOLED:
        raise ValueError(f"measure must be one of {', '.join(POOLED)}, not {measure!r}")
    if unknown := sorted(set(allowed) - set(CONVERSIONS)):
        raise ValueError(f"unknown conversion {', '.join(unknown)}; known are {', '.join(CONVERSIONS)}")
    form = _word(row, "form")
    effect_id = _word(row, "effect_id")
    try:
        if form not in _FORMS:
            raise _Missing(f"{form or 'a row without a form'}: no effect is computed from it")
        found = _bring_to(_FORMS[form](row, measure, allowed, odds_only, level), form, measure, allowed)
        y, v = float(found.effects.y), float(found.effects.v)
        if not (math.isfinite(y) and math.isfinite(v) and v > 0):
            raise _Missing("the numbers give no sampling variance")
    except _Missing as reason:
        return Effect(effect_id=effect_id, measure=measure, y=math.nan, v=math.nan, path=(), missing=str(reason))
    return Effect(
        effect_id=effect_id,
        measure=measure,
        y=y,
        v=v,
        path=found.path,
        converted=found.converted,
        skewed=found.skewed,
    )


def _bring_to(found: _Found, form: str, measure: str, allowed: Collection[str]) -> _Found:
    """Convert what a form gives into the measure asked for, where the analysis allows it."""
    given = found.measure
    if given == measure:
        return found
    if (given, measure) == ("OR", "SMD") and "or_to_smd" in allowed:
        effects, step = convert.log_or_to_smd(*found.effects), "× √3/π: standardised mean difference"
    elif (given, measure) == ("SMD", "OR") and "smd_to_or" in allowed:
        effects, step = convert.smd_to_log_or(*found.effects), "× π/√3: log odds ratio"
    elif (given, measure) == ("HR", "RR") and "hr_as_rr" in allowed:
        effects, step = found.effects, "hazard ratio taken as risk ratio"
    else:
        label, source = MEASURES[given].label, _FORM_GIVES.get(form, form)
        raise _Missing(
            f"{source} gives {_article(label)} {label}; this analysis pools {MEASURES[measure].label}s "
            f"and allows no conversion"
        )
    return found._replace(measure=measure, effects=effects, path=(*found.path, step), converted=True)


def _article(label: str) -> str:
    return "an" if label[0] in "aeiou" else "a"


def _two_by_two(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    names = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
    a, b, c, d = _needed(row, names)
    return _counts(a, b, c, d, f"counts {_share(a, a + b)} and {_share(c, c + d)}", measure, odds_only)


def _events_totals(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    by_outcome = ("high_event", "n_event", "high_none", "n_none")
    if all(_number(row, name) is not None for name in by_outcome):
        a, with_event, b, without = _needed(row, by_outcome)
        c, d = with_event - a, without - b
        counts = f"counts {_share(a, with_event)} with the outcome and {_share(b, without)} without"
    else:
        a, high, c, low = _needed(row, ("events_high", "total_high", "events_low", "total_low"))
        b, d = high - a, low - c
        counts = f"counts {_share(a, high)} and {_share(c, low)}"
    return _counts(a, b, c, d, counts, measure, odds_only)


def _counts(a: float, b: float, c: float, d: float, counts: str, measure: str, odds_only: bool) -> _Found:
    if min(a, b, c, d) < 0:
        raise ValueError(f"{counts}: events must lie between 0 and the total")
    if a + b == 0 or c + d == 0:
        raise _Missing("nobody in one of the groups compared")
    asked = measure if measure in ("OR", "RR", "RD") else "OR"
    if odds_only and asked != "OR":
        raise _Missing(f"people were chosen by outcome: counts give an odds ratio, no {MEASURES[asked].label}")
    if asked != "RD" and a == c == 0:
        raise _Missing("no event in either group: no odds or risk ratio can be computed")
    if asked != "RD" and b == d == 0:
        raise _Missing("everybody in both groups had the event: no odds or risk ratio can be computed")
    steps = [counts]
    if min(a, b, c, d) == 0:
        steps.append("0.5 added to all four cells")
    if asked == "RD":
        return _Found("RD", binary.risk_difference(a, b, c, d), (*steps, "risk difference"))
    ratio = binary.log_odds_ratio if asked == "OR" else binary.log_risk_ratio
    return _Found(asked, ratio(a, b, c, d), (*steps, f"log {MEASURES[asked].label}"))


def _means(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    return _of_groups(_group_of_means(row, 1, allowed), _group_of_means(row, 2, allowed), measure)


def _group_of_means(row: Row, which: int, allowed: Collection[str]) -> _Group:
    n, mean = _needed(row, (f"n{which}", f"m{which}"))
    _at_least_one(n, which)
    spread, kind = _number(row, f"sd{which}"), _word(row, "spread_type")
    if spread is not None and spread < 0:
        raise ValueError(f"sd{which} is negative")
    if spread is not None and kind in ("sd", "se"):
        sd = spread if kind == "sd" else float(recover.sd_from_se(spread, n))
        step = f"group {which}: mean {number(mean)}, SD {number(sd)}, n {number(n)}"
        if kind == "se":
            step += f" (SD = SE {number(spread)} × √{number(n)})"
        return _Group(n, mean, sd, False, False, step)
    low, high = _number(row, f"min{which}"), _number(row, f"max{which}")
    if low is not None and high is not None:
        if "mean_range_to_sd" not in allowed:
            raise _Missing("means with minimum and maximum only; this analysis allows no SD from a range")
        if not low <= mean <= high:
            raise ValueError(f"group {which}: the mean does not lie between minimum and maximum")
        if n < 2:
            raise _Missing(f"group {which} has one person: no standard deviation")
        sd = float(medians.sd_from_range(n, low, high))
        step = (
            f"group {which}: mean {number(mean)}, n {number(n)}, SD {number(sd)} from the range {number(low)} to "
            f"{number(high)} (Wan 2014), symmetry assumed"
        )
        return _Group(n, mean, sd, True, False, step)
    if spread is None:
        raise _Missing("means without standard deviations")
    if kind == "ci":
        raise _Missing("means with confidence intervals whose limits are not given: no standard deviation")
    raise _Missing("means with a spread of which it is not stated whether it is SD or SE")


def _medians(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    if "medians_to_means" not in allowed:
        raise _Missing("medians; this analysis allows no means from medians")
    return _of_groups(_group_of_medians(row, 1), _group_of_medians(row, 2), measure)


def _group_of_medians(row: Row, which: int) -> _Group:
    n, median = _needed(row, (f"n{which}", f"med{which}"))
    _at_least_one(n, which)
    q1, q3 = _number(row, f"q1_{which}"), _number(row, f"q3_{which}")
    low, high = _number(row, f"min{which}"), _number(row, f"max{which}")
    if n < 2:
        raise _Missing(f"group {which} has one person: no standard deviation")
    if q1 is not None and q3 is not None and low is not None and high is not None:
        summary, source = medians.from_five_numbers(n, low, q1, median, q3, high), "median, quartiles and range"
        skewed = medians.skewed(n, median, q1=q1, q3=q3, minimum=low, maximum=high)
    elif q1 is not None and q3 is not None:
        summary, source = medians.from_quartiles(n, q1, median, q3), "median and quartiles"
        skewed = medians.skewed(n, median, q1=q1, q3=q3)
    elif low is not None and high is not None:
        summary, source = medians.from_range(n, low, median, high), "median and range"
        skewed = medians.skewed(n, median, minimum=low, maximum=high)
    else:
        raise _Missing("medians without quartiles or range")
    mean, sd = float(summary.mean), float(summary.sd)
    step = (
        f"group {which}: mean {number(mean)}, SD {number(sd)}, n {number(n)} from {source} ({summary.method}), "
        f"symmetry assumed"
    )
    if skewed:
        step += "; skewed (Shi 2023)"
    return _Group(n, mean, sd, True, bool(skewed), step)


def _of_groups(one: _Group, two: _Group, measure: str) -> _Found:
    asked = "MD" if measure == "MD" else "SMD"
    arguments = (one.n, one.mean, one.sd, two.n, two.mean, two.sd)
    if asked == "MD":
        effects, name = continuous.mean_difference(*arguments), "mean difference, group 1 minus group 2"
    else:
        if one.n + two.n <= 2:
            raise _Missing("one person a group: no standardised mean difference")
        effects, name = continuous.standardised_mean_difference(*arguments), "Hedges’ g"
    if one.sd == two.sd == 0:
        raise _Missing("both standard deviations are zero")
    return _Found(asked, effects, (one.step, two.step, name), one.converted or two.converted, one.skewed or two.skewed)


def _ratio(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    (estimate,) = _needed(row, ("est",))
    scale = _word(row, "scale")
    if scale not in ("OR", "RR", "HR"):
        raise _Missing("a ratio of which it is not stated whether it is OR, RR or HR")
    start, end = f"{MEASURES[scale].label} {number(estimate)}", f"log {MEASURES[scale].label}"
    low, high = _number(row, "ci_low"), _number(row, "ci_high")
    if low is not None and high is not None:
        stated = _number(row, "ci_level")
        ci_level = level if stated is None else (stated / 100.0 if stated > 1 else stated)
        effects = ratios.ratio_with_interval(estimate, low, high, ci_level)
        interval = f"{percent(100 * ci_level)} CI {number(low)} to {number(high)}"
        if stated is None:
            interval += ", level not stated"
        return _Found(scale, effects, (f"{start} ({interval})", end))
    se = _number(row, "se_log")
    if se is not None:
        return _Found(scale, ratios.ratio_with_se(estimate, se), (f"{start}, SE of the logarithm {number(se)}", end))
    p = _number(row, "p_value")
    if p is None:
        raise _Missing("a ratio without interval, standard error or exact p-value")
    if _word(row, "p_cmp") != "=":
        raise _Missing(f"a ratio with {_p(row)} only: its standard error cannot be found")
    if p == 0:
        raise _Missing("a ratio with a p-value printed as 0: its standard error cannot be found")
    if "p_to_effect" not in allowed:
        raise _Missing(f"a ratio with {_p(row)} only; this analysis allows no standard error from a p-value")
    effects = ratios.ratio_with_p(estimate, p)
    if not math.isfinite(float(effects.v)):
        raise _Missing(f"a ratio of {number(estimate)} with {_p(row)}: its standard error cannot be found")
    return _Found(scale, effects, (f"{start}, {_p(row)}", "standard error from the p-value of a Wald test", end), True)


def _difference(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    (difference,) = _needed(row, ("diff",))
    start, end = f"difference {number(difference)}", "mean difference, group 1 minus group 2"
    low, high = _number(row, "diff_low"), _number(row, "diff_high")
    if low is not None and high is not None:
        if not low <= difference <= high:
            raise ValueError("a difference lies outside its own confidence interval")
        stated = _number(row, "ci_level")
        ci_level = level if stated is None else (stated / 100.0 if stated > 1 else stated)
        se = float(recover.se_from_ci(low, high, ci_level))
        interval = f"{percent(100 * ci_level)} CI {number(low)} to {number(high)}"
        return _Found("MD", Effects(np.asarray(difference), np.asarray(se**2)), (f"{start} ({interval})", end))
    if (se_given := _number(row, "diff_se")) is not None:
        return _Found(
            "MD", Effects(np.asarray(difference), np.asarray(se_given**2)), (f"{start}, SE {number(se_given)}", end)
        )
    p = _number(row, "p_value")
    if p is None or _word(row, "p_cmp") != "=" or p == 0:
        raise _Missing("a difference without interval, standard error or exact p-value")
    if "p_to_effect" not in allowed:
        raise _Missing(f"a difference with {_p(row)} only; this analysis allows no standard error from a p-value")
    se = float(recover.se_from_p(difference, p))
    if not math.isfinite(se):
        raise _Missing(f"a difference of {number(difference)} with {_p(row)}: its standard error cannot be found")
    path = (f"{start}, {_p(row)}", "standard error from the p-value of a Wald test", end)
    return _Found("MD", Effects(np.asarray(difference), np.asarray(se**2)), path, True)


def _correlation(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    raise _Missing("a correlation of two measurements, no comparison of groups")


def _auc(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    raise _Missing("the accuracy of a test, no comparison of groups")


def _t_stat(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    n1, n2 = _needed(row, ("n1", "n2"))
    direction = _direction(row)
    t, f = _number(row, "t"), _number(row, "f1")
    if t is not None:
        signed, step = (abs(t) * direction if direction else t), f"t {fixed(t, 2)}"
    elif f is not None:
        if f < 0:
            raise ValueError("F is negative")
        if not direction:
            raise _Missing("F without the sign: it is not known which group had more")
        signed, step = math.sqrt(f) * direction, f"F {fixed(f, 2)}, t = ±√F"
    else:
        raise _Missing("neither t nor F is given")
    return _from_t(signed, n1, n2, (f"{step}, n {number(n1)} and {number(n2)}",))


def _p_only(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    p = _number(row, "p_value")
    if p is None:
        raise _Missing("only the statement of a test, without its p-value")
    beside = _said_beside(row)
    only = f"{beside}; {_p(row)}" if beside else f"only a p-value: {_p(row)}"
    if _word(row, "p_cmp") != "=":
        raise _Missing(only)
    if p == 0:
        raise _Missing("only a p-value printed as 0")
    if _word(row, "test") != "t_test":
        raise _Missing(f"{only}, not stated to be from a two-sample t test")
    n1, n2, direction = _number(row, "n1"), _number(row, "n2"), _direction(row)
    if n1 is None or n2 is None:
        raise _Missing(f"{only}, group sizes not given")
    if not direction:
        raise _Missing(f"{only}, it is not known which group had more")
    if "p_to_effect" not in allowed:
        raise _Missing(f"{only}; this analysis allows no effect from a p-value")
    _at_least_one(n1, 1)
    _at_least_one(n2, 2)
    if n1 + n2 <= 2:
        raise _Missing("one person a group: no t test")
    one_sided = _word(row, "tails") in ("1", "one", "one_sided")
    two_sided_p = min(1.0, 2.0 * p) if one_sided else p
    t = float(recover.statistic_from_p(two_sided_p, n1 + n2 - 2.0))
    sides = "one-sided" if one_sided else "two-sided"
    start = f"{_p(row)} of a {sides} t test, n {number(n1)} and {number(n2)}"
    return _from_t(t * direction, n1, n2, (start, f"t {fixed(t * direction, 2)}"))._replace(converted=True)


def _from_t(t: float, n1: float, n2: float, path: tuple[str, ...]) -> _Found:
    _at_least_one(n1, 1)
    _at_least_one(n2, 2)
    if n1 + n2 <= 2:
        raise _Missing("one person a group: no standardised mean difference")
    return _Found("SMD", standardised.t_to_g(t, n1, n2), (*path, "Hedges’ g"))


def _direction_only(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    raise _Missing(_said_beside(row) or "only a direction")


def _said_beside(row: Row) -> str:
    """Return what a row without an effect does give, and what it lacks: "means without the sizes of the groups"."""
    for name, head, spreads in (("m", "means", ("sd1", "sd2")), ("med", "medians", ())):
        if _number(row, f"{name}1") is None or _number(row, f"{name}2") is None:
            continue
        lacks = [] if any(_number(row, spread) is not None for spread in spreads) else ["spread"]
        lacks += (
            [] if _number(row, "n1") is not None and _number(row, "n2") is not None else ["the sizes of the groups"]
        )
        return f"{head} without {' or '.join(lacks)}" if lacks else head
    if _number(row, "est") is not None:
        return "a ratio without interval or standard error"
    return ""


def _single_group(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    raise _Missing("one group without a comparison")


def _risk_only(row: Row, measure: str, allowed: Collection[str], odds_only: bool, level: float) -> _Found:
    raise _Missing("risks by class without the size of the classes")


_FORMS: dict[str, Callable[[Row, str, Collection[str], bool, float], _Found]] = {
    "two_by_two": _two_by_two,
    "events_totals": _events_totals,
    "means": _means,
    "medians": _medians,
    "ratio": _ratio,
    "difference": _difference,
    "correlation": _correlation,
    "auc": _auc,
    "t_stat": _t_stat,
    "p_only": _p_only,
    "direction_only": _direction_only,
    "single_group": _single_group,
    "risk_only": _risk_only,
}


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return None
    return float(value)


def _needed(row: Row, names: tuple[str, ...]) -> list[float]:
    values = {name: _number(row, name) for name in names}
    if lacking := [name for name, value in values.items() if value is None]:
        raise _Missing(f"not reported: {listed(lacking)}")
    return [value for value in values.values() if value is not None]


def _word(row: Row, name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _direction(row: Row) -> int:
    return {"higher_in_event": 1, "lower_in_event": -1}.get(_word(row, "sign"), 0)


def _at_least_one(n: float, which: int) -> None:
    if n < 1:
        raise ValueError(f"n{which} must be at least 1")


def _share(part: float, whole: float) -> str:
    return f"{number(part)}/{number(whole)}"


def _p(row: Row) -> str:
    p = _number(row, "p_value")
    if p is None:
        return "P not stated"
    comparison = _word(row, "p_cmp")
    return f"P {comparison} {number(p)}" if comparison else f"P {number(p)}"
