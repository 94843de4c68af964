"""Counts of a row: within their totals, in line with printed percentages, ratios and p (B01 to B05)."""

import math
from collections.abc import Iterator

from metaan.checks import p_values
from metaan.checks.percentages import check_percentages
from metaan.checks.printed import CONFIRM, Printed
from metaan.checks.quantiles import LEVELS, quantile
from metaan.checks.ranges import Range, exactly, exp
from metaan.checks.reconcile import reconciled
from metaan.checks.tables import BY_CELL, BY_FACTOR, BY_OUTCOME, RATIOS, Table, limits, tables
from metaan.checks.tables import p_values as p_of
from metaan.terms.finding import Finding
from metaan.terms.wording import ratio as ratio_text
from metaan.workbook.read import Row

_PARTS = (
    ("events_high", "total_high"),
    ("events_low", "total_low"),
    ("high_event", "n_event"),
    ("high_none", "n_none"),
)
_GROUPS = ("n1", "n2", "total_high", "total_low", "n_event", "n_none", "r_n", "n_analysed")


def check_counts(cells: Printed, design: Row | None = None) -> Iterator[Finding]:
    """Yield what is wrong with the counts of a row; `design` is the row of the Design sheet it belongs to."""
    chosen = design.answer("selected_on_outcome") if design is not None else ""
    impossible = tuple(_impossible(cells, chosen))
    yield from impossible
    if impossible:
        return
    yield from reconciled(cells, lambda row: [*_beside(row, chosen)])
    yield from _no_events(cells, chosen)
    if chosen == "yes" and tables(cells):
        yield from _risk_ratio_by_outcome(cells)


def _beside(cells: Printed, chosen: str) -> Iterator[Finding]:
    """Yield numbers printed beside the counts that do not follow from them."""
    yield from _sums(cells)
    yield from check_percentages(cells, chosen)
    for table in tables(cells)[:1]:
        yield from _ratio(cells, table)
        yield from _p(cells, table)


def _impossible(cells: Printed, chosen: str) -> Iterator[Finding]:
    for part, whole in _PARTS:
        if cells.has(part, whole) and cells[part] > cells[whole]:
            yield cells.finding(
                "B01",
                part,
                f"{cells[part]} events among {cells[whole]} people (total in {cells.cell(whole)})",
                f"a whole number from 0 to the total in {cells.cell(whole)}",
                "compare with the paper; if the two cells were swapped, "
                f"exchange {cells.cell(part)} and {cells.cell(whole)}",
            )
    for name in _GROUPS:
        if cells[name] == 0:
            yield cells.finding("B01", name, "0 people", "at least 1", "compare with the paper")
    by_outcome = (("a_high_event", "c_low_event", "with the outcome"), ("b_high_none", "d_low_none", "without it"))
    by_factor = (
        ("a_high_event", "b_high_none", "with the factor, or treated"),
        ("c_low_event", "d_low_none", "without the factor, or untreated"),
    )
    for first, second, who in by_outcome if chosen == "yes" else by_factor:
        if cells.has(first, second) and cells[first] + cells[second] == 0:
            both = f"0 in {cells.cell(first)} and in {cells.cell(second)}: nobody {who}"
            yield cells.finding("B01", first, both, "at least 1 person in each group", "compare with the paper")
    people = cells["n_analysed"] or (cells["n1"] + cells["n2"] if cells.has("n1", "n2") else None)
    if people and cells.has("n_events") and cells["n_events"] > people:
        yield cells.finding(
            "B01",
            "n_events",
            f"{cells['n_events']} events among {people} people",
            f"a whole number from 0 to {people}",
            "compare with the paper; events and people may have been exchanged",
        )


