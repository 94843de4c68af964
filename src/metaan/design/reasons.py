"""Why a comparison has its grade, in a sentence; and what stands beside a grade without ever moving it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metaan.design.conditions import Condition, confounder_states
from metaan.terms import wording
from metaan.workbook.columns import Layout
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row
from metaan.workbook.values import parse_number

_ORDER = {
    "trial": "Treatment was assigned at random",
    "treatment_cohort": "Treated and untreated people were compared without random assignment",
    "prospective": "The factor was recorded before the outcome",
    "case_control": "People were chosen by outcome and the factor recorded after it",
    "cross_sectional": "Factor and outcome were recorded at the same time",
}

#: kinds of sources that a reader must know of
_SEEN = {
    "abstract": "an abstract",
    "review_table": "a table of a review",
    "grant_report": "a grant report",
    "second_hand": "a second-hand page",
}


#: what differs where one measurement is taken to stand for a person
_OCCASIONS = ("between_cycles", "between_days", "between_months")
_AGREEMENT = ("kappa", "weighted_kappa", "ICC", "pearson_r", "spearman_r")


def order(stratum: str, facts: Mapping[str, Any]) -> str:
    """Return the order of events in words, or that it is not reported."""
    if stratum == "treatment_cohort":
        if facts.get("randomised") == "quasi":
            return "Treatment was assigned by a rule that can be foreseen, which is not random assignment"
        if facts.get("randomised") is None:
            return (
                "Treated and untreated people were compared; whether treatment was assigned at random is not reported"
            )
    if stratum == "case_control":
        before = facts.get("sampled_before_outcome")
        if before is None:
            return "Whether the factor was recorded before the outcome is not reported"
        if before == "mixed":
            return (
                "The factor was recorded before the outcome in some and after it in others, and they are not told apart"
            )
        if facts.get("selected_on_outcome") is None:
            return "The factor was recorded after the outcome; whether people were chosen by outcome is not reported"
    if stratum == "prospective" and facts.get("cohort_assembly") == "nested_cc":
        return "Samples were stored before the outcome and measured in cases and controls of one cohort"
    return _ORDER[stratum]


def reason(
    stratum: str,
    conditions: Sequence[Condition],
    states: Mapping[str, str],
    remark: str,
    protocol: Protocol,
    facts: Mapping[str, Any],
) -> str:
    """Return order of events, what is not met, what is partly met, what is not reported.

    Parameters
    ----------
    stratum : str
        Design of the comparison.
    conditions : sequence of Condition
        Those of the stratum.
    states : mapping
        Condition -> yes, partly, no, NR.
    remark : str
        How the grade was reached where no condition gives it.
    protocol : Protocol
        Names the confounders.
    facts : mapping
        Typed row of the Design sheet.
    """
    parts = [wording.sentence(order(stratum, facts))]
    if remark:
        parts.append(wording.sentence(remark))
    for head, wanted in (("Not met", "no"), ("Partly met", "partly"), ("Not reported", "NR")):
        labels = [_named(c, facts, protocol) for c in conditions if states[c.key] == wanted]
        if labels:
            parts.append(f"{head}: {'; '.join(labels)}.")
    return " ".join(parts)


def _named(condition: Condition, facts: Mapping[str, Any], protocol: Protocol) -> str:
    """Return the label of a condition; that on confounders names each, and how it stands where they differ."""
    if condition.key != "confounders":
        return condition.label
    states = confounder_states(facts, protocol.required_confounders)
    if not states:
        return f"{condition.label} (the protocol names none)"
    by_state: dict[str, list[str]] = {}
    for name, found in states.items():
        by_state.setdefault(found, []).append(protocol.confounders.get(name, name))
    if len(by_state) == 1:
        return f"{condition.label} ({wording.listed(next(iter(by_state.values())))})"
    said = {"yes": "handled", "no": "not handled", "NR": "not reported"}
    parts = [f"{wording.listed(by_state[key])} {words}" for key, words in said.items() if key in by_state]
    return f"{condition.label} ({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known of a comparison besides its Design row."""

    study: Row | None
    sources: frozenset[str]  #: kinds of sources its rows were read from
    repeats: tuple[str, ...]  #: how well its measurement repeats, in words
    people: int | None


