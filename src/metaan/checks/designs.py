"""Facts of a study, a design and a comparison against each other (S05, S09, S16, B01 of a design)."""

from collections.abc import Iterator

from metaan.checks.printed import CONFIRM, Printed
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import ratio as ratio_text

#: forms whose numbers may come from a model that reckons with clusters or pairs
_OF_A_MODEL = ("ratio", "difference", "t_stat")
_POOLED = ("two_by_two", "events_totals", "means", "medians", *_OF_A_MODEL)
_CORRECTED_BY = {
    "cluster": (("cluster_icc", "cluster_size"), "people were assigned in groups"),
    "several_per_person": (("cluster_icc", "cluster_size"), "one person gave several results"),
    "crossover": (("paired_r",), "each person had both"),
}


def check_dependence(cells: Printed) -> Iterator[Finding]:
    """Yield results that are not one a person, each on its own, without what corrects for it (S05)."""
    if cells["clustering"] not in _CORRECTED_BY or cells["form"] not in _POOLED:
        return
    needed, why = _CORRECTED_BY[cells["clustering"]]
    missing = [name for name in needed if not cells.has(name)]
    if not missing:
        return
    may_be_corrected = cells["form"] in _OF_A_MODEL or cells["priority"] == "secondary"
    example = ""
    if cells.has("cluster_size"):
        size = cells["cluster_size"]
        effects = " and ".join(f"{ratio_text(1.0 + (size - 1.0) * icc)} at {icc:g}" for icc in (0.02, 0.05))
        example = f" With groups of {size:g} variances grow by 1 + (size - 1) × ICC: {effects}."
    yield cells.finding(
        "S05",
        missing[0],
        f"{cells.text(missing[0]) or 'a blank cell'}, though {why} (column clustering)",
        f"{' and '.join(needed)}, without which the row counts more than it knows",
        "type it from the paper or from a like study and say so in derivation_note, or set priority to secondary."
        + example
        + (f" If the estimate comes from a model that reckons with it: {CONFIRM}" if may_be_corrected else ""),
        Level.WARNING if may_be_corrected else Level.ERROR,
    )


def check_years(cells: Printed) -> Iterator[Finding]:
    """Yield years of a study that are out of order (S09)."""
    start, end = cells["recruit_start"], cells["recruit_end"]
    if start and end:
        shared = min(len(start), len(end))
        if start[:shared] > end[:shared]:
            yield cells.finding(
                "S09",
                "recruit_end",
                f"{end}, before the first recruitment {start} (in {cells.cell('recruit_start')})",
                "an end that is not before the start",
                f"perhaps the two cells were swapped; {CONFIRM}",
            )
            return
    year = cells["year"]
    for name, word in (("recruit_end", "ended"), ("recruit_start", "began")):
        date = cells[name]
        if year and date and date[:4].isdecimal() and int(date[:4]) > year:
            yield cells.finding(
                "S09",
                "year",
                f"{year}, but recruitment {word} in {date} ({cells.cell(name)})",
                "a year of publication that is not before recruitment",
                f"a slip in one of them, or a report of another study; {CONFIRM}",
            )
            return


def check_people_at_risk(cells: Printed) -> Iterator[Finding]:
    """Yield more known outcomes than people at risk (B01)."""
    if cells.has("n_at_risk", "n_outcome_known") and cells["n_outcome_known"] > cells["n_at_risk"]:
        yield cells.finding(
            "B01",
            "n_outcome_known",
            f"{cells['n_outcome_known']} outcomes known among {cells['n_at_risk']} people at risk "
            f"(in {cells.cell('n_at_risk')})",
            f"a whole number from 0 to {cells['n_at_risk']}",
            "compare with the paper",
        )


def check_placed(cells: Printed) -> Iterator[Finding]:
    """Yield the first fact without which a comparison cannot be placed by design (S16)."""
    questions = (
        ("randomised", ("yes",), "whether the factor was assigned at random"),
        ("sampled_before_outcome", ("yes",), "whether the factor was recorded before the outcome"),
        ("selected_on_outcome", (), "whether people were chosen by their outcome"),
    )
    for name, settles, question in questions:
        answer = cells[name]
        if answer is None or answer == "mixed":
            known = "is not the same in all" if answer == "mixed" else "is not known"
            yield cells.finding(
                "S16",
                name,
                f"{cells.text(name) or 'a blank cell'}: {question} {known}",
                "the facts that decide the stratum",
                "look in the methods, or ask the authors; until then it counts as the weaker design",
            )
            return
        if answer in settles:
            return
