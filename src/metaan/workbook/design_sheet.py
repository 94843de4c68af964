"""The Design sheet: the facts that give stratum and grade, each with where it stands in the paper."""

from collections.abc import Mapping
from dataclasses import replace

from metaan.workbook.columns import (
    NOT_APPLICABLE,
    NOT_REPORTED,
    Column,
    Sheet,
    When,
    identity,
    reference,
    text,
    word,
)


def _fact(name: str, words: str, meaning: str, required: bool | When = True, **more: object) -> Column:
    return word(name, words, meaning, required=required, na=True, **more)


_SELECTED = When("selected_on_outcome", among=("yes",))
_SAMPLED = When("sampled_before_outcome", among=("yes",))
_NOT_RANDOM = When("randomised", not_among=("yes",))

_DESIGN_FACTS: tuple[Column, ...] = (
    word("author_label", "author_label", "what the paper calls itself", required=True),
    _fact("randomised", "randomised", "factor assigned at random"),
    _fact("sampled_before_outcome", "yes_no_mixed", "factor measured or given before the outcome named here"),
    _fact("assayed_before_outcome", "yes_no", "assay finished before the outcome was known"),
    _fact("index_outcome", "outcome", "outcome this comparison is about"),
    _fact("selected_on_outcome", "yes_no", "people chosen by whether they had the outcome"),
    _fact("cohort_assembly", "assembly", "how people came into the study", _NOT_RANDOM),
    _fact("control_type", "control_type", "who the comparison group is"),
    _fact("control_same_source", "yes_no_partly", "controls come from the population of the cases", _SELECTED),
    _fact(
        "parity_handling", "parity", "parity of cases and controls made comparable", _SELECTED, topic="parity_handling"
    ),
    _fact("state_same", "yes_no_partly", "both groups sampled in the same state (phase, gestation, fasting, ...)"),
    _fact("phase", "phase", "phase or gestation at sampling", topic="phase"),
    _fact(
        "timing_method",
        "timing",
        "how the day of sampling was fixed",
        When("phase", among=("mid_luteal", "late_luteal", "stimulated_cycle", "HRT_cycle")),
        topic="timing",
    ),
    _fact(
        "blinded_assay",
        "yes_no",
        "assay read without knowing the outcome",
        When("assayed_before_outcome", not_among=("yes",)),
    ),
    _fact("cutoff_source", "cutoff_source", "where the cut-off came from"),
    Column(
        name="n_at_risk",
        kind="integer",
        low=0,
        meaning="people at risk of this outcome (those who conceived, for a loss)",
        required=_SAMPLED,
    ),
    Column(name="n_outcome_known", kind="integer", low=0, meaning="people whose outcome is known", required=_SAMPLED),
    _fact("treated_between", "treated_between", "treatment between measuring and outcome", _SAMPLED),
    Column(
        name="karyotype_known_pct",
        kind="number",
        low=0,
        high=100,
        unit="percent",
        meaning="losses with known karyotype",
        topic="karyotype_known_pct",
    ),
    _fact("karyotype_used", "karyotype", "what was done with abnormal karyotypes", False, topic="karyotype_used"),
    _fact("preregistered_analysis", "yes_no", "analysis registered before the data were seen", False),
)


#: first fact of a block -> name of the block
_DESIGN_BLOCKS = {
    "author_label": "order in time",
    "cohort_assembly": "people",
    "state_same": "measurement",
    "n_at_risk": "follow-up",
    "karyotype_known_pct": "analysis",
}


def _in_blocks(facts: tuple[Column, ...]) -> tuple[Column, ...]:
    block, placed = "", []
    for fact in facts:
        block = _DESIGN_BLOCKS.get(fact.name, block)
        placed.append(replace(fact, block=block))
    return tuple(placed)


def design_sheet(confounders: Mapping[str, str]) -> Sheet:
    """Return the Design sheet with one column a confounder."""
    adjustments = tuple(
        _fact(f"adj_{name}", "handled", f"{label}: how it was handled", _NOT_RANDOM, group="adjustment")
        for name, label in confounders.items()
    )
    columns: list[Column] = [
        identity("design_id", "name of the comparison's design", "Tuckerman2007-pr"),
        reference("study_id", "Studies", "study it belongs to"),
        text("contrast", "who is compared with whom", required=True, nr=False, group="identity", width=34),
        word("population", "population", "population of this comparison; blank: that of the study"),
    ]
    for fact in (*_in_blocks(_DESIGN_FACTS), *adjustments):
        columns.append(fact)
        if fact.name != "author_label":
            where = text(f"{fact.name}_where", f"page or table, and the words, for {fact.name}", width=18)
            columns.append(replace(where, group=fact.group, block=fact.block, example="p 3: measured at entry"))
    columns += [
        word("grade_override", "grade", "grade given by the reviewers instead", group="override"),
        text(
            "override_reason",
            "why",
            required=When("grade_override", not_among=(NOT_REPORTED, NOT_APPLICABLE)),
            nr=False,
            group="override",
            width=34,
        ),
        text("notes", "notes", group="override", width=44),
    ]
    return Sheet(
        name="Design",
        meaning="one row a contrast of a study: the facts that give stratum and grade; a study may have several",
        key="design_id",
        columns=tuple(columns),
    )
