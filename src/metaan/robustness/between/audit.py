"""The sheet Bias, and the names in the settings that question weaker designs, against protocol and workbook."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from metaan.design.grade import grade_all
from metaan.pooling.select import candidates, select
from metaan.robustness.repeats import CORRELATIONS, KAPPAS
from metaan.terms import wording
from metaan.terms.checks import CHECKS
from metaan.terms.finding import Finding, Level, did_you_mean
from metaan.terms.measures import MEASURES
from metaan.terms.records import Grade
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.settings import fault
from metaan.workbook.typed import typed

#: an additive bias that more than doubles a ratio, or moves a standardised difference as far, is asked about
LARGE = math.log(2.0)


def audit_between(
    extraction: Extraction, protocol: Protocol, graded: Iterable[Grade] | None = None
) -> tuple[Finding, ...]:
    """Return what makes a bias count for nothing, twice, or for what it must not, and settings that lead nowhere.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        A review in whatever state it is.
    graded : iterable of Grade, optional
        Grades of its comparisons, where they are known.
    """
    return (*_biases(extraction, protocol, graded), *_settings(extraction, protocol))


def _biases(extraction: Extraction, protocol: Protocol, graded: Iterable[Grade] | None) -> Iterator[Finding]:
    rows = extraction.sheet("Bias")
    if not rows:
        return
    known = [plan.id for plan in protocol.analyses]
    studies = _studies(extraction, protocol, graded)
    first: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        analysis = row["analysis"]
        if analysis and analysis not in known:
            yield _no_analysis(row, known)
            continue
        if studies is not None:
            yield from _no_study(row, extraction, studies)
        yield from _size(row, extraction, protocol)
        name = tuple(row[column].strip().casefold() for column in ("study_id", "kind", "bias", "who"))
        if not all(name):
            continue  # a blank that other checks name
        same = first.setdefault(name, [])
        earlier = next((each for each in same if _overlap(each["analysis"], analysis)), None)
        if earlier is not None:
            yield _twice(row, earlier)
        same.append(row)


def _finding(check: str, level: int, row: Row, column: str, found: str, expected: str, to_fix: str) -> Finding:
    return Finding(
        id=check,
        level=CHECKS[check].levels[level],
        origin=row.origin(column),
        subject=f"{row['bias'] or 'bias'}; study {row['study_id']}, by {row['who']}",
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _no_analysis(row: Row, known: Sequence[str]) -> Finding:
    return _finding(
        "D01",
        0,
        row,
        "analysis",
        f'"{row["analysis"]}", which is no analysis of this review',
        f"one of {', '.join(known)}; blank: all of them",
        did_you_mean(row["analysis"], known, "correct it, or delete the row"),
    )


def _no_study(row: Row, extraction: Extraction, studies: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    """Yield a study that no analysis, or not the one named, has a comparison of."""
    study, analysis = row["study_id"], row["analysis"]
    if study not in extraction.by_key("Studies", "study_id"):
        return  # another check names it
    wanted = [analysis] if analysis else list(studies)
    if not any(study in studies[name] for name in wanted):
        where = f"the analysis {analysis}" if analysis else "any analysis"
        yield _finding(
            "D01",
            1,
            row,
            "study_id",
            f"{study}, of which no row of Effects is in {where}",
            "a study that is pooled there",
            "correct the study or the analysis, or delete the row: it changes nothing",
        )


def _size(row: Row, extraction: Extraction, protocol: Protocol) -> Iterator[Finding]:
    """Yield a bias that cannot be, or is hardly meant so."""
    values = typed(row, protocol.layout.sheet("Bias"), extraction.decimal_mark)
    mean, sd = values["mean"], values["sd"]
    if mean is None:
        return  # a blank or no number, which other checks name
    if values["kind"] == "proportional" and mean <= 0:
        yield _finding(
            "D03",
            0,
            row,
            "mean",
            f"a factor of {wording.number(mean)}",
            "a factor above 0: 1 leaves the effect as it is, 1.2 stands for an effect that is 20 % too large",
            "correct it; for a bias that is added, the kind is additive",
        )
    elif values["kind"] == "proportional" and sd is not None and 2 * sd >= mean:
        yield _finding(
            "D03",
            1,
            row,
            "sd",
            f"{wording.number(sd)} around a factor of {wording.number(mean)}: two of them reach 0",
            "less than half the factor: no bias makes nothing of an effect, or turns it round",
            "correct it, or type the bias as additive",
        )
    elif values["kind"] == "additive" and _on_log_or_sd(row, protocol):
        for column, value in (("mean", mean), ("sd", sd)):
            if value is not None and abs(value) > LARGE:
                times = wording.ratio(math.exp(abs(value)))
                yield _finding(
                    "D03",
                    1,
                    row,
                    column,
                    f"{wording.number(value)} on the working scale: of a ratio, {times} times",
                    f"a bias within ±{wording.ratio(LARGE)}, the logarithm of 2",
                    "if a ratio was typed, type its natural logarithm",
                )
                return


def _on_log_or_sd(row: Row, protocol: Protocol) -> bool:
    """Tell whether every effect a bias is about is a ratio or a standardised difference."""
    plans = [plan for plan in protocol.analyses if row["analysis"] in ("", plan.id)]
    measures = {stratum.measure for plan in plans for stratum in plan.strata}
    return all(measure == "SMD" or MEASURES[measure].scale == "log" for measure in measures)


def _twice(row: Row, earlier: Row) -> Finding:
    return _finding(
        "D02",
        0,
        row,
        "bias",
        f"a second row on the same bias by the same person (the first is row {earlier.number})",
        "one row a bias: both would be taken out of the effect",
        "delete one of the two, or name the biases apart",
    )


def _overlap(one: str, other: str) -> bool:
    """Tell whether two rows meet in an analysis; blank is all of them."""
    return one == other or not one or not other


def _studies(
    extraction: Extraction, protocol: Protocol, graded: Iterable[Grade] | None
) -> dict[str, frozenset[str]] | None:
    """Return studies with a row in each analysis; None where names lead nowhere, which other checks say."""
    designs, studies = extraction.by_key("Design", "design_id"), extraction.by_key("Studies", "study_id")
    for row in extraction.sheet("Effects"):
        design = designs.get(row["design_id"])
        if design is None or design["study_id"] not in studies:
            return None
    grades = {grade.design_id: grade for grade in (grade_all(extraction, protocol) if graded is None else graded)}
    rows = candidates(extraction, protocol.layout, grades)
    found = {}
    for plan in protocol.analyses:
        inside = select(rows, plan).inside.values()
        found[plan.id] = frozenset(row.study["study_id"] for each in inside for row in each)
    return found


def _settings(extraction: Extraction, protocol: Protocol) -> Iterator[Finding]:
    """Yield names in `between_designs` that lead to no row, or to one that cannot serve."""
    places = [("between_designs", protocol.between)]
    places += [(f"analyses > {plan.id} > between_designs", plan.between) for plan in protocol.analyses]
    for place, settings in places:
        rel_id = settings.get("dilution", {}).get("rel_id")
        if rel_id is not None:
            yield from _reliability(rel_id, f"{place} > dilution > rel_id", extraction, protocol)
        for shift in settings.get("shifts", {}).get("of", ()):
            yield from _shift(shift, f"{place} > shifts > {shift['label']}", extraction, protocol)


def _reliability(rel_id: str, place: str, extraction: Extraction, protocol: Protocol) -> Iterator[Finding]:
    rows = extraction.by_key("Reliability", "rel_id")
    row = rows.get(rel_id)
    if row is None:
        yield _nowhere(protocol, place, rel_id, "a rel_id of the sheet Reliability", rows)
        return
    named = protocol.layout.label("reliability_statistic", row["statistic"])
    value = typed(row, protocol.layout.sheet("Reliability"), extraction.decimal_mark)["value"]
    if row["statistic"] in KAPPAS:
        found = f'"{rel_id}", a {named}, which is no correlation'
    elif row["statistic"] not in CORRELATIONS:
        found = f'"{rel_id}", which gives no correlation but this: {named}'
    elif value is None or not 0 < value < 1:
        found = f'"{rel_id}", which gives no correlation between 0 and 1'
    else:
        return
    yield fault(
        protocol.path,
        place,
        found,
        "a row with a correlation of two measurements, between 0 and 1",
        "name another row; without one, values for illustration are shown",
        Level.WARNING,
    )


def _shift(shift: Mapping[str, Any], place: str, extraction: Extraction, protocol: Protocol) -> Iterator[Finding]:
    rows = extraction.by_key("Effects", "effect_id")
    row = rows.get(shift["effect"])
    if row is None:
        yield _nowhere(protocol, f"{place} > effect", shift["effect"], "an effect_id of the sheet Effects", rows)
    elif (form := FORMS.get(row["form"])) is not None and not form.computable:
        yield fault(
            protocol.path,
            f"{place} > effect",
            f'"{shift["effect"]}", whose form {row["form"]} gives no effect',
            "a row with counts, means or a ratio",
            "name another row, or delete the entry",
            Level.WARNING,
        )
    explanations = [item.id for item in protocol.explanations]
    if (name := shift.get("explanation")) is not None and name not in explanations:
        yield _nowhere(protocol, f"{place} > explanation", name, "an id under explanations", explanations)


def _nowhere(protocol: Protocol, place: str, name: str, expected: str, known: Collection[str]) -> Finding:
    to_fix = did_you_mean(name, known, "correct the name, or delete the entry")
    return fault(protocol.path, place, f'"{name}"', expected, to_fix)
