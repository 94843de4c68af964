"""Means against the t, F, p and interval printed beside them, and the one change that would reconcile them (M07)."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from metaan.checks import p_values, slips
from metaan.checks.groups import Groups, groups_of
from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.quantiles import LEVELS, t_p
from metaan.checks.ranges import Range, hull, printed, sqrt
from metaan.terms.finding import Finding
from metaan.terms.wording import ratio as ratio_text

#: how far z of an unnamed test, which may be one of ranks, may lie from that of t
_SHARE, _LEAST = 0.35, 0.5
_FEW = 2  #: cells, in any of which a slip would explain a row; more explain nothing

_NAMES = {
    "t": "t",
    "f1": "F",
    "df": "degrees of freedom",
    "p_value": "p",
    "diff": "difference",
    "diff_se": "standard error of the difference",
    "diff_low": "lower limit of the difference",
    "diff_high": "upper limit of the difference",
}


def check_tests(cells: Printed) -> Iterator[Finding]:
    """Yield what does not follow from the means of a row, or from its t.

    Adjusted differences, pairs and clusters have tests of their own and are left alone.
    """
    if cells["adjusted"] == "yes" or cells["clustering"] not in (None, "independent"):
        return
    groups = groups_of(cells)
    wrong = [name for name in _NAMES if cells.has(name) and groups is not None and not _FITS[name](cells, groups)]
    if groups is not None and wrong:
        yield from _explained(cells, groups, wrong)
        return
    yield from _t_alone(cells)


def _t(cells: Printed, groups: Groups) -> bool:
    size = abs(cells.range("t"))
    return any(size.meets(t) for t, _ in groups.t().values())


def _f(cells: Printed, groups: Groups) -> bool:
    size = sqrt(cells.range("f1"))
    return any(size.meets(t) for t, _ in groups.t().values())


def _df(cells: Printed, groups: Groups) -> bool:
    return any(cells.range("df").meets(df) for _, df in groups.t().values())


def _p(cells: Printed, groups: Groups) -> bool:
    if cells["p_value"] == 0 or cells["test"] in ("rank_sum", "chi_square", "fisher", "other"):
        return True
    exact = cells["test"] == "t_test"
    p = groups.p().values()
    return any(p_values.agrees(cells, each, *(() if exact else (_SHARE, _LEAST))) for each in p)


def _difference(cells: Printed, groups: Groups) -> bool:
    return cells.range("diff").meets(groups.difference)


def _se(cells: Printed, groups: Groups) -> bool:
    return any(cells.range("diff_se").meets(se) for se, _ in groups.standard_errors().values())


def _limit(which: int) -> Callable[[Printed, Groups], bool]:
    name = ("diff_low", "diff_high")[which]

    def fits(cells: Printed, groups: Groups) -> bool:
        limits = groups.limits(cells["ci_level"] or 95.0).values()
        return any(cells.range(name, "diff", "diff_low", "diff_high").meets(each[which]) for each in limits)

    return fits


_FITS: dict[str, Callable[[Printed, Groups], bool]] = {
    "t": _t,
    "f1": _f,
    "df": _df,
    "p_value": _p,
    "diff": _difference,
    "diff_se": _se,
    "diff_low": _limit(0),
    "diff_high": _limit(1),
}


def _explained(cells: Printed, groups: Groups, wrong: list[str]) -> Iterator[Finding]:
    """Yield one finding about all that does not follow, at the cell whose change would mend it if there is one."""
    given = [name for name in _NAMES if cells.has(name)]

    def fits(changed: Groups) -> bool:
        return all(_FITS[name](cells, changed) for name in given)

    computed = "; ".join(
        f"{_NAMES[name]} {_shown(cells, name)} printed, {_computed(groups, name, cells)} from the means"
        for name in wrong
    )
    column, hint = wrong[0], _hint(cells, groups, wrong)
    if not hint:
        # one statistic alone is met by many a change; then only the commonest is worth naming
        changes = [
            *_spreads(cells, groups),
            *(_slips(cells, groups) if len({_KIND[name] for name in wrong}) > 1 else ()),
        ]
        reasons = [(cell, said) for cell, said, changed in changes if fits(changed)]
        if reasons and len({cell for cell, _ in reasons}) <= _FEW:
            column = reasons[0][0]
            hint = f"it would all fit with {' or with '.join(said for _, said in reasons[:2])}"
    hint = hint or "a slip in one of them, another test (column test), or numbers of another comparison"
    yield cells.finding("M07", column, computed, "numbers that follow from n, mean and spread", f"{hint}; {CONFIRM}")


#: what says the same in another way
_KIND = {name: name for name in _NAMES} | {"f1": "t", "p_value": "t", "diff_high": "diff_low"}


def _shown(cells: Printed, name: str) -> str:
    return f"{cells['p_cmp'] or '='} {cells.text(name)}" if name == "p_value" else cells.text(name)


def _computed(groups: Groups, name: str, cells: Printed) -> str:
    def span(ranges: list[Range]) -> str:
        both = hull(ranges)
        low, high = (f"{value:.3g}" for value in (both.low, both.high))
        return low if low == high else f"{low} to {high}"

    if name in ("t", "f1"):
        t = [t for t, _ in groups.t().values()]
        return span([x * x for x in t] if name == "f1" else t)
    if name == "df":
        return span([df for _, df in groups.t().values()])
    if name == "p_value":
        return p_values.digits(hull(groups.p().values()))
    if name == "diff":
        return span([groups.difference])
    if name == "diff_se":
        return span([se for se, _ in groups.standard_errors().values()])
    which = ("diff_low", "diff_high").index(name)
    return span([each[which] for each in groups.limits(cells["ci_level"] or 95.0).values()])


Change = tuple[str, str, Groups]  #: cell, words, groups


def _spreads(cells: Printed, groups: Groups) -> Iterator[Change]:
    """Yield spreads read as the other kind."""
    root1, root2 = math.sqrt(groups.n1), math.sqrt(groups.n2)
    if cells["spread_type"] == "se":
        as_sd = replace(groups, sd1=groups.sd1.times(1.0 / root1), sd2=groups.sd2.times(1.0 / root2))
        yield "spread_type", "the spreads read as standard deviations", as_sd
        return
    se1, se2 = replace(groups, sd1=groups.sd1.times(root1)), replace(groups, sd2=groups.sd2.times(root2))
    yield "sd1", "both spreads read as standard errors (SD = SE × √n)", replace(se1, sd2=se2.sd2)
    for name, root, changed in (("sd1", root1, se1), ("sd2", root2, se2)):
        yield name, f"the spread in {cells.cell(name)} read as a standard error (× √n = {root:.3g})", changed


def _slips(cells: Printed, groups: Groups) -> Iterator[Change]:
    """Yield cells exchanged, and single cells with a wrong digit or a shifted decimal mark."""
    if cells["sd1"] != cells["sd2"]:
        yield "sd1", "the two spreads exchanged", replace(groups, sd1=groups.sd2, sd2=groups.sd1)
    if groups.n1 != groups.n2:
        yield "n1", "the two group sizes exchanged", replace(groups, n1=groups.n2, n2=groups.n1)
    yield "m1", "the two means exchanged", replace(groups, m1=groups.m2, m2=groups.m1)
    for name in ("n1", "n2"):
        for size in _sizes(cells.text(name)):
            yield name, f"{size} in {cells.cell(name)}", replace(groups, **{name: size})  # type: ignore[arg-type]
    for name, size, rest in (("n1", groups.n1, groups.n2), ("n2", groups.n2, groups.n1)):
        if size - rest >= 2:
            said = f"{size - rest} in {cells.cell(name)}, which would now be the size of both groups"
            yield name, said, replace(groups, **{name: size - rest})  # type: ignore[arg-type]
    for name in ("m1", "m2", "sd1", "sd2"):
        for factor in (10.0, 0.1):
            own: Range = getattr(groups, name)
            changed = replace(groups, **{name: own.times(factor)})  # type: ignore[arg-type]
            yield name, f"a decimal shift in {cells.cell(name)} (× {factor:g})", changed
    for name in ("m1", "m2"):
        yield name, f"the other sign in {cells.cell(name)}", replace(groups, **{name: -getattr(groups, name)})
    for name in ("m1", "m2", "sd1", "sd2"):
        own = getattr(groups, name)
        for text in slips.digits(cells.text(name)):
            typed, was = printed(text, cells.mark), cells[name]
            if typed is not None and was and typed.high > 0:
                # a spread typed as a standard error is wider in `groups`; means are as typed
                factor = own.middle / was if name.startswith("sd") else 1.0
                changed = replace(groups, **{name: typed.times(factor)})  # type: ignore[arg-type]
                yield name, f"{text} in {cells.cell(name)}", changed


def _sizes(text: str) -> list[int]:
    """Return group sizes that a slip of one digit or an exchange of two may have hidden."""
    return [int(other) for other in slips.digits(text) if other.isdecimal() and int(other) >= 2]


def _hint(cells: Printed, groups: Groups, wrong: list[str]) -> str:
    about_the_difference = set(wrong) <= {"diff", "diff_low", "diff_high"} and cells.has("diff")
    if about_the_difference and (-cells.range("diff")).meets(groups.difference):
        where = f"{cells.cell('n1')} to {cells.cell('sd2')}"
        return (
            f"the sign is turned: the two groups ({where}) were exchanged, or it is not with minus without the outcome"
        )
    if set(wrong) <= {"diff_low", "diff_high"}:
        for level in LEVELS:
            for low, high in groups.limits(level).values():
                names = (("diff_low", low), ("diff_high", high))
                if all(cells.range(name, *_TRIPLE).meets(limit) for name, limit in names if cells.has(name)):
                    return f"it looks like a {level:g}% interval: see {cells.cell('ci_level')}"
    two_sided = wrong == ["p_value"] and cells["tails"] is None and cells["p_cmp"] in (None, "=")
    if two_sided and any(cells.range("p_value").meets(p.times(0.5)) for p in groups.p().values()):
        return f"it looks one-sided: see {cells.cell('tails')}"
    return ""


_TRIPLE = ("diff", "diff_low", "diff_high")


def _t_alone(cells: Printed) -> Iterator[Finding]:
    """Yield t, F, degrees of freedom and p that do not go together, without asking the means."""
    if cells.has("t", "f1") and not sqrt(cells.range("f1")).meets(abs(cells.range("t"))):
        squared = abs(cells.range("t")) * abs(cells.range("t"))
        yield cells.finding(
            "M07",
            "f1",
            f"F {cells.text('f1')} beside t {cells.text('t')}",
            f"the square of t, {ratio_text(squared.low, 2)} to {ratio_text(squared.high, 2)}",
            f"a slip in one of them, or an F with more than one degree of freedom above; {CONFIRM}",
        )
        return
    if not cells.has("n1", "n2") or min(cells["n1"], cells["n2"]) < 2 or not (cells.has("t") or cells.has("f1")):
        return
    n1, n2 = cells["n1"], cells["n2"]
    possible = Range(min(n1, n2) - 1.0, n1 + n2 - 2.0)
    if cells.has("df") and not cells.range("df").meets(possible):
        yield cells.finding(
            "M07",
            "df",
            f"{cells.text('df')} degrees of freedom with groups of {n1} and {n2}",
            f"{n1 + n2 - 2} (Student), or {min(n1, n2) - 1} to {n1 + n2 - 2} (Welch)",
            f"a slip in a group size, people with missing values, or a test of another kind; {CONFIRM}",
        )
        return
    size = abs(cells.range("t")) if cells.has("t") else sqrt(cells.range("f1"))
    df = cells.range("df") if cells.has("df") else possible
    if not cells.has("p_value") or cells["p_value"] == 0 or cells["test"] not in (None, "t_test"):
        return
    computed = t_p(size, Range(max(df.low, 1.0), df.high))
    if not p_values.agrees(cells, computed):
        yield cells.finding(
            "M07",
            "p_value",
            f"{p_values.shown(cells)}, but {'t' if cells.has('t') else 'F'} gives {p_values.digits(computed)}",
            "a p that follows from t or F",
            f"a slip in one of them, or a one-sided test (column tails); {CONFIRM}",
        )


def size_of_smd(cells: Printed) -> Range | None:
    """Return the sizes of the standardised mean difference that the row's rounded numbers allow."""
    groups = groups_of(cells)
    if groups is not None:
        return abs(groups.difference) / groups.pooled_sd
    if cells.has("n1", "n2") and min(cells["n1"], cells["n2"]) > 0 and (cells.has("t") or cells.has("f1")):
        size = abs(cells.range("t")) if cells.has("t") else sqrt(cells.range("f1"))
        return size.times(math.sqrt(1.0 / cells["n1"] + 1.0 / cells["n2"]))
    return None
