"""Ratios with their intervals, standard errors and p: what goes together and what does not (C01 to C05, T01, T02)."""

import math
from collections.abc import Iterator

from metaan.checks import p_values, slips
from metaan.checks.counts import crude_from_counts
from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.quantiles import LEVELS, normal_p, quantile
from metaan.checks.ranges import Range, exactly, exp, log, sqrt
from metaan.terms.finding import Finding
from metaan.terms.wording import ratio as ratio_text

Triple = tuple[str, str, str]
RATIO: Triple = ("est", "ci_low", "ci_high")
CRUDE: Triple = ("crude_est", "crude_low", "crude_high")
_OTHERS: tuple[Triple, ...] = (("diff", "diff_low", "diff_high"), ("auc", "auc_low", "auc_high"))

#: how much smaller than theory a standard error may be before it is told
_ALLOWED = 0.95
#: how far z of another test (likelihood ratio, score) may lie from that of the interval
_SHARE, _LEAST = 0.05, 0.05
_FACTOR = 2.0  #: between a crude and an adjusted ratio


def check_ratios(cells: Printed) -> Iterator[Finding]:
    """Yield what is wrong with ratios, their intervals, standard errors and p."""
    for triple in (RATIO, CRUDE):
        wrong = tuple(_order(cells, triple, ratio=True))
        yield from wrong
        if not wrong:
            yield from _symmetry(cells, triple)
    for triple in _OTHERS:
        yield from _order(cells, triple, ratio=False)
    yield from p_values.zero(cells)
    if any(cells.has(name) and cells[name] <= 0 for name in RATIO) or not cells.has("est"):
        return
    se = _se(cells, RATIO)
    yield from _together(cells, se)
    if se is None and cells.has("se_log"):
        se = cells.range("se_log")
    if se is not None and se.high > 0:
        yield from _too_precise(cells, se)
        yield from _hazard(cells, se)
    yield from _adjusted(cells)


def _order(cells: Printed, triple: Triple, ratio: bool) -> Iterator[Finding]:
    est, low, high = triple
    if ratio:
        negative = [name for name in triple if cells.has(name) and cells[name] < 0]
        if negative:
            yield _logarithm(cells, triple, negative[0])
            return
        for name in triple:
            if cells[name] == 0:
                fix = "compare with the paper; for a printed 0.00 look for more digits, or give p or the counts instead"
                yield cells.finding("C01", name, f'"{cells.text(name)}"', "a ratio above 0", fix)
                return
    if not cells.has(low, high):
        return
    limits = f"{cells.text(low)} to {cells.text(high)}"
    if cells[low] == cells[high]:
        fix = "look for more decimals, or give se_log, p or the counts instead: equal limits leave no standard error"
        yield cells.finding("C01", low, f"limits {limits}, equal as typed", "lower < upper", fix)
    elif cells[low] > cells[high]:
        fix = f"compare with the paper; perhaps {cells.cell(low)} and {cells.cell(high)} were swapped"
        yield cells.finding("C01", low, f"limits {limits}", "lower < upper", fix)
    elif cells.has(est) and (cells.above(low, est) or cells.above(est, high)):
        yield cells.finding(
            "C01",
            est,
            f"{cells.text(est)}, outside its interval {limits}",
            f"a value between {cells.cell(low)} and {cells.cell(high)}",
            f"compare the three numbers with the paper{_inverted(cells, triple) if ratio else ''}",
        )


def _inverted(cells: Printed, triple: Triple) -> str:
    est, low, high = triple
    if cells[est] and cells[low] <= 1.0 / cells[est] <= cells[high]:
        turned = ratio_text(1.0 / cells[est])
        return f"; 1/{cells.text(est)} = {turned} would lie inside: the paper may compare the other way round"
    return ""


def _logarithm(cells: Printed, triple: Triple, name: str) -> Finding:
    shown = ", ".join(
        f"exp({cells.text(each)}) = {ratio_text(math.exp(min(cells[each], 50.0)), 3)}"
        for each in triple
        if cells.has(each)
    )
    return cells.finding(
        "C04",
        name,
        f'"{cells.text(name)}" in a column of ratios: it looks like a logarithm, or a difference',
        "the ratio itself, above 0",
        f"if the paper prints logarithms, type their exponentials ({shown}); a difference is another form",
    )


def _symmetry(cells: Printed, triple: Triple) -> Iterator[Finding]:
    """Yield an interval whose middle on the log scale is not the estimate (C02)."""
    est, low, high = triple
    if not cells.has(*triple) or cells["ci_method"] not in (None, "usual"):
        return
    ranges = [cells.range(name, *triple) for name in triple]
    if symmetric(*ranges):
        return
    middle = sqrt(ranges[1] * ranges[2]) if ranges[1].low > 0 else sqrt(Range(0.0, ranges[1].high * ranges[2].high))
    yield cells.finding(
        "C02",
        est,
        f"{cells.text(est)} ({cells.text(low)} to {cells.text(high)}): the estimate is not in the middle of its "
        "interval on the log scale",
        f"with these limits an estimate from {ratio_text(middle.low, 3)} to {ratio_text(middle.high, 3)}",
        f"{_why_asymmetric(cells, triple)}; an exact, profile or bootstrap interval is named in "
        f"{cells.cell('ci_method')}; {CONFIRM}",
    )


