"""Settings of the methods between designs that no result could come of, and that a schema cannot name."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from metaan.terms.believed import BOUNDED_BY
from metaan.terms.finding import Finding
from metaan.terms.measures import MEASURES
from metaan.workbook.settings import fault

_COUNTS = {1: "one risk ratio", 2: "two risk ratios", 4: "four risk ratios"}


def between_faults(data: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Yield settings of `between_designs` that lead nowhere, of the review and of each analysis.

    Parameters
    ----------
    data : mapping
        A protocol that fits its schema.
    path : str
        Its file, as it is named in findings.
    """
    review = data.get("between_designs", {})
    measures = {
        item["id"]: {stratum.get("measure") or item.get("measure", "") for stratum in item["strata"]}
        for item in data["analyses"]
    }
    everywhere = {measure for found in measures.values() for measure in found}
    yield from _settings(review, "between_designs", everywhere, path)
    for item in data["analyses"]:
        place = f"analyses > {item['id']} > between_designs"
        yield from _settings(item.get("between_designs", {}), place, measures[item["id"]], path)


def _settings(settings: Mapping[str, Any], place: str, measures: set[str], path: str) -> Iterator[Finding]:
    yield from _bounds(settings.get("confounding", {}), f"{place} > confounding > bounds", path)
    yield from _ranges(settings.get("misclassified", {}), f"{place} > misclassified", path)
    for method, key in (("information", "effect"), ("meaningful", "beyond")):
        given = settings.get(method, {}).get(key)
        if given is not None:
            yield from _effect(float(given), f"{place} > {method} > {key}", measures, path, null=method == "meaningful")
    for method, key in (("ladder", "expected"), ("bias", "published")):
        for entry in settings.get(method, {}).get(key, ()):
            if not entry["low"] <= entry["ratio"] <= entry["high"]:
                found = f"{entry['ratio']} ({entry['low']} to {entry['high']})"
                told = "a ratio that lies between its limits"
                yield fault(path, f"{place} > {method} > {key}", found, told, "compare it with its source")


def _bounds(settings: Mapping[str, Any], place: str, path: str) -> Iterator[Finding]:
    kinds = [entry["kind"] for entry in settings.get("bounds", ())]
    for kind in dict.fromkeys(kinds):
        if kinds.count(kind) > 1:
            yield fault(path, place, f"{kind} twice", "one entry a kind", "put its risk ratios into one entry")
    for entry in settings.get("bounds", ()):
        wanted = BOUNDED_BY[entry["kind"]]
        if len(entry["factor"]) not in wanted:
            expected = f"{' or '.join(_COUNTS[n] for n in wanted)} for {entry['kind']}"
            found = f"factor with {len(entry['factor'])}"
            yield fault(path, place, found, expected, "write them as a list, such as [1.5, 2]")


def _ranges(settings: Mapping[str, Any], place: str, path: str) -> Iterator[Finding]:
    if not settings:
        return
    for name in ("sensitivity", "specificity"):
        low, high = settings[name]
        if not 0 < low <= high <= 1:
            to_fix = "write shares, the lowest first: [0.8, 0.95]"
            yield fault(path, f"{place} > {name}", f"{low} to {high}", "two shares above 0, up to 1, rising", to_fix)
            return
    lowest = settings["sensitivity"][0] + settings["specificity"][0]
    if lowest <= 1:
        expected = "lowest values that add up to more than 1: below that a class says nothing"
        yield fault(path, place, f"lowest values that add up to {lowest:g}", expected, "raise the lowest values")


def _effect(value: float, place: str, measures: set[str], path: str, *, null: bool) -> Iterator[Finding]:
    """Yield an effect that is impossible on every measure it is used for, or no effect where one is to be found."""
    known = [MEASURES[name] for name in measures if name in MEASURES]
    if not math.isfinite(value) or (known and not any(_possible(value, m.scale == "log", null) for m in known)):
        ratio = any(measure.scale == "log" for measure in known)
        expected = "a ratio above 0" if ratio else "a number"
        expected += "" if null else f" other than {1 if ratio else 0}"
        yield fault(path, place, f"{value:g}", f"{expected}, on the printed scale", "correct it")


def _possible(value: float, ratio: bool, null: bool) -> bool:
    return (not ratio or value > 0) and (null or value != (1.0 if ratio else 0.0))
