"""Where, when and how often the factor was measured: three reasons why results may differ, counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from metaan.report.comparisons import named
from metaan.report.content import Run, Text
from metaan.report.material import Material
from metaan.terms import wording
from metaan.workbook.read import Row

STRATA_OF_LEVELS = ("prospective", "case_control", "cross_sectional")  #: in which a factor is measured, not given
IN_TIME = ("within_day", "diurnal", "between_days", "within_cycle", "between_cycles", "between_months")
NOT_THE_NEXT = "one measurement need not stand for the next"
NOT_ANOTHER = "what is found in one need not hold in another"


def where_and_when(m: Material, by_stratum: Mapping[str, list[Row]]) -> Iterable[Text]:
    """Yield, for each stratum whose comparisons measured in several places or states, how many did so where."""
    for stratum in STRATA_OF_LEVELS:
        rows = by_stratum.get(stratum, [])
        parts = [("where", _spread(_places(m, rows))), ("when", _spread(_phases(m, rows)))]
        told = [f"{name}: {part}" for name, part in parts if part]
        if told:
            lead = f"What the {len(rows)} {named(stratum, len(rows))} measured"
            yield (Run(text=lead, kind="strong"), Run(text=f", {'; '.join(told)} – {NOT_ANOTHER}."))


def _places(m: Material, rows: Sequence[Row]) -> Counter[str]:
    """Return in how many comparisons each place was sampled; one comparison may count in several."""
    wanted = {row["design_id"] for row in rows}
    found = {
        (m.effects[effect_id]["design_id"], m.word(m.effects[effect_id], "compartment"))
        for effect_id in m.uses
        if effect_id in m.effects and m.effects[effect_id].answer("compartment")
    }
    return Counter(place for design_id, place in sorted(found) if design_id in wanted)


def _phases(m: Material, rows: Sequence[Row]) -> Counter[str]:
    return Counter(m.word(row, "phase") for row in rows if row.answer("phase"))


def _spread(counted: Counter[str]) -> str:
    """Return "blood in 30, womb lining in 12"; empty where all measured in one."""
    return ", ".join(f"{name} in {n}" for name, n in counted.most_common()) if len(counted) > 1 else ""


def repeated(m: Material) -> Iterable[Text]:
    """Yield how many studies measured the same people again at another time, where any did."""
    rows = [row for row in m.extraction.sheet("Reliability") if row["source_of_variation"] in IN_TIME]
    studies = {row["study_id"] for row in rows}
    if not studies:
        return
    kinds = Counter(
        m.label("variation", kind)
        for _, kind in sorted({(row["study_id"], row["source_of_variation"]) for row in rows})
    )
    lead = wording.count(len(studies), "study", "studies")
    listed = ", ".join(f"{kind} in {n}" for kind, n in kinds.most_common())
    said = f" measured the same {m.people} again ({listed}) – {NOT_THE_NEXT}."
    yield (Run(text=lead, kind="strong"), Run(text=said))