def flags(row: Row, facts: Mapping[str, Any], layout: Layout, protocol: Protocol, beside: Beside) -> Iterable[str]:
    """Yield what is printed beside a grade and never moves it."""
    if facts.get("cutoff_source") == "roc_same_data":
        yield "cut-off taken from the same data"
    if facts.get("treated_between") == "by_test_result":
        yield "treatment was given because of the measurement"
    yield from _karyotype(row, facts)
    yield from beside.repeats
    if beside.people is not None:
        one, many = protocol.people["one"], protocol.people["many"]
        yield f"{wording.whole(beside.people)} {one if beside.people == 1 else many}"
    seller = beside.study.answer("test_seller") if beside.study is not None else ""
    if seller in ("yes", "partly"):
        yield f"test or treatment {'partly ' if seller == 'partly' else ''}sold by the authors' centre"
    for kind, said in _SEEN.items():
        if kind in beside.sources:
            yield f"only {said} was seen" if len(beside.sources) == 1 else f"read in part from {said}"
    label = row.answer("author_label")
    if label:
        yield from _mismatch(label, facts, layout)


def _karyotype(row: Row, facts: Mapping[str, Any]) -> Iterable[str]:
    """Yield what is known of the chromosomes of losses: an abnormal embryo is lost whatever else was measured."""
    if facts.get("karyotype_used") == "excluded_abnormal":
        yield "outcome-dependent exclusion: losses of abnormal karyotype were left out"
    known = facts.get("karyotype_known_pct")
    if known is not None and known < 100:
        yield f"karyotype known for {wording.number(known)} % of the losses: some of the others may be chromosomal"
    elif "karyotype_known_pct" in row.letters and row["karyotype_known_pct"] == "NR":
        yield "karyotypes not reported: some losses may be chromosomal"


def _mismatch(label: str, facts: Mapping[str, Any], layout: Layout) -> Iterable[str]:
    """Yield a note where a paper's own word for its design says more than its facts."""
    shown = layout.label("author_label", label)
    follows_up = label in ("cohort", "prospective", "retrospective")
    if follows_up and facts.get("sampled_before_outcome") == "no" and facts.get("selected_on_outcome") == "yes":
        yield f'calls itself "{shown}"; by its facts people were chosen by outcome'
    if label == "case_control" and facts.get("sampled_before_outcome") == "yes":
        yield f'calls itself "{shown}"; by its facts this comparison was recorded before the outcome'
    if label == "RCT" and facts.get("randomised") in ("no", "quasi"):
        yield f'calls itself "{shown}"; by its facts treatment was not assigned at random'


def repeats(extraction: Extraction, layout: Layout) -> dict[str, tuple[str, ...]]:
    """Return design -> how well what it measured repeats between occasions, from the Reliability sheet.

    A result counts for a comparison that measured in the same place, and the same marker and by the same assay where
    both name one.
    """
    rows = [
        row
        for row in extraction.sheet("Reliability")
        if row["source_of_variation"] in _OCCASIONS and row["statistic"] in _AGREEMENT and row.answer("value")
    ]
    if not rows:
        return {}
    labels = {row["study_id"]: row["label"] for row in extraction.sheet("Studies")}
    found: dict[str, list[str]] = {}
    for effect in extraction.sheet("Effects"):
        if effect["factor_kind"] != "marker":
            continue
        for row in rows:
            if all(_alike(effect, row, column) for column in ("compartment", "marker", "assay")):
                said = _repeat(row, layout, extraction.decimal_mark, labels)
                known = found.setdefault(effect["design_id"], [])
                if said not in known:
                    known.append(said)
    return {design: tuple(said) for design, said in found.items()}


def _alike(effect: Row, row: Row, column: str) -> bool:
    if column not in effect.letters or column not in row.letters:
        return True
    one, other = effect.answer(column), row.answer(column)
    return one == other or (column != "compartment" and not (one and other))


def _repeat(row: Row, layout: Layout, decimal_mark: str, labels: Mapping[str, str]) -> str:
    value = parse_number(row["value"], decimal_mark)
    figure = wording.fixed(value.value, 2) if value is not None else row["value"]
    statistic = layout.label("reliability_statistic", row["statistic"])
    when = layout.label("variation", row["source_of_variation"])
    return f"one measurement may not stand for a person: {statistic} {when} {figure} ({labels.get(row['study_id'])})"
