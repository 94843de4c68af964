"""Effects from counts, rates and single groups beside those of R packages, study by study."""

import math
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from metaan.effects import reconstruct, single
from metaan.effects.back import mean_printed
from metaan.effects.sizes import effect_sizes, recipes
from metaan.terms.measures import MEASURES
from oracle import CLOSED, META, METAFOR, Differs, comparison, comparisons_of, load, names, numbers

COUNTS = ("OR", "RR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "OR2DL", "OR2DN")
RATES = ("IRR", "IRD", "IRSD", "IR", "IRLN", "IRS", "IRFT")
GROUPS = ("PR", "PLN", "PLO", "PAS", "PFT", "MN", "MNLN", "SDLN", "CVLN")
ROLES = ("ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i", "xi", "ni")
EMPTY = "a group without people gives no effect; metafor adds 0.5 to its cells and goes on"


class Case(NamedTuple):
    name: str
    table: dict  # columns
    blocks: dict  # measure[variant] -> yi, vi
    meta: dict


def columns(data: dict) -> dict:
    return {role: numbers(data[role]) for role in ROLES if role in data}


def cases() -> Iterator[Case]:
    for file in names():
        content = load(file)
        if content["kind"] in ("bin", "prop", "rate"):
            yield Case(file, columns(content["data"]), content["escalc"], content["meta"])
    for name, block in load("edge-binary")["cases"].items():
        yield Case(f"edge-binary {name}", columns(block["data"]), block["escalc"], block["meta"])
    for kind in ("prop", "rate"):
        for name, block in load("edge-single")[kind].items():
            yield Case(f"edge-single {name}", columns(block["data"]), block["escalc"], {})


def with_counts() -> list[Case]:
    return [case for case in cases() if "ai" in case.table]


def empty_groups(table: dict) -> np.ndarray:
    """Tell which 2x2 tables have a row without people; these are refused."""
    if "ai" not in table:
        return np.zeros(len(next(iter(table.values()))), dtype=bool)
    return (table["ai"] + table["bi"] == 0) | (table["ci"] + table["di"] == 0)


def ours(table: dict, measure: str, **options) -> tuple[np.ndarray, np.ndarray]:
    empty = empty_groups(table)
    blanked = {role: np.where(empty, math.nan, column) for role, column in table.items()}
    options = {name: value for name, value in options.items() if name in recipes()[measure].options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        frame = effect_sizes(blanked, measure, **options)
    return frame["yi"].to_numpy(), frame["vi"].to_numpy()


def variant(key: str) -> tuple[str, dict]:
    measure, _, option = key.rstrip("]").partition("[")
    name, _, value = option.partition("=")
    options = {"drop00": False}
    if name:
        options[name] = True if value == "TRUE" else float(value) if name == "add" else value
    return measure, options


def pairs(case: Case, wanted: tuple[str, ...]):
    for key, block in case.blocks.items():
        measure, options = variant(key)
        if measure not in wanted:
            continue
        y, v = ours(case.table, measure, **options)
        theirs = {"yi": numbers(block["yi"]), "vi": numbers(block["vi"])}
        known = np.isfinite(theirs["yi"]) & np.isfinite(theirs["vi"])
        made_up = empty_groups(case.table) & known
        scale = np.sqrt(np.where(known & (v > 0), v, 0.0))
        for column, found in (("yi", y), ("vi", v)):
            expected = np.where(known, theirs[column], math.nan)
            yield (
                f"{key} {column}",
                found[~made_up],
                expected[~made_up],
                scale[~made_up] if column == "yi" else 0.0,
            )
            if made_up.any():
                yield Differs(f"{key} {column}", found[made_up], expected[made_up], EMPTY)


@comparison("Effects from 2x2 tables, all zero-cell rules", source=METAFOR, rel=CLOSED, cases=with_counts)
def counts(case):
    yield from pairs(case, COUNTS)


@comparison("Effects from events and person-time", source=METAFOR, rel=CLOSED, cases=cases)
def rate_effects(case):
    yield from pairs(case, RATES)


@comparison("Proportions of single groups", source=METAFOR, rel=CLOSED, cases=cases)
def proportions(case):
    yield from pairs(case, GROUPS)


@comparison(
    "Rates, means and matched pairs of constructed numbers", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"]
)
def constructed(case):
    for block in ("matched_2x2", "single_rate", "single_mean"):
        content = load(case)[block]
        for measure, figures in content["escalc"].items():
            frame = effect_sizes(content["data"], measure)
            yield f"{measure} yi", frame["yi"].to_numpy(), figures["yi"], np.sqrt(frame["vi"].to_numpy())
            yield f"{measure} vi", frame["vi"].to_numpy(), figures["vi"]


@comparison("2x2 tables rebuilt from margins", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def rebuilt(case):
    block = load(case)["conv.2x2"]
    given, phi = block["from_or"], block["from_phi"]
    margins = given["ni"], given["n1i"], given["n2i"]
    for found, expected in (
        (reconstruct.table_from_odds_ratio(given["ori"], *margins), given),
        (reconstruct.table_from_phi(phi["ri"], *margins), phi),
    ):
        for role, cell in zip(("ai", "bi", "ci", "di"), found, strict=True):
            yield role, cell, expected[role]


@comparison("Back-transformations of proportions", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def transformations(case):
    block = load(case)["transforms"]
    yield "logit", [MEASURES["PLO"].printed(x) for x in block["x"]], block["ilogit"]
    yield "arcsine", [MEASURES["PAS"].printed(x) for x in (0.3, 0.9)], block["iarcsin"]
    yield "double arcsine", [MEASURES["PFT"].printed(x, 20) for x in (0.3, 0.9)], block["ipft_n20"]
    yield "Fisher z", [MEASURES["ZCOR"].printed(x) for x in block["x"]], block["ztor"]
    yield "alpha", [MEASURES["ABT"].printed(x) for x in (0.2, 1.7)], block["iabt"]
    averaged = [mean_printed("PLO", x, 0.5) for x in block["x"]]
    yield "logit, mean over studies", averaged, block["ilogit.int_tau2_0.5"]
    averaged = [mean_printed("ZCOR", x, 0.1) for x in (-0.3, 0.0, 0.4)]
    yield "Fisher z, mean over studies", averaged, block["ztor.int_tau2_0.1"], 1.0


@comparison(
    "Pooled double arcsines, printed", source=METAFOR, rel=CLOSED, cases=lambda: list(load("edge-single")["prop"])
)
def pooled_double_arcsines(case):
    block = load("edge-single")["prop"][case]
    n = numbers(block["data"]["ni"])
    y, v = (numbers(block["escalc"]["PFT"][column]) for column in ("yi", "vi"))
    mean, half = np.sum(y / v) / np.sum(1 / v), 1.959963984540054 / np.sqrt(np.sum(1 / v))
    for key, value in (("pred", mean), ("ci.lb", mean - half), ("ci.ub", mean + half)):
        yield key, MEASURES["PFT"].printed(value, len(n) / np.sum(1 / n)), block["PFT_backtransf"][key]


def single_groups() -> list[Case]:
    return [case for case in cases() if "xi" in case.table and case.meta]


def meta_measure(key: str) -> str:
    return {"PLOGIT": "PLO", "PRAW": "PR"}.get(name := key.removeprefix("prop."), name)


@comparison("Proportions and their exact intervals", source=META, rel=CLOSED, cases=single_groups)
def proportions_of_meta(case):
    x, n = case.table["xi"], case.table["ni"]
    low, high = single.exact_interval(x, n)
    harmonic = len(n) / np.sum(1 / n)
    for key, block in case.meta.items():
        if key.startswith("prop.") and "TE" in block:
            measure = meta_measure(key)
            y, v = ours(case.table, measure, total_adds="once")
            if measure == "PR":  # as with risk differences, meta corrects the variance only
                extreme = (x == 0) | (x == n)
                yield f"{key} yi", np.where(extreme, x / n, y), block["TE"]
            else:
                yield f"{key} yi", y, block["TE"], np.sqrt(v)
            yield f"{key} se", np.sqrt(v), block["seTE"]
            for side, limits in (("lower", low), ("upper", high)):
                yield f"{key} {side}", [_working(measure, p, m) for p, m in zip(limits, n, strict=True)], block[side]
            for model in ("TE.random", "TE.common"):
                back = MEASURES[measure].printed(block[model], harmonic)
                yield f"{key} {model}, printed", back, block["backtransf"][model]


def _working(measure: str, p: float, n: float) -> float:
    if p in (0.0, 1.0) and measure in ("PLO", "PLN"):
        return {("PLO", 0.0): -math.inf, ("PLO", 1.0): math.inf, ("PLN", 0.0): -math.inf}.get((measure, p), 0.0)
    return MEASURES[measure].working(p, n)


INCREMENTS = {"only0": {"to": "only0"}, "if0all": {"to": "if0all"}, "all": {"to": "all"}}


def of_meta(key: str, primary: str) -> tuple[str, dict] | None:
    """Return the measure and our options for one analysis of meta."""
    if key in ("default", "Peto", "allstudies.OR"):
        measure, options = {"default": (primary, {}), "Peto": ("PETO", {"to": "none"})}.get(
            key, ("OR", {"drop00": False})
        )
    else:
        method, measure, *rest = key.split(".", 2)
        if method not in ("Inverse", "MH") or measure not in ("OR", "RR", "RD"):
            return None
        name = ".".join(rest)
        options = {"add": "TACC"} if name == "TACC" else INCREMENTS.get(name.removeprefix("incr="), {})
    return measure, options | {"total_adds": "once", "correct_estimate": False}


@comparison("Effects from 2x2 tables, meta's conventions", source=META, rel=CLOSED, cases=with_counts)
def counts_of_meta(case):
    primary = load(case.name)["primary"] if case.name.startswith("dat.") else ""
    for key, block in case.meta.items():
        asked = of_meta(key, primary) if "TE" in block else None
        if asked is None:
            continue
        y, v = ours(case.table, asked[0], **asked[1])
        theirs, se = numbers(block["TE"]), numbers(block["seTE"])
        yield f"{key} TE", y, theirs, np.sqrt(np.where(v > 0, v, 0.0))
        yield f"{key} seTE", np.sqrt(v), np.where(np.isfinite(theirs) & np.isfinite(se), se, math.nan)


def with_rates() -> list[Case]:
    return [case for case in cases() if "x1i" in case.table and case.meta]


@comparison("Effects from events and person-time", source=META, rel=CLOSED, cases=with_rates)
def rates_of_meta(case):
    y, v = ours(case.table, load(case.name)["primary"])
    yield "TE", y, case.meta["default"]["TE"], np.sqrt(v)
    yield "seTE", np.sqrt(v), case.meta["default"]["seTE"]


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