def _sums(cells: Printed) -> Iterator[Finding]:
    """Yield parts that do not add up to the people analysed, and two layouts of one table that differ (B02)."""
    analysed = cells["n_analysed"]
    one_a_person = cells["clustering"] in (None, "independent", "cluster")
    counted = cells["analysis_unit"] in (None, "person", "woman")
    if analysed and one_a_person and counted:
        for parts, said in (
            (BY_CELL, "the four cells of the table add up to"),
            (("total_high", "total_low"), "the two groups add up to"),
            (("n_event", "n_none"), "the two groups add up to"),
            (("n1", "n2"), "the two groups add up to"),
        ):
            if cells.has(*parts) and (total := sum(cells[name] for name in parts)) != analysed:
                where = " + ".join(cells.cell(name) for name in parts)
                yield cells.finding(
                    "B02",
                    "n_analysed",
                    f"{analysed}, but {said} {total}",
                    f"the sum of {where}",
                    "compare with the paper; say in derivation_note why they differ",
                )
                break
        else:
            if cells["form"] == "single_group" and cells.has("total_high") and cells["total_high"] != analysed:
                yield cells.finding(
                    "B02",
                    "n_analysed",
                    f"{analysed}, but the group in {cells.cell('total_high')} has {cells['total_high']}",
                    f"the number in {cells.cell('total_high')}",
                    CONFIRM,
                )
    if cells.has(*BY_FACTOR, *BY_OUTCOME):
        pairs = (
            ("events_high", cells["high_event"], "events with the factor"),
            ("total_high", cells["high_event"] + cells["high_none"], "people with the factor"),
            ("n_event", cells["events_high"] + cells["events_low"], "people with the outcome"),
            ("n_none", cells["total_high"] + cells["total_low"] - cells["n_event"], "people without the outcome"),
        )
        for name, other, who in pairs:
            if cells[name] != other:
                yield cells.finding(
                    "B02",
                    name,
                    f"{cells[name]} {who}, but the other layout of the same table gives {other}",
                    "two layouts of one table that give the same four counts",
                    "compare with the paper, and keep one of the two layouts",
                )
                break


def _no_events(cells: Printed, chosen: str) -> Iterator[Finding]:
    """Yield groups none of which had an event, where the paper does not say so itself (B04)."""
    if cells["zero_reported"] == "yes":
        return
    for names in (
        ("a_high_event", "b_high_none") if chosen == "yes" else ("a_high_event", "c_low_event"),
        ("events_high", "events_low"),
        ("high_event", "high_none"),
        ("events_high",),
    ):
        if len(names) == 1 and cells["form"] != "single_group":
            continue
        if cells.has(*names) and not any(cells[name] for name in names):
            yield cells.finding(
                "B04",
                names[0],
                "nobody with the factor in any group" if chosen == "yes" else "no event in any group",
                "counts the paper prints; 0 only where it says that there was none",
                "type NR if the paper is silent; if it says that there was none, put yes into "
                f"{cells.cell('zero_reported')}",
            )
            return


def _risk_ratio_by_outcome(cells: Printed) -> Iterator[Finding]:
    for name in ("crude_scale", "scale"):
        if cells[name] == "RR":
            yield cells.finding(
                "B05",
                name,
                "a risk ratio beside counts of people who were chosen by their outcome",
                "OR: how many had the outcome was fixed by the study, so that no risk can be computed",
                "if the paper prints an odds ratio, choose OR; else check selected_on_outcome on the sheet Design",
            )


def _ratio(cells: Printed, table: Table) -> Iterator[Finding]:
    """Yield a crude ratio, or limits of it, that the counts do not give (B03)."""
    if not cells.has("crude_est") or cells["crude_scale"] == "HR" or min(table.counts) == 0:
        return
    if cells["ci_method"] == "exact" or cells["crude_est"] <= 0:
        return
    scales = [cells["crude_scale"]] if cells["crude_scale"] in RATIOS else list(RATIOS)
    triple = ("crude_est", "crude_low", "crude_high")
    reported = cells.range("crude_est", *triple)
    found = {scale: RATIOS[scale](*table.counts) for scale in RATIOS}
    fits = [scale for scale in scales if reported.meets(exactly(math.exp(found[scale][0])))]
    other = next((scale for scale in RATIOS if reported.meets(exactly(math.exp(found[scale][0])))), None)
    if other is not None and not fits:
        yield cells.finding(
            "B03",
            "crude_scale",
            f"{cells.text('crude_scale')}, but {cells.text('crude_est')} is the {other} of the counts",
            "the scale of the ratio that is printed",
            f"choose {other} if the paper says so, or type the ratio it names; {CONFIRM}",
        )
        return
    if not fits:
        given = " and ".join(f"{scale} {ratio_text(math.exp(found[scale][0]), 3)}" for scale in scales)
        yield cells.finding(
            "B03",
            "crude_est",
            f"{cells.text('crude_est')}, but the counts give {given}",
            f"a ratio that rounds from the counts in {', '.join(cells.cell(name) for name in table.columns)}",
            f"{_other_ratio(cells, reported, table, scales)}; {CONFIRM}",
        )
        return
    if cells["ci_method"] in (None, "usual"):
        yield from _limits(cells, found[fits[0]], fits[0], triple)