def symmetric(est: Range, low: Range, high: Range) -> bool:
    """Whether an estimate can be the geometric mean of its limits."""
    return (log(est) + log(est)).meets(log(low) + log(high))


def _why_asymmetric(cells: Printed, triple: Triple) -> str:
    est = triple[0]
    ranges = [cells.range(name, *triple) for name in triple]
    if (ranges[0] + ranges[0]).meets(ranges[1] + ranges[2]):
        return "it is in the middle on the plain scale: logarithms, a difference, or an interval made on that scale"
    if symmetric(exactly(1.0) / ranges[0], *ranges[1:]):
        return f"1/{cells.text(est)} fits: the estimate was turned round without its limits"

    def fits(changed: dict[str, Range]) -> bool:
        return symmetric(*(changed.get(name, own) for name, own in zip(triple, ranges, strict=True)))

    slip = slips.one_number(cells, triple, fits)
    return slip or "a wrong digit, or the limits of another row"


def _se(cells: Printed, triple: Triple, level: float | None = None) -> Range | None:
    """Return the standard error of the logarithm that the limits give."""
    _, low, high = triple
    if not cells.has(low, high) or min(cells[low], cells[high]) <= 0 or cells[low] >= cells[high]:
        return None
    z = quantile(level or cells["ci_level"] or 95.0)
    width = log(cells.range(high, *triple)) - log(cells.range(low, *triple))
    return Range(max(width.low, 0.0), width.high) / (z + z)


def _z(cells: Printed, se: Range) -> Range:
    return abs(log(cells.range("est", *RATIO))) / se


def _together(cells: Printed, se: Range | None) -> Iterator[Finding]:
    """Yield a standard error or p that does not go with the interval, or with each other (C03)."""
    wrong = []
    usual = cells["ci_method"] in (None, "usual")
    if se is not None and usual and cells.has("se_log") and not cells.range("se_log").meets(se):
        wrong.append("se_log")
    base = se if se is not None and usual else (cells.range("se_log") if cells.has("se_log") else None)
    if base is not None and base.high > 0 and not _p_fits(cells, base):
        wrong.append("p_value")
    if not wrong or base is None:
        return
    exact = "se_log" in wrong or (cells["p_cmp"] or "=") == "="
    level = _fitting_level(cells) if se is not None and usual and exact else None
    if level:
        stated = cells.text("ci_level") or "95"
        yield cells.finding(
            "C03",
            "ci_level" if cells.has("ci_level") else wrong[0],
            f"{stated} %, but with the {' and the '.join(_NAMES[name] for name in wrong)} of this row it looks like a "
            f"{level:g}% interval",
            "interval, standard error and p that go together",
            f"see how the paper names the interval, and type its level; {CONFIRM}",
        )
        return
    p = normal_p(_z(cells, base))
    source = "interval" if se is not None and usual else "standard error"
    for name in wrong:
        given = p_values.digits(p) if name == "p_value" else f"{ratio_text(base.low, 3)} to {ratio_text(base.high, 3)}"
        own = p_values.shown(cells) if name == "p_value" else cells.text(name)
        yield cells.finding(
            "C03",
            name,
            f"{own}, but from estimate and {source} the {_NAMES[name]} is {given}",
            "interval, standard error and p that go together",
            f"a slip in one of them, or the p of another test or comparison; {CONFIRM}",
        )


_NAMES = {"se_log": "standard error", "p_value": "p"}


def _p_fits(cells: Printed, se: Range) -> bool:
    if not cells.has("p_value") or cells["p_value"] == 0 or cells["test"] not in (None, "other", "chi_square"):
        return True
    return p_values.agrees(cells, normal_p(_z(cells, se)), _SHARE, _LEAST)


def _fitting_level(cells: Printed) -> float | None:
    """Return the level at which the interval goes with the standard error and the p of the row."""
    for level in LEVELS:
        if level == (cells["ci_level"] or 95.0):
            continue
        se = _se(cells, RATIO, level)
        if se is None:
            continue
        fits = {
            "se_log": lambda se=se: cells.range("se_log").meets(se),
            "p_value": lambda se=se: _p_fits(cells, se),
        }
        if all(fits[name]() for name in ("se_log", "p_value") if cells.has(name)):
            return level
    return None


