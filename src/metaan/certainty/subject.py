"""What an analysis is about: which treatments it asks for, or which measured level."""

from collections.abc import Iterator, Mapping

from metaan.terms.records import Analysis
from metaan.workbook.protocol import AnalysisPlan
from metaan.workbook.read import Row

TEST = "test"  #: in the column intervention: the test itself, given or not given, instead of a treatment


def asked(plan: AnalysisPlan, column: str) -> frozenset[str]:
    """Return the words an analysis asks for in a column, in any of its strata."""
    filters = [plan.include, *(part.include for part in plan.strata)]
    return frozenset(word for found in filters for word in found.get(column, ()))


def is_treatment(analysis: Analysis, plan: AnalysisPlan) -> bool:
    """Whether an analysis asks about a treatment, also where no row answers it."""
    return "treatment" in _kinds(analysis, plan)


def is_marker(analysis: Analysis, plan: AnalysisPlan) -> bool:
    """Whether an analysis asks about a measured level, also where no row answers it."""
    return "marker" in _kinds(analysis, plan)


def _kinds(analysis: Analysis, plan: AnalysisPlan) -> frozenset[str]:
    return frozenset((analysis.factor_kind,)) if analysis.factor_kind else asked(plan, "factor_kind")


def interventions(analysis: Analysis, plan: AnalysisPlan) -> tuple[str, ...]:
    """Return the treatments of an analysis: those it asks for; where it asks for none, those of its rows."""
    named = asked(plan, "intervention") or {values.get("intervention", "") for values in _typed(analysis)}
    return tuple(sorted(named - {"", "NR", "NA"}))


def _typed(analysis: Analysis) -> Iterator[Mapping[str, str]]:
    for synthesis in analysis.strata:
        for estimate in (*synthesis.estimates, *synthesis.others):
            yield estimate.source.values
    for row in analysis.left_out:
        yield row.source.values


def listed_in(text: str) -> frozenset[str]:
    """Return the entries of a cell that lists several with semicolons between, without regard to capitals."""
    return frozenset(part.strip().casefold() for part in text.split(";")) - {"", "nr", "na"}


def speaks_of(row: Row, names: tuple[str, ...]) -> bool:
    """Whether a row of the Context sheet lists one of these treatments."""
    return not listed_in(row["intervention"]).isdisjoint(name.casefold() for name in names)