def _other_ratio(cells: Printed, reported: Range, table: Table, scales: list[str]) -> str:
    a, b, c, d = table.counts
    turned = {
        "the reciprocal fits: the groups are swapped, or the paper compares the other way round": (c, d, a, b),
        "the ratio of not having the event fits: events and people without them are swapped": (b, a, d, c),
        "it fits with rows and columns exchanged": (a, c, b, d),
    }
    for said, counts in turned.items():
        if any(reported.meets(exactly(math.exp(RATIOS[scale](*counts)[0]))) for scale in scales):
            return said
    return "a slip in a count, or an adjusted ratio (type that as form ratio)"


def _limits(cells: Printed, found: tuple[float, float], scale: str, triple: tuple[str, ...]) -> Iterator[Finding]:
    level = cells["ci_level"] or 95.0
    computed = dict(zip(("crude_low", "crude_high"), limits(*found, quantile(level)), strict=True))
    for name in ("crude_low", "crude_high"):
        if not cells.has(name) or cells.range(name, *triple).meets(computed[name]):
            continue
        said = f"{ratio_text(computed['crude_low'].middle, 2)} to {ratio_text(computed['crude_high'].middle, 2)}"
        hint = "an interval made another way (exact, profile) is named in " + cells.cell("ci_method")
        for other in LEVELS:
            low, high = limits(*found, quantile(other))
            if all(
                cells.range(column, *triple).meets(limit)
                for column, limit in (("crude_low", low), ("crude_high", high))
                if cells.has(column)
            ):
                hint = f"it looks like a {other:g}% interval: see {cells.cell('ci_level')}"
        yield cells.finding(
            "B03",
            name,
            f"{cells.text(name)}, but the counts give a {level:g}% interval of the {scale} of {said}",
            "limits that follow from the counts",
            f"{hint}; {CONFIRM}",
        )
        return


def _p(cells: Printed, table: Table) -> Iterator[Finding]:
    """Yield a p that lies beyond what any of the usual tests gives on the counts (B03)."""
    if not cells.has("p_value") or cells["p_value"] == 0 or cells["adjusted"] == "yes":
        return
    if cells["form"] not in ("two_by_two", "events_totals") or cells["test"] not in (None, "chi_square", "fisher"):
        return
    found = p_of(table)
    if not found:
        return
    computed = Range(min(found.values()), max(found.values()))
    if p_values.agrees(cells, computed):
        return
    yield cells.finding(
        "B03",
        "p_value",
        f"{p_values.shown(cells)}, but the usual tests give {p_values.digits(computed)} on these counts",
        "a p that chi-square, Fisher's exact or a Wald test gives",
        f"a slip in a count or in p, a one-sided test (column tails), or a p of another comparison; {CONFIRM}",
    )


def crude_from_counts(cells: Printed, scale: str) -> tuple[Range, float] | None:
    """Return ratio and standard error of its logarithm from the counts of the row; None without counts."""
    if scale not in RATIOS:
        return None
    for table in tables(cells):
        if min(table.counts) > 0:
            effect, se = RATIOS[scale](*table.counts)
            return exp(exactly(effect)), se
    return None