def _too_precise(cells: Printed, se: Range) -> Iterator[Finding]:
    """Yield an odds ratio with a smaller standard error than its counts, or the crude one, allow (C05)."""
    if cells["scale"] != "OR":
        return
    bounds: list[tuple[float, str]] = []
    if (crude := crude_from_counts(cells, "OR")) is not None:
        bounds.append((crude[1], "the counts of this row"))
    if cells["crude_scale"] in ("OR", None) and (of_crude := _se(cells, CRUDE)) is not None:
        bounds.append((of_crude.low, "the interval of the crude ratio"))
    if _two_groups(cells) and cells.has("n1", "n2") and min(cells["n1"], cells["n2"]) > 0:
        least = 2.0 * math.sqrt(1.0 / cells["n1"] + 1.0 / cells["n2"])
        bounds.append((least, f"{cells['n1']} and {cells['n2']} people"))
    for bound, source in sorted(bounds, reverse=True):
        if se.high < _ALLOWED * bound:
            column = "se_log" if not cells.has("ci_low", "ci_high") else "ci_low"
            yield cells.finding(
                "C05",
                column,
                f"a standard error of the log odds ratio of {ratio_text(se.middle, 3)}; {source} allow no less than "
                f"{ratio_text(bound, 3)}",
                "an adjusted odds ratio that is no more precise than the crude one",
                f"a 90% interval, limits of another row, or counts of a smaller group; {CONFIRM}",
            )
            return


def of_two_groups(per_unit: str) -> bool:
    """Whether a ratio compares two groups, and is not per unit of a measurement, by what it is said to be per."""
    unit = per_unit.casefold()
    return not unit or any(word in unit for word in (" v ", " vs", "against", "versus"))


def _two_groups(cells: Printed) -> bool:
    return of_two_groups(cells.text("per_unit"))


def _hazard(cells: Printed, se: Range) -> Iterator[Finding]:
    """Yield a hazard ratio with a smaller standard error than its events allow (T01).

    The variance of the log hazard ratio is 1 / (e p q), p and q being the shares of the two groups among those at risk
    (Schoenfeld 1981, Biometrika 68:316-319). Those shares move with the ratio, so the largest p q between the start and
    the ratio's end is taken; without group sizes 1/4.
    """
    if cells["scale"] != "HR" or not cells["n_events"] or not _two_groups(cells):
        return
    events, product = cells["n_events"], 0.25
    said = f"2 / sqrt({events})"
    if cells.has("n1", "n2") and min(cells["n1"], cells["n2"]) > 0:
        odds = cells["n1"] / cells["n2"]
        shares = [odds * factor / (1.0 + odds * factor) for factor in (cells["est"], 1.0, 1.0 / cells["est"])]
        nearest = min(max(0.5, min(shares)), max(shares))
        product = nearest * (1.0 - nearest)
        said = f"1 / sqrt({events} events times the shares of the groups)"
    bound = 1.0 / math.sqrt(events * product)
    if se.high < _ALLOWED * bound:
        yield cells.finding(
            "T01",
            "n_events",
            f"{events} events, but a standard error of the log hazard ratio of {ratio_text(se.middle, 3)}",
            f"at least {said} = {ratio_text(bound, 3)}",
            f"events of one group, or of another outcome; people counted instead; a 90% interval; {CONFIRM}",
        )


def _adjusted(cells: Printed) -> Iterator[Finding]:
    """Yield an adjusted ratio far from the crude one (T02)."""
    if cells["adjusted"] != "yes":
        return
    crude = None
    if cells.has("crude_est") and cells["crude_est"] > 0 and cells["crude_scale"] in (cells["scale"], None):
        crude = cells.range("crude_est", *CRUDE)
    elif not cells.has("crude_est") and (counted := crude_from_counts(cells, cells["scale"] or "")) is not None:
        crude = counted[0]
    if crude is None:
        return
    apart = exp(abs(log(cells.range("est", *RATIO)) - log(crude)))
    if apart.low > _FACTOR:
        turned = exp(abs(log(cells.range("est", *RATIO)) + log(crude)))
        hint = (
            "one of the two may compare the other way round"
            if turned.low <= _FACTOR
            else "the two may belong to different comparisons, units or people"
        )
        yield cells.finding(
            "T02",
            "est",
            f"adjusted {cells.text('est')}, a factor of {ratio_text(apart.low, 1)} or more from the crude ratio "
            f"{ratio_text(crude.middle)}",
            "adjusted and crude ratios within a factor of 2",
            f"{hint}; {CONFIRM}",
        )


def ratio_agrees_with_counts(cells: Printed) -> bool | None:
    """Whether counts in the row give the ratio of the row, within rounding; None where one of the two is missing."""
    if not cells.has("est", "scale") or cells["est"] <= 0:
        return None
    counted = crude_from_counts(cells, cells["scale"])
    if counted is None:
        return None
    if not cells.range("est", *RATIO).meets(counted[0]):
        return False
    se = _se(cells, RATIO)
    return se is None or se.meets(exactly(counted[1]))
